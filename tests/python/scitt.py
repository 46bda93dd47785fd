"""Verifies a statement with its receipts as somebody would who has never heard of Hefu: with scitt-cose.

    scitt.py STATEMENT.cose KEYS.json KEYS.cbor OTHER.cose

STATEMENT and OTHER are transparent statements (RFC 9943), KEYS the keys of the validators and the signer.
Every receipt of STATEMENT is verified, and each of its parts is altered and has to be refused. Prints one
JSON object with what was verified and how many alterations were refused; ends with 1 and a sentence where
anything is otherwise than expected.
"""

import base64
import hashlib
import json
import sys

import cbor2
import scitt_cose
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALG, CONTENT_TYPE, KID, CWT_CLAIMS, RECEIPTS, VDS, VDP = 1, 3, 4, 15, 394, 395, 396
ISS, SUB, INCLUSION = 1, 2, -1

refused = 0


def want(holds, sentence):
    if not holds:
        sys.exit("scitt.py: " + sentence)


def pem_of(jwk):
    """A public key as scitt-cose takes it; its kid has to be the thumbprint of RFC 9679."""
    x = base64.urlsafe_b64decode(jwk["x"] + "=" * (-len(jwk["x"]) % 4))
    want((jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519"), "a key of another kind")
    thumbprint = hashlib.sha256(cbor2.dumps({1: 1, -1: 6, -2: x}, canonical=True))
    want(thumbprint.hexdigest() == jwk["kid"], "a kid that is not the thumbprint of its key")
    return Ed25519PublicKey.from_public_bytes(x).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def parts(message):
    """Protected header (decoded), unprotected header, payload and signature of a COSE_Sign1."""
    tagged = cbor2.loads(message)
    want(tagged.tag == 18 and len(tagged.value) == 4, "no tagged COSE_Sign1")
    protected, unprotected, payload, signature = tagged.value
    return dict(cbor2.loads(protected)), dict(unprotected), payload, signature, protected


def sign1(protected, unprotected, payload, signature):
    return cbor2.dumps(cbor2.CBORTag(18, [protected, unprotected, payload, signature]), canonical=True)


def entry_of(transparent):
    """The log entry: the statement with its unprotected header emptied (RFC 9943, registration)."""
    _, _, payload, signature, protected = parts(transparent)
    return sign1(protected, {}, payload, signature)


def verify(receipt, entry, pem):
    return scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem)


def refuse(what, receipt, entry, pem):
    global refused
    result = verify(receipt, entry, pem)
    want(not result.ok, f"accepted: {what}")
    want(result.issuer is None and result.errors, f"told the issuer of what it refused: {what}")
    refused += 1


def flipped(data, at):
    altered = bytearray(data)
    altered[at] ^= 1
    return bytes(altered)


def check_statement(transparent, pem, other_pem):
    global refused
    entry = entry_of(transparent)
    for message in (transparent, entry):
        read = scitt_cose.parse_signed_statement(message, public_key_pem=pem)
        want(read["signature_verified"] is True, "the statement does not verify")
        want(read["content_type"] == "application/vnd.hefu.statement+cbor", "another content type")
    header, unprotected, payload, signature, protected = parts(transparent)
    # RFC 9943: kid, for there is neither x5t nor x5chain; CWT claims with iss and sub.
    want(set(header) == {ALG, CONTENT_TYPE, KID, CWT_CLAIMS}, "other protected headers")
    want(list(unprotected) == [RECEIPTS], "more than the receipts in the unprotected header")
    claims = dict(header[CWT_CLAIMS])
    want(1 <= len(claims[ISS]) <= 8192 and claims[SUB], "no issuer or no subject")
    bad = [
        sign1(protected, {}, flipped(payload, 9), signature),
        sign1(protected, {}, payload, flipped(signature, 40)),
        sign1(flipped(protected, len(protected) - 1), {}, payload, signature),
        entry + b"\0",
    ]
    for message in bad:
        read = scitt_cose.parse_signed_statement(message, public_key_pem=pem)
        want(read["signature_verified"] is False and read["issuer"] is None, "an altered statement verifies")
        refused += 1
    read = scitt_cose.parse_signed_statement(entry, public_key_pem=other_pem)
    want(read["signature_verified"] is False, "the statement verifies under another key")
    refused += 1
    return entry, claims


def check_receipt(receipt, entry, other_entry, keys, origin):
    """Verifies one receipt and refuses it altered; tells the validator that signed, the size and the root."""
    global refused
    header, unprotected, payload, signature, protected = parts(receipt)
    want(set(header) == {ALG, KID, CWT_CLAIMS, VDS}, "other protected headers in a receipt")
    want(header[VDS] == 1 and header[ALG] == -8, "another structure or algorithm")
    want(payload is None, "the root is not left out")
    name, pem = keys[header[KID]]
    result = verify(receipt, entry, pem)
    want(result.ok, f"the receipt of {name} does not verify: {result.errors}")
    want((result.issuer, result.subject) == (name, origin), "another issuer or subject")
    want(result.protected_header_ext.get(KID) == header[KID], "another kid")

    proofs = list(dict(unprotected[VDP])[INCLUSION])
    want(len(proofs) == 1, "not one inclusion proof")
    size, index, path = cbor2.loads(proofs[0])
    path = list(path)
    want((size, index) == (result.tree_size, result.leaf_index) and path, "another proof than was verified")

    def with_proof(size, index, path):
        proof = cbor2.dumps([size, index, path], canonical=True)
        return sign1(protected, {VDP: {INCLUSION: [proof]}}, None, signature)

    want(with_proof(size, index, path) == receipt, "the receipt has another encoding")
    # The root: what is signed, and nothing else.
    root = bytes.fromhex(result.root)
    labels = {ALG, KID, CWT_CLAIMS, VDS}
    sign = dict(public_key_pem=pem, understood_labels=labels)
    scitt_cose.verify_sign1(receipt, detached_payload=root, **sign)
    for at in (0, 17, 31):
        try:
            scitt_cose.verify_sign1(receipt, detached_payload=flipped(root, at), **sign)
        except scitt_cose.CoseError:
            refused += 1
        else:
            sys.exit("scitt.py: an altered root is signed")
    refuse("an attached root", sign1(protected, unprotected, root, signature), entry, pem)
    # The path.
    for at in range(len(path)):
        altered = path[:at] + [flipped(path[at], 5)] + path[at + 1 :]
        refuse(f"hash {at} of the path altered", with_proof(size, index, altered), entry, pem)
    refuse("a shorter path", with_proof(size, index, path[:-1]), entry, pem)
    refuse("a longer path", with_proof(size, index, path + [root]), entry, pem)
    # The index: of the same size none but this is of this entry.
    for other in range(max(0, index - 3), min(size, index + 4)):
        if other != index:
            refuse(f"index {other}", with_proof(size, other, path), entry, pem)
    refuse("an index outside", with_proof(size, size, path), entry, pem)
    # The signature, what it covers, and whose it is.
    for at in (0, 31, 32, 63):
        altered = sign1(protected, unprotected, None, flipped(signature, at))
        refuse("an altered signature", altered, entry, pem)
    claims = dict(header[CWT_CLAIMS])
    for altered in (
        {**header, VDS: 2},
        {**header, KID: flipped(header[KID], 3)},
        {**header, CWT_CLAIMS: {**claims, ISS: "another.example"}},
        {**header, CWT_CLAIMS: {**claims, SUB: "another.example/00"}},
    ):
        altered = cbor2.dumps(altered, canonical=True)
        refuse("an altered header", sign1(altered, unprotected, None, signature), entry, pem)
    for kid, (_, other_pem) in keys.items():
        if kid != header[KID]:
            refuse("the key of another validator", receipt, entry, other_pem)
    # The statement.
    refuse("another statement", receipt, other_entry, pem)
    refuse("an altered statement", receipt, flipped(entry, len(entry) - 1), pem)
    refuse("a byte too much", receipt + b"\0", entry, pem)
    return name, size, result.root


def main():
    want(scitt_cose.__version__ == "0.5.0", "another version of scitt-cose")
    statement, keys_json, keys_cbor, other = sys.argv[1:]
    transparent, other = (open(name, "rb").read() for name in (statement, other))
    told = json.load(open(keys_json, encoding="utf-8"))
    keys = {bytes.fromhex(it["key"]["kid"]): (it["name"], pem_of(it["key"])) for it in told["validators"]}
    signer = pem_of(told["signer"]["key"])
    # The COSE_KeySet has the same keys.
    key_set = {key[2]: key[-2] for key in cbor2.load(open(keys_cbor, "rb"))}
    jwks = [it["key"] for it in told["validators"] + [told["signer"]]]
    as_jwk = {bytes.fromhex(jwk["kid"]): base64.urlsafe_b64decode(jwk["x"] + "=") for jwk in jwks}
    want(key_set == as_jwk, "the two key files differ")

    entry, claims = check_statement(transparent, signer, next(iter(keys.values()))[1])
    want(claims[ISS] == told["signer"]["name"] and claims[SUB] == told["origin"], "another issuer or origin")
    receipts = scitt_cose.extract_receipts(transparent)
    others = scitt_cose.extract_receipts(other)
    want(receipts and others, "no receipts")
    verified = [check_receipt(it, entry, entry_of(other), keys, told["origin"]) for it in receipts]
    for receipt in others:
        _, pem = keys[parts(receipt)[0][KID]]
        want(verify(receipt, entry_of(other), pem).ok, "the other statement's receipt does not verify")
        refuse("the receipt of another statement", receipt, entry, pem)
    names = [name for name, _, _ in verified]
    want(len(set(names)) == len(names), "a validator twice")
    print(json.dumps({
        "issuer": claims[ISS],
        "validators": sorted(names),
        "roots": [[size, root] for _, size, root in verified],
        "refused": refused,
    }))


main()
