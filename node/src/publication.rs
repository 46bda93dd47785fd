//! Publication: from roots that this node reached to a checkpoint that a quorum cosigned.
//!
//! A decided block h+1 says that more than two thirds reached the roots of h that it names; only
//! then does a node that reached them cosign h. It never cosigns a size below its largest, keeps its
//! cosignature on disk before it leaves, and sends those of the last 64 heights again to a peer that
//! asks.

use crate::gossip::HeightCosignature;
use crate::shared::{Published, Shared};
use hefu_proof::checkpoint::{verify_cosignature, Checkpoint, LogSignature};
use hefu_proof::SignedCheckpoint;
use hefu_state::StateTree;
use hefu_store::StoreFault;
use hefu_types::block::{CarriedQuorum, MemberCosignature, VALIDATORS_MAX};
use hefu_types::canonical;
use hefu_types::leaf::SetLeaf;
use hefu_types::suite::SecretKey;
use hefu_types::PublicKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many heights a node keeps cosignatures of, its own and those that come early.
pub const HEIGHTS_KEPT: u64 = 64;

/// The keys with which a validator speaks for checkpoints, in each set that has them, wherever they stand in it.
#[derive(Clone, Debug)]
pub struct CheckpointKeys {
    /// Cosigns.
    pub checkpoint: SecretKey,
    /// Signs in the log's name.
    pub log: SecretKey,
}

/// A height that was executed and is not yet published.
#[derive(Debug)]
struct Candidate {
    checkpoint: Checkpoint,
    text: String,
    /// The state of its height, until it or a later height is published: a tree that is kept keeps
    /// all that changed since.
    tree: Option<StateTree>,
    /// The set that decided it.
    set: Arc<SetLeaf>,
    /// This node's position in it, if it is a member with the keys to speak.
    own: Option<u16>,
    cosignatures: BTreeMap<u16, HeightCosignature>,
}

/// What a cosignature brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A new checkpoint is published.
    Published,
    /// Nothing yet, or nothing new.
    Nothing,
    /// It does not verify: nothing more of this message is worth a look.
    Forged,
}

/// See the module. Owned by one task's lock; nothing slow is done under it but signing.
#[derive(Debug)]
pub struct Publication {
    shared: Arc<Shared>,
    /// Absent in a follower.
    keys: Option<CheckpointKeys>,
    candidates: BTreeMap<u64, Candidate>,
    /// Cosignatures of heights that this node has not executed yet, by height, member, and who sent
    /// them: none of them is verified, so nobody may displace what another sent.
    early: BTreeMap<(u64, u16, PublicKey), HeightCosignature>,
    /// Cosignatures that peers show of heights beyond those: of each peer the lowest of each member. This
    /// node's own position there is not known yet. If it is among them this node meets it when it gets
    /// there, before it votes on what follows.
    far_ahead: BTreeMap<(PublicKey, u16), HeightCosignature>,
    /// The best quorum, for the next proposal.
    best: Option<CarriedQuorum>,
    published_height: u64,
    cosigned_height: u64,
    /// A peer showed a cosignature of this node that this node does not know.
    forgot: Option<u64>,
    /// How many peers' cosignatures did not verify.
    refused: u64,
}

impl Publication {
    /// Begins after a start: nothing is published until a quorum is heard.
    pub fn new(shared: Arc<Shared>, keys: Option<CheckpointKeys>) -> Result<Self, StoreFault> {
        let published_height = shared
            .store
            .published()?
            .map_or(0, |signed| signed.checkpoint.height);
        let cosigned_height = shared.store.largest_cosigned()?.unwrap_or(0);
        Ok(Self {
            shared,
            keys,
            candidates: BTreeMap::new(),
            early: BTreeMap::new(),
            far_ahead: BTreeMap::new(),
            best: None,
            published_height,
            cosigned_height,
            forgot: None,
            refused: 0,
        })
    }

    /// A height was executed, with this result.
    pub fn reached(&mut self, checkpoint: Checkpoint, tree: StateTree, set: Arc<SetLeaf>) {
        let height = checkpoint.height;
        let text = checkpoint.text(self.shared.network.origin());
        let own = self.position(&set);
        self.candidates.insert(
            height,
            Candidate {
                checkpoint,
                text,
                tree: Some(tree),
                set,
                own,
                cosignatures: BTreeMap::new(),
            },
        );
        // Who syncs publishes nothing for a long time, and each tree keeps what changed since.
        self.candidates
            .retain(|of, _| *of + 2 * HEIGHTS_KEPT > height);
        let later = self.early.split_off(&(height + 1, 0, PublicKey([0; 32])));
        let now_known = std::mem::replace(&mut self.early, later);
        for ((_, _, from), cosignature) in now_known {
            self.hear(&from, cosignature);
        }
        let passed: Vec<(PublicKey, u16)> = (self.far_ahead.iter())
            .filter(|(_, far)| far.height <= height)
            .map(|(of, _)| *of)
            .collect();
        for of in passed {
            // Of the others' there are newer ones by now.
            if let Some(far) = self.far_ahead.remove(&of).filter(|_| own == Some(of.1)) {
                self.hear(&of.0, far);
            }
        }
    }

    /// The next block was decided and names the roots that this node reached at this height.
    /// Returns what the peers should hear. The cosignature is on disk when this returns.
    pub fn confirmed(&mut self, height: u64) -> Result<Option<HeightCosignature>, StoreFault> {
        let Some(own) = self.cosignature(height) else {
            return Ok(None);
        };
        self.shared
            .store
            .put_own_cosignature(height, &canonical::encode(&own))?;
        self.cosigned_height = height;
        self.insert(own.clone());
        Ok(Some(own))
    }

    /// This node's cosignature of a height that it reached and may cosign.
    pub(crate) fn cosignature(&self, height: u64) -> Option<HeightCosignature> {
        let (keys, candidate) = (self.keys.as_ref()?, self.candidates.get(&height)?);
        let member = candidate.own?;
        // The same height may be cosigned anew after a restart: the text is the same.
        if height < self.cosigned_height {
            return None;
        }
        let seconds = self.shared.clock.now().0 / 1000;
        Some(HeightCosignature {
            height,
            member: MemberCosignature {
                member,
                seconds,
                signature: keys.checkpoint.cosign(&candidate.text, seconds),
            },
            log_signature: keys.log.sign_note(&candidate.text),
        })
    }

    /// A peer's cosignature.
    pub fn hear(&mut self, from: &PublicKey, cosignature: HeightCosignature) -> Heard {
        let HeightCosignature {
            height,
            member: by,
            log_signature,
        } = &cosignature;
        let Some(candidate) = self.candidates.get(height) else {
            let head = self.shared.head();
            // Bounded: a window of heights, and for each peer one of each member.
            // Of another set than these the height is far ahead.
            let members = head.set.validators.len();
            let of_next = head.waiting.as_ref().map_or(0, |set| set.validators.len());
            let member = usize::from(by.member);
            if *height > head.before.height
                && *height <= head.before.height + HEIGHTS_KEPT
                && member < members.max(of_next)
            {
                self.early.insert((*height, by.member, *from), cosignature);
            } else if *height > head.before.height && member < VALIDATORS_MAX {
                let of = (*from, by.member);
                let lowest = self.far_ahead.get(&of).map_or(u64::MAX, |far| far.height);
                if *height < lowest && self.keys.is_some() {
                    self.far_ahead.insert(of, cosignature);
                }
            }
            return Heard::Nothing;
        };
        if candidate.cosignatures.contains_key(&by.member) {
            return Heard::Nothing;
        }
        let suite = self.shared.network.suite();
        let holds = verify_cosignature(suite, &candidate.text, &candidate.set, by).is_ok()
            && candidate
                .set
                .validators
                .get(usize::from(by.member))
                .is_some_and(|validator| {
                    let text = candidate.text.as_bytes();
                    suite
                        .verify(&validator.log_key, text, log_signature)
                        .is_ok()
                });
        if !holds {
            self.refused += 1;
            return Heard::Forged;
        }
        let is_own = self.keys.is_some() && candidate.own == Some(by.member);
        if is_own && *height > self.cosigned_height {
            // What leaves is on disk before: a disk that does not have it was put back.
            self.forgot = Some(*height);
            self.keys = None;
            self.shared.tell_forgotten(*height);
            return Heard::Nothing;
        }
        if self.insert(cosignature) {
            Heard::Published
        } else {
            Heard::Nothing
        }
    }

    /// Where this node stands in a set: that changes from set to set.
    fn position(&self, set: &SetLeaf) -> Option<u16> {
        let keys = self.keys.as_ref()?;
        let (checkpoint, log) = (keys.checkpoint.public_key(), keys.log.public_key());
        let position = set.validators.iter().position(|validator| {
            validator.checkpoint_key == checkpoint && validator.log_key == log
        })?;
        u16::try_from(position).ok()
    }

    /// Cosignatures that a decided block carried: they verified when the block was judged.
    pub fn carried(&mut self, carried: &CarriedQuorum) {
        if self
            .best
            .as_ref()
            .is_none_or(|best| best.height < carried.height)
        {
            self.best = Some(carried.clone());
        }
    }

    fn insert(&mut self, cosignature: HeightCosignature) -> bool {
        let height = cosignature.height;
        // Of this process: before its first publication nothing is served, whatever is on disk.
        let served = self.shared.published().map(|p| p.signed.checkpoint.height);
        let Some(candidate) = self.candidates.get_mut(&height) else {
            return false;
        };
        candidate
            .cosignatures
            .insert(cosignature.member.member, cosignature);
        let quorum = candidate.set.quorum();
        if candidate.cosignatures.len() < quorum || served.is_some_and(|served| height <= served) {
            return false;
        }
        let Some(first) = candidate.cosignatures.values().next() else {
            return false;
        };
        let log_signature = LogSignature {
            member: first.member.member,
            signature: first.log_signature,
        };
        let cosignatures: Vec<MemberCosignature> = candidate
            .cosignatures
            .values()
            .take(quorum)
            .map(|c| c.member.clone())
            .collect();
        let signed = SignedCheckpoint {
            checkpoint: candidate.checkpoint.clone(),
            log_signature,
            cosignatures: cosignatures.clone(),
        };
        let set = Arc::clone(&candidate.set);
        let Some(tree) = candidate.tree.take() else {
            return false;
        };
        self.best = Some(CarriedQuorum {
            height,
            cosignatures,
        });
        if let Err(error) = self.shared.store.put_published(&signed) {
            // Publication is derived: the store itself refuses the next block if its disk is gone.
            tracing::error!(%error, "the published checkpoint could not be kept");
        }
        self.published_height = height;
        self.shared.set_published(Published { signed, tree, set });
        self.candidates.retain(|of, _| *of + HEIGHTS_KEPT > height);
        for (_, passed) in self.candidates.range_mut(..height) {
            passed.tree = None;
        }
        true
    }

    /// The height of the last checkpoint that was ever published here.
    pub fn published_height(&self) -> u64 {
        self.published_height
    }

    /// The best quorum for a block above this height.
    pub fn best_quorum(&self, head_height: u64) -> Option<CarriedQuorum> {
        self.best.clone().filter(|best| best.height < head_height)
    }

    /// All cosignatures that this node knows of heights from this one on.
    pub fn since(&self, height: u64) -> Vec<HeightCosignature> {
        let candidates = self.candidates.range(height..);
        candidates
            .flat_map(|(_, candidate)| candidate.cosignatures.values().cloned())
            .collect()
    }

    /// The height of a cosignature of this node that only its peers know: its votes of then are
    /// forgotten too, so it must not vote.
    pub fn forgot(&self) -> Option<u64> {
        self.forgot
    }

    /// How many cosignatures of peers did not verify.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}
