# Everything a person does with this repository. Needs git, make and Python 3.11 or newer with venv; sets up the rest.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

BIN   := $(VENV)/bin
UV    := $(shell command -v uv 2>/dev/null)
MADE  := $(VENV)/.made
RUN   := $(VENV)/.run
AUTOLOG := $(VENV)/.autolog
ESTIMATORS := .venv-estimators
OLDEST := .venv-oldest
AUDIT := .venv-audit
FUZZ  := .venv-fuzz
FUZZ_MINUTES ?= 10
DEMO  := $(VENV)/.demo
DEV   := $(VENV)/.dev
NODE_TESTS := $(if $(wildcard tests/contract/package.json),tests/contract/node_modules/.made)
NODE_BENCH := $(if $(wildcard benchmarks/package.json),benchmarks/node_modules/.made)

# Each is called with an environment's folder; `path` also with the name of the file that says where code is imported from.
ifdef UV
create = $(UV) venv --quiet --seed --allow-existing --python $(PYTHON) $(1)
install = VIRTUAL_ENV=$(1) $(UV) pip install --quiet --require-hashes
editable = VIRTUAL_ENV=$(1) $(UV) pip install --quiet --no-deps --no-build-isolation
else
create = $(PYTHON) -m venv $(1)
install = $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes
editable = $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation
endif
path = "$$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/$(2).pth"

# In an environment of its own: its folder, who needs it, why Python 3.11 is needed.
define create-311
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) not found: install Python 3.11, or say make $(2) PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v[:2] == (3, 11) else "Python 3.11 is needed: $(3) no build for later ones; $(PYTHON) is %d.%d. Say make $(2) PYTHON=python3.11, for example." % v[:2])'
	@$(call create,$(1))
endef

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint audit bench docs lock wheel clean setup-autolog test-estimators test-store-oldest test-deploy fuzz soak

# In CI everything is tested; elsewhere autolog's tests run once `make setup-autolog` has fetched the frameworks.
TRAINING := $(if $(filter true,$(CI)),$(AUTOLOG))

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile
	@echo "  ARGS='…' is passed on, PYTHON=… chooses the interpreter."

demo: $(DEMO) ## Play the main job against a GitHub made up on this machine (ARGS=--keep leaves it running)
	@$(BIN)/python -m tests.demo $(ARGS)

serve: $(RUN) ## Start the service (ARGS='--port 8080')
	@$(BIN)/triage serve $(ARGS)

ifeq ($(strip $(ARGS)),)
test: $(DEV) $(TRAINING) $(NODE_TESTS) ## Run the tests and check their coverage (ARGS=tests/bot/forms runs a part, without coverage)
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist worksteal
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --include='bot/forms/*,bot/triage/*,bot/issuebash/*' --fail-under=100
	@$(BIN)/coverage report --fail-under=90
else
test: $(DEV) $(TRAINING) $(NODE_TESTS)
	$(BIN)/python -m pytest $(ARGS)
endif

setup-autolog: $(AUTOLOG) ## Add MLflow, Keras, TensorFlow and JAX, so that `make test` covers autolog, too (3 GB on disk)

# In both, --confcutdir leaves out tests/conftest.py, which needs what the bot's tests need.
test-estimators: $(ESTIMATORS)/.made ## Test autolog with TensorFlow 2.15 and its Estimators, in an environment of its own (Python 3.11, 1.6 GB)
	$(ESTIMATORS)/bin/python -m pytest -p tests.plugins.loopback_only --confcutdir=tests/autolog tests/autolog/estimators $(ARGS)

test-store-oldest: $(OLDEST)/.made ## Test autolog's store with MLflow 3.1, the oldest it writes past, in an environment of its own (Python 3.11, 0.9 GB)
	$(OLDEST)/bin/python -m pytest -p tests.plugins.loopback_only --confcutdir=tests/autolog tests/autolog/store tests/autolog/store_cli $(ARGS)

test-deploy: $(DEV) ## Do what deploy/Containerfile says in a bare Debian, see it at work, and the units under systemd (needs root and debootstrap; some minutes)
	TRIAGE_TEST_DEPLOY=1 $(BIN)/python -m pytest tests/deploy $(ARGS)

fuzz: $(FUZZ)/.made ## Look for input that breaks something, FUZZ_MINUTES=10 for each target and engine (ARGS=parser for one), in an environment of its own
	@$(FUZZ)/bin/python -m tests.fuzz --minutes $(FUZZ_MINUTES) $(ARGS)

soak: $(DEV) ## Run the service for long while everything fails around it (ARGS='--database sqlite'; --hosts needs root; --help lists the rest)
	@$(BIN)/python -m tests.soak $(ARGS)

lint: $(DEV) ## Check style, types, import rules, workflows, issue forms, policy and change notes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(wildcard .github/workflows/*.yml)
	$(BIN)/zizmor --offline --no-progress --quiet .github
	$(BIN)/triage lint .
	$(BIN)/python docs/generate.py --check
	$(BIN)/towncrier build --draft --version next > /dev/null

# --strict: where nobody can tell, as behind a mirror that knows no advisories, that is no good news.
audit: $(AUDIT)/.made ## Ask for known holes in what the bot depends on (needs the network)
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/run.txt $(ARGS)

bench: $(DEV) $(NODE_BENCH) ## Measure speed and accuracy, beside the peers where Node is there
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(RUN) ## Write the parts of the docs that come from the code
	@$(BIN)/python docs/generate.py

wheel: $(DEV) ## Build dist/*.whl, the bot's and autolog's
	$(BIN)/hatchling build -t wheel
	cd autolog && $(CURDIR)/$(BIN)/hatchling build -t wheel -d $(CURDIR)/dist

lock: ## Pin the requirements anew, with hashes (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --output-file requirements/run.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --constraint requirements/run.txt --group demo \
		--output-file requirements/demo.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --constraint requirements/run.txt --constraint requirements/demo.txt --group dev \
		--output-file requirements/dev.txt pyproject.toml

	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --constraint requirements/run.txt --constraint requirements/dev.txt \
		--group frameworks --output-file requirements/autolog.txt autolog/pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --group estimators --output-file requirements/estimators.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --group oldest --output-file requirements/oldest.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --group audit --output-file requirements/audit.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' $(ARGS) --constraint requirements/run.txt --constraint requirements/dev.txt --group fuzz \
		--output-file requirements/fuzz.txt pyproject.toml

clean: ## Remove what make set up or built
	rm -rf $(VENV) $(ESTIMATORS) $(OLDEST) $(AUDIT) $(FUZZ) .fuzz .deploy dist autolog/dist htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks \
		tests/contract/node_modules benchmarks/node_modules
	find bot autolog tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Each file .made/.run/.demo/.dev says that its step is done; a changed lock makes the step due again.

$(MADE):
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) not found: install Python 3.11 or newer, or say make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed; $(PYTHON) is %d.%d. Say make PYTHON=python3.12, for example." % v[:2])'
ifndef UV
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { echo "$(PYTHON) has no venv: install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
endif
	@$(call create,$(VENV))
	@# The checkout itself: a path file instead of an editable install, which would need a build tool first.
	@printf '%s\n' '$(CURDIR)' > $(call path,$(VENV),community-triage-bot)
	@printf '#!/bin/sh\nexec "%s" -m bot "$$@"\n' '$(CURDIR)/$(BIN)/python' > $(BIN)/triage
	@chmod +x $(BIN)/triage
	@touch $@

$(RUN): requirements/run.txt $(MADE)
	@echo "Installing what the bot needs …"
	@$(call install,$(VENV)) -r requirements/run.txt
	@touch $@

$(DEMO): requirements/demo.txt $(RUN)
	@$(call install,$(VENV)) -r requirements/demo.txt
	@touch $@

$(DEV): requirements/dev.txt $(MADE)
	@echo "Installing what the bot, its tests and its checks need …"
	@$(call install,$(VENV)) -r requirements/dev.txt
	@touch $(RUN) $(DEMO) $@

$(AUTOLOG): requirements/autolog.txt autolog/pyproject.toml $(DEV)
	@echo "Installing MLflow, Keras, TensorFlow and JAX …"
	@$(call install,$(VENV)) -r requirements/autolog.txt
	@# An editable install and no path file: MLflow and SQLAlchemy find the store by its entry points.
	@$(call editable,$(VENV)) -e autolog
	@touch $@

$(ESTIMATORS)/.made: requirements/estimators.txt
	$(call create-311,$(ESTIMATORS),test-estimators,TensorFlow 2.15 with its Estimators has)
	@echo "Installing MLflow and TensorFlow 2.15 …"
	@$(call install,$(ESTIMATORS)) -r $<
	@printf '%s\n' '$(CURDIR)' '$(CURDIR)/autolog/src' > $(call path,$(ESTIMATORS),checkout)
	@touch $@

$(OLDEST)/.made: requirements/oldest.txt autolog/pyproject.toml
	$(call create-311,$(OLDEST),test-store-oldest,some of what MLflow 3.1 takes has)
	@echo "Installing MLflow 3.1 …"
	@$(call install,$(OLDEST)) -r $<
	@$(call editable,$(OLDEST)) -e autolog
	@printf '%s\n' '$(CURDIR)' > $(call path,$(OLDEST),checkout)
	@touch $@

$(AUDIT)/.made: requirements/audit.txt
	@$(call create,$(AUDIT))
	@$(call install,$(AUDIT)) -r $<
	@touch $@

$(FUZZ)/.made: requirements/fuzz.txt
	@$(call create,$(FUZZ))
	@echo "Installing the fuzzers …"
	@$(call install,$(FUZZ)) -r $<
	@touch $@

%/node_modules/.made: %/package.json
	@if command -v npm > /dev/null; then \
		echo "Installing the Node packages of $* …"; \
		cd $* && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts && mkdir -p node_modules && touch node_modules/.made; \
	elif [ "$$CI" = true ]; then \
		echo "npm not found: in CI the Node parts must run" >&2; exit 1; \
	else \
		echo "npm not found: leaving out what needs the Node packages of $*"; \
	fi
