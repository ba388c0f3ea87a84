# What a person does here, one word each. Needs Python >= 3.11, Git and Make; everything else goes into this folder.
# Once set up, nothing below needs a network.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := .tools
UV_VERSION := 0.13.9
PYTHON ?= python3

# More options for pytest: make test ARGS="tests/house -k links"
ARGS ?=
# Processes that share the tests; 0 runs them in pytest's own.
JOBS ?= auto
# How many times as long make soak goes on.
TIMES ?= 20
# The environment of make deploy: make deploy ENV=staging
ENV :=

export UV_COMPILE_BYTECODE := 1
# The Python that is here is used; none is downloaded to where other projects would see it.
export UV_PYTHON_DOWNLOADS := never
# MkDocs 2 drops what the site is built with; the lock file keeps us on 1.x, so the theme's reminder says nothing new.
export NO_MKDOCS_2_WARNING := 1
# A calling shell's own settings would move the environment elsewhere, or make every command start slowly.
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONDONTWRITEBYTECODE PYTHONPATH

WORKFLOWS := $(wildcard .github/workflows/*.yml)

# Quiet when all is well; the whole output, and the command to repeat, when it is not.
part = if out=$$($(2) 2>&1); then echo "ok      $(1)"; \
	else printf '%s\n' "$$out"; echo "FAILED  $(1): $(2)"; exit 1; fi

.DEFAULT_GOAL := help
.PHONY: help setup run example deploy test test-real soak check static fix bench docs hooks clean \
	check-format check-lint check-types check-imports check-config check-schemas check-yaml check-workflows check-secrets check-docs

help: ## This list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

setup: $(READY) ## Install what is locked into .venv; the other commands do this by themselves

run: $(READY) ## Validate, build and deploy every environment of this repository to local directories
	@$(BIN)/terrace deploy --all

example: $(READY) ## Start an application that takes its configuration from a bundle, on http://127.0.0.1:8080
	@$(BIN)/python -m examples.backend

deploy: $(READY) ## Validate, build and deploy one environment: make deploy ENV=staging
	@$(if $(ENV),,echo "make deploy needs an environment: make deploy ENV=staging" >&2; exit 2;) \
	$(BIN)/terrace deploy --env '$(ENV)'

test: $(READY) ## The tests: make test ARGS="tests/house -k links"
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-real: $(READY) ## The tests against real servers and tools of others; fetches what they need (npm: 100 MB, Maven: 50 MB)
	@TERRACE_TEST_REAL=1 $(BIN)/python -m pytest -n $(JOBS) -m real $(ARGS)

soak: $(READY) ## The tests that kill or draw examples, many times as long: make soak TIMES=20
	@TERRACE_TEST_SOAK='$(TIMES)' $(BIN)/python -m pytest -n $(JOBS) -m soak $(ARGS)

check: static test ## The whole truth: everything that continuous integration checks, tests included

static: ## All of check but the tests; make -k static goes on after a failure
static: check-format check-lint check-types check-imports check-config check-schemas check-yaml check-workflows check-secrets check-docs

check-format: $(READY)
	@$(call part,format,$(BIN)/ruff format --quiet --diff .)

check-lint: $(READY)
	@$(call part,lint,$(BIN)/ruff check --quiet .)

check-types: $(READY)
	@$(call part,types,$(BIN)/mypy)

check-imports: $(READY)
	@$(call part,import contracts,$(BIN)/lint-imports)

check-config: $(READY)
	@$(call part,configuration,$(BIN)/terrace validate)

check-schemas: $(READY)
	@$(call part,generated schemas,$(BIN)/terrace schemas --check)

check-yaml: $(READY)
	@$(call part,yaml,$(BIN)/yamllint --strict .)

check-workflows: $(READY)
	@$(call part,workflows: zizmor,$(BIN)/zizmor --offline --quiet .github)
	@$(call part,workflows: schema,$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS))
	@$(call part,dependabot: schema,$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml)
	@$(call part,pre-commit: hooks,$(BIN)/pre-commit validate-config && $(BIN)/pre-commit validate-manifest)

# What it finds is never tried out at the provider, and it asks no network for newer rules.
SCAN := $(BIN)/kingfisher scan . --no-validate --no-update-check --quiet --redact --confidence high \
	$(addprefix --exclude ,$(VENV) $(TOOLS) .terrace __pycache__ site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis)
# The commits since this one are scanned, where it is given: make check-secrets SINCE=origin/main
SINCE :=

check-secrets: $(READY)
	@$(call part,secrets: kingfisher,$(SCAN) $(if $(SINCE),--since-commit '$(SINCE)',--git-history none))

check-docs: $(READY)
	@$(call part,docs,$(BIN)/mkdocs build --strict)

fix: $(READY) ## Mend what can be mended by machine: format, lint, findings with a fix, generated schemas
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@$(BIN)/terrace schemas
	@$(BIN)/terrace fix

bench: $(READY) ## Time load, layer, validate, build, secrets and the audit log against floors of the same run
	@$(BIN)/python -m benchmarks $(ARGS)
	@echo; echo "Secrets files"; $(BIN)/python -m benchmarks.secrets
	@echo; echo "Audit log"; $(BIN)/python -m benchmarks.audit

docs: $(READY) ## Build the site into site/
	@$(BIN)/mkdocs build --strict

hooks: $(READY) ## Let Git run the checks of .pre-commit-config.yaml before each commit
	@$(BIN)/pre-commit install

clean: ## Remove what the commands above installed and built; releases in .terrace/ stay
	@rm -rf $(VENV) $(TOOLS) site dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(READY): pyproject.toml uv.lock
	@uv=uv; $$uv --version >/dev/null 2>&1 || { \
	  uv=$(TOOLS)/bin/uv; \
	  $$uv --version >/dev/null 2>&1 || { \
	    $(PYTHON) -m venv $(TOOLS) || { echo "Python cannot make a virtual environment: on Debian, apt-get install python3-venv" >&2; exit 1; }; \
	    $(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }; } \
	&& $$uv sync --locked --quiet && touch $@
