"""Several datasets in one: each batch comes from one of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..types import IntArray
from .batches import BatchSampler

#: The key of a row that says which dataset it is of.
DATASET = "dataset_name"


class Mixed:
    """The rows of several datasets one after another; each says where it is from.

    Args:
        datasets: rows by name.
    """

    def __init__(self, datasets: Mapping[str, Any]) -> None:
        self.names = list(datasets)
        self.datasets = list(datasets.values())
        self.starts: IntArray = np.concatenate([[0], np.cumsum([len(rows) for rows in self.datasets])])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self.__getitems__([number])[0]

    def __getitems__(self, numbers: list[int]) -> list[dict[str, Any]]:
        """Several rows of one dataset, as a batch holds them."""
        place = int(np.searchsorted(self.starts, numbers[0], side="right")) - 1
        start = int(self.starts[place])
        rows = self.datasets[place].__getitems__([number - start for number in numbers])
        return [{DATASET: self.names[place], **row} for row in rows]


class MixedBatchSampler:
    """Batches of several datasets, in an order that a seed and the epoch decide.

    Args:
        samplers: one a dataset.
        starts: where each dataset begins among all rows.
        seed: of the order.
    """

    def __init__(self, samplers: list[BatchSampler], starts: IntArray, seed: int = 0) -> None:
        self.samplers, self.starts, self.seed = samplers, starts, seed
        self.epoch = 0
        sizes = {sampler.batch_size for sampler in samplers}
        self.batch_size = sizes.pop() if len(sizes) == 1 else None
        self.drop_last = all(sampler.drop_last for sampler in samplers)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch."""
        self.epoch = epoch
        for sampler in self.samplers:
            sampler.set_epoch(epoch)

    @property
    def sampler(self) -> MixedBatchSampler:
        """Itself: accelerate looks here for whom to tell the epoch."""
        return self

    def __iter__(self) -> Iterator[list[int]]:
        iterators = [iter(sampler) for sampler in self.samplers]
        for place in self.order(np.random.default_rng((self.seed, self.epoch, 1))):
            batch = next(iterators[place], None)
            if batch is None:
                return
            start = int(self.starts[place])
            yield [number + start for number in batch]

    def __len__(self) -> int:
        return len(self.order(np.random.default_rng((self.seed, self.epoch, 1))))

    @abstractmethod
    def order(self, generator: np.random.Generator) -> list[int]:
        """The dataset of each batch."""


class ProportionalBatchSampler(MixedBatchSampler):
    """Every batch of every dataset once, in a random order: large ones come more often."""

    def order(self, generator: np.random.Generator) -> list[int]:  # noqa: D102
        places = np.repeat(np.arange(len(self.samplers)), [len(sampler) for sampler in self.samplers])
        return list(map(int, generator.permutation(places)))


class RoundRobinBatchSampler(MixedBatchSampler):
    """A batch of each dataset in turn, until the smallest has no more."""

    def order(self, generator: np.random.Generator) -> list[int]:  # noqa: ARG002, D102
        return list(range(len(self.samplers))) * min(len(sampler) for sampler in self.samplers)
