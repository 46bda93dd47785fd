//! An OFD that is sealed here, with an SM2 key of our own, and what becomes of its seal when it is
//! altered.

use std::io::{Cursor, Write};

use hefu_formats::seal::{Cover, SignatureCheck};
use hefu_formats::{read, Format};
use sm2::dsa::signature::Signer;
use sm2::dsa::SigningKey;
use sm3::{Digest, Sm3};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{is_whole_and_good, seal, seals, words};

type Parts = Vec<(String, Vec<u8>)>;

/// How the seal is written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// GM/T 0031-2014.
    First,
    /// GB/T 38540-2020.
    Fourth,
}

const SM2_WITH_SM3: &[u8] = b"\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75";
const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    bytes.extend_from_slice(content);
    bytes
}

fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &elements.concat())
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content].concat())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            text.push(match digit <= chunk.len() {
                true => char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]),
                false => '=',
            });
        }
    }
    text
}

struct Party {
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Party {
    fn new(secret: u8, name: &str) -> Self {
        let key = SigningKey::from_slice("1234567812345678", &[secret; 32]).unwrap();
        let named = |name: &str| {
            let attribute = sequence(&[&tlv(6, b"\x55\x04\x03"), &tlv(12, name.as_bytes())]);
            sequence(&[&tlv(0x31, &attribute)])
        };
        let algorithm = sequence(&[SM2_WITH_SM3]);
        let curve = sequence(&[
            b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
            b"\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d",
        ]);
        let public = key.verifying_key().to_sec1_bytes();
        let tbs = sequence(&[
            b"\xa0\x03\x02\x01\x02",
            &tlv(2, &[secret]),
            &algorithm,
            &named("Issuer"),
            &sequence(&[&tlv(23, b"200101000000Z"), &tlv(23, b"300101000000Z")]),
            &named(name),
            &sequence(&[&curve, &bits(&public)]),
        ]);
        let certificate = sequence(&[&tbs, &algorithm, &bits(b"not looked at")]);
        Self { key, certificate }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.key.sign(message).to_bytes();
        let number = |bytes: &[u8]| {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let plain = &bytes[zeros..];
            match plain[0] >= 0x80 {
                true => tlv(2, &[&[0], plain].concat()),
                false => tlv(2, plain),
            }
        };
        bits(&sequence(&[
            &number(&signature[..32]),
            &number(&signature[32..]),
        ]))
    }
}

fn signer() -> Party {
    Party::new(7, "Invented Office")
}

/// A seal for the use of one party.
fn eseal(form: Form, owner: &Party) -> Vec<u8> {
    let maker = Party::new(9, "Invented Maker");
    let time = tlv(24, b"20200101000000Z");
    let list = sequence(&[&tlv(4, &owner.certificate)]);
    let name = tlv(12, "虚构印章".as_bytes());
    let kind = tlv(2, &[3]);
    let property = match form {
        Form::First => sequence(&[&kind, &name, &list, &time, &time, &time]),
        Form::Fourth => sequence(&[&kind, &name, &tlv(2, &[1]), &list, &time, &time, &time]),
    };
    let info = sequence(&[
        &sequence(&[&tlv(22, b"ES"), &tlv(2, &[4]), &tlv(22, b"T")]),
        &tlv(22, b"1"),
        &property,
        &sequence(&[
            &tlv(22, b"png"),
            &tlv(4, b"picture"),
            &tlv(2, &[30]),
            &tlv(2, &[20]),
        ]),
    ]);
    let certificate = tlv(4, &maker.certificate);
    let signature = maker.sign(&sequence(&[&info, &certificate, SM2_WITH_SM3]));
    match form {
        Form::First => sequence(&[&info, &sequence(&[&certificate, SM2_WITH_SM3, &signature])]),
        Form::Fourth => sequence(&[&info, &certificate, SM2_WITH_SM3, &signature]),
    }
}

fn signed_value(form: Form, signer: &Party, eseal: &[u8], list: &[u8]) -> Vec<u8> {
    let hash = bits(&Sm3::digest(list));
    let property = tlv(22, b"/Doc_0/Signs/Sign_0/Signature.xml");
    let certificate = tlv(4, &signer.certificate);
    match form {
        Form::First => {
            let time = bits(&tlv(23, b"200102030405Z"));
            let to_sign = sequence(&[
                &tlv(2, &[1]),
                eseal,
                &time,
                &hash,
                &property,
                &certificate,
                SM2_WITH_SM3,
            ]);
            sequence(&[&to_sign, &signer.sign(&to_sign)])
        }
        Form::Fourth => {
            let time = tlv(24, b"20200102030405Z");
            let to_sign = sequence(&[&tlv(2, &[4]), eseal, &time, &hash, &property]);
            sequence(&[&to_sign, &certificate, SM2_WITH_SM3, &signer.sign(&to_sign)])
        }
    }
}

fn document() -> Parts {
    let part = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
    vec![
        part("OFD.xml", "<OFD><DocBody><DocRoot>Doc_0/Document.xml</DocRoot><Signatures>Doc_0/Signs/Signatures.xml</Signatures></DocBody></OFD>"),
        part("Doc_0/Document.xml", "<Document/>"),
        part(PAGE, "<Page>318.00</Page>"),
    ]
}

fn list_of_signatures(count: usize) -> Vec<u8> {
    let entry = |n| format!("<Signature ID='{n}' Type='Seal' BaseLoc='Sign_{n}/Signature.xml'/>");
    let entries: String = (0..count).map(entry).collect();
    format!("<Signatures>{entries}</Signatures>").into_bytes()
}

/// Signs everything that is there but the list of signatures, as the `n`th.
fn add_seal(parts: &mut Parts, n: usize, form: Form, signer: &Party, owner: &Party, method: &str) {
    parts.retain(|(name, _)| name != "Doc_0/Signs/Signatures.xml");
    let reference = |(name, content): &(String, Vec<u8>)| {
        let value = match method {
            "SM3" | "1.2.156.10197.1.401" => base64(&Sm3::digest(content)),
            "SHA-256" => base64(&sha2::Sha256::digest(content)),
            "SHA1" => base64(&sha1::Sha1::digest(content)),
            _ => base64(&md5::Md5::digest(content)),
        };
        format!("<Reference FileRef='/{name}'><CheckValue>{value}</CheckValue></Reference>")
    };
    let references: String = parts.iter().map(reference).collect();
    let attribute = match method {
        "" => String::new(),
        method => format!(" CheckMethod='{method}'"),
    };
    let list = format!(
        "<Signature><SignedInfo><References{attribute}>{references}</References>\
         <Seal><BaseLoc>Seal.esl</BaseLoc></Seal></SignedInfo>\
         <SignedValue>SignedValue.dat</SignedValue></Signature>"
    )
    .into_bytes();
    let eseal = eseal(form, owner);
    let value = signed_value(form, signer, &eseal, &list);
    let folder = format!("Doc_0/Signs/Sign_{n}");
    parts.push((format!("{folder}/Signature.xml"), list));
    parts.push((format!("{folder}/SignedValue.dat"), value));
    parts.push((format!("{folder}/Seal.esl"), eseal));
    parts.push((
        "Doc_0/Signs/Signatures.xml".to_owned(),
        list_of_signatures(n + 1),
    ));
}

fn sealed(form: Form) -> Parts {
    let mut parts = document();
    add_seal(&mut parts, 0, form, &signer(), &signer(), "SM3");
    parts
}

fn zipped(parts: &Parts) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in parts {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn content<'p>(parts: &'p mut Parts, name: &str) -> &'p mut Vec<u8> {
    let found = parts.iter_mut().find(|(found, _)| found.as_str() == name);
    &mut found.unwrap().1
}

fn replace(parts: &mut Parts, name: &str, from: &str, to: &str) {
    let bytes = content(parts, name);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(from));
    *bytes = text.replace(from, to).into_bytes();
}

#[test]
fn a_seal_of_our_own_covers_the_whole_and_is_good() {
    for form in [Form::First, Form::Fourth] {
        let seal = seal(&zipped(&sealed(form)));
        assert_eq!(words(&seal), "ofd-seal whole; good");
        assert_eq!(seal.place, "Doc_0/Signs/Sign_0/Signature.xml");
        assert_eq!(
            seal.to_string(),
            "covers the whole file; signature good; names itself Invented Office; \
             says 2020-01-02T03:04:05Z; stamp 虚构印章"
        );
        let stamp = seal.stamp.unwrap();
        assert_eq!(stamp.maker.as_deref(), Some("Invented Maker"));
        assert_eq!(stamp.signature, SignatureCheck::Good);
    }
    for method in ["", "MD5", "SHA1", "SHA-256", "SM3", "1.2.156.10197.1.401"] {
        let mut parts = document();
        add_seal(&mut parts, 0, Form::Fourth, &signer(), &signer(), method);
        assert!(is_whole_and_good(&seal(&zipped(&parts))), "{method}");
    }
}

#[test]
fn what_was_altered_added_or_left_out_is_named() {
    let check = |alter: &dyn Fn(&mut Parts), expected: &str| {
        let mut parts = sealed(Form::Fourth);
        alter(&mut parts);
        assert_eq!(words(&seal(&zipped(&parts))), expected);
    };
    check(
        &|parts| replace(parts, PAGE, "318", "918"),
        &format!("ofd-seal altered {PAGE}; good"),
    );
    check(
        &|parts| parts.retain(|(name, _)| name != PAGE),
        &format!("ofd-seal altered {PAGE} (is gone); good"),
    );
    check(
        &|parts| parts.push(("Doc_0/Pages/Page_1/Content.xml".into(), b"<Page/>".to_vec())),
        "ofd-seal part Doc_0/Pages/Page_1/Content.xml; good",
    );
    // The digest of the altered page in the list alters the list.
    check(
        &|parts| {
            let digest = base64(&Sm3::digest(b"<Page>318.00</Page>"));
            let other = base64(&Sm3::digest(b"<Page>918.00</Page>"));
            replace(parts, "Doc_0/Signs/Sign_0/Signature.xml", &digest, &other);
            replace(parts, PAGE, "318", "918");
        },
        "ofd-seal altered Doc_0/Signs/Sign_0/Signature.xml; good",
    );
    check(
        &|parts| {
            let other = eseal(Form::Fourth, &Party::new(5, "Somebody"));
            *content(parts, "Doc_0/Signs/Sign_0/Seal.esl") = other;
        },
        "ofd-seal altered Doc_0/Signs/Sign_0/Seal.esl; good",
    );
    check(
        &|parts| content(parts, "Doc_0/Signs/Sign_0/SignedValue.dat").clear(),
        "ofd-seal unreadable; not-checked",
    );
    check(
        &|parts| {
            let place = "Doc_0/Signs/Sign_0/Signature.xml";
            let xml = String::from_utf8(content(parts, place).clone()).unwrap();
            let xml = format!("<!DOCTYPE Signature [<!ENTITY a 'b'>]>{xml}");
            *content(parts, place) = xml.into_bytes();
        },
        "ofd-seal unreadable; not-checked",
    );
    check(
        &|parts| replace(parts, "Doc_0/Signs/Sign_0/Signature.xml", "SM3", "CRC"),
        "ofd-seal altered Doc_0/Signs/Sign_0/Signature.xml; good",
    );
    // Removing the list of signatures is told, as OFD.xml still names it.
    check(
        &|parts| parts.retain(|(name, _)| name != "Doc_0/Signs/Signatures.xml"),
        "ofd-seal unreadable; not-checked",
    );
}

#[test]
fn a_later_seal_does_not_break_the_one_before() {
    let mut parts = sealed(Form::Fourth);
    let second = Party::new(5, "Second Office");
    add_seal(&mut parts, 1, Form::First, &second, &second, "SM3");
    let both = seals(&zipped(&parts));
    assert_eq!(both.len(), 2);
    assert!(both.iter().all(is_whole_and_good), "{both:?}");
    // The second covers the first, so that an altered first one is seen in both.
    content(&mut parts, "Doc_0/Signs/Sign_0/Seal.esl").push(0);
    let both = seals(&zipped(&parts));
    assert!(
        both.iter().all(|seal| seal.cover.name() == "altered"),
        "{both:?}"
    );
}

#[test]
fn a_page_does_not_pass_for_a_file_of_a_signature() {
    let mut parts = sealed(Form::Fourth);
    let page = "Doc_0/Pages/Page_1/Content.xml";
    parts.push((page.to_owned(), b"<Page>another</Page>".to_vec()));
    let list = format!(
        "<Signature><SignedInfo><Seal><BaseLoc>/{page}</BaseLoc></Seal></SignedInfo>\
         <SignedValue>/{page}</SignedValue></Signature>"
    );
    parts.push((
        "Doc_0/Signs/Sign_1/Signature.xml".to_owned(),
        list.into_bytes(),
    ));
    *content(&mut parts, "Doc_0/Signs/Signatures.xml") = list_of_signatures(2);
    let both = seals(&zipped(&parts));
    assert_eq!(both[0].cover, Cover::Part(vec![page.to_owned()]));
    // Named as a signature itself it is not one.
    let mut parts = sealed(Form::Fourth);
    parts.push((page.to_owned(), b"<Page>another</Page>".to_vec()));
    replace(
        &mut parts,
        "Doc_0/Signs/Signatures.xml",
        "</Signatures>",
        &format!("<Signature BaseLoc='/{page}'/></Signatures>"),
    );
    let both = seals(&zipped(&parts));
    assert_eq!(both[0].cover, Cover::Part(vec![page.to_owned()]));
    assert_eq!(words(&both[1]), "ofd-seal unreadable; not-checked");
}

#[test]
fn who_signs_with_the_seal_of_another_is_told() {
    let thief = Party::new(5, "Thief");
    let mut parts = document();
    add_seal(&mut parts, 0, Form::Fourth, &thief, &signer(), "SM3");
    let stolen = seal(&zipped(&parts));
    assert_eq!(stolen.cover, Cover::Whole);
    assert!(matches!(stolen.signature, SignatureCheck::Bad(why) if why.contains("not made for")));
    // With the owner's certificate in front it is not his signature.
    let mut parts = document();
    let impostor = Party {
        key: thief.key,
        certificate: signer().certificate,
    };
    add_seal(&mut parts, 0, Form::First, &impostor, &signer(), "SM3");
    assert_eq!(words(&seal(&zipped(&parts))), "ofd-seal whole; bad");
}

/// Each byte of each part of a sealed document is altered by one bit, the checksum made anew: nowhere
/// but in the list of signatures may the seal stay good, and there it still seals the same document.
#[test]
fn no_altered_byte_stays_under_a_good_seal() {
    let original = sealed(Form::Fourth);
    let (mut altered_count, mut outside) = (0, 0);
    for part in 0..original.len() {
        for at in 0..original[part].1.len() {
            let mut parts = original.clone();
            parts[part].1[at] ^= 1;
            altered_count += 1;
            let Ok(reading) = read(&zipped(&parts)) else {
                continue;
            };
            if reading.seals.iter().any(is_whole_and_good) {
                assert_eq!(parts[part].0, "Doc_0/Signs/Signatures.xml", "byte {at}");
                outside += 1;
            }
        }
    }
    println!("{altered_count} altered bytes; {outside} in the list of signatures changed nothing");
    assert!(altered_count > 2_000 && outside < 80);
}

/// The same with the archive's own bytes: what stays good has the same names and contents.
#[test]
fn the_headers_of_the_archive_are_outside_of_every_seal() {
    let original = zipped(&sealed(Form::Fourth));
    let files = hefu_formats::archive::files(&original).unwrap();
    let mut outside = 0;
    for at in 0..original.len() {
        let mut bytes = original.clone();
        bytes[at] ^= 1;
        let Ok(reading) = read(&bytes) else { continue };
        if reading.format == Format::Ofd && reading.seals.iter().any(is_whole_and_good) {
            assert_eq!(
                hefu_formats::archive::files(&bytes).unwrap(),
                files,
                "byte {at}"
            );
            outside += 1;
        }
    }
    println!(
        "{outside} of {} bytes of the archive may change",
        original.len()
    );
    assert!(outside < 30 * 2 * files.len());
}

#[test]
fn hostile_signatures_are_answered() {
    // More than are looked at.
    let mut parts = sealed(Form::Fourth);
    *content(&mut parts, "Doc_0/Signs/Signatures.xml") = list_of_signatures(1000);
    let found = seals(&zipped(&parts));
    assert_eq!(found.len(), hefu_formats::limits::SEALS_MAX + 1);
    assert!(found
        .last()
        .unwrap()
        .to_string()
        .contains("more signatures"));

    // Signed values that claim too much, nest without end, or are nothing.
    let deep = [0x30, 0x80].repeat(50_000);
    let mut nested = vec![0x30, 0];
    for _ in 0..60 {
        nested = tlv(0x30, &nested);
    }
    let bad: [&[u8]; 6] = [
        b"",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x82\xff\xff\x02\x01\x04",
        b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff",
        &deep,
        &nested,
    ];
    for value in bad {
        let mut parts = sealed(Form::Fourth);
        *content(&mut parts, "Doc_0/Signs/Sign_0/SignedValue.dat") = value.to_vec();
        let words = words(&seal(&zipped(&parts)));
        assert!(
            !words.contains("good") && !words.contains("whole"),
            "{words}"
        );
    }

    // Places that lead out of the archive, or to themselves.
    for place in [
        "../../../../etc/passwd",
        "/",
        "",
        "Signature.xml",
        "Signatures.xml",
        "\u{202e}x",
    ] {
        let mut parts = sealed(Form::Fourth);
        let list = format!("<Signatures><Signature BaseLoc='{place}'/></Signatures>");
        *content(&mut parts, "Doc_0/Signs/Signatures.xml") = list.into_bytes();
        let seal = seal(&zipped(&parts));
        assert_eq!(seal.cover.name(), "unreadable", "{place}");
        assert!(!seal.to_string().contains('\u{202e}') && !seal.place.contains('\u{202e}'));
    }

    // A name that would draw on a terminal.
    let mut parts = document();
    let loud = Party::new(5, "\u{1b}[2J\u{202e}\r\nsignature good");
    add_seal(&mut parts, 0, Form::Fourth, &loud, &loud, "SM3");
    let line = seal(&zipped(&parts)).to_string();
    assert!(
        !line.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "{line}"
    );
}
