"""The texts that int8 is calibrated on: those that come with the package, and the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path

from ....errors import InputError, NotTextError

FILE = Path(__file__).with_name("calibration.txt")

#: Every so many texts one is not calibrated on, but kept to measure what was lost.
_HELD_BACK = 5
#: Of the user's own texts, no more than this are read: ranges hardly change beyond.
_MOST = 2000


def calibration_texts(own: Iterable[str] | None, prompts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Texts to calibrate on, and others to measure on.

    Args:
        own: the user's texts, used beside those of the package.
        prompts: what the model puts in front of texts; each is put in front of some.
    """
    texts = [*(own or ()), *FILE.read_text(encoding="utf-8").splitlines()]
    fronts = cycle(["", *sorted({prompt for prompt in prompts if prompt})])
    fronted = [next(fronts) + text for text in texts]
    held_back = fronted[::_HELD_BACK]
    del fronted[::_HELD_BACK]
    return fronted, held_back


def own_texts(calibrate: Iterable[str]) -> list[str]:
    """What a user passes as ``calibrate``, checked: the first 2,000 texts.

    Raises:
        InputError: it is a single string, or holds no text.
        NotTextError: it holds something that is not text; its index is named.
    """
    if isinstance(calibrate, str):
        raise InputError("calibrate must be texts in a list; got a single string.")
    texts = list(_checked(calibrate))
    if not texts:
        raise InputError("calibrate holds no text. Leave it out to calibrate on the texts of the package.")
    return texts


def _checked(own: Iterable[str]) -> Iterator[str]:
    for index, text in zip(range(_MOST), own, strict=False):
        if not isinstance(text, str):
            raise NotTextError(f"calibrate[{index}] must be a string; got {type(text).__name__}.")
        if text.strip():
            yield text
