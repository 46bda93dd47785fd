//! The parts of the demo about who may do what: agencies out of a spreadsheet, a key that leaked, a
//! validator that is replaced while statements flow.

use super::{heading, said, text, Demo};
use anyhow::{Context, Result};
use hefu_tests::network::wait_for;
use hefu_tests::programs;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// Three hospitals of Guizhou ask to issue. The code of the third has a wrong check character.
const HOSPITALS: [(&str, &str, &str); 3] = [
    ("gz-hospital-1", "贵阳样例医院", "12520100MB0HEFU1"),
    ("gz-hospital-2", "遵义样例医院", "12520300MB0HEFU2"),
    ("gz-hospital-3", "安顺样例医院", "12520400MB0HEFU3"),
];

/// The check character of a unified social credit code, of 17 characters (GB 32100-2015).
fn credit_code(of: &str) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    ALPHABET
        .chars()
        .map(|check| format!("{of}{check}"))
        .find(|code| hefu_types::profile::is_credit_code(code))
        .unwrap_or_default()
}

impl Demo {
    fn on_network(&self, command: &[&str], more: &[&str]) -> Result<Output> {
        let network = self.network();
        self.hefu(&[command, &["--network", &network], more].concat())
    }

    /// A bureau admits hospitals from a table.
    pub fn admit_by_table(&mut self) -> Result<()> {
        heading("A registrar admits agencies from a spreadsheet");
        let folder = self.dir.join("hospitals");
        std::fs::create_dir_all(&folder)?;
        let network_id = self.devnet.network.genesis().network_id.to_string();
        let mut rows = vec!["申请文件,统一社会信用代码".to_owned()];
        for (index, (id, name, code)) in HOSPITALS.iter().enumerate() {
            let (key, request) = (
                text(&folder.join(format!("{id}.key.json"))),
                text(&folder.join(format!("{id}.request.json"))),
            );
            let made = ["keygen", "--role", "agency", "--holder", id, "--out", &key];
            let output = self.hefu(&[&made[..], &["--network-id", &network_id]].concat())?;
            anyhow::ensure!(output.status.success(), "the key of {id}");
            let code = credit_code(&format!("{code}K"));
            let asks = [
                "--id",
                id,
                "--name",
                name,
                "--region",
                "guizhou",
                "--contact",
                "0851-00000000",
                "--uscc",
                &code,
                "--type",
                "work-permit",
                "--legal-basis",
                "黔卫发〔2026〕1号",
                "--key",
                &key,
                "--out",
                &request,
            ];
            let output = self.on_network(&["agency", "request"], &asks)?;
            anyhow::ensure!(output.status.success(), "the request of {id}");
            // The clerk who typed the table made a slip in the last row.
            let typed = match index {
                2 => format!("{}0", &code[..17]),
                _ => code,
            };
            rows.push(format!("{id}.request.json,{typed}"));
        }
        // And a row stands twice.
        rows.push(rows[1].clone());
        let table = folder.join("hospitals.csv");
        std::fs::write(&table, rows.join("\r\n"))?;
        let (table, key) = (text(&table), self.key("registrar-guizhou"));
        let admits = ["--key", &key, "--csv", &table];
        let output = self.on_network(&["agency", "admit"], &admits)?;
        let told = said(&output);
        let claim = "two of four rows are admitted; the table tells the other two and why";
        let named = told.contains("gz-hospital-3") && output.status.code() == Some(1);
        self.check(claim, named);
        let output = self.on_network(&["agency", "list"], &["--region", "guizhou"])?;
        let listed = said(&output);
        let claim = "both stand on the ledger, each line proven";
        self.check(
            claim,
            listed.contains("gz-hospital-1")
                && listed.contains("gz-hospital-2")
                && !listed.contains("gz-hospital-3"),
        );
        Ok(())
    }

    fn issue_permit(&self, code: &str, number: &str) -> Result<(String, Output)> {
        let file = text(&self.write_licence(code, number, "-")?);
        let (network, receipts) = (self.network(), self.receipts());
        let key = text(&self.dir.join("hospitals/gz-hospital-1.key.json"));
        let output = self.hefu(&[
            "register",
            "--network",
            &network,
            "--key",
            &key,
            "--type",
            "work-permit",
            "--receipts",
            &receipts,
            &file,
        ])?;
        Ok((file, output))
    }

    /// A key leaks: what it signed before stays valid, what it signed after is doubtful.
    pub fn a_key_leaks(&mut self) -> Result<()> {
        heading("A hospital's key leaks");
        let code = credit_code(&format!("{}K", HOSPITALS[0].2));
        let (before, output) = self.issue_permit(&code, "WP-2026-0001")?;
        self.check("the hospital issues a permit", output.status.success());
        let receipt = self.receipt(before.as_ref())?;
        let receipt = hefu_proof::Receipt::decode(&std::fs::read(receipt)?)?;
        // The leak lies between the two, at a whole second, as a registrar would type it.
        let checkpoint = receipt.certificate.checkpoint.checkpoint;
        let time = hefu_types::Millis((checkpoint.time.0 / 1_000 + 1) * 1_000);
        wait_for("a block of the next second", || {
            Ok((self.devnet.health(0)?.block_time > time).then_some(()))
        })?;
        let (after, output) = self.issue_permit(&code, "WP-2026-0002")?;
        self.check(
            "somebody else issues one with its key",
            output.status.success(),
        );
        let key = text(&self.dir.join("hospitals/gz-hospital-1.key.json"));
        let since = time.to_string();
        let asks = ["--since", &since, "--what-if", &key];
        let output = self.on_network(&["key", "compromised"], &asks)?;
        let claim = "the registrar asks first how many documents would be doubtful: one";
        let told = said(&output).contains('1') && output.status.success();
        self.check(claim, told);
        let registrar = self.key("registrar-guizhou");
        let declares = [
            "--since",
            &since,
            "--key",
            &registrar,
            "--reason",
            "incident-12",
            &key,
        ];
        let output = self.on_network(&["key", "compromised"], &declares)?;
        self.check("and declares it", output.status.success());
        let output = self.on_network(&["verify"], &[&before])?;
        let claim = "what was registered before stays valid";
        self.check(claim, output.status.code() == Some(0));
        let output = self.on_network(&["verify"], &[&after])?;
        let told = output.status.code() == Some(2) && said(&output).contains("3004");
        self.check("what was registered after is doubtful: 3004", told);
        let (_, output) = self.issue_permit(&code, "WP-2026-0003")?;
        self.check("and the key signs no more", !output.status.success());
        Ok(())
    }

    /// A validator is replaced while statements flow.
    pub fn replace_a_validator(&mut self) -> Result<()> {
        heading("A validator is replaced while statements flow");
        let early = self.write_licence("11520000MBHEFU0163", "GZ-2026-0011", "二级")?;
        self.register_as("gz-housing", &["--type", "licence"], &text(&early))?;
        let comes = self
            .devnet
            .add_node("new.devnet.hefu.example", "zhejiang")?;
        self.devnet.restart(comes)?;
        let leaves = 3;
        let leaver = self.devnet.health(leaves)?.node;
        let folder = self.dir.join("govern");
        std::fs::create_dir_all(&folder)?;
        let action = text(&folder.join("replace.json"));
        let request = text(
            &self
                .devnet
                .node_folder(comes)
                .join("validator-request.json"),
        );
        let (network, key) = (self.network(), self.key("agency-gz-housing"));
        let mut load = Command::new(&programs()?.client)
            .env("HEFU_MEMORY", "none")
            .args([
                "bench",
                "--network",
                &network,
                "--key",
                &key,
                "--operations",
                "16",
            ])
            .args(["--senders", "8", "--time", "20s", "--warm-up", "1s"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let proposes = [
            "--add",
            &request,
            "--remove",
            &leaver,
            "--reason",
            "decision-2026-7",
            "--out",
            &action,
        ];
        let output = self.on_network(&["govern", "propose", "validators"], &proposes)?;
        self.check(
            "the council proposes to replace one",
            output.status.success(),
        );
        for seat in [
            "council-seat-guangdong",
            "council-seat-guizhou",
            "council-seat-shanghai",
        ] {
            let seat = self.key(seat);
            let output = self.on_network(&["govern", "sign"], &[&action, "--key", &seat])?;
            anyhow::ensure!(output.status.success(), "a seat signs");
        }
        let begun = Instant::now();
        let output = self.on_network(&["govern", "submit"], &[&action, "--key", &key])?;
        self.check(
            "three seats signed offline, and it is done",
            output.status.success(),
        );
        wait_for("the next set", || {
            Ok((self.devnet.health(0)?.epoch == 1).then_some(()))
        })?;
        let took = begun.elapsed().as_millis();
        wait_for("the newcomer to vote", || {
            Ok(self.devnet.health(comes)?.votes.then_some(()))
        })?;
        let claim = format!(
            "the next set decides {took} ms later; the newcomer has caught up and votes after {} ms",
            begun.elapsed().as_millis()
        );
        self.check(&claim, !self.devnet.health(leaves)?.votes);
        let flowed = load.wait()?.success();
        self.check("statements flowed all the time, none was lost", flowed);
        self.devnet.stop(leaves)?;
        println!("  {leaver} is stopped for good");
        let late = self.write_licence("11520000MBHEFU0163", "GZ-2026-0012", "二级")?;
        let output = self.register_as("gz-housing", &["--type", "licence"], &text(&late))?;
        self.check("without it everything goes on", output.status.success());
        for (file, when) in [(&early, "before"), (&late, "after")] {
            let receipt = self.receipt(file)?;
            let offline = ["--offline", "--receipt", &receipt, &text(file)];
            let output = self.on_network(&["verify"], &offline)?;
            let claim =
                format!("a receipt from {when} the change verifies offline, by the genesis");
            self.check(&claim, output.status.code() == Some(0));
        }
        let output = self.on_network(&["govern", "submit"], &[&action, "--key", &key])?;
        self.check_refused(
            "the same action does not serve twice: 3009",
            &output,
            "3009",
        );
        let output = self.on_network(&["govern", "list"], &[])?;
        let told = said(&output).contains("new.devnet.hefu.example") && output.status.success();
        self.check("everybody can read who validates now, proven", told);
        let _ = load.stdout.take().context("its output")?;
        Ok(())
    }
}
