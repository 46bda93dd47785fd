//! What each fuzz target does with bytes: one function, called by the fuzzer and by the replay of what
//! it found.
//!
//! A target never only decodes. What was decoded is encoded again and must give the same bytes, and is
//! then used as the program uses it. A target fails by panicking.

mod apply;
mod outsiders;

pub use apply::apply;
pub use outsiders::{
    cose_receipt, equivocation, memory, note, tlog_consistency, tlog_proof, transparent,
};

use super::Message;
use hefu::cli::{NetworkArg, NumberArgs, Register};
use hefu_formats::Reading;
use hefu_proof::certificate::{Value, CERTIFICATE_BYTES_MAX};
use hefu_proof::checkpoint::SignedCheckpoint;
use hefu_proof::handover::last_set;
use hefu_proof::log;
use hefu_proof::state_proof::StateProof;
use hefu_proof::{Handover, Receipt, ReceiptBundle, StatusCertificate, Verifier};
use hefu_types::block::{Block, BlockEntry};
use hefu_types::canonical;
use hefu_types::cose::CoseSign1;
use hefu_types::genesis::{Genesis, Network};
use hefu_types::leaf::{
    ActionLeaf, AgencyLeaf, ClockLeaf, CouncilLeaf, CoverageLeaf, DigestLeaf, KeyLeaf, Leaf,
    MemberLeaf, ParametersLeaf, RecognitionLeaf, RegionLeaf, RegistrarLeaf, RulesLeaf, ScopeLeaf,
    SetCurrentLeaf, SetLeaf, TypeLeaf,
};
use hefu_types::numbering::NumberingLeaf;
use hefu_types::operation::Operation;
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::Record;
use hefu_types::statement::{SignedHeader, Statement, COSE_BYTES_MAX, STATEMENT_BYTES_MAX};
use hefu_types::time::{Day, Millis};
use hefu_types::{
    Digest, EntryIndex, Hash, KeyId, OperationId, PublicKey, StateKey, StatementId, Suite, TreeSize,
};
use hefu_wire::catalogue::{holder_of, holder_words, table, Entry, Lang, Part, SavedCatalogue};
use hefu_wire::{
    ClaimFile, Health, KeyFile, NetworkFile, Problem, SignedCount, StatementAnswer, Tile,
};
use minicbor::{Decode, Encode};
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const SUITE: Suite = Suite::Sha256Ed25519;

/// A name and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets of this module, by the names of their folders in the corpus.
pub const TARGETS: &[Target] = &[
    ("answers", answers),
    ("apply", apply),
    ("block", block),
    ("bundle", bundle),
    ("catalogue", catalogue),
    ("certificate", certificate),
    ("checkpoint", checkpoint),
    ("cms", cms),
    ("cose_receipt", cose_receipt),
    ("edifact", edifact),
    ("equivocation", equivocation),
    ("gossip", gossip),
    ("handover", handover),
    ("header", header),
    ("identity", identity),
    ("json", json),
    ("key_file", key_file),
    ("leaves", leaves),
    ("list", list),
    ("log_paths", log_paths),
    ("mapping", mapping),
    ("mdoc", mdoc),
    ("memory", memory),
    ("network_file", network_file),
    ("note", note),
    ("ofd", ofd),
    ("ofd_parts", ofd_parts),
    ("operation", operation),
    ("paths", paths),
    ("pdf", pdf),
    ("receipt", receipt),
    ("state_proof", state_proof),
    ("statement", statement),
    ("tlog_consistency", tlog_consistency),
    ("tlog_proof", tlog_proof),
    ("transparent", transparent),
    ("xml", xml),
];

/// The network of the receipts and certificates in the corpus.
fn network() -> &'static Network {
    static NETWORK: OnceLock<Network> = OnceLock::new();
    NETWORK.get_or_init(|| {
        let file: NetworkFile = serde_json::from_slice(include_bytes!("network.json"))
            .expect("the network file of the corpus");
        file.network().expect("its genesis")
    })
}

/// What is read as canonical has exactly these bytes.
fn canonical<'b, T: Encode<()> + Decode<'b, ()>>(bytes: &'b [u8], bytes_max: usize) -> Option<T> {
    let value: T = canonical::decode(bytes, bytes_max).ok()?;
    assert_eq!(canonical::encode(&value), bytes, "read as canonical");
    Some(value)
}

/// A statement as admission and blocks take it.
pub fn statement(bytes: &[u8]) {
    let Some(statement) = canonical::<Statement>(bytes, STATEMENT_BYTES_MAX) else {
        return;
    };
    let operations = statement.operation_count();
    let Ok(read) = statement.read(SUITE, &network().digest()) else {
        return;
    };
    assert_eq!(read.operations().len(), operations);
    let key = PublicKey(read.key_id().0);
    let _ = read.verify(SUITE, &key);
}

/// One operation of a statement.
pub fn operation(bytes: &[u8]) {
    let Ok(operation) = Operation::decode(bytes) else {
        return;
    };
    assert_eq!(operation.encode(), bytes, "read as canonical");
    if let Operation::Register(register) = operation {
        normalise(&register.identity);
    }
}

/// A block, and the entry that one leaves in the log.
pub fn block(bytes: &[u8]) {
    if let Ok(block) = Block::decode(bytes) {
        assert_eq!(block.encode(), bytes, "read as canonical");
        let _ = hefu_state::ReadBlock::read(bytes, network(), |_| None);
    }
    if let Ok(entry) = BlockEntry::decode(bytes) {
        assert_eq!(entry.encode(), bytes, "read as canonical");
    }
}

/// A checkpoint with its cosignatures, and the note that is made of it.
pub fn checkpoint(bytes: &[u8]) {
    let Some(signed) = canonical::<SignedCheckpoint>(bytes, CERTIFICATE_BYTES_MAX) else {
        return;
    };
    let set = network().first_set();
    let _ = signed.verify(SUITE, network().origin(), &set);
    if let Some(note) = signed.note(network().origin(), &set) {
        let text = signed.checkpoint.text(network().origin());
        assert!(note.starts_with(&text), "a note begins with what is signed");
    }
}

/// A status certificate, read and verified as the client does.
pub fn certificate(bytes: &[u8]) {
    let Ok(certificate) = StatusCertificate::decode(bytes) else {
        return;
    };
    assert_eq!(certificate.encode(), bytes, "read as canonical");
    let _ = certificate.verify(network());
    // Behind the signatures, which no fuzzer forges.
    let root = certificate.checkpoint.checkpoint.state_root;
    for leaf in &certificate.leaves {
        let _ = leaf.verify(SUITE, &root);
    }
}

/// A catalogue that was kept, and what a node sends of one: read, told apart and made lines of, behind the
/// signatures, which no fuzzer forges.
pub fn catalogue(bytes: &[u8]) {
    let pages = match SavedCatalogue::decode(bytes) {
        Ok(saved) => {
            assert_eq!(saved.encode(), bytes, "read as canonical");
            saved.pages.into_iter().map(Vec::from).collect()
        }
        Err(_) => vec![bytes.to_vec()],
    };
    let mut entries = BTreeMap::new();
    for page in pages {
        let Ok(certificate) = StatusCertificate::decode(&page) else {
            continue;
        };
        for leaf in &certificate.leaves {
            if let Value::Leaf(bytes) = &leaf.value {
                let entry = Entry::read(SUITE, &leaf.key, bytes);
                entries.extend(entry.map(|entry| (leaf.key, entry)));
            }
        }
    }
    for part in Part::ALL {
        let table = table(SUITE, *part, &entries);
        let width = table.columns.len();
        assert!(table.rows.iter().all(|row| row.cells.len() == width));
        let json = serde_json::to_value(&table).expect("it is written");
        assert_eq!(json.as_array().map(Vec::len), Some(table.rows.len()));
        for lang in [Lang::En, Lang::Zh] {
            let csv = table.csv(lang);
            let formula = |cell: &str| cell.starts_with(['=', '+', '-', '@']);
            assert!(!csv
                .trim_start_matches('\u{feff}')
                .split("\r\n")
                .any(formula));
        }
    }
}

/// A proof of the state tree.
pub fn state_proof(bytes: &[u8]) {
    let Some(proof) = canonical::<StateProof>(bytes, StateProof::ENCODED_BYTES_MAX) else {
        return;
    };
    for byte in [0, 0xff] {
        let (root, key, value) = (Hash([1; 32]), StateKey([byte; 32]), Hash([2; 32]));
        for value in [Some(&value), None] {
            assert!(
                proof.verify(SUITE, &root, &key, value).is_err(),
                "no such root"
            );
        }
    }
}

/// A link of a chain of validator sets, under the first set.
pub fn handover(bytes: &[u8]) {
    let Some(link) = canonical::<Handover>(bytes, CERTIFICATE_BYTES_MAX) else {
        return;
    };
    let (origin, set) = (network().origin(), network().first_set());
    let _ = link.verify(SUITE, origin, &set);
    // As often as anybody writes it: its heights do not grow.
    assert!(last_set(SUITE, origin, set, &[link.clone(), link]).is_err());
}

/// What the log and receipts hold of a statement: a COSE_Sign1 with its headers.
pub fn header(bytes: &[u8]) {
    let cose = canonical::<CoseSign1>(bytes, COSE_BYTES_MAX);
    let read = SignedHeader::read(SUITE, &network().digest(), bytes);
    let Ok(header) = read else {
        return;
    };
    let cose = cose.expect("what is read as a header is a COSE_Sign1");
    assert_eq!(canonical::encode(&header.protected), cose.protected);
    assert_eq!(canonical::encode(&header.payload), cose.payload);
    let key = PublicKey(header.protected.key_id.0);
    let _ = header.verify(SUITE, &key);
}

/// Paths of the log: two numbers of eight bytes, two roots or a leaf and a root, and the path. What leads to a
/// root leads to no other, and a path that is longer or shorter leads nowhere.
pub fn log_paths(bytes: &[u8]) {
    let Some((numbers, hashes)) = bytes.split_at_checked(16) else {
        return;
    };
    let number = |at: usize| {
        numbers[at..at + 8]
            .iter()
            .fold(0, |n, b| n << 8 | u64::from(*b))
    };
    let (one, two) = (number(0), number(8));
    let hashes: Vec<Hash> = hashes
        .chunks_exact(Hash::LEN)
        .filter_map(|hash| Hash::try_from(hash).ok())
        .collect();
    let [leaf, root, path @ ..] = &hashes[..] else {
        return;
    };
    let inclusion = |path: &[Hash], root: &Hash| {
        log::verify_inclusion(SUITE, leaf, EntryIndex(one), TreeSize(two), path, root).is_ok()
    };
    let consistency = |path: &[Hash], root: &Hash| {
        let (first, second) = ((TreeSize(one), *leaf), (TreeSize(two), *root));
        log::verify_consistency(SUITE, first, second, path).is_ok()
    };
    let mut other = *root;
    other.0[31] ^= 1;
    let longer = [path, &[*leaf]].concat();
    if inclusion(path, root) {
        assert!(!inclusion(path, &other) && !inclusion(&longer, root));
        assert!(path.is_empty() || !inclusion(&path[1..], root));
    }
    if consistency(path, root) {
        assert!(!consistency(path, &other) && !consistency(&longer, root));
        assert!(path.is_empty() || !consistency(&path[1..], root));
    }
}

/// A receipt file, read and verified as the client does.
pub fn receipt(bytes: &[u8]) {
    let Ok(receipt) = Receipt::decode(bytes) else {
        return;
    };
    assert_eq!(receipt.encode(), bytes, "read as canonical");
    let _ = receipt.verify(network());
}

/// A bundle of receipts, as a node sends them.
pub fn bundle(bytes: &[u8]) {
    let Ok(bundle) = ReceiptBundle::decode(bytes) else {
        return;
    };
    assert_eq!(bundle.encode(), bytes, "read as canonical");
    let mut verifier = Verifier::new(network());
    for receipt in bundle.receipts().flatten() {
        let together = verifier.receipt(&receipt).is_ok();
        assert_eq!(
            together,
            receipt.verify(network()).is_ok(),
            "together as alone"
        );
    }
}

/// Everything that stands in the state tree.
pub fn leaves(bytes: &[u8]) {
    if let Ok(record) = Record::decode(bytes) {
        assert_eq!(record.encode(), bytes, "read as canonical");
        let public = record.public.clone();
        assert_eq!(
            record.value_hash(SUITE),
            public.value_hash(SUITE, &record.private_root(SUITE))
        );
        for seconds in [0, 1_800_000_000, u64::MAX / 1000] {
            let _ = hefu_proof::derived::status_at(&public, Millis(seconds * 1000));
        }
    }
    fn leaf<L: Leaf>(bytes: &[u8]) {
        if let Ok(leaf) = L::from_bytes(bytes) {
            assert_eq!(leaf.to_bytes(), bytes, "read as canonical");
        }
    }
    leaf::<ActionLeaf>(bytes);
    leaf::<AgencyLeaf>(bytes);
    leaf::<ClockLeaf>(bytes);
    leaf::<CouncilLeaf>(bytes);
    leaf::<CoverageLeaf>(bytes);
    leaf::<DigestLeaf>(bytes);
    leaf::<KeyLeaf>(bytes);
    leaf::<MemberLeaf>(bytes);
    leaf::<NumberingLeaf>(bytes);
    leaf::<ParametersLeaf>(bytes);
    leaf::<RecognitionLeaf>(bytes);
    leaf::<RegionLeaf>(bytes);
    leaf::<RegistrarLeaf>(bytes);
    leaf::<RulesLeaf>(bytes);
    leaf::<ScopeLeaf>(bytes);
    leaf::<SetCurrentLeaf>(bytes);
    leaf::<SetLeaf>(bytes);
    leaf::<TypeLeaf>(bytes);
}

/// What validators tell one another.
pub fn gossip(bytes: &[u8]) {
    let _ = canonical::<Message>(bytes, 5 * 1024 * 1024);
}

/// What is read as JSON is written and read again as the same.
fn json_round<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&value).expect("it is written");
    let again: T = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(again, value);
    Some(value)
}

/// What a node answers to a client.
pub fn answers(bytes: &[u8]) {
    json_round::<StatementAnswer>(bytes);
    json_round::<Health>(bytes);
    json_round::<SignedCount>(bytes);
    if let Some(problem) = json_round::<Problem>(bytes) {
        let _ = problem.to_string();
    }
}

/// A key file, and the key that travels with an invoice.
pub fn key_file(bytes: &[u8]) {
    if let Some(file) = json_round::<KeyFile>(bytes) {
        let _ = (file.secret_key(), file.member_commitment());
    }
    if let Some(file) = json_round::<ClaimFile>(bytes) {
        let _ = file.secret_key(SUITE);
    }
}

/// A network file, and a genesis.
pub fn network_file(bytes: &[u8]) {
    if let Some(file) = json_round::<NetworkFile>(bytes) {
        let _ = file.network();
    }
    if let Some(genesis) = json_round::<Genesis>(bytes) {
        if let Ok(network) = Network::new(genesis) {
            let _ = (network.first_set(), network.leaves());
        }
    }
}

/// What stands in the paths of the HTTP interface, and dates.
pub fn paths(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    fn same<T: std::str::FromStr + ToString>(text: &str) {
        if let Ok(value) = text.parse::<T>() {
            assert_eq!(value.to_string(), text.to_lowercase(), "one spelling");
        }
    }
    same::<Digest>(text);
    same::<KeyId>(text);
    same::<OperationId>(text);
    same::<StateKey>(text);
    same::<StatementId>(text);
    let _ = (
        Tile::parse(text),
        text.parse::<Part>(),
        text.parse::<Lang>(),
    );
    if let Ok(holder) = holder_of(text) {
        assert_eq!(holder_words(&holder), text, "one spelling");
    }
    if let Ok(day) = text.parse::<Day>() {
        for zone_minutes in [-1_440, 0, 480, 1_440] {
            let (begins, ends) = (day.begins(zone_minutes), day.ends(zone_minutes));
            assert!(begins <= ends, "{text}");
        }
    }
}

/// A legal number as somebody types it.
pub fn identity(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut parts = text.split('\n').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    normalise(&Identity {
        legal_issuer: next(),
        number: next(),
        class: next(),
        series: next(),
        period: next(),
    });
}

/// What a profile makes of a number it makes again, and takes.
fn normalise(identity: &Identity) {
    for profile in Profile::ALL {
        if let Ok(number) = profile.normalise(identity) {
            let said = number.identity();
            let again = profile.check(&said).map(|again| canonical::encode(&again));
            let number = canonical::encode(&number);
            assert_eq!(again, Ok(number), "normalised once is normalised");
        }
    }
}

/// What a reading promises, whatever it was read from.
fn document(bytes: &[u8]) {
    if let Ok(reading) = hefu_formats::read(bytes) {
        holds(&reading);
    }
}

fn holds(reading: &Reading) {
    assert!(!reading.documents.is_empty());
    for stated in &reading.documents {
        assert_eq!(stated.identity.is_none(), !stated.missing.is_empty());
        let facts = &stated.facts;
        assert!(facts.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(facts.iter().all(|fact| !fact.value.is_empty()));
        // Whatever the file says, its profile judges it.
        if let Some(identity) = &stated.identity {
            let _ = stated.profile.normalise(identity);
        }
    }
}

/// XML: UBL, CII, and all that claims to be.
pub fn xml(bytes: &[u8]) {
    if bytes.first() == Some(&b'<') {
        document(bytes);
    }
}

/// PDF.
pub fn pdf(bytes: &[u8]) {
    if bytes.starts_with(b"%PDF") {
        document(bytes);
    }
}

/// JSON of every form that is read.
pub fn json(bytes: &[u8]) {
    if matches!(bytes.first(), Some(b'{' | b'[')) {
        document(bytes);
    }
}

/// OFD and other archives, as they come.
pub fn ofd(bytes: &[u8]) {
    if bytes.starts_with(b"PK") {
        document(bytes);
        let _ = hefu_formats::archive::files(bytes);
    }
}

/// OFD by its parts: the input is cut at lines of dashes, and each piece becomes one of them, so that
/// what is changed is not the archive's checksum.
pub fn ofd_parts(bytes: &[u8]) {
    const NAMES: [&str; 10] = [
        "OFD.xml",
        "Doc_0/Document.xml",
        "Doc_0/Pages/Page_0/Content.xml",
        "Doc_0/Attachs/Attachments.xml",
        "Doc_0/Attachs/original_invoice.xml",
        "Doc_0/Tags/CustomTags.xml",
        "Doc_0/Tags/Tag_Invoice.xml",
        "Doc_0/Signs/Signatures.xml",
        "Doc_0/Signs/Sign_0/Signature.xml",
        "Doc_0/Signs/Sign_0/SignedValue.dat",
    ];
    const CUT: &[u8] = b"\n----\n";
    let mut rest = bytes;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for name in NAMES {
        let end = rest.windows(CUT.len()).position(|window| window == CUT);
        let (part, behind) = match end {
            Some(end) => (&rest[..end], &rest[end + CUT.len()..]),
            None => (rest, &[][..]),
        };
        rest = behind;
        let written = archive
            .start_file(name, stored)
            .and_then(|()| Ok(std::io::Write::write_all(&mut archive, part)?));
        assert!(written.is_ok(), "memory takes every part");
    }
    if let Ok(archive) = archive.finish() {
        document(&archive.into_inner());
    }
}

/// Files inside signatures, `.p7m`.
pub fn cms(bytes: &[u8]) {
    if bytes.first() == Some(&0x30) || bytes.starts_with(b"MII") || bytes.starts_with(b"-----") {
        document(bytes);
    }
}

/// EDIFACT.
pub fn edifact(bytes: &[u8]) {
    if bytes.starts_with(b"UN") {
        document(bytes);
    }
}

/// Mobile documents.
pub fn mdoc(bytes: &[u8]) {
    document(bytes);
}

/// Mapping files: a mapping, a line of dashes, and the file that it maps.
pub fn mapping(bytes: &[u8]) {
    const CUT: &[u8] = b"\n----\n";
    let end = bytes.windows(CUT.len()).position(|window| window == CUT);
    let (mapping, file) = match end {
        Some(end) => (&bytes[..end], &bytes[end + CUT.len()..]),
        None => (bytes, &b"{}"[..]),
    };
    if let Ok(mapping) = hefu_formats::Mapping::parse(mapping) {
        if let Ok(reading) = hefu_formats::read_mapped(file, &mapping) {
            holds(&reading);
        }
    }
}

/// The list of a registration, CSV.
pub fn list(bytes: &[u8]) {
    let typed = Register {
        mapping: None,
        network: NetworkArg {
            network: PathBuf::new(),
        },
        key: PathBuf::new(),
        number: NumberArgs::default(),
        one_document: false,
        region: None,
        csv: None,
        overrides: Default::default(),
        offline_at: None,
        facts: Vec::new(),
        batch: 1,
        receipts: PathBuf::new(),
        files: Vec::new(),
    };
    if let Ok(jobs) = hefu::list::rows(bytes, Path::new("lists"), SUITE, &typed) {
        for source in jobs.iter().flat_map(|job| &job.sources) {
            assert!(
                source.receipt.len() <= 200 && !source.receipt.contains('/'),
                "the name of a receipt is one name: {}",
                source.receipt
            );
        }
    }
}
