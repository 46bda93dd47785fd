//! Proofs that an entry is in the log, as other people's verifiers read them (C2SP tlog-proof).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>            (optional; not authenticated)
//! index <decimal>
//! <base64 hash>             (from the leaf's sibling up to a child of the root; none in a log of one entry)
//!
//! <the note, verbatim>
//! ```
//!
//! The leaf of an entry is H(0 | entry), where the entry is as `/tile/entries` serves it: of a statement, its
//! COSE_Sign1. Such a proof has one spelling: what was read is written again and has to be the same bytes.

use crate::checkpoint::{
    CheckpointError, NoteError, SignedCheckpoint, VerifiedCheckpoint, NOTE_BYTES_MAX,
};
use crate::log::{verify_inclusion, PathError, PATH_LENGTH_MAX};
use base64::prelude::{Engine, BASE64_STANDARD};
use hefu_types::genesis::Network;
use hefu_types::leaf::SetLeaf;
use hefu_types::{EntryIndex, Hash};

/// The first line.
pub const TLOG_PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The longest extra data in bytes.
pub const EXTRA_BYTES_MAX: usize = 64 * 1024;
/// The longest proof in bytes.
pub const TLOG_PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + EXTRA_BYTES_MAX * 4 / 3 + 8 * 1024;

/// A proof of inclusion, of anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Whatever its maker added. Nothing authenticates it.
    pub extra: Option<Vec<u8>>,
    /// The entry's index in the log.
    pub index: EntryIndex,
    /// Its path in the log of the note's size.
    pub path: Vec<Hash>,
    /// The note of the checkpoint, verbatim.
    pub note: String,
}

/// Why a text is no such proof, or proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Longer than allowed.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    /// Not the lines that belong there.
    #[error("it has no {0} where one belongs")]
    Lines(&'static str),
    /// Some other spelling of what it says.
    #[error("it is not written as the format says")]
    OtherSpelling,
    /// The note is none of this network.
    #[error("its checkpoint cannot be read: {0}")]
    Note(#[from] NoteError),
    /// The note is not signed by a quorum.
    #[error("its checkpoint does not hold: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not at its place.
    #[error("the entry is not in the log: {0}")]
    Path(#[from] PathError),
}

impl TlogProof {
    /// The text that travels.
    pub fn print(&self) -> String {
        let mut text = format!("{TLOG_PROOF_HEADER}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", BASE64_STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        push_hashes(&mut text, &self.path);
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// Reads the text of anybody.
    pub fn parse(text: &str) -> Result<Self, TlogProofError> {
        if text.len() > TLOG_PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLong(TLOG_PROOF_BYTES_MAX));
        }
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(TlogProofError::Lines("empty line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(TLOG_PROOF_HEADER) {
            return Err(TlogProofError::Lines("first line of a tlog-proof"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| BASE64_STANDARD.decode(&line[6..]));
        let extra = extra
            .transpose()
            .map_err(|_| TlogProofError::Lines("extra data in base64"))?;
        if extra.as_ref().is_some_and(|it| it.len() > EXTRA_BYTES_MAX) {
            return Err(TlogProofError::TooLong(EXTRA_BYTES_MAX));
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|index| index.parse().ok());
        let read = Self {
            extra,
            index: EntryIndex(index.ok_or(TlogProofError::Lines("index"))?),
            path: hashes(lines)?,
            note: note.to_owned(),
        };
        match read.print() == text {
            true => Ok(read),
            false => Err(TlogProofError::OtherSpelling),
        }
    }

    /// Checks that the entry is in the log, under a set that is trusted for the note's epoch.
    pub fn verify(
        &self,
        network: &Network,
        set: &SetLeaf,
        entry: &[u8],
    ) -> Result<VerifiedCheckpoint, TlogProofError> {
        let (suite, origin) = (network.suite(), network.origin());
        let signed = SignedCheckpoint::parse_note(origin, set, &self.note)?;
        let verified = signed.verify(suite, origin, set)?;
        let checkpoint = verified.checkpoint();
        let (size, root) = (checkpoint.size, &checkpoint.log_root);
        let leaf = suite.log_leaf(entry);
        verify_inclusion(suite, &leaf, self.index, size, &self.path, root)?;
        Ok(verified)
    }
}

/// Writes a line of each hash.
pub(crate) fn push_hashes(text: &mut String, hashes: &[Hash]) {
    for hash in hashes {
        text.push_str(&BASE64_STANDARD.encode(hash));
        text.push('\n');
    }
}

/// Reads the lines of a path.
pub(crate) fn hashes<'a>(
    lines: impl Iterator<Item = &'a str>,
) -> Result<Vec<Hash>, TlogProofError> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == PATH_LENGTH_MAX {
            return Err(PathError::WrongLength.into());
        }
        let bytes = BASE64_STANDARD.decode(line).ok();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        hashes.push(Hash(hash.ok_or(TlogProofError::Lines("hash in base64"))?));
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "hefu.example/00\n7\nroot\n\n\u{2014} hefu.example/00 AAAA\n";

    fn proof() -> TlogProof {
        TlogProof {
            extra: None,
            index: EntryIndex(10),
            path: vec![Hash([1; 32]), Hash([0xfe; 32])],
            note: NOTE.to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let with = |alter: fn(&mut TlogProof)| {
            let mut proof = proof();
            alter(&mut proof);
            assert_eq!(TlogProof::parse(&proof.print()), Ok(proof));
        };
        with(|_| {});
        with(|proof| proof.path.clear());
        with(|proof| proof.index.0 = 0);
        with(|proof| proof.extra = Some(b"a VRF proof".to_vec()));
        with(|proof| proof.extra = Some(Vec::new()));
        with(|proof| proof.index.0 = u64::MAX);
        with(|proof| proof.path = vec![Hash([3; 32]); PATH_LENGTH_MAX]);
        // The words of the specification.
        let text = proof().print();
        let hash = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let begin = format!("c2sp.org/tlog-proof@v1\nindex 10\n{hash}\n");
        assert!(text.starts_with(&begin), "{text}");
        assert!(text.ends_with(&format!("\n\n{NOTE}")), "{text}");
    }

    #[test]
    fn another_spelling_is_no_proof() {
        let good = proof().print();
        let bad = [
            good.replace('\n', "\r\n"),
            good.replacen("@v1", "@v2", 1),
            good.replacen("index 10", "index 010", 1),
            good.replacen("index 10", "index +10", 1),
            good.replacen("index 10", "index -1", 1),
            good.replacen("index 10", "index  10", 1),
            good.replacen("index 10", "index 18446744073709551616", 1),
            good.replacen("index 10\n", "", 1),
            good.replacen("index", "extra !\nindex", 1),
            good.replacen("index", "extra YQ==\nextra YQ==\nindex", 1),
            // Not the one base64 of its bytes, and not of 32.
            good.replacen("index", "extra YR==\nindex", 1),
            good.replacen("AQE=\n", "AQF=\n", 1),
            good.replacen("AQE=\n", "AQE\n", 1),
            good.replacen("AQEB", "", 1),
            good.replacen("index 10\n", "index 10\n\n", 1)
                .replacen("\n\n", "\n", 1)
                + "\u{0}",
            good.replacen("\n\n", "\n", 1),
            String::new(),
        ];
        let as_good = TlogProof::parse(&good);
        assert!(as_good.is_ok());
        for (at, bad) in bad.iter().enumerate() {
            // The note is opaque here: what stands in it is judged when it is verified.
            assert_ne!(TlogProof::parse(bad), as_good, "{at}");
        }
        assert!(bad[..14].iter().all(|bad| TlogProof::parse(bad).is_err()));
        let mut long = proof();
        long.path = vec![Hash([3; 32]); PATH_LENGTH_MAX + 1];
        assert!(TlogProof::parse(&long.print()).is_err());
        let mut long = proof();
        long.extra = Some(vec![0; EXTRA_BYTES_MAX + 1]);
        assert!(TlogProof::parse(&long.print()).is_err());
        let long = good + &" ".repeat(TLOG_PROOF_BYTES_MAX);
        assert!(matches!(
            TlogProof::parse(&long),
            Err(TlogProofError::TooLong(_))
        ));
    }
}
