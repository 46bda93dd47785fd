//! Checking many certificates and receipts: what was checked a moment ago is not checked again.
//!
//! The receipts of one statement share their checkpoint, the signature of the statement and the leaves
//! of the agency and its key. [`Verifier`] remembers what it checked last of each, byte for byte: what
//! differs in anything is checked in full.

use crate::certificate::{CertificateError, ProvenLeaf, StatusCertificate, Value, VerifiedState};
use crate::checkpoint::VerifiedCheckpoint;
use crate::handover::{verify_under, Handover, Sighting};
use crate::log::{self, PATH_LENGTH_MAX};
use crate::receipt::{present, ProvenOperation, Receipt, ReceiptError, VerifiedReceipt};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::KeyLeaf;
use hefu_types::statement::SignedHeader;
use hefu_types::{EntryIndex, Hash, StateKey, TreeSize};
use minicbor::bytes::ByteVec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Leaves that are remembered: those of some agencies and their keys.
const LEAVES_KEPT: usize = 64;

/// Checkpoints whose signatures were checked by any of several verifiers of one network.
#[derive(Clone, Debug, Default)]
pub struct SharedCheckpoints(Arc<Mutex<VecDeque<Signed>>>);

/// A chain of sets, and the checkpoint that holds under it.
type Signed = (Vec<Handover>, Arc<Sighting>);

/// How many checkpoints are shared; the oldest is forgotten.
const SHARED_MAX: usize = 16;

impl SharedCheckpoints {
    fn find(&self, certificate: &StatusCertificate) -> Option<Arc<Sighting>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|(handovers, sighting)| {
            sighting.signed == certificate.checkpoint && *handovers == certificate.handovers
        });
        found.map(|(_, sighting)| Arc::clone(sighting))
    }

    fn put(&self, certificate: &StatusCertificate, sighting: &Arc<Sighting>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == SHARED_MAX {
            known.pop_front();
        }
        known.push_back((certificate.handovers.clone(), Arc::clone(sighting)));
    }
}

/// See the module.
#[derive(Debug)]
pub struct Verifier<'a> {
    network: &'a Network,
    shared: SharedCheckpoints,
    checkpoint: Option<KnownCheckpoint>,
    statement: Option<KnownStatement>,
}

/// A checkpoint that holds, and leaves that were proven under it.
#[derive(Debug)]
struct KnownCheckpoint {
    sighting: Arc<Sighting>,
    handovers: Vec<Handover>,
    leaves: BTreeMap<StateKey, ProvenLeaf>,
}

/// A statement that is signed by this key, and was found in the log of this checkpoint.
#[derive(Debug)]
struct KnownStatement {
    cose: ByteVec,
    entry_index: EntryIndex,
    entry_path: Vec<Hash>,
    log: (TreeSize, Hash),
    key: KeyLeaf,
    header: SignedHeader,
}

impl<'a> Verifier<'a> {
    /// Trusts the genesis of a network and nothing else.
    pub fn new(network: &'a Network) -> Self {
        Self::sharing(network, SharedCheckpoints::default())
    }

    /// The same, for one of several verifiers of this network, so that each checkpoint's signatures
    /// are checked by one of them.
    pub fn sharing(network: &'a Network, shared: SharedCheckpoints) -> Self {
        Self {
            network,
            shared,
            checkpoint: None,
            statement: None,
        }
    }

    /// Checks all of a certificate: network, chain of sets, checkpoint, each leaf.
    pub fn certificate(
        &mut self,
        certificate: &StatusCertificate,
    ) -> Result<VerifiedState, CertificateError> {
        if certificate.format != 0 {
            return Err(CertificateError::UnknownFormat(certificate.format));
        }
        if certificate.network != self.network.digest() {
            return Err(CertificateError::OtherNetwork);
        }
        let suite = self.network.suite();
        let known = self.known_checkpoint(certificate)?;
        let leaves = &certificate.leaves;
        if leaves.windows(2).any(|pair| pair[0].key >= pair[1].key) {
            return Err(CertificateError::NotAscending);
        }
        let mut values = BTreeMap::new();
        for leaf in leaves {
            if known.leaves.get(&leaf.key) != Some(leaf) {
                leaf.verify(suite, &known.sighting.signed.checkpoint.state_root)?;
                // Records are many and each is asked for once.
                if matches!(leaf.value, Value::Leaf(_)) && known.leaves.len() < LEAVES_KEPT {
                    known.leaves.insert(leaf.key, leaf.clone());
                }
            }
            values.insert(leaf.key, leaf.value.clone());
        }
        Ok(VerifiedState {
            checkpoint: VerifiedCheckpoint::of(&known.sighting),
            values,
            sighting: Arc::clone(&known.sighting),
        })
    }

    fn known_checkpoint(
        &mut self,
        certificate: &StatusCertificate,
    ) -> Result<&mut KnownCheckpoint, CertificateError> {
        let known = self.checkpoint.take().filter(|known| {
            known.sighting.signed == certificate.checkpoint
                && known.handovers == certificate.handovers
        });
        let known = match known {
            Some(known) => known,
            None => {
                let sighting = match self.shared.find(certificate) {
                    Some(sighting) => sighting,
                    None => {
                        let StatusCertificate {
                            checkpoint,
                            handovers,
                            ..
                        } = certificate;
                        let sighting = verify_under(self.network, handovers, checkpoint)?;
                        let sighting = Arc::new(sighting);
                        self.shared.put(certificate, &sighting);
                        sighting
                    }
                };
                KnownCheckpoint {
                    sighting,
                    handovers: certificate.handovers.clone(),
                    leaves: BTreeMap::new(),
                }
            }
        };
        Ok(self.checkpoint.insert(known))
    }

    /// Checks all of a receipt.
    pub fn receipt(&mut self, receipt: &Receipt) -> Result<VerifiedReceipt, ReceiptError> {
        let state = self.certificate(&receipt.certificate)?;
        let network = self.network;
        let known = self.known_statement(&receipt.operation, &state)?;
        receipt.verify_operation(network, state, &known.header, known.key.clone())
    }

    /// The statement: signed by a key of the ledger, whose holder it names, and in the log.
    fn known_statement(
        &mut self,
        proven: &ProvenOperation,
        state: &VerifiedState,
    ) -> Result<&KnownStatement, ReceiptError> {
        if proven.path.len() > PATH_LENGTH_MAX || proven.entry_path.len() > PATH_LENGTH_MAX {
            return Err(ReceiptError::PathTooLong);
        }
        let suite = self.network.suite();
        let checkpoint = state.checkpoint().checkpoint();
        let log = (checkpoint.size, checkpoint.log_root);
        let signing_key = |header: &SignedHeader| {
            let at = key::public_key(suite, &header.protected.key_id);
            present::<KeyLeaf>(state.leaf(&at, "the signing key"))
        };
        if let Some(known) = self.statement.take() {
            let same = known.cose == proven.cose
                && known.entry_index == proven.entry_index
                && known.entry_path == proven.entry_path
                && known.log == log
                && known.key == signing_key(&known.header)?;
            if same {
                return Ok(self.statement.insert(known));
            }
        }
        let header = SignedHeader::read(suite, &self.network.digest(), &proven.cose)?;
        let key = signing_key(&header)?;
        header
            .verify(suite, &key.key)
            .map_err(|_| ReceiptError::BadSignature)?;
        if key.holder.id() != header.protected.issuer {
            return Err(ReceiptError::OtherHolder);
        }
        log::verify_inclusion(
            suite,
            &suite.log_leaf(&proven.cose),
            proven.entry_index,
            checkpoint.size,
            &proven.entry_path,
            &checkpoint.log_root,
        )
        .map_err(ReceiptError::EntryPath)?;
        Ok(self.statement.insert(KnownStatement {
            cose: proven.cose.clone(),
            entry_index: proven.entry_index,
            entry_path: proven.entry_path.clone(),
            log,
            key,
            header,
        }))
    }
}
