//! What a clerk asks of a licence or of a lending copy: for whom the copy was made, which facts are shown.

use super::{Asked, Found, Judged, Receipts};
use crate::document::Document;
use crate::failure::Failure;
use crate::licence::copy::{beside, CopyFile};
use crate::say::shown;
use hefu_proof::verdict::{Answer, Dimension, Match, Said};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, RecognitionLeaf};
use hefu_types::record::{OpenFact, PublicPart};
use hefu_types::{Code, Suite};
use serde_json::{json, Value};
use std::path::Path;

impl Found<'_> {
    /// Whether the file is a lending copy, byte for byte.
    pub(super) fn is_copy(&self) -> bool {
        self.record.copy.is_some() && self.matched == Match::RegisteredBytes
    }
}

impl Asked<'_> {
    /// The rule by which the region that was asked about judges the document, and whom to ask.
    pub(super) fn rule_json(&self, found: &Found<'_>) -> Option<Value> {
        let suite = self.nodes.network().suite();
        let licence = match &found.record.copy {
            Some(terms) => found.state.record(&terms.of).ok()??,
            None => found.record,
        };
        let at = key::recognition(suite, self.region?, &licence.document_type, &licence.region);
        let leaf: RecognitionLeaf = found.state.leaf(&at, "the rule of recognition").ok()??;
        let rule = leaf.rule;
        let at = key::agency(suite, &licence.agency);
        let agency = found
            .state
            .leaf::<AgencyLeaf>(&at, "the agency")
            .ok()
            .flatten();
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
}

impl Judged {
    pub(super) fn is_copy(&self) -> bool {
        (self.record.as_ref()).is_some_and(|(_, record)| record.copy.is_some())
    }
}

impl Asked<'_> {
    /// The copy file that opens for whom a lending copy was made: the one that was given, or the one
    /// that lies beside the file. Why it does not serve is noted.
    pub(super) fn copy_file(
        &self,
        file: &Path,
        found: &Found<'_>,
        notes: &mut Vec<Said>,
    ) -> Result<Option<CopyFile>, Failure> {
        let Some(terms) = &found.record.copy else {
            return Ok(None);
        };
        let beside = beside(file);
        let path = match self.copy {
            Some(given) => given,
            None if beside.is_file() => &beside,
            None => return Ok(None),
        };
        let name = shown(&path.to_string_lossy());
        let network = self.nodes.network();
        let opened = match CopyFile::open(path, network) {
            Ok(opened) => opened,
            Err(Failure::BadFile { why, .. }) => {
                let code = Code::BadProof.number();
                notes.push(Said::new(
                    format!("{code} the copy file {name} proves nothing: {why}"),
                    format!("{code} 加注件文件 {name} 不能证明任何内容：{why}"),
                ));
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        if opened.opens(network, &found.key, terms) {
            return Ok(Some(opened));
        }
        notes.push(Said::new(
            format!("the copy file {name} does not open for whom this copy was made"),
            format!("加注件文件 {name} 与该加注件不符，不能证明其使用方"),
        ));
        Ok(None)
    }
}

/// What a registered copy is.
pub(super) fn copy_dimension() -> Dimension {
    let said = Said::new(
        "registered bytes: this file is a copy that was lent for one use; it is not the licence itself",
        "字节一致：该文件是为一次用途出具的加注件，不是许可原件",
    );
    Dimension::new("document", Answer::Yes, None, said)
}

/// A copy that may be accepted.
pub(super) fn copy_headline() -> Said {
    Said::new(
        "VALID COPY: lent for one use, of a licence in force",
        "加注件有效：仅供一次用途，原许可有效",
    )
}

/// Whether the document's agency had this very file registered; a copy may be its holder's own work.
pub(super) fn is_attested(found: &Found<'_>) -> bool {
    let by_holder = (found.record.copy.as_ref()).is_some_and(|terms| terms.lent_by.is_some());
    found.matched == Match::RegisteredBytes && !by_holder
}

/// Facts that are shown to be the document's though its record does not open them: by a receipt, or in
/// the very bytes that its agency registered. Those of a copy are those of its licence, which the copy
/// file opens: what a holder had registered as a copy shows nothing.
pub(super) fn shown_facts(
    suite: Suite,
    document: &Document,
    found: &Found<'_>,
    receipts: &Receipts,
    copy: Option<&CopyFile>,
) -> Vec<OpenFact> {
    let mut facts: Vec<OpenFact> = Vec::new();
    match &found.record.copy {
        Some(terms) => {
            let licence = found.state.record(&terms.of).ok().flatten();
            if let (Some(copy), Some(licence)) = (copy, licence) {
                facts = copy.facts_of(suite, licence);
            }
        }
        None => {
            let of_receipts = receipts.of(found.key, found.record);
            let open = of_receipts.flat_map(|receipt| receipt.disclosed().open_facts());
            facts.extend(open.map(|fact| OpenFact {
                name: fact.name.clone(),
                value: fact.value.clone(),
            }));
        }
    }
    if is_attested(found) {
        let stated = document.facts().into_iter();
        facts.extend(stated.map(|(name, value)| OpenFact { name, value }));
    }
    facts
}

/// Compares a file that is not registered itself with the facts that everybody may read.
pub(super) fn compare_open_facts(record: &PublicPart, here: &[(String, String)]) -> Match {
    let (mut compared, mut unstated, mut differing) = (Vec::new(), Vec::new(), Vec::new());
    for fact in &record.open_facts {
        match here.iter().find(|(name, _)| *name == fact.name) {
            Some((_, value)) if *value == fact.value => compared.push(fact.name.clone()),
            Some((_, value)) => {
                differing.push((fact.name.clone(), fact.value.clone(), value.clone()));
            }
            None => unstated.push(fact.name.clone()),
        }
    }
    if !differing.is_empty() {
        Match::OtherContent { differing }
    } else if compared.is_empty() {
        Match::OtherBytes
    } else {
        Match::SameFacts {
            compared,
            unstated,
            hidden: 0,
        }
    }
}
