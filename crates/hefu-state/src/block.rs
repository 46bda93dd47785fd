//! Is a block valid? A pure function of its bytes and the state after the block before.
//!
//! Everything else that can be wrong with an operation is an *outcome*, judged in order when the
//! block is executed, a key that was revoked earlier in the same block included. The clock of a node
//! is asked elsewhere, and only for a proposal first seen in its own round.

use crate::loaded::Loaded;
use hefu_proof::checkpoint::verify_quorum;
use hefu_types::block::{Block, Header, BLOCK_OPERATIONS_MAX, STATEMENTS_MAX};
use hefu_types::canonical::DecodeError;
use hefu_types::genesis::Network;
use hefu_types::leaf::{KeyLeaf, SetLeaf};
use hefu_types::operation::Operation;
use hefu_types::statement::{
    CheckedStatement, ReadStatement, SignedHeader, Statement, StatementError, VALID_AHEAD_MS_MAX,
};
use hefu_types::suite::SignatureError;
use hefu_types::{Hash, KeyId, Millis, StatementId, Suite, TreeSize};
use std::collections::HashSet;
use std::sync::Arc;

/// What the ledger had reached before a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The height of the last block; 0 at genesis.
    pub height: u64,
    /// Its block time.
    pub time: Millis,
    /// The size of the log.
    pub size: TreeSize,
    /// The root of the log.
    pub log_root: Hash,
    /// The root of the state.
    pub state_root: Hash,
    /// The hash of the text of its checkpoint.
    pub checkpoint_hash: Hash,
}

/// Why a block is not valid: every validator finds the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// Not the canonical bytes of a block.
    #[error("the block cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Of another network.
    #[error("the block is of another network")]
    OtherNetwork,
    /// Not the next height.
    #[error("the block has height {found}, expected {expected}")]
    OtherHeight {
        /// The block's.
        found: u64,
        /// The next.
        expected: u64,
    },
    /// Block time does not grow.
    #[error("the block's time is not after that of the block before")]
    TimeNotAfter,
    /// Too many statements or operations.
    #[error("the block has more statements or operations than allowed")]
    TooMany,
    /// A statement that is none.
    #[error("statement {index}: {error}")]
    Statement {
        /// Its position.
        index: usize,
        /// What is wrong.
        error: StatementError,
    },
    /// A statement under an unknown or dead key, or a signature that does not verify.
    #[error("statement {index}: its key or its signature does not hold")]
    Signature {
        /// Its position.
        index: usize,
    },
    /// A statement outside its time.
    #[error("statement {index} is not valid at the block's time")]
    StatementTime {
        /// Its position.
        index: usize,
    },
    /// A statement that was executed already.
    #[error("statement {index} was executed already")]
    Repeated {
        /// Its position.
        index: usize,
    },
    /// The carried cosignatures are not exactly one quorum over an earlier checkpoint.
    #[error("the carried cosignatures are not one quorum: {0}")]
    Carried(String),
    /// A version of the rules that is not the network's.
    #[error("the rules in force are of a version that this program does not know")]
    UnknownRules,
}

/// A block that names other roots than this node reached: whose fault it is cannot be told from
/// here, so it is never answered as invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the block names other roots of height {height} than this node reached")]
pub struct OtherRoots {
    /// The height before.
    pub height: u64,
}

/// A block whose bytes and statements are well formed.
#[derive(Clone, Debug)]
pub struct ReadBlock {
    header: Header,
    statements: Vec<BlockStatement>,
}

/// A statement of a block.
#[derive(Clone, Debug)]
pub enum BlockStatement {
    /// Byte for byte one that was verified on arrival.
    Known(Arc<CheckedStatement>),
    /// One that is seen here for the first time.
    New(Box<ReadStatement>),
}

impl BlockStatement {
    /// The identity that it has if its signature verifies.
    pub fn claimed_id(&self) -> StatementId {
        match self {
            Self::Known(statement) => statement.id(),
            Self::New(statement) => statement.claimed_id(),
        }
    }

    /// The key that is said to have signed.
    pub fn key_id(&self) -> KeyId {
        match self {
            Self::Known(statement) => statement.key_id(),
            Self::New(statement) => statement.key_id(),
        }
    }

    /// The actor that the header names.
    pub fn issuer(&self) -> &str {
        match self {
            Self::Known(statement) => statement.issuer(),
            Self::New(statement) => statement.issuer(),
        }
    }

    /// The operations in their order.
    pub fn operations(&self) -> &[Operation] {
        match self {
            Self::Known(statement) => statement.operations(),
            Self::New(statement) => statement.operations(),
        }
    }

    fn valid_until(&self) -> Millis {
        match self {
            Self::Known(statement) => statement.payload().valid_until,
            Self::New(statement) => statement.valid_until(),
        }
    }
}

impl ReadBlock {
    /// Reads the bytes of a block of anybody. `known` tells the statement of an identity that was
    /// verified on arrival: where its bytes are those of the block's, nothing is done twice.
    pub fn read(
        bytes: &[u8],
        network: &Network,
        known: impl Fn(&StatementId) -> Option<Arc<CheckedStatement>>,
    ) -> Result<Self, InvalidBlock> {
        let Block { header, statements } = Block::decode(bytes)?;
        if header.network != network.digest() {
            return Err(InvalidBlock::OtherNetwork);
        }
        let operations: usize = statements.iter().map(Statement::operation_count).sum();
        if statements.len() > STATEMENTS_MAX || operations > BLOCK_OPERATIONS_MAX {
            return Err(InvalidBlock::TooMany);
        }
        let mut read = Vec::with_capacity(statements.len());
        for (index, statement) in statements.into_iter().enumerate() {
            read.push(
                read_statement(statement, network, &known)
                    .map_err(|error| InvalidBlock::Statement { index, error })?,
            );
        }
        Ok(Self {
            header,
            statements: read,
        })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The statements.
    pub fn statements(&self) -> &[BlockStatement] {
        &self.statements
    }

    /// Whether the block names the log and the state that this node reached.
    pub fn names(&self, before: &Before) -> Result<(), OtherRoots> {
        let Header {
            parent_size,
            parent_log_root,
            parent_state_root,
            ..
        } = &self.header;
        let same = *parent_size == before.size
            && *parent_log_root == before.log_root
            && *parent_state_root == before.state_root;
        if same {
            Ok(())
        } else {
            Err(OtherRoots {
                height: before.height,
            })
        }
    }
}

fn read_statement(
    statement: Statement,
    network: &Network,
    known: impl Fn(&StatementId) -> Option<Arc<CheckedStatement>>,
) -> Result<BlockStatement, StatementError> {
    let (suite, digest) = (network.suite(), network.digest());
    let header = SignedHeader::read(suite, &digest, statement.cose())?;
    // The same identity may come with another signature, or with other operations: byte for byte.
    match known(&header.id).filter(|known| *known.statement() == statement) {
        Some(known) => Ok(BlockStatement::Known(known)),
        None => {
            let read = statement.read(suite, &digest)?;
            Ok(BlockStatement::New(Box::new(read)))
        }
    }
}

/// What the shell knows beside the leaves: the window of identities, and the texts of earlier
/// checkpoints with the sets of their epochs.
pub trait Surroundings {
    /// A failure of this node's own, such as of its disk: never a reason to call a block invalid.
    type Fault;
    /// Whether a statement of this identity was executed and could still be valid.
    fn in_window(&self, id: &StatementId) -> Result<bool, Self::Fault>;
    /// The text of the checkpoint of a height that this node executed, and the set of its epoch.
    fn checkpoint_text(&self, height: u64) -> Result<Option<(String, SetLeaf)>, Self::Fault>;
}

/// A valid block: the only kind that can be executed.
#[derive(Clone, Debug)]
pub struct CheckedBlock {
    header: Header,
    statements: Vec<Arc<CheckedStatement>>,
}

impl CheckedBlock {
    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The statements in their order.
    pub fn statements(&self) -> &[Arc<CheckedStatement>] {
        &self.statements
    }

    /// Whether it has no statements.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Judges a block. `loaded` holds all that [`Loaded::missing`] asked for. The outer error is this
    /// node's own, the inner one is what every validator finds.
    pub fn check<S: Surroundings>(
        block: ReadBlock,
        network: &Network,
        before: &Before,
        loaded: &Loaded,
        around: &S,
    ) -> Result<Result<Self, InvalidBlock>, S::Fault> {
        let suite = network.suite();
        if let Err(invalid) = check_header(&block.header, before, loaded) {
            return Ok(Err(invalid));
        }
        if let Err(invalid) = check_carried(suite, &block.header, before, around)? {
            return Ok(Err(invalid));
        }
        let ReadBlock { header, statements } = block;
        let mut seen = HashSet::with_capacity(statements.len());
        let mut checked = Vec::with_capacity(statements.len());
        for (index, statement) in statements.into_iter().enumerate() {
            // Cheap checks first: a signature costs more than all the rest.
            if !is_in_time(statement.valid_until(), header.time) {
                return Ok(Err(InvalidBlock::StatementTime { index }));
            }
            let id = statement.claimed_id();
            if !seen.insert(id) || around.in_window(&id)? {
                return Ok(Err(InvalidBlock::Repeated { index }));
            }
            let key = loaded.key(&statement.key_id());
            match verify(suite, statement, key, header.time) {
                Ok(statement) => checked.push(statement),
                Err(_) => return Ok(Err(InvalidBlock::Signature { index })),
            }
        }
        Ok(Ok(Self {
            header,
            statements: checked,
        }))
    }
}

fn check_header(header: &Header, before: &Before, loaded: &Loaded) -> Result<(), InvalidBlock> {
    if header.height != before.height + 1 {
        let (found, expected) = (header.height, before.height + 1);
        return Err(InvalidBlock::OtherHeight { found, expected });
    }
    if header.time <= before.time {
        return Err(InvalidBlock::TimeNotAfter);
    }
    if !crate::KNOWN_RULES.contains(&loaded.rules().at(header.height)) {
        return Err(InvalidBlock::UnknownRules);
    }
    Ok(())
}

/// A statement may be taken while its time has not passed and is at most an hour ahead.
pub fn is_in_time(valid_until: Millis, block_time: Millis) -> bool {
    block_time <= valid_until && valid_until <= block_time.plus(VALID_AHEAD_MS_MAX)
}

/// Verifies a statement under a key that is live at a time.
fn verify(
    suite: Suite,
    statement: BlockStatement,
    key: Option<&KeyLeaf>,
    time: Millis,
) -> Result<Arc<CheckedStatement>, SignatureError> {
    let key = key
        .filter(|key| key.signs_at(time))
        .ok_or(SignatureError::BadKey)?;
    match statement {
        // A key id is the hash of its key, so the key that verified it on arrival is this one.
        BlockStatement::Known(statement) => Ok(statement),
        BlockStatement::New(statement) => statement.verify(suite, &key.key).map(Arc::new),
    }
}

fn check_carried<S: Surroundings>(
    suite: Suite,
    header: &Header,
    before: &Before,
    around: &S,
) -> Result<Result<(), InvalidBlock>, S::Fault> {
    let Some(carried) = &header.carried else {
        return Ok(Ok(()));
    };
    let refuse = |why: &str| Ok(Err(InvalidBlock::Carried(why.to_owned())));
    if carried.height >= before.height {
        return refuse("its checkpoint is not an earlier one");
    }
    let Some((text, set)) = around.checkpoint_text(carried.height)? else {
        return refuse("its checkpoint does not exist");
    };
    if carried.cosignatures.len() != set.quorum() {
        return refuse("not exactly a quorum");
    }
    Ok(verify_quorum(suite, &text, &set, &carried.cosignatures)
        .map(|_| ())
        .map_err(|error| InvalidBlock::Carried(error.to_string())))
}
