//! A file of a document: its digest, and what it says of itself.

use crate::disk;
use crate::failure::Failure;
use hefu_formats::limits::FILE_BYTES_MAX;
use hefu_formats::{Format, ReadError, Reading};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{Kind, TypeRules};
use hefu_types::profile::{Identity, LegalNumber, Profile, ProfileError};
use hefu_types::{Digest, StateKey, Suite};
use std::path::Path;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Document {
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// What it says of itself, or why that is not believed.
    pub reading: Result<Reading, ReadError>,
}

impl Document {
    /// Reads a file. Of one that is larger than `hefu-formats` reads, only the digest is taken: so it
    /// can still be registered and verified, whatever its size, and never lies in memory as a whole.
    pub fn open(path: &Path, suite: Suite) -> Result<Self, Failure> {
        if let Some(bytes) = disk::read_up_to(path, FILE_BYTES_MAX)? {
            return Ok(Self::of(&bytes, suite));
        }
        let (digest, size_bytes) = disk::digest(path, suite)?;
        Ok(Self {
            digest,
            size_bytes,
            reading: Err(ReadError::FileTooLarge {
                bytes: usize::try_from(size_bytes).unwrap_or(usize::MAX),
                bytes_max: FILE_BYTES_MAX,
            }),
        })
    }

    /// Reads bytes.
    pub fn of(bytes: &[u8], suite: Suite) -> Self {
        Self {
            digest: suite.document_digest(bytes),
            size_bytes: bytes.len() as u64,
            reading: hefu_formats::read(bytes),
        }
    }

    /// The legal number as the file writes it.
    pub fn identity(&self) -> Option<Identity> {
        let said = self.reading.as_ref().ok()?.identity.as_ref()?;
        Some(Identity {
            legal_issuer: said.legal_issuer.clone(),
            class: said.class.clone(),
            series: said.series.clone(),
            number: said.number.clone(),
            period: said.period.clone(),
        })
    }

    /// The facts that it states, ascending by name.
    pub fn facts(&self) -> Vec<(String, String)> {
        let Ok(reading) = &self.reading else {
            return Vec::new();
        };
        let pairs = reading
            .facts
            .iter()
            .map(|fact| (fact.name.clone(), fact.value.clone()));
        pairs.collect()
    }

    /// One fact.
    pub fn fact(&self, name: &str) -> Option<&str> {
        let reading = self.reading.as_ref().ok()?;
        reading
            .facts
            .iter()
            .find(|fact| fact.name == name)
            .map(|fact| fact.value.as_str())
    }

    /// Invoice or licence, where the file says so.
    pub fn kind(&self) -> Option<Kind> {
        match self.reading.as_ref().ok()?.format {
            Format::Ubl | Format::Cii | Format::PdfWithXml(_) => Some(Kind::Invoice),
            // The JSON form names its issuer after its kind.
            Format::Json if self.fact("issuer-id").is_some() => Some(Kind::Licence),
            Format::Json if self.fact("seller-id").is_some() => Some(Kind::Invoice),
            _ => None,
        }
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
    if profile == Profile::En16931 && identity.class.is_empty() {
        identity.class = "invoice".to_owned();
    }
    let number = profile.normalise(&identity)?;
    let record = key::record(suite, &number);
    Ok(Candidate {
        rules,
        number,
        record,
    })
}

/// Where a document with this number may stand: under the type that is named, or under each whose
/// profile and kind it fits. Types that share a profile share key space, so each key stands once.
pub fn candidates<'a>(
    network: &'a Network,
    identity: &Identity,
    document_type: Option<&str>,
    kind: Option<Kind>,
) -> Result<Vec<Candidate<'a>>, Failure> {
    let suite = network.suite();
    if let Some(name) = document_type {
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
        if kind.is_some_and(|kind| kind != rules.kind) {
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
