//! What an audit tells, to people and to programs.

use super::{evidence, Ended, Found, Run};
use crate::failure::Failure;
use crate::say::{shown, Exit, Lang, Report};
use hefu_audit::Finding;
use serde_json::{json, Value};
use std::fmt::Display;

impl Run {
    /// Says where the audit goes on, before it does: on standard error, as progress is.
    pub(super) fn tell_begin(&self) {
        if !self.json {
            eprintln!("{}", self.begin());
        }
    }

    fn begin(&self) -> String {
        let (height, memory) = (self.began, self.memory.display());
        match (self.lang, self.resumed) {
            (Lang::En, true) => format!("goes on after height {height} ({memory})"),
            (Lang::Zh, true) => format!("从高度 {height} 之后继续（{memory}）"),
            (Lang::En, false) => "begins at genesis".to_owned(),
            (Lang::Zh, false) => "从创世开始".to_owned(),
        }
    }

    pub(super) fn report(&self, ended: &Ended) -> Result<Report, Failure> {
        let (exit, sentence) = self.ending(ended);
        let mut text = self.counts();
        for unavailable in &self.unavailable {
            let word = self.lang.pick("could not be had", "无法取得");
            text.push_str(&format!("  {word}: {}\n", shown(unavailable)));
        }
        text.push_str(&sentence);
        text.push('\n');
        Ok(Report {
            exit,
            json: self.json(ended),
            text,
        })
    }

    fn ending(&self, ended: &Ended) -> (Exit, String) {
        let height = self.auditor.height();
        match ended {
            Ended::Whole => (
                Exit::Yes,
                match self.lang {
                    Lang::En => format!("no finding: all that was published up to height {height} holds"),
                    Lang::Zh => format!("未发现问题：截至高度 {height} 已发布的内容全部成立"),
                },
            ),
            Ended::Stopped => (
                Exit::CouldNotTell,
                match self.lang {
                    Lang::En => format!(
                        "no finding up to height {height}; stopped there as was asked, the next run goes on"
                    ),
                    Lang::Zh => format!("截至高度 {height} 未发现问题；按要求停止，下次从此处继续"),
                },
            ),
            Ended::Untold(why) => (
                Exit::CouldNotTell,
                match self.lang {
                    Lang::En => format!("could not tell beyond height {height}: {}", shown(why)),
                    Lang::Zh => format!("高度 {height} 之后无法判断：{}", shown(why)),
                },
            ),
            Ended::Found(found) => (Exit::No, self.found(found)),
        }
    }

    fn found(&self, found: &Found) -> String {
        let Found {
            finding,
            source,
            proof,
        } = found;
        let mut text = format!(
            "{} {} ({}): {}",
            self.lang.pick("FINDING", "发现问题"),
            finding.name(),
            shown(source),
            shown(self.lang.of(&finding.said())),
        );
        if let Some(path) = proof {
            let word = self
                .lang
                .pick("its proof, for everybody", "证明文件，任何人可验证");
            text.push_str(&format!("\n  {word}: {}", path.display()));
        }
        text
    }

    fn counts(&self) -> String {
        let (now, before) = (self.auditor.tally(), &self.before);
        let seconds = self.executing.as_secs_f64();
        let blocks = now.blocks - before.blocks;
        let speed = if seconds > 0.0 {
            blocks as f64 / seconds
        } else {
            0.0
        };
        let operations = now.operations - before.operations;
        let per_second = if seconds > 0.0 {
            operations as f64 / seconds
        } else {
            0.0
        };
        let rows = [
            (
                self.lang.pick("executed again", "重新执行"),
                match self.lang {
                    Lang::En => format!(
                        "{blocks} blocks, {} statements, {operations} operations ({} refused, as they were)",
                        now.statements - before.statements,
                        now.refused - before.refused
                    ),
                    Lang::Zh => format!(
                        "{blocks} 个区块，{} 份声明，{operations} 项操作（其中 {} 项被拒绝，与当时一致）",
                        now.statements - before.statements,
                        now.refused - before.refused
                    ),
                },
            ),
            (
                self.lang.pick("signatures", "签名"),
                (now.signatures - before.signatures).to_string(),
            ),
            (
                self.lang.pick("checkpoints", "检查点"),
                match self.lang {
                    Lang::En => format!("{} compared, of all runs", now.checkpoints),
                    Lang::Zh => format!("历次共比较 {} 个", now.checkpoints),
                },
            ),
            (self.lang.pick("epochs", "验证者届次"), list(&now.epochs)),
            (self.lang.pick("rules", "规则版本"), list(&now.rules)),
            (
                self.lang.pick("speed", "速度"),
                match self.lang {
                    Lang::En => format!("{speed:.0} blocks/s, {per_second:.0} operations/s"),
                    Lang::Zh => format!("每秒 {speed:.0} 个区块，{per_second:.0} 项操作"),
                },
            ),
        ];
        let rows = rows.map(|(name, value)| vec![name.to_owned(), value]);
        crate::say::table(&rows)
    }

    fn json(&self, ended: &Ended) -> Value {
        let (now, before) = (self.auditor.tally(), &self.before);
        let seconds = self.executing.as_secs_f64();
        let (result, why) = match ended {
            Ended::Whole => ("no-finding", Value::Null),
            Ended::Stopped => ("stopped", Value::Null),
            Ended::Untold(why) => ("could-not-tell", json!(why)),
            Ended::Found(_) => ("finding", Value::Null),
        };
        let finding = match ended {
            Ended::Found(found) => told(found),
            _ => Value::Null,
        };
        json!({
            "result": result,
            "why": why,
            "finding": finding,
            "network": self.auditor.network().digest().to_string(),
            "resumed": self.resumed,
            "height_before": self.began,
            "height": self.auditor.height(),
            "blocks": now.blocks - before.blocks,
            "statements": now.statements - before.statements,
            "operations": now.operations - before.operations,
            "refused": now.refused - before.refused,
            "signatures": now.signatures - before.signatures,
            "checkpoints": now.checkpoints,
            "epochs": now.epochs,
            "rules": now.rules,
            "state_leaves": self.auditor.leaf_count(),
            "seconds": seconds,
            "memory": self.memory.display().to_string(),
            "unavailable": self.unavailable,
        })
    }
}

fn list<T: Display>(of: &[T]) -> String {
    let words: Vec<String> = of.iter().map(ToString::to_string).collect();
    words.join(", ")
}

fn told(found: &Found) -> Value {
    let said = found.finding.said();
    let contradiction = match &found.finding {
        Finding::Equivocation { contradiction, .. } => json!(evidence::name(*contradiction)),
        _ => Value::Null,
    };
    json!({
        "name": found.finding.name(),
        "signed_by_a_quorum": found.finding.is_signed(),
        "contradiction": contradiction,
        "sentence": said.en,
        "sentence_zh": said.zh,
        "source": found.source,
        "proof": found.proof.as_ref().map(|path| path.display().to_string()),
    })
}
