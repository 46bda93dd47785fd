//! `hefu add-rendition` and `hefu correct`: files for a document that is on the ledger.
//!
//! Facts, salts and rights follow from the files as in a registration, under the number that the
//! document has: that is read out of its registration, so it need not stand in the files.

use crate::act::{not_found, perform, receipt_of, report};
use crate::claim::{self, Claim};
use crate::cli::{Content, Correct, DocumentArgs, Overrides, Shared};
use crate::disk;
use crate::document::{hint_of, type_rules, Document};
use crate::failure::Failure;
use crate::files::Files;
use crate::keys::{self, Key};
use crate::lookup::{by_identity, named, open_receipt, Answered};
use crate::nodes::Nodes;
use crate::plan::{plan, Asked, Issuer, Planned};
use crate::register::{complete, differing, typed_facts};
use crate::say::{shown, Lang, Report};
use hefu_proof::fact::OpenFact;
use hefu_types::operation::{self, Operation};
use hefu_types::profile::Identity;
use hefu_types::record::PublicPart;
use hefu_types::{Blinding, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path::Beside;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};

/// `hefu add-rendition`.
pub fn add_rendition(shared: &Shared, args: &Content) -> Result<Report, Failure> {
    let with = With::open(shared, args)?;
    let (record, public) = match with.find()? {
        Ok(found) => found,
        Err(report) => return Ok(*report),
    };
    let planned = with.plan(&record, &public, &Overrides::default())?;
    let Some(fact_root) = planned
        .register
        .fact_root
        .filter(|_| public.fact_root.is_some())
    else {
        return Err(Failure::asked(
            "that it is the same document shows by its facts alone, and the files or the registration \
             state none",
            "只能凭事实判断是否为同一文档，而文件或登记中没有可比对的事实",
        ));
    };
    if public.fact_root != Some(fact_root) {
        return Err(with.other_facts(&planned));
    }
    let operation = Operation::AddRendition(operation::AddRendition {
        record,
        digests: planned.register.digests.clone(),
        fact_root,
    });
    with.perform(operation, &planned, None)
}

/// `hefu correct`.
pub fn correct(shared: &Shared, args: &Correct) -> Result<Report, Failure> {
    let with = With::open(shared, &args.content)?;
    let (record, public) = match with.find()? {
        Ok(found) => found,
        Err(report) => return Ok(*report),
    };
    let planned = with.plan(&record, &public, &args.overrides)?;
    let claim = with.claim(&planned)?;
    let register = planned.register.clone();
    let operation = Operation::Correct(operation::Correct {
        record,
        digests: register.digests,
        fact_root: register.fact_root,
        valid_from: register.valid_from,
        valid_until: register.valid_until,
        use_right: register.use_right,
        total: register.total,
        reason: args.reason.clone(),
        blinding: register.blinding,
        open_facts: register.open_facts,
    });
    with.perform(operation, &planned, claim)
}

/// Who brings which files.
struct With<'a> {
    nodes: Nodes,
    key: Key,
    fact_secret: [u8; 32],
    documents: Vec<Document>,
    args: &'a Content,
    lang: Lang,
}

impl<'a> With<'a> {
    fn open(shared: &Shared, args: &'a Content) -> Result<Self, Failure> {
        let nodes = shared.nodes(&args.network.network)?;
        let network = nodes.network();
        let key = keys::open(&args.key, KeyRole::Agency, network)?;
        let fact_secret = key.file.fact_secret.as_ref().map(|secret| secret.0);
        let fact_secret = fact_secret.ok_or_else(|| {
            Failure::bad_file(&args.key, "it has no secret for facts; make it with keygen")
        })?;
        let files = Files::new(network.suite(), args.mapping.as_deref())?;
        let documents = args.files.iter().map(|path| files.open_one(path));
        Ok(Self {
            documents: documents.collect::<Result<_, _>>()?,
            nodes,
            key,
            fact_secret,
            args,
            lang: shared.lang(),
        })
    }

    /// The document that was named, or else the one whose number the files say.
    fn find(&self) -> Result<Result<(StateKey, PublicPart), Box<Report>>, Failure> {
        let args = self.args;
        let is_named = args.document.is_some()
            || args.receipt.is_some()
            || args.record.is_some()
            || args.number.number.is_some();
        let answered = if is_named {
            let document = DocumentArgs {
                file: args.document.clone(),
                receipt: args.receipt.clone(),
                record: args.record,
                number: args.number.clone(),
            };
            named(&self.nodes, &document)?.answered
        } else {
            self.by_number_of_files()?
        };
        match (answered.key, answered.record) {
            (Some(key), Some(record)) => Ok(Ok((key, record))),
            (key, _) => {
                let report = not_found(key, self.lang);
                let report = report.with_warnings(self.lang, &self.nodes.warnings());
                Ok(Err(Box::new(report)))
            }
        }
    }

    fn by_number_of_files(&self) -> Result<Answered, Failure> {
        let numbered =
            (self.documents.iter()).find_map(|document| Some((document, document.identity()?)));
        let answered = match numbered {
            None => None,
            Some((document, identity)) => {
                let hint = hint_of(document, self.args.number.document_type.as_deref());
                by_identity(&self.nodes, &identity, hint, Beside::default(), 0)?
            }
        };
        answered.ok_or_else(|| {
            Failure::asked(
                "the files say no number: name the document with --document, --receipt, --record or \
                 --number",
                "文件未载明号码：请用 --document、--receipt、--record 或 --number 指明文档",
            )
        })
    }

    /// Plans the files as a registration of the document would.
    fn plan(
        &self,
        record: &StateKey,
        public: &PublicPart,
        overrides: &Overrides,
    ) -> Result<Planned, Failure> {
        let network = self.nodes.network();
        let rules = type_rules(network, &public.document_type)?;
        let facts = typed_facts(&self.args.facts)?;
        let issuer = Issuer {
            suite: network.suite(),
            fact_secret: &self.fact_secret,
            entitlements: &[],
        };
        let asked = Asked {
            rules,
            identity: Some(self.identity(record, public)?),
            region: Some(&public.region),
            use_right: overrides.use_right,
            valid_from: overrides.valid_from.clone(),
            valid_until: overrides.valid_until.clone(),
            offline_at: None,
            facts: &facts,
        };
        plan(&issuer, &asked, &self.documents, Blinding(crate::random()))
            .map_err(|aside| Failure::Asked(aside.said()))
    }

    /// The number under which the document stands.
    fn identity(&self, record: &StateKey, public: &PublicPart) -> Result<Identity, Failure> {
        let registration = public.registration.operation;
        let (_, first) = receipt_of(&self.nodes, &registration, record)?;
        let identity = match first.operation() {
            Operation::Register(register) => Some(register.identity.clone()),
            other => other.unattested().map(|(_, it)| it.identity.clone()),
        };
        identity.ok_or_else(|| {
            Failure::asked(
                "the first operation of the document tells no number",
                "该文档的首个操作未载明号码",
            )
        })
    }

    /// The facts are not those that are registered: which, as far as a receipt opens them.
    fn other_facts(&self, planned: &Planned) -> Failure {
        let beside = self.args.document.as_deref().map(disk::receipt_beside);
        let receipt = self.args.receipt.clone().or(beside);
        let receipt = receipt.and_then(|path| open_receipt(&path, &self.nodes).ok());
        let registered: Vec<OpenFact> = receipt
            .map(|it| it.disclosed().open_facts().cloned().collect())
            .unwrap_or_default();
        let told: Vec<String> = differing(&registered, &planned.facts)
            .into_iter()
            .map(|(name, there, here)| shown(&format!("{name}: {there} / {here}")))
            .collect();
        let (en, zh) = match told.as_slice() {
            [] => (String::new(), String::new()),
            told => {
                let told = told.join("; ");
                (
                    format!("; registered / here: {told}"),
                    format!("；登记内容 / 此处：{told}"),
                )
            }
        };
        Failure::asked(
            format!(
                "the files state other facts than are registered, so they are no rendition of \
                     this document: correct it, or register them under their own number{en}"
            ),
            format!("文件所载事实与登记内容不同，不是该文档的另一版式：请更正登记，或另行登记{zh}"),
        )
    }

    /// The claim that goes to the buyer, and where it is written.
    fn claim(&self, planned: &Planned) -> Result<Option<(Claim, PathBuf)>, Failure> {
        let Some(claim) = planned.claim(self.nodes.network(), &self.fact_secret) else {
            return Ok(None);
        };
        let Some(out) = &self.args.out else {
            return Err(Failure::asked(
                "--use claim writes the claim beside the receipt: give --out",
                "--use claim 会在回执旁写入凭证文件：请给出 --out",
            ));
        };
        let path = claim::beside(out);
        // Once it is done it is too late to say that something else is there.
        claim.is_at(&path)?;
        Ok(Some((claim, path)))
    }

    fn perform(
        &self,
        operation: Operation,
        planned: &Planned,
        claim: Option<(Claim, PathBuf)>,
    ) -> Result<Report, Failure> {
        let (nodes, verb, out) = (&self.nodes, operation.verb(), self.args.out.as_deref());
        let whole = |receipt| complete(nodes.network(), planned, receipt);
        let ended = perform(nodes, &self.key, operation, &planned.record, whole)?;
        let is_done = matches!(ended, crate::act::Ended::Done(_));
        if let Some((claim, path)) = claim.as_ref().filter(|_| is_done) {
            claim.write(path)?;
        }
        let mut report = report(nodes, verb, &planned.record, &ended, out, self.lang)?;
        if let Some((_, path)) = claim.filter(|_| is_done) {
            tell_claim(&mut report, &path, self.lang);
        }
        Ok(report.with_warnings(self.lang, &nodes.warnings()))
    }
}

fn tell_claim(report: &mut Report, path: &Path, lang: Lang) {
    let word = lang.pick("claim", "凭证");
    let name = shown(&path.to_string_lossy());
    report.text.push_str(&format!("  {word} {name}\n"));
    if let Value::Object(object) = &mut report.json {
        object.insert("claim".to_owned(), json!(path));
    }
}

#[cfg(test)]
mod tests;
