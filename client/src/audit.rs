//! `hefu audit`: following a network from outside and checking everything that it publishes.
//!
//! What is checked is in `hefu-audit`, which executes every block again; here it is fetched ([`source`],
//! [`fetch`]), remembered in a file, and told ([`tell`]). A source that does not answer, or is behind, is
//! no finding.

mod evidence;
mod fetch;
mod source;
mod tell;
#[cfg(test)]
mod tests;

use crate::cli::{Audit, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::network_file;
use crate::say::{Lang, Report};
use fetch::{Blocks, Tiles};
use hefu_audit::{Auditor, Finding, Next, Stop};
use hefu_proof::checkpoint::{Checkpoint, NoteError, NOTE_BYTES_MAX};
use hefu_types::genesis::{Genesis, Network, GENESIS_BYTES_MAX};
use hefu_wire::path;
use indicatif::{ProgressBar, ProgressStyle};
use source::{inside, Source, Unavailable};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest memory in bytes.
const MEMORY_BYTES_MAX: usize = 64 << 30;
/// How often the memory is written while blocks are executed.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// The least part of the time that goes into something else than writing the memory.
const SAVE_SHARE: u32 = 20;

/// `hefu audit`.
pub fn run(shared: &Shared, args: &Audit) -> Result<Report, Failure> {
    let (file, network) = network_file(&args.network.network)?;
    if let Some(path) = &args.evidence {
        return evidence::run(path, &network, shared.lang());
    }
    let names = match args.from.is_empty() {
        true => file.nodes,
        false => args.from.clone(),
    };
    let open = |name: &String| Source::open(name, args.mirror.as_deref());
    let sources: Vec<Source> = names.iter().map(open).collect::<Result<_, _>>()?;
    if sources.is_empty() {
        return Err(Failure::asked(
            "the network file names no nodes; say whom to follow with --from",
            "网络文件中没有节点；请用 --from 指定跟随对象",
        ));
    }
    let memory = (args.memory.clone()).unwrap_or_else(|| beside(&args.network.network, &network));
    let auditor = remembered(&memory, &network)?;
    if let Some(mirror) = &args.mirror {
        check_mirror(mirror, &auditor)?;
    }
    let mut run = Run {
        lang: shared.lang(),
        json: shared.json,
        began: auditor.height(),
        before: auditor.tally().clone(),
        begun: Instant::now(),
        saved: Instant::now(),
        saving: Duration::ZERO,
        executing: Duration::ZERO,
        left: args.blocks.unwrap_or(u64::MAX),
        proofs: (args.proofs.clone()).unwrap_or_else(|| folder_of(&memory)),
        resumed: auditor.newest().is_some(),
        unavailable: Vec::new(),
        auditor,
        memory,
    };
    run.tell_begin();
    let mut ended = run.round(&sources)?;
    while args.follow && !matches!(ended, Ended::Found(_)) {
        let over = args
            .lasts
            .is_some_and(|lasts| run.begun.elapsed() + args.every >= lasts);
        if over {
            break;
        }
        std::thread::sleep(args.every);
        ended = run.round(&sources)?;
    }
    run.save()?;
    run.report(&ended)
}

/// Where the memory is, if nobody said: an auditor that is started in another folder does not forget.
fn beside(network_file: &Path, network: &Network) -> PathBuf {
    let digest = network.digest().to_string();
    folder_of(network_file).join(format!("audit-{}.memory", &digest[..16]))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn remembered(path: &Path, network: &Network) -> Result<Auditor, Failure> {
    let Some(bytes) = disk::read_if_there(path, MEMORY_BYTES_MAX)? else {
        return Ok(Auditor::new(network.clone()));
    };
    Auditor::decode(network.clone(), &bytes).map_err(|error| {
        let why = format!(
            "{error}; move it aside, or give another --memory: the audit then begins at genesis again"
        );
        Failure::bad_file(path, why)
    })
}

/// What was checked before is not fetched again: a mirror is whole if it was begun with the memory.
fn check_mirror(mirror: &Path, auditor: &Auditor) -> Result<(), Failure> {
    if auditor.newest().is_none() || inside(mirror, path::CHECKPOINT).exists() {
        return Ok(());
    }
    Err(Failure::asked(
        "the mirror would lack what was checked before it was begun: give a new --memory, so that all of it \
         is fetched",
        "镜像将缺少此前已核对的内容：请用 --memory 指定新文件，以便全部重新获取",
    ))
}

/// How a round over all sources ended.
enum Ended {
    /// Everything that was published is checked.
    Whole,
    /// After as many blocks as were asked for.
    Stopped,
    /// Something could not be told.
    Untold(String),
    /// Something is wrong.
    Found(Box<Found>),
}

/// A finding, who showed it, and its proof on disk.
struct Found {
    finding: Finding,
    source: String,
    proof: Option<PathBuf>,
}

/// Why a source is not followed further.
enum Halt {
    Stopped,
    Unavailable(String),
    Untold(String),
    Finding(Box<Finding>),
    Failure(Failure),
}

impl From<Unavailable> for Halt {
    fn from(Unavailable(why): Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

impl From<Finding> for Halt {
    fn from(finding: Finding) -> Self {
        Self::Finding(Box::new(finding))
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Finding(finding) => Self::Finding(finding),
            stop @ (Stop::NewerRules { .. } | Stop::Memory) => Self::Untold(stop.to_string()),
        }
    }
}

struct Run {
    lang: Lang,
    json: bool,
    auditor: Auditor,
    memory: PathBuf,
    proofs: PathBuf,
    /// The height at which this run began, and what was checked by then.
    began: u64,
    before: hefu_audit::Tally,
    resumed: bool,
    begun: Instant,
    /// When the memory was written last, and how long that took.
    saved: Instant,
    saving: Duration,
    executing: Duration,
    /// How many blocks may still be executed.
    left: u64,
    /// Sources that did not answer in the last round, with why.
    unavailable: Vec<String>,
}

impl Run {
    /// Asks all sources once: each is compared, and blocks are taken from the first that has them.
    fn round(&mut self, sources: &[Source]) -> Result<Ended, Failure> {
        self.unavailable.clear();
        let mut ended = Ended::Whole;
        for source in sources {
            match self.follow(source) {
                Ok(()) => {}
                Err(Halt::Stopped) => ended = Ended::Stopped,
                Err(Halt::Unavailable(why)) => {
                    self.unavailable.push(format!("{}: {why}", source.name()));
                }
                Err(Halt::Untold(why)) => ended = Ended::Untold(why),
                Err(Halt::Failure(failure)) => return Err(failure),
                Err(Halt::Finding(finding)) => {
                    let proof = self.write_proof(&finding)?;
                    let source = source.name().to_owned();
                    ended = Ended::Found(Box::new(Found {
                        finding: *finding,
                        source,
                        proof,
                    }));
                    break;
                }
            }
        }
        if self.unavailable.len() == sources.len() && matches!(ended, Ended::Whole) {
            ended = Ended::Untold(self.unavailable.join("; "));
        }
        if matches!(ended, Ended::Whole) && self.auditor.next().is_some() {
            let why = "blocks of the signed log could not be had";
            ended = Ended::Untold(match self.unavailable.is_empty() {
                true => why.to_owned(),
                false => format!("{why}: {}", self.unavailable.join("; ")),
            });
        }
        self.save_when_due()?;
        Ok(ended)
    }

    /// Follows one source up to its newest checkpoint.
    fn follow(&mut self, source: &Source) -> Result<(), Halt> {
        self.check_genesis(source)?;
        let (note, checkpoint, next) = self.checkpoint(source)?;
        if let Next::Leaves { from, to } = next {
            self.leaves(source, from, to)?;
        }
        // The note comes after the hashes that it is about, and never an older one after a newer.
        let newest = self.auditor.newest().map(|signed| &signed.checkpoint);
        if newest == Some(&checkpoint) {
            source.keep(path::CHECKPOINT, &note)?;
        }
        self.blocks(source)
    }

    /// A node says whose it is. A folder need not have it: the note names the network too.
    fn check_genesis(&self, source: &Source) -> Result<(), Halt> {
        let Ok(bytes) = source.fetch(path::GENESIS, GENESIS_BYTES_MAX) else {
            return Ok(());
        };
        let genesis = serde_json::from_slice::<Genesis>(&bytes).map(Network::new);
        let found = match genesis {
            Ok(Ok(network)) if network.digest() == self.auditor.network().digest() => return Ok(()),
            Ok(Ok(network)) => network.digest().to_string(),
            _ => "?".to_owned(),
        };
        Err(Finding::OtherNetwork { found }.into())
    }

    fn checkpoint(&mut self, source: &Source) -> Result<(Vec<u8>, Checkpoint, Next), Halt> {
        let note = source.get(path::CHECKPOINT, NOTE_BYTES_MAX)?;
        let broken = |error: NoteError| match error {
            NoteError::OtherOrigin(found) => Finding::OtherNetwork { found },
            error => Finding::Checkpoint {
                why: error.to_string(),
            },
        };
        let text = std::str::from_utf8(&note).map_err(|_| broken(NoteError::Lines("text")))?;
        let origin = self.auditor.network().origin();
        let epoch = Checkpoint::of_note(origin, text).map_err(broken)?.epoch;
        // The sets of later epochs than genesis' have to be shown, also where another one is known.
        let handovers = match epoch {
            0 => Vec::new(),
            _ => fetch::handovers(source, self.auditor.network())?,
        };
        let signed = self.auditor.read_note(text, &handovers).map_err(broken)?;
        let checkpoint = signed.checkpoint.clone();
        let next = self.auditor.checkpoint(signed, &handovers)?;
        Ok((note, checkpoint, next))
    }

    /// Fetches the hashes of the entries that are new, and where they lead elsewhere, those that tell why.
    fn leaves(&mut self, source: &Source, from: u64, to: u64) -> Result<(), Halt> {
        let (suite, size) = (self.auditor.network().suite(), hefu_types::TreeSize(to));
        let mut tiles = Tiles::new(source, suite, size);
        let leaves = tiles.leaves(from, to)?;
        if self.auditor.leaves(&leaves)? {
            tiles.keep_upper(from)?;
            return Ok(());
        }
        let found = self.auditor.fork(|level, index| tiles.node(level, index))?;
        Err(found.unwrap_or(Finding::Log { size }).into())
    }

    fn blocks(&mut self, source: &Source) -> Result<(), Halt> {
        let Some(first) = self.auditor.next() else {
            return Ok(());
        };
        let bar = self.bar(first.size.0 - first.first.0);
        let begun = Instant::now();
        let done = self.blocks_with(source, &bar);
        self.executing += begun.elapsed();
        bar.finish_and_clear();
        done
    }

    fn blocks_with(&mut self, source: &Source, bar: &ProgressBar) -> Result<(), Halt> {
        let mut blocks = Blocks::new(source);
        while let Some(next) = self.auditor.next() {
            if self.left == 0 {
                return Err(Halt::Stopped);
            }
            let parts = blocks.next(next)?;
            self.auditor.block(&parts)?;
            self.left -= 1;
            bar.inc(parts.entries.len() as u64);
            self.save_when_due().map_err(Halt::Failure)?;
        }
        Ok(())
    }

    /// A bar on a terminal, and nothing elsewhere.
    fn bar(&self, entries: u64) -> ProgressBar {
        if self.json || entries < 2 {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(entries);
        match ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    fn save_when_due(&mut self) -> Result<(), Failure> {
        let rest = SAVE_EVERY.max(self.saving * SAVE_SHARE);
        match self.saved.elapsed() > rest {
            true => self.save(),
            false => Ok(()),
        }
    }

    fn save(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        disk::write_private(&self.memory, &self.auditor.encode())?;
        self.saving = begun.elapsed();
        self.saved = Instant::now();
        Ok(())
    }

    /// The proof of an equivocation stands in a file of its own, named by its hash.
    fn write_proof(&self, finding: &Finding) -> Result<Option<PathBuf>, Failure> {
        let Finding::Equivocation { proof, .. } = finding else {
            return Ok(None);
        };
        let bytes = proof.encode();
        let hash = self.auditor.network().suite().hash(&[&bytes]).to_string();
        let path = self
            .proofs
            .join(format!("equivocation-{}.cbor", &hash[..16]));
        disk::write(&path, &bytes)?;
        Ok(Some(path))
    }
}
