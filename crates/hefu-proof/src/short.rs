//! The short form of a status certificate: what a verdict needs, and exactly a quorum of signatures.
//!
//! It stands alone, offline, for years, and is small enough to print: the record with its proof, the
//! checkpoint, and where they count, the leaves of compromised keys, the ledger's clock, and the licence
//! of a lending copy. Who is meant by the agency's id is told by a catalogue, or left as the id.

use crate::certificate::{CertificateError, StatusCertificate};
use crate::handover::last_set;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::record::PublicPart;
use hefu_types::{StateKey, Suite};
use std::collections::BTreeSet;

impl StatusCertificate {
    /// Keeps what the verdict on a record needs, and of the cosignatures as many as make a quorum: those
    /// with the latest times, so that its quorum time stays what it was. Refuses what does not hold, and
    /// what does not prove the record.
    pub fn short(&self, network: &Network, record: &StateKey) -> Result<Self, CertificateError> {
        let suite = network.suite();
        let state = self.verify(network)?;
        let public = state
            .record(record)?
            .ok_or(CertificateError::Missing("the record"))?;
        let counter = state.checkpoint().checkpoint().compromise_counter;
        let mut kept = BTreeSet::from([*record]);
        keep(suite, public, counter, &mut kept);
        if let Some(terms) = &public.copy {
            kept.insert(terms.of);
            if let Some(licence) = state.record(&terms.of)? {
                keep(suite, licence, counter, &mut kept);
            }
        }
        let (origin, first) = (network.origin(), network.first_set());
        let (set, _) = last_set(suite, origin, first, &self.handovers)?;
        let mut short = self.clone();
        short.leaves.retain(|leaf| kept.contains(&leaf.key));
        let cosignatures = &mut short.checkpoint.cosignatures;
        cosignatures.sort_by_key(|one| (std::cmp::Reverse(one.seconds), one.member));
        cosignatures.truncate(set.quorum());
        cosignatures.sort_by_key(|one| one.member);
        Ok(short)
    }
}

/// Keys of compromises that a verdict on a record looks at, and the clock where deadlines count.
fn keep(suite: Suite, record: &PublicPart, counter: u64, kept: &mut BTreeSet<StateKey>) {
    let events = [Some(&record.registration), record.status_event.as_ref()];
    for event in events.into_iter().flatten() {
        if event.compromise_counter != counter {
            kept.insert(key::public_key(suite, &event.key_id));
        }
    }
    let has_lock = record.uses.iter().any(|used| used.locked_until.is_some());
    if has_lock || record.reversal.is_some() {
        kept.insert(key::clock(suite));
    }
}
