# make run | make test need git, make, python3 (3.11 or newer) and python3-venv, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test setup setup-dev system lint types format demo bench nightly lock clean

run: setup
	@exec $(BIN)/chancery up

setup: $(VENV)/.runtime
setup-dev: $(VENV)/.development

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Debian packages the tests use: SoftHSM, Chromium, a system PostgreSQL, pgBackRest, a C compiler for the third-party wallet.
system:
	@./tests/system-packages.sh

test: setup-dev system
	@$(BIN)/python -m pytest -m "not nightly" -n 2 --dist loadscope

nightly: setup-dev system
	$(BIN)/python -m pytest -m nightly

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: setup-dev
	$(BIN)/mypy

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: setup-dev
	$(BIN)/python -m tests.interop.demo

bench: setup-dev
	$(BIN)/chancery bench --write

lock:
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --allow-unsafe --output-file requirements.txt requirements.in requirements-build.in
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --allow-unsafe --output-file requirements-dev.txt requirements-dev.in requirements-build.in

clean:
	rm -rf $(VENV) .cache
