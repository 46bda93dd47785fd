//! What validators tell one another, and its bytes.

use hefu_types::block::{MemberCosignature, BLOCK_OPERATIONS_MAX, STATEMENTS_MAX, VALIDATORS_MAX};
use hefu_types::statement::Statement;
use hefu_types::Signature;
use minicbor::{decode, Decode, Decoder, Encode, Encoder};

/// Of how many heights the answer to [`Message::CosignaturesSince`] tells at most.
pub const CATCH_UP_HEIGHTS_MAX: usize = 64;

/// The most cosignatures in one message.
const COSIGNATURES_MAX: usize = CATCH_UP_HEIGHTS_MAX * VALIDATORS_MAX;

/// A validator's word for the checkpoint of a height.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HeightCosignature {
    /// The height.
    #[n(0)]
    pub height: u64,
    /// The cosignature by the member's checkpoint key (type 0x04).
    #[n(1)]
    pub member: MemberCosignature,
    /// The line by that member's log key in the name of the origin (type 0x01).
    #[n(2)]
    pub log_signature: Signature,
}

/// A message to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Message {
    /// Statements of the sender's pool, in the order in which it took them.
    #[n(0)]
    Statements(#[cbor(n(0), decode_with = "statements")] Vec<Statement>),
    /// The sender cosigned a checkpoint.
    #[n(1)]
    Cosignature(#[n(0)] HeightCosignature),
    /// The answer to [`Message::CosignaturesSince`], and cosignatures that are sent again.
    #[n(2)]
    Cosignatures(#[cbor(n(0), decode_with = "cosignatures")] Vec<HeightCosignature>),
    /// The sender begins this height. Not sent again if it is lost: the heartbeat comes anyway.
    #[n(3)]
    Wake(#[n(0)] u64),
    /// Asks for the cosignatures of this height and later ones. They come as a message of their
    /// own, of at most [`CATCH_UP_HEIGHTS_MAX`] heights.
    #[n(4)]
    CosignaturesSince(#[n(0)] u64),
}

/// The bytes of [`Message::Statements`], of statements that are encoded already: each is encoded
/// once, however many peers it goes to.
pub(super) fn statements_frame<'a>(
    statements: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
) -> Vec<u8> {
    let length: usize = statements.clone().map(<[u8]>::len).sum();
    let mut encoder = Encoder::new(Vec::with_capacity(length + 16));
    encoder
        .array(2)
        .and_then(|e| e.u32(0))
        .and_then(|e| e.array(1))
        .and_then(|e| e.array(statements.len() as u64))
        .expect("encoding into memory cannot fail");
    let mut bytes = encoder.into_writer();
    statements.for_each(|statement| bytes.extend_from_slice(statement));
    bytes
}

/// A list of at most so many. Its elements are decoded one by one, so that a length costs nothing
/// before its elements are there.
fn length(d: &mut Decoder<'_>, length_max: usize) -> Result<u64, decode::Error> {
    match d.array()? {
        Some(length) if length <= length_max as u64 => Ok(length),
        _ => Err(decode::Error::message("a list without end or too long")),
    }
}

/// As many operations as a block has, and no more.
fn statements<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Vec<Statement>, decode::Error> {
    let mut operations_left = BLOCK_OPERATIONS_MAX;
    let mut statements = Vec::new();
    for _ in 0..length(d, STATEMENTS_MAX)? {
        let statement: Statement = d.decode_with(ctx)?;
        operations_left = operations_left
            .checked_sub(statement.operation_count())
            .ok_or_else(|| decode::Error::message("more operations than a block has"))?;
        statements.push(statement);
    }
    Ok(statements)
}

fn cosignatures<C>(
    d: &mut Decoder<'_>,
    ctx: &mut C,
) -> Result<Vec<HeightCosignature>, decode::Error> {
    let mut cosignatures = Vec::new();
    for _ in 0..length(d, COSIGNATURES_MAX)? {
        cosignatures.push(d.decode_with(ctx)?);
    }
    Ok(cosignatures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_types::canonical;
    use hefu_types::statement::OPERATIONS_MAX;

    fn statement(operations: usize) -> Statement {
        let part = [7; 300];
        let list = vec![Vec::new(); operations];
        Statement::of_parts(&part, &list)
    }

    fn cosignature(height: u64) -> HeightCosignature {
        HeightCosignature {
            height,
            member: MemberCosignature {
                member: 3,
                seconds: 1_700_000_000,
                signature: Signature([1; 64]),
            },
            log_signature: Signature([2; 64]),
        }
    }

    fn read(bytes: &[u8]) -> Option<Message> {
        canonical::decode(bytes, 1024 * 1024).ok()
    }

    #[test]
    fn every_message_is_read_as_it_was_written() {
        for message in [
            Message::Statements(vec![]),
            Message::Statements(vec![statement(0), statement(3)]),
            Message::Cosignature(cosignature(9)),
            Message::Cosignatures((0..64).map(cosignature).collect()),
            Message::Wake(u64::MAX),
            Message::CosignaturesSince(0),
        ] {
            assert_eq!(read(&canonical::encode(&message)), Some(message));
        }
        assert_eq!(canonical::encode(&Message::Wake(5)), [0x82, 3, 0x81, 5]);
    }

    #[test]
    fn statements_encoded_before_make_the_same_bytes() {
        for count in [0, 1, 23, 24, 300] {
            let statements = vec![statement(count); count];
            let encoded: Vec<Vec<u8>> = statements.iter().map(Statement::encode).collect();
            assert_eq!(
                statements_frame(encoded.iter().map(Vec::as_slice)),
                canonical::encode(&Message::Statements(statements)),
            );
        }
    }

    #[test]
    fn what_is_too_much_or_not_canonical_is_refused() {
        let most = |counts: &[usize]| {
            let statements = counts.iter().map(|count| statement(*count)).collect();
            read(&canonical::encode(&Message::Statements(statements))).is_some()
        };
        let full = BLOCK_OPERATIONS_MAX / OPERATIONS_MAX;
        assert!(most(&vec![OPERATIONS_MAX; full]));
        let count = (OPERATIONS_MAX + 1) as u16;
        let heads = [&[0x82, 0x40, 0x99], &count.to_be_bytes()[..]].concat();
        let long = [heads, vec![0x40; usize::from(count)]].concat();
        let frame = statements_frame([long.as_slice()].into_iter());
        assert_eq!(read(&frame), None, "more than a statement has");
        assert!(
            !most(&vec![OPERATIONS_MAX; full + 1]),
            "more than a block has"
        );
        for bad in [
            "",
            "80",
            "820981",
            "8203810500",             // a trailing byte
            "820381",                 // cut short
            "82039f05ff",             // a list without end
            "82038118 05",            // a longer integer than it need be
            "8200819b7fffffffffffff", // a list of 2^63 statements, none of them there
            "8200818182405b7fffffff", // an operation of 2^63 bytes
            "8200818182809b7fffffff", // operations beside no byte string
        ] {
            let bytes = hex::decode(bad.replace(' ', "")).expect("hexadecimal");
            assert_eq!(read(&bytes), None, "{bad}");
        }
    }
}
