"""Published scores come out: the whole way from text to vector to ranking is right."""

import csv

import numpy as np
import pytest
from scipy.stats import spearmanr

from sbert import SentenceTransformer
from sbert.search import search
from support.shared import json_lines, require, rows


def stsb(model):
    pairs = [row for row in rows("sts/stsb-en.tsv.gz") if row["split"] == "test"]
    assert len(pairs) == 1379
    left, right = (model.encode([row[side] for row in pairs]) for side in ("sentence1", "sentence2"))
    scores = model.similarity_pairwise(left, right)
    return 100 * spearmanr(scores, [float(row["score"]) for row in pairs]).statistic


def ndcg_at_10(model, name):
    """nDCG@10 with gains as they stand, the way that trec_eval computes it."""
    documents = json_lines(f"retrieval/{name}/corpus.jsonl.gz")
    queries = {row["_id"]: row["text"] for row in json_lines(f"retrieval/{name}/queries.jsonl.gz")}
    relevant: dict[str, dict[str, int]] = {}
    with require(f"retrieval/{name}/qrels/test.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            relevant.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    ids = list(relevant)
    corpus = model.encode_document([f"{document['title']} {document['text']}" for document in documents])
    hits = search(model.encode_query([queries[query] for query in ids]), corpus, top_k=10)
    discounts = 1 / np.log2(np.arange(2, 12))
    scores = []
    for query, found in zip(ids, hits.ids, strict=True):
        gains = np.array([relevant[query].get(documents[number]["_id"], 0) for number in found])
        best = sorted(relevant[query].values(), reverse=True)[:10]
        scores.append((gains * discounts).sum() / (best * discounts[: len(best)]).sum())
    return 100 * float(np.mean(scores))


def test_stsb_of_minilm(minilm):
    assert round(stsb(minilm), 2) == 82.03


def test_stsb_of_minilm_in_bfloat16(minilm_bf16):
    assert stsb(minilm_bf16) == pytest.approx(82.03, abs=0.1)


@pytest.mark.slow
def test_stsb_of_mpnet():
    assert round(stsb(SentenceTransformer("all-mpnet-base-v2", backend="openvino")), 2) == 83.42


@pytest.mark.slow
def test_scifact_of_minilm():
    """Title and text joined by a space, as published."""
    model = SentenceTransformer("all-MiniLM-L6-v2", backend="openvino", on_truncation="ignore")
    assert round(ndcg_at_10(model, "scifact"), 2) == 64.51
