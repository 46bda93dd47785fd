//! What bytes of others meet in this crate, as functions for the fuzz targets. Not an interface: it
//! may change whenever the crate does.

use crate::application::KeptProposal;
use crate::codec::{Certificate, EngineCodec};
use crate::config::peer_key;
use crate::context::{Address, HefuContext, ValueId};
use crate::evidence::Evidence;
use crate::parts::{Head, HeadCheck, Part, Refusal, SignedHead, Streams};
use crate::signing::EngineSignature;
use arc_malachitebft_app::consensus::LivenessMsg;
use arc_malachitebft_app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app::types::{PeerId, ProposedValue, SignedConsensusMsg};
use arc_malachitebft_core_types::{PolkaCertificate, ValidatorProof};
use arc_malachitebft_sync::{Request, Response, Status};
use bytes::Bytes;
use hefu_types::block::block_id;
use hefu_types::{BlockId, KeyId, NetworkDigest, Signature, Suite};

const SUITE: Suite = Suite::Sha256Ed25519;
const BLOCK_BYTES_MAX: usize = 2_000;
const CODEC: EngineCodec = EngineCodec {
    part_bytes_max: 4_096,
    response_bytes_max: 1 << 16,
};

/// What was read is written, and what was written is read.
fn round<T>(bytes: &[u8]) -> Option<T>
where
    EngineCodec: Codec<T>,
{
    let value: T = CODEC.decode(Bytes::copy_from_slice(bytes)).ok()?;
    let Ok(written) = CODEC.encode(&value) else {
        panic!("what was read cannot be written");
    };
    assert!(CODEC.decode(written).is_ok(), "what was written is read");
    Some(value)
}

/// A message of the engine. The first byte says which.
pub fn message(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 10 {
        0 => drop(round::<SignedConsensusMsg<HefuContext>>(bytes)),
        1 => drop(round::<ProposedValue<HefuContext>>(bytes)),
        2 => drop(round::<PolkaCertificate<HefuContext>>(bytes)),
        3 => drop(round::<LivenessMsg<HefuContext>>(bytes)),
        4 => drop(round::<Part>(bytes)),
        5 => drop(round::<StreamMessage<Part>>(bytes)),
        6 => drop(round::<ValidatorProof<HefuContext>>(bytes)),
        7 => drop(round::<Status<HefuContext>>(bytes)),
        8 => drop(round::<Request<HefuContext>>(bytes)),
        _ => {
            let Some(response) = round::<Response<HefuContext>>(bytes) else {
                return;
            };
            let length = CODEC.encoded_len(&response).ok();
            let written = CODEC.encode(&response).ok().map(|bytes| bytes.len());
            assert_eq!(length, written, "as long as it said");
        }
    }
}

/// What a node reads back from its own disk, or an auditor from a file.
pub fn stored(bytes: &[u8]) {
    if let Ok(certificate) = Certificate::decode(bytes) {
        let written = certificate.encode().expect("it is written");
        assert_eq!(&written[..], bytes);
    }
    if let Ok(kept) = KeptProposal::decode(bytes, BLOCK_BYTES_MAX) {
        assert_eq!(kept.encode(), bytes);
    }
    let _ = Evidence::verify(bytes, SUITE, &NetworkDigest([7; 32]));
}

/// Parts of blocks by several peers, in any order. Each step is a few bytes.
pub fn parts(bytes: &[u8]) {
    let id = |seed| peer_key(&[seed; 32]).map(|key| key.public().to_peer_id().to_bytes());
    let peers: Vec<PeerId> = (1..=3)
        .filter_map(|seed| PeerId::from_bytes(&id(seed).ok()?).ok())
        .collect();
    let mut streams = Streams::new(SUITE, BLOCK_BYTES_MAX);
    let mut executed = 4_u64;
    for step in bytes.chunks(4) {
        let [what, stream, sequence, size] = [0, 1, 2, 3].map(|at| step.get(at).map_or(0, |b| *b));
        let from = peers[usize::from(what >> 4) % peers.len()];
        let block = Bytes::from(vec![stream % 4; usize::from(size % 8) * 300]);
        let content = match what % 16 {
            0..=4 => {
                let id = if what % 16 == 4 {
                    BlockId([size; 32])
                } else {
                    block_id(SUITE, &block)
                };
                let head = Head {
                    height: executed.saturating_add(u64::from(sequence % 4)),
                    round: u32::from(stream % 3),
                    proposer: Address(KeyId([1; 32])),
                    block: ValueId(id),
                    length: block.len() as u64,
                };
                let signature = EngineSignature(Signature([2; 64]));
                StreamContent::Data(Part::Head(SignedHead { head, signature }))
            }
            5..=10 => {
                let end = block.len().min(usize::from(size) * 10);
                StreamContent::Data(Part::Data(block.slice(..end)))
            }
            11 | 12 => StreamContent::Fin,
            13 => {
                executed += 1;
                streams.decided(executed);
                continue;
            }
            14 => {
                streams.round_began();
                continue;
            }
            _ => {
                for early in streams.take_early(executed + 1) {
                    assert_eq!(early.signed.head.block.0, block_id(SUITE, &early.block));
                }
                continue;
            }
        };
        let sequence = match &content {
            StreamContent::Data(Part::Head(_)) if what < 0xe0 => 0,
            _ => u64::from(sequence % 8),
        };
        let check = match stream >> 6 {
            0 | 1 => HeadCheck::Proven,
            2 => HeadCheck::Later,
            _ => HeadCheck::Refused(Refusal::WrongProposer),
        };
        let id = StreamId::new(Bytes::copy_from_slice(&[stream % 32]));
        let message = StreamMessage::new(id, sequence, content);
        if let Ok(Some(whole)) = streams.insert(from, message, executed, check) {
            assert!(whole.block.len() <= BLOCK_BYTES_MAX);
            assert_eq!(whole.block.len() as u64, whole.signed.head.length);
            assert_eq!(whole.signed.head.block.0, block_id(SUITE, &whole.block));
        }
        assert!(
            streams.held_bytes() <= peers.len() * 5 * BLOCK_BYTES_MAX,
            "what is held is bounded"
        );
    }
}
