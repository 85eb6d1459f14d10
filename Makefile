# make run    the program; makes the environment the first time
# make test   linters, types, import rules and the whole test suite, without a display
# make translations  finds the window's texts again and compiles the translations
# make quality       measures what each dtype costs the demo models (resources/quality.json)
# make comparison    measures the demo models against each other again (docs/comparison.md)
# make clean  removes the environment

PYTHON ?= python3
PIP = .venv/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
ARGS ?=
TEST_ARGS ?= -n 2

.PHONY: run test lint clean translations quality comparison
.DELETE_ON_ERROR:

run: .venv/ready-to-run
	@.venv/bin/python tools/qt_libraries.py --window || echo "Going on without a window."
	@.venv/bin/python -m app $(ARGS)

test: .venv/ready-to-test lint
	@.venv/bin/python tools/qt_libraries.py
	QT_QPA_PLATFORM=offscreen .venv/bin/python -m pytest $(TEST_ARGS)

lint: .venv/ready-to-test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

.venv/bin/python:
	@echo "Making the environment in .venv (once; about a minute and 1.3 GB with the CPU build of torch) ..."
	@$(PYTHON) -m venv .venv

.venv/ready-to-run: .venv/bin/python pyproject.toml constraints.txt
	@$(PIP) -e .
	@touch $@

.venv/ready-to-test: .venv/bin/python pyproject.toml constraints.txt
	@$(PIP) -e '.[dev]'
	@touch $@ .venv/ready-to-run

clean:
	rm -rf .venv

quality: .venv/ready-to-run
	.venv/bin/python tools/measure_quality.py

translations: .venv/ready-to-run
	.venv/bin/pyside6-lupdate -locations none -no-obsolete $$(git ls-files -co --exclude-standard 'app/*.py') -ts resources/translations/playground_zh_CN.ts
	.venv/bin/pyside6-lrelease resources/translations/*.ts -qm resources/translations/playground_zh_CN.qm

comparison: .venv/ready-to-run
	.venv/bin/python -m rwkv_backend.compare.document docs/comparison.md
