"""The texts that int8 is calibrated on: those that come with the package, and the user's own."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from ....errors import InputError, NotTextError
from ....text.tokenizer import TextOrPair

FILE = Path(__file__).with_name("calibration.txt")

#: What widely used models want in front of texts, whether their folders say so or not: E5, Nomic, BGE.
_USUAL_PROMPTS = (
    "query: ", "passage: ", "search_query: ", "search_document: ",
    "Represent this sentence for searching relevant passages: ",
)  # fmt: skip
#: The part of the texts that have one of them in front.
_FRONTED = 0.25
#: Every so many texts one is not calibrated on, but kept to measure what was lost.
_HELD_BACK = 5
#: Of the user's own texts, no more than this are read: ranges hardly change beyond.
_MOST = 2000


def calibration_texts(own: Iterable[str] | None, prompts: Iterable[str]) -> tuple[list[TextOrPair], list[TextOrPair]]:
    """Texts to calibrate on, and others to measure on.

    Args:
        own: the user's texts, used beside those of the package.
        prompts: what the model puts in front of texts; each is put in front of some, and so are usual ones.
    """
    texts = [*(own or ()), *FILE.read_text(encoding="utf-8").splitlines()]
    own_prompts = ["", *sorted({prompt for prompt in prompts if prompt})]
    generator = random.Random(0)  # noqa: S311  (the same choice each time is what is wanted)
    fronted: list[TextOrPair] = [
        generator.choice(_USUAL_PROMPTS if generator.random() < _FRONTED else own_prompts) + text for text in texts
    ]
    held_back = fronted[::_HELD_BACK]
    del fronted[::_HELD_BACK]
    return fronted, held_back


def in_pairs(texts: list[TextOrPair]) -> list[TextOrPair]:
    """The texts, two and two, for networks that read pairs."""
    return [(str(one), str(other)) for one, other in zip(texts[::2], texts[1::2], strict=False)]


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
