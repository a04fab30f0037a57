"""NanoBEIR from folders of either form, for every family; no network is asked."""

import csv
import json

import numpy as np
import pytest

from sbert import CrossEncoder, MultiVectorEncoder, SentenceTransformer, SparseEncoder, evaluation
from sbert.errors import DataError, InputError
from support.tiny import make_tiny_cross_encoder, make_tiny_late, make_tiny_model, make_tiny_splade
from support.training import sentences

TEXTS = sentences(24, seed=5)
DOCUMENTS, QUERIES = TEXTS[:12], TEXTS[12:16]
#: Accuracy, precision and recall at four places each, mrr, ndcg and map.
MEASURES = 15


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)))


def corpus(shift):
    return [{"_id": f"d{place}", "text": text} for place, text in enumerate(DOCUMENTS[shift:] + DOCUMENTS[:shift])]


ASKED = [{"_id": f"q{place}", "text": text} for place, text in enumerate(QUERIES)]
RANKED = [{"query-id": f"q{place}", "corpus-ids": [f"d{n}" for n in range(place, 10)]} for place in range(4)]


@pytest.fixture(scope="module")
def beir(tmp_path_factory):
    """Two sets, each in BEIR's form."""
    root = tmp_path_factory.mktemp("beir")
    for shift, name in enumerate(("NanoMSMARCO", "NanoNQ")):
        lines(root / name / "corpus.jsonl", corpus(shift))
        lines(root / name / "queries.jsonl", ASKED)
        lines(root / name / "bm25.jsonl", RANKED)
        (root / name / "qrels").mkdir()
        judged = "".join(f"q{place}\td{place}\t1\nq{place}\td{place + 4}\t1\n" for place in range(4))
        (root / name / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    return root


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """The same two sets, laid out as on the hub; of the second all relevant documents stand in one row."""
    root = tmp_path_factory.mktemp("hub")
    for shift, name in enumerate(("NanoMSMARCO", "NanoNQ")):
        lines(root / "corpus" / f"{name}.jsonl", [*corpus(shift), {"_id": "empty", "text": ""}])
        lines(root / "queries" / f"{name}.jsonl", ASKED)
        lines(root / "bm25" / f"{name}.jsonl", RANKED)
        pairs = [{"query-id": f"q{place}", "corpus-id": [f"d{place}", f"d{place + 4}"]} for place in range(4)]
        single = [{"query-id": row["query-id"], "corpus-id": one} for row in pairs for one in row["corpus-id"]]
        lines(root / "qrels" / f"{name}.jsonl", pairs if shift else single)
    return root


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("families")
    options = {"backend": "openvino", "on_truncation": "ignore"}
    return {
        "dense": SentenceTransformer(make_tiny_model(root / "dense", "bert"), **options),
        "sparse": SparseEncoder(make_tiny_splade(root / "sparse", "bert"), **options),
        "late": MultiVectorEncoder(make_tiny_late(root / "late", "bert"), **options),
        "cross": CrossEncoder(make_tiny_cross_encoder(root / "cross", "bert"), **options),
    }


def test_means_are_those_of_the_sets(models, beir, hub, tmp_path):
    evaluator = evaluation.NanoBEIREvaluator(dataset_id=beir)
    assert evaluator.dataset_names == ["msmarco", "nq"]
    found = evaluator(models["dense"], tmp_path)
    assert len(found) == 3 * MEASURES
    for key in ("ndcg@10", "mrr@10", "map@100", "recall@3"):
        of_each = [found[f"Nano{name}_cosine_{key}"] for name in ("MSMARCO", "NQ")]
        assert found[f"NanoBEIR_mean_cosine_{key}"] == pytest.approx(np.mean(of_each))
    alone = evaluation.InformationRetrievalEvaluator(
        {row["_id"]: row["text"] for row in ASKED},
        {row["_id"]: row["text"] for row in corpus(1)},
        {f"q{place}": {f"d{place}", f"d{place + 4}"} for place in range(4)},
        name="NanoNQ",
    )(models["dense"])
    assert alone.items() <= found.items()
    assert evaluator.primary_metric == "NanoBEIR_mean_cosine_ndcg@10"
    assert evaluator.outcomes.value == pytest.approx(found[evaluator.primary_metric])
    assert len(evaluator.outcomes) == 8
    assert evaluation.NanoBEIREvaluator(dataset_id=str(hub))(models["dense"]) == found
    with (tmp_path / "NanoBEIR_evaluation_NanoBEIR_mean_results.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert float(row["NanoBEIR_mean_cosine_map@100"]) == found["NanoBEIR_mean_cosine_map@100"]
    assert len(list(tmp_path.glob("*.csv"))) == 3


def test_settings_reach_the_sets(models, beir):
    evaluator = evaluation.NanoBEIREvaluator(
        ["MSMARCO", "nq"],
        beir,
        ndcg_at_k=[3],
        truncate_dim=4,
        score_functions=["cosine", "dot"],
        main_score_function="dot",
        aggregate_fn=max,
        aggregate_key="max",
        query_prompts={"MSMARCO": "the ", "nq": "red "},
        corpus_prompts="a ",
    )
    found = evaluator(models["dense"])
    assert evaluator.primary_metric == "NanoBEIR_max_4_dot_ndcg@3"
    of_each = [found[f"Nano{name}_4_cosine_ndcg@3"] for name in ("MSMARCO", "NQ")]
    assert found["NanoBEIR_max_4_cosine_ndcg@3"] == max(of_each)
    assert evaluator.outcomes is None  # the greatest of sets is no mean of queries
    assert [one._of_queries["prompt"] for one in evaluator.evaluators] == ["the ", "red "]
    assert [one._of_corpus["prompt"] for one in evaluator.evaluators] == ["a ", "a "]


def test_sparse_and_late_models(models, beir):
    evaluator = evaluation.SparseNanoBEIREvaluator(dataset_id=beir, max_active_dims=5)
    found = evaluator(models["sparse"])
    rows = models["sparse"].encode(QUERIES, max_active_dims=5)
    assert found["NanoBEIR_mean_5_query_active_dims"] == pytest.approx(rows.nnz / 4)
    read = models["sparse"].encode(DOCUMENTS, max_active_dims=5)
    common = [((one != 0) & (other != 0)).sum() for one in rows.toarray() for other in read.toarray()]
    assert found["NanoBEIR_mean_5_avg_flops"] == pytest.approx(np.mean(common))
    assert found["NanoNQ_5_corpus_active_dims"] == pytest.approx(read.nnz / 12)
    assert evaluator.primary_metric == "NanoBEIR_mean_5_dot_ndcg@10"
    late = evaluation.MultiVectorNanoBEIREvaluator(dataset_id=beir, corpus_chunk_size=5)(models["late"])
    assert late == evaluation.NanoBEIREvaluator(dataset_id=beir)(models["late"])
    assert "NanoMSMARCO_maxsim_ndcg@10" in late
    with pytest.raises(InputError, match="truncate_dim"):
        evaluation.MultiVectorNanoBEIREvaluator(dataset_id=beir, truncate_dim=3)


def test_cross_encoders_put_in_order_what_was_found(models, beir, hub):
    evaluator = evaluation.CrossEncoderNanoBEIREvaluator(dataset_id=beir, rerank_k=5, at_k=3)
    found = evaluator(models["cross"])
    assert evaluator.primary_metric == "NanoBEIR_R5_mean_ndcg@3"
    # Of BM25's first five the relevant ones of query 0 are at the ranks 1 and 5, of query 3 as well.
    assert found["NanoMSMARCO_R5_base_map"] == pytest.approx((1 + 2 / 5) / 2)
    assert found["NanoBEIR_R5_mean_map"] == pytest.approx(
        np.mean([found[f"Nano{name}_R5_map"] for name in ("MSMARCO", "NQ")])
    )
    assert evaluator.outcomes.value == pytest.approx(found[evaluator.primary_metric])
    assert evaluation.CrossEncoderNanoBEIREvaluator(dataset_id=hub, rerank_k=5, at_k=3)(models["cross"]) == found


def test_a_folder_of_sets_is_known_by_its_names(models, beir):
    assert type(evaluation.evaluator_of(beir)) is evaluation.NanoBEIREvaluator
    assert type(evaluation.evaluator_of(beir, cross_encoder=True)) is evaluation.CrossEncoderNanoBEIREvaluator


def test_what_is_not_there_is_told(beir, tmp_path):
    with pytest.raises(InputError, match=r"got 'msmarc'.* Did you mean 'msmarco'"):
        evaluation.NanoBEIREvaluator(["msmarc"], beir)
    with pytest.raises(InputError, match="None for all"):
        evaluation.NanoBEIREvaluator([], beir)
    with pytest.raises(InputError, match="none of the sets"):
        evaluation.NanoBEIREvaluator(dataset_id=tmp_path)
    with pytest.raises(DataError, match="no qrels of NanoFEVER"):
        evaluation.NanoBEIREvaluator(["fever"], beir)
    with pytest.raises(DataError, match="pass the folder of a copy"):
        evaluation.NanoBEIREvaluator(["fever"], "nobody/no-such-set")
    with pytest.raises(InputError, match="query_prompts must have a prompt for each set; it lacks nq"):
        evaluation.NanoBEIREvaluator(dataset_id=beir, query_prompts={"msmarco": "q"})
    lines(tmp_path / "corpus" / "NanoNQ.jsonl", [{"id": "a", "text": "b"}])
    lines(tmp_path / "queries" / "NanoNQ.jsonl", ASKED)
    lines(tmp_path / "qrels" / "NanoNQ.jsonl", [{"query-id": "q0", "corpus-id": "a"}])
    with pytest.raises(DataError, match="lack the column '_id'"):
        evaluation.NanoBEIREvaluator(dataset_id=tmp_path)


def test_a_measure_that_is_not_compared_does_not_count(models, beir):
    evaluator = evaluation.NanoBEIREvaluator(dataset_id=beir, main_score_function="dot")
    with pytest.raises(InputError, match="dot_ndcg@10' is not measured"):
        evaluator(models["dense"])
