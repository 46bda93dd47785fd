//! Against receipts: parts of several genuine ones put together, statements that are not in the log, operations
//! that were refused, and what a corrupt agency or member can sign.

use super::signature::bent;
use super::{Attack, Family, Target};
use crate::attack::cbor::Node;
use crate::attack::claims::Kind;
use crate::attack::world::{role_of, secret, Done, World, SUITE};
use hefu_proof::bundle::{OwnPart, ReceiptBundle};
use hefu_proof::certificate::Value;
use hefu_proof::fact::FactLeaf;
use hefu_proof::Receipt;
use hefu_types::cose::{CoseSign1, Protected};
use hefu_types::operation::{Cancel, Operation};
use hefu_types::statement::{Mode, Payload, Statement};
use hefu_types::{
    canonical, merkle, Hash, KeyId, Millis, NetworkDigest, Nonce, PrivateRoot, Salt, StateKey,
};
use rand::seq::SliceRandom;
use rand::{rngs::StdRng, Rng};

pub(super) const FAMILIES: &[(&str, Family)] = &[
    ("receipt: of two checkpoints", two_checkpoints),
    (
        "receipt: record of one checkpoint under another",
        record_of_other_checkpoint,
    ),
    ("receipt: operation of another statement", other_statement),
    ("receipt: refused operation", refused),
    ("receipt: item of another record", item_of_other_record),
    (
        "receipt: item of another operation",
        item_of_other_operation,
    ),
    ("receipt: private parts swapped", private_parts),
    ("receipt: facts of another record", facts_of_other_record),
    ("receipt: facts altered", facts_altered),
    ("receipt: a leaf left out", leaf_left_out),
    ("receipt: a leaf twice", leaf_twice),
    ("receipt: signature malleated", malleated),
    ("receipt: unprotected header", unprotected_header),
    ("receipt: protected header", protected_header),
    ("receipt: statement not in the log", not_in_the_log),
    ("receipt: another issuer", other_issuer),
    ("receipt: another key", other_key),
    ("receipt: statement of another network", other_network),
    ("receipt: of another network", receipt_of_other_network),
    ("receipt: another format", other_format),
    ("receipt: bytes behind it", trailing),
    ("receipt: longer than any", too_long),
    ("bundle: parts of two statements", bundle_of_two),
    ("bundle: a leaf shared and own", bundle_leaf_twice),
];

/// Of the paths that may be asked for in a moment any operation that a record tells of.
pub(super) fn any<'a>(world: &'a World, rng: &mut StdRng) -> Option<(&'a Done, usize)> {
    let at = rng.gen_range(1..world.here.moments.len());
    let done = *world.here.provable(at).choose(rng)?;
    Some((done, at))
}

fn receipt(world: &World, rng: &mut StdRng) -> Option<(Receipt, usize)> {
    let (done, at) = any(world, rng)?;
    Some((world.here.receipt(done, at, rng), at))
}

const PATH: &[&str] = &["wrong-path-length", "other-root", "index-outside"];

/// The state of one checkpoint, the way through the log of another.
fn two_checkpoints(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let then = rng.gen_range(done.since..world.here.moments.len());
    let mut receipt = world.here.receipt(done, at, rng);
    receipt.operation = world.here.proven_operation(done, then);
    let size = |at: usize| world.here.moments[at].checkpoint.size;
    (size(at) != size(then)).then_some(())?;
    let same = world.here.entry_path(receipt.operation.entry_index.0, at);
    (same != receipt.operation.entry_path).then_some(())?;
    Attack::receipt(&receipt, PATH)
}

fn record_of_other_checkpoint(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let then = rng.gen_range(1..world.here.moments.len());
    let mut receipt = world.here.receipt(done, at, rng);
    let other = world.here.proven(then, &done.record);
    let leaves = &mut receipt.certificate.leaves;
    let leaf = leaves.iter_mut().find(|leaf| leaf.key == done.record)?;
    (*leaf != other).then_some(())?;
    // The value alone, or with its proof.
    match rng.gen() {
        true => *leaf = other,
        false if leaf.value != other.value => leaf.value = other.value,
        false => return None,
    }
    Attack::receipt(&receipt, &["other-root", "neighbour-in-inclusion"])
}

/// The operation at the same place of another statement, with the path of one of the two.
fn other_statement(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    // Some operation of two statements may be the same to the byte: that is no forgery.
    let is_other = |other: &Done| {
        let theirs = world.here.proven_operation(other, at);
        theirs.operation != receipt.operation.operation
    };
    let fits =
        |other: &&Done| other.statement != done.statement && other.since <= at && is_other(other);
    let others: Vec<&Done> = world.here.operations.iter().filter(fits).collect();
    let other = others.choose(rng)?;
    let theirs = world.here.proven_operation(other, at);
    match rng.gen_range(0..3) {
        0 => receipt.operation.operation = theirs.operation,
        1 => {
            receipt.operation.operation = theirs.operation;
            receipt.operation.path = theirs.path;
        }
        _ => {
            // All of the statement but the operation; its key may be another that is not proven here.
            let operation = receipt.operation.operation.clone();
            receipt.operation = theirs;
            receipt.operation.operation = operation;
            return Attack::receipt(&receipt, &["wrong-path-length", "other-root", "not-proven"]);
        }
    }
    Attack::receipt(&receipt, PATH)
}

/// Signed and in the log, and not done: nothing of the ledger names it.
fn refused(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let refused = |done: &&Done| !done.accepted;
    let all: Vec<&Done> = world.here.operations.iter().filter(refused).collect();
    let done = all.choose(rng)?;
    let at = rng.gen_range(done.since..world.here.moments.len());
    let mut receipt = world.here.receipt(done, at, rng);
    receipt.disclosed = None;
    // With any item of the record.
    let items = world.here.moments[at].items.get(&done.record);
    if let Some(items) = items.filter(|items| !items.is_empty() && rng.gen()) {
        let index = rng.gen_range(0..items.len());
        receipt.opened = Some(world.here.opened(at, &done.record, index));
    }
    Attack::receipt(&receipt, &["not-named", "other-record"])
}

fn item_of_other_record(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let fits =
        |(record, items): &(&StateKey, &Vec<_>)| **record != done.record && !items.is_empty();
    let others: Vec<_> = world.here.moments[at].items.iter().filter(fits).collect();
    let (record, items) = others.choose(rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    let index = rng.gen_range(0..items.len());
    let mut opened = world.here.opened(at, record, index);
    match &receipt.opened {
        // In the place of the genuine one.
        Some(genuine) if rng.gen() => {
            (opened.index, opened.count) = (genuine.index, genuine.count);
            opened.path = genuine.path.clone();
        }
        _ => {}
    }
    receipt.opened = Some(opened);
    Attack::receipt(&receipt, &["wrong-path-length", "other-root"])
}

/// A genuine item of the same record that names another operation, or none.
fn item_of_other_operation(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let count = world.here.moments[at].items.get(&done.record)?.len();
    let index = rng.gen_range(0..count.max(1));
    (index < count && world.here.item_of(done, at) != Some(index)).then_some(())?;
    let mut receipt = world.here.receipt(done, at, rng);
    receipt.opened = Some(world.here.opened(at, &done.record, index));
    Attack::receipt(&receipt, &["not-named"])
}

fn private_parts(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (receipt, at) = receipt(world, rng)?;
    let mut receipt = receipt;
    let records = world.here.moments[at].values.values();
    let roots: Vec<PrivateRoot> = records
        .filter_map(|value| match value {
            Value::Record(_, root) => Some(*root),
            _ => None,
        })
        .collect();
    let other = *roots.choose(rng)?;
    let leaves = &mut receipt.certificate.leaves;
    let root = leaves.iter_mut().find_map(|leaf| match &mut leaf.value {
        Value::Record(_, root) => Some(root),
        _ => None,
    })?;
    (*root != other).then_some(())?;
    *root = other;
    Attack::receipt(&receipt, &["other-root"])
}

fn facts_of_other_record(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let fits = |record: &&_| **record != done.record;
    let others: Vec<_> = world.here.facts.keys().filter(fits).collect();
    let other = world.here.facts[*others.choose(rng)?].clone();
    let mut receipt = world.here.receipt(done, at, rng);
    let mut disclosed = receipt.disclosed.take().unwrap_or_default();
    disclosed.facts = hefu_proof::fact::all_open(other);
    receipt.disclosed = Some(disclosed);
    Attack::receipt(&receipt, &["other-facts"])
}

fn facts_altered(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    let facts = &mut receipt.disclosed.as_mut()?.facts;
    let count = facts.len();
    let at = rng.gen_range(0..count);
    match rng.gen_range(0..7) {
        0 => drop(facts.remove(at)),
        1 => facts.insert(at, facts[at].clone()),
        2 => facts.push(FactLeaf::Hidden(Hash(rng.gen()))),
        3 if count > 1 => facts.swap(at, (at + 1) % count),
        kind => {
            let FactLeaf::Open(fact) = &mut facts[at] else {
                return None;
            };
            match kind {
                4 => fact.value.push('0'),
                5 => fact.name.push('0'),
                _ => fact.salt = Salt(rng.gen()),
            }
        }
    }
    // Without any leaf nothing is disclosed.
    (!facts.is_empty()).then_some(())?;
    Attack::receipt(&receipt, &["other-facts"])
}

fn leaf_left_out(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    let leaves = &mut receipt.certificate.leaves;
    leaves.remove(rng.gen_range(0..leaves.len()));
    Attack::receipt(&receipt, &["not-proven"])
}

fn leaf_twice(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    let leaves = &mut receipt.certificate.leaves;
    let leaf = leaves.choose(rng)?.clone();
    match rng.gen() {
        true => leaves.insert(rng.gen_range(0..=leaves.len()), leaf),
        false => leaves.reverse(),
    }
    Attack::receipt(&receipt, &["leaves-not-ascending"])
}

/// The COSE_Sign1 of a receipt, taken apart.
fn cose_of(receipt: &Receipt) -> CoseSign1 {
    canonical::decode(&receipt.operation.cose, usize::MAX).expect("a genuine statement")
}

fn malleated(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    let mut cose = cose_of(&receipt);
    cose.signature = bent(&cose.signature, rng);
    receipt.operation.cose = canonical::encode(&cose).into();
    Attack::receipt(&receipt, &["bad-signature"])
}

fn unprotected_header(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    let mut tree = Node::parse(&receipt.operation.cose)?;
    let header = tree.at_mut(&[0, 1])?;
    let entry = (Node::number(rng.gen_range(1..300)), Node::null());
    *header = match rng.gen_range(0..3) {
        0 => Node::Map(vec![entry]),
        1 => Node::Bytes(Vec::new()),
        _ => Node::null(),
    };
    receipt.operation.cose = tree.encode().into();
    Attack::receipt(&receipt, &["malformed"])
}

/// The signer's own key signs anew, with another header: what is in the log is another entry.
fn protected_header(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    let mut cose = cose_of(&receipt);
    let mut header: Protected = canonical::decode(&cose.protected, usize::MAX).ok()?;
    let mut bytes = None;
    let expected: &[&str] = match rng.gen_range(0..7) {
        0 => {
            header.algorithm = *[-7, -35, 5, 0, -65_535].choose(rng)?;
            &["other-algorithm"]
        }
        1 => {
            header.key_id = KeyId(rng.gen());
            &["not-proven"]
        }
        2 => {
            header.network = NetworkDigest(rng.gen());
            &["other-network"]
        }
        3 => {
            header.subject = "x".repeat(257);
            &["name-too-long"]
        }
        4 => {
            // Another content type.
            let mut tree = Node::parse(&cose.protected)?;
            *tree.at_mut(&[1])? = Node::Text("application/cbor".into());
            bytes = Some(tree.encode());
            &["malformed"]
        }
        5 => {
            // One more parameter, `crit` among them.
            let mut tree = Node::parse(&cose.protected)?;
            let Node::Map(entries) = &mut tree else {
                return None;
            };
            let crit = Node::Array(vec![Node::number(99)]);
            entries.insert(1, (Node::number(2), crit));
            bytes = Some(tree.encode());
            &["malformed"]
        }
        _ => {
            header.subject.push('x');
            &["other-root"]
        }
    };
    cose.protected = bytes.unwrap_or_else(|| canonical::encode(&header));
    let role = role_of(&done.holder);
    let preimage = CoseSign1::sig_structure(&cose.protected, &cose.payload);
    cose.signature = secret(role, &done.holder).sign_statement(&preimage);
    receipt.operation.cose = canonical::encode(&cose).into();
    Attack::receipt(&receipt, expected)
}

/// A statement of one operation, signed by a genuine key, in the place of the genuine one.
fn put_statement(
    world: &World,
    receipt: &mut Receipt,
    done: &Done,
    issuer: &str,
    rng: &mut StdRng,
) {
    let cancel = Operation::Cancel(Cancel {
        record: done.record,
        reason: "forged".into(),
    });
    let role = role_of(&done.holder);
    let statement = Statement::sign(
        SUITE,
        world.here.network.digest(),
        world.here.network.origin(),
        &secret(role, &done.holder),
        issuer,
        Nonce(rng.gen()),
        Millis(1_700_000_000_000),
        Mode::Each,
        std::slice::from_ref(&cancel),
    );
    receipt.operation.operation = cancel.encode().into();
    receipt.operation.index = 0;
    receipt.operation.path = Vec::new();
    receipt.operation.cose = statement.cose().to_vec().into();
}

fn not_in_the_log(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    if rng.gen() {
        put_statement(world, &mut receipt, done, &done.holder, rng);
        return Attack::receipt(&receipt, &["other-root"]);
    }
    // The genuine payload with another root of operations.
    let mut cose = cose_of(&receipt);
    let mut payload: Payload = canonical::decode(&cose.payload, usize::MAX).ok()?;
    payload.operations_root = merkle::root(SUITE, &[receipt.operation.operation.as_slice()]);
    payload.operation_count = 1;
    cose.payload = canonical::encode(&payload);
    receipt.operation.index = 0;
    receipt.operation.path = Vec::new();
    receipt.operation.cose = canonical::encode(&cose).into();
    let is_altered = world.here.statements[done.statement].operations.len() > 1;
    is_altered.then_some(())?;
    Attack::receipt(&receipt, &["bad-signature"])
}

fn other_issuer(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    let issuer = *["", "gd-tax", "zj-tax", "m-one", "nobody"].choose(rng)?;
    (issuer != done.holder).then_some(())?;
    put_statement(world, &mut receipt, done, issuer, rng);
    Attack::receipt(&receipt, &["other-holder"])
}

/// The header names the genuine key, another one signs.
fn other_key(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    let mut cose = cose_of(&receipt);
    let preimage = CoseSign1::sig_structure(&cose.protected, &cose.payload);
    cose.signature = secret("agency", "nobody").sign_statement(&preimage);
    receipt.operation.cose = canonical::encode(&cose).into();
    Attack::receipt(&receipt, &["bad-signature"])
}

fn other_network(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    let there = world.there.operations.choose(rng)?;
    let at = world.there.moments.len() - 1;
    receipt.operation = world.there.proven_operation(there, at);
    Attack::receipt(&receipt, &["other-network"])
}

fn receipt_of_other_network(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let at = world.there.moments.len() - 1;
    let done = *world.there.provable(at).choose(rng)?;
    let mut receipt = world.there.receipt(done, at, rng);
    if rng.gen() {
        return Attack::receipt(&receipt, &["other-network"]);
    }
    receipt.certificate.network = world.here.network.digest();
    Attack::receipt(&receipt, &["bad-cosignature"])
}

fn other_format(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut receipt, _) = receipt(world, rng)?;
    receipt.certificate.format = rng.gen_range(1..=u32::MAX);
    Attack::receipt(&receipt, &["unknown-format"])
}

fn trailing(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (receipt, _) = receipt(world, rng)?;
    let mut bytes = receipt.encode();
    bytes.extend((0..rng.gen_range(1..9)).map(|_| rng.gen::<u8>()));
    Attack::new(Target::Proof(Kind::Receipt, bytes), &["not-canonical"])
}

fn too_long(world: &World, rng: &mut StdRng) -> Option<Attack> {
    // A megabyte takes a while to write: now and then is enough.
    rng.gen_ratio(1, 5).then_some(())?;
    let (mut receipt, _) = receipt(world, rng)?;
    receipt.operation.operation = vec![0; hefu_proof::receipt::RECEIPT_BYTES_MAX].into();
    Attack::receipt(&receipt, &["too-long"])
}

/// A bundle of all receipts of one statement that can be made at a moment.
pub fn bundle(world: &World, at: usize, of: usize, rng: &mut StdRng) -> Option<ReceiptBundle> {
    let ledger = &world.here;
    let all = ledger.provable(at);
    let done: Vec<&&Done> = all.iter().filter(|done| done.statement == of).collect();
    let first = ledger.receipt(done.first()?, at, rng);
    let own = done.iter().map(|done| {
        let receipt = ledger.receipt(done, at, rng);
        let mut leaves = receipt.certificate.leaves;
        leaves.retain(|leaf| leaf.key == done.record);
        Some(OwnPart {
            operation: receipt.operation.operation,
            index: receipt.operation.index,
            path: receipt.operation.path,
            leaves,
            opened: receipt.opened,
        })
    });
    let own = own.collect();
    let records: Vec<_> = done.iter().map(|done| done.record).collect();
    let mut shared = first.certificate.leaves;
    shared.retain(|leaf| !records.contains(&leaf.key));
    Some(ReceiptBundle {
        format: 0,
        network: first.certificate.network,
        checkpoint: first.certificate.checkpoint,
        handovers: first.certificate.handovers,
        leaves: shared,
        cose: first.operation.cose,
        entry_index: first.operation.entry_index,
        entry_path: first.operation.entry_path,
        own,
    })
}

fn any_bundle(world: &World, rng: &mut StdRng) -> Option<(ReceiptBundle, usize)> {
    let (done, at) = any(world, rng)?;
    Some((bundle(world, at, done.statement, rng)?, at))
}

fn bundle_of_two(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = any(world, rng)?;
    let mut ours = bundle(world, at, done.statement, rng)?;
    let all = world.here.provable(at);
    let other = |other: &&&Done| other.statement != done.statement;
    let others: Vec<&&Done> = all.iter().filter(other).collect();
    let theirs = bundle(world, at, others.choose(rng)?.statement, rng)?;
    ours.own = theirs.own;
    let target = Target::Proof(Kind::Bundle, ours.encode());
    Attack::new(target, PATH)
}

fn bundle_leaf_twice(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut bundle, _) = any_bundle(world, rng)?;
    let own = bundle.own.choose(rng)?.as_ref()?.leaves.first()?.clone();
    bundle.leaves.push(own);
    let target = Target::Proof(Kind::Bundle, bundle.encode());
    Attack::new(target, &["leaves-not-ascending"])
}
