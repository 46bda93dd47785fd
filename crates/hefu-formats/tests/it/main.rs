//! The reader against files: our own samples, hostile ones, and the corpus where it is there.

#![allow(clippy::unwrap_used)]

mod chinese;
mod chinese_pdf;
mod chinese_samples;
mod corpus;
mod credentials;
mod face;
mod foreign;
mod hostile;
mod mapping;
mod pdf;
mod samples;
mod seals;
