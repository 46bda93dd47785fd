//! The loop without the engine: each test says what the engine says and looks at the answers.

use super::*;
use crate::config::peer_key;
use crate::handle::engine_handle;
use crate::signing::Epochs;
use hefu_types::suite::SecretKey;
use hefu_types::{NetworkDigest, Suite};
use std::convert::Infallible;
use tokio::sync::oneshot;

const SUITE: Suite = Suite::Sha256Ed25519;
const VOTERS: u64 = 4;
const LONGEST: usize = 4096;

/// An application that says what it is told to, and remembers what it was asked.
struct Told {
    chain: Vec<(Bytes, Bytes)>,
    kept: Vec<KeptProposal>,
    judgement: Judgement,
    /// For each judgement, whether the clock could be asked.
    clock_asked: Vec<bool>,
    work: bool,
    woken: Vec<u64>,
    made: u8,
}

impl Application for Told {
    type Fault = Infallible;

    fn height(&self) -> u64 {
        self.chain.len() as u64
    }

    fn validators(&self, height: u64) -> Vec<Voter> {
        assert!(
            height <= self.height() + 1,
            "validators of a height that is not known yet"
        );
        (0..VOTERS)
            .map(|at| Voter {
                name: at.to_string(),
                consensus_key: secret(at).public_key(),
            })
            .collect()
    }

    fn epoch(&self, _: u64) -> u64 {
        3
    }

    fn propose(&mut self, height: u64, _: u32) -> Result<Bytes, Infallible> {
        assert_eq!(height, self.height() + 1);
        // Never the same twice.
        self.made += 1;
        Ok(vec![self.made; 300].into())
    }

    fn judge(&mut self, height: u64, _: &Bytes, clock: bool) -> Result<Judgement, Infallible> {
        assert_eq!(height, self.height() + 1);
        self.clock_asked.push(clock);
        Ok(self.judgement.clone())
    }

    fn keep(&mut self, proposal: &KeptProposal) -> Result<(), Infallible> {
        self.kept.push(proposal.clone());
        Ok(())
    }

    fn kept(&self) -> Result<Vec<KeptProposal>, Infallible> {
        Ok(self.kept.clone())
    }

    fn decided(&mut self, height: u64, block: Bytes, certificate: Bytes) -> Result<(), Infallible> {
        assert_eq!(height, self.height() + 1);
        self.chain.push((block, certificate));
        Ok(())
    }

    fn decided_block(&self, height: u64) -> Result<Option<(Bytes, Bytes)>, Infallible> {
        Ok(self.chain.get(height as usize - 1).cloned())
    }

    fn last_block_was_empty(&self) -> bool {
        true
    }

    fn has_work(&self) -> bool {
        self.work
    }

    fn heights_ahead_of_publication(&self) -> u64 {
        0
    }

    fn announce_wake(&mut self, height: u64) {
        self.woken.push(height);
    }

    fn evidence(&mut self, evidence: crate::Evidence) {
        panic!("nobody equivocates here: {evidence:?}");
    }
}

fn secret(voter: u64) -> SecretKey {
    SecretKey::from_seed(SUITE, &[voter as u8 + 1; 32])
}

fn address(voter: u64) -> Address {
    Address(secret(voter).key_id())
}

fn peer(name: u8) -> PeerId {
    let id = peer_key(&[name; 32]).expect("a key").public().to_peer_id();
    PeerId::from_bytes(&id.to_bytes()).expect("a peer id")
}

fn app(kept: Vec<KeptProposal>) -> Told {
    Told {
        chain: Vec::new(),
        kept,
        judgement: Judgement::Valid,
        clock_asked: Vec::new(),
        work: false,
        woken: Vec::new(),
        made: 0,
    }
}

/// Voter 1 of 4, whose turn the first round of height 1 is, on an application.
fn host_on(app: Told) -> Host<Told> {
    let config = Config {
        moniker: "test".into(),
        network: NetworkDigest([5; 32]),
        suite: SUITE,
        wal: "unused".into(),
        listen: "unused".into(),
        peers: Vec::new(),
        peer_seed: [1; 32],
        consensus_key: secret(1),
        votes: true,
        timeouts: Timeouts::default(),
        heartbeat: Duration::from_secs(3600),
        part_bytes: 100,
        part_bytes_max: 1000,
        block_bytes_max: LONGEST,
    };
    let network = config.network;
    let signatures = Signatures {
        suite: SUITE,
        network,
        epochs: Epochs::default(),
    };
    let (_, signals) = engine_handle();
    let mut host = Host::new(config, app, signatures, signals.status);
    let (reply, answer) = oneshot::channel();
    host.answer(AppMsg::ConsensusReady { reply })
        .expect("no fault");
    let (height, _) = answer_of(answer);
    assert_eq!(height.0, host.app.height() + 1);
    host
}

fn host() -> Host<Told> {
    host_on(app(Vec::new()))
}

#[track_caller]
fn answer_of<T>(mut answer: oneshot::Receiver<T>) -> T {
    answer.try_recv().expect("answered")
}

type Value = ProposedValue<HefuContext>;

fn start_round(host: &mut Host<Told>, height: u64, round: u32) -> Vec<Value> {
    let (reply_value, answer) = oneshot::channel();
    let message = AppMsg::StartedRound {
        height: Height(height),
        round: Round::new(round),
        proposer: address((height + u64::from(round)) % VOTERS),
        role: arc_malachitebft_app::consensus::Role::Validator,
        reply_value,
    };
    host.answer(message).expect("no fault");
    answer_of(answer)
}

fn value_to_propose(host: &mut Host<Told>, height: u64, round: u32) -> (ValueId, Outgoing) {
    let (reply, answer) = oneshot::channel();
    let (height, round) = (Height(height), Round::new(round));
    let message = AppMsg::GetValue {
        height,
        round,
        timeout: Duration::ZERO,
        reply,
    };
    let parts = host.answer(message).expect("no fault");
    (answer_of(answer).value, parts)
}

/// The messages of a block that a voter signs and that says it is another's.
fn stream(signer: u64, proposer: u64, height: u64, round: u32, block: &Bytes) -> Outgoing {
    let head = Head {
        height,
        round,
        proposer: address(proposer),
        block: ValueId(block_id(SUITE, block)),
        length: block.len() as u64,
    };
    let epochs = Epochs::default();
    let network = NetworkDigest([5; 32]);
    let signatures = Signatures {
        suite: SUITE,
        network,
        epochs,
    };
    let key = ConsensusKey {
        signatures,
        secret: secret(signer),
    };
    let signature = key.sign_head(3, &head);
    let id = StreamId::new(vec![signer as u8, height as u8, round as u8].into());
    cut(&id, SignedHead { head, signature }, block, 100)
}

/// What the engine is told when all messages of a stream have arrived.
fn receive(host: &mut Host<Told>, from: u8, parts: Outgoing) -> Option<Value> {
    let mut told = Vec::new();
    for part in parts {
        let (reply, answer) = oneshot::channel();
        let from = peer(from);
        host.answer(AppMsg::ReceivedProposalPart {
            from,
            published_by: None,
            part,
            reply,
        })
        .expect("no fault");
        told.extend(answer_of(answer));
    }
    assert!(told.len() <= 1);
    told.pop()
}

fn certificate(height: u64, block: &Bytes) -> CommitCertificate<HefuContext> {
    CommitCertificate {
        height: Height(height),
        round: Round::ZERO,
        value_id: ValueId(block_id(SUITE, block)),
        commit_signatures: Vec::new(),
    }
}

/// Whether the decision is acknowledged.
fn decide(host: &mut Host<Told>, height: u64, block: &Bytes) -> bool {
    let (reply, mut answer) = oneshot::channel();
    let certificate = certificate(height, block);
    let message = AppMsg::Decided {
        certificate,
        extensions: Default::default(),
        reply,
    };
    host.answer(message).expect("no fault");
    answer.try_recv().is_ok()
}

fn finalize(host: &mut Host<Told>, height: u64) -> oneshot::Receiver<Next<HefuContext>> {
    let (reply, answer) = oneshot::channel();
    let message = AppMsg::Finalized {
        certificate: certificate(height, &Bytes::new()),
        extensions: Default::default(),
        evidence: MisbehaviorEvidence {
            proposals: Default::default(),
            votes: Default::default(),
        },
        reply,
    };
    host.answer(message).expect("no fault");
    host.ask_hold().expect("no fault");
    answer
}

fn block(fill: u8) -> Bytes {
    vec![fill; 250].into()
}

#[test]
fn a_proposer_proposes_the_same_again_also_after_a_restart() {
    let mut first = host();
    start_round(&mut first, 1, 0);
    let (value, parts) = value_to_propose(&mut first, 1, 0);
    assert_eq!(first.app.kept.len(), 1, "kept before it is proposed");
    let (again, again_parts) = value_to_propose(&mut first, 1, 0);
    assert_eq!(again, value);
    let contents = |parts: &Outgoing| parts.iter().map(|p| p.content.clone()).collect::<Vec<_>>();
    assert_eq!(contents(&again_parts), contents(&parts));
    assert_ne!(again_parts[0].stream_id, parts[0].stream_id);
    let (other, _) = value_to_propose(&mut first, 1, 4);
    assert_ne!(other, value, "another round is another block");

    let mut restarted = host_on(app(first.app.kept));
    let told = start_round(&mut restarted, 1, 0);
    assert_eq!(
        told.iter().map(|told| told.value).collect::<Vec<_>>(),
        [value]
    );
    assert_eq!(restarted.app.clock_asked, [false], "the time has passed");
    assert_eq!(value_to_propose(&mut restarted, 1, 0).0, value);
}

#[test]
fn the_engine_is_told_of_a_block_that_is_whole_kept_and_judged() {
    let mut host = host();
    start_round(&mut host, 1, 1);
    let value = receive(&mut host, 2, stream(2, 2, 1, 1, &block(7))).expect("told");
    assert_eq!(value, host.app.kept[0].value(Validity::Valid));
    assert_eq!((value.round, value.proposer), (Round::new(1), address(2)));
    assert_eq!(host.app.clock_asked, [true]);
    host.app.judgement = Judgement::Invalid("bad".into());
    let value = receive(&mut host, 2, stream(2, 2, 1, 1, &block(8))).expect("told");
    assert_eq!(value.validity, Validity::Invalid);
}

#[test]
fn only_the_proposer_of_a_round_proposes() {
    let mut host = host();
    start_round(&mut host, 1, 1);
    for (what, parts) in [
        ("not the proposer", stream(3, 3, 1, 1, &block(7))),
        ("signed by another", stream(3, 2, 1, 1, &block(7))),
        ("decided", stream(0, 0, 0, 0, &block(7))),
        ("a height too far ahead", stream(0, 0, 12, 0, &block(7))),
        ("a round too far ahead", stream(1, 1, 1, 12, &block(7))),
    ] {
        assert_eq!(receive(&mut host, 2, parts), None, "{what}");
    }
    assert!(host.app.kept.is_empty());
}

#[test]
fn an_unsure_application_is_asked_again_and_about_the_time_until_others_voted_for_it() {
    let mut host = host();
    start_round(&mut host, 1, 1);
    host.app.judgement = Judgement::Unsure("its time is ahead of my clock".into());
    assert_eq!(receive(&mut host, 2, stream(2, 2, 1, 1, &block(7))), None);
    assert_eq!(start_round(&mut host, 1, 2), []);
    assert_eq!(
        host.app.clock_asked,
        [true, true],
        "no clock is skipped by waiting"
    );
    // Restreamed by somebody else in a later round.
    host.app.judgement = Judgement::Valid;
    let value = receive(&mut host, 3, stream(2, 2, 1, 1, &block(7))).expect("told");
    assert_eq!(host.app.clock_asked, [true, true, false]);
    assert_eq!(
        (value.round, value.proposer),
        (Round::new(1), address(2)),
        "of its head"
    );
    assert_eq!(host.app.kept.len(), 1, "kept once");
}

#[test]
fn a_block_of_a_round_or_height_ahead_waits() {
    let mut host = host();
    start_round(&mut host, 1, 0);
    assert_eq!(receive(&mut host, 2, stream(2, 2, 1, 1, &block(7))), None);
    // Height 3 is two ahead: its validators are not known, so nobody can have vouched for it.
    assert_eq!(receive(&mut host, 3, stream(3, 3, 3, 0, &block(8))), None);
    assert_eq!(
        receive(&mut host, 3, stream(2, 3, 3, 0, &block(9))),
        None,
        "badly signed"
    );
    assert!(host.app.clock_asked.is_empty());
    assert_eq!(start_round(&mut host, 1, 1).len(), 1);
    assert_eq!(host.app.clock_asked, [true]);

    assert!(decide(&mut host, 1, &block(7)));
    // Decided, but the engine has not begun height 2: this is early too.
    assert_eq!(receive(&mut host, 2, stream(2, 2, 2, 0, &block(6))), None);
    assert_eq!(start_round(&mut host, 2, 0).len(), 1);
    assert!(decide(&mut host, 2, &block(6)));
    let told = start_round(&mut host, 3, 0);
    assert_eq!(told.len(), 1, "only what its proposer signed");
    assert_eq!(told[0].value.0, block_id(SUITE, &block(8)));
}

#[test]
fn a_block_is_restreamed_with_the_head_of_its_own_proposer() {
    let mut host = host();
    start_round(&mut host, 1, 1);
    let original = stream(2, 2, 1, 1, &block(7));
    receive(&mut host, 2, original.clone()).expect("told");
    let message = AppMsg::RestreamProposal {
        height: Height(1),
        round: Round::new(4),
        valid_round: Round::new(1),
        address: address(1),
        value_id: ValueId(block_id(SUITE, &block(7))),
    };
    let restreamed = host.answer(message).expect("no fault");
    assert_eq!(restreamed[0].content, original[0].content);
    assert_ne!(restreamed[0].stream_id, original[0].stream_id);
    // Somebody who missed it takes it in the later round.
    let mut other = self::host();
    start_round(&mut other, 1, 4);
    let value = receive(&mut other, 1, restreamed).expect("told");
    assert_eq!((value.round, value.proposer), (Round::new(1), address(2)));
    assert_eq!(other.app.clock_asked, [false]);
}

#[test]
fn a_decided_block_whose_bytes_are_missing_is_not_acknowledged() {
    let mut host = host();
    start_round(&mut host, 1, 1);
    receive(&mut host, 2, stream(2, 2, 1, 1, &block(7))).expect("told");
    assert!(!decide(&mut host, 1, &block(9)));
    assert_eq!(host.app.height(), 0);
    let next = answer_of(finalize(&mut host, 1));
    assert!(matches!(next, Next::Restart(Height(1), _)));
    // The engine has forgotten what it was told.
    assert_eq!(start_round(&mut host, 1, 1).len(), 1);
}

#[test]
fn after_an_empty_block_the_network_rests_until_there_is_work() {
    let mut host = host();
    for height in 1..=2_u64 {
        start_round(&mut host, height, 0);
        let proposer = height % VOTERS;
        receive(
            &mut host,
            2,
            stream(proposer, proposer, height, 0, &block(height as u8)),
        );
        assert!(decide(&mut host, height, &block(height as u8)));
        let mut answer = finalize(&mut host, height);
        if height == 1 {
            // Others may be further than a node that has just started.
            assert!(matches!(answer_of(answer), Next::Start(Height(2), _)));
            continue;
        }
        assert!(answer.try_recv().is_err(), "held");
        host.peer_begins(3);
        host.ask_hold().expect("no fault");
        assert!(answer.try_recv().is_err(), "a peer is heard after a second");
        host.app.work = true;
        host.ask_hold().expect("no fault");
        assert!(matches!(answer_of(answer), Next::Start(Height(3), _)));
        assert_eq!(host.app.woken, [3], "the others are told");
    }
}

#[test]
fn a_synced_block_is_judged_kept_and_not_followed_by_rest() {
    let mut host = host();
    start_round(&mut host, 1, 0);
    let synced = |host: &mut Host<Told>, height, block: Bytes| {
        let (reply, answer) = oneshot::channel();
        let message = AppMsg::ProcessSyncedValue {
            height: Height(height),
            round: Round::ZERO,
            proposer: address(height % VOTERS),
            value_bytes: block,
            reply,
        };
        host.answer(message).expect("no fault");
        answer_of(answer)
    };
    let outcome = synced(&mut host, 2, block(7));
    assert!(
        matches!(outcome, SyncedValueOutcome::LocalTransientError),
        "the one before is missing"
    );
    for garbage in [Bytes::new(), vec![0; LONGEST + 1].into()] {
        assert!(matches!(
            synced(&mut host, 1, garbage),
            SyncedValueOutcome::PeerFault
        ));
    }
    host.app.judgement = Judgement::Unsure("the disk".into());
    let outcome = synced(&mut host, 1, block(7));
    assert!(matches!(outcome, SyncedValueOutcome::LocalTransientError));
    // If others decided it, this node has to learn that it went another way.
    host.app.judgement = Judgement::OtherRoots("of height 0".into());
    let outcome = synced(&mut host, 1, block(9));
    assert!(
        matches!(outcome, SyncedValueOutcome::Verdict(value) if value.validity == Validity::Valid)
    );
    host.app.kept.clear();
    host.app.judgement = Judgement::Valid;
    for height in 1..=3 {
        let SyncedValueOutcome::Verdict(value) = synced(&mut host, height, block(height as u8))
        else {
            panic!("a verdict")
        };
        assert_eq!(value.validity, Validity::Valid);
        assert_eq!(
            host.app.kept.len() as u64,
            height,
            "the engine may decide without asking again"
        );
        assert!(decide(&mut host, height, &block(height as u8)));
        assert!(matches!(
            answer_of(finalize(&mut host, height)),
            Next::Start(..)
        ));
    }
    assert!(host.app.clock_asked.iter().all(|asked| !asked));
    assert!(host.app.woken.is_empty());
}

#[test]
fn what_a_peer_may_ask_for_is_bounded() {
    let mut host = host();
    let value = Certificate::of(&certificate(1, &block(1))).expect("a round");
    let stored = value.encode().expect("memory");
    host.app.chain = vec![(block(1), stored); 100];
    let ask = |host: &Host<Told>, first, last| {
        host.decided_values(&(Height(first)..=Height(last)))
            .expect("no fault")
            .len()
    };
    assert_eq!(ask(&host, 99, 100), 2);
    assert_eq!(ask(&host, 99, u64::MAX), 2);
    assert_eq!(ask(&host, 0, 2), 2, "there is no block 0");
    assert_eq!(ask(&host, 1, u64::MAX), SYNCED_BLOCKS_MAX);
    assert_eq!(ask(&host, 101, u64::MAX), 0);
    assert_eq!(ask(&host, 9, 8), 0);
    host.response_bytes_max = 600;
    assert_eq!(ask(&host, 1, 100), 2);
    host.response_bytes_max = 1;
    assert_eq!(ask(&host, 1, 100), 1, "one block is always served");
}
