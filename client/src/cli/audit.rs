//! What an auditor types: `hefu audit`.

use super::{duration, NetworkArg};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// See [`super::Command::Audit`].
#[derive(Args, Debug)]
pub struct Audit {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Whom to follow: the public address of a node, or a folder that --mirror made; several are compared
    /// [default: the nodes of the network file].
    #[arg(long, value_name = "URL|DIR")]
    pub from: Vec<String>,
    /// What was checked before: read where it is there, written as the audit goes on [default: beside the
    /// network file, audit-<digest>.memory].
    #[arg(long, value_name = "FILE")]
    pub memory: Option<PathBuf>,
    /// Keep what nodes serve as files at the same paths: a folder for --from.
    #[arg(long, value_name = "DIR")]
    pub mirror: Option<PathBuf>,
    /// Where the proof of an equivocation is written [default: beside the memory].
    #[arg(long, value_name = "DIR")]
    pub proofs: Option<PathBuf>,
    /// Stop after so many blocks; the next run goes on there.
    #[arg(long, value_name = "COUNT")]
    pub blocks: Option<u64>,
    /// Go on with what is published from now on, until something is found.
    #[arg(long, conflicts_with = "blocks")]
    pub follow: bool,
    /// How often to look for a newer checkpoint.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration, requires = "follow")]
    pub every: Duration,
    /// Follow for so long, then end [default: for ever].
    #[arg(long = "for", value_name = "TIME", value_parser = duration, requires = "follow")]
    pub lasts: Option<Duration>,
    /// Check the proof of an equivocation that somebody found, and nothing else.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["from", "memory", "mirror", "proofs", "blocks", "follow"]
    )]
    pub evidence: Option<PathBuf>,
}
