//! The world of the tests: a network with its state in memory, real statements through read, load,
//! check and execute. After every block every invariant is re-derived from the leaves.

use super::invariants::verify_step;
use super::invariants_of_governance::{verify_written, Counted};
use crate::block::{Before, CheckedBlock, InvalidBlock, ReadBlock, Surroundings};
use crate::{execute, Loaded, Outcome, StateTree, Touch};
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::derived::Halt;
use hefu_proof::log::Frontier;
use hefu_types::block::{Block, CarriedQuorum, Header, MemberCosignature};
use hefu_types::genesis::{Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey};
use hefu_types::genesis::{Region, Seat};
use hefu_types::key;
use hefu_types::leaf::{
    ClockLeaf, Entitlement, Kind, Leaf, Part, PurposeRules, SetLeaf, TypeLeaf, TypeRules, Validator,
};
use hefu_types::operation::{member_commitment, Operation};
use hefu_types::profile::Profile;
use hefu_types::record::Record;
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{Millis, NetworkId, Nonce, OperationId, Salt, StateKey, StatementId, Suite};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const SUITE: Suite = Suite::Sha256Ed25519;
pub(super) const START: Millis = Millis(1_800_000_000_000);
pub(super) const DAY: u64 = 24 * Millis::HOUR;
pub(super) const NETWORK_ID: NetworkId = NetworkId([9; 16]);
pub(super) const BUYER: &str = "91330000BUYER";

pub(super) fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(SUITE, &SUITE.hash(&[name.as_bytes()]).0)
}

/// The key that rows call so: `K`, or `agency:tax` of those that genesis has.
pub(super) fn named_key(name: &str) -> SecretKey {
    match name.split_once(':') {
        Some((role, holder)) => secret(&format!("{role} {holder}")),
        None => secret(&format!("key {name}")),
    }
}

/// The checkpoint key of a validator of genesis, or of one that came later and is new under its name.
fn checkpoint_key(of: &Validator) -> SecretKey {
    let first = secret(&format!("checkpoint {}", of.name));
    if first.public_key() == of.checkpoint_key {
        return first;
    }
    secret(&format!("checkpoint {} again", of.name))
}

pub(super) fn proven(role: &str, holder: &str) -> ProvenKey {
    let key = secret(&format!("{role} {holder}"));
    ProvenKey {
        key: key.public_key(),
        proof: key.prove_possession(&NETWORK_ID, role, holder),
    }
}

pub(super) fn genesis() -> Genesis {
    let entitled = |kind: &str, region: &str, prefix: &str| Entitlement {
        document_type: kind.into(),
        region: region.into(),
        issuer_prefixes: vec![prefix.into()],
        legal_basis: "list, item 1".into(),
        part: Part::Issue,
    };
    let agency = |id: &str, region: &str, entitlements: Vec<Entitlement>| Agency {
        id: id.into(),
        name: id.into(),
        region: region.into(),
        contact: "counter".into(),
        key: proven("agency", id),
        entitlements,
        key_valid_before: START.plus(10 * DAY),
    };
    let member = |id: &str, identifier: &str| Member {
        id: id.into(),
        region: "east".into(),
        identifier: member_commitment(SUITE, id, &salt(id), identifier),
        key: proven("member", id),
        key_valid_before: START.plus(1_000 * DAY),
    };
    let rules = |id: &str, kind: Kind, profile: Profile| {
        let is_invoice = kind == Kind::Invoice;
        let purposes = if is_invoice {
            vec![PurposeRules::new("reimburse")]
        } else {
            vec![]
        };
        TypeRules {
            purposes,
            first_member: is_invoice,
            ..TypeRules::new(id, kind, profile.name())
        }
    };
    Genesis {
        format: 0,
        network_id: NETWORK_ID,
        name: "rules.example".into(),
        suite: SUITE.name().into(),
        time: START,
        heartbeat_ms: 10_000,
        regions: ["east", "west"]
            .map(|id| Region {
                id: id.into(),
                name_zh: id.into(),
                name_en: id.into(),
            })
            .to_vec(),
        validators: vec![GenesisValidator {
            name: "v".into(),
            region: "east".into(),
            consensus: proven("consensus", "v"),
            checkpoint: proven("checkpoint", "v"),
            log: proven("log", "v"),
            peer: proven("peer", "v"),
        }],
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "s".into(),
                key: proven("council", "s"),
            }],
        },
        registrars: vec![],
        agencies: vec![
            agency(
                "tax",
                "east",
                vec![
                    entitled("invoice", "east", "9133"),
                    entitled("licence", "east", "1133"),
                ],
            ),
            agency(
                "west-tax",
                "west",
                vec![entitled("invoice", "west", "9152")],
            ),
        ],
        members: vec![member("buyer", BUYER), member("other", "91330000OTHER")],
        types: vec![
            rules("invoice", Kind::Invoice, Profile::En16931),
            rules("licence", Kind::Licence, Profile::Generic),
        ],
        recognition: vec![],
        rules_version: 1,
    }
}

pub(super) fn salt(of: &str) -> Salt {
    let mut salt = Salt([0; 16]);
    salt.0
        .copy_from_slice(&SUITE.hash(&[b"salt", of.as_bytes()]).0[..16]);
    salt
}

pub(super) fn nonce(count: u64) -> Nonce {
    let mut nonce = Nonce([0; 16]);
    nonce.0[..8].copy_from_slice(&count.to_be_bytes());
    nonce
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) network: Network,
    pub(super) values: BTreeMap<StateKey, Vec<u8>>,
    pub(super) tree: StateTree,
    pub(super) frontier: Frontier,
    pub(super) before: Before,
    pub(super) window: BTreeSet<StatementId>,
    pub(super) rules: BTreeMap<String, TypeRules>,
    pub(super) agencies: BTreeSet<String>,
    pub(super) registrars: BTreeSet<String>,
    /// The text of each checkpoint from height 1 on, with the set that decided its block.
    pub(super) texts: Vec<(String, SetLeaf)>,
    /// The quorum that the next block carries.
    pub(super) carried: Option<CarriedQuorum>,
    pub(super) counted: Counted,
    pub(super) nonce: u64,
    /// The operations of the last block, as its outcomes stand.
    pub(super) last: Vec<Vec<OperationId>>,
}

pub(super) struct Around<'a>(&'a World);

/// Changes the parts of a statement.
pub(super) fn alter(
    statement: &mut Statement,
    change: impl FnOnce(&mut Vec<u8>, &mut Vec<Vec<u8>>),
) {
    let mut cose = statement.cose().to_vec();
    let mut operations: Vec<Vec<u8>> = statement.operations().map(<[u8]>::to_vec).collect();
    change(&mut cose, &mut operations);
    *statement = Statement::of_parts(&cose, &operations);
}

impl Surroundings for Around<'_> {
    type Fault = std::convert::Infallible;
    fn in_window(&self, id: &StatementId) -> Result<bool, Self::Fault> {
        Ok(self.0.window.contains(id))
    }
    fn checkpoint_text(&self, height: u64) -> Result<Option<(String, SetLeaf)>, Self::Fault> {
        let place = usize::try_from(height)
            .ok()
            .and_then(|height| height.checked_sub(1));
        Ok(place.and_then(|place| self.0.texts.get(place)).cloned())
    }
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(genesis())
    }

    pub(super) fn of(genesis: Genesis) -> Self {
        let network = Network::new(genesis.clone()).expect("the genesis holds");
        let values: BTreeMap<_, _> = network.leaves().into_iter().collect();
        let hashes = values
            .iter()
            .map(|(key, bytes)| (*key, SUITE.hash(&[bytes])));
        let tree = StateTree::from_leaves(SUITE, hashes);
        let checkpoint = Checkpoint::genesis(&network, tree.root());
        let before = Before {
            height: 0,
            time: START,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: checkpoint.state_root,
            checkpoint_hash: checkpoint.text_hash(SUITE, network.origin()),
        };
        let frontier = Frontier::new(SUITE);
        Self {
            network,
            values,
            tree,
            frontier,
            before,
            window: BTreeSet::new(),
            rules: (genesis.types.iter())
                .map(|rules| (rules.id.clone(), rules.clone()))
                .collect(),
            agencies: (genesis.agencies.iter())
                .map(|agency| agency.id.clone())
                .collect(),
            registrars: (genesis.registrars.iter())
                .map(|registrar| registrar.id.clone())
                .collect(),
            texts: Vec::new(),
            carried: None,
            counted: Counted::default(),
            nonce: 0,
            last: Vec::new(),
        }
    }

    /// The holder that an actor is, and its key: `office` signs with the key that genesis gave it,
    /// `office/K` with that of the name K.
    fn signer<'a>(&self, actor: &'a str) -> (&'a str, SecretKey) {
        if let Some((holder, key)) = actor.split_once('/') {
            return (holder, named_key(key));
        }
        let role = if self.agencies.contains(actor) {
            "agency"
        } else if self.registrars.contains(actor) {
            "registrar"
        } else {
            "member"
        };
        (actor, secret(&format!("{role} {actor}")))
    }

    pub(super) fn sign(&mut self, actor: &str, mode: Mode, operations: &[Operation]) -> Statement {
        self.nonce += 1;
        let (holder, key) = self.signer(actor);
        Statement::sign(
            SUITE,
            self.network.digest(),
            self.network.origin(),
            &key,
            holder,
            nonce(self.nonce),
            self.before.time.plus(Millis::HOUR / 2),
            mode,
            operations,
        )
    }

    pub(super) fn block(&self, time: Millis, statements: Vec<Statement>) -> Block {
        let header = Header {
            network: self.network.digest(),
            height: self.before.height + 1,
            time,
            parent_size: self.before.size,
            parent_log_root: self.before.log_root,
            parent_state_root: self.before.state_root,
            carried: self.carried.clone(),
        };
        Block { header, statements }
    }

    pub(super) fn check(&self, block: &Block) -> Result<(CheckedBlock, Loaded), InvalidBlock> {
        let read = ReadBlock::read(&block.encode(), &self.network, |_| None)?;
        let mut loaded = Loaded::default();
        loop {
            let missing = loaded.missing(&self.network, &read);
            if missing.is_empty() {
                break;
            }
            for touch in missing {
                let found = self.values.get(&touch.key(SUITE)).cloned();
                // As the store does: another leaf under a record's name is no record.
                let is_record = found.as_deref().is_some_and(|b| Record::decode(b).is_ok());
                let found = found.filter(|_| is_record || !matches!(touch, Touch::Record(_)));
                loaded
                    .put(touch, found.as_deref())
                    .expect("the state is sound");
            }
        }
        let around = Around(self);
        let Ok(checked) = CheckedBlock::check(read, &self.network, &self.before, &loaded, &around);
        checked.map(|checked| (checked, loaded))
    }

    pub(super) fn execute(
        &mut self,
        time: Millis,
        statements: Vec<Statement>,
    ) -> Vec<Vec<Outcome>> {
        let block = self.block(time, statements);
        let (checked, loaded) = self.check(&block).expect("the block is valid");
        let bytes = block.encode();
        let done = execute(
            &self.network,
            &checked,
            &bytes,
            &self.before,
            &loaded,
            &self.tree,
        );
        let again = execute(
            &self.network,
            &checked,
            &bytes,
            &self.before,
            &loaded,
            &self.tree,
        );
        assert_eq!(done.entry, again.entry, "executing is a function");
        self.last.clear();
        for statement in checked.statements() {
            let count = u32::try_from(statement.operations().len()).expect("few");
            let ids = (0..count).map(|index| statement.operation_id(SUITE, index));
            self.last.push(ids.collect());
            self.window.insert(statement.id());
            self.frontier
                .append(SUITE.log_leaf(statement.statement().cose()), |_, _, _| {});
        }
        self.frontier
            .append(SUITE.log_leaf(&done.entry.encode()), |_, _, _| {});
        self.counted.add(&checked, &done.outcomes);
        self.carried = None;
        for (key, change) in &done.changes {
            if let Some(before) = self.values.get(key) {
                verify_written(before, &change.bytes);
            }
            if let Ok(leaf) = TypeLeaf::from_bytes(&change.bytes) {
                self.rules.insert(leaf.rules.id.clone(), leaf.rules);
            }
            let before = self.values.insert(*key, change.bytes.clone());
            if let (true, Some(before)) = (change.is_record, before) {
                let before = Record::decode(&before).expect("a record stays one");
                let after = Record::decode(&change.bytes).expect("a record can be read again");
                let rules = &self.rules[&after.public.document_type];
                verify_step(&before, &after, rules);
            }
        }
        self.tree = done.tree;
        let text = Checkpoint::of_block(&done.entry, self.frontier.root());
        let text = text.text(self.network.origin());
        self.texts.push((text, loaded.set().clone()));
        let checkpoint = Checkpoint::of_block(&done.entry, self.frontier.root());
        assert_eq!(checkpoint.size, self.frontier.size());
        self.before = Before {
            height: done.entry.height,
            time,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: done.entry.state_root,
            checkpoint_hash: checkpoint.text_hash(SUITE, self.network.origin()),
        };
        self.verify_invariants();
        if self.counted.is_governed(&checked) {
            self.verify_governance();
        }
        done.outcomes
    }

    /// Lets the next block carry the quorum of the validators over the checkpoint of a height.
    pub(super) fn carry(&mut self, height: u64) {
        let place = usize::try_from(height - 1).expect("few blocks");
        let (text, set) = &self.texts[place];
        let seconds = self.before.time.0 / 1_000;
        let cosign = |(member, of): (u16, &Validator)| MemberCosignature {
            member,
            seconds,
            signature: checkpoint_key(of).cosign(text, seconds),
        };
        let members = (0..).zip(&set.validators).take(set.quorum());
        self.carried = Some(CarriedQuorum {
            height,
            cosignatures: members.map(cosign).collect(),
        });
    }

    /// One statement of one operation a millisecond later: the code, or 0 if accepted.
    pub(super) fn code(&mut self, actor: &str, operation: Operation) -> u16 {
        let statement = self.sign(actor, Mode::Each, &[operation]);
        let outcomes = self.execute(self.before.time.plus(1), vec![statement]);
        code(&outcomes[0][0])
    }

    pub(super) fn record(&self, key: &StateKey) -> Record {
        Record::decode(&self.values[key]).expect("a record")
    }

    /// Writes a leaf as an act of governance would.
    pub(super) fn govern<L: Leaf>(&mut self, key: StateKey, change: impl FnOnce(&mut L)) {
        let mut leaf = L::from_bytes(&self.values[&key]).expect("the leaf");
        change(&mut leaf);
        let bytes = leaf.to_bytes();
        self.before.state_root = self.tree.apply(&mut [(key, Some(SUITE.hash(&[&bytes])))]);
        self.values.insert(key, bytes);
    }

    /// The clock's last halt.
    pub(super) fn halt(&self) -> Halt {
        let clock = &self.values[&key::clock(SUITE)];
        ClockLeaf::from_bytes(clock).expect("the clock").last_halt
    }

    /// Lets so much time pass in which blocks are made, as often as it takes for none to be a halt.
    pub(super) fn wait(&mut self, milliseconds: u64) {
        let until = self.before.time.plus(milliseconds);
        while self.before.time < until {
            let next = self.before.time.plus(Millis::HOUR).min(until);
            self.execute(next, vec![]);
        }
    }

    /// Lets so much time pass at once: of more than an hour it is a halt.
    pub(super) fn pass(&mut self, milliseconds: u64) {
        self.execute(self.before.time.plus(milliseconds), vec![]);
    }
}

pub(super) fn code(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Accepted => 0,
        Outcome::Refused(refused) => refused.code.number(),
    }
}
