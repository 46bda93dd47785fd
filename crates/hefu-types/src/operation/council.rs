//! Acts of the council: it governs types, regions, registrars, validators, parameters and rules.
//!
//! The seats sign an action offline, each for itself; anybody who has a key on the ledger brings it with
//! enough signatures. The preimage fixes the purpose, the network and the action, which names the
//! council's epoch, its end and a random id: it serves once, for one council, in its time.

use super::{AddKey, DeclareCompromise, RetireKey, SetRegistrar, SetStanding};
use crate::bytes::{ActionId, KeyId, NetworkDigest, Signature};
use crate::canonical::{self, DecodeError};
use crate::genesis::{GenesisValidator, Region, Seat};
use crate::leaf::{Addresses, Parameters, TypeRules};
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// The most changes of an action.
pub const CHANGES_MAX: usize = 16;
/// How far ahead an action may end, in milliseconds: signatures are collected by hand.
pub const ACTION_AHEAD_MS_MAX: u64 = 90 * 24 * Millis::HOUR;
/// How far ahead a version of the rules may be activated, in blocks.
pub const ACTIVATION_AHEAD_MAX: u64 = 100_000_000;

/// See [`super::Operation::Govern`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Govern {
    /// What is done.
    #[n(0)]
    pub action: CouncilAction,
    /// The signatures of as many seats as must sign, or more, ascending by key.
    #[n(1)]
    pub signatures: Vec<CouncilSignature>,
}

/// What the council does: all of it, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CouncilAction {
    /// Random.
    #[n(0)]
    pub id: ActionId,
    /// The epoch of the council that signs it.
    #[n(1)]
    pub council_epoch: u64,
    /// It may be executed before this block time.
    #[n(2)]
    pub valid_before: Millis,
    /// Why, in words: the decision that it carries out.
    #[n(3)]
    pub reason: String,
    /// The changes, in their order.
    #[n(4)]
    pub changes: Vec<CouncilChange>,
}

/// One thing that the council changes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant)] // An action holds a handful.
pub enum CouncilChange {
    /// Adds a document type, or changes one.
    #[n(0)]
    SetType(#[n(0)] TypeRules),
    /// Adds a region, or renames one.
    #[n(1)]
    SetRegion(#[n(0)] Region),
    /// Admits a registrar of a region, or changes its rights.
    #[n(2)]
    SetRegistrar(#[n(0)] SetRegistrar),
    /// Suspends, resumes or retires a registrar, an agency or a member.
    #[n(3)]
    SetStanding(#[n(0)] SetStanding),
    /// Gives a registrar, an agency or a member another key.
    #[n(4)]
    AddKey(#[n(0)] AddKey),
    /// Retires a key.
    #[n(5)]
    RetireKey(#[n(0)] RetireKey),
    /// Declares that somebody else has a key.
    #[n(6)]
    DeclareCompromise(#[n(0)] DeclareCompromise),
    /// Writes the next set of validators.
    #[n(7)]
    SetValidators(#[n(0)] SetValidators),
    /// Activates a version of the rules.
    #[n(8)]
    ActivateRules(#[n(0)] ActivateRules),
    /// Sets what holds for all nodes.
    #[n(9)]
    SetParameters(#[n(0)] Parameters),
    /// Gives the council other seats; its epoch goes on by one.
    #[n(10)]
    SetCouncil(#[n(0)] SetCouncil),
}

/// The next set: that in force without those who leave, and those who come after them, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetValidators {
    /// Who leaves, by name.
    #[n(0)]
    pub remove: Vec<String>,
    /// Who comes.
    #[n(1)]
    pub add: Vec<NewValidator>,
}

/// A validator that comes into the set.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct NewValidator {
    /// Name, region and four keys with their proofs of possession.
    #[n(0)]
    pub validator: GenesisValidator,
    /// Where the others reach it.
    #[n(1)]
    pub addresses: Addresses,
}

/// A version of the rules and the first height that is executed under it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ActivateRules {
    /// The version, greater than that in force.
    #[n(0)]
    pub version: u32,
    /// The height, greater than that of the block that decides this.
    #[n(1)]
    pub height: u64,
}

/// The whole council from now on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetCouncil {
    /// How many seats must sign.
    #[n(0)]
    pub threshold: u32,
    /// The seats. One that keeps its key keeps its proof of possession.
    #[n(1)]
    pub seats: Vec<Seat>,
}

/// One seat's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct CouncilSignature {
    /// The seat's key.
    #[n(0)]
    pub key: KeyId,
    /// Over [`CouncilAction::preimage`].
    #[n(1)]
    pub signature: Signature,
}

impl CouncilAction {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads the bytes of an action.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, super::OPERATION_BYTES_MAX)
    }

    /// The bytes that a seat signs.
    pub fn preimage(&self, network: &NetworkDigest) -> Vec<u8> {
        let action = self.encode();
        let mut bytes = b"hefu/council/0".to_vec();
        for part in [network.0.as_slice(), &action] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}
