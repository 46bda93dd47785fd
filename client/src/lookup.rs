//! Finding a document on the ledger: by digest, by key, by number.

use crate::cli::{DocumentArgs, NumberArgs};
use crate::disk;
use crate::document::{candidates, hint_of, Document, Hint};
use crate::failure::Failure;
use crate::files::Files;
use crate::memory::Unproven;
use crate::nodes::{Fetched, Nodes};
use hefu_proof::certificate::{CertificateError, VerifiedState};
use hefu_proof::receipt::{Receipt, ReceiptError, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{ClockLeaf, DigestLeaf};
use hefu_types::profile::Identity;
use hefu_types::record::PublicPart;
use hefu_types::statement::StatementError;
use hefu_types::{Digest, StateKey};
use hefu_wire::path::{self, Beside};
use std::path::Path;

/// What was asked of a document, and the proof of what stands there.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The key of the record; `None` where a digest was asked that is of no record.
    pub key: Option<StateKey>,
    /// The record; `None` where its absence is proven.
    pub record: Option<PublicPart>,
    /// The record of which the file was one until it was withdrawn; it is of no record now.
    pub withdrawn: Option<(StateKey, PublicPart)>,
    /// The proof.
    pub fetched: Fetched,
}

/// The document of a file, by its digest.
pub fn by_digest(
    nodes: &Nodes,
    digest: &Digest,
    beside: Beside<'_>,
    height_min: u64,
) -> Result<Answered, Failure> {
    let at = key::digest(nodes.network().suite(), digest);
    // Whether it is withdrawn, and the record.
    type Found = Option<(bool, StateKey, PublicPart)>;
    let find = |state: &VerifiedState| -> Result<Found, String> {
        let leaf = state
            .leaf::<DigestLeaf>(&at, "the digest")
            .map_err(|error| error.to_string())?;
        let Some(leaf) = leaf else {
            return Ok(None);
        };
        match state
            .record(&leaf.record)
            .map_err(|error| error.to_string())?
        {
            Some(record) if record.digests.contains(digest) != leaf.withdrawn => {
                tells_halts(nodes, state, record)?;
                tells_licence(state, record)?;
                Ok(Some((leaf.withdrawn, leaf.record, record.clone())))
            }
            _ => Err("its record is not the one of the file".to_owned()),
        }
    };
    let check = |state: &VerifiedState| find(state).map(|_| ());
    let fetched = nodes.certificate(&path::digest(digest, beside), height_min, check)?;
    let (key, record, withdrawn) = match find(&fetched.state).ok().flatten() {
        Some((false, key, record)) => (Some(key), Some(record), None),
        Some((true, key, record)) => (None, None, Some((key, record))),
        None => (None, None, None),
    };
    Ok(Answered {
        key,
        record,
        withdrawn,
        fetched,
    })
}

/// The document under a key.
pub fn by_key(
    nodes: &Nodes,
    key: &StateKey,
    beside: Beside<'_>,
    height_min: u64,
) -> Result<Answered, Failure> {
    let check = |state: &VerifiedState| match state.record(key).map_err(|e| e.to_string())? {
        Some(record) => {
            tells_halts(nodes, state, record)?;
            tells_licence(state, record)
        }
        None => Ok(()),
    };
    let fetched = nodes.certificate(&path::record(key, beside), height_min, check)?;
    let record = fetched.state.record(key).ok().flatten().cloned();
    Ok(Answered {
        key: Some(*key),
        record,
        withdrawn: None,
        fetched,
    })
}

/// Refuses a certificate that leaves out the ledger's clock where a lock or a reversal has a deadline:
/// a halt puts it off, and without the clock a lock of another would read as over.
pub fn tells_halts(
    nodes: &Nodes,
    state: &VerifiedState,
    record: &PublicPart,
) -> Result<(), String> {
    let has_deadline =
        record.reversal.is_some() || record.uses.iter().any(|used| used.locked_until.is_some());
    if !has_deadline {
        return Ok(());
    }
    let at = key::clock(nodes.network().suite());
    let clock = state.leaf::<ClockLeaf>(&at, "the ledger's clock");
    clock.map(|_| ()).map_err(|error| error.to_string())
}

/// Refuses a certificate of a lending copy that leaves out its licence: a copy is what its licence is.
fn tells_licence(state: &VerifiedState, record: &PublicPart) -> Result<(), String> {
    let Some(terms) = &record.copy else {
        return Ok(());
    };
    match state.record(&terms.of) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("the licence of the copy is not there".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The document under a number; the last absence where no type has one.
pub fn by_identity(
    nodes: &Nodes,
    identity: &Identity,
    hint: Hint<'_>,
    beside: Beside<'_>,
    height_min: u64,
) -> Result<Option<Answered>, Failure> {
    let mut absent = None;
    for candidate in candidates(nodes.network(), identity, hint)? {
        let answered = by_key(nodes, &candidate.record, beside, height_min)?;
        if answered.record.is_some() {
            return Ok(Some(answered));
        }
        absent = Some(answered);
    }
    Ok(absent)
}

impl NumberArgs {
    /// The number that was typed, if one was.
    pub fn identity(&self) -> Option<Identity> {
        let or_empty = |field: &Option<String>| field.clone().unwrap_or_default();
        Some(Identity {
            number: self.number.clone()?,
            legal_issuer: or_empty(&self.issuer),
            class: or_empty(&self.class),
            series: or_empty(&self.series),
            period: or_empty(&self.period),
        })
    }
}

/// What checks a receipt: a network alone, or together with what is remembered of it.
pub trait Verifies {
    /// A receipt that holds.
    fn verified(&self, receipt: &Receipt) -> Result<VerifiedReceipt, Unproven>;
}

impl Verifies for Network {
    fn verified(&self, receipt: &Receipt) -> Result<VerifiedReceipt, Unproven> {
        Ok(receipt.verify(self)?)
    }
}

impl Verifies for Nodes {
    fn verified(&self, receipt: &Receipt) -> Result<VerifiedReceipt, Unproven> {
        Nodes::verified(self, receipt)
    }
}

/// Reads a receipt and checks it.
pub fn open_receipt(path: &Path, by: &impl Verifies) -> Result<VerifiedReceipt, Failure> {
    read_receipt(path, by).map(|(_, verified)| verified)
}

/// The same with the receipt as it stands in the file.
pub fn read_receipt(
    path: &Path,
    by: &impl Verifies,
) -> Result<(Receipt, VerifiedReceipt), Failure> {
    let bytes = disk::read(path, RECEIPT_BYTES_MAX)?;
    let receipt = Receipt::decode(&bytes).map_err(Unproven::from);
    let verified = receipt.and_then(|receipt| {
        let verified = by.verified(&receipt)?;
        Ok((receipt, verified))
    });
    verified.map_err(|error| {
        let why = match &error {
            Unproven::Receipt(
                ReceiptError::Certificate(CertificateError::OtherNetwork)
                | ReceiptError::Statement(StatementError::OtherNetwork),
            ) => "it is of another network: give that network's file".to_owned(),
            Unproven::Memory(error) => {
                format!("{error}: it contradicts what was seen of this network before")
            }
            _ => format!("{error}: it is damaged or altered, ask for it again where you got it"),
        };
        Failure::bad_file(path, why)
    })
}

/// The document that was named, and its file where one was given.
pub struct Named {
    /// The record and its proof.
    pub answered: Answered,
    /// The file.
    pub document: Option<Document>,
}

/// Finds the document that a command names: by record, receipt, number, then by the file's digest
/// and by the number that stands in the file.
pub fn named(nodes: &Nodes, args: &DocumentArgs) -> Result<Named, Failure> {
    let network = nodes.network();
    let beside = Beside::default();
    let document = args
        .file
        .as_deref()
        .map(|path| Files::new(network.suite(), None)?.open_one(path))
        .transpose()?;
    let answered = if let Some(record) = &args.record {
        by_key(nodes, record, beside, 0)?
    } else if let Some(path) = &args.receipt {
        let receipt = open_receipt(path, nodes)?;
        let height = receipt.state().checkpoint().checkpoint().height;
        let told = by_key(nodes, &receipt.record_key(), beside, height)?;
        if let Some(document) = &document {
            let is_of_it = told
                .record
                .as_ref()
                .is_some_and(|r| r.digests.contains(&document.digest));
            if !is_of_it {
                return Err(Failure::asked(
                    "the file is not one that is registered under this receipt",
                    "该文件不是此回执所登记的文件",
                ));
            }
        }
        told
    } else if let Some(identity) = args.number.identity() {
        let found = by_identity(
            nodes,
            &identity,
            Hint::named(args.number.document_type.as_deref()),
            beside,
            0,
        )?;
        found.ok_or_else(no_type)?
    } else if let Some(document) = &document {
        let told = by_digest(nodes, &document.digest, beside, 0)?;
        match document.identity() {
            Some(identity) if told.record.is_none() => {
                let hint = hint_of(document, args.number.document_type.as_deref());
                by_identity(nodes, &identity, hint, beside, 0)?.unwrap_or(told)
            }
            _ => told,
        }
    } else {
        return Err(Failure::asked(
            "name the document: a file, --receipt, --record, or --number with --issuer",
            "请指明文档：文件、--receipt、--record，或 --number 与 --issuer",
        ));
    };
    Ok(Named { answered, document })
}

/// The record of another document that a command names in one word: the key of a record, a receipt,
/// or a file.
pub fn named_by(nodes: &Nodes, text: &str) -> Result<StateKey, Failure> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let path = Path::new(text);
    if text.ends_with(disk::RECEIPT_SUFFIX) {
        return Ok(open_receipt(path, nodes)?.record_key());
    }
    let args = DocumentArgs {
        file: Some(path.to_owned()),
        ..DocumentArgs::default()
    };
    let answered = named(nodes, &args)?.answered;
    match (answered.key, answered.record) {
        (Some(key), Some(_)) => Ok(key),
        _ => Err(Failure::asked(
            format!("{text} is not registered on this network: register it first"),
            format!("{text} 未在本网络登记：请先登记"),
        )),
    }
}

fn no_type() -> Failure {
    Failure::asked(
        "the number fits no type of this network; check its issuer and --class",
        "该号码不符合本网络的任何类型；请核对开具方和 --class",
    )
}
