"""How far a campaign is: done, missed, with something not in order, per warden and per area; which ones there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlmodel import Session, col

from domain import access, people
from domain.actors import Actor, Role
from domain.language import Label
from domain.models import Area, PatrolCampaign, PatrolTask
from domain.patrols.asked import Asked
from domain.patrols.compliance import NOTHING, ItemRow, Row, Tally, overview
from domain.rights import RIGHTS, Right

MOST_SHOWN = 100
_TASKS: Any = PatrolTask.__table__  # type: ignore[attr-defined]
NAMES = {"done": "in_time", "": "open"}
NOBODY = Label("暂无专管员", "No warden in charge")


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign in numbers, within the reader's reach."""

    whole: Tally
    areas: tuple[Row, ...]
    wardens: tuple[Row, ...]
    items: tuple[ItemRow, ...]


def progress(session: Session, campaign: PatrolCampaign, *, actor: Actor, at: datetime) -> Progress:
    """Count the tasks of a campaign by area and by who is in charge of it today."""
    found = overview(session, question(campaign), actor=actor)
    leaves = _leaves(session, campaign, actor=actor)
    wardens: dict[UUID | None, tuple[Label, Tally]] = {}
    for area_id, tally in leaves.items():
        held = people.in_charge(session, Role.WARDEN, area_id, day=people.local_day(at))
        key = held[0].id if held else None
        label = Label(held[0].name, held[0].name) if held else NOBODY
        wardens[key] = (label, wardens.get(key, (label, NOTHING))[1] + tally)
    rows = [Row(str(key) if key else "", label, tally) for key, (label, tally) in wardens.items()]
    rows.sort(key=lambda row: (row.tally.kept - row.tally.expected, row.label.zh))
    return Progress(found.whole, found.areas, tuple(rows), found.items)


def whole(session: Session, campaign: PatrolCampaign, *, actor: Actor) -> Tally:
    """Count all its tasks within the actor's reach."""
    return sum(_leaves(session, campaign, actor=actor).values(), NOTHING)


def question(campaign: PatrolCampaign) -> Asked:
    """Return what asks for the tasks of a campaign and no others: all begin on its first day."""
    return Asked(campaign.from_on, campaign.from_on, campaign_id=campaign.id)


def _leaves(session: Session, campaign: PatrolCampaign, *, actor: Actor) -> Mapping[UUID, Tally]:
    within = access.rows_visible(actor, Right.SEE_PATROLS, area_id=_TASKS.c.area_id, venue_id=_TASKS.c.venue_id)
    query = (
        select(_TASKS.c.area_id, _TASKS.c.outcome, func.count().label("tasks"))
        .where(_TASKS.c.campaign_id == campaign.id, within)
        .group_by(_TASKS.c.area_id, _TASKS.c.outcome)
    )
    found: dict[UUID, Tally] = {}
    for row in session.execute(query):
        one = Tally(planned=row.tasks, **{NAMES.get(row.outcome, row.outcome): row.tasks})
        found[row.area_id] = found.get(row.area_id, NOTHING) + one
    return found


def listed(session: Session, *, actor: Actor) -> list[PatrolCampaign]:
    """Return the campaigns this actor may know of, the newest first: of their reach, or with a task of theirs."""
    campaigns: Any = PatrolCampaign.__table__  # type: ignore[attr-defined]
    within = access.rows_visible(actor, Right.SEE_PATROLS, area_id=_TASKS.c.area_id, venue_id=_TASKS.c.venue_id)
    seen = [exists().where(_TASKS.c.campaign_id == campaigns.c.id, within)] if actor.plays(Role.WARDEN) else []
    if access.may(actor, Right.PUBLISH_PATROLS):
        seen += [campaigns.c.made_by == actor.person_id, _publishes(actor, campaigns)]
    if not seen:
        return []
    query = select(PatrolCampaign).where(or_(*seen)).order_by(col(PatrolCampaign.made_at).desc()).limit(MOST_SHOWN)
    return list(session.execute(query).scalars())


def _publishes(actor: Actor, campaigns: Any) -> Any:  # noqa: ANN401 - a table and a condition
    paths = access.area_paths(actor, RIGHTS[Right.PUBLISH_PATROLS])
    if None in paths:
        return campaigns.c.id.is_not(None)
    inside = [func.substr(col(Area.path), 1, len(path)) == path for path in paths if path]
    return campaigns.c.area_id.in_(select(col(Area.id)).where(or_(*inside)))
