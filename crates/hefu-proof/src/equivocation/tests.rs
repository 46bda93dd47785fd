//! Two histories of one network, and files that only look like them.

use super::*;
use crate::certificate::{ProvenLeaf, Value};
use crate::checkpoint::{Checkpoint, LogSignature};
use crate::log::{consistency_path, root, ConsistencyError};
use crate::state_proof::StateProof;
use hefu_types::block::MemberCosignature;
use hefu_types::genesis::{Council, Genesis, GenesisValidator, ProvenKey, Region, Seat};
use hefu_types::leaf::{genesis_operation, value_hash, Leaf, SetLeaf, Validator};
use hefu_types::suite::SecretKey;
use hefu_types::{key, merkle, Millis, NetworkId, Suite, TreeSize};

const SUITE: Suite = Suite::Sha256Ed25519;
const ID: NetworkId = NetworkId([3; 16]);
const QUORUM: [u16; 3] = [0, 1, 2];

fn secret(role: &str, name: &str) -> SecretKey {
    SecretKey::from_seed(SUITE, &SUITE.hash(&[role.as_bytes(), name.as_bytes()]).0)
}

fn proven(role: &str, holder: &str) -> ProvenKey {
    let key = secret(role, holder);
    ProvenKey {
        key: key.public_key(),
        proof: key.prove_possession(&ID, role, holder),
    }
}

fn network() -> Network {
    let validator = |name: &str| GenesisValidator {
        name: name.to_owned(),
        region: "east".to_owned(),
        consensus: proven("consensus", name),
        checkpoint: proven("checkpoint", name),
        log: proven("log", name),
        peer: proven("peer", name),
    };
    let genesis = Genesis {
        format: 0,
        network_id: ID,
        name: "two.example".to_owned(),
        suite: SUITE.name().to_owned(),
        time: Millis(0),
        heartbeat_ms: 10_000,
        regions: vec![Region {
            id: "east".to_owned(),
            name_zh: "east".to_owned(),
            name_en: "east".to_owned(),
        }],
        validators: ["v1", "v2", "v3", "v4"].map(validator).to_vec(),
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "s".to_owned(),
                key: proven("council", "s"),
            }],
        },
        registrars: vec![],
        agencies: vec![],
        members: vec![],
        types: vec![],
        recognition: vec![],
        rules_version: 1,
    };
    Network::new(genesis).expect("the genesis holds")
}

/// The leaves of a log: the first so many are common, the others of one history.
fn leaves(common: u64, history: u8, size: u64) -> Vec<Hash> {
    let leaf = |index: u64| match index < common {
        true => SUITE.log_leaf(&index.to_be_bytes()),
        false => SUITE.log_leaf(&[&index.to_be_bytes()[..], &[history]].concat()),
    };
    (0..size).map(leaf).collect()
}

/// Two entries a block.
fn checkpoint(leaves: &[Hash]) -> Checkpoint {
    let size = leaves.len() as u64;
    Checkpoint {
        size: TreeSize(size),
        log_root: merkle::root_of_hashes(SUITE, leaves),
        state_root: Hash([5; 32]),
        height: size / 2,
        time: Millis(1_000 * size),
        epoch: 0,
        compromise_counter: 0,
    }
}

fn cosigned(
    network: &Network,
    of: &Checkpoint,
    set: &SetLeaf,
    by: &[u16],
) -> Vec<MemberCosignature> {
    let text = of.text(network.origin());
    let cosign = |member: &u16| MemberCosignature {
        member: *member,
        seconds: 9,
        signature: secret("checkpoint", &set.validators[usize::from(*member)].name)
            .cosign(&text, 9),
    };
    by.iter().map(cosign).collect()
}

fn signed(network: &Network, of: &Checkpoint, set: &SetLeaf, by: &[u16]) -> SignedCheckpoint {
    let text = of.text(network.origin());
    SignedCheckpoint {
        checkpoint: of.clone(),
        log_signature: LogSignature {
            member: 0,
            signature: secret("log", &set.validators[0].name).sign_note(&text),
        },
        cosignatures: cosigned(network, of, set, by),
    }
}

/// How a log begins, as its own hashes prove.
fn prefix(leaves: &[Hash], first: u64) -> Prefix {
    let mut node = |level: u8, index: u64| -> Result<Hash, ()> {
        let (begin, end) = ((index << level) as usize, ((index + 1) << level) as usize);
        Ok(merkle::root_of_hashes(SUITE, &leaves[begin..end]))
    };
    let second = TreeSize(leaves.len() as u64);
    Prefix {
        root: root(SUITE, TreeSize(first), &mut node).expect("hashes"),
        path: consistency_path(SUITE, TreeSize(first), second, &mut node).expect("hashes"),
    }
}

/// Checkpoints of the first 6 entries of one history and the first 11 of another; 4 are common.
fn forked(network: &Network) -> Equivocation {
    let (one, other) = (leaves(4, 1, 6), leaves(4, 2, 11));
    let set = network.first_set();
    let sign = |leaves: &[Hash], by| signed(network, &checkpoint(leaves), &set, by);
    let (one, prefix) = (sign(&one, &QUORUM), prefix(&other, 6));
    let other = sign(&other, &[1, 2, 3]);
    // In whichever order they are found.
    Equivocation::new(network, (other, vec![]), (one, vec![]), Some(prefix))
}

#[test]
fn logs_that_begin_differently_are_proven_and_the_signers_named() {
    let network = network();
    let file = Equivocation::decode(&forked(&network).encode()).expect("its own bytes");
    let proven = file.verify(&network).expect("it holds");
    assert_eq!(proven.contradiction, Contradiction::Beginning);
    let names: Vec<&str> = proven
        .names_signers()
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["v2", "v3"]);
    assert_eq!((proven.first.len(), proven.second.len()), (3, 3));
}

#[test]
fn one_size_and_a_wrong_order_need_no_beginning() {
    let network = network();
    let set = network.first_set();
    let make = |alter: fn(&mut Checkpoint)| {
        let leaves = leaves(4, 1, 6);
        let one = checkpoint(&leaves);
        let mut other = one.clone();
        alter(&mut other);
        let one = (signed(&network, &one, &set, &QUORUM), vec![]);
        let other = (signed(&network, &other, &set, &QUORUM), vec![]);
        let file = Equivocation::new(&network, one, other, Some(prefix(&leaves, 4)));
        assert_eq!(file.prefix, None, "what is not needed is left out");
        let mut superfluous = file.clone();
        superfluous.prefix = Some(prefix(&leaves, 4));
        let refused = superfluous.verify(&network);
        assert!(
            matches!(refused, Err(EquivocationError::Shape(_))),
            "{refused:?}"
        );
        file.verify(&network).map(|proven| proven.contradiction)
    };
    use Contradiction::{OneSize, Order};
    assert_eq!(make(|of| of.log_root = Hash([1; 32])), Ok(OneSize));
    assert_eq!(make(|of| of.state_root = Hash([1; 32])), Ok(OneSize));
    assert_eq!(make(|of| of.time = Millis(1)), Ok(OneSize));
    assert_eq!(make(|of| of.size = TreeSize(9)), Ok(Order));
    let later = |of: &mut Checkpoint| {
        of.size = TreeSize(5);
        of.height += 1;
        of.time = of.time.plus(1);
    };
    assert_eq!(make(later), Ok(Order));
    let fewer = |of: &mut Checkpoint| {
        of.size = TreeSize(5);
        of.height -= 1;
        of.time = Millis(1);
        of.compromise_counter = 1;
    };
    assert_eq!(make(fewer), Ok(Order));
}

#[test]
fn one_history_is_no_equivocation() {
    let network = network();
    let set = network.first_set();
    let all = leaves(20, 1, 11);
    let sign = |size: usize| {
        (
            signed(&network, &checkpoint(&all[..size]), &set, &QUORUM),
            vec![],
        )
    };
    let consistent = |file: Equivocation| {
        let refused = file.verify(&network);
        assert!(
            matches!(refused, Err(EquivocationError::Consistent(_))),
            "{refused:?}"
        );
    };
    consistent(Equivocation::new(&network, sign(6), sign(6), None));
    consistent(Equivocation::new(&network, sign(6), sign(11), None));
    consistent(Equivocation::new(
        &network,
        sign(6),
        sign(11),
        Some(prefix(&all, 6)),
    ));
    // Other signatures over one text are no second history.
    let mut again = sign(6);
    again.0.cosignatures = cosigned(&network, &again.0.checkpoint, &set, &[1, 2, 3]);
    consistent(Equivocation::new(&network, sign(6), again, None));
    // A beginning that nobody signed for.
    let mut invented = prefix(&all, 6);
    invented.root = Hash([1; 32]);
    let file = Equivocation::new(&network, sign(6), sign(11), Some(invented));
    let refused = file.verify(&network);
    assert_eq!(
        refused,
        Err(EquivocationError::Path(ConsistencyError::OtherFirstRoot))
    );
}

#[test]
fn every_altered_byte_of_a_file_is_refused() {
    let network = network();
    let good = forked(&network).encode();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let checked = Equivocation::decode(&bad).and_then(|file| file.verify(&network));
        // The time of a cosignature is signed too; every byte is.
        assert!(checked.is_err(), "byte {at}");
        assert!(Equivocation::decode(&good[..at]).is_err(), "cut at {at}");
    }
    let mut long = good.clone();
    long.push(0);
    assert!(Equivocation::decode(&long).is_err());
    assert!(Equivocation::decode(&vec![0; EQUIVOCATION_BYTES_MAX + 1]).is_err());
}

#[test]
fn a_file_without_two_quorums_is_refused() {
    let network = network();
    let set = network.first_set();
    let good = forked(&network);
    let refused = |alter: &dyn Fn(&mut Equivocation)| {
        let mut file = good.clone();
        alter(&mut file);
        file.verify(&network).expect_err("it does not hold")
    };
    let few = refused(&|file| {
        file.second.cosignatures.pop();
    });
    let EquivocationError::Checkpoint { which, .. } = few else {
        panic!("{few:?}");
    };
    assert_eq!(which, "second");
    let twice = refused(&|file| file.first.cosignatures[1] = file.first.cosignatures[0].clone());
    assert!(matches!(
        twice,
        EquivocationError::Checkpoint { which: "first", .. }
    ));
    assert_eq!(
        refused(&|file| file.format = 1),
        EquivocationError::UnknownFormat(1)
    );
    let other = refused(&|file| file.network.0[0] ^= 1);
    assert_eq!(other, EquivocationError::OtherNetwork);
    let swapped = refused(&|file| std::mem::swap(&mut file.first, &mut file.second));
    assert!(matches!(swapped, EquivocationError::Shape(_)));
    let path = refused(&|file| {
        file.prefix.as_mut().expect("it has one").path.pop();
    });
    assert!(matches!(path, EquivocationError::Path(_)));
    // A set that no chain leads to.
    let epoch = refused(&|file| {
        file.second.checkpoint.epoch = 1;
        let of = file.second.checkpoint.clone();
        file.second = signed(&network, &of, &set, &QUORUM);
    });
    assert!(matches!(
        epoch,
        EquivocationError::Checkpoint {
            which: "second",
            ..
        }
    ));
}

/// The set of epoch 1, in which v5 stands for v4, and the handover to it after the first 6 entries.
fn handed_over(network: &Network) -> (SetLeaf, Handover) {
    let mut validators: Vec<Validator> = network.first_set().validators;
    validators[3] = Validator {
        name: "v5".to_owned(),
        checkpoint_key: secret("checkpoint", "v5").public_key(),
        log_key: secret("log", "v5").public_key(),
        ..validators[3].clone()
    };
    let set = SetLeaf {
        epoch: 1,
        validators,
        operation: genesis_operation(SUITE),
    };
    let (at, bytes) = (key::set(SUITE, 1), set.to_bytes());
    let mut of = checkpoint(&leaves(4, 1, 6));
    of.state_root = SUITE.state_leaf(&at.0, &value_hash(SUITE, &bytes));
    let handover = Handover {
        cosignatures: cosigned(network, &of, &network.first_set(), &QUORUM),
        checkpoint: of,
        set: ProvenLeaf {
            key: at,
            value: Value::Leaf(bytes.into()),
            proof: StateProof::new(SUITE, &[], None),
        },
    };
    (set, handover)
}

#[test]
fn a_retired_set_that_signs_on_is_proven_through_the_chain() {
    let network = network();
    let (set, handover) = handed_over(&network);
    let mut now = checkpoint(&leaves(4, 1, 8));
    now.epoch = 1;
    let now = (
        signed(&network, &now, &set, &[1, 2, 3]),
        vec![handover.clone()],
    );
    let later = checkpoint(&leaves(4, 1, 10));
    let later = signed(&network, &later, &network.first_set(), &QUORUM);
    let file = Equivocation::new(&network, (later, vec![]), now, None);
    let proven = file.verify(&network).expect("it holds");
    assert_eq!(proven.contradiction, Contradiction::Order);
    let names: Vec<&str> = proven
        .names_signers()
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["v2", "v3"]);
    let mut without = file.clone();
    without.first_handovers.clear();
    assert!(without.verify(&network).is_err());
    let mut of_both = file;
    of_both.second_handovers = vec![handover];
    assert!(of_both.verify(&network).is_err());
}
