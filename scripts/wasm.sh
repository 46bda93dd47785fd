#!/usr/bin/env bash
# Builds the browser package of crates/hefu-wasm into $CARGO_TARGET_DIR/wasm/hefu and prints its sizes: one .wasm, one
# ES module with its types for a page and one that initialises itself for Node.
#
#   wasm.sh                  the package
#   FEATURES=... wasm.sh     with these features instead of the default ones ("" is the verifier alone)
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
package=${PACKAGE:-$target/wasm/hefu}
flags=()
[ -z "${FEATURES+set}" ] || flags=(--no-default-features --features "$FEATURES")
"${CARGO:-cargo}" rustc --profile browser --target wasm32-unknown-unknown -p hefu-wasm --lib --crate-type cdylib "${flags[@]}"

rm -rf "$package"
mkdir -p "$package"
wasm-bindgen --target web --remove-name-section --remove-producers-section --out-dir "$package" --out-name hefu "$target/wasm32-unknown-unknown/browser/hefu_wasm.wasm"
cp crates/hefu-wasm/README.md crates/hefu-wasm/node.mjs LICENSE "$package/"
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
cat >"$package/package.json" <<JSON
{
  "name": "hefu",
  "version": "$version",
  "description": "Verifies proofs of a Hefu network and reads documents, offline",
  "license": "Apache-2.0",
  "type": "module",
  "types": "./hefu.d.ts",
  "exports": {
    ".": { "types": "./hefu.d.ts", "node": "./node.mjs", "default": "./hefu.js" },
    "./hefu_bg.wasm": "./hefu_bg.wasm"
  },
  "files": ["hefu.js", "hefu.d.ts", "hefu_bg.wasm", "hefu_bg.wasm.d.ts", "node.mjs"],
  "sideEffects": ["./node.mjs"]
}
JSON
echo "wasm: $package: $(stat -c %s "$package/hefu_bg.wasm") bytes, $(gzip -9c "$package/hefu_bg.wasm" | wc -c) with gzip"
