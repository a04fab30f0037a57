"""The three objectives of SBERT's paper, from a BERT that is no sentence encoder: STS benchmark before and after.

The base is the tiny BERT inside a SPLADE package. Data are SNLI's dev and test, and the STS benchmark's training part.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from folders import splade_tiny
from harness import record
from train_jobs import Job, data_or_end, nli, nli_triplets, start, stsb, train_both

from sbert import SentenceTransformer
from sbert.evaluation import EmbeddingSimilarityEvaluator


def main() -> None:
    options = start(__doc__)
    data = data_or_end(options, "sts", "stsb-en.tsv.gz")
    test = stsb(data, "test")
    judge = EmbeddingSimilarityEvaluator(
        [row["sentence1"] for row in test], [row["sentence2"] for row in test], [row["score"] for row in test]
    )

    def measure(folder: str) -> dict[str, float]:
        return {"spearman": 100 * judge(SentenceTransformer(folder, on_truncation="ignore"))["spearman_cosine"]}

    base = str(splade_tiny())
    before = measure(base)["spearman"]
    print(f"before training: {before:.2f}")
    objectives: dict[str, tuple[Any, dict[str, Any], int]] = {
        "classification, NLI": (
            nli(data),
            {"name": "SoftmaxLoss", "arguments": {"embedding_dimension": 128, "num_labels": 3}},
            1,
        ),
        "triplet, NLI": (nli_triplets(data), {"name": "TripletLoss", "arguments": {"triplet_margin": 1.0}}, 2),
        "regression, STSb": (stsb(data), {"name": "CosineSimilarityLoss"}, 4),
    }
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        scratch = options.keep_models or Path(made)
        for name, (rows, loss, epochs) in objectives.items():
            if options.short:
                rows, epochs = rows[:1024], 1

            def job(seed: int, rows: Any = rows, loss: Any = loss, epochs: int = epochs, model: str = base) -> Job:
                arguments = {
                    "num_train_epochs": epochs,
                    "per_device_train_batch_size": 32,
                    "learning_rate": 2e-4,
                    "warmup_ratio": 0.1,
                    "seed": seed,
                }
                return Job(model, rows, loss, arguments, settings={"max_seq_length": 128})

            found[name] = train_both(job, measure, options, scratch, name) | {"rows": len(rows), "epochs": epochs}
        rows, loss, epochs = objectives["regression, STSb"]
        rows, epochs = (rows[:1024], 1) if options.short else (rows, epochs)
        # Each library goes on from the model that it trained on NLI itself.
        name = "classification, NLI, then regression, STSb"

        def second(seed: int) -> Job:
            arguments = {"num_train_epochs": epochs, "per_device_train_batch_size": 32, "learning_rate": 2e-4}
            arguments |= {"warmup_ratio": 0.1, "seed": seed}
            return _AfterNli(base, rows, loss, arguments, settings={"max_seq_length": 128}, scratch=scratch, seed=seed)

        found[name] = train_both(second, measure, options, scratch, name) | {"rows": len(rows), "epochs": epochs}
    record(
        "train_objectives",
        {"before": before, "objectives": found, "rounds": options.rounds, "short_form": options.short},
    )


class _AfterNli(Job):
    def __init__(self, *args: Any, scratch: Path, seed: int, **more: Any) -> None:
        super().__init__(*args, **more)
        self.scratch, self.seed = scratch, seed

    def run(self, side: str, options: Any, folder: Path) -> dict[str, Any]:
        self.model = str(self.scratch / "classification, NLI" / f"{side}-{self.seed}" / "model")
        return super().run(side, options, folder)


if __name__ == "__main__":
    main()
