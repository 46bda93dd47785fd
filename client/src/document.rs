//! A document as a file holds it: its digest, and what it says of itself.

use crate::failure::Failure;
use hefu_formats::seal::Seal;
use hefu_formats::{Format, ReadError, Reading, Stated};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{Kind, TypeRules};
use hefu_types::profile::{Identity, LegalNumber, Profile, ProfileError};
use hefu_types::{Digest, StateKey, Suite};

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

    /// The signatures of the file itself.
    pub fn seals(&self) -> &[Seal] {
        self.reading.as_ref().map_or(&[], |read| &read.seals)
    }
}

/// A legal number under a type of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The type.
    pub rules: &'a TypeRules,
    /// The number, normalised.
    pub number: LegalNumber,
    /// The key that its record has.
    pub record: StateKey,
}

/// The number of a document under a type.
pub fn candidate<'a>(
    suite: Suite,
    rules: &'a TypeRules,
    identity: &Identity,
) -> Result<Candidate<'a>, ProfileError> {
    // Genesis was checked: its profiles are all known.
    let profile = Profile::by_name(&rules.profile).ok_or(ProfileError::Missing("profile"))?;
    let mut identity = identity.clone();
    if identity.class.is_empty() {
        // What a clerk who types a number nearly always means.
        identity.class = match profile {
            Profile::En16931 | Profile::ItSdi => "invoice",
            Profile::InIrn => "INV",
            _ => "",
        }
        .to_owned();
    }
    let number = profile.normalise(&identity)?;
    let record = key::record(suite, &number);
    Ok(Candidate {
        rules,
        number,
        record,
    })
}

/// What is known of a document besides its number, to find the types that it may have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hint<'a> {
    /// The type, where it was named.
    pub document_type: Option<&'a str>,
    /// Invoice or licence.
    pub kind: Option<Kind>,
    /// The profile of the number, as the file's format says it.
    pub profile: Option<Profile>,
}

impl<'a> Hint<'a> {
    /// What a file says, and the type that was named.
    pub fn of(document: &Document, document_type: Option<&'a str>) -> Self {
        Self {
            document_type,
            kind: document.kind(),
            profile: document.profile(),
        }
    }

    /// A type that was named, and nothing else.
    pub fn named(document_type: Option<&'a str>) -> Self {
        Self {
            document_type,
            ..Self::default()
        }
    }

    /// Whether a type may be that of the document. A number of a known profile stands under types of
    /// that profile, or under one that takes any number.
    pub fn admits(&self, rules: &TypeRules) -> bool {
        let profile = self.profile.filter(|profile| *profile != Profile::Generic);
        self.kind.is_none_or(|kind| kind == rules.kind)
            && profile.is_none_or(|profile| {
                [profile.name(), Profile::Generic.name()].contains(&rules.profile.as_str())
            })
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
    let mut found: Vec<Candidate<'_>> = Vec::new();
    for rules in &network.genesis().types {
        if !hint.admits(rules) {
            continue;
        }
        if let Ok(fits) = candidate(suite, rules, identity) {
            if found.iter().all(|other| other.record != fits.record) {
                found.push(fits);
            }
        }
    }
    Ok(found)
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
