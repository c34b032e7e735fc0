# `make` lists the targets. Each sets up .venv with what it needs: when that is missing or pyproject.toml has
# changed since, and only then. For another interpreter, or a newer one: make test PYTHON=python3.13

PYTHON ?= python3
EXTRAS ?= test

# What pyproject.toml's extra NAME asks for is installed when the stamp .venv/installed-NAME is up to date.
python := .venv/bin/python
installed := .venv/installed

# The tests run in several processes: one thread each for matrix products is then quicker than all threads for all.
test: export OMP_NUM_THREADS = 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: lessons test gradcheck bench lint format clean help

lessons: $(installed)-lessons ## run all lessons in order; figures go to out/ (FLAGS=--fast: in seconds)
	$(python) lessons $(FLAGS)

test: $(installed)-$(EXTRAS) ## run all tests (EXTRAS=test,torch: also beside PyTorch; FLAGS: for pytest)
	$(python) -m pytest --numprocesses=auto --maxprocesses=8 $(FLAGS)

gradcheck: $(installed)-test ## check the gradients of all ops and print the table (FLAGS="conv2d --html table.html")
	$(python) -m gradcheck $(FLAGS)

bench: $(installed)-bench ## measure against PyTorch, autograd and MyGrad
	$(python) -m benchmarks $(FLAGS)

lint: $(installed)-lint ## check style, formatting and types
	$(python) -m ruff check
	$(python) -m ruff format --check
	$(python) -m mypy

format: $(installed)-lint ## put imports and layout in order
	$(python) -m ruff check --select I --fix
	$(python) -m ruff format

clean: ## remove .venv, caches and everything that was made
	rm -rf .venv out build dist .hypothesis .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list the targets
	@echo "make <target>, where <target> is one of"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(python):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv

$(installed)-%: pyproject.toml | $(python)
	@echo 'installing minideep[$*] into .venv'
	@$(python) -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
