//! The browser package, built as `make wasm` builds it: every golden file in Node, then a page in a browser.
//!
//! Where the wasm target or wasm-bindgen cannot be had, which come from servers of their own, that is said loudly
//! and nothing is checked here, as in `.ci/run`. Everything else that is missing fails the test.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// How `scripts/setup.sh --wasm` says that only the target or wasm-bindgen could not be had.
const NOT_TO_BE_HAD: i32 = 3;

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("a workspace around it").to_owned()
}

fn run(program: &str, arguments: &[&str]) -> ExitStatus {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .status();
    status.unwrap_or_else(|error| panic!("{program} cannot be started: {error}"))
}

#[test]
fn the_browser_package_finds_of_every_golden_file_what_the_native_verifier_finds() {
    let setup = run("scripts/setup.sh", &["--wasm", "--browser"]);
    if setup.code() == Some(NOT_TO_BE_HAD) {
        eprintln!("NOT CHECKED: the browser package (see the banner above)");
        return;
    }
    assert!(setup.success(), "what the browser package needs");
    assert!(run("make", &["wasm"]).success(), "make wasm");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let package = root().join(target).join("wasm/hefu");
    let package = package.to_str().expect("a path in UTF-8");
    for script in ["golden.mjs", "browser.mjs"] {
        let script = format!("tests/wasm/{script}");
        let done = run("node", &[&script, package, "tests/vectors", "samples"]);
        assert!(done.success(), "{script}");
    }
}
