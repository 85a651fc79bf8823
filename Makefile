# Every recipe works in a clean clone: it makes the environment that it needs in .venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first interpreter here that nbtrack supports and that can make environments.
# Another one: make PYTHON=/path/to/python3.12 …
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
USABLE := import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	if $$p -c '$(USABLE)' >/dev/null 2>&1; then command -v $$p; break; fi; done)

VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
NBVAL := build/nbval

.PHONY: help env demo test test-full lint format types unit unit-full notebooks bench clean

help:  ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

env: $(VENV)/.dev  ## Make or update the environment for working on nbtrack

$(VENV)/.base:
	@test -n "$(PYTHON)" || { echo "nbtrack needs Python 3.11 to 3.14 with venv; none of these is: $(CANDIDATES)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/.demo: pyproject.toml | $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/.demo  ## Run the quickstart notebook in a real kernel and show the runs it recorded
	rm -rf $(DEMO)
	mkdir -p $(DEMO)
	NBTRACK_DIR=$(CURDIR)/$(DEMO)/.nbtrack $(BIN)/jupyter nbconvert --to notebook --execute \
		notebooks/quickstart.ipynb --output-dir $(DEMO) 2>$(DEMO)/log || { cat $(DEMO)/log >&2; exit 1; }
	@$(BIN)/nbtrack ls --store $(DEMO)/.nbtrack
	@$(BIN)/nbtrack ls --store $(DEMO)/.nbtrack --json | \
		$(BIN)/python -c 'import json, sys; [print(run["id"]) for run in json.load(sys.stdin)]' | \
		while read -r id; do $(BIN)/nbtrack show $$id --store $(DEMO)/.nbtrack || exit; done
	@echo "The notebook as it ran is $(DEMO)/quickstart.ipynb. To open it in JupyterLab:"
	@echo "    $(BIN)/jupyter lab $(DEMO)/quickstart.ipynb"

test: lint types unit notebooks  ## Everything that has to pass before a change goes in

test-full: lint types unit-full notebooks  ## The same and what takes longer: other Pythons, oldest dependencies

lint: $(VENV)/.dev  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev  ## Repair style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -m 'not full'

unit-full: $(VENV)/.dev
	$(BIN)/python -m pytest

notebooks: $(VENV)/.dev
	rm -rf $(NBVAL)
	NBTRACK_DIR=$(CURDIR)/$(NBVAL)/.nbtrack $(BIN)/python -m pytest --nbval \
		--nbval-sanitize-with notebooks/sanitize.cfg notebooks

bench: $(VENV)/.dev  ## Measure nbtrack beside its peers
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.kernel

clean:  ## Remove everything that make has made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
