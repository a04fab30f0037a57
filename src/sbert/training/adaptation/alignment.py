"""A student in its teacher's space before any training: a linear map, by least squares.

Mikolov, Le and Sutskever, https://arxiv.org/abs/1309.4168, section 4, for words of two languages.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DimensionError, InputError
from ...models.progress import progress_bar
from ...models.sentence_transformer import SentenceTransformer
from ...similarity import norms
from ..tables import Table, as_rows

_LABEL = "label"
#: Texts that are encoded and forgotten again at a time.
_BLOCK = 8192
#: How far from 1 the lengths of vectors of length 1 are.
_ROUNDING = 1e-3


def align_to_teacher(
    student: SentenceTransformer, rows: Any, *, ridge: float = 1e-3, **options: Any
) -> SentenceTransformer:
    """A model that first does what a student does, and then maps its vectors to where the teacher has them.

    The map is the linear one with the least squares, with a ridge, and with a bias. It is found in the time that
    encoding the texts takes, and keeps most of what the student knows; training goes on from there, if it must.

    Args:
        student: a dense model, in a space of its own. It is not changed, but its modules are shared with the result.
        rows: texts, and the teacher's vectors in the column ``label``: what
            :func:`~sbert.training.adaptation.translation_rows` gives. Every other column is of texts, each of which
            should have the vector of its row.
        ridge: what is added to the diagonal of the student's covariance, as a part of its mean. More for fewer texts.
        **options: of ``student.encode``. Prompts are best the student's default one, which the result takes over.

    Returns:
        The model, on the torch engine: the student's modules, a ``Dense`` one, and where the teacher's vectors have
        length 1 a ``Normalize`` one.

    Raises:
        InputError: there is no column ``label``, or none of texts; the rows are a stream; ``ridge`` is no positive
            number.
        DimensionError: the labels are no vectors of one width.
        NotTextError: an item is not text.
    """
    import torch

    from ...engines.torch.dense import Dense
    from ...engines.torch.normalize import Normalize

    if not isinstance(student, SentenceTransformer):
        raise InputError(f"student must be a SentenceTransformer; got {type(student).__name__}.")
    table = as_rows(rows, "rows")
    if not isinstance(table, Table):
        raise InputError(f"rows must be held in memory, as a dict of columns or a list; got {type(rows).__name__}.")
    names = [name for name in table.column_names if name != _LABEL]
    if _LABEL not in table.column_names or not names:
        raise InputError(
            f"rows must have texts, and the teacher's vectors in the column {_LABEL!r}, as translation_rows() gives "
            f"them; they have {', '.join(table.column_names)}."
        )
    if not isinstance(ridge, (int, float)) or not 0 < ridge < float("inf"):
        raise InputError(f"ridge must be a positive number; got {ridge!r}.")
    wanted = np.asarray(table.columns[_LABEL])
    if wanted.ndim != 2 or not len(wanted) or wanted.dtype.kind != "f":
        raise DimensionError(f"The labels must be a teacher's vectors; got {wanted.dtype} of shape {wanted.shape}.")
    weights, bias = _map(student, [table.columns[name] for name in names], wanted, ridge, options)
    added: list[Any] = [
        Dense(
            weights.shape[1],
            weights.shape[0],
            activation_function=None,
            init_weight=torch.from_numpy(weights),
            init_bias=torch.from_numpy(bias),
        )
    ]
    if np.abs(norms(wanted) - 1).max() < _ROUNDING:
        added.append(Normalize())
    network: Any = student.trainable("align_to_teacher()")
    return SentenceTransformer(
        modules=[*network, *added], prompts=student.prompts, default_prompt_name=student.default_prompt_name
    )


def _map(student: Any, columns: list[Any], wanted: Any, ridge: float, options: dict[str, Any]) -> tuple[Any, Any]:
    """The weights, (teacher's width, student's width), and the bias."""
    width, count = student.get_embedding_dimension(), len(columns) * len(wanted)
    inner, cross = np.zeros((width, width)), np.zeros((width, wanted.shape[1]))
    first, second = np.zeros(width), np.zeros(wanted.shape[1])
    with progress_bar(count, options.pop("show_progress_bar", None), "Aligning") as told:
        for texts in columns:
            for start in range(0, len(wanted), _BLOCK):
                block = texts[start : start + _BLOCK]
                own = np.asarray(student.encode(list(block), show_progress_bar=False, **options), np.float64)
                theirs = np.asarray(wanted[start : start + _BLOCK], np.float64)
                inner, cross = inner + own.T @ own, cross + own.T @ theirs
                first, second = first + own.sum(axis=0), second + theirs.sum(axis=0)
                if told is not None:
                    told(len(block), 0)
    first, second = first / count, second / count
    inner, cross = inner / count - np.outer(first, first), cross / count - np.outer(first, second)
    held = inner + ridge * np.trace(inner) / width * np.eye(width)
    weights = np.linalg.solve(held, cross).T
    return np.ascontiguousarray(weights, np.float32), np.asarray(second - weights @ first, np.float32)
