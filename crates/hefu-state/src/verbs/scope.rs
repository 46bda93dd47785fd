//! Scopes: which agency is in charge of which legal issuers.
//!
//! The prefixes of all agencies that play one part with numbers of one profile are a trie of leaves: each
//! beginning of a prefix has one, which counts the longer ones below it. So an overlap is found by
//! looking at the beginnings of what is asked for, however many agencies there are.

use crate::execute::{Ledger, Refused};
use hefu_types::genesis::beginnings;
use hefu_types::key;
use hefu_types::leaf::{Entitlement, Part, ScopeLeaf, TypeLeaf};
use hefu_types::{Code, Suite};
use std::collections::BTreeSet;

/// A prefix among those of all agencies that play this part with numbers of this profile.
pub(super) type Scope = (String, Part, String);

/// The scopes that entitlements ask for, each once. `rules` finds the leaf of a type.
pub(super) fn scopes<'a>(
    entitlements: &[Entitlement],
    rules: impl Fn(&str) -> Option<&'a TypeLeaf>,
) -> Result<BTreeSet<Scope>, Refused> {
    let mut scopes = BTreeSet::new();
    for entitlement in entitlements {
        let leaf = rules(&entitlement.document_type)
            .ok_or_else(|| Refused::saying(Code::UnknownType, &entitlement.document_type))?;
        for prefix in &entitlement.issuer_prefixes {
            scopes.insert((leaf.rules.profile.clone(), entitlement.part, prefix.clone()));
        }
    }
    Ok(scopes)
}

/// Gives an agency scopes that nobody else has a part of.
pub(super) fn take(
    suite: Suite,
    agency: &str,
    scopes: &BTreeSet<Scope>,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let taken = |prefix: &str| Refused::saying(Code::ScopeTaken, format!("{prefix:?}"));
    for (profile, part, prefix) in scopes {
        let at = |text: &str| key::scope(suite, profile, *part, text);
        let mut own: ScopeLeaf = ledger.leaf(&at(prefix)).unwrap_or_default();
        if own.agency.is_some() || own.below > 0 {
            return Err(taken(prefix));
        }
        for above in beginnings(prefix) {
            let mut leaf: ScopeLeaf = ledger.leaf(&at(above)).unwrap_or_default();
            if leaf.agency.is_some() {
                return Err(taken(prefix));
            }
            leaf.below = leaf.below.saturating_add(1);
            ledger.write_leaf(at(above), &leaf);
        }
        own.agency = Some(agency.to_owned());
        ledger.write_leaf(at(prefix), &own);
    }
    Ok(())
}

/// Takes an agency's scopes from it.
pub(super) fn give_back(suite: Suite, scopes: &BTreeSet<Scope>, ledger: &mut Ledger<'_>) {
    for (profile, part, prefix) in scopes {
        let at = |text: &str| key::scope(suite, profile, *part, text);
        for above in beginnings(prefix) {
            let mut leaf: ScopeLeaf = ledger.leaf(&at(above)).unwrap_or_default();
            leaf.below = leaf.below.saturating_sub(1);
            ledger.write_leaf(at(above), &leaf);
        }
        let mut own: ScopeLeaf = ledger.leaf(&at(prefix)).unwrap_or_default();
        own.agency = None;
        ledger.write_leaf(at(prefix), &own);
    }
}
