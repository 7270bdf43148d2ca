# Everything a person does with this repository. Needs git, make and Python 3.11 or newer with venv; sets up the rest.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

BIN   := $(VENV)/bin
UV    := $(shell command -v uv 2>/dev/null)
MADE  := $(VENV)/.made
RUN   := $(VENV)/.run
DEMO  := $(VENV)/.demo
DEV   := $(VENV)/.dev
NODE_TESTS := $(if $(wildcard tests/contract/package.json),tests/contract/node_modules/.made)
NODE_BENCH := $(if $(wildcard benchmarks/package.json),benchmarks/node_modules/.made)

ifdef UV
INSTALL = VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes
endif

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint bench docs lock wheel clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile
	@echo "  ARGS='…' is passed on, PYTHON=… chooses the interpreter."

demo: $(DEMO) ## Play the main job against a GitHub made up on this machine (ARGS=--keep leaves it running)
	@$(BIN)/python -m tests.demo $(ARGS)

serve: $(RUN) ## Start the service (ARGS='--port 8080')
	@$(BIN)/triage serve $(ARGS)

ifeq ($(strip $(ARGS)),)
test: $(DEV) $(NODE_TESTS) ## Run the tests and check their coverage (ARGS=tests/bot/forms runs a part, without coverage)
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist worksteal
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --include='bot/forms/*,bot/triage/*,bot/issuebash/*' --fail-under=100
	@$(BIN)/coverage report --fail-under=90
else
test: $(DEV) $(NODE_TESTS)
	$(BIN)/python -m pytest $(ARGS)
endif

lint: $(DEV) ## Check style, types, import rules, issue forms, policy and change notes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(wildcard .github/workflows/*.yml)
	$(BIN)/triage lint .
	$(BIN)/python docs/generate.py --check
	$(BIN)/towncrier build --draft --version next > /dev/null

bench: $(DEV) $(NODE_BENCH) ## Measure speed and accuracy, beside the peers where Node is there
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(RUN) ## Write the parts of the docs that come from the code
	@$(BIN)/python docs/generate.py

wheel: $(DEV) ## Build dist/*.whl
	$(BIN)/hatchling build -t wheel

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

clean: ## Remove what make set up or built
	rm -rf $(VENV) dist htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks \
		tests/contract/node_modules benchmarks/node_modules
	find bot tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Each file .made/.run/.demo/.dev says that its step is done; a changed lock makes the step due again.

$(MADE):
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) not found: install Python 3.11 or newer, or say make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed; $(PYTHON) is %d.%d. Say make PYTHON=python3.12, for example." % v[:2])'
ifdef UV
	@$(UV) venv --quiet --seed --allow-existing --python $(PYTHON) $(VENV)
else
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { echo "$(PYTHON) has no venv: install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
endif
	@# The checkout itself: a path file instead of an editable install, which would need a build tool first.
	@printf '%s\n' '$(CURDIR)' > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/community-triage-bot.pth"
	@printf '#!/bin/sh\nexec "%s" -m bot "$$@"\n' '$(CURDIR)/$(BIN)/python' > $(BIN)/triage
	@chmod +x $(BIN)/triage
	@touch $@

$(RUN): requirements/run.txt $(MADE)
	@echo "Installing what the bot needs …"
	@$(INSTALL) -r requirements/run.txt
	@touch $@

$(DEMO): requirements/demo.txt $(RUN)
	@$(INSTALL) -r requirements/demo.txt
	@touch $@

$(DEV): requirements/dev.txt $(MADE)
	@echo "Installing what the bot, its tests and its checks need …"
	@$(INSTALL) -r requirements/dev.txt
	@touch $(RUN) $(DEMO) $@

%/node_modules/.made: %/package.json
	@if command -v npm > /dev/null; then \
		echo "Installing the Node packages of $* …"; \
		cd $* && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts && mkdir -p node_modules && touch node_modules/.made; \
	elif [ "$$CI" = true ]; then \
		echo "npm not found: in CI the Node parts must run" >&2; exit 1; \
	else \
		echo "npm not found: leaving out what needs the Node packages of $*"; \
	fi
