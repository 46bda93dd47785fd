//! `lend`: a copy of a licence for one purpose, one matter, one user and some time: the annotated copy
//! of GB/T 36903. It has a record of its own, and ends with its licence or alone.

use super::lock::is_right_shown;
use super::register::{check_digests, refuse_taken_files, with_freed, write_digests};
use super::{check_own, check_text, licence, wrong_state};
use crate::execute::{signing_agency, signing_member, Context, Ledger, Refused};
use hefu_proof::derived::{status_at, Derived};
use hefu_types::key;
use hefu_types::leaf::{Holder, TypeRules};
use hefu_types::operation::{consent_preimage, HolderConsent, Lend, RightProof, UseRight};
use hefu_types::record::{CopyTerms, PublicPart, Record, State, Status};
use hefu_types::Code;

pub(crate) fn apply(
    context: &Context<'_>,
    lend: &Lend,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let by_member = matches!(context.key.holder, Holder::Member(_));
    // Who signs is asked before what he asks for.
    let agency = match by_member {
        true => signing_member(context).map(|_| None)?,
        false => Some(signing_agency(context)?),
    };
    let (licence, rules) = licence(context, ledger, &lend.record)?;
    let public = &licence.public;
    if let Some(agency) = agency {
        check_own(agency, public)?;
    }
    check_terms(context, lend, rules, public)?;
    check_consent(context, lend, rules, public)?;
    match status_at(public, context.block_time) {
        Derived::InForce => {}
        Derived::Expired { .. } | Derived::NotYetValid { .. } => {
            return Err(Refused::new(Code::NotInValidity));
        }
        _ => return Err(wrong_state(public)),
    }
    let at = key::copy(context.suite, &lend.record, &lend.terms.number);
    if let Some(copy) = ledger.record(&at) {
        let first = copy.public.registration.operation;
        return Err(Refused::because_of(Code::SameAgain, first));
    }
    refuse_taken_files(&lend.terms.digests, &at, ledger)?;
    let copy = copy(context, lend, public);
    ledger.write_records(with_freed(&lend.terms.digests, at, copy, ledger))?;
    write_digests(context, &lend.terms.digests, at, ledger);
    Ok(())
}

fn check_terms(
    context: &Context<'_>,
    lend: &Lend,
    rules: &TypeRules,
    public: &PublicPart,
) -> Result<(), Refused> {
    let terms = &lend.terms;
    check_digests(&terms.digests)?;
    check_text("purpose", &terms.purpose)?;
    check_text("matter", &terms.matter)?;
    let Some(lending) = &rules.lending else {
        let detail = "licences of this type are not lent";
        return Err(Refused::saying(Code::NotLent, detail));
    };
    let (now, end) = (context.block_time, terms.valid_before);
    if end <= now || end > now.plus(lending.ms_max) {
        let detail = format!("it must end within {} hours", lending.ms_max / 3_600_000);
        return Err(Refused::saying(Code::NotLent, detail));
    }
    if public.valid_before.is_some_and(|before| end > before) {
        let detail = "it must not outlast the licence";
        return Err(Refused::saying(Code::NotLent, detail));
    }
    Ok(())
}

/// The holder's agreement: shown by the member that signs, or given with the licence's claim key. A
/// consent that is given must hold, also where none is asked for.
fn check_consent(
    context: &Context<'_>,
    lend: &Lend,
    rules: &TypeRules,
    public: &PublicPart,
) -> Result<(), Refused> {
    let missing = || Refused::saying(Code::NotLent, "the holder's consent");
    match (&lend.consent, &public.use_right) {
        (Some(HolderConsent::Claim(signature)), Some(UseRight::ClaimKey(key))) => {
            let preimage = consent_preimage(&context.network, &lend.record, &lend.terms);
            let verified = context.suite.verify(key, &preimage, signature);
            verified.map_err(|_| missing())
        }
        (Some(HolderConsent::Named(opening)), right @ Some(UseRight::NamedMember(_))) => {
            let member = signing_member(context)?;
            let shown = RightProof::Named(opening.clone());
            let right = right.as_ref();
            if is_right_shown(context, member, &lend.record, right, Some(&shown))? {
                Ok(())
            } else {
                Err(missing())
            }
        }
        (Some(_), _) => Err(missing()),
        (None, _) => {
            let asked = rules.lending.is_some_and(|lending| lending.consent);
            let by_agency = matches!(context.key.holder, Holder::Agency(_));
            if by_agency && !asked {
                Ok(())
            } else {
                Err(missing())
            }
        }
    }
}

fn copy(context: &Context<'_>, lend: &Lend, licence: &PublicPart) -> Record {
    let terms = &lend.terms;
    let now = context.block_time;
    let lent_by = match &context.key.holder {
        Holder::Member(id) => Some(id.clone()),
        _ => None,
    };
    let public = PublicPart {
        digests: terms.digests.clone(),
        fact_root: terms.fact_root,
        valid_from: None,
        valid_before: Some(terms.valid_before),
        copy: Some(CopyTerms {
            of: lend.record,
            purpose: terms.purpose.clone(),
            matter: terms.matter.clone(),
            user: terms.user,
            lent_by,
        }),
        ..PublicPart::new(
            &licence.document_type,
            &licence.agency,
            &licence.region,
            &licence.legal_issuer,
            Status::new(State::Issued, now, now),
            context.event(),
        )
    };
    Record {
        public,
        private: Vec::new(),
    }
}
