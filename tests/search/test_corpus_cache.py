"""The cache of a corpus's vectors: right or made anew, never wrong."""

import os
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from sbert.data.beside import SUFFIX
from sbert.search import corpus_cache
from sbert.search.corpus_cache import KEPT, corpus_key, embed_corpus

TEXTS = ["a cat", "a dog", "a fish"]


@dataclass
class FakeModel:
    """Has of a model what the cache needs; a vector holds a text's length and how often the model was asked."""

    fingerprint: str = "f"
    prompts: dict = field(default_factory=dict)
    default_prompt_name: str | None = None
    truncate_dim: int | None = None
    calls: list = field(default_factory=list)

    def encode_document(self, inputs, **options):
        self.calls.append(options)
        return np.array([[len(text), len(self.calls)] for text in inputs], np.float32).reshape(-1, 2)


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A corpus file in a folder of its own, and sbert's cache folder in another."""
    monkeypatch.setenv("SBERT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "corpus.txt"
    path.write_text("\n".join(TEXTS))
    return path


def test_second_time_is_read(corpus):
    """The same texts and model: read, not embedded, and said so."""
    model = FakeModel()
    first, second = embed_corpus(model, TEXTS, corpus), embed_corpus(model, TEXTS, corpus)
    assert len(model.calls) == 1
    assert (first.from_cache, second.from_cache) == (False, True)
    assert np.array_equal(first.embeddings, second.embeddings)
    assert second.embeddings.dtype == np.float32
    assert first.folder == second.folder
    assert first.folder.parent == corpus.with_name("corpus.txt" + SUFFIX)
    assert "3 texts were embedded" in first.note
    assert "were read from" in second.note
    assert "from the cache" in repr(second)


@pytest.mark.parametrize(
    "other",
    [
        {"fingerprint": "g"},
        {"prompts": {"document": "passage: "}},
        {"default_prompt_name": "document"},
        {"truncate_dim": 1},
    ],
)
def test_another_model_is_another_entry(other):
    """Whatever changes the vectors changes the key."""
    assert corpus_key(FakeModel(), TEXTS) != corpus_key(FakeModel(**other), TEXTS)


@pytest.mark.parametrize("texts", [TEXTS[:2], TEXTS[::-1], ["a cata", " dog", "a fish"], ["a cat", "a dog", "a fisH"]])
def test_other_texts_are_another_entry(texts):
    """Other texts, another order, or the same characters divided in another way."""
    assert corpus_key(FakeModel(), TEXTS) != corpus_key(FakeModel(), texts)


def test_options(corpus):
    """Options that change the vectors are part of the key; those for display are not; both reach the model."""
    model = FakeModel()
    embed_corpus(model, TEXTS, corpus, options={"truncate_dim": 2}, display_options={"show_progress_bar": True})
    assert model.calls == [{"truncate_dim": 2, "show_progress_bar": True}]
    assert embed_corpus(model, TEXTS, corpus, options={"truncate_dim": 2}).from_cache
    assert not embed_corpus(model, TEXTS, corpus).from_cache


def _flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: _flip(entry / "embeddings.npy"),
        lambda entry: (entry / "embeddings.npy").write_bytes(b""),
        lambda entry: (entry / "embeddings.npy").write_bytes((entry / "embeddings.npy").read_bytes()[:-3]),
        lambda entry: (entry / "embeddings.npy").unlink(),
        lambda entry: np.save(entry / "embeddings.npy", np.ones((2, 2), np.float32)),
        lambda entry: (entry / "about.json").write_text("{"),
        lambda entry: (entry / "about.json").write_text("[]"),
        lambda entry: (entry / "about.json").unlink(),
    ],
    ids=["one bit", "empty", "cut short", "gone", "other shape", "no JSON", "other JSON", "no JSON file"],
)
def test_damage_is_noticed_and_mended(corpus, damage):
    """A damaged entry is made anew, said so, and good again the next time."""
    model = FakeModel()
    damage(embed_corpus(model, TEXTS, corpus).folder)
    again = embed_corpus(model, TEXTS, corpus)
    assert not again.from_cache
    assert "was damaged" in again.note
    assert again.embeddings[:, 1].tolist() == [2, 2, 2]
    assert embed_corpus(model, TEXTS, corpus).from_cache


def test_falls_back_to_the_users_cache(corpus, tmp_path):
    """Where the corpus's folder may not be written, sbert's own cache folder is used."""
    # A file where the folder should be: it holds for the superuser too, whom permissions do not stop.
    corpus.with_name("corpus.txt" + SUFFIX).write_text("in the way")
    model = FakeModel()
    first = embed_corpus(model, TEXTS, corpus)
    assert first.folder.is_relative_to(tmp_path / "cache" / "corpora")
    assert embed_corpus(model, TEXTS, corpus).from_cache
    # Another corpus of that name has entries of its own.
    elsewhere = tmp_path / "corpus.txt"
    elsewhere.with_name("corpus.txt" + SUFFIX).write_text("in the way")
    assert embed_corpus(model, TEXTS, elsewhere).folder.parent != first.folder.parent


def test_nowhere_to_write(corpus, monkeypatch):
    """The vectors are given all the same, with the reason why they are not kept."""
    corpus.with_name("corpus.txt" + SUFFIX).write_text("in the way")
    monkeypatch.setenv("SBERT_CACHE", str(corpus))
    found = embed_corpus(FakeModel(), TEXTS, corpus)
    assert found.folder is None
    assert len(found.embeddings) == 3
    assert "The vectors are not kept" in found.note
    assert "cannot be written" in found.note


def test_texts_of_no_file(corpus):
    """Without a file nothing is kept."""
    found = embed_corpus(FakeModel(), TEXTS, None)
    assert found.folder is None
    assert "they are of no file" in found.note
    assert list(corpus.parent.iterdir()) == [corpus]


def test_old_entries_go(corpus):
    """Only the entries used last stay, and only old left-overs of killed processes go."""
    folder = corpus.with_name("corpus.txt" + SUFFIX)
    first = embed_corpus(FakeModel("0"), TEXTS, corpus).folder
    for number, name in enumerate("abcd"):
        entry = embed_corpus(FakeModel(name), TEXTS, corpus).folder
        os.utime(entry, (1000 + number, 1000 + number))
        os.utime(first, (2000, 2000))
    young, old = folder / ".tmp-young", folder / ".tmp-old"
    young.mkdir()
    old.mkdir()
    os.utime(old, (time.time() - 2 * corpus_cache._ABANDONED_AFTER,) * 2)
    last = embed_corpus(FakeModel("last"), TEXTS, corpus).folder
    left = {path for path in folder.iterdir() if path.name != ".tmp-young"}
    assert {first, last} <= left
    assert len(left) == KEPT
    assert young.is_dir()


def test_a_failure_leaves_nothing_behind(corpus, monkeypatch):
    """When writing fails half-way there is neither an entry nor a temporary folder."""

    def fail(path, array, **_):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    found = embed_corpus(FakeModel(), TEXTS, corpus)
    assert "No space left on device" in found.note
    assert not list(corpus.with_name("corpus.txt" + SUFFIX).iterdir())


def test_empty_corpus(corpus):
    """No texts: no vectors, kept and read like others."""
    assert embed_corpus(FakeModel(), [], corpus).embeddings.shape == (0, 2)
    assert embed_corpus(FakeModel(), [], corpus).from_cache
