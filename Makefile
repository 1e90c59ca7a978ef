# What can be done here; `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tenant-closure
MACHETE_VERSION := 0.9.2
MACHETE := $(CACHE)/cargo-machete-$(MACHETE_VERSION)/bin/cargo-machete

.PHONY: help tools build demo demo-keep demo-stop test contract sdk-test stores-test bench lint fmt crds rights control-plane clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools: ## check the tools; install setpriv, ssh-keygen and a C compiler with apt-get where they are missing
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust from https://rustup.rs' >&2; exit 1; }
	@command -v go >/dev/null || [[ $${KUBEBUILDER_ASSETS:-} ]] || { echo 'go is missing: install it from https://go.dev/dl (it builds the control plane), or set KUBEBUILDER_ASSETS' >&2; exit 1; }
	@missing=(); \
	command -v setpriv >/dev/null || missing+=(util-linux); \
	command -v ssh-keygen >/dev/null || missing+=(openssh-client); \
	command -v cc >/dev/null || missing+=(gcc libc6-dev); \
	(($${#missing[@]} == 0)) && exit 0; \
	command -v apt-get >/dev/null || { echo "install these first: $${missing[*]}" >&2; exit 1; }; \
	sudo=; ((EUID == 0)) || sudo=sudo; \
	echo "installing $${missing[*]}" >&2; \
	$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends "$${missing[@]}"

build: tools ## build the programs
	cargo build

demo: tools ## close a simulated tenant on a real control plane, from start to proof
	cargo build --bins --example demo
	cargo run --quiet --example demo

demo-keep: tools ## the same, and leave it running to look at
	cargo build --bins --example demo
	cargo run --quiet --example demo -- --keep

demo-stop: tools ## stop what demo-keep left running
	cargo run --example demo -- --stop

test: tools ## run every test
	cargo test --no-fail-fast

contract: tools ## what is said to Microsoft, call by call, and what follows from each answer
	cargo test --test contract --test microsoft --test generated

sdk-test: tools ## run Microsoft's own SDKs (Python; JavaScript where npm is) on the simulator, unchanged
	@command -v python3 >/dev/null || { echo 'python3 is missing: install it with its venv module' >&2; exit 1; }
	tests/sdk/run.sh python
	@if command -v npm >/dev/null; then tests/sdk/run.sh javascript; else echo 'npm is missing: the SDK for JavaScript is not tried' >&2; fi

stores-test: tools ## run the evidence stores of S3, Azure and Google on real servers (minutes the first time)
	@ready=(); \
	for store in s3 azure gcs; do \
	  if tests/stores/server.sh $$store >/dev/null; then ready+=("$$store::"); \
	  else echo "stores: no server for $$store can be had: it is not tried" >&2; fi; \
	done; \
	(($${#ready[@]})) || { echo 'no server can be had: nothing is tried' >&2; exit 1; }; \
	cargo test --features object-stores --test stores -- --test-threads 2 secrets:: "$${ready[@]}"

bench: tools ## measure memory while 200,000 users are planned, and pace while 10,000 are deleted, in release builds (minutes)
	cargo build --release --bins
	cargo bench --bench memory
	cargo bench --bench pace

lint: tools $(MACHETE) ## formatting, clippy, the pure core alone, generated files, unused dependencies
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo check --no-default-features --lib
	cargo clippy --lib --test stores --features object-stores -- -D warnings
	cargo test --test generated
	$(MACHETE)

$(MACHETE): | tools
	cargo install --debug --locked --force cargo-machete@$(MACHETE_VERSION) --root $(CACHE)/cargo-machete-$(MACHETE_VERSION)

fmt: tools ## format the code
	cargo fmt

crds: tools ## write the generated files anew
	UPDATE=1 cargo test --test generated

rights: tools ## write the table of rights anew, from a closure that is carried out
	UPDATE=1 cargo test --test security the_documentation_has_the_table

control-plane: tools ## obtain etcd, kube-apiserver and kubectl, and say where they are
	@tests/support/control-plane.sh

clean: ## remove what was built and what the demo left; the caches of control plane and tools stay
	cargo clean
	rm -rf .demo
