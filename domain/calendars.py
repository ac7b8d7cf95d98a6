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
from domain.clocks import Calendar
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import CalendarYear
from domain.rights import Right
from domain.rulebook import EVERYBODY_KNOWS_AFTER

EARLIEST = 2004
"""The first year of the package; a clock of before nobody counts."""
YEARS_AHEAD = 3
MOST_COUNTED = 20_000
"""Cases gone through for a look at a file; what moves among those after them is not counted any more."""
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
    version: int
    deadlines: int = 0
    """Running deadlines that would move."""
    there_are_more: bool = False
    """There were more cases than are gone through: `deadlines` are those found so far."""


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
    """Return what a file would change for a year; writes nothing. Raises `CalendarRefused`.

    Counting deadlines takes a tenth of a millisecond per case, seconds in a large city: never while a lock is held.
    """
    looked, after = _read(session, year, content, at=at)
    if looked.is_same:
        return looked
    book = replace(rulebooks.load(session), calendar=after)
    deadlines, there_are_more = recounting.count_moves(session, book, looked.notice.year, most=MOST_COUNTED)
    return replace(looked, deadlines=deadlines, there_are_more=there_are_more)


def _read(session: Session, year: int, content: bytes, *, at: datetime) -> tuple[Look, Calendar]:
    """Return what a file says beside what is known, deadlines not counted, and the calendar with it."""
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
    is_same = kept is not None and kept.sha256 == added.sha256
    version = register_lock.version_of(session, subject_of(year))
    return Look(notice, kept is not None, is_same, tuple(changes), version), after


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


def hold(session: Session) -> None:
    """Wait until nobody else is taking a year in, and keep others from it until the end of the transaction.

    Whoever asks for the time after this, and not when the request came, names the moment from which the year counts:
    what others write meanwhile was counted without it.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE calendar_year IN SHARE ROW EXCLUSIVE MODE"))


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

    `at` is the moment from which they count (`hold`). The same days again change nothing. `version` is how many
    entries the year's record had when the file was looked at. Deadlines are not counted here. Raises
    `CalendarRefused`, `RegisterChanged`, and what `access.require` does; whoever sits at the machine needs no right
    (`at_the_machine`).
    """
    if not at_the_machine:
        access.require(session, actor, Right.KEEP_RULES)
    hold(session)
    looked, _ = _read(session, year, content, at=at)
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
    errands.promise(
        session, recounting.ERRAND, key=f"{recounting.ERRAND}:{row.id}", at=at, made_by=actor.person_id,
        data={"year": year}, due_at=at + EVERYBODY_KNOWS_AFTER,
    )  # fmt: skip
    return looked
