"""What every module of a model has in common on disk: a kind, a folder and a few settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from ...errors import CorruptCheckpointError
from ..files import read_json, setting


class ModuleSpec(ABC):
    """One step of a model as its folder describes it: settings and where its weights lie, but no computation.

    Engines turn a list of these into something that runs. A new kind of module is one file with a subclass, one line in
    ``modules/__init__.py``, and one function an engine.
    """

    #: The class name that checkpoints use for it.
    kind: ClassVar[str]
    #: Where that class is said to live: the older path, which every reader of the last years knows.
    package: ClassVar[str] = "sentence_transformers.models"
    #: Whether it makes one vector a text of one a token.
    pools: ClassVar[bool] = False
    #: Name of its settings file, inside its folder.
    config_file: ClassVar[str] = "config.json"
    #: Whether it is written into the model's own folder when it comes first, instead of a numbered sub-folder.
    in_root: ClassVar[bool] = False
    #: Files that its folder cannot be without, beside weights.
    needed_files: ClassVar[tuple[str, ...]] = ()
    #: Whether its folder holds weights.
    needs_weights: ClassVar[bool] = False

    @property
    def written_kind(self) -> str:
        """The class name to write for it."""
        return self.kind

    @property
    def scores(self) -> bool:
        """Whether scores of a text come out, and no vectors."""
        return False

    @classmethod
    @abstractmethod
    def read(cls, folder: Path) -> ModuleSpec:
        """Read the module from its folder."""

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write settings, and weights where it has any, to a folder that exists."""

    @abstractmethod
    def output_dimension(self, dimension: int) -> int:
        """Width of its output for an input of the given width."""


def output_width(modules: Iterable[ModuleSpec], dimension: int = 0) -> int:
    """Width of what comes out of modules, one after the other, for an input of the given width."""
    for module in modules:
        dimension = module.output_dimension(dimension)
    return dimension


def needed_setting(settings: dict[str, Any], names: tuple[str, ...], path: Path) -> int:
    """A whole number of a module's settings that must be there, under one of its names.

    Raises:
        CorruptCheckpointError: it is missing, or of another kind.
    """
    for name in names:
        value = setting(settings, name, int, path)
        if value is not None:
            return int(value)
    raise CorruptCheckpointError(f"{path} lacks {names[0]!r}.")


def read_settings(folder: Path, config_file: str, *, required: bool) -> dict[str, Any]:
    """A module's settings; an empty dict where they may be missing and are.

    Raises:
        CorruptCheckpointError: they are required and missing, or not readable.
    """
    path = folder / config_file
    if path.is_file():
        return read_json(path)
    if required:
        raise CorruptCheckpointError(f"{path} is missing: modules.json names this module. Download the folder again.")
    return {}
