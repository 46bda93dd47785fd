//! `admit-agency`, `change-agency`: a registrar says who issues what in its region.

use super::registrar::{check_prefixes, Chain};
use super::{check_id, check_long_text, keys, scope};
use crate::execute::{Context, Ledger, Refused};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, Entitlement, Holder, KeyRole, Standing};
use hefu_types::operation::{AdmitAgency, AgencyTerms, ChangeAgency, ENTITLEMENTS_MAX};
use hefu_types::profile::is_credit_code;
use hefu_types::Code;

pub(crate) fn admit(
    context: &Context<'_>,
    admit: &AdmitAgency,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let chain = Chain::signing(context, ledger)?;
    let terms = &admit.agency;
    check_terms(context, &chain, terms)?;
    if ledger.agency(&terms.id).is_some() {
        return Err(Refused::new(Code::IdTaken));
    }
    ledger.attempt(|ledger| {
        let management = (admit.management_key.as_ref()).map(|key| (key, KeyRole::Management));
        let keys = [(&admit.key, KeyRole::Operational)];
        for (key, role) in keys.into_iter().chain(management) {
            let key = keys::NewKey {
                holder: Holder::Agency(terms.id.clone()),
                role,
                key,
                valid_from: None,
                valid_before: admit.key_valid_before,
            };
            key.write(context, ledger)?;
        }
        let registrar = Some(chain.own().id.clone());
        write(context, terms, registrar, Standing::Active, ledger)
    })
}

pub(crate) fn change(
    context: &Context<'_>,
    change: &ChangeAgency,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let chain = Chain::signing(context, ledger)?;
    let terms = &change.agency;
    check_terms(context, &chain, terms)?;
    let before = ledger.agency(&terms.id);
    let before = before.ok_or_else(|| Refused::saying(Code::UnknownHolder, &terms.id))?;
    check_managed(&chain, &before)?;
    if before.standing == Standing::Retired {
        return Err(Refused::new(Code::HasRetired));
    }
    ledger.attempt(|ledger| {
        give_back_scopes(context, &before, ledger)?;
        write(context, terms, before.registrar, before.standing, ledger)
    })
}

/// What an agency has now is within the rights of who changes it.
pub(super) fn check_managed(chain: &Chain, agency: &AgencyLeaf) -> Result<(), Refused> {
    chain.check_region(&agency.region)?;
    // What it has bounds nobody's right where it has no issuers of its own: then it is asked who
    // admitted it.
    let has_issuers = (agency.entitlements.iter()).any(|of| !of.issuer_prefixes.is_empty());
    let is_own = agency.registrar.as_ref() == Some(&chain.own().id);
    if !has_issuers && !is_own && !chain.is_first() {
        return Err(Refused::saying(Code::BeyondRights, "another's agency"));
    }
    check_rights(chain, &agency.entitlements)
}

fn check_rights(chain: &Chain, entitlements: &[Entitlement]) -> Result<(), Refused> {
    for entitlement in entitlements {
        let of_type = entitlement.document_type.as_str();
        // Of a branch, which has no issuers of its own, the type is asked.
        let mut prefixes = entitlement.issuer_prefixes.iter();
        if !chain.knows(of_type) || !prefixes.all(|prefix| chain.covers(Some(of_type), prefix)) {
            return Err(Refused::saying(Code::BeyondRights, of_type));
        }
    }
    Ok(())
}

pub(super) fn give_back_scopes(
    context: &Context<'_>,
    agency: &AgencyLeaf,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let rules = |id: &str| context.loaded.document_type(id);
    let scopes = scope::scopes(&agency.entitlements, rules)?;
    scope::give_back(context.suite, &scopes, ledger);
    Ok(())
}

fn write(
    context: &Context<'_>,
    terms: &AgencyTerms,
    registrar: Option<String>,
    standing: Standing,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let rules = |id: &str| context.loaded.document_type(id);
    let scopes = scope::scopes(&terms.entitlements, rules)?;
    scope::take(context.suite, &terms.id, &scopes, ledger)?;
    let leaf = AgencyLeaf {
        id: terms.id.clone(),
        name: terms.name.clone(),
        region: terms.region.clone(),
        contact: terms.contact.clone(),
        standing,
        entitlements: terms.entitlements.clone(),
        operation: context.operation,
        identifier: terms.identifier.clone(),
        registrar,
    };
    ledger.write_leaf(key::agency(context.suite, &terms.id), &leaf);
    Ok(())
}

fn check_terms(context: &Context<'_>, chain: &Chain, terms: &AgencyTerms) -> Result<(), Refused> {
    check_id("id", &terms.id)?;
    check_long_text("name", &terms.name)?;
    check_long_text("contact", &terms.contact)?;
    let identifier = terms.identifier.as_deref();
    if identifier.is_some_and(|identifier| !is_credit_code(identifier)) {
        let detail = "the unified social credit code has another check character";
        return Err(Refused::saying(Code::BadIdentity, detail));
    }
    chain.check_region(&terms.region)?;
    if terms.entitlements.len() > ENTITLEMENTS_MAX {
        let detail = format!("at most {ENTITLEMENTS_MAX} entitlements");
        return Err(Refused::saying(Code::BadField, detail));
    }
    for entitlement in &terms.entitlements {
        if (context.loaded.document_type(&entitlement.document_type)).is_none() {
            return Err(Refused::saying(
                Code::UnknownType,
                &entitlement.document_type,
            ));
        }
        check_long_text("legal_basis", &entitlement.legal_basis)?;
        check_prefixes(&entitlement.issuer_prefixes)?;
        chain.check_region(&entitlement.region)?;
    }
    check_rights(chain, &terms.entitlements)
}
