# Two commands do everything on a fresh machine with Python >= 3.11, git and make:
#   make demo   runs the main job on the embedded DNS world
#   make test   runs every test, installing the real DNS tools it needs where it may
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format schemas bench lab lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## create the virtual environment from the lock file

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "reconcile needs Python >= 3.11; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: install ## run the whole story on the embedded DNS world
	@rm -rf build/demo
	$(BIN)/reconcile demo build/demo

lab: install ## install the real DNS tools that some tests use, where apt and root allow
	@tests/lab/install

test: lab ## run every test and report branch coverage
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n $(JOBS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: install ## check format, style, types, layers and generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m reconciler.spec.schemas --check schemas

format: install ## rewrite the code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: install ## generate schemas/ from the code
	$(BIN)/python -m reconciler.spec.schemas schemas

bench: install ## report figures; never a gate
	$(BIN)/python -m benchmarks

lock: install ## refresh requirements.lock from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --group dev pyproject.toml \
	  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

clean: ## remove everything that can be made again
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.*
