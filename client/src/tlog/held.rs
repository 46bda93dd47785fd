//! A checkpoint, in whatever file somebody holds it: a note, a receipt, a status certificate, a
//! tlog-proof, or a proof of growth, whose later checkpoint it is.

use super::sets::{Judged, Sets};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::Fetched;
use crate::say::Lang;
use hefu_proof::certificate::{StatusCertificate, CERTIFICATE_BYTES_MAX};
use hefu_proof::checkpoint::{Checkpoint, SignedCheckpoint};
use hefu_proof::receipt::Receipt;
use hefu_proof::tlog_proof::TLOG_PROOF_HEADER;
use hefu_proof::{Handover, TlogConsistency, TlogProof};
use hefu_types::genesis::Network;
use serde_json::{json, Value};
use std::path::Path;

/// A checkpoint of somebody's file, not yet verified.
#[derive(Clone, Debug)]
pub struct Held {
    /// The file, or the word `latest`.
    pub name: String,
    /// What the file is: a stable word.
    pub kind: &'static str,
    content: Content,
    handovers: Vec<Handover>,
}

#[derive(Clone, Debug)]
enum Content {
    Signed(Box<SignedCheckpoint>),
    Note { text: String, epoch: u64 },
}

/// A checkpoint that holds, with its note.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// As C2SP verifiers read it.
    pub note: String,
}

/// What a held checkpoint is.
#[derive(Clone, Debug)]
pub enum Found {
    /// One of the network.
    Holds(Box<Verified>),
    /// None of the network.
    Fails(String),
    /// Signed by a validator set that is not known here.
    UnknownSet(u64),
}

impl Held {
    /// Reads a file.
    pub fn read(network: &Network, path: &Path) -> Result<Self, Failure> {
        let bytes = disk::read(path, CERTIFICATE_BYTES_MAX)?;
        let bad = |why: String| Failure::bad_file(path, why);
        let name = path.to_string_lossy().into_owned();
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let (kind, note) = if text.starts_with(TLOG_PROOF_HEADER) {
                let proof = TlogProof::parse(text).map_err(|error| bad(error.to_string()))?;
                ("tlog-proof", proof.note)
            } else if text.starts_with("old ") {
                let proof = TlogConsistency::parse(text).map_err(|error| bad(error.to_string()))?;
                ("growth", proof.note)
            } else {
                ("note", text.to_owned())
            };
            return Self::of_note(network, name, kind, note).map_err(bad);
        }
        let (kind, certificate) = match Receipt::decode(&bytes) {
            Ok(receipt) => ("receipt", receipt.certificate),
            Err(_) => match StatusCertificate::decode(&bytes) {
                Ok(certificate) => ("certificate", certificate),
                Err(_) => {
                    let why = "it is no note, receipt, status certificate or tlog-proof";
                    return Err(bad(why.to_owned()));
                }
            },
        };
        if certificate.network != network.digest() {
            return Err(bad("it is of another network".to_owned()));
        }
        Ok(Self::of_certificate(name, kind, certificate))
    }

    /// What a node just proved.
    pub fn latest(fetched: &Fetched) -> Self {
        Self::of_certificate("latest".to_owned(), "latest", fetched.certificate.clone())
    }

    /// The checkpoint of a certificate.
    pub fn of_certificate(
        name: String,
        kind: &'static str,
        certificate: StatusCertificate,
    ) -> Self {
        Self {
            name,
            kind,
            content: Content::Signed(Box::new(certificate.checkpoint)),
            handovers: certificate.handovers,
        }
    }

    /// A note's.
    pub fn of_note(
        network: &Network,
        name: String,
        kind: &'static str,
        text: String,
    ) -> Result<Self, String> {
        let checkpoint = Checkpoint::of_note(network.origin(), &text);
        let epoch = checkpoint.map_err(|error| error.to_string())?.epoch;
        Ok(Self {
            name,
            kind,
            content: Content::Note { text, epoch },
            handovers: Vec::new(),
        })
    }

    /// Whether it is the network's, by these sets and the chain that came with it.
    pub fn judge(&self, network: &Network, sets: &Sets) -> Found {
        let mut sets = sets.clone();
        if let Err(error) = sets.extend(&self.handovers) {
            return Found::Fails(error.to_string());
        }
        let origin = network.origin();
        let signed = match &self.content {
            Content::Signed(signed) => signed.as_ref().clone(),
            Content::Note { text, epoch } => {
                let Some(set) = sets.of(*epoch) else {
                    return Found::UnknownSet(*epoch);
                };
                match SignedCheckpoint::parse_note(origin, set, text) {
                    Ok(signed) => signed,
                    Err(error) => return Found::Fails(error.to_string()),
                }
            }
        };
        match sets.judge(&signed) {
            Judged::Holds(verified) => {
                let set = sets.of(signed.checkpoint.epoch);
                match set.and_then(|set| signed.note(origin, set)) {
                    Some(note) => Found::Holds(Box::new(Verified {
                        checkpoint: verified.checkpoint().clone(),
                        note,
                    })),
                    None => Found::UnknownSet(signed.checkpoint.epoch),
                }
            }
            Judged::Fails(why) => Found::Fails(why),
            Judged::UnknownSet(epoch) => Found::UnknownSet(epoch),
        }
    }
}

impl Verified {
    /// One line of it.
    pub fn shown(&self, lang: Lang) -> String {
        let Checkpoint {
            size, height, time, ..
        } = &self.checkpoint;
        match lang {
            Lang::En => format!("size {size}, height {height}, {time}"),
            Lang::Zh => format!("规模 {size}，高度 {height}，{time}"),
        }
    }

    /// For programs.
    pub fn json(&self, held: &Held) -> Value {
        let checkpoint = &self.checkpoint;
        json!({
            "file": held.name,
            "kind": held.kind,
            "size": checkpoint.size,
            "log_root": checkpoint.log_root,
            "height": checkpoint.height,
            "time": checkpoint.time.to_string(),
            "epoch": checkpoint.epoch,
        })
    }
}
