//! Evidence that a validator said two things where it may say one.
//!
//! It stands alone: whoever has the network digest and the suite verifies it without the engine. The
//! file holds a version, the purpose, the offender's key, and two bodies ([`crate::signing`]) of one
//! slot that differ, each with the offender's signature.

use crate::context::HefuContext;
use crate::signing::{proposal_body, slot_bytes, vote_body};
use arc_malachitebft_app::types::MisbehaviorEvidence;
use arc_malachitebft_core_types as engine;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use hefu_types::suite::{consensus_preimage, ConsensusPurpose};
use hefu_types::{NetworkDigest, PublicKey, Signature, Suite};

/// What was said twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    /// Two votes of one type in one round.
    Votes,
    /// Two proposals in one round.
    Proposals,
}

/// Verified evidence of equivocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The consensus key that signed both.
    pub offender: PublicKey,
    /// The height in which it did.
    pub height: u64,
    /// What it signed twice.
    pub kind: EvidenceKind,
    /// The file to be stored and served; [`Evidence::verify`] reads it.
    pub bytes: Bytes,
}

/// Bytes that prove nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEvidence {
    /// Not a file of evidence.
    #[error("not a file of evidence")]
    Malformed,
    /// The two things may both be said.
    #[error("the two messages do not contradict each other")]
    NoContradiction,
    /// The key did not sign both.
    #[error("a signature does not verify")]
    BadSignature,
}

const VERSION: u8 = 0;
/// Two bodies and signatures have less.
const BYTES_MAX: usize = 1024;

#[derive(BorshSerialize, BorshDeserialize)]
struct File {
    version: u8,
    proposals: bool,
    offender: [u8; 32],
    said: [(Vec<u8>, [u8; 64]); 2],
}

impl Evidence {
    /// Reads and verifies a file of evidence.
    pub fn verify(
        bytes: &[u8],
        suite: Suite,
        network: &NetworkDigest,
    ) -> Result<Self, BadEvidence> {
        if bytes.len() > BYTES_MAX {
            return Err(BadEvidence::Malformed);
        }
        let file = File::try_from_slice(bytes).map_err(|_| BadEvidence::Malformed)?;
        if file.version != VERSION {
            return Err(BadEvidence::Malformed);
        }
        let (kind, purpose) = if file.proposals {
            (EvidenceKind::Proposals, ConsensusPurpose::Proposal)
        } else {
            (EvidenceKind::Votes, ConsensusPurpose::Vote)
        };
        let slot = slot_bytes(purpose);
        let [(one, _), (other, _)] = &file.said;
        let (Some(one_slot), Some(other_slot)) = (one.get(..slot), other.get(..slot)) else {
            return Err(BadEvidence::Malformed);
        };
        if one_slot != other_slot || one == other {
            return Err(BadEvidence::NoContradiction);
        }
        let offender = PublicKey(file.offender);
        for (body, signature) in &file.said {
            suite
                .verify(
                    &offender,
                    &consensus_preimage(network, purpose, body),
                    &Signature(*signature),
                )
                .map_err(|_| BadEvidence::BadSignature)?;
        }
        // A slot ends with height and round: 8 and 4 bytes.
        let height = one_slot[slot - 12..slot - 4]
            .try_into()
            .map_err(|_| BadEvidence::Malformed)?;
        let height = u64::from_be_bytes(height);
        Ok(Self {
            offender,
            height,
            kind,
            bytes: Bytes::copy_from_slice(bytes),
        })
    }
}

/// What a message and its signature are in a file.
type Said = Option<(Vec<u8>, [u8; 64])>;

/// The evidence that the engine collected in a height, each verified once more. `key` names the
/// validators of that height by their addresses.
pub(crate) fn collected(
    suite: Suite,
    network: &NetworkDigest,
    epoch: u64,
    key: impl Fn(&crate::context::Address) -> Option<PublicKey>,
    found: &MisbehaviorEvidence<HefuContext>,
) -> Vec<Evidence> {
    let vote = |signed: &engine::SignedVote<HefuContext>| -> Said {
        Some((vote_body(epoch, &signed.message)?, signed.signature.0 .0))
    };
    let proposal = |signed: &engine::SignedProposal<HefuContext>| -> Said {
        Some((
            proposal_body(epoch, &signed.message)?,
            signed.signature.0 .0,
        ))
    };
    let votes = found.votes.iter().flat_map(|(address, pairs)| {
        pairs
            .iter()
            .map(move |(one, other)| (address, false, vote(one), vote(other)))
    });
    let proposals = found.proposals.iter().flat_map(|(address, pairs)| {
        pairs
            .iter()
            .map(move |(one, other)| (address, true, proposal(one), proposal(other)))
    });
    votes
        .chain(proposals)
        .filter_map(|(address, proposals, one, other)| {
            let said = [one?, other?];
            let file = File {
                version: VERSION,
                proposals,
                offender: key(address)?.0,
                said,
            };
            Evidence::verify(&borsh::to_vec(&file).ok()?, suite, network).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Address, Height, ValueId, Vote};
    use engine::{NilOrVal, Round, VoteType};
    use hefu_types::suite::SecretKey;
    use hefu_types::BlockId;

    const SUITE: Suite = Suite::Sha256Ed25519;
    const NETWORK: NetworkDigest = NetworkDigest([4; 32]);

    fn file(rounds: [u32; 2], values: [u8; 2]) -> Vec<u8> {
        let secret = SecretKey::from_seed(SUITE, &[1; 32]);
        let said = [0, 1].map(|which| {
            let vote = Vote {
                kind: VoteType::Prevote,
                height: Height(9),
                round: Round::new(rounds[which]),
                value: NilOrVal::Val(ValueId(BlockId([values[which]; 32]))),
                voter: Address(secret.key_id()),
            };
            let body = vote_body(3, &vote).expect("a round");
            let signature = secret.sign_consensus(&NETWORK, ConsensusPurpose::Vote, &body);
            (body, signature.0)
        });
        let offender = secret.public_key().0;
        borsh::to_vec(&File {
            version: VERSION,
            proposals: false,
            offender,
            said,
        })
        .expect("memory")
    }

    fn check(bytes: &[u8]) -> Result<(u64, EvidenceKind), BadEvidence> {
        Evidence::verify(bytes, SUITE, &NETWORK).map(|evidence| (evidence.height, evidence.kind))
    }

    #[test]
    fn two_votes_in_one_round_are_evidence() {
        assert_eq!(check(&file([2, 2], [5, 6])), Ok((9, EvidenceKind::Votes)));
        assert_eq!(
            check(&file([2, 3], [5, 6])),
            Err(BadEvidence::NoContradiction)
        );
        assert_eq!(
            check(&file([2, 2], [5, 5])),
            Err(BadEvidence::NoContradiction)
        );
        assert_eq!(check(b"no file"), Err(BadEvidence::Malformed));
        let elsewhere = Evidence::verify(&file([2, 2], [5, 6]), SUITE, &NetworkDigest([5; 32]));
        assert_eq!(elsewhere, Err(BadEvidence::BadSignature));
        let mut forged = file([2, 2], [5, 6]);
        *forged.last_mut().expect("not empty") ^= 1;
        assert_eq!(check(&forged), Err(BadEvidence::BadSignature));
    }
}
