"""Which rows go into a batch together: samplers that are the same again for the same seed and epoch."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, positive
from ..types import IntArray
from .layout import values_of


class BatchSampler:
    """Batches of row numbers, in an order of their own each epoch.

    Args:
        rows: the dataset.
        batch_size: rows in a batch.
        drop_last: whether a batch that is not full is left out.
        columns: of the dataset's inputs.
        label: its column of labels.
        seed: of the order; with the epoch's number it decides all.
    """

    def __init__(
        self,
        rows: Any,
        batch_size: int,
        drop_last: bool = False,
        *,
        columns: Sequence[str] = (),
        label: str | None = None,
        seed: int = 0,
    ) -> None:
        self.rows, self.batch_size, self.drop_last = rows, positive("batch_size", batch_size), drop_last
        self.columns, self.label, self.seed = tuple(columns), label, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch."""
        self.epoch = epoch

    @property
    def sampler(self) -> BatchSampler:
        """Itself: accelerate looks here for whom to tell the epoch, where it shares batches among processes."""
        return self

    def __iter__(self) -> Iterator[list[int]]:
        yield from self.batches(np.random.default_rng((self.seed, self.epoch)))

    def __len__(self) -> int:
        count = len(self.rows)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    @abstractmethod
    def batches(self, generator: np.random.Generator) -> Iterable[list[int]]:
        """The batches of an epoch."""

    def cut(self, order: Sequence[int] | IntArray) -> Iterator[list[int]]:
        """Row numbers in batches, in the order in which they come."""
        for start in range(0, len(order), self.batch_size):
            batch = list(map(int, order[start : start + self.batch_size]))
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch


class DefaultBatchSampler(BatchSampler):
    """Rows in a random order."""

    def batches(self, generator: np.random.Generator) -> Iterable[list[int]]:  # noqa: D102
        return self.cut(generator.permutation(len(self.rows)))


class InOrder(BatchSampler):
    """Rows as they stand, for evaluation."""

    def batches(self, generator: np.random.Generator) -> Iterable[list[int]]:  # noqa: ARG002, D102
        return self.cut(range(len(self.rows)))


class NoDuplicatesBatchSampler(BatchSampler):
    """Batches in which no text stands twice: a second one would be a false negative of ranking losses.

    Each row goes into the first batch that has room and none of its texts. Texts are told apart by hashes of 64 bits,
    made once, and no row is looked at twice, however many duplicates there are. Rows that share a text with many others
    end up in the last batches, which may not be full.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._hashes: IntArray | None = None
        self._counted: tuple[int, int] | None = None

    def __len__(self) -> int:
        if self._counted is None or self._counted[0] != self.epoch:
            self._counted = self.epoch, sum(1 for _ in self)
        return self._counted[1]

    def batches(self, generator: np.random.Generator) -> Iterable[list[int]]:  # noqa: D102
        hashes = self._row_hashes()
        found: list[list[int]] = []
        last: dict[int, int] = {}  # the last batch that holds a text
        following: list[int] = []  # of a full batch one further on, shortened as it is walked
        for row in generator.permutation(len(self.rows)).tolist():
            texts = hashes[row].tolist()
            batch = _with_room(following, max((last.get(text, -1) for text in texts), default=-1) + 1)
            if batch == len(found):
                found.append([])
                following.append(batch)
            found[batch].append(row)
            last.update(dict.fromkeys(texts, batch))
            if len(found[batch]) == self.batch_size:
                following[batch] = batch + 1
        return (batch for batch in found if len(batch) == self.batch_size or not self.drop_last)

    def _row_hashes(self) -> IntArray:
        """The hash of each input of each row, (rows, columns)."""
        if self._hashes is None:
            columns = [[_hash(value) for value in values_of(self.rows, name)] for name in self.columns]
            self._hashes = np.array(columns, np.int64).T.reshape(len(self.rows), len(self.columns))
        return self._hashes


class GroupByLabelBatchSampler(BatchSampler):
    """Batches with two rows or more of each label that is in them, and two labels or more: for in-batch triplets.

    Rows of a label are paired at random, and batches made of pairs; a row without a partner is left out of the epoch.

    Raises:
        InputError: the batch size is odd or below 4, or there are no labels, or only one.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.batch_size < 4 or self.batch_size % 2:
            raise InputError(f"group_by_label needs an even batch size of 4 or more; got {self.batch_size}.")
        if self.label is None:
            raise InputError("group_by_label needs a column of labels; the dataset has none.")
        labels = np.asarray(list(values_of(self.rows, self.label)))
        self._groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        if sum(len(group) > 1 for group in self._groups) < 2:
            raise InputError("group_by_label needs two labels or more that have two rows or more each.")

    def __len__(self) -> int:
        return len(list(self))

    def batches(self, generator: np.random.Generator) -> Iterable[list[int]]:  # noqa: D102
        pairs: list[tuple[int, tuple[int, int]]] = []
        for number, group in enumerate(self._groups):
            order = generator.permutation(group).tolist()
            pairs += [(number, (order[at], order[at + 1])) for at in range(0, len(order) - 1, 2)]
        pairs = [pairs[at] for at in generator.permutation(len(pairs))]
        size = self.batch_size // 2
        for start in range(0, len(pairs), size):
            batch = pairs[start : start + size]
            if len({label for label, _ in batch}) > 1 and (len(batch) == size or not self.drop_last):
                yield [row for _, pair in batch for row in pair]


class TokenBudgetBatchSampler(BatchSampler):
    """Batches of rows of like length, cut so that each holds about as many tokens, padding included.

    Rows are shuffled, sorted by length within windows of many batches, cut, and the batches shuffled.

    Args:
        rows: the dataset.
        tokens: in a batch, of the longest column.
        lengths: tokens of each row's longest text, (rows,).
        most: rows in a batch at the most.
        drop_last: has no effect: no batch is cut short.
        seed: of the order.
    """

    _WINDOW = 50

    def __init__(
        self, rows: Any, tokens: int, lengths: IntArray, most: int, drop_last: bool = False, *, seed: int = 0
    ) -> None:
        super().__init__(rows, most, drop_last, seed=seed)
        self.tokens, self.lengths = positive("tokens", tokens), lengths
        self._counted: tuple[int, int] | None = None

    def __len__(self) -> int:
        if self._counted is None or self._counted[0] != self.epoch:
            self._counted = self.epoch, sum(1 for _ in self)
        return self._counted[1]

    def batches(self, generator: np.random.Generator) -> Iterable[list[int]]:  # noqa: D102
        order = generator.permutation(len(self.rows))
        window = self._WINDOW * max(1, self.tokens // max(1, int(self.lengths.mean())))
        found: list[list[int]] = []
        for start in range(0, len(order), window):
            part = order[start : start + window]
            batch: list[int] = []
            for row in part[np.argsort(-self.lengths[part], kind="stable")].tolist():
                longest = int(self.lengths[batch[0]]) if batch else 0
                if batch and ((len(batch) + 1) * longest > self.tokens or len(batch) == self.batch_size):
                    found.append(batch)
                    batch = []
                batch.append(row)
            found.append(batch)
        return (found[number] for number in generator.permutation(len(found)))


def _with_room(following: list[int], batch: int) -> int:
    """The first batch from a number on that is not full; ways are shortened, so that long ones are walked once."""
    walked = []
    while batch < len(following) and following[batch] != batch:
        walked.append(batch)
        batch = following[batch]
    for passed in walked:
        following[passed] = batch
    return batch


def _hash(value: Any) -> int:
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else repr(value).encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)
