//! A whole network as processes, and the client as its users run it.

use anyhow::{bail, ensure, Context, Result};
use hefu_proof::{Receipt, ReceiptBundle};
use hefu_types::genesis::Network;
use hefu_types::operation::{
    CouncilAction, CouncilChange, CouncilSignature, Govern, NewValidator, Operation, Register,
};
use hefu_types::profile::Identity;
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{ActionId, Blinding, Digest, Millis, Nonce};
use hefu_wire::file::{KeyFile, NetworkFile};
use hefu_wire::path;
use hefu_wire::{Health, StatementAnswer};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long anything may take on a loaded machine before it counts as failed.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The programs under test: they lie beside this one, built with the same profile.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `hefu-node`.
    pub node: PathBuf,
    /// `hefu`.
    pub client: PathBuf,
}

/// Finds the programs beside the running one, or in the folder above it (where tests run).
pub fn programs() -> Result<Programs> {
    let own = std::env::current_exe().context("finding this program")?;
    let folders = own.ancestors().skip(1).take(2);
    for folder in folders {
        let (node, client) = (folder.join("hefu-node"), folder.join("hefu"));
        if node.is_file() && client.is_file() {
            return Ok(Programs { node, client });
        }
    }
    bail!(
        "hefu-node and hefu are not beside {}: run `make build` first",
        own.display()
    )
}

/// A devnet that runs; it is stopped when this is dropped.
#[derive(Debug)]
pub struct Devnet {
    programs: Programs,
    folder: PathBuf,
    process: Option<Child>,
    /// The validators that were started again, by their numbers.
    restarted: Mutex<Vec<(usize, Child)>>,
    /// What a client needs of it.
    pub file: NetworkFile,
    /// Its checked genesis.
    pub network: Network,
}

/// Calls `probe` again until it tells something, at most until the deadline.
pub fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        let last = match probe() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if begun.elapsed() > DEADLINE {
            let seconds = DEADLINE.as_secs();
            return match last {
                Some(error) => Err(error.context(format!("waited {seconds} s for {what}"))),
                None => bail!("waited {seconds} s for {what}"),
            };
        }
        pace();
    }
}

/// Lets a moment pass between two questions to a node that has no event to wait for.
pub fn pace() {
    // A channel that nobody sends on.
    let (_nobody, never) = mpsc::channel::<()>();
    match never.recv_timeout(Duration::from_millis(20)) {
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) | Ok(()) => {}
    }
}

impl Devnet {
    /// Starts a network of so many validators in a folder and waits until all have published.
    pub fn start(programs: &Programs, folder: &Path, validators: usize) -> Result<Self> {
        Self::start_with(programs, folder, validators, &["--port", "0"])
    }

    /// The same with other arguments of `hefu-node devnet`.
    pub fn start_with(
        programs: &Programs,
        folder: &Path,
        validators: usize,
        arguments: &[&str],
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let log = std::fs::File::create(folder.join("devnet.log"))?;
        let process = Command::new(&programs.node)
            .args(["devnet", "--dir"])
            .arg(folder)
            .args(["--validators", &validators.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting the devnet")?;
        let path = folder.join("network.json");
        let mut process = process;
        let file = wait_for("the network file", || {
            if let Some(status) = process.try_wait()? {
                bail!(
                    "the devnet ended ({status}); see {}",
                    folder.join("devnet.log").display()
                );
            }
            let Ok(bytes) = std::fs::read(&path) else {
                return Ok(None);
            };
            Ok(serde_json::from_slice::<NetworkFile>(&bytes).ok())
        })?;
        let devnet = Self {
            programs: programs.clone(),
            folder: folder.to_owned(),
            process: Some(process),
            restarted: Mutex::default(),
            network: file.network()?,
            file,
        };
        for node in 0..validators {
            devnet.wait_published(node)?;
        }
        Ok(devnet)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The network file.
    pub fn network_file(&self) -> PathBuf {
        self.folder.join("network.json")
    }

    /// A key file of an agency or a member.
    pub fn key(&self, name: &str) -> PathBuf {
        self.folder.join("keys").join(format!("{name}.json"))
    }

    /// The public address of a node.
    pub fn url(&self, node: usize) -> &str {
        &self.file.nodes[node]
    }

    /// A node's health, also where it says that it is not well.
    pub fn health(&self, node: usize) -> Result<Health> {
        let agent = agent();
        let mut answer = agent.get(format!("{}/healthz", self.url(node))).call()?;
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }

    /// Waits until a node has published a checkpoint since its start.
    pub fn wait_published(&self, node: usize) -> Result<Health> {
        wait_for(&format!("a checkpoint of node {node}"), || {
            let health = self.health(node)?;
            Ok(health.published_height.is_some().then_some(health))
        })
    }

    /// Waits until all these nodes are at one height with one state root and one log root.
    pub fn wait_equal(&self, nodes: &[usize]) -> Result<Health> {
        wait_for("equal roots on all nodes", || {
            let mut first: Option<Health> = None;
            for node in nodes {
                let health = self.health(*node)?;
                match &first {
                    None => first = Some(health),
                    Some(first) if first.height != health.height => return Ok(None),
                    Some(first) => {
                        if first.state_root != health.state_root
                            || first.log_root != health.log_root
                        {
                            bail!(
                                "roots differ at height {}: {first:?} {health:?}",
                                health.height
                            );
                        }
                    }
                }
            }
            Ok(first)
        })
    }

    /// The process id of a validator.
    pub fn pid(&self, node: usize) -> Result<String> {
        let path = self.folder.join(format!("node-{node}/node.pid"));
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }

    /// The resident memory of a validator in MiB, as Linux tells it.
    pub fn resident_mib(&self, node: usize) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid(node)?.trim()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.split_whitespace().next());
        Ok(kib
            .context("a process has resident memory")?
            .parse::<u64>()?
            / 1024)
    }

    /// The configuration of a validator, as it stands in its folder.
    pub fn config(&self, node: usize) -> Result<serde_json::Value> {
        let path = self.folder.join(format!("node-{node}/node.json"));
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// Kills a validator as a crash would: SIGKILL.
    pub fn kill(&self, node: usize) -> Result<()> {
        self.kill_at_once(&[node])
    }

    /// Kills several validators with one call: none of them sees another one go first.
    pub fn kill_at_once(&self, nodes: &[usize]) -> Result<()> {
        self.signal("-9", nodes)?;
        for node in nodes {
            self.wait_ended(*node)?;
        }
        Ok(())
    }

    /// Tells a validator to stop, as an operator does, and waits until it has.
    pub fn stop(&self, node: usize) -> Result<Option<ExitStatus>> {
        self.signal("-TERM", &[node])?;
        self.wait_ended(node)
    }

    fn signal(&self, signal: &str, nodes: &[usize]) -> Result<()> {
        let pids: Vec<String> = nodes.iter().map(|n| self.pid(*n)).collect::<Result<_>>()?;
        let pids = pids.iter().map(|pid| pid.trim());
        let status = Command::new("kill").arg(signal).args(pids).status()?;
        ensure!(status.success(), "kill {signal} {nodes:?} failed");
        Ok(())
    }

    fn restarted(&self) -> MutexGuard<'_, Vec<(usize, Child)>> {
        self.restarted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a validator's process is gone. How it ended is known of one that was started
    /// again here; the others are children of the devnet.
    pub fn wait_ended(&self, node: usize) -> Result<Option<ExitStatus>> {
        let pid = self.pid(node)?;
        wait_for(&format!("the end of node {node}"), || {
            self.has_ended(node, pid.trim())
        })
    }

    /// Whether a validator's process is gone, and how it ended where that is known.
    pub fn ended(&self, node: usize) -> Result<Option<Option<ExitStatus>>> {
        self.has_ended(node, self.pid(node)?.trim())
    }

    fn has_ended(&self, node: usize, pid: &str) -> Result<Option<Option<ExitStatus>>> {
        for (of, child) in self.restarted().iter_mut() {
            if *of == node && child.id().to_string() == pid {
                return Ok(child.try_wait()?.map(Some));
            }
        }
        let alive = Path::new("/proc").join(pid).exists();
        Ok((!alive).then_some(None))
    }

    /// Starts a validator again.
    pub fn restart(&self, node: usize) -> Result<()> {
        self.restart_under(node, &[])
    }

    /// Starts a validator again by a command that ends in executing its arguments.
    pub fn restart_under(&self, node: usize, command: &[&str]) -> Result<()> {
        let folder = self.node_folder(node);
        let log = std::fs::OpenOptions::new()
            .append(true)
            .open(folder.join("node.log"))?;
        let mut words = command.iter().map(Path::new).chain([&*self.programs.node]);
        let first = words.next().context("a program")?;
        let child = Command::new(first)
            .args(words)
            .args(["run", "--stop-with-stdin", "--config"])
            // The engine logs what fails while it stops with the trace of whoever logged it, if one is
            // asked for: a test that looks for panics is not told apart from that.
            .env("RUST_BACKTRACE", "0")
            .arg(folder.join("node.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting a validator again")?;
        std::fs::write(folder.join("node.pid"), child.id().to_string())?;
        self.restarted().push((node, child));
        Ok(())
    }

    /// Makes another node that may become a validator, as its operator would: `hefu-node init` and the
    /// addresses. It does not run yet. Returns its number.
    pub fn add_node(&mut self, name: &str, region: &str) -> Result<usize> {
        let node = self.file.nodes.len();
        let folder = self.node_folder(node);
        let free = |_| std::net::TcpListener::bind("127.0.0.1:0");
        let free: Vec<_> = (0..4).map(free).collect::<Result<_, _>>()?;
        let ports: Vec<u16> = (free.iter())
            .map(|listener| Ok(listener.local_addr()?.port()))
            .collect::<Result<_>>()?;
        drop(free);
        let engine = format!("/ip4/127.0.0.1/tcp/{}", ports[0]);
        let gossip = format!("/ip4/127.0.0.1/tcp/{}", ports[1]);
        let first = self.config(0)?;
        let mut peers = first["peers"].as_array().context("its peers")?.clone();
        peers.push(serde_json::json!({
            "name": first["name"],
            "engine": first["engine_listen"],
            "gossip": first["gossip_listen"],
        }));
        let peers_file = self.folder.join(format!("peers-{node}.json"));
        std::fs::write(&peers_file, serde_json::to_vec(&peers)?)?;
        let made = Command::new(&self.programs.node)
            .arg("init")
            .arg("--dir")
            .arg(&folder)
            .args(["--name", name, "--region", region])
            .arg("--network")
            .arg(self.network_file())
            .args(["--engine-address", &engine, "--gossip-address", &gossip])
            .arg("--peers")
            .arg(&peers_file)
            .stdin(Stdio::null())
            .output()?;
        let said = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "hefu-node init: {said}");
        std::fs::File::create(folder.join("node.log"))?;
        self.configure(node, |config| {
            config["engine_listen"] = engine.into();
            config["gossip_listen"] = gossip.into();
            config["http_listen"] = format!("127.0.0.1:{}", ports[2]).into();
            config["operator_listen"] = format!("127.0.0.1:{}", ports[3]).into();
            config["propose_timeout_ms"] = first["propose_timeout_ms"].clone();
            config["vote_timeout_ms"] = first["vote_timeout_ms"].clone();
            config["free_mib_min"] = first["free_mib_min"].clone();
            Ok(())
        })?;
        self.file
            .nodes
            .push(format!("http://127.0.0.1:{}", ports[2]));
        Ok(node)
    }

    /// What a node that was [added](Self::add_node) asks the council for.
    pub fn validator_request(&self, node: usize) -> Result<NewValidator> {
        let path = self.node_folder(node).join("validator-request.json");
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// An act of the first council, signed by all its seats.
    pub fn govern(&self, changes: Vec<CouncilChange>) -> Result<Operation> {
        let action = CouncilAction {
            id: ActionId(rand::random()),
            council_epoch: 0,
            valid_before: Millis(now().0 + 600_000),
            reason: "a test".to_owned(),
            changes,
        };
        let preimage = action.preimage(&self.network.digest());
        let mut signatures = Vec::new();
        for seat in &self.network.genesis().council.seats {
            let (key, _) = self.secret(&format!("council-{}", seat.name))?;
            signatures.push(CouncilSignature {
                key: key.key_id(),
                signature: key.sign_statement(&preimage),
            });
        }
        signatures.sort_by_key(|signature| signature.key);
        Ok(Operation::Govern(Govern { action, signatures }))
    }

    /// The folder of a validator.
    pub fn node_folder(&self, node: usize) -> PathBuf {
        self.folder.join(format!("node-{node}"))
    }

    /// Where a validator keeps store and engine log.
    pub fn data(&self, node: usize) -> PathBuf {
        self.node_folder(node).join("data")
    }

    /// What a validator has logged so far.
    pub fn log(&self, node: usize) -> Result<String> {
        let path = self.node_folder(node).join("node.log");
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }

    /// Changes the configuration of a stopped validator.
    pub fn configure(
        &self,
        node: usize,
        change: impl FnOnce(&mut serde_json::Value) -> Result<()>,
    ) -> Result<()> {
        let path = self.node_folder(node).join("node.json");
        let mut config = serde_json::from_slice(&std::fs::read(&path)?)?;
        change(&mut config)?;
        std::fs::write(&path, serde_json::to_vec_pretty(&config)?)?;
        Ok(())
    }

    /// Runs another command of `hefu-node` on a stopped validator.
    pub fn command(&self, node: usize, arguments: &[&str]) -> Result<Output> {
        Command::new(&self.programs.node)
            .args(arguments)
            .arg("--config")
            .arg(self.node_folder(node).join("node.json"))
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("running hefu-node {}", arguments.join(" ")))
    }

    /// A number of a validator's metrics.
    pub fn metric(&self, node: usize, name: &str) -> Result<u64> {
        let config = std::fs::read(self.node_folder(node).join("node.json"))?;
        let config: serde_json::Value = serde_json::from_slice(&config)?;
        let address = config["operator_listen"].as_str().context("an address")?;
        let mut answer = agent().get(format!("http://{address}/metrics")).call()?;
        let text = answer.body_mut().read_to_string()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value = line.with_context(|| format!("no metric {name} in {text}"))?;
        Ok(value.trim().parse()?)
    }

    /// A secret key and its holder.
    pub fn secret(&self, name: &str) -> Result<(SecretKey, String)> {
        let file: KeyFile = serde_json::from_slice(&std::fs::read(self.key(name))?)?;
        Ok((file.secret_key().context("a sound key file")?, file.holder))
    }

    /// Signs operations with a key of the devnet, each for itself.
    pub fn sign(&self, key: &str, operations: &[Operation]) -> Result<Statement> {
        let (key, holder) = self.secret(key)?;
        Ok(Statement::sign(
            self.network.suite(),
            self.network.digest(),
            self.network.origin(),
            &key,
            &holder,
            Nonce(rand::random()),
            Millis(now().0 + 600_000),
            Mode::Each,
            operations,
        ))
    }

    /// Posts bytes to a node: the HTTP status and the body.
    pub fn post(&self, node: usize, bytes: &[u8], wait_ms: u64) -> Result<(u16, String)> {
        let url = format!("{}{}", self.url(node), path::statements(wait_ms));
        let mut answer = agent().post(url).content_type(path::CBOR).send(bytes)?;
        Ok((
            answer.status().as_u16(),
            answer.body_mut().read_to_string()?,
        ))
    }

    /// Sends a statement and waits until it is final.
    pub fn submit(&self, node: usize, statement: &Statement) -> Result<StatementAnswer> {
        let (status, body) = self.post(node, &statement.encode(), 20_000)?;
        ensure!(status == 200, "{status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// What a node serves under a path.
    pub fn get(&self, node: usize, path: &str) -> Result<Vec<u8>> {
        let mut answer = agent().get(format!("{}{path}", self.url(node))).call()?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_vec()?;
        ensure!(
            status == 200,
            "{path}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }

    /// The receipts of a statement's first operations, those that were accepted.
    pub fn receipts(
        &self,
        node: usize,
        answer: &StatementAnswer,
        count: u32,
    ) -> Result<Vec<Receipt>> {
        let bytes = self.get(node, &path::receipts(&answer.statement, 0, count))?;
        Ok(ReceiptBundle::decode(&bytes)?
            .receipts()
            .flatten()
            .collect())
    }

    /// Runs the client. `arguments` follow the command's name.
    pub fn client(&self, arguments: &[&str]) -> Result<Output> {
        run_client(&self.programs, arguments)
    }
}

/// A made-up licence of Guizhou that its agency on a devnet may register.
pub fn licence(number: u32) -> Register {
    let mut digest = [0x11; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    Register {
        document_type: "licence".into(),
        region: "guizhou".into(),
        identity: Identity {
            legal_issuer: "1152OFFICE".into(),
            number: format!("MADE-UP-{number}"),
            ..Identity::default()
        },
        digests: vec![Digest(digest)],
        fact_root: None,
        valid_from: None,
        valid_until: None,
        use_right: None,
        total: None,
        blinding: Blinding([1; 16]),
        issued_offline_at: None,
        open_facts: Vec::new(),
    }
}

/// This machine's clock.
pub fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Runs the client with English texts.
pub fn run_client(programs: &Programs, arguments: &[&str]) -> Result<Output> {
    Command::new(&programs.client)
        .args(arguments)
        .env("LANG", "C.UTF-8")
        // The networks of tests leave nothing in the user's own state folder.
        .env("HEFU_MEMORY", "none")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running hefu {}", arguments.join(" ")))
}

/// Asks with a deadline; an HTTP error is an answer.
pub fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(40)))
        .http_status_as_error(false)
        .build();
    config.into()
}

impl Drop for Devnet {
    fn drop(&mut self) {
        // SIGTERM first: the devnet then closes its validators' standard inputs.
        if let Some(mut process) = self.process.take() {
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let _ = process.wait();
        }
        for (_, mut child) in self.restarted().drain(..) {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}
