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

import operator
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, InputError
from .manifest import MANIFEST, Manifest

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
    raise DataError(
        f"{folder} holds {holds}; this call is for {asked}. Write to another folder, or remove what is there."
    )


def require_siblings(folder: Path, part: Part, wanted: Manifest) -> None:
    """Refuse a part that could not be joined with those which are there, before the work and not after it.

    Raises:
        DataError: another part is of another model or other options.
    """
    for other in parts_in(folder):
        place = folder / other.folder
        if other != part and (place / MANIFEST).exists():
            Manifest.read(place).require_same_job(wanted, place)
