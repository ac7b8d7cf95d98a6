"""Whom an effect tells: the city's desk while the place is unknown; a number anybody may type in, not without end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from domain import cases, people, reports
from domain.actors import ANYBODY, Role
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Post, TimelineEntry
from domain.reports import Intake
from notifications.recipients import MOST_ACKNOWLEDGED, TELLINGS, TOLD_OFTEN, Audience
from tests.journeys import reach
from tests.world import World

SOMEBODY, OTHER = "+19005550100", "13912345678"


def told_of_a_report(db: Database, world: World, phone: str, effect: str = "acknowledge_reporter") -> Audience:
    """Have a report opened and return who its effect tells."""
    with db.write() as session:
        intake = Intake(venue_code=world.codes["kuancheng"], hazard="equipment", phone=phone)
        case_id = reports.open_report(session, intake, actor=ANYBODY, at=world.clock.now).case.id
    with db.read() as session:
        case = cases.by_id(session, case_id)
        entry = session.exec(select(TimelineEntry).where(TimelineEntry.case_id == case_id)).one()
        return TELLINGS[effect].whom(session, case, entry, world.clock.now)


def test_one_number_is_acknowledged_so_often_in_a_day_and_answered_always(db: Database, world: World) -> None:
    said = [told_of_a_report(db, world, SOMEBODY) for _ in range(MOST_ACKNOWLEDGED + 2)]
    answer = told_of_a_report(db, world, SOMEBODY, "reply_reporter")
    somebody_else = told_of_a_report(db, world, OTHER)
    world.clock.now += timedelta(days=1)
    next_day = told_of_a_report(db, world, SOMEBODY)

    assert [one.nobody for one in said] == [""] * MOST_ACKNOWLEDGED + [TOLD_OFTEN] * 2
    assert [len(one.recipients) for one in said] == [1] * MOST_ACKNOWLEDGED + [0] * 2
    assert [one.nobody for one in (answer, somebody_else, next_day)] == ["", "", ""]


def give_posts(session: Session, world: World, role: Role, *held: tuple[str, str]) -> None:
    """Have a role held by these people for these areas, and by nobody else."""
    for post in session.exec(select(Post).where(col(Post.role) == role.value)):
        session.delete(post)
    for who, area in held:
        day = people.local_day(world.clock.now)
        session.add(
            Post(
                id=new_id(), person_id=world.people[who], role=role.value, from_on=day, area_id=world.areas[area]
            )
        )  # fmt: skip
    session.flush()


@pytest.mark.parametrize(
    ("role", "level", "effects"),
    [
        (Role.HANDLER, 0, ("triage_report", "tell_handler", "remind_assignee")),
        (Role.SUPERVISOR, 1, ("tell_supervisor", "tell_superior")),
    ],
)
def test_report_without_a_known_area_reaches_the_citys_desk(
    db: Database, world: World, role: Role, level: int, effects: tuple[str, ...]
) -> None:
    with db.write() as session:
        give_posts(session, world, role, ("admin", "lanshan"), ("crew", "lanshan"), ("auditor", "guanglong"))
        intake = Intake(place="河边", hazard="other", description="说不清楚的东西")
        case = reports.open_report(session, intake, actor=ANYBODY, at=world.clock.now).case
        entry = session.exec(select(TimelineEntry).where(TimelineEntry.case_id == case.id)).one()
        entry.data = {**entry.data, "clock": "accept", "level": level}

        told = [TELLINGS[effect].whom(session, case, entry, world.clock.now) for effect in effects]

    assert case.area_id is None
    names = {frozenset(recipient.name for recipient in one.recipients) for one in told}
    assert names == {frozenset({"沈管理", "陈站长"})}


def test_posts_for_no_area_come_before_those_of_the_city_while_the_area_is_unknown(db: Database, world: World) -> None:
    day = people.local_day(world.clock.now)
    with db.write() as session:
        session.add(
            Post(id=new_id(), person_id=world.people["crew"], role="handler", from_on=day,
                 area_id=world.areas["lanshan"])
        )  # fmt: skip
        session.flush()

        assert [one.name for one in people.in_charge(session, Role.HANDLER, None, day=day)] == ["赵受理"]
        assert [one.name for one in people.in_charge(session, Role.HANDLER, world.areas["guanglong"], day=day)] == [
            "陈站长"
        ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_urging_and_a_new_deadline_reach_who_can_take_the_next_step(db: Database, world: World) -> None:
    moved = {"due_at": "2026-08-24T00:00:00+00:00", "was_due_at": "2026-08-25T00:00:00+00:00"}
    near = {"clock": "reply", "level": 0, "due_at": "2026-08-24T00:00:00+00:00"}
    told = {}
    with db.write() as session:
        for state in ("assigned", "checking", "checked", "reopened"):
            case = reach(session, world, "hazard_report", state)
            entry = TimelineEntry(case_id=case.id, at=world.clock.now, data={})
            audiences = [
                TELLINGS[effect].whom(session, case, entry.model_copy(update={"data": data}), world.clock.now)
                for effect, data in (("remind_assignee", {}), ("announce_deadline", moved), ("remind_assignee", near))
            ]
            assert case.assignees == (() if state == "reopened" else (world.people["warden"],))
            told[state] = [[one.name for one in audience.recipients] for audience in audiences]

    assert told == {
        "assigned": [["李庚"]] * 3,
        "checking": [["李庚"]] * 3,
        "checked": [["赵受理"]] * 3,  # only the desk answers the reporter
        "reopened": [["郑主管"]] * 3,
    }
