"""The rulebook as the database has it: imported years, limits set here, office hours. Keeps one per database."""

from __future__ import annotations

import time as machine
from datetime import date
from threading import Lock
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlmodel import Session, col

from domain import clocks, product_settings
from domain.clocks import Calendar, OfficeHours, Unit
from domain.models import CalendarYear, OwnLimitRow
from domain.rulebook import OwnLimit, Rulebook
from domain.settings import city_zone, get_settings

FRESH_SECONDS = 2.0
"""So long a process goes on with what it has read. Deadlines counted meanwhile by a process that has not yet heard of a
new year are provisional, and the year's recalculation takes them up."""

_KEPT: WeakKeyDictionary[Any, tuple[float, Rulebook]] = WeakKeyDictionary()
_GUARD = Lock()


def current(session: Session) -> Rulebook:
    """Return what deadlines are counted by now, at most `FRESH_SECONDS` old."""
    engine = session.get_bind().engine
    with _GUARD:
        kept = _KEPT.get(engine)
    if kept and machine.monotonic() - kept[0] < FRESH_SECONDS:
        return kept[1]
    read_at, book = machine.monotonic(), load(session)
    with _GUARD:
        _KEPT[engine] = (read_at, book)
    return book


def forget(session: Session) -> None:
    """Have the next one who asks read anew: something the rulebook is made of was changed."""
    with _GUARD:
        _KEPT.pop(session.get_bind().engine, None)


def load(session: Session) -> Rulebook:
    """Return the rulebook as this unit of work sees the database."""
    rows = session.execute(select(OwnLimitRow).order_by(col(OwnLimitRow.from_at).desc())).scalars()
    own = tuple(OwnLimit(row.rule, row.amount, Unit(row.unit), row.from_at, row.until_at) for row in rows)
    return Rulebook(
        calendar=calendar(session),
        zone=city_zone(),
        region=get_settings().region_code,
        own=own,
        day_unspecified=Unit(product_settings.value(session, "day_unspecified")),
    )


def calendar(session: Session) -> Calendar:
    """Return the calendar of every year that is known here; what was imported goes before what came packaged."""
    packaged = clocks.packaged()
    years, differing = set(packaged.years), dict(packaged.differing)
    for row in session.execute(select(CalendarYear).order_by(col(CalendarYear.year))).scalars():
        years.add(row.year)
        if row.packaged:
            continue
        # A notice replaces what was known of its year; days it names beside it are its own too.
        differing = {day: works for day, works in differing.items() if day.year != row.year}
        for text, works, _ in row.days:
            day = date.fromisoformat(text)
            differing.pop(day, None)
            if works != (day.weekday() < clocks.SATURDAY):
                differing[day] = works
    office = OfficeHours(
        product_settings.value(session, "office_opens"), product_settings.value(session, "office_closes")
    )
    return Calendar(frozenset(years), MappingProxyType(differing), office)
