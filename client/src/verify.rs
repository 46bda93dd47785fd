//! `hefu verify`: from a file to a verdict.
//!
//! What a file *is* comes from the ledger (its digest, or else its number) or from a receipt; whether
//! it is *in force now* comes from the newest checkpoint at hand. A receipt supplies the facts to
//! compare and the salt that shows for whom an invoice is; a node supplies what has happened since.
//! Whichever is newer judges. Nothing that a node or a receipt says counts before it is verified.

use crate::cli::{NumberArgs, Shared, Verify};
use crate::disk;
use crate::document::{candidate, candidates, type_rules, Document, Hint};
use crate::failure::Failure;
use crate::files::{Files, Named};
use crate::keys;
use crate::licence::copy::CopyFile;
use crate::lookup::{by_digest, by_identity, by_key, open_receipt, Answered};
use crate::nodes::{Fetched, Nodes};
use crate::register::check_region;
use crate::say::{padded, shown, Exit, Lang, Report};
use crate::status::{copy_json, zone_minutes};
use hefu_formats::seal::{Cover, Seal, SignatureCheck};
use hefu_proof::certificate::{Value as Claimed, VerifiedState};
use hefu_proof::receipt::{Receipt, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_proof::verdict::{
    compare_facts, document as document_dimension, freshness, of_record, Answer, Dimension,
    HeldUse, Match, Question, Said, Verdict,
};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::MemberLeaf;
use hefu_types::operation::{member_identifier, named_member, Operation, UseRight};
use hefu_types::profile::Identity;
use hefu_types::record::PublicPart;
use hefu_types::{Code, Digest, Millis, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path::Beside;
use hefu_wire::KeyFile;
use serde_json::{json, Value};
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

mod coverage;
mod licence;
mod payer;

/// `hefu verify`.
pub fn run(shared: &Shared, args: &Verify) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let network = nodes.network();
    if let Some(region) = &args.region {
        check_region(network, region)?;
    }
    if args.files.len() > 1 && args.number.number.is_some() {
        return Err(Failure::asked(
            "--number is the number of one document: give one file",
            "--number 只对应一份文档：请只给一个文件",
        ));
    }
    let is_folder = args.receipt.as_deref().is_some_and(Path::is_dir);
    if args.files.len() > 1 && args.copy.is_some() {
        return Err(Failure::asked(
            "--copy is the copy file of one lending copy: give one file",
            "--copy 只对应一份加注件：请只给一个文件",
        ));
    }
    if args.files.len() > 1 && args.receipt.is_some() && !is_folder {
        return Err(Failure::asked(
            "--receipt is the receipt of one document: give one file, or a folder of receipts",
            "--receipt 只对应一份文档：请只给一个文件，或给出回执文件夹",
        ));
    }
    let asked = Asked {
        nodes: &nodes,
        number: &args.number,
        amount: args.amount.as_deref(),
        currency: args.currency.as_deref(),
        member: Member::read(args.member.as_deref(), network)?,
        purpose: args.purpose.as_deref(),
        region: args.region.as_deref(),
        user: args.user.as_deref().map(member_identifier),
        copy: args.copy.as_deref(),
        offline: args.offline,
        age_ms_max: u64::try_from(args.max_age.as_millis()).unwrap_or(u64::MAX),
        now: crate::now(),
        held: OnceCell::new(),
    };
    let lang = shared.lang();
    let (mut exit, mut text, mut documents) = (Exit::Yes, String::new(), Vec::new());
    let files = Files::new(network.suite(), args.mapping.as_deref())?;
    for file in &args.files {
        let found = match files.open(file) {
            Ok(found) => found,
            Err(failure) if args.files.len() > 1 => {
                // One file that is not there hides no other.
                exit = exit.and(Exit::CouldNotTell);
                let (told, json) = failure.of_file(file, lang);
                text.push_str(&told);
                documents.push(json);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        for named in found {
            let judged = asked.judge(&named, args.receipt.as_deref())?;
            exit = exit.and(judged.exit());
            text.push_str(&judged.text(&named.path, args.purpose.as_deref(), lang));
            documents.push(judged.json(&named.path, lang));
        }
    }
    let report = Report {
        exit,
        json: json!({
            "command": "verify",
            "network": network.digest(),
            "verdict": answer_of(exit).name(),
            "documents": documents,
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

const fn answer_of(exit: Exit) -> Answer {
    match exit {
        Exit::Yes => Answer::Yes,
        Exit::No => Answer::No,
        Exit::CouldNotTell => Answer::CouldNotTell,
    }
}

/// Who would use the document.
enum Member {
    Nobody,
    Id(String),
    Key(Box<KeyFile>),
}

impl Member {
    fn read(text: Option<&str>, network: &Network) -> Result<Self, Failure> {
        match text {
            None => Ok(Self::Nobody),
            Some(text) if Path::new(text).is_file() => {
                let key = keys::open(Path::new(text), KeyRole::Member, network)?;
                Ok(Self::Key(Box::new(key.file)))
            }
            Some(text) => Ok(Self::Id(text.to_owned())),
        }
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Id(id) => Some(id),
            Self::Key(file) => Some(&file.holder),
        }
    }
}

/// What is asked of every file.
struct Asked<'a> {
    nodes: &'a Nodes,
    number: &'a NumberArgs,
    amount: Option<&'a str>,
    currency: Option<&'a str>,
    member: Member,
    purpose: Option<&'a str>,
    region: Option<&'a str>,
    /// Who would rely on a lending copy.
    user: Option<String>,
    /// The copy file that was given.
    copy: Option<&'a Path>,
    offline: bool,
    age_ms_max: u64,
    now: Millis,
    /// What lies in the folder of receipts, once that was asked.
    held: OnceCell<Vec<Held>>,
}

/// What a receipt in a folder claims to be of; it is verified when it is used.
struct Held {
    path: PathBuf,
    record: StateKey,
    digests: Vec<Digest>,
}

/// The receipts of a folder, in the order of their names.
fn held_in(folder: &Path) -> Vec<Held> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| path.to_string_lossy().ends_with(disk::RECEIPT_SUFFIX));
    paths.sort();
    let held = |path: PathBuf| {
        let bytes = disk::read(&path, RECEIPT_BYTES_MAX).ok()?;
        let receipt = Receipt::decode(&bytes).ok()?;
        let leaves = receipt.certificate.leaves.into_iter();
        let (record, public) = leaves.into_iter().find_map(|leaf| match leaf.value {
            Claimed::Record(public, _) => Some((leaf.key, public)),
            _ => None,
        })?;
        Some(Held {
            path,
            record,
            digests: public.digests,
        })
    };
    paths.into_iter().filter_map(held).collect()
}

/// A file with its verdict.
struct Judged {
    document: Document,
    verdict: Verdict,
    /// Other bytes than the registered, but every registered fact agrees.
    is_other_rendition: bool,
    /// The member shows a lock or a use of its own.
    is_held: bool,
    /// The region that was asked about.
    region: Option<String>,
    /// The rule by which that region recognises it, for programs.
    rule: Option<Value>,
    /// The key of the record, and its public part.
    record: Option<(StateKey, PublicPart)>,
    /// `node` or `receipt`.
    source: Option<&'static str>,
    as_of: Option<Millis>,
    height: Option<u64>,
    notes: Vec<Said>,
}

/// What was found of a file, before it is judged.
struct Found<'a> {
    key: StateKey,
    record: &'a PublicPart,
    state: &'a VerifiedState,
    source: &'static str,
    matched: Match,
    /// How the number that was typed relates to the record's; it agrees where none was typed.
    is_typed: Agreement,
    /// The member's own lock or use.
    held: Option<HeldUse<'a>>,
}

/// The receipts at hand that hold and are of the document.
struct Receipts {
    /// The one that judges beside the nodes, and brings facts and salt.
    document: Option<VerifiedReceipt>,
    /// Of the member's own lock or use.
    used: Option<VerifiedReceipt>,
}

impl Receipts {
    /// The newest.
    fn newest(&self) -> Option<&VerifiedReceipt> {
        let height = |r: &&VerifiedReceipt| r.state().checkpoint().checkpoint().height;
        [&self.used, &self.document]
            .into_iter()
            .flatten()
            .max_by_key(height)
    }

    /// Those that speak of this record as it was registered.
    fn of<'a>(
        &'a self,
        key: StateKey,
        record: &'a PublicPart,
    ) -> impl Iterator<Item = &'a VerifiedReceipt> {
        let receipts = [&self.document, &self.used].into_iter().flatten();
        receipts
            .filter(move |receipt| receipt.record_key() == key)
            .filter(|receipt| receipt.record().fact_root == record.fact_root)
    }

    fn holds(&self, digest: &Digest) -> bool {
        let receipts = [&self.document, &self.used].into_iter().flatten();
        receipts
            .into_iter()
            .any(|receipt| receipt.record().digests.contains(digest))
    }
}

/// How a number that somebody wrote relates to that of a record.
enum Agreement {
    /// What was written agrees.
    Agrees,
    /// Number or issuer is another: name, registered value, written value.
    Differs(Vec<(String, String, String)>),
    /// It cannot be written under the record's profile, or the record's number is not known here.
    Unknown,
}

impl Asked<'_> {
    fn judge(&self, named: &Named, receipt: Option<&Path>) -> Result<Judged, Failure> {
        let document = named.document.clone();
        let mut notes = Vec::new();
        let doubts = document.stated().map_or(&[][..], |stated| &stated.doubts);
        notes.extend(doubts.iter().map(|doubt| {
            Said::new(
                format!("the file contradicts itself: {doubt}"),
                format!("文件自相矛盾：{doubt}"),
            )
        }));
        let mut receipts = Receipts {
            document: self.receipt(&named.path, receipt, &document, &mut notes)?,
            used: self.used_receipt(&named.path, receipt, &document),
        };
        let online = if self.offline {
            None
        } else {
            receipts.used = receipts.used.map(|used| self.as_it_is_now(used));
            match self.look_up(&document, receipts.newest()) {
                Ok(answered) => answered,
                // With a receipt there is something to judge by; its age says how far it carries.
                Err(Failure::Unreachable { .. }) if receipts.newest().is_some() => {
                    notes.push(Said::new(
                        "no node answered: judged by the receipt alone",
                        "没有节点答复：仅依据回执判断",
                    ));
                    None
                }
                Err(failure) => return Err(failure),
            }
        };
        let found = self.found(&document, &receipts, online.as_ref());
        let promised;
        let (dimensions, record, source, state) = match &found {
            Some(found) => {
                let copy = self.copy_file(&named.path, found, &mut notes)?;
                let dimensions = self.dimensions(&document, found, &receipts, copy.as_ref())?;
                let record = Some((found.key, found.record.clone()));
                notes.extend(self.successor(found));
                (dimensions, record, Some(found.source), Some(found.state))
            }
            None => {
                promised = self.not_found(&document, &receipts, online.as_ref())?;
                let state = promised.1.as_ref();
                (
                    promised.0.clone(),
                    None,
                    state.map(|_| "node"),
                    state.map(|fetched| &fetched.state),
                )
            }
        };
        let checkpoint = state.map(VerifiedState::checkpoint);
        Ok(Judged {
            verdict: Verdict { dimensions },
            is_other_rendition: found
                .as_ref()
                .is_some_and(|found| matches!(found.matched, Match::SameFacts { .. })),
            is_held: found.as_ref().is_some_and(|found| found.held.is_some()),
            region: self.region.map(str::to_owned),
            rule: found.as_ref().and_then(|found| self.rule_json(found)),
            record,
            source,
            as_of: checkpoint.map(|c| Millis(c.quorum_seconds().saturating_mul(1000))),
            height: checkpoint.map(|c| c.checkpoint().height),
            document,
            notes,
        })
    }

    /// The receipt that was given, or that lies beside the file; only if it holds and is of this
    /// document. Why it does not serve is noted.
    fn receipt(
        &self,
        file: &Path,
        given: Option<&Path>,
        document: &Document,
        notes: &mut Vec<Said>,
    ) -> Result<Option<VerifiedReceipt>, Failure> {
        let path = match given {
            Some(folder) if folder.is_dir() => {
                receipt_in(folder, file).or_else(|| self.receipt_of(folder, document))
            }
            Some(path) => Some(path.to_owned()),
            None => Some(disk::receipt_beside(file)).filter(|path| path.is_file()),
        };
        let Some(path) = path else { return Ok(None) };
        let name = shown(&path.to_string_lossy());
        let receipt = match open_receipt(&path, self.nodes.network()) {
            Ok(receipt) => receipt,
            Err(Failure::BadFile { why, .. }) => {
                let code = Code::BadProof.number();
                notes.push(Said::new(
                    format!("{code} the receipt {name} proves nothing: {why}"),
                    format!("{code} 回执 {name} 不能证明任何内容：{why}"),
                ));
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        if self.is_of(document, &receipt) {
            return Ok(Some(receipt));
        }
        let number = number_of(&receipt).map_or(String::new(), |id| shown(&id.number));
        notes.push(if document.identity().is_some() {
            Said::new(
                format!("the receipt {name} is of another document ({number})"),
                format!("回执 {name} 属于另一份文档（{number}）"),
            )
        } else {
            // Whether this is a changed copy or something else, the file does not say.
            Said::new(
                format!("the receipt {name} ({number}) is not of these bytes"),
                format!("回执 {name}（{number}）所登记的不是该文件的字节"),
            )
        });
        Ok(None)
    }

    /// The receipt of a folder that names the file's bytes, or its number: a copy that was renamed,
    /// saved again or altered still finds what was registered.
    fn receipt_of(&self, folder: &Path, document: &Document) -> Option<PathBuf> {
        let held = self.held.get_or_init(|| held_in(folder));
        let by_bytes = held
            .iter()
            .find(|held| held.digests.contains(&document.digest));
        let by_number = || {
            let identity = document.identity()?;
            let hint = Hint::of(document, self.number.document_type.as_deref());
            let keys = candidates(self.nodes.network(), &identity, hint).ok()?;
            held.iter()
                .find(|held| keys.iter().any(|candidate| candidate.record == held.record))
        };
        by_bytes.or_else(by_number).map(|held| held.path.clone())
    }

    /// All receipts of a folder that name the file's bytes or its number.
    fn receipts_of(&self, folder: &Path, document: &Document) -> Vec<PathBuf> {
        let hint = Hint::of(document, self.number.document_type.as_deref());
        let keys = (document.identity())
            .and_then(|identity| candidates(self.nodes.network(), &identity, hint).ok())
            .unwrap_or_default();
        let is_of = |held: &&Held| {
            held.digests.contains(&document.digest)
                || keys.iter().any(|candidate| candidate.record == held.record)
        };
        let held = self.held.get_or_init(|| held_in(folder)).iter();
        held.filter(is_of).map(|held| held.path.clone()).collect()
    }

    /// Whether a receipt is of this file's document: it names its bytes, or its number.
    fn is_of(&self, document: &Document, receipt: &VerifiedReceipt) -> bool {
        if receipt.record().digests.contains(&document.digest) {
            return true;
        }
        let hint = Hint::named(Some(&receipt.record().document_type));
        let typed = self.number.identity();
        let is_number = |identity: &Identity| {
            candidates(self.nodes.network(), identity, hint)
                .is_ok_and(|found| found.iter().any(|c| c.record == receipt.record_key()))
        };
        // What the file says of itself goes before what was typed: a number typed for another file
        // does not make its receipt ours.
        document
            .identity()
            .or(typed)
            .is_some_and(|identity| is_number(&identity))
    }

    /// Asks the nodes: by digest, then by receipt, by what was typed, by what the file says.
    fn look_up(
        &self,
        document: &Document,
        receipt: Option<&VerifiedReceipt>,
    ) -> Result<Option<Answered>, Failure> {
        let nodes = self.nodes;
        let beside = Beside {
            coverage: None,
            region: self.region,
            member: self.member.id(),
        };
        let height = receipt.map_or(0, |r| r.state().checkpoint().checkpoint().height);
        if let Some(receipt) = receipt {
            return by_key(nodes, &receipt.record_key(), beside, height).map(Some);
        }
        let told = by_digest(nodes, &document.digest, beside, height)?;
        if told.record.is_some() || told.withdrawn.is_some() {
            return Ok(Some(told));
        }
        let of_type = self.number.document_type.as_deref();
        for (identity, hint) in [
            (self.number.identity(), Hint::named(of_type)),
            (document.identity(), Hint::of(document, of_type)),
        ] {
            let Some(identity) = identity else { continue };
            let of_number = by_identity(nodes, &identity, hint, beside, height)?;
            if let Some(answered) = of_number {
                return Ok(Some(answered));
            }
        }
        Ok(Some(told))
    }

    /// The record to judge, under the newer of the two checkpoints, and how the file relates to it.
    fn found<'b>(
        &self,
        document: &Document,
        receipts: &'b Receipts,
        online: Option<&'b Answered>,
    ) -> Option<Found<'b>> {
        let height = |state: &VerifiedState| state.checkpoint().checkpoint().height;
        let by_node = online.and_then(|answered| {
            let own = answered.key.zip(answered.record.as_ref());
            let withdrawn = (answered.withdrawn.as_ref()).map(|(key, record)| (*key, record));
            let (key, record) = own.or(withdrawn)?;
            Some((key, record, &answered.fetched.state, "node"))
        });
        let newest = receipts.newest();
        let by_receipt = newest.map(|r| (r.record_key(), r.record(), r.state(), "receipt"));
        let (key, record, state, source) = match (by_node, by_receipt) {
            (Some(node), Some(receipt)) if height(node.2) < height(receipt.2) => receipt,
            (Some(node), _) => node,
            (None, receipt) => receipt?,
        };
        let is_withdrawn = online.is_some_and(|answered| answered.withdrawn.is_some());
        let matched = self.matched(document, receipts, is_withdrawn, key, record);
        let typed = self.number.identity();
        let is_typed = typed.map_or(Agreement::Agrees, |typed| {
            self.agreement(&typed, document, receipts, key, record)
        });
        Some(Found {
            key,
            record,
            state,
            source,
            matched,
            is_typed,
            held: self.held_use(receipts, key, state),
        })
    }

    fn matched(
        &self,
        document: &Document,
        receipts: &Receipts,
        is_withdrawn: bool,
        key: StateKey,
        record: &PublicPart,
    ) -> Match {
        if record.digests.contains(&document.digest) {
            return Match::RegisteredBytes;
        }
        // A receipt that still names the file is older than the record that does not.
        if is_withdrawn || receipts.holds(&document.digest) {
            return Match::Withdrawn;
        }
        // The number that was typed led here; the file may say another one.
        if let Some(said) = document.identity() {
            match self.agreement(&said, document, receipts, key, record) {
                Agreement::Agrees => {}
                Agreement::Differs(differing) => return Match::OtherContent { differing },
                Agreement::Unknown => return Match::OtherBytes,
            }
        }
        let with_facts = |receipt: &&VerifiedReceipt| !receipt.disclosed().facts.is_empty();
        let facts = receipts.of(key, record).find(with_facts);
        match facts {
            Some(receipt) => compare_facts(receipt.disclosed(), &document.facts()),
            None => licence::compare_open_facts(record, &document.facts()),
        }
    }

    fn dimensions(
        &self,
        document: &Document,
        found: &Found<'_>,
        receipts: &Receipts,
        copy: Option<&CopyFile>,
    ) -> Result<Vec<Dimension>, Failure> {
        let network = self.nodes.network();
        let stated = document.facts();
        let shown = licence::shown_facts(network.suite(), document, found, receipts, copy);
        let question = Question {
            now: self.now,
            zone_minutes: zone_minutes(network, &found.record.document_type),
            age_ms_max: self.age_ms_max,
            rules: type_rules(network, &found.record.document_type).ok(),
            purpose: self.purpose,
            member: self.member.id(),
            opens_use_right: self.opens(found, receipts),
            held: found.held,
            region: self.region,
            stated: &stated,
            attested: licence::is_attested(found),
            shown: &shown,
            made_for: copy.map(|copy| copy.user.as_str()),
            user: self.user.as_deref(),
        };
        let mut dimensions = vec![match found.is_copy() {
            true => licence::copy_dimension(),
            false => document_dimension(&found.matched),
        }];
        if found.matched == Match::RegisteredBytes {
            match found.is_typed {
                Agreement::Agrees => {}
                Agreement::Differs(_) => {
                    let code = Code::FileTaken;
                    (dimensions[0].answer, dimensions[0].code) = (Answer::No, Some(code));
                    dimensions[0].said = Said::new(code.sentence_en(), code.sentence_zh());
                }
                Agreement::Unknown => {
                    dimensions[0].answer = Answer::CouldNotTell;
                    dimensions[0].said = Said::new(
                        "this file is registered, but whether under the number that was given is \
                         not shown; give its receipt, or leave the number out",
                        "该文件已登记，但未能证明其号码即所给号码；请提供回执，或不给号码",
                    );
                }
            }
        }
        dimensions.extend(of_record(
            network.suite(),
            found.state,
            found.record,
            &question,
        ));
        let payer = self.payer(document, found, receipts, question.opens_use_right)?;
        // Beside what they are about; how fresh all of it is stands last.
        let last = dimensions.len() - 1;
        dimensions.splice(last..last, payer);
        Ok(dimensions)
    }

    /// Compares a number that somebody wrote with the record's. A class, series or period that was
    /// not written is not compared.
    fn agreement(
        &self,
        written: &Identity,
        document: &Document,
        receipts: &Receipts,
        key: StateKey,
        record: &PublicPart,
    ) -> Agreement {
        let network = self.nodes.network();
        let Ok(rules) = type_rules(network, &record.document_type) else {
            return Agreement::Unknown;
        };
        let normal = |identity: &Identity| candidate(network.suite(), rules, identity).ok();
        // The key is made of the number: what makes this key is the number that was registered.
        let at_hand = [
            receipts.document.as_ref().and_then(number_of).cloned(),
            document.identity(),
            self.number.identity(),
        ];
        let registered = at_hand
            .iter()
            .flatten()
            .filter_map(normal)
            .find(|candidate| candidate.record == key)
            .map(|candidate| candidate.number);
        let mut written = written.clone();
        if let Some(registered) = &registered {
            for (field, registered) in [
                (&mut written.class, &registered.class),
                (&mut written.series, &registered.series),
                (&mut written.period, &registered.period),
            ] {
                if field.is_empty() {
                    field.clone_from(registered);
                }
            }
        }
        let Some(here) = normal(&written) else {
            return Agreement::Unknown;
        };
        if here.record == key {
            return Agreement::Agrees;
        }
        let number = registered.map(|registered| registered.number);
        let differing: Vec<_> = [
            (
                "legal issuer",
                Some(&record.legal_issuer),
                here.number.legal_issuer,
            ),
            ("number", number.as_ref(), here.number.number),
        ]
        .into_iter()
        .filter_map(|(name, registered, here)| {
            let registered = registered.filter(|registered| **registered != here)?;
            Some((name.to_owned(), registered.clone(), here))
        })
        .collect();
        if differing.is_empty() {
            Agreement::Unknown
        } else {
            Agreement::Differs(differing)
        }
    }

    /// Whether the member of the key file is the one that the document names: both commitments are
    /// opened with the member's identifier, as `consume` does. The salt of a receipt is not proven,
    /// so what does not open shows nothing: never `Some(false)`.
    fn opens(&self, found: &Found<'_>, receipts: &Receipts) -> Option<bool> {
        let Member::Key(file) = &self.member else {
            return None;
        };
        let Some(UseRight::NamedMember(commitment)) = &found.record.use_right else {
            return None;
        };
        let suite = self.nodes.network().suite();
        let identifier = member_identifier(file.identifier.as_deref()?);
        let mut salts = [&receipts.document, &receipts.used]
            .into_iter()
            .flatten()
            .filter_map(|receipt| receipt.disclosed().named_member_salt);
        let is_named =
            salts.any(|salt| named_member(suite, &found.key, &salt, &identifier) == *commitment);
        let at = key::member(suite, &file.holder);
        let leaf = found
            .state
            .leaf::<MemberLeaf>(&at, "the member")
            .ok()
            .flatten();
        // Without the leaf the verdict already says that the member is not proven.
        let is_own = leaf.is_none_or(|leaf| file.member_commitment() == Some(leaf.identifier));
        (is_named && is_own).then_some(true)
    }

    /// The dimensions of a document that is not registered, and the proof that it is not.
    fn not_found(
        &self,
        document: &Document,
        receipts: &Receipts,
        online: Option<&Answered>,
    ) -> Result<(Vec<Dimension>, Option<Fetched>), Failure> {
        let Some(online) = online else {
            let said = Said::new(
                "offline there is nothing to judge by without a receipt of this document; give \
                 --receipt, or ask online",
                "离线核验需要该文档的回执；请给出 --receipt，或联网核验",
            );
            let nothing = Dimension::new("document", Answer::CouldNotTell, None, said);
            return Ok((vec![nothing], None));
        };
        debug_assert!(receipts.newest().is_none(), "a receipt is judged by");
        if self.number.number.is_none() && document.identity().is_none() {
            let dimension = document_dimension(&Match::NoIdentity);
            return Ok((vec![dimension], Some(online.fetched.clone())));
        }
        let (matched, promised) = self.absence(document)?;
        let fetched = promised.unwrap_or_else(|| online.fetched.clone());
        let mut dimensions = vec![document_dimension(&matched)];
        if let Match::AbsentThoughCovered(_) = matched {
            // What was absent a while ago may be there now.
            let question = Question {
                now: self.now,
                age_ms_max: self.age_ms_max,
                ..Question::default()
            };
            dimensions.push(freshness(&fetched.state, &question));
        }
        Ok((dimensions, Some(fetched)))
    }
}

/// The number in a receipt; only a registration has one.
fn number_of(receipt: &VerifiedReceipt) -> Option<&Identity> {
    match receipt.operation() {
        Operation::Register(register) => Some(&register.identity),
        _ => None,
    }
}

/// The receipt of a file in a folder: under the file's name, or under a longer path that ends so.
fn receipt_in(folder: &Path, file: &Path) -> Option<PathBuf> {
    let name = format!(
        "{}{}",
        file.file_name()?.to_string_lossy(),
        disk::RECEIPT_SUFFIX
    );
    let plain = folder.join(&name);
    if plain.is_file() {
        return Some(plain);
    }
    let ending = format!("__{name}");
    let mut found = std::fs::read_dir(folder).ok()?.filter_map(|entry| {
        let path = entry.ok()?.path();
        path.file_name()?
            .to_string_lossy()
            .ends_with(&ending)
            .then_some(path)
    });
    // Of several nobody knows which.
    found.next().filter(|_| found.next().is_none())
}

impl Judged {
    fn exit(&self) -> Exit {
        match self.verdict.overall() {
            Answer::Yes => Exit::Yes,
            Answer::No => Exit::No,
            Answer::CouldNotTell => Exit::CouldNotTell,
        }
    }

    /// The verdict in one line: the first dimension that decides it.
    fn headline(&self, purpose: Option<&str>) -> Said {
        let overall = self.verdict.overall();
        match overall {
            // A copy is never shown as the licence itself.
            Answer::Yes if self.is_copy() => licence::copy_headline(),
            Answer::Yes => match purpose {
                None if self.region.is_some() => {
                    let region = shown(self.region.as_deref().unwrap_or_default());
                    Said::new(
                        format!("VALID: authentic, in force, recognised by {region}"),
                        format!("有效：真实、有效力，且获 {region} 认可"),
                    )
                }
                None => Said::new("VALID: authentic and in force", "有效：真实且有效力"),
                Some(purpose) if self.is_held => {
                    let purpose = shown(purpose);
                    Said::new(
                        format!("VALID: authentic, in force, locked by you for {purpose}"),
                        format!("有效：真实、有效力，且已由您锁定用于 {purpose}"),
                    )
                }
                Some(purpose) => {
                    let purpose = shown(purpose);
                    Said::new(
                        format!("VALID: authentic, in force, free for {purpose}"),
                        format!("有效：真实、有效力，且可用于 {purpose}"),
                    )
                }
            },
            Answer::CouldNotTell if self.is_other_rendition => Said::new(
                "COULD NOT TELL: the facts agree, these bytes are not shown to be registered",
                "无法判定：事实一致，但未能证明该文件本身已登记",
            ),
            Answer::CouldNotTell => Said::new("COULD NOT TELL", "无法判定"),
            Answer::No => {
                let decides = self
                    .verdict
                    .dimensions
                    .iter()
                    .find(|d| d.answer == Answer::No);
                let in_time = Some(Code::NotRegisteredInTime);
                match decides.map(|dimension| dimension.name) {
                    Some("document") if decides.is_some_and(|d| d.code == in_time) => Said::new(
                        "NOT VALID: not registered, though it would be",
                        "无效：应登记而未登记",
                    ),
                    Some("buyer") => Said::new("DO NOT PAY: another buyer", "请勿支付：购买方不符"),
                    Some("amount") => Said::new("DO NOT PAY: the amount", "请勿支付：金额不符"),
                    Some("status") => Said::new("NOT VALID: not in force", "无效：不具效力"),
                    Some("licence") => Said::new(
                        "NOT VALID: a copy of a licence that is not in force",
                        "无效：加注件所依据的原许可不具效力",
                    ),
                    Some("user") => Said::new(
                        "NOT VALID: a copy that was lent to somebody else",
                        "无效：该加注件并非供此使用方使用",
                    ),
                    Some("facts") => Said::new(
                        "NOT VALID: the file says other things than are registered",
                        "无效：文件内容与登记不符",
                    ),
                    Some("use") => Said::new("NOT USABLE", "不可使用"),
                    Some("recognition") => Said::new("NOT RECOGNISED", "不予认可"),
                    Some("document") => Said::new(
                        "NOT VALID: not the document that was registered",
                        "无效：不是所登记的文档",
                    ),
                    _ => Said::new("NOT VALID", "无效"),
                }
            }
        }
    }

    fn text(&self, file: &Path, purpose: Option<&str>, lang: Lang) -> String {
        let mut text = format!(
            "{}\n  {}\n",
            shown(&file.to_string_lossy()),
            lang.of(&self.headline(purpose))
        );
        for dimension in &self.verdict.dimensions {
            text.push_str(&dimension_text(dimension, lang));
        }
        for seal in self.document.seals() {
            text.push_str(&seal_text(seal, lang));
        }
        for note in &self.notes {
            text.push_str(&format!("  ! {}\n", shown(lang.of(note))));
        }
        text
    }

    fn json(&self, file: &Path, lang: Lang) -> Value {
        let dimensions: Vec<Value> = self
            .verdict
            .dimensions
            .iter()
            .map(|d| dimension_json(d, lang))
            .collect();
        let notes: Vec<&str> = self.notes.iter().map(|note| lang.of(note)).collect();
        json!({
            "file": file.to_string_lossy(),
            "digest": self.document.digest,
            "identity": self.document.identity(),
            "verdict": self.verdict.overall().name(),
            "record": self.record.as_ref().map(|(key, _)| key),
            "type": self.record.as_ref().map(|(_, record)| &record.document_type),
            "agency": self.record.as_ref().map(|(_, record)| &record.agency),
            "region": self.record.as_ref().map(|(_, record)| &record.region),
            "open_facts": self.record.as_ref().map(|(_, record)| &record.open_facts),
            "copy": self.record.as_ref().and_then(|(_, record)| copy_json(record)),
            "recognition_rule": self.rule,
            "source": self.source,
            "as_of": self.as_of.map(|time| time.to_string()),
            "height": self.height,
            "dimensions": dimensions,
            "seals": self.document.seals().iter().map(seal_json).collect::<Vec<_>>(),
            "notes": notes,
        })
    }
}

/// A signature of the file itself on one line. It has no part in the verdict.
fn seal_text(seal: &Seal, lang: Lang) -> String {
    let mark = match (&seal.cover, &seal.signature) {
        (Cover::Altered(_), _) | (_, SignatureCheck::Bad(_)) => '✗',
        (Cover::Whole, SignatureCheck::Good) => '✓',
        _ => '?',
    };
    let (name, columns) = match lang {
        Lang::En => ("own seal", 12),
        Lang::Zh => ("自带签章", 7),
    };
    let apart = lang.pick("no part of the verdict", "不计入结论");
    let place = match seal.place.is_empty() {
        true => String::new(),
        false => format!("{}; ", shown(&seal.place)),
    };
    format!(
        "  {mark} {} {} ({place}{apart})\n",
        padded(name, columns),
        shown(&seal.to_string()),
    )
}

/// The same for programs.
pub fn seal_json(seal: &Seal) -> Value {
    let parts = match &seal.cover {
        Cover::Part(parts) | Cover::Altered(parts) => parts.as_slice(),
        Cover::Whole | Cover::Unreadable(_) => &[],
    };
    json!({
        "kind": seal.kind.name(),
        "place": seal.place,
        "signer": seal.signer,
        "signed_at": seal.signed_at,
        "cover": seal.cover.name(),
        "parts": parts,
        "signature": seal.signature.name(),
        "sentence": seal.to_string(),
    })
}

/// A dimension on one line: mark, name, code, reason.
pub fn dimension_text(dimension: &Dimension, lang: Lang) -> String {
    let mark = mark_of(dimension.answer);
    let name = match (lang, dimension.name) {
        (Lang::Zh, "document") => "文档",
        (Lang::Zh, "issuer") => "签发方",
        (Lang::Zh, "status") => "状态",
        (Lang::Zh, "use") => "使用",
        (Lang::Zh, "buyer") => "购买方",
        (Lang::Zh, "amount") => "金额",
        (Lang::Zh, "recognition") => "互认",
        (Lang::Zh, "facts") => "事实",
        (Lang::Zh, "licence") => "原许可",
        (Lang::Zh, "user") => "使用方",
        (Lang::Zh, "freshness") => "时效",
        (_, name) => name,
    };
    let columns = if lang == Lang::Zh { 7 } else { 12 };
    let code = dimension
        .code
        .map_or(String::new(), |code| format!("{} ", code.number()));
    let mut text = format!(
        "  {mark} {} {code}{}\n",
        padded(name, columns),
        shown(lang.of(&dimension.said))
    );
    for detail in &dimension.details {
        let mark = detail.answer.map_or('·', mark_of);
        let said = shown(lang.of(&detail.said));
        text.push_str(&format!("    {} {mark} {said}\n", padded("", columns)));
    }
    text
}

const fn mark_of(answer: Answer) -> char {
    match answer {
        Answer::Yes => '✓',
        Answer::No => '✗',
        Answer::CouldNotTell => '?',
    }
}

fn dimension_json(dimension: &Dimension, lang: Lang) -> Value {
    json!({
        "name": dimension.name,
        "answer": dimension.answer.name(),
        "code": dimension.code.map(Code::number),
        "sentence": lang.of(&dimension.said),
        "details": dimension.details.iter().map(|detail| json!({
            "answer": detail.answer.map(Answer::name),
            "sentence": lang.of(&detail.said),
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests;
