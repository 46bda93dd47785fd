//! OFD (GB/T 33190-2016).

use crate::archive::Archive;
use crate::{Format, ReadError, Reading};

/// An OFD is a ZIP archive whose entry point is `OFD.xml` at its root (GB/T 33190-2016, 7.1).
pub(crate) fn claims(archive: &Archive<'_>) -> bool {
    archive.contains("OFD.xml")
}

pub(crate) fn read(_archive: Archive<'_>) -> Result<Reading, ReadError> {
    Ok(Reading::without_identity(
        Format::Ofd,
        "a format whose identity can be read (OFD is only recognised)",
    ))
}
