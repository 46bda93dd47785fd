//! The reader against files: our own samples, hostile ones, and the corpus where it is there.

#![allow(clippy::unwrap_used)]

mod corpus;
mod credentials;
mod foreign;
mod hostile;
mod mapping;
mod pdf;
mod seals;
