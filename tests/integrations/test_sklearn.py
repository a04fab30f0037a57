"""Texts as a step of scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sbert import SentenceTransformer, SparseEncoder
from sbert.errors import InputError, NotTextError
from sbert.integrations.sklearn import SentenceEmbedder
from support.tiny import make_tiny_cross_encoder, make_tiny_late, make_tiny_model, make_tiny_splade

TEXTS = ["the dog", "a cat", "red", "blue house", "the red dog", "water"]
LABELS = [1, 1, 0, 0, 1, 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("sklearn") / "model", "bert")


def test_vectors_are_those_of_encode(folder):
    embedder = SentenceEmbedder(folder)
    expected = SentenceTransformer(folder).encode(TEXTS)
    np.testing.assert_array_equal(embedder.fit_transform(TEXTS), expected)
    for given in (np.array(TEXTS), pd.Series(TEXTS), pd.DataFrame({"text": TEXTS}), np.array(TEXTS)[:, None]):
        np.testing.assert_array_equal(embedder.transform(given), expected)
    assert embedder.get_feature_names_out()[:2].tolist() == ["sentenceembedder0", "sentenceembedder1"]
    short = SentenceEmbedder(folder, truncate_dim=8, normalize=True).fit_transform(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(short, axis=1), 1, atol=1e-6)
    assert short.shape == (6, 8)


def test_prompts_go_in_front(folder):
    told = SentenceEmbedder(folder, prompt="red ").fit_transform(["dog"])
    np.testing.assert_array_equal(told, SentenceTransformer(folder).encode(["dog"], prompt="red "))


def test_it_is_a_step_of_pipelines_and_searches(folder):
    model = SentenceTransformer(folder)
    pipeline = make_pipeline(SentenceEmbedder(model), LogisticRegression())
    search = GridSearchCV(pipeline, {"sentenceembedder__truncate_dim": [4, 32]}, cv=2, error_score="raise")
    search.fit(TEXTS, LABELS)
    assert search.predict(TEXTS).shape == (6,)
    assert search.best_estimator_[0].model_ is model  # and no copy of it
    frame = pd.DataFrame({"text": TEXTS, "size": range(6)})
    columns = make_column_transformer((SentenceEmbedder(model), "text"), ("passthrough", ["size"]))
    assert columns.fit_transform(frame).shape == (6, 33)


def test_it_is_cloned_and_pickled_without_the_model(folder):
    embedder = SentenceEmbedder(str(folder)).fit()
    assert not hasattr(clone(embedder), "model_")
    written = pickle.dumps(embedder)
    assert len(written) < 2000
    again = pickle.loads(written)
    np.testing.assert_array_equal(again.transform(TEXTS), embedder.transform(TEXTS))


def test_sparse_models_give_sparse_rows(tmp_path):
    model = SparseEncoder(make_tiny_splade(tmp_path / "splade", "bert"))
    rows = SentenceEmbedder(model).fit_transform(TEXTS)
    assert abs(rows - model.encode(TEXTS)).max() == 0
    assert make_pipeline(SentenceEmbedder(model), LogisticRegression()).fit(TEXTS, LABELS).predict(TEXTS).shape == (6,)
    with pytest.raises(InputError, match="this one is sparse"):
        SentenceEmbedder(model, truncate_dim=4).fit()


def test_what_does_not_fit_is_told(folder, tmp_path):
    with pytest.raises(NotTextError, match="Put it into a list"):
        SentenceEmbedder(folder).fit().transform("a text")
    with pytest.raises(InputError, match="one column of texts; got 2"):
        SentenceEmbedder(folder).fit().transform(np.array([["a", "b"]]))
    with pytest.raises(NotTextError):
        SentenceEmbedder(folder).fit().transform([1.5])
    with pytest.raises(InputError, match="a CrossEncoder does not"):
        SentenceEmbedder(make_tiny_cross_encoder(tmp_path / "cross", "bert")).fit()
    with pytest.raises(InputError, match="a MultiVectorEncoder does not"):
        SentenceEmbedder(make_tiny_late(tmp_path / "late", "bert")).fit()
    assert SentenceEmbedder(folder).transform(TEXTS).shape == (6, 32)  # nothing is to be learned first
