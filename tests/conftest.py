"""Fixtures that several test modules share."""

from __future__ import annotations

import os

# Tests never use the network; set before any library reads it.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import pytest

from sbert import SentenceTransformer


@pytest.fixture(autouse=True)
def _own_caches(tmp_path, monkeypatch):
    """No test reads or writes the caches of the person who runs it; models unpacked by slow tests are kept apart."""
    if "SBERT_TEST_CACHE" not in os.environ:
        monkeypatch.setenv("SBERT_CACHE", str(tmp_path / "sbert-cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub-home"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("SENTENCE_TRANSFORMERS_HOME", raising=False)


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
