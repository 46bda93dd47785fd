//! The catalogue of a network: which types there are, who issues them, which region recognises what,
//! and who governs it.
//!
//! A page of it is a status certificate ([`hefu_proof::StatusCertificate`]) whose leaves are its lines,
//! ascending by state key; the key of the last leaf is where the next page begins, and an empty page is
//! the end. What kind a leaf is of is told by its own bytes: decoded as a kind, it must lead back to the
//! key under which it is proven ([`Entry::read`]), so that no leaf passes for another.
//!
//! Each line is proven. That no line was left out is not: nothing under a quorum's signatures counts
//! them. Whoever must know that one thing is *not* there asks for it by its own path, whose answer
//! proves absence.
//!
//! [`table()`] makes lines for people out of leaves; node and client share it.

mod lines;
mod saved;
mod table;

pub use lines::table;
pub use saved::{SavedCatalogue, SAVED_BYTES_MAX, SAVED_PAGES_MAX};
pub use table::{line, Cell, Column, Row, Table};

use hefu_types::key;
use hefu_types::leaf::{
    AgencyLeaf, CouncilLeaf, Holder, KeyLeaf, Leaf, ParametersLeaf, RecognitionLeaf, RegionLeaf,
    RegistrarLeaf, RulesLeaf, SetCurrentLeaf, SetLeaf, TypeLeaf,
};
use hefu_types::{StateKey, Suite};
use std::fmt;
use std::str::FromStr;

/// The most lines of a page.
pub const LINES_MAX: usize = 1_000;
/// The lines of a page where none are asked for.
pub const LINES: usize = 256;

/// The language of what people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// One of two texts.
    pub const fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

impl FromStr for Lang {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "zh" => Ok(Self::Zh),
            "en" => Ok(Self::En),
            _ => Err("it is zh or en"),
        }
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $part:ident = $name:literal, $en:literal, $zh:literal;)*) => {
        /// A part of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Part {
            $($(#[$doc])* $part,)*
        }

        impl Part {
            /// All parts, in the order in which they are read.
            pub const ALL: &'static [Self] = &[$(Self::$part),*];

            /// Its name in paths and commands.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$part => $name,)* }
            }

            /// What people call it.
            pub const fn title(self, lang: Lang) -> &'static str {
                match self { $(Self::$part => lang.pick($en, $zh),)* }
            }
        }
    };
}

parts! {
    /// Document types.
    Types = "types", "Document types", "文档类型";
    /// The dictionary of the facts that documents of the types state.
    Facts = "facts", "Facts of the types", "要素字典";
    /// Regions.
    Regions = "regions", "Regions", "地区";
    /// Who admits agencies and members.
    Registrars = "registrars", "Registrars", "登记机构";
    /// Who issues documents.
    Agencies = "agencies", "Agencies", "签发机构";
    /// Which agency issues which type for which region and which legal issuers.
    Entitlements = "entitlements", "Entitlements", "签发授权";
    /// Which region recognises what of which.
    Recognition = "recognition", "Rules of recognition", "互认规则";
    /// The seats of the council.
    Council = "council", "Council", "理事会";
    /// The version of the rules, and the parameters.
    Rules = "rules", "Rules in force", "生效规则";
    /// The validator set in force, and the next.
    Validators = "validators", "Validators", "验证节点";
    /// The keys of one holder.
    Keys = "keys", "Keys", "密钥";
}

impl Part {
    /// The part whose leaves hold its lines.
    pub const fn source(self) -> Self {
        match self {
            Self::Facts => Self::Types,
            Self::Entitlements => Self::Agencies,
            other => other,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such part; the parts are {}", Part::ALL.iter().map(|part| part.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownPart;

impl FromStr for Part {
    type Err = UnknownPart;

    fn from_str(text: &str) -> Result<Self, UnknownPart> {
        let named = Self::ALL.iter().find(|part| part.name() == text);
        named.copied().ok_or(UnknownPart)
    }
}

/// A leaf of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A document type.
    Type(TypeLeaf),
    /// A region.
    Region(RegionLeaf),
    /// A registrar.
    Registrar(RegistrarLeaf),
    /// An agency.
    Agency(AgencyLeaf),
    /// A rule of recognition.
    Recognition(RecognitionLeaf),
    /// The council.
    Council(CouncilLeaf),
    /// The version of the rules.
    Rules(RulesLeaf),
    /// What the council sets for all nodes.
    Parameters(ParametersLeaf),
    /// Which validator set is in force.
    SetCurrent(SetCurrentLeaf),
    /// A validator set.
    Set(SetLeaf),
    /// A public key.
    Key(KeyLeaf),
}

impl Entry {
    /// Tells what stands under a key, if it is of the catalogue: its own id leads to the key.
    pub fn read(suite: Suite, at: &StateKey, bytes: &[u8]) -> Option<Self> {
        fn of<L: Leaf>(bytes: &[u8], at: &StateKey, key: impl FnOnce(&L) -> StateKey) -> Option<L> {
            L::from_bytes(bytes).ok().filter(|leaf| key(leaf) == *at)
        }
        // What stands once in a network is known by its key alone.
        if *at == key::council(suite) {
            return CouncilLeaf::from_bytes(bytes).ok().map(Self::Council);
        }
        if *at == key::rules(suite) {
            return RulesLeaf::from_bytes(bytes).ok().map(Self::Rules);
        }
        if *at == key::parameters(suite) {
            return ParametersLeaf::from_bytes(bytes).ok().map(Self::Parameters);
        }
        if *at == key::set_current(suite) {
            return SetCurrentLeaf::from_bytes(bytes).ok().map(Self::SetCurrent);
        }
        let key = || {
            of(bytes, at, |leaf: &KeyLeaf| {
                key::public_key(suite, &suite.key_id(&leaf.key))
            })
        };
        let agency = || of(bytes, at, |leaf: &AgencyLeaf| key::agency(suite, &leaf.id));
        let document_type = || {
            of(bytes, at, |leaf: &TypeLeaf| {
                key::document_type(suite, &leaf.rules.id)
            })
        };
        let recognition = || {
            of(bytes, at, |leaf: &RecognitionLeaf| {
                let rule = &leaf.rule;
                key::recognition(suite, &rule.by, &rule.document_type, &rule.of)
            })
        };
        let region = || {
            of(bytes, at, |leaf: &RegionLeaf| {
                key::region(suite, &leaf.region.id)
            })
        };
        let registrar = || {
            of(bytes, at, |leaf: &RegistrarLeaf| {
                key::registrar(suite, &leaf.id)
            })
        };
        let set = || of(bytes, at, |leaf: &SetLeaf| key::set(suite, leaf.epoch));
        key()
            .map(Self::Key)
            .or_else(|| agency().map(Self::Agency))
            .or_else(|| document_type().map(Self::Type))
            .or_else(|| recognition().map(Self::Recognition))
            .or_else(|| region().map(Self::Region))
            .or_else(|| registrar().map(Self::Registrar))
            .or_else(|| set().map(Self::Set))
    }

    /// The part whose lines it holds, see [`Part::source`].
    pub fn part(&self) -> Part {
        match self {
            Self::Type(_) => Part::Types,
            Self::Region(_) => Part::Regions,
            Self::Registrar(_) => Part::Registrars,
            Self::Agency(_) => Part::Agencies,
            Self::Recognition(_) => Part::Recognition,
            Self::Council(_) => Part::Council,
            Self::Rules(_) | Self::Parameters(_) => Part::Rules,
            Self::SetCurrent(_) | Self::Set(_) => Part::Validators,
            Self::Key(_) => Part::Keys,
        }
    }
}

/// A holder of an id.
type MakeHolder = fn(String) -> Holder;

/// The words of holders in paths.
const HOLDERS: [(&str, MakeHolder); 5] = [
    ("agency", Holder::Agency),
    ("member", Holder::Member),
    ("registrar", Holder::Registrar),
    ("council", Holder::Council),
    ("validator", Holder::Validator),
];

/// A holder of keys as paths name it, such as `agency:gd-tax`.
pub fn holder_words(holder: &Holder) -> String {
    let word = match holder {
        Holder::Agency(_) => "agency",
        Holder::Member(_) => "member",
        Holder::Registrar(_) => "registrar",
        Holder::Council(_) => "council",
        Holder::Validator(_) => "validator",
    };
    format!("{word}:{}", holder.id())
}

/// A text that names no holder of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a holder of keys as agency:ID, member:ID, registrar:ID, council:SEAT or validator:NAME"
)]
pub struct BadHolder;

/// Reads what [`holder_words`] writes.
pub fn holder_of(text: &str) -> Result<Holder, BadHolder> {
    let (word, id) = text.split_once(':').ok_or(BadHolder)?;
    let known = HOLDERS.iter().find(|(known, _)| *known == word);
    match known {
        Some((_, holder)) if !id.is_empty() => Ok(holder(id.to_owned())),
        _ => Err(BadHolder),
    }
}

#[cfg(test)]
mod tests;
