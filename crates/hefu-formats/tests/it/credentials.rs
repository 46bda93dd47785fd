//! Certificates and licences of other systems: OpenAttestation, Blockcerts, W3C credentials, mdoc.

use std::collections::BTreeMap;
use std::fs;

use hefu_formats::limits::{CBOR_VALUES_MAX, CREDENTIALS_MAX, JSON_DEPTH_MAX};
use hefu_formats::{read, Format, Identity, Reading, Stated};
use minicbor::data::Tag;
use minicbor::Encoder;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::corpus::{corpus, files_below};

const OPEN_ATTESTATION_2: &str = include_str!("../samples/open-attestation-2.json");
const BLOCKCERTS_1: &str = include_str!("../samples/blockcerts-1.json");
const BLOCKCERTS_2: &str = include_str!("../samples/blockcerts-2.json");
const CREDENTIAL_1: &str = include_str!("../samples/credential-1.json");
const CREDENTIAL_2: &str = include_str!("../samples/credential-2.json");

/// The only document of a file.
fn only(bytes: &[u8]) -> Stated {
    let mut documents = read(bytes).unwrap().documents;
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// Issuer, class and number.
#[track_caller]
fn assert_identity(stated: &Stated, expected: [&str; 3]) {
    let identity = stated.identity.as_ref();
    let fields = identity.map(|id| [&id.legal_issuer, &id.class, &id.number].map(String::as_str));
    assert_eq!(fields, Some(expected), "{:?}", stated.missing);
}

#[track_caller]
fn assert_facts(stated: &Stated, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = stated.fact(name).map(|fact| fact.value.as_str());
        assert_eq!(
            found,
            Some(*value).filter(|value| !value.is_empty()),
            "{name}"
        );
    }
}

#[test]
fn an_open_attestation_document_is_read_behind_its_salts() {
    let stated = only(OPEN_ATTESTATION_2.as_bytes());
    assert_identity(&stated, ["safety.harbour.example", "", "WSH-2026-0042"]);
    assert_facts(
        &stated,
        &[
            ("holder", "Mei Lin"),
            ("issuer", "Harbour Safety Office"),
            ("document-type", "WORK_SAFETY_CERTIFICATE"),
            ("valid-until", "2029-03-31"),
        ],
    );
    assert_eq!(stated.fact("holder").unwrap().place, "/data/recipient/name");
    // A value without its salt is none.
    let bare = OPEN_ATTESTATION_2.replace("0a1b2c3d-0000-4000-8000-000000000001:string:", "");
    let stated = only(bare.as_bytes());
    assert_eq!(stated.missing, ["number (id or reference of the document)"]);
    // Two issuers contradict each other.
    let (head, tail) = OPEN_ATTESTATION_2.split_once("\"issuers\": [").unwrap();
    let other = "0a1b2c3d-0000-4000-8000-000000000010:string:did:example:2";
    let two = format!("{head}\"issuers\": [{{\"id\": \"{other}\"}},{tail}");
    let stated = only(two.as_bytes());
    assert_eq!(stated.missing, ["domain, DID or contract of the issuer"]);
    assert_eq!(stated.doubts.len(), 1);
}

#[test]
fn blockcerts_of_versions_1_and_2_are_read() {
    let stated = only(BLOCKCERTS_1.as_bytes());
    let number = "https://guild.example/certificates/7731";
    assert_identity(&stated, ["https://guild.example/issuer.json", "", number]);
    assert_facts(
        &stated,
        &[
            ("holder", "Ada Feuer"),
            ("holder-id", ""),
            ("title", "Welder, class 2"),
            ("issue-date", "2016-10-03"),
        ],
    );
    let stated = only(BLOCKCERTS_2.as_bytes());
    let number = "urn:uuid:00000000-0000-4000-8000-0000000000c2";
    assert_identity(&stated, ["https://port.example/issuer.json", "", number]);
    assert_facts(
        &stated,
        &[
            ("holder", "Jo Kran"),
            ("holder-id", "jo@port.example"),
            ("issue-date", "2024-05-02"),
            ("issue-time", ""),
            ("valid-until", "2029-05-02"),
        ],
    );
}

#[test]
fn a_credential_is_read_in_every_wrapping() {
    let check = |stated: &Stated| {
        assert_identity(
            stated,
            [
                "did:web:guild.example",
                "",
                "https://guild.example/licences/88",
            ],
        );
        // The day in the zone in which it is written.
        assert_facts(
            stated,
            &[
                ("issue-date", "2025-12-31"),
                ("valid-until", "2027-01-01"),
                ("document-type", "TradeLicence"),
                ("holder-id", "did:example:shop"),
            ],
        );
    };
    check(&only(CREDENTIAL_1.as_bytes()));
    let presented = format!(
        r#"{{"@context": ["https://www.w3.org/2018/credentials/v1"], "type": "VerifiablePresentation",
            "verifiableCredential": [{CREDENTIAL_1}, {}, 7]}}"#,
        serde_json::Value::String(jwt(CREDENTIAL_1))
    );
    let documents = read(presented.as_bytes()).unwrap().documents;
    assert_eq!(documents.len(), 3);
    check(&documents[0]);
    check(&documents[1]);
    assert_eq!(documents[0].part, "/verifiableCredential/0");
    assert_eq!(documents[1].part, "/verifiableCredential/1");
    assert_eq!(
        documents[1].fact("number").unwrap().place,
        "/verifiableCredential/1:/id"
    );
    assert_eq!(documents[2].identity, None);
    // A token may hold a presentation again: each credential is still told apart.
    let again = format!(
        r#"{{"@context": ["https://www.w3.org/2018/credentials/v1"], "type": "VerifiablePresentation",
            "verifiableCredential": ["{}"]}}"#,
        jwt(&presented)
    );
    let documents = read(again.as_bytes()).unwrap().documents;
    check(&documents[1]);
    assert_eq!(
        documents[1].part,
        "/verifiableCredential/0:/verifiableCredential/1"
    );
    // A presentation that breaks the data model takes the identity from what it holds.
    let broken = presented.replacen("VerifiablePresentation", "Other", 1);
    let documents = read(broken.as_bytes()).unwrap().documents;
    assert_eq!(documents[0].identity, None);
    assert_eq!(documents[0].missing, ["the type VerifiablePresentation"]);
    let body = serde_json::Value::String(CREDENTIAL_1.to_owned());
    let plain = format!(r#"{{"payload": {body}, "signatures": []}}"#);
    check(&only(plain.as_bytes()));
    let encoded = base64url(CREDENTIAL_1.as_bytes());
    check(&only(
        format!(r#"{{"payload": "{encoded}", "signatures": []}}"#).as_bytes(),
    ));
    check(&only(format!(" {}\n", jwt(CREDENTIAL_1)).as_bytes()));

    // The claims of a token stand for what the credential leaves out.
    let claims = r#"{"iss": "did:web:guild.example", "jti": "https://guild.example/licences/88",
        "nbf": 1767225599, "exp": 1798761600, "sub": "did:example:shop", "vc": {"@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential", "TradeLicence"], "credentialSubject": {"a": 1}}}"#;
    check(&only(jwt(claims).as_bytes()));
    // And contradict it where they say something else.
    let claims = claims.replace("\"type\"", "\"id\": \"urn:x:1\", \"type\"");
    let stated = only(jwt(&claims).as_bytes());
    assert_eq!(stated.missing, ["number (id of the credential)"]);
    assert_eq!(stated.doubts.len(), 1);

    let stated = only(CREDENTIAL_2.as_bytes());
    assert_facts(
        &stated,
        &[("title", "Trade licence"), ("valid-from", "2026-01-01")],
    );
    assert!(stated.identity.is_some());
}

/// The formats that are W3C credentials, too, are told by their marks and name their issuers otherwise.
#[test]
fn a_credential_of_a_more_special_format_is_read_as_that() {
    let with = |from: &str, to: &str| {
        assert!(CREDENTIAL_1.contains(from), "{from}");
        let changed = CREDENTIAL_1.replacen(from, to, 1);
        let reading = read(changed.as_bytes()).unwrap();
        (reading.format, reading.documents[0].clone())
    };
    let metadata = r#""reference": "R-7", "openAttestationMetadata": {
        "proof": { "value": "0xaa" }, "identityProof": { "type": "DNS-TXT", "identifier": "guild.example" } }, "id""#;
    let (format, stated) = with("\"id\"", metadata);
    assert_eq!(format, Format::OpenAttestation);
    assert_identity(
        &stated,
        ["guild.example", "", "https://guild.example/licences/88"],
    );
    assert_facts(
        &stated,
        &[
            ("reference", "R-7"),
            ("contract", "0xaa"),
            ("issuer-id", "did:web:guild.example"),
            ("identity-proof", "guild.example"),
        ],
    );
    // Without an id the reference is the number; without the proof nobody is named.
    let (_, stated) = with(
        "\"id\": \"https://guild.example/licences/88\"",
        "\"reference\": \"R-7\", \"openAttestationMetadata\": {}",
    );
    assert_facts(&stated, &[("number", "R-7"), ("reference", "")]);
    assert_eq!(stated.missing, ["domain, DID or contract of the issuer"]);

    let (format, stated) = with("\"TradeLicence\"", "\"BlockcertsCredential\"");
    assert_eq!(format, Format::Blockcerts);
    assert!(stated.identity.is_some());

    let diploma = |issuer: &str| {
        CREDENTIAL_1
            .replacen("TradeLicence", "EuropeanDigitalCredential", 1)
            .replacen("did:web:guild.example", issuer, 1)
    };
    let stated = only(diploma("urn:epass:org:1").as_bytes());
    assert_eq!(stated.missing, ["issuer"]);
    let sealed = "urn:epass:org:1\", \"eIDASIdentifier\": { \"notation\": \"VATDE-1\" }, \"x\": \"";
    let stated = only(diploma(sealed).as_bytes());
    assert_identity(
        &stated,
        ["VATDE-1", "", "https://guild.example/licences/88"],
    );
}

#[test]
fn a_credential_that_breaks_the_data_model_has_no_identity() {
    for (from, to, missing) in [
        (
            "https://www.w3.org/2018/credentials/v1",
            "https://example.org/",
            "the context of the data model in the first place",
        ),
        (
            "https://guild.example/licences/88",
            "88",
            "an id that is one URI",
        ),
        (
            "\"did:web:guild.example\"",
            "[1]",
            "an issuer that is one URI, or has one as its id",
        ),
        (
            "issuanceDate",
            "issued",
            "the issuance date, which data model 1.1 asks for",
        ),
        (
            "2027-01-01T00:00:00Z",
            "1 January",
            "dates that are each one date and time of XML Schema",
        ),
        (
            "\"credentialSubject\"",
            "\"subject\"",
            "a subject that states something",
        ),
        (
            "\"credentialSubject\"",
            "\"proof\": {}, \"credentialSubject\"",
            "the type of each proof",
        ),
        (
            "\"credentialSubject\"",
            "\"credentialStatus\": {\"type\": \"x\"}, \"credentialSubject\"",
            "id and type of the credential's status",
        ),
    ] {
        assert!(CREDENTIAL_1.contains(from), "{from}");
        let stated = only(CREDENTIAL_1.replacen(from, to, 1).as_bytes());
        assert_eq!(stated.identity, None, "{to}");
        assert!(
            stated.missing.contains(&missing),
            "{to}: {:?}",
            stated.missing
        );
    }
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(ALPHABET[bits >> (18 - 6 * at) & 63]));
        }
    }
    text
}

fn jwt(claims: &str) -> String {
    let header = base64url(br#"{"alg":"ES256","typ":"JWT"}"#);
    format!(
        "{header}.{}.{}",
        base64url(claims.as_bytes()),
        base64url(&[7; 64])
    )
}

/// The bytes of an element under tag 24, as they are hashed.
fn element(id: u64, name: &str, value: impl Fn(&mut Encoder<Vec<u8>>)) -> Vec<u8> {
    let mut inner = Encoder::new(Vec::new());
    inner
        .map(4)
        .unwrap()
        .str("digestID")
        .unwrap()
        .u64(id)
        .unwrap();
    inner.str("random").unwrap().bytes(&[7; 16]).unwrap();
    inner.str("elementIdentifier").unwrap().str(name).unwrap();
    value(inner.str("elementValue").unwrap());
    let mut outer = Encoder::new(Vec::new());
    outer
        .tag(Tag::new(24))
        .unwrap()
        .bytes(&inner.into_writer())
        .unwrap();
    outer.into_writer()
}

fn append(encoder: Encoder<Vec<u8>>, bytes: &[u8]) -> Encoder<Vec<u8>> {
    let mut written = encoder.into_writer();
    written.extend(bytes);
    Encoder::new(written)
}

/// An `IssuerSigned` over these elements; the digests are those of `signed`.
fn issuer_signed(disclosed: &[Vec<u8>], signed: &[Vec<u8>]) -> Vec<u8> {
    const SPACE: &str = "org.iso.18013.5.1";
    let mut object = Encoder::new(Vec::new());
    object
        .map(5)
        .unwrap()
        .str("version")
        .unwrap()
        .str("1.0")
        .unwrap();
    object
        .str("digestAlgorithm")
        .unwrap()
        .str("SHA-256")
        .unwrap();
    object
        .str("docType")
        .unwrap()
        .str("org.iso.18013.5.1.mDL")
        .unwrap();
    object.str("validityInfo").unwrap().map(1).unwrap();
    object
        .str("validUntil")
        .unwrap()
        .tag(Tag::new(0))
        .unwrap()
        .str("2027-01-01T00:00:00Z")
        .unwrap();
    object
        .str("valueDigests")
        .unwrap()
        .map(1)
        .unwrap()
        .str(SPACE)
        .unwrap();
    object.map(signed.len() as u64).unwrap();
    for (id, element) in signed.iter().enumerate() {
        object
            .u64(id as u64)
            .unwrap()
            .bytes(&Sha256::digest(element))
            .unwrap();
    }
    let mut payload = Encoder::new(Vec::new());
    payload
        .tag(Tag::new(24))
        .unwrap()
        .bytes(&object.into_writer())
        .unwrap();
    let mut file = Encoder::new(Vec::new());
    file.map(2)
        .unwrap()
        .str("nameSpaces")
        .unwrap()
        .map(1)
        .unwrap()
        .str(SPACE)
        .unwrap();
    file.array(disclosed.len() as u64).unwrap();
    for element in disclosed {
        file = append(file, element);
    }
    file.str("issuerAuth")
        .unwrap()
        .array(4)
        .unwrap()
        .bytes(b"\xA1\x01\x26")
        .unwrap();
    file.map(0)
        .unwrap()
        .bytes(&payload.into_writer())
        .unwrap()
        .bytes(&[7; 64])
        .unwrap();
    file.into_writer()
}

fn elements() -> Vec<Vec<u8>> {
    let texts = [
        ("family_name", "Muster"),
        ("given_name", "Kim"),
        ("document_number", "B0720J1"),
        ("issuing_authority", "Strassenverkehrsamt Beispiel"),
        ("issuing_country", "DE"),
    ];
    let days = [("issue_date", "2024-02-29"), ("expiry_date", "2039-02-28")];
    let texts = texts.iter().enumerate().map(|(id, (name, text))| {
        element(id as u64, name, |value| {
            value.str(text).unwrap();
        })
    });
    let days = days.iter().enumerate().map(|(id, (name, day))| {
        element(id as u64 + 5, name, |value| {
            value.tag(Tag::new(1004)).unwrap().str(day).unwrap();
        })
    });
    texts.chain(days).collect()
}

fn mdoc() -> Vec<u8> {
    issuer_signed(&elements(), &elements())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn a_mobile_document_is_read_as_bytes_and_as_text() {
    let mut document = Encoder::new(Vec::new());
    document
        .map(2)
        .unwrap()
        .str("docType")
        .unwrap()
        .str("org.iso.18013.5.1.mDL")
        .unwrap();
    let document = append(
        {
            document.str("issuerSigned").unwrap();
            document
        },
        &mdoc(),
    );
    let document = document.into_writer();
    let mut response = Encoder::new(Vec::new());
    response
        .map(3)
        .unwrap()
        .str("version")
        .unwrap()
        .str("1.0")
        .unwrap();
    response.str("documents").unwrap().array(2).unwrap();
    let response = append(append(response, &document), &document);
    let mut response = response;
    response.str("status").unwrap().u8(0).unwrap();
    let response = response.into_writer();
    for bytes in [
        mdoc(),
        document.clone(),
        response,
        hex(&mdoc()).into_bytes(),
        format!("{}\n", hex(&document).to_lowercase()).into_bytes(),
        base64url(&mdoc()).into_bytes(),
    ] {
        let reading = read(&bytes).unwrap();
        assert_eq!(reading.format, Format::Mdoc);
        for stated in reading.documents {
            let issuer = "DE Strassenverkehrsamt Beispiel";
            assert_identity(&stated, [issuer, "org.iso.18013.5.1.mDL", "B0720J1"]);
            assert_facts(
                &stated,
                &[
                    ("holder", "Muster Kim"),
                    ("issue-date", "2024-02-29"),
                    ("valid-from", "2024-02-29"),
                    ("valid-until", "2039-02-28"),
                    ("data-valid-until", "2027-01-01T00:00:00Z"),
                ],
            );
            assert_eq!(stated.doubts, [""; 0]);
        }
    }
}

#[test]
fn what_the_issuer_of_a_mobile_document_did_not_sign_is_no_fact() {
    let mut forged = elements();
    forged[2] = element(2, "document_number", |value| {
        value.str("B0720J2").unwrap();
    });
    let stated = only(&issuer_signed(&forged, &elements()));
    assert_eq!(stated.identity, None);
    assert_eq!(
        stated.missing,
        [
            "the issuer's digest of each element",
            "number (document_number)"
        ]
    );
    assert_eq!(stated.fact("number"), None);
    assert_eq!(stated.doubts.len(), 1);
    // What is not disclosed is missing, and nothing else is wrong.
    let stated = only(&issuer_signed(&elements()[..3], &elements()));
    assert_eq!(
        stated.missing,
        ["issuer (issuing_country and issuing_authority)"]
    );
    assert_eq!(stated.doubts, [""; 0]);
    // A country of two words could hold a part of the authority's name.
    let mut long = elements();
    long[4] = element(4, "issuing_country", |value| {
        value.str("DE Strassenverkehrsamt").unwrap();
    });
    assert_eq!(
        only(&issuer_signed(&long, &long)).missing,
        ["issuer (issuing_country and issuing_authority)"]
    );
    // Two numbers, both signed.
    let mut two = elements();
    two.push(element(7, "document_number", |value| {
        value.str("B0720J2").unwrap();
    }));
    let stated = only(&issuer_signed(&two, &two));
    assert_eq!(stated.missing, ["number (document_number)"]);
    assert_eq!(stated.doubts.len(), 1);
}

#[test]
fn hostile_mobile_documents_are_refused() {
    let kind = |bytes: &[u8]| read(bytes).unwrap_err().kind();
    let head = b"\xA2\x6AissuerAuth\x01\x6AnameSpaces";
    let with = |tail: Vec<u8>| [head.to_vec(), tail].concat();
    assert_eq!(kind(&with(vec![])), "cbor-malformed");
    assert_eq!(kind(&with(vec![0x9F])), "cbor-malformed");
    for huge in [0x9B, 0xBB, 0x5B, 0x7B] {
        assert_eq!(
            kind(&with([vec![huge], vec![0xFF; 8]].concat())),
            "cbor-malformed"
        );
    }
    for nested in [&b"\x81"[..], b"\x9F", b"\xA1", b"\xD8\x18"] {
        assert_eq!(kind(&with(nested.repeat(500_000))), "cbor-too-complex");
    }
    let many = [vec![0x9F], vec![0; CBOR_VALUES_MAX + 1], vec![0xFF]].concat();
    assert_eq!(kind(&with(many)), "cbor-too-complex");
    let large = [vec![0x5A, 0x00, 0x50, 0, 0], vec![0; 0x50_0000]].concat();
    assert_eq!(kind(&with(large)), "cbor-too-complex");
    // Names that would stand in every place, and more namespaces than any document has.
    let long = element(0, &"n".repeat(1000), |value| {
        value.null().unwrap();
    });
    assert_eq!(kind(&issuer_signed(&[long], &[])), "cbor-malformed");
    // Whole CBOR that is no signature, or around something else.
    assert_eq!(kind(&with(vec![0xA0])), "cbor-malformed");
    // As text it is refused the same.
    assert_eq!(kind(hex(&with(vec![0x9F])).as_bytes()), "cbor-malformed");
    // Text that is other CBOR, or none, claims nothing.
    for other in ["A1616101", "a", "abc", "oWFhAQ", "beef"] {
        assert_eq!(
            read(other.as_bytes()).unwrap().format,
            Format::Unknown,
            "{other}"
        );
    }
}

#[test]
fn hostile_credentials_get_an_answer() {
    // Values of every type in every place.
    let values = [
        "null",
        "true",
        "7",
        "\"\"",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "[\"a\", 1]",
    ];
    for sample in [
        OPEN_ATTESTATION_2,
        BLOCKCERTS_1,
        BLOCKCERTS_2,
        CREDENTIAL_1,
        CREDENTIAL_2,
    ] {
        let tree: serde_json::Value = serde_json::from_str(sample).unwrap();
        let mut pointers = Vec::new();
        all_pointers(&tree, "", &mut pointers);
        assert!(pointers.len() > 8);
        for pointer in pointers {
            for value in values {
                let mut changed = tree.clone();
                *changed.pointer_mut(&pointer).unwrap() = serde_json::from_str(value).unwrap();
                check(changed.to_string().as_bytes());
            }
        }
    }
    // Too many credentials, tokens within tokens, depth.
    let many = format!(
        r#"{{"type": "VerifiablePresentation", "verifiableCredential": [{}0]}}"#,
        "0,".repeat(CREDENTIALS_MAX)
    );
    assert_eq!(read(many.as_bytes()).unwrap_err().kind(), "too-many");
    let mut token = CREDENTIAL_1.to_owned();
    for _ in 0..12 {
        let inner = serde_json::Value::String(jwt(&token));
        token =
            format!(r#"{{"type": "VerifiablePresentation", "verifiableCredential": [{inner}]}}"#);
    }
    let reading = read(token.as_bytes()).unwrap();
    assert_eq!(reading.documents[0].identity, None);
    let mut deep = "[".repeat(JSON_DEPTH_MAX) + &"]".repeat(JSON_DEPTH_MAX);
    deep = CREDENTIAL_1.replacen("\"Traders' Guild\"", &deep, 1);
    assert_eq!(read(deep.as_bytes()).unwrap_err().kind(), "json-malformed");
    let twice = CREDENTIAL_1.replacen("\"id\"", "\"id\": \"urn:x:1\", \"id\"", 1);
    assert_eq!(read(twice.as_bytes()).unwrap_err().kind(), "json-malformed");
    let long = CREDENTIAL_1.replacen("licences/88", &"8".repeat(2000), 1);
    assert_eq!(read(long.as_bytes()).unwrap_err().kind(), "value-too-long");
}

fn all_pointers(value: &serde_json::Value, at: &str, pointers: &mut Vec<String>) {
    pointers.push(at.to_owned());
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                all_pointers(value, &format!("{at}/{key}"), pointers);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                all_pointers(value, &format!("{at}/{index}"), pointers);
            }
        }
        _ => {}
    }
}

/// What a reading promises, whatever it was read from.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(reading) = read(bytes) {
        check_reading(&reading);
    }
}

pub(crate) fn check_reading(reading: &Reading) {
    assert!(!reading.documents.is_empty());
    for stated in &reading.documents {
        assert_eq!(stated.identity.is_none(), !stated.missing.is_empty());
        assert!(stated
            .facts
            .windows(2)
            .all(|pair| pair[0].name < pair[1].name));
        assert!((stated.facts.iter()).all(|fact| !fact.value.is_empty() && !fact.place.is_empty()));
        if let Some(Identity {
            legal_issuer,
            number,
            ..
        }) = &stated.identity
        {
            assert!(!legal_issuer.is_empty() && !number.is_empty());
        }
    }
}

proptest! {
    #[test]
    fn a_damaged_file_gets_an_answer(
        sample in 0_usize..7,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = match sample {
            0 => OPEN_ATTESTATION_2.as_bytes().to_vec(),
            1 => BLOCKCERTS_1.as_bytes().to_vec(),
            2 => BLOCKCERTS_2.as_bytes().to_vec(),
            3 => CREDENTIAL_1.as_bytes().to_vec(),
            4 => jwt(CREDENTIAL_2).into_bytes(),
            5 => mdoc(),
            _ => hex(&mdoc()).into_bytes(),
        };
        let at = at.index(bytes.len());
        bytes[at] = byte;
        check(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        check(&bytes);
    }
}

/// Folder, what files of it end in.
const SOURCES: [&str; 8] = [
    "openattestation",
    "oa-schemata",
    "tt-verify",
    "blockcerts",
    "w3c-vc-di-eddsa",
    "w3c-vc-test-suite",
    "elm-diploma",
    "mdoc-isomdl",
];

#[test]
fn every_certificate_of_the_corpus_gets_an_answer() {
    let Some(corpus) = corpus() else { return };
    let mut table: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    let mut with_identity: BTreeMap<&str, usize> = BTreeMap::new();
    for source in SOURCES {
        let folder = corpus.join("certificates").join(source);
        for path in files_below(&folder) {
            let (format, result) = match read(&fs::read(&path).unwrap()) {
                Ok(reading) => {
                    check_reading(&reading);
                    let stated = &reading.documents[0];
                    if stated.identity.is_some() {
                        *with_identity.entry(source).or_default() += 1;
                    }
                    let result = match &stated.identity {
                        Some(identity) => match stated.profile.normalise(identity) {
                            Ok(_) => "identity".to_owned(),
                            Err(refused) => {
                                format!("identity, which its profile refuses: {refused}")
                            }
                        },
                        None => format!("missing: {}", stated.missing.join("; ")),
                    };
                    (reading.format.to_string(), result)
                }
                Err(refused) => ("refused".to_owned(), refused.to_string()),
            };
            if format == "unknown format" || format == "refused" {
                println!(
                    "{format}: {}",
                    path.strip_prefix(&folder).unwrap().display()
                );
            }
            *table.entry((source, format, result)).or_default() += 1;
        }
    }
    for ((source, format, result), count) in &table {
        println!("{source:18} {count:3}  {format:22} {result}");
    }
    println!("{with_identity:?}");
    for source in [
        "blockcerts",
        "elm-diploma",
        "openattestation",
        "tt-verify",
        "w3c-vc-test-suite",
    ] {
        assert!(with_identity.contains_key(source), "{source}");
    }
}

/// What the suite of the data model calls bad has no identity, and the reason is said.
#[test]
fn the_bad_credentials_of_the_test_suite_have_no_identity() {
    let Some(corpus) = corpus() else { return };
    let (mut good, mut bad) = (0, 0);
    for path in files_below(&corpus.join("certificates/w3c-vc-test-suite/test")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let stated = only(&fs::read(&path).unwrap());
        if name.contains("-bad-") {
            bad += 1;
            assert_eq!(stated.identity, None, "{name}");
        } else if stated.identity.is_some() {
            good += 1;
        } else {
            println!("{name} lacks: {}", stated.missing.join("; "));
        }
    }
    println!("{good} good ones have an identity, {bad} bad ones have none");
    assert!(good >= 10 && bad >= 16);
}

/// Read in the files by eye: file, then issuer, class and number (or what is missing), then facts.
type Expected<'e> = (
    &'e str,
    Result<[&'e str; 3], &'e str>,
    &'e [(&'e str, &'e str)],
);

const BY_EYE: [Expected<'_>; 18] = [
    (
        "openattestation/test/fixtures/v2/did-wrapped.json",
        Ok([
            "did:ethr:0xE712878f6E8d5d4F9e87E10DA604F9cB564C9a89",
            "",
            "SGCNM21566325",
        ]),
        &[
            ("holder", "SG FREIGHT"),
            ("document-type", "CERTIFICATE_OF_NON_MANIPULATION"),
        ],
    ),
    (
        "openattestation/test/fixtures/v2/wrapped-transferable-document.json",
        Ok(["tradetrust.io", "", "SERIAL_NUMBER_123"]),
        &[
            ("holder", "Recipient Name"),
            ("contract", "0x9178F546D3FF57D7A6352bD61B80cCCD46199C2d"),
        ],
    ),
    (
        "openattestation/test/fixtures/v2/raw-document.json",
        Ok([
            "few-green-cat.sandbox.openattestation.com",
            "",
            "did:example:JOHN_DOE_DID",
        ]),
        &[("holder", "John Doe")],
    ),
    (
        "openattestation/test/fixtures/v2/obfuscated-wrapped.json",
        Err("number (id or reference of the document)"),
        &[
            ("holder", ""),
            ("issuer-id", "demo-tradetrust.openattestation.com"),
        ],
    ),
    (
        "tt-verify/test/fixtures/v3/did-signed.json",
        Ok([
            "did:ethr:0x1245e5B64D785b25057f7438F715f4aA5D965733",
            "",
            "SERIAL_NUMBER_123",
        ]),
        &[
            ("title", "Republic of Singapore Driving Licence"),
            ("document-type", "DrivingLicenceCredential"),
            ("issue-date", "2010-01-01"),
        ],
    ),
    (
        "tt-verify/test/fixtures/v3/documentStore-issued.json",
        Ok(["example.openattestation.com", "", "SERIAL_NUMBER_123"]),
        &[
            ("contract", "0xe943C95f456DA8e17c6d1a915eCF1a6ef0a182a8"),
            ("issuer", "DEMO STORE"),
        ],
    ),
    (
        "blockcerts/test/fixtures/v2/testnet-valid-2.0.json",
        Ok([
            "https://www.blockcerts.org/samples/2.0/issuer-testnet.json",
            "",
            "urn:uuid:bbba8553-8ec1-445f-82c9-a57251dd731c",
        ]),
        &[
            ("issuer", "University of Learning"),
            ("title", "Certificate of Accomplishment"),
            ("holder", "Eularia Landroth"),
            ("issue-date", "2017-06-29"),
        ],
    ),
    (
        "blockcerts/test/fixtures/v2/testnet-revoked-key-2.0.json",
        Ok([
            "https://www.blockcerts.org/samples/2.0-alpha/issuerTestnet.json",
            "",
            "urn:uuid:bc9bdbb5-d734-4242-9edc-d1bc3f8f7a6e",
        ]),
        &[
            ("holder", "Arya Stark"),
            ("issue-date", "2017-05-02"),
            ("issue-time", ""),
        ],
    ),
    (
        "blockcerts/test/fixtures/v3/testnet-v3-did.json",
        Ok([
            "did:ion:EiA_Z6LQILbB2zj_eVrqfQ2xDm4HNqeJUw5Kj2Z7bFOOeQ",
            "",
            "urn:uuid:13172c8c-efa5-49e1-9f69-a67ba6bd9937",
        ]),
        &[
            ("issuer", "Hyland Innovation Team"),
            ("holder", "Julien Fraichot"),
            ("title", "V3 issuance"),
            ("issue-date", "2022-02-02"),
        ],
    ),
    (
        "blockcerts/test/fixtures/v3/mocknet-vc-v2-validUntil-expired.json",
        Ok([
            "https://www.blockcerts.org/samples/3.0/issuer-blockcerts.json",
            "",
            "urn:uuid:bbba8553-8ec1-445f-82c9-a57251dd731c",
        ]),
        &[("valid-from", "2022-07-13"), ("valid-until", "2024-01-05")],
    ),
    (
        "blockcerts/test/fixtures/v3/testnet-v3--tampered.json",
        Err("an id that is one URI"),
        &[("number", "13172c8c-efa5-49e1-9f69-a67ba6bd9937")],
    ),
    (
        "w3c-vc-di-eddsa/TestVectors/eddsa-jcs-2022/signedJCS.json",
        Ok([
            "https://vc.example/issuers/5678",
            "",
            "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        ]),
        &[
            ("title", "Alumni Credential"),
            ("document-type", "AlumniCredential"),
            ("valid-from", "2023-01-01"),
            ("holder-id", "did:example:abcdefgh"),
        ],
    ),
    (
        "w3c-vc-di-eddsa/TestVectors/eddsa-rdfc-2022/employ/signedDataInt.json",
        Err("number (id of the credential)"),
        &[
            ("valid-until", "2029-12-03"),
            ("title", "Employment Authorization Document"),
        ],
    ),
    (
        "w3c-vc-test-suite/test/vc-data-model-1.0/input/example-6.jsonld",
        Ok([
            "https://example.edu/issuers/14",
            "",
            "http://example.edu/credentials/3732",
        ]),
        &[
            ("valid-until", "2020-01-01"),
            ("document-type", "UniversityDegreeCredential"),
        ],
    ),
    (
        "w3c-vc-test-suite/test/vc-data-model-1.0/input/example-016-jwt-presentation.jsonld",
        Ok([
            "https://example.com/keys/foo.jwk",
            "",
            "http://example.edu/credentials/3732",
        ]),
        &[("issue-date", "2018-11-06"), ("valid-until", "2019-11-06")],
    ),
    (
        "elm-diploma/Credentials/JSON-LD_Examples_ELM_v3_/Sample-MC-Annex1-signed.jsonld",
        Ok([
            "VATES-A00000000",
            "",
            "urn:credential:1018d05f-21d5-4555-b7f0-8fabfd22ca75",
        ]),
        &[
            ("certificate-number", "C012"),
            ("holder", "Ana Andromeda"),
            ("title", "Micro-Credential"),
            ("issue-date", "2023-09-27"),
            ("valid-from", "2022-12-31"),
        ],
    ),
    (
        "elm-diploma/Credentials/JSON-LD_Examples_ELM_v3_/Sample-MC-Annex1-unsigned.jsonld",
        Err("issuer"),
        &[("issuer", "University of Zed"), ("issuer-id", "")],
    ),
    (
        "mdoc-isomdl/test/definitions/issuer_signed.cbor",
        Err("issuer (issuing_country and issuing_authority)"),
        &[
            ("number", "123456789"),
            ("document-type", "org.iso.18013.5.1.mDL"),
            ("issue-date", "2019-10-20"),
            ("valid-until", "2024-10-20"),
            ("data-valid-until", "2021-10-01T13:30:02Z"),
        ],
    ),
];

#[test]
fn what_a_person_reads_in_the_files_is_found() {
    let Some(corpus) = corpus() else { return };
    for (file, identity, facts) in BY_EYE {
        println!("{file}");
        let stated = only(&fs::read(corpus.join("certificates").join(file)).unwrap());
        match identity {
            Ok(identity) => assert_identity(&stated, identity),
            Err(missing) => assert!(stated.missing.contains(&missing), "{:?}", stated.missing),
        }
        assert_facts(&stated, facts);
        assert_eq!(stated.doubts, [""; 0]);
    }
    // Its values were taken out, so that no digest is right any more.
    let file = "certificates/mdoc-isomdl/test/definitions/issuer_signed_dehydrated.cbor";
    let stated = only(&fs::read(corpus.join(file)).unwrap());
    assert!(stated
        .missing
        .contains(&"the issuer's digest of each element"));
    assert_eq!(stated.doubts.len(), 1);
}

/// No JSON of the corpus passes for a certificate unless it lies among them.
#[test]
fn nothing_else_is_taken_for_a_certificate() {
    let Some(corpus) = corpus() else { return };
    let (mut files, mut certificates) = (0, BTreeMap::new());
    for path in files_below(&corpus) {
        let name = path.strip_prefix(&corpus).unwrap().to_str().unwrap();
        let is_json = [".json", ".jsonld", ".cbor", ".txt", ".pem"]
            .iter()
            .any(|end| name.ends_with(end));
        if !is_json {
            continue;
        }
        files += 1;
        let Ok(reading) = read(&fs::read(&path).unwrap()) else {
            continue;
        };
        let sources: &[&str] = match reading.format {
            Format::OpenAttestation => &["openattestation", "tt-verify"],
            Format::Blockcerts => &["blockcerts"],
            Format::Credential => &[
                "w3c-vc-di-eddsa",
                "w3c-vc-test-suite",
                "elm-diploma",
                "blockcerts",
            ],
            Format::Mdoc => &["mdoc-isomdl"],
            Format::Json => panic!("{name} is none of ours"),
            _ => continue,
        };
        let source = name
            .strip_prefix("certificates/")
            .and_then(|name| name.split('/').next());
        assert!(
            sources.contains(&source.unwrap_or(name)),
            "{name} is {}",
            reading.format
        );
        *certificates.entry(reading.format.to_string()).or_insert(0) += 1;
    }
    println!("{files} files, of which {certificates:?}");
    assert!(certificates.len() == 4);
}
