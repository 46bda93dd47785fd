//! Verdicts: what proofs mean for a person who holds a document.
//!
//! A verdict is a list of dimensions, each with its own answer and reason; they are never merged
//! into one word before the end. *Could not tell* is its own answer: unknown is never shown as
//! invalid, nor as valid.

use crate::certificate::{CertificateError, VerifiedState};
use crate::derived::{deadline, has_passed, reversal_at, status_at, use_at, Derived, Halt, UseNow};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, ClockLeaf, KeyLeaf, MemberLeaf, TypeRules};
use hefu_types::operation::UseRight;
use hefu_types::record::{Event, OpenFact, PublicPart, State, UseItem, UseItemState, UseState};
use hefu_types::time::Day;
use hefu_types::{Code, Millis, Suite};

mod copy;
mod facts;
mod recognition;

/// The answer of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Shown to be so.
    Yes,
    /// Shown not to be so.
    No,
    /// Not shown either way.
    CouldNotTell,
}

impl Answer {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::CouldNotTell => "could-not-tell",
        }
    }
}

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Said {
    /// Both sentences.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            zh: zh.into(),
        }
    }

    fn of(code: Code) -> Self {
        Self::new(code.sentence_en(), code.sentence_zh())
    }
}

/// One question that a verdict answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name, such as `document`, `issuer`, `status`, `use`, `recognition`, `freshness`.
    pub name: &'static str,
    /// The answer.
    pub answer: Answer,
    /// The code of a No.
    pub code: Option<Code>,
    /// The reason.
    pub said: Said,
    /// What the answer rests on, line by line.
    pub details: Vec<Detail>,
}

/// One of the things that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Its own answer, where it is a question of its own.
    pub answer: Option<Answer>,
    /// What there is to know.
    pub said: Said,
}

impl Dimension {
    /// An answer that needs no details.
    pub fn new(name: &'static str, answer: Answer, code: Option<Code>, said: Said) -> Self {
        Self {
            name,
            answer,
            code,
            said,
            details: Vec::new(),
        }
    }

    /// The same with details.
    #[must_use]
    pub fn with(mut self, details: Vec<Detail>) -> Self {
        self.details = details;
        self
    }
}

impl Detail {
    /// Something to know.
    pub fn told(said: Said) -> Self {
        Self { answer: None, said }
    }

    /// A question of its own.
    pub fn answered(answer: Answer, said: Said) -> Self {
        Self {
            answer: Some(answer),
            said,
        }
    }
}

/// How the file that a person holds relates to what was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// These bytes are registered.
    RegisteredBytes,
    /// Other bytes, but every fact that was opened agrees.
    SameFacts {
        /// The names of the facts that were compared.
        compared: Vec<String>,
        /// The names of registered facts that are open and that the file does not state.
        unstated: Vec<String>,
        /// How many registered facts are hidden.
        hidden: usize,
    },
    /// The number is registered with other content.
    OtherContent {
        /// What differs: name, registered value, value in the file. Empty where no facts are open.
        differing: Vec<(String, String, String)>,
    },
    /// The number is registered with other bytes, and no facts are open to compare.
    OtherBytes,
    /// The file was registered, and other files stand in its place: of a registration that was
    /// corrected, or of the number's next document.
    Withdrawn,
    /// Nothing is registered, though the agency has promised that it would be by now.
    AbsentThoughCovered(Promise),
    /// Nothing is registered, and the agency that promised it has time left.
    AbsentNotYetDue(Promise),
    /// Nothing is registered under this file or number.
    Absent,
    /// The file says no number, and its bytes are not registered.
    NoIdentity,
    /// A document is registered, but there is no file to compare with it.
    NoFile,
}

/// An agency's promise, and what it says of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The agency, as it is named and by its id.
    pub agency: String,
    /// The document type.
    pub document_type: String,
    /// It holds for documents issued from this time on.
    pub from: Millis,
    /// Within so many milliseconds of their issue.
    pub within_ms: u64,
    /// The document was to be registered before this time.
    pub due: Millis,
}

/// A use of the member who asks, as a receipt of it opened it.
#[derive(Clone, Copy, Debug)]
pub struct HeldUse<'a> {
    /// The use.
    pub item: &'a UseItem,
    /// Whether it is proven to stand so under the checkpoint that judges.
    pub is_current: bool,
}

/// What is asked beyond the document itself.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// The time now, as the caller knows it.
    pub now: Millis,
    /// The zone in which the document's days are told, in minutes ahead of UTC: that of its type.
    pub zone_minutes: i16,
    /// How old a checkpoint may be and still speak for now, in milliseconds.
    pub age_ms_max: u64,
    /// The rules of the document's type: which purposes exclude each other.
    pub rules: Option<&'a TypeRules>,
    /// May it be used for this purpose?
    pub purpose: Option<&'a str>,
    /// By this member.
    pub member: Option<&'a str>,
    /// Whether the caller holds what opens the right to use: `Some(true)` where the commitment to
    /// the named member was opened with the member's identifier.
    pub opens_use_right: Option<bool>,
    /// The member's own lock or use for the purpose.
    pub held: Option<HeldUse<'a>>,
    /// Does this region recognise it?
    pub region: Option<&'a str>,
    /// What the file at hand says of itself.
    pub stated: &'a [(String, String)],
    /// Whether the document's agency had this very file registered: what it states is the agency's word.
    pub attested: bool,
    /// Facts that are shown to be the document's though they do not stand in its record: a receipt opens
    /// them, or they were read out of the very bytes that its agency registered.
    pub shown: &'a [OpenFact],
    /// Of a lending copy: the name that opens for whom it was made.
    pub made_for: Option<&'a str>,
    /// Of a lending copy: who asks, as in [`hefu_types::operation::member_identifier`].
    pub user: Option<&'a str>,
}

/// All dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// In the order in which a person reads them.
    pub dimensions: Vec<Dimension>,
}

impl Verdict {
    /// No where any dimension is No, Yes where all are Yes.
    pub fn overall(&self) -> Answer {
        let has = |answer| self.dimensions.iter().any(|d| d.answer == answer);
        if has(Answer::No) {
            Answer::No
        } else if has(Answer::CouldNotTell) || self.dimensions.is_empty() {
            Answer::CouldNotTell
        } else {
            Answer::Yes
        }
    }
}

impl Promise {
    fn said(&self, due_en: &str, before_zh: &str, after_zh: &str) -> Said {
        let Self {
            agency,
            document_type,
            from,
            due,
            ..
        } = self;
        let (within, within_zh) = (duration_en(self.within_ms), duration_zh(self.within_ms));
        Said::new(
            format!(
                "not registered; since {from} {agency} promises to register every {document_type} \
                 within {within} of the end of its day of issue, so it {due_en} {due}"
            ),
            format!(
                "未登记；{agency} 自 {from} 起承诺在开具当日结束后 {within_zh}内登记全部 \
                 {document_type}，该文档{before_zh} {due} {after_zh}"
            ),
        )
    }
}

fn dimension(name: &'static str, answer: Answer, code: Option<Code>, said: Said) -> Dimension {
    Dimension::new(name, answer, code, said)
}

/// The first dimension: is this the document that was registered?
pub fn document(found: &Match) -> Dimension {
    let (answer, code, said) = match found {
        Match::RegisteredBytes => (
            Answer::Yes,
            None,
            Said::new(
                "registered bytes: this file is the document",
                "字节一致：该文件即登记的文档",
            ),
        ),
        Match::SameFacts {
            compared,
            unstated,
            hidden,
        } => {
            let mut en = format!(
                "this file is not among those that are shown to be registered; the registered \
                 facts agree with it ({}), and nothing \
                 else in it was checked; ask for the original",
                compared.join(", ")
            );
            let mut zh = format!(
                "未能证明该文件本身已登记；登记的事实与其一致（{}），其余内容未经核验，请索取原件",
                compared.join("、")
            );
            if !unstated.is_empty() {
                en += &format!("; the file does not state {}", unstated.join(", "));
                zh += &format!("；文件未载明 {}", unstated.join("、"));
            }
            if *hidden > 0 {
                en += &format!("; {hidden} registered facts are hidden in the receipt");
                zh += &format!("；回执隐藏了 {hidden} 项登记事实");
            }
            (Answer::CouldNotTell, None, Said::new(en, zh))
        }
        Match::OtherContent { differing } => {
            let list = |word: &str| {
                let one = |(name, registered, here): &(String, String, String)| {
                    format!("{name} {registered:?} {word} {here:?}")
                };
                differing.iter().map(one).collect::<Vec<_>>().join("; ")
            };
            (
                Answer::No,
                Some(Code::FactsDiffer),
                Said::new(
                    format!(
                        "same number with different facts: registered {}",
                        list("but here")
                    ),
                    format!("号码相同但事实不同：登记为 {}", list("此处为")),
                ),
            )
        }
        // A copy that was saved again is as likely as a forgery: without facts nobody can say which.
        Match::OtherBytes => (
            Answer::CouldNotTell,
            Some(Code::BytesDiffer),
            Said::new(
                "this number is registered, but with other bytes than this file, and there are not \
                 enough facts to compare; ask for the original file or for its receipt",
                "该号码已登记，但登记的字节与此文件不同，且可比对的事实不足；请索取原始文件或其回执",
            ),
        ),
        Match::Withdrawn => (
            Answer::No,
            Some(Code::BytesDiffer),
            Said::new(
                "this file was registered by mistake and withdrawn; the document of that number has \
                 other files now, ask for one of them",
                "该文件系误登记并已撤下，该号码的文档现有其他文件，请索取现行文件",
            ),
        ),
        Match::AbsentThoughCovered(promise) => (
            Answer::No,
            Some(Code::NotRegisteredInTime),
            promise.said("was due before", "应于", "之前登记，却未登记，请勿采信"),
        ),
        Match::AbsentNotYetDue(promise) => (
            Answer::CouldNotTell,
            None,
            promise.said("has to be there by", "最迟于", "登记，请届时再核验"),
        ),
        Match::Absent => (
            Answer::CouldNotTell,
            None,
            Said::new(
                "not registered on this network; that proves nothing, because it is not shown that \
                 an agency promised to register it under each type that it may be of (give its --type)",
                "本网络未登记；未能证明有机构承诺登记其可能所属各类型的全部文档（可用 --type 指明类型），\
                 不能据此判断真伪",
            ),
        ),
        Match::NoIdentity => (
            Answer::CouldNotTell,
            None,
            Said::new(
                "these bytes are not registered and the file tells no number; give its --number \
                 or its receipt",
                "该文件字节未登记且无法读出号码；请提供号码（--number）或回执",
            ),
        ),
        Match::NoFile => (
            Answer::CouldNotTell,
            None,
            Said::new(
                "a document is registered under this number; give its file, so that it can be compared",
                "该号码已登记文档；请提供文件以便比对",
            ),
        ),
    };
    dimension("document", answer, code, said)
}

/// The dimensions that follow from a record. `state` holds, proven under one checkpoint, what the
/// question needs: the agency, the signing key, the recognition rule, the member.
pub fn of_record(
    suite: Suite,
    state: &VerifiedState,
    record: &PublicPart,
    question: &Question<'_>,
) -> Vec<Dimension> {
    let asked = question;
    // What a checkpoint proves has happened by its own time, whatever a slow clock says.
    let question = &Question {
        now: asked.now.max(state.checkpoint().checkpoint().time),
        ..asked.clone()
    };
    let mut dimensions = vec![
        issuer(suite, state, record),
        status_of(suite, state, record, question),
    ];
    // What a copy says is what its licence is: its facts, and whether it is recognised.
    let mut licence = Some(record);
    if let Some(terms) = &record.copy {
        licence = state.record(&terms.of).ok().flatten();
        dimensions.push(copy::licence(suite, state, licence, question));
        dimensions.push(copy::user(terms, question));
    }
    dimensions.extend(licence.and_then(|licence| facts::facts(record, licence, question)));
    if let Some(purpose) = question.purpose {
        dimensions.push(usable(suite, state, record, purpose, question));
    }
    if let Some(region) = question.region {
        dimensions.push(recognition::recognition(
            suite, state, licence, region, question,
        ));
    }
    dimensions.push(freshness(state, asked));
    dimensions
}

fn issuer(suite: Suite, state: &VerifiedState, record: &PublicPart) -> Dimension {
    if record.status.state == State::Unattested {
        let said = Said::new(
            "no issuer has registered it: all that is known is that a member recorded its use",
            "开具方未登记：账本仅有某成员对其使用的记录",
        );
        return dimension("issuer", Answer::CouldNotTell, None, said);
    }
    // The record names agency and region itself, under a quorum; its leaf adds the name.
    let agency = state.leaf::<AgencyLeaf>(&key::agency(suite, &record.agency), "the agency");
    let agency = match agency {
        Ok(Some(agency)) => Some(agency),
        Err(CertificateError::Missing(_)) => None,
        Ok(None) | Err(_) => {
            let said = Said::new(
                format!("the agency {} is not proven here", record.agency),
                format!("未能证明机构 {} 的信息", record.agency),
            );
            return dimension("issuer", Answer::CouldNotTell, None, said);
        }
    };
    match doubt(suite, state, &record.registration) {
        None => {}
        Some((code, said)) => return dimension("issuer", Answer::CouldNotTell, code, said),
    }
    let at = record.registration.block_time;
    let (late, late_zh) = match &record.offline {
        Some(offline) if offline.late => (
            format!(
                "; issued offline at {} and registered late, after {}",
                offline.issued_at, offline.deadline
            ),
            format!(
                "；离线开具于 {}，逾期登记（期限 {}）",
                offline.issued_at, offline.deadline
            ),
        ),
        Some(offline) => (
            format!("; issued offline at {}", offline.issued_at),
            format!("；离线开具于 {}", offline.issued_at),
        ),
        None => (String::new(), String::new()),
    };
    let (by, by_zh) = match &record.supervisor {
        Some(supervisor) if record.status.state != State::Rejected => (
            format!("; confirmed by {supervisor}"),
            format!("；由 {supervisor} 确认"),
        ),
        _ => (String::new(), String::new()),
    };
    if let Some(terms) = &record.copy {
        return dimension(
            "issuer",
            Answer::Yes,
            None,
            copy::lender(terms, &agency_said(agency.as_ref(), record), at),
        );
    }
    let agency = agency_said(agency.as_ref(), record);
    let said = Said::new(
        format!("registered by {} at {at}{by}{late}", agency.en),
        format!("由{}于 {at} 登记{by_zh}{late_zh}", agency.zh),
    );
    dimension("issuer", Answer::Yes, None, said)
}

/// The agency with its name, id and region; without its leaf, what the record says of it.
fn agency_said(agency: Option<&AgencyLeaf>, record: &PublicPart) -> Said {
    match agency {
        Some(AgencyLeaf {
            name, id, region, ..
        }) => Said::new(
            format!("{name} ({id}, {region})"),
            format!("{name}（{id}，{region}）"),
        ),
        None => {
            let (id, region) = (&record.agency, &record.region);
            Said::new(
                format!("the agency {id} ({region}; its name is not proven here)"),
                format!("机构 {id}（{region}；此处未证明其名称）"),
            )
        }
    }
}

/// Why an event may be doubtful: its key was compromised before it, or may have been.
fn doubt(suite: Suite, state: &VerifiedState, event: &Event) -> Option<(Option<Code>, Said)> {
    let checkpoint = state.checkpoint().checkpoint();
    if checkpoint.compromise_counter == event.compromise_counter {
        return None;
    }
    match state.leaf::<KeyLeaf>(&key::public_key(suite, &event.key_id), "the key") {
        Ok(Some(key)) if key.compromised_since.is_none_or(|t| event.block_time < t) => None,
        Ok(Some(_)) => Some((Some(Code::KeyCompromised), Said::of(Code::KeyCompromised))),
        _ => Some((
            None,
            Said::new(
                "keys were compromised since, and the key of this document is not proven here",
                "此后有密钥泄露，而该文档的密钥状态未获证明",
            ),
        )),
    }
}

fn status_of(
    suite: Suite,
    state: &VerifiedState,
    record: &PublicPart,
    question: &Question<'_>,
) -> Dimension {
    let zone = question.zone_minutes;
    // What a doubtful key ended is not shown to have ended.
    let doubtful = record
        .status_event
        .as_ref()
        .and_then(|event| doubt(suite, state, event));
    if let Some((code, said)) = doubtful {
        return dimension("status", Answer::CouldNotTell, code, said);
    }
    let reason = record.status.reason.as_deref().unwrap_or("-");
    match status_at(record, question.now) {
        Derived::InForce => {
            let (en, zh) = match record.valid_before {
                // A copy ends at a moment, not with a day.
                Some(end) if record.copy.is_some() => (
                    format!("in force, before {end}"),
                    format!("有效，至 {end} 止"),
                ),
                Some(end) => {
                    let last = last_day(end, zone);
                    (
                        format!("in force, through {last}"),
                        format!("有效，有效期至 {last}（含当日）"),
                    )
                }
                None => ("in force".to_owned(), "有效".to_owned()),
            };
            let halt = halt(suite, state);
            let (en, zh) = record.uses.iter().fold((en, zh), |(en, zh), used| {
                match said_use(used, question.now, halt) {
                    Some(said) => (format!("{en}; {}", said.en), format!("{zh}；{}", said.zh)),
                    None => (en, zh),
                }
            });
            let (en, zh) = match &record.reversal {
                Some(reversal) if reversal_at(reversal, question.now, halt).is_open() => {
                    let stage = reversal_at(reversal, question.now, halt);
                    let until = deadline(reversal.deadline, halt);
                    let (number, reason) = (stage.number(), &reversal.reason);
                    (
                        format!(
                            "{en}; a reversal is asked for (0{number}: {}; reason: {reason}; until \
                             {until})",
                            stage.said_en()
                        ),
                        format!(
                            "{zh}；红冲申请中（0{number}：{}；原因：{reason}；期限 {until}）",
                            stage.said_zh()
                        ),
                    )
                }
                _ => (en, zh),
            };
            let (en, zh) = match record.status.state {
                State::Issued => (en, zh),
                State::Suspended => {
                    let until = record.status.until.unwrap_or(record.status.effective_at);
                    (
                        format!("{en}; it was suspended until {until} (reason: {reason})"),
                        format!("{zh}；曾暂扣至 {until}（原因：{reason}）"),
                    )
                }
                State::PartlyReversed => (
                    format!(
                        "{en}; a part was reversed at {} (reason: {reason})",
                        record.status.effective_at
                    ),
                    format!(
                        "{zh}；已于 {} 部分红冲（原因：{reason}）",
                        record.status.effective_at
                    ),
                ),
                state => {
                    let at = record.status.effective_at;
                    let (name, name_zh) = (state.name(), state.name_zh());
                    (
                        format!("{en}; but {name} from {at} on (reason: {reason})"),
                        format!("{zh}；但自 {at} 起{name_zh}（原因：{reason}）"),
                    )
                }
            };
            dimension("status", Answer::Yes, None, Said::new(en, zh))
        }
        Derived::NotYetValid { from } => dimension(
            "status",
            Answer::No,
            Some(Code::NotInValidity),
            Said::new(
                format!("not yet valid: from {}", first_day(from, zone)),
                format!("尚未生效，自 {} 起生效", first_day(from, zone)),
            ),
        ),
        Derived::Expired { since } => dimension(
            "status",
            Answer::No,
            Some(Code::NotInValidity),
            Said::new(
                format!("expired since {since}"),
                format!("已于 {since} 过期"),
            ),
        ),
        Derived::Suspended { since, until } => {
            let (en, zh) = match until {
                Some(until) => (format!(" until {until}"), format!("，至 {until} 止")),
                None => (String::new(), String::new()),
            };
            let said = Said::new(
                format!("suspended since {since}{en} (reason: {reason})"),
                format!("自 {since} 起暂扣{zh}（原因：{reason}）"),
            );
            dimension("status", Answer::No, Some(Code::WrongState), said)
        }
        Derived::TransferredOut { since } => {
            let to = record.transferred_to.as_deref().unwrap_or("-");
            let (en, zh) = (links(record, false), links(record, true));
            let said = Said::new(
                format!("transferred to {to} since {since} (reason: {reason}){en}"),
                format!("自 {since} 起转往 {to}（原因：{reason}）{zh}"),
            );
            dimension("status", Answer::No, Some(Code::WrongState), said)
        }
        Derived::Ended { state, since } => dimension(
            "status",
            Answer::No,
            Some(Code::WrongState),
            Said::new(
                format!(
                    "{} since {since} (reason: {reason}; recorded {}){}",
                    state.name(),
                    record.status.recorded_at,
                    links(record, false)
                ),
                format!(
                    "自 {since} 起{}（原因：{reason}；记录于 {}）{}",
                    state.name_zh(),
                    record.status.recorded_at,
                    links(record, true)
                ),
            ),
        ),
        Derived::NotIssued {
            state: State::Proposed,
            ..
        } => {
            let code = Code::NotConfirmed;
            dimension("status", Answer::CouldNotTell, Some(code), Said::of(code))
        }
        Derived::NotIssued { .. } | Derived::Unknown => dimension(
            "status",
            Answer::CouldNotTell,
            None,
            Said::new(
                "its status is not known: its issuer has not registered it",
                "状态未知：开具方未登记",
            ),
        ),
    }
}

/// What ended a document, or what it is bound to otherwise.
fn links(record: &PublicPart, zh: bool) -> String {
    let of = |link: &hefu_types::record::Link| {
        if zh {
            format!("；{} {}", link.relation.name_zh(), link.record)
        } else {
            format!("; {} {}", link.relation.name(), link.record)
        }
    };
    record.links.iter().map(of).collect()
}

/// The last halt of the ledger, where the certificate holds its clock: it was asked for where a
/// deadline counts.
pub fn halt(suite: Suite, state: &VerifiedState) -> Halt {
    let clock = state.leaf::<ClockLeaf>(&key::clock(suite), "the clock");
    clock.ok().flatten().and_then(|clock| clock.last_halt)
}

/// A use as everybody may know it.
fn said_use(used: &UseState, now: Millis, halt: Halt) -> Option<Said> {
    let purpose = &used.purpose;
    let (unattested, unattested_zh) = if used.unattested {
        (
            " (recorded before its issuer registered it)",
            "（在开具方登记之前记录）",
        )
    } else {
        ("", "")
    };
    match use_at(used, now, halt) {
        UseNow::Free => None,
        UseNow::Used { since } => Some(Said::new(
            format!("used for {purpose} at {since}{unattested}"),
            format!("已于 {since} 用于 {purpose}{unattested_zh}"),
        )),
        UseNow::Locked { until } => Some(Said::new(
            format!("locked for {purpose} until {until}{unattested}"),
            format!("已锁定用于 {purpose}，至 {until}{unattested_zh}"),
        )),
        UseNow::Partly => Some(Said::new(
            format!("in part used or locked for {purpose}{unattested}"),
            format!("已部分用于或锁定用于 {purpose}{unattested_zh}"),
        )),
    }
}

/// A document says days, so days are told; a time beyond the calendar is told as it is.
fn first_day(from: Millis, zone_minutes: i16) -> String {
    Day::of(from, zone_minutes).map_or(from.to_string(), |day| day.to_string())
}

fn last_day(before: Millis, zone_minutes: i16) -> String {
    Day::last_before(before, zone_minutes).map_or(before.to_string(), |day| day.to_string())
}

/// May the member use it for the purpose? Its own lock or use, where a receipt opened one, goes before
/// what everybody may know.
fn usable(
    suite: Suite,
    state: &VerifiedState,
    record: &PublicPart,
    purpose: &str,
    question: &Question<'_>,
) -> Dimension {
    let halt = halt(suite, state);
    if let Some(rules) = question.rules {
        if rules.purpose(purpose).is_none() {
            return no_use(Code::UnknownPurpose);
        }
    }
    let held = (question.held).and_then(|held| held_use(held, record, purpose, question.now, halt));
    let is_locked_by_member = match held {
        Some(Held::Decides(answer)) => return answer,
        Some(Held::Locks) => true,
        None => false,
    };
    let partly = match taken(record, purpose, question, halt) {
        _ if is_locked_by_member => false,
        Taken::By(answer) => return answer,
        Taken::Partly => true,
        Taken::Not => false,
    };
    let stops_use = |reversal| reversal_at(reversal, question.now, halt).stops_use();
    if record.reversal.as_ref().is_some_and(stops_use) {
        return no_use(Code::ConsentPending);
    }
    // Without the clock a lock of another that a halt put off would read as over.
    let has_deadline =
        record.reversal.is_some() || record.uses.iter().any(|used| used.locked_until.is_some());
    if has_deadline && !is_locked_by_member && state.value(&key::clock(suite)).is_none() {
        return no_clock();
    }
    if let Some(answer) = member_may_not(suite, state, question) {
        return answer;
    }
    if is_locked_by_member {
        return match question.held {
            Some(held) if held.item.unattested => unattested_lock(purpose),
            _ => locked_by_member(purpose, question, halt),
        };
    }
    if record.status.state == State::Unattested {
        let said = Said::new(
            format!(
                "nobody is known to use it for {purpose}, but no issuer has registered it; record \
                 your use before you pay"
            ),
            format!("未见他人将其用于 {purpose}，但开具方未登记；支付前请先记录使用"),
        );
        return dimension("use", Answer::CouldNotTell, None, said);
    }
    free(record, purpose, partly, question)
}

fn no_use(code: Code) -> Dimension {
    dimension("use", Answer::No, Some(code), Said::of(code))
}

fn no_clock() -> Dimension {
    let said = Said::new(
        "a deadline counts here, and the ledger's clock, which tells of halts, is not proven; ask online",
        "此处涉及期限，但未包含账本时钟（用于判断停摆）的证明，请联网核验",
    );
    dimension("use", Answer::CouldNotTell, Some(Code::StatusUnknown), said)
}

/// What the member's own use means.
enum Held {
    /// It answers the question.
    Decides(Dimension),
    /// It is a lock that binds.
    Locks,
}

/// `None` where it is of another member or purpose, or was taken back: then it is nobody's.
fn held_use(
    held: HeldUse<'_>,
    record: &PublicPart,
    purpose: &str,
    now: Millis,
    halt: Halt,
) -> Option<Held> {
    let item = held.item;
    if item.purpose != purpose {
        return None;
    }
    let at = item.block_time;
    match item.state {
        UseItemState::TakenBack => None,
        UseItemState::Consumed => {
            let code = Code::AlreadyUsed;
            let said = Said::new(
                format!(
                    "used by you for {purpose} at {at}: that use is for one payment, do not pay it \
                     again"
                ),
                format!("您已于 {at} 将其用于 {purpose}：该次使用仅对应一次支付，请勿重复支付"),
            );
            Some(Held::Decides(dimension(
                "use",
                Answer::No,
                Some(code),
                said,
            )))
        }
        UseItemState::Released | UseItemState::SetAside => {
            Some(Held::Decides(no_use(Code::LockOver)))
        }
        UseItemState::Locked(until) if has_passed(until, now, halt) => {
            let until = deadline(until, halt);
            let said = Said::new(
                format!("your lock for {purpose} lapsed at {until}; lock it again before you pay"),
                format!("您用于 {purpose} 的锁定已于 {until} 失效；支付前请重新锁定"),
            );
            let code = Some(Code::LockOver);
            Some(Held::Decides(dimension("use", Answer::No, code, said)))
        }
        UseItemState::Locked(_) if held.is_current => Some(Held::Locks),
        UseItemState::Locked(until) => {
            let binds = |used: &UseState| {
                used.purpose == purpose && used.locked_until.is_some_and(|at| until <= at)
            };
            if !record.uses.iter().any(binds) {
                return Some(Held::Decides(no_use(Code::LockOver)));
            }
            let said = Said::new(
                format!(
                    "you locked it for {purpose}, but it has changed since that receipt; fetch the \
                     receipt again"
                ),
                format!("您曾锁定其用于 {purpose}，但此后文档已有变动；请重新获取回执"),
            );
            Some(Held::Decides(dimension(
                "use",
                Answer::CouldNotTell,
                Some(Code::StatusUnknown),
                said,
            )))
        }
    }
}

fn locked_by_member(purpose: &str, question: &Question<'_>, halt: Halt) -> Dimension {
    let until = question.held.map(|held| held.item.state);
    let until = match until {
        Some(UseItemState::Locked(until)) => deadline(until, halt),
        _ => Millis(0),
    };
    let said = Said::new(
        format!("locked by you for {purpose} until {until}: you may pay"),
        format!("您已锁定用于 {purpose}，至 {until}：可以支付"),
    );
    dimension("use", Answer::Yes, None, said)
}

/// No right was shown for it, and who has the right may set it aside at any time.
fn unattested_lock(purpose: &str) -> Dimension {
    let said = Said::new(
        format!(
            "you locked it for {purpose} before its issuer registered it, which entitles to nothing; \
             once it is registered, release that lock and lock it again before you pay"
        ),
        format!(
            "您在开具方登记之前已将其锁定用于 {purpose}，该锁定不是付款依据；登记后请先释放再重新锁定，然后支付"
        ),
    );
    dimension("use", Answer::CouldNotTell, None, said)
}

/// What others have of a document.
enum Taken {
    /// All of it, or more than may be shared.
    By(Dimension),
    Partly,
    Not,
}

fn taken(record: &PublicPart, purpose: &str, question: &Question<'_>, halt: Halt) -> Taken {
    let mut partly = false;
    for used in &record.uses {
        let same = used.purpose == purpose;
        if !same && !(question.rules).is_some_and(|rules| rules.excludes(&used.purpose, purpose)) {
            continue;
        }
        let other = &used.purpose;
        match use_at(used, question.now, halt) {
            UseNow::Free => {}
            UseNow::Partly => partly = true,
            UseNow::Used { since } => {
                let said = Said::new(
                    format!("used already for {other} at {since}; do not use it for {purpose}"),
                    format!("已于 {since} 用于 {other}，请勿再用于 {purpose}"),
                );
                let code = if same {
                    Code::AlreadyUsed
                } else {
                    Code::PurposeExcluded
                };
                return Taken::By(dimension("use", Answer::No, Some(code), said));
            }
            UseNow::Locked { until } => {
                let said = Said::new(
                    format!("locked for {other} until {until}; try again after that"),
                    format!("已被锁定用于 {other}，至 {until}，请届时再试"),
                );
                return Taken::By(dimension("use", Answer::No, Some(Code::Locked), said));
            }
        }
    }
    if partly {
        Taken::Partly
    } else {
        Taken::Not
    }
}

/// Why the member that asks may use nothing at all, or is not shown to be one.
fn member_may_not(
    suite: Suite,
    state: &VerifiedState,
    question: &Question<'_>,
) -> Option<Dimension> {
    let member = question.member?;
    match state.leaf::<MemberLeaf>(&key::member(suite, member), "the member") {
        Ok(Some(leaf)) if leaf.standing.is_active() => None,
        Ok(Some(_)) => Some(no_use(Code::HolderNotActive)),
        Ok(None) => {
            let said = Said::new(
                format!("{member} is not a member of this network; give the member's key file"),
                format!("{member} 不是本网络的成员，请提供成员密钥文件"),
            );
            Some(dimension("use", Answer::No, None, said))
        }
        Err(_) => {
            let said = Said::new("the member is not proven here", "未能证明该成员的信息");
            Some(dimension("use", Answer::CouldNotTell, None, said))
        }
    }
}

/// Nobody has all of it: has the member the right to?
fn free(record: &PublicPart, purpose: &str, partly: bool, question: &Question<'_>) -> Dimension {
    let right = match (&record.use_right, question.opens_use_right) {
        (None, _) | (Some(UseRight::NamedMember(_)), Some(false)) => Answer::No,
        (Some(UseRight::FirstMember), _) | (Some(UseRight::NamedMember(_)), Some(true)) => {
            Answer::Yes
        }
        (Some(UseRight::NamedMember(_) | UseRight::ClaimKey(_)), _) => Answer::CouldNotTell,
    };
    let free = if partly {
        Said::new(
            format!(
                "in part used for {purpose}; how much is free is told to who locks it, and it is yours \
                 only once `hefu use lock` or `hefu use consume` has returned its receipt"
            ),
            format!("已部分用于 {purpose}；余额在锁定时告知，取得锁定或使用回执后方可使用"),
        )
    } else {
        Said::new(
            format!(
                "free for {purpose}; it is yours only once `hefu use lock` or `hefu use consume` has \
                 returned its receipt"
            ),
            format!("可用于 {purpose}；取得锁定或使用回执后方可使用"),
        )
    };
    match right {
        Answer::Yes => dimension("use", Answer::Yes, None, free),
        Answer::No => no_use(Code::NoRightToUse),
        Answer::CouldNotTell => {
            let said = Said::new(
                format!(
                    "free for {purpose}, but whether this member is the one that the document \
                     names is not shown; give the receipt and the member's key file"
                ),
                format!(
                    "可用于 {purpose}，但未能证明该成员即文档所指成员；请提供回执和成员密钥文件"
                ),
            );
            dimension("use", Answer::CouldNotTell, None, said)
        }
    }
}

/// Whether what is proven is young enough to speak for now.
pub fn freshness(state: &VerifiedState, question: &Question<'_>) -> Dimension {
    let seen = Millis(state.checkpoint().quorum_seconds().saturating_mul(1000));
    let age_ms = question.now.0.saturating_sub(seen.0);
    let height = state.checkpoint().checkpoint().height;
    let said = Said::new(
        format!(
            "as of {seen} (height {height}), {} ago",
            duration_en(age_ms)
        ),
        format!("截至 {seen}（高度 {height}），{}前", duration_zh(age_ms)),
    );
    // A checkpoint from the future is a wrong clock, here or there: either way the age is unknown.
    let ahead = seen.0 > question.now.plus(60_000).0;
    if ahead || age_ms > question.age_ms_max {
        let code = Some(Code::StatusUnknown);
        return dimension("freshness", Answer::CouldNotTell, code, said);
    }
    dimension("freshness", Answer::Yes, None, said)
}

/// Nothing that validators signed is believed any more: the newest anchor of trust is too old.
pub(crate) fn trust(anchor: Millis, now: Millis) -> Dimension {
    let age_ms = now.0.saturating_sub(anchor.0);
    let said = Said::new(
        format!(
            "the last that is known here of this network is of {anchor}, {} ago; whoever has got the \
             keys of validators that have left since could have signed this: get a newer memory of this \
             network from somebody whom you trust (--memory), or ask a witness",
            duration_en(age_ms)
        ),
        format!(
            "此处所知的本网络最新情况截至 {anchor}，距今 {}；取得此后退出的验证者密钥的人即可伪造该证明；\
             请向可信者索取较新的网络记忆文件（--memory），或询问见证人",
            duration_zh(age_ms)
        ),
    );
    let code = Some(Code::StatusUnknown);
    dimension("trust", Answer::CouldNotTell, code, said)
}

fn duration_en(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7_199 => format!("{} min", s / 60),
        s @ 7_200..=172_799 => format!("{} h", s / 3_600),
        s => format!("{} days", s / 86_400),
    }
}

fn duration_zh(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        s @ 0..=119 => format!("{s} 秒"),
        s @ 120..=7_199 => format!("{} 分钟", s / 60),
        s @ 7_200..=172_799 => format!("{} 小时", s / 3_600),
        s => format!("{} 天", s / 86_400),
    }
}
