//! Against checkpoints and handovers: an attacker with fewer validators' keys than are left when a quorum is
//! taken away, with all keys of those that retired, and with all that was ever signed.

use super::signature::bent;
use super::{Attack, Family};
use crate::attack::world::{cosigned, quorum_of, secret, sign, value_hash, Ledger, World, SUITE};
use hefu_proof::certificate::{ProvenLeaf, Value};
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::{Handover, StateProof, StatusCertificate};
use hefu_types::leaf::{Leaf, SetLeaf};
use hefu_types::{key, Hash, Millis, StateKey, TreeSize};
use rand::seq::SliceRandom;
use rand::{rngs::StdRng, Rng};

pub(super) const FAMILIES: &[(&str, Family)] = &[
    ("checkpoint: one short of a quorum", one_short),
    ("checkpoint: a signer twice", signer_twice),
    ("checkpoint: one key under two names", one_key_two_names),
    ("checkpoint: unknown signers", unknown_signers),
    ("checkpoint: strangers in members' places", strangers),
    (
        "checkpoint: another state line for one size",
        other_state_line,
    ),
    (
        "checkpoint: signatures of several checkpoints",
        several_checkpoints,
    ),
    ("checkpoint: other times of cosignatures", other_times),
    ("checkpoint: malleated cosignature", malleated),
    ("checkpoint: cosignatures out of order", out_of_order),
    (
        "checkpoint: more cosignatures than a set has members",
        too_many,
    ),
    ("checkpoint: line of the log", log_line),
    ("checkpoint: of another network", other_network),
    ("checkpoint: of another epoch", other_epoch),
    (
        "checkpoint: of a retired set after its handover",
        retired_set,
    ),
    ("handover: a link left out", link_left_out),
    ("handover: a link twice", link_twice),
    ("handover: links in another order", links_reordered),
    ("handover: a chain too short or too long", other_length),
    ("handover: a set of the attacker's", own_set),
    ("handover: one short of a quorum", link_without_quorum),
    ("handover: of another network", link_of_other_network),
    ("handover: no set, or another leaf", no_set),
    ("handover: longer than any", endless),
];

/// The state as the attacker wishes it: one leaf, under which anything can be proven.
fn forged_state(rng: &mut StdRng) -> (ProvenLeaf, Hash) {
    let key = StateKey(rng.gen());
    let value = Value::Leaf(rng.gen::<[u8; 32]>().to_vec().into());
    lone_leaf(key, value)
}

fn lone_leaf(key: StateKey, value: Value) -> (ProvenLeaf, Hash) {
    let hash = value_hash(&value).expect("it is there");
    let proof = StateProof::new(SUITE, &[], None);
    (
        ProvenLeaf { key, value, proof },
        SUITE.state_leaf(&key.0, &hash),
    )
}

/// A certificate of a genuine moment, and of which one it is.
fn genuine(ledger: &Ledger, rng: &mut StdRng) -> (StatusCertificate, usize) {
    let at = rng.gen_range(1..ledger.moments.len());
    let keys: Vec<&StateKey> = ledger.moments[at].values.keys().collect();
    let key = **keys.choose(rng).expect("genesis has leaves");
    (ledger.certificate(at, &[key], rng), at)
}

/// The same with a state, a log root or both that never were, not yet signed.
fn forged(world: &World, rng: &mut StdRng) -> (StatusCertificate, usize) {
    let (mut certificate, at) = genuine(&world.here, rng);
    let (leaf, root) = forged_state(rng);
    certificate.leaves = vec![leaf];
    certificate.checkpoint.checkpoint.state_root = root;
    if rng.gen() {
        certificate.checkpoint.checkpoint.size.0 += 1;
        certificate.checkpoint.checkpoint.log_root = Hash(rng.gen());
    }
    (certificate, at)
}

/// Signs a forged checkpoint with these members.
fn signed(world: &World, certificate: &mut StatusCertificate, at: usize, members: &[u16]) {
    let set = world.here.set_at(at);
    let (origin, checkpoint) = (
        world.here.network.origin(),
        &certificate.checkpoint.checkpoint,
    );
    let seconds = checkpoint.time.0 / 1000 + 1;
    certificate.checkpoint = sign(&checkpoint.clone(), origin, set, members, seconds);
}

/// As many members as may be corrupt: one more and a quorum is not left.
fn corrupt(set: &SetLeaf, rng: &mut StdRng) -> Vec<u16> {
    let mut members: Vec<u16> = (0..set.validators.len() as u16).collect();
    members.shuffle(rng);
    members.truncate(set.validators.len() - set.quorum());
    members.sort_unstable();
    members
}

fn one_short(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = match rng.gen() {
        true => forged(world, rng),
        false => genuine(&world.here, rng),
    };
    let set = world.here.set_at(at);
    let mut members = quorum_of(set, rng);
    members.truncate(set.quorum() - 1);
    signed(world, &mut certificate, at, &members);
    Attack::certificate(&certificate, &["no-quorum"])
}

fn signer_twice(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = forged(world, rng);
    let set = world.here.set_at(at);
    let mut members = corrupt(set, rng);
    while members.len() < set.quorum() {
        members.push(*members.choose(rng)?);
    }
    members.sort_unstable();
    signed(world, &mut certificate, at, &members);
    Attack::certificate(&certificate, &["cosignatures-not-ascending"])
}

/// The corrupt members sign in the others' names.
fn one_key_two_names(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = forged(world, rng);
    let set = world.here.set_at(at);
    let members = corrupt(set, rng);
    signed(world, &mut certificate, at, &members);
    let own = certificate.checkpoint.cosignatures.clone();
    for member in quorum_of(set, rng) {
        if !members.contains(&member) {
            let mut other = own.choose(rng)?.clone();
            other.member = member;
            certificate.checkpoint.cosignatures.push(other);
        }
    }
    let cosignatures = &mut certificate.checkpoint.cosignatures;
    cosignatures.sort_by_key(|cosignature| cosignature.member);
    (cosignatures.len() >= set.quorum()).then_some(())?;
    Attack::certificate(&certificate, &["bad-cosignature"])
}

fn unknown_signers(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = match rng.gen() {
        true => forged(world, rng),
        false => genuine(&world.here, rng),
    };
    let set = world.here.set_at(at);
    signed(world, &mut certificate, at, &corrupt(set, rng));
    let own = certificate.checkpoint.cosignatures[0].clone();
    for stranger in 0..set.quorum() as u16 {
        let mut other = own.clone();
        other.member = set.validators.len() as u16 + stranger * 7;
        certificate.checkpoint.cosignatures.push(other);
    }
    Attack::certificate(&certificate, &["unknown-member"])
}

/// Keys of nobody, in the places of members.
fn strangers(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = forged(world, rng);
    let set = world.here.set_at(at);
    signed(world, &mut certificate, at, &quorum_of(set, rng));
    let text = certificate
        .checkpoint
        .checkpoint
        .text(world.here.network.origin());
    for cosignature in &mut certificate.checkpoint.cosignatures {
        let stranger = secret("checkpoint", "stranger");
        cosignature.signature = stranger.cosign(&text, cosignature.seconds);
    }
    Attack::certificate(&certificate, &["bad-cosignature"])
}

/// The honest members' cosignatures of a size serve one state line only, whatever the corrupt ones sign.
fn other_state_line(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = genuine(&world.here, rng);
    let set = world.here.set_at(at);
    let honest = certificate.checkpoint.cosignatures.clone();
    let line = &mut certificate.checkpoint.checkpoint;
    match rng.gen_range(0..5) {
        0 => {
            let (leaf, root) = forged_state(rng);
            certificate.leaves = vec![leaf];
            line.state_root = root;
        }
        1 => line.height += rng.gen_range(1..100),
        2 => line.time = Millis(line.time.0 + rng.gen_range(1..1_000_000_000)),
        3 => line.compromise_counter += 1,
        _ => line.log_root = Hash(rng.gen()),
    }
    let members = corrupt(set, rng);
    signed(world, &mut certificate, at, &members);
    let own = &mut certificate.checkpoint.cosignatures;
    own.extend(honest.into_iter().filter(|c| !members.contains(&c.member)));
    own.sort_by_key(|cosignature| cosignature.member);
    (own.len() >= set.quorum()).then_some(())?;
    Attack::certificate(&certificate, &["bad-cosignature"])
}

fn several_checkpoints(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = genuine(&world.here, rng);
    let (other, then) = genuine(&world.here, rng);
    (at != then).then_some(())?;
    let (ours, theirs) = (&mut certificate.checkpoint, other.checkpoint);
    match rng.gen_range(0..3) {
        0 => {
            ours.cosignatures = theirs.cosignatures;
            Attack::certificate(&certificate, &["bad-cosignature", "no-quorum"])
        }
        1 => {
            // Some of one, some of the other.
            for cosignature in &mut ours.cosignatures {
                let same = |c: &&_| PartialEq::eq(&cosignature.member, &member_of(c));
                if let Some(other) = theirs.cosignatures.iter().find(same) {
                    *cosignature = other.clone();
                    break;
                }
            }
            (ours.cosignatures.len() <= world.here.set_at(at).validators.len()).then_some(())?;
            let genuine = world.here.moments[at]
                .checkpoint
                .text(world.here.network.origin());
            let differs = ours.cosignatures.iter().any(|c| {
                let set = world.here.set_at(at);
                hefu_proof::checkpoint::verify_cosignature(SUITE, &genuine, set, c).is_err()
            });
            differs.then_some(())?;
            Attack::certificate(&certificate, &["bad-cosignature"])
        }
        _ => {
            ours.log_signature = theirs.log_signature;
            Attack::certificate(&certificate, &["bad-log-signature", "unknown-member"])
        }
    }
}

fn member_of(cosignature: &hefu_types::block::MemberCosignature) -> u16 {
    cosignature.member
}

fn other_times(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = genuine(&world.here, rng);
    let cosignature = certificate.checkpoint.cosignatures.choose_mut(rng)?;
    cosignature.seconds = match rng.gen_range(0..3) {
        0 => u64::MAX,
        1 => 0,
        _ => cosignature.seconds + rng.gen_range(1..100_000),
    };
    Attack::certificate(&certificate, &["bad-cosignature"])
}

fn malleated(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = genuine(&world.here, rng);
    let cosignature = certificate.checkpoint.cosignatures.choose_mut(rng)?;
    cosignature.signature = bent(&cosignature.signature, rng);
    Attack::certificate(&certificate, &["bad-cosignature"])
}

fn out_of_order(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = genuine(&world.here, rng);
    let cosignatures = &mut certificate.checkpoint.cosignatures;
    match rng.gen() {
        true => cosignatures.reverse(),
        false => cosignatures.swap(0, 1),
    }
    Attack::certificate(&certificate, &["cosignatures-not-ascending"])
}

fn too_many(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = genuine(&world.here, rng);
    let one = certificate.checkpoint.cosignatures[0].clone();
    let many = (0..300).map(|member| hefu_types::block::MemberCosignature {
        member,
        ..one.clone()
    });
    certificate.checkpoint.cosignatures = many.collect();
    Attack::certificate(&certificate, &["cosignatures-not-ascending"])
}

fn log_line(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = genuine(&world.here, rng);
    let members = world.here.set_at(at).validators.len() as u16;
    let text = certificate
        .checkpoint
        .checkpoint
        .text(world.here.network.origin());
    let line = &mut certificate.checkpoint.log_signature;
    match rng.gen_range(0..4) {
        0 => line.member = (line.member + 1) % members,
        1 => {
            line.member = members + rng.gen_range(0..9);
            return Attack::certificate(&certificate, &["unknown-member"]);
        }
        2 => line.signature = secret("log", "stranger").sign_note(&text),
        _ => line.signature = bent(&line.signature, rng),
    }
    Attack::certificate(&certificate, &["bad-log-signature"])
}

/// The same validators cosign in another network.
fn other_network(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = genuine(&world.there, rng);
    if rng.gen() {
        return Attack::certificate(&certificate, &["other-network"]);
    }
    certificate.network = world.here.network.digest();
    Attack::certificate(&certificate, &["bad-cosignature"])
}

fn other_epoch(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = genuine(&world.here, rng);
    let epoch = &mut certificate.checkpoint.checkpoint.epoch;
    *epoch = match rng.gen_range(0..4) {
        0 => u64::MAX,
        1 => *epoch + 1,
        2 => epoch.checked_sub(1)?,
        _ => 7,
    };
    if rng.gen() {
        let members = quorum_of(world.here.set_at(at), rng);
        signed(world, &mut certificate, at, &members);
    }
    Attack::certificate(&certificate, &["other-epoch"])
}

/// All of a retired set sign what they like, for a later height: under the chain that moved on it is nothing.
fn retired_set(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let last = world.here.moments.len() - 1;
    let (leaf, state_root) = forged_state(rng);
    let retired = rng.gen_range(0..world.here.sets.len() - 1);
    let set = &world.here.sets[retired];
    let mut checkpoint = Checkpoint {
        state_root,
        size: TreeSize(world.here.last().checkpoint.size.0 + 10),
        height: world.here.last().checkpoint.height + 10,
        epoch: retired as u64,
        ..world.here.last().checkpoint.clone()
    };
    // In its own epoch, or in that of the set after it.
    let in_its_own: bool = rng.gen();
    if !in_its_own {
        checkpoint.epoch = world.here.last().checkpoint.epoch;
    }
    let all: Vec<u16> = (0..set.validators.len() as u16).collect();
    let origin = world.here.network.origin();
    let mut certificate = world.here.certificate(last, &[], rng);
    certificate.leaves = vec![leaf];
    certificate.checkpoint = sign(&checkpoint, origin, set, &all, 1_800_000_000);
    match in_its_own {
        true => Attack::certificate(&certificate, &["other-epoch"]),
        false => Attack::certificate(&certificate, &["bad-cosignature"]),
    }
}

/// A certificate of the last epoch, which has a chain of two links.
fn chained(world: &World, rng: &mut StdRng) -> (StatusCertificate, usize) {
    let at = world.here.moments.len() - 1;
    let keys: Vec<&StateKey> = world.here.last().values.keys().collect();
    let key = **keys.choose(rng).expect("genesis has leaves");
    (world.here.certificate(at, &[key], rng), at)
}

fn link_left_out(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = chained(world, rng);
    let links = certificate.handovers.len();
    certificate.handovers.remove(rng.gen_range(0..links));
    Attack::certificate(&certificate, &["other-epoch"])
}

fn link_twice(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = chained(world, rng);
    let link = certificate.handovers.choose(rng)?.clone();
    let links = certificate.handovers.len();
    certificate.handovers.insert(rng.gen_range(0..=links), link);
    Attack::certificate(&certificate, &["chain-heights", "other-epoch"])
}

fn links_reordered(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = chained(world, rng);
    certificate.handovers.reverse();
    Attack::certificate(&certificate, &["other-epoch"])
}

fn other_length(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, at) = genuine(&world.here, rng);
    let epoch = world.here.moments[at].checkpoint.epoch as usize;
    let links = rng.gen_range(0..=world.here.chain.len());
    (links != epoch).then_some(())?;
    certificate.handovers = world.here.chain[..links].to_vec();
    match links > epoch {
        // Of a time before the last link, or, at its very height, of the epoch before.
        true => Attack::certificate(&certificate, &["not-after-handover", "other-epoch"]),
        false => Attack::certificate(&certificate, &["other-epoch"]),
    }
}

fn set_of_strangers(epoch: u64, like: &SetLeaf) -> SetLeaf {
    let mut set = like.clone();
    set.epoch = epoch;
    for (at, validator) in set.validators.iter_mut().enumerate() {
        validator.name = format!("x{at}");
        let key = |role| secret(role, &format!("x{at}")).public_key();
        (validator.checkpoint_key, validator.log_key) = (key("checkpoint"), key("log"));
    }
    set
}

/// The next set is the attacker's: proven under another root, or by a link that he signs himself.
fn own_set(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = chained(world, rng);
    let at = rng.gen_range(0..certificate.handovers.len());
    let link: &mut Handover = &mut certificate.handovers[at];
    let before = &world.here.sets[at];
    let set = set_of_strangers(at as u64 + 1, before);
    let value = Value::Leaf(set.to_bytes().into());
    if rng.gen() {
        link.set.value = value;
        return Attack::certificate(&certificate, &["other-root"]);
    }
    let (leaf, root) = lone_leaf(key::set(SUITE, set.epoch), value);
    (link.set, link.checkpoint.state_root) = (leaf, root);
    let text = link.checkpoint.text(world.here.network.origin());
    let all: Vec<u16> = (0..set.validators.len() as u16).collect();
    link.cosignatures = cosigned(&text, &set, &all, 1_700_000_100);
    Attack::certificate(&certificate, &["bad-cosignature"])
}

fn link_without_quorum(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = chained(world, rng);
    let at = rng.gen_range(0..certificate.handovers.len());
    let quorum = world.here.sets[at].quorum();
    let link = &mut certificate.handovers[at];
    if rng.gen() {
        link.cosignatures.truncate(quorum - 1);
        return Attack::certificate(&certificate, &["no-quorum"]);
    }
    let one = link.cosignatures[0].clone();
    link.cosignatures.insert(0, one);
    Attack::certificate(&certificate, &["cosignatures-not-ascending"])
}

fn link_of_other_network(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = chained(world, rng);
    let at = rng.gen_range(0..certificate.handovers.len());
    certificate.handovers[at] = world.there.chain[at].clone();
    Attack::certificate(&certificate, &["bad-cosignature"])
}

fn no_set(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut certificate, _) = chained(world, rng);
    let at = rng.gen_range(0..certificate.handovers.len());
    let link = &mut certificate.handovers[at];
    match rng.gen_range(0..3) {
        0 => link.set.value = Value::Absent,
        1 => link.set.key = key::set(SUITE, at as u64 + 2),
        _ => link.set = world.here.proven(1, &key::clock(SUITE)),
    }
    Attack::certificate(&certificate, &["no-set", "not-the-next-set"])
}

fn endless(world: &World, rng: &mut StdRng) -> Option<Attack> {
    // A thousand links take a while to write: now and then is enough.
    rng.gen_ratio(1, 5).then_some(())?;
    let (mut certificate, _) = chained(world, rng);
    let link = certificate.handovers[0].clone();
    certificate.handovers = vec![link; hefu_proof::handover::HANDOVERS_MAX + 1];
    Attack::certificate(&certificate, &["chain-too-long"])
}
