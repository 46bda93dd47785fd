//! Ranges of numbers: what was allocated to whom, and which numbers of it are issued or void.
//!
//! All ranges of one legal issuer, class, series and period stand in one leaf, so that it proves by
//! itself that no two overlap, and of every allocated number that it is issued, void or open. Numbers
//! are counted as integers and written with a fixed number of digits; what was issued is a list of
//! spans, which is one span as long as numbers are issued in order.

use crate::bytes::OperationId;
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// The most ranges of a leaf.
pub const RANGES_MAX: usize = 256;
/// The most numbers of a range.
pub const RANGE_NUMBERS_MAX: u64 = 10_000_000;
/// The most numbers that one operation declares void.
pub const VOID_NUMBERS_MAX: u64 = 10_000;
/// The most spans of a range: who issues far out of order asks for sub-ranges.
pub const SPANS_MAX: usize = 256;
/// The most digits of a number.
pub const DIGITS_MAX: u8 = 18;

/// The ranges of one numbering.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NumberingLeaf {
    /// The profile.
    #[n(0)]
    pub profile: String,
    /// See [`crate::profile::Identity::legal_issuer`].
    #[n(1)]
    pub legal_issuer: String,
    /// See [`crate::profile::Identity::class`].
    #[n(2)]
    pub class: String,
    /// See [`crate::profile::Identity::series`].
    #[n(3)]
    pub series: String,
    /// See [`crate::profile::Identity::period`].
    #[n(4)]
    pub period: String,
    /// The ranges, in the order in which they were asked for; a range keeps its place.
    #[n(5)]
    pub ranges: Vec<NumberRange>,
}

/// A range of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NumberRange {
    /// The first number.
    #[n(0)]
    pub first: u64,
    /// The last, inclusive.
    #[n(1)]
    pub last: u64,
    /// How many digits they are written with.
    #[n(2)]
    pub digits: u8,
    /// The document type.
    #[n(3)]
    pub document_type: String,
    /// The agency that issues them.
    #[n(4)]
    pub holder: String,
    /// Where the range stands.
    #[n(5)]
    pub state: RangeState,
    /// Since this block time.
    #[n(6)]
    pub since: Millis,
    /// Its numbers are issued before this block time; none while it is only asked for.
    #[n(7)]
    pub valid_before: Option<Millis>,
    /// The range out of which it was given, by its place.
    #[n(8)]
    pub parent: Option<u32>,
    /// The numbers that are issued, ascending, apart.
    #[n(9)]
    pub issued: Vec<NumberSpan>,
    /// The numbers that are void, ascending, apart.
    #[n(10)]
    pub voided: Vec<NumberSpan>,
    /// The numbers that were given to branches, ascending, apart.
    #[n(11)]
    pub delegated: Vec<NumberSpan>,
    /// The operation that last changed it otherwise than by issuing a number.
    #[n(12)]
    pub operation: OperationId,
    /// Why it was withdrawn.
    #[n(13)]
    pub reason: Option<String>,
}

/// Where a range stands. That it is exhausted or expired is derived.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum RangeState {
    /// Asked for.
    #[n(0)]
    Requested,
    /// Allocated; not yet in use.
    #[n(1)]
    Allocated,
    /// In use.
    #[n(2)]
    Active,
    /// What was open of it was taken back.
    #[n(3)]
    Withdrawn,
}

/// What a range is at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeNow {
    /// As its state says.
    Stored(RangeState),
    /// No number of it is open.
    Exhausted,
    /// Its time is over.
    Expired,
}

impl RangeNow {
    /// The word in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stored(RangeState::Requested) => "requested",
            Self::Stored(RangeState::Allocated) => "allocated",
            Self::Stored(RangeState::Active) => "active",
            Self::Stored(RangeState::Withdrawn) => "withdrawn",
            Self::Exhausted => "exhausted",
            Self::Expired => "expired",
        }
    }
}

/// Numbers from the first to the last, both included.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct NumberSpan {
    /// The first.
    #[n(0)]
    pub first: u64,
    /// The last.
    #[n(1)]
    pub last: u64,
}

impl NumberSpan {
    /// How many.
    pub const fn count(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    const fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Whether any number of a span is in the list.
pub fn meets(spans: &[NumberSpan], span: NumberSpan) -> bool {
    // The first that does not end before the span begins.
    let at = spans.partition_point(|of| of.last < span.first);
    spans.get(at).is_some_and(|of| of.meets(&span))
}

/// Adds numbers of which none is in the list: the list stays ascending, and what touches is one span.
pub fn insert(spans: &mut Vec<NumberSpan>, span: NumberSpan) {
    let at = spans.partition_point(|of| of.last < span.first);
    let joins_before = at > 0 && spans[at - 1].last.checked_add(1) == Some(span.first);
    let joins_after = spans
        .get(at)
        .is_some_and(|of| span.last.checked_add(1) == Some(of.first));
    match (joins_before, joins_after) {
        (true, true) => {
            spans[at - 1].last = spans[at].last;
            spans.remove(at);
        }
        (true, false) => spans[at - 1].last = span.last,
        (false, true) => spans[at].first = span.first,
        (false, false) => spans.insert(at, span),
    }
}

/// How many numbers the spans hold.
pub fn count(spans: &[NumberSpan]) -> u64 {
    spans
        .iter()
        .map(NumberSpan::count)
        .fold(0, u64::saturating_add)
}

impl NumberRange {
    /// All its numbers.
    pub const fn span(&self) -> NumberSpan {
        NumberSpan {
            first: self.first,
            last: self.last,
        }
    }

    /// The numbers that are neither issued nor void nor given to a branch, ascending.
    pub fn open(&self) -> Vec<NumberSpan> {
        let mut taken: Vec<NumberSpan> = [&self.issued, &self.voided, &self.delegated]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        taken.sort_unstable();
        let mut open = Vec::new();
        let mut next = Some(self.first);
        for span in taken {
            if let Some(first) = next.filter(|first| *first < span.first) {
                open.push(NumberSpan {
                    first,
                    last: span.first - 1,
                });
            }
            next = span.last.checked_add(1);
        }
        if let Some(first) = next.filter(|first| *first <= self.last) {
            open.push(NumberSpan {
                first,
                last: self.last,
            });
        }
        open
    }

    /// The gaps: open numbers below the highest that is issued.
    pub fn gaps(&self) -> Vec<NumberSpan> {
        let Some(highest) = self.issued.last().map(|span| span.last) else {
            return Vec::new();
        };
        let mut open = self.open();
        open.retain(|span| span.first < highest);
        open
    }

    /// What the range is at a time.
    pub fn now(&self, at: Millis) -> RangeNow {
        let used = count(&self.issued)
            .saturating_add(count(&self.voided))
            .saturating_add(count(&self.delegated));
        match self.state {
            RangeState::Withdrawn | RangeState::Requested => RangeNow::Stored(self.state),
            RangeState::Active if used == self.span().count() => RangeNow::Exhausted,
            _ if self.valid_before.is_some_and(|before| before <= at) => RangeNow::Expired,
            _ => RangeNow::Stored(self.state),
        }
    }

    /// Whether it was withdrawn before any of its numbers was used: they are free again.
    pub fn is_void(&self) -> bool {
        self.state == RangeState::Withdrawn
            && [&self.issued, &self.voided, &self.delegated]
                .iter()
                .all(|spans| spans.is_empty())
    }

    /// How one of its numbers is written.
    pub fn written(&self, number: u64) -> String {
        format!("{number:0width$}", width = usize::from(self.digits))
    }
}

/// The value of a number as its ranges count it, and with how many digits it is written; nothing if it
/// is not digits alone.
pub fn value(number: &str) -> Option<(u64, u8)> {
    let digits = u8::try_from(number.len())
        .ok()
        .filter(|digits| *digits <= DIGITS_MAX)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| number.parse().ok())
        .flatten()
        .map(|value| (value, digits))
}

impl NumberingLeaf {
    /// The range that a number is issued from: the innermost that holds it.
    pub fn range_of(&self, number: u64, digits: u8) -> Option<usize> {
        let span = NumberSpan {
            first: number,
            last: number,
        };
        self.ranges.iter().position(|range| {
            range.digits == digits
                && range.state != RangeState::Requested
                && !range.is_void()
                && range.span().meets(&span)
                && !meets(&range.delegated, span)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn range(first: u64, last: u64) -> NumberRange {
        NumberRange {
            first,
            last,
            digits: 8,
            document_type: "fiscal-ebill".to_owned(),
            holder: "unit".to_owned(),
            state: RangeState::Active,
            since: Millis(0),
            valid_before: Some(Millis(10)),
            parent: None,
            issued: Vec::new(),
            voided: Vec::new(),
            delegated: Vec::new(),
            operation: OperationId([0; 32]),
            reason: None,
        }
    }

    #[test]
    fn a_number_is_counted_as_it_is_written() {
        assert_eq!(value("00000012"), Some((12, 8)));
        for bad in ["", "12a", "-1", "+1", " 1", "1234567890123456789", "１"] {
            assert_eq!(value(bad), None, "{bad:?}");
        }
        assert_eq!(range(1, 9).written(7), "00000007");
    }

    #[test]
    fn a_range_is_exhausted_before_it_is_expired() {
        let mut of_three = range(1, 3);
        assert_eq!(of_three.now(Millis(9)).name(), "active");
        assert_eq!(of_three.now(Millis(10)).name(), "expired");
        insert(&mut of_three.issued, NumberSpan { first: 1, last: 2 });
        insert(&mut of_three.voided, NumberSpan { first: 3, last: 3 });
        assert_eq!(of_three.now(Millis(10)).name(), "exhausted");
    }

    proptest! {
        /// Against a set of numbers, one by one.
        #[test]
        fn spans_hold_what_was_inserted(numbers in proptest::collection::vec(0_u64..40, 0..60)) {
            let mut spans = Vec::new();
            let mut set = BTreeSet::new();
            for number in numbers {
                let span = NumberSpan { first: number, last: number };
                prop_assert_eq!(meets(&spans, span), set.contains(&number));
                if set.insert(number) {
                    insert(&mut spans, span);
                }
                prop_assert!(spans.windows(2).all(|pair| pair[0].last + 1 < pair[1].first));
                prop_assert_eq!(count(&spans), set.len() as u64);
            }
            let mut whole = range(0, 39);
            whole.issued = spans;
            let open: Vec<u64> = whole.open().iter().flat_map(|span| span.first..=span.last).collect();
            let expected: Vec<u64> = (0..40).filter(|number| !set.contains(number)).collect();
            prop_assert_eq!(open, expected);
            let gaps: u64 = count(&whole.gaps());
            let below = set.last().map_or(0, |last| (0..*last).filter(|n| !set.contains(n)).count());
            prop_assert_eq!(gaps, below as u64);
        }
    }
}
