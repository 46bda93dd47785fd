//! What a payer asks beside all others: is it the member's own lock, is the member the buyer, is the
//! amount that is claimed the invoice's?
//!
//! Buyer and total are compared only where they are open: in the facts of a receipt, which are those of
//! the record, or in the very bytes that were registered.

use super::{Asked, Member};
use crate::disk;
use crate::document::{type_rules, Document};
use crate::failure::Failure;
use crate::lookup::read_receipt;
use crate::money::{minor_units, shown_amount};
use hefu_proof::certificate::VerifiedState;
use hefu_proof::derived::has_passed;
use hefu_proof::receipt::{Receipt, VerifiedReceipt};
use hefu_proof::verdict::{halt, Answer, Dimension, Match, Said};
use hefu_proof::verify::{Found, Subject, Verification};
use hefu_types::key;
use hefu_types::leaf::{Kind, MemberLeaf};
use hefu_types::operation::{member_identifier, Operation, UseRight};
use hefu_types::record::{Relation, State, UseItem, UseItemState};
use hefu_types::Code;
use hefu_wire::path::Beside;
use hefu_wire::KeyFile;
use std::path::{Path, PathBuf};

impl Asked<'_> {
    /// The newest receipt at hand of a lock or use of this document by the member for the purpose: the
    /// one that was given, or one that lies where `hefu use` writes it. What does not hold is none.
    pub(super) fn used_receipt(
        &self,
        file: &Path,
        given: Option<&Path>,
        subject: &Subject,
    ) -> Option<(Receipt, VerifiedReceipt)> {
        let (purpose, member) = (self.purpose?, self.member.id()?);
        let mut paths: Vec<PathBuf> = beside(file);
        match given {
            Some(folder) if folder.is_dir() => {
                paths.extend(self.receipts_of(folder, subject));
            }
            Some(path) => paths.push(path.to_owned()),
            None => {}
        }
        let is_own = |(_, receipt): &(Receipt, VerifiedReceipt)| {
            let used = receipt.used();
            used.is_some_and(|used| used.purpose == purpose && used.member == member)
                && subject.is_of(self.nodes.network(), receipt)
        };
        let receipts = paths.iter();
        receipts
            .filter_map(|path| read_receipt(path, self.nodes).ok())
            .filter(is_own)
            .max_by_key(|(_, receipt)| receipt.used().map(|used| used.block_time))
    }

    /// The receipt as the nodes give it now: what it opens may have been released or used since. A node
    /// that has none, or an older one, does not take away what is at hand.
    pub(super) fn as_it_is_now(
        &self,
        kept: Receipt,
        used: VerifiedReceipt,
    ) -> (Receipt, VerifiedReceipt) {
        let (id, record) = (used.operation_id(), used.record_key());
        let fetched = self.nodes.operation_receipt(&id, |receipt| {
            let verified = self
                .nodes
                .verified(&receipt)
                .map_err(|error| error.to_string())?;
            if verified.operation_id() != id || verified.record_key() != record {
                return Err("it is of another operation".to_owned());
            }
            Ok((receipt, verified))
        });
        let height = |r: &VerifiedReceipt| r.state().height();
        match fetched {
            Ok((mut receipt, fetched))
                if fetched.used().is_some() && height(&fetched) >= height(&used) =>
            {
                // Facts and salt are the holder's: nodes do not have them.
                let disclosed = fetched.with_disclosed_of(&used);
                receipt.disclosed = Some(disclosed.disclosed().clone());
                (receipt, disclosed)
            }
            _ => (kept, used),
        }
    }

    /// The dimensions of a payer.
    pub(super) fn payer(
        &self,
        document: &Document,
        verified: &Verification,
    ) -> Result<Vec<Dimension>, Failure> {
        let (Some(found), Some(state)) = (&verified.found, &verified.state) else {
            return Ok(Vec::new());
        };
        let of_record = verified.receipts.iter().filter(|receipt| {
            receipt.record_key() == found.key
                && receipt.record().fact_root == found.record.fact_root
        });
        let is_registered = verified.matched == Some(Match::RegisteredBytes);
        let facts = Facts {
            document: is_registered.then_some(document),
            receipts: of_record.collect(),
        };
        let found = &Judged { found, state };
        let mut dimensions = Vec::new();
        if let (Some(_), Member::Key(file)) = (self.purpose, &self.member) {
            let rules = type_rules(self.nodes.network(), &found.record.document_type);
            if rules.is_ok_and(|rules| rules.kind == Kind::Invoice) {
                let is_shown = found.opens_use_right == Some(true) || self.was_shown(found);
                dimensions.push(self.buyer(found, &facts, file, is_shown));
            }
        }
        if let Some(claimed) = self.amount {
            dimensions.push(self.amount(found, &facts, claimed)?);
        }
        let is_believed = verified
            .verdict
            .dimensions
            .iter()
            .all(|d| d.name != "trust");
        if !is_believed {
            for dimension in &mut dimensions {
                dimension.answer = Answer::CouldNotTell;
            }
        }
        Ok(dimensions)
    }

    /// Whether the member has a lock that binds, for which it had to show its right.
    fn was_shown(&self, found: &Judged<'_>) -> bool {
        let has_right = matches!(
            found.record.use_right,
            Some(UseRight::NamedMember(_) | UseRight::ClaimKey(_))
        );
        has_right && self.lock(found).is_some_and(|used| !used.unattested)
    }

    /// The member's lock, while it binds.
    fn lock<'b>(&self, found: &Judged<'b>) -> Option<&'b UseItem> {
        let halt = halt(self.nodes.network().suite(), found.state);
        let (item, is_current) = found.found.held.as_ref()?;
        let binds = match item.state {
            UseItemState::Locked(until) => *is_current && !has_passed(until, self.now, halt),
            _ => false,
        };
        binds.then_some(item)
    }

    /// Is the member the buyer that the invoice names?
    fn buyer(
        &self,
        found: &Judged<'_>,
        facts: &Facts<'_>,
        file: &KeyFile,
        is_shown: bool,
    ) -> Dimension {
        let dimension = |answer, code, said| Dimension::new("buyer", answer, code, said);
        let suite = self.nodes.network().suite();
        let leaf = (found.state)
            .leaf::<MemberLeaf>(&key::member(suite, &file.holder), "the member")
            .ok()
            .flatten();
        let own = file.identifier.as_deref().map(member_identifier);
        let is_own = leaf.is_none_or(|leaf| file.member_commitment() == Some(leaf.identifier));
        let Some(own) = own.filter(|_| is_own) else {
            let said = Said::new(
                "the identifier in the key file is not the one with which the member was admitted",
                "密钥文件中的标识与该成员准入时的标识不一致",
            );
            return dimension(Answer::CouldNotTell, None, said);
        };
        let named = facts.get("buyer-id").map(member_identifier);
        match named {
            Some(named) if named == own => {
                let said = Said::new(
                    format!("the invoice names this member ({own})"),
                    format!("发票的购买方即该成员（{own}）"),
                );
                dimension(Answer::Yes, None, said)
            }
            _ if is_shown => {
                let said = Said::new(
                    "the right to use it is shown to be this member's, by name or handed on to it",
                    "已证明使用权属于该成员（发票所载或转让所得）",
                );
                dimension(Answer::Yes, None, said)
            }
            // Whoever holds the claim has the right, and it may have changed hands.
            Some(named) if !matches!(found.record.use_right, Some(UseRight::ClaimKey(_))) => {
                let code = Code::OtherBuyer;
                let said = Said::new(
                    format!("the invoice names another buyer, {named}, not {own}; do not pay it"),
                    format!("发票的购买方是 {named}，不是 {own}，请勿支付"),
                );
                dimension(Answer::No, Some(code), said)
            }
            None if facts.are_all_open() && is_for_anybody(found) => {
                let said = Said::new(
                    "the invoice names no buyer's identifier",
                    "发票未载明购买方识别号",
                );
                dimension(Answer::Yes, None, said)
            }
            _ => {
                let said = Said::new(
                    "whether the invoice names this member is not open here; give its receipt, or \
                     the receipt of your lock",
                    "此处未公开发票的购买方；请提供发票回执或锁定回执",
                );
                dimension(Answer::CouldNotTell, None, said)
            }
        }
    }

    /// Is what is claimed at most the invoice's total, or what the member has locked of it?
    fn amount(
        &self,
        found: &Judged<'_>,
        facts: &Facts<'_>,
        claimed: &str,
    ) -> Result<Dimension, Failure> {
        let dimension = |answer, code, said| Dimension::new("amount", answer, code, said);
        let is_own = |currency: &str| self.currency.is_none_or(|asked| asked == currency);
        let currency = facts.get("currency");
        if let (Some(currency), Some(asked)) = (currency.filter(|c| !is_own(c)), self.currency) {
            let said = Said::new(
                format!("{asked} is claimed, but the invoice is in {currency}; do not pay it"),
                format!("申报币种为 {asked}，而发票币种为 {currency}，请勿支付"),
            );
            return Ok(dimension(Answer::No, Some(Code::OtherTotal), said));
        }
        let not_open = || {
            let said = Said::new(
                "the invoice's total is not open here; give its receipt or the registered file",
                "此处未公开发票金额；请提供发票回执或已登记的原件",
            );
            dimension(Answer::CouldNotTell, None, said)
        };
        // Minor units of a lock are money only in the currency that the invoice is shown to be in.
        let Some(currency) = currency else {
            return Ok(not_open());
        };
        let claimed = minor_units(claimed, currency)?;
        let amount = shown_amount(claimed, currency);
        if let Some(share) = self.lock(found).and_then(|used| used.share) {
            let locked = shown_amount(share.len(), currency);
            return Ok(if claimed <= share.len() {
                let said = Said::new(
                    format!("{amount} is claimed; you locked {locked}"),
                    format!("申报 {amount}；您已锁定 {locked}"),
                );
                dimension(Answer::Yes, None, said)
            } else {
                let said = Said::new(
                    format!("{amount} is claimed, but you locked {locked} only; do not pay more"),
                    format!("申报 {amount}，但您仅锁定 {locked}，请勿超额支付"),
                );
                dimension(Answer::No, Some(Code::ExceedsBalance), said)
            });
        }
        let total = facts
            .get("total")
            .and_then(|units| units.parse::<i64>().ok());
        let Some(total) = total else {
            return Ok(not_open());
        };
        let total = u64::try_from(total).unwrap_or(0);
        let of = shown_amount(total, currency);
        Ok(if claimed > total {
            let said = Said::new(
                format!("{amount} is claimed, but the invoice is over {of}; do not pay it"),
                format!("申报 {amount}，而发票金额为 {of}，请勿支付"),
            );
            dimension(Answer::No, Some(Code::OtherTotal), said)
        } else if found.record.status.state == State::PartlyReversed {
            let said = Said::new(
                format!("the invoice was over {of}, but a part was reversed; lock what you pay"),
                format!("发票金额为 {of}，但已部分红冲；请先锁定拟支付金额"),
            );
            dimension(Answer::CouldNotTell, None, said)
        } else {
            let said = Said::new(
                format!("{amount} is claimed of {of}"),
                format!("申报 {amount}，发票金额 {of}"),
            );
            dimension(Answer::Yes, None, said)
        })
    }

    /// The number of the document that took this one's place, where the nodes tell it.
    pub(super) fn successor(&self, found: &Found) -> Option<Said> {
        let relation = match found.record.status.state {
            State::Replaced => Relation::ReplacedBy,
            State::Superseded => Relation::RenewedBy,
            State::TransferredOut => Relation::TransferredTo,
            _ => return None,
        };
        let link = (found.record.links.iter()).find(|link| link.relation == relation)?;
        if self.offline {
            return None;
        }
        let nodes = self.nodes;
        let told = crate::lookup::by_key(nodes, &link.record, Beside::default(), 0).ok()?;
        let id = told.record?.registration.operation;
        let register = nodes.operation_receipt(&id, |receipt| {
            let verified = nodes
                .verified(&receipt)
                .map_err(|error| error.to_string())?;
            match verified.operation() {
                Operation::Register(register) if verified.record_key() == link.record => {
                    Ok(register.identity.clone())
                }
                _ => Err("it is of another operation".to_owned()),
            }
        });
        let identity = register.ok()?;
        let (number, issuer) = (identity.number, identity.legal_issuer);
        Some(match relation {
            Relation::ReplacedBy => Said::new(
                format!("ask for the document that took its place: {number} of {issuer}"),
                format!("请索取替换后的文档：号码 {number}，开具方 {issuer}"),
            ),
            Relation::RenewedBy => Said::new(
                format!("ask for the licence that took its place: {number} of {issuer}"),
                format!("请索取换发后的许可：号码 {number}，签发机关 {issuer}"),
            ),
            _ => Said::new(
                format!("it was taken in as {number} of {issuer}: ask for that licence"),
                format!("已转入并换发：号码 {number}，签发机关 {issuer}，请索取该许可"),
            ),
        })
    }
}

/// What was found, and the proof.
struct Judged<'a> {
    found: &'a Found,
    state: &'a VerifiedState,
}

impl std::ops::Deref for Judged<'_> {
    type Target = Found;

    fn deref(&self) -> &Found {
        self.found
    }
}

/// Whoever comes first, or holds the claim, may use it.
fn is_for_anybody(found: &Found) -> bool {
    matches!(
        found.record.use_right,
        Some(UseRight::FirstMember | UseRight::ClaimKey(_))
    )
}

/// Receipts beside a file that are named after it: `FILE.receipt`, `FILE.PURPOSE.receipt`.
fn beside(file: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return Vec::new();
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let start = format!("{}.", name.to_string_lossy());
    let is_named = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&start) && name.ends_with(disk::RECEIPT_SUFFIX)
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(is_named).collect()
}

/// What is open of the facts that were registered.
struct Facts<'a> {
    /// The file, where its bytes are registered.
    document: Option<&'a Document>,
    receipts: Vec<&'a VerifiedReceipt>,
}

impl Facts<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let mut open = (self.receipts.iter()).flat_map(|receipt| receipt.disclosed().open_facts());
        let of_receipt = open.find(|fact| fact.name == name);
        match of_receipt {
            Some(fact) => Some(&fact.value),
            None => self.document?.fact(name),
        }
    }

    /// Whether a receipt opens every fact of the record.
    fn are_all_open(&self) -> bool {
        let all = |receipt: &&VerifiedReceipt| {
            let disclosed = receipt.disclosed();
            !disclosed.facts.is_empty() && disclosed.hidden() == 0
        };
        self.receipts.iter().any(all)
    }
}

#[cfg(test)]
mod tests;
