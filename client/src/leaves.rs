//! Leaves of the ledger that are no records: agencies, keys, registrars, types, the council. Many are
//! proven at once, present or absent.

use crate::failure::Failure;
use crate::nodes::Nodes;
use hefu_proof::certificate::VerifiedState;
use hefu_types::leaf::{
    AgencyLeaf, KeyLeaf, Leaf, MemberLeaf, RegionLeaf, RegistrarLeaf, TypeLeaf,
};
use hefu_types::{key, KeyId, Millis, StateKey, Suite};
use hefu_wire::path::RECORDS_MAX;
use std::collections::BTreeSet;

/// Leaves that were proven.
pub struct Leaves {
    suite: Suite,
    states: Vec<VerifiedState>,
}

impl Leaves {
    /// Proves what stands under keys, at a height of at least this.
    pub fn read(
        nodes: &Nodes,
        keys: impl IntoIterator<Item = StateKey>,
        height_min: u64,
    ) -> Result<Self, Failure> {
        let mut leaves = Self {
            suite: nodes.network().suite(),
            states: Vec::new(),
        };
        leaves.read_more(nodes, keys, height_min)?;
        Ok(leaves)
    }

    /// Proves more. What was proven already is not asked for again.
    pub fn read_more(
        &mut self,
        nodes: &Nodes,
        keys: impl IntoIterator<Item = StateKey>,
        height_min: u64,
    ) -> Result<(), Failure> {
        let unknown: BTreeSet<StateKey> = keys.into_iter().filter(|at| !self.knows(at)).collect();
        let unknown: Vec<StateKey> = unknown.into_iter().collect();
        for keys in unknown.chunks(RECORDS_MAX) {
            self.states.push(nodes.records(keys, height_min)?.state);
        }
        Ok(())
    }

    fn knows(&self, at: &StateKey) -> bool {
        self.states.iter().any(|state| state.value(at).is_some())
    }

    /// What stands under a key that was asked for; `None` where it is proven that nothing does.
    pub fn get<L: Leaf>(&self, at: &StateKey) -> Result<Option<L>, Failure> {
        let state = self.states.iter().find(|state| state.value(at).is_some());
        let state = state.ok_or_else(|| Failure::Unreachable {
            tried: vec!["a leaf was not proven".to_owned()],
        })?;
        state.leaf(at, "the leaf").map_err(|error| {
            Failure::asked(
                format!("what the ledger holds there is newer than this program ({error}): get the newest `hefu`"),
                format!("账本上的内容比本程序更新（{error}）：请更新 hefu"),
            )
        })
    }

    /// An agency that was asked for.
    pub fn agency(&self, id: &str) -> Result<Option<AgencyLeaf>, Failure> {
        self.get(&key::agency(self.suite, id))
    }

    /// A member that was asked for.
    pub fn member(&self, id: &str) -> Result<Option<MemberLeaf>, Failure> {
        self.get(&key::member(self.suite, id))
    }

    /// A registrar that was asked for.
    pub fn registrar(&self, id: &str) -> Result<Option<RegistrarLeaf>, Failure> {
        self.get(&key::registrar(self.suite, id))
    }

    /// A key that was asked for.
    pub fn key(&self, id: &KeyId) -> Result<Option<KeyLeaf>, Failure> {
        self.get(&key::public_key(self.suite, id))
    }

    /// A region that was asked for.
    pub fn region(&self, id: &str) -> Result<Option<RegionLeaf>, Failure> {
        self.get(&key::region(self.suite, id))
    }

    /// A type that was asked for.
    pub fn document_type(&self, id: &str) -> Result<Option<TypeLeaf>, Failure> {
        self.get(&key::document_type(self.suite, id))
    }

    /// The least height at which any of it was proven.
    pub fn height(&self) -> u64 {
        let heights = self
            .states
            .iter()
            .map(|state| state.checkpoint().checkpoint().height);
        heights.min().unwrap_or(0)
    }

    /// The block time of that height.
    pub fn time(&self) -> Millis {
        let times = self
            .states
            .iter()
            .map(|state| state.checkpoint().checkpoint().time);
        times.min().unwrap_or_default()
    }
}
