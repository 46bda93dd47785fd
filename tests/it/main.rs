//! The tests that need more than one crate, as one binary. Only `mod` lines stand here.

mod tidy;
