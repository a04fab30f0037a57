"""German and French for an English model, by multilingual distillation: STS benchmark and Tatoeba, before and after.

The teacher is all-MiniLM-L6-v2, which reads English; the student begins as the same with a vocabulary that was extended
by pieces of German and French words; the parallel sentences are Multi30k's captions.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from folders import folder
from harness import record
from train_jobs import Job, data_or_end, start, stsb, table, train_both

from sbert import SentenceTransformer
from sbert.evaluation import EmbeddingSimilarityEvaluator, TranslationEvaluator
from sbert.training.adaptation import extend_vocabulary, translation_rows

LANGUAGES = {"de": "deu", "fr": "fra"}
PIECES = 12_000


def main() -> None:
    options = start(__doc__, rounds=1)
    data = data_or_end(options, "parallel", "multi30k", "train.tsv.gz")
    captions = list(table(data / "parallel" / "multi30k" / "train.tsv.gz"))
    judges = evaluators(data)

    def measure(path: str) -> dict[str, float]:
        model = SentenceTransformer(path, on_truncation="ignore")
        return {name: 100 * judge(model)[key] for name, (judge, key) in judges.items()}

    base = str(folder("minilm"))
    teacher = SentenceTransformer(base, on_truncation="ignore")
    found: dict[str, Any] = {"before": measure(base)}
    with tempfile.TemporaryDirectory() as made:
        scratch = options.keep_models or Path(made)
        student = SentenceTransformer(base)
        found["pieces"] = extend_vocabulary(student, [row[name] for row in captions for name in LANGUAGES], PIECES)
        student.save_pretrained(scratch / "student")
        found["extended"] = measure(str(scratch / "student"))
        used = captions[: 300 if options.short else 6000]
        sources = [row["en"] for row in used] * len(LANGUAGES)
        rows = translation_rows(teacher, sources, [row[name] for name in LANGUAGES for row in used])
        order = np.random.default_rng(1).permutation(len(rows))
        pairs = [{key: rows.columns[key][place] for key in ("source", "translation")} for place in order]
        labels = np.asarray(rows.columns["label"])[order]

        def job(seed: int) -> Job:
            arguments = {"num_train_epochs": 1, "per_device_train_batch_size": 64, "learning_rate": 5e-4}
            return Job(
                str(scratch / "student"),
                pairs,
                {"name": "MSELoss"},
                {**arguments, "warmup_ratio": 0.1, "seed": seed},
                settings={"max_seq_length": 64},
                labels=labels,
            )

        found["trained"] = train_both(job, measure, options, scratch, "multilingual")
    facts = {"rows": len(pairs), "languages": list(LANGUAGES), "together": options.together}
    record("train_multilingual", found | facts | {"rounds": options.rounds, "short_form": options.short})


def evaluators(data: Path) -> dict[str, Any]:
    """What is measured, each with the key that counts."""
    judges: dict[str, Any] = {}
    for language in ("en", *LANGUAGES):
        test = stsb(data, "test", language)
        columns = ([row[key] for row in test] for key in ("sentence1", "sentence2", "score"))
        judges[f"STSb {language}"] = EmbeddingSimilarityEvaluator(*columns), "spearman_cosine"
    for language, code in LANGUAGES.items():
        pairs = list(table(data / "parallel" / "tatoeba" / f"{code}.tsv.gz"))
        columns = ([row[key] for row in pairs] for key in ("english", "translation"))
        judges[f"Tatoeba {language}"] = TranslationEvaluator(*columns), "mean_accuracy"
    return judges


if __name__ == "__main__":
    main()
