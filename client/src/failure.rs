//! Why a command could not do its work. A refusal by the ledger is no failure: it is a result.

use crate::say::{shown, Lang};
use hefu_proof::verdict::Said;
use hefu_types::{Code, StatementId};
use hefu_wire::Problem;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What stopped a command. The process ends with exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It cannot be done as it was asked.
    #[error("{}", .0.en)]
    Asked(Said),
    /// The disk.
    #[error("{path}: {error}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file that is needed cannot be used.
    #[error("{path} cannot be used: {why}")]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No node gave an answer that holds.
    #[error("no node of the network gave an answer that holds")]
    Unreachable {
        /// What each of them did.
        tried: Vec<String>,
    },
    /// The nodes answered with an error.
    #[error("{0}")]
    Refused(Problem),
    /// The statement is not final within the time that was allowed.
    #[error("the statement {statement} is not final yet")]
    NotFinal {
        /// Its identity.
        statement: StatementId,
        /// What the nodes said.
        tried: Vec<String>,
    },
}

impl Failure {
    /// Something that cannot be done as it was asked.
    pub fn asked(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Asked(Said::new(en, zh))
    }

    /// What the system says of a file.
    pub fn disk(path: &Path, error: std::io::Error) -> Self {
        Self::Disk {
            path: path.to_owned(),
            error,
        }
    }

    /// What is wrong with a file.
    pub fn bad_file(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::BadFile {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }

    /// A stable word, for programs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Asked(_) => "usage",
            Self::Disk { .. } => "disk",
            Self::BadFile { .. } => "file",
            Self::Unreachable { .. } => "unreachable",
            Self::Refused(_) => "refused",
            Self::NotFinal { .. } => "not-final",
        }
    }

    /// The code of the ledger, where it has one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            Self::NotFinal { .. } => Some(Code::NotYetFinal.number()),
            _ => None,
        }
    }

    /// What it means and what to do.
    pub fn sentence(&self) -> Said {
        match self {
            Self::Asked(said) => said.clone(),
            Self::Disk { path, .. } => Said::new(
                format!("{} cannot be read or written", path.display()),
                format!("无法读写 {}", path.display()),
            ),
            Self::BadFile { path, .. } => Said::new(
                format!("{} cannot be used", path.display()),
                format!("无法使用 {}", path.display()),
            ),
            Self::Unreachable { .. } => Said::new(
                "no node of the network gave an answer that holds; look at the addresses in the \
                 network file and at the connection, then run the same command again",
                "本网络没有节点给出可信的答复；请检查网络文件中的地址和网络连接，然后重新执行同一命令",
            ),
            Self::Refused(problem) => {
                // The sentence is ours where we know the code: a node's own words are not shown as ours.
                match Code::from_number(problem.code) {
                    Some(code) => Said::new(code.sentence_en(), code.sentence_zh()),
                    None => Said::new(shown(&problem.title), shown(&problem.title_zh)),
                }
            }
            Self::NotFinal { .. } => Said::new(
                "the statement was sent but is not final yet; run the same command again, nothing \
                 is done twice",
                "声明已发送但尚未最终确认；请重新执行同一命令，不会重复办理",
            ),
        }
    }

    /// What exactly happened.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Asked(_) => None,
            Self::Disk { error, .. } => Some(error.to_string()),
            Self::BadFile { why, .. } => Some(shown(why)),
            Self::Unreachable { tried } => Some(shown(&tried.join("; "))),
            Self::Refused(problem) => problem.detail.as_deref().map(shown),
            Self::NotFinal { statement, tried } => {
                Some(shown(&format!("{statement}; {}", tried.join("; "))))
            }
        }
    }

    /// What is told of one file among several that cannot be opened, for people and for programs.
    pub fn of_file(&self, file: &Path, lang: Lang) -> (String, serde_json::Value) {
        let said = self.sentence();
        let sentence = lang.of(&said);
        let name = file.to_string_lossy();
        let detail = self.detail().unwrap_or_default();
        let text = format!("{}\n  ? {sentence}: {detail}\n", shown(&name));
        let error = json!({"kind": self.kind(), "sentence": sentence, "detail": detail});
        (text, json!({"file": name, "error": error}))
    }

    /// The failure as standard error shows it.
    pub fn shown(&self, lang: Lang, json: bool) -> String {
        let said = self.sentence();
        let sentence = lang.of(&said);
        if json {
            let object = json!({
                "kind": self.kind(),
                "code": self.code(),
                "sentence": sentence,
                "detail": self.detail(),
            });
            return object.to_string();
        }
        let code = self.code().map_or(String::new(), |code| format!("{code} "));
        let detail = self
            .detail()
            .map_or(String::new(), |detail| format!("\n  {detail}"));
        format!("hefu: {code}{sentence}{detail}")
    }
}
