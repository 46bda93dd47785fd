//! The manifest: what each file is and what a verifier must find of it.
//!
//! `{"format": 0, "cases": [case, ...]}`. A case is an object:
//!
//! | member | meaning |
//! | --- | --- |
//! | `name` | of the case: the file's name without folder and ending |
//! | `kind` | `receipt`, `certificate`, `bundle`: CBOR; `note`: a C2SP note; `inclusion`, `consistency`: a log proof as JSON |
//! | `file`, `network` | paths below the folder of the manifest; the network file is the only trust anchor |
//! | `expect` | `accept` or `refuse` |
//! | `reason` | of a refusal: the kebab-case name of the innermost error |
//! | `asks` | of a certificate: what it is asked for; a verifier refuses it as `not-proven` where it does not prove one of them |
//! | `at` | times in milliseconds at which the status of documents is asked |
//! | `proves` | of an acceptance: what a verifier must have found, see [`super::native`] |
//!
//! One asks for a key of the state tree: `{"namespace", "id"}`, where `id` is the CBOR value that is hashed
//! (see `hefu_types::key`) with byte strings written as `{"hex": ...}`.

use hefu_types::key::{state_key, Namespace};
use hefu_types::profile::{Identity, Profile};
use hefu_types::{CopyNumber, Digest, KeyId, Millis, StateKey};
use minicbor::{encode, Encode, Encoder};
use serde_json::{json, Value};

use super::parties::SUITE;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A receipt.
    Receipt,
    /// A status certificate.
    Certificate,
    /// A bundle of receipts.
    Bundle,
    /// The note of a checkpoint (C2SP signed-note).
    Note,
    /// An entry in the log, as JSON: leaf hash, index, size, path, root.
    Inclusion,
    /// Two sizes of the log, as JSON: sizes, roots, path.
    Consistency,
}

impl Kind {
    /// The word in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Certificate => "certificate",
            Self::Bundle => "bundle",
            Self::Note => "note",
            Self::Inclusion => "inclusion",
            Self::Consistency => "consistency",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Certificate => "certificate",
            Self::Bundle => "bundle",
            Self::Note => "note",
            Self::Inclusion => "inclusion.json",
            Self::Consistency => "consistency.json",
        }
    }
}

/// What a verifier must find.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// It holds, and proves this.
    Accept(Value),
    /// It does not hold, for this reason.
    Refuse(&'static str),
}

/// One file and what a verifier must find of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The name of its network.
    pub network: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is asked for.
    pub asks: Vec<Ask>,
    /// When.
    pub at: Vec<Millis>,
    /// What must be found.
    pub expect: Expect,
}

impl Case {
    /// The path below the manifest.
    pub fn path(&self) -> String {
        let folder = match self.expect {
            Expect::Accept(_) => "good",
            Expect::Refuse(_) => "bad",
        };
        format!("{folder}/{}.{}", self.name, self.kind.ending())
    }
}

/// The path of a network file below the manifest.
pub fn network_path(name: &str) -> String {
    format!("networks/{name}.json")
}

/// The bytes of the manifest.
pub fn bytes_of(cases: &[Case]) -> Vec<u8> {
    let case = |case: &Case| {
        let mut value = json!({
            "name": case.name,
            "kind": case.kind.name(),
            "file": case.path(),
            "network": network_path(case.network),
        });
        match &case.expect {
            Expect::Accept(proves) => {
                value["expect"] = json!("accept");
                value["proves"] = proves.clone();
            }
            Expect::Refuse(reason) => {
                value["expect"] = json!("refuse");
                value["reason"] = json!(reason);
            }
        }
        if !case.asks.is_empty() {
            value["asks"] = case.asks.iter().map(Ask::json).collect();
        }
        if !case.at.is_empty() {
            value["at"] = case.at.iter().map(|at| json!(at.0)).collect();
        }
        value
    };
    let cases: Vec<Value> = cases.iter().map(case).collect();
    let manifest = json!({ "format": 0, "cases": cases });
    let mut bytes = serde_json::to_vec_pretty(&manifest).expect("it is JSON");
    bytes.push(b'\n');
    bytes
}

/// A key of the state tree by what it is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The kind of leaf.
    pub namespace: Namespace,
    /// The value that is hashed, as JSON.
    pub id: Value,
}

impl Ask {
    /// The record of a document.
    pub fn record(profile: Profile, identity: &Identity) -> Self {
        let Identity {
            legal_issuer,
            class,
            series,
            number,
            period,
        } = identity;
        let id = json!([
            profile.name(),
            0,
            legal_issuer,
            class,
            series,
            number,
            period
        ]);
        Self::new(Namespace::Record, id)
    }

    /// The record of a lending copy.
    pub fn copy(of: &StateKey, number: &CopyNumber) -> Self {
        let id = json!(["copy", hex(&of.0), hex(&number.0)]);
        Self::new(Namespace::Record, id)
    }

    /// The record of a file.
    pub fn digest(digest: &Digest) -> Self {
        Self::new(Namespace::Digest, hex(&digest.0))
    }

    /// A public key.
    pub fn key(id: &KeyId) -> Self {
        Self::new(Namespace::Key, hex(&id.0))
    }

    /// What is named by one text.
    pub fn named(namespace: Namespace, id: &str) -> Self {
        Self::new(namespace, json!(id))
    }

    /// What is named by anything.
    pub fn new(namespace: Namespace, id: Value) -> Self {
        Self { namespace, id }
    }

    /// The key.
    pub fn at(&self) -> StateKey {
        state_key(SUITE, self.namespace, &Id(&self.id))
    }

    fn json(&self) -> Value {
        json!({ "namespace": self.namespace.name(), "id": self.id })
    }
}

fn hex(bytes: &[u8]) -> Value {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "hex": digits })
}

struct Id<'a>(&'a Value);

impl<C> Encode<C> for Id<'_> {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        match self.0 {
            Value::Number(number) => e.u64(number.as_u64().unwrap_or_default())?.ok(),
            Value::String(text) => e.str(text)?.ok(),
            Value::Array(parts) => {
                e.array(parts.len() as u64)?;
                parts.iter().try_for_each(|part| Id(part).encode(e, ctx))
            }
            Value::Object(hex) => {
                let digits = hex["hex"].as_str().unwrap_or_default();
                let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or(0);
                let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
                e.bytes(&bytes)?.ok()
            }
            Value::Null | Value::Bool(_) => Err(encode::Error::message("no id is null or a truth")),
        }
    }
}
