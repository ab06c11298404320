# make story   a story from a premise, with no key and no network beyond the package index
# make test    every check: lint, types, tests
# make bench   the figures that the README quotes
# make notebooks   the notebooks of examples/ run anew, their outputs kept in them

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STORY ?= my-story
JOBS ?= 2

.PHONY: story test lint types tests fix bench notebooks clean

story: $(VENV)/installed
	@test -e '$(STORY)' || $(BIN)/memagent story init '$(STORY)' --premise-file examples/lighthouse.md
	@$(BIN)/memagent story write '$(STORY)' --until 8 --auto > /dev/null
	@echo
	@$(BIN)/memagent story show '$(STORY)'
	@echo
	@echo "Its memory:      $(BIN)/memagent story memory show $(STORY)    (plain text in $(STORY)/memory/)"
	@echo "Where it stands: $(BIN)/memagent story status $(STORY)"
	@echo "More of it:      $(BIN)/memagent story write $(STORY) -n 5"

test: lint types tests

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

tests: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

fix: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/long_story.py

notebooks: $(VENV)/installed-dev
	$(BIN)/python tests/examples/notebooks.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "memagent needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	@echo "Installing memagent into $(VENV) (about 260 MB, most of it FAISS and NumPy) ..." >&2
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml
	@echo "Installing memagent and its tools into $(VENV) ..." >&2
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
