PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run install test check format licences sbom figures bench chaos fuzz soak evaluate models doctor tunnel lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## install what is missing, start both services, print where they are; Ctrl-C stops them
	@$(PY) -m shared.launch

install: $(VENV)/run.stamp ## make .venv and install the locked dependencies

test: $(VENV)/dev.stamp ## the whole test suite, the same that CI runs
	@$(PY) -m pytest --numprocesses auto --dist loadfile

check: $(VENV)/dev.stamp ## format, lint, types, import rules, licences, known vulnerabilities
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PY) -m tests.supply check-licences
	@$(PY) -m tests.supply audit

format: $(VENV)/dev.stamp ## put the code into shape
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

licences: $(VENV)/dev.stamp ## write docs/licences.md anew, from the locks
	@$(PY) -m tests.supply write-licences

sbom: $(VENV)/dev.stamp ## the list of parts of each image, CycloneDX as JSON, in var/sbom/
	@$(PY) -m tests.supply sbom

bench: $(VENV)/dev.stamp ## the measurements as one table and var/bench.json; ONLY="service gallery", QUICK=1
	@$(PY) -m tests.bench $(ONLY) $(if $(QUICK),--quick)

chaos: $(VENV)/dev.stamp ## ROUNDS=200 SEED=s STORE=sqlite|mongo: kill both services under load, and prove that nothing is lost
	@$(PY) -m tests.chaos --rounds $(or $(ROUNDS),200) --store $(or $(STORE),sqlite) $(if $(SEED),--seed $(SEED)) \
		$(if $(MINUTES),--minutes $(MINUTES))

figures: $(VENV)/dev.stamp ## docs/figures.md from what bench, chaos, soak and evaluate left in var/; measures nothing
	@$(PY) -m tests.figures

soak: $(VENV)/dev.stamp ## REQUESTS=100000: very many requests; what both services hold of memory and descriptors
	@$(PY) -m tests.soak --requests $(or $(REQUESTS),100000) $(if $(ENGINE),--engine $(ENGINE))

fuzz: $(VENV)/dev.stamp ## EXAMPLES=20 SEED=s: bad input of every kind for every route and reader, at length; var/bad_input.json
	@$(PY) -m tests.bad_input --examples $(or $(EXAMPLES),20) $(if $(SEED),--seed $(SEED))

evaluate: $(VENV)/run.stamp ## KNOWN=folder STRANGERS=folder OUT=folder: how well the engine tells those people apart
	@$(PY) -m recognizer evaluate --known "$(KNOWN)" $(if $(STRANGERS),--strangers "$(STRANGERS)") $(if $(OUT),--out "$(OUT)")

models: $(VENV)/run.stamp ## MODEL=Facenet512: fetch optional weights and check their SHA-256; without MODEL, list them
	@$(PY) -m recognizer models $(if $(MODEL),fetch $(MODEL),list)

doctor: $(VENV)/run.stamp ## what an operator should put right in both services, and how
	@$(PY) -m recognizer doctor; recognizer=$$?; $(PY) -m logger doctor && exit $$recognizer

tunnel: ## ngrok for the recognizer, so that a client elsewhere can reach it
	@command -v ngrok >/dev/null || { \
		echo "ngrok is not installed. Get it at https://ngrok.com/download, then: ngrok config add-authtoken <token>"; exit 1; }
	@ngrok http "$${RECOGNIZER_PORT:-8000}"

lock: ## renew the hash-pinned locks from pyproject.toml
	@for lock in "recognizer --extra recognizer" "logger --extra logger" \
		"run --extra recognizer --extra logger --extra demo" \
		"tensorflow --extra recognizer --extra logger --extra demo --extra tensorflow" "dev --all-extras"; do \
		set -- $$lock; name=$$1; shift; \
		uv pip compile --quiet pyproject.toml "$$@" --universal --generate-hashes --no-emit-index-url --no-annotate \
			--no-header --python-version 3.11 -o requirements-$$name.lock; done

clean: ## remove the virtual environment and caches; people, weights and attendance stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Rollcall needs Python 3.11 or newer; name one with: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "This Python cannot make virtual environments; on Debian: apt install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements-run.lock | $(PY)
	@echo "Installing what Rollcall needs into $(VENV); the first time takes a few minutes."
	@$(INSTALL) -r $<
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(PY)
	@echo "Installing what the tests need into $(VENV); the first time takes a few minutes."
	@$(INSTALL) -r $<
	@touch $@
