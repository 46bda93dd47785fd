//! How a block travels: a signed head, data, an end; and how a receiver puts it together.
//!
//! ```text
//! sequence 0      head: height, round, proposer, block id, length, and the proposer's signature
//! sequence 1..n   data, in order the bytes of the block
//! sequence n      the end
//! ```
//!
//! The head is signed by the proposer of its round, once. Whoever restreams the block in a later
//! round sends that same head under a stream id of his own, so that nobody can restream what the
//! proposer did not propose.
//!
//! The engine hands over parts of anybody who is connected, in any order and any number. All bounds
//! are here: [`Streams`] never holds more than a fixed number of streams and bytes for a peer,
//! whatever that peer sends.

use crate::context::{Address, ValueId};
use crate::signing::EngineSignature;
use arc_malachitebft_app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_core_types as engine;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use hefu_types::block::block_id;
use hefu_types::Suite;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// How far above the last executed block the block of a head may be.
pub(crate) const HEIGHTS_AHEAD_MAX: u64 = 10;
/// How far above the round that is being voted on the round of a head may be; the engine drops
/// proposals beyond the same distance.
pub(crate) const ROUNDS_AHEAD_MAX: u32 = 10;
/// The most data parts of a block. Blocks that would need more travel in longer parts.
const PARTS_MAX: u64 = 4096;
/// The most streams that a peer may have open. Honest ones have one for each height ahead.
const OPEN_STREAMS_MAX: usize = 16;
/// The most streams that a peer may finish in one of our rounds: each costs a write to disk.
const FINISHED_STREAMS_MAX: u32 = 16;
/// The most bytes held for a peer, in longest blocks.
const PEER_BLOCKS_MAX: usize = 4;

/// What a proposer says of its block before it sends it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Head {
    pub height: u64,
    pub round: u32,
    pub proposer: Address,
    pub block: ValueId,
    /// Length of the block in bytes.
    pub length: u64,
}

/// A head with its proposer's signature; whether it is that, somebody else checks.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct SignedHead {
    pub head: Head,
    pub signature: EngineSignature,
}

/// A message in the stream of a block.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Part {
    /// The first.
    Head(SignedHead),
    /// A piece of the block.
    Data(Bytes),
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(signed) => signed.head.fmt(f),
            Self::Data(data) => write!(f, "Data({} bytes)", data.len()),
        }
    }
}

impl engine::ProposalPart<crate::context::HefuContext> for Part {
    fn is_first(&self) -> bool {
        matches!(self, Self::Head(_))
    }

    fn is_last(&self) -> bool {
        false
    }
}

/// Cuts a block into the messages of one stream.
pub(crate) fn cut(
    id: &StreamId,
    head: SignedHead,
    block: &Bytes,
    part_bytes: usize,
) -> Vec<StreamMessage<Part>> {
    let contents = std::iter::once(StreamContent::Data(Part::Head(head)))
        .chain(pieces(block, part_bytes).map(|data| StreamContent::Data(Part::Data(data))))
        .chain(std::iter::once(StreamContent::Fin));
    contents
        .zip(0..)
        .map(|(content, sequence)| StreamMessage::new(id.clone(), sequence, content))
        .collect()
}

fn pieces(block: &Bytes, part_bytes: usize) -> impl Iterator<Item = Bytes> + '_ {
    let part_bytes = part_bytes.max(1);
    (0..block.len())
        .step_by(part_bytes)
        .map(move |from| block.slice(from..block.len().min(from + part_bytes)))
}

/// The shortest parts in which a longest block still travels.
pub(crate) const fn part_bytes_min(block_bytes_max: usize) -> usize {
    block_bytes_max.div_ceil(PARTS_MAX as usize)
}

/// Why a part was not taken. The stream that it belongs to is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the peer has too many streams open")]
    TooManyStreams,
    #[error("the peer finished too many streams in this round")]
    TooManyFinished,
    #[error("the peer sent more bytes than are kept for it")]
    TooManyBytes,
    #[error("a part is out of place in its stream")]
    OutOfPlace,
    #[error("the block is longer than a block may be, or than its head says")]
    TooLong,
    #[error("the bytes are not those of the block that the head names")]
    OtherBlock,
    #[error("its height is decided")]
    Decided,
    #[error("its height or round is too far ahead")]
    TooFarAhead,
    #[error("its head does not name the proposer of its round")]
    WrongProposer,
    #[error("its head is not signed by its proposer")]
    BadSignature,
}

/// What is known of a head when it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadCheck {
    /// The proposer of its round signed it.
    Proven,
    /// Its height is ahead, so its validators are not known yet.
    Later,
    /// It is not to be used.
    Refused(Refusal),
}

/// A whole block with its head, as one peer sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assembled {
    pub from: PeerId,
    pub signed: SignedHead,
    pub block: Bytes,
}

/// The blocks that are arriving.
pub(crate) struct Streams {
    suite: Suite,
    block_bytes_max: usize,
    peers: HashMap<PeerId, PeerStreams>,
    /// Whole blocks of heights whose validators are not known yet. They count as bytes of the
    /// peer, because nobody has vouched for them.
    early: Vec<Assembled>,
}

#[derive(Default)]
struct PeerStreams {
    open: HashMap<StreamId, Stream>,
    finished_in_round: u32,
}

struct Stream {
    /// The height that was executed last when it was opened.
    opened_at: u64,
    signed: Option<SignedHead>,
    /// Its height is ahead: nobody checked the head.
    early: bool,
    data: BTreeMap<u64, Bytes>,
    bytes: usize,
    end: Option<u64>,
    /// Given up; what still arrives of it is dropped.
    refused: bool,
}

impl Streams {
    /// No streams yet.
    pub fn new(suite: Suite, block_bytes_max: usize) -> Self {
        Self {
            suite,
            block_bytes_max,
            peers: HashMap::new(),
            early: Vec::new(),
        }
    }

    /// Takes a message of a peer; `check` is what is known of it if it is a head. If it completes a
    /// block whose head is proven, that is returned; one whose head is to be checked later is kept
    /// for [`Self::take_early`].
    pub fn insert(
        &mut self,
        from: PeerId,
        message: StreamMessage<Part>,
        executed: u64,
        check: HeadCheck,
    ) -> Result<Option<Assembled>, Refusal> {
        let early_bytes = self.early_bytes(&from);
        let peer = self.peers.entry(from).or_default();
        if !peer.open.contains_key(&message.stream_id) {
            if peer.open.len() >= OPEN_STREAMS_MAX {
                return Err(Refusal::TooManyStreams);
            }
            if peer.finished_in_round >= FINISHED_STREAMS_MAX {
                return Err(Refusal::TooManyFinished);
            }
        }
        let id = message.stream_id.clone();
        let ends = message.is_fin();
        let stream = peer
            .open
            .entry(id.clone())
            .or_insert_with(|| Stream::opened(executed));
        let taken = if stream.refused {
            Ok(())
        } else {
            stream.take(message, self.block_bytes_max, check)
        };
        let whole = stream.is_whole();
        let gone = stream.refused && ends;

        let held: usize = peer.open.values().map(|stream| stream.bytes).sum();
        let fits = early_bytes + held <= PEER_BLOCKS_MAX * self.block_bytes_max;
        let taken = taken.and(if fits {
            Ok(())
        } else {
            Err(Refusal::TooManyBytes)
        });
        if let Err(refusal) = taken {
            match peer.open.get_mut(&id) {
                // The rest of it is still to come, unless this was the end.
                Some(stream) if !ends => stream.refuse(),
                _ => drop(peer.open.remove(&id)),
            }
            return Err(refusal);
        }
        if gone {
            peer.open.remove(&id);
        }
        if !whole {
            return Ok(None);
        }
        let Some(stream) = peer.open.remove(&id) else {
            return Ok(None);
        };
        peer.finished_in_round += 1;
        let early = stream.early;
        let assembled = stream.assemble(from, self.suite)?;
        if early {
            self.early.push(assembled);
            return Ok(None);
        }
        Ok(Some(assembled))
    }

    /// The blocks of a height that arrived before their heads could be checked.
    pub fn take_early(&mut self, height: u64) -> Vec<Assembled> {
        let (due, early) = std::mem::take(&mut self.early)
            .into_iter()
            .partition(|assembled| assembled.signed.head.height <= height);
        self.early = early;
        due
    }

    /// A round begins: peers may finish streams again.
    pub fn round_began(&mut self) {
        for peer in self.peers.values_mut() {
            peer.finished_in_round = 0;
        }
    }

    /// Drops what belongs to decided heights, and what has no head for so long that it lost it.
    pub fn decided(&mut self, height: u64) {
        self.early
            .retain(|assembled| assembled.signed.head.height > height);
        for peer in self.peers.values_mut() {
            peer.open.retain(|_, stream| match &stream.signed {
                Some(signed) => signed.head.height > height,
                None => stream.opened_at + 1 >= height,
            });
        }
        self.peers
            .retain(|_, peer| !peer.open.is_empty() || peer.finished_in_round > 0);
    }

    /// All bytes of blocks that are held, for whomever.
    pub fn held_bytes(&self) -> usize {
        let open = self.peers.values().flat_map(|peer| peer.open.values());
        let open: usize = open.map(|stream| stream.bytes).sum();
        open + self
            .early
            .iter()
            .map(|early| early.block.len())
            .sum::<usize>()
    }

    fn early_bytes(&self, peer: &PeerId) -> usize {
        let of_peer = self
            .early
            .iter()
            .filter(|assembled| assembled.from == *peer);
        of_peer.map(|assembled| assembled.block.len()).sum()
    }
}

impl Stream {
    fn opened(executed: u64) -> Self {
        Self {
            opened_at: executed,
            signed: None,
            early: false,
            data: BTreeMap::new(),
            bytes: 0,
            end: None,
            refused: false,
        }
    }

    fn take(
        &mut self,
        message: StreamMessage<Part>,
        block_bytes_max: usize,
        check: HeadCheck,
    ) -> Result<(), Refusal> {
        let sequence = message.sequence;
        match message.content {
            StreamContent::Data(Part::Head(signed)) => {
                if sequence != 0 {
                    return Err(Refusal::OutOfPlace);
                }
                if self.signed.is_some() {
                    // The same again: the first counts.
                    return Ok(());
                }
                if signed.head.length > block_bytes_max as u64 {
                    return Err(Refusal::TooLong);
                }
                match check {
                    HeadCheck::Proven => {}
                    HeadCheck::Later => self.early = true,
                    HeadCheck::Refused(refusal) => return Err(refusal),
                }
                self.signed = Some(signed);
            }
            StreamContent::Data(Part::Data(data)) => {
                let end = self.end.unwrap_or(PARTS_MAX + 1);
                if sequence == 0 || sequence >= end || data.is_empty() {
                    return Err(Refusal::OutOfPlace);
                }
                if !self.data.contains_key(&sequence) {
                    self.bytes += data.len();
                    self.data.insert(sequence, data);
                }
            }
            StreamContent::Fin => {
                let last = self.data.keys().next_back().copied().unwrap_or(0);
                let moved = self.end.is_some_and(|end| end != sequence);
                if sequence <= last || sequence > PARTS_MAX + 1 || moved {
                    return Err(Refusal::OutOfPlace);
                }
                self.end = Some(sequence);
            }
        }
        let length = self
            .signed
            .as_ref()
            .map_or(block_bytes_max as u64, |s| s.head.length);
        if self.bytes as u64 > length {
            return Err(Refusal::TooLong);
        }
        Ok(())
    }

    /// All of head, end and data are here: each piece has its own place before the end.
    fn is_whole(&self) -> bool {
        self.signed.is_some() && self.end == Some(self.data.len() as u64 + 1)
    }

    fn refuse(&mut self) {
        *self = Self {
            refused: true,
            ..Self::opened(self.opened_at)
        };
    }

    fn assemble(self, from: PeerId, suite: Suite) -> Result<Assembled, Refusal> {
        let signed = self.signed.ok_or(Refusal::OutOfPlace)?;
        let mut block = Vec::with_capacity(self.bytes);
        for data in self.data.values() {
            block.extend_from_slice(data);
        }
        let named = signed.head.length == block.len() as u64
            && signed.head.block == ValueId(block_id(suite, &block));
        if !named {
            return Err(Refusal::OtherBlock);
        }
        Ok(Assembled {
            from,
            signed,
            block: block.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_types::{KeyId, Signature};
    use proptest::prelude::*;

    const SUITE: Suite = Suite::Sha256Ed25519;
    const LONGEST: usize = 1000;

    fn peer(name: u8) -> PeerId {
        let id = crate::config::peer_key(&[name; 32])
            .expect("a key")
            .public()
            .to_peer_id();
        PeerId::from_bytes(&id.to_bytes()).expect("a peer id")
    }

    fn streams() -> Streams {
        Streams::new(SUITE, LONGEST)
    }

    fn block(fill: u8) -> Bytes {
        vec![fill; 250].into()
    }

    fn head(height: u64, block: &Bytes) -> SignedHead {
        SignedHead {
            head: Head {
                height,
                round: 0,
                proposer: Address(KeyId([1; 32])),
                block: ValueId(block_id(SUITE, block)),
                length: block.len() as u64,
            },
            signature: EngineSignature(Signature([2; 64])),
        }
    }

    fn id(name: u8) -> StreamId {
        StreamId::new(vec![name].into())
    }

    /// The five messages of a block: head, three pieces, end.
    fn messages(stream: u8, height: u64) -> Vec<StreamMessage<Part>> {
        cut(
            &id(stream),
            head(height, &block(stream)),
            &block(stream),
            100,
        )
    }

    fn data(stream: u8, sequence: u64, bytes: usize) -> StreamMessage<Part> {
        let content = StreamContent::Data(Part::Data(vec![stream; bytes].into()));
        StreamMessage::new(id(stream), sequence, content)
    }

    /// Inserts messages of height 1 in order; the last result counts.
    fn insert(
        streams: &mut Streams,
        from: PeerId,
        messages: impl IntoIterator<Item = StreamMessage<Part>>,
    ) -> Result<Option<Assembled>, Refusal> {
        let mut last = Ok(None);
        for message in messages {
            last = streams.insert(from, message, 0, HeadCheck::Proven);
        }
        last
    }

    #[track_caller]
    fn is_block(result: Result<Option<Assembled>, Refusal>, fill: u8) {
        let assembled = result.expect("taken").expect("whole");
        assert_eq!(assembled.block, block(fill));
    }

    #[test]
    fn a_block_arrives_in_order() {
        let peer = peer(1);
        assert_eq!(messages(7, 1).len(), 5);
        is_block(insert(&mut streams(), peer, messages(7, 1)), 7);
    }

    #[test]
    fn an_empty_block_is_a_head_and_an_end() {
        let empty = Bytes::new();
        let parts = cut(&id(1), head(1, &empty), &empty, 100);
        assert_eq!(parts.len(), 2);
        let assembled = insert(&mut streams(), peer(1), parts).expect("taken");
        assert_eq!(assembled.expect("whole").block, empty);
    }

    proptest! {
        #[test]
        fn a_block_arrives_in_any_order_and_more_than_once(
            order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(),
            again in prop::collection::vec(0..4_usize, 0..4),
        ) {
            let (peer, mut streams) = (peer(1), streams());
            let parts = messages(7, 1);
            // All but the last, then some of those once more, then the last.
            let (last, first) = order.split_last().expect("five");
            let repeated = again.iter().map(|at| first[*at]);
            for at in first.iter().copied().chain(repeated) {
                let taken = streams.insert(peer, parts[at].clone(), 0, HeadCheck::Proven);
                prop_assert_eq!(taken, Ok(None));
            }
            is_block(streams.insert(peer, parts[*last].clone(), 0, HeadCheck::Proven), 7);
        }

        #[test]
        fn no_sequence_of_messages_panics_or_grows(
            sent in prop::collection::vec((0..3_u8, 0..40_u8, 0..7_u64, 0..600_usize, 0..4_u8), 0..200),
        ) {
            let (peer, mut streams) = (peer(1), streams());
            for (kind, stream, sequence, bytes, height) in sent {
                let content = match kind {
                    0 => StreamContent::Data(Part::Head(head(u64::from(height), &block(stream)))),
                    1 => StreamContent::Data(Part::Data(vec![stream; bytes].into())),
                    _ => StreamContent::Fin,
                };
                let message = StreamMessage::new(id(stream), sequence, content);
                let check = match height {
                    0 => HeadCheck::Refused(Refusal::Decided),
                    1 => HeadCheck::Proven,
                    _ => HeadCheck::Later,
                };
                let _ = streams.insert(peer, message, 0, check);
                let peer = &streams.peers[&peer];
                let open: usize = peer.open.values().map(|stream| stream.bytes).sum();
                let early: usize = streams.early.iter().map(|early| early.block.len()).sum();
                prop_assert!(open + early <= PEER_BLOCKS_MAX * LONGEST);
                prop_assert!(peer.open.len() <= OPEN_STREAMS_MAX);
            }
        }
    }

    #[test]
    fn a_refused_head_ends_its_stream() {
        for refusal in [
            Refusal::WrongProposer,
            Refusal::BadSignature,
            Refusal::TooFarAhead,
        ] {
            let (peer, mut streams) = (peer(1), streams());
            let mut parts = messages(7, 1).into_iter();
            let first = parts.next().expect("a head");
            let taken = streams.insert(peer, first, 0, HeadCheck::Refused(refusal));
            assert_eq!(taken, Err(refusal));
            // The rest is dropped without a word, and nothing is left.
            assert_eq!(insert(&mut streams, peer, parts), Ok(None));
            assert!(streams.peers[&peer].open.is_empty());
        }
    }

    #[test]
    fn a_block_has_the_length_and_the_bytes_that_its_head_says() {
        let peer = peer(1);
        let mut parts = messages(7, 1);
        parts[3] = data(7, 3, 51);
        assert_eq!(
            insert(&mut streams(), peer, parts[..4].to_vec()),
            Err(Refusal::TooLong)
        );
        parts[3] = data(7, 3, 49);
        assert_eq!(
            insert(&mut streams(), peer, parts.clone()),
            Err(Refusal::OtherBlock)
        );
        parts[3] = StreamMessage::new(id(7), 3, data(8, 3, 50).content);
        assert_eq!(
            insert(&mut streams(), peer, parts),
            Err(Refusal::OtherBlock)
        );
        let long = Bytes::from(vec![0; LONGEST + 1]);
        let first = cut(&id(1), head(1, &long), &long, 100).remove(0);
        assert_eq!(insert(&mut streams(), peer, [first]), Err(Refusal::TooLong));
        let without_head = (1..=11).map(|sequence| data(1, sequence, 100));
        assert_eq!(
            insert(&mut streams(), peer, without_head),
            Err(Refusal::TooLong)
        );
    }

    #[test]
    fn parts_have_their_places() {
        let peer = peer(1);
        let fin = |sequence| StreamMessage::new(id(7), sequence, StreamContent::Fin);
        let head_at_1 = {
            let content = StreamContent::Data(Part::Head(head(1, &block(7))));
            StreamMessage::new(id(7), 1, content)
        };
        for misplaced in [
            vec![data(7, 0, 10)],
            vec![data(7, PARTS_MAX + 1, 10)],
            vec![data(7, 1, 0)],
            vec![head_at_1],
            vec![data(7, 3, 10), fin(3)],
            vec![fin(3), fin(4)],
            vec![fin(3), data(7, 3, 10)],
            vec![fin(PARTS_MAX + 2)],
            vec![fin(0)],
        ] {
            let result = insert(&mut streams(), peer, misplaced.clone());
            assert_eq!(result, Err(Refusal::OutOfPlace), "{misplaced:?}");
        }
    }

    #[test]
    fn a_peer_has_a_quota_and_another_peer_has_its_own() {
        let (greedy, modest) = (peer(1), peer(2));
        let mut streams = streams();
        for stream in 0..OPEN_STREAMS_MAX as u8 {
            assert_eq!(
                insert(&mut streams, greedy, [data(stream, 1, 10)]),
                Ok(None)
            );
        }
        let one_more = insert(&mut streams, greedy, [data(99, 1, 10)]);
        assert_eq!(one_more, Err(Refusal::TooManyStreams));
        is_block(insert(&mut streams, modest, messages(7, 1)), 7);
    }

    #[test]
    fn the_bytes_of_a_peer_are_bounded_over_its_streams() {
        let (peer, mut streams) = (peer(1), streams());
        for stream in 0..PEER_BLOCKS_MAX as u8 {
            assert_eq!(
                insert(&mut streams, peer, [data(stream, 1, LONGEST)]),
                Ok(None)
            );
        }
        let one_more = insert(&mut streams, peer, [data(99, 1, 1)]);
        assert_eq!(one_more, Err(Refusal::TooManyBytes));
        // The streams before it are not harmed.
        assert_eq!(
            streams.peers[&peer]
                .open
                .values()
                .filter(|s| !s.refused)
                .count(),
            4
        );
    }

    #[test]
    fn a_peer_finishes_so_many_streams_a_round() {
        let (peer, mut streams) = (peer(1), streams());
        for _ in 0..FINISHED_STREAMS_MAX {
            is_block(insert(&mut streams, peer, messages(7, 1)), 7);
        }
        let one_more = insert(&mut streams, peer, messages(7, 1));
        assert_eq!(one_more, Err(Refusal::TooManyFinished));
        streams.round_began();
        is_block(insert(&mut streams, peer, messages(7, 1)), 7);
    }

    #[test]
    fn a_block_of_a_height_ahead_waits_for_its_height() {
        let (peer, mut streams) = (peer(1), streams());
        for message in messages(7, 3) {
            assert_eq!(streams.insert(peer, message, 0, HeadCheck::Later), Ok(None));
        }
        assert_eq!(streams.take_early(2), []);
        let early = streams.take_early(3);
        assert_eq!(early.len(), 1);
        assert_eq!(early[0].block, block(7));
        assert_eq!(streams.take_early(3), []);
    }

    #[test]
    fn what_is_decided_or_lost_is_dropped() {
        let (peer, mut streams) = (peer(1), streams());
        insert(&mut streams, peer, messages(1, 1).into_iter().take(2)).expect("taken");
        insert(&mut streams, peer, messages(2, 2).into_iter().take(2)).expect("taken");
        insert(&mut streams, peer, [data(3, 1, 10)]).expect("taken");
        let open = |streams: &Streams| streams.peers.get(&peer).map_or(0, |peer| peer.open.len());
        assert_eq!(open(&streams), 3);
        streams.decided(1);
        assert_eq!(open(&streams), 2, "the stream of height 1 goes");
        streams.decided(2);
        assert_eq!(
            open(&streams),
            0,
            "so do that of height 2 and the one without a head"
        );
    }
}
