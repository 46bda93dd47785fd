//! A malicious prover: altered and forged proofs of every kind, each of which the verifier must refuse with its
//! own reason.
//!
//! Two kinds of attacks. *Bent* ones ([`bend`]) are blind: some node of a genuine proof is altered, moved or
//! exchanged, whatever it means. *Forged* ones ([`forge`]) come from somebody who knows the formats and holds
//! keys: a corrupt minority of the validators, every agency, every retired set. All run against a small ledger
//! of which everything is known ([`world`]), so that one sentence can be asserted of every attack: *nothing is
//! proven that the ledger's history does not contain* ([`claims`]). What of a proof is not authenticated stands
//! in one list with its reasons ([`free`]); a change that verifies and is not in it fails as well.
//!
//! One seed gives one world and [`ATTACKS_A_WORLD`] attacks on it, always the same.

pub mod bend;
pub mod cbor;
pub mod claims;
pub mod forge;
pub mod free;
pub mod golden;
pub mod reason;
pub mod world;

use bend::{Bend, Specimen};
use claims::{History, Kind};
use forge::{Attack, Family, Target};
use free::Free;
use hefu_proof::state_proof::StateProof;
use hefu_proof::{log, Receipt, ReceiptBundle, StatusCertificate, Verifier};
use hefu_types::canonical;
use hefu_types::genesis::Network;
use rand::seq::SliceRandom;
use rand::{rngs::StdRng, Rng, SeedableRng};
use reason::Reason;
use std::collections::{BTreeMap, BTreeSet};
use world::{World, SUITE};

/// How many attacks are made on one world.
pub const ATTACKS_A_WORLD: u64 = 5_000;
/// One attack of so many is also verified by a verifier that remembers nothing.
const ALONE: u64 = 64;
/// Genuine proofs of a world that are bent.
const SPECIMENS: usize = 24;

/// How attacks ended, by family: how many, and with which word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attacks that were judged.
    pub attacks: u64,
    /// By family, then by reason; a free part in the place of a reason where the proof held.
    pub families: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Bent proofs that came out as they were, or as another genuine one: no attacks.
    pub unchanged: u64,
}

impl Tally {
    fn count(&mut self, family: &str, reason: &'static str) {
        self.attacks += 1;
        let reasons = match self.families.get_mut(family) {
            Some(reasons) => reasons,
            None => self.families.entry(family.to_owned()).or_default(),
        };
        *reasons.entry(reason).or_default() += 1;
    }

    /// Adds what another run counted.
    pub fn add(&mut self, other: &Self) {
        self.attacks += other.attacks;
        self.unchanged += other.unchanged;
        for (family, reasons) in &other.families {
            let own = self.families.entry(family.clone()).or_default();
            for (reason, count) in reasons {
                *own.entry(reason).or_default() += count;
            }
        }
    }

    /// How many ended with each reason.
    pub fn reasons(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for (reason, count) in self.families.values().flatten() {
            *all.entry(*reason).or_default() += count;
        }
        all
    }

    /// The figures as lines.
    pub fn report(&self) -> String {
        let mut lines = format!("{} attacks\n\nby family:\n", self.attacks);
        for (family, reasons) in &self.families {
            let all: u64 = reasons.values().sum();
            let words = reasons.iter().map(|(r, n)| format!("{r} {n}"));
            let words = words.collect::<Vec<_>>().join(", ");
            lines += &format!("  {family:<60} {all:>9}  {words}\n");
        }
        lines += "\nby reason:\n";
        for (reason, count) in self.reasons() {
            lines += &format!("  {reason:<60} {count:>9}\n");
        }
        lines += &format!(
            "\nbent into a genuine proof again, not counted: {}\n",
            self.unchanged
        );
        lines
    }
}

/// An attack that did not end as it must.
#[derive(Debug)]
pub struct Failure {
    /// Which attack: seed, number and family.
    pub attack: String,
    /// What is wrong.
    pub why: String,
    /// The bytes that were verified, where there are any.
    pub bytes: Vec<u8>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}: {}", self.attack, self.why)?;
        for byte in &self.bytes {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Genuine proofs under one network, and what is true of it.
pub struct Ground<'a> {
    network: &'a Network,
    history: History,
    specimens: Vec<(Kind, Specimen)>,
    genuine: BTreeSet<Vec<u8>>,
    /// Of other networks, to take parts from.
    donors: Vec<Specimen>,
}

impl<'a> Ground<'a> {
    /// Takes genuine proofs as they are, and learns what they claim.
    ///
    /// # Panics
    ///
    /// If one of them does not hold.
    pub fn new(
        network: &'a Network,
        history: History,
        proofs: Vec<(Kind, Vec<u8>)>,
        donors: Vec<Vec<u8>>,
    ) -> Self {
        let mut verifier = Verifier::new(network);
        let mut ground = Self {
            network,
            history,
            specimens: Vec::new(),
            genuine: proofs.iter().map(|(_, bytes)| bytes.clone()).collect(),
            donors: donors.into_iter().map(Specimen::new).collect(),
        };
        for (kind, bytes) in proofs {
            match claims::verify(&mut verifier, kind, &bytes) {
                Ok(claims) => claims.iter().for_each(|claim| ground.history.learn(claim)),
                Err(reason) => panic!("a genuine {} is refused: {reason}", kind.name()),
            }
            ground.specimens.push((kind, Specimen::new(bytes)));
        }
        ground
    }

    /// The proofs that are bent.
    pub fn specimens(&self) -> &[(Kind, Specimen)] {
        &self.specimens
    }

    /// Bends a proof in any way and judges what comes of it.
    pub fn bent(
        &self,
        verifier: &mut Verifier<'_>,
        rng: &mut StdRng,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let (kind, specimen) = self.specimens.choose(rng).expect("there are specimens");
        let donor = self.donor(rng);
        let (how, bytes) = specimen.bent_at_random(donor, rng);
        self.judge(verifier, *kind, specimen, how, bytes, tally)
    }

    /// Bends one node of one proof in one way, and judges what comes of it. `Ok(false)`: the way does not
    /// apply to the node.
    pub fn bent_at(
        &self,
        verifier: &mut Verifier<'_>,
        (specimen, node, how): (usize, usize, Bend),
        rng: &mut StdRng,
        tally: &mut Tally,
    ) -> Result<bool, Failure> {
        let (kind, specimen) = &self.specimens[specimen];
        let Some(bytes) = specimen.bent(node, how, self.donor(rng), rng) else {
            return Ok(false);
        };
        self.judge(verifier, *kind, specimen, how, bytes, tally)?;
        Ok(true)
    }

    fn donor(&self, rng: &mut StdRng) -> &Specimen {
        match self.donors.choose(rng) {
            Some(donor) if rng.gen_ratio(1, 4) => donor,
            _ => &self.specimens.choose(rng).expect("there are specimens").1,
        }
    }

    fn judge(
        &self,
        verifier: &mut Verifier<'_>,
        kind: Kind,
        genuine: &Specimen,
        how: Bend,
        bytes: Vec<u8>,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        if self.genuine.contains(&bytes) {
            tally.unchanged += 1;
            return Ok(());
        }
        let family = format!("{}: bent: {}", kind.name(), how.name());
        let failed = |why: String| Failure {
            attack: family.clone(),
            why,
            bytes: bytes.clone(),
        };
        let verdict = claims::verify(verifier, kind, &bytes);
        if tally.attacks.is_multiple_of(ALONE) {
            let alone = claims::verify(&mut Verifier::new(self.network), kind, &bytes);
            let words =
                [&verdict, &alone].map(|verdict| verdict.as_ref().map(|_| ()).err().copied());
            if words[0] != words[1] {
                return Err(failed(format!("remembering {words:?} without")));
            }
        }
        let claims = match verdict {
            Err(reason) => {
                tally.count(&family, reason);
                return Ok(());
            }
            Ok(claims) => claims,
        };
        for claim in &claims {
            self.history.holds(claim).map_err(failed)?;
        }
        match difference(kind, &genuine.bytes, &bytes) {
            Ok(free) if free.is_empty() => Err(failed("verified, and nothing differs".to_owned())),
            Ok(free) => {
                // The first names the change well enough.
                let first = free.first().map_or("free", |free| free.name());
                tally.count(&family, first);
                Ok(())
            }
            Err(field) => Err(failed(format!("{field} was altered, and it verified"))),
        }
    }
}

/// What differs between a genuine proof and one that verified too.
pub fn difference(
    kind: Kind,
    genuine: &[u8],
    other: &[u8],
) -> Result<BTreeSet<Free>, &'static str> {
    const READ: &str = "what verified was read";
    match kind {
        Kind::Certificate => {
            let read = |bytes| StatusCertificate::decode(bytes).expect(READ);
            free::certificate(&read(genuine), &read(other))
        }
        Kind::Receipt => {
            let read = |bytes| Receipt::decode(bytes).expect(READ);
            free::receipt(&read(genuine), &read(other))
        }
        Kind::Bundle => {
            let read = |bytes| ReceiptBundle::decode(bytes).expect(READ);
            free::bundle(&read(genuine), &read(other))
        }
    }
}

/// Makes attacks: so many, from a seed on. `each` hears of the figures after every world.
pub fn run(first: u64, attacks: u64, mut each: impl FnMut(&Tally)) -> Result<Tally, Box<Failure>> {
    let mut tally = Tally::default();
    let mut seed = first;
    while tally.attacks < attacks {
        let wanted = (attacks - tally.attacks).min(ATTACKS_A_WORLD);
        tally.add(&on_world(seed, wanted)?);
        each(&tally);
        seed += 1;
    }
    Ok(tally)
}

/// The attacks of one seed.
pub fn on_world(seed: u64, attacks: u64) -> Result<Tally, Box<Failure>> {
    let world = World::new(seed);
    let mut rng = StdRng::seed_from_u64(seed ^ 0x6174_7461_636b);
    let ground = ground(&world, &mut rng);
    let families = forge::families();
    let mut verifier = Verifier::new(&world.here.network);
    let mut tally = Tally::default();
    while tally.attacks < attacks {
        let number = tally.attacks;
        let ended = if rng.gen_ratio(3, 5) {
            ground.bent(&mut verifier, &mut rng, &mut tally)
        } else {
            forged(
                &ground,
                &world,
                &families,
                &mut verifier,
                &mut rng,
                &mut tally,
            )
        };
        ended.map_err(|mut failure| {
            failure.attack = format!("seed {seed}, attack {number}, {}", failure.attack);
            Box::new(failure)
        })?;
    }
    Ok(tally)
}

/// The genuine proofs of a world.
pub fn ground<'a>(world: &'a World, rng: &mut StdRng) -> Ground<'a> {
    let proofs = |ledger: &world::Ledger, rng: &mut StdRng, count: usize| {
        let mut proofs = Vec::new();
        while proofs.len() < count {
            let at = rng.gen_range(1..ledger.moments.len());
            let provable = ledger.provable(at);
            let Some(done) = provable.choose(rng) else {
                continue;
            };
            proofs.push((Kind::Receipt, ledger.receipt(done, at, rng).encode()));
            let mut keys = ledger.keys_of(done);
            keys.truncate(rng.gen_range(1..=3));
            keys.extend((0..rng.gen_range(0..3)).map(|_| hefu_types::StateKey(rng.gen())));
            let certificate = ledger.certificate(at, &keys, rng);
            proofs.push((Kind::Certificate, certificate.encode()));
        }
        proofs
    };
    let mut all = proofs(&world.here, rng, SPECIMENS - 4);
    while all.len() < SPECIMENS {
        let at = rng.gen_range(1..world.here.moments.len());
        let provable = world.here.provable(at);
        let of = provable.choose(rng).map(|done| done.statement);
        let bundle = of.and_then(|of| forge::bundle(world, at, of, rng));
        all.extend(bundle.map(|bundle| (Kind::Bundle, bundle.encode())));
    }
    let donors = proofs(&world.there, rng, 6).into_iter();
    let donors = donors.map(|(_, bytes)| bytes).collect();
    Ground::new(&world.here.network, History::of(&world.here), all, donors)
}

fn forged(
    ground: &Ground<'_>,
    world: &World,
    families: &[(&'static str, Family)],
    verifier: &mut Verifier<'_>,
    rng: &mut StdRng,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let (family, make) = families.choose(rng).expect("there are families");
    let Some(Attack { target, expected }) = make(world, rng) else {
        return Ok(());
    };
    let failed = |why: String, bytes: &[u8]| Failure {
        attack: (*family).to_owned(),
        why,
        bytes: bytes.to_vec(),
    };
    let (verdict, bytes) = try_target(verifier, &target);
    match verdict {
        Err(reason) if expected.contains(&reason) => {
            tally.count(family, reason);
            Ok(())
        }
        Err(reason) => Err(failed(format!("{reason}, not {expected:?}"), bytes)),
        Ok(claims) => {
            let held = claims
                .iter()
                .try_for_each(|claim| ground.history.holds(claim));
            let why = match held {
                Ok(()) => "verified, though nothing untrue is claimed".to_owned(),
                Err(untrue) => format!("PROVEN AND UNTRUE: {untrue}"),
            };
            Err(failed(why, bytes))
        }
    }
}

/// Verifies what is tried as whoever it is meant for would.
pub fn try_target<'t>(
    verifier: &mut Verifier<'_>,
    target: &'t Target,
) -> (Result<Vec<claims::Claim>, &'static str>, &'t [u8]) {
    let held = |verdict: Result<(), &'static str>| verdict.map(|()| Vec::new());
    match target {
        Target::Proof(kind, bytes) => (claims::verify(verifier, *kind, bytes), bytes),
        Target::State {
            proof,
            root,
            key,
            value_hash,
        } => {
            let decoded = canonical::decode(proof, StateProof::ENCODED_BYTES_MAX);
            let verdict = decoded
                .map_err(|e| e.reason())
                .and_then(|decoded| claims::verify_state(&decoded, root, key, value_hash.as_ref()));
            (held(verdict), proof)
        }
        Target::Inclusion {
            leaf,
            index,
            size,
            path,
            root,
        } => {
            let verdict = log::verify_inclusion(SUITE, leaf, *index, *size, path, root);
            (held(verdict.map_err(|e| e.reason())), &[])
        }
        Target::Consistency {
            first,
            second,
            path,
        } => {
            let verdict = log::verify_consistency(SUITE, *first, *second, path);
            (held(verdict.map_err(|e| e.reason())), &[])
        }
        Target::Signature {
            key,
            message,
            signature,
        } => {
            let verdict = SUITE.verify(key, message, signature);
            (held(verdict.map_err(|e| e.reason())), message)
        }
    }
}
