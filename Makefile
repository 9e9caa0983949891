# `make test` and `make example` set up what they need, in .venv. `make` lists the rest.

PYTHON ?= python3
ADDRESS ?= 127.0.0.1:8000

VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python example_project/manage.py

# A worker for each processor gets one test after the other (with "load" it would be hundreds at once, and
# the browser's take the longest). IN_PARALLEL= has all in one process.
IN_PARALLEL := --numprocesses auto --dist loadgroup

C_FILES := $(wildcard signal_panel/speedups/*.[ch])
# What it takes to install the package: done again when one of these changes.
BUILT_FROM := pyproject.toml hatch_build.py $(C_FILES)

.PHONY: help example test test-browsers test-django test-sanitized coverage mutants bench lint types format matrix clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

example: $(VENV)/installed ## the bookshop, served with the toolbar
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) seed
	@echo "The bookshop is at http://$(ADDRESS)/"
	$(MANAGE) runserver $(ADDRESS)

test: $(VENV)/installed-test $(VENV)/chromium node_modules/installed ## all tests, with the Python and Django of .venv
	$(BIN)/python -m pytest $(IN_PARALLEL)
	$(MANAGE) test shop accounts problems
	node --test $(wildcard tests/js/*.test.js)

test-browsers: $(VENV)/installed-dev node_modules/installed ## the browser tests in Firefox, and some in WebKit, where these are installed
	$(BIN)/tox run -e firefox,webkit

test-django: ## Django's own tests, plain and recorded; DJANGO=6.1 SUITES="dispatch asgi" runs a part
	$(PYTHON) -m tests.django_suite $(if $(DJANGO),--django $(DJANGO)) $(if $(SUITES),--suites $(SUITES)) $(if $(PATCHED),--patched)

# There nothing gets the place in memory of what has died. Afterwards what was there before is there again.
test-sanitized: $(VENV)/installed-test ## the tests of what is in C, while gcc's sanitizers watch it
	CFLAGS="-O1 -fno-omit-frame-pointer -fsanitize=address,undefined" LDFLAGS="-fsanitize=address,undefined" \
		$(BIN)/python -m pip install --quiet --editable .
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 PYTHONMALLOC=malloc \
		$(BIN)/python -m pytest -k "not gets_the_place" $(addprefix tests/test_,speedups.py record.py packages.py ways_to_send.py queries.py rows.py worlds.py middleware.py transparency.py); \
		status=$$?; $(BIN)/python -m pip install --quiet --editable . && exit $$status

coverage: $(VENV)/installed-test node_modules/installed ## fails where the quick tests leave a line or a branch of the package out
	SIGNAL_PANEL_PURE_PYTHON=1 $(BIN)/python -m pytest -m "not packaging and not browser" --cov --cov-fail-under 0
	$(BIN)/python -m pytest -m "not packaging and not browser" --cov --cov-append

mutants: $(VENV)/installed-mutants ## small changes to the code that records and finds which no test notices; MODULES=... SAMPLE=40 WORKERS=2
	$(if $(SAMPLE),SAMPLE=$(SAMPLE)) $(if $(WORKERS),WORKERS=$(WORKERS)) SIGNAL_PANEL_PURE_PYTHON=1 $(BIN)/python -m tests.mutants $(MODULES)

# An environment for each Python: what things cost differs from one to the next.
BENCH := .bench/$(notdir $(PYTHON))

bench: $(BENCH)/installed benchmarks/node_modules/installed ## what the panel costs; PART="recording sql memory requests browser" or some of them, QUICK=1
	$(BENCH)/bin/python -m benchmarks $(PART) $(if $(QUICK),--quick)

$(BENCH)/installed: $(BUILT_FROM)
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BENCH)/bin/python -m pip install --quiet --editable . --group bench
	@touch $@

benchmarks/node_modules/installed: benchmarks/package.json
	npm install --prefix benchmarks --no-audit --no-fund --no-package-lock --legacy-peer-deps
	@touch $@

lint: $(VENV)/installed-lint node_modules/installed ## ruff, biome and clang-format
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run --Werror $(C_FILES)
	npx biome check

types: $(VENV)/installed-lint ## mypy
	$(BIN)/mypy

format: $(VENV)/installed-lint node_modules/installed ## put the code in the house's shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(C_FILES)
	npx biome check --write

matrix: $(VENV)/installed-dev $(VENV)/chromium node_modules/installed ## the tests on each Python, Django and toolbar
	$(BIN)/tox run -- $(IN_PARALLEL)

clean: ## remove all that these commands made
	rm -rf $(VENV) .tox .django .bench .coverage .*_cache .hypothesis build dist node_modules benchmarks/node_modules
	rm -f example_project/db.sqlite3

# One file each marks what is done, so that it is not done again where nothing has changed.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and \
		"Python 3.10 or newer is needed. Name it so: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "On Debian and Ubuntu venv is a package of its own: apt install python3-venv"; exit 1; }

$(VENV)/installed: $(BUILT_FROM) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# pip knows dependency groups since 25.1.
$(VENV)/installed-%: $(BUILT_FROM) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group $*
	@touch $@

# Without a Chromium the browser tests are skipped; the next run looks for one again.
$(VENV)/chromium: $(VENV)/installed-test
	-@.ci/chromium $(BIN)/python > $@.found && mv $@.found $@

node_modules/installed: package.json
	npm install --no-audit --no-fund
	@touch $@
