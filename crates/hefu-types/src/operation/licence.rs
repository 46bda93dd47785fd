//! What becomes of a licence: withheld, withdrawn, renewed, moved to another region, lent.

use super::{MemberOpening, RightProof};
use crate::bytes::{CopyNumber, Digest, FactRoot, Hash, NetworkDigest, Salt, Signature, StateKey};
use crate::canonical;
use crate::suite::Suite;
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// See [`super::Operation::Suspend`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Suspend {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Why.
    #[n(1)]
    pub reason: String,
    /// It ends by itself at this time; absent: when it is resumed.
    #[n(2)]
    pub until: Option<Millis>,
}

/// See [`super::Operation::Resume`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Resume {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Why.
    #[n(1)]
    pub reason: String,
}

/// See [`super::Operation::Annul`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Annul {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Why.
    #[n(1)]
    pub reason: String,
    /// From when on it counts as never granted; absent: from its registration on. Not in the future.
    #[n(2)]
    pub effective_at: Option<Millis>,
}

/// See [`super::Operation::Renew`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Renew {
    /// The record of the licence that is superseded.
    #[n(0)]
    pub record: StateKey,
    /// The record of the renewed or changed one: registered before, for the same type, region and
    /// legal issuer, and renewing nothing else.
    #[n(1)]
    pub by: StateKey,
    /// Why: renewal, or what was changed.
    #[n(2)]
    pub reason: String,
}

/// See [`super::Operation::TransferOut`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TransferOut {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// The region to which it goes.
    #[n(1)]
    pub to: String,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// See [`super::Operation::TransferIn`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TransferIn {
    /// The record of the new licence, registered before for this region.
    #[n(0)]
    pub record: StateKey,
    /// The record of the licence that left the other region.
    #[n(1)]
    pub from: StateKey,
}

/// See [`super::Operation::CancelTransfer`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CancelTransfer {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Why.
    #[n(1)]
    pub reason: String,
}

/// See [`super::Operation::Lend`]. The copy has a record of its own, under
/// [`crate::key::copy`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lend {
    /// The record of the licence.
    #[n(0)]
    pub record: StateKey,
    /// What is lent.
    #[n(1)]
    pub terms: LendTerms,
    /// Shows that the licence's holder agrees. A member that lends shows its right so.
    #[n(2)]
    pub consent: Option<HolderConsent>,
}

/// A copy for one use.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LendTerms {
    /// Random: it names the copy among those of its licence.
    #[n(0)]
    pub number: CopyNumber,
    /// The digests of the annotated copy's files, ascending; at least one.
    #[n(1)]
    pub digests: Vec<Digest>,
    /// The one purpose, in words.
    #[n(2)]
    pub purpose: String,
    /// The code of the matter for which it is shown.
    #[n(3)]
    pub matter: String,
    /// The commitment to who may rely on it, see [`copy_user`].
    #[n(4)]
    pub user: Hash,
    /// It is valid before this block time.
    #[n(5)]
    pub valid_before: Millis,
    /// The root over the copy's salted facts, where known.
    #[n(6)]
    pub fact_root: Option<FactRoot>,
}

/// Shows that the holder of a licence agrees to a copy.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HolderConsent {
    /// A signature of the licence's claim key over [`consent_preimage`]: it serves for one copy.
    #[n(0)]
    Claim(#[n(0)] Signature),
    /// The member that signs is the one that the licence names.
    #[n(1)]
    Named(#[n(0)] MemberOpening),
}

impl HolderConsent {
    /// The same right as a use shows it.
    pub fn named(&self) -> Option<RightProof> {
        match self {
            Self::Named(opening) => Some(RightProof::Named(opening.clone())),
            Self::Claim(_) => None,
        }
    }
}

/// The bytes that the holder's claim key signs: that this copy may be made of this licence. Its number
/// is random and serves once.
pub fn consent_preimage(network: &NetworkDigest, record: &StateKey, terms: &LendTerms) -> Vec<u8> {
    let mut bytes = b"hefu/lend/0".to_vec();
    let terms = canonical::encode(terms);
    for part in [network.0.as_slice(), &record.0, &terms] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The commitment in a lending copy to who may rely on it: his name or legal identifier, normalised as
/// in [`super::member_identifier`]. The salt travels with the copy.
pub fn copy_user(suite: Suite, copy: &StateKey, salt: &Salt, user: &str) -> Hash {
    suite.hash(&[b"hefu/copy-user/0", &copy.0, &salt.0, user.as_bytes()])
}
