"""A sparse and a late-interaction model trained on MedQuAD: nDCG@10, sparsity, and the size of an index.

The late-interaction one is of MiniLM-L3, and dense vectors of the same network, trained on the same pairs,
stand beside it. The sparse one starts from a tiny SPLADE: MiniLM-L3 was published without a head that tells
words, and does not learn one from a thousand pairs.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from folders import paraphrase_l3, splade_tiny
from harness import record
from train_jobs import Job, Retrieval, data_or_end, retrieval, start, train_both
from train_retrieval import training_pairs

from sbert import MultiVectorEncoder, SentenceTransformer, SparseEncoder

WORD_LENGTH, LENGTH = 64, 128
BATCH: dict[str, Any] = {
    "num_train_epochs": 1,
    "per_device_train_batch_size": 32,
    "warmup_ratio": 0.1,
    "batch_sampler": "no_duplicates",
}


def main() -> None:
    options = start(__doc__, rounds=1)
    held = retrieval(data_or_end(options, "retrieval", "medquad") / "retrieval" / "medquad", 3000)
    pairs = training_pairs(held)[: 128 if options.short else 1200]
    test = Test(held, 50 if options.short else 300)
    base = str(paraphrase_l3())
    ranking = {"name": "MultipleNegativesRankingLoss"}
    splade = {
        "name": "SpladeLoss",
        "arguments": {
            "loss": {"name": "SparseMultipleNegativesRankingLoss"},
            "document_regularizer_weight": 3e-3,
            "query_regularizer_weight": 5e-3,
        },
    }
    late = {"name": "MultiVectorMultipleNegativesRankingLoss"}
    jobs: dict[str, Any] = {
        "dense": (base, "SentenceTransformer", ranking, 5e-5, WORD_LENGTH, test.dense),
        "sparse": (str(splade_tiny()), "SparseEncoder", splade, 5e-5, LENGTH, test.sparse),
        "late interaction": (base, "MultiVectorEncoder", late, 1e-4, LENGTH, test.late),
    }
    found: dict[str, Any] = {"before": test.dense(base), "sparse_before": test.sparse(str(splade_tiny()))}
    with tempfile.TemporaryDirectory() as made:
        for name, (model, family, loss, rate, length, measure) in jobs.items():

            def job(seed: int, parts: Any = (model, family, loss, rate, length)) -> Job:
                folder, kind, wanted, learning_rate, longest = parts
                arguments = BATCH | {"learning_rate": learning_rate, "seed": seed}
                return Job(folder, pairs, wanted, arguments, family=kind, settings={"max_seq_length": longest})

            found[name] = train_both(job, measure, options, options.keep_models or Path(made), name)
    facts = {"pairs": len(pairs), "documents": len(test.documents), "questions": len(test.queries)}
    record("train_sparse_and_late", found | facts | {"together": options.together, "short_form": options.short})


class Test:
    """Questions of the test split among all answers.

    Args:
        held: the collection.
        count: of questions.
    """

    def __init__(self, held: Retrieval, count: int) -> None:
        names = sorted(held.relevant["test"])
        random.Random(3).shuffle(names)
        place = {name: number for number, name in enumerate(held.corpus)}
        self.documents = list(held.corpus.values())
        self.queries = [held.queries[name] for name in names[:count]]
        self.relevant = [{place[document] for document in held.relevant["test"][name]} for name in names[:count]]

    def dense(self, folder: str) -> dict[str, float]:
        """Of vectors."""
        model = SentenceTransformer(folder, on_truncation="ignore")
        vectors = model.encode_document(self.documents)
        scores = np.asarray(model.similarity(model.encode_query(self.queries), vectors))
        return {"ndcg@10": self.ndcg(scores), "megabytes": vectors.nbytes / 1e6}

    def sparse(self, folder: str) -> dict[str, float]:
        """Of weights of words: also how many words a text has, and the bytes of an inverted index, not compressed."""
        model = SparseEncoder(folder, on_truncation="ignore")
        documents, queries = model.encode_document(self.documents), model.encode_query(self.queries)
        scores = np.asarray(model.similarity(queries, documents))
        return {
            "ndcg@10": self.ndcg(scores),
            "document_words": model.sparsity(documents)["active_dims"],
            "query_words": model.sparsity(queries)["active_dims"],
            "megabytes": 8 * documents.nnz / 1e6,
        }

    def late(self, folder: str) -> dict[str, float]:
        """Of token vectors, in float16 as indexes keep them."""
        model = MultiVectorEncoder(folder, on_truncation="ignore")
        documents, queries = model.encode_document(self.documents), model.encode_query(self.queries)
        scores = np.asarray(model.similarity(queries, documents))
        tokens = sum(len(vectors) for vectors in documents)
        return {
            "ndcg@10": self.ndcg(scores),
            "document_vectors": tokens / len(documents),
            "megabytes": 2 * tokens * documents[0].shape[1] / 1e6,
        }

    def ndcg(self, scores: np.ndarray, at: int = 10) -> float:
        """The mean nDCG@10, in percent; a document is relevant or not."""
        discounts = 1 / np.log2(np.arange(2, at + 2))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :at]
        values = [
            sum(discount for number, discount in zip(row, discounts, strict=True) if int(number) in relevant)
            / discounts[: len(relevant)].sum()
            for row, relevant in zip(order, self.relevant, strict=True)
        ]
        return 100 * float(np.mean(values))


if __name__ == "__main__":
    main()
