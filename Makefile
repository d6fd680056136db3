# Yitong: `make demo` runs it, `make test` proves it. `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
# Test processes: two at the least, since each waits for its database, eight at the most.
CORES := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 2 ? 2 : n > 8 ? 8 : n)))
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
export PATH := /usr/sbin:/sbin:$(PATH)
export PYTHONPATH :=

.PHONY: help setup dev demo test check corpora long bench clean browser-tools lint

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(VENV)/runtime.done ## make .venv with the locked packages that running needs

dev: $(VENV)/dev.done

$(BIN)/pip:
	@bin/make-venv $(VENV)

$(VENV)/runtime.done: requirements/runtime.txt pyproject.toml | $(BIN)/pip
	@bin/install-locked $(VENV) requirements/runtime.txt
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/runtime.done
	@bin/install-locked $(VENV) requirements/dev.txt
	@touch $@

demo: setup ## start everything with the demo city; Ctrl-C ends it (PORT, DATA_DIR, CITY=small|beijing)
	@exec $(BIN)/yitong up

browser-tools: dev
	@bin/browser-tools

lint: dev ## style, types, import contracts, migrations, texts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=yitong.config.settings $(BIN)/python -m django makemigrations --check --dry-run
	$(BIN)/yitong messages compile
	$(BIN)/yitong messages check

check: lint ## the fast part: lint, unit and property tests
	@bin/run-tests -n $(CORES) tests/unit tests/property

test: browser-tools lint ## everything: lint, unit, property, faces, faults, browser
	@bin/run-tests -n $(CORES) tests/unit tests/property
	@bin/run-tests -n $(CORES) tests/faces
	@bin/run-tests -n 2 tests/faults
	@bin/run-tests -n 2 tests/browser

corpora: dev ## hold our codecs and checks to the published data in ../shared/data
	@bin/run-tests tests/corpora

long: browser-tools ## the long walks: many races, many kills, every page in every form
	@YITONG_LONG=1 bin/run-tests --timeout 3600 tests/faults tests/property
	@YITONG_LONG=1 bin/run-tests -n 2 --timeout 3600 tests/browser/test_every_page.py tests/browser/test_gallery.py

bench: dev ## measure everything in bench/; figures go to .yitong/bench/ and docs/figures.md
	@for file in bench/[a-z]*.py; do \
	  [ -e "$$file" ] || { echo "bench/ holds nothing to measure yet"; break; }; \
	  name=$$(basename "$$file" .py); $(BIN)/yitong bench "$$name" --json .yitong/bench/"$$name".json; \
	done
	@$(BIN)/python bench/_figures.py

clean: ## remove .venv and caches; .yitong (your data) stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist src/*.egg-info
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
