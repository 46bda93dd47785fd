//! The engine's write-ahead log of a stopped engine, read without changing it.
//!
//! The engine cuts its log off where it cannot read on, and votes as if what stood behind had never
//! been said. So every byte is read here before the engine gets to see the file, which is, with all
//! numbers big-endian (version 1 of the engine's log):
//!
//! ```text
//! version (4) | height (8) | entries: compressed (1) | length (8) | CRC-32 of the data (4) | data
//! ```
//!
//! The last entry may be torn: it was being written when the process died, so nothing that it holds
//! was ever sent. Anything else that does not add up is damage. The height has no checksum; it is
//! compared with what the entries are about.

use crate::codec::EngineCodec;
use crate::context::HefuContext;
use arc_malachitebft_app::engine::wal::decode_entry;
use arc_malachitebft_app::wal::Log;
use arc_malachitebft_core_consensus::Input;
use std::path::Path;
use std::{fs, io};

const VERSION: [u8; 4] = 1_u32.to_be_bytes();
const HEAD_BYTES: usize = 12;
const ENTRY_HEAD_BYTES: usize = 13;

/// What a log of a stopped engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The process died while it made the file: nothing was ever written into it.
    Unmade,
    /// It tells of a height.
    Whole(u64),
    /// The process died between the two steps of beginning a height: the new height is written, the
    /// entries of the one before are still there.
    HalfBegun(u64),
}

/// The height that the write-ahead log of a stopped engine is at; `None` if there is no log, and an
/// error of kind `InvalidData` that says where if it is damaged. The file is only read.
pub fn wal_height(wal: &Path) -> io::Result<Option<u64>> {
    Ok(match find(wal)? {
        None | Some(Found::Unmade) => None,
        Some(Found::Whole(height) | Found::HalfBegun(height)) => Some(height),
    })
}

/// Finishes what the engine was doing with its log when its process died.
pub(crate) fn mend(wal: &Path) -> io::Result<()> {
    match find(wal)? {
        None | Some(Found::Whole(_)) => Ok(()),
        Some(Found::Unmade) => fs::remove_file(wal),
        Some(Found::HalfBegun(_)) => Log::open(wal)?.truncate(0),
    }
}

fn find(wal: &Path) -> io::Result<Option<Found>> {
    match fs::read(wal) {
        Ok(bytes) => found(&bytes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn damaged(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn found(bytes: &[u8]) -> io::Result<Found> {
    let Some((head, entries)) = bytes.split_at_checked(HEAD_BYTES) else {
        return Ok(Found::Unmade);
    };
    let (version, height) = head.split_at(VERSION.len());
    if version != VERSION {
        return Err(damaged(
            "byte 0: it is not of the version that this program writes".into(),
        ));
    }
    let height = u64::from_be_bytes(height.try_into().expect("eight bytes are left"));
    let heights = heights(entries)?;
    if heights.iter().all(|of| *of == height) {
        return Ok(Found::Whole(height));
    }
    if heights.iter().all(|of| of.checked_add(1) == Some(height)) {
        return Ok(Found::HalfBegun(height));
    }
    Err(damaged(format!(
        "byte 4: it says that it is of height {height}, its entries are of {heights:?}"
    )))
}

/// The heights that the entries are about.
fn heights(entries: &[u8]) -> io::Result<Vec<u64>> {
    let mut heights = Vec::new();
    let mut rest = entries;
    for number in 0.. {
        let at = HEAD_BYTES + entries.len() - rest.len();
        let fault = |what: &str| Err(damaged(format!("entry {number} at byte {at}: {what}")));
        let Some((head, data)) = rest.split_at_checked(ENTRY_HEAD_BYTES) else {
            // The end, or a torn head.
            break;
        };
        let length = u64::from_be_bytes(head[1..9].try_into().expect("eight bytes"));
        let checksum = u32::from_be_bytes(head[9..].try_into().expect("four bytes are left"));
        if head[0] != 0 {
            return fault("it says that it is compressed, which none is");
        }
        let split = usize::try_from(length).ok();
        let Some((data, after)) = split.and_then(|length| data.split_at_checked(length)) else {
            // Torn, unless the entry stands there whole and only its length is another.
            if holds_prefix_of(data, checksum) {
                return fault("its length is not that of its data");
            }
            break;
        };
        if crc32(data) != checksum {
            return fault("its data do not lead to its checksum");
        }
        match height_of(data) {
            Ok(of) => heights.extend(of),
            Err(error) => return fault(&error.to_string()),
        }
        rest = after;
    }
    Ok(heights)
}

/// The height that an entry is about; a time-out is about a round only.
fn height_of(data: &[u8]) -> io::Result<Option<u64>> {
    // Entries hold votes and certificates, never parts of blocks or answers of sync.
    let codec = EngineCodec {
        part_bytes_max: 0,
        response_bytes_max: 0,
    };
    let height = match decode_entry::<HefuContext, _, _>(&codec, data)? {
        Input::Vote(vote) => vote.height,
        Input::Proposal(proposal) => proposal.height,
        Input::ProposedValue(value, _) => value.height,
        Input::PolkaCertificate(certificate) => certificate.height,
        _ => return Ok(None),
    };
    Ok(Some(height.0))
}

/// Whether some beginning of the bytes has the checksum.
fn holds_prefix_of(bytes: &[u8], checksum: u32) -> bool {
    let mut state = u32::MAX;
    bytes.iter().any(|byte| {
        state = crc32_step(state, *byte);
        !state == checksum
    })
}

/// The CRC-32 of zip and Ethernet. Logs are some kilobytes long, so it need not be fast.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(u32::MAX, |state, byte| crc32_step(state, *byte))
}

fn crc32_step(state: u32, byte: u8) -> u32 {
    (0..8).fold(state ^ u32::from(byte), |state, _| {
        (state >> 1) ^ (0xedb8_8320 & (state & 1).wrapping_neg())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Address, Height, Vote};
    use crate::signing::EngineSignature;
    use arc_malachitebft_app::engine::wal::encode_entry;
    use arc_malachitebft_core_types::{
        NilOrVal, Round, SignedMessage, Timeout, TimeoutKind, VoteType,
    };
    use hefu_types::{KeyId, Signature};
    use tempfile::TempDir;

    fn vote(height: u64, round: u32) -> Vec<u8> {
        let vote = Vote {
            kind: VoteType::Prevote,
            height: Height(height),
            round: Round::new(round),
            value: NilOrVal::Nil,
            voter: Address(KeyId([7; 32])),
        };
        let signature = EngineSignature(Signature([9; 64]));
        entry(Input::Vote(SignedMessage::new(vote, signature)))
    }

    fn timeout() -> Vec<u8> {
        let timeout = Timeout::new(Round::new(0), TimeoutKind::Propose);
        entry(Input::TimeoutElapsed(timeout))
    }

    fn entry(input: Input<HefuContext>) -> Vec<u8> {
        let codec = EngineCodec {
            part_bytes_max: 0,
            response_bytes_max: 0,
        };
        let mut bytes = Vec::new();
        encode_entry(input, &codec, &mut bytes).expect("it can be logged");
        bytes
    }

    /// A log as the engine's own code writes it, of this height, and its bytes.
    fn log(height: u64, entries: &[Vec<u8>]) -> (TempDir, Vec<u8>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("wal");
        let mut log = Log::open(&path).expect("a new log");
        log.reset(height).expect("it can be written");
        for entry in entries {
            log.append(entry).expect("it can be written");
        }
        let bytes = fs::read(&path).expect("it was written");
        (folder, bytes)
    }

    #[test]
    fn a_log_is_of_the_height_of_its_entries() {
        let (_folder, bytes) = log(5, &[vote(5, 0), timeout(), vote(5, 1)]);
        assert_eq!(found(&bytes).expect("whole"), Found::Whole(5));
        let (_folder, bytes) = log(5, &[]);
        assert_eq!(found(&bytes).expect("whole"), Found::Whole(5));
        let (_folder, bytes) = log(6, &[vote(5, 0), vote(5, 1)]);
        assert_eq!(found(&bytes).expect("half begun"), Found::HalfBegun(6));
        for other in [4, 7] {
            let (_folder, bytes) = log(other, &[vote(5, 0)]);
            assert!(found(&bytes).is_err(), "of {other}, with a vote of 5");
        }
        let (_folder, bytes) = log(6, &[vote(5, 0), vote(6, 0)]);
        assert!(found(&bytes).is_err());
    }

    #[test]
    fn every_altered_byte_is_found_but_in_a_height_without_votes() {
        let (_folder, bytes) = log(5, &[vote(5, 0), timeout(), vote(5, 1), vote(5, 2)]);
        for at in 0..bytes.len() {
            for flip in [0x01, 0x03, 0x80, 0xff] {
                let mut altered = bytes.clone();
                altered[at] ^= flip;
                // From 5 to 6 is what dying between the two steps of a new height leaves behind;
                // the store, which is at 4 then, tells the two apart.
                let told = match found(&altered) {
                    Err(error) => error.to_string().contains("byte"),
                    Ok(Found::HalfBegun(6)) => at == 11 && flip == 3,
                    Ok(_) => false,
                };
                assert!(told, "byte {at} ^ {flip:#x} is not found");
            }
        }
    }

    #[test]
    fn a_torn_end_is_no_damage() {
        let (_folder, bytes) = log(5, &[vote(5, 0), vote(5, 1)]);
        for end in 0..bytes.len() {
            let expected = if end < HEAD_BYTES {
                Found::Unmade
            } else {
                Found::Whole(5)
            };
            assert_eq!(found(&bytes[..end]).expect("torn"), expected, "at {end}");
        }
    }

    #[test]
    fn what_a_dying_process_left_behind_is_finished() {
        let (folder, bytes) = log(6, &[vote(5, 0), vote(5, 1)]);
        let path = folder.path().join("wal");
        assert_eq!(wal_height(&path).expect("readable"), Some(6));
        assert_eq!(fs::read(&path).expect("it is there"), bytes, "only read");
        mend(&path).expect("it can be written");
        assert_eq!(
            fs::read(&path).expect("it is there").len(),
            HEAD_BYTES,
            "the votes of 5 are gone"
        );
        assert_eq!(wal_height(&path).expect("readable"), Some(6));
        fs::write(&path, &bytes[..5]).expect("it can be written");
        assert_eq!(wal_height(&path).expect("readable"), None);
        mend(&path).expect("it can be removed");
        assert!(!path.exists());
    }
}
