"""Whatever is added, changed, removed and rolled back, an index holds what a dict would, and finds it exactly."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from sbert import SentenceTransformer
from sbert.index import Document, Index
from support.static import static_folder
from support.tiny import WORDS

texts = st.lists(st.sampled_from(WORDS[:40]), max_size=30).map(" ".join)
names = st.sampled_from([f"d{number}" for number in range(6)] + ["it's", "a#0"])
documents = st.builds(
    lambda name, text, n, colour: Document(name, text, {"n": n, "colour": colour}),
    names, texts, st.integers(0, 3), st.sampled_from([None, "red", "blue"]),
)  # fmt: skip
batches = st.lists(documents, max_size=4, unique_by=lambda document: document.id)
#: Conditions in SQL, and in Python.
CONDITIONS = {
    "n >= 2": lambda document: document.metadata["n"] >= 2,
    "colour = 'red' AND n < 3": lambda document: document.metadata["colour"] == "red" and document.metadata["n"] < 3,
    "colour IS NULL": lambda document: document.metadata["colour"] is None,
    "document LIKE 'd%' OR n = 1": lambda document: document.id.startswith("d") or document.metadata["n"] == 1,
}
CHUNK = 8


class AgainstADict(RuleBasedStateMachine):
    """An index beside a dict of its documents."""

    versions = Bundle("versions")

    @initialize(target=versions)
    def start(self):
        self.folder = Path(tempfile.mkdtemp())
        self.model = MODEL
        self.index = Index.create(self.folder / "x.lance", self.model, chunk_tokens=CHUNK)
        # The columns are there from the start, so that every condition can be asked.
        self.index.add([Document("first", "a cat", {"n": 0, "colour": "red"})])
        self.held = {"first": Document("first", "a cat", {"n": 0, "colour": "red"})}
        return self.index.version, dict(self.held)

    @rule(batch=batches)
    def add(self, batch):
        changes = self.index.add(batch)
        assert changes.added == len({document.id for document in batch} - self.held.keys())
        assert changes.unchanged == sum(self.held.get(document.id) == document for document in batch)
        self.held |= {document.id: document for document in batch}

    @rule(batch=batches)
    def sync(self, batch):
        changes = self.index.sync(batch)
        new = {document.id: document for document in batch}
        assert changes.removed == len(self.held.keys() - new.keys())
        self.held = new

    @rule(data=st.data())
    def remove(self, data):
        if self.held:
            gone = data.draw(st.lists(st.sampled_from(sorted(self.held)), unique=True))
            assert self.index.remove(gone) == len(gone)
            for name in gone:
                del self.held[name]

    @rule(where=st.sampled_from(sorted(CONDITIONS)))
    def remove_where(self, where):
        gone = [name for name, document in self.held.items() if CONDITIONS[where](document)]
        assert self.index.remove(where=where) == len(gone)
        for name in gone:
            del self.held[name]

    @rule(target=versions)
    def remember(self):
        return self.index.version, dict(self.held)

    @rule(version=versions)
    def roll_back(self, version):
        number, held = version
        self.index.rollback(number)
        self.held = dict(held)

    @rule()
    def reopen(self):
        self.index = Index.open(self.folder / "x.lance", self.model)

    @rule()
    def optimize(self):
        self.index.optimize()

    @rule(query=texts.filter(str.strip), where=st.sampled_from([None, *CONDITIONS]), top_k=st.integers(1, 30))
    def search(self, query, where, top_k):
        """Dense search finds the best scores that there are, among all passages of which the condition holds."""
        passages = self.passages(where)
        found = self.index.search(query, top_k, where=where, mode="dense")
        assert len(found) == min(top_k, len(passages))
        query_vector = self.model.encode_query(query)
        expected = sorted((float(query_vector @ vector) for vector in passages.values()), reverse=True)
        np.testing.assert_allclose([hit.score for hit in found], expected[:top_k], atol=1e-5)
        for hit in found:
            assert hit.score == pytest.approx(float(query_vector @ passages[hit.document, hit.span]), abs=1e-5)
            assert self.held[hit.document].text[slice(*hit.span)] == hit.passage
        by_words = self.index.search(query, top_k, where=where, mode="text")
        assert len(self.index.search(query, top_k, where=where)) == min(top_k, len(passages))
        assert {(hit.document, hit.span) for hit in by_words} <= passages.keys()

    def passages(self, where):
        """The vector of each passage of which a condition holds, by its document and span."""
        kept = [document for document in self.held.values() if where is None or CONDITIONS[where](document)]
        chunks = self.model.encode_chunks([document.text for document in kept], chunk_tokens=CHUNK)
        rows = zip(chunks.text_index.tolist(), chunks.spans.tolist(), chunks.vectors, strict=True)
        return {(kept[number].id, tuple(span)): vector for number, span, vector in rows if span[0] < span[1]}

    @invariant()
    def holds_what_the_dict_holds(self):
        stored = self.index._store.documents()
        assert {name: stored.hash for name, stored in stored.items()} == {
            name: document.whole_hash() for name, document in self.held.items()
        }
        rows = self.index._store.table.search().select(["id", "part", "document", "passage"]).to_arrow().to_pylist()
        assert len({row["id"] for row in rows}) == len(rows)
        for name, document in self.held.items():
            parts = sorted((row["part"], row["passage"]) for row in rows if row["document"] == name)
            assert [part for part, _ in parts] == list(range(len(parts)))
            assert set(" ".join(text for _, text in parts).split()) == set(document.text.split())

    def teardown(self):
        shutil.rmtree(getattr(self, "folder", ""), ignore_errors=True)


MODEL = None


@pytest.fixture(autouse=True, scope="module")
def _model(tmp_path_factory):
    global MODEL
    MODEL = SentenceTransformer(str(static_folder(tmp_path_factory.mktemp("fuzz-model"))))


AgainstADict.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAgainstADict = AgainstADict.TestCase
