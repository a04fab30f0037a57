"""Tiny random models of each family, and a client of a server that has them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from sbert import CrossEncoder, SentenceTransformer, SparseEncoder
from sbert.server import create_app
from support.tiny import make_tiny_cross_encoder, make_tiny_model, make_tiny_splade


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny-bert", "bert")


@pytest.fixture(scope="session")
def dense(folder):
    return SentenceTransformer(folder, prompts={"query": "what is "}, on_truncation="ignore")


@pytest.fixture(scope="session")
def scorer(tmp_path_factory):
    return CrossEncoder(make_tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny-cross", "bert"))


@pytest.fixture(scope="session")
def sparse(tmp_path_factory):
    return SparseEncoder(make_tiny_splade(tmp_path_factory.mktemp("models") / "tiny-splade", "bert"))


@pytest.fixture(scope="session")
def client(dense, sparse, scorer):
    with TestClient(create_app([dense, sparse], reranker=scorer)) as client:
        yield client
