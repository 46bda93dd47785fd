//! What makes a good case of what a network serves.

use super::documents::Document;
use super::manifest::{Ask, Case, Expect, Kind};
use super::world::World;
use hefu_node::prove::Beside;
use hefu_proof::fact::FactLeaf;
use hefu_proof::receipt::Disclosed;
use hefu_proof::{Receipt, StatusCertificate};
use hefu_types::key::Namespace;
use hefu_types::Millis;
use serde_json::{json, Value};

/// The good cases in the making.
#[derive(Default)]
pub struct Cases(pub Vec<Case>);

impl Cases {
    /// A case that is to be accepted.
    pub fn add(
        &mut self,
        name: &str,
        kind: Kind,
        network: &'static str,
        bytes: Vec<u8>,
    ) -> &mut Case {
        self.0.push(Case {
            name: name.to_owned(),
            kind,
            network,
            bytes,
            asks: Vec::new(),
            at: Vec::new(),
            expect: Expect::Accept(Value::Null),
        });
        self.0.last_mut().expect("it was just added")
    }

    /// A receipt.
    pub fn receipt(&mut self, name: &str, network: &'static str, receipt: &Receipt, at: Millis) {
        let case = self.add(name, Kind::Receipt, network, receipt.encode());
        case.at.push(at);
    }

    /// A certificate that is asked for this, at these times.
    pub fn certificate(
        &mut self,
        name: &str,
        network: &'static str,
        certificate: &StatusCertificate,
        asks: &[Ask],
        at: &[Millis],
    ) {
        let case = self.add(name, Kind::Certificate, network, certificate.encode());
        case.asks = asks.to_vec();
        case.at = at.to_vec();
    }

    /// The certificate of a document with all that nodes prove beside it.
    pub fn document(&mut self, name: &str, world: &World, document: &Document, at: &[Millis]) {
        self.beside(name, world, document, &Beside::default(), &[], at);
    }

    /// The same with what was asked beside.
    pub fn beside(
        &mut self,
        name: &str,
        world: &World,
        document: &Document,
        beside: &Beside,
        asks: &[Ask],
        at: &[Millis],
    ) {
        let certificate = world.certificate(|prover| {
            prover.document(document.key(), beside).expect("memory");
        });
        let mut asked = vec![document.ask()];
        asked.extend_from_slice(asks);
        self.certificate(name, world.name(), &certificate, &asked, at);
    }
}

/// The receipt with what its issuer gives to the holder.
pub fn disclosing(mut receipt: Receipt, facts: Vec<FactLeaf>) -> Receipt {
    receipt.disclosed = Some(Disclosed {
        facts,
        named_member_salt: None,
    });
    receipt
}

/// The question after an agency.
pub fn agency(id: &str) -> Ask {
    Ask::named(Namespace::Agency, id)
}

/// The question after the ledger's clock.
pub fn clock() -> Ask {
    Ask::new(Namespace::Clock, json!([]))
}
