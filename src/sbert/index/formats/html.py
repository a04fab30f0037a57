"""The text of a web page, with its headings: what a reader sees, without scripts and styles."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from .headings import Heading

#: Elements whose content nobody reads.
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "head", "iframe", "object", "select"})
#: Elements that begin and end a line.
_BLOCKS = frozenset(
    """
    address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form h1
    h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody tfoot thead tr ul br
    """.split()  # noqa: SIM905  (a list literal would take a line a word)
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def page(source: str) -> tuple[str, list[Heading], str | None]:
    r"""The text of a page, its headings in that text, and its title.

    Args:
        source: the page as it was written, HTML.

    >>> page("<title>T</title><h1>Cats</h1><p>They <b>sleep</b>.<script>x</script>")
    ('Cats\nThey sleep.\n', [Heading(level=1, title='Cats', start=0, stop=5)], 'T')
    """
    reader = _Page()
    reader.feed(source)
    reader.close()
    reader.end_line()
    return "".join(reader.lines), reader.headings, " ".join(reader.title.split()) or None


class _Page(HTMLParser):
    """Collects lines of text as elements begin and end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.headings: list[Heading] = []
        self.title = ""
        self._length = 0  # characters of the lines
        self._line = ""
        self._hidden: list[str] = []
        self._in_title = False
        self._preformatted = 0
        self._heading: tuple[int, int, int] | None = None  # level, the first line and where that starts

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "title" and not self.title:
            self._in_title = True
        elif tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag == "body":
            self._hidden.clear()  # a head that was not closed
        if tag in _BLOCKS:
            self.end_line()
        elif tag in ("td", "th"):
            self._line += "\t" if self._line.strip() else ""
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag], len(self.lines), self._length
        self._preformatted += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        if tag in _BLOCKS:
            self.end_line()
        if tag in _HEADINGS and self._heading is not None:
            level, line, start = self._heading
            title = " ".join("".join(self.lines[line:]).split())
            if title:
                self.headings.append(Heading(level, title, start, self._length))
            self._heading = None
        if tag == "pre":
            self._preformatted = max(self._preformatted - 1, 0)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._hidden:
            self._line += data if self._preformatted else re.sub(r"\s+", " ", data)

    def end_line(self) -> None:
        """Put what was collected on a line of its own, if it is anything."""
        line = self._line.strip("\n") if self._preformatted else re.sub(" +", " ", self._line).strip()
        if line.strip():
            self.lines.append(line + "\n")
            self._length += len(line) + 1
        self._line = ""
