//! `hefu consistency`: whether the log of one checkpoint begins with that of another.
//!
//! Both checkpoints are verified first. Then the tiles of one node after the other are read as a log of the
//! later size. They prove something only if they lead to the later root; if they do, they also tell the
//! root of the earlier size, and if that is not the earlier checkpoint's, the network signed two histories.

use super::held::{Found, Held, Verified};
use super::sets::Sets;
use super::tiles::Tiles;
use crate::cli::{Consistency, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::Nodes;
use crate::say::{shown, Exit, Lang, Report};
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::log::{consistency_path, root, verify_consistency};
use hefu_proof::tlog_consistency::{verify_growth, TLOG_CONSISTENCY_BYTES_MAX};
use hefu_proof::verdict::Said;
use hefu_proof::TlogConsistency;
use hefu_types::genesis::Network;
use hefu_types::Hash;
use serde_json::{json, Value};
use std::path::Path;

/// The word for the checkpoint that the nodes have published.
const LATEST: &str = "latest";

/// `hefu consistency`.
pub fn run(shared: &Shared, args: &Consistency) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let (told, proof) = match (&args.check, &args.new) {
        (Some(proof), _) => (check(&nodes, proof, args)?, None),
        (None, Some(new)) => compare(&nodes, &args.old, new)?,
        (None, None) => {
            return Err(Failure::asked(
                "name two checkpoints, or --check with a proof and one",
                "请给出两个检查点，或用 --check 给出证明和一个检查点",
            ))
        }
    };
    let lang = shared.lang();
    let mut report = told.report(lang);
    if let (Some(out), Some(proof)) = (&args.out, proof) {
        disk::write(out, proof.print().as_bytes())?;
        let name = out.to_string_lossy();
        let hashes = proof.path.len();
        let en = format!("{}: the proof, {hashes} hashes\n", shown(&name));
        let zh = format!("{}：证明，{hashes} 个哈希\n", shown(&name));
        report.text.push_str(lang.pick(&en, &zh));
        if let Value::Object(object) = &mut report.json {
            object.insert("out".to_owned(), json!(name));
            object.insert("hashes".to_owned(), json!(hashes));
        }
    }
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// What was found.
struct Told {
    exit: Exit,
    said: Said,
    checkpoints: Vec<(Held, Verified)>,
}

impl Told {
    fn unknown(said: Said, checkpoints: Vec<(Held, Verified)>) -> Self {
        Self {
            exit: Exit::CouldNotTell,
            said,
            checkpoints,
        }
    }

    fn report(&self, lang: Lang) -> Report {
        let (mark, word) = match self.exit {
            Exit::Yes => ("✓", "yes"),
            Exit::No => ("✗", "no"),
            Exit::CouldNotTell => ("?", "could-not-tell"),
        };
        let mut text = format!("{mark} {}\n", shown(lang.of(&self.said)));
        for (held, verified) in &self.checkpoints {
            let name = shown(&held.name);
            text.push_str(&format!("  {name}  {}\n", verified.shown(lang)));
        }
        let at = |at: usize| self.checkpoints.get(at).map(|(held, it)| it.json(held));
        Report {
            exit: self.exit,
            json: json!({
                "command": "consistency",
                "result": word,
                "sentence": lang.of(&self.said),
                "old": at(0),
                "new": at(1),
            }),
            text,
        }
    }
}

/// A checkpoint that does not hold, or cannot be judged here: nothing is told of the log by it.
fn not_held(held: &Held, found: Found) -> Result<Verified, Said> {
    let name = &held.name;
    match found {
        Found::Holds(verified) => Ok(*verified),
        Found::Fails(why) => Err(Said::new(
            format!("{name} is no checkpoint of this network: {why}"),
            format!("{name} 不是本网络的检查点：{why}"),
        )),
        Found::UnknownSet(epoch) => Err(Said::new(
            format!(
                "{name} is signed by the validator set of epoch {epoch}, which is not proven here: \
                 ask with a connection"
            ),
            format!("{name} 由第 {epoch} 期验证者集合签署，此处无法证明该集合：请联网查询"),
        )),
    }
}

fn compare(
    nodes: &Nodes,
    old: &Path,
    new: &Path,
) -> Result<(Told, Option<TlogConsistency>), Failure> {
    let network = nodes.network();
    let (sets, fetched) = Sets::ask(nodes)?;
    let mut checkpoints = Vec::new();
    for path in [old, new] {
        let held = match path.as_os_str() == LATEST {
            true => Held::latest(&fetched),
            false => Held::read(network, path)?,
        };
        match not_held(&held, held.judge(network, &sets)) {
            Ok(verified) => checkpoints.push((held, verified)),
            Err(said) => return Ok((Told::unknown(said, checkpoints), None)),
        }
    }
    checkpoints.sort_by_key(|(_, verified)| verified.checkpoint.size);
    let (from, to) = (&checkpoints[0].1, &checkpoints[1].1);
    let (exit, said, path) = match grown(nodes, &from.checkpoint, &to.checkpoint) {
        Grown::Yes(path) => (Exit::Yes, yes(), Some(path)),
        Grown::No => (Exit::No, two_histories(), None),
        Grown::CouldNotTell(tried) => {
            let tried = tried.join("; ");
            let said = Said::new(
                format!("no node served tiles that lead to the later checkpoint: {tried}"),
                format!("没有节点提供可推出较新检查点的哈希：{tried}"),
            );
            (Exit::CouldNotTell, said, None)
        }
    };
    let proof = path.map(|path| TlogConsistency {
        old_size: from.checkpoint.size,
        path,
        note: to.note.clone(),
    });
    let told = Told {
        exit,
        said,
        checkpoints,
    };
    Ok((told, proof))
}

fn yes() -> Said {
    Said::new(
        "the later log begins with the earlier one: nothing in it was changed or removed",
        "较新的日志以较早的日志开头：其中内容未被更改或删除",
    )
}

fn two_histories() -> Said {
    Said::new(
        "NO: a quorum signed two histories that exclude each other; keep both files and show them to the \
         council and to the supervisor",
        "否：法定多数签署了两份互相矛盾的历史；请保存两份文件并提交理事会和监管机构",
    )
}

enum Grown {
    Yes(Vec<Hash>),
    /// Both are signed, and they exclude each other.
    No,
    CouldNotTell(Vec<String>),
}

/// Whether two checkpoints can be of one ledger, before any hash is looked at.
fn exclude_each_other(old: &Checkpoint, new: &Checkpoint) -> bool {
    if old.size == new.size {
        return old != new;
    }
    old.height >= new.height
        || old.time >= new.time
        || old.epoch > new.epoch
        || old.compromise_counter > new.compromise_counter
}

/// Of two checkpoints that hold, the smaller first.
fn grown(nodes: &Nodes, old: &Checkpoint, new: &Checkpoint) -> Grown {
    let suite = nodes.network().suite();
    if exclude_each_other(old, new) {
        return Grown::No;
    }
    if old.size.0 == 0 || old.size == new.size {
        return match verify_growth(suite, old, new, &[]) {
            Ok(()) => Grown::Yes(Vec::new()),
            Err(_) => Grown::No,
        };
    }
    let mut tried = Vec::new();
    for node in nodes.each() {
        let mut tiles = Tiles::new(&node, suite, new.size);
        let mut hash = |level, index| tiles.node(level, index);
        let of_node = consistency_path(suite, old.size, new.size, &mut hash)
            .and_then(|path| Ok((path, root(suite, old.size, &mut hash)?)));
        let (path, begins) = match of_node {
            Ok(made) => made,
            Err(why) => {
                tried.push(format!("{}: {why}", node.address()));
                continue;
            }
        };
        // From here on the hashes are those of the later root, or the node is told to lie.
        let (first, second) = ((old.size, begins), (new.size, new.log_root));
        if let Err(why) = verify_consistency(suite, first, second, &path) {
            let address = node.address();
            nodes.warn(format!("node {address} served tiles of another log: {why}"));
            tried.push(format!("{address}: {why}"));
            continue;
        }
        return match begins == old.log_root {
            true => Grown::Yes(path),
            false => Grown::No,
        };
    }
    Grown::CouldNotTell(tried)
}

/// A proof that somebody made. Nothing but validator sets is asked for.
fn check(nodes: &Nodes, proof: &Path, args: &Consistency) -> Result<Told, Failure> {
    let network: &Network = nodes.network();
    let bad = |why: String| Failure::bad_file(proof, why);
    let bytes = disk::read(proof, TLOG_CONSISTENCY_BYTES_MAX)?;
    let text = String::from_utf8(bytes).map_err(|_| bad("it is no text".to_owned()))?;
    let read = TlogConsistency::parse(&text).map_err(|error| bad(error.to_string()))?;
    let name = proof.to_string_lossy().into_owned();
    let new = Held::of_note(network, name, "growth", read.note.clone()).map_err(bad)?;
    let old = Held::read(network, &args.old)?;

    let mut sets = Sets::genesis(network);
    let mut judged = [&old, &new].map(|held| held.judge(network, &sets));
    let lacks = |found: &Found| matches!(found, Found::UnknownSet(_));
    if !args.offline && judged.iter().any(lacks) {
        (sets, _) = Sets::ask(nodes)?;
        judged = [&old, &new].map(|held| held.judge(network, &sets));
    }
    let mut checkpoints = Vec::new();
    for (held, found) in [old, new].into_iter().zip(judged) {
        match not_held(&held, found) {
            Ok(verified) => checkpoints.push((held, verified)),
            Err(said) => return Ok(Told::unknown(said, checkpoints)),
        }
    }
    let (from, to) = (&checkpoints[0].1.checkpoint, &checkpoints[1].1.checkpoint);
    let (exit, said) = if from.size <= to.size && exclude_each_other(from, to) {
        (Exit::No, two_histories())
    } else if read.old_size != from.size {
        let (found, held) = (read.old_size, from.size);
        let said = Said::new(
            format!(
                "the proof begins at size {found}, this checkpoint is of size {held}: it is a proof \
                 of another"
            ),
            format!("证明从规模 {found} 开始，而该检查点规模为 {held}：并非它的证明"),
        );
        (Exit::CouldNotTell, said)
    } else {
        match verify_growth(network.suite(), from, to, &read.path) {
            Ok(()) => (Exit::Yes, yes()),
            Err(why) => {
                let en = format!("the proof does not hold ({why}): make another to know");
                let zh = format!("证明不成立（{why}）：请重新生成后再判断");
                (Exit::No, Said::new(en, zh))
            }
        }
    };
    Ok(Told {
        exit,
        said,
        checkpoints,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_types::{Millis, TreeSize};

    fn at(size: u64) -> Checkpoint {
        Checkpoint {
            size: TreeSize(size),
            log_root: Hash([1; 32]),
            state_root: Hash([2; 32]),
            height: size / 2,
            time: Millis(size * 1_000),
            epoch: 1,
            compromise_counter: 1,
        }
    }

    #[test]
    fn what_no_ledger_could_have_signed_is_told_without_a_hash() {
        assert!(!exclude_each_other(&at(4), &at(4)));
        assert!(!exclude_each_other(&at(4), &at(8)));
        type Alter = fn(&mut Checkpoint);
        let bad: [(Alter, u64); 6] = [
            (|it| it.log_root.0[0] = 9, 8),
            (|it| it.state_root.0[0] = 9, 8),
            (|it| it.height = 2, 8),
            (|it| it.time = Millis(4_000), 8),
            (|it| it.epoch = 0, 8),
            (|it| it.compromise_counter = 0, 8),
        ];
        for (number, (alter, size)) in bad.into_iter().enumerate() {
            let mut new = at(size);
            alter(&mut new);
            let old = if number < 2 { at(8) } else { at(4) };
            assert!(exclude_each_other(&old, &new), "{number}");
        }
    }
}
