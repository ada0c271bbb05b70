# The package's commands; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# System libraries the build links, pkg-config, by which it finds them, and what the tests check the model with.
PACKAGES := libopenblas-dev libjemalloc-dev pkg-config spin gcc g++ valgrind
# What `make demo` passes on; `make demo RUN="--seconds 300 --devices 4"` runs longer.
RUN ?= --seconds 60

.PHONY: fuzz call-overhead test-languages wheel test-python test-torch test-engines library install test-library help setup build demo test sanitize examples bench optimality figures docs format clean

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	  printf 'make %-13s %s\n' "$$name" "$$text"; done

setup: ## Install the system packages that are missing (Debian and Ubuntu)
	@missing=; \
	for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	as_root=; \
	if [ "$$(id -u)" -ne 0 ]; then \
	  command -v sudo >/dev/null || { echo "as root, first: apt-get install$$missing" >&2; exit 1; }; \
	  as_root=sudo; \
	fi; \
	echo "installing$$missing"; \
	$$as_root apt-get update -qq && \
	$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

build: setup ## Build the release products
	swift build -c release

LIBRARY := .build/library
# Where `make install` puts the C library; DESTDIR stands before it for packaging.
PREFIX ?= /usr/local

library: setup ## Build the C library, shared and static, into .build/library
	swift build -c release --product BallastC
	mkdir -p $(LIBRARY)
	Library/link "$$(swift build -c release --show-bin-path)/libBallastC.a" $(LIBRARY)/libballast.so \
	  libballast.so.$$(sed -n 's/^#define BALLAST_VERSION_MAJOR //p' Sources/CBallast/include/ballast.h)
	Library/archive "$$(swift build -c release --show-bin-path)/libBallastC.a" $(LIBRARY)/libballast.a

install: library ## Install the C library, its headers, ballast.pc and the CMake configuration (PREFIX=/usr/local)
	Library/install "$(PREFIX)" "$(DESTDIR)"

test-library: library ## Build the C and C++ examples against an installed library, and check what it needs and exports
	Library/check

test-languages: library ## Build and run the Rust and Go examples where rustc and go are there
	Library/check-languages

wheel: library ## Build the Python package into dist/ballast-*.whl
	Library/wheel

# What the tests of the package need where there is no package index.
PYTHON_PACKAGES := python3-venv python3-numpy python3-pytest
CLEAN := .build/python-clean
ENVIRONMENT := Library/environment $(CLEAN) numpy pytest

# Python is optional: where it cannot be had, everything else is built and tested.
test-python: library ## Install the wheel into an environment of its own, run its tests and its example
	@$(ENVIRONMENT) || { $(MAKE) setup PACKAGES="$(PYTHON_PACKAGES)" && $(ENVIRONMENT); } || \
	  echo "the Python package is not tested" >&2
	@[ ! -d $(CLEAN) ] || { Library/wheel && Library/check-python $(CLEAN); }

# TORCH="torch==2.13.0+cpu" and its like take another distribution of torch than the index has by default, which is large.
export TORCH ?= torch
test-torch: wheel ## Run the bundled model in transformers with its experts computed by Ballast (downloads torch)
	Library/torch
	.build/python-torch/bin/python -m pytest --quiet -p no:cacheprovider Tests/PythonTests/test_transformers.py

test-engines: wheel ## Run the policies for vLLM and SGLang inside their own modules (downloads them, and torch)
	Library/engines

demo: build ## Serve the bundled model, static and adaptive in turn, for about a minute
	.build/release/ballast run $(RUN)

# The import check sees undeclared imports, which compile silently otherwise.
test: setup examples ## Run the examples, check that every import is declared, then run every test
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --parallel --explicit-target-dependency-import-check error

# The runner itself leaks, so leaks are not looked for.
# SECONDS is for each of the two; `make fuzz SECONDS=300` looks longer.
SECONDS ?= 30
fuzz: ## Feed random calls and files to the C interface and the parsers (SECONDS=30 each)
	Tests/Fuzz/run "$(SECONDS)"

call-overhead: ## Measure what a call of the C interface costs beside the Swift call
	swift build -c release --product CallOverhead
	.build/release/CallOverhead

sanitize: ## Run the stress tests under ThreadSanitizer, then under AddressSanitizer
	swift test --package-path Tests/Sanitized --sanitize=thread --scratch-path .build/sanitized-thread
	ASAN_OPTIONS=detect_leaks=0 swift test --package-path Tests/Sanitized --sanitize=address \
	  --scratch-path .build/sanitized-address

examples: setup ## Run every example and compare what it prints with its expected.txt
	@for folder in Examples/Sources/*; do \
	  swift run --quiet --package-path Examples $${folder##*/} | diff $$folder/expected.txt - \
	    || { echo "$$folder does not print its expected.txt" >&2; exit 1; }; \
	  echo "$$folder prints what is expected"; \
	done

BENCH := .build/bench
# What `make bench` passes on; `make bench SECONDS_EACH=5` measures each row longer.
SECONDS_EACH ?= 1

# Allocations are counted through jemalloc, which the benchmark tool finds by the module map in CPATH.
bench: setup ## Measure the serving path: a table beside its floors, NumPy on the same batch, allocations
	swift build -c release --product ballast
	mkdir -p $(BENCH)
	.build/release/ballast bench all --seconds $(SECONDS_EACH) --json $(BENCH)/figures.json --save-batch $(BENCH)/batch.json
	@if python3 -c 'import numpy' 2>/dev/null; then \
	  python3 Benchmarks/Comparison/numpy_dispatch.py $(BENCH)/batch.json $(BENCH)/figures.json; \
	else \
	  echo "no comparison with NumPy: install python3-numpy"; \
	fi
	cd Benchmarks && CPATH="$$PWD/jemalloc" swift package --disable-sandbox \
	  --allow-writing-to-package-directory benchmark thresholds check --no-progress --metric mallocCountTotal
	swift build -c release --product ballast
	.build/release/ballast bench experts

# `make optimality TRACES="more.npy"` judges windows of other traces too.
TRACES ?=
INSTANCES ?= 1200
optimality: build ## Compare dispatch with the optimum of a solver (installs highspy into .build/solver)
	mkdir -p $(BENCH)
	test -x .build/solver/bin/python || python3 -m venv .build/solver
	.build/solver/bin/python -c 'import highspy' 2>/dev/null || .build/solver/bin/pip install --quiet highspy
	.build/release/ballast bench instances --count $(INSTANCES) --json $(BENCH)/instances.json \
	  $(foreach trace,Examples/Traces/deepseek-v2-lite/intent.ids.npy $(TRACES),--trace $(trace))
	.build/solver/bin/python Benchmarks/Optimality/compare.py $(BENCH)/instances.json --worst $(BENCH)/broken.json

figures: build ## Draw the figures of docs/performance.md
	.build/release/ballast figure activation --svg docs/images/activation.svg
	.build/release/ballast figure borrowing --svg docs/images/borrowing-speed.svg \
	  --memory-svg docs/images/borrowing-memory.svg

docs: setup ## Build the reference of the Swift libraries into .build/docs; a warning is an error
	swift build --product ballast
	Library/reference

format: ## Lay the sources out
	swift format --in-place --parallel --recursive Package.swift Sources Tests \
	  Examples/Package.swift Examples/Sources Benchmarks/Package.swift Benchmarks/Benchmarks

clean: ## Remove what was built
	rm -rf .build dist Benchmarks/.build Examples/.build Tests/Sanitized/.build
