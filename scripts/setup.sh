#!/usr/bin/env bash
# Installs what is missing to build Hefu on Debian 12 with rustup's Rust. Says what it does; where nothing is missing it
# does nothing and prints one line.
#
#   setup.sh            what the build needs: a C++ compiler, make, libclang (RocksDB and its bindings)
#   setup.sh --wasm     also Node, wasm-bindgen's program and the target wasm32-unknown-unknown; exit 3 if only the
#                       last two could not be had
#   setup.sh --browser  also a headless Chromium, for the test of the browser package (220 MB)
#   setup.sh --lint     also rustfmt and clippy
#   setup.sh --deny     also cargo-deny, compiled into cargo's bin
set -euo pipefail

wasm= browser= lint= deny=
for argument in "$@"; do
    case "$argument" in
        --wasm) wasm=1 ;;
        --browser) browser=1 ;;
        --lint) lint=1 ;;
        --deny) deny=1 ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "setup: unknown argument $argument (see --help)" >&2; exit 2 ;;
    esac
done

did_something=
say() { did_something=1; echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
banner() {
    did_something=1
    {
        echo "****************************************************************"
        for line in "$@"; do echo "**  $line"; done
        echo "****************************************************************"
    } >&2
}

# --- Rust ---------------------------------------------------------------------------------------------------------

if ! have cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    say "cargo is in ${CARGO_HOME:-$HOME/.cargo}/bin, which is not in your PATH: add it before building"
fi
have cargo || fail "Rust is missing: install it with rustup (Debian's own package is too old), then start this again"

cd "$(dirname "$0")/.."
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(rustc --version | cut -d' ' -f2)
if [ "$(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n1)" != "$wanted" ]; then
    fail "Rust $found is too old, $wanted or later is needed: rustup update stable"
fi

# --- Debian packages ----------------------------------------------------------------------------------------------

# libclang1 alone lacks the compiler's own headers (stdbool.h): the -dev package brings them.
has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return 0
    if have dpkg-query; then
        dpkg-query -W -f='${db:Status-Status}\n' libclang-dev 'libclang-[0-9]*-dev' 2>/dev/null | grep -qx installed
    else
        compgen -G '/usr/lib*/libclang*.so*' >/dev/null || compgen -G '/usr/lib/llvm*/lib/libclang*.so*' >/dev/null
    fi
}

packages=()
have g++ || packages+=(g++)
have make || packages+=(make)
have git || packages+=(git)
has_libclang || packages+=(libclang-dev)
[ -z "$wasm" ] || have node || packages+=(nodejs)
[ -z "$browser" ] || have chromium-headless-shell || have chromium || packages+=(chromium-headless-shell)

if [ ${#packages[@]} -gt 0 ]; then
    have apt-get || fail "missing: ${packages[*]} (Debian's names); there is no apt-get here, install them by hand"
    root=()
    if [ "$(id -u)" != 0 ]; then
        have sudo || fail "missing: ${packages[*]}; you are not root and there is no sudo. As root: apt-get install ${packages[*]}"
        root=(sudo)
    fi
    install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}")
    say "installing ${packages[*]} with ${root[*]:+sudo }apt-get"
    # A package list that is there may do; a fresh machine has none.
    if ! "${install[@]}" >/dev/null 2>&1; then
        say "fetching the package lists first"
        "${root[@]}" apt-get update -qq || fail "apt-get update failed, see above"
        "${install[@]}" >/dev/null || fail "apt-get install ${packages[*]} failed, see above"
    fi
fi

# --- Parts of the Rust toolchain ----------------------------------------------------------------------------------

if [ -n "$lint" ]; then
    components=()
    cargo fmt --version >/dev/null 2>&1 || components+=(rustfmt)
    cargo clippy --version >/dev/null 2>&1 || components+=(clippy)
    if [ ${#components[@]} -gt 0 ]; then
        say "adding ${components[*]} with rustup"
        have rustup || fail "missing: ${components[*]}; there is no rustup to add them"
        rustup component add "${components[@]}" || fail "rustup could not add ${components[*]}"
    fi
fi

if [ -n "$deny" ] && ! have cargo-deny; then
    say "compiling cargo-deny into cargo's bin (some minutes)"
    cargo install --locked --quiet cargo-deny || fail "cargo-deny could not be installed"
fi

# What writes the JavaScript beside a .wasm has to be of the version that the .wasm was bound with. Its own lock file
# names what not every registry has, so that file is tried first and not insisted on.
bindgen=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"/\1/p}' Cargo.lock)
has_bindgen() { [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $bindgen" ]; }
if [ -n "$wasm" ] && ! has_bindgen; then
    say "compiling wasm-bindgen-cli $bindgen into cargo's bin (some minutes)"
    install=(cargo install --quiet --version "$bindgen" --force wasm-bindgen-cli)
    if ! "${install[@]}" --locked && ! "${install[@]}" || ! has_bindgen; then
        banner "wasm-bindgen $bindgen COULD NOT BE INSTALLED." \
            "The browser package can be neither built nor tested here." \
            "By hand: cargo install --version $bindgen wasm-bindgen-cli"
        exit 3
    fi
fi

# Last, so that all else is there where only the target cannot be had.
target=wasm32-unknown-unknown
has_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; }
if [ -n "$wasm" ] && ! has_target; then
    say "adding the target $target with rustup"
    if ! have rustup || ! rustup target add "$target" || ! has_target; then
        banner "THE TARGET $target COULD NOT BE ADDED." \
            "The browser package can be neither built nor tested here." \
            "By hand: rustup target add $target"
        exit 3
    fi
fi

[ -n "$did_something" ] || echo "setup: everything is there"
