//! What an agency types: what becomes of a document after its registration, ranges of numbers, and the
//! promise that every document is registered.

use super::{duration, DocumentArgs, NetworkArg, NumberArgs, Overrides};
use clap::{Args, Subcommand};
use hefu_types::time::Day;
use hefu_types::StateKey;
use std::path::PathBuf;
use std::time::Duration;

/// One operation on one document.
#[derive(Args, Debug)]
pub struct OnDocument {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of who signs.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The document.
    #[command(flatten)]
    pub document: DocumentArgs,
    /// Write the receipt to this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The same, with a reason. See [`super::Command::Cancel`], [`super::Command::Reject`].
#[derive(Args, Debug)]
pub struct Act {
    /// What is done to what.
    #[command(flatten)]
    pub on: OnDocument,
    /// Why, as a word of the law, such as wrong-buyer.
    #[arg(long, value_name = "WORD")]
    pub reason: String,
}

/// Files for a document that is on the ledger.
#[derive(Args, Debug)]
pub struct Content {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The agency's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A file of the document, as it is registered [default: the document whose number the files
    /// say].
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// The document's receipt.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// The key of the document's record, hexadecimal.
    #[arg(long, value_name = "KEY")]
    pub record: Option<StateKey>,
    /// The document's number.
    #[command(flatten)]
    pub number: NumberArgs,
    /// Read JSON, XML or CSV files as this mapping file says (see `hefu inspect --help`).
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// A fact of the type's dictionary that the files do not state, such as grade=二级.
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    pub facts: Vec<String>,
    /// Write the receipt to this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The files.
    #[arg(required = true, value_name = "FILES")]
    pub files: Vec<PathBuf>,
}

/// See [`super::Command::Correct`].
#[derive(Args, Debug)]
pub struct Correct {
    /// The document and its right files.
    #[command(flatten)]
    pub content: Content,
    /// Why, as a word of the law, such as wrong-amount.
    #[arg(long, value_name = "WORD")]
    pub reason: String,
    /// What the files do not say, or say otherwise.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// See [`super::Command::Replace`].
#[derive(Args, Debug)]
pub struct Replace {
    /// The invoice that ends.
    #[command(flatten)]
    pub on: OnDocument,
    /// The invoice that takes its place, registered before: a file, a receipt, or the key of a record.
    #[arg(long, value_name = "DOCUMENT")]
    pub by: String,
    /// Why, as a word of the law.
    #[arg(long, value_name = "WORD")]
    pub reason: String,
}

/// How much of an invoice; without any of these, all that is left.
#[derive(Args, Debug, Default)]
pub struct AmountArgs {
    /// How much, in the invoice's currency, such as 300.00 [default: all that is left].
    #[arg(long, value_name = "AMOUNT", conflicts_with = "minor_units")]
    pub amount: Option<String>,
    /// The currency [default: as the invoice says].
    #[arg(long, value_name = "CURRENCY", requires = "amount")]
    pub currency: Option<String>,
    /// The same as a whole number of minor units, where the currency is not known.
    #[arg(long, value_name = "COUNT")]
    pub minor_units: Option<u64>,
}

/// See [`super::Command::Reversal`].
#[derive(Args, Debug)]
pub struct Reversal {
    /// Which step.
    #[command(subcommand)]
    pub step: ReversalStep,
}

/// The steps by which both sides come to agree to a reversal.
#[derive(Debug, Subcommand)]
pub enum ReversalStep {
    /// Ask the other side to agree: as the agency, or as a member that uses the invoice.
    #[command(after_help = "\
Examples:
  hefu reversal request --network network.json --key agency.json invoices/1017.xml --reason return \\
      --amount 300.00
  hefu reversal request --network network.json --key member.json invoices/1017.xml --reason error")]
    Request(ReversalRequest),
    /// Agree to what the other side asked for.
    #[command(after_help = "\
Example:
  hefu reversal agree --network network.json --key member.json invoices/1017.xml --out agreed.receipt")]
    Agree(OnDocument),
    /// Deny what the other side asked for.
    #[command(after_help = "\
Example:
  hefu reversal deny --network network.json --key member.json invoices/1017.xml")]
    Deny(OnDocument),
    /// Take the own request back.
    #[command(after_help = "\
Example:
  hefu reversal withdraw --network network.json --key agency.json invoices/1017.xml")]
    Withdraw(OnDocument),
}

/// See [`ReversalStep::Request`].
#[derive(Args, Debug)]
pub struct ReversalRequest {
    /// Who asks for what.
    #[command(flatten)]
    pub act: Act,
    /// How much.
    #[command(flatten)]
    pub amount: AmountArgs,
}

/// See [`super::Command::Reverse`].
#[derive(Args, Debug)]
pub struct Reverse {
    /// The invoice.
    #[command(flatten)]
    pub act: Act,
    /// How much.
    #[command(flatten)]
    pub amount: AmountArgs,
    /// The credit note, registered before: a file, a receipt, or the key of a record.
    #[arg(long, value_name = "DOCUMENT")]
    pub credit_note: Option<String>,
}

/// See [`super::Command::Range`].
#[derive(Args, Debug)]
pub struct Range {
    /// Which step.
    #[command(subcommand)]
    pub step: RangeStep,
}

/// What is done with ranges of numbers.
#[derive(Debug, Subcommand)]
pub enum RangeStep {
    /// Ask for a range: as the agency that issues.
    #[command(after_help = "\
Example:
  hefu range request --network network.json --key hospital.json --type medical-bill \\
      --issuer 12330000HEFU00001X --series 33060125 --first 1 --last 5000 --digits 10")]
    Request(RangeRequest),
    /// Allocate a range that was asked for: as the supervising agency.
    #[command(after_help = "\
Example:
  hefu range allocate --network network.json --key finance.json --type medical-bill \\
      --issuer 12330000HEFU00001X --series 33060125 --range 0 --valid-until 2027-12-31")]
    Allocate(RangeAllocate),
    /// Begin to use an allocated range: as its holder.
    #[command(after_help = "\
Example:
  hefu range activate --network network.json --key hospital.json --type medical-bill \\
      --issuer 12330000HEFU00001X --series 33060125 --range 0")]
    Activate(RangeActivate),
    /// Take back what is open of a range: as the supervising agency.
    #[command(after_help = "\
Example:
  hefu range withdraw --network network.json --key finance.json --type medical-bill \\
      --issuer 12330000HEFU00001X --series 33060125 --range 0 --reason closed")]
    Withdraw(RangeWithdraw),
    /// Give a part of a range to a branch: as its holder.
    #[command(after_help = "\
Example:
  hefu range delegate --network network.json --key hospital.json --type medical-bill \\
      --issuer 12330000HEFU00001X --series 33060125 --range 0 --first 4001 --last 5000 --to clinic")]
    Delegate(RangeDelegate),
    /// Declare numbers void that were never used: as the range's holder.
    #[command(after_help = "\
Example:
  hefu range void --network network.json --key hospital.json --type medical-bill \\
      --issuer 12330000HEFU00001X --series 33060125 --range 0 --first 17 --last 17 --reason misprint")]
    Void(RangeVoid),
    /// Show the ranges of a numbering.
    #[command(after_help = "\
Example:
  hefu range list --network network.json --type medical-bill --issuer 12330000HEFU00001X \\
      --series 33060125")]
    List(RangeList),
    /// Show with proof that every allocated number is issued, void, a branch's or open, and the gaps.
    #[command(after_help = "\
Examples:
  hefu range report --network network.json --type medical-bill --issuer 12330000HEFU00001X \\
      --series 33060125 --range all --save ranges.cert --sample 20
  hefu range report --network network.json --type medical-bill --issuer 12330000HEFU00001X \\
      --series 33060125 --range all --offline ranges.cert

A gap is an open number below the highest that is issued in its range.
Exit code: 0 no gap; 1 a gap, or a record that disagrees; 2 could not tell.")]
    Report(RangeReport),
}

/// Numbers that are counted together.
#[derive(Args, Clone, Debug)]
pub struct NumberingArgs {
    /// The document type.
    #[arg(long = "type", value_name = "TYPE")]
    pub document_type: String,
    /// The legal identifier of the issuer that the documents name.
    #[arg(long)]
    pub issuer: String,
    /// The class of the numbers.
    #[arg(long, default_value = "")]
    pub class: String,
    /// The series of the numbers.
    #[arg(long, default_value = "")]
    pub series: String,
    /// The period of the numbers.
    #[arg(long, default_value = "")]
    pub period: String,
}

/// Who does what to a numbering.
#[derive(Args, Clone, Debug)]
pub struct OnNumbering {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The agency's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The numbering.
    #[command(flatten)]
    pub numbering: NumberingArgs,
    /// The region [default: the only one in which the agency has to do with the type].
    #[arg(long)]
    pub region: Option<String>,
}

/// See [`RangeStep::Request`].
#[derive(Args, Debug)]
pub struct RangeRequest {
    /// Who, and of which numbering.
    #[command(flatten)]
    pub on: OnNumbering,
    /// The first number, as a count.
    #[arg(long, value_name = "NUMBER")]
    pub first: u64,
    /// The last, inclusive.
    #[arg(long, value_name = "NUMBER")]
    pub last: u64,
    /// With how many digits a number is written, leading zeros included.
    #[arg(long, value_name = "COUNT")]
    pub digits: u8,
}

/// See [`RangeStep::Allocate`].
#[derive(Args, Debug)]
pub struct RangeAllocate {
    /// Who, and of which numbering.
    #[command(flatten)]
    pub on: OnNumbering,
    /// The range, as `hefu range list` counts them.
    #[arg(long, value_name = "N")]
    pub range: u32,
    /// The last day on which its numbers are issued.
    #[arg(long, value_name = "DAY")]
    pub valid_until: Day,
}

/// See [`RangeStep::Activate`].
#[derive(Args, Debug)]
pub struct RangeActivate {
    /// Who, and of which numbering.
    #[command(flatten)]
    pub on: OnNumbering,
    /// The range, as `hefu range list` counts them.
    #[arg(long, value_name = "N")]
    pub range: u32,
}

/// See [`RangeStep::Withdraw`].
#[derive(Args, Debug)]
pub struct RangeWithdraw {
    /// Who, and of which numbering.
    #[command(flatten)]
    pub on: OnNumbering,
    /// The range, as `hefu range list` counts them.
    #[arg(long, value_name = "N")]
    pub range: u32,
    /// Why, as a word of the law.
    #[arg(long, value_name = "WORD")]
    pub reason: String,
}

/// See [`RangeStep::Delegate`].
#[derive(Args, Debug)]
pub struct RangeDelegate {
    /// Who, and of which numbering.
    #[command(flatten)]
    pub on: OnNumbering,
    /// The range out of which the branch gets some, as `hefu range list` counts them.
    #[arg(long, value_name = "N")]
    pub range: u32,
    /// The first number of the branch.
    #[arg(long, value_name = "NUMBER")]
    pub first: u64,
    /// Its last, inclusive.
    #[arg(long, value_name = "NUMBER")]
    pub last: u64,
    /// The agency of the branch.
    #[arg(long, value_name = "AGENCY")]
    pub to: String,
}

/// See [`RangeStep::Void`].
#[derive(Args, Debug)]
pub struct RangeVoid {
    /// Who, and of which numbering.
    #[command(flatten)]
    pub on: OnNumbering,
    /// The range, as `hefu range list` counts them.
    #[arg(long, value_name = "N")]
    pub range: u32,
    /// The first number that is void.
    #[arg(long, value_name = "NUMBER")]
    pub first: u64,
    /// The last, inclusive.
    #[arg(long, value_name = "NUMBER")]
    pub last: u64,
    /// Why, as a word of the law.
    #[arg(long, value_name = "WORD")]
    pub reason: String,
}

/// See [`RangeStep::List`].
#[derive(Args, Debug)]
pub struct RangeList {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The numbering.
    #[command(flatten)]
    pub numbering: NumberingArgs,
}

/// See [`RangeStep::Report`].
#[derive(Args, Debug)]
pub struct RangeReport {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The numbering.
    #[command(flatten)]
    pub numbering: NumberingArgs,
    /// The range, as `hefu range list` counts them, or `all` of the type.
    #[arg(long, value_name = "N|all", value_parser = which)]
    pub range: Which,
    /// Write the certificate that proves it to this file.
    #[arg(long, value_name = "FILE", conflicts_with = "offline")]
    pub save: Option<PathBuf>,
    /// Ask nobody: check this certificate again.
    #[arg(long, value_name = "FILE")]
    pub offline: Option<PathBuf>,
    /// Look so many issued numbers up, and so many of the gaps, whether they agree.
    #[arg(long, value_name = "COUNT", conflicts_with = "offline",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sample: Option<u32>,
}

/// Which ranges of a numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of the type.
    All,
    /// The one at this place.
    One(u32),
}

fn which(text: &str) -> Result<Which, String> {
    if text == "all" {
        return Ok(Which::All);
    }
    let place = text.parse().map(Which::One);
    place.map_err(|_| "write the number of a range, or all".to_owned())
}

/// See [`super::Command::Cover`].
#[derive(Args, Debug)]
pub struct Cover {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The agency's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The document type.
    #[arg(long = "type", value_name = "TYPE")]
    pub document_type: String,
    /// The region [default: the only one for which the agency issues the type].
    #[arg(long)]
    pub region: Option<String>,
    /// Of documents issued from this day on.
    #[arg(long, value_name = "DAY")]
    pub from: Day,
    /// Of documents issued until this day, inclusive [default: without an end].
    #[arg(long, value_name = "DAY")]
    pub until: Option<Day>,
    /// Within so long after their issue, such as 72h.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub within: Duration,
}
