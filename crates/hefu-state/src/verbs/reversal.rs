//! `request-reversal`, `answer-reversal`, `withdraw-reversal`, `reverse`: an invoice is taken back,
//! whole or in part.
//!
//! Nobody need agree while nobody uses the invoice. Once it is locked or used, whoever uses it must
//! agree within the type's time (72 hours by default), and by agreeing lets go of what the reversal
//! takes: the codes are those of the confirmation form for red letters of China
//! ([`ReversalStage`]). While a request of the issuer stands, or one that it has agreed to, nobody begins
//! a new use.

use super::clawback::take_back;
use super::{
    add_link, check_no_reversal, check_own, check_text, has_room_for, note, record_with_type,
    set_status, wrong_state,
};
use crate::execute::{signing_agency, signing_member, Context, Ledger, Refused};
use crate::shares;
use hefu_proof::derived::reversal_at;
use hefu_types::leaf::{Holder, Kind, TypeRules};
use hefu_types::operation::{AnswerReversal, RequestReversal, Reverse, WithdrawReversal};
use hefu_types::record::{
    AskedReversal, Item, Link, PrivateItem, PublicPart, Record, Relation, Reversal, ReversalStage,
    ReversedItem, Side, State, UseItemState,
};
use hefu_types::{Code, StateKey};

/// Who signs: the issuer, or a member that uses the invoice.
enum Signer<'a> {
    Issuer,
    User(&'a str),
}

fn signer<'a>(context: &Context<'a>, record: &Record) -> Result<Signer<'a>, Refused> {
    if matches!(context.key.holder, Holder::Agency(_)) {
        check_own(signing_agency(context)?, &record.public)?;
        return Ok(Signer::Issuer);
    }
    let member = signing_member(context)?;
    if shares::binding(record, context).any(|item| item.member == member.id) {
        Ok(Signer::User(&member.id))
    } else {
        Err(Refused::new(Code::NoRightToUse))
    }
}

/// The stage of the request that stands and has not lapsed.
fn open_stage(context: &Context<'_>, public: &PublicPart) -> Result<ReversalStage, Refused> {
    let stage = (public.reversal.as_ref())
        .map(|reversal| reversal_at(reversal, context.block_time, context.halt))
        .filter(|stage| stage.is_open());
    stage.ok_or_else(|| Refused::new(Code::NoConsent))
}

/// Whether everybody who uses it agrees.
fn all_agree(record: &Record, context: &Context<'_>) -> bool {
    shares::binding(record, context).all(|item| item.agreed.is_some())
}

/// How much a reversal takes, in minor units; none of an invoice whose total is not known.
fn amount(record: &Record, asked: Option<u64>) -> Result<Option<u64>, Refused> {
    match (shares::left(record), asked) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Refused::saying(
            Code::OverReversal,
            "the total is not known: reverse the whole",
        )),
        (Some(_), Some(0)) => Err(Refused::saying(
            Code::BadField,
            "the amount must not be nothing",
        )),
        (Some(left), Some(units)) if units > left => Err(Refused::saying(
            Code::OverReversal,
            format!("left: {left} minor units"),
        )),
        (Some(left), asked) => Ok(Some(asked.unwrap_or(left))),
    }
}

fn agree(record: &mut Record, context: &Context<'_>, member: &str) {
    let (now, halt) = (context.block_time, context.halt);
    for item in record.uses_mut() {
        if item.member == member && shares::binds(item, now, halt) {
            item.agreed = Some(context.operation);
        }
    }
}

/// Goes on to a stage; its time runs anew.
fn go_on(record: &mut Record, context: &Context<'_>, rules: &TypeRules, stage: ReversalStage) {
    if let Some(reversal) = &mut record.public.reversal {
        reversal.stage = stage;
        reversal.deadline = context.block_time.plus(rules.consent_ms);
    }
    note(&mut record.public, context.event());
}

fn asked(record: &Record) -> Option<&AskedReversal> {
    record
        .private
        .iter()
        .find_map(|private| match &private.item {
            Item::Asked(asked) => Some(asked),
            _ => None,
        })
}

fn forget_request(record: &mut Record) {
    record
        .private
        .retain(|private| !matches!(private.item, Item::Asked(_)));
    for item in record.uses_mut() {
        item.agreed = None;
    }
}

pub(crate) fn request(
    context: &Context<'_>,
    request: &RequestReversal,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let (mut record, rules) = record_with_type(context, ledger, &request.record, Kind::Invoice)?;
    let signer = signer(context, &record)?;
    check_text("reason", &request.reason)?;
    if !record.public.status.state.is_in_force() {
        return Err(wrong_state(&record.public));
    }
    check_no_reversal(context, &record.public)?;
    amount(&record, request.minor_units)?;
    forget_request(&mut record);
    let (asked_by, member) = match signer {
        Signer::Issuer => (Side::Issuer, None),
        Signer::User(member) => (Side::User, Some(member.to_owned())),
    };
    let is_used = shares::binding(&record, context).next().is_some();
    let stage = match (&member, is_used) {
        (None, false) => ReversalStage::NoConsentNeeded,
        (None, true) => ReversalStage::AwaitsUser,
        (Some(member), _) => {
            agree(&mut record, context, member);
            ReversalStage::AwaitsIssuer
        }
    };
    record.public.reversal = Some(Reversal {
        stage,
        asked_by,
        reason: request.reason.clone(),
        asked_at: context.block_time,
        deadline: context.block_time.plus(rules.consent_ms),
        request: context.operation,
    });
    record.private.push(PrivateItem {
        blinding: request.blinding,
        item: Item::Asked(AskedReversal {
            minor_units: request.minor_units,
            member,
        }),
    });
    note(&mut record.public, context.event());
    ledger.write_record(request.record, record)
}

pub(crate) fn answer(
    context: &Context<'_>,
    answer: &AnswerReversal,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let (mut record, rules) = record_with_type(context, ledger, &answer.record, Kind::Invoice)?;
    let signer = signer(context, &record)?;
    let stage = open_stage(context, &record.public)?;
    let asked = record.public.reversal.as_ref();
    if asked.is_some_and(|asked| asked.request != answer.request) {
        return Err(Refused::new(Code::OtherVersion));
    }
    let next = match (signer, stage) {
        (Signer::Issuer, ReversalStage::AwaitsIssuer) if !answer.agrees => {
            ReversalStage::DeniedByIssuer
        }
        (Signer::Issuer, ReversalStage::AwaitsIssuer) if all_agree(&record, context) => {
            ReversalStage::Agreed
        }
        (Signer::Issuer, ReversalStage::AwaitsIssuer) => ReversalStage::AwaitsUser,
        (Signer::User(member), ReversalStage::AwaitsUser | ReversalStage::AwaitsIssuer)
            if shares::binding(&record, context)
                .any(|item| item.member == member && item.agreed.is_none()) =>
        {
            if answer.agrees {
                agree(&mut record, context, member);
            }
            match stage {
                _ if !answer.agrees => ReversalStage::DeniedByUser,
                ReversalStage::AwaitsUser if all_agree(&record, context) => ReversalStage::Agreed,
                stage => stage,
            }
        }
        _ => return Err(Refused::new(Code::AlreadySigned)),
    };
    if !next.is_open() {
        forget_request(&mut record);
    }
    go_on(&mut record, context, rules, next);
    ledger.write_record(answer.record, record)
}

pub(crate) fn withdraw(
    context: &Context<'_>,
    withdraw: &WithdrawReversal,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let (mut record, rules) = record_with_type(context, ledger, &withdraw.record, Kind::Invoice)?;
    let member = asked(&record).and_then(|asked| asked.member.clone());
    let is_own = match &context.key.holder {
        Holder::Agency(_) => {
            check_own(signing_agency(context)?, &record.public)?;
            member.is_none()
        }
        _ => Some(&signing_member(context)?.id) == member.as_ref(),
    };
    let stage = open_stage(context, &record.public)?;
    if !is_own {
        return Err(Refused::new(Code::NotEntitled));
    }
    let next = match stage {
        ReversalStage::Agreed => ReversalStage::WithdrawnAfterAgreement,
        _ => ReversalStage::Withdrawn,
    };
    forget_request(&mut record);
    go_on(&mut record, context, rules, next);
    ledger.write_record(withdraw.record, record)
}

pub(crate) fn reverse(
    context: &Context<'_>,
    reverse: &Reverse,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, rules) = record_with_type(context, ledger, &reverse.record, Kind::Invoice)?;
    check_own(agency, &record.public)?;
    check_text("reason", &reverse.reason)?;
    if !record.public.status.state.is_in_force() {
        return Err(wrong_state(&record.public));
    }
    let units = amount(&record, reverse.minor_units)?;
    if shares::binding(&record, context).next().is_some() {
        check_agreed(context, &record, units)?;
    }
    let note_of = match &reverse.credit_note {
        Some(key) => Some((
            *key,
            credited(context, reverse, key, &record, units, ledger)?,
        )),
        None => None,
    };
    record.private.push(PrivateItem {
        blinding: reverse.blinding,
        item: Item::Reversed(ReversedItem {
            minor_units: units,
            operation: context.operation,
            block_time: context.block_time,
            credit_note: reverse.credit_note,
        }),
    });
    if record.reversals().count() > hefu_types::record::LINKS_MAX {
        return Err(Refused::new(Code::TooLarge));
    }
    let left = units.and(shares::left(&record));
    let_go(&mut record, context, rules, left.unwrap_or(0));
    forget_request(&mut record);
    record.public.reversal = None;
    if let Some(credit_note) = reverse.credit_note {
        let link = Link {
            relation: Relation::ReversedBy,
            record: credit_note,
        };
        add_link(&mut record.public, link);
    }
    let state = match left {
        Some(left) if left > 0 => State::PartlyReversed,
        _ => State::Reversed,
    };
    let (now, reason) = (context.block_time, Some(reverse.reason.as_str()));
    set_status(
        context.suite,
        &mut record.public,
        context.event(),
        state,
        now,
        reason,
    );
    shares::tell(&mut record, context);
    let records = [(reverse.record, record)].into_iter().chain(note_of);
    ledger.write_records(records)
}

/// An invoice in use is reversed as its users agreed, and not otherwise.
fn check_agreed(context: &Context<'_>, record: &Record, units: Option<u64>) -> Result<(), Refused> {
    let stage = match open_stage(context, &record.public) {
        Ok(stage) => stage,
        Err(over) if record.public.reversal.is_some() => return Err(over),
        Err(_) => return Err(Refused::new(Code::ConsentNeeded)),
    };
    if stage != ReversalStage::Agreed || !all_agree(record, context) {
        return Err(Refused::new(Code::ConsentPending));
    }
    let agreed = asked(record).and_then(|asked| asked.minor_units);
    if amount(record, agreed)? == units {
        Ok(())
    } else {
        Err(Refused::new(Code::OtherAmount))
    }
}

/// The credit note with the link back and with what it reverses in all.
fn credited(
    context: &Context<'_>,
    reverse: &Reverse,
    key: &StateKey,
    record: &Record,
    units: Option<u64>,
    ledger: &Ledger<'_>,
) -> Result<Record, Refused> {
    let (mut credit_note, _) = record_with_type(context, ledger, key, Kind::Invoice)?;
    let forth = Link {
        relation: Relation::ReversedBy,
        record: *key,
    };
    let back = Link {
        relation: Relation::Reverses,
        record: reverse.record,
    };
    let fits = *key != reverse.record
        && credit_note.public.status.state == State::Issued
        && credit_note.public.agency == record.public.agency
        && credit_note.public.legal_issuer == record.public.legal_issuer
        && has_room_for(&record.public, &forth)
        && has_room_for(&credit_note.public, &back);
    if !fits {
        return Err(Refused::new(Code::BadLink));
    }
    let mut credited = 0;
    credit_note.private.retain(|private| match private.item {
        Item::Credited(before) => {
            credited = before;
            false
        }
        _ => true,
    });
    let total = credit_note
        .total()
        .map(|total| total.minor_units.unsigned_abs());
    if let (Some(units), Some(total)) = (units, total) {
        let in_all = credited
            .checked_add(units)
            .filter(|in_all| *in_all <= total);
        let same_currency =
            credit_note.total().map(|t| &t.currency) == record.total().map(|t| &t.currency);
        let Some(in_all) = in_all.filter(|_| same_currency) else {
            let detail = format!("left of the credit note: {} minor units", total - credited);
            return Err(Refused::saying(Code::OverReversal, detail));
        };
        credit_note.private.push(PrivateItem {
            blinding: reverse.blinding,
            item: Item::Credited(in_all),
        });
    }
    add_link(&mut credit_note.public, back);
    note(&mut credit_note.public, context.event());
    Ok(credit_note)
}

/// Lets uses go, those at the end of the line first, until each line has no more than is left.
fn let_go(record: &mut Record, context: &Context<'_>, rules: &TypeRules, left: u64) {
    let (now, halt) = (context.block_time, context.halt);
    for line in shares::lines(rules) {
        let mut uses: Vec<_> = (record.uses_mut())
            .filter(|item| shares::binds(item, now, halt) && line.contains(item.purpose.as_str()))
            .collect();
        // Locks before uses for good, then from the end of the line.
        uses.sort_by_key(|item| {
            let is_use = item.state == UseItemState::Consumed;
            (is_use, std::cmp::Reverse(item.share))
        });
        let mut taken = (uses.iter())
            .map(|item| item.share.map_or(u64::MAX, |share| share.len()))
            .fold(0, u64::saturating_add);
        for item in uses {
            if taken <= left {
                break;
            }
            let length = item.share.map_or(u64::MAX, |share| share.len());
            if matches!(item.state, UseItemState::Locked(_)) {
                item.state = UseItemState::Released;
                item.operation = context.operation;
                taken = taken.saturating_sub(length);
            } else {
                let units = length.min(taken - left);
                take_back(item, Some(units), context.operation);
                taken -= units;
            }
        }
    }
}
