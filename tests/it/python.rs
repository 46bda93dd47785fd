//! The verifier in Python, which was written from the written formats alone, finds of every golden file what the
//! shipped verifier finds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the package is a folder of the workspace")
        .to_owned()
}

/// The interpreter of the tests' environment, which is made where it is missing.
fn interpreter() -> PathBuf {
    let made = Command::new(root().join("scripts/venv.sh")).output();
    let made = made.expect("bash can be started");
    let errors = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "no environment for Python: {errors}");
    PathBuf::from(String::from_utf8_lossy(&made.stdout).trim())
}

fn run(python: &Path, program: &str, arguments: &[&str]) -> (Output, String) {
    let folder = root().join("tests");
    let run = Command::new(python)
        .arg("-B")
        .arg(folder.join("python").join(program))
        .args(
            arguments
                .iter()
                .map(|path| folder.join("vectors").join(path)),
        )
        .output();
    let run = run.expect("Python can be started");
    let said = [&run.stdout[..], &run.stderr].concat();
    (run, String::from_utf8_lossy(&said).into_owned())
}

/// How many golden files lie in a folder.
fn files(folder: &str) -> usize {
    let found = fs::read_dir(root().join("tests/vectors").join(folder));
    found.expect("the golden files are there").count()
}

#[test]
fn python_finds_of_the_golden_files_what_their_manifest_says() {
    let python = interpreter();
    let (run, said) = run(&python, "golden.py", &["manifest.json"]);
    let (good, bad) = (files("good"), files("bad"));
    let expected = format!("{good} to accept, {bad} to refuse, 0 not as they should be");
    assert!(run.status.success() && said.trim() == expected, "{said}");
}

#[test]
fn the_program_for_files_says_whether_they_hold() {
    let python = interpreter();
    let (network, other) = ("networks/four.json", "networks/seven.json");
    let good = [
        "good/register.receipt",
        "good/status-revoked.certificate",
        "good/register-3.bundle",
    ];
    let check = |arguments: &[&str], holds: bool, expected: &str| {
        let (run, said) = run(&python, "verifier.py", arguments);
        assert_eq!(
            run.status.code(),
            Some(i32::from(!holds)),
            "{arguments:?}: {said}"
        );
        assert!(said.contains(expected), "{arguments:?}: {said}");
    };
    check(&[network, good[0], good[1], good[2]], true, ": holds: ");
    check(&[other, good[0]], false, ": refused: other-network");
    check(
        &[network, good[0], "bad/receipt-cosignature-missing.receipt"],
        false,
        ": refused: no-quorum",
    );
    check(&[network, "manifest.json"], false, ": refused: malformed");
    check(&[network, "good/nothing.receipt"], false, ": refused: ");
}

#[test]
fn it_stays_small_and_stands_on_two_packages() {
    let source = fs::read_to_string(root().join("tests/python/verifier.py"));
    let source = source.expect("the verifier is there");
    assert!(
        source.lines().count() <= 500,
        "{} lines",
        source.lines().count()
    );
    let own = [
        "base64",
        "collections",
        "hashlib",
        "json",
        "pathlib",
        "re",
        "sys",
        "time",
    ];
    let imports = source.lines().filter_map(|line| {
        let rest = line
            .strip_prefix("import ")
            .or_else(|| line.strip_prefix("from "))?;
        Some(rest.split(" import ").next().unwrap_or(rest))
    });
    for name in imports.flat_map(|names| names.split(", ")) {
        let package = name.split('.').next().unwrap_or(name);
        let allowed = own.contains(&package) || ["cbor2", "cryptography"].contains(&package);
        assert!(allowed, "it imports {package}");
    }
}
