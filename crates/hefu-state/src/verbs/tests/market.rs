//! The network of the rows: invoices of several kinds, a bureau that supervises, branches, members.

use super::world::{genesis, proven, salt, DAY, START, SUITE};
use hefu_types::genesis::{Agency, Genesis, Member};
use hefu_types::leaf::{Entitlement, Kind, Part, PurposeRules, TypeRules};
use hefu_types::operation::member_commitment;
use hefu_types::profile::Profile;
use hefu_types::Millis;

/// The members with names of their own; the crowd is beside them.
pub(super) const MEMBERS: [&str; 4] = ["buyer", "other", "third", "hostile"];
/// So many members more: `sybil-0` and so on.
pub(super) const CROWD: usize = 50;
/// So many members have the longest name that there is.
pub(super) const LONG: usize = 17;

/// The legal identifier of a member.
pub(super) fn identifier(member: &str) -> String {
    format!("9133{}", member.to_uppercase())
}

fn purpose(name: &str, divisible: bool) -> PurposeRules {
    PurposeRules {
        divisible,
        names_member: name == "deduct",
        ..PurposeRules::new(name)
    }
}

fn types() -> Vec<TypeRules> {
    let purposes = || {
        vec![
            purpose("book", true),
            purpose("deduct", false),
            purpose("finance", true),
            purpose("reimburse", true),
            purpose("subsidy", false),
        ]
    };
    let exclusions = || vec![vec!["reimburse".to_owned(), "subsidy".to_owned()]];
    let of = |id: &str, kind: Kind, profile: Profile| TypeRules::new(id, kind, profile.name());
    vec![
        TypeRules {
            purposes: purposes(),
            exclusions: exclusions(),
            first_member: true,
            unattested: true,
            offline_ms: 3 * DAY,
            ..of("invoice", Kind::Invoice, Profile::En16931)
        },
        // Of the same numbers, and stricter in everything.
        TypeRules {
            purposes: vec![purpose("deduct", false)],
            ..of("strict", Kind::Invoice, Profile::En16931)
        },
        TypeRules {
            offline_ms: 3 * DAY,
            ..of("licence", Kind::Licence, Profile::Generic)
        },
        // Numbers in ranges, a bureau that confirms.
        TypeRules {
            purposes: purposes(),
            exclusions: exclusions(),
            first_member: true,
            two_party: true,
            ranges: true,
            offline_ms: 3 * DAY,
            ..of("bill", Kind::Invoice, Profile::Generic)
        },
        // A cancelled number may be used again.
        TypeRules {
            purposes: purposes(),
            first_member: true,
            ..of("fattura", Kind::Invoice, Profile::ItSdi)
        },
        // Not even a rejected number may be used again.
        TypeRules {
            purposes: purposes(),
            two_party: true,
            ..of("cfdi", Kind::Invoice, Profile::MxCfdi)
        },
    ]
}

/// The same without the crowd.
pub(super) fn small_market() -> Genesis {
    let mut genesis = market();
    genesis.members.truncate(MEMBERS.len());
    genesis
}

/// What the rows are played on.
pub(super) fn market() -> Genesis {
    let entitled = |kind: &str, region: &str, prefixes: &[&str], part: Part| Entitlement {
        document_type: kind.into(),
        region: region.into(),
        issuer_prefixes: prefixes.iter().map(|prefix| (*prefix).into()).collect(),
        legal_basis: "list, item 1".into(),
        part,
    };
    let agency = |id: &str, region: &str, entitlements: Vec<Entitlement>| Agency {
        id: id.into(),
        name: id.into(),
        region: region.into(),
        contact: "counter".into(),
        key: proven("agency", id),
        entitlements,
        key_valid_before: START.plus(1_000 * DAY),
    };
    let issues = |kind: &str, prefix: &str| entitled(kind, "east", &[prefix], Part::Issue);
    let supervises = |kind: &str, prefix: &str| entitled(kind, "east", &[prefix], Part::Supervise);
    let member = |id: String| Member {
        region: "east".into(),
        identifier: member_commitment(SUITE, &id, &salt(&id), &identifier(&id)),
        key: proven("member", &id),
        key_valid_before: START.plus(1_000 * DAY),
        id,
    };
    let long = (0..LONG).map(|n| format!("{n:0>64}"));
    let crowd = (0..CROWD).map(|n| format!("sybil-{n}")).chain(long);
    Genesis {
        name: "market.example".into(),
        agencies: vec![
            agency(
                "tax",
                "east",
                vec![
                    issues("invoice", "9133"),
                    issues("strict", "9133"),
                    issues("licence", "1133"),
                    issues("fattura", "IT"),
                    issues("cfdi", "AAA"),
                ],
            ),
            agency(
                "west-tax",
                "west",
                vec![entitled("invoice", "west", &["9152"], Part::Issue)],
            ),
            agency("hospital", "east", vec![issues("bill", "12")]),
            agency(
                "clinic",
                "east",
                vec![entitled("bill", "east", &[], Part::Issue)],
            ),
            agency(
                "bureau",
                "east",
                vec![supervises("bill", "12"), supervises("cfdi", "AAA")],
            ),
            // It may do both, as a bureau that sells stamps does.
            agency(
                "both",
                "east",
                vec![issues("bill", "13"), supervises("bill", "13")],
            ),
        ],
        members: (MEMBERS.map(str::to_owned).into_iter().chain(crowd))
            .map(member)
            .collect(),
        types: types(),
        ..genesis()
    }
}

/// A length of time: `30m`, `3d`, or so many milliseconds.
pub(super) fn length(text: &str) -> u64 {
    let (number, unit) = match text.trim_end_matches(|c: char| c.is_ascii_alphabetic()) {
        number if number.len() < text.len() => (number, &text[number.len()..]),
        number => (number, "ms"),
    };
    let number: u64 = number
        .parse()
        .unwrap_or_else(|_| panic!("{text:?} is no length of time"));
    number
        * match unit {
            "d" => DAY,
            "h" => Millis::HOUR,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => panic!("{unit:?} is no unit of time"),
        }
}
