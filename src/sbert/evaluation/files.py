"""From a file or folder of known answers to the evaluator that it is for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..data import read_rows
from ..errors import DataError, InputError, closest
from .beir import USUAL_SPLIT, read_beir
from .classification import BinaryClassificationEvaluator
from .cross_encoder import CrossEncoderClassificationEvaluator, CrossEncoderCorrelationEvaluator
from .evaluator import Evaluator
from .retrieval import InformationRetrievalEvaluator
from .similarity import EmbeddingSimilarityEvaluator
from .translation import TranslationEvaluator
from .triplets import TripletEvaluator

#: Pairs of columns that two texts stand in, by the names that they tend to have.
_PAIRS = (
    ("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("text1", "text2"), ("question1", "question2"),
    ("premise", "hypothesis"), ("query", "passage"), ("query", "document"), ("question", "answer"),
)  # fmt: skip
_SCORES, _LABELS, _SPLIT = ("score", "similarity_score"), ("label", "labels"), "split"
_TRIPLET = ("anchor", "positive", "negative")
_TRANSLATIONS = (("english", "translation"), ("source", "target"))

#: What comes of the pairs of texts of a file and what is known of each.
_OfPairs = Callable[..., Evaluator]


class _Table(NamedTuple):
    """The rows of a file that are measured, by lower-case columns."""

    path: Path
    rows: list[dict[str, Any]]
    columns: Sequence[str]

    def column(self, name: str) -> list[str]:
        """The texts of a column."""
        for place, row in enumerate(self.rows):
            if not isinstance(row.get(name), str):
                raise DataError(f"{self.path}: row {place + 1} has no text in the column {name!r}.")
        return [row[name] for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        """The numbers of a column."""
        return [self._number(place, row.get(name), name) for place, row in enumerate(self.rows)]

    def _number(self, place: int, value: Any, name: str) -> float:
        try:
            return float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"{self.path}: row {place + 1} has {value!r} in the column {name!r}, which is no number."
            ) from None


def evaluator_of(
    path: str | os.PathLike[str], *, split: str | None = None, cross_encoder: bool = False, **options: Any
) -> Evaluator:
    """The evaluator of a file or folder of known answers, named after it.

    A folder in BEIR's form (``corpus.jsonl``, ``queries.jsonl``, ``qrels/test.tsv``, also ``.gz``) is for retrieval.
    A file (.jsonl, .csv, .tsv, .parquet, also .gz) is told by its columns: two texts and a ``score`` are for
    similarity, two texts and a ``label`` of 0 and 1 for classification, ``anchor``, ``positive`` and ``negative`` for
    triplets, and ``english`` and ``translation``, or ``source`` and ``target``, for translation.

    Args:
        path: the file or folder.
        split: the rows of a file whose column ``split`` says so, or the judgements of a folder; where there are
            several, those of ``test`` by default.
        cross_encoder: whether it is for a cross-encoder, which reads similarity and classification.
        options: of the evaluator.

    Raises:
        DataError: there is nothing of the kind, or what is there cannot be read.
        InputError: a cross-encoder has no evaluator for it.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        if cross_encoder:
            raise InputError(f"{path} is for retrieval: a cross-encoder orders what another model has found.")
        return InformationRetrievalEvaluator(**read_beir(path, split), **options)
    table = _table(path, split)
    options = {"name": _name(path), **options}
    left, right = _pair(table.columns) or ("", "")
    score = _first(_SCORES, table.columns)
    label = _first(_LABELS, table.columns)
    if left and score:
        of_scores: _OfPairs = EmbeddingSimilarityEvaluator
        if cross_encoder:
            of_scores = _of_zipped(CrossEncoderCorrelationEvaluator)
        return of_scores(table.column(left), table.column(right), table.numbers(score), **options)
    if left and label:
        of_labels: _OfPairs = BinaryClassificationEvaluator
        if cross_encoder:
            of_labels = _of_zipped(CrossEncoderClassificationEvaluator)
        labels = [int(number) if number.is_integer() else number for number in table.numbers(label)]
        return of_labels(table.column(left), table.column(right), labels, **options)
    translations = next((pair for pair in _TRANSLATIONS if set(pair) <= set(table.columns)), None)
    if set(_TRIPLET) <= set(table.columns) or translations:
        if cross_encoder:
            raise InputError(f"{path} compares vectors; a cross-encoder makes none.")
        if translations:
            source, target = map(table.column, translations)
            return TranslationEvaluator(source, target, **options)
        anchors, positives, negatives = map(table.column, _TRIPLET)
        return TripletEvaluator(anchors, positives, negatives, **options)
    raise DataError(
        f"{path} has the columns {', '.join(map(repr, table.columns))}. Known are two texts (such as sentence1 and "
        "sentence2) with a score or a label, anchor, positive and negative, english and translation, source and target."
    )


def _of_zipped(kind: Callable[..., Evaluator]) -> _OfPairs:
    def made(left: list[str], right: list[str], known: list[float], **options: Any) -> Evaluator:
        return kind(list(zip(left, right, strict=True)), known, **options)

    return made


def _table(path: Path, split: str | None) -> _Table:
    found = read_rows(path)
    rows = [{column.lower(): value for column, value in row.items()} for row in found.rows]
    columns = [column.lower() for column in found.columns]
    if _SPLIT in columns:
        splits = list(dict.fromkeys(str(row.get(_SPLIT)) for row in rows))
        wanted = split or (USUAL_SPLIT if USUAL_SPLIT in splits else splits[0])
        if wanted not in splits or (split is None and len(splits) > 1 and USUAL_SPLIT not in splits):
            raise DataError(
                f"{path} has the splits {', '.join(splits)}; name one of them{closest(wanted, splits)}"
                if split
                else f"{path} has the splits {', '.join(splits)}, and no {USUAL_SPLIT!r}: name one of them."
            )
        rows = [row for row in rows if str(row.get(_SPLIT)) == wanted]
    elif split is not None:
        raise DataError(f"{path} has no column {_SPLIT!r}, which would tell its rows of {split!r}.")
    if not rows:
        raise DataError(f"{path} has no rows.")
    return _Table(path, rows, columns)


def _pair(columns: Sequence[str]) -> tuple[str, str] | None:
    return next((pair for pair in _PAIRS if set(pair) <= set(columns)), None)


def _first(names: Sequence[str], columns: Sequence[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _name(path: Path) -> str:
    """The file's name without its endings."""
    return path.name.split(".")[0]
