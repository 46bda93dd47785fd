//! Proof of possession: who registers a public key shows that he holds the secret one.
//!
//! The preimage is a tag, the network's id (its digest hashes the genesis, which holds the proofs),
//! the role, the holder and the key, each led by its length, so that a proof serves in one place of
//! one network only.

use crate::bytes::{NetworkId, PublicKey, Signature};
use crate::suite::{SignatureError, Suite};

/// The bytes under a proof of possession.
pub fn preimage(network: &NetworkId, role: &str, holder: &str, key: &PublicKey) -> Vec<u8> {
    let mut bytes = b"hefu/possession/0".to_vec();
    for part in [
        network.0.as_slice(),
        role.as_bytes(),
        holder.as_bytes(),
        &key.0,
    ] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Checks a key and the proof that its registrant holds it.
pub fn check(
    suite: Suite,
    network: &NetworkId,
    role: &str,
    holder: &str,
    key: &PublicKey,
    proof: &Signature,
) -> Result<(), SignatureError> {
    suite.check_public_key(key)?;
    suite.verify(key, &preimage(network, role, holder, key), proof)
}
