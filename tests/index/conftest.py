"""A small static model for the tests of the index: its vectors take no time, and it knows words apart."""

import pytest

from sbert import SentenceTransformer
from support.static import static_folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    return static_folder(tmp_path_factory.mktemp("index-model"))


@pytest.fixture(scope="session")
def model(model_folder):
    return SentenceTransformer(str(model_folder))


@pytest.fixture
def index(tmp_path, model):
    """An empty index, whose passages have 16 tokens at the most."""
    pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")
    from sbert.index import Index

    return Index.create(tmp_path / "index.lance", model, chunk_tokens=16)
