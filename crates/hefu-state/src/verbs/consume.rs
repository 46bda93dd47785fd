//! `consume`: a member uses an invoice for a purpose, whole and once.

use super::{check_text, record_with_type};
use crate::execute::{signing_member, Context, Ledger, Refused};
use hefu_proof::derived::{status_at, Derived};
use hefu_types::leaf::{Kind, MemberLeaf};
use hefu_types::operation::{member_commitment, named_member, Consume, UseRight};
use hefu_types::record::{Item, PrivateItem, UseItem, UseState};
use hefu_types::Code;

pub(crate) fn apply(
    context: &Context<'_>,
    consume: &Consume,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let member = signing_member(context)?;
    let (mut record, rules) = record_with_type(context, ledger, &consume.record, Kind::Invoice)?;
    check_text("purpose", &consume.purpose)?;
    if !rules.purposes.contains(&consume.purpose) {
        return Err(Refused::new(Code::UnknownPurpose));
    }
    // Who names a digest of the document has seen the document.
    if !record.public.digests.contains(&consume.digest) {
        return Err(Refused::new(Code::DigestNotOfRecord));
    }
    check_right(context, member, consume, record.public.use_right.as_ref())?;
    match status_at(&record.public, context.block_time) {
        Derived::InForce => {}
        Derived::Ended { .. } => return Err(Refused::new(Code::WrongState)),
        Derived::Expired { .. } | Derived::NotYetValid { .. } => {
            return Err(Refused::new(Code::NotInValidity));
        }
    }
    if let Some(used) = record
        .public
        .uses
        .iter()
        .find(|used| used.purpose == consume.purpose)
    {
        // When, but not by whom: claimants are nobody's business.
        let detail = format!("since {}", used.consumed_at);
        return Err(Refused::saying(Code::AlreadyUsed, detail));
    }
    record.public.uses.push(UseState {
        purpose: consume.purpose.clone(),
        consumed_at: context.block_time,
    });
    record
        .public
        .uses
        .sort_unstable_by(|a, b| a.purpose.cmp(&b.purpose));
    record.public.event_count = record.public.event_count.saturating_add(1);
    record.private.push(PrivateItem {
        blinding: consume.blinding,
        item: Item::Use(UseItem {
            purpose: consume.purpose.clone(),
            member: member.id.clone(),
            operation: context.operation,
            block_time: context.block_time,
        }),
    });
    ledger.write_record(consume.record, record)
}

fn check_right(
    context: &Context<'_>,
    member: &MemberLeaf,
    consume: &Consume,
    right: Option<&UseRight>,
) -> Result<(), Refused> {
    let refused = || Refused::new(Code::NoRightToUse);
    match right {
        Some(UseRight::FirstMember) => Ok(()),
        Some(UseRight::NamedMember(commitment)) => {
            let opening = consume.opening.as_ref().ok_or_else(refused)?;
            let identifier = &opening.identifier;
            let named = named_member(
                context.suite,
                &consume.record,
                &opening.record_salt,
                identifier,
            );
            let own =
                member_commitment(context.suite, &member.id, &opening.member_salt, identifier);
            if named == *commitment && own == member.identifier {
                Ok(())
            } else {
                Err(refused())
            }
        }
        None | Some(UseRight::ClaimKey(_)) => Err(refused()),
    }
}
