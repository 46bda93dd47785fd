//! `set-standing`: an agency, a member or a registrar is suspended, active again, or retired for good.

use super::agency::{check_managed, give_back_scopes};
use super::check_long_text;
use super::registrar::Chain;
use crate::execute::{Context, Ledger, Refused};
use hefu_types::key;
use hefu_types::leaf::{Holder, RegistrarLeaf, Standing};
use hefu_types::operation::SetStanding;
use hefu_types::Code;

pub(crate) fn set(
    context: &Context<'_>,
    set: &SetStanding,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let chain = Chain::signing(context, ledger)?;
    write(context, set, Some(&chain), ledger)
}

/// Writes it where the registrar may; the council may everywhere.
pub(super) fn write(
    context: &Context<'_>,
    set: &SetStanding,
    chain: Option<&Chain>,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    check_long_text("reason", &set.reason)?;
    let unknown = || Refused::saying(Code::UnknownHolder, set.of.id());
    match &set.of {
        Holder::Agency(id) => {
            let mut leaf = ledger.agency(id).ok_or_else(unknown)?;
            if let Some(chain) = chain {
                check_managed(chain, &leaf)?;
            }
            check_step(leaf.standing, set.standing)?;
            if set.standing == Standing::Retired {
                // Its issuers are another's to take over.
                give_back_scopes(context, &leaf, ledger)?;
            }
            leaf.standing = set.standing;
            leaf.operation = context.operation;
            ledger.write_leaf(key::agency(context.suite, id), &leaf);
        }
        Holder::Member(id) => {
            let mut leaf = ledger.member(id).ok_or_else(unknown)?.clone();
            if let Some(chain) = chain {
                chain.check_region(&leaf.region)?;
                if !chain.admits_members() {
                    return Err(Refused::saying(Code::BeyondRights, "members"));
                }
            }
            check_step(leaf.standing, set.standing)?;
            leaf.standing = set.standing;
            leaf.operation = context.operation;
            ledger.write_member(leaf);
        }
        Holder::Registrar(id) => {
            let at = key::registrar(context.suite, id);
            let mut leaf: RegistrarLeaf = ledger.leaf(&at).ok_or_else(unknown)?;
            let above = chain.map(|chain| &chain.own().id);
            if above.is_some() && leaf.parent.as_ref() != above {
                return Err(Refused::saying(Code::BeyondRights, "another's registrar"));
            }
            check_step(leaf.standing, set.standing)?;
            leaf.standing = set.standing;
            leaf.operation = context.operation;
            ledger.write_leaf(at, &leaf);
        }
        Holder::Council(_) | Holder::Validator(_) => return Err(unknown()),
    }
    Ok(())
}

fn check_step(from: Standing, to: Standing) -> Result<(), Refused> {
    match (from, to) {
        (Standing::Retired, _) => Err(Refused::new(Code::HasRetired)),
        (from, to) if from == to => {
            let detail = format!("it is {} already", to.name());
            Err(Refused::saying(Code::BadField, detail))
        }
        _ => Ok(()),
    }
}
