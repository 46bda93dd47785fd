//! Admission: from bytes of anybody to a checked statement in the pool.
//!
//! Signatures are checked here, once, and remembered by the pool, so that judging a block verifies
//! only what this node has not seen. What was executed already is answered with its first outcome
//! and never taken again.

use crate::pool::Taken;
use crate::room::registers;
use crate::shared::Shared;
use hefu_state::block::is_in_time;
use hefu_store::{StatementPosition, StoreFault};
use hefu_types::canonical::DecodeError;
use hefu_types::key;
use hefu_types::leaf::KeyLeaf;
use hefu_types::statement::{SignedHeader, Statement, StatementError};
use hefu_types::{Code, StatementId};

/// What became of a submission.
#[derive(Clone, Debug)]
pub enum Admitted {
    /// It waits in the pool; `new` if it was not there before.
    Waiting {
        /// Its identity.
        id: StatementId,
        /// Whether the peers should hear of it.
        new: bool,
    },
    /// It was executed before.
    Executed {
        /// Its identity.
        id: StatementId,
        /// Where it stands.
        position: StatementPosition,
    },
}

/// Why a submission is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// Not a statement for this network.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Its key is not on the ledger.
    #[error("the key {0} is not on this ledger")]
    UnknownKey(hefu_types::KeyId),
    /// Its key may not sign now.
    #[error("the key is retired, compromised, or not valid now")]
    KeyNotValid,
    /// Its signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
    /// It is out of time, or too far ahead.
    #[error("valid_until must lie within the hour that begins now")]
    OutOfTime,
    /// The pool is full.
    #[error("the pool is full")]
    Full,
    /// The memory for records is full.
    #[error(
        "this node has no room for new records: its operator can raise `records_memory_mib`; what is \
         registered can be used and revoked as before"
    )]
    NoRoom,
    /// This node's disk.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl From<DecodeError> for AdmissionError {
    fn from(error: DecodeError) -> Self {
        Self::Statement(error.into())
    }
}

impl AdmissionError {
    /// The code that is answered.
    pub fn code(&self) -> Code {
        match self {
            Self::Statement(StatementError::Unreadable(DecodeError::TooLong { .. })) => {
                Code::TooLarge
            }
            Self::Statement(_) => Code::Unreadable,
            Self::UnknownKey(_) => Code::UnknownKey,
            Self::KeyNotValid => Code::KeyNotValid,
            Self::BadSignature => Code::BadSignature,
            Self::OutOfTime => Code::StatementExpired,
            Self::Full | Self::Store(_) => Code::Busy,
            Self::NoRoom => Code::NoRoom,
        }
    }
}

/// As [`admit`], of a statement that a peer passed on, whom nobody answers: one whose identity was
/// executed, as happens where blocks are faster than statements, is not looked at any further.
pub fn admit_of_peer(shared: &Shared, statement: Statement) -> Result<Admitted, AdmissionError> {
    let (suite, digest) = (shared.network.suite(), shared.network.digest());
    let SignedHeader { id, .. } = SignedHeader::read(suite, &digest, statement.cose())?;
    match shared.store.statement(&id)? {
        Some(position) => Ok(Admitted::Executed { id, position }),
        None => admit(shared, statement),
    }
}

/// Checks a statement and puts it into the pool.
pub fn admit(shared: &Shared, statement: Statement) -> Result<Admitted, AdmissionError> {
    let network = &shared.network;
    let suite = network.suite();
    let read = statement.read(suite, &network.digest())?;
    let id = read.claimed_id();
    if let Some(known) = shared.pool().find(&id) {
        if known.statement().cose() == read.cose() {
            return Ok(Admitted::Waiting { id, new: false });
        }
    }
    // The signature comes before any answer by identity: only who signed has a statement.
    let key_id = read.key_id();
    let leaf: Option<KeyLeaf> = shared.leaf(&key::public_key(suite, &key_id))?;
    let leaf = leaf.ok_or(AdmissionError::UnknownKey(key_id))?;
    let checked = read
        .verify(suite, &leaf.key)
        .map_err(|_| AdmissionError::BadSignature)?;
    if let Some(position) = shared.store.statement(&id)? {
        return Ok(Admitted::Executed { id, position });
    }
    let head = shared.head();
    let time = shared.clock.now().max(head.before.time);
    if !leaf.signs_at(time) {
        return Err(AdmissionError::KeyNotValid);
    }
    if !is_in_time(checked.payload().valid_until, time) {
        return Err(AdmissionError::OutOfTime);
    }
    if registers(&checked) && !shared.room.admits_records(&head.tree) {
        return Err(AdmissionError::NoRoom);
    }
    match shared.pool().offer(checked) {
        // A block may have executed it while its signature was checked.
        Taken::New => match shared.store.statement(&id)? {
            Some(position) => {
                shared.pool().forget([id]);
                Ok(Admitted::Executed { id, position })
            }
            None => Ok(Admitted::Waiting { id, new: true }),
        },
        Taken::Known => Ok(Admitted::Waiting { id, new: false }),
        Taken::Full => Err(AdmissionError::Full),
    }
}
