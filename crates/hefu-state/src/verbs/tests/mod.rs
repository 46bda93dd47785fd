//! The rules, row by row and against a model.

mod first;
mod invariants;
mod market;
mod register;
mod rows;
mod world;
