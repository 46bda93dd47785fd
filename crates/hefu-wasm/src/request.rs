//! A request as JavaScript writes it, taken apart: every field is looked at before it is believed.

use crate::judge::Pieces;
use crate::Refused;
use hefu_proof::verify::{Asker, Request, Subject};
use hefu_types::operation::member_identifier;
use hefu_types::profile::Identity;
use hefu_types::{Digest, Millis, Suite};
use js_sys::{Array, Reflect, Uint8Array, JSON};
use serde::de::DeserializeOwned;
use std::str::FromStr;
use wasm_bindgen::{JsCast, JsValue};

/// The largest file in bytes; what is read of one is bounded by [`hefu_formats::limits`] besides.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The longest piece of evidence, memory included, in bytes.
const PIECE_BYTES_MAX: usize = crate::check::PROOF_BYTES_MAX;

/// The longest part of a request in JSON, in characters.
const JSON_LENGTH_MAX: u32 = 64 * 1024;

/// All that was asked.
pub struct Asked {
    pub memory: Option<Vec<u8>>,
    pub subject: Subject,
    pub pieces: Pieces,
    pub request: Request,
}

/// The bytes of a `Uint8Array`, if it is one and not too long.
pub fn bytes_of(value: &JsValue, what: &str, bytes_max: usize) -> Result<Vec<u8>, Refused> {
    let Some(array) = value.dyn_ref::<Uint8Array>() else {
        return Err(Refused::bad_input(format!("{what} is no Uint8Array")));
    };
    let length = array.length() as usize;
    if length > bytes_max {
        let why = format!("{what} has {length} bytes, at most {bytes_max} are looked at");
        return Err(Refused::new("too-long", why));
    }
    Ok(array.to_vec())
}

/// An object of the caller's.
struct Fields<'a>(&'a JsValue);

impl Fields<'_> {
    /// A field; `None` where it is left out, undefined or null.
    fn get(&self, name: &str) -> Result<Option<JsValue>, Refused> {
        let value = Reflect::get(self.0, &name.into());
        let value = value.map_err(|_| Refused::bad_input(format!("{name} cannot be read")))?;
        Ok(Some(value).filter(|value| !value.is_undefined() && !value.is_null()))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let text = value.dyn_ref::<js_sys::JsString>();
        match text.filter(|text| text.length() <= JSON_LENGTH_MAX) {
            Some(text) => Ok(Some(String::from(text))),
            None => Err(Refused::bad_input(format!(
                "{name} is no string, or too long"
            ))),
        }
    }

    fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let parsed = text.parse();
        let parsed = parsed.map_err(|_| Refused::bad_input(format!("{name} is none in hex")));
        parsed.map(Some)
    }

    /// A time or a span in milliseconds: whole, and exact as JavaScript has it.
    fn millis(&self, name: &str) -> Result<Option<u64>, Refused> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let number = value.as_f64();
        match number.filter(|number| (0.0..=9_007_199_254_740_991.0).contains(number)) {
            // Between 0 and 2^53, so nothing is lost but a fraction of a millisecond.
            Some(number) => Ok(Some(number as u64)),
            None => Err(Refused::bad_input(format!(
                "{name} is no number of milliseconds"
            ))),
        }
    }

    fn bytes(&self, name: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Refused> {
        let value = self.get(name)?;
        let bytes = value.map(|value| bytes_of(&value, name, bytes_max));
        bytes.transpose()
    }

    fn list(&self, name: &str) -> Result<Vec<Vec<u8>>, Refused> {
        let Some(value) = self.get(name)? else {
            return Ok(Vec::new());
        };
        if !Array::is_array(&value) {
            return Err(Refused::bad_input(format!("{name} is no array")));
        }
        let array: &Array = value.unchecked_ref();
        if array.length() as usize > crate::judge::PIECES_MAX {
            return Err(Refused::new(
                "too-many",
                format!("{name} has too many elements"),
            ));
        }
        let elements = (0..array.length()).map(|at| array.get(at));
        elements
            .map(|element| bytes_of(&element, name, PIECE_BYTES_MAX))
            .collect()
    }

    /// An object as it would be written in JSON.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Refused> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let bad = |why: &dyn std::fmt::Display| Refused::bad_input(format!("{name}: {why}"));
        let text = JSON::stringify(&value).map_err(|_| bad(&"it is no JSON"))?;
        // Of what JSON has no word for, undefined comes back.
        let Some(text) = text.dyn_ref::<js_sys::JsString>() else {
            return Err(bad(&"it is no JSON"));
        };
        if text.length() > JSON_LENGTH_MAX {
            return Err(bad(&"it is too long"));
        }
        let read = serde_json::from_str(&String::from(text));
        read.map(Some).map_err(|error| bad(&error))
    }
}

impl Asked {
    /// Takes a request apart.
    pub fn read(suite: Suite, request: &JsValue) -> Result<Self, Refused> {
        if !request.is_object() {
            return Err(Refused::bad_input("the request is no object"));
        }
        let fields = Fields(request);
        let Some(now) = fields.millis("now")? else {
            return Err(Refused::bad_input("now is missing: there is no clock here"));
        };
        let plain = Request::at(Millis(now));
        let request = Request {
            age_ms_max: fields.millis("ageMaxMs")?.unwrap_or(plain.age_ms_max),
            trust_period_ms: fields
                .millis("trustPeriodMs")?
                .unwrap_or(plain.trust_period_ms),
            anchor: fields.millis("anchor")?.map(Millis),
            purpose: fields.text("purpose")?,
            member: member(&fields)?,
            region: fields.text("region")?,
            user: fields.text("user")?.as_deref().map(member_identifier),
            ..plain
        };
        Ok(Self {
            memory: fields.bytes("memory", PIECE_BYTES_MAX)?,
            subject: subject(suite, &fields)?,
            pieces: Pieces {
                receipts: fields.list("receipts")?,
                certificates: fields.list("certificates")?,
                catalogue: fields.list("catalogue")?,
            },
            request,
        })
    }
}

fn member(fields: &Fields<'_>) -> Result<Option<Asker>, Refused> {
    let Some(member) = fields.get("member")? else {
        return Ok(None);
    };
    let fields = Fields(&member);
    let Some(id) = fields.text("id")? else {
        return Err(Refused::bad_input("member has no id"));
    };
    Ok(Some(Asker {
        id,
        identifier: fields.text("identifier")?,
        commitment: fields.parsed("commitment")?,
    }))
}

fn subject(suite: Suite, fields: &Fields<'_>) -> Result<Subject, Refused> {
    let mut subject = Subject {
        digest: fields.parsed::<Digest>("digest")?,
        typed: fields.json::<Identity>("number")?,
        document_type: fields.text("documentType")?,
        record: fields.parsed("record")?,
        ..Subject::default()
    };
    let part = fields.text("part")?;
    if let Some(file) = fields.bytes("file", FILE_BYTES_MAX)? {
        let name = fields.text("fileName")?.unwrap_or_default();
        state_file(&mut subject, suite, &file, &name, part.as_deref())?;
    }
    Ok(subject)
}

/// What the file says of itself. One that cannot be read is known by its bytes alone.
#[cfg(feature = "formats")]
fn state_file(
    subject: &mut Subject,
    suite: Suite,
    file: &[u8],
    name: &str,
    part: Option<&str>,
) -> Result<(), Refused> {
    let mut found = crate::documents::documents(suite, name, file);
    let names = (found.iter().map(|document| document.name.clone())).collect::<Vec<_>>();
    if let Some(part) = part {
        found.retain(|document| document.name == part);
    }
    let one = match (found.pop(), found.len()) {
        (Some(one), 0) => one,
        (None, _) => {
            let names = names.join(", ");
            let why = format!("part is none of the file's documents: {names}");
            return Err(Refused::new("no-such-part", why));
        }
        (Some(_), more) => {
            let first = &names[0];
            let why = format!(
                "the file holds {} documents; name one as part, such as {first}",
                more + 1
            );
            return Err(Refused::new("several-documents", why));
        }
    };
    subject.digest = Some(one.digest);
    if let Ok(read) = one.read {
        let stated = read.stated;
        subject.profile = stated.identity.as_ref().map(|_| stated.profile);
        subject.said = stated.identity;
        subject.kind = stated.kind;
        let facts = stated.facts.into_iter();
        subject.facts = facts.map(|fact| (fact.name, fact.value)).collect();
    }
    Ok(())
}

/// Without the readers a file is known by its bytes alone.
#[cfg(not(feature = "formats"))]
fn state_file(
    subject: &mut Subject,
    suite: Suite,
    file: &[u8],
    _: &str,
    part: Option<&str>,
) -> Result<(), Refused> {
    if part.is_some() {
        return Err(Refused::new(
            "no-such-part",
            "this build does not look into files",
        ));
    }
    subject.digest = Some(suite.document_digest(file));
    Ok(())
}
