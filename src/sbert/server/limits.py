"""How much a server takes on before it says no."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..errors import InputError


@dataclass(frozen=True)
class Limits:
    """What is refused, each with the status that tells clients what to do.

    Args:
        batch_tokens: tokens that one call of a model takes from what waits; more is faster in bulk, less answers
            single texts sooner.
        queue_tokens: tokens that may wait for a model; beyond, 429 with Retry-After. A request of more is 413.
        body_bytes: of a request; beyond, 413.
        held_bytes: of all bodies that are being read or worked on; beyond, 429.
        items: texts, images or documents of a request; beyond, 413.
        text_characters: of one text; beyond, 413.
        pixels: of one image; beyond, 413.
        requests: that are worked on at once; beyond, 429.
        searches: of the index that may wait, and as many explanations; beyond, 429.
        top_k: hits of a search; beyond, 413.
        map_points: passages on the map of the index; of more, so many at even distances.
        timeout: seconds from a request's last byte to its answer; then 504, and what has not begun is dropped. As long
            may its body take; then 408.

    Raises:
        InputError: one is not above 0.
    """

    batch_tokens: int = 8192
    queue_tokens: int = 1 << 19
    body_bytes: int = 16 << 20
    held_bytes: int = 256 << 20
    items: int = 2048
    text_characters: int = 1_000_000
    pixels: int = 32_000_000
    requests: int = 1024
    searches: int = 128
    top_k: int = 1000
    map_points: int = 5000
    timeout: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise InputError(f"{field.name} must be a number above 0; got {value!r}.")
