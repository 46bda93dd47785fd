//! The bad files: each is a good one in which one thing is wrong, and the reason for which a verifier must
//! refuse it. Signatures are made anew with the right keys where only that shows the fault.

use super::good::Good;
use super::manifest::{Case, Expect, Kind};
use super::{
    bad_bytes, bad_checkpoints, bad_handovers, bad_leaves, bad_log, bad_private, bad_proofs,
    bad_receipts, bad_statements,
};
use hefu_proof::{Receipt, StatusCertificate};

/// The bad cases in the making.
pub struct Bad<'a> {
    /// What they are made of.
    pub good: &'a Good,
    cases: Vec<Case>,
}

/// All bad cases.
pub fn cases(good: &Good) -> Vec<Case> {
    let cases = Vec::new();
    let mut bad = Bad { good, cases };
    bad_bytes::add(&mut bad);
    bad_checkpoints::add(&mut bad);
    bad_leaves::add(&mut bad);
    bad_proofs::add(&mut bad);
    bad_handovers::add(&mut bad);
    bad_receipts::add(&mut bad);
    bad_statements::add(&mut bad);
    bad_private::add(&mut bad);
    bad_log::add(&mut bad);
    bad.cases
}

impl Bad<'_> {
    /// A case.
    pub fn add(
        &mut self,
        network: &'static str,
        kind: Kind,
        name: &str,
        bytes: Vec<u8>,
        reason: &'static str,
    ) -> &mut Case {
        self.cases.push(Case {
            name: name.to_owned(),
            kind,
            network,
            bytes,
            asks: Vec::new(),
            at: Vec::new(),
            expect: Expect::Refuse(reason),
        });
        self.cases.last_mut().expect("it was just added")
    }

    /// Bytes for the network of four.
    pub fn bytes(&mut self, kind: Kind, name: &str, bytes: Vec<u8>, reason: &'static str) {
        self.add("four", kind, name, bytes, reason);
    }

    /// A receipt for the network of four.
    pub fn receipt(&mut self, name: &str, receipt: &Receipt, reason: &'static str) {
        let bytes = receipt.encode();
        self.bytes(Kind::Receipt, name, bytes, reason);
    }

    /// An altered receipt.
    pub fn altered(
        &mut self,
        name: &str,
        base: &str,
        alter: impl FnOnce(&mut Receipt),
        reason: &'static str,
    ) {
        let mut receipt = self.good.receipt(base);
        alter(&mut receipt);
        let network = self.good.case(base).network;
        self.add(network, Kind::Receipt, name, receipt.encode(), reason);
    }

    /// An altered certificate, asked for what the good one was.
    pub fn certificate(
        &mut self,
        name: &str,
        base: &str,
        alter: impl FnOnce(&mut StatusCertificate),
        reason: &'static str,
    ) {
        let mut certificate = self.good.certificate(base);
        alter(&mut certificate);
        let (asks, network) = {
            let base = self.good.case(base);
            (base.asks.clone(), base.network)
        };
        let case = self.add(
            network,
            Kind::Certificate,
            name,
            certificate.encode(),
            reason,
        );
        case.asks = asks;
    }
}

/// One bit of bytes is turned.
pub fn flip(bytes: &mut [u8]) {
    bytes[0] ^= 1;
}

/// A list without its last element.
pub fn shorter<T>(list: &mut Vec<T>) {
    list.truncate(list.len() - 1);
}
