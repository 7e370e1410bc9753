# What a developer and .ci/run call. Needs Python 3.11 or later with pip and venv; make does the rest.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
BENCH ?=
SOAK ?=
CHAOS ?=
CONFORM ?=
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
DEMO := problem_instances/pipeline_partition/jupiter-b-13b-100m.json
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all check format bench soak chaos conform fuzz serve clean

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

demo: $(VENV)/installed ## solve Llama-2-13B on four small boards to a proved optimum
	$(BIN)/edgeplan solve $(DEMO)

test: $(VENV)/installed-dev ## run the tests that take seconds
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: $(VENV)/installed-dev ## run every test
	$(BIN)/python -m pytest -n 2

check: $(VENV)/installed-dev ## formatting, lint, types, import contracts, Dockerfile, repository
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m pytest -q tests/test_repository.py

format: $(VENV)/installed-dev ## format the code and sort its imports
	$(BIN)/ruff check --fix-only --select I .
	$(BIN)/ruff format .

bench: $(VENV)/installed-bench ## every method measured, bench-out/quick/report.html (BENCH="--kind KIND")
	$(BIN)/edgeplan bench quick --jobs 2 $(BENCH)

soak: $(VENV)/installed-dev ## the service's figures: overshoot, cancel, restarts, latency, memory (SOAK="--jobs 1000")
	$(BIN)/python -m tests.service.soak $(SOAK)

chaos: $(VENV)/installed-dev ## jobs while workers, servers and the database are killed (CHAOS="--seconds 30")
	$(BIN)/python -m tests.service.chaos $(CHAOS)

conform: $(VENV)/installed-dev ## requests drawn from the OpenAPI document, with a key, also in sequences
	$(BIN)/python -m tests.service.conform $(CONFORM)

fuzz: $(VENV)/installed-dev ## 10,000 mutated documents against a server: no status 500, no traceback
	$(BIN)/python -m tests.service.fuzz

serve: $(VENV)/installed ## answer HTTP on 127.0.0.1 (PORT=8000)
	$(BIN)/edgeplan serve --port $(PORT)

clean: ## remove the environment, caches and results
	rm -rf $(VENV) build dist bench-out *.egg-info .*_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# setuptools comes first, from the constraints, and builds edgeplan without an isolated environment,
# which would take whatever version is the latest.
$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-bench: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable '.[bench]'
	@touch $(VENV)/installed $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable '.[dev]'
	@touch $(VENV)/installed $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python found; install Python 3.11." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "edgeplan needs Python 3.11 or later; $(PYTHON) is older." >&2; \
		echo "Name another one: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "$(PYTHON) lacks the venv module (on Debian and Ubuntu: python3.11-venv)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
