//! What is typed to read the catalogue: `hefu catalogue` and `hefu recognition`.

use super::NetworkArg;
use clap::Args;
use hefu_wire::catalogue::{Part, UnknownPart};
use std::path::PathBuf;

/// See [`super::Command::Catalogue`].
#[derive(Args, Debug)]
pub struct Catalogue {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Only this part: types, facts, regions, registrars, agencies, entitlements, recognition, council,
    /// rules, validators, or the keys of one holder.
    #[arg(long, value_name = "PART", value_parser = part)]
    pub part: Option<Part>,
    /// Whose keys: agency:ID, member:ID, registrar:ID, council:SEAT or validator:NAME.
    #[arg(long, value_name = "HOLDER", required_if_eq("part", "keys"))]
    pub holder: Option<String>,
    /// Print CSV for a spreadsheet.
    #[arg(long, requires = "part", conflicts_with = "json")]
    pub csv: bool,
    /// Keep what proves it, to look at it again without the network.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub save: Option<PathBuf>,
    /// Ask nobody: read and check what was kept.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
}

/// See [`super::Command::Recognition`].
#[derive(Args, Debug)]
pub struct Recognition {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Only documents of this type [default: all types of licences].
    #[arg(long = "type", value_name = "TYPE")]
    pub document_type: Option<String>,
    /// Print CSV for a spreadsheet.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

fn part(text: &str) -> Result<Part, UnknownPart> {
    text.parse()
}
