//! A document as a file holds it: its digest, and what it says of itself.

use crate::failure::Failure;
use hefu_formats::seal::Seal;
use hefu_formats::{Format, ReadError, Reading, Stated};
pub use hefu_proof::verify::number::{candidate, Candidate, Hint};
use hefu_proof::verify::{number, Subject};
use hefu_types::genesis::Network;
use hefu_types::leaf::{Kind, TypeRules};
use hefu_types::profile::{Identity, Profile};
use hefu_types::{Digest, Suite};

/// A document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The digest of the file's bytes; of one document of several in a file, see
    /// [`Suite::part_digest`].
    pub digest: Digest,
    /// How many bytes the file has.
    pub size_bytes: u64,
    /// What it says of itself, or why that is not believed.
    pub reading: Result<Read, ReadError>,
}

/// What was read of one document.
#[derive(Clone, Debug)]
pub struct Read {
    /// What the file is.
    pub format: Format,
    /// What the document states.
    pub stated: Stated,
    /// The signatures of the file itself.
    pub seals: Vec<Seal>,
}

impl Document {
    /// The one document of these bytes; of a file that holds several, the first.
    pub fn of(bytes: &[u8], suite: Suite) -> Self {
        Self::of_reading(suite, bytes, hefu_formats::read(bytes))
    }

    /// The same from what was read.
    pub fn of_reading(suite: Suite, bytes: &[u8], reading: Result<Reading, ReadError>) -> Self {
        Self {
            digest: suite.document_digest(bytes),
            size_bytes: bytes.len() as u64,
            reading: reading.map(|mut reading| Read {
                format: reading.format,
                stated: reading.documents.swap_remove(0),
                seals: reading.seals,
            }),
        }
    }

    /// What it states.
    pub fn stated(&self) -> Option<&Stated> {
        self.reading.as_ref().ok().map(|read| &read.stated)
    }

    /// The legal number as the file writes it.
    pub fn identity(&self) -> Option<Identity> {
        self.stated()?.identity.clone()
    }

    /// The profile under which the file's number stands.
    pub fn profile(&self) -> Option<Profile> {
        let stated = self.stated()?;
        stated.identity.as_ref().map(|_| stated.profile)
    }

    /// The facts that it states, ascending by name.
    pub fn facts(&self) -> Vec<(String, String)> {
        let facts = self.stated().into_iter().flat_map(|stated| &stated.facts);
        facts
            .map(|fact| (fact.name.clone(), fact.value.clone()))
            .collect()
    }

    /// One fact.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.stated()?.fact(name).map(|fact| fact.value.as_str())
    }

    /// Invoice or licence, where the file says so.
    pub fn kind(&self) -> Option<Kind> {
        self.stated()?.kind
    }

    /// What `verify` is told of it, with a number and a type that somebody typed.
    pub fn subject(&self, typed: Option<Identity>, document_type: Option<&str>) -> Subject {
        Subject {
            digest: Some(self.digest),
            said: self.identity(),
            kind: self.kind(),
            profile: self.profile(),
            typed,
            document_type: document_type.map(str::to_owned),
            facts: self.facts(),
            ..Subject::default()
        }
    }

    /// The signatures of the file itself.
    pub fn seals(&self) -> &[Seal] {
        self.reading.as_ref().map_or(&[], |read| &read.seals)
    }
}

/// What a file says of its document besides the number, and the type that was named.
pub fn hint_of<'a>(document: &Document, document_type: Option<&'a str>) -> Hint<'a> {
    Hint {
        document_type,
        kind: document.kind(),
        profile: document.profile(),
    }
}

/// Where a document with this number may stand: under the type that is named, or under each that the
/// hint admits and whose profile it fits. Types that share a profile share key space, so each key
/// stands once.
pub fn candidates<'a>(
    network: &'a Network,
    identity: &Identity,
    hint: Hint<'_>,
) -> Result<Vec<Candidate<'a>>, Failure> {
    let suite = network.suite();
    if let Some(name) = hint.document_type {
        let rules = type_rules(network, name)?;
        let found = candidate(suite, rules, identity).map_err(|error| {
            Failure::asked(
                format!("the number does not fit the type {name}: {error}"),
                format!("号码不符合类型 {name} 的规则：{error}"),
            )
        })?;
        return Ok(vec![found]);
    }
    let types = &network.genesis().types;
    Ok(number::candidates(suite, types, identity, hint))
}

/// A type of the network, or the failure that lists them all.
pub fn type_rules<'a>(network: &'a Network, name: &str) -> Result<&'a TypeRules, Failure> {
    let types = &network.genesis().types;
    types.iter().find(|rules| rules.id == name).ok_or_else(|| {
        let names: Vec<&str> = types.iter().map(|rules| rules.id.as_str()).collect();
        let names = names.join(", ");
        Failure::asked(
            format!("the network has no type {name:?}; it has {names}"),
            format!("本网络没有类型 {name:?}；现有类型：{names}"),
        )
    })
}
