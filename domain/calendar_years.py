"""The years of the working-day calendar as the database keeps them; those of the package are put in with the schema."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import chinese_calendar
from chinese_calendar.constants import Holiday
from sqlalchemy import Connection, func, insert, select, update
from sqlmodel import Session, col

from domain import clocks
from domain.clocks import Calendar
from domain.identifiers import new_id
from domain.models import CalendarYear

_ROWS: Any = CalendarYear.__table__  # type: ignore[attr-defined]
_NAMES = {holiday.value: holiday.chinese for holiday in Holiday}

Days = list[list[Any]]
"""[ISO date, worked, name], in the order of the dates."""


def subject_of(year: int) -> UUID:
    """Return under which id the notices of a year are recorded."""
    return uuid5(NAMESPACE_URL, f"fireline:calendar:{year}")


def digest(days: Days) -> str:
    """Return SHA-256 of the days as they are written down (hexadecimal)."""
    return hashlib.sha256(json.dumps(days, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def packaged() -> dict[int, Days]:
    """Return the days of every year that came with the product."""
    found: defaultdict[int, Days] = defaultdict(list)
    listed = [(day, False, name) for day, name in chinese_calendar.holidays.items()]
    listed += [(day, True, name) for day, name in chinese_calendar.workdays.items()]
    for day, works, name in sorted(listed):
        found[day.year].append([day.isoformat(), works, _NAMES.get(name, name)])
    return dict(found)


def seed(connection: Connection) -> list[int]:
    """Put in, and bring up to date, the years of the package that nobody has imported; return those that changed."""
    if not _outdated(connection):
        return []
    if connection.dialect.name == "postgresql":  # another process may be doing the same
        connection.exec_driver_sql("LOCK TABLE calendar_year IN SHARE ROW EXCLUSIVE MODE")
    outdated = _outdated(connection)
    source, at = f"chinesecalendar {version('chinesecalendar')}", moment(connection)
    for year, (days, old) in outdated.items():
        connection.execute(update(_ROWS).where(_ROWS.c.id == old).values(replaced_at=at))
        row = {"id": new_id(), "year": year, "days": days, "source": source, "sha256": digest(days), "packaged": True,
               "imported_at": at, "imported_by": None, "replaced_at": None}  # fmt: skip
        connection.execute(insert(_ROWS), [row])
    return list(outdated)


def _outdated(connection: Connection) -> dict[int, tuple[Days, UUID | None]]:
    """Return by year the package's days that are not there as they are, with the row they replace."""
    columns = (_ROWS.c.id, _ROWS.c.year, _ROWS.c.sha256, _ROWS.c.packaged)
    kept = {row.year: row for row in connection.execute(select(*columns).where(_ROWS.c.replaced_at.is_(None)))}
    found: dict[int, tuple[Days, UUID | None]] = {}
    for year, days in packaged().items():
        old = kept.get(year)
        if old is None:
            found[year] = days, None
        elif old.packaged and old.sha256 != digest(days):
            found[year] = days, old.id
    return found


def moment(connection: Connection) -> datetime:
    """Return the database's own time: whoever brings the schema up to date has no other."""
    now: object = connection.execute(select(func.current_timestamp())).scalar_one()
    moment = now if isinstance(now, datetime) else datetime.fromisoformat(str(now))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def rows(session: Session, *, known_at: datetime | None = None) -> Sequence[CalendarYear]:
    """Return the years that hold now, or that were known at a moment; by year.

    What was there first was known since ever: it was in the product before it was in the table.
    """
    query = select(CalendarYear).order_by(col(CalendarYear.year))
    if known_at is None:
        return session.execute(query.where(col(CalendarYear.replaced_at).is_(None))).scalars().all()
    first = session.execute(select(func.min(CalendarYear.imported_at))).scalar()
    if first is not None and first > known_at:
        known_at = first
    known = [row for row in session.execute(query).scalars() if row.imported_at <= known_at]
    return [row for row in known if row.replaced_at is None or row.replaced_at > known_at]


def calendar_of(years: Iterable[CalendarYear]) -> Calendar:
    """Return the calendar of these years, given in their order; the packaged one where there are none."""
    known: set[int] = set()
    differing: dict[date, bool] = {}
    for row in years:
        known.add(row.year)
        # A notice replaces what another year's said of its days; what it names beside its year is its own too.
        differing = {day: works for day, works in differing.items() if day.year != row.year}
        differing |= {date.fromisoformat(text): works for text, works, _ in row.days}
    if not known:
        return clocks.packaged()
    for day in [day for day, works in differing.items() if works == (day.weekday() < clocks.SATURDAY)]:
        del differing[day]
    return Calendar(frozenset(known), MappingProxyType(differing))
