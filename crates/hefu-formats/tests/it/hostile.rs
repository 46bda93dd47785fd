//! Whatever the bytes, an answer and no panic.

use hefu_formats::limits::FILE_BYTES_MAX;
use hefu_formats::{read, Format, Stated};
use lopdf::Stream;
use proptest::prelude::*;

use crate::chinese_samples::{ofd, ofd_parts, xml, zipped_bytes, With, DOCUMENTS};
use crate::pdf::{attaching, compact_pdf_with, pdf_with, CII, UBL};

const JSON: &str =
    r#"{"hefu": "licence", "legal_issuer": "1110", "number": "JY1", "facts": {"holder": "某某"}}"#;

fn samples() -> Vec<Vec<u8>> {
    vec![
        UBL.as_bytes().to_vec(),
        CII.as_bytes().to_vec(),
        JSON.as_bytes().to_vec(),
        xml("air-ticket").unwrap().into_bytes(),
        pdf_with(&[("factur-x.xml", CII)]),
        compact_pdf_with(&[("factur-x.xml", CII)]),
        ofd("licence", With::Data),
    ]
}

/// What a reading promises, whatever it was read from.
fn check(bytes: &[u8]) {
    let Ok(reading) = read(bytes) else { return };
    assert!(!reading.documents.is_empty());
    for document in reading.documents {
        check_document(document);
    }
}

fn check_document(reading: Stated) {
    assert_eq!(reading.identity.is_none(), !reading.missing.is_empty());
    assert!(reading
        .facts
        .windows(2)
        .all(|pair| pair[0].name < pair[1].name));
    assert!(reading
        .facts
        .iter()
        .all(|fact| !fact.value.is_empty() && !fact.place.is_empty()));
    if let Some(identity) = reading.identity {
        assert!(!identity.number.is_empty() && !identity.legal_issuer.is_empty());
        assert_eq!(identity.number, identity.number.trim());
    }
}

/// Who opens the one sees another document than who opens the other.
#[test]
fn a_file_that_is_two_files_is_refused() {
    let kind = |bytes: &[u8]| read(bytes).unwrap_err().kind();
    let pdf = pdf_with(&[("factur-x.xml", CII)]);
    let archive = ofd("licence", With::Data);
    let behind = |head: &[u8], tail: &[u8]| [head, tail].concat();
    let marked = UBL.replacen("?>", "?><!-- %PDF-1.7 -->", 1);
    assert_ne!(marked, UBL);
    assert_eq!(kind(marked.as_bytes()), "two-formats");
    assert_eq!(
        kind(JSON.replace("某某", "%PDF-1.7").as_bytes()),
        "two-formats"
    );
    assert_eq!(kind(&behind(&pdf, &archive)), "two-formats");
    let mut parts = vec![("%PDF-1.7".to_owned(), Vec::new())];
    let texts = ofd_parts("licence", With::Data).into_iter();
    parts.extend(texts.map(|(name, text)| (name, text.into_bytes())));
    assert_eq!(kind(&behind(&zipped_bytes(&parts), b"")), "two-formats");
    // Elsewhere the marks mean nothing: neither in an archive of PDFs.
    let archive = zipped_bytes(&[("%PDF-1.7".to_owned(), pdf.clone())]);
    assert_eq!(read(&archive).unwrap().format, Format::Zip);
    assert!(read(&behind(
        &pdf,
        b"\nPK\x05\x06 and more than twenty-two bytes"
    ))
    .is_ok());
    assert!(read(
        UBL.replace("</Invoice>", "<!-- %PDF-1.7 --></Invoice>")
            .as_bytes()
    )
    .is_ok());
}

#[test]
fn formats_are_told_by_their_bytes() {
    let format = |bytes: &[u8]| read(bytes).unwrap().format.to_string();
    let formats: Vec<String> = samples().iter().map(|sample| format(sample)).collect();
    let pdf = "PDF with CII XML (factur-x.xml)";
    assert_eq!(
        formats,
        [
            "UBL XML",
            "CII XML",
            "Hefu JSON",
            "Chinese e-voucher XML",
            pdf,
            pdf,
            "OFD"
        ]
    );
    for unknown in [
        &b""[..],
        b" ",
        b"{",
        b"[1]",
        b"\xFF\xD8\xFF",
        b"\xFF\xFE\x00",
        b"\xFF\xFEa\x00b",
        b"hello",
        b"\xEF\xBB\xBF",
    ] {
        let reading = read(unknown).unwrap();
        assert_eq!(reading.format, Format::Unknown);
        assert_eq!(reading.documents[0].identity, None);
        assert_eq!(reading.documents[0].missing.len(), 1);
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused_unread() {
    let refused = read(&vec![b'<'; FILE_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(refused.kind(), "file-too-large");
    assert_eq!(
        read(&vec![b'<'; FILE_BYTES_MAX]).unwrap().format,
        Format::Unknown
    );
}

/// Changes bytes at places: one byte, cut off there, a piece taken out, a piece twice.
pub fn edited(bytes: &mut Vec<u8>, edits: Vec<(prop::sample::Index, u8, u8, usize)>) {
    for (place, byte, edit, length) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = place.index(bytes.len());
        let end = (at + length).min(bytes.len());
        match edit {
            0 => bytes[at] = byte,
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..end)),
            _ => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        check(&bytes);
        for start in [&b"<"[..], b"{\"hefu\":", b"%PDF-1.7\n", b"<Invoice ", b"\xFE\xFF\x00<"] {
            check(&[start, &bytes].concat());
        }
        check(&[b"%PDF-1.7\n1 0 obj\n", &bytes[..], b"\nstartxref\n9\n"].concat());
    }

    #[test]
    fn changed_samples_never_panic(
        sample in 0..7_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8, 0..40_usize), 1..6),
    ) {
        let mut bytes = samples().swap_remove(sample);
        edited(&mut bytes, edits);
        check(&bytes);
    }

    #[test]
    fn changed_parts_of_an_ofd_never_panic(
        document in 0..DOCUMENTS.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..4_u8, 0..60_usize), 1..5),
    ) {
        let mut parts: Vec<(String, Vec<u8>)> = ofd_parts(DOCUMENTS[document], With::Data)
            .into_iter()
            .map(|(name, text)| (name, text.into_bytes()))
            .collect();
        for (part, place, byte, edit, length) in edits {
            let part = part.index(parts.len());
            let content = &mut parts[part].1;
            if content.is_empty() {
                continue;
            }
            let at = place.index(content.len());
            let end = (at + length).min(content.len());
            match edit {
                0 => content[at] = byte,
                // A digit for another breaks numbers and places, and keeps the XML whole.
                1 => for byte in content[at..end].iter_mut().filter(|byte| byte.is_ascii_digit()) {
                    *byte = b'9';
                },
                2 => drop(content.drain(at..end)),
                _ => {
                    let again = content[at..end].to_vec();
                    content.splice(at..at, again);
                }
            }
        }
        check(&zipped_bytes(&parts));
    }

    #[test]
    fn arbitrary_streams_never_panic(
        content in prop::collection::vec(any::<u8>(), 0..200),
        filters in prop::collection::vec(0..3_usize, 0..3),
        predictor in 0..17_i64,
        numbers in (any::<i64>(), -2..70_i64, -2..20_i64).prop_map(<[i64; 3]>::from),
        deflates in any::<bool>(),
    ) {
        let names = ["/FlateDecode", "/ASCIIHexDecode", "/ASCII85Decode"];
        let filters: Vec<&str> = filters.iter().map(|&filter| names[filter]).collect();
        for [columns, colors, bits] in [numbers, [numbers[1], numbers[2], 8], [numbers[1], 1, 4]] {
            let dictionary = format!(
                "/Filter [{}] /DecodeParms << /Predictor {predictor} /Columns {columns} /Colors {colors} \
                 /BitsPerComponent {bits} >>",
                filters.join(" "),
            );
            let mut stream = Stream::new(lopdf::Dictionary::new(), content.repeat(20));
            stream.compress().unwrap();
            let content = if deflates { &stream.content } else { &content };
            check(&attaching(&dictionary, content));
        }
    }

    #[test]
    fn changed_digits_of_a_pdf_never_panic(
        compact in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), b'0'..=b'9'), 1..6),
    ) {
        let attachments = [("factur-x.xml", CII)];
        let mut bytes = if compact { compact_pdf_with(&attachments) } else { pdf_with(&attachments) };
        let digits: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()).collect();
        for (place, digit) in edits {
            bytes[*place.get(&digits)] = digit;
        }
        check(&bytes);
    }
}
