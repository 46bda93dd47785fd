//! Mobile documents (ISO/IEC 18013-5:2021): driving licences and whatever else has that form.
//!
//! A file is a `DeviceResponse` (8.3.2.1.2.2), one `Document` of it, or the `IssuerSigned` structure,
//! as CBOR or as that written in hexadecimal digits or base64. Each disclosed element is CBOR of its
//! own under tag 24; its digest must stand in the `MobileSecurityObject` (9.1.2.4), the payload of the
//! issuer's COSE signature. What does not stand there the issuer did not state: it is no fact, and the
//! document has no identity.
//!
//! Elements are read by their names, whatever the namespace: those of the driving licence (table 5)
//! are also used by other types of document. The number is `document_number`, the issuer is
//! `issuing_country` with `issuing_authority`, the class is the type of document. Not here: whether the
//! issuer's signature is right and whose it is.

mod cbor;

use sha2::{Digest, Sha256, Sha384, Sha512};

use self::cbor::Cbor;
use crate::encoded::{base64, day, hex};
use crate::fact::{Facts, Found};
use crate::licence::Licence;
use crate::limits::{CBOR_BYTES_MAX, CBOR_VALUES_MAX, CREDENTIALS_MAX};
use crate::{Format, ReadError, Reading, Stated};

/// Namespaces in one document; real ones have two or three.
const NAMESPACES_MAX: usize = 64;
/// The longest name of a namespace or of an element.
const NAME_BYTES_MAX: usize = 128;

/// `None` for bytes that are of another format.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    let decoded = match claims(bytes) {
        true => None,
        false => match text_form(bytes) {
            Some(decoded) if claims(&decoded) => Some(decoded),
            _ => return Ok(None),
        },
    };
    let bytes = decoded.as_deref().unwrap_or(bytes);
    if bytes.len() > CBOR_BYTES_MAX {
        return Err(ReadError::CborTooComplex {
            what: "bytes",
            limit: CBOR_BYTES_MAX,
        });
    }
    let mut values_left = CBOR_VALUES_MAX;
    let tree = Cbor::parse(bytes, &mut values_left)?;
    let mut documents = Vec::new();
    if tree.get("issuerAuth").is_some() {
        documents.push(issuer_signed(&tree, "", None, &mut values_left)?);
    } else if tree.get("issuerSigned").is_some() {
        documents.push(document(&tree, "", &mut values_left)?);
    } else {
        let listed = tree.get("documents").map_or(&[][..], Cbor::items);
        if listed.len() > CREDENTIALS_MAX {
            return Err(ReadError::TooMany {
                what: "documents",
                limit: CREDENTIALS_MAX,
            });
        }
        for (index, one) in listed.iter().enumerate() {
            let part = format!("/documents/{index}");
            documents.push(document(one, &part, &mut values_left)?);
        }
    }
    if documents.is_empty() {
        documents.push(Stated::without_identity("a document in the response"));
    }
    Ok(Some(Reading {
        format: Format::Mdoc,
        documents,
        seals: Vec::new(),
    }))
}

/// A map whose first key is one of the three structures', and somewhere a signature of an issuer.
fn claims(bytes: &[u8]) -> bool {
    const KEYS: [&[u8]; 7] = [
        b"\x6AnameSpaces",
        b"\x6AissuerAuth",
        b"\x67docType",
        b"\x6CissuerSigned",
        b"\x67version",
        b"\x69documents",
        b"\x66status",
    ];
    const SIGNED: &[u8] = b"\x6AissuerAuth";
    let Some((0xA1..=0xB7 | 0xBF, rest)) = bytes.split_first() else {
        return false;
    };
    KEYS.iter().any(|key| rest.starts_with(key))
        && bytes.windows(SIGNED.len()).any(|window| window == SIGNED)
}

/// The bytes that a text writes; nothing is decoded that does not begin as a map would.
fn text_form(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = bytes.trim_ascii();
    if text.len() > 2 * CBOR_BYTES_MAX {
        return None;
    }
    match text.first()? {
        b'A' | b'a' | b'B' | b'b' => hex(text),
        // 0xA0 to 0xBF.
        b'o'..=b'v' => base64(text),
        _ => None,
    }
}

fn document(tree: &Cbor<'_>, part: &str, left: &mut usize) -> Result<Stated, ReadError> {
    let doc_type = tree.get("docType").and_then(Cbor::text);
    let signed = tree.get("issuerSigned").ok_or(ReadError::CborMalformed {
        reason: "a document has no issuerSigned",
    })?;
    let doc_type = doc_type.map(|text| Found::new(text, format!("{part}/docType")));
    issuer_signed(signed, &format!("{part}/issuerSigned"), doc_type, left).map(|stated| Stated {
        part: part.to_owned(),
        ..stated
    })
}

/// `IssuerSigned`: the disclosed elements, and what the issuer signed about them.
fn issuer_signed(
    tree: &Cbor<'_>,
    at: &str,
    doc_type: Option<Found>,
    left: &mut usize,
) -> Result<Stated, ReadError> {
    let payload = issuer_payload(tree).ok_or(ReadError::CborMalformed {
        reason: "issuerAuth is no signature around a MobileSecurityObject",
    })?;
    const NO_OBJECT: ReadError = ReadError::CborMalformed {
        reason: "the payload of issuerAuth is no MobileSecurityObject",
    };
    // Tag 24; what else a signature may be around need not be CBOR.
    if !payload.starts_with(b"\xD8\x18") {
        return Err(NO_OBJECT);
    }
    let payload = Cbor::parse(payload, left)?;
    let object = payload.embedded().ok_or(NO_OBJECT)?;
    let object = Cbor::parse(object, left)?;
    let signed = Signed::new(&object).ok_or(ReadError::CborMalformed {
        reason: "the MobileSecurityObject has no digests, or of an algorithm that is not read",
    })?;

    let mut licence = Licence::default();
    let facts = &mut licence.facts;
    facts.say("document-type", doc_type)?;
    let in_object = |name: &str| format!("{at}/issuerAuth/payload/{name}");
    let found = object.get("docType").and_then(Cbor::text);
    let found = found.map(|text| Found::new(text, in_object("docType")));
    facts.say("document-type", found)?;
    for (name, key) in [
        ("data-valid-from", "validFrom"),
        ("data-valid-until", "validUntil"),
    ] {
        let moment = object.get("validityInfo").and_then(|info| info.get(key));
        let moment = moment.and_then(text_of);
        let place = in_object(&format!("validityInfo/{key}"));
        facts.say(name, moment.map(|text| Found::new(text, place)))?;
    }

    let mut unsigned = 0_usize;
    let spaces = tree.get("nameSpaces").map_or(&[][..], Cbor::entries);
    if spaces.len() > NAMESPACES_MAX {
        return Err(ReadError::CborTooComplex {
            what: "namespaces",
            limit: NAMESPACES_MAX,
        });
    }
    for (space, items) in spaces {
        let space = name_of(space).ok_or(ReadError::CborMalformed {
            reason: "the name of a namespace is no text, or too long",
        })?;
        let digests = signed.digests(space);
        for item in items.items() {
            let (Cbor::Tag { written, .. }, Some(inner)) = (item, item.embedded()) else {
                return Err(ReadError::CborMalformed {
                    reason: "an element is not under tag 24",
                });
            };
            let element = Cbor::parse(inner, left)?;
            let (Some(Cbor::Uint(id)), Some(name), Some(value)) = (
                element.get("digestID"),
                element.get("elementIdentifier").and_then(name_of),
                element.get("elementValue"),
            ) else {
                return Err(ReadError::CborMalformed {
                    reason: "an element has no digestID, name or value",
                });
            };
            let place = format!("{at}/nameSpaces/{space}/{name}");
            match digests.binary_search_by_key(id, |(digest_id, _)| *digest_id) {
                Ok(index) if digests[index].1 == signed.algorithm.of(written) => {
                    take(&mut licence.facts, name, value, place)?;
                }
                _ => {
                    unsigned += 1;
                    // One is enough to look at; a file may hold thousands.
                    if unsigned == 1 {
                        licence.doubts.push(format!(
                            "{place} is not what the issuer signed: its digest does not stand there"
                        ));
                    }
                }
            }
        }
    }
    if unsigned > 0 {
        licence.missing.push("the issuer's digest of each element");
    }
    let facts = &mut licence.facts;
    let names = (facts.get("family-name")).zip(facts.get("given-name"));
    let whole = names.map(|(family, given)| format!("{family} {given}"));
    let holder = whole.map(|name| Found::new(name, format!("{at}/nameSpaces")));
    facts.say("holder", holder)?;
    licence.class = facts.get("document-type").unwrap_or_default().to_owned();
    let (country, authority) = (facts.get("issuing-country"), facts.get("issuer"));
    // Two letters (ISO 18013-5, table 5): of a longer one nobody could tell where the authority begins.
    let country = country.filter(|country| country.len() == 2);
    licence.legal_issuer = country
        .zip(authority)
        .map(|(country, authority)| format!("{country} {authority}"));
    if licence.class.is_empty() {
        licence.missing.push("the type of document");
    }
    Ok(licence.stated(
        "",
        "number (document_number)",
        "issuer (issuing_country and issuing_authority)",
    ))
}

/// The payload of a `COSE_Sign1` (RFC 9052, 4.2), with its tag 18 or without.
fn issuer_payload<'b>(tree: &Cbor<'b>) -> Option<&'b [u8]> {
    let signature = match tree.get("issuerAuth")? {
        Cbor::Tag {
            number: 18, inner, ..
        } => inner,
        other => other,
    };
    match signature.items() {
        [_, _, payload, _] => payload.bytes(),
        _ => None,
    }
}

/// The digests that the issuer signed.
struct Signed<'o, 'b> {
    algorithm: Algorithm,
    spaces: &'o [(Cbor<'b>, Cbor<'b>)],
}

#[derive(Clone, Copy)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

impl<'o, 'b> Signed<'o, 'b> {
    fn new(object: &'o Cbor<'b>) -> Option<Self> {
        let algorithm = match object.get("digestAlgorithm")?.text()? {
            "SHA-256" => Algorithm::Sha256,
            "SHA-384" => Algorithm::Sha384,
            "SHA-512" => Algorithm::Sha512,
            _ => return None,
        };
        let spaces = object.get("valueDigests")?.entries();
        Some(Self { algorithm, spaces })
    }

    /// The digests of a namespace, sorted by their ids.
    fn digests(&self, space: &str) -> Vec<(u64, &'b [u8])> {
        let of_space = (self.spaces.iter()).find(|(name, _)| name.text() == Some(space));
        let entries = of_space.map_or(&[][..], |(_, digests)| digests.entries());
        let mut digests: Vec<(u64, &[u8])> = entries
            .iter()
            .filter_map(|(id, digest)| match (id, digest) {
                (Cbor::Uint(id), Cbor::Bytes(digest)) => Some((*id, *digest)),
                _ => None,
            })
            .collect();
        digests.sort_unstable_by_key(|(id, _)| *id);
        digests
    }
}

/// Names stand in the place of every fact, so they are held to a length.
fn name_of<'b>(value: &Cbor<'b>) -> Option<&'b str> {
    value.text().filter(|name| name.len() <= NAME_BYTES_MAX)
}

/// A text, also one under a tag for days (1004, RFC 8943) or moments (0).
fn text_of<'b>(value: &Cbor<'b>) -> Option<&'b str> {
    match value {
        Cbor::Tag {
            number: 0 | 1004,
            inner,
            ..
        } => inner.text(),
        value => value.text(),
    }
}

/// What an element states; elements of other names are not read.
fn take(facts: &mut Facts, name: &str, value: &Cbor<'_>, place: String) -> Result<(), ReadError> {
    let Some(text) = text_of(value) else {
        return Ok(());
    };
    let found = Some(Found::new(text, place));
    match name {
        "family_name" => facts.say("family-name", found),
        "given_name" => facts.say("given-name", found),
        "document_number" => facts.say("number", found),
        "issuing_authority" => facts.say("issuer", found),
        "issuing_country" => facts.say("issuing-country", found),
        "issue_date" | "issuance_date" => {
            // The form has no other day from which the licence counts.
            facts.day("issue-date", found.clone(), day)?;
            facts.day("valid-from", found, day)
        }
        "expiry_date" => facts.day("valid-until", found, day),
        _ => Ok(()),
    }
}
