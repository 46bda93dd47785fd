//! The blocks that are proposed and not decided.
//!
//! Each is on disk before anybody hears of it ([`crate::Application::keep`]); this is the same in
//! memory, with what was said of it. A block is found by its id in any round, because the engine
//! pairs values with proposals by id alone: the round of a value is where it was proposed first.

use crate::application::KeptProposal;
use crate::context::{Address, HefuContext, Height, ValueId};
use crate::parts::{Assembled, Head, SignedHead};
use crate::signing::EngineSignature;
use arc_malachitebft_app::types::ProposedValue;
use arc_malachitebft_core_types::{Round, Validity};
use bytes::Bytes;
use hefu_types::{BlockId, KeyId};
use std::collections::BTreeMap;

/// Height, round of its first proposal, and id of a block.
pub(crate) type Key = (u64, u32, BlockId);

/// A proposed block and what was said of it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub kept: KeptProposal,
    /// Judging it may ask the clock: it came in its own round, and nobody restreamed it.
    pub ask_clock: bool,
    /// What the engine was told. Valid or invalid once is so for ever.
    pub told: Option<Validity>,
}

/// The proposed blocks of the heights that are not decided.
#[derive(Debug, Default)]
pub(crate) struct Proposals(BTreeMap<Key, Entry>);

impl Proposals {
    /// What was kept before a restart.
    pub fn load(kept: Vec<KeptProposal>, decided: u64) -> Self {
        let mut proposals = Self::default();
        for kept in kept.into_iter().filter(|kept| kept.height > decided) {
            proposals.insert(Entry {
                kept,
                ask_clock: false,
                told: None,
            });
        }
        proposals
    }

    /// Adds a block.
    pub fn insert(&mut self, entry: Entry) {
        self.0.insert(entry.kept.key(), entry);
    }

    /// One block.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Entry> {
        self.0.get_mut(key)
    }

    /// The block that this proposer made for a round.
    pub fn made_by(&self, height: u64, round: u32, proposer: &KeyId) -> Option<&KeptProposal> {
        let of_round = self
            .0
            .range((height, round, BlockId([0; 32]))..)
            .map(|(_, entry)| &entry.kept);
        of_round
            .take_while(|kept| (kept.height, kept.round) == (height, round))
            .find(|kept| kept.proposer == *proposer && kept.signature.is_some())
    }

    /// The bytes of a block, whatever round it comes from.
    pub fn block(&self, height: u64, id: &BlockId) -> Option<&Bytes> {
        self.of_height(height)
            .find(|kept| kept.block_id == *id)
            .map(|kept| &kept.block)
    }

    /// A block that can be restreamed: one whose proposer signed its head.
    pub fn signed(&self, height: u64, id: &BlockId) -> Option<(SignedHead, &Bytes)> {
        let mut blocks = self.of_height(height).filter(|kept| kept.block_id == *id);
        blocks.find_map(|kept| Some((kept.signed_head()?, &kept.block)))
    }

    /// Those of a height, up to a round, of which the engine was not told.
    pub fn untold(&self, height: u64, round: u32) -> Vec<Key> {
        self.0
            .range((height, 0, BlockId([0; 32]))..=(height, round, BlockId([0xff; 32])))
            .filter(|(_, entry)| entry.told.is_none())
            .map(|(key, _)| *key)
            .collect()
    }

    /// The engine starts a height again and knows nothing of it any more.
    pub fn untell(&mut self, height: u64) {
        for entry in self
            .0
            .values_mut()
            .filter(|entry| entry.kept.height == height)
        {
            entry.told = None;
            entry.ask_clock = false;
        }
    }

    /// Forgets the blocks of decided heights.
    pub fn decided(&mut self, height: u64) {
        self.0.retain(|(of, _, _), _| *of > height);
    }

    fn of_height(&self, height: u64) -> impl Iterator<Item = &KeptProposal> {
        let from = (height, 0, BlockId([0; 32]));
        self.0
            .range(from..)
            .map(|(_, entry)| &entry.kept)
            .take_while(move |kept| kept.height == height)
    }
}

impl KeptProposal {
    /// A block that arrived in parts whose head is proven.
    pub(crate) fn of(assembled: Assembled) -> Self {
        let SignedHead { head, signature } = assembled.signed;
        Self {
            height: head.height,
            round: head.round,
            proposer: head.proposer.0,
            block_id: head.block.0,
            signature: Some(signature.0),
            block: assembled.block,
        }
    }

    pub(crate) fn key(&self) -> Key {
        (self.height, self.round, self.block_id)
    }

    /// The head that its proposer signed.
    pub(crate) fn signed_head(&self) -> Option<SignedHead> {
        let head = Head {
            height: self.height,
            round: self.round,
            proposer: Address(self.proposer),
            block: ValueId(self.block_id),
            length: self.block.len() as u64,
        };
        self.signature.map(|signature| SignedHead {
            head,
            signature: EngineSignature(signature),
        })
    }

    /// As the engine is told of it. Its round and proposer are those of its head, also when it is
    /// proposed again: the engine looks at the id only, but panics on two proposers of one round.
    pub(crate) fn value(&self, validity: Validity) -> ProposedValue<HefuContext> {
        ProposedValue {
            height: Height(self.height),
            round: Round::new(self.round),
            valid_round: Round::Nil,
            proposer: Address(self.proposer),
            value: ValueId(self.block_id),
            validity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_types::Signature;

    fn kept(height: u64, round: u32, id: u8, signed: bool) -> KeptProposal {
        KeptProposal {
            height,
            round,
            proposer: KeyId([9; 32]),
            block_id: BlockId([id; 32]),
            signature: signed.then_some(Signature([1; 64])),
            block: vec![id].into(),
        }
    }

    fn proposals(kept: &[KeptProposal]) -> Proposals {
        Proposals::load(kept.to_vec(), 4)
    }

    #[test]
    fn a_block_is_found_by_its_id_in_any_round() {
        let all = proposals(&[
            kept(5, 0, 1, true),
            kept(5, 3, 2, true),
            kept(6, 0, 3, true),
        ]);
        assert_eq!(
            all.block(5, &BlockId([2; 32])),
            Some(&Bytes::from_static(&[2]))
        );
        assert_eq!(all.block(5, &BlockId([3; 32])), None, "of another height");
    }

    #[test]
    fn only_what_its_proposer_signed_is_restreamed() {
        let all = proposals(&[
            kept(5, 0, 1, false),
            kept(5, 2, 1, true),
            kept(5, 0, 2, false),
        ]);
        let (signed, _) = all.signed(5, &BlockId([1; 32])).expect("signed in round 2");
        assert_eq!(signed.head.round, 2);
        assert!(all.signed(5, &BlockId([2; 32])).is_none());
        assert!(all.made_by(5, 0, &KeyId([9; 32])).is_none(), "came by sync");
        assert_eq!(
            all.made_by(5, 2, &KeyId([9; 32])),
            Some(&kept(5, 2, 1, true))
        );
    }

    #[test]
    fn the_engine_is_told_in_the_round_of_a_block_and_once() {
        let mut all = proposals(&[
            kept(5, 0, 1, true),
            kept(5, 1, 2, true),
            kept(6, 0, 3, true),
        ]);
        assert_eq!(all.untold(5, 0), [(5, 0, BlockId([1; 32]))]);
        assert_eq!(all.untold(5, 1).len(), 2);
        all.get_mut(&(5, 0, BlockId([1; 32]))).expect("there").told = Some(Validity::Valid);
        assert_eq!(all.untold(5, 1), [(5, 1, BlockId([2; 32]))]);
        all.untell(5);
        assert_eq!(
            all.untold(5, 1).len(),
            2,
            "the engine started the height again"
        );
    }

    #[test]
    fn decided_heights_are_forgotten() {
        let mut all = proposals(&[
            kept(4, 0, 1, true),
            kept(5, 0, 2, true),
            kept(6, 0, 3, true),
        ]);
        let heights = |all: &Proposals| all.0.keys().map(|key| key.0).collect::<Vec<_>>();
        assert_eq!(heights(&all), [5, 6], "height 4 is not even loaded");
        all.decided(5);
        assert_eq!(heights(&all), [6]);
    }
}
