//! Taking in submissions of anybody: who may submit now, and reading what is sent, within bounds.
//!
//! Memory: of each body so much is held that it is small, and of few bodies more than that. Time: a
//! body that does not arrive in time is given up, and who has wasted too much of this node's time
//! ([`crate::quota`]) is answered late, so that a connection carries one request a second and no more.

use crate::quota::Quota;
use crate::serve::Source;
use axum::body::Body;
use futures::StreamExt;
use hefu_types::statement::STATEMENT_BYTES_MAX;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Up to here a body is small.
const SMALL_BYTES_MAX: usize = 128 * 1024;
/// The most bodies at once that are not.
const LARGE_AT_ONCE: usize = 16;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// How late those are answered who are not listened to.
const LATE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct Intake {
    /// What each address has wasted.
    pub quota: Quota<Source>,
    large: Semaphore,
    body_timeout: Duration,
    late: Duration,
}

/// Why a body was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Longer than a statement may be.
    TooLong,
    /// It ended early, or did not arrive in time.
    Cut,
    /// Too many long ones arrive now.
    Busy,
    /// Too much of what this address sent was in vain.
    Spent,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            quota: Quota::default(),
            large: Semaphore::new(LARGE_AT_ONCE),
            body_timeout: BODY_TIMEOUT,
            late: LATE,
        }
    }
}

impl Intake {
    /// Reads a body, if its source is listened to.
    pub async fn read(&self, source: Source, body: Body) -> Result<Vec<u8>, NotTaken> {
        if self.quota.is_spent(&source) {
            tokio::time::sleep(self.late).await;
            return Err(NotTaken::Spent);
        }
        let read = tokio::time::timeout(self.body_timeout, self.read_all(body));
        read.await.unwrap_or(Err(NotTaken::Cut))
    }

    async fn read_all(&self, body: Body) -> Result<Vec<u8>, NotTaken> {
        let mut frames = body.into_data_stream();
        let mut bytes = Vec::new();
        let mut large = None;
        while let Some(frame) = frames.next().await {
            let frame = frame.map_err(|_| NotTaken::Cut)?;
            let length = bytes.len() + frame.len();
            if length > STATEMENT_BYTES_MAX {
                return Err(NotTaken::TooLong);
            }
            if length > SMALL_BYTES_MAX && large.is_none() {
                large = Some(self.large.try_acquire().map_err(|_| NotTaken::Busy)?);
            }
            bytes.extend_from_slice(&frame);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use std::convert::Infallible;

    const SOURCE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// A body of so many bytes that then never ends.
    fn unfinished(length: usize) -> Body {
        let frame = Ok::<_, Infallible>(vec![0; length]);
        Body::from_stream(stream::iter([frame]).chain(stream::pending()))
    }

    #[tokio::test]
    async fn few_large_bodies_are_read_at_once_and_small_ones_always() {
        let intake = Intake::default();
        let source = Source::of(SOURCE);
        let whole = |length: usize| Body::from(vec![0; length]);
        let read = intake.read(source, whole(STATEMENT_BYTES_MAX)).await;
        assert_eq!(read.expect("as long as may be").len(), STATEMENT_BYTES_MAX);
        let read = intake.read(source, whole(STATEMENT_BYTES_MAX + 1)).await;
        assert_eq!(read, Err(NotTaken::TooLong));
        let mut held = Vec::new();
        for _ in 0..LARGE_AT_ONCE {
            let mut reading = Box::pin(intake.read(source, unfinished(SMALL_BYTES_MAX + 1)));
            assert!(futures::poll!(&mut reading).is_pending());
            held.push(reading);
        }
        let large = || intake.read(source, whole(SMALL_BYTES_MAX + 1));
        assert_eq!(large().await, Err(NotTaken::Busy));
        let small = intake.read(source, whole(SMALL_BYTES_MAX)).await;
        assert_eq!(small.expect("small").len(), SMALL_BYTES_MAX);
        drop(held);
        assert!(large().await.is_ok());
    }

    /// One that does not let the test wait.
    fn hasty() -> Intake {
        Intake {
            body_timeout: Duration::from_millis(50),
            late: Duration::from_millis(50),
            ..Intake::default()
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_is_given_up() {
        let intake = hasty();
        let read = intake.read(Source::of(SOURCE), unfinished(10)).await;
        assert_eq!(read, Err(NotTaken::Cut));
    }

    #[tokio::test]
    async fn who_is_spent_is_answered_late() {
        let intake = hasty();
        intake
            .quota
            .charge(Source::of(SOURCE), Duration::from_secs(3_600));
        let begun = tokio::time::Instant::now();
        let read = intake.read(Source::of(SOURCE), Body::empty()).await;
        assert_eq!(read, Err(NotTaken::Spent));
        assert!(begun.elapsed() >= intake.late);
        let other = "192.0.2.1".parse().expect("an address");
        assert_eq!(
            intake.read(Source::of(other), Body::empty()).await,
            Ok(vec![])
        );
    }
}
