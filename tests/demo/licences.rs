//! The parts of the demo about licences: moved to another province, lent, recognised on a condition.

use super::{heading, said, text, Demo};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Output;

/// The offices that issue the demo's licences: legal issuer, agency.
const GUIZHOU: (&str, &str) = ("11520000MBHEFU0163", "gz-housing");
const ZHEJIANG: (&str, &str) = ("11330000MBHEFU032F", "zj-market");

impl Demo {
    /// A licence as an office writes it, in a file of its own.
    pub fn write_licence(&self, issuer: &str, number: &str, grade: &str) -> Result<PathBuf> {
        let licence = serde_json::json!({
            "hefu": "licence",
            "legal_issuer": issuer,
            "number": number,
            "class": "enterprise-qualification",
            "series": "",
            "period": "",
            "facts": {
                "holder": "贵阳花溪样例建设有限公司 91520111MAHEFU071J",
                "licence-name": "建筑业企业资质证书",
                "scope": "建筑工程施工总承包",
                "grade": grade,
                "valid-from": "2026-01-01",
                "valid-until": "2028-12-31",
            },
        });
        let folder = self.dir.join("more");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{number}.json"));
        std::fs::write(&file, serde_json::to_vec_pretty(&licence)?)?;
        Ok(file)
    }

    /// A command about a document, by the agency that issued it.
    fn by_agency(&self, command: &str, agency: &str, more: &[&str], file: &Path) -> Result<Output> {
        let (network, key) = (self.network(), self.key(&format!("agency-{agency}")));
        let file = text(file);
        let mut arguments = vec![command, "--network", &network, "--key", &key];
        arguments.extend(more);
        arguments.push(&file);
        self.hefu(&arguments)
    }

    fn take_in(&self, new: &Path, old: &Path) -> Result<Output> {
        let (old, receipts) = (text(old), self.receipts());
        let more = ["--from", old.as_str(), "--receipts", &receipts];
        self.by_agency("transfer-in", ZHEJIANG.1, &more, new)
    }

    fn verify(&self, more: &[&str], file: &Path) -> Result<Output> {
        let (network, file) = (self.network(), text(file));
        self.hefu(&[&["verify", "--network", &network], more, &[&file]].concat())
    }

    /// A licence leaves Guizhou and arrives in Zhejiang, once.
    pub fn move_a_licence(&mut self) -> Result<()> {
        heading("A licence moves from Guizhou to Zhejiang, and is taken in there once");
        let old = self.write_licence(GUIZHOU.0, "GZ-2026-0007", "二级")?;
        let new = self.write_licence(ZHEJIANG.0, "ZJ-2026-0031", "二级")?;
        let again = self.write_licence(ZHEJIANG.0, "ZJ-2026-0032", "二级")?;
        let output = self.register_as(GUIZHOU.1, &["--type", "licence"], &text(&old))?;
        self.check("Guizhou registers it", output.status.success());
        let to = ["--to", "zhejiang", "--reason", "relocation"];
        let output = self.by_agency("transfer-out", GUIZHOU.1, &to, &old)?;
        self.check("and lets it go to Zhejiang", output.status.success());
        let output = self.take_in(&new, &old)?;
        let claim = "Zhejiang registers it under its own number, citing the old one";
        self.check(claim, output.status.success());
        let output = self.take_in(&again, &old)?;
        self.check_refused(
            "a second time it is taken in by nobody: 4015",
            &output,
            "4015",
        );
        let output = self.verify(&[], &again)?;
        let claim = "and the second licence does not exist: both or neither were done";
        self.check(claim, output.status.code() == Some(2));
        let output = self.verify(&[], &old)?;
        let told = output.status.code() == Some(1) && said(&output).contains("zhejiang");
        self.check("the old one says where it went", told);
        let output = self.verify(&["--region", "shanghai"], &new)?;
        let claim = "the new one is in force, and recognised in Shanghai";
        self.check(claim, output.status.code() == Some(0));
        Ok(())
    }

    /// A copy for one bank, with the holder's consent, that ends with its licence.
    pub fn lend_a_copy(&mut self) -> Result<()> {
        heading("A copy of a licence is lent to a bank for one purpose");
        let licence = self.write_licence(GUIZHOU.0, "GZ-2026-0008", "二级")?;
        let claimed = ["--type", "licence", "--use", "claim"];
        let output = self.register_as(GUIZHOU.1, &claimed, &text(&licence))?;
        let claim = "a licence is registered, with a claim file for its holder";
        self.check(claim, output.status.success());
        let claim = text(&self.claim_of("GZ-2026-0008")?);
        let copy = self.dir.join("more").join("copy-for-the-bank.txt");
        std::fs::write(
            &copy,
            "COPY of licence GZ-2026-0008, for 样例银行, loan 000131002000 only\n",
        )?;
        let consent = text(&self.dir.join("more").join("consent.json"));
        let output = self.by_agency(
            "lend",
            GUIZHOU.1,
            &[
                "--copy",
                &text(&copy),
                "--purpose",
                "loan",
                "--matter",
                "000131002000",
                "--user",
                "样例银行",
                "--for",
                "48h",
            ],
            &licence,
        )?;
        self.check_refused("the agency alone lends none of it: 4016", &output, "4016");
        let network = self.network();
        let output = self.hefu(&[
            "consent",
            "--network",
            &network,
            "--claim",
            &claim,
            "--copy",
            &text(&copy),
            "--purpose",
            "loan",
            "--matter",
            "000131002000",
            "--user",
            "样例银行",
            "--for",
            "48h",
            "--out",
            &consent,
        ])?;
        self.check("its holder consents, offline", output.status.success());
        let lent = ["--copy", &text(&copy), "--consent", &consent];
        let output = self.by_agency("lend", GUIZHOU.1, &lent, &licence)?;
        self.check("with that the copy is made", output.status.success());
        let output = self.verify(&["--user", "样例银行"], &copy)?;
        let told = said(&output).contains("loan") && output.status.code() == Some(0);
        self.check(
            "the bank sees that it is a copy, for what and for whom",
            told,
        );
        let output = self.verify(&["--user", "另一家银行"], &copy)?;
        let claim = "for another bank it is worth nothing";
        self.check(claim, output.status.code() == Some(1));
        let output = self.by_agency("suspend", GUIZHOU.1, &["--reason", "inspection"], &licence)?;
        self.check("the licence is suspended", output.status.success());
        let output = self.verify(&["--user", "样例银行"], &copy)?;
        self.check_refused("and its copy with it: 6011", &output, "6011");
        Ok(())
    }

    /// Guangdong recognises licences of Guizhou of some grades.
    pub fn recognise_on_a_condition(&mut self) -> Result<()> {
        heading("Guangdong recognises licences of Guizhou of some grades");
        let (second, none) = (
            self.write_licence(GUIZHOU.0, "GZ-2026-0009", "二级")?,
            self.write_licence(GUIZHOU.0, "GZ-2026-0010", "不分级")?,
        );
        for file in [&second, &none] {
            self.register_as(GUIZHOU.1, &["--type", "licence"], &text(file))?;
        }
        let output = self.verify(&["--region", "guangdong"], &second)?;
        let told = output.status.code() == Some(0) && said(&output).contains("grade");
        self.check("one of grade two meets the condition", told);
        let output = self.verify(&["--region", "guangdong"], &none)?;
        self.check_refused("one without a grade does not: 6010", &output, "6010");
        let network = self.network();
        let output = self.hefu(&["recognition", "--network", &network, "--type", "licence"])?;
        let claim = "the matrix shows who recognises whose licences";
        self.check(claim, output.status.success());
        Ok(())
    }

    /// The claim file that came with the registration of a number.
    pub fn claim_of(&self, number: &str) -> Result<PathBuf> {
        let claims = self.dir.join("receipts");
        let is_of = |path: &PathBuf| {
            let name = path.to_string_lossy();
            name.contains(number) && name.contains(".claim")
        };
        std::fs::read_dir(&claims)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(is_of)
            .context("the claim file")
    }
}
