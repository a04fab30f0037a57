"""Folders of vectors: shards that are written one after the other and stay, and a reader of them.

::

    FOLDER/
        manifest.json           the model, the options, and every finished shard with its hashes
        ranges.npy              (2, dimension), for int8 and uint8 alone
        shard-00000.npy         (n, d)
        shard-00001.npy
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..checkpoints.files import sha256_of
from ..errors import DataError, SbertWarning
from ..types import AnyArray, FloatArray
from .files import atomic_write
from .joined import Joined, join_parts
from .manifest import MANIFEST, RANGES, Manifest, Shard
from .parts import parts_in
from .ranges import read_ranges
from .shard_formats import parquet_column, read_vectors, shard_format


class Shards:
    """The vectors of a folder, or of a folder of parts as one, read from disk as they are needed.

    Attributes:
        folder: where they are.
        manifest: what the folder says about itself.

    Raises:
        DataError: the folder holds no embeddings; a shard is missing; its parts do not belong together; or not all
            texts are encoded yet and ``partial`` is False.
    """

    def __init__(self, folder: str | os.PathLike[str], *, partial: bool = False) -> None:
        self.folder = Path(folder).expanduser()
        job = _job_in(self.folder)
        self.manifest, self._ranges_in = job.manifest, job.folder
        if not (self.manifest.complete or partial):
            parts = (
                f" Missing or not finished: {', '.join(part.folder for part in job.missing)}." if job.missing else ""
            )
            raise DataError(
                f"{self.folder} is not finished: it has {len(self):,} vectors so far.{parts} Run the same job again to "
                "go on, or pass partial=True to read what is there."
            )
        for shard in self.manifest.shards:
            if not (self.folder / shard.file).is_file():
                raise DataError(f"{self.folder} has lost {shard.file}. Run the same job again to make it anew.")

    def __len__(self) -> int:
        return self.manifest.rows

    def __repr__(self) -> str:
        shape = f"{len(self):,} x {self.manifest.width} {self.manifest.dtype}"
        return f"Shards({str(self.folder)!r}, {shape} in {len(self.manifest.shards)} files, {self.manifest.model!r})"

    @property
    def shape(self) -> tuple[int, int]:
        """Number of vectors and of numbers in each."""
        return len(self), self.manifest.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return np.dtype(self.manifest.dtype)

    @property
    def ranges(self) -> FloatArray | None:
        """(2, dimension) float32 that int8 and uint8 vectors were made by; None for others.

        Raises:
            DataError: the file is missing or damaged.
        """
        return read_ranges(self._ranges_in, self.manifest)

    def chunks(self) -> Iterator[AnyArray]:
        """The vectors shard by shard, (rows, width); mapped from disk, not loaded, except those of Parquet.

        Raises:
            DataError: a shard is damaged or holds other than the manifest says.
        """
        form = shard_format(self.manifest.format)
        for shard in self.manifest.shards:
            path = self.folder / shard.file
            yield read_vectors(path, form, shard.rows, self.manifest.width, self.manifest.dtype)

    def array(self) -> AnyArray:
        """All vectors in memory, (n, width).

        Raises:
            DataError: a shard is damaged or holds other than the manifest says.
        """
        out = np.empty(self.shape, self.dtype)
        start = 0
        for chunk in self.chunks():
            out[start : start + len(chunk)] = chunk
            start += len(chunk)
        return out

    def texts(self) -> Iterator[str]:
        """The texts, in order, where the shards keep them.

        Raises:
            DataError: only Parquet shards do.
        """
        if not shard_format(self.manifest.format).keeps_texts:
            raise DataError(f"{self.folder} has {self.manifest.format} shards, which keep no texts; Parquet ones do.")
        for shard in self.manifest.shards:
            yield from parquet_column(self.folder / shard.file, "text").to_pylist()

    def verify(self) -> None:
        """Read every file and compare its hash with the manifest's.

        Raises:
            DataError: a file is damaged; it is named.
        """
        for shard in self.manifest.shards:
            if sha256_of(self.folder / shard.file) != shard.sha256:
                raise DataError(f"{self.folder / shard.file} is damaged. Run the same job again to make it anew.")


def open_embeddings(path: str | os.PathLike[str], *, partial: bool = False) -> Shards:
    """Open a folder that ``encode_to`` has written, or one whose parts several machines have.

    Args:
        path: the folder.
        partial: whether a job that is not finished may be read as far as it is.

    Raises:
        DataError: the folder holds no embeddings, has lost a shard, is not finished, or has parts that do not belong
            together.
    """
    return Shards(path, partial=partial)


class ShardWriter:
    """Keeps the manifest of a folder of shards. One process at a time; files of shards may come from many.

    Each shard is written beside its name, moved into place, and only then entered in the manifest. So whenever a
    process dies, what the manifest names is whole, and only shards that were being made are made twice.

    Args:
        folder: made where it is not there.
        wanted: the manifest of this job, without shards.
        overwrite: whether what another job left in the folder is removed.

    Raises:
        DataError: the folder cannot be used, is in use, or holds the vectors of another job.
    """

    def __init__(self, folder: Path, wanted: Manifest, *, overwrite: bool = False) -> None:
        self.folder = folder
        shard_format(wanted.format)  # refuses what is none, before anything is touched
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{folder} cannot be a folder of embeddings ({error.strerror or error}).") from error
        self._lock = _lock(folder)
        try:
            self.manifest = self._begin(wanted, overwrite)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others write to the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _begin(self, wanted: Manifest, overwrite: bool) -> Manifest:
        self._remove_scratch()  # what a process left that was killed: nobody else is here now
        if overwrite:
            # The manifest first: without it nothing else counts.
            for path in (self.folder / MANIFEST, self.folder / RANGES, *self.folder.glob("shard-*.*")):
                path.unlink(missing_ok=True)
        if (self.folder / MANIFEST).exists():
            found = Manifest.read(self.folder)
            found.require_same_job(wanted, self.folder)
            return found
        if strangers := sorted(path.name for path in self.folder.glob("shard-*.*")):
            raise DataError(
                f"{self.folder} has shards ({strangers[0]} ...) but no {MANIFEST} that says what they are. "
                "Write to another folder, or pass overwrite=True to replace what is there."
            )
        wanted.write(self.folder)
        return wanted

    def _remove_scratch(self) -> None:
        for scratch in self.folder.glob(".*.tmp"):
            if scratch.name.startswith((".shard-", f".{MANIFEST}.", f".{RANGES}.")):
                scratch.unlink(missing_ok=True)

    def ranges(self) -> FloatArray | None:
        """The ranges that this job quantises by, where they are known already."""
        return read_ranges(self.folder, self.manifest)

    def keep_ranges(self, ranges: FloatArray) -> None:
        """Note the ranges that all shards are quantised by, before the first of them is written."""
        with atomic_write(self.folder / RANGES) as file:
            np.save(file, ranges, allow_pickle=False)
        self.manifest = replace(self.manifest, ranges=sha256_of(self.folder / RANGES))
        self.manifest.write(self.folder)

    def entry(self, number: int) -> Shard | None:
        """What the manifest has in a place; None for nothing."""
        return self.manifest.shards[number] if number < len(self.manifest.shards) else None

    def enter(self, number: int, shard: Shard) -> None:
        """Enter a shard that is written in the manifest.

        Args:
            number: its place; those before it are entered.
            shard: its entry.

        Raises:
            DataError: the manifest cannot be written.
        """
        shards = list(self.manifest.shards)
        shards[number : number + 1] = [shard]
        self.manifest = replace(self.manifest, shards=tuple(shards), complete=False)
        self.manifest.write(self.folder)

    def finish(self, count: int, part_of: int | None = None) -> None:
        """Note that all texts are there.

        Args:
            count: number of shards that they made.
            part_of: for a part of a job, the number of texts in the whole of it.

        Raises:
            DataError: the folder has more, so some texts are gone.
        """
        if count < len(self.manifest.shards):
            raise DataError(
                f"The texts have changed: they end before {self.folder / self.manifest.shards[count].file}, which was "
                "made of more. Pass the same texts, write to another folder, or pass overwrite=True."
            )
        self._remove_scratch()  # of workers that were killed in this run
        if not self.manifest.complete or self.manifest.part_of != part_of:
            self.manifest = replace(self.manifest, complete=True, part_of=part_of)
            self.manifest.write(self.folder)


def _job_in(folder: Path) -> Joined:
    """The job of a folder: its own, or that which its parts make up."""
    if not (folder / MANIFEST).exists() and parts_in(folder):
        return join_parts(folder)
    return Joined(Manifest.read(folder), folder, ())


def is_whole(folder: Path, shard: Shard, texts: Sequence[Any], first: int) -> bool:
    """Whether a shard that the manifest names is whole and holds some texts; False if it is to be made.

    Args:
        folder: where its file is.
        shard: its entry.
        texts: that it should hold.
        first: number of the first of them among all.

    Raises:
        DataError: it was made of other texts.
    """
    if hash_of_texts(texts[: shard.rows]) != shard.texts or len(texts) < shard.rows:
        raise DataError(
            f"The texts have changed: {folder / shard.file} was made of others than texts {first:,} to "
            f"{first + shard.rows - 1:,} are now. Pass the same texts in the same order, write to another folder, or "
            "pass overwrite=True."
        )
    whole = (folder / shard.file).is_file() and sha256_of(folder / shard.file) == shard.sha256
    if not whole:
        warnings.warn(f"{folder / shard.file} was damaged and is made anew.", SbertWarning, stacklevel=2)
    # A last shard that was not full goes on where more texts have come.
    return whole and len(texts) == shard.rows


def write_shard(
    folder: Path,
    number: int,
    format: str,  # noqa: A002  (the name that users know from other libraries)
    vectors: AnyArray,
    texts: Sequence[Any],
    truncated: int,
    dropped_tokens: int,
) -> Shard:
    """Write the file of a shard, whole or not at all. Any process may, also while others write theirs.

    Args:
        folder: where to.
        number: its place in the whole job.
        format: form of the file.
        vectors: (n, width).
        texts: its n texts.
        truncated: texts that were cut.
        dropped_tokens: tokens cut off.

    Returns:
        Its entry, for the manifest.

    Raises:
        DataError: it cannot be written; what was finished before stays.
    """
    form = shard_format(format)
    name = f"shard-{number:05}.{form.name}"
    try:
        with atomic_write(folder / name) as file:
            writer = form.writer(file)
            writer.write(vectors, texts)
            writer.close()
    except DataError as error:
        kept = "The shards before it are kept: run the same job again to go on."
        raise DataError(f"{error} {kept}") from error
    return Shard(name, len(vectors), sha256_of(folder / name), hash_of_texts(texts), truncated, dropped_tokens)


def hash_of_texts(texts: Iterable[Any]) -> str:
    """sha256 of texts, or of pairs of texts, in order."""
    digest = hashlib.sha256()
    for text in texts:
        for part in (text,) if isinstance(text, str) else text:
            data = part.encode("utf-8", "surrogatepass")
            # The length goes first: texts that differ only in where one ends and the next begins differ in hash.
            digest.update(b"%d:" % len(data))
            digest.update(data)
        digest.update(b"\n")
    return digest.hexdigest()


def _lock(folder: Path) -> int | None:
    """Keep other processes from writing to a folder until this one closes the lock or dies; None where none can be had.

    Raises:
        DataError: another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: two jobs in one folder are not noticed there
        return None
    handle = None
    with contextlib.suppress(OSError):  # some network file systems lock nothing
        handle = os.open(folder, os.O_RDONLY)
    if handle is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise DataError(f"Another process is writing to {folder}. Wait for it, or write to another folder.") from error
    except OSError:
        os.close(handle)
        return None
    return handle
