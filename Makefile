# Everything that a person starts by hand. CI (.ci/run) goes through the same targets.
#
# One profile for build, test, clippy and demo, and always the whole workspace: another profile or `-p` alone compiles
# RocksDB and the engine again.

SHELL := /bin/bash
CARGO ?= cargo
PROFILE := ci
TARGET_DIR = $${CARGO_TARGET_DIR:-target}
# Where rustup is and the shell has not been told.
export PATH := $(PATH):$(if $(CARGO_HOME),$(CARGO_HOME),$(HOME)/.cargo)/bin

# The crates without clock, disk, socket or thread. The tidy test holds this list to its own.
PURE := hefu-types hefu-proof hefu-state hefu-formats hefu-wire hefu-audit

FIRST ?= 0
SEEDS ?= 1000
ATTACKS ?= 10000000

.DEFAULT_GOAL := help
.PHONY: help setup build demo sim bench test check fmt-check clippy wasm wasm-check proofs deny fmt clean-demo fuzz fuzz-all flood beside attack

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the build needs (Debian 12)
	@scripts/setup.sh

build: setup ## build everything
	$(CARGO) build --profile $(PROFILE) --workspace --all-targets

demo: build ## a whole network on this machine, shown step by step (DOCS=folder: with your own documents)
	@$(MAKE) --no-print-directory wasm || echo "demo: goes on without the browser package"
	"$(TARGET_DIR)/$(PROFILE)/hefu-demo" --samples samples $(if $(DOCS),--docs "$(DOCS)")

sim: build ## simulated networks with faults, SEEDS=1000 of them (FIRST=417 SEEDS=1 VERBOSE=1: one of them again, every event)
	"$(TARGET_DIR)/$(PROFILE)/hefu-sim" --first $(FIRST) --seeds $(SEEDS) $(if $(VERBOSE),--verbose) $(if $(PLANT),--plant $(PLANT))

bench: setup ## speed of a network on this machine, release profile (the first time builds all again)
	$(CARGO) build --release --workspace
	tests/bench/run.sh "$(TARGET_DIR)/release"

beside: build ## PostgreSQL and etcd on this machine, side by side with Hefu (SECONDS_EACH=10 REPEATS=5, 20 minutes)
	HEFU="$${HEFU:-$(TARGET_DIR)/$(PROFILE)/hefu}" tests/beside/run.sh

test: build ## all tests
	$(CARGO) test --profile $(PROFILE) --workspace $(TEST_FLAGS)

fuzz: ## one fuzz target (TARGET=statement SECONDS=600); `cargo fuzz list` in fuzz/ names them
	@scripts/fuzz.sh "$(or $(SECONDS),600)" $(or $(TARGET),$(error TARGET is missing: make fuzz TARGET=statement))

fuzz-all: ## all fuzz targets, one after the other (SECONDS=600 each)
	@scripts/fuzz.sh "$(or $(SECONDS),600)"

flood: build ## the speed of a network under floods of forged statements, printed
	"$(TARGET_DIR)/$(PROFILE)/examples/flood"

attack: build ## altered and forged proofs in any number, ATTACKS=10000000 of them (FIRST=417 ATTACKS=5000: one world again)
	"$(TARGET_DIR)/$(PROFILE)/hefu-attack" --first $(FIRST) --attacks $(ATTACKS)

check: fmt-check clippy wasm deny ## what must hold beside the tests

fmt-check:
	@scripts/setup.sh --lint
	$(CARGO) fmt --all --check

clippy:
	@scripts/setup.sh --lint
	$(CARGO) clippy --profile $(PROFILE) --workspace --all-targets -- -D warnings

wasm: wasm-check ## the package for browsers and Node, into target/wasm/hefu
	@CARGO="$(CARGO)" scripts/wasm.sh

proofs: wasm ## bytes of each proof, time to make and verify it, natively and in wasm (RECORDS="10000 1000000")
	$(CARGO) run --release -p hefu-state --example proof_sizes -- $(RECORDS) --out "$(TARGET_DIR)/proofs"
	node tests/wasm/speed.mjs "$(TARGET_DIR)/wasm/hefu" "$(TARGET_DIR)/proofs"

wasm-check: ## the pure crates compile for a browser
	@scripts/setup.sh --wasm
	$(CARGO) check --profile $(PROFILE) --target wasm32-unknown-unknown $(addprefix -p ,$(PURE))

deny: ## licences, sources and bans of all dependencies
	@scripts/setup.sh --deny
	$(CARGO) deny check bans licenses sources

fmt: ## format the source
	$(CARGO) fmt --all

clean-demo: ## remove what the demo left behind
	rm -rf "$(TARGET_DIR)/demo"
