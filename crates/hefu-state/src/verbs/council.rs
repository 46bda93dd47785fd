//! `govern`: what enough seats of the council signed is done, all of it or nothing, once.

use super::keys::{self, Manager};
use super::{check_id, check_long_text, registrar, standing, validators};
use crate::execute::{Context, Ledger, Refused};
use hefu_types::genesis::check_type;
use hefu_types::key;
use hefu_types::leaf::{
    ActionLeaf, CouncilLeaf, CouncilSeat, Holder, KeyRole, Parameters, ParametersLeaf, RegionLeaf,
    RulesLeaf, TypeLeaf, TypeRules,
};
use hefu_types::operation::{
    ActivateRules, CouncilChange, Govern, SetCouncil, ACTION_AHEAD_MS_MAX, ACTIVATION_AHEAD_MAX,
    CHANGES_MAX,
};
use hefu_types::{Code, Millis};
use std::collections::BTreeSet;

/// The most seats: a statement has room for the signatures of all.
const SEATS_MAX: usize = 32;

pub(crate) fn apply(
    context: &Context<'_>,
    govern: &Govern,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let (action, suite) = (&govern.action, context.suite);
    check_long_text("reason", &action.reason)?;
    if !(1..=CHANGES_MAX).contains(&action.changes.len()) {
        let detail = format!("an action has 1 to {CHANGES_MAX} changes");
        return Err(Refused::saying(Code::BadField, detail));
    }
    let at = key::action(suite, &action.id);
    if let Some(done) = ledger.leaf::<ActionLeaf>(&at) {
        return Err(Refused::because_of(Code::ActionDone, done.operation));
    }
    let (now, end) = (context.block_time, action.valid_before);
    let in_time = now < end && end <= now.plus(ACTION_AHEAD_MS_MAX);
    if !in_time || action.council_epoch != ledger.council_epoch() {
        return Err(Refused::new(Code::ActionOver));
    }
    check_signatures(context, govern, ledger)?;
    ledger.attempt(|ledger| {
        for change in &action.changes {
            apply_change(context, change, ledger)?;
        }
        check_can_act(context, ledger)?;
        let leaf = ActionLeaf {
            operation: context.operation,
            executed_at: now,
            action: suite.hash(&[&action.encode()]),
        };
        ledger.write_leaf(at, &leaf);
        Ok(())
    })
}

/// Enough seats have signed, each with its live key, and no signature is bad: one that is says that
/// something was mixed up.
fn check_signatures(
    context: &Context<'_>,
    govern: &Govern,
    ledger: &Ledger<'_>,
) -> Result<(), Refused> {
    let suite = context.suite;
    let missing = |detail: String| Refused::saying(Code::CouncilNotReached, detail);
    let council: Option<CouncilLeaf> = ledger.leaf(&key::council(suite));
    let council = council.ok_or_else(|| missing("no council".to_owned()))?;
    let signatures = &govern.signatures;
    if (signatures.windows(2)).any(|pair| pair[0].key >= pair[1].key) {
        return Err(missing(
            "the signatures are not ascending by key".to_owned(),
        ));
    }
    let needed = council.threshold as usize;
    if signatures.len() < needed || signatures.len() > council.seats.len() {
        return Err(missing(format!("{} of {needed}", signatures.len())));
    }
    let preimage = govern.action.preimage(&context.network);
    for signature in signatures {
        let seat = (council.seats.iter()).find(|seat| suite.key_id(&seat.key) == signature.key);
        let live = ledger.key(&signature.key);
        let seat = seat.filter(|_| live.is_some_and(|key| key.signs_at(context.block_time)));
        let holds = seat
            .is_some_and(|seat| (suite.verify(&seat.key, &preimage, &signature.signature)).is_ok());
        if !holds {
            return Err(missing(format!("that of {} does not hold", signature.key)));
        }
    }
    Ok(())
}

/// After an action enough seats can sign the next: else nothing could be governed any more.
fn check_can_act(context: &Context<'_>, ledger: &Ledger<'_>) -> Result<(), Refused> {
    let suite = context.suite;
    let council: Option<CouncilLeaf> = ledger.leaf(&key::council(suite));
    let signs = |seat: &&CouncilSeat| {
        let key = ledger.key(&suite.key_id(&seat.key));
        key.is_some_and(|key| key.signs_at(context.block_time))
    };
    let can_act = council
        .is_some_and(|leaf| leaf.seats.iter().filter(signs).count() >= leaf.threshold as usize);
    if can_act {
        Ok(())
    } else {
        let detail = "fewer seats could sign than must; set other seats in the same action";
        Err(Refused::saying(Code::BadField, detail))
    }
}

fn apply_change(
    context: &Context<'_>,
    change: &CouncilChange,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let manager = Manager::Council;
    match change {
        CouncilChange::SetType(rules) => set_type(context, rules, ledger),
        CouncilChange::SetRegion(region) => {
            check_id("id", &region.id)?;
            check_long_text("name_zh", &region.name_zh)?;
            check_long_text("name_en", &region.name_en)?;
            let leaf = RegionLeaf {
                region: region.clone(),
                operation: context.operation,
            };
            ledger.write_leaf(key::region(context.suite, &region.id), &leaf);
            Ok(())
        }
        CouncilChange::SetRegistrar(set) => registrar::write(context, set, None, ledger),
        CouncilChange::SetStanding(set) => standing::write(context, set, None, ledger),
        CouncilChange::AddKey(add) => keys::add_by(context, add, &manager, ledger),
        CouncilChange::RetireKey(retire) => keys::retire_by(context, retire, &manager, ledger),
        CouncilChange::DeclareCompromise(declare) => {
            keys::compromise_by(context, declare, &manager, ledger)
        }
        CouncilChange::SetValidators(set) => validators::set(context, set, ledger),
        CouncilChange::ActivateRules(activate) => activate_rules(context, activate, ledger),
        CouncilChange::SetParameters(parameters) => set_parameters(context, *parameters, ledger),
        CouncilChange::SetCouncil(set) => set_council(context, set, ledger),
    }
}

/// A new type, or other rules of one that is there, from the next block on. What the records that exist
/// rely on stays.
fn set_type(
    context: &Context<'_>,
    rules: &TypeRules,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    check_type(rules).map_err(|why| Refused::saying(Code::BadField, why))?;
    let at = key::document_type(context.suite, &rules.id);
    if let Some(leaf) = context.loaded.document_type(&rules.id) {
        let before = &leaf.rules;
        let keeps_purposes = before.purposes.iter().all(|purpose| {
            let now = rules.purpose(&purpose.name);
            now.is_some_and(|now| now.divisible == purpose.divisible)
        });
        let keeps = before.kind == rules.kind
            && before.profile == rules.profile
            && before.zone_minutes == rules.zone_minutes
            && before.exclusions == rules.exclusions
            && before.two_party == rules.two_party
            && before.ranges == rules.ranges
            && keeps_purposes;
        if !keeps {
            return Err(Refused::because_of(Code::CannotChangeType, leaf.operation));
        }
    }
    if ledger.leaf::<TypeLeaf>(&at).is_some() {
        let detail = "an action sets a type once";
        return Err(Refused::saying(Code::BadField, detail));
    }
    let leaf = TypeLeaf {
        rules: rules.clone(),
        operation: context.operation,
    };
    ledger.write_leaf(at, &leaf);
    Ok(())
}

fn activate_rules(
    context: &Context<'_>,
    activate: &ActivateRules,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let latest = context.height.saturating_add(ACTIVATION_AHEAD_MAX);
    let in_time = activate.height > context.height && activate.height <= latest;
    if !in_time || activate.version <= context.rules_version {
        let detail = format!(
            "now version {} at height {}",
            context.rules_version, context.height
        );
        return Err(Refused::saying(Code::BadActivation, detail));
    }
    // Whether this program knows the version is no matter of the rules: a node that does not stops
    // before it votes on that height.
    let leaf = RulesLeaf {
        version: context.rules_version,
        next: Some((activate.version, activate.height)),
        operation: context.operation,
    };
    ledger.write_leaf(key::rules(context.suite), &leaf);
    Ok(())
}

fn set_parameters(
    context: &Context<'_>,
    parameters: Parameters,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    if !parameters.are_usable() {
        let detail = "heartbeat_ms must be 100 to 600000";
        return Err(Refused::saying(Code::BadField, detail));
    }
    let leaf = ParametersLeaf {
        parameters,
        operation: context.operation,
    };
    ledger.write_leaf(key::parameters(context.suite), &leaf);
    Ok(())
}

/// Other seats. A seat that keeps name and key stays; the keys of those that go are retired.
fn set_council(
    context: &Context<'_>,
    set: &SetCouncil,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let suite = context.suite;
    let names: BTreeSet<&str> = set.seats.iter().map(|seat| seat.name.as_str()).collect();
    let threshold = set.threshold as usize;
    let fits = names.len() == set.seats.len()
        && set.seats.len() <= SEATS_MAX
        && (1..=set.seats.len()).contains(&threshold);
    if !fits {
        let detail = format!(
            "a council has 1 to {SEATS_MAX} seats of different names, of which at least one signs"
        );
        return Err(Refused::saying(Code::BadField, detail));
    }
    let at = key::council(suite);
    let sitting: Option<CouncilLeaf> = ledger.leaf(&at);
    let sitting = sitting.map(|leaf| leaf.seats).unwrap_or_default();
    let mut seats = Vec::with_capacity(set.seats.len());
    for seat in &set.seats {
        check_id("seat", &seat.name)?;
        let own = CouncilSeat {
            name: seat.name.clone(),
            key: seat.key.key,
        };
        if !sitting.contains(&own) {
            let key = keys::NewKey {
                holder: Holder::Council(seat.name.clone()),
                role: KeyRole::Operational,
                key: &seat.key,
                valid_from: None,
                valid_before: Millis(u64::MAX),
            };
            key.write(context, ledger)?;
        }
        seats.push(own);
    }
    for gone in sitting.iter().filter(|seat| !seats.contains(seat)) {
        let id = suite.key_id(&gone.key);
        if let Some(mut leaf) = ledger.key(&id) {
            leaf.retired_at = leaf.retired_at.or(Some(context.block_time));
            leaf.operation = context.operation;
            ledger.write_leaf(key::public_key(suite, &id), &leaf);
        }
    }
    let leaf = CouncilLeaf {
        threshold: set.threshold,
        seats,
        operation: context.operation,
    };
    ledger.write_leaf(at, &leaf);
    ledger.count_council();
    Ok(())
}
