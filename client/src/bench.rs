//! `hefu bench`: how fast a running network is, as its users see it.
//!
//! Senders register made-up documents, each statement at one node, and count an operation when its
//! receipt is here and verifies. Closed-loop senders send the next statement when the last is done;
//! open-loop senders send at times that are fixed beforehand, and the time of each statement counts from
//! then, so that a network that falls behind cannot hide it.
//!
//! What the nodes used is read from their operators' metrics before and after.

mod load;
mod operators;

use crate::cli::{Bench, Shared};
use crate::failure::Failure;
use crate::keys;
use crate::say::{table, Exit, Lang, Report};
use hefu_proof::verifier::SharedCheckpoints;
use hefu_wire::file::KeyRole;
use load::{Load, Measured};
use operators::{Operators, Since, Used};
use serde_json::{json, Value};

/// `hefu bench`.
pub fn run(shared: &Shared, args: &Bench) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let key = keys::open(&args.key, KeyRole::Agency, nodes.network())?;
    let documents = load::Documents::of(&nodes, &key, args)?;
    let operators = Operators::new(&args.operators);
    let mut rows = Vec::new();
    for operations in &args.operations {
        let load = Load {
            key: &key,
            documents: &documents,
            operations: *operations,
            senders: args.senders,
            duration: args.time,
            warm_up: args.warm_up,
            rate: args.rate,
            verified: SharedCheckpoints::default(),
        };
        let before = operators.read()?;
        let measured = load.run(&nodes);
        let used = operators.read()?.since(before);
        rows.push(Row {
            operations: *operations,
            measured,
            used,
        });
    }
    let lang = shared.lang();
    let failed = rows.iter().any(|row| row.measured.operations == 0);
    Ok(Report {
        text: text(lang, args, &rows),
        json: json!({
            "senders": args.senders,
            "rate": args.rate,
            "seconds": args.time.as_secs_f64(),
            "rows": rows.iter().map(Row::json).collect::<Vec<Value>>(),
        }),
        exit: if failed {
            Exit::CouldNotTell
        } else {
            Exit::Yes
        },
    })
}

struct Row {
    operations: u32,
    measured: Measured,
    used: Option<Used>,
}

impl Row {
    fn json(&self) -> Value {
        let measured = &self.measured;
        let mut row = json!({
            "operations_per_statement": self.operations,
            "operations": measured.operations,
            "operations_per_second": measured.rate(),
            "p50_ms": measured.percentile_ms(50.0),
            "p95_ms": measured.percentile_ms(95.0),
            "p99_ms": measured.percentile_ms(99.0),
            "max_ms": measured.percentile_ms(100.0),
            "failed_statements": measured.failed,
            "first_failure": measured.first_failure,
            "generator_cpu_seconds_per_1000": measured.cpu_per_1000(),
        });
        if let Some(used) = &self.used {
            let all = measured.operations_sent;
            row["nodes"] = used.json(all);
        }
        row
    }
}

fn text(lang: Lang, args: &Bench, rows: &[Row]) -> String {
    let how = match args.rate {
        Some(rate) => format!(
            "{} {rate} {}",
            lang.pick("open loop,", "定速发送，每秒"),
            lang.pick("statements a second", "份")
        ),
        None => format!(
            "{} {} {}",
            lang.pick("closed loop,", "闭环，"),
            args.senders,
            lang.pick("senders", "个发送者")
        ),
    };
    let mut lines = vec![vec![
        lang.pick("operations a statement", "每份操作数").to_owned(),
        lang.pick("operations/s", "操作/秒").to_owned(),
        "p50 ms".to_owned(),
        "p95 ms".to_owned(),
        "p99 ms".to_owned(),
        lang.pick("max ms", "最大 ms").to_owned(),
        lang.pick("failed", "失败").to_owned(),
        lang.pick("generator CPU s/1000", "发生器 CPU 秒/千次")
            .to_owned(),
        lang.pick("nodes CPU s/1000", "节点 CPU 秒/千次").to_owned(),
        lang.pick("store syncs/1000", "存储同步/千次").to_owned(),
        lang.pick("disk bytes/operation", "磁盘字节/操作")
            .to_owned(),
        lang.pick("MiB a node", "每节点 MiB").to_owned(),
    ]];
    for row in rows {
        let measured = &row.measured;
        let mut line = vec![
            row.operations.to_string(),
            format!("{:.0}", measured.rate()),
        ];
        for percent in [50.0, 95.0, 99.0, 100.0] {
            line.push(format!("{:.0}", measured.percentile_ms(percent)));
        }
        line.push(measured.failed.to_string());
        line.push(format!("{:.3}", measured.cpu_per_1000()));
        match &row.used {
            Some(used) => line.extend(used.cells(measured.operations_sent)),
            None => line.extend(["-", "-", "-", "-"].map(str::to_owned)),
        }
        lines.push(line);
    }
    let mut text = format!("{how}\n{}", table(&lines));
    for row in rows {
        if let Some(why) = &row.measured.first_failure {
            text.push_str(&format!(
                "{} ({}): {}\n",
                lang.pick("the first failure", "首个失败"),
                row.operations,
                crate::say::shown(why)
            ));
        }
    }
    text
}
