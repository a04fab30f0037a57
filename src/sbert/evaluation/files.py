"""From a file or folder of known answers to the evaluator that it is for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..data import read_rows
from ..data.columns import USUAL_NAMES
from ..errors import DataError, InputError, closest, one_of
from .beir import USUAL_SPLIT, read_beir
from .classification import BinaryClassificationEvaluator
from .cross_encoder import ENTAILMENT, CrossEncoderClassificationEvaluator, CrossEncoderCorrelationEvaluator
from .evaluator import Evaluator
from .nano_beir import CrossEncoderNanoBEIREvaluator, NanoBEIREvaluator
from .nano_data import NanoData
from .retrieval import InformationRetrievalEvaluator
from .similarity import EmbeddingSimilarityEvaluator
from .text_classification import ClassificationEvaluator
from .text_clusters import ClusteringEvaluator
from .translation import TranslationEvaluator
from .triplets import TripletEvaluator

#: Pairs of columns that two texts stand in, by the names that they tend to have.
_PAIRS = (
    ("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("text1", "text2"), ("question1", "question2"),
    ("premise", "hypothesis"), ("query", "passage"), ("query", "document"), ("question", "answer"),
)  # fmt: skip
_INFERENCE = ("premise", "hypothesis")
_SCORES, _LABELS, _SPLIT = ("score", "similarity_score"), ("label", "labels"), "split"
_TRIPLET = ("anchor", "positive", "negative")
_TRANSLATIONS = (("english", "translation"), ("source", "target"))
_TRAINING_SPLIT = "train"
#: What texts with labels can be for.
TASKS = ("classification", "clustering")
#: Classes of inference, by the numbers that public data gives them; -1 and "-" stand for no label.
_NONE = "-"
_CLASSES = {"0": ENTAILMENT, "1": "neutral", "2": "contradiction", "-1": _NONE}
_NOT_FOLLOWING = ("contradiction", "not_entailment", "not-entailment")

#: What comes of the pairs of texts of a file and what is known of each.
_OfPairs = Callable[..., Evaluator]


class _Table(NamedTuple):
    """The rows of a file that are measured, by lower-case columns, and those that can be learned from."""

    path: Path
    rows: list[dict[str, Any]]
    columns: Sequence[str]
    training: list[dict[str, Any]]

    def column(self, name: str) -> list[str]:
        """The texts of a column."""
        for place, row in enumerate(self.rows):
            if not isinstance(row.get(name), str):
                raise DataError(f"{self.path}: row {place + 1} has no text in the column {name!r}.")
        return [row[name] for row in self.rows]

    def strings(self, name: str) -> list[str]:
        """The values of a column, as strings."""
        return [str(row.get(name)).strip() for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        """The numbers of a column."""
        return [self._number(place, row.get(name), name) for place, row in enumerate(self.rows)]

    def only(self, chosen: Sequence[bool]) -> _Table:
        """Some of the rows."""
        return self._replace(rows=[row for row, wanted in zip(self.rows, chosen, strict=True) if wanted])

    def _number(self, place: int, value: Any, name: str) -> float:
        try:
            return float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"{self.path}: row {place + 1} has {value!r} in the column {name!r}, which is no number."
            ) from None


def evaluator_of(
    path: str | os.PathLike[str],
    *,
    split: str | None = None,
    cross_encoder: bool = False,
    task: str | None = None,
    **options: Any,
) -> Evaluator:
    """The evaluator of a file or folder of known answers, named after it.

    A folder in BEIR's form (``corpus.jsonl``, ``queries.jsonl``, ``qrels/test.tsv``, also ``.gz``) is for retrieval;
    one of several that are called as those of NanoBEIR for all of these. A file (.jsonl, .csv, .tsv, .parquet, also
    .gz) is told by its columns:

    - two texts and a ``score``: similarity;
    - two texts and a ``label`` of 0 and 1: pairs that belong together;
    - two texts and a ``label`` of ``entailment``, ``neutral`` and ``contradiction`` (or ``not_entailment``), or of 0 to
      2 in this order beside ``premise`` and ``hypothesis``: inference. A cross-encoder tells all classes, by the names
      of its configuration or its own numbers; of vectors the similarity tells pairs of entailment from those of
      contradiction, and neutral ones are left out, as in MTEB's XNLI;
    - a text and a ``label``: classification where there are also rows of the split ``train``, else clustering;
    - ``anchor``, ``positive`` and ``negative``: triplets;
    - ``english`` and ``translation``, or ``source`` and ``target``: translation.

    Args:
        path: the file or folder.
        split: the rows of a file whose column ``split`` says so, or the judgements of a folder; where there are
            several, those of ``test`` by default.
        cross_encoder: whether it is for a cross-encoder, which reads similarity, labels of pairs, and what BM25 has
            found on NanoBEIR.
        task: of texts with labels, ``classification`` or ``clustering``; other data is not asked.
        options: of the evaluator.

    Raises:
        DataError: there is nothing of the kind, or what is there cannot be read.
        InputError: a cross-encoder has no evaluator for it, or the task is not known.
    """
    if task is not None and task not in TASKS:
        raise one_of("task", task, TASKS)
    path = Path(path).expanduser()
    if path.is_dir():
        return _of_folder(path, split, cross_encoder, options)
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
        return _of_labels(table, (left, right), label, cross_encoder, options)
    translations = next((pair for pair in _TRANSLATIONS if set(pair) <= set(table.columns)), None)
    text = _first(USUAL_NAMES, table.columns)
    if set(_TRIPLET) <= set(table.columns) or translations or (text and label):
        if cross_encoder:
            raise InputError(f"{path} compares vectors; a cross-encoder makes none.")
        if translations:
            source, target = map(table.column, translations)
            return TranslationEvaluator(source, target, **options)
        if text and label:
            return _of_texts(table, text, label, task, options)
        anchors, positives, negatives = map(table.column, _TRIPLET)
        return TripletEvaluator(anchors, positives, negatives, **options)
    raise DataError(
        f"{path} has the columns {', '.join(map(repr, table.columns))}. Known are two texts (such as sentence1 and "
        "sentence2) with a score or a label, text and label, anchor, positive and negative, english and translation, "
        "source and target."
    )


def _of_folder(path: Path, split: str | None, cross_encoder: bool, options: dict[str, Any]) -> Evaluator:
    if NanoData(path).names():
        made: _OfPairs = CrossEncoderNanoBEIREvaluator if cross_encoder else NanoBEIREvaluator
        return made(dataset_id=path, **options)
    if cross_encoder:
        raise InputError(f"{path} is for retrieval: a cross-encoder orders what another model has found.")
    return InformationRetrievalEvaluator(**(read_beir(path, split) | options))


def _of_labels(
    table: _Table, pair: tuple[str, str], label: str, cross_encoder: bool, options: dict[str, Any]
) -> Evaluator:
    """Pairs with labels: 0 and 1, other numbers, or classes of inference."""
    kind: _OfPairs = _of_zipped(CrossEncoderClassificationEvaluator) if cross_encoder else BinaryClassificationEvaluator
    labels: Sequence[Any]
    given = table.strings(label)
    # A cross-encoder numbers its classes itself.
    numbered = not cross_encoder and pair == _INFERENCE and set(given) <= set(_CLASSES) and "2" in given
    named = [_CLASSES.get(value, value) if numbered else value.lower() for value in given]
    if numbered or ENTAILMENT in named:
        if cross_encoder:
            chosen = [name != _NONE for name in named]
        else:
            chosen = [name == ENTAILMENT or name in _NOT_FOLLOWING for name in named]
        kept = [name for name, wanted in zip(named, chosen, strict=True) if wanted]
        labels = kept if cross_encoder else [int(name == ENTAILMENT) for name in kept]
        table = table.only(chosen)
    else:
        labels = [int(number) if number.is_integer() else number for number in table.numbers(label)]
    return kind(table.column(pair[0]), table.column(pair[1]), labels, **options)


def _of_texts(table: _Table, text: str, label: str, task: str | None, options: dict[str, Any]) -> Evaluator:
    """Texts with classes."""
    if task is None:
        task = "classification" if table.training else "clustering"
    if task == "clustering":
        return ClusteringEvaluator(table.column(text), table.strings(label), **options)
    if not table.training:
        raise DataError(f"{table.path} has no other rows of the split {_TRAINING_SPLIT!r} to learn classes from.")
    training = table._replace(rows=table.training)
    return ClassificationEvaluator(
        training.column(text), training.strings(label), table.column(text), table.strings(label), **options
    )


def _of_zipped(kind: Callable[..., Evaluator]) -> _OfPairs:
    def made(left: list[str], right: list[str], known: list[Any], **options: Any) -> Evaluator:
        return kind(list(zip(left, right, strict=True)), known, **options)

    return made


def _table(path: Path, split: str | None) -> _Table:
    found = read_rows(path)
    rows = [{column.lower(): value for column, value in row.items()} for row in found.rows]
    columns = [column.lower() for column in found.columns]
    training: list[dict[str, Any]] = []
    if _SPLIT in columns:
        splits = list(dict.fromkeys(str(row.get(_SPLIT)) for row in rows))
        wanted = split or (USUAL_SPLIT if USUAL_SPLIT in splits else splits[0])
        if wanted not in splits or (split is None and len(splits) > 1 and USUAL_SPLIT not in splits):
            raise DataError(
                f"{path} has the splits {', '.join(splits)}; name one of them{closest(wanted, splits)}"
                if split
                else f"{path} has the splits {', '.join(splits)}, and no {USUAL_SPLIT!r}: name one of them."
            )
        if wanted != _TRAINING_SPLIT:
            training = [row for row in rows if row.get(_SPLIT) == _TRAINING_SPLIT]
        rows = [row for row in rows if str(row.get(_SPLIT)) == wanted]
    elif split is not None:
        raise DataError(f"{path} has no column {_SPLIT!r}, which would tell its rows of {split!r}.")
    if not rows:
        raise DataError(f"{path} has no rows.")
    return _Table(path, rows, columns, training)


def _pair(columns: Sequence[str]) -> tuple[str, str] | None:
    return next((pair for pair in _PAIRS if set(pair) <= set(columns)), None)


def _first(names: Sequence[str], columns: Sequence[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _name(path: Path) -> str:
    """The file's name without its endings."""
    return path.name.split(".")[0]
