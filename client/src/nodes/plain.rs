//! What each node serves by itself, as bytes: tiles, notes, receipts in COSE. Whoever asks checks them.

use super::{problem, Nodes, Question, Take};
use std::time::Instant;

/// One node of the network file.
pub struct OneNode<'a> {
    nodes: &'a Nodes,
    address: &'a str,
}

impl Nodes {
    /// Every node of the network file, first the one that answered last.
    pub fn each(&self) -> impl Iterator<Item = OneNode<'_>> {
        let count = self.addresses.len();
        let first = self.first.get();
        (0..count).map(move |turn| OneNode {
            nodes: self,
            address: &self.addresses[(first + turn) % count],
        })
    }
}

impl OneNode<'_> {
    /// Its address.
    pub fn address(&self) -> &str {
        self.address
    }

    /// What it serves at a path, of at most so many bytes; or what it answered instead.
    pub fn get(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, String> {
        let question = Question::get(path, bytes_max);
        let deadline = Instant::now() + self.nodes.timeout;
        let reply = self.nodes.send(self.address, &question, deadline);
        let reply = reply.map_err(|error| error.to_string())?;
        if reply.status == 200 {
            return Ok(reply.body);
        }
        Err(match problem::<()>(&reply) {
            Take::Problem(problem) => problem.to_string(),
            Take::Later(why) | Take::Lies(why) | Take::Taken(why) => why,
            Take::Done(()) => format!("answered with HTTP status {}", reply.status),
        })
    }
}
