"""QR codes as the path of an SVG, drawn row by row; knows nothing of what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import segno

QUIET_MODULES = 4
"""The empty border every reader needs (ISO/IEC 18004 §9.1), in modules."""

Robustness = Literal["l", "m", "q", "h"]
"""How much of the code may be damaged: 7, 15, 25, 30 %."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A code as black bars one module high; `width` counts modules, the border included."""

    width: int
    path: str


def draw(text: str, *, robustness: Robustness = "q") -> Drawing:
    """Return the code of `text`, in the smallest version it fits in."""
    code = segno.make(text, error=robustness, micro=False)
    bars = (bar for y, row in enumerate(code.matrix) for bar in _bars(row, y + QUIET_MODULES))
    return Drawing(len(code.matrix) + 2 * QUIET_MODULES, "".join(bars))


def _bars(row: Iterable[int], y: int) -> Iterator[str]:
    started: int | None = None
    # The light module after the last one ends a bar that reaches the edge.
    for x, dark in enumerate((*row, 0), QUIET_MODULES):
        if dark and started is None:
            started = x
        elif not dark and started is not None:
            yield f"M{started} {y}h{x - started}v1H{started}z"
            started = None
