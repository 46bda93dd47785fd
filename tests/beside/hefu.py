#!/usr/bin/env python3
"""Loads a network of Hefu by `hefu bench` and prints one JSON object, as load.py does.

Its clients sign every statement and verify a receipt for every operation before it counts, and a latency lasts until
then. Their documents are made up by `hefu bench` and not those of records.py: a record of Hefu has a legal number, from
which it makes the key itself.
"""

import argparse
import json
import os
import subprocess
import sys

from meters import busy_share, machine_ticks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--network", required=True, help="the folder of a devnet")
    parser.add_argument("--clients", default="16")
    parser.add_argument("--size", default="1", help="operations a statement")
    parser.add_argument("--warm", default="1")
    parser.add_argument("--seconds", default="10")
    arguments = parser.parse_args()

    command = [arguments.program, "bench", "--json", "--network", f"{arguments.network}/network.json"]
    # An agency that issues licences, whose numbers are free.
    command += ["--key", f"{arguments.network}/keys/agency-gz-housing.json"]
    command += ["--senders", arguments.clients, "--operations", arguments.size]
    command += ["--warm-up", f"{arguments.warm}s", "--time", f"{arguments.seconds}s"]
    ticks = machine_ticks()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    busy = busy_share(ticks, machine_ticks())
    try:
        (row,) = json.loads(run.stdout)["rows"]
    except (ValueError, KeyError):
        raise RuntimeError(f"hefu bench: {run.stderr.strip() or 'no answer'}") from None
    if run.returncode != 0:
        raise RuntimeError(f"hefu bench: {row['first_failure'] or run.stderr.strip() or 'nothing was done in time'}")
    result = {key: row[key] for key in ("operations_per_second", "p50_ms", "p95_ms", "p99_ms")}
    result["failed"] = row["failed_statements"]
    result["failure"] = row["first_failure"]
    result["generator_cores"] = row["generator_cpu_seconds_per_1000"] * row["operations_per_second"] / 1000
    result["machine_busy"] = busy
    print(json.dumps(result))


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, OSError) as error:
        sys.exit(f"{os.path.basename(__file__)}: {error}")
