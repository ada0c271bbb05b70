# The package's commands; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# System libraries the build links, and pkg-config, by which it finds them.
PACKAGES := libopenblas-dev libjemalloc-dev pkg-config
# What `make demo` passes on; `make demo RUN="--seconds 300 --devices 4"` runs longer.
RUN ?= --seconds 60

.PHONY: help setup build demo test examples bench docs format clean

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	  printf 'make %-8s %s\n' "$$name" "$$text"; done

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

demo: build ## Serve the bundled model, static and adaptive in turn, for about a minute
	.build/release/ballast run $(RUN)

# The import check sees undeclared imports, which compile silently otherwise.
test: setup examples ## Run the examples, check that every import is declared, then run every test
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --parallel --explicit-target-dependency-import-check error

examples: setup ## Run every example and compare what it prints with its expected.txt
	@for folder in Examples/Sources/*; do \
	  swift run --quiet --package-path Examples $${folder##*/} | diff $$folder/expected.txt - \
	    || { echo "$$folder does not print its expected.txt" >&2; exit 1; }; \
	  echo "$$folder prints what is expected"; \
	done

# Allocations are counted through jemalloc, which the benchmark tool finds by the module map in CPATH.
bench: setup ## Measure the serving path and compare its allocations with the thresholds in git
	cd Benchmarks && CPATH="$$PWD/jemalloc" swift package --disable-sandbox \
	  --allow-writing-to-package-directory benchmark thresholds check --no-progress --metric mallocCountTotal
	swift build -c release --product ballast
	.build/release/ballast bench experts

SYMBOLS := .build/symbols
docs: setup ## Build the reference of the embeddable modules into .build/docs
	swift package dump-symbol-graph --minimum-access-level public
	rm -rf $(SYMBOLS) && mkdir -p $(SYMBOLS)
	cd "$$(swift build --show-bin-path)/../symbolgraph" && \
	  cp Ballast.symbols.json BallastRuntime.symbols.json BallastGating.symbols.json BallastControl.symbols.json \
	    "$(CURDIR)/$(SYMBOLS)"
	docc convert --fallback-display-name Ballast --fallback-bundle-identifier ballast \
	  --additional-symbol-graph-dir $(SYMBOLS) --transform-for-static-hosting --output-path .build/docs

format: ## Lay the sources out
	swift format --in-place --parallel --recursive Package.swift Sources Tests \
	  Examples/Package.swift Examples/Sources Benchmarks/Package.swift Benchmarks/Benchmarks

clean: ## Remove what was built
	rm -rf .build Benchmarks/.build Examples/.build
