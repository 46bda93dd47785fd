//! Notes and proofs of the log in which one thing is wrong.

use super::bad::{shorter, Bad};
use super::Kind;
use serde_json::{json, Value};

/// Notes, inclusions and consistencies that a verifier must refuse.
pub fn add(bad: &mut Bad<'_>) {
    notes(bad);
    inclusions(bad);
    consistencies(bad);
}

fn notes(bad: &mut Bad<'_>) {
    let note =
        String::from_utf8(bad.good.case("checkpoint").bytes.clone()).expect("a note is text");
    let lines: Vec<&str> = note.split('\n').collect();
    let mut alter = |name: &str, alter: &dyn Fn(&mut Vec<String>), reason| {
        let mut altered: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        alter(&mut altered);
        let bytes = altered.join("\n").into_bytes();
        bad.bytes(Kind::Note, &format!("note-{name}"), bytes, reason);
    };
    // Four lines of text, an empty one, the log's line, three cosignatures, and what follows the last newline.
    assert_eq!(lines.len(), 10);
    let (malformed, forged) = ("malformed", "bad-cosignature");
    alter("of-another-origin", &|l| l[0].push('0'), malformed);
    alter("size-altered", &|l| l[1].push('0'), forged);
    alter(
        "size-with-a-zero-before",
        &|l| l[1].insert(0, '0'),
        malformed,
    );
    alter("size-signed", &|l| l[1].insert(0, '+'), malformed);
    alter("log-root-altered", &|l| other_digit(&mut l[2], 0), forged);
    alter("log-root-cut", &|l| l[2].truncate(40), malformed);
    alter("state-root-altered", &|l| other_digit(&mut l[3], 6), forged);
    alter("state-line-missing", &|l| drop(l.remove(3)), malformed);
    alter("state-line-longer", &|l| l[3].push_str(" 0"), malformed);
    alter(
        "another-line",
        &|l| l.insert(4, "more 1".to_owned()),
        malformed,
    );
    alter("log-line-missing", &|l| drop(l.remove(5)), malformed);
    alter(
        "log-line-altered",
        &|l| other_digit(&mut l[5], 60),
        "bad-log-signature",
    );
    alter("cosignature-missing", &|l| drop(l.remove(6)), "no-quorum");
    alter(
        "cosignature-twice",
        &|l| l[7] = l[6].clone(),
        "cosignatures-not-ascending",
    );
    alter(
        "cosignature-altered",
        &|l| other_digit(&mut l[8], 60),
        forged,
    );
    alter(
        "cosignature-of-nobody",
        &|l| l[6] = l[6].replace("example", "elsewhere"),
        "no-quorum",
    );
    alter("without-its-end", &|l| shorter(l), malformed);
}

/// Another digit of base64 at a place.
fn other_digit(line: &mut String, at: usize) {
    let other = if line.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    line.replace_range(at..=at, other);
}

fn inclusions(bad: &mut Bad<'_>) {
    let good: Value = serde_json::from_slice(&bad.good.case("entry-5").bytes).expect("JSON");
    let mut alter = |name: &str, alter: &dyn Fn(&mut Value), reason| {
        let mut proof = good.clone();
        alter(&mut proof);
        let bytes = proof.to_string().into_bytes();
        bad.bytes(Kind::Inclusion, &format!("entry-{name}"), bytes, reason);
    };
    let (other, length) = ("other-root", "wrong-path-length");
    alter("leaf-altered", &|p| p["leaf"] = p["root"].clone(), other);
    alter("root-altered", &|p| p["root"] = p["leaf"].clone(), other);
    alter("index-altered", &|p| p["index"] = json!(4), other);
    alter(
        "index-outside",
        &|p| p["index"] = p["size"].clone(),
        "index-outside",
    );
    alter("size-altered", &|p| p["size"] = json!(6), length);
    alter("path-cut", &|p| drop(path(p).pop()), length);
    alter(
        "path-longer",
        &|p| path(p).push(json!("00".repeat(32))),
        length,
    );
    alter("path-swapped", &|p| path(p).swap(0, 1), other);
}

fn path(proof: &mut Value) -> &mut Vec<Value> {
    proof["path"].as_array_mut().expect("it has a path")
}

fn consistencies(bad: &mut Bad<'_>) {
    let good: Value = serde_json::from_slice(&bad.good.case("log-from-14").bytes).expect("JSON");
    let mut alter = |name: &str, alter: &dyn Fn(&mut Value), reason| {
        let mut proof = good.clone();
        alter(&mut proof);
        let bytes = proof.to_string().into_bytes();
        bad.bytes(Kind::Consistency, &format!("log-{name}"), bytes, reason);
    };
    alter(
        "first-root-altered",
        &|p| p["first_root"] = p["second_root"].clone(),
        "other-first-root",
    );
    alter(
        "second-root-altered",
        &|p| p["second_root"] = p["first_root"].clone(),
        "other-second-root",
    );
    alter("from-nothing", &|p| p["first_size"] = json!(0), "sizes");
    alter("that-shrank", &|p| p["first_size"] = json!(1_000), "sizes");
    alter("path-cut", &|p| drop(path(p).pop()), "wrong-path-length");
    alter(
        "path-longer",
        &|p| path(p).push(json!("00".repeat(32))),
        "wrong-path-length",
    );
    alter("path-none", &|p| path(p).clear(), "wrong-path-length");
    alter("path-swapped", &|p| path(p).swap(1, 2), "other-first-root");
    let same = |p: &mut Value| p["second_size"] = p["first_size"].clone();
    alter("of-one-size-with-a-path", &same, "wrong-path-length");
    let forked = |p: &mut Value| {
        p["second_size"] = p["first_size"].clone();
        p["path"] = json!([]);
    };
    alter("of-one-size-and-two-roots", &forked, "other-second-root");
}
