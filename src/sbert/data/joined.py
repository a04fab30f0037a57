"""The parts of a job read as one: their shards in the order of the whole job, and none missing or twice."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import DataError
from .manifest import MANIFEST, Manifest, Shard
from .parts import Part, parts_in
from .ranges import read_ranges

#: What ranges of parts may differ by, in steps of a byte: machines of different kinds agree up to the last bits.
_OF_A_STEP = 0.01


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
    read = {part: read_ranges(folder / part.folder, manifest) for part, manifest in found.items()}
    ranged = {part: ranges for part, ranges in read.items() if ranges is not None}
    if not ranged:
        return next(iter(found))
    first, expected = next(iter(ranged.items()))
    bound = _OF_A_STEP * (expected[1] - expected[0]) / 255
    for part, ranges in ranged.items():
        if (np.abs(ranges - expected) > bound).any():
            raise DataError(
                f"{folder / part.folder} and {folder / first.folder} have bytes of different ranges, which cannot be "
                "compared: the first texts were not the same, or machines of different kinds made vectors that differ. "
                "Pass the same ranges= for all parts, with overwrite=True."
            )
    return first


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
