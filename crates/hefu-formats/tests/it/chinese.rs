//! Chinese invoices, bills, tickets and licences.

use std::collections::BTreeMap;
use std::fs;

use hefu_formats::archive::files;
use hefu_formats::{read, Format, Reading};
use serde_json::Value;

use crate::chinese_samples::{ofd, ofd_parts, values, xml, zipped, zipped_bytes, With, DOCUMENTS};
use crate::corpus::{corpus, minor_units};

/// The facts that `values.json` gives a document, as far as a reading has them.
fn check_facts(document: &str, reading: &Reading, rendition: &str) {
    let expected = values(document);
    let stated = &reading.documents[0];
    let context = format!("{document} as {rendition}: {stated:#?}");
    assert_eq!(reading.documents.len(), 1, "{context}");
    assert!(
        stated.missing.is_empty() && stated.doubts.is_empty(),
        "{context}"
    );
    let identity = stated.identity.clone().unwrap();
    assert_eq!(
        stated.profile.name(),
        expected["identity"]["profile"],
        "{context}"
    );
    assert_eq!(
        identity.legal_issuer, expected["identity"]["legal_issuer"],
        "{context}"
    );
    assert_eq!(identity.series, expected["identity"]["series"], "{context}");
    assert_eq!(identity.number, expected["identity"]["number"], "{context}");
    for (name, value) in expected["facts"].as_object().unwrap() {
        let fact = stated.fact(name).map(|fact| fact.value.as_str());
        assert_eq!(fact, value.as_str(), "{name} of {context}");
    }
    // The legal number fits its profile, check characters included.
    stated.profile.normalise(&identity).unwrap();
}

#[test]
fn xml_and_ofd_and_the_face_alone_give_one_document() {
    for document in DOCUMENTS {
        if let Some(xml) = xml(document) {
            let reading = read(xml.as_bytes()).unwrap();
            assert_eq!(reading.format, Format::ChineseXml);
            check_facts(document, &reading, "XML");
        }
        let reading = read(&ofd(document, With::Data)).unwrap();
        let has_xml = xml(document).is_some();
        assert_eq!(reading.format == Format::Ofd, !has_xml, "{document}");
        check_facts(document, &reading, "OFD");
        let reading = read(&ofd(document, With::FaceAlone)).unwrap();
        assert_eq!(reading.format, Format::Ofd);
        check_facts(document, &reading, "page of an OFD");
    }
}

#[test]
fn a_day_or_a_total_that_cannot_be_read_is_told() {
    let xml = xml("digital-invoice").unwrap();
    for (from, to, name) in [
        (
            ">2025-06-18 10:11:13<",
            ">2025-13-18 10:11:13<",
            "issue-date",
        ),
        (">1060.00<", ">1O60.00<", "total"),
    ] {
        assert!(xml.contains(from));
        let changed = xml.replace(from, to);
        let document = read(changed.as_bytes()).unwrap().documents.remove(0);
        assert!(document.fact(name).is_none() && document.identity.is_some());
        assert_eq!(document.doubts.len(), 1, "{:?}", document.doubts);
        assert!(document.doubts[0].contains("cannot be read as"), "{name}");
        // The page beside it does not heal it.
        let file = with_part("digital-invoice", ATTACHED, Some(&changed));
        let document = read(&file).unwrap().documents.remove(0);
        assert!(document.fact(name).is_none() && !document.doubts.is_empty());
    }
}

/// A sample whose part of a name is another one, or is left out.
fn with_part(document: &str, name: &str, text: Option<&str>) -> Vec<u8> {
    let mut parts = ofd_parts(document, With::Data);
    parts.retain(|(other, _)| other != name);
    parts.extend(text.map(|text| (name.to_owned(), text.to_owned())));
    zipped(&parts)
}

fn replaced(document: &str, with: With, part: &str, from: &str, to: &str) -> Vec<u8> {
    let mut parts = ofd_parts(document, with);
    let part = parts.iter_mut().find(|(name, _)| name == part).unwrap();
    assert!(part.1.contains(from), "{from} in {}", part.1);
    part.1 = part.1.replace(from, to);
    zipped(&parts)
}

#[track_caller]
fn check_refused(bytes: &[u8], kind: &str) {
    assert_eq!(read(bytes).unwrap_err().kind(), kind);
}

const DOCUMENT: &str = "Doc_0/Document.xml";
const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";
const TEMPLATE: &str = "Doc_0/Tpls/Tpl_0/Content.xml";
const LIST: &str = "Doc_0/Attachs/Attachments.xml";
const ATTACHED: &str = "Doc_0/Attachs/original_invoice.xml";

#[test]
fn a_file_that_shows_two_numbers_gives_none_and_says_so() {
    let number = "25992000000000012345";
    for part in ["OFD.xml", PAGE, ATTACHED] {
        let other = "25992000000000099999";
        let file = replaced("digital-invoice", With::Data, part, number, other);
        let document = read(&file).unwrap().documents.remove(0);
        assert_eq!(document.identity, None, "{part}");
        assert_eq!(document.missing, ["number"], "{part}");
        assert!(document.fact("number").is_none(), "{part}");
        let doubts = document.doubts.join("; ");
        assert!(
            doubts.contains(number) && doubts.contains(other),
            "{part}: {doubts}"
        );
    }
    // The total of the page, and nothing else.
    let file = replaced("rail-ticket", With::Data, PAGE, "109.00", "9109.00");
    let document = read(&file).unwrap().documents.remove(0);
    assert!(document.identity.is_some() && document.fact("total").is_none());
    assert_eq!(document.doubts.len(), 1);
    // Another type of document.
    let bill = xml("fiscal-bill").unwrap();
    let document = read(&with_part("digital-invoice", ATTACHED, Some(&bill))).unwrap();
    assert!(document.documents[0].identity.is_none());
    assert!(!document.documents[0].doubts.is_empty());
}

#[test]
fn what_is_hidden_is_not_on_the_face() {
    let visible = r#"<ofd:TextObject ID="101""#;
    for hidden in [r#"Visible="false""#, r#"Alpha="0""#, r#"Fill="false""#] {
        let object = format!("{visible} {hidden}");
        let file = replaced("digital-invoice", With::FaceAlone, PAGE, visible, &object);
        let document = read(&file).unwrap().documents.remove(0);
        assert_eq!(document.missing, ["number"], "{hidden}");
        // The XML still says it, and nobody sees it on the page.
        let file = replaced("digital-invoice", With::Data, PAGE, visible, &object);
        let document = read(&file).unwrap().documents.remove(0);
        assert!(document.doubts[0].contains("show no number"), "{hidden}");
    }
    let white = r#"<ofd:TextObject ID="101" Boundary="0 0 1 1" Size="3"><ofd:FillColor Value="255 255 255"/><ofd:TextCode X="0" Y="0">1</ofd:TextCode></ofd:TextObject><ofd:TextObject ID="101""#;
    let file = replaced("digital-invoice", With::Data, PAGE, visible, white);
    let document = read(&file).unwrap().documents.remove(0);
    assert!(document.doubts.is_empty() && document.identity.is_some());
}

#[test]
fn all_lists_of_attachments_count() {
    let two = "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments><ofd:Attachments>Other.xml</ofd:Attachments>";
    let file = replaced(
        "digital-invoice",
        With::Data,
        DOCUMENT,
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>",
        two,
    );
    let document = read(&file).unwrap().documents.remove(0);
    assert!(document.doubts[0].contains("Other.xml is named and not there"));
}

/// What is read of all documents in a file is bounded together.
#[test]
fn many_documents_share_what_is_drawn() {
    let body = "<DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody>";
    let letters = format!(
        r#"<Page><Content><Layer><TextObject Size="1"><TextCode X="0" Y="0">{}</TextCode></TextObject></Layer></Content></Page>"#,
        "字".repeat(200_000)
    );
    let of = |bodies: usize| {
        let mut parts = ofd_parts("rail-ticket", With::FaceAlone);
        for (name, text) in &mut parts {
            match name.as_str() {
                "OFD.xml" => *text = format!("<OFD>{}</OFD>", body.repeat(bodies)),
                PAGE => *text = letters.clone(),
                _ => {}
            }
        }
        zipped(&parts)
    };
    read(&of(4)).unwrap();
    check_refused(&of(6), "ofd-too-complex");
}

#[test]
fn an_element_below_another_parent_never_counts() {
    let xml = xml("digital-invoice").unwrap();
    let check = |from: &str, to: &str, name: &str| {
        assert!(xml.contains(from));
        let reading = read(xml.replacen(from, to, 1).as_bytes()).unwrap();
        assert!(reading.documents[0].fact(name).is_none(), "{name}");
    };
    let number = "<InvoiceNumber>25992000000000012345</InvoiceNumber>";
    check(number, &format!("<X>{number}</X>"), "number");
    // Of elements in the place of a text programs take different parts.
    for odd in ["<X>25992000000000012345</X>", "2599200000000001234<X/>5"] {
        let odd = format!("<InvoiceNumber>{odd}</InvoiceNumber>");
        check_refused(xml.replace(number, &odd).as_bytes(), "xml-malformed");
    }
    check(
        number,
        &format!("{number}<InvoiceNumber>1</InvoiceNumber>"),
        "number",
    );
    check(
        "<BuyerInformation>",
        "<BuyerInformation><BuyerName>丙</BuyerName>",
        "buyer",
    );
    // Other languages have roots of these names, too.
    for other in [
        "<EInvoice/>",
        "<EInvoice><EInvoiceData><Main/><BasicInformation/></EInvoiceData></EInvoice>",
        "<xbrl/>",
        r#"<xbrl xmlns="http://www.xbrl.org/2003/instance"><Fare>1</Fare></xbrl>"#,
        r#"<xbrl xmlns="http://www.xbrl.org/2003/instance"><a:Fare xmlns:a="urn:a/rai">1</a:Fare></xbrl>"#,
    ] {
        assert_eq!(
            read(other.as_bytes()).unwrap().format,
            Format::Unknown,
            "{other}"
        );
    }
}

#[test]
fn references_are_absolute_or_relative_and_in_any_case() {
    for (part, from, to) in [
        (
            DOCUMENT,
            "Attachs/Attachments.xml",
            "/Doc_0/Attachs/Attachments.xml",
        ),
        (
            DOCUMENT,
            "Attachs/Attachments.xml",
            "../Doc_0/./Attachs/Attachments.xml",
        ),
        (
            DOCUMENT,
            "Pages/Page_0/Content.xml",
            "/Doc_0/Pages/Page_0/Content.xml",
        ),
        (DOCUMENT, "Tpls/Tpl_0/Content.xml", "TPLS/tpl_0/Content.xml"),
        ("OFD.xml", "Doc_0/Document.xml", "/Doc_0/Document.xml"),
        (
            LIST,
            ">original_invoice.xml",
            ">/Doc_0/Attachs/original_invoice.xml",
        ),
        // Some producers write it from the folder of the document.
        (
            LIST,
            ">original_invoice.xml",
            ">Attachs/original_invoice.xml",
        ),
    ] {
        let file = replaced("digital-invoice", With::Data, part, from, to);
        check_facts("digital-invoice", &read(&file).unwrap(), to);
    }
    for outside in [
        "../../x.xml",
        "/../x.xml",
        "..",
        "/",
        "\\x.xml",
        "http://a/x.xml",
    ] {
        let file = replaced(
            "digital-invoice",
            With::Data,
            LIST,
            ">original_invoice.xml",
            &format!(">{outside}"),
        );
        let reading = read(&file).unwrap();
        assert_eq!(reading.format, Format::Ofd, "{outside}");
        let file = replaced(
            "digital-invoice",
            With::Data,
            "OFD.xml",
            "Doc_0/Document.xml",
            outside,
        );
        check_refused(&file, "ofd-malformed");
    }
}

#[test]
fn missing_parts_are_told_or_refused() {
    check_refused(&with_part("rail-ticket", DOCUMENT, None), "ofd-malformed");
    for (part, words) in [
        (LIST, "named and not there"),
        (ATTACHED, "attached and not there"),
        (PAGE, "named and not there"),
        (TEMPLATE, "named and not there"),
    ] {
        let document = read(&with_part("rail-ticket", part, None))
            .unwrap()
            .documents
            .remove(0);
        assert!(
            document.doubts.iter().any(|doubt| doubt.contains(words)),
            "{part}"
        );
    }
    for (entry, kind) in [
        ("<OFD/>", "ofd-malformed"),
        ("<OFD><DocBody/></OFD>", "ofd-malformed"),
        (
            "<OFD><DocBody><DocRoot>a</DocRoot><DocRoot>b</DocRoot></DocBody></OFD>",
            "ofd-malformed",
        ),
        ("<Other/>", "ofd-malformed"),
        ("no xml", "ofd-malformed"),
        ("<OFD", "ofd-malformed"),
        ("<OFD><DocBody></OFD>", "xml-malformed"),
    ] {
        check_refused(&with_part("rail-ticket", "OFD.xml", Some(entry)), kind);
    }
}

#[test]
fn loops_and_bombs_end() {
    // Every reference leads back to where it stands.
    let entry = "<OFD><DocBody><DocRoot>OFD.xml</DocRoot></DocBody></OFD>";
    check_refused(
        &with_part("rail-ticket", "OFD.xml", Some(entry)),
        "ofd-malformed",
    );
    for (from, to) in [
        ("Pages/Page_0/Content.xml", "Document.xml"),
        ("Attachs/Attachments.xml", "Document.xml"),
    ] {
        check_refused(
            &replaced("rail-ticket", With::Data, DOCUMENT, from, to),
            "ofd-malformed",
        );
    }
    let file = replaced(
        "rail-ticket",
        With::Data,
        DOCUMENT,
        "Tpls/Tpl_0/Content.xml",
        "Pages/Page_0/Content.xml",
    );
    read(&file).unwrap();
    let own = r#"<Attachments><Attachment Format="xml"><FileLoc>Attachments.xml</FileLoc></Attachment></Attachments>"#;
    assert_eq!(
        read(&with_part("rail-ticket", LIST, Some(own)))
            .unwrap()
            .format,
        Format::Ofd
    );

    let laughs = format!(
        r#"<!DOCTYPE eInvoice [<!ENTITY a "ha">{}]><eInvoice><InvoiceNo>&b9;</InvoiceNo></eInvoice>"#,
        (0..10)
            .map(|n| format!("<!ENTITY b{n} '&a;&a;'>"))
            .collect::<String>()
    );
    check_refused(
        &with_part("rail-ticket", ATTACHED, Some(&laughs)),
        "doctype",
    );
    let laughs = laughs.replace("eInvoice", "Page");
    check_refused(&with_part("rail-ticket", PAGE, Some(&laughs)), "doctype");

    let tree = |depth: usize| {
        let (open, close) = ("<PageBlock>".repeat(depth), "</PageBlock>".repeat(depth));
        format!("<Page><Content><Layer>{open}{close}</Layer></Content></Page>")
    };
    read(&with_part("rail-ticket", PAGE, Some(&tree(50)))).unwrap();
    check_refused(
        &with_part("rail-ticket", PAGE, Some(&tree(5000))),
        "xml-too-complex",
    );

    let many = |text: &str, count: usize| text.repeat(count);
    let flood = |body: &str| {
        format!("<OFD><DocBody>{body}<DocRoot>Doc_0/Document.xml</DocRoot></DocBody></OFD>")
    };
    let custom = many(r#"<CustomData Name="发票号码">1</CustomData>"#, 1_025);
    let custom = flood(&format!(
        "<DocInfo><CustomDatas>{custom}</CustomDatas></DocInfo>"
    ));
    check_refused(
        &with_part("rail-ticket", "OFD.xml", Some(&custom)),
        "ofd-too-complex",
    );
    let bodies = many(
        "<DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody>",
        17,
    );
    let bodies = format!("<OFD>{bodies}</OFD>");
    check_refused(
        &with_part("rail-ticket", "OFD.xml", Some(&bodies)),
        "ofd-too-complex",
    );
    let attachments = many(
        "<Attachment><FileLoc>original_invoice.xml</FileLoc></Attachment>",
        65,
    );
    let attachments = format!("<Attachments>{attachments}</Attachments>");
    check_refused(
        &with_part("rail-ticket", LIST, Some(&attachments)),
        "ofd-too-complex",
    );
    // The same page again and again, and a template with many texts below each page.
    let page = r#"<Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>"#;
    let pages = |count: usize| {
        format!(
            r#"<Document><CommonData><TemplatePage ID="9" BaseLoc="Tpls/Tpl_0/Content.xml"/></CommonData><Pages>{}</Pages></Document>"#,
            page.repeat(count)
        )
    };
    check_refused(
        &with_part("rail-ticket", DOCUMENT, Some(&pages(513))),
        "ofd-too-complex",
    );
    let text = |n: usize| {
        format!(r#"<TextObject Size="1"><TextCode X="{n}" Y="1">1</TextCode></TextObject>"#)
    };
    let texts: String = (0..1_000).map(text).collect();
    let template = format!("<Page><Content><Layer>{texts}</Layer></Content></Page>");
    let mut parts = ofd_parts("rail-ticket", With::Data);
    parts.retain(|(name, _)| name != DOCUMENT && name != TEMPLATE);
    parts.push((DOCUMENT.to_owned(), pages(400)));
    parts.push((TEMPLATE.to_owned(), template));
    check_refused(&zipped(&parts), "ofd-too-complex");
    let letters = format!(
        r#"<Page><Content><Layer><TextObject Size="1"><TextCode X="0" Y="0" DeltaX="g 99999999 1">{}</TextCode></TextObject></Layer></Content></Page>"#,
        "字".repeat(1_000_001)
    );
    check_refused(
        &with_part("rail-ticket", PAGE, Some(&letters)),
        "ofd-too-complex",
    );
}

#[test]
fn several_documents_in_one_file_are_several() {
    let invoice = ofd_parts("digital-invoice", With::Data);
    let rename = |text: String| text.replace("Doc_0/", "Doc_1/");
    let mut parts = ofd_parts("rail-ticket", With::Data);
    let entry = parts
        .iter()
        .position(|(name, _)| name == "OFD.xml")
        .unwrap();
    let body = |parts: &[(String, String)]| {
        let text = &parts.iter().find(|(name, _)| name == "OFD.xml").unwrap().1;
        let from = text.find("<ofd:DocBody>").unwrap();
        text[from..text.find("</ofd:OFD>").unwrap()].to_owned()
    };
    let second = rename(body(&invoice));
    parts[entry].1 = parts[entry]
        .1
        .replace("</ofd:OFD>", &format!("{second}</ofd:OFD>"));
    let others = invoice.into_iter().filter(|(name, _)| name != "OFD.xml");
    parts.extend(others.map(|(name, text)| (rename(name), text)));
    let reading = read(&zipped(&parts)).unwrap();
    let found: Vec<_> = reading
        .documents
        .iter()
        .map(|document| {
            (
                document.part.as_str(),
                document.profile.name(),
                document.missing.len(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Doc_0/Document.xml", "cn.rail-ticket", 0),
            ("Doc_1/Document.xml", "cn.digital-invoice", 0)
        ]
    );
}

#[test]
fn xml_is_read_as_each_producer_writes_it() {
    let facts = |xml: &str| -> BTreeMap<String, String> {
        let document = read(xml.as_bytes()).unwrap().documents.remove(0);
        let facts = document.facts.into_iter();
        facts.map(|fact| (fact.name, fact.value)).collect()
    };
    let check = |document: &str, from: &str, to: &str, name: &str, value: Option<&str>| {
        let xml = xml(document).unwrap();
        assert!(xml.contains(from), "{from}");
        let facts = facts(&xml.replace(from, to));
        assert_eq!(facts.get(name).map(String::as_str), value, "{to}: {name}");
    };
    // Without the part of the tax authority the number stands in the header.
    let supervision = "<TaxSupervisionInfo><InvoiceNumber>25992000000000012345</InvoiceNumber><IssueTime>2025-06-18 10:11:13</IssueTime></TaxSupervisionInfo>";
    check(
        "digital-invoice",
        supervision,
        "",
        "number",
        Some("25992000000000012345"),
    );
    check(
        "digital-invoice",
        supervision,
        "",
        "issue-date",
        Some("2025-06-18"),
    );
    // It is the number only if it has its form.
    for other in [
        "2599200000000001234",
        "259920000000000123456",
        "2599200000000001234X",
        "",
    ] {
        let header = "<EIid>25992000000000012345</EIid>";
        let xml = xml("digital-invoice").unwrap().replace(supervision, "");
        let xml = xml.replace(header, &format!("<EIid>{other}</EIid>"));
        let document = read(xml.as_bytes()).unwrap().documents.remove(0);
        assert_eq!(document.missing, ["number"], "{other}");
    }
    let short = xml("rail-ticket")
        .unwrap()
        .replace("25999122540000567890", "25999122");
    let short = read(short.as_bytes()).unwrap().documents.remove(0);
    assert_eq!(short.missing, ["number of 20 digits"]);
    // A header's identifier of another form is no contradiction.
    check(
        "digital-invoice",
        "<EIid>25992",
        "<EIid>EI-25992",
        "number",
        Some("25992000000000012345"),
    );
    // A red invoice takes back.
    check(
        "digital-invoice",
        "Amount>1060.00<",
        "Amount>-1060.00<",
        "total",
        Some("-106000"),
    );
    // A bill in another currency has no amount in yuan.
    let currency = |code: &str| format!("<CurrencyType>{code}</CurrencyType>");
    for yuan in ["CNY", "人民币", "156", " "] {
        check(
            "fiscal-bill",
            "<CurrencyType/>",
            &currency(yuan),
            "total",
            Some("18850"),
        );
    }
    check(
        "fiscal-bill",
        "<CurrencyType/>",
        &currency("USD"),
        "total",
        None,
    );
    check(
        "fiscal-bill",
        "<CurrencyType/>",
        &currency("USD"),
        "currency",
        None,
    );
    // Of several flights none is the day of the journey.
    let flight = "<atr:DetailInformationOfAirTicketTuple>";
    let second = format!("{flight}<atr:CarrierDate>2025-04-30</atr:CarrierDate></atr:DetailInformationOfAirTicketTuple>{flight}");
    check("air-ticket", flight, &second, "travel-date", None);
    check(
        "air-ticket",
        "IssueParty",
        "NameOfSeller",
        "seller",
        Some("某某航空股份有限公司"),
    );
    check(
        "rail-ticket",
        "2021-11-30",
        "2025-05-15",
        "number",
        Some("25999122540000567890"),
    );
    check(
        "rail-ticket",
        "xbrl.mof.gov.cn/taxonomy",
        "example.org/taxonomy",
        "number",
        None,
    );
    // The VAT e-invoice, and the one with 20 digits and no code.
    let einvoice = |inner: &str| {
        format!(
            r#"<eInvoice xmlns:fp="http://www.edrm.org.cn/schema/e-invoice/2019" Version="1.0">{inner}<fp:Seller><fp:SellerTaxID>91990101MA0X0001A1</fp:SellerTaxID></fp:Seller></eInvoice>"#
        )
    };
    for (inner, profile) in [
        (
            "<fp:InvoiceCode>099002500111</fp:InvoiceCode><fp:InvoiceNo>00000042</fp:InvoiceNo>",
            "cn.vat-einvoice",
        ),
        (
            "<fp:InvoiceCode/><fp:InvoiceNo>25992000000000012345</fp:InvoiceNo>",
            "cn.digital-invoice",
        ),
    ] {
        let document = read(einvoice(inner).as_bytes())
            .unwrap()
            .documents
            .remove(0);
        assert_eq!(document.profile.name(), profile);
        assert!(document.identity.is_some());
    }
    let half = einvoice("<fp:InvoiceNo>00000042</fp:InvoiceNo>");
    let document = read(half.as_bytes()).unwrap().documents.remove(0);
    assert_eq!(document.missing, ["code before the number"]);
}

#[test]
fn tags_name_the_objects_of_the_page() {
    let tagged = |object: &str| {
        let mut parts = ofd_parts("digital-invoice", With::FaceAlone);
        let document = parts.iter_mut().find(|(name, _)| name == DOCUMENT).unwrap();
        document.1 = document.1.replace(
            "</ofd:Document>",
            "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags></ofd:Document>",
        );
        parts.push((
            "Doc_0/Tags/CustomTags.xml".to_owned(),
            r#"<CustomTags><CustomTag TypeID=""><FileLoc>Tag.xml</FileLoc></CustomTag></CustomTags>"#.to_owned(),
        ));
        parts.push((
            "Doc_0/Tags/Tag.xml".to_owned(),
            format!(r#"<fp:e-invoice xmlns:fp="urn:fp"><fp:eInvoice><fp:TypeCode><ObjectData>0</ObjectData></fp:TypeCode><fp:InvoiceNo><ObjectRef PageRef="10">{object}</ObjectRef></fp:InvoiceNo></fp:eInvoice></fp:e-invoice>"#),
        ));
        read(&zipped(&parts)).unwrap()
    };
    // Two objects of the page and its template have each of these ids, the last of the page is alone.
    let page = ofd_parts("digital-invoice", With::FaceAlone);
    let page = &page.iter().find(|(name, _)| name == PAGE).unwrap().1;
    let last = page
        .rsplit_once("TextObject ID=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0;
    let reading = tagged(last);
    assert_eq!(
        reading.documents[0].fact("document-type").unwrap().value,
        "0"
    );
    check_facts("digital-invoice", &tagged("7"), "tag of no object");
    check_facts(
        "digital-invoice",
        &tagged("101"),
        "tag of an object that is there twice",
    );
}

const INVOICES: &str = "invoices/ofd-china";
const LICENCES: &str = "certificates/elicence-china-ofd";

#[test]
fn the_real_ofds_agree_with_the_ground_truth() {
    let Some(corpus) = corpus() else { return };
    let truth: Value =
        serde_json::from_slice(&fs::read(corpus.join("ground-truth.json")).unwrap()).unwrap();
    let mut count = 0;
    for document in truth["documents"].as_array().unwrap() {
        if !document["format"].as_str().unwrap().starts_with("OFD") {
            continue;
        }
        count += 1;
        let file = document["file"].as_str().unwrap();
        let stated = read(&fs::read(corpus.join(file)).unwrap()).unwrap();
        let stated = &stated.documents[0];
        let field = |name: &str| document["fields"][name]["value"].as_str();
        let fact = |name: &str| stated.fact(name).map(|fact| fact.value.as_str());
        assert_eq!(fact("seller-id"), field("seller_tax_id"), "{file}");
        assert_eq!(fact("number"), field("invoice_number"), "{file}");
        assert_eq!(fact("series"), field("invoice_code"), "{file}");
        assert_eq!(fact("issue-date"), field("issue_date"), "{file}");
        assert_eq!(fact("currency"), field("currency"), "{file}");
        assert_eq!(fact("document-type"), field("document_type"), "{file}");
        let total = field("total").map(|total| minor_units(total, 2));
        assert_eq!(fact("total"), total.as_deref(), "{file}");
        let identity = stated.identity.clone().unwrap();
        assert_eq!(Some(identity.legal_issuer.as_str()), field("seller_tax_id"));
        assert!(stated.profile.normalise(&identity).is_ok(), "{file}");
    }
    println!("{count} OFDs agree with the ground truth");
    assert_eq!(count, 2);
}

/// What no ground truth gives was read from the pages by a person.
#[test]
fn the_real_ofds_give_what_their_pages_show() {
    let Some(corpus) = corpus() else { return };
    let check = |folder: &str, file: &str, missing: &[&str], facts: &[(&str, &str)]| {
        let path = corpus.join(folder).join(file);
        let stated = read(&fs::read(path).unwrap()).unwrap().documents.remove(0);
        assert_eq!(stated.missing, missing, "{file}");
        assert!(stated.doubts.is_empty(), "{file}: {:?}", stated.doubts);
        let found: Vec<(&str, &str)> = stated
            .facts
            .iter()
            .map(|fact| (fact.name.as_str(), fact.value.as_str()))
            .collect();
        assert_eq!(found, facts, "{file}");
    };
    let restaurant = [
        ("buyer", "科游迈利有限公司"),
        ("buyer-id", "9150010807MGZHI002"),
        ("check-code", "14754822929856772523"),
        ("currency", "CNY"),
        ("document-type", "0"),
        ("issue-date", "2020-10-10"),
        ("number", "99999951"),
        ("seller", "杭州融易算企业管理咨询有限公司"),
        ("seller-id", "91500106MA2CE71F65"),
        ("series", "050001700111"),
        ("tax", "1800"),
        ("total", "31800"),
        ("total-without-tax", "30000"),
    ];
    check(
        INVOICES,
        "ofdrw-converter/src/test/resources/fapiao-example.ofd",
        &[],
        &restaurant,
    );
    check(
        INVOICES,
        "ofdrw-sign/src/test/resources/v4signed.ofd",
        &[],
        &restaurant,
    );
    let meals = [
        ("buyer", "个人"),
        ("check-code", "16630282980991510014"),
        ("currency", "CNY"),
        ("document-type", "0"),
        ("issue-date", "2020-08-05"),
        ("number", "12235358"),
        ("seller", "财天下科技有限公司"),
        ("seller-id", "91500102563638729E"),
        ("series", "050001700111"),
        ("tax", "60000"),
        ("total", "1060000"),
        ("total-without-tax", "1000000"),
    ];
    check(
        INVOICES,
        "ofdrw-converter/src/test/resources/999.ofd",
        &[],
        &meals,
    );
    // The same without the XML, which alone gives its type a code.
    let (typed, rest): (Vec<_>, Vec<_>) = meals
        .into_iter()
        .partition(|(name, _)| *name == "document-type");
    assert_eq!(typed.len(), 1);
    check(
        INVOICES,
        "ofdrw-layout/src/test/resources/fptpl.ofd",
        &[],
        &rest,
    );
    check(
        INVOICES,
        "ofdrw-converter/src/test/resources/draw_param_ref.ofd",
        &[],
        &[
            ("buyer", "百望股份有限公司"),
            ("buyer-id", "91110108339805094M"),
            ("check-code", "03272875819686271285"),
            ("currency", "CNY"),
            ("document-type", "0"),
            ("issue-date", "2020-02-20"),
            ("number", "71500013"),
            ("seller", "ukey测试"),
            ("seller-id", "91110101202001201"),
            ("series", "011002680026"),
            ("tax", "29100"),
            ("total", "1000000"),
            ("total-without-tax", "970900"),
        ],
    );
    // No words name the body that issued it: its seal would have stood there. The one annotation is the
    // picture of a code with a link to a portal, and the certificates of both signatures name a device.
    check(
        LICENCES,
        "ofdrw-converter/src/test/resources/testImageNotFound.ofd",
        &["issuing body"],
        &[
            ("holder", "test123"),
            ("issue-date", "2022-11-01"),
            ("number", "T32132132132132132"),
            ("title", "矿产资源勘查许可证"),
            ("valid-from", "2022-11-01"),
        ],
    );
    // Page 2 is printed as the annex of such a permit, to be issued together with it (本附件随《建筑工程
    // 施工许可证》一并核发) and valid only together (同时使用方可有效), and beside 施工许可证编号 it names
    // another permit than page 1 does. Either page may be the wrong one; a clerk sends both back.
    let path = "ofdrw-converter/src/test/resources/zsbk.ofd";
    let file = fs::read(corpus.join(LICENCES).join(path)).unwrap();
    let permit = read(&file).unwrap().documents.remove(0);
    assert_eq!(permit.identity, None);
    assert!(permit.missing[0].contains("several"));
    assert_eq!(permit.doubts.len(), 1, "{:?}", permit.doubts);
    for number in ["420000202012394121", "420000202012390111"] {
        assert!(permit.doubts[0].contains(number), "{:?}", permit.doubts);
    }
    for (name, value) in [
        ("holder", "中华安保有限公司"),
        ("issue-date", "2020-10-09"),
        ("issuer", "某某省住房和城乡建设厅"),
        ("number", "420000202012394121"),
        ("title", "建筑工程施工许可证"),
    ] {
        assert_eq!(permit.fact(name).map(|fact| &fact.value[..]), Some(value));
    }
    println!("7 OFDs give what their pages show");
}

#[test]
fn a_name_that_takes_two_lines_is_whole() {
    let (whole, first, second) = ("某某市青禾贸易有限公司", "某某市青禾", "贸易有限公司");
    let lines = |step: &str| {
        let drawn = format!("{first}</ofd:TextCode><ofd:TextCode X=\"{step}\" Y=\"7.0\">{second}<");
        let file = replaced(
            "digital-invoice",
            With::FaceAlone,
            PAGE,
            &format!("{whole}<"),
            &drawn,
        );
        read(&file).unwrap()
    };
    check_facts("digital-invoice", &lines("0"), "two lines");
    let unclear = lines("8").documents.remove(0);
    assert!(unclear.fact("buyer").is_none() && unclear.identity.is_some());
}

#[test]
fn a_page_behind_that_is_another_invoice_contradicts() {
    let parts = ofd_parts("digital-invoice", With::FaceAlone);
    let text = |name: &str, parts: &[(String, String)]| {
        let part = parts.iter().find(|(other, _)| other == name);
        part.unwrap().1.clone()
    };
    let second = |number: &str| {
        let mut parts = parts.clone();
        let page = text(PAGE, &parts).replace("25992000000000012345", number);
        let pages = text(DOCUMENT, &parts).replace(
            "</ofd:Pages>",
            "<ofd:Page ID=\"11\" BaseLoc=\"Pages/Page_1/Content.xml\"/></ofd:Pages>",
        );
        parts.retain(|(name, _)| name != DOCUMENT);
        parts.push((DOCUMENT.to_owned(), pages));
        parts.push(("Doc_0/Pages/Page_1/Content.xml".to_owned(), page));
        read(&zipped(&parts)).unwrap()
    };
    check_facts("digital-invoice", &second("25992000000000012345"), "a copy");
    let two = second("25992000000000012346").documents.remove(0);
    assert_eq!(two.identity, None);
    assert!(two.missing[0].contains("several"));
    assert_eq!(two.doubts.len(), 1);
}

/// The pages alone must give what the rest of the file gives: no page is taken on trust.
#[test]
fn the_faces_of_the_real_invoices_agree_with_their_xml() {
    let Some(corpus) = corpus() else { return };
    for file in [
        "ofdrw-converter/src/test/resources/999.ofd",
        "ofdrw-converter/src/test/resources/draw_param_ref.ofd",
        "ofdrw-converter/src/test/resources/fapiao-example.ofd",
        "ofdrw-layout/src/test/resources/fptpl.ofd",
    ] {
        let bytes = fs::read(corpus.join(INVOICES).join(file)).unwrap();
        let whole = read(&bytes).unwrap().documents.remove(0);
        let parts: Vec<(String, Vec<u8>)> = files(&bytes)
            .unwrap()
            .into_iter()
            .filter(|(name, _)| !name.contains("Attachs") && !name.contains("Tags"))
            .map(|(name, content)| match name.as_str() {
                // Without its custom data.
                "OFD.xml" => (
                    name,
                    b"<OFD><DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody></OFD>".to_vec(),
                ),
                _ => (name, content),
            })
            .collect();
        let alone = read(&zipped_bytes(&parts)).unwrap().documents.remove(0);
        assert_eq!(alone.identity, whole.identity, "{file}: {alone:#?}");
        for name in ["issue-date", "total", "seller", "buyer"] {
            assert!(alone.fact(name).is_some(), "{file}: {name} of {alone:#?}");
        }
        for fact in &alone.facts {
            let other = whole.fact(&fact.name).map(|fact| &fact.value);
            assert_eq!(Some(&fact.value), other, "{file}: {}", fact.name);
        }
    }
}

/// Without any text the picture of the code is what is left of the face.
#[test]
fn the_codes_of_the_real_invoices_are_read() {
    let Some(corpus) = corpus() else { return };
    for (file, number) in [
        (
            "ofdrw-converter/src/test/resources/fapiao-example.ofd",
            "99999951",
        ),
        ("ofdrw-layout/src/test/resources/fptpl.ofd", "12235358"),
    ] {
        let bytes = fs::read(corpus.join(INVOICES).join(file)).unwrap();
        let parts: Vec<(String, Vec<u8>)> = files(&bytes)
            .unwrap()
            .into_iter()
            .filter(|(name, _)| !name.contains("Attachs") && !name.contains("Tags"))
            .map(|(name, content)| match name.rsplit('/').next() {
                Some("OFD.xml") => (
                    name,
                    b"<OFD><DocBody><DocRoot>Doc_0/Document.xml</DocRoot></DocBody></OFD>".to_vec(),
                ),
                Some("Content.xml") => {
                    let text = String::from_utf8(content).unwrap();
                    (name, text.replace("TextObject", "OtherObject").into_bytes())
                }
                _ => (name, content),
            })
            .collect();
        let document = read(&zipped_bytes(&parts)).unwrap().documents.remove(0);
        assert_eq!(
            document.fact("number").map(|fact| fact.value.as_str()),
            Some(number),
            "{file}"
        );
        assert!(
            document.fact("number").unwrap().place.ends_with(".png"),
            "{file}"
        );
    }
}
