//! Where an audit fetches: a node, or a folder with the same paths. Nobody is trusted.

use crate::failure::Failure;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(20);
/// The longest answer that says what is wrong.
const PROBLEM_BYTES_MAX: usize = 64 * 1024;
/// How often something is asked for that a node cannot give at the moment.
const TRIES: u32 = 4;
/// The rest after the first try; it doubles.
const REST: Duration = Duration::from_millis(200);

/// What cannot be had, and why: no finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable(pub String);

/// See the module.
pub struct Source {
    name: String,
    kind: Kind,
    mirror: Option<PathBuf>,
}

enum Kind {
    Node { agent: ureq::Agent, url: String },
    Folder(PathBuf),
}

impl Source {
    /// A node where the name begins as an address does, else a folder. What a node serves is also written
    /// into `mirror`.
    pub fn open(name: &str, mirror: Option<&Path>) -> Result<Self, Failure> {
        let is_node = name.starts_with("http://") || name.starts_with("https://");
        let kind = if is_node {
            let agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_connect(Some(CONNECT))
                .timeout_global(Some(ANSWER))
                .user_agent(concat!("hefu/", env!("CARGO_PKG_VERSION")))
                .build()
                .into();
            let url = name.trim_end_matches('/').to_owned();
            Kind::Node { agent, url }
        } else if Path::new(name).is_dir() {
            Kind::Folder(PathBuf::from(name))
        } else {
            return Err(Failure::asked(
                format!("{name} is neither the address of a node (http://...) nor a folder"),
                format!("{name} 既不是节点地址（http://...），也不是文件夹"),
            ));
        };
        let mirror = mirror.filter(|_| is_node).map(Path::to_owned);
        let name = name.to_owned();
        Ok(Self { name, kind, mirror })
    }

    /// As it was typed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is served under a path, if it has at most so many bytes.
    pub fn get(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, Unavailable> {
        let bytes = match &self.kind {
            Kind::Node { agent, url } => ask(agent, &format!("{url}{path}"), bytes_max),
            Kind::Folder(folder) => {
                let file = inside(folder, path);
                match crate::disk::read_up_to(&file, bytes_max) {
                    Ok(Some(bytes)) => Ok(bytes),
                    Ok(None) => Err(format!("it has more than {bytes_max} bytes")),
                    Err(Failure::Disk { error, .. }) if error.kind() == ErrorKind::NotFound => {
                        Err("there is no such file".to_owned())
                    }
                    Err(failure) => Err(failure.to_string()),
                }
            }
        };
        bytes.map_err(|why| Unavailable(format!("{path}: {why}")))
    }

    /// The same, and kept in the mirror.
    pub fn fetch(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, Unavailable> {
        let bytes = self.get(path, bytes_max)?;
        self.keep(path, &bytes)?;
        Ok(bytes)
    }

    /// Writes a file of the mirror, if there is one: whole or not at all.
    pub fn keep(&self, path: &str, bytes: &[u8]) -> Result<(), Unavailable> {
        let Some(mirror) = &self.mirror else {
            return Ok(());
        };
        let file = inside(mirror, path);
        write(&file, bytes).map_err(|error| Unavailable(format!("{}: {error}", file.display())))
    }
}

/// A path that this program made, below a folder.
pub(super) fn inside(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.trim_start_matches('/'))
}

/// Not synced: what a loss of power takes is fetched again.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, file)
}

fn ask(agent: &ureq::Agent, url: &str, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut rest = REST;
    let mut tried = 0;
    loop {
        tried += 1;
        let (why, may_help) = match ask_once(agent, url, bytes_max) {
            Ok((200, body)) => return Ok(body),
            Ok((404, _)) => return Err("it is not there".to_owned()),
            Ok((status, _)) => (format!("HTTP status {status}"), status >= 429),
            Err(error) => (error.to_string(), true),
        };
        if !may_help || tried == TRIES {
            return Err(why);
        }
        std::thread::sleep(rest);
        rest *= 2;
    }
}

fn ask_once(
    agent: &ureq::Agent,
    url: &str,
    bytes_max: usize,
) -> Result<(u16, Vec<u8>), ureq::Error> {
    let mut response = agent.get(url).call()?;
    let status = response.status().as_u16();
    let limit = match status {
        200 => bytes_max,
        _ => PROBLEM_BYTES_MAX,
    };
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let body = response
        .body_mut()
        .with_config()
        .limit(limit)
        .read_to_vec()?;
    Ok((status, body))
}
