//! Admitting many: what is wrong is found first, the good ones are signed in batches, each for itself,
//! and every one that is told as admitted is proven.
//!
//! Run again, nothing is done twice: who stands on the ledger with the same terms and key is told so.

use super::applicants::{Applicant, Reading};
use super::fault::Fault;
use super::perform::{self, Became, Target};
use super::signer::{prefix_word, Signer};
use super::tell;
use crate::cli::admit::Admit;
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys::{self, Key};
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_proof::verdict::Said;
use hefu_types::genesis::beginnings;
use hefu_types::key;
use hefu_types::leaf::{Entitlement, Part, ScopeLeaf};
use hefu_types::operation::{AdmitAgency, AdmitMember, Operation};
use hefu_types::{Code, KeyId, OperationId, StateKey, Suite};
use hefu_wire::file::KeyRole;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// How many are signed together: a batch that is lost on the way is soon found out.
const BATCH: usize = 64;
/// Lists of more rows than these tell only those that failed.
const ROWS_TOLD_MAX: usize = 20;

/// Who is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Agencies.
    Agency,
    /// Members.
    Member,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Member => "member",
        }
    }
}

/// One applicant on its way.
struct Row {
    of: Applicant,
    outcome: Outcome,
}

/// What became of an applicant.
#[derive(Debug)]
enum Outcome {
    /// Nothing is wrong with it.
    Good,
    /// It stands on the ledger as it is asked.
    There(OperationId),
    /// Admitted, and proven.
    Admitted(OperationId),
    /// A node says that it is admitted, but it is not proven.
    NotProven(OperationId),
    /// Not admitted.
    Failed(Vec<Fault>),
    /// The network could not be reached before its turn came.
    NotSent,
}

/// `hefu agency admit`, `hefu member admit`.
pub fn admit(shared: &Shared, args: &Admit, kind: Kind) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let key = keys::open(&args.key, KeyRole::Registrar, network)?;
    let reading = Reading {
        network,
        now: crate::now(),
        key_days: args.key_days,
    };
    let applicants = match (kind, &args.csv) {
        (Kind::Agency, Some(csv)) => reading.agency_table(csv)?,
        (Kind::Agency, None) => reading.agencies(&args.requests)?,
        (Kind::Member, Some(csv)) => reading.member_table(csv)?,
        (Kind::Member, None) => reading.members(&args.requests)?,
    };
    let signer = match Signer::read(&nodes, &key)? {
        Ok(signer) => signer,
        Err(fault) => return Ok(cannot_sign(kind.name(), &fault, lang)),
    };
    let mut rows = checked(&nodes, &signer, applicants)?;
    let failure = if args.dry_run {
        None
    } else {
        send(&nodes, &key, &mut rows, shared.json).err()
    };
    let report = report(
        kind,
        &rows,
        args.dry_run,
        failure.as_ref(),
        network.suite(),
        lang,
    );
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// That the registrar itself may do nothing.
pub fn cannot_sign(command: &str, fault: &Fault, lang: Lang) -> Report {
    let mut json = fault.json(lang);
    json["command"] = command.into();
    json["outcome"] = "refused".into();
    Report {
        exit: Exit::No,
        json,
        text: format!("{}\n", fault.text(lang)),
    }
}

/// Checks all of them against each other, the registrar's rights and the ledger.
fn checked(
    nodes: &Nodes,
    signer: &Signer,
    applicants: Vec<Applicant>,
) -> Result<Vec<Row>, Failure> {
    let suite = nodes.network().suite();
    let good = || {
        applicants
            .iter()
            .filter_map(|of| of.operation.as_ref().ok())
    };
    let types: Vec<StateKey> = good()
        .flat_map(entitlements)
        .map(|entitlement| key::document_type(suite, &entitlement.document_type))
        .collect();
    let targets = good().filter_map(|operation| Target::of(operation, suite));
    let keys = good().flat_map(|operation| key_ids(operation, suite));
    let mut wanted: Vec<StateKey> = targets.map(|target| target.at(suite)).collect();
    wanted.extend(keys.map(|id| key::public_key(suite, &id)));
    wanted.extend(types);
    let mut leaves = Leaves::read(nodes, wanted, 0)?;
    let mut scopes: Vec<StateKey> = Vec::new();
    for (profile, part, prefix) in good().flat_map(|operation| scopes_of(operation, &leaves)) {
        scopes.extend(beginnings(&prefix).map(|above| key::scope(suite, &profile, part, above)));
        scopes.push(key::scope(suite, &profile, part, &prefix));
    }
    leaves.read_more(nodes, scopes, 0)?;

    let mut seen = Seen::default();
    let mut rows = Vec::with_capacity(applicants.len());
    for mut of in applicants {
        let outcome = match std::mem::replace(&mut of.operation, Err(Vec::new())) {
            Err(faults) => Outcome::Failed(faults),
            Ok(operation) => {
                let outcome = seen.judge(&of, &operation, signer, &leaves, suite)?;
                of.operation = Ok(operation);
                outcome
            }
        };
        rows.push(Row { of, outcome });
    }
    Ok(rows)
}

fn entitlements(operation: &Operation) -> &[Entitlement] {
    match operation {
        Operation::AdmitAgency(admit) => &admit.agency.entitlements,
        _ => &[],
    }
}

fn key_ids(operation: &Operation, suite: Suite) -> Vec<KeyId> {
    match operation {
        Operation::AdmitAgency(admit) => {
            let keys = [Some(&admit.key), admit.management_key.as_ref()];
            keys.into_iter()
                .flatten()
                .map(|key| suite.key_id(&key.key))
                .collect()
        }
        Operation::AdmitMember(admit) => vec![suite.key_id(&admit.key.key)],
        _ => Vec::new(),
    }
}

/// Profile, part and prefix of what an operation would take.
type Scope = (String, Part, String);

fn scopes_of(operation: &Operation, leaves: &Leaves) -> Vec<Scope> {
    let mut scopes = Vec::new();
    for entitlement in entitlements(operation) {
        // A type that is not there is a fault of its own.
        if let Ok(Some(leaf)) = leaves.document_type(&entitlement.document_type) {
            let profile = leaf.rules.profile;
            let of_prefix = |prefix: &String| (profile.clone(), entitlement.part, prefix.clone());
            scopes.extend(entitlement.issuer_prefixes.iter().map(of_prefix));
        }
    }
    scopes.sort_unstable_by(|a, b| (&a.0, a.1, &a.2).cmp(&(&b.0, b.1, &b.2)));
    scopes.dedup();
    scopes
}

/// What earlier rows take.
#[derive(Default)]
struct Seen {
    ids: BTreeMap<String, Said>,
    keys: BTreeMap<KeyId, Said>,
    scopes: BTreeMap<(String, Part), BTreeMap<String, Said>>,
}

/// What one would look for in the table.
fn place(of: &Applicant) -> Said {
    match (of.row, &of.file) {
        (Some(row), _) => Said::new(format!("row {row}"), format!("第 {row} 行")),
        (None, Some(file)) => Said::new(file.display().to_string(), file.display().to_string()),
        (None, None) => Said::new(of.id.clone(), of.id.clone()),
    }
}

impl Seen {
    fn judge(
        &mut self,
        of: &Applicant,
        operation: &Operation,
        signer: &Signer,
        leaves: &Leaves,
        suite: Suite,
    ) -> Result<Outcome, Failure> {
        let mut faults = Vec::new();
        let here = place(of);
        if let Some(other) = self.ids.get(&of.id) {
            faults.push(Fault::new(
                Code::IdTaken,
                format!("{} stands in {} too", of.id, other.en),
                format!("{} 与{}重复", of.id, other.zh),
            ));
            // What it would take is taken by the one that stands before it.
            return Ok(Outcome::Failed(faults));
        }
        self.ids.insert(of.id.clone(), here.clone());
        if let Some(there) = there(operation, leaves, suite)? {
            match there {
                Ok(written_by) => return Ok(Outcome::There(written_by)),
                Err(fault) => faults.push(fault),
            }
        }
        for id in key_ids(operation, suite) {
            if let Some(other) = self.keys.insert(id, here.clone()) {
                faults.push(Fault::new(
                    Code::KeyTaken,
                    format!("the key {id} stands in {} too", other.en),
                    format!("密钥 {id} 与{}重复", other.zh),
                ));
            } else if let Some(leaf) = leaves.key(&id)?.filter(|_| faults.is_empty()) {
                let holder = leaf.holder.id();
                faults.push(Fault::new(
                    Code::KeyTaken,
                    format!("the key {id} is {holder}'s"),
                    format!("密钥 {id} 属于 {holder}"),
                ));
            }
        }
        match operation {
            Operation::AdmitAgency(admit) => {
                faults.extend(check_rights(
                    signer,
                    &admit.agency.region,
                    entitlements(operation),
                    leaves,
                )?);
            }
            Operation::AdmitMember(admit) => {
                faults.extend(signer.check_region(&admit.region));
                if !signer.admits_members() {
                    let id = &signer.own().id;
                    faults.push(Fault::new(
                        Code::BeyondRights,
                        format!("the registrar {id} admits no members"),
                        format!("登记机构 {id} 无权准入成员"),
                    ));
                }
            }
            _ => {}
        }
        for (profile, part, prefix) in scopes_of(operation, leaves) {
            let in_file = self.scopes.entry((profile.clone(), part)).or_default();
            let fault = match overlap(in_file, &prefix) {
                Some(other) => Some(scope_taken(&prefix, &other.en, &other.zh)),
                None => taken_on_ledger(suite, &profile, part, &prefix, leaves)?,
            };
            match fault {
                Some(fault) => faults.push(fault),
                None => {
                    in_file.insert(prefix, here.clone());
                }
            }
        }
        Ok(if faults.is_empty() {
            Outcome::Good
        } else {
            Outcome::Failed(faults)
        })
    }
}

/// What is wrong with the entitlements that a registrar would grant.
pub fn check_rights(
    signer: &Signer,
    region: &str,
    entitlements: &[Entitlement],
    leaves: &Leaves,
) -> Result<Vec<Fault>, Failure> {
    let mut faults: Vec<Fault> = signer.check_region(region).into_iter().collect();
    for entitlement in entitlements {
        let of_type = &entitlement.document_type;
        if leaves.document_type(of_type)?.is_none() {
            faults.push(Fault::unknown_type(of_type));
            continue;
        }
        if entitlement.region != region {
            faults.extend(signer.check_region(&entitlement.region));
        }
        faults.extend(signer.check_entitlement(of_type, &entitlement.issuer_prefixes));
    }
    Ok(faults)
}

fn scope_taken(prefix: &str, en: &str, zh: &str) -> Fault {
    let prefix = prefix_word(prefix);
    Fault::new(
        Code::ScopeTaken,
        format!("the issuers {prefix} overlap with those of {en}"),
        format!("开具方 {prefix} 与 {zh} 的主管范围重叠"),
    )
}

/// A prefix of an earlier row that begins this one, or that this one begins.
fn overlap<'a>(taken: &'a BTreeMap<String, Said>, prefix: &str) -> Option<&'a Said> {
    let below = taken.range(prefix.to_owned()..).next();
    let below = below
        .filter(|(other, _)| other.starts_with(prefix))
        .map(|(_, of)| of);
    below.or_else(|| beginnings(prefix).find_map(|above| taken.get(above)))
}

/// The same of what stands on the ledger.
pub fn taken_on_ledger(
    suite: Suite,
    profile: &str,
    part: Part,
    prefix: &str,
    leaves: &Leaves,
) -> Result<Option<Fault>, Failure> {
    let leaf = |text: &str| leaves.get::<ScopeLeaf>(&key::scope(suite, profile, part, text));
    for text in beginnings(prefix).chain([prefix]) {
        if let Some(agency) = leaf(text)?.and_then(|leaf| leaf.agency) {
            return Ok(Some(scope_taken(prefix, &agency, &agency)));
        }
    }
    let below = leaf(prefix)?.map_or(0, |leaf| leaf.below);
    Ok((below > 0).then(|| {
        scope_taken(
            prefix,
            &format!("agencies in charge of {below} longer prefixes"),
            &format!("其他 {below} 个更长前缀的主管机构"),
        )
    }))
}

/// Whether somebody of this id stands on the ledger: as it is asked, or how not.
fn there(
    operation: &Operation,
    leaves: &Leaves,
    suite: Suite,
) -> Result<Option<Result<OperationId, Fault>>, Failure> {
    match operation {
        Operation::AdmitAgency(admit) => there_agency(admit, leaves, suite),
        Operation::AdmitMember(admit) => there_member(admit, leaves, suite),
        _ => Ok(None),
    }
}

fn there_agency(
    admit: &AdmitAgency,
    leaves: &Leaves,
    suite: Suite,
) -> Result<Option<Result<OperationId, Fault>>, Failure> {
    let terms = &admit.agency;
    let Some(leaf) = leaves.agency(&terms.id)? else {
        return Ok(None);
    };
    let own_key = leaves.key(&suite.key_id(&admit.key.key))?;
    let has_key = own_key.is_some_and(|key| key.holder.id() == terms.id);
    let differs = [
        ("name", "名称", leaf.name != terms.name),
        ("region", "地区", leaf.region != terms.region),
        ("contact", "联系方式", leaf.contact != terms.contact),
        (
            "uscc",
            "统一社会信用代码",
            leaf.identifier != terms.identifier,
        ),
        (
            "entitlements",
            "授权",
            leaf.entitlements != terms.entitlements,
        ),
        ("key", "密钥", !has_key),
    ];
    Ok(Some(same(&terms.id, leaf.operation, &differs)))
}

fn there_member(
    admit: &AdmitMember,
    leaves: &Leaves,
    suite: Suite,
) -> Result<Option<Result<OperationId, Fault>>, Failure> {
    let Some(leaf) = leaves.member(&admit.id)? else {
        return Ok(None);
    };
    let own_key = leaves.key(&suite.key_id(&admit.key.key))?;
    let has_key = own_key.is_some_and(|key| key.holder.id() == admit.id);
    let differs = [
        ("region", "地区", leaf.region != admit.region),
        (
            "commitment",
            "标识承诺",
            leaf.identifier != admit.identifier,
        ),
        ("key", "密钥", !has_key),
    ];
    Ok(Some(same(&admit.id, leaf.operation, &differs)))
}

fn same(
    id: &str,
    written_by: OperationId,
    differs: &[(&str, &str, bool)],
) -> Result<OperationId, Fault> {
    let other: Vec<_> = differs.iter().filter(|(_, _, differs)| *differs).collect();
    if other.is_empty() {
        return Ok(written_by);
    }
    let en: Vec<&str> = other.iter().map(|(en, ..)| *en).collect();
    let zh: Vec<&str> = other.iter().map(|(_, zh, _)| *zh).collect();
    Err(Fault::new(
        Code::IdTaken,
        format!(
            "{id} is on the ledger already with another {}",
            en.join(", ")
        ),
        format!("{id} 已在账本上，但以下内容不同：{}", zh.join("、")),
    ))
}

/// Sends the good ones. What could not be sent stays told as such.
fn send(nodes: &Nodes, key: &Key, rows: &mut [Row], quiet: bool) -> Result<(), Failure> {
    let is_good = |row: &&mut Row| matches!(row.outcome, Outcome::Good);
    let mut waiting: Vec<&mut Row> = rows.iter_mut().filter(is_good).collect();
    for row in &mut waiting {
        row.outcome = Outcome::NotSent;
    }
    let progress = ProgressBar::new(u64::try_from(waiting.len()).unwrap_or(0));
    if quiet || waiting.len() <= BATCH {
        progress.set_draw_target(ProgressDrawTarget::hidden());
    }
    for batch in waiting.chunks_mut(BATCH) {
        let operations: Vec<Operation> = batch
            .iter()
            .filter_map(|row| row.of.operation.as_ref().ok().cloned())
            .collect();
        let performed = perform::perform(nodes, key, &operations)?;
        for (row, became) in batch.iter_mut().zip(performed.became) {
            row.outcome = match became {
                Became::Done(id) => Outcome::Admitted(id),
                Became::NotProven(id) => Outcome::NotProven(id),
                Became::Refused(fault) => Outcome::Failed(vec![fault]),
            };
        }
        progress.inc(u64::try_from(batch.len()).unwrap_or(0));
    }
    progress.finish_and_clear();
    Ok(())
}

impl Outcome {
    const fn name(&self) -> &'static str {
        match self {
            Self::Good => "would-be-admitted",
            Self::There(_) => "already-admitted",
            Self::Admitted(_) => "admitted",
            Self::NotProven(_) => "not-proven",
            Self::Failed(_) => "failed",
            Self::NotSent => "not-sent",
        }
    }

    fn said(&self, lang: Lang) -> String {
        match self {
            Self::Good => lang.pick("would be admitted", "可以准入").to_owned(),
            Self::There(_) => lang.pick("admitted before", "此前已准入").to_owned(),
            Self::Admitted(_) => lang.pick("admitted", "已准入").to_owned(),
            Self::NotProven(_) => lang
                .pick(
                    "sent, not proven yet: run this again",
                    "已发送、尚未证明：请重新执行",
                )
                .to_owned(),
            Self::Failed(faults) => {
                let short: Vec<String> = faults.iter().map(|fault| fault.short(lang)).collect();
                short.join("; ")
            }
            Self::NotSent => lang
                .pick("not sent: run this again", "未发送：请重新执行")
                .to_owned(),
        }
    }

    const fn exit(&self) -> Exit {
        match self {
            Self::Good | Self::There(_) | Self::Admitted(_) => Exit::Yes,
            Self::NotProven(_) | Self::NotSent => Exit::CouldNotTell,
            Self::Failed(_) => Exit::No,
        }
    }
}

fn report(
    kind: Kind,
    rows: &[Row],
    dry_run: bool,
    failure: Option<&Failure>,
    suite: Suite,
    lang: Lang,
) -> Report {
    let mut text = String::new();
    // Of a few, all that is granted is shown; of a table, what failed.
    if let [row] = rows {
        if let Ok(operation) = &row.of.operation {
            text.push_str(&table(&tell::granted(operation, &row.of.name, suite, lang)));
        }
    }
    let listed: Vec<&Row> = if rows.len() <= ROWS_TOLD_MAX {
        rows.iter().collect()
    } else {
        rows.iter()
            .filter(|row| row.outcome.exit() != Exit::Yes)
            .collect()
    };
    if !listed.is_empty() {
        let mut lines = vec![vec![
            lang.pick("row", "行").to_owned(),
            lang.pick("id", "标识").to_owned(),
            lang.pick("name", "名称").to_owned(),
            lang.pick("outcome", "结果").to_owned(),
        ]];
        lines.extend(listed.iter().map(|row| {
            let row_number = row.of.row.map_or("-".to_owned(), |row| row.to_string());
            vec![
                row_number,
                shown(&row.of.id),
                shown(&row.of.name),
                row.outcome.said(lang),
            ]
        }));
        text.push_str(&table(&lines));
    }
    text.push_str(&counts(rows, dry_run, lang));
    if let Some(failure) = failure {
        let said = failure.sentence();
        let detail = failure.detail().unwrap_or_default();
        text.push_str(&format!("{}: {detail}\n", lang.of(&said)));
    }
    let exits = rows.iter().map(|row| row.outcome.exit());
    let exit = exits.fold(Exit::Yes, Exit::and);
    Report {
        exit: if failure.is_some() {
            exit.and(Exit::CouldNotTell)
        } else {
            exit
        },
        json: json!({
            "command": format!("{} admit", kind.name()),
            "dry_run": dry_run,
            "rows": rows.iter().map(|row| row_json(row, lang)).collect::<Vec<_>>(),
            "counts": count(rows),
            "failure": failure.map(|failure| {
                json!({"kind": failure.kind(), "sentence": lang.of(&failure.sentence())})
            }),
        }),
        text,
    }
}

fn count(rows: &[Row]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.outcome.name()).or_default() += 1;
    }
    counts
}

/// One line: how many of which outcome, and what to do about those that failed.
fn counts(rows: &[Row], dry_run: bool, lang: Lang) -> String {
    let counts = count(rows);
    let words = [
        ("admitted", "admitted", "已准入"),
        ("would-be-admitted", "would be admitted", "可以准入"),
        ("already-admitted", "admitted before", "此前已准入"),
        ("failed", "failed", "未通过"),
        ("not-proven", "not proven yet", "尚未证明"),
        ("not-sent", "not sent", "未发送"),
    ];
    let told: Vec<String> = words
        .iter()
        .filter_map(|(name, en, zh)| Some((counts.get(name)?, lang.pick(en, zh))))
        .map(|(count, word)| match lang {
            Lang::En => format!("{count} {word}"),
            Lang::Zh => format!("{word} {count}"),
        })
        .collect();
    let mut line = told.join(lang.pick(", ", "，"));
    if dry_run {
        line.push_str(lang.pick(". Nothing was sent.", "。未发送任何内容。"));
    } else if counts.contains_key("failed") {
        line.push_str(lang.pick(
            ". Mend the rows that failed and run the same command again: nothing is done twice.",
            "。请更正未通过的行并重新执行同一命令：不会重复办理。",
        ));
    } else {
        line.push_str(lang.pick(".", "。"));
    }
    line.push('\n');
    line
}

fn row_json(row: &Row, lang: Lang) -> Value {
    let operation = match &row.outcome {
        Outcome::There(id) | Outcome::Admitted(id) | Outcome::NotProven(id) => Some(id),
        _ => None,
    };
    let faults: Vec<Value> = match &row.outcome {
        Outcome::Failed(faults) => faults.iter().map(|fault| fault.json(lang)).collect(),
        _ => Vec::new(),
    };
    json!({
        "row": row.of.row,
        "file": row.of.file,
        "id": row.of.id,
        "outcome": row.outcome.name(),
        "operation": operation,
        "faults": faults,
    })
}
