"""The template by which a language model is asked, as its folder has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import CorruptCheckpointError
from ..files import read_json

_FILE = "chat_template.jinja"
#: The forms of messages: with a list of parts as their content, or with a text.
STRUCTURED, FLAT = "structured", "flat"
#: What in a template tells that it takes parts.
_OF_PARTS = ("content[0]", ".type", "'type'", '"type"')


def template_source(folder: Path) -> tuple[str | None, dict[str, Any]]:
    """The template, in Jinja, and the special tokens that it may name; None where a folder has none.

    Raises:
        CorruptCheckpointError: a file is damaged.
    """
    path = folder / "tokenizer_config.json"
    settings = read_json(path) if path.is_file() else {}
    source: Any = settings.get("chat_template")
    if isinstance(source, list):  # several, by name
        source = next((each.get("template") for each in source if each.get("name") == "default"), None)
    if (folder / _FILE).is_file():
        source = (folder / _FILE).read_text(encoding="utf-8")
    if source is not None and not isinstance(source, str):
        raise CorruptCheckpointError(f"{path}: 'chat_template' must be text; got {type(source).__name__}.")
    tokens = {
        name: value.get("content") if isinstance(value, dict) else value
        for name, value in settings.items()
        if name.endswith("_token") and isinstance(value, (str, dict))
    }
    return source, tokens


def message_form(source: str) -> str:
    """The form of messages that a template takes."""
    return STRUCTURED if any(mark in source for mark in _OF_PARTS) else FLAT
