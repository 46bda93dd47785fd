//! Lending copies: made of a licence for one purpose, one matter, one user and some time. A copy is
//! never more than its licence, and is nobody's but its user's.

use super::{dimension, status_of, Answer, Dimension, Question, Said};
use crate::certificate::VerifiedState;
use hefu_types::record::{CopyTerms, PublicPart};
use hefu_types::{Code, Millis, Suite};

/// Who had the copy made, and for what.
pub(super) fn lender(terms: &CopyTerms, agency: &Said, at: Millis) -> Said {
    let (purpose, matter) = (&terms.purpose, &terms.matter);
    match &terms.lent_by {
        None => Said::new(
            format!(
                "lent for {purpose} (matter {matter}) by {} at {at}",
                agency.en
            ),
            format!(
                "由{}于 {at} 出具，用于{purpose}（事项编码 {matter}）",
                agency.zh
            ),
        ),
        Some(member) => Said::new(
            format!(
                "lent for {purpose} (matter {matter}) by its holder, the member {member}, at {at}, \
                 of a licence of {}",
                agency.en
            ),
            format!(
                "由持有者（成员 {member}）于 {at} 出具，用于{purpose}（事项编码 {matter}），\
                 原许可由{}签发",
                agency.zh
            ),
        ),
    }
}

/// Is the licence in force that the copy was made of?
pub(super) fn licence(
    suite: Suite,
    state: &VerifiedState,
    licence: Option<&PublicPart>,
    question: &Question<'_>,
) -> Dimension {
    const NAME: &str = "licence";
    let Some(licence) = licence else {
        let said = Said::new(
            "the licence that this copy was made of is not proven here; ask online",
            "此处未包含原许可的证明，请联网核验",
        );
        return dimension(NAME, Answer::CouldNotTell, None, said);
    };
    if let Some((code, said)) = super::doubt(suite, state, &licence.registration) {
        return dimension(NAME, Answer::CouldNotTell, code, said);
    }
    let status = status_of(suite, state, licence, question);
    let (en, zh, code) = match status.answer {
        Answer::Yes => ("the licence that it was made of is", "原许可", status.code),
        Answer::No => (
            "do not accept the copy: the licence that it was made of is",
            "请勿采信该加注件：原许可",
            Some(Code::OriginalNotInForce),
        ),
        Answer::CouldNotTell => (
            "of the licence that it was made of:",
            "原许可：",
            status.code,
        ),
    };
    let said = Said::new(
        format!("{en} {}", status.said.en),
        format!("{zh}{}", status.said.zh),
    );
    dimension(NAME, status.answer, code, said)
}

/// For whom was the copy made?
pub(super) fn user(terms: &CopyTerms, question: &Question<'_>) -> Dimension {
    const NAME: &str = "user";
    let purpose = &terms.purpose;
    let Some(name) = question.made_for else {
        let said = Said::new(
            "made for one user, and nobody else may rely on it; whom is shown by the copy file that was \
             written with it: give it with --copy",
            "仅供特定使用方采信；使用方由随件的加注件文件证明，请用 --copy 给出",
        );
        return dimension(NAME, Answer::CouldNotTell, None, said);
    };
    match question.user {
        Some(asked) if asked != name => {
            let code = Code::OtherUser;
            let said = Said::new(
                format!("made for {name}, not for {asked}; {asked} must not rely on it"),
                format!("该加注件供{name}使用，并非{asked}，{asked}不得采信"),
            );
            dimension(NAME, Answer::No, Some(code), said)
        }
        Some(_) => {
            let said = Said::new(
                format!("made for {name}, for {purpose} alone"),
                format!("专供{name}用于{purpose}"),
            );
            dimension(NAME, Answer::Yes, None, said)
        }
        None => {
            let said = Said::new(
                format!("made for {name} alone: accept it only if that is you"),
                format!("专供{name}使用：仅当您即该使用方时方可采信"),
            );
            dimension(NAME, Answer::Yes, None, said)
        }
    }
}
