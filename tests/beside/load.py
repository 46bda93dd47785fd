#!/usr/bin/env python3
"""Loads one system with the records from `--first` on and prints one JSON object of what came back.

Every client has one connection and one transaction under way. Counted is what was answered between the end of the
warm-up and the end of the time; a latency runs from before a transaction's first byte to after its answer's last one.
All clients are one process with one thread: its own share of a core stands in the answer, and near 1 it is the
generator that was measured.

An answer that says that a fresh record was there already is a bug somewhere and ends the run. Transactions answered with
an error (an etcd that elects a new leader, say) are counted apart, as failed.
"""

import argparse
import json
import os
import resource
import select
import sys
import time

import etcd
import postgres
from meters import busy_share, machine_ticks, percentile
from records import record

SILENCE_SECONDS_MAX = 30


def own_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Client:
    def __init__(self, connection, poller):
        self.connection = connection
        self.poller = poller
        self.begun = 0.0
        self.rest = memoryview(b"")
        self.waits_to_write = False
        poller.register(connection.socket, select.EPOLLIN)

    def send(self, data):
        self.rest = memoryview(bytes(self.rest) + data) if self.rest else memoryview(data)
        self.flush()

    def flush(self):
        while self.rest:
            try:
                self.rest = self.rest[self.connection.socket.send(self.rest) :]
            except BlockingIOError:
                break
        if bool(self.rest) != self.waits_to_write:
            self.waits_to_write = bool(self.rest)
            events = select.EPOLLIN | (select.EPOLLOUT if self.waits_to_write else 0)
            self.poller.modify(self.connection.socket, events)

    def receive(self):
        try:
            data = self.connection.socket.recv(262144)
        except BlockingIOError:
            return None
        whole = self.connection.take(data)
        if written := self.connection.written():
            self.send(written)
        return whole


def load(connections, size, first, warm, seconds):
    poller = select.epoll()
    clients = {c.socket.fileno(): Client(c, poller) for c in connections}
    number = first
    latencies, failure = [], None
    acknowledged = failed = counted_failed = 0
    at_begin = at_end = None
    begin = time.perf_counter() + warm
    end = begin + seconds

    def start(client):
        nonlocal number
        records = [record(n) for n in range(number, number + size)]
        number += size
        data = client.connection.begin(records)
        client.begun = time.perf_counter()
        client.send(data)

    def meters():
        return time.perf_counter(), own_seconds(), machine_ticks()

    for client in clients.values():
        start(client)
    active = len(clients)
    while active:
        ready = poller.poll(SILENCE_SECONDS_MAX)
        if not ready:
            raise RuntimeError(f"no answer for {SILENCE_SECONDS_MAX} seconds")
        for descriptor, events in ready:
            client = clients[descriptor]
            if events & select.EPOLLOUT:
                client.flush()
            if not events & ~select.EPOLLOUT:
                continue
            taken = client.receive()
            if taken is None:
                continue
            now = time.perf_counter()
            if at_begin is None and now >= begin:
                at_begin = meters()
            if at_end is None and now >= end:
                at_end = meters()
            in_time = begin <= now < end
            if isinstance(taken, str):
                failed += 1
                counted_failed += in_time
                failure = taken
            elif taken != size:
                raise RuntimeError(f"{taken} of {size} fresh records were taken up: the others were there already")
            else:
                acknowledged += size
                if in_time:
                    latencies.append(now - client.begun)
            if now < end:
                start(client)
            else:
                active -= 1

    if not latencies:
        raise RuntimeError(f"nothing was answered in time ({failed} failed: {failure})")
    latencies.sort()
    elapsed = at_end[0] - at_begin[0]
    return {
        "operations_per_second": len(latencies) * size / seconds,
        "p50_ms": percentile(latencies, 50) * 1000,
        "p95_ms": percentile(latencies, 95) * 1000,
        "p99_ms": percentile(latencies, 99) * 1000,
        "failed": counted_failed,
        "failure": failure,
        "generator_cores": (at_end[1] - at_begin[1]) / elapsed,
        "machine_busy": busy_share(at_begin[2], at_end[2]),
        "acknowledged_with_warm_up": acknowledged,
        "failed_with_warm_up": failed,
    }


def once(connection, records):
    """One transaction, waited for."""
    connection.socket.setblocking(True)
    connection.socket.sendall(connection.begin(records))
    while True:
        whole = connection.take(connection.socket.recv(65536))
        if written := connection.written():
            connection.socket.sendall(written)
        if whole is not None:
            return whole


def check_refusals(connect, first):
    """Each of the two keys is unique by itself, or the system is not doing what is measured."""
    (key, digest, body), (other_key, other_digest, _) = record(first), record(first + 1)
    connection = connect(1)
    rows = [
        ("a fresh record", (key, digest, body), 1),
        ("the same record again", (key, digest, body), 0),
        ("the same key with another digest", (key, other_digest, body), 0),
        ("another key with the same digest", (other_key, digest, body), 0),
    ]
    for what, sent, wanted in rows:
        taken = once(connection, [sent])
        if taken != wanted:
            raise RuntimeError(f"{what}: {wanted} records should be taken up and {taken} were")
    return {"acknowledged_with_warm_up": 1, "failed_with_warm_up": 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=["postgres", "postgres-copy", "etcd"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--first", type=int, required=True, help="the number of the first record; never one twice")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--size", type=int, default=1, help="records a transaction")
    parser.add_argument("--warm", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--check-refusals", action="store_true", help="no load: is each key unique by itself?")
    arguments = parser.parse_args()

    def connect(size):
        if arguments.system == "etcd":
            return etcd.Connection(arguments.port, size)
        return postgres.Connection(arguments.port, size, copy=arguments.system == "postgres-copy")

    if arguments.check_refusals:
        result = check_refusals(connect, arguments.first)
    else:
        connections = [connect(arguments.size) for _ in range(arguments.clients)]
        result = load(connections, arguments.size, arguments.first, arguments.warm, arguments.seconds)
    print(json.dumps(result))


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, OSError) as error:
        sys.exit(f"{os.path.basename(__file__)}: {error}")
