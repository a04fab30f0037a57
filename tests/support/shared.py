"""Real data that lies beside the checkout on some machines; a test that needs it skips elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import scoring

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def require(relative: str) -> Path:
    """The path of a shared file or folder; skips the test where it is absent."""
    path = DATA / relative
    if not path.exists():
        pytest.skip(f"needs {relative} of the shared data, which is not beside this checkout")
    return path


def rows(relative: str) -> list[dict[str, str]]:
    """The rows of a tab-separated file with a header."""
    return scoring.rows(require(relative))


def json_lines(relative: str) -> list[dict[str, str]]:
    """The objects of a JSON-lines file."""
    return scoring.json_lines(require(relative))


def real_texts(count: int) -> list[str]:
    """Real English texts of all lengths, from one word to a few hundred, no two alike."""
    abstracts = [f"{doc['title']} {doc['text']}" for doc in json_lines("retrieval/scifact/corpus.jsonl.gz")]
    glosses = [row["definition"] for row in rows("corpora/wordnet-glosses.tsv.gz")]
    pairs = [row["sentence1"] for row in rows("sts/stsb-en.tsv.gz")]
    words = [row["lemmas"].split("|")[0] for row in rows("corpora/wordnet-glosses.tsv.gz")]
    mixed = [text for four in zip(abstracts, glosses[::7], pairs, words[::11], strict=False) for text in four]
    return list(dict.fromkeys(mixed))[:count]
