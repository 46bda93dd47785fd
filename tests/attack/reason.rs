//! The reason of a refusal, as a word: that of the verifier, and of what it is built on.

use hefu_proof::certificate::CertificateError;
use hefu_proof::checkpoint::CheckpointError;
use hefu_proof::log::{ConsistencyError, PathError};
use hefu_proof::receipt::ReceiptError;
use hefu_proof::state_proof::StateProofError;
use hefu_types::canonical::DecodeError;
use hefu_types::suite::SignatureError;

/// An error that has such a word.
pub trait Reason {
    /// The word.
    fn reason(&self) -> &'static str;
}

macro_rules! of_the_verifier {
    ($($error:ty),*) => {
        $(impl Reason for $error {
            fn reason(&self) -> &'static str {
                // The verifier's own, which goes before that of the trait.
                <$error>::reason(self)
            }
        })*
    };
}

of_the_verifier!(
    PathError,
    ConsistencyError,
    StateProofError,
    CheckpointError,
    CertificateError,
    ReceiptError
);

impl Reason for DecodeError {
    fn reason(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too-long",
            Self::Malformed(_) => "malformed",
            Self::NotCanonical => "not-canonical",
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
