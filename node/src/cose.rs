//! Receipts in COSE (RFC 9942): this validator's own word that an entry is in the log.
//!
//! What is signed is the root of the log of the published checkpoint, which this node reached by executing
//! and a quorum cosigned. So there is one signature for each checkpoint, whoever asks how often for which
//! entry: it is kept until the next checkpoint is published, and all else of a receipt is a path.

use crate::shared::{Published, Shared};
use hefu_proof::cose_receipt::{SignedRoot, COSE_LOG_SIZE_MIN};
use hefu_proof::log::inclusion_path;
use hefu_proof::CoseReceipt;
use hefu_store::StoreFault;
use hefu_types::suite::SecretKey;
use hefu_types::EntryIndex;
use std::sync::{Arc, Mutex, PoisonError};

/// Signs roots with this node's log key, each once.
#[derive(Debug)]
pub struct CoseSigner {
    /// Absent in a node that follows.
    log_key: Option<SecretKey>,
    /// Of the last checkpoint that was asked for, by its height.
    last: Mutex<Option<(u64, Arc<SignedRoot>)>>,
}

/// Why there is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReceipt {
    /// The published log does not reach so far.
    NotThere,
    /// The published log has one entry, whose path is empty: RFC 9942 has no such receipt.
    NotYet,
    /// This node is no validator of the published checkpoint's set.
    NoValidator,
    /// The hash of this network's suite has no registered name in COSE.
    NoStructure,
}

impl CoseSigner {
    /// With the log key of a node that votes.
    pub fn new(log_key: Option<SecretKey>) -> Self {
        Self {
            log_key,
            last: Mutex::default(),
        }
    }

    /// The receipt of an entry under the published checkpoint.
    pub fn receipt(
        &self,
        shared: &Shared,
        published: &Published,
        entry: EntryIndex,
    ) -> Result<Result<CoseReceipt, NoReceipt>, StoreFault> {
        let size = published.signed.checkpoint.size;
        let root = match self.signed(shared, published) {
            Ok(root) => root,
            Err(why) => return Ok(Err(why)),
        };
        if entry.0 >= size.0 {
            return Ok(Err(NoReceipt::NotThere));
        }
        let suite = shared.network.suite();
        let mut node = |level, index| shared.store.log_node(level, index);
        let path = inclusion_path(suite, entry, size, &mut node)?;
        Ok(Ok(root.receipt(entry, path)))
    }

    fn signed(&self, shared: &Shared, published: &Published) -> Result<Arc<SignedRoot>, NoReceipt> {
        let network = &shared.network;
        let key = self.log_key.as_ref().ok_or(NoReceipt::NoValidator)?;
        let public = key.public_key();
        let mut validators = published.set.validators.iter();
        let own = validators.find(|validator| validator.log_key == public);
        let own = own.ok_or(NoReceipt::NoValidator)?;
        let checkpoint = &published.signed.checkpoint;
        if network.suite().cose_log_structure().is_none() {
            return Err(NoReceipt::NoStructure);
        }
        if checkpoint.size.0 < COSE_LOG_SIZE_MIN {
            return Err(NoReceipt::NotYet);
        }
        // The lock is held while signing, some 20 us: of a flood that comes with a new checkpoint all
        // but one wait for that one signature.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((height, signed)) = last.as_ref() {
            if *height == checkpoint.height {
                return Ok(Arc::clone(signed));
            }
        }
        let (size, root) = (checkpoint.size, &checkpoint.log_root);
        let signed = SignedRoot::sign(network, &own.name, key, size, root);
        let signed = Arc::new(signed.ok_or(NoReceipt::NotYet)?);
        *last = Some((checkpoint.height, Arc::clone(&signed)));
        Ok(signed)
    }
}
