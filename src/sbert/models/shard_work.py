"""The work of a job on disk, cut into shards: what is asked for one, what comes of it, and who does it.

A shard depends on its texts, the model and the job alone. So it makes no difference to a byte who makes it, or when:
this process, one after the other, or the workers of a cluster, of which some may die.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..data.manifest import Shard
from ..types import FloatArray
from .progress import Progress
from .vector_request import VectorRequest

if TYPE_CHECKING:
    from .streaming import Streaming


@dataclass(frozen=True)
class ShardJob:
    """What all shards of a job have in common.

    Args:
        folder: where they are written; the same place for whoever makes them.
        format: form of the files.
        shard_size: texts in each but the last.
        request: the options of the call.
        fingerprint: of the model, so that no worker makes vectors by another one.
    """

    folder: Path
    format: str
    shard_size: int
    request: VectorRequest
    fingerprint: str


@dataclass(frozen=True)
class ShardTask:
    """One shard that is to be there.

    Args:
        number: its place.
        items: its texts, pairs or images.
        entry: what the manifest has in that place already; None for nothing.
        ranges: (2, dimension) to quantise by, as far as they are known.
    """

    number: int
    items: list[Any]
    entry: Shard | None
    ranges: FloatArray | None


@dataclass(frozen=True)
class ShardDone:
    """A shard that is there.

    Args:
        number: its place.
        shard: its entry in the manifest.
        fresh: whether it was made now.
        ranges: (2, dimension) that were found in it, where there were none before.
    """

    number: int
    shard: Shard
    fresh: bool
    ranges: FloatArray | None = None


class ShardWorkers(Protocol):
    """Who makes the shards of a job."""

    def shards(
        self, model: Streaming, job: ShardJob, tasks: Iterable[ShardTask], progress: Progress | None
    ) -> Iterator[ShardDone]:
        """See to every task, in any order, and give what came of each in the order of the tasks.

        Args:
            model: the one that the job is for.
            job: what the tasks have in common.
            tasks: drawn as there is someone to do them.
            progress: told of texts and tokens as they are done.

        Raises:
            SbertError: a shard cannot be made; those before it are given first.
        """
        ...


class ThisProcess:
    """Makes one shard after the other, here."""

    def shards(  # noqa: D102
        self, model: Streaming, job: ShardJob, tasks: Iterable[ShardTask], progress: Progress | None
    ) -> Iterator[ShardDone]:
        for task in tasks:
            yield model.make_shard(job, task, progress)
