//! Proofs that a log only grew: the body of an add-checkpoint request (C2SP tlog-witness).
//!
//! ```text
//! old <size>
//! <base64 hash>             (RFC 9162, 2.1.4; none where the sizes are equal, or the old one is 0)
//!
//! <the later note, verbatim>
//! ```
//!
//! The same file that shows it to a person is what a witness is sent. It has one spelling: what was read is
//! written again and has to be the same bytes. The earlier checkpoint is not in it: who verifies holds it,
//! which is the point of it.

use crate::checkpoint::{Checkpoint, SignedCheckpoint, VerifiedCheckpoint, NOTE_BYTES_MAX};
use crate::log::{verify_consistency, ConsistencyError};
use crate::tlog_proof::{hashes, push_hashes, TlogProofError};
use hefu_types::genesis::Network;
use hefu_types::leaf::SetLeaf;
use hefu_types::{Hash, Suite, TreeSize};

/// The longest such text in bytes.
pub const TLOG_CONSISTENCY_BYTES_MAX: usize = NOTE_BYTES_MAX + 8 * 1024;

/// A proof of consistency, of anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogConsistency {
    /// The size of the earlier log.
    pub old_size: TreeSize,
    /// The path between the two.
    pub path: Vec<Hash>,
    /// The note of the later checkpoint, verbatim.
    pub note: String,
}

/// Why the later log is not shown to begin with the earlier one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrowthError {
    /// The proof is of another earlier size than the checkpoint at hand.
    #[error("the proof begins at size {found}, the earlier checkpoint is of size {held}")]
    OtherOldSize {
        /// The proof's.
        found: TreeSize,
        /// The checkpoint's.
        held: TreeSize,
    },
    /// The path does not lead from one to the other.
    #[error(transparent)]
    Path(#[from] ConsistencyError),
    /// The later checkpoint cannot be read or does not hold.
    #[error(transparent)]
    Later(#[from] TlogProofError),
}

impl TlogConsistency {
    /// The text that travels.
    pub fn print(&self) -> String {
        let mut text = format!("old {}\n", self.old_size);
        push_hashes(&mut text, &self.path);
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// Reads the text of anybody.
    pub fn parse(text: &str) -> Result<Self, TlogProofError> {
        if text.len() > TLOG_CONSISTENCY_BYTES_MAX {
            return Err(TlogProofError::TooLong(TLOG_CONSISTENCY_BYTES_MAX));
        }
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(TlogProofError::Lines("empty line"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(|size| size.parse().ok());
        let read = Self {
            old_size: TreeSize(old.ok_or(TlogProofError::Lines("old size"))?),
            path: hashes(lines)?,
            note: note.to_owned(),
        };
        match read.print() == text {
            true => Ok(read),
            false => Err(TlogProofError::OtherSpelling),
        }
    }

    /// Checks the later checkpoint under a set that is trusted for its epoch, and that its log begins with
    /// that of an earlier checkpoint, which the caller has verified.
    pub fn verify(
        &self,
        network: &Network,
        set: &SetLeaf,
        old: &Checkpoint,
    ) -> Result<VerifiedCheckpoint, GrowthError> {
        let (suite, origin) = (network.suite(), network.origin());
        let signed = SignedCheckpoint::parse_note(origin, set, &self.note);
        let signed = signed.map_err(TlogProofError::from)?;
        let verified = signed.verify(suite, origin, set);
        let verified = verified.map_err(TlogProofError::from)?;
        if self.old_size != old.size {
            let (found, held) = (self.old_size, old.size);
            return Err(GrowthError::OtherOldSize { found, held });
        }
        verify_growth(suite, old, verified.checkpoint(), &self.path)?;
        Ok(verified)
    }
}

/// Checks that a later checkpoint's log begins with an earlier one's. Every log begins with the empty one,
/// which needs no path and has none.
pub fn verify_growth(
    suite: Suite,
    old: &Checkpoint,
    new: &Checkpoint,
    path: &[Hash],
) -> Result<(), ConsistencyError> {
    if old.size.0 == 0 {
        return match path.is_empty() {
            false => Err(ConsistencyError::WrongLength),
            true if old.log_root == suite.log_empty() => Ok(()),
            true => Err(ConsistencyError::OtherFirstRoot),
        };
    }
    let (first, second) = ((old.size, old.log_root), (new.size, new.log_root));
    verify_consistency(suite, first, second, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::tests::{checkpoint, SUITE};
    use crate::log::{consistency_path, Frontier};
    use std::collections::HashMap;

    const NOTE: &str = "hefu.example/00\n7\nroot\n\n\u{2014} hefu.example/00 AAAA\n";

    #[test]
    fn the_text_is_that_of_tlog_witness_and_has_one_spelling() {
        let proof = TlogConsistency {
            old_size: TreeSize(20),
            path: vec![Hash([1; 32])],
            note: NOTE.to_owned(),
        };
        let text = proof.print();
        let hash = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        assert_eq!(text, format!("old 20\n{hash}\n\n{NOTE}"));
        assert_eq!(TlogConsistency::parse(&text), Ok(proof.clone()));
        let empty = TlogConsistency {
            old_size: TreeSize(0),
            path: Vec::new(),
            ..proof
        };
        assert_eq!(TlogConsistency::parse(&empty.print()), Ok(empty));
        for bad in [
            text.replacen("old 20", "old 020", 1),
            text.replacen("old 20", "old +20", 1),
            text.replacen("old 20", "new 20", 1),
            text.replacen("old 20\n", "old 20\n\n", 1)
                .replacen("old 20\n\n", "old 20 \n\n", 1),
            text.replacen("AQE=\n", "AQF=\n", 1),
            text.replace('\n', "\r\n"),
            "old 0\n".to_owned(),
        ] {
            assert!(TlogConsistency::parse(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_empty_log_is_the_beginning_of_every_other_and_needs_no_path() {
        let mut nodes = HashMap::new();
        let mut frontier = Frontier::new(SUITE);
        let mut at = vec![checkpoint(0, 0, Hash([0; 32]))];
        at[0].log_root = SUITE.log_empty();
        for number in 1..=9_u8 {
            frontier.append(SUITE.log_leaf(&[number]), |level, index, hash| {
                nodes.insert((level, index), hash);
            });
            let mut next = checkpoint(0, u64::from(number), Hash([0; 32]));
            next.log_root = frontier.root();
            at.push(next);
        }
        let mut node = |level, index| nodes.get(&(level, index)).copied().ok_or(());
        for new in 1..=9 {
            let growth =
                |old: &Checkpoint, path: &[Hash]| verify_growth(SUITE, old, &at[new], path);
            assert_eq!(growth(&at[0], &[]), Ok(()));
            assert_eq!(
                growth(&at[0], &[Hash([1; 32])]),
                Err(ConsistencyError::WrongLength)
            );
            let mut other = at[0].clone();
            other.log_root = Hash([1; 32]);
            assert_eq!(growth(&other, &[]), Err(ConsistencyError::OtherFirstRoot));
            for old in 1..=new {
                let (first, second) = (at[old].size, at[new].size);
                let path = consistency_path(SUITE, first, second, &mut node).expect("nodes");
                assert_eq!(growth(&at[old], &path), Ok(()));
                let mut forked = at[old].clone();
                forked.log_root = Hash([1; 32]);
                assert!(growth(&forked, &path).is_err());
            }
        }
    }
}
