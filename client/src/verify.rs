//! `hefu verify`: from a file to a verdict.
//!
//! What a file *is* comes from the ledger (its digest, or else its number) or from a receipt; whether
//! it is *in force now* comes from the newest checkpoint at hand. A receipt supplies the facts to
//! compare and the salt that shows for whom an invoice is; a node supplies what has happened since.
//! Judging is [`hefu_proof::verify()`]'s: here evidence is found, and what it means is printed.

use crate::cli::{NumberArgs, Shared, Verify};
use crate::disk;
use crate::document::{candidates, hint_of, Document, Hint};
use crate::failure::Failure;
use crate::files::{Files, Named};
use crate::keys;
use crate::licence::copy::beside;
use crate::lookup::{by_digest, by_identity, by_key, read_receipt, Answered};
use crate::nodes::Nodes;
use crate::register::check_region;
use crate::say::{padded, shown, Exit, Lang, Report};
use crate::status::copy_json;
use hefu_formats::seal::{Cover, Seal, SignatureCheck};
use hefu_proof::certificate::{
    StatusCertificate, Value as Claimed, VerifiedState, CERTIFICATE_BYTES_MAX,
};
use hefu_proof::receipt::{Receipt, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_proof::verdict::{Answer, Dimension, Match, Said};
use hefu_proof::verify::{
    number_of, verify, Asker, Evidence, Piece, Refused, Request, Subject, Verification,
};
use hefu_types::genesis::Network;
use hefu_types::operation::member_identifier;
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
        trust_period_ms: shared.trust_period_ms(),
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

    fn asker(&self) -> Option<Asker> {
        match self {
            Self::Nobody => None,
            Self::Id(id) => Some(Asker {
                id: id.clone(),
                ..Asker::default()
            }),
            Self::Key(file) => Some(Asker {
                id: file.holder.clone(),
                identifier: file.identifier.clone(),
                commitment: file.member_commitment(),
            }),
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
    trust_period_ms: u64,
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

impl Held {
    fn has(&self, subject: &Subject) -> bool {
        (subject.digest.as_ref()).is_some_and(|digest| self.digests.contains(digest))
    }
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
    verified: Verification,
    /// The region that was asked about.
    region: Option<String>,
    /// The rule by which that region recognises it, for programs.
    rule: Option<Value>,
    /// `node` or `receipt`.
    source: Option<&'static str>,
    notes: Vec<Said>,
}

/// What lies at hand of a document: receipts that hold and are of it, and certificates.
#[derive(Default)]
struct AtHand {
    receipts: Vec<Receipt>,
    /// The same, verified.
    verified: Vec<VerifiedReceipt>,
    /// A certificate that was given in the place of a receipt.
    certificate: Option<StatusCertificate>,
}

impl AtHand {
    fn add(&mut self, receipt: Receipt, verified: VerifiedReceipt) {
        self.receipts.push(receipt);
        self.verified.push(verified);
    }

    /// The newest receipt.
    fn newest(&self) -> Option<&VerifiedReceipt> {
        self.verified
            .iter()
            .rev()
            .max_by_key(|r| r.state().height())
    }
}

impl Asked<'_> {
    fn judge(&self, named: &Named, receipt: Option<&Path>) -> Result<Judged, Failure> {
        let (document, network) = (named.document.clone(), self.nodes.network());
        let mut notes = Vec::new();
        let doubts = document.stated().map_or(&[][..], |stated| &stated.doubts);
        notes.extend(doubts.iter().map(|doubt| {
            Said::new(
                format!("the file contradicts itself: {doubt}"),
                format!("文件自相矛盾：{doubt}"),
            )
        }));
        let mut subject =
            document.subject(self.number.identity(), self.number.document_type.as_deref());
        let mut at_hand = AtHand::default();
        self.receipt(&named.path, receipt, &subject, &mut at_hand, &mut notes)?;
        if let Some((kept, verified)) = self.used_receipt(&named.path, receipt, &subject) {
            let (kept, verified) = match self.offline {
                true => (kept, verified),
                false => self.as_it_is_now(kept, verified),
            };
            at_hand.add(kept, verified);
        }
        let mut certificates: Vec<StatusCertificate> = Vec::new();
        if !self.offline {
            match self.look_up(&document, at_hand.newest()) {
                Ok(answered) => {
                    if answered.record.is_none() && answered.withdrawn.is_none() {
                        certificates.extend(self.promises(&subject, at_hand.newest())?);
                    }
                    certificates.push(answered.fetched.certificate);
                }
                // With a receipt there is something to judge by; its age says how far it carries.
                Err(Failure::Unreachable { .. })
                    if at_hand.newest().is_some() || at_hand.certificate.is_some() =>
                {
                    notes.push(Said::new(
                        "no node answered: judged by the receipt alone",
                        "没有节点答复：仅依据回执判断",
                    ));
                }
                Err(failure) => return Err(failure),
            }
        }
        let fetched = certificates.len();
        certificates.extend(at_hand.certificate.take());
        let evidence = Evidence {
            receipts: at_hand.receipts,
            certificates,
            catalogue: Vec::new(),
        };
        let request = self.request();
        let mut verified = verify(network, &self.nodes.memory(), &subject, &evidence, &request);
        let record = verified.found.as_ref().map(|found| &found.record);
        if record.is_some_and(|record| record.copy.is_some()) {
            // Only of a copy it is asked for whom it was made.
            subject.copy = self.copy_file(&named.path, &mut notes)?;
            if subject.copy.is_some() {
                verified = verify(network, &self.nodes.memory(), &subject, &evidence, &request);
            }
        }
        self.nodes.learn(verified.memory.clone());
        notes.extend(self.refused(&named.path, receipt, &verified, fetched));
        notes.extend(
            verified
                .found
                .as_ref()
                .and_then(|found| self.successor(found)),
        );
        let payer = self.payer(&document, &verified)?;
        // Beside what they are about; how fresh all of it is stands last.
        let dimensions = &mut verified.verdict.dimensions;
        let last = dimensions.iter().position(|d| d.name == "freshness");
        let last = last.unwrap_or(dimensions.len());
        dimensions.splice(last..last, payer);
        Ok(Judged {
            region: self.region.map(str::to_owned),
            rule: self.rule_json(&verified),
            source: verified.state.as_ref().map(|_| {
                match verified
                    .found
                    .as_ref()
                    .is_some_and(|found| found.by_receipt)
                {
                    true => "receipt",
                    false => "node",
                }
            }),
            verified,
            document,
            notes,
        })
    }

    fn request(&self) -> Request {
        Request {
            age_ms_max: self.age_ms_max,
            trust_period_ms: self.trust_period_ms,
            purpose: self.purpose.map(str::to_owned),
            member: self.member.asker(),
            region: self.region.map(str::to_owned),
            user: self.user.clone(),
            ..Request::at(self.now)
        }
    }

    /// What of the evidence does not count, for people.
    fn refused(
        &self,
        file: &Path,
        given: Option<&Path>,
        verified: &Verification,
        fetched: usize,
    ) -> Vec<Said> {
        let said = |refused: &Refused| {
            let name = match refused.which {
                Piece::Copy => self.copy.map_or_else(|| beside(file), Path::to_owned),
                // Nodes were told by their names when they answered.
                Piece::Certificate(at) if at < fetched => return None,
                _ => given.map_or_else(|| disk::receipt_beside(file), Path::to_owned),
            };
            let name = shown(&name.to_string_lossy());
            let code = refused
                .code
                .map_or(String::new(), |c| format!("{} ", c.number()));
            let (what, what_zh) = match refused.which {
                Piece::Copy => ("the copy file", "加注件文件"),
                Piece::Certificate(_) => ("the certificate", "证书"),
                _ => ("the receipt", "回执"),
            };
            let why = match refused.which {
                Piece::Copy => Said::new(
                    "does not open for whom this copy was made",
                    "与该加注件不符，不能证明其使用方",
                ),
                _ => refused.said.clone(),
            };
            Some(Said::new(
                format!("{code}{what} {name}: {}", why.en),
                format!("{code}{what_zh} {name}：{}", why.zh),
            ))
        };
        verified.refused.iter().filter_map(said).collect()
    }

    /// Takes the receipt that was given, or that lies beside the file; only if it holds and is of this
    /// document. A status certificate may stand in its place. Why it does not serve is noted.
    fn receipt(
        &self,
        file: &Path,
        given: Option<&Path>,
        subject: &Subject,
        at_hand: &mut AtHand,
        notes: &mut Vec<Said>,
    ) -> Result<(), Failure> {
        let path = match given {
            Some(folder) if folder.is_dir() => {
                receipt_in(folder, file).or_else(|| self.receipt_of(folder, subject))
            }
            Some(path) => Some(path.to_owned()),
            None => Some(disk::receipt_beside(file)).filter(|path| path.is_file()),
        };
        let Some(path) = path else { return Ok(()) };
        let bytes = disk::read(&path, CERTIFICATE_BYTES_MAX);
        if let Some(Ok(certificate)) = bytes.ok().map(|bytes| StatusCertificate::decode(&bytes)) {
            at_hand.certificate = Some(certificate);
            return Ok(());
        }
        let name = shown(&path.to_string_lossy());
        let (kept, receipt) = match read_receipt(&path, self.nodes) {
            Ok(both) => both,
            Err(Failure::BadFile { why, .. }) => {
                let code = Code::BadProof.number();
                notes.push(Said::new(
                    format!("{code} the receipt {name} proves nothing: {why}"),
                    format!("{code} 回执 {name} 不能证明任何内容：{why}"),
                ));
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        if subject.is_of(self.nodes.network(), &receipt) {
            at_hand.add(kept, receipt);
            return Ok(());
        }
        let number = number_of(&receipt).map_or(String::new(), |id| shown(&id.number));
        notes.push(if subject.said.is_some() {
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
        Ok(())
    }

    /// The receipt of a folder that names the file's bytes, or its number: a copy that was renamed,
    /// saved again or altered still finds what was registered.
    fn receipt_of(&self, folder: &Path, subject: &Subject) -> Option<PathBuf> {
        let held = self.held.get_or_init(|| held_in(folder));
        let by_bytes = held.iter().find(|held| held.has(subject));
        let by_number = || {
            let keys = self.numbers(subject);
            held.iter().find(|held| keys.contains(&held.record))
        };
        by_bytes.or_else(by_number).map(|held| held.path.clone())
    }

    /// All receipts of a folder that name the file's bytes or its number.
    fn receipts_of(&self, folder: &Path, subject: &Subject) -> Vec<PathBuf> {
        let keys = self.numbers(subject);
        let is_of = |held: &&Held| held.has(subject) || keys.contains(&held.record);
        let held = self.held.get_or_init(|| held_in(folder)).iter();
        held.filter(is_of).map(|held| held.path.clone()).collect()
    }

    /// The records that may stand under the number that the file says.
    fn numbers(&self, subject: &Subject) -> Vec<StateKey> {
        let Some(said) = &subject.said else {
            return Vec::new();
        };
        let found = candidates(self.nodes.network(), said, subject.hint()).unwrap_or_default();
        found.iter().map(|candidate| candidate.record).collect()
    }

    /// Asks the nodes: by digest, then by receipt, by what was typed, by what the file says.
    fn look_up(
        &self,
        document: &Document,
        receipt: Option<&VerifiedReceipt>,
    ) -> Result<Answered, Failure> {
        let nodes = self.nodes;
        let beside = Beside {
            coverage: None,
            region: self.region,
            member: self.member.id(),
        };
        let height = receipt.map_or(0, |r| r.state().checkpoint().checkpoint().height);
        if let Some(receipt) = receipt {
            return by_key(nodes, &receipt.record_key(), beside, height);
        }
        let told = by_digest(nodes, &document.digest, beside, height)?;
        if told.record.is_some() || told.withdrawn.is_some() {
            return Ok(told);
        }
        let of_type = self.number.document_type.as_deref();
        for (identity, hint) in [
            (self.number.identity(), Hint::named(of_type)),
            (document.identity(), hint_of(document, of_type)),
        ] {
            let Some(identity) = identity else { continue };
            let of_number = by_identity(nodes, &identity, hint, beside, height)?;
            if let Some(answered) = of_number {
                return Ok(answered);
            }
        }
        Ok(told)
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
    /// Other bytes than the registered, but every registered fact agrees.
    fn is_other_rendition(&self) -> bool {
        matches!(self.verified.matched, Some(Match::SameFacts { .. }))
    }

    /// The member shows a lock or a use of its own.
    fn is_held(&self) -> bool {
        let found = self.verified.found.as_ref();
        found.is_some_and(|found| found.held.is_some())
    }

    fn exit(&self) -> Exit {
        match self.verified.verdict.overall() {
            Answer::Yes => Exit::Yes,
            Answer::No => Exit::No,
            Answer::CouldNotTell => Exit::CouldNotTell,
        }
    }

    /// The verdict in one line: the first dimension that decides it.
    fn headline(&self, purpose: Option<&str>) -> Said {
        let overall = self.verified.verdict.overall();
        match overall {
            // A copy is never shown as the licence itself.
            Answer::Yes
                if self
                    .verified
                    .found
                    .as_ref()
                    .is_some_and(|found| found.record.copy.is_some()) =>
            {
                licence::copy_headline()
            }
            Answer::Yes => match purpose {
                None if self.region.is_some() => {
                    let region = shown(self.region.as_deref().unwrap_or_default());
                    Said::new(
                        format!("VALID: authentic, in force, recognised by {region}"),
                        format!("有效：真实、有效力，且获 {region} 认可"),
                    )
                }
                None => Said::new("VALID: authentic and in force", "有效：真实且有效力"),
                Some(purpose) if self.is_held() => {
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
            Answer::CouldNotTell if self.is_other_rendition() => Said::new(
                "COULD NOT TELL: the facts agree, these bytes are not shown to be registered",
                "无法判定：事实一致，但未能证明该文件本身已登记",
            ),
            Answer::CouldNotTell => Said::new("COULD NOT TELL", "无法判定"),
            Answer::No => {
                let decides = self
                    .verified
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
        for dimension in &self.verified.verdict.dimensions {
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
        let found = self.verified.found.as_ref();
        let record = found.map(|found| &found.record);
        let dimensions: Vec<Value> = self
            .verified
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
            "verdict": self.verified.verdict.overall().name(),
            "record": found.map(|found| found.key),
            "type": record.map(|record| &record.document_type),
            "agency": record.map(|record| &record.agency),
            "region": record.map(|record| &record.region),
            "open_facts": record.map(|record| &record.open_facts),
            "copy": record.and_then(copy_json),
            "recognition_rule": self.rule,
            "source": self.source,
            "as_of": self.verified.as_of().map(|time| time.to_string()),
            "height": self.verified.state.as_ref().map(VerifiedState::height),
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
        (Lang::Zh, "trust") => "信任",
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
mod evidence_tests;
#[cfg(test)]
mod tests;
