# Everything a person or a machine does with this repository. `make` alone prints the list.
# Set-up happens by itself: each target brings .venv up to date first, and does nothing when it is.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip
CODE    := $(strip $(foreach folder,service scheduler sandbox migrations benchmarks scripts tests,$(if $(wildcard $(folder)/*.py),$(folder))))
WORKERS ?= 2
ARGS    ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Debian 12 has a pip that would otherwise build source packages the old way, and say so.
export PIP_USE_PEP517 := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check fmt lock mutants bench-calls bench-push bench-pacing bench-pages bench-matching screenshots day-soak capabilities clean laws crash-matrix soak recipients

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  make \1@\2/p' $(MAKEFILE_LIST) | awk -F@ '{ printf "%-20s %s\n", $$1, $$2 }'

demo: $(VENV)/.project ## set up, sync the sample books with both sandboxes, serve the dashboard (ONCE=1: stop after the table)
	@$(BIN)/tieout demo $(if $(ONCE),--once) $(ARGS)

test: $(VENV)/.project $(VENV)/.machine ## set up and run every test (ARGS="tests/core -k dot" narrows it)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.dev ## style, types, architecture and dependencies
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/deptry .

fmt: $(VENV)/.dev ## format the code and apply the safe fixes
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

lock: $(VENV)/.dev ## resolve the dependencies anew (UPGRADE=1: to their newest versions)
	$(BIN)/uv pip compile -q $(LOCK_FLAGS) pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q $(LOCK_FLAGS) -c requirements.txt --extra dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile -q $(LOCK_FLAGS) -c requirements-dev.txt --extra bench pyproject.toml -o requirements-bench.txt

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

mutants: $(VENV)/.dev ## change the pure core line by line and report what no test noticed (slow; ARGS="money link" narrows it)
	$(BIN)/python scripts/mutants.py $(ARGS)

laws: $(VENV)/.dev ## hold the law of formatting over 10,000 records of every kind at both packages
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q tests/mapping/laws $(ARGS)

bench-calls: $(VENV)/.project ## count the calls of a first and a second sync against the least possible
	@$(BIN)/python -m benchmarks.calls $(ARGS)

bench-push: $(VENV)/.project ## measure our own CPU per record pushed beside a plain script that keeps nothing
	@$(BIN)/python -m benchmarks.push $(ARGS)

bench-pacing: $(VENV)/.project ## measure how long first syncs take under a package's call limits, on a moved clock
	@$(BIN)/python -m benchmarks.pacing $(ARGS)

bench-pages: $(VENV)/.dev ## measure the pages over 100,000 customers on both databases (ARGS="sqlite --rounds 20")
	@nice -n 10 $(BIN)/python -m benchmarks.pages $(ARGS)

bench-matching: $(VENV)/.project $(VENV)/.bench ## measure the first match on people, company names and 20,000 records
	@$(BIN)/python -m benchmarks.matching $(ARGS)

screenshots: $(VENV)/.machine ## take pictures of every page into var/screenshots/ (ARGS=customers narrows it)
	@$(BIN)/python -m scripts.screenshots $(ARGS)

capabilities: $(VENV)/.project ## write docs/capabilities.md anew from what connectors and mappers declare
	@$(BIN)/python -m service.sync.capability > docs/capabilities.md

soak: $(VENV)/.dev ## make up thousands of stories of both books and check every promise after each step (SEED= EXAMPLES=2000 STEPS=50)
	@$(BIN)/python -m tests.machine.soak $(if $(SEED),--seed $(SEED)) $(if $(EXAMPLES),--examples $(EXAMPLES)) $(if $(STEPS),--steps $(STEPS))

day-soak: $(VENV)/.dev ## let 24 hours pass for 20 connections: four processes, one database, one clock (ARGS="--hours 2" shortens it)
	@$(BIN)/python -m tests.day $(ARGS)

crash-matrix: $(VENV)/.dev ## strike every step of every write with everything that can go wrong (CELL='xero/*/single/*' narrows it)
	@$(BIN)/python -m tests.crash $(if $(CELL),--cell '$(CELL)') $(ARGS)

recipients: $(VENV)/.dev ## send an invoice in every combination of recipient choices, and write what arrived into docs/recipients.md
	@$(BIN)/python -m tests.sync.recipient_table

clean: ## remove caches and build products; keeps .venv and var/
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov build dist mutants *.egg-info
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: each stamp is newer than what it was made from ------------------------------------------------------------

$(BIN)/python:
	@bash scripts/make-venv "$(PYTHON)" "$(VENV)"

$(VENV)/.runtime: requirements.txt | $(BIN)/python
	@echo "Installing what Tieout runs on (about half a minute the first time) ..."
	@$(PIP) install -q --require-hashes --no-deps -r requirements.txt
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.runtime
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what its tests and checks need ..."
	@$(PIP) install -q --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.runtime
	@echo "Installing what the matching is measured against ..."
	@$(PIP) install -q --require-hashes --no-deps -r requirements-bench.txt
	@touch $@

$(VENV)/.machine: scripts/test-machine $(VENV)/.dev
	@bash scripts/test-machine
	@touch $@
