//! From files to a registration: a pure function. What it cannot register it leaves aside, with the
//! reason.
//!
//! The facts under the fact root are those that every rendition of a document states alike, so that
//! the same invoice in UBL and in CII gives one root. Of a licence that is everything that it states.

use crate::claim::{self, Claim};
use crate::cli::UseArg;
use crate::document::{candidate, Document};
use hefu_formats::ReadError;
use hefu_proof::fact::{self, OpenFact};
use hefu_proof::verdict::Said;
use hefu_types::genesis::Network;
use hefu_types::leaf::{Entitlement, Kind, Part, TypeRules};
use hefu_types::operation::{
    member_identifier, named_member, Amount, Operation, Register, UseRight, DIGESTS_MAX,
};
use hefu_types::profile::{is_credit_code, Identity, LegalNumber, Profile};
use hefu_types::record::{OpenFact as RecordFact, OPEN_FACT_BYTES_MAX};
use hefu_types::time::Day;
use hefu_types::{Blinding, Digest, Millis, Salt, StateKey, Suite};

/// The facts of an invoice that stand under its fact root.
const INVOICE_FACTS: &[&str] = &[
    "buyer",
    "buyer-id",
    "currency",
    "document-type",
    "due",
    "issue-date",
    "number",
    "seller",
    "seller-id",
    "total",
    "total-without-tax",
];

/// The same of a Chinese document, whose page shows less than its XML: what stands on all of them.
const CHINESE_FACTS: &[&str] = &[
    "buyer",
    "buyer-id",
    "currency",
    "grade",
    "holder",
    "issue-date",
    "issuer",
    "number",
    "scope",
    "seller",
    "seller-id",
    "series",
    "title",
    "total",
    "total-without-tax",
    "valid-from",
    "valid-until",
];

/// The names of the facts that stand under the root of a document; `None`: all that it states.
fn root_names(kind: Kind, profile: Option<Profile>) -> Option<&'static [&'static str]> {
    match (profile, kind) {
        (
            Some(
                Profile::CnDigitalInvoice
                | Profile::CnVatEinvoice
                | Profile::CnFiscalEbill
                | Profile::CnRailTicket
                | Profile::CnElicence,
            ),
            _,
        ) => Some(CHINESE_FACTS),
        (_, Kind::Invoice) => Some(INVOICE_FACTS),
        (_, Kind::Licence) => None,
    }
}

/// Who registers.
pub struct Issuer<'a> {
    /// The network's suite.
    pub suite: Suite,
    /// The secret of the salts.
    pub fact_secret: &'a [u8; 32],
    /// What the agency may issue.
    pub entitlements: &'a [Entitlement],
}

/// What was asked for one document.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Its type.
    pub rules: &'a TypeRules,
    /// Its number, where it was typed or listed.
    pub identity: Option<Identity>,
    /// The region, where it was typed.
    pub region: Option<&'a str>,
    /// Who may use it.
    pub use_right: Option<UseArg>,
    /// The first day of validity.
    pub valid_from: Option<String>,
    /// The last day of validity.
    pub valid_until: Option<String>,
    /// When it was issued without a connection.
    pub offline_at: Option<Millis>,
    /// Facts that were typed: name and value.
    pub facts: &'a [(String, String)],
}

/// A registration that is ready to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The number.
    pub number: LegalNumber,
    /// The key of its record.
    pub record: StateKey,
    /// The operation.
    pub register: Register,
    /// The facts under its root, with their salts.
    pub facts: Vec<OpenFact>,
    /// The salt of the commitment to the buyer.
    pub named_member_salt: Option<Salt>,
}

impl Planned {
    /// The claim that goes to the buyer, where the use is left to whoever holds it.
    pub fn claim(&self, network: &Network, fact_secret: &[u8; 32]) -> Option<Claim> {
        let Some(UseRight::ClaimKey(_)) = self.register.use_right else {
            return None;
        };
        let digests = &self.register.digests;
        let seed = claim::seed(network.suite(), fact_secret, &self.record, digests);
        Some(Claim::new(network, self.record, seed))
    }

    /// The operation to sign.
    pub fn operation(&self) -> Operation {
        Operation::Register(self.register.clone())
    }
}

/// Why a file is left aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It says no number, and none was given.
    NoIdentity {
        /// What is missing for a number.
        missing: Vec<&'static str>,
        /// Where the file contradicts itself.
        doubts: Vec<String>,
    },
    /// It is an invoice among licences, or a licence among invoices.
    OtherKind,
    /// The agency issues no type that such a number could stand under.
    NotIssued {
        /// The profile of the number.
        profile: &'static str,
    },
    /// The agency issues several types that it could be of.
    NoType,
    /// It claims a format and breaks it.
    Unreadable(ReadError),
    /// It does not fit what was asked.
    Unfit(Said),
}

impl Aside {
    /// A stable word, for programs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NoIdentity { .. } => "no-identity",
            Self::OtherKind => "other-kind",
            Self::NotIssued { .. } => "not-issued",
            Self::NoType => "no-type",
            Self::Unreadable(_) => "unreadable",
            Self::Unfit(_) => "unfit",
        }
    }

    /// Whether a walk through a folder may pass it by: it never was a document of this run.
    pub const fn is_passed_by(&self) -> bool {
        matches!(
            self,
            Self::NoIdentity { .. } | Self::OtherKind | Self::NotIssued { .. }
        )
    }

    /// The reason, and what to do.
    pub fn said(&self) -> Said {
        match self {
            Self::NoIdentity { missing, doubts } => {
                let missing = missing.join(", ");
                // What contradicts itself goes with the file; it is not for a summary's one line.
                let doubt = doubts.first().map_or(String::new(), |d| format!("; {d}"));
                Said::new(
                    format!("no number can be read out of it (missing: {missing}{doubt}); give --number or a --csv"),
                    format!("无法读出号码（缺少：{missing}{doubt}）；请用 --number 或 --csv 给出"),
                )
            }
            Self::OtherKind => Said::new(
                "it is another kind of document than the type is for",
                "该文件与所选类型的文档种类不同",
            ),
            Self::NotIssued { profile } => Said::new(
                format!("its number is one of {profile}, and the agency issues no such type"),
                format!("其号码属于 {profile}，该机构不签发此类文档"),
            ),
            Self::NoType => Said::new(
                "the agency issues several types that it could be of: give --type",
                "该机构签发的多种类型均可能适用：请给出 --type",
            ),
            Self::Unreadable(error) => Said::new(error.to_string(), format!("无法读取：{error}")),
            Self::Unfit(said) => said.clone(),
        }
    }

    /// Why a document without a number has none.
    pub fn of_unnumbered(document: &Document) -> Self {
        match &document.reading {
            Err(error) => Self::Unreadable(error.clone()),
            Ok(read) => Self::NoIdentity {
                missing: read.stated.missing.clone(),
                doubts: read.stated.doubts.clone(),
            },
        }
    }

    fn unfit<T>(en: impl Into<String>, zh: impl Into<String>) -> Result<T, Self> {
        Err(Self::Unfit(Said::new(en, zh)))
    }
}

/// Plans the registration of one document with its renditions, of which there is at least one.
pub fn plan(
    issuer: &Issuer<'_>,
    asked: &Asked<'_>,
    renditions: &[Document],
    blinding: Blinding,
) -> Result<Planned, Aside> {
    let suite = issuer.suite;
    let rules = asked.rules;
    // Every empty file is the same file: whoever registered one would have registered them all.
    if renditions.iter().any(|rendition| rendition.size_bytes == 0) {
        return Aside::unfit("the file is empty", "文件为空");
    }
    for rendition in renditions {
        if rendition.kind().is_some_and(|kind| kind != rules.kind) {
            return Err(Aside::OtherKind);
        }
    }
    let (number, record) = number(suite, asked, renditions)?;
    let digests = digests(renditions)?;
    let facts = one_of_all(renditions, |rendition| {
        let facts = root_facts(rules.kind, rendition);
        (!facts.is_empty()).then_some(facts)
    });
    let Ok(stated) = facts else {
        return Aside::unfit(
            "the files state different facts, so they are not renditions of one document",
            "这些文件所载事实不同，不是同一文档的不同版式",
        );
    };
    let mut stated = stated.unwrap_or_default();
    let open_facts = open_facts(asked, renditions)?;
    let sealed = sealed_facts(asked, renditions, &stated)?;
    stated.extend(sealed);
    stated.sort();
    let pairs = stated
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let facts = fact::salted(suite, issuer.fact_secret, &record, pairs);
    let fact_root = if facts.is_empty() {
        None
    } else {
        fact::root(suite, &fact::all_open(facts.clone()))
    };

    let (use_right, named_member_salt) = use_right(issuer, asked, &record, renditions, &digests)?;
    let day = |given: &Option<String>, name: &str| -> Result<Option<String>, Aside> {
        let said = || {
            renditions
                .iter()
                .find_map(|r| r.fact(name))
                .map(str::to_owned)
        };
        let said = || {
            if rules.kind == Kind::Licence {
                said()
            } else {
                None
            }
        };
        let Some(text) = given.clone().or_else(said) else {
            return Ok(None);
        };
        match text.parse::<Day>() {
            Ok(_) => Ok(Some(text)),
            Err(error) => Aside::unfit(error.to_string(), format!("日期格式错误：{error}")),
        }
    };
    let register = Register {
        document_type: rules.id.clone(),
        region: region(issuer, asked, &number.legal_issuer)?,
        identity: number.identity(),
        digests,
        fact_root,
        valid_from: day(&asked.valid_from, "valid-from")?,
        valid_until: day(&asked.valid_until, "valid-until")?,
        use_right,
        total: total(rules, &number, renditions),
        blinding,
        issued_offline_at: asked.offline_at,
        open_facts,
    };
    Ok(Planned {
        number,
        record,
        register,
        facts,
        named_member_salt,
    })
}

/// The number: what was typed, which the files must not contradict, or what they say.
fn number(
    suite: Suite,
    asked: &Asked<'_>,
    renditions: &[Document],
) -> Result<(LegalNumber, StateKey), Aside> {
    let fit = |identity: &Identity| {
        candidate(suite, asked.rules, identity).map_err(|error| {
            Aside::Unfit(Said::new(
                format!(
                    "the number does not fit the type {}: {error}",
                    asked.rules.id
                ),
                format!("号码不符合类型 {} 的规则：{error}", asked.rules.id),
            ))
        })
    };
    let Ok(said) = one_of_all(renditions, Document::identity) else {
        return Aside::unfit(
            "the files say different numbers, so they are not renditions of one document",
            "这些文件的号码不同，不是同一文档的不同版式",
        );
    };
    let found = match (&asked.identity, &said) {
        (None, None) => {
            // Why the first cannot be read says more than that it has no number.
            let first = renditions.first();
            return Err(first.map_or(Aside::NoType, Aside::of_unnumbered));
        }
        (None, Some(said)) => fit(said)?,
        (Some(given), None) => fit(given)?,
        (Some(given), Some(said)) => {
            let given = fit(given)?;
            if fit(said).is_ok_and(|said| said.record != given.record) {
                return Aside::unfit(
                    format!("the file itself says the number {:?}", said.number),
                    format!("文件自身的号码为 {:?}", said.number),
                );
            }
            given
        }
    };
    Ok((found.number, found.record))
}

/// What all renditions say that say anything; an error where two differ.
fn one_of_all<T: PartialEq>(
    renditions: &[Document],
    of: impl Fn(&Document) -> Option<T>,
) -> Result<Option<T>, ()> {
    let mut said = None;
    for found in renditions.iter().filter_map(of) {
        match &said {
            None => said = Some(found),
            Some(before) if *before != found => return Err(()),
            Some(_) => {}
        }
    }
    Ok(said)
}

fn digests(renditions: &[Document]) -> Result<Vec<Digest>, Aside> {
    let mut digests: Vec<Digest> = renditions
        .iter()
        .map(|rendition| rendition.digest)
        .collect();
    digests.sort_unstable();
    digests.dedup();
    if digests.len() > DIGESTS_MAX {
        return Aside::unfit(
            format!("a document has at most {DIGESTS_MAX} files"),
            format!("一份文档最多有 {DIGESTS_MAX} 个文件"),
        );
    }
    Ok(digests)
}

/// The facts of a file that stand under the fact root of its document.
fn root_facts(kind: Kind, rendition: &Document) -> Vec<(String, String)> {
    let mut facts = rendition.facts();
    if let Some(names) = root_names(kind, rendition.profile()) {
        facts.retain(|(name, _)| names.contains(&name.as_str()));
    }
    facts
}

/// The total that the files state, as it stands on the ledger.
pub(crate) fn total(
    rules: &TypeRules,
    number: &LegalNumber,
    renditions: &[Document],
) -> Option<Amount> {
    if rules.kind != Kind::Invoice {
        return None;
    }
    let fact = |name| renditions.iter().find_map(|rendition| rendition.fact(name));
    let units: i64 = fact("total")?.parse().ok()?;
    let currency = fact("currency")?;
    // A credit note writes what it gives back as a positive number; on the ledger it is negative.
    let is_credit = matches!(number.class.as_str(), "credit-note" | "CRN");
    let minor_units = if is_credit {
        units.checked_neg()?
    } else {
        units
    };
    let is_iso = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    is_iso.then(|| Amount {
        currency: currency.to_owned(),
        minor_units,
    })
}

/// The facts that everybody may read, in the order of the type's dictionary: those that the files state
/// or that were typed. What is too long for the record stays sealed.
fn open_facts(asked: &Asked<'_>, renditions: &[Document]) -> Result<Vec<RecordFact>, Aside> {
    let mut facts = Vec::new();
    for field in asked.rules.facts.iter().filter(|field| field.open) {
        let name = field.name.as_str();
        let said = said(renditions, name)?;
        let typed = typed(asked, name, said.as_deref())?;
        let fits = |value: &String| {
            (1..=OPEN_FACT_BYTES_MAX).contains(&value.len()) && !value.chars().any(char::is_control)
        };
        if let Some(value) = typed.filter(|value| !fits(value)) {
            return Aside::unfit(
                format!("--fact {name}={value}: an open fact has 1 to {OPEN_FACT_BYTES_MAX} bytes"),
                format!("--fact {name}={value}：公开事实须为 1 至 {OPEN_FACT_BYTES_MAX} 字节"),
            );
        }
        if let Some(value) = typed.cloned().or(said).filter(fits) {
            facts.push(RecordFact {
                name: name.to_owned(),
                value,
            });
        }
    }
    Ok(facts)
}

/// Facts that were typed and are not for everybody: they are sealed beside those that the files state.
fn sealed_facts(
    asked: &Asked<'_>,
    renditions: &[Document],
    stated: &[(String, String)],
) -> Result<Vec<(String, String)>, Aside> {
    let mut sealed = Vec::new();
    for (name, value) in asked.facts {
        let fields = &asked.rules.facts;
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let (id, names) = (&asked.rules.id, names.join(", "));
            return Aside::unfit(
                format!("the type {id} has no fact {name:?}; it has: {names}"),
                format!("类型 {id} 没有事实 {name:?}；现有：{names}"),
            );
        };
        let is_twice = asked
            .facts
            .iter()
            .filter(|(other, _)| other == name)
            .count()
            > 1;
        if is_twice {
            return Aside::unfit(
                format!("--fact {name} is given twice"),
                format!("--fact {name} 重复给出"),
            );
        }
        let said = said(renditions, name)?;
        typed(asked, name, said.as_deref())?;
        if !field.open && stated.iter().all(|(stated, _)| stated != name) {
            sealed.push((name.clone(), value.clone()));
        }
    }
    Ok(sealed)
}

/// A fact that was typed, which the files must not contradict.
fn typed<'a>(
    asked: &'a Asked<'_>,
    name: &str,
    said: Option<&str>,
) -> Result<Option<&'a String>, Aside> {
    let typed = asked.facts.iter().find(|(typed, _)| typed == name);
    match (typed, said) {
        (Some((_, typed)), Some(said)) if typed != said => Aside::unfit(
            format!("the file itself says {name} {said:?}"),
            format!("文件自身所载 {name} 为 {said:?}"),
        ),
        _ => Ok(typed.map(|(_, value)| value)),
    }
}

/// What the files say of a fact; two that differ are no renditions of one document.
fn said(renditions: &[Document], name: &str) -> Result<Option<String>, Aside> {
    let fact = |rendition: &Document| rendition.fact(name).map(str::to_owned);
    one_of_all(renditions, fact).or_else(|()| {
        Aside::unfit(
            format!(
                "the files state {name} differently, so they are not renditions of one document"
            ),
            format!("这些文件所载 {name} 不同，不是同一文档的不同版式"),
        )
    })
}

/// The identifier of whom a licence names as its holder: a fact of its own, or the unified social credit
/// code at the end of the holder's name.
pub fn holder_id(document: &Document) -> Option<&str> {
    let own = document.fact("holder-id");
    let of_name = || {
        let last = document.fact("holder")?.split_whitespace().next_back()?;
        is_credit_code(last).then_some(last)
    };
    own.or_else(of_name)
}

fn use_right(
    issuer: &Issuer<'_>,
    asked: &Asked<'_>,
    record: &StateKey,
    renditions: &[Document],
    digests: &[Digest],
) -> Result<(Option<UseRight>, Option<Salt>), Aside> {
    let rules = asked.rules;
    let is_licence = rules.kind != Kind::Invoice;
    if is_licence && rules.purposes.is_empty() && rules.lending.is_none() {
        return match asked.use_right {
            None | Some(UseArg::None) => Ok((None, None)),
            Some(_) => Aside::unfit(
                "licences of this type are neither used nor lent",
                "该类型的证照既不使用也不出借",
            ),
        };
    }
    // A holder's identifier may have been typed where the file does not state it.
    let holder = || {
        let typed = asked.facts.iter().find(|(name, _)| name == "holder-id");
        let stated = renditions.iter().find_map(holder_id);
        stated.or(typed.map(|(_, value)| value.as_str()))
    };
    let buyer = match is_licence {
        true => holder(),
        false => renditions
            .iter()
            .find_map(|rendition| rendition.fact("buyer-id")),
    };
    let named = |buyer: &str| {
        let mac = issuer
            .suite
            .mac(issuer.fact_secret, &[&record.0, b"named-member"]);
        let mut salt = Salt([0; 16]);
        salt.0.copy_from_slice(&mac.0[..16]);
        let identifier = member_identifier(buyer);
        let commitment = named_member(issuer.suite, record, &salt, &identifier);
        (Some(UseRight::NamedMember(commitment)), Some(salt))
    };
    match (asked.use_right, buyer) {
        (Some(UseArg::Buyer), None) => Aside::unfit(
            "the file names no identifier of the buyer or holder; give --use first or --use none",
            "文件未载明购买方或持有者标识；请使用 --use first 或 --use none",
        ),
        (Some(UseArg::Buyer) | None, Some(buyer)) => Ok(named(buyer)),
        (Some(UseArg::Claim), _) => {
            let seed = claim::seed(issuer.suite, issuer.fact_secret, record, digests);
            let key = claim::public_key(issuer.suite, &seed);
            Ok((Some(UseRight::ClaimKey(key)), None))
        }
        (Some(UseArg::First), _) => Ok((Some(UseRight::FirstMember), None)),
        (Some(UseArg::None), _) => Ok((None, None)),
        (None, None) if rules.first_member => Ok((Some(UseRight::FirstMember), None)),
        (None, None) => Ok((None, None)),
    }
}

/// The region that was typed, or the only one for which the agency issues such documents.
fn region(issuer: &Issuer<'_>, asked: &Asked<'_>, legal_issuer: &str) -> Result<String, Aside> {
    if let Some(region) = asked.region {
        return Ok(region.to_owned());
    }
    let of_type: Vec<&Entitlement> = issuer
        .entitlements
        .iter()
        .filter(|entitlement| entitlement.part == Part::Issue)
        .filter(|entitlement| entitlement.document_type == asked.rules.id)
        .collect();
    let only = |of: &[&Entitlement]| -> Option<String> {
        let first = &of.first()?.region;
        of.iter()
            .all(|entitlement| entitlement.region == *first)
            .then(|| first.clone())
    };
    let covering: Vec<&Entitlement> = of_type
        .iter()
        .copied()
        .filter(|entitlement| entitlement.covers(legal_issuer))
        .collect();
    match only(&of_type).or_else(|| only(&covering)) {
        Some(region) => Ok(region),
        None if of_type.is_empty() => Aside::unfit(
            format!(
                "neither the network file nor the ledger knows a right of this agency to issue {}",
                asked.rules.id
            ),
            format!("网络文件和账本中都没有该机构签发 {} 的授权", asked.rules.id),
        ),
        None => Aside::unfit(
            "the agency issues this type for several regions; give --region",
            "该机构在多个地区签发此类型；请给出 --region",
        ),
    }
}

#[cfg(test)]
mod tests;
