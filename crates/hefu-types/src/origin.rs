//! The origin of a network: its name in checkpoints (C2SP tlog-checkpoint).

use crate::bytes::NetworkDigest;

/// `<name in genesis>/<first 16 bytes of the network digest, hex>`.
pub fn origin(name: &str, digest: &NetworkDigest) -> String {
    format!("{name}/{}", hex::encode(&digest.0[..16]))
}
