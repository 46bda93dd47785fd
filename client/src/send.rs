//! Signing operations and bringing them to finality.

use crate::failure::Failure;
use crate::keyring;
use crate::keys::Key;
use crate::nodes::Nodes;
use hefu_types::genesis::Network;
use hefu_types::operation::{operation_id, Operation};
use hefu_types::statement::{Mode, Statement, StatementError};
use hefu_types::{Code, KeyId, Millis, Nonce, OperationId, StatementId, Suite};
use hefu_wire::StatementAnswer;

/// How long a signed statement may be taken, in milliseconds.
const VALID_MS: u64 = 10 * 60 * 1000;

/// A signed statement: these bytes are sent again and again, until they are final.
pub struct Signed {
    /// The statement with its operations.
    pub bytes: Vec<u8>,
    /// Its identity.
    pub id: StatementId,
    /// Who signed.
    pub issuer: String,
    /// With which key.
    pub key_id: KeyId,
    /// The last block time at which it may be taken.
    pub valid_until: Millis,
    /// Its operations.
    pub operations: Vec<Operation>,
    suite: Suite,
}

impl Signed {
    /// Signs operations, each for itself.
    pub fn new(network: &Network, key: &Key, operations: &[Operation], now: Millis) -> Self {
        Self::sign(network, key, operations, now, Mode::Each)
    }

    /// Signs operations of which all are done or none.
    pub fn atomic(network: &Network, key: &Key, operations: &[Operation], now: Millis) -> Self {
        Self::sign(network, key, operations, now, Mode::Atomic)
    }

    fn sign(
        network: &Network,
        key: &Key,
        operations: &[Operation],
        now: Millis,
        mode: Mode,
    ) -> Self {
        let statement = Statement::sign(
            network.suite(),
            network.digest(),
            network.origin(),
            &key.secret,
            &key.file.holder,
            Nonce(crate::random()),
            now.plus(VALID_MS),
            mode,
            operations,
        );
        Self::of(network, statement).expect("what was just signed can be read")
    }

    /// A statement that was signed before.
    pub fn decode(network: &Network, bytes: &[u8]) -> Result<Self, StatementError> {
        Self::of(network, Statement::decode(bytes)?)
    }

    fn of(network: &Network, statement: Statement) -> Result<Self, StatementError> {
        let suite = network.suite();
        let bytes = statement.encode();
        let read = statement.read(suite, &network.digest())?;
        Ok(Self {
            bytes,
            id: read.claimed_id(),
            issuer: read.issuer().to_owned(),
            key_id: read.key_id(),
            valid_until: read.valid_until(),
            operations: read.operations().to_vec(),
            suite,
        })
    }

    /// The identity of the operation at a position.
    pub fn operation_id(&self, index: usize) -> OperationId {
        operation_id(
            self.suite,
            &self.id,
            u32::try_from(index).expect("at most 4096 operations"),
        )
    }
}

/// Signs operations and waits until they are final.
pub fn send(
    nodes: &Nodes,
    key: &Key,
    operations: &[Operation],
) -> Result<(Signed, StatementAnswer), Failure> {
    send_signed(nodes, || {
        Signed::new(nodes.network(), key, operations, crate::now())
    })
}

/// The same of operations of which all are done or none.
pub fn send_together(
    nodes: &Nodes,
    key: &Key,
    operations: &[Operation],
) -> Result<(Signed, StatementAnswer), Failure> {
    send_signed(nodes, || {
        Signed::atomic(nodes.network(), key, operations, crate::now())
    })
}

fn send_signed(
    nodes: &Nodes,
    sign: impl Fn() -> Signed,
) -> Result<(Signed, StatementAnswer), Failure> {
    let signed = sign();
    match submit(nodes, &signed) {
        // Its time went by while nobody took it: it can never be done, so another may be signed. One
        // node's word for that would do it twice.
        Err(failure)
            if is_expired(&failure)
                && crate::now() > signed.valid_until
                && nodes.all_refuse(&signed.id, true) =>
        {
            let signed = sign();
            let answer = submit(nodes, &signed)?;
            Ok((signed, answer))
        }
        Err(failure) => Err(failure),
        Ok(answer) => Ok((signed, answer)),
    }
}

/// Sends a signed statement until it is final. Who signs with a key that ends soon is warned.
pub fn submit(nodes: &Nodes, signed: &Signed) -> Result<StatementAnswer, Failure> {
    let answer = nodes.submit(&signed.id, &signed.bytes, signed.operations.len())?;
    keyring::warn_of_end(nodes, &signed.key_id);
    Ok(answer)
}

/// Whether the nodes say that the statement's time is over.
pub fn is_expired(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(problem) if problem.code == Code::StatementExpired.number())
}
