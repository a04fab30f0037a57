"""The files that the README's commands are shown with: real data where it is, else a few texts."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from support.readme import ROOT

SHARED = ROOT.parent / "shared" / "data"
FEW = [
    "How can I change my password?", "Where is the harbour?", "I forgot my password.", "The harbour is closed.",
    "A plane is taking off.", "An air plane is taking off.", "The card has not arrived.", "My card never came.",
]  # fmt: skip
MODEL = "all-MiniLM-L6-v2"


def prepare(folder: Path, names: Iterable[str]) -> str:
    """Make files that are not there yet.

    Returns:
        Why one cannot be made; empty where all are there.
    """
    for name in names:
        if not (folder / name).exists():
            try:
                MAKERS[name](folder / name)
            except FileNotFoundError as missing:
                return f"since {Path(str(missing.filename)).name} is not in ../shared/data"
    return ""


def _rows(name: str, most: int, **wanted: str) -> Iterator[dict[str, str]]:
    """Rows of a table of the shared data, at even distances."""
    with gzip.open(SHARED / name, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    yield from rows[:: max(1, len(rows) // most)][:most]


def _questions(most: int) -> list[str]:
    """What customers of a bank ask; a few texts where that is not there."""
    try:
        return [*FEW, *(row["text"] for row in _rows("classification/banking77.tsv.gz", most))]
    except FileNotFoundError:
        return FEW


def _lines(file: Path) -> None:
    file.write_text("\n".join(_questions(200)) + "\n", encoding="utf-8")


def _jsonl(file: Path) -> None:
    file.write_text("".join(json.dumps({"body": text}) + "\n" for text in _questions(200)), encoding="utf-8")


def _reviews(file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["text"], *([text] for text in _questions(300))])


def _translations(column: str) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        rows = _rows("parallel/tatoeba/deu.tsv.gz", 200)
        file.write_text("".join(row[column] + "\n" for row in rows), encoding="utf-8")

    return make


def _documents(folder: Path) -> None:
    folder.mkdir()
    for page in sorted((ROOT / "docs").glob("*.md"))[:4]:
        shutil.copy(page, folder)
    (folder / "password.md").write_text("# Accounts\n\nTo reset your password, choose 'forgotten' at the door.\n")


def _texts(folder: Path) -> None:
    folder.mkdir()
    _jsonl(folder / "one.jsonl")
    _lines(folder / "two.txt")


def _benchmark(file: Path) -> None:
    rows = _rows("sts/stsb-en.tsv.gz", 300, split="test")
    lines = [
        "score\tsentence1\tsentence2",
        *(f"{row['score']}\t{row['sentence1']}\t{row['sentence2']}" for row in rows),
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _other(folder: Path) -> None:
    """A model that is worth less: the same, which reads the first words alone."""
    from sbert import SentenceTransformer

    model = SentenceTransformer(MODEL)
    model.max_seq_length = 6
    model.save_pretrained(folder)


def _training_pairs(file: Path) -> None:
    """Pairs with how similar they are, from 0 to 1."""
    try:
        found = list(_rows("sts/stsb-en.tsv.gz", 32, split="train"))
        rows = [{"a": row["sentence1"], "b": row["sentence2"], "score": float(row["score"]) / 5} for row in found]
    except FileNotFoundError:
        rows = [{"a": a, "b": b, "score": number / 8} for number, (a, b) in enumerate(itertools.pairwise(FEW))]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _run(output: str, **model: object) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        labelled = model.get("family") == "cross-encoder"
        rows = file.with_suffix(".jsonl")
        if labelled:  # the first is answered by the second, and not by one that is far away
            pairs = [(one, FEW[place ^ 2 if place < 4 else place ^ 1], 1.0) for place, one in enumerate(FEW)]
            pairs += [(one, FEW[(place + 5) % 8], 0.0) for place, one in enumerate(FEW)]
            rows.write_text("".join(json.dumps({"a": a, "b": b, "label": c}) + "\n" for a, b, c in pairs))
        else:
            _training_pairs(rows)
        asked = {
            "model": {"name": f"sentence-transformers/{MODEL}", **model}, "output": output, "data": rows.name,
            "arguments": {"max_steps": 2, "per_device_train_batch_size": 8},
        }  # fmt: skip
        file.write_text(json.dumps(asked), encoding="utf-8")  # JSON is YAML

    return make


#: By the names that the README has.
MAKERS: dict[str, Callable[[Path], None]] = {
    "corpus.txt": _lines, "sentences.txt": _lines, "answers.txt": _lines, "texts.jsonl": _jsonl,
    "reviews.csv": _reviews, "de.txt": _translations("translation"), "en.txt": _translations("english"),
    "docs": _documents, "texts": _texts, "stsb.tsv": _benchmark, "other": _other,
    "run.yaml": _run("models/mine"), "cross.yaml": _run("models/cross", family="cross-encoder", num_labels=1),
}  # fmt: skip
