"""Self-management of small places: their own checklist of at most ten items, a plan by itself, how things stand.

The ten are the most important of the catalogue's list for the type of venue (`chosen`): critical ones first, then those
whose provision was seen, then the others, each in the catalogue's order. Weekly where the list has anything weekly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from domain import access, catalogue, people, register_log
from domain.actors import SYSTEM, VENUE_SIDE, Actor, Role
from domain.models import Case, ChecklistTemplate, ChecklistVersion, Document, PatrolPlan, PatrolTask, Venue
from domain.patrols import catalogue_items, planning, plans, schedule, templates, wanted
from domain.patrols.items import Item, digest
from domain.patrols.plans import Draft
from domain.patrols.schedule import Rule
from domain.patrols.score import Standing
from domain.rights import Right
from domain.settings import city_zone
from domain.venue_register import held_open

MOST_ITEMS = 10
LOOKED_BACK = timedelta(days=90)
SOON = timedelta(days=30)
KNOWN_AS = ("quoted", "secondary", "practice", "memory")
"""How the basis of an item is known; what was seen comes first."""
ASKED = ("business_2h", "daily", "daily_close", "weekly", "half_monthly", "monthly")
"""Frequencies whose items are asked: what is due once a quarter or a year is no matter of two minutes."""
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
_CASES: Any = Case.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class DueTask:
    """A check to be carried out."""

    number: str
    title: str
    due_at: datetime
    is_missed: bool


def chosen(venue_type: str, *, division: str, day: date) -> tuple[Item, ...]:
    """Return the at most ten items a place of this type checks itself, the most important first."""
    listed = catalogue.checklists()[venue_type].schedule
    codes = list(dict.fromkeys(code for key in ASKED for code in listed.get(key, ())))
    known = catalogue.check_items()
    fitting = [
        code
        for code in codes
        if known[code].applies_in(division) and known[code].validity.holds(day)
        and catalogue_items.item_of(code).answer == "pass_fail_na"
    ]  # fmt: skip
    order = {code: place for place, code in enumerate(fitting)}

    def rank(code: str) -> tuple[bool, int, int]:
        item = known[code]
        return not item.is_critical, KNOWN_AS.index(item.provenance), order[code]

    kept: list[str] = []
    for code in sorted(fitting, key=rank):
        alike = {other for group in catalogue.same_matter() if code in group for other in group}
        if not alike & set(kept):
            kept.append(code)
    return tuple(catalogue_items.item_of(code) for code in kept[:MOST_ITEMS])


def frequency_of(venue_type: str) -> str:
    """Return how often: weekly where the catalogue has anything weekly for this type, else monthly."""
    return "weekly" if catalogue.checklists()[venue_type].schedule.get("weekly") else "monthly"


def checklist(session: Session, venue: Venue, *, at: datetime) -> ChecklistTemplate:
    """Return the own checklist for places of this type and division, entering it at its first use."""
    kind, day = templates.venue_type_of(venue), people.local_day(at)
    items = chosen(kind, division=templates.division_of(session, venue), day=day)
    frequency, sha256 = frequency_of(kind), digest(items)
    template_id = uuid5(NAMESPACE_URL, f"fireline:self:{kind}:{frequency}:{sha256}")
    if (found := session.get(ChecklistTemplate, template_id)) is not None:
        return found
    named = catalogue.checklists()[kind]
    template = ChecklistTemplate(
        id=template_id, code=f"self:{kind}:{frequency}:{sha256[:12]}", zh=f"{named.zh}·自查",
        en=f"{named.en}, own checks", frequency=frequency, made_at=at,
    )  # fmt: skip
    if templates.insert_once(session, template):
        version = ChecklistVersion(
            id=uuid5(template_id, "1"), template_id=template_id, number=1, from_on=day,
            items=[item.to_json() for item in items], is_signed=False, sha256=sha256, made_at=at,
        )  # fmt: skip
        templates.insert_once(session, version)
        data = {"code": template.code, "items": [item.code for item in items], "sha256": sha256}
        register_log.record(session, templates.KIND, template_id, "create", actor=SYSTEM, at=at, data=data)
    return session.get_one(ChecklistTemplate, template_id)


def places_of(session: Session, actor: Actor, *, at: datetime) -> list[Venue]:
    """Return the open venues at which the actor holds a post, by name."""
    if not actor.venue_ids:
        return []
    query = select(Venue).where(col(Venue.id).in_(actor.venue_ids)).order_by(col(Venue.name), col(Venue.id))
    day = people.local_day(at)
    return [venue for venue in session.execute(query).scalars() if venue.is_open(day)]


def is_planned(session: Session, venue_id: UUID, *, day: date) -> bool:
    """Return whether the place has any plan of its own that holds or is to hold."""
    query = select(col(PatrolPlan.id)).where(
        col(PatrolPlan.venue_id) == venue_id, col(PatrolPlan.campaign_id).is_(None),
        or_(col(PatrolPlan.until_on).is_(None), col(PatrolPlan.until_on) > day),
        or_(col(PatrolPlan.until_on).is_(None), col(PatrolPlan.until_on) > col(PatrolPlan.from_on)),
    )  # fmt: skip
    return session.execute(query.limit(1)).first() is not None


def start(session: Session, venue_id: UUID, *, actor: Actor, at: datetime) -> PatrolPlan | None:
    """Begin to check oneself from today on; None when the place has a plan already. Pressed twice: once."""
    access.require(session, actor, Right.PLAN_PATROLS, venue_id=venue_id)
    venue = held_open(session, venue_id)
    day = people.local_day(at)
    if is_planned(session, venue_id, day=day):
        return None
    template = checklist(session, venue, at=at)
    role = next((role for role in (Role.OWNER, Role.MANAGER) if actor.plays(role)), Role.MANAGER)
    rule = rule_from(template.frequency, day)
    values = {
        "template_id": template.id, "title": template.zh, "kind": rule.kind, "rule": rule.to_json(),
        "rule_key": rule.digest(), "who": "post", "role": role.value, "is_late_allowed": True, "grace_minutes": 0,
    }  # fmt: skip
    plan_id = uuid5(venue.id, f"self:{day.isoformat()}")
    made = Draft(venue, template, rule, values, ())
    plan = plans.insert(session, made, actor=actor, at=at, from_on=day, id=plan_id, series_id=plan_id)
    # This place's alone: planning a whole area is no work for a request.
    slots = schedule.slots(rule, day=day, hours=venue.hours, is_working=lambda _: True, zone=city_zone(), from_on=day)
    asked = [wanted.at_once(session, plan.id, slot) for slot in slots]
    planning.add(session, [task for task in asked if task], at=at, areas=[venue.area_id])
    return plan


def rule_from(frequency: str, day: date) -> Rule:
    """Return the rule that begins on `day` and comes round on that day of the week, or of the month (28 at most)."""
    if frequency == "weekly":
        weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()]
        return Rule(frequency, f"FREQ=WEEKLY;BYDAY={weekday}", schedule.DAY, minutes=7 * schedule.DAY_MINUTES)
    month_day = min(day.day, 28)
    return Rule(frequency, f"FREQ=MONTHLY;BYMONTHDAY={month_day}", schedule.DAY, minutes=28 * schedule.DAY_MINUTES)


def due(session: Session, venue_id: UUID, *, at: datetime) -> list[DueTask]:
    """Return the checks of a place that can be carried out now, the nearest deadline first; missed ones last."""
    query = (
        select(_CASES.c.number, _CASES.c.state, col(PatrolPlan.title), _TASKS.c.due_at)
        .select_from(_TASKS)
        .join(_CASES, _CASES.c.id == _TASKS.c.case_id)
        .join(PatrolPlan, col(PatrolPlan.id) == _TASKS.c.plan_id)
        .where(_TASKS.c.venue_id == venue_id, _TASKS.c.starts_at <= at, _TASKS.c.campaign_id.is_(None))
        .where(or_(_TASKS.c.outcome == "", (_TASKS.c.outcome == "missed") & (_TASKS.c.due_at >= at - SOON)))
        .where(or_(_TASKS.c.role.is_(None), _TASKS.c.role != Role.WARDEN.value))
        .order_by(_TASKS.c.outcome, _TASKS.c.due_at, _TASKS.c.case_id)
        .limit(20)
    )
    return [DueTask(row.number, row.title, row.due_at, row.state == "missed") for row in session.execute(query)]


def standing(session: Session, venue: Venue, *, at: datetime) -> Standing:
    """Return what the score of a place looks at, from its tasks, rectifications and documents."""
    day = people.local_day(at)
    theirs = or_(_TASKS.c.role.is_(None), _TASKS.c.role.in_([role.value for role in VENUE_SIDE]))
    query = (
        select(_TASKS.c.outcome, func.count().label("tasks"))
        .where(_TASKS.c.venue_id == venue.id, _TASKS.c.campaign_id.is_(None), theirs)
        .where(_TASKS.c.due_at > at - LOOKED_BACK, _TASKS.c.starts_at <= at)
        .group_by(_TASKS.c.outcome)
    )
    outcomes = {row.outcome: row.tasks for row in session.execute(query)}
    found = select(_CASES.c.state, _CASES.c.facts).where(
        _CASES.c.venue_id == venue.id, _CASES.c.process == "rectification",
        _CASES.c.state.in_(["correcting", "overdue"]),
    )  # fmt: skip
    rows = session.execute(found).all()
    overdue = sum(row.state == "overdue" for row in rows)
    own = sum(row.state == "correcting" and bool(row.facts.get("by_venue")) for row in rows)
    orders = len(rows) - overdue - own
    papers = select(func.count()).where(
        col(Document.venue_id) == venue.id, col(Document.ended_at).is_(None), col(Document.expires_on) <= day + SOON
    )
    return Standing(
        has_plan=is_planned(session, venue.id, day=day), kept=outcomes.get("done", 0) + outcomes.get("excused", 0),
        late=outcomes.get("late", 0), missed=outcomes.get("missed", 0), due_now=outcomes.get("", 0), orders=orders,
        own_findings=own, overdue=overdue, documents=int(session.execute(papers).scalar_one()),
    )  # fmt: skip


def preview(session: Session, venue: Venue, *, at: datetime) -> tuple[Item, ...]:
    """Return what a place would check itself, before it begins."""
    kind, division = templates.venue_type_of(venue), templates.division_of(session, venue)
    return chosen(kind, division=division, day=people.local_day(at))
