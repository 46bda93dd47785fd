//! What is typed about licences: what becomes of them, and the copies that are lent.

use super::{duration, Act, NetworkArg, NumberArgs, OnDocument, Overrides};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// What becomes of a licence.
#[derive(Debug, Subcommand)]
pub enum LicenceCommand {
    /// Withhold a licence for some time.
    #[command(after_help = "\
Example:
  hefu suspend --network network.json --key agency.json licence.json --reason inspection \\
      --until 2026-12-31

Without --until it is withheld until `hefu resume`.")]
    Suspend(Suspend),
    /// Give a licence back that was withheld.
    #[command(after_help = "\
Example:
  hefu resume --network network.json --key agency.json licence.json --reason mended")]
    Resume(Act),
    /// Withdraw a licence that should not have been granted, also for a time that is past.
    #[command(after_help = "\
Example:
  hefu annul --network network.json --key agency.json licence.json --reason granted-in-error \\
      --effective-at 2026-03-01T00:00:00+08:00

Without --effective-at it counts as never granted.")]
    Annul(Annul),
    /// Put a renewed or changed licence in the place of one, which it cites.
    #[command(after_help = "\
Examples:
  hefu renew --network network.json --key agency.json old-licence.json new-licence.json \\
      --reason renewal --receipts receipts/
  hefu renew --network network.json --key agency.json JY15201110000003 new-licence.json \\
      --reason new-address --receipts receipts/

The new file is registered and the old licence superseded in one go, or neither. The old licence is a
file, a receipt, the key of a record, or a number like that of the new one. The receipts are
DIR/<new file>.receipt, and DIR/<new file>.renew.receipt.")]
    Renew(Renew),
    /// Let a licence leave for another region.
    #[command(after_help = "\
Example:
  hefu transfer-out --network network.json --key agency.json licence.json --to zhejiang \\
      --reason relocation")]
    TransferOut(TransferOut),
    /// Take a licence in that left another region: once, under a number of this region.
    #[command(after_help = "\
Example:
  hefu transfer-in --network network.json --key agency.json new-licence.json \\
      --from old-licence.json --receipts receipts/

The new file is registered and bound to the old licence in one go, or neither. The receipts are
DIR/<new file>.receipt, and DIR/<new file>.transfer-in.receipt.")]
    TransferIn(TransferIn),
    /// Take a transfer back that no region has taken in.
    #[command(after_help = "\
Example:
  hefu cancel-transfer --network network.json --key agency.json licence.json --reason withdrawn")]
    CancelTransfer(Act),
    /// Make a copy of a licence for one purpose, one matter, one user and some time.
    #[command(after_help = "\
Examples:
  hefu lend --network network.json --key agency.json licence.json --copy for-the-bank.pdf \\
      --purpose loan --matter 000131002000 --user 样例银行 --for 48h
  hefu lend --network network.json --key member.json licence.json --copy for-the-bank.pdf \\
      --purpose loan --matter 000131002000 --user 样例银行 --until 2026-12-31
  hefu lend --network network.json --key agency.json licence.json --copy for-the-bank.pdf \\
      --consent consent.json

The agency lends, or the member that holds the licence. FILE.copy.json, written beside the copy, goes to
the user with it: it shows for whom the copy was made. A copy is never the licence itself.")]
    Lend(Lend),
    /// Agree, as the holder of a licence, that a copy is made of it: for the agency to lend.
    #[command(after_help = "\
Example:
  hefu consent --network network.json --claim licence.json.claim --copy for-the-bank.pdf \\
      --purpose loan --matter 000131002000 --user 样例银行 --until 2026-12-31 --out consent.json

Nobody is asked: the claim file that came with the licence signs. The consent serves for this copy alone.")]
    Consent(Consent),
}

/// See [`LicenceCommand::Suspend`].
#[derive(Args, Debug)]
pub struct Suspend {
    /// The licence, and why.
    #[command(flatten)]
    pub act: Act,
    /// It ends by itself at this time, RFC 3339; or with this day, in the zone of the type.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// See [`LicenceCommand::Annul`].
#[derive(Args, Debug)]
pub struct Annul {
    /// The licence, and why.
    #[command(flatten)]
    pub act: Act,
    /// From when on it counts as never granted, RFC 3339 [default: from its beginning].
    #[arg(long, value_name = "TIME")]
    pub effective_at: Option<String>,
}

/// See [`LicenceCommand::TransferOut`].
#[derive(Args, Debug)]
pub struct TransferOut {
    /// The licence, and why.
    #[command(flatten)]
    pub act: Act,
    /// The region to which it goes.
    #[arg(long, value_name = "REGION")]
    pub to: String,
}

/// A licence that is registered in the place of another.
#[derive(Args, Debug)]
pub struct Successor {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The agency's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The number of the new licence [default: as its file says].
    #[command(flatten)]
    pub number: NumberArgs,
    /// A fact of the type's dictionary that the file does not state, such as grade=二级.
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    pub facts: Vec<String>,
    /// What the files do not say, or say otherwise.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Read JSON, XML or CSV files as this mapping file says (see `hefu inspect --help`).
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Where the receipts are written.
    #[arg(long, value_name = "DIR")]
    pub receipts: PathBuf,
}

/// See [`LicenceCommand::Renew`].
#[derive(Args, Debug)]
pub struct Renew {
    /// The new licence.
    #[command(flatten)]
    pub new: Successor,
    /// Why, as a word of the law: renewal, or what was changed.
    #[arg(long, value_name = "WORD")]
    pub reason: String,
    /// The licence that is superseded: a file, a receipt, the key of a record, or a number.
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The new licence's file, and its renditions.
    #[arg(required = true, value_name = "NEW_FILE")]
    pub files: Vec<PathBuf>,
}

/// See [`LicenceCommand::TransferIn`].
#[derive(Args, Debug)]
pub struct TransferIn {
    /// The new licence.
    #[command(flatten)]
    pub new: Successor,
    /// The licence that left the other region: a file, a receipt, the key of a record, or a number.
    #[arg(long, value_name = "OLD")]
    pub from: String,
    /// The new licence's file, and its renditions.
    #[arg(required = true, value_name = "NEW_FILE")]
    pub files: Vec<PathBuf>,
}

/// For what a copy is made.
#[derive(Args, Debug)]
pub struct TermsArgs {
    /// The annotated copy's file.
    #[arg(long, value_name = "FILE")]
    pub copy: PathBuf,
    /// The one purpose, in words.
    #[arg(long)]
    pub purpose: Option<String>,
    /// The code of the matter for which it is shown.
    #[arg(long, value_name = "CODE")]
    pub matter: Option<String>,
    /// Who may rely on it: a name or a legal identifier. It does not stand on the ledger.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Until when, RFC 3339; or with this day, in the zone of the type.
    #[arg(long, value_name = "TIME", conflicts_with = "lend_for")]
    pub until: Option<String>,
    /// For how long from now, such as 48h.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub lend_for: Option<Duration>,
}

/// See [`LicenceCommand::Lend`].
#[derive(Args, Debug)]
pub struct Lend {
    /// The licence.
    #[command(flatten)]
    pub on: OnDocument,
    /// For what.
    #[command(flatten)]
    pub terms: TermsArgs,
    /// The holder's consent, which says for what; see `hefu consent`.
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["purpose", "matter", "user", "until", "lend_for", "claim"])]
    pub consent: Option<PathBuf>,
    /// The claim file of the licence: shows that its holder agrees.
    #[arg(long, value_name = "FILE")]
    pub claim: Option<PathBuf>,
}

/// See [`LicenceCommand::Consent`].
#[derive(Args, Debug)]
pub struct Consent {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The claim file that came with the licence.
    #[arg(long, value_name = "FILE")]
    pub claim: PathBuf,
    /// For what.
    #[command(flatten)]
    pub terms: TermsArgs,
    /// Where the consent is written.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
