//! From the facts of an invoice to its legal number, for the languages whose facts are gathered one
//! by one: what their readers would otherwise each write again.

use crate::fact::Facts;
use crate::{Identity, Kind, Profile, Stated};

/// What a document needs for its legal number.
pub(crate) struct Numbered {
    pub(crate) profile: Profile,
    /// Given if nothing is missing.
    pub(crate) identity: Identity,
    /// Whether something is missing, and its words for a person.
    pub(crate) missing: Vec<(bool, &'static str)>,
    /// What a person should look at beside the contradictions between facts.
    pub(crate) doubts: Vec<String>,
}

/// The invoice of these facts.
pub(crate) fn stated(numbered: Numbered, facts: Facts) -> Stated {
    let Numbered {
        profile,
        identity,
        missing,
        doubts: own_doubts,
    } = numbered;
    let missing: Vec<&'static str> = missing
        .into_iter()
        .filter_map(|(is_missing, words)| is_missing.then_some(words))
        .collect();
    let (facts, mut doubts) = facts.finish();
    let own_doubts = own_doubts.into_iter();
    doubts.extend(own_doubts.map(|doubt| doubt.escape_debug().to_string()));
    Stated {
        part: String::new(),
        kind: Some(Kind::Invoice),
        profile,
        identity: missing.is_empty().then_some(identity),
        missing,
        facts,
        doubts,
    }
}
