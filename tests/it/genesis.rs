//! The documented example of a genesis holds, and what breaks one is named.

use anyhow::{ensure, Context, Result};
use hefu_types::genesis::{Genesis, Network};
use std::path::Path;

fn example(file: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../genesis/example")
        .join(file);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

#[test]
fn the_example_holds_and_has_its_digest() -> Result<()> {
    let genesis: Genesis = serde_json::from_str(&example("genesis.json")?)?;
    let network = Network::new(genesis)?;
    ensure!(network.digest().to_string() == example("digest")?.trim());
    ensure!(network.first_set().quorum() == 3);
    Ok(())
}

#[test]
fn what_breaks_a_genesis_is_named() -> Result<()> {
    let good: Genesis = serde_json::from_str(&example("genesis.json")?)?;
    let check = |expected: &str, change: &dyn Fn(&mut Genesis)| -> Result<()> {
        let mut genesis = good.clone();
        change(&mut genesis);
        let found = Network::new(genesis)
            .err()
            .context(expected.to_owned())?
            .to_string();
        ensure!(
            found.contains(expected),
            "{found:?} does not say {expected:?}"
        );
        Ok(())
    };
    check("format", &|g| g.format = 1)?;
    check("suite", &|g| g.suite = "sm3-sm2".into())?;
    check("stands twice", &|g| {
        g.agencies[1].id = g.agencies[0].id.clone()
    })?;
    check("does not verify", &|g| {
        g.validators[1].log = g.validators[0].log.clone()
    })?;
    check("does not verify", &|g| g.network_id.0[0] ^= 1)?;
    check("does not verify", &|g| {
        g.agencies[0].key.proof = g.agencies[1].key.proof
    })?;
    check("overlap", &|g| {
        let entitlement = g.agencies[0].entitlements[0].clone();
        g.agencies[1].entitlements.push(entitlement);
    })?;
    check("is not one of its regions", &|g| {
        g.agencies[0].region = "nowhere".into()
    })?;
    check("is not one of its types", &|g| {
        g.agencies[0].entitlements[0].document_type = "poem".into();
    })?;
    check("profile", &|g| g.types[0].profile = "x".into())?;
    check("threshold", &|g| g.council.threshold = 9)?;
    Ok(())
}
