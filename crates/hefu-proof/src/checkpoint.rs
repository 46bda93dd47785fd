//! Checkpoints: what the validators say about log and state, as C2SP signed notes.
//!
//! The text of a checkpoint (C2SP tlog-checkpoint) has four lines: origin, size, log root in base64, and
//! `state <root, base64> <height> <block time ms> <epoch> <compromise counter>`. Each ends with a newline,
//! numbers are decimal without leading zeros, base64 is the standard one with padding (RFC 4648, section
//! 4). The block entry, which is the last leaf of the log, repeats the last line; this one line rules both
//! trees.
//!
//! The note (C2SP signed-note) carries one signature line of a validator's log key under the name of
//! the origin (type 0x01) and the validators' cosignatures under their own names (type 0x04, C2SP
//! tlog-cosignature). Two notes of one origin and size whose texts differ are equivocation.
//!
//! Receipts hold a checkpoint in binary ([`SignedCheckpoint`]), from which the note is rebuilt byte
//! for byte. It holds under a validator set of n members if
//!
//! - its epoch is that of the set;
//! - the cosignatures are at most 256, strictly ascending by member, and at least floor(2n/3) + 1;
//! - each is of a member of the set, counted from 0, and a signature by its checkpoint key over the bytes
//!   `cosignature/v1`, newline, `time <seconds>`, newline, text: also those beyond the quorum;
//! - the log signature is of a member of the set, and a signature by its log key over the text.
//!
//! Members' keys are distinct by the rules, so distinct members are distinct keys. The *quorum time* is the
//! q-th largest of the cosignatures' times, where q is the quorum: by then so many had seen the text.

mod note;

pub use note::{NoteError, NOTE_BYTES_MAX};

use crate::handover::Sighting;
use base64::prelude::{Engine, BASE64_STANDARD};
use hefu_types::block::{BlockEntry, MemberCosignature, VALIDATORS_MAX};
use hefu_types::genesis::Network;
use hefu_types::leaf::{SetLeaf, Validator};
use hefu_types::suite::cosignature_preimage;
use hefu_types::{Hash, Millis, PublicKey, Signature, Suite, TreeSize};
use minicbor::{Decode, Encode};

/// The signature type of a plain Ed25519 signature (C2SP signed-note).
pub const NOTE_ED25519: u8 = 0x01;
/// The signature type of a timestamped Ed25519 cosignature (C2SP tlog-cosignature).
pub const NOTE_COSIGNATURE: u8 = 0x04;

/// Log and state at a height.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    /// How many entries the log has.
    #[n(0)]
    pub size: TreeSize,
    /// The root of the log.
    #[n(1)]
    pub log_root: Hash,
    /// The root of the state tree.
    #[n(2)]
    pub state_root: Hash,
    /// The height of the last block.
    #[n(3)]
    pub height: u64,
    /// Its block time.
    #[n(4)]
    pub time: Millis,
    /// The validator set that decided it.
    #[n(5)]
    pub epoch: u64,
    /// How many compromises of keys were declared so far.
    #[n(6)]
    pub compromise_counter: u64,
}

impl Checkpoint {
    /// The checkpoint of a block, from its entry and the root of the log that ends with it.
    pub fn of_block(entry: &BlockEntry, log_root: Hash) -> Self {
        Self {
            size: entry.size(),
            log_root,
            state_root: entry.state_root,
            height: entry.height,
            time: entry.time,
            epoch: entry.epoch,
            compromise_counter: entry.compromise_counter,
        }
    }

    /// Checkpoint 0: the genesis of a network, whose state has this root.
    pub fn genesis(network: &Network, state_root: Hash) -> Self {
        Self {
            size: TreeSize(0),
            log_root: network.suite().log_empty(),
            state_root,
            height: 0,
            time: network.genesis().time,
            epoch: 0,
            compromise_counter: 0,
        }
    }

    /// The text that is signed, with its final newline.
    pub fn text(&self, origin: &str) -> String {
        format!(
            "{origin}\n{}\n{}\nstate {} {} {} {} {}\n",
            self.size,
            BASE64_STANDARD.encode(self.log_root),
            BASE64_STANDARD.encode(self.state_root),
            self.height,
            self.time.0,
            self.epoch,
            self.compromise_counter
        )
    }

    /// The hash of the text: what the next block entry names.
    pub fn text_hash(&self, suite: Suite, origin: &str) -> Hash {
        suite.hash(&[self.text(origin).as_bytes()])
    }
}

/// A log key's signature over the text (type 0x01), for C2SP witnesses and policies.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LogSignature {
    /// The member whose log key it is.
    #[n(0)]
    pub member: u16,
    /// The signature.
    #[n(1)]
    pub signature: Signature,
}

/// A checkpoint with its signatures, in binary.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedCheckpoint {
    /// What is signed.
    #[n(0)]
    pub checkpoint: Checkpoint,
    /// The line in the log's name.
    #[n(1)]
    pub log_signature: LogSignature,
    /// Ascending by member.
    #[n(2)]
    pub cosignatures: Vec<MemberCosignature>,
}

/// Why a checkpoint is not one of the network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Made under another validator set.
    #[error("the checkpoint is of epoch {found}, the set that is trusted of epoch {trusted}")]
    OtherEpoch {
        /// The checkpoint's.
        found: u64,
        /// The set's.
        trusted: u64,
    },
    /// A cosignature of nobody in the set.
    #[error("member {0} is not in the validator set")]
    UnknownMember(u16),
    /// The same member twice, or not in order.
    #[error("the cosignatures are not ascending by member")]
    NotAscending,
    /// A cosignature that does not verify.
    #[error("the cosignature of member {0} does not verify")]
    BadCosignature(u16),
    /// The line in the log's name does not verify.
    #[error("the signature of the log key does not verify")]
    BadLogSignature,
    /// Too few.
    #[error("{found} cosignatures, a quorum is {quorum}")]
    NoQuorum {
        /// How many there are.
        found: usize,
        /// How many are needed.
        quorum: usize,
    },
}

impl CheckpointError {
    /// Its name for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::OtherEpoch { .. } => "other-epoch",
            Self::UnknownMember(_) => "unknown-member",
            Self::NotAscending => "cosignatures-not-ascending",
            Self::BadCosignature(_) => "bad-cosignature",
            Self::BadLogSignature => "bad-log-signature",
            Self::NoQuorum { .. } => "no-quorum",
        }
    }
}

/// A checkpoint that a quorum of the trusted set cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    pub(crate) quorum_seconds: u64,
}

impl VerifiedCheckpoint {
    /// Of a checkpoint that was verified.
    pub(crate) fn of(sighting: &Sighting) -> Self {
        Self {
            checkpoint: sighting.signed.checkpoint.clone(),
            quorum_seconds: sighting.quorum_seconds,
        }
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The q-th largest time of a cosignature, in seconds: a quorum had seen it by then. A
    /// [`Memory`](crate::memory::Memory) that knows a later checkpoint bounds it by that one's block time.
    pub fn quorum_seconds(&self) -> u64 {
        self.quorum_seconds
    }
}

/// Verifies one cosignature by a member of a set.
pub fn verify_cosignature(
    suite: Suite,
    text: &str,
    set: &SetLeaf,
    cosignature: &MemberCosignature,
) -> Result<(), CheckpointError> {
    let member = cosignature.member;
    let validator = set
        .validators
        .get(usize::from(member))
        .ok_or(CheckpointError::UnknownMember(member))?;
    let message = cosignature_preimage(text, cosignature.seconds);
    suite
        .verify(
            &validator.checkpoint_key,
            message.as_bytes(),
            &cosignature.signature,
        )
        .map_err(|_| CheckpointError::BadCosignature(member))
}

/// Verifies cosignatures of one text: ascending, of members, at least a quorum. Returns quorum time.
pub fn verify_quorum(
    suite: Suite,
    text: &str,
    set: &SetLeaf,
    cosignatures: &[MemberCosignature],
) -> Result<u64, CheckpointError> {
    // Members and order first: who sends thousands of cosignatures costs us no signature check.
    if cosignatures.len() > VALIDATORS_MAX {
        return Err(CheckpointError::NotAscending);
    }
    if cosignatures
        .windows(2)
        .any(|pair| pair[0].member >= pair[1].member)
    {
        return Err(CheckpointError::NotAscending);
    }
    let quorum = set.quorum();
    if cosignatures.len() < quorum {
        return Err(CheckpointError::NoQuorum {
            found: cosignatures.len(),
            quorum,
        });
    }
    for cosignature in cosignatures {
        verify_cosignature(suite, text, set, cosignature)?;
    }
    let mut seconds: Vec<u64> = cosignatures.iter().map(|c| c.seconds).collect();
    seconds.sort_unstable_by(|a, b| b.cmp(a));
    Ok(seconds[quorum - 1])
}

impl SignedCheckpoint {
    /// Checks the signatures under a validator set that is trusted.
    pub fn verify(
        &self,
        suite: Suite,
        origin: &str,
        set: &SetLeaf,
    ) -> Result<VerifiedCheckpoint, CheckpointError> {
        if self.checkpoint.epoch != set.epoch {
            let (found, trusted) = (self.checkpoint.epoch, set.epoch);
            return Err(CheckpointError::OtherEpoch { found, trusted });
        }
        let text = self.checkpoint.text(origin);
        let quorum_seconds = verify_quorum(suite, &text, set, &self.cosignatures)?;
        let member = self.log_signature.member;
        let log = set
            .validators
            .get(usize::from(member))
            .ok_or(CheckpointError::UnknownMember(member))?;
        suite
            .verify(&log.log_key, text.as_bytes(), &self.log_signature.signature)
            .map_err(|_| CheckpointError::BadLogSignature)?;
        Ok(VerifiedCheckpoint {
            checkpoint: self.checkpoint.clone(),
            quorum_seconds,
        })
    }

    /// The note as C2SP verifiers read it. The set is that of the checkpoint's epoch.
    pub fn note(&self, origin: &str, set: &SetLeaf) -> Option<String> {
        let mut note = self.checkpoint.text(origin);
        note.push('\n');
        let log = set.validators.get(usize::from(self.log_signature.member))?;
        push_line(
            &mut note,
            origin,
            NOTE_ED25519,
            &log.log_key,
            &[&self.log_signature.signature.0],
        );
        for cosignature in &self.cosignatures {
            let validator = set.validators.get(usize::from(cosignature.member))?;
            let seconds = cosignature.seconds.to_be_bytes();
            let blob: [&[u8]; 2] = [&seconds, &cosignature.signature.0];
            let key = &validator.checkpoint_key;
            push_line(&mut note, &validator.name, NOTE_COSIGNATURE, key, &blob);
        }
        Some(note)
    }
}

/// The key id of C2SP signed-note: the first four bytes of SHA-256(name, newline, type, key). It is
/// SHA-256 in every suite, because C2SP says so.
fn note_key_id(name: &str, kind: u8, key: &PublicKey) -> [u8; 4] {
    let hash = Suite::Sha256Ed25519.hash(&[name.as_bytes(), b"\n", &[kind], &key.0]);
    [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
}

fn push_line(note: &mut String, name: &str, kind: u8, key: &PublicKey, blob: &[&[u8]]) {
    let mut bytes = note_key_id(name, kind, key).to_vec();
    blob.iter().for_each(|part| bytes.extend_from_slice(part));
    note.push_str(&format!(
        "\u{2014} {name} {}\n",
        BASE64_STANDARD.encode(bytes)
    ));
}

/// The verifier key of C2SP signed-note: `name+key id+base64(type, key)`.
pub fn verifier_key(name: &str, kind: u8, key: &PublicKey) -> String {
    let id: String = note_key_id(name, kind, key)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&key.0);
    format!("{name}+{id}+{}", BASE64_STANDARD.encode(bytes))
}

/// The tlog-policy (C2SP) under which a note of this set is accepted: a quorum of cosignatures and
/// any validator's line in the log's name.
pub fn policy(origin: &str, set: &SetLeaf) -> String {
    let mut policy = String::new();
    for validator in &set.validators {
        let key = verifier_key(origin, NOTE_ED25519, &validator.log_key);
        policy.push_str(&format!("log {key}\n"));
    }
    for Validator {
        name,
        checkpoint_key,
        ..
    } in &set.validators
    {
        let key = verifier_key(name, NOTE_COSIGNATURE, checkpoint_key);
        policy.push_str(&format!("witness {name} {key}\n"));
    }
    let names: Vec<&str> = set.validators.iter().map(|v| v.name.as_str()).collect();
    policy.push_str(&format!(
        "group quorum-of-validators {} {}\n",
        set.quorum(),
        names.join(" ")
    ));
    policy.push_str("quorum quorum-of-validators\n");
    policy
}
