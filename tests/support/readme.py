"""What the README shows."""

from .pages import README as PAGE
from .pages import ROOT, blocks

__all__ = ["README", "ROOT", "example"]

README = PAGE.read_text(encoding="utf-8")


def example() -> tuple[str, str]:
    """The first example, and what it is said to print."""
    first = next(block for block in blocks(PAGE) if block.language == "python")
    assert first.shown is not None
    return first.text, first.shown
