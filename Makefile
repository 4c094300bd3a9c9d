# Two commands: `make demo` shows the product, `make test` checks it. Both make .venv and install what they need.

PYTHON ?= python3
HOME_DIR := ./orb_home
DEMO_FILE := $(HOME_DIR)/demo/MGC-simulated.parquet

BIN := .venv/bin
ORB := $(BIN)/orb --home $(HOME_DIR)
PIP := $(BIN)/python -m pip --disable-pip-version-check

TORTURED := equivalence soak crash chaos # what orb_pipeline_tests/paper/sizes.py sizes, so that two workers end together

# Stamps: an install runs again only when what it installs has changed.
READY := .venv/.installed
READY_DEV := .venv/.installed-dev

.PHONY: demo test torture check clean help
.DELETE_ON_ERROR:

help:
	@echo "make demo   simulate ten years of MGC with an edge to find, run the whole graph, write the report"
	@echo "make test   linters, types, arrows between packages, definitions, and the full test suite"
	@echo "make check  the same without the test suite"
	@echo "make torture  paper trading for more than an hour: 250 real days, ten simulated years, 200 kills, 100 chaotic feeds"
	@echo "make clean  remove .venv; orb_home stays"

demo: $(READY) $(DEMO_FILE)
	$(ORB) ingest $(DEMO_FILE) --instrument MGC
	$(ORB) run --instrument MGC

$(DEMO_FILE): | $(READY)
	$(ORB) simulate --instrument MGC --start 2015-01-01 --end 2024-12-31 --seed 1 --breakout-drift 0.3 --out $@

test: check
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=25

torture: $(READY_DEV)
	ORB_TORTURE=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=0 --durations-min=60 -v \
		$(TORTURED:%=orb_pipeline_tests/paper/test_%.py)

check: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/dagster definitions validate

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; found $$($(PYTHON) --version). Name one: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv .venv

$(READY): setup.py pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --editable .
	@touch $@

$(READY_DEV): setup.py pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@ $(READY)

clean:
	rm -rf .venv
