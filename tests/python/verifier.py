"""An independent verifier of Hefu's receipts, status certificates and bundles, written from the written formats: the
module docs of hefu-types and hefu-proof, RFC 9162 (log), 9052 (COSE), 8032 (Ed25519), C2SP tlog-checkpoint and
tlog-cosignature. golden.py beside this file checks the golden files with it.

    verifier.py NETWORK FILE...    says of each file whether it holds and what it proves now; exit 0 if all do, else 1

NETWORK is a network file or a genesis. A FILE is a receipt, or what its ending says: .certificate, .bundle.
"""
import base64, hashlib, json, re, sys, time
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
    if value < 24:
        return bytes([major << 5 | value])
    size = next(n for n in (1, 2, 4, 8) if value >> 8 * n == 0)
    return bytes([major << 5 | 23 + size.bit_length()]) + value.to_bytes(size, "big")
def encode(value):
    """The one encoding: shortest lengths, none indefinite, keys ascending; no floats."""
    if isinstance(value, (bytes, str)):
        data = value.encode() if isinstance(value, str) else value
        return head(2 if data is value else 3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, Mapping):
        return head(5, len(value)) + b"".join(sorted(encode(key) + encode(item) for key, item in value.items()))
    if isinstance(value, cbor2.CBORTag):
        return head(6, value.tag) + encode(value.value)
    if type(value) is int:
        return head(0, value) if value >= 0 else head(1, -1 - value)
    refuse_if(value is not None and type(value) is not bool, "malformed")
    return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]

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
recognition:[RecognitionRule] rules_version:u} Region {id:s name_zh:s name_en:s} ProvenKey {key:b32 proof:b64} Seat
{name:s key:ProvenKey} GenesisValidator {name:s region:s consensus:ProvenKey checkpoint:ProvenKey log:ProvenKey
peer:ProvenKey} Council {threshold:u seats:[Seat]} Registrar {id:s region:s key:ProvenKey} Agency {id:s name:s
region:s contact:s key:ProvenKey entitlements:[Entitlement] key_valid_before:u} Member {id:s region:s identifier:b32
key:ProvenKey key_valid_before:u} Entitlement {document_type:s region:s issuer_prefixes:[s] legal_basis:s part:Part}
Part <issue supervise> TypeRules {id:s kind:Kind name_zh:s name_en:s profile:s zone_minutes:i purposes:[PurposeRules]
first_member:o cancel_window_ms:u exclusions:[[s]] correct_window_ms:u consent_ms:u offline_ms:u two_party:o ranges:o
unattested:o facts:[FactField] lending:LendingRules?} Kind <invoice licence> PurposeRules {name:s divisible:o
lock_ms_max:u names_member:o} FactField {name:s name_zh:s name_en:s open:o} LendingRules {ms_max:u consent:o}
RecognitionRule {by:s document_type:s of:s recognised:o citation:s from:u until:u? conditions:[Condition] text:s}
Condition |fact:name=s,any_of=[s] registered-from:u|
Checkpoint {size:u log_root:b32 state_root:b32 height:u time:u epoch:u compromise_counter:u} Cosignature (member:u
seconds:u signature:b64) LogSignature (member:u signature:b64) SignedCheckpoint {checkpoint:Checkpoint
log_signature:LogSignature cosignatures:[Cosignature]} StateProof {depth:u bitmap:b hashes:b neighbour:Neighbour?}
Neighbour (key:b32 value_hash:b32) ProvenLeaf {key:b32 value:Value proof:StateProof} Value |absent
record:PublicPart,b32 leaf:b| Handover {checkpoint:Checkpoint cosignatures:[Cosignature] set:ProvenLeaf} Certificate
{format:u network:b32 checkpoint:SignedCheckpoint handovers:[Handover] leaves:[ProvenLeaf]} Receipt
{certificate:Certificate operation:ProvenOperation opened:OpenedItem? disclosed:Disclosed?} ProvenOperation
{operation:b index:u path:[b32] cose:b entry_index:u entry_path:[b32]} OpenedItem {index:u count:u item:PrivateItem
path:[b32]} Disclosed {facts:[FactLeaf] named_member_salt:b16?} FactLeaf |open:Fact hidden:b32| Fact (salt:b16 name:s
value:s) Bundle {format:u network:b32 checkpoint:SignedCheckpoint handovers:[Handover] leaves:[ProvenLeaf] cose:b
entry_index:u entry_path:[b32] own:[OwnPart?]} OwnPart {operation:b index:u path:[b32] leaves:[ProvenLeaf]
opened:OpenedItem?}
PublicPart {document_type:s agency:s region:s legal_issuer:s digests:[b32] fact_root:b32? valid_from:u?
valid_before:u? use_right:x? status:Status uses:[UseState] registration:Event status_event:Event? event_count:u
history:x? past:[PastStatus] reversal:x? links:[x] offline:x? supervisor:s? archived_at:u? noted:Event? open_facts:[x]
copy:x? transferred_to:s?} Status {state:State effective_at:u recorded_at:u reason:s? until:u?} State <issued
cancelled revoked proposed rejected partly-reversed reversed replaced unattested suspended annulled superseded
transferred-out> UseState {purpose:s consumed_at:u? locked_until:u? whole:o unattested:o consumed_whole:o} Event
{operation:b32 key_id:b32 block_time:u compromise_counter:u} PastStatus {status:Status event:Event} PrivateItem
(blinding:b16 item:Item) Item |total:x use:UseItem reversed:x asked:x folded-uses:x credited:u| UseItem {purpose:s
member:s operation:b32 block_time:u share:Span? state:UseItemState lock:b32? consumption:b32? taken_back:u
unattested:o clawback:Clawback? agreed:b32?} UseItemState |locked:u consumed released taken-back set-aside| Span
{from:u to:u} Clawback {by:u minor_units:u? operation:b32 deadline:u} DigestLeaf {record:b32 operation:b32
withdrawn:o}
KeyLeaf {key:b32 holder:Holder valid_from:u valid_before:u retired_at:u? compromised_since:u? operation:b32 role:u
confirmed_at:u?} Holder |agency:s member:s registrar:s council:s validator:s| ClockLeaf {block_time:u last_halt:Halt?
compromise_counter:u council_epoch:u} Halt (before:u after:u) SetLeaf {epoch:u validators:[Validator] operation:b32}
Validator {name:s region:s consensus_key:b32 checkpoint_key:b32 log_key:b32 peer_key:b32 addresses:x?} Payload
{nonce:b16 valid_until:u mode:u operation_count:u operations_root:b32} Identity {legal_issuer:s class:s series:s
number:s period:s}
"""
TYPE = {name: (mark, [part.partition(":")[::2] for part in body.split()])
        for name, mark, body in re.findall(r"(\w+)\s+([{(<|])(.*?)[})>|]", TYPES, re.S)}
BASIC = {"s": str, "o": bool, "u": int, "i": int}
# What a member means that a genesis file leaves out: by its name or by its type.
DEFAULT = {"part": "issue", "consent_ms": 72 * HOUR, "o": False, "[": [], "u": 0, "s": ""}

def read(kind, value):
    """A decoded CBOR value as a value of a type: maps and arrays by the names of their fields."""
    def need(right):
        refuse_if(not right, "malformed")
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
        need(type(value) is dict and value.keys() <= set(range(len(parts))) and None not in value.values())
        need(all(index in value or of.endswith("?") for index, (_, of) in enumerate(parts)))
        return {"": value, **{field: read(of, value.get(index)) for index, (field, of) in enumerate(parts)}}
    need(type(value) is list and len(value) == (len(parts) if mark == "(" else 2))
    if mark == "(":
        return {"": value, **{field: read(of, item) for (field, of), item in zip(parts, value)}}
    need(type(value[0]) is int and 0 <= value[0] < len(parts))
    word, types = parts[value[0]][0], [of for of in parts[value[0]][1].split(",") if of]
    need(type(value[1]) is list and len(value[1]) == len(types))
    return (word, *(read(of, item) for of, item in zip(types, value[1])))

def of_json(kind, value):
    """A value of a genesis file as the CBOR value that is hashed."""
    if value is None or kind.startswith("["):
        return value and [of_json(kind[1:-1], item) for item in value]
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
        default = {field: DEFAULT.get(field, DEFAULT.get("[" if of[0] == "[" else of)) for field, of in parts}
        made = ((index, of_json(of, value.get(field, default[field]))) for index, (field, of) in enumerate(parts))
        return {index: item for index, item in made if item is not None}
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
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return is_full_order(key) and is_full_order(signature[:32])
    except (InvalidSignature, ValueError):
        return False

# ---- The log (RFC 9162, 2.1) ----
def log_leaf(entry):
    return sha256(b"\0", entry)
def log_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", log_root(leaves[:split]), log_root(leaves[split:]))
def climb(node, last, path, roots):
    """Goes up one tree, or two at once: `roots` are (hash, whether it also grows where the way turns left)."""
    for beside in path:
        refuse_if(last == 0, "wrong-path-length")
        if node & 1 or node == last:
            roots = [(sha256(b"\1", beside, root), grows) for root, grows in roots]
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            roots = [(sha256(b"\1", root, beside) if grows else root, grows) for root, grows in roots]
        node, last = node >> 1, last >> 1
    refuse_if(last != 0, "wrong-path-length")
    return [root for root, _ in roots]

def check_inclusion(leaf, index, size, path, root):
    refuse_if(index >= size, "index-outside")
    refuse_if(climb(index, size - 1, path, [(leaf, True)]) != [root], "other-root")

# ---- The state tree (hefu_types::key, hefu_proof::state_proof) ----
EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
def state_key(namespace, ident):
    key = bytearray(sha256(encode([namespace, ident])))
    key[0] = key[0] | 0x80 if namespace in ("record", "digest", "member") else key[0] & 0x7f
    return bytes(key)
def bit(bits, at):
    return bits[at // 8] >> (7 - at % 8) & 1
def check_leaf(leaf, root):
    key, (word, *parts), proof = leaf["key"], leaf["value"], leaf["proof"]
    depth, bitmap, hashes, neighbour = (proof[field] for field in ("depth", "bitmap", "hashes", "neighbour"))
    refuse_if(depth > 256 or len(bitmap) != (depth + 7) // 8, "malformed")
    refuse_if(any(bit(bitmap, at) for at in range(depth, 8 * len(bitmap))), "malformed")
    clear = [at for at in range(depth) if not bit(bitmap, at)]
    refuse_if(depth and bit(bitmap, depth - 1) or len(hashes) != 32 * len(clear), "malformed")
    beside, end = [EMPTY] * depth, EMPTY
    for n, at in enumerate(clear):
        beside[at] = hashes[32 * n:32 * n + 32]
        refuse_if(beside[at] == EMPTY, "placeholder-spelled-out")
    if word != "absent":
        refuse_if(neighbour, "neighbour-in-inclusion")
        value = parts if word == "leaf" else (encode(parts[0][""]), parts[1])
        end = sha256(b"JMT::LeafNode", key, sha256(*value))
    elif neighbour:
        refuse_if(neighbour["key"] == key, "neighbour-is-the-key")
        refuse_if(any(bit(key, at) != bit(neighbour["key"], at) for at in range(depth)), "neighbour-elsewhere")
        end = sha256(b"JMT::LeafNode", neighbour["key"], neighbour["value_hash"])
    for at in reversed(range(depth)):
        end = sha256(b"JMT::IntrnalNode", *((beside[at], end) if bit(key, at) else (end, beside[at])))
    refuse_if(end != root, "other-root")

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
        self.first_set = {"epoch": 0, "validators": [
            {"name": of["name"], **{f"{role}_key": bytes.fromhex(of[role]["key"]) for role in ("checkpoint", "log")}}
            for of in self.genesis["validators"]]}

def text_of(checkpoint, origin):
    log, state = (base64.b64encode(checkpoint[root]).decode() for root in ("log_root", "state_root"))
    numbers = " ".join(str(checkpoint[field]) for field in ("height", "time", "epoch", "compromise_counter"))
    return f"{origin}\n{checkpoint['size']}\n{log}\nstate {state} {numbers}\n"
def check_quorum(text, validators, cosignatures):
    """Returns the time in seconds at which a quorum had seen the text."""
    members, quorum = [one["member"] for one in cosignatures], 2 * len(validators) // 3 + 1
    refuse_if(len(members) > 256 or members != sorted(set(members)), "cosignatures-not-ascending")
    refuse_if(len(members) < quorum, "no-quorum")
    for one in cosignatures:
        refuse_if(one["member"] >= len(validators), "unknown-member")
        message = f"cosignature/v1\ntime {one['seconds']}\n{text}".encode()
        signed = is_signed(validators[one["member"]]["checkpoint_key"], message, one["signature"])
        refuse_if(not signed, "bad-cosignature")
    return sorted((one["seconds"] for one in cosignatures), reverse=True)[quorum - 1]

def check_checkpoint(signed, origin, current):
    checkpoint, log, validators = signed["checkpoint"], signed["log_signature"], current["validators"]
    refuse_if(checkpoint["epoch"] != current["epoch"], "other-epoch")
    text = text_of(checkpoint, origin)
    seconds = check_quorum(text, validators, signed["cosignatures"])
    refuse_if(log["member"] >= len(validators), "unknown-member")
    refuse_if(not is_signed(validators[log["member"]]["log_key"], text.encode(), log["signature"]), "bad-log-signature")
    return {**{field: checkpoint[field] for field in ("size", "height", "epoch", "time")}, "quorum_seconds": seconds}
def last_set(network, handovers):
    """Walks from the set of genesis to the last one; tells it and the height of the last handover."""
    current, height = network.first_set, -1
    refuse_if(len(handovers) > 1024, "chain-too-long")
    for handover in handovers:
        checkpoint, proven, epoch = handover["checkpoint"], handover["set"], current["epoch"] + 1
        refuse_if(checkpoint["height"] <= height, "chain-heights")
        refuse_if(checkpoint["epoch"] != current["epoch"], "other-epoch")
        refuse_if(proven["key"] != state_key("set", epoch), "not-the-next-set")
        refuse_if(proven["value"][0] != "leaf", "no-set")
        after = leaf_of("SetLeaf", proven["value"])
        refuse_if(after["epoch"] != epoch or not after["validators"], "bad-set")
        check_leaf(proven, checkpoint["state_root"])
        check_quorum(text_of(checkpoint, network.origin), current["validators"], handover["cosignatures"])
        current, height = after, checkpoint["height"]
    return current, height

def leaf_of(kind, value):
    """A proven leaf that is no record."""
    refuse_if(value is None or value[0] == "absent", "not-proven")
    refuse_if(value[0] == "record", "bad-leaf")
    try:
        return decode(value[1], kind, 256 * 1024)
    except Refused:
        raise Refused("bad-leaf") from None

class State:
    """What a certificate proves."""
    def __init__(self, network, certificate):
        refuse_if(certificate["format"] != 0, "unknown-format")
        refuse_if(certificate["network"] != network.digest, "other-network")
        signed, leaves = certificate["checkpoint"], certificate["leaves"]
        current, height = last_set(network, certificate["handovers"])
        self.checkpoint = signed["checkpoint"]
        refuse_if(self.checkpoint["height"] <= height, "not-after-handover")
        self.proven = check_checkpoint(signed, network.origin, current)
        keys = [leaf["key"] for leaf in leaves]
        refuse_if(keys != sorted(set(keys)), "leaves-not-ascending")
        for leaf in leaves:
            check_leaf(leaf, self.checkpoint["state_root"])
        self.values = {leaf["key"]: leaf["value"] for leaf in leaves}

    def leaf(self, kind, namespace, ident):
        return leaf_of(kind, self.values.get(state_key(namespace, ident)))

# ---- What holds at a time (hefu_proof::derived) ----
def status_at(record, at):
    events = [past["status"] for past in record["past"]] + [record["status"]]
    status = next((status for status in reversed(events) if status["effective_at"] <= at), events[0])
    state, since, begin, end = status["state"], status["effective_at"], record["valid_from"], record["valid_before"]
    expired = end is not None and end <= at
    if state in ("cancelled", "revoked", "rejected", "reversed", "replaced", "annulled", "superseded"):
        return {"at": at, "is": "ended", "since": since}
    withheld = state == "suspended" and not expired and (status["until"] is None or at < status["until"])
    if withheld or state == "transferred-out":
        return {"at": at, "is": state, "since": since}
    if state in ("proposed", "unattested"):
        return {"at": at, "is": "not-issued", "since": since}
    if begin is not None and at < begin:
        return {"at": at, "is": "not-yet-valid", "from": begin}
    return {"at": at, "is": "expired", "since": end} if expired else {"at": at, "is": "in-force"}

def use_at(use, at, halt):
    found, until, since = {"at": at, "purpose": use["purpose"]}, use["locked_until"], use["consumed_at"]
    if until is not None and halt and halt["before"] < until:
        until = max(until, halt["after"] + HOUR)
    locked = until is not None and at < until
    if since is not None and use["consumed_whole"]:
        return {**found, "is": "used", "since": since}
    if locked and use["whole"]:
        return {**found, "is": "locked", "until": until}
    return {**found, "is": "partly" if locked or since is not None else "free"}
def soundness(state, event):
    if event["compromise_counter"] == state.checkpoint["compromise_counter"]:
        return "sound"
    key = state.values.get(state_key("key", event["key_id"]))
    if key is None or key[0] != "leaf":
        return "unknown"
    since = leaf_of("KeyLeaf", key)["compromised_since"]
    return "sound" if since is None or event["block_time"] < since else "doubtful"
def told(state, key, record, times):
    clock = state.values.get(state_key("clock", []))
    halt = clock and leaf_of("ClockLeaf", clock)["last_halt"]
    found = {field: record[field] for field in ("agency", "region", "legal_issuer", "event_count")}
    found |= {"key": key.hex(), "type": record["document_type"], "state": record["status"]["state"],
              "status": [status_at(record, at) for at in times],
              "uses": [use_at(use, at, halt) for at in times for use in record["uses"]]}
    events = ((field, record[field]) for field in ("registration", "status_event"))
    return found | {field: soundness(state, event) for field, event in events if event}

# ---- Receipts ----
NORMAL = re.compile("(?! )[ -~\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u4e00-\u9fff]*(?<! )")
REGISTER, ADD_RENDITION, CORRECT, LEND = 0, 4, 5, 32

def record_key(network, verb, fields):
    """The key of the record that an operation is about."""
    if verb == LEND:
        return state_key("record", ["copy", read("b32", fields.get(0)), read("b16", fields[1].get(0))])
    if verb != REGISTER:
        refuse_if(not 1 <= verb <= 17 and not 25 <= verb <= 31, "not-proven")
        return read("b32", fields.get(0))
    profile = next((of["profile"] for of in network.genesis["types"] if of["id"] == fields.get(0)), None)
    refuse_if(profile is None, "not-proven")
    _, issuer, *others = read("Identity", fields.get(2)).values()
    refuse_if(not issuer or not others[2] or ":" not in issuer and re.search("[a-z]", issuer), "other-record")
    refuse_if(any(len(text.encode()) > 128 or not NORMAL.fullmatch(text) for text in [issuer, *others]), "other-record")
    return state_key("record", [profile, 0, issuer, *others])

def opened_use(opened, root, operation):
    check_inclusion(log_leaf(encode(opened["item"][""])), opened["index"], opened["count"], opened["path"], root)
    word, used = opened["item"]["item"]
    refuse_if(word != "use", "not-named")
    asked = used["clawback"] and used["clawback"]["operation"]
    named = [asked, *(used[field] for field in ("operation", "lock", "consumption", "agreed"))]
    refuse_if(operation not in named, "not-named")
    return used
def read_statement(network, bytes_of_cose):
    """Who signed what: COSE_Sign1 (hefu_types::cose) with the payload of a statement."""
    cose = decode(bytes_of_cose, most=2048)
    refuse_if(type(cose) is not cbor2.CBORTag or cose.tag != 18 or len(read("[x]", list(cose.value))) != 4, "malformed")
    protected, unprotected, payload, signature = cose.value
    refuse_if(unprotected or not isinstance(unprotected, Mapping), "malformed")
    header, body = decode(read("b", protected)), decode(read("b", payload), "Payload")
    refuse_if(type(header) is not dict or [*header] != [1, 3, 4, 15] or [*header[15]] != [1, 2, -65537]
              or header[3] != "application/vnd.hefu.statement+cbor", "malformed")
    issuer, subject = read("[s]", [header[15][1], header[15][2]])
    refuse_if(header[15][-65537] != network.digest, "other-network")
    refuse_if(header[1] != -8, "other-algorithm")
    refuse_if(len(issuer.encode()) > 64 or len(subject.encode()) > 256, "name-too-long")
    refuse_if(not 1 <= body["operation_count"] <= 4096, "bad-count")
    return issuer, read("b32", header[4]), body, encode(["Signature1", protected, b"", payload]), read("b64", signature)

def check_receipt(network, receipt, times):
    state, proven, opened = State(network, receipt["certificate"]), receipt["operation"], receipt["opened"]
    paths = [proven["path"], proven["entry_path"], opened["path"] if opened else []]
    refuse_if(max(map(len, paths)) > 64, "path-too-long")
    # The statement: of this network, signed by a key of the ledger, whose holder it names, and in the log.
    issuer, key_id, body, structure, signature = read_statement(network, proven["cose"])
    signer = state.leaf("KeyLeaf", "key", key_id)
    refuse_if(not is_signed(signer["key"], structure, signature), "bad-signature")
    role, holder = signer["holder"]
    refuse_if(holder != issuer, "other-holder")
    entry_index, size, root = proven["entry_index"], state.checkpoint["size"], state.checkpoint["log_root"]
    check_inclusion(log_leaf(proven["cose"]), entry_index, size, proven["entry_path"], root)
    # The operation: one of the statement's.
    leaf, index, count = log_leaf(proven["operation"]), proven["index"], body["operation_count"]
    check_inclusion(leaf, index, count, proven["path"], body["operations_root"])
    operation = sha256(b"hefu/operation/0", sha256(structure), index.to_bytes(4, "big"))
    verb, (fields,) = decode(proven["operation"], most=8192)
    # It was done: its record names it, or an opened private item does, or the leaf of a file that it brought.
    key = record_key(network, verb, fields)
    word, record, private_root, *_ = *state.values.get(key, ["absent"]), None, None
    refuse_if(word != "record", "not-proven" if word == "absent" else "bad-leaf")
    used = opened and opened_use(opened, private_root, operation)
    digests = {REGISTER: fields.get(3), ADD_RENDITION: fields.get(1), CORRECT: fields.get(1)}.get(verb) or []
    digests = fields[1][1] if verb == LEND else digests
    files = (state.values.get(state_key("digest", digest)) for digest in digests)
    files = [leaf_of("DigestLeaf", file) for file in files if file and file[0] == "leaf"]
    by_file = any(file["record"] == key and file["operation"] == operation for file in files)
    events = [record["registration"]]
    if verb == REGISTER:
        same = (fields[0], fields[2][0]) == (record["document_type"], record["legal_issuer"])
        refuse_if(not same, "other-record")
    else:
        events += [record["status_event"], record["noted"], *(past["event"] for past in record["past"])]
    by_record = any(event and event["operation"] == operation for event in events)
    refuse_if(not by_record and not by_file and (verb == REGISTER or not used), "not-named")
    refuse_if(role not in ("agency", "member"), "bad-leaf")
    state.leaf("x", role, holder)
    done = {"verb": verb, "id": operation.hex(), "index": index, "entry_index": entry_index}
    found = {"checkpoint": state.proven, "operation": done, "signer": {role: holder},
             "record": told(state, key, record, times)}
    if used:
        share = used["share"] and [used["share"]["from"], used["share"]["to"]]
        found["used"] = {field: used[field] for field in ("purpose", "member")}
        found["used"] |= {"state": used["state"][0], "share": share}
    facts = receipt["disclosed"]["facts"] if receipt["disclosed"] else []
    if facts:
        found["facts"] = [[fact["name"], fact["value"]] for word, fact in facts if word == "open"]
        found["hidden"], shown = len(facts) - len(found["facts"]), [name.encode() for name, _ in found["facts"]]
        root = log_root([log_leaf(encode(fact[""])) if word == "open" else fact for word, fact in facts])
        refuse_if(len(facts) > 256 or shown != sorted(set(shown)) or root != record["fact_root"], "other-facts")
    return found

# ---- Everything else that a file can be ----
def check_certificate(network, certificate, times, asks=()):
    """`asks` are keys: what must be proven of each, a record for a key that is one of records."""
    state, found = State(network, certificate), []
    for namespace, ident in asks or [(None, key) for key in certificate["leaves"]]:
        key = state_key(namespace, ident) if namespace else ident["key"]
        value = state.values.get(key)
        refuse_if(value is None, "not-proven")
        refuse_if(namespace == "record" and value[0] == "leaf", "bad-leaf")
        record = told(state, key, value[1], times) if value[0] == "record" else {"key": key.hex()}
        found.append({**record, "is": "absent" if value[0] == "absent" else "present"})
    return {"checkpoint": state.proven, "asked": found}

def check_bundle(network, bundle, times):
    def receipt(own):
        leaves = sorted(bundle["leaves"] + own["leaves"], key=lambda leaf: leaf["key"])
        operation = {field: (bundle if field in bundle else own)[field] for field, _ in TYPE["ProvenOperation"][1]}
        certificate = {**bundle, "leaves": leaves}
        return {"certificate": certificate, "operation": operation, "opened": own["opened"], "disclosed": None}
    return {"receipts": [own and check_receipt(network, receipt(own), times) for own in bundle["own"]]}
def check_file(network, kind, data, times, asks=()):
    """What a file proves, in the words of the golden files' manifest; raises `Refused`."""
    try:
        if kind == "certificate":
            return check_certificate(network, decode(data, "Certificate", 4 << 20), times, asks)
        if kind == "bundle":
            return check_bundle(network, decode(data, "Bundle", 64 << 20), times)
        return check_receipt(network, decode(data, "Receipt"), times)
    except (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise Refused("malformed") from error
def main(arguments):
    if len(arguments) < 2:
        return print(__doc__) or 2
    network, failed = Network(arguments[0]), 0
    for path in map(Path, arguments[1:]):
        kind = {".certificate": "certificate", ".cert": "certificate", ".bundle": "bundle"}.get(path.suffix, "receipt")
        try:
            found = check_file(network, kind, path.read_bytes(), [time.time_ns() // 1_000_000])
            print(f"{path}: holds: {json.dumps(found, ensure_ascii=False)}")
        except (OSError, Refused) as refused:
            failed = print(f"{path}: refused: {refused}") or 1
    return failed
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
