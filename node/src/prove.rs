//! Proofs: certificates and receipts out of a published checkpoint.
//!
//! Everything is taken as it was at the published height, so that one checkpoint covers all of it,
//! however far execution has gone on.

use crate::shared::{unreadable, Published, Shared};
use hefu_proof::certificate::{ProvenLeaf, StatusCertificate, Value};
use hefu_proof::log::{inclusion_path, path_in_list};
use hefu_proof::receipt::{OpenedItem, ProvenOperation, Receipt};
use hefu_store::columns::Column;
use hefu_store::{OperationPosition, StoreFault};
use hefu_types::key;
use hefu_types::leaf::{DigestLeaf, Holder, KeyLeaf, Leaf, TypeLeaf};
use hefu_types::operation::{operation_id, Operation};
use hefu_types::profile::Profile;
use hefu_types::record::{Item, Record};
use hefu_types::statement::SignedHeader;
use hefu_types::{Digest, Hash, OperationId, PrivateRoot, StateKey};
use std::collections::BTreeMap;

/// What else a certificate of a document proves.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The rule by which this region recognises the document.
    pub region: Option<String>,
    /// This member.
    pub member: Option<String>,
}

/// A certificate in the making: leaves of one published height.
pub struct Prover<'a> {
    shared: &'a Shared,
    published: &'a Published,
    values: BTreeMap<StateKey, Value>,
}

impl<'a> Prover<'a> {
    /// Begins with nothing.
    pub fn new(shared: &'a Shared, published: &'a Published) -> Self {
        Self {
            shared,
            published,
            values: BTreeMap::new(),
        }
    }

    fn height(&self) -> u64 {
        self.published.signed.checkpoint.height
    }

    fn bytes(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StoreFault> {
        match self.published.tree.value_hash(key) {
            Some(_) => self.shared.store.load_at(key, self.height()),
            None => Ok(None),
        }
    }

    /// Adds a leaf that is not a record, or its absence, and tells it.
    pub fn leaf<L: Leaf>(&mut self, key: StateKey) -> Result<Option<L>, StoreFault> {
        let bytes = self.bytes(&key)?;
        let leaf = bytes.as_deref().map(L::from_bytes).transpose();
        let leaf = leaf.map_err(|e| unreadable(Column::Leaves, key, e))?;
        let value = bytes.map_or(Value::Absent, |bytes| Value::Leaf(bytes.into()));
        self.values.insert(key, value);
        Ok(leaf)
    }

    /// Adds a record, or that there is none, and tells it.
    pub fn record(&mut self, key: StateKey) -> Result<Option<Record>, StoreFault> {
        let Some(bytes) = self.bytes(&key)? else {
            self.values.insert(key, Value::Absent);
            return Ok(None);
        };
        let Some(record) = self.shared.store.record_at(&key, self.height())? else {
            // Another leaf stands there: proven as what it is.
            self.values.insert(key, Value::Leaf(bytes.into()));
            return Ok(None);
        };
        let record = Record::decode(&record).map_err(|e| unreadable(Column::Leaves, key, e))?;
        let root: PrivateRoot = record.private_root(self.shared.network.suite());
        self.values
            .insert(key, Value::Record(record.public.clone(), root));
        Ok(Some(record))
    }

    /// Adds a document: its record, its agency, its keys where one was compromised since, and what
    /// was asked beside.
    pub fn document(&mut self, key: StateKey, beside: &Beside) -> Result<(), StoreFault> {
        let suite = self.shared.network.suite();
        if let Some(member) = &beside.member {
            self.leaf::<hefu_types::leaf::MemberLeaf>(key::member(suite, member))?;
        }
        let Some(Record { public, .. }) = self.record(key)? else {
            return Ok(());
        };
        self.leaf::<hefu_types::leaf::AgencyLeaf>(key::agency(suite, &public.agency))?;
        let counter = self.published.signed.checkpoint.compromise_counter;
        for event in [Some(&public.registration), public.status_event.as_ref()]
            .into_iter()
            .flatten()
        {
            if event.compromise_counter != counter {
                self.leaf::<KeyLeaf>(key::public_key(suite, &event.key_id))?;
            }
        }
        if let Some(region) = beside
            .region
            .as_ref()
            .filter(|region| **region != public.region)
        {
            let at = key::recognition(suite, region, &public.document_type, &public.region);
            self.leaf::<hefu_types::leaf::RecognitionLeaf>(at)?;
        }
        Ok(())
    }

    /// Adds the document of a rendition, or that the file is not registered.
    pub fn rendition(&mut self, digest: &Digest, beside: &Beside) -> Result<(), StoreFault> {
        let at = key::digest(self.shared.network.suite(), digest);
        match self.leaf::<DigestLeaf>(at)? {
            Some(leaf) => self.document(leaf.record, beside),
            None => Ok(()),
        }
    }

    /// The certificate of all that was added.
    pub fn certificate(self) -> StatusCertificate {
        let tree = &self.published.tree;
        let prove = |(key, value)| ProvenLeaf {
            key,
            value,
            proof: tree.prove(&key),
        };
        StatusCertificate {
            format: 0,
            network: self.shared.network.digest(),
            checkpoint: self.published.signed.clone(),
            handovers: Vec::new(),
            leaves: self.values.into_iter().map(prove).collect(),
        }
    }
}

/// The receipt of the operation at a position of a statement, if it was accepted and is covered.
pub fn receipt(
    shared: &Shared,
    published: &Published,
    position: OperationPosition,
) -> Result<Option<Receipt>, StoreFault> {
    let suite = shared.network.suite();
    let size = published.signed.checkpoint.size;
    let OperationPosition { entry, index } = position;
    if entry.0 >= size.0 {
        return Ok(None);
    }
    let (Some(cose), Some(operations)) =
        (shared.store.entry(entry)?, shared.store.operations(entry)?)
    else {
        return Ok(None);
    };
    let Some(bytes) = operations.get(index as usize) else {
        return Ok(None);
    };
    let damaged = |why: &dyn std::fmt::Display| unreadable(Column::Operations, entry, why);
    let operation = Operation::decode(bytes).map_err(|error| damaged(&error))?;
    let header = SignedHeader::read(suite, &shared.network.digest(), &cose)
        .map_err(|error| damaged(&error))?;
    let id = operation_id(suite, &header.id, index);

    let mut prover = Prover::new(shared, published);
    let key_at = key::public_key(suite, &header.protected.key_id);
    let Some(key_leaf) = prover.leaf::<KeyLeaf>(key_at)? else {
        return Ok(None);
    };
    match &key_leaf.holder {
        Holder::Agency(id) => {
            prover.leaf::<hefu_types::leaf::AgencyLeaf>(key::agency(suite, id))?;
        }
        Holder::Member(id) => {
            prover.leaf::<hefu_types::leaf::MemberLeaf>(key::member(suite, id))?;
        }
        Holder::Registrar(_) | Holder::Council(_) | Holder::Validator(_) => return Ok(None),
    }
    let Some(record_key) = record_key(shared, &operation)? else {
        return Ok(None);
    };
    let Some(record) = prover.record(record_key)? else {
        return Ok(None);
    };
    // The agency of the record speaks for the document also where a member signed.
    let agency = key::agency(suite, &record.public.agency);
    prover.leaf::<hefu_types::leaf::AgencyLeaf>(agency)?;
    let mut opened = None;
    let named = match &operation {
        Operation::Register(register) => {
            record.public.registration.operation == id
                || names_rendition(&mut prover, &register.digests, &id)?
        }
        Operation::Revoke(_) | Operation::Cancel(_) => record
            .public
            .status_event
            .as_ref()
            .is_some_and(|event| event.operation == id),
        Operation::Consume(_) => {
            opened = open_use(suite, &record, &id);
            opened.is_some()
        }
    };
    if !named {
        return Ok(None);
    }
    let leaves: Vec<Hash> = operations.iter().map(|op| suite.log_leaf(op)).collect();
    let mut node = |level, index| shared.store.log_node(level, index);
    let operation = ProvenOperation {
        operation: bytes.clone().into(),
        index,
        path: path_in_list(suite, &leaves, index as usize),
        cose: cose.into(),
        entry_index: entry,
        entry_path: inclusion_path(suite, entry, size, &mut node)?,
    };
    Ok(Some(Receipt {
        certificate: prover.certificate(),
        operation,
        opened,
        disclosed: None,
    }))
}

/// Adds the leaf of the rendition that an operation added to a document that was there already.
fn names_rendition(
    prover: &mut Prover<'_>,
    digests: &[Digest],
    id: &OperationId,
) -> Result<bool, StoreFault> {
    let suite = prover.shared.network.suite();
    for digest in digests {
        let at = key::digest(suite, digest);
        if prover
            .leaf::<DigestLeaf>(at)?
            .is_some_and(|leaf| leaf.operation == *id)
        {
            return Ok(true);
        }
        prover.values.remove(&at);
    }
    Ok(false)
}

fn open_use(suite: hefu_types::Suite, record: &Record, id: &OperationId) -> Option<OpenedItem> {
    let of_operation = |item: &hefu_types::record::PrivateItem| matches!(&item.item, Item::Use(used) if used.operation == *id);
    let index = record.private.iter().position(of_operation)?;
    let leaves: Vec<Hash> = record
        .private_leaves()
        .iter()
        .map(|leaf| suite.log_leaf(leaf))
        .collect();
    Some(OpenedItem {
        index: u32::try_from(index).ok()?,
        count: u32::try_from(leaves.len()).ok()?,
        item: record.private[index].clone(),
        path: path_in_list(suite, &leaves, index),
    })
}

/// The key of the record that an operation is about.
pub fn record_key(shared: &Shared, operation: &Operation) -> Result<Option<StateKey>, StoreFault> {
    let register = match operation {
        Operation::Register(register) => register,
        Operation::Revoke(revoke) => return Ok(Some(revoke.record)),
        Operation::Cancel(cancel) => return Ok(Some(cancel.record)),
        Operation::Consume(consume) => return Ok(Some(consume.record)),
    };
    let suite = shared.network.suite();
    let leaf: Option<TypeLeaf> =
        shared.leaf(&key::document_type(suite, &register.document_type))?;
    let number = leaf
        .and_then(|leaf| Profile::by_name(&leaf.rules.profile))
        .and_then(|profile| profile.check(&register.identity).ok());
    Ok(number.map(|number| key::record(suite, &number)))
}
