//! `add-key`, `retire-key`, `confirm-key`, `declare-compromise`: the keys of who was admitted.
//!
//! A registrar manages the keys of its region; a management key those of its holder, and nothing else. A
//! key stands in one place for ever, and whoever brings one shows that its holder has it.

use super::agency::check_managed;
use super::check_long_text;
use super::registrar::Chain;
use crate::execute::{Context, Ledger, Refused};
use hefu_types::genesis::ProvenKey;
use hefu_types::key;
use hefu_types::leaf::{Holder, KeyLeaf, KeyRole, RegistrarLeaf, Standing};
use hefu_types::operation::{AddKey, ConfirmKey, DeclareCompromise, RetireKey};
use hefu_types::{possession, Code, KeyId, Millis};

/// A key that comes onto the ledger.
pub(super) struct NewKey<'a> {
    pub holder: Holder,
    pub role: KeyRole,
    pub key: &'a ProvenKey,
    pub valid_from: Option<Millis>,
    pub valid_before: Millis,
}

impl NewKey<'_> {
    pub(super) fn write(
        self,
        context: &Context<'_>,
        ledger: &mut Ledger<'_>,
    ) -> Result<(), Refused> {
        let role = self.holder.possession_role(self.role);
        self.write_with_role(context, role, ledger)
    }

    /// The same under another role in its proof of possession: a validator has four.
    pub(super) fn write_with_role(
        self,
        context: &Context<'_>,
        possession_role: &str,
        ledger: &mut Ledger<'_>,
    ) -> Result<(), Refused> {
        let ProvenKey { key, proof } = self.key;
        let now = context.block_time;
        let valid_from = self.valid_from.unwrap_or(now);
        if self.valid_before <= now || self.valid_before <= valid_from || valid_from < now {
            let detail = "the key's time must lie ahead";
            return Err(Refused::saying(Code::BadField, detail));
        }
        let id = context.suite.key_id(key);
        if ledger.key(&id).is_some() {
            return Err(Refused::saying(Code::KeyTaken, id.to_string()));
        }
        let (network, holder) = (&context.network_id, self.holder.id());
        possession::check(context.suite, network, possession_role, holder, key, proof)
            .map_err(|_| Refused::new(Code::BadPossession))?;
        let leaf = KeyLeaf {
            key: *key,
            holder: self.holder,
            valid_from,
            valid_before: self.valid_before,
            retired_at: None,
            compromised_since: None,
            operation: context.operation,
            role: self.role,
            confirmed_at: None,
        };
        ledger.write_leaf(key::public_key(context.suite, &id), &leaf);
        Ok(())
    }
}

/// By whose authority keys are managed.
pub(super) enum Manager {
    Council,
    Registrar(Chain),
    /// A management key of the holder itself.
    Holder(Holder),
}

impl Manager {
    fn signing(context: &Context<'_>, ledger: &Ledger<'_>) -> Result<Self, Refused> {
        match (&context.key.holder, context.key.role) {
            (holder, KeyRole::Management) => Ok(Self::Holder(holder.clone())),
            (Holder::Registrar(_), _) => Ok(Self::Registrar(Chain::signing(context, ledger)?)),
            _ => Err(Refused::new(Code::WrongKeyRole)),
        }
    }

    /// Whether it manages the keys of a holder, who must be there.
    fn check(
        &self,
        context: &Context<'_>,
        holder: &Holder,
        ledger: &Ledger<'_>,
    ) -> Result<(), Refused> {
        let unknown = || Refused::saying(Code::UnknownHolder, holder.id());
        let chain = match self {
            Self::Holder(own) if own == holder => {
                check_is_active(context, own, ledger)?;
                None
            }
            Self::Holder(_) => return Err(Refused::new(Code::NotEntitled)),
            Self::Council => None,
            Self::Registrar(chain) => Some(chain),
        };
        match holder {
            Holder::Agency(id) => {
                let leaf = ledger.agency(id).ok_or_else(unknown)?;
                chain.map_or(Ok(()), |chain| check_managed(chain, &leaf))
            }
            Holder::Member(id) => {
                let leaf = ledger.member(id).ok_or_else(unknown)?;
                match chain {
                    Some(chain) if !chain.admits_members() => {
                        Err(Refused::saying(Code::BeyondRights, "members"))
                    }
                    Some(chain) => chain.check_region(&leaf.region),
                    None => Ok(()),
                }
            }
            Holder::Registrar(id) => {
                let leaf = ledger.leaf(&key::registrar(context.suite, id));
                let leaf: RegistrarLeaf = leaf.ok_or_else(unknown)?;
                match chain {
                    Some(chain) if leaf.parent.as_ref() != Some(&chain.own().id) => {
                        Err(Refused::saying(Code::BeyondRights, "another's registrar"))
                    }
                    _ => Ok(()),
                }
            }
            // Seats and validators change with their council and their set; their keys may leak.
            Holder::Council(_) | Holder::Validator(_) => match self {
                Self::Council => Ok(()),
                _ => Err(Refused::new(Code::NotEntitled)),
            },
        }
    }
}

/// Who is suspended or has retired does nothing, nor with a key that manages keys.
fn check_is_active(
    context: &Context<'_>,
    holder: &Holder,
    ledger: &Ledger<'_>,
) -> Result<(), Refused> {
    match standing_of(context, holder, ledger) {
        Some(standing) if !standing.is_active() => Err(Refused::new(Code::HolderNotActive)),
        _ => Ok(()),
    }
}

fn standing_of(context: &Context<'_>, holder: &Holder, ledger: &Ledger<'_>) -> Option<Standing> {
    match holder {
        Holder::Agency(id) => Some(ledger.agency(id)?.standing),
        Holder::Member(id) => Some(ledger.member(id)?.standing),
        Holder::Registrar(id) => {
            let leaf: RegistrarLeaf = ledger.leaf(&key::registrar(context.suite, id))?;
            Some(leaf.standing)
        }
        Holder::Council(_) | Holder::Validator(_) => None,
    }
}

pub(crate) fn add(
    context: &Context<'_>,
    add: &AddKey,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let manager = Manager::signing(context, ledger)?;
    add_by(context, add, &manager, ledger)
}

pub(super) fn add_by(
    context: &Context<'_>,
    add: &AddKey,
    manager: &Manager,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    if let Holder::Council(_) | Holder::Validator(_) = add.holder {
        let detail = "the seats and validators change as a whole";
        return Err(Refused::saying(Code::BadField, detail));
    }
    manager.check(context, &add.holder, ledger)?;
    if standing_of(context, &add.holder, ledger) == Some(Standing::Retired) {
        return Err(Refused::new(Code::HasRetired));
    }
    // Else who took a management key could never be locked out.
    if matches!(manager, Manager::Holder(_)) && add.role == KeyRole::Management {
        return Err(Refused::new(Code::WrongKeyRole));
    }
    let key = NewKey {
        holder: add.holder.clone(),
        role: add.role,
        key: &add.key,
        valid_from: add.valid_from,
        valid_before: add.valid_before,
    };
    key.write(context, ledger)
}

pub(crate) fn retire(
    context: &Context<'_>,
    retire: &RetireKey,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let manager = Manager::signing(context, ledger)?;
    retire_by(context, retire, &manager, ledger)
}

pub(super) fn retire_by(
    context: &Context<'_>,
    retire: &RetireKey,
    manager: &Manager,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let mut leaf = managed_key(context, &retire.key, manager, ledger)?;
    if leaf.retired_at.is_some() {
        return Err(Refused::because_of(Code::HasRetired, leaf.operation));
    }
    leaf.retired_at = Some(context.block_time);
    write(context, &retire.key, leaf, ledger);
    Ok(())
}

/// A key that is there, of a holder that is managed by who signs.
fn managed_key(
    context: &Context<'_>,
    id: &KeyId,
    manager: &Manager,
    ledger: &Ledger<'_>,
) -> Result<KeyLeaf, Refused> {
    let unknown = || Refused::saying(Code::UnknownHolder, id.to_string());
    let leaf = ledger.key(id).ok_or_else(unknown)?;
    manager.check(context, &leaf.holder, ledger)?;
    if matches!(manager, Manager::Holder(_)) && leaf.role == KeyRole::Management {
        return Err(Refused::new(Code::WrongKeyRole));
    }
    Ok(leaf)
}

fn write(context: &Context<'_>, id: &KeyId, leaf: KeyLeaf, ledger: &mut Ledger<'_>) {
    let leaf = KeyLeaf {
        operation: context.operation,
        ..leaf
    };
    ledger.write_leaf(key::public_key(context.suite, id), &leaf);
}

pub(crate) fn confirm(
    context: &Context<'_>,
    confirm: &ConfirmKey,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let manager = Manager::signing(context, ledger)?;
    let mut leaf = managed_key(context, &confirm.key, &manager, ledger)?;
    if !leaf.signs_at(context.block_time) {
        return Err(Refused::new(Code::KeyNotValid));
    }
    leaf.confirmed_at = Some(context.block_time);
    write(context, &confirm.key, leaf, ledger);
    Ok(())
}

pub(crate) fn compromise(
    context: &Context<'_>,
    declare: &DeclareCompromise,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    // Never by a key of the holder: who took one could make everything doubtful.
    let manager = Manager::Registrar(Chain::signing(context, ledger)?);
    compromise_by(context, declare, &manager, ledger)
}

pub(super) fn compromise_by(
    context: &Context<'_>,
    declare: &DeclareCompromise,
    manager: &Manager,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    check_long_text("reason", &declare.reason)?;
    let mut leaf = managed_key(context, &declare.key, manager, ledger)?;
    let since = declare.since;
    let confirmed = leaf.confirmed_at.is_some_and(|at| since < at);
    let is_later = leaf.compromised_since.is_some_and(|before| since >= before);
    if since > context.block_time || since < leaf.valid_from || confirmed || is_later {
        return Err(Refused::new(Code::BadCompromiseTime));
    }
    leaf.compromised_since = Some(since);
    write(context, &declare.key, leaf, ledger);
    ledger.count_compromise();
    Ok(())
}
