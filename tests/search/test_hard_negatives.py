"""Hard negatives, against a plain loop over all anchors and documents."""

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert import mine_hard_negatives, util
from sbert.errors import InputError, NotTextError, SbertWarning


@cache
def vector(text):
    row = np.random.default_rng(list(text.encode())).standard_normal(6).astype(np.float32)
    return row / np.linalg.norm(row)


class Numbered:
    """Embeds texts such as ``q3`` and ``d14`` as vectors that depend on the text alone."""

    similarity_fn_name = "cosine"
    prompts, default_prompt_name, truncate_dim, fingerprint = {}, None, None, "numbered"

    def __init__(self):
        self.calls = []

    def encode(self, role, inputs, **options):
        self.calls.append((role, list(inputs), options))
        return np.array([vector(text) for text in inputs])

    def encode_query(self, inputs, **options):
        return self.encode("query", inputs, **options)

    def encode_document(self, inputs, **options):
        return self.encode("document", inputs, **options)

    def score(self, anchor, document):
        return float(vector(anchor) @ vector(document))


MODEL = Numbered()
PAIRS = [(f"q{n % 17}", f"d{n % 23}") for n in range(40)]
CORPUS = [f"c{n}" for n in range(60)]


def mine(pairs=PAIRS, corpus=CORPUS, model=MODEL, **options):
    return mine_hard_negatives(pairs, model, corpus=corpus, verbose=False, **options)


def by_hand(
    pairs, corpus, count, *, low=0, high=None, absolute=None, relative=None, most=None, least=None, score=MODEL.score
):
    """{anchor: (positives with scores, negatives with scores)} by one loop an anchor."""
    positives = {}
    for anchor, positive in pairs:
        positives.setdefault(anchor, {})[positive] = score(anchor, positive)
    documents = dict.fromkeys([*corpus, *(positive for _, positive in pairs)])
    found = {}
    for anchor, its in positives.items():
        bound = min(its.values())
        left = []
        for document in documents:
            value = score(anchor, document)
            if document in its or document == anchor:
                continue
            if absolute is not None and value > bound - absolute:
                continue
            if relative is not None and value > bound - abs(bound) * relative:
                continue
            if (most is not None and value > most) or (least is not None and value < least):
                continue
            left.append((document, value))
        left.sort(key=lambda item: -item[1])
        found[anchor] = its, left[low:high][:count]
    return found


def triplets_by_hand(*args, **options):
    return [
        (anchor, positive, negative)
        for anchor, (positives, negatives) in by_hand(*args, **options).items()
        for positive in positives
        for negative, _ in negatives
    ]


# --- what is mined ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({}, {}),
        ({"range_min": 4}, {"low": 4}),
        ({"max_score": 0.3}, {"most": 0.3}),
        ({"min_score": 0.7}, {"least": 0.7}),
        ({"absolute_margin": 0.1}, {"absolute": 0.1}),
        ({"relative_margin": 0.05}, {"relative": 0.05}),
        (
            {"relative_margin": 0.05, "max_score": 0.5, "min_score": -0.2, "range_min": 1},
            {"relative": 0.05, "most": 0.5, "least": -0.2, "low": 1},
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("count", [1, 3])
def test_negatives_are_the_best_that_pass_all_bounds(options, same, count):
    found = mine(num_negatives=count, range_max=100, **options)  # all documents are looked at
    expected = triplets_by_hand(PAIRS, CORPUS, count, **same)
    assert found == expected
    assert len(found) > 10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), min_size=1, max_size=15),
    st.lists(st.integers(0, 8), max_size=8),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from([None, 0.05, 0.5]),
    st.integers(1, 4),
)
def test_any_pairs_and_any_chunks(numbers, more, count, low, relative, chunk):
    """Few texts, so that anchors are also documents, positives repeat, and candidates run out."""
    pairs = [(f"t{left}", f"t{right}") for left, right in numbers]
    corpus = [f"t{number}" for number in more]
    found = mine(
        pairs,
        corpus,
        num_negatives=count,
        range_min=low,
        range_max=40,
        relative_margin=relative,
        faiss_batch_size=chunk,
    )
    assert found == triplets_by_hand(pairs, corpus, count, low=low, relative=relative)


def test_only_range_max_candidates_are_looked_at():
    """Without it, a bound would reach down to the last document."""
    found = mine(num_negatives=3, range_max=3, max_score=0.2)
    everything = mine(num_negatives=3, range_max=100, max_score=0.2)
    assert len(found) < len(everything)
    assert set(found) < set(everything)


def test_there_is_room_for_what_bounds_leave_out():
    assert mine(relative_margin=0.05) == [
        row
        for row in mine(relative_margin=0.05, range_max=30 + 3)
        if row in triplets_by_hand(PAIRS, CORPUS, 3, relative=0.05)
    ]


def test_an_anchors_own_text_is_no_negative():
    found = mine([("a", "x"), ("b", "y")], ["a", "b", "c"], num_negatives=3)
    assert sorted(found) == [
        ("a", "x", "b"), ("a", "x", "c"), ("a", "x", "y"), ("b", "y", "a"), ("b", "y", "c"), ("b", "y", "x"),
    ]  # fmt: skip


def test_each_distinct_text_is_embedded_once():
    model = Numbered()
    mine(model=model, query_prompt="ask: ", corpus_prompt_name="passage", batch_size=7)
    (_, documents, of_documents), (_, queries, of_queries) = sorted(model.calls)
    assert queries == list(dict.fromkeys(left for left, _ in PAIRS))
    assert documents == list(dict.fromkeys(CORPUS + [right for _, right in PAIRS]))
    assert of_queries == {"normalize_embeddings": True, "show_progress_bar": False, "prompt": "ask: ", "batch_size": 7}
    assert of_documents["prompt_name"] == "passage"


@pytest.mark.parametrize("name", ["cosine", "dot", "euclidean", "manhattan"])
def test_the_models_own_similarity(name):
    class Other(Numbered):
        similarity_fn_name = name

    def score(anchor, document):
        similarity = util.SimilarityFunction.to_similarity_fn(name)
        return float(similarity(vector(anchor), vector(document))[0, 0])

    expected = triplets_by_hand(PAIRS, CORPUS, 2, relative=0.05, score=score)
    assert mine(model=Other(), num_negatives=2, range_max=100, relative_margin=0.05) == expected


# --- sampling ---------------------------------------------------------------------------------------------------------


def test_random_negatives_are_of_the_range_and_repeatable():
    options = {"sampling_strategy": "random", "range_min": 2, "range_max": 12, "max_score": 0.8, "num_negatives": 4}
    found = mine(**options, seed=1, faiss_batch_size=5)
    assert found == mine(**options, seed=1)
    assert found != mine(**options, seed=2)
    allowed = {
        anchor: [text for text, _ in its[1]] for anchor, its in by_hand(PAIRS, CORPUS, 10, low=2, most=0.8).items()
    }
    places = [allowed[anchor].index(negative) for anchor, _, negative in found]
    assert max(places) == 9
    for start in range(0, len(places), 4):  # distinct, and by decreasing score
        assert places[start : start + 4] == sorted(set(places[start : start + 4]))


def test_every_rank_is_as_likely():
    pairs = [(f"q{number}", "d") for number in range(600)]
    found = mine(pairs, CORPUS, sampling_strategy="random", range_max=6, num_negatives=2)
    ranks = np.zeros(6)
    for anchor, (_, negatives) in by_hand(pairs, CORPUS, 6).items():
        listed = [text for text, _ in negatives]
        for _, _, negative in (row for row in found if row[0] == anchor):
            ranks[listed.index(negative)] += 1
    assert ranks.sum() == 1200
    assert abs(ranks - 200).max() < 60  # five standard deviations


def test_random_takes_all_where_there_are_too_few():
    pairs = [("a", "x"), ("b", "y")]
    assert sorted(mine(pairs, ["c"], sampling_strategy="random", num_negatives=5)) == sorted(
        mine(pairs, ["c"], sampling_strategy="top", num_negatives=5)
    )


# --- a cross-encoder --------------------------------------------------------------------------------------------------


class Judge:
    """Scores a pair by its texts' last digits; as lists, arrays or tensors."""

    def __init__(self, kind=list, value=None):
        self.kind, self.value, self.asked = kind, value, []

    def predict(self, pairs, **options):
        self.asked.append((pairs, options))
        return self.kind([self.value or self.score(*pair) for pair in pairs])

    @staticmethod
    def score(anchor, document):
        return MODEL.score(document, anchor + "!")


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
@pytest.mark.parametrize(
    ("options", "same"),
    [({}, {}), ({"relative_margin": 0.05}, {"relative": 0.05}), ({"min_score": 0.2}, {"least": 0.2})],
    ids=["none", "relative", "least"],
)
def test_a_cross_encoder_scores_candidates_and_positives(kind, options, same):
    judge = Judge(kind)
    found = mine(cross_encoder=judge, range_max=100, faiss_batch_size=10, batch_size=4, **options)
    assert found == triplets_by_hand(PAIRS, CORPUS, 3, score=Judge.score, **same)
    assert len(judge.asked) == 2  # 17 anchors
    assert all(options == {"batch_size": 4} for _, options in judge.asked)
    assert sum(len(set(pairs)) for pairs, _ in judge.asked) == sum(len(pairs) for pairs, _ in judge.asked)


@pytest.mark.parametrize("value", [[0.1, 0.9], math.nan])
def test_a_cross_encoder_that_gives_something_else(value):
    with pytest.raises(InputError, match="cross_encoder"):
        mine(cross_encoder=Judge(np.array, value))


# --- forms ------------------------------------------------------------------------------------------------------------

FEW = [("a", "x"), ("b", "y"), ("a", "z")]
NEGATIVES = by_hand(FEW, ["c"], 2, most=0.9)


def test_triplets_with_scores():
    found = mine(FEW, ["c"], num_negatives=2, max_score=0.9, output_scores=True)
    expected = [
        (anchor, positive, negative, [score, other])
        for anchor, (positives, negatives) in NEGATIVES.items()
        for positive, score in positives.items()
        for negative, other in negatives
    ]
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    np.testing.assert_allclose([row[3] for row in found], [row[3] for row in expected], atol=1e-6)


def test_tuples_are_whole():
    """An anchor with some negatives, but too few, has no row."""
    found = mine(FEW, ["c"], num_negatives=3, output_format="n-tuple", output_scores=True)
    assert [len(its[1]) for its in by_hand(FEW, ["c"], 3).values()] == [2, 3]
    (_, (positives, negatives)) = list(by_hand(FEW, ["c"], 3).items())[1]
    assert [row[:-1] for row in found] == [("b", "y", *(text for text, _ in negatives))]
    np.testing.assert_allclose(found[0][-1], [positives["y"], *(score for _, score in negatives)], atol=1e-6)


def test_labeled_pairs():
    found = mine(FEW, ["c"], num_negatives=2, max_score=0.9, output_format="labeled-pair")
    expected = []
    for anchor, (positives, negatives) in NEGATIVES.items():
        expected += [(anchor, text, 1) for text in positives] + [(anchor, text, 0) for text, _ in negatives]
    assert found == expected
    scored = mine(FEW, ["c"], num_negatives=2, max_score=0.9, output_format="labeled-pair", output_scores=True)
    assert [row[:2] for row in scored] == [row[:2] for row in expected]
    np.testing.assert_allclose([row[2] for row in scored], [MODEL.score(*row[:2]) for row in scored], atol=1e-6)


def test_labeled_pairs_keep_positives_that_have_no_negatives():
    assert mine(FEW, max_score=-2, output_format="labeled-pair") == [("a", "x", 1), ("a", "z", 1), ("b", "y", 1)]


def test_labeled_lists():
    found = mine(FEW, ["c"], num_negatives=2, max_score=0.9, output_format="labeled-list")
    expected = [
        (anchor, [positive, *(text for text, _ in negatives)], [1] + [0] * len(negatives))
        for anchor, (positives, negatives) in NEGATIVES.items()
        for positive in positives
    ]
    assert found == expected
    assert mine(FEW, max_score=-2, output_format="labeled-list") == []


def test_rankings_with_their_positives():
    documents = dict.fromkeys([*CORPUS, *(right for _, right in PAIRS)])
    for anchor, _, *ranked in mine(include_positives=True, num_negatives=20):
        assert ranked == sorted(documents, key=lambda text, anchor=anchor: -MODEL.score(anchor, text))[:20]
    with pytest.warns(SbertWarning, match="n-tuple"):
        mine(include_positives=True, output_format="labeled-list")


# --- kinds of datasets ------------------------------------------------------------------------------------------------

COLUMNS = {"id": [1, 2, 3], "question": ["a", "b", "a"], "answer": ["x", "y", "z"]}
NAMED = {"anchor_column_name": "question", "positive_column_name": "answer"}
MINED = mine(FEW, ["c"], num_negatives=2)


def test_a_dict_of_columns():
    found = mine(COLUMNS, ["c"], num_negatives=2, **NAMED)
    assert list(found) == ["question", "answer", "negative"]
    assert list(zip(*found.values(), strict=True)) == MINED


def test_a_list_of_dicts():
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*COLUMNS.values(), strict=True)]
    found = mine(rows, ["c"], num_negatives=2, **NAMED)
    assert [tuple(row.values()) for row in found] == MINED
    assert list(found[0]) == ["question", "answer", "negative"]


def test_a_dataset_of_the_datasets_library():
    datasets = pytest.importorskip("datasets")
    found = mine(datasets.Dataset.from_dict(COLUMNS), ["c"], num_negatives=2, **NAMED)
    assert isinstance(found, datasets.Dataset)
    assert found.column_names == ["question", "answer", "negative"]
    assert [tuple(row.values()) for row in found] == MINED


def test_columns_are_found_by_their_place():
    columns = {"question": COLUMNS["question"], "answer": COLUMNS["answer"], "more": [None] * 3}
    assert mine(columns, ["c"]) == mine(COLUMNS, ["c"], **NAMED)
    swapped = {"answer": COLUMNS["answer"], "question": COLUMNS["question"]}
    assert mine(swapped, ["c"], anchor_column_name="question") == mine(COLUMNS, ["c"], **NAMED)
    assert mine(swapped, ["c"], positive_column_name="answer") == mine(COLUMNS, ["c"], **NAMED)


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_faiss_may_be_asked_for():
    assert mine(use_faiss=True) == mine()


def test_vectors_are_kept_and_read(tmp_path):
    first, second = Numbered(), Numbered()
    assert mine(model=first, cache_folder=tmp_path) == mine(model=second, cache_folder=tmp_path) == mine()
    assert [len(first.calls), len(second.calls)] == [2, 0]
    mine(model=second, cache_folder=tmp_path, query_prompt="ask: ")
    assert [role for role, *_ in second.calls] == ["query"]


def test_a_pool_is_started_and_stopped():
    class Pooled(Numbered):
        events = ()

        def start_multi_process_pool(self, devices):
            self.events += (devices,)
            return "pool"

        def stop_multi_process_pool(self, pool):
            self.events += (pool,)

    model = Pooled()
    assert mine(model=model, use_multi_process=["cpu", "cpu"]) == mine()
    assert model.events == (["cpu", "cpu"], "pool")
    assert all(options["pool"] == "pool" for _, _, options in model.calls)


def test_the_report(capsys):
    mine_hard_negatives(PAIRS, MODEL, corpus=CORPUS, max_score=0.5, num_negatives=2)
    out, told = capsys.readouterr()
    assert out == ""
    lines = {line.split()[0]: line.split() for line in told.splitlines()}
    mined = by_hand(PAIRS, CORPUS, 2, most=0.5)
    positives = [score for its, _ in mined.values() for score in its.values()]
    negatives = [score for _, its in mined.values() for _, score in its]
    assert lines["count"][1:] == [str(len(positives)), str(len(negatives))]
    assert lines["mean"][1:3] == [f"{np.mean(positives):.4f}", f"{np.mean(negatives):.4f}"]
    assert "max_score=0.5 left out" in told
    mine()
    assert capsys.readouterr().err == ""


def test_the_report_of_nothing(capsys):
    assert mine_hard_negatives(FEW, MODEL, max_score=-2) == []
    assert "2 of 2 anchors (100.0%) have fewer than 3 negatives" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": "text"}, "dataset must be"),
        ({"pairs": 7}, "dataset must be"),
        ({"pairs": []}, "dataset is empty"),
        ({"pairs": {"a": [], "b": []}}, "dataset is empty"),
        ({"pairs": [("a", "b"), ("a", "b", "c")]}, "row 1 is not a pair"),
        ({"pairs": {"a": ["x"]}}, "two columns"),
        ({"pairs": {"a": ["x"], "b": ["x", "y"]}}, "one length"),
        ({"pairs": [{"a": "x", "b": "y"}, {"a": "x"}]}, "row 1 is not"),
        ({"pairs": COLUMNS, "anchor_column_name": "qestion"}, "Did you mean 'question'"),
        ({"pairs": COLUMNS, "anchor_column_name": "answer", "positive_column_name": "answer"}, "must differ"),
        ({"output_format": "triplets"}, "Did you mean 'triplet'"),
        ({"sampling_strategy": "best"}, "sampling_strategy must be one of"),
        ({"num_negatives": 0}, "num_negatives must be"),
        ({"range_min": -1}, "range_min must be at least 0"),
        ({"range_min": 5, "range_max": 7}, "do not fit"),
        ({"range_max": 0}, "range_max must be"),
        ({"faiss_batch_size": 0}, "faiss_batch_size must be"),
        ({"max_score": math.nan}, "max_score must be a number"),
        ({"relative_margin": "0.05"}, "relative_margin must be a number"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_embedded(arguments, message):
    model = Numbered()
    with pytest.raises(InputError, match=message):
        mine(model=model, **arguments)
    assert model.calls == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": COLUMNS}, r"column 'id' of dataset must hold texts; row 0 holds a int"),
        ({"pairs": [("a", "x"), ("b", None)]}, r"'positive' of dataset must hold texts; row 1 holds a NoneType"),
        ({"corpus": ["c", 3]}, r"corpus must hold texts; row 1"),
        ({"corpus": "text"}, "corpus must be a list"),
    ],
)
def test_what_is_no_text(arguments, message):
    with pytest.raises(NotTextError, match=message):
        mine(**arguments)


def test_output_columns_that_are_taken():
    with pytest.raises(InputError, match="'negative'"):
        mine({"negative": ["a"], "answer": ["x"]}, ["c"])


def test_real_texts(minilm):
    pairs = [
        ("Which animal purrs?", "A cat purrs when it is content."),
        ("What do markets do?", "Stock markets rise and fall."),
    ]
    corpus = ["A dog barks when it is content.", "Bread is baked in an oven.", "Share prices fell on Monday."]
    found = util.mine_hard_negatives(pairs, minilm, corpus=corpus, num_negatives=1, verbose=False)
    assert [row[2] for row in found] == [corpus[0], corpus[2]]


def test_rows_are_plain_python():
    """What is mined can be written as JSON."""
    for form in ("triplet", "n-tuple", "labeled-pair", "labeled-list"):
        assert json.dumps(mine(FEW, ["c"], num_negatives=2, output_format=form, output_scores=True))
