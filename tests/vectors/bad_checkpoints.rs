//! Proofs of another network, of another checkpoint, or without a quorum.

use super::bad::{flip, shorter, Bad};
use super::manifest::Kind;
use hefu_proof::checkpoint::{Checkpoint, SignedCheckpoint};
use hefu_proof::StatusCertificate;
use hefu_types::block::MemberCosignature;
use hefu_types::Signature;

/// Checkpoints that a verifier must refuse.
pub fn add(bad: &mut Bad<'_>) {
    networks(bad);
    checkpoints(bad);
    cosignatures(bad);
}

fn networks(bad: &mut Bad<'_>) {
    let seven = bad.good.case("status-seven").bytes.clone();
    bad.bytes(
        Kind::Certificate,
        "of-another-network",
        seven,
        "other-network",
    );
    let receipt = bad.good.case("register-seven").bytes.clone();
    bad.bytes(
        Kind::Receipt,
        "receipt-of-another-network",
        receipt,
        "other-network",
    );
    bad.certificate(
        "format-1",
        "status-in-force",
        |c| c.format = 1,
        "unknown-format",
    );
    bad.altered(
        "receipt-format-1",
        "register",
        |r| r.certificate.format = 1,
        "unknown-format",
    );
    let digest = bad.good.networks["four"].digest();
    // Everything of the other network but its name in it.
    let renamed = |c: &mut StatusCertificate| c.network = digest;
    let mut seven = bad.good.certificate("status-seven");
    renamed(&mut seven);
    let bytes = seven.encode();
    bad.bytes(
        Kind::Certificate,
        "of-another-network-renamed",
        bytes,
        "bad-cosignature",
    );
    bad.certificate(
        "network-altered",
        "status-in-force",
        |c| flip(&mut c.network.0),
        "other-network",
    );
}

fn checkpoints(bad: &mut Bad<'_>) {
    let base = "status-in-force";
    let mut alter = |name: &str, alter: fn(&mut Checkpoint), reason| {
        let alter = |c: &mut StatusCertificate| alter(&mut c.checkpoint.checkpoint);
        bad.certificate(&format!("checkpoint-{name}-altered"), base, alter, reason);
    };
    alter("size", |c| c.size.0 += 1, "bad-cosignature");
    alter("log-root", |c| flip(&mut c.log_root.0), "bad-cosignature");
    alter(
        "state-root",
        |c| flip(&mut c.state_root.0),
        "bad-cosignature",
    );
    alter("height", |c| c.height += 1, "bad-cosignature");
    alter("time", |c| c.time.0 += 1, "bad-cosignature");
    alter("counter", |c| c.compromise_counter += 1, "bad-cosignature");
    alter("epoch", |c| c.epoch += 1, "other-epoch");
    // The checkpoint of one height with the signatures of another.
    let later = bad.good.certificate("status-in-force-later").checkpoint;
    let text = later.checkpoint.clone();
    bad.certificate(
        "checkpoint-of-another-height",
        base,
        |c| c.checkpoint.checkpoint = text,
        "bad-cosignature",
    );
    // Two checkpoints in one: leaves under the one, signatures under the other.
    bad.certificate(
        "leaves-of-another-checkpoint",
        base,
        |c| c.checkpoint = later,
        "other-root",
    );
    let mut alter = |name: &str, alter: &dyn Fn(&mut SignedCheckpoint), reason| {
        bad.certificate(name, base, |c| alter(&mut c.checkpoint), reason);
    };
    let log = "bad-log-signature";
    alter(
        "log-signature-altered",
        &|s| flip(&mut s.log_signature.signature.0),
        log,
    );
    alter(
        "log-signature-of-another-member",
        &|s| s.log_signature.member ^= 1,
        log,
    );
    alter(
        "log-signature-of-nobody",
        &|s| s.log_signature.member = 4,
        "unknown-member",
    );
    alter(
        "log-signature-by-the-checkpoint-key",
        &|s| s.log_signature.signature = s.cosignatures[0].signature,
        log,
    );
}

fn cosignatures(bad: &mut Bad<'_>) {
    let base = "status-in-force";
    let mut alter = |name: &str, alter: &dyn Fn(&mut Vec<MemberCosignature>), reason| {
        let alter = |c: &mut StatusCertificate| alter(&mut c.checkpoint.cosignatures);
        bad.certificate(&format!("cosignature-{name}"), base, alter, reason);
    };
    let (forged, unordered) = ("bad-cosignature", "cosignatures-not-ascending");
    alter("missing", &|c| shorter(c), "no-quorum");
    alter("none", &|c| c.clear(), "no-quorum");
    alter("twice", &|c| c[1] = c[0].clone(), unordered);
    alter("once-more", &|c| c.insert(0, c[0].clone()), unordered);
    alter("not-ascending", &|c| c.swap(0, 1), unordered);
    alter("of-nobody", &|c| c[2].member = 4, "unknown-member");
    alter(
        "of-nobody-by-far",
        &|c| c[2].member = 65_535,
        "unknown-member",
    );
    alter("altered", &|c| flip(&mut c[0].signature.0), forged);
    alter("altered-at-the-end", &|c| c[2].signature.0[40] ^= 1, forged);
    alter("of-zeros", &|c| c[1].signature = Signature([0; 64]), forged);
    alter("time-altered", &|c| c[0].seconds += 1, forged);
    alter(
        "times-swapped",
        &|c| (c[0].seconds, c[1].seconds) = (c[1].seconds, c[0].seconds),
        forged,
    );
    alter(
        "signatures-swapped",
        &|c| (c[0].signature, c[1].signature) = (c[1].signature, c[0].signature),
        forged,
    );
    alter(
        "one-key-for-two",
        &|c| c[1].signature = c[0].signature,
        forged,
    );
    alter(
        "malleated",
        &|c| c[0].signature = malleated(c[0].signature),
        forged,
    );
    let many = |c: &mut Vec<MemberCosignature>| {
        let first = c[0].clone();
        let numbered = |member| MemberCosignature {
            member,
            ..first.clone()
        };
        *c = (0..257).map(numbered).collect();
    };
    alter("257", &many, unordered);
    // Signatures by other keys of the right validators, or for another purpose.
    let good = bad.good;
    let world = &good.four;
    let set = world.network.first_set();
    let published = &good.certificate(base).checkpoint;
    let text = published.checkpoint.text(world.network.origin());
    let names: Vec<&str> = set.validators.iter().map(|v| v.name.as_str()).collect();
    let keys = |member: u16| &world.maker.validators[names[usize::from(member)]];
    let mut resigned = |name: &str, sign: &dyn Fn(&MemberCosignature) -> Signature| {
        let alter = |c: &mut StatusCertificate| {
            for one in &mut c.checkpoint.cosignatures {
                one.signature = sign(one);
            }
        };
        bad.certificate(&format!("cosignatures-{name}"), base, alter, forged);
    };
    resigned("by-log-keys", &|one| {
        keys(one.member).log.cosign(&text, one.seconds)
    });
    resigned("of-the-bare-text", &|one| {
        keys(one.member).checkpoint.sign_note(&text)
    });
    let elsewhere = published.checkpoint.text("elsewhere.example/00");
    resigned("of-another-origin", &|one| {
        keys(one.member).checkpoint.cosign(&elsewhere, one.seconds)
    });
    for (network, short) in [("seven", 4), ("twenty", 13)] {
        let base = format!("status-{network}");
        let name = format!("cosignature-missing-of-{network}");
        let alter = |c: &mut StatusCertificate| c.checkpoint.cosignatures.truncate(short);
        bad.certificate(&name, &base, alter, "no-quorum");
    }
}

/// The same signature with the order of the group added to its S: what does not look is deceived.
fn malleated(mut signature: Signature) -> Signature {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in signature.0[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = (carry & 0xff) as u8;
        carry >>= 8;
    }
    signature
}
