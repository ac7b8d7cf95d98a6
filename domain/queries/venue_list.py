"""The list of venues a person may know of: searched, filtered, page by page; for the page and for programs.

Pages follow the name and the id, so that nothing is skipped or doubled while venues come and go.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, false, func, or_, select, tuple_
from sqlalchemy import literal as value
from sqlalchemy.orm import aliased
from sqlmodel import Session

from domain import access
from domain.actors import Actor
from domain.credit_code import clean_credit_code
from domain.identifiers import NotAnIdentifier, clean_phone, clean_venue_code
from domain.models import Area, Person, Venue, VenueCode
from domain.queries.case_list import BadCursor

PAGE_SIZE = 50
LARGEST_PAGE = 200
MOST_COUNTED = 1000
LONGEST_SEARCH = 100
ESCAPE = "\\"
SHORTEST_PHONE = 7

State = Literal["there", "open", "suspended", "closed", "all"]
STATES: tuple[State, ...] = ("there", "open", "suspended", "closed", "all")
"""`there`: open or suspended; `open`: neither suspended nor closed."""

_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_CODES: Any = VenueCode.__table__  # type: ignore[attr-defined]
_OWNERS: Any = aliased(Person.__table__, name="owner")  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which venues somebody asks for; a field left alone asks for all that are there."""

    q: str = ""
    """A part of the name or address; or a whole code, credit code or telephone number."""
    area: str | None = None
    """Code of an area; those below it belong to it."""
    class_code: str | None = None
    industry: str | None = None
    state: State = "there"
    key_unit: bool = False
    without_owner: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One venue as a list shows it."""

    id: UUID
    code: str
    name: str
    name_en: str
    class_code: str
    industry: str | None
    address: str
    area_code: str
    area_name: str
    area_name_en: str
    owner_name: str | None
    opened_on: date
    suspended_on: date | None
    closed_on: date | None
    key_unit_since: date | None

    @property
    def state(self) -> str:
        """Return open, suspended or closed."""
        return "closed" if self.closed_on else "suspended" if self.suspended_on else "open"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, the cursor of those after them (None on the last page), and how many there are in all."""

    rows: tuple[Row, ...]
    next_cursor: str | None
    count: int
    """At most `MOST_COUNTED`, which stands for that many or more."""


def page(session: Session, actor: Actor, wanted: Wanted, *, cursor: str | None = None, size: int = PAGE_SIZE) -> Page:
    """Return one page of what `actor` may know of, by name; raises `BadCursor`."""
    size = max(1, min(size, LARGEST_PAGE))
    where = [access.venues_visible(actor), *conditions(session, wanted)]
    after = [_after(cursor)] if cursor else []
    found = _ids(where + after).order_by(_VENUES.c.name, _VENUES.c.id).limit(_written(size + 1)).subquery("page")
    rows = [Row(*row) for row in session.execute(_rows(found))]
    more, rows = len(rows) > size, rows[:size]
    counted = len(rows) if not more and not cursor else _count(session, where)
    return Page(tuple(rows), _cursor(rows[-1]) if more else None, counted)


def _ids(where: Sequence[ColumnElement[bool]]) -> Any:  # noqa: ANN401 - a select of ids
    return select(_VENUES.c.id).where(*where)


def _rows(found: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's select of fifteen columns
    venues, areas = _VENUES.c, _AREAS.c
    return (
        select(
            venues.id, venues.code, venues.name, venues.name_en, venues.class_code, venues.industry, venues.address,
            areas.code, areas.name, areas.name_en, _OWNERS.c.name, venues.opened_on, venues.suspended_on,
            venues.closed_on, venues.key_unit_since,
        )
        .select_from(found)
        .join(_VENUES, venues.id == found.c.id)
        .join(_AREAS, areas.id == venues.area_id)
        .outerjoin(_OWNERS, _OWNERS.c.id == venues.owner_id)
        .order_by(venues.name, venues.id)
    )  # fmt: skip


def _count(session: Session, where: Sequence[ColumnElement[bool]]) -> int:
    found = _ids(where).limit(_written(MOST_COUNTED)).subquery()
    return int(session.execute(select(func.count()).select_from(found)).scalar_one())


def conditions(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions on `venue` that leave what is wanted."""
    venues = _VENUES.c
    found = _of_state(wanted.state)
    if wanted.area:
        path = session.execute(select(_AREAS.c.path).where(_AREAS.c.code == wanted.area)).scalar()
        found.append(venues.area_id.in_(access.below(path or "-")))
    if wanted.class_code:
        found.append(venues.class_code == wanted.class_code)
    if wanted.industry:
        found.append(venues.industry == wanted.industry)
    if wanted.key_unit:
        found.append(venues.key_unit_since.is_not(None))
    if wanted.without_owner:
        found.append(venues.owner_id.is_(None))
    if text := wanted.q.replace("\x00", "").strip()[:LONGEST_SEARCH]:
        found.append(_meant_by(session, text))
    return found


def _of_state(state: State) -> list[ColumnElement[bool]]:
    venues = _VENUES.c
    match state:
        case "all":
            return []
        case "closed":
            return [venues.closed_on.is_not(None)]
        case "suspended":
            return [venues.closed_on.is_(None), venues.suspended_on.is_not(None)]
        case "open":
            return [venues.closed_on.is_(None), venues.suspended_on.is_(None)]
        case _:
            return [venues.closed_on.is_(None)]


def _meant_by(session: Session, text: str) -> ColumnElement[bool]:
    """Return the condition for what was typed: what proves itself a code is looked up as one, by its index."""
    venues = _VENUES.c
    found: ColumnElement[bool]
    if code := _cleaned(clean_venue_code, text):
        # One after the other: "this code or a former one" in a single condition would read every venue.
        known = session.execute(select(venues.id).where(venues.code == code)).scalar()
        former = known or session.execute(select(_CODES.c.venue_id).where(_CODES.c.code == code)).scalar()
        found = venues.id == former if former else false()
    elif code := _cleaned(clean_credit_code, text):
        found = venues.credit_code == code
    elif len(text) >= SHORTEST_PHONE and (phone := _cleaned(clean_phone, text)):
        found = venues.phone == phone
    else:
        found = _mentions(session, text)
    return found


def _cleaned(clean: Callable[[str], str], text: str) -> str:
    try:
        return clean(text)
    except NotAnIdentifier:
        return ""


def _mentions(session: Session, text: str) -> ColumnElement[bool]:
    literal = text.replace(ESCAPE, ESCAPE * 2).replace("%", ESCAPE + "%").replace("_", ESCAPE + "_")
    pattern = _written(f"%{literal}%")
    columns = (_VENUES.c.name, _VENUES.c.name_en, _VENUES.c.address)
    # Chinese has no capitals, and SQLite's LIKE minds none in ASCII. PostgreSQL folds those in half the time when told
    # that there are no others.
    if text.lower() != text.upper() and session.get_bind().dialect.name == "postgresql":
        return or_(*(column.collate("C").ilike(pattern, escape=ESCAPE) for column in columns))
    return or_(*(column.like(pattern, escape=ESCAPE) for column in columns))


def _written(given: str | int) -> Any:  # noqa: ANN401 - a bound parameter
    """Return a value that is written into the statement, quoted, and not sent beside it.

    For a pattern and a limit it does not know, PostgreSQL's plan of a prepared statement expects many venues, walks all
    of them in the order of their names, and takes four times as long when only a few fit.
    """
    return bindparam(None, given, unique=True, literal_execute=True)


def _after(cursor: str) -> ColumnElement[bool]:
    name, last = _read_cursor(cursor)
    return tuple_(_VENUES.c.name, _VENUES.c.id) > tuple_(value(name), value(last, _VENUES.c.id.type))


def _cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.name, row.id.hex]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, last = json.loads(base64.urlsafe_b64decode(padded.encode()))
        if not isinstance(name, str) or "\x00" in name:
            raise BadCursor(cursor[:20])
        return name, UUID(last)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as wrong:
        raise BadCursor(cursor[:20]) from wrong
