//! `add-rendition` and `correct`: other files of a document, and the right ones for wrong ones.

use super::register::{
    check_content, dates, refuse_taken_files, with_freed, write_digests, Content,
};
use super::{check_no_reversal, check_own, check_text, record_with_type, set_status, wrong_state};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use hefu_types::leaf::DigestLeaf;
use hefu_types::operation::{AddRendition, Correct, DIGESTS_MAX};
use hefu_types::record::{Item, PrivateItem, State};
use hefu_types::{Code, Digest, StateKey};

pub(crate) fn add_rendition(
    context: &Context<'_>,
    rendition: &AddRendition,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = record_with_type(context, ledger, &rendition.record, None)?;
    let public = &mut record.public;
    check_own(agency, public)?;
    super::register::check_digests(&rendition.digests)?;
    if public.status.state.is_final() {
        return Err(wrong_state(public));
    }
    if rendition
        .digests
        .iter()
        .all(|digest| public.digests.contains(digest))
    {
        return Err(Refused::because_of(
            Code::SameAgain,
            public.registration.operation,
        ));
    }
    if public.fact_root != Some(rendition.fact_root) {
        return Err(Refused::because_of(
            Code::NumberTaken,
            public.registration.operation,
        ));
    }
    refuse_taken_files(&rendition.digests, &rendition.record, ledger)?;
    public.digests.extend(&rendition.digests);
    public.digests.sort_unstable();
    public.digests.dedup();
    if public.digests.len() > DIGESTS_MAX {
        let detail = format!("a document has at most {DIGESTS_MAX} files");
        return Err(Refused::saying(Code::BadField, detail));
    }
    public.event_count = public.event_count.saturating_add(1);
    ledger.write_records(with_freed(
        &rendition.digests,
        rendition.record,
        record,
        ledger,
    ))?;
    write_digests(context, &rendition.digests, rendition.record, ledger);
    Ok(())
}

pub(crate) fn correct(
    context: &Context<'_>,
    correct: &Correct,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, rules) = record_with_type(context, ledger, &correct.record, None)?;
    check_own(agency, &record.public)?;
    check_text("reason", &correct.reason)?;
    let content = Content {
        digests: &correct.digests,
        use_right: correct.use_right.as_ref(),
        total: correct.total.as_ref(),
        open_facts: &correct.open_facts,
    };
    check_content(context.suite, &content, rules)?;
    let (valid_from, valid_before) = dates(
        correct.valid_from.as_deref(),
        correct.valid_until.as_deref(),
        rules,
    )?;
    let public = &mut record.public;
    if !matches!(public.status.state, State::Issued | State::Proposed) {
        return Err(wrong_state(public));
    }
    // Also what was used and given back: somebody has relied on what is wrong.
    let was_used = record.private.iter().any(|private| {
        matches!(
            private.item,
            Item::Use(_) | Item::FoldedUses(_) | Item::Credited(_)
        )
    });
    if was_used {
        return Err(Refused::new(Code::InUse));
    }
    check_no_reversal(context, public)?;
    if context.block_time >= public.registration.block_time.plus(rules.correct_window_ms) {
        return Err(Refused::new(Code::CorrectWindowOver));
    }
    refuse_taken_files(&correct.digests, &correct.record, ledger)?;
    let before = std::mem::replace(&mut public.digests, correct.digests.clone());
    public.fact_root = correct.fact_root;
    public.valid_from = valid_from;
    public.valid_before = valid_before;
    public.use_right = correct.use_right.clone();
    public.open_facts = correct.open_facts.clone();
    let (mut state, mut effective_at) = (public.status.state, public.status.effective_at);
    if rules.two_party && state == State::Issued {
        // Who confirmed it has not seen this: it is proposed anew.
        (state, effective_at) = (State::Proposed, context.block_time);
        public.supervisor = None;
    }
    let reason = Some(correct.reason.as_str());
    set_status(
        context.suite,
        public,
        context.event(),
        state,
        effective_at,
        reason,
    );
    record
        .private
        .retain(|private| !matches!(private.item, Item::Total(_)));
    record
        .private
        .extend(correct.total.clone().map(|total| PrivateItem {
            blinding: correct.blinding,
            item: Item::Total(total),
        }));
    ledger.write_records(with_freed(&correct.digests, correct.record, record, ledger))?;
    withdraw(context, &before, &correct.digests, correct.record, ledger);
    write_digests(context, &correct.digests, correct.record, ledger);
    Ok(())
}

/// Files that are no longer of a document lead nowhere: each may be one of another.
pub(super) fn withdraw(
    context: &Context<'_>,
    before: &[Digest],
    after: &[Digest],
    record: StateKey,
    ledger: &mut Ledger<'_>,
) {
    for digest in before.iter().filter(|digest| !after.contains(digest)) {
        let leaf = DigestLeaf {
            record,
            operation: context.operation,
            withdrawn: true,
        };
        ledger.write_digest(*digest, leaf);
    }
}
