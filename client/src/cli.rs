//! What can be typed. Every command shows an example in its help.

pub mod admit;
mod agency;
pub mod govern;
pub mod licence;
pub mod uses;

pub use agency::{
    Act, AmountArgs, Content, Correct, Cover, NumberingArgs, OnDocument, OnNumbering, Range,
    RangeList, RangeReport, RangeStep, Replace, Reversal, ReversalStep, Reverse, Which,
};

pub use admit::Who;

use crate::memory::{self, Remembered};
use crate::nodes::Nodes;
use crate::say::Lang;
use crate::Failure;
use clap::{Args, Parser, Subcommand, ValueEnum};
use hefu_proof::verdict::Said;
use hefu_types::genesis::Network;
use hefu_types::{NetworkId, OperationId, StateKey};
use std::path::PathBuf;
use std::time::Duration;

mod audit;
mod catalogue;
mod tlog;
mod watch;
pub use audit::Audit;
pub use catalogue::{Catalogue, Recognition};
pub use tlog::{Consistency, Export, Policy, Proof, ReceiptCommand};
pub use watch::{Codes, Watch};

/// The client of Hefu: register, verify and use electronic invoices and licences.
#[derive(Debug, Parser)]
#[command(
    name = "hefu",
    version,
    after_help = "\
Example, from a file to a verdict:
  hefu register --network network.json --key agency.json --type invoice invoices/ --receipts receipts/
  hefu verify --network network.json invoices/1017.xml

Exit code: 0 yes or done; 1 no or refused; 2 could not tell, or could not be done."
)]
pub struct Cli {
    /// What every command has.
    #[command(flatten)]
    pub shared: Shared,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command has.
#[derive(Args, Clone, Debug)]
pub struct Shared {
    /// Print one JSON object; errors go to standard error as {"kind","code","sentence","detail"}.
    #[arg(long, global = true)]
    pub json: bool,
    /// The language of texts [default: Chinese where the locale begins with zh, else English].
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
    /// How long to wait for the nodes, such as 90s or 5m.
    #[arg(long, global = true, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub timeout: Duration,
    /// Where this network's memory is kept, `none` for nowhere [default: HEFU_MEMORY, else a file for
    /// each network in ~/.local/state/hefu].
    #[arg(long, global = true, value_name = "FILE")]
    pub memory: Option<PathBuf>,
    /// How long what was learnt of a network is relied on without anything newer, such as 9600h.
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    pub trust_period: Option<Duration>,
}

impl Shared {
    /// The language of texts.
    pub fn lang(&self) -> Lang {
        self.lang.unwrap_or_else(Lang::of_environment)
    }

    /// The nodes of a network file.
    pub fn nodes(&self, network: &std::path::Path) -> Result<Nodes, Failure> {
        let nodes = Nodes::open(network, self.timeout)?.speaking(self.lang());
        let (remembered, warning) = self.remembered(nodes.network());
        Ok(nodes.remembering(remembered, warning))
    }

    /// What is remembered of a network, and what is wrong with that.
    pub fn remembered(&self, network: &Network) -> (Remembered, Option<Said>) {
        let period_ms = self.trust_period_ms();
        match memory::place(self.memory.as_deref(), network.digest()) {
            Some(file) => Remembered::open(&file, network, period_ms),
            None => (Remembered::nothing(network, period_ms), None),
        }
    }

    /// How long what was learnt of a network is relied on, in milliseconds.
    pub fn trust_period_ms(&self) -> u64 {
        let period = self.trust_period.unwrap_or(memory::PERIOD);
        u64::try_from(period.as_millis()).unwrap_or(u64::MAX)
    }
}

/// One command a verb.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key, and prove possession of it to a registrar.
    #[command(after_help = "\
Example:
  hefu keygen --role member --holder m-4f1c09 --identifier 91520111MAHEFU071J --out member.json \\
      --network-id 0123456789abcdef0123456789abcdef
  hefu keygen --role agency-management --holder gz-hospital-1 --out manage.json

A member that names no holder gets a random id. The proof of possession goes into a request by itself:
see `hefu agency request`, `hefu member request`, `hefu registrar request`, `hefu govern request`.")]
    Keygen(Keygen),
    /// Put documents on the ledger. Started again, it goes on where it stopped.
    #[command(after_help = "\
Examples:
  hefu register --network network.json --key agency.json --type invoice invoices/ --receipts receipts/
  hefu register --network network.json --key agency.json --csv invoices.csv --receipts receipts/
  hefu register --network network.json --key agency.json --type licence --number GZ-FP-2026-0004 \\
      --issuer 11520100MBHEFU0243 --class food-production --receipts receipts/ licence.pdf
  hefu register --network network.json --key agency.json --type licence --fact grade=二级 \
      --receipts receipts/ licence.pdf
  hefu register --network network.json --key agency.json --use claim --receipts receipts/ 1017.xml
  hefu register --network network.json --key agency.json --offline-at 2026-11-20T08:30:00+08:00 \\
      --receipts receipts/ till/

With --use claim each file also gets DIR/<its path>.claim, which goes to the buyer with the invoice:
whoever has it may use the invoice. Facts that the type calls open stand in the record for everybody, as
far as they fit into 128 bytes; all others stay sealed and are opened by receipts.
The CSV has the header file,type,number,legal_issuer,class,series,period[,valid_from,valid_until]; its
files are relative to it. Each file gets DIR/<its path, separators as __>.receipt.")]
    Register(Register),
    /// Say whether files are authentic, in force and, with --for, usable.
    #[command(after_help = "\
Examples:
  hefu verify --network network.json invoices/1017.xml --for reimburse --as member.json
  hefu verify --network network.json invoices/1017.xml --for reimburse --as member.json \\
      --amount 300.00 --receipt used/
  hefu verify --network network.json licence.json --region zhejiang
  hefu verify --network network.json for-the-bank.pdf --copy for-the-bank.pdf.copy.json --user 样例银行
  hefu verify --network network.json --offline licence.pdf --receipt licence.pdf.receipt
  hefu verify --network network.json --offline licence.pdf --receipt status.cert

Without --receipt, a receipt beside the file (FILE.receipt) is used by itself; a status certificate
(`hefu status --save`) may stand in its place. With --for, the receipt of
the member's own lock or use (FILE.PURPOSE.receipt, or --receipt) tells what it entitles to. For whom a
lending copy was made is shown by its copy file: beside it (FILE.copy.json), or given with --copy.
A file that is not registered itself, such as another rendition or a print, could not be told even
where all registered facts agree with it: ask for the original.
Exit code: 0 authentic, in force and usable; 1 not; 2 could not tell.")]
    Verify(Verify),
    /// Tell which documents changed since they were last looked at, with proofs.
    #[command(after_help = "\
Examples:
  hefu watch --network network.json paid/ --state watch.state
  hefu watch --network network.json paid.csv --since status.cert --save changed/
  hefu watch --network network.json paid/ --state watch.state --follow --every 2s --for 1m

A document is compared with the newer of its receipt, --state and --since.
Exit code: 0 nothing changed; 1 something changed; 2 could not tell.")]
    Watch(Watch),
    /// List the codes of the ledger, with what they mean and what to do.
    #[command(after_help = "\
Examples:
  hefu codes
  hefu codes --group 5 --lang zh")]
    Codes(Codes),
    /// List document types, facts, regions, issuers, entitlements, rules of recognition: every line proven.
    #[command(after_help = "\
Examples:
  hefu catalogue --network network.json
  hefu catalogue --network network.json --part entitlements --csv --lang zh
  hefu catalogue --network network.json --save network.catalogue
  hefu catalogue --network network.json --from network.catalogue --part recognition
  hefu catalogue --network network.json --part keys --holder agency:gd-tax

Each line names the leaf of the ledger that proves it. That a line is missing proves nothing: ask for the
one thing, such as with `hefu verify --region`, to have its absence proven.")]
    Catalogue(Catalogue),
    /// Show which region recognises the licences of which: yes, on conditions, no, or no rule.
    #[command(after_help = "\
Examples:
  hefu recognition --network network.json
  hefu recognition --network network.json --type licence --csv

Rows recognise columns. Every cell is proven, also that there is no rule.")]
    Recognition(Recognition),
    /// Show what the ledger knows of a document.
    #[command(after_help = "\
Examples:
  hefu status --network network.json invoices/1017.xml
  hefu status --network network.json --type licence --number JY15201110000003 \\
      --issuer 11520100MBHEFU0243 --class food-business --save status.cert
  hefu status --network network.json invoices/1017.xml --at 2026-06-30
  hefu status --network network.json invoices/1017.xml --at 2026-06-30 \\
      --as-known-at 2026-07-01T09:00:00+08:00
  hefu status --network network.json licence.pdf --save licence.cert --short

A day means its end, in the zone of the document's type.")]
    Status(Status),
    /// Void an unused invoice within its window, or end a licence at its holder's wish.
    #[command(after_help = "\
Examples:
  hefu cancel --network network.json --key agency.json invoices/1017.xml --reason wrong-buyer
  hefu cancel --network network.json --key agency.json licence.json --reason holder-wish")]
    Cancel(Act),
    /// Take a licence, or a copy that was lent of it, out of force for good.
    #[command(after_help = "\
Examples:
  hefu revoke --network network.json --key agency.json for-the-bank.pdf --reason lost
  hefu revoke --network network.json --key agency.json licence.json --reason safety-violation \\
      --effective-at 2026-12-01T00:00:00+08:00")]
    Revoke(Revoke),
    /// Use invoices: lock, consume, release, take back, hand on. Only receipts of locks and uses entitle
    /// to pay.
    #[command(
        subcommand,
        after_help = "\
Example, from a lock to the use that entitles to pay:
  hefu use lock --network network.json --key member.json --for reimburse --receipts used/ \\
      invoices/1017.xml
  hefu use consume --network network.json --key member.json --for reimburse --receipts used/ \\
      invoices/1017.xml"
    )]
    Use(uses::UseCommand),
    /// Add files to a document whose facts they share, such as its PDF beside its XML.
    #[command(after_help = "\
Examples:
  hefu add-rendition --network network.json --key agency.json invoices/1017.pdf
  hefu add-rendition --network network.json --key agency.json --document invoices/1017.xml print.pdf

The facts of the new files must be those that are registered.")]
    AddRendition(Content),
    /// Mend a wrong registration within its window: the right files take the place of the wrong ones.
    #[command(after_help = "\
Examples:
  hefu correct --network network.json --key agency.json --reason wrong-amount invoices/1017.xml
  hefu correct --network network.json --key agency.json --document wrong.xml --reason wrong-file \\
      right.xml right.pdf --out right.receipt

The number stays. Whatever is not given is as in a registration of these files.")]
    Correct(Correct),
    /// Confirm a document that a unit proposed: as the supervising agency.
    #[command(after_help = "\
Example:
  hefu confirm --network network.json --key finance.json bills/0000000017.xml")]
    Confirm(OnDocument),
    /// Reject a document that a unit proposed: as the supervising agency.
    #[command(after_help = "\
Example:
  hefu reject --network network.json --key finance.json bills/0000000017.xml --reason wrong-payer")]
    Reject(Act),
    /// Replace an invoice by another that is registered.
    #[command(after_help = "\
Example:
  hefu replace --network network.json --key agency.json invoices/1017.xml --by invoices/1018.xml \\
      --reason wrong-address")]
    Replace(Replace),
    /// Mark a document as archived. It says nothing about its state.
    #[command(after_help = "\
Example:
  hefu archive --network network.json --key agency.json invoices/1017.xml")]
    Archive(OnDocument),
    /// Come to agree to the reversal of an invoice that is in use: request, agree, deny, withdraw.
    #[command(after_help = "\
Example:
  hefu reversal request --network network.json --key agency.json invoices/1017.xml --reason return

See `hefu reversal request --help` and the like. Once both sides agree: `hefu reverse`.")]
    Reversal(Reversal),
    /// Reverse an invoice, whole or in part.
    #[command(after_help = "\
Examples:
  hefu reverse --network network.json --key agency.json invoices/1017.xml --reason return
  hefu reverse --network network.json --key agency.json invoices/1017.xml --reason discount \\
      --amount 300.00 --credit-note invoices/1044.xml

An invoice that is in use is reversed once its users agree: see `hefu reversal --help`.")]
    Reverse(Reverse),
    /// Ranges of numbers: request, allocate, activate, withdraw, delegate, void, list, report.
    #[command(after_help = "\
Example:
  hefu range report --network network.json --type medical-bill --issuer 12330000HEFU00001X \\
      --series 33060125 --range all

See `hefu range request --help` and the like.")]
    Range(Range),
    /// Promise that every document of a type is registered in time; only then its absence says much.
    #[command(after_help = "\
Example:
  hefu cover --network network.json --key agency.json --type invoice --from 2026-01-01 --within 72h

A promise is made larger, never smaller; it may end, not earlier than now.")]
    Cover(Cover),
    /// The council's acts: propose, show, sign without a connection, submit, list.
    #[command(
        subcommand,
        after_help = "\
Example, from a decision to the ledger:
  hefu govern propose parameters --network network.json --heartbeat-ms 5000 --reason decision-2026-11
  hefu govern sign --network network.json action.json --key seat.json
  hefu govern submit --network network.json action.json --key seat.json"
    )]
    Govern(govern::Govern),
    /// Agencies: request, admit (also by CSV), change, suspend, resume, retire, list, show.
    #[command(
        subcommand,
        after_help = "\
Example:
  hefu agency admit --network network.json --key registrar.json --csv hospitals.csv --dry-run"
    )]
    Agency(admit::AgencyCommand),
    /// Members: request, admit (also by CSV), suspend, resume, retire, list, show.
    #[command(
        subcommand,
        after_help = "\
Example:
  hefu member admit --network network.json --key registrar.json request.json"
    )]
    Member(admit::MemberCommand),
    /// Registrars: request, admit, change, suspend, resume, retire, list, show.
    #[command(
        subcommand,
        after_help = "\
Example:
  hefu registrar admit --network network.json --key registrar.json request.json"
    )]
    Registrar(admit::RegistrarCommand),
    /// Keys on the ledger: request, add, retire, rotate, confirm, compromised, show, list.
    #[command(
        subcommand,
        after_help = "\
Example:
  hefu key list --network network.json hospitals.csv --expiring 30d"
    )]
    Key(admit::KeyCommand),
    /// State what a region recognises of another, on which conditions, from when.
    #[command(after_help = "\
Examples:
  hefu recognise --network network.json --key registrar.json --region shanghai --of guizhou \\
      --type licence --citation agreement-2026-3 --text-file article-3.txt --condition 'grade=1|2' \\
      --registered-from 2026-01-01 --from 2026-12-01 --until 2028-11-30
  hefu recognise --network network.json --key registrar.json --region zhejiang --of guizhou \\
      --type licence --not --citation notice-2026-5 --from 2026-12-01

The rule takes the place of the region's rule for this type of that region. A day is one in the zone of
the type; --until includes its day.")]
    Recognise(admit::RecogniseArgs),
    /// Show what receipts hold and whether they verify, or fetch one.
    #[command(after_help = "\
Examples:
  hefu receipt --network network.json receipts/1017.xml.receipt
  hefu receipt --network network.json --operation 6f0c...e1 --out 1017.receipt
  hefu receipt export --network network.json --cose 1017.cose receipts/1017.xml.receipt")]
    Receipt(ReceiptArgs),
    /// Write the keys of the validators and their quorum, for C2SP verifiers (tlog-policy).
    #[command(after_help = "\
Examples:
  hefu policy --network network.json --out network.policy
  hefu policy --network network.json --offline

It is of the set in force, proven by the chain of handovers from genesis on; with --offline that of
genesis. A note is accepted with one line of any validator's log key and cosignatures of a quorum.")]
    Policy(Policy),
    /// Prove that an entry is in the log, for C2SP verifiers (tlog-proof); or check such a proof.
    #[command(after_help = "\
Examples:
  hefu proof --network network.json invoices/1017.xml --out 1017.tlog-proof
  hefu proof --network network.json --receipt 1017.xml.receipt --out 1017.tlog-proof --save-entry 1017.entry
  hefu proof --network network.json --entry 4711 --out 4711.tlog-proof
  hefu proof --network network.json --check 1017.tlog-proof --entry-bytes 1017.entry

The entry of a document is the statement that registered it, a COSE_Sign1. With --receipt nobody is asked.
Exit code: 0 it is in the log; 1 the proof does not hold; 2 could not tell.")]
    Proof(Proof),
    /// Show that the log of one checkpoint begins with that of another: nothing was changed or removed.
    #[command(after_help = "\
Examples:
  hefu consistency --network network.json 1017.xml.receipt latest
  hefu consistency --network network.json old.note new.note --out growth.txt
  hefu consistency --network network.json --check growth.txt old.note

A checkpoint is a note, a receipt, a status certificate, a tlog-proof, or the word latest. What --out
writes is the body of an add-checkpoint request to a C2SP witness.
Exit code: 0 yes; 1 no, the network signed two histories, or the proof does not hold; 2 could not tell.")]
    Consistency(Consistency),
    /// Make a receipt that opens chosen facts of a document and hides the rest.
    #[command(after_help = "\
Example:
  hefu disclose --network network.json receipts/1017.xml.receipt --facts total,currency,issue-date \\
      --out for-the-bank.receipt

The facts that a receipt opens are shown by `hefu receipt`. What is hidden cannot be opened again by
whoever gets the new receipt. Number, issuer, type and region are always shown.")]
    Disclose(Disclose),
    /// Show what is recognised in files: format, number, facts with their places, seals, digest.
    #[command(after_help = "\
Examples:
  hefu inspect invoices/1017.xml
  hefu inspect --network network.json mail.zip
  hefu inspect --mapping registrations.mapping.json registrations.csv

Read are: OFD, PDF and XML of Chinese invoices, fiscal e-bills, rail and air tickets, and OFD licences;
UBL, CII, PDF with one of them (Factur-X, ZUGFeRD), EDIFACT INVOIC; FatturaPA (also .p7m), CFDI, NF-e,
GST e-invoice JSON, GOBL; OpenAttestation, Blockcerts, W3C credentials, ISO 18013-5 mdoc; Hefu's own
JSON; ZIP archives of such files; and any JSON, XML or CSV by a mapping file. What a file holds is
named FILE#NAME, and can be typed so wherever a file is asked for.")]
    Inspect(Inspect),
    /// What becomes of a licence.
    #[command(flatten)]
    Licence(licence::LicenceCommand),
    /// Follow a network from outside: check and execute again everything that it publishes.
    #[command(after_help = "\
Examples:
  hefu audit --network network.json
  hefu audit --network network.json --from http://127.0.0.1:26502 --follow --every 5s
  hefu audit --network network.json --from http://127.0.0.1:26502 --mirror mirror/
  hefu audit --network network.json --from mirror/ --memory second.memory
  hefu audit --network network.json --evidence equivocation-5d41402abc4b2a76.cbor

Only the genesis in the network file is trusted. Checked are: the signatures of every checkpoint and of
every handover, that all checkpoints ever seen are of one log, every entry of it, every statement's
signature, every operation against the root that is signed, and by executing every block again its
outcomes and the root of the state. All operations are public today, so no credential is needed.
Exit code: 0 all that was published holds; 1 a finding; 2 could not tell, such as a node that is not
reached. With --evidence: 1 the file proves that a quorum signed two histories; 2 it proves nothing.")]
    Audit(Audit),
    /// Measure a running network: registers made-up documents for ever, so only on a test network.
    #[command(after_help = "\
Examples:
  hefu bench --network network.json --key agency.json --operations 1,16,256 --senders 64 --time 20s
  hefu bench --network network.json --key agency.json --rate 200 --operators http://127.0.0.1:9101

An operation counts when its receipt was fetched and verified here. With --operators, what the nodes
used is told too; their own metrics say it.")]
    Bench(Bench),
}

/// The network.
#[derive(Args, Clone, Debug)]
pub struct NetworkArg {
    /// The network file: its genesis is all that is trusted.
    #[arg(long, value_name = "FILE")]
    pub network: PathBuf,
}

/// A legal number, as a clerk types it.
#[derive(Args, Clone, Debug, Default)]
pub struct NumberArgs {
    /// The document type [default: every type of the network that such a number fits].
    #[arg(long = "type", value_name = "TYPE")]
    pub document_type: Option<String>,
    /// The number.
    #[arg(long)]
    pub number: Option<String>,
    /// The legal identifier of the issuer that the document names; e-licences, KSeF numbers, access
    /// keys of NF-e and rail tickets bring theirs.
    #[arg(long, requires = "number")]
    pub issuer: Option<String>,
    /// The class of the number, such as credit-note [default for EN 16931: invoice].
    #[arg(long, requires = "number")]
    pub class: Option<String>,
    /// The series of the number.
    #[arg(long, requires = "number")]
    pub series: Option<String>,
    /// The period in which numbers are unique.
    #[arg(long, requires = "number")]
    pub period: Option<String>,
}

/// One document, named in one of several ways.
#[derive(Args, Clone, Debug, Default)]
pub struct DocumentArgs {
    /// A file of the document.
    pub file: Option<PathBuf>,
    /// Its receipt.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// The key of its record, hexadecimal.
    #[arg(long, value_name = "KEY")]
    pub record: Option<StateKey>,
    /// Its number.
    #[command(flatten)]
    pub number: NumberArgs,
}

/// See [`Command::Keygen`].
#[derive(Args, Debug)]
pub struct Keygen {
    /// What the key is for.
    #[arg(long, value_enum)]
    pub role: Role,
    /// The holder's id on the ledger [default for a member: a random one].
    #[arg(long, value_name = "ID", required_unless_present = "identifier")]
    pub holder: Option<String>,
    /// The key file to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A member's legal identifier, as invoices name the buyer.
    #[arg(long, required_if_eq("role", "member"))]
    pub identifier: Option<String>,
    /// The id of the network, for the proof of possession that a registrar asks for.
    #[arg(long, value_name = "HEX")]
    pub network_id: Option<NetworkId>,
}

/// Who makes a key for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Registers, cancels, revokes.
    Agency,
    /// Consumes.
    Member,
    /// Admits agencies and members of a region.
    Registrar,
    /// A seat of the council.
    Council,
    /// Adds and retires the keys of its agency, and signs nothing else.
    AgencyManagement,
    /// Adds and retires the keys of its member, and signs nothing else.
    MemberManagement,
    /// Adds and retires the keys of its registrar, and signs nothing else.
    RegistrarManagement,
}

/// How a document is registered where its files do not say it, or otherwise than they say.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// Who may use an invoice, or a licence that is used or lent [default: the buyer or holder if the
    /// file names one, else the first member where the type allows it].
    #[arg(long = "use", value_enum)]
    pub use_right: Option<UseArg>,
    /// The first day of validity, such as 2026-01-31 [default: as the file says].
    #[arg(long, value_name = "DAY")]
    pub valid_from: Option<String>,
    /// The last day of validity, inclusive [default: as the file says].
    #[arg(long, value_name = "DAY")]
    pub valid_until: Option<String>,
}

/// See [`Command::Register`].
#[derive(Args, Debug)]
pub struct Register {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The agency's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The number of the one document; without it, numbers are read from the files.
    #[command(flatten)]
    pub number: NumberArgs,
    /// The files are renditions of one document.
    #[arg(long)]
    pub one_document: bool,
    /// The region [default: that of the agency's only entitlement for the type].
    #[arg(long)]
    pub region: Option<String>,
    /// A list of files with their numbers.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "number", "one_document"])]
    pub csv: Option<PathBuf>,
    /// What the files do not say, or say otherwise.
    #[command(flatten)]
    pub overrides: Overrides,
    /// A fact of the type's dictionary that the file does not state, such as grade=二级.
    #[arg(long = "fact", value_name = "NAME=VALUE", conflicts_with = "csv")]
    pub facts: Vec<String>,
    /// Read JSON, XML or CSV files as this mapping file says (see `hefu inspect --help`).
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// The documents were issued without a connection at this time, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub offline_at: Option<String>,
    /// How many documents are signed together.
    #[arg(long, value_name = "COUNT", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// Where receipts are written.
    #[arg(long, value_name = "DIR")]
    pub receipts: PathBuf,
    /// Files, and folders whose files are taken with all folders below.
    #[arg(required_unless_present = "csv", value_name = "FILES")]
    pub files: Vec<PathBuf>,
}

/// Who may use a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UseArg {
    /// The buyer that the invoice names, or the holder that the licence names.
    #[value(alias = "holder")]
    Buyer,
    /// The first member that uses it.
    First,
    /// Whoever holds the claim file that is written beside the receipt.
    Claim,
    /// Nobody.
    None,
}

/// See [`Command::Verify`].
#[derive(Args, Debug)]
pub struct Verify {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The receipt of the file, or a folder of receipts.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// The number of the document; without it, it is read from the file.
    #[command(flatten)]
    pub number: NumberArgs,
    /// May it be used for this purpose?
    #[arg(long = "for", value_name = "PURPOSE")]
    pub purpose: Option<String>,
    /// By this member: an id, or a key file, which also shows whether the invoice names the member.
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: Option<String>,
    /// Is the invoice's total at least so much?
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// The currency of --amount [default: the invoice's].
    #[arg(long, value_name = "CODE", requires = "amount")]
    pub currency: Option<String>,
    /// Does this region recognise it?
    #[arg(long)]
    pub region: Option<String>,
    /// Of a lending copy: was it made for this user?
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The copy file that was written with a lending copy [default: FILE.copy.json, if it is there].
    #[arg(long, value_name = "FILE")]
    pub copy: Option<PathBuf>,
    /// Ask nobody: judge by the receipt alone.
    #[arg(long)]
    pub offline: bool,
    /// Read JSON, XML or CSV files as this mapping file says (see `hefu inspect --help`).
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// How old what is proven may be, such as 24h or 10m.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub max_age: Duration,
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// See [`Command::Status`].
#[derive(Args, Debug)]
pub struct Status {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The document.
    #[command(flatten)]
    pub document: DocumentArgs,
    /// Write the status certificate to this file.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Save the short form: what a verdict needs, with exactly a quorum of signatures.
    #[arg(long, requires = "save")]
    pub short: bool,
    /// What was it at this time? RFC 3339, or a day.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// As far as the ledger knew at this time [default: now].
    #[arg(long, value_name = "TIME", requires = "at")]
    pub as_known_at: Option<String>,
}

/// See [`Command::Revoke`].
#[derive(Args, Debug)]
pub struct Revoke {
    /// As of `cancel`.
    #[command(flatten)]
    pub act: Act,
    /// From when, RFC 3339 [default: at once].
    #[arg(long, value_name = "TIME")]
    pub effective_at: Option<String>,
}

/// See [`Command::Receipt`].
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ReceiptArgs {
    /// What else is done with a receipt.
    #[command(subcommand)]
    pub command: Option<ReceiptCommand>,
    /// The network file, to verify or to fetch.
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// Fetch the receipt of this operation, hexadecimal.
    #[arg(long, value_name = "ID", requires_all = ["network", "out"], conflicts_with = "files")]
    pub operation: Option<OperationId>,
    /// Where the fetched receipt is written.
    #[arg(long, value_name = "FILE", requires = "operation")]
    pub out: Option<PathBuf>,
    /// Receipts.
    #[arg(required_unless_present = "operation", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// See [`Command::Disclose`].
#[derive(Args, Debug)]
pub struct Disclose {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The receipt that opens the facts.
    #[arg(value_name = "RECEIPT")]
    pub receipt: PathBuf,
    /// The names of the facts to show; every other one is hidden.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    pub facts: Vec<String>,
    /// Also hand on what shows for whom an invoice is.
    #[arg(long)]
    pub buyer: bool,
    /// Where the new receipt is written.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// See [`Command::Inspect`].
#[derive(Args, Debug)]
pub struct Inspect {
    /// The network, to show the keys that the numbers have on it.
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// Read JSON, XML or CSV files as this mapping file says.
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// See [`Command::Bench`].
#[derive(Args, Debug)]
pub struct Bench {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The key file of an agency that issues a type whose numbers are free (profile generic).
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The document type [default: the first that takes made-up numbers].
    #[arg(long = "type", value_name = "TYPE")]
    pub document_type: Option<String>,
    /// Operations a statement; each of these is measured in turn.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "1,16,256",
          value_parser = clap::value_parser!(u32).range(1..=256))]
    pub operations: Vec<u32>,
    /// How many send at once; with --rate, how many statements may be under way.
    #[arg(long, value_name = "COUNT", default_value_t = 64,
          value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub senders: u32,
    /// How long each count is measured.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub time: Duration,
    /// How long is sent before anything counts.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub warm_up: Duration,
    /// Send so many statements a second, whatever becomes of them (open loop).
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// The operators' addresses of the nodes, for what they used.
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    pub operators: Vec<String>,
}

/// A duration: a whole number with ms, s, m, h or d.
fn duration(text: &str) -> Result<Duration, String> {
    let bad = || "write it as 90s, 10m, 24h or 7d".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
    let (digits, unit) = text.split_at(split);
    let count: u64 = digits.parse().map_err(|_| bad())?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(bad()),
    };
    count
        .checked_mul(unit_ms)
        .map(Duration::from_millis)
        .ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Every command that can be typed, with those within groups, as its words and its help.
    fn commands() -> Vec<(String, String)> {
        fn collect(of: &clap::Command, words: &str, found: &mut Vec<(String, String)>) {
            for sub in of.get_subcommands() {
                let words = format!("{words} {}", sub.get_name());
                let help = sub.get_after_help().map(ToString::to_string);
                found.push((words.clone(), help.unwrap_or_default()));
                collect(sub, &words, found);
            }
        }
        let mut found = Vec::new();
        collect(&Cli::command(), "hefu", &mut found);
        found
    }

    #[test]
    fn every_command_has_an_example() {
        Cli::command().debug_assert();
        for (words, help) in commands() {
            assert!(help.contains(&words), "{words}");
        }
    }

    #[test]
    fn every_example_can_be_typed() {
        let mut examples = 0;
        for (_, help) in commands() {
            let help = help
                .replace("\\\n", " ")
                .replace("6f0c...e1", &"6f".repeat(32));
            for line in help.lines().filter(|line| line.starts_with("  hefu ")) {
                let words: Vec<&str> = line.split_whitespace().collect();
                Cli::try_parse_from(&words).expect(line);
                examples += 1;
            }
        }
        assert!(examples >= 52, "{examples}");
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for bad in ["", "24", "h", "1w", "-1s", "1.5h", "99999999999999999999d"] {
            assert!(duration(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
