"""Evaluators with models of every family: formulas, tables, and what they refuse."""

import csv

import numpy as np
import pytest

from sbert import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder, evaluation
from sbert.errors import DimensionError, InputError
from support.tiny import make_tiny_cross_encoder, make_tiny_late, make_tiny_model, make_tiny_splade

QUERIES = {"q1": "the dog runs", "q2": "a red house", "q3": "no answer"}
CORPUS = {
    f"d{number}": text
    for number, text in enumerate(
        ["dog and cat run", "the house is red", "a white bird", "music in the night", "the king and the queen", "water"]
    )
}
RELEVANT = {"q1": {"d0"}, "q2": {"d1", "d5"}}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("families")
    return {
        "dense": SentenceTransformer(make_tiny_model(root / "dense", "bert"), backend="openvino"),
        "sparse": SparseEncoder(make_tiny_splade(root / "sparse", "bert"), backend="openvino"),
        "cross": CrossEncoder(make_tiny_cross_encoder(root / "cross", "bert"), backend="openvino"),
        "classes": CrossEncoder(make_tiny_cross_encoder(root / "classes", "bert", labels=3), backend="openvino"),
        "late": MultiVectorEncoder(make_tiny_late(root / "late", "bert"), backend="openvino"),
    }


@pytest.mark.parametrize("family", ["dense", "sparse", "late"])
def test_retrieval_is_that_of_comparing_all(models, family):
    model = models[family]
    evaluator = evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, RELEVANT, corpus_chunk_size=4)
    found = evaluator(model)
    scores = np.asarray(
        model.similarity(model.encode_query(list(QUERIES.values())[:2]), model.encode_document(list(CORPUS.values())))
    )
    order = [[f"d{place}" for place in row] for row in np.argsort(-scores, axis=1, kind="stable")]
    firsts = [
        next(rank for rank, name in enumerate(row) if name in RELEVANT[q])
        for q, row in zip(RELEVANT, order, strict=True)
    ]
    name = model.similarity_fn_name
    assert found[f"{name}_mrr@10"] == pytest.approx(np.mean([1 / (rank + 1) for rank in firsts]))
    assert found[f"{name}_accuracy@1"] == pytest.approx(np.mean([rank == 0 for rank in firsts]))
    assert found[f"{name}_recall@10"] == 1  # all were found
    assert evaluator.primary_metric == f"{name}_ndcg@10"


@pytest.mark.parametrize("family", ["dense", "sparse", "late"])
def test_every_family_is_compared_in_its_own_way(models, family):
    model = models[family]
    left, right = list(CORPUS.values())[:3], list(CORPUS.values())[3:]
    expected = np.asarray(model.similarity_pairwise(model.encode(left), model.encode(right)), np.float64)
    name = model.similarity_fn_name
    found = evaluation.EmbeddingSimilarityEvaluator(left, right, [3, 1, 2])(model)
    assert found[f"pearson_{name}"] == pytest.approx(np.corrcoef(expected, [3, 1, 2])[0, 1])
    won = evaluation.TripletEvaluator(left, left, right)(model)[f"{name}_accuracy"]
    asked, own, other = model.encode_query(left), model.encode_document(left), model.encode_document(right)
    near, far = (np.asarray(model.similarity_pairwise(asked, of), np.float64) for of in (own, other))
    assert won == (near > far).mean()
    samples = [{"query": "the dog runs", "positive": left[:1], "negative": right}]
    assert 0 < evaluation.RerankingEvaluator(samples)(model)["map"] <= 1


def test_gains_count_as_they_stand(models):
    graded = {"q1": {"d0": 3, "d2": 1, "d4": 0}, "q2": {"d1": 2}}
    found = evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, graded)(models["dense"])
    same = {"q1": {"d0", "d2"}, "q2": {"d1"}}
    plain = evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, same)(models["dense"])
    assert found["cosine_map@100"] == plain["cosine_map@100"]
    assert found["cosine_ndcg@10"] != plain["cosine_ndcg@10"]


def test_a_tie_earns_nothing(models):
    """The same text is relevant and not: what is not stands in front."""
    samples = [{"query": "the dog", "positive": ["a cat"], "negative": ["a cat"]}]
    assert evaluation.RerankingEvaluator(samples)(models["dense"])["map"] == 0.5
    assert evaluation.TripletEvaluator(["the dog"], ["a cat"], ["a cat"])(models["dense"])["cosine_accuracy"] == 0


def test_tables_grow(models, tmp_path):
    evaluator = evaluation.TripletEvaluator(["a"], ["a"], ["house"], name="tiny")
    for epoch in (1, 2, 2):  # the second time as a run that goes on does it
        evaluator(models["dense"], tmp_path / "new", epoch=epoch, steps=10)
    with (tmp_path / "new" / "triplet_evaluation_tiny_results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["epoch"] for row in table] == ["1", "2"]
    assert float(table[1]["tiny_cosine_accuracy"]) == 1
    other = evaluation.TripletEvaluator(["a"], ["a"], ["house"], ["dot"], name="tiny")
    with pytest.raises(InputError, match="other columns"):
        other(models["dense"], tmp_path / "new")


def test_several_are_one(models):
    first = evaluation.TripletEvaluator(["a"], ["a"], ["house"], name="first")
    second = evaluation.EmbeddingSimilarityEvaluator(
        ["a", "the", "red"], ["a", "dog", "blue"], [3, 1, 2], name="second"
    )
    found = evaluation.SequentialEvaluator([first, second])(models["dense"])
    assert found["sequential_score"] == found["second_spearman_cosine"]
    mean = evaluation.SequentialEvaluator([first, second], lambda scores: sum(scores) / len(scores))
    assert mean(models["dense"])["sequential_score"] == pytest.approx(
        (found["first_cosine_accuracy"] + found["second_spearman_cosine"]) / 2
    )
    with pytest.raises(InputError, match="give each a name"):
        evaluation.SequentialEvaluator([first, first])(models["dense"])


PAIRS = [("a dog", "the cat"), ("red", "blue"), ("the king", "the queen"), ("water", "fire"), ("house", "home")]


def test_cross_encoders_are_measured_by_their_scores(models):
    scores = models["cross"].predict(PAIRS)
    found = evaluation.CrossEncoderCorrelationEvaluator(PAIRS, [3, 1, 2, 5, 4])(models["cross"])
    assert found["pearson"] == pytest.approx(np.corrcoef(scores, [3, 1, 2, 5, 4])[0, 1])
    labels = (scores > np.median(scores)).astype(int)  # told apart by the scores themselves
    evaluator = evaluation.CrossEncoderClassificationEvaluator(PAIRS, labels, name="pairs")
    found = evaluator(models["cross"])
    assert set(found) == {
        f"pairs_{key}"
        for key in ("accuracy", "accuracy_threshold", "f1", "f1_threshold", "precision", "recall", "average_precision")
    }
    assert found["pairs_average_precision"] == found["pairs_accuracy"] == found["pairs_f1"] == 1
    told = models["classes"].predict(PAIRS).argmax(axis=1)
    found = evaluation.CrossEncoderClassificationEvaluator(PAIRS, told)(models["classes"])
    assert found == {"f1_macro": 1, "f1_micro": 1, "f1_weighted": 1}
    with pytest.raises(InputError, match="from 0 to 2"):
        evaluation.CrossEncoderClassificationEvaluator(PAIRS, [0, 1, 2, 3, 0])(models["classes"])
    with pytest.raises(InputError, match="gives 3"):
        evaluation.CrossEncoderCorrelationEvaluator(PAIRS, [3, 1, 2, 5, 4])(models["classes"])


def test_cross_encoders_are_measured_by_their_order(models):
    documents = list(CORPUS.values())
    ranked = [hit["corpus_id"] for hit in models["cross"].rank("the dog", documents)]
    sample = {"query": "the dog", "positive": [documents[ranked[1]]], "documents": documents}
    found = evaluation.CrossEncoderRerankingEvaluator([sample], at_k=3)(models["cross"])
    assert found["map"] == found["mrr@3"] == pytest.approx(1 / 2)
    assert found["ndcg@3"] == pytest.approx(1 / np.log2(3))
    assert found["base_map"] == pytest.approx(1 / (ranked[1] + 1))
    missing = sample | {"positive": ["not found"]}
    for always, expected in ((True, True), (False, False)):
        evaluator = evaluation.CrossEncoderRerankingEvaluator([missing], always_rerank_positives=always)
        found = evaluator(models["cross"])
        assert (found["map"] > 0) == expected
        assert found["base_map"] == 0
    parted = {"query": "the dog", "positive": documents[:1], "negative": documents[1:]}
    assert set(evaluation.CrossEncoderRerankingEvaluator([parted])(models["cross"])) == {"map", "mrr@10", "ndcg@10"}


def test_mined_paraphrases_are_compared_with_those_known(models):
    texts = CORPUS | {"copy": CORPUS["d0"], "again": CORPUS["d0"]}
    evaluator = evaluation.ParaphraseMiningEvaluator(
        texts, [("d0", "copy"), ("copy", "again")], add_transitive_closure=True
    )
    found = evaluator(models["dense"])
    assert found["average_precision"] == found["f1"] == found["recall"] == 1
    assert found["threshold"] < 1
    open_ones = evaluation.ParaphraseMiningEvaluator(texts, duplicates_dict={"d0": {"copy": True, "again": False}})
    assert open_ones(models["dense"])["average_precision"] < 1  # two of the three equal pairs are not known
    few = evaluation.ParaphraseMiningEvaluator(texts, [("d0", "copy"), ("d1", "d5")], max_pairs=1)
    assert few(models["dense"])["recall"] <= 0.5  # what is not mined is not found


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: evaluation.EmbeddingSimilarityEvaluator(["a"], ["b", "c"], [1]), "sentences2 2"),
        (lambda: evaluation.EmbeddingSimilarityEvaluator([], [], []), "at least one"),
        (lambda: evaluation.EmbeddingSimilarityEvaluator(["a"], ["b"], [float("nan")]), r"scores\[0\]"),
        (
            lambda: evaluation.BinaryClassificationEvaluator(["a", "b"], ["b", "c"], [1, 2]),
            r"labels\[1\] must be 0 or 1",
        ),
        (lambda: evaluation.TripletEvaluator(["a"], ["b"], []), "negatives 0"),
        (lambda: evaluation.InformationRetrievalEvaluator(QUERIES, {}, RELEVANT), "got 0 documents"),
        (
            lambda: evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, {"x": {"d1"}}),
            "relevant ones for 0 of them",
        ),
        (lambda: evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, {"q1": "d1"}), "sets of names"),
        (lambda: evaluation.InformationRetrievalEvaluator(QUERIES, CORPUS, RELEVANT, map_at_k=[0]), "map_at_k"),
        (lambda: evaluation.RerankingEvaluator([{"query": "a", "positive": ["b"]}]), "lacks 'negative'"),
        (lambda: evaluation.RerankingEvaluator([{"query": "a", "positive": [], "negative": ["b"]}]), "one at least"),
        (lambda: evaluation.SequentialEvaluator([]), "one at least"),
        (lambda: evaluation.ParaphraseMiningEvaluator(CORPUS, [("d0", "x")]), "named 'x'"),
        (lambda: evaluation.ParaphraseMiningEvaluator(CORPUS, [("d0", "d0")]), "different texts"),
        (lambda: evaluation.CrossEncoderClassificationEvaluator(PAIRS, [0.5] * 5), "whole numbers"),
        (lambda: evaluation.CrossEncoderRerankingEvaluator([{"query": "a", "positive": ["b"]}]), "either negative or"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_what_does_not_fit_the_model_is_refused(models):
    with pytest.raises(InputError, match="cosine"):
        evaluation.TripletEvaluator(["a"], ["b"], ["c"], ["cosin"])(models["dense"])
    with pytest.raises(InputError, match="main_similarity"):
        evaluation.EmbeddingSimilarityEvaluator(["a"], ["b"], [1], main_similarity="dot")(models["dense"])
    narrow = evaluation.MSEEvaluator(["a"], ["b"], models["dense"], truncate_dim=3)
    assert narrow(models["dense"])["negative_mse"] <= 0
    narrow._options.pop("truncate_dim")
    with pytest.raises(DimensionError, match="of the same width"):
        narrow(models["dense"])
