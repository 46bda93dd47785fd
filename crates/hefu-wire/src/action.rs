//! Files by which the seats of the council sign an action, each for itself and without a connection.
//!
//! An action file holds the action twice: in words that people read, and as the bytes that are signed.
//! [`ActionFile::read`] takes the bytes, and refuses a file whose words say something else: a signer
//! never relies on words that nobody signs.

use crate::moment::Moment;
use crate::request::HolderName;
use hefu_types::canonical::DecodeError;
use hefu_types::genesis::{ProvenKey, Region, Seat};
use hefu_types::leaf::{KeyRole, Parameters, Standing, TypeRules};
use hefu_types::operation::{
    ActivateRules, AddKey, CouncilAction, CouncilChange, CouncilSignature, DeclareCompromise,
    NewValidator, RetireKey, SetCouncil, SetRegistrar, SetStanding, SetValidators,
    OPERATION_BYTES_MAX,
};
use hefu_types::suite::SecretKey;
use hefu_types::{ActionId, KeyId, NetworkDigest, PublicKey, Signature, Suite};
use serde::{Deserialize, Serialize};

/// The longest action file in bytes: words, bytes and the signatures of all seats.
pub const ACTION_FILE_BYTES_MAX: usize = 256 * 1024;
/// The most signatures in a file.
const SIGNATURES_MAX: usize = 64;

/// An action on its way from seat to seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionFile {
    /// The network.
    pub network: NetworkDigest,
    /// What is done, to read.
    pub action: ReadableAction,
    /// The same as it is signed: canonical CBOR, hexadecimal.
    pub cbor: String,
    /// Who has signed.
    #[serde(default)]
    pub signatures: Vec<SeatSignature>,
}

/// What a person writes to begin with: the changes, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The decision that is carried out.
    #[serde(default)]
    pub reason: Option<String>,
    /// The changes, in their order.
    pub changes: Vec<Change>,
}

/// [`CouncilAction`], to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadableAction {
    /// Random.
    pub id: ActionId,
    /// The epoch of the council that signs it.
    pub council_epoch: u64,
    /// It may be executed before this time.
    pub valid_before: Moment,
    /// The decision that it carries out.
    pub reason: String,
    /// The changes, in their order.
    pub changes: Vec<Change>,
}

/// [`CouncilChange`], to read and to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant)] // A file holds a handful.
pub enum Change {
    /// Adds a document type, or changes one.
    Type(TypeRules),
    /// Adds a region, or renames one.
    Region(Region),
    /// Admits a registrar, or changes its rights.
    Registrar(SetRegistrar),
    /// Suspends, resumes or retires.
    Standing {
        /// Whom.
        of: HolderName,
        /// From now on.
        standing: Standing,
        /// Why.
        reason: String,
    },
    /// Gives a holder another key.
    AddKey {
        /// Whose it is.
        holder: HolderName,
        /// The key.
        key: ProvenKey,
        /// What it may sign.
        role: KeyRole,
        /// It signs from this time on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_from: Option<Moment>,
        /// It signs before this time.
        valid_before: Moment,
    },
    /// Retires a key.
    RetireKey {
        /// The key.
        key: KeyId,
    },
    /// Declares that somebody else has a key.
    Compromise {
        /// The key.
        key: KeyId,
        /// What it signed from this time on is doubtful.
        since: Moment,
        /// Why.
        reason: String,
    },
    /// Writes the next set of validators.
    Validators {
        /// Who leaves, by name.
        #[serde(default)]
        remove: Vec<String>,
        /// Who comes.
        #[serde(default)]
        add: Vec<NewValidator>,
    },
    /// Activates a version of the rules.
    Rules {
        /// The version.
        version: u32,
        /// The first height that is executed under it.
        height: u64,
    },
    /// Sets what holds for all nodes.
    Parameters(Parameters),
    /// Gives the council other seats.
    Council {
        /// How many seats must sign.
        threshold: u32,
        /// The seats.
        seats: Vec<Seat>,
    },
}

impl From<Change> for CouncilChange {
    fn from(change: Change) -> Self {
        match change {
            Change::Type(rules) => Self::SetType(rules),
            Change::Region(region) => Self::SetRegion(region),
            Change::Registrar(set) => Self::SetRegistrar(set),
            Change::Standing {
                of,
                standing,
                reason,
            } => Self::SetStanding(SetStanding {
                of: of.into(),
                standing,
                reason,
            }),
            Change::AddKey {
                holder,
                key,
                role,
                valid_from,
                valid_before,
            } => Self::AddKey(AddKey {
                holder: holder.into(),
                key,
                role,
                valid_from: valid_from.map(|from| from.0),
                valid_before: valid_before.0,
            }),
            Change::RetireKey { key } => Self::RetireKey(RetireKey { key }),
            Change::Compromise { key, since, reason } => {
                Self::DeclareCompromise(DeclareCompromise {
                    key,
                    since: since.0,
                    reason,
                })
            }
            Change::Validators { remove, add } => {
                Self::SetValidators(SetValidators { remove, add })
            }
            Change::Rules { version, height } => {
                Self::ActivateRules(ActivateRules { version, height })
            }
            Change::Parameters(parameters) => Self::SetParameters(parameters),
            Change::Council { threshold, seats } => {
                Self::SetCouncil(SetCouncil { threshold, seats })
            }
        }
    }
}

impl From<CouncilChange> for Change {
    fn from(change: CouncilChange) -> Self {
        match change {
            CouncilChange::SetType(rules) => Self::Type(rules),
            CouncilChange::SetRegion(region) => Self::Region(region),
            CouncilChange::SetRegistrar(set) => Self::Registrar(set),
            CouncilChange::SetStanding(set) => Self::Standing {
                of: set.of.into(),
                standing: set.standing,
                reason: set.reason,
            },
            CouncilChange::AddKey(add) => Self::AddKey {
                holder: add.holder.into(),
                key: add.key,
                role: add.role,
                valid_from: add.valid_from.map(Moment),
                valid_before: Moment(add.valid_before),
            },
            CouncilChange::RetireKey(retire) => Self::RetireKey { key: retire.key },
            CouncilChange::DeclareCompromise(declare) => Self::Compromise {
                key: declare.key,
                since: Moment(declare.since),
                reason: declare.reason,
            },
            CouncilChange::SetValidators(set) => Self::Validators {
                remove: set.remove,
                add: set.add,
            },
            CouncilChange::ActivateRules(rules) => Self::Rules {
                version: rules.version,
                height: rules.height,
            },
            CouncilChange::SetParameters(parameters) => Self::Parameters(parameters),
            CouncilChange::SetCouncil(set) => Self::Council {
                threshold: set.threshold,
                seats: set.seats,
            },
        }
    }
}

impl From<CouncilAction> for ReadableAction {
    fn from(action: CouncilAction) -> Self {
        Self {
            id: action.id,
            council_epoch: action.council_epoch,
            valid_before: Moment(action.valid_before),
            reason: action.reason,
            changes: action.changes.into_iter().map(Change::from).collect(),
        }
    }
}

/// One seat's signature, with the key that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatSignature {
    /// The seat, as its key file names it. The council's leaf says which key has which seat.
    pub seat: String,
    /// The public key.
    pub public_key: PublicKey,
    /// Over [`CouncilAction::preimage`].
    pub signature: Signature,
}

/// A signature that travels by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureFile {
    /// The network.
    pub network: NetworkDigest,
    /// The action.
    pub action: ActionId,
    /// Who has signed.
    pub signature: SeatSignature,
}

/// Why an action file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionFileError {
    /// The bytes are no action.
    NoAction(String),
    /// What is read is not what is signed.
    OtherWords,
    /// It is of another network.
    OtherNetwork,
    /// The signature is of another action.
    OtherAction,
    /// A seat stands twice.
    Twice(String),
    /// A signature does not hold.
    BadSignature(String),
    /// More signatures than any council has seats.
    TooMany,
}

impl std::fmt::Display for ActionFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAction(why) => write!(f, "its cbor is no action: {why}"),
            Self::OtherWords => f.write_str(
                "its readable part is not what its cbor says, and only the cbor is signed: somebody altered \
                 it, so take it from whoever proposed it again",
            ),
            Self::OtherNetwork => f.write_str("it is of another network: give that network's file"),
            Self::OtherAction => f.write_str("it is a signature of another action"),
            Self::Twice(seat) => write!(f, "the seat {seat:?} has signed already, and signs once"),
            Self::BadSignature(seat) => write!(
                f,
                "the signature of the seat {seat:?} does not hold for this action: let it sign again"
            ),
            Self::TooMany => f.write_str("it has more signatures than any council has seats"),
        }
    }
}

impl std::error::Error for ActionFileError {}

impl From<DecodeError> for ActionFileError {
    fn from(error: DecodeError) -> Self {
        Self::NoAction(error.to_string())
    }
}

impl SeatSignature {
    /// Signs an action for a seat.
    pub fn new(
        seat: &str,
        secret: &SecretKey,
        network: &NetworkDigest,
        action: &CouncilAction,
    ) -> Self {
        Self {
            seat: seat.to_owned(),
            public_key: secret.public_key(),
            signature: secret.sign_council(network, action),
        }
    }

    /// Whether the key has signed the action. Whether it has a seat is the ledger's to say.
    pub fn holds(&self, suite: Suite, network: &NetworkDigest, action: &CouncilAction) -> bool {
        let preimage = action.preimage(network);
        suite
            .verify(&self.public_key, &preimage, &self.signature)
            .is_ok()
    }
}

impl ActionFile {
    /// The file of an action that nobody has signed.
    pub fn new(network: NetworkDigest, action: CouncilAction) -> Self {
        Self {
            network,
            cbor: hex::encode(action.encode()),
            action: action.into(),
            signatures: Vec::new(),
        }
    }

    /// What is signed. Refuses a file of another network, words that are not of these bytes, a seat that
    /// stands twice, and a signature that does not hold.
    pub fn read(
        &self,
        suite: Suite,
        network: &NetworkDigest,
    ) -> Result<CouncilAction, ActionFileError> {
        if self.network != *network {
            return Err(ActionFileError::OtherNetwork);
        }
        let no_action = |why: &str| ActionFileError::NoAction(why.to_owned());
        if self.cbor.len() > 2 * OPERATION_BYTES_MAX {
            return Err(no_action("it is longer than an operation may be"));
        }
        let bytes = hex::decode(&self.cbor).map_err(|_| no_action("it is not hexadecimal"))?;
        let action = CouncilAction::decode(&bytes)?;
        if ReadableAction::from(action.clone()) != self.action {
            return Err(ActionFileError::OtherWords);
        }
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(ActionFileError::TooMany);
        }
        let mut alone = Self {
            signatures: Vec::new(),
            ..self.clone()
        };
        for signature in &self.signatures {
            alone.add(suite, &action, signature.clone())?;
        }
        Ok(action)
    }

    /// Adds a signature of the action, once for each seat and key.
    pub fn add(
        &mut self,
        suite: Suite,
        action: &CouncilAction,
        signature: SeatSignature,
    ) -> Result<(), ActionFileError> {
        if self.has(&signature) {
            return Err(ActionFileError::Twice(signature.seat));
        }
        if !signature.holds(suite, &self.network, action) {
            return Err(ActionFileError::BadSignature(signature.seat));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Whether the seat, or its key, has signed.
    pub fn has(&self, signature: &SeatSignature) -> bool {
        (self.signatures.iter())
            .any(|own| own.seat == signature.seat || own.public_key == signature.public_key)
    }

    /// The signatures as the ledger takes them: ascending by key.
    pub fn council_signatures(&self, suite: Suite) -> Vec<CouncilSignature> {
        let of = |own: &SeatSignature| CouncilSignature {
            key: suite.key_id(&own.public_key),
            signature: own.signature,
        };
        let mut signatures: Vec<CouncilSignature> = self.signatures.iter().map(of).collect();
        signatures.sort_by_key(|signature| signature.key);
        signatures
    }
}

#[cfg(test)]
mod tests;
