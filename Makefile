# Sets up and runs everything. Only Python 3.11 or newer must be installed beforehand.

VENV = .venv
BIN = $(VENV)/bin
ARGS =
SHARE = 1

# The Python to use; without one, the first of PYTHONS that works.
PYTHON =
PYTHONS = $(or $(PYTHON),python3 python3.13 python3.12 python3.11)

# Files that mark an installation; make installs again if pyproject.toml is newer.
RUNNING = $(VENV)/.installed-to-run
BUILDING = $(VENV)/.installed-to-build-the-site
TESTING = $(VENV)/.installed-to-test
TESTING_S3 = $(VENV)/.installed-to-test-s3
TESTING_LANGUAGES = $(VENV)/.installed-to-test-languages
TESTING_CONTAINERS = $(VENV)/.installed-to-test-containers
TESTING_LOWEST = $(VENV)/.installed-to-test-lowest

# The environment with the lowest supported versions, on the lowest installed Python, and its tests:
# those of code that uses aiohttp, oss2, DuckDB, forms and pytest, and of ossfs and dvc-oss, which
# need old versions of aiohttp and oss2.
# The ignored file needs schemathesis, which needs a newer pytest.
LOWEST = .cache/lowest
LOWEST_TESTS = tests/http tests/referer/traffic tests/unit/protocol/test_form.py tests/unit/server \
  tests/unit/testing tests/plugin tests/sdk/test_ossfs.py tests/sdk/test_dvc_oss.py \
  --ignore=tests/http/test_openapi.py

# Tests that do not depend on the version of Python: of pages in a browser, of programs in other
# languages, and of the architecture.
OF_NO_PYTHON = tests/browser tests/nginx tests/s3/test_aws_js.py tests/s3/test_command_line.py \
  tests/sdk/test_ali_oss.py tests/test_architecture.py

# The environment with S3 clients. Some are large, and others need fixed versions.
S3 = .cache/s3

# The environment for the SDKs in other languages. It has Flink, but only for its jars.
LANGUAGES = .cache/languages

# The environment with clients of container engines.
CONTAINERS = .cache/containers

# A warning, such as a broken link or a page that no table lists, is an error.
SPHINX = $(BIN)/python -m sphinx --conf-dir docs/site --builder html --quiet --fail-on-warning

# The tests start hundreds of processes, which start faster if Python caches their bytecode.
# Container images often forbid that.
unexport PYTHONDONTWRITEBYTECODE

# `make -n` runs a line that contains $(MAKE), and so the tests in that line; this name avoids that.
AGAIN = $(MAKE) --no-print-directory

# Create an environment again after a failure.
.DELETE_ON_ERROR:

.PHONY: help run test test-system pythons thorough lowest s3 languages containers spark newcomer lint fmt docs site lab test-site translations screenshots conformance browser bench soak mutants clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
	@echo
	@echo "  make run ARGS='--port 9001'   flags of oss-emulator serve: see docs/serve.md"
	@echo "  make test PYTHON=python3.13   the Python of a new $(VENV)"

run: $(RUNNING)  ## start the emulator on http://127.0.0.1:9000 with a small demo bucket
	@exec $(BIN)/python -m oss_emulator serve --demo $(ARGS)

test: $(TESTING)  ## run all checks, and all tests except those of test-system
	@mkdir -p .cache; $(AGAIN) lint >.cache/lint 2>&1 & lint=$$!; \
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not system' $(ARGS); tests=$$?; \
	wait $$lint || { cat .cache/lint; echo 'make lint failed: see above.'; exit 1; }; \
	exit $$tests

test-system: $(TESTING)  ## run the tests with a browser, other programs or several processes, and long ones
	@$(BIN)/python -m pytest -n auto --dist worksteal -m system $(ARGS)

# Style and types do not depend on the version of Python either.
pythons: $(TESTING)  ## run the tests that may depend on the version of Python on all other installed versions
	@used=$$($(BIN)/python -c 'import sys; print("python%d.%d" % sys.version_info[:2])'); failed=; \
	for python in python3.11 python3.12 python3.13 python3.14; do \
	  if test $$python = $$used || ! $$python -c 'import ensurepip, venv' 2>/dev/null; then continue; fi; \
	  echo "Testing on $$python ..."; \
	  $(AGAIN) VENV=.cache/$$python PYTHON=$$python .cache/$$python/.installed-to-test && \
	  .cache/$$python/bin/python -m pytest -n auto --dist worksteal $(addprefix --ignore=,$(OF_NO_PYTHON)) $(ARGS) || \
	  failed="$$failed $$python"; \
	done; \
	if test -n "$$failed"; then echo "The tests failed on$$failed."; exit 1; fi

thorough: $(TESTING)  ## run all cases of the tests that try only some in make test; SHARE=0.05 runs a twentieth
	@OSS_EMULATOR_THOROUGH=$(SHARE) $(BIN)/python -m pytest -n auto -m thorough $(ARGS)

lowest:  ## run the tests of the server, replays, the plugin, ossfs and dvc-oss with the lowest versions
	@$(MAKE) --no-print-directory VENV=$(LOWEST) \
	  PYTHONS='$(or $(PYTHON),python3.11 python3.12 $(PYTHONS))' $(LOWEST)/.installed-to-test-lowest
	@$(LOWEST)/bin/python -m pytest -n auto $(LOWEST_TESTS) $(ARGS)

s3:  ## run the tests of S3 clients: pyiceberg, Polars, DuckDB and others
	@$(MAKE) --no-print-directory VENV=$(S3) $(S3)/.installed-to-test-s3
	@OSS_EMULATOR_REQUIRE="$$OSS_EMULATOR_REQUIRE,node,npm,s3" $(S3)/bin/python -m pytest tests/s3 $(ARGS)

languages:  ## run the SDKs for Go, Java and Ruby, hadoop-aliyun and Flink: 290 MB to download
	@$(MAKE) --no-print-directory VENV=$(LANGUAGES) $(LANGUAGES)/.installed-to-test-languages
	@OSS_EMULATOR_REQUIRE="$$OSS_EMULATOR_REQUIRE,go,java,languages,ruby" $(LANGUAGES)/bin/python -m pytest tests/languages $(ARGS)

containers:  ## build the image, run it with podman, and test the examples that need an engine
	@$(MAKE) --no-print-directory VENV=$(CONTAINERS) $(CONTAINERS)/.installed-to-test-containers
	@OSS_EMULATOR_REQUIRE="$$OSS_EMULATOR_REQUIRE,containers" $(CONTAINERS)/bin/python -m pytest tests/containers $(ARGS)

spark: $(TESTING)  ## run the tests that need Spark, s3a among them: 640 MB to download
	@$(INSTALL) '.[spark]'
	@$(INSTALL) . --no-deps --requirement tests/spark-jars.txt
	@OSS_EMULATOR_REQUIRE=java,spark $(BIN)/python -m pytest tests/spark $(ARGS)

newcomer:  ## do what a new user does, with a new clone and a project for each client
	@$(or $(PYTHON),python3) -m tests.newcomer

lint: $(TESTING)  ## check style, types and architecture
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports

fmt: $(TESTING)  ## format the code
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

docs: $(TESTING)  ## write the pages that are generated from the code
	@$(BIN)/python -m tests.docs.operations
	@$(BIN)/python -m tests.docs.fidelity
	@$(BIN)/python -m tests.docs.phrases
	@$(BIN)/python -m tests.docs.translations --blocks
	@$(BIN)/python -m tests.docs.outputs

site: $(BUILDING)  ## build the documentation site in build/site, with the lab
	@rm -rf build/site build/doctrees
	@$(SPHINX) --doctree-dir build/doctrees/en . build/site
	@$(SPHINX) --doctree-dir build/doctrees/zh --tag chinese . build/site/zh
	@$(BIN)/python -m docs.site.lab.build build/site/lab
	@$(BIN)/python -m tests.docs.site build/site

lab: $(BUILDING)  ## pack the rule lab that runs in a browser: build/oss-emulator-lab.zip
	@$(BIN)/python -m docs.site.lab.build build/oss-emulator-lab.zip

test-site: $(TESTING) site  ## build the documentation site and test it
	@OSS_EMULATOR_REQUIRE="$$OSS_EMULATOR_REQUIRE,site" $(BIN)/python -m pytest tests/browser/test_site.py $(ARGS)

translations: $(TESTING)  ## say that the Chinese pages follow the English ones again
	@$(BIN)/python -m tests.docs.translations

screenshots: $(TESTING)  ## take the pictures of the console in docs/img
	@$(BIN)/python -m tests.browser.screenshots

conformance: $(TESTING)  ## run the suite of oss2 against the emulator
	@$(BIN)/python -m tests.conformance.run $(ARGS)

browser: $(TESTING)  ## ask Chromium what it sends and write docs/browser.md
	@$(BIN)/python -m tests.browser.page

bench: $(TESTING)  ## measure everything and write docs/benchmarks.md
	@$(INSTALL) '.[bench]'
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(TESTING)  ## long traffic, 500,000 random requests, broken connections, crashes, damage, 5 GiB
	@$(BIN)/python -m tests.hard.soak
	@$(BIN)/python -m tests.hard.leaks
	@$(BIN)/python -m tests.hard.fuzz
	@$(BIN)/python -m tests.hard.crash
	@$(BIN)/python -m tests.hard.damage
	@$(BIN)/python -m tests.hard.large
	@$(BIN)/python -m tests.nginx.soak

mutants: $(TESTING)  ## change the core in one place at a time, and check that a test fails
	@$(INSTALL) '.[mutants]'
	@$(BIN)/python -m tests.mutants $(ARGS)

clean:  ## remove the environments, caches and built files
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find emulator tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# TESTING includes the packages of RUNNING and BUILDING, so it marks them as installed too.
$(RUNNING): pyproject.toml $(BIN)/python
	@echo 'Installing what running needs into $(VENV) ...'
	@$(INSTALL) '.[fast,image]'
	@touch $@

$(BUILDING): pyproject.toml $(BIN)/python
	@echo 'Installing what the site needs into $(VENV) ...'
	@$(INSTALL) '.[site]'
	@touch $@

$(TESTING): pyproject.toml $(BIN)/python
	@echo 'Installing what testing needs into $(VENV) ...'
	@$(INSTALL) '.[fast,dev,site,conformance]'
	@touch $@ $(RUNNING) $(BUILDING)

$(TESTING_S3): pyproject.toml tests/s3.txt $(BIN)/python
	@echo 'Installing clients of S3 into $(VENV) ...'
	@$(INSTALL) . --requirement tests/s3.txt
	@touch $@

$(TESTING_LANGUAGES): pyproject.toml tests/languages.txt tests/languages-jars.txt $(BIN)/python
	@echo 'Installing Flink into $(VENV) ...'
	@$(INSTALL) . --requirement tests/languages.txt
	@$(INSTALL) . --no-deps --requirement tests/languages-jars.txt
	@touch $@

$(TESTING_CONTAINERS): pyproject.toml tests/containers.txt $(BIN)/python
	@echo 'Installing clients of container engines into $(VENV) ...'
	@$(INSTALL) . --requirement tests/containers.txt
	@touch $@

$(TESTING_LOWEST): pyproject.toml tests/lowest.txt tests/ossfs.txt $(BIN)/python
	@echo 'Installing the lowest versions into $(VENV) ...'
	@$(INSTALL) . --requirement tests/lowest.txt
	@$(INSTALL) . --no-deps --requirement tests/ossfs.txt
	@touch $@

# Created once, and again if its Python was removed. uv is used if it is installed, because it is
# faster; --seed adds pip, in case uv is removed later. uv may download packages, but no Python.
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
