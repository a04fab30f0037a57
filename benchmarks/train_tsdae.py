"""TSDAE: what unsupervised training on a domain's own texts brings, or does not: MedQuAD, nDCG@10.

The base is the tiny BERT inside a SPLADE package with mean pooling; its texts are the collection's sentences.
"""

from __future__ import annotations

import random
import re
import tempfile
from pathlib import Path
from typing import Any

from folders import splade_tiny
from harness import record
from train_jobs import Job, data_or_end, retrieval, start, train_both

from sbert import SentenceTransformer
from sbert.evaluation import InformationRetrievalEvaluator

COLLECTIONS = ("medquad",)
DELETED = 0.6


def main() -> None:
    options = start(__doc__, rounds=1)
    data = data_or_end(options, "retrieval", COLLECTIONS[0])
    base = str(splade_tiny())
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        for name in COLLECTIONS:
            held = retrieval(data / "retrieval" / name, 6000)
            test = held.relevant["test"]
            judge = InformationRetrievalEvaluator({query: held.queries[query] for query in test}, held.corpus, test)

            def measure(folder: str, judge: Any = judge) -> dict[str, float]:
                return {"ndcg@10": 100 * judge(SentenceTransformer(folder, on_truncation="ignore"))["cosine_ndcg@10"]}

            rows = noised(sentences(held.corpus.values()))[: 512 if options.short else 10_000]
            before = measure(base)
            print(f"{name}: {len(rows):,} sentences; before training nDCG@10 {before['ndcg@10']:.2f}")

            def job(seed: int, rows: Any = rows) -> Job:
                arguments = {"num_train_epochs": 1, "per_device_train_batch_size": 16, "learning_rate": 1e-4}
                loss = {"name": "DenoisingAutoEncoderLoss", "arguments": {"tie_encoder_decoder": True}}
                return Job(
                    base,
                    rows,
                    loss,
                    {**arguments, "warmup_ratio": 0.1, "weight_decay": 0.0, "seed": seed},
                    settings={"max_seq_length": 96},
                )

            trained = train_both(job, measure, options, options.keep_models or Path(made), name)
            found[name] = {"before": before, "sentences": len(rows), **trained}
    facts = {"collections": found, "together": options.together, "rounds": options.rounds}
    record("train_tsdae", facts | {"short_form": options.short})


def sentences(texts: Any) -> list[str]:
    """Sentences of 5 to 60 words."""
    parts = (part.strip() for text in texts for part in re.split(r"(?<=[.!?])\s+", text))
    found = list(dict.fromkeys(part for part in parts if 5 <= len(part.split()) <= 60))
    random.Random(1).shuffle(found)
    return found


def noised(texts: list[str]) -> list[dict[str, str]]:
    """Each text with most of its words deleted, beside itself; the same for both libraries."""
    draw = random.Random(2)
    rows = []
    for text in texts:
        words = text.split()
        kept = [word for word in words if draw.random() > DELETED] or [draw.choice(words)]
        rows.append({"noised": " ".join(kept), "text": text})
    return rows


if __name__ == "__main__":
    main()
