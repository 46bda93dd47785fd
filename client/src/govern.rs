//! The council's acts: a decision becomes an action file, each seat signs it offline, anybody brings it.
//!
//! [`propose`] makes the file, [`file`] reads it without believing its words, [`tell`] says what is
//! signed, [`submit`] sends it, [`list`] shows what the council has done.

mod council;
mod file;
mod list;
mod propose;
mod submit;
pub mod tell;

use crate::admit::request::{self, proven};
use crate::admit::tell::row;
use crate::cli::govern::{Govern, SeatRequest};
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys;
use crate::nodes::network_file;
use crate::say::Report;
use hefu_types::genesis::Seat;
use hefu_wire::file::KeyRole;
use hefu_wire::request::Asks;

/// `hefu govern`.
pub fn run(shared: &Shared, command: &Govern) -> Result<Report, Failure> {
    match command {
        Govern::Propose(args) => propose::run(shared, args),
        Govern::Show(args) => file::show(shared, args),
        Govern::Sign(args) => file::sign(shared, args),
        Govern::Submit(args) => submit::run(shared, args),
        Govern::List(args) => list::run(shared, args),
        Govern::Request(args) => seat_request(shared, args),
    }
}

/// `hefu govern request`.
fn seat_request(shared: &Shared, args: &SeatRequest) -> Result<Report, Failure> {
    request::not_there(&args.out)?;
    let (_, network) = network_file(&args.network.network)?;
    let lang = shared.lang();
    let key = keys::open(&args.key, KeyRole::Council, &network)?;
    let seat = Seat {
        name: key.file.holder.clone(),
        key: proven(&args.key, &key.file, &network)?,
    };
    let rows = vec![
        row(lang, "seat", "席位", &seat.name),
        row(lang, "key", "密钥", key.file.key_id.to_string()),
    ];
    request::write(&network, Asks::Seat(seat), &args.out, rows, lang)
}

#[cfg(test)]
mod tests;
