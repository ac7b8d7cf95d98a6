"""What one patrol is about: its venue, its points in their order, its checklist; read once for phone, sync and page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import catalogue
from domain.language import Label
from domain.models import ChecklistVersion, Facility, KeyPart, PatrolPlanPoint, PatrolTask, Venue
from domain.patrols import items, templates
from domain.patrols.items import Item

VENUE_ITSELF = 0
"""The point that is the venue's own door."""


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a plan."""

    seq: int
    id: UUID
    """Of the facility or key part."""
    code: str
    name: Label
    kind: str
    """facility or key_part."""
    facility_kind: str | None
    location: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One task with all that is asked."""

    task: PatrolTask
    venue: Venue
    points: tuple[Point, ...]
    version: ChecklistVersion
    by_seq: Mapping[int, Point]
    codes: Mapping[str, int]
    """Code → number of the point it stands at."""

    @property
    def asked(self) -> list[tuple[int, Item]]:
        """Return (point, item) in the order of a round."""
        return items.asked(
            templates.items_of(self.version), [(point.seq, point.facility_kind) for point in self.points]
        )


def sheet_of(session: Session, task: PatrolTask) -> Sheet:
    """Return what a task is about."""
    venue, version = session.get_one(Venue, task.venue_id), session.get_one(ChecklistVersion, task.version_id)
    points = points_of(session, [task.plan_id]).get(task.plan_id, ())
    codes = {venue.code: VENUE_ITSELF, **{point.code: point.seq for point in points}}
    return Sheet(task, venue, points, version, {point.seq: point for point in points}, codes)


def points_of(session: Session, plan_ids: Iterable[UUID]) -> dict[UUID, tuple[Point, ...]]:
    """Return plan → its points in their order."""
    query = (
        select(PatrolPlanPoint, Facility, KeyPart)
        .outerjoin(Facility, col(Facility.id) == col(PatrolPlanPoint.facility_id))
        .outerjoin(KeyPart, col(KeyPart.id) == col(PatrolPlanPoint.key_part_id))
        .where(col(PatrolPlanPoint.plan_id).in_(list(plan_ids)))
        .order_by(col(PatrolPlanPoint.plan_id), col(PatrolPlanPoint.seq))
    )
    found: dict[UUID, list[Point]] = {}
    for row, facility, part in session.execute(query):
        found.setdefault(row.plan_id, []).append(_point(row.seq, facility, part))
    return {plan: tuple(points) for plan, points in found.items()}


def _point(seq: int, facility: Facility | None, part: KeyPart | None) -> Point:
    if facility is not None:
        kind = catalogue.facility_kinds().get(facility.kind)
        zh, en = (kind.zh, kind.en) if kind else (facility.kind, facility.kind)
        name = Label(f"{zh} {facility.number}".strip(), f"{en} {facility.number}".strip())
        return Point(seq, facility.id, facility.code, name, "facility", facility.kind, facility.location)
    if part is None:
        msg = f"point {seq} of a plan is neither a facility nor a key part"
        raise LookupError(msg)
    return Point(seq, part.id, part.code, Label(part.name, part.name), "key_part", None, part.location)
