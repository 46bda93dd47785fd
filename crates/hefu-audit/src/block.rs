//! A block as it is fetched, put together again, executed and compared.

use crate::auditor::Stop;
use crate::finding::Finding;
use crate::ledger::{Around, Ledger};
use crate::log::Log;
use hefu_state::block::InvalidBlock;
use hefu_state::{execute, Before, CheckedBlock, Executed, ReadBlock};
use hefu_types::block::{block_id, Block, BlockEntry, Header};
use hefu_types::canonical;
use hefu_types::genesis::Network;
use hefu_types::merkle;
use hefu_types::statement::{SignedHeader, Statement, OPERATIONS_MAX, STATEMENT_BYTES_MAX};
use hefu_types::EntryIndex;
use minicbor::bytes::ByteVec;

/// The longest header in bytes: a quorum of 256 cosignatures, most of it.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;

/// The pieces of a block, each as it is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The header, see `GET /v1/blocks/{height}`.
    pub header: Vec<u8>,
    /// The entries of its statements in the log, and its block entry as the last.
    pub entries: Vec<Vec<u8>>,
    /// Of each statement the list of its operations, see `GET /ops/{entry}`.
    pub operations: Vec<Vec<u8>>,
    /// The list of refusals, see `GET /refusals/{height}`.
    pub refusals: Vec<u8>,
}

impl Parts {
    /// Whether an entry of the log is the last of its block: it is a map, a statement has tag 18.
    pub fn is_block_entry(entry: &[u8]) -> bool {
        entry.first().is_some_and(|first| first >> 5 == 5)
    }
}

/// A block that was executed with the results that its network signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its entry in the log.
    pub entry: BlockEntry,
    /// How many of its operations were refused, as they were then.
    pub refused: usize,
    /// How many cosignatures it carries, all of which hold.
    pub cosignatures: usize,
}

/// A block that is as it should be, and what it leads to.
pub(crate) struct Audited {
    pub checked: CheckedBlock,
    pub executed: Executed,
}

/// Puts a block together and executes it. `log` holds its entries already, as a quorum signed them.
pub(crate) fn audit(
    network: &Network,
    log: &Log,
    ledger: &Ledger,
    parts: &Parts,
) -> Result<Audited, Stop> {
    let before = ledger.before(network, log);
    let (suite, height) = (network.suite(), before.height + 1);
    let index = |place: usize| EntryIndex(before.size.0 + place as u64);
    // The entries are those of the log: what stands in them a quorum signed.
    for (place, entry) in parts.entries.iter().enumerate() {
        let leaf = usize::try_from(index(place).0).ok();
        let leaf = leaf.and_then(|at| log.leaves().get(at));
        if leaf != Some(&suite.log_leaf(entry)) {
            let index = index(place);
            return Err(Finding::Entry { index }.into());
        }
    }
    let of_entry = |field| Stop::from(Finding::BlockEntry { height, field });
    let Some((entry, signed)) = parts.entries.split_last() else {
        return Err(of_entry("end"));
    };
    let entry = BlockEntry::decode(entry).map_err(|_| of_entry("encoding"))?;
    let mut statements = Vec::with_capacity(signed.len());
    for (place, cose) in signed.iter().enumerate() {
        let operations = parts.operations.get(place).map(Vec::as_slice);
        statements.push(statement(network, height, index(place), cose, operations)?);
    }
    // The header stands outside the log, but the log names the hash of the whole block.
    let other_header = || Finding::Header { height };
    let header: Header =
        canonical::decode(&parts.header, HEADER_BYTES_MAX).map_err(|_| other_header())?;
    let bytes = Block { header, statements }.encode();
    if block_id(suite, &bytes) != entry.block_id {
        return Err(other_header().into());
    }
    let audited = reexecute(network, log, ledger, &before, &bytes)?;
    compare(height, &audited.executed, &entry)?;
    if canonical::encode(&audited.executed.refusals) != parts.refusals {
        return Err(Finding::Refusals { height }.into());
    }
    Ok(audited)
}

/// A statement of its entry and the operations that are served beside it.
fn statement(
    network: &Network,
    height: u64,
    entry: EntryIndex,
    cose: &[u8],
    operations: Option<&[u8]>,
) -> Result<Statement, Finding> {
    let suite = network.suite();
    let header = SignedHeader::read(suite, &network.digest(), cose);
    let header = header.map_err(|error| Finding::Block {
        height,
        why: format!("entry {entry}: {error}"),
    })?;
    let other = || Finding::Operations { entry };
    let operations = operations.ok_or_else(other)?;
    let operations: Vec<ByteVec> =
        canonical::decode(operations, STATEMENT_BYTES_MAX).map_err(|_| other())?;
    let operations: Vec<&[u8]> = operations.iter().map(|bytes| bytes.as_slice()).collect();
    let are_signed = operations.len() <= OPERATIONS_MAX
        && operations.len() == header.payload.operation_count as usize
        && merkle::root(suite, &operations) == header.payload.operations_root;
    if are_signed {
        Ok(Statement::of_parts(cose, &operations))
    } else {
        Err(other())
    }
}

/// The way of a node: read, load, check, execute.
fn reexecute(
    network: &Network,
    log: &Log,
    ledger: &Ledger,
    before: &Before,
    bytes: &[u8],
) -> Result<Audited, Stop> {
    let height = before.height + 1;
    let refused = |why: String| Stop::from(Finding::Block { height, why });
    let block =
        ReadBlock::read(bytes, network, |_| None).map_err(|why| refused(why.to_string()))?;
    if block.header().height == height {
        block
            .names(before)
            .map_err(|why| refused(why.to_string()))?;
    }
    let loaded = ledger.load(network, &block).map_err(|_| Stop::Memory)?;
    let version = loaded.rules().at(height);
    let around = Around {
        network,
        ledger,
        log,
    };
    let Ok(checked) = CheckedBlock::check(block, network, before, &loaded, &around);
    let checked = checked.map_err(|invalid| match invalid {
        InvalidBlock::UnknownRules => Stop::NewerRules { height, version },
        InvalidBlock::Signature { index } => {
            let entry = EntryIndex(before.size.0 + index as u64);
            Finding::Signature { entry, height }.into()
        }
        invalid => refused(invalid.to_string()),
    })?;
    let executed = execute(network, &checked, bytes, before, &loaded, &ledger.tree);
    Ok(Audited { checked, executed })
}

/// Compares every field of the entry.
fn compare(height: u64, executed: &Executed, signed: &BlockEntry) -> Result<(), Finding> {
    let BlockEntry {
        height: of_height,
        time,
        rules_version,
        epoch,
        state_root,
        compromise_counter,
        block_id,
        first_index,
        statement_count,
        operation_count,
        refusals_root,
        previous_checkpoint,
    } = &executed.entry;
    if *state_root != signed.state_root {
        return Err(Finding::StateRoot {
            height,
            executed: *state_root,
            signed: signed.state_root,
        });
    }
    let same = [
        ("height", *of_height == signed.height),
        ("time", *time == signed.time),
        ("rules_version", *rules_version == signed.rules_version),
        ("epoch", *epoch == signed.epoch),
        (
            "compromise_counter",
            *compromise_counter == signed.compromise_counter,
        ),
        ("block_id", *block_id == signed.block_id),
        ("first_index", *first_index == signed.first_index),
        (
            "statement_count",
            *statement_count == signed.statement_count,
        ),
        (
            "operation_count",
            *operation_count == signed.operation_count,
        ),
        ("refusals_root", *refusals_root == signed.refusals_root),
        (
            "previous_checkpoint",
            *previous_checkpoint == signed.previous_checkpoint,
        ),
    ];
    match same.into_iter().find(|(_, same)| !same) {
        Some((field, _)) => Err(Finding::BlockEntry { height, field }),
        None => Ok(()),
    }
}
