# 码上 — every target sets up what it needs. `make help` lists them.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

install: $(STAMP) ## make .venv with the mashang command

$(STAMP): pyproject.toml requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing packages into $(VENV) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## start the product with demo data, the WeChat sandbox and its phone
	@exec $(BIN)/mashang demo

story: install ## play scan → complain → push → answer and lease → warning → push against a running demo
	@$(BIN)/python -m tests.journeys.story

test: install browser ## run every test
	@$(BIN)/pytest $(ARGS)

browser: ## find or install the Chromium that the browser tests need
	@sh bin/find-chromium >/dev/null || sh bin/install-chromium

vectors: install ## run WeChat protocol vectors through the app: make vectors FILE=tests/vectors/wechat.json
	@$(BIN)/python -m tests.vectors.run $(FILE)

lint: install ## ruff, format, types, layers, dependencies, migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/python -m tests.check_migrations

format: install ## put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: install ## measure the callback beside a bare handler
	@$(BIN)/python -m bench.callback

bench-full: install ## measure the public pages over a million disclosures (loads for some minutes)
	@$(BIN)/python -m bench.disclosures

bench-rules: install ## measure all rules over 1,000,000 and 5,000,000 payments of 420 villages (takes long)
	@$(BIN)/python -m bench.rules

backtest-full: install ## generate a county-year (420 villages, 80,000 payments) and run every rule over it
	@$(BIN)/python -m bench.backtest $(ARGS)

lock: install ## compile requirements/*.txt anew from pyproject.toml (needs uv)
	@uv pip compile -q pyproject.toml --extra embedded --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --no-header -o requirements/base.txt
	@uv pip compile -q pyproject.toml --extra embedded --extra dev --generate-hashes --universal \
		--python-version 3.11 --no-emit-index-url --no-header -c requirements/base.txt -o requirements/dev.txt

clean: ## remove what the targets made, except data in var/
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help install demo story test browser vectors lint format bench bench-full bench-rules backtest-full lock clean
