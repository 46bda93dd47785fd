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
