"""Charts as SVG drawn by hand: no script, no font of their own, the same bytes for the same numbers.

The same drawing stands on a page and in a PDF. Each says in words what it shows, and has a table beside it: a chart
alone is no answer to whoever cannot see it. What is not known is hatched and named, never drawn as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

INK, QUIET, LINE = "#1b1f24", "#565e69", "#d9dde2"
FULL, PALE, ALARM = "#0b5cad", "#7890a8", "#b3261e"
"""Of now and of what is done; of the period before and of what comes in; of what is late."""
WIDTH = 360
"""Units across: so many that words of 13 units stay readable on a phone 320 pixels wide."""
ROW, BAR, THIN, GAP = 44, 14, 7, 3
TEXT, SMALL = 13, 12
COLUMNS_HEIGHT = 150
FOOT, HEAD, KEY = 22, 10, 20
SCALE = 34
"""Room left of the columns for the numbers of the scale."""
MOST_MARKS = 6
"""Words along the foot of a column chart."""
MARK = 36
"""Room one of them needs."""


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
    """A pair of columns that stand side by side on one foot: what stands below them and how high each is."""

    words: str
    value: int | None
    second: int = 0


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


def columns(points: Sequence[Column], *, title: str, names: tuple[str, str]) -> Drawing:
    """Return pairs of standing columns from left to right, such as days; `names` are what the two of a pair count."""
    full = max([max(point.value or 0, point.second) for point in points] + [1])
    full += full % 2
    top = KEY + HEAD
    height = top + COLUMNS_HEIGHT + FOOT
    step = (WIDTH - SCALE) / max(1, len(points))
    every = -(-len(points) // MOST_MARKS)
    drawn = [_key(names)]
    for part in (0, 1, 2):
        y = _number(top + COLUMNS_HEIGHT * (1 - part / 2))
        drawn.append(
            f'<path d="M{SCALE} {y}H{WIDTH}" stroke="{LINE}" fill="none"/><text x="{SCALE - 4}" y="{y}" dy="4" '
            f'font-size="{SMALL}" fill="{QUIET}" text-anchor="end">{full * part // 2}</text>'
        )
    for at, point in enumerate(points):
        left = SCALE + at * step
        drawn.append(_column(point, left, step, full=full, names=names))
        if (at % every == 0 and WIDTH - left >= MARK) or at == 0:
            drawn.append(
                f'<text x="{_number(left)}" y="{height - 6}" font-size="{SMALL}" fill="{QUIET}">'
                f"{escape(point.words)}</text>"
            )
    return _svg("".join(drawn), height, title=title)


def _key(names: tuple[str, str]) -> str:
    """Return what the two colours mean, beside each other above the columns."""
    drawn, left = "", float(SCALE)
    for name, colour in zip(names, (PALE, FULL), strict=True):
        drawn += (
            f'<rect x="{_number(left)}" y="3" width="{SMALL}" height="{SMALL}" fill="{colour}"/><text '
            f'x="{_number(left + SMALL + 5)}" y="{SMALL + 2}" font-size="{SMALL}" fill="{INK}">{escape(name)}</text>'
        )
        left += SMALL * (3 + sum(0.6 if letter.isascii() else 1 for letter in name))
    return drawn


def _column(point: Column, left: float, step: float, *, full: int, names: tuple[str, str]) -> str:
    foot = KEY + HEAD + COLUMNS_HEIGHT
    if point.value is None:
        middle = _number(left + step / 2)
        return (
            f"<g><title>{escape(point.words)}: —</title>"
            f'<path d="M{middle} {KEY + HEAD}V{foot}" stroke="{QUIET}" stroke-dasharray="2 4" fill="none"/></g>'
        )
    said = "; ".join(f"{name} {count}" for name, count in zip(names, (point.value, point.second), strict=True))
    width, x = step * 0.4, left + step * 0.1
    pair = ((point.value, x, PALE), (point.second, x + width, FULL))
    blocks = "".join(_block(at, foot, width, COLUMNS_HEIGHT * count / full, colour) for count, at, colour in pair)
    return f"<g><title>{escape(point.words)}: {escape(said)}</title>{blocks}</g>"


def _block(x: float, foot: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{_number(x)}" y="{_number(foot - height)}" width="{_number(width)}" '
        f'height="{_number(height)}" fill="{colour}"/>'
    )


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
