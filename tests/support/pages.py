"""The pages of docs/ and the README, as the blocks that a reader types and the blocks that show what comes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, *sorted(DOCS.glob("*.md"))]

#: What a fence may say: code, commands, commands with what they print, a file, and what is only shown.
LANGUAGES = ("python", "bash", "console", "yaml", "text")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: its file.
        line: of its first line, from 1 on.
        heading: the one that it stands under; empty above the first.
        language: what its fence says; empty where that says nothing.
        text: what is in it.
        shown: the text of the block right behind it, which is what it prints; None where there is none.
    """

    page: Path
    line: int
    heading: str
    language: str
    text: str
    shown: str | None = None

    @property
    def first(self) -> str:
        """Its first line, by which lists name it."""
        return self.text.partition("\n")[0]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, from top to bottom."""
    text = page.read_text(encoding="utf-8")
    fences = list(_FENCE.finditer(text))
    outside = _FENCE.sub(lambda fence: re.sub(r"[^\n]", " ", fence[0]), text)  # a comment in code is no heading
    found = []
    for number, fence in enumerate(fences):
        following = fences[number + 1] if number + 1 < len(fences) else None
        printed = following is not None and following[1] == "text" and fence[1] != "text"
        if printed and text[fence.end() : following.start()].strip():
            printed = False
        headings = re.findall(r"^##+ (.*)$", outside[: fence.start()], re.MULTILINE)
        found.append(
            Block(
                page,
                text.count("\n", 0, fence.start()) + 2,
                headings[-1] if headings else "",
                fence[1],
                fence[2],
                following[2] if printed and following is not None else None,
            )
        )
    return found
