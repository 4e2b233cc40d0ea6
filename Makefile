# Everything here sets itself up: a machine with Python 3.11 or newer is enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := .uv/bin/uv
NOTES  := build/fidelity
# One wheel cache and one environment, both inside this folder.
export UV_COMPILE_BYTECODE = 1
export UV_PYTHON_DOWNLOADS = never
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup demo up test fidelity check bench soak lint types lock clean

help:
	@echo "make demo   walk from a KSeF token to a UPO on a local KSeF"
	@echo "make test   run the tests"
	@echo "make up     run a local KSeF until Ctrl-C"
	@echo "make check  lint, types, tests: what has to pass before a change lands"
	@echo "make bench  measure"
	@echo "make soak   tens of thousands of mutated documents and generated requests: minutes, not in CI"
	@echo "make fidelity   make docs/fidelity.md anew from what the tests see"
	@echo "make setup  only install, into $(VENV)"

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $(UV)

$(VENV)/.ready: $(UV) requirements/dev.txt pyproject.toml
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready

demo: setup
	@$(BIN)/klucznik demo

up: setup
	@$(BIN)/klucznik up

# Tests that run a second time with PostgreSQL as the home of the local KSeF; one file is at home there anyway.
AT_HOME := tests/server tests/ways --ignore tests/server/test_postgres.py

# -rs: what is skipped says what it lacks, and how to get it.
# What the server's tests see is noted, and docs/fidelity.md has to say the same.
test: setup
	@rm -rf $(NOTES)
	KLUCZNIK_NOTES=$(NOTES) $(BIN)/pytest -n 2 --dist loadscope -rs
	$(BIN)/python scripts/fidelity.py --check
	$(BIN)/pytest -n 2 --dist loadscope -p databases $(AT_HOME)

fidelity: setup
	@rm -rf $(NOTES)
	KLUCZNIK_NOTES=$(NOTES) $(BIN)/pytest -n 2 --dist loadscope tests/server
	$(BIN)/python scripts/fidelity.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

check: lint types test

bench: setup
	$(BIN)/python bench/run.py

soak: setup
	KLUCZNIK_MUTANTS=45000 $(BIN)/pytest -s tests/documents/test_differential.py
	KLUCZNIK_KILLS=30 $(BIN)/pytest -s tests/crash
	$(BIN)/pytest -p databases tests/crash
	KLUCZNIK_REQUESTS=400 $(BIN)/pytest -s tests/contract/test_schemathesis.py
	KLUCZNIK_PAGES=all $(BIN)/pytest tests/portal/test_browser_pages.py tests/portal/test_browser_safety.py

lock: $(UV)
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 pyproject.toml --output-file requirements/runtime.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 pyproject.toml --group dev --output-file requirements/dev.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --group pyproject.toml:build --output-file requirements/build.txt

clean:
	rm -rf $(VENV) .uv .peers dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
