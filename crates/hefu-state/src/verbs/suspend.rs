//! `suspend`, `resume`, `annul`: a licence is withheld for some time, given back, or withdrawn as if it
//! had never been granted.

use super::{check_own, check_text, licence, set_status, state_now, wrong_state};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use hefu_proof::derived::{status_at, Derived};
use hefu_types::operation::{Annul, Resume, Suspend};
use hefu_types::record::State;
use hefu_types::{Code, Millis};

/// How long a licence may be withheld, in milliseconds: a slip of units must not make it for ever.
const SUSPENDED_MS_MAX: u64 = 10 * 366 * 24 * Millis::HOUR;

pub(crate) fn suspend(
    context: &Context<'_>,
    suspend: &Suspend,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = licence(context, ledger, &suspend.record)?;
    let public = &mut record.public;
    check_own(agency, public)?;
    check_text("reason", &suspend.reason)?;
    let now = context.block_time;
    if state_now(public, now) != State::Issued {
        return Err(wrong_state(public));
    }
    if let Derived::Expired { .. } = status_at(public, now) {
        return Err(Refused::new(Code::NotInValidity));
    }
    let latest = now.plus(SUSPENDED_MS_MAX);
    if (suspend.until).is_some_and(|until| until <= now || until > latest) {
        return Err(Refused::saying(
            Code::BadField,
            "until must lie ahead, at most ten years",
        ));
    }
    let reason = Some(suspend.reason.as_str());
    let (suite, event) = (context.suite, context.event());
    set_status(suite, public, event, State::Suspended, now, reason);
    public.status.until = suspend.until;
    ledger.write_record(suspend.record, record)
}

pub(crate) fn resume(
    context: &Context<'_>,
    resume: &Resume,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = licence(context, ledger, &resume.record)?;
    let public = &mut record.public;
    check_own(agency, public)?;
    check_text("reason", &resume.reason)?;
    let now = context.block_time;
    if state_now(public, now) != State::Suspended {
        return Err(wrong_state(public));
    }
    let reason = Some(resume.reason.as_str());
    let (suite, event) = (context.suite, context.event());
    set_status(suite, public, event, State::Issued, now, reason);
    ledger.write_record(resume.record, record)
}

pub(crate) fn annul(
    context: &Context<'_>,
    annul: &Annul,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = licence(context, ledger, &annul.record)?;
    let public = &mut record.public;
    check_own(agency, public)?;
    check_text("reason", &annul.reason)?;
    let now = context.block_time;
    // Also one that is expired: who relied on it then is told that it should not have been granted.
    if !matches!(state_now(public, now), State::Issued | State::Suspended) {
        return Err(wrong_state(public));
    }
    let begun = public.registration.block_time;
    let begun = public.valid_from.map_or(begun, |from| from.min(begun));
    let effective_at = annul.effective_at.unwrap_or(begun);
    if effective_at < begun || effective_at > now {
        return Err(Refused::saying(
            Code::BadField,
            "an annulment takes effect between the licence's beginning and now",
        ));
    }
    let reason = Some(annul.reason.as_str());
    let (suite, event) = (context.suite, context.event());
    set_status(suite, public, event, State::Annulled, effective_at, reason);
    ledger.write_record(annul.record, record)
}
