//! What certificates and licences of other systems have in common: from their facts to their number.

use crate::fact::Facts;
use crate::{Identity, Kind, Profile, Stated};

/// A licence while it is read.
#[derive(Default)]
pub(crate) struct Licence {
    pub(crate) facts: Facts,
    /// The issuer by which the number stands, where the file says it.
    pub(crate) legal_issuer: Option<String>,
    /// What tells the issuer's numbers apart; empty where they need nothing.
    pub(crate) class: String,
    /// What the document lacks, or breaks of its own format: it then has no identity.
    pub(crate) missing: Vec<&'static str>,
    /// What a person should look at, beside contradictions among the facts.
    pub(crate) doubts: Vec<String>,
}

impl Licence {
    /// The document; `number_words` and `issuer_words` say what is missing where there is none.
    pub(crate) fn stated(
        self,
        part: &str,
        number_words: &'static str,
        issuer_words: &'static str,
    ) -> Stated {
        let number = self.facts.get("number").unwrap_or_default().to_owned();
        let legal_issuer = self.legal_issuer.unwrap_or_default().trim().to_owned();
        let mut missing = self.missing;
        if number.is_empty() {
            missing.push(number_words);
        }
        if legal_issuer.is_empty() {
            missing.push(issuer_words);
        }
        let identity = missing.is_empty().then_some(Identity {
            legal_issuer,
            class: self.class,
            number,
            ..Identity::default()
        });
        let (facts, mut doubts) = self.facts.finish();
        let more = self.doubts.iter();
        doubts.extend(more.map(|doubt| doubt.escape_debug().to_string()));
        Stated {
            part: part.to_owned(),
            kind: Some(Kind::Licence),
            profile: Profile::Generic,
            identity,
            missing,
            facts,
            doubts,
        }
    }
}
