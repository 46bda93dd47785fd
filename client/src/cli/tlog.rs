//! What is typed for other people's verifiers: `hefu policy`, `proof`, `consistency` and `receipt export`.

use super::NetworkArg;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// See [`super::Command::Policy`].
#[derive(Args, Debug)]
pub struct Policy {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Where it is written [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Ask nobody: the validators of genesis.
    #[arg(long)]
    pub offline: bool,
}

/// See [`super::Command::Proof`].
#[derive(Args, Debug)]
pub struct Proof {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Prove the entry at this index of the log.
    #[arg(long, value_name = "INDEX", conflicts_with_all = ["receipt", "file", "check"])]
    pub entry: Option<u64>,
    /// Of the statement in this receipt. Nobody is asked.
    #[arg(long, value_name = "RECEIPT", conflicts_with = "file")]
    pub receipt: Option<PathBuf>,
    /// Where the proof is written.
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    pub out: Option<PathBuf>,
    /// Also write the entry itself, whose hash is the leaf.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub save_entry: Option<PathBuf>,
    /// Check this proof, of --entry-bytes or of the statement in --receipt.
    #[arg(long, value_name = "PROOF", conflicts_with_all = ["out", "file"])]
    pub check: Option<PathBuf>,
    /// The entry that the checked proof is of.
    #[arg(
        long,
        value_name = "FILE",
        requires = "check",
        conflicts_with = "receipt"
    )]
    pub entry_bytes: Option<PathBuf>,
    /// Ask nobody, also not for the validator sets after genesis.
    #[arg(long, requires = "check")]
    pub offline: bool,
    /// A registered file.
    #[arg(value_name = "FILE", required_unless_present_any = ["entry", "receipt", "check"])]
    pub file: Option<PathBuf>,
}

/// See [`super::Command::Consistency`].
#[derive(Args, Debug)]
pub struct Consistency {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Write the proof.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub out: Option<PathBuf>,
    /// Check this proof instead, which --out wrote. Only validator sets after genesis are asked for.
    #[arg(long, value_name = "PROOF", conflicts_with = "new")]
    pub check: Option<PathBuf>,
    /// Ask nobody, also not for the validator sets after genesis.
    #[arg(long, requires = "check")]
    pub offline: bool,
    /// One checkpoint.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The other.
    #[arg(value_name = "NEW", required_unless_present = "check")]
    pub new: Option<PathBuf>,
}

/// What else is done with a receipt.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Write the statement of a receipt with the validators' receipts in COSE (SCITT, RFC 9942 and 9943).
    #[command(after_help = "\
Example:
  hefu receipt export --network network.json --cose 1017.cose --keys keys.json receipts/1017.xml.receipt

Each validator is asked to sign; a quorum of them is the ledger's word. With --keys any verifier of COSE
has the keys that it needs: JSON Web Keys, or a COSE_KeySet where the name ends with .cbor.
Exit code: 0 a quorum signed; 2 fewer.")]
    Export(Export),
}

/// See [`ReceiptCommand::Export`].
#[derive(Args, Debug)]
pub struct Export {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Where the statement is written with its receipts.
    #[arg(long, value_name = "FILE")]
    pub cose: PathBuf,
    /// Where the keys of the validators and of the statement's signer are written.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// The receipt.
    #[arg(value_name = "RECEIPT")]
    pub receipt: PathBuf,
}
