//! `recognise`: a region states which documents of another it recognises, on which conditions, from when.

use super::registrar::Chain;
use crate::execute::{Context, Ledger, Refused};
use hefu_types::genesis::check_rule;
use hefu_types::key;
use hefu_types::leaf::{RecognitionLeaf, RegionLeaf};
use hefu_types::operation::Recognise;
use hefu_types::Code;

pub(crate) fn apply(
    context: &Context<'_>,
    recognise: &Recognise,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let chain = Chain::signing(context, ledger)?;
    let rule = &recognise.rule;
    // What a region recognises is said by who speaks for all of it.
    if !chain.is_first() {
        return Err(Refused::new(Code::BeyondRights));
    }
    chain.check_region(&rule.by)?;
    check_rule(rule).map_err(|why| Refused::saying(Code::BadField, why))?;
    if context.loaded.document_type(&rule.document_type).is_none() {
        return Err(Refused::new(Code::UnknownType));
    }
    if ledger
        .leaf::<RegionLeaf>(&key::region(context.suite, &rule.of))
        .is_none()
    {
        return Err(Refused::new(Code::UnknownRegion));
    }
    let at = key::recognition(context.suite, &rule.by, &rule.document_type, &rule.of);
    let leaf = RecognitionLeaf {
        rule: rule.clone(),
        operation: context.operation,
    };
    ledger.write_leaf(at, &leaf);
    Ok(())
}
