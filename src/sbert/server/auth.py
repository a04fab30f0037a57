"""API keys."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers

from ..errors import InputError
from .refusals import Unauthorized


class Keys:
    """The keys that open the server; none where anybody may come in.

    Keys are compared by their hashes, each with all of them, so that the time tells nothing: neither how much of a key
    was right, nor its length.

    Raises:
        InputError: a key is empty, which would open to everybody without seeming to.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        keys = [keys] if isinstance(keys, str) else list(keys)
        if not all(isinstance(key, str) and key.strip() for key in keys):
            raise InputError("api_keys must be texts that are not blank. Leave them out for a server without keys.")
        self._hashes = [_hash(key.encode("utf-8", "surrogateescape")) for key in keys]

    @property
    def are_asked_for(self) -> bool:
        """Whether one must be sent."""
        return bool(self._hashes)

    def check(self, headers: Headers) -> None:
        """Let a request in, or not.

        Raises:
            Unauthorized: it has no key, or one that is not known.
        """
        if not self._hashes:
            return
        kind, _, key = headers.get("authorization", "").partition(" ")
        given = key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        found = _hash(given.encode("latin-1"))  # the bytes that were sent, which Starlette reads as this
        if not sum(hmac.compare_digest(found, known) for known in self._hashes):
            told = "is not one of this server's" if given else "is missing"
            raise Unauthorized(f"The API key {told}. Send it as: Authorization: Bearer KEY")


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
