//! `hefu disclose`: a receipt that opens chosen facts and hides the rest.

use crate::cli::{Disclose, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::network_file;
use crate::say::{shown, table, Exit, Report};
use hefu_proof::fact;
use hefu_proof::receipt::{Disclosed, Receipt, RECEIPT_BYTES_MAX};
use serde_json::json;

/// `hefu disclose`.
pub fn run(shared: &Shared, args: &Disclose) -> Result<Report, Failure> {
    let lang = shared.lang();
    let (_, network) = network_file(&args.network.network)?;
    let bytes = disk::read(&args.receipt, RECEIPT_BYTES_MAX)?;
    let bad = |why: String| Failure::bad_file(&args.receipt, why);
    let mut receipt = Receipt::decode(&bytes).map_err(|error| bad(error.to_string()))?;
    let verified = receipt
        .verify(&network)
        .map_err(|error| bad(format!("{error}: ask for it again where you got it")))?;
    let held = verified.disclosed();
    let facts = fact::disclose(network.suite(), &held.facts, &args.facts).map_err(|error| {
        let open: Vec<&str> = held.open_facts().map(|fact| fact.name.as_str()).collect();
        let open = open.join(", ");
        Failure::asked(
            format!("{error}; it opens: {open}"),
            format!("回执中没有名为 {:?} 的公开事实；现有：{open}", error.0),
        )
    })?;
    let disclosed = Disclosed {
        facts,
        named_member_salt: held.named_member_salt.filter(|_| args.buyer),
    };
    let rows: Vec<Vec<String>> = disclosed
        .open_facts()
        .map(|fact| vec![shown(&fact.name), shown(&fact.value)])
        .collect();
    let (shown_count, hidden) = (rows.len(), disclosed.hidden());
    let opens_buyer = disclosed.named_member_salt.is_some();
    receipt.disclosed = Some(disclosed);
    // What is handed on must verify: an error here would be ours.
    receipt
        .verify(&network)
        .map_err(|error| bad(error.to_string()))?;
    disk::write(&args.out, &receipt.encode())?;

    let out = shown(&args.out.to_string_lossy());
    let mut text = table(&rows);
    text.push_str(&match lang {
        crate::say::Lang::En => format!("{out}: {shown_count} facts shown, {hidden} hidden\n"),
        crate::say::Lang::Zh => format!("{out}：公开 {shown_count} 项事实，隐藏 {hidden} 项\n"),
    });
    // The operation in a receipt says the number and the issuer, whatever is hidden.
    text.push_str(lang.pick(
        "number, issuer, type and region stand in the registration and are always shown\n",
        "号码、开具方、类型和地区载于登记操作，始终公开\n",
    ));
    Ok(Report {
        exit: Exit::Yes,
        json: json!({
            "command": "disclose",
            "receipt": args.out.to_string_lossy(),
            "shown": args.facts,
            "hidden": hidden,
            "opens_buyer": opens_buyer,
        }),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use crate::testing::{sample, World};
    use clap::Parser;
    use std::path::Path;

    fn disclose(
        network: &Path,
        receipt: &Path,
        facts: &str,
        out: &Path,
    ) -> Result<Report, Failure> {
        let [network, receipt, out] =
            [network, receipt, out].map(|path| path.display().to_string());
        let words = [
            "hefu",
            "disclose",
            "--network",
            &network,
            &receipt,
            "--facts",
            facts,
            "--out",
            &out,
        ];
        let cli = Cli::try_parse_from(words).expect("can be typed");
        let Command::Disclose(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args)
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        let mut world = World::new();
        let whole = world.register("invoice", &sample("invoices/ubl-guangzhou-1017.xml"));
        let folder = tempfile::tempdir().expect("a folder");
        let network = world.network_file(folder.path(), &[]);
        let [receipt, bank, next] = ["whole", "bank", "next"].map(|name| folder.path().join(name));
        disk::write(&receipt, &whole.encode()).expect("written");

        disclose(&network, &receipt, "total,currency", &bank).expect("they are open");
        let bytes = std::fs::read(&bank).expect("written");
        let shown = Receipt::decode(&bytes).expect("a receipt");
        let verified = shown.verify(&world.network).expect("it holds");
        let open: Vec<&str> = verified
            .disclosed()
            .open_facts()
            .map(|f| f.name.as_str())
            .collect();
        assert_eq!(open, ["currency", "total"]);
        let all = whole.disclosed.as_ref().expect("disclosed");
        assert_eq!(verified.disclosed().hidden(), all.facts.len() - 2);
        assert_eq!(verified.disclosed().named_member_salt, None);
        // Neither value nor salt of what is hidden travels, not even where it is guessed.
        for fact in all
            .open_facts()
            .filter(|fact| !open.contains(&fact.name.as_str()))
        {
            let salt = &fact.salt.0;
            assert!(!bytes.windows(salt.len()).any(|window| window == salt));
            let guess = fact::FactLeaf::Open(fact.clone());
            assert!(!verified.disclosed().facts.contains(&guess));
        }

        // Whoever got it can show less, not more.
        disclose(&network, &bank, "total", &next).expect("it is open");
        for closed in ["issue-date", "colour"] {
            let refused = disclose(&network, &bank, closed, &next).expect_err("not open");
            assert!(format!("{refused:?}").contains(closed));
        }
        // What was altered is not handed on.
        let mut altered = shown.clone();
        altered.certificate.checkpoint.checkpoint.height += 1;
        disk::write(&bank, &altered.encode()).expect("written");
        assert!(disclose(&network, &bank, "total", &next).is_err());
    }
}
