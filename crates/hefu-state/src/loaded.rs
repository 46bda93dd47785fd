//! What a block touches, and what was found there.
//!
//! The shell asks [`Loaded::missing`] which leaves it still has to fetch, fetches them, and asks
//! again until nothing is missing: a record's type is known only when the record is there. Three
//! rounds at the most.

use crate::block::ReadBlock;
use hefu_types::canonical::DecodeError;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{
    AgencyLeaf, ClockLeaf, DigestLeaf, KeyLeaf, Leaf, MemberLeaf, RulesLeaf, SetCurrentLeaf,
    SetLeaf, TypeLeaf,
};
use hefu_types::operation::Operation;
use hefu_types::profile::{LegalNumber, Profile};
use hefu_types::record::Record;
use hefu_types::{Digest, KeyId, StateKey, Suite};
use std::collections::HashMap;

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
    /// The clock.
    Clock,
    /// The rules' version.
    Rules,
    /// The epoch in force.
    SetCurrent,
    /// A validator set.
    Set(u64),
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
            Self::Clock => key::clock(suite),
            Self::Rules => key::rules(suite),
            Self::SetCurrent => key::set_current(suite),
            Self::Set(epoch) => key::set(suite, *epoch),
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
    clock: Option<ClockLeaf>,
    rules: Option<RulesLeaf>,
    current: Option<SetCurrentLeaf>,
    set: Option<SetLeaf>,
}

impl Loaded {
    /// What is not yet loaded of what a block touches; ascending, each once.
    pub fn missing(&self, network: &Network, block: &ReadBlock) -> Vec<Touch> {
        let mut missing = self.missing_of_ledger();
        for statement in block.statements() {
            missing.push(Touch::Key(statement.key_id()));
            missing.push(Touch::Agency(statement.issuer().to_owned()));
            missing.push(Touch::Member(statement.issuer().to_owned()));
            for operation in statement.operations() {
                self.touched_by(network.suite(), operation, &mut missing);
            }
        }
        missing.retain(|touch| !self.holds(touch));
        missing.sort_unstable();
        missing.dedup();
        missing
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

    fn touched_by(&self, suite: Suite, operation: &Operation, missing: &mut Vec<Touch>) {
        let record = match operation {
            Operation::Register(register) => {
                missing.push(Touch::Type(register.document_type.clone()));
                missing.extend(register.digests.iter().copied().map(Touch::Digest));
                let Some(number) = self.number(&register.document_type, &register.identity) else {
                    return;
                };
                key::record(suite, &number)
            }
            Operation::Revoke(revoke) => revoke.record,
            Operation::Cancel(cancel) => cancel.record,
            Operation::Consume(consume) => consume.record,
        };
        missing.push(Touch::Record(record));
        if let Some(Some(record)) = self.records.get(&record) {
            missing.push(Touch::Type(record.public.document_type.clone()));
        }
    }

    /// The legal number of an operation, where its type is loaded and its profile fits.
    fn number(
        &self,
        document_type: &str,
        identity: &hefu_types::profile::Identity,
    ) -> Option<LegalNumber> {
        let rules = &self.types.get(document_type)?.as_ref()?.rules;
        Profile::by_name(&rules.profile)?.check(identity).ok()
    }

    fn holds(&self, touch: &Touch) -> bool {
        match touch {
            Touch::Key(id) => self.keys.contains_key(id),
            Touch::Agency(id) => self.agencies.contains_key(id),
            Touch::Member(id) => self.members.contains_key(id),
            Touch::Type(id) => self.types.contains_key(id),
            Touch::Record(key) => self.records.contains_key(key),
            Touch::Digest(digest) => self.digests.contains_key(digest),
            Touch::Clock => self.clock.is_some(),
            Touch::Rules => self.rules.is_some(),
            Touch::SetCurrent => self.current.is_some(),
            Touch::Set(_) => self.set.is_some(),
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
            Touch::Clock => self.clock = read(bytes)?,
            Touch::Rules => self.rules = read(bytes)?,
            Touch::SetCurrent => self.current = read(bytes)?,
            Touch::Set(_) => self.set = read(bytes)?,
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
    pub(crate) fn document_type(&self, id: &str) -> Option<&TypeLeaf> {
        self.types.get(id)?.as_ref()
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
