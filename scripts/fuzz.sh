#!/usr/bin/env bash
# Fuzzes with cargo-fuzz on stable Rust (without sanitizers: we have no unsafe code), one target after the other.
#
#   fuzz.sh SECONDS [TARGET ...]   runs the targets, all if none is named, so long each; prints what it reached
#   fuzz.sh --keep [TARGET ...]    adds to fuzz/corpus what the runs found that reaches more, smallest first
#
# What a run finds lies in fuzz/work/<target> and is its own; an input that fails is kept at once in
# fuzz/corpus/<target>, where the test `replay` tries it from then on. Exit 1: some target failed.
set -euo pipefail
cd "$(dirname "$0")/.."
# In bytes: enough for a receipt and for most documents, few enough to be quick.
LENGTH_MAX=${LENGTH_MAX:-65536}
# Kept inputs of one target, so that the whole stays small enough for a repository.
KEEP_MAX=${KEEP_MAX:-14}

[ $# -ge 1 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
export RUSTC_BOOTSTRAP=1
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
seconds=$1
shift
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(cargo fuzz list)

failed=0
for target in "${targets[@]}"; do
    features=
    case $target in engine_*) features=engine ;; esac
    run() { cargo fuzz run -s none ${features:+--features "$features"} "$target" "$@"; }
    work=fuzz/work/$target corpus=fuzz/corpus/$target log=fuzz/work/$target.log
    mkdir -p "$work" "$corpus"
    # Real documents, where they lie beside the checkout, are read as seeds and never kept.
    seeds=
    case $target in
        xml) seeds='*.xml' ;; pdf) seeds='*.pdf' ;; json) seeds='*.json' ;;
        ofd) seeds='*.ofd' ;; mdoc) seeds='*.cbor' ;; edifact) seeds='*.TXT' ;; cms) seeds='*.p7m' ;;
    esac
    if [ -n "$seeds" ] && [ -d ../shared/corpus ]; then
        rm -rf "fuzz/work/$target.seeds"
        mkdir "fuzz/work/$target.seeds"
        find "$PWD/../shared/corpus" -name "$seeds" -size -64k -exec ln -sf -t "fuzz/work/$target.seeds" {} +
        seeds=fuzz/work/$target.seeds
        echo "$target: $(find "$seeds" -type l | wc -l) real documents as seeds"
    else
        seeds=
    fi
    if [ "$seconds" = --keep ]; then
        merged=$(mktemp -d)
        run "$merged" -- -merge=1 "$merged" "$corpus" "$work" >"$log" 2>&1 || { tail -n 20 "$log"; exit 1; }
        # The smallest of what is new.
        find "$merged" -type f -printf '%s %p\n' | sort -n | head -n "$KEEP_MAX" | cut -d' ' -f2 | xargs -r cp -t "$corpus"
        rm -r "$merged"
        echo "$target: $(find "$corpus" -type f | wc -l) inputs, $(du -sb "$corpus" | cut -f1) bytes"
        continue
    fi
    code=0
    run "$work" "$corpus" ${seeds:+"$seeds"} -- -max_total_time="$seconds" -max_len="$LENGTH_MAX" -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$corpus/" -print_final_stats=1 >"$log" 2>&1 || code=$?
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    reached=$(grep -ao 'cov: [0-9]*' "$log" | tail -n 1 || true)
    echo "$target: ${executed:-0} executions, ${reached:-no coverage}, exit $code"
    if [ $code -ne 0 ]; then
        failed=1
        grep -aE 'panicked|ERROR|Test unit written' "$log" | head -n 5
    fi
done
exit $failed
