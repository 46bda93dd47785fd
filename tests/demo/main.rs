//! The demo: the main job of the ledger, with real processes, real keys and real documents.
//!
//! It calls the same programs that users call and prints what they print. Every claim is checked
//! here, and the last line counts the checks; the exit code follows it.

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
    let devnet = Devnet::start(&programs, &dir.join("net"), 4)?;
    for (node, url) in devnet.file.nodes.iter().enumerate() {
        println!(
            "  {url}  {} (process {})",
            devnet.health(node)?.node,
            devnet.pid(node)?
        );
    }
    let mut demo = Demo {
        devnet,
        dir,
        samples: arguments.samples,
        passed: 0,
        failed: 0,
    };
    let started = format!(
        "all four published a checkpoint within {:.1} s",
        begun.elapsed().as_secs_f32()
    );
    demo.check(&started, true);

    demo.register_samples()?;
    if let Some(docs) = &arguments.docs {
        demo.register_folder(docs)?;
    }
    demo.verify_offline()?;
    demo.catch_forgeries()?;
    demo.catch_double_use()?;
    demo.recognise_and_revoke()?;
    demo.survive_a_crash()?;

    let interactive = std::io::stdout().is_terminal()
        && std::io::stdin().is_terminal()
        && std::env::var_os("CI").is_none();
    if interactive {
        demo.leave_up()?;
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
    dir: PathBuf,
    samples: PathBuf,
    passed: usize,
    failed: usize,
}

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

    fn register(&self, key: &str, kind: &str, more: &[&str], files: &[PathBuf]) -> Result<Output> {
        let (network, key, receipts) = (
            self.network(),
            self.key(&format!("agency-{key}")),
            self.receipts(),
        );
        let files: Vec<String> = files.iter().map(|file| text(file)).collect();
        let mut arguments = vec![
            "register",
            "--network",
            &network,
            "--key",
            &key,
            "--type",
            kind,
        ];
        arguments.extend(more);
        arguments.extend(["--receipts", &receipts]);
        arguments.extend(files.iter().map(String::as_str));
        self.hefu(&arguments)
    }

    fn register_samples(&mut self) -> Result<()> {
        heading("Agencies of three provinces register the project's own samples");
        let sample = |name: &str| self.sample(name);
        let guangdong = [
            sample("invoices/ubl-guangzhou-1017.xml"),
            sample("invoices/ubl-shenzhen-3055.xml"),
            sample("invoices/ubl-shenzhen-3062-credit-note.xml"),
        ];
        let zhejiang = [
            sample("invoices/ubl-hangzhou-2048.xml"),
            sample("invoices/cii-ningbo-5079.xml"),
        ];
        let guizhou = [
            sample("licences/guizhou-qualification-0001.json"),
            sample("licences/guizhou-safety-0002.json"),
            sample("licences/guizhou-food-0003.json"),
        ];
        let first = Instant::now();
        let runs = [
            (
                "gd-tax",
                self.register("gd-tax", "invoice", &[], &guangdong)?,
                "three UBL documents",
            ),
            (
                "zj-tax",
                self.register("zj-tax", "invoice", &[], &zhejiang)?,
                "one UBL and one CII invoice",
            ),
            (
                "gz-housing",
                self.register("gz-housing", "licence", &[], &guizhou)?,
                "three JSON licences",
            ),
        ];
        let took = first.elapsed().as_millis();
        for (agency, output, what) in &runs {
            self.check(
                &format!("{agency} registered {what}"),
                output.status.success(),
            );
        }
        println!("  (the three runs took {took} ms together, receipts verified)");
        let pdf = |number: &'static str, issuer: &'static str, class: &'static str| {
            vec!["--number", number, "--issuer", issuer, "--class", class]
        };
        let output = self.register(
            "gd-tax",
            "invoice",
            &pdf("26442000000000006088", "91441900MAHEFU039G", "invoice"),
            &[self.sample("invoices/pdf-dongguan-6088.pdf")],
        )?;
        self.check(
            "gd-tax registered a PDF by the number that the clerk typed",
            output.status.success(),
        );
        let output = self.register(
            "gz-housing",
            "licence",
            &pdf("GZ-FP-2026-0004", "11520100MBHEFU0243", "food-production"),
            &[self.sample("licences/pdf-guizhou-food-production-0004.pdf")],
        )?;
        self.check(
            "gz-housing registered a licence as a PDF",
            output.status.success(),
        );

        heading("The same again");
        let output = self.register("gd-tax", "invoice", &[], &guangdong)?;
        self.check(
            "registering again changes nothing and is no error",
            output.status.success(),
        );
        let rendition = [self.sample("renditions/cii-guangzhou-1017.xml")];
        let output = self.register("gd-tax", "invoice", &[], &rendition)?;
        self.check(
            "the same invoice in another syntax joins its document",
            output.status.success(),
        );
        Ok(())
    }

    fn register_folder(&mut self, docs: &Path) -> Result<()> {
        heading(&format!("Your documents in {}", docs.display()));
        let begun = Instant::now();
        let output = self.register("gd-customs", "invoice", &[], &[docs.to_owned()])?;
        println!("  (took {:.1} s)", begun.elapsed().as_secs_f32());
        // True conflicts among the files end with 1; a network that was not reached with 2.
        self.check(
            "every file was registered, found in conflict, or left aside with a reason",
            matches!(output.status.code(), Some(0 | 1)),
        );
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
        let output = self.register("gd-tax", "invoice", &[], &[altered])?;
        let refused = output.status.code() == Some(1) && said(&output).contains("2002");
        self.check(
            "another document under the same number is refused: 2002, with evidence",
            refused,
        );
        let pdf = [self.sample("invoices/pdf-dongguan-6088.pdf")];
        let other = [
            "--number",
            "26442000000000009999",
            "--issuer",
            "91441900MAHEFU039G",
            "--class",
            "invoice",
        ];
        let output = self.register("gd-tax", "invoice", &other, &pdf)?;
        let refused = output.status.code() == Some(1) && said(&output).contains("2003");
        self.check("one file under two numbers is refused: 2003", refused);
        let foreign = [self.sample("invoices/pdf-wenzhou-7093.pdf")];
        let number = [
            "--number",
            "26332000000000007093",
            "--issuer",
            "91330300MAHEFU063T",
            "--class",
            "invoice",
        ];
        let output = self.register("gd-tax", "invoice", &number, &foreign)?;
        let refused = output.status.code() == Some(1) && said(&output).contains("3005");
        self.check(
            "an agency does not register for issuers outside its scope: 3005",
            refused,
        );
        Ok(())
    }

    fn consume(&self, member: &str, file: &Path) -> Result<Output> {
        let (network, key, receipts) = (self.network(), self.key(member), self.receipts());
        let (receipt, file) = (self.receipt(file)?, text(file));
        self.hefu(&[
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
        let refused = output.status.code() == Some(1) && said(&output).contains("5003");
        self.check(
            "a company that the invoice does not name may not use it: 5003",
            refused,
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
        let refused = output.status.code() == Some(1) && said(&output).contains("5002");
        self.check(
            "a second reimbursement by another company is refused: 5002",
            refused,
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
        let zhejiang = [self.sample("licences/zhejiang-qualification-0101.json")];
        let begun = Instant::now();
        let output = self.register("zj-market", "licence", &[], &zhejiang)?;
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
        for node in 0..4 {
            let health = self.devnet.health(node)?;
            println!(
                "  {:38} height {:4}  state {}",
                health.node, health.height, health.state_root
            );
        }
        self.check(
            &format!("all four have the same roots at height {}", equal.height),
            true,
        );
        let receipts = std::fs::read_dir(self.dir.join("receipts"))?.count();
        let network = self.network();
        let mut arguments = vec!["receipt".to_owned(), "--network".to_owned(), network];
        for entry in std::fs::read_dir(self.dir.join("receipts"))? {
            arguments.push(text(&entry?.path()));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run_client(&programs()?, &arguments)?;
        self.check(
            &format!("all {receipts} receipts still verify"),
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
