//! Who takes part in the networks of the golden files: genesis and all keys, made from numbers.

use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Registrar, Seat,
};
use hefu_types::leaf::{
    Condition, Entitlement, FactField, Kind, LendingRules, Part, PurposeRules, RecognitionRule,
    TypeRules,
};
use hefu_types::operation::member_commitment;
use hefu_types::suite::SecretKey;
use hefu_types::{Millis, NetworkId, Salt, Suite};
use std::collections::BTreeMap;

/// The suite of the networks.
pub const SUITE: Suite = Suite::Sha256Ed25519;
/// When they began: 2027-01-15T08:00:00Z.
pub const START: Millis = Millis(1_800_000_000_000);
/// How long an invoice is locked at most.
pub const LOCK_MS_MAX: u64 = 2 * Millis::HOUR;

/// The secret keys with which a validator speaks for checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointKeys {
    /// Cosigns.
    pub checkpoint: SecretKey,
    /// Signs in the log's name.
    pub log: SecretKey,
}

/// Makes keys, each from the next number, and keeps the secret halves.
#[derive(Debug)]
pub struct Maker {
    network_id: NetworkId,
    made: u16,
    /// By the name of the validator.
    pub validators: BTreeMap<String, CheckpointKeys>,
    /// By the name of the agency, registrar, member or seat.
    pub actors: BTreeMap<String, SecretKey>,
}

impl Maker {
    fn new(network_id: NetworkId) -> Self {
        Self {
            network_id,
            made: 0,
            validators: BTreeMap::new(),
            actors: BTreeMap::new(),
        }
    }

    fn key(&mut self, role: &str, holder: &str) -> (ProvenKey, SecretKey) {
        self.made += 1;
        let mut seed = [self.network_id.0[0]; 32];
        seed[..2].copy_from_slice(&self.made.to_be_bytes());
        let secret = SecretKey::from_seed(SUITE, &seed);
        let proof = secret.prove_possession(&self.network_id, role, holder);
        let key = secret.public_key();
        (ProvenKey { key, proof }, secret)
    }

    fn actor(&mut self, role: &str, holder: &str) -> ProvenKey {
        let (proven, secret) = self.key(role, holder);
        self.actors.insert(holder.to_owned(), secret);
        proven
    }

    /// A validator with a number.
    pub fn validator(&mut self, number: usize) -> GenesisValidator {
        let name = format!("v{number}.example");
        let (consensus, _) = self.key("consensus", &name);
        let (checkpoint, checkpoint_key) = self.key("checkpoint", &name);
        let (log, log_key) = self.key("log", &name);
        let (peer, _) = self.key("peer", &name);
        let keys = CheckpointKeys {
            checkpoint: checkpoint_key,
            log: log_key,
        };
        self.validators.insert(name.clone(), keys);
        GenesisValidator {
            name,
            region: "north".to_owned(),
            consensus,
            checkpoint,
            log,
            peer,
        }
    }
}

/// A network of so many validators with agencies, members, a registrar and a seat of the council.
/// Its name and its random id follow from `number`.
pub fn network(number: u8, validators: usize) -> (Network, Maker) {
    let network_id = NetworkId([number; 16]);
    let mut maker = Maker::new(network_id);
    let of_validators = (0..validators).map(|number| maker.validator(number));
    let of_validators: Vec<_> = of_validators.collect();
    let member = |maker: &mut Maker, id: &str| Member {
        id: id.to_owned(),
        region: "north".to_owned(),
        identifier: member_commitment(SUITE, id, &Salt([1; 16]), id),
        key: maker.actor("member", id),
        key_valid_before: Millis(u64::MAX),
    };
    let genesis = Genesis {
        format: 0,
        // Golden files stay as they are when later rules come.
        rules_version: 2,
        network_id,
        name: format!("golden-{number}.example"),
        suite: SUITE.name().to_owned(),
        time: START,
        heartbeat_ms: 10_000,
        regions: vec![
            region("north", "北", "North"),
            region("south", "南", "South"),
        ],
        validators: of_validators,
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "seat".to_owned(),
                key: maker.actor("council", "seat"),
            }],
        },
        registrars: vec![Registrar {
            id: "registry".to_owned(),
            region: "north".to_owned(),
            key: maker.actor("registrar", "registry"),
        }],
        agencies: vec![
            agency(&mut maker, "tax", &[("invoice", "91"), ("einvoice", "91")]),
            agency(&mut maker, "housing", &[("licence", "HOUSING")]),
            agency(&mut maker, "works", &[("licence", "WORKS")]),
        ],
        members: vec![member(&mut maker, "0a"), member(&mut maker, "0b")],
        types: types(),
        recognition: vec![RecognitionRule {
            by: "south".to_owned(),
            document_type: "licence".to_owned(),
            of: "north".to_owned(),
            recognised: true,
            citation: "Agreement 7".to_owned(),
            from: START,
            until: None,
            conditions: vec![
                Condition::Fact {
                    name: "grade".to_owned(),
                    any_of: vec!["一级".to_owned(), "二级".to_owned()],
                },
                Condition::RegisteredFrom(START),
            ],
            text: "As if issued here.".to_owned(),
        }],
    };
    let network = Network::new(genesis).expect("the genesis is valid");
    (network, maker)
}

fn region(id: &str, name_zh: &str, name_en: &str) -> Region {
    Region {
        id: id.to_owned(),
        name_zh: name_zh.to_owned(),
        name_en: name_en.to_owned(),
    }
}

fn agency(maker: &mut Maker, id: &str, entitled: &[(&str, &str)]) -> Agency {
    let entitlement = |(document_type, prefix): &(&str, &str)| Entitlement {
        document_type: (*document_type).to_owned(),
        region: "north".to_owned(),
        issuer_prefixes: vec![(*prefix).to_owned()],
        legal_basis: "Act 1".to_owned(),
        part: Part::Issue,
    };
    Agency {
        id: id.to_owned(),
        name: format!("Bureau of {id}"),
        region: "north".to_owned(),
        contact: "counter 1".to_owned(),
        key: maker.actor("agency", id),
        entitlements: entitled.iter().map(entitlement).collect(),
        key_valid_before: Millis(u64::MAX),
    }
}

fn types() -> Vec<TypeRules> {
    let purpose = |name: &str, divisible: bool| PurposeRules {
        divisible,
        lock_ms_max: LOCK_MS_MAX,
        ..PurposeRules::new(name)
    };
    let invoice = |id: &str, profile: &str| TypeRules {
        purposes: vec![purpose("finance", false), purpose("reimburse", true)],
        first_member: true,
        ..TypeRules::new(id, Kind::Invoice, profile)
    };
    let grade = FactField {
        name: "grade".to_owned(),
        name_zh: "等级".to_owned(),
        name_en: "Grade".to_owned(),
        open: true,
    };
    let licence = TypeRules {
        facts: vec![grade],
        lending: Some(LendingRules {
            ms_max: 30 * 24 * Millis::HOUR,
            consent: false,
        }),
        ..TypeRules::new("licence", Kind::Licence, "generic")
    };
    vec![
        licence,
        TypeRules::new("permit", Kind::Licence, "generic"),
        invoice("invoice", "eu.en16931"),
        invoice("einvoice", "cn.digital-invoice"),
    ]
}
