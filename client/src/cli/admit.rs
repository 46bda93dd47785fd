//! What is typed to admit agencies, members and registrars, and by them to ask for it.

use super::{duration, NetworkArg};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// See [`super::Command::Agency`].
#[derive(Debug, Subcommand)]
pub enum AgencyCommand {
    /// Make the request of an agency. The agency does this itself, without a connection.
    #[command(after_help = "\
Example:
  hefu agency request --network network.json --id gz-hospital-1 --name 贵阳市第一医院 \\
      --region guizhou --contact 0851-00000000 --uscc 12520100MB00000111 --type medical-bill \\
      --legal-basis 财综〔2019〕29号 --key agency.json --management-key manage.json --out request.json

Without --issuer-prefix it asks for its own code: it issues in its own name. --issuer-prefix '*' stands
for all issuers, and - for none: a branch, which issues out of the ranges that are given to it.")]
    Request(Box<AgencyRequestArgs>),
    /// Admit agencies: by their requests, or a whole table.
    #[command(after_help = "\
Examples:
  hefu agency admit --network network.json --key registrar.json request.json
  hefu agency admit --network network.json --key registrar.json --csv hospitals.csv --dry-run
  hefu agency admit --network network.json --key registrar.json --csv hospitals.csv

The table is a CSV as Excel saves it (UTF-8 or GB18030), one agency a row. Its columns, in any order, in
English or Chinese:
  request 申请文件 | id 标识, name 名称, region 地区, contact 联系方式, uscc 统一社会信用代码,
  type 文档类型, issuer_prefix 开具方前缀, legal_basis 法律依据, part 职责 (issue or supervise),
  key 公钥, proof 持有证明, management_key 管理公钥, management_proof 管理密钥持有证明,
  key_until 密钥有效期至 (a day, inclusive)
A row names the agency's request file, relative to the table, or brings key and proof itself. What both
say of id, name, region and code must agree; of the rest, what stands in the row is granted. Several
types or prefixes in one cell are separated by semicolons. Rows that fail are told with row and reason,
the others are admitted. Run again, nothing is done twice.
Exit code: 0 all rows are admitted; 1 some are not; 2 it could not be done.")]
    Admit(Admit),
    /// Change what an agency may issue and what is told of it.
    #[command(after_help = "\
Examples:
  hefu agency change --network network.json --key registrar.json gz-hospital-1 --contact 0851-00000009
  hefu agency change --network network.json --key registrar.json gz-hospital-1 --add-type fiscal-ebill \\
      --issuer-prefix 12520100MB00000111 --legal-basis 财综〔2019〕29号
  hefu agency change --network network.json --key registrar.json gz-hospital-1 --drop-type medical-bill")]
    Change(ChangeAgencyArgs),
    /// Let agencies not act until they are resumed.
    #[command(after_help = "\
Example:
  hefu agency suspend --network network.json --key registrar.json gz-hospital-1 --reason audit-7")]
    Suspend(StandingArgs),
    /// Let suspended agencies act again.
    #[command(after_help = "\
Example:
  hefu agency resume --network network.json --key registrar.json gz-hospital-1 --reason audit-7-closed")]
    Resume(StandingArgs),
    /// Retire agencies for good. Their legal issuers are free for another.
    #[command(after_help = "\
Example:
  hefu agency retire --network network.json --key registrar.json gz-hospital-1 --reason merged")]
    Retire(StandingArgs),
    /// List the agencies of the network, each proven.
    #[command(after_help = "\
Example:
  hefu agency list --network network.json --region guizhou")]
    List(ListArgs),
    /// Show agencies, proven.
    #[command(after_help = "\
Example:
  hefu agency show --network network.json gz-hospital-1")]
    Show(ShowArgs),
}

/// See [`super::Command::Member`].
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Make the request of a member. The member does this itself, without a connection.
    #[command(after_help = "\
Example:
  hefu member request --network network.json --region guizhou --key member.json --out request.json

The request tells the registrar the legal identifier; the ledger only ever gets a commitment to it. Give
it to nobody else. With --sealed the identifier is left out.")]
    Request(MemberRequestArgs),
    /// Admit members: by their requests, or a whole table.
    #[command(after_help = "\
Examples:
  hefu member admit --network network.json --key registrar.json request.json
  hefu member admit --network network.json --key registrar.json --csv members.csv --dry-run

The table is a CSV as Excel saves it (UTF-8 or GB18030), one member a row. Its columns, in any order:
  request 申请文件 | id 标识, region 地区, commitment 标识承诺, key 公钥, proof 持有证明,
  uscc 统一社会信用代码 (compared with the request; it never leaves this machine),
  key_until 密钥有效期至 (a day, inclusive)
Exit code: 0 all rows are admitted; 1 some are not; 2 it could not be done.")]
    Admit(Admit),
    /// Let members not act until they are resumed.
    #[command(after_help = "\
Example:
  hefu member suspend --network network.json --key registrar.json m-4f1c09 --reason dissolved")]
    Suspend(StandingArgs),
    /// Let suspended members act again.
    #[command(after_help = "\
Example:
  hefu member resume --network network.json --key registrar.json m-4f1c09 --reason mistake")]
    Resume(StandingArgs),
    /// Retire members for good.
    #[command(after_help = "\
Example:
  hefu member retire --network network.json --key registrar.json m-4f1c09 --reason dissolved")]
    Retire(StandingArgs),
    /// List the members of a table or of requests as they stand on the ledger, each proven.
    #[command(after_help = "\
Example:
  hefu member list --network network.json --csv members.csv

There is no list of all members: their ids are random, and the ledger names nobody.")]
    List(MemberList),
    /// Show members, proven.
    #[command(after_help = "\
Example:
  hefu member show --network network.json m-4f1c09")]
    Show(ShowArgs),
}

/// See [`super::Command::Registrar`].
#[derive(Debug, Subcommand)]
pub enum RegistrarCommand {
    /// Make the request of a registrar. It does this itself, without a connection.
    #[command(after_help = "\
Example:
  hefu registrar request --network network.json --id guizhou-health --name 贵州省卫生健康委员会 \\
      --region guizhou --type medical-bill --issuer-prefix 1252 --members --key registrar.json \\
      --out request.json

Without --type it asks for every type, and without --issuer-prefix for all issuers.")]
    Request(RegistrarRequestArgs),
    /// Admit registrars below the one that signs. First registrars are the council's to admit, see
    /// `hefu govern propose registrar`.
    #[command(after_help = "\
Example:
  hefu registrar admit --network network.json --key registrar.json request.json")]
    Admit(AdmitRegistrars),
    /// Change the rights of a registrar below the one that signs. What is not typed stays.
    #[command(after_help = "\
Example:
  hefu registrar change --network network.json --key registrar.json guizhou-health \\
      --type medical-bill --type fiscal-ebill --issuer-prefix 1252")]
    Change(ChangeRegistrarArgs),
    /// Let registrars, and all below them, not act until they are resumed.
    #[command(after_help = "\
Example:
  hefu registrar suspend --network network.json --key registrar.json guizhou-health --reason audit-7")]
    Suspend(StandingArgs),
    /// Let suspended registrars act again.
    #[command(after_help = "\
Example:
  hefu registrar resume --network network.json --key registrar.json guizhou-health --reason closed")]
    Resume(StandingArgs),
    /// Retire registrars for good.
    #[command(after_help = "\
Example:
  hefu registrar retire --network network.json --key registrar.json guizhou-health --reason reform")]
    Retire(StandingArgs),
    /// List the registrars of the network, each proven.
    #[command(after_help = "\
Example:
  hefu registrar list --network network.json")]
    List(ListArgs),
    /// Show registrars, proven.
    #[command(after_help = "\
Example:
  hefu registrar show --network network.json guizhou-health")]
    Show(ShowArgs),
}

/// What an agency is entitled to.
#[derive(Args, Clone, Debug, Default)]
pub struct EntitlementArgs {
    /// A document type.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// The beginning of the identifiers of legal issuers; * for all, - for none.
    #[arg(
        long = "issuer-prefix",
        value_name = "PREFIX",
        allow_hyphen_values = true
    )]
    pub prefixes: Vec<String>,
    /// What it rests on: the law, the list and its item.
    #[arg(long, value_name = "TEXT")]
    pub legal_basis: Option<String>,
    /// Whether it issues such documents, or confirms what others issue.
    #[arg(long, value_enum, default_value_t = PartArg::Issue)]
    pub part: PartArg,
}

/// [`hefu_types::leaf::Part`], typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PartArg {
    /// Issues, or proposes.
    #[default]
    Issue,
    /// Confirms, and allocates ranges.
    Supervise,
}

/// See [`AgencyCommand::Request`].
#[derive(Args, Debug)]
pub struct AgencyRequestArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Its id, as its key files name it.
    #[arg(long)]
    pub id: String,
    /// Its name.
    #[arg(long)]
    pub name: String,
    /// Its region.
    #[arg(long)]
    pub region: String,
    /// Where a clerk asks, in words.
    #[arg(long, value_name = "TEXT")]
    pub contact: String,
    /// Its unified social credit code, where it has one.
    #[arg(long, value_name = "CODE")]
    pub uscc: Option<String>,
    /// To what it asks to be entitled.
    #[command(flatten)]
    pub entitlement: EntitlementArgs,
    /// Its key file, of role agency.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A key file of role agency-management: with it the agency exchanges its own keys.
    #[arg(long, value_name = "FILE")]
    pub management_key: Option<PathBuf>,
    /// The request to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// See [`AgencyCommand::Admit`], [`MemberCommand::Admit`].
#[derive(Args, Debug)]
pub struct Admit {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The registrar's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A table, one to admit a row.
    #[arg(long, value_name = "FILE", conflicts_with = "requests")]
    pub csv: Option<PathBuf>,
    /// For how many days the keys sign, where the table does not say.
    #[arg(long, value_name = "DAYS", default_value_t = 730,
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub key_days: u32,
    /// Check everything and admit nobody.
    #[arg(long)]
    pub dry_run: bool,
    /// Requests.
    #[arg(required_unless_present = "csv", value_name = "REQUESTS")]
    pub requests: Vec<PathBuf>,
}

/// See [`AgencyCommand::Change`].
#[derive(Args, Debug)]
pub struct ChangeAgencyArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The registrar's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The agency.
    pub id: String,
    /// Its new name.
    #[arg(long)]
    pub name: Option<String>,
    /// Where a clerk asks from now on.
    #[arg(long, value_name = "TEXT")]
    pub contact: Option<String>,
    /// Its unified social credit code.
    #[arg(long, value_name = "CODE")]
    pub uscc: Option<String>,
    /// Entitle it to a type too, or to other issuers of one that it has.
    #[arg(long, value_name = "TYPE", requires = "legal_basis")]
    pub add_type: Vec<String>,
    /// The issuers of --add-type; * for all, - for none [default: its own code].
    #[arg(
        long = "issuer-prefix",
        value_name = "PREFIX",
        requires = "add_type",
        allow_hyphen_values = true
    )]
    pub prefixes: Vec<String>,
    /// What --add-type rests on.
    #[arg(long, value_name = "TEXT", requires = "add_type")]
    pub legal_basis: Option<String>,
    /// Whether it issues documents of --add-type, or confirms what others issue.
    #[arg(long, value_enum, default_value_t = PartArg::Issue)]
    pub part: PartArg,
    /// Take a type from it.
    #[arg(long, value_name = "TYPE")]
    pub drop_type: Vec<String>,
    /// Show what would change, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// A change of standing.
#[derive(Args, Debug)]
pub struct StandingArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The registrar's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Why, in words or as the number of a decision.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whom.
    #[arg(required = true, value_name = "IDS")]
    pub ids: Vec<String>,
}

/// A list out of the catalogue.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Only of this region.
    #[arg(long)]
    pub region: Option<String>,
}

/// Some that are named.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Whom.
    #[arg(required = true, value_name = "IDS")]
    pub ids: Vec<String>,
}

/// See [`MemberCommand::Request`].
#[derive(Args, Debug)]
pub struct MemberRequestArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Its region.
    #[arg(long)]
    pub region: String,
    /// Its key file, of role member: id and legal identifier stand in it.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Leave the legal identifier out: the registrar learns it in another way.
    #[arg(long)]
    pub sealed: bool,
    /// The request to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// See [`MemberCommand::List`].
#[derive(Args, Debug)]
pub struct MemberList {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// A table of members.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Requests of members.
    #[arg(required_unless_present = "csv", value_name = "REQUESTS")]
    pub requests: Vec<PathBuf>,
}

/// See [`RegistrarCommand::Request`].
#[derive(Args, Debug)]
pub struct RegistrarRequestArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Its id, as its key file names it.
    #[arg(long)]
    pub id: String,
    /// Its name.
    #[arg(long)]
    pub name: String,
    /// Its region.
    #[arg(long)]
    pub region: String,
    /// A document type to which it entitles agencies.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// The beginning of the identifiers of legal issuers.
    #[arg(long = "issuer-prefix", value_name = "PREFIX")]
    pub prefixes: Vec<String>,
    /// It admits members.
    #[arg(long)]
    pub members: bool,
    /// It entitles no agencies: it only admits members.
    #[arg(long, conflicts_with_all = ["types", "prefixes"], requires = "members")]
    pub no_agencies: bool,
    /// Its key file, of role registrar.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The request to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// See [`RegistrarCommand::Admit`].
#[derive(Args, Debug)]
pub struct AdmitRegistrars {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of the registrar above.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Check everything and admit nobody.
    #[arg(long)]
    pub dry_run: bool,
    /// Requests.
    #[arg(required = true, value_name = "REQUESTS")]
    pub requests: Vec<PathBuf>,
}

/// See [`RegistrarCommand::Change`].
#[derive(Args, Debug)]
pub struct ChangeRegistrarArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of the registrar above.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The registrar.
    pub id: String,
    /// Its new name.
    #[arg(long)]
    pub name: Option<String>,
    /// The types to which it entitles agencies from now on.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// The beginnings of the identifiers of legal issuers from now on.
    #[arg(long = "issuer-prefix", value_name = "PREFIX")]
    pub prefixes: Vec<String>,
    /// Whether it admits members from now on.
    #[arg(long, value_name = "BOOL")]
    pub members: Option<bool>,
}

/// Somebody who was admitted: exactly one of these.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Who {
    /// An agency, by its id.
    #[arg(long, value_name = "ID")]
    pub agency: Option<String>,
    /// A member, by its id.
    #[arg(long, value_name = "ID")]
    pub member: Option<String>,
    /// A registrar, by its id.
    #[arg(long, value_name = "ID")]
    pub registrar: Option<String>,
}

/// See [`super::Command::Key`].
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a new key for who has one, and the request to add it. Needs no connection.
    #[command(after_help = "\
Example:
  hefu key request --network network.json --key agency.json --new agency-2027.json --out key-request.json

The new key file keeps what the old one has beside the key: the secret of facts, the identifier. With
--management the new key manages keys.")]
    Request(KeyRequestArgs),
    /// Add keys: as a registrar, or with a management key of the holder.
    #[command(after_help = "\
Example:
  hefu key add --network network.json --key registrar.json key-request.json --key-days 365")]
    Add(AddKeys),
    /// Retire keys: they sign no more, and what they signed stays valid.
    #[command(after_help = "\
Example:
  hefu key retire --network network.json --key registrar.json agency-2026.json")]
    Retire(OnKeys),
    /// Exchange a key: make a new one, add it, and retire the old one now or later.
    #[command(after_help = "\
Examples:
  hefu key rotate --network network.json --key agency.json --with manage.json --new agency-2027.json
  hefu key rotate --network network.json --key agency.json --with registrar.json \\
      --new agency-2027.json --retire-old

Without --retire-old both keys sign until the old one is retired with `hefu key retire`.")]
    Rotate(RotateKey),
    /// State that a key is its holder's alone until now: no compromise can be declared from before.
    #[command(after_help = "\
Example:
  hefu key confirm --network network.json --key manage.json agency.json")]
    Confirm(OnKeys),
    /// Declare that somebody else has a key: what it signed since is doubtful.
    #[command(after_help = "\
Examples:
  hefu key compromised --network network.json agency.json --since 2026-11-20T15:10:00+08:00 --what-if
  hefu key compromised --network network.json agency.json --since 2026-11-20T15:10:00+08:00 \\
      --key registrar.json --reason incident-12

With --what-if nothing is declared: it tells how many documents would become doubtful.")]
    Compromised(CompromisedKey),
    /// Show keys, proven.
    #[command(after_help = "\
Example:
  hefu key show --network network.json agency.json")]
    Show(KeysArgs),
    /// List the keys of key files, requests, tables and holders as they stand on the ledger, each proven.
    #[command(after_help = "\
Examples:
  hefu key list --network network.json keys/*.json
  hefu key list --network network.json --holder agency:gz-hospital-1
  hefu key list --network network.json hospitals.csv --expiring 30d

Exit code with --expiring: 0 none of them ends so soon; 1 some do.")]
    List(KeyList),
}

/// See [`KeyCommand::Request`].
#[derive(Args, Debug)]
pub struct KeyRequestArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file that the holder has now.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The new key file; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub new: PathBuf,
    /// The new key manages keys.
    #[arg(long)]
    pub management: bool,
    /// The request to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// See [`KeyCommand::Add`].
#[derive(Args, Debug)]
pub struct AddKeys {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of the registrar, or a management key of the holder.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// They sign from this time on, RFC 3339 [default: at once].
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// For how many days they sign.
    #[arg(long, value_name = "DAYS", default_value_t = 730,
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub key_days: u32,
    /// Requests.
    #[arg(required = true, value_name = "REQUESTS")]
    pub requests: Vec<PathBuf>,
}

/// Something done to keys.
#[derive(Args, Debug)]
pub struct OnKeys {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of the registrar, or a management key of the holder.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The keys: ids, key files or requests.
    #[arg(required = true, value_name = "KEYS")]
    pub keys: Vec<String>,
}

/// See [`KeyCommand::Rotate`].
#[derive(Args, Debug)]
pub struct RotateKey {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file that is exchanged.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The key file of the registrar, or a management key of the holder.
    #[arg(long = "with", value_name = "FILE")]
    pub with: PathBuf,
    /// The new key file; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub new: PathBuf,
    /// For how many days the new key signs.
    #[arg(long, value_name = "DAYS", default_value_t = 730,
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub key_days: u32,
    /// Retire the old key in the same statement.
    #[arg(long)]
    pub retire_old: bool,
}

/// See [`KeyCommand::Compromised`].
#[derive(Args, Debug)]
pub struct CompromisedKey {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The registrar's key file.
    #[arg(long, value_name = "FILE", required_unless_present = "what_if")]
    pub key: Option<PathBuf>,
    /// What it signed from this time on is doubtful, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: String,
    /// Why, in words or as the number of an incident.
    #[arg(long, value_name = "TEXT", required_unless_present = "what_if")]
    pub reason: Option<String>,
    /// Only tell how many documents would become doubtful.
    #[arg(long)]
    pub what_if: bool,
    /// The key: its id, a key file or a request.
    #[arg(value_name = "KEY")]
    pub of: String,
}

/// Some keys.
#[derive(Args, Debug)]
pub struct KeysArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The keys: ids, key files or requests.
    #[arg(required = true, value_name = "KEYS")]
    pub keys: Vec<String>,
}

/// See [`KeyCommand::List`].
#[derive(Args, Debug)]
pub struct KeyList {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// All keys of a holder: agency:ID, member:ID, registrar:ID, council:SEAT or validator:NAME.
    #[arg(long, value_name = "HOLDER")]
    pub holder: Vec<String>,
    /// The keys: ids, key files or requests; a file that ends in .csv is a table.
    #[arg(required_unless_present = "holder", value_name = "KEYS")]
    pub keys: Vec<String>,
    /// Only those that end within this time, such as 30d.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub expiring: Option<Duration>,
}

/// See [`super::Command::Recognise`].
#[derive(Args, Debug)]
pub struct RecogniseArgs {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of the region's first registrar.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The region that recognises.
    #[arg(long)]
    pub region: String,
    /// The region that issued.
    #[arg(long, value_name = "REGION")]
    pub of: String,
    /// The document type.
    #[arg(long = "type", value_name = "TYPE")]
    pub document_type: String,
    /// It is expressly not recognised.
    #[arg(long)]
    pub not: bool,
    /// The text that is cited.
    #[arg(long, value_name = "TEXT")]
    pub citation: String,
    /// A file with the wording, for the clerk who reads it: UTF-8, at most 2 KiB.
    #[arg(long, value_name = "FILE")]
    pub text_file: Option<PathBuf>,
    /// A fact must say one of these, as 'grade=1|2' (quoted, for the shell); several conditions must all hold.
    #[arg(long = "condition", value_name = "FACT=VALUES")]
    pub conditions: Vec<String>,
    /// Only what was registered on this day or later, or at this time or later.
    #[arg(long, value_name = "DATE")]
    pub registered_from: Option<String>,
    /// From this day or time on [default: now].
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Until the end of this day, or before this time.
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
}
