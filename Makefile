# Short names for what is done often. scripts/check is what has to pass before a change is merged.

tests = .venv/bin/python -m pytest
quick = not broker and not slow and not alone

.PHONY: fast lint unit check docs coverage bench lock
.NOTPARALLEL:

fast: lint unit  ## lint, layers, types and the quick tests

unit:  ## the quick tests
	scripts/prepare
	$(tests) -n 2 -m "$(quick)"

lint:  ## ruff, the formatter, the layers of imports, mypy
	scripts/prepare
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-logo
	.venv/bin/mypy

check:  ## everything that has to pass, with a broker: some minutes
	scripts/check

docs:  ## the documentation as a site in build/site, without a warning, and held against the code
	scripts/prepare
	NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict
	$(tests) tests/test_docs.py tests/test_docs_blocks.py

coverage:  ## what the quick tests reach of the core; pyproject.toml says how much they must
	scripts/prepare
	$(tests) -n 2 -m "$(quick)" --cov=cleanwire --cov-report=term:skip-covered

bench:  ## the measuring programs, and what each is for
	@grep -l __main__ bench/*.py | xargs awk 'FNR == 1 { gsub(/"""/, ""); printf "%-22s %s\n", FILENAME, $$0 }'

lock:  ## the locks anew from pyproject.toml; needs uv on the path
	scripts/lock
