//! Files read as a mapping file says.

use crate::{ReadError, Reading};

/// How a file is read.
#[derive(Debug, Clone)]
pub struct Mapping;

/// A mapping file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a mapping file")]
pub struct MappingError;

impl Mapping {
    /// Reads a mapping file.
    pub fn parse(_bytes: &[u8]) -> Result<Self, MappingError> {
        Err(MappingError)
    }
}

/// Reads a file as a mapping says.
pub fn read_mapped(bytes: &[u8], _mapping: &Mapping) -> Result<Reading, ReadError> {
    crate::read(bytes)
}
