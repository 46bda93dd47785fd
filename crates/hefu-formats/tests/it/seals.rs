//! Seals: real ones, ones of our own making, ones that another program made, and hostile ones.

mod cms;
mod ofd;
mod pdf;

use std::collections::BTreeMap;
use std::fs;

use hefu_formats::read;
use hefu_formats::seal::{Cover, Seal, SignatureCheck};
use sm2::dsa::signature::{Signer, Verifier};
use sm3::Digest;

use crate::corpus::{corpus, files_below};

fn seals(bytes: &[u8]) -> Vec<Seal> {
    read(bytes).unwrap().seals
}

/// The one seal of a file.
fn seal(bytes: &[u8]) -> Seal {
    let mut seals = seals(bytes);
    assert_eq!(seals.len(), 1, "{seals:?}");
    seals.remove(0)
}

fn is_whole_and_good(seal: &Seal) -> bool {
    seal.cover == Cover::Whole && seal.signature == SignatureCheck::Good
}

/// What a seal says, in the words for programs, with the parts that it names.
fn words(seal: &Seal) -> String {
    let parts = match &seal.cover {
        Cover::Part(parts) | Cover::Altered(parts) => format!(" {}", parts.join(", ")),
        _ => String::new(),
    };
    format!(
        "{} {}{parts}; {}",
        seal.kind.name(),
        seal.cover.name(),
        seal.signature.name()
    )
}

/// Every real file that is signed. Where it is altered, `openssl dgst -sm3` finds other digests than
/// those in its list, too: in the first `Document.xml` has `Tpls` where its sealed sister
/// `v4signed.ofd` has `TPLS`, in the licence both pages are nineteen days younger than the seals.
const REAL: [(&str, &[&str]); 8] = [
    ("999.ofd", &["ofd-seal part OFD.xml; good"]),
    ("V4RideRight.ofd", &["ofd-seal whole; good"]),
    (
        "draw_param_ref.ofd",
        &["ofd-seal part Doc_0/TPLS/TPL_0/Content.xml, Doc_0/TPLS/TPL_1/Content.xml; good"],
    ),
    (
        "fapiao-example.ofd",
        &["ofd-seal altered Doc_0/Document.xml; good"],
    ),
    (
        // A template: `OFD.xml` names signatures that are not there.
        "fptpl.ofd",
        &["ofd-seal unreadable; not-checked"],
    ),
    (
        "testImageNotFound.ofd",
        &[
            "ofd-signature part Doc_0/Annots/Annotations.xml, OFD.xml; good",
            "ofd-signature whole; good",
        ],
    ),
    ("v4signed.ofd", &["ofd-seal whole; good"]),
    (
        "zsbk.ofd",
        &[
            "ofd-seal altered Doc_0/Pages/Page_1/Content.xml, Doc_0/Pages/Page_0/Content.xml; good",
            "ofd-seal altered Doc_0/Pages/Page_1/Content.xml, Doc_0/Pages/Page_0/Content.xml; good",
        ],
    ),
];

#[test]
fn the_seals_of_real_files() {
    let Some(corpus) = corpus() else { return };
    let mut found = BTreeMap::new();
    let mut count = 0;
    for path in files_below(&corpus) {
        let Ok(reading) = read(&fs::read(&path).unwrap()) else {
            continue;
        };
        count += 1;
        if reading.seals.is_empty() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        for seal in &reading.seals {
            println!("{name}: {seal}");
            // Where a stamp was read, its maker signed it.
            let stamp = seal.stamp.as_ref();
            assert!(stamp.is_none_or(|stamp| stamp.signature == SignatureCheck::Good));
        }
        let words: Vec<String> = reading.seals.iter().map(words).collect();
        found.insert(name, words);
    }
    println!(
        "{count} real files were read, {} of them are signed",
        found.len()
    );
    for (name, expected) in REAL {
        assert_eq!(found.remove(name).unwrap(), expected, "{name}");
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The sections of a vector file of Botan: `name = value` lines, blocks apart by empty lines. What
/// stands before counts for all that follow.
fn vectors(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut all = Vec::new();
    let mut current = BTreeMap::new();
    let last = match text.contains("Signature = ") {
        true => "Signature",
        false => "Out",
    };
    for line in text.lines() {
        if let Some((name, value)) = line.split_once('=') {
            current.insert(name.trim().to_owned(), value.trim().to_owned());
            if name.trim() == last {
                all.push(current.clone());
            }
        }
    }
    all
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let hex = hex.strip_prefix("0x").unwrap_or(hex);
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[test]
fn sm2_and_sm3_agree_with_the_vectors_of_botan() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("crypto/botan-sm2-sm3-ed25519/src/tests/data");
    let text = fs::read_to_string(folder.join("hash/sm3.part-dev.vec")).unwrap();
    let digests = vectors(&text);
    for vector in &digests {
        let digest = sm3::Sm3::digest(bytes_of(&vector["In"]));
        assert_eq!(digest.as_slice(), bytes_of(&vector["Out"]));
    }
    let text = fs::read_to_string(folder.join("pubkey/sm2_sig.vec")).unwrap();
    let all = vectors(&text);
    // The others are of other curves or other digests than the standard's.
    let standard = |vector: &&BTreeMap<String, String>| {
        vector["Oid"] == "1.2.156.10197.1.301" && vector["Hash"] == "SM3"
    };
    let mut count = 0;
    for vector in all.iter().filter(standard) {
        count += 1;
        let secret = bytes_of(&vector["x"]);
        let key = sm2::dsa::SigningKey::from_slice(&vector["Ident"], &secret).unwrap();
        let signature = sm2::dsa::Signature::from_slice(&bytes_of(&vector["Signature"])).unwrap();
        let message = bytes_of(&vector["Msg"]);
        key.verifying_key().verify(&message, &signature).unwrap();
        assert!(key.verifying_key().verify(b"another", &signature).is_err());
        key.verifying_key()
            .verify(b"own", &key.sign(b"own"))
            .unwrap();
    }
    println!(
        "{} digests of SM3 and {count} of {} signatures of SM2 (the standard's curve and digest)",
        digests.len(),
        all.len()
    );
    assert!(digests.len() >= 83 && count >= 1);
}
