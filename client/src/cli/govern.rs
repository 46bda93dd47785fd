//! What seats of the council type: an action is proposed, shown, signed without a connection, submitted.

use super::{NetworkArg, Who};
use clap::{Args, Subcommand};
use hefu_types::{ActionId, KeyId};
use std::path::PathBuf;

/// See [`super::Command::Govern`].
#[derive(Debug, Subcommand)]
pub enum Govern {
    /// Make an action file out of what the council decided. Nobody has signed it yet.
    #[command(
        args_conflicts_with_subcommands = true,
        subcommand_negates_reqs = true,
        after_help = "\
Examples:
  hefu govern propose --network network.json changes.json --out action.json
  hefu govern propose validators --network network.json --add fujian-request.json --remove v-4 \\
      --reason decision-2026-7 --out action.json

The file to propose is JSON: {\"reason\": \"...\", \"changes\": [...]}, at most 16 changes, all of which
are done or none. A change is one of:
  {\"type\": {...}}  {\"region\": {\"id\", \"name_zh\", \"name_en\"}}  {\"registrar\": {...}}
  {\"standing\": {\"of\": {\"agency\": ID}, \"standing\": \"suspended\", \"reason\"}}
  {\"add-key\": {...}}  {\"retire-key\": {\"key\"}}  {\"compromise\": {\"key\", \"since\", \"reason\"}}
  {\"validators\": {\"remove\": [NAME], \"add\": [...]}}  {\"rules\": {\"version\", \"height\"}}
  {\"parameters\": {\"heartbeat_ms\"}}  {\"council\": {\"threshold\", \"seats\": [...]}}"
    )]
    Propose(Box<Propose>),
    /// Show exactly what a seat would sign: decoded out of the bytes that are signed, and nothing else.
    #[command(after_help = "\
Example:
  hefu govern show --network network.json action.json")]
    Show(ShowAction),
    /// Sign an action as a seat. Needs no connection.
    #[command(after_help = "\
Examples:
  hefu govern sign --network network.json action.json --key seat.json
  hefu govern sign --network network.json action.json --key seat.json --detached mine.signature
  hefu govern sign --network network.json action.json --merge mine.signature theirs.signature

The signature is added to the file itself, or written alone with --detached. --merge brings signatures
together, of files of signatures and of copies of the action file, in any order.")]
    Sign(SignAction),
    /// Bring a signed action to the ledger, with any key that is on it.
    #[command(after_help = "\
Example:
  hefu govern submit --network network.json action.json --key agency.json")]
    Submit(SubmitAction),
    /// List council, rules, validators and parameters as they are proven, and which actions are done.
    #[command(after_help = "\
Examples:
  hefu govern list --network network.json
  hefu govern list --network network.json actions/*.json")]
    List(ListActions),
    /// Make the request for a seat of the council. Needs no connection.
    #[command(after_help = "\
Example:
  hefu govern request --network network.json --key seat.json --out seat-request.json")]
    Request(SeatRequest),
}

/// See [`Govern::Propose`].
#[derive(Args, Debug)]
pub struct Propose {
    /// One change, typed.
    #[command(subcommand)]
    pub what: Option<What>,
    /// The changes as JSON.
    #[arg(required = true, value_name = "CHANGES")]
    pub file: Option<PathBuf>,
    /// The network file: its genesis is all that is trusted.
    #[arg(long, value_name = "FILE", required = true)]
    pub network: Option<PathBuf>,
    /// The decision that is carried out, in words or as its number [default: as the file says].
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// For how many days signatures are collected.
    #[arg(long, value_name = "DAYS", default_value_t = 14,
          value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
    /// The action file to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE", default_value = "action.json")]
    pub out: PathBuf,
}

impl Propose {
    /// What every proposal has, where the changes are a file.
    pub fn of_file(&self) -> Option<(Proposal, &PathBuf)> {
        let network = NetworkArg {
            network: self.network.clone()?,
        };
        let proposal = Proposal {
            network,
            reason: self.reason.clone(),
            days: self.days,
            out: self.out.clone(),
        };
        Some((proposal, self.file.as_ref()?))
    }
}

/// What every proposal has.
#[derive(Args, Clone, Debug)]
pub struct Proposal {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The decision that is carried out, in words or as its number.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// For how many days signatures are collected.
    #[arg(long, value_name = "DAYS", default_value_t = 14,
          value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
    /// The action file to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE", default_value = "action.json")]
    pub out: PathBuf,
}

/// The changes that can be typed.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Who leaves the set of validators, and who comes.
    #[command(after_help = "\
Example:
  hefu govern propose validators --network network.json --add fujian-request.json --remove v-4 \\
      --reason decision-2026-7")]
    Validators {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// The request of a validator that comes.
        #[arg(long, value_name = "REQUEST")]
        add: Vec<PathBuf>,
        /// The name of a validator that leaves.
        #[arg(long, value_name = "NAME")]
        remove: Vec<String>,
    },
    /// Activate a version of the rules at a height.
    #[command(after_help = "\
Example:
  hefu govern propose rules --network network.json --version 2 --height 120000 --reason release-1.2")]
    Rules {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// The version.
        #[arg(long, value_name = "NUMBER")]
        version: u32,
        /// The first height that is executed under it.
        #[arg(long, value_name = "HEIGHT")]
        height: u64,
    },
    /// Add a document type, or change one.
    #[command(after_help = "\
Example:
  hefu govern propose type --network network.json type.json --reason decision-2026-8")]
    Type {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// The type as JSON, as in a genesis file.
        #[arg(required = true, value_name = "TYPE")]
        files: Vec<PathBuf>,
    },
    /// Add a region, or rename one.
    #[command(after_help = "\
Example:
  hefu govern propose region --network network.json fujian --zh 福建省 --en Fujian --reason joining")]
    Region {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// Its id.
        id: String,
        /// Its name in Chinese.
        #[arg(long, value_name = "NAME")]
        zh: String,
        /// Its name in English.
        #[arg(long, value_name = "NAME")]
        en: String,
    },
    /// Admit a first registrar, or change its rights.
    #[command(after_help = "\
Example:
  hefu govern propose registrar --network network.json registrar-request.json --reason joining")]
    Registrar {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// The registrar's request.
        #[arg(required = true, value_name = "REQUEST")]
        requests: Vec<PathBuf>,
    },
    /// Suspend, resume or retire a registrar, an agency or a member.
    #[command(after_help = "\
Example:
  hefu govern propose standing --network network.json --registrar registrar-fujian \\
      --standing suspended --reason decision-2026-9")]
    Standing {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// Whom.
        #[command(flatten)]
        of: Who,
        /// From now on.
        #[arg(long, value_enum)]
        standing: StandingArg,
    },
    /// Retire a key.
    #[command(after_help = "\
Example:
  hefu govern propose retire-key --network network.json --reason decision-2026-9 \\
      6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f")]
    RetireKey {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// The key: its id, a key file or a request.
        key: String,
    },
    /// Give a registrar, an agency or a member another key.
    #[command(after_help = "\
Example:
  hefu govern propose add-key --network network.json key-request.json --reason decision-2026-9")]
    AddKey {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// The request of the holder.
        #[arg(value_name = "REQUEST")]
        request: PathBuf,
        /// For how many days it signs.
        #[arg(long, value_name = "DAYS", default_value_t = 730,
              value_parser = clap::value_parser!(u32).range(1..=3650))]
        key_days: u32,
    },
    /// Declare that somebody else has a key.
    #[command(after_help = "\
Example:
  hefu govern propose compromise --network network.json --since 2026-11-20T15:10:00+08:00 \\
      --reason incident-12 6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f")]
    Compromise {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// What it signed from this time on is doubtful, RFC 3339.
        #[arg(long, value_name = "TIME")]
        since: String,
        /// The key: its id, a key file or a request.
        key: String,
    },
    /// Give the council other seats.
    #[command(after_help = "\
Examples:
  hefu govern propose council --network network.json --add seat-request.json --remove seat-old \\
      --threshold 3 --reason decision-2026-10
  hefu govern propose council --network network.json council.json --reason decision-2026-10")]
    Council {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// The whole council as JSON: {"threshold", "seats"}.
        #[arg(value_name = "COUNCIL", conflicts_with_all = ["add", "remove", "threshold"])]
        file: Option<PathBuf>,
        /// The request of a seat that comes.
        #[arg(long, value_name = "REQUEST")]
        add: Vec<PathBuf>,
        /// The name of a seat that goes.
        #[arg(long, value_name = "NAME")]
        remove: Vec<String>,
        /// How many seats must sign [default: as many as now].
        #[arg(long, value_name = "COUNT")]
        threshold: Option<u32>,
    },
    /// Set what holds for all nodes.
    #[command(after_help = "\
Example:
  hefu govern propose parameters --network network.json --heartbeat-ms 5000 --reason decision-2026-11")]
    Parameters {
        /// As of every proposal.
        #[command(flatten)]
        proposal: Proposal,
        /// How long an idle network rests between two blocks.
        #[arg(long, value_name = "MS")]
        heartbeat_ms: u64,
    },
}

/// [`hefu_types::leaf::Standing`], typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StandingArg {
    /// May act again.
    Active,
    /// May not act until it is active again.
    Suspended,
    /// Has ended for good.
    Retired,
}

/// See [`Govern::Show`].
#[derive(Args, Debug)]
pub struct ShowAction {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The action file.
    #[arg(value_name = "ACTION")]
    pub file: PathBuf,
}

/// See [`Govern::Sign`].
#[derive(Args, Debug)]
pub struct SignAction {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The action file.
    #[arg(value_name = "ACTION")]
    pub file: PathBuf,
    /// The seat's key file.
    #[arg(long, value_name = "FILE", required_unless_present = "merge")]
    pub key: Option<PathBuf>,
    /// Write the signature alone to this file, and leave the action file as it is.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "merge")]
    pub detached: Option<PathBuf>,
    /// Add the signatures of these files.
    #[arg(long, value_name = "FILES", num_args = 1..)]
    pub merge: Vec<PathBuf>,
}

/// See [`Govern::Submit`].
#[derive(Args, Debug)]
pub struct SubmitAction {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The action file.
    #[arg(value_name = "ACTION")]
    pub file: PathBuf,
    /// The key file of who brings it: of any agency, member, registrar or seat.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
}

/// See [`Govern::List`].
#[derive(Args, Debug)]
pub struct ListActions {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// Action files: which of them are done?
    #[arg(value_name = "ACTIONS")]
    pub files: Vec<PathBuf>,
    /// Is the action of this id done?
    #[arg(long, value_name = "ID")]
    pub action: Vec<ActionId>,
}

/// See [`Govern::Request`].
#[derive(Args, Debug)]
pub struct SeatRequest {
    /// The network.
    #[command(flatten)]
    pub network: NetworkArg,
    /// The seat's key file.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The request to make; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// The id of a key, where one was typed and not a file.
pub fn key_id(text: &str) -> Option<KeyId> {
    text.parse().ok()
}
