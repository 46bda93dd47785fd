//! Receipts of one statement under one checkpoint, as a node sends them: what they share is written once.
//!
//! The receipt of each [`OwnPart`] has the bundle's format, network, checkpoint and handovers, the bundle's
//! leaves and its own in one list ascending by key (a key that stands in both makes it no receipt), the
//! bundle's statement with entry index and path, its own operation, index, path and opened item, and
//! discloses nothing. Each stands for itself again after [`ReceiptBundle::receipts`]; what is kept and
//! handed on is a [`Receipt`], never a bundle.

use crate::certificate::{ProvenLeaf, StatusCertificate};
use crate::checkpoint::SignedCheckpoint;
use crate::handover::Handover;
use crate::receipt::{OpenedItem, ProvenOperation, Receipt};
use hefu_types::canonical::{self, DecodeError};
use hefu_types::{EntryIndex, Hash, NetworkDigest};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// The longest bundle in bytes.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReceiptBundle {
    /// The version of the format.
    #[n(0)]
    pub format: u32,
    /// The network.
    #[n(1)]
    pub network: NetworkDigest,
    /// The checkpoint of all of them.
    #[n(2)]
    pub checkpoint: SignedCheckpoint,
    /// As in [`StatusCertificate`].
    #[n(3)]
    pub handovers: Vec<Handover>,
    /// Leaves that each of the receipts holds, ascending by key: the agency, its key.
    #[n(4)]
    pub leaves: Vec<ProvenLeaf>,
    /// The statement's COSE_Sign1.
    #[n(5)]
    pub cose: ByteVec,
    /// Its index in the log.
    #[n(6)]
    pub entry_index: EntryIndex,
    /// Its path in the log of the checkpoint's size.
    #[n(7)]
    pub entry_path: Vec<Hash>,
    /// One for each operation that was asked for; none where it was refused, or where the record has
    /// moved on since.
    #[n(8)]
    pub own: Vec<Option<OwnPart>>,
}

/// What is one receipt's own.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OwnPart {
    /// The operation's bytes.
    #[n(0)]
    pub operation: ByteVec,
    /// Its position in the statement.
    #[n(1)]
    pub index: u32,
    /// Its path in the tree of the statement's operations.
    #[n(2)]
    pub path: Vec<Hash>,
    /// Leaves beside the shared ones, ascending by key: the record.
    #[n(3)]
    pub leaves: Vec<ProvenLeaf>,
    /// The private item of a use.
    #[n(4)]
    pub opened: Option<OpenedItem>,
}

impl ReceiptBundle {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, BUNDLE_BYTES_MAX)
    }

    /// The receipts, one after the other: each is made when it is asked for.
    pub fn receipts(self) -> impl Iterator<Item = Option<Receipt>> {
        let Self {
            format,
            network,
            checkpoint,
            handovers,
            leaves: shared,
            cose,
            entry_index,
            entry_path,
            own,
        } = self;
        own.into_iter().map(move |own| {
            let own = own?;
            let mut leaves = [shared.clone(), own.leaves].concat();
            leaves.sort_by_key(|leaf| leaf.key);
            Some(Receipt {
                certificate: StatusCertificate {
                    format,
                    network,
                    checkpoint: checkpoint.clone(),
                    handovers: handovers.clone(),
                    leaves,
                },
                operation: ProvenOperation {
                    operation: own.operation,
                    index: own.index,
                    path: own.path,
                    cose: cose.clone(),
                    entry_index,
                    entry_path: entry_path.clone(),
                },
                opened: own.opened,
                disclosed: None,
            })
        })
    }
}
