//! `hefu codes`: every code of the ledger with what it means and what to do, in both languages.

use crate::cli::{Codes, Shared};
use crate::failure::Failure;
use crate::say::{table, Exit, Lang, Report};
use hefu_types::Code;
use serde_json::{json, Value};

/// The groups of codes by their first digit.
const GROUPS: [(u16, &str, &str); 7] = [
    (1, "input and profile", "输入与编号规则"),
    (2, "uniqueness", "唯一性"),
    (3, "authority", "权限"),
    (4, "state", "状态"),
    (5, "use", "使用"),
    (6, "verification", "核验"),
    (7, "system", "系统"),
];

/// `hefu codes`.
pub fn run(shared: &Shared, args: &Codes) -> Result<Report, Failure> {
    let lang = shared.lang();
    let (mut text, mut listed) = (String::new(), Vec::new());
    for (group, en, zh) in GROUPS {
        if args.group.is_some_and(|asked| asked != group) {
            continue;
        }
        let of_group = |code: &&Code| code.number() / 1_000 == group;
        let codes: Vec<Code> = Code::ALL.iter().filter(of_group).copied().collect();
        text.push_str(&format!("{group}xxx {}\n", lang.pick(en, zh)));
        text.push_str(&table(&rows(&codes, lang)));
        listed.extend(codes.into_iter().map(json_of));
    }
    Ok(Report {
        exit: Exit::Yes,
        json: json!({"command": "codes", "codes": listed}),
        text,
    })
}

/// Two lines a code: the language that was asked for first.
fn rows(codes: &[Code], lang: Lang) -> Vec<Vec<String>> {
    let of = |code: &Code| {
        let (en, zh) = (code.sentence_en(), code.sentence_zh());
        let (first, second) = match lang {
            Lang::En => (en, zh),
            Lang::Zh => (zh, en),
        };
        [
            vec![code.number().to_string(), first.to_owned()],
            vec![String::new(), second.to_owned()],
        ]
    };
    codes.iter().flat_map(of).collect()
}

fn json_of(code: Code) -> Value {
    json!({
        "code": code.number(),
        "name": name(code),
        "sentence_en": code.sentence_en(),
        "sentence_zh": code.sentence_zh(),
    })
}

/// A stable word for programs, such as `number-taken`.
fn name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    #[track_caller]
    fn listed(options: &[&str]) -> Report {
        let words = ["hefu", "codes"].iter().chain(options);
        let cli = Cli::try_parse_from(words).expect("can be typed");
        let Command::Codes(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args).expect("listed")
    }

    #[test]
    fn every_code_is_listed_once_with_both_sentences() {
        let report = listed(&["--lang", "en"]);
        assert_eq!(
            report.json["codes"].as_array().map(Vec::len),
            Some(Code::ALL.len())
        );
        for code in Code::ALL {
            for sentence in [code.sentence_en(), code.sentence_zh()] {
                assert_eq!(report.text.matches(sentence).count(), 1, "{code:?}");
            }
        }
    }

    #[test]
    fn a_group_is_listed_alone_in_the_language_that_was_asked_for() {
        let report = listed(&["--group", "5", "--lang", "zh"]);
        let codes = report.json["codes"].as_array().expect("a list");
        let is_use = |code: &Value| code["code"].as_u64().is_some_and(|code| code / 1_000 == 5);
        assert!(!codes.is_empty() && codes.iter().all(is_use));
        assert_eq!(codes[0]["name"], "locked");
        let line = report.text.lines().nth(1).unwrap_or_default();
        assert!(
            line.starts_with("  5001  该文档已被他人锁定"),
            "{}",
            report.text
        );
        for wrong in ["0", "8", "x"] {
            let typed = Cli::try_parse_from(["hefu", "codes", "--group", wrong]);
            assert!(typed.is_err(), "{wrong}");
        }
    }
}
