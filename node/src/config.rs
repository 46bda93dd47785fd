//! The configuration of a node: one JSON file, its paths relative to the file's folder.

use hefu_state::KNOWN_RULES;
use hefu_types::genesis::{Genesis, Network, GENESIS_BYTES_MAX};
use hefu_types::suite::SecretKey;
use hefu_types::PublicKey;
use hefu_wire::file::{KeyFile, KeyRole};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a node is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// The validator's name, in genesis or in the council's act; of a follower any name.
    pub name: String,
    /// The network's genesis.
    pub genesis: PathBuf,
    /// The folder of store and engine log; this node's alone.
    pub data: PathBuf,
    /// The folder of `consensus.json`, `checkpoint.json`, `log.json` and `peer.json`.
    pub keys: PathBuf,
    /// Where the engine listens, a multiaddr such as `/ip4/0.0.0.0/tcp/26500`.
    pub engine_listen: String,
    /// Where statements and cosignatures are heard, a multiaddr.
    pub gossip_listen: String,
    /// Other nodes. Where one is a validator, its address here goes before that on the ledger. A node
    /// connects with these, with the validators of its sets ([`crate::peers`]), and with nobody else.
    pub peers: Vec<PeerConfig>,
    /// The public HTTP address.
    pub http_listen: SocketAddr,
    /// The operators' HTTP address: metrics and health.
    pub operator_listen: SocketAddr,
    /// How long a proposal is waited for, in milliseconds.
    #[serde(default = "propose_ms")]
    pub propose_timeout_ms: u64,
    /// How long votes are waited for, in milliseconds.
    #[serde(default = "vote_ms")]
    pub vote_timeout_ms: u64,
    /// Memory for records, in MiB; absent: half of the machine's. 1 MiB has room for 4,096 records of
    /// one file each, see [`crate::room`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_memory_mib: Option<u64>,
    /// The node stops, and does not start, with less room than this on the disk of its data, in MiB:
    /// opening the store again takes room.
    #[serde(default = "free_mib")]
    pub free_mib_min: u64,
    /// The newest version of the rules that this node executes; absent: all that it knows. Before a
    /// height of a newer one it stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_version_max: Option<u32>,
}

fn propose_ms() -> u64 {
    500
}

fn vote_ms() -> u64 {
    200
}

fn free_mib() -> u64 {
    NodeConfig::FREE_MIB_MIN
}

/// Where another node listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// Its name, in a validator set if it is in one.
    pub name: String,
    /// Its engine's multiaddr, without a peer id.
    pub engine: String,
    /// Its multiaddr for statements, without a peer id.
    pub gossip: String,
    /// Its peer key; absent: that of the validator of this name. It is needed of one that is in no set,
    /// or in none that this node knows before it has synced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
}

/// The keys of a validator.
#[derive(Clone, Debug)]
pub struct NodeKeys {
    /// Votes.
    pub consensus: SecretKey,
    /// Cosigns.
    pub checkpoint: SecretKey,
    /// Signs in the log's name.
    pub log: SecretKey,
    /// libp2p.
    pub peer: SecretKey,
}

/// A file that cannot be used; the sentence names it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Reading or writing failed.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is larger than such a file can be.
    #[error("{0} is larger than such a file can be")]
    TooLarge(PathBuf),
    /// It is not the JSON that is expected.
    #[error("{path} cannot be read: {error}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// Its content does not fit.
    #[error("{path}: {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Reads a bounded JSON file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let fail = |error| ConfigError::File {
        path: path.to_owned(),
        error,
    };
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    let bound = GENESIS_BYTES_MAX as u64 + 1;
    file.take(bound).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 == bound {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    serde_json::from_slice(&bytes).map_err(|error| ConfigError::Json {
        path: path.to_owned(),
        error,
    })
}

/// Writes a JSON file that did not exist; `secret` files are for their owner alone.
pub fn write_json<T: Serialize>(path: &Path, value: &T, secret: bool) -> Result<(), ConfigError> {
    let fail = |error| ConfigError::File {
        path: path.to_owned(),
        error,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    let mode = if secret { 0o600 } else { 0o644 };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(fail)?;
    let mut json = serde_json::to_vec_pretty(value).expect("our own files are plain JSON");
    json.push(b'\n');
    file.write_all(&json)
        .and_then(|()| file.sync_all())
        .map_err(fail)
}

impl NodeConfig {
    /// What `free_mib_min` is where a file does not say it: the rows that RocksDB keeps in memory and
    /// writes into files when it opens, several times over.
    pub const FREE_MIB_MIN: u64 = 256;

    /// Reads a configuration; its paths become relative to its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = read_json(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for relative in [&mut config.genesis, &mut config.data, &mut config.keys] {
            *relative = folder.join(&*relative);
        }
        Ok(config)
    }

    /// The versions of the rules that the node executes.
    pub fn known_rules(&self) -> RangeInclusive<u32> {
        let (first, last) = KNOWN_RULES.into_inner();
        first..=self.rules_version_max.map_or(last, |max| max.min(last))
    }

    /// The network of its genesis.
    pub fn network(&self) -> Result<Network, ConfigError> {
        let genesis: Genesis = read_json(&self.genesis)?;
        let content = |what: String| ConfigError::Content {
            path: self.genesis.clone(),
            what,
        };
        Network::new(genesis).map_err(|error| content(error.to_string()))
    }

    /// Its four keys.
    pub fn keys(&self) -> Result<NodeKeys, ConfigError> {
        let read = |role: KeyRole| {
            let path = self.keys.join(format!("{}.json", role.name()));
            let file: KeyFile = read_json(&path)?;
            let fits = file.role == role && file.holder == self.name;
            let key = file.secret_key().filter(|_| fits);
            key.ok_or_else(|| ConfigError::Content {
                path,
                what: format!("is not the {} key of {}", role.name(), self.name),
            })
        };
        Ok(NodeKeys {
            consensus: read(KeyRole::Consensus)?,
            checkpoint: read(KeyRole::Checkpoint)?,
            log: read(KeyRole::Log)?,
            peer: read(KeyRole::Peer)?,
        })
    }
}
