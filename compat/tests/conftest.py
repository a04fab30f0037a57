"""Tests of the compat package never use the network, and none reads the caches of the person who runs it."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest


@pytest.fixture(autouse=True, scope="session")
def _own_caches(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBERT_CACHE", str(tmp_path_factory.mktemp("sbert-cache")))
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub-home")))
        yield


@pytest.fixture(scope="session")
def minilm():
    """The real all-MiniLM-L6-v2, under the name that libraries load it by."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer("all-MiniLM-L6-v2")
