"""Charts as SVG drawn by hand: no script, no font of their own, the same bytes for the same numbers.

The same drawing stands on a page and in a PDF. Each says in words what it shows, and has a table beside it: a chart
alone is no answer to whoever cannot see it. What is not known is hatched and named, never drawn as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

INK, QUIET, LINE = "#1b1f24", "#565e69", "#d9dde2"
FULL, PALE, ALARM = "#0b5cad", "#9fb4c8", "#b3261e"
"""Of now, of the period before, and of what is late."""
WIDTH = 360
"""Units across: so many that words of 13 units stay readable on a phone 320 pixels wide."""
ROW, BAR, THIN, GAP = 44, 14, 7, 3
TEXT, SMALL = 13, 12
COLUMNS_HEIGHT = 150
FOOT, HEAD = 22, 18
MOST_MARKS = 6
MARK = 36
"""Room one of them needs."""
"""Words along the foot of a column chart."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its words, how long it is, what it says at its end; `value` None: not known."""

    words: str
    value: float | None
    said: str
    before: float | None = None
    """The same of the period before, drawn thin below it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what stands below it, how high it is and how much of it is the lower, darker part."""

    words: str
    value: int | None
    part: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart: its SVG, `WIDTH` units wide and `height` high."""

    title: str
    svg: str
    height: int


def bars(rows: Sequence[Bar], *, title: str, most: float | None = None, alarming: bool = False) -> Drawing:
    """Return lying bars, one per row, with the period before as a thin one below. `most`: what the full width is."""
    known = [value for row in rows for value in (row.value, row.before) if value is not None]
    full = most if most is not None else max([*known, 1.0])
    height = ROW * len(rows) + 4
    drawn = [_bar(row, at * ROW, full=full or 1.0, colour=ALARM if alarming else FULL) for at, row in enumerate(rows)]
    return _svg("".join(drawn), height, title=title)


def _bar(row: Bar, top: int, *, full: float, colour: str) -> str:
    said = f"{row.words}: {row.said}"
    words = (
        f'<text x="0" y="{top + TEXT + 1}" font-size="{TEXT}" fill="{INK}">{escape(_cut(row.words))}</text>'
        f'<text x="{WIDTH}" y="{top + TEXT + 1}" font-size="{TEXT}" font-weight="700" fill="{INK}" '
        f'text-anchor="end">{escape(row.said)}</text>'
    )
    y = top + TEXT + 5
    ground = f'<rect x="0" y="{y}" width="{WIDTH}" height="{BAR}" fill="#eceff3"/>'
    if row.value is None:
        drawn = f'<rect x="0.5" y="{y + 0.5}" width="{WIDTH - 1}" height="{BAR - 1}" fill="none" stroke="{QUIET}" stroke-dasharray="3 3"/>'  # noqa: E501
        ground = ""
    else:
        drawn = f'<rect x="0" y="{y}" width="{_length(row.value, full)}" height="{BAR}" fill="{colour}"/>'
    thin = ""
    if row.before is not None:
        long = _length(row.before, full)
        thin = f'<rect x="0" y="{y + BAR + 1}" width="{long}" height="{THIN - GAP}" fill="{PALE}"/>'
    return f"<g><title>{escape(said)}</title>{words}{ground}{drawn}{thin}</g>"


def columns(points: Sequence[Column], *, title: str) -> Drawing:
    """Return standing columns from left to right, such as days; the darker part of each begins at the foot."""
    full = max([point.value or 0 for point in points] + [1])
    height = HEAD + COLUMNS_HEIGHT + FOOT
    step = WIDTH / max(1, len(points))
    every = -(-len(points) // MOST_MARKS)
    drawn = [f'<text x="0" y="{SMALL}" font-size="{SMALL}" fill="{QUIET}">{full}</text>']
    for line in (0, 0.5, 1):
        y = _number(HEAD + COLUMNS_HEIGHT * (1 - line))
        drawn.append(f'<path d="M0 {y}H{WIDTH}" stroke="{LINE}" fill="none"/>')
    for at, point in enumerate(points):
        drawn.append(_column(point, at * step, step, full=full))
        if (at % every == 0 and WIDTH - at * step >= MARK) or at == 0:
            drawn.append(
                f'<text x="{_number(at * step)}" y="{height - 6}" font-size="{SMALL}" fill="{QUIET}">'
                f"{escape(point.words)}</text>"
            )
    return _svg("".join(drawn), height, title=title)


def _column(point: Column, left: float, step: float, *, full: int) -> str:
    width, foot = _number(max(1.0, step * 0.72)), HEAD + COLUMNS_HEIGHT
    x = _number(left + step * 0.14)
    if point.value is None:
        middle = _number(left + step / 2)
        return (
            f"<g><title>{escape(point.words)}: —</title>"
            f'<path d="M{middle} {HEAD}V{foot}" stroke="{QUIET}" stroke-dasharray="2 4" fill="none"/></g>'
        )
    whole, part = COLUMNS_HEIGHT * point.value / full, COLUMNS_HEIGHT * min(point.part, point.value) / full
    upper = _block(x, foot - whole, width, whole - part, PALE)
    lower = _block(x, foot - part, width, part, FULL)
    return f"<g><title>{escape(point.words)}: {point.value} / {point.part}</title>{upper}{lower}</g>"


def _block(x: str, y: float, width: str, height: float, colour: str) -> str:
    return f'<rect x="{x}" y="{_number(y)}" width="{width}" height="{_number(height)}" fill="{colour}"/>'


def _svg(drawn: str, height: int, *, title: str) -> Drawing:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title, quote=True)}" font-family="Noto Sans CJK SC, sans-serif">{drawn}</svg>'
    )
    return Drawing(title, svg, height)


def _length(value: float, full: float) -> str:
    # A little that is not nothing can be seen.
    return _number(max(1.5 if value > 0 else 0.0, WIDTH * min(1.0, value / full)))


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _cut(words: str) -> str:
    """Return the words cut to what fits beside the number: Chinese characters are twice as wide as Latin letters."""
    room, kept = 36, ""
    for letter in words:
        room -= 1 if letter.isascii() else 2
        if room < 0:
            return f"{kept}…"
        kept += letter
    return kept
