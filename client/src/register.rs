//! `hefu register`: files to statements, statements to receipts.
//!
//! The receipts are the memory of a run. A file whose valid receipt is there is done; what was sent
//! but has no receipt yet is refused with 2001 when it is sent again, which brings its first receipt.
//! So a run that was stopped anywhere, and is started again, ends as if it had not been stopped.

use crate::claim::{self, Claim};
use crate::cli::{self, Shared};
use crate::disk;
use crate::document::{hint_of, type_rules, Document};
use crate::failure::Failure;
use crate::files::Files;
use crate::keys::{self, Key};
use crate::leaves::Leaves;
use crate::list::{jobs, Job, Source};
use crate::lookup::open_receipt;
use crate::nodes::Nodes;
use crate::plan::{plan, Aside, Asked, Issuer, Planned};
use crate::say::{Exit, Report};
use crate::send;
use crate::summary::{self, Conflict, Earlier, Line, Outcome, Refusal};
use crate::times::time;
use hefu_proof::certificate::Value;
use hefu_proof::fact::{self, OpenFact};
use hefu_proof::receipt::{Disclosed, Receipt, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_proof::verdict::Said;
use hefu_types::genesis::Network;
use hefu_types::leaf::{Entitlement, Part, TypeRules};
use hefu_types::operation::{Operation, UseRight};
use hefu_types::record::State;
use hefu_types::statement::STATEMENT_BYTES_MAX;
use hefu_types::{Blinding, Code, Millis, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path::RECEIPTS_MAX;
use hefu_wire::OutcomeAnswer;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// `hefu register`.
pub fn run(shared: &Shared, args: &cli::Register) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let network = nodes.network();
    let key = keys::open(&args.key, KeyRole::Agency, network)?;
    let Some(fact_secret) = key.file.fact_secret else {
        return Err(Failure::bad_file(
            &args.key,
            "it has no secret for facts; make it with keygen",
        ));
    };
    if let Some(region) = &args.region {
        check_region(network, region)?;
    }
    let offline_at = args.offline_at.as_deref().map(time).transpose()?;
    let facts = typed_facts(&args.facts)?;
    let jobs = jobs(args, network.suite())?;
    if !facts.is_empty() && jobs.len() > 1 {
        return Err(Failure::asked(
            "--fact is of one document: give one file, or --one-document",
            "--fact 只对应一份文档：请只给一个文件，或加 --one-document",
        ));
    }
    let entitlements = entitlements(&nodes, &key)?;
    let mut run = Run {
        files: Files::new(network.suite(), args.mapping.as_deref())?,
        nodes: &nodes,
        args,
        key: &key,
        offline_at,
        facts,
        issuer: Issuer {
            suite: network.suite(),
            fact_secret: &fact_secret.0,
            entitlements: &entitlements,
        },
        batch: Vec::new(),
        batch_bytes: 0,
        lines: BTreeMap::new(),
        found: 0,
        ours: None,
    };
    let progress = progress(jobs.len(), shared.json);
    for job in jobs {
        run.take(job)?;
        progress.inc(1);
    }
    run.flush()?;
    progress.finish_and_clear();

    let lang = shared.lang();
    let lines: Vec<Line> = run.lines.into_values().collect();
    let exit = lines
        .iter()
        .fold(Exit::Yes, |exit, line| exit.and(line.exit()));
    let report = Report {
        exit,
        json: json!({
            "command": "register",
            "network": network.digest(),
            "counts": summary::counts(&lines),
            "documents": lines.iter().map(|line| line.json(lang)).collect::<Vec<_>>(),
        }),
        text: summary::text(&lines, lang),
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// Refuses a region that the network does not have.
pub fn check_region(network: &Network, region: &str) -> Result<(), Failure> {
    let regions: Vec<&str> = network
        .genesis()
        .regions
        .iter()
        .map(|r| r.id.as_str())
        .collect();
    if regions.contains(&region) {
        return Ok(());
    }
    let regions = regions.join(", ");
    Err(Failure::asked(
        format!("the network has no region {region:?}; it has {regions}"),
        format!("本网络没有地区 {region:?}；现有地区：{regions}"),
    ))
}

/// Facts as they are typed: name and value.
pub fn typed_facts(typed: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let one = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(Failure::asked(
            format!("write --fact as name=value, such as grade=二级, not {text:?}"),
            format!("--fact 请写作 名称=内容，例如 grade=二级，而不是 {text:?}"),
        )),
    };
    typed.iter().map(one).collect()
}

/// What the agency that holds a key may issue: by the network file, and of an agency that was admitted
/// since by the ledger.
pub fn entitlements(nodes: &Nodes, key: &Key) -> Result<Vec<Entitlement>, Failure> {
    let (network, id) = (nodes.network(), key.file.holder.as_str());
    let founders = &network.genesis().agencies;
    if let Some(agency) = founders.iter().find(|agency| agency.id == id) {
        return Ok(agency.entitlements.clone());
    }
    let at = hefu_types::key::agency(network.suite(), id);
    let leaves = Leaves::read(nodes, [at], 0)?;
    let agency = leaves.agency(id)?;
    Ok(agency.map_or_else(Vec::new, |agency| agency.entitlements))
}

/// A bar on a terminal, and nothing elsewhere.
fn progress(jobs: usize, json: bool) -> ProgressBar {
    if json || jobs < 2 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
    let bar = ProgressBar::new(jobs as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A document that waits for its statement.
struct Waiting {
    at: usize,
    job: Job,
    planned: Planned,
}

struct Run<'a> {
    files: Files,
    nodes: &'a Nodes,
    args: &'a cli::Register,
    key: &'a Key,
    /// When the documents were issued without a connection.
    offline_at: Option<Millis>,
    /// Facts that were typed.
    facts: Vec<(String, String)>,
    issuer: Issuer<'a>,
    batch: Vec<Waiting>,
    batch_bytes: usize,
    /// By the order in which the documents were found.
    lines: BTreeMap<usize, Line>,
    /// How many documents were found.
    found: usize,
    /// Our receipts by operation; made when the first conflict asks for it.
    ours: Option<BTreeMap<OperationId, PathBuf>>,
}

impl Run<'_> {
    /// Opens the files of a job, and takes each document that is found in them.
    fn take(&mut self, job: Job) -> Result<(), Failure> {
        let mut found = Vec::new();
        for source in &job.sources {
            match self.files.open(&source.path) {
                Ok(documents) => found.push(documents),
                Err(failure) => {
                    let aside = Aside::Unfit(failure_said(&failure));
                    return self.take_one(job, Err(aside));
                }
            }
        }
        if found.iter().all(|documents| documents.len() == 1) {
            let documents = found.into_iter().flatten().map(|named| named.document);
            let documents = documents.collect();
            return self.take_one(job, Ok(documents));
        }
        if let ([source], [documents]) = (job.sources.as_slice(), found.as_mut_slice()) {
            if job.identity.is_none() {
                for named in std::mem::take(documents) {
                    let source = source.within(named.path, self.issuer.suite);
                    let job = Job {
                        sources: vec![source],
                        ..job.clone()
                    };
                    self.take_one(job, Ok(vec![named.document]))?;
                }
                return Ok(());
            }
        }
        let several = Said::new(
            "a file holds several documents: register it by itself and without a number",
            "文件含有多份文档：请单独登记，且不给号码",
        );
        self.take_one(job, Err(Aside::Unfit(several)))
    }

    /// Plans one document, and sends the batch when it is full.
    fn take_one(
        &mut self,
        job: Job,
        documents: Result<Vec<Document>, Aside>,
    ) -> Result<(), Failure> {
        let at = self.found;
        self.found += 1;
        let prepared = match documents {
            Ok(documents) => self.prepare(&job, &documents)?,
            Err(aside) => Prepared::Aside(aside),
        };
        match prepared {
            Prepared::Done => {
                let receipts = self.paths(&job);
                self.note(at, &job, None, Outcome::ReceiptHere, receipts);
            }
            Prepared::Aside(aside) => {
                self.note(at, &job, None, Outcome::LeftAside(aside), Vec::new());
            }
            Prepared::Ready(planned) => {
                // Half the limit: header and framing never make up the other half.
                let bytes = planned.operation().encode().len();
                if self.batch_bytes + bytes > STATEMENT_BYTES_MAX / 2 {
                    self.flush()?;
                }
                self.batch_bytes += bytes;
                self.batch.push(Waiting {
                    at,
                    job,
                    planned: *planned,
                });
                if self.batch.len() >= self.args.batch as usize {
                    self.flush()?;
                }
            }
        }
        Ok(())
    }

    fn prepare(&self, job: &Job, documents: &[Document]) -> Result<Prepared, Failure> {
        let network = self.nodes.network();
        let here: Vec<Here> = (job.sources.iter().zip(documents))
            .map(|(source, document)| self.here(source, document))
            .collect();
        let rules = match &job.document_type {
            Some(name) => type_rules(network, name)?,
            None => match self.type_of(documents) {
                Ok(rules) => rules,
                // Its type was typed in an earlier run: the receipt knows it.
                Err(aside) => return Ok(decide(&here, Err(aside))),
            },
        };
        let asked = Asked {
            rules,
            identity: job.identity.clone(),
            region: self.args.region.as_deref(),
            use_right: self.args.overrides.use_right,
            valid_from: job.valid_from.clone(),
            valid_until: job.valid_until.clone(),
            offline_at: self.offline_at,
            facts: &self.facts,
        };
        let blinding = Blinding(crate::random());
        let planned = plan(&self.issuer, &asked, documents, blinding)
            .and_then(|planned| self.with_room_for_claims(job, planned));
        Ok(decide(&here, planned))
    }

    /// Refuses a document beside whose receipt something else stands in the place of its claim: once it
    /// is registered it is too late to say so.
    fn with_room_for_claims(&self, job: &Job, planned: Planned) -> Result<Planned, Aside> {
        if let Some(claim) = self.claim(&planned) {
            for path in self.paths(job) {
                let is_at = claim.is_at(&claim::beside(&path));
                is_at.map_err(|failure| Aside::Unfit(failure_said(&failure)))?;
            }
        }
        Ok(planned)
    }

    fn claim(&self, planned: &Planned) -> Option<Claim> {
        planned.claim(self.nodes.network(), self.issuer.fact_secret)
    }

    /// The type of a document for which none was named: the only one that the agency issues, or the
    /// only one of those that the file itself admits; one of the number's own profile goes before one
    /// that takes any number.
    fn type_of(&self, documents: &[Document]) -> Result<&TypeRules, Aside> {
        let types = &self.nodes.network().genesis().types;
        let issued: Vec<&TypeRules> = types
            .iter()
            .filter(|rules| {
                (self.issuer.entitlements.iter())
                    .any(|e| e.document_type == rules.id && e.part == Part::Issue)
            })
            .collect();
        if let [only] = issued[..] {
            return Ok(only);
        }
        let Some(document) = documents.iter().find(|d| d.profile().is_some()) else {
            // Why it has no number says more than that it has no type.
            return Err(documents
                .first()
                .map_or(Aside::NoType, Aside::of_unnumbered));
        };
        let hint = hint_of(document, None);
        let admitted: Vec<&TypeRules> = (issued.iter())
            .copied()
            .filter(|rules| hint.admits(rules))
            .collect();
        let own = |rules: &&&TypeRules| hint.profile.is_some_and(|p| p.name() == rules.profile);
        let of_profile: Vec<&TypeRules> = admitted.iter().filter(own).copied().collect();
        match (of_profile.as_slice(), admitted.as_slice()) {
            ([only], _) | ([], [only]) => Ok(only),
            ([], []) => Err(Aside::NotIssued {
                profile: document.profile().map_or("", |profile| profile.name()),
            }),
            _ => Err(Aside::NoType),
        }
    }

    /// What stands where the receipt of a file belongs.
    fn here(&self, source: &Source, document: &Document) -> Here {
        let path = self.args.receipts.join(&source.receipt);
        let bytes = match disk::read_if_there(&path, RECEIPT_BYTES_MAX) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Here::Nothing,
            Err(_) => return Here::Other(path),
        };
        let receipt = Receipt::decode(&bytes).and_then(|r| r.verify(self.nodes.network()));
        match receipt {
            Ok(receipt) if receipt.record().digests.contains(&document.digest) => {
                Here::Receipt(receipt.record_key())
            }
            _ => Here::Other(path),
        }
    }

    /// Sends what waits, and writes the receipts.
    fn flush(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let operations: Vec<Operation> = batch
            .iter()
            .map(|waiting| waiting.planned.operation())
            .collect();
        let (signed, answer) = send::send(self.nodes, self.key, &operations)?;
        // From here the statement is final: a crash loses receipts, which the next run fetches.
        let accepted = answer.outcomes.contains(&OutcomeAnswer::Accepted);
        let mut receipts = if accepted {
            self.receipts(&signed)?
        } else {
            Vec::new()
        };
        for (index, (waiting, outcome)) in batch.into_iter().zip(answer.outcomes).enumerate() {
            let id = signed.operation_id(index);
            let receipt = receipts.get_mut(index).and_then(Option::take);
            self.settle(waiting, id, outcome, receipt)?;
        }
        Ok(())
    }

    fn receipts(&self, signed: &send::Signed) -> Result<Vec<Option<Receipt>>, Failure> {
        let mut receipts = Vec::with_capacity(signed.operations.len());
        while receipts.len() < signed.operations.len() {
            let first = u32::try_from(receipts.len()).expect("at most 4096 operations");
            let left = signed.operations.len() - receipts.len();
            let count = u32::try_from(left)
                .expect("at most 4096 operations")
                .min(RECEIPTS_MAX);
            receipts.extend(self.nodes.receipts(&signed.id, first, count)?);
        }
        Ok(receipts)
    }

    /// Turns an outcome into receipts and a line.
    fn settle(
        &mut self,
        waiting: Waiting,
        id: OperationId,
        outcome: OutcomeAnswer,
        receipt: Option<Receipt>,
    ) -> Result<(), Failure> {
        let Waiting { at, job, planned } = waiting;
        let mut offline = None;
        let (outcome, receipts) = match outcome {
            OutcomeAnswer::Accepted => {
                let verified = self.obtain(&planned, &job, id, receipt)?;
                let record = verified.record();
                let first = record.registration.operation == id;
                let outcome = match record.status.state {
                    _ if !first => Outcome::Rendition(id),
                    State::Proposed => Outcome::Proposed(id),
                    _ => Outcome::Registered(id),
                };
                offline.clone_from(&record.offline);
                (outcome, self.paths(&job))
            }
            OutcomeAnswer::Refused {
                code,
                evidence: Some(first),
                ..
            } if code == Code::SameAgain.number() => {
                self.obtain(&planned, &job, first, None)?;
                (Outcome::AlreadyRegistered(first), self.paths(&job))
            }
            OutcomeAnswer::Refused {
                code,
                sentence,
                sentence_zh,
                evidence,
                detail,
            } => {
                let refusal = Refusal::new(code, &sentence, &sentence_zh, detail);
                let is_conflict = [Code::NumberTaken, Code::FileTaken]
                    .iter()
                    .any(|c| c.number() == code);
                let outcome = if is_conflict {
                    let earlier = evidence.and_then(|evidence| self.earlier(&planned, &evidence));
                    Outcome::Conflict(Conflict {
                        refusal,
                        evidence,
                        earlier,
                    })
                } else {
                    Outcome::Refused(refusal)
                };
                (outcome, Vec::new())
            }
        };
        self.note(at, &job, Some(&planned), outcome, receipts);
        if let Some(line) = self.lines.get_mut(&at) {
            line.offline = offline;
        }
        Ok(())
    }

    /// Verifies and writes the receipt of a document: the one that came with its statement, or else
    /// one from any node.
    fn obtain(
        &self,
        planned: &Planned,
        job: &Job,
        id: OperationId,
        receipt: Option<Receipt>,
    ) -> Result<VerifiedReceipt, Failure> {
        let network = self.nodes.network();
        let whole = |receipt: Receipt| {
            complete(network, planned, receipt).and_then(|(receipt, verified)| {
                if verified.operation_id() == id {
                    Ok((receipt, verified))
                } else {
                    Err("it is of another operation".to_owned())
                }
            })
        };
        let came = receipt.map(whole).transpose().unwrap_or_else(|why| {
            self.nodes
                .warn(format!("a node sent a receipt that does not hold: {why}"));
            None
        });
        let (receipt, verified) = match came {
            Some(came) => came,
            None => self.nodes.operation_receipt(&id, whole)?,
        };
        // Of an earlier registration with another right to use this is no claim.
        let is_this_right = verified.record().use_right == planned.register.use_right;
        let claim = self.claim(planned).filter(|_| is_this_right);
        let bytes = receipt.encode();
        for path in self.paths(job) {
            // The claim first: who finds a receipt takes the document for done.
            if let Some(claim) = &claim {
                claim.write(&claim::beside(&path))?;
            }
            disk::write(&path, &bytes)?;
        }
        Ok(verified)
    }

    /// The document in the way, out of our receipts or else from the network. What cannot be shown
    /// is left out: the refusal stands without it.
    fn earlier(&mut self, planned: &Planned, evidence: &OperationId) -> Option<Earlier> {
        let network = self.nodes.network();
        let folder = &self.args.receipts;
        let ours = self
            .ours
            .get_or_insert_with(|| by_operation(folder, network));
        let path = ours.get(evidence).cloned();
        let verified = match &path {
            Some(path) => open_receipt(path, self.nodes).ok()?,
            None => {
                let verify =
                    |r: Receipt| self.nodes.verified(&r).map_err(|error| error.to_string());
                self.nodes.operation_receipt(evidence, verify).ok()?
            }
        };
        let Operation::Register(register) = verified.operation() else {
            return None;
        };
        let there: Vec<OpenFact> = verified.disclosed().open_facts().cloned().collect();
        let differing = differing(&there, &planned.facts);
        Some(Earlier {
            number: register.identity.number.clone(),
            legal_issuer: register.identity.legal_issuer.clone(),
            registered_at: verified.record().registration.block_time,
            receipt: path,
            differing,
        })
    }

    fn paths(&self, job: &Job) -> Vec<PathBuf> {
        job.sources
            .iter()
            .map(|source| self.args.receipts.join(&source.receipt))
            .collect()
    }

    fn note(
        &mut self,
        at: usize,
        job: &Job,
        planned: Option<&Planned>,
        outcome: Outcome,
        receipts: Vec<PathBuf>,
    ) {
        // A receipt that was just written answers the next conflict of this run.
        if let (Some(ours), Some(path)) = (&mut self.ours, receipts.first()) {
            if let Outcome::Registered(id) | Outcome::Proposed(id) = outcome {
                ours.insert(id, path.clone());
            }
        }
        let line = Line {
            files: job
                .sources
                .iter()
                .map(|source| source.path.clone())
                .collect(),
            walked: job.walked,
            number: planned.map(|planned| (planned.number.clone(), planned.record)),
            outcome,
            receipts,
            offline: None,
        };
        self.lines.insert(at, line);
    }
}

/// Whether a document needs to be sent.
#[derive(Debug, PartialEq, Eq)]
enum Prepared {
    Done,
    Aside(Aside),
    Ready(Box<Planned>),
}

/// What stands at the place of a file's receipt.
#[derive(Debug, PartialEq, Eq)]
enum Here {
    /// A valid receipt for these bytes, of this record.
    Receipt(StateKey),
    Nothing,
    /// Something else, which is not ours to overwrite.
    Other(PathBuf),
}

/// What is left to do for a document: nothing where each file's receipt is here, under the number
/// under which it would be registered now. Another number is for the ledger to judge (2003).
fn decide(here: &[Here], planned: Result<Planned, Aside>) -> Prepared {
    for here in here {
        if let Here::Other(path) = here {
            let path = path.display();
            return Prepared::Aside(Aside::Unfit(Said::new(
                format!("{path} is there and is no receipt of this file; move it away"),
                format!("{path} 已存在，但不是该文件的回执；请移走它"),
            )));
        }
    }
    let all_here = |is_of: &dyn Fn(&StateKey) -> bool| {
        here.iter()
            .all(|here| matches!(here, Here::Receipt(record) if is_of(record)))
    };
    match planned {
        Ok(planned) if all_here(&|record| *record == planned.record) => Prepared::Done,
        Ok(planned) => Prepared::Ready(Box::new(planned)),
        // Its number was typed in an earlier run: the receipt knows it.
        Err(_) if all_here(&|_| true) => Prepared::Done,
        Err(aside) => Prepared::Aside(aside),
    }
}

fn failure_said(failure: &Failure) -> Said {
    let (said, detail) = (failure.sentence(), failure.detail().unwrap_or_default());
    Said::new(
        format!("{}: {detail}", said.en),
        format!("{}：{detail}", said.zh),
    )
}

/// Puts what the issuer gives to the holder into a receipt, and verifies all of it.
pub fn complete(
    network: &Network,
    planned: &Planned,
    mut receipt: Receipt,
) -> Result<(Receipt, VerifiedReceipt), String> {
    let leaf = receipt
        .certificate
        .leaves
        .iter()
        .find(|leaf| leaf.key == planned.record);
    let Some(Value::Record(public, _)) = leaf.map(|leaf| &leaf.value) else {
        return Err("it is of another document".to_owned());
    };
    // An earlier registration may have had other facts or another salt: then it is not ours to open.
    let is_same_root = public.fact_root.is_some() && public.fact_root == planned.register.fact_root;
    let facts = if is_same_root {
        fact::all_open(planned.facts.clone())
    } else {
        Vec::new()
    };
    let names_buyer = matches!(public.use_right, Some(UseRight::NamedMember(_)))
        && public.use_right == planned.register.use_right;
    let named_member_salt = planned.named_member_salt.filter(|_| names_buyer);
    let is_empty = facts.is_empty() && named_member_salt.is_none();
    receipt.disclosed = (!is_empty).then_some(Disclosed {
        facts,
        named_member_salt,
    });

    let verified = receipt.verify(network).map_err(|error| error.to_string())?;
    let digests = &verified.record().digests;
    if verified.record_key() != planned.record
        || !planned
            .register
            .digests
            .iter()
            .all(|digest| digests.contains(digest))
    {
        return Err("it is of another document".to_owned());
    }
    Ok((receipt, verified))
}

/// The receipts of a folder by their operation. They are verified when one is used.
fn by_operation(folder: &Path, network: &Network) -> BTreeMap<OperationId, PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let is_receipt = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|n| n.to_string_lossy().ends_with(disk::RECEIPT_SUFFIX))
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_receipt)
        .collect();
    paths.sort();
    let mut ours = BTreeMap::new();
    for path in paths {
        let id = disk::read(&path, RECEIPT_BYTES_MAX)
            .ok()
            .and_then(|bytes| Receipt::decode(&bytes).ok())
            .and_then(|receipt| crate::receipt::operation_id(network, &receipt));
        if let Some(id) = id {
            ours.entry(id).or_insert(path);
        }
    }
    ours
}

/// Which facts make two documents two: name, value there, value here. A fact that only one of them
/// states changes the root as well, so it is told too. Nothing where the earlier facts are not open.
pub fn differing(there: &[OpenFact], here: &[OpenFact]) -> Vec<(String, String, String)> {
    const NOT_STATED: &str = "(not stated)";
    if there.is_empty() {
        return Vec::new();
    }
    let by_name = |facts: &[OpenFact]| -> BTreeMap<String, String> {
        facts
            .iter()
            .map(|fact| (fact.name.clone(), fact.value.clone()))
            .collect()
    };
    let (there, here) = (by_name(there), by_name(here));
    let names: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
    let value = |facts: &BTreeMap<String, String>, name: &String| {
        facts
            .get(name)
            .cloned()
            .unwrap_or_else(|| NOT_STATED.to_owned())
    };
    names
        .into_iter()
        .filter(|name| there.get(*name) != here.get(*name))
        .map(|name| (name.clone(), value(&there, name), value(&here, name)))
        .collect()
}

#[cfg(test)]
mod tests;
