"""Curves of a training run: a few lines of block characters for a terminal, and a picture in SVG."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..types import FloatArray

_BLOCKS = " ▁▂▃▄▅▆▇█"
_INK, _LINE, _GREY = "#1f2937", "#c2410c", "#cbd5e1"
_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 220, 70, 24, 40, 36


class Curve(NamedTuple):
    """Values over steps.

    Args:
        name: what they are.
        steps: at which they were measured, rising.
        values: as many.
    """

    name: str
    steps: Sequence[float]
    values: Sequence[float]


def plot(steps: Sequence[float], values: Sequence[float], *, width: int = 60, height: int = 5) -> list[str]:
    """A curve as lines of text: a column of block characters for each stretch of steps.

    Where a stretch has several values their mean is drawn, where it has none what lies between its neighbours. Values
    that are no finite numbers are left out.

    Args:
        steps: at which values were measured, rising.
        values: as many.
        width: characters of the curve, at least 2; labels come on top of it.
        height: lines of the curve, at least 1; one more names the first and the last step.

    Returns:
        ``height + 1`` lines; none where there is no value.
    """
    places, heights = _finite(steps, values)
    if not len(places):
        return []
    drawn = _resampled(places, heights, width)
    low, high = float(heights.min()), float(heights.max())
    # The lowest value is one eighth of a line, so that it is seen; equal values stand at half.
    share = (drawn - low) / (high - low) if high > low else np.full(width, 0.5)
    eighths = 1 + np.rint(share * (8 * height - 1)).astype(int)
    labels = [_short(high), *[""] * (height - 2), _short(low)] if height > 1 else [_short(high)]
    margin = max(map(len, labels))
    lines = []
    for row in range(height):
        floor = 8 * (height - 1 - row)
        bar = "".join(_BLOCKS[min(max(int(count) - floor, 0), 8)] for count in eighths)
        lines.append(f"{labels[row]:>{margin}} {bar}".rstrip())
    first, last = f"{places[0]:g}", f"{places[-1]:g}"
    lines.append(f"{'':>{margin}} {first}{last:>{max(width - len(first), len(last) + 1)}}")
    return lines


def picture(title: str, curves: Sequence[Curve]) -> str:
    """Curves one below the other as an SVG file, which needs nothing else and runs no script.

    Args:
        title: of the picture.
        curves: those without a finite value are left out.
    """
    shown = [curve for curve in curves if len(_finite(curve.steps, curve.values)[0])]
    height = 44 + _PANEL * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        _text(16, 26, title, size=15),
    ]
    for place, curve in enumerate(shown):
        parts += _panel(curve, 34 + place * _PANEL)
    return "\n".join([*parts, "</svg>", ""])


def _panel(curve: Curve, top: int) -> list[str]:
    steps, values = _finite(curve.steps, curve.values)
    low, high = float(values.min()), float(values.max())
    first, last = float(steps[0]), float(steps[-1])
    right, upper, lower = _WIDTH - _RIGHT, top + _TOP, top + _PANEL - _BOTTOM
    across = _LEFT + (steps - first) / max(last - first, 1e-12) * (right - _LEFT)
    spread = high - low
    down = lower - ((values - low) / spread if spread else np.full(len(values), 0.5)) * (lower - upper)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    parts = [_text(_LEFT, upper - 12, curve.name)]
    for share in (0.0, 0.5, 1.0):
        y = lower - share * (lower - upper)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{_GREY}"/>')
        if spread or share == 0.5:
            parts.append(_text(_LEFT - 8, y + 4, _short(low + share * spread), anchor="end", size=11))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="1.5"/>')
    if len(steps) <= 40:
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{_LINE}">'
            f"<title>step {step:g}: {value:.4g}</title></circle>"
            for x, y, step, value in zip(across, down, steps, values, strict=True)
        ]
    parts.append(_text(_LEFT, lower + 18, f"step {first:g}", size=11))
    if last > first:
        parts.append(_text(right, lower + 18, f"{last:g}", anchor="end", size=11))
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}" font-size="{size}">'
        f"{html.escape(text)}</text>"
    )


def _finite(steps: Sequence[float], values: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    places: Any = np.asarray(steps, float)
    heights: Any = np.asarray(values, float)
    kept = np.isfinite(heights)
    return places[kept], heights[kept]


def _resampled(steps: FloatArray, values: FloatArray, width: int) -> FloatArray:
    """A value for each of ``width`` stretches of steps."""
    edges = np.linspace(steps[0], steps[-1], width + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    # So that the first and last value are drawn as they are, and not what lies half a stretch from them.
    centres[0], centres[-1] = steps[0], steps[-1]
    place = np.clip(np.searchsorted(edges, steps, side="right") - 1, 0, width - 1)
    counts = np.bincount(place, minlength=width)
    sums = np.bincount(place, weights=values, minlength=width)
    between = np.interp(centres, steps, values)
    found: FloatArray = np.where(counts > 0, sums / np.maximum(counts, 1), between)
    return found


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) >= 0.001 or value == 0 else f"{value:.1e}"
