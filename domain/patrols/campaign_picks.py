"""Which venues a special campaign goes to: picked by class, area, industry, past hazards, key unit, last visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlmodel import Session, col

from domain import access, people
from domain.actors import Actor, Role
from domain.forms import Form, line_field, text_field
from domain.language import N_
from domain.models import Area, Case, PatrolTask, Person, Venue
from domain.patrols.wanted import open_on
from domain.register_forms import Day, date_field, number_field
from domain.rights import Right

MOST_VENUES = 20_000
"""More is no campaign but a slip of the hand."""
DAYS_OF_MONTH = 31
_VENUES: Any = Venue.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]


class CampaignFacts(Form):
    """A campaign as its form says it: what is checked, by when, and where."""

    title: str = line_field(N_("Name of the campaign"), limit=80)
    note: str | None = text_field(N_("What it is about"), limit=1000, required=False)
    checklist: str = line_field(N_("Checklist"), limit=80)
    """Code of a checklist of the city's."""
    due_on: Day = date_field(N_("To be done by"))
    area: str | None = line_field(N_("Area"), limit=40, required=False)
    classes: list[str] = Field(default_factory=list, max_length=40, title=N_("Classes of venues"))
    industry: str | None = line_field(N_("Line of business"), limit=40, required=False)
    category: str | None = line_field(N_("With a past hazard of this kind"), limit=8, required=False)
    months: int | None = number_field(N_("Hazards of the last months (empty: open ones)"), least=1, most=60)
    key_units: bool = Field(default=False, title=N_("Key units only"))
    not_visited_since: Day | None = date_field(N_("Not visited by a warden since"))


@dataclass(frozen=True, slots=True)
class Criteria:
    """What venues are picked by; what is left alone asks for nothing."""

    classes: tuple[str, ...] = ()
    area_id: UUID | None = None
    industry: str | None = None
    category: str | None = None
    """Of hazards, such as EVA, or `*` for any."""
    months: int | None = None
    """Hazards found in the last months; None: rectifications and reports that are open."""
    key_units: bool = False
    not_visited_since: date | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the campaign keeps it."""
        since = self.not_visited_since
        return {
            "classes": list(self.classes), "area_id": str(self.area_id) if self.area_id else None,
            "industry": self.industry, "category": self.category, "months": self.months, "key_units": self.key_units,
            "not_visited_since": since.isoformat() if since else None,
        }  # fmt: skip

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> Criteria:
        """Return what `to_json` wrote down."""
        since = row.get("not_visited_since")
        return cls(
            tuple(row.get("classes", ())), UUID(row["area_id"]) if row.get("area_id") else None, row.get("industry"),
            row.get("category"), row.get("months"), bool(row.get("key_units")),
            date.fromisoformat(since) if since else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picked:
    """A venue that was picked, and whose its task will be."""

    venue_id: UUID
    area_id: UUID
    name: str
    warden_id: UUID | None
    """None: nobody is in charge of its area; the task is of whoever will be."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many tasks a warden gets."""

    person_id: UUID | None
    name: str
    venues: int


def conditions(session: Session, criteria: Criteria, *, actor: Actor, at: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions on `venue` that leave those to go to, within the actor's reach."""
    day = people.local_day(at)
    found = [access.venues_visible(actor, Right.PUBLISH_PATROLS), *open_on(day)]
    if criteria.classes:
        found.append(_VENUES.c.class_code.in_(criteria.classes))
    if criteria.area_id is not None:
        found.append(_VENUES.c.area_id.in_(access.below(session.get_one(Area, criteria.area_id).path)))
    if criteria.industry:
        found.append(_VENUES.c.industry == criteria.industry)
    if criteria.key_units:
        found.append(_VENUES.c.key_unit_since <= day)
    if criteria.category:
        found.append(_had_hazard(criteria, at))
    if criteria.not_visited_since is not None:
        found.append(~_visited(criteria.not_visited_since))
    return found


def _had_hazard(criteria: Criteria, at: datetime) -> ColumnElement[bool]:
    cases = _CASES.c
    here = [cases.venue_id == _VENUES.c.id, cases.process.in_(("hazard_report", "rectification"))]
    if criteria.category == "*":
        here.append(cases.hazard_code.is_not(None))
    else:
        here.append(cases.hazard_code.like(f"{criteria.category}-%"))
    if criteria.months is None:
        here.append(cases.closed_at.is_(None))
    else:
        since = at - timedelta(days=DAYS_OF_MONTH * criteria.months)
        here.append(or_(cases.closed_at.is_(None), cases.opened_at >= since))
    return exists().where(and_(*here))


def _visited(since: date) -> ColumnElement[bool]:
    """Return whether a warden has carried out a patrol there since that day."""
    wardens = _TASKS.c.role == Role.WARDEN.value
    done = _TASKS.c.outcome.in_(("done", "late"))
    return exists().where(_TASKS.c.venue_id == _VENUES.c.id, done, wardens, _TASKS.c.day >= since)


def venues(session: Session, criteria: Criteria, *, actor: Actor, at: datetime) -> list[Picked]:
    """Return the venues to go to, by area and id, each with its area's warden."""
    query = select(_VENUES.c.id, _VENUES.c.area_id, _VENUES.c.name).where(
        *conditions(session, criteria, actor=actor, at=at)
    )
    rows = session.execute(query.order_by(_VENUES.c.area_id, _VENUES.c.id).limit(MOST_VENUES + 1)).all()
    day = people.local_day(at)
    wardens: dict[UUID, UUID | None] = {}
    for area_id in {row.area_id for row in rows}:
        held = people.in_charge(session, Role.WARDEN, area_id, day=day)
        wardens[area_id] = held[0].id if held else None
    return [Picked(row.id, row.area_id, row.name, wardens[row.area_id]) for row in rows]


def loads(session: Session, picked: list[Picked]) -> list[Load]:
    """Return how many each warden gets, the most first."""
    counted = Counter(one.warden_id for one in picked)
    query = select(col(Person.id), col(Person.name)).where(col(Person.id).in_([one for one in counted if one]))
    names = {row.id: row.name for row in session.execute(query)}
    found = [Load(who, names.get(who, "") if who else "", count) for who, count in counted.items()]
    return sorted(found, key=lambda load: (-load.venues, load.name))
