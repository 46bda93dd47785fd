//! Other people's programs check what the demo made: a verifier in Python that was written from the formats
//! alone, a library for COSE receipts, and the package for browsers. None of them asks a node.

use super::{heading, said, text, Demo};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Command, Output};

impl Demo {
    pub(crate) fn check_by_others(&mut self) -> Result<()> {
        heading("Other people's programs check a receipt of this run, offline");
        let network = self.network();
        let document = self.sample("licences/guizhou-safety-0002.json");
        let receipt = self.receipt(&document)?;
        let altered = text(&self.dir.join("altered.receipt"));
        let mut bytes = std::fs::read(&receipt)?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&altered, bytes)?;

        let python = python()?;
        let verifier = ["tests/python/verifier.py", &network];
        let good = self.others(&python, &[verifier[0], verifier[1], &receipt])?;
        self.check(
            "a verifier in Python, written from the formats alone, accepts it",
            good.status.success(),
        );
        let bad = self.others(&python, &[verifier[0], verifier[1], &altered])?;
        self.check(
            "and refuses it with one bit altered",
            bad.status.code() == Some(1),
        );

        self.check_cose(&python, &receipt)?;

        let Some(package) = self.package() else {
            println!("  NOT CHECKED: the package for browsers, which is not there (`make wasm` says why)");
            return Ok(());
        };
        let document = text(&document);
        let mut arguments = [
            "tests/wasm/verify.mjs",
            &package,
            &network,
            &receipt,
            &document,
        ];
        let good = self.others("node", &arguments)?;
        self.check(
            "the package for browsers says what the command line says",
            good.status.success(),
        );
        arguments[3] = &altered;
        let bad = self.others("node", &arguments)?;
        self.check(
            "and could not tell with the altered receipt, which it refuses",
            bad.status.code() == Some(2) && said(&bad).contains("receipt refused"),
        );
        Ok(())
    }

    /// Receipts of each validator in COSE (RFC 9942), verified by the library scitt-cose.
    fn check_cose(&mut self, python: &str, receipt: &str) -> Result<()> {
        let network = self.network();
        let other = self.receipt(&self.sample("invoices/ubl-hangzhou-2048.xml"))?;
        let [cose, other_cose] =
            ["statement.cose", "other.cose"].map(|name| text(&self.dir.join(name)));
        let keys = text(&self.dir.join("log-keys"));
        let [json, cbor] = ["json", "cbor"].map(|kind| format!("{keys}.{kind}"));
        let other_keys = format!("{keys}-other.json");
        let export = ["receipt", "export", "--network", &network, "--cose"];
        for (claim, more) in [
            (
                "a quorum of the validators gave its receipts in COSE",
                [&cose, "--keys", &json, receipt],
            ),
            (
                "and the keys as a COSE_KeySet",
                [&cose, "--keys", &cbor, receipt],
            ),
            (
                "and receipts of another statement",
                [&other_cose, "--keys", &other_keys, &other],
            ),
        ] {
            let output = self.hefu(&[&export[..], &more].concat())?;
            self.check(claim, output.status.success());
        }
        let output = self.others(
            python,
            &["tests/python/scitt.py", &cose, &json, &cbor, &other_cose],
        )?;
        self.check(
            "the library scitt-cose verifies the statement and every validator's receipt, and refuses each altered",
            output.status.success(),
        );
        Ok(())
    }

    /// Runs somebody else's program from the project's folder, and shows what it said.
    fn others(&self, program: &str, arguments: &[&str]) -> Result<Output> {
        let shown: Vec<String> = arguments.iter().map(|a| self.shorten(a)).collect();
        let name = Path::new(program)
            .file_name()
            .map(|name| name.to_string_lossy());
        println!("$ {} {}", name.unwrap_or_default(), shown.join(" "));
        let output = Command::new(program).args(arguments).output();
        let output = output.with_context(|| format!("starting {program}"))?;
        for line in said(&output).lines() {
            println!("    {}", self.shorten(line));
        }
        Ok(output)
    }

    /// Where `make wasm` put the package; where the wasm target cannot be had there is none.
    fn package(&self) -> Option<String> {
        let package = self.target.join("wasm/hefu");
        (package.join("node.mjs").is_file()).then(|| text(&package))
    }
}

/// An interpreter with the packages that the verifiers need.
fn python() -> Result<String> {
    let made = Command::new("scripts/venv.sh").output();
    let made = made.context("starting scripts/venv.sh; the demo runs from the project's folder")?;
    anyhow::ensure!(made.status.success(), "no Python: {}", said(&made));
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}
