"""A database of each kind that runs here, and indexes to upload."""

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from sbert import SentenceTransformer
from sbert.index import Index
from support.databases import KINDS
from support.static import static_folder
from support.tiny import WORDS


@pytest.fixture(scope="module", params=KINDS)
def database(request, tmp_path_factory):
    kind = KINDS[request.param]
    for module in kind.modules:
        pytest.importorskip(module, reason=f"pip install 'sbert[{request.param}]'")
    made = kind(tmp_path_factory.mktemp(request.param))
    made.kind = request.param
    yield made
    made.stop()


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A model for each way of comparing vectors; lengths count where they may."""
    folder = static_folder(tmp_path_factory.mktemp("model"), normalize=False)
    return {
        similarity: SentenceTransformer(str(folder), similarity_fn_name=similarity)
        for similarity in ("cosine", "dot", "euclidean")
    }


@pytest.fixture(scope="session")
def texts():
    generator = np.random.default_rng(0)
    return [f"{' '.join(generator.choice(WORDS, 5))} {number}" for number in range(120)]


@pytest.fixture(scope="session")
def indexes(tmp_path_factory, models, texts):
    """An index for each way, with all that documents may have."""
    made = {}
    for similarity, model in models.items():
        index = Index.create(tmp_path_factory.mktemp("index") / f"{similarity}.lance", model, chunk_tokens=16)
        index.add(
            [
                {"id": f"d{n}", "text": text, "year": 2000 + n, "share": n / 2, "open": n % 2 == 0}
                for n, text in enumerate(texts)
            ]
        )
        index.add(
            [
                {"id": "long", "text": " ".join(texts[:9]), "kind of": "Größe 'x' \"y\" 🙂"},
                {"id": "blank", "text": " "},
                {"id": "a/b c#1?é", "text": "the cat sleeps", "when": "2024-02-30"},
            ]
        )
        made[similarity] = index
    return made
