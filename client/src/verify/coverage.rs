//! What it means that a document is not registered: whether its agency promised that it would be.
//!
//! Only what a certificate proves counts: that the record is absent, that the agency is entitled to
//! issue such documents for their legal issuer, and its promise. Genesis only says whom to ask about.

use super::Asked;
use crate::document::{candidate, Candidate, Document, Hint};
use crate::failure::Failure;
use crate::nodes::Fetched;
use hefu_proof::certificate::VerifiedState;
use hefu_proof::derived::has_passed;
use hefu_proof::verdict::{halt, Match, Promise};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, ClockLeaf, CoverageLeaf, Entitlement, Part};
use hefu_types::time::Day;
use hefu_types::Suite;
use hefu_wire::path::{self, Beside, Coverage};

/// What a promise says of a document that is absent.
type Promised = (Match, Fetched);

impl Asked<'_> {
    /// What the absence of a document means that has a number. A document that may be of several
    /// types was promised only if it was under each of them.
    pub(super) fn absence(&self, document: &Document) -> Result<(Match, Option<Fetched>), Failure> {
        let network = self.nodes.network();
        let of_type = self.number.document_type.as_deref();
        let (identity, hint) = match (document.identity(), self.number.identity()) {
            (Some(identity), _) => (identity, Hint::of(document, of_type)),
            (None, Some(identity)) => (identity, Hint::named(of_type)),
            (None, None) => return Ok((Match::NoIdentity, None)),
        };
        let Some(day) = issue_day(document) else {
            return Ok((Match::Absent, None));
        };
        let types = network.genesis().types.iter();
        let types = types.filter(|rules| match of_type {
            Some(name) => rules.id == name,
            None => hint.admits(rules),
        });
        let mut told: Option<Promised> = None;
        for rules in types {
            let Ok(candidate) = candidate(network.suite(), rules, &identity) else {
                continue;
            };
            let Some(promised) = self.promise(&candidate, day)? else {
                return Ok((Match::Absent, None));
            };
            // That one promise has time left is what is told: under that type it may still come.
            let has_time = matches!(promised.0, Match::AbsentNotYetDue(_));
            if told.is_none() || has_time {
                told = Some(promised);
            }
        }
        Ok(told.map_or((Match::Absent, None), |(matched, fetched)| {
            (matched, Some(fetched))
        }))
    }

    /// The promise under which a document of a type falls; one that is overdue goes before others.
    fn promise(&self, candidate: &Candidate<'_>, day: Day) -> Result<Option<Promised>, Failure> {
        let mut told = None;
        for agency in &self.nodes.network().genesis().agencies {
            for entitlement in &agency.entitlements {
                if !may_issue(entitlement, candidate, &entitlement.region) {
                    continue;
                }
                let of = Coverage {
                    agency: &agency.id,
                    document_type: &candidate.rules.id,
                    region: &entitlement.region,
                };
                match self.promise_of(candidate, day, of)? {
                    Some(overdue @ (Match::AbsentThoughCovered(_), _)) => {
                        return Ok(Some(overdue));
                    }
                    promised => told = told.or(promised),
                }
            }
        }
        Ok(told)
    }

    fn promise_of(
        &self,
        candidate: &Candidate<'_>,
        day: Day,
        of: Coverage<'_>,
    ) -> Result<Option<Promised>, Failure> {
        let suite = self.nodes.network().suite();
        let beside = Beside {
            coverage: Some(of),
            ..Beside::default()
        };
        let check = |state: &VerifiedState| {
            let proven = proven(suite, state, candidate, of);
            proven.map(|_| ()).map_err(|error| error.to_string())
        };
        let path = path::record(&candidate.record, beside);
        let fetched = match self.nodes.certificate(&path, 0, check) {
            Ok(fetched) => fetched,
            // A node that does not tell promises leaves the question open.
            Err(Failure::Refused(_)) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let state = &fetched.state;
        let Ok(Some((agency, coverage))) = proven(suite, state, candidate, of) else {
            return Ok(None);
        };
        let issued = day.begins(candidate.rules.zone_minutes);
        let is_covered =
            coverage.from <= issued && coverage.before.is_none_or(|before| issued < before);
        if !is_covered {
            return Ok(None);
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
        let matched = if has_passed(due, time, halt(suite, state)) {
            Match::AbsentThoughCovered(promise)
        } else {
            Match::AbsentNotYetDue(promise)
        };
        Ok(Some((matched, fetched)))
    }
}

/// The agency and its promise, where the certificate proves that the record is absent and that the
/// agency may issue such documents; `None` where one of them is not so.
fn proven(
    suite: Suite,
    state: &VerifiedState,
    candidate: &Candidate<'_>,
    of: Coverage<'_>,
) -> Result<Option<(AgencyLeaf, CoverageLeaf)>, hefu_proof::certificate::CertificateError> {
    let record = state.record(&candidate.record)?;
    let agency: Option<AgencyLeaf> = state.leaf(&key::agency(suite, of.agency), "the agency")?;
    let at = key::coverage(suite, of.document_type, of.region, of.agency);
    let coverage: Option<CoverageLeaf> = state.leaf(&at, "the promise")?;
    // A halt puts the date off by which it was due: a node must not leave the clock out.
    let _: Option<ClockLeaf> = state.leaf(&key::clock(suite), "the ledger's clock")?;
    let entitled = agency.filter(|agency| {
        let mut entitlements = agency.entitlements.iter();
        agency.standing.is_active()
            && entitlements.any(|held| may_issue(held, candidate, of.region))
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

/// The day of issue, as the document says it.
fn issue_day(document: &Document) -> Option<Day> {
    let day = document.fact("issue-date");
    let of_moment = || document.fact("issue-time")?.get(..10);
    day.or_else(of_moment)?.parse().ok()
}

#[cfg(test)]
mod tests;
