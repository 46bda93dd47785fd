//! `renew`: a renewed or changed licence takes the place of one, and cites it.

use super::{
    add_link, check_own, check_text, has_room_for, is_successor, licence, note, set_status,
    state_now, wrong_state,
};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use crate::shares;
use hefu_types::operation::Renew;
use hefu_types::record::{Link, Relation, State};
use hefu_types::Code;

pub(crate) fn apply(
    context: &Context<'_>,
    renew: &Renew,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut old, _) = licence(context, ledger, &renew.record)?;
    check_own(agency, &old.public)?;
    check_text("reason", &renew.reason)?;
    let now = context.block_time;
    // One that has expired is renewed all the same: that is when most are.
    if state_now(&old.public, now) != State::Issued {
        return Err(wrong_state(&old.public));
    }
    if shares::binding(&old, context).next().is_some() {
        return Err(Refused::new(Code::InUse));
    }
    let (mut new, _) = licence(context, ledger, &renew.by)?;
    let forth = Link {
        relation: Relation::RenewedBy,
        record: renew.by,
    };
    let back = Link {
        relation: Relation::Renews,
        record: renew.record,
    };
    let fits = renew.by != renew.record
        && state_now(&new.public, now) == State::Issued
        && new.public.agency == old.public.agency
        && new.public.region == old.public.region
        && new.public.document_type == old.public.document_type
        && new.public.legal_issuer == old.public.legal_issuer
        && !is_successor(&new.public)
        && has_room_for(&old.public, &forth)
        && has_room_for(&new.public, &back);
    if !fits {
        return Err(Refused::new(Code::BadLink));
    }
    add_link(&mut old.public, forth);
    add_link(&mut new.public, back);
    note(&mut new.public, context.event());
    let reason = Some(renew.reason.as_str());
    let (suite, event) = (context.suite, context.event());
    set_status(
        suite,
        &mut old.public,
        event,
        State::Superseded,
        now,
        reason,
    );
    ledger.write_records([(renew.record, old), (renew.by, new)])
}
