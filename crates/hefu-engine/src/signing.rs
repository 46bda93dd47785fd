//! What the engine's messages are signed over.
//!
//! All signatures go through [`Suite`] and `SecretKey::sign_consensus`, whose preimage names the
//! network and the purpose. The bodies below add the epoch. Integers are big-endian.
//!
//! | purpose | body |
//! | --- | --- |
//! | vote | type (1 prevote, 2 precommit) · epoch · height · round (4 bytes) · 0, or 1 and value id |
//! | proposal | epoch · height · round (4 bytes) · POL round (8 bytes, -1 for none) · value id |
//! | head of parts | epoch · height · round (4 bytes) · proposer · value id · length of the block |
//!
//! The address of the voter is left out, so that all signatures of one certificate are over the
//! same bytes. What one validator may say only once in its slot is the rest after a prefix
//! ([`slot_bytes`]): two bodies of one prefix that differ are equivocation ([`crate::evidence`]).

use crate::context::{defined, engine_bytes, HefuContext, Proposal, Vote};
use crate::parts::Head;
use arc_malachitebft_core_types as engine;
use arc_malachitebft_signing::{Error, Signer, VerificationResult, Verifier};
use async_trait::async_trait;
use borsh::{BorshDeserialize, BorshSerialize};
use engine::{
    NilOrVal, SignedMessage, SigningScheme, ValidatorProof, VoteExtensionScope, VoteType,
};
use hefu_types::suite::{consensus_preimage, ConsensusPurpose, SecretKey};
use hefu_types::{NetworkDigest, PublicKey, Signature, Suite};
use std::array::TryFromSliceError;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

engine_bytes!(
    /// A signature as the engine carries it.
    EngineSignature(Signature)
);

/// The suite's signatures under the names that the engine asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scheme;

impl SigningScheme for Scheme {
    type DecodingError = TryFromSliceError;
    type Signature = EngineSignature;
    type PublicKey = PublicKey;
    type PrivateKey = SecretKey;

    fn decode_signature(bytes: &[u8]) -> Result<EngineSignature, TryFromSliceError> {
        Signature::try_from(bytes).map(EngineSignature)
    }

    fn encode_signature(signature: &EngineSignature) -> Vec<u8> {
        signature.0 .0.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, TryFromSliceError> {
        PublicKey::try_from(bytes)
    }

    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        key.0.to_vec()
    }
}

/// The epochs of the last heights, which the engine's messages do not carry.
///
/// The application loop writes the epoch of a height before the engine starts it; the engine's
/// actor reads it when it signs and verifies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epochs(Arc<RwLock<BTreeMap<u64, u64>>>);

impl Epochs {
    /// States the epoch of a height and forgets those of long ago.
    pub fn set(&self, height: u64, epoch: u64) {
        // Late votes of the height before are still verified; earlier ones the engine drops.
        let oldest = height.saturating_sub(2);
        let mut epochs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        epochs.retain(|known, _| *known >= oldest);
        epochs.insert(height, epoch);
    }

    /// The epoch of one of the last heights.
    pub fn of(&self, height: u64) -> Option<u64> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&height)
            .copied()
    }
}

/// The body of a vote. Nil rounds are not signed.
pub(crate) fn vote_body(epoch: u64, vote: &Vote) -> Option<Vec<u8>> {
    let mut body = vec![match vote.kind {
        VoteType::Prevote => 1,
        VoteType::Precommit => 2,
    }];
    body.extend_from_slice(&epoch.to_be_bytes());
    body.extend_from_slice(&vote.height.0.to_be_bytes());
    body.extend_from_slice(&defined(vote.round).ok()?.to_be_bytes());
    match &vote.value {
        NilOrVal::Nil => body.push(0),
        NilOrVal::Val(value) => {
            body.push(1);
            body.extend_from_slice(&value.0 .0);
        }
    }
    Some(body)
}

/// The body of a proposal. Nil rounds are not signed.
pub(crate) fn proposal_body(epoch: u64, proposal: &Proposal) -> Option<Vec<u8>> {
    let mut body = epoch.to_be_bytes().to_vec();
    body.extend_from_slice(&proposal.height.0.to_be_bytes());
    body.extend_from_slice(&defined(proposal.round).ok()?.to_be_bytes());
    body.extend_from_slice(&proposal.pol_round.as_i64().to_be_bytes());
    body.extend_from_slice(&proposal.value.0 .0);
    Some(body)
}

/// How many leading bytes of a body name its slot: type, epoch, height, round.
pub(crate) const fn slot_bytes(purpose: ConsensusPurpose) -> usize {
    match purpose {
        ConsensusPurpose::Vote => 1 + 8 + 8 + 4,
        _ => 8 + 8 + 4,
    }
}

fn head_body(epoch: u64, head: &Head) -> Vec<u8> {
    let mut body = epoch.to_be_bytes().to_vec();
    body.extend_from_slice(&head.height.to_be_bytes());
    body.extend_from_slice(&head.round.to_be_bytes());
    body.extend_from_slice(&head.proposer.0 .0);
    body.extend_from_slice(&head.block.0 .0);
    body.extend_from_slice(&head.length.to_be_bytes());
    body
}

/// Verifies what other validators signed.
#[derive(Clone, Debug)]
pub(crate) struct Signatures {
    pub suite: Suite,
    pub network: NetworkDigest,
    pub epochs: Epochs,
}

impl Signatures {
    /// Whether the key signed the body. A body that cannot be made (nil round, epoch unknown) was
    /// not signed.
    fn verify(
        &self,
        key: &PublicKey,
        purpose: ConsensusPurpose,
        body: Option<Vec<u8>>,
        signature: &EngineSignature,
    ) -> VerificationResult {
        let valid = body.is_some_and(|body| {
            let message = consensus_preimage(&self.network, purpose, &body);
            self.suite.verify(key, &message, &signature.0).is_ok()
        });
        VerificationResult::from_bool(valid)
    }

    /// Whether the proposer's key signed the head of a block of a height of this epoch.
    pub fn verify_head(
        &self,
        epoch: u64,
        key: &PublicKey,
        head: &Head,
        signature: &EngineSignature,
    ) -> bool {
        let body = Some(head_body(epoch, head));
        self.verify(key, ConsensusPurpose::ProposalParts, body, signature)
            .is_valid()
    }
}

#[async_trait]
impl Verifier<HefuContext> for Signatures {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &EngineSignature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let body = self
            .epochs
            .of(vote.height.0)
            .and_then(|epoch| vote_body(epoch, vote));
        Ok(self.verify(key, ConsensusPurpose::Vote, body, signature))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &EngineSignature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let epoch = self.epochs.of(proposal.height.0);
        let body = epoch.and_then(|epoch| proposal_body(epoch, proposal));
        Ok(self.verify(key, ConsensusPurpose::Proposal, body, signature))
    }

    async fn verify_signed_vote_extension(
        &self,
        _: &VoteExtensionScope<HefuContext>,
        _: &(),
        _: &EngineSignature,
        _: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(
        &self,
        proof: &ValidatorProof<HefuContext>,
    ) -> Result<VerificationResult, Error> {
        let Ok(key) = proof.decoded_public_key() else {
            return Ok(VerificationResult::Invalid);
        };
        let body = Some(proof.preimage());
        Ok(self.verify(&key, ConsensusPurpose::PeerBinding, body, &proof.signature))
    }
}

/// Signs what this validator says.
#[derive(Clone)]
pub(crate) struct ConsensusKey {
    pub signatures: Signatures,
    pub secret: SecretKey,
}

impl fmt::Debug for ConsensusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.secret.fmt(f)
    }
}

impl ConsensusKey {
    fn sign(&self, purpose: ConsensusPurpose, body: &[u8]) -> EngineSignature {
        EngineSignature(
            self.secret
                .sign_consensus(&self.signatures.network, purpose, body),
        )
    }

    /// Signs the head of one's own block.
    pub fn sign_head(&self, epoch: u64, head: &Head) -> EngineSignature {
        self.sign(ConsensusPurpose::ProposalParts, &head_body(epoch, head))
    }

    /// Binds this consensus key to a libp2p key.
    pub fn bind_peer(&self, peer: &[u8]) -> ValidatorProof<HefuContext> {
        let key = self.secret.public_key().0.to_vec();
        let body = ValidatorProof::<HefuContext>::signing_bytes(&key, peer);
        let signature = self.sign(ConsensusPurpose::PeerBinding, &body);
        ValidatorProof::new(key, peer.to_vec(), signature)
    }
}

/// The engine signs only in heights that it started, and those have an epoch.
fn not_started() -> Error {
    Error::from_source("asked to sign in a height that was not started, or in no round")
}

#[async_trait]
impl Signer<HefuContext> for ConsensusKey {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<HefuContext, Vote>, Error> {
        let epoch = self
            .signatures
            .epochs
            .of(vote.height.0)
            .ok_or_else(not_started)?;
        let body = vote_body(epoch, &vote).ok_or_else(not_started)?;
        Ok(SignedMessage::new(
            vote,
            self.sign(ConsensusPurpose::Vote, &body),
        ))
    }

    async fn sign_proposal(
        &self,
        proposal: Proposal,
    ) -> Result<SignedMessage<HefuContext, Proposal>, Error> {
        let epoch = self
            .signatures
            .epochs
            .of(proposal.height.0)
            .ok_or_else(not_started)?;
        let body = proposal_body(epoch, &proposal).ok_or_else(not_started)?;
        Ok(SignedMessage::new(
            proposal,
            self.sign(ConsensusPurpose::Proposal, &body),
        ))
    }

    async fn sign_vote_extension(
        &self,
        _: VoteExtensionScope<HefuContext>,
        (): (),
    ) -> Result<SignedMessage<HefuContext, ()>, Error> {
        Err(Error::from_source("vote extensions are disabled"))
    }

    async fn sign_validator_proof(
        &self,
        _: Vec<u8>,
        peer: Vec<u8>,
    ) -> Result<ValidatorProof<HefuContext>, Error> {
        Ok(self.bind_peer(&peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Address, Height, ValueId};
    use engine::Round;
    use hefu_types::BlockId;

    const SUITE: Suite = Suite::Sha256Ed25519;

    fn key(network: u8, epoch: u64) -> ConsensusKey {
        let epochs = Epochs::default();
        epochs.set(7, epoch);
        let network = NetworkDigest([network; 32]);
        ConsensusKey {
            signatures: Signatures {
                suite: SUITE,
                network,
                epochs,
            },
            secret: SecretKey::from_seed(SUITE, &[9; 32]),
        }
    }

    fn vote(height: u64) -> Vote {
        Vote {
            kind: VoteType::Precommit,
            height: Height(height),
            round: Round::new(1),
            value: NilOrVal::Val(ValueId(BlockId([3; 32]))),
            voter: Address(SUITE.key_id(&PublicKey([0; 32]))),
        }
    }

    #[tokio::test]
    async fn a_vote_counts_in_its_network_and_epoch_only() {
        let signed = key(1, 5)
            .sign_vote(vote(7))
            .await
            .expect("height 7 is started");
        let public = key(1, 5).secret.public_key();
        let counts = |verifier: ConsensusKey, vote: Vote| {
            let (public, signature) = (public, signed.signature);
            async move {
                let result = verifier
                    .signatures
                    .verify_signed_vote(&vote, &signature, &public);
                result.await.expect("local").is_valid()
            }
        };
        assert!(counts(key(1, 5), vote(7)).await);
        assert!(!counts(key(2, 5), vote(7)).await, "another network");
        assert!(!counts(key(1, 6), vote(7)).await, "another epoch");
        assert!(
            !counts(key(1, 5), vote(8)).await,
            "a height that was not started"
        );
        assert!(
            !counts(
                key(1, 5),
                Vote {
                    kind: VoteType::Prevote,
                    ..vote(7)
                }
            )
            .await
        );
        assert!(
            !counts(
                key(1, 5),
                Vote {
                    round: Round::Nil,
                    ..vote(7)
                }
            )
            .await
        );
        let other = Address(SUITE.key_id(&public));
        assert!(
            counts(
                key(1, 5),
                Vote {
                    voter: other,
                    ..vote(7)
                }
            )
            .await,
            "address left out"
        );
    }

    #[test]
    fn the_slot_of_a_body_is_its_prefix() {
        let bodies = [
            vote_body(5, &vote(7)),
            vote_body(
                5,
                &Vote {
                    value: NilOrVal::Nil,
                    ..vote(7)
                },
            ),
        ];
        let [Some(one), Some(other)] = bodies else {
            panic!("rounds are defined")
        };
        let slot = slot_bytes(ConsensusPurpose::Vote);
        assert_eq!(one[..slot], other[..slot]);
        assert_ne!(one, other);
    }
}
