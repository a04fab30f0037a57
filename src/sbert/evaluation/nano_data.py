"""The data of NanoBEIR: from a folder, or from the hub by ``datasets``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import read_rows
from ..errors import DataError, InputError, MissingDependencyError, one_of
from .beir import read_beir

#: Where scripts find it: a part of 13 sets, 50 queries and up to 10,000 documents of each.
NANO_BEIR = "sentence-transformers/NanoBEIR-en"
#: The sets by the names that scripts know, and what they are called in measures.
SETS = {
    "climatefever": "ClimateFEVER",
    "dbpedia": "DBPedia",
    "fever": "FEVER",
    "fiqa2018": "FiQA2018",
    "hotpotqa": "HotpotQA",
    "msmarco": "MSMARCO",
    "nfcorpus": "NFCorpus",
    "nq": "NQ",
    "quoraretrieval": "QuoraRetrieval",
    "scidocs": "SCIDOCS",
    "arguana": "ArguAna",
    "scifact": "SciFact",
    "touche2020": "Touche2020",
}
_RANKING = "bm25"
_FORMS = ("parquet", "jsonl", "jsonl.gz")


@dataclass(frozen=True)
class NanoSet:
    """One of the sets.

    Args:
        queries: texts by their names.
        corpus: texts by their names.
        relevant: for each query the names of relevant documents.
    """

    queries: Mapping[str, str]
    corpus: Mapping[str, str]
    relevant: Mapping[str, Any]


class NanoData:
    """Where the sets are read from.

    A folder is in one of two forms: ``FOLDER/NanoMSMARCO/`` and others, each in BEIR's form, with ``bm25.jsonl`` for
    what reranks; or as the hub has them, ``FOLDER/corpus/NanoMSMARCO*.parquet``, ``queries``, ``qrels`` and ``bm25``.
    Anything that is no folder is a name on the hub, or in its cache.

    Args:
        source: the folder, or the name.
    """

    def __init__(self, source: str | os.PathLike[str]) -> None:
        self.source = str(source)
        folder = Path(source).expanduser()
        self.folder = folder if folder.is_dir() else None

    def checked(self, names: Sequence[str] | None, left_out: Sequence[str] = ()) -> list[str]:
        """The sets that are asked for.

        Args:
            names: of the sets, upper or lower case; all by default, of a folder all that it has.
            left_out: those that are not among all of them.

        Raises:
            InputError: one is not known, or there are none.
        """
        if names is None:
            names = [name for name in (SETS if self.folder is None else self.names()) if name not in left_out]
            if not names:
                raise InputError(f"{self.source} has none of the sets of NanoBEIR, such as NanoMSMARCO.")
        if not names:
            raise InputError("dataset_names must hold a name at least; pass None for all.")
        for name in names:
            if name.lower() not in SETS:
                raise one_of("each of dataset_names", name, SETS)
        return list(names)

    def names(self) -> list[str]:
        """The sets that a folder has."""
        return [name for name in SETS if self._there(name)]

    def read(self, name: str) -> NanoSet:
        """One of the sets.

        Raises:
            DataError: it is not there, or cannot be read.
        """
        called = set_name(name)
        if self.folder is not None and (self.folder / called).is_dir():
            folder = self.folder / called
            splits = sorted(path.stem for path in (folder / "qrels").glob("*.tsv"))
            found = read_beir(folder, splits[0] if len(splits) == 1 else None)
            return NanoSet(found["queries"], found["corpus"], found["relevant_docs"])
        relevant: dict[str, set[str]] = {}
        for row in self._rows("qrels", called, ("query-id", "corpus-id")):
            some = row["corpus-id"]
            relevant.setdefault(row["query-id"], set()).update([some] if isinstance(some, str) else some)
        return NanoSet(self._texts("queries", called), self._texts("corpus", called), relevant)

    def rankings(self, name: str) -> dict[str, list[str]]:
        """What BM25 finds for each query of a set, the best first.

        Raises:
            DataError: it is not there, or cannot be read.
        """
        rows = self._rows(_RANKING, set_name(name), ("query-id", "corpus-ids"))
        return {row["query-id"]: list(row["corpus-ids"]) for row in rows}

    def _texts(self, part: str, called: str) -> dict[str, str]:
        return {row["_id"]: row["text"] for row in self._rows(part, called, ("_id", "text")) if row["text"]}

    def _there(self, name: str) -> bool:
        called = set_name(name)
        return self.folder is not None and ((self.folder / called).is_dir() or self._files("corpus", called) != [])

    def _files(self, part: str, called: str) -> list[Path]:
        """The files of a part of a set, in a folder of either form."""
        folder = Path(str(self.folder))
        inside = [folder / called / f"{part}.{form}" for form in _FORMS]
        beside = [path for form in _FORMS for path in sorted((folder / part).glob(f"{called}[.-]*{form}"))]
        return [path for path in [*inside, *beside] if path.exists()]

    def _rows(self, part: str, called: str, columns: Sequence[str]) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]]
        if self.folder is None:
            rows = _from_hub(self.source, part, called)
        else:
            files = self._files(part, called)
            if not files:
                raise DataError(f"{self.source} has no {part} of {called}: no {called}/{part}.jsonl, {part}/{called}*.")
            rows = [row for path in files for row in read_rows(path).rows]
        missing = [column for column in columns if rows and column not in rows[0]]
        if missing:
            raise DataError(f"The {part} of {called} in {self.source} lack the column {missing[0]!r}.")
        return rows


def set_name(name: str) -> str:
    """What a set is called in measures.

    >>> set_name("msmarco")
    'NanoMSMARCO'
    """
    return f"Nano{SETS[name.lower()]}"


def _from_hub(source: str, part: str, called: str) -> list[Mapping[str, Any]]:
    try:
        from datasets import load_dataset  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingDependencyError("datasets", f"read {source}", "train") from error
    try:
        return list(load_dataset(source, part, split=called))
    except Exception as error:  # of the network, of the hub, of the files: it has no base of its own
        raise DataError(
            f"{source} is no folder here, and the hub's {part} of {called} cannot be read: {error} Where there is no "
            "network, pass the folder of a copy as dataset_id."
        ) from error
