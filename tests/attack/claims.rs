//! What a proof claims once it was verified, and the truth that it is held against.
//!
//! The suite asserts one sentence: *no altered proof claims what the ledger's history does not contain*. So a
//! claim is all that a caller can learn from a verified proof, and nothing of how it was proven.

use super::reason::Reason;
use super::world::{private_root, value_hash, Ledger, SUITE};
use hefu_proof::certificate::{Value, VerifiedState};
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::fact::OpenFact;
use hefu_proof::receipt::Signer;
use hefu_proof::state_proof::StateProof;
use hefu_proof::{Receipt, ReceiptBundle, StatusCertificate, VerifiedReceipt, Verifier};
use hefu_types::leaf::{KeyLeaf, Leaf};
use hefu_types::record::{Item, PrivateItem, UseItem};
use hefu_types::statement::SignedHeader;
use hefu_types::{key, operation::operation_id, Hash, OperationId, PrivateRoot, StateKey};
use std::collections::BTreeMap;

/// The kinds of proofs that travel as bytes of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A receipt.
    Receipt,
    /// A status certificate; those of handovers are certificates with a chain.
    Certificate,
    /// A bundle of receipts.
    Bundle,
}

impl Kind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Certificate => "certificate",
            Self::Bundle => "bundle",
        }
    }
}

/// What one certificate or receipt claims.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Log and state.
    pub checkpoint: Checkpoint,
    /// What stands, or does not, under keys of the state.
    pub values: BTreeMap<StateKey, Value>,
    /// What a receipt says beside it.
    pub done: Option<DoneClaim>,
}

/// That an operation was done.
#[derive(Clone, Debug)]
pub struct DoneClaim {
    /// The operation.
    pub id: OperationId,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its record.
    pub record: StateKey,
    /// Who signed, by the leaf of the signer.
    pub signer: Vec<u8>,
    /// The key that signed.
    pub signing_key: KeyLeaf,
    /// The use.
    pub used: Option<UseItem>,
    /// The facts that are open.
    pub open: Vec<OpenFact>,
}

/// Verifies bytes as a client does, and tells what they claim, or the reason why they claim nothing.
pub fn verify(
    verifier: &mut Verifier<'_>,
    kind: Kind,
    bytes: &[u8],
) -> Result<Vec<Claim>, &'static str> {
    match kind {
        Kind::Certificate => {
            let certificate = StatusCertificate::decode(bytes).map_err(|e| e.reason())?;
            let state = verifier.certificate(&certificate).map_err(|e| e.reason())?;
            Ok(vec![of_state(&state)])
        }
        Kind::Receipt => {
            let receipt = Receipt::decode(bytes).map_err(|e| e.reason())?;
            let verified = verifier.receipt(&receipt).map_err(|e| e.reason())?;
            Ok(vec![of_receipt(&receipt, &verified)])
        }
        Kind::Bundle => {
            let bundle = ReceiptBundle::decode(bytes).map_err(|e| e.reason())?;
            let mut claims = Vec::new();
            for receipt in bundle.receipts().flatten() {
                let verified = verifier.receipt(&receipt).map_err(|e| e.reason())?;
                claims.push(of_receipt(&receipt, &verified));
            }
            Ok(claims)
        }
    }
}

fn of_state(state: &VerifiedState) -> Claim {
    Claim {
        checkpoint: state.checkpoint().checkpoint().clone(),
        values: state.values().map(|(k, v)| (*k, v.clone())).collect(),
        done: None,
    }
}

fn of_receipt(receipt: &Receipt, verified: &VerifiedReceipt) -> Claim {
    let signer = match verified.signer() {
        Signer::Agency(agency) => agency.to_bytes(),
        Signer::Member(member) => member.to_bytes(),
    };
    Claim {
        done: Some(DoneClaim {
            id: verified.operation_id(),
            bytes: receipt.operation.operation.to_vec(),
            record: verified.record_key(),
            signer,
            signing_key: verified.signing_key().clone(),
            used: verified.used().cloned(),
            open: verified.disclosed().open_facts().cloned().collect(),
        }),
        ..of_state(verified.state())
    }
}

/// What is true at one checkpoint.
#[derive(Clone, Default)]
struct Truth {
    values: BTreeMap<StateKey, Value>,
    items: BTreeMap<PrivateRoot, Vec<PrivateItem>>,
    /// Whether `values` are all, so that what is not in it is absent.
    whole: bool,
}

/// Everything that is true of one network, as far as it is known.
#[derive(Clone, Default)]
pub struct History {
    truths: BTreeMap<Vec<u8>, Truth>,
    done: BTreeMap<OperationId, (Vec<u8>, StateKey)>,
    facts: BTreeMap<StateKey, Vec<OpenFact>>,
}

impl History {
    /// All of a ledger.
    pub fn of(ledger: &Ledger) -> Self {
        let mut history = Self {
            facts: ledger.facts.clone(),
            ..Self::default()
        };
        for moment in &ledger.moments {
            let items = moment.items.values();
            let truth = Truth {
                values: moment.values.clone(),
                items: items.map(|i| (private_root(i), i.clone())).collect(),
                whole: true,
            };
            history.truths.insert(place(&moment.checkpoint), truth);
        }
        for done in ledger.operations.iter().filter(|done| done.accepted) {
            let known = (done.operation.encode(), done.record);
            history.done.insert(done.id, known);
        }
        history
    }

    /// Learns from a proof that is known to be genuine.
    pub fn learn(&mut self, claim: &Claim) {
        let truth = self.truths.entry(place(&claim.checkpoint)).or_default();
        truth.values.extend(claim.values.clone());
        let Some(done) = &claim.done else { return };
        self.done.insert(done.id, (done.bytes.clone(), done.record));
        let facts = self.facts.entry(done.record).or_default();
        facts.extend(done.open.iter().cloned());
        if let (Some(used), Some(Value::Record(_, root))) =
            (&done.used, claim.values.get(&done.record))
        {
            // Which blinding it had does not matter to whoever looks for the use.
            truth.items.entry(*root).or_default().push(PrivateItem {
                blinding: hefu_types::Blinding([0; 16]),
                item: Item::Use(used.clone()),
            });
        }
    }

    /// Whether all that is claimed is true; else the sentence that is not.
    pub fn holds(&self, claim: &Claim) -> Result<(), String> {
        let Some(truth) = self.truths.get(&place(&claim.checkpoint)) else {
            return Err(format!("no such checkpoint: {:?}", claim.checkpoint));
        };
        for (key, value) in &claim.values {
            match (value, truth.values.get(key)) {
                (Value::Absent, None) => {}
                (_, None) if !truth.whole => {
                    return Err(format!(
                        "nothing is known under {key}, and {value:?} is claimed"
                    ))
                }
                (value, known) if value_hash(value) == known.and_then(value_hash) => {}
                (value, known) => {
                    return Err(format!(
                        "{known:?} stands under {key}, and {value:?} is claimed"
                    ))
                }
            }
        }
        let Some(done) = &claim.done else {
            return Ok(());
        };
        if self.done.get(&done.id) != Some(&(done.bytes.clone(), done.record)) {
            return Err(format!("operation {} was not done so", done.id));
        }
        let leaf = key::public_key(SUITE, &SUITE.key_id(&done.signing_key.key));
        if !is_leaf(truth, &leaf, &done.signing_key.to_bytes()) {
            return Err("no such signing key".to_owned());
        }
        let holder = done.signing_key.holder.id();
        let signers = [key::agency(SUITE, holder), key::member(SUITE, holder)];
        if !signers.iter().any(|at| is_leaf(truth, at, &done.signer)) {
            return Err("no such signer".to_owned());
        }
        if let Some(used) = &done.used {
            let Some(Value::Record(_, root)) = claim.values.get(&done.record) else {
                return Err("a use of no record".to_owned());
            };
            let items = truth.items.get(root).map_or(&[][..], Vec::as_slice);
            let is_it = |item: &PrivateItem| item.item == Item::Use(used.clone());
            if !used.names(&done.id) || !items.iter().any(is_it) {
                return Err(format!("no such use: {used:?}"));
            }
        }
        let known = self.facts.get(&done.record).map_or(&[][..], Vec::as_slice);
        match done.open.iter().find(|fact| !known.contains(fact)) {
            Some(fact) => Err(format!("no such fact: {fact:?}")),
            None => Ok(()),
        }
    }
}

fn is_leaf(truth: &Truth, key: &StateKey, bytes: &[u8]) -> bool {
    matches!(truth.values.get(key), Some(Value::Leaf(known)) if known.as_slice() == bytes)
}

fn place(checkpoint: &Checkpoint) -> Vec<u8> {
    hefu_types::canonical::encode(checkpoint)
}

/// The operation that a proven one has the identity of, whoever signed it.
pub fn identity(ledger: &Ledger, cose: &[u8], index: u32) -> Option<OperationId> {
    let header = SignedHeader::read(SUITE, &ledger.network.digest(), cose).ok()?;
    Some(operation_id(SUITE, &header.id, index))
}

/// Verifies one proof of the state.
pub fn verify_state(
    proof: &StateProof,
    root: &Hash,
    key: &StateKey,
    value_hash: Option<&Hash>,
) -> Result<(), &'static str> {
    proof
        .verify(SUITE, root, key, value_hash)
        .map_err(|e| e.reason())
}
