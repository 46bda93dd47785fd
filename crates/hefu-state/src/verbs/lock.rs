//! `lock`, `consume`, `release`: a member uses an invoice, or a licence for a limited number of uses, for
//! some time or for good.
//!
//! Who has the right is asked before what is free, so that only who may use an invoice learns how much
//! of it is left. Where the first member may use it, or its issuer has not registered it, nobody's
//! right can be shown; there, locks are short and counted, and nobody locks again what just ended to
//! him, so that no member keeps an invoice from the others. Where the right is shown, uses that were
//! recorded without one are set aside.

use super::{check_text, document_type, record_with_type, wrong_state};
use crate::execute::{signing_member, Context, Ledger, Refused};
use crate::shares::{self, Place};
use hefu_proof::derived::{reversal_at, status_at, Derived};
use hefu_types::key;
use hefu_types::leaf::{DigestLeaf, Kind, LockTokens, MemberLeaf, TypeRules};
use hefu_types::operation::{
    claim_preimage, member_commitment, named_member, Claim, Consume, Lock, Release, RightProof,
    Unattested, UseRight,
};
use hefu_types::profile::Profile;
use hefu_types::record::{
    Item, PrivateItem, PublicPart, Record, State, Status, UseItem, UseItemState,
};
use hefu_types::{Blinding, Code, Millis, StateKey};

/// The longest lock of a member whose right is not shown, in milliseconds.
const UNSHOWN_LOCK_MS_MAX: u64 = Millis::HOUR;
/// For so long after such a lock began the same member does not lock the document again for what
/// excludes it.
const LOCK_AGAIN_AFTER_MS: u64 = 24 * Millis::HOUR;
/// How many such locks a member may take at once.
const TOKENS: u32 = 256;
/// In so many milliseconds one token comes back.
const TOKEN_MS: u64 = 60_000;

/// A claim that has passed the guards that locks and uses share.
struct Claimed<'a> {
    member: MemberLeaf,
    record: Record,
    rules: &'a TypeRules,
    /// Whether the right to use was shown.
    is_shown: bool,
    /// The file that a use brings to the ledger before its issuer does.
    new_digest: bool,
}

impl Claimed<'_> {
    /// Whether a use is set aside for this one.
    fn sets_aside(&self, item: &UseItem) -> bool {
        self.is_shown && item.unattested && item.member != self.member.id
    }
}

pub(crate) fn lock(
    context: &Context<'_>,
    lock: &Lock,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let mut claimed = claimed(context, &lock.record, &lock.claim, lock.blinding, ledger)?;
    let purpose = &lock.claim.purpose;
    let allowed = (claimed.rules.purpose(purpose)).map_or(0, |rules| rules.lock_ms_max);
    let allowed = if claimed.is_shown {
        allowed
    } else {
        allowed.min(UNSHOWN_LOCK_MS_MAX)
    };
    let for_ms = lock.for_ms.unwrap_or(allowed);
    if for_ms == 0 || for_ms > allowed {
        let detail = format!("a lock for {purpose} lasts 1 to {allowed} ms here");
        return Err(Refused::saying(Code::BadField, detail));
    }
    let now = context.block_time;
    let member = claimed.member.id.clone();
    let locked_lately = |item: &&UseItem| {
        item.member == member
            && item.lock.is_some()
            && item.consumption.is_none()
            && claimed.rules.excludes(&item.purpose, purpose)
            && (shares::binds(item, now, context.halt)
                || now < item.block_time.plus(LOCK_AGAIN_AFTER_MS))
    };
    // One lock at a time, too: else he would keep the others away piece by piece.
    if let Some(item) = (claimed.record.uses().find(locked_lately)).filter(|_| !claimed.is_shown) {
        let code = if shares::binds(item, now, context.halt) {
            Code::LockHeld
        } else {
            Code::LockedBefore
        };
        return Err(Refused {
            evidence: item.lock,
            ..Refused::new(code)
        });
    }
    let place = Place::new(
        &claimed.record,
        claimed.rules,
        purpose,
        &member,
        context,
        |item| claimed.sets_aside(item),
    );
    let share = place.find(&lock.claim.share, context)?;
    if !claimed.is_shown {
        take_token(context, &mut claimed.member)?;
    }
    let item = UseItem {
        purpose: purpose.clone(),
        member,
        operation: context.operation,
        block_time: now,
        share,
        state: UseItemState::Locked(now.plus(for_ms)),
        lock: Some(context.operation),
        consumption: None,
        taken_back: 0,
        unattested: claimed.record.public.status.state == State::Unattested,
        clawback: None,
        agreed: None,
    };
    write(
        context,
        lock.record,
        &lock.claim,
        lock.blinding,
        claimed,
        item,
        ledger,
    )
}

pub(crate) fn consume(
    context: &Context<'_>,
    consume: &Consume,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    if let Some(lock) = &consume.lock {
        let member = signing_member(context)?;
        let (mut record, _) = record_with_type(context, ledger, &consume.record, None)?;
        check_usable(context, &record.public)?;
        let (now, halt) = (context.block_time, context.halt);
        let own = record.uses_mut().find(|item| {
            item.lock.as_ref() == Some(lock)
                && item.member == member.id
                && item.purpose == consume.claim.purpose
                && matches!(item.state, UseItemState::Locked(_))
                && shares::binds(item, now, halt)
        });
        let own = own.ok_or_else(|| Refused::new(Code::LockOver))?;
        own.state = UseItemState::Consumed;
        own.consumption = Some(context.operation);
        own.operation = context.operation;
        own.block_time = now;
        return finish(context, consume.record, record, ledger);
    }
    let (record, blinding) = (consume.record, consume.blinding);
    let mut claimed = claimed(context, &record, &consume.claim, blinding, ledger)?;
    let purpose = &consume.claim.purpose;
    let member = claimed.member.id.clone();
    let is_own_lock = |item: &UseItem| {
        item.member == member
            && item.purpose == *purpose
            && matches!(item.state, UseItemState::Locked(_))
    };
    let place = Place::new(
        &claimed.record,
        claimed.rules,
        purpose,
        &member,
        context,
        |item| is_own_lock(item) || claimed.sets_aside(item),
    );
    let share = place.find(&consume.claim.share, context)?;
    // A use of what no issuer has registered is counted as a lock is: it too keeps others away.
    if claimed.record.public.status.state == State::Unattested {
        take_token(context, &mut claimed.member)?;
    }
    let (now, halt) = (context.block_time, context.halt);
    for item in claimed.record.uses_mut() {
        if is_own_lock(item) && shares::binds(item, now, halt) {
            item.state = UseItemState::Released;
            item.operation = context.operation;
        }
    }
    let item = UseItem {
        purpose: purpose.clone(),
        member,
        operation: context.operation,
        block_time: now,
        share,
        state: UseItemState::Consumed,
        lock: None,
        consumption: Some(context.operation),
        taken_back: 0,
        unattested: claimed.record.public.status.state == State::Unattested,
        clawback: None,
        agreed: None,
    };
    write(
        context,
        record,
        &consume.claim,
        blinding,
        claimed,
        item,
        ledger,
    )
}

pub(crate) fn release(
    context: &Context<'_>,
    release: &Release,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let member = signing_member(context)?;
    let (mut record, _) = record_with_type(context, ledger, &release.record, None)?;
    let (now, halt) = (context.block_time, context.halt);
    let own = record.uses_mut().find(|item| {
        item.lock.as_ref() == Some(&release.lock)
            && item.member == member.id
            && matches!(item.state, UseItemState::Locked(_))
            && shares::binds(item, now, halt)
    });
    let own = own.ok_or_else(|| Refused::new(Code::LockOver))?;
    own.state = UseItemState::Released;
    own.operation = context.operation;
    finish(context, release.record, record, ledger)
}

/// The guards that locks and uses share, in the order of the rules.
fn claimed<'a>(
    context: &Context<'a>,
    key: &StateKey,
    claim: &Claim,
    blinding: Blinding,
    ledger: &Ledger<'_>,
) -> Result<Claimed<'a>, Refused> {
    let signer = signing_member(context)?;
    // As the block has left it: its tokens count.
    let member = ledger.member(&signer.id).unwrap_or(signer).clone();
    check_text("purpose", &claim.purpose)?;
    let unattested = claim
        .unattested
        .as_ref()
        .filter(|_| ledger.record(key).is_none());
    let (record, rules) = match unattested {
        Some(unattested) => {
            let of = (key, claim, unattested);
            unattested_record(context, &member, of, blinding, ledger)?
        }
        None => record_with_type(context, ledger, key, None)?,
    };
    if rules.purpose(&claim.purpose).is_none() {
        return Err(Refused::new(Code::UnknownPurpose));
    }
    let public = &record.public;
    let is_attested = public.status.state != State::Unattested;
    // Who names a digest of the document has seen the document. Of one that nobody registered there
    // may be other files.
    if is_attested && !public.digests.contains(&claim.digest) {
        return Err(Refused::new(Code::DigestNotOfRecord));
    }
    let is_shown = is_attested
        && is_right_shown(
            context,
            &member,
            key,
            public.use_right.as_ref(),
            claim.right.as_ref(),
        )?;
    if is_attested {
        check_usable(context, public)?;
    }
    Ok(Claimed {
        member,
        record,
        rules,
        is_shown,
        new_digest: unattested.is_some(),
    })
}

/// The record of a document that the ledger first hears of by its use.
fn unattested_record<'a>(
    context: &Context<'a>,
    member: &MemberLeaf,
    (key, claim, unattested): (&StateKey, &Claim, &Unattested),
    blinding: Blinding,
    ledger: &Ledger<'_>,
) -> Result<(Record, &'a TypeRules), Refused> {
    let rules = document_type(context, &unattested.document_type)?;
    if rules.kind != Kind::Invoice {
        return Err(Refused::new(Code::NotForThisType));
    }
    if !rules.unattested {
        return Err(Refused::new(Code::NotUnattested));
    }
    let profile =
        Profile::by_name(&rules.profile).ok_or_else(|| Refused::new(Code::UnknownType))?;
    let number = profile
        .check(&unattested.identity)
        .map_err(|error| Refused::saying(Code::BadIdentity, error.to_string()))?;
    if key::record(context.suite, &number) != *key {
        let detail = "the record is not that of the number";
        return Err(Refused::saying(Code::BadIdentity, detail));
    }
    if let Some(total) = &unattested.total {
        super::register::check_total(total)?;
    }
    let taken = ledger.digest(&claim.digest).filter(|leaf| !leaf.withdrawn);
    if let Some(leaf) = taken {
        return Err(Refused::because_of(Code::FileTaken, leaf.operation));
    }
    let now = context.block_time;
    let public = PublicPart {
        digests: vec![claim.digest],
        event_count: 0,
        ..PublicPart::new(
            &rules.id,
            "",
            &member.region,
            &unattested.identity.legal_issuer,
            Status::new(State::Unattested, now, now),
            context.event(),
        )
    };
    let total = unattested.total.clone().map(|total| PrivateItem {
        blinding,
        item: Item::Total(total),
    });
    let private = total.into_iter().collect();
    Ok((Record { public, private }, rules))
}

/// Refuses what is not in force, or is about to be reversed: not what a user alone asked to reverse, or
/// whoever holds a small lock could stop all others.
fn check_usable(context: &Context<'_>, public: &PublicPart) -> Result<(), Refused> {
    if public.status.state == State::Unattested {
        return Ok(());
    }
    match status_at(public, context.block_time) {
        Derived::InForce => {}
        Derived::Ended { .. } | Derived::Suspended { .. } | Derived::TransferredOut { .. } => {
            return Err(wrong_state(public));
        }
        Derived::NotIssued { .. } => return Err(Refused::new(Code::NotConfirmed)),
        Derived::Expired { .. } | Derived::NotYetValid { .. } | Derived::Unknown => {
            return Err(Refused::new(Code::NotInValidity));
        }
    }
    match &public.reversal {
        Some(reversal) if reversal_at(reversal, context.block_time, context.halt).stops_use() => {
            Err(Refused::new(Code::ConsentPending))
        }
        _ => Ok(()),
    }
}

/// Whether the right to use was shown, where there is one to show.
pub(super) fn is_right_shown(
    context: &Context<'_>,
    member: &MemberLeaf,
    record: &StateKey,
    right: Option<&UseRight>,
    proof: Option<&RightProof>,
) -> Result<bool, Refused> {
    let is_shown = match (right, proof) {
        (Some(UseRight::FirstMember), _) => return Ok(false),
        (Some(UseRight::NamedMember(commitment)), Some(RightProof::Named(opening))) => {
            let (suite, identifier) = (context.suite, &opening.identifier);
            let named = named_member(suite, record, &opening.record_salt, identifier);
            let own = member_commitment(suite, &member.id, &opening.member_salt, identifier);
            named == *commitment && own == member.identifier
        }
        (Some(UseRight::ClaimKey(key)), Some(RightProof::Claim(nonce, signature))) => {
            let preimage = claim_preimage(&context.network, record, &member.id, nonce);
            context.suite.verify(key, &preimage, signature).is_ok()
        }
        _ => false,
    };
    if is_shown {
        Ok(true)
    } else {
        Err(Refused::new(Code::NoRightToUse))
    }
}

/// Takes a token, of which time brings one back every [`TOKEN_MS`].
fn take_token(context: &Context<'_>, member: &mut MemberLeaf) -> Result<(), Refused> {
    let now = context.block_time;
    let (left, at) = match member.locks {
        None => (TOKENS, now),
        Some(LockTokens { left, at }) => {
            let back = now.0.saturating_sub(at.0) / TOKEN_MS;
            let left = u64::from(left).saturating_add(back);
            match u32::try_from(left) {
                Ok(left) if left < TOKENS => (left, at.plus(back * TOKEN_MS)),
                _ => (TOKENS, now),
            }
        }
    };
    let Some(left) = left.checked_sub(1) else {
        let detail = format!("again at {}", at.plus(TOKEN_MS));
        return Err(Refused::saying(Code::TooManyLocks, detail));
    };
    member.locks = Some(LockTokens { left, at });
    Ok(())
}

/// Writes the record with a new use, and what else it touched.
fn write(
    context: &Context<'_>,
    key: StateKey,
    claim: &Claim,
    blinding: Blinding,
    claimed: Claimed<'_>,
    item: UseItem,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let (now, halt) = (context.block_time, context.halt);
    let Claimed {
        mut member,
        mut record,
        rules,
        is_shown,
        new_digest,
    } = claimed;
    for other in record.uses_mut() {
        let is_in_the_way = is_shown
            && other.unattested
            && other.member != member.id
            && rules.excludes(&other.purpose, &item.purpose);
        if is_in_the_way && shares::binds(other, now, halt) {
            other.state = UseItemState::SetAside;
            other.operation = context.operation;
        }
    }
    shares::add(&mut record, context, blinding, item)?;
    finish(context, key, record, ledger)?;
    if ledger
        .member(&member.id)
        .is_some_and(|before| before.locks != member.locks)
    {
        member.operation = context.operation;
        ledger.write_member(member);
    }
    if new_digest {
        let leaf = DigestLeaf {
            record: key,
            operation: context.operation,
            withdrawn: false,
        };
        ledger.write_digest(claim.digest, leaf);
    }
    Ok(())
}

fn finish(
    context: &Context<'_>,
    key: StateKey,
    mut record: Record,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    shares::tell(&mut record, context);
    record.public.event_count = record.public.event_count.saturating_add(1);
    ledger.write_record(key, record)
}
