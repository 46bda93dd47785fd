#!/usr/bin/env bash
# The figures of the README: a network of four validators on this machine, measured by `hefu bench` (registrations, each with
# its verified receipt) and by wrk (reads with proofs, tiles). Generator and validators share the machine. Run it on a quiet one.
#
#   tests/bench/run.sh TARGET_FOLDER/release
#
# SECONDS_EACH (15) is how long each row is measured, OUT a folder that keeps what was printed as JSON.
set -euo pipefail
programs=$(cd "$1" && pwd)
seconds=${SECONDS_EACH:-15}
work=$(mktemp -d "${TMPDIR:-/tmp}/hefu-bench.XXXXXX")
out=${OUT:-$work}
mkdir -p "$out"
devnet=
stop() {
    [ -z "$devnet" ] || { kill "$devnet" && wait "$devnet"; } 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

if ! command -v wrk >/dev/null; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get install -y --no-install-recommends wrk >/dev/null || echo "wrk cannot be installed: reads are not measured"
fi

"$programs/hefu-node" devnet --dir "$work/net" --validators 4 --port 0 >"$work/devnet.log" 2>&1 &
devnet=$!
for _ in $(seq 60); do
    grep -q 'Ctrl-C' "$work/devnet.log" && break
    sleep 1
done
network=$work/net/network.json
field() { sed -n "s/.*\"$2\": \"\(.*\)\".*/\1/p" "$work/net/node-$1/node.json"; }
operators=$(for node in 0 1 2 3; do echo "http://$(field $node operator_listen)"; done | paste -sd,)
bench() {
    name=$1
    shift
    "$programs/hefu" bench --network "$network" --key "$work/net/keys/agency-gz-housing.json" \
        --time "${seconds}s" --lang en "$@"
    echo
}

echo "## Machine: $(nproc) cores, $(sed -n 's/model name.*: //p' /proc/cpuinfo | head -1), $(free -g | awk '/Mem:/ {print $2}') GiB, $(uname -sr)"
echo
echo "## Closed loop"
bench one --operations 1 --senders 256 --operators "$operators"
bench sixteen --operations 16 --senders 64 --operators "$operators"
bench many --operations 256 --senders 32 --operators "$operators"
echo "## One sender: latency at rest"
bench rest --operations 1,256 --senders 1 --operators "$operators"
echo "## Open loop, 200 operations a second of one operation each"
bench open --operations 1 --senders 256 --rate 200 --operators "$operators"

record=$(head -c 32 /dev/zero | od -An -v -tx1 | tr -d ' \n')
url=http://$(field 0 http_listen)
if command -v wrk >/dev/null; then
    echo "## Reads of one node (wrk, 2 threads, 32 connections)"
    for path in /checkpoint "/v1/agencies/gz-housing" "/v1/records/$record" /tile/0/000 /tile/entries/000; do
        echo "GET $path ($(curl -s -o /dev/null -w '%{http_code}, %{size_download} bytes' "$url$path"))"
        wrk -t2 -c32 -d"${seconds}s" --latency "$url$path" | sed -n 's/^ *\(50%\|99%\)/  \1/p; s/^\(Requests\/sec\)/  \1/p; /Non-2xx/p'
    done
    echo
fi

echo "## One validator dead (SIGKILL), open loop, 200 a second"
kill -9 "$(cat "$work/net/node-3/node.pid")"
alive=$(for node in 0 1 2; do echo "http://$(field $node operator_listen)"; done | paste -sd,)
python3 - "$network" "http://$(field 3 http_listen)" <<'PY'
import json, sys
path, dead = sys.argv[1:]
network = json.load(open(path))
network["nodes"] = [node for node in network["nodes"] if node != dead]
json.dump(network, open(path, "w"))
PY
bench dead --operations 1 --senders 256 --rate 200 --operators "$alive"
