//! The catalogue, single leaves, and what a key signed.

use super::{blocking, cbor, not_found, parse, problem, published, Api};
use crate::catalogue::{Page, Question};
use crate::prove::Prover;
use crate::shared::{Published, Shared};
use crate::signed;
use axum::extract::{Path, Query, State};
use axum::http::{header, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hefu_store::StoreFault;
use hefu_types::leaf::{Leaf, TypeLeaf};
use hefu_types::{key, Code, EntryIndex, KeyId, Millis, StateKey};
use hefu_wire::catalogue::{holder_of, table, Entry, Lang, Part, Table, LINES, LINES_MAX};
use hefu_wire::path;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs a long read, of which only so many run at once: the others try again.
async fn long<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce() -> Result<T, StoreFault> + Send + 'static,
) -> Result<T, Response> {
    let Ok(permit) = Arc::clone(&api.long_reads).try_acquire_owned() else {
        return Err(busy(
            "this node reads for others now; ask again in a moment",
        ));
    };
    blocking(move || {
        let done = work();
        drop(permit);
        done
    })
    .await
}

fn busy(why: &str) -> Response {
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        Code::Busy,
        Some(why.to_owned()),
    )
}

fn bad(why: &str) -> Response {
    problem(
        StatusCode::BAD_REQUEST,
        Code::Unreadable,
        Some(why.to_owned()),
    )
}

/// A part of a query that must be of a kind, where it is given.
fn maybe<T: std::str::FromStr>(text: Option<&str>, what: &str) -> Result<Option<T>, Response>
where
    T::Err: std::fmt::Display,
{
    text.map(|text| parse(text, what)).transpose()
}

/// `GET /v1/leaf/{key}`: any leaf that is no record, or its absence.
pub(super) async fn leaf(State(api): State<Api>, Path(key): Path<String>) -> Response {
    let (published, key) = match (published(&api), parse::<StateKey>(&key, "the leaf's key")) {
        (Ok(published), Ok(key)) => (published, key),
        (Err(response), _) | (_, Err(response)) => return response,
    };
    let shared = Arc::clone(&api.shared);
    let made = blocking(move || {
        let mut prover = Prover::new(&shared, &published);
        let added = prover.any_leaf(key)?;
        Ok(added.then(|| prover.certificate().encode()))
    });
    match made.await {
        Ok(Some(bytes)) => cbor(bytes),
        Ok(None) => {
            let detail = format!(
                "a document's record stands under this key: ask {}",
                path::record(&key, path::Beside::default())
            );
            problem(StatusCode::NOT_FOUND, Code::NotFound, Some(detail))
        }
        Err(response) => response,
    }
}

/// What is asked of a page. Texts, so that what is wrong with one is told as all else is.
#[derive(Deserialize)]
pub(super) struct Asked {
    part: Option<String>,
    after: Option<String>,
    limit: Option<String>,
    holder: Option<String>,
    #[serde(rename = "as")]
    form: Option<String>,
    lang: Option<String>,
}

/// How a page is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Proven,
    Json,
    Csv,
}

impl Asked {
    fn question(&self) -> Result<(Part, Question), Response> {
        let Some(part) = maybe::<Part>(self.part.as_deref(), "part")? else {
            let parts: Vec<&str> = Part::ALL.iter().map(|part| part.name()).collect();
            return Err(bad(&format!("say which part: one of {}", parts.join(", "))));
        };
        let limit = maybe::<usize>(self.limit.as_deref(), "limit")?.unwrap_or(LINES);
        if !(1..=LINES_MAX).contains(&limit) {
            return Err(bad(&format!("limit: a page has 1 to {LINES_MAX} lines")));
        }
        let holder = self.holder.as_deref().map(holder_of).transpose();
        let holder = holder.map_err(|error| bad(&format!("holder: {error}")))?;
        if (part == Part::Keys) != holder.is_some() {
            return Err(bad(
                "holder: keys are listed of one holder, and nothing else is",
            ));
        }
        let question = Question {
            part: part.source(),
            holder,
            after: maybe(self.after.as_deref(), "after")?,
            limit,
        };
        Ok((part, question))
    }

    fn form(&self, headers: &HeaderMap) -> Result<Form, Response> {
        let accept = headers.get(header::ACCEPT);
        let accepted = accept.and_then(|accept| accept.to_str().ok()).unwrap_or("");
        match self.form.as_deref() {
            Some("json") => Ok(Form::Json),
            Some("csv") => Ok(Form::Csv),
            Some("cbor") => Ok(Form::Proven),
            Some(_) => Err(bad("as: it is cbor, json or csv")),
            None if accepted.starts_with("application/json") => Ok(Form::Json),
            None if accepted.starts_with("text/csv") => Ok(Form::Csv),
            None => Ok(Form::Proven),
        }
    }
}

/// `GET /v1/catalogue`.
pub(super) async fn page(
    State(api): State<Api>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    match page_of(&api, &asked, &headers).await {
        Ok(response) | Err(response) => response,
    }
}

async fn page_of(api: &Api, asked: &Asked, headers: &HeaderMap) -> Result<Response, Response> {
    let published = published(api)?;
    let (part, question) = asked.question()?;
    let form = asked.form(headers)?;
    let lang = maybe::<Lang>(asked.lang.as_deref(), "lang")?.unwrap_or(Lang::En);
    let (shared, catalogue) = (Arc::clone(&api.shared), Arc::clone(&api.catalogue));
    let (holder, limit) = (question.holder.clone(), question.limit);
    let made = long(api, move || {
        let Some(page) = catalogue.page(&shared, &published, &question)? else {
            return Ok(None);
        };
        let told = match form {
            Form::Proven => Told::Proven(page.certificate.encode()),
            Form::Json | Form::Csv => Told::Lines(lines(&shared, &published, part, &page)?),
        };
        let checkpoint = &published.signed.checkpoint;
        Ok(Some((told, page.next, checkpoint.height, checkpoint.time)))
    });
    let Some((told, next, height, time)) = made.await? else {
        return Err(busy("the catalogue is being read; ask again in a moment"));
    };
    let mut response = match told {
        Told::Proven(bytes) => cbor(bytes),
        Told::Lines(table) if form == Form::Csv => {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
            (kind, table.csv(lang)).into_response()
        }
        Told::Lines(table) => axum::Json(serde_json::json!({
            "part": part.name(),
            "title": part.title(lang),
            "height": height,
            "time": time.to_string(),
            "proven": false,
            "lines": table,
            "next": next,
        }))
        .into_response(),
    };
    if let Some(next) = next {
        let how = match form {
            Form::Proven => "",
            Form::Json => "&as=json",
            Form::Csv => "&as=csv",
        };
        let path = path::catalogue(part, holder.as_ref(), Some(&next));
        let lang = lang.pick("en", "zh");
        let link = format!("<{path}&limit={limit}{how}&lang={lang}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

enum Told {
    Proven(Vec<u8>),
    Lines(Table),
}

/// The lines of a page; conditions name facts as their types do.
fn lines(
    shared: &Shared,
    published: &Published,
    part: Part,
    page: &Page,
) -> Result<Table, StoreFault> {
    let suite = shared.network.suite();
    let named = page.entries.iter().filter_map(|(_, entry)| match entry {
        Entry::Recognition(leaf) => Some(leaf.rule.document_type.as_str()),
        _ => None,
    });
    let mut types = Vec::new();
    for id in named.collect::<BTreeSet<&str>>() {
        let at = key::document_type(suite, id);
        let height = published.signed.checkpoint.height;
        let bytes = shared.leaf_bytes(&published.tree, &at, height)?;
        let leaf = bytes.and_then(|bytes| TypeLeaf::from_bytes(&bytes).ok());
        types.extend(leaf.map(|leaf| (at, Entry::Type(leaf))));
    }
    let entries = page.entries.iter().chain(&types);
    Ok(table(suite, part, entries.map(|(at, entry)| (at, entry))))
}

#[derive(Deserialize)]
pub(super) struct Since {
    since: Option<String>,
    from: Option<String>,
}

/// `GET /v1/keys/{id}/signed`.
pub(super) async fn signed(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(asked): Query<Since>,
) -> Response {
    match signed_by(&api, &id, &asked).await {
        Ok(response) | Err(response) => response,
    }
}

async fn signed_by(api: &Api, id: &str, asked: &Since) -> Result<Response, Response> {
    let published = published(api)?;
    let id: KeyId = parse(id, "the key's id")?;
    let what = "since: milliseconds since 1970";
    let since = maybe::<u64>(asked.since.as_deref(), what)?.ok_or_else(|| bad(what))?;
    let from = maybe::<u64>(asked.from.as_deref(), "from: an entry of the log")?.map(EntryIndex);
    let at = key::public_key(api.shared.network.suite(), &id);
    if published.tree.value_hash(&at).is_none() {
        return Err(not_found("no key of this id is on the ledger"));
    }
    let shared = Arc::clone(&api.shared);
    let counted = long(api, move || {
        signed::count(&shared, &published, &id, Millis(since), from)
    });
    Ok(axum::Json(counted.await?).into_response())
}
