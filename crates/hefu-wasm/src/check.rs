//! One proof by itself: whether it holds under the genesis of a network, and what it proves.
//!
//! For programs that have proofs and no document. What a document is worth says [`crate::judge`].

use crate::Refused;
use hefu_proof::certificate::{Value as Proven, CERTIFICATE_BYTES_MAX};
use hefu_proof::log::{verify_consistency, verify_inclusion, PATH_LENGTH_MAX};
use hefu_proof::receipt::Signer;
use hefu_proof::{
    Receipt, ReceiptBundle, StatusCertificate, VerifiedCheckpoint, VerifiedReceipt, VerifiedState,
};
use hefu_types::genesis::Network;
use hefu_types::record::PublicPart;
use hefu_types::{EntryIndex, Hash, StateKey, TreeSize};
use serde_json::{json, Value};

/// The longest proof in bytes.
pub const PROOF_BYTES_MAX: usize = CERTIFICATE_BYTES_MAX;

/// The longest log proof in JSON, in bytes.
const LOG_PROOF_BYTES_MAX: usize = 16 * 1024;

/// What a proof proves: `CheckedProof` in `types.d.ts`. Kinds are `receipt`, `certificate`, `bundle` (CBOR),
/// `inclusion` and `consistency` (JSON).
pub fn check(network: &Network, kind: &str, bytes: &[u8]) -> Result<Value, Refused> {
    match kind {
        "receipt" => {
            let receipt = Receipt::decode(bytes).map_err(of_receipt_error)?;
            let verified = receipt.verify(network).map_err(of_receipt_error)?;
            Ok(of_receipt(&receipt, &verified))
        }
        "certificate" => {
            let certificate = StatusCertificate::decode(bytes).map_err(of_certificate_error)?;
            let state = certificate.verify(network).map_err(of_certificate_error)?;
            Ok(json!({
                "checkpoint": of_checkpoint(state.checkpoint()),
                "leaves": of_leaves(&state),
            }))
        }
        "bundle" => {
            let bundle = ReceiptBundle::decode(bytes);
            let bundle = bundle.map_err(|error| of_receipt_error(error.into()))?;
            let receipts = bundle.receipts().map(|receipt| match receipt {
                Some(receipt) => {
                    let verified = receipt.verify(network).map_err(of_receipt_error)?;
                    Ok(of_receipt(&receipt, &verified))
                }
                None => Ok(Value::Null),
            });
            let receipts = receipts.collect::<Result<Vec<_>, Refused>>()?;
            Ok(json!({ "receipts": receipts }))
        }
        "inclusion" => {
            let proof = LogProof::read(bytes)?;
            verify_inclusion(
                network.suite(),
                &proof.hash("leaf")?,
                EntryIndex(proof.number("index")?),
                TreeSize(proof.number("size")?),
                &proof.path()?,
                &proof.hash("root")?,
            )
            .map_err(|error| Refused::new(error.reason(), error))?;
            Ok(json!({}))
        }
        "consistency" => {
            let proof = LogProof::read(bytes)?;
            let first = (
                TreeSize(proof.number("first_size")?),
                proof.hash("first_root")?,
            );
            let second = (
                TreeSize(proof.number("second_size")?),
                proof.hash("second_root")?,
            );
            verify_consistency(network.suite(), first, second, &proof.path()?)
                .map_err(|error| Refused::new(error.reason(), error))?;
            Ok(json!({}))
        }
        _ => Err(Refused::bad_input(format!(
            "there is no kind of proof {kind:?}"
        ))),
    }
}

fn of_receipt_error(error: hefu_proof::receipt::ReceiptError) -> Refused {
    Refused::new(error.reason(), error)
}

fn of_certificate_error(error: hefu_proof::certificate::CertificateError) -> Refused {
    Refused::new(error.reason(), error)
}

/// A proof in JSON: hashes in hex, numbers.
struct LogProof(Value);

impl LogProof {
    fn read(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > LOG_PROOF_BYTES_MAX {
            return Err(Refused::new("too-long", "it is longer than any proof"));
        }
        let read = serde_json::from_slice(bytes);
        read.map(Self)
            .map_err(|error| Refused::new("malformed", error))
    }

    fn number(&self, name: &str) -> Result<u64, Refused> {
        let number = self.0[name].as_u64();
        number.ok_or_else(|| Refused::new("malformed", format!("{name} is no number")))
    }

    fn hash(&self, name: &str) -> Result<Hash, Refused> {
        hash(&self.0[name], name)
    }

    fn path(&self) -> Result<Vec<Hash>, Refused> {
        let path = self.0["path"].as_array();
        let path = path.ok_or_else(|| Refused::new("malformed", "path is no list"))?;
        if path.len() > PATH_LENGTH_MAX {
            return Err(Refused::new("path-too-long", "no path is so long"));
        }
        path.iter().map(|one| hash(one, "path")).collect()
    }
}

fn hash(value: &Value, name: &str) -> Result<Hash, Refused> {
    let hash = value.as_str().and_then(|text| text.parse().ok());
    hash.ok_or_else(|| Refused::new("malformed", format!("{name} is no hash in hex")))
}

/// The checkpoint under which something holds.
pub fn of_checkpoint(verified: &VerifiedCheckpoint) -> Value {
    let checkpoint = verified.checkpoint();
    json!({
        "size": checkpoint.size.0,
        "height": checkpoint.height,
        "epoch": checkpoint.epoch,
        "time": checkpoint.time.0,
        "quorum_seconds": verified.quorum_seconds(),
    })
}

fn of_receipt(receipt: &Receipt, verified: &VerifiedReceipt) -> Value {
    let signer = match verified.signer() {
        Signer::Agency(agency) => json!({ "agency": agency.id }),
        Signer::Member(member) => json!({ "member": member.id }),
    };
    let disclosed = verified.disclosed();
    let facts: Vec<Value> = (disclosed.open_facts())
        .map(|fact| json!([fact.name, fact.value]))
        .collect();
    json!({
        "checkpoint": of_checkpoint(verified.state().checkpoint()),
        "operation": {
            "name": verified.operation().verb(),
            "id": verified.operation_id(),
            "index": receipt.operation.index,
            "entry_index": receipt.operation.entry_index.0,
        },
        "signer": signer,
        "record": of_record(&verified.record_key(), verified.record()),
        "facts": facts,
        "hidden": disclosed.hidden(),
    })
}

fn of_leaves(state: &VerifiedState) -> Vec<Value> {
    let leaf = |(key, value): (&StateKey, &Proven)| match value {
        Proven::Record(public, _) => {
            let mut record = of_record(key, public);
            record["is"] = json!("record");
            record
        }
        Proven::Absent => json!({ "key": key, "is": "absent" }),
        Proven::Leaf(_) => json!({ "key": key, "is": "leaf" }),
    };
    state.values().map(leaf).collect()
}

/// What a record says, in the words of the ledger.
pub fn of_record(key: &StateKey, public: &PublicPart) -> Value {
    json!({
        "key": key,
        "type": public.document_type,
        "agency": public.agency,
        "region": public.region,
        "legal_issuer": public.legal_issuer,
        "state": public.status.state.name(),
        "event_count": public.event_count,
        "open_facts": public.open_facts,
    })
}
