"""What a folder of vectors says about itself: which model made them, how, and which shards are finished."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..errors import DataError
from .files import atomic_write

MANIFEST = "manifest.json"
RANGES = "ranges.npy"
#: Changes when an older reader would misunderstand.
FORM = 1


@dataclass(frozen=True)
class Shard:
    """A finished shard.

    Args:
        file: its name in the folder.
        rows: number of vectors.
        sha256: of the file.
        texts: hash of the texts, in order.
        truncated: texts that were cut.
        dropped_tokens: tokens cut off.
    """

    file: str
    rows: int
    sha256: str
    texts: str
    truncated: int = 0
    dropped_tokens: int = 0


@dataclass(frozen=True)
class Manifest:
    """All that is known of a folder of vectors.

    Args:
        model: the model's name, for people.
        fingerprint: hash of all that determines its vectors.
        options: what was asked beside it that changes vectors.
        format: form of the shards: ``npy``, ``parquet`` or ``safetensors``.
        shard_size: texts in a shard; the last has fewer.
        dimension: numbers that a vector stands for.
        width: numbers in a row: the dimension, or bytes of bits.
        dtype: of the rows: ``float32``, ``int8`` or ``uint8``.
        ranges: sha256 of the file of ranges that int8 and uint8 were made by; None where there is none.
        shards: the finished ones, in order.
        complete: whether all texts are in them.
        part_of: of a part of a job that is finished, the number of texts in the whole of it; None for others.
        form: of the manifest itself.
    """

    model: str
    fingerprint: str
    options: Mapping[str, Any]
    format: str
    shard_size: int
    dimension: int
    width: int
    dtype: str
    ranges: str | None = None
    shards: tuple[Shard, ...] = field(default=())
    complete: bool = False
    part_of: int | None = None
    form: int = FORM

    @property
    def rows(self) -> int:
        """Vectors in all finished shards."""
        return sum(shard.rows for shard in self.shards)

    def write(self, folder: Path) -> None:
        """Put it into a folder, whole or not at all.

        Raises:
            DataError: it cannot be written.
        """
        with atomic_write(folder / MANIFEST) as file:
            file.write(json.dumps(asdict(self) | {"rows": self.rows}, indent=2, ensure_ascii=False).encode() + b"\n")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a folder.

        Raises:
            DataError: there is none, or it is damaged or of a later form.
        """
        path = folder / MANIFEST
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["form"] > FORM:
                raise DataError(f"{path} is of form {found['form']}; this version reads {FORM}. Upgrade sbert.")
            shards = tuple(Shard(**shard) for shard in found.pop("shards"))
            if found.pop("rows") != sum(shard.rows for shard in shards):
                raise ValueError("the rows do not add up")
            known = {entry.name for entry in fields(cls)}
            return cls(**{name: value for name, value in found.items() if name in known}, shards=shards)
        except FileNotFoundError as error:
            raise DataError(f"{folder} holds no embeddings: there is no {MANIFEST} in it.") from error
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror or error}).") from error
        except DataError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path} is damaged ({error}). Encode into another folder, or pass overwrite=True to start again."
            ) from error

    def with_shard(self, shard: Shard) -> Manifest:
        """The manifest with one more finished shard."""
        return replace(self, shards=(*self.shards, shard))

    def require_same_job(self, wanted: Manifest, folder: Path) -> None:
        """Refuse to go on with another model's vectors, or with others than were asked for.

        Raises:
            DataError: something that changes vectors or files differs; it is named with both values.
        """
        advice = "Write to another folder, or pass overwrite=True to replace what is there."
        if self.fingerprint != wanted.fingerprint:
            raise DataError(
                f"{folder} holds vectors of the model {self.model!r} (fingerprint {self.fingerprint[:12]}); this call "
                f"has {wanted.model!r} (fingerprint {wanted.fingerprint[:12]}). {advice}"
            )
        here = {**self.options, "format": self.format, "shard_size": self.shard_size}
        asked = {**wanted.options, "format": wanted.format, "shard_size": wanted.shard_size}
        for name in here | asked:
            if here.get(name) != asked.get(name):
                raise DataError(
                    f"{folder} holds vectors made with {name}={here.get(name)!r}; this call has "
                    f"{name}={asked.get(name)!r}. {advice}"
                )
