//! The council as it is proven: its seats, how many must sign, its epoch; and who of them has signed.

use crate::admit::tell::row;
use crate::failure::Failure;
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::say::Lang;
use hefu_types::key;
use hefu_types::leaf::{ClockLeaf, CouncilLeaf, CouncilSeat, KeyLeaf};
use hefu_types::{Millis, Suite};
use hefu_wire::{ActionFile, SeatSignature};
use serde_json::{json, Value};

/// The council in office.
pub struct Sitting {
    /// Its seats, and how many of them must sign.
    pub council: CouncilLeaf,
    /// Its epoch.
    pub epoch: u64,
    /// The time of the last block.
    pub time: Millis,
    /// The key of each seat, as it stands on the ledger.
    keys: Vec<Option<KeyLeaf>>,
}

/// Whether a seat has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Its signature holds and its key is good.
    Yes,
    /// It has not signed.
    No,
    /// It has signed with a key that signs no more.
    DeadKey,
}

impl Sitting {
    /// Proves it.
    pub fn read(nodes: &Nodes, leaves: &mut Leaves) -> Result<Self, Failure> {
        let suite = nodes.network().suite();
        leaves.read_more(nodes, [key::council(suite), key::clock(suite)], 0)?;
        let council: Option<CouncilLeaf> = leaves.get(&key::council(suite))?;
        let clock: Option<ClockLeaf> = leaves.get(&key::clock(suite))?;
        let (Some(council), Some(clock)) = (council, clock) else {
            return Err(Failure::asked(
                "this network has no council on its ledger",
                "本网络的账本上没有理事会",
            ));
        };
        let ids: Vec<_> = council
            .seats
            .iter()
            .map(|seat| suite.key_id(&seat.key))
            .collect();
        leaves.read_more(nodes, ids.iter().map(|id| key::public_key(suite, id)), 0)?;
        let keys = ids
            .iter()
            .map(|id| leaves.key(id))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            council,
            epoch: clock.council_epoch,
            time: clock.block_time,
            keys,
        })
    }

    /// Who has signed an action, seat by seat.
    pub fn signed(&self, file: &ActionFile) -> Vec<(&CouncilSeat, Signed)> {
        let of = |(seat, key): (&'_ CouncilSeat, &Option<KeyLeaf>)| {
            let has = file.signatures.iter().any(|own| own.public_key == seat.key);
            let lives = key.as_ref().is_some_and(|key| key.signs_at(self.time));
            match (has, lives) {
                (false, _) => Signed::No,
                (true, true) => Signed::Yes,
                (true, false) => Signed::DeadKey,
            }
        };
        let seats = self.council.seats.iter().zip(&self.keys);
        seats.map(|(seat, key)| (seat, of((seat, key)))).collect()
    }

    /// Signatures of keys that have no seat: the ledger refuses an action with one of these.
    pub fn strangers<'a>(&self, file: &'a ActionFile) -> Vec<&'a SeatSignature> {
        let sits = |own: &&SeatSignature| {
            self.council
                .seats
                .iter()
                .any(|seat| seat.key == own.public_key)
        };
        file.signatures.iter().filter(|own| !sits(own)).collect()
    }

    /// Its seats and how many of them must sign.
    pub fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let names: Vec<&str> = self
            .council
            .seats
            .iter()
            .map(|seat| seat.name.as_str())
            .collect();
        let (needed, seats) = (self.council.threshold, names.len());
        let must = match lang {
            Lang::En => format!("{needed} of {seats} seats"),
            Lang::Zh => format!("{seats} 个席位中的 {needed} 个"),
        };
        vec![
            row(lang, "council", "理事会", names.join(" ")),
            row(lang, "must sign", "须签名", must),
            row(lang, "council's epoch", "届次", self.epoch.to_string()),
        ]
    }

    /// The same for programs.
    pub fn json(&self, suite: Suite) -> Value {
        let seat =
            |seat: &CouncilSeat| json!({"name": seat.name, "key_id": suite.key_id(&seat.key)});
        json!({
            "threshold": self.council.threshold,
            "epoch": self.epoch,
            "seats": self.council.seats.iter().map(seat).collect::<Vec<_>>(),
        })
    }
}
