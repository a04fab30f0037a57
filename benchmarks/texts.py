"""The texts that are embedded: real ones, short, long, and of every length between."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from harness import definitions
from scoring import json_lines, rows, sts_pairs

from sbert.data import iter_texts


def short_texts(data: Path, count: int) -> tuple[str, list[str]]:
    """What they are, and that many: summaries of packages, or the demo's definitions where the data is not there."""
    path = data / "corpora" / "pypi-summaries.tsv.gz"
    if not path.exists():
        return "WordNet definitions", definitions(count)
    return "package summaries", random.Random(0).sample([row["text"] for row in rows(path)], count)


def million_texts(data: Path) -> Iterator[str]:
    """A million real texts: first the 727 thousand package summaries, then definitions, descriptions and sentences."""
    corpora = data / "corpora"
    sources = [("pypi-summaries", "text"), ("wordnet-glosses", "definition"), ("debian-packages", "text")]
    files = [iter_texts(corpora / f"{name}.tsv.gz", column=column) for name, column in sources]
    files.append(iter_texts(corpora / "wordnet-glosses.tsv.gz", column="examples"))
    everyday = sorted((data / "parallel" / "tatoeba").glob("*.tsv.gz"))
    files += [iter_texts(path, column="english") for path in everyday]
    return filter(None, chain.from_iterable(files))


def abstracts(data: Path) -> list[str]:
    """Abstracts of papers, about 200 words each; empty where the data is not there."""
    path = data / "retrieval" / "scifact" / "corpus.jsonl.gz"
    if not path.exists():
        return []
    return [f"{document['title']} {document['text']}" for document in json_lines(path)]


def calibration(data: Path) -> list[str]:
    """What peers calibrate with: sentences of the STS benchmark's train split, or the demo's definitions."""
    path = data / "sts" / "stsb-en.tsv.gz"
    return sts_pairs(path, "train")[0] if path.exists() else definitions(1000)


def of_lengths(material: Sequence[str], lengths: Sequence[int], tokenizer: Any) -> list[str]:
    """Texts cut from ``material``, one after the other, so that each has about so many tokens.

    Args:
        material: long enough; texts are joined.
        lengths: tokens of each text, those that a model adds included.
        tokenizer: of the ``tokenizers`` library, without truncation.
    """
    whole = " ".join(material)
    offsets = tokenizer.encode(whole, add_special_tokens=False).offsets
    added = tokenizer.num_special_tokens_to_add(False)
    found, start = [], 0
    for length in lengths:
        end = start + length - added
        if end > len(offsets):
            raise ValueError("the material is too short")
        found.append(whole[offsets[start][0] : offsets[end - 1][1]])
        start = end
    return found


def mixed_lengths(count: int, greatest: int) -> list[int]:
    """Every length from 5 to ``greatest`` alike often, in random order."""
    lengths = [5 + round(number * (greatest - 5) / max(count - 1, 1)) for number in range(count)]
    random.Random(0).shuffle(lengths)
    return lengths
