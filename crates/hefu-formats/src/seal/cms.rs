//! Signed data of the Cryptographic Message Syntax (RFC 5652, 5), and its Chinese sister of the same
//! structure (GM/T 0010).

use std::borrow::Cow;

use super::asn1::{context, Value, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use super::keys::{Certificate, Digest};
use super::{Cover, Seal, SealKind, SignatureCheck};
use crate::limits::{CMS_CERTIFICATES_MAX, CMS_SIGNERS_MAX};

/// 1.2.840.113549.1.7.2 and 1.2.156.10197.6.1.4.2.2.
const SIGNED_DATA: [&[u8]; 2] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
    b"\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x02",
];
/// 1.2.840.113549.1.9, under which .4 is the digest of the message and .5 the time.
const ATTRIBUTES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09";
/// `[0] IMPLICIT` of a primitive type: the identifier of a key.
const KEY_IDENTIFIER: u8 = 0x80;

const TOO_MUCH: &str = "more has to be hashed than any real file needs";

/// What was signed: the pieces of a file in a row.
pub(crate) struct Message<'a> {
    pub(crate) pieces: Vec<&'a [u8]>,
    /// How many bytes may still be hashed, over all signatures of a file.
    pub(crate) bytes_left: &'a mut usize,
}

impl Message<'_> {
    fn spend(&mut self) -> Option<()> {
        let bytes = self.pieces.iter().map(|piece| piece.len()).sum();
        *self.bytes_left = self.bytes_left.checked_sub(bytes)?;
        Some(())
    }

    pub(crate) fn digest(&mut self, digest: Digest) -> Option<Vec<u8>> {
        self.spend()?;
        Some(digest.of(&self.pieces))
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        self.spend()?;
        Some(self.pieces.concat())
    }
}

/// Signed data, read as far as its certificates and signers.
pub(crate) struct SignedData<'a> {
    /// What is signed, where it stands within.
    pub(crate) content: Option<Cow<'a, [u8]>>,
    certificates: Vec<Certificate<'a>>,
    signers: Vec<Value<'a>>,
}

/// Whether the bytes begin like signed data.
pub(crate) fn claims(bytes: &[u8]) -> bool {
    // Tag and length take at most six bytes, then comes the identifier of what it is.
    const HEADER_BYTES_MAX: usize = 6;
    let [SEQUENCE, rest @ ..] = bytes else {
        return false;
    };
    (1..HEADER_BYTES_MAX).any(|at| {
        matches!(rest.get(at..), Some([OID, length, name @ ..])
        if SIGNED_DATA.iter().any(|known| {
            known.len() == usize::from(*length) && name.starts_with(known)
        }))
    })
}

impl<'a> SignedData<'a> {
    /// Reads the signed data at the beginning of the bytes; answers it with what stands behind.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut values = super::asn1::Values(bytes);
        let mut outer = values.tagged(SEQUENCE)?.values();
        let name = outer.tagged(OID)?.content;
        if !SIGNED_DATA.contains(&name) {
            return None;
        }
        let mut fields = outer
            .tagged(context(0))?
            .values()
            .tagged(SEQUENCE)?
            .values();
        fields.tagged(INTEGER)?;
        fields.tagged(SET)?;
        let mut encapsulated = fields.tagged(SEQUENCE)?.values();
        encapsulated.tagged(OID)?;
        let content = match encapsulated.tagged(context(0)) {
            // PKCS #7 had other types here than octets; then it is their content (RFC 5652, 5.2.1).
            Some(content) => {
                let value = content.values().next()?;
                Some(value.octets().unwrap_or(Cow::Borrowed(value.content)))
            }
            None => None,
        };
        let certificates = match fields.tagged(context(0)) {
            Some(set) => set
                .values()
                .take(CMS_CERTIFICATES_MAX)
                .filter_map(|value| Certificate::read(value.whole))
                .collect(),
            None => Vec::new(),
        };
        fields.tagged(context(1));
        // One more than are looked at, to know that there are more.
        let signers = fields.tagged(SET)?.values().take(CMS_SIGNERS_MAX + 1);
        let data = Self {
            content,
            certificates,
            signers: signers.collect(),
        };
        Some((data, values.0))
    }

    /// One seal for each signer of the message; `content_name` says what it is, where it is altered.
    pub(crate) fn seals(
        &self,
        kind: SealKind,
        place: &str,
        content_name: &str,
        message: &mut Message<'_>,
    ) -> Vec<Seal> {
        let unreadable = |why: &str| Seal::unreadable(kind, place, why);
        if self.signers.is_empty() {
            return vec![unreadable("nobody signed it")];
        }
        let mut seals = Vec::new();
        for signer in self.signers.iter().take(CMS_SIGNERS_MAX) {
            seals.push(match SignerInfo::read(*signer) {
                None => unreadable("the signer's part is damaged"),
                Some(signer) => self.seal(&signer, kind, place, content_name, message),
            });
        }
        if self.signers.len() > CMS_SIGNERS_MAX {
            seals.push(unreadable("more signers than are looked at"));
        }
        seals
    }

    fn seal(
        &self,
        signer: &SignerInfo<'_>,
        kind: SealKind,
        place: &str,
        content_name: &str,
        message: &mut Message<'_>,
    ) -> Seal {
        let certificate = (self.certificates.iter()).find(|found| signer.is_by(found));
        let check = |message: &[u8]| match certificate {
            None => SignatureCheck::NotChecked("its certificate is not in the file".to_owned()),
            Some(certificate) => {
                certificate.check(signer.algorithm, signer.digest, message, signer.signature)
            }
        };
        let (cover, signature) = match &signer.attributes {
            Some(attributes) => (
                attributes.cover(signer.digest, content_name, message),
                check(&attributes.signed),
            ),
            // Without attributes the signature is the only thing that holds the digest.
            None => match message.bytes().map(|bytes| check(&bytes)) {
                Some(SignatureCheck::Good) => (Cover::Whole, SignatureCheck::Good),
                Some(other) => (
                    Cover::Unreadable("only the signature holds the digest".to_owned()),
                    other,
                ),
                None => (
                    Cover::Unreadable(TOO_MUCH.to_owned()),
                    SignatureCheck::NotChecked(TOO_MUCH.to_owned()),
                ),
            },
        };
        Seal {
            kind,
            place: place.to_owned(),
            signer: certificate.and_then(Certificate::holder),
            signed_at: (signer.attributes.as_ref()).and_then(|attributes| attributes.time.clone()),
            cover,
            signature,
            stamp: None,
        }
    }
}

/// RFC 5652, 5.3.
struct SignerInfo<'a> {
    /// Issuer and serial number, or the identifier of the key.
    by: Value<'a>,
    digest: Option<Digest>,
    attributes: Option<Attributes<'a>>,
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    fn read(value: Value<'a>) -> Option<Self> {
        let mut fields = value.is(SEQUENCE)?.values();
        fields.tagged(INTEGER)?;
        let by = (fields.tagged(SEQUENCE)).or_else(|| fields.tagged(KEY_IDENTIFIER))?;
        let digest = fields.tagged(SEQUENCE)?.values().tagged(OID)?.content;
        let attributes = match fields.tagged(context(0)) {
            Some(set) => Some(Attributes::read(set)?),
            None => None,
        };
        let algorithm = fields.tagged(SEQUENCE)?.values().tagged(OID)?.content;
        let signature = fields.tagged(OCTET_STRING)?.content;
        Some(Self {
            by,
            digest: Digest::by_oid(digest),
            attributes,
            algorithm,
            signature,
        })
    }

    fn is_by(&self, certificate: &Certificate<'_>) -> bool {
        let mut name = self.by.values();
        match self.by.tag {
            SEQUENCE => {
                name.tagged(SEQUENCE) == Some(certificate.issuer)
                    && name.tagged(INTEGER) == Some(certificate.serial)
            }
            _ => certificate.key_identifier() == Some(self.by.content),
        }
    }
}

/// What is signed in the place of the message, which it holds by its digest (RFC 5652, 5.4).
struct Attributes<'a> {
    /// As it is signed: a SET, not `[0]`.
    signed: Vec<u8>,
    digest: &'a [u8],
    time: Option<String>,
}

impl<'a> Attributes<'a> {
    fn read(set: Value<'a>) -> Option<Self> {
        let values_of = |last: u8| {
            let mut found = set.values().filter_map(move |attribute| {
                let mut fields = attribute.values();
                let name = fields.tagged(OID)?.content;
                let is_it = name.split_last() == Some((&last, ATTRIBUTES));
                fields.tagged(SET).filter(|_| is_it)
            });
            let first = found.next();
            // Each stands once (RFC 5652, 11.2): of two readers would take one each.
            first.filter(|_| found.next().is_none())
        };
        let mut digests = values_of(4)?.values();
        let digest = digests.tagged(OCTET_STRING)?.content;
        if !digests.0.is_empty() {
            return None;
        }
        let mut signed = set.whole.to_vec();
        *signed.first_mut()? = SET;
        Some(Self {
            signed,
            digest,
            time: values_of(5).and_then(|times| times.values().next()?.time()),
        })
    }

    fn cover(
        &self,
        digest: Option<Digest>,
        content_name: &str,
        message: &mut Message<'_>,
    ) -> Cover {
        let Some(digest) = digest else {
            return Cover::Unreadable("its digest is not read".to_owned());
        };
        match message.digest(digest) {
            None => Cover::Unreadable(TOO_MUCH.to_owned()),
            Some(value) if value == self.digest => Cover::Whole,
            Some(_) => Cover::Altered(vec![content_name.to_owned()]),
        }
    }
}
