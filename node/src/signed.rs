//! What a key signed: counted from the log, for whoever asks how much a compromise would make doubtful.
//!
//! The log is read from the first block of the asked time on, a bounded piece of it for each question,
//! so that nobody makes a node read all of it at once. Only operations that were accepted count.

use crate::shared::{unreadable, Published, Shared};
use hefu_state::Outcome;
use hefu_store::columns::Column;
use hefu_store::{Store, StoreFault};
use hefu_types::block::BlockEntry;
use hefu_types::operation::Operation;
use hefu_types::statement::SignedHeader;
use hefu_types::{EntryIndex, KeyId, Millis};
use hefu_wire::SignedCount;

/// The most entries that one question looks at, a block more at the most.
const ENTRIES_MAX: u64 = 50_000;
/// The most operations of the key that one question looks at, a block more at the most.
const OPERATIONS_MAX: u64 = 50_000;
/// How many entries are in memory at once; each has at most 64 KiB.
const ENTRIES_AT_ONCE: usize = 256;

/// Counts what a key signed in the published log from a block time on: from this entry on, or from the
/// first that may count.
pub fn count(
    shared: &Shared,
    published: &Published,
    key: &KeyId,
    since: Millis,
    from: Option<EntryIndex>,
) -> Result<SignedCount, StoreFault> {
    let checkpoint = &published.signed.checkpoint;
    let size = checkpoint.size.0;
    let first = match from {
        Some(from) => from.0,
        None => first_since(&shared.store, checkpoint.height, since)?,
    };
    let mut counted = SignedCount::default();
    let (mut at, mut operations) = (first, 0);
    // Statements of the key in the block that is being read; its own entry, which tells its time, is
    // the last.
    let mut of_block: Vec<EntryIndex> = Vec::new();
    while at < size {
        let left = usize::try_from(size - at).unwrap_or(usize::MAX);
        for entry in shared
            .store
            .entries(EntryIndex(at), left.min(ENTRIES_AT_ONCE))?
        {
            let index = EntryIndex(at);
            at += 1;
            if let Ok(block) = BlockEntry::decode(&entry) {
                for statement in of_block.drain(..) {
                    if block.time >= since {
                        operations += of_statement(shared, statement, block.time, &mut counted)?;
                    }
                }
                if at - first >= ENTRIES_MAX || operations >= OPERATIONS_MAX {
                    counted.next = (at < size).then_some(EntryIndex(at));
                    return Ok(counted);
                }
            } else if is_by(shared, &entry, key) {
                of_block.push(index);
            }
        }
    }
    Ok(counted)
}

/// The first entry of the first block whose time is not before this one, of the published ones.
fn first_since(store: &Store, published: u64, since: Millis) -> Result<u64, StoreFault> {
    let of = |height: u64| {
        let checkpoint = store.checkpoint(height)?;
        checkpoint.ok_or_else(|| unreadable(Column::Blocks, height, "the block is missing"))
    };
    // Block times ascend. What is before `low` is too early, and from `high` on nothing is.
    let (mut low, mut high) = (1, published + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if of(middle)?.time < since {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(of(low - 1)?.size.0)
}

/// Whether an entry is a statement that names this key. Its signature was verified before it came into
/// the log.
fn is_by(shared: &Shared, entry: &[u8], key: &KeyId) -> bool {
    // Most entries are others': what does not hold the key's id at all is not taken apart.
    if !entry.windows(KeyId::LEN).any(|window| window == key.0) {
        return false;
    }
    let network = &shared.network;
    SignedHeader::read(network.suite(), &network.digest(), entry)
        .is_ok_and(|header| header.protected.key_id == *key)
}

/// Counts the accepted operations of a statement; tells how many operations were looked at.
fn of_statement(
    shared: &Shared,
    entry: EntryIndex,
    time: Millis,
    counted: &mut SignedCount,
) -> Result<u64, StoreFault> {
    let operations = shared.store.operations(entry)?.unwrap_or_default();
    let outcomes = shared.store.outcomes(entry)?.unwrap_or_default();
    let (mut registered, mut other) = (0, 0);
    for (bytes, outcome) in operations.iter().zip(&outcomes) {
        if *outcome != Outcome::Accepted {
            continue;
        }
        let operation = Operation::decode(bytes)
            .map_err(|error| unreadable(Column::Operations, entry, error))?;
        match operation {
            Operation::Register(_) => registered += 1,
            _ => other += 1,
        }
    }
    if registered + other > 0 {
        counted.statements += 1;
        counted.registered += registered;
        counted.other += other;
        counted.first_at = counted.first_at.or(Some(time));
        counted.last_at = Some(time);
    }
    Ok(operations.len() as u64)
}
