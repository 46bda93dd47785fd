//! Key files: making one, and reading one for a command that signs.

use crate::cli::{Keygen, Role, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::say::{shown, table, Exit, Report};
use hefu_types::genesis::Network;
use hefu_types::operation::{member_identifier, NAME_BYTES_MAX};
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
    let valid = (1..=NAME_BYTES_MAX).contains(&args.holder.len())
        && args
            .holder
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if !valid {
        return Err(Failure::asked(
            "a holder's id has 1 to 64 of a-z, 0-9, dot, hyphen and underscore",
            "持有者编号由 1 至 64 个字母、数字、点、连字符或下划线组成",
        ));
    }
    let role = match args.role {
        Role::Agency => KeyRole::Agency,
        Role::Member => KeyRole::Member,
        Role::Registrar => KeyRole::Registrar,
        Role::Council => KeyRole::Council,
    };
    let mut file = KeyFile::new(role, &args.holder, suite, crate::random());
    match args.role {
        Role::Agency => file.fact_secret = Some(Hash(crate::random())),
        Role::Member => {
            file.identifier = args.identifier.as_deref().map(member_identifier);
            file.identifier_salt = Some(Salt(crate::random()));
        }
        Role::Registrar | Role::Council => {}
    }
    let mut bytes = serde_json::to_vec_pretty(&file).expect("a key file is plain JSON");
    bytes.push(b'\n');
    disk::write_secret(&args.out, &bytes)?;

    let proof = args.network_id.as_ref().and_then(|network| {
        let secret = file.secret_key()?;
        Some(secret.prove_possession(network, role.name(), &args.holder))
    });
    let commitment = file.member_commitment();
    let lang = shared.lang();
    let mut rows = vec![
        vec![
            lang.pick("key file", "密钥文件").to_owned(),
            shown(&args.out.to_string_lossy()),
        ],
        vec![lang.pick("role", "角色").to_owned(), role.name().to_owned()],
        vec![
            lang.pick("holder", "持有者").to_owned(),
            args.holder.clone(),
        ],
        vec![
            lang.pick("public key", "公钥").to_owned(),
            file.public_key.to_string(),
        ],
        vec![
            lang.pick("key id", "密钥标识").to_owned(),
            file.key_id.to_string(),
        ],
    ];
    if let Some(commitment) = commitment {
        let name = lang.pick("identifier (committed)", "标识承诺").to_owned();
        rows.push(vec![name, commitment.to_string()]);
    }
    if let Some(proof) = proof {
        let name = lang.pick("proof of possession", "持有证明").to_owned();
        rows.push(vec![name, proof.to_string()]);
    }
    let mut text = table(&rows);
    text.push_str(lang.pick(
        "Give all of these but the key file to your registrar. Whoever has the file signs for you.\n",
        "请将以上信息（密钥文件除外）交给登记机构。持有该文件者即可代您签名。\n",
    ));
    Ok(Report {
        exit: Exit::Yes,
        json: json!({
            "command": "keygen",
            "file": args.out,
            "role": role.name(),
            "holder": args.holder,
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
            matches!(run(&cli.shared, args), Err(Failure::Disk { .. })),
            "overwrote a key"
        );
    }
}
