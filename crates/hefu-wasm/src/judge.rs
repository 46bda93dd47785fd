//! What a document is worth: [`hefu_proof::verify::verify`] with its answer as JSON.

use crate::check::{of_checkpoint, of_record};
use crate::Refused;
use hefu_proof::verdict::{Answer, Dimension, Match};
use hefu_proof::verify::{verify, Evidence, Piece, Request, Subject, Verification};
use hefu_proof::{Memory, Receipt, StatusCertificate};
use hefu_types::genesis::Network;
use hefu_types::Code;
use serde_json::{json, Value};

/// How many pieces of each kind of evidence are looked at.
pub const PIECES_MAX: usize = 256;

/// Bytes that may prove something, as they came.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    /// Receipts.
    pub receipts: Vec<Vec<u8>>,
    /// Status certificates and certificates of absence.
    pub certificates: Vec<Vec<u8>>,
    /// Certificates of agencies, types and rules of recognition.
    pub catalogue: Vec<Vec<u8>>,
}

/// Judges, and tells what the caller stores for the next time.
pub fn judge(
    network: &Network,
    memory: Option<&[u8]>,
    subject: &Subject,
    pieces: &Pieces,
    request: &Request,
) -> Result<(Value, Vec<u8>), Refused> {
    let memory = match memory {
        Some(bytes) => Memory::decode(bytes, network.digest())
            .map_err(|error| Refused::new(error.reason(), format!("the memory: {error}")))?,
        None => Memory::new(network),
    };
    let mut unread = Vec::new();
    let (receipts, receipts_at) = read(&pieces.receipts, "receipt", &mut unread, |bytes| {
        let receipt = Receipt::decode(bytes);
        receipt.map_err(|error| Refused::new(error.reason(), error))
    })?;
    let certificate = |bytes: &[u8]| {
        let certificate = StatusCertificate::decode(bytes);
        certificate.map_err(|error| Refused::new(error.reason(), error))
    };
    let (certificates, certificates_at) = read(
        &pieces.certificates,
        "certificate",
        &mut unread,
        certificate,
    )?;
    let (catalogue, catalogue_at) = read(&pieces.catalogue, "catalogue", &mut unread, certificate)?;
    let evidence = Evidence {
        receipts,
        certificates,
        catalogue,
    };
    let verified = verify(network, &memory, subject, &evidence, request);
    let refused = verified.refused.iter().map(|refused| {
        let (which, at) = match refused.which {
            Piece::Receipt(at) => ("receipt", receipts_at.get(at)),
            Piece::Certificate(at) => ("certificate", certificates_at.get(at)),
            Piece::Catalogue(at) => ("catalogue", catalogue_at.get(at)),
            Piece::Copy => ("copy", None),
        };
        json!({
            "which": which,
            "index": at,
            "code": refused.reason,
            "number": refused.code.map(Code::number),
            "en": refused.said.en,
            "zh": refused.said.zh,
        })
    });
    unread.extend(refused);
    Ok((answer(&verified, unread), verified.memory.encode()))
}

/// What can be read of the bytes, where each stood among them, and why the others cannot.
fn read<T>(
    all: &[Vec<u8>],
    which: &str,
    unread: &mut Vec<Value>,
    decode: impl Fn(&[u8]) -> Result<T, Refused>,
) -> Result<(Vec<T>, Vec<usize>), Refused> {
    if all.len() > PIECES_MAX {
        let why = format!("at most {PIECES_MAX} of each kind of evidence are looked at");
        return Err(Refused::new("too-many", why));
    }
    let (mut found, mut places) = (Vec::new(), Vec::new());
    for (at, bytes) in all.iter().enumerate() {
        match decode(bytes) {
            Ok(piece) => {
                found.push(piece);
                places.push(at);
            }
            Err(error) => unread.push(json!({
                "which": which,
                "index": at,
                "code": error.code,
                "number": Code::BadProof.number(),
                "en": error.reason,
                "zh": Code::BadProof.sentence_zh(),
            })),
        }
    }
    Ok((found, places))
}

fn answer(verified: &Verification, refused: Vec<Value>) -> Value {
    let found = verified.found.as_ref();
    let checkpoint = verified.state.as_ref().map(|state| state.checkpoint());
    json!({
        "verdict": verified.verdict.overall().name(),
        "matched": verified.matched.as_ref().map(matched),
        "dimensions": verified.verdict.dimensions.iter().map(dimension).collect::<Vec<_>>(),
        "record": found.map(|found| of_record(&found.key, &found.record)),
        "by_receipt": found.map(|found| found.by_receipt),
        "checkpoint": checkpoint.map(of_checkpoint),
        "as_of": verified.as_of().map(|time| time.0),
        "refused": refused,
    })
}

const fn matched(matched: &Match) -> &'static str {
    match matched {
        Match::RegisteredBytes => "registered-bytes",
        Match::SameFacts { .. } => "same-facts",
        Match::OtherContent { .. } => "other-content",
        Match::OtherBytes => "other-bytes",
        Match::Withdrawn => "withdrawn",
        Match::AbsentThoughCovered(_) => "absent-though-covered",
        Match::AbsentNotYetDue(_) => "absent-not-yet-due",
        Match::Absent => "absent",
        Match::NoIdentity => "no-identity",
        Match::NoFile => "no-file",
    }
}

fn dimension(dimension: &Dimension) -> Value {
    let details = dimension.details.iter().map(|detail| {
        json!({
            "answer": detail.answer.map(Answer::name),
            "en": detail.said.en,
            "zh": detail.said.zh,
        })
    });
    json!({
        "name": dimension.name,
        "answer": dimension.answer.name(),
        "code": dimension.code.map(Code::number),
        "en": dimension.said.en,
        "zh": dimension.said.zh,
        "details": details.collect::<Vec<_>>(),
    })
}
