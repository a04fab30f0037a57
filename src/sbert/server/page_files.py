"""The files of the page for people, read once from the package."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: The page runs its own files alone, talks to nobody but the server that it came from, and stands in no other page.
#: Pictures that need a key are fetched and shown as blobs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Asked about each time, which costs little: after an upgrade nobody runs old scripts against a new server.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        content: of it.
        headers: that it is sent with.
    """

    content: bytes
    headers: dict[str, str]

    @property
    def tag(self) -> str:
        """By which a browser asks whether the file is still the same."""
        return self.headers["ETag"]


@cache
def page_files() -> dict[str, PageFile]:
    """All files by the paths that they have on the server: ``/`` and ``/page/...``.

    No path that a client sends is ever looked up on disk.
    """
    found = {}
    for file in sorted(resources.files(__package__).joinpath("page").iterdir(), key=lambda file: file.name):
        stem, dot, suffix = file.name.rpartition(".")
        if not stem or f"{dot}{suffix}" not in _TYPES:
            continue
        content = file.read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        path = "/" if file.name == "index.html" else f"/page/{file.name}"
        found[path] = PageFile(content, {"Content-Type": _TYPES[f"{dot}{suffix}"], "ETag": tag, **_HEADERS})
    return found


def is_page(method: str, path: str) -> bool:
    """Whether a request is for the page, which is shown to everybody: it asks for the key itself."""
    return method in ("GET", "HEAD") and path in page_files()
