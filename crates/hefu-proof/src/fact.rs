//! Facts: what a document says, in a salted tree (RFC 9162, section 2.1) whose root is on the ledger.
//!
//! A leaf is the canonical CBOR array [salt, name, value]. The salt is the first 16 bytes of
//! HMAC(the issuer's fact secret, record key | fact name), so that the same facts of the same
//! document give the same root again, and nobody without the salt can guess a fact from its hash.
//! Facts stand ascending by name; salts travel in the receipt.

use hefu_types::{canonical, merkle, FactRoot, Salt, StateKey, Suite};
use minicbor::{Decode, Encode};

/// The most facts of one document.
pub const FACTS_MAX: usize = 256;

/// A fact that its holder can open.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OpenFact {
    /// Makes the fact's hash unguessable.
    #[n(0)]
    pub salt: Salt,
    /// Its name, such as `total`.
    #[n(1)]
    pub name: String,
    /// Its normalised value.
    #[n(2)]
    pub value: String,
}

/// Salts the facts of a document. `facts` is ascending by name, each name once.
pub fn salted<'a>(
    suite: Suite,
    secret: &[u8; 32],
    record: &StateKey,
    facts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<OpenFact> {
    let open = |(name, value): (&str, &str)| {
        let mac = suite.mac(secret, &[&record.0, name.as_bytes()]);
        let mut salt = Salt([0; 16]);
        salt.0.copy_from_slice(&mac.0[..16]);
        OpenFact {
            salt,
            name: name.to_owned(),
            value: value.to_owned(),
        }
    };
    facts.into_iter().map(open).collect()
}

/// The root over all facts of a document; `None` where they are not ascending by name.
pub fn root(suite: Suite, facts: &[OpenFact]) -> Option<FactRoot> {
    if facts.len() > FACTS_MAX || facts.windows(2).any(|pair| pair[0].name >= pair[1].name) {
        return None;
    }
    let leaves: Vec<Vec<u8>> = facts.iter().map(canonical::encode).collect();
    Some(FactRoot(merkle::root(suite, &leaves).0))
}
