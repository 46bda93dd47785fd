//! What must hold of the leaves that acts of governance write, re-derived after every block that has one.

use super::world::{World, SUITE};
use crate::block::CheckedBlock;
use crate::Outcome;
use hefu_types::genesis::beginnings;
use hefu_types::key;
use hefu_types::leaf::{
    ActionLeaf, AgencyLeaf, ClockLeaf, CouncilLeaf, KeyLeaf, Leaf, MemberLeaf, Part, RegistrarLeaf,
    RulesLeaf, ScopeLeaf, SetCurrentLeaf, SetLeaf, Standing,
};
use hefu_types::operation::{CouncilChange, Operation, REGISTRAR_LEVELS_MAX};
use hefu_types::StateKey;
use std::collections::{BTreeMap, BTreeSet};

/// What was done since genesis, counted beside the rules.
#[derive(Clone, Default)]
pub(super) struct Counted {
    councils: u64,
    compromises: u64,
    actions: u64,
}

impl Counted {
    /// Counts what a block did.
    pub(super) fn add(&mut self, block: &CheckedBlock, outcomes: &[Vec<Outcome>]) {
        for (statement, outcomes) in block.statements().iter().zip(outcomes) {
            let done = statement.operations().iter().zip(outcomes);
            for (operation, _) in done.filter(|(_, outcome)| **outcome == Outcome::Accepted) {
                match operation {
                    Operation::DeclareCompromise(_) => self.compromises += 1,
                    Operation::Govern(govern) => {
                        self.actions += 1;
                        for change in &govern.action.changes {
                            match change {
                                CouncilChange::DeclareCompromise(_) => self.compromises += 1,
                                CouncilChange::SetCouncil(_) => self.councils += 1,
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether a block has an act of governance, or carries a quorum that may bring a set into force.
    pub(super) fn is_governed(&self, block: &CheckedBlock) -> bool {
        let mut operations = (block.statements().iter()).flat_map(|of| of.operations());
        block.header().carried.is_some()
            || operations.any(|operation| {
                matches!(
                    operation,
                    Operation::Govern(_)
                        | Operation::AdmitAgency(_)
                        | Operation::ChangeAgency(_)
                        | Operation::AdmitMember(_)
                        | Operation::SetRegistrar(_)
                        | Operation::SetStanding(_)
                        | Operation::AddKey(_)
                        | Operation::RetireKey(_)
                        | Operation::ConfirmKey(_)
                        | Operation::DeclareCompromise(_)
                )
            })
    }
}

/// What no block may do to a leaf that is there.
pub(super) fn verify_written(before: &[u8], after: &[u8]) {
    if let Ok(was) = KeyLeaf::from_bytes(before) {
        let is = KeyLeaf::from_bytes(after).expect("a key stays one");
        let place = |leaf: &KeyLeaf| (leaf.key, leaf.holder.clone(), leaf.role);
        assert_eq!(place(&was), place(&is), "a key has one place for ever");
        let times = |leaf: &KeyLeaf| (leaf.valid_from, leaf.valid_before);
        assert_eq!(times(&was), times(&is), "the time of a key stays");
        let keeps = was.retired_at.is_none() || was.retired_at == is.retired_at;
        assert!(keeps, "a key retires once");
        if let Some(since) = was.compromised_since {
            let now = is.compromised_since;
            assert!(
                now.is_some_and(|now| now <= since),
                "no doubt is taken back"
            );
        }
        assert!(was.confirmed_at <= is.confirmed_at);
        assert_ne!(was.operation, is.operation, "a leaf names who wrote it");
    }
    if ActionLeaf::from_bytes(before).is_ok() {
        panic!("an action is executed once");
    }
    if SetLeaf::from_bytes(before).is_ok() {
        panic!("a set is written once");
    }
    let standing = |bytes: &[u8]| {
        let agency = AgencyLeaf::from_bytes(bytes).map(|leaf| leaf.standing);
        let member = || MemberLeaf::from_bytes(bytes).map(|leaf| leaf.standing);
        let registrar = || RegistrarLeaf::from_bytes(bytes).map(|leaf| leaf.standing);
        agency.or_else(|_| member()).or_else(|_| registrar()).ok()
    };
    if standing(before) == Some(Standing::Retired) {
        let is_member = MemberLeaf::from_bytes(before).is_ok();
        assert!(!is_member, "who is retired is not written again");
        assert_eq!(standing(after), Some(Standing::Retired), "retired for good");
    }
    if let (Ok(was), Ok(is)) = (
        RegistrarLeaf::from_bytes(before),
        RegistrarLeaf::from_bytes(after),
    ) {
        assert_eq!((was.parent, was.region), (is.parent, is.region));
    }
    if let (Ok(was), Ok(is)) = (RulesLeaf::from_bytes(before), RulesLeaf::from_bytes(after)) {
        assert!(was.version <= is.version, "no version comes back");
    }
}

impl World {
    fn leaves<L: Leaf>(&self, key: impl Fn(&L) -> StateKey) -> BTreeMap<StateKey, L> {
        let read = self.values.iter().filter_map(|(at, bytes)| {
            let leaf = L::from_bytes(bytes).ok()?;
            (key(&leaf) == *at).then_some((*at, leaf))
        });
        read.collect()
    }

    pub(super) fn leaf<L: Leaf>(&self, at: StateKey) -> L {
        L::from_bytes(&self.values[&at]).expect("the leaf")
    }

    /// Everything that must hold of registrars, agencies, keys, the council and the sets.
    pub(super) fn verify_governance(&self) {
        self.verify_scopes();
        let registrars = self.leaves(|leaf: &RegistrarLeaf| key::registrar(SUITE, &leaf.id));
        for leaf in registrars.values() {
            let (mut levels, mut above) = (1, leaf.parent.clone());
            while let Some(id) = above {
                let parent = &registrars[&key::registrar(SUITE, &id)];
                assert_eq!(parent.region, leaf.region);
                levels += 1;
                assert!(
                    levels <= REGISTRAR_LEVELS_MAX,
                    "no more levels than allowed"
                );
                above = parent.parent.clone();
            }
        }
        let clock: ClockLeaf = self.leaf(key::clock(SUITE));
        assert_eq!(
            clock.council_epoch, self.counted.councils,
            "each council has an epoch"
        );
        assert_eq!(clock.compromise_counter, self.counted.compromises);
        let actions = self.values.values();
        let actions = actions.filter(|bytes| ActionLeaf::from_bytes(bytes).is_ok());
        assert_eq!(
            actions.count() as u64,
            self.counted.actions,
            "each action is remembered"
        );
        let council: CouncilLeaf = self.leaf(key::council(SUITE));
        let names: BTreeSet<&str> = council
            .seats
            .iter()
            .map(|seat| seat.name.as_str())
            .collect();
        assert_eq!(names.len(), council.seats.len());
        assert!((1..=council.seats.len()).contains(&(council.threshold as usize)));
        for seat in &council.seats {
            let at = key::public_key(SUITE, &SUITE.key_id(&seat.key));
            assert_eq!(self.leaf::<KeyLeaf>(at).holder.id(), seat.name);
        }
        self.verify_sets();
    }

    /// The trie of the scopes is that of the agencies' entitlements, each count exact, and no prefix
    /// that has an agency begins another.
    fn verify_scopes(&self) {
        let mut expected: BTreeMap<StateKey, ScopeLeaf> = BTreeMap::new();
        let mut all: BTreeSet<(String, Part, String)> = BTreeSet::new();
        let agencies = self.leaves(|leaf: &AgencyLeaf| key::agency(SUITE, &leaf.id));
        for agency in agencies
            .values()
            .filter(|of| of.standing != Standing::Retired)
        {
            let mut own = BTreeSet::new();
            for entitlement in &agency.entitlements {
                let profile = self.rules[&entitlement.document_type].profile.clone();
                let prefixes = entitlement.issuer_prefixes.iter();
                own.extend(prefixes.map(|of| (profile.clone(), entitlement.part, of.clone())));
            }
            for scope in own {
                let (profile, part, prefix) = &scope;
                for above in beginnings(prefix) {
                    let at = key::scope(SUITE, profile, *part, above);
                    expected.entry(at).or_default().below += 1;
                }
                let at = key::scope(SUITE, profile, *part, prefix);
                expected.entry(at).or_default().agency = Some(agency.id.clone());
                assert!(all.insert(scope), "a prefix has one agency");
            }
        }
        for (profile, part, prefix) in &all {
            for above in beginnings(prefix) {
                let above = (profile.clone(), *part, above.to_owned());
                assert!(!all.contains(&above), "{above:?} begins {prefix:?}");
            }
        }
        let nothing = ScopeLeaf::default();
        for (at, bytes) in &self.values {
            if let Ok(leaf) = ScopeLeaf::from_bytes(bytes) {
                let expected = expected.remove(at);
                assert_eq!(
                    leaf,
                    expected.unwrap_or(nothing.clone()),
                    "the scopes add up"
                );
            }
        }
        assert!(expected.is_empty(), "every scope has a leaf");
    }

    fn verify_sets(&self) {
        let current: SetCurrentLeaf = self.leaf(key::set_current(SUITE));
        let last = current.epoch + u64::from(current.waiting_since.is_some());
        let sets = self.leaves(|leaf: &SetLeaf| key::set(SUITE, leaf.epoch));
        let epochs: BTreeSet<u64> = sets.values().map(|set| set.epoch).collect();
        assert_eq!(epochs, (0..=last).collect(), "the sets have no gap");
        for set in sets.values() {
            let names: BTreeSet<&str> = set.validators.iter().map(|of| of.name.as_str()).collect();
            assert_eq!(names.len(), set.validators.len());
            let before = set
                .epoch
                .checked_sub(1)
                .map(|epoch| &sets[&key::set(SUITE, epoch)]);
            if let Some(before) = before {
                let stay = |of: &&_| before.validators.contains(of);
                let both = set.validators.iter().filter(stay).count();
                assert!(3 * both > 2 * before.validators.len(), "two thirds stay");
                assert!(3 * both > 2 * set.validators.len(), "two thirds were there");
            }
        }
    }
}
