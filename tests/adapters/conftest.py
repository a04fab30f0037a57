"""Models and an index that the adapters share; nothing is sent anywhere."""

import os

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
os.environ["LANGCHAIN_TRACING_V2"] = "false"

import pytest

from sbert import CrossEncoder, Index, SentenceTransformer
from support.shared import json_lines
from support.tiny import make_tiny_cross_encoder


@pytest.fixture(scope="session")
def model():
    prompts = {"query": "what is ", "document": "text: "}
    return SentenceTransformer("all-MiniLM-L6-v2", prompts=prompts, on_truncation="ignore")


@pytest.fixture(scope="session")
def scorer(tmp_path_factory):
    return CrossEncoder(make_tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny-cross", "bert"))


@pytest.fixture(scope="session")
def scifact(tmp_path_factory, model):
    rows = json_lines("retrieval/scifact/corpus.jsonl.gz")[:40]
    index = Index.create(tmp_path_factory.mktemp("indexes") / "scifact.lance", model)
    index.add([{"id": str(number), "text": row["title"], "n": number} for number, row in enumerate(rows)])
    return index, [row["title"] for row in rows]
