//! Files that people keep: the network file, key files and claim files, all JSON.

use hefu_types::genesis::{Genesis, GenesisError, Network, ProvenKey};
use hefu_types::leaf::{self, Holder};
use hefu_types::operation::member_commitment;
use hefu_types::suite::SecretKey;
use hefu_types::{Hash, KeyId, NetworkDigest, NetworkId, PublicKey, Salt, StateKey, Suite};
use serde::{Deserialize, Serialize};

/// All that a client needs of a network: whom to trust and whom to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// The genesis: the only trust anchor.
    pub genesis: Genesis,
    /// The digest of the genesis, so that people can compare it by another way.
    pub digest: NetworkDigest,
    /// The public addresses of nodes, such as `http://127.0.0.1:26600`. None of them is trusted.
    pub nodes: Vec<String>,
}

impl NetworkFile {
    /// Checks the genesis and that the digest is its own.
    pub fn network(&self) -> Result<Network, NetworkFileError> {
        let network = Network::new(self.genesis.clone())?;
        if network.digest() != self.digest {
            return Err(NetworkFileError::OtherDigest {
                stated: self.digest,
                found: network.digest(),
            });
        }
        Ok(network)
    }
}

/// Why a network file cannot be used.
#[derive(Debug)]
pub enum NetworkFileError {
    /// The genesis is none.
    Genesis(GenesisError),
    /// The digest is not that of the genesis.
    OtherDigest {
        /// What the file says.
        stated: NetworkDigest,
        /// What its genesis gives.
        found: NetworkDigest,
    },
}

impl From<GenesisError> for NetworkFileError {
    fn from(error: GenesisError) -> Self {
        Self::Genesis(error)
    }
}

impl std::fmt::Display for NetworkFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Genesis(error) => error.fmt(f),
            Self::OtherDigest { stated, found } => write!(
                f,
                "the network file says digest {stated}, but its genesis has {found}: do not trust it"
            ),
        }
    }
}

impl std::error::Error for NetworkFileError {}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// Registers, revokes, cancels.
    Agency,
    /// Consumes.
    Member,
    /// Admits agencies and members.
    Registrar,
    /// Governs.
    Council,
    /// Adds and retires the keys of an agency.
    AgencyManagement,
    /// Adds and retires the keys of a member.
    MemberManagement,
    /// Adds and retires the keys of a registrar.
    RegistrarManagement,
    /// A validator's votes.
    Consensus,
    /// A validator's cosignatures.
    Checkpoint,
    /// A validator's lines in the log's name.
    Log,
    /// A validator's libp2p key.
    Peer,
}

impl KeyRole {
    /// The role in proofs of possession.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Member => "member",
            Self::Registrar => "registrar",
            Self::Council => "council",
            Self::AgencyManagement => "agency-management",
            Self::MemberManagement => "member-management",
            Self::RegistrarManagement => "registrar-management",
            Self::Consensus => "consensus",
            Self::Checkpoint => "checkpoint",
            Self::Log => "log",
            Self::Peer => "peer",
        }
    }

    /// Whose such a key is on the ledger, and what it may sign there; none of a validator's keys, which
    /// stand in its set.
    pub fn on_ledger(self, holder: &str) -> Option<(Holder, leaf::KeyRole)> {
        let id = holder.to_owned();
        let (work, manage) = (leaf::KeyRole::Operational, leaf::KeyRole::Management);
        Some(match self {
            Self::Agency => (Holder::Agency(id), work),
            Self::Member => (Holder::Member(id), work),
            Self::Registrar => (Holder::Registrar(id), work),
            Self::Council => (Holder::Council(id), work),
            Self::AgencyManagement => (Holder::Agency(id), manage),
            Self::MemberManagement => (Holder::Member(id), manage),
            Self::RegistrarManagement => (Holder::Registrar(id), manage),
            Self::Consensus | Self::Checkpoint | Self::Log | Self::Peer => return None,
        })
    }
}

/// A secret key with what its holder needs beside it. The file is the holder's alone (mode 600).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// Agency, member, ...
    pub role: KeyRole,
    /// The holder's id on the ledger.
    pub holder: String,
    /// The suite's name.
    pub suite: String,
    /// The seed of the secret key, hex.
    pub seed: Hash,
    /// The public half.
    pub public_key: PublicKey,
    /// Its id.
    pub key_id: KeyId,
    /// An agency's secret for the salts of facts, hex. Whoever has it can guess facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact_secret: Option<Hash>,
    /// A member's legal identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The salt of the commitment to it in the member's leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier_salt: Option<Salt>,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "KeyFile({} {}, {})",
            self.role.name(),
            self.holder,
            self.key_id
        )
    }
}

impl KeyFile {
    /// The file of a key.
    pub fn new(role: KeyRole, holder: &str, suite: Suite, seed: [u8; 32]) -> Self {
        let key = SecretKey::from_seed(suite, &seed);
        Self {
            role,
            holder: holder.to_owned(),
            suite: suite.name().to_owned(),
            seed: Hash(seed),
            public_key: key.public_key(),
            key_id: key.key_id(),
            fact_secret: None,
            identifier: None,
            identifier_salt: None,
        }
    }

    /// The secret key, if the file's parts agree.
    pub fn secret_key(&self) -> Option<SecretKey> {
        let key = SecretKey::from_seed(Suite::by_name(&self.suite)?, &self.seed.0);
        (key.public_key() == self.public_key && key.key_id() == self.key_id).then_some(key)
    }

    /// The public half with the proof that the file's holder has the secret one.
    pub fn proven(&self, network: &NetworkId) -> Option<ProvenKey> {
        let secret = self.secret_key()?;
        let proof = secret.prove_possession(network, self.role.name(), &self.holder);
        Some(ProvenKey {
            key: self.public_key,
            proof,
        })
    }

    /// A member's commitment to its legal identifier.
    pub fn member_commitment(&self) -> Option<Hash> {
        let suite = Suite::by_name(&self.suite)?;
        let (salt, identifier) = (self.identifier_salt.as_ref()?, self.identifier.as_ref()?);
        Some(member_commitment(suite, &self.holder, salt, identifier))
    }
}

/// The secret half of an invoice's claim key: it travels with the invoice, and whoever has it may use
/// the invoice. The file is its holder's alone (mode 600).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimFile {
    /// The network, by the digest of its genesis.
    pub network: NetworkDigest,
    /// The record of the invoice.
    pub record: StateKey,
    /// The seed of the claim key, hex.
    pub seed: Hash,
}

impl std::fmt::Debug for ClaimFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClaimFile({})", self.record)
    }
}

impl ClaimFile {
    /// The claim key, of the suite of its network.
    pub fn secret_key(&self, suite: Suite) -> SecretKey {
        SecretKey::from_seed(suite, &self.seed.0)
    }
}
