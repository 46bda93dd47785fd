//! A catalogue on disk: the certificates of its pages, so that it is checked again without a network.

use hefu_types::canonical::{self, DecodeError};
use hefu_types::NetworkDigest;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// The longest saved catalogue in bytes.
pub const SAVED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The most pages of one.
pub const SAVED_PAGES_MAX: usize = 4_096;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SavedCatalogue {
    /// The version of the format: 0.
    #[n(0)]
    pub format: u32,
    /// The network.
    #[n(1)]
    pub network: NetworkDigest,
    /// The names of the parts that were asked for: of another part it says nothing, not even that it is
    /// empty.
    #[n(2)]
    pub parts: Vec<String>,
    /// Status certificates, as they came.
    #[n(3)]
    pub pages: Vec<ByteVec>,
}

impl SavedCatalogue {
    /// The bytes that are kept.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads bytes of anybody. The pages are not verified.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let saved: Self = canonical::decode(bytes, SAVED_BYTES_MAX)?;
        let refuse = |why: &str| Err(DecodeError::Malformed(why.to_owned()));
        if saved.format != 0 {
            return refuse("its format is not 0, the only one known");
        }
        if saved.pages.len() > SAVED_PAGES_MAX || saved.parts.len() > super::Part::ALL.len() {
            return refuse("it has more pages or parts than a catalogue has");
        }
        Ok(saved)
    }
}
