//! How much of this node's time a source may waste.
//!
//! A statement that enters the pool pays for itself: it is signed by a key of the ledger, and the pool
//! bounds what each signer has in it. Everything else (what is forged, cannot be read, is expired, or
//! was here before) costs the same checking and brings nothing, so the time that it took is charged to
//! who sent it: an address for HTTP, a validator for the swarm. Whoever owes too much is not
//! listened to until that is paid off by the time that passes. A source can thus keep this node busy for [`SHARE`] of one
//! core and no longer, however fast it sends; others do not notice.
//!
//! What is charged is time as the clock tells it, so a node under load charges more. It errs for the
//! network.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who owes this much is not listened to.
const DEBT_MAX: Duration = Duration::from_secs(1);
/// One part in so many of the time that passes is taken off a debt.
const SHARE: u32 = 20;
/// The most sources that are remembered. Beyond, those that owe least are forgotten.
const SOURCES_MAX: usize = 4_096;

/// The accounts of all sources of one kind.
#[derive(Debug)]
pub struct Quota<S> {
    accounts: Mutex<HashMap<S, Account>>,
}

/// What a source owed at a time. It may be more than [`DEBT_MAX`]: the last check before that is paid
/// for as well.
#[derive(Clone, Copy, Debug)]
struct Account {
    owed: Duration,
    at: Instant,
}

impl Account {
    fn owed(self, now: Instant) -> Duration {
        let paid = now.saturating_duration_since(self.at) / SHARE;
        self.owed.saturating_sub(paid)
    }
}

impl<S> Default for Quota<S> {
    fn default() -> Self {
        Self {
            accounts: Mutex::default(),
        }
    }
}

impl<S: Eq + Hash + Copy> Quota<S> {
    /// Whether the source owes too much to be listened to.
    pub fn is_spent(&self, source: &S) -> bool {
        self.is_spent_at(source, Instant::now())
    }

    /// The source has wasted so much time.
    pub fn charge(&self, source: S, wasted: Duration) {
        self.charge_at(source, wasted, Instant::now());
    }

    fn is_spent_at(&self, source: &S, now: Instant) -> bool {
        let account = self.accounts().get(source).copied();
        account.is_some_and(|account| account.owed(now) >= DEBT_MAX)
    }

    fn charge_at(&self, source: S, wasted: Duration, now: Instant) {
        let mut accounts = self.accounts();
        if accounts.len() >= SOURCES_MAX && !accounts.contains_key(&source) {
            forget(&mut accounts, now);
        }
        let before = accounts.get(&source).map(|account| account.owed(now));
        let owed = before.unwrap_or_default() + wasted;
        accounts.insert(source, Account { owed, at: now });
    }

    /// No code panics while it holds the accounts.
    fn accounts(&self) -> MutexGuard<'_, HashMap<S, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the half that owes least.
fn forget<S>(accounts: &mut HashMap<S, Account>, now: Instant) {
    let mut debts: Vec<Duration> = accounts.values().map(|account| account.owed(now)).collect();
    debts.sort_unstable();
    let middle = debts[debts.len() / 2];
    accounts.retain(|_, account| account.owed(now) > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn who_wastes_time_is_not_listened_to_until_the_debt_is_paid() {
        let quota = Quota::default();
        let start = Instant::now();
        assert!(!quota.is_spent_at(&1, start), "never heard of");
        for _ in 0..999 {
            quota.charge_at(1, MS, start);
        }
        assert!(!quota.is_spent_at(&1, start));
        quota.charge_at(1, 5 * MS, start);
        assert!(quota.is_spent_at(&1, start));
        assert!(!quota.is_spent_at(&2, start), "others are not concerned");
        assert!(quota.is_spent_at(&1, start + 80 * MS), "four are paid");
        assert!(!quota.is_spent_at(&1, start + 81 * MS));
    }

    #[test]
    fn however_fast_a_source_sends_it_takes_a_twentieth_of_the_time() {
        let quota = Quota::default();
        let start = Instant::now();
        let tries = 60_000;
        let mut wasted = Duration::ZERO;
        for at in (0..tries).map(|ms| start + ms * MS) {
            if !quota.is_spent_at(&1, at) {
                quota.charge_at(1, 3 * MS, at);
                wasted += 3 * MS;
            }
        }
        let share = tries * MS / SHARE;
        assert!(wasted <= DEBT_MAX + share + 3 * MS, "{wasted:?}");
        assert!(
            wasted >= DEBT_MAX + share - 60 * MS,
            "and no less: {wasted:?}"
        );
    }

    #[test]
    fn few_sources_are_remembered_and_those_that_owe_most_last() {
        let quota = Quota::default();
        let start = Instant::now();
        quota.charge_at(u32::MAX, DEBT_MAX, start);
        for source in 0..3 * SOURCES_MAX as u32 {
            quota.charge_at(source, MS, start);
            assert!(quota.accounts().len() <= SOURCES_MAX);
        }
        assert!(quota.is_spent_at(&u32::MAX, start));
    }
}
