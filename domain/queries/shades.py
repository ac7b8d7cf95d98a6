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
NONE_AT_ALL = Label("零", "None")


@dataclass(frozen=True, slots=True)
class Shade:
    """One class: the smallest and the largest number in it."""

    least: float
    most: float
    words: Label


def shades_of(values: Sequence[float]) -> tuple[Shade, ...]:
    """Return up to four classes of about equally many of these numbers (all above zero); equal numbers share one."""
    ordered = sorted(values)
    if not ordered:
        return ()
    parts = min(MOST_SHADES, len(set(ordered)))
    tops = sorted({ordered[-(-len(ordered) * part // parts) - 1] for part in range(1, parts + 1)})
    words = WORDS[len(tops)]
    found, below = [], 0.0
    for top, word in zip(tops, words, strict=True):
        within = [value for value in ordered if below < value <= top]
        found.append(Shade(within[0], top, word))
        below = top
    return tuple(found)


def shade_of(value: float, shades: Sequence[Shade]) -> int:
    """Return 0 for zero, else which of the classes a number belongs to, counted from 1."""
    if value <= 0:
        return 0
    return next(number for number, shade in enumerate(shades, start=1) if value <= shade.most)
