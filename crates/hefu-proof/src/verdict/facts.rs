//! The open facts of a document next to what the file says, so that a clerk sees at a glance whether
//! they agree: whose it is, of which grade, for what, from when until when.

use super::{dimension, first_day, last_day, Answer, Detail, Dimension, Question, Said};
use hefu_types::leaf::TypeRules;
use hefu_types::record::PublicPart;
use hefu_types::time::Day;
use hefu_types::Code;

/// One fact as it is registered, and as the file says it.
struct Line<'a> {
    name: (String, String),
    registered: String,
    here: Option<&'a str>,
    /// A date of the record, which the agency may have set otherwise than the file that it registered.
    is_date: bool,
}

/// `record` is that of the file, `licence` the same or, of a lending copy, that of its licence. Nothing
/// where the record has no open facts and its dates are those of the file.
pub(super) fn facts(
    record: &PublicPart,
    licence: &PublicPart,
    question: &Question<'_>,
) -> Option<Dimension> {
    const NAME: &str = "facts";
    let lines = lines(licence, question);
    let contradicts = |line: &&Line<'_>| line.differs() && !(line.is_date && question.attested);
    let differing: Vec<&Line<'_>> = lines.iter().filter(contradicts).collect();
    let is_bare = licence.open_facts.is_empty() && record.copy.is_none();
    if is_bare && !lines.iter().any(Line::differs) {
        return None;
    }
    let detail = |line: &Line<'_>| line.detail(question.attested);
    let details = || lines.iter().map(detail).collect::<Vec<_>>();
    if !differing.is_empty() {
        let names = |of: fn(&Line<'_>) -> String, by: &str| {
            differing
                .iter()
                .map(|line| of(line))
                .collect::<Vec<_>>()
                .join(by)
        };
        let said = Said::new(
            format!(
                "the file says other things than are registered: {}; do not rely on it",
                names(|line| line.name.0.clone(), ", ")
            ),
            format!(
                "文件内容与登记不符：{}，请勿采信",
                names(|line| line.name.1.clone(), "、")
            ),
        );
        let code = Some(Code::FactsDiffer);
        return Some(dimension(NAME, Answer::No, code, said).with(details()));
    }
    let is_compared = lines.iter().any(|line| line.here.is_some());
    let by_holder = record.copy.is_some() && !question.attested;
    let sealed = sealed(licence, question);
    let (answer, said) = if by_holder && (!is_compared || !sealed.is_empty()) {
        // The agency never saw this file: only what the licence's record says is the agency's word.
        let (en, zh) = match sealed.as_slice() {
            [] => (String::new(), String::new()),
            names => (
                format!(" ({} not shown)", names.join(", ")),
                format!("（未证明：{}）", names.join("、")),
            ),
        };
        let said = Said::new(
            format!(
                "its holder made this copy, and what it says is not all shown to be the licence's{en}; \
                 ask its issuing office for a copy, or for the licence"
            ),
            format!("该加注件由持有者自行制作，其内容未全部证明与原许可一致{zh}；请向签发机关索取"),
        );
        (Answer::CouldNotTell, said)
    } else if is_compared {
        let said = Said::new(
            "the registered facts; what the file says agrees with them",
            "登记的事实如下，文件所载与之一致",
        );
        (Answer::Yes, said)
    } else {
        let said = Said::new(
            "the registered facts; the file's own words could not be read, so compare them by eye",
            "登记的事实如下；未能读取文件内容，请对照文件",
        );
        (Answer::Yes, said)
    };
    Some(dimension(NAME, answer, None, said).with(details()))
}

impl Line<'_> {
    fn differs(&self) -> bool {
        self.here.is_some_and(|here| here != self.registered)
    }

    fn detail(&self, attested: bool) -> Detail {
        let (en, zh) = (&self.name.0, &self.name.1);
        let registered = &self.registered;
        match self.here {
            Some(here) if here == registered => Detail::answered(
                Answer::Yes,
                Said::new(
                    format!("{en}: {registered} (the file says the same)"),
                    format!("{zh}：{registered}（与文件一致）"),
                ),
            ),
            Some(here) if self.is_date && attested => Detail::told(Said::new(
                format!(
                    "{en}: {registered} counts, as its agency registered it; the file says {here}"
                ),
                format!("{zh}：以登记的 {registered} 为准，文件为 {here}"),
            )),
            Some(here) => Detail::answered(
                Answer::No,
                Said::new(
                    format!("{en}: {registered} is registered, but the file says {here}"),
                    format!("{zh}：登记为 {registered}，而文件为 {here}"),
                ),
            ),
            None => Detail::told(Said::new(
                format!("{en}: {registered} (not read out of the file)"),
                format!("{zh}：{registered}（未从文件读出）"),
            )),
        }
    }
}

fn lines<'a>(licence: &PublicPart, question: &Question<'a>) -> Vec<Line<'a>> {
    let stated = |name: &str| {
        let mut facts = question.stated.iter();
        let found = facts.find(|(stated, _)| stated == name);
        found.map(|(_, value)| value.as_str())
    };
    let mut lines: Vec<Line<'_>> = (licence.open_facts.iter())
        .map(|fact| Line {
            name: names(question.rules, &fact.name),
            registered: fact.value.clone(),
            here: stated(&fact.name),
            is_date: false,
        })
        .collect();
    // Of what the agency did not see itself, sealed facts are compared as far as they are shown.
    let is_open = |name: &str| licence.open_facts.iter().any(|fact| fact.name == name);
    let shown = question.shown.iter().filter(|_| !question.attested);
    let is_told = |name: &str| is_open(name) || is_date(licence, question, name);
    for fact in shown.filter(|fact| !is_told(&fact.name)) {
        if let Some(here) = stated(&fact.name) {
            lines.push(Line {
                name: names(question.rules, &fact.name),
                registered: fact.value.clone(),
                here: Some(here),
                is_date: false,
            });
        }
    }
    let zone = question.zone_minutes;
    // Only what reads as a day is compared with one.
    let day = |name: &str| stated(name).filter(|text| text.parse::<Day>().is_ok());
    if let Some(from) = licence.valid_from {
        lines.push(Line {
            name: ("first day".to_owned(), "有效期自".to_owned()),
            registered: first_day(from, zone),
            here: day("valid-from"),
            is_date: true,
        });
    }
    if let Some(before) = licence.valid_before {
        lines.push(Line {
            name: ("last day".to_owned(), "有效期至".to_owned()),
            registered: last_day(before, zone),
            here: day("valid-until"),
            is_date: true,
        });
    }
    lines
}

/// Whether a fact is compared as a day of the record: what the file says reads as one.
fn is_date(licence: &PublicPart, question: &Question<'_>, name: &str) -> bool {
    let date = match name {
        "valid-from" => licence.valid_from,
        "valid-until" => licence.valid_before,
        _ => None,
    };
    let is_day =
        |(stated, value): &(String, String)| stated == name && value.parse::<Day>().is_ok();
    date.is_some() && question.stated.iter().any(is_day)
}

/// Facts of the type's dictionary that the file states and that the record does not open.
fn sealed(licence: &PublicPart, question: &Question<'_>) -> Vec<String> {
    let fields = question.rules.map_or(&[][..], |rules| &rules.facts);
    let open = || licence.open_facts.iter().chain(question.shown);
    let is_open = |name: &str| open().any(|fact| fact.name == name);
    let is_stated = |name: &str| question.stated.iter().any(|(stated, _)| stated == name);
    let names = fields.iter().map(|field| field.name.as_str());
    names
        .filter(|name| is_stated(name) && !is_open(name) && !is_date(licence, question, name))
        .map(str::to_owned)
        .collect()
}

/// A fact in both languages, as the type's dictionary names it.
pub(super) fn names(rules: Option<&TypeRules>, name: &str) -> (String, String) {
    let fields = rules.map_or(&[][..], |rules| &rules.facts);
    match fields.iter().find(|field| field.name == name) {
        Some(field) => (field.name_en.clone(), field.name_zh.clone()),
        None => (name.to_owned(), name.to_owned()),
    }
}
