"""The facilities of one venue: by kind and number, page by page. The caller asked whether the venue may be known."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, or_, select, tuple_
from sqlmodel import Session

from domain import catalogue
from domain.catalogue import FacilityKind
from domain.models import Building, Facility, Floor, KeyPart, Person
from domain.queries.case_list import BadCursor

PAGE_SIZE = 50
LARGEST_PAGE = 200
MOST_COUNTED = 1000
EXPIRING_WITHIN = timedelta(days=30)

_FACILITIES: Any = Facility.__table__  # type: ignore[attr-defined]
_BUILDINGS: Any = Building.__table__  # type: ignore[attr-defined]
_FLOORS: Any = Floor.__table__  # type: ignore[attr-defined]
_PARTS: Any = KeyPart.__table__  # type: ignore[attr-defined]
_PEOPLE: Any = Person.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facilities somebody asks for; a field left alone asks for all that are there."""

    kind: str | None = None
    responsible_id: UUID | None = None
    unassigned: bool = False
    expiring: bool = False
    """To be serviced or replaced within thirty days, or too late for it."""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One facility as a list shows it."""

    id: UUID
    code: str
    kind: str
    number: str
    location: str
    building: str | None
    floor: int | None
    key_part: str | None
    responsible: str | None
    expires_on: date | None
    ended_on: date | None

    @property
    def kind_label(self) -> FacilityKind:
        """Return the words for its kind."""
        return catalogue.facility_kinds().get(self.kind) or catalogue.facility_kinds()["other"]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, the cursor of those after them (None on the last page), and how many there are (at most 1,000)."""

    rows: tuple[Row, ...]
    next_cursor: str | None
    count: int


def page(
    session: Session, venue_id: UUID, wanted: Wanted, *, day: date, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page:
    """Return one page of a venue's facilities; raises `BadCursor`."""
    size = max(1, min(size, LARGEST_PAGE))
    where = _conditions(venue_id, wanted, day)
    key = (_FACILITIES.c.kind, _FACILITIES.c.number, _FACILITIES.c.id)
    query = _rows().where(*where).order_by(*key).limit(size + 1)
    if cursor:
        kind, number, last = _read_cursor(cursor)
        query = query.where(tuple_(*key) > tuple_(literal(kind), literal(number), literal(last, key[2].type)))
    rows = [Row(*row) for row in session.execute(query)]
    more, rows = len(rows) > size, rows[:size]
    counted = len(rows) if not more and not cursor else _count(session, where)
    return Page(tuple(rows), _cursor(rows[-1]) if more else None, counted)


def kinds_of(session: Session, venue_id: UUID) -> list[tuple[FacilityKind, int]]:
    """Return the kinds of facilities a venue has, and how many of each, in the catalogue's order."""
    here = (_FACILITIES.c.venue_id == venue_id, _FACILITIES.c.ended_on.is_(None))
    query = select(_FACILITIES.c.kind, func.count()).where(*here).group_by(_FACILITIES.c.kind)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(query)}
    return [(kind, counts[kind.code]) for kind in catalogue.facility_kinds().values() if kind.code in counts]


def _rows() -> Any:  # noqa: ANN401 - SQLAlchemy's select of eleven columns
    here = _FACILITIES.c
    return (
        select(
            here.id, here.code, here.kind, here.number, here.location, _BUILDINGS.c.name, _FLOORS.c.number,
            _PARTS.c.name, _PEOPLE.c.name, here.expires_on, here.ended_on,
        )
        .select_from(_FACILITIES)
        .outerjoin(_BUILDINGS, _BUILDINGS.c.id == here.building_id)
        .outerjoin(_FLOORS, _FLOORS.c.id == here.floor_id)
        .outerjoin(_PARTS, _PARTS.c.id == here.key_part_id)
        .outerjoin(_PEOPLE, _PEOPLE.c.id == here.responsible_id)
    )  # fmt: skip


def _conditions(venue_id: UUID, wanted: Wanted, day: date) -> list[ColumnElement[bool]]:
    here = _FACILITIES.c
    found: list[ColumnElement[bool]] = [
        here.venue_id == venue_id,
        here.ended_on.is_not(None) if wanted.ended else or_(here.ended_on.is_(None), here.ended_on > day),
    ]
    if wanted.kind:
        found.append(here.kind == wanted.kind)
    if wanted.responsible_id:
        found.append(here.responsible_id == wanted.responsible_id)
    if wanted.unassigned:
        found.append(here.responsible_id.is_(None))
    if wanted.expiring:
        found.append(here.expires_on <= day + EXPIRING_WITHIN)
    return found


def _count(session: Session, where: list[ColumnElement[bool]]) -> int:
    found = select(_FACILITIES.c.id).where(*where).limit(MOST_COUNTED).subquery()
    return int(session.execute(select(func.count()).select_from(found)).scalar_one())


def _cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.kind, row.number, row.id.hex]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, str, UUID]:
    try:
        kind, number, last = json.loads(base64.urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode()))
        if not isinstance(kind, str) or not isinstance(number, str) or "\x00" in kind + number:
            raise BadCursor(cursor[:20])
        return kind, number, UUID(last)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as wrong:
        raise BadCursor(cursor[:20]) from wrong
