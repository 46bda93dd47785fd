//! The surface between the engine and the node: [`Application`] and what it takes and gives.

use crate::evidence::Evidence;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use hefu_types::{BlockId, KeyId, PublicKey, Signature};
use std::io;

/// What the engine asks of the node.
///
/// Called from one task, in order, never concurrently. Calls that read or write the disk run where
/// they may block a thread; the others must return at once.
pub trait Application: Send + 'static {
    /// A local failure. The engine stops, and [`crate::run`] returns it.
    type Fault: std::error::Error + Send + Sync + 'static;

    /// The height of the last executed and durable block; 0 is genesis.
    fn height(&self) -> u64;

    /// The validators of a height in the order of their set; at most `height() + 1` is asked for.
    fn validators(&self, height: u64) -> Vec<Voter>;

    /// The epoch of a height, that is the number of its validator set; at most `height() + 1` is
    /// asked for. It is part of what is signed.
    fn epoch(&self, height: u64) -> u64;

    /// Makes a new block for `height() + 1`. It is asked once for a height and round, also across
    /// restarts: what it made is kept.
    fn propose(&mut self, height: u64, round: u32) -> Result<Bytes, Self::Fault>;

    /// Judges a block for `height() + 1`. The clock may be asked only where
    /// `first_seen_in_its_round`: never for a block that is proposed again or restreamed, that came
    /// late or by sync, or that was kept before a restart.
    fn judge(
        &mut self,
        height: u64,
        block: &Bytes,
        first_seen_in_its_round: bool,
    ) -> Result<Judgement, Self::Fault>;

    /// Keeps an undecided proposal under (height, round, block id). It is on disk when this
    /// returns.
    fn keep(&mut self, proposal: &KeptProposal) -> Result<(), Self::Fault>;

    /// All kept proposals above `height()`.
    fn kept(&self) -> Result<Vec<KeptProposal>, Self::Fault>;

    /// Executes a decided block of `height() + 1`, writes it with its certificate, and forgets the
    /// proposals kept up to this height. All that is on disk when this returns.
    fn decided(&mut self, height: u64, block: Bytes, certificate: Bytes)
        -> Result<(), Self::Fault>;

    /// A decided block and its certificate, for a peer that syncs.
    fn decided_block(&self, height: u64) -> Result<Option<(Bytes, Bytes)>, Self::Fault>;

    /// Whether the block of `height()` was without statements: then an idle network rests.
    fn last_block_was_empty(&self) -> bool;

    /// Whether the node's own pool holds a statement that a next block could take.
    fn has_work(&self) -> bool;

    /// How many executed heights are not yet published.
    fn heights_ahead_of_publication(&self) -> u64;

    /// Tells the peers, over the node's own swarm, that this node begins a height.
    fn announce_wake(&mut self, height: u64);

    /// Takes evidence that a validator equivocated.
    fn evidence(&mut self, evidence: Evidence);
}

/// What the application says of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It may be decided.
    Valid,
    /// No validator may accept it, for the reason that goes into the log.
    Invalid(String),
    /// Possibly one's own failure (disk, clock). The engine is given no answer, and asks again in a
    /// later round.
    Unsure(String),
    /// It names other roots than this node reached: as `Unsure`, until it turns out to be decided. Then
    /// [`Application::decided`] is asked, which stops the node.
    OtherRoots(String),
}

/// A validator. Its power is always 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// What people call it; it goes into the log.
    pub name: String,
    /// The key with which it votes.
    pub consensus_key: PublicKey,
}

/// A proposed block that is not decided, as it is kept across restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptProposal {
    /// Its height.
    pub height: u64,
    /// The round in which it was proposed first, or decided if it came by sync.
    pub round: u32,
    /// The key id of the proposer of that round.
    pub proposer: KeyId,
    /// What is voted on.
    pub block_id: BlockId,
    /// The proposer's signature over the head of the parts, with which anybody restreams the block.
    /// None came with a block by sync.
    pub signature: Option<Signature>,
    /// The block.
    pub block: Bytes,
}

/// Version, height, round, proposer, block id, signature, block.
type KeptBytes<'a> = (u8, u64, u32, [u8; 32], [u8; 32], Option<[u8; 64]>, &'a [u8]);
type OwnedKeptBytes = (u8, u64, u32, [u8; 32], [u8; 32], Option<[u8; 64]>, Bytes);

const KEPT_VERSION: u8 = 0;
const KEPT_OVERHEAD_BYTES: usize = 256;

impl KeptProposal {
    /// The bytes to be kept.
    pub fn encode(&self) -> Vec<u8> {
        let signature = self.signature.map(|signature| signature.0);
        let kept: KeptBytes<'_> = (
            KEPT_VERSION,
            self.height,
            self.round,
            self.proposer.0,
            self.block_id.0,
            signature,
            &self.block,
        );
        let mut bytes = Vec::with_capacity(self.block.len() + KEPT_OVERHEAD_BYTES);
        kept.serialize(&mut bytes)
            .expect("writing into memory cannot fail");
        bytes
    }

    /// Reads what [`Self::encode`] made of a block of at most so many bytes.
    pub fn decode(bytes: &[u8], block_bytes_max: usize) -> io::Result<Self> {
        let refuse = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        if bytes.len() > block_bytes_max.saturating_add(KEPT_OVERHEAD_BYTES) {
            return Err(refuse("longer than a kept proposal can be"));
        }
        let (version, height, round, proposer, block_id, signature, block) =
            OwnedKeptBytes::try_from_slice(bytes)?;
        if version != KEPT_VERSION {
            return Err(refuse("a kept proposal of another version"));
        }
        Ok(Self {
            height,
            round,
            proposer: KeyId(proposer),
            block_id: BlockId(block_id),
            signature: signature.map(Signature),
            block,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proposal(signature: Option<Signature>) -> KeptProposal {
        KeptProposal {
            height: 5,
            round: 1,
            proposer: KeyId([1; 32]),
            block_id: BlockId([2; 32]),
            signature,
            block: Bytes::from_static(b"block"),
        }
    }

    #[test]
    fn a_kept_proposal_is_read_again() {
        for signature in [None, Some(Signature([3; 64]))] {
            let kept = proposal(signature);
            let bytes = kept.encode();
            assert_eq!(KeptProposal::decode(&bytes, 5).expect("reads"), kept);
            let mut longer = bytes.clone();
            longer.push(0);
            assert!(KeptProposal::decode(&longer, 5).is_err(), "a trailing byte");
            let mut other = bytes.clone();
            other[0] = 1;
            assert!(KeptProposal::decode(&other, 5).is_err(), "another version");
        }
        let long = KeptProposal {
            block: vec![0; 1000].into(),
            ..proposal(None)
        };
        assert!(KeptProposal::decode(&long.encode(), 5).is_err(), "too long");
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_refused_and_never_panic(
            mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = KeptProposal::decode(&bytes, 100);
            if let Some(version) = bytes.first_mut() {
                *version = KEPT_VERSION;
            }
            let _ = KeptProposal::decode(&bytes, 100);
        }
    }
}
