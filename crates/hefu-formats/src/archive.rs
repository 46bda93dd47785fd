//! ZIP archives, within bounds: the container of an OFD, and the archive of documents that came by
//! mail.

use crate::ReadError;

/// The files of an archive of documents, in its order.
pub fn files(_bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
    Ok(Vec::new())
}
