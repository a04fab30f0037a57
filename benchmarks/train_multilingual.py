"""German and French in the space of an English model, by multilingual distillation: two students, before and after.

The teacher is all-MiniLM-L6-v2, which reads English. One student is multilingual-e5-small, which reads a hundred
languages, in a space of its own; the other is the teacher itself, its vocabulary extended by pieces of German and
French words. The parallel sentences are captions of Multi30k, and news of NTREX.

Each student is measured on sentences of one language, on finding translations (Tatoeba), and as it is used beside its
teacher: English sentences read by the teacher, German or French ones by the student, as in the search of an English
index ("STSb en-de").
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from folders import MODELS, folder
from harness import record
from scipy.stats import spearmanr
from train_jobs import Job, data_or_end, start, stsb, table, train_both

from sbert import SentenceTransformer
from sbert.evaluation import EmbeddingSimilarityEvaluator, TranslationEvaluator
from sbert.training.adaptation import extend_vocabulary, translation_rows
from sbert.util import pairwise_cos_sim

LANGUAGES = {"de": "deu", "fr": "fra"}
NEWS = {"de": "deu", "fr": "fra-CA"}
PIECES = 12_000


def main() -> None:
    options = start(__doc__, rounds=1)
    data = data_or_end(options, "parallel", "multi30k", "train.tsv.gz")
    teacher_folder = str(folder("minilm"))
    teacher = SentenceTransformer(teacher_folder, on_truncation="ignore")
    measure = measures(data, teacher)
    sources, translations = parallel(data, 300 if options.short else 6000)
    found: dict[str, Any] = {"teacher": measure(teacher_folder), "students": {}}
    with tempfile.TemporaryDirectory() as made:
        scratch = options.keep_models or Path(made)
        rows = translation_rows(teacher, sources, translations)
        order = np.random.default_rng(1).permutation(len(rows))
        pairs = [{key: rows.columns[key][place] for key in ("source", "translation")} for place in order]
        labels = np.asarray(rows.columns["label"])[order]

        extended = SentenceTransformer(teacher_folder)
        found["pieces"] = extend_vocabulary(extended, translations, PIECES)
        extended.save_pretrained(scratch / "extended")
        e5 = str(folder("e5"))
        students = {
            "multilingual-e5-small": (e5, MODELS["e5"].query),
            "with new pieces": (str(scratch / "extended"), ""),
        }
        for name, (path, prompt) in students.items():

            def job(seed: int, path: str = path) -> Job:
                arguments = {"num_train_epochs": 1, "per_device_train_batch_size": 64, "learning_rate": 5e-4}
                return Job(
                    path,
                    pairs,
                    {"name": "MSELoss"},
                    {**arguments, "warmup_ratio": 0.1, "seed": seed},
                    settings={"max_seq_length": 64},
                    labels=labels,
                )

            before = measure(path, prompt)
            told = ", ".join(f"{key} {value:.2f}" for key, value in before.items())
            print(f"  {name}, before: {told}", flush=True)
            found["students"][name] = train_both(job, measure, options, scratch, name) | {"before": before}
    facts = {"rows": len(pairs), "languages": list(LANGUAGES), "together": options.together}
    record("train_multilingual", found | facts | {"rounds": options.rounds, "short_form": options.short})


def parallel(data: Path, captions: int) -> tuple[list[str], list[str]]:
    """English sentences, and what each is in another language: so many captions and all news, of each language."""
    sources, translations = [], []
    of_pictures = list(table(data / "parallel" / "multi30k" / "train.tsv.gz"))[:captions]
    for language, code in NEWS.items():
        news = list(table(data / "parallel" / "ntrex" / f"{code}.tsv.gz"))
        sources += [row["en"] for row in of_pictures] + [row["english"] for row in news]
        translations += [row[language] for row in of_pictures] + [row["translation"] for row in news]
    return sources, translations


def measures(data: Path, teacher: SentenceTransformer) -> Callable[..., dict[str, float]]:
    """What measures the model in a folder, with a prompt where it needs one."""
    tests = {language: stsb(data, "test", language) for language in ("en", *LANGUAGES)}
    scores = [row["score"] for row in tests["en"]]
    english = teacher.encode([row["sentence1"] for row in tests["en"]], convert_to_tensor=False)
    judges: dict[str, Any] = {}
    for language, test in tests.items():
        columns = ([row[key] for row in test] for key in ("sentence1", "sentence2", "score"))
        judges[f"STSb {language}"] = EmbeddingSimilarityEvaluator(*columns), "spearman_cosine"
    for language, code in LANGUAGES.items():
        pairs = list(table(data / "parallel" / "tatoeba" / f"{code}.tsv.gz"))
        columns = ([row[key] for row in pairs] for key in ("english", "translation"))
        judges[f"Tatoeba {language}"] = TranslationEvaluator(*columns), "mean_accuracy"

    def measure(path: str, prompt: str = "") -> dict[str, float]:
        prompts = {"prompts": {"said": prompt}, "default_prompt_name": "said"} if prompt else {}
        model = SentenceTransformer(path, on_truncation="ignore", **prompts)
        found = {name: 100 * judge(model)[key] for name, (judge, key) in judges.items()}
        for language in LANGUAGES:
            other = model.encode([row["sentence2"] for row in tests[language]])
            found[f"STSb en-{language}"] = 100 * float(spearmanr(pairwise_cos_sim(english, other), scores).statistic)
        return found

    return measure


if __name__ == "__main__":
    main()
