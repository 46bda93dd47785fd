//! Real files that nobody here wrote, where they lie beside the checkout (`shared/corpus`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hefu_formats::{read, Format, Reading};
use serde_json::Value;

/// Prints and answers `None` where there is no corpus.
pub(crate) fn corpus() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here
        .ancestors()
        .map(|folder| folder.join("shared/corpus"))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        println!("no shared/corpus beside the checkout: real files were not read");
    }
    found
}

pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn value<'r>(reading: &'r Reading, name: &str) -> Option<&'r str> {
    reading.documents[0]
        .fact(name)
        .map(|fact| fact.value.as_str())
}

/// `4675.0` and two digits are `467500`: written again here, so that no common mistake hides.
pub fn minor_units(amount: &str, digits: usize) -> String {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let units = format!("{whole}{fraction:0<digits$}");
    match units.trim_start_matches('0') {
        "" => "0".to_owned(),
        units => units.to_owned(),
    }
}

#[test]
fn the_ground_truth_is_found() {
    let Some(corpus) = corpus() else { return };
    let truth: Value =
        serde_json::from_slice(&fs::read(corpus.join("ground-truth.json")).unwrap()).unwrap();
    let mut fields = 0;
    let mut formats: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for document in truth["documents"].as_array().unwrap() {
        let file = document["file"].as_str().unwrap();
        let format = document["format"].as_str().unwrap();
        let reading = read(&fs::read(corpus.join(file)).unwrap()).unwrap();
        let mismatches = mismatches(&document["fields"], &reading);
        fields += document["fields"].as_object().unwrap().len();
        let row = formats.entry(format).or_default();
        row.0 += 1;
        row.1 += usize::from(mismatches.is_empty());
        wrong.extend(mismatches.iter().map(|what| format!("{file}: {what}")));
    }
    for (format, (files, matching)) in &formats {
        println!("{format:40} {matching} of {files} files match");
    }
    println!("{fields} fields were compared");
    assert!(fields >= 130);
    assert_eq!(wrong, Vec::<String>::new());
}

/// What a reading says otherwise than a document of the ground truth. A field that is null there must
/// not be invented.
fn mismatches(fields: &Value, reading: &Reading) -> Vec<String> {
    let document = &reading.documents[0];
    let mut wrong = Vec::new();
    for (field, entry) in fields.as_object().unwrap() {
        let truth = entry["value"].as_str();
        let fact = match field.as_str() {
            // Without a tax identifier the seller is named by his legal registration.
            "seller_tax_id" if fields.get("seller_legal_id").is_some() => continue,
            "seller_tax_id" | "seller_legal_id" => "seller-id",
            "invoice_number" => "number",
            "issue_date" => "issue-date",
            "total" => "total",
            "currency" => "currency",
            "document_type" => "document-type",
            "uuid" | "access_key" => "registration",
            "series" | "invoice_code" => "series",
            other => panic!("the ground truth has a field that is not compared: {other}"),
        };
        let truth = match fact {
            // All but `XXX`, which has none and is over 0, have two digits.
            "total" => truth.map(|total| minor_units(total, 2)),
            _ => truth.map(str::to_owned),
        };
        if value(reading, fact) != truth.as_deref() {
            wrong.push(format!(
                "{field} is {truth:?}, read {:?}",
                value(reading, fact)
            ));
        }
    }
    // Whatever the profile: what an identity is made of is stated.
    if let Some(identity) = &document.identity {
        let facts = |names: [&str; 2]| names.map(|name| value(reading, name).unwrap_or_default());
        if !facts(["seller-id", "seller"]).contains(&identity.legal_issuer.as_str()) {
            wrong.push(format!(
                "the identity is one of {:?}",
                identity.legal_issuer
            ));
        }
        if !facts(["number", "registration"]).contains(&identity.number.as_str()) {
            wrong.push(format!("the identity has the number {:?}", identity.number));
        }
        if value(reading, "document-type") == Some("381") && identity.class != "credit-note" {
            wrong.push(format!("a credit note is of class {:?}", identity.class));
        }
    }
    wrong
}

/// Files that are no well-formed invoices, by a part of their path, and why. Of all others nearly
/// every one must be read in full.
const NOT_JUDGED: &[(&str, &str)] = &[
    ("LICENSE", "the licence of its source"),
    ("cadenaorigen.txt", "the text that a CFDI's seal is over"),
    ("/xml/order-x-", "an order"),
    (
        "cfdi-utils/tests/assets/pagos",
        "a payment receipt: over 0 XXX, series and folio left out",
    ),
    (
        "cfdi-utils/tests/assets/created-",
        "a payment receipt: over 0 XXX, series and folio left out",
    ),
    ("-ped-eve.xml", "an event of a document"),
    ("-ped-cons-", "a query"),
    ("-mdfe.xml", "a manifest of loads: no amount"),
    (
        "/nfse/samples/",
        "an NFS-e has no document type and no total; a DPS asks for one",
    ),
    ("gobl/examples/es/out/delivery.json", "a delivery note"),
    ("gobl/examples/es/out/order.json", "an order"),
    ("gobl/examples/es/out/payment-old.json", "a payment"),
    (
        "gobl/examples/es/out/status-system-shutdown.json",
        "a status message",
    ),
    ("gobl/examples/es/out/tax-identity.json", "a tax identity"),
    (
        "fatturapa.gobl/acube_test.xml",
        "leaves out the total, which is optional",
    ),
    (
        "official/valid/IT01234567890_FPA03.xml",
        "leaves out the total, which is optional",
    ),
    ("fatturapa-phax/", "collected as bad: it has no body"),
    (
        "BeispielRE-20151008_504.pdf",
        "its InvoiceCurrencyCode is empty",
    ),
    (
        "ofdrw-layout/src/test/resources/fptpl.ofd",
        "its metadata has no document type",
    ),
    ("/fail/", "collected as bad"),
];

fn not_judged(path: &str) -> Option<&'static str> {
    (NOT_JUDGED.iter())
        .find(|(part, _)| path.contains(part))
        .map(|(_, reason)| *reason)
}

/// What a row of the table counts of one source.
#[derive(Default)]
struct Row {
    files: usize,
    recognised: usize,
    identities: usize,
    complete: usize,
    judged: usize,
    judged_complete: usize,
    left_aside: BTreeMap<String, usize>,
}

fn is_complete(reading: &Reading) -> bool {
    reading.documents.iter().all(|document| {
        let has = |name: &str| document.fact(name).is_some();
        let rest = ["number", "issue-date", "document-type", "currency", "total"];
        (has("seller") || has("seller-id")) && rest.into_iter().all(has)
    })
}

#[test]
fn every_real_file_gets_an_answer() {
    let Some(corpus) = corpus() else { return };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let (mut incomplete, mut unfits) = (Vec::new(), Vec::new());
    let (mut files, mut bytes, mut time) = (0, 0, Duration::ZERO);
    for kind in ["invoices", "certificates"] {
        for path in files_below(&corpus.join(kind)) {
            let content = fs::read(&path).unwrap();
            let path = path.strip_prefix(&corpus).unwrap().to_str().unwrap();
            let source = path.split('/').take(2).collect::<Vec<_>>().join("/");
            let row = rows.entry(source).or_default();
            let start = Instant::now();
            let result = read(&content);
            time += start.elapsed();
            files += 1;
            bytes += content.len();
            row.files += 1;
            let mut reasons: Vec<&str> = Vec::new();
            let mut complete = false;
            match &result {
                Ok(reading) => {
                    complete = is_complete(reading);
                    row.recognised += usize::from(reading.format != Format::Unknown);
                    let identified = (reading.documents.iter()).all(|one| one.identity.is_some());
                    row.identities += usize::from(identified);
                    for document in &reading.documents {
                        let Some(identity) = &document.identity else {
                            continue;
                        };
                        if let Err(unfit) = document.profile.normalise(identity) {
                            unfits.push(format!("{path}: {}: {unfit}", document.profile.name()));
                        }
                    }
                    reasons.extend(reading.documents.iter().flat_map(|one| &one.missing));
                }
                Err(refused) => {
                    println!("{path}: {refused}");
                    *row.left_aside
                        .entry(format!("refused: {}", refused.kind()))
                        .or_default() += 1;
                }
            }
            if let Some(reason) = reasons.first() {
                *row.left_aside
                    .entry(format!("missing: {reason}"))
                    .or_default() += 1;
            }
            row.complete += usize::from(complete);
            let carries = matches!(
                &result,
                Ok(Reading {
                    format: Format::Carrying { .. },
                    ..
                })
            );
            if kind == "invoices" && not_judged(path).is_none() {
                row.judged += 1;
                row.judged_complete += usize::from(complete);
                if !complete {
                    println!("{path}: not complete");
                }
                if carries && !complete {
                    incomplete.push(format!("{path} carries an invoice"));
                }
            }
        }
    }
    println!(
        "{:36} {:>5} {:>10} {:>8} {:>8} {:>14}",
        "source", "files", "recognised", "complete", "identity", "of well-formed"
    );
    for (source, row) in &rows {
        let judged = format!("{} of {}", row.judged_complete, row.judged);
        println!(
            "{source:36} {:5} {:10} {:8} {:8} {judged:>14}",
            row.files, row.recognised, row.complete, row.identities
        );
        for (reason, count) in &row.left_aside {
            println!("      {count:5}  {reason}");
        }
        if row.judged_complete * 100 < row.judged * 95 {
            incomplete.push(format!("{source}: {judged} are complete"));
        }
    }
    let (per_second, megabytes) = (
        files as f64 / time.as_secs_f64(),
        bytes as f64 / time.as_secs_f64() / 1e6,
    );
    println!("{files} files, {bytes} bytes: {per_second:.0} files/s, {megabytes:.1} MB/s");
    for (part, _) in NOT_JUDGED {
        let is_there = files_below(&corpus.join("invoices"))
            .iter()
            .any(|path| path.to_str().unwrap().contains(part));
        assert!(is_there, "no file is excused by {part}");
    }
    assert_eq!(unfits, Vec::<String>::new(), "not of their profile");
    assert_eq!(incomplete, Vec::<String>::new());
}

/// Where the two files of one case really state different things.
const DIFFERING: [(&str, &str); 2] = [
    ("01.21a-INVOICE_ubl.xml", "seller-id"),
    // The CII file leaves the tax of 0 out.
    ("01.05_minimal_test_ubl.xml", "tax"),
];

#[test]
fn the_same_case_in_both_syntaxes_is_the_same() {
    let Some(corpus) = corpus() else { return };
    let (mut pairs, mut facts) = (0, 0);
    for path in files_below(&corpus.join("invoices")) {
        let Some(other) = other_syntax(&path).filter(|other| other.is_file()) else {
            continue;
        };
        let (ubl, cii) = (
            read(&fs::read(&path).unwrap()).unwrap(),
            read(&fs::read(&other).unwrap()).unwrap(),
        );
        let case = path.file_name().unwrap().to_str().unwrap();
        pairs += 1;
        for name in names(&ubl).union(&names(&cii)) {
            let is_same = value(&ubl, name) == value(&cii, name);
            assert_eq!(
                is_same,
                !DIFFERING.contains(&(case, name)),
                "{case}: {name}"
            );
            facts += usize::from(is_same);
        }
        if !DIFFERING.contains(&(case, "seller-id")) {
            let (ubl, cii) = (&ubl.documents[0].identity, &cii.documents[0].identity);
            assert!(ubl.is_some());
            assert_eq!(ubl, cii, "{case}");
        }
    }
    println!("{pairs} pairs of UBL and CII agree in {facts} facts");
    assert!(pairs > 0);
}

fn names(reading: &Reading) -> BTreeSet<&str> {
    reading.documents[0]
        .facts
        .iter()
        .map(|fact| fact.name.as_str())
        .collect()
}

fn other_syntax(path: &Path) -> Option<PathBuf> {
    let name = path.to_str()?;
    let other = name
        .strip_suffix("_ubl.xml")
        .map(|stem| format!("{stem}_uncefact.xml"))
        .or_else(|| {
            name.strip_suffix(".ubl.xml")
                .map(|stem| format!("{}.cii.xml", stem.replace("/UBL/", "/CII/")))
        })?;
    Some(PathBuf::from(other))
}

#[test]
fn both_forms_of_an_edifact_message_state_the_same() {
    let Some(corpus) = corpus() else { return };
    let mut pairs = 0;
    for path in files_below(&corpus.join("invoices/en16931-edifact")) {
        let other = path.with_extension("xml");
        if path.extension().is_none_or(|ext| ext != "TXT") || !other.is_file() {
            continue;
        }
        let wire = read(&fs::read(&path).unwrap()).unwrap();
        let xml = read(&fs::read(&other).unwrap()).unwrap();
        let said = |reading: &Reading| -> Vec<(String, String)> {
            let facts = reading.documents[0].facts.iter();
            facts
                .map(|fact| (fact.name.clone(), fact.value.clone()))
                .collect()
        };
        pairs += 1;
        assert_eq!(said(&wire), said(&xml), "{}", path.display());
        assert_eq!(wire.documents[0].identity, xml.documents[0].identity);
        assert!(wire.documents[0].identity.is_some());
    }
    println!("{pairs} pairs of EDIFACT and its XML agree");
    assert!(pairs >= 5);
}

#[test]
fn the_digest_of_a_real_envelope_is_checked() {
    let Some(corpus) = corpus() else { return };
    let mut envelopes = 0;
    for path in files_below(&corpus.join("invoices/gobl")) {
        let reading = read(&fs::read(&path).unwrap()).unwrap();
        // Of other documents than invoices nothing is read.
        if reading.format == Format::Gobl && value(&reading, "number").is_some() {
            envelopes += 1;
            assert_eq!(reading.documents[0].doubts, [""; 0], "{}", path.display());
        }
    }
    let path = corpus.join("invoices/gobl/examples/se/out/invoice-se-se.json");
    let changed = fs::read_to_string(path)
        .unwrap()
        .replace("1250.00", "1350.00");
    let reading = read(changed.as_bytes()).unwrap();
    assert!(reading.documents[0].doubts[0].contains("/head/dig/val"));
    println!("the digests of {envelopes} GOBL envelopes are right");
    assert!(envelopes >= 75);
}
