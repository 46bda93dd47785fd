//! What of a genuine proof may be changed without the proof saying anything untrue.
//!
//! Not all of a proof is authenticated, and need not be. The list is here, whole, each entry with its reason:
//! a change that verifies and is not in it fails the suite, also if nothing untrue is claimed.

use hefu_proof::certificate::{ProvenLeaf, StatusCertificate, Value};
use hefu_proof::fact::FactLeaf;
use hefu_proof::receipt::{Disclosed, OpenedItem};
use hefu_proof::{Handover, Receipt, ReceiptBundle};
use std::collections::BTreeSet;

/// A part of a proof that is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Free {
    /// Any quorum proves a checkpoint, and each time at which a member cosigned is as good as another: a
    /// cosignature that verifies may be left out as long as a quorum stays, added, or exchanged for another
    /// of the same member.
    Cosigners,
    /// The line in the log's name may be of any member.
    LogLine,
    /// A link may be any checkpoint of the set before under which the set after stands.
    Link,
    /// Leaves beside those that a claim needs may be added, left out or exchanged; each is proven for itself.
    /// What is left out cannot be read as absent: it was asked for, or it is missing.
    Leaves,
    /// A record's hash is that of its public part and its private root one after the other, so the two
    /// together may be shown as the bytes of a plain leaf. No leaf decodes from them, nor a record from a
    /// leaf: whoever asks for either is told that it cannot be read.
    ValueKind,
    /// A holder may hide facts or pass none on. How many are hidden is not authenticated: an inner node of
    /// the fact tree may stand for the leaves below it, and nothing tells how many there were.
    HiddenFacts,
    /// The salt of the commitment to the named member: it opens the commitment of the record or does not.
    Salt,
    /// Where the item stands and among how many. The private root does not fix the number of items, so one
    /// path can be that of several places.
    ItemPlace,
    /// An operation that the record itself names needs no item beside it.
    Item,
    /// All of the state part, the checkpoint included: it is another genuine one. The operation, its record
    /// and its place in the log are proven under it.
    OtherState,
    /// All of the operation part: it is another genuine one, whose record and signer are proven as well.
    OtherOperation,
    /// In a bundle: which leaves are shared, in which order they stand, and which receipts there are. Each
    /// receipt is put together and verified for itself.
    Bundle,
}

impl Free {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Cosigners,
        Self::LogLine,
        Self::Link,
        Self::Leaves,
        Self::ValueKind,
        Self::HiddenFacts,
        Self::Salt,
        Self::ItemPlace,
        Self::Item,
        Self::OtherState,
        Self::OtherOperation,
        Self::Bundle,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosigners => "free: cosigners",
            Self::LogLine => "free: log-line",
            Self::Link => "free: link",
            Self::Leaves => "free: leaves",
            Self::ValueKind => "free: value-kind",
            Self::HiddenFacts => "free: hidden-facts",
            Self::Salt => "free: salt",
            Self::ItemPlace => "free: item-place",
            Self::Item => "free: item",
            Self::OtherState => "free: other-state",
            Self::OtherOperation => "free: other-operation",
            Self::Bundle => "free: bundle",
        }
    }
}

/// What differs between a genuine proof and one that verified too, field by field. `Err` names a field that
/// may not differ.
type Differences = Result<BTreeSet<Free>, &'static str>;

/// See [`Differences`].
pub fn certificate(genuine: &StatusCertificate, other: &StatusCertificate) -> Differences {
    let mut free = BTreeSet::new();
    if genuine.format != other.format || genuine.network != other.network {
        return Err("format or network");
    }
    if genuine.checkpoint.checkpoint != other.checkpoint.checkpoint {
        return Ok(BTreeSet::from([Free::OtherState]));
    }
    if genuine.checkpoint.cosignatures != other.checkpoint.cosignatures {
        free.insert(Free::Cosigners);
    }
    if genuine.checkpoint.log_signature != other.checkpoint.log_signature {
        free.insert(Free::LogLine);
    }
    free.extend(links(&genuine.handovers, &other.handovers)?);
    free.extend(leaves(&genuine.leaves, &other.leaves)?);
    Ok(free)
}

fn links(genuine: &[Handover], other: &[Handover]) -> Differences {
    let mut free = BTreeSet::new();
    if genuine.len() != other.len() {
        return Err("the number of handovers");
    }
    for (genuine, other) in genuine.iter().zip(other) {
        if genuine.checkpoint != other.checkpoint {
            free.insert(Free::Link);
        } else if genuine.cosignatures != other.cosignatures {
            free.insert(Free::Cosigners);
        }
        if genuine.set.key != other.set.key || genuine.set.value != other.set.value {
            return Err("the set of a handover");
        }
        if genuine.checkpoint == other.checkpoint && genuine.set.proof != other.set.proof {
            return Err("the proof of a set");
        }
    }
    Ok(free)
}

fn leaves(genuine: &[ProvenLeaf], other: &[ProvenLeaf]) -> Differences {
    let mut free = BTreeSet::new();
    if genuine
        .iter()
        .map(|leaf| leaf.key)
        .ne(other.iter().map(|leaf| leaf.key))
    {
        free.insert(Free::Leaves);
    }
    for leaf in other {
        let Some(known) = genuine.iter().find(|known| known.key == leaf.key) else {
            continue;
        };
        if known.proof != leaf.proof {
            return Err("the proof of a leaf");
        }
        match (&known.value, &leaf.value) {
            (known, value) if known == value => {}
            (Value::Record(..), Value::Leaf(_)) | (Value::Leaf(_), Value::Record(..)) => {
                free.insert(Free::ValueKind);
            }
            _ => return Err("the value of a leaf"),
        }
    }
    Ok(free)
}

/// See [`Differences`].
pub fn receipt(genuine: &Receipt, other: &Receipt) -> Differences {
    let mut free = certificate(&genuine.certificate, &other.certificate)?;
    let (ours, theirs) = (&genuine.operation, &other.operation);
    let is_same_operation = ours.operation == theirs.operation
        && ours.index == theirs.index
        && ours.cose == theirs.cose;
    if !is_same_operation {
        free.insert(Free::OtherOperation);
        return Ok(free);
    }
    if ours.path != theirs.path || ours.entry_index != theirs.entry_index {
        return Err("the place of the operation");
    }
    if ours.entry_path != theirs.entry_path && !free.contains(&Free::OtherState) {
        return Err("the path of the entry");
    }
    free.extend(item(genuine.opened.as_ref(), other.opened.as_ref(), &free)?);
    let nothing = Disclosed::default();
    let ours = genuine.disclosed.as_ref().unwrap_or(&nothing);
    let theirs = other.disclosed.as_ref().unwrap_or(&nothing);
    if ours.named_member_salt != theirs.named_member_salt {
        free.insert(Free::Salt);
    }
    if genuine.disclosed.is_some() != other.disclosed.is_some() || ours.facts != theirs.facts {
        let open = |facts: &[FactLeaf]| -> Vec<_> {
            facts.iter().filter_map(FactLeaf::open).cloned().collect()
        };
        let known = open(&ours.facts);
        if !open(&theirs.facts).iter().all(|fact| known.contains(fact)) {
            return Err("an open fact");
        }
        free.insert(Free::HiddenFacts);
    }
    Ok(free)
}

fn item(
    genuine: Option<&OpenedItem>,
    other: Option<&OpenedItem>,
    free: &BTreeSet<Free>,
) -> Differences {
    let free_item = |free| Ok(BTreeSet::from([free]));
    match (genuine, other) {
        (None, None) => Ok(BTreeSet::new()),
        (Some(ours), Some(theirs)) if ours == theirs => Ok(BTreeSet::new()),
        (Some(ours), Some(theirs)) if ours.item == theirs.item && ours.path == theirs.path => {
            free_item(Free::ItemPlace)
        }
        // Of another checkpoint the items are others, and they were judged as a claim.
        (Some(_), Some(_)) if free.contains(&Free::OtherState) => free_item(Free::Item),
        (Some(_), Some(_)) => Err("the opened item"),
        _ => free_item(Free::Item),
    }
}

/// See [`Differences`].
pub fn bundle(genuine: &ReceiptBundle, other: &ReceiptBundle) -> Differences {
    let mut free = BTreeSet::from([Free::Bundle]);
    let ours: Vec<Receipt> = genuine.clone().receipts().flatten().collect();
    for theirs in other.clone().receipts().flatten() {
        let same = |ours: &&Receipt| ours.operation.index == theirs.operation.index;
        match ours.iter().find(same) {
            Some(ours) => free.extend(receipt(ours, &theirs)?),
            None => {
                free.insert(Free::OtherOperation);
            }
        }
    }
    Ok(free)
}
