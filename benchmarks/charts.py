"""Charts as SVG, drawn with text alone: they come out the same on every machine, and need no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

OURS, PEER, INK, FAINT = "#c2410c", "#64748b", "#1f2937", "#e2e8f0"
LINE = 18  # pixels between lines of text of 12 pixels


@dataclass(frozen=True)
class Point:
    """Something measured: its name, its place, and whether it is ours."""

    name: str
    x: float
    y: float
    ours: bool


def _text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK, size: int = 12) -> str:
    style = f'text-anchor="{anchor}" fill="{colour}" font-size="{size}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'


def _drawing(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            _text(16, 26, title, size=15),
            *parts,
            "</svg>",
            "",
        ]
    )


def bars(title: str, rows: Sequence[tuple[str, float, bool]]) -> str:
    """Horizontal bars of ratios.

    Args:
        title: above the bars.
        rows: name, ratio, whether it is ours; from top to bottom.
    """
    width, left, room, step = 760, 250, 420, 28
    scale = room / max(value for _, value, _ in rows)
    parts = []
    for number, (name, value, ours) in enumerate(rows):
        y = 46 + number * step
        colour = OURS if ours else PEER
        parts.append(_text(left - 10, y + 14, name, anchor="end", colour=colour if ours else INK))
        parts.append(f'<rect x="{left}" y="{y}" width="{value * scale:.1f}" height="20" fill="{colour}"/>')
        parts.append(_text(left + value * scale + 8, y + 14, f"{value:.2f} ×"))
    # What all are compared with.
    one, bottom = left + scale, 46 + len(rows) * step
    parts.append(f'<line x1="{one:.1f}" y1="40" x2="{one:.1f}" y2="{bottom}" stroke="{INK}" stroke-dasharray="3 3"/>')
    return _drawing(width, bottom + 12, title, parts)


def _round_values(low: float, high: float) -> list[float]:
    """Between 4 and 10 values between two others, at steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(power * times for times in (5, 2, 1) if (high - low) / (power * times) >= 4)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def scatter(title: str, x_label: str, y_label: str, points: Sequence[Point]) -> str:
    """Points with their names beside them; names that would lie on each other are moved apart.

    Args:
        title: above the chart.
        x_label: what is to the right; from 0.
        y_label: what is upwards; only the range that occurs is shown.
        points: what was measured.
    """
    width, height, left, right, top, bottom = 860, 480, 64, 260, 64, 430
    greatest = 1.05 * max(point.x for point in points)
    low, high = min(point.y for point in points), max(point.y for point in points)
    margin = max(0.15 * (high - low), 0.1)
    low, high = low - margin, high + margin
    across = [left + (width - left - right) * point.x / greatest for point in points]
    up = [bottom - (bottom - top) * (point.y - low) / (high - low) for point in points]
    parts = []
    for value in _round_values(low, high):
        y = bottom - (bottom - top) * (value - low) / (high - low)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{width - right}" y2="{y:.1f}" stroke="{FAINT}"/>')
        parts.append(_text(left - 8, y + 4, f"{value:.2f}", anchor="end"))
    for value in _round_values(0, greatest):
        x = left + (width - left - right) * value / greatest
        parts.append(_text(x, bottom + LINE, f"{value:,.0f}", anchor="middle"))
    parts.append(_text((left + width - right) / 2, bottom + 2 * LINE + 2, x_label, anchor="middle"))
    parts.append(_text(16, top - 16, y_label))
    # Where something is drawn: from and to where across, and the base line of a text that would lie there.
    taken = [(x - 6, x + 6, y + 4) for x, y in zip(across, up, strict=True)]
    # From the right to the left, since names stand to the right of their points.
    for point, x, y in sorted(zip(points, across, up, strict=True), key=lambda found: -found[1]):
        colour, start = OURS if point.ours else PEER, x + 11
        end = start + 7 * len(point.name)
        beside = [other for begins, ends, other in taken if start < ends and begins < end]
        places = (y + 4 + sign * LINE * distance for distance in range(20) for sign in (1, -1))
        free = (place for place in places if all(abs(place - other) > LINE - 4 for other in beside))
        place = next((place for place in free if top <= place <= bottom - 4), y + 4)
        taken.append((start, end, place))
        if abs(place - y - 4) > 1:
            parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x + 9:.1f}" y2="{place - 4:.1f}" stroke="{colour}"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
        parts.append(_text(start, place, point.name, colour=colour))
    return _drawing(width, height, title, parts)
