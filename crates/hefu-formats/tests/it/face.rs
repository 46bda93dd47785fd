//! Chinese documents by what the pages of a PDF show.

use std::collections::BTreeMap;

use hefu_formats::limits::{
    PAGE_RUNS_MAX, PAGE_TEXT_BYTES_MAX, PDF_DRAWING_VALUES_MAX, PDF_STREAM_BYTES_MAX,
};
use hefu_formats::{read, Format, Stated};
use lopdf::{dictionary, Dictionary, Document, Object, Stream};
use proptest::prelude::*;

use crate::chinese_pdf::{document, pdf, picture, sheet, values, Lettering, Pixels, Sheet, KINDS};
use crate::chinese_samples::{ofd, xml, With};

const LETTERINGS: [Lettering; 3] = [Lettering::Subset, Lettering::SingleLetters, Lettering::Gbk];

#[track_caller]
fn stated(bytes: &[u8]) -> Stated {
    let reading = read(bytes).unwrap();
    assert_eq!(reading.format, Format::Pdf);
    assert_eq!(reading.documents.len(), 1);
    reading.documents[0].clone()
}

fn facts(stated: &Stated) -> BTreeMap<&str, &str> {
    let facts = stated.facts.iter();
    facts
        .map(|fact| (fact.name.as_str(), fact.value.as_str()))
        .collect()
}

#[track_caller]
fn check(kind: &str, stated: &Stated) {
    let values = values();
    let expected = &values[kind];
    assert_eq!(stated.doubts, [""; 0], "{kind}");
    let identity = stated
        .identity
        .clone()
        .unwrap_or_else(|| panic!("{kind}: {:?}", stated.missing));
    let field = |name: &str| expected["identity"][name].as_str().unwrap();
    assert_eq!(stated.profile.name(), field("profile"));
    assert_eq!(identity.legal_issuer, field("legal_issuer"));
    assert_eq!(identity.series, field("series"));
    assert_eq!(identity.number, field("number"));
    let expected: BTreeMap<&str, &str> = (expected["facts"].as_object().unwrap().iter())
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    assert_eq!(facts(stated), expected, "{kind}");
}

#[test]
fn each_kind_of_document_is_read_however_its_text_is_written() {
    for kind in KINDS {
        for lettering in LETTERINGS {
            println!("{kind} {lettering:?}");
            check(kind, &stated(&pdf(&[sheet(kind)], lettering)));
        }
    }
}

#[test]
fn facts_name_their_page() {
    let blank = Sheet::default();
    let stated = stated(&pdf(&[blank, sheet("fiscal-bill")], Lettering::Subset));
    check("fiscal-bill", &stated);
    let places = stated.facts.iter().filter(|fact| fact.name != "currency");
    assert!(places.clone().count() > 5);
    places.for_each(|fact| assert_eq!(fact.place, "page 2", "{}", fact.name));
}

#[test]
fn a_code_is_read_from_each_kind_of_picture() {
    for pixels in [
        Pixels::Grey1,
        Pixels::Grey8,
        Pixels::Rgb,
        Pixels::Indexed,
        Pixels::Stencil,
    ] {
        let code = "01,32,,25992000000000012345,1000.00,20250618,,7E2B".to_owned();
        let scan = Sheet {
            words: Vec::new(),
            code: Some((code, pixels)),
        };
        let stated = stated(&pdf(&[scan], Lettering::Subset));
        assert_eq!(stated.missing, ["seller identifier"], "{pixels:?}");
        let facts = facts(&stated);
        assert_eq!(facts["number"], "25992000000000012345");
        assert_eq!(facts["issue-date"], "2025-06-18");
        assert_eq!(facts["total-without-tax"], "100000");
        assert_eq!(stated.fact("number").unwrap().place, "page 1 (QR code)");
    }
}

#[test]
fn a_code_that_says_another_number_leaves_no_identity() {
    let mut sheet = sheet("digital-invoice");
    let (code, _) = sheet.code.as_mut().unwrap();
    *code = code.replace("25992000000000012345", "25992000000000054321");
    let stated = stated(&pdf(&[sheet], Lettering::Subset));
    assert_eq!(stated.identity, None);
    assert_eq!(stated.missing, ["number"]);
    assert_eq!(stated.doubts.len(), 1, "{:?}", stated.doubts);
}

#[test]
fn a_red_invoice_stays_negative() {
    let mut sheet = sheet("digital-invoice");
    sheet.code = None;
    for (_, _, _, text) in &mut sheet.words {
        if text.starts_with('¥') {
            *text = text.replace('¥', "¥-");
        }
    }
    sheet.put(14.0, 105.0, "被红冲蓝字数电票号码：25992000000000054321");
    sheet.put(14.0, 110.0, "红字发票信息确认单编号：99012506000000000001");
    for lettering in LETTERINGS {
        let stated = stated(&pdf(&[sheet.clone()], lettering));
        let facts = facts(&stated);
        assert_eq!(facts["total"], "-106000", "{lettering:?}");
        assert_eq!(facts["total-without-tax"], "-100000");
        assert_eq!(facts["tax"], "-6000");
        assert_eq!(facts["preceding"], "25992000000000054321");
        assert!(stated.identity.is_some());
    }
}

#[test]
fn a_name_that_takes_two_lines_is_whole() {
    let whole = "某某市青禾贸易有限公司";
    for kind in ["digital-invoice", "vat-invoice"] {
        let mut sheet = sheet(kind);
        let name = sheet.words.iter_mut().find(|word| word.3 == whole).unwrap();
        name.1 -= 1.4;
        name.3 = "某某市青禾".to_owned();
        let (x, y) = (name.0, name.1 + 3.4);
        sheet.put(x, y, "贸易有限公司");
        for lettering in LETTERINGS {
            check(kind, &stated(&pdf(&[sheet.clone()], lettering)));
        }
        // Somewhat to the right it may be another text: then there is no name, and no shorter one.
        sheet.words.last_mut().unwrap().0 += 6.0;
        let stated = stated(&pdf(&[sheet], Lettering::Subset));
        assert!(stated.fact("buyer").is_none() && stated.identity.is_some());
    }
}

/// The fonts stand in the resources themselves, each of them anew.
fn with_direct_fonts(mut document: Document, count: usize) -> Document {
    let fonts = document.objects.values();
    let font = fonts
        .filter_map(|object| object.as_dict().ok())
        .find(|font| font.has_type(b"Font") && font.has(b"Encoding"))
        .unwrap()
        .clone();
    for object in document.objects.values_mut() {
        let Ok(page) = object.as_dict_mut() else {
            continue;
        };
        if page.has_type(b"Page") {
            let resources = page.get_mut(b"Resources").unwrap().as_dict_mut().unwrap();
            let mut fonts = Dictionary::new();
            for number in 1..=count {
                fonts.set(format!("F{number}"), font.clone());
            }
            resources.set("Font", fonts);
        }
    }
    document
}

#[test]
fn fonts_that_stand_in_the_resources_are_read() {
    for lettering in LETTERINGS {
        let document = document(&[sheet("digital-invoice")], lettering);
        check(
            "digital-invoice",
            &stated(&saved(with_direct_fonts(document, 1))),
        );
    }
    let shown = |count: usize| {
        let fonts: String = (1..=count).map(|n| format!("/F{n} 9 Tf ")).collect();
        with_direct_fonts(
            drawn(&format!("BT {fonts} 20 700 Td ({LICENCE}) Tj ET")),
            count,
        )
    };
    assert!(stated(&saved(shown(100))).identity.is_some());
    check_beyond(shown(300));
}

#[test]
fn a_font_whose_codes_are_unknown_shows_nothing() {
    let mut document = document(&[sheet("fiscal-bill")], Lettering::Subset);
    for object in document.objects.values_mut() {
        if let Ok(font) = object.as_dict_mut() {
            font.remove(b"ToUnicode");
        }
    }
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    assert_eq!(stated(&bytes).identity, None);
    assert_eq!(stated(&bytes).facts, []);
}

#[test]
fn one_unknown_letter_makes_no_shorter_number() {
    let mut document = document(&[sheet("fiscal-bill")], Lettering::Subset);
    for object in document.objects.values_mut() {
        let Object::Stream(stream) = object else {
            continue;
        };
        stream.decompress().unwrap();
        let content =
            String::from_utf8_lossy(&stream.content).replace("<0031> endbfchar", "<> endbfchar");
        stream.set_plain_content(content.into_bytes());
    }
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    let stated = stated(&bytes);
    assert_eq!(stated.identity, None);
    assert!(!facts(&stated).contains_key("number"));
    assert!(!facts(&stated).contains_key("total"));
    assert_eq!(facts(&stated)["seller"], "某某市第九人民医院");
}

#[test]
fn xml_and_ofd_and_pdf_are_one_document() {
    let mut compared = 0;
    for kind in KINDS {
        let pdf = stated(&pdf(&[sheet(kind)], Lettering::Subset));
        let ofd = read(&ofd(kind, With::FaceAlone))
            .unwrap()
            .documents
            .remove(0);
        assert_eq!(pdf.identity, ofd.identity, "{kind}");
        assert_eq!(facts(&pdf), facts(&ofd), "{kind}");
        let Some(xml) = xml(kind) else { continue };
        let xml = read(xml.as_bytes()).unwrap().documents.remove(0);
        assert_eq!(pdf.identity, xml.identity, "{kind}");
        for (name, value) in facts(&pdf) {
            if let Some(fact) = xml.fact(name) {
                assert_eq!(fact.value, value, "{kind}: {name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn an_attached_voucher_and_the_face_are_held_to_each_other() {
    for (name, kind) in [
        ("voucher.xml", "digital-invoice"),
        ("Voucher.XBRL", "rail-ticket"),
    ] {
        let Some(xml) = xml(kind) else { continue };
        let alone = read(xml.as_bytes()).unwrap();
        for shown in [kind, "licence"] {
            let mut document = document(&[sheet(shown)], Lettering::Subset);
            let stream =
                document.add_object(Stream::new(Dictionary::new(), xml.clone().into_bytes()));
            let specification = document.add_object(dictionary! {
                "Type" => "Filespec", "UF" => Object::string_literal(name),
                "EF" => dictionary! { "F" => stream },
            });
            for object in document.objects.values_mut() {
                if let Ok(catalog) = object.as_dict_mut() {
                    if catalog.has_type(b"Catalog") {
                        catalog.set("AF", vec![Object::Reference(specification)]);
                    }
                }
            }
            let carried = read(&saved(document)).unwrap();
            assert_eq!(
                carried.format,
                Format::Carrying {
                    outer: Box::new(Format::Pdf),
                    name: name.to_owned(),
                    inner: Box::new(Format::ChineseXml),
                }
            );
            let carried = &carried.documents[0];
            if shown == kind {
                assert_eq!(carried.doubts, [""; 0]);
                assert_eq!(carried.identity, alone.documents[0].identity);
                assert!(carried.identity.is_some());
            } else {
                // The pages show another document.
                assert!(
                    carried.missing[0].contains("pages show another"),
                    "{carried:?}"
                );
                assert!(carried.identity.is_none() && !carried.doubts.is_empty());
            }
        }
    }
}

/// A page drawn by hand with a simple font.
fn drawn(content: &str) -> Document {
    let mut document = Document::with_version("1.7");
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding",
    });
    let content = document.add_object(Stream::new(Dictionary::new(), content.into()));
    let pages = document.new_object_id();
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content,
        "Resources" => dictionary! { "Font" => dictionary! { "F1" => font } },
    });
    document.objects.insert(
        pages,
        dictionary! {
            "Type" => "Pages", "Kids" => vec![Object::Reference(page)], "Count" => 1,
        }
        .into(),
    );
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    document
}

fn saved(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

const LICENCE: &str = "1.2.156.3005.2.11990100MB0X0006F7021.11990105MB0X0005EB.20250000421.001.N";

#[test]
fn only_what_is_painted_upright_counts() {
    let shows = |content: &str| stated(&saved(drawn(content))).identity.is_some();
    let words = format!("({LICENCE}) Tj ET");
    assert!(shows(&format!("BT /F1 9 Tf 20 700 Td {words}")));
    assert!(shows(&format!(
        "q 2 0 0 2 0 0 cm BT /F1 9 Tf 20 300 Td {words} Q"
    )));
    assert!(shows(&format!(
        "BT /F1 9 Tf 3 Tr 20 700 Td (x) Tj 0 Tr {words}"
    )));
    assert!(shows(&format!(
        "BI /W 1 /H 1 ID \u{1}(<<[ EI BT /F1 9 Tf 20 700 Td {words}"
    )));
    assert!(shows(&format!(
        "BT /F1 9 Tf 14 TL 20 700 Td (first) Tj ({LICENCE}) ' ET"
    )));
    let (head, tail) = LICENCE.split_at(20);
    assert!(shows(&format!(
        "BT /F1 9 Tf 20 700 Td [({head}) -10 ({tail})] TJ ET"
    )));
    // Invisible, upside down, and in no font.
    assert!(!shows(&format!("BT /F1 9 Tf 3 Tr 20 700 Td {words}")));
    assert!(!shows(&format!("BT /F1 9 Tf -1 0 0 -1 20 700 Tm {words}")));
    assert!(!shows(&format!("BT /F2 9 Tf 20 700 Td {words}")));
    // White on white, and beside the page.
    for white in ["1 g", "1 1 1 rg", "0 0 0 0 k", "/DeviceRGB cs 1 1 1 sc"] {
        assert!(!shows(&format!("{white} BT /F1 9 Tf 20 700 Td {words}")));
        assert!(shows(&format!("q {white} Q BT /F1 9 Tf 20 700 Td {words}")));
        assert!(shows(&format!("{white} 0 g BT /F1 9 Tf 20 700 Td {words}")));
    }
    for place in ["20 900", "20 -20", "700 700", "-600 700"] {
        assert!(
            !shows(&format!("BT /F1 9 Tf {place} Td {words}")),
            "{place}"
        );
    }
}

#[test]
fn a_turned_page_is_read_as_it_is_shown() {
    for (rotate, matrix) in [
        (90, "0 1 -1 0 300 100"),
        (180, "-1 0 0 -1 500 500"),
        (270, "0 -1 1 0 300 700"),
    ] {
        let mut document = drawn(&format!("BT /F1 9 Tf {matrix} Tm ({LICENCE}) Tj ET"));
        for object in document.objects.values_mut() {
            if let Ok(page) = object.as_dict_mut() {
                if page.has_type(b"Page") {
                    page.set("Rotate", rotate);
                }
            }
        }
        assert!(stated(&saved(document)).identity.is_some(), "{rotate}");
    }
}

#[test]
fn a_form_is_read_and_a_form_in_itself_ends() {
    let with_form = |form: String| {
        let mut document = drawn("/Fm Do");
        let form_id = document.new_object_id();
        let fonts: Vec<_> = (document.objects.iter())
            .filter(|(_, object)| object.as_dict().is_ok_and(|font| font.has_type(b"Font")))
            .map(|(id, _)| *id)
            .collect();
        let resources = dictionary! {
            "Font" => dictionary! { "F1" => fonts[0] },
            "XObject" => dictionary! { "Fm" => form_id },
        };
        let dictionary = dictionary! { "Subtype" => "Form", "Matrix" => vec![1.into(), 0.into(), 0.into(), 1.into(), 20.into(), 300.into()] };
        document
            .objects
            .insert(form_id, Stream::new(dictionary, form.into_bytes()).into());
        for object in document.objects.values_mut() {
            if let Ok(page) = object.as_dict_mut() {
                if page.has_type(b"Page") {
                    page.set("Resources", resources.clone());
                }
            }
        }
        saved(document)
    };
    let words = format!("BT /F1 9 Tf 0 0 Td ({LICENCE}) Tj ET ");
    assert!(stated(&with_form(words.clone())).identity.is_some());
    let itself = stated(&with_form(format!("{words} /Fm Do /Fm Do")));
    assert_eq!(itself.identity, None);
    assert!(
        itself.missing[0].contains("within the limits"),
        "{:?}",
        itself.missing
    );
}

/// A PDF that is beyond what is read stays a PDF without identity.
#[track_caller]
fn check_beyond(document: Document) {
    let stated = stated(&saved(document));
    assert_eq!(stated.identity, None);
    assert_eq!(stated.missing.len(), 1);
    assert!(
        stated.missing[0].contains("within the limits"),
        "{:?}",
        stated.missing
    );
}

#[test]
fn pages_beyond_the_limits_leave_a_pdf_without_identity() {
    // More pieces of text, each far from the others, and more letters than a document has.
    let many = "(a) Tj 9 9 Td ".repeat(PAGE_RUNS_MAX + 1);
    check_beyond(drawn(&format!("BT /F1 1 Tf {many} ET")));
    let many = "(a) Tj ".repeat(PDF_DRAWING_VALUES_MAX / 2 + 1);
    check_beyond(drawn(&format!("BT /F1 1 Tf {many} ET")));
    // A stream that unpacks to more than is read.
    let mut bomb = drawn(&" ".repeat(PDF_STREAM_BYTES_MAX + 1));
    bomb.compress();
    check_beyond(bomb);
    // Arrays without an end, states without an end.
    check_beyond(drawn(&"q ".repeat(1_000)));
    check_beyond(drawn(&"[ ".repeat(PDF_DRAWING_VALUES_MAX + 1)));
    check_beyond(drawn(&format!(
        "BT /F1 9 Tf ({}) Tj ET",
        "x".repeat(PAGE_TEXT_BYTES_MAX + 1)
    )));
}

#[test]
fn a_table_of_letters_beyond_the_limits_is_left() {
    let with_table = |table: String| {
        let mut document = document(&[sheet("licence")], Lettering::Subset);
        for object in document.objects.values_mut() {
            let Object::Stream(stream) = object else {
                continue;
            };
            stream.decompress().unwrap();
            if stream.content.starts_with(b"/CIDInit") {
                let mut content = table.clone().into_bytes();
                content.extend(&stream.content);
                stream.set_plain_content(content);
                stream.compress().unwrap();
            }
        }
        document
    };
    // A range over all codes is one entry, and the letters behind it win.
    let huge = "1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange 1 beginbfrange <0000> <FFFF> <4E00> endbfrange ";
    assert!(stated(&saved(with_table(huge.to_owned())))
        .identity
        .is_some());
    let many = (0..600_000)
        .map(|code| format!("<{code:08X}><0041>"))
        .collect::<String>();
    check_beyond(with_table(format!("1 beginbfchar {many} endbfchar ")));
    let long = format!(
        "1 beginbfchar <0001> <{}> endbfchar ",
        "0041".repeat(100_000)
    );
    assert!(stated(&saved(with_table(long))).identity.is_some());
}

#[test]
fn circles_in_the_tree_of_pages_end() {
    let mut document = document(&[sheet("licence")], Lettering::Subset);
    let tree: Vec<_> = (document.objects.iter())
        .filter(|(_, object)| object.as_dict().is_ok_and(|node| node.has_type(b"Pages")))
        .map(|(id, _)| *id)
        .collect();
    let node = document
        .objects
        .get_mut(&tree[0])
        .unwrap()
        .as_dict_mut()
        .unwrap();
    node.set("Kids", vec![Object::Reference(tree[0]); 3]);
    check_beyond(document);
}

#[test]
fn a_catalogue_of_five_hundred_pages_is_looked_at_in_front() {
    let pages: Vec<Sheet> = std::iter::once(sheet("licence"))
        .chain((0..500).map(|number| {
            let mut page = Sheet::default();
            page.put(20.0, 20.0, format!("Page {number}"));
            page
        }))
        .collect();
    check("licence", &stated(&pdf(&pages, Lettering::Subset)));
}

#[test]
fn pictures_that_claim_to_be_huge_are_left() {
    let code = "01,32,,25992000000000012345,1000.00,20250618,,7E2B";
    for (key, value) in [
        ("Width", i64::MAX),
        ("Height", 1 << 40),
        ("Width", -1),
        ("BitsPerComponent", 16),
        ("Width", 1 << 20),
    ] {
        let mut sheet = sheet("licence");
        sheet.code = Some((code.to_owned(), Pixels::Grey8));
        let mut document = document(&[sheet], Lettering::Subset);
        for object in document.objects.values_mut() {
            if let Object::Stream(stream) = object {
                if stream.dict.has(b"Width") {
                    stream.dict.set(key, value);
                }
            }
        }
        check("licence", &stated(&saved(document)));
    }
    let large = picture(code, Pixels::Grey1);
    assert!(large.dict.has(b"Filter"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn changed_pages_never_panic(
        kind in 0..5_usize,
        lettering in 0..3_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8, 0..40_usize), 1..6),
    ) {
        // The streams are plain, so that edits reach what is drawn and the tables of fonts.
        let mut document = document(&[sheet(KINDS[kind])], LETTERINGS[lettering]);
        for object in document.objects.values_mut() {
            if let Object::Stream(stream) = object {
                stream.decompress().unwrap();
            }
        }
        let mut bytes = saved(document);
        for (place, byte, edit, length) in edits {
            let at = place.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes[at..end].fill(byte),
                2 => bytes[at..end].reverse(),
                // The places of objects stay as they are.
                _ => bytes[at..end].fill(b'0' + byte % 10),
            }
        }
        if let Ok(reading) = read(&bytes) {
            for stated in reading.documents {
                prop_assert_eq!(stated.identity.is_none(), !stated.missing.is_empty());
            }
        }
    }

    #[test]
    fn arbitrary_drawings_never_panic(
        words in prop::collection::vec(prop_oneof![
            Just("BT"), Just("ET"), Just("q"), Just("Q"), Just("cm"), Just("Tf"), Just("/F1"), Just("Tj"), Just("TJ"),
            Just("["), Just("]"), Just("(12)"), Just("<4142>"), Just("1e9"), Just("-99999999999"), Just("0.5"), Just("Td"),
            Just("Tm"), Just("T*"), Just("'"), Just("\""), Just("Tz"), Just("Ts"), Just("TL"), Just("BI"), Just("ID"),
            Just("EI"), Just("Do"), Just("<<"), Just(">>"), Just("0"), Just("1"), Just("1"), Just("12"), Just("%\n"),
        ], 0..300),
    ) {
        let _ = read(&saved(drawn(&format!("BT /F1 9 Tf {}", words.join(" ")))));
    }
}
