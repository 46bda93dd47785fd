//! The loop between the engine and the application.
//!
//! The engine's messages come one at a time and most of them wait for their answer before the next
//! is sent, so nothing slow is done here but the one synced write of a value and the execution of a
//! decided block. Only the answer to `Finalized` may be held ([`crate::hold`]): the engine waits for
//! it in a task of its own.

use crate::application::{Application, Judgement, KeptProposal, Voter};
use crate::codec::Certificate;
use crate::config::{Config, Timeouts};
use crate::context::{Address, HefuContext, Height, ValidatorSet, ValueId};
use crate::evidence;
use crate::handle::{Calls, Status};
use crate::hold::{Hold, Verdict};
use crate::parts::{
    cut, Assembled, Head, HeadCheck, Part, Refusal, SignedHead, Streams, HEIGHTS_AHEAD_MAX,
    ROUNDS_AHEAD_MAX,
};
use crate::proposals::{Entry, Key, Proposals};
use crate::signing::{ConsensusKey, Signatures};
use crate::EngineError;
use arc_malachitebft_app::engine::host::{HeightParams, Next, SyncedValueOutcome};
use arc_malachitebft_app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app::types::sync::RawDecidedValue;
use arc_malachitebft_app::types::{
    LocallyProposedValue, MisbehaviorEvidence, PeerId, ProposedValue,
};
use arc_malachitebft_app_channel::{AppMsg, Channels, NetworkMsg, Reply};
use arc_malachitebft_core_types::{CommitCertificate, Round, Validity};
use bytes::Bytes;
use hefu_types::block::block_id;
use hefu_types::{BlockId, KeyId};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::sleep_until;
use tracing::{debug, error, info, warn};

/// The most blocks in one response of sync.
const SYNCED_BLOCKS_MAX: usize = 32;
/// A follower is nobody among the validators, even if its key is one of theirs: without this the
/// engine would ask it to sign.
pub(crate) const NOBODY: Address = Address(KeyId([0; 32]));

/// The voters of a height.
struct Roster {
    epoch: u64,
    set: ValidatorSet,
    voters: Vec<Voter>,
}

/// An answer to `Finalized` that is held.
struct Held {
    hold: Hold,
    answer: Reply<Next<HefuContext>>,
    /// When to ask the hold again.
    ask_at: Instant,
}

/// What stands between the engine and the application.
pub(crate) struct Host<A> {
    app: A,
    key: ConsensusKey,
    votes: bool,
    timeouts: Timeouts,
    heartbeat: Duration,
    part_bytes: usize,
    block_bytes_max: usize,
    response_bytes_max: usize,
    streams: Streams,
    proposals: Proposals,
    /// The height and round that the engine votes on.
    voting: Option<(u64, u32)>,
    /// The height up to which others may have decided without this node: that of the last value
    /// that came by sync, and the first after the start.
    synced: u64,
    /// When the last block was executed.
    executed: Instant,
    held: Option<Held>,
    /// The highest height that a peer was heard to begin, at most a little ahead.
    begun: u64,
    streams_sent: u64,
    /// Tells the streams of this run from those of earlier ones.
    started: u64,
    time: Time,
    status: watch::Sender<Status>,
}

/// Where the loop reads how much time has passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Time {
    /// From the machine.
    Machine,
    /// From whoever drives the loop by hand.
    ByHand(Instant),
}

impl Time {
    fn now(self) -> Instant {
        match self {
            Self::Machine => Instant::now(),
            Self::ByHand(now) => now,
        }
    }
}

pub(crate) type Outgoing = Vec<StreamMessage<Part>>;

impl<A: Application> Host<A> {
    /// Nothing has happened yet.
    pub fn new(
        config: Config,
        app: A,
        signatures: Signatures,
        status: watch::Sender<Status>,
    ) -> Self {
        let started = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let started = started.as_nanos() as u64;
        Self::at(config, app, signatures, status, Time::Machine, started)
    }

    /// The same with another time. `started` differs from that of every earlier run of the node.
    pub fn at(
        config: Config,
        app: A,
        signatures: Signatures,
        status: watch::Sender<Status>,
        time: Time,
        started: u64,
    ) -> Self {
        Self {
            app,
            votes: config.votes,
            timeouts: config.timeouts,
            heartbeat: config.heartbeat,
            part_bytes: config.sent_part_bytes(),
            block_bytes_max: config.block_bytes_max,
            response_bytes_max: config.response_bytes_max(),
            streams: Streams::new(config.suite, config.block_bytes_max),
            key: ConsensusKey {
                signatures,
                secret: config.consensus_key,
            },
            proposals: Proposals::default(),
            voting: None,
            synced: 0,
            executed: time.now(),
            held: None,
            begun: 0,
            streams_sent: 0,
            started,
            time,
            status,
        }
    }

    /// How late it is, where the time is told by hand.
    pub fn set_time(&mut self, now: Instant) {
        self.time = Time::ByHand(now);
    }

    /// When the held answer is due, if one is held.
    pub fn ask_at(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.ask_at)
    }

    /// The application.
    pub fn app(&self) -> &A {
        &self.app
    }

    /// Answers the engine until it is shut down or stops.
    pub async fn serve(
        &mut self,
        channels: &mut Channels<HefuContext>,
        mut calls: watch::Receiver<Calls>,
    ) -> Result<(), EngineError> {
        let mut node_calls = true;
        loop {
            let ask_at = self.ask_at();
            tokio::select! {
                message = channels.consensus.recv() => {
                    // The channel closes when the engine's parts stop.
                    let message = message.ok_or(EngineError::Failed)?;
                    for part in block_in_place(|| self.answer(message))? {
                        let sent = channels.network.send(NetworkMsg::PublishProposalPart(part));
                        sent.await.map_err(|_| EngineError::Failed)?;
                    }
                }
                changed = calls.changed(), if node_calls => {
                    // Without a handle nobody can call any more, which is no reason to stop.
                    node_calls = changed.is_ok();
                    let heard = *calls.borrow_and_update();
                    if heard.shutdown {
                        return Ok(());
                    }
                    self.peer_begins(heard.begun);
                }
                () = until(ask_at), if ask_at.is_some() => {}
            }
            self.ask_hold()?;
        }
    }

    /// Answers one message of the engine; what is returned is to be published.
    pub fn answer(&mut self, message: AppMsg<HefuContext>) -> Result<Outgoing, EngineError> {
        match message {
            AppMsg::ConsensusReady { reply } => {
                let executed = self.app.height();
                self.synced = executed + 1;
                self.proposals = Proposals::load(self.app.kept().map_err(fault)?, executed);
                let _ = reply.send((Height(executed + 1), self.params(executed + 1)?));
                self.show();
            }
            AppMsg::StartedRound {
                height,
                round,
                role,
                reply_value,
                ..
            } => {
                let values = self.started_round(height.0, round.as_u32().unwrap_or(0))?;
                debug!(height = height.0, %round, ?role, values = values.len(), "round began");
                let _ = reply_value.send(values);
            }
            AppMsg::GetValue {
                height,
                round,
                reply,
                ..
            } => {
                return self.propose(height.0, round.as_u32().unwrap_or(0), reply);
            }
            AppMsg::ReceivedProposalPart {
                from,
                published_by,
                part,
                reply,
            } => {
                let _ = reply.send(self.received(published_by.unwrap_or(from), part)?);
            }
            AppMsg::RestreamProposal {
                height, value_id, ..
            } => {
                return Ok(self.restream(height.0, value_id));
            }
            AppMsg::Decided {
                certificate, reply, ..
            } => {
                if self.decided(&certificate)? {
                    let _ = reply.send(());
                }
                // Without an answer peers do not hear that this node has the height.
            }
            AppMsg::Finalized {
                certificate,
                evidence,
                reply,
                ..
            } => {
                self.finalized(certificate.height.0, &evidence, reply)?;
            }
            AppMsg::ProcessSyncedValue {
                height,
                round,
                proposer,
                value_bytes,
                reply,
            } => {
                let round = round.as_u32().unwrap_or(0);
                let _ = reply.send(self.synced(height.0, round, proposer, value_bytes)?);
            }
            AppMsg::GetDecidedValues { range, reply } => {
                let _ = reply.send(self.decided_values(&range)?);
            }
            AppMsg::GetHistoryMinHeight { reply } => {
                // Nothing is pruned.
                let _ = reply.send(Height(1));
            }
            AppMsg::ExtendVote { reply, .. } => {
                let _ = reply.send(None);
            }
            AppMsg::VerifyVoteExtensions {
                extensions, reply, ..
            } => {
                let _ = reply.send(
                    extensions
                        .into_iter()
                        .map(|(of, ())| (of, Ok(())))
                        .collect(),
                );
            }
        }
        Ok(Vec::new())
    }

    pub fn address(&self) -> Address {
        if self.votes {
            Address(self.key.secret.key_id())
        } else {
            NOBODY
        }
    }

    fn roster(&self, height: u64) -> Result<Roster, EngineError> {
        let voters = self.app.validators(height);
        let set = ValidatorSet::new(self.key.signatures.suite, &voters)
            .ok_or(EngineError::NoValidators(height))?;
        Ok(Roster {
            epoch: self.app.epoch(height),
            set,
            voters,
        })
    }

    /// How the engine is to run the height that begins.
    fn params(&self, height: u64) -> Result<HeightParams<HefuContext>, EngineError> {
        let roster = self.roster(height)?;
        // From here on its messages are signed and verified.
        self.key.signatures.epochs.set(height, roster.epoch);
        Ok(HeightParams::new(
            roster.set,
            self.timeouts.for_engine(),
            None,
        ))
    }

    /// A round begins: what was proposed for it and arrived early is judged now.
    fn started_round(
        &mut self,
        height: u64,
        round: u32,
    ) -> Result<Vec<ProposedValue<HefuContext>>, EngineError> {
        self.voting = Some((height, round));
        self.streams.round_began();
        self.show();
        if round > 0 {
            let voters = self.app.validators(height);
            let roster = self.roster(height)?;
            let late = roster.set.proposer(height, round - 1);
            let name = voters.iter().find(|voter| voter.consensus_key == late.key);
            let name = name.map_or("?", |voter| voter.name.as_str());
            warn!(
                height,
                round, "the round before brought no decision; {name} had its turn"
            );
        }
        for assembled in self.streams.take_early(height) {
            match self.check_head(&assembled.signed) {
                HeadCheck::Proven => drop(self.admit(assembled)?),
                HeadCheck::Later => {}
                HeadCheck::Refused(refusal) => warn!(from = %assembled.from, height, "{refusal}"),
            }
        }
        let mut values = Vec::new();
        for key in self.proposals.untold(height, round) {
            values.extend(self.tell(&key)?);
        }
        Ok(values)
    }

    /// This validator's turn: proposes the block that it made for this round, or makes one.
    fn propose(
        &mut self,
        height: u64,
        round: u32,
        reply: Reply<LocallyProposedValue<HefuContext>>,
    ) -> Result<Outgoing, EngineError> {
        if height != self.app.height() + 1 {
            error!(
                height,
                executed = self.app.height(),
                "asked for a block of another height"
            );
            return Ok(Vec::new());
        }
        let me = self.key.secret.key_id();
        let kept = match self.proposals.made_by(height, round, &me) {
            Some(kept) => kept.clone(),
            None => self.make(height, round)?,
        };
        let value = ValueId(kept.block_id);
        let _ = reply.send(LocallyProposedValue::new(
            Height(height),
            Round::new(round),
            value,
        ));
        Ok(kept
            .signed_head()
            .map_or_else(Vec::new, |signed| self.publish(signed, &kept.block)))
    }

    fn make(&mut self, height: u64, round: u32) -> Result<KeptProposal, EngineError> {
        let block = self.app.propose(height, round).map_err(fault)?;
        let proposer = self.key.secret.key_id();
        let id = block_id(self.key.signatures.suite, &block);
        let head = Head {
            height,
            round,
            proposer: Address(proposer),
            block: ValueId(id),
            length: block.len() as u64,
        };
        let signature = self.key.sign_head(self.app.epoch(height), &head);
        let kept = KeptProposal {
            height,
            round,
            proposer,
            block_id: id,
            signature: Some(signature.0),
            block,
        };
        self.app.keep(&kept).map_err(fault)?;
        // From here on it is on disk: this round has one block of ours, whatever happens.
        let told = Some(Validity::Valid);
        self.proposals.insert(Entry {
            kept: kept.clone(),
            ask_clock: false,
            told,
        });
        Ok(kept)
    }

    fn publish(&mut self, signed: SignedHead, block: &Bytes) -> Outgoing {
        self.streams_sent += 1;
        let id = [self.started.to_be_bytes(), self.streams_sent.to_be_bytes()].concat();
        cut(&StreamId::new(id.into()), signed, block, self.part_bytes)
    }

    /// Publishes a block once more, with the head that its own proposer signed.
    fn restream(&mut self, height: u64, value: ValueId) -> Outgoing {
        match self.proposals.signed(height, &value.0) {
            Some((signed, block)) => {
                let block = block.clone();
                info!(height, %value, round = signed.head.round, "restreaming a block");
                self.publish(signed, &block)
            }
            None => {
                warn!(height, %value, "asked to restream a block that came without its head");
                Vec::new()
            }
        }
    }

    /// A part of a block arrived. The engine is told of a block that is whole and is due.
    fn received(
        &mut self,
        from: PeerId,
        part: StreamMessage<Part>,
    ) -> Result<Option<ProposedValue<HefuContext>>, EngineError> {
        let check = match &part.content {
            StreamContent::Data(Part::Head(signed)) => {
                let check = self.check_head(signed);
                if !matches!(check, HeadCheck::Refused(_)) {
                    self.peer_begins(signed.head.height);
                }
                check
            }
            _ => HeadCheck::Later,
        };
        match self.streams.insert(from, part, self.app.height(), check) {
            Ok(None) => Ok(None),
            Ok(Some(assembled)) => {
                let Some(key) = self.admit(assembled)? else {
                    return Ok(None);
                };
                let due = self.voting.is_some_and(|(height, round)| {
                    (key.0, self.app.height() + 1) == (height, height) && key.1 <= round
                });
                if due {
                    self.tell(&key)
                } else {
                    Ok(None)
                }
            }
            Err(refusal @ (Refusal::Decided | Refusal::TooFarAhead)) => {
                debug!(%from, "{refusal}");
                Ok(None)
            }
            Err(refusal) => {
                warn!(%from, "{refusal}");
                Ok(None)
            }
        }
    }

    /// Whether the proposer of its round signed a head. The validators are known of the height after
    /// the last executed one, and of none beyond.
    fn check_head(&self, signed: &SignedHead) -> HeadCheck {
        let head = &signed.head;
        let executed = self.app.height();
        let round = match self.voting {
            Some((height, round)) if height == head.height => round,
            _ => 0,
        };
        if head.height <= executed {
            return HeadCheck::Refused(Refusal::Decided);
        }
        let ahead = head.height - executed > HEIGHTS_AHEAD_MAX
            || head.round.saturating_sub(round) > ROUNDS_AHEAD_MAX;
        if ahead {
            return HeadCheck::Refused(Refusal::TooFarAhead);
        }
        if head.height > executed + 1 {
            return HeadCheck::Later;
        }
        let Ok(roster) = self.roster(head.height) else {
            return HeadCheck::Refused(Refusal::WrongProposer);
        };
        let proposer = roster.set.proposer(head.height, head.round);
        if proposer.address != head.proposer {
            return HeadCheck::Refused(Refusal::WrongProposer);
        }
        let signatures = &self.key.signatures;
        if !signatures.verify_head(roster.epoch, &proposer.key, head, &signed.signature) {
            return HeadCheck::Refused(Refusal::BadSignature);
        }
        HeadCheck::Proven
    }

    /// Keeps a block whose head is proven; returns it if the engine is to hear of it (again).
    fn admit(&mut self, assembled: Assembled) -> Result<Option<Key>, EngineError> {
        let kept = KeptProposal::of(assembled);
        let key = kept.key();
        let round_is_over = self
            .voting
            .is_some_and(|voting| voting > (kept.height, kept.round));
        if let Some(known) = self.proposals.get_mut(&key) {
            // Restreamed after its round, because more than two thirds voted for it: its time is
            // no longer asked about. The engine may have had no place for it before, so it hears
            // of it again.
            known.ask_clock &= !round_is_over;
            let news = round_is_over || known.told.is_none();
            return Ok(news.then_some(key));
        }
        self.app.keep(&kept).map_err(fault)?;
        // From here on it is on disk, and the engine may hear of it.
        self.proposals.insert(Entry {
            kept,
            ask_clock: !round_is_over,
            told: None,
        });
        Ok(Some(key))
    }

    /// What the engine is told of a block: nothing, if the application is not sure.
    fn tell(&mut self, key: &Key) -> Result<Option<ProposedValue<HefuContext>>, EngineError> {
        let Some(entry) = self.proposals.get_mut(key) else {
            return Ok(None);
        };
        let validity = match entry.told {
            Some(validity) => validity,
            None => {
                let judged = self.app.judge(key.0, &entry.kept.block, entry.ask_clock);
                let Some(validity) = validity(key, judged.map_err(fault)?) else {
                    return Ok(None);
                };
                validity
            }
        };
        entry.told = Some(validity);
        Ok(Some(entry.kept.value(validity)))
    }

    /// Executes a decided block. False if its bytes are missing.
    fn decided(
        &mut self,
        certificate: &CommitCertificate<HefuContext>,
    ) -> Result<bool, EngineError> {
        let (height, id) = (certificate.height.0, certificate.value_id.0);
        if self.app.height() >= height {
            return Ok(true);
        }
        let block = self.proposals.block(height, &id).cloned();
        let (Some(block), true) = (block, self.app.height() + 1 == height) else {
            error!(height, %id, "a block is decided whose bytes this node does not have");
            return Ok(false);
        };
        let certificate = Certificate::of(certificate).and_then(|certificate| certificate.encode());
        let certificate = certificate.map_err(|e| EngineError::StoredCertificate(height, e))?;
        self.app
            .decided(height, block, certificate)
            .map_err(fault)?;
        // From here on the height is durable.
        self.executed = self.time.now();
        self.proposals.decided(height);
        self.streams.decided(height);
        self.show();
        Ok(true)
    }

    /// A height is finished. The next one begins when [`Hold`] says so.
    fn finalized(
        &mut self,
        height: u64,
        evidence: &MisbehaviorEvidence<HefuContext>,
        answer: Reply<Next<HefuContext>>,
    ) -> Result<(), EngineError> {
        self.take_evidence(height, evidence)?;
        if self.app.height() < height {
            // Sync brings the bytes that were missing.
            warn!(height, "starting the height again");
            self.proposals.untell(height);
            let _ = answer.send(Next::Restart(Height(height), self.params(height)?));
            return Ok(());
        }
        let next = self.app.height() + 1;
        // What came by sync was decided by others before: whoever syncs does not rest.
        let takes_part =
            self.synced < height && self.roster(next)?.set.by_address(&self.address()).is_some();
        if !takes_part {
            let _ = answer.send(Next::Start(Height(next), self.params(next)?));
            return Ok(());
        }
        let rests = self.app.last_block_was_empty();
        let hold = Hold::new(self.executed, self.heartbeat, rests);
        self.held = Some(Held {
            hold,
            answer,
            ask_at: self.executed,
        });
        self.peer_begins(self.begun);
        Ok(())
    }

    /// A peer begins a height. It may be one ahead of this node, and is remembered so far only, or
    /// one lie would keep the network awake for long.
    pub fn peer_begins(&mut self, height: u64) {
        let next = self.app.height() + 1;
        self.begun = self.begun.max(height.min(next + 1));
        if self.begun >= next {
            if let Some(held) = &mut self.held {
                held.hold.call();
            }
        }
    }

    /// Begins the next height if it is time.
    pub fn ask_hold(&mut self) -> Result<(), EngineError> {
        let Some(mut held) = self.held.take() else {
            return Ok(());
        };
        let (has_work, ahead) = (self.app.has_work(), self.app.heights_ahead_of_publication());
        match held.hold.at(self.time.now(), has_work, ahead) {
            Verdict::AskAgain(ask_at) => {
                held.ask_at = ask_at;
                self.held = Some(held);
            }
            Verdict::Begin => {
                let next = self.app.height() + 1;
                if held.hold.rests() {
                    self.app.announce_wake(next);
                }
                let _ = held
                    .answer
                    .send(Next::Start(Height(next), self.params(next)?));
            }
        }
        self.show();
        Ok(())
    }

    fn take_evidence(
        &mut self,
        height: u64,
        found: &MisbehaviorEvidence<HefuContext>,
    ) -> Result<(), EngineError> {
        if found.is_empty() {
            return Ok(());
        }
        let roster = self.roster(height)?;
        let Signatures { suite, network, .. } = &self.key.signatures;
        let key = |address: &Address| {
            roster
                .set
                .by_address(address)
                .map(|validator| validator.key)
        };
        for evidence in evidence::collected(*suite, network, roster.epoch, key, found) {
            let mut voters = roster.voters.iter();
            let name = voters.find(|voter| voter.consensus_key == evidence.offender);
            let name = name.map_or("?", |voter| voter.name.as_str());
            error!(height, kind = ?evidence.kind, "{name} equivocated");
            self.app.evidence(evidence);
        }
        Ok(())
    }

    /// A decided block came from a peer. The engine has verified its certificate and compares the id
    /// of what is answered with it.
    fn synced(
        &mut self,
        height: u64,
        round: u32,
        proposer: Address,
        block: Bytes,
    ) -> Result<SyncedValueOutcome<HefuContext>, EngineError> {
        if height != self.app.height() + 1 {
            return Ok(SyncedValueOutcome::LocalTransientError);
        }
        if block.is_empty() || block.len() > self.block_bytes_max {
            return Ok(SyncedValueOutcome::PeerFault);
        }
        let id = block_id(self.key.signatures.suite, &block);
        let key = (height, round, id);
        let judgement = self.app.judge(height, &block, false).map_err(fault)?;
        // Here a certificate says that the height is decided; whether for this block, the engine checks
        // next, and if so the application is asked to execute it and stops. So this vouches for nothing.
        let may_be_decided = matches!(judgement, Judgement::OtherRoots(_));
        let validity = validity(&key, judgement).or(may_be_decided.then_some(Validity::Valid));
        let Some(validity) = validity else {
            return Ok(SyncedValueOutcome::LocalTransientError);
        };
        if self.proposals.block(height, &id).is_none() {
            // It must be on disk: the engine's log remembers the value, and after a restart it may
            // decide without asking for the bytes again.
            let kept = KeptProposal {
                height,
                round,
                proposer: proposer.0,
                block_id: id,
                signature: None,
                block,
            };
            self.app.keep(&kept).map_err(fault)?;
            self.proposals.insert(Entry {
                kept,
                ask_clock: false,
                told: Some(validity),
            });
        }
        self.synced = height;
        Ok(SyncedValueOutcome::Verdict(ProposedValue {
            height: Height(height),
            round: Round::new(round),
            valid_round: Round::Nil,
            proposer,
            value: ValueId(id),
            validity,
        }))
    }

    /// Decided blocks for a peer. The range is the peer's word.
    pub fn decided_values(
        &self,
        range: &RangeInclusive<Height>,
    ) -> Result<Vec<RawDecidedValue<HefuContext>>, EngineError> {
        let last = range.end().0.min(self.app.height());
        let mut values = Vec::new();
        let mut bytes = 0;
        for height in (range.start().0.max(1)..=last).take(SYNCED_BLOCKS_MAX) {
            let Some((block, certificate)) = self.app.decided_block(height).map_err(fault)? else {
                break;
            };
            bytes += block.len() + certificate.len();
            if bytes > self.response_bytes_max && !values.is_empty() {
                break;
            }
            let certificate = Certificate::decode(&certificate)
                .map_err(|error| EngineError::StoredCertificate(height, error))?;
            values.push(RawDecidedValue::new(block, certificate.into_engine()));
        }
        Ok(values)
    }

    fn show(&self) {
        let status = Status {
            decided: self.app.height(),
            voting: self.voting,
            holding: self.held.is_some(),
        };
        self.status
            .send_if_modified(|shown| std::mem::replace(shown, status) != status);
    }
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> EngineError {
    EngineError::Application(Box::new(error))
}

/// What the engine is told of a judgement, and what the log.
fn validity(key: &Key, judgement: Judgement) -> Option<Validity> {
    let (height, round, id): (u64, u32, BlockId) = *key;
    match judgement {
        Judgement::Valid => Some(Validity::Valid),
        Judgement::Invalid(reason) => {
            warn!(height, round, %id, "an invalid block: {reason}");
            Some(Validity::Invalid)
        }
        Judgement::Unsure(reason) | Judgement::OtherRoots(reason) => {
            warn!(height, round, %id, "not sure of a block: {reason}");
            None
        }
    }
}

async fn until(time: Option<Instant>) {
    if let Some(time) = time {
        sleep_until(time.into()).await;
    }
}

#[cfg(test)]
mod tests;
