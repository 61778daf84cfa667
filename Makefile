# `make` alone lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= config/shoppers.toml
DATA ?=
OUT ?= build/rehearsal
ARGS ?=
# Where this is set, each of the many processes of a run would compile the whole project anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup rehearse test check image image-report test-docker setup-sdk test-sdk lock clean
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: .venv/.ready node_modules/.ready ## install everything into .venv and node_modules

.venv/.ready: requirements.lock requirements-setup.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, got {sys.version.split()[0]}: set PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-setup.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@# compat: a plain path; the other way is a module that every Python process would import first, for 16 ms
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -C editable_mode=compat --editable .
	@touch $@

node_modules/.ready: package.json package-lock.json
	@node -e 'if (parseInt(process.versions.node) < 20) { console.error("Node 20 or newer is needed, got " + process.version); process.exit(1) }'
	npm ci --silent --no-audit --no-fund
	@touch $@

rehearse: setup ## launch a model on the laptop: make rehearse [DATA=table.csv] [CONFIG=config/shoppers.toml]
	$(BIN)/slipway rehearse --config "$(CONFIG)" --out "$(OUT)" $(if $(DATA),--data "$(DATA)") $(ARGS)

test: setup ## run every test
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup ## lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

image: setup ## build the container image for --backend docker (starts Docker for it if none runs)
	scripts/with-docker scripts/build-image

image-report: setup ## the image's bill of materials and known vulnerabilities, in build/image
	@mkdir -p build/image
	scripts/with-docker sh -ec 'image=$$(scripts/build-image); $(BIN)/python -m scripts.image_bom $$image >build/image/bom.json; \
	  $(BIN)/python -m scripts.image_vulnerabilities $$image --bom build/image/bom.json --json build/image/vulnerabilities.json || [ $$? = 4 ]'

test-docker: setup ## build the image and run the tests that need Docker (starts Docker for them if none runs)
	scripts/with-docker sh -ec 'scripts/build-image && $(BIN)/pytest tests/docker $(ARGS)'

setup-sdk: .venv-sdk/.ready ## install SageMaker's own SDK into .venv-sdk (1 GB; only test-sdk needs it)

.venv-sdk/.ready: requirements-sdk.lock | .venv/.ready
	@test -x .venv-sdk/bin/python || $(BIN)/python -m venv --without-pip .venv-sdk
	$(BIN)/uv pip sync --quiet --compile-bytecode --python .venv-sdk/bin/python requirements-sdk.lock
	@touch $@

test-sdk: setup setup-sdk ## compare with SageMaker's own SDK; its local mode too, where Docker can be had
	$(BIN)/pytest tests/sdk -m "not docker" $(ARGS)
	scripts/with-docker --or-skip --and docker-compose sh -ec 'scripts/build-image && $(BIN)/pytest tests/sdk -m docker $(ARGS)'

lock: .venv/.ready ## rewrite every lock file: ours, the image's and the SDK's
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.txt requirements-setup.txt --custom-compile-command "make lock" -o requirements.lock
	$(BIN)/uv pip compile --quiet --python-version 3.11 --python-platform linux --only-binary :all: --generate-hashes --no-annotate --constraint requirements.lock pipeline_steps/requirements.txt --custom-compile-command "make lock" -o pipeline_steps/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-sdk.txt --custom-compile-command "make lock" -o requirements-sdk.lock

clean: ## remove what setup and runs made
	rm -rf .venv .venv-sdk node_modules build cdk.out
