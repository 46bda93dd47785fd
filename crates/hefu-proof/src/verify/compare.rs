//! How a file, and a number that somebody wrote, relate to a record.

use super::number::{candidate, Candidate, Hint};
use super::{Judge, Subject};
use crate::receipt::{Disclosed, VerifiedReceipt};
use crate::verdict::Match;
use hefu_types::operation::Operation;
use hefu_types::profile::Identity;
use hefu_types::record::PublicPart;
use hefu_types::StateKey;

/// How a number that somebody wrote relates to that of a record.
pub(super) enum Agreement {
    /// What was written agrees.
    Agrees,
    /// Number or issuer is another: name, registered value, written value.
    Differs(Vec<(String, String, String)>),
    /// It cannot be written under the record's profile, or the record's number is not known here.
    Unknown,
}

impl Judge<'_> {
    pub(super) fn matched(&self, is_withdrawn: bool, key: StateKey, record: &PublicPart) -> Match {
        let Some(digest) = &self.subject.digest else {
            return Match::NoFile;
        };
        if record.digests.contains(digest) {
            return match is_withdrawn {
                true => Match::Withdrawn,
                false => Match::RegisteredBytes,
            };
        }
        // A receipt that still names the file is older than the record that does not.
        let holds = |receipt: &VerifiedReceipt| receipt.record().digests.contains(digest);
        if is_withdrawn || self.receipts.iter().any(holds) {
            return Match::Withdrawn;
        }
        // The number that was typed led here; the file may say another one.
        if let Some(said) = &self.subject.said {
            match self.agreement(said, key, record) {
                Agreement::Agrees => {}
                Agreement::Differs(differing) => return Match::OtherContent { differing },
                Agreement::Unknown => return Match::OtherBytes,
            }
        }
        let with_facts = |receipt: &&VerifiedReceipt| !receipt.disclosed().facts.is_empty();
        match self.receipts_of(key, record).find(with_facts) {
            Some(receipt) => compare_facts(receipt.disclosed(), &self.subject.facts),
            None => compare_open_facts(record, &self.subject.facts),
        }
    }

    /// Compares a number that somebody wrote with the record's. A class, series or period that was
    /// not written is not compared.
    pub(super) fn agreement(
        &self,
        written: &Identity,
        key: StateKey,
        record: &PublicPart,
    ) -> Agreement {
        let Some(rules) = self.rules(&record.document_type) else {
            return Agreement::Unknown;
        };
        let normal = |identity: &Identity| candidate(self.network.suite(), &rules, identity).ok();
        // The key is made of the number: what makes this key is the number that was registered.
        let of_receipts = self.receipts.iter().filter_map(number_of);
        let at_hand = of_receipts
            .chain(&self.subject.said)
            .chain(&self.subject.typed);
        let registered = at_hand
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
}

impl Subject {
    /// Whether a receipt is of this document: it is of its record, or names its bytes or its number.
    pub fn is_of(&self, network: &hefu_types::genesis::Network, receipt: &VerifiedReceipt) -> bool {
        let names_bytes = |digest| receipt.record().digests.contains(digest);
        if self.record == Some(receipt.record_key())
            || self.digest.as_ref().is_some_and(names_bytes)
        {
            return true;
        }
        // What the file says of itself goes before what was typed: a number typed for another file does
        // not make its receipt ours.
        let hint = Hint::named(Some(&receipt.record().document_type));
        let types = &network.genesis().types;
        self.said
            .as_ref()
            .or(self.typed.as_ref())
            .is_some_and(|identity| {
                let found = super::number::candidates(network.suite(), types, identity, hint);
                let is_it = |candidate: &Candidate<'_>| candidate.record == receipt.record_key();
                found.iter().any(is_it)
            })
    }
}

/// The number in a receipt; only a registration has one.
pub fn number_of(receipt: &VerifiedReceipt) -> Option<&Identity> {
    match receipt.operation() {
        Operation::Register(register) => Some(&register.identity),
        _ => None,
    }
}

/// Compares the facts of a file with those that were opened. What the file says beyond them, and what
/// is hidden, is not compared.
pub fn compare_facts(registered: &Disclosed, here: &[(String, String)]) -> Match {
    let facts = registered.open_facts();
    compared(
        facts.map(|fact| (&fact.name, &fact.value)),
        registered.hidden(),
        here,
    )
}

/// Compares a file that is not registered itself with the facts that everybody may read.
fn compare_open_facts(record: &PublicPart, here: &[(String, String)]) -> Match {
    let facts = record.open_facts.iter();
    compared(facts.map(|fact| (&fact.name, &fact.value)), 0, here)
}

fn compared<'a>(
    registered: impl Iterator<Item = (&'a String, &'a String)>,
    hidden: usize,
    here: &[(String, String)],
) -> Match {
    let (mut compared, mut unstated, mut differing) = (Vec::new(), Vec::new(), Vec::new());
    for (name, registered) in registered {
        match here.iter().find(|(stated, _)| stated == name) {
            Some((_, value)) if value == registered => compared.push(name.clone()),
            Some((_, value)) => {
                differing.push((name.clone(), registered.clone(), value.clone()));
            }
            None => unstated.push(name.clone()),
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
            hidden,
        }
    }
}
