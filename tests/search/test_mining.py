"""Paraphrase mining, communities and near-duplicates, each against a plain loop over all cosines."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sbert import util
from sbert.errors import InputError
from sbert.search import Pairs, communities, deduplicate, near_duplicates, neighbours, paraphrases, screen
from sbert.search.pairs import Tiles
from sbert.search.selection import best_of_groups, ranked

# Rows along axes: every cosine is exactly 0 or 1, so ties are many and exact.
AXES = st.lists(st.integers(0, 3), min_size=1, max_size=40)
SIZES = st.integers(1, 12)


def vectors(rows, width=8, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def clustered(rows, centres=6, seed=0):
    """Rows around a few centres, so that some cosines are high."""
    generator = np.random.default_rng(seed)
    return (
        vectors(centres, 16, seed)[generator.integers(0, centres, rows)] + 0.35 * vectors(rows, 16, seed + 1)
    ).astype(np.float32)


def cosines(embeddings):
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    return unit @ unit.T


def along(axes):
    return np.eye(4, dtype=np.float32)[axes].reshape(-1, 4)


# --- neighbours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_size", [1, 7, 64, 1024])
def test_neighbours_are_all_rows_above_the_threshold(chunk_size):
    embeddings = clustered(90)
    scores = cosines(embeddings)
    found = neighbours(embeddings, 0.7, chunk_size=chunk_size)
    for row in range(90):
        expected = [other for other in np.argsort(-scores[row]) if other != row and scores[row, other] >= 0.7]
        assert sorted(found[row].tolist()) == sorted(expected)
        part = slice(found.starts[row], found.starts[row + 1])
        np.testing.assert_allclose(found.scores[part], np.sort(scores[row, expected])[::-1], atol=1e-6)
    assert found.counts.sum() == len(found.ids) > 90


@given(AXES, SIZES)
def test_equal_neighbours_are_in_order(axes, chunk_size):
    found = neighbours(along(axes), 0.5, chunk_size=chunk_size)
    for row, axis in enumerate(axes):
        assert found[row].tolist() == [other for other, its in enumerate(axes) if its == axis and other != row]


def test_no_rows_and_one_row():
    assert len(neighbours(np.empty((0, 4), np.float32), 0.5)) == 0
    assert neighbours([[1.0, 2.0]], -1).counts.tolist() == [0]


@pytest.mark.parametrize("threshold", [0.3, 0.75, 0.97])
@pytest.mark.parametrize("dense", [0, 1 / 100, 1], ids=["whole tiles", "either", "pair by pair"])
@pytest.mark.parametrize("width", [1, 8, 48])
def test_a_screen_misses_nothing(threshold, dense, width, monkeypatch):
    embeddings = clustered(700)
    embeddings[100], embeddings[200:210] = 0, embeddings[300]
    axes = np.linalg.qr(vectors(16, 16))[0][:, : min(width, 16)]  # whatever the axes
    monkeypatch.setattr(screen, "_DENSE", dense)
    tiles = Tiles(embeddings, 64)
    found = screen.Screen(tiles, threshold, axes)
    pairs = Pairs.joined(part for strip in range(len(tiles)) for part in found.strip(strip))
    scores = np.triu(cosines(embeddings), k=1)
    np.testing.assert_allclose(pairs.scores, scores[pairs.left, pairs.right], atol=1e-6)
    assert (pairs.scores >= threshold).all()
    assert len(np.unique(pairs.left * 700 + pairs.right)) == len(pairs)
    scores[pairs.left, pairs.right] = 0
    assert scores.max() < threshold + 1e-6  # rounding may leave out what lies on the threshold


def test_a_screen_is_chosen_where_it_pays(monkeypatch):
    generator = np.random.default_rng(0)
    few_axes = vectors(700, 16) @ generator.standard_normal((16, 256)).astype(np.float32)
    monkeypatch.setattr(screen, "_WORTH", 700)
    assert screen.Screen.of(Tiles(few_axes, 64), 0.9) is not None
    assert screen.Screen.of(Tiles(few_axes, 64), -1) is None  # every pair passes
    assert screen.Screen.of(Tiles(few_axes[1:], 64), 0.9) is None  # too few rows
    expected = neighbours(few_axes[1:], 0.9)
    monkeypatch.setattr(screen, "_WORTH", 699)
    assert len(neighbours(few_axes[1:], 0.9).ids) == pytest.approx(len(expected.ids), rel=1e-3)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([-1.5, -0.0, 0.0, 1e-30, 0.25, 0.5]), st.integers(0, 9)),
        min_size=1,
    ),
)
def test_the_best_of_groups_are_the_first_of_each(rows):
    """Also where the cut goes through equal scores, and of -0 and 0, which are equal."""
    groups, scores, ids = (np.array(column) for column in zip(*rows, strict=True))
    scores, ids = scores.astype(np.float32), ids + np.arange(len(ids)) * 10  # different ones
    for k in (1, 2, 5):
        expected = np.zeros(len(rows), bool)
        for group in set(groups.tolist()):
            members = np.flatnonzero(groups == group)
            expected[members[np.lexsort((ids[members], -scores[members]))][:k]] = True
        np.testing.assert_array_equal(best_of_groups(groups, scores, ids, int(groups.max()) + 1, k), expected)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([-1.5, -0.0, 0.0, 1e-30, 0.25, 0.5]), st.integers(0, 9))),
)
def test_one_sort_orders_as_three(rows):
    groups, scores, ids = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.empty(0, int),) * 3
    scores = scores.astype(np.float32)
    order = ranked(groups, scores, ids)
    expected = np.lexsort((ids, -scores, groups))
    for column in (groups, scores, ids):
        np.testing.assert_array_equal(column[order], column[expected])


# --- paraphrase mining ------------------------------------------------------------------------------------------------


def mined_by_hand(scores, top_k, max_pairs):
    pairs = {}
    for row in range(len(scores)):
        near = [other for other in np.argsort(-scores[row], kind="stable") if other != row][:top_k]
        pairs |= {(min(row, other), max(row, other)): scores[row, other] for other in near}
    return sorted(((-score, *pair) for pair, score in pairs.items()))[:max_pairs]


@pytest.mark.parametrize("top_k", [1, 5, 200])
@pytest.mark.parametrize("max_pairs", [1, 30, 100_000])
@pytest.mark.parametrize("chunk", [7, 1000])
def test_paraphrases_are_the_best_of_each_rows_nearest(top_k, max_pairs, chunk):
    embeddings = vectors(70)
    expected = mined_by_hand(cosines(embeddings), top_k, max_pairs)
    found = paraphrases(
        embeddings, top_k=top_k, max_pairs=max_pairs, query_chunk_size=chunk, corpus_chunk_size=chunk + 3
    )
    assert [(left, right) for _, left, right in found] == [pair[1:] for pair in expected]
    np.testing.assert_allclose(found.scores, [-score for score, *_ in expected], atol=1e-6)


@given(AXES, SIZES, st.integers(1, 5))
def test_copies_crowd_out_no_pair(axes, chunk, top_k):
    """Where a row is not among its own first hits, its hits are still top_k others."""
    found = paraphrases(along(axes), top_k=top_k, query_chunk_size=chunk)
    others = {row: set() for row in range(len(axes))}
    for _, left, right in found:
        assert left < right
        others[left].add(right)
        others[right].add(left)
    assert len({(left, right) for _, left, right in found}) == len(found)
    for row, near in others.items():
        assert len(near) >= min(top_k, len(axes) - 1), row


def test_util_gives_lists_and_takes_tensors():
    embeddings = vectors(20)
    found = util.paraphrase_mining_embeddings(torch.from_numpy(embeddings), max_pairs=5)
    assert [len(found), type(found[0]), type(found[0][0]), type(found[0][1])] == [5, list, float, int]
    assert found == util.paraphrase_mining_embeddings(embeddings, max_pairs=5)


def test_mining_sentences(minilm):
    sentences = ["A man eats food.", "A dog runs.", "A man is eating a meal.", "The dog is running.", "Stocks fell."]
    found = util.paraphrase_mining(minilm, sentences, max_pairs=2)
    assert {(left, right) for _, left, right in found} == {(0, 2), (1, 3)}


# --- communities ------------------------------------------------------------------------------------------------------


def communities_by_hand(scores, threshold, min_size):
    """The definition, one row at a time."""
    found = []
    for row in range(len(scores)):
        near = [int(other) for other in np.argsort(-scores[row], kind="stable") if scores[row, other] >= threshold]
        if len(near) >= min_size:
            found.append((row, near))
    used, kept = set(), []
    for centre, near in sorted(found, key=lambda item: -len(item[1])):
        if centre in used:
            continue
        near = [centre] + [other for other in near if other not in used and other != centre]
        if len(near) >= min_size:
            kept.append(near)
            used |= set(near)
    return sorted(kept, key=lambda near: -len(near))


@pytest.mark.parametrize("threshold", [0.3, 0.75, 0.9])
@pytest.mark.parametrize("min_size", [1, 3, 10])
def test_communities_follow_their_definition(threshold, min_size):
    embeddings = clustered(150)
    expected = communities_by_hand(cosines(embeddings), threshold, min_size)
    found = util.community_detection(embeddings, threshold=threshold, min_community_size=min_size, batch_size=32)
    assert found == expected
    assert found


def test_communities_of_nothing():
    assert communities(np.empty((0, 4), np.float32)) == []
    assert util.community_detection(vectors(5), threshold=0.999) == []
    with pytest.raises(InputError, match="min_size must be a whole number of at least 1; got 0"):
        communities(vectors(5), min_size=0)


# --- near-duplicates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("threshold", [0.7, 0.9])
def test_every_row_is_near_its_keeper_and_keepers_are_apart(seed, threshold):
    embeddings = clustered(120, seed=seed)
    scores = cosines(embeddings)
    priority = np.random.default_rng(seed).integers(0, 5, 120)
    found = near_duplicates(embeddings, threshold=threshold, priority=priority)
    assert 1 < len(found) < 120
    assert (found.keeper_of[found.keepers] == found.keepers).all()
    assert (scores[np.arange(120), found.keeper_of] >= threshold - 1e-6).all()
    assert (priority[found.keeper_of] >= priority).all()
    among = scores[np.ix_(found.keepers, found.keepers)] - 2 * np.eye(len(found))
    assert among.max() < threshold
    groups = found.groups()
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)
    assert sum(len(group) - 1 for group in groups) == 120 - len(found)
    assert all((found.keeper_of[group] == group[0]).all() and sorted(group[1:]) == list(group[1:]) for group in groups)


def test_a_priority_of_another_length_is_refused():
    with pytest.raises(InputError, match=r"priority must have a number for each of the 4 rows; got the shape \(3,\)"):
        near_duplicates(vectors(4), priority=[1, 2, 3])


class Counting:
    """Embeds words along axes, and counts how many texts it was given."""

    def __init__(self):
        self.seen = []

    def encode(self, texts):
        self.seen += texts
        return np.array([[1.0, 0.2 * (text.isupper())] if text.lower() == "a" else [0.0, 1.0] for text in texts])


def test_equal_texts_are_embedded_once_and_share_a_keeper():
    model = Counting()
    texts = ["b", "a", "A", "a", "b", "A"]
    found = deduplicate(model, texts, 0.9)
    assert sorted(model.seen) == ["A", "a", "b"]
    assert found.keeper_of.tolist() == [0, 1, 1, 1, 0, 1]
    assert found.scores == pytest.approx([1, 1, 0.98058, 1, 1, 0.98058], abs=1e-4)
    assert [group.tolist() for group in found.groups()] == [[0, 4], [1, 2, 3, 5]]
    longest = deduplicate(model, texts, 0.9, priority=[0, 0, 0, 0, 1, 2])
    assert longest.keeper_of.tolist() == [4, 5, 5, 5, 4, 5]
    assert repr(found) == "Duplicates(2 of 6 kept, 2 groups)"
