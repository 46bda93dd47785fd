//! What it means that a document is not registered: whether its agency promised that it would be.
//!
//! Only what a certificate proves counts: that the record is absent, that the agency is entitled to issue
//! such documents for their legal issuer, and its promise. Genesis only says whom to ask about.

use super::number::{candidate, Candidate, Hint};
use super::Subject;
use crate::certificate::{CertificateError, VerifiedState};
use crate::derived::has_passed;
use crate::verdict::{halt, Match, Promise};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, ClockLeaf, CoverageLeaf, Entitlement, Part, TypeRules};
use hefu_types::time::Day;
use hefu_types::{StateKey, Suite};

/// One certificate that an answer about an absence needs: this record, this agency, its promise for the
/// type in the region, and the ledger's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The record that is absent.
    pub record: StateKey,
    /// The agency that may have to register it.
    pub agency: String,
    /// The type of the promise.
    pub document_type: String,
    /// Its region.
    pub region: String,
}

impl Needed {
    /// Refuses a certificate that leaves out what is needed. A promise that is proven not to be there is
    /// an answer too.
    pub fn check(&self, suite: Suite, state: &VerifiedState) -> Result<(), CertificateError> {
        state.record(&self.record)?;
        let at = key::agency(suite, &self.agency);
        let _: Option<AgencyLeaf> = state.leaf(&at, "the agency")?;
        let at = key::coverage(suite, &self.document_type, &self.region, &self.agency);
        let _: Option<CoverageLeaf> = state.leaf(&at, "the promise")?;
        // A halt puts the date off by which it was due: a node must not leave the clock out.
        let _: Option<ClockLeaf> = state.leaf(&key::clock(suite), "the ledger's clock")?;
        Ok(())
    }
}

/// The certificates that tell what the absence of a document means; none where nothing could.
pub fn needed(network: &Network, subject: &Subject) -> Vec<Needed> {
    let candidates = of_subject(network, subject).into_iter();
    candidates
        .flat_map(|candidate| agencies(network, &candidate))
        .collect()
}

/// What the absence of a document means, and which of the certificates says so. A document that may be
/// of several types was promised only if it was under each of them.
pub(super) fn told<'a>(
    network: &Network,
    subject: &Subject,
    states: &[&'a VerifiedState],
) -> (Match, Option<&'a VerifiedState>) {
    if subject.said.is_none() && subject.typed.is_none() {
        return (Match::NoIdentity, None);
    }
    let Some(day) = subject.issue_day() else {
        return (Match::Absent, None);
    };
    let mut told: Option<(Match, &VerifiedState)> = None;
    for candidate in of_subject(network, subject) {
        let Some(promised) = promise(network, &candidate, day, states) else {
            return (Match::Absent, None);
        };
        // That one promise has time left is what is told: under that type it may still come.
        if told.is_none() || matches!(promised.0, Match::AbsentNotYetDue(_)) {
            told = Some(promised);
        }
    }
    told.map_or((Match::Absent, None), |(matched, state)| {
        (matched, Some(state))
    })
}

fn of_subject<'a>(network: &'a Network, subject: &Subject) -> Vec<Candidate<'a>> {
    let (identity, hint) = match (&subject.said, &subject.typed) {
        (Some(said), _) => (said, subject.hint()),
        (None, Some(typed)) => (typed, Hint::named(subject.document_type.as_deref())),
        (None, None) => return Vec::new(),
    };
    let types = network.genesis().types.iter();
    let fits = |rules: &'a TypeRules| candidate(network.suite(), rules, identity).ok();
    types
        .filter(|rules| hint.admits(rules))
        .filter_map(fits)
        .collect()
}

fn agencies(network: &Network, candidate: &Candidate<'_>) -> Vec<Needed> {
    let mut needed = Vec::new();
    for agency in &network.genesis().agencies {
        for entitlement in &agency.entitlements {
            if may_issue(entitlement, candidate, &entitlement.region) {
                needed.push(Needed {
                    record: candidate.record,
                    agency: agency.id.clone(),
                    document_type: candidate.rules.id.clone(),
                    region: entitlement.region.clone(),
                });
            }
        }
    }
    needed
}

/// The promise under which a document of a type falls; one that is overdue goes before others.
fn promise<'a>(
    network: &Network,
    candidate: &Candidate<'_>,
    day: Day,
    states: &[&'a VerifiedState],
) -> Option<(Match, &'a VerifiedState)> {
    let suite = network.suite();
    let mut told = None;
    for needed in agencies(network, candidate) {
        let proves = |state: &&&VerifiedState| needed.check(suite, state).is_ok();
        let newest = states.iter().filter(proves).max_by_key(|s| s.height());
        let promised = newest.and_then(|state| {
            let matched = promise_of(suite, candidate, day, &needed, state)?;
            Some((matched, *state))
        });
        match promised {
            Some((Match::AbsentThoughCovered(_), _)) => return promised,
            _ => told = told.or(promised),
        }
    }
    told
}

fn promise_of(
    suite: Suite,
    candidate: &Candidate<'_>,
    day: Day,
    needed: &Needed,
    state: &VerifiedState,
) -> Option<Match> {
    let (agency, coverage) = proven(suite, state, candidate, needed).ok()??;
    let issued = day.begins(candidate.rules.zone_minutes);
    let is_covered =
        coverage.from <= issued && coverage.before.is_none_or(|before| issued < before);
    if !is_covered {
        return None;
    }
    let due = day
        .ends(candidate.rules.zone_minutes)
        .plus(coverage.within_ms);
    let time = state.checkpoint().checkpoint().time;
    let promise = Promise {
        agency: format!("{} ({})", agency.name, agency.id),
        document_type: coverage.document_type,
        from: coverage.from,
        within_ms: coverage.within_ms,
        due,
    };
    Some(if has_passed(due, time, halt(suite, state)) {
        Match::AbsentThoughCovered(promise)
    } else {
        Match::AbsentNotYetDue(promise)
    })
}

/// The agency and its promise, where the certificate proves that the record is absent and that the
/// agency may issue such documents; `None` where one of them is not so.
fn proven(
    suite: Suite,
    state: &VerifiedState,
    candidate: &Candidate<'_>,
    of: &Needed,
) -> Result<Option<(AgencyLeaf, CoverageLeaf)>, CertificateError> {
    let record = state.record(&candidate.record)?;
    let agency: Option<AgencyLeaf> = state.leaf(&key::agency(suite, &of.agency), "the agency")?;
    let at = key::coverage(suite, &of.document_type, &of.region, &of.agency);
    let coverage: Option<CoverageLeaf> = state.leaf(&at, "the promise")?;
    let entitled = agency.filter(|agency| {
        let mut entitlements = agency.entitlements.iter();
        agency.standing.is_active()
            && entitlements.any(|held| may_issue(held, candidate, &of.region))
    });
    Ok(match record {
        Some(_) => None,
        None => entitled.zip(coverage),
    })
}

fn may_issue(entitlement: &Entitlement, candidate: &Candidate<'_>, region: &str) -> bool {
    entitlement.part == Part::Issue
        && entitlement.document_type == candidate.rules.id
        && entitlement.region == region
        && entitlement.covers(&candidate.number.legal_issuer)
}
