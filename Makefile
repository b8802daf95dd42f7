# `make` says what there is. Everything runs in .venv, which `make setup` creates.
# PYTHON=...  the interpreter to build .venv with (3.11 or newer)
# SLOW=1      run the slow tests as well
# WORKERS=2   how many processes run tests side by side; files are never split
# AGAIN=1     run tests that failed once more, alone, when all have run; who fails twice has failed

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready
PYTEST_ARGS ?=
BENCH_ARGS ?=
WORKERS ?= 2
NO_CLOCK := tests/live/test_same.py $(patsubst %,tests/gateway/test_%.py,access config deploy rtp)
AGAINST_THE_CLOCK := $(filter-out $(NO_CLOCK),$(wildcard tests/live/test_*.py tests/gateway/test_*.py))
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile
SLOW_ARGS := $(if $(SLOW),-m "not ray")

# Which tests, and how they run; 1 is what pytest says when all ran and some failed.
pytest = $(BIN)/python -m pytest $(2) $(1) $(PYTEST_ARGS) || { test $$? = 1 -a -n "$(AGAIN)" && $(BIN)/python -m pytest --last-failed --last-failed-no-failures none $(1) $(PYTEST_ARGS); }

.DEFAULT_GOAL := help
.PHONY: help setup wheel man completions site retell ray onvif test-ray programs lint types layers unit test demo footage lock bench-leaks bench-live bench-live-detail bench-speed bench-metadata bench-noise bench-people bench-verify bench-voices explore fuzz formats clean
.DELETE_ON_ERROR:

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(READY)  ## create .venv with the locked dependencies and Passerby in it

$(LOCKED): requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "python3-venv is needed: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r requirements-dev.lock
	@touch $@

$(READY): $(LOCKED) pyproject.toml hatch_build.py tools/weights.py tools/centerface.py tools/centerface.txt tools/yunet.py tools/yunet.txt tools/pptext.py tools/pptext.txt tools/silero.py tools/silero.txt tools/npm.py tools/node.txt tools/tfjs.py tools/nanodet.py tools/selfie.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

attack: $(READY)  ## add what verify --attack and its tests need, for faces and voices (116 MB)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r tools/attack-build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes -r requirements-attack.lock

retell: $(READY)  ## add what transcribe needs for English (85 MB)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r requirements-retell.lock

ray: $(READY)  ## add what batch --ray and its tests need (90 MB)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r requirements-ray.lock

ONVIF := build/onvif-venv
$(ONVIF)/.ready: requirements-onvif.lock
	@$(PYTHON) -m venv --clear $(ONVIF)
	$(ONVIF)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r requirements-onvif.lock
	@touch $@

onvif: $(ONVIF)/.ready  ## a camera that is not ours, for the tests of `passerby cameras` (150 MB, apart)

programs:  ## install from Debian, as root, what a few tests need besides
	@sh tools/programs.sh

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

footage: $(READY)
	$(BIN)/python tools/fetch_footage.py

unit: $(READY)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(SLOW_ARGS) $(PYTEST_ARGS)

test: lint types layers footage  ## every check: style, types, layers, tests; what runs against the clock, by itself
	$(call pytest,$(SLOW_ARGS) $(AGAINST_THE_CLOCK:%=--ignore=%),$(SIDE_BY_SIDE))
	$(call pytest,$(SLOW_ARGS) $(AGAINST_THE_CLOCK),$(SIDE_BY_SIDE))

wheel: $(READY)  ## a wheel in build/dist that installs with Python 3.11 or newer
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/dist .

man: $(READY)  ## the man page, build/man/passerby.1
	$(BIN)/python tools/man.py build/man

completions: $(READY)  ## what shells complete, in build/completions, for those who package
	$(BIN)/python tools/completions.py build/completions

SITE := build/site-venv
$(SITE)/.ready: requirements-site.lock
	@$(PYTHON) -m venv --clear $(SITE)
	$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r requirements-site.lock
	@touch $@

site: $(SITE)/.ready  ## the documents as a site in build/site, which fetches nothing
	NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet
	$(SITE)/bin/python tools/site.py build/site

test-ray: footage  ## a batch on a real cluster of several nodes, some of which die; after `make ray`
	$(BIN)/python -m pytest -m ray tests/ray $(PYTEST_ARGS)

demo: footage  ## redact a real clip and a real photo, and show before and after
	$(BIN)/python tools/demo.py

bench-leaks: $(READY)  ## how many faces stay bare, per clip
	$(BIN)/python benchmarks/leaks.py $(BENCH_ARGS)

bench-live: $(READY)  ## cameras: how far behind, whom they show, what they cost
	$(BIN)/python benchmarks/live.py $(BENCH_ARGS)

bench-live-detail: $(READY)  ## cameras: whom coarser looks leave bare, without a clock
	$(BIN)/python benchmarks/live_detail.py $(BENCH_ARGS)

bench-speed: $(READY)  ## the time it takes against a pure transcode
	$(BIN)/python benchmarks/speed.py $(BENCH_ARGS)

bench-metadata: $(READY)  ## what exiftool and ffprobe see in redacted films
	$(BIN)/python benchmarks/metadata.py $(BENCH_ARGS)

bench-noise: $(READY)  ## can outputs be linked to the camera by its noise
	$(BIN)/python benchmarks/camera_noise.py $(BENCH_ARGS)

bench-verify: $(READY)  ## what verification finds, what repair changes, and what both cost
	$(BIN)/python benchmarks/verifying.py $(BENCH_ARGS)

bench-people: $(READY)  ## how many people and heads stay bare in photos
	$(BIN)/python benchmarks/people.py $(BENCH_ARGS)

bench-reidentify: $(READY)  ## how often hidden faces are matched with their originals, per style
	$(BIN)/python benchmarks/reidentify.py $(BENCH_ARGS)

bench-voices: $(READY)  ## who can still be told by his voice, however it was changed
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/voices.py $(BENCH_ARGS)

explore: $(READY)  ## the property tests with EXAMPLES=2000 new examples each
	EXPLORE=$(or $(EXAMPLES),2000) $(BIN)/python -m pytest -m "" -q -p no:cacheprovider $(or $(PROPERTIES),$$(grep -rl 'from hypothesis' tests --include='test_*.py')) $(PYTEST_ARGS)

fuzz: $(READY)  ## damaged and lying files for SECONDS=600 (SEED=...); bad ones stay in build/fuzz
	$(BIN)/python tools/fuzz.py --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

formats: $(READY)  ## rebuild docs/reference/formats.md from what the files that tests make become
	$(BIN)/python tools/formats.py

lock: $(READY)  ## resolve the dependencies anew and write both lock files
	$(BIN)/python tools/lock.py

clean:  ## remove what was built; .venv too
	rm -rf $(VENV) build demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
