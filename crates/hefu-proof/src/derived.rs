//! What holds at a time: the status of a document is its events and its dates, read at T; a lock, a
//! request or a deadline is over when its time has passed.
//!
//! State and clients derive it with these functions, so that expiry is never an event that somebody
//! could forget. Status is bitemporal: each event has the time from which it holds in law and the block
//! time at which the ledger learnt of it. What is recorded later wins from its own time on.
//!
//! # The status at T
//!
//! The events of a record are the statuses in `past` and then its `status`. Of those whose `effective_at`
//! is not after T the last one counts; if there is none, the first of all. Then the first line that fits:
//!
//! | state | and | at T it is |
//! | --- | --- | --- |
//! | cancelled, revoked, rejected, reversed, replaced, annulled, superseded | | ended |
//! | transferred-out | | transferred out |
//! | suspended | `until` absent or after T, and `valid_before` absent or after T | suspended |
//! | proposed, unattested | | not issued |
//! | any | `valid_from` after T | not yet valid |
//! | any | `valid_before` not after T | expired |
//! | any | | in force |
//!
//! # Locks and deadlines
//!
//! A deadline passes at its time; where the last halt that the ledger's clock tells (`last_halt`: before,
//! after) began before the deadline, at the later of its time and one hour after the halt. The use for a
//! purpose at T, where a lock counts if its deadline is after T: *used* if all is used for good; else
//! *locked* if a lock counts and nothing is left; else *partly* if a lock counts or a part is used for
//! good; else *free*. Who asks without the clock's leaf reckons without a halt.

use hefu_types::record::UseState;
use hefu_types::record::{Folded, PastStatus, PublicPart, Reversal, ReversalStage, State, Status};
use hefu_types::{Millis, Suite};

/// The time of the last block before a halt of the ledger, and of the first after it.
pub type Halt = Option<(Millis, Millis)>;

/// What a document is at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// Issued, within its dates, not withdrawn. A part of it may be reversed.
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
    /// It is withheld for some time.
    Suspended {
        /// Since when.
        since: Millis,
        /// It ends by itself then.
        until: Option<Millis>,
    },
    /// It left for another region, where it may have been taken in under another number.
    TransferredOut {
        /// Since when.
        since: Millis,
    },
    /// It is not issued: proposed and not confirmed, or known by its use alone.
    NotIssued {
        /// Which of them.
        state: State,
        /// Since when.
        since: Millis,
    },
    /// The ledger did not know it then, or it was issued later.
    Unknown,
}

impl Derived {
    /// The code of the national interface for construction-safety licences. 05, expired, is never an
    /// event; what it has no code for, such as a licence that is not yet valid, is 99.
    pub const fn licence_code(self) -> &'static str {
        match self {
            Self::InForce => "01",
            Self::Suspended { .. } => "02",
            Self::Expired { .. } => "05",
            Self::TransferredOut { .. } => "06",
            Self::Ended { state, .. } | Self::NotIssued { state, .. } => state.licence_code(),
            Self::NotYetValid { .. } | Self::Unknown => "99",
        }
    }
}

/// A status that the events of the record alone do not tell: the older ones are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record no longer holds the events of that time; give its older history")]
pub struct NeedsHistory;

/// When a deadline passes. One that fell into a halt of the ledger passes an hour after it, so that who
/// could not act is not late.
///
/// One that falls into that hour passes at its end, too: a halt that begins within the hour continues
/// the one before, and what had passed between both would be open again.
pub fn deadline(at: Millis, halt: Halt) -> Millis {
    match halt {
        Some((before, after)) if before < at => at.max(after.plus(Millis::HOUR)),
        _ => at,
    }
}

/// Whether a deadline has passed.
pub fn has_passed(at: Millis, now: Millis, halt: Halt) -> bool {
    deadline(at, halt) <= now
}

/// The status at a time, as far as the ledger knew it when this record was written. A time before the
/// first event that stands in the record is told as of that event.
pub fn status_at(record: &PublicPart, at: Millis) -> Derived {
    let events = || {
        let past = record.past.iter().map(|past| &past.status);
        past.chain([&record.status])
    };
    let effective = events().rfind(|status| status.effective_at <= at);
    let status = effective.or_else(|| events().next());
    read(record, status.unwrap_or(&record.status), at)
}

/// The status at `at`, as the ledger knew it at `known_at`. `older` is what left the record, checked
/// with [`is_history`]; nothing where it was not asked for.
pub fn status_as_known(
    record: &PublicPart,
    older: &[PastStatus],
    at: Millis,
    known_at: Millis,
) -> Result<Derived, NeedsHistory> {
    let is_complete = record.history.map_or(0, |folded| folded.count as usize) == older.len();
    let mut known = (older.iter().chain(&record.past).map(|past| &past.status))
        .chain([&record.status])
        .filter(|status| status.recorded_at <= known_at);
    let effective = known.rfind(|status| status.effective_at <= at);
    match effective {
        Some(status) => Ok(read(record, status, at)),
        None if is_complete => Ok(Derived::Unknown),
        None => Err(NeedsHistory),
    }
}

/// Whether these are the events that left a record, the oldest first.
pub fn is_history(suite: Suite, record: &PublicPart, older: &[PastStatus]) -> bool {
    let fold = |folded: Option<Folded>, past: &PastStatus| Some(Folded::and(folded, suite, past));
    older.iter().fold(None, fold) == record.history
}

fn read(record: &PublicPart, status: &Status, at: Millis) -> Derived {
    let (state, since) = (status.state, status.effective_at);
    // What ended a document outlasts its dates: a revoked licence never reads as merely expired.
    if state.is_final() {
        return Derived::Ended { state, since };
    }
    match state {
        State::TransferredOut => return Derived::TransferredOut { since },
        State::Suspended => {
            let over = status.until.is_some_and(|until| until <= at);
            // Whether it has expired meanwhile says more than that it was withheld.
            let expired = record.valid_before.is_some_and(|before| before <= at);
            if !over && !expired {
                let until = status.until;
                return Derived::Suspended { since, until };
            }
        }
        _ if !state.is_in_force() => return Derived::NotIssued { state, since },
        _ => {}
    }
    if let Some(from) = record.valid_from.filter(|from| at < *from) {
        return Derived::NotYetValid { from };
    }
    if let Some(since) = record.valid_before.filter(|before| *before <= at) {
        return Derived::Expired { since };
    }
    Derived::InForce
}

/// Where a request of a reversal stands at a time: 07 where nobody went on with it in time.
pub fn reversal_at(reversal: &Reversal, now: Millis, halt: Halt) -> ReversalStage {
    if reversal.stage.is_open() && has_passed(reversal.deadline, now, halt) {
        ReversalStage::TimedOut
    } else {
        reversal.stage
    }
}

/// What is left of a document for a purpose, as far as everybody may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseNow {
    /// Nobody uses it.
    Free,
    /// Some of it is used or locked, and some may be free.
    Partly,
    /// All of it is used for good, or what is not is locked.
    Locked {
        /// When the last lock lapses.
        until: Millis,
    },
    /// All of it is used for good.
    Used {
        /// Since when a part or all was.
        since: Millis,
    },
}

/// The use for one purpose at a time.
pub fn use_at(state: &UseState, now: Millis, halt: Halt) -> UseNow {
    let locked = state.locked_until.map(|until| deadline(until, halt));
    let locked = locked.filter(|until| now < *until);
    match (state.consumed_at, locked) {
        (Some(since), _) if state.consumed_whole => UseNow::Used { since },
        (_, Some(until)) if state.whole => UseNow::Locked { until },
        (None, None) => UseNow::Free,
        _ => UseNow::Partly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_types::record::Event;
    use hefu_types::{KeyId, OperationId};

    fn event(recorded: u64) -> Event {
        Event {
            operation: OperationId([u8::try_from(recorded % 251).unwrap_or(0); 32]),
            key_id: KeyId([0; 32]),
            block_time: Millis(recorded),
            compromise_counter: 0,
        }
    }

    fn status(state: State, effective: u64, recorded: u64) -> Status {
        Status::new(state, Millis(effective), Millis(recorded))
    }

    /// Recorded at 10, to end at 50 as was recorded at 20, brought forward to 40 at 30.
    fn record() -> PublicPart {
        let past = |status: Status| PastStatus {
            event: event(status.recorded_at.0),
            status,
        };
        PublicPart {
            status_event: Some(event(30)),
            event_count: 3,
            past: vec![
                past(status(State::Issued, 10, 10)),
                past(status(State::Revoked, 50, 20)),
            ],
            ..PublicPart::new(
                "licence",
                "office",
                "north",
                "X",
                status(State::Revoked, 40, 30),
                event(10),
            )
        }
    }

    #[test]
    fn a_status_is_read_at_a_time_as_it_was_known_at_another() {
        let record = record();
        #[track_caller]
        fn check(record: &PublicPart, at: u64, known_at: u64, expected: Derived) {
            let found = status_as_known(record, &[], Millis(at), Millis(known_at));
            assert_eq!(found, Ok(expected), "at {at} as known at {known_at}");
        }
        let revoked = |since| Derived::Ended {
            state: State::Revoked,
            since: Millis(since),
        };
        check(&record, 5, 99, Derived::Unknown);
        check(&record, 15, 9, Derived::Unknown);
        check(&record, 15, 99, Derived::InForce);
        check(&record, 45, 19, Derived::InForce);
        check(&record, 45, 25, Derived::InForce);
        check(&record, 45, 30, revoked(40));
        check(&record, 55, 25, revoked(50));
        check(&record, 55, 30, revoked(40));
        assert_eq!(status_at(&record, Millis(45)), revoked(40));
        assert_eq!(status_at(&record, Millis(39)), Derived::InForce);
        assert_eq!(status_at(&record, Millis(1)), Derived::InForce);
    }

    #[test]
    fn what_left_the_record_is_asked_for_and_checked() {
        let suite = Suite::Sha256Ed25519;
        let mut record = record();
        let older = vec![record.past.remove(0), record.past.remove(0)];
        record.history = (older.iter()).fold(None, |h, past| Some(Folded::and(h, suite, past)));
        let at = |older: &[PastStatus]| status_as_known(&record, older, Millis(20), Millis(99));
        assert_eq!(at(&[]), Err(NeedsHistory));
        assert!(is_history(suite, &record, &older));
        assert_eq!(at(&older), Ok(Derived::InForce));
        for wrong in [&older[..1], &older[1..], &[]] {
            assert!(!is_history(suite, &record, wrong));
        }
    }

    #[test]
    fn a_deadline_that_fell_into_a_halt_passes_an_hour_after_it() {
        let halt = Some((Millis(1_000), Millis(9_000_000)));
        let hour_after = Millis(9_000_000 + Millis::HOUR);
        assert_eq!(deadline(Millis(1_000), halt), Millis(1_000));
        assert_eq!(deadline(Millis(1_001), halt), hour_after);
        assert_eq!(deadline(Millis(9_000_000), halt), hour_after);
        assert_eq!(deadline(Millis(9_000_001), halt), hour_after);
        assert_eq!(deadline(hour_after, halt), hour_after);
        assert_eq!(deadline(hour_after.plus(1), halt), hour_after.plus(1));
        assert!(!has_passed(Millis(5_000), Millis(hour_after.0 - 1), halt));
        assert!(has_passed(Millis(5_000), hour_after, halt));
    }
}
