"""Clusters and their names: on rows that plainly lie in groups, and on real texts with labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert.errors import DimensionError, InputError
from sbert.search import cluster, name_clusters
from sbert.search.clusters import counts_to_try
from support.shared import rows

pytest.importorskip("sklearn", reason="needs the extra 'cluster'")


def grouped(sizes=(40, 30, 20, 10), width=16, spread=0.1, seed=0):
    """Rows around as many directions as there are sizes, mixed; and the direction of each."""
    generator = np.random.default_rng(seed)
    truth = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres = np.linalg.qr(generator.standard_normal((width, width)))[0][: len(sizes)]
    lengths = generator.uniform(0.5, 5, (len(truth), 1))
    return ((centres[truth] + spread * generator.standard_normal((len(truth), width))) * lengths).astype("f4"), truth


@pytest.mark.parametrize("options", [{"n_clusters": 4}, {}, {"method": "hdbscan", "min_cluster_size": 5}])
def test_groups_are_found_largest_first(options):
    embeddings, truth = grouped()
    found = cluster(embeddings, **options)
    assert found.labels.tolist() == truth.tolist()
    assert found.sizes.tolist() == [40, 30, 20, 10]
    assert len(found) == 4
    assert repr(found) == "Clusters(100 rows, 4 clusters, 0 rows in none)"


def test_centres_scores_and_medoids():
    embeddings, truth = grouped()
    found = cluster(embeddings, n_clusters=4)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for number in range(4):
        centre = unit[truth == number].mean(axis=0)
        np.testing.assert_allclose(found.centres[number], centre / np.linalg.norm(centre), atol=1e-5)
        cosines = unit @ found.centres[number]
        np.testing.assert_allclose(found.scores[truth == number], cosines[truth == number], atol=1e-5)
        assert found.medoids[number] == found[number][0] == np.where(truth == number, cosines, -2).argmax()
        assert sorted(found[number].tolist()) == np.flatnonzero(truth == number).tolist()
        assert (np.diff(found.scores[found[number]]) <= 0).all()
    with pytest.raises(IndexError):
        found[4]


def test_rows_between_dense_places_are_in_none():
    embeddings, _ = grouped((40, 40), spread=0.05)
    generator = np.random.default_rng(5)
    found = cluster(np.concatenate([embeddings, generator.standard_normal((10, 16))]), "hdbscan")
    assert len(found) == 2
    assert (found.labels[-10:] == -1).sum() >= 8
    assert (found.scores[found.labels == -1] == 0).all()
    assert found.sizes.sum() == (found.labels >= 0).sum()
    assert (found.labels[:80] >= 0).mean() > 0.8
    assert len(cluster(generator.standard_normal((9, 16)), "hdbscan")) == 0  # fewer rows than a cluster has


def test_directions_count_and_not_lengths():
    embeddings, _ = grouped()
    lengths = np.random.default_rng(1).uniform(0.1, 100, (len(embeddings), 1)).astype(np.float32)
    assert (
        cluster(embeddings * lengths, n_clusters=4).labels.tolist() == cluster(embeddings, n_clusters=4).labels.tolist()
    )


def test_the_same_seed_gives_the_same_clusters():
    embeddings = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32)
    first, again = cluster(embeddings, seed=3), cluster(torch.from_numpy(embeddings), seed=3)
    assert first.labels.tolist() == again.labels.tolist()
    assert first.labels.tolist() != cluster(embeddings, seed=4).labels.tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(1, 20))
def test_rows_that_repeat_make_fewer_clusters(directions, wanted):
    embeddings = np.eye(6, dtype=np.float32)[directions]
    found = cluster(embeddings, n_clusters=min(wanted, len(directions)))
    assert 1 <= len(found) <= min(wanted, len(set(directions)))
    assert found.sizes.tolist() == sorted(found.sizes, reverse=True)
    assert found.sizes.sum() == len(directions)
    labels = {direction: set() for direction in directions}
    for direction, label in zip(directions, found.labels.tolist(), strict=True):
        labels[direction].add(label)
    assert all(len(of_one) == 1 for of_one in labels.values())


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_rows(count):
    found = cluster(np.eye(5, dtype=np.float32)[:count])
    assert 1 <= len(found) <= count
    assert found.sizes.sum() == count


def test_counts_to_try_are_few_and_grow():
    counts = counts_to_try(1_000_000)
    assert (counts[0], len(counts)) == (2, 20)
    assert max(counts) <= 2000
    assert counts == sorted(set(counts))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, 2.0]], "kmean"), "Did you mean 'kmeans'"),
        ((np.empty((0, 3)),), "embeddings is empty"),
        (([[1.0, np.nan]],), "NaN or infinity, first in row 0"),
        (([[1.0, 2.0]], "kmeans", 2), "n_clusters must be at most"),
        (([[1.0, 2.0]], "kmeans", 0), "n_clusters must be a whole number"),
        (([[1.0, 2.0]], "hdbscan", 2), "n_clusters is for the method 'kmeans'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        cluster(*arguments)
    assert not isinstance(caught.value, DimensionError)
    with pytest.raises(InputError, match="min_cluster_size"):
        cluster([[1.0, 2.0]], "hdbscan", min_cluster_size=1)


# --- names ------------------------------------------------------------------------------------------------------------


def weights_by_hand(texts, labels):
    """The formula of the paper, word by word, on texts that are words and blanks."""
    words = [[word for text, label in zip(texts, labels, strict=True) if label == number for word in text.split()]
             for number in range(max(labels) + 1)]  # fmt: skip
    mean = np.mean([len(part) for part in words])
    everything = [word for part in words for word in part]
    return [
        {word: part.count(word) / len(part) * np.log(1 + mean / everything.count(word)) for word in part}
        for part in words
    ]


def test_names_are_the_words_that_weigh_most():
    generator = np.random.default_rng(0)
    words = ["lion", "tiger", "piano", "violin", "bread", "cheese", "stone", "river", "cloud", "engine"]
    labels = generator.integers(0, 3, 60)
    texts = [" ".join(generator.choice(np.roll(words, 3 * label)[:6], 5)) for label in labels]
    for name, weights in zip(
        name_clusters(texts, labels, words=3), weights_by_hand(texts, labels.tolist()), strict=True
    ):
        assert name.split(", ") == sorted(weights, key=lambda word: (-weights[word], word))[:3]


def test_names_leave_out_function_words_plurals_and_texts_in_none():
    texts = ["the cat and the cats", "a dog with the dogs of a dog", "the zebra zebra zebra zebra"]
    assert name_clusters(texts, [0, 1, -1], words=4) == ["cat", "dog"]
    assert name_clusters(["C++ and C++", "asp.net t-shirt"], [0, 1]) == ["c++", "asp.net, t-shirt"]
    assert name_clusters(["the of", "cat"], [0, 2]) == ["", "", "cat"]
    assert name_clusters(["of"], [0]) == [""]
    assert name_clusters(["cat"], [-1]) == name_clusters([], []) == []
    assert name_clusters(["Der Fluss ist blau", "Страна большая"], [0, 1], words=2) == ["blau, der", "большая, страна"]


@pytest.mark.parametrize(
    ("labels", "words", "message"),
    [([0, 1], 4, "labels must have a number"), ([0.5], 4, "whole numbers"), ([0], 0, "words must be")],
)
def test_wrong_names(labels, words, message):
    with pytest.raises(InputError, match=message):
        name_clusters(["cat"], labels, words)


# --- real texts -------------------------------------------------------------------------------------------------------


def test_real_questions_fall_into_their_subjects(minilm):
    """Titles of questions on Stack Overflow, which have one of 20 tags each."""
    from sklearn.metrics import v_measure_score

    asked = rows("classification/stackoverflow20.tsv.gz")[::20]
    texts, tags = [row["text"] for row in asked], [row["label"] for row in asked]
    embeddings = minilm.encode(texts)
    found = cluster(embeddings, n_clusters=20)
    assert v_measure_score(tags, found.labels) > 0.65
    assert 10 <= len(cluster(embeddings)) <= 40
    names = name_clusters(texts, found.labels)
    tag_of = [max(set(its), key=its.count) for its in ([tags[row] for row in found[number]] for number in range(20))]
    named = [tag in name for tag, name in zip(tag_of, names, strict=True)]
    assert np.mean(named) > 0.6, list(zip(tag_of, names, strict=True))
    dense = cluster(embeddings, "hdbscan")
    inside = dense.labels >= 0
    assert v_measure_score(np.array(tags)[inside], dense.labels[inside]) > 0.8
