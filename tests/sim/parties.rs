//! Who takes part: genesis and all keys, made from numbers.

use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Seat,
};
use hefu_types::leaf::{Addresses, Entitlement, Kind, Part, PurposeRules, TypeRules};
use hefu_types::operation::{member_commitment, NewValidator};
use hefu_types::suite::SecretKey;
use hefu_types::{Millis, NetworkId, Salt, Suite};

/// The suite of the simulated network.
pub(super) const SUITE: Suite = Suite::Sha256Ed25519;
/// When it began.
pub(super) const START: Millis = Millis(1_800_000_000_000);
/// An invoice may be cancelled so long.
const CANCEL_WINDOW_MS: u64 = 40_000;

/// The secret keys of a validator.
pub(super) struct Keys {
    pub consensus: SecretKey,
    pub checkpoint: SecretKey,
    pub log: SecretKey,
    pub peer: SecretKey,
}

/// Who signs statements.
pub(super) struct Signer {
    pub id: String,
    pub key: SecretKey,
}

/// All of them.
pub(super) struct Parties {
    pub network: Network,
    /// Those of genesis, and the one that may join them.
    pub validators: Vec<Keys>,
    pub names: Vec<String>,
    /// What the one that may join asks the council for.
    pub newcomer: NewValidator,
    pub seat: SecretKey,
    pub agencies: Vec<Signer>,
    pub members: Vec<Signer>,
}

/// Makes a key, each from the next number.
struct Maker {
    made: u16,
    network: NetworkId,
}

impl Maker {
    fn key(&mut self, role: &str, holder: &str) -> (ProvenKey, SecretKey) {
        self.made += 1;
        let mut seed = [0; 32];
        seed[..2].copy_from_slice(&self.made.to_be_bytes());
        let secret = SecretKey::from_seed(SUITE, &seed);
        let proof = secret.prove_possession(&self.network, role, holder);
        let key = secret.public_key();
        (ProvenKey { key, proof }, secret)
    }

    fn validator(&mut self, number: usize) -> (GenesisValidator, Keys) {
        let name = format!("node-{number}.sim.example");
        let (consensus, consensus_key) = self.key("consensus", &name);
        let (checkpoint, checkpoint_key) = self.key("checkpoint", &name);
        let (log, log_key) = self.key("log", &name);
        let (peer, peer_key) = self.key("peer", &name);
        let keys = Keys {
            consensus: consensus_key,
            checkpoint: checkpoint_key,
            log: log_key,
            peer: peer_key,
        };
        let validator = GenesisValidator {
            name,
            region: "north".to_owned(),
            consensus,
            checkpoint,
            log,
            peer,
        };
        (validator, keys)
    }
}

impl Parties {
    pub fn new(validators: usize, heartbeat_ms: u64) -> Self {
        let network = NetworkId([7; 16]);
        let mut maker = Maker { made: 0, network };
        let (of_validators, mut keys): (Vec<_>, Vec<_>) = (0..validators)
            .map(|number| maker.validator(number))
            .unzip();
        let (seat, seat_key) = maker.key("council", "seat");
        let mut agencies = Vec::new();
        let mut of_agencies = Vec::new();
        for id in ["tax", "housing"] {
            let (proven, key) = maker.key("agency", id);
            let id = id.to_owned();
            of_agencies.push(agency(&id, proven));
            agencies.push(Signer { id, key });
        }
        let mut members = Vec::new();
        let mut of_members = Vec::new();
        for id in ["0a", "0b", "0c"] {
            let (proven, key) = maker.key("member", id);
            let id = id.to_owned();
            of_members.push(Member {
                id: id.clone(),
                region: "north".to_owned(),
                identifier: member_commitment(SUITE, &id, &Salt([1; 16]), &id),
                key: proven,
                key_valid_before: Millis(u64::MAX),
            });
            members.push(Signer { id, key });
        }
        let (newcomer, newcomer_keys) = maker.validator(validators);
        keys.push(newcomer_keys);
        let all = of_validators.iter().chain([&newcomer]);
        let names = all.map(|validator| validator.name.clone()).collect();
        let genesis = Genesis {
            format: 0,
            rules_version: *hefu_state::KNOWN_RULES.end(),
            network_id: network,
            name: "sim.example".to_owned(),
            suite: SUITE.name().to_owned(),
            time: START,
            heartbeat_ms,
            regions: vec![Region {
                id: "north".to_owned(),
                name_zh: "北".to_owned(),
                name_en: "North".to_owned(),
            }],
            validators: of_validators,
            council: Council {
                threshold: 1,
                seats: vec![Seat {
                    name: "seat".to_owned(),
                    key: seat,
                }],
            },
            registrars: Vec::new(),
            agencies: of_agencies,
            members: of_members,
            types: vec![
                rules("licence", Kind::Licence),
                rules("invoice", Kind::Invoice),
            ],
            recognition: Vec::new(),
        };
        Self {
            network: Network::new(genesis).expect("the genesis is valid"),
            validators: keys,
            names,
            newcomer: NewValidator {
                validator: newcomer,
                addresses: Addresses {
                    engine: "/memory/1".to_owned(),
                    gossip: "/memory/2".to_owned(),
                },
            },
            seat: seat_key,
            agencies,
            members,
        }
    }
}

/// `tax` registers invoices, `housing` licences.
fn agency(id: &str, key: ProvenKey) -> Agency {
    let document_type = if id == "tax" { "invoice" } else { "licence" };
    Agency {
        id: id.to_owned(),
        name: id.to_owned(),
        region: "north".to_owned(),
        contact: "counter 1".to_owned(),
        key,
        entitlements: vec![Entitlement {
            document_type: document_type.to_owned(),
            region: "north".to_owned(),
            issuer_prefixes: vec![document_type.to_uppercase()],
            legal_basis: "Act 1".to_owned(),
            part: Part::Issue,
        }],
        key_valid_before: Millis(u64::MAX),
    }
}

fn rules(id: &str, kind: Kind) -> TypeRules {
    let invoice = kind == Kind::Invoice;
    TypeRules {
        purposes: if invoice {
            vec![PurposeRules::new("finance"), PurposeRules::new("reimburse")]
        } else {
            Vec::new()
        },
        first_member: invoice,
        cancel_window_ms: if invoice { CANCEL_WINDOW_MS } else { 0 },
        ..TypeRules::new(id, kind, "generic")
    }
}
