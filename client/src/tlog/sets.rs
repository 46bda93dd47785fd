//! The validator sets of a network, each proven by the one before it, and the checkpoints that hold under
//! them.

use crate::failure::Failure;
use crate::nodes::{Fetched, Nodes};
use hefu_proof::certificate::CertificateError;
use hefu_proof::handover::{HandoverError, HANDOVERS_MAX};
use hefu_proof::{Handover, SignedCheckpoint, VerifiedCheckpoint};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{SetCurrentLeaf, SetLeaf};
use hefu_wire::path;

/// Sets from genesis on, as far as they are proven.
#[derive(Clone, Debug)]
pub struct Sets {
    network: Network,
    known: Vec<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    set: SetLeaf,
    /// Its checkpoints lie above this height.
    above: Option<u64>,
    /// And below this one, which is of the next set.
    below: Option<u64>,
}

/// Whether a checkpoint is the network's.
#[derive(Clone, Debug)]
pub enum Judged {
    /// A quorum of its epoch's set signed it.
    Holds(VerifiedCheckpoint),
    /// It is not.
    Fails(String),
    /// Its epoch's set is not known here.
    UnknownSet(u64),
}

impl Sets {
    /// Only the set of genesis.
    pub fn genesis(network: &Network) -> Self {
        let first = Known {
            set: network.first_set(),
            above: None,
            below: None,
        };
        Self {
            network: network.clone(),
            known: vec![first],
        }
    }

    /// Walks a chain of handovers, of anybody. What is known already is kept.
    pub fn extend(&mut self, chain: &[Handover]) -> Result<(), CertificateError> {
        if chain.len() > HANDOVERS_MAX {
            return Err(HandoverError::TooLong.into());
        }
        for handover in chain.iter().skip(self.known.len() - 1) {
            let (suite, origin) = (self.network.suite(), self.network.origin());
            let last = self.known.len() - 1;
            let height = handover.checkpoint.height;
            if self.known[last].above.is_some_and(|above| height <= above) {
                return Err(HandoverError::HeightsDoNotGrow.into());
            }
            let set = handover.verify(suite, origin, &self.known[last].set)?;
            // A handover's checkpoint is of the set before it: what lies behind is of no earlier one.
            if let Some(before) = last.checked_sub(1) {
                let below = &mut self.known[before].below;
                *below = Some(below.map_or(height, |known| known.min(height)));
            }
            self.known.push(Known {
                set,
                above: Some(height),
                below: None,
            });
        }
        Ok(())
    }

    /// Asks the nodes for the set in force, with the chain that leads to it.
    pub fn ask(nodes: &Nodes) -> Result<(Self, Fetched), Failure> {
        let network = nodes.network();
        let at = key::set_current(network.suite());
        let current = |state: &hefu_proof::VerifiedState| {
            let leaf = state.leaf::<SetCurrentLeaf>(&at, "the set in force");
            leaf.map_err(|error| error.to_string())?
                .ok_or_else(|| "there is no set in force".to_owned())
        };
        let fetched = nodes.certificate(&path::leaf(&at), 0, |state| current(state).map(|_| ()))?;
        let mut sets = Self::genesis(network);
        let broken = |why: String| Failure::Unreachable {
            tried: vec![format!("{}: {why}", fetched.node)],
        };
        sets.extend(&fetched.certificate.handovers)
            .map_err(|error| broken(error.to_string()))?;
        let current = current(&fetched.state).map_err(broken)?;
        let last = sets.known.len() - 1;
        if last > 0 && sets.known[last].set.epoch == current.epoch {
            sets.known[last - 1].below = Some(current.first_height);
        }
        Ok((sets, fetched))
    }

    /// The last set that is known.
    pub fn last(&self) -> &SetLeaf {
        &self.known[self.known.len() - 1].set
    }

    /// The set of an epoch.
    pub fn of(&self, epoch: u64) -> Option<&SetLeaf> {
        let at = usize::try_from(epoch).ok()?;
        self.known.get(at).map(|known| &known.set)
    }

    /// Whether a checkpoint is signed by a quorum of the set that was in force at its height.
    pub fn judge(&self, signed: &SignedCheckpoint) -> Judged {
        let checkpoint = &signed.checkpoint;
        let at = usize::try_from(checkpoint.epoch).unwrap_or(usize::MAX);
        let Some(known) = self.known.get(at) else {
            return Judged::UnknownSet(checkpoint.epoch);
        };
        let early = known.above.is_some_and(|above| checkpoint.height <= above);
        let late = known.below.is_some_and(|below| checkpoint.height >= below);
        if early || late {
            let why = "at its height another validator set was in force";
            return Judged::Fails(why.to_owned());
        }
        let (suite, origin) = (self.network.suite(), self.network.origin());
        match signed.verify(suite, origin, &known.set) {
            Ok(verified) => Judged::Holds(verified),
            Err(error) => Judged::Fails(error.to_string()),
        }
    }
}
