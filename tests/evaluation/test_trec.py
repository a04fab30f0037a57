"""Retrieval's measures, against those of trec_eval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbert.evaluation import InformationRetrievalEvaluator
from sbert.util import semantic_search
from support.shared import require

pytrec_eval = pytest.importorskip("pytrec_eval", reason="a tool of development")

#: Ours, and trec_eval's by which it is called there. MAP is compared where k cannot cut it off: trec_eval then goes on
#: dividing by all that is relevant, and ours, as others in this field, by no more than k.
MEASURES = {
    "ndcg@10": "ndcg_cut_10", "ndcg@3": "ndcg_cut_3", "precision@5": "P_5", "recall@10": "recall_10",
    "accuracy@1": "success_1", "accuracy@5": "success_5", "mrr@{all}": "recip_rank", "map@{all}": "map",
}  # fmt: skip
TREC = {"ndcg_cut.3,10", "P.5", "recall.10", "success.1,5", "recip_rank", "map"}


class Planes:
    """A stand-in for a model, whose vectors are known by the texts."""

    similarity_fn_name = "dot"

    def __init__(self, vectors):
        self.vectors = vectors

    def encode_query(self, texts, **_):
        return np.array([self.vectors[text] for text in texts])

    encode_document = encode_query


def of_trec(run, judgements):
    """The means that trec_eval tells of a run: {query: {document: score}}."""
    told = pytrec_eval.RelevanceEvaluator(judgements, TREC).evaluate(run)
    return {name: np.mean([of_query[name] for of_query in told.values()]) for name in next(iter(told.values()))}


def assert_alike(found, told, documents, front):
    for ours, theirs in MEASURES.items():
        assert found[f"{front}_{ours.format(all=documents)}"] == pytest.approx(told[theirs], abs=1e-9), ours


def options(documents):
    return {
        "ndcg_at_k": [3, 10], "mrr_at_k": [documents], "map_at_k": [documents], "precision_recall_at_k": [5, 10],
    }  # fmt: skip


@given(st.integers(0, 10_000), st.integers(11, 40), st.integers(1, 8), st.booleans())
@settings(max_examples=60, deadline=None)
def test_random_searches(seed, documents, queries, graded):
    generator = np.random.default_rng(seed)
    names = [f"d{number}" for number in range(documents)]
    # Scores that all differ, since trec_eval orders equal ones by name.
    scores = generator.permuted(np.tile(np.arange(documents, dtype=np.float32), (queries, 1)), axis=1)
    vectors = {name: scores[:, number] for number, name in enumerate(names)}
    vectors |= {f"q{number}": np.eye(queries, dtype=np.float32)[number] for number in range(queries)}
    judgements = {}
    for number in range(queries):
        chosen = generator.choice(names, generator.integers(1, 15) if documents > 15 else 3, replace=False)
        judgements[f"q{number}"] = {str(name): int(generator.integers(1, 4 if graded else 2)) for name in chosen}
    judge = InformationRetrievalEvaluator(
        {query: query for query in judgements}, {name: name for name in names}, judgements, **options(documents)
    )
    run = {
        f"q{number}": {name: float(scores[number, place]) for place, name in enumerate(names)}
        for number in range(queries)
    }
    assert_alike(judge(Planes(vectors)), of_trec(run, judgements), documents, "dot")


def test_a_real_search(minilm):
    """The beginnings of Cranfield's first documents, with graded judgements."""
    from sbert.evaluation.beir import read_beir

    data = read_beir(require("retrieval/cranfield"), None)
    kept = list(data["corpus"])[:400]
    corpus = {name: data["corpus"][name][:300] for name in kept}
    judgements = {
        query: {name: int(gain) for name, gain in dict(gains).items() if name in corpus and gain > 0}
        for query, gains in data["relevant_docs"].items()
    }
    judgements = {query: gains for query, gains in judgements.items() if gains}
    queries = {query: data["queries"][query] for query in judgements}
    judge = InformationRetrievalEvaluator(queries, corpus, judgements, **options(len(corpus)))
    found = judge(minilm)
    hits = semantic_search(
        minilm.encode_query(list(queries.values())), minilm.encode_document(list(corpus.values())), top_k=len(corpus)
    )
    run = {
        query: {kept[hit["corpus_id"]]: len(corpus) - place for place, hit in enumerate(of_query)}
        for query, of_query in zip(queries, hits, strict=True)
    }
    assert len(queries) > 50
    assert_alike(found, of_trec(run, judgements), len(corpus), "cosine")
