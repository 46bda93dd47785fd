//! Which pieces of evidence hold, and which record they speak of.

use super::number::{candidates, Hint};
use super::{Evidence, Judge, Piece, Refused, Verifier};
use crate::certificate::{CertificateError, StatusCertificate, Value, VerifiedState};
use crate::memory::MemoryError;
use crate::receipt::{ReceiptError, VerifiedReceipt};
use crate::verdict::Said;
use hefu_types::key;
use hefu_types::leaf::DigestLeaf;
use hefu_types::record::PublicPart;
use hefu_types::{Code, StateKey};

/// A record, the proof of it, whether a receipt holds that, and whether the file was withdrawn.
pub(super) type Found = (StateKey, PublicPart, VerifiedState, bool, bool);

impl Judge<'_> {
    /// Verifies every piece under the genesis and the memory. Those of later epochs come first: they show
    /// which sets of validators are retired.
    pub(super) fn admit(&mut self, evidence: &Evidence) {
        let receipts = evidence.receipts.iter().enumerate();
        let certificates = evidence.certificates.iter().enumerate();
        let catalogue = evidence.catalogue.iter().enumerate();
        let mut pieces: Vec<(Piece, &StatusCertificate)> = receipts
            .map(|(at, receipt)| (Piece::Receipt(at), &receipt.certificate))
            .chain(certificates.map(|(at, one)| (Piece::Certificate(at), one)))
            .chain(catalogue.map(|(at, one)| (Piece::Catalogue(at), one)))
            .collect();
        pieces.sort_by_key(|(_, certificate)| {
            let checkpoint = &certificate.checkpoint.checkpoint;
            std::cmp::Reverse((checkpoint.epoch, checkpoint.size))
        });
        let mut verifier = Verifier::new(self.network);
        let mut receipts: Vec<(usize, VerifiedReceipt)> = Vec::new();
        let mut certificates: Vec<(usize, VerifiedState)> = Vec::new();
        for (which, certificate) in pieces {
            let refused = match which {
                Piece::Receipt(at) => verifier
                    .receipt(&evidence.receipts[at])
                    .map_err(|error| of_receipt(which, &error))
                    .and_then(|mut receipt| {
                        (self.memory.admit_receipt(self.network, &mut receipt))
                            .map_err(|error| of_memory(which, &error))?;
                        receipts.push((at, receipt));
                        Ok(())
                    }),
                _ => verifier
                    .certificate(certificate)
                    .map_err(|error| of_certificate(which, &error))
                    .and_then(|mut state| {
                        (self.memory.admit(self.network, &mut state))
                            .map_err(|error| of_memory(which, &error))?;
                        match which {
                            Piece::Certificate(at) => certificates.push((at, state)),
                            _ => self.catalogue.add(state),
                        }
                        Ok(())
                    }),
            };
            self.refused.extend(refused.err());
        }
        receipts.sort_by_key(|(at, _)| *at);
        certificates.sort_by_key(|(at, _)| *at);
        for (at, receipt) in receipts {
            match self.subject.is_of(self.network, &receipt) {
                true => self.receipts.push(receipt),
                false => self.refused.push(of_another(Piece::Receipt(at))),
            }
        }
        for (at, state) in certificates {
            match self.speaks(&state) {
                true => self.certificates.push(state),
                false => self.refused.push(of_another(Piece::Certificate(at))),
            }
        }
    }

    /// The record to judge under the newest checkpoint that speaks of it.
    pub(super) fn find(&self) -> Option<Found> {
        let newest = self
            .receipts
            .iter()
            .rev()
            .max_by_key(|r| r.state().height());
        let keys = self.keys();
        let by_certificate = keys.into_iter().find_map(|key| {
            let proves = |state: &&VerifiedState| matches!(state.record(&key), Ok(Some(_)));
            let proving = self.certificates.iter().filter(proves);
            Some((key, proving.max_by_key(|state| state.height())?))
        });
        let by_receipt = newest.map(|r| (r.record_key(), r.state(), true));
        let by_certificate = by_certificate.map(|(key, state)| (key, state, false));
        let (key, state, by_receipt) = match (by_certificate, by_receipt) {
            (Some(one), Some(receipt)) if one.1.height() < receipt.1.height() => receipt,
            (Some(one), _) => one,
            (None, receipt) => receipt?,
        };
        let record = state.record(&key).ok()??.clone();
        // A leaf that is newer than the record says where the file belongs now.
        let is_withdrawn = self.digest_leaf().is_some_and(|(leaf, height)| {
            leaf.withdrawn || height > state.height() && leaf.record != key
        });
        Some((key, record, state.clone(), by_receipt, is_withdrawn))
    }

    /// The keys under which the document's record may stand, the surest first.
    fn keys(&self) -> Vec<StateKey> {
        let newest = self
            .receipts
            .iter()
            .rev()
            .max_by_key(|r| r.state().height());
        let mut keys: Vec<StateKey> = newest
            .map(VerifiedReceipt::record_key)
            .into_iter()
            .collect();
        keys.extend(self.subject.record);
        keys.extend(self.digest_leaf().map(|(leaf, _)| leaf.record));
        keys.extend(
            self.certificates
                .iter()
                .filter_map(|state| self.names_file(state)),
        );
        keys.extend(self.numbers());
        keys
    }

    /// The record that a certificate shows to have the file.
    fn names_file(&self, state: &VerifiedState) -> Option<StateKey> {
        let digest = self.subject.digest.as_ref()?;
        let names = |(key, value): (&StateKey, &Value)| match value {
            Value::Record(record, _) if record.digests.contains(digest) => Some(*key),
            _ => None,
        };
        state.values().find_map(names)
    }

    /// The records of the number that was typed, then of the one that the file says.
    fn numbers(&self) -> Vec<StateKey> {
        let subject = self.subject;
        let typed = Hint::named(subject.document_type.as_deref());
        let types = &self.network.genesis().types;
        [(&subject.typed, typed), (&subject.said, subject.hint())]
            .into_iter()
            .filter_map(|(identity, hint)| Some((identity.as_ref()?, hint)))
            .flat_map(|(identity, hint)| candidates(self.network.suite(), types, identity, hint))
            .map(|candidate| candidate.record)
            .collect()
    }

    /// What the newest certificate that tells of the file's digest says of it.
    fn digest_leaf(&self) -> Option<(DigestLeaf, u64)> {
        let at = key::digest(self.network.suite(), self.subject.digest.as_ref()?);
        let tells = |state: &&VerifiedState| state.value(&at).is_some();
        let newest = self.certificates.iter().filter(tells);
        let newest = newest.max_by_key(|state| state.height())?;
        let leaf = newest.leaf(&at, "the digest").ok().flatten()?;
        Some((leaf, newest.height()))
    }

    /// Whether a certificate says anything of the document: that it is there, or that it is not.
    fn speaks(&self, state: &VerifiedState) -> bool {
        let suite = self.network.suite();
        let digest = self
            .subject
            .digest
            .map(|digest| key::digest(suite, &digest));
        let of_receipts = self.receipts.iter().map(VerifiedReceipt::record_key);
        let mut keys = of_receipts
            .chain(digest)
            .chain(self.subject.record)
            .chain(self.numbers());
        keys.any(|key| state.value(&key).is_some()) || self.names_file(state).is_some()
    }
}

fn of_receipt(which: Piece, error: &ReceiptError) -> Refused {
    refused(which, error.reason(), error)
}

fn of_certificate(which: Piece, error: &CertificateError) -> Refused {
    refused(which, error.reason(), error)
}

fn of_memory(which: Piece, error: &MemoryError) -> Refused {
    refused(which, error.reason(), error)
}

fn refused(which: Piece, reason: &'static str, error: &impl std::fmt::Display) -> Refused {
    Refused {
        which,
        reason,
        code: Some(Code::BadProof),
        said: Said::new(
            format!("it proves nothing: {error}"),
            format!("不能证明任何内容：{error}"),
        ),
    }
}

fn of_another(which: Piece) -> Refused {
    Refused {
        which,
        reason: "other-document",
        code: None,
        said: Said::new("it is of another document", "属于另一份文档"),
    }
}
