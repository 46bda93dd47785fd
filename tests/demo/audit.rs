//! An auditor follows the whole run from outside, and catches who alters it.

use super::{heading, said, text, Demo};
use anyhow::{Context, Result};
use hefu_tests::history::{alter, begin_anew, copy, Altered};
use hefu_tests::network::wait_for;
use hefu_tests::programs;
use std::process::Output;

impl Demo {
    /// Version 2 of the rules comes into force in the middle of the run.
    pub fn activate_rules(&mut self) -> Result<()> {
        heading("The council activates the next version of the rules");
        let folder = self.dir.join("govern");
        std::fs::create_dir_all(&folder)?;
        let (action, network) = (text(&folder.join("rules.json")), self.network());
        let from = self.devnet.health(0)?.height + 40;
        let height = from.to_string();
        let proposes = ["govern", "propose", "rules", "--network", &network];
        let how = [
            "--version",
            "2",
            "--height",
            &height,
            "--reason",
            "release-2",
            "--out",
            &action,
        ];
        let output = self.hefu(&[&proposes[..], &how].concat())?;
        anyhow::ensure!(output.status.success(), "the council proposes");
        for seat in ["guangdong", "guizhou", "shanghai"] {
            let seat = self.key(&format!("council-seat-{seat}"));
            let sign = [
                "govern",
                "sign",
                "--network",
                &network,
                &action,
                "--key",
                &seat,
            ];
            anyhow::ensure!(self.hefu(&sign)?.status.success(), "a seat signs");
        }
        let key = self.key("agency-gz-housing");
        let submit = [
            "govern",
            "submit",
            "--network",
            &network,
            &action,
            "--key",
            &key,
        ];
        let output = self.hefu(&submit)?;
        let claim = format!("version 2 is executed from height {height} on");
        self.check(&claim, output.status.success());
        Ok(())
    }

    fn audit(&self, more: &[&str]) -> Result<Output> {
        let network = self.network();
        self.hefu(&[&["audit", "--network", &network], more].concat())
    }

    pub fn audit_the_run(&mut self) -> Result<()> {
        heading("An auditor follows the whole run from outside");
        let url = self.devnet.url(0).to_owned();
        wait_for("version 2 of the rules", || {
            Ok((self.devnet.health(0)?.rules.version == 2).then_some(()))
        })?;
        let (memory, mirror) = (
            text(&self.dir.join("audit.memory")),
            text(&self.dir.join("mirror")),
        );
        let follows = ["--from", &url, "--memory", &memory, "--mirror", &mirror];
        let output = self.audit(&[&follows[..], &["--blocks", "60"]].concat())?;
        let stopped = said(&output).contains("begins at genesis")
            && said(&output).contains("stopped there as was asked");
        self.check(
            "it is stopped in the middle",
            stopped && output.status.code() == Some(2),
        );
        let output = self.audit(&follows)?;
        let whole = said(&output).contains("goes on after height 60")
            && said(&output).contains("no finding");
        self.check(
            "it goes on where it stopped, and everything that was published holds",
            whole && output.status.code() == Some(0),
        );
        let both = ["0, 1", "1, 2"]
            .iter()
            .all(|list| said(&output).contains(list));
        self.check("across the new validator and the new rules", both);

        heading(
            "Somebody alters an early registration in the auditor's files, and all hashes with it",
        );
        let forged = self.dir.join("forged-mirror");
        copy(&self.dir.join("mirror"), &forged)?;
        let agency = self.devnet.secret("agency-gd-tax")?;
        let entry = alter(&forged, &self.devnet.network, &agency, Altered::Tiles)?;
        println!("  entry {entry} is signed again with the agency's key, over another document");
        let fresh = text(&self.dir.join("forged.memory"));
        let output = self.audit(&["--from", &text(&forged), "--memory", &fresh])?;
        let found = said(&output).contains("FINDING log-inconsistent");
        self.check(
            "the quorum signed another log: found",
            found && output.status.code() == Some(1),
        );
        let forged = self.dir.join("forged-operation");
        copy(&self.dir.join("mirror"), &forged)?;
        alter(&forged, &self.devnet.network, &agency, Altered::Operation)?;
        let fresh = text(&self.dir.join("forged-too.memory"));
        let output = self.audit(&["--from", &text(&forged), "--memory", &fresh])?;
        let found = said(&output).contains("FINDING operations-not-of-statement");
        self.check(
            "the operation alone is altered: found",
            found && output.status.code() == Some(1),
        );
        self.audit_a_second_history(&memory)
    }

    fn audit_a_second_history(&mut self, memory: &str) -> Result<()> {
        heading("The validators themselves begin the network anew, with all their keys");
        let again = begin_anew(&self.devnet, &programs()?, &self.dir.join("second"))?;
        let (network, key) = (text(&again.network_file()), self.key("agency-gz-housing"));
        let file = text(&self.write_licence("11520000MBHEFU0163", "GZ-2026-0099", "一级")?);
        let receipts = text(&self.dir.join("second-receipts"));
        let output = self.hefu(&[
            "register",
            "--network",
            &network,
            "--key",
            &key,
            "--type",
            "licence",
            "--receipts",
            &receipts,
            &file,
        ])?;
        self.check(
            "in the second history another licence is registered, and its receipt verifies",
            output.status.success(),
        );
        let proofs = self.dir.join("proofs");
        let follows = [
            "--from",
            again.url(0),
            "--memory",
            memory,
            "--proofs",
            &text(&proofs),
        ];
        let output = self.audit(&follows)?;
        let found = said(&output).contains("FINDING equivocation");
        self.check(
            "the auditor that remembers the first one catches it",
            found && output.status.code() == Some(1),
        );
        let written = std::fs::read_dir(&proofs)?.next().context("a proof")??;
        let output = self.audit(&["--evidence", &text(&written.path())])?;
        let proven = said(&output).contains("whose keys signed both");
        self.check(
            "its file proves it to everybody who has the genesis, offline",
            proven && output.status.code() == Some(1),
        );
        Ok(())
    }
}
