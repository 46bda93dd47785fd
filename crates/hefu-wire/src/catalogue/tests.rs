use super::*;
use hefu_types::genesis::Region;
use hefu_types::leaf::{
    genesis_operation, Condition, Entitlement, FactField, Kind, Part as Does, RecognitionRule,
    Standing, TypeRules,
};
use hefu_types::{Millis, NetworkDigest};

const SUITE: Suite = Suite::Sha256Ed25519;

fn agency(name: &str, prefixes: &[&str]) -> AgencyLeaf {
    AgencyLeaf {
        id: "gz-housing".to_owned(),
        name: name.to_owned(),
        region: "guizhou".to_owned(),
        contact: "+86 851 0000".to_owned(),
        standing: Standing::Suspended,
        entitlements: vec![Entitlement {
            document_type: "licence".to_owned(),
            region: "guizhou".to_owned(),
            issuer_prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
            legal_basis: "list, \"item 7\"".to_owned(),
            part: Does::Issue,
        }],
        operation: genesis_operation(SUITE),
        identifier: None,
        registrar: None,
    }
}

fn rule() -> RecognitionLeaf {
    RecognitionLeaf {
        rule: RecognitionRule {
            by: "shanghai".to_owned(),
            document_type: "licence".to_owned(),
            of: "guizhou".to_owned(),
            recognised: true,
            citation: "article 3".to_owned(),
            from: Millis(0),
            until: None,
            conditions: vec![
                Condition::Fact {
                    name: "grade".to_owned(),
                    any_of: vec!["A".to_owned(), "一级".to_owned()],
                },
                Condition::RegisteredFrom(Millis(86_400_000)),
            ],
            text: String::new(),
        },
        operation: genesis_operation(SUITE),
    }
}

fn licence() -> TypeLeaf {
    let facts = vec![FactField {
        name: "grade".to_owned(),
        name_zh: "等级".to_owned(),
        name_en: "Grade".to_owned(),
        open: true,
    }];
    TypeLeaf {
        rules: TypeRules {
            facts,
            ..TypeRules::new("licence", Kind::Licence, "generic")
        },
        operation: genesis_operation(SUITE),
    }
}

/// A leaf under its key, and what is read there.
#[track_caller]
fn there<L: Leaf>(leaf: &L, at: StateKey) -> (StateKey, Entry) {
    let entry = Entry::read(SUITE, &at, &leaf.to_bytes());
    (at, entry.expect("it is of the catalogue"))
}

fn made(part: Part, leaves: &[(StateKey, Entry)]) -> Table {
    table(SUITE, part, leaves.iter().map(|(at, entry)| (at, entry)))
}

#[test]
fn a_leaf_is_what_leads_back_to_its_key() {
    let leaf = agency("A", &["1152"]);
    let (at, entry) = there(&leaf, key::agency(SUITE, "gz-housing"));
    assert_eq!(entry, Entry::Agency(leaf.clone()));
    assert_eq!(entry.part(), Part::Agencies);
    // The bytes of an agency prove nothing under the key of another one, nor of another kind.
    for other in [
        key::agency(SUITE, "gd-tax"),
        key::region(SUITE, "gz-housing"),
        key::registrar(SUITE, "gz-housing"),
        key::council(SUITE),
        key::clock(SUITE),
    ] {
        assert_eq!(Entry::read(SUITE, &other, &leaf.to_bytes()), None);
    }
    let mut longer = leaf.to_bytes();
    longer.push(0);
    assert_eq!(Entry::read(SUITE, &at, &longer), None);
}

#[test]
fn parts_have_one_name_each() {
    for part in Part::ALL {
        assert_eq!(part.name().parse(), Ok(*part));
        assert!(Part::ALL.contains(&part.source()));
        assert_eq!(part.source().source(), part.source());
    }
    let refused = "members".parse::<Part>().expect_err("no such part");
    assert!(refused.to_string().contains("recognition"), "{refused}");
}

#[test]
fn a_holder_is_written_as_it_is_read() {
    for text in [
        "agency:gd-tax",
        "council:seat-a",
        "validator:a.example",
        "registrar:r",
        "member:0f",
    ] {
        let holder = holder_of(text).expect(text);
        assert_eq!(holder_words(&holder), text);
    }
    for bad in ["", "agency", "agency:", "bank:x", ":x"] {
        assert_eq!(holder_of(bad), Err(BadHolder), "{bad:?}");
    }
}

#[test]
fn what_an_agency_calls_itself_is_no_formula() {
    for name in [
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "＝1+1",
    ] {
        let leaf = there(&agency(name, &[""]), key::agency(SUITE, "gz-housing"));
        let csv = made(Part::Agencies, &[leaf]).csv(Lang::En);
        let line = csv.lines().nth(1).expect("a line");
        assert!(!line.contains(&format!(",{name}")), "{line}");
        assert!(
            line.contains(&format!("'{}", name.replace('"', "\"\""))),
            "{line}"
        );
    }
}

#[test]
fn csv_is_read_as_it_was_meant() {
    let leaf = there(
        &agency("A", &["1152", ""]),
        key::agency(SUITE, "gz-housing"),
    );
    let csv = made(Part::Entitlements, std::slice::from_ref(&leaf)).csv(Lang::Zh);
    assert_eq!(
        csv,
        format!(
            "\u{feff}机构,名称,状态,文档类型,地区,职责,开具方前缀,法律依据,证明所在键\r\n\
             gz-housing,A,已暂停,licence,guizhou,签发,1152；全部,\"list, \"\"item 7\"\"\",{}\r\n",
            leaf.0
        )
    );
}

#[test]
fn a_condition_has_the_name_of_its_fact() {
    let rule = there(
        &rule(),
        key::recognition(SUITE, "shanghai", "licence", "guizhou"),
    );
    let known = there(&licence(), key::document_type(SUITE, "licence"));
    let words = |leaves: &[(StateKey, Entry)], lang| {
        let table = made(Part::Recognition, leaves);
        assert_eq!(table.rows.len(), 1);
        table.rows[0].cells[6].text(lang)
    };
    let both = [rule.clone(), known];
    assert_eq!(
        words(&both, Lang::Zh),
        "等级 为 A或一级；1970-01-02T00:00:00Z 起登记"
    );
    assert_eq!(
        words(&[rule], Lang::En),
        "grade is A or 一级; registered from 1970-01-02T00:00:00Z on"
    );
}

#[test]
fn json_has_the_same_words_whatever_the_language() {
    let leaf = there(
        &rule(),
        key::recognition(SUITE, "shanghai", "licence", "guizhou"),
    );
    let json = serde_json::to_value(made(Part::Recognition, &[leaf])).expect("plain JSON");
    assert_eq!(json[0]["answer"], "conditional");
    assert_eq!(json[0]["conditions"][0]["fact"]["name"], "grade");
    assert_eq!(json[0]["conditions"][1]["registered-from"], 86_400_000);
    assert_eq!(json[0]["until"], serde_json::Value::Null);
    assert_eq!(json[0]["state_key"].as_str().map(str::len), Some(64));
}

#[test]
fn lines_stand_in_the_order_of_their_names() {
    let region = |id: &str| {
        let leaf = RegionLeaf {
            region: Region {
                id: id.to_owned(),
                name_zh: id.to_owned(),
                name_en: id.to_owned(),
            },
            operation: genesis_operation(SUITE),
        };
        there(&leaf, key::region(SUITE, id))
    };
    let table = made(
        Part::Regions,
        &[region("zhejiang"), region("anhui"), region("guizhou")],
    );
    let ids: Vec<String> = table
        .rows
        .iter()
        .map(|row| row.cells[0].text(Lang::En))
        .collect();
    assert_eq!(ids, ["anhui", "guizhou", "zhejiang"]);
}

#[test]
fn a_saved_catalogue_is_bounded() {
    let saved = SavedCatalogue {
        format: 0,
        network: NetworkDigest([7; 32]),
        parts: vec!["types".to_owned()],
        pages: vec![vec![1, 2, 3].into()],
    };
    assert_eq!(SavedCatalogue::decode(&saved.encode()), Ok(saved.clone()));
    let pages = vec![Vec::new().into(); SAVED_PAGES_MAX + 1];
    let parts = vec![String::new(); Part::ALL.len() + 1];
    for bad in [
        SavedCatalogue {
            format: 1,
            ..saved.clone()
        },
        SavedCatalogue {
            pages,
            ..saved.clone()
        },
        SavedCatalogue {
            parts,
            ..saved.clone()
        },
    ] {
        assert!(SavedCatalogue::decode(&bad.encode()).is_err());
    }
    assert!(SavedCatalogue::decode(&saved.encode()[1..]).is_err());
}
