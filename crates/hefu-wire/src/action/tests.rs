use super::*;
use hefu_types::Millis;

const SUITE: Suite = Suite::Sha256Ed25519;
const NETWORK: NetworkDigest = NetworkDigest([1; 32]);

fn seat(name: &str) -> SecretKey {
    SecretKey::from_seed(SUITE, &SUITE.hash(&[name.as_bytes()]).0)
}

fn proven(name: &str) -> ProvenKey {
    let secret = seat(name);
    ProvenKey {
        key: secret.public_key(),
        proof: secret.sign_statement(b"any"),
    }
}

/// One change of each kind: what is written is read again.
fn changes() -> Vec<Change> {
    let key = SUITE.key_id(&seat("k").public_key());
    let time = Moment(Millis(1_766_000_000_123));
    vec![
        Change::Type(TypeRules::new(
            "licence-2",
            hefu_types::leaf::Kind::Licence,
            "generic",
        )),
        Change::Region(Region {
            id: "fujian".into(),
            name_zh: "福建省".into(),
            name_en: "Fujian".into(),
        }),
        Change::Registrar(SetRegistrar {
            id: "r".into(),
            name: "Registrar".into(),
            region: "fujian".into(),
            rights: vec![hefu_types::leaf::RegistrarRight::all()],
            admits_members: true,
            key: Some(proven("r")),
        }),
        Change::Standing {
            of: HolderName::Agency("a".into()),
            standing: Standing::Suspended,
            reason: "decision 7".into(),
        },
        Change::AddKey {
            holder: HolderName::Member("m".into()),
            key: proven("m"),
            role: KeyRole::Management,
            valid_from: None,
            valid_before: Moment(Millis(u64::MAX)),
        },
        Change::RetireKey { key },
        Change::Compromise {
            key,
            since: time,
            reason: "lost".into(),
        },
        Change::Validators {
            remove: vec!["v".into()],
            add: Vec::new(),
        },
        Change::Rules {
            version: 2,
            height: 5_000,
        },
        Change::Parameters(Parameters {
            heartbeat_ms: 5_000,
        }),
        Change::Council {
            threshold: 1,
            seats: vec![Seat {
                name: "s".into(),
                key: proven("s"),
            }],
        },
    ]
}

fn action() -> CouncilAction {
    CouncilAction {
        id: ActionId([9; 16]),
        council_epoch: 3,
        valid_before: Millis(1_766_000_000_123),
        reason: "决议 2026-7".into(),
        changes: changes().into_iter().map(CouncilChange::from).collect(),
    }
}

fn written() -> serde_json::Value {
    let file = ActionFile::new(NETWORK, action());
    serde_json::to_value(file).expect("plain JSON")
}

fn read(file: serde_json::Value) -> Result<CouncilAction, String> {
    let file: ActionFile = serde_json::from_value(file).map_err(|error| error.to_string())?;
    file.read(SUITE, &NETWORK)
        .map_err(|error| error.to_string())
}

#[test]
fn every_change_is_read_as_it_was_written() {
    assert_eq!(read(written()), Ok(action()));
}

/// Whoever shows a signer one thing and has another signed is found out, whatever he alters.
#[test]
fn words_that_are_not_signed_are_refused() {
    let altered = |pointer: &str, value: serde_json::Value| {
        let mut file = written();
        *file.pointer_mut(pointer).expect("there") = value;
        let error = read(file).expect_err(pointer);
        assert!(error.contains("readable part"), "{pointer}: {error}");
    };
    altered("/action/reason", "something else".into());
    altered("/action/council_epoch", 4.into());
    altered("/action/valid_before", "2026-12-01T00:00:00Z".into());
    altered("/action/valid_before", 1_766_000_000_124_u64.into());
    altered("/action/changes/3/standing/standing", "active".into());
    altered(
        "/action/changes/3/standing/of",
        serde_json::json!({"member": "a"}),
    );
    altered("/action/changes/7/validators/remove/0", "w".into());
    altered("/action/changes/8/rules/height", 5_001.into());
    altered("/action/changes/0/type/zone_minutes", 0.into());
    altered("/action/changes", serde_json::json!([]));
    let mut file = written();
    file["action"]["more"] = 1.into();
    assert!(read(file).is_err());
}

#[test]
fn a_seat_signs_once_and_only_this_action_of_this_network() {
    let action = action();
    let mut file = ActionFile::new(NETWORK, action.clone());
    let sign = |name: &str| SeatSignature::new(name, &seat(name), &NETWORK, &action);
    file.add(SUITE, &action, sign("a")).expect("the first");
    assert_eq!(
        file.add(SUITE, &action, sign("a")),
        Err(ActionFileError::Twice("a".into()))
    );
    // The same key under another name is the same seat.
    let mut renamed = sign("a");
    renamed.seat = "b".into();
    assert_eq!(
        file.add(SUITE, &action, renamed),
        Err(ActionFileError::Twice("b".into()))
    );
    let bad = Err(ActionFileError::BadSignature("c".into()));
    let other_network = SeatSignature::new("c", &seat("c"), &NetworkDigest([2; 32]), &action);
    assert_eq!(file.add(SUITE, &action, other_network), bad);
    let other = CouncilAction {
        council_epoch: 4,
        ..action.clone()
    };
    let other_action = SeatSignature::new("c", &seat("c"), &NETWORK, &other);
    assert_eq!(file.add(SUITE, &action, other_action), bad);
    file.add(SUITE, &action, sign("b")).expect("the second");

    let signatures = file.council_signatures(SUITE);
    assert!(signatures[0].key < signatures[1].key);
    assert_eq!(file.read(SUITE, &NETWORK), Ok(action.clone()));
    assert_eq!(
        file.read(SUITE, &NetworkDigest([2; 32])),
        Err(ActionFileError::OtherNetwork)
    );
    // Whoever copies a signature into the file by hand is found out as well.
    let again = file.signatures[0].clone();
    file.signatures.push(again);
    assert!(matches!(
        file.read(SUITE, &NETWORK),
        Err(ActionFileError::Twice(_))
    ));
}
