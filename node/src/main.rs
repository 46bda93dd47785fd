//! `hefu-node`: runs a node of the ledger, or a whole network on one machine.

use anyhow::{bail, Context};
use clap::{Args, Parser, Subcommand};
use hefu_node::config::{read_json, write_json, ConfigError, NodeConfig, PeerConfig};
use hefu_node::devnet::{self, DevNode, Plan};
use hefu_node::gossip::is_dialable;
use hefu_node::memory::Memory;
use hefu_node::replay::replay;
use hefu_node::run::{self, Ended, RunError};
use hefu_state::KNOWN_RULES;
use hefu_store::Store;
use hefu_types::genesis::{Genesis, GenesisValidator, Network, ProvenKey};
use hefu_types::leaf::Addresses;
use hefu_types::operation::NewValidator;
use hefu_types::{NetworkId, Suite};
use hefu_wire::file::{KeyFile, KeyRole, NetworkFile};
use rand::RngCore;
use std::io::{IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Many small pieces of many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "hefu-node", version, about = "A node of the Hefu ledger", long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a whole network on this machine and runs its validators as processes.
    #[command(after_help = "Example: hefu-node devnet --dir /tmp/net --validators 4")]
    Devnet {
        /// The folder of the network; an existing one goes on where it stopped.
        #[arg(long)]
        dir: PathBuf,
        /// How many validators.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=20))]
        validators: u8,
        /// The first port on 127.0.0.1; 0 takes free ones.
        #[arg(long, default_value_t = 26500)]
        port: u16,
        /// How long an idle network rests between two blocks, in milliseconds.
        #[arg(long, default_value_t = 10_000)]
        heartbeat_ms: u64,
        /// The version of the rules with which a new network begins; by default the newest.
        #[arg(long, value_parser = rules_version)]
        rules_version: Option<u32>,
    },
    /// Makes the keys and the configuration of one real validator.
    ///
    /// A founder gives the id on which the founders agreed; its public keys go into genesis. Who joins
    /// a network that runs gives its network file and where the others will reach it: the file
    /// `validator-request.json` then goes to the council, which adds it to the validators.
    #[command(after_help = "Examples:\n  \
        hefu-node init --dir /etc/hefu --name gd.hefu.example --region guangdong \\\n    \
        --network-id 00112233445566778899aabbccddeeff --founding\n  \
        hefu-node init --dir /etc/hefu --name yn.hefu.example --region yunnan --network network.json \\\n    \
        --engine-address /ip4/192.0.2.9/tcp/26500 --gossip-address /ip4/192.0.2.9/tcp/26501 \\\n    \
        --peers peers.json")]
    Init {
        /// The folder of the node.
        #[arg(long)]
        dir: PathBuf,
        /// The validator's name, as genesis will have it.
        #[arg(long)]
        name: String,
        /// Its region.
        #[arg(long)]
        region: String,
        #[command(flatten)]
        network: OfNetwork,
        /// The network begins with this node: its empty store is no loss of memory.
        #[arg(long, conflicts_with = "network")]
        founding: bool,
        /// Where the others will reach its engine: a multiaddr such as /ip4/192.0.2.9/tcp/26500.
        #[arg(long, value_parser = dialable, requires_all = ["gossip_address", "network"])]
        engine_address: Option<String>,
        /// Where they will reach it with statements and cosignatures: another multiaddr.
        #[arg(long, value_parser = dialable, requires_all = ["engine_address", "network"])]
        gossip_address: Option<String>,
        /// Nodes that run, as they stand under `peers` in the configuration of another node.
        #[arg(long)]
        peers: Option<PathBuf>,
    },
    /// Writes the network file for clients: the genesis, its digest, and where nodes answer.
    #[command(
        after_help = "Example: hefu-node network-file --genesis genesis.json \\\n    \
        --node http://gd.hefu.example:26502 --out network.json"
    )]
    NetworkFile {
        /// The network's genesis.
        #[arg(long)]
        genesis: PathBuf,
        /// The public address of a node; may be given several times.
        #[arg(long = "node", required = true)]
        nodes: Vec<String>,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Runs a node until it is told to stop (SIGINT, SIGTERM).
    #[command(
        after_help = "Ends with 0 when told to stop, with 3 when starting it again does not help (a \
        damaged store, a wrong configuration: its last words say what to do), else with 1. For \
        systemd: Restart=on-failure, RestartPreventExitStatus=3.\n\nExample: hefu-node run --config \
        /etc/hefu/node.json"
    )]
    Run {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Stop when standard input ends, as the devnet does with its validators.
        #[arg(long)]
        stop_with_stdin: bool,
    },
    /// After restoring a store, or with a damaged engine log: follow first, vote again when safe.
    ///
    /// One node at a time: a follower waits for a checkpoint of the others, so fewer than a quorum of
    /// voters must never be left. Where they were, the operators of all validators stop their nodes,
    /// compare the heights that `inspect` tells, and use --vote on those of the greatest height.
    #[command(after_help = "Example: hefu-node rejoin --config /etc/hefu/node.json")]
    Rejoin {
        /// The configuration file of a stopped node.
        #[arg(long)]
        config: PathBuf,
        /// Vote at once: only when the operators of all validators agreed on it.
        #[arg(long)]
        vote: bool,
    },
    /// Takes back the last block, if this node has not cosigned it, so that it is executed again.
    ///
    /// The node then follows, as after `rejoin`: one node at a time.
    #[command(after_help = "Example: hefu-node reexecute --config /etc/hefu/node.json")]
    Reexecute {
        /// The configuration file of a stopped node.
        #[arg(long)]
        config: PathBuf,
    },
    /// Executes all blocks of a stopped node again, in memory, and compares what they led to.
    ///
    /// Tells whether this program reaches what stands on the disk, across every change of the rules and
    /// of the validators. It takes as long as executing the blocks did, and memory for the whole ledger.
    #[command(after_help = "Example: hefu-node replay --config /etc/hefu/node.json")]
    Replay {
        /// The configuration file of a stopped node.
        #[arg(long)]
        config: PathBuf,
    },
    /// Checks the store of a stopped node and tells what it holds.
    #[command(after_help = "Example: hefu-node inspect --config /etc/hefu/node.json")]
    Inspect {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

/// The network of a new node.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct OfNetwork {
    /// The network's id, 32 hexadecimal digits, on which its founders agreed.
    #[arg(long)]
    network_id: Option<NetworkId>,
    /// The network file of a network that runs.
    #[arg(long)]
    network: Option<PathBuf>,
}

fn rules_version(text: &str) -> Result<u32, String> {
    let version = text
        .parse()
        .ok()
        .filter(|version| KNOWN_RULES.contains(version));
    let (first, last) = KNOWN_RULES.into_inner();
    version.ok_or_else(|| format!("this program knows the versions {first} to {last}"))
}

fn dialable(address: &str) -> Result<String, String> {
    if is_dialable(address) {
        Ok(address.to_owned())
    } else {
        Err("expected an IP address and a TCP port, such as /ip4/192.0.2.9/tcp/26500".to_owned())
    }
}

/// How the process ends when starting it again does not help. A supervisor should know it, as in
/// systemd's `RestartPreventExitStatus=3`.
const NEEDS_OPERATOR: u8 = 3;

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody can be told there is no reason to panic: the log may be on a full disk.
            let _ = writeln!(std::io::stderr(), "Error: {}", sentence(&error));
            let failed = error.downcast_ref::<RunError>();
            let misconfigured = error.is::<ConfigError>();
            if misconfigured || failed.is_some_and(RunError::needs_operator) {
                ExitCode::from(NEEDS_OPERATOR)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// An error with its causes, each told once: many already quote theirs.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

fn command() -> anyhow::Result<()> {
    // The engine tells of every failed dial as an error, each second; our swarm tells who comes and
    // goes, once. RUST_LOG shows all.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new("warn,hefu_node=info,hefu_engine=info,arc_malachitebft_network=off")
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // It would tell on standard error, and panic, that standard error cannot be written.
        .log_internal_errors(false)
        .init();
    match Cli::parse().command {
        Command::Devnet {
            dir,
            validators,
            port,
            heartbeat_ms,
            rules_version,
        } => {
            let plan = Plan {
                folder: dir,
                validators: validators.into(),
                port,
                heartbeat_ms,
                rules_version,
            };
            devnet(&plan)
        }
        Command::Init {
            dir,
            name,
            region,
            network,
            founding,
            engine_address,
            gossip_address,
            peers,
        } => init(&New {
            dir,
            name,
            region,
            network,
            founding,
            addresses: engine_address
                .zip(gossip_address)
                .map(|(engine, gossip)| Addresses { engine, gossip }),
            peers,
        }),
        Command::NetworkFile {
            genesis,
            nodes,
            out,
        } => network_file(&genesis, nodes, &out),
        Command::Run {
            config,
            stop_with_stdin,
        } => run_node(&config, stop_with_stdin),
        Command::Replay { config } => replay_node(&config),
        Command::Inspect { config } => inspect(&config),
        Command::Rejoin { config, vote } => rejoin(&config, vote),
        Command::Reexecute { config } => reexecute(&config),
    }
}

/// How long reads that are under way may take when a node stops.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(5);

fn run_node(path: &Path, stop_with_stdin: bool) -> anyhow::Result<()> {
    let config = NodeConfig::read(path)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let mut interrupt =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let (stdin_ended, on_stdin) = tokio::sync::oneshot::channel();
        // Kept until the end where standard input does not matter: nobody sends then.
        let mut stdin_ended = Some(stdin_ended);
        if let Some(stdin_ended) = stdin_ended.take_if(|_| stop_with_stdin) {
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                let _ = stdin_ended.send(());
            });
        }
        let stop = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = on_stdin => {}
            }
        };
        run::run(config, stop).await.map_err(anyhow::Error::from)
    });
    // Reads under way hold the database: they end before the process tears it down.
    runtime.shutdown_timeout(SHUTDOWN_DEADLINE);
    match ended? {
        Ended::Told => Ok(()),
        Ended::MayVote | Ended::MustFollow => {
            // Begin anew as what it is now: same program, same arguments, same process.
            let error = std::process::Command::new(std::env::current_exe()?)
                .args(std::env::args_os().skip(1))
                .exec();
            Err(error).context("starting again")
        }
    }
}

fn devnet(plan: &Plan) -> anyhow::Result<()> {
    let nodes = devnet::prepare(plan)?;
    for node in &nodes {
        let address = node.url.trim_start_matches("http://");
        if let Err(error) = std::net::TcpListener::bind(address) {
            bail!(
                "{address} of {} cannot be used ({error}): the network in {} runs already, or \
                 another program took its ports",
                node.name,
                plan.folder.display()
            );
        }
    }
    let program = std::env::current_exe().context("finding this program")?;
    let (ended, on_end) = mpsc::channel();
    let mut children = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let (child, stdin) = start(&program, plan, index, node)?;
        watch(child, node.name.clone(), ended.clone());
        children.push(stdin);
    }
    println!(
        "A network of {} validators runs on this machine:",
        nodes.len()
    );
    for (index, node) in nodes.iter().enumerate() {
        println!(
            "  {}  {}  (log: {}/node-{index}/node.log)",
            node.url,
            node.name,
            plan.folder.display()
        );
    }
    println!(
        "Its network file: {}",
        plan.folder.join("network.json").display()
    );
    println!(
        "Keys of agencies and members: {}",
        plan.folder.join("keys").display()
    );
    println!("Ctrl-C stops it; the same command goes on with it.");
    std::io::stdout().flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stopped, on_stop) = (ended, on_end);
    std::thread::spawn(move || {
        runtime.block_on(async {
            let kind = tokio::signal::unix::SignalKind::terminate();
            if let Ok(mut terminate) = tokio::signal::unix::signal(kind) {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
            }
        });
        let _ = stopped.send(DevnetEvent::Told);
    });
    let mut running = children.len();
    while let Ok(event) = on_stop.recv() {
        match event {
            DevnetEvent::Told => break,
            DevnetEvent::NodeEnded { name, how } => {
                running -= 1;
                println!("{name} ended ({how}); start it again with `hefu-node run --config ...`");
                if running == 0 {
                    bail!("all validators ended; their logs say why");
                }
            }
        }
    }
    // Closing their standard inputs tells the validators to stop; they close their stores then.
    drop(children);
    while running > 0 {
        match on_stop.recv_timeout(STOP_DEADLINE) {
            Ok(DevnetEvent::NodeEnded { .. }) => running -= 1,
            Ok(DevnetEvent::Told) => {}
            Err(_) => bail!("{running} validators did not stop; look for their processes"),
        }
    }
    Ok(())
}

/// How long validators may take to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

enum DevnetEvent {
    Told,
    NodeEnded { name: String, how: String },
}

fn start(
    program: &Path,
    plan: &Plan,
    index: usize,
    node: &DevNode,
) -> anyhow::Result<(Child, std::process::ChildStdin)> {
    let folder = plan.folder.join(format!("node-{index}"));
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("node.log"))
        .with_context(|| format!("opening the log of {}", node.name))?;
    let mut child = std::process::Command::new(program)
        .args(["run", "--stop-with-stdin", "--config"])
        .arg(&node.config)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("starting {}", node.name))?;
    std::fs::write(folder.join("node.pid"), child.id().to_string())?;
    let stdin = child.stdin.take().context("the child's standard input")?;
    Ok((child, stdin))
}

fn watch(mut child: Child, name: String, ended: mpsc::Sender<DevnetEvent>) {
    std::thread::spawn(move || {
        let how = match child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let _ = ended.send(DevnetEvent::NodeEnded { name, how });
    });
}

/// What `init` is to make.
struct New {
    dir: PathBuf,
    name: String,
    region: String,
    network: OfNetwork,
    founding: bool,
    addresses: Option<Addresses>,
    peers: Option<PathBuf>,
}

/// The address on which a node listens that is reached at this one.
fn listens(address: Option<&str>, port: u16) -> String {
    let port_of = |address: &str| Some(address.rsplit_once('/')?.1.to_owned());
    let port = address.and_then(port_of).unwrap_or(port.to_string());
    format!("/ip4/0.0.0.0/tcp/{port}")
}

fn init(new: &New) -> anyhow::Result<()> {
    let New {
        dir, name, region, ..
    } = new;
    let genesis = match &new.network.network {
        Some(path) => Some(read_json::<NetworkFile>(path)?.network()?),
        None => None,
    };
    let network_id = match (&genesis, new.network.network_id) {
        (Some(network), _) => network.genesis().network_id,
        (None, Some(id)) => id,
        (None, None) => bail!("give --network-id or --network"),
    };
    let key = |role: KeyRole| -> anyhow::Result<ProvenKey> {
        let mut seed = [0; 32];
        rand::rngs::OsRng.fill_bytes(&mut seed);
        let file = KeyFile::new(role, name, Suite::Sha256Ed25519, seed);
        write_json(&dir.join(format!("keys/{}.json", role.name())), &file, true)?;
        let secret = file.secret_key().context("a key that was just made")?;
        let proof = secret.prove_possession(&network_id, role.name(), name);
        Ok(ProvenKey {
            key: file.public_key,
            proof,
        })
    };
    let validator = GenesisValidator {
        name: name.clone(),
        region: region.clone(),
        consensus: key(KeyRole::Consensus)?,
        checkpoint: key(KeyRole::Checkpoint)?,
        log: key(KeyRole::Log)?,
        peer: key(KeyRole::Peer)?,
    };
    let (engine, gossip) = (new.addresses.as_ref())
        .map(|to| (&*to.engine, &*to.gossip))
        .unzip();
    let peers: Vec<PeerConfig> = match &new.peers {
        Some(path) => read_json(path)?,
        None => vec![PeerConfig {
            name: "another.validator".to_owned(),
            engine: "/ip4/192.0.2.7/tcp/26500".to_owned(),
            gossip: "/ip4/192.0.2.7/tcp/26501".to_owned(),
            key: None,
        }],
    };
    let config = NodeConfig {
        name: name.clone(),
        genesis: "genesis.json".into(),
        data: "data".into(),
        keys: "keys".into(),
        engine_listen: listens(engine, 26500),
        gossip_listen: listens(gossip, 26501),
        peers,
        http_listen: "127.0.0.1:26502".parse()?,
        operator_listen: "127.0.0.1:26503".parse()?,
        propose_timeout_ms: 1_000,
        vote_timeout_ms: 500,
        records_memory_mib: None,
        free_mib_min: NodeConfig::FREE_MIB_MIN,
        rules_version_max: None,
    };
    if new.founding {
        Memory::new(&dir.join("data")).found()?;
    }
    write_json(&dir.join("node.json"), &config, false)?;
    println!("Keys:          {}", dir.join("keys").display());
    hand_out(new, genesis.as_ref(), validator)?;
    println!(
        "  hefu-node run --config {}",
        dir.join("node.json").display()
    );
    Ok(())
}

/// Writes what others need of a new validator, and tells who gets it.
fn hand_out(
    new: &New,
    genesis: Option<&Network>,
    validator: GenesisValidator,
) -> anyhow::Result<()> {
    let New { dir, name, .. } = new;
    match (genesis, &new.addresses) {
        (Some(_), Some(addresses)) => {
            let path = dir.join("peer.json");
            let peer = PeerConfig {
                name: name.clone(),
                engine: addresses.engine.clone(),
                gossip: addresses.gossip.clone(),
                key: Some(validator.peer.key),
            };
            write_json(&path, &peer, false)?;
            println!(
                "As a peer:     {} (public; for the `peers` of the others' configurations)",
                path.display()
            );
            let path = dir.join("validator-request.json");
            let addresses = addresses.clone();
            let request = NewValidator {
                validator,
                addresses,
            };
            write_json(&path, &request, false)?;
            println!(
                "Request:       {} (public; send it to the council)",
                path.display()
            );
        }
        (Some(_), None) => println!("It follows only: without addresses there is no request."),
        (None, _) => {
            let path = dir.join("validator.json");
            write_json(&path, &validator, false)?;
            println!(
                "For genesis:   {} (public; send it to the founders)",
                path.display()
            );
        }
    }
    println!(
        "Configuration: {} (put the peers and addresses in)",
        dir.join("node.json").display()
    );
    match genesis {
        Some(network) => {
            write_json(&dir.join("genesis.json"), network.genesis(), false)?;
            println!(
                "The others let it in once it stands among the `peers` of their configurations, or \
                 once the council has added it. Until it votes the network can lose one validator \
                 less: where the ledger is long, let it sync as a peer before the council acts. It \
                 votes by itself when its set is in force. Run"
            );
        }
        None => println!("Then put the network's genesis beside it as genesis.json and run"),
    }
    Ok(())
}

fn network_file(genesis: &Path, nodes: Vec<String>, out: &Path) -> anyhow::Result<()> {
    let genesis: Genesis = read_json(genesis)?;
    let network = Network::new(genesis.clone())?;
    let digest = network.digest();
    write_json(
        out,
        &NetworkFile {
            genesis,
            digest,
            nodes,
        },
        false,
    )?;
    println!(
        "{} written; tell its readers the digest by another way:",
        out.display()
    );
    println!("{digest}");
    Ok(())
}

fn rejoin(path: &Path, vote: bool) -> anyhow::Result<()> {
    let config = NodeConfig::read(path)?;
    // Opening the store takes its lock: a running node's log is not moved from under it.
    let opened = Store::open(&run::store_path(&config), &config.network()?)?;
    let memory = Memory::new(&config.data);
    match memory.rejoin()? {
        Some(aside) => println!("The engine's log was moved to {}.", aside.display()),
        None => println!("There was no engine's log."),
    }
    if vote {
        memory.vote_anew()?;
        println!(
            "{} votes from height {} on at its next start.",
            config.name,
            opened.before.height + 1
        );
        return Ok(());
    }
    println!(
        "{} follows at its next start, and votes again by itself two heights after the network \
         has published a checkpoint of a later time.",
        config.name
    );
    Ok(())
}

fn reexecute(path: &Path) -> anyhow::Result<()> {
    let config = NodeConfig::read(path)?;
    let network = config.network()?;
    let opened = Store::open(&run::store_path(&config), &network)?;
    let height = opened.before.height;
    opened.store.undo_last()?;
    // The engine's log is of a height that is undecided here again.
    Memory::new(&config.data).rejoin()?;
    println!(
        "Block {height} was taken back. At its next start {} follows, fetches the block from its \
         peers and executes it again.",
        config.name
    );
    Ok(())
}

fn replay_node(path: &Path) -> anyhow::Result<()> {
    let config = NodeConfig::read(path)?;
    let network = config.network()?;
    let opened = Store::open(&run::store_path(&config), &network)?;
    let shows = std::io::stderr().is_terminal();
    let replayed = replay(network, &opened.store, |height| {
        if shows && height.is_multiple_of(100) {
            eprint!("\rblock {height} of {}", opened.before.height);
        }
    })?;
    if shows {
        eprintln!();
    }
    println!("blocks      {}", replayed.blocks);
    println!("statements  {}", replayed.statements);
    println!("operations  {}", replayed.operations);
    println!("rules       {}", listed(&replayed.rules));
    println!("epochs      {}", listed(&replayed.epochs));
    println!("every block led to what the store has");
    Ok(())
}

fn listed<T: std::fmt::Display>(numbers: &std::collections::BTreeSet<T>) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

fn inspect(path: &Path) -> anyhow::Result<()> {
    let config = NodeConfig::read(path)?;
    let network = config.network()?;
    let opened = Store::open(&run::store_path(&config), &network)?;
    opened.store.check_all(|_| {})?;
    let before = &opened.before;
    println!("network     {}", network.origin());
    println!("node        {}", config.name);
    println!("height      {}", before.height);
    println!("block time  {}", before.time);
    println!(
        "log         {} entries, root {}",
        before.size, before.log_root
    );
    println!(
        "state       {} leaves, root {}",
        opened.tree.len(),
        before.state_root
    );
    match opened.store.published()? {
        Some(signed) => println!("published   height {}", signed.checkpoint.height),
        None => println!("published   nothing yet"),
    }
    println!("the store adds up");
    Ok(())
}
