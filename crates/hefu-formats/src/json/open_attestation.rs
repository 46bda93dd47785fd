//! OpenAttestation documents, versions 2 and 3, as TradeTrust and OpenCerts use them
//! (schemas of github.com/Open-Attestation/open-attestation).
//!
//! Version 2 is read raw (`$template`, `issuers`) and wrapped (`data` with `signature`); in the wrapped
//! form each value is written `salt:type:value`. Version 3 is a W3C credential with
//! `openAttestationMetadata`. What the holder obfuscated does not stand in the file. The number is
//! `id`, else `reference`; the issuer is the domain or the DID of the identity proof, else the address
//! of the contract in which the document was issued.
//!
//! The target hash (Keccak-256 over all salted values) is not computed: no kept library does it.

use super::credential::Credential;
use super::tree::Json;
use crate::encoded::day;
use crate::fact::{Facts, Found};
use crate::licence::Licence;
use crate::{Format, ReadError, Reading};

const NUMBER: &str = "number (id or reference of the document)";
const ISSUER: &str = "domain, DID or contract of the issuer";

/// Issuers of one document; real ones have one.
const ISSUERS_MAX: usize = 16;

/// The contracts by which an issuer of version 2 without a domain is told.
const CONTRACTS: [&str; 3] = ["documentStore", "certificateStore", "tokenRegistry"];

pub(crate) fn read(tree: &Json) -> Result<Option<Reading>, ReadError> {
    let version = |number: &str| {
        let text = tree.get("version").and_then(Json::text);
        text.is_some_and(|text| {
            text.strip_prefix("https://schema.openattestation.com/")
                .is_some_and(|rest| rest.starts_with(number))
        })
    };
    let is_object = |key: &str| matches!(tree.get(key), Some(Json::Object(_)));
    let licence = if version("2.") && is_object("data") {
        let document = Version2 {
            tree,
            base: "/data",
        };
        document.licence()?
    } else if is_object("$template") && matches!(tree.get("issuers"), Some(Json::Array(_))) {
        Version2 { tree, base: "" }.licence()?
    } else if version("3.") || is_object("openAttestationMetadata") {
        version_3(tree)?
    } else {
        return Ok(None);
    };
    let stated = licence.stated("", NUMBER, ISSUER);
    Ok(Some(Reading::one(Format::OpenAttestation, stated)))
}

fn version_3(tree: &Json) -> Result<Licence, ReadError> {
    let mut licence = Credential::whole(tree).licence()?;
    let proof = "/openAttestationMetadata/proof";
    licence
        .facts
        .say("contract", tree.found(&format!("{proof}/value")))?;
    let reference = tree.found("/reference");
    if tree.get("id").is_none() {
        licence.facts.say("number", reference)?;
    } else {
        licence.facts.say("reference", reference)?;
    }
    // Beside the issuer's URI, which anybody may write there, this is what the format proves.
    let proven = tree.found("/openAttestationMetadata/identityProof/identifier");
    licence.legal_issuer = proven.as_ref().map(|found| found.written.clone());
    licence.facts.say("identity-proof", proven)?;
    Ok(licence)
}

/// A document of version 2; wrapped where it has a base.
struct Version2<'t> {
    tree: &'t Json,
    base: &'static str,
}

impl Version2<'_> {
    fn found(&self, below: &str) -> Option<Found> {
        let found = self.tree.found(&format!("{}{below}", self.base))?;
        match self.base {
            "" => Some(found),
            _ => Some(Found::new(unsalted(&found.written)?, found.place)),
        }
    }

    fn licence(&self) -> Result<Licence, ReadError> {
        let mut facts = Facts::default();
        match self.found("/id") {
            Some(id) => {
                facts.say("number", Some(id))?;
                facts.say("reference", self.found("/reference"))?;
            }
            None => facts.say("number", self.found("/reference"))?,
        }
        facts.say("document-type", self.found("/$template/name"))?;
        facts.say("holder", self.found("/recipient/name"))?;
        // Several issuers contradict each other: under whose numbers it stands is then not said.
        let issuers = self.tree.at(&format!("{}/issuers", self.base));
        let count = issuers.map_or(0, |issuers| issuers.items().len());
        if count > ISSUERS_MAX {
            return Err(ReadError::TooMany {
                what: "issuers",
                limit: ISSUERS_MAX,
            });
        }
        for index in 0..count {
            let issuer = format!("/issuers/{index}");
            facts.say("issuer", self.found(&format!("{issuer}/name")))?;
            facts.say("issuer-id", self.issuer_id(&issuer))?;
            for contract in CONTRACTS {
                let address = self.found(&format!("{issuer}/{contract}"));
                facts.say("contract", address)?;
            }
        }
        facts.day("issue-date", self.found("/issuedOn"), day)?;
        facts.day("valid-from", self.found("/validFrom"), day)?;
        facts.day("valid-until", self.found("/validUntil"), day)?;
        Ok(Licence {
            legal_issuer: facts.get("issuer-id").map(str::to_owned),
            facts,
            ..Licence::default()
        })
    }

    fn issuer_id(&self, issuer: &str) -> Option<Found> {
        let domain = self.found(&format!("{issuer}/identityProof/location"));
        let did = || {
            self.found(&format!("{issuer}/id"))
                .filter(|id| id.written.starts_with("did:"))
        };
        let contract = || {
            let mut contracts = CONTRACTS.iter();
            contracts.find_map(|name| self.found(&format!("{issuer}/{name}")))
        };
        domain.or_else(did).or_else(contract)
    }
}

/// The value behind salt and type (`utils/salt` of the library): 36 characters of a UUID, a colon, the
/// type, a colon. A value without a salt is none of a wrapped document.
fn unsalted(text: &str) -> Option<&str> {
    const UUID_LEN: usize = 36;
    let (salt, rest) = (text.get(..UUID_LEN)?, text.get(UUID_LEN..)?);
    let is_salt = salt.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let (kind, value) = rest.strip_prefix(':')?.split_once(':')?;
    (is_salt && matches!(kind, "string" | "number")).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salted_value_is_what_stands_behind_salt_and_type() {
        let salt = "18134e8a-9e44-4269-b02b-53b0d82897d6";
        assert_eq!(unsalted(&format!("{salt}:string:a:b")), Some("a:b"));
        assert_eq!(unsalted(&format!("{salt}:number:5000")), Some("5000"));
        for bad in [
            format!("{salt}:null:null"),
            format!("{salt}:string"),
            format!("{salt}string:a"),
            "string:a".to_owned(),
            salt.replace('-', "x") + ":string:a",
            "字".repeat(12) + ":string:a",
        ] {
            assert_eq!(unsalted(&bad), None, "{bad}");
        }
    }
}
