"""Where what is derived from a file or folder is kept: beside it, or in sbert's own cache folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..checkpoints.names import cache_folder

#: Behind the name of what it is derived from.
SUFFIX = ".sbert-cache"


def cache_places(source: str | os.PathLike[str]) -> list[Path]:
    """The folders that may hold what is derived from a file or folder, the best first: one may not be written."""
    path = Path(source).expanduser().absolute()
    elsewhere = f"{path.name}-{hashlib.sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
    return [path.with_name(path.name + SUFFIX), cache_folder() / "corpora" / elsewhere]
