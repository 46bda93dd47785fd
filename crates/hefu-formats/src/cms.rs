//! A file inside a CMS signature (`.p7m`, RFC 5652), DER or base64.

use crate::{ReadError, Reading};

/// `None` for bytes that are no CMS signature around a file.
pub(crate) fn read(_bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    Ok(None)
}
