"""What the training benchmarks share: jobs for both libraries, side by side or in turn; and the data that they read."""

from __future__ import annotations

import csv
import gzip
import json
import random
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from harness import ratio, worker

SIDES = {"sbert": "sbert", "sentence-transformers": "sentence_transformers"}
PEER = "sentence-transformers"


@dataclass
class Job:
    """A training run.

    Args:
        model: folder that it starts from.
        data: rows; or a folder's file by name.
        loss: its name and arguments.
        arguments: of training.
        family: of the model.
        options: of the model.
        settings: attributes of the model, set before training.
        labels: vectors of a teacher, one a row.
        images: columns that hold the paths of images.
    """

    model: str
    data: Sequence[Mapping[str, Any]]
    loss: dict[str, Any]
    arguments: dict[str, Any]
    family: str = "SentenceTransformer"
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    labels: Any = None
    images: Sequence[str] = ()

    def run(self, side: str, options: Any, folder: Path) -> dict[str, Any]:
        """Train with one library; what the worker tells, and ``output``, the model's folder."""
        path = self.write(folder)
        python = sys.executable if side == "sbert" else options.peer_python
        threads = 1 if options.together else options.threads
        found = worker(python, "train.py", SIDES[side], str(path), threads=threads)
        return {**found, "output": str(folder / "model")}

    def write(self, folder: Path) -> Path:
        """Write the job and its data into a folder, for a worker to read."""
        folder.mkdir(parents=True, exist_ok=True)
        data = folder / "rows.jsonl"
        write_jsonl(data, self.data)
        job: dict[str, Any] = {
            "family": self.family,
            "model": self.model,
            "options": self.options,
            "settings": self.settings,
            "data": {"": str(data)},
            "loss": self.loss,
            "images": list(self.images),
            "arguments": self.arguments,
            "output": str(folder / "model"),
        }
        if self.labels is not None:
            import numpy as np

            np.save(folder / "labels.npy", self.labels)
            job["labels"] = str(folder / "labels.npy")
        path = folder / "job.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        return path


def train_both(
    make: Callable[[int], Job], measure: Callable[[str], dict[str, float]], options: Any, scratch: Path, name: str
) -> dict[str, Any]:
    """Train with both libraries, a seed a round, and measure each model with one and the same code.

    Args:
        make: the job of a seed.
        measure: of a model's folder.
        options: of the command line. With ``together`` both train at the same time, each with one thread, so that
            whatever else the machine does, it does to both; else they take turns.
        scratch: where models are kept.
        name: of the comparison.

    Returns:
        For each side its times and measures a round; the ratio of speeds, and the differences of measures.
    """
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for seed in range(1, options.rounds + 1):

        def trained(side: str, seed: int = seed) -> dict[str, Any]:
            return make(seed).run(side, options, scratch / name / f"{side}-{seed}")

        with ThreadPoolExecutor(len(SIDES) if options.together else 1) as pool:
            found = dict(zip(SIDES, pool.map(trained, SIDES), strict=True))
        for side, run in found.items():
            measured = measure(run["output"])
            runs[side].append({**run, "seed": seed, "measures": measured})
            shown = ", ".join(f"{key} {value:.4f}" for key, value in measured.items())
            print(
                f"  {name}, seed {seed}, {side:22} {run['seconds']:7.1f} s"
                f" {run['samples_per_second']:7.1f} rows/s  {run['peak_mb']:6.0f} MB  {shown}",
                flush=True,
            )
    return summary(runs, name)


def summary(runs: dict[str, list[dict[str, Any]]], name: str) -> dict[str, Any]:
    """Both sides beside each other."""
    seconds = {side: [run["seconds"] for run in taken] for side, taken in runs.items()}
    faster = ratio(seconds["sbert"], seconds[PEER])
    keys = runs["sbert"][0]["measures"]
    means = {
        side: {key: statistics.mean(run["measures"][key] for run in taken) for key in keys}
        for side, taken in runs.items()
    }
    print(
        f"  {name}: {faster:.2f} x the peer's speed; "
        + ", ".join(f"{key} {means['sbert'][key]:.4f} beside {means[PEER][key]:.4f}" for key in keys),
        flush=True,
    )
    kept = ("seed", "seconds", "samples_per_second", "steps", "peak_mb", "losses", "measures")
    return {
        "speed_ratio": faster,
        "means": means,
        "versions": {side: taken[0]["version"] for side, taken in runs.items()},
        "runs": {side: [{key: run[key] for key in kept} for run in taken] for side, taken in runs.items()},
    }


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """One row a line."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def table(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a file of tab-separated values with a header and no quoting."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def stsb(data: Path, split: str = "train", language: str = "en") -> list[dict[str, Any]]:
    """Pairs of the STS benchmark, scores from 0 to 1."""
    return [
        {"sentence1": row["sentence1"], "sentence2": row["sentence2"], "score": float(row["score"]) / 5}
        for row in table(data / "sts" / f"stsb-{language}.tsv.gz")
        if row["split"] == split
    ]


def nli(data: Path) -> list[dict[str, Any]]:
    """Pairs of SNLI's dev and test, numbered as the paper does."""
    numbers = {"contradiction": 0, "entailment": 1, "neutral": 2}
    return [
        {"premise": row["premise"], "hypothesis": row["hypothesis"], "label": numbers[row["label"]]}
        for row in table(data / "nli" / "snli-devtest.tsv.gz")
        if row["label"] in numbers
    ]


def nli_triplets(data: Path) -> list[dict[str, str]]:
    """Premises with an entailed and a contradicting sentence each."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in table(data / "nli" / "snli-devtest.tsv.gz"):
        found.setdefault(row["premise"], {}).setdefault(row["label"], []).append(row["hypothesis"])
    return [
        {"anchor": premise, "positive": positive, "negative": negative}
        for premise, of_kind in found.items()
        for positive, negative in zip(of_kind.get("entailment", []), of_kind.get("contradiction", []), strict=False)
    ]


@dataclass(frozen=True)
class Retrieval:
    """A collection in BEIR's form.

    Args:
        corpus: texts by document.
        queries: texts by query.
        relevant: of each split, the documents of each query.
        answers: texts of all documents, also of those that are not searched.
    """

    corpus: dict[str, str]
    queries: dict[str, str]
    relevant: dict[str, dict[str, set[str]]]
    answers: dict[str, str]


def retrieval(folder: Path, documents: int | None = None) -> Retrieval:
    """Read a collection.

    Args:
        folder: in BEIR's form.
        documents: how many to keep, drawn at random beside all that are relevant to the test's queries; None for all.
    """
    corpus = {
        row["_id"]: f"{row.get('title') or ''} {row['text']}".strip() for row in objects(folder / "corpus.jsonl.gz")
    }
    queries = {row["_id"]: row["text"] for row in objects(folder / "queries.jsonl.gz")}
    relevant: dict[str, dict[str, set[str]]] = {}
    for path in (folder / "qrels").glob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if float(row["score"]) > 0:
                    relevant.setdefault(path.stem, {}).setdefault(row["query-id"], set()).add(row["corpus-id"])
    answers = dict(corpus)
    if documents is not None:
        kept = {name for of_query in relevant["test"].values() for name in of_query}
        others = sorted(set(corpus) - kept)
        random.Random(5).shuffle(others)
        kept.update(others[: max(0, documents - len(kept))])
        corpus = {name: text for name, text in corpus.items() if name in kept}
    return Retrieval(corpus, queries, relevant, answers)


def data_or_end(options: Any, *parts: str) -> Path:
    """A place in the folder of real data; ends where it is not there."""
    path = Path(options.data).joinpath(*parts)
    if not path.exists():
        sys.exit(f"needs {path}: pass --data")
    return Path(options.data)


def start(description: str | None, rounds: int = 3) -> Any:
    """The options of a training benchmark: those of all, and where models are kept."""
    found = harness.parser(description, rounds)
    found.add_argument(
        "--together",
        action="store_true",
        help="both at once, a thread each: quality in half the time, on a busy machine",
    )
    found.add_argument("--keep-models", type=Path, default=None, help="folder to leave the trained models in")
    return harness.read_options(found)
