"""Which of many rows are known already, without holding their names: 16 bytes each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

_KIND = "S16"


class Known:
    """A set of names that only grows, kept as sorted hashes; ten million take 160 MB."""

    def __init__(self) -> None:
        self._keys: npt.NDArray[np.bytes_] = np.empty(0, _KIND)

    def __len__(self) -> int:
        return len(self._keys)

    def holds(self, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which of some names are in it, (n,)."""
        return self._found(_hashed(names))

    def add(self, names: Sequence[str]) -> None:
        """Take names in."""
        new = np.unique(_hashed(names))
        new = new[~self._found(new)]
        self._keys = np.insert(self._keys, np.searchsorted(self._keys, new), new)

    def _found(self, keys: npt.NDArray[np.bytes_]) -> npt.NDArray[np.bool_]:
        if not len(self._keys):
            return np.zeros(len(keys), np.bool_)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        found: npt.NDArray[np.bool_] = self._keys[places] == keys
        return found


def joined(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """Pairs of texts as one text each; no two pairs give the same."""
    return [f"{len(one)} {one}{other}" for one, other in zip(first, second, strict=True)]


def _hashed(names: Sequence[str]) -> npt.NDArray[np.bytes_]:
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=16).digest() for name in names)
    return np.frombuffer(digests, _KIND)
