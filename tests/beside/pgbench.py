#!/usr/bin/env python3
"""Loads PostgreSQL with single rows by pgbench and prints one JSON object, as load.py does.

pgbench sends a number and a body; key and digest are hashed from the number by the server, and the body is always the
same, because pgbench can neither hash nor vary bytes. Numbers are distinct from those of load.py.
"""

import argparse
import glob
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from meters import busy_share, machine_ticks, percentile
from records import BODY_BYTES

# A variable of pgbench lives as long as its client. The sign keeps keys and digests apart.
SCRIPT = r"""\set counted :counted + 1
\set number :first + :client_id * 1000000 + :counted
INSERT INTO record VALUES (sha256(int8send(:number::int8)), sha256(int8send(-:number::int8)), :body) ON CONFLICT DO NOTHING
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--port", required=True)
    parser.add_argument("--first", type=int, required=True, help="never one twice, 100,000,000 apart")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--warm", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=10)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "single.sql")
        with open(script, "w", encoding="ascii") as file:
            file.write(SCRIPT)
        command = [arguments.program, "--no-vacuum", "--protocol=prepared", f"--file={script}", "--log"]
        command += [f"--log-prefix={folder}/log", f"--time={arguments.warm + arguments.seconds}", "--jobs=1"]
        command += [f"--client={arguments.clients}", "--host=127.0.0.1", f"--port={arguments.port}"]
        command += ["--username=beside", f"--define=first={arguments.first}", "--define=counted=0"]
        command += [f"--define=body={'b' * BODY_BYTES}", "postgres"]
        ticks, begun = machine_ticks(), time.monotonic()
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        busy, elapsed = busy_share(ticks, machine_ticks()), time.monotonic() - begun
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if run.returncode != 0:
            raise RuntimeError(next((line for line in run.stderr.splitlines() if "ERROR" in line), run.stderr.strip()))
        # A line: client, transaction, microseconds it took, script, and when it ended in seconds and microseconds.
        ended = []
        for log in glob.glob(f"{folder}/log*"):
            with open(log, encoding="ascii") as lines:
                for words in map(str.split, lines):
                    ended.append((int(words[4]) * 1000000 + int(words[5]), int(words[2]) / 1000))

    begin = min(end - took * 1000 for end, took in ended) + arguments.warm * 1000000
    latencies = sorted(took for end, took in ended if begin <= end < begin + arguments.seconds * 1000000)
    result = {
        "operations_per_second": len(latencies) / arguments.seconds,
        "p50_ms": percentile(latencies, 50),
        "p95_ms": percentile(latencies, 95),
        "p99_ms": percentile(latencies, 99),
        "failed": 0,
        "failure": None,
        "generator_cores": (used.ru_utime + used.ru_stime) / elapsed,
        "machine_busy": busy,
        "acknowledged_with_warm_up": len(ended),
        "failed_with_warm_up": 0,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, OSError) as error:
        sys.exit(f"{os.path.basename(__file__)}: {error}")
