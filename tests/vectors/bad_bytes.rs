//! Other bytes of a good proof: truncated, longer, another encoding of the same value, another shape.

use super::bad::Bad;
use super::Kind;

/// Bytes that are no proof, or not the one encoding of it.
pub fn add(bad: &mut Bad<'_>) {
    for (kind, base) in [
        (Kind::Receipt, "register"),
        (Kind::Certificate, "status-in-force"),
    ] {
        let bytes = bad.good.case(base).bytes.clone();
        let word = kind.name();
        let mut add = |what: &str, bytes: Vec<u8>, reason| {
            bad.bytes(kind, &format!("{word}-{what}"), bytes, reason);
        };
        let (malformed, not_canonical) = ("malformed", "not-canonical");
        add("empty", Vec::new(), malformed);
        add("cut-by-one", bytes[..bytes.len() - 1].to_vec(), malformed);
        add("cut-in-half", bytes[..bytes.len() / 2].to_vec(), malformed);
        add("without-its-first-byte", bytes[1..].to_vec(), malformed);
        add("trailing-byte", [&bytes[..], &[0]].concat(), not_canonical);
        add("twice", [&bytes[..], &bytes].concat(), not_canonical);
        // Where the certificate begins: its map of five and `format`, then `network`.
        let at = bytes
            .windows(5)
            .position(|five| five == [0xa5, 0, 0, 1, 0x58]);
        let at = at.expect("there is a certificate");
        let edit = |from: usize, to: usize, with: &[u8]| {
            [&bytes[..at + from], with, &bytes[at + to..]].concat()
        };
        let network = &bytes[at + 4..at + 38];
        add("long-integer", edit(2, 3, &[0x18, 0]), not_canonical);
        add(
            "longer-integer",
            edit(2, 3, &[0x1b, 0, 0, 0, 0, 0, 0, 0, 0]),
            not_canonical,
        );
        add("long-map-length", edit(0, 1, &[0xb8, 5]), not_canonical);
        add("long-key", edit(1, 2, &[0x18, 0]), not_canonical);
        add(
            "long-string-length",
            edit(4, 6, &[0x59, 0, 0x20]),
            not_canonical,
        );
        let swapped = [&[1], network, &[0, 0]].concat();
        add("keys-not-ascending", edit(1, 38, &swapped), not_canonical);
        add("key-twice", edit(0, 3, &[0xa6, 0, 0, 0, 0]), not_canonical);
        add("without-a-key", edit(0, 3, &[0xa4]), malformed);
        add("array-for-map", edit(0, 1, &[0x85]), malformed);
        add("float-for-integer", edit(2, 3, &[0xf9, 0, 0]), malformed);
        add("null-for-integer", edit(2, 3, &[0xf6]), malformed);
        add("tagged", edit(2, 3, &[0xc1, 0]), malformed);
        let broken = [&[0x5f], network, &[0xff]].concat();
        add("indefinite-string", edit(4, 38, &broken), malformed);
        add("short-string", edit(4, 6, &[0x58, 0x1f]), malformed);
        add(
            "endless-string",
            edit(
                4,
                6,
                &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
            malformed,
        );
        // The outermost map.
        let open = [&[0xbf], &bytes[1..], &[0xff]].concat();
        add("indefinite-map", open, not_canonical);
        let more = [&[bytes[0] + 1], &bytes[1..], &[0x17, 0]].concat();
        add("unknown-key", more, not_canonical);
    }
    let receipt = bad.good.case("register").bytes.clone();
    let null = [&[receipt[0] + 1], &receipt[1..], &[2, 0xf6]].concat();
    bad.bytes(
        Kind::Receipt,
        "receipt-null-for-absent",
        null,
        "not-canonical",
    );
    bad.bytes(
        Kind::Certificate,
        "certificate-is-a-receipt",
        receipt,
        "malformed",
    );
    let certificate = bad.good.case("status-in-force").bytes.clone();
    bad.bytes(
        Kind::Receipt,
        "receipt-is-a-certificate",
        certificate,
        "malformed",
    );
}
