//! The good files: what nodes serve, at heights that one after another changes.

use super::manifest::{Ask, Case, Expect, Kind};
use super::parties::{LOCK_MS_MAX, START, SUITE};
use super::world::{Placed, World, BLOCK_MS};
use hefu_node::prove::Beside;
use hefu_proof::fact::{self, FactLeaf};
use hefu_proof::receipt::Disclosed;
use hefu_proof::{Receipt, StatusCertificate};
use hefu_types::genesis::Network;
use hefu_types::key::{self, Namespace};
use hefu_types::leaf::{AgencyLeaf, ClockLeaf, RecognitionLeaf, TypeLeaf};
use hefu_types::operation::{
    AddRendition, Amount, Cancel, Claim, Consume, Cover, DeclareCompromise, Lend, LendTerms, Lock,
    Operation, Register, Resume, Revoke, Share, Suspend, UseRight,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::OpenFact;
use hefu_types::time::Day;
use hefu_types::{Blinding, CopyNumber, EntryIndex, Millis, StateKey, TreeSize};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// The good cases, and what the bad ones are made of.
pub struct Good {
    /// The networks by name.
    pub networks: BTreeMap<&'static str, Network>,
    /// The cases.
    pub cases: Vec<Case>,
    /// The network of four after everything that happens in it.
    pub four: World,
    /// Statements of its log that no receipt is of: refused, or about no document.
    pub without_receipt: BTreeMap<&'static str, Placed>,
    /// The network whose set changed three times.
    pub handed: World,
}

/// A day in milliseconds.
pub const DAY: u64 = 24 * Millis::HOUR;

/// A document that somebody registers.
pub struct Document {
    agency: &'static str,
    profile: Profile,
    /// Its number.
    pub identity: Identity,
    register: Register,
    /// Its facts, all open.
    pub facts: Vec<FactLeaf>,
}

impl Document {
    fn new(
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

    fn valid(mut self, from: Option<&str>, until: Option<&str>) -> Self {
        self.register.valid_from = from.map(str::to_owned);
        self.register.valid_until = until.map(str::to_owned);
        self
    }

    fn with_facts(mut self, facts: &[(&str, &str)]) -> Self {
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

    fn digest(&self) -> hefu_types::Digest {
        self.register.digests[0]
    }

    fn registered(&self, world: &mut World) -> Placed {
        world.act(self.agency, &[self.operation()])
    }

    /// The claim of the first member on a share of it.
    fn claim(&self, purpose: &str, share: Share) -> Claim {
        Claim {
            share,
            ..Claim::whole(purpose, self.digest())
        }
    }
}

impl Good {
    /// Lets everything happen and keeps what is served.
    pub fn new() -> Self {
        let mut cases = Cases::default();
        let (four, without_receipt) = four(&mut cases);
        let seven = larger(&mut cases, "seven", 7);
        let twenty = larger(&mut cases, "twenty", 20);
        let handed = handed(&mut cases);
        let networks = [
            ("four", &four),
            ("handed", &handed),
            ("seven", &seven),
            ("twenty", &twenty),
        ];
        let networks = networks.map(|(name, world)| (name, world.network.clone()));
        Self {
            networks: networks.into_iter().collect(),
            cases: cases.0,
            four,
            without_receipt,
            handed,
        }
    }

    /// A good case by its name.
    pub fn case(&self, name: &str) -> &Case {
        let case = self.cases.iter().find(|case| case.name == name);
        case.unwrap_or_else(|| panic!("no good case {name}"))
    }

    /// The receipt of a good case.
    pub fn receipt(&self, name: &str) -> Receipt {
        Receipt::decode(&self.case(name).bytes).expect("it is good")
    }

    /// The certificate of a good case.
    pub fn certificate(&self, name: &str) -> StatusCertificate {
        StatusCertificate::decode(&self.case(name).bytes).expect("it is good")
    }
}

impl Default for Good {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: &str, kind: Kind, network: &'static str, bytes: Vec<u8>) -> &mut Case {
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

    fn receipt(&mut self, name: &str, network: &'static str, receipt: &Receipt, at: Millis) {
        let case = self.add(name, Kind::Receipt, network, receipt.encode());
        case.at.push(at);
    }

    fn certificate(
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
    fn document(&mut self, name: &str, world: &World, document: &Document, at: &[Millis]) {
        self.beside(name, world, document, &Beside::default(), &[], at);
    }

    fn beside(
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
fn disclosing(mut receipt: Receipt, facts: Vec<FactLeaf>) -> Receipt {
    receipt.disclosed = Some(Disclosed {
        facts,
        named_member_salt: None,
    });
    receipt
}

/// When a day begins in the zone of the types.
fn begins(day: &str) -> Millis {
    let day: Day = day.parse().expect("a day");
    day.begins(480)
}

fn agency(id: &str) -> Ask {
    Ask::named(Namespace::Agency, id)
}

fn clock() -> Ask {
    Ask::new(Namespace::Clock, json!([]))
}

/// Everything that happens to documents.
fn four(cases: &mut Cases) -> (World, BTreeMap<&'static str, Placed>) {
    let mut world = World::new(4, 4);
    let licence = Document::licence("housing", 1).valid(Some("2027-01-01"), Some("2030-12-31"));
    let placed = licence.registered(&mut world);
    let at_once = world.receipt(placed, 0);
    let now = world.now();
    cases.receipt("register", "four", &at_once, now);
    let all = disclosing(at_once.clone(), licence.facts.clone());
    cases.receipt("register-facts-open", "four", &all, now);
    for (name, shown) in [
        ("one", &["total"][..]),
        ("two", &["date", "total"]),
        ("none", &[]),
    ] {
        let shown: Vec<String> = shown.iter().map(|name| (*name).to_owned()).collect();
        let facts = fact::disclose(SUITE, &licence.facts, &shown).expect("they are open");
        let name = format!("register-facts-{name}-shown");
        cases.receipt(&name, "four", &disclosing(at_once.clone(), facts), now);
    }
    cases.document("status-in-force", &world, &licence, &[now]);

    let invoices: Vec<Document> = (1..=3).map(Document::invoice).collect();
    let three: Vec<Operation> = invoices.iter().map(Document::operation).collect();
    let placed_three = world.act("tax", &three);
    for index in 0..3 {
        let receipt = world.receipt(placed_three, index);
        let name = format!("register-{}-of-3", index + 1);
        cases.receipt(&name, "four", &receipt, world.now());
    }
    let bundle = world.bundle(placed_three, 3).encode();
    cases.add("register-3", Kind::Bundle, "four", bundle).at = vec![world.now()];
    let einvoice = Document::einvoice(1);
    let placed_einvoice = einvoice.registered(&mut world);
    let receipt = world.receipt(placed_einvoice, 0);
    cases.receipt("register-digital-invoice", "four", &receipt, world.now());

    // Dates are days in the zone of the type, UTC+8: 2028-02-01 begins at 16:00 UTC of the day before.
    let future = Document::licence("housing", 2).valid(Some("2028-02-01"), None);
    future.registered(&mut world);
    let first_day = begins("2028-02-01");
    let around = [first_day.minus(1), first_day];
    cases.document("status-not-yet-valid", &world, &future, &around);
    let short = Document::licence("housing", 3).valid(None, Some("2027-01-31"));
    short.registered(&mut world);
    let after_last = begins("2027-02-01");
    let around = [after_last.minus(1), after_last];
    cases.document("status-expired", &world, &short, &around);

    let suspended = Document::licence("housing", 4).valid(None, Some("2030-12-31"));
    suspended.registered(&mut world);
    let until = world.now().plus(DAY);
    let suspend = Operation::Suspend(Suspend {
        record: suspended.key(),
        reason: "inspection".to_owned(),
        until: Some(until),
    });
    let placed_suspend = world.act("housing", &[suspend]);
    let receipt = world.receipt(placed_suspend, 0);
    cases.receipt("suspend", "four", &receipt, world.now());
    let around = [world.now().minus(1), world.now(), until.minus(1), until];
    cases.document("status-suspended", &world, &suspended, &around);
    let resume = Operation::Resume(Resume {
        record: suspended.key(),
        reason: "mended".to_owned(),
    });
    let placed_resume = world.act("housing", &[resume]);
    cases.receipt(
        "resume",
        "four",
        &world.receipt(placed_resume, 0),
        world.now(),
    );
    // The record still names what happened before.
    let receipt = world.receipt(placed_suspend, 0);
    cases.receipt("suspend-after-resume", "four", &receipt, world.now());

    let revoked = Document::licence("housing", 5);
    revoked.registered(&mut world);
    let effective = world.now().plus(2 * DAY);
    let revoke = Operation::Revoke(Revoke {
        record: revoked.key(),
        reason: "fraud".to_owned(),
        effective_at: Some(effective),
    });
    let placed_revoke = world.act("housing", &[revoke]);
    let receipt = world.receipt(placed_revoke, 0);
    cases.receipt("revoke", "four", &receipt, world.now());
    let around = [effective.minus(1), effective];
    cases.document("status-revoked", &world, &revoked, &around);

    let cancelled = Document::einvoice(2);
    cancelled.registered(&mut world);
    let cancel = Operation::Cancel(Cancel {
        record: cancelled.key(),
        reason: "error".to_owned(),
    });
    let placed_cancel = world.act("tax", &[cancel]);
    cases.receipt(
        "cancel",
        "four",
        &world.receipt(placed_cancel, 0),
        world.now(),
    );
    cases.document("status-cancelled", &world, &cancelled, &[world.now()]);

    let digest = SUITE.document_digest(b"another rendition");
    let rendition = Operation::AddRendition(AddRendition {
        record: einvoice.key(),
        digests: vec![digest],
        fact_root: einvoice.register.fact_root.expect("it has facts"),
    });
    let placed_rendition = world.act("tax", &[rendition]);
    let receipt = world.receipt(placed_rendition, 0);
    cases.receipt("add-rendition", "four", &receipt, world.now());
    let by_file = world.certificate(|prover| {
        prover
            .rendition(&digest, &Beside::default())
            .expect("memory");
    });
    let asks = [Ask::digest(&digest), einvoice.ask()];
    cases.certificate("status-by-file", "four", &by_file, &asks, &[world.now()]);

    uses(cases, &mut world, &invoices);
    copies(cases, &mut world, &licence);
    let covered = absences(cases, &mut world);
    rules(cases, &mut world, &licence);
    let mut without = refusals(&mut world, &revoked);
    without.insert("cover", covered);

    world.rest(5);
    let now = world.now();
    cases.receipt("register-later", "four", &world.receipt(placed, 0), now);
    let receipt = world.receipt(placed_three, 1);
    cases.receipt("register-2-of-3-later", "four", &receipt, now);
    cases.document("status-in-force-later", &world, &licence, &[now]);
    cases.document("status-resumed", &world, &suspended, &[now]);
    let record = world.certificate(|prover| {
        prover.record(licence.key()).expect("memory");
    });
    cases.certificate(
        "status-record-only",
        "four",
        &record,
        &[licence.ask()],
        &[now],
    );
    logs(cases, &world);
    compromise(cases, &mut world);
    halt(cases, &mut world);
    (world, without)
}

/// Statements that are in the log and whose operations were refused.
fn refusals(world: &mut World, revoked: &Document) -> BTreeMap<&'static str, Placed> {
    let licence = Document::licence("housing", 1);
    let other = licence.with_facts(&[("total", "7.00")]);
    let mut register = other.register.clone();
    register.digests = vec![SUITE.document_digest(b"other facts")];
    let conflict = Operation::Register(register.clone());
    register.document_type = "permit".to_owned();
    let other_type = Operation::Register(register.clone());
    register.document_type = "nothing".to_owned();
    let unknown_type = Operation::Register(register.clone());
    register.document_type = "licence".to_owned();
    register.identity.legal_issuer = "housing".to_owned();
    let not_normal = Operation::Register(register);
    let again = Operation::Revoke(Revoke {
        record: revoked.key(),
        reason: "since ever".to_owned(),
        effective_at: Some(START),
    });
    [
        ("conflict", conflict),
        ("other-type", other_type),
        ("unknown-type", unknown_type),
        ("not-normal", not_normal),
        ("revoked-again", again),
    ]
    .map(|(name, operation)| (name, world.refused("housing", &[operation])))
    .into()
}

fn uses(cases: &mut Cases, world: &mut World, invoices: &[Document]) {
    let [whole, partly, consumed] = invoices else {
        panic!("three invoices")
    };
    let lock = Operation::Lock(Lock {
        record: whole.key(),
        claim: whole.claim("finance", Share::Whole),
        for_ms: Some(LOCK_MS_MAX / 2),
        blinding: Blinding([4; 16]),
    });
    let placed = world.act("0a", &[lock]);
    let until = world.now().plus(LOCK_MS_MAX / 2);
    cases.receipt("lock", "four", &world.receipt(placed, 0), world.now());
    let around = [until.minus(1), until];
    cases.beside(
        "status-locked",
        world,
        whole,
        &Beside::default(),
        &[clock()],
        &around,
    );

    let consume = |invoice: &Document, share| {
        Operation::Consume(Consume {
            record: invoice.key(),
            claim: invoice.claim("reimburse", share),
            lock: None,
            blinding: Blinding([5; 16]),
        })
    };
    let part = consume(partly, Share::Amount(2_500));
    let placed_part = world.act("0a", &[part]);
    cases.receipt(
        "use-part",
        "four",
        &world.receipt(placed_part, 0),
        world.now(),
    );
    let rest = consume(partly, Share::Amount(500));
    let placed_rest = world.act("0b", &[rest]);
    let receipt = world.receipt(placed_rest, 0);
    cases.receipt("use-second-part", "four", &receipt, world.now());
    cases.document("status-partly-used", world, partly, &[world.now()]);
    let placed_whole = world.act("0b", &[consume(consumed, Share::Whole)]);
    let receipt = world.receipt(placed_whole, 0);
    cases.receipt("use-whole", "four", &receipt, world.now());
    cases.document("status-used", world, consumed, &[world.now()]);
}

fn copies(cases: &mut Cases, world: &mut World, licence: &Document) {
    let number = CopyNumber([9; 16]);
    let valid_before = world.now().plus(10 * DAY);
    let lend = Operation::Lend(Lend {
        record: licence.key(),
        terms: LendTerms {
            number,
            digests: vec![SUITE.document_digest(b"an annotated copy")],
            purpose: "tender".to_owned(),
            matter: "T-1".to_owned(),
            user: SUITE.log_empty(),
            valid_before,
            fact_root: None,
        },
        consent: None,
    });
    let placed = world.act("housing", &[lend]);
    let around = valid_before.minus(1);
    cases.receipt("lend", "four", &world.receipt(placed, 0), around);
    let ask = Ask::copy(&licence.key(), &number);
    let certificate = world.certificate(|prover| {
        prover
            .document(ask.at(), &Beside::default())
            .expect("memory");
    });
    let asks = [ask, licence.ask()];
    let around = [around, valid_before];
    cases.certificate("status-copy", "four", &certificate, &asks, &around);
}

fn absences(cases: &mut Cases, world: &mut World) -> Placed {
    // Of some hundred numbers that nobody registered, one that leads to an empty place and one that leads to
    // another document's leaf.
    let exclusion = |number: u32| {
        let document = Document::licence("housing", number);
        let certificate = world.certificate(|prover| {
            prover.record(document.key()).expect("memory");
        });
        let proof = minicbor::to_vec(&certificate.leaves[0].proof).expect("memory");
        (document, certificate, proof[0] == 0xa4)
    };
    for (name, with_neighbour) in [("absent-empty", false), ("absent-neighbour", true)] {
        let mut found = (1000..1400).map(exclusion);
        let found = found.find(|(.., neighbour)| *neighbour == with_neighbour);
        let (document, certificate, _) = found.expect("one of them");
        cases.certificate(name, "four", &certificate, &[document.ask()], &[]);
    }
    let unknown = SUITE.document_digest(b"a file that nobody registered");
    let certificate = world.certificate(|prover| {
        prover
            .rendition(&unknown, &Beside::default())
            .expect("memory");
    });
    cases.certificate(
        "absent-file",
        "four",
        &certificate,
        &[Ask::digest(&unknown)],
        &[],
    );
    let cover = Operation::Cover(Cover {
        document_type: "licence".to_owned(),
        region: "north".to_owned(),
        from: START,
        before: None,
        within_ms: DAY,
    });
    let covered_by = world.act("housing", &[cover]);
    let missing = Document::licence("housing", 2000);
    let covered = ["housing", "licence", "north"].map(str::to_owned);
    let beside = Beside {
        coverage: Some(covered.into()),
        ..Beside::default()
    };
    let coverage = Ask::new(Namespace::Coverage, json!(["licence", "north", "housing"]));
    let asks = [coverage, agency("housing"), clock()];
    cases.beside("absent-covered", world, &missing, &beside, &asks, &[]);
    covered_by
}

fn rules(cases: &mut Cases, world: &mut World, licence: &Document) {
    let beside = Beside {
        region: Some("south".to_owned()),
        ..Beside::default()
    };
    let rule = Ask::new(Namespace::Recognition, json!(["south", "licence", "north"]));
    let now = [world.now()];
    cases.beside(
        "status-recognised",
        world,
        licence,
        &beside,
        &[rule.clone()],
        &now,
    );
    let catalogue = world.certificate(|prover| {
        let leaf = prover.leaf::<RecognitionLeaf>(rule.at()).expect("memory");
        assert!(leaf.is_some());
        let licence = key::document_type(SUITE, "licence");
        prover.leaf::<TypeLeaf>(licence).expect("memory");
    });
    let asks = [rule, Ask::named(Namespace::Type, "licence")];
    cases.certificate("rule-and-type", "four", &catalogue, &asks, &[]);
    let entitled = world.certificate(|prover| {
        let at = key::agency(SUITE, "housing");
        let leaf = prover.leaf::<AgencyLeaf>(at).expect("memory");
        assert!(leaf.is_some());
        prover
            .leaf::<AgencyLeaf>(key::agency(SUITE, "nobody"))
            .expect("memory");
        prover.leaf::<ClockLeaf>(key::clock(SUITE)).expect("memory");
    });
    let asks = [agency("housing"), agency("nobody"), clock()];
    cases.certificate("entitlement", "four", &entitled, &asks, &[]);
}

fn logs(cases: &mut Cases, world: &World) {
    let published = world.published();
    let note = published
        .signed
        .note(world.network.origin(), &published.set)
        .expect("its members are of the set");
    cases.add("checkpoint", Kind::Note, "four", note.into_bytes());
    let last = world.checkpoint(world.height());
    for index in [0, 5, last.size.0 - 1] {
        let (entry, path) = world.entry_path(EntryIndex(index), last.size);
        let proof = json!({
            "leaf": SUITE.log_leaf(&entry).to_string(),
            "index": index,
            "size": last.size.0,
            "path": path.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "root": last.log_root.to_string(),
        });
        let bytes = proof.to_string().into_bytes();
        cases.add(&format!("entry-{index}"), Kind::Inclusion, "four", bytes);
    }
    for height in [1, 2, 7, last.height] {
        let first = world.checkpoint(height);
        let path = world.consistency(first.size, last.size);
        let proof = json!({
            "first_size": first.size.0,
            "first_root": first.log_root.to_string(),
            "second_size": last.size.0,
            "second_root": last.log_root.to_string(),
            "path": path.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        let name = format!("log-from-{}", first.size.0);
        cases.add(
            &name,
            Kind::Consistency,
            "four",
            proof.to_string().into_bytes(),
        );
    }
    assert_ne!(last.size, TreeSize(0));
}

/// Somebody else has the key of the bureau of works, and it is found out when.
fn compromise(cases: &mut Cases, world: &mut World) {
    let before = Document::licence("works", 7);
    let after = Document::licence("works", 8);
    before.registered(world);
    let since = world.now().plus(1);
    let placed_after = after.registered(world);
    let declare = Operation::DeclareCompromise(DeclareCompromise {
        key: world.maker.actors["works"].key_id(),
        since,
        reason: "stolen".to_owned(),
    });
    world.act("registry", &[declare]);
    let now = [world.now()];
    let ask = Ask::key(&world.maker.actors["works"].key_id());
    let none = Beside::default();
    cases.beside(
        "compromised-later",
        world,
        &before,
        &none,
        &[ask.clone()],
        &now,
    );
    cases.beside("compromised-before", world, &after, &none, &[ask], &now);
    let receipt = world.receipt(placed_after, 0);
    cases.receipt("register-compromised", "four", &receipt, world.now());
    let record = world.certificate(|prover| {
        prover.record(before.key()).expect("memory");
    });
    let ask = [before.ask()];
    cases.certificate("compromise-not-told", "four", &record, &ask, &now);
}

/// The ledger stands still while a lock would lapse.
fn halt(cases: &mut Cases, world: &mut World) {
    let invoice = Document::invoice(9);
    invoice.registered(world);
    let lock = Operation::Lock(Lock {
        record: invoice.key(),
        claim: invoice.claim("finance", Share::Whole),
        for_ms: Some(LOCK_MS_MAX / 2),
        blinding: Blinding([6; 16]),
    });
    world.act("0b", &[lock]);
    let lapses = world.now().plus(LOCK_MS_MAX / 2);
    world.block(2 * LOCK_MS_MAX, Vec::new(), None);
    let put_off = world.now().plus(Millis::HOUR);
    world.rest(1);
    let around = [lapses.minus(1), lapses, put_off.minus(1), put_off];
    let none = Beside::default();
    cases.beside(
        "status-locked-over-a-halt",
        world,
        &invoice,
        &none,
        &[clock()],
        &around,
    );
}

/// The same with more validators.
fn larger(cases: &mut Cases, name: &'static str, validators: u8) -> World {
    let mut world = World::new(validators, usize::from(validators));
    let licence = Document::licence("housing", 1);
    let placed = licence.registered(&mut world);
    world.rest(2);
    let now = world.now();
    let receipt = world.receipt(placed, 0);
    cases.receipt(&format!("register-{name}"), name, &receipt, now);
    cases.document(&format!("status-{name}"), &world, &licence, &[now]);
    let absent = Document::licence("housing", 1000);
    let beside = Beside::default();
    cases.beside(
        &format!("absent-{name}"),
        &world,
        &absent,
        &beside,
        &[],
        &[],
    );
    let record = world.certificate(|prover| {
        prover.record(licence.key()).expect("memory");
    });
    let short = format!("status-record-only-{name}");
    cases.certificate(&short, name, &record, &[licence.ask()], &[now]);
    let published = world.published();
    let note = published
        .signed
        .note(world.network.origin(), &published.set);
    let note = note.expect("its members are of the set").into_bytes();
    cases.add(&format!("checkpoint-{name}"), Kind::Note, name, note);
    world
}

/// Three times another validator takes the place of one.
fn handed(cases: &mut Cases) -> World {
    let mut world = World::new(5, 4);
    let licence = Document::licence("housing", 1);
    let placed = licence.registered(&mut world);
    let mut serve = |world: &World, epoch: u32| {
        let now = world.now();
        let receipt = world.receipt(placed, 0);
        cases.receipt(&format!("register-epoch-{epoch}"), "handed", &receipt, now);
        cases.document(&format!("status-epoch-{epoch}"), world, &licence, &[now]);
    };
    serve(&world, 0);
    for (epoch, leaves) in [(1, "v1.example"), (2, "v0.example"), (3, "v2.example")] {
        world.replace_validator(leaves, 3 + epoch as usize);
        serve(&world, epoch);
        world.block(BLOCK_MS, Vec::new(), None);
    }
    world
}
