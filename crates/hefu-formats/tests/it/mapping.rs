//! Files that are read as a mapping says.

use std::fs;

use hefu_formats::limits::{
    MAPPED_BYTES_MAX, MAPPED_COLUMNS_MAX, MAPPED_RECORDS_MAX, MAPPING_BYTES_MAX, MAPPING_FACTS_MAX,
    VALUE_BYTES_MAX,
};
use hefu_formats::{read_mapped, Format, Kind, Mapping, Profile, ReadError, Reading, Stated};
use proptest::prelude::*;

use crate::corpus::corpus;
use crate::credentials::check_reading;

const REGISTRATION: (&str, &[u8]) = (
    include_str!("../samples/mapping/registration.mapping.json"),
    include_bytes!("../samples/mapping/registration.json"),
);
const SANITATION: (&str, &[u8]) = (
    include_str!("../samples/mapping/sanitation.mapping.json"),
    include_bytes!("../samples/mapping/sanitation.xml"),
);
const LICENCES: (&str, &[u8]) = (
    include_str!("../samples/mapping/licences.mapping.json"),
    include_bytes!("../samples/mapping/licences.csv"),
);

fn mapping(text: &str) -> Mapping {
    Mapping::parse(text.as_bytes()).unwrap()
}

fn mapped(text: &str, bytes: &[u8]) -> Result<Reading, ReadError> {
    read_mapped(bytes, &mapping(text))
}

/// Issuer, class, series and number.
fn identity(stated: &Stated) -> Option<[&str; 4]> {
    let identity = stated.identity.as_ref()?;
    let fields = [
        &identity.legal_issuer,
        &identity.class,
        &identity.series,
        &identity.number,
    ];
    Some(fields.map(String::as_str))
}

/// Names, values and places.
fn facts(stated: &Stated) -> Vec<(&str, &str, &str)> {
    let facts = stated.facts.iter();
    facts
        .map(|fact| (fact.name.as_str(), fact.value.as_str(), fact.place.as_str()))
        .collect()
}

#[test]
fn a_business_registration_in_json_is_read() {
    let reading = mapped(REGISTRATION.0, REGISTRATION.1).unwrap();
    assert_eq!(reading.format, Format::Mapped);
    let [stated] = &reading.documents[..] else {
        panic!("one document")
    };
    assert_eq!(
        (stated.kind, stated.profile),
        (Some(Kind::Licence), Profile::Generic)
    );
    assert_eq!(
        identity(stated),
        Some(["11110000000000001X", "business", "", "110000012345678"])
    );
    assert_eq!(
        facts(stated),
        [
            ("capital", "100万元", "/company/capital"),
            ("holder", "示例 餐饮有限公司", "/company/name"),
            ("holder-id", "91110000MA00000000", "/company/unified~1code"),
            ("issue-date", "2021-03-05", "/registration/issued"),
            ("issuer", "示例市市场监督管理局", "/authority/name"),
            ("issuer-id", "11110000000000001X", "/authority/code"),
            ("number", "110000012345678", "/registration/number"),
            ("total", "5050", "/registration/fee"),
            ("valid-until", "2041-03-04", "/registration/until"),
        ]
    );
    assert_eq!(stated.doubts, [""; 0]);
}

#[test]
fn sanitation_licences_in_xml_are_read_each_for_itself() {
    let reading = mapped(SANITATION.0, SANITATION.1).unwrap();
    let [first, second] = &reading.documents[..] else {
        panic!("two documents")
    };
    assert_eq!(first.part, "/Export/Licences/Licence[1]");
    assert_eq!(identity(first), Some(["DE-HYG-09", "", "B", "0042"]));
    let licence = |below: &str| format!("/Export/Licences/Licence[1]/{below}");
    assert_eq!(
        facts(first),
        [
            ("holder", "Café Beispiel", licence("Holder/Name").as_str()),
            ("issuer", "Hygieneamt Musterstadt", "/Export/Office/Name"),
            ("issuer-id", "DE-HYG-09", "/Export/Office/@code"),
            ("number", "0042", &licence("@no")),
            ("scope", "café", &licence("Holder/Activity[2]")),
            ("series", "B", &licence("Series")),
            ("total", "125000", &licence("Fee")),
            ("valid-until", "2028-02-29", &licence("Expires")),
        ]
    );
    // No series; two holders; a day that is none; a decimal mark that is another one.
    assert_eq!(
        (identity(second), &second.missing[..]),
        (None, &["series"][..])
    );
    let names: Vec<&str> = second.facts.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names, ["issuer", "issuer-id", "number"]);
    assert_eq!(second.doubts.len(), 3, "{:?}", second.doubts);
    for said in [
        "holder is Imbiss Muster",
        "valid-until is 30.02.2028",
        "total is 12.50",
    ] {
        assert!(
            second.doubts.iter().any(|doubt| doubt.starts_with(said)),
            "{said}"
        );
    }
}

#[test]
fn licences_in_a_csv_are_read_row_by_row() {
    let reading = mapped(LICENCES.0, LICENCES.1).unwrap();
    let [first, second, third] = &reading.documents[..] else {
        panic!("three documents")
    };
    assert_eq!(
        identity(first),
        Some(["11320000MB00000000", "", "", "WS-2025-001"])
    );
    // What only the mapping says is no fact of the file.
    assert_eq!(
        facts(first),
        [
            ("holder", "示例理发店", "/row[1]/单位名称"),
            ("number", "WS-2025-001", "/row[1]/许可证编号"),
            ("valid-until", "2029-01-31", "/row[1]/有效期至"),
        ]
    );
    assert_eq!(
        identity(second),
        Some(["11320000MB00000000", "", "", "WS-2025-002"])
    );
    assert_eq!(second.fact("holder").unwrap().value, "示例;游泳馆");
    assert_eq!(
        (identity(third), &third.missing[..]),
        (None, &["number"][..])
    );
    assert_eq!(third.doubts.len(), 1);
    // The same in UTF-8, with the mark that tells it.
    let text = "\u{feff}有效期至;许可证编号\n2029-01-31;WS-1\n";
    let reading = mapped(LICENCES.0, text.as_bytes()).unwrap();
    assert_eq!(reading.documents[0].fact("number").unwrap().value, "WS-1");
}

#[test]
fn a_place_from_the_root_and_a_list_at_the_root_are_told_apart() {
    let listed = |records: &str, at: &str| {
        format!(
            r#"{{"mapping": 1, "syntax": "json", "kind": "invoice", "profile": "eu.en16931", "records": "{records}",
                "legal_issuer": {{"at": "{at}"}}, "number": {{"at": "no"}}}}"#
        )
    };
    let reading = mapped(
        &listed("", "by/id"),
        br#"[{"no": "1", "by": {"id": "A"}}, {"no": 2}, 3]"#,
    );
    let documents = reading.unwrap().documents;
    assert_eq!(documents.len(), 3);
    assert_eq!(identity(&documents[0]), Some(["A", "", "", "1"]));
    assert_eq!(documents[0].fact("seller-id").unwrap().place, "/0/by/id");
    assert_eq!(documents[1].missing, ["legal issuer"]);
    assert_eq!(documents[2].missing, ["number", "legal issuer"]);
    let reading = mapped(
        &listed("/l", "/by"),
        br#"{"by": "A", "l": [{"no": "1"}, {"no": "2"}]}"#,
    );
    let documents = reading.unwrap().documents;
    assert_eq!(documents[1].fact("seller-id").unwrap().place, "/by");
    assert_eq!(identity(&documents[1]), Some(["A", "", "", "2"]));
    // No list there, or an empty one.
    for file in [&br#"{"by": "A"}"#[..], br#"{"by": "A", "l": []}"#, b"7"] {
        let documents = mapped(&listed("/l", "/by"), file).unwrap().documents;
        assert_eq!(documents[0].missing, ["a record where the mapping says"]);
    }
}

#[test]
fn what_is_no_mapping_is_refused() {
    let with = |from: &str, to: &str| {
        assert!(SANITATION.0.contains(from), "{from}");
        Mapping::parse(SANITATION.0.replacen(from, to, 1).as_bytes())
    };
    for (from, to, kind) in [
        ("\"mapping\": 1", "\"mapping\": 2", "mapping-field"),
        ("\"mapping\": 1,", "", "mapping-malformed"),
        (
            "\"mapping\": 1",
            "\"mapping\": 1, \"x\": 1",
            "mapping-malformed",
        ),
        (
            "\"mapping\": 1",
            "\"mapping\": 1, \"mapping\": 1",
            "mapping-malformed",
        ),
        ("\"xml\"", "\"yaml\"", "mapping-malformed"),
        ("\"licence\"", "\"passport\"", "mapping-malformed"),
        ("\"generic\"", "\"no.such\"", "mapping-field"),
        (
            "\"/Export/Licences/Licence\"",
            "\"Licence\"",
            "mapping-field",
        ),
        (
            "\"/Export/Licences/Licence\"",
            "\"/Export/@x\"",
            "mapping-field",
        ),
        (
            "{ \"at\": \"@no\" }",
            "{ \"constant\": \"1\" }",
            "mapping-field",
        ),
        ("{ \"at\": \"@no\" }", "{ }", "mapping-field"),
        (
            "{ \"at\": \"@no\" }",
            "{ \"at\": \"a\", \"constant\": \"1\" }",
            "mapping-field",
        ),
        (
            "{ \"at\": \"@no\" }",
            "{ \"at\": \"a\", \"day\": \"iso\" }",
            "mapping-malformed",
        ),
        ("\"@no\"", "\"@no/a\"", "mapping-field"),
        ("\"@no\"", "\"x:no\"", "mapping-field"),
        ("\"@no\"", "\"no[0]\"", "mapping-field"),
        ("\"@no\"", "\"no[\"", "mapping-field"),
        ("\"@no\"", "\"//no\"", "mapping-field"),
        ("\"@no\"", "\"\"", "mapping-field"),
        ("\"scope\"", "\"Scope\"", "mapping-field"),
        ("\"scope\"", "\"number\"", "mapping-field"),
        ("\"scope\"", "\"series\"", "mapping-field"),
        ("\"scope\"", "\"issuer-id\"", "mapping-field"),
        ("\"%d.%m.%Y\"", "\"%d.%m.%y\"", "mapping-field"),
        ("\"%d.%m.%Y\"", "\"%m.%Y\"", "mapping-field"),
        ("\"%d.%m.%Y\"", "\"%d.%m.%Y%\"", "mapping-field"),
        ("\"EUR\"", "\"Euro\"", "mapping-field"),
        ("\"decimal\": \",\"", "\"decimal\": \"'\"", "mapping-field"),
        ("\"decimal\": \",\"", "\"day\": \"iso\"", "mapping-field"),
        (
            "\"currency\": { \"constant\": \"EUR\" }, ",
            "",
            "mapping-field",
        ),
    ] {
        let refused = with(from, to).unwrap_err();
        assert_eq!(refused.kind(), kind, "{from} -> {to}: {refused}");
    }
    let csv = |from: &str, to: &str| Mapping::parse(LICENCES.0.replacen(from, to, 1).as_bytes());
    assert_eq!(csv("\";\"", "\"x\"").unwrap_err().kind(), "mapping-field");
    assert_eq!(
        csv("\"gbk\"", "\"utf-7\"").unwrap_err().kind(),
        "mapping-field"
    );
    assert_eq!(
        csv("\"mapping\": 1", "\"mapping\": 1, \"records\": \"/a\"")
            .unwrap_err()
            .kind(),
        "mapping-field"
    );
    let many: String = (0..=MAPPING_FACTS_MAX)
        .map(|n| format!(r#""a{n}": {{"at": "a"}}, "#))
        .collect();
    assert_eq!(
        with("\"facts\": {", &format!("\"facts\": {{ {many}"))
            .unwrap_err()
            .kind(),
        "mapping-field"
    );
    let large = vec![b' '; MAPPING_BYTES_MAX + 1];
    assert_eq!(
        Mapping::parse(&large).unwrap_err().kind(),
        "mapping-too-large"
    );
    assert_eq!(
        Mapping::parse(b"{").unwrap_err().kind(),
        "mapping-malformed"
    );
}

#[test]
fn a_file_of_another_syntax_is_refused_and_said() {
    for (mapping, file) in [
        (REGISTRATION.0, SANITATION.1),
        (REGISTRATION.0, &b"\xFF"[..]),
        (SANITATION.0, REGISTRATION.1),
        (SANITATION.0, b""),
        (LICENCES.0, REGISTRATION.1),
        (LICENCES.0, b""),
        (LICENCES.0, b"\xFF\xFF\xFF"),
    ] {
        assert_eq!(mapped(mapping, file).unwrap_err().kind(), "not-of-mapping");
    }
    // Rows of different lengths.
    let text = "\u{feff}许可证编号;单位名称\n1\n";
    assert_eq!(
        mapped(LICENCES.0, text.as_bytes()).unwrap_err().kind(),
        "not-of-mapping"
    );
}

#[test]
fn hostile_files_are_refused_in_little_time() {
    let kind = |mapping: &str, file: &[u8]| mapped(mapping, file).unwrap_err().kind();
    assert_eq!(
        kind(LICENCES.0, &vec![b'a'; MAPPED_BYTES_MAX + 1]),
        "file-too-large"
    );
    let rows = "1\n".repeat(MAPPED_RECORDS_MAX + 1);
    let rows = format!("\u{feff}许可证编号\n{rows}");
    assert_eq!(kind(LICENCES.0, rows.as_bytes()), "too-many");
    let columns = format!("\u{feff}许可证编号{}\n", ";a".repeat(MAPPED_COLUMNS_MAX));
    assert_eq!(kind(LICENCES.0, columns.as_bytes()), "too-many");
    let long = format!("\u{feff}许可证编号\n{}\n", "1".repeat(VALUE_BYTES_MAX + 1));
    assert_eq!(kind(LICENCES.0, long.as_bytes()), "value-too-long");

    let licence = "<Licence no='1'/>";
    let many = |count| {
        format!(
            "<Export><Licences>{}</Licences></Export>",
            licence.repeat(count)
        )
    };
    assert_eq!(
        kind(SANITATION.0, many(MAPPED_RECORDS_MAX + 1).as_bytes()),
        "too-many"
    );
    // Each record's places lead through all elements of the file.
    let wide = format!(
        "<Export>{}</Export>",
        "<Licences><Licence/></Licences>".repeat(200_000)
    );
    assert_eq!(kind(SANITATION.0, wide.as_bytes()), "too-many");
    let other = format!(
        "<Export><Licences>{}<Licence>{}</Licence></Licences></Export>",
        licence.repeat(MAPPED_RECORDS_MAX - 1),
        "<x/>".repeat(500_000)
    );
    assert_eq!(
        mapped(SANITATION.0, other.as_bytes())
            .unwrap()
            .documents
            .len(),
        MAPPED_RECORDS_MAX
    );
    let deep = "<Export>".repeat(500_000);
    assert_eq!(kind(SANITATION.0, deep.as_bytes()), "xml-too-complex");
    let dtd = b"<!DOCTYPE Export [<!ENTITY a 'b'>]><Export>&a;</Export>";
    assert_eq!(kind(SANITATION.0, dtd), "doctype");

    let root = "r".repeat(1_000_000);
    let named = format!("<{root}/>");
    assert_eq!(kind(SANITATION.0, named.as_bytes()), "not-of-mapping");

    // What stands once in the file and would be a fact of each of thousands of records.
    let names: Vec<String> = (0..MAPPING_FACTS_MAX)
        .map(|n| format!(r#""a{n}": {{"at": "/a"}}"#))
        .collect();
    let repeating = format!(
        r#"{{"mapping": 1, "syntax": "json", "kind": "licence", "records": "/l",
            "legal_issuer": {{"constant": "A"}}, "number": {{"at": "no"}}, "facts": {{{}}}}}"#,
        names.join(", ")
    );
    let file = format!(
        r#"{{"a": "{}", "l": [0{}]}}"#,
        "a".repeat(VALUE_BYTES_MAX),
        ",0".repeat(MAPPED_RECORDS_MAX - 1)
    );
    assert_eq!(kind(&repeating, file.as_bytes()), "too-many");

    let listed = r#"{"mapping": 1, "syntax": "json", "kind": "licence", "records": "",
        "legal_issuer": {"constant": "A"}, "number": {"at": "no"}}"#;
    let items = format!("[0{}]", ",0".repeat(MAPPED_RECORDS_MAX));
    assert_eq!(kind(listed, items.as_bytes()), "too-many");
    assert_eq!(kind(listed, br#"[{"no": 1, "no": 2}]"#), "json-malformed");
    assert_eq!(kind(listed, &b"[".repeat(100)), "not-of-mapping");
    let deep = [b"[".repeat(100), b"]".repeat(100)].concat();
    assert_eq!(kind(listed, &deep), "json-malformed");
    // Values of the wrong types are missing, and said.
    for value in ["{}", "[1]", "true"] {
        let file = format!(r#"[{{"no": {value}}}]"#);
        let stated = mapped(listed, file.as_bytes()).unwrap().documents.remove(0);
        assert_eq!((stated.missing, stated.doubts.len()), (vec!["number"], 1));
    }
    for value in ["null", "\"\"", "\" \""] {
        let file = format!(r#"[{{"no": {value}}}]"#);
        let stated = mapped(listed, file.as_bytes()).unwrap().documents.remove(0);
        assert_eq!((stated.missing, stated.doubts.len()), (vec!["number"], 0));
    }
}

proptest! {
    #[test]
    fn a_damaged_file_gets_an_answer(
        sample in 0_usize..3,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (text, file) = [REGISTRATION, SANITATION, LICENCES][sample];
        let mut bytes = file.to_vec();
        let at_file = at.index(bytes.len());
        bytes[at_file] = byte;
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            if let Ok(reading) = mapped(text, bytes) {
                check_reading(&reading);
            }
        }
        let mut bytes = text.as_bytes().to_vec();
        let at_mapping = at.index(bytes.len());
        bytes[at_mapping] = byte;
        if let Ok(mapping) = Mapping::parse(&bytes) {
            if let Ok(reading) = read_mapped(file, &mapping) {
                check_reading(&reading);
            }
        }
    }
}

/// Data of TradeTrust which names no issuer of its own, so that no reader here knows it.
#[test]
fn a_bill_of_lading_of_the_corpus_is_read() {
    let Some(corpus) = corpus() else { return };
    let file =
        "certificates/oa-schemata/src/io/tradetrust/bill-of-lading/1.0/bill-of-lading-data.json";
    let text = r#"{"mapping": 1, "syntax": "json", "kind": "licence",
        "legal_issuer": {"at": "/carrierName"}, "number": {"at": "/blNumber"},
        "facts": {"title": {"at": "/name"}, "holder": {"at": "/consignee/name"}, "scope": {"at": "/packages/0/weight"}}}"#;
    let reading = mapped(text, &fs::read(corpus.join(file)).unwrap()).unwrap();
    let stated = &reading.documents[0];
    assert_eq!(
        identity(stated),
        Some(["A.P. Moller", "", "", "SGCNM21566325"])
    );
    assert_eq!(stated.fact("holder").unwrap().value, "Consignee name");
    assert_eq!(
        stated.fact("title").unwrap().value,
        "TradeTrust Bill of Lading v3"
    );
    println!("1 file of the corpus was read by a mapping");
}
