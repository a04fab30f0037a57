"""What pages tell people to install is there to be installed; nothing is installed for that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import tomllib

from sbert.checkpoints.wheels import KNOWN_WHEELS

from .pages import ROOT

_ACTIONS = ("install", "uninstall", "download", "wheel")
#: Options that are followed by a value.
_WITH_VALUE = ("-c", "-d", "-r", "-w", "--dest", "--find-links", "--wheel-dir")
_OPTIONS = ("--no-deps", "--no-index", *_WITH_VALUE)


def project() -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def check_pip(arguments: Sequence[str]) -> None:
    """That extras, folders and packages of a command exist.

    Args:
        arguments: those of ``pip``.
    """
    action, *words = arguments
    assert action in _ACTIONS, action
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            assert word in _OPTIONS, word
            if word in _WITH_VALUE:
                words.pop(0)
            continue
        found = re.fullmatch(r"([\w.\-/]+?)(?:\[([\w,\-]+)\])?(==[\w.]+)?", word)
        assert found, word
        name, extras, version = found.groups()
        _check_named(name, version, set(extras.split(",")) if extras else set())


def _check_named(name: str, version: str | None, extras: set[str]) -> None:
    if name.startswith("."):
        with (ROOT / name / "pyproject.toml").open("rb") as file:
            here = tomllib.load(file)["project"]
    else:
        here = project() if name == "sbert" else {}
    known = set(here.get("optional-dependencies", ()))
    assert extras <= known, f"{name} has no extra {', '.join(sorted(extras - known))}"
    if not here:
        assert name + (version or "") in _packages(), f"{name}{version or ''} is nothing that this project names"


def _packages() -> set[str]:
    """Packages that the project stands on, stands in for, or takes models from."""
    ours = project()
    lines = [*ours["dependencies"], *(line for lines in ours["optional-dependencies"].values() for line in lines)]
    names = {re.match(r"[\w\-]+", line)[0] for line in lines}  # type: ignore[index]
    return names | {package for wheel in KNOWN_WHEELS for package in wheel.packages} | {
        "sbert-compat", "sentence-transformers",
    }  # fmt: skip
