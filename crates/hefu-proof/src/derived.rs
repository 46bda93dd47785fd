//! What holds at a time: the status of a document is an event's state and its dates, read at T.
//!
//! State and clients derive it with this one function, so that expiry is never an event that
//! somebody could forget.

use hefu_types::record::{PublicPart, State};
use hefu_types::Millis;

/// What a document is at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// Issued, within its dates, not withdrawn.
    InForce,
    /// Its first day has not come.
    NotYetValid {
        /// When it begins.
        from: Millis,
    },
    /// Its last day is over.
    Expired {
        /// Since when.
        since: Millis,
    },
    /// An event ended it.
    Ended {
        /// How.
        state: State,
        /// Since when, in law.
        since: Millis,
    },
}

/// The status at a time, as far as the ledger knew it when this record was written.
pub fn status_at(record: &PublicPart, at: Millis) -> Derived {
    let status = &record.status;
    // What ended a document outlasts its dates: a revoked licence never reads as merely expired.
    if status.state != State::Issued && status.effective_at <= at {
        return Derived::Ended {
            state: status.state,
            since: status.effective_at,
        };
    }
    if let Some(from) = record.valid_from.filter(|from| at < *from) {
        return Derived::NotYetValid { from };
    }
    if let Some(since) = record.valid_before.filter(|before| *before <= at) {
        return Derived::Expired { since };
    }
    Derived::InForce
}
