# Everything a developer does, one word each. Needs Python 3.10+, a C++ compiler and make; the rest
# is installed into .venv by the first command.

PYTHON ?= python3
# ON: compiler warnings are errors, as in continuous integration.
WERROR ?= OFF
# Kernels for GPUs: auto (where nvcc is found), on, off. They take minutes to compile.
CUDA ?= auto
# For which of them: all, or some in half the time, as in continuous integration.
GPUS ?= all

BIN := .venv/bin
BUILD := build/dev
# Where `make bench` writes; those that the README shows: make bench RESULTS=benchmarks/results.
RESULTS ?= build/benchmarks
# A process for each core. passive: threads that spin while they wait would keep the others' from it.
PYTEST := OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses auto --dist worksteal
# Each allocation by itself, or accesses past its end would be those of its neighbour.
SANITIZER := PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer --error-exitcode 1
CPP := $(shell find cpp cuda tests/cpp -name '*.[ch]pp' -o -name '*.h' -o -name '*.cu')
BUILT := .venv/built-werror-$(WERROR)-cuda-$(CUDA)-gpus-$(GPUS)

# Keras asks once, when it is imported. Tests of its other backends have a process for each.
export KERAS_BACKEND := torch
INSTALLED := $(BIN)/python -c 'import sys; from importlib.util import find_spec; sys.exit(not find_spec(sys.argv[1]))'
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test sanitize build bench gpu docs lint format clean

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: build ## Train five models twice, with the framework's losses and with ours, on each backend
	$(BIN)/python examples/demo.py

test: build ## Run the tests, the examples in docstrings and the programs of tests/cpp
	$(BIN)/cmake --build $(BUILD) --target cpp_tests
	$(PYTEST)
	! $(INSTALLED) jax || KERAS_BACKEND=jax $(PYTEST) tests/keras
	! $(INSTALLED) tensorflow || KERAS_BACKEND=tensorflow $(PYTEST) tests/keras tests/tensorflow
	$(BIN)/ctest --test-dir $(BUILD) --output-on-failure --parallel 2

sanitize: build ## Run the programs of the emulated GPU under sanitizers: minutes
	$(BIN)/cmake --build $(BUILD) --target cpp_tests sanitized_tests
	cd $(BUILD)/cuda/emulator && ./emulated_bugs_sanitized && ./emulated_teams_sanitized \
	  && ./emulated_interface_sanitized && ./emulated_rows_sanitized --quick

build: $(BUILT) ## Compile, and install into .venv

bench: build .venv/installed-bench ## Measure against torch, Keras on JAX, scikit-learn and NumPy: about an hour
	$(BIN)/python -m pytest benchmarks --benchmark-only
	$(BIN)/python benchmarks/compare.py --save $(RESULTS)/cpu
	$(BIN)/python benchmarks/compare.py --sweep --save $(RESULTS)/sweep
	$(BIN)/python benchmarks/threads.py > $(RESULTS)/threads.md

gpu: build .venv/installed-gpu ## On a machine with a GPU and CUDA: test the kernels there, and measure them
	$(BIN)/python benchmarks/gpu.py --check
	$(BIN)/python -m pytest tests/cuda
	$(SANITIZER) --tool memcheck $(BIN)/python -m pytest tests/cuda/test_cuda_autograd.py -k hardware
	$(SANITIZER) --tool racecheck $(BIN)/python -m pytest tests/cuda/test_cuda_autograd.py -k hardware
	$(BIN)/python benchmarks/gpu.py --save benchmarks/results/gpu

docs: build ## Write docs/losses.md, its pictures, and the README's tables of losses and of speed
	$(BIN)/python docs/_build/build.py
	$(BIN)/python benchmarks/readme.py

lint: build ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run -Werror $(CPP)
	$(BIN)/mypy

format: .venv/installed ## Rewrite the sources in the project's style
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(CPP)

clean: ## Remove what was built; .venv and its packages stay
	rm -rf build .venv/built-* .benchmarks .mypy_cache .pytest_cache .ruff_cache

# Editable, so that an edit of a Python file counts at once; a compiled module that rebuilds itself
# on import was rejected, since every import of the package would then run CMake: here make does,
# when a source is newer. Without isolation, so that the build directory and its objects can be used
# again. --verbose: compiling takes minutes, and warnings should be seen.
$(BUILT): .venv/installed CMakeLists.txt cuda/CMakeLists.txt pyproject.toml $(CPP)
	$(BIN)/python -m pip install --verbose --no-build-isolation --no-deps --no-index \
	  --config-settings=build-dir=$(BUILD) \
	  --config-settings=cmake.define.FUSEDLOSS_TESTS=ON \
	  --config-settings=cmake.define.FUSEDLOSS_WERROR=$(WERROR) \
	  --config-settings=cmake.define.FUSEDLOSS_CUDA=$(CUDA) \
	  --config-settings=cmake.define.FUSEDLOSS_GPUS=$(GPUS) \
	  --editable .
	@touch $@

.venv/installed: requirements-dev.txt | .venv/created
	$(BIN)/python -m pip install --requirement requirements-dev.txt
	@touch $@

# Where these can not be had, the benchmarks say which providers are missing.
.venv/installed-bench: requirements-bench.txt | .venv/installed
	-$(BIN)/python -m pip install --requirement $<
	@touch $@

# Each by itself: one that can not be had must not keep the others out.
.venv/installed-gpu: requirements-gpu.txt | .venv/installed
	-sed 's/#.*//' $< | xargs -n 1 $(BIN)/python -m pip install
	@touch $@

# --clear: what an interrupted run left behind is not built upon.
.venv/created:
	@$(PYTHON) -c 'import ensurepip, os, sys, sysconfig; \
	  header = os.path.join(sysconfig.get_path("include"), "Python.h"); \
	  sys.exit(sys.version_info < (3, 10) or not os.path.exists(header))' 2> /dev/null \
	  && command -v $${CXX:-c++} > /dev/null \
	  || { printf '%s\n' >&2 \
	  'Needed: Python 3.10+ with its headers and the module venv, and a C++ compiler.' \
	  'On Debian and Ubuntu:' \
	  '  sudo apt-get install g++ $(notdir $(PYTHON))-dev $(notdir $(PYTHON))-venv' \
	  'Another Python: make PYTHON=python3.12'; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@touch $@
