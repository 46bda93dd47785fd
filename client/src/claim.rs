//! Claim files: the secret half of an invoice's claim key, which goes to the buyer with the invoice.
//!
//! The seed follows from the issuer's fact secret, the record and the files. So a run that was stopped
//! makes the same claim again, and files that take the place of others get another key.

use crate::disk;
use crate::failure::Failure;
use hefu_types::genesis::Network;
use hefu_types::suite::SecretKey;
use hefu_types::{Digest, Hash, PublicKey, StateKey, Suite};
use hefu_wire::ClaimFile;
use std::path::{Path, PathBuf};

/// The longest claim file in bytes.
const CLAIM_BYTES_MAX: usize = 4 * 1024;

/// The seed of the claim key of a document with these files, ascending by digest.
pub fn seed(suite: Suite, fact_secret: &[u8; 32], record: &StateKey, digests: &[Digest]) -> Hash {
    let parts = [record.0.as_slice(), b"claim-key"];
    let parts: Vec<&[u8]> = (parts.into_iter())
        .chain(digests.iter().map(|digest| digest.0.as_slice()))
        .collect();
    suite.mac(fact_secret, &parts)
}

/// The public half of the claim key.
pub fn public_key(suite: Suite, seed: &Hash) -> PublicKey {
    SecretKey::from_seed(suite, &seed.0).public_key()
}

/// Where the claim of a document is written whose receipt is written here.
pub fn beside(receipt: &Path) -> PathBuf {
    if receipt.extension().is_some_and(|end| end == "receipt") {
        return receipt.with_extension("claim");
    }
    let mut name = receipt.as_os_str().to_owned();
    name.push(".claim");
    PathBuf::from(name)
}

/// A claim that is to be written.
#[derive(Clone, Debug)]
pub struct Claim {
    bytes: Vec<u8>,
}

impl Claim {
    /// The claim of a record.
    pub fn new(network: &Network, record: StateKey, seed: Hash) -> Self {
        let file = ClaimFile {
            network: network.digest(),
            record,
            seed,
        };
        let mut bytes = serde_json::to_vec_pretty(&file).expect("a claim file is plain JSON");
        bytes.push(b'\n');
        Self { bytes }
    }

    /// Whether this very claim is there; an error where something else is, which is not ours to
    /// overwrite.
    pub fn is_at(&self, path: &Path) -> Result<bool, Failure> {
        match disk::read_if_there(path, CLAIM_BYTES_MAX)? {
            None => Ok(false),
            Some(bytes) if bytes == self.bytes => Ok(true),
            Some(_) => Err(Failure::bad_file(
                path,
                "it is there and is another claim; move it away",
            )),
        }
    }

    /// Writes it, for nobody but its owner to read.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        if self.is_at(path)? {
            return Ok(());
        }
        disk::write_secret(path, &self.bytes)
    }
}
