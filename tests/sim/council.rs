//! The council lets a validator take the place of another while everything goes wrong.

use super::parties::SUITE;
use super::world::{Event, World, SECOND};
use hefu_node::admission::admit;
use hefu_types::operation::{
    CouncilAction, CouncilChange, CouncilSignature, Govern, Operation, SetValidators,
};
use hefu_types::statement::{Mode, Statement};
use hefu_types::{ActionId, Nonce};
use rand::Rng;

impl World {
    /// Whether a validator joins in this run.
    pub fn joins(&self) -> bool {
        self.nodes.len() > self.parties.network.genesis().validators.len()
    }

    /// Whether every node that recovers knows the next set to be in force.
    pub fn is_handed_over(&self) -> bool {
        self.recovering().into_iter().all(|at| {
            let running = self.nodes[at].running.as_ref();
            running.is_some_and(|running| running.shared.head().set.epoch == 1)
        })
    }

    /// Once the newcomer is ready, the act is brought to one node after another until it is done.
    pub fn council_acts(&mut self) {
        let newcomer = self.nodes.len() - 1;
        let running = self.nodes[newcomer].running.as_ref();
        let is_ready = running.is_some_and(|running| running.votes);
        if self.is_handed_over() {
            return;
        }
        self.after(2 * SECOND, Event::Council);
        if self.act.is_none() && !is_ready {
            return;
        }
        let act = match self.act.clone() {
            Some(act) => act,
            None => self.decide(newcomer),
        };
        let at = self.rng.gen_range(0..self.nodes.len());
        let id = hefu_types::statement::SignedHeader::read(
            SUITE,
            &self.parties.network.digest(),
            act.cose(),
        );
        let id = id.expect("it is for this network").id;
        self.touch(at, |running, _| {
            // Refused where it was executed already, or where its node knows better.
            if admit(&running.shared, act).is_ok() {
                let statement = running.shared.pool().find(&id).cloned();
                if let Some(statement) = statement {
                    running.gossip.broadcast_statement(statement.statement());
                    running.engine.work_arrived();
                }
            }
            Ok(())
        });
    }

    /// Who leaves is drawn; honest or not.
    fn decide(&mut self, newcomer: usize) -> Statement {
        let leaves = self.rng.gen_range(0..newcomer);
        self.note(format_args!("{newcomer} takes the place of {leaves}"));
        self.count("validators replaced");
        let network = &self.parties.network;
        let action = CouncilAction {
            id: ActionId([1; 16]),
            council_epoch: 0,
            valid_before: self.time().plus(3_600_000),
            reason: "drawn".to_owned(),
            changes: vec![CouncilChange::SetValidators(SetValidators {
                remove: vec![self.parties.names[leaves].clone()],
                add: vec![self.parties.newcomer.clone()],
            })],
        };
        let signature = CouncilSignature {
            key: self.parties.seat.key_id(),
            signature: self
                .parties
                .seat
                .sign_statement(&action.preimage(&network.digest())),
        };
        let govern = Govern {
            action,
            signatures: vec![signature],
        };
        let signer = &self.parties.agencies[0];
        let act = Statement::sign(
            SUITE,
            network.digest(),
            network.origin(),
            &signer.key,
            &signer.id,
            Nonce([0xcc; 16]),
            self.time().plus(3_000_000),
            Mode::Each,
            &[Operation::Govern(govern)],
        );
        self.act = Some(act.clone());
        act
    }
}
