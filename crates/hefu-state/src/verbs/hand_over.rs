//! `hand-over`: who has the right to use an invoice hands it on: the buyer is another, or the claim key.

use super::lock::is_right_shown;
use super::{note, record_with_type, wrong_state};
use crate::execute::{signing_member, Context, Ledger, Refused};
use hefu_types::leaf::Kind;
use hefu_types::operation::{HandOver, UseRight};
use hefu_types::Code;

pub(crate) fn apply(
    context: &Context<'_>,
    hand_over: &HandOver,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let member = signing_member(context)?;
    let (mut record, _) = record_with_type(context, ledger, &hand_over.record, Kind::Invoice)?;
    let public = &mut record.public;
    let right = public.use_right.as_ref();
    let is_shown = is_right_shown(
        context,
        member,
        &hand_over.record,
        right,
        Some(&hand_over.right),
    )?;
    if !is_shown {
        // What is the first member's is nobody's to hand on.
        return Err(Refused::new(Code::NoRightToUse));
    }
    match &hand_over.to {
        UseRight::NamedMember(_) => {}
        UseRight::ClaimKey(key) if context.suite.check_public_key(key).is_ok() => {}
        UseRight::ClaimKey(_) => {
            return Err(Refused::saying(Code::BadField, "the claim key is none"));
        }
        UseRight::FirstMember => {
            let detail = "hand it on to a named member or to a claim key";
            return Err(Refused::saying(Code::BadField, detail));
        }
    }
    if public.status.state.is_final() {
        return Err(wrong_state(public));
    }
    public.use_right = Some(hand_over.to.clone());
    note(public, context.event());
    ledger.write_record(hand_over.record, record)
}
