//! The engine's peers while it runs: who is named later is dialled and let in, without a restart.

use crate::config::peer_address;
use arc_malachitebft_app::net::Multiaddr;
use arc_malachitebft_app_channel::NetworkRequest;
use std::collections::BTreeSet;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

/// Keeps the engine's peers as they were named last. It ends with whoever names them.
pub(crate) async fn keep(
    engine: mpsc::Sender<NetworkRequest>,
    begun_with: Vec<String>,
    mut named: watch::Receiver<Option<Vec<String>>>,
) {
    let mut known: BTreeSet<String> = begun_with.into_iter().collect();
    while named.changed().await.is_ok() {
        let Some(wanted) = named.borrow_and_update().clone() else {
            continue;
        };
        let wanted: BTreeSet<String> = wanted.into_iter().collect();
        // Who leaves first: a peer that comes back under another address is one peer at a time.
        for peer in known.difference(&wanted) {
            change(&engine, peer, false).await;
        }
        for peer in wanted.difference(&known) {
            change(&engine, peer, true).await;
        }
        known = wanted;
    }
}

async fn change(engine: &mpsc::Sender<NetworkRequest>, peer: &str, comes: bool) {
    let address: Multiaddr = match peer_address(peer) {
        Ok(address) => address,
        Err(error) => return warn!(%error, "a peer that cannot be reached"),
    };
    let done = if comes {
        NetworkRequest::add_persistent_peer(engine, address).await
    } else {
        NetworkRequest::remove_persistent_peer(engine, address).await
    };
    match done {
        Ok(Ok(())) if comes => info!(peer, "the engine has another peer"),
        Ok(Ok(())) => info!(peer, "the engine has a peer less"),
        // It had it already, or not any more.
        Ok(Err(error)) => warn!(peer, %error, "the engine's peers stay as they are"),
        // The engine stops.
        Err(_) => {}
    }
}
