//! `hefu range report`: for an auditor, that every allocated number is issued, void, a branch's or open,
//! and which open ones are gaps; with one proof under one quorum, to be checked again without a network.

use super::tell::{range_json, state, written};
use super::{sample, Of};
use crate::cli::{RangeReport, Shared, Which};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::{network_file, Nodes};
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_proof::certificate::{StatusCertificate, VerifiedState, CERTIFICATE_BYTES_MAX};
use hefu_types::numbering::{count, NumberRange, NumberSpan, NumberingLeaf, RangeState};
use hefu_types::Millis;
use serde_json::{json, Value};

/// `hefu range report`.
pub(super) fn run(shared: &Shared, args: &RangeReport) -> Result<Report, Failure> {
    let lang = shared.lang();
    if let Some(path) = &args.offline {
        let (_, network) = network_file(&args.network.network)?;
        let bytes = disk::read(path, CERTIFICATE_BYTES_MAX)?;
        let state = StatusCertificate::decode(&bytes)
            .and_then(|certificate| certificate.verify(&network))
            .map_err(|error| Failure::bad_file(path, error))?;
        let of = Of::new(&network, &args.numbering, String::new())?;
        let leaf = of
            .leaf(&state)
            .map_err(|why| Failure::bad_file(path, why))?;
        return Ok(Audit::new(&of, args, &state, leaf)?.report(None, lang));
    }
    let nodes = shared.nodes(&args.network.network)?;
    let of = Of::new(nodes.network(), &args.numbering, String::new())?;
    let fetched = of.fetch(&nodes, 0)?;
    let leaf = of.leaf(&fetched.state);
    let leaf = leaf.map_err(|why| Failure::Unreachable { tried: vec![why] })?;
    if let Some(path) = &args.save {
        disk::write(path, &fetched.certificate.encode())?;
    }
    let audit = Audit::new(&of, args, &fetched.state, leaf)?;
    let sampled = args
        .sample
        .map(|each| audit.sample(&nodes, each))
        .transpose()?;
    let report = audit.report(sampled.as_ref(), lang);
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// What an auditor looks at.
struct Audit<'a> {
    of: &'a Of<'a>,
    args: &'a RangeReport,
    /// The ranges that are looked at, with their places.
    ranges: Vec<(usize, NumberRange)>,
    /// The time of the proof, its height and the block time there.
    as_of: Millis,
    height: u64,
    block_time: Millis,
}

impl<'a> Audit<'a> {
    fn new(
        of: &'a Of<'a>,
        args: &'a RangeReport,
        state: &VerifiedState,
        leaf: Option<NumberingLeaf>,
    ) -> Result<Self, Failure> {
        let all = leaf.map_or(Vec::new(), |leaf| leaf.ranges);
        let of_type = |range: &NumberRange| range.document_type == of.rules.id;
        let ranges: Vec<(usize, NumberRange)> = (all.into_iter().enumerate())
            .filter(|(place, range)| match args.range {
                // What was never allocated has no numbers to account for.
                Which::All => {
                    of_type(range) && range.state != RangeState::Requested && !range.is_void()
                }
                Which::One(wanted) => of_type(range) && *place == wanted as usize,
            })
            .collect();
        if let (Which::One(wanted), []) = (args.range, ranges.as_slice()) {
            return Err(Failure::asked(
                format!("this numbering has no range {wanted} of the type: see `hefu range list`"),
                format!("该号码序列没有此类型的号段 {wanted}：请用 hefu range list 查看"),
            ));
        }
        let checkpoint = state.checkpoint();
        Ok(Self {
            of,
            args,
            ranges,
            as_of: Millis(checkpoint.quorum_seconds().saturating_mul(1000)),
            height: checkpoint.checkpoint().height,
            block_time: checkpoint.checkpoint().time,
        })
    }

    fn sample(&self, nodes: &Nodes, each: u32) -> Result<sample::Sampled, Failure> {
        let looked_up = sample::Sample {
            nodes,
            of: self.of,
            height: self.height,
            block_time: self.block_time,
        };
        looked_up.take(&self.ranges, each)
    }

    fn exit(&self, sampled: Option<&sample::Sampled>) -> Exit {
        if self.ranges.is_empty() {
            return Exit::CouldNotTell;
        }
        let exit = (self.ranges.iter()).fold(Exit::Yes, |exit, (_, range)| {
            let own = match (adds_up(range), range.gaps().is_empty()) {
                (true, true) => Exit::Yes,
                _ => Exit::No,
            };
            exit.and(own)
        });
        sampled.map_or(exit, |sampled| exit.and(sampled.exit()))
    }

    fn report(&self, sampled: Option<&sample::Sampled>, lang: Lang) -> Report {
        let ranges = self.ranges.iter().map(|(place, range)| {
            let mut json = range_json(*place, range, self.as_of);
            if let Value::Object(object) = &mut json {
                object.insert("adds_up".to_owned(), json!(adds_up(range)));
            }
            json
        });
        let gaps: u64 = self
            .ranges
            .iter()
            .map(|(_, range)| count(&range.gaps()))
            .sum();
        Report {
            exit: self.exit(sampled),
            json: json!({
                "command": "range-report",
                "key": self.of.key,
                "numbering": self.of.numbering,
                "ranges": ranges.collect::<Vec<_>>(),
                "gaps": gaps,
                "sample": sampled.map(|sampled| sampled.json(lang)),
                "as_of": self.as_of.to_string(),
                "height": self.height,
                "offline": self.args.offline,
                "saved": self.args.save,
            }),
            text: self.text(gaps, sampled, lang),
        }
    }

    fn text(&self, gaps: u64, sampled: Option<&sample::Sampled>, lang: Lang) -> String {
        let mut text = String::new();
        for (place, range) in &self.ranges {
            text.push_str(&self.range_text(*place, range, lang));
        }
        if let Some(sampled) = sampled {
            text.push_str(&sampled.text(lang));
        }
        text.push_str(&match (self.ranges.len(), gaps, lang) {
            (0, _, Lang::En) => "no allocated range of this numbering and type\n".to_owned(),
            (0, _, Lang::Zh) => "该号码序列没有此类型的已分配号段\n".to_owned(),
            (_, 0, Lang::En) => "no gap\n".to_owned(),
            (_, 0, Lang::Zh) => "无断号\n".to_owned(),
            (_, _, Lang::En) => format!(
                "gaps: {gaps} numbers below the highest that is issued are neither issued nor void\n"
            ),
            (_, _, Lang::Zh) => format!("断号：有 {gaps} 个号码小于已开具的最大号码，既未开具也未作废\n"),
        });
        let (as_of, height) = (self.as_of, self.height);
        text.push_str(&match lang {
            Lang::En => format!("  proven by a quorum as of {as_of}, height {height}\n"),
            Lang::Zh => format!("  由法定多数节点证明，截至 {as_of}，高度 {height}\n"),
        });
        if let Some(path) = &self.args.save {
            let word = lang.pick("certificate", "证明");
            text.push_str(&format!("  {word} {}\n", shown(&path.to_string_lossy())));
        }
        text
    }

    fn range_text(&self, place: usize, range: &NumberRange, lang: Lang) -> String {
        let holder = shown(&range.holder);
        let (all, state) = (written(range, range.span()), state(range, self.as_of, lang));
        let mut text = match lang {
            Lang::En => format!("range {place}: {all}, {holder}, {state}\n"),
            Lang::Zh => format!("号段 {place}：{all}，{holder}，{state}\n"),
        };
        let spans = |spans: &[NumberSpan]| -> String {
            let spans = spans.iter().map(|span| written(range, *span));
            spans.collect::<Vec<_>>().join(", ")
        };
        let row = |en: &str, zh: &str, of: &[NumberSpan]| {
            vec![
                lang.pick(en, zh).to_owned(),
                count(of).to_string(),
                spans(of),
            ]
        };
        text.push_str(&table(&[
            row("numbers", "号码", &[range.span()]),
            row("issued", "已开具", &range.issued),
            row("void", "已作废", &range.voided),
            row("branches", "已下发分支", &range.delegated),
            row("open", "未用", &range.open()),
            row("of them gaps", "其中断号", &range.gaps()),
        ]));
        if !adds_up(range) {
            text.push_str(lang.pick(
                "  these do not add up: a number is counted twice or outside of the range\n",
                "  以上数目不符：有号码被重复计入或超出号段\n",
            ));
        }
        text
    }
}

/// Whether each number of the range is in one list and one only: an auditor does not take the ledger's
/// word for it.
fn adds_up(range: &NumberRange) -> bool {
    let open = range.open();
    let mut all: Vec<NumberSpan> = [&range.issued, &range.voided, &range.delegated, &open]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    all.sort_unstable();
    let mut next = Some(range.first);
    for span in &all {
        if next != Some(span.first) || span.last < span.first {
            return false;
        }
        next = span.last.checked_add(1);
    }
    next == range.last.checked_add(1)
}
