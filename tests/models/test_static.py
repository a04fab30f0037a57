"""A static model in people's hands: it is a SentenceTransformer like any other."""

import copy
import pickle

import numpy as np
import pytest
from tokenizers import Tokenizer

from sbert import SentenceTransformer
from sbert.errors import InputError, NotTextError, TruncationWarning
from sbert.models.encoding import Job, sentence_vectors
from support.static import WIDTH, static_folder
from support.tiny import WORDS

TEXTS = ["The man reads a book.", "", "a dog", " ".join(WORDS)] * 12


@pytest.fixture(params=["sentence-transformers", "model2vec"])
def model(request, tmp_path):
    return SentenceTransformer(static_folder(tmp_path / "source", request.param))


def test_what_it_says_of_itself(model):
    assert (model.backend, model.dtype, str(model.device), model.max_seq_length) == ("static", "float32", "cpu", None)
    assert model.get_embedding_dimension() == WIDTH
    assert "StaticEmbedding > Normalize" in repr(model)
    assert [module.kind for module in model] == ["StaticEmbedding", "Normalize"]


def test_saved_and_loaded_it_is_the_same(model, tmp_path):
    model.save_pretrained(tmp_path / "saved")
    back = SentenceTransformer(tmp_path / "saved")
    np.testing.assert_array_equal(back.encode(TEXTS), model.encode(TEXTS))
    assert back.fingerprint == model.fingerprint
    assert "Maximum length | any" in (tmp_path / "saved" / "README.md").read_text()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_it_can_be_copied(model, copied):
    np.testing.assert_array_equal(copied(model).encode(TEXTS), model.encode(TEXTS))


def test_a_length_can_be_set_and_is_saved(model, tmp_path):
    before = model.fingerprint
    model.max_seq_length = 3
    with pytest.warns(TruncationWarning, match="24 of 48 texts"):
        vectors = model.encode(TEXTS)
    assert model.fingerprint != before
    np.testing.assert_array_equal(vectors[3], model.encode(" ".join(WORDS[:3])))
    model.save_pretrained(tmp_path / "saved")
    back = SentenceTransformer(tmp_path / "saved", on_truncation="ignore")
    assert back.max_seq_length == 3
    np.testing.assert_array_equal(back.encode(TEXTS), vectors)
    back.max_seq_length = None
    assert np.abs(back.encode(TEXTS) - vectors).max() > 0.01


def test_options_of_encode(model):
    plain = model.encode(TEXTS)
    np.testing.assert_array_equal(model.encode(TEXTS, batch_size=5, truncate_dim=7), plain[:, :7])
    np.testing.assert_array_equal(model.encode(["a dog"], prompt="the "), model.encode(["the a dog"]))
    tokens = model.encode(["a dog"], output_value="token_embeddings")[0]
    mean = tokens.mean(axis=0)
    np.testing.assert_allclose(plain[2], mean / np.linalg.norm(mean), atol=1e-6)
    assert model.encode([]).shape == (0, WIDTH)
    np.testing.assert_array_equal(model.encode([("a", "dog")]), model.encode(["a dog"]))


def test_progress_counts_every_text(model):
    done = []
    sentence_vectors(model.engine, model.tokenizer, Job(TEXTS, progress=lambda texts, _: done.append(texts)), WIDTH)
    assert sum(done) == len(TEXTS)


def test_bad_input_is_told(model):
    with pytest.raises(NotTextError, match=r"inputs\[3\] is not valid Unicode"):
        model.encode([*TEXTS[:3], "a \ud800", *TEXTS])
    with pytest.raises(NotTextError, match=r"inputs\[1\] must be a string"):
        model.encode(["a", 3])
    with pytest.raises(InputError, match="needs the torch engine"):
        model.parameters()
    with pytest.raises(InputError, match="max_seq_length must be at least 1"):
        model.max_seq_length = 0


def test_another_tokenizer_keeps_special_tokens_out(model, tmp_path):
    """It is one for static models too, whatever else it would do."""
    before = model.encode(TEXTS)
    model.tokenizer = Tokenizer.from_file(str(tmp_path / "source" / "tokenizer.json"))
    np.testing.assert_array_equal(model.encode(TEXTS), before)


@pytest.mark.parametrize("form", ["sentence-transformers", "model2vec"])
def test_a_chunk_that_is_the_whole_text_has_its_vector(tmp_path, form):
    """Chunks have no special tokens either, and leave out the same unknown ones."""
    model = SentenceTransformer(str(static_folder(tmp_path, form)))
    texts = ["the cat sleeps in the house", "a \u2603 dog", "\u2603", ""]
    chunks = model.encode_chunks(texts, chunk_tokens=50)
    assert np.array_equal(chunks.vectors, model.encode(texts))
