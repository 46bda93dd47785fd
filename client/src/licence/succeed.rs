//! `hefu renew` and `hefu transfer-in`: a licence is registered in the place of another, which it cites.
//!
//! The registration and the link are one atomic statement: nobody ever finds a new licence beside an old
//! one that is still in force, nor an old one superseded by nothing. Where the new file is registered
//! already, the link alone is signed.

use crate::act::{evidence_of, holds, receipt_of, refused};
use crate::claim;
use crate::cli::licence::{Renew, Successor, TransferIn};
use crate::cli::{DocumentArgs, NumberArgs, Shared};
use crate::disk;
use crate::document::{type_rules, Document};
use crate::failure::Failure;
use crate::files::Files;
use crate::keys::{self, Key};
use crate::lookup::{by_key, named, named_by};
use crate::nodes::Nodes;
use crate::plan::{plan, Asked, Issuer, Planned};
use crate::register::{complete, entitlements, typed_facts};
use crate::say::{shown, table, Exit, Lang, Report};
use crate::send::{self, Signed};
use crate::status::{record_json, rows, Moment};
use crate::summary::Refusal;
use hefu_proof::certificate::VerifiedState;
use hefu_proof::receipt::{Receipt, VerifiedReceipt};
use hefu_types::operation::{self, Operation};
use hefu_types::record::{PublicPart, Relation};
use hefu_types::{Blinding, Code, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path::Beside;
use hefu_wire::OutcomeAnswer;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `hefu renew`.
pub fn renew(shared: &Shared, args: &Renew) -> Result<Report, Failure> {
    let reason = args.reason.clone();
    let step = Step {
        verb: "renew",
        relation: Relation::RenewedBy,
        operation: &|old, new| {
            Operation::Renew(operation::Renew {
                record: old,
                by: new,
                reason: reason.clone(),
            })
        },
        region: |old| Some(old.region.clone()),
    };
    New::open(shared, &args.new, &args.files)?.succeed(&args.old, &step)
}

/// `hefu transfer-in`.
pub fn transfer_in(shared: &Shared, args: &TransferIn) -> Result<Report, Failure> {
    let step = Step {
        verb: "transfer-in",
        relation: Relation::TransferredTo,
        operation: &|old, new| {
            Operation::TransferIn(operation::TransferIn {
                record: new,
                from: old,
            })
        },
        region: |old| old.transferred_to.clone(),
    };
    New::open(shared, &args.new, &args.files)?.succeed(&args.from, &step)
}

/// What tells the two commands apart.
struct Step<'a> {
    verb: &'static str,
    /// How the old licence is bound to the new one once it is done.
    relation: Relation,
    operation: &'a dyn Fn(StateKey, StateKey) -> Operation,
    /// The region of the new licence, where the old one says it.
    region: fn(&PublicPart) -> Option<String>,
}

/// The new licence, and who registers it.
struct New<'a> {
    nodes: Nodes,
    key: Key,
    fact_secret: [u8; 32],
    documents: Vec<Document>,
    files: &'a [PathBuf],
    args: &'a Successor,
    facts: Vec<(String, String)>,
    lang: Lang,
}

/// What the statement came to.
enum Ended {
    Done(Box<Done>),
    Refused(Refusal, Option<OperationId>),
}

struct Done {
    /// The registration, with its facts.
    registered: (Receipt, VerifiedReceipt),
    /// The operation that binds both.
    bound: (Receipt, VerifiedReceipt),
}

impl<'a> New<'a> {
    fn open(shared: &Shared, args: &'a Successor, files: &'a [PathBuf]) -> Result<Self, Failure> {
        let nodes = shared.nodes(&args.network.network)?;
        let network = nodes.network();
        let key = keys::open(&args.key, KeyRole::Agency, network)?;
        let fact_secret = key.file.fact_secret.as_ref().map(|secret| secret.0);
        let fact_secret = fact_secret.ok_or_else(|| {
            Failure::bad_file(&args.key, "it has no secret for facts; make it with keygen")
        })?;
        let opened = Files::new(network.suite(), args.mapping.as_deref())?;
        let documents = files.iter().map(|path| opened.open_one(path));
        Ok(Self {
            documents: documents.collect::<Result<_, _>>()?,
            facts: typed_facts(&args.facts)?,
            nodes,
            key,
            fact_secret,
            files,
            args,
            lang: shared.lang(),
        })
    }

    fn succeed(&self, old: &str, step: &Step<'_>) -> Result<Report, Failure> {
        let old = self.old(old)?;
        let told = by_key(&self.nodes, &old, Beside::default(), 0)?;
        let Some(before) = told.record else {
            return Err(not_registered(&old.to_string()));
        };
        let planned = self.plan(&before, step)?;
        if planned.record == old {
            return Err(Failure::asked(
                "the new file has the number of the old licence: a renewed or moved licence stands under \
                 a number of its own, such as the next version of an e-licence; to mend a registration see \
                 `hefu correct`",
                "新文件的号码与原许可相同：换发或转入的许可须有自己的号码（如电子证照的下一版本号）；\
                 如需更正登记请用 hefu correct",
            ));
        }
        let there = by_key(&self.nodes, &planned.record, Beside::default(), 0)?;
        let here = &planned.register.digests;
        let is_there = |public: &PublicPart| here.iter().all(|d| public.digests.contains(d));
        let registered =
            (there.record.filter(is_there)).map(|public| public.registration.operation);
        let link = (before.links.iter()).find(|link| link.relation == step.relation);
        let ended = match (registered, link) {
            // An earlier run did it, and was stopped before it had the receipts.
            (Some(first), Some(link)) if link.record == planned.record => {
                self.done_before(&planned, &old, &before, first, step)?
            }
            _ => self.send(&planned, old, registered, step)?,
        };
        self.report(&planned, &old, ended, step)
    }

    /// The old licence: a key, a receipt, a file, or a number like that of the new one.
    fn old(&self, text: &str) -> Result<StateKey, Failure> {
        let is_number = text.parse::<StateKey>().is_err() && !Path::new(text).exists();
        if !is_number || text.ends_with(disk::RECEIPT_SUFFIX) {
            return named_by(&self.nodes, text);
        }
        let own = self.documents.iter().find_map(Document::identity);
        let own = own.or_else(|| self.args.number.identity());
        let part = |of: fn(&hefu_types::profile::Identity) -> &String| {
            own.as_ref()
                .map(|own| of(own).clone())
                .filter(|part| !part.is_empty())
        };
        let number = NumberArgs {
            document_type: self.args.number.document_type.clone(),
            number: Some(text.to_owned()),
            issuer: part(|own| &own.legal_issuer),
            class: part(|own| &own.class),
            series: part(|own| &own.series),
            period: None,
        };
        let args = DocumentArgs {
            number,
            ..DocumentArgs::default()
        };
        let answered = named(&self.nodes, &args)?.answered;
        match (answered.key, answered.record) {
            (Some(key), Some(_)) => Ok(key),
            _ => Err(not_registered(text)),
        }
    }

    fn plan(&self, before: &PublicPart, step: &Step<'_>) -> Result<Planned, Failure> {
        let network = self.nodes.network();
        let rules = type_rules(network, &before.document_type)?;
        let entitlements = entitlements(&self.nodes, &self.key)?;
        let issuer = Issuer {
            suite: network.suite(),
            fact_secret: &self.fact_secret,
            entitlements: &entitlements,
        };
        let region = (step.region)(before);
        let asked = Asked {
            rules,
            identity: self.args.number.identity(),
            region: region.as_deref(),
            use_right: self.args.overrides.use_right,
            valid_from: self.args.overrides.valid_from.clone(),
            valid_until: self.args.overrides.valid_until.clone(),
            offline_at: None,
            facts: &self.facts,
        };
        plan(&issuer, &asked, &self.documents, Blinding(crate::random()))
            .map_err(|aside| Failure::Asked(aside.said()))
    }

    /// Signs what is to be done, all of it or nothing, and gets the receipts.
    fn send(
        &self,
        planned: &Planned,
        old: StateKey,
        registered: Option<OperationId>,
        step: &Step<'_>,
    ) -> Result<Ended, Failure> {
        // The claim first: who finds a receipt takes the document for done.
        self.write_claim(planned)?;
        let binding = (step.operation)(old, planned.record);
        let mut operations = vec![binding];
        if registered.is_none() {
            operations.insert(0, planned.operation());
        }
        let signed = Signed::atomic(self.nodes.network(), &self.key, &operations, crate::now());
        let answer = send::submit(&self.nodes, &signed)?;
        let last = operations.len() - 1;
        let first = registered.unwrap_or_else(|| signed.operation_id(0));
        let receipts = || {
            let bound = self.bound(&operations[last], &signed.operation_id(last))?;
            let registered = self.registered(planned, &first)?;
            Ok::<_, Failure>(Ended::Done(Box::new(Done { registered, bound })))
        };
        // Of several that are refused, the one that is not refused for the other's sake says why.
        let refusal = |outcome| match outcome {
            OutcomeAnswer::Accepted => None,
            OutcomeAnswer::Refused {
                code,
                sentence,
                sentence_zh,
                evidence,
                detail,
            } => Some((
                Refusal::new(code, &sentence, &sentence_zh, detail),
                evidence,
            )),
        };
        let mut refusals: Vec<_> = answer.outcomes.into_iter().filter_map(refusal).collect();
        refusals.sort_by_key(|(refusal, _)| refusal.code == Code::SiblingRefused.number());
        match refusals.into_iter().next() {
            None => receipts(),
            // A node that lies may call refused what was done; who believed it would do it twice.
            Some((refusal, evidence)) => {
                Ok(receipts().unwrap_or(Ended::Refused(refusal, evidence)))
            }
        }
    }

    fn done_before(
        &self,
        planned: &Planned,
        old: &StateKey,
        before: &PublicPart,
        first: OperationId,
        step: &Step<'_>,
    ) -> Result<Ended, Failure> {
        let registered = self.registered(planned, &first)?;
        let events = [before.status_event.as_ref(), before.noted.as_ref()];
        let of_step = (step.operation)(*old, planned.record);
        let bound = events.into_iter().flatten().find_map(|event| {
            let found = self.bound(&of_step, &event.operation).ok()?;
            (found.1.operation().verb() == step.verb).then_some(found)
        });
        match bound {
            Some(bound) => Ok(Ended::Done(Box::new(Done { registered, bound }))),
            None => Err(Failure::asked(
                "it was done before, and its record has moved on since: see `hefu status`",
                "此前已完成，且记录此后已有变动：请用 hefu status 查看",
            )),
        }
    }

    fn bound(
        &self,
        operation: &Operation,
        id: &OperationId,
    ) -> Result<(Receipt, VerifiedReceipt), Failure> {
        let record = operation.record().copied().unwrap_or(StateKey([0; 32]));
        receipt_of(&self.nodes, id, &record)
    }

    fn registered(
        &self,
        planned: &Planned,
        id: &OperationId,
    ) -> Result<(Receipt, VerifiedReceipt), Failure> {
        let mut holds = holds(&self.nodes);
        self.nodes.operation_receipt(id, |receipt| {
            let (receipt, _) = holds(receipt)?;
            let (receipt, verified) = complete(self.nodes.network(), planned, receipt)?;
            if verified.operation_id() == *id {
                Ok((receipt, verified))
            } else {
                Err("it is of another operation".to_owned())
            }
        })
    }

    fn write_claim(&self, planned: &Planned) -> Result<(), Failure> {
        let claim = planned.claim(self.nodes.network(), &self.fact_secret);
        let Some(claim) = claim else { return Ok(()) };
        let suite = self.nodes.network().suite();
        let paths = self
            .files
            .iter()
            .map(|file| self.args.receipts.join(name(suite, file, "")));
        for path in paths {
            std::fs::create_dir_all(&self.args.receipts)
                .map_err(|error| Failure::disk(&self.args.receipts, error))?;
            claim.write(&claim::beside(&path))?;
        }
        Ok(())
    }

    /// Writes the receipts, and tells both licences.
    fn report(
        &self,
        planned: &Planned,
        old: &StateKey,
        ended: Ended,
        step: &Step<'_>,
    ) -> Result<Report, Failure> {
        let (nodes, lang) = (&self.nodes, self.lang);
        let network = nodes.network();
        let done = match ended {
            Ended::Done(done) => done,
            Ended::Refused(refusal, evidence) => {
                let before = evidence.and_then(|id| evidence_of(nodes, &id));
                let report = refused(nodes, step.verb, old, &refusal, before.as_ref(), lang);
                return Ok(report.with_warnings(lang, &nodes.warnings()));
            }
        };
        let mut receipts = Vec::new();
        let suite = network.suite();
        for file in self.files {
            let own = self.args.receipts.join(name(suite, file, ""));
            disk::write(&own, &done.registered.0.encode())?;
            receipts.push(own);
        }
        let first = self
            .files
            .first()
            .map_or(Path::new("licence"), PathBuf::as_path);
        let bound = self.args.receipts.join(name(suite, first, step.verb));
        disk::write(&bound, &done.bound.0.encode())?;
        receipts.push(bound);

        let height = done.bound.1.state().checkpoint().checkpoint().height;
        let told = |key: &StateKey| by_key(nodes, key, Beside::default(), height);
        let (old_now, new_now) = (told(old)?, told(&planned.record)?);
        let mut text = format!("{}: {}\n", step.verb, lang.pick("done", "已完成"));
        let mut json = json!({
            "command": step.verb,
            "outcome": "done",
            "operation": done.bound.1.operation_id(),
            "registration": done.registered.1.operation_id(),
            "receipts": receipts,
        });
        for (word, en, zh, key, told) in [
            ("old", "old licence:", "原许可：", old, &old_now),
            ("new", "new licence:", "新许可：", &planned.record, &new_now),
        ] {
            let Some(record) = &told.record else { continue };
            let moment = moment(nodes, &told.fetched.state);
            text.push_str(&format!("{}\n", lang.pick(en, zh)));
            text.push_str(&table(&rows(network, key, record, moment, lang)));
            json[word] = record_json(key, record, moment);
        }
        let word = lang.pick("receipt", "回执");
        for path in &receipts {
            text.push_str(&format!("  {word} {}\n", shown(&path.to_string_lossy())));
        }
        let exit = Exit::Yes;
        Ok(Report { exit, json, text }.with_warnings(lang, &nodes.warnings()))
    }
}

fn moment(nodes: &Nodes, state: &VerifiedState) -> Moment {
    Moment::of(nodes.network(), state)
}

/// The name of a receipt: of the registration of a file, or of what bound it to another.
fn name(suite: hefu_types::Suite, file: &Path, verb: &str) -> String {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    if !verb.is_empty() {
        name.push(format!(".{verb}"));
    }
    disk::receipt_name(suite, Path::new(&name))
}

fn not_registered(text: &str) -> Failure {
    Failure::asked(
        format!("the old licence {text} is not registered on this network"),
        format!("原许可 {text} 未在本网络登记"),
    )
}
