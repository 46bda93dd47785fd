//! The electronic seal of Chinese documents: what stands in the `SignedValue.dat` of an OFD.
//!
//! Two forms are read, told apart by where the certificate stands. GM/T 0031-2014 (the first):
//!
//! ```text
//! SES_Signature ::= SEQUENCE { toSign TBS_Sign, signature BIT STRING }
//! TBS_Sign ::= SEQUENCE { version INTEGER, eseal SESeal, timeInfo BIT STRING,
//!     dataHash BIT STRING, propertyInfo IA5String, cert OCTET STRING,
//!     signatureAlgorithm OBJECT IDENTIFIER }
//! SESeal ::= SEQUENCE { esealInfo SES_SealInfo, signInfo SEQUENCE { cert OCTET STRING,
//!     signatureAlgorithm OBJECT IDENTIFIER, signData BIT STRING } }
//! ```
//!
//! GB/T 38540-2020 (the fourth):
//!
//! ```text
//! SES_Signature ::= SEQUENCE { toSign TBS_Sign, cert OCTET STRING,
//!     signatureAlgID OBJECT IDENTIFIER, signature BIT STRING, timeStamp [0] BIT STRING OPTIONAL }
//! TBS_Sign ::= SEQUENCE { version INTEGER, eseal SESeal, timeInfo GeneralizedTime,
//!     dataHash BIT STRING, propertyInfo IA5String, extDatas [0] ExtensionDatas OPTIONAL }
//! SESeal ::= SEQUENCE { eSealInfo SES_SealInfo, cert OCTET STRING,
//!     signAlgID OBJECT IDENTIFIER, signedValue BIT STRING }
//! ```
//!
//! Two signatures are in it: the signer's over `toSign` with the digest of `Signature.xml`, and in the
//! seal that of whoever made the seal. In the fourth form the signer's certificate stands outside of
//! what he signs: it counts only because the seal, which he does sign, lists it. The time stamp is
//! neither signed nor read.

use super::asn1::{Value, Values, BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE, UTF8_STRING};
use super::keys::{Certificate, Digest};
use super::{SignatureCheck, Stamp};

/// An electronic seal under a document.
pub(crate) struct SesSignature<'a> {
    /// The digest of `Signature.xml`.
    pub(crate) data_hash: &'a [u8],
    pub(crate) signed_at: Option<String>,
    pub(crate) signer: Option<String>,
    pub(crate) signature: SignatureCheck,
    pub(crate) stamp: Stamp,
    /// The seal itself, which may stand in the archive a second time.
    pub(crate) eseal: &'a [u8],
}

impl<'a> SesSignature<'a> {
    /// `None` for what is of neither form.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut outer = Value::only(bytes)?.is(SEQUENCE)?.values();
        let to_sign = outer.tagged(SEQUENCE)?;
        let mut fields = to_sign.values();
        fields.tagged(INTEGER)?;
        let eseal = fields.tagged(SEQUENCE)?;
        let time = fields.next()?;
        // Some software of the first form writes an OCTET STRING here.
        let hash = fields.next()?;
        let data_hash = hash
            .bits()
            .or(hash.is(OCTET_STRING).map(|hash| hash.content))?;
        let _property_info = fields.next()?;

        let (certificate, algorithm, signature) = match outer.tagged(OCTET_STRING) {
            Some(certificate) => (certificate, outer.tagged(OID)?, outer.tagged(BIT_STRING)?),
            None => {
                let certificate = fields.tagged(OCTET_STRING)?;
                (certificate, fields.tagged(OID)?, outer.tagged(BIT_STRING)?)
            }
        };
        let certificate = Certificate::read(certificate.content)?;
        let eseal_read = Eseal::read(eseal)?;
        let signature = match certificate.check(
            algorithm.content,
            Some(Digest::Sm3),
            to_sign.whole,
            signature.bits()?,
        ) {
            SignatureCheck::Good if !eseal_read.is_for(certificate.whole) => {
                SignatureCheck::Bad("the seal is not made for the signer's certificate".to_owned())
            }
            check => check,
        };
        Some(Self {
            data_hash,
            signed_at: time.time().or_else(|| Value::only(time.bits()?)?.time()),
            signer: certificate.holder(),
            signature,
            stamp: eseal_read.stamp(),
            eseal: eseal.whole,
        })
    }
}

/// The seal: a picture, who may use it, and who made it.
struct Eseal<'a> {
    name: Option<String>,
    /// The signers' certificates, or (fourth form, 2) their digests.
    signers: Values<'a>,
    maker: Option<Certificate<'a>>,
    check: SignatureCheck,
}

impl<'a> Eseal<'a> {
    fn read(eseal: Value<'a>) -> Option<Self> {
        let mut fields = eseal.values();
        let info = fields.tagged(SEQUENCE)?;
        let mut info_fields = info.values();
        let _header = info_fields.tagged(SEQUENCE)?;
        let _id = info_fields.next()?;
        let mut property = info_fields.tagged(SEQUENCE)?.values();
        property.tagged(INTEGER)?;
        let name = property.tagged(UTF8_STRING).and_then(Value::text);
        // Which kind of list it is shows in the list itself.
        property.tagged(INTEGER);
        let signers = property.tagged(SEQUENCE)?.values();

        // The first form has a SEQUENCE around what the maker adds.
        let mut made = match fields.tagged(SEQUENCE) {
            Some(sign_info) => sign_info.values(),
            None => fields,
        };
        let certificate = made.tagged(OCTET_STRING)?;
        let algorithm = made.tagged(OID)?;
        let signature = made.tagged(BIT_STRING)?.bits()?;
        let maker = Certificate::read(certificate.content);
        let check = match maker {
            None => SignatureCheck::NotChecked("the maker's certificate is not read".to_owned()),
            Some(maker) => {
                // The standards sign the three fields in a SEQUENCE; other software the first alone.
                let standard = sequence(&[info.whole, certificate.whole, algorithm.whole]);
                let check = |message: &[u8]| {
                    maker.check(algorithm.content, Some(Digest::Sm3), message, signature)
                };
                match check(&standard) {
                    SignatureCheck::Bad(_) => check(info.whole),
                    other => other,
                }
            }
        };
        Some(Self {
            name,
            signers,
            maker,
            check,
        })
    }

    /// Whether the seal lists the certificate, or its digest.
    fn is_for(&self, certificate: &[u8]) -> bool {
        let digest = Digest::Sm3.of(&[certificate]);
        let is_it = |value: Value<'_>| value.tag == OCTET_STRING && value.content == certificate;
        let is_its_digest = |value: Value<'_>| {
            value.tag == SEQUENCE
                && value
                    .values()
                    .any(|field| field.tag == OCTET_STRING && field.content == digest)
        };
        let mut signers = self.signers;
        signers.any(|value| is_it(value) || is_its_digest(value))
    }

    fn stamp(self) -> Stamp {
        Stamp {
            name: self.name,
            maker: self.maker.and_then(|maker| maker.holder()),
            signature: self.check,
        }
    }
}

/// A SEQUENCE of the elements.
fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    let content = elements.concat();
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut bytes = vec![SEQUENCE];
    match content.len() {
        0..=0x7f => bytes.push(content.len() as u8),
        _ => {
            bytes.push(0x80 | length.len() as u8);
            bytes.extend_from_slice(length);
        }
    }
    bytes.extend(content);
    bytes
}
