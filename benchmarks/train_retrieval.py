"""Domain training on MedQuAD: ranking with mined hard negatives, then a cross-encoder that reranks what is found.

The bi-encoder's base is paraphrase-MiniLM-L3-v2, which knows nothing of medicine; it learns from questions of
the training split, their answers, and hard negatives that the base itself mines. The tiny BERT inside a
SPLADE package becomes the cross-encoder, with negatives that the trained bi-encoder mines. nDCG@10 on the
questions of the test split among all answers.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from folders import paraphrase_l3, splade_tiny
from harness import record
from train_jobs import Job, Retrieval, data_or_end, retrieval, start, train_both

from sbert import CrossEncoder, SentenceTransformer, mine_hard_negatives
from sbert.evaluation import CrossEncoderRerankingEvaluator, InformationRetrievalEvaluator
from sbert.util import semantic_search

LENGTH, PAIR_LENGTH = 128, 96
RERANKED = 100


def main() -> None:
    options = start(__doc__, rounds=1)
    folder = data_or_end(options, "retrieval", "medquad") / "retrieval" / "medquad"
    found = retrieval(folder, 2000 if options.short else 6000)
    questions, for_pairs, tested = (256, 128, 50) if options.short else (2000, 4000, 200)
    base = str(paraphrase_l3())
    test = found.relevant["test"]
    judge = InformationRetrievalEvaluator({query: found.queries[query] for query in test}, found.corpus, test)

    def measure(folder: str) -> dict[str, float]:
        metrics = judge(SentenceTransformer(folder, on_truncation="ignore"))
        return {"ndcg@10": 100 * metrics["cosine_ndcg@10"], "recall@10": 100 * metrics["cosine_recall@10"]}

    before = measure(base)
    print(f"before training: nDCG@10 {before['ndcg@10']:.2f}, recall@10 {before['recall@10']:.2f}")
    pairs = training_pairs(found)
    started = time.perf_counter()
    triplets = mined(pairs[:questions], base, found)
    mining = time.perf_counter() - started
    print(f"{len(triplets):,} triplets mined in {mining:.0f} s")

    def ranking(seed: int) -> Job:
        return Job(
            base,
            triplets,
            {"name": "MultipleNegativesRankingLoss"},
            {
                "num_train_epochs": 1,
                "per_device_train_batch_size": 32,
                "learning_rate": 5e-5,
                "warmup_ratio": 0.1,
                "batch_sampler": "no_duplicates",
                "seed": seed,
            },
            settings={"max_seq_length": LENGTH},
        )

    with tempfile.TemporaryDirectory() as made:
        scratch = options.keep_models or Path(made)
        bi_encoder = train_both(ranking, measure, options, scratch, "ranking")
        ours = str(scratch / "ranking" / "sbert-1" / "model")
        judged = pairs_with_labels(mined(pairs[:for_pairs], ours, found, count=3))
        samples = candidates(found, ours, tested)
        print(f"{len(judged):,} labelled pairs; {len(samples)} questions with {RERANKED} candidates each")
        reranking = CrossEncoderRerankingEvaluator(samples, always_rerank_positives=False)

        def rerank(folder: str) -> dict[str, float]:
            metrics = reranking(CrossEncoder(folder, on_truncation="ignore"))
            return {"ndcg@10": 100 * metrics["ndcg@10"], "base_ndcg@10": 100 * metrics["base_ndcg@10"]}

        def scoring(seed: int) -> Job:
            arguments = {"num_train_epochs": 2, "per_device_train_batch_size": 32, "learning_rate": 5e-4}
            return Job(
                str(splade_tiny()),
                judged,
                {"name": "BinaryCrossEntropyLoss"},
                {**arguments, "warmup_ratio": 0.1, "seed": seed},
                family="CrossEncoder",
                options={"num_labels": 1, "max_length": PAIR_LENGTH},
            )

        cross_encoder = train_both(scoring, rerank, options, scratch, "cross-encoder")
    facts = {
        "documents": len(found.corpus),
        "before": before,
        "ranking": bi_encoder,
        "triplets": len(triplets),
        "mining_seconds": mining,
        "cross_encoder": cross_encoder,
        "labelled_pairs": len(judged),
        "reranked_questions": len(samples),
        "together": options.together,
    }
    record("train_retrieval", facts | {"rounds": options.rounds, "short_form": options.short})


def training_pairs(found: Retrieval, seed: int = 1) -> list[dict[str, str]]:
    """Each training question with an answer, in a random order."""
    pairs = [
        {"question": found.queries[query], "answer": found.answers[min(answers)]}
        for query, answers in found.relevant["train"].items()
    ]
    random.Random(seed).shuffle(pairs)
    return pairs


def mined(pairs: list[dict[str, str]], folder: str, found: Retrieval, count: int = 1) -> list[dict[str, str]]:
    """The pairs with hard negatives, found by a model among all answers; none of the test split's is taken for one."""
    held_back = {document for query in found.relevant["test"].values() for document in query}
    corpus = [text for name, text in found.corpus.items() if name not in held_back]
    rows = mine_hard_negatives(
        pairs,
        SentenceTransformer(folder, on_truncation="ignore"),
        corpus=corpus,
        range_min=3,
        range_max=30,
        relative_margin=0.05,
        num_negatives=count,
        sampling_strategy="random",
        verbose=False,
    )
    return [dict(row) for row in rows]


def pairs_with_labels(triplets: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Each question with its answer, 1, and with each negative, 0."""
    rows: dict[tuple[str, str], int] = {}
    for row in triplets:
        question, answer, negative = row.values()
        rows[question, answer] = 1
        rows.setdefault((question, negative), 0)
    found = [
        {"question": question, "answer": answer, "label": float(label)} for (question, answer), label in rows.items()
    ]
    random.Random(2).shuffle(found)
    return found


def candidates(found: Retrieval, folder: str, count: int) -> list[dict[str, Any]]:
    """Test questions with what a model finds for them, the best first."""
    model = SentenceTransformer(folder, on_truncation="ignore")
    names = list(found.corpus)
    queries = sorted(found.relevant["test"])
    random.Random(3).shuffle(queries)
    queries = queries[:count]
    vectors = model.encode_document([found.corpus[name] for name in names])
    asked = model.encode_query([found.queries[query] for query in queries])
    hits = semantic_search(np.asarray(asked), np.asarray(vectors), top_k=RERANKED)
    return [
        {
            "query": found.queries[query],
            "positive": [found.corpus[document] for document in found.relevant["test"][query]],
            "documents": [found.corpus[names[hit["corpus_id"]]] for hit in taken],
        }
        for query, taken in zip(queries, hits, strict=True)
    ]


if __name__ == "__main__":
    main()
