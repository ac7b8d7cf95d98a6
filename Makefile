# Fireline's commands. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check bench nightly setup lock

PORT ?= 8000
GATEWAY_PORT ?= 26875
EXCHANGE_PORT ?= 8001
ARGS ?=
# At once; half of the suite waits on databases, servers and browsers, so a few more than cores.
TESTERS ?= 3

python := .venv/bin/python
compile := .venv/bin/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --extra setup pyproject.toml
# An index address would send other people's machines to ours; a machine path works on one machine only.
private := (--(extra-)?index-url|files\.pythonhosted\.org|pypi\.org/simple|(^|[^[:alnum:]_.~-])/(work|root|home/[a-z]+)/)

help: ## list these commands
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 10
	@echo "run takes PORT=$(PORT) GATEWAY_PORT=$(GATEWAY_PORT) EXCHANGE_PORT=$(EXCHANGE_PORT) and ARGS, test takes ARGS"

run: setup ## install what is missing and start Fireline with the demo city; Ctrl-C stops it
	@exec .venv/bin/fireline run --port $(PORT) --gateway-port $(GATEWAY_PORT) --exchange-port $(EXCHANGE_PORT) $(ARGS)

setup: ## only the installing part of run
	@deploy/setup.sh

test: setup-tests ## every test on SQLite and PostgreSQL; ARGS='-k word' chooses
	@exec $(python) -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder $(ARGS)

nightly: setup-tests ## the tests that take too long for every commit
	@exec $(python) -m pytest -m nightly $(ARGS)

check: setup-tools ## lint, format, types, import contracts, generated docs
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy
	@.venv/bin/lint-imports
	@$(python) -m domain.docs --check
	@$(python) -m api.access_page --check
	@! git grep -nIE '$(private)' -- ':!Makefile' || { echo 'check: an index address or a machine path'; exit 1; }

bench: setup-tests ## run the benchmarks, print the table, write bench/results.json
	@exec $(python) -m bench $(ARGS)

lock: setup ## write both lock files anew from pyproject.toml; ARGS=--upgrade takes newer versions
	@$(compile) --extra bench --output-file requirements-test.lock $(ARGS)
	@$(compile) --constraints requirements-test.lock --output-file requirements.lock $(ARGS)

.PHONY: setup-tools setup-tests
setup-tools setup-tests: setup-%:
	@deploy/setup.sh --$*
