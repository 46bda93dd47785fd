//! The one canonical encoding: deterministic CBOR (RFC 8949, section 4.2.1).
//!
//! Maps have small integer keys in ascending order, lengths are definite and shortest, there are no
//! floats. [`decode`] accepts exactly the bytes that [`encode`] makes: it decodes, encodes again and
//! compares, so that an unknown key, a duplicate key, a longer length or a trailing byte is refused
//! here and nowhere else. The length of what comes from outside is bounded before anything is read.
//!
//! # How a type is written
//!
//! The definition of a type, here and in `hefu-proof`, is the table of its bytes:
//!
//! | in Rust | in CBOR |
//! | --- | --- |
//! | `struct` with `#[cbor(map)]` | a map from the number in `#[n(..)]` to the field, ascending by number |
//! | its field `Option<T>` without a value | no entry: `null` is refused |
//! | `struct` without `#[cbor(map)]` | an array of its fields, ascending by number, which begin with 0 |
//! | `struct` with `#[cbor(transparent)]` | its one field: [`crate::Millis`], sizes and indices are integers |
//! | `enum` with `#[cbor(index_only)]` | the number of the variant |
//! | any other `enum` | `[number of the variant, [its fields]]`, also where it has none: `[1, []]` |
//! | `Vec<T>`, tuples, `()` | an array, also where it is empty: no list is left out |
//! | `Option<T>` in a list or an array | `null` where there is none |
//! | `u8` to `u64`, `i16` to `i64` | an integer of major type 0 or 1 |
//! | `bool`, `String` | `true` or `false`, a text string |
//! | byte strings of [`crate::bytes`] | a byte string of exactly that length |
//! | `ByteVec` | a byte string of any length |
//!
//! What encodes by hand says so in its module: [`crate::cose`], [`crate::statement::Statement`], and the
//! state proofs of `hefu-proof`.
//! Another program reads by this table too: decode, refuse what the table does not name, encode again,
//! compare. Whether it then says *not CBOR of this type* or *not canonical* is its own affair.

use minicbor::{Decode, Encode};

/// Bytes that are not the canonical encoding of the value that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than the caller allows.
    #[error("{length} bytes, at most {length_max} are allowed")]
    TooLong {
        /// Length of the input in bytes.
        length: usize,
        /// The caller's bound in bytes.
        length_max: usize,
    },
    /// Not CBOR, or not of this type.
    #[error("not the expected CBOR: {0}")]
    Malformed(String),
    /// Some other encoding of the value.
    #[error("not the canonical encoding of its value")]
    NotCanonical,
}

/// Encodes a value. Every type of this crate encodes in one way only.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    encode_into(value, &mut bytes);
    bytes
}

/// Appends the encoding of a value.
pub fn encode_into<T: Encode<()>>(value: &T, bytes: &mut Vec<u8>) {
    minicbor::encode(value, bytes).expect("encoding into memory cannot fail");
}

/// Decodes a value from exactly its canonical encoding of at most `length_max` bytes.
pub fn decode<'b, T: Encode<()> + Decode<'b, ()>>(
    bytes: &'b [u8],
    length_max: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > length_max {
        return Err(DecodeError::TooLong {
            length: bytes.len(),
            length_max,
        });
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let value: T = decoder
        .decode()
        .map_err(|error| DecodeError::Malformed(error.to_string()))?;
    // Comparing the encoding also refuses trailing bytes, but those need not cost an encoding.
    if decoder.position() != bytes.len() || encode(&value) != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct Pair {
        #[n(0)]
        a: u64,
        #[n(1)]
        b: Option<String>,
    }

    #[track_caller]
    fn refused(hex: &str) {
        let bytes = hex::decode(hex).expect("test vector is hexadecimal");
        assert!(decode::<Pair>(&bytes, 64).is_err(), "{hex} was accepted");
    }

    #[test]
    fn only_one_encoding_is_read() {
        let bytes = encode(&Pair {
            a: 1,
            b: Some("x".into()),
        });
        assert_eq!(hex::encode(&bytes), "a20001016178");
        assert_eq!(
            decode::<Pair>(&bytes, 64),
            Ok(Pair {
                a: 1,
                b: Some("x".into())
            })
        );
        assert_eq!(
            decode::<Pair>(&hex::decode("a10001").expect("hex"), 64),
            Ok(Pair { a: 1, b: None })
        );
        refused("a2000101617800"); // a trailing byte
        refused("a20001006178"); // a duplicate key
        refused("a201617800 01".replace(' ', "").as_str()); // keys out of order
        refused("a2001801016178"); // an integer longer than it need be
        refused("bf0001016178ff"); // an indefinite map
        refused("a3000101617802f6"); // an unknown key
        refused("a2000101f6"); // absent is left out, not null
        refused("a200f90000016178"); // a float
        assert_eq!(
            decode::<Pair>(&bytes, 3),
            Err(DecodeError::TooLong {
                length: 6,
                length_max: 3
            })
        );
    }
}
