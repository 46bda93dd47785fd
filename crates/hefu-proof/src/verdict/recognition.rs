//! Recognition: whether a region accepts what another one issued, by which rule, on which conditions.
//!
//! The rule and the office are proven; a condition holds by facts that are proven. What is sealed and
//! not shown is told as a question to ask, never guessed.

use super::{dimension, facts::names, Answer, Detail, Dimension, Question, Said};
use crate::certificate::VerifiedState;
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, Condition, RecognitionLeaf, RecognitionRule};
use hefu_types::record::PublicPart;
use hefu_types::{Code, Suite};

const NAME: &str = "recognition";

/// `licence` is the document, or that which a lending copy was made of.
pub(super) fn recognition(
    suite: Suite,
    state: &VerifiedState,
    licence: Option<&PublicPart>,
    region: &str,
    question: &Question<'_>,
) -> Dimension {
    let Some(licence) = licence else {
        let said = Said::new(
            "a copy is recognised as its licence is, and the licence is not proven here; ask online",
            "加注件的互认以原许可为准，而此处未包含原许可的证明，请联网核验",
        );
        return dimension(NAME, Answer::CouldNotTell, None, said);
    };
    let of = &licence.region;
    let kind = &licence.document_type;
    let kind_zh = question.rules.map_or(kind, |rules| &rules.name_zh);
    if region == *of {
        let said = Said::new(
            format!("issued in {region} itself: no rule is needed"),
            format!("由 {region} 本地签发，无需互认"),
        );
        return dimension(NAME, Answer::Yes, None, said);
    }
    let office = office(suite, state, licence);
    let at = key::recognition(suite, region, &licence.document_type, of);
    let Ok(leaf) = state.leaf::<RecognitionLeaf>(&at, "the rule of recognition") else {
        let said = Said::new(
            format!("the rules of {region} are not proven here; ask online or with a catalogue"),
            format!("此处未包含{region}的互认规则证明，请联网或使用目录核验"),
        );
        return dimension(NAME, Answer::CouldNotTell, None, said).with(office);
    };
    let now = question.now;
    let none = |en: &str, zh: &str| {
        let said = Said::new(
            format!("no rule of {region} for {kind} of {of}{en}; ask the issuing office"),
            format!("{region}没有关于{of}签发的{kind_zh}的互认规则{zh}，请咨询签发机关"),
        );
        dimension(NAME, Answer::CouldNotTell, None, said).with(office.clone())
    };
    let Some(RecognitionLeaf { rule, .. }) = leaf else {
        return none("", "");
    };
    if rule.from > now {
        let from = rule.from;
        return none(
            &format!(" is in force yet, the next begins at {from}"),
            &format!("生效（下一规则自 {from} 起）"),
        );
    }
    if let Some(until) = rule.until.filter(|until| *until <= now) {
        return none(
            &format!(" is in force any more, the last ended at {until}"),
            &format!("继续有效（原规则已于 {until} 终止）"),
        );
    }
    let details = |conditions: Vec<Detail>| {
        let mut details = wording(&rule);
        details.extend(conditions);
        details.extend(office.clone());
        details
    };
    let citation = &rule.citation;
    if !rule.recognised {
        let said = Said::new(
            format!("{region} does not recognise {kind} of {of}: {citation}"),
            format!("{region}不认可{of}签发的{kind_zh}：{citation}"),
        );
        let code = Some(Code::NotRecognised);
        return dimension(NAME, Answer::No, code, said).with(details(Vec::new()));
    }
    let judged = |condition: &Condition| judged(condition, licence, question);
    let conditions: Vec<Detail> = rule.conditions.iter().map(judged).collect();
    let has = |answer| conditions.iter().any(|one| one.answer == Some(answer));
    let (answer, code, en, zh) = if has(Answer::No) {
        let code = Some(Code::ConditionNotMet);
        (
            Answer::No,
            code,
            " on conditions, and one of them does not hold",
            "，但附有条件，其中有条件不满足",
        )
    } else if has(Answer::CouldNotTell) {
        (
            Answer::CouldNotTell,
            None,
            " on conditions, and whether all of them hold is not shown",
            "，但附有条件，且未全部证明满足",
        )
    } else if conditions.is_empty() {
        (Answer::Yes, None, "", "")
    } else {
        let (en, zh) = (" on conditions, which all hold", "，所附条件均满足");
        (Answer::Yes, None, en, zh)
    };
    let said = Said::new(
        format!("{region} recognises {kind} of {of}{en}: {citation}"),
        format!("{region}认可{of}签发的{kind_zh}{zh}：{citation}"),
    );
    dimension(NAME, answer, code, said).with(details(conditions))
}

/// The rule as a clerk reads it, and from when until when it holds.
fn wording(rule: &RecognitionRule) -> Vec<Detail> {
    let mut details = Vec::new();
    if !rule.text.is_empty() {
        let text = rule.text.replace(char::is_control, " ");
        details.push(Detail::told(Said::new(
            format!("the rule: {text}"),
            format!("规则原文：{text}"),
        )));
    }
    let from = rule.from;
    details.push(Detail::told(match rule.until {
        Some(until) => Said::new(
            format!("the rule holds from {from} until {until}"),
            format!("规则有效期：{from} 至 {until}"),
        ),
        None => Said::new(
            format!("the rule holds since {from}"),
            format!("规则自 {from} 起有效"),
        ),
    }));
    details
}

/// Whom to ask.
fn office(suite: Suite, state: &VerifiedState, licence: &PublicPart) -> Vec<Detail> {
    let at = key::agency(suite, &licence.agency);
    let agency = state.leaf::<AgencyLeaf>(&at, "the agency").ok().flatten();
    let told = agency.map(|agency| {
        let (name, contact) = (agency.name, agency.contact);
        Detail::told(Said::new(
            format!("the issuing office: {name}, {contact}"),
            format!("签发机关：{name}，{contact}"),
        ))
    });
    told.into_iter().collect()
}

/// Whether a condition holds.
fn judged(condition: &Condition, licence: &PublicPart, question: &Question<'_>) -> Detail {
    match condition {
        Condition::Fact { name, any_of } => {
            let (en, zh) = names(question.rules, name);
            let wanted = any_of.join(" / ");
            let facts = licence.open_facts.iter().chain(question.shown);
            let mut of_name = facts.filter(|fact| fact.name == *name);
            let Some(fact) = of_name.next() else {
                let said = Said::new(
                    format!(
                        "{en} must be {wanted}: it is not shown; ask for a receipt that opens {name}, \
                         or for the registered file itself"
                    ),
                    format!("{zh}须为 {wanted}：未予出示，请索取公开{zh}的回执或已登记的原件"),
                );
                return Detail::answered(Answer::CouldNotTell, said);
            };
            let value = &fact.value;
            let (answer, word, word_zh) = match any_of.contains(value) {
                true => (Answer::Yes, "it is", "实为"),
                false => (Answer::No, "but it is", "但实为"),
            };
            let said = Said::new(
                format!("{en} must be {wanted}: {word} {value}"),
                format!("{zh}须为 {wanted}：{word_zh} {value}"),
            );
            Detail::answered(answer, said)
        }
        Condition::RegisteredFrom(time) => {
            let at = licence.registration.block_time;
            let (answer, word, word_zh) = match at >= *time {
                true => (Answer::Yes, "it was at", "登记于"),
                false => (Answer::No, "but it was at", "但登记于"),
            };
            let said = Said::new(
                format!("it must be registered at or after {time}: {word} {at}"),
                format!("须于 {time} 或之后登记：{word_zh} {at}"),
            );
            Detail::answered(answer, said)
        }
    }
}
