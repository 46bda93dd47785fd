//! Seals: real ones, ones of our own making, and hostile ones.

use std::fs;

use hefu_formats::read;
use hefu_formats::seal::{Cover, Seal, SignatureCheck};

use crate::corpus::{corpus, files_below};

#[test]
fn the_seals_of_real_files() {
    let Some(corpus) = corpus() else { return };
    for path in files_below(&corpus) {
        let Ok(reading) = read(&fs::read(&path).unwrap()) else {
            continue;
        };
        for seal in &reading.seals {
            println!(
                "{} {}: {seal}\n     {:?}\n    {:?}",
                path.file_name().unwrap().display(),
                seal.place,
                seal.cover,
                seal.stamp
            );
        }
    }
}
