"""Plans as people make them: what is checked at a venue, when, where and by whom, from which day.

A change ends the row in force and begins another of the same series; what was planned under the old one stays with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain import access, catalogue, people, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import Actor
from domain.cases import FieldRefused
from domain.identifiers import new_id
from domain.language import Sentence
from domain.models import ChecklistTemplate, PatrolPlan, PatrolTask, Venue
from domain.patrols import offered, points, rhythm
from domain.patrols.plan_forms import Carrier, PatrolRole, PlanChange, PlanEnd, PlanFacts
from domain.patrols.points import Point
from domain.patrols.schedule import Rule, RuleRefused
from domain.register_forms import YesNo
from domain.register_lock import NotNow
from domain.rights import Right
from domain.venue_register import held_open
from domain.workflow import FieldRefusal

KIND = "patrol_plan"
FARTHEST = timedelta(days=730)
"""How far ahead a plan or a change may begin."""
_SAID = ("title", "template_id", "who", "person_id", "role", "roster_id", "is_late_allowed", "grace_minutes")


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan as a form means it, not stored."""

    venue: Venue
    template: ChecklistTemplate
    rule: Rule
    values: dict[str, Any]
    """Of the row, but for its ids, its days and who made it."""
    points: tuple[Point, ...]

    def row(self, **more: Any) -> PatrolPlan:  # noqa: ANN401 - columns
        """Return the row it becomes."""
        return PatrolPlan(venue_id=self.venue.id, **self.values, **more)


def draft(session: Session, venue: Venue, facts: PlanFacts, *, at: datetime, day: date, now: Any = None) -> Draft:  # noqa: ANN401
    """Return what a form means for the venue from `day` on; raises `FieldRefused`.

    `now`: the row it changes, whose checklist may stay. A checklist of the catalogue is entered at its first use.
    """
    template = offered.checklist(session, venue, facts.checklist, at=at, day=day, kept=now)
    try:
        rule = rhythm.rule_of(template.frequency, facts)
    except RuleRefused as wrong:
        raise _refused(rhythm.FIELDS.get(wrong.field, wrong.field), wrong.reason) from wrong
    grace = facts.grace_minutes
    values = {
        "template_id": template.id,
        "title": facts.title or template.zh,
        "kind": rule.kind,
        "rule": rule.to_json(),
        "rule_key": rule.digest(),
        "is_late_allowed": facts.is_late_allowed is YesNo.YES,
        "grace_minutes": catalogue.frequencies()[template.frequency].grace_minutes if grace is None else grace,
        **_carrier(session, venue, facts, day=day, at=at),
    }
    return Draft(venue, template, rule, values, points.chosen(session, venue.id, facts.points, facts.kinds, day=day))


def create(
    session: Session, venue_id: UUID, facts: PlanFacts, *, actor: Actor, at: datetime, plan_id: UUID | None = None
) -> PatrolPlan:
    """Enter a plan and return it; `plan_id`: of a form; sent twice, it is entered once. Raises `FieldRefused`."""
    access.require(session, actor, Right.PLAN_PATROLS, venue_id=venue_id)
    venue = held_open(session, venue_id)
    if plan_id is not None and (there := session.get(PatrolPlan, plan_id)) is not None:
        if there.venue_id != venue_id:
            raise OutOfReach(str(plan_id))
        return there
    today = people.local_day(at)
    from_on = _first_day(facts.from_on, earliest=today, usual=today + timedelta(days=1))
    made = draft(session, venue, facts, at=at, day=from_on)
    first = plan_id or new_id()
    return insert(session, made, actor=actor, at=at, from_on=from_on, id=first, series_id=first)


def insert(session: Session, made: Draft, *, actor: Actor, at: datetime, from_on: date, **ids: UUID) -> PatrolPlan:
    """Enter the first row of a series; the caller holds the venue and asked for the right."""
    plan = made.row(**ids, from_on=from_on, made_at=at, made_by=actor.person_id)
    _put(session, plan, made.points)
    data = {**_facts(plan, made.points), "from_on": from_on}
    about = {"venue_id": made.venue.id, "frequency": made.template.frequency}
    register_log.record(session, KIND, plan.series_id, "create", actor=actor, at=at, data={**about, **data})
    return plan


def change(
    session: Session,
    plan_id: UUID,
    facts: PlanChange,
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
    row_id: UUID | None = None,
) -> PatrolPlan | None:
    """Have the series hold as the form says from its day on, and return the new row; None: nothing was different.

    A change that was to come later gives way. `row_id`: of a form; sent twice, it counts once. Raises `FieldRefused`,
    `NotNow` for a series that has ended, `RegisterChanged` when its record does not stand at `version`.
    """
    venue, rows = _held(session, plan_id, actor=actor, at=at, version=version, done=row_id)
    if row_id is not None and (there := session.get(PatrolPlan, row_id)) is not None:
        return there
    first = earliest(session, rows[0].series_id, at=at)
    from_on = _first_day(facts.from_on, earliest=first, usual=first)
    end_on = rows[-1].until_on
    if end_on is not None and from_on >= end_on:
        raise _refused("from_on", Sentence("The plan ends on %(day)s.", day=end_on))
    before = _in_force(rows, from_on)
    made = draft(session, venue, facts, at=at, day=from_on, now=before)
    new = made.row(
        id=row_id or new_id(), series_id=rows[0].series_id, from_on=from_on, until_on=end_on,
        made_at=at, made_by=actor.person_id, reason=facts.reason,
    )  # fmt: skip
    kept = points.of_plans(session, [before.id])[before.id]
    differing = register_log.changes(_facts(before, kept), _facts(new, made.points))
    if not differing and rows[-1] is before:
        return None
    _close(rows, from_on)
    _put(session, new, made.points)
    data = {"venue_id": venue.id, **differing, "from_on": from_on, "reason": facts.reason}
    register_log.record(session, KIND, new.series_id, "change", actor=actor, at=at, data=data)
    return new


def end(
    session: Session, plan_id: UUID, form: PlanEnd, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a series on the first day it holds no more; raises as `change` does."""
    venue, rows = _held(session, plan_id, actor=actor, at=at, version=version)
    first = earliest(session, rows[0].series_id, at=at)
    until_on = _first_day(form.from_on, earliest=first, usual=first)
    end_on = rows[-1].until_on
    if end_on is not None and until_on >= end_on:
        raise _refused("from_on", Sentence("The plan ends on %(day)s.", day=end_on))
    _close(rows, until_on)
    session.flush()
    data = {"venue_id": venue.id, "title": rows[-1].title, "ended_on": [end_on, until_on], "reason": form.reason}
    register_log.record(session, KIND, rows[0].series_id, "end", actor=actor, at=at, data=data)


def of_its_own(session: Session, venue_id: UUID, plan_id: UUID) -> PatrolPlan:
    """Return a row of the venue's own plans; raises `OutOfReach`, also for what a special campaign planned there."""
    plan = session.get(PatrolPlan, plan_id)
    if plan is None or plan.venue_id != venue_id or plan.campaign_id is not None:
        raise OutOfReach(str(plan_id))
    return plan


def earliest(session: Session, series_id: UUID, *, at: datetime) -> date:
    """Return the first day from which a change may hold: tomorrow, or today while nothing was planned by it yet."""
    today = people.local_day(at)
    query = select(col(PatrolTask.case_id)).where(col(PatrolTask.series_id) == series_id, col(PatrolTask.day) <= today)
    return today if session.execute(query.limit(1)).first() is None else today + timedelta(days=1)


def last_done(session: Session, series: Collection[UUID]) -> dict[UUID, date]:
    """Return series → the city's day on which a task of it was last carried out, of those of which one was."""
    if not series:
        return {}
    done = col(PatrolTask.done_at)
    query = select(col(PatrolTask.series_id), func.max(done)).where(
        col(PatrolTask.series_id).in_(list(series)), col(PatrolTask.outcome).in_(("done", "late")), done.is_not(None)
    )
    rows = session.execute(query.group_by(col(PatrolTask.series_id)))
    return {series_id: people.local_day(at) for series_id, at in rows}


def rows_of(session: Session, series_id: UUID) -> list[PatrolPlan]:
    """Return the rows of a series that ever hold, in time; a change that gave way before its day is not among them."""
    query = select(PatrolPlan).where(col(PatrolPlan.series_id) == series_id)
    rows = session.execute(query.order_by(col(PatrolPlan.from_on), col(PatrolPlan.made_at))).scalars()
    return [row for row in rows if row.until_on is None or row.until_on > row.from_on]


def of_venue(session: Session, venue_id: UUID) -> list[PatrolPlan]:
    """Return every row of the venue's own plans that ever holds, series by series, each in time."""
    query = select(PatrolPlan).where(col(PatrolPlan.venue_id) == venue_id, col(PatrolPlan.campaign_id).is_(None))
    order = (col(PatrolPlan.title), col(PatrolPlan.series_id), col(PatrolPlan.from_on), col(PatrolPlan.made_at))
    rows = session.execute(query.order_by(*order)).scalars()
    return [row for row in rows if row.until_on is None or row.until_on > row.from_on]


def _held(
    session: Session, plan_id: UUID, *, actor: Actor, at: datetime, version: int | None, done: UUID | None = None
) -> tuple[Venue, list[PatrolPlan]]:
    """Return the venue of a plan that may be changed, held, and the rows of its series."""
    plan = session.get(PatrolPlan, plan_id)
    if plan is None:
        raise OutOfReach(str(plan_id))
    access.require(session, actor, Right.PLAN_PATROLS, venue_id=plan.venue_id)
    of_its_own(session, plan.venue_id, plan_id)
    venue = held_open(session, plan.venue_id)
    session.expire_all()
    rows = rows_of(session, plan.series_id)
    if done is None or all(row.id != done for row in rows):
        register_lock.expect(session, plan.series_id, version)
    ended = not rows or (rows[-1].until_on is not None and rows[-1].until_on <= people.local_day(at))
    if ended:
        raise NotNow(Sentence("This plan has ended."))
    return venue, rows


def _in_force(rows: Sequence[PatrolPlan], day: date) -> PatrolPlan:
    """Return the row that holds on `day`; the first one where none does yet."""
    return next((row for row in reversed(rows) if row.from_on <= day), rows[0])


def _close(rows: Sequence[PatrolPlan], day: date) -> None:
    """Have no row hold from `day` on; one that was to begin later never does."""
    for row in rows:
        if row.until_on is None or row.until_on > day:
            row.until_on = max(row.from_on, day)


def _put(session: Session, plan: PatrolPlan, listed: Sequence[Point]) -> None:
    session.add(plan)
    session.flush()
    session.add_all(points.rows_of(plan.id, listed))
    session.flush()


def _facts(plan: PatrolPlan, listed: Sequence[Point]) -> dict[str, Any]:
    """Return what the record says of a plan: its rule part by part, its points by their codes."""
    rule = {name: value for name, value in plan.rule.items() if name not in ("frequency", "kind")}
    if season := rule.pop("season", ()):
        rule["season"] = "; ".join(f"{first} – {last}" for first, last in season)
    said = {name: getattr(plan, name) for name in _SAID}
    said |= {**rule, "points": " ".join(point.code for point in listed)}
    return {name: value for name, value in said.items() if value not in (None, "")}


def _first_day(typed: date | None, *, earliest: date, usual: date) -> date:
    day = typed or usual
    if day < earliest:
        raise _refused("from_on", Sentence("The first day is %(day)s or later: the past stays.", day=earliest))
    if day > earliest + FARTHEST:
        raise _refused("from_on", Sentence("This is too far ahead: at most two years."))
    return day


def _carrier(session: Session, venue: Venue, facts: PlanFacts, *, day: date, at: datetime) -> dict[str, Any]:
    """Return whose the tasks are; who stands in for a person or a roster is the post that is named beside."""
    role = facts.role.value if facts.role else None
    found: dict[str, Any] = {"who": facts.who.value, "person_id": None, "role": role, "roster_id": None}
    match facts.who:
        case Carrier.POST:
            if facts.role is None:
                raise _refused("role", Sentence("Choose the post."))
        case Carrier.PERSON:
            found["person_id"] = offered.person(session, venue, facts.person, day=day).id
            found["role"] = role or PatrolRole.MANAGER.value
        case Carrier.ROSTER:
            found["roster_id"] = offered.roster(session, venue, facts.roster, at=at, day=day).id
            found["role"] = role or PatrolRole.MANAGER.value
    return found


def _refused(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))
