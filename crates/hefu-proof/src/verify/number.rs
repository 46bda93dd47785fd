//! Legal numbers as documents and people write them, and the records that may stand under them.

use hefu_types::key;
use hefu_types::leaf::{Kind, TypeRules};
use hefu_types::profile::{Identity, LegalNumber, Profile, ProfileError};
use hefu_types::{StateKey, Suite};

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
    /// A type that was named, and nothing else.
    pub fn named(document_type: Option<&'a str>) -> Self {
        Self {
            document_type,
            ..Self::default()
        }
    }

    /// Whether a type may be that of the document: the one that was named, or any whose kind and profile
    /// do not speak against it. A number of a known profile stands under types of that profile, or under
    /// one that takes any number.
    pub fn admits(&self, rules: &TypeRules) -> bool {
        if let Some(name) = self.document_type {
            return rules.id == name;
        }
        let profile = self.profile.filter(|profile| *profile != Profile::Generic);
        self.kind.is_none_or(|kind| kind == rules.kind)
            && profile.is_none_or(|profile| {
                [profile.name(), Profile::Generic.name()].contains(&rules.profile.as_str())
            })
    }
}

/// Where a document with this number may stand: under each type that the hint admits and whose profile
/// it fits. Types that share a profile share key space, so each key stands once.
pub fn candidates<'a>(
    suite: Suite,
    types: &'a [TypeRules],
    identity: &Identity,
    hint: Hint<'_>,
) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'_>> = Vec::new();
    for rules in types.iter().filter(|rules| hint.admits(rules)) {
        if let Ok(fits) = candidate(suite, rules, identity) {
            if found.iter().all(|other| other.record != fits.record) {
                found.push(fits);
            }
        }
    }
    found
}
