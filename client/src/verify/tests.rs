use super::*;
use crate::cli::{Cli, Command};
use crate::testing::{sample, serve, World, SUITE};
use clap::Parser;
use hefu_proof::fact::FactLeaf;
use hefu_proof::receipt::Receipt;
use hefu_types::key;
use hefu_types::record::{State, UseState};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const CII: &str = "renditions/cii-guangzhou-1017.xml";
const PDF: &str = "invoices/pdf-dongguan-6088.pdf";

struct Desk {
    folder: tempfile::TempDir,
    world: World,
    receipt: Receipt,
    nodes: Vec<String>,
}

impl Desk {
    /// The sample invoice is registered, its receipt lies on the desk, and no node answers.
    fn new() -> Self {
        let mut world = World::new();
        let receipt = world.register("invoice", &sample(UBL));
        let desk = Self {
            folder: tempfile::tempdir().expect("a folder"),
            world,
            receipt,
            nodes: vec!["http://127.0.0.1:1".into()],
        };
        desk.lay("r", &desk.receipt.encode());
        for (name, key) in [
            ("buyer.json", &desk.world.buyer),
            ("other.json", &desk.world.other),
        ] {
            desk.lay(name, &serde_json::to_vec(&key.file).expect("plain JSON"));
        }
        desk
    }

    fn lay(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        disk::write(&path, bytes).expect("written");
        path
    }

    /// A node that knows the state as it is now.
    fn go_online(&mut self) {
        let record = self.world.planned("invoice", &sample(UBL)).record;
        let suite = SUITE;
        let by_key = [
            record,
            key::agency(suite, "gd-tax"),
            key::member(suite, "m-buyer"),
            key::clock(suite),
        ];
        let digest = suite.document_digest(&sample(UBL));
        let by_digest = [&[key::digest(suite, &digest)], &by_key[..]].concat();
        let now = crate::now();
        let of_key = self.world.certificate(&by_key, now).encode();
        let of_digest = self.world.certificate(&by_digest, now).encode();
        let absent = |name: &str| {
            let digest = suite.document_digest(&sample(name));
            let certificate = self.world.certificate(&[key::digest(suite, &digest)], now);
            (
                hefu_wire::path::digest(&digest, Beside::default()),
                certificate.encode(),
            )
        };
        let absent = [CII, PDF, "invoices/ubl-shenzhen-3055.xml"].map(absent);
        let (key_path, digest_path) = (
            hefu_wire::path::record(&record, Beside::default()),
            hefu_wire::path::digest(&digest, Beside::default()),
        );
        let node = serve(move |path| {
            let plain = path.split('?').next().unwrap_or(path);
            let of_absent = absent.iter().find(|(path, _)| path == plain);
            match plain {
                _ if plain == key_path => (200, of_key.clone()),
                _ if plain == digest_path => (200, of_digest.clone()),
                _ => of_absent.map_or((404, Vec::new()), |(_, bytes)| (200, bytes.clone())),
            }
        });
        self.nodes = vec![node];
    }

    /// Verifies bytes; `{}` in an option stands for the folder.
    fn verify(&self, bytes: &[u8], options: &str) -> Report {
        let nodes: Vec<&str> = self.nodes.iter().map(String::as_str).collect();
        let network = self.world.network_file(self.folder.path(), &nodes);
        let file = self.lay("document", bytes);
        let folder = self.folder.path().to_string_lossy();
        let options = options.replace("{}", &folder);
        let (network, file) = (network.to_string_lossy(), file.to_string_lossy());
        let fixed = [
            "hefu",
            "verify",
            "--lang",
            "en",
            "--timeout",
            "2s",
            "--network",
            &network,
        ];
        let words = fixed
            .into_iter()
            .chain(options.split_whitespace())
            .chain([&*file]);
        let cli = Cli::try_parse_from(words).expect("can be typed");
        let Command::Verify(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args).expect("judged")
    }

    #[track_caller]
    fn check(&self, bytes: &[u8], options: &str, exit: Exit, says: &[&str]) {
        let report = self.verify(bytes, options);
        assert_eq!(report.exit, exit, "{}", report.text);
        for says in says {
            assert!(
                report.text.contains(says),
                "{says:?} is not in:\n{}",
                report.text
            );
        }
    }
}

/// The sample with another total.
fn altered() -> Vec<u8> {
    let xml = String::from_utf8(sample(UBL)).expect("text");
    let tag = "<cbc:TaxInclusiveAmount currencyID=\"CNY\">";
    xml.replace(tag, &format!("{tag}9")).into_bytes()
}

#[test]
fn offline_the_receipt_tells() {
    let desk = Desk::new();
    let offline = "--offline --receipt {}/r";
    desk.check(
        &sample(UBL),
        offline,
        Exit::Yes,
        &["VALID", "registered bytes"],
    );
    // Only what was registered is VALID: of another rendition nothing but its facts is known.
    let agree = ["COULD NOT TELL: the facts agree", "? document", "total"];
    desk.check(&sample(CII), offline, Exit::CouldNotTell, &agree);
    desk.check(
        &altered(),
        offline,
        Exit::No,
        &["6002", "different facts", "total"],
    );
    desk.check(
        &sample(UBL),
        "--offline",
        Exit::CouldNotTell,
        &["--receipt"],
    );
    // A receipt beside the file is found by itself, and one in a folder of receipts by its name.
    desk.lay("document.receipt", &desk.receipt.encode());
    desk.check(&sample(UBL), "--offline", Exit::Yes, &["VALID"]);
    desk.check(
        &sample(UBL),
        "--offline --receipt {}",
        Exit::Yes,
        &["VALID"],
    );
    // What was true an hour ago is not shown as true now.
    desk.check(
        &sample(UBL),
        "--offline --max-age 0s",
        Exit::CouldNotTell,
        &["? freshness"],
    );
}

#[test]
fn a_receipt_that_does_not_serve_is_never_a_no() {
    let desk = Desk::new();
    let offline = "--offline --receipt {}/r";
    let other = sample("invoices/ubl-shenzhen-3055.xml");
    desk.check(
        &other,
        offline,
        Exit::CouldNotTell,
        &["is of another document"],
    );
    desk.check(
        &sample(PDF),
        offline,
        Exit::CouldNotTell,
        &["is not of these bytes"],
    );
    let mut receipt = desk.receipt.clone();
    receipt.certificate.checkpoint.checkpoint.height += 1;
    desk.lay("r", &receipt.encode());
    desk.check(
        &sample(UBL),
        offline,
        Exit::CouldNotTell,
        &["proves nothing"],
    );
    let mut receipt = desk.receipt.clone();
    match &mut receipt.disclosed.as_mut().expect("disclosed").facts[0] {
        FactLeaf::Open(fact) => fact.value.push('x'),
        FactLeaf::Hidden(_) => panic!("all facts are open"),
    }
    desk.lay("r", &receipt.encode());
    desk.check(
        &sample(UBL),
        offline,
        Exit::CouldNotTell,
        &["proves nothing"],
    );
    desk.lay("r", b"not a receipt");
    desk.check(
        &sample(UBL),
        offline,
        Exit::CouldNotTell,
        &["proves nothing"],
    );
}

#[test]
fn online_it_tells_what_happened_since_the_receipt() {
    let mut desk = Desk::new();
    let record = desk.world.planned("invoice", &sample(UBL)).record;
    desk.go_online();
    desk.check(&sample(UBL), "", Exit::Yes, &["registered bytes"]);
    // Without a receipt there are not enough facts to compare; with one there are.
    desk.check(
        &sample(CII),
        "",
        Exit::CouldNotTell,
        &["not enough facts to compare"],
    );
    desk.check(
        &sample(CII),
        "--receipt {}/r",
        Exit::CouldNotTell,
        &["the facts agree"],
    );
    desk.check(&sample(PDF), "", Exit::CouldNotTell, &["tells no number"]);
    desk.check(
        &sample(UBL),
        "--number 1 --issuer 91440101MAHEFU012H",
        Exit::No,
        &["2003"],
    );
    // What was not typed is not compared, and what cannot be compared is not another number.
    let same = "--number 26442000000000001017 --issuer 91440101mahefu012h";
    desk.check(&sample(UBL), same, Exit::Yes, &["registered bytes"]);
    for odd in [
        "--number 26442000000000001017 --issuer 91440101MAHEFU012H --class other",
        "--number 26442000000000001017 --issuer 91440101MAHEFU012H --class credit-note",
    ] {
        desk.check(&sample(UBL), odd, Exit::CouldNotTell, &["? document"]);
    }
    desk.check(
        &sample(UBL),
        "--number 26442000000000001017 --issuer 91440101MAHEFU099X",
        Exit::No,
        &["2003"],
    );
    let other = sample("invoices/ubl-shenzhen-3055.xml");
    desk.check(&other, same, Exit::No, &["6002", "but here"]);
    desk.check(
        &sample(PDF),
        "--number 26442000000000001017 --issuer 91440101MAHEFU012H",
        Exit::CouldNotTell,
        &["not enough facts to compare"],
    );

    desk.world.change(&record, |record| {
        record.status.state = State::Cancelled;
        record.status.reason = Some("wrong-buyer".into());
    });
    desk.go_online();
    desk.check(
        &sample(UBL),
        "--receipt {}/r",
        Exit::No,
        &["NOT VALID", "wrong-buyer"],
    );
    // The receipt itself still says what was true then: only its age limits what it tells.
    desk.check(
        &sample(UBL),
        "--offline --receipt {}/r",
        Exit::Yes,
        &["VALID"],
    );
}

#[test]
fn a_file_that_was_withdrawn_is_no_document() {
    let mut desk = Desk::new();
    let record = desk.world.planned("invoice", &sample(UBL)).record;
    let digest = SUITE.document_digest(&sample(UBL));
    let operation = desk.world.record(&record).registration.operation;
    desk.world.change(&record, |record| {
        record.digests = vec![SUITE.document_digest(b"the corrected file")];
    });
    let withdrawn = hefu_types::leaf::DigestLeaf {
        record,
        operation,
        withdrawn: true,
    };
    desk.world.put(key::digest(SUITE, &digest), &withdrawn);
    desk.go_online();
    desk.check(&sample(UBL), "", Exit::No, &["6001", "withdrawn"]);
}

#[test]
fn without_a_node_the_receipt_judges_and_it_is_said() {
    let desk = Desk::new();
    desk.check(
        &sample(UBL),
        "--receipt {}/r",
        Exit::Yes,
        &["no node answered"],
    );
    let report = desk.verify(&sample(UBL), "--receipt {}/r");
    assert_eq!(report.json["documents"][0]["source"], "receipt");
}

#[test]
fn who_may_use_it_is_told_apart_from_who_may_not() {
    let mut desk = Desk::new();
    desk.go_online();
    let record = desk.world.planned("invoice", &sample(UBL)).record;
    let ubl = sample(UBL);
    desk.check(
        &ubl,
        "--for reimburse --as {}/buyer.json --receipt {}/r",
        Exit::Yes,
        &["✓ use"],
    );
    // Without receipt or key nothing shows that the invoice names this member.
    desk.check(
        &ubl,
        "--for reimburse --as {}/buyer.json",
        Exit::CouldNotTell,
        &["? use"],
    );
    desk.check(
        &ubl,
        "--for reimburse --as m-buyer --receipt {}/r",
        Exit::CouldNotTell,
        &["? use"],
    );
    desk.check(
        &ubl,
        "--for reimburse --receipt {}/r",
        Exit::CouldNotTell,
        &["? use"],
    );
    desk.check(
        &ubl,
        "--for holidays --as {}/buyer.json --receipt {}/r",
        Exit::No,
        &["5004"],
    );
    let report = desk.verify(&ubl, "--for reimburse --as {}/other.json --receipt {}/r");
    // The salt in a receipt is not proven, so that it does not open shows nothing; the fact is proven.
    assert!(report.text.contains("? use"), "{}", report.text);
    assert!(
        report.text.contains("✗ buyer        6007"),
        "{}",
        report.text
    );
    assert_eq!(report.exit, Exit::No, "{}", report.text);

    desk.world.change(&record, |record| {
        let consumed_at = Millis(1_600);
        record.uses.push(UseState {
            purpose: "reimburse".into(),
            consumed_at: Some(consumed_at),
            locked_until: None,
            whole: true,
            consumed_whole: true,
            unattested: false,
        });
    });
    desk.go_online();
    let report = desk.verify(&ubl, "--for reimburse --as {}/buyer.json --receipt {}/r");
    assert_eq!(report.exit, Exit::No, "{}", report.text);
    let dimensions = report.json["documents"][0]["dimensions"]
        .as_array()
        .expect("a list");
    let used = dimensions
        .iter()
        .find(|d| d["name"] == "use")
        .expect("asked");
    assert_eq!(
        (&used["answer"], &used["code"]),
        (&json!("no"), &json!(5002))
    );
}

/// A holder shows the total alone: another rendition agrees in it, an altered one does not, and what
/// is hidden is told as not compared.
#[test]
fn chosen_facts_are_compared_and_hidden_ones_are_counted() {
    let desk = Desk::new();
    let mut receipt = desk.receipt.clone();
    let disclosed = receipt.disclosed.as_mut().expect("disclosed");
    let all = disclosed.facts.len();
    disclosed.facts =
        hefu_proof::fact::disclose(SUITE, &disclosed.facts, &["total".to_owned()]).expect("open");
    desk.lay("r", &receipt.encode());
    let offline = "--offline --receipt {}/r";
    let hidden = format!("{} registered facts are hidden", all - 1);
    desk.check(
        &sample(CII),
        offline,
        Exit::CouldNotTell,
        &["agree with it (total)", &hidden],
    );
    desk.check(&altered(), offline, Exit::No, &["6002", "total", "1821980"]);
    desk.check(&sample(UBL), offline, Exit::Yes, &["VALID"]);
}

/// A folder of receipts is searched by what a file is, not only by its name.
#[test]
fn a_copy_under_another_name_finds_its_receipt_in_the_folder() {
    let desk = Desk::new();
    desk.lay(
        "receipts/invoice-of-october.receipt",
        &desk.receipt.encode(),
    );
    desk.lay("receipts/a-note.receipt", b"no receipt");
    let offline = "--offline --receipt {}/receipts";
    desk.check(&sample(UBL), offline, Exit::Yes, &["VALID"]);
    desk.check(&altered(), offline, Exit::No, &["6002", "total"]);
    desk.check(
        &sample(CII),
        offline,
        Exit::CouldNotTell,
        &["agree with it"],
    );
    desk.check(
        &sample(PDF),
        offline,
        Exit::CouldNotTell,
        &["nothing to judge by"],
    );
}

/// A correction put other files in the place of this one.
#[test]
fn a_file_that_was_corrected_away_is_no_file_of_the_document() {
    let mut desk = Desk::new();
    let record = desk.world.planned("invoice", &sample(UBL)).record;
    let digest = SUITE.document_digest(&sample(UBL));
    desk.world.change(&record, |record| {
        record.digests = vec![hefu_types::Digest([9; 32])];
    });
    let leaf = hefu_types::leaf::DigestLeaf {
        record,
        operation: hefu_types::OperationId([1; 32]),
        withdrawn: true,
    };
    desk.world.put(key::digest(SUITE, &digest), &leaf);
    desk.go_online();
    let says = ["✗ document     6001", "withdrawn", "✓ status"];
    desk.check(&sample(UBL), "", Exit::No, &says);
    desk.check(&sample(UBL), "--receipt {}/r", Exit::No, &says);
    // The receipt alone does not know it yet.
    desk.check(
        &sample(UBL),
        "--offline --receipt {}/r",
        Exit::Yes,
        &["VALID"],
    );
}

/// A proof that does not hold and one that is too old carry the codes of verification.
#[test]
fn what_is_wrong_with_proofs_has_a_code() {
    let desk = Desk::new();
    let old = "--offline --receipt {}/r --max-age 0s";
    desk.check(
        &sample(UBL),
        old,
        Exit::CouldNotTell,
        &["? freshness    6005"],
    );
    desk.lay("r", b"not a receipt");
    let bad = "--offline --receipt {}/r";
    desk.check(&sample(UBL), bad, Exit::CouldNotTell, &["6003 the receipt"]);
}

/// Whoever leaves the clock out of a certificate hides a halt, which puts off the end of another's lock.
#[test]
fn a_lock_is_not_over_where_the_clock_is_left_out() {
    let mut desk = Desk::new();
    let record = desk.world.planned("invoice", &sample(UBL)).record;
    desk.world.change(&record, |record| {
        record.uses.push(UseState {
            purpose: "reimburse".into(),
            consumed_at: None,
            locked_until: Some(Millis(2_000)),
            whole: true,
            consumed_whole: false,
            unattested: false,
        });
    });
    let file = &desk.world.buyer.file;
    let request = hefu_proof::verify::Request {
        purpose: Some("reimburse".into()),
        member: Some(hefu_proof::verify::Asker {
            id: file.holder.clone(),
            identifier: file.identifier.clone(),
            commitment: file.member_commitment(),
        }),
        ..hefu_proof::verify::Request::at(crate::now())
    };
    let subject = hefu_proof::Subject {
        digest: Some(SUITE.document_digest(&sample(UBL))),
        ..Default::default()
    };
    let usable = |more: &[StateKey]| {
        let fixed = [
            record,
            key::agency(SUITE, "gd-tax"),
            key::member(SUITE, "m-buyer"),
        ];
        let keys = [&fixed[..], more].concat();
        let evidence = hefu_proof::Evidence {
            receipts: vec![desk.receipt.clone()],
            certificates: vec![desk.world.certificate(&keys, crate::now())],
            ..Default::default()
        };
        let network = &desk.world.network;
        let memory = hefu_proof::Memory::new(network);
        let told = hefu_proof::verify(network, &memory, &subject, &evidence, &request);
        let mut dimensions = told.verdict.dimensions.into_iter();
        dimensions
            .find(|dimension| dimension.name == "use")
            .map(|it| it.answer)
    };
    assert_eq!(usable(&[]), Some(Answer::CouldNotTell));
    assert_eq!(usable(&[key::clock(SUITE)]), Some(Answer::Yes));
}
