//! What waits for each peer, and what was counted.
//!
//! A peer has two lanes: statements, which wait for one another and go out in batches, and all
//! other messages, which are short and do not wait behind megabytes of statements. Lanes are open
//! while the peer is connected.

use super::{GossipCounters, GossipLimits};
use bytes::Bytes;
use hefu_types::block::{BLOCK_OPERATIONS_MAX, STATEMENTS_MAX};
use hefu_types::statement::{Statement, STATEMENT_BYTES_MAX};
use std::collections::VecDeque;

/// The most bytes of messages other than statements that wait for one peer.
const MESSAGES_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a queued item costs beside its bytes, about.
const ITEM_BYTES: usize = 64;

/// An encoded statement or message that waits.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) bytes: Bytes,
    /// How many operations the statement has; none of a message.
    statement_operations: Option<usize>,
    /// How often it may still be sent.
    sends_left: u8,
}

impl Queued {
    pub(super) fn statement(statement: &Statement) -> Self {
        Self {
            bytes: statement.encode().into(),
            statement_operations: Some(statement.operation_count()),
            sends_left: 2,
        }
    }

    pub(super) fn message(bytes: Vec<u8>, sends_left: u8) -> Self {
        Self {
            bytes: bytes.into(),
            statement_operations: None,
            sends_left,
        }
    }

    fn cost(&self) -> usize {
        self.bytes.len() + ITEM_BYTES
    }

    /// No peer would read it, however it is sent.
    fn unsendable(&self, limits: &GossipLimits) -> bool {
        match self.statement_operations {
            Some(operations) => {
                self.bytes.len() > STATEMENT_BYTES_MAX || operations > BLOCK_OPERATIONS_MAX
            }
            None => self.bytes.len() > limits.message_bytes_max,
        }
    }
}

/// Items in their order, with a bound.
#[derive(Default)]
struct Lane {
    items: VecDeque<Queued>,
    bytes: usize,
}

impl Lane {
    fn push_back(&mut self, item: Queued) {
        self.bytes += item.cost();
        self.items.push_back(item);
    }

    fn push_front(&mut self, item: Queued) {
        self.bytes += item.cost();
        self.items.push_front(item);
    }

    fn pop_front(&mut self) -> Option<Queued> {
        let item = self.items.pop_front()?;
        self.bytes -= item.cost();
        Some(item)
    }

    /// Drops the oldest until the rest fits, but never the last. Returns how many it dropped.
    fn shrink(&mut self, bytes_max: usize) -> u64 {
        let mut dropped = 0;
        while self.bytes > bytes_max && self.items.len() > 1 {
            self.pop_front();
            dropped += 1;
        }
        dropped
    }
}

#[derive(Default)]
struct Lanes {
    statements: Lane,
    messages: Lane,
}

/// The lanes of all peers. A peer is named by its position.
pub(super) struct Outbox {
    peers: Vec<Option<Lanes>>,
    limits: GossipLimits,
    pub(super) counters: GossipCounters,
}

impl Outbox {
    pub(super) fn new(peers: usize, limits: GossipLimits) -> Self {
        Self {
            peers: (0..peers).map(|_| None).collect(),
            limits,
            counters: GossipCounters::default(),
        }
    }

    /// There is one more peer, which is not connected. Returns its position.
    pub(super) fn add(&mut self) -> usize {
        self.peers.push(None);
        self.peers.len() - 1
    }

    /// The peer is connected. Whatever waited before is gone.
    pub(super) fn open(&mut self, peer: usize) {
        self.close(peer);
        self.peers[peer] = Some(Lanes::default());
    }

    /// The peer is not connected any more.
    pub(super) fn close(&mut self, peer: usize) {
        if let Some(lanes) = self.peers[peer].take() {
            let waiting = lanes.statements.items.len() + lanes.messages.items.len();
            self.counters.dropped_out += waiting as u64;
        }
    }

    /// Whether statements wait for a peer.
    pub(super) fn has_statements(&self, peer: usize) -> bool {
        let lanes = self.peers[peer].as_ref();
        lanes.is_some_and(|lanes| !lanes.statements.items.is_empty())
    }

    /// Queues for a peer, if it is connected. Says whether anything waits that did not before.
    pub(super) fn push(&mut self, peer: usize, item: Queued) -> bool {
        let Some(lanes) = self.peers[peer].as_mut() else {
            return false;
        };
        if item.unsendable(&self.limits) {
            tracing::error!(bytes = item.bytes.len(), "too long for any peer, not sent");
            self.counters.dropped_out += 1;
            return false;
        }
        let (lane, bytes_max) = match item.statement_operations {
            Some(_) => (&mut lanes.statements, self.limits.queue_bytes_max),
            None => (&mut lanes.messages, MESSAGES_BYTES_MAX),
        };
        lane.push_back(item);
        self.counters.dropped_out += lane.shrink(bytes_max);
        true
    }

    /// Queues for all that are connected.
    pub(super) fn push_all(&mut self, item: &Queued) -> bool {
        let mut any = false;
        for peer in 0..self.peers.len() {
            any |= self.push(peer, item.clone());
        }
        any
    }

    /// Puts back in front what was sent and not acknowledged, unless it had its last chance.
    pub(super) fn push_again(&mut self, peer: usize, items: Vec<Queued>) {
        let Some(lanes) = self.peers[peer].as_mut() else {
            self.counters.dropped_out += items.len() as u64;
            return;
        };
        for item in items.into_iter().rev() {
            match (item.sends_left, item.statement_operations) {
                (0, _) => self.counters.dropped_out += 1,
                (_, Some(_)) => lanes.statements.push_front(item),
                (_, None) => lanes.messages.push_front(item),
            }
        }
        self.counters.dropped_out += lanes.statements.shrink(self.limits.queue_bytes_max);
        self.counters.dropped_out += lanes.messages.shrink(MESSAGES_BYTES_MAX);
    }

    /// The next statements for a peer, as many as go into one message.
    pub(super) fn take_statements(&mut self, peer: usize) -> Option<Vec<Queued>> {
        let lane = &mut self.peers[peer].as_mut()?.statements;
        let mut batch = Vec::new();
        let (mut bytes, mut operations) = (0, 0);
        while let Some(next) = lane.items.front() {
            bytes += next.bytes.len();
            operations += next.statement_operations.unwrap_or(0);
            let full = bytes > self.limits.batch_bytes_max
                || operations > BLOCK_OPERATIONS_MAX
                || batch.len() == STATEMENTS_MAX;
            if full && !batch.is_empty() {
                break;
            }
            batch.extend(lane.pop_front().map(sent_once_more));
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// The next other message for a peer.
    pub(super) fn take_message(&mut self, peer: usize) -> Option<Queued> {
        let lane = &mut self.peers[peer].as_mut()?.messages;
        lane.pop_front().map(sent_once_more)
    }
}

fn sent_once_more(mut item: Queued) -> Queued {
    item.sends_left -= 1;
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(tag: u8, length: usize) -> Queued {
        Queued::statement(&Statement::of_parts::<Vec<u8>>(&vec![tag; length], &[]))
    }

    fn outbox() -> Outbox {
        let mut outbox = Outbox::new(
            2,
            GossipLimits {
                batch_bytes_max: 1_000,
                queue_bytes_max: 5_000,
                ..GossipLimits::default()
            },
        );
        outbox.open(0);
        outbox
    }

    /// The tags of the next batch.
    fn batch(outbox: &mut Outbox) -> Vec<u8> {
        let batch = outbox.take_statements(0).unwrap_or_default();
        batch.iter().map(|item| item.bytes[4]).collect()
    }

    #[test]
    fn batches_are_bounded_and_in_order_and_a_long_statement_goes_alone() {
        let mut outbox = outbox();
        for (tag, length) in [(1, 300), (2, 300), (3, 300), (4, 300), (5, 2_000), (6, 300)] {
            assert!(outbox.push_all(&statement(tag, length)));
        }
        assert_eq!(batch(&mut outbox), [1, 2, 3]);
        assert_eq!(batch(&mut outbox), [4]);
        assert_eq!(batch(&mut outbox), [5]);
        assert_eq!(batch(&mut outbox), [6]);
        assert!(batch(&mut outbox).is_empty());
        assert_eq!(outbox.counters.dropped_out, 0);
    }

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let mut outbox = outbox();
        for tag in 0..20 {
            outbox.push_all(&statement(tag, 900));
        }
        assert_eq!(batch(&mut outbox), [15]);
        assert_eq!(outbox.counters.dropped_out, 15);
        outbox.close(0);
        assert_eq!(outbox.counters.dropped_out, 19);
        assert!(!outbox.push_all(&statement(0, 1)), "nobody is connected");
    }

    #[test]
    fn a_statement_is_sent_twice_at_most_and_in_front_of_later_ones() {
        let mut outbox = outbox();
        outbox.push_all(&statement(1, 300));
        outbox.push_all(&statement(2, 300));
        let first = outbox.take_statements(0).expect("two wait");
        outbox.push_all(&statement(3, 300));
        outbox.push_again(0, first);
        let second = outbox.take_statements(0).expect("three wait");
        assert_eq!(second.len(), 3);
        outbox.push_again(0, second);
        assert_eq!(batch(&mut outbox), [3]);
        assert_eq!(outbox.counters.dropped_out, 2);
    }

    #[test]
    fn a_wake_is_sent_once() {
        let mut outbox = outbox();
        outbox.push(0, Queued::message(vec![1], 1));
        let wake = outbox.take_message(0).expect("it waits");
        outbox.push_again(0, vec![wake]);
        assert!(outbox.take_message(0).is_none());
    }
}
