"""Headings of a document, and the sections that they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..documents import Section

#: Between a heading and the one above it.
ABOVE = " > "


@dataclass(frozen=True)
class Heading:
    """A heading in a text.

    Args:
        level: 1 for the outermost.
        title: its words.
        start: the character at which it begins, marks included.
        stop: where what it stands above begins.
    """

    level: int
    title: str
    start: int
    stop: int


def sections(text: str, headings: Sequence[Heading], begin: int = 0) -> list[Section]:
    r"""The sections of a text: what stands before the first heading, and each heading with what follows it.

    A heading with nothing but deeper headings below it goes together with the first of those, since by itself it is no
    answer to anything.

    Args:
        text: the whole text.
        headings: in their order.
        begin: what stands before this character belongs to no section.

    >>> text = "# A\n## B\nwords\n"
    >>> sections(text, [Heading(1, "A", 0, 4), Heading(2, "B", 4, 9)])
    [Section(start=0, stop=15, heading='A > B')]
    """
    found: list[Section] = []
    first = headings[0].start if headings else len(text)
    if text[begin:first].strip():
        found.append(Section(begin, first))
    above: list[Heading] = []
    start: int | None = None
    for number, heading in enumerate(headings):
        following = headings[number + 1] if number + 1 < len(headings) else None
        stop = following.start if following else len(text)
        above = [*(other for other in above if other.level < heading.level), heading]
        start = heading.start if start is None else start
        if following and following.level > heading.level and not text[heading.stop : stop].strip():
            continue  # its section begins with this heading and goes on in the next
        found.append(Section(start, stop, ABOVE.join(other.title for other in above if other.title) or None))
        start = None
    return found
