//! PDFs that another program signed, and what becomes of the signature.

use std::fs;

use super::{is_whole_and_good, seal, seals, words};

fn sample(name: &str) -> Vec<u8> {
    fs::read(format!(
        "{}/tests/samples/seals/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn position(bytes: &[u8], text: &[u8]) -> usize {
    bytes
        .windows(text.len())
        .position(|window| window == text)
        .unwrap()
}

fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = position(&bytes, from);
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn signed_pdfs_are_whole_and_good() {
    for (name, signer) in [
        ("rsa.pdf", "Invented Signer (Invented Works S.p.A.)"),
        ("p256.pdf", "Invented P-256 Signer"),
        ("sha1.pdf", "Invented P-256 Signer"),
    ] {
        let seal = seal(&sample(name));
        assert_eq!(words(&seal), "pdf-signature whole; good", "{name}");
        assert_eq!(seal.place, "AcroForm/Signature1");
        assert_eq!(seal.signer.as_deref(), Some(signer));
        assert!(seal.signed_at.unwrap().starts_with("2026-"));
    }
}

#[test]
fn what_was_altered_or_appended_is_told() {
    let check = |bytes: Vec<u8>, expected: &str| {
        assert_eq!(words(&seal(&bytes)), expected);
    };
    for name in ["rsa.pdf", "sha1.pdf"] {
        check(
            replaced(sample(name), b"[0 0 200 200]", b"[0 0 900 200]"),
            "pdf-signature altered the bytes of the file that are signed; good",
        );
        let appended = [sample(name), b"% more\n".to_vec()].concat();
        check(
            appended,
            "pdf-signature part the last 7 bytes, which were added later; good",
        );
    }
    let rsa = sample("rsa.pdf");
    check(
        replaced(rsa.clone(), b"adbe.pkcs7.detached", b"adbe.x509.rsa_sha12"),
        "pdf-signature unreadable; not-checked",
    );
    // The last byte of the attributes' signature is the last of the structure: altered, it is wrong.
    let start = position(&rsa, b"/Contents<") + 10;
    let length = rsa[start..].iter().position(|byte| *byte == b'>').unwrap();
    let zeros = rsa[start..start + length]
        .iter()
        .rev()
        .take_while(|b| **b == b'0')
        .count();
    let mut wrong = rsa.clone();
    let last = start + length - zeros - 1;
    wrong[last - 8] = if wrong[last - 8] == b'1' { b'2' } else { b'1' };
    check(wrong, "pdf-signature whole; bad");
    // Something in the room that is left in the string.
    let mut hiding = rsa.clone();
    hiding[start + length - 2] = b'7';
    check(
        hiding,
        "pdf-signature part what stands behind the signature in its own string; good",
    );
}

/// The pieces of `ByteRange` belong to the signed bytes, so that they are hostile only where the
/// signer is; their sums and gaps are checked all the same.
#[test]
fn hostile_byte_ranges_are_refused() {
    let rsa = sample("rsa.pdf");
    let at = position(&rsa, b"/ByteRange[") + 11;
    let length = rsa[at..].iter().position(|byte| *byte == b']').unwrap();
    for range in [
        "0 1 2",
        "0 1 2 3 4",
        "1 1 2 3",
        "0 -1 2 3",
        "0 5 3 2",
        "0 9999999 2 3",
        "0 1 9223372036854775807 1",
        "0 1 2 9223372036854775807",
        "0 1 2 99999999999999999999",
        "null",
        "(a)",
    ] {
        let mut bytes = rsa.clone();
        bytes[at..at + length].copy_from_slice(format!("{range:length$}").as_bytes());
        let words = words(&seal(&bytes));
        assert!(!words.contains("whole"), "{range}: {words}");
    }
    // A gap that leaves out more than the string: the whole dictionary.
    let numbers: Vec<usize> = std::str::from_utf8(&rsa[at..at + length])
        .unwrap()
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let wider = format!(
        "0 {:010} {:010} {:010}",
        numbers[1] - 9,
        numbers[2],
        numbers[3]
    );
    let mut bytes = rsa.clone();
    bytes[at..at + length].copy_from_slice(format!("{wider:length$}").as_bytes());
    assert!(!is_whole_and_good(&seal(&bytes)));
}

#[test]
fn hostile_forms_are_answered() {
    let check = |bytes: Vec<u8>| {
        let found = seals(&bytes);
        assert!(!found.iter().any(is_whole_and_good), "{found:?}");
    };
    let rsa = sample("rsa.pdf");
    // A field that is its own child ends, and is counted once.
    let circle = replaced(rsa.clone(), b"/Rect[0 0 0 0]", b"/Kids[4 0 R]  ");
    assert_eq!(seals(&circle).len(), 1);
    check(replaced(rsa.clone(), b"/Fields[4 0 R]", b"/Fields[9 0 R]"));
    check(replaced(rsa.clone(), b"/Fields[4 0 R]", b"/Fields null  "));
    check(replaced(rsa.clone(), b"/V 5 0 R", b"/V 4 0 R"));
    check(replaced(rsa, b"/Contents<3082", b"/Contents<3084"));
}

/// Outside of the signature's own string no altered byte stays under a good seal.
#[test]
fn no_altered_byte_of_a_pdf_stays_under_a_good_signature() {
    let original = sample("p256.pdf");
    let start = position(&original, b"/Contents<") + 10;
    let end = start
        + original[start..]
            .iter()
            .position(|byte| *byte == b'>')
            .unwrap();
    let mut inside = 0;
    for at in 0..original.len() {
        let mut bytes = original.clone();
        bytes[at] ^= 1;
        let Ok(reading) = hefu_formats::read(&bytes) else {
            continue;
        };
        if reading.seals.iter().any(is_whole_and_good) {
            // The names in the certificate, and whatever else of the string is not signed.
            assert!((start..end).contains(&at), "byte {at}");
            inside += 1;
        }
    }
    println!(
        "{inside} of {} characters of the signature's string may change",
        end - start
    );
    assert!(inside < end - start);
}
