"""The working-day calendar as administrators keep it: a year that is known, is looked at, is taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlmodel import Session, col

from domain import access, calendar_files, calendar_years, errands, recounting, register_lock, register_log, rulebooks
from domain.actors import Actor
from domain.calendar_files import CalendarRefused, Notice
from domain.calendar_years import subject_of
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import CalendarYear
from domain.rights import Right

EARLIEST = 2004
"""The first year of the package; a clock of before nobody counts."""
YEARS_AHEAD = 3
MOST_COUNTED = 5000
"""Deadlines counted for a look at a file; more are "more than"."""
KIND = "calendar"

_ROWS: Any = CalendarYear.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day that would be another one: worked, off, or as its week says."""

    day: date
    before: bool
    after: bool
    name: str


@dataclass(frozen=True, slots=True)
class Look:
    """What taking a file in would do."""

    notice: Notice
    is_known: bool
    """A notice for the year is there already and would be replaced."""
    is_same: bool
    changes: tuple[DayChange, ...]
    deadlines: int
    """Running deadlines that would move, at most `MOST_COUNTED`."""
    version: int


def readable_year(typed: str, *, at: datetime) -> int:
    """Return the year somebody typed; raises `CalendarRefused` for one that cannot be kept."""
    is_number = typed.isascii() and typed.isdigit() and len(typed) == len("2026")
    if not is_number or not EARLIEST <= int(typed) <= at.year + YEARS_AHEAD:
        raise CalendarRefused(
            Sentence("A year from %(first)s to %(last)s can be kept.", first=EARLIEST, last=at.year + YEARS_AHEAD)
        )
    return int(typed)


def known(session: Session, year: int) -> CalendarYear | None:
    """Return what holds for a year; None where no notice is known."""
    query = select(CalendarYear).where(col(CalendarYear.year) == year, col(CalendarYear.replaced_at).is_(None))
    found: CalendarYear | None = session.execute(query).scalar_one_or_none()
    return found


def years(session: Session) -> list[int]:
    """Return the years that are known."""
    query = select(_ROWS.c.year).where(_ROWS.c.replaced_at.is_(None)).order_by(_ROWS.c.year)
    return list(session.execute(query).scalars())


def history(session: Session, year: int) -> Sequence[CalendarYear]:
    """Return every notice that was ever counted by for a year, the newest first."""
    query = select(CalendarYear).where(col(CalendarYear.year) == year)
    return session.execute(query.order_by(col(CalendarYear.imported_at).desc())).scalars().all()


def look(session: Session, year: int, content: bytes, *, at: datetime) -> Look:
    """Return what a file would change for a year; writes nothing. Raises `CalendarRefused`."""
    year = readable_year(str(year), at=at)
    notice = calendar_files.read(content, year=year)
    rows = list(calendar_years.rows(session))
    _fits(notice, rows)
    before = calendar_years.calendar_of(rows)
    added = CalendarYear(
        id=new_id(), year=year, days=notice.stored(), source="", sha256=calendar_years.digest(notice.stored()),
        imported_at=at,
    )  # fmt: skip
    kept = next((row for row in rows if row.year == year), None)
    together = sorted([*(row for row in rows if row.year != year), added], key=lambda row: row.year)
    after = calendar_years.calendar_of(together)
    names = {day: name for day, _, name in notice.days}
    named = sorted({*names, *(date.fromisoformat(text) for text, _, _ in (kept.days if kept else []))})
    changes = [
        DayChange(day, before.works(day), after.works(day), names.get(day, ""))
        for day in named
        if before.works(day) != after.works(day)
    ]
    book = replace(rulebooks.load(session), calendar=after)
    is_same = kept is not None and kept.sha256 == added.sha256
    deadlines = 0 if is_same else recounting.count_moves(session, book, year, most=MOST_COUNTED)
    version = register_lock.version_of(session, subject_of(year))
    return Look(notice, kept is not None, is_same, tuple(changes), deadlines, version)


def _fits(notice: Notice, rows: Sequence[CalendarYear]) -> None:
    """Refuse a day beside its year of which that year's own notice says otherwise."""
    said = {
        date.fromisoformat(text): (works, row.year)
        for row in rows
        if abs(row.year - notice.year) == 1
        for text, works, _ in row.days
    }
    for day, works, _ in notice.days:
        if day.year != notice.year and day in said and said[day][0] != works:
            raise CalendarRefused(
                Sentence("“%(day)s” overlaps the notice of %(other)s, which says otherwise.",
                         day=day.isoformat(), other=said[day][1])
            )  # fmt: skip


def take(
    session: Session,
    year: int,
    content: bytes,
    *,
    source: str,
    actor: Actor,
    at: datetime,
    version: int | None = None,
    at_the_machine: bool = False,
) -> Look:
    """Let the file's days hold for the year, write that down, and promise that running deadlines are counted anew.

    The same days again change nothing. `version` is how many entries the year's record had when the file was looked
    at. Raises `CalendarRefused`, `RegisterChanged`, and what `access.require` does; whoever sits at the machine needs
    no right (`at_the_machine`).
    """
    if not at_the_machine:
        access.require(session, actor, Right.KEEP_RULES)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE calendar_year IN SHARE ROW EXCLUSIVE MODE"))
    looked = look(session, year, content, at=at)
    if looked.is_same:
        return looked
    register_lock.expect(session, subject_of(year), version)
    before = known(session, year)
    here = (_ROWS.c.year == year) & _ROWS.c.replaced_at.is_(None)
    session.execute(update(_ROWS).where(here).values(replaced_at=at))
    days = looked.notice.stored()
    row = CalendarYear(
        id=new_id(), year=year, days=days, source=source[:300], sha256=calendar_years.digest(days), packaged=False,
        imported_at=at, imported_by=actor.person_id,
    )  # fmt: skip
    session.execute(_ROWS.insert(), [row.model_dump()])
    data: Mapping[str, Any] = {
        "year": year,
        "source": [before.source if before else None, row.source],
        "sha256": [before.sha256 if before else None, row.sha256],
        "days": len(days),
    }
    register_log.record(session, KIND, subject_of(year), "replace" if before else "add", actor=actor, at=at, data=data)
    rulebooks.forget(session)
    errands.promise(session, recounting.ERRAND, key=f"{recounting.ERRAND}:{row.id}", at=at,
                    made_by=actor.person_id, data={"year": year})  # fmt: skip
    return looked
