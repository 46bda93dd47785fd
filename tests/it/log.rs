//! The log as other people's programs read it: C2SP notes by `signed_note`, tiles by `tlog_tiles`.

use crate::network::World;
use anyhow::{ensure, Context, Result};
use hefu_proof::checkpoint::{verifier_key, NOTE_COSIGNATURE, NOTE_ED25519};
use hefu_types::suite::cosignature_preimage;
use hefu_types::Suite;
use signed_note::{Note, StandardVerifier, VerifierList};
use std::cell::RefCell;
use tlog_tiles::{Checkpoint, Tile, TileHashReader, TileReader};

/// Fetches tiles over HTTP as a monitor would.
struct Remote<'a> {
    world: &'a World,
    fetched: RefCell<usize>,
}

impl TileReader for Remote<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        *self.fetched.borrow_mut() += tiles.len();
        tiles
            .iter()
            .map(|tile| {
                // tlog_tiles writes tile/8/<level>/<index>; the served path has no height.
                let path = tile.path().replacen("tile/8/", "tile/", 1);
                self.world
                    .devnet
                    .get(0, &format!("/{path}"))
                    .map_err(|_| tlog_tiles::Error::InvalidTile)
            })
            .collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[test]
fn notes_and_tiles_are_read_by_crates_that_we_did_not_write() -> Result<()> {
    let world = World::start()?;
    // More entries than one tile holds, so that full and partial tiles of two levels are served.
    world.fill_log(300)?;
    let set = world.devnet.network.first_set();
    let text = String::from_utf8(world.devnet.get(0, "/checkpoint")?)?;
    let note = Note::from_bytes(text.as_bytes()).map_err(|e| anyhow::anyhow!("{e}"))?;

    // The line in the log's name, by whichever validator's log key.
    let keys = set.validators.iter().map(|validator| {
        let key = verifier_key(
            world.devnet.network.origin(),
            NOTE_ED25519,
            &validator.log_key,
        );
        let verifier = StandardVerifier::new(&key).map_err(|e| anyhow::anyhow!("{e}"))?;
        Ok(Box::new(verifier) as Box<dyn signed_note::Verifier>)
    });
    let known = VerifierList::new(keys.collect::<Result<_>>()?);
    let (verified, _) = note.verify(&known).map_err(|e| anyhow::anyhow!("{e}"))?;
    ensure!(verified.len() == 1, "one line in the log's name");

    // The cosignatures, by the rule of C2SP tlog-cosignature.
    let mut cosigners = 0;
    for line in text.lines().filter(|line| line.starts_with('\u{2014}')) {
        let mut words = line.split(' ').skip(1);
        let (name, blob) = (
            words.next().context("a name")?,
            words.next().context("a blob")?,
        );
        let Some(validator) = set.validators.iter().find(|v| v.name == name) else {
            continue;
        };
        let blob = base64_decode(blob)?;
        let key = verifier_key(name, NOTE_COSIGNATURE, &validator.checkpoint_key);
        ensure!(
            key.contains(&hex::encode(&blob[..4])),
            "the key id of {name}"
        );
        let seconds = u64::from_be_bytes(blob[4..12].try_into()?);
        let message = cosignature_preimage(std::str::from_utf8(note.text())?, seconds);
        let signature = hefu_types::Signature::try_from(&blob[12..])?;
        Suite::Sha256Ed25519.verify(&validator.checkpoint_key, message.as_bytes(), &signature)?;
        cosigners += 1;
    }
    ensure!(
        cosigners == set.quorum(),
        "{cosigners} cosignatures, a quorum is {}",
        set.quorum()
    );

    let checkpoint =
        Checkpoint::from_bytes(note.text()).map_err(|_| anyhow::anyhow!("a checkpoint"))?;
    ensure!(checkpoint.origin() == world.devnet.network.origin());
    let remote = Remote {
        world: &world,
        fetched: RefCell::new(0),
    };
    let reader = TileHashReader::new(checkpoint.size(), *checkpoint.hash(), &remote);
    for index in 0..checkpoint.size() {
        let proof = tlog_tiles::prove_record(checkpoint.size(), index, &reader)
            .map_err(|e| anyhow::anyhow!("{e:?}"))?;
        let entry = entry(&world, index, checkpoint.size())?;
        let leaf = tlog_tiles::record_hash(&entry);
        tlog_tiles::check_record(&proof, checkpoint.size(), *checkpoint.hash(), index, leaf)
            .map_err(|e| anyhow::anyhow!("entry {index}: {e:?}"))?;
    }
    println!(
        "{} entries, {} tiles fetched",
        checkpoint.size(),
        remote.fetched.borrow()
    );
    Ok(())
}

/// One entry out of the bundle of a log of this size.
fn entry(world: &World, index: u64, size: u64) -> Result<Vec<u8>> {
    let (bundle, at) = (index / 256, (index % 256) as usize);
    let width = (size - bundle * 256).min(256);
    let partial = if width == 256 {
        String::new()
    } else {
        format!(".p/{width}")
    };
    let mut bytes = world
        .devnet
        .get(0, &format!("/tile/entries/{bundle:03}{partial}"))?;
    for _ in 0..at {
        let length = usize::from(u16::from_be_bytes(bytes[..2].try_into()?));
        bytes.drain(..2 + length);
    }
    let length = usize::from(u16::from_be_bytes(bytes[..2].try_into()?));
    Ok(bytes[2..2 + length].to_vec())
}

fn base64_decode(text: &str) -> Result<Vec<u8>> {
    use base64::prelude::{Engine, BASE64_STANDARD};
    Ok(BASE64_STANDARD.decode(text)?)
}

/// A validator's cosignature key out of a policy: type 0x04 of C2SP tlog-cosignature.
struct Cosigner {
    name: String,
    id: u32,
    key: ed25519_dalek::VerifyingKey,
}

impl Cosigner {
    fn new(vkey: &str) -> Result<Self> {
        let mut parts = vkey.splitn(3, '+');
        let mut part = || parts.next().context("a vkey has three parts");
        let (name, id, key) = (part()?, part()?, base64_decode(part()?)?);
        let id = u32::from_str_radix(id, 16)?;
        ensure!(signed_note::is_key_name_valid(name), "{name}");
        ensure!(signed_note::key_id(name, &key) == id, "the id of {name}");
        let (kind, key) = key.split_first().context("a key")?;
        ensure!(*kind == 4, "a key of another type");
        let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into()?)?;
        let name = name.to_owned();
        Ok(Self { name, id, key })
    }
}

impl signed_note::Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], blob: &[u8]) -> bool {
        let Some((seconds, signature)) = blob.split_first_chunk::<8>() else {
            return false;
        };
        let seconds = u64::from_be_bytes(*seconds);
        let message = [format!("cosignature/v1\ntime {seconds}\n").as_bytes(), text].concat();
        let signature = ed25519_dalek::Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.key.verify_strict(&message, &signature).is_ok())
    }
}

/// A tlog-policy (C2SP) as another program reads it: verifiers, and how many witnesses are a quorum.
struct Policy {
    logs: Vec<String>,
    witnesses: Vec<(String, String)>,
    threshold: usize,
}

impl Policy {
    fn parse(text: &str) -> Result<Self> {
        let (mut logs, mut witnesses, mut group) = (Vec::new(), Vec::new(), None);
        let mut quorum = None;
        for line in text.lines() {
            ensure!(
                line.bytes().all(|b| b == b'\t' || b >= b' '),
                "a control character"
            );
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                ["log", vkey] => logs.push((*vkey).to_owned()),
                ["witness", name, vkey] => {
                    witnesses.push(((*name).to_owned(), (*vkey).to_owned()));
                }
                ["group", name, k, members @ ..] => {
                    ensure!(group.is_none(), "a second group");
                    let defined: Vec<&str> = witnesses.iter().map(|(it, _)| it.as_str()).collect();
                    ensure!(
                        members == defined,
                        "the group is not of all witnesses, each once"
                    );
                    group = Some(((*name).to_owned(), k.parse::<usize>()?));
                }
                ["quorum", name] => {
                    ensure!(quorum.replace((*name).to_owned()).is_none(), "two quorums");
                }
                _ => anyhow::bail!("another line: {line}"),
            }
        }
        let (name, threshold) = group.context("a group")?;
        ensure!(
            quorum.as_deref() == Some(name.as_str()),
            "a quorum that is the group"
        );
        ensure!((1..=witnesses.len()).contains(&threshold));
        Ok(Self {
            logs,
            witnesses,
            threshold,
        })
    }

    /// The checkpoint of a note that meets the policy.
    fn verify(&self, note: &str) -> Result<Checkpoint> {
        let failed = |error: &dyn std::fmt::Debug| anyhow::anyhow!("{error:?}");
        let mut verifiers: Vec<Box<dyn signed_note::Verifier>> = Vec::new();
        for vkey in &self.logs {
            let verifier = StandardVerifier::new(vkey).map_err(|e| failed(&e))?;
            verifiers.push(Box::new(verifier));
        }
        for (_, vkey) in &self.witnesses {
            verifiers.push(Box::new(Cosigner::new(vkey)?));
        }
        let note = Note::from_bytes(note.as_bytes()).map_err(|e| failed(&e))?;
        let (verified, unknown) = note
            .verify(&VerifierList::new(verifiers))
            .map_err(|e| failed(&e))?;
        ensure!(unknown.is_empty(), "lines of others");
        let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|e| failed(&e))?;
        let of_log = |line: &&signed_note::Signature| line.name() == checkpoint.origin();
        let logs = verified.iter().filter(of_log).count();
        let mut names: Vec<&str> = verified.iter().map(|line| line.name()).collect();
        names.sort_unstable();
        names.dedup();
        ensure!(logs >= 1, "no line in the log's name");
        ensure!(names.len() > self.threshold, "{names:?} are no quorum");
        Ok(checkpoint)
    }
}

/// The same with one altered character in its last signature.
fn spoiled(note: &str) -> String {
    let (head, tail) = note.split_at(note.len() - 12);
    let other = if tail.starts_with('A') { 'B' } else { 'A' };
    format!("{head}{other}{}", &tail[1..])
}

/// Head, hashes and note of a tlog-proof or an add-checkpoint request.
fn taken_apart(text: &str) -> Result<(Vec<&str>, Vec<tlog_tiles::Hash>, &str)> {
    let (head, note) = text.split_once("\n\n").context("an empty line")?;
    let (mut words, mut hashes) = (Vec::new(), Vec::new());
    for line in head.lines() {
        match base64_decode(line).ok().and_then(|it| it.try_into().ok()) {
            Some(hash) => hashes.push(tlog_tiles::Hash(hash)),
            None => words.push(line),
        }
    }
    Ok((words, hashes, note))
}

#[test]
fn policy_proofs_and_growth_are_accepted_by_a_verifier_that_has_nothing_of_ours() -> Result<()> {
    let world = World::start()?;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let network = world.devnet.network_file().display().to_string();
    let hefu = |code: i32, words: &[&str]| -> Result<String> {
        let words = [&[words[0], "--network", &network], &words[1..]].concat();
        let output = world.devnet.client(&words)?;
        let said = String::from_utf8(output.stdout)?;
        let complains = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(code),
            "{words:?}: {said}{complains}"
        );
        Ok(said)
    };
    let read = |name: &str| Ok::<_, anyhow::Error>(std::fs::read_to_string(at(name))?);
    let checked = |error: tlog_tiles::Error| anyhow::anyhow!("{error:?}");

    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let invoice = samples
        .join("invoices/ubl-guangzhou-1017.xml")
        .display()
        .to_string();
    let other = samples
        .join("renditions/cii-guangzhou-1017.xml")
        .display()
        .to_string();
    let key = world.devnet.key("agency-gd-tax").display().to_string();
    let (receipts, receipt) = (at(""), at("ubl-guangzhou-1017.xml.receipt"));
    hefu(
        0,
        &["register", "--key", &key, "--receipts", &receipts, &invoice],
    )?;
    std::fs::write(at("old.note"), world.devnet.get(0, "/checkpoint")?)?;
    // So many that full and partial tiles of two levels are needed.
    world.fill_log(280)?;

    // The policy, proven and of genesis; standard output is the file.
    hefu(0, &["policy", "--out", &at("policy")])?;
    let policy = read("policy")?;
    ensure!(hefu(0, &["policy", "--offline"])? == policy);
    ensure!(world.devnet.get(0, "/policy")? == policy.as_bytes());
    let policy = Policy::parse(&policy)?;
    ensure!((policy.logs.len(), policy.witnesses.len(), policy.threshold) == (4, 4, 3));
    let latest = String::from_utf8(world.devnet.get(0, "/checkpoint")?)?;
    ensure!(policy.verify(&latest)?.size() > 280);
    // A line fewer is no quorum, and an altered one spoils the note.
    let lines: Vec<&str> = latest.lines().collect();
    let fewer = lines[..lines.len() - 1].join("\n") + "\n";
    ensure!(policy.verify(&fewer).is_err());
    ensure!(policy.verify(&spoiled(&latest)).is_err());

    // Proofs of inclusion: of a file, of its receipt without a connection, of entries by index.
    let (proof, entry) = (at("x.tlog-proof"), at("x.entry"));
    let saves = ["--out", &proof, "--save-entry", &entry];
    let asked: [&[&str]; 5] = [
        &["proof", &invoice],
        &["proof", "--receipt", &receipt],
        &["proof", "--entry", "0"],
        &["proof", "--entry", "255"],
        &["proof", "--entry", "270"],
    ];
    for words in asked {
        hefu(0, &[words, &saves].concat())?;
        let text = read("x.tlog-proof")?;
        let (words, path, note) = taken_apart(&text)?;
        ensure!(
            words[0] == "c2sp.org/tlog-proof@v1" && words.len() == 2,
            "{words:?}"
        );
        let index: u64 = words[1]
            .strip_prefix("index ")
            .context("an index")?
            .parse()?;
        let checkpoint = policy.verify(note)?;
        let leaf = tlog_tiles::record_hash(&std::fs::read(&entry)?);
        tlog_tiles::check_record(&path, checkpoint.size(), *checkpoint.hash(), index, leaf)
            .map_err(checked)?;
        // What it is not a proof of.
        let (size, root) = (checkpoint.size(), *checkpoint.hash());
        let another = tlog_tiles::record_hash(b"another entry");
        ensure!(tlog_tiles::check_record(&path, size, root, index, another).is_err());
        let check = ["proof", "--check", &proof, "--offline", "--entry-bytes"];
        hefu(0, &[&check[..], &[&entry]].concat())?;
        hefu(1, &[&check[..], &[&invoice]].concat())?;
    }
    hefu(0, &["proof", &invoice, "--out", &proof])?;
    hefu(0, &["proof", "--check", &proof, "--receipt", &receipt])?;
    let good = read("x.tlog-proof")?;
    let line = good.lines().nth(2).context("a hash")?;
    let swapped: String = line.chars().rev().skip(1).collect::<String>() + "=";
    for (code, bad) in [
        (1, good.replacen("index ", "index 1", 1)),
        (1, spoiled(&good)),
        (2, good.replacen("\nstate ", "\nstate A", 1)),
        (2, good.replacen(line, &swapped[1..], 1)),
        (2, good.replace('\n', "\r\n")),
        (
            2,
            good.replacen(world.devnet.network.origin(), "elsewhere.example/00", 1),
        ),
    ] {
        std::fs::write(at("bad"), bad)?;
        hefu(
            code,
            &["proof", "--check", &at("bad"), "--receipt", &receipt],
        )?;
    }
    hefu(1, &["proof", &other, "--out", &at("none")])?;
    hefu(2, &["proof", "--entry", "1000000", "--out", &at("none")])?;
    ensure!(!std::path::Path::new(&at("none")).exists());

    // Growth, from whatever holds a checkpoint.
    let old_note = at("old.note");
    let old = policy.verify(&read("old.note")?)?;
    let growth = at("growth");
    hefu(0, &["consistency", &old_note, "latest", "--out", &growth])?;
    let text = read("growth")?;
    let (words, path, note) = taken_apart(&text)?;
    ensure!(words == [format!("old {}", old.size())]);
    let new = policy.verify(note)?;
    ensure!(
        new.size() > 280 && old.size() < 20,
        "{} {}",
        old.size(),
        new.size()
    );
    tlog_tiles::check_tree(&path, new.size(), *new.hash(), old.size(), *old.hash())
        .map_err(checked)?;
    hefu(
        0,
        &["consistency", "--check", &growth, "--offline", &old_note],
    )?;
    for (one, another) in [
        (receipt.as_str(), "latest"),
        ("latest", receipt.as_str()),
        (old_note.as_str(), proof.as_str()),
        (growth.as_str(), old_note.as_str()),
        (old_note.as_str(), old_note.as_str()),
    ] {
        hefu(0, &["consistency", one, another])?;
    }
    let saved = at("status.cert");
    hefu(0, &["status", &invoice, "--save", &saved])?;
    hefu(0, &["consistency", &old_note, &saved])?;
    // Of another earlier checkpoint it is no proof, and altered it does not hold.
    hefu(2, &["consistency", "--check", &growth, &saved])?;
    let first = text.lines().nth(1).context("a hash")?;
    let flipped = format!(
        "{}{}",
        if first.starts_with('A') { 'B' } else { 'A' },
        &first[1..]
    );
    std::fs::write(at("bad"), text.replacen(first, &flipped, 1))?;
    hefu(1, &["consistency", "--check", &at("bad"), &old_note])?;
    std::fs::write(at("bad"), spoiled(&read("old.note")?))?;
    hefu(2, &["consistency", &at("bad"), "latest"])?;
    Ok(())
}
