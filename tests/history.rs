//! What dishonest people do to a history: files of a mirror that are altered so that they agree with each
//! other, and validators that begin the same network anew with the keys that they have.

use crate::{Devnet, Programs};
use anyhow::{ensure, Context, Result};
use hefu_types::genesis::Network;
use hefu_types::operation::Operation;
use hefu_types::statement::{SignedHeader, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{canonical, merkle, Hash};
use minicbor::bytes::ByteVec;
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// What is altered in a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Altered {
    /// The operation alone.
    Operation,
    /// The statement is signed again over the other operation, and its entry stands in the bundle.
    Entry,
    /// The tiles have the hashes of that entry too, up to the highest: all files agree with each other.
    Tiles,
}

/// Alters the first registration of an agency in a mirror, and tells the statement's entry. Whoever does
/// this has the agency's key, and no key of the validators.
pub fn alter(
    mirror: &Path,
    network: &Network,
    (key, holder): &(SecretKey, String),
    how: Altered,
) -> Result<u64> {
    let suite = network.suite();
    let entries = entries(mirror)?;
    let mut found = None;
    for (index, cose) in entries.iter().enumerate() {
        let Ok(header) = SignedHeader::read(suite, &network.digest(), cose) else {
            continue;
        };
        if header.protected.issuer != *holder {
            continue;
        }
        let path = mirror.join(format!("ops/{index}"));
        let list: Vec<ByteVec> = canonical::decode(&fs::read(&path)?, 1 << 24)?;
        let mut operations: Vec<Operation> = (list.iter())
            .map(|bytes| Operation::decode(bytes))
            .collect::<Result<_, _>>()?;
        if let Some(Operation::Register(register)) = operations.first_mut() {
            register.digests[0].0[0] ^= 1;
            found = Some((index, header, operations, path));
            break;
        }
    }
    let (index, header, operations, path) = found.context("a registration of this agency")?;
    let list: Vec<ByteVec> = operations.iter().map(|of| of.encode().into()).collect();
    fs::write(path, canonical::encode(&list))?;
    let payload = header.payload;
    let signed = Statement::sign(
        suite,
        network.digest(),
        network.origin(),
        key,
        holder,
        payload.nonce,
        payload.valid_until,
        payload.mode,
        &operations,
    );
    if how != Altered::Operation {
        let bundle = index as u64 / 256;
        for file in tiles(mirror, "entries", bundle)? {
            let bundle_begins = bundle as usize * 256;
            let width = width(&file);
            let mut bytes = Vec::new();
            let those = entries.iter().enumerate().skip(bundle_begins).take(width);
            for (at, entry) in those {
                let of = if at == index { signed.cose() } else { entry };
                bytes.extend_from_slice(&u16::try_from(of.len())?.to_be_bytes());
                bytes.extend_from_slice(of);
            }
            fs::write(file, bytes)?;
        }
    }
    if how == Altered::Tiles {
        // The leaf, and where its tile is full the hash above it, and so on.
        let (mut at, mut hash) = (index as u64, suite.log_leaf(signed.cose()));
        for level in 0..8 {
            let mut above = None;
            for file in tiles(mirror, &level.to_string(), at / 256)? {
                let mut bytes = fs::read(&file)?;
                let place = (at % 256) as usize * 32;
                if place + 32 > bytes.len() {
                    continue;
                }
                bytes[place..place + 32].copy_from_slice(&hash.0);
                if bytes.len() == 256 * 32 {
                    let (hashes, _) = bytes.as_chunks::<32>();
                    let hashes: Vec<Hash> = hashes.iter().copied().map(Hash).collect();
                    above = Some(merkle::root_of_hashes(suite, &hashes));
                }
                fs::write(file, bytes)?;
            }
            let Some(above) = above else {
                break;
            };
            (at, hash) = (at / 256, above);
        }
    }
    Ok(index as u64)
}

/// All files of a tile or bundle below the thousandth: the full one and the partial ones.
fn tiles(mirror: &Path, kind: &str, index: u64) -> Result<Vec<PathBuf>> {
    ensure!(index < 1_000, "a small log");
    let folder = mirror.join("tile").join(kind);
    let (full, partial) = (
        folder.join(format!("{index:03}")),
        folder.join(format!("{index:03}.p")),
    );
    let mut files = Vec::new();
    if partial.is_dir() {
        for file in fs::read_dir(partial)? {
            files.push(file?.path());
        }
    }
    if full.is_file() {
        files.push(full);
    }
    Ok(files)
}

/// The width of a tile, which its name tells.
fn width(file: &Path) -> usize {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_partial = file
        .parent()
        .is_some_and(|folder| folder.to_string_lossy().ends_with(".p"));
    match is_partial {
        true => name.parse().unwrap_or(0),
        false => 256,
    }
}

/// The entries of a mirror.
fn entries(mirror: &Path) -> Result<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    for index in 0.. {
        let files = tiles(mirror, "entries", index)?;
        let Some(widest) = files.into_iter().max_by_key(|file| width(file)) else {
            break;
        };
        let bytes = fs::read(&widest)?;
        let mut rest = &bytes[..];
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, behind) = behind.split_at_checked(length).context("a whole entry")?;
            entries.push(entry.to_vec());
            rest = behind;
        }
        if width(&widest) < 256 {
            break;
        }
    }
    Ok(entries)
}

/// A copy of a folder.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The validators of genesis begin their network anew in another folder: the same genesis and keys, empty
/// stores, other ports. Nothing but their keys is needed for it, and the genesis cannot tell it.
pub fn begin_anew(devnet: &Devnet, programs: &Programs, folder: &Path) -> Result<Devnet> {
    let validators = devnet.network.genesis().validators.len();
    fs::create_dir_all(folder)?;
    fs::copy(
        devnet.folder().join("genesis.json"),
        folder.join("genesis.json"),
    )?;
    copy(&devnet.folder().join("keys"), &folder.join("keys"))?;
    let mut held = Vec::new();
    let mut ports = BTreeMap::new();
    let port_of = |address: &str| address.rsplit(['/', ':']).next().map(str::to_owned);
    let addresses = [
        "engine_listen",
        "gossip_listen",
        "http_listen",
        "operator_listen",
    ];
    for node in 0..validators {
        let config = devnet.config(node)?;
        for address in addresses {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let port = listener.local_addr()?.port().to_string();
            let before = config[address].as_str().and_then(port_of);
            ports.insert(before.context("a port")?, port);
            held.push(listener);
        }
    }
    let moved = |address: &str| -> Result<String> {
        let before = port_of(address).context("a port")?;
        let port = ports.get(&before).context("a known port")?;
        Ok(format!(
            "{}{port}",
            &address[..address.len() - before.len()]
        ))
    };
    for node in 0..validators {
        let made = folder.join(format!("node-{node}"));
        copy(&devnet.node_folder(node).join("keys"), &made.join("keys"))?;
        let mut config = devnet.config(node)?;
        for address in addresses {
            let own = config[address].as_str().context("an address")?;
            config[address] = moved(own)?.into();
        }
        let peers = config["peers"].as_array_mut().context("its peers")?;
        for peer in peers {
            for address in ["engine", "gossip"] {
                let of_peer = peer[address].as_str().context("an address")?;
                peer[address] = moved(of_peer)?.into();
            }
        }
        fs::write(made.join("node.json"), serde_json::to_vec_pretty(&config)?)?;
        // As `hefu-node devnet` marks the nodes with which a network begins: they vote at once.
        fs::create_dir_all(made.join("data"))?;
        fs::write(made.join("data/founding"), "begun anew\n")?;
    }
    let mut file = devnet.file.clone();
    file.nodes.truncate(validators);
    for node in &mut file.nodes {
        *node = moved(node)?;
    }
    fs::write(
        folder.join("network.json"),
        serde_json::to_vec_pretty(&file)?,
    )?;
    drop(held);
    Devnet::start(programs, folder, validators)
}
