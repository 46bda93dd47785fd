//! What the shipped verifier finds of a case, in the words of the manifest.
//!
//! What a case proves is an object:
//!
//! | member | of | meaning |
//! | --- | --- | --- |
//! | `checkpoint` | all but log proofs | `size`, `height`, `epoch`, `time`, `quorum_seconds` |
//! | `operation` | receipt | `verb` (its number), `id`, `index`, `entry_index` |
//! | `signer` | receipt | `agency` or `member`: its id |
//! | `record` | receipt | as below |
//! | `used` | receipt of a use | `purpose`, `member`, `state`, `share` (from, to) or null |
//! | `facts`, `hidden` | receipt that discloses | names and values of the open ones; how many are hidden |
//! | `asked` | certificate | for each of the case's `asks` its `key`, whether it `is` `absent` or `present`, and of records the members below |
//! | `receipts` | bundle | of each what a receipt proves, or null |
//!
//! Of a record: `key`, `type`, `agency`, `region`, `legal_issuer`, `state`, `event_count`; `status`: for each
//! time that was asked `at`, what it `is` and since or until when; `uses`: for each such time and each purpose
//! what it `is`; `registration` and `status_event`: whether their keys are `sound`, `doubtful` or `unknown`.

use super::manifest::{Ask, Case, Kind};
use super::parties::SUITE;
use crate::attack::reason::Reason;
use base64::prelude::{Engine, BASE64_STANDARD};
use hefu_proof::checkpoint::{
    verifier_key, Checkpoint, LogSignature, SignedCheckpoint, NOTE_COSIGNATURE, NOTE_ED25519,
};
use hefu_proof::derived::{status_at, use_at, Derived, UseNow};
use hefu_proof::log::{verify_consistency, verify_inclusion};
use hefu_proof::receipt::Signer;
use hefu_proof::{
    Receipt, ReceiptBundle, StatusCertificate, VerifiedCheckpoint, VerifiedReceipt, VerifiedState,
};
use hefu_types::block::MemberCosignature;
use hefu_types::genesis::Network;
use hefu_types::key::{self, Namespace};
use hefu_types::leaf::{ClockLeaf, KeyLeaf, SetLeaf, Validator};
use hefu_types::record::{Event, PublicPart, UseItemState};
use hefu_types::{EntryIndex, Hash, Millis, PublicKey, Signature, StateKey, TreeSize};
use serde_json::{json, Value};

/// What a case proves, or the reason of its refusal.
pub fn check(network: &Network, case: &Case) -> Result<Value, String> {
    let bytes = &case.bytes;
    match case.kind {
        Kind::Receipt => {
            let receipt = Receipt::decode(bytes).map_err(reason)?;
            let verified = receipt.verify(network).map_err(reason)?;
            Ok(of_receipt(&receipt, &verified, &case.at))
        }
        Kind::Certificate => {
            let certificate = StatusCertificate::decode(bytes).map_err(reason)?;
            let state = certificate.verify(network).map_err(reason)?;
            let asked = case.asks.iter().map(|ask| asked(&state, ask, &case.at));
            Ok(json!({
                "checkpoint": of_checkpoint(state.checkpoint()),
                "asked": asked.collect::<Result<Vec<_>, _>>()?,
            }))
        }
        Kind::Bundle => {
            let bundle = ReceiptBundle::decode(bytes).map_err(reason)?;
            let one = |receipt: Option<Receipt>| match receipt {
                Some(receipt) => {
                    let verified = receipt.verify(network).map_err(reason)?;
                    Ok(of_receipt(&receipt, &verified, &case.at))
                }
                None => Ok(Value::Null),
            };
            let receipts = bundle
                .receipts()
                .map(one)
                .collect::<Result<Vec<_>, String>>()?;
            Ok(json!({ "receipts": receipts }))
        }
        Kind::Note => {
            let set = network.first_set();
            let signed =
                parse_note(bytes, network.origin(), &set).ok_or_else(|| "malformed".to_owned())?;
            let verified = signed
                .verify(SUITE, network.origin(), &set)
                .map_err(reason)?;
            Ok(json!({ "checkpoint": of_checkpoint(&verified) }))
        }
        Kind::Inclusion => {
            let proof: Value = serde_json::from_slice(bytes).map_err(|_| "malformed")?;
            verify_inclusion(
                SUITE,
                &hash(&proof["leaf"]),
                EntryIndex(number(&proof["index"])),
                TreeSize(number(&proof["size"])),
                &hashes(&proof["path"]),
                &hash(&proof["root"]),
            )
            .map_err(reason)?;
            Ok(json!({}))
        }
        Kind::Consistency => {
            let proof: Value = serde_json::from_slice(bytes).map_err(|_| "malformed")?;
            let tree =
                |size: &str, root: &str| (TreeSize(number(&proof[size])), hash(&proof[root]));
            let (first, second) = (
                tree("first_size", "first_root"),
                tree("second_size", "second_root"),
            );
            verify_consistency(SUITE, first, second, &hashes(&proof["path"])).map_err(reason)?;
            Ok(json!({}))
        }
    }
}

/// The verifier's word for why something does not hold.
pub fn reason(error: impl Reason) -> String {
    error.reason().to_owned()
}

fn of_checkpoint(verified: &VerifiedCheckpoint) -> Value {
    let checkpoint = verified.checkpoint();
    json!({
        "size": checkpoint.size.0,
        "height": checkpoint.height,
        "epoch": checkpoint.epoch,
        "time": checkpoint.time.0,
        "quorum_seconds": verified.quorum_seconds(),
    })
}

fn of_receipt(receipt: &Receipt, verified: &VerifiedReceipt, at: &[Millis]) -> Value {
    let signer = match verified.signer() {
        Signer::Agency(agency) => json!({ "agency": agency.id }),
        Signer::Member(member) => json!({ "member": member.id }),
    };
    let mut proves = json!({
        "checkpoint": of_checkpoint(verified.state().checkpoint()),
        "operation": {
            "verb": verb(&receipt.operation.operation),
            "id": verified.operation_id().to_string(),
            "index": receipt.operation.index,
            "entry_index": receipt.operation.entry_index.0,
        },
        "signer": signer,
        "record": of_record(verified.state(), &verified.record_key(), verified.record(), at),
    });
    if let Some(used) = verified.used() {
        let state = match used.state {
            UseItemState::Locked(_) => "locked",
            UseItemState::Consumed => "consumed",
            UseItemState::Released => "released",
            UseItemState::TakenBack => "taken-back",
            UseItemState::SetAside => "set-aside",
        };
        proves["used"] = json!({
            "purpose": used.purpose,
            "member": used.member,
            "state": state,
            "share": used.share.map(|share| [share.from, share.to]),
        });
    }
    let disclosed = verified.disclosed();
    if !disclosed.facts.is_empty() {
        let open = disclosed.open_facts();
        proves["facts"] = open.map(|fact| json!([fact.name, fact.value])).collect();
        proves["hidden"] = json!(disclosed.hidden());
    }
    proves
}

/// The number of the verb: an operation is the array [verb number, [map]].
fn verb(operation: &[u8]) -> u64 {
    let mut decoder = minicbor::Decoder::new(operation);
    let number = decoder.array().and_then(|_| decoder.u64());
    number.expect("a verified operation can be read")
}

fn asked(state: &VerifiedState, ask: &Ask, at: &[Millis]) -> Result<Value, String> {
    let key = ask.at();
    let Some(value) = state.value(&key) else {
        return Err("not-proven".to_owned());
    };
    if let hefu_proof::certificate::Value::Record(public, _) = value {
        let mut record = of_record(state, &key, public, at);
        record["is"] = json!("present");
        return Ok(record);
    }
    if ask.namespace == Namespace::Record {
        // A record's absence, or something that is no record.
        state.record(&key).map_err(reason)?;
    }
    let is = match value {
        hefu_proof::certificate::Value::Absent => "absent",
        _ => "present",
    };
    Ok(json!({ "key": key.to_string(), "is": is }))
}

fn of_record(state: &VerifiedState, key: &StateKey, public: &PublicPart, at: &[Millis]) -> Value {
    let clock: Option<ClockLeaf> = state
        .leaf(&key::clock(SUITE), "the clock")
        .unwrap_or_default();
    let halt = clock.and_then(|clock| clock.last_halt);
    let uses = at.iter().flat_map(|now| {
        let uses = public.uses.iter();
        uses.map(|used| of_use(&used.purpose, *now, use_at(used, *now, halt)))
    });
    let mut record = json!({
        "key": key.to_string(),
        "type": public.document_type,
        "agency": public.agency,
        "region": public.region,
        "legal_issuer": public.legal_issuer,
        "state": public.status.state.name(),
        "event_count": public.event_count,
        "status": at.iter().map(|now| of_status(*now, status_at(public, *now))).collect::<Value>(),
        "uses": uses.collect::<Value>(),
        "registration": soundness(state, &public.registration),
    });
    if let Some(event) = &public.status_event {
        record["status_event"] = json!(soundness(state, event));
    }
    record
}

/// Whether the key of an event was compromised when it signed.
fn soundness(state: &VerifiedState, event: &Event) -> &'static str {
    if state.checkpoint().checkpoint().compromise_counter == event.compromise_counter {
        return "sound";
    }
    match state.leaf::<KeyLeaf>(&key::public_key(SUITE, &event.key_id), "the key") {
        Ok(Some(key)) if key.compromised_since.is_none_or(|t| event.block_time < t) => "sound",
        Ok(Some(_)) => "doubtful",
        _ => "unknown",
    }
}

fn of_status(at: Millis, status: Derived) -> Value {
    let at = at.0;
    match status {
        Derived::InForce => json!({ "at": at, "is": "in-force" }),
        Derived::NotYetValid { from } => json!({ "at": at, "is": "not-yet-valid", "from": from.0 }),
        Derived::Expired { since } => json!({ "at": at, "is": "expired", "since": since.0 }),
        Derived::Ended { since, .. } => json!({ "at": at, "is": "ended", "since": since.0 }),
        Derived::Suspended { since, .. } => {
            json!({ "at": at, "is": "suspended", "since": since.0 })
        }
        Derived::TransferredOut { since } => {
            json!({ "at": at, "is": "transferred-out", "since": since.0 })
        }
        Derived::NotIssued { since, .. } => {
            json!({ "at": at, "is": "not-issued", "since": since.0 })
        }
        Derived::Unknown => json!({ "at": at, "is": "unknown" }),
    }
}

fn of_use(purpose: &str, at: Millis, now: UseNow) -> Value {
    let at = at.0;
    match now {
        UseNow::Free => json!({ "at": at, "purpose": purpose, "is": "free" }),
        UseNow::Partly => json!({ "at": at, "purpose": purpose, "is": "partly" }),
        UseNow::Locked { until } => {
            json!({ "at": at, "purpose": purpose, "is": "locked", "until": until.0 })
        }
        UseNow::Used { since } => {
            json!({ "at": at, "purpose": purpose, "is": "used", "since": since.0 })
        }
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number of a generated file")
}

fn hash(value: &Value) -> Hash {
    let text = value.as_str().expect("a hash of a generated file");
    text.parse().expect("a hash of a generated file")
}

fn hashes(value: &Value) -> Vec<Hash> {
    let list = value.as_array().expect("a list of a generated file");
    list.iter().map(hash).collect()
}

/// A checkpoint out of its note: the first signature line that is the log's and all lines of members of the
/// set, in the note's order. Lines of others are passed over, as C2SP says.
fn parse_note(bytes: &[u8], origin: &str, set: &SetLeaf) -> Option<SignedCheckpoint> {
    let note = std::str::from_utf8(bytes).ok()?;
    let (text, lines) = note.split_once("\n\n")?;
    let checkpoint = parse_text(text, origin)?;
    let mut log_signature = None;
    let mut cosignatures = Vec::new();
    for line in lines.strip_suffix('\n')?.split('\n') {
        let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let blob = BASE64_STANDARD.decode(blob).ok()?;
        let (id, blob) = blob.split_at_checked(4)?;
        let is = |name: &str, kind: u8, key: &PublicKey| {
            let verifier = verifier_key(name, kind, key);
            let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            verifier.strip_prefix(name)?.get(1..9).map(|own| own == hex)
        };
        let member = |matches: &dyn Fn(&Validator) -> bool| -> Option<u16> {
            u16::try_from(set.validators.iter().position(matches)?).ok()
        };
        let of_log = |v: &Validator| is(origin, NOTE_ED25519, &v.log_key) == Some(true);
        let cosigner = |v: &Validator| {
            v.name == name && is(name, NOTE_COSIGNATURE, &v.checkpoint_key) == Some(true)
        };
        if name == origin && log_signature.is_none() {
            if let Some(member) = member(&of_log) {
                let signature = Signature::try_from(blob).ok()?;
                log_signature = Some(LogSignature { member, signature });
            }
        } else if let Some(member) = member(&cosigner) {
            let (seconds, signature) = blob.split_at_checked(8)?;
            cosignatures.push(MemberCosignature {
                member,
                seconds: u64::from_be_bytes(seconds.try_into().ok()?),
                signature: Signature::try_from(signature).ok()?,
            });
        }
    }
    Some(SignedCheckpoint {
        checkpoint,
        log_signature: log_signature?,
        cosignatures,
    })
}

fn parse_text(text: &str, origin: &str) -> Option<Checkpoint> {
    let [first, size, log_root, state] = text.split('\n').collect::<Vec<_>>().try_into().ok()?;
    let fields: Vec<&str> = state.split(' ').collect();
    let [_, state_root, height, time, epoch, counter] = fields.try_into().ok()?;
    let root = |text: &str| Hash::try_from(BASE64_STANDARD.decode(text).ok()?.as_slice()).ok();
    let checkpoint = Checkpoint {
        size: TreeSize(size.parse().ok()?),
        log_root: root(log_root)?,
        state_root: root(state_root)?,
        height: height.parse().ok()?,
        time: Millis(time.parse().ok()?),
        epoch: epoch.parse().ok()?,
        compromise_counter: counter.parse().ok()?,
    };
    // One spelling only, and of this origin.
    let same = first == origin && checkpoint.text(origin).strip_suffix('\n') == Some(text);
    same.then_some(checkpoint)
}
