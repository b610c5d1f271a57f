"""Charts as SVG files that a forge shows in a page. Every number that is drawn is written beside it, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 720
LABELS = 210
NUMBERS = 90
BAR, GAP = 22, 8
FONT = "font-family='system-ui, sans-serif' font-size='13'"
COLOURS = ("#1f5f8b", "#7fb0d1", "#3a7d44", "#8cb896", "#b5652b", "#8a5a9e")
"""Dark enough to be told apart in print, and on light and dark pages alike."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is called, how long it is, and what is written after it."""

    label: str
    value: float
    text: str
    colour: str = COLOURS[0]


def bars(title: str, rows: Sequence[Bar]) -> str:
    """One bar under the other, the longest as wide as there is room."""
    longest = max(row.value for row in rows) or 1.0
    room = WIDTH - LABELS - NUMBERS
    height = 34 + len(rows) * (BAR + GAP)
    parts = [_text(0, 18, title, "font-weight='bold'")]
    for number, row in enumerate(rows):
        top = 34 + number * (BAR + GAP)
        width = max(row.value / longest * room, 1)
        parts.append(_text(LABELS - 8, top + 15, row.label, "text-anchor='end'"))
        parts.append(f"<rect x='{LABELS}' y='{top}' width='{width:.1f}' height='{BAR}' fill='{row.colour}'/>")
        parts.append(_text(LABELS + width + 6, top + 15, row.text))
    return _svg(title, height, parts)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is called, and how high it is at each place. None was not measured."""

    label: str
    values: Sequence[float | None]
    colour: str


def lines(title: str, places: Sequence[str], series: Sequence[Line]) -> str:
    """One line for each of `series`, over `places` at even distances; from 0 up."""
    highest = max((value for line in series for value in line.values if value is not None), default=1.0)
    left, top, bottom, right = 60, 40, 260, WIDTH - 190
    step = (right - left) / max(len(places) - 1, 1)
    parts = [_text(0, 18, title, "font-weight='bold'")]
    for part in (0.0, 0.5, 1.0):
        y = bottom - part * (bottom - top)
        parts.append(f"<line x1='{left}' y1='{y:.0f}' x2='{right}' y2='{y:.0f}' stroke='#999' stroke-width='0.5'/>")
        parts.append(_text(left - 8, y + 4, f"{highest * part:.0f}", "text-anchor='end'"))
    for number, place in enumerate(places):
        parts.append(_text(left + number * step, bottom + 20, place, "text-anchor='middle'"))
    for number, line in enumerate(series):
        points = [
            (left + place * step, bottom - value / highest * (bottom - top))
            for place, value in enumerate(line.values)
            if value is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{line.colour}' stroke-width='2'/>")
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{line.colour}'/>" for x, y in points]
        row = top + 10 + number * 20
        parts.append(f"<rect x='{right + 20}' y='{row - 10}' width='12' height='12' fill='{line.colour}'/>")
        parts.append(_text(right + 38, row, line.label))
    return _svg(title, 290, parts)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {more}>{escape(text)}</text>"


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}'"
    ground = f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>"
    body = "\n".join(parts)
    return f"{head} role='img' {FONT}>\n<title>{escape(title)}</title>\n{ground}\n{body}\n</svg>\n"
