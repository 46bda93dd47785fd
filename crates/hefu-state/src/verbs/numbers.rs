//! Ranges of numbers: asked for by who issues, allocated by who supervises, used, given to branches,
//! declared void, taken back.

use super::{check_supervises, check_text, document_type};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, Part, TypeRules};
use hefu_types::numbering::{
    self, NumberRange, NumberSpan, NumberingLeaf, RangeNow, RangeState, DIGITS_MAX, RANGES_MAX,
    RANGE_NUMBERS_MAX, SPANS_MAX, VOID_NUMBERS_MAX,
};
use hefu_types::operation::{
    ActivateRange, AllocateRange, DelegateRange, Numbering, RequestRange, VoidNumbers,
    WithdrawRange,
};
use hefu_types::profile::Profile;
use hefu_types::{Code, StateKey};

/// The most spans of all ranges of a numbering together: with the most ranges, the longest names and
/// the largest numbers its leaf can still be read again.
const LEAF_SPANS_MAX: usize = 8 * 1_024;

/// Whether numbers find room in one of the lists of a range: always where they join what is there.
pub(super) fn has_room(leaf: &NumberingLeaf, spans: &[NumberSpan], span: NumberSpan) -> bool {
    let holds = |number: Option<u64>| {
        let only = number.map(|number| NumberSpan {
            first: number,
            last: number,
        });
        only.is_some_and(|only| numbering::meets(spans, only))
    };
    if holds(span.first.checked_sub(1)) || holds(span.last.checked_add(1)) {
        return true;
    }
    let of = |range: &NumberRange| range.issued.len() + range.voided.len() + range.delegated.len();
    spans.len() < SPANS_MAX && leaf.ranges.iter().map(of).sum::<usize>() < LEAF_SPANS_MAX
}

/// A numbering whose numbers come out of ranges.
struct Of<'a> {
    key: StateKey,
    rules: &'a TypeRules,
    profile: Profile,
}

fn numbering<'a>(context: &Context<'a>, numbering: &Numbering) -> Result<Of<'a>, Refused> {
    let rules = document_type(context, &numbering.document_type)?;
    if !rules.ranges {
        return Err(Refused::new(Code::NotForThisType));
    }
    let profile =
        Profile::by_name(&rules.profile).ok_or_else(|| Refused::new(Code::UnknownType))?;
    Ok(Of {
        key: key::numbering(context.suite, profile, numbering),
        rules,
        profile,
    })
}

/// The range at a place, and the leaf that holds it.
fn range<'l>(
    ledger: &'l Ledger<'_>,
    of: &Of<'_>,
    place: u32,
) -> Result<(&'l NumberingLeaf, &'l NumberRange), Refused> {
    let unknown = || Refused::new(Code::UnknownRange);
    let leaf = ledger.numbering(&of.key).ok_or_else(unknown)?;
    let range = leaf.ranges.get(place as usize).ok_or_else(unknown)?;
    // Types that share a profile share the leaf.
    if range.document_type == of.rules.id {
        Ok((leaf, range))
    } else {
        Err(unknown())
    }
}

/// A range of this agency.
fn own_range<'l>(
    context: &Context<'_>,
    ledger: &'l Ledger<'_>,
    of: &Of<'_>,
    place: u32,
) -> Result<&'l NumberRange, Refused> {
    let agency = signing_agency(context)?;
    let (_, range) = range(ledger, of, place)?;
    if range.holder == agency.id {
        Ok(range)
    } else {
        Err(Refused::new(Code::NotEntitled))
    }
}

fn issues(agency: &AgencyLeaf, of: &Numbering) -> bool {
    agency.entitlements.iter().any(|entitlement| {
        entitlement.part == Part::Issue
            && entitlement.document_type == of.document_type
            && entitlement.region == of.region
    })
}

fn span(first: u64, last: u64) -> Result<NumberSpan, Refused> {
    if first > last {
        let detail = "the first number is after the last";
        return Err(Refused::saying(Code::BadField, detail));
    }
    Ok(NumberSpan { first, last })
}

/// Changes a range, after every guard.
fn change(
    context: &Context<'_>,
    ledger: &mut Ledger<'_>,
    of: &Of<'_>,
    place: u32,
    change: impl FnOnce(&mut NumberRange),
) {
    let leaf = ledger.numbering_mut(&of.key);
    if let Some(range) = leaf.ranges.get_mut(place as usize) {
        range.operation = context.operation;
        change(range);
    }
}

pub(crate) fn request(
    context: &Context<'_>,
    request: &RequestRange,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let of = numbering(context, &request.numbering)?;
    let Numbering {
        legal_issuer,
        class,
        series,
        period,
        ..
    } = &request.numbering;
    if !issues(agency, &request.numbering) {
        return Err(Refused::new(Code::NotEntitled));
    }
    let covers = agency.entitlements.iter().any(|entitlement| {
        entitlement.part == Part::Issue
            && entitlement.document_type == request.numbering.document_type
            && entitlement.region == request.numbering.region
            && entitlement.covers(legal_issuer)
    });
    if !covers {
        return Err(Refused::new(Code::OutsideScope));
    }
    let span = span(request.first, request.last)?;
    if span.count() > RANGE_NUMBERS_MAX {
        let detail = format!("a range has at most {RANGE_NUMBERS_MAX} numbers");
        return Err(Refused::saying(Code::TooLarge, detail));
    }
    let wanted = NumberRange {
        first: request.first,
        last: request.last,
        digits: request.digits,
        document_type: of.rules.id.clone(),
        holder: agency.id.clone(),
        state: RangeState::Requested,
        since: context.block_time,
        valid_before: None,
        parent: None,
        issued: Vec::new(),
        voided: Vec::new(),
        delegated: Vec::new(),
        operation: context.operation,
        reason: None,
    };
    if !(1..=DIGITS_MAX).contains(&request.digits)
        || wanted.written(request.last).len() != usize::from(request.digits)
    {
        let detail = format!("numbers are written with 1 to {DIGITS_MAX} digits, and all must fit");
        return Err(Refused::saying(Code::BadField, detail));
    }
    for number in [request.first, request.last] {
        let identity = request.numbering.identity(wanted.written(number));
        (of.profile.check(&identity))
            .map_err(|error| Refused::saying(Code::BadIdentity, error.to_string()))?;
    }
    if let Some(leaf) = ledger.numbering(&of.key) {
        let meets = |range: &&NumberRange| {
            range.digits == request.digits
                && !range.is_void()
                && numbering::meets(&[range.span()], span)
        };
        if let Some(taken) = leaf.ranges.iter().find(meets) {
            return Err(Refused::because_of(Code::RangeTaken, taken.operation));
        }
        if leaf.ranges.len() >= RANGES_MAX {
            return Err(Refused::new(Code::TooLarge));
        }
    }
    let leaf = ledger.numbering_mut(&of.key);
    leaf.profile = of.profile.name().to_owned();
    leaf.legal_issuer.clone_from(legal_issuer);
    leaf.class.clone_from(class);
    leaf.series.clone_from(series);
    leaf.period.clone_from(period);
    leaf.ranges.push(wanted);
    Ok(())
}

pub(crate) fn allocate(
    context: &Context<'_>,
    allocate: &AllocateRange,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let of = numbering(context, &allocate.numbering)?;
    let by = &allocate.numbering;
    check_supervises(agency, &by.document_type, &by.region, &by.legal_issuer)?;
    let (_, wanted) = range(ledger, &of, allocate.range)?;
    if wanted.state != RangeState::Requested {
        return Err(Refused::new(Code::WrongRangeState));
    }
    if allocate.valid_before <= context.block_time {
        let detail = "the range would be over already";
        return Err(Refused::saying(Code::BadField, detail));
    }
    change(context, ledger, &of, allocate.range, |range| {
        range.state = RangeState::Allocated;
        range.since = context.block_time;
        range.valid_before = Some(allocate.valid_before);
    });
    Ok(())
}

pub(crate) fn activate(
    context: &Context<'_>,
    activate: &ActivateRange,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let of = numbering(context, &activate.numbering)?;
    let own = own_range(context, ledger, &of, activate.range)?;
    match own.now(context.block_time) {
        RangeNow::Stored(RangeState::Allocated) => {}
        RangeNow::Expired => return Err(Refused::saying(Code::RangeNotActive, "expired")),
        _ => return Err(Refused::new(Code::WrongRangeState)),
    }
    change(context, ledger, &of, activate.range, |range| {
        range.state = RangeState::Active;
        range.since = context.block_time;
    });
    Ok(())
}

pub(crate) fn withdraw(
    context: &Context<'_>,
    withdraw: &WithdrawRange,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let of = numbering(context, &withdraw.numbering)?;
    let by = &withdraw.numbering;
    check_supervises(agency, &by.document_type, &by.region, &by.legal_issuer)?;
    check_text("reason", &withdraw.reason)?;
    let (leaf, old) = range(ledger, &of, withdraw.range)?;
    if old.state == RangeState::Withdrawn {
        return Err(Refused::new(Code::WrongRangeState));
    }
    // What was given out of it goes with it.
    let mut places = vec![withdraw.range];
    let mut at = 0;
    while let Some(parent) = places.get(at).copied() {
        let children = (0_u32..).zip(&leaf.ranges).filter(|(_, range)| {
            range.parent == Some(parent) && range.state != RangeState::Withdrawn
        });
        places.extend(children.map(|(place, _)| place));
        at += 1;
    }
    for place in places {
        change(context, ledger, &of, place, |range| {
            range.state = RangeState::Withdrawn;
            range.since = context.block_time;
            range.reason = Some(withdraw.reason.clone());
        });
    }
    Ok(())
}

/// Some numbers of an own range that are all open.
fn open_numbers<'l>(
    context: &Context<'_>,
    ledger: &'l Ledger<'_>,
    of: &Of<'_>,
    place: u32,
    span: NumberSpan,
) -> Result<&'l NumberRange, Refused> {
    let own = own_range(context, ledger, of, place)?;
    if own.state != RangeState::Active {
        return Err(Refused::new(Code::WrongRangeState));
    }
    if span.first < own.first || own.last < span.last {
        return Err(Refused::new(Code::OutsideRange));
    }
    let taken = [&own.issued, &own.voided, &own.delegated];
    if taken.into_iter().any(|spans| numbering::meets(spans, span)) {
        return Err(Refused::new(Code::NumberNotOpen));
    }
    Ok(own)
}

pub(crate) fn delegate(
    context: &Context<'_>,
    delegate: &DelegateRange,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let of = numbering(context, &delegate.numbering)?;
    let span = span(delegate.first, delegate.last)?;
    let own = open_numbers(context, ledger, &of, delegate.range, span)?;
    if let RangeNow::Expired = own.now(context.block_time) {
        return Err(Refused::saying(Code::RangeNotActive, "expired"));
    }
    let branch = ledger.agency(&delegate.to);
    if !branch
        .is_some_and(|branch| branch.standing.is_active() && issues(&branch, &delegate.numbering))
    {
        let detail = "the branch is no active agency that issues this type in this region";
        return Err(Refused::saying(Code::NotEntitled, detail));
    }
    let given = NumberRange {
        first: span.first,
        last: span.last,
        holder: delegate.to.clone(),
        since: context.block_time,
        parent: Some(delegate.range),
        issued: Vec::new(),
        voided: Vec::new(),
        delegated: Vec::new(),
        operation: context.operation,
        ..own.clone()
    };
    let (leaf, _) = range(ledger, &of, delegate.range)?;
    if leaf.ranges.len() >= RANGES_MAX || !has_room(leaf, &own.delegated, span) {
        return Err(Refused::new(Code::TooLarge));
    }
    ledger.numbering_mut(&of.key).ranges.push(given);
    change(context, ledger, &of, delegate.range, |range| {
        numbering::insert(&mut range.delegated, span);
    });
    Ok(())
}

pub(crate) fn void(
    context: &Context<'_>,
    void: &VoidNumbers,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let of = numbering(context, &void.numbering)?;
    check_text("reason", &void.reason)?;
    let span = span(void.first, void.last)?;
    if span.count() > VOID_NUMBERS_MAX {
        let detail = format!("at most {VOID_NUMBERS_MAX} numbers are declared void at once");
        return Err(Refused::saying(Code::TooLarge, detail));
    }
    let own = open_numbers(context, ledger, &of, void.range, span)?;
    let (leaf, _) = range(ledger, &of, void.range)?;
    if !has_room(leaf, &own.voided, span) {
        return Err(Refused::new(Code::TooLarge));
    }
    change(context, ledger, &of, void.range, |range| {
        numbering::insert(&mut range.voided, span);
    });
    Ok(())
}
