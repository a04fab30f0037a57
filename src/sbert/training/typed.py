"""Values of a config as the types that arguments have."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ..errors import closest
from .located import Located

_MISS: Any = object()
_LISTS = (list, Sequence, tuple)
_MAPPINGS = (dict, Mapping)
#: Names that a message lists; of more than these only the closest.
_LISTED = 16


def hints_of(thing: Callable[..., Any]) -> dict[str, Any]:
    """The types of a function's arguments or a class's fields; none where one cannot be looked up."""
    try:
        return get_type_hints(thing)
    except (NameError, TypeError):  # a name that only type checkers see
        return {}


def typed(node: Located, hint: Any) -> Any:
    """A value as a type.

    YAML 1.1 reads ``1e-4`` as text and ``no`` as false: where a number or text is wanted they are that.

    Args:
        node: the value.
        hint: the type; members of enumerations are given as their values.

    Raises:
        InputError: it is none; what was wanted is told.
    """
    found = _fit(node, hint, exact=False)
    if found is _MISS:
        wanted = _wanted(hint)
        if wanted is None:
            raise node.error("cannot be given in a config; write a script for it (docs/training.md).")
        hint_of_name = closest(node.raw or "", _names(hint))
        raise node.error(f"must be {wanted}; got {node.shown()}.{hint_of_name}")
    return found


def _fit(node: Located, hint: Any, *, exact: bool) -> Any:
    """The value, or ``_MISS``; with ``exact`` only where it was written as that type."""
    value, origin = node.value, get_origin(hint)
    if hint is Any:
        return node.plain()
    if origin in (Union, types.UnionType):
        return _first(node, _members(hint), exact)
    if origin is Literal:
        return next((one for one in get_args(hint) if one == value or one == node.raw), _MISS)
    kind = origin or hint
    if kind in (None, type(None)):
        return None if value is None else _MISS
    if kind in _LISTS:
        return _list(node, get_args(hint)) if isinstance(value, list) else _MISS
    if kind in _MAPPINGS:
        return _mapping(node, get_args(hint)) if isinstance(value, dict) else _MISS
    if kind is bool:
        return value if isinstance(value, bool) else _MISS
    if kind in (int, float):
        return _number(node, kind, exact)
    if kind is str:
        if isinstance(value, str):
            return value
        return node.raw if not exact and node.raw and value is not None else _MISS
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next((one.value for one in kind if one.value == node.raw), _MISS)
    return _MISS


def _members(hint: Any) -> list[Any]:
    """The members of a union; of an enumeration or text, which is how its values are written, the enumeration."""
    members = list(get_args(hint))
    if any(isinstance(one, type) and issubclass(one, Enum) for one in members):
        members = [one for one in members if one is not str]
    return members


def _first(node: Located, members: list[Any], exact: bool) -> Any:
    for strictly in (True,) if exact else (True, False):
        for one in members:
            found = _fit(node, one, exact=strictly)
            if found is not _MISS:
                return found
    return _MISS


def _number(node: Located, kind: type[int] | type[float], exact: bool) -> Any:
    value = node.value
    if isinstance(value, str) and not exact:
        try:
            value = float(value)
        except ValueError:
            return _MISS
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return _MISS
    if kind is float:
        return float(value)
    if isinstance(value, int):
        return value
    return int(value) if value.is_integer() and not exact else _MISS


def _list(node: Located, of: tuple[Any, ...]) -> Any:
    kinds = of[:1] * len(node.value) if len(of) == 1 or of[1:] == (...,) else of or (Any,) * len(node.value)
    if len(kinds) != len(node.value):
        return _MISS
    found = [_fit(item, kind, exact=False) for item, kind in zip(node.value, kinds, strict=True)]
    return _MISS if any(one is _MISS for one in found) else found


def _mapping(node: Located, of: tuple[Any, ...]) -> Any:
    kind = of[1] if len(of) == 2 else Any
    found = {name: _fit(item, kind, exact=False) for name, item in node.value.items()}
    return _MISS if any(one is _MISS for one in found.values()) else found


def _names(hint: Any) -> list[str]:
    """The names that may be written for a type."""
    if get_origin(hint) in (Union, types.UnionType):
        return [name for one in _members(hint) for name in _names(one)]
    if get_origin(hint) is Literal:
        return [str(one) for one in get_args(hint)]
    return [str(one.value) for one in hint] if isinstance(hint, type) and issubclass(hint, Enum) else []


def _wanted(hint: Any) -> str | None:
    """What a type is called in messages; None where no value in a file can be one."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        parts = [part for part in (_wanted(one) for one in _members(hint)) if part]
        return None if set(parts) <= {"null"} else " or ".join(dict.fromkeys(parts))
    if names := _names(hint):
        return (
            f"one of {', '.join(names)}" if len(names) <= _LISTED else "one of the names that transformers has for it"
        )
    kind = origin or hint
    words: dict[Any, str] = {
        bool: "true or false", int: "a whole number", float: "a number", str: "text", type(None): "null"
    }  # fmt: skip
    if kind in words:
        return words[kind]
    if kind in _LISTS:
        inner = _wanted(get_args(hint)[0]) if get_args(hint) else None
        return f"a list, of each {inner}" if inner else "a list"
    return "a mapping" if kind in _MAPPINGS else None
