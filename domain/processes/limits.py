"""Limits as the catalogue gives them: the law's number, else our own target. No number stands in a process's table."""

from __future__ import annotations

from collections.abc import Callable

from domain import catalogue
from domain.clocks import Limit, Unit
from domain.table import CaseView


class NoNumber(LookupError):
    """Neither the law nor a target of ours says how long the stage may take."""


def of(row_id: str) -> Limit:
    """Return the limit of a row of the time-limit catalogue, such as `CMP-20`, or of a stage only we know of.

    Raises `NoNumber`, and `UnknownTimeLimit` for a row there is none of.
    """
    target = catalogue.targets().get(row_id)
    if target is None or not target.is_ours_alone:
        row = catalogue.limit(row_id)
        if row.limit is not None:
            return Limit(row.limit, Unit(row.unit))
    if target is None:
        raise NoNumber(row_id)
    return Limit(target.amount, Unit(target.unit))


def fixed(row_id: str) -> Callable[[CaseView], Limit]:
    """Return the limit of a clock that is the same for every case."""
    found = of(row_id)
    return lambda _: found
