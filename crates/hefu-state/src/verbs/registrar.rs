//! Registrars: who admits agencies and members of a region, at several levels. A right narrows from level
//! to level: what a registrar may grant is what it and everybody above it may.

use super::{check_id, check_long_text, keys};
use crate::execute::{check_works, Context, Ledger, Refused};
use hefu_types::key;
use hefu_types::leaf::{
    Holder, KeyRole, MemberLeaf, RegionLeaf, RegistrarLeaf, RegistrarRight, Standing,
};
use hefu_types::operation::{
    AdmitMember, SetRegistrar, ENTITLEMENTS_MAX, NAME_BYTES_MAX, PREFIXES_MAX, REGISTRAR_LEVELS_MAX,
};
use hefu_types::Code;

/// A registrar, and those above it up to the one that the council admitted.
pub(super) struct Chain(Vec<RegistrarLeaf>);

impl Chain {
    fn of(context: &Context<'_>, id: &str, ledger: &Ledger<'_>) -> Result<Self, Refused> {
        let mut chain = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(id) = next {
            let leaf: Option<RegistrarLeaf> = ledger.leaf(&key::registrar(context.suite, &id));
            let leaf = leaf.filter(|_| chain.len() < REGISTRAR_LEVELS_MAX);
            let leaf = leaf.ok_or_else(|| Refused::new(Code::NotEntitled))?;
            if !leaf.standing.is_active() {
                return Err(Refused::saying(Code::HolderNotActive, &leaf.id));
            }
            next = leaf.parent.clone();
            chain.push(leaf);
        }
        Ok(Self(chain))
    }

    /// The registrar that signs, if it is one and all above it are active.
    pub(super) fn signing(context: &Context<'_>, ledger: &Ledger<'_>) -> Result<Self, Refused> {
        let Holder::Registrar(id) = &context.key.holder else {
            let detail = "only a registrar does this";
            return Err(Refused::saying(Code::NotEntitled, detail));
        };
        check_works(context.key)?;
        Self::of(context, id, ledger)
    }

    /// The registrar itself.
    pub(super) fn own(&self) -> &RegistrarLeaf {
        self.0.first().expect("a chain holds the registrar itself")
    }

    /// Whether the council admitted it.
    pub(super) fn is_first(&self) -> bool {
        self.own().parent.is_none()
    }

    /// Whether it and all above it may grant a type, or all types, to the issuers of a prefix.
    pub(super) fn covers(&self, document_type: Option<&str>, prefix: &str) -> bool {
        let covers = |of: &RegistrarLeaf| {
            (of.rights.iter()).any(|right| right.covers(document_type, prefix))
        };
        self.0.iter().all(covers)
    }

    /// Whether it and all above it grant a type to anybody.
    pub(super) fn knows(&self, document_type: &str) -> bool {
        let of_type = |right: &RegistrarRight| {
            (right.document_type.as_deref()).is_none_or(|of| of == document_type)
        };
        (self.0.iter()).all(|of| of.rights.iter().any(of_type))
    }

    /// Whether it and all above it admit members.
    pub(super) fn admits_members(&self) -> bool {
        self.0.iter().all(|of| of.admits_members)
    }

    pub(super) fn check_region(&self, region: &str) -> Result<(), Refused> {
        if self.own().region == region {
            Ok(())
        } else {
            Err(Refused::saying(Code::BeyondRights, "the region"))
        }
    }
}

pub(crate) fn admit_member(
    context: &Context<'_>,
    admit: &AdmitMember,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let chain = Chain::signing(context, ledger)?;
    chain.check_region(&admit.region)?;
    if !chain.admits_members() {
        return Err(Refused::saying(Code::BeyondRights, "members"));
    }
    check_id("id", &admit.id)?;
    if ledger.member(&admit.id).is_some() {
        return Err(Refused::new(Code::IdTaken));
    }
    let key = keys::NewKey {
        holder: Holder::Member(admit.id.clone()),
        role: KeyRole::Operational,
        key: &admit.key,
        valid_from: None,
        valid_before: admit.key_valid_before,
    };
    key.write(context, ledger)?;
    ledger.write_member(MemberLeaf {
        id: admit.id.clone(),
        region: admit.region.clone(),
        identifier: admit.identifier,
        standing: Standing::Active,
        operation: context.operation,
        locks: None,
    });
    Ok(())
}

pub(crate) fn set(
    context: &Context<'_>,
    set: &SetRegistrar,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let chain = Chain::signing(context, ledger)?;
    chain.check_region(&set.region)?;
    if chain.0.len() == REGISTRAR_LEVELS_MAX {
        let detail = format!("at most {REGISTRAR_LEVELS_MAX} levels");
        return Err(Refused::saying(Code::BeyondRights, detail));
    }
    if set.admits_members && !chain.admits_members() {
        return Err(Refused::saying(Code::BeyondRights, "members"));
    }
    for right in &set.rights {
        let of_type = right.document_type.as_deref();
        let beyond = |prefix: &&String| !chain.covers(of_type, prefix);
        if let Some(prefix) = right.issuer_prefixes.iter().find(beyond) {
            let detail = format!("{} {prefix:?}", of_type.unwrap_or("every type"));
            return Err(Refused::saying(Code::BeyondRights, detail));
        }
    }
    let parent = chain.own().id.clone();
    ledger.attempt(|ledger| write(context, set, Some(parent), ledger))
}

/// Writes a registrar below another, or below the council. One that is there keeps its place and region.
pub(super) fn write(
    context: &Context<'_>,
    set: &SetRegistrar,
    parent: Option<String>,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    check_id("id", &set.id)?;
    check_long_text("name", &set.name)?;
    check_rights(context, &set.rights)?;
    let region = key::region(context.suite, &set.region);
    if ledger.leaf::<RegionLeaf>(&region).is_none() {
        return Err(Refused::new(Code::UnknownRegion));
    }
    let at = key::registrar(context.suite, &set.id);
    let before: Option<RegistrarLeaf> = ledger.leaf(&at);
    match (&before, &set.key) {
        (None, Some(key)) => {
            let key = keys::NewKey {
                holder: Holder::Registrar(set.id.clone()),
                role: KeyRole::Operational,
                key,
                valid_from: None,
                valid_before: hefu_types::Millis(u64::MAX),
            };
            key.write(context, ledger)?;
        }
        (None, None) => {
            let detail = "a new registrar has a key";
            return Err(Refused::saying(Code::BadField, detail));
        }
        (Some(_), Some(_)) => return Err(Refused::new(Code::IdTaken)),
        (Some(before), None) => {
            if before.parent != parent || before.region != set.region {
                return Err(Refused::saying(Code::BeyondRights, "another's registrar"));
            }
            if before.standing == Standing::Retired {
                return Err(Refused::new(Code::HasRetired));
            }
        }
    }
    let leaf = RegistrarLeaf {
        id: set.id.clone(),
        name: set.name.clone(),
        region: set.region.clone(),
        parent,
        rights: set.rights.clone(),
        admits_members: set.admits_members,
        standing: before.map_or(Standing::Active, |before| before.standing),
        operation: context.operation,
    };
    ledger.write_leaf(at, &leaf);
    Ok(())
}

fn check_rights(context: &Context<'_>, rights: &[RegistrarRight]) -> Result<(), Refused> {
    if rights.len() > ENTITLEMENTS_MAX {
        let detail = format!("at most {ENTITLEMENTS_MAX} rights");
        return Err(Refused::saying(Code::BadField, detail));
    }
    for right in rights {
        let of_type = right.document_type.as_deref();
        if of_type.is_some_and(|id| context.loaded.document_type(id).is_none()) {
            return Err(Refused::new(Code::UnknownType));
        }
        check_prefixes(&right.issuer_prefixes)?;
    }
    Ok(())
}

pub(super) fn check_prefixes(prefixes: &[String]) -> Result<(), Refused> {
    let fits =
        |prefix: &String| prefix.len() <= NAME_BYTES_MAX && !prefix.chars().any(char::is_control);
    if prefixes.len() <= PREFIXES_MAX && prefixes.iter().all(fits) {
        Ok(())
    } else {
        let detail =
            format!("at most {PREFIXES_MAX} prefixes of at most {NAME_BYTES_MAX} bytes each");
        Err(Refused::saying(Code::BadField, detail))
    }
}
