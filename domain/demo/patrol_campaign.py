"""A special campaign in Chenglan: restaurants before the winter, published to their wardens and half done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlmodel import col, select

from domain import errands
from domain.actors import Role
from domain.demo.patrol_plans import holder_of, venue_id
from domain.demo.patrol_walks import Found, Walk
from domain.demo.stage import LEASE, OUTCOME, WORKER, Stage, Story
from domain.models import ChecklistTemplate, PatrolTask
from domain.patrols import campaigns
from domain.patrols.campaign_picks import CampaignFacts

CAMPAIGN = uuid5(NAMESPACE_URL, "fireline:demo:campaign")
DISTRICT, RESTAURANT = "chengyang", "V10"
DONE_AT = {"老灶火锅城": "2 15:05", "二婶米线馆": "1 10:30"}
"""Where the warden has been: days before the end and the clock."""
_WARM = Found("WK5", "后厨配电箱接线端子发热，已请电工", "dark_detector", number=71.0)


def restaurants_before_the_winter(stage: Stage) -> Iterator[datetime]:
    """Publish a campaign to the wardens of a district; two of its restaurants have been looked at."""
    yield stage.days_ago(6, "10:15")
    by = stage.actor("supervisor")
    campaigns.draft(stage.session, _facts(stage), actor=by, at=stage.now, campaign_id=CAMPAIGN)
    yield stage.days_ago(6, "10:40")
    campaigns.publish(stage.session, CAMPAIGN, actor=by, at=stage.now)
    _carry_out(stage)
    for venue, moment in DONE_AT.items():
        days, clock = moment.split()
        yield stage.days_ago(int(days), clock)
        _look_at(stage, venue, (_WARM,) if venue == "老灶火锅城" else ())


def _facts(stage: Stage) -> CampaignFacts:
    query = select(col(ChecklistTemplate.code)).where(
        col(ChecklistTemplate.venue_type) == "restaurant", col(ChecklistTemplate.frequency) == "weekly"
    )
    return CampaignFacts(
        title="冬春火灾防控·餐饮场所专项巡查", note="重点看后厨用火用电、应急照明和逃生出口。",
        checklist=stage.session.execute(query).scalars().one(), due_on=stage.day(8), area=DISTRICT,
        classes=[RESTAURANT],
    )  # fmt: skip


def _carry_out(stage: Stage) -> None:
    """Do the errand of publishing as a worker would; whom it tells is told as demo history, by nobody."""
    claimed = errands.claim(stage.session, [campaigns.ERRAND], worker=WORKER, at=stage.now, lease=LEASE, most=1)
    for errand in claimed:
        campaign, by = (
            campaigns.seen(stage.session, CAMPAIGN, actor=stage.actor("supervisor")),
            stage.actor("supervisor"),
        )
        for part in campaigns.parts(stage.session, campaign, actor=by):
            campaigns.assign(stage.session, campaign, part, actor=by, at=stage.now)
        errands.settle(stage.session, errand, worker=WORKER, at=stage.now, outcome=OUTCOME)


def _look_at(stage: Stage, venue: str, found: tuple[Found, ...]) -> None:
    there = (col(PatrolTask.campaign_id) == CAMPAIGN, col(PatrolTask.venue_id) == venue_id(stage.session, venue))
    task = stage.session.execute(select(col(PatrolTask.case_id)).where(*there)).scalar_one()
    Walk(stage, task, holder_of(venue, Role.WARDEN), found=found).all()


CAMPAIGNS: tuple[Story, ...] = (restaurants_before_the_winter,)
