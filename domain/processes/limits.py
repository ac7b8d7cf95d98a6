"""Limits as a process's table names them: by the row of the catalogue. No number stands in a table."""

from __future__ import annotations

from collections.abc import Callable

from domain import catalogue
from domain.clocks import Limit
from domain.table import TimedCase


def fixed(*rules: str) -> Callable[[TimedCase], Limit | None]:
    """Return the limit of a clock that is the same for every case: the strictest of the rows, such as `CMP-10`.

    Raises `UnknownTimeLimit` for a row there is none of: at import, not when the first case opens.
    """
    for rule in rules:
        if rule not in catalogue.targets():
            catalogue.limit(rule)
    return lambda case: case.rules.limit(*rules)


def regional(rule: str) -> Callable[[TimedCase], Limit | None]:
    """Return the limit of a clock that only some regions know: none elsewhere. Raises `UnknownTimeLimit`."""
    catalogue.limit(rule)
    return lambda case: case.rules.regional(rule)
