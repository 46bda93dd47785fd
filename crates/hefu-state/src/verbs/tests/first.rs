//! The first rules, operation by operation, with parts made by hand; blocks that nobody may accept; the
//! roots of the first blocks, which never change.

use super::world::*;
use crate::block::ReadBlock;
use hefu_types::block::Block;
use hefu_types::key;
use hefu_types::operation::{
    named_member, Cancel, Claim, Consume, MemberOpening, Operation, Register, Revoke, RightProof,
    Share, UseRight,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::{Item, State};
use hefu_types::statement::{Mode, Statement};
use hefu_types::{Blinding, Digest, FactRoot, Hash, Millis, Nonce, PublicKey, Salt, StateKey};

fn invoice(number: &str, file: u8) -> Register {
    Register {
        document_type: "invoice".into(),
        region: "east".into(),
        identity: Identity {
            legal_issuer: "9133SELLER".into(),
            class: "invoice".into(),
            number: number.into(),
            ..Identity::default()
        },
        digests: vec![Digest([file; 32])],
        fact_root: Some(FactRoot([file; 32])),
        valid_from: None,
        valid_until: None,
        use_right: Some(UseRight::FirstMember),
        total: None,
        blinding: Blinding([file; 16]),
        issued_offline_at: None,
        open_facts: vec![],
    }
}

fn licence(number: &str, file: u8) -> Register {
    Register {
        document_type: "licence".into(),
        identity: Identity {
            legal_issuer: "1133OFFICE".into(),
            number: number.into(),
            ..Identity::default()
        },
        use_right: None,
        ..invoice(number, file)
    }
}

fn key_of(register: &Register) -> StateKey {
    let profile = if register.document_type == "invoice" {
        Profile::En16931
    } else {
        Profile::Generic
    };
    key::record(SUITE, &profile.check(&register.identity).expect("fits"))
}

fn consume(register: &Register, purpose: &str) -> Operation {
    Operation::Consume(Consume {
        record: key_of(register),
        claim: Claim {
            purpose: purpose.into(),
            digest: register.digests[0],
            share: Share::Whole,
            right: None,
            unattested: None,
        },
        lock: None,
        blinding: Blinding([3; 16]),
    })
}

fn cancel(register: &Register) -> Operation {
    Operation::Cancel(Cancel {
        record: key_of(register),
        reason: "error".into(),
    })
}

fn revoke(register: &Register, effective_at: Option<Millis>) -> Operation {
    Operation::Revoke(Revoke {
        record: key_of(register),
        reason: "penalty".into(),
        effective_at,
    })
}

fn put(register: &Register) -> Operation {
    Operation::Register(register.clone())
}

#[test]
fn register_row_by_row() {
    let mut world = World::new();
    #[track_caller]
    fn check(world: &mut World, actor: &str, expected: u16, change: impl FnOnce(&mut Register)) {
        let mut register = invoice("I1", 1);
        change(&mut register);
        assert_eq!(world.code(actor, put(&register)), expected);
    }
    let w = &mut world;
    check(w, "buyer", 3002, |_| {});
    check(w, "west-tax", 3002, |_| {});
    check(w, "tax", 3002, |r| r.region = "west".into());
    check(w, "tax", 3005, |r| {
        r.identity.legal_issuer = "9144SELLER".into()
    });
    check(w, "tax", 1003, |r| r.document_type = "poem".into());
    check(w, "tax", 1001, |r| r.identity.class = "x".into());
    check(w, "tax", 1001, |r| r.identity.number = " I1".into());
    check(w, "tax", 1001, |r| {
        r.identity.legal_issuer = "9133seller".into()
    });
    check(w, "tax", 1002, |r| r.digests.clear());
    check(w, "tax", 1002, |r| {
        r.digests = vec![Digest([2; 32]), Digest([1; 32])]
    });
    check(w, "tax", 1002, |r| r.digests = vec![Digest([1; 32]); 2]);
    check(w, "tax", 1002, |r| {
        r.digests = (0..9).map(|i| Digest([i; 32])).collect()
    });
    check(w, "tax", 1002, |r| {
        r.valid_until = Some("2026-02-30".into())
    });
    check(w, "tax", 1002, |r| {
        r.valid_from = Some("2027-02-02".into());
        r.valid_until = Some("2027-02-01".into());
    });
    check(w, "tax", 1002, |r| {
        r.use_right = Some(UseRight::ClaimKey(PublicKey([0; 32])));
    });
    check(w, "tax", 1002, |r| {
        r.total = Some(hefu_types::operation::Amount {
            currency: "cny".into(),
            minor_units: 1,
        });
    });
    assert_eq!(
        w.tree.len(),
        World::new().tree.len(),
        "what is refused leaves nothing behind"
    );
    check(w, "tax", 0, |_| {});
    // The same again, by whatever statement, and whatever else it says.
    check(w, "tax", 2001, |_| {});
    check(w, "tax", 2001, |r| r.fact_root = None);
    // Another rendition of the same facts joins; other facts are a conflict.
    check(w, "tax", 2002, |r| {
        r.digests = vec![Digest([5; 32])];
        r.fact_root = Some(FactRoot([9; 32]));
    });
    check(w, "tax", 2002, |r| {
        r.digests = vec![Digest([5; 32])];
        r.fact_root = None;
    });
    check(w, "tax", 0, |r| r.digests = vec![Digest([5; 32])]);
    check(w, "tax", 2001, |r| {
        r.digests = vec![Digest([1; 32]), Digest([5; 32])]
    });
    // One file under another number.
    check(w, "tax", 2003, |r| r.identity.number = "I2".into());
    check(w, "tax", 0, |r| {
        r.identity.number = "I2".into();
        r.digests = vec![Digest([6; 32])];
    });
    // A rendition that is another document's file joins nowhere.
    check(w, "tax", 2003, |r| {
        r.digests = vec![Digest([1; 32]), Digest([6; 32])]
    });
    let record = w.record(&key_of(&invoice("I1", 1)));
    assert_eq!(record.public.digests, [Digest([1; 32]), Digest([5; 32])]);
    assert_eq!(record.public.event_count, 2);
}

#[test]
fn use_row_by_row() {
    let mut world = World::new();
    let w = &mut world;
    let open = invoice("OPEN", 1);
    let mut named = invoice("NAMED", 2);
    let record_salt = Salt([7; 16]);
    let commitment = named_member(SUITE, &key_of(&named), &record_salt, BUYER);
    named.use_right = Some(UseRight::NamedMember(commitment));
    let mut nobody = invoice("NOBODY", 3);
    nobody.use_right = None;
    let paper = licence("L", 4);
    for register in [&open, &named, &nobody, &paper] {
        assert_eq!(w.code("tax", put(register)), 0);
    }
    let opening = |member: &str, identifier: &str| {
        Some(MemberOpening {
            identifier: identifier.into(),
            record_salt,
            member_salt: salt(member),
        })
    };
    let by_name = |opening: Option<MemberOpening>| {
        let Operation::Consume(mut consume) = consume(&named, "reimburse") else {
            unreachable!()
        };
        consume.claim.right = opening.map(RightProof::Named);
        Operation::Consume(consume)
    };
    assert_eq!(w.code("tax", consume(&open, "reimburse")), 3002);
    assert_eq!(
        w.code("buyer", consume(&invoice("NONE", 1), "reimburse")),
        1005
    );
    assert_eq!(w.code("buyer", consume(&paper, "reimburse")), 5004);
    // Whatever leaf an operation names as a record: it is none.
    for leaf in [
        key::clock(SUITE),
        key::agency(SUITE, "tax"),
        key::digest(SUITE, &Digest([1; 32])),
    ] {
        let Operation::Consume(consume) = consume(&open, "reimburse") else {
            unreachable!()
        };
        assert_eq!(
            w.code(
                "buyer",
                Operation::Consume(Consume {
                    record: leaf,
                    ..consume
                })
            ),
            1005
        );
    }
    assert_eq!(w.code("buyer", consume(&open, "finance")), 5004);
    assert_eq!(
        w.code(
            "buyer",
            consume(
                &Register {
                    digests: vec![Digest([9; 32])],
                    ..open.clone()
                },
                "reimburse"
            )
        ),
        5005
    );
    assert_eq!(w.code("buyer", consume(&nobody, "reimburse")), 5003);
    // First member: the first one, and then nobody, not even himself.
    assert_eq!(w.code("other", consume(&open, "reimburse")), 0);
    assert_eq!(w.code("buyer", consume(&open, "reimburse")), 5002);
    assert_eq!(w.code("other", consume(&open, "reimburse")), 5002);
    // Named member: who opens both commitments with one identifier.
    assert_eq!(w.code("buyer", by_name(None)), 5003);
    assert_eq!(w.code("other", by_name(opening("other", BUYER))), 5003);
    assert_eq!(
        w.code("other", by_name(opening("other", "91330000OTHER"))),
        5003
    );
    assert_eq!(w.code("other", by_name(opening("buyer", BUYER))), 5003);
    assert_eq!(w.code("buyer", by_name(opening("buyer", BUYER))), 0);
    assert_eq!(w.code("buyer", by_name(opening("buyer", BUYER))), 5002);
    let record = w.record(&key_of(&named));
    assert_eq!(record.public.uses.len(), 1);
    assert!(matches!(&record.private[0].item, Item::Use(used) if used.member == "buyer"));
    // A used invoice is not cancelled.
    assert_eq!(w.code("tax", cancel(&named)), 4002);
}

#[test]
fn cancel_and_revoke_row_by_row() {
    let mut world = World::new();
    let w = &mut world;
    let [early, late, used] = [invoice("E", 1), invoice("L", 2), invoice("U", 3)];
    let [paper, other, dated] = [licence("P", 4), licence("Q", 5), licence("D", 6)];
    let mut dated = dated;
    dated.valid_until = Some(START.to_string()[..10].to_owned());
    for register in [&early, &late, &used, &paper, &other, &dated] {
        assert_eq!(w.code("tax", put(register)), 0);
    }
    assert_eq!(w.code("west-tax", cancel(&early)), 3002);
    assert_eq!(w.code("buyer", cancel(&early)), 3002);
    assert_eq!(w.code("tax", cancel(&early)), 0);
    assert_eq!(w.code("tax", cancel(&early)), 4003);
    assert_eq!(w.code("buyer", consume(&early, "reimburse")), 4003);
    // The number of a cancelled invoice stays taken.
    assert_eq!(
        w.code(
            "tax",
            put(&Register {
                digests: vec![Digest([8; 32])],
                fact_root: None,
                ..early.clone()
            })
        ),
        2004
    );
    assert_eq!(w.code("west-tax", revoke(&paper, None)), 3002);
    assert_eq!(w.code("tax", revoke(&early, None)), 1004);
    assert_eq!(w.code("tax", revoke(&paper, Some(START))), 4005);
    let tomorrow = w.before.time.plus(DAY);
    assert_eq!(w.code("tax", revoke(&paper, Some(tomorrow))), 0);
    assert_eq!(w.code("tax", revoke(&paper, Some(tomorrow.plus(1)))), 4003);
    assert_eq!(w.code("tax", revoke(&other, Some(Millis(u64::MAX)))), 4005);
    let record = w.record(&key_of(&paper)).public;
    assert_eq!(record.status.state, State::Revoked);
    use hefu_proof::derived::{status_at, Derived};
    assert_eq!(
        status_at(&record, w.before.time),
        Derived::InForce,
        "not before its time"
    );
    assert!(matches!(
        status_at(&record, tomorrow),
        Derived::Ended { .. }
    ));
    // What is still to come may be brought forward, and then it is final.
    assert_eq!(w.code("tax", revoke(&paper, None)), 0);
    assert_eq!(w.code("tax", revoke(&paper, None)), 4003);
    assert_eq!(w.record(&key_of(&paper)).public.past.len(), 2);
    // Two days later: the window is over, the dated licence has expired.
    w.pass(2 * DAY);
    assert_eq!(w.code("tax", cancel(&late)), 4001);
    assert_eq!(w.code("tax", revoke(&dated, None)), 4004);
    assert_eq!(w.code("tax", revoke(&other, None)), 0);
}

#[test]
fn an_atomic_statement_is_done_whole_or_not_at_all() {
    let mut world = World::new();
    let (a, b) = (invoice("A", 1), invoice("B", 1));
    for (mode, expected) in [(Mode::Atomic, [7001, 2003]), (Mode::Each, [0, 2003])] {
        let statement = world.sign("tax", mode, &[put(&a), put(&b)]);
        let outcomes = world.execute(world.before.time.plus(1), vec![statement]);
        assert_eq!(
            outcomes[0].iter().map(code).collect::<Vec<_>>(),
            expected,
            "{mode:?}"
        );
    }
    assert!(world.values.contains_key(&key_of(&a)));
    assert!(!world.values.contains_key(&key_of(&b)));
}

#[test]
fn blocks_that_no_validator_may_accept() {
    let mut world = World::new();
    let time = world.before.time.plus(1);
    let statement = world.sign("tax", Mode::Each, &[put(&invoice("I", 1))]);
    let good = world.block(time, vec![statement.clone()]);
    assert!(world.check(&good).is_ok());
    let check = |world: &World, block: &Block, expected: &str| {
        let found = world.check(block).expect_err("it is invalid").to_string();
        assert!(
            found.contains(expected),
            "{found:?} does not say {expected:?}"
        );
    };
    let with = |change: &dyn Fn(&mut Block)| {
        let mut block = good.clone();
        change(&mut block);
        block
    };
    check(
        &world,
        &with(&|b| b.header.height = 2),
        "height 2, expected 1",
    );
    check(
        &world,
        &with(&|b| b.header.time = START),
        "time is not after",
    );
    check(
        &world,
        &with(&|b| b.header.network.0[0] ^= 1),
        "another network",
    );
    check(
        &world,
        &with(&|b| b.statements.push(statement.clone())),
        "executed already",
    );
    check(
        &world,
        &with(&|b| b.header.time = START.plus(Millis::HOUR)),
        "not valid at the block's time",
    );
    check(
        &world,
        &with(&|b| b.header.time = Millis(START.0 - 1)),
        "time is not after",
    );
    let broken = |at: usize| {
        with(&|b| {
            alter(&mut b.statements[0], |cose, _| {
                let length = cose.len();
                cose[length - at] ^= 1;
            });
        })
    };
    check(&world, &broken(1), "signature");
    check(
        &world,
        &with(&|b| alter(&mut b.statements[0], |_, operations| operations[0][3] ^= 1)),
        "not those that were signed",
    );
    check(
        &world,
        &with(&|b| alter(&mut b.statements[0], |_, operations| operations.clear())),
        "not those that were signed",
    );
    // Other roots are never called invalid: whose fault it is cannot be told from here.
    let other = with(&|b| b.header.parent_state_root = Hash([1; 32]));
    let read = ReadBlock::read(&other.encode(), &world.network, |_| None).expect("well formed");
    assert!(read.names(&world.before).is_err());
    // Executed once, the statement is in the window.
    world.execute(time, vec![statement.clone()]);
    let again = world.block(time.plus(1), vec![statement]);
    check(&world, &again, "executed already");
    // A key that is over signs nothing.
    world.pass(11 * DAY);
    let late = world.sign("tax", Mode::Each, &[put(&invoice("I2", 2))]);
    let late = world.block(world.before.time.plus(1), vec![late]);
    check(&world, &late, "its key or its signature");
}

#[test]
fn who_signs_as_somebody_else_is_refused() {
    let mut world = World::new();
    let statement = Statement::sign(
        SUITE,
        world.network.digest(),
        world.network.origin(),
        &secret("agency tax"),
        "west-tax",
        Nonce([1; 16]),
        world.before.time.plus(1_000),
        Mode::Each,
        &[put(&invoice("I", 1))],
    );
    let outcomes = world.execute(world.before.time.plus(1), vec![statement]);
    assert_eq!(code(&outcomes[0][0]), 3002);
}

#[test]
fn the_first_blocks_have_these_roots() {
    // A changed line here is a change of the rules or of a format: data that exists would not
    // re-execute to the same roots.
    let mut world = World::new();
    assert_eq!(world.code("tax", put(&invoice("I1", 1))), 0);
    assert_eq!(
        world.code("other", consume(&invoice("I1", 1), "reimburse")),
        0
    );
    assert_eq!(world.code("tax", put(&licence("L1", 2))), 0);
    assert_eq!(world.code("tax", revoke(&licence("L1", 2), None)), 0);
    let roots = format!("{} {}", world.before.state_root, world.before.log_root);
    assert_eq!(roots, GOLDEN_ROOTS);
}

const GOLDEN_ROOTS: &str = "2596fc387a2ed6973d9ade4f7b0773e95f5435dab35b50b92c4f1b6fff82adef \
                            ce71a55416e37e325a2f1227738d85f66c946f920e17f34b0b89365766bbc44b";
