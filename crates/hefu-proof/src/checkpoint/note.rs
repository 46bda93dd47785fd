//! From the note that a node serves back to the checkpoint and its signatures.
//!
//! Only the notes of [`SignedCheckpoint::note`] are read: what was read is written again and has to be
//! the same bytes, so a note has one spelling, and lines of others than the set's members are refused.
//! Reading checks no signature: [`SignedCheckpoint::verify`] does.

use super::{
    note_key_id, Checkpoint, LogSignature, SignedCheckpoint, NOTE_COSIGNATURE, NOTE_ED25519,
};
use base64::prelude::{Engine, BASE64_STANDARD};
use hefu_types::block::{MemberCosignature, VALIDATORS_MAX};
use hefu_types::leaf::SetLeaf;
use hefu_types::{Hash, Millis, Signature, TreeSize};

/// The longest note in bytes: four lines of text and a line of each member, names included.
pub const NOTE_BYTES_MAX: usize = 1_024 + (VALIDATORS_MAX + 1) * 512;

/// Why a text is no note of a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("the note is longer than {NOTE_BYTES_MAX} bytes")]
    TooLong,
    /// Of another log.
    #[error("the note is of the log {0:?}")]
    OtherOrigin(String),
    /// Not the lines of a checkpoint.
    #[error("the note has no {0} where one belongs")]
    Lines(&'static str),
    /// Signed under a name and key id that the set does not have.
    #[error("signature line {0} is of nobody in the validator set")]
    UnknownSigner(usize),
    /// Some other spelling of what it says.
    #[error("the note is not written as the network writes it")]
    OtherSpelling,
}

impl Checkpoint {
    /// Reads the text that is signed, with its final newline: what [`Checkpoint::text`] writes.
    pub fn parse_text(origin: &str, text: &str) -> Result<Self, NoteError> {
        if text.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        let mut lines = text.split('\n');
        let mut line = |what| lines.next().ok_or(NoteError::Lines(what));
        let found = line("origin")?;
        if found != origin {
            let found = found.chars().take(200).collect();
            return Err(NoteError::OtherOrigin(found));
        }
        let size = TreeSize(number(line("size")?, "size")?);
        let log_root = hash(line("log root")?, "log root")?;
        let mut words = line("state line")?.split(' ');
        let mut word = |what| words.next().ok_or(NoteError::Lines(what));
        if word("state line")? != "state" {
            return Err(NoteError::Lines("state line"));
        }
        let checkpoint = Self {
            size,
            log_root,
            state_root: hash(word("state root")?, "state root")?,
            height: number(word("height")?, "height")?,
            time: Millis(number(word("time")?, "time")?),
            epoch: number(word("epoch")?, "epoch")?,
            compromise_counter: number(word("compromise counter")?, "compromise counter")?,
        };
        if checkpoint.text(origin) == text {
            Ok(checkpoint)
        } else {
            Err(NoteError::OtherSpelling)
        }
    }

    /// What a note says, before anything is known of its signers: whose set it needs stands in its
    /// epoch.
    pub fn of_note(origin: &str, note: &str) -> Result<Self, NoteError> {
        let (text, _) = split(note)?;
        Self::parse_text(origin, text)
    }
}

impl SignedCheckpoint {
    /// Reads a note of anybody. The set is that of the checkpoint's epoch, see [`Checkpoint::of_note`].
    pub fn parse_note(origin: &str, set: &SetLeaf, note: &str) -> Result<Self, NoteError> {
        let (text, signatures) = split(note)?;
        let checkpoint = Checkpoint::parse_text(origin, text)?;
        let mut lines = signatures.lines().enumerate();
        let (_, first) = lines.next().ok_or(NoteError::Lines("signature"))?;
        let (name, id, signature) = signature_line::<64>(first)?;
        let mut members = (0_u16..).zip(&set.validators);
        let log = members
            .find(|(_, of)| name == origin && id == note_key_id(origin, NOTE_ED25519, &of.log_key));
        let (member, _) = log.ok_or(NoteError::UnknownSigner(0))?;
        let log_signature = LogSignature {
            member,
            signature: Signature(signature),
        };
        // Ascending by member: each line is looked for behind the one before.
        let mut members = (0_u16..).zip(&set.validators);
        let mut cosignatures = Vec::new();
        for (at, line) in lines {
            let (name, id, blob) = signature_line::<72>(line)?;
            let found = members.find(|(_, of)| {
                name == of.name && id == note_key_id(name, NOTE_COSIGNATURE, &of.checkpoint_key)
            });
            let (member, _) = found.ok_or(NoteError::UnknownSigner(at))?;
            let (seconds, signature) = blob
                .split_first_chunk::<8>()
                .and_then(|(seconds, rest)| Some((seconds, rest.try_into().ok()?)))
                .expect("72 bytes are 8 and 64");
            cosignatures.push(MemberCosignature {
                member,
                seconds: u64::from_be_bytes(*seconds),
                signature: Signature(signature),
            });
        }
        let signed = Self {
            checkpoint,
            log_signature,
            cosignatures,
        };
        if signed.note(origin, set).as_deref() == Some(note) {
            Ok(signed)
        } else {
            Err(NoteError::OtherSpelling)
        }
    }
}

/// The text, with its final newline, and the signature lines (C2SP signed-note).
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong);
    }
    let end = note.find("\n\n").ok_or(NoteError::Lines("empty line"))?;
    Ok((&note[..=end], &note[end + 2..]))
}

fn number(text: &str, what: &'static str) -> Result<u64, NoteError> {
    text.parse().map_err(|_| NoteError::Lines(what))
}

fn hash(text: &str, what: &'static str) -> Result<Hash, NoteError> {
    let bytes = BASE64_STANDARD.decode(text).ok();
    let hash = bytes.and_then(|bytes| bytes.try_into().ok());
    hash.map(Hash).ok_or(NoteError::Lines(what))
}

/// Name, key id and the N bytes behind it of `— <name> <base64>`.
fn signature_line<const N: usize>(line: &str) -> Result<(&str, [u8; 4], [u8; N]), NoteError> {
    let rest = line.strip_prefix("\u{2014} ");
    let parts = rest.and_then(|rest| rest.rsplit_once(' '));
    let (name, blob) = parts.ok_or(NoteError::Lines("signature"))?;
    let bytes = BASE64_STANDARD.decode(blob).unwrap_or_default();
    let id = bytes.split_first_chunk::<4>();
    let blob = id.and_then(|(id, blob)| Some((*id, blob.try_into().ok()?)));
    let (id, blob) = blob.ok_or(NoteError::Lines("signature"))?;
    Ok((name, id, blob))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::tests::{set, signed, ORIGIN};

    fn read(note: &str) -> Result<SignedCheckpoint, NoteError> {
        SignedCheckpoint::parse_note(ORIGIN, &set(0, &[1, 2, 3, 4]), note)
    }

    fn good() -> (SignedCheckpoint, String) {
        let signed = signed(0, 7, &[(0, 1), (2, 3), (3, 4)]);
        let note = signed.note(ORIGIN, &set(0, &[1, 2, 3, 4]));
        (signed, note.expect("its members are in the set"))
    }

    #[test]
    fn a_note_is_read_back_and_names_its_epoch_before_its_signers_are_known() {
        let (signed, note) = good();
        assert_eq!(
            Checkpoint::of_note(ORIGIN, &note),
            Ok(signed.checkpoint.clone())
        );
        assert_eq!(read(&note), Ok(signed));
    }

    #[test]
    fn another_spelling_is_another_note() {
        let (_, note) = good();
        let lines: Vec<&str> = note.lines().collect();
        let swapped = |a: usize, b: usize| {
            let mut lines = lines.clone();
            lines.swap(a, b);
            lines.join("\n") + "\n"
        };
        let bad = [
            note.replacen("\n7\n", "\n+7\n", 1),
            note.replacen("\n7\n", "\n07\n", 1),
            note.replace('\n', "\r\n"),
            note.replacen("state ", "state  ", 1),
            note.replacen("state ", "stats ", 1),
            note.replacen(" 0 0\n", " 0 0 0\n", 1),
            note.replacen("\n\n", "\n\n\n", 1),
            note.replacen("\n\n", "\nmore\n\n", 1),
            note.trim_end().to_owned(),
            format!("{note}\n"),
            // The order of the lines, a line twice, a line of nobody, a name that is not the key's.
            swapped(6, 7),
            swapped(5, 6),
            format!("{note}{}\n", lines[8]),
            note.replacen("v3.example", "v2.example", 1),
            note.replacen("v3.example", "w3.example", 1),
            lines[..5].join("\n"),
            lines[..6].join("\n"),
            String::new(),
            "\n\n".to_owned(),
        ];
        for (at, bad) in bad.iter().enumerate() {
            assert_ne!(bad, &note, "{at}");
            assert!(read(bad).is_err(), "{at}: {bad}");
        }
        assert!(matches!(
            SignedCheckpoint::parse_note("another", &set(0, &[1]), &note),
            Err(NoteError::OtherOrigin(_))
        ));
        let long = format!("{note}{}", " ".repeat(NOTE_BYTES_MAX));
        assert_eq!(read(&long), Err(NoteError::TooLong));
    }

    #[test]
    fn no_altered_byte_is_read_as_the_same_checkpoint() {
        let (signed, note) = good();
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(altered) = String::from_utf8(bytes) {
                assert_ne!(read(&altered), Ok(signed.clone()), "{at}");
            }
        }
    }
}
