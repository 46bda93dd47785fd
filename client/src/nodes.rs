//! Asking the nodes of a network. None of them is trusted.
//!
//! A question goes to one node after the other, first to the one that answered last. What comes back
//! is bounded before it is read, and checked by the caller before it counts; a node whose answer does
//! not hold is named in [`Nodes::warnings`], and the next is asked. An error that a node answers is
//! taken only if no other node does better: one node cannot make a command fail.

mod plain;

pub use plain::OneNode;

use crate::failure::Failure;
use crate::lookup::tells_halts;
use crate::memory::{self, Remembered, Unproven};
use crate::say::Lang;
use crate::send::Signed;
use hefu_proof::bundle::{ReceiptBundle, BUNDLE_BYTES_MAX};
use hefu_proof::certificate::{
    CertificateError, StatusCertificate, VerifiedState, CERTIFICATE_BYTES_MAX,
};
use hefu_proof::derived::is_history;
use hefu_proof::memory::{Memory, MemoryError};
use hefu_proof::receipt::{Receipt, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_proof::verdict::Said;
use hefu_types::genesis::{Network, GENESIS_BYTES_MAX};
use hefu_types::record::{PastStatus, PublicPart};
use hefu_types::{canonical, Code, EntryIndex, KeyId, Millis, OperationId, StateKey, StatementId};
use hefu_wire::path::{self, CBOR};
use hefu_wire::{
    NetworkFile, OutcomeAnswer, Problem, SignedCount, StatementAnswer, StatementState,
};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take beyond what the node was asked to wait; then the next is asked.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a node may take to make many receipts.
const MANY: Duration = Duration::from_secs(20);
/// The shortest time that a node gets, also where the caller's time is over: each is asked once.
const ANSWER_MIN: Duration = Duration::from_secs(1);
/// How long a node is asked to wait for finality, in milliseconds.
const WAIT_MS: u64 = 5_000;
/// The rest between two rounds over all nodes, at first.
const REST: Duration = Duration::from_millis(200);
/// The longest history of a record: tens of thousands of events.
const HISTORY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest JSON answer: 4096 outcomes with their sentences.
const JSON_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The longest note of a checkpoint: the lines of 256 validators.
const NOTE_BYTES_MAX: usize = 256 * 1024;

/// The nodes of one network.
pub struct Nodes {
    network: Network,
    addresses: Vec<String>,
    agent: ureq::Agent,
    timeout: Duration,
    lang: Lang,
    warned: Cell<bool>,
    first: Cell<usize>,
    warnings: RefCell<Vec<String>>,
    remembered: RefCell<Remembered>,
}

/// A certificate that holds.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What it proves.
    pub state: VerifiedState,
    /// The certificate itself.
    pub certificate: StatusCertificate,
    /// Who served it.
    pub node: String,
}

/// What a node answered.
struct Reply {
    status: u16,
    body: Vec<u8>,
}

/// What a reply is good for.
enum Take<T> {
    /// This is the answer.
    Done(T),
    /// The node lies, or is broken.
    Lies(String),
    /// Not now, or not here.
    Later(String),
    /// The statement is taken: this outranks every problem that another node has with it.
    Taken(String),
    /// An error that the caller must hear, unless another node does better.
    Problem(Problem),
}

/// What is asked.
struct Question<'a> {
    path: &'a str,
    /// A statement that is posted.
    body: Option<&'a [u8]>,
    /// How long the node may wait before it answers.
    waits: Duration,
    bytes_max: usize,
    /// Rounds over all nodes before giving up; `None`: until the time is over.
    rounds: Option<u32>,
}

/// Reads a network file and checks its genesis.
pub fn network_file(path: &Path) -> Result<(NetworkFile, Network), Failure> {
    let bytes = crate::disk::read(path, GENESIS_BYTES_MAX)?;
    let file: NetworkFile = serde_json::from_slice(&bytes).map_err(|error| {
        let why = format!(
            "it is not a network file ({error}); get it from the network's operators, who make it \
             with `hefu-node network-file`"
        );
        Failure::bad_file(path, why)
    })?;
    let network = file
        .network()
        .map_err(|error| Failure::bad_file(path, error))?;
    Ok((file, network))
}

impl Nodes {
    /// Reads a network file. `timeout` bounds how long is waited for one statement's finality.
    pub fn open(file: &Path, timeout: Duration) -> Result<Self, Failure> {
        let (file_content, network) = network_file(file)?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("hefu/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        let period_ms = u64::try_from(memory::PERIOD.as_millis()).unwrap_or(u64::MAX);
        let remembered = Remembered::nothing(&network, period_ms);
        Ok(Self {
            network,
            remembered: RefCell::new(remembered),
            addresses: file_content.nodes,
            agent,
            timeout,
            lang: Lang::of_environment(),
            warned: Cell::new(false),
            first: Cell::new(0),
            warnings: RefCell::default(),
        })
    }

    /// The same, for somebody who reads this language.
    #[must_use]
    pub fn speaking(self, lang: Lang) -> Self {
        Self { lang, ..self }
    }

    /// The same with what is remembered of the network, and what is wrong with that.
    #[must_use]
    pub fn remembering(self, remembered: Remembered, warning: Option<Said>) -> Self {
        if let Some(warning) = warning {
            self.warn(self.lang.of(&warning).to_owned());
        }
        Self {
            remembered: RefCell::new(remembered),
            ..self
        }
    }

    /// What is remembered of the network by now.
    pub fn memory(&self) -> Memory {
        self.remembered.borrow().memory().clone()
    }

    /// Takes what a verification learnt.
    pub fn learn(&self, memory: Memory) {
        self.remembered.borrow_mut().learn(memory);
    }

    /// Whether a certificate that holds agrees with what is remembered, which learns from it.
    pub fn admit(&self, state: &mut VerifiedState) -> Result<(), MemoryError> {
        self.remembered.borrow_mut().admit(&self.network, state)
    }

    /// A receipt that holds and agrees with what is remembered, which learns from it.
    pub fn verified(&self, receipt: &Receipt) -> Result<VerifiedReceipt, Unproven> {
        self.remembered.borrow_mut().receipt(&self.network, receipt)
    }

    /// The same of a receipt that was verified otherwise.
    pub fn admit_receipt(&self, receipt: &mut VerifiedReceipt) -> Result<(), MemoryError> {
        let mut memory = self.memory();
        memory.admit_receipt(&self.network, receipt)?;
        self.learn(memory);
        Ok(())
    }

    /// Keeps what was learnt for the next command. What is wrong with its file is a warning.
    pub fn save_memory(&self) {
        if let Some(warning) = self.remembered.borrow_mut().save() {
            self.warn(self.lang.of(&warning).to_owned());
        }
    }

    /// The language in which what is wrong is told while a command runs.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Whether nobody was warned yet of the key that signs. From now on somebody was.
    pub fn is_first_warning(&self) -> bool {
        !self.warned.replace(true)
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What was wrong with nodes so far, each once; asked at a command's end, when what was learnt is
    /// kept.
    pub fn warnings(&self) -> Vec<String> {
        self.save_memory();
        self.warnings.borrow().clone()
    }

    /// Remembers what is wrong with a node.
    pub fn warn(&self, warning: String) {
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// A certificate at a path of [`hefu_wire::path`] that `check` accepts, see [`Self::records`].
    pub fn certificate(
        &self,
        path: &str,
        height_min: u64,
        check: impl Fn(&VerifiedState) -> Result<(), String>,
    ) -> Result<Fetched, Failure> {
        let question = Question::get(path, CERTIFICATE_BYTES_MAX);
        self.proven(&question, height_min, check)
    }

    /// One certificate of at most [`path::RECORDS_MAX`] records, present or absent. Under a key that
    /// somebody wrote into a list another leaf may stand: that is proven too, and is no lie of the node.
    pub fn records(&self, keys: &[StateKey], height_min: u64) -> Result<Fetched, Failure> {
        let body = canonical::encode(&keys.to_vec());
        let question = Question {
            body: Some(&body),
            waits: MANY,
            ..Question::get(path::RECORDS, CERTIFICATE_BYTES_MAX)
        };
        self.proven(&question, height_min, |state| {
            let proves = |key| match state.record(key) {
                Ok(Some(record)) => tells_halts(self, state, record),
                Ok(None) | Err(CertificateError::BadLeaf(_)) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
            keys.iter().try_for_each(proves)
        })
    }

    /// Whether a node says that its last checkpoint is above a height. It is not verified: who then asks
    /// for more is given proofs.
    pub fn is_there_newer(&self, height: u64) -> Result<bool, Failure> {
        let question = Question {
            rounds: Some(1),
            ..Question::get("/checkpoint", NOTE_BYTES_MAX)
        };
        let mut answered = false;
        let asked = self.ask(&question, |_, reply| {
            if reply.status != 200 {
                return problem(reply);
            }
            match noted_height(&reply.body) {
                Some(noted) if noted > height => Take::Done(()),
                Some(_) => {
                    answered = true;
                    Take::Later("it has no newer checkpoint".to_owned())
                }
                None => Take::Lies("sent a checkpoint that is none".to_owned()),
            }
        });
        match asked {
            Ok(()) => Ok(true),
            Err(_) if answered => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Whether what is proven is as of now, as far as a network that goes on can tell.
    pub fn is_young(&self, state: &VerifiedState) -> bool {
        let young_ms = 60_000_u64.max(self.network.genesis().heartbeat_ms.saturating_mul(3));
        let seen_ms = state.checkpoint().quorum_seconds().saturating_mul(1000);
        crate::now().0.saturating_sub(seen_ms) <= young_ms
    }

    /// A certificate that holds and that `check` accepts.
    ///
    /// A certificate that is old, or below `height_min`, is kept only if no node has a newer one: a
    /// node that lags, or that hides what happened since, does not decide alone.
    fn proven(
        &self,
        question: &Question<'_>,
        height_min: u64,
        check: impl Fn(&VerifiedState) -> Result<(), String>,
    ) -> Result<Fetched, Failure> {
        let mut best: Option<Fetched> = None;
        let bad = Code::BadProof.number();
        let asked = self.ask(question, |node, reply| {
            if reply.status != 200 {
                return problem(reply);
            }
            let fetched = StatusCertificate::decode(&reply.body).and_then(|certificate| {
                let state = certificate.verify(&self.network)?;
                Ok(Fetched {
                    state,
                    certificate,
                    node: node.to_owned(),
                })
            });
            let mut fetched = match fetched {
                Ok(fetched) => fetched,
                Err(error) => {
                    return Take::Lies(format!(
                        "sent a certificate that does not hold ({bad}): {error}"
                    ));
                }
            };
            if let Err(error) = self.admit(&mut fetched.state) {
                let reason = error.reason();
                return Take::Lies(format!(
                    "sent a certificate that contradicts what was seen ({bad}, {reason}): {error}"
                ));
            }
            if let Err(why) = check(&fetched.state) {
                return Take::Lies(format!(
                    "sent a certificate that does not hold ({bad}): {why}"
                ));
            }
            let height = fetched.state.checkpoint().checkpoint().height;
            if height >= height_min && self.is_young(&fetched.state) {
                return Take::Done(fetched);
            }
            let newer = |best: &Fetched| height > best.state.checkpoint().checkpoint().height;
            if best.as_ref().is_none_or(newer) {
                best = Some(fetched);
            }
            Take::Later(format!("its last checkpoint is old (height {height})"))
        });
        match (asked, best) {
            (Ok(fetched), _) => Ok(fetched),
            (Err(_), Some(best)) => Ok(best),
            (Err(failure), None) => Err(failure),
        }
    }

    /// The receipt of an operation, not yet verified by its content: `check` does that.
    pub fn operation_receipt<T>(
        &self,
        id: &OperationId,
        mut check: impl FnMut(Receipt) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let path = path::operation_receipt(id);
        self.ask(&Question::get(&path, RECEIPT_BYTES_MAX), |_, reply| {
            if reply.status != 200 {
                return problem(reply);
            }
            match Receipt::decode(&reply.body)
                .map_err(|e| e.to_string())
                .and_then(&mut check)
            {
                Ok(done) => Take::Done(done),
                Err(why) => Take::Lies(format!("sent a receipt that does not hold: {why}")),
            }
        })
    }

    /// What left a record: its oldest events, which are those of its digest chain.
    pub fn history(&self, key: &StateKey, record: &PublicPart) -> Result<Vec<PastStatus>, Failure> {
        let count = record.history.map_or(0, |folded| folded.count as usize);
        let path = path::history(key);
        self.ask(&Question::get(&path, HISTORY_BYTES_MAX), |_, reply| {
            if reply.status != 200 {
                return problem(reply);
            }
            let mut older: Vec<PastStatus> = match canonical::decode(&reply.body, HISTORY_BYTES_MAX)
            {
                Ok(older) => older,
                Err(error) => return Take::Lies(format!("sent a history that is none: {error}")),
            };
            if older.len() < count {
                return Take::Later(format!("sent {} of {count} older events", older.len()));
            }
            // More may have left the record since it was fetched.
            older.truncate(count);
            if is_history(self.network.suite(), record, &older) {
                Take::Done(older)
            } else {
                Take::Lies("sent a history that is not the record's".to_owned())
            }
        })
    }

    /// What a key signed from a block time on, as nodes count it: nothing proves it.
    pub fn signed_by(&self, id: &KeyId, since: Millis) -> Result<SignedCount, Failure> {
        let mut counted = self.count_signed(id, since, None)?;
        while let Some(from) = counted.next {
            let more = self.count_signed(id, since, Some(from))?;
            counted.add(more);
        }
        Ok(counted)
    }

    /// One part of the log: it ends behind where it began.
    fn count_signed(
        &self,
        id: &KeyId,
        since: Millis,
        from: Option<EntryIndex>,
    ) -> Result<SignedCount, Failure> {
        let path = path::signed(id, since, from);
        self.ask(&Question::get(&path, JSON_BYTES_MAX).many(), |_, reply| {
            if reply.status != 200 {
                return problem(reply);
            }
            match serde_json::from_slice::<SignedCount>(&reply.body) {
                Ok(count)
                    if count
                        .next
                        .is_none_or(|next| from.is_none_or(|from| from < next)) =>
                {
                    Take::Done(count)
                }
                Ok(_) => Take::Lies("counts in a circle".to_owned()),
                Err(error) => Take::Lies(format!("sent an answer that is none: {error}")),
            }
        })
    }

    /// Sends a statement until it is final. The same bytes may be sent as often as one likes.
    pub fn submit(
        &self,
        id: &StatementId,
        statement: &[u8],
        operations: usize,
    ) -> Result<StatementAnswer, Failure> {
        let wait_ms = u64::try_from(self.timeout.as_millis()).map_or(WAIT_MS, |ms| ms.min(WAIT_MS));
        let path = path::statements(wait_ms);
        let question = Question {
            path: &path,
            body: Some(statement),
            waits: Duration::from_millis(wait_ms),
            bytes_max: JSON_BYTES_MAX,
            rounds: None,
        };
        let mut taken = false;
        let asked = self.ask(&question, |_, reply| {
            if reply.status != 200 && reply.status != 202 {
                return problem(reply);
            }
            let answer: StatementAnswer = match serde_json::from_slice(&reply.body) {
                Ok(answer) => answer,
                Err(error) => return Take::Lies(format!("sent an answer that is none: {error}")),
            };
            if answer.statement != *id {
                return Take::Lies("answered for another statement".to_owned());
            }
            taken = true;
            match answer.state {
                StatementState::Final if answer.outcomes.len() == operations => Take::Done(answer),
                StatementState::Final => Take::Lies("left outcomes out".to_owned()),
                StatementState::Pending => Take::Taken("it waits in the pool".to_owned()),
                StatementState::Executed => Take::Taken("no checkpoint covers it yet".to_owned()),
            }
        });
        match asked {
            // Who was told that the statement is taken must know that it may still be done.
            Err(Failure::Unreachable { tried }) if taken => Err(Failure::NotFinal {
                statement: *id,
                tried,
            }),
            asked => asked,
        }
    }

    /// Whether every node of the network file says of itself that it refused a statement for good.
    /// Once its time is over, one that never saw it agrees.
    pub fn all_refuse(&self, id: &StatementId, is_over: bool) -> bool {
        let path = path::statement(id, 0);
        let question = Question::get(&path, JSON_BYTES_MAX);
        let refuses = |node: &String| {
            let Ok(reply) = self.send(node, &question, Instant::now() + ANSWER) else {
                return false;
            };
            if reply.status != 200 {
                let problem = serde_json::from_slice::<Problem>(&reply.body);
                return is_over && problem.is_ok_and(|p| p.code == Code::NotFound.number());
            }
            serde_json::from_slice::<StatementAnswer>(&reply.body).is_ok_and(|answer| {
                let is_refused = |outcome| matches!(outcome, &OutcomeAnswer::Refused { .. });
                answer.statement == *id
                    && answer.state == StatementState::Final
                    && !answer.outcomes.is_empty()
                    && answer.outcomes.iter().all(is_refused)
            })
        };
        !self.addresses.is_empty() && self.addresses.iter().all(refuses)
    }

    /// The same nodes, of which this one is asked first; for a sender of its own.
    pub fn beginning_with(&self, first: usize) -> Self {
        Self {
            network: self.network.clone(),
            addresses: self.addresses.clone(),
            agent: self.agent.clone(),
            timeout: self.timeout,
            lang: self.lang,
            warned: Cell::new(true),
            first: Cell::new(first % self.addresses.len().max(1)),
            warnings: RefCell::default(),
            remembered: RefCell::new(self.remembered.borrow().copied()),
        }
    }

    /// Sends a statement until it is final, and returns the receipts of its operations, not verified,
    /// if all of them were accepted.
    pub fn submit_for_receipts(&self, signed: &Signed) -> Result<Vec<Receipt>, Failure> {
        let count = signed.operations.len();
        let path = path::statements_for_receipts(WAIT_MS);
        let question = Question {
            path: &path,
            body: Some(&signed.bytes),
            waits: Duration::from_millis(WAIT_MS),
            bytes_max: BUNDLE_BYTES_MAX,
            rounds: None,
        };
        let bundle = self.ask(&question, |_, reply| {
            if reply.status == 202 {
                return Take::Taken("it is not final yet".to_owned());
            }
            if reply.status != 200 {
                return problem(reply);
            }
            match ReceiptBundle::decode(&reply.body) {
                Ok(bundle) => Take::Done(bundle),
                Err(_) => Take::Later("refused an operation".to_owned()),
            }
        })?;
        let receipts: Option<Vec<Receipt>> = bundle.receipts().collect();
        receipts
            .filter(|receipts| receipts.len() == count)
            .ok_or_else(|| Failure::Unreachable {
                tried: vec!["a receipt is missing".to_owned()],
            })
    }

    /// The receipts of a statement's operations from `first` on, not verified. A missing one is
    /// `None`: of an operation that was refused, or whose record has moved on since.
    pub fn receipts(
        &self,
        id: &StatementId,
        first: u32,
        count: u32,
    ) -> Result<Vec<Option<Receipt>>, Failure> {
        let path = path::receipts(id, first, count);
        self.ask(
            &Question::get(&path, BUNDLE_BYTES_MAX).many(),
            |_, reply| {
                if reply.status != 200 {
                    // Another node may not have executed the statement yet.
                    return match problem(reply) {
                        Take::Problem(problem) => Take::Later(problem.to_string()),
                        other => other,
                    };
                }
                let bundle = match ReceiptBundle::decode(&reply.body) {
                    Ok(bundle) => bundle,
                    Err(error) => {
                        return Take::Lies(format!("sent receipts that are none: {error}"))
                    }
                };
                if bundle.own.len() != count as usize {
                    let sent = bundle.own.len();
                    return Take::Later(format!("sent {sent} of {count} receipts"));
                }
                Take::Done(bundle.receipts().collect())
            },
        )
    }

    fn ask<T>(
        &self,
        question: &Question<'_>,
        mut take: impl FnMut(&str, &Reply) -> Take<T>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + self.timeout;
        let mut rest = REST;
        let mut round = 0;
        let mut is_taken = false;
        loop {
            let (mut tried, mut refused) = (Vec::new(), None);
            for turn in 0..self.addresses.len() {
                let at = (self.first.get() + turn) % self.addresses.len();
                let node = &self.addresses[at];
                let why = match self.send(node, question, deadline) {
                    Err(error) => error.to_string(),
                    Ok(reply) => match take(node, &reply) {
                        Take::Done(done) => {
                            self.first.set(at);
                            return Ok(done);
                        }
                        Take::Lies(why) => {
                            self.warn(format!("node {node} {why}"));
                            why
                        }
                        Take::Later(why) => why,
                        Take::Taken(why) => {
                            is_taken = true;
                            why
                        }
                        Take::Problem(problem) => {
                            let why = problem.to_string();
                            refused = refused.or(Some(problem));
                            why
                        }
                    },
                };
                tried.push(format!("{node}: {why}"));
            }
            if let Some(problem) = refused.filter(|_| !is_taken) {
                return Err(Failure::Refused(problem));
            }
            round += 1;
            let over = question.rounds.is_some_and(|rounds| round >= rounds);
            if over || self.addresses.is_empty() || Instant::now() + rest >= deadline {
                return Err(Failure::Unreachable { tried });
            }
            // The next node takes the first turn: one that only says "later" does not hold us up.
            self.first
                .set((self.first.get() + 1) % self.addresses.len());
            std::thread::sleep(rest);
            rest = (rest * 2).min(Duration::from_secs(2));
        }
    }

    fn send(
        &self,
        node: &str,
        question: &Question<'_>,
        deadline: Instant,
    ) -> Result<Reply, ureq::Error> {
        let url = format!("{}{}", node.trim_end_matches('/'), question.path);
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Some((question.waits + ANSWER).min(left.max(ANSWER_MIN)));
        let mut response = match question.body {
            None => self
                .agent
                .get(&url)
                .config()
                .timeout_global(timeout)
                .build()
                .call()?,
            Some(body) => self
                .agent
                .post(&url)
                .config()
                .timeout_global(timeout)
                .build()
                .header("content-type", CBOR)
                .send(body)?,
        };
        let status = response.status().as_u16();
        let limit = u64::try_from(question.bytes_max).unwrap_or(u64::MAX);
        let body = response
            .body_mut()
            .with_config()
            .limit(limit)
            .read_to_vec()?;
        Ok(Reply { status, body })
    }
}

impl<'a> Question<'a> {
    fn get(path: &'a str, bytes_max: usize) -> Self {
        Self {
            path,
            body: None,
            waits: Duration::ZERO,
            bytes_max,
            rounds: Some(2),
        }
    }

    /// Many receipts of a statement that is final: some node has them.
    fn many(self) -> Self {
        Self {
            rounds: None,
            waits: MANY,
            ..self
        }
    }
}

/// The height in the text of a checkpoint: `state <root> <height> ...`.
fn noted_height(note: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(note).ok()?;
    let state = text.lines().find_map(|line| line.strip_prefix("state "))?;
    state.split(' ').nth(1)?.parse().ok()
}

/// What a reply that is no success says.
fn problem<T>(reply: &Reply) -> Take<T> {
    match serde_json::from_slice::<Problem>(&reply.body) {
        Ok(problem) if problem.code == Code::Busy.number() || reply.status >= 500 => {
            Take::Later(problem.to_string())
        }
        Ok(problem) => Take::Problem(problem),
        Err(_) => Take::Later(format!("answered with HTTP status {}", reply.status)),
    }
}

#[cfg(test)]
mod tests;
