//! The golden files as proofs to attack: all good ones of each network, of the kinds that are bent here.

use super::claims::{History, Kind};
use super::Ground;
use anyhow::{Context, Result};
use hefu_types::genesis::Network;
use hefu_wire::NetworkFile;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The good proofs of a network, and of the others some to take parts from.
pub struct Golden {
    /// The network.
    pub network: Network,
    proofs: Vec<(Kind, Vec<u8>)>,
    donors: Vec<Vec<u8>>,
}

impl Golden {
    /// Reads the manifest in a folder. Nothing, where there is none.
    pub fn read(folder: &Path) -> Result<Vec<Self>> {
        let manifest = folder.join("manifest.json");
        if !manifest.is_file() {
            return Ok(Vec::new());
        }
        let manifest: Value = serde_json::from_slice(&std::fs::read(manifest)?)?;
        let mut networks: BTreeMap<String, Vec<(Kind, Vec<u8>)>> = BTreeMap::new();
        for case in manifest["cases"].as_array().context("cases")? {
            let text = |name: &str| case[name].as_str().context(name.to_owned());
            let kind = match text("kind")? {
                "receipt" => Kind::Receipt,
                "certificate" => Kind::Certificate,
                "bundle" => Kind::Bundle,
                _ => continue,
            };
            if text("expect")? == "accept" {
                let proofs = networks.entry(text("network")?.to_owned()).or_default();
                proofs.push((kind, std::fs::read(folder.join(text("file")?))?));
            }
        }
        let goldens = networks.iter().map(|(name, proofs)| {
            let bytes = std::fs::read(folder.join(name))?;
            let network = match serde_json::from_slice::<NetworkFile>(&bytes) {
                Ok(file) => file.network()?,
                // Else it is the genesis itself.
                Err(_) => Network::new(serde_json::from_slice(&bytes).context(name.clone())?)?,
            };
            let others = networks.iter().filter(|(other, _)| *other != name);
            let donors = others.flat_map(|(_, proofs)| proofs.iter().take(8));
            Ok(Self {
                network,
                donors: donors.map(|(_, bytes)| bytes.clone()).collect(),
                proofs: proofs.clone(),
            })
        });
        goldens.collect()
    }

    /// What is true is what they say.
    pub fn ground(&self) -> Ground<'_> {
        let (proofs, donors) = (self.proofs.clone(), self.donors.clone());
        Ground::new(&self.network, History::default(), proofs, donors)
    }
}
