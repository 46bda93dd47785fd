//! The engine's peers while it runs: who is named later is dialled and let in, without a restart.

use crate::config::peer_address;
use arc_malachitebft_app::engine::network::PersistentPeerError;
use arc_malachitebft_app::net::Multiaddr;
use arc_malachitebft_app_channel::NetworkRequest;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{info, warn};

/// The engine is asked again after this where it could not do what it was asked.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps the engine's peers as they were named last. It ends with whoever names them.
pub(crate) async fn keep(
    engine: mpsc::Sender<NetworkRequest>,
    begun_with: Vec<String>,
    mut named: watch::Receiver<Option<Vec<String>>>,
) {
    let mut known: BTreeSet<String> = begun_with.into_iter().collect();
    let mut done = true;
    loop {
        tokio::select! {
            changed = named.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = sleep(RETRY), if !done => {}
        }
        let Some(wanted) = named.borrow_and_update().clone() else {
            continue;
        };
        let wanted: BTreeSet<String> = wanted.into_iter().collect();
        done = true;
        // Who leaves first: a peer that comes back under another address is one peer at a time.
        for peer in known.clone().difference(&wanted) {
            if change(&engine, peer, false).await {
                known.remove(peer);
            } else {
                done = false;
            }
        }
        for peer in wanted {
            if known.contains(&peer) {
                continue;
            }
            if change(&engine, &peer, true).await {
                known.insert(peer);
            } else {
                done = false;
            }
        }
    }
}

/// Whether it is as it was asked, or never will be.
async fn change(engine: &mpsc::Sender<NetworkRequest>, peer: &str, comes: bool) -> bool {
    let address: Multiaddr = match peer_address(peer) {
        Ok(address) => address,
        Err(error) => {
            warn!(%error, "a peer that cannot be reached");
            return true;
        }
    };
    let done = if comes {
        NetworkRequest::add_persistent_peer(engine, address).await
    } else {
        NetworkRequest::remove_persistent_peer(engine, address).await
    };
    match done {
        Ok(Ok(())) if comes => info!(peer, "the engine has another peer"),
        Ok(Ok(())) => info!(peer, "the engine has a peer less"),
        Ok(Err(PersistentPeerError::AlreadyExists | PersistentPeerError::NotFound)) => {}
        Ok(Err(error)) => {
            warn!(peer, %error, "the engine's peers stay as they are for now");
            return false;
        }
        // It has not begun, or stops.
        Err(_) => return false,
    }
    true
}
