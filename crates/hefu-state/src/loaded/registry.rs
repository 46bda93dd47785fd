//! What acts of governance and admission touch.

use super::{Missing, Touch};
use hefu_types::genesis::{beginnings, ProvenKey};
use hefu_types::key;
use hefu_types::leaf::{
    validator_keys, CouncilLeaf, Entitlement, Holder, Leaf, RegistrarLeaf, Standing,
};
use hefu_types::operation::{
    AddKey, AgencyTerms, CouncilChange, Govern, Operation, SetCouncil, SetRegistrar, SetStanding,
    SetValidators, CHANGES_MAX, ENTITLEMENTS_MAX, NAME_BYTES_MAX, PREFIXES_MAX,
    REGISTRAR_LEVELS_MAX,
};
use hefu_types::{KeyId, Suite};

impl Missing<'_> {
    pub(super) fn add_touched_by_registry(
        &mut self,
        suite: Suite,
        issuer: &str,
        operation: &Operation,
    ) {
        match operation {
            Operation::Govern(govern) => return self.add_govern(suite, govern),
            Operation::AddKey(add) => self.add_key(suite, add),
            Operation::RetireKey(retire) => self.add_existing_key(suite, &retire.key),
            Operation::ConfirmKey(confirm) => self.add_existing_key(suite, &confirm.key),
            Operation::DeclareCompromise(declare) => self.add_existing_key(suite, &declare.key),
            Operation::AdmitAgency(_)
            | Operation::ChangeAgency(_)
            | Operation::AdmitMember(_)
            | Operation::SetRegistrar(_)
            | Operation::SetStanding(_)
            | Operation::Recognise(_) => {}
            _ => return,
        }
        self.add_registrars_from(suite, issuer);
        // What only a registrar does is refused before it reads anything else, and may ask for much.
        if self.loaded.leaf(&key::registrar(suite, issuer)).is_some() {
            self.add_touched_by_registrar(suite, operation);
        }
    }

    fn add_touched_by_registrar(&mut self, suite: Suite, operation: &Operation) {
        match operation {
            Operation::AdmitAgency(admit) => {
                self.add_terms(suite, &admit.agency);
                self.add_new_key(suite, &admit.key);
                if let Some(key) = &admit.management_key {
                    self.add_new_key(suite, key);
                }
            }
            Operation::ChangeAgency(change) => self.add_terms(suite, &change.agency),
            Operation::AdmitMember(admit) => {
                self.add_named(Touch::Member, &admit.id);
                self.add_new_key(suite, &admit.key);
            }
            Operation::SetRegistrar(set) => self.add_registrar(suite, set),
            Operation::SetStanding(set) => self.add_standing(suite, set),
            Operation::Recognise(recognise) => {
                let rule = &recognise.rule;
                self.add_named(Touch::Type, &rule.document_type);
                self.add(Touch::Leaf(key::region(suite, &rule.of)));
            }
            _ => {}
        }
    }

    /// A registrar and those above it.
    fn add_registrars_from(&mut self, suite: Suite, id: &str) {
        let mut id = id.to_owned();
        for _ in 0..REGISTRAR_LEVELS_MAX {
            let key = key::registrar(suite, &id);
            self.add(Touch::Leaf(key));
            match self.loaded.leaf(&key).map(RegistrarLeaf::from_bytes) {
                Some(Ok(RegistrarLeaf {
                    parent: Some(parent),
                    ..
                })) => id = parent,
                _ => return,
            }
        }
    }

    fn add_holder(&mut self, suite: Suite, holder: &Holder) {
        match holder {
            Holder::Agency(id) => self.add_named(Touch::Agency, id),
            Holder::Member(id) => self.add_named(Touch::Member, id),
            Holder::Registrar(id) => self.add_registrars_from(suite, id),
            Holder::Council(_) | Holder::Validator(_) => {}
        }
    }

    /// An agency and the scopes that it has, once for all operations of a block.
    fn add_agency(&mut self, suite: Suite, id: &str) {
        self.add_named(Touch::Agency, id);
        let loaded = self.loaded;
        if let Some(agency) = loaded.agency(id) {
            if self.scoped.insert(id.to_owned()) {
                self.add_scopes(suite, &agency.entitlements);
            }
        }
    }

    /// Who retires gives its scopes back.
    fn add_standing(&mut self, suite: Suite, set: &SetStanding) {
        match &set.of {
            Holder::Agency(id) if set.standing == Standing::Retired => self.add_agency(suite, id),
            of => self.add_holder(suite, of),
        }
    }

    fn add_terms(&mut self, suite: Suite, terms: &AgencyTerms) {
        self.add_agency(suite, &terms.id);
        self.add_scopes(suite, &terms.entitlements);
    }

    fn add_scopes(&mut self, suite: Suite, entitlements: &[Entitlement]) {
        for entitlement in entitlements.iter().take(ENTITLEMENTS_MAX) {
            let Some((profile, _)) = self.profile(&entitlement.document_type) else {
                continue;
            };
            let prefixes = entitlement.issuer_prefixes.iter().take(PREFIXES_MAX);
            for prefix in prefixes.filter(|prefix| prefix.len() <= NAME_BYTES_MAX) {
                for text in beginnings(prefix).chain([prefix.as_str()]) {
                    let key = key::scope(suite, profile.name(), entitlement.part, text);
                    self.add(Touch::Leaf(key));
                }
            }
        }
    }

    fn add_new_key(&mut self, suite: Suite, key: &ProvenKey) {
        self.add(Touch::Key(suite.key_id(&key.key)));
    }

    /// A key that is there, and its holder.
    fn add_existing_key(&mut self, suite: Suite, id: &KeyId) {
        self.add(Touch::Key(*id));
        let loaded = self.loaded;
        if let Some(leaf) = loaded.key(id) {
            self.add_holder(suite, &leaf.holder);
        }
    }

    fn add_registrar(&mut self, suite: Suite, set: &SetRegistrar) {
        self.add_registrars_from(suite, &set.id);
        self.add(Touch::Leaf(key::region(suite, &set.region)));
        for right in set.rights.iter().take(ENTITLEMENTS_MAX) {
            if let Some(document_type) = &right.document_type {
                self.add_named(Touch::Type, document_type);
            }
        }
        if let Some(key) = &set.key {
            self.add_new_key(suite, key);
        }
    }

    fn add_key(&mut self, suite: Suite, add: &AddKey) {
        self.add_holder(suite, &add.holder);
        self.add_new_key(suite, &add.key);
    }

    fn add_govern(&mut self, suite: Suite, govern: &Govern) {
        self.add(Touch::Leaf(key::council(suite)));
        self.add(Touch::Leaf(key::action(suite, &govern.action.id)));
        for signature in &govern.signatures {
            self.add(Touch::Key(signature.key));
        }
        // Whether enough of the seats that sit can sign is asked after each action.
        let sitting = self.loaded.leaf(&key::council(suite));
        let sitting = sitting.and_then(|bytes| CouncilLeaf::from_bytes(bytes).ok());
        for seat in sitting.into_iter().flat_map(|leaf| leaf.seats) {
            self.add(Touch::Key(suite.key_id(&seat.key)));
        }
        for change in govern.action.changes.iter().take(CHANGES_MAX) {
            match change {
                CouncilChange::SetType(rules) => self.add_named(Touch::Type, &rules.id),
                CouncilChange::SetRegion(region) => {
                    self.add(Touch::Leaf(key::region(suite, &region.id)));
                }
                CouncilChange::SetRegistrar(set) => self.add_registrar(suite, set),
                CouncilChange::SetStanding(set) => self.add_standing(suite, set),
                CouncilChange::AddKey(add) => self.add_key(suite, add),
                CouncilChange::RetireKey(retire) => self.add_existing_key(suite, &retire.key),
                CouncilChange::DeclareCompromise(declare) => {
                    self.add_existing_key(suite, &declare.key);
                }
                CouncilChange::SetValidators(set) => self.add_validators(suite, set),
                CouncilChange::ActivateRules(_) | CouncilChange::SetParameters(_) => {}
                CouncilChange::SetCouncil(set) => self.add_council(suite, set),
            }
        }
    }

    /// The keys of the seats that come; those of the seats that sit are loaded with every action.
    fn add_council(&mut self, suite: Suite, set: &SetCouncil) {
        for seat in &set.seats {
            self.add_new_key(suite, &seat.key);
        }
    }

    /// The keys of the validators that come and of those that go.
    fn add_validators(&mut self, suite: Suite, set: &SetValidators) {
        for new in &set.add {
            let of = &new.validator;
            self.add(Touch::Leaf(key::region(suite, &of.region)));
            for key in [&of.consensus, &of.checkpoint, &of.log, &of.peer] {
                self.add_new_key(suite, key);
            }
        }
        let loaded = self.loaded;
        let current = loaded.set.iter().flat_map(|set| &set.validators);
        for leaver in current.filter(|validator| set.remove.contains(&validator.name)) {
            for id in validator_keys(suite, leaver) {
                self.add(Touch::Key(id));
            }
        }
    }
}
