//! `hefu-sim`: many simulated runs, and what was found in them.

use clap::Parser;
use hefu_tests::sim::{simulate, Plan, Planted, Ran};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

/// After so many runs in which something was found it is clear enough.
const FAILED_MAX: usize = 10;

/// Runs simulated networks with faults, each from a seed. A seed is always the same run.
#[derive(Parser)]
struct Arguments {
    /// How many runs.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The seed of the first run; the others follow.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Prints every event.
    #[arg(long)]
    verbose: bool,
    /// Plants a bug in all nodes, to see it found.
    #[arg(long, value_enum)]
    plant: Option<Bug>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Bug {
    SkipsWindow,
    CosignsBeforeSync,
    IgnoresDigests,
}

impl Bug {
    fn planted(self) -> Planted {
        match self {
            Self::SkipsWindow => Planted::SkipsWindow,
            Self::CosignsBeforeSync => Planted::CosignsBeforeSync,
            Self::IgnoresDigests => Planted::IgnoresDigests,
        }
    }
}

/// What all runs brought together.
#[derive(Default)]
struct Sum {
    runs: u64,
    virtual_ms: u64,
    blocks: u64,
    statements: u64,
    receipts: u64,
    faults: BTreeMap<&'static str, u64>,
    failed: Vec<Ran>,
}

impl Sum {
    fn add(&mut self, ran: Ran) {
        self.runs += 1;
        self.virtual_ms += ran.virtual_ms;
        self.blocks += ran.blocks;
        self.statements += ran.statements;
        self.receipts += ran.receipts;
        for (fault, count) in &ran.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        if !ran.found.is_empty() {
            self.failed.push(ran);
        }
    }

    fn print(&self, begun: Instant) {
        println!("runs                {}", self.runs);
        println!(
            "simulated hours     {:.1}",
            self.virtual_ms as f64 / 3_600_000.0
        );
        println!("blocks              {}", self.blocks);
        println!("statements          {}", self.statements);
        println!("receipts believed   {}", self.receipts);
        println!("faults");
        for (fault, count) in &self.faults {
            println!("  {fault:<40} {count:>9}");
        }
        println!("seconds             {:.0}", begun.elapsed().as_secs_f64());
        println!("runs with findings  {}", self.failed.len());
    }
}

fn print_failed(ran: &Ran) {
    for found in &ran.found {
        println!("seed {}: {found}", ran.seed);
    }
    println!(
        "  again, with every event: make sim FIRST={} SEEDS=1 VERBOSE=1",
        ran.seed
    );
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let begun = Instant::now();
    let mut sum = Sum::default();
    for seed in (arguments.first..).take(usize::try_from(arguments.seeds).unwrap_or(usize::MAX)) {
        let ran = simulate(Plan {
            seed,
            planted: arguments.plant.map(Bug::planted),
            verbose: arguments.verbose,
        });
        if !ran.found.is_empty() {
            print_failed(&ran);
        }
        sum.add(ran);
        if sum.failed.len() == FAILED_MAX {
            break;
        }
        if sum.runs.is_multiple_of(50) {
            eprintln!("{} runs, {:.0} s", sum.runs, begun.elapsed().as_secs_f64());
        }
    }
    sum.print(begun);
    if sum.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
