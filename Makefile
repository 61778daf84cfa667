# `make` alone lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= config/shoppers.toml
DATA ?=
OUT ?= build/rehearsal
ARGS ?=

.PHONY: help setup rehearse test check lock clean
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: .venv/.ready node_modules/.ready ## install everything into .venv and node_modules

.venv/.ready: requirements.lock requirements-setup.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, got {sys.version.split()[0]}: set PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-setup.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

node_modules/.ready: package.json package-lock.json
	@node -e 'if (parseInt(process.versions.node) < 20) { console.error("Node 20 or newer is needed, got " + process.version); process.exit(1) }'
	npm ci --silent --no-audit --no-fund
	@touch $@

rehearse: setup ## launch a model on the laptop: make rehearse [DATA=table.csv] [CONFIG=config/shoppers.toml]
	$(BIN)/slipway rehearse --config $(CONFIG) --out $(OUT) $(if $(DATA),--data $(DATA)) $(ARGS)

test: setup ## run every test
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: setup ## lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: .venv/.ready ## rewrite requirements.lock from requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.txt requirements-setup.txt --custom-compile-command "make lock" -o requirements.lock

clean: ## remove what setup and runs made
	rm -rf .venv node_modules build cdk.out
