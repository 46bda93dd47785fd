//! Receipts: all that is needed to check a document offline.
//!
//! A receipt holds one accepted operation, its path in the signed statement, the statement's place
//! in the log, and under the same checkpoint the document's record, the signer and the signing key.
//! That the operation was accepted is said by the record: it names the operations of its
//! registration, of its last events, or an opened private item names that of a use. It holds if
//!
//! 1. its certificate holds ([`crate::certificate`]), and no path is longer than [`PATH_LENGTH_MAX`];
//! 2. its COSE_Sign1 is a statement of this network with 1 to 4,096 operations (`hefu_types::cose`), the
//!    leaf of its key id is proven, its signature verifies under that key, and the key's holder has the id
//!    of the header's issuer;
//! 3. the COSE_Sign1 is the log's entry at `entry_index`: `entry_path` leads from its leaf to the
//!    checkpoint's log root in a log of the checkpoint's size (RFC 9162, section 2.1.3.2);
//! 4. the operation is the statement's at `index`: `path` leads from its leaf to the payload's root in a
//!    tree of the payload's count;
//! 5. the record of the operation (`hefu_types::operation`) is proven; of a registration it has the
//!    operation's type and legal issuer. The type's profile is that of genesis, and the identity is written
//!    in its normal form (`hefu_types::profile`);
//! 6. the item that is opened, where one is, is the record's: its path leads from the leaf of its canonical
//!    bytes to the private root, and it is a use that names the operation;
//! 7. the operation is named (`hefu_types::record`): a registration by the record's registration, any other
//!    by the public part or the opened item; each also by the leaf of a file that it brings, which must be
//!    of this record;
//! 8. the holder of the key is an agency or a member whose leaf is proven;
//! 9. facts that are disclosed lead to the record's fact root ([`crate::fact`]).
//!
//! The key need not be live at the checkpoint: it was when the statement was executed, or the operation
//! would not have been accepted. What it means that it was compromised is said in [`crate::certificate`].

use crate::certificate::{unreadable, CertificateError, StatusCertificate, VerifiedState};
use crate::fact::{self, FactLeaf, OpenFact};
use crate::log::{self, PathError, PATH_LENGTH_MAX};
use crate::verifier::Verifier;
use hefu_types::canonical::{self, DecodeError};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, DigestLeaf, Holder, KeyLeaf, MemberLeaf};
use hefu_types::operation::{operation_id, Operation};
use hefu_types::profile::Profile;
use hefu_types::record::{Item, PrivateItem, PublicPart, UseItem};
use hefu_types::statement::{SignedHeader, StatementError};
use hefu_types::{EntryIndex, Hash, OperationId, Salt, StateKey, TreeSize};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// The longest receipt in bytes.
pub const RECEIPT_BYTES_MAX: usize = 1024 * 1024;

/// One operation with all that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// Record, signer and key under one checkpoint.
    #[n(0)]
    pub certificate: StatusCertificate,
    /// The operation and its way into the log.
    #[n(1)]
    pub operation: ProvenOperation,
    /// The private item of a use.
    #[n(2)]
    pub opened: Option<OpenedItem>,
    /// What the issuer gives to the holder.
    #[n(3)]
    pub disclosed: Option<Disclosed>,
}

/// An operation, its path in the statement, and the statement's path in the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProvenOperation {
    /// The operation's bytes.
    #[n(0)]
    pub operation: ByteVec,
    /// Its position in the statement.
    #[n(1)]
    pub index: u32,
    /// Its path in the tree of the statement's operations.
    #[n(2)]
    pub path: Vec<Hash>,
    /// The statement's COSE_Sign1: the log entry.
    #[n(3)]
    pub cose: ByteVec,
    /// The entry's index in the log.
    #[n(4)]
    pub entry_index: EntryIndex,
    /// The entry's path in the log of the checkpoint's size.
    #[n(5)]
    pub entry_path: Vec<Hash>,
}

/// A private item of the record with its path to the private root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenedItem {
    /// Its position among the items.
    #[n(0)]
    pub index: u32,
    /// How many items the record has.
    #[n(1)]
    pub count: u32,
    /// The item.
    #[n(2)]
    pub item: PrivateItem,
    /// Its path.
    #[n(3)]
    pub path: Vec<Hash>,
}

/// What travels with the receipt from the issuer to the holder and is nobody else's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Disclosed {
    /// The leaves under the record's fact root: facts with their salts, hashes of the hidden ones.
    #[n(0)]
    pub facts: Vec<FactLeaf>,
    /// The salt of the commitment to the named member.
    #[n(1)]
    pub named_member_salt: Option<Salt>,
}

impl Disclosed {
    /// The facts that are open, ascending by name.
    pub fn open_facts(&self) -> impl Iterator<Item = &OpenFact> {
        self.facts.iter().filter_map(FactLeaf::open)
    }

    /// How many facts are hidden.
    pub fn hidden(&self) -> usize {
        self.facts.len() - self.open_facts().count()
    }
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not the canonical bytes of one.
    #[error("the receipt cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Its state part does not hold.
    #[error("the receipt does not hold: {0}")]
    Certificate(#[from] CertificateError),
    /// The statement in it is not one for this network.
    #[error("the statement in the receipt does not hold: {0}")]
    Statement(#[from] StatementError),
    /// The signature of the statement does not verify under the proven key.
    #[error("the statement in the receipt is not signed by the key that it names")]
    BadSignature,
    /// The signer is not who holds the key.
    #[error("the statement names another issuer than the holder of its key")]
    OtherHolder,
    /// The operation is not one of the statement.
    #[error("the operation is not part of the signed statement: {0}")]
    OperationPath(PathError),
    /// The statement is not in the log.
    #[error("the statement is not in the log: {0}")]
    EntryPath(PathError),
    /// A path is longer than any tree asks for.
    #[error("a path in the receipt is too long")]
    PathTooLong,
    /// The record does not name the operation.
    #[error("the record does not name this operation as done")]
    NotNamed,
    /// The record is not the one that the operation is about.
    #[error("the record does not agree with the operation")]
    OtherRecord,
    /// The opened private item is not one of the record.
    #[error("the opened item is not part of the record: {0}")]
    ItemPath(PathError),
    /// The facts that came with it are not those of the record.
    #[error("the facts in the receipt are not those that were registered")]
    OtherFacts,
}

impl ReceiptError {
    /// The name for programs, of the innermost cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => unreadable(error),
            Self::Certificate(error) => error.reason(),
            Self::Statement(error) => match error {
                StatementError::Unreadable(error) => unreadable(error),
                StatementError::OtherNetwork => "other-network",
                StatementError::OtherAlgorithm => "other-algorithm",
                StatementError::BadCount => "bad-count",
                StatementError::OtherOperations => "other-operations",
                StatementError::UnreadableOperation { error, .. } => unreadable(error),
                StatementError::NameTooLong => "name-too-long",
            },
            Self::BadSignature => "bad-signature",
            Self::OtherHolder => "other-holder",
            Self::OperationPath(error) | Self::EntryPath(error) | Self::ItemPath(error) => {
                error.reason()
            }
            Self::PathTooLong => "path-too-long",
            Self::NotNamed => "not-named",
            Self::OtherRecord => "other-record",
            Self::OtherFacts => "other-facts",
        }
    }
}

/// Who signed an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// An agency.
    Agency(AgencyLeaf),
    /// A member.
    Member(MemberLeaf),
}

/// A receipt that was checked.
#[derive(Clone, Debug)]
pub struct VerifiedReceipt {
    pub(crate) state: VerifiedState,
    operation: Operation,
    operation_id: OperationId,
    record_key: StateKey,
    record: PublicPart,
    signer: Signer,
    signing_key: KeyLeaf,
    used: Option<UseItem>,
    disclosed: Disclosed,
}

impl VerifiedReceipt {
    /// Everything else that the receipt's checkpoint proved.
    pub fn state(&self) -> &VerifiedState {
        &self.state
    }
    /// The operation that was done.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }
    /// Its identity.
    pub fn operation_id(&self) -> OperationId {
        self.operation_id
    }
    /// The key of the document's record.
    pub fn record_key(&self) -> StateKey {
        self.record_key
    }
    /// The document's record at the checkpoint.
    pub fn record(&self) -> &PublicPart {
        &self.record
    }
    /// Who signed.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }
    /// The key that signed, as it is at the checkpoint.
    pub fn signing_key(&self) -> &KeyLeaf {
        &self.signing_key
    }
    /// The use, where the operation is one.
    pub fn used(&self) -> Option<&UseItem> {
        self.used.as_ref()
    }
    /// Facts and salts that belong to the record.
    pub fn disclosed(&self) -> &Disclosed {
        &self.disclosed
    }
    /// The same with what another receipt of the record discloses, as far as it is still so.
    #[must_use]
    pub fn with_disclosed_of(mut self, other: &Self) -> Self {
        let is_same =
            self.record_key == other.record_key && self.record.fact_root == other.record.fact_root;
        if is_same && self.disclosed == Disclosed::default() {
            self.disclosed = other.disclosed.clone();
        }
        self
    }
}

impl Receipt {
    /// The bytes of a receipt file.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        Ok(canonical::decode(bytes, RECEIPT_BYTES_MAX)?)
    }

    /// Checks everything, offline, with nothing but the network's genesis. Who has many receipts
    /// checks them with one [`Verifier`].
    pub fn verify(&self, network: &Network) -> Result<VerifiedReceipt, ReceiptError> {
        Verifier::new(network).receipt(self)
    }

    /// Checks what is this operation's own: the certificate holds, and the statement is signed by this
    /// key and in the log.
    pub(crate) fn verify_operation(
        &self,
        network: &Network,
        state: VerifiedState,
        header: &SignedHeader,
        signing_key: KeyLeaf,
    ) -> Result<VerifiedReceipt, ReceiptError> {
        let suite = network.suite();
        let proven = &self.operation;
        // The operation: one of the statement's.
        log::verify_inclusion(
            suite,
            &suite.log_leaf(&proven.operation),
            EntryIndex(u64::from(proven.index)),
            TreeSize(u64::from(header.payload.operation_count)),
            &proven.path,
            &header.payload.operations_root,
        )
        .map_err(ReceiptError::OperationPath)?;
        let operation = Operation::decode(&proven.operation)?;
        let operation_id = operation_id(suite, &header.id, proven.index);

        // Its record: it names the operation, so the operation was accepted.
        let record_key = record_key(network, &operation)?;
        let record = state
            .record(&record_key)?
            .ok_or(CertificateError::Missing("the record"))?
            .clone();
        let used = self.named_use(suite, &state, &record_key, &operation_id)?;
        let named = match &operation {
            Operation::Register(register) => {
                if register.document_type != record.document_type
                    || register.identity.legal_issuer != record.legal_issuer
                {
                    return Err(ReceiptError::OtherRecord);
                }
                record.registration.operation == operation_id
                    || names_rendition(suite, &state, &record_key, &operation, &operation_id)
            }
            _ => {
                record.names(&operation_id)
                    || used.is_some()
                    || names_rendition(suite, &state, &record_key, &operation, &operation_id)
            }
        };
        if !named {
            return Err(ReceiptError::NotNamed);
        }
        let signer = signer(suite, &state, &signing_key)?;
        let disclosed = self.disclosed.clone().unwrap_or_default();
        if !disclosed.facts.is_empty()
            && (record.fact_root.is_none()
                || fact::root(suite, &disclosed.facts) != record.fact_root)
        {
            return Err(ReceiptError::OtherFacts);
        }
        Ok(VerifiedReceipt {
            state,
            operation,
            operation_id,
            record_key,
            record,
            signer,
            signing_key,
            used,
            disclosed,
        })
    }

    /// The opened use item, if it is one of the record and names the operation.
    fn named_use(
        &self,
        suite: hefu_types::Suite,
        state: &VerifiedState,
        record_key: &StateKey,
        operation: &OperationId,
    ) -> Result<Option<UseItem>, ReceiptError> {
        let Some(opened) = &self.opened else {
            return Ok(None);
        };
        let Some(crate::certificate::Value::Record(_, private_root)) = state.value(record_key)
        else {
            return Err(CertificateError::Missing("the record").into());
        };
        if opened.path.len() > PATH_LENGTH_MAX {
            return Err(ReceiptError::PathTooLong);
        }
        log::verify_inclusion(
            suite,
            &suite.log_leaf(&canonical::encode(&opened.item)),
            EntryIndex(u64::from(opened.index)),
            TreeSize(u64::from(opened.count)),
            &opened.path,
            &Hash(private_root.0),
        )
        .map_err(ReceiptError::ItemPath)?;
        match &opened.item.item {
            Item::Use(item) if item.names(operation) => Ok(Some(item.clone())),
            _ => Err(ReceiptError::NotNamed),
        }
    }
}

/// Whether a proven leaf of a rendition of the record names the operation, which added it to a document
/// that was there already.
fn names_rendition(
    suite: hefu_types::Suite,
    state: &VerifiedState,
    record_key: &StateKey,
    operation: &Operation,
    id: &OperationId,
) -> bool {
    operation.digests().iter().any(|digest| {
        let leaf = state.leaf::<DigestLeaf>(&key::digest(suite, digest), "the rendition");
        matches!(leaf, Ok(Some(leaf)) if leaf.record == *record_key && leaf.operation == *id)
    })
}

/// The key of the record that an operation is about.
fn record_key(network: &Network, operation: &Operation) -> Result<StateKey, ReceiptError> {
    let register = match (operation, operation.record()) {
        // A copy has a record of its own.
        (Operation::Lend(lend), _) => {
            let number = &lend.terms.number;
            return Ok(key::copy(network.suite(), &lend.record, number));
        }
        (_, Some(record)) => return Ok(*record),
        (Operation::Register(register), None) => register,
        // Ranges and promises have no record: their own leaves tell of them.
        (_, None) => return Err(CertificateError::Missing("a record").into()),
    };
    // The profiles of types are fixed by genesis; types that the council adds come with the catalogue.
    let types = &network.genesis().types;
    let rules = types
        .iter()
        .find(|rules| rules.id == register.document_type);
    let profile = rules.and_then(|rules| Profile::by_name(&rules.profile));
    let profile = profile.ok_or(CertificateError::Missing("the document type"))?;
    let number = profile
        .check(&register.identity)
        .map_err(|_| ReceiptError::OtherRecord)?;
    Ok(key::record(network.suite(), &number))
}

fn signer(
    suite: hefu_types::Suite,
    state: &VerifiedState,
    key: &KeyLeaf,
) -> Result<Signer, ReceiptError> {
    match &key.holder {
        Holder::Agency(id) => Ok(Signer::Agency(present(
            state.leaf(&key::agency(suite, id), "the agency"),
        )?)),
        Holder::Member(id) => Ok(Signer::Member(present(
            state.leaf(&key::member(suite, id), "the member"),
        )?)),
        Holder::Registrar(_) | Holder::Council(_) | Holder::Validator(_) => {
            Err(CertificateError::BadLeaf("the signing key").into())
        }
    }
}

pub(crate) fn present<L>(leaf: Result<Option<L>, CertificateError>) -> Result<L, ReceiptError> {
    Ok(leaf?.ok_or(CertificateError::Missing("a leaf that is absent"))?)
}
