"""What users pass to ``encode``, brought into one form."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import NotTextError, positive
from ..text.tokenizer import TextOrPair


def is_single(inputs: Any) -> bool:
    """Whether the input is one text, not a collection: a string, or a NumPy array of no dimensions."""
    return isinstance(inputs, str) or (isinstance(inputs, np.ndarray) and inputs.ndim == 0)


def as_texts(inputs: Any) -> list[TextOrPair]:
    """A list of texts, or of pairs of texts, from whatever holds them.

    A tuple of two strings is a batch of two; a list that holds one such tuple is one pair.

    Args:
        inputs: a string, or an iterable (list, generator, array, column) of strings or of pairs of strings.

    Raises:
        NotTextError: an item is something else; its index is named.
    """
    if is_single(inputs):
        return [str(inputs)]
    _refuse_table(inputs, "a text or texts", "Pass a string, a list, or one column.")
    return checked(list(inputs))


def as_pairs(inputs: Any) -> tuple[list[TextOrPair], bool]:
    """A list of pairs of texts from what holds them, and whether it was one pair by itself.

    Args:
        inputs: a pair, or an iterable of pairs: a tuple or list of two strings each.

    Raises:
        NotTextError: an item is something else; its index is named.
    """
    _refuse_table(inputs, "a pair of texts or pairs", "Pass a list of (text, text).")
    items = list(inputs) if not isinstance(inputs, str) else [inputs]
    if isinstance(inputs, (tuple, list)) and len(items) == 2 and all(isinstance(item, str) for item in items):
        return [(str(items[0]), str(items[1]))], True
    return [_pair(item, index) for index, item in enumerate(items)], False


def _pair(item: Any, index: int) -> tuple[str, str]:
    parts = item.tolist() if isinstance(item, np.ndarray) else item
    if isinstance(parts, (tuple, list)) and len(parts) == 2 and all(isinstance(part, str) for part in parts):
        return str(parts[0]), str(parts[1])
    raise NotTextError(
        f"inputs[{index}] must be a pair of texts, such as ('a query', 'a passage'); got {type(item).__name__} "
        f"{_shown(item)}. Replace it, or leave it out."
    )


def refuse_no_collection(inputs: Any) -> None:
    """Raise where what should hold many texts is something else, one text included.

    Raises:
        NotTextError: it is.
    """
    if is_single(inputs):
        raise NotTextError("inputs must be texts in a list, generator or column; got one text. Pass it to encode.")
    _refuse_table(inputs, "texts", "Pass a list, a generator, or one column.")


def _refuse_table(inputs: Any, wanted: str, advice: str) -> None:
    # Tables, mappings and open files can be iterated over too, but what comes is not what was meant.
    table = hasattr(inputs, "columns") or isinstance(inputs, (bytes, Mapping, io.IOBase))
    if table or not isinstance(inputs, Iterable):
        raise NotTextError(f"inputs must be {wanted}; got {type(inputs).__name__}. {advice}")


def checked(items: list[Any], first_index: int = 0) -> list[TextOrPair]:
    """The items as texts or pairs of texts; ``first_index`` is the number of the first in the user's eyes.

    Raises:
        NotTextError: an item is something else; its index is named.
    """
    if all(type(item) is str for item in items):
        return items
    return [_text(item, index) for index, item in enumerate(items, start=first_index)]


def with_prompt(texts: list[TextOrPair], prompt: str) -> list[TextOrPair]:
    """The texts with a prompt in front; of a pair, in front of its first text."""
    if not prompt:
        return texts
    return [prompt + text if isinstance(text, str) else (prompt + text[0], text[1]) for text in texts]


def _text(item: Any, index: int) -> TextOrPair:
    if isinstance(item, str):
        return str(item)
    if isinstance(item, (tuple, list)) and len(item) == 2 and all(isinstance(part, str) for part in item):
        return str(item[0]), str(item[1])
    raise NotTextError(
        f"inputs[{index}] must be a string; got {type(item).__name__} {_shown(item)}. Replace it, or leave it out."
    )


def _shown(item: Any) -> str:
    shown = repr(item)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def check_counts(**counts: int | None) -> None:
    """Check arguments that are whole numbers of at least 1, or None for the default.

    Raises:
        InputError: one is not; its name is the argument's.
    """
    for argument, number in counts.items():
        if number is not None:
            positive(argument, number, ", or None")


def refuse_invalid(texts: Sequence[TextOrPair], indices: Iterable[int]) -> None:
    """Raise for the first text that is not valid Unicode: one with half of a surrogate pair, as broken JSON brings.

    Args:
        texts: the texts.
        indices: the number of each in the user's eyes.

    Raises:
        NotTextError: there is one; its index is named.
    """
    for index, text in zip(indices, texts, strict=True):
        joined = text if isinstance(text, str) else "".join(text)
        place = next((place for place, letter in enumerate(joined) if "\ud800" <= letter <= "\udfff"), None)
        if place is not None:
            raise NotTextError(
                f"inputs[{index}] is not valid Unicode: half of a surrogate pair at character {place}. "
                "Repair it with text.encode('utf-8', 'replace').decode()."
            )
