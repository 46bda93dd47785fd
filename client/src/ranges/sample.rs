//! A sample of a range against the records: what the ranges call issued is registered, and of what they
//! call a gap there is no registration.

use super::Of;
use crate::failure::Failure;
use crate::lookup::by_key;
use crate::nodes::Nodes;
use crate::say::{Exit, Lang};
use hefu_proof::verdict::Said;
use hefu_types::key;
use hefu_types::numbering::{count, NumberRange, NumberSpan};
use hefu_types::record::{PublicPart, State};
use hefu_types::Millis;
use hefu_wire::path::Beside;
use serde_json::{json, Value};

/// How numbers are looked up.
pub(super) struct Sample<'a> {
    pub nodes: &'a Nodes,
    pub of: &'a Of<'a>,
    /// The height of the proof of the ranges, and the block time there.
    pub height: u64,
    pub block_time: Millis,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    issued: usize,
    gaps: usize,
    told: Vec<Finding>,
}

/// A number that does not simply agree.
#[derive(Debug)]
struct Finding {
    number: String,
    exit: Exit,
    kind: &'static str,
    said: Said,
}

/// Numbers of these spans, evenly chosen: the first and the last are among them.
pub(super) fn chosen(spans: &[NumberSpan], each: u32) -> Vec<u64> {
    let all = count(spans);
    let wanted = u64::from(each).min(all);
    let nth = |mut place: u64| {
        for span in spans {
            if place < span.count() {
                return Some(span.first + place);
            }
            place -= span.count();
        }
        None
    };
    let place = |at: u64| match wanted {
        0 | 1 => 0,
        _ => u64::try_from(u128::from(at) * u128::from(all - 1) / u128::from(wanted - 1))
            .unwrap_or(u64::MAX),
    };
    (0..wanted).filter_map(|at| nth(place(at))).collect()
}

impl Sample<'_> {
    /// Looks so many issued numbers of each range up, and so many gaps.
    pub(super) fn take(
        &self,
        ranges: &[(usize, NumberRange)],
        each: u32,
    ) -> Result<Sampled, Failure> {
        let mut sampled = Sampled::default();
        for (_, range) in ranges {
            for number in chosen(&range.issued, each) {
                sampled.issued += 1;
                let found = self.record(range, number)?;
                sampled.told.extend(self.of_issued(range, number, found));
            }
            for number in chosen(&range.gaps(), each) {
                sampled.gaps += 1;
                let found = self.record(range, number)?;
                sampled.told.extend(self.of_gap(range, number, found));
            }
        }
        Ok(sampled)
    }

    /// The record of a number, and the height at which it was proven; none where its number breaks the
    /// profile, so that it can have no record.
    fn record(&self, range: &NumberRange, number: u64) -> Result<Option<Found>, Failure> {
        let identity = self.of.numbering.identity(range.written(number));
        let Ok(checked) = self.of.profile.check(&identity) else {
            return Ok(None);
        };
        let suite = self.nodes.network().suite();
        let key = key::record(suite, &checked);
        let answered = by_key(self.nodes, &key, Beside::default(), self.height)?;
        Ok(Some(Found {
            height: answered.fetched.state.checkpoint().checkpoint().height,
            record: answered.record,
        }))
    }

    fn of_issued(&self, range: &NumberRange, number: u64, found: Option<Found>) -> Option<Finding> {
        let finding = |exit, kind, said| {
            Some(Finding {
                number: range.written(number),
                exit,
                kind,
                said,
            })
        };
        match found {
            Some(Found {
                record: Some(record),
                ..
            }) if is_registered(&record) => None,
            Some(Found { height, .. }) if height < self.height => {
                finding(Exit::CouldNotTell, "older", older())
            }
            _ => finding(
                Exit::No,
                "issued-without-record",
                Said::new(
                    "the range says issued, and no registration is there",
                    "号段载为已开具，但没有登记记录",
                ),
            ),
        }
    }

    fn of_gap(&self, range: &NumberRange, number: u64, found: Option<Found>) -> Option<Finding> {
        let Found { height, record } = found?;
        let finding = |exit, kind, said| {
            Some(Finding {
                number: range.written(number),
                exit,
                kind,
                said,
            })
        };
        match record {
            // Registered after the proof of the ranges: they would say so now.
            Some(record) if record.registration.block_time > self.block_time => None,
            Some(record) if is_registered(&record) => finding(
                Exit::No,
                "record-in-gap",
                Said::new(
                    "the range says open, and a registration is there",
                    "号段载为未用，但已有登记记录",
                ),
            ),
            Some(_) => finding(
                Exit::Yes,
                "used-in-gap",
                Said::new(
                    "not issued, yet a member recorded its use: ask who issued it",
                    "未开具，但有成员记录了其使用：请查明由谁开具",
                ),
            ),
            None if height < self.height => finding(Exit::CouldNotTell, "older", older()),
            None => None,
        }
    }
}

struct Found {
    height: u64,
    record: Option<PublicPart>,
}

fn is_registered(record: &PublicPart) -> bool {
    record.status.state != State::Unattested
}

fn older() -> Said {
    Said::new(
        "no node told of it at the height of the ranges",
        "没有节点给出与号段同一高度的记录",
    )
}

impl Sampled {
    pub(super) fn exit(&self) -> Exit {
        let exits = self.told.iter().map(|finding| finding.exit);
        exits.fold(Exit::Yes, Exit::and)
    }

    pub(super) fn json(&self, lang: Lang) -> Value {
        let told = self.told.iter().map(|finding| {
            json!({
                "number": finding.number,
                "kind": finding.kind,
                "sentence": lang.of(&finding.said),
                "disagrees": finding.exit == Exit::No,
            })
        });
        json!({
            "issued": self.issued,
            "gaps": self.gaps,
            "told": told.collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        let (issued, gaps) = (self.issued, self.gaps);
        let disagree = self.told.iter().filter(|f| f.exit == Exit::No).count();
        let mut text = match lang {
            Lang::En => format!(
                "looked up: {issued} issued numbers and {gaps} gaps; {disagree} disagree with the ranges\n"
            ),
            Lang::Zh => format!(
                "已抽查 {issued} 个已开具号码和 {gaps} 个断号；与号段不符的有 {disagree} 个\n"
            ),
        };
        for finding in &self.told {
            text.push_str(&format!(
                "  {}: {}\n",
                finding.number,
                lang.of(&finding.said)
            ));
        }
        text
    }
}
