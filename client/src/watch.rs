//! `hefu watch`: which of these documents changed, with proofs.
//!
//! A payer keeps the receipts of what it paid, and wants to hear of a reversal before the money is gone.
//! [`list`] says which documents are watched, [`state`] what was verified of them before, [`change`] what
//! differs, [`tell`] how it is told. What nodes answer is verified whole; a checkpoint older than one
//! that was seen is refused, so that nobody hides a change behind the past.

use crate::cli::{Shared, Watch};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::{Fetched, Nodes};
use crate::say::{shown, Exit, Lang, Report};
use hefu_proof::certificate::{StatusCertificate, Value as Claimed, CERTIFICATE_BYTES_MAX};
use hefu_proof::verdict::{halt, Said};
use hefu_types::{Code, Millis, StateKey};
use hefu_wire::path::RECORDS_MAX;
use list::Entry;
use serde_json::{json, Value};
use state::{Known, Seen, State};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

mod change;
mod list;
mod state;
mod tell;

use change::Change;

/// The shortest rest between two looks for a newer checkpoint.
const REST_MIN: Duration = Duration::from_millis(10);

/// `hefu watch`.
pub fn run(shared: &Shared, args: &Watch) -> Result<Report, Failure> {
    run_to(shared, args, &mut std::io::stdout())
}

/// The same with what is told on the way going to `out`.
fn run_to(shared: &Shared, args: &Watch, out: &mut dyn Write) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let mut state = match &args.state {
        Some(path) => State::read(path, nodes.network())?,
        None => State::default(),
    };
    if let Some(path) = &args.since {
        since(&mut state, path, &nodes)?;
    }
    let entries = list::read(&args.lists, &nodes)?;
    for entry in &entries {
        if let Ok((key, Some(known))) = &entry.found {
            state.begin_with(*key, known.clone());
        }
    }
    let mut watcher = Watcher {
        nodes: &nodes,
        args,
        lang: shared.lang(),
        began: state.baselines(&entries),
        entries,
        state,
        fetched: None,
    };
    let first = watcher.look(0)?;
    if !args.follow {
        let report = watcher.report(&first);
        return Ok(report.with_warnings(shared.lang(), &nodes.warnings()));
    }
    watcher.follow(&first, shared.json, out)
}

/// Takes the records of a saved certificate as known.
fn since(state: &mut State, path: &Path, nodes: &Nodes) -> Result<(), Failure> {
    let bytes = disk::read(path, CERTIFICATE_BYTES_MAX)?;
    let verified = StatusCertificate::decode(&bytes).and_then(|certificate| {
        let verified = certificate.verify(nodes.network())?;
        Ok((certificate, verified))
    });
    let bad = |error: &dyn std::fmt::Display| {
        let code = Code::BadProof.number();
        Failure::bad_file(path, format!("{code} it proves nothing: {error}"))
    };
    let (certificate, mut verified) = verified.map_err(|error| bad(&error))?;
    nodes.admit(&mut verified).map_err(|error| bad(&error))?;
    let seen = Seen::of(verified.checkpoint().checkpoint());
    state.see(seen);
    for leaf in certificate.leaves {
        if let Claimed::Record(public, _) = leaf.value {
            state.learn(leaf.key, Known { public, seen });
        }
    }
    Ok(())
}

/// What a look found of one document of the list.
enum Found {
    Same,
    /// Nothing was known of it before; now it is.
    New,
    Changed(Changed),
    Untold(Said),
}

/// A document that changed.
struct Changed {
    since: Seen,
    changes: Vec<Change>,
    saved: Option<PathBuf>,
}

/// What a look found of all documents, in the order of the list.
struct Look {
    found: Vec<Found>,
}

impl Look {
    fn count(&self, is: impl Fn(&Found) -> bool) -> usize {
        self.found.iter().filter(|found| is(found)).count()
    }

    fn changed(&self) -> usize {
        self.count(|found| matches!(found, Found::Changed(_)))
    }

    fn untold(&self) -> usize {
        self.count(|found| matches!(found, Found::Untold(_)))
    }

    fn first_seen(&self) -> usize {
        self.count(|found| matches!(found, Found::New))
    }

    fn exit(&self) -> Exit {
        match (self.changed(), self.untold()) {
            (0, 0) => Exit::Yes,
            (0, _) => Exit::CouldNotTell,
            _ => Exit::No,
        }
    }
}

struct Watcher<'a> {
    nodes: &'a Nodes,
    args: &'a Watch,
    lang: Lang,
    entries: Vec<Entry>,
    state: State,
    /// The lowest and the highest checkpoint that documents were compared with at first.
    began: Option<(Seen, Seen)>,
    /// The last checkpoint that was verified: its height, and when its quorum signed.
    fetched: Option<(u64, Millis)>,
}

impl Watcher<'_> {
    /// Asks for all documents, from a checkpoint of this height on if there is one, and keeps what was
    /// verified.
    fn look(&mut self, height_wanted: u64) -> Result<Look, Failure> {
        let mut keys: Vec<StateKey> = self.entries.iter().filter_map(Entry::key).collect();
        keys.sort_unstable();
        let mut answers: BTreeMap<StateKey, Found> = BTreeMap::new();
        let mut failed: Option<Said> = None;
        for chunk in keys.chunks(RECORDS_MAX) {
            let told = match &failed {
                Some(said) => Err(said.clone()),
                None => self.fetch(chunk, height_wanted)?,
            };
            match told {
                Ok(fetched) => {
                    for key in chunk {
                        answers.insert(*key, self.compare(key, &fetched)?);
                    }
                }
                Err(said) => {
                    let untold = |key: &StateKey| (*key, Found::Untold(said.clone()));
                    answers.extend(chunk.iter().map(untold));
                    // Each further question would cost its time-out again.
                    failed = Some(said);
                }
            }
        }
        self.nodes.save_memory();
        if let Some(path) = &self.args.state {
            self.state.write(path, self.nodes.network())?;
        }
        let found = self.entries.iter().map(|entry| match &entry.found {
            Ok((key, _)) => answers.remove(key).unwrap_or(Found::Same),
            Err(said) => Found::Untold(said.clone()),
        });
        Ok(Look {
            found: found.collect(),
        })
    }

    /// One certificate of these records that is not older than what was seen; or why there is none.
    fn fetch(
        &self,
        keys: &[StateKey],
        height_wanted: u64,
    ) -> Result<Result<Fetched, Said>, Failure> {
        let height_min = height_wanted.max(self.state.seen.height);
        match self.nodes.records(keys, height_min) {
            Ok(fetched) => Ok(match self.refuses(&fetched) {
                Some(said) => Err(said),
                None => Ok(fetched),
            }),
            Err(failure @ (Failure::Unreachable { .. } | Failure::Refused(_))) => {
                Ok(Err(failure.sentence()))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Why a checkpoint is not taken: it is older than one that was seen, or contradicts it.
    fn refuses(&self, fetched: &Fetched) -> Option<Said> {
        let (seen, node) = (self.state.seen, shown(&fetched.node));
        let told = Seen::of(fetched.state.checkpoint().checkpoint());
        let (height, before) = (told.height, seen.height);
        if told == seen || told.is_after(&seen) {
            return None;
        }
        Some(if height < before {
            Said::new(
                format!(
                    "the newest checkpoint that any node gave (height {height}, {node}) is older than \
                     one that was seen before (height {before}), so it is refused; ask other nodes"
                ),
                format!(
                    "各节点给出的最新检查点（高度 {height}，{node}）早于此前所见（高度 {before}），已拒绝；\
                     请询问其他节点"
                ),
            )
        } else {
            Said::new(
                format!(
                    "the checkpoint of {node} (height {height}) contradicts one that was seen before \
                     (height {before}); keep both and tell the network's operators"
                ),
                format!(
                    "{node} 的检查点（高度 {height}）与此前所见（高度 {before}）矛盾；请保留两者并通知网络\
                     运营方"
                ),
            )
        })
    }

    /// What became of one document since it was last known; from here on this is what is known of it.
    fn compare(&mut self, key: &StateKey, fetched: &Fetched) -> Result<Found, Failure> {
        let checkpoint = fetched.state.checkpoint();
        let seen = Seen::of(checkpoint.checkpoint());
        let signed = Millis(checkpoint.quorum_seconds().saturating_mul(1000));
        self.state.see(seen);
        self.fetched = Some((seen.height, signed));
        let known = self.state.known(key).cloned();
        let record = fetched.state.record(key).ok().flatten();
        let (known, public) = match (known, record) {
            (Some(known), Some(public)) => (known, public.clone()),
            (None, Some(public)) => {
                let public = public.clone();
                self.state.learn(*key, Known { public, seen });
                return Ok(self.never_seen());
            }
            (known, None) => return Ok(Found::Untold(absent(known.is_some()))),
        };
        let network_file = self.args.network.network.to_string_lossy();
        let halt = halt(self.nodes.network().suite(), &fetched.state);
        let now = Known { public, seen };
        let changes = change::changes(&known, &now, halt, key, &network_file);
        self.state.learn(*key, now);
        if changes.is_empty() {
            return Ok(Found::Same);
        }
        let saved = match &self.args.save {
            Some(folder) => {
                let path = folder.join(format!("{key}.cert"));
                disk::write(&path, &own_part(&fetched.certificate, key).encode())?;
                Some(path)
            }
            None => None,
        };
        Ok(Found::Changed(Changed {
            since: known.seen,
            changes,
            saved,
        }))
    }

    /// A document of which nothing was known: with a state file the next run can compare, and who
    /// follows compares from now on.
    fn never_seen(&self) -> Found {
        if self.args.state.is_some() || self.args.follow {
            return Found::New;
        }
        Found::Untold(Said::new(
            "nothing is known of it to compare with; give its receipt or --since, or --state to \
             compare with next time",
            "没有可比较的依据；请提供其回执或 --since，或用 --state 供下次比较",
        ))
    }

    /// Looks again whenever there is a newer checkpoint, and tells each change at once.
    fn follow(
        mut self,
        first: &Look,
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<Report, Failure> {
        let ends = self.args.lasts.map(|lasts| Instant::now() + lasts);
        let (mut exit, mut changed) = (first.exit(), first.changed());
        let mut say = |(text, json): (String, Value)| {
            let line = if as_json { format!("{json}\n") } else { text };
            // Who closed the pipe has read enough.
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        };
        self.lines(first).into_iter().for_each(&mut say);
        say(self.summary(first));
        // What cannot be told is told once, until it can be told again.
        let mut untold = first.untold();
        let mut is_reachable = true;
        loop {
            let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            let rest = self.args.every.max(REST_MIN);
            std::thread::sleep(left.map_or(rest, |left| rest.min(left)));
            match self.nodes.is_there_newer(self.state.seen.height) {
                Ok(false) => is_reachable = true,
                Ok(true) => {
                    is_reachable = true;
                    let look = self.look(self.state.seen.height + 1)?;
                    let lines = self.lines(&look);
                    let told = match look.untold() {
                        same if same == untold => look.changed(),
                        _ => lines.len(),
                    };
                    lines.into_iter().take(told).for_each(&mut say);
                    (untold, changed) = (look.untold(), changed + look.changed());
                    exit = exit.and(look.exit());
                }
                Err(failure) => {
                    if is_reachable {
                        say(self.unreachable(&failure));
                    }
                    is_reachable = false;
                    exit = exit.and(Exit::CouldNotTell);
                }
            }
        }
        say(self.end(changed));
        // All of it was told, line by line.
        Ok(Report {
            exit,
            json: Value::Null,
            text: String::new(),
        })
    }

    fn report(&self, look: &Look) -> Report {
        let (mut text, documents): (String, Vec<Value>) = self.lines(look).into_iter().unzip();
        let (summary, mut json) = self.summary(look);
        text.push_str(&summary);
        if let Value::Object(object) = &mut json {
            object.insert("documents".to_owned(), json!(documents));
        }
        Report {
            exit: look.exit(),
            json,
            text,
        }
    }
}

/// What is told of a document that does not stand on the ledger. Nothing ever leaves it.
fn absent(was_known: bool) -> Said {
    if was_known {
        Said::new(
            "its record was proven before and its absence is proven now; keep both proofs and tell \
             the network's operators",
            "此前已证明其记录存在，现却证明其不存在；请保留两份证明并通知网络运营方",
        )
    } else {
        Said::new("not registered on this network", "本网络未登记")
    }
}

/// The part of a certificate that proves one record and what belongs to it.
fn own_part(certificate: &StatusCertificate, key: &StateKey) -> StatusCertificate {
    let mut own = certificate.clone();
    own.leaves.retain(|leaf| {
        let is_other = matches!(leaf.value, Claimed::Record(..) | Claimed::Absent);
        leaf.key == *key || !is_other
    });
    own
}

#[cfg(test)]
mod lies;
#[cfg(test)]
mod tests;
