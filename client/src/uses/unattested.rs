//! Documents that no issuer has registered: where their number would stand, and what a member says of
//! them when it records its use.

use super::settle::Refused;
use crate::cli::NumberArgs;
use crate::document::{candidates, hint_of, Candidate, Document};
use crate::failure::Failure;
use crate::lookup::by_key;
use crate::nodes::Nodes;
use crate::plan;
use hefu_proof::verdict::Said;
use hefu_types::leaf::Kind;
use hefu_types::operation::Unattested;
use hefu_types::record::{PublicPart, State};
use hefu_types::{Code, StateKey};
use hefu_wire::path::Beside;

/// What stands under the number of a file that is itself not registered.
pub enum Found {
    /// A registered document of which the file is no rendition, or nothing that may be used so.
    Refused(Refused, Option<Said>),
    /// Nothing, or a use that a member recorded before: the member says what the document is.
    Free(Box<Free>),
}

/// A number under which no issuer has registered a document.
pub struct Free {
    /// Where its record stands, or will.
    pub key: StateKey,
    /// The record that an earlier use has made.
    pub record: Option<PublicPart>,
    /// What is said of the document.
    pub unattested: Unattested,
}

/// Looks for the number that was typed, or that the file says.
pub fn find(
    nodes: &Nodes,
    number: &NumberArgs,
    document: &Document,
    is_asked: bool,
) -> Result<Found, Failure> {
    let network = nodes.network();
    let unknown = || Refused::here(Code::UnknownRecord);
    let Some(identity) = number.identity().or_else(|| document.identity()) else {
        let said = is_asked.then(|| {
            Said::new(
                "no number can be read from the file; type it with --type, --number and --issuer",
                "无法从文件读取号码；请用 --type、--number 和 --issuer 输入",
            )
        });
        return Ok(Found::Refused(unknown(), said));
    };
    let hint = hint_of(document, number.document_type.as_deref());
    let mut found = candidates(network, &identity, hint)?;
    found.retain(|candidate| candidate.rules.kind == Kind::Invoice);
    let mut earlier = Vec::new();
    for candidate in &found {
        let told = by_key(nodes, &candidate.record, Beside::default(), 0)?;
        match told.record {
            Some(record) if record.status.state != State::Unattested => {
                return Ok(Found::Refused(Refused::here(Code::DigestNotOfRecord), None));
            }
            Some(record) => earlier.push((candidate.record, record)),
            None => {}
        }
    }
    let candidate = match one(&found, document) {
        Ok(candidate) => candidate,
        Err(said) => return Ok(Found::Refused(unknown(), said.filter(|_| is_asked))),
    };
    let name = &candidate.rules.id;
    if !candidate.rules.unattested {
        let code = if is_asked {
            Code::NotUnattested
        } else {
            Code::UnknownRecord
        };
        return Ok(Found::Refused(Refused::here(code), None));
    }
    if !is_asked {
        let said = Said::new(
            format!(
                "of {name}, a use can be recorded before the issuer registers the document: add \
                 --unattested"
            ),
            format!("{name} 类型允许在开具方登记之前记录使用：请加 --unattested"),
        );
        return Ok(Found::Refused(unknown(), Some(said)));
    }
    let record = earlier
        .into_iter()
        .find(|(key, _)| *key == candidate.record);
    Ok(Found::Free(Box::new(Free {
        key: candidate.record,
        record: record.map(|(_, record)| record),
        unattested: Unattested {
            document_type: name.clone(),
            identity: candidate.number.identity(),
            total: plan::total(
                candidate.rules,
                &candidate.number,
                std::slice::from_ref(document),
            ),
        },
    })))
}

/// The one type that the document has: that of the file's own profile before one that takes any number.
fn one<'a>(
    found: &'a [Candidate<'a>],
    document: &Document,
) -> Result<&'a Candidate<'a>, Option<Said>> {
    let own = document.profile().map(|profile| profile.name());
    let of_profile: Vec<&Candidate<'_>> = (found.iter())
        .filter(|candidate| Some(candidate.rules.profile.as_str()) == own)
        .collect();
    match (found, of_profile.as_slice()) {
        ([only], _) => Ok(only),
        (_, [only]) => Ok(*only),
        ([], _) => Err(Some(Said::new(
            "the number fits no type of invoices of this network; check its issuer and --class",
            "该号码不符合本网络的任何发票类型；请核对开具方和 --class",
        ))),
        _ => {
            let names: Vec<&str> = found.iter().map(|c| c.rules.id.as_str()).collect();
            let names = names.join(", ");
            Err(Some(Said::new(
                format!("the number may be of {names}: give --type"),
                format!("该号码可能属于 {names}：请给出 --type"),
            )))
        }
    }
}
