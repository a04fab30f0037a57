"""The address of a database, and how it is shown: never with a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ...errors import InputError, closest

#: Kinds of databases by the schemes that name them.
SCHEMES = {
    "qdrant": "qdrant", "milvus": "milvus", "postgresql": "postgresql", "postgres": "postgresql",
    "opensearch": "opensearch",
}  # fmt: skip
#: Ways over the network that may stand behind a scheme: ``qdrant+https://host``.
_WAYS = ("http", "https")
_ESCAPED = "In a password, signs such as / @ : are written %2F %40 %3A."
_EXAMPLES = (
    "qdrant:FOLDER, qdrant://host:6333, milvus:FILE.db, milvus://host:19530, postgresql://user@host/database or "
    "opensearch+https://user@host:9200"
)


@dataclass(frozen=True)
class Target:
    """Where a database is.

    Args:
        kind: one of the values of :data:`SCHEMES`.
        path: of a folder or file, for databases that run inside this process; empty for a server.
        url: of a server, without user, password and port; for PostgreSQL with them, as its client takes it.
        port: that was named.
        prefix: of paths on the server.
        user: who asks.
        password: or key.
        shown: the address, for messages.
    """

    kind: str
    path: str
    url: str = field(repr=False)
    port: int | None = None
    prefix: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    shown: str = ""

    def address(self, port: int) -> str:
        """Of a server, with the port that is usual where none was named."""
        return f"{self.url}:{self.port or port}{self.prefix}"

    def hidden(self, text: str) -> str:
        """A message of a client without the password, should it be in it."""
        for secret in {self.password, unquote(self.password)} - {""}:
            text = text.replace(secret, "***")
        return _hidden(text)


def parse_target(address: str) -> Target:
    """What an address says.

    Args:
        address: such as ``qdrant:FOLDER``, ``qdrant://host:6333``, ``milvus:FILE.db``, ``milvus:http://host:19530``,
            ``postgresql://user:password@host/database`` or ``opensearch+https://user:password@host:9200``.

    Raises:
        InputError: it names no kind of database, or no place.
    """
    if not isinstance(address, str) or ":" not in address:
        raise InputError(f"The target must be the address of a database, such as {_EXAMPLES}; got {address!r}.")
    scheme, _, rest = address.partition(":")
    name, _, way = scheme.lower().partition("+")
    if name not in SCHEMES or (way and way not in _WAYS):
        raise InputError(
            f"The target begins with {scheme + ':'!r}, which is no database known here.{closest(name, SCHEMES)} "
            f"Known are {_EXAMPLES}."
        )
    kind = SCHEMES[name]
    shown = re.sub(r"//.*@", "//***@", address) if kind == "qdrant" else _hidden(address)
    if kind == "postgresql":
        if not rest.startswith("//"):
            raise InputError("The address of a PostgreSQL must have the form postgresql://user@host:5432/database.")
        if "@" in rest[2:].partition("?")[0].partition("/")[2]:  # of which its client would show a part
            raise InputError(f"{shown} is no address. {_ESCAPED}")
        return Target(kind, "", address, password=_password(address), shown=shown)
    if match := re.match(r"(https?):(//.*)", rest):
        way, rest = match.groups()
    if not rest.startswith("//"):
        if kind == "opensearch" or not rest:
            raise InputError(f"{shown} names no place. An address is {_EXAMPLES}.")
        return Target(kind, rest, "", shown=shown)
    try:
        parts = urlsplit(f"{way or 'http'}:{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InputError(f"{shown} is no address. {_ESCAPED}") from None
    if not host:
        raise InputError(f"{shown} names no host. An address is {_EXAMPLES}.")
    place = f"[{host}]" if ":" in host else host
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if kind == "qdrant":  # which has keys and no users
        user, password = "", password or user
    return Target(kind, "", f"{parts.scheme}://{place}", port, parts.path.rstrip("/"), user, password, shown)


def _password(address: str) -> str:
    match = re.search(r"//[^/@:]*:(.*)@", address)
    return match[1] if match else ""


def _hidden(text: str) -> str:
    """A text with the passwords of its addresses hidden.

    >>> _hidden("postgresql://me:secret@host/db?password=secret")
    'postgresql://me:***@host/db?password=***'
    """
    text = re.sub(r"(//[^/@:\s]*:)\S*@", r"\1***@", text)
    return re.sub(r"(password=)[^&\s]+", r"\1***", text)
