//! Facts: what a document says, in a salted tree (RFC 9162, section 2.1) whose root is on the ledger.
//!
//! A leaf is the canonical CBOR array [salt, name, value]. The salt is the first 16 bytes of
//! HMAC(the issuer's fact secret, record key | fact name), so that the same facts of the same
//! document give the same root again, and nobody without the salt can guess a fact from its hash.
//! Facts stand ascending by name; salts travel in the receipt.
//!
//! Whoever holds all facts may show some of them: [`disclose`] leaves of each other fact the hash of
//! its leaf, from which the root follows as well and nothing else does. Inner nodes are hashed under
//! another prefix than leaves, so a hash that stands for a hidden fact never opens as one.
//!
//! A list of leaves is a record's if there are at most [`FACTS_MAX`], the open ones are strictly ascending
//! by the bytes of their names, and the root over the leaf hashes, in the list's order, is the record's
//! fact root. A record without a fact root has none.

use hefu_types::{canonical, merkle, FactRoot, Hash, Salt, StateKey, Suite};
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

/// A leaf of the fact tree as a receipt shows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FactLeaf {
    /// A fact with its salt.
    #[n(0)]
    Open(#[n(0)] OpenFact),
    /// The leaf hash of a fact that is not shown.
    #[n(1)]
    Hidden(#[n(0)] Hash),
}

impl FactLeaf {
    /// The fact, if it is open.
    pub const fn open(&self) -> Option<&OpenFact> {
        match self {
            Self::Open(fact) => Some(fact),
            Self::Hidden(_) => None,
        }
    }

    fn hash(&self, suite: Suite) -> Hash {
        match self {
            Self::Open(fact) => suite.log_leaf(&canonical::encode(fact)),
            Self::Hidden(hash) => *hash,
        }
    }
}

/// A fact that was to be shown and is not there, or not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receipt opens no fact named {0:?}")]
pub struct NotOpen(pub String);

/// Hides every fact but those of these names.
pub fn disclose(
    suite: Suite,
    leaves: &[FactLeaf],
    names: &[String],
) -> Result<Vec<FactLeaf>, NotOpen> {
    let is_open = |name: &String| {
        leaves
            .iter()
            .filter_map(FactLeaf::open)
            .any(|f| f.name == *name)
    };
    if let Some(name) = names.iter().find(|name| !is_open(name)) {
        return Err(NotOpen(name.clone()));
    }
    let shown = |leaf: &FactLeaf| match leaf {
        FactLeaf::Open(fact) if names.contains(&fact.name) => leaf.clone(),
        _ => FactLeaf::Hidden(leaf.hash(suite)),
    };
    Ok(leaves.iter().map(shown).collect())
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

/// All facts of a document, open.
pub fn all_open(facts: Vec<OpenFact>) -> Vec<FactLeaf> {
    facts.into_iter().map(FactLeaf::Open).collect()
}

/// The root over all facts of a document; `None` where there are more than [`FACTS_MAX`], or where
/// those that are open are not ascending by name.
pub fn root(suite: Suite, leaves: &[FactLeaf]) -> Option<FactRoot> {
    let names: Vec<&str> = leaves
        .iter()
        .filter_map(FactLeaf::open)
        .map(|fact| fact.name.as_str())
        .collect();
    if leaves.len() > FACTS_MAX || names.windows(2).any(|pair| pair[0] >= pair[1]) {
        return None;
    }
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf.hash(suite)).collect();
    Some(FactRoot(merkle::root_of_hashes(suite, &hashes).0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: Suite = Suite::Sha256Ed25519;

    fn facts(names: &[&str]) -> Vec<FactLeaf> {
        let pairs = names.iter().map(|name| (*name, "1"));
        all_open(salted(SUITE, &[7; 32], &StateKey([1; 32]), pairs))
    }

    #[test]
    fn any_choice_of_facts_has_the_root_of_all() {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        for count in 1..=names.len() {
            let all = facts(&names[..count]);
            let expected = root(SUITE, &all);
            for choice in 0..1_u32 << count {
                let chosen: Vec<String> = (0..count)
                    .filter(|at| choice >> at & 1 == 1)
                    .map(|at| names[at].to_owned())
                    .collect();
                let shown = disclose(SUITE, &all, &chosen).expect("they are open");
                assert_eq!(root(SUITE, &shown), expected);
                let open: Vec<&str> = shown
                    .iter()
                    .filter_map(FactLeaf::open)
                    .map(|fact| fact.name.as_str())
                    .collect();
                assert_eq!(open, chosen);
                // What is hidden stays hidden from the next holder.
                for name in &names[..count] {
                    let again = disclose(SUITE, &shown, &[(*name).to_owned()]);
                    assert_eq!(again.is_ok(), chosen.iter().any(|open| open == name));
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_shown() {
        let all = facts(&["a", "b"]);
        let error = disclose(SUITE, &all, &["c".to_owned()]).expect_err("not there");
        assert_eq!(error, NotOpen("c".to_owned()));
    }

    #[test]
    fn no_other_list_has_the_root() {
        let all = facts(&["a", "b", "c", "d"]);
        let expected = root(SUITE, &all);
        let hidden = disclose(SUITE, &all, &[]).expect("nothing is shown");
        let without = |list: &[FactLeaf], at: usize| [&list[..at], &list[at + 1..]].concat();
        for at in 0..all.len() {
            assert_ne!(root(SUITE, &without(&all, at)), expected);
            assert_ne!(root(SUITE, &without(&hidden, at)), expected);
            let mut altered = all.clone();
            if let FactLeaf::Open(fact) = &mut altered[at] {
                fact.value.push('0');
            }
            assert_ne!(root(SUITE, &altered), expected);
        }
        // Out of order and twice.
        let mut swapped = all.clone();
        swapped.swap(0, 1);
        assert_eq!(root(SUITE, &swapped), None);
        assert_eq!(root(SUITE, &[&all[..1], &all[..1]].concat()), None);
        assert_eq!(root(SUITE, &vec![hidden[0].clone(); FACTS_MAX + 1]), None);
    }
}
