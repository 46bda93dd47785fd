//! Registrars, agencies and their scopes against a model that compares every prefix with every other.
//! Nothing is shared with the rules but the words of the rows; that the leaves of the scopes add up is
//! re-derived after every block (see `invariants_of_governance`).
//!
//! `HEFU_MODEL_CASES` asks for more sequences than a run of all tests has.

use super::model::cases;
use super::rows::Desk;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The first is genesis'.
const REGISTRARS: [&str; 6] = ["east-reg", "r1", "r2", "r3", "r4", "r5"];
const AGENCIES: [&str; 4] = ["a0", "a1", "a2", "a3"];
/// The first two count numbers alike.
const TYPES: [&str; 3] = ["permit", "diploma", "cfdi"];
const PREFIXES: [&str; 7] = ["X", "XA", "XB", "XAA", "XAB", "Y", ""];
const STANDINGS: [&str; 3] = ["active", "suspended", "retired"];

/// A type, a prefix, and whether it is to supervise.
type Scope = (usize, usize, bool);
/// A type, or every type, and a prefix.
type Right = (Option<usize>, usize);

#[derive(Clone, Debug)]
enum Act {
    Admit(usize, usize, BTreeSet<Scope>),
    Change(usize, usize, BTreeSet<Scope>),
    Agency(usize, usize, usize),
    /// By the council.
    AgencyByCouncil(usize, usize),
    Registrar(usize, usize, BTreeSet<Right>),
    Standing(usize, usize, usize),
    StandingByCouncil(usize, usize),
    AddKey(usize, usize),
}

fn acts() -> impl Strategy<Value = Act> {
    use Act::*;
    let (r, a) = (|| 0..REGISTRARS.len(), || 0..AGENCIES.len());
    // Who retires stays so: what is rare leaves more to be seen.
    let standing = || prop_oneof![6 => Just(0_usize), 6 => Just(1), 2 => Just(2)];
    let scope = (
        0..TYPES.len(),
        0..PREFIXES.len(),
        proptest::bool::weighted(0.3),
    );
    let scopes = || proptest::collection::btree_set(scope.clone(), 0..3);
    let right = (
        proptest::option::weighted(0.7, 0..TYPES.len()),
        0..PREFIXES.len(),
    );
    prop_oneof![
        5 => (r(), a(), scopes()).prop_map(|(r, a, of)| Admit(r, a, of)),
        6 => (r(), a(), scopes()).prop_map(|(r, a, of)| Change(r, a, of)),
        3 => (r(), a(), standing()).prop_map(|(r, a, s)| Agency(r, a, s)),
        1 => (a(), standing()).prop_map(|(a, s)| AgencyByCouncil(a, s)),
        6 => (r(), r(), proptest::collection::btree_set(right, 0..4))
            .prop_map(|(r, below, of)| Registrar(r, below, of)),
        3 => (r(), r(), standing()).prop_map(|(r, below, s)| Standing(r, below, s)),
        1 => (r(), standing()).prop_map(|(r, s)| StandingByCouncil(r, s)),
        2 => (r(), a()).prop_map(|(r, a)| AddKey(r, a)),
    ]
}

#[derive(Clone, Debug)]
struct Registrar {
    above: Option<usize>,
    rights: BTreeSet<Right>,
    standing: usize,
}

#[derive(Clone, Debug)]
struct Agency {
    by: usize,
    scopes: BTreeSet<Scope>,
    standing: usize,
}

struct Both {
    desk: Desk,
    registrars: BTreeMap<usize, Registrar>,
    agencies: BTreeMap<usize, Agency>,
    count: usize,
    done: BTreeSet<String>,
}

/// Which numbers a type counts.
fn numbers(of_type: usize) -> &'static str {
    if of_type < 2 {
        "shared"
    } else {
        "its own"
    }
}

fn meet(one: &Scope, other: &Scope) -> bool {
    let (a, b) = (PREFIXES[one.1], PREFIXES[other.1]);
    numbers(one.0) == numbers(other.0) && one.2 == other.2 && (a.starts_with(b) || b.starts_with(a))
}

impl Both {
    fn new() -> Self {
        let all = Registrar {
            above: None,
            rights: BTreeSet::from([(None, 6)]),
            standing: 0,
        };
        Self {
            desk: Desk::province(),
            registrars: BTreeMap::from([(0, all)]),
            agencies: BTreeMap::new(),
            count: 0,
            done: BTreeSet::new(),
        }
    }

    /// A registrar and all above it.
    fn chain(&self, r: usize) -> Vec<&Registrar> {
        let mut chain = Vec::new();
        let mut next = Some(r);
        while let Some(r) = next {
            chain.push(&self.registrars[&r]);
            next = self.registrars[&r].above;
        }
        chain
    }

    fn acts(&self, r: usize) -> Result<(), &'static str> {
        let all = self.chain(r).iter().all(|of| of.standing == 0);
        all.then_some(()).ok_or("HolderNotActive")
    }

    fn grants(&self, r: usize, of_type: Option<usize>, prefix: usize) -> bool {
        self.chain(r).iter().all(|of| {
            of.rights.iter().any(|(right, within)| {
                (right.is_none() || *right == of_type)
                    && PREFIXES[prefix].starts_with(PREFIXES[*within])
            })
        })
    }

    fn grants_all(&self, r: usize, scopes: &BTreeSet<Scope>) -> Result<(), &'static str> {
        let all = (scopes.iter()).all(|(of, prefix, _)| self.grants(r, Some(*of), *prefix));
        all.then_some(()).ok_or("BeyondRights")
    }

    /// Whether an agency may have scopes beside those that all others have.
    fn is_free(&self, a: usize, scopes: &BTreeSet<Scope>) -> Result<(), &'static str> {
        // What genesis gave: everything begins with nothing.
        let of_genesis = |scope: &Scope| PREFIXES[scope.1].is_empty();
        let others = self.agencies.iter();
        let others = others.filter(|(other, of)| **other != a && of.standing != 2);
        let others: Vec<&Scope> = others.flat_map(|(_, of)| &of.scopes).collect();
        let taken = |scope: &Scope| others.iter().any(|other| meet(scope, other));
        // One's own, too, unless they are the same of two types.
        let own =
            |scope: &Scope| (scopes.iter()).any(|other| other.1 != scope.1 && meet(scope, other));
        let free = !scopes
            .iter()
            .any(|of| of_genesis(of) || taken(of) || own(of));
        free.then_some(()).ok_or("ScopeTaken")
    }

    fn managed(&self, r: usize, a: usize) -> Result<&Agency, &'static str> {
        let agency = self.agencies.get(&a).ok_or("UnknownHolder")?;
        let is_own = agency.by == r || self.registrars[&r].above.is_none();
        if agency.scopes.is_empty() && !is_own {
            return Err("BeyondRights");
        }
        self.grants_all(r, &agency.scopes)?;
        Ok(agency)
    }

    fn next(&mut self, name: &str) -> String {
        self.count += 1;
        format!("{name}{}", self.count)
    }

    fn attempt(&mut self, r: Option<usize>, said: &str, expected: Result<(), &str>) -> bool {
        let who = match r {
            None => "buyer".to_owned(),
            Some(0) => REGISTRARS[0].to_owned(),
            Some(r) => format!("{}/{}", REGISTRARS[r], REGISTRARS[r]),
        };
        let found = self.desk.play(&who, said);
        let expected = expected.err().unwrap_or("ok");
        assert_eq!(found, [expected], "{who} {said}");
        let verb = said.split(' ').next().unwrap_or_default();
        self.done.insert(format!("{verb} {expected}"));
        expected == "ok"
    }

    fn terms(scopes: &BTreeSet<Scope>) -> String {
        let part = |supervises: bool| {
            let of_part = scopes.iter().filter(|scope| scope.2 == supervises);
            let each = of_part.map(|(of, prefix, _)| {
                let prefix = PREFIXES[*prefix];
                format!(
                    "{}:{}",
                    TYPES[*of],
                    if prefix.is_empty() { "*" } else { prefix }
                )
            });
            each.collect::<Vec<_>>().join(",")
        };
        format!("may={} supervises={}", part(false), part(true))
    }

    fn step(&mut self, act: &Act) {
        let signer = match act {
            Act::Admit(r, ..) | Act::Change(r, ..) | Act::Agency(r, ..) => Some(r),
            Act::Registrar(r, ..) | Act::Standing(r, ..) | Act::AddKey(r, _) => Some(r),
            Act::AgencyByCouncil(..) | Act::StandingByCouncil(..) => None,
        };
        // Who was never admitted has no key with which to try.
        if signer.is_some_and(|r| !self.registrars.contains_key(r)) {
            return;
        }
        self.act(act);
        for (a, agency) in &self.agencies {
            let said = |what: &str| self.desk.leaf_said("agency", Some(AGENCIES[*a]), what);
            assert_eq!(said("standing"), STANDINGS[agency.standing]);
            assert_eq!(said("may"), agency.scopes.len().to_string());
            assert_eq!(said("registrar"), REGISTRARS[agency.by]);
        }
        for (r, registrar) in &self.registrars {
            let said = |what: &str| self.desk.leaf_said("registrar", Some(REGISTRARS[*r]), what);
            assert_eq!(said("standing"), STANDINGS[registrar.standing]);
            let above = registrar.above.map_or("none", |above| REGISTRARS[above]);
            assert_eq!(said("parent"), above);
        }
    }

    fn changed(from: usize, to: usize) -> Result<(), &'static str> {
        match from {
            2 => Err("HasRetired"),
            _ if from == to => Err("BadField"),
            _ => Ok(()),
        }
    }

    fn act(&mut self, act: &Act) {
        match act.clone() {
            Act::Admit(r, a, scopes) => {
                let expected = (|| {
                    self.acts(r)?;
                    self.grants_all(r, &scopes)?;
                    if self.agencies.contains_key(&a) {
                        return Err("IdTaken");
                    }
                    self.is_free(a, &scopes)
                })();
                let terms = Self::terms(&scopes);
                let said = format!("admit-agency {0} key={0} {terms}", AGENCIES[a]);
                if self.attempt(Some(r), &said, expected) {
                    let (by, standing) = (r, 0);
                    let agency = Agency {
                        by,
                        scopes,
                        standing,
                    };
                    self.agencies.insert(a, agency);
                }
            }
            Act::Change(r, a, scopes) => {
                let expected = (|| {
                    self.acts(r)?;
                    self.grants_all(r, &scopes)?;
                    if self.managed(r, a)?.standing == 2 {
                        return Err("HasRetired");
                    }
                    self.is_free(a, &scopes)
                })();
                let said = format!("change-agency {} {}", AGENCIES[a], Self::terms(&scopes));
                if self.attempt(Some(r), &said, expected) {
                    self.agencies.get_mut(&a).expect("it is there").scopes = scopes;
                }
            }
            Act::Agency(r, a, to) => {
                let expected = (|| {
                    self.acts(r)?;
                    Self::changed(self.managed(r, a)?.standing, to)
                })();
                let said = format!("standing agency:{} {}", AGENCIES[a], STANDINGS[to]);
                if self.attempt(Some(r), &said, expected) {
                    self.agencies.get_mut(&a).expect("it is there").standing = to;
                }
            }
            Act::AgencyByCouncil(a, to) => {
                let agency = self.agencies.get(&a).ok_or("UnknownHolder");
                let expected = agency.and_then(|of| Self::changed(of.standing, to));
                let id = self.next("A");
                let (a_name, to_name) = (AGENCIES[a], STANDINGS[to]);
                let said = format!("govern {id} do standing agency:{a_name} {to_name}");
                if self.attempt(None, &said, expected) {
                    self.agencies.get_mut(&a).expect("it is there").standing = to;
                }
            }
            Act::Registrar(r, below, rights) => self.registrar(r, below, rights),
            Act::Standing(r, below, to) => {
                let expected = (|| {
                    self.acts(r)?;
                    let of = self.registrars.get(&below).ok_or("UnknownHolder")?;
                    if of.above != Some(r) {
                        return Err("BeyondRights");
                    }
                    Self::changed(of.standing, to)
                })();
                let said = format!("standing registrar:{} {}", REGISTRARS[below], STANDINGS[to]);
                if self.attempt(Some(r), &said, expected) {
                    self.registrars
                        .get_mut(&below)
                        .expect("it is there")
                        .standing = to;
                }
            }
            Act::StandingByCouncil(of, to) => {
                // Genesis' one is not retired here: nothing would be left to see.
                if of == 0 && to == 2 {
                    return;
                }
                let registrar = self.registrars.get(&of).ok_or("UnknownHolder");
                let expected = registrar.and_then(|it| Self::changed(it.standing, to));
                let id = self.next("R");
                let (name, to_name) = (REGISTRARS[of], STANDINGS[to]);
                let said = format!("govern {id} do standing registrar:{name} {to_name}");
                if self.attempt(None, &said, expected) {
                    self.registrars.get_mut(&of).expect("it is there").standing = to;
                }
            }
            Act::AddKey(r, a) => {
                let expected = (|| {
                    self.acts(r)?;
                    match self.managed(r, a)?.standing {
                        2 => Err("HasRetired"),
                        _ => Ok(()),
                    }
                })();
                let key = self.next("K");
                self.attempt(
                    Some(r),
                    &format!("add-key agency:{} {key}", AGENCIES[a]),
                    expected,
                );
            }
        }
    }

    fn registrar(&mut self, r: usize, below: usize, rights: BTreeSet<Right>) {
        let expected = (|| {
            self.acts(r)?;
            if self.chain(r).len() == 4 {
                return Err("BeyondRights");
            }
            if !rights
                .iter()
                .all(|(of, prefix)| self.grants(r, *of, *prefix))
            {
                return Err("BeyondRights");
            }
            match self.registrars.get(&below) {
                Some(known) if known.above != Some(r) => Err("BeyondRights"),
                Some(known) if known.standing == 2 => Err("HasRetired"),
                _ => Ok(()),
            }
        })();
        let each = rights.iter().map(|(of, prefix)| {
            let prefix = PREFIXES[*prefix];
            let prefix = if prefix.is_empty() { "*" } else { prefix };
            format!("{}:{prefix}", of.map_or("*", |of| TYPES[of]))
        });
        let each = each.collect::<Vec<_>>().join(",");
        let key = match self.registrars.contains_key(&below) {
            true => String::new(),
            false => format!("key={}", REGISTRARS[below]),
        };
        let said = format!("set-registrar {} {key} rights={each}", REGISTRARS[below]);
        if self.attempt(Some(r), &said, expected) {
            let standing = self
                .registrars
                .get(&below)
                .map_or(0, |known| known.standing);
            let registrar = Registrar {
                above: Some(r),
                rights,
                standing,
            };
            self.registrars.insert(below, registrar);
        }
    }
}

proptest! {
    #![proptest_config(cases(150))]
    #[test]
    fn whatever_is_tried_with_scopes_the_model_says_what_comes_of_it(
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
fn the_sequences_reach_every_answer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut deepest = 0;
    for _ in 0..80 {
        let sequence = proptest::collection::vec(acts(), 80);
        let sequence = sequence.new_tree(&mut runner).expect("acts").current();
        let mut both = Both::new();
        for act in &sequence {
            both.step(act);
        }
        found.append(&mut both.done);
        let levels = both.registrars.keys().map(|r| both.chain(*r).len());
        deepest = deepest.max(levels.max().unwrap_or(0));
    }
    assert_eq!(deepest, 4, "as many levels as there may be");
    for what in [
        "admit-agency ok",
        "admit-agency HolderNotActive",
        "admit-agency BeyondRights",
        "admit-agency IdTaken",
        "admit-agency ScopeTaken",
        "change-agency ok",
        "change-agency BeyondRights",
        "change-agency UnknownHolder",
        "change-agency HasRetired",
        "change-agency ScopeTaken",
        "standing ok",
        "standing BeyondRights",
        "standing BadField",
        "standing HasRetired",
        "set-registrar ok",
        "set-registrar BeyondRights",
        "set-registrar HasRetired",
        "add-key ok",
        "add-key HasRetired",
        "govern ok",
        "govern HasRetired",
    ] {
        assert!(found.contains(what), "{what} is never reached: {found:?}");
    }
}
