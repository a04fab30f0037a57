"""Losses by their names, and their arguments out of a config."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from torch import nn

from ..checkpoints.read import CROSS_ENCODER, MULTI_VECTOR_ENCODER, SENTENCE_TRANSFORMER, SPARSE_ENCODER
from ..errors import SbertError, closest
from ..losses.base import Loss
from ..models import load
from .located import Located
from .typed import hints_of, typed

#: The module of losses of each family. Nothing else is ever imported for a name in a config.
_HOMES = {
    SENTENCE_TRANSFORMER: "sbert.losses",
    CROSS_ENCODER: "sbert.losses.cross_encoder",
    SPARSE_ENCODER: "sbert.losses.sparse",
    MULTI_VECTOR_ENCODER: "sbert.losses.multi_vector",
}
_NAME, _INNER, _GUIDE = "name", "loss", "guide"


@dataclass(frozen=True)
class NamedLoss:
    """A loss, or a part of one, that a config names; called with the model it makes it.

    Args:
        kind: its class.
        settings: its arguments; the loss within one that wraps another is such a thing, too.
        node: where it stands.
    """

    kind: type[nn.Module]
    settings: dict[str, Any]
    node: Located

    def __call__(self, model: Any) -> nn.Module:
        """Make the loss.

        Raises:
            InputError: an argument does not fit the model; its line is named.
        """
        made = {
            name: value(model) if isinstance(value, (NamedLoss, NamedModel)) else value
            for name, value in self.settings.items()
        }
        try:
            return self.kind(model, **made) if _is_loss(self.kind) else self.kind(**made)
        except (SbertError, ValueError, TypeError) as error:
            raise self._about(str(error)).translated(error) from error

    def plain(self) -> dict[str, Any]:
        """What it is, for a record of the run."""
        settings = {
            name: value.plain() if isinstance(value, (NamedLoss, NamedModel)) else getattr(value, "__name__", value)
            for name, value in self.settings.items()
        }
        return {_NAME: self.kind.__name__, **settings}

    def _about(self, message: str) -> Located:
        """The argument that a message is about, or the loss."""
        return next((self.node.value[name] for name in self.settings if name in message), self.node)


@dataclass(frozen=True)
class NamedModel:
    """Another model that a loss asks, loaded when the loss is made.

    Args:
        name: its folder or name.
        node: where it stands.
    """

    name: str
    node: Located

    def __call__(self, model: Any) -> Any:  # noqa: ARG002
        """Load it."""
        try:
            return load(self.name)
        except SbertError as error:
            raise self.node.translated(error) from error

    def plain(self) -> str:
        """What it is, for a record of the run."""
        return self.name


def losses_of(family: str) -> dict[str, type[nn.Module]]:
    """The losses of a family by name."""
    return {name: kind for name, kind in _classes_of(family).items() if _is_loss(kind)}


def read_loss(node: Located, family: str) -> NamedLoss:
    """The loss that a config names: a name, or a mapping with ``name`` and arguments.

    Args:
        node: the config's value.
        family: of the model.

    Raises:
        InputError: there is no such loss, or it has no such argument, or a value is of another type.
    """
    return _read(node, family, losses_of(family), "loss")


def _read(node: Located, family: str, known: Mapping[str, type[nn.Module]], what: str) -> NamedLoss:
    name = node.value[_NAME] if isinstance(node.value, dict) and _NAME in node.value else node
    if not isinstance(name.value, str):
        raise node.error(f"must be the name of a {what}, or a mapping with {_NAME!r}; got {node.shown()}.")
    if name.value not in known:
        hint = closest(name.value, known) or f" There are {', '.join(known)}."
        raise name.error(f"{_HOMES[family]} has no {what} {name.value!r}.{hint}")
    kind = known[name.value]
    arguments = _arguments_of(kind)
    needed = [one for one, (parameter, _) in arguments.items() if parameter.default is parameter.empty]
    if node is name and needed:
        raise node.error(f"{name.value} needs {' and '.join(needed)}: write {{name: {name.value}, {needed[0]}: ...}}.")
    given = node.fields([_NAME, *arguments], [_NAME, *needed], "argument") if node is not name else {}
    settings = {key: _setting(value, *arguments[key], family) for key, value in given.items() if key != _NAME}
    return NamedLoss(kind, settings, node)


def _setting(node: Located, parameter: inspect.Parameter, hint: Any, family: str) -> Any:
    wanted = hint if isinstance(hint, type) else next((one for one in get_args(hint) if isinstance(one, type)), object)
    if parameter.name == _INNER or issubclass(wanted, Loss):
        return read_loss(node, family)
    if issubclass(wanted, nn.Module) and wanted is not nn.Module and node.value is not None:
        parts = {name: kind for name, kind in _classes_of(family).items() if issubclass(kind, wanted)}
        return _read(node, family, parts, parameter.name)
    if parameter.name == _GUIDE:
        return NamedModel(typed(node, str), node)
    if inspect.isfunction(parameter.default):
        known = _functions_like(parameter.default)
        if node.raw not in known:
            raise node.error(f"must be one of {', '.join(known)}; got {node.shown()}.{closest(node.raw or '', known)}")
        return known[node.raw]
    return typed(node, hint)


def _arguments_of(kind: type[nn.Module]) -> dict[str, tuple[inspect.Parameter, Any]]:
    """The arguments of a class beside the model, with their types; through ``**settings`` those of its base."""
    found: dict[str, tuple[inspect.Parameter, Any]] = {}
    for one in kind.__mro__:
        if "__init__" not in vars(one):
            continue
        made = vars(one)["__init__"]
        parameters = [one for one in list(inspect.signature(made).parameters.values())[1:] if one.name != "model"]
        hints = hints_of(made)
        for parameter in parameters:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                found.setdefault(parameter.name, (parameter, hints.get(parameter.name, Any)))
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found


def _functions_like(usual: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """The functions of its module, and of losses, that do the same kind of thing as a default, by name."""

    def kind(name: str) -> str:
        return "pairwise" if name.startswith("pairwise_") else name.rpartition("_")[2].replace("score", "sim")

    homes = [usual.__module__, *(name for name in sys.modules if name.startswith("sbert.losses."))]
    return {
        name: function
        for home in homes
        for name, function in vars(sys.modules[home]).items()
        if inspect.isfunction(function) and not name.startswith("_") and kind(name) == kind(usual.__name__)
    }


def _classes_of(family: str) -> dict[str, type[nn.Module]]:
    """The modules of a family's losses by name, those that are to be derived from left out."""
    home = importlib.import_module(_HOMES[family])
    found = {name: getattr(home, name) for name in home.__all__}
    return {
        name: kind
        for name, kind in found.items()
        if isinstance(kind, type) and issubclass(kind, nn.Module) and not _is_abstract(kind)
    }


def _is_loss(kind: type[nn.Module]) -> bool:
    """Whether it is made of a model, and not a part of a loss."""
    return list(inspect.signature(kind).parameters)[:1] == ["model"]


def _is_abstract(kind: type[nn.Module]) -> bool:
    return any(getattr(getattr(kind, name, None), "__isabstractmethod__", False) for name in dir(kind))
