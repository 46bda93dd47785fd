//! Receipts whose statement is another one, or is signed by somebody else.

use super::bad::{flip, Bad};
use super::parties::START;
use hefu_types::canonical;
use hefu_types::cose::{CoseSign1, Protected};
use hefu_types::statement::Payload;
use hefu_types::NetworkDigest;

/// The parts of a statement's COSE_Sign1, altered and put together again.
fn edited(
    cose: &[u8],
    edit: impl FnOnce(&mut Protected, &mut Payload),
    sign: impl FnOnce(&[u8]) -> Option<hefu_types::Signature>,
) -> Vec<u8> {
    let mut cose: CoseSign1 = canonical::decode(cose, 4096).expect("a good statement");
    let mut protected = canonical::decode(&cose.protected, 4096).expect("a good statement");
    let mut payload = canonical::decode(&cose.payload, 4096).expect("a good statement");
    edit(&mut protected, &mut payload);
    cose.protected = canonical::encode(&protected);
    cose.payload = canonical::encode(&payload);
    let structure = CoseSign1::sig_structure(&cose.protected, &cose.payload);
    cose.signature = sign(&structure).unwrap_or(cose.signature);
    canonical::encode(&cose)
}

/// Receipts that a verifier must refuse for their statement.
pub fn add(bad: &mut Bad<'_>) {
    let base = "register";
    let good = bad.good;
    let world = &good.four;
    let cose = good.receipt(base).operation.cose.to_vec();
    let mut replace = |name: &str, bytes: Vec<u8>, reason| {
        let name = format!("statement-{name}");
        bad.altered(&name, base, |r| r.operation.cose = bytes.into(), reason);
    };
    let end = cose.len();
    let mut signature = cose.clone();
    signature[end - 1] ^= 1;
    replace("signature-altered", signature, "bad-signature");
    replace("trailing-byte", [&cose[..], &[0]].concat(), "not-canonical");
    replace("cut", cose[..end - 1].to_vec(), "malformed");
    replace("untagged", cose[1..].to_vec(), "malformed");
    replace(
        "of-another-tag",
        [&[0xd1], &cose[1..]].concat(),
        "malformed",
    );
    let at = cose.windows(2).position(|two| two == [0xa0, 0x58]);
    let at = at.expect("the unprotected header is empty");
    let header = [&cose[..at], &[0xa1, 0x04, 0x40], &cose[at + 1..]].concat();
    replace("unprotected-header", header, "malformed");
    let mut content = cose.clone();
    let word = content.windows(8).position(|word| word == b"vnd.hefu");
    content[word.expect("its content type")] = b'V';
    replace("of-another-content-type", content, "malformed");
    let housing = &world.maker.actors["housing"];
    let mut edit = |name: &str, edit: fn(&mut Protected, &mut Payload), signed: bool, reason| {
        let sign = |structure: &[u8]| signed.then(|| housing.sign_statement(structure));
        replace(name, edited(&cose, edit, sign), reason);
    };
    edit(
        "nonce-altered",
        |_, p| p.nonce.0[0] ^= 1,
        false,
        "bad-signature",
    );
    edit(
        "time-altered",
        |_, p| p.valid_until = START,
        false,
        "bad-signature",
    );
    edit(
        "root-altered",
        |_, p| flip(&mut p.operations_root.0),
        false,
        "bad-signature",
    );
    edit(
        "subject-altered",
        |h, _| h.subject.push('x'),
        false,
        "bad-signature",
    );
    edit(
        "issuer-altered",
        |h, _| h.issuer = "tax".to_owned(),
        false,
        "bad-signature",
    );
    edit(
        "not-in-the-log",
        |_, p| p.nonce.0[0] ^= 1,
        true,
        "other-root",
    );
    edit(
        "of-another-issuer",
        |h, _| h.issuer = "tax".to_owned(),
        true,
        "other-holder",
    );
    edit(
        "of-another-network",
        |h, _| h.network = NetworkDigest([7; 32]),
        true,
        "other-network",
    );
    edit(
        "of-another-algorithm",
        |h, _| h.algorithm = -7,
        true,
        "other-algorithm",
    );
    edit(
        "of-no-operations",
        |_, p| p.operation_count = 0,
        true,
        "bad-count",
    );
    edit(
        "of-4097-operations",
        |_, p| p.operation_count = 4_097,
        true,
        "bad-count",
    );
    edit(
        "of-a-long-name",
        |h, _| h.issuer = "x".repeat(65),
        true,
        "name-too-long",
    );
    edit(
        "of-an-unknown-key",
        |h, _| flip(&mut h.key_id.0),
        true,
        "not-proven",
    );
    let tax = &world.maker.actors["tax"];
    let by_another = edited(
        &cose,
        |_, _| (),
        |structure| Some(tax.sign_statement(structure)),
    );
    replace("signed-by-another", by_another, "bad-signature");
    let claim = tax.prove_possession(&world.network.genesis().network_id, "agency", "tax");
    replace(
        "signed-for-another-purpose",
        edited(&cose, |_, _| (), |_| Some(claim)),
        "bad-signature",
    );
}
