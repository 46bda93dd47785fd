//! What JavaScript sees. Types stand in `types.d.ts`; nothing here is more than taking arguments apart.

use crate::check::{check, PROOF_BYTES_MAX};
use crate::judge::judge;
use crate::request::{bytes_of, Asked, FILE_BYTES_MAX};
use crate::Refused;
use hefu_types::Suite;
use hefu_wire::NetworkFile;
use js_sys::{JsString, Reflect, Uint8Array, JSON};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = include_str!("types.d.ts");

/// The longest network file in bytes.
const NETWORK_BYTES_MAX: usize = 16 * 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    /// A string or bytes.
    #[wasm_bindgen(typescript_type = "string | Uint8Array")]
    pub type Text;
    /// Bytes. They are looked at before they are copied, so that anything else is an error.
    #[wasm_bindgen(typescript_type = "Uint8Array")]
    pub type Bytes;
    /// The kind of a proof.
    #[wasm_bindgen(typescript_type = "ProofKind")]
    pub type ProofKind;
    /// What [`Network::check`] answers.
    #[wasm_bindgen(typescript_type = "CheckedProof")]
    pub type CheckedProof;
    /// What [`Network::verify`] takes.
    #[wasm_bindgen(typescript_type = "VerifyRequest")]
    pub type VerifyRequest;
    /// What [`Network::verify`] answers.
    #[wasm_bindgen(typescript_type = "Verification")]
    pub type Verification;
    /// What [`inspect`] answers.
    #[wasm_bindgen(typescript_type = "InspectedDocument[]")]
    pub type Inspected;
    /// A string, or nothing.
    #[wasm_bindgen(typescript_type = "string | undefined")]
    pub type Name;
}

impl From<Refused> for JsValue {
    fn from(refused: Refused) -> Self {
        let error = js_sys::Error::new(&refused.reason);
        for (name, value) in [
            ("name", "HefuError"),
            ("code", refused.code),
            ("reason", &refused.reason),
        ] {
            // A new error takes fields, unless the page has frozen it: then its message is all there is.
            let _ = Reflect::set(&error, &name.into(), &value.into());
        }
        error.into()
    }
}

fn answer(json: &Value) -> Result<JsValue, JsValue> {
    JSON::parse(&json.to_string())
}

/// A network, as its file describes it: whom to trust.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Network {
    network: hefu_types::genesis::Network,
}

/// Reads a network file and checks its genesis and its digest.
#[wasm_bindgen(js_name = openNetwork)]
pub fn open_network(json: &Text) -> Result<Network, JsValue> {
    let json: &JsValue = json.unchecked_ref();
    let bytes = match json.dyn_ref::<JsString>() {
        Some(text) if text.length() as usize > NETWORK_BYTES_MAX => {
            return Err(Refused::new("too-long", "the network file is too long").into());
        }
        Some(text) => String::from(text).into_bytes(),
        None => bytes_of(json, "the network file", NETWORK_BYTES_MAX)?,
    };
    let file: NetworkFile = serde_json::from_slice(&bytes)
        .map_err(|error| Refused::new("bad-network", format!("the network file: {error}")))?;
    let network = file.network();
    let network = network.map_err(|error| Refused::new("bad-network", error))?;
    Ok(Network { network })
}

#[wasm_bindgen]
impl Network {
    /// The digest of the genesis, in hex: compare it by another way.
    #[wasm_bindgen(getter)]
    pub fn digest(&self) -> String {
        self.network.digest().to_string()
    }

    /// The network's name in checkpoints.
    #[wasm_bindgen(getter)]
    pub fn origin(&self) -> String {
        self.network.origin().to_owned()
    }

    /// Whether one proof holds, and what it proves.
    pub fn check(&self, kind: &ProofKind, proof: &Bytes) -> Result<CheckedProof, JsValue> {
        let kind: &JsValue = kind.unchecked_ref();
        let Some(kind) = kind.as_string() else {
            return Err(Refused::bad_input("the kind of proof is no string").into());
        };
        let bytes = bytes_of(proof.unchecked_ref(), "the proof", PROOF_BYTES_MAX)?;
        Ok(answer(&check(&self.network, &kind, &bytes)?)?.unchecked_into())
    }

    /// What a document is worth, by all evidence at hand.
    pub fn verify(&self, request: &VerifyRequest) -> Result<Verification, JsValue> {
        let asked = Asked::read(self.network.suite(), request.unchecked_ref())?;
        let (json, memory) = judge(
            &self.network,
            asked.memory.as_deref(),
            &asked.subject,
            &asked.pieces,
            &asked.request,
        )?;
        let answer = answer(&json)?;
        let memory = Uint8Array::from(memory.as_slice());
        Reflect::set(&answer, &"memory".into(), &memory)?;
        Ok(answer.unchecked_into())
    }
}

/// The digest under which a file is registered, in hex.
#[wasm_bindgen]
pub fn digest(bytes: &Bytes) -> Result<String, JsValue> {
    let bytes = bytes_of(bytes.unchecked_ref(), "the file", FILE_BYTES_MAX)?;
    Ok(Suite::Sha256Ed25519.document_digest(&bytes).to_string())
}

/// What the documents in a file say of themselves. Nothing is verified but the file's own seals.
#[cfg(feature = "formats")]
#[wasm_bindgen]
pub fn inspect(bytes: &Bytes, name: &Name) -> Result<Inspected, JsValue> {
    let bytes = bytes_of(bytes.unchecked_ref(), "the file", FILE_BYTES_MAX)?;
    let name: &JsValue = name.unchecked_ref();
    let name = name.as_string().unwrap_or_default();
    let found = crate::documents::documents(Suite::Sha256Ed25519, &name, &bytes);
    let json = Value::Array(found.iter().map(|document| document.json()).collect());
    Ok(answer(&json)?.unchecked_into())
}
