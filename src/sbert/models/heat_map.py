"""Pictures of a matrix between the tokens of two texts: a page, a PNG file, a table in a terminal."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.files import atomic_write
from ..errors import MissingDependencyError
from ..types import FloatArray

# Blue for shares that add to the cosine, red for those that take from it; white is 0.
_ADDS, _TAKES = (33, 102, 172), (178, 24, 43)
_CELL, _MARGIN, _LINE = 26, 12, 18


def page(left: Sequence[str], right: Sequence[str], shares: FloatArray, title: str, path: Path) -> Path:
    """Write the matrix as a page: a table, whose cells tell their pair and share under the pointer."""
    heads = "".join(f"<th><span>{html.escape(token)}</span></th>" for token in right)
    lines = []
    for one, row, colours in zip(left, shares, _colours(shares), strict=True):
        cells = "".join(
            f'<td style="background:rgb{colour}" title="{html.escape(f"{one} ~ {other}: {share:+.4f}")}"></td>'
            for other, share, colour in zip(right, row, colours, strict=True)
        )
        lines.append(f"<tr><th>{html.escape(one)}</th>{cells}<td class=sum>{row.sum():+.3f}</td></tr>")
    sums = "".join(f"<td class=sum><span>{share:+.3f}</span></td>" for share in shares.sum(axis=0))
    text = (
        "<!doctype html><meta charset=utf-8>"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><p>Each cell is what a pair of tokens adds to the sum (blue) or takes away "
        f"(red); the margins are the sums. Point at a cell to read it.</p>"
        f"<table><tr><th></th>{heads}</tr>{''.join(lines)}<tr class=last><th></th>{sums}</tr></table>"
    )
    return _written(path, text.encode())


_STYLE = """
body { font: 14px system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse }
th { font-weight: normal; text-align: right; padding: 0 .4em; white-space: nowrap }
tr:first-child th { vertical-align: bottom; padding: .4em 0 }
tr:first-child span, .last span { writing-mode: vertical-rl; transform: rotate(180deg) }
td { width: 1.8em; min-width: 1.8em; height: 1.8em; border: 1px solid #fff }
td.sum { color: #666; font-size: 11px; padding: 0 .3em; border: 0 }
""".strip()


def picture(left: Sequence[str], right: Sequence[str], shares: FloatArray, title: str, path: Path) -> Path:
    """Write the matrix as a PNG file.

    Raises:
        MissingDependencyError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise MissingDependencyError("Pillow", "draw a picture", "image") from error
    import io

    font = ImageFont.load_default(size=14)
    across = max(int(font.getlength(token)) for token in left) + 2 * _MARGIN
    down = max(int(font.getlength(token)) for token in right) + 2 * _MARGIN + _LINE
    width = max(across + _CELL * len(right), int(font.getlength(title)) + _MARGIN) + _MARGIN
    image = Image.new("RGB", (width, down + _CELL * len(left) + _MARGIN), "white")
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, _MARGIN // 2), title, "black", font)
    for column, token in enumerate(right):
        label = Image.new("RGB", (down - _LINE - _MARGIN, _LINE), "white")
        ImageDraw.Draw(label).text((0, 0), token, "black", font)
        turned = label.rotate(90, expand=True)
        image.paste(turned, (across + column * _CELL + (_CELL - _LINE) // 2, _LINE + _MARGIN // 2))
    for row, (token, colours) in enumerate(zip(left, _colours(shares), strict=True)):
        top = down + row * _CELL
        draw.text((across - _MARGIN // 2, top + _CELL // 2), token, "black", font, anchor="rm")
        for column, colour in enumerate(colours):
            at = across + column * _CELL
            draw.rectangle((at, top, at + _CELL - 2, top + _CELL - 2), fill=colour)
    data = io.BytesIO()
    image.save(data, "PNG")
    return _written(path, data.getvalue())


def in_terminal(left: Sequence[str], right: Sequence[str], shares: FloatArray) -> Any:
    """The matrix as a table of ``rich``, with shares in hundredths."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("")
    for token in right:
        table.add_column(Text(token), justify="right", no_wrap=True)
    for token, row, colours in zip(left, shares, _colours(shares), strict=True):
        cells = [
            Text(f"{100 * share:.1f}", style=f"{'black' if sum(colour) > 380 else 'white'} on rgb({_triple(colour)})")
            for share, colour in zip(row, colours, strict=True)
        ]
        table.add_row(Text(token), *cells)
    return table


#: What draws a file, by how its name ends.
DRAWERS: dict[str, Callable[[Sequence[str], Sequence[str], FloatArray, str, Path], Path]] = {
    ".html": page,
    ".png": picture,
}


def _colours(shares: FloatArray) -> list[list[tuple[int, int, int]]]:
    """A colour for each share: white at 0, full at the greatest."""
    strength = shares / max(float(np.abs(shares).max(initial=0)), 1e-12)
    full = np.where(strength[..., None] >= 0, np.array(_ADDS), np.array(_TAKES))
    mixed = np.rint(255 + (full - 255) * np.abs(strength)[..., None]).astype(int)
    return [[(int(red), int(green), int(blue)) for red, green, blue in row] for row in mixed.tolist()]


def _triple(colour: tuple[int, int, int]) -> str:
    return ",".join(map(str, colour))


def _written(path: Path, data: bytes) -> Path:
    with atomic_write(path) as file:
        file.write(data)
    return path
