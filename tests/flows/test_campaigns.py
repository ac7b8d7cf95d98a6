"""Special campaigns: whom they reach, once, whatever happens while they are published; and ended early."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from domain import cases
from domain.actors import SYSTEM
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id, new_venue_code
from domain.models import Case, Errand, Notice, PatrolCampaign, PatrolPlan, PatrolTask, Venue
from domain.patrols import campaign_picks, campaign_progress, campaigns
from domain.patrols.campaign_picks import CampaignFacts, Criteria
from domain.register_lock import NotNow
from tests import chores, patrols
from tests.world import World

DUE = date(2026, 9, 10)


@pytest.fixture
def checklist(db: Database, world: World) -> str:
    """A checklist of the city's, and a fourth venue beside the first."""
    with db.write() as session:
        template, _ = patrols.make_template(session, at=world.clock.now)
        session.add(
            Venue(id=new_id(), code=new_venue_code(), name="湖边餐馆", class_code="V10", address="湖边",
                  area_id=world.areas["guanglong"], opened_on=date(2020, 1, 1))
        )  # fmt: skip
        return template.code


def drafted(db: Database, world: World, code: str, **facts: object) -> UUID:
    given = {"title": "冬防专项", "checklist": code, "due_on": DUE, **facts}
    with db.write() as session:
        actor = world.actor(session, "supervisor")
        return campaigns.draft(session, CampaignFacts.model_validate(given), actor=actor, at=world.clock.now,
                               campaign_id=new_id()).id  # fmt: skip


def published(db: Database, world: World, campaign_id: UUID) -> Errand:
    with db.write() as session:
        actor = world.actor(session, "supervisor")
        errand = campaigns.publish(session, campaign_id, actor=actor, at=world.clock.now).id
    return chores.do(db, errand, at=world.clock.now)


def tasks_of(session: Session, campaign_id: UUID) -> list[PatrolTask]:
    return list(session.execute(select(PatrolTask).where(PatrolTask.campaign_id == campaign_id)).scalars())


def test_every_open_venue_gets_one_task_of_its_warden_until_the_last_day(
    db: Database, world: World, checklist: str
) -> None:
    campaign = drafted(db, world, checklist)

    errand = published(db, world, campaign)

    assert errand.state == "done"
    with db.read() as session:
        tasks = tasks_of(session, campaign)
        open_venues = set(session.execute(select(Venue.id).where(col(Venue.closed_on).is_(None))).scalars())
        told = session.execute(select(Notice.person_id)).scalars().all()
        case = session.get_one(Case, tasks[0].case_id)
    assert {task.venue_id for task in tasks} == open_venues
    assert len(tasks) == len(open_venues) == 4
    assert {(task.role, task.person_id) for task in tasks} == {("warden", None)}
    assert {(task.due_at - world.clock.now) // timedelta(days=1) for task in tasks} == {18}
    assert sorted(told) == sorted([world.people["warden"], world.people["warden2"]])
    assert case.state == "open"


def test_a_worker_that_dies_half_way_leaves_the_rest_to_the_next_and_nothing_twice(
    db: Database, world: World, checklist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = drafted(db, world, checklist)
    monkeypatch.setattr(campaigns, "AT_ONCE", 1)
    whole, done = campaigns.assign, []

    def dies(*given, **more):
        if len(done) == 2:
            done.clear()
            raise RuntimeError("power cut")
        done.append(1)
        return whole(*given, **more)

    monkeypatch.setattr(campaigns, "assign", dies)
    first = published(db, world, campaign)
    with db.read() as session:
        half = {task.case_id for task in tasks_of(session, campaign)}
    monkeypatch.setattr(campaigns, "assign", whole)
    world.clock.advance(minutes=5)
    second = chores.do(db, first.id, at=world.clock.now)

    assert (first.state, len(half), second.state) == ("pending", 2, "done")
    with db.write() as session:
        tasks = tasks_of(session, campaign)
        assert half < {task.case_id for task in tasks}
        assert len(tasks) == len({task.venue_id for task in tasks}) == 4
        assert len(session.execute(select(PatrolPlan.id).where(PatrolPlan.campaign_id == campaign)).all()) == 4
        assert campaigns.tell(session, session.get_one(PatrolCampaign, campaign), at=world.clock.now) == 0


def test_what_nobody_has_begun_is_cancelled_and_what_was_begun_stays(
    db: Database, world: World, checklist: str
) -> None:
    campaign = drafted(db, world, checklist)
    published(db, world, campaign)
    with db.write() as session:
        here = next(task for task in tasks_of(session, campaign) if task.venue_id == world.venues["market"])
        begun = cases.reload(session, here.case_id)
        cases.fire(session, begun, "excuse", actor=world.actor(session, "supervisor"), at=world.clock.now,
                   data={"reason": "休市"})  # fmt: skip
        ended = campaigns.end(session, campaign, reason="改为抽查", actor=world.actor(session, "supervisor"),
                              at=world.clock.now)  # fmt: skip

    errand = chores.do(db, ended.id, at=world.clock.now)

    assert errand.state == "done"
    with db.read() as session:
        row = session.get_one(PatrolCampaign, campaign)
        found = campaign_progress.progress(session, row, actor=SYSTEM, at=world.clock.now)
        mine = campaign_progress.progress(session, row, actor=world.actor(session, "warden"), at=world.clock.now)
        wardens = {one.key: one.tally for one in found.wardens}
    assert (found.whole.planned, found.whole.excused, found.whole.cancelled, found.whole.open) == (4, 1, 3, 0)
    assert wardens[str(world.people["warden"])].cancelled == 2
    assert mine.whole.planned == 2
    with db.write() as session, pytest.raises(NotNow):
        campaigns.publish(session, campaign, actor=world.actor(session, "supervisor"), at=world.clock.now)


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        (Criteria(classes=("V09",)), {"kuancheng"}),
        (Criteria(category="EVA"), {"market"}),
        (Criteria(category="EVA", months=1), {"market", "lonely"}),
        (Criteria(category="*", months=1), {"market", "lonely"}),
        (Criteria(category="ELE", months=1), set()),
        (Criteria(key_units=True), {"lonely"}),
        (Criteria(not_visited_since=date(2026, 8, 1)), {"kuancheng", "lonely"}),
    ],
)
def test_venues_are_picked_by_what_they_are_and_what_was_found_there(
    db: Database, world: World, criteria: Criteria, names: set[str]
) -> None:
    now = world.clock.now
    with db.write() as session:
        session.get_one(Venue, world.venues["lonely"]).key_unit_since = date(2026, 1, 1)
        for name, days, closed in (("market", 200, False), ("lonely", 10, True), ("kuancheng", 200, True)):
            opened = now - timedelta(days=days)
            session.add(Case(id=new_id(), number=f"JB-2026-9{days:03}{name[0]}", process="hazard_report",
                             state="reported", chain_head=b"0", opened_at=opened, changed_at=opened,
                             closed_at=opened if closed else None, venue_id=world.venues[name],
                             hazard_code="EVA-01"))  # fmt: skip
        visited = patrols.make_task(session, world, venue="market", role="warden")
        session.get_one(PatrolTask, visited.task_id).outcome = "done"
        session.flush()

        picked = campaign_picks.venues(session, criteria, actor=world.actor(session, "supervisor"), at=now)

    assert {one.venue_id for one in picked} == {world.venues[name] for name in names}


def test_what_does_not_fit_is_refused_by_its_field(db: Database, world: World, checklist: str) -> None:
    wrong = {"due_on": date(2026, 8, 1)}, {"checklist": "none"}, {"area": "atlantis"}, {"not_visited_since": DUE}

    for facts in wrong:
        with pytest.raises(FieldRefused) as refused:
            drafted(db, world, checklist, **facts)
        assert refused.value.refusal.field == next(iter(facts))
