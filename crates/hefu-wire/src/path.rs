//! The paths of the HTTP interface.
//!
//! | method and path | body or query | answer |
//! | --- | --- | --- |
//! | `POST /v1/statements` | a statement, CBOR; `wait_ms`, `receipts` | [`crate::StatementAnswer`]; 200 final, 202 pending |
//! | `GET /v1/statements/{id}` | `wait_ms` | the same |
//! | `GET /v1/statements/{id}/receipts` | `first`, `count` | a bundle of receipts, CBOR |
//! | `GET /v1/operations/{id}/receipt` | | a receipt, CBOR |
//! | `GET /v1/records/{key}` | `region`, `member`, `agency` with `type` | a status certificate, CBOR |
//! | `POST /v1/records` | keys of records, at most [`RECORDS_MAX`], CBOR | one status certificate of all |
//! | `GET /v1/records/{key}/history` | | the events that left the record, the oldest first, CBOR |
//! | `GET /v1/digests/{digest}` | `region`, `member` | a status certificate, CBOR |
//! | `GET /v1/agencies/{id}`, `/v1/members/{id}`, `/v1/types/{id}`, `/v1/keys/{id}` | | a status certificate |
//! | `GET /v1/recognition/{by}/{type}/{of}` | | a status certificate |
//! | `GET /v1/numberings/{key}` | | a status certificate of the ranges of a numbering |
//! | `GET /v1/coverage/{type}/{region}/{agency}` | | a status certificate of a promise |
//! | `GET /v1/leaf/{key}` | | a status certificate of any leaf that is no record, or of its absence |
//! | `GET /v1/catalogue` | `part`, `after`, `limit`, `holder`, `as`, `lang` | a page of the [catalogue](crate::catalogue) |
//! | `GET /v1/keys/{id}/signed` | `since`, `from` | what a key signed, [`crate::SignedCount`] |
//! | `GET /v1/genesis` | | the genesis, JSON |
//! | `GET /checkpoint` | | the latest note (C2SP tlog-tiles) |
//! | `GET /tile/{level}/{index}`, `GET /tile/entries/{index}` | | hashes, entries (C2SP tlog-tiles) |
//! | `GET /v1/entries/{index}/cose` | | this validator's receipt of an entry in COSE (RFC 9942), [`COSE_RECEIPT`] |
//! | `GET /ops/{entry}` | | the operations of a statement, CBOR |
//! | `GET /refusals/{height}` | | the refusals of a block, CBOR |
//! | `GET /v1/blocks/{height}` | | the header of a published block, CBOR: with its entries and operations all of it |
//! | `GET /policy` | | the tlog-policy of the network (C2SP) |
//! | `GET /healthz` | | [`crate::Health`]; 200 while there is progress |
//!
//! A certificate that is asked with `region` also proves the rule by which that region recognises
//! the document's type, and with `member` that member. With `agency`, `type` and `covered` (a region) it
//! proves that agency and its promise of coverage, whether the document is there or not. Errors are
//! [`crate::Problem`].
//!
//! The history of a record is not proven by itself: its chain has to end in what the record holds
//! (`hefu_proof::derived::is_history`).
//!
//! A page of the catalogue is a status certificate whose leaves are its lines, ascending by state key. It
//! begins behind `after` and has at most `limit` leaves, fewer where they are large; the next begins behind
//! its last key, which the header `Link` (RFC 8288) says too, and an empty page is the end. `part` is one
//! of [`crate::catalogue::Part`]; `keys` wants a `holder` such as `agency:gd-tax`. With `as=json`
//! or `as=csv` the same lines come for people, in the language of `lang` (`en` or `zh`): those are not
//! proven, and each names the leaf that proves it.
//!
//! What a key signed is counted from the block time `since` (milliseconds since 1970) on, a part of the
//! log at a time: as long as `next` is told, one goes on with `from`.
//!
//! A statement that is posted with `receipts=true` and is final with all its operations accepted is
//! answered with the bundle of their receipts (CBOR) instead of JSON: one question less. One of more than
//! [`RECEIPTS_MAX`] operations is answered in JSON.

use crate::catalogue::{holder_words, Part};
use hefu_types::leaf::Holder;
use hefu_types::{Digest, EntryIndex, KeyId, Millis, OperationId, StateKey, StatementId};

/// The media type of canonical bytes.
pub const CBOR: &str = "application/cbor";
/// The media type of receipts in COSE (RFC 9943).
pub const COSE_RECEIPT: &str = "application/scitt-receipt+cose";
/// The media type of errors (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The most receipts in one answer.
pub const RECEIPTS_MAX: u32 = 256;
/// The most records in one certificate.
pub const RECORDS_MAX: usize = 256;
/// The longest time that a request waits for finality, in milliseconds.
pub const WAIT_MS_MAX: u64 = 30_000;

/// Where statements are sent.
pub fn statements(wait_ms: u64) -> String {
    format!("/v1/statements?wait_ms={wait_ms}")
}

/// Where statements are sent whose receipts are wanted at once.
pub fn statements_for_receipts(wait_ms: u64) -> String {
    format!("/v1/statements?wait_ms={wait_ms}&receipts=true")
}

/// What became of a statement.
pub fn statement(id: &StatementId, wait_ms: u64) -> String {
    format!("/v1/statements/{id}?wait_ms={wait_ms}")
}

/// The receipts of a statement's operations.
pub fn receipts(id: &StatementId, first: u32, count: u32) -> String {
    format!("/v1/statements/{id}/receipts?first={first}&count={count}")
}

/// The receipt of one operation.
pub fn operation_receipt(id: &OperationId) -> String {
    format!("/v1/operations/{id}/receipt")
}

/// What is asked of a document beside itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The rule by which this region recognises it.
    pub region: Option<&'a str>,
    /// This member.
    pub member: Option<&'a str>,
    /// What an agency promised to register.
    pub coverage: Option<Coverage<'a>>,
}

/// A promise to register all documents of a type.
#[derive(Clone, Copy, Debug)]
pub struct Coverage<'a> {
    /// Whose.
    pub agency: &'a str,
    /// Of which type.
    pub document_type: &'a str,
    /// For which region.
    pub region: &'a str,
}

impl Beside<'_> {
    fn query(&self) -> String {
        let mut query = String::new();
        let of = self.coverage;
        for (name, value) in [
            ("region", self.region),
            ("member", self.member),
            ("agency", of.map(|of| of.agency)),
            ("type", of.map(|of| of.document_type)),
            ("covered", of.map(|of| of.region)),
        ] {
            if let Some(value) = value {
                query.push(if query.is_empty() { '?' } else { '&' });
                query.push_str(&format!("{name}={}", escape(value)));
            }
        }
        query
    }
}

/// The status of a document by the key of its record.
pub fn record(key: &StateKey, beside: Beside<'_>) -> String {
    format!("/v1/records/{key}{}", beside.query())
}

/// Where the status of many documents is asked for at once.
pub const RECORDS: &str = "/v1/records";

/// The events that left a record.
pub fn history(key: &StateKey) -> String {
    format!("/v1/records/{key}/history")
}

/// The ranges of a numbering.
pub fn numbering(key: &StateKey) -> String {
    format!("/v1/numberings/{key}")
}

/// A promise to register all documents of a type.
pub fn coverage(of: Coverage<'_>) -> String {
    format!(
        "/v1/coverage/{}/{}/{}",
        escape(of.document_type),
        escape(of.region),
        escape(of.agency)
    )
}

/// The status of a document by the digest of one of its files.
pub fn digest(digest: &Digest, beside: Beside<'_>) -> String {
    format!("/v1/digests/{digest}{}", beside.query())
}

/// An agency.
pub fn agency(id: &str) -> String {
    format!("/v1/agencies/{}", escape(id))
}

/// A member.
pub fn member(id: &str) -> String {
    format!("/v1/members/{}", escape(id))
}

/// A document type.
pub fn document_type(id: &str) -> String {
    format!("/v1/types/{}", escape(id))
}

/// A public key.
pub fn key(id: &KeyId) -> String {
    format!("/v1/keys/{id}")
}

/// What a key signed from a block time on, counted from this entry of the log on.
pub fn signed(id: &KeyId, since: Millis, from: Option<EntryIndex>) -> String {
    let from = from.map_or(String::new(), |from| format!("&from={from}"));
    format!("/v1/keys/{id}/signed?since={}{from}", since.0)
}

/// Any leaf that is no record.
pub fn leaf(key: &StateKey) -> String {
    format!("/v1/leaf/{key}")
}

/// A page of the catalogue, behind a key.
pub fn catalogue(part: Part, holder: Option<&Holder>, after: Option<&StateKey>) -> String {
    let holder = holder.map_or(String::new(), |holder| {
        format!("&holder={}", escape(&holder_words(holder)))
    });
    let after = after.map_or(String::new(), |after| format!("&after={after}"));
    format!("/v1/catalogue?part={part}{holder}{after}")
}

/// A rule of recognition.
pub fn recognition(by: &str, document_type: &str, of: &str) -> String {
    format!(
        "/v1/recognition/{}/{}/{}",
        escape(by),
        escape(document_type),
        escape(of)
    )
}

/// The operations of a statement.
pub fn operations(entry: EntryIndex) -> String {
    format!("/ops/{entry}")
}

/// One validator's receipt of an entry in COSE.
pub fn entry_cose(entry: EntryIndex) -> String {
    format!("/v1/entries/{entry}/cose")
}

/// The refusals of a block.
pub fn refusals(height: u64) -> String {
    format!("/refusals/{height}")
}

/// The header of a block.
pub fn block_header(height: u64) -> String {
    format!("/v1/blocks/{height}")
}

/// The latest note.
pub const CHECKPOINT: &str = "/checkpoint";

/// The genesis.
pub const GENESIS: &str = "/v1/genesis";

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_typed_stays_in_its_place() {
        let beside = Beside {
            region: Some("a&b=c"),
            member: Some("广东"),
            coverage: None,
        };
        assert!(digest(&Digest([0; 32]), beside)
            .ends_with("?region=a%26b%3Dc&member=%E5%B9%BF%E4%B8%9C"));
        assert_eq!(agency("../x"), "/v1/agencies/..%2Fx");
        assert_eq!(
            catalogue(Part::Keys, Some(&Holder::Agency("a&b".into())), None),
            "/v1/catalogue?part=keys&holder=agency%3Aa%26b"
        );
    }
}
