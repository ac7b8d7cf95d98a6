"""Each warden's tasks against what an administrator set as the target; for supervisors and leaders of that reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlmodel import Session

from domain import access, people, product_settings
from domain.actors import Actor, Role
from domain.models import Area, Person, Post
from domain.queries import map_data
from domain.queries.shares import NOTHING, Share
from domain.reporting.cockpit import DAYS
from domain.rights import RIGHTS, Right
from domain.settings import city_zone

if TYPE_CHECKING:
    from domain.reporting.month import Runs

ON_SITE = ("verify", "verify_again", "recheck")
"""Clocks that measure the work of whoever a case is assigned to."""
MOST_PEOPLE = 2000
"""More wardens than a city has."""

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_PEOPLE: Any = Person.__table__  # type: ignore[attr-defined]
_POSTS: Any = Post.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Targets:
    """Per cent, as an administrator set them."""

    on_time: int
    discovery: int


@dataclass(frozen=True, slots=True)
class Work:
    """One warden's tasks on the cases of the thirty days."""

    person_id: UUID
    name: str
    in_time: int = 0
    late: int = 0
    """Done after their deadline, or given up after it."""
    overdue: int = 0
    running: int = 0
    discovery: Share = NOTHING
    """The reports in which a hazard was found among those checked."""
    runs: tuple[Runs, ...] = ()
    """What the numbers are made of."""

    @property
    def on_time(self) -> Share:
        """Return the tasks done in time among those decided."""
        return Share(self.in_time, self.in_time + self.late + self.overdue)


def targets(session: Session) -> Targets:
    """Return the targets in force."""
    return Targets(
        int(product_settings.value(session, "target_on_time")), int(product_settings.value(session, "target_discovery"))
    )


def work_of_each(session: Session, actor: Actor, *, at: datetime) -> tuple[Work, ...] | None:
    """Return each warden's work within the actor's reach, by name; None for whom it is no business."""
    roles = RIGHTS[Right.SEE_TARGETS]
    if not access.may(actor, Right.SEE_TARGETS):
        return None
    from domain.reporting.month import Month, Tasks  # noqa: PLC0415 - numpy: 0.1 s and 20 MB that few parts need

    today = at.astimezone(city_zone()).date()
    wardens = _wardens(session, actor, today)
    month = Month(
        session, actor, from_on=today - timedelta(days=DAYS - 1), until_on=today,
        at=min(at, map_data.measured_until(session) or at), roles=roles,
    )  # fmt: skip
    tasks, none = month.by_person(ON_SITE), Tasks()
    found = ((person_id, name, tasks.get(person_id, none)) for person_id, name in wardens.items())
    return tuple(
        Work(
            person_id,
            name,
            one.of("in_time"),
            one.of("late", "left_late"),
            one.of("overdue"),
            one.of("running"),
            one.discovery,
            one.runs,
        )
        for person_id, name, one in found
    )


def _wardens(session: Session, actor: Actor, day: date) -> dict[UUID, str]:
    """Return whoever holds a warden's post in an area of the actor's reach, by name."""
    query = (
        select(_PEOPLE.c.id, _PEOPLE.c.name)
        .join(_POSTS, _POSTS.c.person_id == _PEOPLE.c.id)
        .join(_AREAS, _AREAS.c.id == _POSTS.c.area_id)
        .where(_POSTS.c.role == Role.WARDEN.value, *people.valid_on(day))
        .order_by(_PEOPLE.c.name, _PEOPLE.c.id)
        .limit(MOST_PEOPLE)
        .distinct()
    )
    paths = access.area_paths(actor, RIGHTS[Right.SEE_TARGETS])
    if None not in paths:
        query = query.where(or_(*(func.substr(_AREAS.c.path, 1, len(path)) == path for path in paths if path)))
    return {row.id: row.name for row in session.execute(query)}
