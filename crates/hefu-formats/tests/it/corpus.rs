//! Real files that nobody here wrote, where they lie beside the checkout (`shared/corpus`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hefu_formats::{read, Reading};
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
    units.trim_start_matches('0').to_owned()
}

#[test]
fn the_ground_truth_is_found() {
    let Some(corpus) = corpus() else { return };
    let truth: Value =
        serde_json::from_slice(&fs::read(corpus.join("ground-truth.json")).unwrap()).unwrap();
    let mut count = 0;
    for document in truth["documents"].as_array().unwrap() {
        let format = document["format"].as_str().unwrap();
        let is_read =
            format.starts_with("UBL") || format.starts_with("CII") || format.starts_with("PDF");
        if !is_read {
            continue;
        }
        count += 1;
        let file = document["file"].as_str().unwrap();
        let reading = read(&fs::read(corpus.join(file)).unwrap()).unwrap();
        let field = |name: &str| document["fields"][name]["value"].as_str();
        assert_eq!(value(&reading, "number"), field("invoice_number"), "{file}");
        assert_eq!(value(&reading, "issue-date"), field("issue_date"), "{file}");
        assert_eq!(value(&reading, "currency"), field("currency"), "{file}");
        assert_eq!(
            value(&reading, "document-type"),
            field("document_type"),
            "{file}"
        );
        let total = field("total").map(|total| minor_units(total, 2));
        assert_eq!(value(&reading, "total"), total.as_deref(), "{file}");
        // Without a tax identifier the seller is named by his legal registration.
        let seller = field("seller_tax_id").or(field("seller_legal_id"));
        assert_eq!(value(&reading, "seller-id"), seller, "{file}");
        let identity = reading.documents[0].identity.clone().unwrap();
        assert_eq!(Some(identity.legal_issuer.as_str()), seller, "{file}");
        assert_eq!(
            Some(identity.number.as_str()),
            field("invoice_number"),
            "{file}"
        );
        let class = if field("document_type") == Some("381") {
            "credit-note"
        } else {
            "invoice"
        };
        assert_eq!(identity.class, class, "{file}");
    }
    println!("{count} files agree with the ground truth");
    assert!(count >= 11);
}

#[test]
fn every_real_file_gets_an_answer() {
    let Some(corpus) = corpus() else { return };
    let mut table: BTreeMap<(String, String), usize> = BTreeMap::new();
    for path in files_below(&corpus.join("invoices")) {
        let (format, result) = match read(&fs::read(&path).unwrap()) {
            Ok(reading) => {
                // Which attachment it is would make a row of each.
                let format = reading.format.to_string();
                let format = format.split(" (").next().unwrap().to_owned();
                let stated = &reading.documents[0];
                let result = match stated.identity {
                    Some(_) => "identity".to_owned(),
                    None => format!("missing: {}", stated.missing.join(", ")),
                };
                (format, result)
            }
            Err(refused) => {
                println!(
                    "{}: {refused}",
                    path.strip_prefix(&corpus).unwrap().display()
                );
                ("refused".to_owned(), refused.kind().to_owned())
            }
        };
        *table.entry((format, result)).or_default() += 1;
    }
    for ((format, result), count) in &table {
        println!("{count:5}  {format:32}  {result}");
    }
    let with_identity = |format: &str| {
        table
            .get(&(format.to_owned(), "identity".to_owned()))
            .copied()
            .unwrap_or(0)
    };
    assert!(with_identity("UBL XML") > 0 && with_identity("CII XML") > 0);
    assert!(with_identity("PDF with CII XML") > 0);
}

/// Where the two files of one case really state different things.
const DIFFERING: [(&str, &str); 1] = [("01.21a-INVOICE_ubl.xml", "seller-id")];

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
        if !DIFFERING.iter().any(|(differing, _)| case == *differing) {
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
