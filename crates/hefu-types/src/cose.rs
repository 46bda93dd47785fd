//! COSE_Sign1 (RFC 9052, section 4.2) as statements use it, and the signed header of COSE receipts.
//!
//! Tag 18 around the array [protected, {}, payload, signature], where protected, payload and signature (64
//! bytes) are byte strings and the unprotected header is an empty map. Protected holds a map of exactly
//! these, in this order; the payload holds a [`crate::statement::Payload`]:
//!
//! | header | value |
//! | --- | --- |
//! | 1, algorithm | -8, EdDSA (RFC 9053) |
//! | 3, content type | [`CONTENT_TYPE`] |
//! | 4, key id | 32 bytes, see [`crate::suite`] |
//! | 15, CWT claims (RFC 9597) | {1: issuer, 2: subject, -65537: network digest} |
//!
//! The issuer is the id of the actor that signs, at most 64 bytes; the subject is the origin of the
//! network, at most 256 bytes, and is not compared: the network digest decides. What is signed is the
//! Sig_structure (RFC 9052, section 4.4): the array ["Signature1", protected, empty byte string, payload].
//!
//! Such a statement is a SCITT signed statement (RFC 9943), and each part is required by somebody:
//!
//! | part | required by |
//! | --- | --- |
//! | tag 18 | RFC 9943, CDDL of Signed_Statement |
//! | alg (1) | RFC 9052, section 4.4: who verifies must know it; optional in the CDDL of RFC 9943 |
//! | content type (3) | nobody but us: it sets statements apart from all else that a key signs in COSE |
//! | kid (4) | RFC 9943, issuer identity: must be there where neither x5t nor x5chain is |
//! | CWT claims (15) with iss (1) and sub (2) | RFC 9943 and RFC 9597, section 2 |
//! | iss of 1 to 8192 characters | RFC 9943; here the id of an agency or a member, at most 64 bytes |
//! | claim [`CLAIM_NETWORK`] | us: one signature serves in one network |
//! | empty unprotected header | RFC 9943: so before a statement comes into the log; receipts are added later |
//! | payload within, not detached | us: RFC 9943 allows both |
//!
//! RFC 9943 has iss be a URI only where the key is named by x5t or x5chain, which is not so here.
//!
//! A receipt (RFC 9942) is a COSE_Sign1 too, signed by a validator's log key over the root of the log, which
//! it leaves out. [`ReceiptHeader`] is what it signs beside the root; the rest is in `hefu-proof`.

use crate::bytes::{KeyId, NetworkDigest, Signature};
use minicbor::data::Tag;
use minicbor::{decode, encode, Decode, Decoder, Encode, Encoder};

/// The claim that holds the network digest; of the range for private use (RFC 8392, section 9.1).
pub const CLAIM_NETWORK: i64 = -65_537;
/// The content type of a statement's payload.
pub const CONTENT_TYPE: &str = "application/vnd.hefu.statement+cbor";

const TAG_COSE_SIGN1: u64 = 18;
const HEADER_ALGORITHM: u8 = 1;
const HEADER_CONTENT_TYPE: u8 = 3;
const HEADER_KEY_ID: u8 = 4;
const HEADER_CWT_CLAIMS: u8 = 15;
const CLAIM_ISSUER: u8 = 1;
const CLAIM_SUBJECT: u8 = 2;
const HEADER_LOG_STRUCTURE: u16 = 395;

/// A tagged COSE_Sign1 whose parts are still bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoseSign1 {
    /// The encoded protected header, see [`Protected`].
    pub protected: Vec<u8>,
    /// The payload.
    pub payload: Vec<u8>,
    /// The signature over [`CoseSign1::sig_structure`].
    pub signature: Signature,
}

impl CoseSign1 {
    /// The bytes that are signed (RFC 9052, section 4.4), without external data.
    pub fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(protected.len() + payload.len() + 32);
        let mut e = Encoder::new(&mut bytes);
        e.array(4)
            .and_then(|e| e.str("Signature1"))
            .and_then(|e| e.bytes(protected))
            .and_then(|e| e.bytes(&[]))
            .and_then(|e| e.bytes(payload))
            .expect("encoding into memory cannot fail");
        bytes
    }
}

impl<C> Encode<C> for CoseSign1 {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.tag(Tag::new(TAG_COSE_SIGN1))?.array(4)?;
        e.bytes(&self.protected)?
            .map(0)?
            .bytes(&self.payload)?
            .bytes(&self.signature.0)?
            .ok()
    }
}

impl<'b, C> Decode<'b, C> for CoseSign1 {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        if d.tag()? != Tag::new(TAG_COSE_SIGN1) || d.array()? != Some(4) {
            return Err(decode::Error::message("not a tagged COSE_Sign1"));
        }
        let protected = d.bytes()?.to_vec();
        if d.map()? != Some(0) {
            return Err(decode::Error::message(
                "the unprotected header must be empty",
            ));
        }
        let payload = d.bytes()?.to_vec();
        Ok(Self {
            protected,
            payload,
            signature: Signature::decode(d, ctx)?,
        })
    }
}

/// The protected header of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// The COSE algorithm of the suite.
    pub algorithm: i64,
    /// The key that signs.
    pub key_id: KeyId,
    /// The actor that signs: an agency or a member.
    pub issuer: String,
    /// What is spoken about: the origin of the network.
    pub subject: String,
    /// The network.
    pub network: NetworkDigest,
}

impl<C> Encode<C> for Protected {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.map(4)?.u8(HEADER_ALGORITHM)?.i64(self.algorithm)?;
        e.u8(HEADER_CONTENT_TYPE)?.str(CONTENT_TYPE)?;
        e.u8(HEADER_KEY_ID)?;
        self.key_id.encode(e, ctx)?;
        e.u8(HEADER_CWT_CLAIMS)?.map(3)?;
        e.u8(CLAIM_ISSUER)?.str(&self.issuer)?;
        e.u8(CLAIM_SUBJECT)?.str(&self.subject)?;
        e.i64(CLAIM_NETWORK)?;
        self.network.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Protected {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let bad = |what: &'static str| Err(decode::Error::message(what));
        if d.map()? != Some(4) || d.u8()? != HEADER_ALGORITHM {
            return bad("expected the headers alg, content type, kid, CWT claims");
        }
        let algorithm = d.i64()?;
        if d.u8()? != HEADER_CONTENT_TYPE || d.str()? != CONTENT_TYPE {
            return bad("the content type is not that of a statement");
        }
        if d.u8()? != HEADER_KEY_ID {
            return bad("kid is missing");
        }
        let key_id = KeyId::decode(d, ctx)?;
        if d.u8()? != HEADER_CWT_CLAIMS || d.map()? != Some(3) || d.u8()? != CLAIM_ISSUER {
            return bad("expected the claims iss, sub and network");
        }
        let issuer = d.str()?.to_owned();
        if d.u8()? != CLAIM_SUBJECT {
            return bad("sub is missing");
        }
        let subject = d.str()?.to_owned();
        if d.i64()? != CLAIM_NETWORK {
            return bad("the network digest is missing");
        }
        let network = NetworkDigest::decode(d, ctx)?;
        Ok(Self {
            algorithm,
            key_id,
            issuer,
            subject,
            network,
        })
    }
}

/// The protected header of a COSE receipt (RFC 9942, section 5.2.1; RFC 9943): alg (1), kid (4), CWT
/// claims (15) and the structure of the log (395).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptHeader {
    /// The COSE algorithm of the suite.
    pub algorithm: i64,
    /// The log key that signs.
    pub key_id: KeyId,
    /// The validator that signs: its name in the set.
    pub issuer: String,
    /// What is spoken about: the origin of the network, as in its statements.
    pub subject: String,
    /// The network.
    pub network: NetworkDigest,
    /// The registered structure of the log, see [`crate::Suite::cose_log_structure`].
    pub log_structure: u64,
}

impl<C> Encode<C> for ReceiptHeader {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.map(4)?.u8(HEADER_ALGORITHM)?.i64(self.algorithm)?;
        e.u8(HEADER_KEY_ID)?;
        self.key_id.encode(e, ctx)?;
        e.u8(HEADER_CWT_CLAIMS)?.map(3)?;
        e.u8(CLAIM_ISSUER)?.str(&self.issuer)?;
        e.u8(CLAIM_SUBJECT)?.str(&self.subject)?;
        e.i64(CLAIM_NETWORK)?;
        self.network.encode(e, ctx)?;
        e.u16(HEADER_LOG_STRUCTURE)?.u64(self.log_structure)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for ReceiptHeader {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let bad = |what: &'static str| Err(decode::Error::message(what));
        if d.map()? != Some(4) || d.u8()? != HEADER_ALGORITHM {
            return bad("expected the headers alg, kid, CWT claims, verifiable data structure");
        }
        let algorithm = d.i64()?;
        if d.u8()? != HEADER_KEY_ID {
            return bad("kid is missing");
        }
        let key_id = KeyId::decode(d, ctx)?;
        if d.u8()? != HEADER_CWT_CLAIMS || d.map()? != Some(3) || d.u8()? != CLAIM_ISSUER {
            return bad("expected the claims iss, sub and network");
        }
        let issuer = d.str()?.to_owned();
        if d.u8()? != CLAIM_SUBJECT {
            return bad("sub is missing");
        }
        let subject = d.str()?.to_owned();
        if d.i64()? != CLAIM_NETWORK {
            return bad("the network digest is missing");
        }
        let network = NetworkDigest::decode(d, ctx)?;
        if d.u16()? != HEADER_LOG_STRUCTURE {
            return bad("the verifiable data structure is missing");
        }
        Ok(Self {
            algorithm,
            key_id,
            issuer,
            subject,
            network,
            log_structure: d.u64()?,
        })
    }
}
