//! When the next height begins: an idle network rests.
//!
//! The engine starts the next height when the application answers `Finalized`. After an empty block
//! that answer is held until there is a reason to go on:
//!
//! - at once, if the node's own pool holds a statement;
//! - otherwise not before [`FLOOR`] after the block, when a peer begins or has decided the next
//!   height (a wake, a part of its block, a peer ahead);
//! - at the latest one heartbeat after the block, so that "still in force" has an age.
//!
//! Apart from that, the answer is held while execution runs [`AHEAD_MAX`] heights ahead of what is
//! published, whatever the pool holds: a ledger that cannot be proven must not grow.
//!
//! This is only the decision. It has no clock and no timer; [`crate::app_loop`] asks it again after
//! every event and at the time that it names.

use std::time::{Duration, Instant};

/// A network does not wake itself up more often than this.
pub(crate) const FLOOR: Duration = Duration::from_secs(1);
/// So many heights may be executed and not published.
pub(crate) const AHEAD_MAX: u64 = 32;

/// One held answer.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    /// When the block before was executed.
    executed: Instant,
    heartbeat: Duration,
    /// The block before was empty and this node takes part: it may rest.
    rests: bool,
    /// A peer is there already.
    called: bool,
}

/// What to do with a held answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Begin the next height.
    Begin,
    /// Ask again at this time, or earlier if something happens.
    AskAgain(Instant),
}

impl Hold {
    /// Begins to hold, after a block that was executed at this time.
    pub fn new(executed: Instant, heartbeat: Duration, rests: bool) -> Self {
        Self {
            executed,
            heartbeat: heartbeat.max(FLOOR),
            rests,
            called: false,
        }
    }

    /// A peer begins, or has decided, the next height.
    pub fn call(&mut self) {
        self.called = true;
    }

    /// Whether whoever ends it has others to wake.
    pub fn rests(&self) -> bool {
        self.rests
    }

    /// What to do now, given whether the own pool holds a statement and how many heights are
    /// executed and not published.
    pub fn at(&self, now: Instant, has_work: bool, ahead: u64) -> Verdict {
        if ahead >= AHEAD_MAX {
            return Verdict::AskAgain(now + self.heartbeat);
        }
        if !self.rests || has_work {
            return Verdict::Begin;
        }
        let due = self.executed + if self.called { FLOOR } else { self.heartbeat };
        if now >= due {
            Verdict::Begin
        } else {
            Verdict::AskAgain(due)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARTBEAT: Duration = Duration::from_secs(10);

    struct Row {
        empty: bool,
        called: bool,
        has_work: bool,
        ahead: u64,
    }

    const IDLE: Row = Row {
        empty: true,
        called: false,
        has_work: false,
        ahead: 2,
    };

    /// After so many milliseconds, the next height begins (`None`) or is asked about at a time.
    #[track_caller]
    fn check(row: &Row, after_ms: u64, asked_again_at_ms: Option<u64>) {
        let executed = Instant::now();
        let mut hold = Hold::new(executed, HEARTBEAT, row.empty);
        if row.called {
            hold.call();
        }
        let expected = match asked_again_at_ms {
            None => Verdict::Begin,
            Some(at) => Verdict::AskAgain(executed + Duration::from_millis(at)),
        };
        let now = executed + Duration::from_millis(after_ms);
        assert_eq!(
            hold.at(now, row.has_work, row.ahead),
            expected,
            "after {after_ms} ms"
        );
    }

    #[test]
    fn an_idle_network_rests_for_a_heartbeat() {
        check(&IDLE, 0, Some(10_000));
        check(&IDLE, 9_999, Some(10_000));
        check(&IDLE, 10_000, None);
    }

    #[test]
    fn own_work_begins_at_once() {
        check(
            &Row {
                has_work: true,
                ..IDLE
            },
            0,
            None,
        );
    }

    #[test]
    fn a_block_with_statements_is_followed_at_once() {
        check(
            &Row {
                empty: false,
                ..IDLE
            },
            0,
            None,
        );
    }

    #[test]
    fn a_call_of_a_peer_is_heard_after_a_second() {
        let called = Row {
            called: true,
            ..IDLE
        };
        check(&called, 0, Some(1_000));
        check(&called, 999, Some(1_000));
        check(&called, 1_000, None);
        check(
            &Row {
                called: true,
                has_work: true,
                ..IDLE
            },
            0,
            None,
        );
    }

    #[test]
    fn nothing_begins_while_publication_lags() {
        for empty in [true, false] {
            let lags = Row {
                empty,
                called: true,
                has_work: true,
                ahead: 32,
            };
            check(&lags, 0, Some(10_000));
            check(&lags, 60_000, Some(70_000));
            check(&Row { ahead: 31, ..lags }, 60_000, None);
        }
    }

    #[test]
    fn a_heartbeat_is_never_shorter_than_the_floor() {
        let executed = Instant::now();
        let hold = Hold::new(executed, Duration::from_millis(10), true);
        let after = |ms| executed + Duration::from_millis(ms);
        assert_eq!(
            hold.at(after(500), false, 0),
            Verdict::AskAgain(after(1_000))
        );
        assert_eq!(hold.at(after(1_000), false, 0), Verdict::Begin);
    }
}
