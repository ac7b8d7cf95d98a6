"""Special campaigns (专项巡查): tasks the brigade publishes to wardens, one at every venue that was picked.

A campaign is drafted, looked at, published once. Publishing is an errand that goes through the venues in parts, each a
transaction: plans and tasks have ids derived from campaign and venue, so that begun again it goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, cases, errands, people, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import Actor, Role
from domain.cases import FieldRefused
from domain.language import Sentence
from domain.models import Area, Case, ChecklistTemplate, Errand, PatrolCampaign, PatrolPlan, PatrolTask
from domain.patrols import campaign_picks, campaign_tasks, news
from domain.patrols.campaign_picks import MOST_VENUES, CampaignFacts, Criteria, Picked
from domain.patrols.news import Letter
from domain.processes.patrol_task import CANCELLED, OPEN, SCHEDULED
from domain.queries.patrol_news import Occasion
from domain.register_lock import NotNow
from domain.rights import Right
from domain.workflow import FieldRefusal

KIND = "patrol_campaign"
ERRAND, ENDING = "publish_campaign", "end_campaign"
AT_ONCE = 200
"""Venues of one transaction."""
LONGEST = timedelta(days=366)
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]


def draft(session: Session, facts: CampaignFacts, *, actor: Actor, at: datetime, campaign_id: UUID) -> PatrolCampaign:
    """Enter a campaign that nobody is told of yet; sent twice under one id it is entered once. Raises FieldRefused."""
    access.require(session, actor, Right.PUBLISH_PATROLS, anywhere=True)
    if (there := session.get(PatrolCampaign, campaign_id)) is not None:
        if there.made_by != actor.person_id:
            raise OutOfReach(str(campaign_id))
        return there
    today = people.local_day(at)
    if facts.due_on < today:
        raise _refused("due_on", Sentence("This day is over."))
    if facts.due_on - today > LONGEST:
        raise _refused("due_on", Sentence("A campaign lasts a year at most."))
    if facts.not_visited_since and facts.not_visited_since > today:
        raise _refused("not_visited_since", Sentence("This day is in the future."))
    template = _template(session, facts.checklist, today)
    area = _area(session, facts.area, actor)
    criteria = Criteria(
        tuple(facts.classes), area.id if area else None, facts.industry, facts.category, facts.months,
        facts.key_units, facts.not_visited_since,
    )  # fmt: skip
    if actor.person_id is None:
        raise OutOfReach(str(campaign_id))
    campaign = PatrolCampaign(
        id=campaign_id, title=facts.title, note=facts.note or "", template_id=template.id, area_id=criteria.area_id,
        criteria=criteria.to_json(), from_on=today, due_on=facts.due_on, made_at=at, made_by=actor.person_id,
    )  # fmt: skip
    session.add(campaign)
    session.flush()
    data = {"title": campaign.title, "checklist": template.code, "due_on": campaign.due_on,
            "criteria": campaign.criteria}  # fmt: skip
    register_log.record(session, KIND, campaign.id, "create", actor=actor, at=at, data=data)
    return campaign


def _refused(field: str, reason: Sentence) -> FieldRefused:
    return FieldRefused(FieldRefusal(field, reason))


def _template(session: Session, code: str, today: date) -> ChecklistTemplate:
    query = select(ChecklistTemplate).where(
        col(ChecklistTemplate.code) == code, col(ChecklistTemplate.venue_id).is_(None)
    )
    found: ChecklistTemplate | None = session.execute(query).scalar_one_or_none()
    if found is None or (found.ended_on is not None and found.ended_on <= today):
        raise _refused("checklist", Sentence("There is no such checklist."))
    return found


def _area(session: Session, code: str | None, actor: Actor) -> Area | None:
    if not code:
        return None
    area: Area | None = session.execute(select(Area).where(col(Area.code) == code)).scalar_one_or_none()
    if area is None:
        raise _refused("area", Sentence("There is no such area."))
    try:
        access.require(session, actor, Right.PUBLISH_PATROLS, area_id=area.id)
    except OutOfReach:
        raise _refused("area", Sentence("There is no such area.")) from None
    return area


def seen(session: Session, campaign_id: UUID, *, actor: Actor) -> PatrolCampaign:
    """Return a campaign this actor may know of: who publishes there, or a warden with a task of it. OutOfReach."""
    campaign = session.get(PatrolCampaign, campaign_id)
    if campaign is None or not (_publishes(session, campaign, actor) or _has_task(session, campaign, actor)):
        raise OutOfReach(str(campaign_id))
    return campaign


def _publishes(session: Session, campaign: PatrolCampaign, actor: Actor) -> bool:
    if campaign.made_by == actor.person_id and access.may(actor, Right.PUBLISH_PATROLS):
        return True
    return access.may(actor, Right.PUBLISH_PATROLS, access.place_of(session, area_id=campaign.area_id, venue_id=None))


def _has_task(session: Session, campaign: PatrolCampaign, actor: Actor) -> bool:
    if not actor.plays(Role.WARDEN):
        return False
    within = access.rows_visible(actor, Right.SEE_PATROLS, area_id=_TASKS.c.area_id, venue_id=_TASKS.c.venue_id)
    mine = (_TASKS.c.campaign_id == campaign.id) & within
    return session.execute(select(_TASKS.c.case_id).where(mine).limit(1)).first() is not None


def managed(session: Session, campaign_id: UUID, *, actor: Actor) -> PatrolCampaign:
    """Return a campaign to publish or end, its row held; raises `OutOfReach`, `NotPermitted`."""
    campaign = seen(session, campaign_id, actor=actor)
    if not _publishes(session, campaign, actor):
        raise access.NotPermitted(Right.PUBLISH_PATROLS)
    access.require(session, actor, Right.PUBLISH_PATROLS, anywhere=True)
    held = register_lock.held(session, PatrolCampaign, campaign_id)
    if held is None:
        raise OutOfReach(str(campaign_id))
    return held


def publish(session: Session, campaign_id: UUID, *, actor: Actor, at: datetime) -> Errand:
    """Promise that the campaign reaches its wardens and return the errand; again: the same. NotNow, FieldRefused."""
    campaign = managed(session, campaign_id, actor=actor)
    if campaign.ended_at is not None or people.local_day(at) > campaign.due_on:
        raise NotNow(Sentence("This campaign is over."))
    if campaign.published_at is None:
        count = len(campaign_picks.venues(session, Criteria.of_json(campaign.criteria), actor=actor, at=at))
        if not count:
            raise NotNow(Sentence("No venue fits; change what is picked by."))
        if count > MOST_VENUES:
            raise NotNow(Sentence("These are too many venues for one campaign: at most %(most)s.", most=MOST_VENUES))
        campaign.published_at = at
        campaign.from_on = people.local_day(at)
        session.flush()
        data = {"title": campaign.title, "venues": count, "due_on": campaign.due_on}
        register_log.record(session, KIND, campaign.id, "publish", actor=actor, at=at, data=data)
    return errands.promise(
        session, ERRAND, key=f"{ERRAND}:{campaign.id}", at=at, made_by=actor.person_id,
        data={"campaign": str(campaign.id), "title": campaign.title},
    )  # fmt: skip


def parts(session: Session, campaign: PatrolCampaign, *, actor: Actor) -> Iterator[list[Picked]]:
    """Yield the venues to go to as they were when it was published, in parts of `AT_ONCE`, those there already too."""
    at = campaign.published_at
    assert at is not None  # noqa: S101 - for the type checker
    picked = campaign_picks.venues(session, Criteria.of_json(campaign.criteria), actor=actor, at=at)
    for first in range(0, len(picked), AT_ONCE):
        yield picked[first : first + AT_ONCE]


def assign(session: Session, campaign: PatrolCampaign, picked: Sequence[Picked], *, actor: Actor, at: datetime) -> int:
    """Plan one task at each of these venues and return how many are new; in the caller's transaction."""
    if campaign.ended_at is not None:
        return 0
    series = {uuid5(campaign.id, str(one.venue_id)): one for one in picked}
    query = select(col(PatrolPlan.id)).where(col(PatrolPlan.id).in_(list(series)))
    known = set(session.execute(query).scalars())
    fresh = {plan_id: one for plan_id, one in series.items() if plan_id not in known}
    if fresh:
        campaign_tasks.write(session, campaign, fresh, actor=actor, at=at)
    return len(fresh)


def tell(session: Session, campaign: PatrolCampaign, *, at: datetime) -> int:
    """Tell each warden once, by notice and message, how many venues are theirs; return how many were told anew."""
    query = select(_TASKS.c.case_id, _TASKS.c.venue_id, _TASKS.c.area_id, _TASKS.c.person_id, _TASKS.c.starts_at,
                   _TASKS.c.due_at).where(_TASKS.c.campaign_id == campaign.id, _TASKS.c.outcome == "")  # fmt: skip
    letters: dict[UUID, Letter] = {}
    charge: dict[UUID, tuple[UUID, ...]] = {}
    for task in session.execute(query):
        if task.area_id not in charge:
            held = people.in_charge(session, Role.WARDEN, task.area_id, day=people.local_day(at))
            charge[task.area_id] = tuple(person.id for person in held)
        for person_id in (task.person_id,) if task.person_id else charge[task.area_id]:
            letters.setdefault(person_id, Letter(person_id, Occasion.CAMPAIGN, str(campaign.id))).add(task)
    return news.post(session, list(letters.values()), at=at)


def end(session: Session, campaign_id: UUID, *, reason: str, actor: Actor, at: datetime) -> Errand:
    """End a campaign early: what nobody has begun is cancelled by an errand, what was done stays. Raises NotNow."""
    campaign = managed(session, campaign_id, actor=actor)
    if campaign.ended_at is None:
        campaign.ended_at, campaign.ended_reason = at, reason
        session.flush()
        data = {"title": campaign.title, "reason": reason}
        register_log.record(session, KIND, campaign.id, "end", actor=actor, at=at, data=data)
    return errands.promise(
        session, ENDING, key=f"{ENDING}:{campaign.id}", at=at, made_by=actor.person_id,
        data={"campaign": str(campaign.id), "title": campaign.title},
    )  # fmt: skip


def untouched(session: Session, campaign: PatrolCampaign, *, most: int = AT_ONCE) -> list[UUID]:
    """Return some of its tasks that nobody has begun."""
    states = [SCHEDULED.name, OPEN.name]
    query = select(_TASKS.c.case_id).join(Case, col(Case.id) == _TASKS.c.case_id)
    here = (_TASKS.c.campaign_id == campaign.id, _TASKS.c.outcome == "", col(Case.state).in_(states))
    return list(session.execute(query.where(*here).order_by(_TASKS.c.case_id).limit(most)).scalars())


def cancel(session: Session, campaign: PatrolCampaign, case_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Cancel one of its tasks unless somebody has begun it meanwhile."""
    case = cases.reload(session, case_id)
    if case.state in (SCHEDULED.name, OPEN.name):
        cases.fire(session, case, "cancel", actor=actor, at=at, data={"reason": campaign.ended_reason})
    assert case.state != CANCELLED.name or case.closed_at  # noqa: S101 - what the process says
