"""A YAML file as values that know their line, so that what is wrong with one is told where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data.files import open_bytes
from ..errors import InputError, MissingDependencyError, SbertError, closest

_TAG = "tag:yaml.org,2002:"
#: Kinds of scalars that are read as what they are; others, such as dates, as the text that stands there.
_READ = ("null", "bool", "int", "float")
_AS_TEXT = ("str", "timestamp", "value", "merge")


@dataclass(frozen=True)
class Located:
    """A value of a config, and where it stands.

    Args:
        value: a dict of :class:`Located`, a list of them, or a scalar.
        where: file and line, or the option that gave it.
        key: the keys that lead to it, joined by dots.
        raw: a scalar as it was written.
    """

    value: Any
    where: str
    key: str = ""
    raw: str | None = None

    def error(self, problem: str) -> InputError:
        """The error of something that is wrong here."""
        return InputError(self.located(problem))

    def located(self, problem: str) -> str:
        """A message with the place in front."""
        return f"{self.where}: {self.key}: {problem}" if self.key else f"{self.where}: {problem}"

    def translated(self, error: Exception) -> SbertError:
        """An error that was raised about this value, of the same kind, with the place in front."""
        if isinstance(error, MissingDependencyError):
            return error
        kind = type(error) if isinstance(error, SbertError) else InputError
        return kind(self.located(str(error)))

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: item.plain() for name, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def shown(self) -> str:
        """The value for messages, cut where it is long."""
        text = repr(self.plain())
        return text if len(text) <= 60 else text[:57] + "..."

    def fields(self, known: Iterable[str], needed: Iterable[str] = (), what: str = "key") -> dict[str, Located]:
        """The members of a mapping, by names that are known.

        Args:
            known: all names that may stand here.
            needed: those that must.
            what: to call a member in messages.

        Raises:
            InputError: it is no mapping, or a name is not known or missing; the closest is offered.
        """
        if not isinstance(self.value, dict):
            raise self.error(f"must be a mapping; got {self.shown()}.")
        names = list(known)
        for name, item in self.value.items():
            if name not in names:
                hint = closest(name, names) or f" Known are {', '.join(names)}."
                raise InputError(f"{item.where}: {self.key or 'the file'} has no {what} {name!r}.{hint}")
        for name in needed:
            if name not in self.value:
                raise self.error(f"the {what} {name!r} is missing.")
        found: dict[str, Located] = self.value
        return found


def read_located(path: Path, changes: Sequence[str] = ()) -> Located:
    """Read a YAML file, and change some of its values.

    Args:
        path: the file. Tags of Python's objects, aliases and keys that stand twice are refused.
        changes: ``key=value`` each, the key with dots, the value as in YAML.

    Raises:
        InputError: it is no such YAML; the line is named.
        DataError: the file is not there or cannot be read.
        MissingDependencyError: PyYAML, an extra, is not installed.
    """
    with open_bytes(path) as file:
        data = file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}:{line}: not UTF-8 (byte 0x{data[error.start]:02x}). Save the file as UTF-8."
        ) from None
    root = _parsed(text, lambda line: f"{path}:{line}", "")
    if root is None:
        raise InputError(f"{path}:1: the file is empty.")
    for change in changes:
        root = _changed(root, change)
    return root


def _parsed(text: str, where: Callable[[int], str], key: str) -> Located | None:
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingDependencyError("pyyaml", "read a training config", "train") from error
    try:
        loader = yaml.SafeLoader(text)
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise InputError(
                    f"{where(event.start_mark.line + 1)}: *{event.anchor} stands for another part of the file; write "
                    "that part out."
                )
        node = loader.get_single_node()
        return None if node is None else _Builder(yaml, loader, where).build(node, node.start_mark.line + 1, key)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise InputError(f"{where(line)}: not YAML ({error.problem or error.context}).") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise InputError(f"{where(line)}: not YAML (the character {error.character!r} may not stand there).") from None


class _Builder:
    """Makes located values of the nodes of a file.

    Args:
        yaml: the library.
        loader: that reads scalars.
        where: what to call a line.
    """

    def __init__(self, yaml: Any, loader: Any, where: Callable[[int], str]) -> None:
        self.yaml, self.loader, self.where = yaml, loader, where

    def build(self, node: Any, line: int, key: str) -> Located:
        """The value of a node that belongs to a line, which for members of a mapping is that of their key."""
        where = self.where(line)
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, self.yaml.MappingNode) and kind == "map":
            return Located(self._mapping(node, key), where, key)
        if isinstance(node, self.yaml.SequenceNode) and kind == "seq":
            items = [
                self.build(item, item.start_mark.line + 1, f"{key}[{place}]") for place, item in enumerate(node.value)
            ]
            return Located(items, where, key)
        if isinstance(node, self.yaml.ScalarNode) and kind in _AS_TEXT:
            return Located(node.value, where, key, node.value)
        if isinstance(node, self.yaml.ScalarNode) and kind in _READ:
            try:
                return Located(self.loader.construct_object(node), where, key, node.value)
            except (ValueError, KeyError):
                raise InputError(f"{where}: {key}: {node.value!r} is no {kind}.") from None
        raise InputError(f"{where}: the tag {node.tag.replace(_TAG, '!!')} is not read here.")

    def _mapping(self, node: Any, key: str) -> dict[str, Located]:
        found: dict[str, Located] = {}
        for name, value in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, self.yaml.ScalarNode):
                raise InputError(f"{self.where(line)}: a key must be text.")
            if name.value in found:
                first = found[name.value].where.rpartition(":")[2]
                raise InputError(f"{self.where(line)}: {name.value} stands twice; it is in line {first}, too.")
            found[name.value] = self.build(value, line, f"{key}.{name.value}" if key else name.value)
        return found


def _changed(root: Located, change: str) -> Located:
    key, equals, text = change.partition("=")
    names = key.strip().split(".")
    if not equals or not all(names):
        raise InputError(f"--set must be KEY=VALUE, such as arguments.seed=2; got {change!r}.")
    where = f"--set {key.strip()}"
    value = _parsed(text, lambda _: where, key.strip())
    return _with(root, names, value or Located(None, where, key.strip(), ""), where)


def _with(node: Located, names: Sequence[str], value: Located, where: str) -> Located:
    if not names:
        return value
    if not isinstance(node.value, dict):
        raise InputError(
            f"{where}: {node.key or 'the file'} is no mapping but {node.shown()}, {node.where}: set it whole."
        )
    name = names[0]
    below = node.value.get(name) or Located({}, where, f"{node.key}.{name}" if node.key else name)
    if below.value is None and len(names) > 1:
        below = replace(below, value={})
    return replace(node, value={**node.value, name: _with(below, names[1:], value, where)})
