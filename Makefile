# The front door. Every target is one script in scripts/; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run build test lint format tidy bench bench-gateway bench-search fuzz soak package clean

REPO ?=
ASK ?=
ONCE ?=
PORT ?=
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600
export REPO ASK ONCE PORT

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run:  ## install, build, index, serve and answer one question [REPO=dir] [ASK="..."] [ONCE=1] [PORT=n]
	@scripts/run

build:  ## build/release/promethean
	@scripts/bootstrap build && scripts/build release promethean

test:  ## install, build and run every test
	@scripts/test

lint:  ## layout, layers, forbidden words, scripts
	@scripts/bootstrap lint && scripts/lint

format:  ## lay the sources out anew
	@scripts/bootstrap lint && scripts/lint --fix

tidy:  ## clang-tidy over src/ [FILES="..."]
	@scripts/bootstrap tidy && scripts/tidy $(FILES)

bench:  ## throughput beside nginx, memory per connection and stream, latency
	@scripts/bootstrap bench && scripts/build release promethean && build/venv/bin/python bench/run.py

bench-gateway:  ## what going through it costs, beside nginx and LiteLLM in the same run [ROUNDS=n]
	@scripts/bootstrap bench-gateway && scripts/build release promethean load mock_upstream && build/venv/bin/python bench/gateway/run.py

bench-search:  ## fourteen classes of grep over the linux tree, beside ripgrep 15 in the same run [ROUNDS=n]
	@scripts/bootstrap bench-search && scripts/build release grep_bench && build/venv/bin/python bench/search/run.py

fuzz:  ## every fuzz target for FUZZ_SECONDS (default 60) each [TARGETS="..."]
	@scripts/bootstrap fuzz && SECONDS_EACH=$(FUZZ_SECONDS) scripts/fuzz $(TARGETS)

soak:  ## mixed load for SOAK_SECONDS (default 600); memory and descriptors must stay flat
	@scripts/bootstrap test && scripts/build release promethean && build/venv/bin/python tests/soak.py $(SOAK_SECONDS)

package:  ## build/package/out: *.deb and *.tar.gz
	@scripts/bootstrap package && scripts/package

clean:  ## remove what was built; keeps the fetched assets and the compiler cache
	@rm -rf $(filter-out build/assets build/venv build/litellm-venv build/linux-source build/stamps,$(wildcard build/*))
