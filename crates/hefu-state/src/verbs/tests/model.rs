//! The use of invoices against a model that is slow and obviously right: each use has its minor units
//! as a set, a lock that lapses is gone, a halt moves every deadline that it meets. Nothing is shared
//! with the rules but the words of the rows.
//!
//! `HEFU_MODEL_CASES` asks for more sequences than a run of all tests has.

use super::rows::Desk;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const MEMBERS: [&str; 3] = ["buyer", "other", "hostile"];
/// Each with whether it is divided.
const PURPOSES: [(&str, bool); 4] = [
    ("book", true),
    ("deduct", false),
    ("reimburse", true),
    ("subsidy", false),
];
/// A for a named member, B for the first one; the issuer of C comes late.
const DOCUMENTS: [&str; 3] = ["A", "B", "C"];

fn excludes(one: &str, other: &str) -> bool {
    let both = |purpose: &str| ["reimburse", "subsidy"].contains(&purpose);
    one == other || (both(one) && both(other))
}

/// The purposes whose uses together are within what is left.
fn lines() -> Vec<Vec<&'static str>> {
    let mut lines: Vec<Vec<_>> = PURPOSES.iter().map(|(name, _)| vec![*name]).collect();
    lines.push(vec!["reimburse", "subsidy"]);
    lines
}

#[derive(Clone, Debug)]
enum Share {
    Whole,
    Amount(u64),
    Units(u64, u64),
}

/// What somebody tries. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Act {
    Lock(usize, usize, usize, Share, u64),
    Consume(usize, usize, usize, Share),
    ConsumeLock(usize, usize, usize),
    Release(usize, usize, usize),
    Register,
    Cancel(usize),
    Correct(usize, u64),
    Replace(usize),
    /// The issuer is who comes after the members.
    Request(usize, usize, Option<u64>),
    Answer(usize, usize, bool),
    Withdraw(usize, usize),
    Reverse(usize, Option<u64>),
    Clawback(usize, usize, usize, Option<u64>),
    HandOver(usize, usize, usize),
    /// Every side in turn agrees.
    AgreeAll(usize),
    /// As it was asked for.
    ReverseAsked(usize),
    /// By who asked.
    WithdrawAsked(usize),
    /// By who has the use, and by the issuer.
    ClawbackBoth(usize, usize, Option<u64>),
    Wait(u64),
    Halt(u64),
}

fn acts() -> impl Strategy<Value = Act> {
    use Act::*;
    let share = prop_oneof![
        2 => Just(Share::Whole),
        3 => (0_u64..8).prop_map(Share::Amount),
        2 => (0_u64..7, 0_u64..8).prop_map(|(from, to)| Share::Units(from, to)),
    ];
    let (d, m, p, n) = (0..3_usize, 0..3_usize, 0..4_usize, 0..6_usize);
    let side = 0..4_usize;
    let units = proptest::option::weighted(0.85, 0_u64..5);
    prop_oneof![
        9 => (d.clone(), m.clone(), p.clone(), share.clone(), 1_u64..90)
            .prop_map(|(d, m, p, s, t)| Lock(d, m, p, s, t)),
        9 => (d.clone(), m.clone(), p.clone(), share).prop_map(|(d, m, p, s)| Consume(d, m, p, s)),
        3 => (d.clone(), m.clone(), n.clone()).prop_map(|(d, m, n)| ConsumeLock(d, m, n)),
        2 => (d.clone(), m.clone(), n.clone()).prop_map(|(d, m, n)| Release(d, m, n)),
        1 => Just(Register),
        1 => d.clone().prop_map(Cancel),
        1 => (d.clone(), 1_u64..7).prop_map(|(d, total)| Correct(d, total)),
        1 => d.clone().prop_map(Replace),
        3 => (d.clone(), side.clone(), units.clone()).prop_map(|(d, s, u)| Request(d, s, u)),
        9 => (d.clone(), side.clone(), proptest::bool::weighted(0.65))
            .prop_map(|(d, s, agrees)| Answer(d, s, agrees)),
        2 => (d.clone(), side.clone()).prop_map(|(d, s)| Withdraw(d, s)),
        3 => d.clone().prop_map(WithdrawAsked),
        1 => (d.clone(), units.clone()).prop_map(|(d, u)| Reverse(d, u)),
        4 => d.clone().prop_map(AgreeAll),
        3 => d.clone().prop_map(ReverseAsked),
        2 => (d.clone(), n.clone(), units.clone()).prop_map(|(d, n, u)| ClawbackBoth(d, n, u)),
        4 => (d.clone(), side, n, units).prop_map(|(d, s, n, u)| Clawback(d, s, n, u)),
        1 => (d, m.clone(), m).prop_map(|(d, from, to)| HandOver(d, from, to)),
        3 => prop_oneof![Just(10), Just(50), Just(300), Just(25 * 60), Just(71 * 60)].prop_map(Wait),
        1 => prop_oneof![Just(61), Just(90), Just(240)].prop_map(Halt),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Unattested,
    Issued,
    PartlyReversed,
    Reversed,
    Cancelled,
    Replaced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NoConsentNeeded,
    AwaitsUser,
    AwaitsIssuer,
    Agreed,
    DeniedByUser,
    DeniedByIssuer,
    TimedOut,
    Withdrawn,
    WithdrawnAfterAgreement,
}

#[derive(Clone, Debug)]
struct Request {
    stage: Stage,
    by: usize,
    units: Option<u64>,
    deadline: u64,
}

impl Request {
    fn is_open(&self) -> bool {
        use Stage::*;
        matches!(
            self.stage,
            NoConsentNeeded | AwaitsUser | AwaitsIssuer | Agreed
        )
    }
}

/// A use or a lock; of one that is over only who had it, and since when, is remembered.
#[derive(Clone, Debug)]
struct Use {
    name: String,
    member: usize,
    purpose: &'static str,
    units: BTreeSet<u64>,
    began: u64,
    /// Of a lock.
    until: Option<u64>,
    was_lock: bool,
    is_over: bool,
    unattested: bool,
    agreed: bool,
    clawback: Option<(bool, Option<u64>, u64)>,
}

impl Use {
    fn is_lock(&self) -> bool {
        !self.is_over && self.until.is_some()
    }

    fn is_used(&self) -> bool {
        !self.is_over && self.until.is_none()
    }
}

#[derive(Clone, Debug)]
struct Document {
    state: State,
    registered: u64,
    /// Who has the right: a member, or whoever comes first.
    right: Option<usize>,
    first_right: Option<usize>,
    total: u64,
    reversed: u64,
    reversals: usize,
    uses: Vec<Use>,
    request: Option<Request>,
}

impl Document {
    fn left(&self) -> u64 {
        self.total - self.reversed
    }

    fn in_use(&self) -> bool {
        self.uses.iter().any(|of| !of.is_over)
    }

    fn all_agree(&self) -> bool {
        self.uses.iter().all(|of| of.is_over || of.agreed)
    }

    fn is_open(&self) -> bool {
        self.request.as_ref().is_some_and(Request::is_open)
    }

    fn forget(&mut self) {
        for of in &mut self.uses {
            of.agreed = false;
        }
    }

    fn is_final(&self) -> bool {
        matches!(
            self.state,
            State::Reversed | State::Cancelled | State::Replaced
        )
    }
}

/// The codes of which one is right; `ok` among them where it may be done.
type Codes = Vec<&'static str>;

struct Model {
    now: u64,
    grace_until: u64,
    documents: Vec<Document>,
    count: usize,
}

/// Where a share lies, or why it lies nowhere.
type Place = Result<BTreeSet<u64>, Codes>;

impl Model {
    fn new() -> Self {
        let document = |state, right| Document {
            state,
            registered: 0,
            right,
            first_right: right,
            total: 6,
            reversed: 0,
            reversals: 0,
            uses: Vec::new(),
            request: None,
        };
        Self {
            now: 0,
            grace_until: 0,
            documents: vec![
                document(State::Issued, Some(0)),
                document(State::Issued, None),
                document(State::Absent, Some(0)),
            ],
            count: 0,
        }
    }

    /// A block at this time.
    fn pass(&mut self, to: u64) {
        if to - self.now > HOUR {
            let grace = to + HOUR;
            self.grace_until = grace;
            for document in &mut self.documents {
                for of in &mut document.uses {
                    of.until = of.until.map(|until| until.max(grace));
                    of.clawback = of
                        .clawback
                        .map(|(side, units, at)| (side, units, at.max(grace)));
                }
                if let Some(request) = &mut document.request {
                    request.deadline = request.deadline.max(grace);
                }
            }
        }
        self.now = to;
        for document in &mut self.documents {
            for of in &mut document.uses {
                of.is_over |= of.until.is_some_and(|until| until <= to);
                of.clawback = of.clawback.filter(|(_, _, deadline)| *deadline > to);
            }
            if let Some(request) = &mut document.request {
                if request.is_open() && request.deadline <= to {
                    request.stage = Stage::TimedOut;
                }
            }
        }
    }

    fn deadline(&self, after: u64) -> u64 {
        (self.now + after).max(self.grace_until)
    }

    /// Whether the right is shown; `None` where it would have to be and is not.
    fn shown(&self, d: usize, member: usize) -> Option<bool> {
        let document = &self.documents[d];
        match (document.state, document.right) {
            (State::Absent | State::Unattested, _) | (_, None) => Some(false),
            (_, Some(of)) => (of == member).then_some(true),
        }
    }

    fn usable(&self, d: usize) -> Result<(), Codes> {
        let document = &self.documents[d];
        let asked = document
            .request
            .as_ref()
            .filter(|request| request.is_open());
        if document.is_final() {
            Err(vec!["WrongState"])
        } else if asked.is_some_and(|request| request.stage != Stage::AwaitsIssuer) {
            Err(vec!["ConsentPending"])
        } else {
            Ok(())
        }
    }

    fn place(
        &self,
        d: usize,
        member: usize,
        (purpose, divisible): (&'static str, bool),
        share: &Share,
        ignored: &dyn Fn(&Use) -> bool,
    ) -> Place {
        let document = &self.documents[d];
        let left = document.left();
        let in_line = |of: &&Use| !of.is_over && excludes(of.purpose, purpose) && !ignored(of);
        let taken: Vec<&Use> = document.uses.iter().filter(in_line).collect();
        let is_free = |unit: &u64| !taken.iter().any(|of| of.units.contains(unit));
        let all: BTreeSet<u64> = (0..left).collect();
        let in_the_way = |of: &[&Use]| -> Codes {
            let own = |of: &&&Use| of.member == member && of.purpose == purpose && of.is_lock();
            let used: BTreeSet<_> = of
                .iter()
                .filter(|of| of.is_used())
                .map(|of| of.purpose)
                .collect();
            let mut codes = Vec::new();
            if of.iter().any(|of| own(&of)) {
                codes.push("LockHeld");
            }
            codes.extend(used.iter().map(|other| {
                if *other == purpose {
                    "AlreadyUsed"
                } else {
                    "PurposeExcluded"
                }
            }));
            if used.is_empty() {
                codes.push("Locked");
            }
            codes
        };
        let wanted: BTreeSet<u64> = match share {
            Share::Whole => all,
            Share::Amount(units) if *units == left && taken.is_empty() => all,
            Share::Units(0, to) if *to == left => all,
            Share::Amount(0) => return Err(vec!["BadField"]),
            Share::Units(from, to) if from >= to => return Err(vec!["BadField"]),
            _ if !divisible => return Err(vec!["NotDivisible"]),
            Share::Units(from, to) => (*from..*to).collect(),
            Share::Amount(units) => {
                let piece =
                    |from: &u64| (*from..from + units).all(|u| u < document.total && is_free(&u));
                match (0..document.total).find(piece) {
                    Some(from) => (from..from + units).collect(),
                    None if (0..document.total).any(|unit| is_free(&unit)) => {
                        return Err(vec!["ExceedsBalance"]);
                    }
                    None => return Err(in_the_way(&taken)),
                }
            }
        };
        if wanted.iter().any(|unit| *unit >= document.total) {
            return Err(vec!["ExceedsBalance"]);
        }
        let met: Vec<&Use> = taken
            .iter()
            .copied()
            .filter(|of| !of.units.is_disjoint(&wanted))
            .collect();
        if !met.is_empty() {
            return Err(in_the_way(&met));
        }
        for line in lines().iter().filter(|line| line.contains(&purpose)) {
            let used: usize = taken
                .iter()
                .filter(|of| line.contains(&of.purpose))
                .map(|of| of.units.len())
                .sum();
            if (used + wanted.len()) as u64 > left {
                return Err(vec!["ExceedsBalance"]);
            }
        }
        if wanted.is_empty() {
            Err(vec!["ExceedsBalance"])
        } else {
            Ok(wanted)
        }
    }

    /// Whether records of many uses begin to forget: the model does not count bytes.
    fn is_crowded(&self, d: usize) -> bool {
        self.documents[d].uses.len() >= 8
    }

    fn use_it(
        &mut self,
        d: usize,
        member: usize,
        purpose: &'static str,
        units: BTreeSet<u64>,
        lock: Option<u64>,
    ) {
        let shown = self.shown(d, member) == Some(true);
        let (now, name) = (self.now, format!("U{}", self.count));
        let until = lock.map(|minutes| self.deadline(minutes * MINUTE));
        let document = &mut self.documents[d];
        if document.state == State::Absent {
            document.state = State::Unattested;
        }
        for of in &mut document.uses {
            let of_line = !of.is_over && excludes(of.purpose, purpose);
            let set_aside = shown && of.unattested && of.member != member && of_line;
            let replaced =
                lock.is_none() && of.is_lock() && of.member == member && of.purpose == purpose;
            of.is_over |= set_aside || replaced;
        }
        let unattested = document.state == State::Unattested;
        document.uses.push(Use {
            name,
            member,
            purpose,
            units,
            began: now,
            until,
            was_lock: lock.is_some(),
            is_over: false,
            unattested,
            agreed: false,
            clawback: None,
        });
    }

    /// Lets a line have no more than is left: locks first, then the highest units.
    fn shorten(document: &mut Document) {
        let left = document.left();
        for line in lines() {
            loop {
                let mut uses: Vec<&mut Use> = document
                    .uses
                    .iter_mut()
                    .filter(|of| !of.is_over && line.contains(&of.purpose))
                    .collect();
                let taken: usize = uses.iter().map(|of| of.units.len()).sum();
                if taken as u64 <= left {
                    break;
                }
                uses.sort_by_key(|of| (of.is_used(), std::cmp::Reverse(of.units.last().copied())));
                let Some(last) = uses.first_mut() else { break };
                if last.is_lock() {
                    last.is_over = true;
                } else {
                    last.units.pop_last();
                    last.is_over = last.units.is_empty();
                }
            }
        }
    }

    fn amount(document: &Document, asked: Option<u64>) -> Result<u64, Codes> {
        match asked {
            Some(0) => Err(vec!["BadField"]),
            Some(units) if units > document.left() => Err(vec!["OverReversal"]),
            asked => Ok(asked.unwrap_or(document.left())),
        }
    }
}

/// One sequence on both, compared after each step.
struct Both {
    model: Model,
    desk: Desk,
    /// The time of the real machine when the model's began.
    start: u64,
}

const ISSUER: usize = MEMBERS.len();

fn actor(side: usize) -> &'static str {
    MEMBERS.get(side).copied().unwrap_or("tax")
}

fn said_share(share: &Share) -> String {
    match share {
        Share::Whole => "whole".to_owned(),
        Share::Amount(units) => units.to_string(),
        Share::Units(from, to) => format!("{from}..{to}"),
    }
}

fn said_units(units: Option<u64>) -> String {
    units.map_or(String::new(), |units| units.to_string())
}

impl Both {
    fn new() -> Self {
        let mut desk = Desk::small();
        desk.line("tax register A total=6 right=named:buyer -> ok");
        desk.line("tax register B total=6 right=any -> ok");
        desk.line("tax register Z total=6 -> ok");
        let start = desk.world.before.time.0;
        Self {
            model: Model::new(),
            desk,
            start,
        }
    }

    /// Tries it on the real machine; whether it was done.
    fn attempt(&mut self, who: &str, said: &str, codes: &Codes) -> bool {
        let found = self.desk.play(who, said).remove(0);
        assert!(
            codes.contains(&found.as_str()),
            "{who} {said}: {found}, expected {codes:?}"
        );
        if found == "ok" {
            self.desk.name(format!("U{}", self.model.count));
        }
        found == "ok"
    }

    fn step(&mut self, act: &Act) {
        match act {
            Act::AgreeAll(d) => {
                return (0..=ISSUER).for_each(|side| self.step(&Act::Answer(*d, side, true)));
            }
            Act::ReverseAsked(d) => {
                let asked = self.model.documents[*d].request.as_ref();
                return self.step(&Act::Reverse(*d, asked.and_then(|request| request.units)));
            }
            Act::WithdrawAsked(d) => {
                let asked = self.model.documents[*d].request.as_ref();
                let by = asked.map_or(ISSUER, |request| request.by);
                return self.step(&Act::Withdraw(*d, by));
            }
            Act::ClawbackBoth(d, n, units) => {
                let Some(at) = self.nth(*d, *n) else { return };
                let member = self.model.documents[*d].uses[at].member;
                self.step(&Act::Clawback(*d, member, *n, *units));
                return self.step(&Act::Clawback(*d, ISSUER, *n, *units));
            }
            Act::Wait(minutes) => {
                self.desk.world.wait(minutes * MINUTE);
                for _ in 0..*minutes {
                    let to = self.model.now + MINUTE;
                    self.model.pass(to);
                }
            }
            Act::Halt(minutes) => {
                self.desk.world.pass(minutes * MINUTE);
                let to = self.model.now + minutes * MINUTE;
                self.model.pass(to);
            }
            _ => {
                let to = self.model.now + 1;
                self.model.pass(to);
                self.model.count += 1;
                self.act(act);
                // There was nothing that it could be tried on.
                if self.desk.world.before.time.0 < self.start + self.model.now {
                    self.desk.world.pass(1);
                }
            }
        }
        assert_eq!(self.start + self.model.now, self.desk.world.before.time.0);
        self.compare();
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Lock(d, m, p, share, minutes) => self.lock(*d, *m, *p, share, *minutes),
            Act::Consume(d, m, p, share) => self.consume(*d, *m, *p, share),
            Act::ConsumeLock(d, m, n) => self.consume_lock(*d, *m, *n),
            Act::Release(d, m, n) => self.release(*d, *m, *n),
            Act::Register => self.register(),
            Act::Cancel(d) => self.cancel(*d),
            Act::Correct(d, total) => self.correct(*d, *total),
            Act::Replace(d) => self.replace(*d),
            Act::Request(d, side, units) => self.request(*d, *side, *units),
            Act::Answer(d, side, agrees) => self.answer(*d, *side, *agrees),
            Act::Withdraw(d, side) => self.withdraw(*d, *side),
            Act::Reverse(d, units) => self.reverse(*d, *units),
            Act::Clawback(d, side, n, units) => self.clawback(*d, *side, *n, *units),
            Act::HandOver(d, from, to) => self.hand_over(*d, *from, *to),
            _ => unreachable!("a step takes it apart"),
        }
    }

    /// What a claim of a document says of itself while its issuer has not registered it.
    fn unattested(&self, d: usize) -> &'static str {
        let is_there = !matches!(
            self.model.documents[d].state,
            State::Absent | State::Unattested
        );
        if is_there {
            ""
        } else {
            "unattested=6"
        }
    }

    fn lock(&mut self, d: usize, m: usize, p: usize, share: &Share, minutes: u64) {
        let (purpose, divisible) = PURPOSES[p];
        let said = format!(
            "lock {} {purpose} {} for={minutes}m {}",
            DOCUMENTS[d],
            said_share(share),
            self.unattested(d)
        );
        let model = &self.model;
        let outcome = (|| {
            let shown = model.shown(d, m).ok_or(vec!["NoRightToUse"])?;
            model.usable(d)?;
            if !shown && minutes > 60 {
                return Err(vec!["BadField"]);
            }
            let set_aside = |of: &Use| shown && of.unattested && of.member != m;
            let place = model.place(d, m, (purpose, divisible), share, &set_aside);
            let mut refused = Vec::new();
            for of in &model.documents[d].uses {
                let own = of.member == m && excludes(of.purpose, purpose) && of.was_lock;
                if shown || !own || of.is_used() {
                    continue;
                }
                if of.is_lock() {
                    refused.push("LockHeld");
                } else if model.now < of.began + 24 * HOUR {
                    refused.push("LockedBefore");
                }
            }
            if refused.is_empty() {
                return place.map(|units| (vec!["ok"], units));
            }
            // A lock that is over is forgotten once there are many; one that binds is not.
            if model.is_crowded(d) && !refused.contains(&"LockHeld") {
                return match place {
                    Ok(units) => {
                        refused.push("ok");
                        Ok((refused, units))
                    }
                    Err(codes) => Err([refused, codes].concat()),
                };
            }
            Err(refused)
        })();
        self.place_it(outcome, d, m, purpose, &said, Some(minutes));
    }

    fn place_it(
        &mut self,
        outcome: Result<(Codes, BTreeSet<u64>), Codes>,
        d: usize,
        m: usize,
        purpose: &'static str,
        said: &str,
        lock: Option<u64>,
    ) {
        let (mut codes, units) = match outcome {
            Ok((codes, units)) => (codes, Some(units)),
            Err(codes) => (codes, None),
        };
        if self.model.is_crowded(d) {
            codes.extend(["TooManyShares", "TooLarge"]);
        }
        if self.attempt(MEMBERS[m], said, &codes) {
            self.model
                .use_it(d, m, purpose, units.expect("a place"), lock);
        }
    }

    fn consume(&mut self, d: usize, m: usize, p: usize, share: &Share) {
        let (purpose, divisible) = PURPOSES[p];
        let said = format!(
            "consume {} {purpose} {} {}",
            DOCUMENTS[d],
            said_share(share),
            self.unattested(d)
        );
        let model = &self.model;
        let outcome = (|| {
            let shown = model.shown(d, m).ok_or(vec!["NoRightToUse"])?;
            model.usable(d)?;
            let ignored = |of: &Use| {
                let own_lock = of.is_lock() && of.member == m && of.purpose == purpose;
                own_lock || (shown && of.unattested && of.member != m)
            };
            let place = model.place(d, m, (purpose, divisible), share, &ignored);
            place.map(|units| (vec!["ok"], units))
        })();
        self.place_it(outcome, d, m, purpose, &said, None);
    }

    /// The n-th of a document's uses, those that are over included.
    fn nth(&self, d: usize, n: usize) -> Option<usize> {
        let count = self.model.documents[d].uses.len();
        (count > 0).then(|| (count - 1) - n % count)
    }

    fn consume_lock(&mut self, d: usize, m: usize, n: usize) {
        let Some(at) = self.nth(d, n) else { return };
        let of = &self.model.documents[d].uses[at];
        let said = format!("consume {} {} lock={}", DOCUMENTS[d], of.purpose, of.name);
        let codes = match self.model.usable(d) {
            Err(codes) => codes,
            Ok(()) if of.is_lock() && of.member == m => vec!["ok"],
            Ok(()) => vec!["LockOver"],
        };
        let lock = of.name.clone();
        if self.attempt(MEMBERS[m], &said, &codes) {
            let now = self.model.now;
            let name = format!("U{}", self.model.count);
            let of = &mut self.model.documents[d].uses[at];
            (of.until, of.began, of.name) = (None, now, name);
            assert_ne!(of.name, lock);
        }
    }

    fn release(&mut self, d: usize, m: usize, n: usize) {
        let Some(at) = self.nth(d, n) else { return };
        let of = &self.model.documents[d].uses[at];
        let said = format!("release {} {}", DOCUMENTS[d], of.name);
        let is_own = of.is_lock() && of.member == m;
        let codes = vec![if is_own { "ok" } else { "LockOver" }];
        if self.attempt(MEMBERS[m], &said, &codes) {
            self.model.documents[d].uses[at].is_over = true;
        }
    }

    fn register(&mut self) {
        let document = &self.model.documents[2];
        let codes = match document.state {
            State::Absent | State::Unattested => vec!["ok"],
            State::Cancelled => vec!["SameAgain", "NumberBurned"],
            _ => vec!["SameAgain", "NumberTaken"],
        };
        if self.attempt(
            "tax",
            "register C total=6 right=named:buyer facts=C",
            &codes,
        ) {
            let now = self.model.now;
            let document = &mut self.model.documents[2];
            let is_new = matches!(document.state, State::Absent | State::Unattested);
            if is_new {
                (document.state, document.registered) = (State::Issued, now);
            }
        }
    }

    /// The issuer acts on its own document; nobody is the issuer of what is not registered.
    fn issuer(&self, d: usize) -> Result<&Document, Codes> {
        let document = &self.model.documents[d];
        match document.state {
            State::Absent => Err(vec!["UnknownRecord"]),
            State::Unattested => Err(vec!["NotEntitled"]),
            _ => Ok(document),
        }
    }

    /// Cancelled, corrected and replaced is what was not touched since it was issued.
    fn untouched(&self, d: usize, ever: bool, window: Option<&'static str>) -> Codes {
        let document = match self.issuer(d) {
            Ok(document) => document,
            Err(codes) => return codes,
        };
        let is_over = self.model.now >= document.registered + 24 * HOUR;
        let touched = if ever {
            !document.uses.is_empty()
        } else {
            document.in_use()
        };
        vec![match window {
            _ if document.state != State::Issued => "WrongState",
            _ if touched => "InUse",
            _ if document.is_open() => "ConsentPending",
            Some(code) if is_over => code,
            _ => "ok",
        }]
    }

    fn cancel(&mut self, d: usize) {
        let codes = self.untouched(d, false, Some("CancelWindowOver"));
        if self.attempt("tax", &format!("cancel {}", DOCUMENTS[d]), &codes) {
            self.model.documents[d].state = State::Cancelled;
        }
    }

    fn correct(&mut self, d: usize, total: u64) {
        if matches!(self.model.documents[d].state, State::Absent) {
            return;
        }
        let codes = self.untouched(d, true, Some("CorrectWindowOver"));
        let right = if d == 1 { "any" } else { "named:buyer" };
        let said = format!("correct {} total={total} right={right}", DOCUMENTS[d]);
        if self.attempt("tax", &said, &codes) {
            let document = &mut self.model.documents[d];
            (document.total, document.right) = (total, document.first_right);
        }
    }

    fn replace(&mut self, d: usize) {
        let codes = self.untouched(d, false, None);
        if self.attempt("tax", &format!("replace {} by=Z", DOCUMENTS[d]), &codes) {
            self.model.documents[d].state = State::Replaced;
        }
    }

    /// Whether a side may speak of a reversal.
    fn speaks(&self, d: usize, side: usize) -> Result<(), Codes> {
        if side == ISSUER {
            return self.issuer(d).map(|_| ());
        }
        let document = &self.model.documents[d];
        if document.state == State::Absent {
            return Err(vec!["UnknownRecord"]);
        }
        let uses = document
            .uses
            .iter()
            .any(|of| !of.is_over && of.member == side);
        if uses {
            Ok(())
        } else {
            Err(vec!["NoRightToUse"])
        }
    }

    fn request(&mut self, d: usize, side: usize, units: Option<u64>) {
        let document = &self.model.documents[d];
        let codes = (|| {
            self.speaks(d, side)?;
            if !matches!(document.state, State::Issued | State::PartlyReversed) {
                return Err(vec!["WrongState"]);
            }
            if document.is_open() {
                return Err(vec!["ConsentPending"]);
            }
            Model::amount(document, units).map(|_| ())
        })();
        let codes = codes.err().unwrap_or(vec!["ok"]);
        let said = format!("request-reversal {} {}", DOCUMENTS[d], said_units(units));
        if self.attempt(actor(side), &said, &codes) {
            let deadline = self.model.deadline(72 * HOUR);
            let document = &mut self.model.documents[d];
            document.forget();
            let stage = match (side == ISSUER, document.in_use()) {
                (true, false) => Stage::NoConsentNeeded,
                (true, true) => Stage::AwaitsUser,
                (false, _) => Stage::AwaitsIssuer,
            };
            for of in document.uses.iter_mut().filter(|of| !of.is_over) {
                of.agreed = of.member == side;
            }
            document.request = Some(Request {
                stage,
                by: side,
                units,
                deadline,
            });
        }
    }

    fn answer(&mut self, d: usize, side: usize, agrees: bool) {
        let document = &self.model.documents[d];
        let open = document
            .request
            .as_ref()
            .filter(|request| request.is_open());
        let mine = |of: &&Use| !of.is_over && of.member == side && !of.agreed;
        let asked = document.uses.iter().any(|of| mine(&of));
        let next = (|| {
            self.speaks(d, side)?;
            let stage = open.ok_or(vec!["NoConsent"])?.stage;
            match (side == ISSUER, stage) {
                (true, Stage::AwaitsIssuer) if !agrees => Ok(Stage::DeniedByIssuer),
                (true, Stage::AwaitsIssuer) if document.all_agree() => Ok(Stage::Agreed),
                (true, Stage::AwaitsIssuer) => Ok(Stage::AwaitsUser),
                (false, Stage::AwaitsUser | Stage::AwaitsIssuer) if asked && !agrees => {
                    Ok(Stage::DeniedByUser)
                }
                (false, Stage::AwaitsUser | Stage::AwaitsIssuer) if asked => {
                    let others = |of: &Use| of.is_over || of.agreed || of.member == side;
                    let all = document.uses.iter().all(others);
                    Ok(if all && stage == Stage::AwaitsUser {
                        Stage::Agreed
                    } else {
                        stage
                    })
                }
                _ => Err(vec!["AlreadySigned"]),
            }
        })();
        let codes = next.as_ref().err().cloned().unwrap_or(vec!["ok"]);
        let verb = if agrees { "agree" } else { "deny" };
        if self.attempt(actor(side), &format!("{verb} {}", DOCUMENTS[d]), &codes) {
            let deadline = self.model.deadline(72 * HOUR);
            let document = &mut self.model.documents[d];
            for of in document.uses.iter_mut().filter(|of| !of.is_over) {
                of.agreed |= of.member == side;
            }
            let request = document.request.as_mut().expect("it stands");
            request.stage = next.expect("a stage");
            request.deadline = deadline;
            if !request.is_open() {
                document.forget();
            }
        }
    }

    fn withdraw(&mut self, d: usize, side: usize) {
        let document = &self.model.documents[d];
        let open = document
            .request
            .as_ref()
            .filter(|request| request.is_open());
        let codes = match (self.issuer(d), open) {
            (Err(codes), _) if side == ISSUER => codes,
            _ if document.state == State::Absent => vec!["UnknownRecord"],
            (_, None) => vec!["NoConsent"],
            (_, Some(request)) if request.by == side => vec!["ok"],
            _ => vec!["NotEntitled"],
        };
        if self.attempt(
            actor(side),
            &format!("withdraw-reversal {}", DOCUMENTS[d]),
            &codes,
        ) {
            let document = &mut self.model.documents[d];
            document.forget();
            let request = document.request.as_mut().expect("it stands");
            request.stage = match request.stage {
                Stage::Agreed => Stage::WithdrawnAfterAgreement,
                _ => Stage::Withdrawn,
            };
        }
    }

    fn reverse(&mut self, d: usize, units: Option<u64>) {
        let codes = (|| {
            let document = self.issuer(d)?;
            if !matches!(document.state, State::Issued | State::PartlyReversed) {
                return Err(vec!["WrongState"]);
            }
            let units = Model::amount(document, units)?;
            if document.in_use() {
                let request = document.request.as_ref().ok_or(vec!["ConsentNeeded"])?;
                if !request.is_open() {
                    return Err(vec!["NoConsent"]);
                }
                if request.stage != Stage::Agreed || !document.all_agree() {
                    return Err(vec!["ConsentPending"]);
                }
                if Model::amount(document, request.units)? != units {
                    return Err(vec!["OtherAmount"]);
                }
            }
            if document.reversals >= 8 {
                Err(vec!["TooLarge"])
            } else {
                Ok(())
            }
        })();
        let mut codes = codes.err().unwrap_or(vec!["ok"]);
        if self.model.is_crowded(d) {
            codes.push("TooLarge");
        }
        let said = format!("reverse {} {}", DOCUMENTS[d], said_units(units));
        if self.attempt("tax", &said, &codes) {
            let document = &mut self.model.documents[d];
            document.reversed += units.unwrap_or(document.left());
            document.reversals += 1;
            document.forget();
            document.request = None;
            Model::shorten(document);
            let whole = document.left() == 0;
            document.state = if whole {
                State::Reversed
            } else {
                State::PartlyReversed
            };
        }
    }

    fn clawback(&mut self, d: usize, side: usize, n: usize, units: Option<u64>) {
        let Some(at) = self.nth(d, n) else { return };
        let of = &self.model.documents[d].uses[at];
        let said = format!(
            "clawback {} {} {}",
            DOCUMENTS[d],
            of.name,
            said_units(units)
        );
        let length = of.units.len() as u64;
        let is_issuer = side == ISSUER;
        let codes = match self.issuer(d) {
            Err(codes) if is_issuer => codes,
            _ if !of.is_used() || (!is_issuer && of.member != side) => vec!["UnknownUse"],
            _ if units.is_some_and(|units| units == 0 || units > length) => vec!["ExceedsBalance"],
            _ if of
                .clawback
                .is_some_and(|(by, asked, _)| by == is_issuer && asked == units) =>
            {
                vec!["AlreadySigned"]
            }
            _ => vec!["ok"],
        };
        if self.attempt(actor(side), &said, &codes) {
            let deadline = self.model.deadline(72 * HOUR);
            let of = &mut self.model.documents[d].uses[at];
            match of.clawback {
                Some((_, asked, _)) if asked == units => {
                    of.clawback = None;
                    for _ in 0..units.unwrap_or(length) {
                        of.units.pop_last();
                    }
                    of.is_over = of.units.is_empty();
                }
                _ => of.clawback = Some((is_issuer, units, deadline)),
            }
        }
    }

    fn hand_over(&mut self, d: usize, from: usize, to: usize) {
        let document = &self.model.documents[d];
        let codes = match document.state {
            State::Absent => return,
            State::Unattested => vec!["NoRightToUse"],
            _ if document.right != Some(from) => vec!["NoRightToUse"],
            _ if document.is_final() => vec!["WrongState"],
            _ => vec!["ok"],
        };
        let said = format!("hand-over {} to=named:{}", DOCUMENTS[d], MEMBERS[to]);
        if self.attempt(MEMBERS[from], &said, &codes) {
            self.model.documents[d].right = Some(to);
        }
    }

    fn compare(&mut self) {
        for (d, name) in DOCUMENTS.iter().enumerate() {
            let document = &self.model.documents[d];
            if document.state == State::Absent {
                continue;
            }
            let mut said = |what: &str| self.desk.record_said(name, what);
            assert_eq!(said("state"), format!("{:?}", document.state), "{name}");
            assert_eq!(said("reversed"), document.reversed.to_string(), "{name}");
            let stage = document.request.as_ref();
            let stage = stage.map_or("none".to_owned(), |request| format!("{:?}", request.stage));
            assert_eq!(said("stage"), stage, "{name}");
            let uses = document.uses.iter().filter(|of| !of.is_over).map(|of| {
                let until = of.until.map_or("used".to_owned(), |until| {
                    format!("{}m", (until - self.model.now).div_ceil(MINUTE))
                });
                let (from, to) = (
                    of.units.first().expect("some"),
                    of.units.last().expect("some"),
                );
                let member = MEMBERS[of.member];
                format!("{member}:{}:{from}..{}:{until}", of.purpose, to + 1)
            });
            let expected: BTreeSet<String> = uses.collect();
            let found = said("uses");
            let found: BTreeSet<String> = match found.as_str() {
                "none" => BTreeSet::new(),
                found => found.split(',').map(str::to_owned).collect(),
            };
            assert_eq!(found, expected, "{name}");
        }
    }
}

pub(super) fn cases(otherwise: u32) -> ProptestConfig {
    let asked = std::env::var("HEFU_MODEL_CASES").ok();
    let cases = asked
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(otherwise);
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(cases(250))]
    #[test]
    fn whatever_is_tried_the_model_says_what_comes_of_it(
        acts in proptest::collection::vec(acts(), 1..60)
    ) {
        let mut both = Both::new();
        for act in &acts {
            both.step(act);
        }
    }
}

/// The sequences reach what they are about: else the property would say little.
#[test]
fn the_sequences_of_the_model_reach_most_of_the_rules() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..300 {
        let acts = proptest::collection::vec(acts(), 60)
            .new_tree(&mut runner)
            .expect("acts");
        let mut both = Both::new();
        for act in acts.current() {
            let before = both.desk.world.before.state_root;
            let events = |both: &Both| -> usize {
                both.model
                    .documents
                    .iter()
                    .map(|of| of.uses.len() + of.reversals)
                    .sum()
            };
            let (was, said) = (events(&both), format!("{act:?}"));
            both.step(&act);
            let verb = said.split('(').next().unwrap_or_default().to_owned();
            if events(&both) > was || both.desk.world.before.state_root != before {
                *done.entry(verb).or_default() += 1;
            }
            for document in &both.model.documents {
                *done.entry(format!("{:?}", document.state)).or_default() += 1;
                if let Some(request) = &document.request {
                    *done.entry(format!("{:?}", request.stage)).or_default() += 1;
                }
            }
        }
    }
    println!("{done:?}");
    for what in [
        "Unattested",
        "PartlyReversed",
        "Reversed",
        "Cancelled",
        "Replaced",
        "NoConsentNeeded",
        "AwaitsUser",
        "AwaitsIssuer",
        "Agreed",
        "WithdrawnAfterAgreement",
        "DeniedByUser",
        "DeniedByIssuer",
        "TimedOut",
        "Withdrawn",
    ] {
        assert!(done.contains_key(what), "{what} is never reached");
    }
}
