"""The records that every system is given: the same bytes for the same number, sent by the client.

A record is what a registration in Hefu comes down to: a key of 32 bytes (the hash of a legal number), the digest of a
file, 32 bytes that must be unique too, and a body as long as an operation of Hefu.
"""

import hashlib
import struct

BODY_BYTES = 200
# Bodies are slices of one block of noise, so that making one costs the generator next to nothing.
_NOISE = hashlib.shake_256(b"bodies").digest(1 << 16)


def record(number):
    """Key, digest of the file and body of the record with this number."""
    counted = struct.pack(">Q", number)
    start = number * 7919 % (len(_NOISE) - BODY_BYTES)
    return (
        hashlib.sha256(b"legal number " + counted).digest(),
        hashlib.sha256(b"file " + counted).digest(),
        counted + _NOISE[start : start + BODY_BYTES - len(counted)],
    )
