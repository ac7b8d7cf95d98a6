"""What a count of patrols is asked for: which days, of which area, venue, checklist and frequency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from domain import access, catalogue, people
from domain.access import OutOfReach
from domain.actors import Actor
from domain.asking import AskedWrongly, day_in
from domain.language import Sentence
from domain.models import Area, ChecklistTemplate, ChecklistVersion, PatrolTask, Venue
from domain.queries.venue_page import seen
from domain.register_log import plain
from domain.rights import RIGHTS, Right
from domain.table import FieldRefusal
from domain.venues import UnknownVenue

LONGEST_DAYS = 366
"""A longer period is a slip of the hand, and twenty million tasks."""
FIELDS = ("from", "until", "area", "venue", "template", "frequency", "campaign")
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Asked:
    """Days are the city's, both ends included; a filter left alone asks for all."""

    from_on: date
    until_on: date
    area_id: UUID | None = None
    """With everything below it."""
    venue_id: UUID | None = None
    template_id: UUID | None = None
    frequency: str | None = None
    campaign_id: UUID | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {name: plain(value) for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Asked:
        """Return what `as_data` wrote down."""
        area, venue, template, campaign = (
            UUID(data[name]) if name in data else None for name in ("area_id", "venue_id", "template_id", "campaign_id")
        )
        days = date.fromisoformat(data["from_on"]), date.fromisoformat(data["until_on"])
        return cls(*days, area, venue, template, data.get("frequency"), campaign)


def read(session: Session, fields: Mapping[str, str], *, actor: Actor, at: datetime) -> Asked:
    """Return what a form or an address asks for; without days, the month of `at` up to its day.

    Fields: `from`, `until` (ISO dates), `area`, `venue`, `template` (codes), `frequency`, `campaign` (an id). Raises
    `AskedWrongly` with a refusal per field, and `access.OutOfReach` for an area or a venue the actor may not know of.
    """
    today = people.local_day(at)
    refusals: list[FieldRefusal] = []
    begins = day_in(fields, "from", refusals) or today.replace(day=1)
    ends = day_in(fields, "until", refusals) or max(today, begins)
    if not refusals and begins > ends:
        refusals.append(FieldRefusal("until", Sentence("The last day is before the first.")))
    elif (ends - begins).days >= LONGEST_DAYS:
        refusals.append(FieldRefusal("until", Sentence("Ask for a year at most.")))
    frequency = fields.get("frequency") or None
    if frequency is not None and frequency not in catalogue.frequencies():
        refusals.append(FieldRefusal("frequency", Sentence("There is no such frequency.")))
    template_id = _template(session, fields.get("template") or "", refusals)
    area_id = _area(session, fields.get("area") or "", actor)
    venue_id = _venue(session, fields.get("venue") or "", actor)
    campaign_id = _campaign(fields.get("campaign") or "", refusals)
    if refusals:
        raise AskedWrongly(tuple(refusals))
    return Asked(begins, ends, area_id, venue_id, template_id, frequency, campaign_id)


def _campaign(text: str, refusals: list[FieldRefusal]) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        refusals.append(FieldRefusal("campaign", Sentence("There is no such campaign.")))
        return None


def _template(session: Session, code: str, refusals: list[FieldRefusal]) -> UUID | None:
    if not code:
        return None
    found: UUID | None = session.execute(
        select(col(ChecklistTemplate.id)).where(col(ChecklistTemplate.code) == code)
    ).scalar()
    if found is None:
        refusals.append(FieldRefusal("template", Sentence("There is no such checklist.")))
    return found


def _area(session: Session, code: str, actor: Actor) -> UUID | None:
    if not code:
        return None
    area: Area | None = session.execute(select(Area).where(col(Area.code) == code)).scalar_one_or_none()
    # Whoever counts part of an area may ask for it: the numbers are of their part.
    paths = access.area_paths(actor, RIGHTS[Right.SEE_PATROLS])
    near = area is not None and any(
        path is None or area.path.startswith(path) or path.startswith(area.path) for path in paths
    )
    if area is None or not near:
        raise OutOfReach(code)
    return area.id


def _venue(session: Session, code: str, actor: Actor) -> UUID | None:
    if not code:
        return None
    try:
        venue: Venue = seen(session, actor, code)
    except UnknownVenue as unknown:
        raise OutOfReach(code) from unknown
    return venue.id


def conditions(session: Session, asked: Asked, *, actor: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions on `patrol_task` that leave what is asked for, within the actor's reach."""
    found = [
        _TASKS.c.day.between(asked.from_on, asked.until_on),
        access.rows_visible(actor, Right.SEE_PATROLS, area_id=_TASKS.c.area_id, venue_id=_TASKS.c.venue_id),
    ]
    if asked.area_id is not None:
        found.append(_TASKS.c.area_id.in_(access.below(session.get_one(Area, asked.area_id).path)))
    if asked.venue_id is not None:
        found.append(_TASKS.c.venue_id == asked.venue_id)
    if asked.frequency is not None:
        found.append(_TASKS.c.frequency == asked.frequency)
    if asked.campaign_id is not None:
        found.append(_TASKS.c.campaign_id == asked.campaign_id)
    if asked.template_id is not None:
        versions = select(col(ChecklistVersion.id)).where(col(ChecklistVersion.template_id) == asked.template_id)
        found.append(_TASKS.c.version_id.in_(versions))
    return found
