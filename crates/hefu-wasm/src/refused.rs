//! Why something could not be done, for programs and for people.

use std::fmt;

/// What JavaScript gets as an `Error` with the same two fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A stable word for programs, such as `bad-input`.
    pub code: &'static str,
    /// A sentence for people.
    pub reason: String,
}

impl Refused {
    /// A refusal with its reason.
    pub fn new(code: &'static str, reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        Self { code, reason }
    }

    /// What the caller gave is not what the function takes.
    pub fn bad_input(reason: impl fmt::Display) -> Self {
        Self::new("bad-input", reason)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refused {}
