.DEFAULT_GOAL := help
.PHONY: help setup run dev test test-fast test-long check format contract sdks packages tables operation scaffold release-check bench traceability owner limits jobs mock import-log import-events import-costs export-events lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s%s\n", $$1, $$2}' Makefile

setup: ## install the locked packages into .venv (run and test do so by themselves)
	@scripts/setup dev

run: ## start everything on http://127.0.0.1:8080 (PORT=, DATA_DIR=, DEMO=0)
	@scripts/run

dev: ## the same, and whatever is saved is live at once (PORT=, DATA_DIR=, DEMO=0)
	@scripts/dev

mock: ## answer the whole contract from its examples, without stores (PORT=)
	@scripts/mock

test: ## run all tests against real PostgreSQL and Redis
	@scripts/test

test-fast: ## run the quick part of the tests
	@scripts/test -m "not slow"

test-long: ## kill parts of the running service again and again (HOURS=2)
	@scripts/test-long

check: ## check format, lint and types
	@scripts/check

format: ## format the code, and mend what the linter can
	@scripts/format

contract: ## judge the contract by all gates (FUZZ=seconds, 0 without fuzzing; SEED=, GATES=)
	@scripts/contract $(GATES)

sdks: ## make the SDKs in generated_sdks/ from the contract
	@scripts/sdks

operation: ## ask four questions, and write the first path file of an operation
	@scripts/operation

scaffold: ## write the handlers and tests that operations still lack, as stubs
	@scripts/scaffold

release-check: ## go through all that must hold before a release
	@scripts/release-check

packages: ## pack the SDKs as they are published, and publish them dry
	@scripts/packages

tables: ## write the tables of authorization and coverage anew (GROW=1 lets more be untested)
	@scripts/tables

bench: ## measure every figure that the README claims
	@scripts/bench

traceability: ## print which test proves which requirement
	@scripts/traceability

owner: ## make the first account and its workspace (EMAIL=you@example.com, PASSWORD=)
	@scripts/owner

jobs: ## list the background jobs that failed (RETRY=all lets them begin anew)
	@scripts/jobs

limits: ## give a workspace limits of its own (WORKSPACE=id LIMITS="requests=5000/minute events=plan")
	@scripts/limits

import-log: ## send an access log to the API as events (FILE=, WEBSITE=, KEY=)
	@scripts/import-log

import-events: ## send events, CSV or NDJSON, to the API (FILE=, WEBSITE=, KEY=)
	@scripts/import-events

import-costs: ## send a cloud bill, FOCUS CSV, to the API (FILE=, KEY=, ON_ERROR=ABORT)
	@scripts/import-costs

export-events: ## write a website's events, NDJSON or Parquet (FILE=, WEBSITE=, FROM=, TO=)
	@scripts/export-events

lock: ## lock the newest packages that pyproject.toml allows
	@scripts/lock

clean: ## remove caches (never .data)
	@scripts/clean
