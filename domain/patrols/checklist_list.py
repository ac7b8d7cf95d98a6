"""Checklists as their list shows them: those of the city and of the venues one sees, by what they are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session

from domain import access
from domain.actors import Actor
from domain.models import Area, ChecklistTemplate, ChecklistVersion, Venue
from domain.rights import Right

PAGE_SIZE = 50
_TEMPLATES: Any = ChecklistTemplate.__table__  # type: ignore[attr-defined]
_VERSIONS: Any = ChecklistVersion.__table__  # type: ignore[attr-defined]
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_AREAS: Any = Area.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed by; "" for all."""

    q: str = ""
    """Part of the name."""
    venue_type: str = ""
    frequency: str = ""
    whose: str = ""
    """city, own (of a venue); "": both."""
    ended: bool = False
    """Those that have ended besides."""


@dataclass(frozen=True, slots=True)
class Line:
    """One checklist of the list."""

    template: ChecklistTemplate
    venue: Venue | None
    area: Area | None
    version: int
    """Number of the version that is asked on the day; 0: none yet."""
    items: int
    """How many it asks then."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list; `after` leads to the next one, None: there is none."""

    lines: tuple[Line, ...]
    after: UUID | None


def page(session: Session, wanted: Wanted, *, actor: Actor, day: date, after: UUID | None = None) -> Page:
    """Return the checklists the actor may know of, by name; `after` is the last one of the page before."""
    own = select(_VENUES.c.id).where(access.venues_visible(actor, Right.SEE_PATROLS))
    conditions = [or_(_TEMPLATES.c.venue_id.is_(None), _TEMPLATES.c.venue_id.in_(own))]
    exact = {"venue_type": wanted.venue_type, "frequency": wanted.frequency}
    conditions += [_TEMPLATES.c[name] == value for name, value in exact.items() if value]
    if wanted.q:
        said = f"%{_escaped(wanted.q)}%"
        conditions.append(or_(_TEMPLATES.c.zh.ilike(said, escape="\\"), _TEMPLATES.c.en.ilike(said, escape="\\")))
    if wanted.whose:
        is_city = _TEMPLATES.c.venue_id.is_(None)
        conditions.append(is_city if wanted.whose == "city" else ~is_city)
    if not wanted.ended:
        conditions.append(or_(_TEMPLATES.c.ended_on.is_(None), _TEMPLATES.c.ended_on > day))
    if after is not None:
        last = session.get(ChecklistTemplate, after)
        if last is not None:
            beyond = and_(_TEMPLATES.c.zh == last.zh, _TEMPLATES.c.id > last.id)
            conditions.append(or_(_TEMPLATES.c.zh > last.zh, beyond))
    query = (
        select(ChecklistTemplate, Venue, Area)
        .outerjoin(_VENUES, _VENUES.c.id == _TEMPLATES.c.venue_id)
        .outerjoin(_AREAS, _AREAS.c.id == _TEMPLATES.c.area_id)
        .where(*conditions)
        .order_by(_TEMPLATES.c.zh, _TEMPLATES.c.id)
        .limit(PAGE_SIZE + 1)
    )
    rows = session.execute(query).all()
    newest = _asked(session, [row[0].id for row in rows], day)
    lines = tuple(Line(row[0], row[1], row[2], *newest.get(row[0].id, (0, 0))) for row in rows[:PAGE_SIZE])
    return Page(lines, lines[-1].template.id if len(rows) > PAGE_SIZE else None)


def _asked(session: Session, template_ids: Sequence[UUID], day: date) -> dict[UUID, tuple[int, int]]:
    numbers = (
        select(_VERSIONS.c.template_id, func.max(_VERSIONS.c.number).label("number"))
        .where(_VERSIONS.c.template_id.in_(list(template_ids)), _VERSIONS.c.from_on <= day)
        .group_by(_VERSIONS.c.template_id)
        .subquery()
    )
    is_it = (_VERSIONS.c.template_id == numbers.c.template_id) & (_VERSIONS.c.number == numbers.c.number)
    rows = session.execute(
        select(_VERSIONS.c.template_id, _VERSIONS.c.number, _VERSIONS.c["items"]).join(numbers, is_it)
    )
    return {row.template_id: (row.number, len(row[2])) for row in rows}


def _escaped(text: str) -> str:
    return text[:80].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
