"""What a static engine can start with: tables whose rows are added up, and bags of words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

from ...checkpoints import ModelSpec
from ...checkpoints.modules import (
    BoWSpec,
    ModuleSpec,
    PoolingSpec,
    SparseStaticEmbeddingSpec,
    StaticEmbeddingSpec,
    WordEmbeddingsSpec,
    WordWeightsSpec,
)
from ...checkpoints.modules.word_weights import WEIGHT
from ...checkpoints.weights import Weights
from ...errors import EngineError, InputError
from ...text import Batch, Tokens
from ...types import AnyArray, FloatArray, IntArray
from .pooling import mean_rows, pooled_rows


class Reader(ABC):
    """Turns the tokens of texts into the first vectors of a model: what its leading modules do together."""

    #: How many modules it stands for.
    modules = 1
    #: Whether it takes texts of any lengths side by side; where its rows are as wide as a vocabulary, few are held.
    takes_flat = True

    @abstractmethod
    def flat(self, tokens: Tokens) -> FloatArray:
        """The vectors of texts, (n, d) float32.

        Raises:
            EngineError: a token has no row.
        """

    @abstractmethod
    def of_tokens(self, batch: Batch) -> FloatArray:
        """The vectors of tokens, (b, t, d) float32.

        Raises:
            EngineError: a token has no row.
            InputError: the model has no vectors of tokens.
        """

    @abstractmethod
    def weights(self) -> Weights:
        """All its tensors."""


class Table(Reader):
    """Rows of a table, a token each, and their mean.

    Args:
        table: (rows, d), of any real dtype.
        weights: as they are stored.
    """

    def __init__(self, table: AnyArray, weights: Weights) -> None:
        self._table, self._weights = table, weights

    def flat(self, tokens: Tokens) -> FloatArray:  # noqa: D102
        _check(tokens.ids, len(self._table))
        return mean_rows(self._table, tokens.ids, tokens.starts)

    def of_tokens(self, batch: Batch) -> FloatArray:  # noqa: D102
        _check(batch.ids[batch.mask.astype(bool)], len(self._table))
        ids = np.where(batch.mask, batch.ids, 0)  # a padding token may have no row
        return np.array(self._table[ids], dtype=np.float32)

    def weights(self) -> Weights:  # noqa: D102
        return self._weights


class Words(Table):
    """Word vectors, weighted or not, and their pooling.

    Args:
        spec: a model that starts with WordEmbeddings.
    """

    def __init__(self, spec: ModelSpec) -> None:
        first = spec.modules[0]
        assert isinstance(first, WordEmbeddingsSpec)  # noqa: S101  (reader_of has looked)
        super().__init__(first.table(), first.weights())
        self.modules = modules_of(spec.modules)
        *weighing, pooling = spec.modules[1 : self.modules]
        assert isinstance(pooling, PoolingSpec)  # noqa: S101
        self._modes = pooling.modes
        self._word_weights: FloatArray | None = None
        for module in weighing:
            assert isinstance(module, WordWeightsSpec)  # noqa: S101
            self._weigh(module)

    def _weigh(self, module: WordWeightsSpec) -> None:
        weights = module.tensors[WEIGHT].astype(np.float32)
        if len(weights) < len(self._table):
            raise EngineError(f"WordWeights has {len(weights)} weights; there are {len(self._table)} words.")
        weights = weights[: len(self._table)]
        self._table = self._table * weights
        self._word_weights = weights[:, 0] if self._word_weights is None else self._word_weights * weights[:, 0]

    def flat(self, tokens: Tokens) -> FloatArray:  # noqa: D102
        _check(tokens.ids, len(self._table))
        return np.concatenate(
            [pooled_rows(mode, self._table, tokens.ids, tokens.starts, self._word_weights) for mode in self._modes],
            axis=1,
        )


class Bag(Reader):
    """A weight for each token, counted once or each time.

    Args:
        weight: of each token, (d,) float32.
        counts: whether a token counts each time that it stands in a text.
    """

    takes_flat = False

    def __init__(self, weight: FloatArray, counts: bool) -> None:
        self._weight, self._counts = weight, counts

    def flat(self, tokens: Tokens) -> FloatArray:  # noqa: D102
        width = len(self._weight)
        _check(tokens.ids, width)
        rows = np.zeros((len(tokens), width), np.float32)
        texts = np.repeat(np.arange(len(tokens)), tokens.lengths)
        if self._counts:
            np.add.at(rows, (texts, tokens.ids), self._weight[tokens.ids])
        else:
            rows[texts, tokens.ids] = self._weight[tokens.ids]
        return rows

    def of_tokens(self, batch: Batch) -> FloatArray:
        """Refused: there are no vectors of tokens."""
        raise InputError(f"A model without a network has no vectors of tokens; a batch of {len(batch.ids)} was given.")

    def weights(self) -> Weights:  # noqa: D102
        return Weights({"weight": (self._weight, "")}, Path())


def why_not(modules: tuple[ModuleSpec, ...]) -> str | None:
    """Why no reader can start a model; None when one can."""
    first = modules[0] if modules else None
    if isinstance(first, (StaticEmbeddingSpec, SparseStaticEmbeddingSpec, BoWSpec)):
        return None
    if not isinstance(first, WordEmbeddingsSpec):
        return "it does not start with a StaticEmbedding or another table"
    for module in modules[1:]:
        if isinstance(module, PoolingSpec):
            return None if module.include_prompt else "its pooling leaves a prompt out"
        if not isinstance(module, WordWeightsSpec):
            return f"module {module.kind} works on token vectors"
    return "it does not pool its token vectors"


def modules_of(modules: tuple[ModuleSpec, ...]) -> int:
    """How many of a model's modules its reader stands for: word vectors are read with their pooling."""
    if not isinstance(modules[0], WordEmbeddingsSpec):
        return 1
    return 1 + next(place for place, module in enumerate(modules) if isinstance(module, PoolingSpec))


def reader_of(spec: ModelSpec) -> Reader:
    """What turns tokens into the first vectors of a model; not of one that :func:`why_not` names.

    Raises:
        CheckpointError: the weights are missing or damaged.
    """
    first = spec.modules[0]
    if isinstance(first, StaticEmbeddingSpec):
        return Table(first.table(), first.weights())
    if isinstance(first, SparseStaticEmbeddingSpec):
        return Bag(first.weight(), counts=False)
    if isinstance(first, BoWSpec):
        return Bag(np.array(first.weight(), np.float32), first.counts)
    return Words(spec)


def _check(ids: IntArray, rows: int) -> None:
    highest = int(ids.max(initial=0))
    if highest >= rows:
        raise EngineError(
            f"The tokenizer gives the token number {highest}; the table has {rows} rows. The tokenizer belongs to "
            "another model."
        )
