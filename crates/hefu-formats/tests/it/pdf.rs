//! PDF files written here, by hand and with `lopdf` as the other party.

use hefu_formats::limits::{
    PDF_ATTACHMENTS_MAX, PDF_LOOKUPS_MAX, PDF_READ_BYTES_MAX, PDF_STREAM_BYTES_MAX,
};
use hefu_formats::{read, Format, Reading};
use lopdf::{dictionary, Document, Object, SaveOptions, Stream};

pub const UBL: &str = include_str!("../samples/invoice-ubl.xml");
pub const CII: &str = include_str!("../samples/invoice-cii.xml");
const ZUGFERD_1: &str = include_str!("../samples/invoice-zugferd1.xml");

/// A document with these attachments, in a tree of names and as associated files.
fn document(attachments: &[(&str, &str)]) -> Document {
    let mut document = Document::with_version("1.7");
    let mut specifications = Vec::new();
    let mut names = Vec::new();
    for (name, content) in attachments {
        let mut stream = Stream::new(
            dictionary! { "Type" => "EmbeddedFile" },
            content.as_bytes().to_vec(),
        );
        stream.compress().unwrap();
        let stream = document.add_object(stream);
        let specification = document.add_object(dictionary! {
            "Type" => "Filespec",
            "F" => Object::string_literal(*name),
            "UF" => Object::string_literal(*name),
            "EF" => dictionary! { "F" => stream },
        });
        specifications.push(Object::Reference(specification));
        names.push(Object::string_literal(*name));
        names.push(Object::Reference(specification));
    }
    let leaf = document.add_object(dictionary! { "Names" => names });
    let pages =
        document.add_object(dictionary! { "Type" => "Pages", "Kids" => Vec::new(), "Count" => 0 });
    let catalog = document.add_object(dictionary! {
        "Type" => "Catalog",
        "Pages" => pages,
        "AF" => specifications,
        "Names" => dictionary! { "EmbeddedFiles" => dictionary! { "Kids" => vec![Object::Reference(leaf)] } },
    });
    document.trailer.set("Root", catalog);
    document
}

pub fn pdf_with(attachments: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    document(attachments).save_to(&mut bytes).unwrap();
    bytes
}

/// The same with its objects in compressed streams, as newer writers do.
pub fn compact_pdf_with(attachments: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = SaveOptions::builder()
        .use_object_streams(true)
        .use_xref_streams(true)
        .build();
    document(attachments)
        .save_with_options(&mut bytes, options)
        .unwrap();
    bytes
}

/// Objects by hand, number 1 is the catalog; streams bring their own keyword.
fn by_hand(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", bytes.len());
        bytes.extend(format!("{} 0 obj\n", index + 1).bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let start = bytes.len();
    bytes.extend(
        format!("{table}trailer\n<< /Root 1 0 R /Size 9 >>\nstartxref\n{start}\n%%EOF").bytes(),
    );
    bytes
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = format!("<< {dictionary} /Length {} >>\nstream\n", content.len()).into_bytes();
    bytes.extend(content);
    bytes.extend(b"\nendstream");
    bytes
}

fn kind(bytes: &[u8]) -> &'static str {
    let refused = read(bytes).unwrap_err();
    assert!(refused.to_string().len() < 400, "{refused}");
    refused.kind()
}

fn stated(reading: &Reading) -> Vec<(&str, &str)> {
    reading.documents[0]
        .facts
        .iter()
        .map(|fact| (fact.name.as_str(), fact.value.as_str()))
        .collect()
}

#[test]
fn an_attached_invoice_is_the_same_as_the_file_by_itself() {
    for write in [pdf_with, compact_pdf_with] {
        for (name, xml, syntax) in [
            ("factur-x.xml", CII, Format::Cii),
            ("ZUGFeRD-invoice.xml", ZUGFERD_1, Format::Cii),
            ("xrechnung.xml", UBL, Format::Ubl),
            ("Rechnung.XML", CII, Format::Cii),
        ] {
            let (pdf, alone) = (
                read(&write(&[(name, xml)])).unwrap(),
                read(xml.as_bytes()).unwrap(),
            );
            assert_eq!(
                pdf.format,
                Format::Carrying {
                    outer: Box::new(Format::Pdf),
                    name: name.to_owned(),
                    inner: Box::new(syntax),
                }
            );
            assert_eq!(pdf.documents[0].identity, alone.documents[0].identity);
            assert_eq!(stated(&pdf), stated(&alone));
            assert!(pdf.documents[0]
                .facts
                .iter()
                .all(|fact| fact.place.starts_with(&format!("{name}:/Cross"))
                    || fact.place.starts_with(&format!("{name}:/Invoice/"))));
        }
    }
}

#[test]
fn a_pdf_for_people_only_is_known_and_has_no_identity() {
    let check = |bytes: &[u8]| {
        let reading = read(bytes).unwrap();
        assert_eq!(reading.format, Format::Pdf);
        assert_eq!(reading.documents[0].identity, None);
        assert_eq!(reading.documents[0].missing.len(), 1);
    };
    check(&pdf_with(&[]));
    check(&pdf_with(&[
        ("notes.txt", UBL),
        ("order-x.xml", "<rsm:SCRDMCCBDACIOMessageStructure/>"),
    ]));
    check(&by_hand(&[b"<< /Type /Catalog >>".to_vec()]));
    let encrypted = pdf_with(&[("factur-x.xml", CII)]);
    let at = encrypted
        .windows(5)
        .rposition(|window| window == b"/Root")
        .unwrap();
    let encrypted = [&encrypted[..at], b"/Encrypt 1 0 R ", &encrypted[at..]].concat();
    check(&encrypted);
}

#[test]
fn the_name_of_the_standard_goes_first_and_differing_invoices_give_none() {
    let other = CII.replace("R-0042", "R-0043");
    let number = |attachments: &[(&str, &str)]| {
        let reading = read(&pdf_with(attachments)).unwrap().documents.remove(0);
        assert_eq!(reading.missing.is_empty(), reading.identity.is_some());
        reading.identity.map(|identity| identity.number)
    };
    let of = |number: &str| Some(number.to_owned());
    assert_eq!(
        number(&[("a.xml", &other), ("factur-x.xml", CII)]),
        of("R-0042")
    );
    assert_eq!(number(&[("a.xml", CII), ("b.xml", CII)]), of("R-0042"));
    assert_eq!(
        number(&[("factur-x.xml", CII), ("xrechnung.xml", UBL)]),
        of("R-0042")
    );
    assert_eq!(number(&[("a.xml", &other), ("b.xml", CII)]), None);
    assert_eq!(
        number(&[("factur-x.xml", CII), ("xrechnung.xml", &other)]),
        None
    );
}

/// Some programs take the one name or stream of an attachment and some the other.
#[test]
fn all_names_and_streams_of_an_attachment_count() {
    let other = CII.replace("R-0042", "R-0043");
    let read = |names: &str, streams: &str| {
        let file = by_hand(&[
            format!("<< /AF [<< {names} /EF << {streams} >> >>] >>").into_bytes(),
            stream("", CII.as_bytes()),
            stream("", other.as_bytes()),
        ]);
        read(&file).unwrap().documents.remove(0)
    };
    let number = |stated: hefu_formats::Stated| stated.identity.map(|identity| identity.number);
    let names = "/UF (factur-x.xml) /F (factur-x.xml)";
    assert_eq!(
        number(read(names, "/UF 2 0 R /F 2 0 R")).as_deref(),
        Some("R-0042")
    );
    assert_eq!(
        read(names, "/UF 2 0 R /F 3 0 R").missing,
        ["one invoice: the attached ones differ"]
    );
    let names = "/UF (readme.txt) /F (factur-x.xml)";
    assert_eq!(number(read(names, "/F 3 0 R")).as_deref(), Some("R-0043"));
}

#[test]
fn what_is_parsed_of_attachments_is_bounded() {
    let xml = format!("<Invoice>{}</Invoice>", " ".repeat(12 << 20));
    let one = ("a.xml", xml.as_str());
    assert!(read(&pdf_with(&[one, one])).is_ok());
    assert_eq!(kind(&pdf_with(&[one, one, one])), "pdf-too-complex");
}

#[test]
fn a_wrong_length_and_bytes_before_the_header_are_mended() {
    let mut bytes = b"\r\nHTTP/1.1 200 OK\r\n".to_vec();
    let content = format!("<< /Length 12345 >> stream\r\n{CII}endstream").into_bytes();
    bytes.extend(by_hand(&[
        b"<< /AF [<< /F <FEFF0061002E0078006D006C> /EF << /F 2 0 R >> >>] >>".to_vec(),
        content,
    ]));
    let reading = read(&bytes).unwrap();
    assert_eq!(reading.format.to_string(), "PDF with CII XML (a.xml)");
    assert!(reading.documents[0].identity.is_some());
}

#[test]
fn a_refusal_names_the_attachment() {
    let refused = read(&pdf_with(&[("factur-x.xml", &CII[..CII.len() / 2])])).unwrap_err();
    assert_eq!(refused.kind(), "xml-malformed");
    assert!(refused.to_string().contains("factur-x.xml"), "{refused}");
}

#[test]
fn filters_that_attachments_need_are_decoded_and_no_others() {
    let hex: String = CII.bytes().map(|byte| format!("{byte:02X}")).collect();
    let reading = read(&attaching("/Filter /ASCIIHexDecode", hex.as_bytes())).unwrap();
    assert!(reading.documents[0].identity.is_some());
    for filter in [
        "/DCTDecode",
        "/BrotliDecode",
        "/LZWDecode",
        "/Crypt",
        "9",
        "[9]",
        "<< >>",
    ] {
        let refused = kind(&attaching(&format!("/Filter {filter}"), CII.as_bytes()));
        assert_eq!(refused, "pdf-malformed", "{filter}");
    }
}

#[test]
fn damage_is_refused() {
    let whole = pdf_with(&[("factur-x.xml", CII)]);
    assert_eq!(kind(b"%PDF-1.7"), "pdf-malformed");
    assert_eq!(kind(&whole[..whole.len() / 2]), "pdf-malformed");
    assert_eq!(kind(&by_hand(&[b"<<".to_vec()])), "pdf-malformed");
    assert_eq!(kind(&by_hand(&[b"1 0 R".to_vec()])), "pdf-malformed");
    assert_eq!(
        kind(b"%PDF-1.7\nstartxref\n99999999999999999999\n"),
        "pdf-malformed"
    );
    assert_eq!(
        kind(b"%PDF-1.7\nstartxref\n18446744073709551615\n"),
        "pdf-malformed"
    );
    assert_eq!(
        kind(b"%PDF-1.7\nxref\n4294967295 2\n0 0 n 0 0 n\nstartxref\n9\n"),
        "pdf-malformed"
    );
    let index = "/Type /XRef /W [8 8 8] /Index [4294967295 99] /Root 1 0 R";
    let bytes = [
        b"%PDF-1.7\n1 0 obj\n",
        &stream(index, &[0; 48])[..],
        b"\nstartxref\n9\n",
    ]
    .concat();
    assert_eq!(kind(&bytes), "pdf-malformed");
    for widths in [
        "[0 0 0]",
        "[-1 4 4]",
        "[1 9223372036854775807 9223372036854775807]",
        "[1]",
        "9",
    ] {
        let index = format!("/Type /XRef /W {widths} /Root 1 0 R /Size 9");
        let bytes = [
            b"%PDF-1.7\n1 0 obj\n",
            &stream(&index, &[0; 48])[..],
            b"\nstartxref\n9\n",
        ]
        .concat();
        assert_eq!(kind(&bytes), "pdf-malformed", "{widths}");
    }
}

/// So many zeros, deflated once more for each layer.
fn bomb(zeros: usize, layers: usize) -> Vec<u8> {
    let mut content = Stream::new(dictionary! {}, vec![0; zeros]);
    for _ in 0..layers {
        content.compress().unwrap();
        content = Stream::new(dictionary! {}, content.content);
    }
    content.content
}

/// One attachment with what is said of it and its raw content.
pub fn attaching(dictionary: &str, content: &[u8]) -> Vec<u8> {
    by_hand(&[
        b"<< /AF [<< /F (a.xml) /EF << /F 2 0 R >> >>] >>".to_vec(),
        stream(dictionary, content),
    ])
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let small = bomb(PDF_STREAM_BYTES_MAX + 1, 1);
    assert!(small.len() < 20_000);
    assert_eq!(
        kind(&attaching("/Filter /FlateDecode", &small)),
        "pdf-too-complex"
    );
    let layered = bomb(PDF_STREAM_BYTES_MAX + 1, 2);
    assert_eq!(
        kind(&attaching("/Filter [/FlateDecode /FlateDecode]", &layered)),
        "pdf-too-complex"
    );
    assert_eq!(
        kind(&attaching(
            "/Filter [/FlateDecode /FlateDecode /FlateDecode]",
            &small
        )),
        "pdf-too-complex"
    );
    // One under the limit is read, and is no XML.
    let fits = bomb(PDF_STREAM_BYTES_MAX, 1);
    assert_eq!(
        read(&attaching("/Filter /FlateDecode", &fits))
            .unwrap()
            .format,
        Format::Pdf
    );

    // Each under the limit, too many together.
    let count = PDF_READ_BYTES_MAX / PDF_STREAM_BYTES_MAX + 1;
    let list: String = (2..count + 2)
        .map(|n| format!("<< /F (a.xml) /EF << /F {n} 0 R >> >>"))
        .collect();
    let mut objects = vec![format!("<< /AF [{list}] >>").into_bytes()];
    objects.resize(count + 1, stream("/Filter /FlateDecode", &fits));
    assert_eq!(kind(&by_hand(&objects)), "pdf-too-complex");
}

#[test]
fn what_is_asked_for_again_and_again_is_paid_again_and_again() {
    // A tree of names that is a circle.
    let circle = b"<< /Names << /EmbeddedFiles << /Kids [2 0 R] >> >> >>".to_vec();
    assert_eq!(
        kind(&by_hand(&[circle, b"<< /Kids [2 0 R] >>".to_vec()])),
        "pdf-too-complex"
    );
    // Many attachments that are none.
    let many = format!(
        "<< /AF [{}] /Names << /EmbeddedFiles << >> >> >>",
        "null ".repeat(PDF_ATTACHMENTS_MAX + 1)
    );
    assert_eq!(kind(&by_hand(&[many.into_bytes()])), "pdf-too-complex");
    // One large object, looked up for each attachment.
    let large = format!("({})", "x".repeat(8 << 20));
    let list = "<< /F 2 0 R /UF 2 0 R >>".repeat(20);
    let refused = kind(&by_hand(&[
        format!("<< /AF [{list}] >>").into_bytes(),
        large.into_bytes(),
    ]));
    assert_eq!(refused, "value-too-long");
    let list = "2 0 R ".repeat(20);
    let large = format!("<< /A {} >>", "x".repeat(8 << 20));
    assert!(large.len() * 20 > PDF_READ_BYTES_MAX);
    assert_eq!(
        kind(&by_hand(&[
            format!("<< /AF [{list}] >>").into_bytes(),
            large.into_bytes()
        ])),
        "pdf-malformed"
    );
    let large = format!("<< /A ({}) >>", "x".repeat(8 << 20));
    assert_eq!(
        kind(&by_hand(&[
            format!("<< /AF [{list}] >>").into_bytes(),
            large.into_bytes()
        ])),
        "pdf-too-complex"
    );
    // More lookups than any way to an attachment needs.
    let kids = "2 0 R ".repeat(200);
    let tree = format!("<< /Names << /EmbeddedFiles << /Kids [{kids}] >> >> >>");
    let node = format!("<< /Kids [{}] >>", "3 0 R ".repeat(50));
    const { assert!(200 * 50 > PDF_LOOKUPS_MAX) };
    assert_eq!(
        kind(&by_hand(&[
            tree.into_bytes(),
            node.into_bytes(),
            b"<< >>".to_vec()
        ])),
        "pdf-too-complex"
    );
    // Cross-reference sections in a circle end by themselves.
    let circle = "%PDF-1.7\nxref\n0 0\ntrailer << /Prev 9 /Root << >> >>\nstartxref\n9\n";
    assert_eq!(read(circle.as_bytes()).unwrap().format, Format::Pdf);
}

/// The file that keeps a reader busy which loads an object for each entry of the table: a million
/// entries that all lead to one stream.
#[test]
fn a_million_entries_for_one_object_cost_nothing() {
    let container = stream(
        "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode",
        &bomb(4 << 20, 1),
    );
    let mut bytes = b"%PDF-1.7\n5 0 obj\n".to_vec();
    bytes.extend(container);
    bytes.extend(b"\nendobj\n");
    let start = bytes.len();
    let rows = Stream::new(dictionary! {}, [1, 9, 0].repeat(999_000)).with_compression(true);
    let mut rows = rows;
    rows.compress().unwrap();
    bytes.extend(b"6 0 obj\n");
    bytes.extend(stream(
        "/Type /XRef /W [1 1 1] /Size 999000 /Root << >> /Filter /FlateDecode",
        &rows.content,
    ));
    bytes.extend(format!("\nendobj\nstartxref\n{start}\n%%EOF").bytes());
    assert!(bytes.len() < 64 << 10);
    assert_eq!(read(&bytes).unwrap().format, Format::Pdf);
}
