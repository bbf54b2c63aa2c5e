# Every target sets up what it needs: a virtual environment from the lock file, nothing from the machine but Python >= 3.11.
# After the first run nothing here needs a network.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check lock clean
demo: $(READY)
	$(BIN)/mekiki demo

test: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist worksteal

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "mekiki needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $(READY)

# Needs the tool `uv`; only for those who change the dependencies. The second file is what a container gets.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --extra apprise --extra browser --extra matching --extra sharing --extra tracing --extra words pyproject.toml
lock:
	$(COMPILE) --group dev -o requirements.lock
	$(COMPILE) --constraint requirements.lock -o ops/container/requirements.lock

clean:
	rm -rf $(VENV) build dist
