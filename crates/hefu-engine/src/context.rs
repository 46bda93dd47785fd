//! What Hefu is to the engine: the types that its `Context` asks for.
//!
//! A value is the [`BlockId`] of a block: proposals and votes carry the id alone, and blocks travel
//! as parts ([`crate::parts`]). Power is always 1. There are no vote extensions.

use crate::application::Voter;
use crate::parts::Part;
use crate::signing::Scheme;
use arc_malachitebft_core_types as engine;
use borsh::{BorshDeserialize, BorshSerialize};
use engine::{LinearTimeouts, NilOrVal, Round, SignedExtension, VoteType};
use hefu_types::{BlockId, KeyId, PublicKey, Suite};
use std::fmt;
use std::io;
use std::sync::Arc;

/// The height of a block; 0 is genesis.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
)]
pub(crate) struct Height(pub u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl engine::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    // Heights come from peers (requests of sync): no sum of them may overflow.
    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// Wraps a byte string of `hefu-types` so that the engine's codecs can read and write it.
macro_rules! engine_bytes {
    ($(#[$doc:meta])* $name:ident($inner:ident)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl BorshSerialize for $name {
            fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
                self.0.0.serialize(writer)
            }
        }

        impl BorshDeserialize for $name {
            fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
                BorshDeserialize::deserialize_reader(reader).map(|bytes| Self($inner(bytes)))
            }
        }
    };
}
pub(crate) use engine_bytes;

engine_bytes!(
    /// The address of a validator: the key id of its consensus key.
    Address(KeyId)
);
engine_bytes!(
    /// What is voted on: the id of a whole block.
    ValueId(BlockId)
);

impl engine::Address for Address {}

impl engine::Value for ValueId {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

/// A member of a validator set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    pub address: Address,
    pub key: PublicKey,
}

impl engine::Validator<HefuContext> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn voting_power(&self) -> u64 {
        1
    }
}

/// The validators of a height in the order of the set. There is always at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValidatorSet(Arc<[Validator]>);

impl ValidatorSet {
    /// The set of these voters; `None` if there are none.
    pub fn new(suite: Suite, voters: &[Voter]) -> Option<Self> {
        let validator = |voter: &Voter| Validator {
            address: Address(suite.key_id(&voter.consensus_key)),
            key: voter.consensus_key,
        };
        (!voters.is_empty()).then(|| Self(voters.iter().map(validator).collect()))
    }

    /// Whose turn it is: round-robin over height + round.
    pub fn proposer(&self, height: u64, round: u32) -> &Validator {
        let count = self.0.len() as u64;
        // Reduced before they are added, so that no height overflows the sum.
        let turn = (height % count + u64::from(round) % count) % count;
        &self.0[turn as usize]
    }

    /// The member with this address.
    pub fn by_address(&self, address: &Address) -> Option<&Validator> {
        self.0
            .iter()
            .find(|validator| validator.address == *address)
    }
}

impl engine::ValidatorSet<HefuContext> for ValidatorSet {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> u64 {
        self.0.len() as u64
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.by_address(address)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

/// A prevote or a precommit. The engine compares votes when it replays its log, so equality covers
/// only what it derives again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    pub kind: VoteType,
    pub height: Height,
    pub round: Round,
    pub value: NilOrVal<ValueId>,
    pub voter: Address,
}

impl engine::Vote<HefuContext> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<ValueId> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<ValueId> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Address {
        &self.voter
    }

    fn extension(&self) -> Option<&SignedExtension<HefuContext>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<HefuContext>> {
        None
    }

    fn extend(self, _: SignedExtension<HefuContext>) -> Self {
        self
    }
}

impl BorshSerialize for Vote {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        let round = defined(self.round)?;
        (self.kind, self.height, round, &self.value, self.voter).serialize(writer)
    }
}

impl BorshDeserialize for Vote {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let (kind, height, round, value, voter) =
            <(VoteType, Height, u32, NilOrVal<ValueId>, Address)>::deserialize_reader(reader)?;
        Ok(Self {
            kind,
            height,
            round: Round::new(round),
            value,
            voter,
        })
    }
}

/// A proposal of a value for a round. `pol_round` is the earlier round in which more than two
/// thirds voted for it, nil for a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub height: Height,
    pub round: Round,
    pub value: ValueId,
    pub pol_round: Round,
    pub proposer: Address,
}

impl engine::Proposal<HefuContext> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &ValueId {
        &self.value
    }

    fn take_value(self) -> ValueId {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}

impl BorshSerialize for Proposal {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        let round = defined(self.round)?;
        (
            self.height,
            round,
            self.value,
            self.pol_round.as_u32(),
            self.proposer,
        )
            .serialize(writer)
    }
}

impl BorshDeserialize for Proposal {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let (height, round, value, pol_round, proposer) =
            <(Height, u32, ValueId, Option<u32>, Address)>::deserialize_reader(reader)?;
        let (round, pol_round) = (Round::new(round), Round::from(pol_round));
        Ok(Self {
            height,
            round,
            value,
            pol_round,
            proposer,
        })
    }
}

/// Messages exist in rounds only: on the wire a nil round cannot be said, because the engine
/// panics on the timeouts of one.
pub(crate) fn defined(round: Round) -> io::Result<u32> {
    round
        .as_u32()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a message without a round"))
}

/// The engine's view of Hefu.
#[derive(Clone, Debug)]
pub(crate) struct HefuContext;

impl engine::Context for HefuContext {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = ValidatorSet;
    type Timeouts = LinearTimeouts;
    type Value = ValueId;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Scheme;

    fn select_proposer<'a>(
        &self,
        validators: &'a ValidatorSet,
        height: Height,
        round: Round,
    ) -> &'a Validator {
        validators.proposer(height.0, round.as_u32().unwrap_or(0))
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: ValueId,
        pol_round: Round,
        proposer: Address,
    ) -> Proposal {
        Proposal {
            height,
            round,
            value,
            pol_round,
            proposer,
        }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<ValueId>,
        voter: Address,
    ) -> Vote {
        Vote {
            kind: VoteType::Prevote,
            height,
            round,
            value,
            voter,
        }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<ValueId>,
        voter: Address,
    ) -> Vote {
        Vote {
            kind: VoteType::Precommit,
            height,
            round,
            value,
            voter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_types::suite::SecretKey;

    const SUITE: Suite = Suite::Sha256Ed25519;

    fn set(count: u8) -> ValidatorSet {
        let voters: Vec<_> = (0..count)
            .map(|seed| Voter {
                name: seed.to_string(),
                consensus_key: SecretKey::from_seed(SUITE, &[seed; 32]).public_key(),
            })
            .collect();
        ValidatorSet::new(SUITE, &voters).expect("not empty")
    }

    #[test]
    fn everybody_has_his_turn_in_every_height_and_in_successive_rounds() {
        let set = set(4);
        let turn = |height, round| {
            let proposer = set.proposer(height, round);
            set.0
                .iter()
                .position(|validator| validator == proposer)
                .expect("a member")
        };
        assert_eq!(
            (0..8).map(|h| turn(h, 0)).collect::<Vec<_>>(),
            [0, 1, 2, 3, 0, 1, 2, 3]
        );
        assert_eq!(
            (0..5).map(|r| turn(7, r)).collect::<Vec<_>>(),
            [3, 0, 1, 2, 3]
        );
        // The sum of the largest height and round does not fit into 64 bits.
        assert_eq!(turn(u64::MAX, u32::MAX), 2);
    }

    #[test]
    fn a_set_without_members_does_not_exist() {
        assert_eq!(ValidatorSet::new(SUITE, &[]), None);
    }
}
