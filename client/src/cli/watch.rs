//! What a payer types: `hefu watch` and `hefu codes`.

use super::{duration, NetworkArg};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// See [`super::Command::Watch`].
#[derive(Args, Debug)]
pub struct Watch {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// What is known of these documents, from one run to the next: read where it is there, and
    /// written with what was verified.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Compare with this saved status certificate, see `hefu status --save`.
    #[arg(long, value_name = "CERT")]
    pub since: Option<PathBuf>,
    /// Write the certificate of every document that changed.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Go on, and tell each change as it comes.
    #[arg(long)]
    pub follow: bool,
    /// How often to look for a newer checkpoint.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub every: Duration,
    /// Follow for so long, then end [default: for ever].
    #[arg(long = "for", value_name = "TIME", value_parser = duration, requires = "follow")]
    pub lasts: Option<Duration>,
    /// Folders of receipts, receipts, or lists: text or CSV whose lines begin with the key of a record
    /// or the path of a receipt or a file.
    #[arg(required = true, value_name = "LIST")]
    pub lists: Vec<PathBuf>,
}

/// See [`super::Command::Codes`].
#[derive(Args, Debug)]
pub struct Codes {
    /// Only this group: 1 input, 2 uniqueness, 3 authority, 4 state, 5 use, 6 verification, 7 system.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=7))]
    pub group: Option<u16>,
}
