//! One engine without threads, sockets and timers, for simulations.
//!
//! [`Driven`] holds the engine's own state machine (`core-consensus`, which is made of effects) and
//! the same application loop that [`crate::run`] runs. Time, messages and the write-ahead log are in
//! the hands of the caller: he [hears](Driven::hear) for it, tells it [how late it is](Driven::run),
//! delivers the [letters](Letter) that it leaves, and keeps its [log](LogFile) over a crash.
//!
//! What is the product's: consensus, the loop, signing, codecs, parts, the format of the log. What is
//! rewritten here, because the engine has it in actors that need a runtime and a swarm, is what
//! stands between them: `consensus.rs` of the engine (the order of log, flush and publication, and
//! the replay of the log, follow it line by line), timers, and a small sync ([`sync`]).
//! Not here: any decision about when a message arrives.

mod log;
mod sync;

use crate::app_loop::{Host, Outgoing, Time};
use crate::application::Application;
use crate::codec::EngineCodec;
use crate::config::{peer_key, Config};
use crate::context::{HefuContext, Height, Vote};
use crate::handle::{Calls, Signals};
use crate::signing::{ConsensusKey, Epochs, Signatures};
use crate::EngineError;
use arc_malachitebft_app::consensus::{
    process, Effect, Error, Input, LivenessMsg, Params, Resumable, Resume, State,
};
use arc_malachitebft_app::engine::host::{HeightParams, Next, SyncedValueOutcome};
use arc_malachitebft_app::engine::wal::{decode_entry, encode_entry};
use arc_malachitebft_app::metrics::Metrics;
use arc_malachitebft_app::streaming::StreamMessage;
use arc_malachitebft_app::types::codec::Codec;
use arc_malachitebft_app::types::{
    LocallyProposedValue, PeerId, ProposedValue, SignedConsensusMsg, ValuePayload,
};
use arc_malachitebft_app::wal::log::Log;
use arc_malachitebft_app_channel::AppMsg;
use arc_malachitebft_core_types::{
    LinearTimeouts, NilOrVal, Timeout, ValidatorSet as _, ValueOrigin, ValueResponse, VoteType,
};
use arc_malachitebft_signing::{Signer, Verifier, VerifierExt};
use bytes::Bytes;
use hefu_types::BlockId;
pub use log::LogFile;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use sync::Sync;
use tokio::sync::{oneshot, watch};
use tracing::{debug, warn};

/// The engine's own defaults: so many heights ahead are remembered, and so many messages of each.
const QUEUE_HEIGHTS: usize = 10;
const QUEUE_PER_HEIGHT: usize = 500;

/// What kind of message bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Votes and proposals.
    Consensus,
    /// Votes and certificates that are said again.
    Liveness,
    /// Parts of blocks.
    Parts,
    /// How far a node is.
    Status,
    /// Asks for decided blocks.
    Request,
    /// Decided blocks.
    Response,
}

/// A message that is to be delivered. Nodes are named by numbers that the caller gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom; none for all others.
    pub to: Option<u16>,
    /// What it is.
    pub channel: Channel,
    /// The message.
    pub bytes: Bytes,
}

/// What a validator says that it may say once only: two of one validator that differ in nothing but
/// the block are equivocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// Prevote 0, precommit 1, proposal 2.
    pub kind: u8,
    /// The height.
    pub height: u64,
    /// The round.
    pub round: u32,
    /// For which block; none for nil.
    pub block: Option<BlockId>,
}

impl Said {
    /// What a letter says, if it is one of these.
    pub fn of(channel: Channel, bytes: &Bytes) -> Option<Self> {
        let codec = EngineCodec {
            part_bytes_max: bytes.len(),
            response_bytes_max: 0,
        };
        let vote = |vote: &Vote| {
            Some(Self {
                kind: match vote.kind {
                    VoteType::Prevote => 0,
                    VoteType::Precommit => 1,
                },
                height: vote.height.0,
                round: vote.round.as_u32()?,
                block: match vote.value {
                    NilOrVal::Nil => None,
                    NilOrVal::Val(value) => Some(value.0),
                },
            })
        };
        match channel {
            Channel::Consensus => match codec.decode(bytes.clone()).ok()? {
                SignedConsensusMsg::Vote(said) => vote(&said.message),
                SignedConsensusMsg::Proposal(said) => Some(Self {
                    kind: 2,
                    height: said.message.height.0,
                    round: said.message.round.as_u32()?,
                    block: Some(said.message.value.0),
                }),
            },
            Channel::Liveness => match codec.decode(bytes.clone()).ok()? {
                LivenessMsg::<HefuContext>::Vote(said) => vote(&said.message),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What consensus is told, in the order in which it is to hear of it.
enum Mail {
    Start(Height, HeightParams<HefuContext>, bool),
    Propose(LocallyProposedValue<HefuContext>),
    Value(ProposedValue<HefuContext>, ValueOrigin),
    Synced(ValueResponse<HefuContext>),
    Committed(u64),
    Input(Input<HefuContext>),
}

/// An answer of the application loop that consensus waits for.
enum Awaited {
    Ready(oneshot::Receiver<(Height, HeightParams<HefuContext>)>),
    Round(oneshot::Receiver<Vec<ProposedValue<HefuContext>>>),
    Propose(oneshot::Receiver<LocallyProposedValue<HefuContext>>),
    Part(oneshot::Receiver<Option<ProposedValue<HefuContext>>>),
    Decided(u64, oneshot::Receiver<()>),
    Finalized(oneshot::Receiver<Next<HefuContext>>),
    Synced(
        ValueResponse<HefuContext>,
        oneshot::Receiver<SyncedValueOutcome<HefuContext>>,
    ),
    Nothing,
}

/// See the module. After an error it is dead: what it left in the log and on the disk is what a new
/// one begins with.
pub struct Driven<A> {
    consensus: Option<State<HefuContext>>,
    metrics: Metrics,
    hands: Hands<A>,
}

/// Everything but the state machine, which handles its effects with it.
struct Hands<A> {
    host: Host<A>,
    calls: watch::Receiver<Calls>,
    codec: EngineCodec,
    key: ConsensusKey,
    params: Params<HefuContext>,
    log: Log<LogFile>,
    recovering: bool,
    is_validator: bool,
    /// How often a height was started again: an acknowledgement of before does not count.
    generation: u64,
    timeouts: LinearTimeouts,
    /// Ascending in no order: there are a handful.
    timers: Vec<(Instant, Timeout)>,
    mail: VecDeque<Mail>,
    questions: VecDeque<(AppMsg<HefuContext>, Awaited)>,
    held: Option<oneshot::Receiver<Next<HefuContext>>>,
    sync: Sync,
    letters: Vec<Letter>,
    origin: Instant,
    now: Instant,
    failure: Option<EngineError>,
}

/// The name of a node among the engine's peers.
fn peer(number: u16) -> Result<PeerId, EngineError> {
    let mut seed = [0; 32];
    seed[..2].copy_from_slice(&number.to_be_bytes());
    let id = peer_key(&seed)?.public().to_peer_id();
    PeerId::from_bytes(&id.to_bytes()).map_err(|error| EngineError::Config(error.to_string()))
}

/// What signs and verifies never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("nothing here waits for anything"),
    }
}

impl<A: Application> Driven<A> {
    /// Starts on what an earlier one left. `number` is this node's; `now` counts from an origin that
    /// is the same for ever and differs between two starts of one node. Of the configuration the
    /// addresses and the path of the log are not looked at.
    pub fn start(
        config: Config,
        app: A,
        signals: Signals,
        log: &LogFile,
        number: u16,
        others: &[u16],
        now: Duration,
    ) -> Result<Self, EngineError> {
        log.height().map_err(|_| EngineError::Unsafe)?;
        let unreadable = |error: io::Error| EngineError::Start(error.to_string());
        let log = Log::open_with("memory", log.clone()).map_err(unreadable)?;
        let origin = Instant::now();
        let codec = EngineCodec {
            part_bytes_max: config.part_bytes_max,
            response_bytes_max: config.response_bytes_max(),
        };
        let signatures = Signatures {
            suite: config.suite,
            network: config.network,
            epochs: Epochs::default(),
        };
        let key = ConsensusKey {
            signatures: signatures.clone(),
            secret: config.consensus_key.clone(),
        };
        let Signals { calls, status, .. } = signals;
        let started = now.as_nanos() as u64;
        let now = origin + now;
        let host = Host::at(config, app, signatures, status, Time::ByHand(now), started);
        let params = Params {
            address: host.address(),
            threshold_params: Default::default(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: true,
        };
        let mut peers = Vec::new();
        for other in others {
            peers.push((*other, peer(*other)?));
        }
        let mut driven = Self {
            consensus: None,
            metrics: Metrics::new(),
            hands: Hands {
                host,
                calls,
                codec,
                key,
                params,
                log,
                recovering: false,
                is_validator: false,
                generation: 0,
                timeouts: LinearTimeouts::default(),
                timers: Vec::new(),
                mail: VecDeque::new(),
                questions: VecDeque::new(),
                held: None,
                sync: Sync::new(peer(number)?, peers, now),
                letters: Vec::new(),
                origin,
                now,
                failure: None,
            },
        };
        driven
            .hands
            .ask(Awaited::Ready, |reply| AppMsg::ConsensusReady { reply });
        driven.settle()?;
        Ok(driven)
    }

    /// The application.
    pub fn app(&self) -> &A {
        self.hands.host.app()
    }

    /// The height and round that are voted on, once a height is started.
    pub fn voting(&self) -> Option<(u64, i64)> {
        let consensus = self.consensus.as_ref()?;
        Some((consensus.height().0, consensus.round().as_i64()))
    }

    /// When [`Self::run`] has something to do next, if nothing happens before.
    pub fn due(&self) -> Duration {
        let hands = &self.hands;
        let timers = hands.timers.iter().map(|(at, _)| *at);
        let due = timers.chain(hands.host.ask_at()).chain([hands.sync.due()]);
        let due = due.min().unwrap_or(hands.now);
        due.saturating_duration_since(hands.origin)
    }

    /// Takes what it wants to say. Also after an error: that was said before.
    pub fn take_letters(&mut self) -> Vec<Letter> {
        std::mem::take(&mut self.hands.letters)
    }

    /// It is so late now: timers elapse, what the handle was told is heard, a hold may end.
    pub fn run(&mut self, now: Duration) -> Result<(), EngineError> {
        self.set_time(now);
        while let Some(at) = self.hands.next_elapsed() {
            let (_, timeout) = self.hands.timers.swap_remove(at);
            self.hands
                .mail
                .push_back(Mail::Input(Input::TimeoutElapsed(timeout)));
            self.settle()?;
        }
        self.hands.run_sync();
        self.settle()
    }

    /// A message of a peer arrived. What cannot be read is passed over, as the engine's network does.
    pub fn hear(
        &mut self,
        now: Duration,
        from: u16,
        channel: Channel,
        bytes: Bytes,
    ) -> Result<(), EngineError> {
        self.set_time(now);
        if let Err(error) = self.hands.read(from, channel, bytes) {
            debug!(%error, from, ?channel, "a message that cannot be read");
        }
        self.settle()
    }

    fn set_time(&mut self, now: Duration) {
        let hands = &mut self.hands;
        hands.now = hands.now.max(hands.origin + now);
        hands.host.set_time(hands.now);
    }

    /// Goes on until nobody has anything more to say.
    fn settle(&mut self) -> Result<(), EngineError> {
        loop {
            if let Some(failure) = self.hands.failure.take() {
                return Err(failure);
            }
            if let Some((question, awaited)) = self.hands.questions.pop_front() {
                self.hands.put(question, awaited);
            } else if let Some(mail) = self.hands.mail.pop_front() {
                self.open(mail)?;
            } else if !self.hands.attend()? {
                return Ok(());
            }
        }
    }

    fn open(&mut self, mail: Mail) -> Result<(), EngineError> {
        match mail {
            Mail::Start(height, params, again) => self.start_height(height, params, again),
            Mail::Propose(value) => self.process(Input::Propose(value)),
            Mail::Value(value, origin) => self.process(Input::ProposedValue(value, origin)),
            Mail::Synced(response) => self.process(Input::SyncValueResponse(response)),
            Mail::Input(input) => self.process(input),
            Mail::Committed(generation) => {
                if generation == self.hands.generation {
                    let hands = &mut self.hands;
                    hands.sync.decided(hands.host.app().height());
                    hands.say_status();
                }
                Ok(())
            }
        }
    }

    fn process(&mut self, input: Input<HefuContext>) -> Result<(), EngineError> {
        let Self {
            consensus,
            metrics,
            hands,
        } = self;
        let Some(consensus) = consensus else {
            return Ok(());
        };
        let processed: Result<(), Error<HefuContext>> = process!(
            input: input,
            state: consensus,
            metrics: &*metrics,
            with: effect => hands.handle(effect)
        );
        match self.hands.failure.take() {
            Some(failure) => Err(failure),
            None => processed.map_err(|error| {
                warn!(%error, "consensus failed");
                EngineError::Failed
            }),
        }
    }

    /// As `Msg::StartHeight` and `Msg::RestartHeight` of the engine's consensus actor.
    fn start_height(
        &mut self,
        height: Height,
        params: HeightParams<HefuContext>,
        again: bool,
    ) -> Result<(), EngineError> {
        let hands = &mut self.hands;
        if again {
            hands.generation += 1;
        }
        if self.consensus.is_none() {
            self.consensus = Some(State::new(
                HefuContext,
                height,
                params.validator_set.clone(),
                hands.params.clone(),
                QUEUE_HEIGHTS,
                QUEUE_PER_HEIGHT,
            ));
        }
        let own = &hands.params.address;
        hands.is_validator = params.validator_set.get_by_address(own).is_some();
        let logged = if again || !hands.is_validator || hands.log.sequence() != height.0 {
            let reset = hands.log.reset(height.0);
            reset.map_err(|error| EngineError::Start(error.to_string()))?;
            Vec::new()
        } else {
            hands.logged()?
        };
        hands.timeouts = params.timeouts;
        self.process(Input::StartHeight(
            height,
            params.validator_set,
            again,
            params.target_time,
            params.vote_extension_policy,
        ))?;
        if !logged.is_empty() {
            self.replay(logged)?;
        }
        self.hands.sync.started(height.0, again);
        self.hands.take_synced();
        Ok(())
    }

    fn replay(&mut self, logged: Vec<Input<HefuContext>>) -> Result<(), EngineError> {
        self.hands.recovering = true;
        if let Some(consensus) = &mut self.consensus {
            consensus.record_recovered_own_precommit_extensions(logged.iter());
            consensus.index_wal_entries(logged.iter());
        }
        for input in logged {
            self.process(input).map_err(|error| match error {
                EngineError::Failed => EngineError::Unsafe,
                other => other,
            })?;
        }
        if let Some(consensus) = &mut self.consensus {
            consensus.reset_entries_index();
        }
        self.hands.recovering = false;
        Ok(())
    }
}

impl<A: Application> Hands<A> {
    /// Asks the application loop, after what it was asked before.
    fn ask<T>(
        &mut self,
        awaited: impl FnOnce(oneshot::Receiver<T>) -> Awaited,
        question: impl FnOnce(oneshot::Sender<T>) -> AppMsg<HefuContext>,
    ) {
        let (reply, answer) = oneshot::channel();
        self.questions.push_back((question(reply), awaited(answer)));
    }

    /// Puts one question to the application loop and takes its answer.
    fn put(&mut self, question: AppMsg<HefuContext>, awaited: Awaited) {
        if self.failure.is_some() {
            return;
        }
        match self.host.answer(question) {
            Ok(parts) => self.publish(parts),
            Err(failure) => {
                self.failure = Some(failure);
                return;
            }
        }
        match awaited {
            Awaited::Ready(mut answer) => {
                if let Ok((height, params)) = answer.try_recv() {
                    self.mail.push_back(Mail::Start(height, params, false));
                }
            }
            Awaited::Round(mut answer) => {
                for value in answer.try_recv().unwrap_or_default() {
                    let mail = Mail::Value(value, ValueOrigin::Consensus);
                    self.mail.push_back(mail);
                }
            }
            Awaited::Propose(mut answer) => {
                self.mail.extend(answer.try_recv().ok().map(Mail::Propose));
            }
            Awaited::Part(mut answer) => {
                if let Ok(Some(value)) = answer.try_recv() {
                    let mail = Mail::Value(value, ValueOrigin::Consensus);
                    self.mail.push_back(mail);
                }
            }
            Awaited::Decided(generation, mut answer) => {
                if answer.try_recv().is_ok() {
                    self.mail.push_back(Mail::Committed(generation));
                }
            }
            Awaited::Finalized(answer) => self.held = Some(answer),
            Awaited::Synced(response, mut answer) => {
                let height = response.certificate.height.0;
                match answer.try_recv() {
                    Ok(SyncedValueOutcome::Verdict(mut value))
                        if value.value == response.certificate.value_id =>
                    {
                        value.round = response.certificate.round;
                        self.mail.push_back(Mail::Value(value, ValueOrigin::Sync));
                    }
                    Ok(SyncedValueOutcome::LocalTransientError) | Err(_) => {
                        self.sync.failed(height, None, self.now);
                    }
                    Ok(_) => self.sync.failed(height, Some(response.peer), self.now),
                }
            }
            Awaited::Nothing => {}
        }
    }

    /// Hears the handle, ends the hold if it is time, and passes its end on. Says whether consensus
    /// has mail of it.
    fn attend(&mut self) -> Result<bool, EngineError> {
        if self.calls.has_changed().unwrap_or(false) {
            let heard = *self.calls.borrow_and_update();
            self.host.peer_begins(heard.begun);
        }
        self.host.ask_hold()?;
        let next = self.held.as_mut().and_then(|held| held.try_recv().ok());
        let Some(next) = next else {
            return Ok(false);
        };
        self.held = None;
        self.mail.push_back(match next {
            Next::Start(height, params) => Mail::Start(height, params, false),
            Next::Restart(height, params) => Mail::Start(height, params, true),
        });
        Ok(true)
    }

    fn next_elapsed(&self) -> Option<usize> {
        let elapsed = self.timers.iter().enumerate();
        let elapsed = elapsed.filter(|(_, (at, _))| *at <= self.now);
        elapsed.min_by_key(|(_, (at, _))| *at).map(|(at, _)| at)
    }

    fn letter(&mut self, to: Option<u16>, channel: Channel, bytes: io::Result<Bytes>) {
        match bytes {
            Ok(bytes) if self.failure.is_none() => {
                self.letters.push(Letter { to, channel, bytes });
            }
            Ok(_) => {}
            Err(error) => warn!(%error, ?channel, "a message that cannot be said"),
        }
    }

    fn publish(&mut self, parts: Outgoing) {
        for part in parts {
            self.letter(None, Channel::Parts, self.codec.encode(&part));
        }
    }

    /// A message of a peer.
    fn read(&mut self, from: u16, channel: Channel, bytes: Bytes) -> io::Result<()> {
        let input = match channel {
            Channel::Consensus => match self.codec.decode(bytes)? {
                SignedConsensusMsg::Vote(vote) => Input::Vote(vote),
                SignedConsensusMsg::Proposal(proposal) => Input::Proposal(proposal),
            },
            Channel::Liveness => match self.codec.decode(bytes)? {
                LivenessMsg::Vote(vote) => Input::Vote(vote),
                LivenessMsg::PolkaCertificate(polka) => Input::PolkaCertificate(polka),
                LivenessMsg::SkipRoundCertificate(skip) => Input::RoundCertificate(skip),
            },
            Channel::Parts => {
                let part: StreamMessage<_> = self.codec.decode(bytes)?;
                let Some(from) = self.sync.peer(from) else {
                    return Err(io::Error::other("of nobody who is a peer"));
                };
                self.ask(Awaited::Part, |reply| AppMsg::ReceivedProposalPart {
                    from,
                    published_by: None,
                    part,
                    reply,
                });
                return Ok(());
            }
            Channel::Status | Channel::Request | Channel::Response => {
                return self.read_sync(from, channel, bytes);
            }
        };
        self.mail.push_back(Mail::Input(input));
        Ok(())
    }

    // --- The log ---------------------------------------------------------------------------------

    /// What the log holds of the height that begins.
    fn logged(&mut self) -> Result<Vec<Input<HefuContext>>, EngineError> {
        if self.log.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.log.iter().map_err(|_| EngineError::Unsafe)?;
        let mut logged = Vec::new();
        for bytes in entries {
            let entry = bytes.and_then(|bytes| decode_entry(&self.codec, io::Cursor::new(bytes)));
            // The engine hangs here, so that nobody starts it again unasked.
            logged.push(entry.map_err(|_| EngineError::Unsafe)?);
        }
        Ok(logged)
    }

    fn append(&mut self, entry: Input<HefuContext>) {
        if self.recovering || !self.is_validator || self.failure.is_some() {
            return;
        }
        let mut bytes = Vec::new();
        let written = encode_entry(entry, &self.codec, &mut bytes);
        if written.and_then(|()| self.log.append(&bytes)).is_err() {
            self.failure = Some(EngineError::Unsafe);
        }
    }

    fn flush(&mut self) {
        if self.recovering || !self.is_validator || self.failure.is_some() {
            return;
        }
        if self.log.flush().is_err() {
            self.failure = Some(EngineError::Unsafe);
        }
    }

    // --- Effects ---------------------------------------------------------------------------------

    /// As `handle_effect` of the engine's consensus actor. After a failure nothing happens any more,
    /// but the state machine still gets the kind of answer that it waits for.
    fn handle(&mut self, effect: Effect<HefuContext>) -> Result<Resume<HefuContext>, EngineError> {
        Ok(match effect {
            Effect::CancelAllTimeouts(r) => {
                self.timers.clear();
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.timers.retain(|(_, running)| *running != timeout);
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                self.timers.retain(|(_, running)| *running != timeout);
                let at = self.now + self.timeouts.duration_for(timeout);
                self.timers.push((at, timeout));
                r.resume_with(())
            }
            Effect::StartRound(height, round, proposer, role, r) => {
                self.flush();
                self.ask(Awaited::Round, |reply_value| AppMsg::StartedRound {
                    height,
                    round,
                    proposer,
                    role,
                    reply_value,
                });
                // Consensus waits for this answer, and the loop answers in order.
                while let Some((question, awaited)) = self.questions.pop_front() {
                    self.put(question, awaited);
                }
                r.resume_with(())
            }
            Effect::SignProposal(proposal, r) => {
                let signed = at_once(self.key.sign_proposal(proposal));
                r.resume_with(signed.map_err(|_| EngineError::Failed)?)
            }
            Effect::SignVote(vote, r) => {
                let signed = at_once(self.key.sign_vote(vote));
                r.resume_with(signed.map_err(|_| EngineError::Failed)?)
            }
            Effect::VerifySignature(message, key, r) => {
                use arc_malachitebft_app::types::ConsensusMsg as Message;
                let (verifier, signature) = (&self.key.signatures, &message.signature);
                let verified = match &message.message {
                    Message::Vote(vote) => {
                        at_once(verifier.verify_signed_vote(vote, signature, &key))
                    }
                    Message::Proposal(proposal) => {
                        at_once(verifier.verify_signed_proposal(proposal, signature, &key))
                    }
                };
                r.resume_with(verified.is_ok_and(|verified| verified.is_valid()))
            }
            Effect::VerifyCommitCertificate(certificate, set, thresholds, r) => {
                let verifier = &self.key.signatures;
                r.resume_with(at_once(verifier.verify_commit_certificate(
                    &HefuContext,
                    &certificate,
                    &set,
                    thresholds,
                )))
            }
            Effect::VerifyExtendedCommitCertificate(certificate, set, thresholds, policy, r) => {
                let verifier = &self.key.signatures;
                r.resume_with(at_once(verifier.verify_extended_commit_certificate(
                    &HefuContext,
                    &certificate,
                    &set,
                    thresholds,
                    policy,
                )))
            }
            Effect::VerifyPolkaCertificate(certificate, set, thresholds, r) => {
                let verifier = &self.key.signatures;
                r.resume_with(at_once(verifier.verify_polka_certificate(
                    &HefuContext,
                    &certificate,
                    &set,
                    thresholds,
                )))
            }
            Effect::VerifyRoundCertificate(certificate, set, thresholds, r) => {
                let verifier = &self.key.signatures;
                r.resume_with(at_once(verifier.verify_round_certificate(
                    &HefuContext,
                    &certificate,
                    &set,
                    thresholds,
                )))
            }
            // Extensions are disabled.
            Effect::ExtendVote(.., r) => r.resume_with(None),
            Effect::VerifyVoteExtension(.., r) => r.resume_with(Ok(())),
            Effect::PublishConsensusMsg(message, r) => {
                self.flush();
                self.letter(None, Channel::Consensus, self.codec.encode(&message));
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                self.letter(None, Channel::Liveness, self.codec.encode(&message));
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                let bytes = self.codec.encode(&LivenessMsg::Vote(vote));
                self.letter(None, Channel::Liveness, bytes);
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(certificate, r) => {
                let message = LivenessMsg::SkipRoundCertificate(certificate);
                self.letter(None, Channel::Liveness, self.codec.encode(&message));
                r.resume_with(())
            }
            Effect::GetValue(height, round, timeout, r) => {
                let timeout = self.timeouts.duration_for(timeout);
                self.ask(Awaited::Propose, |reply| AppMsg::GetValue {
                    height,
                    round,
                    timeout,
                    reply,
                });
                r.resume_with(())
            }
            Effect::RestreamProposal(height, round, valid_round, address, value_id, r) => {
                let question = AppMsg::RestreamProposal {
                    height,
                    round,
                    valid_round,
                    address,
                    value_id,
                };
                self.questions.push_back((question, Awaited::Nothing));
                r.resume_with(())
            }
            Effect::Decide(certificate, extensions, r) => {
                self.flush();
                let generation = self.generation;
                self.ask(
                    |answer| Awaited::Decided(generation, answer),
                    |reply| AppMsg::Decided {
                        certificate,
                        extensions,
                        reply,
                    },
                );
                r.resume_with(())
            }
            Effect::Finalize(certificate, extensions, evidence, r) => {
                self.ask(Awaited::Finalized, |reply| AppMsg::Finalized {
                    certificate,
                    extensions,
                    evidence,
                    reply,
                });
                r.resume_with(())
            }
            Effect::CertVerifiedSyncValue(response, proposer, r) => {
                let certificate = &response.certificate;
                let (height, round) = (certificate.height, certificate.round);
                let value_bytes = response.value_bytes.clone();
                self.ask(
                    |answer| Awaited::Synced(response, answer),
                    |reply| AppMsg::ProcessSyncedValue {
                        height,
                        round,
                        proposer,
                        value_bytes,
                        reply,
                    },
                );
                r.resume_with(())
            }
            Effect::CertRejectedSyncValue(from, height, error, r) => {
                warn!(%from, %height, %error, "a synced block with a bad certificate");
                let blamed = matches!(error, Error::InvalidCommitCertificate(..));
                self.sync.failed(height.0, blamed.then_some(from), self.now);
                r.resume_with(())
            }
            Effect::WalAppend(_, entry, r) => {
                self.append(entry);
                r.resume_with(())
            }
        })
    }
}
