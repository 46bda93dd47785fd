//! Proofs: certificates and receipts out of a published checkpoint.
//!
//! Everything is taken as it was at the published height, so that one checkpoint covers all of it,
//! however far execution has gone on.

use crate::recent::{self, Changes};
use crate::shared::{unreadable, Published, Shared};
use hefu_proof::bundle::{OwnPart, ReceiptBundle};
use hefu_proof::certificate::{ProvenLeaf, StatusCertificate, Value};
use hefu_proof::log::{inclusion_path, ListTree};
use hefu_proof::receipt::{OpenedItem, Receipt};
use hefu_store::columns::Column;
use hefu_store::{OperationPosition, StoreFault};
use hefu_types::key;
use hefu_types::leaf::{
    AgencyLeaf, ClockLeaf, CoverageLeaf, DigestLeaf, Holder, KeyLeaf, Leaf, MemberLeaf,
    RecognitionLeaf, TypeLeaf,
};
use hefu_types::numbering::NumberingLeaf;
use hefu_types::operation::{operation_id, Operation};
use hefu_types::profile::Profile;
use hefu_types::record::{Item, PastStatus, PublicPart, Record};
use hefu_types::statement::SignedHeader;
use hefu_types::{Digest, EntryIndex, Hash, KeyId, OperationId, PrivateRoot, StateKey};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What else a certificate of a document proves.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The rule by which this region recognises the document.
    pub region: Option<String>,
    /// This member.
    pub member: Option<String>,
    /// This agency, and its promise to register all documents of a type for a region.
    pub coverage: Option<(String, String, String)>,
}

/// A certificate in the making: leaves of one published height.
pub struct Prover<'a> {
    shared: &'a Shared,
    published: &'a Published,
    /// What the block wrote of which most is asked, if it is still in memory.
    changes: Option<Changes>,
    values: BTreeMap<StateKey, Value>,
}

impl<'a> Prover<'a> {
    /// Begins with nothing.
    pub fn new(shared: &'a Shared, published: &'a Published) -> Self {
        Self {
            shared,
            published,
            changes: None,
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
        let tree = &self.published.tree;
        let bytes = self.shared.leaf_bytes(tree, &key, self.height())?;
        let leaf = bytes.as_deref().map(L::from_bytes).transpose();
        let leaf = leaf.map_err(|e| unreadable(Column::Leaves, key, e))?;
        let value = bytes.map_or(Value::Absent, |bytes| Value::Leaf(bytes.to_vec().into()));
        self.values.insert(key, value);
        Ok(leaf)
    }

    /// The bytes of a leaf that is not a record, without adding it.
    pub fn peek(&self, key: &StateKey) -> Result<Option<Arc<[u8]>>, StoreFault> {
        let tree = &self.published.tree;
        self.shared.leaf_bytes(tree, key, self.height())
    }

    /// Adds a leaf whose bytes were looked at.
    pub fn put(&mut self, key: StateKey, bytes: &[u8]) {
        self.values.insert(key, Value::Leaf(bytes.to_vec().into()));
    }

    /// Adds whatever stands under a key, or that there is nothing, unless it is a record, which has a
    /// certificate of its own kind. Tells whether it was added.
    pub fn any_leaf(&mut self, key: StateKey) -> Result<bool, StoreFault> {
        let is_there = self.published.tree.value_hash(&key).is_some();
        if is_there && self.shared.store.record_at(&key, self.height())?.is_some() {
            return Ok(false);
        }
        let bytes = self.bytes(&key)?;
        let value = bytes.map_or(Value::Absent, |bytes| Value::Leaf(bytes.into()));
        self.values.insert(key, value);
        Ok(true)
    }

    /// Adds the ranges of a numbering, or that there are none. Tells whether the key is one of a
    /// numbering: anybody may ask with any.
    pub fn numbering(&mut self, key: StateKey) -> Result<bool, StoreFault> {
        let bytes = self.bytes(&key)?;
        if bytes
            .as_deref()
            .is_some_and(|bytes| NumberingLeaf::from_bytes(bytes).is_err())
        {
            return Ok(false);
        }
        let value = bytes.map_or(Value::Absent, |bytes| Value::Leaf(bytes.into()));
        self.values.insert(key, value);
        Ok(true)
    }

    /// Adds a record, or that there is none, and tells it.
    pub fn record(&mut self, key: StateKey) -> Result<Option<Record>, StoreFault> {
        let Some(value_hash) = self.published.tree.value_hash(&key) else {
            self.values.insert(key, Value::Absent);
            return Ok(None);
        };
        let changes = self.changes.as_ref();
        let recent = changes.and_then(|changes| recent::record(changes, &key, &value_hash));
        let stored = match recent {
            Some(_) => None,
            None => self.shared.store.record_at(&key, self.height())?,
        };
        let Some(record) = recent.or(stored.as_deref()) else {
            // Another leaf stands there: proven as what it is.
            let bytes = self.bytes(&key)?.unwrap_or_default();
            self.values.insert(key, Value::Leaf(bytes.into()));
            return Ok(None);
        };
        let record = Record::decode(record).map_err(|e| unreadable(Column::Leaves, key, e))?;
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
            self.leaf::<MemberLeaf>(key::member(suite, member))?;
        }
        if let Some((agency, document_type, region)) = &beside.coverage {
            self.leaf::<AgencyLeaf>(key::agency(suite, agency))?;
            let at = key::coverage(suite, document_type, region, agency);
            self.leaf::<CoverageLeaf>(at)?;
            // The ledger's clock tells of halts: nobody could register while it stood still.
            self.leaf::<ClockLeaf>(key::clock(suite))?;
        }
        let Some(Record { public, .. }) = self.record(key)? else {
            return Ok(());
        };
        self.leaf::<AgencyLeaf>(key::agency(suite, &public.agency))?;
        self.doubtful_keys(&public)?;
        if let Some(terms) = &public.copy {
            // A copy is what its licence is.
            if let Some(licence) = self.record(terms.of)? {
                self.doubtful_keys(&licence.public)?;
            }
        }
        // The ledger's clock tells of halts, by which deadlines are put off.
        let has_deadline =
            public.reversal.is_some() || public.uses.iter().any(|used| used.locked_until.is_some());
        if has_deadline {
            self.leaf::<ClockLeaf>(key::clock(suite))?;
        }
        if let Some(region) = beside
            .region
            .as_ref()
            .filter(|region| **region != public.region)
        {
            let at = key::recognition(suite, region, &public.document_type, &public.region);
            self.leaf::<RecognitionLeaf>(at)?;
        }
        Ok(())
    }

    /// Adds the keys of a record's events, where one was compromised since.
    fn doubtful_keys(&mut self, public: &PublicPart) -> Result<(), StoreFault> {
        let suite = self.shared.network.suite();
        let counter = self.published.signed.checkpoint.compromise_counter;
        for event in [Some(&public.registration), public.status_event.as_ref()]
            .into_iter()
            .flatten()
        {
            if event.compromise_counter != counter {
                self.leaf::<KeyLeaf>(key::public_key(suite, &event.key_id))?;
            }
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

    /// Adds who holds a key, and the key.
    fn signer(&mut self, key_id: &KeyId) -> Result<(), StoreFault> {
        let suite = self.shared.network.suite();
        let key: Option<KeyLeaf> = self.leaf(key::public_key(suite, key_id))?;
        match key.map(|key| key.holder) {
            Some(Holder::Agency(id)) => drop(self.leaf::<AgencyLeaf>(key::agency(suite, &id))?),
            Some(Holder::Member(id)) => drop(self.leaf::<MemberLeaf>(key::member(suite, &id))?),
            // They sign no operation on a document.
            Some(Holder::Registrar(_) | Holder::Council(_) | Holder::Validator(_)) | None => {}
        }
        Ok(())
    }

    /// Adds the document that an operation is about, if the document names it as done: the outer
    /// `None` says that it does not. Tells the private item of a use.
    fn operation(
        &mut self,
        operation: &Operation,
        id: &OperationId,
    ) -> Result<Option<Option<OpenedItem>>, StoreFault> {
        let suite = self.shared.network.suite();
        let Some(record_key) = record_key(self.shared, operation)? else {
            return Ok(None);
        };
        let Some(record) = self.record(record_key)? else {
            return Ok(None);
        };
        // The agency of the record speaks for the document also where a member signed.
        self.leaf::<AgencyLeaf>(key::agency(suite, &record.public.agency))?;
        if let Some(terms) = &record.public.copy {
            // Offline the receipt of a copy tells of its licence, too.
            if let Some(licence) = self.record(terms.of)? {
                self.doubtful_keys(&licence.public)?;
            }
        }
        if record.public.names(id) {
            // An opened item tells whose signature it is, where the operation is a member's.
            return Ok(Some(open_use(suite, &record, id)));
        }
        if let Some(opened) = open_use(suite, &record, id) {
            return Ok(Some(Some(opened)));
        }
        let named = names_rendition(self, operation.digests(), id)?;
        Ok(named.then_some(None))
    }

    /// All that was added, ascending by key, with proofs.
    fn proven(self) -> Vec<ProvenLeaf> {
        let tree = &self.published.tree;
        let prove = |(key, value)| ProvenLeaf {
            key,
            value,
            proof: tree.prove(&key),
        };
        self.values.into_iter().map(prove).collect()
    }

    /// The certificate of all that was added.
    pub fn certificate(self) -> StatusCertificate {
        StatusCertificate {
            format: 0,
            network: self.shared.network.digest(),
            checkpoint: self.published.signed.clone(),
            handovers: self.shared.epochs.chain(self.published.set.epoch),
            leaves: self.proven(),
        }
    }
}

/// The receipt of the operation at a position of a statement, if it was accepted and is covered.
pub fn receipt(
    shared: &Shared,
    published: &Published,
    position: OperationPosition,
) -> Result<Option<Receipt>, StoreFault> {
    let OperationPosition { entry, index } = position;
    let bundle = receipts(shared, published, entry, None, index, 1)?;
    Ok(bundle.and_then(|bundle| bundle.receipts().next().flatten()))
}

/// The receipts of a statement's operations from `first` on, if the published log has the statement.
/// `changes` is what its block wrote, if that is still in memory.
pub fn receipts(
    shared: &Shared,
    published: &Published,
    entry: EntryIndex,
    changes: Option<Changes>,
    first: u32,
    count: u32,
) -> Result<Option<ReceiptBundle>, StoreFault> {
    let suite = shared.network.suite();
    let size = published.signed.checkpoint.size;
    if entry.0 >= size.0 {
        return Ok(None);
    }
    let (Some(cose), Some(operations)) =
        (shared.store.entry(entry)?, shared.store.operations(entry)?)
    else {
        return Ok(None);
    };
    let damaged = |why: &dyn std::fmt::Display| unreadable(Column::Operations, entry, why);
    let header = SignedHeader::read(suite, &shared.network.digest(), &cose)
        .map_err(|error| damaged(&error))?;
    let mut signer = Prover::new(shared, published);
    signer.signer(&header.protected.key_id)?;
    let leaves: Vec<Hash> = operations.iter().map(|op| suite.log_leaf(op)).collect();
    let tree = ListTree::new(suite, leaves);
    let mut own = Vec::new();
    for (index, bytes) in (0_u32..)
        .zip(&operations)
        .skip(first as usize)
        .take(count as usize)
    {
        let operation = Operation::decode(bytes).map_err(|error| damaged(&error))?;
        let id = operation_id(suite, &header.id, index);
        let mut prover = Prover::new(shared, published);
        prover.changes = changes.clone();
        let named = prover.operation(&operation, &id)?;
        own.push(named.map(|opened| {
            // What every receipt of the statement holds stands once for all.
            prover
                .values
                .retain(|key, _| !signer.values.contains_key(key));
            OwnPart {
                operation: bytes.clone().into(),
                index,
                path: tree.path(index as usize),
                leaves: prover.proven(),
                opened,
            }
        }));
    }
    let mut node = |level, index| shared.store.log_node(level, index);
    Ok(Some(ReceiptBundle {
        format: 0,
        network: shared.network.digest(),
        checkpoint: published.signed.clone(),
        handovers: shared.epochs.chain(published.set.epoch),
        leaves: signer.proven(),
        cose: cose.into(),
        entry_index: entry,
        entry_path: inclusion_path(suite, entry, size, &mut node)?,
        own,
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
    let of_operation = |item: &hefu_types::record::PrivateItem| matches!(&item.item, Item::Use(used) if used.names(id));
    let index = record.private.iter().position(of_operation)?;
    let leaves: Vec<Hash> = record
        .private_leaves()
        .iter()
        .map(|leaf| suite.log_leaf(leaf))
        .collect();
    Some(OpenedItem {
        index: u32::try_from(index).ok()?,
        count: u32::try_from(record.private.len()).ok()?,
        item: record.private[index].clone(),
        path: ListTree::new(suite, leaves).path(index),
    })
}

/// The events that left the record under a key, the oldest first, as its older versions still hold them.
/// They are whole only if their chain ends in what the record holds; whoever asks checks that.
pub fn history(
    shared: &Shared,
    published: &Published,
    key: &StateKey,
) -> Result<Option<Vec<PastStatus>>, StoreFault> {
    let height = published.signed.checkpoint.height;
    let mut left: BTreeMap<u32, PastStatus> = BTreeMap::new();
    let mut wanted = None;
    let mut versions = 0;
    shared.store.record_versions(key, height, |bytes| {
        let record = Record::decode(bytes).map_err(|e| unreadable(Column::Leaves, key, e))?;
        // The place of each event among all that the record has had.
        let folded = record.public.history.map_or(0, |folded| folded.count);
        let wanted = *wanted.get_or_insert(folded);
        let past = (folded..).zip(record.public.past);
        left.extend(past.filter(|(at, _)| *at < wanted));
        versions += 1;
        let enough = left.len() >= wanted as usize || versions >= VERSIONS_MAX;
        Ok(if enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(wanted.map(|_| left.into_values().collect()))
}

/// The most versions of a record that are read for its history: each use is one too.
const VERSIONS_MAX: usize = 10_000;

/// The key of the record that an operation is about.
pub fn record_key(shared: &Shared, operation: &Operation) -> Result<Option<StateKey>, StoreFault> {
    let register = match (operation, operation.record()) {
        // A copy has a record of its own.
        (Operation::Lend(lend), _) => {
            let suite = shared.network.suite();
            return Ok(Some(key::copy(suite, &lend.record, &lend.terms.number)));
        }
        (_, Some(record)) => return Ok(Some(*record)),
        (Operation::Register(register), None) => register,
        // Ranges and promises have leaves of their own.
        (_, None) => return Ok(None),
    };
    let suite = shared.network.suite();
    let leaf: Option<TypeLeaf> =
        shared.leaf(&key::document_type(suite, &register.document_type))?;
    let number = leaf
        .and_then(|leaf| Profile::by_name(&leaf.rules.profile))
        .and_then(|profile| profile.check(&register.identity).ok());
    Ok(number.map(|number| key::record(suite, &number)))
}
