//! `hefu receipt`: what receipts hold, whether they verify, and fetching one.

use crate::cli::{ReceiptArgs, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::network_file;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_proof::receipt::{Disclosed, Receipt, ReceiptError, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_types::genesis::Network;
use hefu_types::operation::{self, Operation};
use hefu_types::statement::SignedHeader;
use hefu_types::OperationId;
use serde_json::{json, Value};
use std::path::Path;

/// `hefu receipt`.
pub fn run(shared: &Shared, args: &ReceiptArgs) -> Result<Report, Failure> {
    let lang = shared.lang();
    if let (Some(id), Some(network), Some(out)) = (&args.operation, &args.network, &args.out) {
        return fetch(shared, network, id, out);
    }
    let network = args.network.as_deref().map(network_file).transpose()?;
    let network = network.map(|(_, network)| network);
    let (mut exit, mut text, mut receipts) = (Exit::Yes, String::new(), Vec::new());
    for file in &args.files {
        let bytes = disk::read(file, RECEIPT_BYTES_MAX)?;
        let held = Held::of(&bytes, network.as_ref());
        exit = exit.and(held.exit());
        text.push_str(&held.text(file, lang));
        receipts.push(held.json(file));
    }
    Ok(Report {
        exit,
        json: json!({"command": "receipt", "receipts": receipts}),
        text,
    })
}

fn fetch(shared: &Shared, network: &Path, id: &OperationId, out: &Path) -> Result<Report, Failure> {
    let nodes = shared.nodes(network)?;
    let receipt = nodes.operation_receipt(id, |receipt| {
        let verified = receipt
            .verify(nodes.network())
            .map_err(|error| error.to_string())?;
        if verified.operation_id() != *id {
            return Err("it is of another operation".to_owned());
        }
        Ok(receipt)
    })?;
    let bytes = receipt.encode();
    disk::write(out, &bytes)?;
    let held = Held::of(&bytes, Some(nodes.network()));
    let lang = shared.lang();
    let report = Report {
        exit: held.exit(),
        json: json!({"command": "receipt", "receipts": [held.json(out)]}),
        text: held.text(out, lang),
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// The identity of the operation that a receipt claims to prove. It is not verified.
pub fn operation_id(network: &Network, receipt: &Receipt) -> Option<OperationId> {
    let proven = &receipt.operation;
    let header = SignedHeader::read(network.suite(), &network.digest(), &proven.cose).ok()?;
    Some(operation::operation_id(
        network.suite(),
        &header.id,
        proven.index,
    ))
}

/// What a file of a receipt holds.
struct Held {
    receipt: Option<Receipt>,
    /// `None` where no network was given, or another one than the receipt's.
    verified: Option<Result<Box<VerifiedReceipt>, ReceiptError>>,
    is_of_other_network: bool,
}

impl Held {
    fn of(bytes: &[u8], network: Option<&Network>) -> Self {
        match Receipt::decode(bytes) {
            Err(error) => Self {
                receipt: None,
                verified: Some(Err(error)),
                is_of_other_network: false,
            },
            Ok(receipt) => {
                let own = network.filter(|n| n.digest() == receipt.certificate.network);
                let verified = own.map(|network| receipt.verify(network).map(Box::new));
                Self {
                    is_of_other_network: own.is_none() && network.is_some(),
                    receipt: Some(receipt),
                    verified,
                }
            }
        }
    }

    fn exit(&self) -> Exit {
        match &self.verified {
            Some(Ok(_)) => Exit::Yes,
            Some(Err(_)) => Exit::No,
            None => Exit::CouldNotTell,
        }
    }

    fn text(&self, file: &Path, lang: Lang) -> String {
        let mut text = format!("{}\n", shown(&file.to_string_lossy()));
        text.push_str(&match &self.verified {
            Some(Ok(_)) => format!("  ✓ {}\n", lang.pick("it verifies", "验证通过")),
            Some(Err(error)) => format!(
                "  ✗ {}: {}\n",
                lang.pick("it does not verify", "验证未通过"),
                shown(&error.to_string())
            ),
            None if self.is_of_other_network => format!(
                "  ? {}\n",
                lang.pick(
                    "not verified: it is of another network; give that network's file",
                    "未验证：属于另一网络；请给出该网络的文件"
                )
            ),
            None => format!(
                "  ? {}\n",
                lang.pick("not verified: give --network", "未验证：请给出 --network")
            ),
        });
        let Some(receipt) = &self.receipt else {
            return text;
        };
        let mut rows = Vec::new();
        let mut row = |en: &str, zh: &str, value: String| {
            rows.push(vec![lang.pick(en, zh).to_owned(), shown(&value)]);
        };
        let checkpoint = &receipt.certificate.checkpoint.checkpoint;
        row("network", "网络", receipt.certificate.network.to_string());
        row(
            "checkpoint",
            "检查点",
            format!("{} ({})", checkpoint.height, checkpoint.time),
        );
        match Operation::decode(&receipt.operation.operation) {
            Ok(operation) => {
                row("operation", "操作", operation.verb().to_owned());
                match &operation {
                    Operation::Register(register) => {
                        let identity = &register.identity;
                        row("type", "类型", register.document_type.clone());
                        row("number", "号码", identity.number.clone());
                        row("legal issuer", "开具方", identity.legal_issuer.clone());
                        row("region", "地区", register.region.clone());
                    }
                    Operation::Revoke(revoke) => row("reason", "原因", revoke.reason.clone()),
                    Operation::Cancel(cancel) => row("reason", "原因", cancel.reason.clone()),
                    Operation::Consume(consume) => {
                        row("purpose", "用途", consume.claim.purpose.clone())
                    }
                    _ => {}
                }
            }
            Err(error) => row("operation", "操作", error.to_string()),
        }
        if let Some(Ok(verified)) = &self.verified {
            let record = verified.record();
            row(
                "operation id",
                "操作编号",
                verified.operation_id().to_string(),
            );
            row("record", "记录", verified.record_key().to_string());
            row("agency", "机构", record.agency.clone());
            row(
                "registered",
                "登记时间",
                record.registration.block_time.to_string(),
            );
            row(
                "state then",
                "当时状态",
                record.status.state.name().to_owned(),
            );
            if let Some(used) = verified.used() {
                row("used by", "使用者", used.member.clone());
                row("used at", "使用时间", used.block_time.to_string());
            }
        }
        let disclosed = receipt.disclosed.clone().unwrap_or_default();
        for fact in disclosed.open_facts() {
            rows.push(vec![shown(&fact.name), shown(&fact.value)]);
        }
        if disclosed.hidden() > 0 {
            let (en, zh) = ("hidden facts", "隐藏的事实");
            rows.push(vec![
                lang.pick(en, zh).to_owned(),
                disclosed.hidden().to_string(),
            ]);
        }
        if disclosed.named_member_salt.is_some() {
            let (en, zh) = ("opens who may use it", "可证明谁有权使用");
            rows.push(vec![lang.pick(en, zh).to_owned()]);
        }
        text.push_str(&table(&rows));
        text
    }

    fn json(&self, file: &Path) -> Value {
        let verified = match &self.verified {
            None => Value::Null,
            Some(result) => json!(result.is_ok()),
        };
        let error = match &self.verified {
            Some(Err(error)) => Some(error.to_string()),
            None if self.is_of_other_network => Some("it is of another network".to_owned()),
            _ => None,
        };
        let operation = self
            .receipt
            .as_ref()
            .and_then(|r| Operation::decode(&r.operation.operation).ok());
        let register = match &operation {
            Some(Operation::Register(register)) => Some(register),
            _ => None,
        };
        let proven = match &self.verified {
            Some(Ok(verified)) => Some(verified),
            _ => None,
        };
        let checkpoint = self
            .receipt
            .as_ref()
            .map(|r| &r.certificate.checkpoint.checkpoint);
        let disclosed = self.receipt.as_ref().and_then(|r| r.disclosed.as_ref());
        let facts: Vec<Value> = (disclosed.iter())
            .flat_map(|disclosed| disclosed.open_facts())
            .map(|fact| json!({"name": fact.name, "value": fact.value}))
            .collect();
        json!({
            "file": file.to_string_lossy(),
            "verified": verified,
            "error": error,
            "network": self.receipt.as_ref().map(|receipt| receipt.certificate.network),
            "height": checkpoint.map(|checkpoint| checkpoint.height),
            "time": checkpoint.map(|checkpoint| checkpoint.time.to_string()),
            "operation": operation.as_ref().map(Operation::verb),
            "operation_id": proven.map(|verified| verified.operation_id()),
            "record": proven.map(|verified| verified.record_key()),
            "type": register.map(|register| &register.document_type),
            "identity": register.map(|register| &register.identity),
            "used": proven.and_then(|verified| verified.used()).map(|used| json!({
                "purpose": used.purpose,
                "member": used.member,
                "at": used.block_time.to_string(),
            })),
            "facts": facts,
            "hidden_facts": disclosed.map_or(0, Disclosed::hidden),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{sample, World};

    #[test]
    fn a_receipt_of_another_network_is_neither_good_nor_bad() {
        let mut world = World::new();
        let mut receipt = world.register("invoice", &sample("invoices/ubl-guangzhou-1017.xml"));
        let exit = |receipt: &Receipt| Held::of(&receipt.encode(), Some(&world.network)).exit();
        assert_eq!(exit(&receipt), Exit::Yes);
        let mut forged = receipt.clone();
        forged.certificate.checkpoint.checkpoint.height += 1;
        assert_eq!(exit(&forged), Exit::No);
        receipt.certificate.network.0[0] ^= 1;
        assert_eq!(exit(&receipt), Exit::CouldNotTell);
    }
}
