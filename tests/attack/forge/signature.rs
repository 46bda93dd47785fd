//! Against Ed25519: signatures and keys on which implementations differ (RFC 8032, sections 5.1.7 and 8.4).

use super::{Attack, Family, Target};
use crate::attack::world::{secret, World};
use hefu_types::{PublicKey, Signature};
use rand::seq::SliceRandom;
use rand::{rngs::StdRng, Rng};

pub(super) const FAMILIES: &[(&str, Family)] = &[
    ("signature: malleated", malleated),
    ("signature: of small order", small_order),
    ("signature: of another purpose", other_purpose),
];

/// The order of the group, 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

const fn small(first: u8, fill: u8, last: u8) -> [u8; 32] {
    let mut bytes = [fill; 32];
    (bytes[0], bytes[31]) = (first, last);
    bytes
}

const fn signed(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] |= 0x80;
    bytes
}

/// A point of order 8 (its y); the other one of order 8 is its negative, of y -y.
const EIGHT: [u8; 32] = [
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
    0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
];
const EIGHT_NEGATIVE: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

/// All encodings of the eight points of small order, those that are not canonical included.
const SMALL_ORDER: [[u8; 32]; 14] = [
    small(1, 0, 0),
    signed(small(1, 0, 0)),
    small(0, 0, 0),
    signed(small(0, 0, 0)),
    EIGHT,
    signed(EIGHT),
    EIGHT_NEGATIVE,
    signed(EIGHT_NEGATIVE),
    small(0xec, 0xff, 0x7f),
    signed(small(0xec, 0xff, 0x7f)),
    small(0xed, 0xff, 0x7f),
    signed(small(0xed, 0xff, 0x7f)),
    small(0xee, 0xff, 0x7f),
    signed(small(0xee, 0xff, 0x7f)),
];

/// Another signature that a lenient verifier might take for the same, or take at all.
pub(super) fn bent(genuine: &Signature, rng: &mut StdRng) -> Signature {
    let mut bent = *genuine;
    let (point, scalar) = bent.0.split_at_mut(32);
    match rng.gen_range(0..7) {
        0 => {
            // S + L: the same modulo the order.
            let mut carry = 0;
            for (byte, order) in scalar.iter_mut().zip(ORDER) {
                let sum = u16::from(*byte) + u16::from(order) + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
        }
        1 => scalar[31] |= 1 << rng.gen_range(5..8),
        2 => scalar.copy_from_slice(&ORDER),
        3 => {
            point.copy_from_slice(SMALL_ORDER.choose(rng).expect("a point"));
            scalar.fill(0);
        }
        4 => point[31] ^= 0x80,
        5 => point.swap_with_slice(scalar),
        _ => bent.0 = [0; 64],
    }
    bent
}

fn malleated(_: &World, rng: &mut StdRng) -> Option<Attack> {
    let key = secret("log", "v0");
    let message = format!("a text\n{}\n", rng.gen::<u32>());
    let target = Target::Signature {
        key: key.public_key(),
        signature: bent(&key.sign_note(&message), rng),
        message: message.into_bytes(),
    };
    Attack::new(target, &["bad-signature"])
}

/// With a key of small order one signature verifies for every eighth message in lenient implementations.
fn small_order(_: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut signature = Signature([0; 64]);
    signature.0[..32].copy_from_slice(SMALL_ORDER.choose(rng)?);
    let target = Target::Signature {
        key: PublicKey(*SMALL_ORDER.choose(rng)?),
        message: rng.gen::<[u8; 16]>().to_vec(),
        signature,
    };
    Attack::new(target, &["bad-key"])
}

fn other_purpose(_: &World, rng: &mut StdRng) -> Option<Attack> {
    let key = secret("checkpoint", "v0");
    let text = format!("a text\n{}\n", rng.gen::<u32>());
    let signature = match rng.gen() {
        true => key.cosign(&text, 1_700_000_000),
        false => key.sign_statement(text.as_bytes()),
    };
    let message = hefu_types::suite::cosignature_preimage(&text, 1_700_000_001);
    let target = Target::Signature {
        key: key.public_key(),
        message: message.into_bytes(),
        signature,
    };
    Attack::new(target, &["bad-signature"])
}
