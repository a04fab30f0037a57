"""Jobs on disk that several machines share out, each into a folder of its own, with nothing between them.

::

    FOLDER/
        part-0-of-2/            a folder of shards as any other: shards 0, 2, 4 ... of the whole job
            manifest.json
            shard-00000.npy
            shard-00002.npy
        part-1-of-2/

Each part takes every ``count``-th shard, by the numbers that shards have in the whole job. So nobody needs to know how
many texts there are, and all shards of all parts are those of one machine, under the same names.
"""

from __future__ import annotations

import itertools
import operator
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import DataError, InputError
from ..types import FloatArray
from .manifest import MANIFEST, Manifest, Shard
from .ranges import read_ranges

#: What ranges of parts may differ by, in steps of a byte: machines of different kinds agree up to the last bits.
_OF_A_STEP = 0.01
_NAME = re.compile(r"part-(\d+)-of-(\d+)")


@dataclass(frozen=True)
class Part:
    """Which shards of a job one of several machines makes.

    Args:
        index: of the machine, from 0.
        count: machines.

    Raises:
        InputError: the index is not below the count.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            last = f"; of {self.count} parts the last is {self.count - 1}/{self.count}" if self.count > 0 else ""
            raise InputError(
                f"shard must be I/N, part I of N, counted from 0: I is 0 or more and below N; got "
                f"{self.index}/{self.count}{last}."
            )

    @classmethod
    def of(cls, shard: tuple[int, int]) -> Part:
        """The part that a call names: (index, count).

        Raises:
            InputError: it is no pair of whole numbers, or there is no such part.
        """
        try:
            index, count = map(operator.index, shard)
        except (TypeError, ValueError) as error:
            raise InputError(f"shard must be a pair (index, count), such as (0, 8); got {shard!r}.") from error
        return cls(index, count)

    @classmethod
    def parse(cls, text: str) -> Part:
        """The part that a command names, such as ``0/8``.

        Raises:
            InputError: the text is of another form, or there is no such part.
        """
        found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
        if found is None:
            raise InputError(f"shard must be I/N, such as 0/8 for the first of eight parts; got {text!r}.")
        return cls(int(found[1]), int(found[2]))

    @property
    def folder(self) -> str:
        """Name of its folder in that of the job."""
        return f"part-{self.index}-of-{self.count}"

    def has(self, number: int) -> bool:
        """Whether a shard of the whole job is its own."""
        return number % self.count == self.index


#: A job that is not shared out.
WHOLE = Part(0, 1)


def parts_in(folder: Path) -> list[Part]:
    """The parts that have a folder in that of a job, in order."""
    names = [_NAME.fullmatch(path.name) for path in folder.glob("part-*-of-*") if path.is_dir()]
    found = [(int(name[2]), int(name[1])) for name in names if name is not None]
    return [Part(index, count) for count, index in sorted(found) if index < count]


def require_room(folder: Path, part: Part | None) -> None:
    """Refuse to write a part, or with None a whole job, into the folder of a job that is cut in another way.

    Raises:
        DataError: it holds a whole job, or parts of another count.
    """
    others = [found for found in parts_in(folder) if part is None or found.count != part.count]
    if others:
        holds = others[0].folder
    elif part is not None and (folder / MANIFEST).exists():
        holds = "a job that is not cut into parts"
    else:
        return
    asked = "a job that is not cut into parts" if part is None else part.folder
    raise DataError(f"{folder} holds {holds}; this call is for {asked}. Write to another folder, or remove this one.")


def require_siblings(folder: Path, part: Part, wanted: Manifest) -> None:
    """Refuse a part that could not be joined with those which are there, before the work and not after it.

    Raises:
        DataError: another part is of another model or other options.
    """
    for other in parts_in(folder):
        place = folder / other.folder
        if other != part and (place / MANIFEST).exists():
            Manifest.read(place).require_same_job(wanted, place)


@dataclass(frozen=True)
class Joined:
    """A job as its parts make it up.

    Args:
        manifest: of all shards, in the order of the whole job, with the parts' folders in their names. Where parts are
            not finished, up to the first shard that is not there.
        folder: one that has the ranges of int8 and uint8.
        missing: the parts that are not there or not finished.
    """

    manifest: Manifest
    folder: Path
    missing: tuple[Part, ...]


def join_parts(folder: Path) -> Joined:
    """Read a folder of parts as one job.

    Args:
        folder: that has at least one part.

    Raises:
        DataError: the parts are of different jobs, or were made of different texts.
    """
    there = parts_in(folder)
    count = there[0].count
    if there[-1].count != count:
        raise DataError(f"{folder} has {there[0].folder} and {there[-1].folder}, of two jobs. Remove the parts of one.")
    found = {part: Manifest.read(folder / part.folder) for part in there if (folder / part.folder / MANIFEST).exists()}
    if not found:
        raise DataError(f"{folder} holds no embeddings: there is no {MANIFEST} in its parts.")
    first, *others = found
    for part in others:
        found[part].require_same_job(found[first], folder / part.folder)
    home = _ranges_in(folder, found)
    missing = [part for part in (Part(i, count) for i in range(count)) if part not in found or not found[part].complete]
    shards = _interleaved(folder, found, count)
    if not missing:
        _require_all_texts(folder, shards, found)
    joined = replace(found[home], shards=tuple(shards), complete=not missing, part_of=None)
    return Joined(joined, folder / home.folder, tuple(missing))


def _ranges_in(folder: Path, found: dict[Part, Manifest]) -> Part:
    """The part whose ranges are those of all.

    Raises:
        DataError: they differ by more than the last bits.
    """
    ranged = [part for part, manifest in found.items() if manifest.ranges is not None]
    if not ranged:
        return next(iter(found))
    first, *others = ranged
    expected = _ranges_of(folder, first, found)
    bound = _OF_A_STEP * (expected[1] - expected[0]) / 255
    for part in others:
        if found[part].ranges != found[first].ranges:
            differ = np.abs(_ranges_of(folder, part, found) - expected)
            if (differ > bound).any():
                raise DataError(
                    f"{folder / part.folder} and {folder / first.folder} have bytes of different ranges, which cannot "
                    "be compared: the first texts were not the same, or machines of different kinds made vectors that "
                    "differ. Pass the same ranges= for all parts, with overwrite=True."
                )
    return first


def _ranges_of(folder: Path, part: Part, found: dict[Part, Manifest]) -> FloatArray:
    ranges = read_ranges(folder / part.folder, found[part])
    assert ranges is not None  # noqa: S101  (only asked of parts that have them)
    return ranges


def _interleaved(folder: Path, found: dict[Part, Manifest], count: int) -> list[Shard]:
    """The shards in the order of the whole job, up to the first that is not there."""
    shards: list[Shard] = []
    for number in itertools.count():
        part, place = Part(number % count, count), number // count
        if part not in found or place >= len(found[part].shards):
            break
        shard = found[part].shards[place]
        if not shard.file.startswith(f"shard-{number:05}."):
            raise DataError(f"{folder / part.folder} was renamed: it has {shard.file} where shard {number} should be.")
        shards.append(replace(shard, file=f"{part.folder}/{shard.file}"))
    return shards


def _require_all_texts(folder: Path, shards: list[Shard], found: dict[Part, Manifest]) -> None:
    """Refuse finished parts of different texts, in which some may be missing or there twice."""
    rows = sum(shard.rows for shard in shards)
    if any(manifest.part_of != rows for manifest in found.values()):
        told = ", ".join(f"{manifest.part_of or 0:,} by {part.folder}" for part, manifest in found.items())
        raise DataError(
            f"The parts in {folder} were not made of the same texts: the vectors that fit together are {rows:,}; texts "
            f"were counted: {told}. Run those that are wrong again on the same texts as the others."
        )
