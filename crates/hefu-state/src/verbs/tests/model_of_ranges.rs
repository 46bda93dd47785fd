//! Ranges of numbers against sets of numbers: who may issue which, what is void, what is given away.

use super::model::cases;
use super::rows::Desk;
use hefu_types::numbering::NumberRange;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const AGENCIES: [&str; 3] = ["hospital", "clinic", "bureau"];
const DAY: u64 = 24 * 60;

#[derive(Clone, Debug)]
enum Act {
    Ask(usize, u64, u64),
    Allocate(usize, usize, u64),
    Activate(usize, usize),
    Withdraw(usize, usize),
    Delegate(usize, usize, u64, u64, usize),
    Void(usize, usize, u64, u64),
    /// A number, and how long ago it was issued without a connection.
    Register(usize, u64, Option<u64>),
    Reject(usize, u64),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Act> {
    use Act::*;
    // Mostly who is meant to do it.
    let by = |usual: usize| prop_oneof![5 => Just(usual), 1 => 0..3_usize];
    let (range, number) = (0..6_usize, 0..14_u64);
    let holder = prop_oneof![3 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
    prop_oneof![
        3 => (by(0), number.clone(), 0..9_u64).prop_map(|(a, from, more)| Ask(a, from, from + more)),
        4 => (by(2), range.clone(), 0..5_u64).prop_map(|(a, r, days)| Allocate(a, r, days)),
        4 => (holder.clone(), range.clone()).prop_map(|(a, r)| Activate(a, r)),
        1 => (by(2), range.clone()).prop_map(|(a, r)| Withdraw(a, r)),
        3 => (holder.clone(), range.clone(), number.clone(), 0..4_u64, by(1))
            .prop_map(|(a, r, from, more, to)| Delegate(a, r, from, from + more, to)),
        2 => (holder.clone(), range, number.clone(), 0..3_u64)
            .prop_map(|(a, r, from, more)| Void(a, r, from, from + more)),
        9 => (holder, number.clone(), proptest::option::weighted(0.3, 0..3 * DAY))
            .prop_map(|(a, n, ago)| Register(a, n, ago)),
        1 => (by(2), number).prop_map(|(a, n)| Reject(a, n)),
        1 => prop_oneof![Just(30), Just(DAY), Just(2 * DAY)].prop_map(Wait),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Requested,
    Allocated,
    Active,
    Withdrawn,
}

#[derive(Clone, Debug)]
struct Range {
    numbers: BTreeSet<u64>,
    holder: usize,
    state: State,
    /// In milliseconds of the model.
    before: u64,
    parent: Option<usize>,
    issued: BTreeSet<u64>,
    void: BTreeSet<u64>,
    given: BTreeSet<u64>,
}

impl Range {
    fn open(&self) -> BTreeSet<u64> {
        let taken = |number: &u64| {
            [&self.issued, &self.void, &self.given]
                .iter()
                .any(|set| set.contains(number))
        };
        self.numbers
            .iter()
            .copied()
            .filter(|number| !taken(number))
            .collect()
    }

    fn is_free_again(&self) -> bool {
        self.state == State::Withdrawn && self.open() == self.numbers
    }
}

#[derive(Default)]
struct Model {
    now: u64,
    ranges: Vec<Range>,
    /// The documents, and whether each was rejected.
    documents: BTreeMap<u64, bool>,
}

impl Model {
    fn own(&self, agency: usize, place: usize) -> Result<&Range, &'static str> {
        let range = self.ranges.get(place).ok_or("UnknownRange")?;
        if range.holder == agency {
            Ok(range)
        } else {
            Err("NotEntitled")
        }
    }

    fn open(
        &self,
        agency: usize,
        place: usize,
        numbers: &BTreeSet<u64>,
    ) -> Result<&Range, &'static str> {
        let range = self.own(agency, place)?;
        if range.state != State::Active {
            Err("WrongRangeState")
        } else if !numbers.is_subset(&range.numbers) {
            Err("OutsideRange")
        } else if !numbers.is_subset(&range.open()) {
            Err("NumberNotOpen")
        } else {
            Ok(range)
        }
    }

    fn register(
        &self,
        agency: usize,
        number: u64,
        ago: Option<u64>,
    ) -> Result<Option<usize>, &'static str> {
        if agency == 2 {
            return Err("NotEntitled");
        }
        let holds = |range: &&Range| {
            let is_out = matches!(range.state, State::Requested) || range.is_free_again();
            !is_out && range.numbers.contains(&number) && !range.given.contains(&number)
        };
        let place = self
            .ranges
            .iter()
            .position(|range| holds(&range))
            .ok_or("OutsideRange")?;
        let range = &self.ranges[place];
        if range.holder != agency {
            return Err("OutsideRange");
        }
        let issued_at = self.now - ago.map_or(0, |minutes| minutes * 60_000);
        let state = if range.issued.contains(&number) {
            Ok(None)
        } else if range.void.contains(&number) {
            Err("NumberVoid")
        } else if range.state != State::Active || range.before <= issued_at {
            Err("RangeNotActive")
        } else {
            Ok(Some(place))
        }?;
        match self.documents.get(&number) {
            Some(false) => Err("SameAgain"),
            _ => Ok(state),
        }
    }
}

struct Both {
    model: Model,
    desk: Desk,
    start: u64,
}

impl Both {
    fn attempt(&mut self, agency: usize, said: &str, expected: Result<(), &'static str>) -> bool {
        let found = self.desk.play(AGENCIES[agency], said).remove(0);
        assert_eq!(
            found,
            expected.err().unwrap_or("ok"),
            "{} {said}",
            AGENCIES[agency]
        );
        found == "ok"
    }

    fn step(&mut self, act: &Act) {
        if let Act::Wait(minutes) = act {
            self.desk.world.wait(minutes * 60_000);
            self.model.now += minutes * 60_000;
        } else {
            self.model.now += 1;
            self.act(act);
        }
        assert_eq!(self.start + self.model.now, self.desk.world.before.time.0);
        self.compare();
    }

    fn act(&mut self, act: &Act) {
        let now = self.model.now;
        let numbers = |from: u64, to: u64| -> BTreeSet<u64> { (from..=to).collect() };
        match *act {
            Act::Ask(agency, from, to) => {
                let asked = numbers(from, to);
                let taken = |of: &Range| {
                    !of.is_free_again() && of.parent.is_none() && !of.numbers.is_disjoint(&asked)
                };
                let expected = match agency {
                    2 => Err("NotEntitled"),
                    1 => Err("OutsideScope"),
                    _ if self.model.ranges.iter().any(taken) => Err("RangeTaken"),
                    _ => Ok(()),
                };
                if self.attempt(agency, &format!("request-range S {from}..{to}"), expected) {
                    self.model.ranges.push(Range {
                        numbers: asked,
                        holder: agency,
                        state: State::Requested,
                        before: u64::MAX,
                        parent: None,
                        issued: BTreeSet::new(),
                        void: BTreeSet::new(),
                        given: BTreeSet::new(),
                    });
                }
            }
            Act::Allocate(agency, place, days) => {
                let expected = match self.model.ranges.get(place).map(|range| range.state) {
                    _ if agency != 2 => Err("NotEntitled"),
                    None => Err("UnknownRange"),
                    Some(State::Requested) if days == 0 => Err("BadField"),
                    Some(State::Requested) => Ok(()),
                    Some(_) => Err("WrongRangeState"),
                };
                let said = format!("allocate-range S {place} until=+{days}d");
                if self.attempt(agency, &said, expected) {
                    let range = &mut self.model.ranges[place];
                    (range.state, range.before) = (State::Allocated, now + days * DAY * 60_000);
                }
            }
            Act::Activate(agency, place) => {
                let expected = self
                    .model
                    .own(agency, place)
                    .and_then(|range| match range.state {
                        State::Allocated if range.before <= now => Err("RangeNotActive"),
                        State::Allocated => Ok(()),
                        State::Active if !range.open().is_empty() && range.before <= now => {
                            Err("RangeNotActive")
                        }
                        _ => Err("WrongRangeState"),
                    });
                if self.attempt(agency, &format!("activate-range S {place}"), expected) {
                    self.model.ranges[place].state = State::Active;
                }
            }
            Act::Withdraw(agency, place) => {
                let expected = match self.model.ranges.get(place).map(|range| range.state) {
                    _ if agency != 2 => Err("NotEntitled"),
                    None => Err("UnknownRange"),
                    Some(State::Withdrawn) => Err("WrongRangeState"),
                    Some(_) => Ok(()),
                };
                if self.attempt(agency, &format!("withdraw-range S {place}"), expected) {
                    // With all that was given out of it, and out of that.
                    let ranges = &mut self.model.ranges;
                    ranges[place].state = State::Withdrawn;
                    for at in place + 1..ranges.len() {
                        let under = |mut of: usize| loop {
                            match ranges[of].parent {
                                Some(parent) if parent == place => return true,
                                // One that had been taken back before is no way down.
                                Some(parent) => of = parent,
                                None => return false,
                            }
                        };
                        if under(at) {
                            ranges[at].state = State::Withdrawn;
                        }
                    }
                }
            }
            Act::Delegate(agency, place, from, to, branch) => {
                let given = numbers(from, to);
                let expected = self.model.open(agency, place, &given).and_then(|range| {
                    if range.before <= now {
                        Err("RangeNotActive")
                    } else if branch == 2 {
                        Err("NotEntitled")
                    } else {
                        Ok(())
                    }
                });
                let said = format!(
                    "delegate-range S {place} {from}..{to} to={}",
                    AGENCIES[branch]
                );
                if self.attempt(agency, &said, expected) {
                    let parent = &mut self.model.ranges[place];
                    parent.given.extend(&given);
                    let child = Range {
                        numbers: given,
                        holder: branch,
                        parent: Some(place),
                        issued: BTreeSet::new(),
                        void: BTreeSet::new(),
                        given: BTreeSet::new(),
                        ..parent.clone()
                    };
                    self.model.ranges.push(child);
                }
            }
            Act::Void(agency, place, from, to) => {
                let void = numbers(from, to);
                let expected = self.model.open(agency, place, &void).map(|_| ());
                if self.attempt(
                    agency,
                    &format!("void-numbers S {place} {from}..{to}"),
                    expected,
                ) {
                    self.model.ranges[place].void.extend(&void);
                }
            }
            Act::Register(agency, number, ago) => {
                let outcome = self.model.register(agency, number, ago);
                let offline =
                    ago.map_or("offline=none".to_owned(), |ago| format!("offline=-{ago}m"));
                let said = format!("register B{number:04} type=bill {offline}");
                if self.attempt(agency, &said, outcome.map(|_| ())) {
                    self.model.documents.insert(number, false);
                    if let Ok(Some(place)) = outcome {
                        self.model.ranges[place].issued.insert(number);
                    }
                }
            }
            Act::Reject(agency, number) => {
                let expected = match self.model.documents.get(&number) {
                    None => return self.desk.world.pass(1),
                    Some(_) if agency != 2 => Err("NotEntitled"),
                    Some(true) => Err("WrongState"),
                    Some(false) => Ok(()),
                };
                if self.attempt(agency, &format!("reject B{number:04} type=bill"), expected) {
                    self.model.documents.insert(number, true);
                }
            }
            Act::Wait(_) => unreachable!("a step takes it apart"),
        }
    }

    fn compare(&self) {
        let leaf = self.desk.numbering_leaf("S");
        let ranges = leaf.as_ref().map_or(&[][..], |leaf| &leaf.ranges);
        assert_eq!(ranges.len(), self.model.ranges.len());
        let set = |spans: &[hefu_types::numbering::NumberSpan]| -> BTreeSet<u64> {
            spans
                .iter()
                .flat_map(|span| span.first..=span.last)
                .collect()
        };
        for (range, expected) in ranges.iter().zip(&self.model.ranges) {
            let NumberRange {
                issued,
                voided,
                delegated,
                ..
            } = range;
            assert_eq!(
                format!("{:?}", range.state),
                format!("{:?}", expected.state)
            );
            assert_eq!(set(issued), expected.issued);
            assert_eq!(set(voided), expected.void);
            assert_eq!(set(delegated), expected.given);
            assert_eq!(set(&range.open()), expected.open());
            let highest = expected.issued.last().copied().unwrap_or(0);
            let gaps = expected
                .open()
                .into_iter()
                .filter(|number| *number < highest);
            let gaps: BTreeSet<u64> = gaps.collect();
            assert_eq!(set(&range.gaps()), gaps);
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn whatever_is_tried_with_ranges_the_model_says_what_comes_of_it(
        acts in proptest::collection::vec(acts(), 1..50)
    ) {
        let desk = Desk::small();
        // Some time before it, so that something can have been issued then.
        let now = 9 * DAY * 60_000;
        let start = desk.world.before.time.0 - now;
        let mut both = Both { model: Model { now, ..Model::default() }, desk, start };
        for act in &acts {
            both.step(act);
        }
    }
}
