"""The list of cases a person may know of: filtered, sorted, page by page; for the queue and for programs.

Pages follow a key, not a number of rows, so that nothing is skipped or doubled while cases come and go.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from domain import access, apart, articles, places
from domain.actors import Actor
from domain.articles import Basis
from domain.models import Area, Case, Outbox, Person, Venue
from domain.processes import ROUTINE, workflow_of
from domain.timing import Reading

PAGE_SIZE = 50
LARGEST_PAGE = 200
MOST_COUNTED = 1000
ESCAPE = "\\"

Order = Literal["newest", "due"]

_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_PROMISES: Any = Outbox.__table__  # type: ignore[attr-defined]
_FIRST: Any = aliased(Person.__table__, name="first_assignee")  # type: ignore[attr-defined]
_SECOND: Any = aliased(Person.__table__, name="second_assignee")  # type: ignore[attr-defined]


class BadCursor(ValueError):
    """The cursor is not one this list gave out."""


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """States of a process in which cases wait for somebody; with `assignee_id`, only those assigned to them."""

    process: str
    states: tuple[str, ...]
    assignee_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases somebody asks for; a field left alone asks for all, of every process that is not routine."""

    process: str | None = None
    """A routine process has to be named."""
    states: tuple[str, ...] = ()
    area: str | None = None
    """Code of an area; those below it belong to it."""
    hazard: str | None = None
    overdue: bool = False
    due_before: datetime | None = None
    """When a day is over: due by that midnight, which is 24:00 of the day, but not over yet."""
    waiting: tuple[WaitsFor, ...] | None = None
    """Any of these; none of them: no case."""
    open: bool | None = None
    """True: without those that are closed in any way; False: only those."""
    assignee_id: UUID | None = None
    unassigned: bool = False
    held: bool = False
    """Only those with a message that is held until a person decides, closed cases among them."""
    asked: bool = False
    """Only those in which somebody waits for a second person's consent, closed cases among them."""
    venue_id: UUID | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    q: str = ""
    """Number, place or venue, any part of it; the whole number of a routine case names its process as well."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case as a list shows it."""

    id: UUID
    number: str
    process: str
    state: str
    version: int
    place: str | None
    venue_code: str | None
    venue_name: str | None
    venue_name_en: str | None
    area_code: str | None
    area_name: str | None
    area_name_en: str | None
    hazard_code: str | None
    channel: str
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    assignee_id: UUID | None
    assignee_name: str | None
    second_assignee_id: UUID | None
    second_assignee_name: str | None
    facts: Mapping[str, Any]
    clocks: Mapping[str, Any]
    place_words: str | None = None
    """What the reporter said of the place, for those who read it."""

    @property
    def assignees(self) -> tuple[UUID, ...]:
        """Return who works on it."""
        return tuple(person for person in (self.assignee_id, self.second_assignee_id) if person)

    @property
    def where(self) -> str | None:
        """Return the best there is to say where it is: a colleague's words, the venue's name, the reporter's words."""
        return self.place or self.venue_name or self.place_words

    @property
    def basis(self) -> Basis | None:
        """Return what its nearest deadline rests on."""
        return articles.of_due(workflow_of(self.process), self.clocks, self.due_at)

    @property
    def is_provisional(self) -> bool:
        """Return whether its nearest deadline waits for the calendar of a year."""
        running = [one for one in map(Reading.of, self.clocks.values()) if one.running and one.due_at == self.due_at]
        return any(reading.provisional for reading in running)

    def is_overdue(self, at: datetime) -> bool:
        """Return whether its nearest deadline has passed."""
        return self.due_at is not None and self.due_at < at and self.closed_at is None


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of those after them; None on the last page."""

    rows: tuple[Row, ...]
    next_cursor: str | None


def page(
    session: Session,
    actor: Actor,
    wanted: Wanted,
    *,
    at: datetime,
    order: Order = "newest",
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> Page:
    """Return one page of what `actor` may see; raises `BadCursor`.

    `newest` goes by opening, the latest first; `due` by the nearest deadline, cases without one last.
    """
    size = max(1, min(size, LARGEST_PAGE))
    where = [access.visible(actor), *_conditions(wanted, at)]
    if cursor:
        where.append(_after(order, _read_cursor(cursor)))
    query = _rows().where(*where).order_by(*_ordering(order)).limit(size + 1)
    rows = [Row(*row) for row in session.execute(query)]
    more = len(rows) > size
    rows = rows[:size]
    said = places.words_for(session, actor, rows)
    rows = [replace(row, place_words=said.get(row.id)) for row in rows]
    return Page(tuple(rows), _cursor(order, rows[-1]) if more else None)


def by_ids(session: Session, actor: Actor, ids: Iterable[UUID]) -> dict[UUID, Row]:
    """Return those of these cases that `actor` may see, by id."""
    wanted = list(ids)
    if not wanted:
        return {}
    found = [Row(*row) for row in session.execute(_rows().where(_CASES.c.id.in_(wanted), access.visible(actor)))]
    said = places.words_for(session, actor, found)
    return {row.id: replace(row, place_words=said.get(row.id)) for row in found}


def count(session: Session, actor: Actor, wanted: Wanted, *, at: datetime, most: int = MOST_COUNTED) -> int:
    """Return how many cases that are; counting stops at `most`, so that a badge costs little."""
    found = select(_CASES.c.id).where(access.visible(actor), *_conditions(wanted, at)).limit(most).subquery()
    return int(session.execute(select(func.count()).select_from(found)).scalar_one())


def _rows() -> Any:  # noqa: ANN401 - SQLAlchemy's select of twenty columns
    cases, venues, areas = _CASES.c, _VENUES.c, _AREAS.c
    return (
        select(
            cases.id, cases.number, cases.process, cases.state, cases.version, cases.place,
            venues.code, venues.name, venues.name_en, areas.code, areas.name, areas.name_en,
            cases.hazard_code, cases.channel, cases.opened_at, cases.changed_at, cases.closed_at,
            cases.due_at,
            cases.assignee_id, _FIRST.c.name, cases.second_assignee_id, _SECOND.c.name, cases.facts, cases.clocks,
        )
        .select_from(_CASES)
        .outerjoin(_VENUES, venues.id == cases.venue_id)
        .outerjoin(_AREAS, areas.id == cases.area_id)
        .outerjoin(_FIRST, _FIRST.c.id == cases.assignee_id)
        .outerjoin(_SECOND, _SECOND.c.id == cases.second_assignee_id)
    )  # fmt: skip


def _conditions(wanted: Wanted, at: datetime) -> list[ColumnElement[bool]]:
    cases = _CASES.c
    text = wanted.q.replace("\x00", "").strip()
    process = wanted.process or apart.named_by(text)
    found = apart.of(cases, process)
    if wanted.states:
        found.append(cases.state.in_(wanted.states))
    if wanted.area:
        found.append(_within(wanted.area))
    if wanted.hazard:
        found.append(cases.hazard_code == wanted.hazard)
    if wanted.open is not None:
        found.append(cases.closed_at.is_(None) if wanted.open else cases.closed_at.is_not(None))
    if wanted.venue_id:
        found.append(cases.venue_id == wanted.venue_id)
    if wanted.opened_from:
        found.append(cases.opened_at >= wanted.opened_from)
    if wanted.opened_before:
        found.append(cases.opened_at < wanted.opened_before)
    if text:
        found.append(_mentions(text, in_part=process not in ROUTINE))
    return found + _due(wanted, at) + _for_whom(wanted)


def _for_whom(wanted: Wanted) -> list[ColumnElement[bool]]:
    cases = _CASES.c
    found: list[ColumnElement[bool]] = []
    if wanted.assignee_id:
        found.append(or_(cases.assignee_id == wanted.assignee_id, cases.second_assignee_id == wanted.assignee_id))
    if wanted.unassigned:
        found.append(cases.assignee_id.is_(None))
    if wanted.held:
        found.append(cases.id.in_(select(_PROMISES.c.case_id).where(_PROMISES.c.state == "held")))
    if wanted.asked:
        found.append(cases.asked_at.is_not(None))
    if wanted.waiting is not None:
        found.append(or_(false(), *(_waits(waiting) for waiting in wanted.waiting)))
    return found


def _due(wanted: Wanted, at: datetime) -> list[ColumnElement[bool]]:
    cases = _CASES.c
    found: list[ColumnElement[bool]] = []
    if wanted.overdue:
        found.append(and_(cases.due_at < at, cases.closed_at.is_(None)))
    if wanted.due_before:
        found.append(and_(cases.due_at >= at, cases.due_at <= wanted.due_before, cases.closed_at.is_(None)))
    return found


def _waits(waiting: WaitsFor) -> ColumnElement[bool]:
    here = and_(_CASES.c.process == waiting.process, _CASES.c.state.in_(waiting.states))
    if waiting.assignee_id is None:
        return here
    mine = (_CASES.c.assignee_id, _CASES.c.second_assignee_id)
    return and_(here, or_(*(column == waiting.assignee_id for column in mine)))


def _within(area_code: str) -> ColumnElement[bool]:
    root = select(_AREAS.c.path).where(_AREAS.c.code == area_code).scalar_subquery()
    below = select(_AREAS.c.id).where(func.substr(_AREAS.c.path, 1, func.length(root)) == root)
    inside: ColumnElement[bool] = _CASES.c.area_id.in_(below)
    return inside


def _mentions(text: str, *, in_part: bool) -> ColumnElement[bool]:
    """Return the condition that a case or its venue mentions `text`; of routine cases the number is given whole."""
    literal = text.replace(ESCAPE, ESCAPE * 2).replace("%", ESCAPE + "%").replace("_", ESCAPE + "_")
    pattern = f"%{literal}%"
    named = select(_VENUES.c.id).where(
        or_(
            _VENUES.c.name.ilike(pattern, escape=ESCAPE),
            _VENUES.c.name_en.ilike(pattern, escape=ESCAPE),
            _VENUES.c.address.ilike(pattern, escape=ESCAPE),
            _VENUES.c.code == text.upper(),
        )
    )
    if not in_part:
        return or_(_CASES.c.number == text.upper(), _CASES.c.venue_id.in_(named))
    return or_(
        _CASES.c.number.ilike(pattern, escape=ESCAPE),
        _CASES.c.place.ilike(pattern, escape=ESCAPE),
        _CASES.c.venue_id.in_(named),
    )


def _ordering(order: Order) -> tuple[Any, ...]:
    cases = _CASES.c
    if order == "due":
        return cases.due_at.asc().nulls_last(), cases.id
    return cases.opened_at.desc(), cases.id.desc()


def _after(order: Order, key: tuple[str, datetime | None, UUID]) -> ColumnElement[bool]:
    kind, moment, last = key
    cases = _CASES.c
    if kind != order:
        raise BadCursor(kind)
    if order == "newest":
        if moment is None:
            raise BadCursor(kind)
        return or_(cases.opened_at < moment, and_(cases.opened_at == moment, cases.id < last))
    if moment is None:
        return and_(cases.due_at.is_(None), cases.id > last)
    return or_(cases.due_at > moment, and_(cases.due_at == moment, cases.id > last), cases.due_at.is_(None))


def _cursor(order: Order, row: Row) -> str:
    moment = row.due_at if order == "due" else row.opened_at
    key = [order, moment.isoformat() if moment else None, row.id.hex]
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, datetime | None, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        order, moment, last = json.loads(base64.urlsafe_b64decode(padded.encode()))
        read = _in_utc(datetime.fromisoformat(moment)) if moment is not None else None
        return str(order), read, UUID(last)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as wrong:
        raise BadCursor(cursor[:20]) from wrong


def _in_utc(moment: datetime) -> datetime:
    """Return the moment as it is stored; raises `ValueError` without a zone, `OverflowError` before the year 1."""
    if moment.tzinfo is None:
        raise ValueError("a cursor without a time zone")
    return moment.astimezone(UTC)
