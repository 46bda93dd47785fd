//! What an auditor remembers from one run to the next, as one file.
//!
//! ```text
//! "hefu/audit-memory/0\n" | piece ... | SHA-256 (of the suite) over all before it
//! piece = length (8 bytes, big-endian) | that many bytes
//! ```
//!
//! The first piece is the head (canonical CBOR): network, what was checked, the checkpoints that were seen
//! with their signatures, the handovers, the window of statements, and how many of the rest follow. Then
//! come the hashes of the log's leaves (32 bytes each), what each height led to, and the leaves of the
//! state in pieces of some thousands, ascending by key.
//!
//! It is its owner's own memory: the hash finds damage, not a hand that writes it anew. What is rebuilt
//! from it has to give the roots that were signed, or it is refused.

use crate::auditor::{Auditor, Tally};
use crate::ledger::{Ledger, Reached, Value};
use crate::log::Log;
use hefu_proof::{Handover, SignedCheckpoint};
use hefu_state::StateTree;
use hefu_types::canonical;
use hefu_types::genesis::Network;
use hefu_types::leaf;
use hefu_types::record::Record;
use hefu_types::{Hash, Millis, NetworkDigest, StateKey, StatementId, Suite};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

const MAGIC: &[u8] = b"hefu/audit-memory/0\n";
/// The longest piece in bytes.
const PIECE_BYTES_MAX: usize = 1 << 30;
/// How many leaves of the state stand in a piece.
const LEAVES_IN_PIECE: usize = 4_096;

/// Why a file is no memory of an auditor of this network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Another file, or of another version of the format.
    #[error("it is no memory of an auditor that this program can read")]
    Other,
    /// Its hash is another one.
    #[error("it is damaged: its bytes are not those that were written")]
    Damaged,
    /// Of another network.
    #[error("it is of the network {0}")]
    OtherNetwork(NetworkDigest),
    /// What is in it does not lead to the roots that were signed.
    #[error("it is inconsistent: {0}")]
    Inconsistent(&'static str),
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Head {
    #[n(0)]
    network: NetworkDigest,
    #[n(1)]
    tally: Tally,
    #[n(2)]
    seen: Vec<SignedCheckpoint>,
    #[n(3)]
    chain: Vec<Handover>,
    #[n(4)]
    window: Vec<(Millis, StatementId)>,
    /// Pieces of leaves of the state.
    #[n(5)]
    pieces: u64,
}

#[derive(Encode, Decode)]
struct KeptLeaf {
    #[n(0)]
    key: StateKey,
    #[n(1)]
    is_record: bool,
    #[n(2)]
    bytes: ByteVec,
}

impl Auditor {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let values: Vec<(&StateKey, &Value)> = self.ledger.values.iter().collect();
        let head = Head {
            network: self.network.digest(),
            tally: self.tally.clone(),
            seen: self.seen.clone(),
            chain: self.chain.clone(),
            window: self.ledger.window.iter().copied().collect(),
            pieces: values.len().div_ceil(LEAVES_IN_PIECE) as u64,
        };
        let mut bytes = MAGIC.to_vec();
        piece(&mut bytes, &canonical::encode(&head));
        let leaves: Vec<u8> = self.log.leaves().iter().flat_map(|leaf| leaf.0).collect();
        piece(&mut bytes, &leaves);
        piece(&mut bytes, &canonical::encode(&self.ledger.heights));
        for values in values.chunks(LEAVES_IN_PIECE) {
            let kept = |(key, value): &(&StateKey, &Value)| KeptLeaf {
                key: **key,
                is_record: value.is_record,
                bytes: value.bytes.to_vec().into(),
            };
            let kept: Vec<KeptLeaf> = values.iter().map(kept).collect();
            piece(&mut bytes, &canonical::encode(&kept));
        }
        let hash = self.network.suite().hash(&[&bytes]);
        bytes.extend_from_slice(&hash.0);
        bytes
    }

    /// Reads the file of an auditor of this network, and goes on where it stopped.
    pub fn decode(network: Network, bytes: &[u8]) -> Result<Self, MemoryError> {
        let suite = network.suite();
        let rest = bytes.strip_prefix(MAGIC).ok_or(MemoryError::Other)?;
        let (mut rest, hash) = rest.split_last_chunk::<32>().ok_or(MemoryError::Damaged)?;
        if suite.hash(&[&bytes[..bytes.len() - 32]]).0 != *hash {
            return Err(MemoryError::Damaged);
        }
        let head: Head = read(take(&mut rest)?)?;
        if head.network != network.digest() {
            return Err(MemoryError::OtherNetwork(head.network));
        }
        let mut log = Log::new(suite);
        let (leaves, odd) = take(&mut rest)?.as_chunks::<32>();
        if !odd.is_empty() {
            return Err(MemoryError::Inconsistent("the log's leaves are cut off"));
        }
        leaves.iter().for_each(|leaf| log.append(Hash(*leaf)));
        let heights: Vec<Reached> = read(take(&mut rest)?)?;
        let mut values = BTreeMap::new();
        let mut hashes = Vec::new();
        for _ in 0..head.pieces {
            let kept: Vec<KeptLeaf> = read(take(&mut rest)?)?;
            for leaf in kept {
                hashes.push((leaf.key, value_hash(suite, &leaf)?));
                let value = Value {
                    bytes: Vec::from(leaf.bytes).into_boxed_slice(),
                    is_record: leaf.is_record,
                };
                if values.insert(leaf.key, value).is_some() {
                    return Err(MemoryError::Inconsistent("a leaf stands twice"));
                }
            }
        }
        if !rest.is_empty() {
            return Err(MemoryError::Inconsistent("something follows the state"));
        }
        let tree = StateTree::from_leaves(suite, hashes);
        let window = head.window.into_iter().collect::<BTreeSet<_>>();
        let ledger = Ledger::of_parts(values, tree, window, heights);
        let sets = sets(&network, &head.chain)?;
        let chain = (head.chain, sets);
        let mut auditor = Self::of_parts(network, log, ledger, chain, head.seen);
        auditor.tally = head.tally;
        auditor.check_memory()?;
        Ok(auditor)
    }

    /// What was rebuilt is what was signed.
    fn check_memory(&self) -> Result<(), MemoryError> {
        let wrong = |why| Err(MemoryError::Inconsistent(why));
        let genesis = Ledger::genesis(&self.network);
        let (heights, ledger) = (&self.ledger.heights, &self.ledger);
        if heights.first() != genesis.heights.first() {
            return wrong("it does not begin with the genesis");
        }
        if heights.windows(2).any(|pair| pair[0].size >= pair[1].size) {
            return wrong("its heights are not in order");
        }
        if ledger.last().size > self.log.size() {
            return wrong("more was executed than the log has");
        }
        if ledger.tree.root() != ledger.last().state_root {
            return wrong("its leaves do not have the state root that was reached");
        }
        let mut size = None;
        for seen in &self.seen {
            let checkpoint = &seen.checkpoint;
            if size.is_some_and(|before| before >= checkpoint.size) {
                return wrong("its checkpoints are not in order");
            }
            size = Some(checkpoint.size);
            let in_log = checkpoint.size <= self.log.size();
            if !in_log || self.log.root(checkpoint.size) != checkpoint.log_root {
                return wrong("its log is not that of a checkpoint that was seen");
            }
        }
        if self.log.size().0 > 0 && size != Some(self.log.size()) {
            return wrong("its log reaches beyond the checkpoints that were seen");
        }
        Ok(())
    }
}

/// Checks a chain of handovers, and tells the sets that it leads to.
fn sets(
    network: &Network,
    chain: &[Handover],
) -> Result<Vec<hefu_types::leaf::SetLeaf>, MemoryError> {
    let mut sets = vec![network.first_set()];
    for handover in chain {
        let set = handover.verify(network.suite(), network.origin(), &sets[sets.len() - 1]);
        sets.push(set.map_err(|_| MemoryError::Inconsistent("a handover does not hold"))?);
    }
    Ok(sets)
}

fn value_hash(suite: Suite, leaf: &KeptLeaf) -> Result<Hash, MemoryError> {
    if !leaf.is_record {
        return Ok(leaf::value_hash(suite, &leaf.bytes));
    }
    let record = Record::decode(&leaf.bytes);
    let record = record.map_err(|_| MemoryError::Inconsistent("a record cannot be read"))?;
    Ok(record.value_hash(suite))
}

fn piece(bytes: &mut Vec<u8>, piece: &[u8]) {
    bytes.extend_from_slice(&(piece.len() as u64).to_be_bytes());
    bytes.extend_from_slice(piece);
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], MemoryError> {
    let cut = MemoryError::Inconsistent("a piece is cut off");
    let (length, behind) = rest.split_first_chunk::<8>().ok_or(cut.clone())?;
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| cut.clone())?;
    let (piece, behind) = behind.split_at_checked(length).ok_or(cut)?;
    *rest = behind;
    Ok(piece)
}

fn read<'b, T: Encode<()> + Decode<'b, ()>>(piece: &'b [u8]) -> Result<T, MemoryError> {
    canonical::decode(piece, PIECE_BYTES_MAX)
        .map_err(|_| MemoryError::Inconsistent("a piece cannot be read"))
}
