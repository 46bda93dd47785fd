//! The bad files: each is a good one in which one thing is wrong, and the reason for which a verifier must
//! refuse it. Signatures are made anew with the right keys where only that shows the fault.

use super::good::{Document, Good};
use super::manifest::{Case, Expect, Kind};
use super::parties::SUITE;
use super::{bad_bytes, bad_log, bad_receipts};
use hefu_proof::certificate::{ProvenLeaf, Value};
use hefu_proof::checkpoint::{Checkpoint, SignedCheckpoint};
use hefu_proof::{Receipt, StateProof, StatusCertificate};
use hefu_types::block::MemberCosignature;
use hefu_types::leaf::{Leaf, SetLeaf};
use hefu_types::record::{PublicPart, State};
use hefu_types::{canonical, Hash, Millis, PrivateRoot, Signature, StateKey, TreeSize};

/// The bad cases in the making.
pub struct Bad<'a> {
    /// What they are made of.
    pub good: &'a Good,
    cases: Vec<Case>,
}

/// All bad cases.
pub fn cases(good: &Good) -> Vec<Case> {
    let cases = Vec::new();
    let mut bad = Bad { good, cases };
    bad_bytes::add(&mut bad);
    networks(&mut bad);
    checkpoints(&mut bad);
    cosignatures(&mut bad);
    leaves(&mut bad);
    records(&mut bad);
    state_proofs(&mut bad);
    handovers(&mut bad);
    bad_receipts::add(&mut bad);
    bad_log::add(&mut bad);
    bad.cases
}

impl Bad<'_> {
    fn add(
        &mut self,
        network: &'static str,
        kind: Kind,
        name: &str,
        bytes: Vec<u8>,
        reason: &'static str,
    ) -> &mut Case {
        self.cases.push(Case {
            name: name.to_owned(),
            kind,
            network,
            bytes,
            asks: Vec::new(),
            at: Vec::new(),
            expect: Expect::Refuse(reason),
        });
        self.cases.last_mut().expect("it was just added")
    }

    /// Bytes for the network of four.
    pub fn bytes(&mut self, kind: Kind, name: &str, bytes: Vec<u8>, reason: &'static str) {
        self.add("four", kind, name, bytes, reason);
    }

    /// A receipt for the network of four.
    pub fn receipt(&mut self, name: &str, receipt: &Receipt, reason: &'static str) {
        let bytes = receipt.encode();
        self.bytes(Kind::Receipt, name, bytes, reason);
    }

    /// An altered receipt.
    pub fn altered(
        &mut self,
        name: &str,
        base: &str,
        alter: impl FnOnce(&mut Receipt),
        reason: &'static str,
    ) {
        let mut receipt = self.good.receipt(base);
        alter(&mut receipt);
        let network = self.good.case(base).network;
        self.add(network, Kind::Receipt, name, receipt.encode(), reason);
    }

    /// An altered certificate, asked for what the good one was.
    fn certificate(
        &mut self,
        name: &str,
        base: &str,
        alter: impl FnOnce(&mut StatusCertificate),
        reason: &'static str,
    ) {
        let mut certificate = self.good.certificate(base);
        alter(&mut certificate);
        let (asks, network) = {
            let base = self.good.case(base);
            (base.asks.clone(), base.network)
        };
        let case = self.add(
            network,
            Kind::Certificate,
            name,
            certificate.encode(),
            reason,
        );
        case.asks = asks;
    }
}

/// One bit of bytes is turned.
pub fn flip(bytes: &mut [u8]) {
    bytes[0] ^= 1;
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
    let (forged, unordered) = ("bad-cosignature", "not-ascending");
    alter("missing", &|c| drop(c.pop()), "no-quorum");
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

fn leaves(bad: &mut Bad<'_>) {
    let base = "status-in-force";
    let mut alter = |name: &str, alter: &dyn Fn(&mut Vec<ProvenLeaf>), reason| {
        bad.certificate(
            &format!("leaves-{name}"),
            base,
            |c| alter(&mut c.leaves),
            reason,
        );
    };
    alter("not-ascending", &|l| l.swap(0, 1), "not-ascending");
    alter("twice", &|l| l.push(l[1].clone()), "not-ascending");
    alter("none", &|l| l.clear(), "missing");
    alter(
        "without-the-record",
        &|l| l.retain(|leaf| !is_record(leaf)),
        "missing",
    );
    alter(
        "proofs-swapped",
        &|l| (l[0].proof, l[1].proof) = (l[1].proof.clone(), l[0].proof.clone()),
        "other-root",
    );
    alter(
        "values-swapped",
        &|l| (l[0].value, l[1].value) = (l[1].value.clone(), l[0].value.clone()),
        "other-root",
    );
    alter("key-altered", &|l| l[1].key.0[31] ^= 1, "other-root");
    alter(
        "absent-though-present",
        &|l| l[1].value = Value::Absent,
        "other-root",
    );
    let as_leaf = |leaves: &mut Vec<ProvenLeaf>| {
        let Value::Record(public, root) = &leaves[1].value else {
            panic!("the record is the last leaf")
        };
        // The bytes that are hashed are the same.
        let bytes = [canonical::encode(public), root.0.to_vec()].concat();
        leaves[1].value = Value::Leaf(bytes.into());
    };
    alter("record-as-another-leaf", &as_leaf, "bad-leaf");
    let agency = |leaves: &mut Vec<ProvenLeaf>| {
        if let Value::Leaf(bytes) = &mut leaves[0].value {
            let at = bytes.windows(7).position(|word| word == b"housing");
            bytes[at.expect("its id")] = b'H';
        }
    };
    alter("agency-altered", &agency, "other-root");
    // The question is another one.
    let other = Document::licence("housing", 77).ask();
    let bytes = bad.good.case(base).bytes.clone();
    bad.add(
        "four",
        Kind::Certificate,
        "asked-for-another-document",
        bytes,
        "missing",
    )
    .asks = vec![other];
    let bytes = bad.good.case("absent-empty").bytes.clone();
    let asked = Document::licence("housing", 1).ask();
    bad.add(
        "four",
        Kind::Certificate,
        "absence-of-another-document",
        bytes,
        "missing",
    )
    .asks = vec![asked];
}

fn is_record(leaf: &ProvenLeaf) -> bool {
    matches!(leaf.value, Value::Record(..))
}

fn records(bad: &mut Bad<'_>) {
    let mut alter = |name: &str, alter: &dyn Fn(&mut PublicPart, &mut PrivateRoot)| {
        let alter = |c: &mut StatusCertificate| {
            for leaf in &mut c.leaves {
                if let Value::Record(public, root) = &mut leaf.value {
                    alter(public, root);
                }
            }
        };
        bad.certificate(
            &format!("record-{name}-altered"),
            "status-suspended",
            alter,
            "other-root",
        );
    };
    alter("type", &|p, _| p.document_type = "permit".to_owned());
    alter("agency", &|p, _| p.agency = "works".to_owned());
    alter("region", &|p, _| p.region = "south".to_owned());
    alter("legal-issuer", &|p, _| p.legal_issuer = "WORKS".to_owned());
    alter("digest", &|p, _| flip(&mut p.digests[0].0));
    alter("fact-root", &|p, _| p.fact_root = None);
    alter("end", &|p, _| p.valid_before = None);
    alter("beginning", &|p, _| p.valid_from = Some(Millis(0)));
    alter("state", &|p, _| p.status.state = State::Issued);
    alter("effective-time", &|p, _| {
        p.status.effective_at = p.status.effective_at.plus(1)
    });
    alter("recorded-time", &|p, _| {
        p.status.recorded_at = p.status.recorded_at.minus(1)
    });
    alter("suspension-end", &|p, _| p.status.until = None);
    alter("registration", &|p, _| {
        flip(&mut p.registration.operation.0)
    });
    alter("counter", &|p, _| p.registration.compromise_counter += 1);
    alter("event-count", &|p, _| p.event_count += 1);
    alter("past", &|p, _| p.past.clear());
    alter("open-fact", &|p, _| {
        p.open_facts[0].value = "一级".to_owned()
    });
    alter("private-root", &|_, root| flip(&mut root.0));
}

/// A state proof taken apart, so that it can be put together wrongly.
#[derive(Clone)]
struct Parts {
    depth: u64,
    bitmap: Vec<u8>,
    hashes: Vec<u8>,
    neighbour: Option<(StateKey, Hash)>,
}

impl Parts {
    fn of(proof: &StateProof) -> Self {
        let bytes = minicbor::to_vec(proof).expect("memory");
        let mut d = minicbor::Decoder::new(&bytes);
        let mut read = || -> Result<Self, minicbor::decode::Error> {
            let entries = d.map()?;
            d.u8()?;
            let depth = d.u64()?;
            d.u8()?;
            let bitmap = d.bytes()?.to_vec();
            d.u8()?;
            let hashes = d.bytes()?.to_vec();
            let mut neighbour = None;
            if entries == Some(4) {
                d.u8()?;
                d.array()?;
                neighbour = Some((d.decode()?, d.decode()?));
            }
            Ok(Self {
                depth,
                bitmap,
                hashes,
                neighbour,
            })
        };
        read().expect("it was just encoded")
    }

    fn encode(&self) -> Vec<u8> {
        let mut e = minicbor::Encoder::new(Vec::new());
        let mut write = || -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
            e.map(3 + u64::from(self.neighbour.is_some()))?;
            e.u8(0)?.u64(self.depth)?;
            e.u8(1)?.bytes(&self.bitmap)?;
            e.u8(2)?.bytes(&self.hashes)?;
            if let Some((key, hash)) = &self.neighbour {
                e.u8(3)?.array(2)?.encode(key)?.encode(hash)?;
            }
            Ok(())
        };
        write().expect("memory");
        e.into_writer()
    }
}

fn state_proofs(bad: &mut Bad<'_>) {
    let mut alter = |base: &str, name: &str, alter: &dyn Fn(&mut Parts, &StateKey), reason| {
        let good = bad.good.certificate(base);
        let at = good
            .leaves
            .iter()
            .position(|leaf| leaf.key.0[0] & 0x80 != 0);
        let leaf = &good.leaves[at.expect("a record is asked for")];
        let mut parts = Parts::of(&leaf.proof);
        alter(&mut parts, &leaf.key);
        let from = minicbor::to_vec(leaf).expect("memory");
        let proof = minicbor::to_vec(&leaf.proof).expect("memory");
        let to = replaced(&from, &proof, &parts.encode());
        let bytes = replaced(&bad.good.case(base).bytes, &from, &to);
        let asks = bad.good.case(base).asks.clone();
        bad.add("four", Kind::Certificate, name, bytes, reason).asks = asks;
    };
    let (other, malformed) = ("other-root", "malformed");
    let present = "status-in-force-later";
    alter(
        present,
        "proof-hash-altered",
        &|p, _| flip(&mut p.hashes),
        other,
    );
    alter(
        present,
        "proof-hashes-swapped",
        &|p, _| p.hashes.rotate_left(32),
        other,
    );
    alter(
        present,
        "proof-one-level-less",
        &|p, _| {
            p.depth -= 1;
            p.hashes.truncate(p.hashes.len() - 32);
        },
        other,
    );
    alter(
        present,
        "proof-one-level-more",
        &|p, _| {
            p.depth += 1;
            p.hashes.extend([7; 32]);
        },
        other,
    );
    alter(
        present,
        "proof-of-no-levels",
        &|p, _| {
            (p.depth, p.bitmap, p.hashes) = (0, Vec::new(), Vec::new());
        },
        other,
    );
    alter(
        present,
        "proof-hash-missing",
        &|p, _| p.hashes.truncate(p.hashes.len() - 32),
        malformed,
    );
    alter(
        present,
        "proof-hash-too-many",
        &|p, _| p.hashes.extend([7; 32]),
        malformed,
    );
    alter(
        present,
        "proof-hash-cut",
        &|p, _| p.hashes.truncate(p.hashes.len() - 1),
        malformed,
    );
    alter(
        present,
        "proof-bitmap-too-long",
        &|p, _| p.bitmap.push(0),
        malformed,
    );
    alter(
        present,
        "proof-bit-beyond-the-depth",
        &|p, _| {
            let last = p.bitmap.len() - 1;
            p.bitmap[last] |= 1;
        },
        malformed,
    );
    alter(
        present,
        "proof-deepest-beside-nothing",
        &|p, _| {
            let deepest = p.depth as usize - 1;
            p.bitmap[deepest / 8] |= 0x80 >> (deepest % 8);
            p.hashes.truncate(p.hashes.len() - 32);
        },
        malformed,
    );
    alter(
        present,
        "proof-of-257-levels",
        &|p, _| {
            (p.depth, p.bitmap, p.hashes) = (257, vec![0; 33], vec![7; 257 * 32]);
        },
        malformed,
    );
    alter(
        present,
        "proof-placeholder-spelled-out",
        &|p, _| {
            p.hashes[..32].copy_from_slice(&SUITE.state_placeholder().0);
        },
        "placeholder-spelled-out",
    );
    alter(
        present,
        "inclusion-with-a-neighbour",
        &|p, key| {
            let mut other = *key;
            other.0[31] ^= 1;
            p.neighbour = Some((other, SUITE.log_empty()));
        },
        "neighbour-in-inclusion",
    );
    let absent = "absent-neighbour";
    alter(
        absent,
        "neighbour-left-out",
        &|p, _| p.neighbour = None,
        other,
    );
    alter(
        absent,
        "neighbour-value-altered",
        &|p, _| {
            if let Some((_, hash)) = &mut p.neighbour {
                flip(&mut hash.0);
            }
        },
        other,
    );
    alter(
        absent,
        "neighbour-key-altered",
        &|p, _| {
            if let Some((key, _)) = &mut p.neighbour {
                key.0[31] ^= 1;
            }
        },
        other,
    );
    alter(
        absent,
        "neighbour-is-the-key",
        &|p, key| {
            if let Some((neighbour, _)) = &mut p.neighbour {
                *neighbour = *key;
            }
        },
        "neighbour-is-the-key",
    );
    alter(
        absent,
        "neighbour-elsewhere",
        &|p, _| {
            if let Some((neighbour, _)) = &mut p.neighbour {
                neighbour.0[0] ^= 0x80;
            }
        },
        "neighbour-elsewhere",
    );
    alter(
        "absent-empty",
        "neighbour-made-up",
        &|p, key| {
            let mut other = *key;
            other.0[31] ^= 1;
            p.neighbour = Some((other, SUITE.log_empty()));
        },
        other,
    );
    // A document that is there: its own leaf as the neighbour of itself, and its place said to be empty.
    let good = bad.good;
    let mut deny = |name: &str, by_itself: bool, reason| {
        let deny = |c: &mut StatusCertificate| {
            let leaf = &mut c.leaves[1];
            let Value::Record(public, root) = &leaf.value else {
                panic!("the record is the last leaf")
            };
            let mut parts = Parts::of(&leaf.proof);
            parts.neighbour = by_itself.then(|| (leaf.key, public.value_hash(SUITE, root)));
            leaf.value = Value::Absent;
            leaf.proof = minicbor::decode(&parts.encode()).expect("it has the form of one");
        };
        bad.certificate(name, present, deny, reason);
    };
    deny("present-denied-by-itself", true, "neighbour-is-the-key");
    deny("present-denied", false, "other-root");
    // The absence of one document does not show that of another.
    let other = Document::licence("housing", 1);
    assert_ne!(good.certificate(absent).leaves[0].key, other.key());
    let asks = vec![other.ask()];
    let mut elsewhere = good.certificate(absent);
    elsewhere.leaves[0].key = other.key();
    let bytes = elsewhere.encode();
    let reason = "neighbour-elsewhere";
    bad.add("four", Kind::Certificate, "absence-moved", bytes, reason)
        .asks = asks;
}

/// Bytes with a part of them replaced, which they have once.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|part| part == from);
    let at = at.expect("the part is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn handovers(bad: &mut Bad<'_>) {
    let epoch_1 = bad.good.certificate("status-epoch-1");
    let epoch_3 = bad.good.certificate("status-epoch-3");
    let (once, thrice) = ("status-epoch-1", "status-epoch-3");
    let (chain, other_epoch) = ("handover", "other-epoch");
    bad.certificate(
        "handovers-left-out",
        once,
        |c| c.handovers.clear(),
        other_epoch,
    );
    bad.certificate(
        "handovers-last-left-out",
        thrice,
        |c| drop(c.handovers.pop()),
        other_epoch,
    );
    bad.certificate(
        "handovers-first-left-out",
        thrice,
        |c| drop(c.handovers.remove(0)),
        other_epoch,
    );
    bad.certificate(
        "handovers-middle-left-out",
        thrice,
        |c| drop(c.handovers.remove(1)),
        other_epoch,
    );
    bad.certificate(
        "handovers-swapped",
        thrice,
        |c| c.handovers.swap(0, 1),
        other_epoch,
    );
    bad.certificate(
        "handovers-twice",
        thrice,
        |c| c.handovers.insert(0, c.handovers[0].clone()),
        chain,
    );
    let level = |c: &mut StatusCertificate| {
        c.handovers[1].checkpoint.height = c.handovers[0].checkpoint.height;
    };
    bad.certificate("handovers-do-not-grow", thrice, level, chain);
    let third = epoch_3.handovers[2].clone();
    bad.certificate(
        "handover-too-many",
        once,
        |c| c.handovers.push(third),
        other_epoch,
    );
    let first = epoch_1.handovers[0].clone();
    bad.certificate(
        "handover-before-the-first-set",
        "status-epoch-0",
        |c| c.handovers.push(first),
        chain,
    );
    let mut alter = |name: &str, alter: &dyn Fn(&mut hefu_proof::Handover), reason| {
        let alter = |c: &mut StatusCertificate| alter(&mut c.handovers[0]);
        bad.certificate(&format!("handover-{name}"), once, alter, reason);
    };
    alter(
        "checkpoint-altered",
        &|h| h.checkpoint.time.0 += 1,
        "bad-cosignature",
    );
    alter("epoch-altered", &|h| h.checkpoint.epoch = 1, other_epoch);
    alter(
        "state-root-altered",
        &|h| flip(&mut h.checkpoint.state_root.0),
        "other-root",
    );
    alter(
        "one-cosignature-short",
        &|h| drop(h.cosignatures.pop()),
        "no-quorum",
    );
    alter(
        "signer-twice",
        &|h| h.cosignatures[1] = h.cosignatures[0].clone(),
        "not-ascending",
    );
    alter(
        "cosignature-altered",
        &|h| flip(&mut h.cosignatures[0].signature.0),
        "bad-cosignature",
    );
    alter("holds-no-set", &|h| h.set.value = Value::Absent, chain);
    alter("of-another-key", &|h| flip(&mut h.set.key.0), chain);
    let edit = |h: &mut hefu_proof::Handover, edit: &dyn Fn(&mut SetLeaf)| {
        let Value::Leaf(bytes) = &h.set.value else {
            panic!("a good handover holds a set")
        };
        let mut set = SetLeaf::from_bytes(bytes).expect("a set");
        edit(&mut set);
        h.set.value = Value::Leaf(set.to_bytes().into());
    };
    alter(
        "key-of-a-validator-altered",
        &|h| edit(h, &|s| flip(&mut s.validators[0].checkpoint_key.0)),
        "other-root",
    );
    alter(
        "validator-left-out",
        &|h| edit(h, &|s| drop(s.validators.pop())),
        "other-root",
    );
    alter(
        "set-of-another-epoch",
        &|h| edit(h, &|s| s.epoch = 2),
        chain,
    );
    alter("set-empty", &|h| edit(h, &|s| s.validators.clear()), chain);
    alter(
        "set-unreadable",
        &|h| h.set.value = Value::Leaf(vec![0xa0].into()),
        "bad-leaf",
    );
    // The set that left, under the number of the one that came.
    let good = bad.good;
    let world = &good.handed;
    let first_set = world.network.first_set();
    let forged = world.cosigned_by(&epoch_1.checkpoint.checkpoint, &first_set, &[0, 1, 2]);
    bad.certificate(
        "retired-set",
        once,
        |c| c.checkpoint = forged,
        "bad-cosignature",
    );
    // The set that left goes on in its own name; whoever has seen the handover knows better.
    let went_on = Checkpoint {
        epoch: 0,
        ..epoch_1.checkpoint.checkpoint.clone()
    };
    let went_on = world.cosigned_by(&went_on, &first_set, &[0, 1, 2]);
    bad.certificate(
        "retired-set-goes-on",
        once,
        |c| c.checkpoint = went_on,
        other_epoch,
    );
    // The next set says that it is the next set.
    let own = epoch_1.handovers[0].checkpoint.clone();
    let set = match &epoch_1.handovers[0].set.value {
        Value::Leaf(bytes) => SetLeaf::from_bytes(bytes).expect("a set"),
        _ => panic!("a good handover holds a set"),
    };
    let by_itself = world.cosigned_by(&own, &set, &[0, 2, 3]).cosignatures;
    bad.certificate(
        "handover-by-the-next-set",
        once,
        |c| c.handovers[0].cosignatures = by_itself,
        "bad-cosignature",
    );
    // A checkpoint of the new set that is not after the handover.
    let early = Checkpoint {
        height: own.height,
        size: TreeSize(own.size.0),
        ..epoch_1.checkpoint.checkpoint.clone()
    };
    let early = world.cosigned_by(&early, &set, &[0, 1, 2]);
    bad.certificate(
        "checkpoint-not-after-the-handover",
        once,
        |c| c.checkpoint = early,
        chain,
    );
}
