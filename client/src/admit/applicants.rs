//! What requests and rows of tables ask for, as operations. What is wrong with one of them is found
//! here as far as it can be without the ledger.

use super::fault::Fault;
use super::request::{self, is_long_text, is_proven};
use super::table::{self, Column, Row};
use crate::disk;
use crate::failure::Failure;
use hefu_types::genesis::{is_id, Network, ProvenKey};
use hefu_types::leaf::{Entitlement, Part};
use hefu_types::operation::{
    member_identifier, AdmitAgency, AdmitMember, AgencyTerms, Operation, ENTITLEMENTS_MAX,
    NAME_BYTES_MAX, PREFIXES_MAX,
};
use hefu_types::profile::is_credit_code;
use hefu_types::time::Day;
use hefu_types::{Code, Millis};
use hefu_wire::request::{AgencyRequest, Asks, MemberRequest};
use std::path::{Path, PathBuf};

/// Days in tables are those of China, as everywhere where no type says another zone.
const ZONE_MINUTES: i16 = 480;
const DAY_MS: u64 = 24 * Millis::HOUR;

/// One who asks to be admitted.
#[derive(Debug)]
pub struct Applicant {
    /// The row of the table.
    pub row: Option<usize>,
    /// The request file.
    pub file: Option<PathBuf>,
    /// Its id, as far as it is known.
    pub id: String,
    /// Its name; of a member its legal identifier, where it is opened. It is never sent.
    pub name: String,
    /// What is to be signed, or what is wrong.
    pub operation: Result<Operation, Vec<Fault>>,
}

/// The columns of a table of agencies.
pub const AGENCY_COLUMNS: &[Column] = &[
    ("request", &["申请文件", "申请"]),
    ("id", &["标识", "机构标识", "编号"]),
    ("name", &["名称", "机构名称"]),
    ("region", &["地区"]),
    ("contact", &["联系方式", "联系电话"]),
    ("uscc", &["统一社会信用代码", "信用代码"]),
    ("type", &["文档类型", "类型"]),
    ("issuer_prefix", &["开具方前缀", "开具方"]),
    ("legal_basis", &["法律依据", "依据"]),
    ("part", &["职责"]),
    ("key", &["公钥"]),
    ("proof", &["持有证明"]),
    ("management_key", &["管理公钥"]),
    ("management_proof", &["管理密钥持有证明"]),
    ("key_until", &["密钥有效期至"]),
];

/// The columns of a table of members.
pub const MEMBER_COLUMNS: &[Column] = &[
    ("request", &["申请文件", "申请"]),
    ("id", &["标识", "成员标识"]),
    ("name", &["名称", "成员名称"]),
    ("region", &["地区"]),
    ("uscc", &["统一社会信用代码", "信用代码"]),
    ("commitment", &["标识承诺"]),
    ("key", &["公钥"]),
    ("proof", &["持有证明"]),
    ("key_until", &["密钥有效期至"]),
];

/// How requests and rows are read.
pub struct Reading<'a> {
    /// The network.
    pub network: &'a Network,
    /// Now.
    pub now: Millis,
    /// For how many days keys sign where nothing is said.
    pub key_days: u32,
}

/// What is wrong with a field of a row.
fn bad(field: &str, en: &str, zh: &str) -> Fault {
    Fault::new(
        Code::BadField,
        format!("{field}: {en}"),
        format!("{field}：{zh}"),
    )
}

impl Reading<'_> {
    /// The applicants of request files.
    pub fn agencies(&self, files: &[PathBuf]) -> Result<Vec<Applicant>, Failure> {
        let one = |file: &PathBuf| {
            let request = self.agency_request(file)?;
            let (id, name) = (request.terms.id.clone(), request.terms.name.clone());
            Ok(Applicant {
                row: None,
                file: Some(file.clone()),
                id,
                name,
                operation: self.admit_agency(request, self.key_end()),
            })
        };
        files.iter().map(one).collect()
    }

    /// The applicants of a table.
    pub fn agency_table(&self, path: &Path) -> Result<Vec<Applicant>, Failure> {
        let rows = table::read(path, AGENCY_COLUMNS)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(rows
            .iter()
            .map(|row| self.agency_row(row, folder))
            .collect())
    }

    /// The members of request files.
    pub fn members(&self, files: &[PathBuf]) -> Result<Vec<Applicant>, Failure> {
        let one = |file: &PathBuf| {
            let request = self.member_request(file)?;
            let suite = self.network.suite();
            let name = request.identifier(suite).ok().flatten().unwrap_or_default();
            Ok(Applicant {
                row: None,
                file: Some(file.clone()),
                id: request.id.clone(),
                name: name.to_owned(),
                operation: self.admit_member(&request, None, self.key_end()),
            })
        };
        files.iter().map(one).collect()
    }

    /// The members of a table.
    pub fn member_table(&self, path: &Path) -> Result<Vec<Applicant>, Failure> {
        let rows = table::read(path, MEMBER_COLUMNS)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(rows
            .iter()
            .map(|row| self.member_row(row, folder))
            .collect())
    }

    fn key_end(&self) -> Millis {
        self.now.plus(u64::from(self.key_days) * DAY_MS)
    }

    /// The end of the row's key: after the day that it names.
    fn row_key_end(&self, row: &Row, faults: &mut Vec<Fault>) -> Millis {
        let Some(text) = row.get("key_until") else {
            return self.key_end();
        };
        // Excel likes 2027/1/31.
        let parts: Vec<&str> = text.split(['-', '/']).collect();
        let padded = match parts.as_slice() {
            [year, month, day] => format!("{year}-{month:0>2}-{day:0>2}"),
            _ => text.to_owned(),
        };
        match padded.parse::<Day>().map(|day| day.ends(ZONE_MINUTES)) {
            Ok(end) if end > self.now => end,
            Ok(_) => {
                faults.push(bad("key_until", "the day is over", "该日期已过"));
                self.key_end()
            }
            Err(_) => {
                faults.push(bad(
                    "key_until",
                    "write it as 2027-12-31",
                    "请写作 2027-12-31",
                ));
                self.key_end()
            }
        }
    }

    fn agency_request(&self, path: &Path) -> Result<AgencyRequest, Failure> {
        match request::read(path, self.network)? {
            Asks::Agency(request) => Ok(request),
            other => Err(request::other_kind(path, &other, "agency")),
        }
    }

    fn member_request(&self, path: &Path) -> Result<MemberRequest, Failure> {
        match request::read(path, self.network)? {
            Asks::Member(request) => Ok(request),
            other => Err(request::other_kind(path, &other, "member")),
        }
    }

    /// What a row says, with what its request says.
    fn agency_row(&self, row: &Row, folder: &Path) -> Applicant {
        let mut faults = Vec::new();
        let file = row.get("request").map(|name| folder.join(name));
        let request = match file
            .as_deref()
            .map(|path| self.agency_request(path))
            .transpose()
        {
            Ok(request) => request,
            Err(failure) => {
                faults.push(unreadable(&failure));
                None
            }
        };
        let of_request = |get: fn(&AgencyTerms) -> Option<&str>| {
            request
                .as_ref()
                .and_then(|request| get(&request.terms))
                .map(str::to_owned)
        };
        let mut both = |column: &'static str, of_request: Option<String>| {
            agreed(column, row.get(column), of_request, &mut faults)
        };
        let id = both("id", of_request(|terms| Some(&terms.id)));
        let name = both("name", of_request(|terms| Some(&terms.name)));
        let region = both("region", of_request(|terms| Some(&terms.region)));
        let uscc = of_request(|terms| terms.identifier.as_deref());
        // A code that is mistyped is told as that, and not as another one.
        let uscc = match row.get("uscc").filter(|code| !is_credit_code(code)) {
            Some(code) => {
                faults.push(bad_credit_code(code));
                uscc
            }
            None => agreed("uscc", row.get("uscc"), uscc, &mut faults),
        };
        let contact = row.get("contact").map(str::to_owned);
        let contact = contact.or_else(|| of_request(|terms| Some(&terms.contact)));
        let entitlements = match row.list("type").as_slice() {
            [] => request
                .as_ref()
                .map(|request| request.terms.entitlements.clone()),
            types => Some(row_entitlements(
                row,
                types,
                region.as_deref(),
                uscc.as_deref(),
                &mut faults,
            )),
        };
        let (inline, inline_management) = (
            row_key(row, "key", "proof", &mut faults),
            row_key(row, "management_key", "management_proof", &mut faults),
        );
        let (key, management_key) = match &request {
            Some(request) => {
                let other = inline.as_ref().is_some_and(|key| *key != request.key);
                if other {
                    faults.push(bad(
                        "key",
                        "the request has another key",
                        "与申请文件中的密钥不一致",
                    ));
                }
                let management = inline_management.or_else(|| request.management_key.clone());
                (Some(request.key.clone()), management)
            }
            None => (inline, inline_management),
        };
        let end = self.row_key_end(row, &mut faults);
        let mut needed = |column: &str, value: Option<String>| {
            value.unwrap_or_else(|| {
                faults.push(bad(column, "nothing stands there", "未填写"));
                String::new()
            })
        };
        let is_broken = request.is_none() && file.is_some();
        let (id, name) = if is_broken {
            (id.unwrap_or_default(), name.unwrap_or_default())
        } else {
            (needed("id", id), needed("name", name))
        };
        let operation = if is_broken {
            Err(faults)
        } else {
            let terms = AgencyTerms {
                id: id.clone(),
                name: name.clone(),
                region: needed("region", region),
                contact: needed("contact", contact),
                identifier: uscc,
                entitlements: entitlements.unwrap_or_default(),
            };
            match key {
                None => {
                    let none = bad(
                        "key",
                        "give the agency's request file, or its key and proof",
                        "请填写申请文件，或公钥与持有证明",
                    );
                    // A half pair was told already.
                    if row.get("key").is_none() {
                        faults.push(none);
                    }
                    Err(faults)
                }
                Some(key) => {
                    let request = AgencyRequest {
                        terms,
                        key,
                        management_key,
                    };
                    match (self.admit_agency(request, end), faults.is_empty()) {
                        (Ok(operation), true) => Ok(operation),
                        (Ok(_), false) => Err(faults),
                        (Err(more), _) => {
                            // What is missing was told; what follows from it is not told again.
                            let told =
                                |more: &Fault| faults.iter().any(|fault| fault.code == more.code);
                            let more: Vec<Fault> =
                                more.into_iter().filter(|more| !told(more)).collect();
                            faults.extend(more);
                            Err(faults)
                        }
                    }
                }
            }
        };
        Applicant {
            row: Some(row.number),
            file,
            id,
            name,
            operation,
        }
    }

    fn admit_agency(&self, request: AgencyRequest, end: Millis) -> Result<Operation, Vec<Fault>> {
        let mut faults = check_asked(&request.terms);
        let id = &request.terms.id;
        let keys = [
            ("agency", Some(&request.key)),
            ("agency-management", request.management_key.as_ref()),
        ];
        for (role, key) in keys {
            faults.extend(key.and_then(|key| self.check_proof(role, id, key)));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Operation::AdmitAgency(AdmitAgency {
            agency: request.terms,
            key: request.key,
            key_valid_before: end,
            management_key: request.management_key,
        }))
    }

    fn check_proof(&self, role: &str, id: &str, key: &ProvenKey) -> Option<Fault> {
        (!is_proven(self.network, role, id, key)).then(|| {
            Fault::new(
                Code::BadPossession,
                format!("the proof does not hold for the {role} key of {id:?} on this network"),
                format!("该证明对本网络 {id} 的 {role} 密钥无效"),
            )
        })
    }

    fn member_row(&self, row: &Row, folder: &Path) -> Applicant {
        let mut faults = Vec::new();
        let file = row.get("request").map(|name| folder.join(name));
        let request = match file
            .as_deref()
            .map(|path| self.member_request(path))
            .transpose()
        {
            Ok(request) => request,
            Err(failure) => {
                faults.push(unreadable(&failure));
                None
            }
        };
        let mut both = |column: &'static str, of_request: Option<String>| {
            agreed(column, row.get(column), of_request, &mut faults).unwrap_or_default()
        };
        let id = both("id", request.as_ref().map(|request| request.id.clone()));
        let region = both(
            "region",
            request.as_ref().map(|request| request.region.clone()),
        );
        let key = row_key(row, "key", "proof", &mut faults);
        let commitment = row.get("commitment").map(str::parse);
        let end = self.row_key_end(row, &mut faults);
        let request = match (request, key, commitment) {
            (Some(request), _, _) => Some(request),
            (None, Some(key), Some(Ok(commitment))) => Some(MemberRequest {
                id: id.clone(),
                region,
                commitment,
                opening: None,
                key,
            }),
            (None, _, _) => {
                if file.is_none() {
                    faults.push(bad(
                        "request",
                        "give the member's request file, or its commitment, key and proof",
                        "请填写申请文件，或标识承诺、公钥与持有证明",
                    ));
                }
                None
            }
        };
        let name = row
            .get("name")
            .or(row.get("uscc"))
            .unwrap_or_default()
            .to_owned();
        let operation = match request {
            None => Err(faults),
            Some(request) => match self.admit_member(&request, row.get("uscc"), end) {
                Ok(operation) if faults.is_empty() => Ok(operation),
                Ok(_) => Err(faults),
                Err(more) => {
                    faults.extend(more);
                    Err(faults)
                }
            },
        };
        Applicant {
            row: Some(row.number),
            file,
            id,
            name,
            operation,
        }
    }

    /// The registrar answers for who the member is: an identifier that is opened has to be one.
    fn admit_member(
        &self,
        request: &MemberRequest,
        uscc: Option<&str>,
        end: Millis,
    ) -> Result<Operation, Vec<Fault>> {
        let mut faults = Vec::new();
        faults.extend(check_id(&request.id));
        match request.identifier(self.network.suite()) {
            Err(_) => faults.push(Fault::new(
                Code::BadIdentity,
                "the commitment is to another identifier than the request says",
                "标识承诺与申请中的标识不一致",
            )),
            Ok(Some(identifier)) => {
                if looks_like_credit_code(identifier) && !is_credit_code(identifier) {
                    faults.push(bad_credit_code(identifier));
                }
                let other = uscc
                    .map(member_identifier)
                    .filter(|uscc| uscc != identifier);
                if let Some(uscc) = other {
                    faults.push(Fault::new(
                        Code::BadIdentity,
                        format!("the table says {uscc}, and the request {identifier}"),
                        format!("表中为 {uscc}，申请文件中为 {identifier}"),
                    ));
                }
            }
            Ok(None) => {}
        }
        faults.extend(self.check_proof("member", &request.id, &request.key));
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Operation::AdmitMember(AdmitMember {
            id: request.id.clone(),
            region: request.region.clone(),
            identifier: request.commitment,
            key: request.key.clone(),
            key_valid_before: end,
        }))
    }
}

/// A request file that cannot be used, as what is wrong with its row.
fn unreadable(failure: &Failure) -> Fault {
    let said = failure.sentence();
    let detail = failure.detail().unwrap_or_default();
    Fault::new(
        Code::Unreadable,
        format!("{}: {detail}", said.en),
        format!("{}：{detail}", said.zh),
    )
}

/// What row and request both say, where they agree.
fn agreed(
    column: &'static str,
    row: Option<&str>,
    request: Option<String>,
    faults: &mut Vec<Fault>,
) -> Option<String> {
    match (row, request) {
        (Some(row), Some(request)) if row != request => {
            faults.push(bad(
                column,
                &format!("the table says {row:?}, and the request {request:?}"),
                &format!("表中为“{row}”，申请文件中为“{request}”"),
            ));
            Some(request)
        }
        (Some(row), _) => Some(row.to_owned()),
        (None, request) => request,
    }
}

/// A key with its proof in two cells.
fn row_key(
    row: &Row,
    key: &'static str,
    proof: &'static str,
    faults: &mut Vec<Fault>,
) -> Option<ProvenKey> {
    match (row.get(key), row.get(proof)) {
        (None, None) => None,
        (Some(public), Some(signature)) => match (public.parse(), signature.parse()) {
            (Ok(key), Ok(proof)) => Some(ProvenKey { key, proof }),
            _ => {
                faults.push(bad(
                    key,
                    "key and proof are 64 and 128 hexadecimal digits",
                    "公钥与持有证明分别为 64 位和 128 位十六进制数字",
                ));
                None
            }
        },
        _ => {
            faults.push(bad(key, "a key comes with its proof", "公钥须附持有证明"));
            None
        }
    }
}

/// The entitlements that a row grants.
fn row_entitlements(
    row: &Row,
    types: &[String],
    region: Option<&str>,
    uscc: Option<&str>,
    faults: &mut Vec<Fault>,
) -> Vec<Entitlement> {
    let part = match row.get("part") {
        None | Some("issue" | "开具") => Part::Issue,
        Some("supervise" | "监管") => Part::Supervise,
        Some(_) => {
            faults.push(bad("part", "it is issue or supervise", "应为 开具 或 监管"));
            Part::Issue
        }
    };
    let issuer_prefixes = prefixes(&row.list("issuer_prefix"), uscc).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    let legal_basis = row.get("legal_basis").unwrap_or_default().to_owned();
    let entitlement = |document_type: &String| Entitlement {
        document_type: document_type.clone(),
        region: region.unwrap_or_default().to_owned(),
        issuer_prefixes: issuer_prefixes.clone(),
        legal_basis: legal_basis.clone(),
        part,
    };
    types.iter().map(entitlement).collect()
}

/// The prefixes that were typed: `*` is every issuer, `-` none, nothing the agency's own code.
pub fn prefixes(typed: &[String], uscc: Option<&str>) -> Result<Vec<String>, Fault> {
    match typed {
        [] => uscc.map(|uscc| vec![uscc.to_owned()]).ok_or_else(|| {
            bad(
                "issuer_prefix",
                "say for which issuers: their prefixes, * for all, - for none; or give the agency's own code",
                "请填写开具方前缀（* 为全部，- 为无），或填写机构自身的统一社会信用代码",
            )
        }),
        [none] if none == "-" => Ok(Vec::new()),
        [all] if all == "*" => Ok(vec![String::new()]),
        some if some.iter().any(|prefix| prefix == "-" || prefix == "*") => Err(bad(
            "issuer_prefix",
            "* and - stand alone",
            "* 和 - 须单独填写",
        )),
        some => Ok(some.to_vec()),
    }
}

fn looks_like_credit_code(text: &str) -> bool {
    text.len() == 18 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn bad_credit_code(code: &str) -> Fault {
    Fault::new(
        Code::BadIdentity,
        format!("{code} is no unified social credit code: its check character is another, or it is mistyped"),
        format!("{code} 不是有效的统一社会信用代码：校验码不符或录入有误"),
    )
}

fn check_id(id: &str) -> Option<Fault> {
    (!is_id(id)).then(|| {
        bad(
            "id",
            &format!("{id:?} needs 1 to {NAME_BYTES_MAX} of a-z, 0-9, dot, hyphen and underscore"),
            &format!("“{id}”应由 1 至 {NAME_BYTES_MAX} 个字母、数字、点、连字符或下划线组成"),
        )
    })
}

/// What is wrong with the terms under which an agency is to be admitted.
pub fn check_asked(terms: &AgencyTerms) -> Vec<Fault> {
    let mut faults = check_terms(terms);
    if terms.entitlements.is_empty() {
        faults.push(bad(
            "type",
            "it asks for no document type",
            "未填写文档类型",
        ));
    }
    faults
}

/// What is wrong with the terms of an agency, as far as the ledger is not needed.
pub fn check_terms(terms: &AgencyTerms) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(check_id(&terms.id));
    let long = |field: &str| {
        bad(
            field,
            "it needs 1 to 256 bytes without control characters",
            "须为 1 至 256 字节（一个汉字 3 字节），不含换行等控制字符",
        )
    };
    for (field, text) in [("name", &terms.name), ("contact", &terms.contact)] {
        if !is_long_text(text) {
            faults.push(long(field));
        }
    }
    let code = terms
        .identifier
        .as_deref()
        .filter(|code| !is_credit_code(code));
    faults.extend(code.map(bad_credit_code));
    if terms.entitlements.len() > ENTITLEMENTS_MAX {
        faults.push(bad(
            "type",
            &format!("at most {ENTITLEMENTS_MAX} entitlements"),
            &format!("至多 {ENTITLEMENTS_MAX} 项授权"),
        ));
    }
    for entitlement in &terms.entitlements {
        if !is_long_text(&entitlement.legal_basis) {
            faults.push(long("legal_basis"));
            break;
        }
        let prefixes = &entitlement.issuer_prefixes;
        let fits = |prefix: &String| {
            prefix.len() <= NAME_BYTES_MAX && !prefix.chars().any(char::is_control)
        };
        if prefixes.len() > PREFIXES_MAX || !prefixes.iter().all(fits) {
            faults.push(bad(
                "issuer_prefix",
                &format!("at most {PREFIXES_MAX} of at most {NAME_BYTES_MAX} bytes each"),
                &format!("至多 {PREFIXES_MAX} 个，每个至多 {NAME_BYTES_MAX} 字节"),
            ));
            break;
        }
    }
    faults
}

/// The JSON of a file that holds one of something.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    let bytes = disk::read(path, hefu_wire::request::REQUEST_BYTES_MAX)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::bad_file(path, format!("it is not {what}: {error}")))
}
