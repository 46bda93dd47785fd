//! What processes used: nodes by their metrics, this one by the system.

use crate::failure::Failure;
use serde_json::{json, Value};
use std::time::Duration;

/// The operators' addresses of the nodes.
pub struct Operators {
    addresses: Vec<String>,
    agent: ureq::Agent,
}

/// Counters of all nodes together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    nodes: usize,
    cpu_seconds: f64,
    store_syncs: f64,
    store_bytes: f64,
    /// Not a counter: as it is now.
    resident_bytes: f64,
}

impl Operators {
    /// Of these addresses; of none nothing is told.
    pub fn new(addresses: &[String]) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(10)));
        Self {
            addresses: addresses.to_vec(),
            agent: config.build().into(),
        }
    }

    /// Asks all nodes.
    pub fn read(&self) -> Result<Option<Used>, Failure> {
        let mut used = Used::default();
        for address in &self.addresses {
            let url = format!("{}/metrics", address.trim_end_matches('/'));
            let text = self.agent.get(&url).call().and_then(|mut answer| {
                answer
                    .body_mut()
                    .with_config()
                    .limit(1 << 20)
                    .read_to_string()
            });
            let text = text.map_err(|error| Failure::Unreachable {
                tried: vec![format!("{url}: {error}")],
            })?;
            let value = |name: &str| value(&text, name);
            used.nodes += 1;
            used.cpu_seconds += value("process_cpu_seconds_total");
            used.resident_bytes += value("process_resident_memory_bytes");
            used.store_syncs += value("hefu_store_syncs_total");
            used.store_bytes += value("hefu_store_bytes");
        }
        Ok((used.nodes > 0).then_some(used))
    }
}

/// The value of a metric in the OpenMetrics text; 0 where it is not there.
fn value(text: &str, name: &str) -> f64 {
    let of = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    text.lines().find_map(of).unwrap_or(0.0)
}

impl Used {
    /// For so many operations.
    fn cpu_per_1000(&self, operations: u64) -> f64 {
        self.cpu_seconds * 1000.0 / operations.max(1) as f64
    }

    fn syncs_per_1000(&self, operations: u64) -> f64 {
        self.store_syncs * 1000.0 / operations.max(1) as f64
    }

    /// Of one node.
    fn bytes_per_operation(&self, operations: u64) -> f64 {
        self.store_bytes / self.nodes.max(1) as f64 / operations.max(1) as f64
    }

    fn resident_mib(&self) -> f64 {
        self.resident_bytes / self.nodes.max(1) as f64 / f64::from(1 << 20)
    }

    pub fn cells(&self, operations: u64) -> Vec<String> {
        vec![
            format!("{:.3}", self.cpu_per_1000(operations)),
            format!("{:.1}", self.syncs_per_1000(operations)),
            format!("{:.0}", self.bytes_per_operation(operations)),
            format!("{:.0}", self.resident_mib()),
        ]
    }

    pub fn json(&self, operations: u64) -> Value {
        json!({
            "nodes": self.nodes,
            "cpu_seconds_per_1000": self.cpu_per_1000(operations),
            "store_syncs_per_1000": self.syncs_per_1000(operations),
            "disk_bytes_per_operation": self.bytes_per_operation(operations),
            "resident_mib_per_node": self.resident_mib(),
        })
    }
}

/// What the nodes used between two readings.
pub trait Since {
    fn since(self, before: Self) -> Self;
}

impl Since for Option<Used> {
    fn since(self, before: Self) -> Self {
        let (now, before) = (self?, before?);
        Some(Used {
            cpu_seconds: now.cpu_seconds - before.cpu_seconds,
            store_syncs: now.store_syncs - before.store_syncs,
            store_bytes: now.store_bytes - before.store_bytes,
            ..now
        })
    }
}

/// Processor seconds of this process so far, as Linux tells them; 0 elsewhere.
pub fn own_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses the 12th and 13th fields are user and system ticks of 10 ms.
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# TYPE x counter\nx_more 7\nx 2.5\n# EOF\n";
        assert_eq!(value(text, "x"), 2.5);
        assert_eq!(value(text, "y"), 0.0);
    }

    #[test]
    fn this_process_used_the_processor() {
        let begun = own_cpu_seconds();
        let mut hash = hefu_types::Hash([0; 32]);
        while own_cpu_seconds() <= begun {
            hash = hefu_types::Suite::Sha256Ed25519.hash(&[&hash.0]);
        }
        assert!(own_cpu_seconds() > begun, "after {hash}");
    }
}
