"""German and French in the space of an English model, by multilingual distillation, before and after.

The teacher is all-MiniLM-L6-v2, which reads English; the student is multilingual-e5-small, which reads a hundred
languages, in a space of its own. First a linear map brings its vectors to where the teacher has them; then it is
trained, by either library from the same start. The parallel sentences are captions of Multi30k, and news of NTREX; the
map is of all, training reads some.

The student is measured on sentences of one language, on finding translations (Tatoeba), and as it is used beside its
teacher: English sentences read by the teacher, German or French ones by the student, as in the search of an English
index ("STSb en-de", "Tatoeba en-de").
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from folders import MODELS, folder
from harness import record
from scipy.stats import spearmanr
from train_jobs import Job, data_or_end, start, stsb, table, train_both

from sbert import SentenceTransformer
from sbert.search import translation_accuracy
from sbert.training.adaptation import align_to_teacher, translation_rows
from sbert.util import pairwise_cos_sim

LANGUAGES = {"de": "deu", "fr": "fra"}
NEWS = {"de": "deu", "fr": "fra-CA"}
PROMPT = MODELS["e5"].query
#: Rows that are trained on; training all of them takes hours on two cores.
TRAINED = 4_000


def main() -> None:
    options = start(__doc__, rounds=1)
    data = data_or_end(options, "parallel", "multi30k", "train.tsv.gz")
    teacher_folder = str(folder("minilm"))
    teacher = SentenceTransformer(teacher_folder, on_truncation="ignore")
    measure = measures(data, teacher)
    sources, translations = parallel(data, 300 if options.short else 6000)
    e5 = SentenceTransformer(str(folder("e5")), prompts={"query": PROMPT}, default_prompt_name="query")
    found: dict[str, Any] = {"teacher": measure(teacher_folder)}
    found["before"] = shown(
        "before", measure(str(folder("e5")), prompts={"query": PROMPT}, default_prompt_name="query")
    )
    with tempfile.TemporaryDirectory() as made:
        scratch = options.keep_models or Path(made)
        rows = translation_rows(teacher, sources, translations)
        begun = time.perf_counter()
        align_to_teacher(e5, rows).save_pretrained(scratch / "aligned")
        found["aligned"] = shown("aligned", measure(str(scratch / "aligned")))
        found["aligned_seconds"] = time.perf_counter() - begun
        order = np.random.default_rng(1).permutation(len(rows))[: 300 if options.short else TRAINED]
        pairs = [{key: rows.columns[key][place] for key in ("source", "translation")} for place in order]
        labels = np.asarray(rows.columns["label"])[order]

        def job(seed: int) -> Job:
            arguments = {"num_train_epochs": 1, "per_device_train_batch_size": 32, "learning_rate": 1e-4}
            return Job(
                str(scratch / "aligned"),
                pairs,
                {"name": "MSELoss"},
                {**arguments, "warmup_ratio": 0.1, "prompts": PROMPT, "seed": seed},
                settings={"max_seq_length": 64},
                labels=labels,
            )

        found["trained"] = train_both(job, measure, options, scratch, "multilingual")
    facts = {"rows": len(rows), "trained_rows": len(pairs), "languages": list(LANGUAGES), "together": options.together}
    record("train_multilingual", found | facts | {"rounds": options.rounds, "short_form": options.short})


def shown(name: str, measures: dict[str, float]) -> dict[str, float]:
    """The measures, printed."""
    print(f"  {name}: " + ", ".join(f"{key} {value:.2f}" for key, value in measures.items()), flush=True)
    return measures


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
    """What measures the model in a folder; its options are the model's."""
    tests = {language: stsb(data, "test", language) for language in ("en", *LANGUAGES)}
    scores = [row["score"] for row in tests["en"]]
    english = teacher.encode([row["sentence1"] for row in tests["en"]])
    pairs = {name: list(table(data / "parallel" / "tatoeba" / f"{code}.tsv.gz")) for name, code in LANGUAGES.items()}

    def measure(path: str, **options: Any) -> dict[str, float]:
        model = SentenceTransformer(path, on_truncation="ignore", **options)
        found = {}
        for language, test in tests.items():
            one, other = (model.encode([row[key] for row in test]) for key in ("sentence1", "sentence2"))
            found[f"STSb {language}"] = 100 * float(spearmanr(pairwise_cos_sim(one, other), scores).statistic)
            if language in LANGUAGES:
                found[f"STSb en-{language}"] = 100 * float(
                    spearmanr(pairwise_cos_sim(english, other), scores).statistic
                )
        for language, rows in pairs.items():
            sources = [row["english"] for row in rows]
            translations = model.encode([row["translation"] for row in rows])
            for name, reader in ((language, model), (f"en-{language}", teacher)):
                found[f"Tatoeba {name}"] = 50 * sum(translation_accuracy(reader.encode(sources), translations))
        return found

    return measure


if __name__ == "__main__":
    main()
