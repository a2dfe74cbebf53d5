# The commands of the project. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CARGO_TERM_COLOR ?= auto
CORPUS ?=
FEED ?=
MESSAGES ?=
SEKISHO ?=

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## judge the two founding incidents, then every message in MAIL="file folder …"
	@cargo run --quiet --release --package xtask -- run $(MAIL)

test: tools ## install what the tests need and run every test
	@cargo nextest run --workspace
	@cargo test --workspace --doc --quiet
	@cargo run --quiet --package sekisho -- rules test rules

check: tools ## what CI runs: formatting, lints, licences, spelling, stale references, tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo deny --log-level error check bans licenses sources
	typos
	cargo xtask gen --check
	cargo xtask tidy
	$(MAKE) --no-print-directory test

tools: ## nextest, cargo-deny and typos, once
	@.ci/tools

gen: ## write the generated reference (docs/reference)
	cargo xtask gen

evaluate: ## recall and false positives on CORPUS=DIR (a folder with manifest.csv), per source and per cluster
	@test -n "$(CORPUS)" || { echo "make evaluate CORPUS=DIR: name the corpus folder" >&2; exit 2; }
	@cargo run --quiet --release --package xtask -- evaluate "$(CORPUS)"

bench: ## CPU per message, warm, one thread, and what history costs; CORPUS=DIR and FEED=DIR measure on real mail and with the public feed, HISTORY=N only history of N messages
	@cargo run --quiet --release --package xtask -- bench $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(FEED),--feed "$(FEED)") $(if $(HISTORY),--history "$(HISTORY)")

bench-files: ## CPU per document with macros beside oletools and XLMMacroDeobfuscator (FILES=DIR for other documents), and of 25 MB
	@cargo run --quiet --release --package xtask -- bench-files $(FILES)
	@cargo run --quiet --release --package sekisho-unpack --example large

bench-live: ## live mail beside rspamd 3.4: CPU a message, waiting times, rate, memory; over HTTP and milter; CORPUS=DIR measures on real mail, MESSAGES=N on so many, DNS=off without names
	@cargo run --quiet --release --package xtask -- bench-live $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(MESSAGES),--messages "$(MESSAGES)") $(if $(filter off,$(DNS)),--no-dns) $(if $(SEKISHO),--sekisho "$(SEKISHO)")

deb: ## the Debian package and, beside it, one with what a debugger needs (cargo install cargo-deb first), in target/debian
	cargo deb --package sekisho --dbgsym

soak: ## kill the server KILLS times (default 200) in SECONDS_ALL (600) under RATE (55) messages a second: nothing lost, nothing twice; SEKISHO=FILE takes that program
	@test -n "$(SEKISHO)" || cargo build --quiet --release --package sekisho
	@SEKISHO_BIN="$(abspath $(or $(SEKISHO),$(or $(CARGO_TARGET_DIR),target)/release/sekisho))" \
	  SEKISHO_KILLS=$(or $(KILLS),200) SEKISHO_KILL_SECONDS=$(or $(SECONDS_ALL),600) SEKISHO_KILL_RATE=$(or $(RATE),55) \
	  SEKISHO_KILL_CLIENTS=$(or $(CLIENTS),8) \
	  cargo nextest run --package sekisho --test killed --no-capture --test-threads 1 $(if $(WAY),$(WAY))

fuzz: ## every fuzz target for SECONDS (default 600) each
	@fuzz/run $(or $(SECONDS_EACH),600)

.PHONY: help run test check tools gen evaluate bench bench-files bench-live deb soak fuzz
