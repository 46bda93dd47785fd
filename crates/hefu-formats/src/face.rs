//! The face of a Chinese document: what a person reads on its page.

use crate::page::{Code, Run};
use crate::{ReadError, Stated};

/// `None` for a page that is not the face of a document which is read here.
pub(crate) fn read(_runs: &[Run], _codes: &[Code]) -> Result<Option<Stated>, ReadError> {
    Ok(None)
}
