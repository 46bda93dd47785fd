//! `cover`: an agency promises that every document of a type is registered in time.
//!
//! Only then does it mean something that a document is not there. A promise is made larger, never
//! smaller; it may end, not earlier than now.

use super::document_type;
use crate::execute::{signing_agency, Context, Ledger, Refused};
use hefu_types::leaf::{CoverageLeaf, Part};
use hefu_types::operation::Cover;
use hefu_types::{Code, Millis};

/// The longest time to register, in milliseconds: a year.
const WITHIN_MS_MAX: u64 = 366 * 24 * Millis::HOUR;

pub(crate) fn apply(
    context: &Context<'_>,
    cover: &Cover,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    document_type(context, &cover.document_type)?;
    let entitled = agency.entitlements.iter().any(|entitlement| {
        entitlement.document_type == cover.document_type
            && entitlement.region == cover.region
            && entitlement.part == Part::Issue
    });
    if !entitled {
        return Err(Refused::new(Code::NotEntitled));
    }
    let bad = |detail: &str| Err(Refused::saying(Code::BadField, detail));
    if cover.within_ms == 0 || cover.within_ms > WITHIN_MS_MAX {
        return bad("within must be more than nothing and at most 366 days");
    }
    if cover.before.is_some_and(|before| before <= cover.from) {
        return bad("the end lies before the beginning");
    }
    let end = |before: Option<Millis>| before.unwrap_or(Millis(u64::MAX));
    let known = ledger.coverage(&cover.document_type, &cover.region, &agency.id);
    if let Some(known) = known {
        let keeps = cover.from <= known.from
            && cover.within_ms <= known.within_ms
            && end(cover.before) >= end(known.before).min(context.block_time);
        if !keeps {
            return bad(
                "a promise is not taken back: from only earlier, within only less, an end \
                        only from now on",
            );
        }
    }
    ledger.write_coverage(CoverageLeaf {
        document_type: cover.document_type.clone(),
        region: cover.region.clone(),
        agency: agency.id.clone(),
        from: cover.from,
        within_ms: cover.within_ms,
        operation: context.operation,
        before: cover.before,
    });
    Ok(())
}
