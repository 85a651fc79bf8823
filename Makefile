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

.PHONY: help env demo test test-full test-ceph lint format types unit unit-full unit-kernel unit-browser \
	unit-other notebooks docs release-check frontend frontend-test bench bench-quick screenshots clean

help:  ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

env: $(VENV)/.dev  ## Make or update the environment for working on nbtrack

$(VENV)/.base:
	@test -n "$(PYTHON)" || { echo "nbtrack needs Python 3.11 to 3.14 with venv; none of these is: $(CANDIDATES)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

# pip copies what JupyterLab loads into the environment, also of an editable installation.
EXTENSION := $(wildcard labextension/*.json labextension/static/*)

$(VENV)/.demo: pyproject.toml $(EXTENSION) | $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml $(EXTENSION) | $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The tests drive Chromium: this machine's, else one of the system's packages, else Playwright's own.
$(VENV)/.browser: | $(VENV)/.dev
	@if ! $(BIN)/python -c 'import sys; from tests.browser.lab import chromium; sys.exit(not chromium())'; then \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
			apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends \
				chromium fonts-dejavu-core; \
		else $(BIN)/python -m playwright install chromium; fi; fi
	touch $@

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	cd frontend && npm ci --silent

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

test: lint types frontend-test unit notebooks  ## Everything that has to pass before a change goes in

test-full: lint types frontend-test unit-full notebooks  ## The same and what takes longer: other Pythons, oldest dependencies

lint: $(VENV)/.dev  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev  ## Repair style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev
	$(BIN)/mypy

# Kernels and browsers mostly wait, so the groups of tests run beside each other. What a group says
# comes when it has ended. A browser's driver keeps an event loop in its process: those tests have
# one of their own. Two groups go on with others when theirs have ended, so that all end together.
GROUPS := unit-kernel unit-browser unit-other
AFTER_KERNEL := tests/properties tests/recorder tests/doctor
AFTER_BROWSER := tests/crash
SELECTED ?= not full

unit unit-full: $(VENV)/.dev $(VENV)/.browser
	+$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=target $(GROUPS)

unit-full: export SELECTED := full or not full

unit-kernel:
	$(BIN)/python -m pytest -m 'kernel and not browser and ($(SELECTED))'; status=$$?; \
		$(BIN)/python -m pytest -m '$(SELECTED)' $(AFTER_KERNEL) && exit $$status

unit-browser:
	$(BIN)/python -m pytest -m 'browser and ($(SELECTED))'; status=$$?; \
		$(BIN)/python -m pytest -m '$(SELECTED)' $(AFTER_BROWSER) && exit $$status

unit-other:
	$(BIN)/python -m pytest -m 'not kernel and not browser and ($(SELECTED))' \
		$(patsubst %,--ignore=%,$(AFTER_KERNEL) $(AFTER_BROWSER))

# What the tests of object stores ask is a Ceph gateway that they start, of Debian's packages.
CEPH := ceph-mon ceph-osd ceph-mgr radosgw

test-ceph: $(VENV)/.dev  ## The tests of object stores again, with a real Ceph cluster; installs it as root on Debian
	@if ! (for p in $(CEPH); do command -v $$p || exit; done) >/dev/null; then \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
			apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends $(CEPH); \
		else echo "Not all of these programs are here: $(CEPH)" >&2; exit 1; fi; fi
	$(BIN)/python -m pytest --s3=radosgw tests/sync tests/unit/test_artifact_buckets.py

notebooks: $(VENV)/.dev
	rm -rf $(NBVAL)
	NBTRACK_DIR=$(CURDIR)/$(NBVAL)/.nbtrack $(BIN)/python -m pytest --nbval \
		--nbval-sanitize-with notebooks/sanitize.cfg notebooks

docs: $(VENV)/.dev  ## Build the pages as a site, into build/docs/html; a warning fails it
	$(BIN)/python -m docs.site
	@echo "Open build/docs/html/index.html"

release-check: $(VENV)/.dev  ## Build what would be uploaded, into dist, and check it and the oldest dependencies
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/python -m pytest -m 'full or not full' tests/install/test_release.py tests/install/test_wheel.py \
		tests/install/test_extras.py

frontend: $(VENV)/.dev frontend/node_modules/.package-lock.json  ## Make the bundles in nbtrack/static and labextension again, after a change in frontend/
	$(BIN)/python frontend/wire.py
	cd frontend && npm run --silent wire && npm run --silent check && npm run --silent test && \
		npm run --silent build

# What is built here has to be what is committed. Without Node there are the tests in Python.
frontend-test:
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory frontend/node_modules/.package-lock.json && \
		cd frontend && npm run --silent verify; \
	else echo "The front end is not built and tested again: there is no npm."; fi

screenshots: $(VENV)/.dev $(VENV)/.browser  ## Take the pictures in docs/images again
	$(BIN)/python -m docs.screenshots

SCALES := points metrics runs kernels

bench: $(VENV)/.dev  ## Measure nbtrack beside its peers, and write docs/performance.md; takes hours
	mkdir -p build
	-$(BIN)/python -m benchmarks --torch --json build/benchmarks.json
	for what in $(SCALES); do \
		$(BIN)/python -m benchmarks.scale $$what --json build/scale-$$what.json || exit; \
	done
	$(BIN)/python -m benchmarks --from-json build/benchmarks.json --report docs/performance.md \
		$(foreach what,$(SCALES),--scale build/scale-$(what).json)
	$(BIN)/python -m benchmarks.kernel
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.smooth
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.sync

bench-quick: $(VENV)/.dev  ## The first of that in two minutes, beside wandb and trackio only
	$(BIN)/python -m benchmarks --quick

clean:  ## Remove everything that make has made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
