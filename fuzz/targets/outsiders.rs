//! Proofs for other people's verifiers, what a client remembers, and the proof of two histories.

use super::{network, SUITE};
use hefu_proof::cose_receipt::COSE_RECEIPT_BYTES_MAX;
use hefu_proof::{
    CoseReceipt, Equivocation, Memory, SignedCheckpoint, TlogConsistency, TlogProof,
    TransparentStatement,
};
use hefu_types::NetworkDigest;

/// The text of a checkpoint with its lines (C2SP signed-note): what is read is written so again.
pub fn note(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (origin, set) = (network().origin(), network().first_set());
    let Ok(signed) = SignedCheckpoint::parse_note(origin, &set, text) else {
        return;
    };
    assert_eq!(signed.note(origin, &set).as_deref(), Some(text));
    let _ = signed.verify(SUITE, origin, &set);
}

/// C2SP tlog-proof.
pub fn tlog_proof(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(proof) = TlogProof::parse(text) else {
        return;
    };
    assert_eq!(proof.print(), text);
    note(proof.note.as_bytes());
    let _ = proof.verify(network(), &network().first_set(), bytes);
}

/// The growth of a log, as a C2SP witness is told it.
pub fn tlog_consistency(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(proof) = TlogConsistency::parse(text) else {
        return;
    };
    assert_eq!(proof.print(), text);
    note(proof.note.as_bytes());
}

/// A receipt in COSE (RFC 9942).
pub fn cose_receipt(bytes: &[u8]) {
    let Ok(receipt) = CoseReceipt::decode(bytes) else {
        return;
    };
    assert!(bytes.len() <= COSE_RECEIPT_BYTES_MAX);
    assert_eq!(receipt.encode(), bytes, "read as canonical");
    let set = network().first_set();
    assert!(receipt.verify(network(), &set, b"no entry").is_err());
}

/// A statement with its receipts (RFC 9943).
pub fn transparent(bytes: &[u8]) {
    let Ok(transparent) = TransparentStatement::decode(bytes) else {
        return;
    };
    assert_eq!(transparent.encode(), bytes, "read as canonical");
    let entry = transparent.entry();
    super::header(&entry);
    for receipt in &transparent.receipts {
        cose_receipt(receipt);
    }
}

/// What a client remembers, of the network whose digest is the first 32 bytes.
pub fn memory(bytes: &[u8]) {
    let Some((digest, bytes)) = bytes.split_at_checked(NetworkDigest::LEN) else {
        return;
    };
    let digest = NetworkDigest::try_from(digest).expect("so many bytes");
    let Ok(memory) = Memory::decode(bytes, digest) else {
        return;
    };
    assert_eq!(memory.encode(), bytes, "read as canonical");
    let joined = memory.join(&memory).expect("it does not contradict itself");
    assert_eq!(joined.encode(), bytes);
}

/// Two histories that a quorum signed.
pub fn equivocation(bytes: &[u8]) {
    let Ok(evidence) = Equivocation::decode(bytes) else {
        return;
    };
    assert_eq!(evidence.encode(), bytes, "read as canonical");
    let _ = evidence.verify(network());
}
