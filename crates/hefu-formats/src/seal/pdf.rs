//! The signatures of a PDF (ISO 32000-1, 12.8).
//!
//! A signature is the value of a form field. Its `ByteRange` says which bytes of the file are signed:
//! two pieces, all but the string of the signature itself. Whoever changes the file later appends to it
//! (7.5.6), so a signature that does not reach the end leaves open what was made of the document
//! since; [`Cover::Part`] says so, also of what a later signer appended.
//!
//! [`Cover::Whole`] needs that the first piece begins the file, the second ends it, and between them
//! stands nothing but this signature's string: in a wider gap another document could be hidden.

use std::collections::BTreeSet;

use lopdf::{decode_text_string, Dictionary, Object};

use super::cms::{Message, SignedData};
use super::keys::Digest;
use super::{harmless, Cover, Seal, SealKind};
use crate::limits::{PDF_FIELDS_MAX, SEALS_MAX, SEAL_HASHED_BYTES_MAX};
use crate::pdf::file::PdfFile;
use crate::ReadError;

const FORM: &str = "AcroForm";

/// The signatures of a PDF, in the order of its form.
///
/// The file is opened anew, so that what is spent on signatures is not missing for the document.
pub(crate) fn seals(bytes: &[u8]) -> Vec<Seal> {
    // Most files have none, and their form need not be looked through.
    if !bytes.windows(10).any(|window| window == b"/ByteRange") {
        return Vec::new();
    }
    let found = PdfFile::open(bytes).and_then(|mut pdf| signatures(&mut pdf));
    let (signatures, is_cut) = match found {
        Ok(found) => found,
        Err(refusal) => return vec![unreadable(FORM, &refusal.to_string())],
    };
    let mut hash_bytes_left = SEAL_HASHED_BYTES_MAX;
    let mut seals = Vec::new();
    for signature in signatures {
        match signature.seals(bytes, &mut hash_bytes_left) {
            Ok(found) => seals.extend(found),
            Err(why) => seals.push(unreadable(&signature.place, why)),
        }
    }
    if is_cut {
        seals.push(unreadable(FORM, "more signatures than are looked at"));
    }
    seals
}

fn unreadable(place: &str, why: &str) -> Seal {
    Seal::unreadable(SealKind::Pdf, place, why)
}

/// The value of a signature field, as it stands in the file.
struct Signature {
    /// `AcroForm/` and the name of the field.
    place: String,
    /// How it is signed.
    sub_filter: Vec<u8>,
    /// Start and length of the pieces that are signed.
    byte_range: Option<Vec<usize>>,
    contents: Option<Vec<u8>>,
    /// When, as the dictionary says: `D:20200101120000Z`.
    time: Option<String>,
}

/// The values of all signature fields, and whether there are more.
fn signatures(pdf: &mut PdfFile<'_>) -> Result<(Vec<Signature>, bool), ReadError> {
    let catalog = pdf.catalog()?;
    let Object::Dictionary(form) = pdf.entry(&catalog, FORM.as_bytes())? else {
        return Ok((Vec::new(), false));
    };
    let Object::Array(mut fields) = pdf.entry(&form, b"Fields")? else {
        return Ok((Vec::new(), false));
    };
    fields.reverse();
    let mut signatures = Vec::new();
    let mut seen = BTreeSet::new();
    let mut fields_left = PDF_FIELDS_MAX;
    while let Some(field) = fields.pop() {
        // A field that was seen is a circle, or stands twice.
        if let Object::Reference(id) = field {
            if !seen.insert(id) {
                continue;
            }
        }
        fields_left = (fields_left.checked_sub(1)).ok_or(ReadError::PdfTooComplex {
            what: "fields in its form",
            limit: PDF_FIELDS_MAX,
        })?;
        let Object::Dictionary(field) = pdf.resolved(&field)? else {
            continue;
        };
        if let Object::Array(kids) = pdf.entry(&field, b"Kids")? {
            fields.extend(kids.into_iter().rev());
        }
        let is_new = match field.get(b"V") {
            Ok(Object::Reference(id)) => seen.insert(*id),
            _ => true,
        };
        let Object::Dictionary(value) = pdf.entry(&field, b"V")? else {
            continue;
        };
        // Only a signature's value is a dictionary (12.7.4).
        if is_new {
            if signatures.len() == SEALS_MAX {
                return Ok((signatures, true));
            }
            signatures.push(Signature::read(pdf, &field, &value)?);
        }
    }
    Ok((signatures, false))
}

impl Signature {
    fn read(
        pdf: &mut PdfFile<'_>,
        field: &Dictionary,
        value: &Dictionary,
    ) -> Result<Self, ReadError> {
        let name = text(&pdf.entry(field, b"T")?).unwrap_or_default();
        let sub_filter = match pdf.entry(value, b"SubFilter")? {
            Object::Name(name) => name,
            _ => Vec::new(),
        };
        let byte_range = match pdf.entry(value, b"ByteRange")? {
            Object::Array(numbers) => {
                let number = |number: &Object| usize::try_from(number.as_i64().ok()?).ok();
                numbers.iter().map(number).collect()
            }
            _ => None,
        };
        let contents = match pdf.entry(value, b"Contents")? {
            Object::String(bytes, _) => Some(bytes),
            _ => None,
        };
        Ok(Self {
            place: format!("{FORM}/{name}"),
            sub_filter,
            byte_range,
            contents,
            time: text(&pdf.entry(value, b"M")?),
        })
    }

    fn seals(&self, bytes: &[u8], bytes_left: &mut usize) -> Result<Vec<Seal>, &'static str> {
        let is_digest_signed = match self.sub_filter.as_slice() {
            b"adbe.pkcs7.detached" | b"ETSI.CAdES.detached" => false,
            b"adbe.pkcs7.sha1" => true,
            b"ETSI.RFC3161" => return Err("it is a time stamp, which is not read"),
            _ => return Err("a way of signing that is not read"),
        };
        let contents = self.contents.as_deref().ok_or("no signature in it")?;
        let (pieces, mut left_out) = self.pieces(bytes, contents)?;
        let (data, behind) = SignedData::read(contents).ok_or("its signature is damaged")?;
        // The string is made before the signature is, and filled up with zeros.
        if behind.iter().any(|byte| *byte != 0) {
            left_out.push("what stands behind the signature in its own string".to_owned());
        }
        let signed = "the bytes of the file that are signed";
        let mut message = Message { pieces, bytes_left };
        let mut seals = if is_digest_signed {
            // The message is the SHA-1 of the pieces (12.8.3.3.1).
            let digest = message.digest(Digest::Sha1).ok_or("more than is hashed")?;
            let content = data.content.as_deref().ok_or("it signs nothing")?;
            let bytes_left = message.bytes_left;
            let pieces = vec![content];
            let mut message = Message { pieces, bytes_left };
            let mut seals = data.seals(SealKind::Pdf, &self.place, signed, &mut message);
            for seal in seals.iter_mut().filter(|_| content != digest) {
                seal.cover = Cover::Altered(vec![signed.to_owned()]);
            }
            seals
        } else {
            // With a content of its own it would sign that, and not the file.
            if data.content.is_some() {
                return Err("it signs something else than the file");
            }
            data.seals(SealKind::Pdf, &self.place, signed, &mut message)
        };
        for seal in &mut seals {
            if seal.cover == Cover::Whole && !left_out.is_empty() {
                seal.cover = Cover::Part(left_out.clone());
            }
            seal.signed_at = seal.signed_at.take().or_else(|| self.time.clone());
        }
        Ok(seals)
    }

    /// The pieces that are signed, and what they leave out besides the signature's string.
    fn pieces<'b>(
        &self,
        bytes: &'b [u8],
        contents: &[u8],
    ) -> Result<(Vec<&'b [u8]>, Vec<String>), &'static str> {
        let Some(&[0, first_end, second, second_length]) = self.byte_range.as_deref() else {
            return Err("it does not sign two pieces of the file, the first from its beginning");
        };
        let second_end = second.checked_add(second_length);
        let second_end = second_end.ok_or("it signs more than the file holds")?;
        let pieces = (bytes.get(..first_end)).zip(bytes.get(second..second_end));
        let (first_piece, second_piece) = pieces.ok_or("it signs more than the file holds")?;
        let gap = bytes.get(first_end..second).ok_or("its pieces overlap")?;
        let mut left_out = Vec::new();
        if hexadecimal(gap).as_deref() != Some(contents) {
            left_out.push(format!(
                "bytes {first_end} to {second}, which are not its signature alone"
            ));
        }
        if second_end < bytes.len() {
            left_out.push(format!(
                "the last {} bytes, which were added later",
                bytes.len() - second_end
            ));
        }
        Ok((vec![first_piece, second_piece], left_out))
    }
}

/// What a hexadecimal string says, if that is all that stands there (7.3.4.3).
fn hexadecimal(gap: &[u8]) -> Option<Vec<u8>> {
    let digits = gap.strip_prefix(b"<")?.strip_suffix(b">")?;
    let digit = |digit: u8| Some(char::from(digit).to_digit(16)? as u8);
    digits
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            [high] => Some(digit(high)? << 4),
            _ => None,
        })
        .collect()
}

/// A text of the file, bounded and harmless.
fn text(object: &Object) -> Option<String> {
    const CHARACTERS_MAX: usize = 100;
    let text = decode_text_string(object).ok()?;
    Some(harmless(
        &text.chars().take(CHARACTERS_MAX).collect::<String>(),
    ))
}
