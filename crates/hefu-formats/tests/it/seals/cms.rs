//! Files in CMS signatures (`.p7m`) that another program made.

use std::fs;

use hefu_formats::seal::SignatureCheck;
use hefu_formats::{read, Format};

use super::{is_whole_and_good, seal, words};

const UBL: &[u8] = include_bytes!("../../samples/invoice-ubl.xml");

fn sample(name: &str) -> Vec<u8> {
    fs::read(format!(
        "{}/tests/samples/seals/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

/// The lines of PEM without what is around them.
fn base64_of(pem: &[u8]) -> String {
    let text = String::from_utf8(pem.to_vec()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('-'));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_file_within_is_read_as_if_it_stood_alone() {
    let alone = read(UBL).unwrap();
    let files = [
        ("der", sample("der.p7m"), 1),
        ("ber", sample("ber.p7m"), 1),
        ("pem", sample("pem.p7m"), 1),
        ("base64", base64_of(&sample("pem.p7m")).into_bytes(), 1),
        ("twice", sample("twice.p7m"), 2),
    ];
    for (name, bytes, count) in files {
        let reading = read(&bytes).unwrap();
        assert_eq!(reading.documents, alone.documents, "{name}");
        assert_eq!(reading.format.to_string(), "CMS with UBL XML");
        assert_eq!(reading.seals.len(), count);
        for seal in &reading.seals {
            assert_eq!(words(seal), "cms-signature whole; good", "{name}");
            assert!(seal.signer.as_deref().unwrap().starts_with("Invented"));
        }
    }
    let twice = read(&sample("twice.p7m")).unwrap().seals;
    assert_eq!(
        (twice[0].place.as_str(), twice[1].place.as_str()),
        ("", "content")
    );
}

#[test]
fn other_ways_to_sign() {
    let check = |name: &str, expected: &str| {
        let reading = read(&sample(name)).unwrap();
        let inner = Format::Unknown;
        assert!(matches!(reading.format, Format::Carrying { inner: found, .. } if *found == inner));
        assert_eq!(words(&reading.seals[0]), expected, "{name}");
    };
    check("small.p7m", "cms-signature whole; good");
    check("sha1.p7m", "cms-signature whole; good");
    check("no-attributes.p7m", "cms-signature whole; good");
    check("by-key-identifier.p7m", "cms-signature whole; good");
    check("pss.p7m", "cms-signature whole; not-checked");
    check(
        "without-certificate.p7m",
        "cms-signature whole; not-checked",
    );
    // A signature that stands alone signs nothing that is here.
    let detached = read(&sample("detached.p7m")).unwrap();
    assert_eq!(detached.format, Format::Cms);
    assert!(detached.documents[0].identity.is_none() && detached.seals.is_empty());
}

#[test]
fn an_altered_invoice_is_still_read_and_its_seal_is_broken() {
    for name in ["der.p7m", "ber.p7m"] {
        let mut bytes = sample(name);
        let at = bytes
            .windows(4)
            .position(|window| window == b"<cbc")
            .unwrap()
            + 20;
        let at = at + bytes[at..].iter().position(u8::is_ascii_digit).unwrap();
        bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
        let altered = seal(&bytes);
        assert_eq!(
            words(&altered),
            "cms-signature altered the file within; good"
        );
    }
    let mut bytes = sample("no-attributes.p7m");
    let at = bytes
        .windows(8)
        .position(|window| window == b"invented")
        .unwrap();
    bytes[at] = b'I';
    assert_eq!(words(&seal(&bytes)), "cms-signature unreadable; bad");
}

/// Wherever a byte is altered, a good seal is one over the same content.
#[test]
fn no_altered_byte_of_the_content_stays_under_a_good_signature() {
    for name in ["small.p7m", "no-attributes.p7m"] {
        let original = sample(name);
        let start = original
            .windows(9)
            .position(|window| window == b"invented\n")
            .unwrap();
        let mut outside = 0;
        for at in 0..original.len() {
            let mut bytes = original.clone();
            bytes[at] ^= 1;
            let Ok(reading) = read(&bytes) else { continue };
            if reading.seals.iter().any(is_whole_and_good) {
                assert!(!(start..start + 9).contains(&at), "byte {at}");
                outside += 1;
            }
        }
        println!(
            "{name}: {outside} of {} bytes are not signed",
            original.len()
        );
        assert!(outside < original.len());
    }
}

#[test]
fn hostile_structures_are_refused_or_no_cms() {
    let der = sample("der.p7m");
    // Cut anywhere it is damaged, or nothing that is known.
    for length in 0..der.len() {
        match read(&der[..length]) {
            Ok(reading) => assert!(!reading.seals.iter().any(is_whole_and_good), "{length}"),
            Err(refusal) => assert_eq!(refusal.kind(), "cms-malformed", "{length}"),
        }
    }
    // A third signature around the two is not opened.
    let small = sample("small.p7m");
    let wrapped = |content: &[u8]| {
        let value = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82][..], &length, content].concat()
        };
        let data = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
        let content = value(0xa0, &value(4, content));
        let content = value(0x30, &[&data[..], &content].concat());
        let signed = [b"\x02\x01\x01\x31\x00", &content[..], b"\x31\x00"].concat();
        let name = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
        let signed = value(0xa0, &value(0x30, &signed));
        value(0x30, &[&name[..], &signed].concat())
    };
    let unsigned = read(&wrapped(b"{}")).unwrap();
    assert_eq!(
        words(&unsigned.seals[0]),
        "cms-signature unreadable; not-checked"
    );
    assert!(read(&wrapped(&small)).is_ok());
    let mut deep = small;
    for _ in 0..30 {
        deep = wrapped(&deep);
    }
    assert_eq!(read(&deep).unwrap_err().kind(), "cms-malformed");
    // A PDF within is not taken for the file.
    let pdf = fs::read(format!(
        "{}/tests/samples/seals/rsa.pdf",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap();
    let reading = read(&wrapped(&pdf)).unwrap();
    assert_eq!(reading.format.to_string(), "CMS with PDF");
    assert_eq!(reading.seals.len(), 2);
    assert_eq!(reading.seals[1].signature, SignatureCheck::Good);
}
