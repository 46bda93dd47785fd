//! The HTTP interface: the paths of [`hefu_wire::path`], and operators' paths apart from them.
//!
//! Nothing here decides anything: submissions go through [`crate::admission`], proofs come from
//! [`crate::prove`], and what touches the disk runs where it may block a thread.

mod catalogue;

use crate::admission::{admit, AdmissionError, Admitted};
use crate::catalogue::Catalogue;
use crate::cose::{CoseSigner, NoReceipt};
use crate::gossip::Gossip;
use crate::intake::{Intake, NotTaken};
use crate::metrics::{Metrics, Now};
use crate::prove::{self, Beside, Prover};
use crate::serve::Source;
use crate::shared::{Published, Shared};
use crate::tiles;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::Router;
use hefu_engine::EngineHandle;
use hefu_proof::checkpoint::policy;
use hefu_state::Outcome;
use hefu_store::{StatementPosition, StoreFault};
use hefu_types::leaf::{
    AgencyLeaf, CoverageLeaf, KeyLeaf, Leaf, MemberLeaf, RecognitionLeaf, RulesLeaf,
    SetCurrentLeaf, TypeLeaf, Validator,
};
use hefu_types::statement::{Statement, STATEMENT_BYTES_MAX};
use hefu_types::{canonical, key, Code, EntryIndex, PublicKey, StateKey, StatementId};
use hefu_wire::path::{CBOR, COSE_RECEIPT, PROBLEM_JSON, RECEIPTS_MAX, RECORDS_MAX, WAIT_MS_MAX};
use hefu_wire::{
    Health, NextRules, OutcomeAnswer, Problem, RulesHealth, StatementAnswer, StatementState, Tile,
    WaitingSet,
};
use minicbor::bytes::ByteVec;
use serde::Deserialize;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the handlers need.
#[derive(Clone)]
pub struct Api {
    /// Snapshots, store and pool.
    pub shared: Arc<Shared>,
    /// Where new statements go.
    pub gossip: Gossip,
    /// Who is told of work.
    pub engine: EngineHandle,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The key with which the node votes where its set has it; none of one that follows.
    pub voter: Option<PublicKey>,
    /// Signs receipts in COSE.
    pub cose: Arc<CoseSigner>,
    /// How many submissions are read and checked at once.
    pub submissions: Arc<tokio::sync::Semaphore>,
    /// Who may submit, and how much is read of it.
    pub intake: Arc<Intake>,
    /// Which leaves are of which part of the catalogue.
    pub catalogue: Arc<Catalogue>,
    /// How many long reads of the store run at once: pages of the catalogue, what a key signed.
    pub long_reads: Arc<tokio::sync::Semaphore>,
    /// The versions of the rules that the node executes.
    pub known_rules: RangeInclusive<u32>,
}

/// See [`Api::long_reads`].
pub const LONG_READS_AT_ONCE: usize = 4;

/// The longest list of records that is read, in bytes.
const RECORDS_BODY_BYTES_MAX: usize = 16 * 1024;
/// See [`Api::submissions`]. Each takes some tens of MiB at the most.
pub const SUBMISSIONS_AT_ONCE: usize = 32;

/// The public paths.
pub fn public(api: Api) -> Router {
    Router::new()
        .route("/v1/statements", post(submit))
        .route("/v1/statements/{id}", get(statement))
        .route("/v1/statements/{id}/receipts", get(receipts))
        .route("/v1/operations/{id}/receipt", get(operation_receipt))
        .route("/v1/records", post(records))
        .route("/v1/records/{key}", get(record))
        .route("/v1/records/{key}/history", get(history))
        .route("/v1/digests/{digest}", get(digest))
        .route("/v1/agencies/{id}", get(agency))
        .route("/v1/members/{id}", get(member))
        .route("/v1/types/{id}", get(document_type))
        .route("/v1/keys/{id}", get(public_key))
        .route("/v1/recognition/{by}/{type}/{of}", get(recognition))
        .route("/v1/numberings/{key}", get(numbering))
        .route("/v1/coverage/{type}/{region}/{agency}", get(coverage))
        .route("/v1/keys/{id}/signed", get(catalogue::signed))
        .route("/v1/leaf/{key}", get(catalogue::leaf))
        .route("/v1/catalogue", get(catalogue::page))
        .route("/v1/entries/{index}/cose", get(entry_cose))
        .route("/v1/genesis", get(genesis))
        .route("/checkpoint", get(checkpoint))
        .route("/policy", get(tlog_policy))
        .route("/tile/{*path}", get(tile))
        .route("/ops/{entry}", get(operations))
        .route("/refusals/{height}", get(refusals))
        .route("/v1/blocks/{height}", get(block_header))
        .route("/healthz", get(health))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, Code::NotFound, None) })
        .method_not_allowed_fallback(|| async {
            let detail = Some("this path has another method".to_owned());
            problem(StatusCode::METHOD_NOT_ALLOWED, Code::NotFound, detail)
        })
        .with_state(api)
}

/// The operators' paths.
pub fn operators(api: Api) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, Code::NotFound, None) })
        .with_state(api)
}

fn problem(status: StatusCode, code: Code, detail: Option<String>) -> Response {
    let body = Problem::new(status.as_u16(), code, detail);
    let json = serde_json::to_vec(&body).expect("a problem is plain JSON");
    (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], json).into_response()
}

fn not_found(what: &str) -> Response {
    problem(StatusCode::NOT_FOUND, Code::NotFound, Some(what.to_owned()))
}

fn disk(error: &StoreFault) -> Response {
    // The sentence names files of this node: it is for its operator, not for whoever asks.
    tracing::error!(%error, "a read failed");
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        Code::Busy,
        Some("this node's store failed".into()),
    )
}

fn cbor(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, CBOR)], bytes).into_response()
}

/// A part of a path that must be of a kind.
fn parse<T: FromStr>(text: &str, what: &str) -> Result<T, Response>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| {
        let detail = format!("{what}: {error}");
        problem(StatusCode::BAD_REQUEST, Code::Unreadable, Some(detail))
    })
}

fn published(api: &Api) -> Result<Arc<Published>, Response> {
    api.metrics.request();
    api.shared.published().ok_or_else(|| {
        let detail = "no checkpoint is published yet since this node started".to_owned();
        problem(StatusCode::SERVICE_UNAVAILABLE, Code::Busy, Some(detail))
    })
}

/// Runs what reads the disk where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreFault> + Send + 'static,
) -> Result<T, Response> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(disk(&error)),
        Err(_) => {
            let detail = Some("the node is stopping".to_owned());
            Err(problem(StatusCode::SERVICE_UNAVAILABLE, Code::Busy, detail))
        }
    }
}

#[derive(Deserialize)]
struct Wait {
    wait_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Submission {
    wait_ms: Option<u64>,
    #[serde(default)]
    receipts: bool,
}

async fn submit(
    State(api): State<Api>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Query(how): Query<Submission>,
    body: Body,
) -> Response {
    api.metrics.request();
    let source = Source::of(address.ip());
    let body = match api.intake.read(source, body).await {
        Ok(body) => body,
        Err(why) => return not_taken(why),
    };
    // Reading and checking take memory and a core: only so many at once, the others try again.
    let Ok(permit) = Arc::clone(&api.submissions).try_acquire_owned() else {
        return refuse(&AdmissionError::Full);
    };
    let shared = Arc::clone(&api.shared);
    let intake = Arc::clone(&api.intake);
    let admitted = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        let admitted = Statement::decode(&body)
            .map_err(AdmissionError::from)
            .and_then(|statement| admit(&shared, statement));
        if !matches!(admitted, Ok(Admitted::Waiting { new: true, .. })) {
            intake.quota.charge(source, begun.elapsed());
        }
        drop(permit);
        admitted
    });
    let id = match admitted.await {
        Ok(Ok(Admitted::Waiting { id, new })) => {
            let statement = api.shared.pool().find(&id).cloned();
            if let Some(statement) = statement.filter(|_| new) {
                api.gossip.broadcast_statement(statement.statement());
                api.engine.work_arrived();
            }
            id
        }
        Ok(Ok(Admitted::Executed { id, .. })) => id,
        Ok(Err(error)) => return refuse(&error),
        Err(_) => {
            let detail = Some("the node is stopping".to_owned());
            return problem(StatusCode::SERVICE_UNAVAILABLE, Code::Busy, detail);
        }
    };
    let answer = match wait_final(&api, id, how.wait_ms).await {
        Ok(answer) => answer,
        Err(response) => return response,
    };
    let all = answer.outcomes.len() as u32;
    let accepted = |outcome: &OutcomeAnswer| *outcome == OutcomeAnswer::Accepted;
    let in_one = how.receipts && all <= RECEIPTS_MAX;
    let is_final = answer.state == StatementState::Final;
    if in_one && is_final && answer.outcomes.iter().all(accepted) {
        return bundle(&api, id, 0, all).await;
    }
    told(answer)
}

fn not_taken(why: NotTaken) -> Response {
    let (status, code, detail) = match why {
        NotTaken::TooLong => (
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::TooLarge,
            format!("a statement has at most {STATEMENT_BYTES_MAX} bytes"),
        ),
        NotTaken::Cut => (
            StatusCode::REQUEST_TIMEOUT,
            Code::Unreadable,
            "the request's body did not arrive whole and in time".to_owned(),
        ),
        NotTaken::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            Code::Busy,
            "too many large statements arrive now".to_owned(),
        ),
        NotTaken::Spent => (
            StatusCode::TOO_MANY_REQUESTS,
            Code::Busy,
            "too many statements from this address were sent in vain; wait a minute".to_owned(),
        ),
    };
    problem(status, code, Some(detail))
}

fn refuse(error: &AdmissionError) -> Response {
    let status = match error {
        AdmissionError::Store(error) => return disk(error),
        AdmissionError::Full => StatusCode::SERVICE_UNAVAILABLE,
        AdmissionError::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
        AdmissionError::Statement(_) if error.code() == Code::TooLarge => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        AdmissionError::Statement(_) | AdmissionError::OutOfTime => StatusCode::BAD_REQUEST,
        AdmissionError::UnknownKey(_)
        | AdmissionError::KeyNotValid
        | AdmissionError::BadSignature => StatusCode::FORBIDDEN,
    };
    problem(status, error.code(), Some(error.to_string()))
}

async fn statement(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(wait): Query<Wait>,
) -> Response {
    api.metrics.request();
    let answer = match parse::<StatementId>(&id, "the statement's id") {
        Ok(id) => wait_final(&api, id, wait.wait_ms).await,
        Err(response) => return response,
    };
    answer.map_or_else(|response| response, told)
}

fn told(answer: StatementAnswer) -> Response {
    let status = match answer.state {
        StatementState::Final => StatusCode::OK,
        StatementState::Pending | StatementState::Executed => StatusCode::ACCEPTED,
    };
    (status, axum::Json(answer)).into_response()
}

/// Waits until the statement is final, or the caller's time is over.
async fn wait_final(
    api: &Api,
    id: StatementId,
    wait_ms: Option<u64>,
) -> Result<StatementAnswer, Response> {
    let wait = Duration::from_millis(wait_ms.unwrap_or(0).min(WAIT_MS_MAX));
    let mut publications = api.shared.publications();
    let deadline = tokio::time::Instant::now() + wait;
    let mut executed: Option<StatementPosition> = None;
    loop {
        // Marked before the look-up: a publication in between wakes us again.
        publications.borrow_and_update();
        // The pool first, which costs no disk: a block is written before its statements leave the
        // pool, so what is not there any more is in the store.
        let waits = executed.is_none() && api.shared.pool().find(&id).is_some();
        if executed.is_none() && !waits {
            let shared = Arc::clone(&api.shared);
            executed = blocking(move || shared.store.statement(&id)).await?;
            if executed.is_none() {
                return Err(not_found("no such statement in this node's pool or log"));
            }
        }
        let published = api.shared.published();
        let covers = |position: &StatementPosition| {
            let published = published.as_ref();
            published.is_some_and(|p| position.height <= p.signed.checkpoint.height)
        };
        let is_final = executed.as_ref().is_some_and(covers);
        let over = is_final
            || tokio::time::timeout_at(deadline, publications.changed())
                .await
                .is_err();
        if over {
            let shared = Arc::clone(&api.shared);
            return blocking(move || {
                let executed = match executed {
                    Some(position) => Some(position),
                    None => shared.store.statement(&id)?,
                };
                answer(&shared, id, executed, is_final)
            })
            .await;
        }
    }
}

fn answer(
    shared: &Shared,
    id: StatementId,
    executed: Option<StatementPosition>,
    is_final: bool,
) -> Result<StatementAnswer, StoreFault> {
    let outcomes = match &executed {
        Some(position) => shared.store.outcomes(position.entry)?.unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(StatementAnswer {
        statement: id,
        state: match &executed {
            None => StatementState::Pending,
            Some(_) if is_final => StatementState::Final,
            Some(_) => StatementState::Executed,
        },
        height: executed.as_ref().map(|position| position.height),
        entry: executed.as_ref().map(|position| position.entry),
        outcomes: outcomes.into_iter().map(outcome).collect(),
    })
}

fn outcome(outcome: Outcome) -> OutcomeAnswer {
    match outcome {
        Outcome::Accepted => OutcomeAnswer::Accepted,
        Outcome::Refused(refused) => OutcomeAnswer::Refused {
            code: refused.code.number(),
            sentence: refused.code.sentence_en().to_owned(),
            sentence_zh: refused.code.sentence_zh().to_owned(),
            evidence: refused.evidence,
            detail: refused.detail,
        },
    }
}

#[derive(Deserialize)]
struct Range {
    first: Option<u32>,
    count: Option<u32>,
}

async fn receipts(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(range): Query<Range>,
) -> Response {
    let (first, count) = (range.first.unwrap_or(0), range.count.unwrap_or(1));
    match parse::<StatementId>(&id, "the statement's id") {
        Ok(id) => bundle(&api, id, first, count).await,
        Err(response) => response,
    }
}

async fn bundle(api: &Api, id: StatementId, first: u32, count: u32) -> Response {
    let published = match published(api) {
        Ok(published) => published,
        Err(response) => return response,
    };
    let shared = Arc::clone(&api.shared);
    let count = count.min(RECEIPTS_MAX);
    let made = blocking(move || {
        let Some(position) = shared.store.statement(&id)? else {
            return Ok(None);
        };
        let changes = shared.recent.at(position.height);
        let entry = position.entry;
        let bundle = prove::receipts(&shared, &published, entry, changes, first, count)?;
        Ok(bundle.map(|bundle| bundle.encode()))
    });
    match made.await {
        Ok(Some(bytes)) => cbor(bytes),
        Ok(None) => not_found("no such statement in the published log"),
        Err(response) => response,
    }
}

async fn operation_receipt(State(api): State<Api>, Path(id): Path<String>) -> Response {
    let (published, id) = match (published(&api), parse(&id, "the operation's id")) {
        (Ok(published), Ok(id)) => (published, id),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let shared = Arc::clone(&api.shared);
    let made = blocking(move || match shared.store.operation(&id)? {
        Some(position) => prove::receipt(&shared, &published, position),
        None => Ok(None),
    });
    match made.await {
        Ok(Some(receipt)) => cbor(receipt.encode()),
        Ok(None) => not_found("no such accepted operation under the published checkpoint"),
        Err(response) => response,
    }
}

#[derive(Deserialize)]
struct Asked {
    region: Option<String>,
    member: Option<String>,
    agency: Option<String>,
    #[serde(rename = "type")]
    document_type: Option<String>,
    covered: Option<String>,
}

impl From<Asked> for Beside {
    fn from(asked: Asked) -> Self {
        let coverage = (asked.agency.zip(asked.document_type)).zip(asked.covered);
        Self {
            region: asked.region,
            member: asked.member,
            coverage: coverage.map(|((agency, of_type), region)| (agency, of_type, region)),
        }
    }
}

/// Serves a certificate of what `add` adds.
async fn certificate(
    api: &Api,
    add: impl FnOnce(&mut Prover<'_>) -> Result<(), StoreFault> + Send + 'static,
) -> Response {
    let published = match published(api) {
        Ok(published) => published,
        Err(response) => return response,
    };
    let shared = Arc::clone(&api.shared);
    let made = blocking(move || {
        let mut prover = Prover::new(&shared, &published);
        add(&mut prover)?;
        Ok(prover.certificate().encode())
    });
    match made.await {
        Ok(bytes) => cbor(bytes),
        Err(response) => response,
    }
}

async fn record(
    State(api): State<Api>,
    Path(key): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    match parse(&key, "the record's key") {
        Ok(key) => certificate(&api, move |prover| prover.document(key, &asked.into())).await,
        Err(response) => response,
    }
}

/// The status of many documents under one checkpoint.
async fn records(State(api): State<Api>, body: Bytes) -> Response {
    let keys: Vec<StateKey> = match canonical::decode(&body, RECORDS_BODY_BYTES_MAX) {
        Ok(keys) => keys,
        Err(error) => {
            let detail = format!("the list of records: {error}");
            return problem(StatusCode::BAD_REQUEST, Code::Unreadable, Some(detail));
        }
    };
    if keys.len() > RECORDS_MAX {
        let detail = format!("at most {RECORDS_MAX} records are asked for at once");
        return problem(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, Some(detail));
    }
    let add = move |prover: &mut Prover<'_>| {
        let nothing = Beside::default();
        keys.into_iter()
            .try_for_each(|key| prover.document(key, &nothing))
    };
    certificate(&api, add).await
}

async fn history(State(api): State<Api>, Path(key): Path<String>) -> Response {
    let (published, key) = match (published(&api), parse::<StateKey>(&key, "the record's key")) {
        (Ok(published), Ok(key)) => (published, key),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let shared = Arc::clone(&api.shared);
    match blocking(move || prove::history(&shared, &published, &key)).await {
        Ok(Some(events)) => cbor(canonical::encode(&events)),
        Ok(None) => not_found("no record under this key"),
        Err(response) => response,
    }
}

async fn digest(
    State(api): State<Api>,
    Path(digest): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    match parse(&digest, "the digest") {
        Ok(digest) => {
            certificate(&api, move |prover| prover.rendition(&digest, &asked.into())).await
        }
        Err(response) => response,
    }
}

/// Serves one leaf, or the proof that it is absent.
async fn one<L: Leaf>(api: &Api, key: hefu_types::StateKey) -> Response {
    certificate(api, move |prover| prover.leaf::<L>(key).map(|_| ())).await
}

async fn agency(State(api): State<Api>, Path(id): Path<String>) -> Response {
    one::<AgencyLeaf>(&api, key::agency(api.shared.network.suite(), &id)).await
}

async fn member(State(api): State<Api>, Path(id): Path<String>) -> Response {
    one::<MemberLeaf>(&api, key::member(api.shared.network.suite(), &id)).await
}

async fn document_type(State(api): State<Api>, Path(id): Path<String>) -> Response {
    one::<TypeLeaf>(&api, key::document_type(api.shared.network.suite(), &id)).await
}

async fn public_key(State(api): State<Api>, Path(id): Path<String>) -> Response {
    match parse(&id, "the key's id") {
        Ok(id) => one::<KeyLeaf>(&api, key::public_key(api.shared.network.suite(), &id)).await,
        Err(response) => response,
    }
}

async fn recognition(
    State(api): State<Api>,
    Path((by, document_type, of)): Path<(String, String, String)>,
) -> Response {
    let at = key::recognition(api.shared.network.suite(), &by, &document_type, &of);
    one::<RecognitionLeaf>(&api, at).await
}

async fn numbering(State(api): State<Api>, Path(key): Path<String>) -> Response {
    let (published, key) = match (published(&api), parse(&key, "the numbering's key")) {
        (Ok(published), Ok(key)) => (published, key),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let shared = Arc::clone(&api.shared);
    let made = blocking(move || {
        let mut prover = Prover::new(&shared, &published);
        Ok(prover
            .numbering(key)?
            .then(|| prover.certificate().encode()))
    });
    match made.await {
        Ok(Some(bytes)) => cbor(bytes),
        Ok(None) => not_found("another leaf stands under this key"),
        Err(response) => response,
    }
}

async fn coverage(
    State(api): State<Api>,
    Path((document_type, region, agency)): Path<(String, String, String)>,
) -> Response {
    let suite = api.shared.network.suite();
    let at = key::coverage(suite, &document_type, &region, &agency);
    one::<CoverageLeaf>(&api, at).await
}

async fn genesis(State(api): State<Api>) -> Response {
    api.metrics.request();
    axum::Json(api.shared.network.genesis()).into_response()
}

async fn checkpoint(State(api): State<Api>) -> Response {
    let published = match published(&api) {
        Ok(published) => published,
        Err(response) => return response,
    };
    match published
        .signed
        .note(api.shared.network.origin(), &published.set)
    {
        Some(note) => (
            [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CACHE_CONTROL, "max-age=1"),
            ],
            note,
        )
            .into_response(),
        None => not_found("the checkpoint's set is not known"),
    }
}

async fn tlog_policy(State(api): State<Api>) -> Response {
    api.metrics.request();
    // Of the checkpoint that is served beside it.
    let published = api.shared.published();
    let set = published.map_or_else(|| api.shared.epochs.last(), |p| Arc::clone(&p.set));
    policy(api.shared.network.origin(), &set).into_response()
}

async fn tile(State(api): State<Api>, Path(path): Path<String>) -> Response {
    let (published, tile) = match (published(&api), Tile::parse(&path)) {
        (Ok(published), Some(tile)) => (published, tile),
        (Err(response), _) => return response,
        (_, None) => return not_found("not the path of a tile (C2SP tlog-tiles)"),
    };
    let shared = Arc::clone(&api.shared);
    match blocking(move || tiles::read(tile, &shared, &published)).await {
        Ok(Some(bytes)) => (
            [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "max-age=31536000, immutable"),
            ],
            bytes,
        )
            .into_response(),
        Ok(None) => not_found("the published log does not reach so far"),
        Err(response) => response,
    }
}

/// This validator's receipt of an entry, in COSE.
async fn entry_cose(State(api): State<Api>, Path(entry): Path<String>) -> Response {
    let (published, entry) = match (published(&api), parse::<u64>(&entry, "the entry's index")) {
        (Ok(published), Ok(entry)) => (published, EntryIndex(entry)),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let (shared, cose) = (Arc::clone(&api.shared), Arc::clone(&api.cose));
    let made = blocking(move || cose.receipt(&shared, &published, entry)).await;
    let why = match made {
        Ok(Ok(receipt)) => {
            return ([(header::CONTENT_TYPE, COSE_RECEIPT)], receipt.encode()).into_response()
        }
        Ok(Err(why)) => why,
        Err(response) => return response,
    };
    match why {
        NoReceipt::NotThere => not_found("the published log does not reach so far"),
        NoReceipt::NoValidator => {
            not_found("this node is no validator of the published set: ask one that is")
        }
        NoReceipt::NoStructure => {
            not_found("this network's hash has no registered name in COSE: it has no such receipts")
        }
        NoReceipt::NotYet => {
            let detail = "the log has one entry; from two on there are receipts in COSE".to_owned();
            problem(StatusCode::SERVICE_UNAVAILABLE, Code::Busy, Some(detail))
        }
    }
}

async fn operations(State(api): State<Api>, Path(entry): Path<String>) -> Response {
    let (published, entry) = match (published(&api), parse::<u64>(&entry, "the entry's index")) {
        (Ok(published), Ok(entry)) => (published, EntryIndex(entry)),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    if entry.0 >= published.signed.checkpoint.size.0 {
        return not_found("the published log does not reach so far");
    }
    let shared = Arc::clone(&api.shared);
    match blocking(move || shared.store.operations(entry)).await {
        Ok(Some(operations)) => {
            let list: Vec<ByteVec> = operations.into_iter().map(ByteVec::from).collect();
            cbor(canonical::encode(&list))
        }
        Ok(None) => not_found("this entry is not a statement"),
        Err(response) => response,
    }
}

/// The height in a path, if it is that of a published block.
fn published_height(api: &Api, height: &str) -> Result<u64, Response> {
    let published = published(api)?;
    let height = parse::<u64>(height, "the height")?;
    if height == 0 || height > published.signed.checkpoint.height {
        return Err(not_found("no published block has this height"));
    }
    Ok(height)
}

/// What stands outside the log of a block: with its entries and their operations all of its bytes.
async fn block_header(State(api): State<Api>, Path(height): Path<String>) -> Response {
    let height = match published_height(&api, &height) {
        Ok(height) => height,
        Err(response) => return response,
    };
    let shared = Arc::clone(&api.shared);
    match blocking(move || shared.store.header(height)).await {
        Ok(Some(header)) => cbor(header),
        Ok(None) => not_found("no published block has this height"),
        Err(response) => response,
    }
}

async fn refusals(State(api): State<Api>, Path(height): Path<String>) -> Response {
    let height = match published_height(&api, &height) {
        Ok(height) => height,
        Err(response) => return response,
    };
    let shared = Arc::clone(&api.shared);
    match blocking(move || shared.store.refusals(height)).await {
        Ok(refusals) => cbor(canonical::encode(&refusals)),
        Err(response) => response,
    }
}

async fn health(State(api): State<Api>) -> Response {
    let head = api.shared.head();
    let block_age_ms = api.shared.clock.now().0.saturating_sub(head.before.time.0);
    let heartbeat_ms = api.shared.network.genesis().heartbeat_ms;
    let published = api.shared.published();
    let is_own = |validator: &Validator| Some(validator.consensus_key) == api.voter;
    let health = Health {
        healthy: block_age_ms < 3 * heartbeat_ms + 5_000,
        node: api.shared.name.clone(),
        votes: head.set.validators.iter().any(is_own),
        epoch: head.set.epoch,
        height: head.before.height,
        state_root: head.before.state_root,
        log_root: head.before.log_root,
        published_height: published.map(|p| p.signed.checkpoint.height),
        block_time: head.before.time,
        block_age_ms,
        peers: api.gossip.connected(),
        pool: api.shared.pool().len(),
        rules: rules_health(&api),
        waiting: head.waiting.as_ref().and_then(|set| {
            let at = key::set_current(api.shared.network.suite());
            let current: SetCurrentLeaf = api.shared.leaf_of(&head, &at).ok().flatten()?;
            let since_height = current.waiting_since?;
            Some(WaitingSet {
                epoch: set.epoch,
                since_height,
            })
        }),
    };
    let status = if health.healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, axum::Json(health)).into_response()
}

/// The versions of the rules, as far as the store can be read: whether it can, others tell.
fn rules_health(api: &Api) -> RulesHealth {
    let head = api.shared.head();
    let at = key::rules(api.shared.network.suite());
    let rules: Option<RulesLeaf> = api.shared.leaf_of(&head, &at).ok().flatten();
    let next_block = head.before.height + 1;
    let next = rules.as_ref().and_then(|rules| rules.next);
    RulesHealth {
        version: rules.map_or(0, |rules| rules.at(next_block)),
        next: next
            .filter(|(_, height)| *height > next_block)
            .map(|(version, height)| NextRules { version, height }),
        newest_known: *api.known_rules.end(),
    }
}

async fn metrics(State(api): State<Api>) -> Response {
    let published = api
        .shared
        .published()
        .map_or(0, |p| p.signed.checkpoint.height);
    let now = Now {
        published_height: published,
        peers: api.gossip.connected(),
        pool: api.shared.pool().len(),
        store_bytes: api.shared.store.disk_bytes(),
        store_syncs: api.shared.store.syncs(),
    };
    let text = api.metrics.text(now);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
