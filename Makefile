# Everything a person does here starts with one of these. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
READY := .venv/.ready
PASSED = $(if $(KEEP),--passed=$(KEEP))
NAME ?= path
RESOLVE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet

VERSION := -c 'import sys; print(sys.version_info[:2])'
ifeq ($(origin PYTHON)$(wildcard $(READY)),command line$(READY))
ifneq ($(shell $(PYTHON) $(VERSION)),$(shell $(BIN)/python $(VERSION)))
$(error the environment in .venv has another Python than $(PYTHON); remove it first: rm -r .venv)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help book pdf epub test test-all test-arithmetic test-oracles test-exercises lint bench bench-book bench-attacks bench-grading demo-grading lab notebooks widget lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
		{ echo "gdcourse needs Python 3.11 or newer, and there is no $(PYTHON) here. Install one, or name yours: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gdcourse needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version`. Try: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@for step in '$(PYTHON) -m venv .venv' \
		'$(PIP) --require-hashes -r requirements.lock' '$(PIP) --no-deps --no-build-isolation --editable .'; do \
		echo "$$step"; \
		said=$$($$step 2>&1) || { echo "$$said"; case "$$said" in \
			*'No space left'*) echo "The disk is full; the environment needs 1.5 GB. Make room and type the same again." ;; \
			*NewConnectionError*|*'Failed to establish'*|*NameResolutionError*|*ConnectTimeout*|*ProxyError*) \
				echo "No package index can be reached. Connect to the network and type the same again." ;; \
			*) echo "The environment could not be made; what went wrong stands above." ;; esac; exit 1; }; \
	done
	@touch $@

book: $(READY) ## build the book strictly, and say where to open it
	$(BIN)/jupyter-book build . --path-output . -n -W --keep-going
	@echo
	@echo "The book: file://$(CURDIR)/_build/html/index.html"

pdf: book ## print the book into one PDF, by Chromium: _build/bound/gradient-descent.pdf
	$(BIN)/python _ext/to_pdf.py

epub: book ## bind the book as an EPUB: _build/bound/gradient-descent.epub
	$(BIN)/python _ext/to_epub.py

test: $(READY) ## run the tests that convince, in minutes: every module and exercise, a book, the grader
	GDCOURSE_SEEDS=$${GDCOURSE_SEEDS:-3} $(PYTEST) -n logical --dist worksteal -m "not thorough and not browser and not jupyter" --durations=20 $(PASSED)

test-all: $(READY) ## run every test: the thorough ones, every page in the browsers, a live Jupyter
	$(PYTEST) -n logical --dist worksteal -m "not browser and not jupyter" --durations=20 $(PASSED)
	$(PYTEST) -n logical --dist worksteal -m "browser and not jupyter"
	$(PYTEST) -m jupyter

test-arithmetic: $(READY) ## hold pages and core on other processors: make test-arithmetic MODES="Haswell down"
	$(BIN)/python tests/arithmetic.py $(if $(MODES),--modes $(MODES)) $(if $(filter no,$(TESTS)),--no-tests)

test-oracles: $(READY) ## hold the package against PyTorch, installing it first
	$(PIP) -r requirements-oracles.txt
	GDCOURSE_REQUIRE_ALL=1 $(PYTEST) -m oracle

test-exercises: $(READY) ## run every solution and mistake of the exercises through 200 seeds
	GDCOURSE_SEEDS=200 $(PYTEST) -n logical tests/checks

lint: $(READY) ## check the style of the code
	$(BIN)/ruff check .

bench: $(READY) ## measure training against PyTorch, scikit-learn and the floor
	$(BIN)/python benchmarks/training.py

bench-book: $(READY) ## measure the built pages and the widgets
	$(BIN)/python benchmarks/widgets.py
	$(BIN)/python benchmarks/book.py
	$(BIN)/python benchmarks/python.py

bench-grading: $(READY) ## measure grading against stock nbgrader
	$(BIN)/python benchmarks/grading.py

bench-attacks: $(READY) ## run the corpus of attacks through stock nbgrader, jailed, and through the engine
	$(BIN)/python benchmarks/attacks.py

demo-grading: $(READY) ## from nothing to a table of scores, in the sandbox
	$(BIN)/python exercises/demo.py

lab: notebooks ## open JupyterLab on the chapters
	$(BIN)/jupyter lab chapters

notebooks: $(READY) ## write a notebook beside each chapter, and the assignments' into assignments/
	$(BIN)/python _ext/gdcourse_notebooks.py chapters
	$(BIN)/python _ext/gdcourse_assignments.py assignments

widget: $(READY) ## write one widget's bare page: make widget NAME=path
	$(BIN)/python -m gdcourse.widgets $(NAME)

lock: $(READY) ## resolve the lock file again, and the part of it that Binder installs
	$(PIP) uv
	$(RESOLVE) --all-extras -c constraints.txt -o requirements.lock
	$(RESOLVE) --extra lab --extra build -c requirements.lock -o binder/requirements.txt

clean: ## remove what was built, keep the environment
	rm -rf _build exercises/source exercises/release exercises/submitted exercises/autograded exercises/feedback
