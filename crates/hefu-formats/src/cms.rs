//! A file inside a CMS signature (`.p7m`, RFC 5652), DER, BER or base64.
//!
//! So Italian invoices are signed (CAdES). The file within is read as if it stood alone; the signature
//! around it is a seal and changes nothing in what the file states.

use std::borrow::Cow;

use crate::encoded::base64;
use crate::limits::{CMS_NESTED_MAX, SEAL_HASHED_BYTES_MAX};
use crate::seal::cms::{self, Message, SignedData};
use crate::seal::SealKind;
use crate::{Format, ReadError, Reading};

/// Whether the file is signed data in binary. What it signs may itself stand so near to the beginning
/// that it could be taken for the file.
pub(crate) fn claims(bytes: &[u8]) -> bool {
    cms::claims(bytes)
}

/// `None` for bytes that are no CMS signature.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    let mut content = Cow::Borrowed(bytes);
    let mut seals = Vec::new();
    let mut hash_bytes_left = SEAL_HASHED_BYTES_MAX;
    let mut depth = 0;
    while let Some(der) = plain(&content).filter(|der| cms::claims(der)) {
        if depth == CMS_NESTED_MAX {
            return Err(malformed(
                "more signatures around one another than are opened",
            ));
        }
        let (data, _behind) = SignedData::read(&der).ok_or(malformed("its structure"))?;
        let Some(inner) = data.content.as_deref() else {
            return Ok(Some(Reading::without_identity(
                Format::Cms,
                "the file that is signed: the signature stands here alone",
            )));
        };
        // Where it stands: the outermost signature is the file itself.
        let place = vec!["content"; depth].join("/");
        let mut message = Message {
            pieces: vec![inner],
            bytes_left: &mut hash_bytes_left,
        };
        seals.extend(data.seals(SealKind::Cms, &place, "the file within", &mut message));
        let inner = inner.to_vec();
        content = Cow::Owned(inner);
        depth += 1;
    }
    if depth == 0 {
        return Ok(None);
    }
    // The content is no CMS signature, so this ends here.
    let inner = crate::read(&content)?;
    seals.extend(inner.seals);
    Ok(Some(Reading {
        format: Format::carrying(Format::Cms, "", inner.format),
        documents: inner.documents,
        seals,
    }))
}

/// The signature in binary: as it is, or out of base64 with or without the lines of PEM (RFC 7468).
fn plain(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    const HEAD_BYTES: usize = 64;
    if cms::claims(bytes) {
        return Some(Cow::Borrowed(bytes));
    }
    let text = bytes.trim_ascii();
    let text = match text.strip_prefix(b"-----BEGIN ") {
        Some(rest) => {
            let line_end = rest.iter().position(|byte| *byte == b'\n')?;
            let rest = &rest[line_end..];
            let end = rest.windows(9).position(|window| window == b"-----END ")?;
            &rest[..end]
        }
        None => text,
    };
    // Most files are told by a few characters, and only the others decoded.
    let head: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take(HEAD_BYTES)
        .collect();
    let head = &head[..head.len() / 4 * 4];
    if !base64(head).is_some_and(|head| cms::claims(&head)) {
        return None;
    }
    base64(text).map(Cow::Owned)
}

fn malformed(reason: &'static str) -> ReadError {
    ReadError::CmsMalformed { reason }
}
