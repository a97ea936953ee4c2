# Everything runs in .venv, made from requirements.lock. Needs Python 3.11+ and make; uses uv where it is installed.

BIN := .venv/bin
READY := .venv/.ready
# Those of these that start no Postgres and no Valkey are quick, but for some that wait for deadlines or compute for long.
NOT_QUICK := tests/api/auth/test_slow_key_service.py tests/api/middleware/test_concurrency.py tests/api/openapi/test_fuzz.py \
	tests/deploy/client/test_commands.py tests/pipeline/net/test_fetch.py \
	tests/pipeline/llm/test_splitting.py tests/pipeline/llm/test_synthesis.py
QUICK := tests/api tests/db/test_frozen_migrations.py tests/deploy/client tests/pipeline/net tests/smelt_client $(wildcard tests/test_[adrw]*.py) \
	$(filter-out $(NOT_QUICK),$(wildcard tests/pipeline/test_*.py tests/pipeline/processes/test_*.py tests/pipeline/llm/test_*.py tests/pipeline/content/test_[a-bd-z]*.py))
SPEAKERS := .venv/share/smelt/speakers/embedding.onnx
INTEROP := .venv-interop
DEPLOY := .venv-deploy
BACKENDS := .venv-backends
WEB_BUILT := web/node_modules/.package-lock.json
# One key of pyproject.toml, a requirement a line, for a lock of these alone.
REQUIREMENTS := uv run --quiet --no-project --python '>=3.11' python -c 'import sys, tomllib; \
	from functools import reduce; found = tomllib.load(open("pyproject.toml", "rb")); \
	print(*reduce(dict.__getitem__, sys.argv[1:], found), sep="\n")'

# What the user's shell says to Python itself must not reach this project's.
unexport PYTHONPATH
unexport PYTHONHOME
unexport PYTHONDONTWRITEBYTECODE  # each process that the service starts would compile all its modules anew

.DEFAULT_GOAL := help
.PHONY: help demo up speakers test check check-deploy test-alerts test-upgrade test-backends test-hosts test-web web lint pooler bench interop chaos chaos-short format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## show Smelt at work on a recording and a text, or on FILES ("talk.m4a notes.md"); leaves nothing behind
	@$(BIN)/smelt demo $(FILES)

up: $(READY) ## run the whole service here, until Ctrl-C; prints its address and a token
	@$(BIN)/smelt up

speakers: $(SPEAKERS) ## get what tells speakers apart (downloads 81 MB), for `smelt submit --speakers`

test: $(READY) $(SPEAKERS) ## run all tests, on engines of their own
	$(BIN)/pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder

check: lint ## lint, and the tests that need no engine and wait for no deadline: half a minute once mypy has its cache
	$(BIN)/pytest --quiet -p tests.support.no_engines -p no:schemathesis --numprocesses 2 \
		$(NOT_QUICK:%=--ignore=%) $(QUICK)

check-deploy: $(READY) $(DEPLOY)/.ready ## check image, chart, compose file and units by other people's tools (150 MB at first; needs systemd-analyze)
	PYTHONPATH=$(CURDIR)/$(DEPLOY) PATH=$(CURDIR)/$(DEPLOY)/bin:$$PATH $(BIN)/pytest tests/deploy/artifacts/by_tools.py \
		tests/deploy/artifacts/units_by_systemd.py

test-alerts: $(READY) ## see each alert fire in a real Prometheus (needs Debian's package prometheus)
	$(BIN)/pytest tests/deploy/observability/alerts_by_prometheus.py tests/deploy/observability/timing.py

test-upgrade: $(READY) ## upgrade under load, both releases running, from the newest tag or FROM=COMMIT, and lose nothing
	$(BIN)/python -m tests.faults.upgrade $(if $(FROM),--from $(FROM))

test-backends: $(READY) $(BACKENDS)/.ready ## run what touches them on other servers: Postgres, PgBouncer, Redis, S3, Azure; ONLY="Redis S3" chooses
	$(BIN)/python -m tests.backends $(if $(ONLY),--only $(ONLY))

web: $(WEB_BUILT) ## build the page at / from web/ into api/web/static (needs Node.js 20)
	cd web && npm run --silent check && npm run --silent build

test-web: $(READY) ## drive the page in a real browser (needs Debian's package chromium)
	$(BIN)/pytest --numprocesses 0 $(wildcard tests/web/page_*.py)

test-hosts: $(READY) $(BACKENDS)/.ready ## deploy on hosts as docs/deploying.md says, see work go faster with each, kill one, Redis's and Postgres's (needs root)
	$(BIN)/python -m tests.hosts

lint: $(READY) ## check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

pooler: $(READY) ## test policies, locks and races again behind PgBouncer (needs it, and a Postgres on TCP)
	$(BIN)/python -m tests.support.pooler

bench: $(READY) ## measure throughput, latency and memory against bare loops; speech of the clips in SPEECH (a folder)
	$(if $(SPEECH),SPEECH="$(SPEECH)") $(BIN)/python -m tests.benchmarks

chaos: $(READY) ## kill, freeze and cut off parts of the service, half an hour for each of SEEDS (1 2 3); writes docs/reliability.md
	$(BIN)/python -m tests.faults.chaos $(if $(SEEDS),--seeds $(SEEDS))
	$(BIN)/pytest -m exhaustive --ignore tests/faults/chaos

chaos-short: $(READY) $(SPEAKERS) ## what `make test` leaves out: a short form of the other faults, and the fuller forms of some tests
	$(BIN)/pytest -m exhaustive

interop: $(READY) $(INTEROP)/.ready $(INTEROP)/llm/.ready ## try the engine on a LiteLLM proxy and on llama.cpp (minutes; downloads 800 MB at first)
	$(BIN)/pytest tests/interop/litellm_proxy.py
	PYTHONPATH=$(CURDIR)/$(INTEROP)/llm $(BIN)/pytest tests/interop/local_llm.py

format: $(READY) ## put the code into its one format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: ## make the locks anew from pyproject.toml (needs uv); production's is the other's part without test packages, with traces
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --extra dev --upgrade pyproject.toml -o requirements.lock
	rm -f requirements-production.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --extra otel --constraint requirements.lock pyproject.toml \
		-o requirements-production.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --upgrade tests/interop/requirements.in -o tests/interop/requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-deps \
		--no-emit-find-links --no-header --upgrade tests/interop/llm.in -o tests/interop/llm.lock
	$(REQUIREMENTS) build-system requires | uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --constraint requirements.lock --upgrade - \
		-o deploy/docker/build.lock
	set -e; for extra in cuda speakers; do $(REQUIREMENTS) project optional-dependencies $$extra \
		| uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --constraint requirements.lock --upgrade - -o deploy/docker/$$extra.lock; done
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --constraint requirements.lock --upgrade tests/deploy/artifacts/requirements.in \
		-o tests/deploy/artifacts/requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --upgrade tests/backends/requirements.in -o tests/backends/requirements.lock
	npm install --prefix tests/backends --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts

clean: ## remove .venv and caches; never the data folder
	rm -rf .venv $(INTEROP) $(DEPLOY) $(BACKENDS) web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml deploy/install.sh
	@sh deploy/install.sh
	@touch $@

# The networks that tell speakers apart: 81 MB, which `make demo` and `make up` do without.
$(SPEAKERS): deploy/speaker_models/command.py $(READY)
	@$(BIN)/smelt speaker-models
	@touch $@

$(INTEROP)/.ready: tests/interop/requirements.lock | $(READY)
	rm -rf $(INTEROP)
	$(BIN)/python -m venv $(INTEROP)
	$(INTEROP)/bin/pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r tests/interop/requirements.lock
	@touch $@

$(INTEROP)/llm/.ready: tests/interop/llm.lock | $(INTEROP)/.ready
	rm -rf $(INTEROP)/llm
	$(BIN)/pip --disable-pip-version-check install --quiet --no-deps --require-hashes --target $(INTEROP)/llm -r $<
	@touch $@

# What comes from npm stays away where there is no npm, and PgBouncer where nobody may install it: the matrix names both.
$(BACKENDS)/.ready: tests/backends/requirements.lock tests/backends/package-lock.json tests/backends/fetch.sh | $(READY)
	sh tests/backends/fetch.sh $(BACKENDS)
	@touch $@

$(WEB_BUILT): web/package-lock.json web/package.json
	cd web && npm ci --silent
	@touch $@

# Into a folder of their own beside .venv: what both need is of the same version, by the constraint of the lock.
$(DEPLOY)/.ready: tests/deploy/artifacts/requirements.lock | $(READY)
	rm -rf $(DEPLOY)
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes --target $(DEPLOY) -r $<
	@touch $@
