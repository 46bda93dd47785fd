//! Documents that somebody registers.

use super::manifest::Ask;
use super::parties::SUITE;
use super::world::{Placed, World};
use hefu_proof::fact::{self, FactLeaf};
use hefu_types::operation::{Amount, Claim, Operation, Register, Share, UseRight};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::OpenFact;
use hefu_types::time::Day;
use hefu_types::{Blinding, Millis, StateKey};

/// A day in milliseconds.
pub const DAY: u64 = 24 * Millis::HOUR;

/// A document that somebody registers.
pub struct Document {
    agency: &'static str,
    profile: Profile,
    /// Its number.
    pub identity: Identity,
    /// What is registered.
    pub register: Register,
    /// Its facts, all open.
    pub facts: Vec<FactLeaf>,
}

impl Document {
    /// A document of a type.
    pub fn new(
        agency: &'static str,
        document_type: &str,
        profile: Profile,
        identity: Identity,
    ) -> Self {
        let file = format!(
            "{document_type} {} {}",
            identity.legal_issuer, identity.number
        );
        let register = Register {
            document_type: document_type.to_owned(),
            region: "north".to_owned(),
            identity: identity.clone(),
            digests: vec![SUITE.document_digest(file.as_bytes())],
            fact_root: None,
            valid_from: None,
            valid_until: None,
            use_right: None,
            total: None,
            blinding: Blinding([3; 16]),
            issued_offline_at: None,
            open_facts: Vec::new(),
        };
        let document = Self {
            agency,
            profile,
            identity,
            register,
            facts: Vec::new(),
        };
        document.with_facts(&[("date", "2027-01-15"), ("number", "1"), ("total", "100.00")])
    }

    /// A licence of a bureau.
    pub fn licence(agency: &'static str, number: u32) -> Self {
        let identity = Identity {
            legal_issuer: agency.to_uppercase(),
            number: format!("L-{number}"),
            ..Identity::default()
        };
        let mut licence = Self::new(agency, "licence", Profile::Generic, identity);
        licence.register.open_facts = vec![OpenFact {
            name: "grade".to_owned(),
            value: "二级".to_owned(),
        }];
        licence
    }

    /// An invoice of EN 16931 whose first member may use it.
    pub fn invoice(number: u32) -> Self {
        let identity = Identity {
            legal_issuer: "91NORTH".to_owned(),
            class: "invoice".to_owned(),
            number: format!("I-{number}"),
            ..Identity::default()
        };
        let mut invoice = Self::new("tax", "invoice", Profile::En16931, identity);
        invoice.register.use_right = Some(UseRight::FirstMember);
        invoice.register.total = Some(Amount {
            currency: "CNY".to_owned(),
            minor_units: 10_000,
        });
        invoice
    }

    /// A fully digitalised invoice.
    pub fn einvoice(number: u32) -> Self {
        let identity = Identity {
            legal_issuer: "91NORTH".to_owned(),
            number: format!("27440000000{number:09}"),
            ..Identity::default()
        };
        Self::new("tax", "einvoice", Profile::CnDigitalInvoice, identity)
    }

    /// The same with days of validity.
    pub fn valid(mut self, from: Option<&str>, until: Option<&str>) -> Self {
        self.register.valid_from = from.map(str::to_owned);
        self.register.valid_until = until.map(str::to_owned);
        self
    }

    /// The same with these facts.
    pub fn with_facts(mut self, facts: &[(&str, &str)]) -> Self {
        let facts = fact::salted(SUITE, &[7; 32], &self.key(), facts.iter().copied());
        self.facts = fact::all_open(facts);
        self.register.fact_root = fact::root(SUITE, &self.facts);
        self
    }

    /// The key of its record.
    pub fn key(&self) -> StateKey {
        self.ask().at()
    }

    /// The question after its record.
    pub fn ask(&self) -> Ask {
        Ask::record(self.profile, &self.identity)
    }

    /// Its registration.
    pub fn operation(&self) -> Operation {
        Operation::Register(self.register.clone())
    }

    /// Its file.
    pub fn digest(&self) -> hefu_types::Digest {
        self.register.digests[0]
    }

    /// Registers it.
    pub fn registered(&self, world: &mut World) -> Placed {
        world.act(self.agency, &[self.operation()])
    }

    /// The claim of the first member on a share of it.
    pub fn claim(&self, purpose: &str, share: Share) -> Claim {
        Claim {
            share,
            ..Claim::whole(purpose, self.digest())
        }
    }
}

/// When a day begins in the zone of the types.
pub fn begins(day: &str) -> Millis {
    let day: Day = day.parse().expect("a day");
    day.begins(480)
}
