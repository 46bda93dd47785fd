//! OFD (GB/T 33190-2016).

use crate::{Format, ReadError, Reading};

pub(crate) fn read(_bytes: &[u8]) -> Result<Reading, ReadError> {
    Ok(Reading::without_identity(
        Format::Ofd,
        "a format whose identity can be read (OFD is only recognised)",
    ))
}
