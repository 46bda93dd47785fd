//! Genesis: everything that a network begins with, and what names it.
//!
//! People read and write it as JSON (`genesis/` has an example); what is hashed is its canonical CBOR. The
//! network digest is that hash, and with the name it makes the origin of checkpoints ([`crate::origin`]):
//! `<name>/<first 16 bytes of the digest, hexadecimal>`. Every key in it carries a proof of possession
//! ([`crate::possession`]) over the network's id.
//!
//! # From JSON to the bytes that are hashed
//!
//! A member of a JSON object is the field of that name in the types below, and no other is allowed.
//! Numbers, texts and truth values are what they are; byte strings are hexadecimal. A variant without
//! fields is its name in kebab-case (`"issue"`); one with fields is an object of one member: `{"fact":
//! {"name": ..., "any_of": [...]}}`, `{"registered-from": 1800000000000}`. A member that may be left out
//! has a default, and the hash is over that value: `part` is `issue`, `consent_ms` 72 hours,
//! `correct_window_ms` and `offline_ms` 0, `text` empty, `exclusions`, `facts` and `conditions` empty
//! lists, and `divisible`, `names_member`, `two_party`, `ranges`, `unattested`, `open` and `consent` false.
//! Where there is none (`lending`, `until`) it is left out of the CBOR too.
//!
//! The network file that clients keep is `{"genesis": ..., "digest": hexadecimal, "nodes": [...]}`; the
//! genesis alone is trusted, and a digest that is not its own is refused.
//!
//! The first validator set is the genesis' validators in their order, with epoch 0
//! ([`Network::first_set`]).

use crate::bytes::{Hash, NetworkDigest, NetworkId, PublicKey, Signature, StateKey};
use crate::canonical;
use crate::key;
use crate::leaf::{
    genesis_operation, AgencyLeaf, ClockLeaf, Condition, CouncilLeaf, CouncilSeat, Entitlement,
    FactField, Holder, KeyLeaf, KeyRole, Leaf, MemberLeaf, Parameters, ParametersLeaf, Part,
    PurposeRules, RecognitionLeaf, RecognitionRule, RegionLeaf, RegistrarLeaf, RegistrarRight,
    RulesLeaf, ScopeLeaf, SetCurrentLeaf, SetLeaf, Standing, TypeLeaf, TypeRules, Validator,
    CONDITIONS_MAX, CONDITION_VALUES_MAX, RULE_TEXT_BYTES_MAX,
};
use crate::operation::{ENTITLEMENTS_MAX, NAME_BYTES_MAX, PREFIXES_MAX};
use crate::origin::origin;
use crate::possession;
use crate::profile::Profile;
use crate::record::{OPEN_FACTS_MAX, OPEN_FACT_BYTES_MAX};
use crate::suite::Suite;
use crate::time::Millis;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The longest genesis as JSON in bytes.
pub const GENESIS_BYTES_MAX: usize = 16 * 1024 * 1024;

macro_rules! part {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $index:literal $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
        #[cbor(map)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* #[n($index)] pub $field: $type,)*
        }
    };
}

part! {
    /// A network's beginning.
    Genesis {
        /// The version of all formats: 0 until the rules are complete.
        0 format: u32,
        /// Random.
        1 network_id: NetworkId,
        /// The name in checkpoints, like a domain name, such as `hefu.example`.
        2 name: String,
        /// The suite's name, see [`Suite::by_name`].
        3 suite: String,
        /// When the network began.
        4 time: Millis,
        /// How long an idle network rests between two blocks, in milliseconds.
        5 heartbeat_ms: u64,
        /// The regions.
        6 regions: Vec<Region>,
        /// The first validator set, in its order.
        7 validators: Vec<GenesisValidator>,
        /// The council.
        8 council: Council,
        /// Who admits agencies and members, by region.
        9 registrars: Vec<Registrar>,
        /// Who issues documents.
        10 agencies: Vec<Agency>,
        /// Who uses them.
        11 members: Vec<Member>,
        /// The document types.
        12 types: Vec<TypeRules>,
        /// Which region recognises which types of which.
        13 recognition: Vec<RecognitionRule>,
        /// The version of the rules with which it begins.
        14 rules_version: u32,
    }
}

part! {
    /// A region of the network, usually a province.
    Region {
        /// Its id, such as `guangdong`.
        0 id: String,
        /// Its name in Chinese.
        1 name_zh: String,
        /// Its name in English.
        2 name_en: String,
    }
}

part! {
    /// A public key and the proof that its holder has the secret one.
    ProvenKey {
        /// The key.
        0 key: PublicKey,
        /// See [`crate::possession`].
        1 proof: Signature,
    }
}

part! {
    /// A validator with its four keys.
    GenesisValidator {
        /// Its name, such as `guangdong.hefu.example`.
        0 name: String,
        /// Its region.
        1 region: String,
        /// Votes and proposals; role `consensus`.
        2 consensus: ProvenKey,
        /// Cosignatures; role `checkpoint`.
        3 checkpoint: ProvenKey,
        /// The log's name; role `log`.
        4 log: ProvenKey,
        /// libp2p; role `peer`.
        5 peer: ProvenKey,
    }
}

part! {
    /// The council: it governs types, regions and validators.
    Council {
        /// How many seats must sign.
        0 threshold: u32,
        /// The seats.
        1 seats: Vec<Seat>,
    }
}

part! {
    /// A seat of the council.
    Seat {
        /// Its name.
        0 name: String,
        /// Role `council`.
        1 key: ProvenKey,
    }
}

part! {
    /// Who admits agencies and members of a region.
    Registrar {
        /// Its id.
        0 id: String,
        /// Its region.
        1 region: String,
        /// Role `registrar`.
        2 key: ProvenKey,
    }
}

part! {
    /// An agency.
    Agency {
        /// Its id.
        0 id: String,
        /// Its name.
        1 name: String,
        /// Its region.
        2 region: String,
        /// Where a clerk asks, in words.
        3 contact: String,
        /// Role `agency`.
        4 key: ProvenKey,
        /// What it may issue.
        5 entitlements: Vec<Entitlement>,
        /// The key signs before this time.
        6 key_valid_before: Millis,
    }
}

part! {
    /// A member.
    Member {
        /// Its id, random.
        0 id: String,
        /// Its region.
        1 region: String,
        /// The commitment to its legal identifier, see [`crate::operation::member_commitment`].
        2 identifier: Hash,
        /// Role `member`.
        3 key: ProvenKey,
        /// The key signs before this time.
        4 key_valid_before: Millis,
    }
}

/// A genesis that no network can begin with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the genesis cannot be used: {0}")]
pub struct GenesisError(String);

/// A genesis that was checked, with what follows from it: what every party needs of a network.
#[derive(Clone, Debug)]
pub struct Network {
    genesis: Genesis,
    suite: Suite,
    digest: NetworkDigest,
    origin: String,
}

impl Network {
    /// Checks a genesis.
    pub fn new(genesis: Genesis) -> Result<Self, GenesisError> {
        let suite = check(&genesis)?;
        let digest = NetworkDigest(suite.hash(&[&canonical::encode(&genesis)]).0);
        let origin = origin(&genesis.name, &digest);
        Ok(Self {
            genesis,
            suite,
            digest,
            origin,
        })
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The suite.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// What names the network in every signature.
    pub fn digest(&self) -> NetworkDigest {
        self.digest
    }

    /// What names the network in checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The first validator set.
    pub fn first_set(&self) -> SetLeaf {
        let validators = self.genesis.validators.iter().map(|v| Validator {
            name: v.name.clone(),
            region: v.region.clone(),
            consensus_key: v.consensus.key,
            checkpoint_key: v.checkpoint.key,
            log_key: v.log.key,
            peer_key: v.peer.key,
            addresses: None,
        });
        let operation = genesis_operation(self.suite);
        SetLeaf {
            epoch: 0,
            validators: validators.collect(),
            operation,
        }
    }

    /// The leaves of the state at height 0, with their keys.
    pub fn leaves(&self) -> Vec<(StateKey, Vec<u8>)> {
        let suite = self.suite;
        let operation = genesis_operation(suite);
        let genesis = &self.genesis;
        let mut leaves = Vec::new();
        let key_leaf = |key: &PublicKey, holder: Holder, valid_before: Millis| {
            let leaf = KeyLeaf {
                key: *key,
                holder,
                valid_from: genesis.time,
                valid_before,
                retired_at: None,
                compromised_since: None,
                operation,
                role: KeyRole::Operational,
                confirmed_at: None,
            };
            (key::public_key(suite, &suite.key_id(key)), leaf.to_bytes())
        };
        let never = Millis(u64::MAX);
        for validator in &genesis.validators {
            for key in [
                &validator.consensus,
                &validator.checkpoint,
                &validator.log,
                &validator.peer,
            ] {
                let holder = Holder::Validator(validator.name.clone());
                leaves.push(key_leaf(&key.key, holder, never));
            }
        }
        for seat in &genesis.council.seats {
            leaves.push(key_leaf(
                &seat.key.key,
                Holder::Council(seat.name.clone()),
                never,
            ));
        }
        for registrar in &genesis.registrars {
            let holder = Holder::Registrar(registrar.id.clone());
            leaves.push(key_leaf(&registrar.key.key, holder, never));
            let leaf = RegistrarLeaf {
                id: registrar.id.clone(),
                name: registrar.id.clone(),
                region: registrar.region.clone(),
                parent: None,
                rights: vec![RegistrarRight::all()],
                admits_members: true,
                standing: Standing::Active,
                operation,
            };
            leaves.push((key::registrar(suite, &registrar.id), leaf.to_bytes()));
        }
        for region in &genesis.regions {
            let leaf = RegionLeaf {
                region: region.clone(),
                operation,
            };
            leaves.push((key::region(suite, &region.id), leaf.to_bytes()));
        }
        for ((profile, part, prefix), leaf) in self.scopes() {
            let key = key::scope(suite, profile, part, &prefix);
            leaves.push((key, leaf.to_bytes()));
        }
        let seats = genesis.council.seats.iter().map(|seat| CouncilSeat {
            name: seat.name.clone(),
            key: seat.key.key,
        });
        let council = CouncilLeaf {
            threshold: genesis.council.threshold,
            seats: seats.collect(),
            operation,
        };
        leaves.push((key::council(suite), council.to_bytes()));
        let parameters = ParametersLeaf {
            parameters: Parameters {
                heartbeat_ms: genesis.heartbeat_ms,
            },
            operation,
        };
        leaves.push((key::parameters(suite), parameters.to_bytes()));
        for agency in &genesis.agencies {
            let holder = Holder::Agency(agency.id.clone());
            leaves.push(key_leaf(&agency.key.key, holder, agency.key_valid_before));
            let leaf = AgencyLeaf {
                id: agency.id.clone(),
                name: agency.name.clone(),
                region: agency.region.clone(),
                contact: agency.contact.clone(),
                standing: Standing::Active,
                entitlements: agency.entitlements.clone(),
                operation,
                identifier: None,
                registrar: None,
            };
            leaves.push((key::agency(suite, &agency.id), leaf.to_bytes()));
        }
        for member in &genesis.members {
            let holder = Holder::Member(member.id.clone());
            leaves.push(key_leaf(&member.key.key, holder, member.key_valid_before));
            let leaf = MemberLeaf {
                id: member.id.clone(),
                region: member.region.clone(),
                identifier: member.identifier,
                standing: Standing::Active,
                operation,
                locks: None,
            };
            leaves.push((key::member(suite, &member.id), leaf.to_bytes()));
        }
        for rules in &genesis.types {
            let leaf = TypeLeaf {
                rules: rules.clone(),
                operation,
            };
            leaves.push((key::document_type(suite, &rules.id), leaf.to_bytes()));
        }
        for rule in &genesis.recognition {
            let leaf = RecognitionLeaf {
                rule: rule.clone(),
                operation,
            };
            let key = key::recognition(suite, &rule.by, &rule.document_type, &rule.of);
            leaves.push((key, leaf.to_bytes()));
        }
        let rules = RulesLeaf {
            version: genesis.rules_version,
            next: None,
            operation,
        };
        leaves.push((key::rules(suite), rules.to_bytes()));
        let clock = ClockLeaf {
            block_time: genesis.time,
            last_halt: None,
            compromise_counter: 0,
            council_epoch: 0,
        };
        leaves.push((key::clock(suite), clock.to_bytes()));
        leaves.push((key::set(suite, 0), self.first_set().to_bytes()));
        let current = SetCurrentLeaf {
            epoch: 0,
            first_height: 1,
            waiting_since: None,
        };
        leaves.push((key::set_current(suite), current.to_bytes()));
        leaves
    }

    /// The scopes of the agencies, as leaves of the state.
    fn scopes(&self) -> BTreeMap<(&str, Part, String), ScopeLeaf> {
        let mut leaves: BTreeMap<(&str, Part, String), ScopeLeaf> = BTreeMap::new();
        let profile = |id: &str| {
            let rules = self.genesis.types.iter().find(|rules| rules.id == id);
            rules.map_or("", |rules| rules.profile.as_str())
        };
        for agency in &self.genesis.agencies {
            let scopes: BTreeSet<_> = (agency.entitlements.iter())
                .flat_map(|of| of.issuer_prefixes.iter().map(move |prefix| (of, prefix)))
                .map(|(of, prefix)| (profile(&of.document_type), of.part, prefix))
                .collect();
            for (profile, part, prefix) in scopes {
                for above in beginnings(prefix) {
                    let leaf = leaves.entry((profile, part, above.to_owned())).or_default();
                    leaf.below = leaf.below.saturating_add(1);
                }
                let leaf = leaves.entry((profile, part, prefix.clone())).or_default();
                leaf.agency = Some(agency.id.clone());
            }
        }
        leaves
    }
}

/// All texts that a text begins with, the empty one first, itself not among them.
pub fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(end, _)| &text[..end])
}

fn refuse<T>(why: impl Into<String>) -> Result<T, GenesisError> {
    Err(GenesisError(why.into()))
}

/// Everything that a later block could not mend: names, keys, scopes.
fn check(genesis: &Genesis) -> Result<Suite, GenesisError> {
    let Some(suite) = Suite::by_name(&genesis.suite) else {
        return refuse(format!("the suite {:?} is not known", genesis.suite));
    };
    if genesis.format != 0 {
        return refuse("its format is not 0, the only one known");
    }
    let valid_origin = !genesis.name.is_empty()
        && genesis.name.len() <= 128
        && genesis
            .name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_/".contains(&b));
    if !valid_origin {
        return refuse("its name must be 1 to 128 of a-z, 0-9, dot, hyphen and slash");
    }
    let parameters = Parameters {
        heartbeat_ms: genesis.heartbeat_ms,
    };
    if !parameters.are_usable() {
        return refuse("heartbeat_ms must be 100 to 600000");
    }
    if genesis.rules_version == 0 {
        return refuse("rules_version must be 1 or more");
    }
    if !(1..=crate::block::VALIDATORS_MAX).contains(&genesis.validators.len()) {
        return refuse("it needs 1 to 256 validators");
    }
    let seats = genesis.council.seats.len();
    if !(1..=seats).contains(&(genesis.council.threshold as usize)) {
        return refuse("the council's threshold must be 1 to its number of seats");
    }
    check_names(genesis)?;
    check_keys(genesis, suite)?;
    check_types(genesis)?;
    Ok(suite)
}

/// Whether a text can be an id: 1 to 64 ASCII letters, digits, dots, hyphens, underscores.
pub fn is_id(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits)
}

fn check_names(genesis: &Genesis) -> Result<(), GenesisError> {
    let regions: BTreeSet<&str> = genesis.regions.iter().map(|r| r.id.as_str()).collect();
    let lists: [(&str, Vec<&str>); 6] = [
        (
            "region",
            genesis.regions.iter().map(|r| r.id.as_str()).collect(),
        ),
        (
            "validator",
            genesis.validators.iter().map(|v| v.name.as_str()).collect(),
        ),
        (
            "registrar",
            genesis.registrars.iter().map(|r| r.id.as_str()).collect(),
        ),
        (
            "agency",
            genesis.agencies.iter().map(|a| a.id.as_str()).collect(),
        ),
        (
            "member",
            genesis.members.iter().map(|m| m.id.as_str()).collect(),
        ),
        (
            "type",
            genesis.types.iter().map(|t| t.id.as_str()).collect(),
        ),
    ];
    for (what, names) in lists {
        let mut seen = BTreeSet::new();
        for name in names {
            if !is_id(name) {
                return refuse(format!(
                    "the {what} {name:?} needs 1 to 64 of a-z, 0-9, . - _"
                ));
            }
            if !seen.insert(name) {
                return refuse(format!("the {what} {name:?} stands twice"));
            }
        }
    }
    let of_regions = (genesis.validators.iter().map(|v| &v.region))
        .chain(genesis.registrars.iter().map(|r| &r.region))
        .chain(genesis.agencies.iter().map(|a| &a.region))
        .chain(genesis.members.iter().map(|m| &m.region))
        .chain(genesis.recognition.iter().flat_map(|r| [&r.by, &r.of]))
        .chain(
            genesis
                .agencies
                .iter()
                .flat_map(|a| a.entitlements.iter().map(|e| &e.region)),
        );
    for region in of_regions {
        if !regions.contains(region.as_str()) {
            return refuse(format!("the region {region:?} is not one of its regions"));
        }
    }
    Ok(())
}

fn check_keys(genesis: &Genesis, suite: Suite) -> Result<(), GenesisError> {
    let mut keys: Vec<(&str, &str, &ProvenKey)> = Vec::new();
    for v in &genesis.validators {
        keys.push(("consensus", &v.name, &v.consensus));
        keys.push(("checkpoint", &v.name, &v.checkpoint));
        keys.push(("log", &v.name, &v.log));
        keys.push(("peer", &v.name, &v.peer));
    }
    keys.extend(
        genesis
            .council
            .seats
            .iter()
            .map(|s| ("council", s.name.as_str(), &s.key)),
    );
    keys.extend(
        genesis
            .registrars
            .iter()
            .map(|r| ("registrar", r.id.as_str(), &r.key)),
    );
    keys.extend(
        genesis
            .agencies
            .iter()
            .map(|a| ("agency", a.id.as_str(), &a.key)),
    );
    keys.extend(
        genesis
            .members
            .iter()
            .map(|m| ("member", m.id.as_str(), &m.key)),
    );
    let mut seen = BTreeSet::new();
    for (role, holder, proven) in keys {
        let network = &genesis.network_id;
        possession::check(suite, network, role, holder, &proven.key, &proven.proof)
            .map_err(|error| GenesisError(format!("the {role} key of {holder:?}: {error}")))?;
        if !seen.insert(proven.key) {
            return refuse(format!("the {role} key of {holder:?} stands in two places"));
        }
    }
    Ok(())
}

/// The most purposes of a type, and the longest in bytes: a record holds a use of each.
const PURPOSES_MAX: usize = 5;
const PURPOSE_BYTES_MAX: usize = 16;
/// The most facts in the dictionary of a type: a statement that sets a type has room for them.
const FACTS_MAX: usize = 32;
/// The longest citation of a rule of recognition in bytes.
const CITATION_BYTES_MAX: usize = 256;

/// Whether a network can have a type of these rules; else why not.
pub fn check_type(rules: &TypeRules) -> Result<(), String> {
    let fits = |purpose: &PurposeRules| (1..=PURPOSE_BYTES_MAX).contains(&purpose.name.len());
    let id = &rules.id;
    let is_name = |name: &str| {
        (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
    };
    if !is_id(id) || !is_name(&rules.name_zh) || !is_name(&rules.name_en) {
        return Err(format!("the type {id:?} has an id or a name that is none"));
    }
    if Profile::by_name(&rules.profile).is_none() {
        return Err(format!("the profile {:?} is not known", rules.profile));
    }
    if rules.purposes.len() > PURPOSES_MAX || !rules.purposes.iter().all(fits) {
        return Err(format!("the type {id:?} has too many or too long purposes"));
    }
    let mut names: Vec<&str> = rules.purposes.iter().map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(format!("the type {id:?} has a purpose twice"));
    }
    let mut excluded = rules.exclusions.iter().flatten();
    if rules.exclusions.len() > PURPOSES_MAX || excluded.any(|name| rules.purpose(name).is_none()) {
        return Err(format!(
            "the exclusions of the type {id:?} name a purpose that it does not have"
        ));
    }
    if rules.consent_ms == 0 || rules.purposes.iter().any(|p| p.lock_ms_max == 0) {
        return Err(format!(
            "the times of the type {id:?} for consent and locks must not be 0"
        ));
    }
    if !(-1_440..=1_440).contains(&rules.zone_minutes) {
        return Err(format!("the zone of the type {id:?} is more than a day"));
    }
    if rules.lending.is_some_and(|lending| lending.ms_max == 0) {
        return Err(format!(
            "copies of the type {id:?} must be valid for some time"
        ));
    }
    let mut facts: Vec<&str> = rules.facts.iter().map(|fact| fact.name.as_str()).collect();
    facts.sort_unstable();
    let open = rules.facts.iter().filter(|fact| fact.open).count();
    let named =
        |fact: &FactField| is_id(&fact.name) && is_name(&fact.name_zh) && is_name(&fact.name_en);
    if facts.len() > FACTS_MAX
        || open > OPEN_FACTS_MAX
        || !rules.facts.iter().all(named)
        || facts.windows(2).any(|pair| pair[0] == pair[1])
    {
        return Err(format!(
            "the facts of the type {id:?} are too many, stand twice or have names that are none"
        ));
    }
    Ok(())
}

/// Whether a rule of recognition is well formed; else why not.
pub fn check_rule(rule: &RecognitionRule) -> Result<(), String> {
    let is_text = |text: &str, max: usize| {
        text.len() <= max && !text.chars().any(|c| c.is_control() && c != '\n')
    };
    let condition = |condition: &Condition| match condition {
        Condition::Fact { name, any_of } => {
            is_id(name)
                && (1..=CONDITION_VALUES_MAX).contains(&any_of.len())
                && any_of
                    .iter()
                    .all(|value| is_text(value, OPEN_FACT_BYTES_MAX))
        }
        Condition::RegisteredFrom(_) => true,
    };
    if rule.by == rule.of {
        return Err("a region need not recognise itself".to_owned());
    }
    if rule.citation.is_empty() || !is_text(&rule.citation, CITATION_BYTES_MAX) {
        return Err(format!(
            "the citation must be 1 to {CITATION_BYTES_MAX} bytes without control characters"
        ));
    }
    if !is_text(&rule.text, RULE_TEXT_BYTES_MAX) {
        return Err(format!(
            "the text must be at most {RULE_TEXT_BYTES_MAX} bytes"
        ));
    }
    if rule.conditions.len() > CONDITIONS_MAX || !rule.conditions.iter().all(condition) {
        return Err("its conditions are too many, too long or name no fact".to_owned());
    }
    if rule.until.is_some_and(|until| until <= rule.from) {
        return Err("it ends before it begins".to_owned());
    }
    Ok(())
}

fn check_types(genesis: &Genesis) -> Result<(), GenesisError> {
    let types: BTreeSet<&str> = genesis.types.iter().map(|t| t.id.as_str()).collect();
    for rules in &genesis.types {
        check_type(rules).map_err(GenesisError)?;
    }
    for rule in &genesis.recognition {
        check_rule(rule).map_err(GenesisError)?;
    }
    let named = (genesis.recognition.iter().map(|r| &r.document_type)).chain(
        genesis
            .agencies
            .iter()
            .flat_map(|a| a.entitlements.iter().map(|e| &e.document_type)),
    );
    for name in named {
        if !types.contains(name.as_str()) {
            return refuse(format!("the type {name:?} is not one of its types"));
        }
    }
    // Within what an agency that is admitted later may have: the rules look no further.
    for agency in &genesis.agencies {
        let fits = |of: &Entitlement| {
            of.issuer_prefixes.len() <= PREFIXES_MAX
                && (of.issuer_prefixes.iter()).all(|prefix| prefix.len() <= NAME_BYTES_MAX)
        };
        if agency.entitlements.len() > ENTITLEMENTS_MAX || !agency.entitlements.iter().all(fits) {
            return refuse(format!(
                "the agency {:?} has more than {ENTITLEMENTS_MAX} entitlements, or one of more than \
                 {PREFIXES_MAX} prefixes or of one longer than {NAME_BYTES_MAX} bytes",
                agency.id
            ));
        }
    }
    // Scopes never overlap, also of types that share a profile and so share numbers: else two
    // agencies could claim one issuer's numbers.
    let profile = |id: &str| {
        let rules = genesis.types.iter().find(|rules| rules.id == id);
        rules.map_or("", |rules| rules.profile.as_str())
    };
    let mut scopes: Vec<(&str, Part, &str, &str)> = Vec::new();
    for agency in &genesis.agencies {
        for entitlement in &agency.entitlements {
            for prefix in &entitlement.issuer_prefixes {
                let numbers = profile(&entitlement.document_type);
                scopes.push((numbers, entitlement.part, prefix, &agency.id));
            }
        }
    }
    scopes.sort_unstable();
    scopes.dedup();
    // Sorted, a prefix stands right before the first of what it begins.
    for pair in scopes.windows(2) {
        let [(numbers, part, prefix, agency), (other_numbers, other_part, other, other_agency)] =
            pair
        else {
            continue;
        };
        if other_numbers == numbers && other_part == part && other.starts_with(prefix) {
            return refuse(format!(
                "for numbers of {numbers} the scopes {prefix:?} of {agency:?} and {other:?} of \
                 {other_agency:?} overlap"
            ));
        }
    }
    Ok(())
}
