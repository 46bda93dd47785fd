//! The reason of a refusal, as a word: the innermost variant of the error.

use hefu_proof::certificate::CertificateError;
use hefu_proof::checkpoint::CheckpointError;
use hefu_proof::log::{ConsistencyError, PathError};
use hefu_proof::receipt::ReceiptError;
use hefu_proof::state_proof::StateProofError;
use hefu_types::canonical::DecodeError;
use hefu_types::statement::StatementError;
use hefu_types::suite::SignatureError;

/// An error that has such a word.
pub trait Reason {
    /// The word.
    fn reason(&self) -> &'static str;
}

impl Reason for DecodeError {
    fn reason(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too-long",
            Self::Malformed(_) => "malformed",
            Self::NotCanonical => "not-canonical",
        }
    }
}

impl Reason for PathError {
    fn reason(&self) -> &'static str {
        match self {
            Self::IndexOutside => "index-outside",
            Self::WrongLength => "wrong-path-length",
            Self::OtherRoot => "other-root",
        }
    }
}

impl Reason for ConsistencyError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Sizes => "sizes",
            Self::WrongLength => "wrong-path-length",
            Self::OtherFirstRoot => "other-first-root",
            Self::OtherSecondRoot => "other-second-root",
        }
    }
}

impl Reason for StateProofError {
    fn reason(&self) -> &'static str {
        match self {
            Self::PlaceholderSpelledOut { .. } => "placeholder-spelled-out",
            Self::NeighbourInInclusion => "neighbour-in-inclusion",
            Self::NeighbourIsTheKey => "neighbour-is-the-key",
            Self::NeighbourElsewhere { .. } => "neighbour-elsewhere",
            Self::OtherRoot => "other-root",
        }
    }
}

impl Reason for CheckpointError {
    fn reason(&self) -> &'static str {
        match self {
            Self::OtherEpoch { .. } => "other-epoch",
            Self::UnknownMember(_) => "unknown-member",
            Self::NotAscending => "cosignatures-not-ascending",
            Self::BadCosignature(_) => "bad-cosignature",
            Self::BadLogSignature => "bad-log-signature",
            Self::NoQuorum { .. } => "no-quorum",
        }
    }
}

impl Reason for CertificateError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.reason(),
            Self::UnknownFormat(_) => "unknown-format",
            Self::OtherNetwork => "other-network",
            Self::Checkpoint(error) => error.reason(),
            Self::Handover(why) => match *why {
                "there is no later epoch" => "no-later-epoch",
                "a link is not the next set" => "not-the-next-set",
                "a link holds no set" => "no-set",
                "a set is empty or of another epoch" => "bad-set",
                "it is too long" => "chain-too-long",
                "its heights do not grow" => "chain-heights",
                "the checkpoint is not after the last handover" => "not-after-handover",
                _ => "handover",
            },
            Self::Proof { error, .. } => error.reason(),
            Self::NotAscending => "leaves-not-ascending",
            Self::Missing(_) => "not-proven",
            Self::BadLeaf(_) => "bad-leaf",
        }
    }
}

impl Reason for SignatureError {
    fn reason(&self) -> &'static str {
        match self {
            Self::BadKey => "bad-key",
            Self::BadSignature => "bad-signature",
        }
    }
}

impl Reason for StatementError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.reason(),
            Self::OtherNetwork => "other-network",
            Self::OtherAlgorithm => "other-algorithm",
            Self::BadCount => "bad-count",
            Self::OtherOperations => "other-operations",
            Self::UnreadableOperation { error, .. } => error.reason(),
            Self::NameTooLong => "name-too-long",
        }
    }
}

impl Reason for ReceiptError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.reason(),
            Self::Certificate(error) => error.reason(),
            Self::Statement(error) => error.reason(),
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
