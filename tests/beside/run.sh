#!/usr/bin/env bash
# Hefu beside what people would otherwise use: PostgreSQL with two unique indices (one server, and one with two
# synchronous standbys) and three etcd members, with the same records on this machine, in one run.
#
#   tests/beside/run.sh         everything; prints a Markdown table and writes beside.json
#
#   SECONDS_EACH=10 REPEATS=5   how long and how often every row is measured, in rotation (A B C, A B C, ...), so that
#                               noise of the machine hits all alike; a fifth of the time, at least a second, warms up
#   ROWS='etcd'                 only the rows whose name matches this regular expression
#   HEFU=target/ci/hefu         Hefu's program, with hefu-node beside it; where one is missing Hefu's rows say so
#   OUT=target/beside           where beside.json, and the logs after a failure, are put
#   TMPDIR=/tmp                 where the data lie while this runs; must be on a disk and reachable by other users
#
# The same for all: records (32 bytes of key and 32 of file digest, each unique by itself, and 200 bytes of body), sent
# by a client over TCP on loopback; durable before the answer, with fsync as it is on by default; all processes and the
# generator on this machine's cores; nothing reads meanwhile. Every system is first shown to refuse a second key and a
# second digest, and afterwards must hold exactly the records that it acknowledged.
#
# What flatters the others:
# - PostgreSQL and etcd check no signature, hash nothing into a tree and prove nothing. Hefu does that for every record,
#   and an operation counts, and its latency ends, when its receipt is here and has been verified.
# - Hefu's clients sign and verify, and what that costs these cores is in its rows; this generator only packs bytes.
# - Standbys and members trust each other; validators do not, and exchange signed votes.
# - PostgreSQL is checkpointed between measurements, not within; shared_buffers and max_wal_size are above the default.
# - etcd's clients all talk to the leader. All its limits of size are raised.
# - The unit that is refused differs: ON CONFLICT DO NOTHING leaves out a row, Hefu an operation; etcd refuses a whole
#   transaction, and COPY fails: both are quicker by what they do not do.
# What flatters Hefu:
# - Loopback has no latency: consensus has more rounds than streaming replication, and a network would cost it more.
# - Its generator is compiled and has a thread for each client; the other one is Python, of which every row tells its
#   share of a core, and pgbench's row what a lighter one would give.
# - Its 256 operations of one statement have one signature; who registers singly is in the other rows.
# What is neither: one machine has one disk and few cores, so copies compete where in earnest each has its own machine.
# Two synchronous standbys wait for all three copies, etcd for two of three, Hefu for three of four.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
seconds=${SECONDS_EACH:-10}
repeats=${REPEATS:-5}
only=${ROWS:-.}
target=${CARGO_TARGET_DIR:-$root/target}
hefu=${HEFU:-$target/ci/hefu}
out=${OUT:-$target/beside}
validators=4
export PYTHONDONTWRITEBYTECODE=1

# name; system; store; clients; records a transaction; what; durable when answered; copies
rows=(
    "pg-1;postgres;alone;1;1;PostgreSQL, one row a transaction, 1 client;1 of 1;1"
    "pg-16;postgres;alone;16;1;PostgreSQL, one row a transaction, 16 clients;1 of 1;1"
    "pg-16-pgbench;pgbench;alone;16;1;PostgreSQL, one row a transaction, 16 clients of pgbench;1 of 1;1"
    "pg-1000;postgres;alone;4;1000;PostgreSQL, 1,000 rows a transaction, 4 clients;1 of 1;1"
    "pg-1000-copy;postgres-copy;alone;4;1000;PostgreSQL, 1,000 rows a COPY, 4 clients;1 of 1;1"
    "pg-sync-1;postgres;primary;1;1;PostgreSQL and two synchronous standbys, one row a transaction, 1 client;3 of 3;3"
    "pg-sync-16;postgres;primary;16;1;PostgreSQL and two synchronous standbys, one row a transaction, 16 clients;3 of 3;3"
    "pg-sync-1000;postgres;primary;4;1000;PostgreSQL and two synchronous standbys, 1,000 rows a transaction, 4 clients;3 of 3;3"
    "pg-sync-1000-copy;postgres-copy;primary;4;1000;PostgreSQL and two synchronous standbys, 1,000 rows a COPY, 4 clients;3 of 3;3"
    "etcd-1;etcd;etcd;1;1;etcd, one record a transaction, 1 client;2 of 3;3"
    "etcd-16;etcd;etcd;16;1;etcd, one record a transaction, 16 clients;2 of 3;3"
    "etcd-64;etcd;etcd;64;1;etcd, one record a transaction, 64 clients;2 of 3;3"
    "etcd-batch-64;etcd;etcd;4;64;etcd, 64 records a transaction (128 operations, the limit by default), 4 clients;2 of 3;3"
    "etcd-batch-1000;etcd;etcd;4;1000;etcd, 1,000 records a transaction (limit raised), 4 clients;2 of 3;3"
    "hefu-1;hefu;hefu;1;1;Hefu, one operation a statement, 1 client;3 of $validators;$validators"
    "hefu-16;hefu;hefu;16;1;Hefu, one operation a statement, 16 clients;3 of $validators;$validators"
    "hefu-64;hefu;hefu;64;1;Hefu, one operation a statement, 64 clients;3 of $validators;$validators"
    "hefu-256;hefu;hefu;16;256;Hefu, 256 operations a statement, 16 clients;3 of $validators;$validators"
)

say() { echo "beside: $*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

[[ $seconds =~ ^[1-9][0-9]*$ && $repeats =~ ^[1-9][0-9]*$ ]] || fail "SECONDS_EACH and REPEATS are whole numbers from 1"
warm=$((seconds / 5 > 1 ? seconds / 5 : 1))

# --- What must be stopped and removed however this ends -------------------------------------------------------------

folder='' policy='' measuring=''
servers=() # process ids, in the order of their starts
ended() {
    local code=$? server
    trap '' INT TERM HUP
    if [ -n "$measuring" ]; then
        kill -TERM "$measuring" 2>/dev/null || true
        wait "$measuring" 2>/dev/null || true
    fi
    # Standbys before their primary: a primary that stops in peace waits for them.
    for ((server = ${#servers[@]} - 1; server >= 0; server--)); do
        stop "${servers[server]}"
    done
    if [ -n "$folder" ]; then
        if [ "$code" != 0 ]; then
            mkdir -p "$out" && cp "$folder"/*.log "$out" 2>/dev/null && say "the servers' logs are in $out"
        fi
        rm -rf "$folder"
    fi
    [ -z "$policy" ] || as_root rm -f "$policy"
    exit "$code"
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# SIGINT is PostgreSQL's fast stop; etcd and Hefu take it too. Who has not gone after thirty seconds is killed.
stop() {
    local tries
    kill -INT "$1" 2>/dev/null || return 0
    for ((tries = 0; tries < 300; tries++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# --- Debian packages --------------------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The newest PostgreSQL's own programs: those in PATH are Debian's wrappers.
postgres_programs() {
    local found
    found=$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n1) || return 1
    dirname "$found"
}

packages=() services=()
postgres_programs >/dev/null || { packages+=(postgresql) && services+=(postgresql); }
have etcd || { packages+=(etcd-server) && services+=(etcd); }
have python3 || packages+=(python3)
have setpriv || packages+=(util-linux)

if [ ${#packages[@]} -gt 0 ]; then
    have apt-get || fail "missing: ${packages[*]} (Debian's names); there is no apt-get here, install them by hand"
    [ "$(id -u)" = 0 ] || have sudo ||
        fail "missing: ${packages[*]}; you are not root and there is no sudo. As root: apt-get install ${packages[*]}"
    say "installing ${packages[*]} with apt-get, not started as services"
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    install=(as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}")
    # A package list that is there may do; a fresh machine has none.
    if ! "${install[@]}" >/dev/null 2>&1; then
        say "fetching the package lists first"
        as_root apt-get update -qq || fail "apt-get update failed, see above"
        "${install[@]}" >/dev/null || fail "apt-get install ${packages[*]} failed, see above"
    fi
    for service in "${services[@]}"; do
        as_root update-rc.d "$service" disable >/dev/null 2>&1 || say "$service may start when the machine does"
    done
    [ -z "$policy" ] || { as_root rm -f "$policy" && policy=; }
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "Python 3.10 or later is needed"
pg=$(postgres_programs)

# --- Folders and ports ------------------------------------------------------------------------------------------------

folder=$(mktemp -d "${TMPDIR:-/tmp}/hefu-beside.XXXXXX")
case $(stat --file-system --format=%T "$folder") in
    tmpfs | ramfs) fail "${TMPDIR:-/tmp} lies in memory, where fsync costs nothing: set TMPDIR to a folder on a disk" ;;
esac
say "data in $folder"

# PostgreSQL does not run as root.
user=()
data=$folder/data
mkdir "$data"
if [ "$(id -u)" = 0 ]; then
    chmod 711 "$folder"
    chown postgres: "$data"
    user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    (cd / && "${user[@]}" test -w "$data") || fail "the user postgres cannot reach $folder: set TMPDIR to a folder that all can enter"
fi
as_user() { (cd "$data" && exec "${user[@]}" "$@"); }

free_ports() {
    python3 -c '
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))' "$1"
}

# Starts a server in the background; its process id is the last of `servers`.
start() {
    local log=$1
    shift
    # `exec` all the way: the process id is the server's own.
    (cd "$data" && exec "${user[@]}" "$@") >"$folder/$log.log" 2>&1 </dev/null &
    servers+=($!)
}

last_words() { tail -n3 "$folder"/*.log | cut -c1-300 >&2; }

# Waits, a minute at most, until a command succeeds, while the server that was started last lives.
await() {
    local what=$1 until=$((SECONDS + 60))
    shift
    while ((SECONDS < until)); do
        "$@" >/dev/null 2>&1 && return 0
        kill -0 "${servers[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    last_words
    fail "$what did not come up"
}

# --- PostgreSQL -------------------------------------------------------------------------------------------------------

sql() { "$pg/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$1" -U beside -d postgres -c "$2"; }

start_postgres() {
    local name=$1 port=$2
    shift 2
    start "$name" "$pg/postgres" -D "$data/$name" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c fsync=on -c full_page_writes=on -c synchronous_commit=on \
        -c shared_buffers=1GB -c max_wal_size=8GB -c "cluster_name=$name" "$@"
    await "PostgreSQL ($name)" "$pg/pg_isready" -q -h 127.0.0.1 -p "$port"
}

new_postgres() {
    as_user "$pg/initdb" -D "$data/$1" -U beside --auth=trust --locale=C --encoding=UTF8 >/dev/null
}

standbys_follow() { [ "$(sql "$primary" "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")" = 2 ]; }

start_all_postgres() {
    local table name port
    table=$(python3 -c "import sys; sys.path.insert(0, '$here'); import postgres; print(postgres.TABLE)")
    new_postgres alone
    start_postgres alone "$alone"
    sql "$alone" "$table"
    new_postgres primary
    start_postgres primary "$primary" -c 'synchronous_standby_names=FIRST 2 (standby_1, standby_2)'
    for name in standby_1 standby_2; do
        as_user "$pg/pg_basebackup" -h 127.0.0.1 -p "$primary" -U beside -D "$data/$name" -R -X stream -c fast
        port=$name
        start_postgres "$name" "${!port}"
    done
    await "synchronous replication" standbys_follow
    sql "$primary" "$table"
}

# --- etcd -------------------------------------------------------------------------------------------------------------

start_etcd() {
    local member cluster=
    for member in 0 1 2; do
        cluster+="${cluster:+,}m$member=http://127.0.0.1:${peer_ports[member]}"
    done
    for member in 0 1 2; do
        # Beside limits of size everything is default, fsync also; of a slow transaction the log would tell every key.
        start "etcd-$member" etcd --name "m$member" --data-dir "$data/etcd-$member" --logger zap --log-level error \
            --listen-client-urls "http://127.0.0.1:${client_ports[member]}" \
            --advertise-client-urls "http://127.0.0.1:${client_ports[member]}" \
            --listen-peer-urls "http://127.0.0.1:${peer_ports[member]}" \
            --initial-advertise-peer-urls "http://127.0.0.1:${peer_ports[member]}" \
            --initial-cluster "$cluster" --initial-cluster-state new --initial-cluster-token "hefu-beside-$$" \
            --max-txn-ops 2048 --quota-backend-bytes 17179869184
    done
    await etcd etcd_leader
}

etcd_leader() { python3 "$here/etcd.py" leader "${client_ports[@]}"; }

# --- Hefu -------------------------------------------------------------------------------------------------------------

hefu_answers() {
    python3 "$here/hefu.py" --program "$hefu" --network "$folder/hefu" --clients 1 --warm 0 --seconds 1
}

# Why there is no network, where there is none.
no_hefu=''
start_hefu() {
    # As whoever started this: the programs may lie where the user postgres cannot look.
    local user=() node
    node=$(dirname "$hefu")/hefu-node
    if [ ! -x "$hefu" ] || [ ! -x "$node" ]; then
        no_hefu="no hefu and hefu-node at HEFU"
    elif ! "$hefu" bench --help >/dev/null 2>&1; then
        no_hefu="this hefu has no bench"
    else
        start hefu "$(realpath "$node")" devnet --dir "$folder/hefu" --validators "$validators" --port 0
        await "a network of Hefu" test -e "$folder/hefu/network.json"
        await "a network of Hefu that registers" hefu_answers
    fi
}

# --- Measuring --------------------------------------------------------------------------------------------------------

# A row with a dead standby or member would not be what its title says.
all_live() {
    local server
    for server in "${servers[@]}"; do
        kill -0 "$server" 2>/dev/null || { last_words; fail "a server has ended (process $server)"; }
    done
}

# Runs a command whose output is a JSON object, so that a signal to this script ends it too. Its own process group is
# `timeout`'s: what it started goes with it.
measured() {
    local code=0
    timeout --signal=TERM --kill-after=10 $((warm + seconds + 120)) "$@" >"$folder/result" 2>"$folder/complaint" </dev/null &
    measuring=$!
    wait "$measuring" || code=$?
    measuring=
    return "$code"
}

measure() {
    local name=$1 system=$2 store=$3 clients=$4 size=$5
    case $system in
        pgbench)
            measured python3 "$here/pgbench.py" --program "$pg/pgbench" --port "${!store}" --first "$first" \
                --clients "$clients" --warm "$warm" --seconds "$seconds" ;;
        postgres*)
            measured python3 "$here/load.py" "$system" --port "${!store}" --first "$first" --clients "$clients" \
                --size "$size" --warm "$warm" --seconds "$seconds" ;;
        etcd)
            measured python3 "$here/load.py" etcd --port "$(etcd_leader)" --first "$first" --clients "$clients" \
                --size "$size" --warm "$warm" --seconds "$seconds" ;;
        hefu)
            if [ -n "$no_hefu" ]; then
                echo "$no_hefu" >"$folder/complaint"
                return 1
            fi
            measured python3 "$here/hefu.py" --program "$hefu" --network "$folder/hefu" --clients "$clients" \
                --size "$size" --warm "$warm" --seconds "$seconds" ;;
        *) fail "row $name: there is no system $system" ;;
    esac
}

# What one row wrote is on disk before the next one is measured.
settle() {
    local port
    if [ -n "$with_postgres" ]; then
        for port in "$alone" "$primary" "$standby_1" "$standby_2"; do sql "$port" CHECKPOINT; done
    fi
    sync
}

# Adds one line to the measurements: the row and what came back, or why nothing did.
note() {
    python3 -c '
import json, sys
row, seconds, code, result, complaint = sys.argv[1:]
names = ["row", "system", "store", "clients", "size", "what", "durable", "copies"]
line = dict(zip(names, row.split(";")), seconds=int(seconds))
line["clients"], line["size"] = int(line["clients"]), int(line["size"])
if code == "0":
    line.update(json.load(open(result)))
    print("%s: %s/s, p50 %s ms" % (line["row"], round(line["operations_per_second"]), round(line["p50_ms"], 2)), file=sys.stderr)
else:
    words = open(complaint, errors="replace").read().strip().splitlines() or ["ended with " + code]
    line["missing"] = words[-1].replace("|", "/")[:200]
    print("%s: not measured: %s" % (line["row"], line["missing"]), file=sys.stderr)
print(json.dumps(line, ensure_ascii=False))' "$1" "$seconds" "$2" "$folder/result" "$folder/complaint" >>"$folder/measurements"
}

# Numbers of records are never used twice, and a hundred million are more than a repetition can use.
next_numbers() { first=$((first + 100000000)); }

check_refusals() {
    local store=$1 system=$2 port=$3
    next_numbers
    measured python3 "$here/load.py" "$system" --port "$port" --first "$first" --check-refusals ||
        fail "$store: $(cat "$folder/complaint")"
}

# The store holds what it acknowledged: the one record of `check_refusals`, and what was measured.
check_count() {
    local store=$1 count=$2 sure maybe
    read -r sure maybe < <(python3 "$here/report.py" acknowledged "$folder/measurements" "$store")
    if ((count < sure + 1 || count > maybe + 1)); then
        fail "$store has $count records, and acknowledged $((sure + 1))"
    fi
    say "$store has the $count records that it acknowledged"
}

caught_up() { [ "$(sql "$1" 'SELECT count(*) FROM record')" = "$2" ]; }

chosen=()
with_postgres='' with_etcd='' with_hefu=''
for row in "${rows[@]}"; do
    [[ ${row%%;*} =~ $only ]] || continue
    chosen+=("$row")
    case $row in
        pg-*) with_postgres=1 ;;
        etcd-*) with_etcd=1 ;;
        hefu-*) with_hefu=1 ;;
    esac
done
[ ${#chosen[@]} -gt 0 ] || fail "no row matches $only"

read -r -a ports < <(free_ports 10)
alone=${ports[0]} primary=${ports[1]} standby_1=${ports[2]} standby_2=${ports[3]}
client_ports=("${ports[@]:4:3}") peer_ports=("${ports[@]:7:3}")

first=0
touch "$folder/measurements" "$folder/complaint"
etcd_version=$(etcd --version)
versions=("$("$pg/postgres" --version)" "${etcd_version%%$'\n'*}")
if [ -x "$hefu" ]; then versions+=("$("$hefu" --version || echo "hefu of an unknown version")"); fi
if revision=$(git -C "$root" describe --always --dirty 2>/dev/null); then versions+=("Hefu's source $revision"); fi
python3 "$here/report.py" machine "$folder" "${versions[@]}" >"$folder/machine"

if [ -n "$with_postgres" ]; then
    say "starting PostgreSQL alone, and one with two standbys"
    start_all_postgres
    check_refusals alone postgres "$alone"
    check_refusals primary postgres "$primary"
fi
if [ -n "$with_etcd" ]; then
    say "starting three members of etcd"
    start_etcd
    check_refusals etcd etcd "$(etcd_leader)"
fi
if [ -n "$with_hefu" ]; then
    say "starting $validators validators of Hefu"
    start_hefu
    [ -z "$no_hefu" ] || say "$no_hefu"
fi

for ((repeat = 1; repeat <= repeats; repeat++)); do
    say "repetition $repeat of $repeats"
    for row in "${chosen[@]}"; do
        IFS=';' read -r name system store clients size _ <<<"$row"
        next_numbers
        settle
        code=0
        measure "$name" "$system" "$store" "$clients" "$size" || code=$?
        note "$row" "$code"
        all_live
    done
done

if [ -n "$with_postgres" ]; then
    check_count alone "$(sql "$alone" 'SELECT count(*) FROM record')"
    count=$(sql "$primary" 'SELECT count(*) FROM record')
    check_count primary "$count"
    for port in "$standby_1" "$standby_2"; do
        await "a standby with all $count records" caught_up "$port" "$count"
    done
fi
if [ -n "$with_etcd" ]; then check_count etcd "$(python3 "$here/etcd.py" count "$(etcd_leader)")"; fi

mkdir -p "$out"
python3 "$here/report.py" table "$folder/measurements" "$folder/machine" "$out/beside.json"
say "everything is in $out/beside.json"
