//! The demo: the main job of the ledger, with real processes, real keys and real documents.
//!
//! It calls the same programs that users call and prints what they print. Every claim is checked
//! here, and the last line counts the checks; the exit code follows it.

mod audit;
mod governance;
mod licences;
mod outsiders;
mod uses;

use anyhow::{bail, Context, Result};
use clap::Parser;
use hefu_tests::network::{run_client, wait_for};
use hefu_tests::{programs, Devnet};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Instant;

/// Shows what Hefu does, on this machine, step by step.
#[derive(Parser)]
#[command(name = "hefu-demo")]
struct Arguments {
    /// The project's own samples.
    #[arg(long, default_value = "samples")]
    samples: PathBuf,
    /// A folder of your own invoices to register as well.
    #[arg(long)]
    docs: Option<PathBuf>,
    /// Where the network is made; what an earlier demo left there is removed.
    #[arg(long)]
    dir: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let programs = programs()?;
    let beside = programs
        .node
        .parent()
        .and_then(Path::parent)
        .context("the target folder")?;
    let dir = arguments.dir.unwrap_or_else(|| beside.join("demo"));
    if dir.join("network.json").exists() || dir.join("made-by-demo").exists() {
        std::fs::remove_dir_all(&dir).with_context(|| format!("removing {}", dir.display()))?;
    }
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("made-by-demo"), "")?;

    heading("Four validators of four provinces start on this machine");
    let begun = Instant::now();
    let first_rules = ["--port", "0", "--rules-version", "1"];
    let devnet = Devnet::start_with(&programs, &dir.join("net"), 4, &first_rules)?;
    for (node, url) in devnet.file.nodes.iter().enumerate() {
        println!(
            "  {url}  {} (process {})",
            devnet.health(node)?.node,
            devnet.pid(node)?
        );
    }
    let mut demo = Demo {
        devnet,
        target: beside.to_owned(),
        dir,
        samples: arguments.samples,
        passed: 0,
        failed: 0,
    };
    demo.step(|demo| {
        let mut published = 0;
        for node in 0..demo.devnet.file.nodes.len() {
            published += usize::from(demo.devnet.health(node)?.published_height.is_some());
        }
        let seconds = begun.elapsed().as_secs_f32();
        let claim = format!("all four published a checkpoint within {seconds:.1} s");
        demo.check(&claim, published == 4);
        Ok(())
    });
    demo.step(Demo::register_samples);
    if let Some(docs) = &arguments.docs {
        demo.step(|demo| demo.register_folder(docs));
    }
    demo.step(Demo::register_chinese);
    demo.step(Demo::activate_rules);
    demo.step(Demo::verify_offline);
    demo.step(Demo::catch_forgeries);
    demo.step(Demo::catch_double_use);
    demo.step(Demo::share_an_invoice);
    demo.step(Demo::reverse_after_payment);
    demo.step(Demo::find_a_gap);
    demo.step(Demo::recognise_and_revoke);
    demo.step(Demo::move_a_licence);
    demo.step(Demo::lend_a_copy);
    demo.step(Demo::recognise_on_a_condition);
    demo.step(Demo::admit_by_table);
    demo.step(Demo::a_key_leaks);
    demo.step(Demo::survive_a_crash);
    demo.step(Demo::replace_a_validator);
    demo.step(Demo::check_by_others);
    demo.step(Demo::audit_the_run);

    let interactive = std::io::stdout().is_terminal()
        && std::io::stdin().is_terminal()
        && std::env::var_os("CI").is_none();
    if interactive {
        demo.step(Demo::leave_up);
    }
    println!(
        "\ndemo: {} checks passed, {} failed",
        demo.passed, demo.failed
    );
    let failed = demo.failed;
    drop(demo);
    if failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

struct Demo {
    devnet: Devnet,
    /// Where cargo puts what it builds.
    target: PathBuf,
    dir: PathBuf,
    samples: PathBuf,
    passed: usize,
    failed: usize,
}

const GUANGDONG: [&str; 3] = [
    "invoices/ubl-guangzhou-1017.xml",
    "invoices/ubl-shenzhen-3055.xml",
    "invoices/ubl-shenzhen-3062-credit-note.xml",
];

fn heading(text: &str) {
    println!("\n== {text}");
}

/// A path as an argument.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Demo {
    fn check(&mut self, claim: &str, holds: bool) {
        if holds {
            self.passed += 1;
            println!("  [ok]     {claim}");
        } else {
            self.failed += 1;
            println!("  [FAILED] {claim}");
        }
    }

    /// The client must have said this code, and ended as for a refusal.
    fn check_refused(&mut self, claim: &str, output: &Output, code: &str) {
        let refused = output.status.code() == Some(1) && said(output).contains(code);
        self.check(claim, refused);
    }

    /// Runs a part of the demo. One that cannot go on is a failed check, and the next parts follow.
    fn step(&mut self, part: impl FnOnce(&mut Self) -> Result<()>) {
        if let Err(error) = part(self) {
            self.check(&format!("this part could not go on: {error:#}"), false);
        }
    }

    /// Runs the client, shows the command and what it said.
    fn hefu(&self, arguments: &[&str]) -> Result<Output> {
        let shown: Vec<String> = arguments.iter().map(|a| self.shorten(a)).collect();
        println!("$ hefu {}", shown.join(" "));
        let output = self.devnet.client(arguments)?;
        for line in said(&output).lines() {
            println!("    {}", self.shorten(line));
        }
        Ok(output)
    }

    /// Paths of the demo's folder are long: they are shown from `net/` on.
    fn shorten(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.dir.display()), "")
    }

    fn network(&self) -> String {
        text(&self.devnet.network_file())
    }

    fn key(&self, name: &str) -> String {
        text(&self.devnet.key(name))
    }

    fn sample(&self, name: &str) -> PathBuf {
        self.samples.join(name)
    }

    fn receipts(&self) -> String {
        text(&self.dir.join("receipts"))
    }

    /// The receipt that `register` wrote for a file.
    fn receipt(&self, file: &Path) -> Result<String> {
        let name = file
            .file_name()
            .context("a file has a name")?
            .to_string_lossy()
            .into_owned();
        let ends = format!("{name}.receipt");
        let folder = self.dir.join("receipts");
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path
                .file_name()
                .is_some_and(|n| n.to_string_lossy().ends_with(&ends))
            {
                return Ok(text(&path));
            }
        }
        bail!("no receipt for {name} in {}", folder.display())
    }

    fn register(&self, agency: &str, more: &[&str], files: &[&str]) -> Result<Output> {
        let (network, receipts) = (self.network(), self.receipts());
        let key = self.key(&format!("agency-{agency}"));
        let files: Vec<String> = files.iter().map(|file| text(&self.sample(file))).collect();
        let mut arguments = vec!["register", "--network", &network, "--key", &key];
        arguments.extend(more);
        arguments.extend(["--receipts", &receipts]);
        arguments.extend(files.iter().map(String::as_str));
        self.hefu(&arguments)
    }

    fn register_samples(&mut self) -> Result<()> {
        heading("Agencies of three provinces register the project's own samples");
        let invoice = ["--type", "invoice"];
        let licence = ["--type", "licence"];
        let begun = Instant::now();
        let output = self.register("gd-tax", &invoice, &GUANGDONG)?;
        self.check(
            "gd-tax registered three UBL documents",
            output.status.success(),
        );
        let took = begun.elapsed().as_millis();
        println!("  (took {took} ms from the files to verified receipts)");
        let zhejiang = [
            "invoices/ubl-hangzhou-2048.xml",
            "invoices/cii-ningbo-5079.xml",
        ];
        let output = self.register("zj-tax", &invoice, &zhejiang)?;
        self.check(
            "zj-tax registered a UBL and a CII invoice",
            output.status.success(),
        );
        let guizhou = [
            "licences/guizhou-qualification-0001.json",
            "licences/guizhou-safety-0002.json",
            "licences/guizhou-food-0003.json",
        ];
        let output = self.register("gz-housing", &licence, &guizhou)?;
        self.check(
            "gz-housing registered three JSON licences",
            output.status.success(),
        );
        for agency in ["zj-tax", "gz-housing"] {
            let csv = text(&self.sample(&format!("lists/{agency}.csv")));
            let output = self.register(agency, &["--csv", &csv], &[])?;
            let claim = format!("{agency} registered a PDF by a list of numbers");
            self.check(&claim, output.status.success());
        }
        let typed = [
            "--number",
            "26442000000000006088",
            "--issuer",
            "91441900MAHEFU039G",
        ];
        let typed = [&invoice[..], &typed, &["--class", "invoice"]].concat();
        let output = self.register("gd-tax", &typed, &["invoices/pdf-dongguan-6088.pdf"])?;
        self.check(
            "gd-tax registered a PDF by a typed number",
            output.status.success(),
        );

        heading("The same again");
        let output = self.register("gd-tax", &invoice, &GUANGDONG)?;
        self.check(
            "registering again changes nothing and is no error",
            output.status.success(),
        );
        let rendition = ["renditions/cii-guangzhou-1017.xml"];
        let output = self.register("gd-tax", &invoice, &rendition)?;
        let joined = said(&output).contains("rendition") && output.status.success();
        self.check(
            "the same invoice in another syntax joins its document",
            joined,
        );
        Ok(())
    }

    /// The number, the facts and the type come out of the files; nobody types anything.
    fn register_chinese(&mut self) -> Result<()> {
        heading("A Chinese invoice as OFD, PDF and XML is one document");
        let files = ["ofd", "pdf", "xml"].map(|end| format!("chinese/digital-invoice.{end}"));
        let [ofd, pdf, xml] = files.each_ref().map(String::as_str);
        let output = self.register("gd-tax", &[], &[ofd])?;
        self.check(
            "gd-tax registered the OFD, and was not told its type",
            output.status.success(),
        );
        let output = self.register("gd-tax", &[], &[pdf, xml])?;
        let joined = said(&output).contains("rendition") && output.status.success();
        self.check("the PDF and the XML join it", joined);
        let others = [
            ("zj-finance", "fiscal-bill.ofd"),
            ("sh-tax", "rail-ticket.pdf"),
            ("gd-tax", "air-ticket.xml"),
            ("zj-market", "licence.ofd"),
        ];
        for (agency, file) in others {
            let output = self.register(agency, &[], &[&format!("chinese/{file}")])?;
            let claim = format!("{agency} registered {file}");
            self.check(&claim, output.status.success());
        }
        let (network, receipt) = (self.network(), self.receipt(&self.sample(ofd))?);
        let shown = text(&self.dir.join("for-the-bank.receipt"));
        let output = self.hefu(&[
            "disclose",
            "--network",
            &network,
            &receipt,
            "--facts",
            "total,currency",
            "--out",
            &shown,
        ])?;
        let hidden = said(&output).contains("2 facts shown") && output.status.success();
        self.check("its holder shows two facts and hides the rest", hidden);
        let output = self.hefu(&[
            "verify",
            "--offline",
            "--network",
            &network,
            "--receipt",
            &shown,
            &text(&self.sample(pdf)),
        ])?;
        // The receipt is older than the PDF's registration, so it knows the PDF by its facts alone.
        let agrees = said(&output).contains("agree with it (currency, total)");
        let claim = "whoever gets it compares them offline and is told that others are hidden";
        self.check(claim, agrees && output.status.code() == Some(2));
        Ok(())
    }

    fn register_folder(&mut self, docs: &Path) -> Result<()> {
        heading(&format!("Your documents in {}", docs.display()));
        let (network, receipts) = (self.network(), text(&self.dir.join("receipts-of-yours")));
        let (key, docs_text) = (self.key("agency-gd-customs"), text(docs));
        let arguments = [
            "register",
            "--network",
            &network,
            "--key",
            &key,
            "--receipts",
            &receipts,
            &docs_text,
        ];
        let begun = Instant::now();
        let output = self.hefu(&arguments)?;
        println!("  (took {:.1} s)", begun.elapsed().as_secs_f32());
        // True conflicts among the files end with 1; a network that was not reached with 2.
        self.check(
            "the network answered for every file",
            matches!(output.status.code(), Some(0 | 1)),
        );

        // Once more, for the books: every file must come to an end, and nothing may be new.
        let again = [&arguments[..], &["--json"]].concat();
        let output = self.devnet.client(&again)?;
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let count = |name: &str| answer["counts"][name].as_u64().unwrap_or(0) as usize;
        let settled = count("receipt-here") + count("conflict") + count("refused");
        let files = count_files(docs)?;
        // A file may hold several documents, which stand behind `#`.
        let named: std::collections::BTreeSet<&str> = (answer["documents"].as_array())
            .into_iter()
            .flatten()
            .filter_map(|document| document["file"].as_str()?.split('#').next())
            .collect();
        let documents = answer["documents"].as_array().map_or(0, Vec::len);
        println!(
            "  of {documents} documents in {files} files {} have a receipt, {} are in conflict, {} were refused, {} were \
             left aside",
            count("receipt-here"),
            count("conflict"),
            count("refused"),
            count("left-aside")
        );
        let claim = "each file is registered, in conflict, refused, or left aside with a reason";
        let is_whole = settled + count("left-aside") == documents && named.len() == files;
        self.check(claim, is_whole);
        let claim = "registering the folder again registers nothing anew";
        self.check(claim, count("registered") + count("rendition") == 0);
        Ok(())
    }

    fn verify_offline(&mut self) -> Result<()> {
        heading("A business in another province checks an invoice offline");
        let file = self.sample("invoices/ubl-guangzhou-1017.xml");
        let (network, receipt, file) = (self.network(), self.receipt(&file)?, text(&file));
        let output = self.hefu(&[
            "verify",
            "--offline",
            "--network",
            &network,
            "--receipt",
            &receipt,
            &file,
        ])?;
        self.check(
            "authentic and in force, without asking any server",
            output.status.code() == Some(0),
        );
        let output = self.hefu(&["verify", "--network", &network, &file])?;
        self.check(
            "the same online, without a receipt",
            output.status.code() == Some(0),
        );
        let stranger = text(&self.sample("README.md"));
        let output = self.hefu(&["verify", "--network", &network, &stranger])?;
        self.check(
            "of a file that nobody registered it says: could not tell",
            output.status.code() == Some(2),
        );
        Ok(())
    }

    fn catch_forgeries(&mut self) -> Result<()> {
        heading("Forgeries");
        let original = self.sample("invoices/ubl-guangzhou-1017.xml");
        let (network, receipt) = (self.network(), self.receipt(&original)?);
        let xml = std::fs::read_to_string(&original)?;
        let altered = self.dir.join("altered.xml");
        std::fs::write(&altered, inflate(&xml)?)?;
        let path = text(&altered);
        let output = self.hefu(&[
            "verify",
            "--offline",
            "--network",
            &network,
            "--receipt",
            &receipt,
            &path,
        ])?;
        self.check(
            "an altered copy is caught, with the facts that differ",
            output.status.code() == Some(1),
        );
        let (key, receipts) = (self.key("agency-gd-tax"), self.receipts());
        let output = self.hefu(&[
            "register",
            "--network",
            &network,
            "--key",
            &key,
            "--type",
            "invoice",
            "--receipts",
            &receipts,
            &path,
        ])?;
        self.check_refused(
            "another document under the same number is refused: 2002, with evidence",
            &output,
            "2002",
        );
        let other = [
            "--type",
            "invoice",
            "--number",
            "26442000000000009999",
            "--issuer",
            "91441900MAHEFU039G",
            "--class",
            "invoice",
        ];
        let output = self.register("gd-tax", &other, &["invoices/pdf-dongguan-6088.pdf"])?;
        self.check_refused(
            "one file under two numbers is refused: 2003",
            &output,
            "2003",
        );
        let foreign = text(&self.sample("invoices/ubl-hangzhou-2048.xml"));
        let elsewhere = text(&self.dir.join("receipts-elsewhere"));
        let output = self.hefu(&[
            "register",
            "--network",
            &network,
            "--key",
            &key,
            "--type",
            "invoice",
            "--receipts",
            &elsewhere,
            &foreign,
        ])?;
        self.check_refused(
            "an agency does not register for issuers outside its scope: 3005",
            &output,
            "3005",
        );
        Ok(())
    }

    fn consume(&self, member: &str, file: &Path) -> Result<Output> {
        let (network, key, receipts) = (self.network(), self.key(member), self.receipts());
        let (receipt, file) = (self.receipt(file)?, text(file));
        self.hefu(&[
            "use",
            "consume",
            "--network",
            &network,
            "--key",
            &key,
            "--for",
            "reimburse",
            "--receipt",
            &receipt,
            "--receipts",
            &receipts,
            &file,
        ])
    }

    fn catch_double_use(&mut self) -> Result<()> {
        heading("One invoice, one reimbursement");
        let named = self.sample("invoices/ubl-guangzhou-1017.xml");
        let output = self.consume("member-other", &named)?;
        self.check_refused(
            "a company that the invoice does not name may not use it: 5003",
            &output,
            "5003",
        );
        let output = self.consume("member-guiyang", &named)?;
        self.check(
            "the buyer that it names reimburses it",
            output.status.success(),
        );
        let open = self.sample("invoices/pdf-dongguan-6088.pdf");
        let output = self.consume("member-shanghai", &open)?;
        self.check(
            "an invoice without a named buyer goes to the first member",
            output.status.success(),
        );
        let output = self.consume("member-other", &open)?;
        self.check_refused(
            "a second reimbursement by another company is refused: 5002",
            &output,
            "5002",
        );
        let (network, file, member) = (self.network(), text(&open), self.key("member-other"));
        let output = self.hefu(&[
            "verify",
            "--network",
            &network,
            "--for",
            "reimburse",
            "--as",
            &member,
            &file,
        ])?;
        self.check(
            "and who asks first is told not to pay",
            output.status.code() == Some(1),
        );
        Ok(())
    }

    fn recognise_and_revoke(&mut self) -> Result<()> {
        heading("A licence of Guizhou in other provinces");
        let licence = self.sample("licences/guizhou-qualification-0001.json");
        let (network, receipt, file) = (self.network(), self.receipt(&licence)?, text(&licence));
        let verify = |region: &str| {
            self.hefu(&[
                "verify",
                "--network",
                &network,
                "--receipt",
                &receipt,
                "--region",
                region,
                &file,
            ])
        };
        let shanghai = verify("shanghai")?;
        let zhejiang = verify("zhejiang")?;
        let cited = said(&shanghai).contains("article 3");
        self.check(
            "recognised in Shanghai, with the rule cited",
            shanghai.status.code() == Some(0) && cited,
        );
        self.check(
            "expressly not recognised in Zhejiang",
            zhejiang.status.code() == Some(1),
        );
        let agency = self.key("agency-gz-housing");
        let output = self.hefu(&[
            "revoke",
            "--network",
            &network,
            "--key",
            &agency,
            "--receipt",
            &receipt,
            "--reason",
            "serious-violation",
            &file,
        ])?;
        self.check("its agency revokes it", output.status.success());
        let output = self.hefu(&[
            "verify",
            "--network",
            &network,
            "--region",
            "shanghai",
            &file,
        ])?;
        let told = output.status.code() == Some(1) && said(&output).contains("serious-violation");
        self.check(
            "from then on it is refused everywhere, with the reason",
            told,
        );
        Ok(())
    }

    fn survive_a_crash(&mut self) -> Result<()> {
        heading("One validator is killed");
        println!(
            "$ kill -9 {}   # {}",
            self.devnet.pid(2)?,
            self.devnet.health(2)?.node
        );
        self.devnet.kill(2)?;
        let begun = Instant::now();
        let output = self.register(
            "zj-market",
            &["--type", "licence"],
            &["licences/zhejiang-qualification-0101.json"],
        )?;
        let claim = format!(
            "three of four go on: a licence was registered in {} ms",
            begun.elapsed().as_millis()
        );
        self.check(&claim, output.status.success());
        self.devnet.restart(2)?;
        let back = self.devnet.wait_published(2)?;
        println!("  {} is back", back.node);
        let head = self.devnet.health(0)?.height;
        wait_for("the restarted validator to catch up", || {
            Ok((self.devnet.health(2)?.height >= head).then_some(()))
        })?;
        let equal = self.devnet.wait_equal(&[0, 1, 2, 3])?;
        let mut same = true;
        for node in 0..4 {
            let health = self.devnet.health(node)?;
            println!(
                "  {:38} height {:4}  state {}",
                health.node, health.height, health.state_root
            );
            // A heartbeat may have come since: other heights are other roots.
            same &= health.height != equal.height || health.state_root == equal.state_root;
        }
        self.check(
            &format!("all four have the same roots at height {}", equal.height),
            same,
        );
        let permit = [
            "--type",
            "licence",
            "--number",
            "330000202610270102",
            "--issuer",
            "11330000MBHEFU032F",
            "--class",
            "construction-permit",
            "--valid-from",
            "2026-10-27",
            "--valid-until",
            "2028-10-26",
        ];
        let output = self.register(
            "zj-market",
            &permit,
            &["licences/pdf-zhejiang-permit-0102.pdf"],
        )?;
        self.check(
            "and all four take the next document",
            output.status.success(),
        );
        let mut receipts = Vec::new();
        for entry in std::fs::read_dir(self.dir.join("receipts"))? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "receipt")
            {
                receipts.push(text(&path));
            }
        }
        let network = self.network();
        let mut arguments = vec!["receipt", "--network", &network];
        arguments.extend(receipts.iter().map(String::as_str));
        let output = run_client(&programs()?, &arguments)?;
        self.check(
            &format!("all {} receipts still verify", receipts.len()),
            output.status.success(),
        );
        Ok(())
    }

    fn leave_up(&mut self) -> Result<()> {
        heading("The network is up. Try, in another terminal:");
        let (network, receipts) = (self.network(), self.receipts());
        println!(
            "  export PATH={}:$PATH",
            programs()?.client.parent().context("a folder")?.display()
        );
        println!(
            "  hefu verify --network {network} {}",
            text(&self.sample("invoices/ubl-hangzhou-2048.xml"))
        );
        println!(
            "  hefu status --network {network} {}",
            text(&self.sample("invoices/ubl-guangzhou-1017.xml"))
        );
        println!("  ls {receipts}");
        println!("  curl {}/checkpoint", self.devnet.url(0));
        println!("Press Enter to stop it.");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        Ok(())
    }
}

fn count_files(folder: &Path) -> Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        files += if entry.file_type()?.is_dir() {
            count_files(&entry.path())?
        } else {
            1
        };
    }
    Ok(files)
}

fn said(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    format!("{stdout}{stderr}")
}

/// The invoice with another total, as a forger would write it.
fn inflate(xml: &str) -> Result<String> {
    let open = "<cbc:TaxInclusiveAmount currencyID=\"CNY\">";
    let begin = xml.find(open).context("the sample has a total")? + open.len();
    Ok(format!("{}9{}", &xml[..begin], &xml[begin..]))
}
