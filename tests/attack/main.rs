//! Attacks in any number: `hefu-attack --attacks 10000000 --first 1`.

use clap::Parser;
use hefu_tests::attack;
use std::time::{Duration, Instant};

/// Altered and forged proofs, each of which must be refused with its own reason.
#[derive(Parser)]
struct Args {
    /// How many attacks.
    #[arg(long, default_value_t = 10_000)]
    attacks: u64,
    /// The first seed; each seed is a world and its attacks.
    #[arg(long, default_value_t = 1)]
    first: u64,
}

fn main() {
    let args = Args::parse();
    let (begin, mut told) = (Instant::now(), Instant::now());
    let rate = |attacks: u64| attacks as f64 / begin.elapsed().as_secs_f64();
    let ended = attack::run(args.first, args.attacks, |tally| {
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            println!(
                "{} attacks, {:.0} a second",
                tally.attacks,
                rate(tally.attacks)
            );
        }
    });
    match ended {
        Ok(tally) => {
            print!("{}", tally.report());
            let seconds = begin.elapsed().as_secs_f64();
            println!("{seconds:.0} s, {:.0} a second", rate(tally.attacks));
        }
        Err(failure) => {
            println!("{failure}");
            std::process::exit(1);
        }
    }
}
