use super::tree::Json;
use crate::{ReadError, Reading};

pub(crate) fn read(_tree: &Json) -> Result<Option<Reading>, ReadError> {
    Ok(None)
}
