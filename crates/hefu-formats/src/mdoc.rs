use crate::{ReadError, Reading};

/// `None` for bytes that are of another format.
pub(crate) fn read(_bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    Ok(None)
}
