#!/usr/bin/env bash
# Makes a Python environment with what tests/python/requirements.txt names, outside the checkout so that every clone
# shares it, and prints the path of its interpreter (nothing else on stdout). Where it is there it costs nothing.
set -euo pipefail

cd "$(dirname "$0")/.."
wanted=tests/python/requirements.txt
say() { echo "venv: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

cache="${XDG_CACHE_HOME:-$HOME/.cache}/hefu"
folder="$cache/venv-$(sha256sum "$wanted" | cut -c1-16)"
python="$folder/bin/python"
if [ ! -e "$folder/complete" ]; then
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        have apt-get || { say "python3 with venv is missing, and there is no apt-get to install it"; exit 1; }
        root=()
        [ "$(id -u)" = 0 ] || root=(sudo)
        say "installing python3-venv with apt-get"
        "${root[@]}" apt-get update -qq >&2 || true
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv >&2
    fi
    say "making $folder"
    mkdir -p "$cache"
    # Two that start at once each make their own; the first to finish is kept.
    made=$(mktemp -d "$cache/venv-making.XXXXXX")
    python3 -m venv "$made"
    "$made/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2
    touch "$made/complete"
    # An environment knows its own path only in the scripts of bin/, of which none is used.
    mv -T "$made" "$folder" 2>/dev/null || rm -rf "$made"
fi
[ -x "$python" ] || { say "$folder is damaged: remove it and start again"; exit 1; }
echo "$python"
