//! The network of the rows of licences and governance: two provinces with a registrar each, a council of
//! three seats of which two sign, seven validators, and licences of several kinds.

use super::market::small_market;
use super::world::{proven, DAY, START};
use hefu_types::genesis::{Agency, Council, Genesis, GenesisValidator, Registrar, Seat};
use hefu_types::leaf::{Entitlement, FactField, Kind, LendingRules, Part, PurposeRules, TypeRules};
use hefu_types::profile::Profile;

pub(super) fn validator(name: &str) -> GenesisValidator {
    GenesisValidator {
        name: name.into(),
        region: "east".into(),
        consensus: proven("consensus", name),
        checkpoint: proven("checkpoint", name),
        log: proven("log", name),
        peer: proven("peer", name),
    }
}

fn types() -> Vec<TypeRules> {
    let licence = |id: &str| TypeRules::new(id, Kind::Licence, Profile::Generic.name());
    let lending = |consent: bool| {
        Some(LendingRules {
            ms_max: 2 * DAY,
            consent,
        })
    };
    let fact = |name: &str, open: bool| FactField {
        name: name.into(),
        name_zh: name.into(),
        name_en: name.into(),
        open,
    };
    vec![
        TypeRules {
            facts: vec![
                fact("holder", false),
                fact("grade", true),
                fact("scope", true),
            ],
            lending: lending(false),
            ..licence("permit")
        },
        TypeRules {
            lending: lending(true),
            ..licence("diploma")
        },
        // So many uses as it has purposes.
        TypeRules {
            purposes: vec![PurposeRules::new("board"), PurposeRules::new("return")],
            lending: lending(false),
            ..licence("ration")
        },
        TypeRules {
            two_party: true,
            ..licence("deed")
        },
    ]
}

pub(super) fn province() -> Genesis {
    let small = small_market();
    let entitled = |kind: &str, region: &str, prefix: &str, part: Part| Entitlement {
        document_type: kind.into(),
        region: region.into(),
        issuer_prefixes: vec![prefix.into()],
        legal_basis: "list, item 2".into(),
        part,
    };
    let agency = |id: &str, region: &str, kinds: &[&str], prefix: &str, part: Part| Agency {
        id: id.into(),
        name: id.into(),
        region: region.into(),
        contact: "counter".into(),
        key: proven("agency", id),
        entitlements: (kinds.iter())
            .map(|kind| entitled(kind, region, prefix, part))
            .collect(),
        key_valid_before: START.plus(1_000 * DAY),
    };
    let kinds = ["permit", "diploma", "ration", "deed"];
    let offices = [
        agency("office", "east", &kinds, "11E", Part::Issue),
        agency("bureau-2", "east", &["permit"], "11F", Part::Issue),
        agency("west-office", "west", &kinds, "11W", Part::Issue),
        agency("ministry", "east", &["deed"], "11E", Part::Supervise),
    ];
    let registrar = |region: &str| Registrar {
        id: format!("{region}-reg"),
        region: region.into(),
        key: proven("registrar", &format!("{region}-reg")),
    };
    let seat = |name: &str| Seat {
        name: name.into(),
        key: proven("council", name),
    };
    Genesis {
        name: "province.example".into(),
        validators: (1..=7).map(|n| validator(&format!("v{n}"))).collect(),
        council: Council {
            threshold: 2,
            seats: ["a", "b", "c"].map(seat).to_vec(),
        },
        registrars: ["east", "west"].map(registrar).to_vec(),
        agencies: small.agencies.iter().cloned().chain(offices).collect(),
        types: small.types.iter().cloned().chain(types()).collect(),
        rules_version: 2,
        ..small
    }
}
