//! Signed statements on disk, from before they are sent until it is known what became of them.
//!
//! A run that is stopped must neither lose a receipt nor use an invoice a second time. So the statement
//! is written beside the receipts before it is sent, with the names of the receipts that it will bring,
//! and a run that finds one sends those same bytes again: a node answers them with their first outcome
//! for ever.

use super::settle::Kept;
use crate::disk;
use crate::failure::Failure;
use crate::keys::Key;
use crate::lookup::{open_receipt, Verifies};
use crate::send::Signed;
use hefu_proof::receipt::VerifiedReceipt;
use hefu_types::canonical;
use hefu_types::genesis::Network;
use hefu_types::operation::{Claim, Operation};
use hefu_types::statement::STATEMENT_BYTES_MAX;
use hefu_types::{Blinding, Digest, Suite};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use std::path::{Path, PathBuf};

const PREFIX: &str = ".use-";
const SUFFIX: &str = ".statement";
/// The longest such file in bytes: beside the statement stand the names of its receipts.
const BYTES_MAX: usize = STATEMENT_BYTES_MAX + 1024 * 1024;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    statement: ByteVec,
    /// Names in the same folder, one for each operation.
    #[n(1)]
    receipts: Vec<String>,
}

/// A statement whose outcome is not known for certain.
pub struct Pending {
    path: PathBuf,
    /// The statement.
    pub signed: Signed,
    /// Where the receipts of its operations are kept.
    pub receipts: Vec<PathBuf>,
}

/// What an operation takes of a document.
pub fn claim_of(operation: &Operation) -> Option<&Claim> {
    match operation {
        Operation::Lock(lock) => Some(&lock.claim),
        Operation::Consume(consume) => Some(&consume.claim),
        _ => None,
    }
}

/// Whether two operations ask for the same: the same verb, of the same share of the same document.
pub fn asks_same(one: &Operation, other: &Operation) -> bool {
    match (claim_of(one), claim_of(other)) {
        (Some(a), Some(b)) => {
            one.verb() == other.verb()
                && (&a.digest, &a.purpose, &a.share) == (&b.digest, &b.purpose, &b.share)
        }
        _ => false,
    }
}

/// The name under which a statement of these operations is kept: the same for all that ask for the same,
/// so that of two runs at once one finds that the other is at work.
fn name(suite: Suite, member: &str, operations: &[Operation]) -> String {
    let mut asked: Vec<Vec<u8>> = (operations.iter())
        .filter_map(|operation| {
            let claim = claim_of(operation)?;
            let plain = Claim {
                right: None,
                unattested: None,
                ..claim.clone()
            };
            let mut bytes = canonical::encode(&plain);
            bytes.extend_from_slice(operation.verb().as_bytes());
            Some(bytes)
        })
        .collect();
    asked.sort_unstable();
    let mut parts = vec![member.as_bytes()];
    parts.extend(asked.iter().map(Vec::as_slice));
    let lengths: Vec<[u8; 8]> = parts
        .iter()
        .map(|part| (part.len() as u64).to_be_bytes())
        .collect();
    let framed: Vec<&[u8]> = (lengths.iter().zip(&parts))
        .flat_map(|(length, part)| [length.as_slice(), part])
        .collect();
    let hash = suite.hash(&framed).to_string();
    format!("{PREFIX}{}{SUFFIX}", &hash[..32])
}

impl Pending {
    /// Signs operations and writes the statement down. From here a crash loses nothing.
    pub fn sign(
        network: &Network,
        key: &Key,
        operations: &[Operation],
        receipts: Vec<PathBuf>,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let signed = Signed::atomic(network, key, operations, crate::now());
        let path = folder.join(name(network.suite(), &signed.issuer, operations));
        let names = receipts.iter().filter_map(|path| path.file_name());
        let written = Written {
            statement: signed.bytes.clone().into(),
            receipts: names
                .map(|name| name.to_string_lossy().into_owned())
                .collect(),
        };
        match disk::write_new(&path, &canonical::encode(&written)) {
            Err(Failure::Disk { error, .. })
                if error.kind() == std::io::ErrorKind::AlreadyExists =>
            {
                Err(Failure::asked(
                    "the same is being asked for by another run into the same --receipts; run the \
                     command again when that one has ended",
                    "另一个进程正以同一 --receipts 办理同一请求；请待其结束后重新执行",
                ))
            }
            Err(failure) => Err(failure),
            Ok(()) => Ok(Self {
                path,
                signed,
                receipts,
            }),
        }
    }

    /// The statements of a member that lie in a folder.
    pub fn all(folder: &Path, network: &Network, member: &str) -> Result<Vec<Self>, Failure> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Failure::disk(folder, error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Failure::disk(folder, error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !(name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
                continue;
            }
            let pending = Self::read(entry.path(), folder, network)?;
            // Another member may work in the same folder.
            if pending.signed.issuer == member {
                found.push(pending);
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn read(path: PathBuf, folder: &Path, network: &Network) -> Result<Self, Failure> {
        let bytes = disk::read(&path, BYTES_MAX)?;
        // Whatever cannot be read may be a use of ours: nothing is signed until somebody has looked.
        let bad = |why: String| Failure::bad_file(&path, why);
        let written: Written =
            canonical::decode(&bytes, BYTES_MAX).map_err(|error| bad(error.to_string()))?;
        let signed =
            Signed::decode(network, &written.statement).map_err(|error| bad(error.to_string()))?;
        let is_name = |name: &String| {
            Path::new(name)
                .file_name()
                .is_some_and(|own| own == name.as_str())
        };
        if written.receipts.len() != signed.operations.len()
            || !written.receipts.iter().all(is_name)
        {
            return Err(bad(
                "it does not name the receipts of its operations".to_owned()
            ));
        }
        let receipts = written
            .receipts
            .iter()
            .map(|name| folder.join(name))
            .collect();
        Ok(Self {
            path,
            signed,
            receipts,
        })
    }

    /// Whether it asks for one of these documents, for a purpose.
    pub fn concerns(&self, purpose: &str, digests: &[Digest]) -> bool {
        let claims = self.signed.operations.iter().filter_map(claim_of);
        let mut own = claims.filter(|claim| claim.purpose == purpose);
        own.any(|claim| digests.contains(&claim.digest))
    }

    /// The receipts, where an earlier run has written all of them: only its farewell is missing.
    pub fn kept(&self, by: &impl Verifies) -> Option<Vec<VerifiedReceipt>> {
        let own = |(index, path): (usize, &PathBuf)| {
            let receipt = open_receipt(path, by).ok()?;
            (receipt.operation_id() == self.signed.operation_id(index)).then_some(receipt)
        };
        self.receipts.iter().enumerate().map(own).collect()
    }

    /// Writes the receipts down. From here they entitle, and the statement has served.
    pub fn keep(&self, kept: &[Kept]) -> Result<(), Failure> {
        for (path, (receipt, _)) in self.receipts.iter().zip(kept) {
            disk::write(path, &receipt.encode())?;
        }
        self.forget()
    }

    /// Takes the statement away.
    pub fn forget(&self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::disk(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}

/// A fresh blinding of a private item.
pub fn blinding() -> Blinding {
    Blinding(crate::random())
}
