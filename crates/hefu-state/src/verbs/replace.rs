//! `replace`: another invoice takes the place of one; `archive`: a document is put away.

use super::{
    add_link, check_no_reversal, check_own, check_text, has_room_for, note, record_with_type,
    set_status, wrong_state,
};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use crate::shares;
use hefu_types::leaf::Kind;
use hefu_types::operation::{Archive, Replace};
use hefu_types::record::{Link, Relation, State};
use hefu_types::Code;

pub(crate) fn replace(
    context: &Context<'_>,
    replace: &Replace,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut old, _) = record_with_type(context, ledger, &replace.record, Kind::Invoice)?;
    check_own(agency, &old.public)?;
    check_text("reason", &replace.reason)?;
    if old.public.status.state != State::Issued {
        return Err(wrong_state(&old.public));
    }
    if shares::binding(&old, context).next().is_some() {
        return Err(Refused::new(Code::InUse));
    }
    check_no_reversal(context, &old.public)?;
    let (mut new, _) = record_with_type(context, ledger, &replace.by, Kind::Invoice)?;
    let forth = Link {
        relation: Relation::ReplacedBy,
        record: replace.by,
    };
    let back = Link {
        relation: Relation::Replaces,
        record: replace.record,
    };
    let fits = replace.by != replace.record
        && new.public.status.state == State::Issued
        && new.public.agency == old.public.agency
        && new.public.legal_issuer == old.public.legal_issuer
        && has_room_for(&old.public, &forth)
        && has_room_for(&new.public, &back);
    if !fits {
        return Err(Refused::new(Code::BadLink));
    }
    add_link(&mut old.public, forth);
    add_link(&mut new.public, back);
    note(&mut new.public, context.event());
    let (now, reason) = (context.block_time, Some(replace.reason.as_str()));
    let event = context.event();
    set_status(
        context.suite,
        &mut old.public,
        event,
        State::Replaced,
        now,
        reason,
    );
    ledger.write_records([(replace.record, old), (replace.by, new)])
}

pub(crate) fn archive(
    context: &Context<'_>,
    archive: &Archive,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = record_with_type(context, ledger, &archive.record, None)?;
    check_own(agency, &record.public)?;
    if record.public.archived_at.is_some() {
        return Err(Refused::new(Code::AlreadyArchived));
    }
    record.public.archived_at = Some(context.block_time);
    note(&mut record.public, context.event());
    ledger.write_record(archive.record, record)
}
