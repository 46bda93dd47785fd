"""A client of PostgreSQL for the load: protocol 3.0 with a prepared statement and binary parameters.

A transaction is one exchange: Bind, Execute and Sync for rows that are inserted where neither key nor digest is there,
or a COPY. Written by hand so that both systems are loaded by one generator and get the same bytes; pgbench cannot send
a thousand rows of its own. The row of the table that pgbench sends tells what this generator costs.
"""

import socket
import struct

TABLE = "CREATE TABLE record (key bytea PRIMARY KEY, digest bytea NOT NULL UNIQUE, body bytea NOT NULL)"

_ONE = "INSERT INTO record VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
# One array for each column: measured faster than VALUES with three thousand parameters.
_MANY = (
    "INSERT INTO record SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) ON CONFLICT DO NOTHING"
)
_COPY = "COPY record FROM STDIN (FORMAT binary)"
_BYTEA = 17
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">II", 0, 0)
_COPY_END = struct.pack(">h", -1)


def _message(kind, body):
    return kind + struct.pack(">I", len(body) + 4) + body


def _field(value):
    return struct.pack(">I", len(value)) + value


def _array(values):
    head = struct.pack(">IIIII", 1, 0, _BYTEA, len(values), 1)
    return head + b"".join(map(_field, values))


class Connection:
    """One client: `begin` makes the bytes of a transaction, `take` tells how many records the answer took up."""

    def __init__(self, port, size, copy=False):
        self.size = size
        self.copy = copy
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._taken = None
        parameters = b"user\0beside\0database\0postgres\0\0"
        self._call(struct.pack(">II", len(parameters) + 8, 196608) + parameters)
        if not copy:
            query = _ONE if size == 1 else _MANY
            parse = _message(b"P", b"load\0" + query.encode() + b"\0" + struct.pack(">H", 0))
            self._call(parse + _message(b"S", b""))
        # All parameters are binary; no result columns.
        self._bind = b"\0load\0" + struct.pack(">HHH", 1, 1, 3)
        self._run = _message(b"E", b"\0" + struct.pack(">I", 0)) + _message(b"S", b"")
        self.socket.setblocking(False)

    def _call(self, data):
        self.socket.sendall(data)
        while (answer := self.take(self.socket.recv(65536))) is None:
            pass
        if isinstance(answer, str):
            raise RuntimeError(f"PostgreSQL: {answer}")

    def begin(self, records):
        """The bytes of one transaction."""
        if self.copy:
            rows = (struct.pack(">H", 3) + b"".join(map(_field, record)) for record in records)
            data = _COPY_HEAD + b"".join(rows) + _COPY_END
            return _message(b"Q", _COPY.encode() + b"\0") + _message(b"d", data) + _message(b"c", b"")
        columns = records[0] if self.size == 1 else map(_array, zip(*records))
        bind = self._bind + b"".join(map(_field, columns)) + struct.pack(">H", 0)
        return _message(b"B", bind) + self._run

    def take(self, data):
        """None until the answer is whole; then the number of records that are in now, or what went wrong."""
        if not data:
            raise RuntimeError("PostgreSQL closed the connection")
        buffer = self._buffer
        buffer += data
        at = 0
        whole = None
        while len(buffer) - at >= 5:
            (length,) = struct.unpack_from(">I", buffer, at + 1)
            if len(buffer) - at <= length:
                break
            kind, body = buffer[at], bytes(buffer[at + 5 : at + 1 + length])
            at += 1 + length
            if kind == ord("C"):
                self._taken = int(body.rstrip(b"\0").rsplit(b" ", 1)[1])
            elif kind == ord("E"):
                self._taken = " ".join(part[1:].decode() for part in body.split(b"\0") if part[:1] in (b"C", b"M"))
            elif kind == ord("R") and body != b"\0\0\0\0":
                raise RuntimeError("PostgreSQL wants a password")
            elif kind == ord("Z"):
                whole = 0 if self._taken is None else self._taken
                self._taken = None
        del buffer[:at]
        return whole

    def written(self):
        """Bytes that an answer obliges to send: none here."""
        return b""
