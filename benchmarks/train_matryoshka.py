"""Matryoshka: what 64 of 384 dimensions keep of a model's quality, trained with the nest of widths and without.

MiniLM-L3 on the STS benchmark's training part; Spearman on its test part, whole vectors and their first dimensions.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from folders import paraphrase_l3
from harness import record
from train_jobs import Job, data_or_end, nli_triplets, start, stsb, train_both

from sbert import SentenceTransformer
from sbert.evaluation import EmbeddingSimilarityEvaluator

WIDTHS = (384, 128, 64, 32, 16)


def main() -> None:
    options = start(__doc__, rounds=1)
    data = data_or_end(options, "sts", "stsb-en.tsv.gz")
    rows: list[Any] = nli_triplets(data)[:2000]
    test = stsb(data, "test")
    if options.short:
        rows = rows[:512]
    columns = [[row[key] for row in test] for key in ("sentence1", "sentence2", "score")]

    def measure(folder: str) -> dict[str, float]:
        model = SentenceTransformer(folder, on_truncation="ignore")
        judges = {width: EmbeddingSimilarityEvaluator(*columns, truncate_dim=width) for width in WIDTHS}
        return {f"spearman@{width}": 100 * judge(model)["spearman_cosine"] for width, judge in judges.items()}

    base = str(paraphrase_l3())
    plain = {"name": "MultipleNegativesRankingLoss"}
    nested = {"name": "MatryoshkaLoss", "arguments": {"loss": plain, "matryoshka_dims": list(WIDTHS)}}
    before = measure(base)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        for name, loss in (("plain", plain), ("matryoshka", nested)):

            def job(seed: int, loss: Any = loss) -> Job:
                arguments = {"num_train_epochs": 2, "per_device_train_batch_size": 64, "learning_rate": 2e-4}
                return Job(base, rows, loss, {**arguments, "warmup_ratio": 0.1, "seed": seed})

            found[name] = train_both(job, measure, options, options.keep_models or Path(made), name)
    for name, trained in found.items():
        kept = trained["means"]["sbert"]
        print(f"  {name}: 64 of 384 keep {100 * kept['spearman@64'] / kept['spearman@384']:.1f} %")
    facts = {"before": before, "losses": found, "rows": len(rows), "together": options.together}
    record("train_matryoshka", facts | {"rounds": options.rounds, "short_form": options.short})


if __name__ == "__main__":
    main()
