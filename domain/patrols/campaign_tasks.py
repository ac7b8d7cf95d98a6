"""The plan and the task of a campaign at each venue: the plan holds one day, its task may take until the last.

The task is the post's: whoever is the area's warden has it, also who stands in for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session

from domain import register_log
from domain.actors import Actor, Role
from domain.models import ChecklistTemplate, PatrolCampaign, PatrolPlan, RegisterEntry, RegisterHead
from domain.patrols import planning, schedule
from domain.patrols.campaign_picks import Picked
from domain.patrols.schedule import Rule

_PLANS: Any = PatrolPlan.__table__  # type: ignore[attr-defined]
_ENTRIES: Any = RegisterEntry.__table__  # type: ignore[attr-defined]
_HEADS: Any = RegisterHead.__table__  # type: ignore[attr-defined]


def rule_of(campaign: PatrolCampaign, frequency: str) -> Rule:
    """Return the rule of a task that begins on the first day and may take until the end of the last."""
    days = (campaign.due_on - campaign.from_on).days + 1
    minutes = min(days, 366) * schedule.DAY_MINUTES
    return Rule(frequency, "FREQ=DAILY", schedule.DAY, minutes=minutes)


def write(
    session: Session, campaign: PatrolCampaign, fresh: Mapping[UUID, Picked], *, actor: Actor, at: datetime
) -> None:
    """Enter a plan for each venue, by the id it has for this campaign, and plan its task."""
    template = session.get_one(ChecklistTemplate, campaign.template_id)
    rule = rule_of(campaign, template.frequency)
    shared = {
        "template_id": template.id, "title": campaign.title, "kind": schedule.VISITS, "rule": rule.to_json(),
        "rule_key": rule.digest(), "who": "post", "role": Role.WARDEN.value, "is_late_allowed": True,
        "grace_minutes": 0, "from_on": campaign.from_on, "until_on": campaign.from_on + timedelta(days=1),
        "campaign_id": campaign.id, "made_at": at, "made_by": actor.person_id, "reason": "",
    }  # fmt: skip
    connection = session.connection()
    rows = [{"id": plan_id, "series_id": plan_id, "venue_id": one.venue_id, **shared} for plan_id, one in fresh.items()]
    connection.execute(insert(_PLANS), rows)
    entries = [
        register_log.entry("patrol_plan", plan_id, "create", actor=actor, at=at,
                           data={"venue_id": one.venue_id, "title": campaign.title, "campaign": campaign.id,
                                 "from_on": campaign.from_on, "due_on": campaign.due_on})
        for plan_id, one in fresh.items()
    ]  # fmt: skip
    connection.execute(insert(_HEADS), [register_log.head_of(entry) for entry in entries])
    connection.execute(insert(_ENTRIES), entries)
    areas = {one.area_id for one in fresh.values()}
    planning.plan_day(session, campaign.from_on, at=at, area_ids=areas)
