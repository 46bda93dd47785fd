//! W3C verifiable credentials, data models 1.1 and 2.0, and the diplomas of the European Learning
//! Model, which are such credentials.
//!
//! A credential stands alone, in a presentation (each of its credentials is then one document), in
//! the body of a JSON Web Signature (RFC 7515, also the JSON serialization that JAdES uses), or in a
//! JSON Web Token (data model 1.1, section 6.3.1: the token's `jti`, `iss`, `nbf` and `exp` stand for
//! `id`, `issuer`, `issuanceDate` and `expirationDate`). The number is the credential's `id`, the
//! issuer its `issuer`; a diploma whose issuer is sealed by an eIDAS certificate has the identifier
//! in it as issuer, because the `id` of such issuers is one for inner use.
//!
//! What breaks the data model (sections 4.1 to 4.9 of 1.1, 4.3 to 4.13 of 2.0) has no identity, and
//! what it lacks is said. Proofs and the state of a credential are not looked at.

use chrono::DateTime;

use super::tree::Json;
use crate::encoded::{base64, day_of_moment};
use crate::fact::{Facts, Found};
use crate::licence::Licence;
use crate::limits::{CREDENTIALS_MAX, JSON_BYTES_MAX, TOKEN_DEPTH_MAX};
use crate::{Format, ReadError, Reading, Stated};

const CONTEXT_1: &str = "https://www.w3.org/2018/credentials/v1";
const CONTEXT_2: &str = "https://www.w3.org/ns/credentials/v2";

pub(crate) fn read(tree: &Json) -> Result<Option<Reading>, ReadError> {
    read_tree(tree, TOKEN_DEPTH_MAX)
}

/// A JSON Web Token in its compact form; `None` for bytes that are none, or that hold no credential.
pub(crate) fn read_token(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    read_compact(bytes.trim_ascii(), TOKEN_DEPTH_MAX)
}

fn read_compact(token: &[u8], depth_left: usize) -> Result<Option<Reading>, ReadError> {
    // Every header is a JSON object, `{"`.
    if !token.starts_with(b"eyJ") || token.len() > JSON_BYTES_MAX || depth_left == 0 {
        return Ok(None);
    }
    let mut parts = token.split(|&byte| byte == b'.');
    let (Some(header), Some(body), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    let (Some(header), Some(body)) = (base64(header), base64(body)) else {
        return Ok(None);
    };
    let is_signed = Json::parse(&header)?.is_some_and(|header| header.get("alg").is_some());
    match Json::parse(&body)? {
        Some(claims) if is_signed => read_tree(&claims, depth_left - 1),
        _ => Ok(None),
    }
}

/// Whatever holds credentials: itself one, a presentation, claims, a signature around one.
fn read_tree(tree: &Json, depth_left: usize) -> Result<Option<Reading>, ReadError> {
    let has = |at: &str, kind: &str| types(tree, at).contains(&kind);
    for (at, token) in [("", false), ("/vc", true), ("/credential", false)] {
        let is_model = tree.at(at).is_some_and(|value| context(value).is_some());
        let is_credential = has(at, "VerifiableCredential")
            || is_model
                && ["issuer", "credentialSubject"]
                    .iter()
                    .any(|key| tree.at(at).is_some_and(|value| value.get(key).is_some()))
                && tree.get("verifiableCredential").is_none();
        if is_credential {
            let credential = Credential { tree, at, token };
            let reading = Reading::one(Format::Credential, credential.stated("")?);
            return Ok(Some(reading));
        }
    }
    for at in ["", "/vp"] {
        let is_model = tree.at(at).is_some_and(|value| {
            context(value).is_some() && value.get("verifiableCredential").is_some()
        });
        if has(at, "VerifiablePresentation") || is_model {
            return presentation(tree, at, depth_left).map(Some);
        }
    }
    match (tree.get("payload"), tree.get("signatures")) {
        (Some(Json::String(payload)), Some(Json::Array(_))) if depth_left > 0 => {
            // JAdES leaves the body as it is where `b64` is false (RFC 7797).
            let decoded = match payload.starts_with('{') {
                true => None,
                false => base64(payload.as_bytes()),
            };
            let body = decoded.as_deref().unwrap_or(payload.as_bytes());
            let Some(body) = Json::parse(body)? else {
                return Ok(None);
            };
            let reading = read_tree(&body, depth_left - 1)?;
            Ok(reading.map(|reading| reading.inside("/payload")))
        }
        _ => Ok(None),
    }
}

/// The credentials of a presentation, each a document (data model 1.1, 4.10).
fn presentation(tree: &Json, at: &str, depth_left: usize) -> Result<Reading, ReadError> {
    let place = format!("{at}/verifiableCredential");
    let held: Vec<(String, &Json)> = match tree.at(&place) {
        Some(Json::Array(items)) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| (format!("{place}/{index}"), item))
                .collect()
        }
        Some(value) => vec![(place, value)],
        None => Vec::new(),
    };
    let mut documents = Vec::new();
    for (part, value) in held {
        // A token may hold a presentation again, so these are counted and not what is held.
        if documents.len() >= CREDENTIALS_MAX {
            return Err(ReadError::TooMany {
                what: "credentials",
                limit: CREDENTIALS_MAX,
            });
        }
        match value {
            Json::Object(_) => {
                let credential = Credential {
                    tree,
                    at: &part,
                    token: false,
                };
                documents.push(credential.stated(&part)?);
            }
            Json::String(token) => match read_compact(token.as_bytes(), depth_left)? {
                Some(reading) => {
                    let read = reading.inside(&part).documents.into_iter();
                    documents.extend(read.map(|document| Stated {
                        part: match document.part.as_str() {
                            "" => part.clone(),
                            inner => format!("{part}:{inner}"),
                        },
                        ..document
                    }));
                }
                None => documents.push(unread(&part)),
            },
            _ => documents.push(unread(&part)),
        }
    }
    if documents.is_empty() {
        documents.push(Stated::without_identity("a credential in the presentation"));
    }
    let around = Credential {
        tree,
        at,
        token: false,
    };
    let broken = broken_rules_of_presentation(&around);
    for document in documents.iter_mut().filter(|_| !broken.is_empty()) {
        document.identity = None;
        document.missing.extend(&broken);
    }
    Ok(Reading {
        format: Format::Credential,
        documents,
        seals: Vec::new(),
    })
}

/// What of the data model a presentation breaks: then its credentials have no identity either.
fn broken_rules_of_presentation(presentation: &Credential<'_>) -> Vec<&'static str> {
    let whole = presentation.tree.at(presentation.at);
    [
        (
            whole.and_then(context).is_some(),
            "the context of the data model in the first place of the presentation",
        ),
        (
            presentation.is_of_type("VerifiablePresentation"),
            "the type VerifiablePresentation",
        ),
        (
            presentation.each_has("/proof", false),
            "the type of each proof of the presentation",
        ),
    ]
    .into_iter()
    .filter_map(|(holds, words)| (!holds).then_some(words))
    .collect()
}

fn unread(part: &str) -> Stated {
    Stated {
        part: part.to_owned(),
        ..Stated::without_identity("a credential that is read, in this place of the presentation")
    }
}

/// A credential within a file.
pub(super) struct Credential<'t> {
    tree: &'t Json,
    /// The JSON pointer to it.
    at: &'t str,
    /// Whether the tree is the claims of a token.
    token: bool,
}

/// The types at a place: a string, or an array of strings.
fn types<'t>(tree: &'t Json, at: &str) -> Vec<&'t str> {
    match tree.at(at).and_then(|value| value.get("type")) {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(items)) => items.iter().filter_map(Json::text).collect(),
        _ => Vec::new(),
    }
}

/// Which data model the first context names.
fn context(value: &Json) -> Option<&str> {
    let first = match value.get("@context")? {
        Json::Array(items) => items.first()?,
        one => one,
    };
    first
        .text()
        .filter(|text| [CONTEXT_1, CONTEXT_2].contains(text))
}

/// A URI has a scheme, and no white space (RFC 3986, 3.1).
fn is_uri(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && (scheme.chars()).all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    text.split_once(':')
        .is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty())
        && !text.contains(char::is_whitespace)
}

impl<'t> Credential<'t> {
    /// A credential that is the whole file.
    pub(super) fn whole(tree: &'t Json) -> Self {
        Self {
            tree,
            at: "",
            token: false,
        }
    }

    pub(super) fn is_of_type(&self, kind: &str) -> bool {
        types(self.tree, self.at).contains(&kind)
    }

    fn place(&self, below: &str) -> String {
        format!("{}{below}", self.at)
    }

    fn value(&self, below: &str) -> Option<&'t Json> {
        self.tree.at(&self.place(below))
    }

    fn found(&self, below: &str) -> Option<Found> {
        self.tree.found(&self.place(below))
    }

    /// A claim of the token around the credential.
    fn claim(&self, name: &str) -> Option<Found> {
        self.token.then(|| self.tree.found(name)).flatten()
    }

    /// Words: a text, or one that says its language; of several languages the English one.
    pub(super) fn words(&self, below: &str) -> Option<Found> {
        let value = self.value(below)?;
        let key = match value {
            Json::String(_) => return self.found(below),
            Json::Object(_) if value.get("@value").is_some() => "@value",
            Json::Object(_) if value.get("en").is_some() => "en",
            Json::Object(entries) => match entries.as_slice() {
                [(language, _)] if !language.contains(['/', '~']) => language,
                _ => return None,
            },
            _ => return None,
        };
        self.found(&format!("{below}/{key}"))
    }

    fn stated(&self, part: &str) -> Result<Stated, ReadError> {
        let stated = self.licence()?;
        Ok(stated.stated(part, "number (id of the credential)", "issuer"))
    }

    /// What every credential states.
    pub(super) fn licence(&self) -> Result<Licence, ReadError> {
        let mut facts = Facts::default();
        for id in [self.found("/id"), self.claim("/jti")] {
            facts.say("number", id)?;
        }
        let is_diploma = self.is_of_type("EuropeanDigitalCredential");
        let sealed_by = self.found("/issuer/eIDASIdentifier/notation");
        match sealed_by.filter(|_| is_diploma) {
            Some(sealed_by) => facts.say("issuer-id", Some(sealed_by))?,
            None => {
                let issuer = self.found("/issuer").or_else(|| self.found("/issuer/id"));
                // These ids of the editor for diplomas count within one file.
                let is_inner = |id: &Found| is_diploma && id.written.starts_with("urn:epass:");
                facts.say("issuer-id", issuer.filter(|id| !is_inner(id)))?;
                facts.say("issuer-id", self.claim("/iss"))?;
            }
        }
        for name in ["/issuer/name", "/issuer/legalName"] {
            facts.say("issuer", self.words(name))?;
        }
        for id in [self.found("/credentialSubject/id"), self.claim("/sub")] {
            facts.say("holder-id", id)?;
        }
        for name in ["/credentialSubject/name", "/credentialSubject/fullName"] {
            facts.say("holder", self.words(name))?;
        }
        for title in ["/name", "/displayParameter/title"] {
            facts.say("title", self.words(title))?;
        }
        if is_diploma {
            facts.say("certificate-number", self.found("/identifier/notation"))?;
        }
        facts.say("document-type", self.last_type())?;
        let days = [
            ("issue-date", "/issuanceDate", "/nbf"),
            ("issue-date", "/issued", ""),
            ("valid-from", "/validFrom", ""),
            ("valid-until", "/expirationDate", "/exp"),
            ("valid-until", "/validUntil", ""),
        ];
        for (name, below, claim) in days {
            facts.day(name, self.found(below), day_of_moment)?;
            if let Some(seconds) = self.claim(claim).filter(|_| !claim.is_empty()) {
                facts.day(name, Some(seconds), day_of_seconds)?;
            }
        }
        let issued = self.found("/issuanceDate");
        let is_moment = |found: &Found| day_of_moment(found.written.trim()).is_some();
        facts.say("issue-time", issued.filter(is_moment))?;
        Ok(Licence {
            legal_issuer: facts.get("issuer-id").map(str::to_owned),
            facts,
            missing: self.broken_rules(),
            ..Licence::default()
        })
    }

    /// The last type that says more than the format does.
    fn last_type(&self) -> Option<Found> {
        const COMMON: [&str; 2] = ["VerifiableCredential", "OpenAttestationCredential"];
        let types = types(self.tree, self.at);
        let last = *types.iter().rfind(|kind| !COMMON.contains(kind))?;
        let place = match self.value("/type") {
            Some(Json::Array(items)) => {
                let at = items.iter().rposition(|item| item.text() == Some(last))?;
                format!("/type/{at}")
            }
            _ => "/type".to_owned(),
        };
        Some(Found::new(last, self.place(&place)))
    }

    /// What of the data model the credential breaks, as what it would need.
    fn broken_rules(&self) -> Vec<&'static str> {
        let whole = self.tree.at(self.at);
        let model = whole.and_then(context);
        let is_uri_at = |below: &str| {
            self.found(below)
                .is_some_and(|found| is_uri(&found.written))
        };
        let is_absent_or_moment = |below: &str| {
            self.value(below).is_none()
                || self
                    .found(below)
                    .is_some_and(|found| day_of_moment(&found.written).is_some())
        };
        let is_subject =
            |value: &Json| matches!(value, Json::Object(entries) if !entries.is_empty());
        let has_subject = match self.value("/credentialSubject") {
            Some(Json::Array(items)) => !items.is_empty() && items.iter().all(is_subject),
            Some(value) => is_subject(value),
            None => self.claim("/sub").is_some(),
        };
        let has_id = model == Some(CONTEXT_1);
        [
            (
                model.is_some(),
                "the context of the data model in the first place",
            ),
            (
                self.is_of_type("VerifiableCredential"),
                "the type VerifiableCredential",
            ),
            (
                self.value("/id").is_none() || is_uri_at("/id"),
                "an id that is one URI",
            ),
            (
                is_uri_at("/issuer") || is_uri_at("/issuer/id") || self.claim("/iss").is_some(),
                "an issuer that is one URI, or has one as its id",
            ),
            (
                model == Some(CONTEXT_2)
                    || self.value("/issuanceDate").is_some()
                    || self.claim("/nbf").is_some(),
                "the issuance date, which data model 1.1 asks for",
            ),
            (
                [
                    "/issuanceDate",
                    "/validFrom",
                    "/expirationDate",
                    "/validUntil",
                ]
                .iter()
                .all(|below| is_absent_or_moment(below)),
                "dates that are each one date and time of XML Schema",
            ),
            (has_subject, "a subject that states something"),
            (self.each_has("/proof", false), "the type of each proof"),
            (
                self.each_has("/credentialStatus", has_id),
                "id and type of the credential's status",
            ),
            (
                self.each_has("/credentialSchema", true),
                "id and type of the credential's schema",
            ),
            (
                self.each_has("/refreshService", has_id),
                "id and type of the service for refreshing",
            ),
            (
                self.each_has("/termsOfUse", false),
                "the type of the terms of use",
            ),
            (
                self.each_has("/evidence", false),
                "the type of the evidence",
            ),
        ]
        .into_iter()
        .filter_map(|(holds, words)| (!holds).then_some(words))
        .collect()
    }

    /// Whether each of what stands there is an object with a type, and with an id where it needs one.
    fn each_has(&self, below: &str, id: bool) -> bool {
        let is_whole = |value: &Json| {
            value.get("type").is_some() && (!id || value.get("id").and_then(Json::text).is_some())
        };
        match self.value(below) {
            None => true,
            Some(Json::Array(items)) => items.iter().all(is_whole),
            Some(value) => is_whole(value),
        }
    }
}

/// A `NumericDate` (RFC 7519, 2) is counted in UTC.
fn day_of_seconds(text: &str) -> Option<String> {
    let seconds: i64 = text
        .split_once('.')
        .map_or(text, |(whole, _)| whole)
        .parse()
        .ok()?;
    let moment = DateTime::from_timestamp(seconds, 0)?;
    let day = moment.date_naive().format("%Y-%m-%d").to_string();
    // Beyond the year 9999 there is a sign before it.
    (day.len() == 10).then_some(day)
}
