//! `hefu lend` and `hefu consent`: copies of licences for one use.
//!
//! Without the salt nobody could show for whom a copy was made. So the copy file is on disk before the
//! statement is sent, and the same command goes on with what it finds there: a copy is never made twice.

use super::copy::{beside, CopyFile};
use crate::act::{self, holds, perform, Acting, Ended};
use crate::cli::licence::{Consent, Lend, TermsArgs};
use crate::cli::Shared;
use crate::document::Document;
use crate::failure::Failure;
use crate::files::Files;
use crate::lookup::Named;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::status::zone_minutes;
use crate::times::When;
use crate::uses::right::{open_claim, registrations, Shown};
use hefu_proof::receipt::VerifiedReceipt;
use hefu_types::genesis::Network;
use hefu_types::operation::{self, member_identifier, HolderConsent, Operation, RightProof};
use hefu_types::record::PublicPart;
use hefu_types::{Code, Digest, StateKey};
use hefu_wire::file::KeyRole;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};

/// `hefu lend`.
pub fn lend(shared: &Shared, args: &Lend) -> Result<Report, Failure> {
    let acting = Acting::open(shared, &args.on, &[KeyRole::Agency, KeyRole::Member])?;
    let (licence, found) = match acting.find()? {
        Ok(found) => found,
        Err(report) => return Ok(*report),
    };
    let network = acting.nodes.network();
    let (document, digest) = annotated(network, &args.terms.copy, found.answered.record.as_ref())?;
    let lending = Lending {
        acting: &acting,
        args,
        licence,
        found: &found,
        known: known(network, args, &found)?,
    };
    let path = beside(&args.terms.copy);
    let mut file = match lending.here(&path, digest)? {
        Some(file) => file,
        None => {
            let mut file = lending.new_file(digest)?;
            if let Some(receipt) = lending.with_facts() {
                file.open_facts_of(network.suite(), receipt.disclosed(), &document.facts());
            }
            file.write_new(&path)?;
            file
        }
    };
    let operation = Operation::Lend(operation::Lend {
        record: licence,
        terms: file.terms(network),
        consent: lending.consent(&file)?,
    });
    // From here on the salt is on disk: what is done can be shown.
    let nodes = &acting.nodes;
    let ended = perform(nodes, &acting.key, operation, &file.record, holds(nodes))?;
    let ended = match ended {
        // An earlier run made it, and was stopped before it said so.
        Ended::Refused(refusal, Some(before)) if refusal.code == Code::SameAgain.number() => {
            let id = before.operation_id();
            Ended::Done(Box::new(act::receipt_of(nodes, &id, &file.record)?))
        }
        ended => ended,
    };
    let out = args.on.out.clone();
    let out = out.unwrap_or_else(|| crate::disk::receipt_beside(&args.terms.copy));
    let mut report = act::report(nodes, "lend", &file.record, &ended, Some(&out), acting.lang)?;
    match &ended {
        Ended::Done(done) => {
            file.receipt = Some(out.to_string_lossy().into_owned());
            file.write(&path)?;
            tell(&mut report, &file, &path, &done.1, acting.lang);
        }
        Ended::Refused(refusal, _) if refusal.code == Code::SameAgain.number() => {}
        // Nothing was made that the file could open.
        Ended::Refused(..) => {
            std::fs::remove_file(&path).map_err(|error| Failure::disk(&path, error))?;
        }
    }
    Ok(report.with_warnings(acting.lang, &nodes.warnings()))
}

struct Lending<'a> {
    acting: &'a Acting<'a>,
    args: &'a Lend,
    licence: StateKey,
    found: &'a Named,
    /// Receipts of the licence.
    known: Vec<VerifiedReceipt>,
}

/// The receipts of the licence that were named, or that lie beside its file.
fn known(network: &Network, args: &Lend, found: &Named) -> Result<Vec<VerifiedReceipt>, Failure> {
    let of = &args.on.document;
    let named: Vec<PathBuf> = of.receipt.iter().cloned().collect();
    let file = of.file.as_deref();
    let places: Vec<PathBuf> = file.map(crate::disk::receipt_beside).into_iter().collect();
    match found
        .answered
        .record
        .as_ref()
        .and_then(|it| it.digests.first())
    {
        Some(digest) => registrations(&named, &places, network, digest),
        None => Ok(Vec::new()),
    }
}

impl Lending<'_> {
    fn network(&self) -> &Network {
        self.acting.nodes.network()
    }

    /// What an earlier run of the same command wrote.
    fn here(&self, path: &Path, digest: Digest) -> Result<Option<CopyFile>, Failure> {
        if !path.exists() {
            return Ok(None);
        }
        let file = CopyFile::open(path, self.network())?;
        let terms = &self.args.terms;
        let is = |typed: &Option<String>, own: &str| typed.as_deref().is_none_or(|t| t == own);
        let user = terms.user.as_deref().map(member_identifier);
        let is_this = file.licence == self.licence
            && file.digests == [digest]
            && is(&terms.purpose, &file.purpose)
            && is(&terms.matter, &file.matter)
            && is(&user, &file.user);
        if is_this {
            return Ok(Some(file));
        }
        Err(Failure::bad_file(
            path,
            "the copy file of another lending lies there, and nothing is overwritten; give the \
             annotated copy another name",
        ))
    }

    /// What the holder agreed to, or what was typed.
    fn new_file(&self, digest: Digest) -> Result<CopyFile, Failure> {
        let Some(path) = &self.args.consent else {
            let record = self.found.answered.record.as_ref();
            let document_type = record.map_or("", |record| &record.document_type);
            let zone = zone_minutes(self.network(), document_type);
            return new_file(self.network(), self.licence, digest, &self.args.terms, zone);
        };
        let file = CopyFile::open(path, self.network())?;
        if file.licence != self.licence {
            return Err(Failure::bad_file(
                path,
                "it is the consent for a copy of another licence",
            ));
        }
        if file.digests != [digest] {
            return Err(Failure::bad_file(
                path,
                "it is the consent for another annotated copy than this file",
            ));
        }
        let record = self.found.answered.record.as_ref();
        if !record.is_some_and(|record| file.is_agreed(self.network(), record)) {
            return Err(Failure::bad_file(
                path,
                "it is not signed with the licence's present claim key",
            ));
        }
        Ok(file)
    }

    /// The receipt that opens facts of the licence as it is registered now.
    fn with_facts(&self) -> Option<&VerifiedReceipt> {
        let root = self.found.answered.record.as_ref()?.fact_root;
        let mut known = self.known.iter();
        known.find(|it| it.record().fact_root == root && !it.disclosed().facts.is_empty())
    }

    /// How the holder's agreement is shown.
    fn consent(&self, file: &CopyFile) -> Result<Option<HolderConsent>, Failure> {
        if let Some(signature) = &file.consent {
            return Ok(Some(HolderConsent::Claim(*signature)));
        }
        let network = self.network();
        if let Some(path) = &self.args.claim {
            let claim = open_claim(path, network)?;
            if claim.record != self.licence {
                return Err(Failure::bad_file(
                    path,
                    "it is the claim file of another document",
                ));
            }
            let secret = claim.secret_key(network.suite());
            let terms = file.terms(network);
            let signature = secret.sign_consent(&network.digest(), &self.licence, &terms);
            return Ok(Some(HolderConsent::Claim(signature)));
        }
        if self.acting.key.file.role != KeyRole::Member {
            return Ok(None);
        }
        self.named()
    }

    /// The member opens that it is the one that the licence names. What it cannot show is for the ledger
    /// to refuse.
    fn named(&self) -> Result<Option<HolderConsent>, Failure> {
        let Some(record) = self.found.answered.record.as_ref() else {
            return Ok(None);
        };
        let shown = Shown {
            network: self.network(),
            key: &self.acting.key,
            key_file: &self.args.on.key,
            registrations: &self.known,
            claims: &[],
        };
        match shown.right(&self.licence, record)? {
            Ok(Some(RightProof::Named(opening))) => Ok(Some(HolderConsent::Named(opening))),
            _ => Ok(None),
        }
    }
}

/// The annotated copy, which is no file of the licence itself.
fn annotated(
    network: &Network,
    path: &Path,
    licence: Option<&PublicPart>,
) -> Result<(Document, Digest), Failure> {
    let document = Files::new(network.suite(), None)?.open_one(path)?;
    let digest = document.digest;
    if licence.is_some_and(|licence| licence.digests.contains(&digest)) {
        return Err(Failure::asked(
            "that is the licence itself: what is lent is an annotated copy, a file of its own that says \
             for what it was made",
            "这是许可原件：出借的应是注明用途的加注件，须为另一文件",
        ));
    }
    Ok((document, digest))
}

/// A new copy file of what was typed.
fn new_file(
    network: &Network,
    licence: StateKey,
    digest: Digest,
    terms: &TermsArgs,
    zone: i16,
) -> Result<CopyFile, Failure> {
    let missing = || {
        Failure::asked(
            "a copy is made for one use: give --purpose, --matter, --user, and --until or --for",
            "加注件只供一次使用：请给出 --purpose、--matter、--user，以及 --until 或 --for",
        )
    };
    let text = |text: &Option<String>| text.clone().ok_or_else(missing);
    let (purpose, matter) = (text(&terms.purpose)?, text(&terms.matter)?);
    let user = text(&terms.user)?;
    let valid_before = match (&terms.until, terms.lend_for) {
        (Some(until), _) => When::parse(until)?.before(zone),
        (None, Some(time)) => {
            let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            crate::now().plus(ms)
        }
        (None, None) => return Err(missing()),
    };
    let words = [purpose.as_str(), &matter, &user];
    Ok(CopyFile::new(
        network,
        licence,
        vec![digest],
        words,
        valid_before,
    ))
}

/// What goes to the user.
fn tell(report: &mut Report, file: &CopyFile, path: &Path, receipt: &VerifiedReceipt, lang: Lang) {
    let name = shown(&path.to_string_lossy());
    let user = shown(&file.user);
    report.text.push_str(&table(&[
        vec![lang.pick("user", "使用方").to_owned(), user.clone()],
        vec![lang.pick("copy file", "加注件文件").to_owned(), name],
    ]));
    report.text.push_str(&match lang {
        Lang::En => format!(
            "Give the annotated copy with its copy file and receipt to {user} alone: they show for whom \
             it was made.\n"
        ),
        Lang::Zh => format!("请将加注件连同其加注件文件和回执只交给{user}：它们证明该件为谁出具。\n"),
    });
    if let Value::Object(object) = &mut report.json {
        object.insert("copy_file".to_owned(), json!(path));
        object.insert("copy".to_owned(), json!(receipt.record_key()));
        object.insert("licence".to_owned(), json!(file.licence));
        object.insert("user".to_owned(), json!(file.user));
    }
}

/// `hefu consent`.
pub fn consent(shared: &Shared, args: &Consent) -> Result<Report, Failure> {
    let (_, network) = crate::nodes::network_file(&args.network.network)?;
    let claim = open_claim(&args.claim, &network)?;
    let (_, digest) = annotated(&network, &args.terms.copy, None)?;
    // A day ends where the types of the network have theirs; the file says the moment.
    let zones = network.genesis().types.iter();
    let zone = zones.map(|rules| rules.zone_minutes).next().unwrap_or(480);
    let mut file = new_file(&network, claim.record, digest, &args.terms, zone)?;
    let secret = claim.secret_key(network.suite());
    let terms = file.terms(&network);
    file.consent = Some(secret.sign_consent(&network.digest(), &claim.record, &terms));
    file.write_new(&args.out)?;
    let lang = shared.lang();
    let out = shown(&args.out.to_string_lossy());
    let row = |en: &str, zh: &str, value: &str| vec![lang.pick(en, zh).to_owned(), shown(value)];
    let mut text = table(&[
        row("licence", "原许可", &claim.record.to_string()),
        row("purpose", "用途", &file.purpose),
        row("matter", "事项编码", &file.matter),
        row("user", "使用方", &file.user),
        row("until", "有效期至", &file.valid_before),
    ]);
    text.push_str(&match lang {
        Lang::En => format!(
            "You agree to this one copy. Give {out} with the annotated copy to the agency: it types `hefu \
             lend --consent`.\n"
        ),
        Lang::Zh => {
            format!("您同意出具这一份加注件。请将 {out} 连同加注件交给签发机关，由其使用 hefu lend --consent。\n")
        }
    });
    Ok(Report {
        exit: Exit::Yes,
        json: json!({
            "command": "consent",
            "outcome": "done",
            "licence": claim.record,
            "copy": file.record,
            "purpose": file.purpose,
            "matter": file.matter,
            "user": file.user,
            "valid_before": file.valid_before,
            "file": args.out,
        }),
        text,
    })
}
