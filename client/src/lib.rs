//! The client: everything that an agency, a member or a clerk does with documents.
//!
//! Start at [`cli`] (what can be typed), then [`register`] (files to statements), [`verify`] (a file
//! to a verdict) and [`nodes`] (asking nodes without trusting them).
//!
//! In scope: reading files and receipts, signing statements, asking nodes over HTTP, verdicts as
//! text and as JSON.
//! Not here: the rules (`hefu-state`, which this crate never sees; `audit` runs them behind `hefu-audit`), proofs (`hefu-proof`), what
//! stands in a file (`hefu-formats`). Whatever a node says is proven or it is not shown as so; the
//! one thing that a node is believed is that, and why, it refused an operation.

pub mod act;
pub mod admit;
pub mod audit;
pub mod bench;
pub mod catalogue;
pub mod claim;
pub mod cli;
pub mod codes;
pub mod content;
pub mod cover;
pub mod disclose;
pub mod disk;
pub mod document;
pub mod failure;
pub mod files;
pub mod govern;
pub mod inspect;
pub mod keyring;
pub mod keys;
pub mod leaves;
pub mod licence;
pub mod list;
pub mod lookup;
pub mod memory;
pub mod money;
pub mod nodes;
pub mod plan;
pub mod ranges;
pub mod receipt;
pub mod recognise;
pub mod register;
pub mod reversal;
pub mod say;
pub mod send;
pub mod status;
pub mod summary;
#[cfg(test)]
mod testing;
pub mod times;
pub mod tlog;
pub mod uses;
pub mod verify;
pub mod watch;

use cli::{Cli, Command};
use failure::Failure;
use hefu_types::Millis;
use say::Report;
use serde_json::{json, Value};

/// Runs a command.
pub fn run(cli: &Cli) -> Result<Report, Failure> {
    let shared = &cli.shared;
    match &cli.command {
        Command::Keygen(args) => keys::run(shared, args),
        Command::Register(args) => register::run(shared, args),
        Command::Verify(args) => verify::run(shared, args),
        Command::Watch(args) => watch::run(shared, args),
        Command::Codes(args) => codes::run(shared, args),
        Command::Catalogue(args) => catalogue::run(shared, args),
        Command::Recognition(args) => catalogue::matrix::run(shared, args),
        Command::Status(args) => status::run(shared, args),
        Command::Cancel(args) => act::cancel(shared, args),
        Command::Revoke(args) => act::revoke(shared, args),
        Command::Use(command) => uses::run(shared, command),
        Command::AddRendition(args) => content::add_rendition(shared, args),
        Command::Correct(args) => content::correct(shared, args),
        Command::Confirm(args) => act::confirm(shared, args),
        Command::Reject(args) => act::reject(shared, args),
        Command::Replace(args) => act::replace(shared, args),
        Command::Archive(args) => act::archive(shared, args),
        Command::Reversal(args) => reversal::run(shared, args),
        Command::Reverse(args) => reversal::reverse(shared, args),
        Command::Range(args) => ranges::run(shared, args),
        Command::Cover(args) => cover::run(shared, args),
        Command::Govern(command) => govern::run(shared, command),
        Command::Agency(command) => admit::agency(shared, command),
        Command::Member(command) => admit::member(shared, command),
        Command::Registrar(command) => admit::registrar(shared, command),
        Command::Key(command) => keyring::run(shared, command),
        Command::Recognise(args) => recognise::run(shared, args),
        Command::Receipt(args) => receipt::run(shared, args),
        Command::Policy(args) => tlog::policy::run(shared, args),
        Command::Proof(args) => tlog::proof::run(shared, args),
        Command::Consistency(args) => tlog::consistency::run(shared, args),
        Command::Disclose(args) => disclose::run(shared, args),
        Command::Licence(command) => licence::run(shared, command),
        Command::Inspect(args) => inspect::run(shared, args),
        Command::Audit(args) => audit::run(shared, args),
        Command::Bench(args) => bench::run(shared, args),
    }
}

/// The time of this machine. It dates statements and judges ages, and nothing that is proven.
pub fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Millis(since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }))
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::RngCore::fill_bytes(&mut rand::rngs::OsRng, &mut bytes);
    bytes
}

impl Report {
    /// Adds what was wrong with nodes, in both forms.
    #[must_use]
    pub(crate) fn with_warnings(mut self, lang: say::Lang, warnings: &[String]) -> Self {
        if let Value::Object(object) = &mut self.json {
            object.insert("warnings".to_owned(), json!(warnings));
        }
        for warning in warnings {
            let word = lang.pick("warning", "警告");
            self.text
                .push_str(&format!("{word}: {}\n", say::shown(warning)));
        }
        self
    }
}
