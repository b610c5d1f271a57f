# The tasks of this repository; `make` alone lists them. Everything is made inside the checkout.

PYTHON ?= python3
BIN := .venv/bin
VENV := .venv/.installed
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
NPM_CI := npm ci --no-audit --no-fund
PLAYGROUND := gateway/http/playground
PLAYGROUND_SOURCES := $(filter-out %.py,$(wildcard $(PLAYGROUND)/*.* $(PLAYGROUND)/src/* $(PLAYGROUND)/src/*/*))
NODE_PRODUCER := subgraphs/node_producer/node_modules/.package-lock.json
BENCH_PEERS := tests/bench/peers/node_modules/.package-lock.json
# The other gateways of the benchmark are some hundred MB that no test needs.
NODE_TESTS := $(filter-out $(BENCH_PEERS),$(patsubst %package.json,%node_modules/.package-lock.json,$(wildcard tests/*/package.json tests/*/*/package.json)))

# Shell conditions
HAS_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
NODE_VERSION = (([major, minor]) => process.exit(+(major * 100 + +minor < 2019)))(process.versions.node.split("."))
HAS_NODE = command -v npm >/dev/null && node -e '$(NODE_VERSION)' 2>/dev/null

# $(call npm,COMMANDS,SENTENCE): where the commands fail, their last lines and the sentence are shown, and make goes on.
npm = output=$$({ $(1); } 2>&1) || { printf '%s\n' "$$output" | tail -n 8; echo "$(2)"; }

.DELETE_ON_ERROR:
.PHONY: help run test test-kill test-crash test-faults mutation bench bench-quick bench-growth bench-authorization bench-hanging bench-verify bench-record test-engine bench-execution test-authorization check playground schema docs lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

run: $(VENV) playground $(NODE_PRODUCER) ## Start the gateway with all it needs; Ctrl-C stops everything and keeps the data
	@exec $(BIN)/gateway dev

test: $(VENV) playground $(NODE_PRODUCER) $(NODE_TESTS) ## Run every test, on free ports and a database of its own
	@$(BIN)/pytest -n 3

test-kill: $(VENV) ## Kill each part of the running product 20 times while it is changed (some minutes)
	@KILL_ROUNDS=20 $(BIN)/pytest tests/development/test_kill.py

test-crash: $(VENV) ## Kill the database 200 times under load: no status without its record, none twice (some minutes)
	@CRASH_ROUNDS=200 $(BIN)/pytest -q -s --no-header tests/crash/test_crash.py

test-faults: $(VENV) ## Let a producer fail in every way of docs/availability.md, and print what each cost
	@FAULT_TABLE=1 $(BIN)/pytest -q --no-header --tb=short tests/faults

mutation: $(VENV) ## Mutate what decides who may read what, and see that tests fail (a quarter of an hour)
	@rm -rf mutants && $(BIN)/mutmut run --max-children 2 && $(BIN)/mutmut results

bench: $(VENV) $(BENCH_PEERS) ## Measure the gateway beside a hand-written handler and two other gateways (ten minutes)
	@$(BIN)/python -m tests.bench.speed

bench-quick: $(VENV) $(BENCH_PEERS) ## The same in short, for daily use (two minutes)
	@$(BIN)/python -m tests.bench.speed --quick

bench-growth: $(VENV) ## Load the gateway alone, and see for ten minutes whether its memory grows (16 minutes)
	@$(BIN)/python -m tests.bench.speed.growth

bench-authorization: $(VENV) ## Measure what authorization costs on the warm path (a few minutes)
	@$(BIN)/python -m tests.bench.authorization

bench-hanging: $(VENV) ## Measure what one hanging producer costs the others (two minutes)
	@$(BIN)/python -m tests.bench.hanging

bench-verify: $(VENV) ## Measure how fast `gateway audit verify` reads a million records (two minutes)
	@$(BIN)/python -m tests.bench.verification

bench-record: $(VENV) ## Measure what the record costs, and what group commit saves (a minute)
	@$(BIN)/python -m tests.bench.recording

test-engine: $(VENV) ## Compare the execution engine with graphql-core's over 10,000 random worlds (some 5 minutes)
	@ENGINE_EXAMPLES=10000 $(BIN)/pytest tests/execution --cov=gateway.execution --cov-branch --cov-fail-under=98

bench-execution: $(VENV) ## Measure what running an operation costs, beside graphql-core's executor (two minutes)
	@$(BIN)/python -m tests.bench.execution

test-authorization: $(VENV) ## Search 10,000 random operations and agreements for what is told but not granted (some 20 minutes)
	@AUTHORIZATION_EXAMPLES=10000 $(BIN)/pytest tests/authorization/test_properties.py

check: $(VENV) $(NODE_PRODUCER) ## Check style, types, imports, schema.graphql and the documentation
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy gateway subgraphs tests && $(BIN)/lint-imports
	@$(BIN)/gateway schema | diff -u schema.graphql - || { echo "schema.graphql is not what the code says: make schema"; exit 1; }
	@$(BIN)/pytest -q -n 3 tests/docs && $(BIN)/pytest -q tests/policy --cov=gateway.policy --cov-branch --cov-fail-under=100

playground: $(PLAYGROUND)/dist/index.html ## Build the playground, where there is Node 20.19 or newer

schema: $(VENV) ## Print the schema to schema.graphql
	@$(BIN)/gateway schema > schema.graphql.new && mv schema.graphql.new schema.graphql

docs: $(VENV) ## Write the tables of docs/settings.md and docs/availability.md anew
	@$(BIN)/python -m tests.docs.settings_table && $(BIN)/python -m tests.faults.table

LOCK := $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
# What SecantusDB's Python server needs alone; the Rust server, which is what is used, does not.
UNUSED := --no-emit-package numpy --no-emit-package shapely --no-emit-package s2sphere

lock: $(VENV) ## Make requirements.txt and requirements-dev.txt anew; versions stay unless LOCK_OPTIONS=--upgrade
	@$(LOCK) $(LOCK_OPTIONS) --output-file requirements.txt
	@$(LOCK) $(LOCK_OPTIONS) --group dev --constraint requirements.txt $(UNUSED) --output-file requirements-dev.txt

clean: ## Remove what was built and installed; the data of `make run` stays
	@rm -rf .venv build mutants $(PLAYGROUND)/dist $(PLAYGROUND)/node_modules $(dir $(NODE_PRODUCER) $(NODE_TESTS) $(BENCH_PEERS))
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

$(VENV): requirements-dev.txt pyproject.toml
	@test -w . || { echo "This folder cannot be written: $(CURDIR). Clone the repository to one that can."; exit 1; }
	@$(HAS_PYTHON) || { echo "Python 3.11 or newer is needed, and $(PYTHON) is not. Name another: make PYTHON=python3.12"; exit 1; }
	@echo "Installing the Python packages into .venv (once; about a minute) ..." && $(PYTHON) -m venv .venv && \
	$(PIP) --require-hashes --requirement requirements-dev.txt && $(PIP) --no-build-isolation --editable . && touch $@

$(PLAYGROUND)/dist/index.html: $(PLAYGROUND_SOURCES)
	@if $(HAS_NODE); then echo "Building the playground (once; about a minute) ..." && cd $(PLAYGROUND) && \
	$(call npm,$(NPM_CI) && npm run build && touch dist/index.html,The playground is not built: npm failed as shown above. Everything else works.); \
	else echo "The playground is not built: it needs Node 20.19 or newer. Everything else works."; fi

# npm leaves this file in node_modules; it is as old as what is installed there.
%/node_modules/.package-lock.json: %/package-lock.json
	@if $(HAS_NODE); then echo "Installing the npm packages of $* ..." && cd $* && \
	$(call npm,$(NPM_CI) && touch node_modules/.package-lock.json || { rm -rf node_modules; false; },npm failed as shown above: what needs the packages of $* is left out.); \
	else echo "Node 20.19 or newer is missing: what needs the packages of $* is left out."; fi
