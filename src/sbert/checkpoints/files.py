"""Reading and writing the small files of a checkpoint folder, with errors that name the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from ..errors import CorruptCheckpointError

#: What lists the modules of a model.
MODULES_FILE = "modules.json"


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        CorruptCheckpointError: the file is not JSON, or not an object.
    """
    value = _load(path)
    if not isinstance(value, dict):
        raise CorruptCheckpointError(f"{path} holds a JSON {type(value).__name__}; an object was expected.")
    return value


def read_json_list(path: Path) -> list[dict[str, Any]]:
    """The JSON list of objects in a file.

    Raises:
        CorruptCheckpointError: the file is not JSON, or not a list of objects.
    """
    value = _load(path)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise CorruptCheckpointError(f"{path} must hold a JSON list of objects.")
    return value


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def sha256_of(*paths: Path) -> str:
    """sha256 over the content of files, one after another, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


_Kind = TypeVar("_Kind", bool, int, float, str, dict)  # type: ignore[type-arg]


def setting(settings: Mapping[str, Any], key: str, kind: type[_Kind], where: Path, default: _Kind | None = None) -> Any:
    """One value of a settings file, of the kind it must have; the default where it is missing or null.

    Raises:
        CorruptCheckpointError: it is there and of another kind.
    """
    value = settings.get(key)
    if value is None:
        return default
    fits = isinstance(value, (int, float) if kind is float else kind) and (kind is bool or not isinstance(value, bool))
    if not fits:
        raise CorruptCheckpointError(f"{where}: {key!r} must be of the kind {kind.__name__}; got {value!r}.")
    return value


def listed(settings: Mapping[str, Any], key: str, where: Path) -> list[Any] | None:
    """One value of a settings file that must be a list; None where it is missing or null.

    Raises:
        CorruptCheckpointError: it is there and no list.
    """
    value = settings.get(key)
    if value is not None and not isinstance(value, list):
        raise CorruptCheckpointError(f"{where}: {key!r} must be a list; got {value!r}.")
    return value


def inside(folder: Path, relative: str) -> Path:
    """The path of an entry of a folder, refusing one that leads outside it.

    Raises:
        CorruptCheckpointError: the path is absolute or climbs out with ``..``.
    """
    pure = PurePosixPath(relative.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or ":" in relative:
        raise CorruptCheckpointError(f"{folder} names the path {relative!r}, which leads outside the folder: refused.")
    return folder / pure


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CorruptCheckpointError(f"{path} is not readable JSON ({error}).") from error
