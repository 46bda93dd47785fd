//! The malicious prover against the verifier, and what it may change without saying anything untrue.

use anyhow::{ensure, Context, Result};
use hefu_proof::certificate::Value;
use hefu_proof::fact::FactLeaf;
use hefu_proof::{Receipt, ReceiptBundle, StatusCertificate, Verifier};
use hefu_tests::attack::bend::Bend;
use hefu_tests::attack::claims::{self, Kind};
use hefu_tests::attack::free::Free;
use hefu_tests::attack::golden::Golden;
use hefu_tests::attack::world::{cosigned, genesis, sign, Done, Ledger, World, SUITE};
use hefu_tests::attack::{self, difference, forge, Tally};
use hefu_types::genesis::Network;
use hefu_types::leaf::{AgencyLeaf, ClockLeaf, DigestLeaf, KeyLeaf, MemberLeaf, SetLeaf};
use hefu_types::operation::Operation;
use hefu_types::{canonical, Hash, NetworkId};
use rand::{rngs::StdRng, SeedableRng};
use std::collections::BTreeSet;
use std::path::Path;

/// What an attack is refused with at least once among ten thousand.
const REASONS: &[&str] = &[
    "bad-cosignature",
    "bad-key",
    "bad-leaf",
    "bad-log-signature",
    "bad-signature",
    "chain-heights",
    "chain-too-long",
    "cosignatures-not-ascending",
    "index-outside",
    "leaves-not-ascending",
    "malformed",
    "name-too-long",
    "neighbour-elsewhere",
    "neighbour-in-inclusion",
    "neighbour-is-the-key",
    "no-quorum",
    "no-set",
    "not-after-handover",
    "not-canonical",
    "not-named",
    "not-proven",
    "not-the-next-set",
    "other-algorithm",
    "other-epoch",
    "other-facts",
    "other-first-root",
    "other-holder",
    "other-network",
    "other-root",
    "other-second-root",
    "path-too-long",
    "placeholder-spelled-out",
    "sizes",
    "too-long",
    "unknown-format",
    "unknown-member",
    "wrong-path-length",
];

#[test]
fn ten_thousand_attacks_prove_nothing_untrue() {
    let tally = match attack::run(1, 10_000, |_| ()) {
        Ok(tally) => tally,
        Err(failure) => panic!("{failure}"),
    };
    println!("{}", tally.report());
    assert_eq!(tally.attacks, 10_000);
    for (family, _) in forge::families() {
        assert!(tally.families.contains_key(family), "{family}: never tried");
    }
    for how in Bend::ALL {
        let tried = |kind: Kind| {
            let family = format!("{}: bent: {}", kind.name(), how.name());
            tally.families.contains_key(&family)
        };
        assert!(tried(Kind::Receipt) && tried(Kind::Certificate), "{how:?}");
    }
    let seen = tally.reasons();
    for reason in REASONS {
        assert!(seen.contains_key(reason), "{reason}: no attack ends so");
    }
}

#[test]
fn every_node_of_a_proof_is_bent_in_every_way() {
    let world = World::new(7);
    let mut rng = StdRng::seed_from_u64(7);
    let ground = attack::ground(&world, &mut rng);
    let mut verifier = Verifier::new(&world.here.network);
    let mut tally = Tally::default();
    // One of each kind, the longest: it has a chain of handovers.
    for kind in [Kind::Receipt, Kind::Certificate, Kind::Bundle] {
        let of_kind = ground.specimens().iter().enumerate();
        let longest = of_kind
            .filter(|(_, (of, _))| *of == kind)
            .max_by_key(|(_, (_, specimen))| specimen.bytes.len());
        let (at, (_, specimen)) = longest.expect("one of each kind");
        for node in 0..specimen.nodes() {
            for how in Bend::ALL {
                let place = (at, node, *how);
                if let Err(failure) = ground.bent_at(&mut verifier, place, &mut rng, &mut tally) {
                    panic!("node {node}: {failure}");
                }
            }
        }
    }
    println!("{}", tally.report());
    assert!(tally.attacks > 5_000, "{}", tally.attacks);
}

/// The golden files, bent blindly: all that is known to be true of them is what they say themselves.
#[test]
fn golden_proofs_are_bent_as_well() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let goldens = Golden::read(&folder)?;
    if goldens.is_empty() {
        println!("{} has no manifest: nothing was bent", folder.display());
    }
    let mut all = Tally::default();
    for golden in &goldens {
        let ground = golden.ground();
        let mut verifier = Verifier::new(&golden.network);
        let mut rng = StdRng::seed_from_u64(9);
        let mut tally = Tally::default();
        while tally.attacks < 2_000 {
            let ended = ground.bent(&mut verifier, &mut rng, &mut tally);
            ended.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        }
        all.add(&tally);
    }
    println!(
        "{} networks of golden files: {}",
        goldens.len(),
        all.report()
    );
    Ok(())
}

/// A ledger and what is looked for in it.
struct Shown {
    world: World,
    rng: StdRng,
}

impl Shown {
    fn ledger(&self) -> &Ledger {
        &self.world.here
    }

    /// The last moment with an operation of which `is_it` holds, and its receipt.
    fn receipt(
        &mut self,
        is_it: impl Fn(&Ledger, usize, &Done) -> bool,
    ) -> Result<(Receipt, usize)> {
        let ledger = &self.world.here;
        let found = (1..ledger.moments.len()).rev().find_map(|at| {
            let provable = ledger.provable(at);
            let done = provable.into_iter().find(|done| is_it(ledger, at, done))?;
            Some((done, at))
        });
        let (done, at) = found.context("the world has no such operation")?;
        Ok((ledger.receipt(done, at, &mut self.rng), at))
    }

    /// A changed proof verifies, claims nothing untrue, and differs in these parts.
    fn free(&self, kind: Kind, genuine: &[u8], changed: &[u8], parts: &[Free]) -> Result<()> {
        ensure!(genuine != changed, "{parts:?}: nothing was changed");
        let network = &self.ledger().network;
        let history = claims::History::of(self.ledger());
        let claims = claims::verify(&mut Verifier::new(network), kind, changed)
            .map_err(|reason| anyhow::anyhow!("{parts:?}: refused: {reason}"))?;
        for claim in &claims {
            history.holds(claim).map_err(anyhow::Error::msg)?;
        }
        let differs = difference(kind, genuine, changed).map_err(anyhow::Error::msg)?;
        ensure!(
            differs == BTreeSet::from_iter(parts.iter().copied()),
            "{differs:?} differ, not {parts:?}"
        );
        Ok(())
    }

    fn receipts(&self, genuine: &Receipt, changed: &Receipt, parts: &[Free]) -> Result<()> {
        self.free(Kind::Receipt, &genuine.encode(), &changed.encode(), parts)
    }

    fn certificates(
        &self,
        genuine: &StatusCertificate,
        changed: &StatusCertificate,
        parts: &[Free],
    ) -> Result<()> {
        self.free(
            Kind::Certificate,
            &genuine.encode(),
            &changed.encode(),
            parts,
        )
    }
}

fn shown(seed: u64) -> Shown {
    Shown {
        world: World::new(seed),
        rng: StdRng::seed_from_u64(seed),
    }
}

fn is_registration(done: &Done) -> bool {
    matches!(done.operation, Operation::Register(_))
}

/// Each entry of the list of what is not authenticated, by an example: none is there for nothing.
#[test]
fn what_is_free_is_shown_to_be() -> Result<()> {
    let mut shown = shown(3);
    let (receipt, at) = shown.receipt(|_, _, done| is_registration(done))?;
    let origin = shown.ledger().network.origin().to_owned();
    let certificate = receipt.certificate.clone();
    let text = certificate.checkpoint.checkpoint.text(&origin);
    let set = shown.ledger().set_at(at).clone();
    let all: Vec<u16> = (0..set.validators.len() as u16).collect();

    let mut changed = certificate.clone();
    changed.checkpoint.cosignatures = cosigned(&text, &set, &all, 1_800_000_000);
    shown.certificates(&certificate, &changed, &[Free::Cosigners])?;

    let mut changed = certificate.clone();
    let member = (changed.checkpoint.log_signature.member + 1) % all.len() as u16;
    let other = [member];
    changed.checkpoint.log_signature =
        sign(&changed.checkpoint.checkpoint, &origin, &set, &other, 1).log_signature;
    shown.certificates(&certificate, &changed, &[Free::LogLine])?;

    let mut changed = certificate.clone();
    changed.leaves.pop();
    shown.certificates(&certificate, &changed, &[Free::Leaves])?;

    // The link may be any checkpoint of the set before whose state holds the set after, and of any quorum.
    let link = certificate.handovers[0].checkpoint.clone();
    let (ledger, next) = (shown.ledger(), hefu_types::key::set(SUITE, 1));
    let shows = |at: &usize| {
        let moment = &ledger.moments[*at];
        let is_other = moment.checkpoint.epoch == 0 && moment.checkpoint != link;
        is_other && moment.values.contains_key(&next)
    };
    let other = (0..ledger.moments.len()).find(shows);
    let mut changed = certificate.clone();
    changed.handovers[0] = ledger.handover(
        other.context("another link")?,
        &mut StdRng::seed_from_u64(0),
    );
    shown.certificates(&certificate, &changed, &[Free::Link])?;
    let mut changed = certificate.clone();
    let text = link.text(&origin);
    changed.handovers[0].cosignatures = cosigned(&text, &ledger.sets[0], &all, 1_800_000_001);
    shown.certificates(&certificate, &changed, &[Free::Cosigners])?;

    // The record names a lock itself.
    let (locked, _) = shown.receipt(|ledger, at, done| {
        let record = ledger.moments[at].values.get(&done.record);
        let is_named = matches!(record, Some(Value::Record(public, _)) if public.names(&done.id));
        is_named && ledger.item_of(done, at).is_some()
    })?;
    let mut changed = locked.clone();
    ensure!(changed.opened.take().is_some(), "it has an item");
    shown.receipts(&locked, &changed, &[Free::Item])?;

    // A holder passes on less, and says less of how much it hides.
    let disclosed = receipt.disclosed.clone().context("what the issuer gives")?;
    let mut changed = receipt.clone();
    changed.disclosed = None;
    shown.receipts(&receipt, &changed, &[Free::HiddenFacts, Free::Salt])?;
    let mut changed = receipt.clone();
    let salt = changed.disclosed.as_mut().context("disclosed")?;
    salt.named_member_salt = None;
    shown.receipts(&receipt, &changed, &[Free::Salt])?;
    ensure!(!disclosed.facts.is_empty(), "there are facts");

    // Another genuine checkpoint, another genuine operation.
    let ledger = shown.ledger();
    let last = ledger.moments.len() - 1;
    let mut rng = StdRng::seed_from_u64(0);
    let mut pairs = ledger.operations.iter().filter(|done| {
        let provable = |at: usize| ledger.provable(at).iter().any(|other| other.id == done.id);
        is_registration(done) && provable(last) && provable(last - 1)
    });
    let (one, two) = (
        pairs.next().context("one")?,
        pairs.next_back().context("two")?,
    );
    let [early, late] = [last - 1, last].map(|at| ledger.receipt(one, at, &mut rng));
    shown.receipts(&early, &late, &[Free::OtherState])?;
    let other = ledger.receipt(two, last, &mut rng);
    let differs = difference(Kind::Receipt, &late.encode(), &other.encode());
    ensure!(differs.is_ok_and(|free| free.contains(&Free::OtherOperation)));
    Ok(())
}

/// An inner node of the fact tree stands for the hidden facts below it: how many are hidden is not told.
#[test]
fn how_many_facts_are_hidden_is_not_authenticated() -> Result<()> {
    let mut shown = shown(3);
    let facts = |ledger: &Ledger, done: &Done| ledger.facts[&done.record].len();
    let (mut receipt, _) =
        shown.receipt(|ledger, _, done| is_registration(done) && facts(ledger, done) == 3)?;
    let disclosed = receipt.disclosed.as_mut().context("disclosed")?;
    let name = disclosed.open_facts().last().context("facts")?.name.clone();
    disclosed.facts = hefu_proof::fact::disclose(SUITE, &disclosed.facts, &[name])?;
    let mut changed = receipt.clone();
    let facts = &mut changed.disclosed.as_mut().context("disclosed")?.facts;
    let [FactLeaf::Hidden(left), FactLeaf::Hidden(right), FactLeaf::Open(open)] = &facts[..] else {
        anyhow::bail!("two hidden, one open");
    };
    *facts = vec![
        FactLeaf::Hidden(SUITE.log_node(left, right)),
        FactLeaf::Open(open.clone()),
    ];
    shown.receipts(&receipt, &changed, &[Free::HiddenFacts])
}

/// One path of a private item is that of several places, as the number of items is not signed.
#[test]
fn the_place_of_a_private_item_is_not_authenticated() -> Result<()> {
    let mut shown = shown(3);
    let (receipt, _) = shown.receipt(|ledger, at, done| {
        let is_use = matches!(done.operation, Operation::Consume(_));
        is_use
            && ledger.item_of(done, at) == Some(1)
            && ledger.moments[at].items[&done.record].len() == 2
    })?;
    let mut changed = receipt.clone();
    let opened = changed.opened.as_mut().context("an item")?;
    // The last of three hangs below the root as the second of two does.
    (opened.index, opened.count) = (2, 3);
    shown.receipts(&receipt, &changed, &[Free::ItemPlace])?;
    // Of an operation that the record does not name itself the item may not be left out.
    changed.opened = None;
    let refused = claims::verify(
        &mut Verifier::new(&shown.ledger().network),
        Kind::Receipt,
        &changed.encode(),
    );
    ensure!(refused.err() == Some("not-named"));
    Ok(())
}

/// A record's bytes and private root as one leaf have the record's hash, and nobody takes them for anything.
#[test]
fn a_record_shown_as_a_plain_leaf_reads_as_nothing() -> Result<()> {
    let mut shown = shown(3);
    let (receipt, _) = shown.receipt(|_, _, done| is_registration(done))?;
    let certificate = receipt.certificate.clone();
    let mut changed = certificate.clone();
    let mut record = None;
    for leaf in &mut changed.leaves {
        if let Value::Record(public, root) = &leaf.value {
            let bytes = [canonical::encode(public), root.0.to_vec()].concat();
            record = Some(leaf.key);
            leaf.value = Value::Leaf(bytes.into());
        }
    }
    shown.certificates(&certificate, &changed, &[Free::ValueKind])?;
    let state = changed.verify(&shown.ledger().network)?;
    let record = record.context("a record")?;
    ensure!(state.record(&record).is_err(), "it is no record");
    ensure!(state.leaf::<AgencyLeaf>(&record, "an agency").is_err());
    ensure!(state.leaf::<ClockLeaf>(&record, "a clock").is_err());
    ensure!(state.leaf::<DigestLeaf>(&record, "a digest").is_err());
    ensure!(state.leaf::<KeyLeaf>(&record, "a key").is_err());
    ensure!(state.leaf::<MemberLeaf>(&record, "a member").is_err());
    ensure!(state.leaf::<SetLeaf>(&record, "a set").is_err());
    let mut changed_receipt = receipt.clone();
    changed_receipt.certificate = changed;
    ensure!(changed_receipt.verify(&shown.ledger().network).is_err());
    Ok(())
}

/// In a bundle leaves change places: each receipt is put together and verified for itself.
#[test]
fn a_bundle_may_be_arranged_otherwise() -> Result<()> {
    let shown = shown(3);
    let mut rng = StdRng::seed_from_u64(0);
    let last = shown.ledger().moments.len() - 1;
    let of = shown.ledger().provable(last)[0].statement;
    let bundle = forge::bundle(&shown.world, last, of, &mut rng).context("a bundle")?;
    let check = |changed: ReceiptBundle| {
        shown.free(
            Kind::Bundle,
            &bundle.encode(),
            &changed.encode(),
            &[Free::Bundle],
        )
    };
    let mut changed = bundle.clone();
    changed.leaves.reverse();
    check(changed)?;
    let mut changed = bundle.clone();
    changed.own.insert(0, None);
    check(changed)?;
    // A leaf that is shared may be every receipt's own.
    let mut changed = bundle.clone();
    let shared = changed.leaves.pop().context("a shared leaf")?;
    for own in changed.own.iter_mut().flatten() {
        own.leaves.push(shared.clone());
    }
    check(changed)
}

/// The limit of a proof that stands alone: who remembers nothing and gets no chain believes a retired set, if all
/// of its members lie together. Who has seen the set after it refuses the same.
#[test]
fn a_retired_set_is_believed_only_without_its_chain() -> Result<()> {
    let shown = shown(5);
    let ledger = shown.ledger();
    let network = &ledger.network;
    let mut checkpoint = ledger.last().checkpoint.clone();
    (checkpoint.epoch, checkpoint.log_root) = (0, Hash([9; 32]));
    let set = &ledger.sets[0];
    let all: Vec<u16> = (0..set.validators.len() as u16).collect();
    let signed = sign(&checkpoint, network.origin(), set, &all, 1_800_000_000);
    let mut certificate = StatusCertificate {
        format: 0,
        network: network.digest(),
        checkpoint: signed,
        handovers: Vec::new(),
        leaves: Vec::new(),
    };
    ensure!(
        certificate.verify(network).is_ok(),
        "the limit is mended: say so"
    );
    certificate.handovers = ledger.chain.clone();
    let refused = claims::verify(
        &mut Verifier::new(network),
        Kind::Certificate,
        &certificate.encode(),
    );
    ensure!(refused.err() == Some("other-epoch"));
    Ok(())
}

/// No network begins with one key under two names, so that a member counted is a key counted.
#[test]
fn one_key_under_two_names_founds_no_network() {
    let good = genesis(NetworkId([1; 16]), 4);
    assert!(Network::new(good.clone()).is_ok());
    for of in [0, 1, 2] {
        let mut bad = good.clone();
        let (first, rest) = bad.validators.split_first_mut().expect("four validators");
        match of {
            0 => rest[0].checkpoint = first.checkpoint.clone(),
            1 => rest[0].log = first.log.clone(),
            _ => rest[0].checkpoint = first.log.clone(),
        }
        assert!(Network::new(bad).is_err(), "{of}");
    }
}
