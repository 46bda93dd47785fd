//! Names and rules that were proven under an older checkpoint than the one that judges.
//!
//! A short certificate holds a record and hardly more; who is meant by its agency, what its type's rules
//! are and whether a region recognises it changes seldom and travels as a catalogue. What is used of it
//! is told with its age. It never says what a document is now, nor that something is absent.

use crate::certificate::{Value, VerifiedState};
use crate::verdict::Said;
use hefu_types::key;
use hefu_types::leaf::{TypeLeaf, TypeRules};
use hefu_types::record::PublicPart;
use hefu_types::{Millis, StateKey, Suite};

/// Certificates of agencies, types and rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    states: Vec<VerifiedState>,
}

impl Catalogue {
    pub(crate) fn add(&mut self, state: VerifiedState) {
        self.states.push(state);
    }

    /// The newest that holds a leaf.
    fn newest(&self, at: &StateKey) -> Option<(&Value, Millis)> {
        let holds = |state: &&VerifiedState| matches!(state.value(at), Some(Value::Leaf(_)));
        let newest = self
            .states
            .iter()
            .filter(holds)
            .max_by_key(|s| s.height())?;
        let seconds = newest.checkpoint().quorum_seconds();
        Some((newest.value(at)?, Millis(seconds.saturating_mul(1_000))))
    }

    /// The rules of a type.
    pub(crate) fn rules(&self, suite: Suite, name: &str) -> Option<TypeRules> {
        let (value, _) = self.newest(&key::document_type(suite, name))?;
        match value {
            Value::Leaf(bytes) => {
                use hefu_types::leaf::Leaf;
                TypeLeaf::from_bytes(bytes).ok().map(|leaf| leaf.rules)
            }
            _ => None,
        }
    }

    /// Adds what a verdict on a record needs and a certificate lacks. Tells which dimension then rests on
    /// something older, and how old it is.
    pub(crate) fn fill(
        &self,
        suite: Suite,
        mut state: VerifiedState,
        record: &PublicPart,
        region: Option<&str>,
    ) -> (VerifiedState, Vec<(&'static str, Said, Millis)>) {
        // What a copy is of, and by whom, is what its licence is.
        let of_copy = record.copy.as_ref().map(|terms| state.record(&terms.of));
        let licence = match of_copy {
            Some(licence) => licence.ok().flatten().cloned(),
            None => Some(record.clone()),
        };
        let rule = region.zip(licence.as_ref()).map(|(region, licence)| {
            key::recognition(suite, region, &licence.document_type, &licence.region)
        });
        let mut told = Vec::new();
        let needed = [
            ("issuer", Some(key::agency(suite, &record.agency))),
            ("recognition", rule),
        ];
        for (dimension, at) in needed {
            let Some(at) = at.filter(|at| state.value(at).is_none()) else {
                continue;
            };
            if let Some((value, as_of)) = self.newest(&at) {
                state.values.insert(at, value.clone());
                let said = Said::new(
                    format!("by the catalogue as of {as_of}"),
                    format!("依据截至 {as_of} 的目录"),
                );
                told.push((dimension, said, as_of));
            }
        }
        (state, told)
    }
}
