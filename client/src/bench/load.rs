//! Senders and what they measured.

use crate::cli::Bench;
use crate::failure::Failure;
use crate::keys::Key;
use crate::nodes::Nodes;
use crate::send::Signed;
use hefu_proof::verifier::SharedCheckpoints;
use hefu_proof::Verifier;
use hefu_types::leaf::{AgencyLeaf, Entitlement};
use hefu_types::operation::{Operation, Register};
use hefu_types::profile::{Identity, Profile};
use hefu_types::{key, Blinding, Suite};
use hefu_wire::path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Made-up documents that an agency may register.
pub struct Documents {
    entitlement: Entitlement,
    legal_issuer: String,
    suite: Suite,
    /// Makes the documents of each run new ones.
    run: [u8; 8],
    next: AtomicU64,
}

impl Documents {
    /// Documents of the type that was asked for, or of the first that takes any number.
    pub fn of(nodes: &Nodes, key: &Key, args: &Bench) -> Result<Self, Failure> {
        let suite = nodes.network().suite();
        let at = key::agency(suite, &key.file.holder);
        let fetched = nodes.certificate(&path::agency(&key.file.holder), 0, |state| {
            let leaf = state.leaf::<AgencyLeaf>(&at, "the agency");
            leaf.map(|_| ()).map_err(|error| error.to_string())
        })?;
        let leaf = fetched.state.leaf::<AgencyLeaf>(&at, "the agency");
        let agency = leaf.ok().flatten().ok_or_else(|| {
            Failure::asked(
                "the holder of this key is no agency of the network",
                "此密钥的持有者不是该网络的机构",
            )
        })?;
        let types = &nodes.network().genesis().types;
        let fits = |entitlement: &&Entitlement| match &args.document_type {
            Some(wanted) => entitlement.document_type == *wanted,
            None => true,
        };
        let candidates = agency.entitlements.iter().filter(fits);
        let made = candidates.filter_map(|entitlement| {
            let rules = types.iter().find(|t| t.id == entitlement.document_type)?;
            let prefix = entitlement.issuer_prefixes.first()?;
            let documents = Self {
                legal_issuer: format!("{prefix}BENCH"),
                entitlement: entitlement.clone(),
                suite,
                run: crate::random(),
                next: AtomicU64::new(0),
            };
            let profile = Profile::by_name(&rules.profile)?;
            let fits = profile.check(&documents.register(0).identity).is_ok();
            fits.then_some(documents)
        });
        made.into_iter().next().ok_or_else(|| {
            Failure::asked(
                "made-up numbers fit none of the types that this agency issues; give the key of an \
                 agency that issues a type with the generic profile",
                "该机构签发的类型都不接受虚构号码；请使用签发通用规则类型的机构密钥",
            )
        })
    }

    fn register(&self, number: u64) -> Register {
        let run = u64::from_be_bytes(self.run);
        let digest = self
            .suite
            .document_digest(&[self.run, number.to_be_bytes()].concat());
        Register {
            document_type: self.entitlement.document_type.clone(),
            region: self.entitlement.region.clone(),
            identity: Identity {
                legal_issuer: self.legal_issuer.clone(),
                number: format!("BENCH-{run:016x}-{number}"),
                ..Identity::default()
            },
            digests: vec![digest],
            fact_root: None,
            valid_from: None,
            valid_until: None,
            use_right: None,
            total: None,
            blinding: Blinding(crate::random()),
            issued_offline_at: None,
            open_facts: Vec::new(),
        }
    }

    fn operations(&self, count: u32) -> Vec<Operation> {
        let first = self.next.fetch_add(u64::from(count), Ordering::Relaxed);
        (first..first + u64::from(count))
            .map(|number| Operation::Register(self.register(number)))
            .collect()
    }
}

/// One row to be measured.
pub struct Load<'a> {
    pub key: &'a Key,
    pub documents: &'a Documents,
    pub operations: u32,
    pub senders: u32,
    pub duration: Duration,
    pub warm_up: Duration,
    /// Statements a second, open loop; none: closed loop.
    pub rate: Option<u32>,
    /// All senders are one user, who checks each checkpoint once.
    pub verified: SharedCheckpoints,
}

/// What one row gave.
#[derive(Debug)]
pub struct Measured {
    /// Operations whose receipts verified within the time.
    pub operations: u64,
    /// All that were sent, those of the warm-up included: what the nodes worked for.
    pub operations_sent: u64,
    pub failed: u64,
    pub first_failure: Option<String>,
    /// From sending, or from when it was to be sent, to the last verified receipt; ascending.
    latencies: Vec<Duration>,
    seconds: f64,
    cpu_seconds: f64,
}

impl Measured {
    /// Operations a second.
    pub fn rate(&self) -> f64 {
        self.operations as f64 / self.seconds
    }

    /// A percentile of the latencies in milliseconds; 0 where there are none.
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        let Some(last) = self.latencies.len().checked_sub(1) else {
            return 0.0;
        };
        let at = (last as f64 * percent / 100.0).round() as usize;
        self.latencies[at].as_secs_f64() * 1000.0
    }

    /// Processor seconds of this process for 1,000 operations.
    pub fn cpu_per_1000(&self) -> f64 {
        self.cpu_seconds * 1000.0 / self.operations_sent.max(1) as f64
    }
}

/// When statements are sent and counted.
struct Plan {
    begin: Instant,
    counted_from: Instant,
    end: Instant,
    /// Statements that were given out, of an open loop.
    tickets: AtomicU64,
}

#[derive(Default)]
struct Tally {
    latencies: Vec<Duration>,
    statements: u64,
    failed: u64,
    first_failure: Option<String>,
}

impl Load<'_> {
    /// Sends until the time is over, and waits for what is under way.
    pub fn run(&self, nodes: &Nodes) -> Measured {
        let cpu = super::operators::own_cpu_seconds();
        let begin = Instant::now();
        let plan = Plan {
            begin,
            counted_from: begin + self.warm_up,
            end: begin + self.warm_up + self.duration,
            tickets: AtomicU64::new(0),
        };
        let all = Mutex::new(Tally::default());
        let nodes = (0..self.senders).map(|sender| nodes.beginning_with(sender as usize));
        let nodes: Vec<Nodes> = nodes.collect();
        std::thread::scope(|scope| {
            for nodes in nodes {
                let (plan, all) = (&plan, &all);
                scope.spawn(move || {
                    let tally = self.send(&nodes, plan);
                    let mut all = all
                        .lock()
                        .expect("no sender panics while it holds the tally");
                    all.latencies.extend(tally.latencies);
                    all.statements += tally.statements;
                    all.failed += tally.failed;
                    all.first_failure = all.first_failure.take().or(tally.first_failure);
                });
            }
        });
        let mut all = all.into_inner().expect("no sender panicked");
        all.latencies.sort_unstable();
        let of_statement = u64::from(self.operations);
        Measured {
            operations: all.latencies.len() as u64 * of_statement,
            operations_sent: all.statements * of_statement,
            failed: all.failed,
            first_failure: all.first_failure,
            latencies: all.latencies,
            seconds: self.duration.as_secs_f64(),
            cpu_seconds: super::operators::own_cpu_seconds() - cpu,
        }
    }

    fn send(&self, nodes: &Nodes, plan: &Plan) -> Tally {
        let mut tally = Tally::default();
        let mut verifier = Verifier::sharing(nodes.network(), self.verified.clone());
        loop {
            let from = match self.rate {
                None => Instant::now(),
                Some(rate) => {
                    let ticket = plan.tickets.fetch_add(1, Ordering::Relaxed);
                    let at = Duration::from_secs_f64(ticket as f64 / f64::from(rate));
                    let due = plan.begin + at;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    due
                }
            };
            if from >= plan.end {
                return tally;
            }
            tally.statements += 1;
            match self.register(nodes, &mut verifier) {
                Ok(()) => {
                    let done = Instant::now();
                    // An open loop counts what was due within the time, however late it was done: else
                    // a network that falls behind would lose its worst times.
                    let counts = match self.rate {
                        None => done >= plan.counted_from && done < plan.end,
                        Some(_) => from >= plan.counted_from,
                    };
                    if counts {
                        tally.latencies.push(done - from);
                    }
                }
                Err(why) => {
                    tally.failed += 1;
                    tally.first_failure = tally.first_failure.or(Some(why));
                }
            }
        }
    }

    /// One statement, from signing to the last verified receipt.
    fn register(&self, nodes: &Nodes, verifier: &mut Verifier<'_>) -> Result<(), String> {
        let operations = self.documents.operations(self.operations);
        let signed = Signed::new(nodes.network(), self.key, &operations, crate::now());
        let receipts = nodes
            .submit_for_receipts(&signed)
            .map_err(|failure| failure.to_string())?;
        for (index, receipt) in receipts.iter().enumerate() {
            let verified = verifier.receipt(receipt).map_err(|e| e.to_string())?;
            if verified.operation_id() != signed.operation_id(index) {
                return Err("a receipt is of another operation".to_owned());
            }
        }
        Ok(())
    }
}
