use super::*;
use crate::{Format, Identity, Stated};

const UBL: &str = include_str!("../../tests/samples/invoice-ubl.xml");
const CII: &str = include_str!("../../tests/samples/invoice-cii.xml");
const ZUGFERD_1: &str = include_str!("../../tests/samples/invoice-zugferd1.xml");

fn format(xml: &str) -> Format {
    read(xml.as_bytes()).unwrap().unwrap().format
}

fn reading(xml: &str) -> Stated {
    read(xml.as_bytes()).unwrap().unwrap().documents.remove(0)
}

fn stated(reading: &Stated) -> Vec<(&str, &str)> {
    let facts = reading.facts.iter();
    facts
        .map(|fact| (fact.name.as_str(), fact.value.as_str()))
        .collect()
}

fn value<'r>(reading: &'r Stated, name: &str) -> Option<&'r str> {
    let fact = reading.facts.iter().find(|fact| fact.name == name)?;
    Some(&fact.value)
}

/// The sample with one place changed; it fails if the place is not there.
fn with(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "{from}");
    xml.replacen(from, to, 1)
}

#[test]
fn both_syntaxes_give_one_identity_and_the_same_facts() {
    let (ubl, cii) = (reading(UBL), reading(CII));
    assert_eq!((format(UBL), format(CII)), (Format::Ubl, Format::Cii));
    let identity = Identity {
        legal_issuer: "DE 123 456 789".to_owned(),
        class: "invoice".to_owned(),
        series: String::new(),
        number: "R-0042".to_owned(),
        period: String::new(),
    };
    assert_eq!(ubl.identity, Some(identity));
    assert_eq!(ubl.identity, cii.identity);
    assert_eq!(
        stated(&ubl),
        [
            ("buyer", "Käufer AG"),
            ("buyer-id", "HRB 2"),
            ("currency", "EUR"),
            ("document-type", "380"),
            ("due", "11900"),
            ("due-date", "2026-06-03"),
            ("issue-date", "2026-05-04"),
            ("number", "R-0042"),
            ("preceding", "R-0041"),
            ("seller", "Muster GmbH"),
            ("seller-id", "DE 123 456 789"),
            ("tax", "1900"),
            ("total", "11900"),
            ("total-without-tax", "10000"),
        ]
    );
    assert_eq!(stated(&ubl), stated(&cii));
    assert!(ubl.missing.is_empty() && cii.missing.is_empty());
}

#[test]
fn zugferd_1_is_read() {
    let reading = reading(ZUGFERD_1);
    assert_eq!(format(ZUGFERD_1), Format::Cii);
    assert_eq!(reading.identity.as_ref().unwrap().number, "R-0042");
    assert_eq!(value(&reading, "total"), Some("11900"));
    assert_eq!(value(&reading, "issue-date"), Some("2026-05-04"));
}

#[test]
fn places_lead_back_to_the_element() {
    let reading = reading(UBL);
    let place = |name: &str| {
        reading
            .facts
            .iter()
            .find(|fact| fact.name == name)
            .unwrap()
            .place
            .as_str()
    };
    assert_eq!(place("number"), "/Invoice/ID");
    assert_eq!(
        place("seller-id"),
        "/Invoice/AccountingSupplierParty/Party/PartyTaxScheme[2]/CompanyID"
    );
}

#[test]
fn the_seller_is_named_by_the_best_identifier_that_there_is() {
    let check = |xml: &str, issuer: Option<&str>| {
        let reading = reading(xml);
        let found = reading
            .identity
            .as_ref()
            .map(|identity| identity.legal_issuer.as_str());
        assert_eq!(found, issuer);
        assert_eq!(reading.missing.is_empty(), issuer.is_some());
        if issuer.is_none() {
            assert_eq!(reading.missing, ["seller identifier"]);
        }
    };
    let ubl = with(UBL, "> DE 123 456 789 <", "> <");
    let cii = with(CII, ">DE 123 456 789<", "><");
    check(&ubl, Some("201/113/40209"));
    check(&cii, Some("201/113/40209"));
    // A remark in the place of a tax registration identifies nobody.
    let ubl = with(&ubl, "201/113/40209", "Godkänd för F-skatt");
    let cii = with(&cii, "201/113/40209", "Godkänd för F-skatt");
    check(&ubl, Some("HRB 1"));
    check(&cii, Some("HRB 1"));
    let ubl = with(&ubl, "HRB 1", "");
    let cii = with(&cii, "HRB 1", "");
    check(&ubl, Some("4000001123452"));
    check(&cii, Some("4000001123452"));
    let ubl = with(&ubl, "4000001123452", "");
    let cii = with(&cii, "4000001123452", "");
    check(&ubl, None);
    check(&cii, None);
}

#[test]
fn the_class_follows_the_type_code_in_both_syntaxes() {
    let check = |code: &str, class: Option<&str>| {
        for xml in [
            with(UBL, ">380<", &format!(">{code}<")),
            with(CII, ">380<", &format!(">{code}<")),
        ] {
            let reading = reading(&xml);
            assert_eq!(
                reading
                    .identity
                    .as_ref()
                    .map(|identity| identity.class.as_str()),
                class,
                "{code}"
            );
        }
    };
    for code in ["380", "384", "389", "326", "875"] {
        check(code, Some("invoice"));
    }
    for code in [
        "381", "396", "81", "83", "261", "262", "296", "308", "420", "458", "502", "503", "532",
    ] {
        check(code, Some("credit-note"));
    }
    for code in ["", "38", "3801", "38 0", "999"] {
        check(code, None);
    }
    let credit_note = UBL
        .replace("Invoice-2", "CreditNote-2")
        .replace("ubl:Invoice", "ubl:CreditNote")
        .replace("InvoiceTypeCode", "CreditNoteTypeCode");
    assert_eq!(reading(&credit_note).identity.unwrap().class, "credit-note");
}

#[test]
fn what_is_written_twice_with_different_values_is_not_written() {
    let twice = with(
        UBL,
        "<cbc:ID>R-0042</cbc:ID>",
        "<cbc:ID>R-0042</cbc:ID><cbc:ID>R-0043</cbc:ID>",
    );
    let reading_twice = reading(&twice);
    assert_eq!(reading_twice.identity, None);
    assert_eq!(reading_twice.missing, ["invoice number"]);
    assert_eq!(value(&reading_twice, "number"), None);
    let doubt = &reading_twice.doubts[0];
    assert!(
        doubt.starts_with("number is R-0042 at /Invoice/ID[1] and "),
        "{doubt}"
    );
    let same = with(
        UBL,
        "<cbc:ID>R-0042</cbc:ID>",
        "<cbc:ID>R-0042</cbc:ID><cbc:ID> R-0042 </cbc:ID>",
    );
    assert_eq!(reading(&same).identity, reading(UBL).identity);
    let party = "<cac:AccountingSupplierParty/>";
    let split = with(
        UBL,
        "<cac:AccountingSupplierParty>",
        "<cac:AccountingSupplierParty><cac:Party/>",
    );
    assert_eq!(reading(&split).identity, None);
    let empty = with(
        UBL,
        "<cac:AccountingSupplierParty>",
        &format!("{party}<cac:AccountingSupplierParty>"),
    );
    assert_eq!(reading(&empty).identity, reading(UBL).identity);
}

#[test]
fn a_comment_does_not_cut_a_value_and_an_element_is_none() {
    let commented = with(UBL, ">R-0042<", ">R-<!-- -->00<![CDATA[42]]><");
    assert_eq!(reading(&commented).identity.unwrap().number, "R-0042");
    let nested = with(UBL, ">R-0042<", ">R-0042<cbc:ID>R-0043</cbc:ID><");
    assert_eq!(reading(&nested).identity, None);
}

#[test]
fn foreign_namespaces_are_not_looked_into() {
    let foreign = with(
        UBL,
        "<cbc:ID>R-0042",
        "<x:ID xmlns:x='urn:x'>R-0043</x:ID><cbc:ID>R-0042",
    );
    assert_eq!(reading(&foreign).identity.unwrap().number, "R-0042");
    for (from, to) in [
        ("schema:xsd:Invoice-2", "schema:xsd:Invoice-3"),
        ("ubl:Invoice", "cac:Invoice"),
    ] {
        let other = UBL.replace(from, to);
        assert_eq!(read(other.as_bytes()), Ok(None));
    }
    for other in [
        "<html></html>",
        "<!DOCTYPE html><html>",
        "<a",
        "<",
        "<?xml?>",
        "<Invoice/>",
        "<CreditNote xmlns='x'/>",
    ] {
        assert_eq!(read(other.as_bytes()), Ok(None), "{other}");
    }
}

#[test]
fn amounts_that_are_not_exact_or_of_another_currency_are_left_out() {
    let check = |from: &str, to: &str| {
        let reading = reading(&with(UBL, from, to));
        assert_eq!(value(&reading, "total"), None, "{to}");
        assert!(reading.identity.is_some());
    };
    check(">119.0<", ">119.001<");
    check(">119.0<", ">119,00<");
    check(">119.0<", "><");
    check(">EUR<", ">EURO<");
    check(">EUR<", "><");
    check("EUR\">119.0", "USD\">119.0");
}

#[test]
fn encodings_are_what_they_say() {
    let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = with(UBL, "UTF-8", "UTF-16");
        std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(unit)
            .collect()
    };
    let expected = read(UBL.as_bytes()).unwrap().unwrap();
    assert_eq!(read(&utf16(u16::to_be_bytes)), Ok(Some(expected.clone())));
    assert_eq!(read(&utf16(u16::to_le_bytes)), Ok(Some(expected.clone())));
    assert_eq!(
        read(format!("\u{FEFF}{UBL}").as_bytes()),
        Ok(Some(expected.clone()))
    );

    let latin: Vec<u8> = with(UBL, "UTF-8", "ISO-8859-1")
        .chars()
        .map(|c| u8::try_from(c).unwrap())
        .collect();
    assert_eq!(read(&latin), Ok(Some(expected.clone())));
    let mislabelled: Vec<u8> = UBL.chars().map(|c| u8::try_from(c).unwrap()).collect();
    assert_eq!(read(&mislabelled).unwrap_err().kind(), "encoding");
    let ascii = with(UBL, "Käufer", "Kaeufer");
    let unknown = with(&ascii, "UTF-8", "windows-1252");
    assert_eq!(read(unknown.as_bytes()), read(ascii.as_bytes()));
    for unknown in ["windows-125", "utf-7", "hz-gb-2312", "utf-16le"] {
        let unknown = with(UBL, "UTF-8", unknown);
        assert_eq!(read(unknown.as_bytes()).unwrap_err().kind(), "encoding");
        // Also where all bytes are ASCII: `+AEE-` is `A` in UTF-7.
        let unknown = with(&ascii, "UTF-8", "utf-7");
        assert_eq!(read(unknown.as_bytes()).unwrap_err().kind(), "encoding");
    }
    // As Chinese software writes and labels it.
    let chinese = with(UBL, "UTF-8", "GB2312")
        .replace("Käufer", "买方")
        .replace("\u{e4}", "a");
    let (gbk, _, unmappable) = encoding_rs::GBK.encode(&chinese);
    assert!(!unmappable);
    let stated = read(&gbk).unwrap().unwrap().documents.remove(0);
    assert_eq!(value(&stated, "buyer"), Some("买方 AG"));
    let mut odd = utf16(u16::to_be_bytes);
    odd.push(b'<');
    assert_eq!(read(&odd).unwrap_err().kind(), "encoding");
}

#[test]
fn hostile_xml_is_refused() {
    let check = |xml: String, kind: &str| {
        let refused = read(xml.as_bytes()).unwrap_err();
        assert_eq!(refused.kind(), kind, "{refused}");
        assert!(refused.to_string().len() < 400, "{refused}");
    };
    let prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    let entity = format!("{prolog}<!DOCTYPE Invoice [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>");
    check(
        with(UBL, prolog, &entity).replace("R-0042", "&a;"),
        "doctype",
    );
    check(
        with(UBL, prolog, &format!("{prolog}<!DOCTYPE ubl:Invoice>")),
        "doctype",
    );
    check(with(UBL, "R-0042", "&a;"), "xml-malformed");
    check(UBL[..UBL.len() / 2].to_owned(), "xml-malformed");
    check(
        with(UBL, "</cbc:ID>", &format!("</{}>", "x".repeat(10_000))),
        "xml-malformed",
    );
    check(
        with(UBL, "<cbc:ID>", &"<cbc:ID>".repeat(100)),
        "xml-too-complex",
    );
    check(
        with(
            UBL,
            "<cbc:ID>",
            &format!("<cbc:ID>{}", "<a/>".repeat(1_000_000)),
        ),
        "xml-too-complex",
    );
    check(with(UBL, "R-0042", &"9".repeat(1025)), "value-too-long");
}
