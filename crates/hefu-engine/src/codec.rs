//! The bytes of the engine's messages, of its log, and of certificates: Borsh, with a bound on
//! every length before anything is read.
//!
//! Sync's messages and the certificates are written by hand: the engine's own Borsh feature lacks
//! an implementation for the certificates that they contain.

use crate::context::{defined, Address, HefuContext, Height, ValueId};
use crate::parts::Part;
use crate::signing::EngineSignature;
use arc_malachitebft_app::consensus::LivenessMsg;
use arc_malachitebft_app::streaming::{StreamContent, StreamMessage};
use arc_malachitebft_app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app::types::{PeerId, ProposedValue, SignedConsensusMsg};
use arc_malachitebft_core_types::{
    CommitCertificate, ExtendedCommitCertificate, ExtendedCommitSignature, PolkaCertificate, Round,
    ValidatorProof,
};
use arc_malachitebft_sync::{
    RawDecidedValue, Request, Response, Status, ValueRequest, ValueResponse,
};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use hefu_types::block::VALIDATORS_MAX;
use std::io;

/// The longest message about one vote or proposal, a status, a request or a proof.
const SHORT_BYTES_MAX: usize = 1024;
/// The longest message that holds a certificate.
const CERTIFICATE_BYTES_MAX: usize = 256 + VALIDATORS_MAX * (32 + 64 + 64);
/// What a message around a part of a block adds to the part.
pub(crate) const PART_OVERHEAD_BYTES: usize = 1024;
/// The longest stream id that a peer may choose.
const STREAM_ID_BYTES_MAX: usize = 64;

/// The codec of everything that the engine sends, receives and logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EngineCodec {
    /// The longest part of a block.
    pub part_bytes_max: usize,
    /// The longest response of sync.
    pub response_bytes_max: usize,
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn encode<T: BorshSerialize>(value: &T) -> io::Result<Bytes> {
    borsh::to_vec(value).map(Bytes::from)
}

fn decode<T: BorshDeserialize>(bytes: &[u8], length_max: usize) -> io::Result<T> {
    if bytes.len() > length_max {
        return Err(invalid("longer than such a message can be"));
    }
    T::try_from_slice(bytes)
}

macro_rules! plain_codec {
    ($($message:ty, $length_max:expr;)*) => {$(
        impl Codec<$message> for EngineCodec {
            type Error = io::Error;

            fn decode(&self, bytes: Bytes) -> io::Result<$message> {
                decode(&bytes, $length_max)
            }

            fn encode(&self, message: &$message) -> io::Result<Bytes> {
                encode(message)
            }
        }
    )*};
}

plain_codec!(
    SignedConsensusMsg<HefuContext>, SHORT_BYTES_MAX;
    ProposedValue<HefuContext>, SHORT_BYTES_MAX;
    PolkaCertificate<HefuContext>, CERTIFICATE_BYTES_MAX;
    LivenessMsg<HefuContext>, CERTIFICATE_BYTES_MAX;
);

impl Codec<Part> for EngineCodec {
    type Error = io::Error;

    fn decode(&self, bytes: Bytes) -> io::Result<Part> {
        decode(&bytes, self.part_bytes_max + PART_OVERHEAD_BYTES)
    }

    fn encode(&self, part: &Part) -> io::Result<Bytes> {
        encode(part)
    }
}

impl Codec<StreamMessage<Part>> for EngineCodec {
    type Error = io::Error;

    fn decode(&self, bytes: Bytes) -> io::Result<StreamMessage<Part>> {
        let length_max = self.part_bytes_max + PART_OVERHEAD_BYTES;
        let message: StreamMessage<Part> = decode(&bytes, length_max)?;
        if message.stream_id.to_bytes().len() > STREAM_ID_BYTES_MAX {
            return Err(invalid("the id of a stream is too long"));
        }
        match &message.content {
            StreamContent::Data(Part::Data(data)) if data.len() > self.part_bytes_max => {
                Err(invalid("a part of a block is too long"))
            }
            _ => Ok(message),
        }
    }

    fn encode(&self, message: &StreamMessage<Part>) -> io::Result<Bytes> {
        encode(message)
    }
}

impl Codec<ValidatorProof<HefuContext>> for EngineCodec {
    type Error = io::Error;

    fn decode(&self, bytes: Bytes) -> io::Result<ValidatorProof<HefuContext>> {
        let (key, peer, signature): (Vec<u8>, Vec<u8>, EngineSignature) =
            decode(&bytes, SHORT_BYTES_MAX)?;
        Ok(ValidatorProof::new(key, peer, signature))
    }

    fn encode(&self, proof: &ValidatorProof<HefuContext>) -> io::Result<Bytes> {
        encode(&(&proof.public_key, &proof.peer_id, proof.signature))
    }
}

impl Codec<Status<HefuContext>> for EngineCodec {
    type Error = io::Error;

    fn decode(&self, bytes: Bytes) -> io::Result<Status<HefuContext>> {
        let (peer, tip_height, history_min_height): (Vec<u8>, Height, Height) =
            decode(&bytes, SHORT_BYTES_MAX)?;
        let peer_id = PeerId::from_bytes(&peer).map_err(|_| invalid("not a peer id"))?;
        Ok(Status {
            peer_id,
            tip_height,
            history_min_height,
        })
    }

    fn encode(&self, status: &Status<HefuContext>) -> io::Result<Bytes> {
        encode(&(
            status.peer_id.to_bytes(),
            status.tip_height,
            status.history_min_height,
        ))
    }
}

impl Codec<Request<HefuContext>> for EngineCodec {
    type Error = io::Error;

    fn decode(&self, bytes: Bytes) -> io::Result<Request<HefuContext>> {
        let (first, last): (Height, Height) = decode(&bytes, SHORT_BYTES_MAX)?;
        Ok(Request::ValueRequest(ValueRequest::new(first..=last)))
    }

    fn encode(&self, request: &Request<HefuContext>) -> io::Result<Bytes> {
        let Request::ValueRequest(request) = request;
        encode(&(*request.range.start(), *request.range.end()))
    }
}

impl Codec<Response<HefuContext>> for EngineCodec {
    type Error = io::Error;

    fn decode(&self, bytes: Bytes) -> io::Result<Response<HefuContext>> {
        let (first, values): (Height, Vec<(Bytes, Certificate)>) =
            decode(&bytes, self.response_bytes_max)?;
        let values: io::Result<Vec<_>> = values
            .into_iter()
            .map(|(block, certificate)| {
                Ok(RawDecidedValue::new(
                    block,
                    certificate.checked()?.into_engine(),
                ))
            })
            .collect();
        Ok(Response::ValueResponse(ValueResponse::new(first, values?)))
    }

    fn encode(&self, response: &Response<HefuContext>) -> io::Result<Bytes> {
        let Response::ValueResponse(response) = response;
        let values: io::Result<Vec<_>> = response
            .values
            .iter()
            .map(|value| {
                Ok((
                    &value.value_bytes,
                    Certificate::of_extended(&value.certificate)?,
                ))
            })
            .collect();
        encode(&(response.start_height, values?))
    }
}

impl HasEncodedLen<Response<HefuContext>> for EngineCodec {
    fn encoded_len(&self, response: &Response<HefuContext>) -> io::Result<usize> {
        let Response::ValueResponse(response) = response;
        let value = |value: &RawDecidedValue<HefuContext>| {
            let signatures = value.certificate.commit_signatures.len();
            4 + value.value_bytes.len() + Certificate::encoded_bytes(signatures)
        };
        Ok(8 + 4 + response.values.iter().map(value).sum::<usize>())
    }
}

/// A commit certificate as it is stored and as it travels in sync: who precommitted the block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Certificate {
    pub height: Height,
    pub round: u32,
    pub value: ValueId,
    pub signatures: Vec<(Address, EngineSignature)>,
}

impl Certificate {
    /// What the engine decided with.
    pub fn of(certificate: &CommitCertificate<HefuContext>) -> io::Result<Self> {
        let signatures = certificate
            .commit_signatures
            .iter()
            .map(|signed| (signed.address, signed.signature));
        Ok(Self {
            height: certificate.height,
            round: defined(certificate.round)?,
            value: certificate.value_id,
            signatures: signatures.collect(),
        })
    }

    fn of_extended(certificate: &ExtendedCommitCertificate<HefuContext>) -> io::Result<Self> {
        let signatures = certificate
            .commit_signatures
            .iter()
            .map(|signed| (signed.address, signed.signature));
        Ok(Self {
            height: certificate.height,
            round: defined(certificate.round)?,
            value: certificate.value_id,
            signatures: signatures.collect(),
        })
    }

    /// The engine's type; there are no vote extensions.
    pub fn into_engine(self) -> ExtendedCommitCertificate<HefuContext> {
        let signature =
            |(address, signature)| ExtendedCommitSignature::new(address, signature, None);
        ExtendedCommitCertificate {
            height: self.height,
            round: Round::new(self.round),
            value_id: self.value,
            commit_signatures: self.signatures.into_iter().map(signature).collect(),
        }
    }

    /// The bytes that the application stores beside the block.
    pub fn encode(&self) -> io::Result<Bytes> {
        encode(self)
    }

    /// Reads what [`Self::encode`] made.
    pub fn decode(bytes: &[u8]) -> io::Result<Self> {
        decode::<Self>(bytes, CERTIFICATE_BYTES_MAX)?.checked()
    }

    fn checked(self) -> io::Result<Self> {
        if self.signatures.len() > VALIDATORS_MAX {
            return Err(invalid("more signatures than a set has validators"));
        }
        Ok(self)
    }

    const fn encoded_bytes(signatures: usize) -> usize {
        8 + 4 + 32 + 4 + signatures * (32 + 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Proposal, Vote};
    use crate::parts::{Head, SignedHead};
    use arc_malachitebft_app::streaming::StreamId;
    use arc_malachitebft_core_types::{
        NilOrVal, PolkaSignature, RoundCertificate, RoundCertificateType, RoundSignature,
        SignedMessage, Validity, VoteType,
    };
    use hefu_types::{BlockId, KeyId, Signature};
    use proptest::prelude::*;
    use std::fmt::Debug;

    const CODEC: EngineCodec = EngineCodec {
        part_bytes_max: 4096,
        response_bytes_max: 1 << 16,
    };
    const VALUE: ValueId = ValueId(BlockId([7; 32]));
    const VOTER: Address = Address(KeyId([8; 32]));
    const SIGNATURE: EngineSignature = EngineSignature(Signature([9; 64]));

    fn vote() -> Vote {
        let (height, round) = (Height(3), Round::new(2));
        Vote {
            kind: VoteType::Prevote,
            height,
            round,
            value: NilOrVal::Val(VALUE),
            voter: VOTER,
        }
    }

    fn proposal() -> Proposal {
        Proposal {
            height: Height(3),
            round: Round::new(2),
            value: VALUE,
            pol_round: Round::Nil,
            proposer: VOTER,
        }
    }

    fn certificate() -> Certificate {
        let signatures = vec![(VOTER, SIGNATURE); 3];
        Certificate {
            height: Height(3),
            round: 0,
            value: VALUE,
            signatures,
        }
    }

    fn head() -> SignedHead {
        let head = Head {
            height: 3,
            round: 2,
            proposer: VOTER,
            block: VALUE,
            length: 70_000,
        };
        SignedHead {
            head,
            signature: SIGNATURE,
        }
    }

    #[track_caller]
    fn survives<T: PartialEq + Debug>(message: T)
    where
        EngineCodec: Codec<T>,
    {
        let bytes = CODEC.encode(&message).unwrap_or_else(|_| panic!("encodes"));
        assert_eq!(
            CODEC
                .decode(bytes.clone())
                .unwrap_or_else(|_| panic!("decodes")),
            message
        );
        let mut longer = bytes.to_vec();
        longer.push(0);
        let refused: Result<T, _> = CODEC.decode(longer.into());
        assert!(refused.is_err(), "a trailing byte was accepted");
        let refused: Result<T, _> = CODEC.decode(bytes.slice(..bytes.len() - 1));
        assert!(refused.is_err(), "a missing byte was not missed");
    }

    #[test]
    fn what_is_encoded_is_decoded_again() {
        survives(SignedConsensusMsg::Vote(SignedMessage::new(
            vote(),
            SIGNATURE,
        )));
        survives(SignedConsensusMsg::Proposal(SignedMessage::new(
            proposal(),
            SIGNATURE,
        )));
        survives(LivenessMsg::Vote(SignedMessage::new(vote(), SIGNATURE)));
        survives(LivenessMsg::<HefuContext>::PolkaCertificate(
            PolkaCertificate {
                height: Height(3),
                round: Round::new(2),
                value_id: VALUE,
                polka_signatures: vec![PolkaSignature {
                    address: VOTER,
                    signature: SIGNATURE,
                }],
            },
        ));
        survives(LivenessMsg::<HefuContext>::SkipRoundCertificate(
            RoundCertificate {
                height: Height(3),
                round: Round::new(2),
                cert_type: RoundCertificateType::Skip,
                round_signatures: vec![RoundSignature {
                    vote_type: VoteType::Precommit,
                    value_id: NilOrVal::Nil,
                    address: VOTER,
                    signature: SIGNATURE,
                }],
            },
        ));
        survives(ProposedValue::<HefuContext> {
            height: Height(3),
            round: Round::new(2),
            valid_round: Round::Nil,
            proposer: VOTER,
            value: VALUE,
            validity: Validity::Valid,
        });
        survives(Part::Head(head()));
        let id = StreamId::new(Bytes::from_static(b"stream"));
        for content in [
            StreamContent::Data(Part::Head(head())),
            StreamContent::Data(Part::Data(Bytes::from_static(b"block"))),
            StreamContent::Fin,
        ] {
            survives(StreamMessage::new(id.clone(), 5, content));
        }
        let peer = crate::config::peer_key(&[1; 32])
            .expect("a key")
            .public()
            .to_peer_id();
        survives(Status::<HefuContext> {
            peer_id: PeerId::from_bytes(&peer.to_bytes()).expect("a peer id"),
            tip_height: Height(9),
            history_min_height: Height(1),
        });
        survives(Request::<HefuContext>::ValueRequest(ValueRequest::new(
            Height(2)..=Height(5),
        )));
        survives(ValidatorProof::<HefuContext>::new(
            vec![1; 32],
            vec![2; 38],
            SIGNATURE,
        ));
    }

    #[test]
    fn the_length_of_a_response_is_known_before_it_is_encoded() {
        let value =
            |block: &'static [u8]| RawDecidedValue::new(block.into(), certificate().into_engine());
        for values in [
            vec![],
            vec![value(b"one")],
            vec![value(b"one"), value(b"another")],
        ] {
            let response = Response::ValueResponse(ValueResponse::new(Height(3), values));
            let encoded = CODEC.encode(&response).expect("encodes");
            assert_eq!(CODEC.encoded_len(&response).expect("known"), encoded.len());
            survives(response);
        }
    }

    #[test]
    fn a_certificate_is_bounded() {
        let bytes = certificate().encode().expect("encodes");
        assert_eq!(Certificate::decode(&bytes).expect("decodes"), certificate());
        let crowd = Certificate {
            signatures: vec![(VOTER, SIGNATURE); VALIDATORS_MAX + 1],
            ..certificate()
        };
        let bytes = crowd.encode().expect("encodes");
        assert!(Certificate::decode(&bytes).is_err(), "too many signatures");
    }

    #[test]
    fn parts_and_stream_ids_are_bounded() {
        let message = |id: usize, data: usize| {
            let content = StreamContent::Data(Part::Data(vec![0; data].into()));
            let message = StreamMessage::new(StreamId::new(vec![0; id].into()), 1, content);
            let bytes = CODEC.encode(&message).expect("encodes");
            let decoded: io::Result<StreamMessage<Part>> = CODEC.decode(bytes);
            decoded
        };
        assert!(message(64, 4096).is_ok());
        assert!(message(65, 4096).is_err(), "the id is too long");
        assert!(message(64, 4097).is_err(), "the part is too long");
    }

    #[test]
    fn a_message_without_a_round_cannot_be_said() {
        let vote = Vote {
            round: Round::Nil,
            ..vote()
        };
        let message = SignedConsensusMsg::Vote(SignedMessage::new(vote, SIGNATURE));
        assert!(CODEC.encode(&message).is_err());
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let bytes = Bytes::from(bytes);
            let _: io::Result<SignedConsensusMsg<HefuContext>> = CODEC.decode(bytes.clone());
            let _: io::Result<LivenessMsg<HefuContext>> = CODEC.decode(bytes.clone());
            let _: io::Result<StreamMessage<Part>> = CODEC.decode(bytes.clone());
            let _: io::Result<ValidatorProof<HefuContext>> = CODEC.decode(bytes.clone());
            let _: io::Result<Status<HefuContext>> = CODEC.decode(bytes.clone());
            let _: io::Result<Request<HefuContext>> = CODEC.decode(bytes.clone());
            let _: io::Result<Response<HefuContext>> = CODEC.decode(bytes.clone());
            let _ = Certificate::decode(&bytes);
        }

        #[test]
        fn a_flipped_byte_is_refused_or_read_as_something_else(at in 0_usize..256, with in 1_u8..) {
            let value = RawDecidedValue::new(Bytes::from_static(b"block"), certificate().into_engine());
            let response = Response::ValueResponse(ValueResponse::new(Height(3), vec![value]));
            let mut bytes = CODEC.encode(&response).expect("encodes").to_vec();
            let at = at % bytes.len();
            bytes[at] ^= with;
            let decoded: io::Result<Response<HefuContext>> = CODEC.decode(bytes.into());
            prop_assert!(decoded.is_err() || decoded.is_ok_and(|decoded| decoded != response));
        }
    }
}
