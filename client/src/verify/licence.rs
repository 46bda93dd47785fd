//! What a clerk asks of a licence or of a lending copy: by which rule it is recognised, and for whom the
//! copy was made.

use super::Asked;
use crate::failure::Failure;
use crate::licence::copy::{beside, CopyFile};
use crate::say::shown;
use hefu_proof::verdict::Said;
use hefu_proof::verify::{OpenedCopy, Verification};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, RecognitionLeaf};
use hefu_types::Code;
use serde_json::{json, Value};
use std::path::Path;

impl Asked<'_> {
    /// The rule by which the region that was asked about judges the document, and whom to ask.
    pub(super) fn rule_json(&self, verified: &Verification) -> Option<Value> {
        let suite = self.nodes.network().suite();
        let (found, state) = (verified.found.as_ref()?, verified.state.as_ref()?);
        let licence = match &found.record.copy {
            Some(terms) => state.record(&terms.of).ok()??,
            None => &found.record,
        };
        let at = key::recognition(suite, self.region?, &licence.document_type, &licence.region);
        let leaf: RecognitionLeaf = state.leaf(&at, "the rule of recognition").ok()??;
        let rule = leaf.rule;
        let at = key::agency(suite, &licence.agency);
        let agency = state.leaf::<AgencyLeaf>(&at, "the agency").ok().flatten();
        Some(json!({
            "by": rule.by,
            "type": rule.document_type,
            "of": rule.of,
            "recognised": rule.recognised,
            "citation": rule.citation,
            "text": rule.text,
            "from": rule.from.to_string(),
            "until": rule.until.map(|until| until.to_string()),
            "conditions": rule.conditions,
            "operation": leaf.operation,
            "office": agency.map(|agency| json!({"name": agency.name, "contact": agency.contact})),
        }))
    }

    /// The copy file that may open for whom a lending copy was made: the one that was given, or the one
    /// that lies beside the file. Why it cannot be read is noted.
    pub(super) fn copy_file(
        &self,
        file: &Path,
        notes: &mut Vec<Said>,
    ) -> Result<Option<OpenedCopy>, Failure> {
        let beside = beside(file);
        let path = match self.copy {
            Some(given) => given,
            None if beside.is_file() => &beside,
            None => return Ok(None),
        };
        let name = shown(&path.to_string_lossy());
        match CopyFile::open(path, self.nodes.network()) {
            Ok(opened) => Ok(Some(opened.opened())),
            Err(Failure::BadFile { why, .. }) => {
                let code = Code::BadProof.number();
                notes.push(Said::new(
                    format!("{code} the copy file {name} proves nothing: {why}"),
                    format!("{code} 加注件文件 {name} 不能证明任何内容：{why}"),
                ));
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A copy that may be accepted.
pub(super) fn copy_headline() -> Said {
    Said::new(
        "VALID COPY: lent for one use, of a licence in force",
        "加注件有效：仅供一次用途，原许可有效",
    )
}
