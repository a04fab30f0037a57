"""Folders in BEIR's form: a corpus, queries, and which documents are relevant to which of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data import read_rows
from ..errors import DataError

#: The judgements, or the rows of a file, that are measured where nothing else is said.
USUAL_SPLIT = "test"
_ENDINGS = (".jsonl", ".jsonl.gz")


def read_beir(folder: Path, split: str | None = None) -> dict[str, Any]:
    """Queries, corpus and judgements of a folder, as the retrieval's evaluator takes them, named after it.

    Args:
        folder: with ``corpus.jsonl`` and ``queries.jsonl``, each also ``.gz``, and ``qrels/*.tsv``.
        split: of the judgements; ``test`` by default.

    Raises:
        DataError: a file is not there, or cannot be read.
    """
    split = split or USUAL_SPLIT
    corpus = {row["_id"]: f"{row.get('title') or ''} {row['text']}".strip() for row in _objects(folder, "corpus")}
    texts = {row["_id"]: row["text"] for row in _objects(folder, "queries")}
    judgements = folder / "qrels" / f"{split}.tsv"
    if not judgements.exists():
        known = sorted(path.stem for path in (folder / "qrels").glob("*.tsv"))
        raise DataError(f"{folder} has no qrels/{split}.tsv; it has those of {', '.join(known) or 'nothing'}.")
    relevant: dict[str, dict[str, float]] = {}
    for row in read_rows(judgements).rows:
        try:
            query, document, gain = row["query-id"], row["corpus-id"], float(row["score"])
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{judgements} must have the columns query-id, corpus-id and score, a number.") from None
        if query not in texts:
            raise DataError(f"{judgements} judges the query {query!r}, which is none of queries.jsonl.")
        relevant.setdefault(query, {})[document] = gain
    judged = {query: gains for query, gains in relevant.items() if any(gain > 0 for gain in gains.values())}
    return {
        "queries": {query: texts[query] for query in judged},
        "corpus": corpus,
        "relevant_docs": judged,
        "name": folder.resolve().name,
    }


def _objects(folder: Path, name: str) -> list[Mapping[str, Any]]:
    path = next((folder / f"{name}{ending}" for ending in _ENDINGS if (folder / f"{name}{ending}").exists()), None)
    if path is None:
        raise DataError(f"{folder} has no {name}.jsonl: a folder must be in BEIR's form.")
    rows = read_rows(path).rows
    for place, row in enumerate(rows, start=1):
        if not isinstance(row.get("_id"), str) or not isinstance(row.get("text"), str):
            raise DataError(f"{path}: object {place} must have _id and text, both strings.")
    return list(rows)
