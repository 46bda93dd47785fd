//! Copy files: what a lending copy was made for, with the user's name and the salt that opens it.
//!
//! The ledger holds a commitment to the user only. Whoever has this file shows with it for whom the copy
//! was made, so it goes to the user together with the annotated copy, and to nobody else. It also opens
//! the sealed facts of the licence that the copy states, so that what a holder wrote on its own copy can
//! be compared. With the holder's signature in it, the same file is the holder's consent.

use crate::disk;
use crate::failure::Failure;
use hefu_proof::fact::{self, FactLeaf, OpenFact};
use hefu_proof::receipt::Disclosed;
use hefu_proof::verify::OpenedCopy;
use hefu_types::genesis::Network;
use hefu_types::operation::{consent_preimage, copy_user, member_identifier, LendTerms, UseRight};
use hefu_types::record::{CopyTerms, PublicPart};
use hefu_types::{
    key, CopyNumber, Digest, Hash, Millis, NetworkDigest, Salt, Signature, StateKey, Suite,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The longest copy file in bytes.
const COPY_FILE_BYTES_MAX: usize = 256 * 1024;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyFile {
    /// The network, by the digest of its genesis.
    pub network: NetworkDigest,
    /// The record of the licence.
    pub licence: StateKey,
    /// The number of the copy among those of its licence.
    pub number: CopyNumber,
    /// The record of the copy.
    pub record: StateKey,
    /// The digests of the copy's files, ascending.
    pub digests: Vec<Digest>,
    /// The one purpose.
    pub purpose: String,
    /// The code of the matter.
    pub matter: String,
    /// Who may rely on it.
    pub user: String,
    /// Opens the commitment to the user.
    pub salt: Salt,
    /// It is valid before this time, in milliseconds since 1970.
    pub valid_before_ms: Millis,
    /// The same for people.
    pub valid_before: String,
    /// Where the receipt of the copy was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// The signature of the licence's claim key: its holder agrees to this copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Signature>,
    /// The leaves under the licence's fact root: those facts are open that the copy states itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licence_facts: Vec<SealedFact>,
}

/// A leaf under a fact root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SealedFact {
    /// A fact with its salt.
    Open {
        /// Its name.
        name: String,
        /// What it says.
        value: String,
        /// Its salt.
        salt: Salt,
    },
    /// The hash of one that is not shown.
    Hidden {
        /// The hash.
        hash: Hash,
    },
}

impl SealedFact {
    fn of(leaf: &FactLeaf) -> Self {
        match leaf {
            FactLeaf::Open(fact) => Self::Open {
                name: fact.name.clone(),
                value: fact.value.clone(),
                salt: fact.salt,
            },
            FactLeaf::Hidden(hash) => Self::Hidden { hash: *hash },
        }
    }

    fn leaf(&self) -> FactLeaf {
        match self {
            Self::Open { name, value, salt } => FactLeaf::Open(OpenFact {
                name: name.clone(),
                value: value.clone(),
                salt: *salt,
            }),
            Self::Hidden { hash } => FactLeaf::Hidden(*hash),
        }
    }
}

impl CopyFile {
    /// A new copy of a licence, with a number and a salt of its own.
    pub fn new(
        network: &Network,
        licence: StateKey,
        digests: Vec<Digest>,
        [purpose, matter, user]: [&str; 3],
        valid_before: Millis,
    ) -> Self {
        let number = CopyNumber(crate::random());
        Self {
            network: network.digest(),
            licence,
            number,
            record: key::copy(network.suite(), &licence, &number),
            digests,
            purpose: purpose.to_owned(),
            matter: matter.to_owned(),
            user: member_identifier(user),
            salt: Salt(crate::random()),
            valid_before_ms: valid_before,
            valid_before: valid_before.to_string(),
            receipt: None,
            consent: None,
            licence_facts: Vec::new(),
        }
    }

    /// Opens the facts of the licence that its copy states itself, and no other.
    pub fn open_facts_of(
        &mut self,
        suite: Suite,
        licence: &Disclosed,
        stated: &[(String, String)],
    ) {
        let is_stated = |name: &str| stated.iter().any(|(stated, _)| stated == name);
        let names = licence.open_facts().map(|fact| fact.name.clone());
        let names: Vec<String> = names.filter(|name| is_stated(name)).collect();
        if let Ok(leaves) = fact::disclose(suite, &licence.facts, &names) {
            self.licence_facts = leaves.iter().map(SealedFact::of).collect();
        }
    }

    /// What `verify` is told of it.
    pub fn opened(&self) -> OpenedCopy {
        OpenedCopy {
            user: self.user.clone(),
            salt: self.salt,
            licence_facts: self.licence_facts.iter().map(SealedFact::leaf).collect(),
        }
    }

    /// What stands on the ledger.
    pub fn terms(&self, network: &Network) -> LendTerms {
        LendTerms {
            number: self.number,
            digests: self.digests.clone(),
            purpose: self.purpose.clone(),
            matter: self.matter.clone(),
            user: copy_user(network.suite(), &self.record, &self.salt, &self.user),
            valid_before: self.valid_before_ms,
            fact_root: None,
        }
    }

    /// Whether it opens for whom a copy was made.
    pub fn opens(&self, network: &Network, record: &StateKey, terms: &CopyTerms) -> bool {
        let opened = copy_user(network.suite(), record, &self.salt, &self.user);
        self.record == *record && opened == terms.user
    }

    /// Whether the holder's signature in it is one of this licence's claim key.
    pub fn is_agreed(&self, network: &Network, licence: &PublicPart) -> bool {
        let (Some(signature), Some(UseRight::ClaimKey(key))) = (&self.consent, &licence.use_right)
        else {
            return false;
        };
        let preimage = consent_preimage(&network.digest(), &self.licence, &self.terms(network));
        (network.suite()).verify(key, &preimage, signature).is_ok()
    }

    /// Reads one, of this network, whose parts agree.
    pub fn open(path: &Path, network: &Network) -> Result<Self, Failure> {
        let bytes = disk::read(path, COPY_FILE_BYTES_MAX)?;
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| {
            // Only where, never what: the text of the error may quote the file.
            let place = format!("line {}, column {}", error.line(), error.column());
            Failure::bad_file(path, format!("it is not a copy file ({place})"))
        })?;
        if file.network != network.digest() {
            return Err(Failure::bad_file(
                path,
                "it is of another network: give that network's file",
            ));
        }
        let record = key::copy(network.suite(), &file.licence, &file.number);
        if file.record != record || file.valid_before != file.valid_before_ms.to_string() {
            return Err(Failure::bad_file(
                path,
                "its parts do not agree: it is damaged or altered, ask for it again where you got it",
            ));
        }
        Ok(file)
    }

    /// The bytes of the file.
    fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Writes it where nothing is yet, for its owner's eyes only.
    pub fn write_new(&self, path: &Path) -> Result<(), Failure> {
        let bytes = self.bytes().map_err(|e| Failure::bad_file(path, e))?;
        disk::write_secret(path, &bytes)
    }

    /// Writes it in the place of what is there.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let bytes = self.bytes().map_err(|e| Failure::bad_file(path, e))?;
        disk::write_private(path, &bytes)
    }
}

/// Where the copy file of an annotated copy lies.
pub fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".copy.json");
    PathBuf::from(name)
}
