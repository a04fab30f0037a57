"""Evaluators measure what the peer's do, by the same names, on real data with the real MiniLM."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from sbert import SentenceTransformer, evaluation
from sbert.checkpoints import resolve
from support.shared import json_lines, require, rows

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("SBERT_PEER_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))
ALL = ["cosine", "dot", "euclidean", "manhattan"]

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="needs the peers' environment: make peers")


def sts():
    found = [row for row in rows("sts/stsb-en.tsv.gz") if row["split"] == "test"][:300]
    return {
        "sentences1": [row["sentence1"] for row in found],
        "sentences2": [row["sentence2"] for row in found],
        "scores": [float(row["score"]) for row in found],
    }


def pairs():
    """Premises with hypotheses that follow from them, or do not."""
    found = rows("nli/snli-devtest.tsv.gz")[:400]
    return {
        "sentences1": [row["premise"] for row in found],
        "sentences2": [row["hypothesis"] for row in found],
        "labels": [int(row["label"] == "entailment") for row in found],
    }


def triplets():
    of = {}
    for row in rows("nli/snli-devtest.tsv.gz")[:600]:
        of.setdefault(row["premise"], {})[row["label"]] = row["hypothesis"]
    whole = [(premise, found) for premise, found in of.items() if {"entailment", "contradiction"} <= set(found)]
    return {
        "anchors": [premise for premise, _ in whole],
        "positives": [found["entailment"] for _, found in whole],
        "negatives": [found["contradiction"] for _, found in whole],
    }


def retrieval():
    """Some claims and the papers of all of them, most of which are relevant to none of these."""
    papers = {paper["_id"]: paper["title"] for paper in json_lines("retrieval/scifact/corpus.jsonl.gz")[:1500]}
    claims = {claim["_id"]: claim["text"] for claim in json_lines("retrieval/scifact/queries.jsonl.gz")}
    relevant = {}
    for line in require("retrieval/scifact/qrels/test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        claim, paper, _ = line.split()
        if paper in papers:
            relevant.setdefault(claim, []).append(paper)
    return {"queries": {claim: claims[claim] for claim in relevant}, "corpus": papers, "relevant_docs": relevant}


def samples():
    data = retrieval()
    papers = list(data["corpus"].items())
    return [
        {
            "query": text,
            "positive": [data["corpus"][paper] for paper in data["relevant_docs"][claim]],
            "negative": [
                title for name, title in papers[place : place + 15] if name not in data["relevant_docs"][claim]
            ],
        }
        for place, (claim, text) in enumerate(data["queries"].items())
    ]


def evaluators():
    # No text twice: which of two equal ones is the nearer is up to the last bit.
    found = {row["premise"]: row["hypothesis"] for row in rows("nli/snli-devtest.tsv.gz")[:300]}
    same = {"source_sentences": list(found), "target_sentences": list(found.values())}
    return [
        ("EmbeddingSimilarityEvaluator", sts()),
        ("EmbeddingSimilarityEvaluator", sts() | {"similarity_fn_names": ALL, "name": "all", "truncate_dim": 64}),
        ("EmbeddingSimilarityEvaluator", sts() | {"similarity_fn_names": ALL, "main_similarity": "dot"}),
        ("BinaryClassificationEvaluator", pairs()),
        ("BinaryClassificationEvaluator", pairs() | {"similarity_fn_names": ["cosine", "manhattan"], "name": "nli"}),
        ("TripletEvaluator", triplets() | {"similarity_fn_names": ALL}),
        ("TripletEvaluator", triplets() | {"margin": dict.fromkeys(ALL, 0.1)}),
        ("InformationRetrievalEvaluator", retrieval() | {"corpus_chunk_size": 400, "name": "scifact"}),
        ("InformationRetrievalEvaluator", retrieval() | {"ndcg_at_k": [3, 20], "truncate_dim": 32}),
        ("RerankingEvaluator", {"samples": samples(), "at_k": 5}),
        ("TranslationEvaluator", same),
        ("MSEEvaluator", same | {"teacher_model": True}),
    ]


@pytest.fixture(scope="module")
def measured():
    """Measures of the peer and of ours, by the same arguments."""
    folder = resolve("all-MiniLM-L6-v2").folder
    request = {"folder": str(folder), "evaluators": evaluators()}
    command = [PEER, Path(__file__).with_name("peer_evaluation.py")]
    told = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, timeout=600, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    model = SentenceTransformer(folder, backend="openvino", on_truncation="ignore")
    ours = []
    for name, arguments in evaluators():
        given = {key: model if key == "teacher_model" else value for key, value in arguments.items()}
        evaluator = getattr(evaluation, name)(**given)
        ours.append(evaluator(model) | {"": evaluator.primary_metric})
    return json.loads(told.stdout.splitlines()[-1]), ours


@pytest.mark.parametrize("number", range(12))
def test_the_measures_are_the_peers(measured, number):
    theirs, ours = (side[number] for side in measured)
    assert ours[""] == theirs[""]
    assert set(ours) == set(theirs)
    for key, value in theirs.items():
        if key:
            assert ours[key] == pytest.approx(value, abs=2e-4, rel=1e-4), key
