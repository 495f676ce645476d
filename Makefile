# make demo     starter weights, synthetic radiographs, training, Dice table, overlays and CSV: 25 minutes with AVX2
# make test     all tests but those of the longest pages of the docs, the end-to-end ones included
# make test-fast  all but the trainings and the runs of whole commands
# make test-pages the pages of the docs whose commands take longest, and the notebooks
# make bench    speed and memory, compared with the usual implementations
# make bench-train  the same for training steps and predictions of whole models: an hour
# make bench-jsrt   real radiographs: ours against a plain loop, equal wall time
# make docs     the site, in build/docs; warnings are errors
# make lint     style and types
# make newest   the commands that need no network, on the newest Python installed
# make env      the environment alone, in .venv; every other target makes it first
#
# Other Python:     make env PYTHON=python3.12
# An NVIDIA GPU:    make env LOCK=mmenv/requirements-cuda.txt
# Some tests only:  make test TESTS=tests/masks
# With coverage:    make test OPTIONS=--cov

PYTHON ?= python3
LOCK ?= mmenv/requirements-cpu.txt
TESTS ?= tests
OPTIONS ?=

VENV := .venv
RUN := $(VENV)/bin/python
# written when everything is installed; older than the lock or the packaging means: install again
INSTALLED := $(VENV)/$(basename $(notdir $(LOCK))).installed

DATA := data/phantom
WORK_DIR := work_dirs/demo
# segmentation_models.pytorch with what it needs, for tests and benchmarks
PLAIN := $(VENV)/bench
# MLflow and Weights & Biases with what they need, for tests
TRACKING := $(VENV)/tracking
# Sphinx with what it needs
SITE := $(VENV)/docs

# Tests of one file share what they train, so they stay in one process; the order of the files is
# that of their names, because the long ones come first in it.
SPREAD := -n 2 --dist loadfile --no-loadscope-reorder

# How long idle threads of PyTorch spin before they sleep. Sleeping between the short steps of a
# small network costs two fifths of the time, and spinning long takes cores from the data loader's workers.
export GOMP_SPINCOUNT ?= 20000
JSRT_CONFIG ?= configs/jsrt/folded_unet_384.py

.PHONY: env demo test test-fast test-pages bench bench-train bench-jsrt docs lint newest clean

env: $(INSTALLED)

# torch alone comes with its own dependencies, because a build for CUDA brings libraries that the
# CPU lock does not list; the reason for --no-deps in the rest is in the lock
$(INSTALLED): $(LOCK) setup.py requirements.txt | $(RUN)
	$(RUN) -m pip install --quiet --constraint $(LOCK) torch
	$(RUN) -m pip install --quiet --no-deps --requirement $(LOCK)
	$(RUN) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Debian's Python lacks ensurepip, with which venv installs pip; the system's pip does it then
$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo 'handbone needs Python 3.11, 3.12 or 3.13; $(PYTHON) is' \
	    "$$($(PYTHON) --version 2>&1). Name a different one: make env PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { \
	  $(PYTHON) -m venv --without-pip $(VENV) && \
	  $(PYTHON) -m pip --python $(RUN) install --quiet pip; } || { rm -rf $(VENV); exit 1; }

# first what the starter weights say about four phantoms, then a network of its own
demo: $(INSTALLED)
	$(RUN) tools/make_phantom.py $(DATA)_first --train 0 --test 4 --size 1024
	$(RUN) tools/predict.py $(DATA)_first/test/DCM --out-dir $(WORK_DIR)/starter --restart
	$(RUN) tools/make_phantom.py $(DATA) --train 400 --test 60 --size 1024 --workers 2
	$(RUN) tools/train.py configs/demo.py --work-dir $(WORK_DIR)
	$(RUN) tools/test.py configs/demo.py $(WORK_DIR) --tta --work-dir $(WORK_DIR)/test --show-dir $(WORK_DIR)/overlays --out $(WORK_DIR)/submission.csv

test: $(INSTALLED) $(PLAIN)/installed $(TRACKING)/installed
	OMP_NUM_THREADS=1 $(RUN) -m pytest $(SPREAD) -m 'not pages' $(TESTS) $(OPTIONS)

test-fast: $(INSTALLED)
	OMP_NUM_THREADS=1 $(RUN) -m pytest $(SPREAD) -m 'not slow and not pages' $(TESTS) $(OPTIONS)

test-pages: $(INSTALLED) $(PLAIN)/installed $(TRACKING)/installed
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 -m pages tests/docs $(OPTIONS)

bench: $(INSTALLED) $(PLAIN)/installed
	$(RUN) -m benchmarks

# on a GPU these rows run in bfloat16, and the losses have targets of their own
bench-train: $(INSTALLED) $(PLAIN)/installed
	$(RUN) -m benchmarks train_step loss.512 loss.1024 loss --repetitions 2

# JSRT radiographs: ours and a plain loop around segmentation_models.pytorch for the same wall time
bench-jsrt: $(INSTALLED) $(PLAIN)/installed
	$(RUN) -m benchmarks.studies.jsrt --config $(JSRT_CONFIG)

# kept apart: with a CPU build of torch, this torchvision would break the import of mmseg
$(PLAIN)/installed: mmenv/requirements-smp.txt | $(INSTALLED)
	rm -rf $(PLAIN)
	$(RUN) -m pip install --quiet --no-deps --target $(PLAIN) --requirement $<
	touch $@

$(TRACKING)/installed: mmenv/requirements-tracking.txt | $(INSTALLED)
	rm -rf $(TRACKING)
	$(RUN) -m pip install --quiet --no-deps --target $(TRACKING) --requirement $<
	touch $@

docs: $(SITE)/installed
	PYTHONPATH=$(SITE) $(RUN) -m sphinx -q -W --keep-going -d build/doctrees docs build/docs

$(SITE)/installed: mmenv/requirements-docs.txt | $(INSTALLED)
	rm -rf $(SITE)
	$(RUN) -m pip install --quiet --no-deps --target $(SITE) --requirement $<
	touch $@

lint: $(INSTALLED)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

newest: $(INSTALLED)
	.ci/newest

clean:
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
