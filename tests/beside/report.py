#!/usr/bin/env python3
"""The machine, and the table of medians, of what run.sh measured.

    report.py machine FOLDER VERSION...         one JSON object: the machine, and the disk under that folder
    report.py acknowledged MEASUREMENTS STORE   how many records a store acknowledged, and how many it may have
    report.py table MEASUREMENTS MACHINE JSON   prints the table and writes everything to the file JSON

MEASUREMENTS has one JSON object a line: a row's description with the result of one repetition.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time

COMPARED = "hefu-256"


def disk(folder):
    """The median time of appending 8 KiB and making it durable, which bounds every row from below."""
    name = os.path.join(folder, "probe")
    times = []
    with open(name, "wb", buffering=0) as file:
        for _ in range(300):
            begun = time.perf_counter()
            file.write(os.urandom(8192))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    os.remove(name)
    return statistics.median(times)


def machine(folder, versions):
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        models = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        kib = int(meminfo.readline().split()[1])
    kind = subprocess.run(["df", "--output=fstype", folder], capture_output=True, text=True, check=True)
    return {
        "model": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(kib / (1 << 20)),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "filesystem": kind.stdout.split()[-1],
        "append_8_kib_and_fdatasync_ms": round(disk(folder), 3),
        "versions": [*versions, f"Python {platform.python_version()}"],
    }


def rows(name):
    """The measurements of each row, in the order of the first repetition."""
    found = {}
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            measurement = json.loads(line)
            found.setdefault(measurement["row"], []).append(measurement)
    return found


def acknowledged(name, store):
    done = [m for measurements in rows(name).values() for m in measurements if m["store"] == store]
    sure = sum(m.get("acknowledged_with_warm_up", 0) for m in done)
    # What became of a failed transaction nobody knows, and of a measurement that broke off nothing was kept.
    broken = 1 << 60 if any("missing" in m for m in done) else 0
    return sure, sure + broken + sum(m.get("failed_with_warm_up", 0) * m["size"] for m in done)


def summary(row, measurements):
    first = measurements[0]
    described = {key: first[key] for key in ("system", "store", "clients", "size", "what", "durable", "copies")}
    done = [m for m in measurements if "missing" not in m]
    result = {"row": row, **described, "repetitions": len(done), "measurements": measurements}
    # A median of some of the repetitions would hide the ones that went wrong.
    if missing := [m["missing"] for m in measurements if "missing" in m]:
        return {**result, "missing": missing[0]}
    for key in ("operations_per_second", "p50_ms", "p95_ms", "p99_ms", "generator_cores", "machine_busy"):
        values = [m[key] for m in done if m.get(key) is not None]
        result[key] = statistics.median(values) if values else None
    speeds = [m["operations_per_second"] for m in done]
    result["lowest"], result["highest"] = min(speeds), max(speeds)
    result["failed"] = sum(m.get("failed", 0) for m in done)
    return result


def milliseconds(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def table(summaries):
    compared = next((s.get("operations_per_second") for s in summaries if s["row"] == COMPARED), None)
    yield (
        "| what | durable when answered | copies | operations/s (lowest to highest) | p50 ms | p95 ms | p99 ms"
        " | ratio to Hefu's 256 | generator, cores | machine busy |"
    )
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for s in summaries:
        cells = [s["what"], s["durable"], s["copies"]]
        if "missing" in s:
            yield f"| {' | '.join(cells)} | not measured: {s['missing']} | | | | | | |"
            continue
        speed = f"{s['operations_per_second']:,.0f} ({s['lowest']:,.0f} to {s['highest']:,.0f})"
        if s["failed"]:
            speed += f", {s['failed']} transactions failed"
        cells.append(speed)
        cells += [milliseconds(s[key]) for key in ("p50_ms", "p95_ms", "p99_ms")]
        cells.append(f"{s['operations_per_second'] / compared:.3g}" if compared else "–")
        cells.append(f"{s['generator_cores']:.2f}")
        cells.append("–" if s["machine_busy"] is None else f"{s['machine_busy'] * 100:.0f} %")
        yield f"| {' | '.join(cells)} |"


def report(measurements_name, machine_name, json_name):
    summaries = [summary(row, measurements) for row, measurements in rows(measurements_name).items()]
    with open(machine_name, encoding="utf-8") as file:
        on = json.load(file)
    seconds = max(m.get("seconds", 0) for s in summaries for m in s["measurements"])
    with open(json_name, "w", encoding="utf-8") as file:
        json.dump({"machine": on, "rows": summaries}, file, indent=1, ensure_ascii=False)
        file.write("\n")
    print(
        f"{on['model']}, {on['cores']} cores, {on['memory_gib']} GiB, {on['system']}, kernel {on['kernel']},"
        f" {on['filesystem']}; 8 KiB appended and synced in {on['append_8_kib_and_fdatasync_ms']} ms."
        f" {'; '.join(on['versions'])}."
    )
    print(
        f"Medians of {max(s['repetitions'] for s in summaries)} repetitions of {seconds:g} s in rotation, each after a"
        " warm-up. An operation is one record; a latency is that of a transaction or a statement.\n"
    )
    print("\n".join(table(summaries)))
    print(
        "\nWhat PostgreSQL and etcd do not give at any speed: nobody signs a record, nothing can be proven to an"
        " outsider, and one operator (or whoever takes over one machine that leads) can rewrite everything unseen."
    )


def main():
    match sys.argv[1:]:
        case ["machine", folder, *versions]:
            print(json.dumps(machine(folder, versions)))
        case ["acknowledged", name, store]:
            print(*acknowledged(name, store))
        case ["table", measurements_name, machine_name, json_name]:
            report(measurements_name, machine_name, json_name)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
