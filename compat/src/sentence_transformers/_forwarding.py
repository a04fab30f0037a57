"""Modules without files: each path of sentence-transformers becomes a module whose names are looked up when used."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from ._missing import advice
from ._table import PATHS, SPACES, Path

_ROOT = __package__


class Forwarding(ModuleType):
    """A module that gets its names from where they are defined, one by one, when they are asked for."""

    _homes: dict[str, str]

    def fill(self, space: str) -> None:
        """Give the module the names of a space in the table."""
        homes = {name: home for home, names in SPACES[space].items() for name in names.split()}
        self.__dict__.update(_homes=homes, __all__=sorted(homes))

    def __getattr__(self, name: str) -> Any:
        home = self.__dict__.get("_homes", {}).get(name)
        if home is None:
            path = f"{self.__name__}.{name}".removeprefix(f"{_ROOT}.")
            if path in PATHS:  # a subpackage by attribute, as in sentence_transformers.util.cos_sim
                return importlib.import_module(f"{_ROOT}.{path}")
            raise AttributeError(
                f"module {self.__name__!r} has no attribute {name!r}."
                if name.startswith("__")
                else advice(f"{self.__name__}.{name}")
            )
        value = getattr(importlib.import_module(home, _ROOT), name)
        ModuleType.__setattr__(self, name, value)  # found without this function from now on
        return value

    def __setattr__(self, name: str, value: object) -> None:
        # The import system binds a submodule to its package. Where old paths have a module by the name of the class in
        # it, the class keeps the name, since `from sentence_transformers.losses import TripletLoss` means it.
        if isinstance(value, ModuleType) and name in self.__dict__.get("_homes", {}):
            return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self.__all__})


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the paths of the table, and says of all others below ``sentence_transformers`` what to use instead.

    It answers for every such path, so that no file of another distribution is ever read by mistake.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002  (the import system passes it)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """The place of a module in the table; None for what is not ours to find."""
        root, _, inner = fullname.partition(".")
        if root != _ROOT or not inner or inner.startswith("_"):
            return None
        if space_of(inner) is None:
            # Without the name of the module, `from package import name` shows this and not a message of its own.
            raise ModuleNotFoundError(advice(fullname))
        return importlib.machinery.ModuleSpec(fullname, self, origin=__file__, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """An empty module."""
        return Forwarding(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Give it its names."""
        inner = module.__name__.partition(".")[2]
        space = space_of(inner)
        if isinstance(module, Forwarding) and space is not None:
            module.fill(space)
            module.__doc__ = f"The names of {module.__name__}, from sbert."


def space_of(inner: str) -> str | None:
    """The space of names that a path stands for: its own, or that of the package that it is a file of.

    Args:
        inner: without ``sentence_transformers.`` in front.

    >>> space_of("losses"), space_of("sentence_transformer.losses.cosent"), space_of("losses.CoSENTLoss")
    ('losses', 'losses', 'losses')
    """
    if inner in PATHS:
        return PATHS[inner].space
    package, _, leaf = inner.rpartition(".")
    found: Path | None = PATHS.get(package)
    if found is None:
        return None
    named = any(leaf in names.split() for names in SPACES[found.space].values())
    return found.space if named or leaf in found.files.split() else None


def install(package: ModuleType) -> None:
    """Make a package of ours forward its names, and find the modules below it."""
    package.__class__ = Forwarding
    assert isinstance(package, Forwarding)  # noqa: S101  (for the type checker)
    package.fill("")
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
