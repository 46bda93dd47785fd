//! The rules, row by row and against a model.

mod document;
mod first;
mod invariants;
mod market;
mod numbers;
mod register;
mod rows;
mod uses;
mod world;
