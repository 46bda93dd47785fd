//! Whom a node connects with: the validators of the set in force, of the one that waits and of the one
//! before, and whom its configuration names.
//!
//! A set that waits is there early, so that its newcomers can sync before they vote; the one before
//! still follows. Addresses stand in the configuration, by name, else on the ledger, where the council
//! put them with the validator. A validator whose address is nowhere may dial this node.

use crate::config::{NodeConfig, NodeKeys, PeerConfig};
use crate::gossip::{is_dialable, GossipPeer};
use crate::shared::Shared;
use hefu_types::leaf::{SetLeaf, Validator};
use hefu_types::PublicKey;
use std::sync::Arc;

/// A peer of both swarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its multiaddr for the engine, which ends in its peer id.
    pub engine: String,
    /// What our own swarm is told.
    pub gossip: GossipPeer,
}

/// The peers of a node with this peer key, as its sets are now; each once, and not itself.
pub fn peers(config: &NodeConfig, own: &PublicKey, shared: &Shared) -> Vec<Peer> {
    let head = shared.head();
    let mut sets: Vec<Arc<SetLeaf>> = head.waiting.iter().cloned().collect();
    sets.push(Arc::clone(&head.set));
    let before = head.set.epoch.checked_sub(1);
    sets.extend(before.and_then(|epoch| shared.epochs.set(epoch)));

    let mut peers: Vec<Peer> = Vec::new();
    let mut add = |name: &str, key: &PublicKey, addresses: Option<(&str, &str)>| {
        let known = peers.iter().any(|peer| peer.gossip.key == *key);
        if !known && key != own {
            peers.extend(peer(name, key, addresses));
        }
    };
    let of_config = |configured: &PeerConfig| -> Option<PublicKey> {
        let named = |set: &SetLeaf| Some(named(set, &configured.name)?.peer_key);
        let earlier = || {
            let epochs = (0..head.set.epoch).rev();
            epochs.filter_map(|epoch| shared.epochs.set(epoch))
        };
        configured
            .key
            .or_else(|| sets.iter().find_map(|set| named(set)))
            .or_else(|| earlier().find_map(|set| named(&set)))
    };
    for configured in &config.peers {
        match of_config(configured) {
            Some(key) => {
                let addresses = (&*configured.engine, &*configured.gossip);
                add(&configured.name, &key, Some(addresses));
            }
            None => tracing::warn!(
                peer = configured.name,
                "no validator so far has this name; give its peer key as `key` in the configuration"
            ),
        }
    }
    for validator in sets.iter().flat_map(|set| &set.validators) {
        // Another key under a name that is configured: the same machine with new keys.
        let configured = config.peers.iter().find(|peer| peer.name == validator.name);
        let addresses = configured
            .map(|peer| (&*peer.engine, &*peer.gossip))
            .or_else(|| of_ledger(validator));
        add(&validator.name, &validator.peer_key, addresses);
    }
    peers
}

/// How many of this node's four keys a member of a set has: all, if it is this node; none, if it is
/// another one.
pub fn keys_in_common(validator: &Validator, keys: &NodeKeys) -> usize {
    let own = [
        (&validator.consensus_key, &keys.consensus),
        (&validator.checkpoint_key, &keys.checkpoint),
        (&validator.log_key, &keys.log),
        (&validator.peer_key, &keys.peer),
    ];
    own.into_iter()
        .filter(|(public, secret)| **public == secret.public_key())
        .count()
}

fn named<'a>(set: &'a SetLeaf, name: &str) -> Option<&'a Validator> {
    set.validators
        .iter()
        .find(|validator| validator.name == name)
}

/// The addresses that the council wrote. The rules do not know what an address is: whom nobody can dial
/// must dial this node.
fn of_ledger(validator: &Validator) -> Option<(&str, &str)> {
    let addresses = validator.addresses.as_ref()?;
    let (engine, gossip) = (&*addresses.engine, &*addresses.gossip);
    if is_dialable(engine) && is_dialable(gossip) {
        return Some((engine, gossip));
    }
    let name = &validator.name;
    tracing::warn!(peer = %name, engine, gossip, "addresses on the ledger that cannot be dialled");
    None
}

/// None of a key that is none.
fn peer(name: &str, key: &PublicKey, addresses: Option<(&str, &str)>) -> Option<Peer> {
    let id = peer_id(key)?;
    let (engine, gossip) = addresses.unzip();
    Some(Peer {
        engine: format!("{}/p2p/{id}", engine.unwrap_or_default()),
        gossip: GossipPeer {
            name: name.to_owned(),
            key: *key,
            address: gossip.map(str::to_owned),
        },
    })
}

/// The libp2p id of a peer key.
fn peer_id(key: &PublicKey) -> Option<libp2p::PeerId> {
    let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(libp2p::identity::PublicKey::from(key).to_peer_id())
}
