use roxmltree::Node;

use crate::{ReadError, Reading};

pub(crate) fn is_root(_name: &[u8]) -> bool {
    false
}

pub(crate) fn read(_root: Node<'_, '_>) -> Result<Option<Reading>, ReadError> {
    Ok(None)
}
