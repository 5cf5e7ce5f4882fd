# `make up` shows the project working, `make test` proves it. `make help` lists the rest.

STACK ?= dev
WORKERS ?= 2
# What .venv is made from. LOCK=requirements.lock: only what runs in production, as CI uses it.
LOCK ?= requirements-dev.lock
KILLS ?= 200
CHROMIUM ?= chromium

VENV := .venv
PY := $(VENV)/bin/python
# PYTHON=… names another Python; else the first of these that is new enough is used.
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
WRITE_LOCK = $(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --custom-compile-command "make lock" --output-file
# Named one by one, so that no tool looks into .venv, .toolchain or .sandbox.
CODE := $(wildcard __main__.py components plugin rollout sandbox tests tools)

.DEFAULT_GOAL := help
.PHONY: help up down test lint format unit browser engine bench kills picture venv lock toolchain \
  clean distclean force

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

up: toolchain ## deploy the dev stack (STACK=… another) in the sandbox and show what was made
	@$(PY) -m sandbox up --stack $(STACK)

down: venv ## stop the sandbox
	@$(PY) -m sandbox stop

test: lint toolchain ## lint, types and all tests, those on the real engine too
	$(PY) -m pytest -n $(WORKERS) --dist loadfile tests

lint: venv ## ruff, mypy, and what imports what
	$(PY) -m ruff check $(CODE)
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-cache --no-logo

format: venv ## let ruff format and fix what it can
	$(PY) -m ruff format $(CODE)
	$(PY) -m ruff check --fix $(CODE)

unit: venv ## the tests that need no engine
	$(PY) -m pytest -n $(WORKERS) --dist loadfile tests/unit

browser: venv ## the tests of the access review's page, which need Chromium
	$(PY) -m pytest tests/unit/rollout/test_map_page.py

engine: toolchain ## the tests on the real engine and the sandbox
	$(PY) -m pytest -n $(WORKERS) --dist loadfile tests/engine

bench: toolchain ## measure side by side
	@$(PY) -m tools.bench

kills: toolchain ## kill rollouts at chosen moments and check that the next one recovers (KILLS=200)
	@mkdir -p .rollout && $(PY) -m tests.engine.kills --log .rollout/kills.jsonl --kills $(KILLS)

# Outside of git, so that no commit is in it.
picture: venv ## the picture of the access review in the README, by Chromium (CHROMIUM=…)
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && cp Pulumi*.yaml "$$folder" && \
	  (cd "$$folder" && PYTHONPATH="$(CURDIR)" "$(CURDIR)/$(PY)" -m rollout map --html map.html) && \
	  "$(CHROMIUM)" --headless --no-sandbox --hide-scrollbars --window-size=1000,880 \
	    --screenshot=docs/map.png "file://$$folder/map.html"

venv: $(VENV)/.made-$(LOCK) ## make .venv from requirements-dev.lock (LOCK=… another)
	@:

# requirements.lock takes its versions from the other one, so that what runs is what was tested; and
# only wheels: a source distribution runs code to be built, with packages that no lock holds.
lock: venv ## write both locks anew: the newest versions in the ranges of requirements*.txt
	$(WRITE_LOCK) requirements-dev.lock requirements-dev.txt
	$(WRITE_LOCK) requirements.lock requirements.txt --constraints requirements-dev.lock \
	  --only-binary :all: --emit-build-options

toolchain: venv ## find, download or build the Pulumi CLI
	@$(PY) -m tools.toolchain

clean: ## stop the sandbox and remove everything made, except .toolchain and .rollout
	@if [ -d .sandbox ] && [ -x $(PY) ]; then $(PY) -m sandbox stop || \
	  echo "The sandbox could not be stopped; its processes may still run." >&2; fi
	@rm -rf $(VENV) .sandbox __pycache__ .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## clean, and remove the Pulumi CLI and what rollout --resume goes by
	@rm -rf .toolchain .rollout

# Made anew when the lock changes or is another one, so that nothing in it is left from before; and
# when its Python is gone, which leaves the file there.
$(VENV)/.made-$(LOCK): $(LOCK) $(shell test -x $(PY) || echo force)
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
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@touch $@
