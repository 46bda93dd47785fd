"""An independent verifier of Hefu's proofs: receipts, status certificates, bundles, notes and paths of the log.

Written from the written formats: the module docs of hefu-types (canonical, suite, key, genesis, leaf, record, statement,
cose, operation) and hefu-proof (checkpoint, state_proof, certificate, handover, receipt, fact, derived, log), RFC 9162,
RFC 9052, RFC 8032, and C2SP signed-note, tlog-checkpoint and tlog-cosignature. It shares no code with the others.

    verifier.py NETWORK FILE...        says of each file whether it holds; exit 0 if all do, else 1
    verifier.py --manifest MANIFEST    checks golden files against their manifest; exit 0 if all are as it says
"""
import base64
import hashlib
import json
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HOUR = 3_600_000

class Refused(Exception):
    """Why something proves nothing: the kebab-case name of the reason."""

def refuse_if(wrong, reason):
    if wrong:
        raise Refused(reason)

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

# ---- Canonical encoding (hefu_types::canonical): RFC 8949, 4.2.1 ----

def head(major, value):
    size = next((n for n in (1, 2, 4, 8) if value >> 8 * n == 0), 8)
    return bytes([major << 5 | value]) if value < 24 else bytes([major << 5 | 23 + size.bit_length()]) + value.to_bytes(size, "big")

def encode(value):
    """The one encoding: shortest lengths, none indefinite, keys ascending; no floats."""
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, Mapping):
        return head(5, len(value)) + b"".join(sorted(encode(key) + encode(item) for key, item in value.items()))
    refuse_if(not isinstance(value, cbor2.CBORTag), "malformed")
    return head(6, value.tag) + encode(value.value)

def decode(data, kind=None, most=1 << 20):
    refuse_if(len(data) > most, "too-long")
    try:
        value = cbor2.loads(data)
    except Exception:
        raise Refused("malformed") from None
    refuse_if(encode(value) != data, "not-canonical")
    return read(kind, value) if kind else value

# ---- Types, as the docs name them: {a map, keys counted from 0} (an array) <an integer> |[number, [parts]]| ----
# u, i: integers; s: text; b, bN: bytes, N of them; o: true or false; x: anything; [T]: a list; T?: may be left out.

TYPES = """
Genesis {format:u network_id:b16 name:s suite:s time:u heartbeat_ms:u regions:[Region] validators:[GenesisValidator]
    council:Council registrars:[Registrar] agencies:[Agency] members:[Member] types:[TypeRules]
    recognition:[RecognitionRule] rules_version:u}
Region {id:s name_zh:s name_en:s} ProvenKey {key:b32 proof:b64} Seat {name:s key:ProvenKey}
GenesisValidator {name:s region:s consensus:ProvenKey checkpoint:ProvenKey log:ProvenKey peer:ProvenKey}
Council {threshold:u seats:[Seat]} Registrar {id:s region:s key:ProvenKey}
Agency {id:s name:s region:s contact:s key:ProvenKey entitlements:[Entitlement] key_valid_before:u}
Member {id:s region:s identifier:b32 key:ProvenKey key_valid_before:u}
Entitlement {document_type:s region:s issuer_prefixes:[s] legal_basis:s part:Part} Part <issue supervise>
TypeRules {id:s kind:Kind name_zh:s name_en:s profile:s zone_minutes:i purposes:[PurposeRules] first_member:o
    cancel_window_ms:u exclusions:[[s]] correct_window_ms:u consent_ms:u offline_ms:u two_party:o ranges:o unattested:o
    facts:[FactField] lending:LendingRules?}
Kind <invoice licence> PurposeRules {name:s divisible:o lock_ms_max:u names_member:o}
FactField {name:s name_zh:s name_en:s open:o} LendingRules {ms_max:u consent:o}
RecognitionRule {by:s document_type:s of:s recognised:o citation:s from:u until:u? conditions:[Condition] text:s}
Condition |fact:name=s,any_of=[s] registered-from:u|
Checkpoint {size:u log_root:b32 state_root:b32 height:u time:u epoch:u compromise_counter:u}
Cosignature (member:u seconds:u signature:b64) LogSignature (member:u signature:b64)
SignedCheckpoint {checkpoint:Checkpoint log_signature:LogSignature cosignatures:[Cosignature]}
StateProof {depth:u bitmap:b hashes:b neighbour:Neighbour?} Neighbour (key:b32 value_hash:b32)
ProvenLeaf {key:b32 value:Value proof:StateProof} Value |absent record:PublicPart,b32 leaf:b|
Handover {checkpoint:Checkpoint cosignatures:[Cosignature] set:ProvenLeaf}
Certificate {format:u network:b32 checkpoint:SignedCheckpoint handovers:[Handover] leaves:[ProvenLeaf]}
Receipt {certificate:Certificate operation:ProvenOperation opened:OpenedItem? disclosed:Disclosed?}
ProvenOperation {operation:b index:u path:[b32] cose:b entry_index:u entry_path:[b32]}
OpenedItem {index:u count:u item:PrivateItem path:[b32]} Disclosed {facts:[FactLeaf] named_member_salt:b16?}
FactLeaf |open:Fact hidden:b32| Fact (salt:b16 name:s value:s)
Bundle {format:u network:b32 checkpoint:SignedCheckpoint handovers:[Handover] leaves:[ProvenLeaf] cose:b entry_index:u
    entry_path:[b32] own:[OwnPart?]}
OwnPart {operation:b index:u path:[b32] leaves:[ProvenLeaf] opened:OpenedItem?}
PublicPart {document_type:s agency:s region:s legal_issuer:s digests:[b32] fact_root:b32? valid_from:u? valid_before:u?
    use_right:x? status:Status uses:[UseState] registration:Event status_event:Event? event_count:u history:x?
    past:[PastStatus] reversal:x? links:[x] offline:x? supervisor:s? archived_at:u? noted:Event? open_facts:[x] copy:x?
    transferred_to:s?}
Status {state:State effective_at:u recorded_at:u reason:s? until:u?}
State <issued cancelled revoked proposed rejected partly-reversed reversed replaced unattested suspended annulled
    superseded transferred-out>
UseState {purpose:s consumed_at:u? locked_until:u? whole:o unattested:o consumed_whole:o}
Event {operation:b32 key_id:b32 block_time:u compromise_counter:u} PastStatus {status:Status event:Event}
PrivateItem (blinding:b16 item:Item) Item |total:x use:UseItem reversed:x asked:x folded-uses:x credited:u|
UseItem {purpose:s member:s operation:b32 block_time:u share:Span? state:UseItemState lock:b32? consumption:b32?
    taken_back:u unattested:o clawback:Clawback? agreed:b32?}
UseItemState |locked:u consumed released taken-back set-aside| Span {from:u to:u}
Clawback {by:u minor_units:u? operation:b32 deadline:u} DigestLeaf {record:b32 operation:b32 withdrawn:o}
KeyLeaf {key:b32 holder:Holder valid_from:u valid_before:u retired_at:u? compromised_since:u? operation:b32 role:u
    confirmed_at:u?}
Holder |agency:s member:s registrar:s council:s validator:s|
ClockLeaf {block_time:u last_halt:Halt? compromise_counter:u council_epoch:u} Halt (before:u after:u)
SetLeaf {epoch:u validators:[Validator] operation:b32}
Validator {name:s region:s consensus_key:b32 checkpoint_key:b32 log_key:b32 peer_key:b32 addresses:x?}
Payload {nonce:b16 valid_until:u mode:u operation_count:u operations_root:b32}
Identity {legal_issuer:s class:s series:s number:s period:s}
"""
TYPE = {name: (mark, [part.partition(":")[::2] for part in body.split()])
        for name, mark, body in re.findall(r"(\w+) ([{(<|])(.*?)[})>|]", TYPES, re.S)}
BASIC = {"s": str, "o": bool, "u": int, "i": int}
# What a member that a genesis file leaves out means.
DEFAULT = {"part": "issue", "consent_ms": 72 * HOUR, "correct_window_ms": 0, "offline_ms": 0, "text": "", "exclusions": [],
           "facts": [], "conditions": [], **dict.fromkeys(
               ("two_party", "ranges", "unattested", "divisible", "names_member", "open", "consent"), False)}

def read(kind, value):
    """A decoded CBOR value as a value of a type: maps and arrays by the names of their fields."""
    def need(right, reason="malformed"):
        refuse_if(not right, reason)
    if kind.endswith("?"):
        return None if value is None else read(kind[:-1], value)
    if kind.startswith("["):
        need(type(value) is list)
        return [read(kind[1:-1], item) for item in value]
    if kind not in TYPE:
        need(kind == "x" or type(value) is BASIC.get(kind, bytes))
        need(kind not in "ui" or -(1 << 63) * (kind == "i") <= value < 1 << 64)
        need(not kind[1:] or len(value) == int(kind[1:]))
        return value
    mark, parts = TYPE[kind]
    if mark == "<":
        need(type(value) is int and 0 <= value < len(parts))
        return parts[value][0]
    if mark == "{":
        need(type(value) is dict)
        need(value.keys() <= set(range(len(parts))) and None not in value.values(), "not-canonical")
        need(all(index in value or of.endswith("?") for index, (_, of) in enumerate(parts)))
        return {"": value, **{field: read(of, value.get(index)) for index, (field, of) in enumerate(parts)}}
    need(type(value) is list)
    if mark == "(":
        need(len(value) == len(parts))
        return {"": value, **{field: read(of, item) for (field, of), item in zip(parts, value)}}
    need(len(value) == 2 and type(value[0]) is int and 0 <= value[0] < len(parts) and type(value[1]) is list)
    word, types = parts[value[0]][0], parts[value[0]][1].split(",") if parts[value[0]][1] else []
    need(len(value[1]) == len(types))
    return (word, *(read(of, item) for of, item in zip(types, value[1])))

def of_json(kind, value):
    """A value of a genesis file as the CBOR value that is hashed."""
    if value is None:
        return None
    if kind.startswith("["):
        return [of_json(kind[1:-1], item) for item in value]
    mark, parts = TYPE.get(kind.rstrip("?"), ("", []))
    if mark == "<":
        return [word for word, _ in parts].index(value)
    if mark == "|":
        (word, inner), = value.items()
        number, types = next((number, types) for number, (name, types) in enumerate(parts) if name == word)
        named = [part.rpartition("=") for part in types.split(",")]
        return [number, [of_json(of, inner[name] if name else inner) for name, _, of in named]]
    if mark == "{":
        refuse_if(not value.keys() <= {field for field, _ in parts}, "genesis")
        made = {index: of_json(of, value.get(field, DEFAULT.get(field))) for index, (field, of) in enumerate(parts)}
        return {index: item for index, item in made.items() if item is not None}
    return bytes.fromhex(value) if kind[0] == "b" else value

# ---- Suite (hefu_types::suite): SHA-256 and strict Ed25519 ----

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P

def is_full_order(point):
    """Whether an encoded point is canonical and not one of the eight of small order: their y is 0, 1, -1 or, of order
    eight, a root of d*y^4 + 2*y^2 - 1."""
    y = int.from_bytes(point, "little") & (1 << 255) - 1
    return y < P and y not in (0, 1, P - 1) and (D * y**4 + 2 * y * y - 1) % P != 0

def is_signed(key, message, signature):
    if not is_full_order(key) or not is_full_order(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False

# ---- The log (RFC 9162, 2.1) ----

def log_leaf(entry):
    return sha256(b"\0", entry)
def log_node(left, right):
    return sha256(b"\1", left, right)

def log_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return log_node(log_root(leaves[:split]), log_root(leaves[split:]))

def climb(node, last, path, roots):
    """Goes up both trees at once: `roots` are (hash, whether it also grows where the way turns left)."""
    for beside in path:
        refuse_if(last == 0, "wrong-length")
        if node & 1 or node == last:
            roots = [(log_node(beside, root), grows) for root, grows in roots]
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            roots = [(log_node(root, beside) if grows else root, grows) for root, grows in roots]
        node, last = node >> 1, last >> 1
    refuse_if(last != 0, "wrong-length")
    return [root for root, _ in roots]

def check_inclusion(leaf, index, size, path, root):
    refuse_if(index >= size, "index-outside")
    refuse_if(climb(index, size - 1, path, [(leaf, True)]) != [root], "other-root")

def check_consistency(first, first_root, second, second_root, path):
    refuse_if(not 0 < first <= second, "sizes")
    if first == second:
        refuse_if(path, "wrong-length")
        refuse_if(first_root != second_root, "other-second-root")
        return
    if first & (first - 1) == 0:
        path = [first_root, *path]
    refuse_if(not path, "wrong-length")
    skipped = (first & -first).bit_length() - 1
    roots = climb((first - 1) >> skipped, (second - 1) >> skipped, path[1:], [(path[0], False), (path[0], True)])
    refuse_if(roots[0] != first_root, "other-first-root")
    refuse_if(roots[1] != second_root, "other-second-root")

# ---- The state tree (hefu_types::key, hefu_proof::state_proof) ----

EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"

def state_key(namespace, ident):
    key = bytearray(sha256(encode([namespace, ident])))
    key[0] = key[0] | 0x80 if namespace in ("record", "digest", "member") else key[0] & 0x7f
    return bytes(key)

def bit(bits, at):
    return bits[at // 8] >> (7 - at % 8) & 1

def check_state(root, key, value_hash, proof):
    depth, bitmap, hashes = proof["depth"], proof["bitmap"], proof["hashes"]
    refuse_if(depth > 256 or len(bitmap) != (depth + 7) // 8, "malformed")
    refuse_if(any(bit(bitmap, at) for at in range(depth, 8 * len(bitmap))), "malformed")
    refuse_if(depth and bit(bitmap, depth - 1), "malformed")
    clear = [at for at in range(depth) if not bit(bitmap, at)]
    refuse_if(len(hashes) != 32 * len(clear), "malformed")
    beside = [EMPTY] * depth
    for n, at in enumerate(clear):
        beside[at] = hashes[32 * n:32 * n + 32]
        refuse_if(beside[at] == EMPTY, "placeholder-spelled-out")
    neighbour = proof["neighbour"]
    if value_hash is not None:
        refuse_if(neighbour, "neighbour-in-inclusion")
        end = sha256(b"JMT::LeafNode", key, value_hash)
    elif neighbour:
        refuse_if(neighbour["key"] == key, "neighbour-is-the-key")
        refuse_if(any(bit(key, at) != bit(neighbour["key"], at) for at in range(depth)), "neighbour-elsewhere")
        end = sha256(b"JMT::LeafNode", neighbour["key"], neighbour["value_hash"])
    else:
        end = EMPTY
    for at in reversed(range(depth)):
        pair = (beside[at], end) if bit(key, at) else (end, beside[at])
        end = sha256(b"JMT::IntrnalNode", *pair)
    refuse_if(end != root, "other-root")

def check_leaf(leaf, root):
    word, *parts = leaf["value"]
    value_hash = None
    if word == "record":
        value_hash = sha256(encode(parts[0][""]), parts[1])
    elif word == "leaf":
        value_hash = sha256(parts[0])
    check_state(root, leaf["key"], value_hash, leaf["proof"])

# ---- Networks, checkpoints and handovers ----

class Network:
    """The only trust anchor: a network file, or a genesis."""

    def __init__(self, path):
        file = json.loads(Path(path).read_bytes())
        self.genesis = file.get("genesis", file)
        refuse_if(self.genesis.get("suite") != "sha256-ed25519" or self.genesis.get("format") != 0, "genesis")
        self.digest = sha256(encode(of_json("Genesis", self.genesis)))
        refuse_if(file.get("digest", self.digest.hex()) != self.digest.hex(), "other-digest")
        self.origin = f"{self.genesis['name']}/{self.digest[:16].hex()}"
        validators = [{"name": v["name"], **{f"{role}_key": bytes.fromhex(v[role]["key"]) for role in ("checkpoint", "log")}}
                      for v in self.genesis["validators"]]
        self.first_set = {"epoch": 0, "validators": validators}

def text_of(checkpoint, origin):
    log, state = (base64.b64encode(checkpoint[root]).decode() for root in ("log_root", "state_root"))
    numbers = " ".join(str(checkpoint[field]) for field in ("height", "time", "epoch", "compromise_counter"))
    return f"{origin}\n{checkpoint['size']}\n{log}\nstate {state} {numbers}\n"

def check_quorum(text, validators, cosignatures):
    """Returns the time in seconds at which a quorum had seen the text."""
    members = [one["member"] for one in cosignatures]
    refuse_if(len(members) > 256 or members != sorted(set(members)), "not-ascending")
    quorum = 2 * len(validators) // 3 + 1
    refuse_if(len(members) < quorum, "no-quorum")
    for one in cosignatures:
        refuse_if(one["member"] >= len(validators), "unknown-member")
        message = f"cosignature/v1\ntime {one['seconds']}\n{text}".encode()
        key = validators[one["member"]]["checkpoint_key"]
        refuse_if(not is_signed(key, message, one["signature"]), "bad-cosignature")
    return sorted((one["seconds"] for one in cosignatures), reverse=True)[quorum - 1]

def check_checkpoint(signed, origin, current):
    checkpoint, log = signed["checkpoint"], signed["log_signature"]
    refuse_if(checkpoint["epoch"] != current["epoch"], "other-epoch")
    text = text_of(checkpoint, origin)
    seconds = check_quorum(text, current["validators"], signed["cosignatures"])
    refuse_if(log["member"] >= len(current["validators"]), "unknown-member")
    key = current["validators"][log["member"]]["log_key"]
    refuse_if(not is_signed(key, text.encode(), log["signature"]), "bad-log-signature")
    fields = ("size", "height", "epoch", "time")
    return {**{field: checkpoint[field] for field in fields}, "quorum_seconds": seconds}

def leaf_of(kind, value, most=256 * 1024):
    """A proven leaf that is no record; `None` where its absence is proven."""
    refuse_if(value is None, "missing")
    if value[0] == "absent":
        return None
    refuse_if(value[0] == "record", "bad-leaf")
    try:
        return decode(value[1], kind, most)
    except Refused:
        raise Refused("bad-leaf") from None

def last_set(network, handovers):
    """Walks from the set of genesis to the last one; tells it and the height of the last handover."""
    current, height = network.first_set, None
    refuse_if(len(handovers) > 1024, "handover")
    for handover in handovers:
        checkpoint, proven = handover["checkpoint"], handover["set"]
        refuse_if(height is not None and checkpoint["height"] <= height, "handover")
        refuse_if(checkpoint["epoch"] != current["epoch"], "other-epoch")
        epoch = current["epoch"] + 1
        refuse_if(proven["key"] != state_key("set", epoch) or proven["value"][0] != "leaf", "handover")
        after = leaf_of("SetLeaf", proven["value"])
        refuse_if(after["epoch"] != epoch or not after["validators"], "handover")
        check_leaf(proven, checkpoint["state_root"])
        check_quorum(text_of(checkpoint, network.origin), current["validators"], handover["cosignatures"])
        current, height = after, checkpoint["height"]
    return current, height

class State:
    """What a certificate proves."""

    def __init__(self, network, certificate):
        refuse_if(certificate["format"] != 0, "unknown-format")
        refuse_if(certificate["network"] != network.digest, "other-network")
        signed, leaves = certificate["checkpoint"], certificate["leaves"]
        current, height = last_set(network, certificate["handovers"])
        refuse_if(height is not None and signed["checkpoint"]["height"] <= height, "handover")
        self.proven = check_checkpoint(signed, network.origin, current)
        self.checkpoint = signed["checkpoint"]
        keys = [leaf["key"] for leaf in leaves]
        refuse_if(keys != sorted(set(keys)), "not-ascending")
        for leaf in leaves:
            check_leaf(leaf, self.checkpoint["state_root"])
        self.values = {leaf["key"]: leaf["value"] for leaf in leaves}

    def leaf(self, kind, namespace, ident):
        leaf = leaf_of(kind, self.values.get(state_key(namespace, ident)))
        refuse_if(leaf is None, "missing")
        return leaf

    def record(self, key):
        value = self.values.get(key)
        refuse_if(value is None or value[0] == "absent", "missing")
        refuse_if(value[0] == "leaf", "bad-leaf")
        return value[1], value[2]

# ---- What holds at a time (hefu_proof::derived) ----

FINAL = {"cancelled", "revoked", "rejected", "reversed", "replaced", "annulled", "superseded"}

def status_at(record, at):
    events = [past["status"] for past in record["past"]] + [record["status"]]
    effective = [status for status in events if status["effective_at"] <= at]
    status = effective[-1] if effective else events[0]
    state, since, end = status["state"], status["effective_at"], record["valid_before"]
    expired = end is not None and end <= at
    if state in FINAL:
        return {"at": at, "is": "ended", "since": since}
    if state == "transferred-out":
        return {"at": at, "is": state, "since": since}
    if state == "suspended":
        if not expired and (status["until"] is None or at < status["until"]):
            return {"at": at, "is": state, "since": since}
    elif state not in ("issued", "partly-reversed"):
        return {"at": at, "is": "not-issued", "since": since}
    if record["valid_from"] is not None and at < record["valid_from"]:
        return {"at": at, "is": "not-yet-valid", "from": record["valid_from"]}
    return {"at": at, "is": "expired", "since": end} if expired else {"at": at, "is": "in-force"}

def use_at(use, at, halt):
    found = {"at": at, "purpose": use["purpose"]}
    until = use["locked_until"]
    if until is not None and halt and halt["before"] < until:
        until = max(until, halt["after"] + HOUR)
    locked = until is not None and at < until
    if use["consumed_at"] is not None and use["consumed_whole"]:
        return {**found, "is": "used", "since": use["consumed_at"]}
    if locked and use["whole"]:
        return {**found, "is": "locked", "until": until}
    return {**found, "is": "partly" if locked or use["consumed_at"] is not None else "free"}

def soundness(state, event):
    if event["compromise_counter"] == state.checkpoint["compromise_counter"]:
        return "sound"
    try:
        since = state.leaf("KeyLeaf", "key", event["key_id"])["compromised_since"]
    except Refused:
        return "unknown"
    return "sound" if since is None or event["block_time"] < since else "doubtful"

def told(state, key, record, times):
    clock = state.values.get(state_key("clock", []))
    halt = leaf_of("ClockLeaf", clock)["last_halt"] if clock and clock[0] == "leaf" else None
    fields = ("agency", "region", "legal_issuer", "event_count")
    found = {"key": key.hex(), "type": record["document_type"], "state": record["status"]["state"],
             **{field: record[field] for field in fields}, "status": [status_at(record, at) for at in times],
             "uses": [use_at(use, at, halt) for at in times for use in record["uses"]],
             "registration": soundness(state, record["registration"])}
    if record["status_event"]:
        found["status_event"] = soundness(state, record["status_event"])
    return found

# ---- Receipts ----

PROFILES = ("generic eu.en16931 cn.digital-invoice cn.vat-einvoice cn.fiscal-ebill cn.elicence cn.rail-ticket in.irn it.sdi "
            "pl.ksef br.nfe mx.cfdi").split()
NORMAL = re.compile("(?! )[ -~\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u4e00-\u9fff]*(?<! )")
REGISTER, LEND, WITH_DIGESTS = 0, 32, {0: 3, 4: 1, 5: 1}

def record_key(network, verb, fields):
    """The key of the record that an operation is about."""
    if verb == LEND:
        return state_key("record", ["copy", read("b32", fields.get(0)), read("b16", fields[1].get(0))])
    if verb != REGISTER:
        refuse_if(not 1 <= verb <= 17 and not 25 <= verb <= 31, "missing")
        return read("b32", fields.get(0))
    profile = [of["profile"] for of in network.genesis["types"] if of["id"] == read("s", fields.get(0))]
    refuse_if(not profile or profile[0] not in PROFILES, "missing")
    identity = read("Identity", fields.get(2))
    del identity[""]
    issuer, number = identity["legal_issuer"], identity["number"]
    refuse_if(not issuer or not number or (":" not in issuer and re.search("[a-z]", issuer)), "other-record")
    refuse_if(any(len(text.encode()) > 128 or not NORMAL.fullmatch(text) for text in identity.values()), "other-record")
    return state_key("record", [profile[0], 0, *identity.values()])

def names(record, operation):
    past = [one["event"] for one in record["past"]]
    events = [record["registration"], record["status_event"], record["noted"], *past]
    return any(event and event["operation"] == operation for event in events)

def opened_use(opened, root, operation):
    leaf = log_leaf(encode(opened["item"][""]))
    check_inclusion(leaf, opened["index"], opened["count"], opened["path"], root)
    word, used = opened["item"]["item"]
    refuse_if(word != "use", "not-named")
    named = [used["operation"], used["lock"], used["consumption"], used["agreed"]]
    refuse_if(operation not in named and (used["clawback"] or {}).get("operation") != operation, "not-named")
    return used

def fact_root(facts):
    names = [fact[1]["name"].encode() for fact in facts if fact[0] == "open"]
    if len(facts) > 256 or names != sorted(set(names)):
        return None
    return log_root([log_leaf(encode(part[""])) if word == "open" else part for word, part in facts])

def check_receipt(network, receipt, times):
    state, proven, opened = State(network, receipt["certificate"]), receipt["operation"], receipt["opened"]
    paths = [proven["path"], proven["entry_path"], opened["path"] if opened else []]
    refuse_if(any(len(path) > 64 for path in paths), "path-too-long")
    # The statement: of this network, signed by a key of the ledger, whose holder it names, and in the log.
    cose = decode(proven["cose"], most=2048)
    refuse_if(type(cose) is not cbor2.CBORTag or cose.tag != 18 or type(cose.value) not in (list, tuple), "malformed")
    refuse_if(len(cose.value) != 4 or cose.value[1] or not isinstance(cose.value[1], Mapping), "malformed")
    protected, _, payload, signature = cose.value
    read("[b]", [protected, payload])
    header, body = decode(protected), decode(payload, "Payload")
    refuse_if(type(header) is not dict or [*header] != [1, 3, 4, 15] or [*header[15]] != [1, 2, -65537], "malformed")
    refuse_if(header[3] != "application/vnd.hefu.statement+cbor", "malformed")
    issuer, subject = read("[s]", [header[15][1], header[15][2]])
    refuse_if(header[15][-65537] != network.digest, "other-network")
    refuse_if(header[1] != -8, "other-algorithm")
    refuse_if(len(issuer.encode()) > 64 or len(subject.encode()) > 256, "name-too-long")
    refuse_if(not 1 <= body["operation_count"] <= 4096, "bad-count")
    signer = state.leaf("KeyLeaf", "key", read("b32", header[4]))
    structure = encode(["Signature1", protected, b"", payload])
    refuse_if(not is_signed(signer["key"], structure, read("b64", signature)), "bad-signature")
    role, holder = signer["holder"]
    refuse_if(holder != issuer, "other-holder")
    size, root = state.checkpoint["size"], state.checkpoint["log_root"]
    check_inclusion(log_leaf(proven["cose"]), proven["entry_index"], size, proven["entry_path"], root)
    # The operation: one of the statement's.
    leaf = log_leaf(proven["operation"])
    check_inclusion(leaf, proven["index"], body["operation_count"], proven["path"], body["operations_root"])
    operation = sha256(b"hefu/operation/0", sha256(structure), proven["index"].to_bytes(4, "big"))
    verb, (fields,) = decode(proven["operation"], most=8192)
    # Its record names it, or an opened private item does, or the leaf of a file: so it was done.
    key = record_key(network, verb, fields)
    record, private_root = state.record(key)
    used = opened and opened_use(opened, private_root, operation)
    digests = (fields[1].get(1) if verb == LEND else fields.get(WITH_DIGESTS.get(verb))) or []
    files = [leaf_of("DigestLeaf", state.values[at]) for at in (state_key("digest", one) for one in digests)
             if state.values.get(at, ["absent"])[0] == "leaf"]
    by_file = any(file["record"] == key and file["operation"] == operation for file in files)
    if verb == REGISTER:
        same = (fields[0], fields[2][0]) == (record["document_type"], record["legal_issuer"])
        refuse_if(not same, "other-record")
        refuse_if(record["registration"]["operation"] != operation and not by_file, "not-named")
    refuse_if(not names(record, operation) and not used and not by_file, "not-named")
    refuse_if(role not in ("agency", "member"), "bad-leaf")
    state.leaf("x", role, holder)
    found = {"checkpoint": state.proven, "signer": {role: holder}, "record": told(state, key, record, times), "operation": {
        "verb": verb, "id": operation.hex(), "index": proven["index"], "entry_index": proven["entry_index"]}}
    if used:
        share = used["share"] and [used["share"]["from"], used["share"]["to"]]
        number = ["locked", "consumed", "released", "taken-back", "set-aside"].index(used["state"][0])
        found["used"] = {"purpose": used["purpose"], "member": used["member"], "state": number, "share": share}
    facts = receipt["disclosed"]["facts"] if receipt["disclosed"] else []
    if facts:
        refuse_if(record["fact_root"] is None or fact_root(facts) != record["fact_root"], "other-facts")
        found["facts"] = [[fact["name"], fact["value"]] for word, fact in facts if word == "open"]
        found["hidden"] = len(facts) - len(found["facts"])
    return found

# ---- Everything else that a file can be ----

def check_certificate(network, certificate, times, asks):
    state, found = State(network, certificate), []
    for namespace, ident in asks:
        key = state_key(namespace, ident)
        value = state.values.get(key)
        refuse_if(value is None, "missing")
        refuse_if(namespace == "record" and value[0] == "leaf", "bad-leaf")
        record = told(state, key, value[1], times) if value[0] == "record" else {"key": key.hex()}
        found.append({**record, "is": "absent" if value[0] == "absent" else "present"})
    return {"checkpoint": state.proven, "asked": found}

def check_bundle(network, bundle, times):
    def receipt(own):
        leaves = sorted(bundle["leaves"] + own["leaves"], key=lambda leaf: leaf["key"])
        shared = {field: bundle[field] for field in ("format", "network", "checkpoint", "handovers")}
        operation = {field: (bundle if field in bundle else own)[field] for field, *_ in TYPE["ProvenOperation"][1]}
        return {"certificate": {**shared, "leaves": leaves}, "operation": operation, "opened": own["opened"], "disclosed": None}
    return {"receipts": [own and check_receipt(network, receipt(own), times) for own in bundle["own"]]}

def check_note(network, note):
    validators, origin = network.first_set["validators"], network.origin
    text, _, lines = note.decode().rpartition("\n\n")
    number, root = "(0|[1-9][0-9]*)", "([A-Za-z0-9+/]{43}=)"
    match = re.fullmatch(f"{re.escape(origin)}\n{number}\n{root}\nstate {root}" + f" {number}" * 4, text)
    refuse_if(not match or not lines.endswith("\n"), "malformed")
    size, log, state, *rest = match.groups()
    checkpoint = dict(zip(("height", "time", "epoch", "compromise_counter"), map(int, rest)), size=int(size),
                      log_root=base64.b64decode(log), state_root=base64.b64decode(state))
    refuse_if(text_of(checkpoint, origin) != text + "\n", "malformed")
    keys = {}
    for member, of in enumerate(validators):
        for name, kind, key in ((origin, 1, of["log_key"]), (of["name"], 4, of["checkpoint_key"])):
            keys[name, sha256(name.encode(), b"\n", bytes([kind]), key)[:4]] = kind, member
    signed = {"checkpoint": checkpoint, "cosignatures": [], "log_signature": None}
    for line in lines[:-1].split("\n"):
        name, blob = re.fullmatch("\u2014 ([^ +]+) (.+)", line).groups()
        blob = base64.b64decode(blob, validate=True)
        kind, member = keys.get((name, blob[:4]), (None, None))
        if kind == 1:
            signed["log_signature"] = signed["log_signature"] or {"member": member, "signature": blob[4:]}
        elif kind == 4:
            seconds = int.from_bytes(blob[4:12], "big")
            signed["cosignatures"].append({"member": member, "seconds": seconds, "signature": blob[12:]})
    refuse_if(signed["log_signature"] is None, "malformed")
    return {"checkpoint": check_checkpoint(signed, origin, network.first_set)}

def check_log_proof(kind, proof):
    of = {name: [bytes.fromhex(one) for one in value] if name == "path" else value if type(value) is int else bytes.fromhex(value)
          for name, value in json.loads(proof).items()}
    if kind == "inclusion":
        check_inclusion(of["leaf"], of["index"], of["size"], of["path"], of["root"])
    else:
        check_consistency(of["first_size"], of["first_root"], of["second_size"], of["second_root"], of["path"])
    return {}

def check_file(network, kind, data, times, asks=()):
    if kind == "receipt":
        return check_receipt(network, decode(data, "Receipt"), times)
    if kind == "certificate":
        return check_certificate(network, decode(data, "Certificate", 4 << 20), times, asks)
    if kind == "bundle":
        return check_bundle(network, decode(data, "Bundle", 64 << 20), times)
    return check_note(network, data) if kind == "note" else check_log_proof(kind, data)

def ident_of(value):
    if isinstance(value, list):
        return [ident_of(part) for part in value]
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value

def check_manifest(path):
    """Returns how many cases there are, and what is wrong with which."""
    folder, wrong, networks = Path(path).parent, [], {}
    cases = json.loads(Path(path).read_bytes())["cases"]
    unreadable = {"malformed", "not-canonical"}  # which of the two an implementation finds first is its own
    for case in cases:
        network = networks.setdefault(case["network"], None) or Network(folder / case["network"])
        networks[case["network"]] = network
        asks = [(ask["namespace"], ident_of(ask["id"])) for ask in case.get("asks", [])]
        try:
            data = (folder / case["file"]).read_bytes()
            found, reason = check_file(network, case["kind"], data, case.get("at", []), asks), None
        except Refused as refused:
            found, reason = None, str(refused)
        expected = case.get("reason")
        if found != case.get("proves") or reason != expected and not {reason, expected} <= unreadable:
            wrong.append(f"{case['name']}: expected {expected or case['proves']}, found {reason or found}")
    return len(cases), wrong

def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--manifest":
        count, wrong = check_manifest(arguments[1])
        print("\n".join([*wrong, f"{count} cases, {len(wrong)} not as the manifest says"]))
        return 1 if wrong else 0
    if len(arguments) < 2:
        print(__doc__)
        return 2
    network, failed = Network(arguments[0]), 0
    for path in map(Path, arguments[1:]):
        kind = path.suffix[1:] if path.suffix[1:] in ("certificate", "bundle", "note") else "receipt"
        try:
            found = check_file(network, kind, path.read_bytes(), [time.time_ns() // 1_000_000])
            print(f"{path}: holds: {json.dumps(found, ensure_ascii=False)}")
        except Refused as refused:
            failed = 1
            print(f"{path}: refused: {refused}")
    return failed

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
