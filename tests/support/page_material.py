"""The files and models that pages speak of, made in a reader's folder when a block names them.

Models under published names are not those models: there is no hub here. Of each, what comes of it says what stands in.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import folders
from release import material

from . import shared

#: Sentences beside their translations.
TRANSLATED = [
    ("The cat sleeps on the sofa.", "Die Katze schläft auf dem Sofa."),
    ("Where is the station?", "Wo ist der Bahnhof?"),
    ("I would like a cup of tea.", "Ich hätte gerne eine Tasse Tee."),
    ("The shop is closed today.", "Das Geschäft ist heute geschlossen."),
]
REVIEWS = [
    "How can I change my password?", "I forgot my password.", "My password does not work.", "Where is the harbour?",
    "The harbour is closed.", "Which bus goes to the harbour?", "The card has not arrived.", "My card never came.",
    "When will my new card come?",
]  # fmt: skip
NOTES = {
    "cat.md": "The cat sleeps on the sofa.", "lunch.md": "Someone is eating pasta in the kitchen.",
    "car.md": "The car needs a new battery.",
}  # fmt: skip
#: How like two texts are, from 0 to 5.
SCORED = [
    ("A man is eating.", "A man eats something.", 4.5), ("A man is eating.", "A plane takes off.", 0.0),
    ("A girl plays the guitar.", "A girl is playing an instrument.", 4.0), ("A dog runs.", "The sun is hot.", 0.2),
]  # fmt: skip


def prepare(folder: Path, text: str) -> str:
    """Make what a block names and is not there yet.

    Args:
        folder: where to.
        text: the block.

    Returns:
        What cannot be made, and why; empty where all is there.
    """
    for name, make in MAKERS.items():
        # Behind create( or -o stands what the block makes itself.
        named = rf"""(?<!create\(")(?<!-o )(?<![^\s"'=(\[])(?:\./)?{re.escape(name)}(?![\w\-]|\.\w)"""
        if re.search(named, text) and not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            try:
                make(folder / name)
            except FileNotFoundError as missing:
                return str(missing)
    return ""


def _lines(*lines: str) -> Callable[[Path], None]:
    return lambda file: file.write_text("\n".join(lines) + "\n", encoding="utf-8") and None


def _shared(relative: str) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        if not (shared.DATA / relative).exists():
            raise FileNotFoundError(f"{relative} of the shared data is not beside this checkout")
        shutil.copy(shared.DATA / relative, file)

    return make


def _notes(folder: Path) -> None:
    folder.mkdir()
    for name, text in NOTES.items():
        (folder / name).write_text(text, encoding="utf-8")


def _notes_index(folder: Path) -> None:
    from sbert import Index

    notes = folder.parent / "notes"
    if not notes.exists():
        _notes(notes)
    Index.create(folder, material.MODEL).sync(notes)


def _many(pairs: Iterable[tuple[str, str, float]]) -> list[tuple[str, str, float]]:
    """As many pairs as two processes need for a batch of 32 each, all of them different."""
    held = list(pairs)
    times = range(-(-64 // len(held)))
    return [(f"{a} {time}", f"{b} It is {time}.", score) for time in times for a, b, score in held]


def _sts(file: Path) -> None:
    splits = {"train": _many(SCORED), "dev": SCORED, "test": SCORED}
    rows = [f"{score}\t{a}\t{b}\t{split}" for split, pairs in splits.items() for a, b, score in pairs]
    opening = gzip.open if file.suffix == ".gz" else open
    with opening(file, "wt", encoding="utf-8") as opened:
        opened.write("\n".join(["score\tsentence1\tsentence2\tsplit", *rows]) + "\n")


def _labelled_pairs(file: Path) -> None:
    rows = [f'"{a}","{b}",{int(score > 2)}' for a, b, score in SCORED]
    _lines("text1,text2,label", *rows)(file)


def _pairs(file: Path) -> None:
    few = [(a, b, score) for a, b, score in SCORED if score > 2]
    few += [(one, other, 5.0) for one, other in zip(material.FEW[::2], material.FEW[1::2], strict=True)]
    rows = [{"anchor": a, "positive": b} for a, b, _ in _many(few)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _scored(file: Path) -> None:
    rows = [{"text": a, "other": b, "score": score / 5} for a, b, score in SCORED]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _beir(folder: Path) -> None:
    folder.mkdir()
    corpus = [{"_id": str(place), "title": "", "text": text} for place, text in enumerate(NOTES.values())]
    queries = [{"_id": "q1", "text": "a pet at rest"}, {"_id": "q2", "text": "having a meal"}]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t0\t1\nq2\t1\t1\n", encoding="utf-8")


def _classes(file: Path) -> None:
    rows = [f"{text}\t{label}\t{split}" for split in ("train", "test") for text, label in zip(
        material.FEW, ("password", "harbour", "password", "harbour", "plane", "plane", "card", "card"), strict=True
    )]  # fmt: skip
    _lines("text\tlabel\tsplit", *rows)(file)


def _model(folder: Path) -> None:
    """What a reader has trained: all-MiniLM-L6-v2 as it is."""
    from sbert import SentenceTransformer

    SentenceTransformer(material.MODEL).save_pretrained(folder)


def _cross_encoder(folder: Path) -> None:
    """A tiny network of random weights."""
    from .tiny import make_tiny_cross_encoder

    make_tiny_cross_encoder(folder, "bert")


def _multilingual(folder: Path) -> None:
    """The real one, of 4-bit weights that were widened."""
    folder.symlink_to(folders.folder("e5"), target_is_directory=True)


def _images_model(folder: Path) -> None:
    """A tiny CLIP of random weights."""
    from .image_models import make_image_model

    make_image_model(folder, "clip")


def _photos(folder: Path) -> None:
    from .image_models import picture

    folder.mkdir()
    for seed, name in enumerate(("beach", "car", "dog")):
        picture(seed).save(folder / f"{name}.png")


def _translations(side: int) -> Callable[[Path], None]:
    return _lines(*(pair[side] for pair in TRANSLATED))


#: By the names that pages have.
MAKERS: dict[str, Callable[[Path], None]] = {
    "corpus.txt": material.MAKERS["corpus.txt"],
    "texts": material.MAKERS["texts"],
    "sentences.txt": _lines(*material.FEW),
    "reviews.csv": _lines("text", *REVIEWS),
    "en.txt": _translations(0),
    "de.txt": _translations(1),
    "notes": _notes,
    "notes.lance": _notes_index,
    "photos": _photos,
    "sts.tsv": _sts,
    "sts.tsv.gz": _sts,
    "pairs.csv": _labelled_pairs,
    "pairs.jsonl": _pairs,
    "scored.jsonl": _scored,
    "intents.tsv": _classes,
    "scifact": _beir,
    "stsb-en.tsv.gz": _shared("sts/stsb-en.tsv.gz"),
    "biosses.tsv.gz": _shared("sts/biosses.tsv.gz"),
    "models/mine": _model,
    "my-cross-encoder": _cross_encoder,
    "cross-encoder/ms-marco-MiniLM-L6-v2": _cross_encoder,
    "clip-ViT-B-32": _images_model,
    "intfloat/multilingual-e5-small": _multilingual,
    "paraphrase-MiniLM-L3-v2": lambda folder: folders.paraphrase_l3(folder) and None,
}
