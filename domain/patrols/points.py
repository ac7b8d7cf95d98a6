"""The places of a plan: key parts and facilities of its venue, by their codes, in the order they are walked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session

from domain import catalogue
from domain.cases import FieldRefused
from domain.language import Label, Sentence
from domain.models import Facility, KeyPart, PatrolPlanPoint
from domain.patrols.plan_forms import MOST_POINTS
from domain.workflow import FieldRefusal

_FACILITIES: Any = Facility.__table__  # type: ignore[attr-defined]
_PARTS: Any = KeyPart.__table__  # type: ignore[attr-defined]
_POINTS: Any = PatrolPlanPoint.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Point:
    """A key part or a facility as a plan has it."""

    id: UUID
    is_facility: bool
    code: str
    kind: str
    name: str
    """A key part's name, a facility's number."""
    location: str
    from_on: date
    ended_on: date | None

    @property
    def kind_label(self) -> Label:
        """Return the words for its kind."""
        words = catalogue.facility_kinds() if self.is_facility else catalogue.key_part_kinds()
        found = words.get(self.kind)
        return Label(found.zh, found.en) if found else Label(self.kind, self.kind)

    def is_there(self, day: date) -> bool:
        """Return whether it is there on `day`."""
        return self.ended_on is None or self.ended_on > day


def of_venue(session: Session, venue_id: UUID, *, day: date) -> list[Point]:
    """Return what of a venue can be a point: its key parts, then its facilities by kind and number."""
    parts, facilities = _PARTS.c, _FACILITIES.c
    there = session.execute(
        _part_columns()
        .where(parts.venue_id == venue_id, or_(parts.ended_on.is_(None), parts.ended_on > day))
        .order_by(parts.kind, parts.name, parts.id)
    )
    equipment = session.execute(
        _facility_columns()
        .where(facilities.venue_id == venue_id, or_(facilities.ended_on.is_(None), facilities.ended_on > day))
        .order_by(facilities.kind, facilities.number, facilities.id)
    )
    return [*_points(there, is_facility=False), *_points(equipment, is_facility=True)]


def of_plans(session: Session, plan_ids: Collection[UUID]) -> dict[UUID, list[Point]]:
    """Return plan → its points in their order, also those that have ended."""
    if not plan_ids:
        return {}
    here = _POINTS.c.plan_id.in_(list(plan_ids))
    rows = session.execute(select(_POINTS).where(here).order_by(_POINTS.c.plan_id, _POINTS.c.seq)).all()
    named = select(_POINTS.c.facility_id).where(here), select(_POINTS.c.key_part_id).where(here)
    known = {
        point.id: point
        for point in (
            *_points(session.execute(_facility_columns().where(_FACILITIES.c.id.in_(named[0]))), is_facility=True),
            *_points(session.execute(_part_columns().where(_PARTS.c.id.in_(named[1]))), is_facility=False),
        )
    }
    found: dict[UUID, list[Point]] = {plan_id: [] for plan_id in plan_ids}
    for row in rows:
        found[row.plan_id].append(known[row.facility_id or row.key_part_id])
    return found


def chosen(
    session: Session, venue_id: UUID, codes: Sequence[str], kinds: Collection[str] = (), *, day: date
) -> tuple[Point, ...]:
    """Return the points that were chosen, in the order given, then every other facility of these kinds.

    Raises `FieldRefused` for a code that is not there at the venue on `day`.
    """
    there = of_venue(session, venue_id, day=day)
    by_code = {point.code: point for point in there}
    if any(code not in by_code for code in codes):
        reason = Sentence("Not every point is there at this venue any more; look at them again.")
        raise FieldRefused(FieldRefusal("points", reason))
    picked = dict.fromkeys(by_code[code] for code in codes)
    picked |= dict.fromkeys(point for point in there if point.is_facility and point.kind in kinds)
    if len(picked) > MOST_POINTS:
        reason = Sentence("A plan has at most %(most)s points; make several of it.", most=MOST_POINTS)
        raise FieldRefused(FieldRefusal("points", reason))
    return tuple(picked)


def rows_of(plan_id: UUID, points: Iterable[Point]) -> list[PatrolPlanPoint]:
    """Return the rows of a plan's points."""
    return [
        PatrolPlanPoint(
            plan_id=plan_id,
            seq=seq,
            facility_id=point.id if point.is_facility else None,
            key_part_id=None if point.is_facility else point.id,
        )
        for seq, point in enumerate(points, start=1)
    ]


def _facility_columns() -> Any:  # noqa: ANN401 - a select
    here = _FACILITIES.c
    return select(here.id, here.code, here.kind, here.number.label("name"), here.location, here.from_on, here.ended_on)


def _part_columns() -> Any:  # noqa: ANN401 - a select
    here = _PARTS.c
    return select(here.id, here.code, here.kind, here.name, here.location, here.from_on, here.ended_on)


def _points(rows: Iterable[Any], *, is_facility: bool) -> list[Point]:
    return [Point(row.id, is_facility, row.code, row.kind, row.name, row.location, row.from_on, row.ended_on)
            for row in rows]  # fmt: skip
