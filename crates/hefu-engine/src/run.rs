//! Starting and stopping the engine.

use crate::app_loop::{Host, NOBODY};
use crate::application::Application;
use crate::codec::EngineCodec;
use crate::config::{peer_key, Config};
use crate::context::{Address, HefuContext};
use crate::handle::Signals;
use crate::peers;
use crate::signing::{ConsensusKey, Epochs, Signatures};
use crate::{wal, EngineError};
use arc_malachitebft_app::engine::consensus::Msg as ConsensusMsg;
use arc_malachitebft_app::engine::wal::Msg as WalMsg;
use arc_malachitebft_app::types::codec::Codec;
use arc_malachitebft_app::wal::Log;
use arc_malachitebft_app_channel::{
    start_engine, Channels, ConsensusContext, EngineHandle, NetworkContext, NetworkIdentity,
    RequestContext, SyncContext, WalContext,
};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{sleep, timeout};
use tracing::warn;

/// The engine's parts get so long to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// So long after its parts the engine has stopped too, unless it refuses to go on; so long after
/// the engine its log is free.
const SAFETY_GRACE: Duration = Duration::from_secs(2);

/// Runs an engine until it is shut down through its handle (`Ok`) or fails.
///
/// It needs tokio's multi-threaded runtime, whose threads it blocks while the application writes.
/// When this returns, the engine has stopped, and its address and log are free again unless a part
/// of it failed.
pub async fn run<A: Application>(
    config: Config,
    app: A,
    signals: Signals,
) -> Result<(), EngineError> {
    if Handle::current().runtime_flavor() != RuntimeFlavor::MultiThread {
        return Err(EngineError::Config(
            "it needs a multi-threaded runtime".into(),
        ));
    }
    // The engine cuts a damaged log off where the damage begins: on the next start it would no
    // longer notice. So it does not get to see one.
    wal::mend(&config.wal).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => EngineError::Unsafe,
        _ => EngineError::Start(format!("{}: {error}", config.wal.display())),
    })?;
    let signatures = Signatures {
        suite: config.suite,
        network: config.network,
        epochs: Epochs::default(),
    };
    let (mut channels, mut engine) = start(&config, &signatures).await?;
    let Signals {
        calls,
        peers: named,
        status,
    } = signals;
    let requests = channels.net_requests.clone();
    let peers = tokio::spawn(peers::keep(requests, config.peers.clone(), named));
    let wal = config.wal.clone();
    let mut host = Host::new(config, app, signatures, status);
    let outcome = host.serve(&mut channels, calls).await;
    peers.abort();
    let _ = peers.await;
    // Whoever waits for an answer is told that there will be none, or the parts would not stop.
    drop((channels, host));
    let failed = matches!(outcome, Err(EngineError::Failed));
    // When a part of it fails the engine stops as a whole. When its log has failed it stops its
    // parts and stays, so that nobody starts it again.
    if failed && timeout(SAFETY_GRACE, &mut engine.handle).await.is_ok() {
        return outcome;
    }
    stop(engine, &wal, failed).await;
    if failed {
        Err(EngineError::Unsafe)
    } else {
        outcome
    }
}

async fn start(
    config: &Config,
    signatures: &Signatures,
) -> Result<(Channels<HefuContext>, EngineHandle), EngineError> {
    let engine_config = config.for_engine()?;
    let codec = EngineCodec {
        part_bytes_max: config.part_bytes_max,
        response_bytes_max: config.response_bytes_max(),
    };
    let start_error = |error: &dyn std::fmt::Display| EngineError::Start(error.to_string());
    let peer_key = peer_key(&config.peer_seed)?;
    let verifier = Box::new(signatures.clone());
    let moniker = config.moniker.clone();
    let (identity, consensus) = if config.votes {
        let signatures = signatures.clone();
        let key = ConsensusKey {
            signatures,
            secret: config.consensus_key.clone(),
        };
        let address = Address(config.consensus_key.key_id());
        let binding = key.bind_peer(&peer_key.public().to_peer_id().to_bytes());
        let binding = codec
            .encode(&binding)
            .map_err(|error| start_error(&error))?;
        (
            NetworkIdentity::new_validator(moniker, peer_key, address.to_string(), binding),
            ConsensusContext::new_validator(address, verifier, Box::new(key)),
        )
    } else {
        (
            NetworkIdentity::new(moniker, peer_key, None),
            ConsensusContext::new_full_node(NOBODY, verifier),
        )
    };
    start_engine(
        HefuContext,
        engine_config,
        WalContext::new(config.wal.clone(), codec),
        NetworkContext::new(identity, codec),
        consensus,
        SyncContext::new(codec),
        RequestContext::new(16),
    )
    .await
    .map_err(|error| EngineError::Start(format!("{error:#}")))
}

async fn stop(engine: EngineHandle, wal: &Path, hangs: bool) {
    // The first part that stops would make its supervisor kill the others, and a killed network
    // never closes its socket: each is taken from its supervisor first.
    let supervisor = engine.actor.get_cell();
    let mut parts = supervisor.get_children();
    for part in &parts {
        part.unlink(supervisor.clone());
    }
    // Consensus first and its log last: consensus without a log takes that for a failure of safety,
    // and hangs.
    parts.sort_by_key(|part| {
        let is_consensus = part.is_message_type_of::<ConsensusMsg<HefuContext>>();
        let is_wal = part.is_message_type_of::<WalMsg<HefuContext>>();
        (is_consensus != Some(true), is_wal == Some(true))
    });
    for part in parts {
        if hangs {
            // All have stopped but the one that hangs, which would never take notice.
            part.kill();
        } else {
            part.stop(None);
        }
        if part.wait(Some(STOP_TIMEOUT)).await.is_err() {
            warn!("a part of the engine does not stop");
        }
    }
    engine.actor.stop(None);
    if engine.handle.await.is_err() {
        warn!("the engine's supervisor panicked");
    }
    // The thread that writes the log is told to stop, but nobody waits for it.
    let freed = async {
        while Log::open(wal).is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(SAFETY_GRACE, freed).await.is_err() {
        warn!("the write-ahead log is still in use");
    }
}
