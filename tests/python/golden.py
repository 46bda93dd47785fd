"""Checks the golden files of Hefu with the verifier beside this file: finds of each what their manifest says.

    golden.py MANIFEST    names what is not as it should be, then counts; exit 0 if all is
"""
import base64
import json
import re
import sys
from pathlib import Path

from verifier import Network, Refused, check_checkpoint, check_file, check_inclusion, climb, refuse_if, sha256, text_of

# Which of the two an implementation finds first is its own affair.
UNREADABLE = {"malformed", "not-canonical"}


def check_consistency(first, first_root, second, second_root, path):
    """RFC 9162, 2.1.4.2."""
    refuse_if(not 0 < first <= second, "sizes")
    if first & (first - 1) == 0 or first == second:
        path = [first_root, *path]  # the first tree is itself a subtree of the second, and left out of the path
    refuse_if(not path, "wrong-path-length")
    skipped = (first & -first).bit_length() - 1 if first < second else 64
    roots = climb((first - 1) >> skipped, (second - 1) >> skipped, path[1:], [(path[0], False), (path[0], True)])
    refuse_if(roots[0] != first_root, "other-first-root")
    refuse_if(roots[1] != second_root, "other-second-root")


def check_note(network, note):
    """C2SP signed-note: the text, then signature lines, of which those of strangers are passed over."""
    validators, origin, keys = network.first_set["validators"], network.origin, {}
    text, _, lines = note.decode().rpartition("\n\n")
    number, root = "(0|[1-9][0-9]*)", "([A-Za-z0-9+/]{43}=)"
    match = re.fullmatch(f"{re.escape(origin)}\n{number}\n{root}\nstate {root}" + f" {number}" * 4, text)
    refuse_if(not match or not lines.endswith("\n"), "malformed")
    size, log, state, *rest = match.groups()
    checkpoint = dict(zip(("height", "time", "epoch", "compromise_counter"), map(int, rest)), size=int(size),
                      log_root=base64.b64decode(log), state_root=base64.b64decode(state))
    refuse_if(text_of(checkpoint, origin) != text + "\n", "malformed")
    for member, of in enumerate(validators):
        for name, kind, key in ((origin, 1, of["log_key"]), (of["name"], 4, of["checkpoint_key"])):
            keys[name, sha256(name.encode(), b"\n", bytes([kind]), key)[:4]] = kind, member
    log_signature, cosignatures = None, []
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/]+=*)", line)
        refuse_if(not match, "malformed")
        name, blob = match[1], base64.b64decode(match[2], validate=True)
        kind, member = keys.get((name, blob[:4]), (None, None))
        if kind == 1:
            log_signature = log_signature or {"member": member, "signature": blob[4:]}
        elif kind == 4:
            seconds = int.from_bytes(blob[4:12], "big")
            cosignatures.append({"member": member, "seconds": seconds, "signature": blob[12:]})
    refuse_if(log_signature is None, "malformed")
    signed = {"checkpoint": checkpoint, "log_signature": log_signature, "cosignatures": cosignatures}
    return {"checkpoint": check_checkpoint(signed, origin, network.first_set)}


def check_log_proof(kind, proof):
    def of(value):
        if isinstance(value, list):
            return [of(part) for part in value]
        return value if isinstance(value, int) else bytes.fromhex(value)
    at = {name: of(value) for name, value in json.loads(proof).items()}
    if kind == "inclusion":
        check_inclusion(at["leaf"], at["index"], at["size"], at["path"], at["root"])
    else:
        check_consistency(at["first_size"], at["first_root"], at["second_size"], at["second_root"], at["path"])
    return {}


def id_of(value):
    """The CBOR value that a manifest writes as JSON: byte strings are {"hex": ...}."""
    if isinstance(value, list):
        return [id_of(part) for part in value]
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def check_case(network, case, data):
    """What it proves, or the reason of its refusal."""
    try:
        if case["kind"] == "note":
            return check_note(network, data), None
        if case["kind"] in ("inclusion", "consistency"):
            return check_log_proof(case["kind"], data), None
        asks = [(ask["namespace"], id_of(ask["id"])) for ask in case.get("asks", [])]
        return check_file(network, case["kind"], data, case.get("at", []), asks), None
    except Refused as refused:
        return None, str(refused)


def main(manifest):
    folder, networks, wrong, counts = Path(manifest).parent, {}, [], {"accept": 0, "refuse": 0}
    for case in json.loads(Path(manifest).read_bytes())["cases"]:
        path = case["network"]
        if path not in networks:
            networks[path] = Network(folder / path)
        found, reason = check_case(networks[path], case, (folder / case["file"]).read_bytes())
        expected = case.get("reason")
        same = reason == expected or {reason, expected} <= UNREADABLE
        if not same or found != case.get("proves"):
            wrong.append(f"{case['name']}: expected {expected or case['proves']}, found {reason or found}")
        counts[case["expect"]] += 1
    summary = f"{counts['accept']} to accept, {counts['refuse']} to refuse, {len(wrong)} not as they should be"
    print("\n".join([*wrong, summary]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else print(__doc__) or 2)
