# Sets everything up and runs it. Nothing has to be installed by hand first but Python 3.11 or newer.

VENV = .venv
BIN = $(VENV)/bin
ARGS =

# A Python to use, and those that are tried in turn where none is named.
PYTHON =
PYTHONS = $(or $(PYTHON),python3 python3.13 python3.12 python3.11)

# What was installed into the environment last, older than pyproject.toml when it must be redone.
RUNNING = $(VENV)/.installed-to-run
TESTING = $(VENV)/.installed-to-test

# An environment that was half made is made again.
.DELETE_ON_ERROR:

.PHONY: help run test lint fmt docs conformance bench soak clean

help:  ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
	@echo
	@echo "  make run ARGS='--port 9001'   flags of oss-emulator serve: see docs/serve.md"
	@echo "  make test PYTHON=python3.13   the Python of a new $(VENV)"

run: $(RUNNING)  ## start the emulator on http://127.0.0.1:9000 with a small demo bucket
	@exec $(BIN)/python -m oss_emulator serve --seed fixtures/seeds/demo.toml $(ARGS)

test: lint  ## pass all checks and tests
	@$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(TESTING)  ## check style, types and architecture
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports

fmt: $(TESTING)  ## put the code into its form
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

docs: $(TESTING)  ## write the pages that are made from the code
	@$(BIN)/python -m tests.docs.operations
	@$(BIN)/python -m tests.docs.access

conformance: $(TESTING)  ## run the suite of oss2 against the emulator
	@$(BIN)/python -m tests.conformance.run $(ARGS)

bench: $(TESTING)  ## measure everything, and write docs/benchmarks.md
	@$(INSTALL) '.[bench]'
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(TESTING)  ## ten minutes of traffic, a hundred crashes, and 5 GiB up and down
	@$(BIN)/python -m tests.hard.soak
	@$(BIN)/python -m tests.hard.crash
	@$(BIN)/python -m tests.hard.large

clean:  ## remove the environment and all that was made
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find emulator tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# To test takes all that running takes, so running installs nothing again.
$(RUNNING): pyproject.toml $(BIN)/python
	@echo 'Installing what running takes into $(VENV) ...'
	@$(INSTALL) '.[fast,tls]'
	@touch $@

$(TESTING): pyproject.toml $(BIN)/python
	@echo 'Installing what testing takes into $(VENV) ...'
	@$(INSTALL) '.[fast,dev,conformance]'
	@touch $@ $(RUNNING)

# Made once, and again when its Python is gone. With uv it is quicker; --seed puts pip into it, for
# the day when uv is gone. uv is not asked to fetch a Python: only packages come from elsewhere.
$(BIN)/python:
	@if command -v uv >/dev/null; then needed=''; else needed=', ensurepip, venv'; fi; \
	for python in $(PYTHONS) ''; do \
	  test -z "$$python" || "$$python" -c "import sys$$needed; sys.exit(sys.version_info < (3, 11))" \
	    >/dev/null 2>&1 && break; \
	done; \
	if test -z "$$python"; then \
	  echo "No Python 3.11 or newer with its venv module was found as $(PYTHONS)" \
	    "(on Debian: python3 and python3-venv); name one with PYTHON=/path/to/python3." >&2; \
	  exit 1; \
	fi; \
	if test -z "$$needed"; then UV_PYTHON_DOWNLOADS=never UV_VENV_CLEAR=1 uv venv --quiet --seed --python "$$python" $(VENV); \
	else "$$python" -m venv --clear $(VENV); fi

INSTALL = if command -v uv >/dev/null; then set -- uv pip install --python $(BIN)/python; \
  else set -- $(BIN)/python -m pip install; fi; "$$@" --quiet --editable
