"""Headings of Markdown: lines with ``#`` in front or underlined, outside code and front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .headings import Heading

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\r?\n|$)")
#: Lines that are no part of a paragraph, so that a line under them underlines nothing.
_NO_PARAGRAPH = re.compile(r" {0,3}(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]|\|)|(?: {4}|\t)|[ \t]*$")


def headings(text: str) -> list[Heading]:
    r"""The headings of a Markdown text, as CommonMark reads them.

    >>> [(heading.level, heading.title) for heading in headings("# One\n\nTwo\n---\n```\n# no\n```\n")]
    [(1, 'One'), (2, 'Two')]
    """
    found: list[Heading] = []
    fence: str | None = None
    paragraph: list[tuple[int, str]] = []  # lines so far, each with where it starts
    for start, line, stop in _lines(text, front_matter(text)):
        mark = _FENCE.match(line)
        if fence is not None:
            if mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence) and not mark[2].strip():
                fence = None
            continue
        if mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence, paragraph = mark[1], []
        elif atx := _ATX.match(line):
            found.append(Heading(len(atx[1]), _plain(atx[2] or ""), start, stop))
            paragraph = []
        elif paragraph and (under := _UNDERLINE.match(line)):
            title = " ".join(words.strip() for _, words in paragraph)
            found.append(Heading(1 if under[1][0] == "=" else 2, _plain(title), paragraph[0][0], stop))
            paragraph = []
        elif _NO_PARAGRAPH.match(line):
            paragraph = []
        else:
            paragraph.append((start, line))
    return found


def front_matter(text: str) -> int:
    r"""Where the text begins behind what tools write on top of it, between two lines of ``---``; 0 where there is none.

    >>> front_matter("---\ntitle: x\n---\nWords"), front_matter("Words")
    (17, 0)
    """
    found = _FRONT_MATTER.match(text)
    return found.end() if found else 0


def _lines(text: str, start: int) -> Iterator[tuple[int, str, int]]:
    """Lines from a place on, without their ends, each with where it starts and where the next does."""
    for line in text[start:].splitlines(keepends=True):
        stop = start + len(line)
        yield start, line.rstrip("\r\n"), stop
        start = stop


def _plain(title: str) -> str:
    """A title without the marks of links, code and emphasis."""
    title = re.sub(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", title)
    title = re.sub(r"(\*\*|__|\*|`)(\S(?:.*?\S)?)\1", r"\2", title)
    return title.strip()
