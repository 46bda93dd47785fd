//! The next set of validators: written once, in force after the set before has shown it (see
//! `execute::hand_over_to_next_set`).

use super::keys::NewKey;
use super::{check_id, check_long_text};
use crate::execute::{Context, Ledger, Refused};
use hefu_types::block::VALIDATORS_MAX;
use hefu_types::key;
use hefu_types::leaf::{
    validator_keys, Holder, KeyRole, RegionLeaf, SetCurrentLeaf, SetLeaf, Validator,
};
use hefu_types::operation::{NewValidator, SetValidators};
use hefu_types::{Code, Millis};

pub(super) fn set(
    context: &Context<'_>,
    set: &SetValidators,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let suite = context.suite;
    let at = key::set_current(suite);
    // Within one block the leaf may be written already: by an action before this one.
    let current =
        (ledger.leaf::<SetCurrentLeaf>(&at)).unwrap_or_else(|| context.loaded.current().clone());
    if current.waiting_since.is_some() {
        return Err(Refused::new(Code::SetWaits));
    }
    let before = context.loaded.set();
    let bad = |detail: &str| Refused::saying(Code::BadSet, detail);
    let leaves = |validator: &Validator| set.remove.contains(&validator.name);
    let (gone, mut next): (Vec<_>, Vec<_>) = before.validators.iter().cloned().partition(leaves);
    if gone.len() != set.remove.len() || (gone.is_empty() && set.add.is_empty()) {
        return Err(bad("who leaves must be in the set, each once"));
    }
    for new in &set.add {
        let validator = admit(context, new, ledger)?;
        if next.iter().any(|other| other.name == validator.name) {
            return Err(bad("a name stands twice"));
        }
        next.push(validator);
    }
    // The old set and the new one each hold more than two thirds that are in both, so that neither
    // can be brought in by a few.
    let few = |some: usize, of: usize| 3 * some < of;
    let fits = few(gone.len(), before.validators.len())
        && few(set.add.len(), next.len())
        && (1..=VALIDATORS_MAX).contains(&next.len());
    if !fits {
        return Err(Refused::new(Code::BadSet));
    }
    for validator in &gone {
        for id in validator_keys(suite, validator) {
            if let Some(mut leaf) = ledger.key(&id) {
                leaf.retired_at = leaf.retired_at.or(Some(context.block_time));
                leaf.operation = context.operation;
                ledger.write_leaf(key::public_key(suite, &id), &leaf);
            }
        }
    }
    let epoch = current.epoch + 1;
    let leaf = SetLeaf {
        epoch,
        validators: next,
        operation: context.operation,
    };
    ledger.write_leaf(key::set(suite, epoch), &leaf);
    let waiting = SetCurrentLeaf {
        waiting_since: Some(context.height),
        ..current
    };
    ledger.write_leaf(at, &waiting);
    Ok(())
}

/// A newcomer with its four keys, each of which it has shown to have.
fn admit(
    context: &Context<'_>,
    new: &NewValidator,
    ledger: &mut Ledger<'_>,
) -> Result<Validator, Refused> {
    let (of, addresses) = (&new.validator, &new.addresses);
    check_id("name", &of.name)?;
    for (field, address) in [("engine", &addresses.engine), ("gossip", &addresses.gossip)] {
        check_long_text(field, address)?;
        if !address.starts_with('/') {
            let detail = format!("{field} must be a multiaddr such as /ip4/192.0.2.1/tcp/26500");
            return Err(Refused::saying(Code::BadField, detail));
        }
    }
    if ledger
        .leaf::<RegionLeaf>(&key::region(context.suite, &of.region))
        .is_none()
    {
        return Err(Refused::new(Code::UnknownRegion));
    }
    let keys = [
        ("consensus", &of.consensus),
        ("checkpoint", &of.checkpoint),
        ("log", &of.log),
        ("peer", &of.peer),
    ];
    for (role, key) in keys {
        let key = NewKey {
            holder: Holder::Validator(of.name.clone()),
            role: KeyRole::Operational,
            key,
            valid_from: None,
            valid_before: Millis(u64::MAX),
        };
        key.write_with_role(context, role, ledger)?;
    }
    Ok(Validator {
        name: of.name.clone(),
        region: of.region.clone(),
        consensus_key: of.consensus.key,
        checkpoint_key: of.checkpoint.key,
        log_key: of.log.key,
        peer_key: of.peer.key,
        addresses: Some(addresses.clone()),
    })
}
