//! What is wrong with a request or a row of a table: the code that the ledger would refuse it with, and
//! what exactly, in both languages.

use crate::say::{shown, Lang};
use crate::summary::Refusal;
use hefu_proof::verdict::Said;
use hefu_types::Code;
use serde_json::{json, Value};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code.
    pub code: u16,
    /// What it means and what to do.
    pub said: Said,
    /// What exactly is wrong.
    pub detail: Option<Said>,
}

impl Fault {
    /// What this program found itself.
    pub fn new(code: Code, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            code: code.number(),
            said: Said::new(code.sentence_en(), code.sentence_zh()),
            detail: Some(Said::new(en, zh)),
        }
    }

    /// A type that the ledger does not have.
    pub fn unknown_type(id: &str) -> Self {
        Self::new(
            Code::UnknownType,
            format!("the document type {id:?} is not on the ledger"),
            format!("账本上没有文档类型“{id}”"),
        )
    }

    /// In one line: the code and what exactly is wrong, else what the code means.
    pub fn short(&self, lang: Lang) -> String {
        let said = self.detail.as_ref().unwrap_or(&self.said);
        format!("{} {}", self.code, shown(lang.of(said)))
    }

    /// In one line: the code, what it means, and what exactly is wrong.
    pub fn text(&self, lang: Lang) -> String {
        let sentence = shown(lang.of(&self.said));
        let detail = (self.detail.as_ref()).map_or(String::new(), |detail| {
            format!(" ({})", shown(lang.of(detail)))
        });
        format!("{} {sentence}{detail}", self.code)
    }

    /// For programs.
    pub fn json(&self, lang: Lang) -> Value {
        json!({
            "code": self.code,
            "sentence": lang.of(&self.said),
            "detail": self.detail.as_ref().map(|detail| lang.of(detail)),
        })
    }
}

impl From<&Refusal> for Fault {
    /// As a node told it; its detail is the rules' own, in English.
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code,
            said: refusal.said.clone(),
            detail: (refusal.detail.as_ref())
                .map(|detail| Said::new(detail.clone(), detail.clone())),
        }
    }
}
