//! What the last blocks wrote, in memory: the receipts of a statement are asked for as soon as it is
//! final, and then nothing of it need be read from the disk again.

use hefu_state::execute::Change;
use hefu_types::{leaf, Hash, StateKey, Suite};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

/// The leaves that one block wrote.
pub type Changes = Arc<BTreeMap<StateKey, Change>>;

/// How many leaves are kept; the last block's are kept in any case.
const LEAVES_MAX: usize = 32 * 1024;

/// See the module.
#[derive(Debug, Default)]
pub struct Recent {
    by_height: RwLock<BTreeMap<u64, Changes>>,
}

impl Recent {
    /// Takes what a block wrote; drops what the oldest did.
    pub fn put(&self, height: u64, changes: Changes) {
        let mut by_height = self
            .by_height
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        by_height.insert(height, changes);
        let mut leaves: usize = by_height.values().map(|changes| changes.len()).sum();
        while leaves > LEAVES_MAX && by_height.len() > 1 {
            leaves -= by_height
                .pop_first()
                .map_or(0, |(_, changes)| changes.len());
        }
    }

    /// What the block of a height wrote, if it is among the last.
    pub fn at(&self, height: u64) -> Option<Changes> {
        let by_height = self
            .by_height
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        by_height.get(&height).cloned()
    }
}

/// The few leaves that nearly every block asks for: agencies, keys, types. A value is known by its
/// hash, so what changed is not found and what is found did not change.
#[derive(Debug, Default)]
pub struct FewLeaves(RwLock<HashMap<Hash, Arc<[u8]>>>);

/// How many are kept; then all are forgotten, and those in use are soon there again.
const FEW_MAX: usize = 4_096;

impl FewLeaves {
    /// The leaf of a value hash; read where it is not known.
    pub fn or_read<E>(
        &self,
        suite: Suite,
        value_hash: &Hash,
        read: impl FnOnce() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Arc<[u8]>>, E> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known.get(value_hash) {
            return Ok(Some(Arc::clone(bytes)));
        }
        drop(known);
        let Some(bytes) = read()? else {
            return Ok(None);
        };
        let bytes: Arc<[u8]> = bytes.into();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= FEW_MAX {
            known.clear();
        }
        // Whatever the disk gave: under a hash stands nothing else, for whoever asks next.
        if leaf::value_hash(suite, &bytes) == *value_hash {
            known.insert(*value_hash, Arc::clone(&bytes));
        }
        Ok(Some(bytes))
    }
}

/// The record that a block wrote under a key, if it has this value hash: then it is the one that
/// stands there still.
pub fn record<'a>(changes: &'a Changes, key: &StateKey, value_hash: &Hash) -> Option<&'a [u8]> {
    let change = changes.get(key)?;
    let same = change.is_record && change.value_hash == *value_hash;
    same.then_some(change.bytes.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(count: u8) -> Changes {
        let change = |n| {
            let (value_hash, bytes) = (Hash([n; 32]), vec![n]);
            let is_record = true;
            (
                StateKey([n; 32]),
                Change {
                    bytes,
                    value_hash,
                    is_record,
                },
            )
        };
        Arc::new((0..count).map(change).collect())
    }

    #[test]
    fn a_record_that_changed_since_is_not_taken_from_memory() {
        let recent = Recent::default();
        recent.put(7, changes(3));
        let changes = recent.at(7).expect("it was put");
        assert_eq!(
            record(&changes, &StateKey([2; 32]), &Hash([2; 32])),
            Some(&[2][..])
        );
        assert_eq!(record(&changes, &StateKey([2; 32]), &Hash([9; 32])), None);
        assert!(recent.at(6).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let recent = Recent::default();
        for height in 0..300 {
            recent.put(height, changes(200));
        }
        let kept = (0..300)
            .filter(|height| recent.at(*height).is_some())
            .count();
        assert_eq!(kept, LEAVES_MAX / 200);
        assert!(recent.at(299).is_some());
    }

    #[test]
    fn a_leaf_is_read_once() {
        let few = FewLeaves::default();
        let suite = Suite::Sha256Ed25519;
        let read = |bytes: Option<&[u8]>| Ok::<_, &str>(bytes.map(<[u8]>::to_vec));
        let hash = leaf::value_hash(suite, b"leaf");
        assert_eq!(few.or_read(suite, &hash, || read(None)), Ok(None));
        let first = few.or_read(suite, &hash, || read(Some(b"leaf")));
        assert_eq!(first.expect("it is read").as_deref(), Some(&b"leaf"[..]));
        let again = few.or_read(suite, &hash, || Err("it is read again"));
        assert_eq!(again.expect("known").as_deref(), Some(&b"leaf"[..]));
        let other = Hash([2; 32]);
        let wrong = few.or_read(suite, &other, || read(Some(b"of another hash")));
        assert!(wrong.is_ok(), "who asked has to look at it");
        assert!(
            few.or_read(suite, &other, || Err("read")).is_err(),
            "and nobody else gets it"
        );
        for n in 0..=FEW_MAX as u32 {
            let bytes = n.to_be_bytes();
            let hash = leaf::value_hash(suite, &bytes);
            assert!(few.or_read(suite, &hash, || read(Some(&bytes))).is_ok());
        }
        let gone = few.or_read(suite, &hash, || Err("read"));
        assert!(gone.is_err(), "memory is bounded");
    }
}
