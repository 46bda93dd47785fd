//! The parts of the demo about numbers and the use of invoices.

use super::{heading, said, text, Demo};
use anyhow::{Context, Result};
use hefu_tests::programs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The numbering of the demo's hospital.
const HOSPITAL: [&str; 6] = [
    "--type",
    "medical-bill",
    "--issuer",
    "12330000HEFU00001X",
    "--series",
    "33060125",
];

impl Demo {
    /// A copy of a sample under another number, which is a new document.
    fn another(&self, sample: &str, number: &str, its_own: &str) -> Result<PathBuf> {
        let folder = self.dir.join("more");
        std::fs::create_dir_all(&folder)?;
        let xml = std::fs::read_to_string(self.sample(sample))?;
        let file = folder.join(format!("{its_own}.xml"));
        std::fs::write(&file, xml.replace(number, its_own))?;
        Ok(file)
    }

    pub fn register_as(&self, agency: &str, more: &[&str], file: &str) -> Result<Output> {
        let (network, receipts) = (self.network(), self.receipts());
        let key = self.key(&format!("agency-{agency}"));
        let mut arguments = vec!["register", "--network", &network, "--key", &key];
        arguments.extend(more);
        arguments.extend(["--receipts", &receipts, file]);
        self.hefu(&arguments)
    }

    /// A command on the network with a key.
    fn with_key(&self, command: &[&str], key: &str, more: &[&str]) -> Result<Output> {
        let (network, key) = (self.network(), self.key(key));
        let signed = ["--network", &network, "--key", &key];
        self.hefu(&[command, &signed, more].concat())
    }

    fn take(&self, verb: &str, member: &str, more: &[&str]) -> Result<Output> {
        let receipts = text(&self.dir.join(format!("receipts-of-{member}")));
        let common = ["--for", "reimburse", "--receipts", &receipts];
        self.with_key(&["use", verb], member, &[&common, more].concat())
    }

    /// Whoever holds the claim file may use the invoice, each a part of it.
    pub fn share_an_invoice(&mut self) -> Result<()> {
        heading("Two companies reimburse one invoice in parts, and a third cannot block it");
        let number = ("26442000000000003055", "26442000000000003056");
        let file = text(&self.another("invoices/ubl-shenzhen-3055.xml", number.0, number.1)?);
        let claimed = ["--type", "invoice", "--use", "claim"];
        let output = self.register_as("gd-tax", &claimed, &file)?;
        let claim = "an invoice of 19316.60 CNY is registered for whoever holds its claim file";
        self.check(claim, output.status.success());
        let claim = self.claim_of(number.1)?;
        let claim = text(&claim);
        let output = self.take("lock", "member-other", &[&file])?;
        self.check_refused("a company without it locks nothing: 5003", &output, "5003");
        let by_claim = ["--claim", &claim];
        let part = |amount: &'static str| [&by_claim[..], &["--amount", amount, &file]].concat();
        let output = self.take("lock", "member-shanghai", &part("10000.00"))?;
        self.check("a company locks 10000.00 of it", output.status.success());
        let output = self.take("consume", "member-hangzhou", &part("9000.00"))?;
        self.check("another reimburses 9000.00", output.status.success());
        let output = self.take("lock", "member-guiyang", &part("1000.00"))?;
        let claim = "a third asks for 1000.00 and is told how much is free: 5006";
        self.check_refused(claim, &output, "5006");
        let output = self.take("consume", "member-shanghai", &[&file])?;
        self.check("the lock becomes a reimbursement", output.status.success());
        let receipts = text(&self.dir.join("receipts-of-member-guiyang"));
        let subsidy = [
            "--for",
            "subsidy",
            "--receipts",
            &receipts,
            "--claim",
            by_claim[1],
            &file,
        ];
        let output = self.with_key(&["use", "consume"], "member-guiyang", &subsidy)?;
        let claim = "what is reimbursed is not subsidised as well: 5007";
        self.check_refused(claim, &output, "5007");
        Ok(())
    }

    /// The seller takes back a part of what was paid: who paid agrees, and its watch hears of it.
    pub fn reverse_after_payment(&mut self) -> Result<()> {
        heading(
            "A reversal after payment: the payer agrees, and its watch list tells its accounts",
        );
        let number = ("26442000000000001017", "26442000000000001018");
        let file = text(&self.another("invoices/ubl-guangzhou-1017.xml", number.0, number.1)?);
        self.register_as("gd-tax", &["--type", "invoice"], &file)?;
        let registration = self.receipt(file.as_ref())?;
        let (buyer, agency) = ("member-guiyang", "agency-gd-tax");
        let opened = ["--receipt", &registration, &file];
        let output = self.take("lock", buyer, &opened)?;
        self.check("the buyer locks the invoice", output.status.success());
        let output = self.take("consume", buyer, &opened)?;
        self.check(
            "and pays: the lock's receipt became the use's",
            output.status.success(),
        );

        let paid = text(&self.dir.join(format!("receipts-of-{buyer}")));
        let network = self.network();
        let watch = [
            "watch",
            "--network",
            &network,
            "--follow",
            "--for",
            "60s",
            "--every",
            "500ms",
        ];
        println!(
            "$ hefu {} {} &",
            self.shorten(&watch.join(" ")),
            self.shorten(&paid)
        );
        let mut watching = Command::new(programs()?.client)
            .args(watch)
            .env("HEFU_MEMORY", "none")
            .arg(&paid)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;

        let part = ["--reason", "return", "--amount", "300.00"];
        let output = self.with_key(&["reverse"], agency, &[&[&file[..]], &part[..]].concat())?;
        let claim = "the seller cannot reverse what is in use alone: 4007";
        self.check_refused(claim, &output, "4007");
        let request = [&[&file[..]], &part[..]].concat();
        let output = self.with_key(&["reversal", "request"], agency, &request)?;
        self.check(
            "it asks: code 02",
            said(&output).contains("02") && output.status.success(),
        );
        let output = self.with_key(&["reversal", "agree"], buyer, &[&file])?;
        self.check(
            "the payer agrees: code 04",
            said(&output).contains("04") && output.status.success(),
        );
        let output = self.with_key(&["reverse"], agency, &[&[&file[..]], &part[..]].concat())?;
        self.check("300.00 are reversed", output.status.success());
        let printed = watching.stdout.take().context("what the watch prints")?;
        let mut heard = String::new();
        // It ends by itself after a minute, if it never hears of the reversal.
        for line in BufReader::new(printed).lines() {
            let line = line?;
            println!("    {}", self.shorten(&line));
            heard.push_str(&line);
            if line.contains("partly-reversed") {
                break;
            }
        }
        watching.kill()?;
        watching.wait()?;
        // Request and consent may have come and gone between two looks.
        let claim = "the payer's watch reported the reversal, with proofs";
        self.check(claim, heard.contains("issued -> partly-reversed"));
        Ok(())
    }

    /// Numbers come out of a range; a hospital proposes, its bureau confirms; one number is missing.
    pub fn find_a_gap(&mut self) -> Result<()> {
        heading("Every number of a range is issued, void or open: an auditor finds the gap");
        let (unit, bureau) = ("agency-zj-hospital", "agency-zj-finance");
        let range = |more: &[&'static str]| [&HOSPITAL[..], more].concat();
        let steps: [(&str, &[&str]); 3] = [
            (
                unit,
                &["request", "--first", "1", "--last", "10", "--digits", "10"],
            ),
            (
                bureau,
                &["allocate", "--range", "0", "--valid-until", "2099-12-31"],
            ),
            (unit, &["activate", "--range", "0"]),
        ];
        let mut all = true;
        for (who, step) in steps {
            let output = self.with_key(&["range", step[0]], who, &range(&step[1..]))?;
            all &= output.status.success();
        }
        self.check(
            "a range of ten numbers is asked for, allocated and in use",
            all,
        );
        let folder = self.dir.join("more");
        let (mut proposed, mut confirmed) = (true, true);
        for number in ["0000000001", "0000000002", "0000000003", "0000000005"] {
            let file = folder.join(format!("bill-{number}.txt"));
            std::fs::write(&file, format!("medical bill {number}, 128.00 CNY\n"))?;
            let file = text(&file);
            let typed = range(&["--number"]);
            let output =
                self.register_as("zj-hospital", &[&typed[..], &[number]].concat(), &file)?;
            proposed &= output.status.success();
            let output = self.with_key(&["confirm", "--json"], bureau, &[&file])?;
            confirmed &= output.status.success();
        }
        self.check("the hospital proposes four bills", proposed);
        self.check("and its bureau confirms them", confirmed);
        let stray = text(&folder.join("bill-stray.txt"));
        std::fs::write(&stray, "medical bill 0000000011\n")?;
        let typed = range(&["--number", "0000000011"]);
        let output = self.register_as("zj-hospital", &typed, &stray)?;
        self.check_refused(
            "a number outside the range is refused: 1008",
            &output,
            "1008",
        );
        let void = range(&[
            "--range", "0", "--first", "9", "--last", "10", "--reason", "misprint",
        ]);
        let output = self.with_key(&["range", "void"], unit, &void)?;
        self.check("two numbers are declared void", output.status.success());
        let (network, proof) = (self.network(), text(&self.dir.join("range.cert")));
        let report = [&["range", "report", "--network", &network], &HOSPITAL[..]].concat();
        let saved = ["--range", "all", "--save", &proof, "--sample", "4"];
        let output = self.hefu(&[&report[..], &saved].concat())?;
        let found = output.status.code() == Some(1) && said(&output).contains("0000000004");
        self.check(
            "the report finds number 0000000004 missing, with one proof for all",
            found,
        );
        let offline = ["--range", "all", "--offline", &proof];
        let output = self.hefu(&[&report[..], &offline].concat())?;
        self.check(
            "and the auditor checks it offline",
            output.status.code() == Some(1),
        );
        Ok(())
    }
}
