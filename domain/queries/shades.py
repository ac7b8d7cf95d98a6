"""Classes of a map's numbers: a few, each with its bounds and a word, so that no colour stands for itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.language import Label

MOST_SHADES = 4
LOWEST = Label("较低", "Low")
MIDDLE = Label("中等", "Middle")
HIGH = Label("较高", "High")
HIGHEST = Label("最高", "Highest")
WORDS: dict[int, tuple[Label, ...]] = {
    1: (Label("有", "Some"),),
    2: (LOWEST, HIGHEST),
    3: (LOWEST, MIDDLE, HIGHEST),
    4: (LOWEST, MIDDLE, HIGH, HIGHEST),
}
DEPTHS: dict[int, tuple[int, ...]] = {1: (3,), 2: (2, 4), 3: (1, 3, 4), 4: (1, 2, 3, 4)}
NONE_AT_ALL = Label("零", "None")


@dataclass(frozen=True, slots=True)
class Shade:
    """One class: the smallest and the largest number in it."""

    least: float
    most: float
    words: Label
    depth: int
    """How dark it is drawn, 1 to 4: the highest class is always the darkest, however many there are."""


def shades_of(values: Sequence[float]) -> tuple[Shade, ...]:
    """Return up to four classes of about equally many of these numbers (all above zero); equal numbers share one."""
    ordered = sorted(values)
    if not ordered:
        return ()
    parts = min(MOST_SHADES, len(set(ordered)))
    tops = sorted({ordered[-(-len(ordered) * part // parts) - 1] for part in range(1, parts + 1)})
    found, below = [], 0.0
    for top, word, depth in zip(tops, WORDS[len(tops)], DEPTHS[len(tops)], strict=True):
        within = [value for value in ordered if below < value <= top]
        found.append(Shade(within[0], top, word, depth))
        below = top
    return tuple(found)


def shade_of(value: float, shades: Sequence[Shade]) -> int:
    """Return 0 for zero, else the depth of the class a number belongs to."""
    if value <= 0:
        return 0
    return next(shade.depth for shade in shades if value <= shade.most)
