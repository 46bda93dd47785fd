//! What must hold of any state, from the leaves alone, and what no block may do to a record.

use super::world::{World, SUITE};
use crate::StateTree;
use hefu_proof::derived::has_passed;
use hefu_types::key;
use hefu_types::leaf::{DigestLeaf, Leaf, TypeRules, LEAF_BYTES_MAX};
use hefu_types::numbering::{self, NumberRange, NumberSpan, NumberingLeaf};
use hefu_types::profile::Profile;
use hefu_types::record::{Item, Link, PublicPart, Record, Relation, State, UseItem, UseItemState};
use hefu_types::{Digest, StateKey};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// Everything that must hold of any state, from the leaves alone.
    pub(super) fn verify_invariants(&self) {
        let mut renditions: BTreeMap<Digest, StateKey> = BTreeMap::new();
        let mut leading: BTreeMap<StateKey, StateKey> = BTreeMap::new();
        let mut rebuilt = Vec::new();
        for (key, bytes) in &self.values {
            let Ok(record) = Record::decode(bytes) else {
                rebuilt.push((*key, SUITE.hash(&[bytes])));
                assert!(bytes.len() <= LEAF_BYTES_MAX, "a leaf can be read again");
                if let Ok(leaf) = NumberingLeaf::from_bytes(bytes) {
                    verify_ranges(&leaf);
                } else if let Ok(leaf) = DigestLeaf::from_bytes(bytes) {
                    leading.extend((!leaf.withdrawn).then_some((*key, leaf.record)));
                }
                continue;
            };
            rebuilt.push((*key, record.value_hash(SUITE)));
            for digest in &record.public.digests {
                let before = renditions.insert(*digest, *key);
                assert_eq!(before, None, "one file is one document");
            }
            self.verify_uses(&record);
            self.verify_bonds(key, &record);
        }
        let renditions = renditions.iter();
        let renditions = renditions.map(|(digest, record)| (key::digest(SUITE, digest), *record));
        assert_eq!(
            renditions.collect::<BTreeMap<_, _>>(),
            leading,
            "each rendition leads to its document, and nothing else leads anywhere"
        );
        let rebuilt = StateTree::from_leaves(SUITE, rebuilt);
        assert_eq!(
            rebuilt.root(),
            self.before.state_root,
            "the root is that of the leaves"
        );
    }

    /// A document has at most one successor and is that of at most one, each of which knows the other.
    fn verify_bonds(&self, key: &StateKey, record: &Record) {
        let public = &record.public;
        let named = |of: &Record, relations: [Relation; 2]| -> Vec<(Relation, StateKey)> {
            let links = of.public.links.iter();
            let links = links.filter(|link| relations.contains(&link.relation));
            links.map(|link| (link.relation, link.record)).collect()
        };
        let forth = named(record, [Relation::RenewedBy, Relation::TransferredTo]);
        let back = named(record, [Relation::Renews, Relation::TransferredFrom]);
        assert!(forth.len() <= 1, "a licence has one successor");
        assert!(back.len() <= 1, "a licence is the successor of one");
        let other = |relation: Relation| match relation {
            Relation::RenewedBy => Relation::Renews,
            Relation::Renews => Relation::RenewedBy,
            Relation::TransferredTo => Relation::TransferredFrom,
            _ => Relation::TransferredTo,
        };
        for (relation, of) in forth.iter().chain(&back) {
            let of = self.record(of);
            let answer = (other(*relation), *key);
            let all = named(&of, [answer.0, answer.0]);
            assert!(all.contains(&answer), "both know of the bond");
            assert_eq!(of.public.document_type, public.document_type);
        }
        let state = public.status.state;
        let is = |relation: Relation| forth.iter().any(|(of, _)| *of == relation);
        assert_eq!(is(Relation::RenewedBy), state == State::Superseded);
        assert!(!is(Relation::TransferredTo) || state == State::TransferredOut);
        let left = public.transferred_to.is_some();
        assert_eq!(left, state == State::TransferredOut);
        if let Some(copy) = &public.copy {
            let of = self.record(&copy.of).public;
            assert!(of.copy.is_none() && public.links.is_empty() && public.uses.is_empty());
            assert_eq!(
                (of.agency, of.region),
                (public.agency.clone(), public.region.clone())
            );
        }
    }

    /// Whatever binds of one line is apart, and no more than is left; what everybody may know of it
    /// agrees.
    fn verify_uses(&self, record: &Record) {
        let (now, halt) = (self.before.time, self.halt());
        let binds = |item: &&UseItem| match item.state {
            UseItemState::Consumed => true,
            UseItemState::Locked(until) => !has_passed(until, now, halt),
            _ => false,
        };
        let rules = &self.rules[&record.public.document_type];
        let total = (record.total()).and_then(|total| u64::try_from(total.minor_units).ok());
        let left = total.map(|total| {
            total
                .checked_sub(record.reversed())
                .expect("within the total")
        });
        let own = rules.purposes.iter().map(|purpose| vec![&purpose.name]);
        let shared = rules.exclusions.iter().map(|set| set.iter().collect());
        for line in own.chain(shared) {
            let on_line: Vec<&UseItem> = record
                .uses()
                .filter(binds)
                .filter(|item| line.contains(&&item.purpose))
                .collect();
            let spans: Vec<_> = on_line.iter().filter_map(|item| item.share).collect();
            assert!(
                spans.len() == on_line.len() || on_line.len() == 1,
                "a whole is alone"
            );
            for (n, span) in spans.iter().enumerate() {
                assert!(span.from < span.to && span.to <= total.expect("a share of a total"));
                assert!(
                    !spans[n + 1..].iter().any(|other| other.meets(span)),
                    "shares are apart"
                );
            }
            let sum: u64 = spans.iter().map(|span| span.to - span.from).sum();
            assert!(
                left.is_none_or(|left| sum <= left),
                "{line:?}: no more than is left"
            );
        }
        let told: BTreeSet<&str> = (record.public.uses.iter())
            .filter(|told| {
                let is_locked = |until| !has_passed(until, now, halt);
                told.consumed_at.is_some() || told.locked_until.is_some_and(is_locked)
            })
            .map(|told| told.purpose.as_str())
            .collect();
        let bound: BTreeSet<&str> = record
            .uses()
            .filter(binds)
            .map(|item| item.purpose.as_str())
            .collect();
        assert_eq!(told, bound, "everybody is told of every use");
    }
}

/// No two ranges overlap, every number of a range is one of issued, void, given away and open, and what
/// a branch has was given to it.
fn verify_ranges(leaf: &NumberingLeaf) {
    let apart = |spans: &[NumberSpan]| spans.windows(2).all(|two| two[0].last < two[1].first);
    for (place, range) in leaf.ranges.iter().enumerate() {
        let mut taken: Vec<NumberSpan> = [&range.issued, &range.voided, &range.delegated]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        taken.sort_unstable();
        assert!(apart(&taken), "a number is issued, void or given away once");
        assert!(taken
            .iter()
            .all(|span| range.first <= span.first && span.last <= range.last));
        let all = numbering::count(&taken) + numbering::count(&range.open());
        assert_eq!(all, range.span().count(), "every number is accounted for");
        let overlaps = |other: &NumberRange| {
            let is_apart = other.is_void() || range.is_void() || other.digits != range.digits;
            !is_apart
                && other.parent == range.parent
                && numbering::meets(&[other.span()], range.span())
        };
        assert!(
            !leaf.ranges[place + 1..].iter().any(overlaps),
            "no two ranges overlap"
        );
        if let Some(parent) = range.parent {
            let given = &leaf.ranges[parent as usize].delegated;
            let is_given = |of: &NumberSpan| of.first <= range.first && range.last <= of.last;
            assert!(given.iter().any(is_given), "a branch has what it was given");
        }
    }
}

/// What no block may do to a record: undo what cannot be undone.
pub(super) fn verify_step(before: &Record, after: &Record, rules: &TypeRules) {
    let (was, is) = (&before.public, &after.public);
    assert!(is.event_count > was.event_count, "every change is an event");
    assert!(
        before.reversed() <= after.reversed(),
        "what is reversed stays reversed"
    );
    let reuse = Profile::by_name(&rules.profile).expect("a profile").reuse();
    let is_free = match was.status.state {
        State::Unattested => true,
        State::Rejected => reuse.after_rejection,
        State::Cancelled => reuse.after_cancellation,
        _ => false,
    };
    if !is_free {
        assert_eq!(
            was.registration, is.registration,
            "a number is registered once"
        );
        assert_eq!(
            (
                &was.document_type,
                &was.agency,
                &was.region,
                &was.legal_issuer
            ),
            (&is.document_type, &is.agency, &is.region, &is.legal_issuer),
            "what a registration said of its issuer stays"
        );
        let stays = !was.status.state.is_final() || was.status.state == is.status.state;
        assert!(stays, "an end is for good");
        assert_eq!(was.copy, is.copy, "the terms of a copy stay");
        let taken_in = |of: &PublicPart| {
            let relation = |link: &Link| link.relation == Relation::TransferredTo;
            of.links.iter().any(relation)
        };
        let stays = !taken_in(was) || was.status == is.status;
        assert!(stays, "what was taken in elsewhere does not come back");
        let links = was.links.iter().all(|link| is.links.contains(link));
        assert!(links, "a link stays");
    }
    let folds = |record: &Record| {
        let folded = |item: &&_| matches!(item, Item::FoldedUses(_));
        record
            .private
            .iter()
            .map(|private| &private.item)
            .find(folded)
            .cloned()
    };
    for used in before
        .uses()
        .filter(|item| item.state == UseItemState::Consumed)
    {
        let now = after
            .uses()
            .find(|item| item.consumption == used.consumption);
        let Some(now) = now else {
            assert_ne!(folds(before), folds(after), "a use is never lost");
            continue;
        };
        assert_eq!((&now.member, &now.purpose), (&used.member, &used.purpose));
        match now.state {
            UseItemState::Consumed | UseItemState::TakenBack => {}
            UseItemState::SetAside if used.unattested => {}
            other => panic!("a use for good became {other:?}"),
        }
        let joins = was.status.state == State::Unattested && was.status != is.status;
        let kept = |item: &UseItem| match item.state {
            UseItemState::Consumed => item.share.map_or(0, |share| share.len()),
            _ => 0,
        };
        let is_counted = kept(used) == kept(now) + (now.taken_back - used.taken_back);
        assert!(
            joins || now.state == UseItemState::SetAside || is_counted,
            "what is no longer used was taken back"
        );
    }
}
