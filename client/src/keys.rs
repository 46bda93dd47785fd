//! Key files: making one, and reading one for a command that signs.

use crate::admit::request;
use crate::cli::{Keygen, Role, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::say::{shown, table, Exit, Report};
use hefu_types::genesis::Network;
use hefu_types::operation::member_identifier;
use hefu_types::suite::SecretKey;
use hefu_types::{Hash, Salt, Suite};
use hefu_wire::file::KeyRole;
use hefu_wire::KeyFile;
use serde_json::json;
use std::path::Path;

/// The longest key file in bytes.
const KEY_FILE_BYTES_MAX: usize = 16 * 1024;

/// A key file that was checked, with its secret.
pub struct Key {
    /// The file.
    pub file: KeyFile,
    /// The secret key.
    pub secret: SecretKey,
}

/// Reads a key file of a role, for a network.
pub fn open(path: &Path, role: KeyRole, network: &Network) -> Result<Key, Failure> {
    open_one_of(path, &[role], network)
}

/// Reads a key file of one of these roles, for a network.
pub fn open_one_of(path: &Path, roles: &[KeyRole], network: &Network) -> Result<Key, Failure> {
    let file = read(path)?;
    if !roles.contains(&file.role) {
        let wanted: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        let (is, wanted) = (file.role.name(), wanted.join(" or "));
        return Err(Failure::bad_file(
            path,
            format!("it is a key of role {is}, not {wanted}"),
        ));
    }
    if file.suite != network.suite().name() {
        return Err(Failure::bad_file(
            path,
            "its suite is not that of the network",
        ));
    }
    let secret = file
        .secret_key()
        .ok_or_else(|| Failure::bad_file(path, "its seed, public key and key id do not agree"))?;
    Ok(Key { file, secret })
}

/// Reads a key file of any role.
pub fn read(path: &Path) -> Result<KeyFile, Failure> {
    let bytes = disk::read(path, KEY_FILE_BYTES_MAX)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        // Only where, never what: the text of the error may quote the file.
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::bad_file(path, format!("it is not a key file ({place})"))
    })
}

/// `hefu keygen`.
pub fn run(shared: &Shared, args: &Keygen) -> Result<Report, Failure> {
    let suite = Suite::Sha256Ed25519;
    let role = KeyRole::from(args.role);
    let holder = match &args.holder {
        Some(holder) => holder.clone(),
        None if role == KeyRole::Member => member_id(),
        None => {
            return Err(Failure::asked(
                "give --holder: the id under which this key's holder is admitted",
                "请给出 --holder：该密钥持有者的准入标识",
            ))
        }
    };
    request::check_id(&holder)?;
    request::not_there(&args.out)?;
    let mut file = KeyFile::new(role, &holder, suite, crate::random());
    match role {
        KeyRole::Agency => file.fact_secret = Some(Hash(crate::random())),
        KeyRole::Member => {
            file.identifier = args.identifier.as_deref().map(member_identifier);
            file.identifier_salt = Some(Salt(crate::random()));
        }
        _ => {}
    }
    disk::write_secret(&args.out, &request::json_bytes(&file))?;

    let proven = args.network_id.as_ref().and_then(|id| file.proven(id));
    let proof = proven.map(|proven| proven.proof);
    let commitment = file.member_commitment();
    let lang = shared.lang();
    let row = |en: &str, zh: &str, value: String| vec![lang.pick(en, zh).to_owned(), value];
    let mut rows = vec![
        row("key file", "密钥文件", shown(&args.out.to_string_lossy())),
        row("role", "角色", role.name().to_owned()),
        row("holder", "持有者", holder.clone()),
        row("public key", "公钥", file.public_key.to_string()),
        row("key id", "密钥标识", file.key_id.to_string()),
    ];
    if let Some(commitment) = commitment {
        rows.push(row(
            "identifier (committed)",
            "标识承诺",
            commitment.to_string(),
        ));
    }
    if let Some(proof) = proof {
        rows.push(row("proof of possession", "持有证明", proof.to_string()));
    }
    let mut text = table(&rows);
    text.push_str(lang.pick(
        "Whoever has the key file signs for you: keep it to yourself. Ask to be admitted with `hefu agency \
         request`, `hefu member request`, `hefu registrar request` or `hefu govern request`.\n",
        "持有密钥文件者即可代您签名，请妥善保管。申请准入请用 hefu agency request、hefu member request、\
         hefu registrar request 或 hefu govern request。\n",
    ));
    Ok(Report {
        exit: Exit::Yes,
        json: json!({
            "command": "keygen",
            "file": args.out,
            "role": role.name(),
            "holder": holder,
            "suite": suite.name(),
            "public_key": file.public_key,
            "key_id": file.key_id,
            "identifier_commitment": commitment,
            "network_id": args.network_id,
            "proof": proof,
        }),
        text,
    })
}

/// A member's id says nothing about who it is.
fn member_id() -> String {
    let random: [u8; 8] = crate::random();
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("m-{digits}")
}

impl From<Role> for KeyRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Agency => Self::Agency,
            Role::Member => Self::Member,
            Role::Registrar => Self::Registrar,
            Role::Council => Self::Council,
            Role::AgencyManagement => Self::AgencyManagement,
            Role::MemberManagement => Self::MemberManagement,
            Role::RegistrarManagement => Self::RegistrarManagement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use hefu_types::possession;

    #[test]
    fn a_member_can_be_admitted_with_what_keygen_prints() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("member.json");
        let network = "00112233445566778899aabbccddeeff";
        let cli = Cli::try_parse_from([
            "hefu",
            "keygen",
            "--role",
            "member",
            "--holder",
            "m-1",
            "--identifier",
            " 91ab ",
            "--network-id",
            network,
            "--out",
            &out.to_string_lossy(),
        ])
        .expect("can be typed");
        let Command::Keygen(args) = &cli.command else {
            panic!("another command")
        };
        let report = run(&cli.shared, args).expect("made");

        let file = read(&out).expect("read");
        assert_eq!(file.identifier.as_deref(), Some("91AB"));
        let proof = report.json["proof"]
            .as_str()
            .expect("there")
            .parse()
            .expect("a signature");
        let network = network.parse().expect("an id");
        let suite = Suite::Sha256Ed25519;
        assert_eq!(
            possession::check(suite, &network, "member", "m-1", &file.public_key, &proof),
            Ok(())
        );
        assert_eq!(
            report.json["identifier_commitment"].as_str(),
            file.member_commitment()
                .map(|hash| hash.to_string())
                .as_deref()
        );
        assert!(
            matches!(run(&cli.shared, args), Err(Failure::Asked(_))),
            "overwrote a key"
        );
    }
}
