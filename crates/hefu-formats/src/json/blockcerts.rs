//! Blockcerts, versions 1 to 3 (schemas of github.com/blockchain-certificates/cert-schema).
//!
//! | what | version 1 | version 2 (an Open Badges assertion) |
//! | --- | --- | --- |
//! | number | `assertion/id`, else `assertion/uid` | `id` |
//! | issuer | `certificate/issuer` | `badge/issuer` |
//! | title | `certificate/name`, else `certificate/title` | `badge/name` |
//! | holder | `recipient` | `recipientProfile`, also within `recipient` |
//! | issued | `assertion/issuedOn` | `issuedOn` |
//!
//! In version 1.2 all of it stands under `document`. Version 3 is a W3C credential whose type or
//! context names Blockcerts. Whether the anchor in a chain holds is not looked at.

use super::credential::Credential;
use super::tree::Json;
use crate::encoded::{day, day_of_moment};
use crate::fact::{Facts, Found};
use crate::licence::Licence;
use crate::{Format, ReadError, Reading};

const NUMBER: &str = "number (id of the certificate)";
const ISSUER: &str = "identifier of the issuer";

pub(crate) fn read(tree: &Json) -> Result<Option<Reading>, ReadError> {
    let credential = Credential::whole(tree);
    let licence = if credential.is_of_type("VerifiableCredential")
        && (credential.is_of_type("BlockcertsCredential") || names_blockcerts(tree))
    {
        let mut licence = credential.licence()?;
        if licence.facts.get("title").is_none() {
            let claim = credential.words("/credentialSubject/claim/name");
            licence.facts.say("title", claim)?;
        }
        licence
    } else if credential.is_of_type("Assertion") && names_blockcerts(tree) {
        version_2(tree)?
    } else {
        let bases = ["/document", ""];
        let base = bases.iter().find(|base| {
            ["certificate/issuer", "assertion", "recipient"]
                .iter()
                .all(|key| tree.at(&format!("{base}/{key}")).is_some())
        });
        match base {
            Some(base) => version_1(tree, base)?,
            None => return Ok(None),
        }
    };
    let stated = licence.stated("", NUMBER, ISSUER);
    Ok(Some(Reading::one(Format::Blockcerts, stated)))
}

fn names_blockcerts(tree: &Json) -> bool {
    let is_context = |item: &Json| {
        item.text()
            .is_some_and(|text| text.starts_with("https://w3id.org/blockcerts/"))
    };
    tree.get("@context")
        .is_some_and(|context| is_context(context) || context.items().iter().any(is_context))
}

fn version_2(tree: &Json) -> Result<Licence, ReadError> {
    let mut facts = Facts::default();
    facts.say("number", tree.found("/id"))?;
    let issuer = tree.found("/badge/issuer");
    facts.say(
        "issuer-id",
        issuer.or_else(|| tree.found("/badge/issuer/id")),
    )?;
    facts.say("issuer", tree.found("/badge/issuer/name"))?;
    facts.say("title", tree.found("/badge/name"))?;
    for place in ["/recipientProfile/name", "/recipient/recipientProfile/name"] {
        facts.say("holder", tree.found(place))?;
    }
    holder(&mut facts, tree, "")?;
    days(&mut facts, tree, "")?;
    Ok(licence(facts))
}

fn version_1(tree: &Json, base: &str) -> Result<Licence, ReadError> {
    let found = |below: &str| tree.found(&format!("{base}{below}"));
    let mut facts = Facts::default();
    let id = found("/assertion/id").or_else(|| found("/assertion/uid"));
    facts.say("number", id)?;
    facts.say("issuer-id", found("/certificate/issuer/id"))?;
    facts.say("issuer", found("/certificate/issuer/name"))?;
    let title = found("/certificate/name").or_else(|| found("/certificate/title"));
    facts.say("title", title)?;
    let (given, family) = (
        found("/recipient/givenName"),
        found("/recipient/familyName"),
    );
    if let (Some(given), Some(family)) = (given, family) {
        let both = format!("{} {}", given.written, family.written);
        facts.say("holder", Some(Found::new(both, given.place)))?;
    }
    holder(&mut facts, tree, base)?;
    days(&mut facts, tree, &format!("{base}/assertion"))?;
    Ok(licence(facts))
}

/// An identity that is hashed names nobody.
fn holder(facts: &mut Facts, tree: &Json, base: &str) -> Result<(), ReadError> {
    let is_plain = tree.at(&format!("{base}/recipient/hashed")) == Some(&Json::Bool(false));
    let identity = tree.found(&format!("{base}/recipient/identity"));
    facts.say("holder-id", identity.filter(|_| is_plain))
}

fn days(facts: &mut Facts, tree: &Json, base: &str) -> Result<(), ReadError> {
    let issued = tree.found(&format!("{base}/issuedOn"));
    facts.day("issue-date", issued.clone(), day)?;
    let is_moment = |found: &Found| day_of_moment(found.written.trim()).is_some();
    facts.say("issue-time", issued.filter(is_moment))?;
    facts.day("valid-until", tree.found(&format!("{base}/expires")), day)
}

fn licence(facts: Facts) -> Licence {
    Licence {
        legal_issuer: facts.get("issuer-id").map(str::to_owned),
        facts,
        ..Licence::default()
    }
}
