//! What a block touches, and what was found there.
//!
//! The shell asks [`Loaded::missing`] which leaves it still has to fetch, fetches them, and asks
//! again until nothing is missing: a record's type is known only when the record is there, and who is
//! above a registrar only when the registrar is. Six rounds at the most.

mod registry;

use crate::block::ReadBlock;
use hefu_types::canonical::DecodeError;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{
    AgencyLeaf, ClockLeaf, CoverageLeaf, DigestLeaf, KeyLeaf, Leaf, MemberLeaf, RulesLeaf,
    SetCurrentLeaf, SetLeaf, TypeLeaf,
};
use hefu_types::numbering::NumberingLeaf;
use hefu_types::operation::Operation;
use hefu_types::profile::Profile;
use hefu_types::record::Record;
use hefu_types::{Digest, KeyId, StateKey, Suite};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A leaf to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Touch {
    /// A public key.
    Key(KeyId),
    /// An agency.
    Agency(String),
    /// A member.
    Member(String),
    /// A document type.
    Type(String),
    /// A record.
    Record(StateKey),
    /// The record of a rendition.
    Digest(Digest),
    /// The ranges of a numbering.
    Numbering(StateKey),
    /// A promise of coverage: type, region, agency.
    Coverage(String, String, String),
    /// The clock.
    Clock,
    /// The rules' version.
    Rules,
    /// The epoch in force.
    SetCurrent,
    /// A validator set.
    Set(u64),
    /// Any other leaf, by its key: acts of governance read few of each kind.
    Leaf(StateKey),
}

impl Touch {
    /// Where it stands in the state tree.
    pub fn key(&self, suite: Suite) -> StateKey {
        match self {
            Self::Key(id) => key::public_key(suite, id),
            Self::Agency(id) => key::agency(suite, id),
            Self::Member(id) => key::member(suite, id),
            Self::Type(id) => key::document_type(suite, id),
            Self::Record(key) => *key,
            Self::Digest(digest) => key::digest(suite, digest),
            Self::Numbering(key) => *key,
            Self::Coverage(of_type, region, agency) => {
                key::coverage(suite, of_type, region, agency)
            }
            Self::Clock => key::clock(suite),
            Self::Rules => key::rules(suite),
            Self::SetCurrent => key::set_current(suite),
            Self::Set(epoch) => key::set(suite, *epoch),
            Self::Leaf(key) => *key,
        }
    }
}

/// The leaves that a block touches, as they were before it. `None` under a name: nothing is there.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    keys: HashMap<KeyId, Option<KeyLeaf>>,
    agencies: HashMap<String, Option<AgencyLeaf>>,
    members: HashMap<String, Option<MemberLeaf>>,
    types: HashMap<String, Option<TypeLeaf>>,
    pub(crate) records: HashMap<StateKey, Option<Record>>,
    pub(crate) digests: HashMap<Digest, Option<DigestLeaf>>,
    pub(crate) numberings: HashMap<StateKey, Option<NumberingLeaf>>,
    coverage: HashMap<(String, String, String), Option<CoverageLeaf>>,
    clock: Option<ClockLeaf>,
    rules: Option<RulesLeaf>,
    current: Option<SetCurrentLeaf>,
    set: Option<SetLeaf>,
    leaves: BTreeMap<StateKey, Option<Vec<u8>>>,
}

/// What is still to be fetched, while it is collected.
struct Missing<'a> {
    loaded: &'a Loaded,
    touches: BTreeSet<Touch>,
    /// The agencies whose scopes were asked for.
    scoped: BTreeSet<String>,
}

impl Missing<'_> {
    fn add(&mut self, touch: Touch) {
        if !self.loaded.holds(&touch) {
            self.touches.insert(touch);
        }
    }

    /// The same of a name, which most operations of a block share.
    fn add_named(&mut self, touch: fn(String) -> Touch, name: &str) {
        let touch = touch(name.to_owned());
        self.add(touch);
    }

    /// The profile of a type that is loaded; else the type is asked for.
    fn profile(&mut self, document_type: &str) -> Option<(Profile, bool)> {
        let Some(known) = self.loaded.types.get(document_type) else {
            self.add_named(Touch::Type, document_type);
            return None;
        };
        let rules = &known.as_ref()?.rules;
        Some((Profile::by_name(&rules.profile)?, rules.ranges))
    }

    fn add_record(&mut self, record: StateKey) {
        self.add(Touch::Record(record));
        if let Some(Some(record)) = self.loaded.records.get(&record) {
            let of_type = &record.public.document_type;
            if !self.loaded.types.contains_key(of_type) {
                self.add_named(Touch::Type, of_type);
            }
        }
    }

    fn add_touched_by(&mut self, suite: Suite, issuer: &str, operation: &Operation) {
        for digest in operation.digests() {
            self.add(Touch::Digest(*digest));
            // Of whom the file is decides whether it is taken.
            if let Some(Some(leaf)) = self.loaded.digests.get(digest) {
                if !leaf.withdrawn {
                    self.add_record(leaf.record);
                }
            }
        }
        if let Some((digest, unattested)) = operation.unattested() {
            self.add(Touch::Digest(*digest));
            self.profile(&unattested.document_type);
        }
        if let Some(numbering) = operation.numbering() {
            if let Some((profile, _)) = self.profile(&numbering.document_type) {
                self.add(Touch::Numbering(key::numbering(suite, profile, numbering)));
            }
        }
        if let Some(record) = operation.record() {
            self.add_record(*record);
        }
        match operation {
            Operation::Register(register) => {
                let Some((profile, ranges)) = self.profile(&register.document_type) else {
                    return;
                };
                let Ok(number) = profile.check(&register.identity) else {
                    return;
                };
                let record = key::record(suite, &number);
                self.add_record(record);
                if ranges {
                    let numbers = register.numbering();
                    self.add(Touch::Numbering(key::numbering(suite, profile, &numbers)));
                }
            }
            Operation::Reverse(reverse) => {
                if let Some(note) = reverse.credit_note {
                    self.add_record(note);
                }
            }
            Operation::Replace(replace) => self.add_record(replace.by),
            Operation::Renew(renew) => self.add_record(renew.by),
            Operation::TransferIn(transfer) => self.add_record(transfer.from),
            Operation::TransferOut(transfer) => {
                self.add(Touch::Leaf(key::region(suite, &transfer.to)));
            }
            Operation::Lend(lend) => {
                self.add_record(key::copy(suite, &lend.record, &lend.terms.number));
            }
            Operation::DelegateRange(delegate) => self.add_named(Touch::Agency, &delegate.to),
            Operation::Cover(cover) => {
                self.profile(&cover.document_type);
                self.add(Touch::Coverage(
                    cover.document_type.clone(),
                    cover.region.clone(),
                    issuer.to_owned(),
                ));
            }
            other => self.add_touched_by_registry(suite, issuer, other),
        }
    }
}

impl Loaded {
    /// What is not yet loaded of what a block touches; ascending, each once.
    pub fn missing(&self, network: &Network, block: &ReadBlock) -> Vec<Touch> {
        let mut missing = Missing {
            loaded: self,
            touches: self.missing_of_ledger().into_iter().collect(),
            scoped: BTreeSet::new(),
        };
        for statement in block.statements() {
            missing.add(Touch::Key(statement.key_id()));
            missing.add_named(Touch::Agency, statement.issuer());
            missing.add_named(Touch::Member, statement.issuer());
            for operation in statement.operations() {
                missing.add_touched_by(network.suite(), statement.issuer(), operation);
            }
        }
        missing.touches.into_iter().collect()
    }

    /// What every block needs: the ledger's own leaves.
    fn missing_of_ledger(&self) -> Vec<Touch> {
        let mut missing = vec![Touch::Clock, Touch::Rules, Touch::SetCurrent];
        if let Some(current) = &self.current {
            missing.push(Touch::Set(current.epoch));
        }
        missing.retain(|touch| !self.holds(touch));
        missing
    }

    fn holds(&self, touch: &Touch) -> bool {
        match touch {
            Touch::Key(id) => self.keys.contains_key(id),
            Touch::Agency(id) => self.agencies.contains_key(id),
            Touch::Member(id) => self.members.contains_key(id),
            Touch::Type(id) => self.types.contains_key(id),
            Touch::Record(key) => self.records.contains_key(key),
            Touch::Digest(digest) => self.digests.contains_key(digest),
            Touch::Numbering(key) => self.numberings.contains_key(key),
            Touch::Coverage(of_type, region, agency) => {
                let name = (of_type.clone(), region.clone(), agency.clone());
                self.coverage.contains_key(&name)
            }
            Touch::Clock => self.clock.is_some(),
            Touch::Rules => self.rules.is_some(),
            Touch::SetCurrent => self.current.is_some(),
            Touch::Set(_) => self.set.is_some(),
            Touch::Leaf(key) => self.leaves.contains_key(key),
        }
    }

    /// Takes what the shell found: the bytes under a touch's key, or nothing.
    pub fn put(&mut self, touch: Touch, bytes: Option<&[u8]>) -> Result<(), DecodeError> {
        fn read<L: Leaf>(bytes: Option<&[u8]>) -> Result<Option<L>, DecodeError> {
            bytes.map(L::from_bytes).transpose()
        }
        match touch {
            Touch::Key(id) => drop(self.keys.insert(id, read(bytes)?)),
            Touch::Agency(id) => drop(self.agencies.insert(id, read(bytes)?)),
            Touch::Member(id) => drop(self.members.insert(id, read(bytes)?)),
            Touch::Type(id) => drop(self.types.insert(id, read(bytes)?)),
            Touch::Record(key) => {
                drop(
                    self.records
                        .insert(key, bytes.map(Record::decode).transpose()?),
                );
            }
            Touch::Digest(digest) => drop(self.digests.insert(digest, read(bytes)?)),
            Touch::Numbering(key) => drop(self.numberings.insert(key, read(bytes)?)),
            Touch::Coverage(of_type, region, agency) => {
                drop(
                    self.coverage
                        .insert((of_type, region, agency), read(bytes)?),
                );
            }
            Touch::Clock => self.clock = read(bytes)?,
            Touch::Rules => self.rules = read(bytes)?,
            Touch::SetCurrent => self.current = read(bytes)?,
            Touch::Set(_) => self.set = read(bytes)?,
            Touch::Leaf(key) => drop(self.leaves.insert(key, bytes.map(<[u8]>::to_vec))),
        }
        Ok(())
    }

    /// A public key's leaf.
    pub fn key(&self, id: &KeyId) -> Option<&KeyLeaf> {
        self.keys.get(id)?.as_ref()
    }
    pub(crate) fn agency(&self, id: &str) -> Option<&AgencyLeaf> {
        self.agencies.get(id)?.as_ref()
    }
    pub(crate) fn member(&self, id: &str) -> Option<&MemberLeaf> {
        self.members.get(id)?.as_ref()
    }
    pub(crate) fn coverage(
        &self,
        of_type: &str,
        region: &str,
        agency: &str,
    ) -> Option<&CoverageLeaf> {
        let name = (of_type.to_owned(), region.to_owned(), agency.to_owned());
        self.coverage.get(&name)?.as_ref()
    }
    pub(crate) fn document_type(&self, id: &str) -> Option<&TypeLeaf> {
        self.types.get(id)?.as_ref()
    }

    /// The bytes of a leaf that is none of those above.
    pub(crate) fn leaf(&self, key: &StateKey) -> Option<&[u8]> {
        self.leaves.get(key)?.as_deref()
    }

    /// The epoch in force.
    pub(crate) fn current(&self) -> &SetCurrentLeaf {
        self.current
            .as_ref()
            .expect("the epoch is loaded before a block is judged")
    }

    /// The clock. Genesis wrote it, every block writes it.
    pub fn clock(&self) -> &ClockLeaf {
        self.clock
            .as_ref()
            .expect("the clock is loaded before a block is judged")
    }
    /// The rules' version.
    pub fn rules(&self) -> &RulesLeaf {
        self.rules
            .as_ref()
            .expect("the rules' version is loaded before a block is judged")
    }
    /// The validator set in force.
    pub fn set(&self) -> &SetLeaf {
        self.set
            .as_ref()
            .expect("the validator set is loaded before a block is judged")
    }
}
