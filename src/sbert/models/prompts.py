"""Which prompt goes in front of a text."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from ..errors import InputError, SbertWarning, closest

_DOCUMENT_NAMES = ("document", "passage", "corpus")


def all_prompts(saved: Mapping[str, str | None], given: Mapping[str, str | None] | None) -> dict[str, str]:
    """A model's prompts: those given win over those saved; ``query`` and ``document`` are always there."""
    merged = {"query": None, "document": None} | dict(saved) | dict(given or {})
    return {name: text or "" for name, text in merged.items()}


def check_default(name: str | None, prompts: Mapping[str, str]) -> str | None:
    """The default prompt's name, if there is such a prompt.

    Raises:
        InputError: there is not.
    """
    if name is not None and name not in prompts:
        raise _unknown("default_prompt_name", name, prompts)
    return name


def choose_prompt(prompts: Mapping[str, str], default: str | None, name: str | None, prompt: str | None) -> str:
    """The text to put in front: the one given, else the one named, else the default, else none.

    Raises:
        InputError: there is no prompt of that name.
    """
    if prompt is not None:
        if name is not None:
            warnings.warn("Both prompt and prompt_name were given; prompt is used.", SbertWarning, stacklevel=3)
        return prompt
    name = name if name is not None else default
    if name is None:
        return ""
    if name not in prompts:
        raise _unknown("prompt_name", name, prompts)
    return prompts[name]


def document_prompt_name(prompts: Mapping[str, str]) -> str:
    """The name under which a model keeps its prompt for documents: the first of three usual ones that has a text."""
    return next((name for name in _DOCUMENT_NAMES if prompts.get(name)), "document")


def _unknown(argument: str, name: str, prompts: Mapping[str, str]) -> InputError:
    return InputError(
        f"{argument} {name!r} is not one of the model's prompts: {', '.join(map(repr, prompts))}."
        f"{closest(name, prompts)} Pass prompts={{{name!r}: '...'}} to the model to add it."
    )
