//! How a look is told: to people line by line, to programs as objects.

use super::list::Entry;
use super::{Changed, Found, Look, Watcher};
use crate::failure::Failure;
use crate::say::{shown, Lang};
use hefu_proof::verdict::Said;
use hefu_types::Millis;
use serde_json::{json, Value};
use std::cmp::Reverse;

impl Changed {
    fn newest(&self) -> Option<Millis> {
        self.changes.iter().filter_map(|change| change.at).max()
    }
}

impl Watcher<'_> {
    /// What is to be told of single documents: those that changed, the newest facts first, then those of
    /// which nothing can be told.
    pub(super) fn lines(&self, look: &Look) -> Vec<(String, Value)> {
        let (mut changed, mut untold) = (Vec::new(), Vec::new());
        for (entry, found) in self.entries.iter().zip(&look.found) {
            match found {
                Found::Changed(change) => changed.push((entry, change)),
                Found::Untold(said) => untold.push(self.untold(entry, said)),
                Found::Same | Found::New => {}
            }
        }
        changed.sort_by_key(|(_, changed)| Reverse(changed.newest()));
        let changed = changed.into_iter();
        changed
            .map(|(entry, changed)| self.changed(entry, changed))
            .chain(untold)
            .collect()
    }

    fn untold(&self, entry: &Entry, said: &Said) -> (String, Value) {
        let sentence = self.lang.of(said);
        (
            format!("{}\n  ? {}\n", shown(&entry.name), shown(sentence)),
            json!({
                "event": "could-not-tell",
                "file": entry.name,
                "record": entry.key(),
                "sentence": sentence,
            }),
        )
    }

    fn changed(&self, entry: &Entry, changed: &Changed) -> (String, Value) {
        let now = crate::now();
        let mut text = format!("{}\n", shown(&entry.name));
        let mut changes = Vec::new();
        for change in &changed.changes {
            // The clocks of two machines may differ by more than a block takes: then it is no time.
            let age_ms = change.at.map(|at| now.0.saturating_sub(at.0));
            let age_ms = age_ms.filter(|_| self.args.follow);
            text.push_str(&change.text(self.lang, age_ms));
            changes.push(change.json(self.lang, age_ms));
        }
        if let Some(path) = &changed.saved {
            let (word, path) = (self.lang.pick("proof", "证明"), path.to_string_lossy());
            text.push_str(&format!("    {word}: {}\n", shown(&path)));
        }
        let json = json!({
            "event": "changed",
            "file": entry.name,
            "record": entry.key(),
            "since_height": changed.since.height,
            "height": self.state.seen.height,
            "changes": changes,
            "saved": changed.saved,
        });
        (text, json)
    }

    /// How many of how many, since when and as of when.
    pub(super) fn summary(&self, look: &Look) -> (String, Value) {
        let (all, changed) = (self.entries.len(), look.changed());
        let (untold, new) = (look.untold(), look.first_seen());
        let since = self.compared_with();
        let (n, c) = (count(all), count(changed));
        let mut text = match self.lang {
            Lang::En => format!("of {n} documents {c} changed{}", since.en),
            Lang::Zh => format!("{n} 份文档中 {c} 份有变动{}", since.zh),
        };
        for (number, en, zh) in [
            (untold, "could not be told", "份无法判定"),
            (new, "looked at for the first time", "份为首次查看"),
        ] {
            if number > 0 {
                text.push_str(&match self.lang {
                    Lang::En => format!("; {} {en}", count(number)),
                    Lang::Zh => format!("；{} {zh}", count(number)),
                });
            }
        }
        text.push('\n');
        if let Some((height, signed)) = self.fetched {
            text.push_str(&match self.lang {
                Lang::En => format!("as of {signed}, height {height}\n"),
                Lang::Zh => format!("截至 {signed}，高度 {height}\n"),
            });
        }
        let json = json!({
            "command": "watch",
            "event": "looked",
            "network": self.nodes.network().digest(),
            "watched": all,
            "changed": changed,
            "could_not_tell": untold,
            "first_looked_at": new,
            "since_height": self.began.map(|(first, _)| first.height),
            "height": self.fetched.map(|(height, _)| height),
            "as_of": self.fetched.map(|(_, signed)| signed.to_string()),
        });
        (text, json)
    }

    fn compared_with(&self) -> Said {
        match self.began {
            None => Said::new("", ""),
            Some((first, last)) if first == last => {
                let (height, time) = (first.height, first.time);
                Said::new(
                    format!(" since height {height} ({time})"),
                    format!("（自高度 {height}，{time}）"),
                )
            }
            Some((first, last)) => {
                let (first, last) = (first.height, last.height);
                Said::new(
                    format!(" since they were last proven (heights {first} to {last})"),
                    format!("（自各自上次获证明，高度 {first} 至 {last}）"),
                )
            }
        }
    }

    /// That no node answers, and that it is asked on.
    pub(super) fn unreachable(&self, failure: &Failure) -> (String, Value) {
        let said = failure.sentence();
        let sentence = self.lang.of(&said);
        (
            format!("? {}\n", shown(sentence)),
            json!({"event": "unreachable", "sentence": sentence}),
        )
    }

    /// The last line of who followed.
    pub(super) fn end(&self, changed: usize) -> (String, Value) {
        let (height, warnings) = (self.state.seen.height, self.nodes.warnings());
        let number = count(changed);
        let mut text = match self.lang {
            Lang::En => format!("followed to height {height}: {number} documents changed\n"),
            Lang::Zh => format!("跟踪至高度 {height}：{number} 份文档有变动\n"),
        };
        for warning in &warnings {
            let word = self.lang.pick("warning", "警告");
            text.push_str(&format!("{word}: {}\n", shown(warning)));
        }
        let json = json!({
            "command": "watch",
            "event": "end",
            "changed": changed,
            "height": height,
            "warnings": warnings,
        });
        (text, json)
    }
}

/// A number with commas between its thousands.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
