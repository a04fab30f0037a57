"""From the forms in which clients send texts and images to items that a model reads."""

from __future__ import annotations

from typing import Any

from ..images import PREFIX, image_of
from ..limits import Limits
from ..refusals import TooLarge, WrongField
from ..schemas import ImageItem, TextItem
from ..served import Served


def as_items(value: Any, served: Served, limits: Limits, field: str) -> list[Any]:
    """Texts, and images for models that read them, as ``encode`` takes them.

    Tokens are read as the text that they stand for: the model puts its special tokens around it.

    Args:
        value: a text, an object, tokens, or a list of these, already checked against the schema.
        served: the model.
        limits: of their number, and of images.
        field: that they came in, for messages.

    Raises:
        TooLarge: there are too many, or an image is too large.
        WrongField: a token is none of the model's, an image is none, or the model reads none.
    """
    if not isinstance(value, list):
        return [_as_item(value, served, limits, field)]
    if isinstance(value[0], int):
        _check_number(len(value), limits, field)
        return [_text_of(value, served, field)]
    if len(value) > limits.items:
        raise TooLarge(f"{field} may have {limits.items:,} items; it has {len(value):,}. Send fewer at a time.")
    if isinstance(value[0], list):
        _check_number(sum(map(len, value)), limits, field)
        return [_text_of(tokens, served, f"{field}[{place}]") for place, tokens in enumerate(value)]
    return [_as_item(item, served, limits, f"{field}[{place}]") for place, item in enumerate(value)]


def _check_number(tokens: int, limits: Limits, field: str) -> None:
    """Refuse tokens that would not fit the queue before they are made texts, for which the event loop waits."""
    if tokens > limits.queue_tokens:
        raise TooLarge(f"{field} has {tokens:,} tokens; {limits.queue_tokens:,} may wait. Send fewer at a time.")


def _as_item(item: str | TextItem | ImageItem, served: Served, limits: Limits, where: str) -> Any:
    reads_images = served.model.spec.input.reads_images
    if isinstance(item, TextItem):
        return item.text
    if isinstance(item, ImageItem):
        if not reads_images:
            raise WrongField(f"{where} is an image; {served.name} reads texts alone.", where)
        return image_of(item.image, where, limits.pixels)
    # OpenAI's clients send strings alone. A data URL is one, and no text that anybody would want a vector of.
    if reads_images and item.startswith(PREFIX):
        return image_of(item, where, limits.pixels)
    return item


def _text_of(tokens: list[int], served: Served, where: str) -> str:
    most = served.vocabulary_size
    wrong = next((token for token in tokens if token >= most), None)
    if wrong is not None:
        raise WrongField(
            f"{where} holds the token {wrong}; {served.name} knows {most:,}. Tokens must be of the model's own "
            "tokenizer; send texts instead.",
            where,
        )
    text: str = served.model._tokenizer.decode(tokens)
    return text
