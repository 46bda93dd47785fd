//! How uses divide an invoice: which bind, where another has room, what everybody may know of them.
//!
//! The total is a line of minor units. Each use or lock takes a piece of it, or all of it. Purposes of
//! one exclusion set share a line; others have lines of their own. What was reversed shortens the sum
//! of each line, not the line: pieces that were given stay where they are.

use crate::execute::{Context, Refused};
use hefu_proof::derived::{has_passed, Halt};
use hefu_types::leaf::TypeRules;
use hefu_types::operation::Share;
use hefu_types::record::{
    Folded, Item, PrivateItem, Record, Span, UseItem, UseItemState, UseState, RECORD_BYTES_MAX,
    USES_MAX,
};
use hefu_types::{Blinding, Code, Millis};
use std::collections::BTreeSet;

/// What a record keeps free when a use is added: for the use with the longest names, and for the events
/// that follow it.
const ROOM_BYTES: usize = 768;
/// With fewer uses no record is long.
const LENGTHY_USES: usize = 4;

/// Whether a use or a lock takes its piece from everybody else.
pub(crate) fn binds(item: &UseItem, now: Millis, halt: Halt) -> bool {
    match item.state {
        UseItemState::Consumed => true,
        UseItemState::Locked(until) => !has_passed(until, now, halt),
        UseItemState::Released | UseItemState::TakenBack | UseItemState::SetAside => false,
    }
}

/// The uses and locks that bind.
pub(crate) fn binding<'r>(
    record: &'r Record,
    context: &Context<'_>,
) -> impl Iterator<Item = &'r UseItem> {
    let (now, halt) = (context.block_time, context.halt);
    record.uses().filter(move |item| binds(item, now, halt))
}

/// The length of the line, where the total is known and is one that can be divided.
pub(crate) fn total(record: &Record) -> Option<u64> {
    let total = record.total()?.minor_units;
    u64::try_from(total).ok().filter(|units| *units > 0)
}

/// What may be used in all: the total less what was reversed.
pub(crate) fn left(record: &Record) -> Option<u64> {
    total(record).map(|total| total.saturating_sub(record.reversed()))
}

/// The sets of purposes of which a purpose is one: itself, and those that exclude it.
fn sets<'r>(rules: &'r TypeRules, purpose: &'r str) -> Vec<BTreeSet<&'r str>> {
    let mut sets = vec![BTreeSet::from([purpose])];
    for set in &rules.exclusions {
        if set.iter().any(|name| name == purpose) {
            sets.push(set.iter().map(String::as_str).collect());
        }
    }
    sets
}

/// All lines of a type, each with the purposes that share it.
pub(crate) fn lines(rules: &TypeRules) -> Vec<BTreeSet<&str>> {
    let own = rules
        .purposes
        .iter()
        .map(|purpose| BTreeSet::from([purpose.name.as_str()]));
    let shared = (rules.exclusions.iter()).map(|set| set.iter().map(String::as_str).collect());
    own.chain(shared).collect()
}

/// Where a member asks for a piece.
pub(crate) struct Place<'r> {
    pub record: &'r Record,
    pub rules: &'r TypeRules,
    pub purpose: &'r str,
    pub member: &'r str,
    /// The uses and locks that are in the way of it.
    pub related: Vec<&'r UseItem>,
}

impl<'r> Place<'r> {
    /// What is in the way, less what the caller sets aside.
    pub fn new(
        record: &'r Record,
        rules: &'r TypeRules,
        purpose: &'r str,
        member: &'r str,
        context: &Context<'_>,
        set_aside: impl Fn(&UseItem) -> bool,
    ) -> Self {
        let related = binding(record, context)
            .filter(|item| rules.excludes(&item.purpose, purpose) && !set_aside(item))
            .collect();
        Self {
            record,
            rules,
            purpose,
            member,
            related,
        }
    }

    /// The piece that is given, or why none is. `None`: all of a document that cannot be divided.
    pub fn find(&self, share: &Share, context: &Context<'_>) -> Result<Option<Span>, Refused> {
        let Some(left) = left(self.record) else {
            if *share != Share::Whole {
                return Err(Refused::new(Code::NotDivisible));
            }
            return match self.related.first() {
                Some(_) => Err(self.in_the_way(&self.related, context)),
                None => Ok(None),
            };
        };
        let divisible = (self.rules.purpose(self.purpose)).is_some_and(|rules| rules.divisible);
        let all = Span { from: 0, to: left };
        let span = match share {
            Share::Whole => all,
            // A part that is all of it needs no rule for parts.
            Share::Amount(units) if *units == left && self.related.is_empty() => all,
            Share::Units(span) if *span == all => all,
            Share::Amount(0) => return Err(empty()),
            Share::Units(span) if span.is_empty() => return Err(empty()),
            _ if !divisible => return Err(Refused::new(Code::NotDivisible)),
            Share::Units(span) => *span,
            Share::Amount(units) => self.lowest(*units, context)?,
        };
        if total(self.record).is_some_and(|total| span.to > total) {
            return Err(self.exceeds());
        }
        let in_the_way: Vec<&UseItem> = (self.related.iter().copied())
            .filter(|item| item.share.is_none_or(|taken| taken.meets(&span)))
            .collect();
        if !in_the_way.is_empty() {
            return Err(self.in_the_way(&in_the_way, context));
        }
        if self.free(left) < span.len() || span.is_empty() {
            return Err(self.exceeds());
        }
        Ok(Some(span))
    }

    /// The lowest place where so many minor units are free in one piece.
    fn lowest(&self, units: u64, context: &Context<'_>) -> Result<Span, Refused> {
        let gaps = self.gaps();
        match gaps.iter().find(|gap| gap.len() >= units) {
            Some(gap) => Ok(Span {
                from: gap.from,
                to: gap.from + units,
            }),
            None if gaps.is_empty() => Err(self.in_the_way(&self.related, context)),
            None => Err(self.exceeds()),
        }
    }

    /// The pieces of the line that nobody has, ascending.
    fn gaps(&self) -> Vec<Span> {
        let end = total(self.record).unwrap_or(0);
        let mut taken: Vec<Span> = (self.related.iter())
            .map(|item| item.share.unwrap_or(Span { from: 0, to: end }))
            .collect();
        taken.sort_unstable();
        let mut gaps = Vec::new();
        let mut from = 0;
        for span in taken {
            if from < span.from {
                gaps.push(Span {
                    from,
                    to: span.from,
                });
            }
            from = from.max(span.to);
        }
        if from < end {
            gaps.push(Span { from, to: end });
        }
        gaps
    }

    /// How many minor units are still free on the fullest of the purpose's lines.
    fn free(&self, left: u64) -> u64 {
        let free = |set: &BTreeSet<&str>| {
            let used = (self.related.iter())
                .filter(|item| set.contains(item.purpose.as_str()))
                .map(|item| item.share.map_or(left, |span| span.len()))
                .fold(0, u64::saturating_add);
            left.saturating_sub(used)
        };
        sets(self.rules, self.purpose)
            .iter()
            .map(free)
            .min()
            .unwrap_or(0)
    }

    fn exceeds(&self) -> Refused {
        let left = left(self.record).unwrap_or(0);
        let piece = self.gaps().iter().map(Span::len).max().unwrap_or(0);
        let free = piece.min(self.free(left));
        Refused::saying(
            Code::ExceedsBalance,
            format!("free in one piece: {free} minor units"),
        )
    }

    /// A business answer for who comes too late: what is in the way, until when; by whom only where the
    /// type's rules say so.
    fn in_the_way(&self, items: &[&UseItem], context: &Context<'_>) -> Refused {
        let own =
            (items.iter()).find(|item| item.member == self.member && item.purpose == self.purpose);
        if let Some(item) = own.filter(|item| matches!(item.state, UseItemState::Locked(_))) {
            return Refused {
                code: Code::LockHeld,
                evidence: item.lock,
                detail: until(item, context),
            };
        }
        let used = (items.iter()).find(|item| item.state == UseItemState::Consumed);
        let Some(item) = used.or_else(|| {
            // The last lock to lapse says when to try again.
            let time = |item: &&&UseItem| match item.state {
                UseItemState::Locked(until) => until,
                _ => Millis(0),
            };
            items.iter().max_by_key(time)
        }) else {
            return Refused::new(Code::Locked);
        };
        let by = if (self.rules.purpose(&item.purpose)).is_some_and(|rules| rules.names_member) {
            format!(", by {}", item.member)
        } else {
            String::new()
        };
        let code = match item.state {
            UseItemState::Consumed if item.purpose == self.purpose => Code::AlreadyUsed,
            UseItemState::Consumed => Code::PurposeExcluded,
            _ => Code::Locked,
        };
        let said = match until(item, context) {
            Some(until) => format!("for {} {until}{by}", item.purpose),
            None => format!("for {} since {}{by}", item.purpose, item.block_time),
        };
        Refused {
            // Who used it himself is told by which operation: its receipt is his.
            evidence: own.and_then(|item| item.consumption),
            ..Refused::saying(code, said)
        }
    }
}

fn until(item: &UseItem, context: &Context<'_>) -> Option<String> {
    match item.state {
        UseItemState::Locked(until) => {
            let until = hefu_proof::derived::deadline(until, context.halt);
            Some(format!("until {until}"))
        }
        _ => None,
    }
}

fn empty() -> Refused {
    Refused::saying(Code::BadField, "the share must not be empty")
}

/// Adds a use to a record. What no longer binds makes room, the oldest first, and folds into a chain:
/// also where the record would become too long, or locks that are over would keep a use out for ever.
pub(crate) fn add(
    record: &mut Record,
    context: &Context<'_>,
    blinding: Blinding,
    item: UseItem,
) -> Result<(), Refused> {
    loop {
        let count = record.uses().count();
        let is_full = count >= USES_MAX;
        let is_short = || record.encode().len() + ROOM_BYTES <= RECORD_BYTES_MAX;
        if !is_full && (count < LENGTHY_USES || is_short()) {
            break;
        }
        if fold_oldest(record, context, blinding) {
            continue;
        }
        if is_full {
            return Err(Refused::new(Code::TooManyShares));
        }
        break;
    }
    record.private.push(PrivateItem {
        blinding,
        item: Item::Use(item),
    });
    Ok(())
}

/// Folds the oldest use that no longer binds; whether there was one.
fn fold_oldest(record: &mut Record, context: &Context<'_>, blinding: Blinding) -> bool {
    let is_over = |private: &PrivateItem| match &private.item {
        Item::Use(item) => !binds(item, context.block_time, context.halt),
        _ => false,
    };
    let Some(oldest) = record.private.iter().position(is_over) else {
        return false;
    };
    let oldest = record.private.remove(oldest);
    let mut folded = None;
    record.private.retain(|private| match private.item {
        Item::FoldedUses(before) => {
            folded = Some(before);
            false
        }
        _ => true,
    });
    record.private.push(PrivateItem {
        blinding,
        item: Item::FoldedUses(Folded::and(folded, context.suite, &oldest)),
    });
    true
}

/// Writes anew what everybody may know of the uses.
pub(crate) fn tell(record: &mut Record, context: &Context<'_>) {
    let left = left(record);
    let mut uses: Vec<UseState> = Vec::new();
    let purposes: BTreeSet<String> = binding(record, context)
        .map(|item| item.purpose.clone())
        .collect();
    for purpose in purposes {
        let of = || binding(record, context).filter(|item| item.purpose == purpose);
        let takes_all = |items: &mut dyn Iterator<Item = &UseItem>| match left {
            None => items.next().is_some(),
            Some(left) => {
                let taken = items.map(|item| item.share.map_or(left, |span| span.len()));
                taken.fold(0, u64::saturating_add) >= left
            }
        };
        let consumed = || of().filter(|item| item.state == UseItemState::Consumed);
        uses.push(UseState {
            consumed_at: consumed().map(|item| item.block_time).min(),
            locked_until: of()
                .filter_map(|item| match item.state {
                    UseItemState::Locked(until) => Some(until),
                    _ => None,
                })
                .max(),
            whole: takes_all(&mut of()),
            consumed_whole: consumed().next().is_some() && takes_all(&mut consumed()),
            unattested: of().any(|item| item.unattested),
            purpose,
        });
    }
    record.public.uses = uses;
}
