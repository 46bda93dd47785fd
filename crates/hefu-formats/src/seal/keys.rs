//! Certificates as far as a seal needs them (RFC 5280, 4.1), digests, and whether a signature is made
//! by a certificate's key.
//!
//! A certificate is read here by its structure alone, and not with the rules of RFC 5280 for who may
//! issue what: real seals hold certificates that break one or another, and nobody is trusted by them.

use md5::Md5;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::signature::Verifier;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use sm3::Sm3;

use super::asn1::{context, Value, Values, BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE};
use super::SignatureCheck;

/// Object identifiers, encoded.
pub(crate) mod oid {
    pub(crate) const MD5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x05";
    pub(crate) const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
    pub(crate) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    pub(crate) const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
    pub(crate) const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
    /// 1.2.156.10197.1.401 (GM/T 0006).
    pub(crate) const SM3: &[u8] = b"\x2a\x81\x1c\xcf\x55\x01\x83\x11";
    /// The curve, and in older software the algorithm: 1.2.156.10197.1.301, .1 for signing.
    pub(crate) const SM2: &[u8] = b"\x2a\x81\x1c\xcf\x55\x01\x82\x2d";
    pub(crate) const SM2_SIGNING: &[u8] = b"\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x01";
    /// 1.2.156.10197.1.501.
    pub(crate) const SM2_WITH_SM3: &[u8] = b"\x2a\x81\x1c\xcf\x55\x01\x83\x75";
    /// 1.2.840.113549.1.1, under which .1 is the key and the others name the digest, too.
    pub(crate) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01";
    pub(crate) const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
    pub(crate) const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
    pub(crate) const ECDSA_WITH_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
    /// 1.2.840.10045.4.3, under which .2 to .4 are SHA-256 to SHA-512.
    pub(crate) const ECDSA_WITH_SHA2: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03";
    pub(crate) const KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x0e";
    pub(crate) const COMMON_NAME: &[u8] = b"\x55\x04\x03";
    pub(crate) const ORGANISATION: &[u8] = b"\x55\x04\x0a";
}

/// The identifier that goes into an SM2 digest where none was agreed on (GM/T 0009, 10).
const SM2_DISTINGUISHING_ID: &str = "1234567812345678";

/// The digests that signatures use. MD5 and SHA-1 stand in old files; whoever made both could make
/// two documents of one digest, so such a seal speaks for its bytes only if its maker was honest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Sm3,
}

impl Digest {
    const ALL: [(Self, &'static [u8]); 6] = [
        (Self::Md5, oid::MD5),
        (Self::Sha1, oid::SHA1),
        (Self::Sha256, oid::SHA256),
        (Self::Sha384, oid::SHA384),
        (Self::Sha512, oid::SHA512),
        (Self::Sm3, oid::SM3),
    ];

    pub(crate) fn by_oid(oid: &[u8]) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == oid);
        found.map(|(digest, _)| *digest)
    }

    fn oid(self) -> &'static [u8] {
        let found = Self::ALL.iter().find(|(digest, _)| *digest == self);
        found.map_or(&[], |(_, oid)| oid)
    }

    /// By the name or the number in the `CheckMethod` of an OFD; without one it is MD5
    /// (GB/T 33190-2016, 18.2.2).
    pub(crate) fn by_check_method(name: Option<&str>) -> Option<Self> {
        let plain: String = name
            .unwrap_or("MD5")
            .chars()
            .filter(|c| !matches!(c, '-' | '_' | ' '))
            .collect();
        match plain.to_ascii_uppercase().as_str() {
            "MD5" | "1.2.840.113549.2.5" => Some(Self::Md5),
            "SHA1" | "1.3.14.3.2.26" => Some(Self::Sha1),
            "SHA256" | "2.16.840.1.101.3.4.2.1" => Some(Self::Sha256),
            "SHA384" | "2.16.840.1.101.3.4.2.2" => Some(Self::Sha384),
            "SHA512" | "2.16.840.1.101.3.4.2.3" => Some(Self::Sha512),
            "SM3" | "1.2.156.10197.1.401" => Some(Self::Sm3),
            _ => None,
        }
    }

    /// The digest of the parts in a row.
    pub(crate) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn digest<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut hasher = D::new();
            for part in parts {
                hasher.update(part);
            }
            hasher.finalize().to_vec()
        }
        match self {
            Self::Md5 => digest::<Md5>(parts),
            Self::Sha1 => digest::<Sha1>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha384 => digest::<Sha384>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
            Self::Sm3 => digest::<Sm3>(parts),
        }
    }
}

/// A certificate in a signature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Certificate<'a> {
    /// All of it, as it stands in the signature.
    pub(crate) whole: &'a [u8],
    /// Issuer and serial number, by which a CMS signature names it.
    pub(crate) issuer: Value<'a>,
    pub(crate) serial: Value<'a>,
    subject: Value<'a>,
    key: Value<'a>,
    extensions: Option<Value<'a>>,
}

impl<'a> Certificate<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let whole = Value::only(bytes)?.is(SEQUENCE)?;
        let mut fields = whole.values().tagged(SEQUENCE)?.values();
        fields.tagged(context(0));
        let serial = fields.tagged(INTEGER)?;
        fields.tagged(SEQUENCE)?;
        let issuer = fields.tagged(SEQUENCE)?;
        let _validity = fields.tagged(SEQUENCE)?;
        let subject = fields.tagged(SEQUENCE)?;
        let key = fields.tagged(SEQUENCE)?;
        Some(Self {
            whole: whole.whole,
            issuer,
            serial,
            subject,
            key,
            extensions: fields.find(|field| field.tag == context(3)),
        })
    }

    /// The identifier of its key (RFC 5280, 4.2.1.2), by which a CMS signature may name it, too.
    pub(crate) fn key_identifier(&self) -> Option<&'a [u8]> {
        let extensions = self.extensions?.values().tagged(SEQUENCE)?;
        let found = extensions.values().find_map(|extension| {
            let mut fields = extension.values();
            let name = fields.tagged(OID)?.content;
            let value = fields.find(|field| field.tag == OCTET_STRING)?;
            (name == oid::KEY_IDENTIFIER).then_some(value.content)
        });
        Some(Value::only(found?)?.is(OCTET_STRING)?.content)
    }

    /// What the certificate calls its holder: the common name, and the organisation where it is
    /// another.
    pub(crate) fn holder(&self) -> Option<String> {
        let name = |oid| {
            self.subject.values().find_map(|set| {
                set.values().find_map(|attribute| {
                    let mut fields = attribute.values();
                    fields.tagged(OID).filter(|value| value.content == oid)?;
                    fields.next()?.text()
                })
            })
        };
        match (name(oid::COMMON_NAME), name(oid::ORGANISATION)) {
            (Some(name), Some(organisation)) if name != organisation => {
                Some(format!("{name} ({organisation})"))
            }
            (name, organisation) => name.or(organisation),
        }
    }

    /// Whether the signature over the message is made by this certificate's key. `digest` is what
    /// stands beside the algorithm, where the algorithm itself does not name one.
    pub(crate) fn check(
        &self,
        algorithm: &[u8],
        digest: Option<Digest>,
        message: &[u8],
        signature: &[u8],
    ) -> SignatureCheck {
        let not_checked = |why: &str| SignatureCheck::NotChecked(why.to_owned());
        let Some(scheme) = Scheme::by_oid(algorithm) else {
            return not_checked("its algorithm is not read (RSA-PSS or another)");
        };
        let Some(key) = Key::read(self.key) else {
            return not_checked("the certificate's key is not read (RSA to 4096 bits, P-256, SM2)");
        };
        let is_good = match (scheme, key) {
            (Scheme::Sm2, Key::Sm2(key)) => sm2_is_good(&key, message, signature),
            (Scheme::Rsa(own), Key::Rsa(key)) => match own.or(digest) {
                Some(digest) => rsa_is_good(&key, digest, message, signature),
                None => return not_checked("its digest is not read"),
            },
            (Scheme::Ecdsa(own), Key::P256(key)) => match own.or(digest) {
                Some(digest) => p256::ecdsa::Signature::from_der(signature)
                    .and_then(|signature| key.verify_prehash(&digest.of(&[message]), &signature))
                    .is_ok(),
                None => return not_checked("its digest is not read"),
            },
            _ => return SignatureCheck::Bad("the key is not of the signature's algorithm".into()),
        };
        match is_good {
            true => SignatureCheck::Good,
            false => SignatureCheck::Bad("not made by the key of its certificate".to_owned()),
        }
    }
}

/// How it is signed, and with which digest where the algorithm says so.
#[derive(Clone, Copy)]
enum Scheme {
    Sm2,
    Rsa(Option<Digest>),
    Ecdsa(Option<Digest>),
}

impl Scheme {
    fn by_oid(algorithm: &[u8]) -> Option<Self> {
        match algorithm {
            oid::SM2 | oid::SM2_SIGNING | oid::SM2_WITH_SM3 => return Some(Self::Sm2),
            // Older software writes the key's identifier in the place of the algorithm's.
            oid::EC_PUBLIC_KEY => return Some(Self::Ecdsa(None)),
            oid::ECDSA_WITH_SHA1 => return Some(Self::Ecdsa(Some(Digest::Sha1))),
            _ => {}
        }
        let (&last, parent) = algorithm.split_last()?;
        let scheme = match (parent, last) {
            (oid::RSA, 1) => Self::Rsa(None),
            (oid::RSA, 5) => Self::Rsa(Some(Digest::Sha1)),
            (oid::RSA, 11) => Self::Rsa(Some(Digest::Sha256)),
            (oid::RSA, 12) => Self::Rsa(Some(Digest::Sha384)),
            (oid::RSA, 13) => Self::Rsa(Some(Digest::Sha512)),
            (oid::ECDSA_WITH_SHA2, 2) => Self::Ecdsa(Some(Digest::Sha256)),
            (oid::ECDSA_WITH_SHA2, 3) => Self::Ecdsa(Some(Digest::Sha384)),
            (oid::ECDSA_WITH_SHA2, 4) => Self::Ecdsa(Some(Digest::Sha512)),
            _ => return None,
        };
        Some(scheme)
    }
}

enum Key {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    Sm2(sm2::dsa::VerifyingKey),
}

impl Key {
    /// From a SubjectPublicKeyInfo.
    fn read(info: Value<'_>) -> Option<Self> {
        let mut fields = info.values();
        let mut algorithm = fields.tagged(SEQUENCE)?.values();
        let name = algorithm.tagged(OID)?.content;
        let curve = algorithm.tagged(OID).map(|curve| curve.content);
        let key = fields.tagged(BIT_STRING)?.bits()?;
        match (name, curve) {
            (oid::EC_PUBLIC_KEY, Some(oid::P256)) => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
                Some(Self::P256(key))
            }
            (oid::EC_PUBLIC_KEY, Some(oid::SM2)) | (oid::SM2 | oid::SM2_SIGNING, _) => {
                let key = sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_DISTINGUISHING_ID, key);
                Some(Self::Sm2(key.ok()?))
            }
            _ if name.split_last() == Some((&1, oid::RSA)) => {
                let mut numbers = Value::only(key)?.is(SEQUENCE)?.values();
                let modulus = numbers.tagged(INTEGER)?.natural()?;
                let exponent = numbers.tagged(INTEGER)?.natural()?;
                // A modulus is odd, and below 1,024 bits anybody finds the secret key.
                if modulus.len() < 128 || modulus.last().is_none_or(|byte| byte % 2 == 0) {
                    return None;
                }
                let number = BigUint::from_bytes_be;
                let key = RsaPublicKey::new(number(modulus), number(exponent)).ok()?;
                Some(Self::Rsa(key))
            }
            _ => None,
        }
    }
}

/// PKCS #1 v1.5 (RFC 8017, 8.2.2): the key opens to the digest with its algorithm in front.
fn rsa_is_good(key: &RsaPublicKey, digest: Digest, message: &[u8], signature: &[u8]) -> bool {
    let value = digest.of(&[message]);
    let oid = digest.oid();
    let (oid_bytes, value_bytes) = (oid.len() as u8, value.len() as u8);
    let mut prefix = vec![
        SEQUENCE,
        oid_bytes + value_bytes + 8,
        SEQUENCE,
        oid_bytes + 4,
    ];
    prefix.extend([OID, oid_bytes]);
    prefix.extend_from_slice(oid);
    prefix.extend([5, 0, 4, value_bytes]);
    let scheme = Pkcs1v15Sign {
        hash_len: Some(value.len()),
        prefix: prefix.into_boxed_slice(),
    };
    key.verify(scheme, &value, signature).is_ok()
}

/// SM2 with SM3 (GB/T 32918.2); the signature is a SEQUENCE of r and s (GM/T 0009, 7.3).
fn sm2_is_good(key: &sm2::dsa::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let parse = || {
        let mut numbers: Values<'_> = Value::only(signature)?.is(SEQUENCE)?.values();
        let mut bytes = [0_u8; 64];
        for half in bytes.chunks_exact_mut(32) {
            let number = numbers.tagged(INTEGER)?.natural()?;
            let start = half.len().checked_sub(number.len())?;
            half[start..].copy_from_slice(number);
        }
        if !numbers.0.is_empty() {
            return None;
        }
        sm2::dsa::Signature::from_slice(&bytes).ok()
    };
    parse().is_some_and(|signature| key.verify(message, &signature).is_ok())
}
