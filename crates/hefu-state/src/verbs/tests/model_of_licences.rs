//! Licences and their copies against a model that is slow and obviously right: hours, a state in words,
//! who took whose place. Nothing is shared with the rules but the words of the rows.
//!
//! `HEFU_MODEL_CASES` asks for more sequences than a run of all tests has.

use super::model::cases;
use super::rows::Desk;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;
/// In the east without dates, to the end of a day, from a day on, another type; two in the west.
const DOCUMENTS: [&str; 6] = ["A", "B", "C", "D", "V", "W"];
const REGISTERED: [&str; 6] = [
    "office register A type=permit",
    "office register B type=permit until=2027-01-17",
    "office register C type=permit from=2027-01-17",
    "office register D type=diploma",
    "west-office register V type=permit region=west issuer=11WX",
    "west-office register W type=permit region=west issuer=11WX",
];
/// From genesis, at 8 o'clock UTC on the 15th, to the end and the beginning of the 17th in UTC+8.
const END_OF_17TH: u64 = 56 * HOUR;
const BEGIN_OF_17TH: u64 = 32 * HOUR;

#[derive(Clone, Debug)]
enum Act {
    Suspend(usize, Option<u64>),
    Resume(usize),
    Annul(usize, u64),
    Revoke(usize, u64),
    Cancel(usize),
    Renew(usize, usize),
    Out(usize),
    In(usize, usize),
    CancelOut(usize),
    Lend(usize, u64),
    RevokeCopy(usize),
    /// By the agency of the other region.
    ByOther(usize),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Act> {
    use Act::*;
    let d = || 0..DOCUMENTS.len();
    prop_oneof![
        6 => (d(), proptest::option::of(0_u64..20)).prop_map(|(d, until)| Suspend(d, until)),
        4 => d().prop_map(Resume),
        1 => (d(), 0_u64..30).prop_map(|(d, ago)| Annul(d, ago)),
        3 => (d(), 0_u64..40).prop_map(|(d, ahead)| Revoke(d, ahead)),
        1 => d().prop_map(Cancel),
        4 => (d(), d()).prop_map(|(d, by)| Renew(d, by)),
        5 => d().prop_map(Out),
        6 => (d(), d()).prop_map(|(d, from)| In(d, from)),
        3 => d().prop_map(CancelOut),
        6 => (d(), 0_u64..60).prop_map(|(d, hours)| Lend(d, hours)),
        2 => (0_usize..8).prop_map(RevokeCopy),
        1 => d().prop_map(ByOther),
        4 => (1_u64..20).prop_map(Wait),
    ]
}

/// What the last event says, as of its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Issued,
    Suspended {
        until: Option<u64>,
    },
    /// `held`: whether it was withheld when this was said, and until when.
    Revoked {
        at: u64,
        held: Option<Option<u64>>,
    },
    Annulled,
    Cancelled,
    Superseded,
    Left {
        taken: bool,
    },
}

#[derive(Clone, Debug)]
struct Licence {
    is: Is,
    east: bool,
    diploma: bool,
    from: u64,
    before: u64,
    registered: u64,
    /// Whether it took the place of another.
    succeeds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Now {
    InForce,
    Expired,
    NotYet,
    Withheld,
    Gone,
}

impl Licence {
    /// Whether a suspension holds at a time.
    fn held(until: Option<u64>, now: u64) -> bool {
        until.is_none_or(|until| now < until)
    }

    /// As the event that was recorded last says, an ended suspension apart.
    fn state(&self, now: u64) -> Is {
        match self.is {
            Is::Suspended { until } if !Self::held(until, now) => Is::Issued,
            is => is,
        }
    }

    fn is_issued(&self, now: u64) -> bool {
        self.state(now) == Is::Issued
    }

    fn is_open(&self, now: u64) -> bool {
        matches!(self.state(now), Is::Issued | Is::Suspended { .. })
    }

    /// What holds in law.
    fn now(&self, now: u64) -> Now {
        let withheld = match self.is {
            Is::Suspended { until } => Self::held(until, now),
            Is::Revoked { at, held } if now < at => {
                held.is_some_and(|until| Self::held(until, now))
            }
            Is::Issued => false,
            _ => return Now::Gone,
        };
        if now >= self.before {
            Now::Expired
        } else if withheld {
            Now::Withheld
        } else if now < self.from {
            Now::NotYet
        } else {
            Now::InForce
        }
    }
}

struct Copy {
    of: usize,
    name: String,
    before: u64,
    revoked: bool,
}

struct Both {
    desk: Desk,
    start: u64,
    licences: Vec<Licence>,
    copies: Vec<Copy>,
    made: usize,
    done: Vec<&'static str>,
}

impl Both {
    fn new() -> Self {
        let mut desk = Desk::province();
        let start = desk.world.before.time.0;
        let mut licences = Vec::new();
        for (d, said) in REGISTERED.iter().enumerate() {
            desk.line(&format!("{said} -> ok"));
            licences.push(Licence {
                is: Is::Issued,
                east: d < 4,
                diploma: d == 3,
                from: if d == 2 { BEGIN_OF_17TH } else { 0 },
                before: if d == 1 { END_OF_17TH } else { u64::MAX },
                registered: desk.world.before.time.0 - start,
                succeeds: false,
            });
        }
        Self {
            desk,
            start,
            licences,
            copies: Vec::new(),
            made: 0,
            done: Vec::new(),
        }
    }

    /// The time of the next block.
    fn time(&self) -> u64 {
        self.desk.world.before.time.0 + 1 - self.start
    }

    fn office(&self, d: usize) -> &'static str {
        if self.licences[d].east {
            "office"
        } else {
            "west-office"
        }
    }

    /// Plays a row; whether it was done, as the model says that it is.
    fn attempt(&mut self, who: &str, said: &str, expected: &'static str) -> bool {
        let found = self.desk.play(who, said);
        assert_eq!(found, [expected], "{who} {said}");
        let is_done = expected == "ok";
        self.done.push(if is_done { "ok" } else { expected });
        is_done
    }

    fn step(&mut self, act: &Act) {
        self.act(act);
        let now = self.desk.world.before.time.0 - self.start;
        for (d, name) in DOCUMENTS.iter().enumerate() {
            let expected = match self.licences[d].now(now) {
                Now::InForce => "InForce",
                Now::Expired => "Expired",
                Now::NotYet => "NotYetValid",
                Now::Withheld => "Suspended",
                Now::Gone if matches!(self.licences[d].is, Is::Left { .. }) => "TransferredOut",
                Now::Gone => "Ended",
            };
            assert_eq!(self.desk.record_said(name, "now"), expected, "{name}");
        }
        for copy in &self.copies {
            let expected = match copy {
                Copy { revoked: true, .. } => "Ended",
                copy if copy.before <= now => "Expired",
                _ => "InForce",
            };
            assert_eq!(self.desk.record_said(&copy.name, "now"), expected);
        }
    }

    fn act(&mut self, act: &Act) {
        let now = self.time();
        match *act {
            Act::Suspend(d, until) => {
                let it = &self.licences[d];
                let code = match until {
                    _ if !it.is_issued(now) => "WrongState",
                    _ if it.now(now) == Now::Expired => "NotInValidity",
                    Some(0) => "BadField",
                    _ => "ok",
                };
                let said = until.map_or(String::new(), |hours| format!(" until=+{hours}h"));
                let said = format!("suspend {}{said}", DOCUMENTS[d]);
                if self.attempt(self.office(d), &said, code) {
                    let until = until.map(|hours| now + hours * HOUR);
                    self.licences[d].is = Is::Suspended { until };
                }
            }
            Act::Resume(d) => {
                let is_held = matches!(self.licences[d].state(now), Is::Suspended { .. });
                let code = if is_held { "ok" } else { "WrongState" };
                if self.attempt(self.office(d), &format!("resume {}", DOCUMENTS[d]), code) {
                    self.licences[d].is = Is::Issued;
                }
            }
            Act::Annul(d, ago) => {
                let it = &self.licences[d];
                // Its beginning is what came first: its first day or its registration.
                let begun = match it.from {
                    0 => it.registered,
                    from => from.min(it.registered),
                };
                let code = match now.checked_sub(ago * HOUR) {
                    _ if !it.is_open(now) => "WrongState",
                    Some(at) if at >= begun => "ok",
                    _ => "BadField",
                };
                let said = format!("annul {} at=-{ago}h", DOCUMENTS[d]);
                if self.attempt(self.office(d), &said, code) {
                    self.licences[d].is = Is::Annulled;
                }
            }
            Act::Revoke(d, ahead) => {
                let it = &self.licences[d];
                let at = now + ahead * HOUR;
                let sooner = matches!(it.is, Is::Revoked { at: set, .. } if now < set && at < set);
                let code = match () {
                    () if !it.is_open(now) && !sooner => "WrongState",
                    () if it.now(now) == Now::Expired => "NotInValidity",
                    () => "ok",
                };
                let said = format!("revoke {} at=+{ahead}h", DOCUMENTS[d]);
                if self.attempt(self.office(d), &said, code) {
                    let held = match self.licences[d].is {
                        Is::Suspended { until } => Some(until),
                        Is::Revoked { held, .. } => held,
                        _ => None,
                    };
                    self.licences[d].is = Is::Revoked { at, held };
                }
            }
            Act::Cancel(d) => {
                let is_open = self.licences[d].is_open(now);
                let code = if is_open { "ok" } else { "WrongState" };
                if self.attempt(self.office(d), &format!("cancel {}", DOCUMENTS[d]), code) {
                    self.licences[d].is = Is::Cancelled;
                }
            }
            Act::Renew(d, by) => {
                let (old, new) = (&self.licences[d], &self.licences[by]);
                let alike = old.east == new.east && old.diploma == new.diploma;
                let code = match () {
                    () if !old.is_issued(now) => "WrongState",
                    () if d == by || !alike || !new.is_issued(now) || new.succeeds => "BadLink",
                    () => "ok",
                };
                let said = format!("renew {} by={}", DOCUMENTS[d], DOCUMENTS[by]);
                if self.attempt(self.office(d), &said, code) {
                    self.licences[d].is = Is::Superseded;
                    self.licences[by].succeeds = true;
                }
            }
            Act::Out(d) => {
                let it = &self.licences[d];
                let code = match it.now(now) {
                    Now::Expired | Now::NotYet => "NotInValidity",
                    Now::InForce if it.is_issued(now) => "ok",
                    _ => "WrongState",
                };
                let to = if it.east { "west" } else { "east" };
                let said = format!("transfer-out {} to={to}", DOCUMENTS[d]);
                if self.attempt(self.office(d), &said, code) {
                    self.licences[d].is = Is::Left { taken: false };
                }
            }
            Act::In(d, from) => {
                let (new, old) = (&self.licences[d], &self.licences[from]);
                let alike = old.diploma == new.diploma;
                let code = match old.is {
                    Is::Left { taken } if taken || old.east == new.east => "TransferNotOpen",
                    Is::Left { .. } if !new.is_issued(now) || !alike || new.succeeds => "BadLink",
                    Is::Left { .. } => "ok",
                    _ => "WrongState",
                };
                let said = format!("transfer-in {} from={}", DOCUMENTS[d], DOCUMENTS[from]);
                if self.attempt(self.office(d), &said, code) {
                    self.licences[d].succeeds = true;
                    self.licences[from].is = Is::Left { taken: true };
                }
            }
            Act::CancelOut(d) => {
                let code = match self.licences[d].is {
                    Is::Left { taken: false } => "ok",
                    Is::Left { taken: true } => "TransferNotOpen",
                    _ => "WrongState",
                };
                let said = format!("cancel-transfer {}", DOCUMENTS[d]);
                if self.attempt(self.office(d), &said, code) {
                    self.licences[d].is = Is::Issued;
                }
            }
            Act::Lend(d, hours) => self.lend(d, hours),
            Act::RevokeCopy(n) => {
                let Some(at) = self.copies.len().checked_sub(1).map(|last| n.min(last)) else {
                    return;
                };
                let copy = &self.copies[at];
                let code = match () {
                    () if copy.revoked => "WrongState",
                    () if copy.before <= now => "NotInValidity",
                    () => "ok",
                };
                let (office, said) = (self.office(copy.of), format!("revoke {}", copy.name));
                if self.attempt(office, &said, code) {
                    self.copies[at].revoked = true;
                }
            }
            Act::ByOther(d) => {
                let other = if self.licences[d].east {
                    "west-office"
                } else {
                    "office"
                };
                for verb in [
                    "suspend",
                    "resume",
                    "annul",
                    "cancel",
                    "revoke",
                    "transfer-out",
                ] {
                    self.attempt(other, &format!("{verb} {}", DOCUMENTS[d]), "NotEntitled");
                }
            }
            Act::Wait(hours) => self.desk.line(&format!("wait {hours}h")),
        }
    }

    fn lend(&mut self, d: usize, hours: u64) {
        let now = self.time();
        let it = &self.licences[d];
        let end = now + hours * HOUR;
        let code = match it.now(now) {
            // A diploma asks for its holder's consent, which an agency cannot give.
            _ if hours == 0 || hours > 48 || end > it.before || it.diploma => "NotLent",
            Now::InForce => "ok",
            Now::Expired | Now::NotYet => "NotInValidity",
            _ => "WrongState",
        };
        self.made += 1;
        let name = format!("copy-{}", self.made);
        let said = format!("lend {} {name} for={hours}h consent=none", DOCUMENTS[d]);
        if self.attempt(self.office(d), &said, code) {
            self.copies.push(Copy {
                of: d,
                name,
                before: end,
                revoked: false,
            });
        }
    }
}

proptest! {
    #![proptest_config(cases(150))]
    #[test]
    fn whatever_is_tried_with_licences_the_model_says_what_comes_of_it(
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
fn the_sequences_reach_every_answer_and_every_state() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut found: Vec<String> = Vec::new();
    for _ in 0..40 {
        let sequence = proptest::collection::vec(acts(), 60);
        let sequence = sequence.new_tree(&mut runner).expect("acts").current();
        let mut both = Both::new();
        for act in &sequence {
            both.step(act);
        }
        found.extend(both.done.iter().map(|code| (*code).to_owned()));
        found.extend(both.licences.iter().map(|it| format!("{:?}", it.is)));
    }
    for what in [
        "ok",
        "WrongState",
        "NotInValidity",
        "BadField",
        "BadLink",
        "TransferNotOpen",
        "NotLent",
        "NotEntitled",
        "Suspended",
        "Annulled",
        "Revoked",
        "Cancelled",
        "Superseded",
        "taken: true",
        "taken: false",
    ] {
        assert!(
            found.iter().any(|of| of.contains(what)),
            "{what} is never reached"
        );
    }
}
