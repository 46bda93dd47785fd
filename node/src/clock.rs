//! Where a node reads the time: one place, so that a simulated node has a clock of its own.

use hefu_types::Millis;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock. A clone is the same clock.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// That of the machine.
    #[default]
    System,
    /// One that somebody else moves: that of a node in a simulation.
    ByHand(Arc<AtomicU64>),
}

impl Clock {
    /// One that stands at a time until it is [set](Self::set).
    pub fn by_hand(time: Millis) -> Self {
        Self::ByHand(Arc::new(AtomicU64::new(time.0)))
    }

    /// What it says.
    pub fn now(&self) -> Millis {
        match self {
            Self::System => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
            Self::ByHand(time) => Millis(time.load(Ordering::Relaxed)),
        }
    }

    /// Moves it, forwards or back. Nobody moves the machine's.
    pub fn set(&self, time: Millis) {
        if let Self::ByHand(of_hand) = self {
            of_hand.store(time.0, Ordering::Relaxed);
        }
    }
}
