"""A client of etcd for the load: gRPC over HTTP/2 without TLS, the call etcdserverpb.KV/Txn.

A transaction is one call: if none of the keys has a version, put them all. etcd's JSON gateway would make the member
translate every request, and Debian has no gRPC for Python that costs as little; so the little of RFC 9113 (HTTP/2) and
RFC 7541 (HPACK) that a client with one call at a time needs stands here. What arrived is counted afterwards through the
JSON gateway, so that this client does not vouch for itself:

    etcd.py leader PORT...      the port of the member that leads
    etcd.py count PORT          how many records the cluster has, by linearizable read
"""

import base64
import json
import socket
import struct
import sys
import time
import urllib.request

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_FRAME_BYTES = 16384
_WINDOW_START = 65535
# What the member may send before it must hear that it was read.
_OUR_WINDOW = 1 << 30


def _frame(kind, flags, stream, body):
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes_field(number, value):
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _text(value):
    return bytes([len(value)]) + value


def _compare(key):
    # result EQUAL and target VERSION are zero and left out; version is 0, said because it stands in a oneof.
    return _bytes_field(1, _bytes_field(3, key) + b"\x20\x00")


def _put(key, value):
    return _bytes_field(2, _bytes_field(2, _bytes_field(1, key) + _bytes_field(2, value)))


def transaction(records):
    """The TxnRequest that puts records of which neither key nor digest is there, all or none."""
    compares, puts = [], []
    for key, digest, body in records:
        record, file = b"k" + key, b"d" + digest
        compares += (_compare(record), _compare(file))
        puts += (_put(record, body), _put(file, key))
    return b"".join(compares) + b"".join(puts)


def succeeded(response):
    """Whether a TxnResponse says that it compared equal: field 2, which follows the header and is left out if not."""
    if response[:1] != b"\x0a":
        raise RuntimeError("etcd: a TxnResponse without a header")
    at, length, shift = 1, 0, 0
    while True:
        byte = response[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return response[at + length : at + length + 2] == b"\x10\x01"


class Connection:
    """One client: `begin` makes the bytes of a transaction, `take` tells how many records the answer took up."""

    def __init__(self, port, size):
        self.size = size
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        authority = b"127.0.0.1:%d" % port
        # HPACK: indexed fields of the static table and literals that enter no table.
        self._head = (
            b"\x83\x86"  # :method POST, :scheme http
            + b"\x04" + _text(b"/etcdserverpb.KV/Txn")
            + b"\x01" + _text(authority)
            + b"\x0f\x10" + _text(b"application/grpc")
            + b"\x00" + _text(b"te") + _text(b"trailers")
        )
        self._stream = -1
        self._buffer = bytearray()
        self._answer = bytearray()
        self._pending = memoryview(b"")
        self._written = bytearray()
        self._window, self._stream_window, self._stream_start = _WINDOW_START, 0, _WINDOW_START
        self._unacknowledged = 0
        settings = struct.pack(">HIHI", 1, 0, 4, _OUR_WINDOW)
        grow = struct.pack(">I", _OUR_WINDOW - _WINDOW_START)
        self.socket.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, settings) + _frame(_WINDOW, 0, 0, grow))
        self.socket.setblocking(False)

    def begin(self, records):
        """The bytes of one transaction, as many as the member's windows allow; `written` has the rest later."""
        message = transaction(records)
        self._stream += 2
        self._stream_window = self._stream_start
        self._answer.clear()
        self._written += _frame(_HEADERS, _END_HEADERS, self._stream, self._head)
        self._pending = memoryview(b"\0" + struct.pack(">I", len(message)) + message)
        self._fill()
        return self.written()

    def _fill(self):
        while self._pending:
            room = min(_FRAME_BYTES, self._window, self._stream_window, len(self._pending))
            if room <= 0:
                return
            last = room == len(self._pending)
            self._written += _frame(_DATA, _END_STREAM if last else 0, self._stream, self._pending[:room].tobytes())
            self._pending = self._pending[room:]
            self._window -= room
            self._stream_window -= room

    def written(self):
        """Bytes to send since the last call: acknowledgements, and data for which a window has opened."""
        data = bytes(self._written)
        self._written.clear()
        return data

    def take(self, data):
        """None until the answer is whole; then the number of records that are in now, or what went wrong."""
        if not data:
            raise RuntimeError("etcd closed the connection")
        buffer = self._buffer
        buffer += data
        at = 0
        whole = None
        while len(buffer) - at >= 9:
            length = int.from_bytes(buffer[at : at + 3], "big")
            if len(buffer) - at < 9 + length:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            stream = int.from_bytes(buffer[at + 5 : at + 9], "big") & 0x7FFFFFFF
            body = bytes(buffer[at + 9 : at + 9 + length])
            at += 9 + length
            if kind == _DATA:
                self._received(length)
                if stream == self._stream:
                    self._answer += body
            elif kind == _SETTINGS and not flags & _ACK:
                self._set(body)
            elif kind == _PING and not flags & _ACK:
                self._written += _frame(_PING, _ACK, 0, body)
            elif kind == _WINDOW:
                (more,) = struct.unpack(">I", body)
                if stream == 0:
                    self._window += more
                elif stream == self._stream:
                    self._stream_window += more
                self._fill()
            elif kind == _GOAWAY:
                raise RuntimeError(f"etcd ends the connection: {body[8:].decode(errors='replace')}")
            if stream and stream == self._stream and kind in (_DATA, _HEADERS, _RESET):
                if kind == _RESET or flags & _END_STREAM:
                    whole = self._outcome()
        del buffer[:at]
        return whole

    def _received(self, length):
        self._unacknowledged += length
        if self._unacknowledged > _OUR_WINDOW // 4:
            self._written += _frame(_WINDOW, 0, 0, struct.pack(">I", self._unacknowledged))
            self._unacknowledged = 0

    def _set(self, body):
        for name, value in struct.iter_unpack(">HI", body):
            if name == 4:
                # RFC 9113, section 6.9.2: the windows of open streams change by the difference.
                self._stream_window += value - self._stream_start
                self._stream_start = value
        self._written += _frame(_SETTINGS, _ACK, 0, b"")
        self._fill()

    def _outcome(self):
        self._pending = memoryview(b"")
        # An error has trailers and no message.
        if len(self._answer) < 5:
            return "etcd answered with an error"
        return self.size if succeeded(bytes(self._answer[5:])) else 0


def _gateway(port, path, question):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(question).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def leader(ports):
    """The port of the member that leads; waits while none is elected."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for port in ports:
            try:
                status = _gateway(port, "/v3/maintenance/status", {})
            except OSError:
                continue
            if status.get("leader", "0") == status["header"]["member_id"]:
                return port
        time.sleep(0.1)
    raise RuntimeError("no member leads")


def count(port):
    """How many records the cluster has; of digests there must be as many."""
    counts = []
    for prefix, after in ((b"k", b"l"), (b"d", b"e")):
        ends = {"key": base64.b64encode(prefix).decode(), "range_end": base64.b64encode(after).decode()}
        counts.append(int(_gateway(port, "/v3/kv/range", {**ends, "count_only": True}).get("count", 0)))
    if counts[0] != counts[1]:
        raise RuntimeError(f"etcd has {counts[0]} records and {counts[1]} digests")
    return counts[0]


if __name__ == "__main__":
    try:
        print(leader(sys.argv[2:]) if sys.argv[1] == "leader" else count(sys.argv[2]))
    except (RuntimeError, OSError) as error:
        sys.exit(f"etcd: {error}")
