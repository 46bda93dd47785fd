//! Which files a registration is about: those that were typed, those below folders, those of a CSV;
//! and the name of each one's receipt.

use crate::cli::Register;
use crate::disk;
use crate::failure::Failure;
use hefu_types::profile::Identity;
use hefu_types::Suite;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The longest list in bytes.
const CSV_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A file and the name of its receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The file name of its receipt.
    pub receipt: String,
    /// The path after which the receipt is named.
    pub relative: PathBuf,
}

impl Source {
    fn new(path: PathBuf, relative: PathBuf, suite: Suite) -> Self {
        Self {
            path,
            receipt: disk::receipt_name(suite, &relative),
            relative,
        }
    }

    /// One document of a file that holds several, named by what stands behind the file's path.
    pub fn within(&self, path: PathBuf, suite: Suite) -> Self {
        let (whole, own) = (path.to_string_lossy(), self.path.to_string_lossy());
        let rest = whole.strip_prefix(own.as_ref()).unwrap_or(&whole);
        let relative = PathBuf::from(format!("{}{rest}", self.relative.display()));
        Self::new(path, relative, suite)
    }
}

/// One document to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its files.
    pub sources: Vec<Source>,
    /// Its type, where it was typed or listed.
    pub document_type: Option<String>,
    /// Its number, where it was typed or listed.
    pub identity: Option<Identity>,
    /// The first day of validity.
    pub valid_from: Option<String>,
    /// The last day of validity.
    pub valid_until: Option<String>,
    /// Found in a folder: nobody asked for this very file.
    pub walked: bool,
}

/// A file, and its path relative to what was asked for.
struct Found {
    path: PathBuf,
    relative: PathBuf,
    walked: bool,
}

/// All documents that a command line asks for.
pub fn jobs(args: &Register, suite: Suite) -> Result<Vec<Job>, Failure> {
    let jobs = match &args.csv {
        Some(csv) => {
            let bytes = disk::read(csv, CSV_BYTES_MAX)?;
            let folder = csv.parent().unwrap_or(Path::new(""));
            rows(&bytes, folder, suite, args).map_err(|why| Failure::bad_file(csv, why))?
        }
        None => typed(args, suite)?,
    };
    name_clash(&jobs)?;
    Ok(jobs)
}

fn typed(args: &Register, suite: Suite) -> Result<Vec<Job>, Failure> {
    let mut found = Vec::new();
    for path in &args.files {
        if path.is_dir() {
            for file in disk::walk(path)? {
                let relative = file.strip_prefix(path).unwrap_or(&file).to_owned();
                found.push(Found {
                    path: file,
                    relative,
                    walked: true,
                });
            }
        } else {
            let relative = path.file_name().map_or(path.clone(), PathBuf::from);
            found.push(Found {
                path: path.clone(),
                relative,
                walked: false,
            });
        }
    }
    let sources = named(found, suite);
    let job = |sources, walked| Job {
        sources,
        document_type: args.number.document_type.clone(),
        identity: args.number.identity(),
        valid_from: args.overrides.valid_from.clone(),
        valid_until: args.overrides.valid_until.clone(),
        walked,
    };
    if args.one_document {
        let sources: Vec<Source> = sources.into_iter().map(|(source, _)| source).collect();
        return Ok(if sources.is_empty() {
            Vec::new()
        } else {
            vec![job(sources, false)]
        });
    }
    if args.number.number.is_some() && sources.len() != 1 {
        return Err(Failure::asked(
            "--number is the number of one document: give one file, or --one-document where the \
             files are its renditions",
            "--number 只对应一份文档：请只给一个文件；若多个文件是同一文档的版式，请加 --one-document",
        ));
    }
    Ok(sources
        .into_iter()
        .map(|(source, walked)| job(vec![source], walked))
        .collect())
}

/// Names receipts after relative paths, and after whole paths where those are the same.
fn named(found: Vec<Found>, suite: Suite) -> Vec<(Source, bool)> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for file in &found {
        *times
            .entry(disk::receipt_name(suite, &file.relative))
            .or_default() += 1;
    }
    found
        .into_iter()
        .map(|file| {
            let receipt = disk::receipt_name(suite, &file.relative);
            let is_clash = times.get(&receipt).is_some_and(|times| *times > 1);
            let relative = if is_clash {
                file.path.clone()
            } else {
                file.relative
            };
            (Source::new(file.path, relative, suite), file.walked)
        })
        .collect()
}

fn name_clash(jobs: &[Job]) -> Result<(), Failure> {
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    for source in jobs.iter().flat_map(|job| &job.sources) {
        if let Some(other) = seen.insert(&source.receipt, &source.path) {
            let (one, other, name) = (source.path.display(), other.display(), &source.receipt);
            return Err(Failure::asked(
                format!(
                    "{other} and {one} would have the same receipt {name}: register them apart"
                ),
                format!("{other} 与 {one} 的回执文件名相同（{name}），请分别登记"),
            ));
        }
    }
    Ok(())
}

/// A line of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    file: PathBuf,
    #[serde(rename = "type")]
    document_type: String,
    number: String,
    legal_issuer: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    series: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    valid_from: String,
    #[serde(default)]
    valid_until: String,
}

/// The documents of a list. `folder` is where the list lies; `args` says what no row says.
pub fn rows(
    bytes: &[u8],
    folder: &Path,
    suite: Suite,
    args: &Register,
) -> Result<Vec<Job>, String> {
    // Spreadsheets write a byte order mark, and then believe the first column has another name.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let given = |text: String| (!text.is_empty()).then_some(text);
    let mut jobs = Vec::new();
    for row in reader.deserialize() {
        let row: Row = row.map_err(|error| error.to_string())?;
        let number = Identity {
            legal_issuer: row.legal_issuer,
            class: row.class,
            series: row.series,
            number: row.number,
            period: row.period,
        };
        // A row that only names a file says: its number is in it.
        let identity = (!number.number.is_empty()).then_some(number);
        jobs.push(Job {
            sources: vec![Source::new(folder.join(&row.file), row.file, suite)],
            document_type: given(row.document_type).or(args.number.document_type.clone()),
            identity,
            valid_from: given(row.valid_from).or(args.overrides.valid_from.clone()),
            valid_until: given(row.valid_until).or(args.overrides.valid_until.clone()),
            walked: false,
        });
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    const SUITE: Suite = Suite::Sha256Ed25519;

    fn args(words: &[&str]) -> Register {
        let fixed = [
            "hefu",
            "register",
            "--network",
            "n",
            "--key",
            "k",
            "--receipts",
            "r",
        ];
        let cli = Cli::try_parse_from(fixed.iter().chain(words)).expect("can be typed");
        let Command::Register(args) = cli.command else {
            panic!("another command")
        };
        args
    }

    fn receipts(jobs: &[Job]) -> Vec<&str> {
        jobs.iter()
            .flat_map(|job| &job.sources)
            .map(|source| source.receipt.as_str())
            .collect()
    }

    #[test]
    fn a_list_names_files_numbers_and_dates() {
        let csv =
            "\u{feff}file, type,number,legal_issuer,class,series,period,valid_from,valid_until\n\
                   sub/a.pdf,licence, N-1 ,11,food,,,2026-01-01,\nb.pdf,,,,,,,,\n";
        let typed = args(&["--csv", "x", "--type", "invoice"]);
        let jobs = rows(csv.as_bytes(), Path::new("lists"), SUITE, &typed).expect("a list");
        assert_eq!(receipts(&jobs), ["sub__a.pdf.receipt", "b.pdf.receipt"]);
        assert_eq!(jobs[0].sources[0].path, Path::new("lists/sub/a.pdf"));
        assert_eq!(jobs[0].document_type.as_deref(), Some("licence"));
        assert_eq!(
            jobs[0].identity.as_ref().map(|id| id.number.as_str()),
            Some("N-1")
        );
        assert_eq!(
            (jobs[0].valid_from.as_deref(), &jobs[0].valid_until),
            (Some("2026-01-01"), &None)
        );
        assert_eq!(
            (jobs[1].document_type.as_deref(), &jobs[1].identity),
            (Some("invoice"), &None)
        );
    }

    #[test]
    fn a_list_without_its_columns_is_refused_before_anything_is_sent() {
        let typed = args(&["--csv", "x"]);
        for csv in [
            "file,number\na,1\n",
            "file,type,number,legal_issuer\na,b,c\n",
            "file,type,number,legal_issuer,colour\na,b,c,d,red\n",
        ] {
            assert!(
                rows(csv.as_bytes(), Path::new(""), SUITE, &typed).is_err(),
                "{csv}"
            );
        }
    }

    #[test]
    fn files_of_one_name_in_two_folders_have_two_receipts() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a/1.xml", "b/1.xml", "b/2.xml"] {
            disk::write(&folder.path().join(name), b"x").expect("written");
        }
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name).display().to_string());
        let jobs = jobs(&args(&[&a, &b]), SUITE).expect("listed");
        let names = receipts(&jobs);
        assert!(
            names[0].ends_with("__a__1.xml.receipt") && names[1].ends_with("__b__1.xml.receipt")
        );
        assert_eq!(names[2], "2.xml.receipt");
        assert!(jobs.iter().all(|job| job.walked));
    }

    #[test]
    fn one_number_is_for_one_document() {
        let number = ["--number", "1", "--issuer", "2"];
        assert!(typed(&args(&[&["a", "b"], &number[..]].concat()), SUITE).is_err());
        let one = [&["a", "b", "--one-document"], &number[..]].concat();
        let jobs = typed(&args(&one), SUITE).expect("one document");
        assert_eq!(receipts(&jobs), ["a.receipt", "b.receipt"]);
        assert_eq!(jobs.len(), 1);
        assert!(name_clash(&typed(&args(&["a__b", "x/a__b"]), SUITE).expect("two")).is_ok());
        assert!(name_clash(&typed(&args(&["a", "a"]), SUITE).expect("twice")).is_err());
    }
}
