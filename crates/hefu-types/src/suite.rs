//! The suite of a network: its hash and its signature, named in its genesis.
//!
//! All hashing and signing goes through [`Suite`] and [`SecretKey`]. A second suite (SM3, SM2) is a
//! second variant here and needs no change elsewhere.
//!
//! # What is hashed
//!
//! `|` puts bytes one after the other, without lengths. H is SHA-256.
//!
//! | what | the hash of |
//! | --- | --- |
//! | leaf of a log-like tree (RFC 9162, 2.1.1) | byte 0, the entry's bytes |
//! | its inner node | byte 1, left, right |
//! | its root without leaves | the empty string |
//! | leaf of the state tree | `JMT::LeafNode`, key, hash of the value |
//! | its inner node | `JMT::IntrnalNode` (spelled so, as in the crate `jmt`), left, right |
//! | its empty subtree | no hash: the 32 bytes `SPARSE_MERKLE_PLACEHOLDER_HASH__` |
//! | key id (RFC 9679) | the COSE_Key {1: 1, -1: 6, -2: key}, that is `a301012006215820`, key |
//! | digest of a file | its bytes |
//! | digest of one document of a file | `hefu part 0`, the file's digest, its place from 1 in 4 bytes |
//!
//! # What a signature is
//!
//! Ed25519 (RFC 8032) is verified with `verify_strict` everywhere: one rule for all validators and all
//! verifiers, because implementations differ in what they take. A signature (R, S) of a message by a key A
//! holds if
//!
//! - A and R are canonical: the y of each, the low 255 bits of the little-endian number, is below
//!   `2^255 - 19`;
//! - neither has small order: y is not 0, 1 or -1, nor a root of d y^4 + 2 y^2 - 1 (those of order eight);
//! - S is below the order of the group;
//! - R is, byte for byte, the encoding of S B - H(R, A, message) A: without a cofactor.
//!
//! What is signed has a preimage for each purpose: a statement its Sig_structure ([`crate::cose`]), a
//! checkpoint its text (`hefu_proof::checkpoint`), a claim, a consent, an action of the council and a proof
//! of possession what their modules say.

use crate::bytes::{
    ClaimNonce, Hash, KeyId, NetworkDigest, NetworkId, PublicKey, Signature, StateKey,
};
use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};

/// A hash function and a signature scheme with their labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// SHA-256 (FIPS 180-4) and Ed25519 (RFC 8032).
    Sha256Ed25519,
}

/// A signature or a public key that the suite refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a point, not canonical, or of small order.
    #[error("the public key is not a canonical Ed25519 key of full order")]
    BadKey,
    /// The signature does not belong to these bytes and this key.
    #[error("the signature does not verify")]
    BadSignature,
}

/// The digest of a file whose bytes come piece by piece.
#[derive(Clone, Debug)]
pub struct DocumentDigester(Sha256);

impl DocumentDigester {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn finish(self) -> crate::bytes::Digest {
        crate::bytes::Digest(self.0.finalize().into())
    }
}

impl Suite {
    /// The name in genesis files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256Ed25519 => "sha256-ed25519",
        }
    }

    /// The suite of a name in a genesis file.
    pub fn by_name(name: &str) -> Option<Self> {
        (name == Self::Sha256Ed25519.name()).then_some(Self::Sha256Ed25519)
    }

    /// The COSE algorithm of signatures: -8, EdDSA (RFC 9053).
    pub const fn cose_algorithm(self) -> i64 {
        match self {
            Self::Sha256Ed25519 => -8,
        }
    }

    /// The registered verifiable data structure of the log in COSE receipts (RFC 9942): 1, RFC9162_SHA256.
    /// The number names the hash too, so a suite with another hash has none until it registers its own.
    pub const fn cose_log_structure(self) -> Option<u64> {
        match self {
            Self::Sha256Ed25519 => Some(1),
        }
    }

    /// The COSE_Key of a public key (RFC 9052, section 7; RFC 9053, section 7.2) with its key id and
    /// algorithm: {1: 1 (OKP), 2: kid, 3: -8 (EdDSA), -1: 6 (Ed25519), -2: key}.
    pub fn cose_key(self, key: &PublicKey) -> Vec<u8> {
        match self {
            Self::Sha256Ed25519 => [
                &[0xa5, 0x01, 0x01, 0x02, 0x58, 0x20][..],
                &self.key_id(key).0,
                &[0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20],
                &key.0,
            ]
            .concat(),
        }
    }

    /// The members of the JSON Web Key of a public key (RFC 8037, section 2) without its key id.
    pub fn jwk_members(self, key: &PublicKey) -> Vec<(&'static str, String)> {
        match self {
            Self::Sha256Ed25519 => vec![
                ("kty", "OKP".to_owned()),
                ("crv", "Ed25519".to_owned()),
                ("alg", "EdDSA".to_owned()),
                ("x", BASE64_URL_SAFE_NO_PAD.encode(key)),
            ],
        }
    }

    /// The hash of the concatenation of the parts.
    pub fn hash(self, parts: &[&[u8]]) -> Hash {
        match self {
            Self::Sha256Ed25519 => {
                let mut hasher = Sha256::new();
                for part in parts {
                    hasher.update(part);
                }
                Hash(hasher.finalize().into())
            }
        }
    }

    /// The message authentication code of the concatenation of the parts (HMAC, RFC 2104).
    pub fn mac(self, secret: &[u8; 32], parts: &[&[u8]]) -> Hash {
        match self {
            Self::Sha256Ed25519 => {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret)
                    .expect("HMAC takes keys of every length");
                for part in parts {
                    mac.update(part);
                }
                Hash(mac.finalize().into_bytes().into())
            }
        }
    }

    /// The digest of the exact bytes of a file.
    pub fn document_digest(self, file: &[u8]) -> crate::bytes::Digest {
        crate::bytes::Digest(self.hash(&[file]).0)
    }

    /// The same of a file that is read piece by piece.
    pub fn document_digester(self) -> DocumentDigester {
        match self {
            Self::Sha256Ed25519 => DocumentDigester(Sha256::new()),
        }
    }

    /// The digest that stands for one document of a file that holds several: of its file's digest and
    /// its place in the file, from 1. Whoever holds the file can make it.
    pub fn part_digest(self, file: &crate::bytes::Digest, part: u32) -> crate::bytes::Digest {
        let hash = self.hash(&[b"hefu part 0", &file.0, &part.to_be_bytes()]);
        crate::bytes::Digest(hash.0)
    }

    /// A leaf of a log-like tree (RFC 9162, section 2.1.1).
    pub fn log_leaf(self, entry: &[u8]) -> Hash {
        self.hash(&[&[0], entry])
    }

    /// An inner node of a log-like tree (RFC 9162, section 2.1.1).
    pub fn log_node(self, left: &Hash, right: &Hash) -> Hash {
        self.hash(&[&[1], &left.0, &right.0])
    }

    /// The root of a log-like tree without leaves (RFC 9162, section 2.1.1).
    pub fn log_empty(self) -> Hash {
        self.hash(&[])
    }

    /// A leaf of the state tree, as in the crate `jmt`, from the hash of its value.
    pub fn state_leaf(self, key: &[u8; 32], value_hash: &Hash) -> Hash {
        self.hash(&[b"JMT::LeafNode", key, &value_hash.0])
    }

    /// An inner node of the state tree, as in the crate `jmt`.
    pub fn state_node(self, left: &Hash, right: &Hash) -> Hash {
        self.hash(&[b"JMT::IntrnalNode", &left.0, &right.0])
    }

    /// The hash of an empty subtree of the state tree, as in the crate `jmt`.
    pub const fn state_placeholder(self) -> Hash {
        Hash(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__")
    }

    /// The key id of a public key: the RFC 9679 thumbprint of its COSE_Key, that is the hash of the
    /// deterministic map {1: 1 (OKP), -1: 6 (Ed25519), -2: key}.
    pub fn key_id(self, key: &PublicKey) -> KeyId {
        match self {
            Self::Sha256Ed25519 => KeyId(
                self.hash(&[&[0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20], &key.0])
                    .0,
            ),
        }
    }

    /// Refuses a public key that could not verify anything under the one strict rule.
    pub fn check_public_key(self, key: &PublicKey) -> Result<(), SignatureError> {
        match self {
            Self::Sha256Ed25519 => dalek_key(key).map(|_| ()),
        }
    }

    /// Verifies one signature strictly.
    pub fn verify(
        self,
        key: &PublicKey,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        match self {
            Self::Sha256Ed25519 => dalek_key(key)?
                .verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0))
                .map_err(|_| SignatureError::BadSignature),
        }
    }
}

fn dalek_key(key: &PublicKey) -> Result<VerifyingKey, SignatureError> {
    let decoded = VerifyingKey::from_bytes(&key.0).map_err(|_| SignatureError::BadKey)?;
    // `from_bytes` takes encodings that are not the canonical one of their point: those of a y that
    // is not reduced, and the odd sign of x = 0, whose points are weak.
    if !is_reduced(&key.0) || decoded.is_weak() {
        return Err(SignatureError::BadKey);
    }
    Ok(decoded)
}

/// Whether the y of an encoded point (RFC 8032, section 5.1.2) is below 2^255 - 19.
fn is_reduced(encoded: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = encoded;
    *low < 0xed || high & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

/// What a consensus key signs: each purpose has its own preimage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsensusPurpose {
    /// A prevote or a precommit.
    Vote,
    /// A proposal.
    Proposal,
    /// The head of the parts in which a proposed block travels.
    ProposalParts,
    /// The binding of a consensus key to a libp2p key.
    PeerBinding,
}

/// The bytes that a consensus key signs: tag, network, purpose, and what the engine says.
pub fn consensus_preimage(
    network: &NetworkDigest,
    purpose: ConsensusPurpose,
    body: &[u8],
) -> Vec<u8> {
    let purpose = match purpose {
        ConsensusPurpose::Vote => 1,
        ConsensusPurpose::Proposal => 2,
        ConsensusPurpose::ProposalParts => 3,
        ConsensusPurpose::PeerBinding => 4,
    };
    [b"hefu/consensus/0".as_slice(), &network.0, &[purpose], body].concat()
}

/// A secret key. There is no `sign(bytes)`: each purpose has a method and a preimage of its own.
#[derive(Clone)]
pub struct SecretKey {
    suite: Suite,
    key: SigningKey,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(of {})", self.key_id())
    }
}

impl SecretKey {
    /// The key of a seed of 32 random bytes (RFC 8032, section 5.1.5).
    pub fn from_seed(suite: Suite, seed: &[u8; 32]) -> Self {
        Self {
            suite,
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The seed, to be written into a key file.
    pub fn seed(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// The id of the public half.
    pub fn key_id(&self) -> KeyId {
        self.suite.key_id(&self.public_key())
    }

    /// Signs a statement: the preimage is its Sig_structure (RFC 9052, section 4.4), which names
    /// context, content type and network.
    pub fn sign_statement(&self, sig_structure: &[u8]) -> Signature {
        self.sign(sig_structure)
    }

    /// Proves possession of this key for a place in a network (see [`crate::possession`]).
    pub fn prove_possession(&self, network: &NetworkId, role: &str, holder: &str) -> Signature {
        self.sign(&crate::possession::preimage(
            network,
            role,
            holder,
            &self.public_key(),
        ))
    }

    /// Signs that a member may use the document that this claim key came with (see
    /// [`crate::operation::claim_preimage`]).
    pub fn sign_claim(
        &self,
        network: &NetworkDigest,
        record: &StateKey,
        member: &str,
        nonce: &ClaimNonce,
    ) -> Signature {
        self.sign(&crate::operation::claim_preimage(
            network, record, member, nonce,
        ))
    }

    /// Signs an action of the council, as one of its seats.
    pub fn sign_council(
        &self,
        network: &NetworkDigest,
        action: &crate::operation::CouncilAction,
    ) -> Signature {
        self.sign(&action.preimage(network))
    }

    /// Signs that a lending copy may be made of the licence that this claim key came with (see
    /// [`crate::operation::consent_preimage`]).
    pub fn sign_consent(
        &self,
        network: &NetworkDigest,
        licence: &StateKey,
        terms: &crate::operation::LendTerms,
    ) -> Signature {
        let preimage = crate::operation::consent_preimage(network, licence, terms);
        self.sign(&preimage)
    }

    /// Signs for the engine.
    pub fn sign_consensus(
        &self,
        network: &NetworkDigest,
        purpose: ConsensusPurpose,
        body: &[u8],
    ) -> Signature {
        self.sign(&consensus_preimage(network, purpose, body))
    }

    /// Signs the text of a note with a log key (C2SP signed-note, type 0x01). The text begins with
    /// the origin, which names the network.
    pub fn sign_note(&self, text: &str) -> Signature {
        self.sign(text.as_bytes())
    }

    /// Signs the root of the log with a log key, for COSE receipts: the preimage is the Sig_structure of
    /// [`crate::cose::ReceiptHeader`] and the root. No text of a note begins as it does, and no statement has
    /// such a header.
    pub fn sign_cose_receipt(&self, sig_structure: &[u8]) -> Signature {
        self.sign(sig_structure)
    }

    /// Cosigns the text of a checkpoint at a time in seconds (C2SP tlog-cosignature, type 0x04).
    pub fn cosign(&self, text: &str, seconds: u64) -> Signature {
        self.sign(cosignature_preimage(text, seconds).as_bytes())
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }
}

/// The message under a cosignature of type 0x04 (C2SP tlog-cosignature).
pub fn cosignature_preimage(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_order_and_non_canonical_keys_are_refused() {
        let suite = Suite::Sha256Ed25519;
        let mut identity = [0; 32];
        identity[0] = 1;
        // 2^255 - 19 + 1: another spelling of the identity.
        let mut spelled_otherwise = [0xff; 32];
        spelled_otherwise[0] = 0xee;
        spelled_otherwise[31] = 0x7f;
        for bad in [identity, spelled_otherwise, [0; 32], [2; 32]] {
            assert!(
                suite.check_public_key(&PublicKey(bad)).is_err(),
                "{bad:?} was accepted"
            );
        }
        let key = SecretKey::from_seed(suite, &[7; 32]);
        assert_eq!(suite.check_public_key(&key.public_key()), Ok(()));
    }

    #[test]
    fn the_empty_log_and_the_empty_leaf_are_those_of_rfc_6962() {
        let suite = Suite::Sha256Ed25519;
        assert!(suite.log_empty().to_string().starts_with("e3b0c442"));
        assert!(suite.log_leaf(b"").to_string().starts_with("6e340b9c"));
    }

    #[test]
    fn the_key_id_is_the_thumbprint_of_the_cose_key_without_what_names_and_limits_it() {
        let suite = Suite::Sha256Ed25519;
        let key = SecretKey::from_seed(suite, &[7; 32]).public_key();
        let whole = suite.cose_key(&key);
        // RFC 9679, section 3: only the members that are required of the key type are hashed.
        let thumbprinted = [&[0xa3, 0x01, 0x01][..], &whole[3 + 3 + 32 + 2..]].concat();
        assert_eq!(suite.hash(&[&thumbprinted]).0, suite.key_id(&key).0);
        assert_eq!(whole[6..38], suite.key_id(&key).0);
        let x = &suite.jwk_members(&key)[3].1;
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(x), Ok(key.0.to_vec()));
    }

    #[test]
    fn a_signature_serves_one_purpose_in_one_network() {
        let suite = Suite::Sha256Ed25519;
        let key = SecretKey::from_seed(suite, &[7; 32]);
        let here = NetworkDigest([1; 32]);
        let signature = key.sign_consensus(&here, ConsensusPurpose::Vote, b"x");
        let check = |network: &NetworkDigest, purpose| {
            let message = consensus_preimage(network, purpose, b"x");
            suite.verify(&key.public_key(), &message, &signature)
        };
        assert_eq!(check(&here, ConsensusPurpose::Vote), Ok(()));
        assert!(check(&here, ConsensusPurpose::Proposal).is_err());
        assert!(check(&NetworkDigest([2; 32]), ConsensusPurpose::Vote).is_err());
    }

    #[test]
    fn a_y_is_reduced_where_compressing_gives_it_again() {
        // 2^255 - 19 and its neighbours, with both signs; and ordinary points.
        let mut encodings = Vec::new();
        for low in 0xe0..=0xff {
            for high in [0x7f, 0xff, 0x7e] {
                let mut encoded = [0xff; 32];
                (encoded[0], encoded[31]) = (low, high);
                encodings.push(encoded);
            }
        }
        for seed in 0..32 {
            let key = SecretKey::from_seed(Suite::Sha256Ed25519, &[seed; 32]);
            encodings.push(key.public_key().0);
        }
        let mut points = 0;
        for encoded in encodings {
            let Ok(decoded) = VerifyingKey::from_bytes(&encoded) else {
                continue;
            };
            points += 1;
            let again = decoded.to_edwards().compress().to_bytes() == encoded;
            assert_eq!(
                is_reduced(&encoded) || decoded.is_weak(),
                again || decoded.is_weak()
            );
        }
        assert!(points > 40, "{points}");
    }
}
