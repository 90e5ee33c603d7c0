# Foredeck. `make` lists the targets.
# PYTHON=python3.12 chooses another interpreter from PATH; 3.11 or later.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test soak lint format types snapshots bench build

BIN := .venv/bin
PYTEST_ARGS ?=
# A plain run leaves the slow tests out; FOREDECK_CI=1 runs all of them, and a missing outside
# program is a failure then.
ifeq ($(FOREDECK_CI),1)
SELECTED :=
else
SELECTED := -m "not slow"
endif
# Half of what tests do is wait, so two workers leave two cores idle.
WORKERS ?= 4

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the environment in .venv (the other targets do it themselves)
	@PYTHON="$(PYTHON)" sh scripts/setup

demo: setup ## open the app against the built-in simulator
	@$(BIN)/python -m app --demo

test: setup ## run the test suite
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(SELECTED) $(PYTEST_ARGS)

soak: setup ## wear the shared login out for a quarter of an hour, the real Codex beside it
	@SOAK_REFRESHES=$${SOAK_REFRESHES:-5000} SOAK_ROUNDS=$${SOAK_ROUNDS:-60} \
		$(BIN)/python -m pytest -v $(PYTEST_ARGS) tests/soak

lint: setup ## check style and formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: setup ## format the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

types: setup ## check types, strict
	@$(BIN)/pyright

snapshots: setup ## accept the screens of the snapshot tests as they are now; look at them
	@$(BIN)/python -m pytest -n $(WORKERS) --snapshot-update tests/snapshots && $(BIN)/python scripts/pictures.py

bench: setup ## measure against the budgets; exits 1 where one is missed
	@$(BIN)/python -m benchmarks

build: setup ## build the wheel and the source archive into dist/
	@sh scripts/uv build --quiet --no-build-logs && ls dist
