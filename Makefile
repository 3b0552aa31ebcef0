# `make demo` and `make test` do all their own set-up: they need Python 3.11 or newer, and make.
PYTHON ?= python3
VENV := .venv
WHEELS := .wheels
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -n 2
# Tests wait for disks, servers and processes a third of the time, so here runs one more of them than there are cores.
PYTEST_ALL := -m pytest -n 3 -m "not long"

# The tests start greenroom some thousand times: without it each start compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-fast test-long check lint types rooms coverage bench bench-portable bench-categories bench-users bench-daemon screenshots format clean

demo: $(READY)
	@sh cli/demo.sh "$(CURDIR)/$(BIN)" demo-site

test: coverage

test-fast: $(READY)
	$(PYTEST) -q -m "not slow and not long"

test-long: $(READY)
	GREENROOM_TEST_PROFILE=long $(PYTEST)

check: lint types rooms coverage

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

rooms: $(READY)
	$(BIN)/lint-imports

# Lines are counted where a test calls the core itself: counting makes the others twice as slow and finds little more.
UNCOUNTED := tests/crash tests/e2e tests/tui

coverage: $(READY)
	rm -f .coverage .coverage.* .skipped .skipped.counted
	$(BIN)/coverage run $(PYTEST_ALL) $(UNCOUNTED:%=--ignore=%)
	mv .skipped .skipped.counted
	$(BIN)/python $(PYTEST_ALL) $(UNCOUNTED)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=95
	@cat .skipped.counted .skipped

bench: $(READY)
	$(BIN)/python -m benchmarks --folder bench-sites

bench-portable: $(READY)
	$(BIN)/python -m tests.engines.servers $(BIN)/python -m benchmarks.portable --folder bench-databases

bench-categories: $(READY)
	$(BIN)/python -m benchmarks.categories --folder bench-sites

bench-users: $(READY)
	$(BIN)/python -m benchmarks.users

bench-daemon: $(READY)
	$(BIN)/python -m benchmarks.daemon

screenshots: $(READY)
	$(BIN)/python -m tests.pictures docs/pictures

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The wheelhouse lets a test install the built wheel into a clean environment without a network.
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m pip download --quiet --constraint constraints.txt --dest $(WHEELS) .
	touch $@

clean:
	rm -rf $(VENV) $(WHEELS) demo-site bench-sites bench-databases dist build
	rm -rf .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .skipped .skipped.counted
