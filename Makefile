# `make up` shows the project working, `make test` proves it. `make help` lists the rest.

STACK ?= dev
WORKERS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
# PYTHON=… names another Python; else the first of these that is new enough is used.
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
# Named one by one, so that no tool looks into .venv, .toolchain or .sandbox.
CODE := $(wildcard __main__.py ci components rollout sandbox toolchain tests bench)

.DEFAULT_GOAL := help
.PHONY: help up down test lint format unit engine bench venv toolchain clean distclean force

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

up: toolchain ## deploy the dev stack (STACK=… another) in the sandbox and show what was made
	@$(PY) -m sandbox up --stack $(STACK)

down: venv ## stop the sandbox
	@$(PY) -m sandbox stop

test: lint toolchain ## lint, types and all tests, those on the real engine too
	$(PY) -m pytest -n $(WORKERS) --dist loadfile tests

lint: venv ## ruff and mypy
	$(PY) -m ruff check $(CODE)
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m mypy

format: venv ## let ruff format and fix what it can
	$(PY) -m ruff format $(CODE)
	$(PY) -m ruff check --fix $(CODE)

unit: venv ## the tests that need no engine
	$(PY) -m pytest -n $(WORKERS) --dist loadfile tests/unit

engine: toolchain ## the tests on the real engine and the sandbox
	$(PY) -m pytest -n $(WORKERS) --dist loadfile tests/engine

bench: toolchain ## measure side by side
	@$(PY) -m bench

venv: $(VENV)/.made ## make .venv from requirements-dev.txt
	@:

toolchain: venv ## find, download or build the Pulumi CLI
	@$(PY) -m toolchain

clean: ## stop the sandbox and remove everything made, except .toolchain and .rollout
	@if [ -d .sandbox ] && [ -x $(PY) ]; then $(PY) -m sandbox stop || \
	  echo "The sandbox could not be stopped; its processes may still run." >&2; fi
	@rm -rf $(VENV) .sandbox __pycache__ .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## clean, and remove the Pulumi CLI and what rollout --resume goes by
	@rm -rf .toolchain .rollout

# Made anew when the requirements change, so that nothing in it is left from before; and when
# its Python is gone, which leaves the file there.
$(VENV)/.made: requirements.txt requirements-dev.txt $(shell test -x $(PY) || echo force)
	@for python in $(PYTHONS); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	  python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer is needed, and none of these is: $(PYTHONS)." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version), about a minute…"; \
	"$$python" -m venv --clear $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
