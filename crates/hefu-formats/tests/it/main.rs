//! The reader against files: our own samples, hostile ones, and the corpus where it is there.

#![allow(clippy::unwrap_used)]

mod chinese;
mod chinese_samples;
mod corpus;
mod credentials;
mod hostile;
mod mapping;
mod pdf;
