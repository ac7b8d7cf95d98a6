"""The rulebook as the database has it: imported years, limits set here, office hours. Keeps one per database."""

from __future__ import annotations

import time as machine
from datetime import datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlmodel import Session, col

from domain import calendar_years, product_settings
from domain.clocks import Calendar, OfficeHours, Unit
from domain.models import OwnLimitRow, RegisterEntry
from domain.rulebook import SINCE_EVER, Convention, OwnLimit, Rulebook, in_force_from
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


def load(session: Session, *, known_at: datetime | None = None) -> Rulebook:
    """Return the rulebook as this unit of work sees the database; its calendar as it was known at a moment."""
    rows = session.execute(select(OwnLimitRow).order_by(col(OwnLimitRow.from_at).desc())).scalars()
    own = tuple(OwnLimit(row.rule, row.amount, Unit(row.unit), row.from_at, row.until_at) for row in rows)
    return Rulebook(
        calendar=calendar(session, known_at=known_at),
        zone=city_zone(),
        region=get_settings().region_code,
        own=own,
        conventions=_conventions(session),
    )


def calendar(session: Session, *, known_at: datetime | None = None) -> Calendar:
    """Return the calendar of every year that is known here now, or was at a moment."""
    return calendar_years.calendar_of(calendar_years.rows(session, known_at=known_at))


_SET = ("office_opens", "office_closes", "day_unspecified")
"""The settings that deadlines are counted by."""


def _conventions(session: Session) -> tuple[Convention, ...]:
    """Return what was set one after the other, from the settings' own record."""
    subjects = {product_settings.subject_of(key): key for key in _SET}
    query = select(RegisterEntry).where(col(RegisterEntry.subject_id).in_(subjects))
    entries = list(session.execute(query.order_by(col(RegisterEntry.at), col(RegisterEntry.seq))).scalars())
    known: dict[str, Any] = {key: product_settings.value(session, key) for key in _SET}
    for entry in reversed(entries):  # what held before the first change of each
        key = subjects[entry.subject_id]
        known[key] = product_settings.read(key, entry.data["value"][0])
    found = [_convention(SINCE_EVER, known)]
    for entry in entries:
        key = subjects[entry.subject_id]
        known = {**known, key: product_settings.read(key, entry.data["value"][1])}
        found.append(_convention(in_force_from(entry.at), known))
    return tuple(found)


def _convention(from_at: datetime, known: dict[str, Any]) -> Convention:
    opens, closes = known["office_opens"], known["office_closes"]
    return Convention(from_at, OfficeHours(opens, closes), Unit(known["day_unspecified"]))
