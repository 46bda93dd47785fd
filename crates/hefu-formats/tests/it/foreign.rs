//! Invoices of other countries, in samples of our own making: what is read of each, and what is not
//! when one place of it is changed.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use hefu_formats::{read, Format, Identity, Kind, Profile, Reading, Stated};
use proptest::prelude::*;

const FATTURAPA: &str = include_str!("../samples/fatturapa.xml");
const SIMPLIFIED: &str = include_str!("../samples/fatturapa-simplified.xml");
const CFDI: &str = include_str!("../samples/cfdi.xml");
const NFE: &str = include_str!("../samples/nfe.xml");
const NFSE: &str = include_str!("../samples/nfse.xml");
const GST: &str = include_str!("../samples/gst-invoice.json");
const GOBL: &str = include_str!("../samples/gobl.json");
/// In ISO 8859-1, as its `UNOC` says.
const EDIFACT: &[u8] = include_bytes!("../samples/invoic.edi");

/// The access key of the sample, and one of an issuer whose CNPJ has letters.
const KEY: &str = "35260511222333000181550020000007311407182552";
const KEY_WITH_LETTERS: &str = "35260712ABC34501DE35550020000007311407182550";

fn reading(bytes: impl AsRef<[u8]>) -> Reading {
    read(bytes.as_ref()).unwrap()
}

/// The one document.
fn document(bytes: impl AsRef<[u8]>) -> Stated {
    let mut documents = reading(bytes).documents;
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// The sample with one place changed; it fails if the place is not there.
fn with(sample: &str, from: &str, to: &str) -> String {
    assert!(sample.contains(from), "{from}");
    sample.replacen(from, to, 1)
}

fn edifact_with(from: &str, to: &str) -> Vec<u8> {
    let text: String = EDIFACT.iter().map(|&byte| char::from(byte)).collect();
    let changed = with(&text, from, to);
    changed
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

fn identity(parts: [&str; 5]) -> Option<Identity> {
    let [legal_issuer, class, series, number, period] = parts.map(str::to_owned);
    Some(Identity {
        legal_issuer,
        class,
        series,
        number,
        period,
    })
}

fn facts(document: &Stated) -> Vec<(&str, &str)> {
    let facts = document.facts.iter();
    facts
        .map(|fact| (fact.name.as_str(), fact.value.as_str()))
        .collect()
}

fn fact<'d>(document: &'d Stated, name: &str) -> Option<&'d str> {
    document.fact(name).map(|fact| fact.value.as_str())
}

/// The document has no identity, and this is why; a doubt says what was met, where there is one.
fn check_left_aside(document: &Stated, missing: &str, doubt: Option<&str>) {
    assert_eq!(document.identity, None);
    assert_eq!(document.missing.len(), 1, "{:?}", document.missing);
    assert!(
        document.missing[0].contains(missing),
        "{:?}",
        document.missing
    );
    let doubts = document.doubts.join("\n");
    match doubt {
        Some(doubt) => assert!(doubts.contains(doubt), "{doubts}"),
        None => assert_eq!(doubts, ""),
    }
}

#[test]
fn each_body_of_a_fatturapa_is_a_document() {
    let reading = reading(FATTURAPA);
    assert_eq!(reading.format, Format::FatturaPa);
    let [invoice, credit_note] = &reading.documents[..] else {
        panic!("{} documents", reading.documents.len());
    };
    assert_eq!(
        invoice.part,
        "/FatturaElettronica/FatturaElettronicaBody[1]"
    );
    assert_eq!(
        (invoice.kind, invoice.profile),
        (Some(Kind::Invoice), Profile::ItSdi)
    );
    assert_eq!(
        invoice.identity,
        identity(["IT01234567890", "invoice", "", "12/A", "2026"])
    );
    assert_eq!(
        facts(invoice),
        [
            ("buyer", "Comune di Esempio"),
            ("buyer-id", "09876543210"),
            ("currency", "EUR"),
            ("document-type", "TD01"),
            ("issue-date", "2026-05-04"),
            ("number", "12/A"),
            ("seller", "Maria Esempio"),
            ("seller-id", "IT01234567890"),
            ("total", "12200"),
        ]
    );
    assert_eq!(
        credit_note.identity,
        identity(["IT01234567890", "credit-note", "", "3/A", "2026"])
    );
    // The total is optional, and nobody adds up the lines.
    assert_eq!(fact(credit_note, "total"), None);
    assert_eq!(fact(credit_note, "preceding"), Some("12/A"));
    let place = &credit_note.fact("number").unwrap().place;
    assert_eq!(
        place,
        "/FatturaElettronica/FatturaElettronicaBody[2]/DatiGenerali/DatiGeneraliDocumento/Numero"
    );
}

#[test]
fn a_fatturapa_that_lacks_or_contradicts_itself_has_no_number() {
    let first = |xml: String| reading(xml).documents.remove(0);
    let without_vat = with(FATTURAPA, "<IdCodice>01234567890</IdCodice>", "");
    let id = first(without_vat).identity.unwrap().legal_issuer;
    assert_eq!(id, "RSSMRA80A01H501U");
    let twice = with(
        FATTURAPA,
        "<Numero>12/A</Numero>",
        "<Numero>12/A</Numero><Numero>13</Numero>",
    );
    check_left_aside(&first(twice), "invoice number", Some("number is 12/A at"));
    // Two VAT numbers are not mended by the tax code beside them.
    let twice = with(
        FATTURAPA,
        "<IdCodice>01234567890</IdCodice>",
        "<IdCodice>01234567890</IdCodice><IdCodice>1</IdCodice>",
    );
    check_left_aside(
        &first(twice),
        "seller identifier",
        Some("seller-id is 01234567890 at"),
    );
    let odd = with(
        FATTURAPA,
        "<Numero>12/A</Numero>",
        "<Numero>12<b/>/A</Numero>",
    );
    assert_eq!(read(odd.as_bytes()).unwrap_err().kind(), "xml-malformed");
    let undated = with(
        FATTURAPA,
        "<Data>2026-05-04</Data>",
        "<Data>4.5.2026</Data>",
    );
    check_left_aside(&first(undated), "date", None);
    let untyped = with(FATTURAPA, "TD01", "XX");
    check_left_aside(&first(untyped), "document type", None);
    // An element of another language is none of this one.
    let foreign = with(
        FATTURAPA,
        "<Numero>12/A</Numero>",
        "<Numero>12/A</Numero><x:Numero xmlns:x='u'>13</x:Numero>",
    );
    assert!(first(foreign).identity.is_some());
    let other = FATTURAPA.replace("fatture/v1.2", "fatture/v9.9");
    assert_eq!(reading(other).format, Format::Unknown);
}

#[test]
fn a_simplified_fatturapa_is_read() {
    let document = document(SIMPLIFIED);
    assert_eq!(
        document.identity,
        identity(["IT01234567890", "credit-note", "", "S7", "2026"])
    );
    assert_eq!(fact(&document, "seller"), Some("Bottega Esempio"));
    assert_eq!(fact(&document, "buyer-id"), Some("VRDLGI80A01H501W"));
    assert_eq!(fact(&document, "preceding"), Some("S6"));
    assert_eq!(document.part, "");
}

#[test]
fn the_stamp_is_the_number_of_a_cfdi() {
    let stamped = document(CFDI);
    assert_eq!(reading(CFDI).format, Format::Cfdi);
    assert_eq!(stamped.profile, Profile::MxCfdi);
    let uuid = "00000000-0000-4000-8000-000000000042";
    assert_eq!(
        stamped.identity,
        identity(["EJE010101AB1", "", "", uuid, ""])
    );
    assert_eq!(
        facts(&stamped),
        [
            ("buyer", "EJEMPLO COMPRADOR"),
            ("buyer-id", "EJE020202CD2"),
            ("currency", "MXN"),
            ("document-type", "E"),
            ("issue-date", "2026-05-04"),
            ("issue-time", "2026-05-04T23:59:59"),
            ("number", "B0042"),
            // The advance payment of relation 07 is not what is credited.
            ("preceding", "00000000-0000-4000-8000-000000000041"),
            ("registration", uuid),
            ("seller", "EJEMPLO VENDEDOR"),
            ("seller-id", "EJE010101AB1"),
            ("series", "B"),
            ("total", "11600"),
        ]
    );
    let unstamped = with(CFDI, &format!("UUID=\"{uuid}\""), "");
    check_left_aside(
        &document(unstamped),
        "UUID of the stamp (TimbreFiscalDigital)",
        None,
    );
}

#[test]
fn nothing_in_no_currency_is_nothing() {
    let in_none = |total: &str| {
        let cfdi = with(CFDI, "Moneda=\"MXN\"", "Moneda=\"XXX\"");
        let document = document(with(
            &cfdi,
            "Total=\"116.00\"",
            &format!("Total=\"{total}\""),
        ));
        document.fact("total").map(|fact| fact.value.clone())
    };
    assert_eq!(in_none("0").as_deref(), Some("0"));
    assert_eq!(in_none("0.00").as_deref(), Some("0"));
    for of_unknown_size in ["1", "0.000001", "", "x"] {
        assert_eq!(in_none(of_unknown_size), None);
    }
}

#[test]
fn a_nfe_has_the_number_that_its_access_key_holds() {
    let nfe = document(NFE);
    assert_eq!(reading(NFE).format, Format::NFe);
    assert_eq!(nfe.profile, Profile::BrNfe);
    assert_eq!(
        nfe.identity,
        identity(["11222333000181", "55", "2", "731", ""])
    );
    assert_eq!(
        facts(&nfe),
        [
            ("buyer", "Joana Exemplo"),
            ("buyer-id", "52998224725"),
            ("currency", "BRL"),
            ("document-type", "55"),
            // Where it was written it was still the fourth.
            ("issue-date", "2026-05-04"),
            ("issue-time", "2026-05-04T22:30:00-03:00"),
            ("number", "731"),
            ("preceding", "35260411222333000181550020000007001407182551"),
            ("registration", KEY),
            ("seller", "Vendedora Exemplo Ltda"),
            ("seller-id", "11222333000181"),
            ("series", "2"),
            ("total", "119050"),
        ]
    );
    assert_eq!(nfe.doubts, [""; 0]);
}

#[test]
fn an_access_key_that_does_not_fit_gives_no_number() {
    let fits = "access key that fits";
    for (from, to, doubt) in [
        (
            "<nNF>731</nNF>",
            "<nNF>732</nNF>",
            "holds the number 000000731",
        ),
        (
            "<serie>2</serie>",
            "<serie>3</serie>",
            "holds the series 002",
        ),
        ("<mod>55</mod>", "<mod>65</mod>", "holds the model 55"),
        (
            "<CNPJ>11222333000181</CNPJ>",
            "<CNPJ>11222333000262</CNPJ>",
            "holds the issuer 11222333000181",
        ),
    ] {
        check_left_aside(&document(with(NFE, from, to)), fits, Some(doubt));
    }
    let wrong_digit = NFE.replace(KEY, &format!("{}0", &KEY[..43]));
    check_left_aside(&document(wrong_digit), fits, Some("wrong check digit"));
    let short = NFE.replace(KEY, &KEY[1..]);
    check_left_aside(&document(short), fits, Some("has not 44 digits"));
    let not_ascii = NFE.replace(KEY, &format!("{}é", &KEY[..42]));
    check_left_aside(&document(not_ascii), fits, Some("has not 44 digits"));
    // The authorisation is of another document.
    let other = format!("<chNFe>{KEY}</chNFe>");
    let authorised = with(NFE, &other, &other.replace("26", "27"));
    check_left_aside(&document(authorised), "access key", Some("registration is"));
}

#[test]
fn a_key_with_letters_is_checked_too() {
    // Since 2026 a CNPJ may have letters, which count as their ASCII code less 48.
    let letters = NFE
        .replace(KEY, KEY_WITH_LETTERS)
        .replace("<CNPJ>11222333000181</CNPJ>", "<CNPJ>12ABC34501DE35</CNPJ>");
    let identity = document(&letters).identity.unwrap();
    assert_eq!(identity.legal_issuer, "12ABC34501DE35");
    let other = letters.replace("12ABC34501DE35", "12ABD34501DE35");
    check_left_aside(
        &document(other),
        "access key that fits",
        Some("wrong check digit"),
    );
}

#[test]
fn a_test_document_is_doubted() {
    let test = document(with(NFE, "<tpAmb>1</tpAmb>", "<tpAmb>2</tpAmb>"));
    assert!(test.identity.is_some());
    assert!(
        test.doubts[0].contains("no fiscal value"),
        "{:?}",
        test.doubts
    );
}

#[test]
fn a_nfse_is_numbered_within_its_municipality() {
    let nfse = document(NFSE);
    assert_eq!(nfse.profile, Profile::Generic);
    assert_eq!(
        nfse.identity,
        identity(["11222333000181", "nfse", "3550308", "57", ""])
    );
    assert_eq!(fact(&nfse, "due"), Some("10000"));
    let other = with(NFSE, "<nNFSe>57</nNFSe>", "<nNFSe>58</nNFSe>");
    check_left_aside(
        &document(other),
        "access key that fits",
        Some("holds the number"),
    );
}

#[test]
fn a_gst_invoice_has_the_number_of_its_irn() {
    let invoice = document(GST);
    assert_eq!(reading(GST).format, Format::GstInvoice);
    assert_eq!(invoice.profile, Profile::InIrn);
    let number = identity(["27AAAAA0000A1Z5", "INV", "", "EX/26-27/0042", "2026-27"]);
    assert_eq!(invoice.identity, number);
    let registration = fact(&invoice, "registration").unwrap();
    assert_eq!(
        facts(&invoice),
        [
            ("buyer", "Example Buyer LLP"),
            ("buyer-id", "29BBBBB1111B1Z5"),
            ("currency", "INR"),
            ("document-type", "INV"),
            ("issue-date", "2026-05-04"),
            ("number", "EX/26-27/0042"),
            ("registration", registration),
            ("seller", "Example Seller Pvt Ltd"),
            ("seller-id", "27AAAAA0000A1Z5"),
            ("total", "118000"),
            ("total-without-tax", "100000"),
        ]
    );
    // Before the portal has seen it, it has its number and no Irn.
    let unregistered = document(with(GST, &format!("\"Irn\": \"{registration}\","), ""));
    assert_eq!(unregistered.identity, number);
    for (from, to) in [
        ("/0042", "/0043"),
        ("\"INV\"", "\"CRN\""),
        ("/05/2026", "/03/2026"),
    ] {
        let changed = document(with(GST, from, to));
        check_left_aside(
            &changed,
            "Irn that belongs to this number",
            Some("is not the SHA-256"),
        );
    }
    let untyped = document(with(GST, "\"INV\"", "\"BIL\""));
    check_left_aside(&untyped, "document type INV, CRN or DBN", None);
    // The portal takes a number in capitals: the Irn fits however the seller writes it.
    let small = document(with(GST, "EX/26", "ex/26"));
    assert_eq!(small.identity.unwrap().number, "ex/26-27/0042");
}

fn token(data: &str) -> String {
    let payload = serde_json::json!({ "data": data, "iss": "NIC" }).to_string();
    let [header, payload] =
        [r#"{"alg":"RS256"}"#, &payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{payload}.c2lnbmF0dXJl")
}

#[test]
fn the_answer_of_the_portal_is_read_and_must_agree_with_itself() {
    let registration = fact(&document(GST), "registration").unwrap().to_owned();
    let qr_code = |number: &str, total: &str| {
        let data = format!(
            r#"{{"SellerGstin":"27AAAAA0000A1Z5","BuyerGstin":"URP","DocNo":"{number}","DocTyp":"INV",
                "DocDt":"04/05/2026","TotInvVal":{total},"Irn":"{registration}"}}"#
        );
        token(&data)
    };
    let answer = |qr_code: &str| {
        format!(
            r#"{{"AckNo":1,"Irn":"{registration}","SignedInvoice":"{}","SignedQRCode":"{qr_code}"}}"#,
            token(GST)
        )
    };
    let signed = document(answer(&qr_code("EX/26-27/0042", "1180.0")));
    assert_eq!(signed.identity, document(GST).identity);
    assert_eq!(facts(&signed), facts(&document(GST)));
    assert_eq!(
        signed.fact("number").unwrap().place,
        "/SignedInvoice:/DocDtls/No"
    );
    let other_total = document(answer(&qr_code("EX/26-27/0042", "1.0")));
    assert_eq!(fact(&other_total, "total"), None);
    assert!(
        other_total.doubts[0].contains("total is"),
        "{:?}",
        other_total.doubts
    );
    let other_number = document(answer(&qr_code("EX/26-27/0043", "1180.0")));
    check_left_aside(&other_number, "document number", Some("number is"));
    let unread = document(answer("x.y"));
    assert!(unread.identity.is_some());
    assert!(unread.doubts[0].contains("no token"), "{:?}", unread.doubts);

    let several = reading(format!("[{GST},{GST}]"));
    let parts: Vec<&str> = several
        .documents
        .iter()
        .map(|one| one.part.as_str())
        .collect();
    assert_eq!(parts, ["/0", "/1"]);
    assert_eq!(
        several.documents[1].fact("number").unwrap().place,
        "/1/DocDtls/No"
    );
}

#[test]
fn a_gobl_envelope_is_read_and_its_digest_checked() {
    let credit_note = document(GOBL);
    assert_eq!(reading(GOBL).format, Format::Gobl);
    assert_eq!(
        credit_note.identity,
        identity(["SE556000000001", "credit-note", "", "CN-0042", ""])
    );
    assert_eq!(
        facts(&credit_note),
        [
            ("buyer", "Example Buyer"),
            ("currency", "EUR"),
            ("document-type", "credit-note"),
            ("due", "12500"),
            ("issue-date", "2026-05-04"),
            ("number", "CN-0042"),
            ("preceding", "INV-0041"),
            ("seller", "Exempel \"Säljare\" AB"),
            ("seller-id", "SE556000000001"),
            ("series", "CN"),
            ("tax", "2500"),
            ("total", "12500"),
            ("total-without-tax", "10000"),
        ]
    );
    assert_eq!(credit_note.doubts, [""; 0]);
    let changed = document(with(GOBL, "Säljare", "Saljare"));
    assert!(
        changed.doubts[0].contains("/head/dig/val"),
        "{:?}",
        changed.doubts
    );
    // With a number whose form is not sure, and without a digest.
    for (from, to, words) in [
        (
            "\"lines\"",
            "\"notes\": 1.50, \"lines\"",
            "cannot be checked",
        ),
        ("sha256", "md5", "no SHA-256"),
    ] {
        let unsure = document(with(GOBL, from, to));
        assert!(unsure.doubts[0].contains(words), "{:?}", unsure.doubts);
    }
    // A null is not there for the digest.
    let null = document(with(GOBL, "\"lines\"", "\"notes\": null, \"lines\""));
    assert_eq!(null.doubts, [""; 0]);

    let envelope: serde_json::Value = serde_json::from_str(GOBL).unwrap();
    let bare = document(envelope["doc"].to_string());
    assert_eq!(
        (facts(&bare), &bare.identity),
        (facts(&credit_note), &credit_note.identity)
    );
    assert_eq!(bare.fact("number").unwrap().place, "/series, /code");

    let anonymous = document(with(GOBL, "\"code\": \"556000000001\"", "\"code\": \"\""));
    assert_eq!(anonymous.missing, ["seller identifier"]);
    let order = document(with(GOBL, "bill/invoice", "bill/order"));
    check_left_aside(&order, "another schema", None);
    let proforma = document(with(
        &envelope["doc"].to_string(),
        "\"credit-note\"",
        "\"proforma\"",
    ));
    check_left_aside(&proforma, "type of an invoice", None);
}

#[test]
fn an_edifact_invoice_is_read() {
    let credit_note = document(EDIFACT);
    assert_eq!(reading(EDIFACT).format, Format::Edifact);
    assert_eq!(credit_note.profile, Profile::En16931);
    assert_eq!(
        credit_note.identity,
        identity(["DE123456789", "credit-note", "", "R+0042", ""])
    );
    assert_eq!(
        facts(&credit_note),
        [
            ("buyer", "Käufer AG"),
            ("buyer-id", "DE987654321"),
            ("currency", "EUR"),
            ("document-type", "381"),
            ("due", "11900"),
            ("due-date", "2026-06-03"),
            // Not the date of the reference behind it.
            ("issue-date", "2026-05-04"),
            ("number", "R+0042"),
            ("preceding", "R-0041"),
            ("seller", "Muster's Laden GmbH"),
            ("seller-id", "DE123456789"),
            ("tax", "1900"),
            // Neither the same in another currency nor the amount of a tax.
            ("total", "11900"),
            ("total-without-tax", "10000"),
        ]
    );
    assert_eq!(credit_note.doubts, [""; 0]);
    assert_eq!(
        credit_note.fact("number").unwrap().place,
        "segment 3: BGM 1004"
    );
    // Line ends between segments are nothing, and the usual characters need not be named.
    let text: String = EDIFACT.iter().map(|&byte| char::from(byte)).collect();
    let segments: Vec<&str> = text.split_inclusive("'").collect();
    // The apostrophe in a name is released and ends nothing.
    let in_lines = segments.join("\r\n").replace("?'\r\n", "?'");
    let in_lines: Vec<u8> = in_lines.chars().map(|c| c as u8).collect();
    assert_eq!(document(in_lines).facts, credit_note.facts);
    let unnamed = edifact_with("UNA:+.? '", "");
    assert_eq!(facts(&document(unnamed)), facts(&credit_note));
}

#[test]
fn an_edifact_message_that_lacks_or_contradicts_itself_is_told() {
    let twice = edifact_with("MOA+388:119,00'", "MOA+388:119,00'MOA+388:120'");
    let twice = document(twice);
    assert_eq!(fact(&twice, "total"), None);
    assert!(
        twice.doubts[0].contains("total is 119,00"),
        "{:?}",
        twice.doubts
    );
    let unsold = document(edifact_with("NAD+SE", "NAD+SU"));
    check_left_aside(&unsold, "seller identifier", None);
    let untyped = document(edifact_with("BGM+381", "BGM+999"));
    check_left_aside(&untyped, "document type code", None);
    let cut = read(&edifact_with("UNT+21+1'UNZ+1+1'", "")).unwrap_err();
    assert_eq!(cut.kind(), "edifact-malformed");
    let not_its_characters = read(&edifact_with("UNOC:3", "UNOW:4")).unwrap_err();
    assert_eq!(not_its_characters.kind(), "edifact-malformed");
    assert_eq!(
        reading(edifact_with("INVOIC", "ORDERS")).format,
        Format::Unknown
    );

    // A mark that is a digit would turn one amount into another one.
    let text: String = EDIFACT.iter().map(|&byte| char::from(byte)).collect();
    let body = &text[text.find("UNB").unwrap()..];
    let with_marks = |marks: &str| reading(format!("{marks}{body}").replace('ä', "a")).format;
    assert_eq!(with_marks("UNA:+,? '"), Format::Edifact);
    for marks in ["UNA:+1? '", "UNA:+-? '", "UNA:+.5 '", "UNA++.? '"] {
        assert_eq!(with_marks(marks), Format::Unknown, "{marks}");
    }
    let message = &text[text.find("UNH").unwrap()..text.find("UNZ").unwrap()];
    let two = reading(edifact_with(
        "UNZ",
        &format!("{}UNZ", message.replace("0042", "0043")),
    ));
    let numbers: Vec<_> = two
        .documents
        .iter()
        .map(|one| fact(one, "number"))
        .collect();
    assert_eq!(numbers, [Some("R+0042"), Some("R+0043")]);
    assert_eq!(two.documents[1].part, "message 2");
}

#[test]
fn no_file_makes_reading_slow() {
    // Each of these was built to make a careless reader compare everything with everything.
    let related = "<cfdi:CfdiRelacionado UUID='x'/>".repeat(200_000);
    let cfdi = with(
        CFDI,
        "<cfdi:CfdiRelacionado UUID=\"00000000-0000-4000-8000-000000000041\"/>",
        &related,
    );
    assert_eq!(fact(&document(cfdi), "preceding"), Some("x"));
    let numbers: String = (0..100_000).map(|n| format!("<nNF>{n}</nNF>")).collect();
    let nfe = read(with(NFE, "<nNF>731</nNF>", &numbers).as_bytes()).unwrap_err();
    assert_eq!(nfe.kind(), "xml-too-complex");
    let body = "<FatturaElettronicaBody></FatturaElettronicaBody>";
    let many = |count: usize| {
        let junk = "<x/>".repeat(200_000);
        with(
            FATTURAPA,
            "</p:Fatt",
            &format!("{}{junk}</p:Fatt", body.repeat(count)),
        )
    };
    assert_eq!(reading(many(998)).documents.len(), 1000);
    assert_eq!(
        read(many(999).as_bytes()).unwrap_err().kind(),
        "xml-too-complex"
    );
    let totals: String = (0..100_000).map(|n| format!("MOA+388:{n}'")).collect();
    let edifact = read(&edifact_with("MOA+388:119,00'", &totals)).unwrap_err();
    assert_eq!(edifact.kind(), "edifact-malformed");
}

proptest! {
    #[test]
    fn changed_invoices_never_panic(
        sample in 0..8_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8, 0..40_usize), 1..6),
    ) {
        let text = [FATTURAPA, SIMPLIFIED, CFDI, NFE, NFSE, GST, GOBL].map(str::as_bytes);
        let mut bytes = text.get(sample).copied().unwrap_or(EDIFACT).to_vec();
        crate::hostile::edited(&mut bytes, edits);
        if let Ok(reading) = read(&bytes) {
            for document in &reading.documents {
                prop_assert_eq!(document.identity.is_none(), !document.missing.is_empty());
                let is_sorted = document.facts.windows(2).all(|pair| pair[0].name < pair[1].name);
                prop_assert!(is_sorted);
            }
        }
    }
}
