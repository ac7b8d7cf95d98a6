"""What one person has to do on site or at their venue: cards in order of their deadlines. Patrols have their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain import access, apart, articles, cases, catalogue, places
from domain.actors import Actor
from domain.articles import Basis
from domain.catalogue import Hazard
from domain.language import Label
from domain.models import Area, Case, Venue
from domain.processes import LISTED, workflow_of
from domain.workflow import Offer

MOST = 100


@dataclass(frozen=True, slots=True)
class Task:
    """One case that is this person's, with what they can do about it now."""

    case: Case
    process: Label
    state: Label
    venue: Venue | None
    area: str | None
    place_words: str | None
    """What the reporter said of the place, for those who read it."""
    hazard: Hazard | None
    provisional: bool
    basis: Basis | None
    """What its nearest deadline rests on."""
    offers: tuple[Offer, ...]

    @property
    def where(self) -> str | None:
        """Return the best there is to say where it is: the venue, a colleague's words, the reporter's words."""
        return (self.venue.name if self.venue else self.case.place) or self.place_words

    @property
    def next(self) -> Offer | None:
        """Return the step that normally comes next, when it is this person's."""
        return next((offer for offer in self.offers if offer.enabled and offer.transition.usual), None)


@dataclass(frozen=True, slots=True)
class Tasks:
    """Mine to do now, and mine but waiting for somebody else."""

    now: tuple[Task, ...]
    waiting: tuple[Task, ...]


def tasks(session: Session, actor: Actor, *, at: datetime) -> Tasks:
    """Return the open cases assigned to the actor or of the actor's venues, nearest deadline first."""
    if actor.person_id is None:
        return Tasks((), ())
    unfinished = [state.name for flow in LISTED.values() for state in flow.states if not state.final]
    table: Any = Case.__table__  # type: ignore[attr-defined]
    mine = or_(
        table.c.assignee_id == actor.person_id,
        table.c.second_assignee_id == actor.person_id,
        table.c.venue_id.in_(actor.venue_ids),
    )
    query = (
        select(Case, Venue, Area.name)  # type: ignore[call-overload]
        .outerjoin(Venue, col(Venue.id) == table.c.venue_id)
        .outerjoin(Area, col(Area.id) == table.c.area_id)
        .where(mine, access.visible(actor), apart.not_routine(table.c), table.c.state.in_(unfinished))
        .order_by(table.c.due_at.asc().nulls_last(), table.c.id)
        .limit(MOST)
    )
    rows = session.execute(query).all()
    said = places.words_for(session, actor, [row.Case for row in rows])
    acting = access.acting_on_each(session, actor, [row.Case for row in rows])
    found = [_task(case, venue, area, said.get(case.id), acting[case.id], at=at) for case, venue, area in rows]
    unfinished_only = [task for task in found if not workflow_of(task.case.process).state(task.case.state).final]
    return Tasks(
        now=tuple(task for task in unfinished_only if task.next),
        waiting=tuple(task for task in unfinished_only if not task.next),
    )


def task_of(session: Session, case: Case, actor: Actor, *, at: datetime) -> Task:
    """Return one case as a task."""
    venue = session.get(Venue, case.venue_id) if case.venue_id else None
    area = session.get(Area, case.area_id) if case.area_id else None
    said = places.words_for(session, actor, [case]).get(case.id)
    return _task(case, venue, area.name if area else None, said, access.acting_on(session, actor, case), at=at)


def _task(case: Case, venue: Venue | None, area: str | None, said: str | None, actor: Actor, *, at: datetime) -> Task:
    workflow = workflow_of(case.process)
    readings = [reading for reading in case.clocks.values() if reading["running"]]
    due = case.due_at
    return Task(
        case=case,
        process=Label(workflow.zh, workflow.en),
        state=workflow.state(case.state).label,
        venue=venue,
        area=area,
        place_words=said,
        hazard=catalogue.hazards().get(case.hazard_code or ""),
        provisional=any(r["provisional"] and due and datetime.fromisoformat(r["due_at"]) == due for r in readings),
        basis=articles.of_due(workflow, case.clocks, due),
        offers=tuple(workflow.offers(cases.snapshot(case), actor, at=at)),
    )
