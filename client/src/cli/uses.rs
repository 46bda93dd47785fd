//! `hefu use`: what members do with invoices.

use super::{duration, NetworkArg, NumberArgs};
use clap::{Args, Subcommand};
use hefu_types::record::Span;
use hefu_types::{OperationId, StateKey};
use std::path::PathBuf;
use std::time::Duration;

/// One command a verb of the use of invoices.
#[derive(Debug, Subcommand)]
pub enum UseCommand {
    /// Reserve invoices, or a part of one, for a purpose and some time.
    #[command(after_help = "\
Examples:
  hefu use lock --network network.json --key member.json --for reimburse --receipts used/ \\
      invoices/1017.xml invoices/1018.xml
  hefu use lock --network network.json --key member.json --for finance --amount 300.00 \\
      --lock-for 2h --receipts used/ invoices/1017.xml

Several files are locked together or not at all. Where the invoice names its buyer, the receipt of its
registration is needed: beside the file (FILE.receipt), in --receipts, or given with --receipt.")]
    Lock(Lock),
    /// Use invoices, or a part of one, for a purpose, for good.
    #[command(after_help = "\
Examples:
  hefu use consume --network network.json --key member.json --for reimburse invoices/1017.xml \\
      --receipt receipts/1017.xml.receipt --receipts used/
  hefu use consume --network network.json --key member.json --for reimburse --amount 300.00 \\
      --receipts used/ invoices/1017.xml
  hefu use consume --network network.json --key member.json --for reimburse --unattested \\
      --receipts used/ invoices/of-another-province.xml

A lock of yours whose receipt lies in --receipts becomes the use; without one, what is free is used. The
same command again is the same use: it is never done twice into one --receipts.")]
    Consume(Consume),
    /// Give locks back.
    #[command(after_help = "\
Example:
  hefu use release --network network.json --key member.json used/1017.xml.reimburse.lock.receipt")]
    Release(Release),
    /// Take a use back: done when its member and the agency both have signed.
    #[command(after_help = "\
Examples:
  hefu use clawback --network network.json --key member.json --reason paid-in-error \\
      used/1017.xml.reimburse.receipt
  hefu use clawback --network network.json --key agency.json --reason paid-in-error \\
      --record 6f0c...e1 --use 6f0c...e1 --amount 100.00 --currency CNY

The command prints what the other side is to type, and until when.")]
    Clawback(Clawback),
    /// Hand the right to use an invoice on: to another member, or to whoever holds a claim file.
    #[command(after_help = "\
Examples:
  hefu use hand-over --network network.json --key member.json invoices/1017.xml \\
      --to-identifier 91330106MAHEFU047H --out for-the-new-buyer.receipt
  hefu use hand-over --network network.json --key member.json invoices/1017.xml \\
      --new-claim 1017.claim.json

Who has the receipt with the new salt, or the claim file, can show the right from then on; you cannot.")]
    HandOver(HandOver),
}

/// What locks and uses have in common.
#[derive(Args, Debug)]
pub struct Take {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The member's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The purpose, such as reimburse.
    #[arg(long = "for", value_name = "PURPOSE")]
    pub purpose: String,
    /// So much of it, such as 300.00, in the invoice's currency [default: all of it].
    #[arg(long, value_name = "AMOUNT", conflicts_with = "units")]
    pub amount: Option<String>,
    /// These minor units of its total, the end exclusive, such as 0..30000.
    #[arg(long, value_name = "FROM..TO", value_parser = span)]
    pub units: Option<Span>,
    /// Receipts of registrations [default: FILE.receipt, or those in --receipts]. One is needed where
    /// the invoice names its buyer.
    #[arg(long, value_name = "FILE")]
    pub receipt: Vec<PathBuf>,
    /// Claim files, where whoever holds one may use the invoice.
    #[arg(long, value_name = "FILE")]
    pub claim: Vec<PathBuf>,
    /// Record the use of an invoice that no issuer has registered. It proves nothing of the invoice.
    #[arg(long)]
    pub unattested: bool,
    /// The number of an unregistered invoice; without it, it is read from the file.
    #[command(flatten)]
    pub number: NumberArgs,
    /// Where receipts are written, one for each file.
    #[arg(long, value_name = "DIR")]
    pub receipts: PathBuf,
    /// The invoices: all of them or none.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// See [`UseCommand::Lock`].
#[derive(Args, Debug)]
pub struct Lock {
    /// What is locked.
    #[command(flatten)]
    pub take: Take,
    /// For how long, such as 2h [default: as long as the type allows].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub lock_for: Option<Duration>,
}

/// See [`UseCommand::Consume`].
#[derive(Args, Debug)]
pub struct Consume {
    /// What is used.
    #[command(flatten)]
    pub take: Take,
    /// The receipts of the locks that become uses [default: those in --receipts].
    #[arg(long, value_name = "RECEIPT")]
    pub lock: Vec<PathBuf>,
}

/// See [`UseCommand::Release`].
#[derive(Args, Debug)]
pub struct Release {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The member's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The receipts of the locks: all of them or none.
    #[arg(required = true, value_name = "LOCK-RECEIPT")]
    pub locks: Vec<PathBuf>,
}

/// See [`UseCommand::Clawback`].
#[derive(Args, Debug)]
pub struct Clawback {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of the member, or of the agency that registered the invoice.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Why, as a word of the law, such as paid-in-error.
    #[arg(long, value_name = "WORD")]
    pub reason: String,
    /// So much, from the end of the use's share [default: all of it].
    #[arg(long, value_name = "AMOUNT")]
    pub amount: Option<String>,
    /// The currency of the amount, where the receipt does not show it.
    #[arg(long, value_name = "CODE", requires = "amount")]
    pub currency: Option<String>,
    /// The record of the invoice, hexadecimal.
    #[arg(
        long,
        value_name = "KEY",
        requires = "consumption",
        conflicts_with = "receipt"
    )]
    pub record: Option<StateKey>,
    /// The operation of the use, hexadecimal.
    #[arg(long = "use", value_name = "OPERATION", requires = "record")]
    pub consumption: Option<OperationId>,
    /// The receipt of the use.
    #[arg(value_name = "USE-RECEIPT", required_unless_present = "record")]
    pub receipt: Option<PathBuf>,
}

/// See [`UseCommand::HandOver`].
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("to").required(true)
    .args(["to_identifier", "to_claim_key_of", "new_claim"]))]
pub struct HandOver {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of the member that has the right.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The invoice.
    pub file: PathBuf,
    /// The receipt of its registration [default: FILE.receipt].
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// The claim file that shows the right, where it belongs to whoever holds one.
    #[arg(long, value_name = "FILE")]
    pub claim: Option<PathBuf>,
    /// To the member with this legal identifier.
    #[arg(long, value_name = "ID", requires = "opening")]
    pub to_identifier: Option<String>,
    /// The receipt that the new buyer needs: with its salt the right is shown.
    #[arg(long, value_name = "FILE", group = "opening", conflicts_with_all = ["to_claim_key_of", "new_claim"])]
    pub out: Option<PathBuf>,
    /// The salt alone, for who keeps no receipts.
    #[arg(long, value_name = "FILE", group = "opening", conflicts_with_all = ["to_claim_key_of", "new_claim", "out"])]
    pub salt_out: Option<PathBuf>,
    /// To whoever holds this claim file.
    #[arg(long, value_name = "CLAIMFILE")]
    pub to_claim_key_of: Option<PathBuf>,
    /// To whoever holds the claim file that is made here.
    #[arg(long, value_name = "CLAIMFILE")]
    pub new_claim: Option<PathBuf>,
}

/// Minor units: two whole numbers with two dots between.
fn span(text: &str) -> Result<Span, String> {
    let bad = || "write it as 0..30000, the end exclusive".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(bad)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| bad());
    let span = Span {
        from: number(from)?,
        to: number(to)?,
    };
    if span.is_empty() {
        return Err(bad());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_are_two_numbers() {
        let units = |from, to| Ok(Span { from, to });
        assert_eq!(span("0..30000"), units(0, 30_000));
        for bad in [
            "", "5", "5..", "..5", "5..5", "6..5", "-1..5", "0...5", "0..5.0",
        ] {
            assert!(span(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
