//! `hefu receipt`: what receipts hold, whether they verify, fetching one, and one in COSE for others.

mod export;

use crate::cli::{ReceiptArgs, ReceiptCommand, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::network_file;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::status::copy_json;
use crate::uses::money::Money;
use hefu_proof::derived::has_passed;
use hefu_proof::receipt::{Disclosed, Receipt, ReceiptError, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_types::genesis::Network;
use hefu_types::operation::{self, Operation, Share, UseRight};
use hefu_types::record::{UseItem, UseItemState};
use hefu_types::statement::SignedHeader;
use hefu_types::OperationId;
use serde_json::{json, Value};
use std::path::Path;

/// `hefu receipt`.
pub fn run(shared: &Shared, args: &ReceiptArgs) -> Result<Report, Failure> {
    let lang = shared.lang();
    if let Some(ReceiptCommand::Export(args)) = &args.command {
        return export::run(shared, args);
    }
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
        let verified = nodes
            .verified(&receipt)
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
        let operation = Operation::decode(&receipt.operation.operation);
        let facts = receipt.disclosed.as_ref().map(Money::of_facts);
        let money = facts.unwrap_or_default();
        match &operation {
            Ok(operation) => {
                row("operation", "操作", operation.verb().to_owned());
                match operation {
                    Operation::Register(register) => {
                        let identity = &register.identity;
                        row("type", "类型", register.document_type.clone());
                        row("number", "号码", identity.number.clone());
                        row("legal issuer", "开具方", identity.legal_issuer.clone());
                        row("region", "地区", register.region.clone());
                        for fact in &register.open_facts {
                            let name = format!("{} (open)", fact.name);
                            let zh = format!("{}（公开）", fact.name);
                            row(&name, &zh, fact.value.clone());
                        }
                    }
                    Operation::Lock(lock) => {
                        row("purpose", "用途", lock.claim.purpose.clone());
                        row(
                            "asked for",
                            "申请份额",
                            asked(&lock.claim.share, &money, lang),
                        );
                    }
                    Operation::Consume(consume) => {
                        row("purpose", "用途", consume.claim.purpose.clone());
                        let share = asked(&consume.claim.share, &money, lang);
                        match &consume.lock {
                            None => row("asked for", "申请份额", share),
                            Some(lock) => row("from the lock", "来自锁定", lock.to_string()),
                        }
                    }
                    Operation::Release(release) => row("lock", "锁定", release.lock.to_string()),
                    Operation::Clawback(clawback) => {
                        row("use", "使用", clawback.consumption.to_string());
                        row("amount", "金额", units(clawback.minor_units, &money, lang));
                    }
                    Operation::RequestReversal(request) => {
                        row("amount", "金额", units(request.minor_units, &money, lang));
                    }
                    Operation::Reverse(reverse) => {
                        row("amount", "金额", units(reverse.minor_units, &money, lang));
                    }
                    Operation::Replace(replace) => row("by", "替换为", replace.by.to_string()),
                    Operation::Renew(renew) => row("by", "换发为", renew.by.to_string()),
                    Operation::TransferIn(transfer) => {
                        row("from", "迁移自", transfer.from.to_string());
                    }
                    Operation::TransferOut(transfer) => {
                        row("to the region", "转往地区", transfer.to.clone());
                    }
                    Operation::Suspend(suspend) => {
                        if let Some(until) = suspend.until {
                            row("until", "至", until.to_string());
                        }
                    }
                    Operation::Annul(annul) => {
                        if let Some(from) = annul.effective_at {
                            row("effective from", "生效时间", from.to_string());
                        }
                    }
                    Operation::Lend(lend) => {
                        row("of the licence", "原许可", lend.record.to_string());
                        row("purpose", "用途", lend.terms.purpose.clone());
                        row("matter", "事项编码", lend.terms.matter.clone());
                        row(
                            "valid before",
                            "有效期止于",
                            lend.terms.valid_before.to_string(),
                        );
                    }
                    Operation::AnswerReversal(answer) => {
                        let (en, zh) = if answer.agrees {
                            ("agrees", "同意")
                        } else {
                            ("denies", "否认")
                        };
                        row("answer", "答复", lang.pick(en, zh).to_owned());
                    }
                    Operation::HandOver(hand_over) => {
                        let (en, zh) = match &hand_over.to {
                            UseRight::NamedMember(_) => ("another named member", "另一指定成员"),
                            UseRight::ClaimKey(_) => {
                                ("whoever holds the claim file", "凭证文件持有者")
                            }
                            UseRight::FirstMember => ("the first member", "首个成员"),
                        };
                        row("handed over to", "移交给", lang.pick(en, zh).to_owned());
                    }
                    _ => {}
                }
            }
            Err(error) => row("operation", "操作", error.to_string()),
        }
        if let Some(reason) = operation.as_ref().ok().and_then(reason) {
            row("reason", "原因", reason.to_owned());
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
            if record.copy.is_some() {
                let what = lang.pick(
                    "a copy for one use, not the licence itself",
                    "供一次使用的加注件，不是许可原件",
                );
                row("kind", "性质", what.to_owned());
            }
            row(
                "registered",
                "登记时间",
                record.registration.block_time.to_string(),
            );
            row(
                "state then",
                "当时状态",
                lang.pick(record.status.state.name(), record.status.state.name_zh())
                    .to_owned(),
            );
            if let Some(used) = verified.used() {
                row("member", "成员", used.member.clone());
                row("share", "份额", money.share(used.share, lang));
                if used.taken_back > 0 {
                    row("taken back", "已收回", money.shown(used.taken_back, lang));
                }
                row("since", "时间", used.block_time.to_string());
                row("use then", "当时使用状态", use_now(used, lang));
                if let Some(asked) = &used.clawback {
                    row("clawback until", "收回签署期限", asked.deadline.to_string());
                }
                if used.unattested {
                    let (en, zh) = (
                        "recorded before any issuer registered it",
                        "开具方登记前记录",
                    );
                    row(
                        "no proof of the invoice",
                        "不证明发票真实",
                        lang.pick(en, zh).to_owned(),
                    );
                }
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
        let money = disclosed.map(Money::of_facts).unwrap_or_default();
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
            "open_facts": register.map(|register| &register.open_facts),
            "copy": proven.and_then(|verified| copy_json(verified.record())),
            "reason": operation.as_ref().and_then(reason),
            "used": proven.and_then(|verified| verified.used()).map(|used| used_json(used, &money)),
            "facts": facts,
            "hidden_facts": disclosed.map_or(0, Disclosed::hidden),
        })
    }
}

/// How much was asked for.
fn asked(share: &Share, money: &Money, lang: Lang) -> String {
    match share {
        Share::Whole => lang.pick("all that is left", "全部余额").to_owned(),
        Share::Amount(units) => money.shown(*units, lang),
        Share::Units(span) => money.share(Some(*span), lang),
    }
}

fn units(units: Option<u64>, money: &Money, lang: Lang) -> String {
    units.map_or_else(
        || lang.pick("all of it", "全部").to_owned(),
        |units| money.shown(units, lang),
    )
}

/// Why it was done, where the operation says so.
const fn reason(operation: &Operation) -> Option<&String> {
    match operation {
        Operation::Revoke(operation) => Some(&operation.reason),
        Operation::Cancel(operation) => Some(&operation.reason),
        Operation::Correct(operation) => Some(&operation.reason),
        Operation::Reject(operation) => Some(&operation.reason),
        Operation::RequestReversal(operation) => Some(&operation.reason),
        Operation::Reverse(operation) => Some(&operation.reason),
        Operation::Replace(operation) => Some(&operation.reason),
        Operation::Suspend(operation) => Some(&operation.reason),
        Operation::Resume(operation) => Some(&operation.reason),
        Operation::Annul(operation) => Some(&operation.reason),
        Operation::Renew(operation) => Some(&operation.reason),
        Operation::TransferOut(operation) => Some(&operation.reason),
        Operation::CancelTransfer(operation) => Some(&operation.reason),
        Operation::Clawback(operation) => Some(&operation.reason),
        _ => None,
    }
}

/// What a lock or a use is, by the receipt and the time of this machine.
fn use_state(used: &UseItem) -> (&'static str, &'static str, &'static str) {
    match used.state {
        UseItemState::Locked(until) if has_passed(until, crate::now(), None) => {
            ("lapsed", "the lock is over since", "锁定已于此时失效")
        }
        UseItemState::Locked(_) => ("locked", "locked until", "锁定至"),
        UseItemState::Consumed => ("consumed", "used for good", "已使用"),
        UseItemState::Released => ("released", "released", "已释放"),
        UseItemState::TakenBack => ("taken-back", "taken back", "已收回"),
        UseItemState::SetAside => (
            "set-aside",
            "set aside: who has the right used it",
            "已让位于有权使用者",
        ),
    }
}

fn use_now(used: &UseItem, lang: Lang) -> String {
    let (_, en, zh) = use_state(used);
    let said = lang.pick(en, zh);
    match used.state {
        UseItemState::Locked(until) => format!("{said} {until}"),
        _ => said.to_owned(),
    }
}

fn used_json(used: &UseItem, money: &Money) -> Value {
    let until = match used.state {
        UseItemState::Locked(until) => Some(until.to_string()),
        _ => None,
    };
    json!({
        "purpose": used.purpose,
        "member": used.member,
        "at": used.block_time.to_string(),
        "state": use_state(used).0,
        "until": until,
        "share": money.share_json(used.share),
        "taken_back": used.taken_back,
        "unattested": used.unattested,
        "lock": used.lock,
        "consumption": used.consumption,
        "clawback_until": used.clawback.as_ref().map(|asked| asked.deadline.to_string()),
    })
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
