use super::*;
use crate::testing::{entitlement, sample, World, SUITE};
use hefu_types::leaf::{FactField, LendingRules};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const CII: &str = "renditions/cii-guangzhou-1017.xml";
const PDF: &str = "invoices/pdf-dongguan-6088.pdf";
const LICENCE: &str = r#"{ "hefu": "licence", "legal_issuer": "11520100MBHEFU0243", "number": "JY1",
    "class": "food-business", "facts": { "holder": "样例食品店", "scope": "热食类食品制售",
    "valid-from": "2026-03-01", "valid-until": "2031-02-28" } }"#;

fn read(name: &str) -> Document {
    match name {
        LICENCE => Document::of(LICENCE.as_bytes(), SUITE),
        name => Document::of(&sample(name), SUITE),
    }
}

fn typed(number: &str, issuer: &str, class: &str) -> Option<Identity> {
    Some(Identity {
        number: number.into(),
        legal_issuer: issuer.into(),
        class: class.into(),
        ..Identity::default()
    })
}

fn plan_of(asked: &Asked<'_>, world: &World, files: &[&str]) -> Result<Planned, Aside> {
    let renditions: Vec<Document> = files.iter().map(|name| read(name)).collect();
    plan(&world.issuer(), asked, &renditions, Blinding([0; 16]))
}

#[track_caller]
fn left_aside(asked: &Asked<'_>, world: &World, files: &[&str], kind: &str, said: &str) {
    let aside = plan_of(asked, world, files).expect_err("it was planned");
    assert_eq!(aside.kind(), kind);
    assert!(aside.said().en.contains(said), "{}", aside.said().en);
}

#[test]
fn an_invoice_is_planned_from_what_it_says() {
    let world = World::new();
    let planned = plan_of(&world.asked("invoice"), &world, &[UBL]).expect("planned");
    let register = &planned.register;
    assert_eq!(register.region, "guangdong");
    assert_eq!(register.identity.number, "26442000000000001017");
    assert_eq!(register.identity.class, "invoice");
    let names: Vec<&str> = planned
        .facts
        .iter()
        .map(|fact| fact.name.as_str())
        .collect();
    assert_eq!(names, INVOICE_FACTS);
    assert_eq!(
        register.fact_root,
        fact::root(SUITE, &fact::all_open(planned.facts.clone()))
    );
    assert!(register
        .total
        .as_ref()
        .is_some_and(|total| total.currency == "CNY"));
    // The buyer that it names, and nobody else, may use it; the same plan gives the same salt.
    assert!(matches!(register.use_right, Some(UseRight::NamedMember(_))));
    assert!(planned.named_member_salt.is_some());
    assert_eq!(
        plan_of(&world.asked("invoice"), &world, &[UBL]),
        Ok(planned)
    );
}

#[test]
fn two_renditions_of_an_invoice_have_one_number_and_one_fact_root() {
    let world = World::new();
    let [ubl, cii] =
        [UBL, CII].map(|name| plan_of(&world.asked("invoice"), &world, &[name]).expect("planned"));
    assert_ne!(ubl.register.digests, cii.register.digests);
    assert_eq!(ubl.record, cii.record);
    assert_eq!(ubl.register.fact_root, cii.register.fact_root);
    assert_eq!(ubl.register.use_right, cii.register.use_right);
    // As one document they are one operation with both digests, in order.
    let both = plan_of(&world.asked("invoice"), &world, &[UBL, CII]).expect("planned");
    assert_eq!(both.register.digests.len(), 2);
    assert!(both.register.digests[0] < both.register.digests[1]);
    assert_eq!(both.register.fact_root, ubl.register.fact_root);
}

#[test]
fn a_pdf_for_the_eye_takes_the_number_that_was_typed() {
    let world = World::new();
    let asked = world.asked("invoice");
    left_aside(&asked, &world, &[PDF], "no-identity", "--number");
    let identity = typed("26442000000000006088", "91441900MAHEFU039G", "");
    let asked = Asked { identity, ..asked };
    let planned = plan_of(&asked, &world, &[PDF]).expect("planned");
    assert_eq!(planned.register.identity.class, "invoice");
    assert_eq!(planned.register.fact_root, None);
    assert_eq!(planned.register.use_right, Some(UseRight::FirstMember));
    // Beside its XML it is a rendition like any other.
    let identity = typed("26442000000000001017", "91440101mahefu012h", "invoice");
    let asked = Asked { identity, ..asked };
    assert_eq!(
        plan_of(&asked, &world, &[PDF, UBL])
            .expect("planned")
            .register
            .digests
            .len(),
        2
    );
}

#[test]
fn a_licence_is_planned_with_all_that_it_states() {
    let world = World::new();
    let planned = plan_of(&world.asked("licence"), &world, &[LICENCE]).expect("planned");
    let has = |name: &str| planned.facts.iter().any(|fact| fact.name == name);
    assert!(has("holder") && has("scope") && has("number"));
    assert_eq!(
        (planned.register.use_right, planned.register.total),
        (None, None)
    );
    assert_eq!(planned.register.valid_from.as_deref(), Some("2026-03-01"));
    assert_eq!(planned.register.valid_until.as_deref(), Some("2031-02-28"));
    let valid_until = Some("2027-01-01".to_owned());
    let asked = Asked {
        valid_until,
        ..world.asked("licence")
    };
    let planned = plan_of(&asked, &world, &[LICENCE]).expect("planned");
    assert_eq!(planned.register.valid_until.as_deref(), Some("2027-01-01"));
}

#[test]
fn what_does_not_fit_is_left_aside_with_the_reason() {
    let world = World::new();
    let invoice = || world.asked("invoice");
    left_aside(
        &world.asked("licence"),
        &world,
        &[UBL],
        "other-kind",
        "another kind",
    );
    left_aside(&invoice(), &world, &[LICENCE], "other-kind", "another kind");
    let identity = typed("999", "91440101MAHEFU012H", "invoice");
    left_aside(
        &Asked {
            identity,
            ..invoice()
        },
        &world,
        &[UBL],
        "unfit",
        "the file itself says",
    );
    left_aside(
        &invoice(),
        &world,
        &[UBL, "invoices/ubl-shenzhen-3055.xml"],
        "unfit",
        "different numbers",
    );
    let identity = typed("1", "2", "receipt");
    left_aside(
        &Asked {
            identity,
            ..invoice()
        },
        &world,
        &[PDF],
        "unfit",
        "class must be",
    );
    let identity = typed("1", "2", "");
    let use_right = Some(UseArg::Buyer);
    left_aside(
        &Asked {
            identity,
            use_right,
            ..invoice()
        },
        &world,
        &[PDF],
        "unfit",
        "--use first",
    );
    let valid_from = Some("2026-1-1".to_owned());
    left_aside(
        &Asked {
            valid_from,
            ..invoice()
        },
        &world,
        &[UBL],
        "unfit",
        "not a day",
    );
    let broken = Document::of(
        b"<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\"><a></Invoice>",
        SUITE,
    );
    let aside = plan(&world.issuer(), &invoice(), &[broken], Blinding([0; 16]));
    assert_eq!(aside.expect_err("it was planned").kind(), "unreadable");
}

#[test]
fn the_region_is_that_of_the_only_right_to_issue() {
    let world = World::new();
    let secret = [0; 32];
    let rights = [
        entitlement("invoice", "guangdong", "9144"),
        entitlement("invoice", "zhejiang", "9133"),
        entitlement("licence", "guizhou", ""),
    ];
    let region = |rights: &[Entitlement], asked: &Asked<'_>| {
        let issuer = Issuer {
            suite: SUITE,
            fact_secret: &secret,
            entitlements: rights,
        };
        plan(&issuer, asked, &[read(UBL)], Blinding([0; 16])).map(|planned| planned.register.region)
    };
    // One of several: the one whose scope holds the seller.
    assert_eq!(
        region(&rights, &world.asked("invoice")).as_deref(),
        Ok("guangdong")
    );
    assert_eq!(
        region(&rights[1..], &world.asked("invoice")).as_deref(),
        Ok("zhejiang")
    );
    let typed = Asked {
        region: Some("shanghai"),
        ..world.asked("invoice")
    };
    assert_eq!(region(&[], &typed).as_deref(), Ok("shanghai"));
    assert!(region(&rights[2..], &world.asked("invoice")).is_err());
    let both = [
        entitlement("invoice", "a", "9144"),
        entitlement("invoice", "b", "91"),
    ];
    assert!(region(&both, &world.asked("invoice")).is_err());
}

#[test]
fn what_a_credit_note_gives_back_is_negative() {
    let world = World::new();
    let note = "invoices/ubl-shenzhen-3062-credit-note.xml";
    let planned = plan_of(&world.asked("invoice"), &world, &[note]).expect("planned");
    assert_eq!(planned.register.identity.class, "credit-note");
    assert!(planned
        .register
        .total
        .is_some_and(|total| total.minor_units < 0));
}

/// The type of licences with a dictionary: holder and grade for everybody, the scope sealed.
fn with_dictionary() -> World {
    World::with(|genesis| {
        let field = |name: &str, open| FactField {
            name: name.into(),
            name_zh: format!("{name} 的中文名"),
            name_en: name.into(),
            open,
        };
        let rules = &mut genesis.types[1];
        rules.facts = vec![
            field("holder", true),
            field("grade", true),
            field("scope", false),
        ];
        rules.lending = Some(LendingRules {
            ms_max: 1,
            consent: false,
        });
    })
}

fn open(planned: &Planned) -> Vec<(&str, &str)> {
    let facts = planned.register.open_facts.iter();
    facts
        .map(|fact| (fact.name.as_str(), fact.value.as_str()))
        .collect()
}

#[test]
fn open_facts_stand_in_the_record_and_the_others_are_sealed() {
    let world = with_dictionary();
    let facts = [("grade".to_owned(), "A".to_owned())];
    let asked = Asked {
        facts: &facts,
        ..world.asked("licence")
    };
    let planned = plan_of(&asked, &world, &[LICENCE]).expect("planned");
    assert_eq!(open(&planned), [("holder", "样例食品店"), ("grade", "A")]);
    // What was typed for everybody to read needs no seal; the file's own facts are all under the root.
    let names: Vec<&str> = planned
        .facts
        .iter()
        .map(|fact| fact.name.as_str())
        .collect();
    assert!(names.contains(&"holder") && names.contains(&"scope") && !names.contains(&"grade"));
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");

    let refused = |facts: &[(&str, &str)], said: &str| {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let facts: Vec<(String, String)> = facts.iter().map(pair).collect();
        let asked = Asked {
            facts: &facts,
            ..world.asked("licence")
        };
        left_aside(&asked, &world, &[LICENCE], "unfit", said);
    };
    refused(&[("holder", "another")], "the file itself says holder");
    refused(&[("scope", "another")], "the file itself says scope");
    refused(&[("colour", "red")], "it has: holder, grade, scope");
    refused(&[("grade", "A"), ("grade", "B")], "given twice");
    refused(&[("grade", &"长".repeat(43))], "1 to 128 bytes");
}

#[test]
fn an_open_fact_that_is_too_long_for_the_record_stays_sealed() {
    let world = with_dictionary();
    let long = "店".repeat(43);
    let file = LICENCE.replace("样例食品店", &long);
    let document = Document::of(file.as_bytes(), SUITE);
    let asked = world.asked("licence");
    let planned = plan(&world.issuer(), &asked, &[document], Blinding([0; 16])).expect("planned");
    assert_eq!(open(&planned), []);
    let sealed = planned.facts.iter().find(|fact| fact.name == "holder");
    assert_eq!(sealed.map(|fact| fact.value.as_str()), Some(long.as_str()));
}

#[test]
fn whoever_a_licence_names_may_use_and_lend_it() {
    let world = with_dictionary();
    let named = LICENCE.replace("样例食品店", "样例食品店 91520111MAHEFU071J");
    let plan_file = |file: &str, use_right| {
        let document = Document::of(file.as_bytes(), SUITE);
        let asked = Asked {
            use_right,
            ..world.asked("licence")
        };
        plan(&world.issuer(), &asked, &[document], Blinding([0; 16]))
    };
    let planned = plan_file(&named, None).expect("planned");
    let salt = planned.named_member_salt.expect("it names its holder");
    let commitment = named_member(SUITE, &planned.record, &salt, "91520111MAHEFU071J");
    assert_eq!(
        planned.register.use_right,
        Some(UseRight::NamedMember(commitment))
    );
    let by_claim = plan_file(LICENCE, Some(UseArg::Claim)).expect("planned");
    assert!(matches!(
        by_claim.register.use_right,
        Some(UseRight::ClaimKey(_))
    ));
    // A name without a code names nobody, and the type without lending leaves it to nobody.
    let nobody = plan_file(LICENCE, None).expect("planned");
    assert_eq!(nobody.register.use_right, None);
    let plain = World::new();
    let asked = Asked {
        use_right: Some(UseArg::Claim),
        ..plain.asked("licence")
    };
    left_aside(&asked, &plain, &[LICENCE], "unfit", "neither used nor lent");
}
