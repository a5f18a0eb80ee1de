# make demo   set up the headless core and run the demonstration
# make test   set up everything that the tests need and run all checks
# make lint   the checks that read the code only
# make docs   the documentation: docs/_build/index.html
# make bench  the measurements that the README quotes: a table in bench.md, all figures in bench.json

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export QT_QPA_PLATFORM ?= offscreen
export QT_API := pyqt5
export PYTEST_QT_API := pyqt5
export MPLBACKEND := Agg

.PHONY: demo test lint docs bench clean

demo: $(VENV)/.core
	$(BIN)/darfix-core demo

test: $(VENV)/.test lint
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python docs/check_docstrings.py

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs docs/_build

bench: $(VENV)/.core
	$(BIN)/python -m benchmarks --output bench.md

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("darfix-core needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(BIN)/python setup.py
	$(PIP) --editable .
	touch $@

$(VENV)/.docs: $(BIN)/python setup.py
	$(PIP) --editable ".[docs]"
	touch $@ $(VENV)/.core

$(VENV)/.test: $(BIN)/python setup.py tests/system_libraries.sh
	sh tests/system_libraries.sh
	$(PIP) --editable ".[test]"
	touch $@ $(VENV)/.core $(VENV)/.docs

clean:
	rm -rf $(VENV) build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
