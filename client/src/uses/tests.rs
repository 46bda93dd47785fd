use super::*;
use crate::cli::{Cli, Command};
use crate::testing::{sample, serve, World, SUITE};
use clap::Parser;
use hefu_types::record::State;
use hefu_wire::{path, Problem, StatementAnswer, StatementState};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

/// A buyer whose run was stopped after the statement was signed.
struct Stopped {
    folder: tempfile::TempDir,
    world: World,
    signed: Signed,
    record: StateKey,
}

impl Stopped {
    fn new() -> Self {
        let mut world = World::new();
        let registration = world.register("invoice", &sample(UBL));
        let record = world.planned("invoice", &sample(UBL)).record;
        let operation = Operation::Consume(operation::Consume {
            record,
            claim: operation::Claim::whole("reimburse", SUITE.document_digest(&sample(UBL))),
            lock: None,
            blinding: Blinding([9; 16]),
        });
        let signed = Signed::new(&world.network, &world.buyer, &[operation], crate::now());
        let stopped = Self {
            folder: tempfile::tempdir().expect("a folder"),
            world,
            signed,
            record,
        };
        let key = serde_json::to_vec(&stopped.world.buyer.file).expect("plain JSON");
        for (name, bytes) in [
            ("invoice", sample(UBL)),
            ("invoice.receipt", registration.encode()),
            ("key.json", key),
            (STATEMENT, stopped.signed.bytes.clone()),
        ] {
            disk::write(&stopped.path(name), &bytes).expect("written");
        }
        stopped
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A node that calls the statement refused, and has this receipt of its use.
    fn node(&self, code: Code, receipt: Option<Vec<u8>>) -> String {
        let refused = serde_json::to_vec(&StatementAnswer {
            statement: self.signed.id,
            state: StatementState::Final,
            height: None,
            entry: None,
            outcomes: vec![OutcomeAnswer::Refused {
                code: code.number(),
                sentence: String::new(),
                sentence_zh: String::new(),
                evidence: None,
                detail: None,
            }],
        });
        let refused = refused.expect("plain JSON");
        let receipt_path = path::operation_receipt(&self.signed.operation_id(0));
        let record_path = path::record(&self.record, Beside::default());
        let keys = [self.record];
        let certificate = self.world.certificate(&keys, crate::now()).encode();
        let problem = Problem::new(404, Code::NotFound, None);
        let absent = serde_json::to_vec(&problem).expect("plain JSON");
        serve(move |asked| match &receipt {
            Some(receipt) if asked == receipt_path => (200, receipt.clone()),
            _ if asked == record_path => (200, certificate.clone()),
            _ if asked.starts_with("/v1/statements") => (200, refused.clone()),
            _ => (404, absent.clone()),
        })
    }

    fn run_again(&self, nodes: &[&str]) -> Result<Report, Failure> {
        let network = self.world.network_file(self.folder.path(), nodes);
        let [key, file, network] =
            [self.path("key.json"), self.path("invoice"), network].map(|p| p.display().to_string());
        let folder = self.folder.path().display().to_string();
        let cli = Cli::try_parse_from([
            "hefu",
            "consume",
            "--lang",
            "en",
            "--timeout",
            "2s",
            "--network",
            &network,
            "--key",
            &key,
            "--for",
            "reimburse",
            "--receipts",
            &folder,
            &file,
        ])
        .expect("can be typed");
        let Command::Consume(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args)
    }
}

const STATEMENT: &str = ".invoice.reimburse.receipt.m-buyer.statement";

#[test]
fn a_use_that_was_done_is_not_refused_by_a_node_that_lies() {
    let mut stopped = Stopped::new();
    let receipt = stopped.world.consume(&stopped.signed);
    let liar = stopped.node(Code::NoRightToUse, None);
    let honest = stopped.node(Code::NoRightToUse, Some(receipt.encode()));
    let report = stopped.run_again(&[&liar, &honest]).expect("an answer");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    assert!(stopped.path("invoice.reimburse.receipt").is_file());
    assert!(!stopped.path(STATEMENT).exists());
}

#[test]
fn a_statement_is_kept_until_its_refusal_is_proven() {
    let mut stopped = Stopped::new();
    let node = stopped.node(Code::NoRightToUse, None);
    let report = stopped.run_again(&[&node]).expect("an answer");
    assert_eq!(report.exit, Exit::No, "{}", report.text);
    assert!(report.text.contains("5003"), "{}", report.text);
    assert!(stopped.path(STATEMENT).is_file());

    // A document that ended unused can no longer be used: a new statement would be signed now.
    let record = stopped.record;
    stopped.world.change(&record, |record| {
        record.status.state = State::Cancelled;
    });
    let node = stopped.node(Code::WrongState, None);
    let unsigned = stopped.run_again(&[&node]);
    assert!(unsigned.is_err(), "the digest was not served");
    assert!(!stopped.path(STATEMENT).exists());
}
