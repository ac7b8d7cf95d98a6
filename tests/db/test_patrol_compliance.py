"""The compliance of patrols against a count done by hand, for every reach and filter."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, select

from domain.actors import Actor
from domain.asking import AskedWrongly
from domain.database import Database
from domain.models import ChecklistTemplate, PatrolAnswer, PatrolTask
from domain.patrols import asked as asking
from domain.patrols import compliance, compliance_tasks
from domain.patrols.asked import Asked
from domain.patrols.compliance import FIGURES, Tally
from domain.patrols.compliance_tasks import Behind
from tests import patrol_counts
from tests.world import World

AUGUST = Asked(date(2026, 8, 1), date(2026, 8, 31))
REACH = {
    "supervisor": {"guanglong", "fuxian", "empty"}, "warden": {"guanglong"}, "warden2": {"fuxian"},
    "officer": {"guanglong"},
}  # fmt: skip
"""Whose areas they count; the officer's venue is the only one there."""


def in_reach(session: Session, world: World, who: str, asked: Asked) -> list[PatrolTask]:
    areas = {world.areas[name] for name in REACH[who]}
    return [
        task
        for task in session.execute(select(PatrolTask)).scalars()
        if task.area_id in areas
        and asked.from_on <= task.day <= asked.until_on
        and asked.venue_id in (None, task.venue_id)
        and asked.frequency in (None, task.frequency)
    ]


@pytest.mark.parametrize("who", REACH)
def test_every_number_is_what_counting_one_by_one_gives(db: Database, world: World, who: str) -> None:
    with db.write() as session:
        patrol_counts.fill(session, world, tasks=300, seed=len(who))
        monthly = session.execute(select(ChecklistTemplate).where(ChecklistTemplate.code == "own:monthly")).scalar_one()
        questions = [AUGUST, replace(AUGUST, frequency="daily"), replace(AUGUST, venue_id=world.venues["kuancheng"]),
                     replace(AUGUST, area_id=world.areas["chengyang"])]  # fmt: skip

    with db.read() as session:
        actor = world.actor(session, who)
        for asked in questions:
            tasks = in_reach(session, world, who, asked)
            found = compliance.overview(session, asked, actor=actor)

            assert found.whole == patrol_counts.recount(tasks)
            assert found.rounds == patrol_counts.recount([task for task in tasks if task.kind == "rounds"])
            assert {row.key: row.tally for row in found.frequencies} == by(tasks, lambda task: task.frequency)
            areas = patrol_counts.paths(session)
            assert {row.key: row.tally for row in found.areas} == by(
                tasks, lambda task, areas=areas: areas[task.area_id].rstrip("/").rsplit("/", 1)[-1]
            )
            assert {row.code: (row.failures, row.tasks, row.venues) for row in found.items} == failures(session, tasks)
        of_template = compliance.overview(session, replace(AUGUST, template_id=monthly.id), actor=actor)
        of_frequency = compliance.overview(session, replace(AUGUST, frequency="monthly"), actor=actor)
        assert of_template.whole == of_frequency.whole


def by(tasks: list[PatrolTask], key) -> dict[str, Tally]:
    groups = defaultdict(list)
    for task in tasks:
        groups[key(task)].append(task)
    return {name: patrol_counts.recount(listed) for name, listed in groups.items()}


def failures(session: Session, tasks: list[PatrolTask]) -> dict[str, tuple[int, int, int]]:
    answers = session.execute(select(PatrolAnswer)).scalars().all()
    known = {task.case_id: task for task in tasks}
    found = defaultdict(list)
    for answer in answers:
        if answer.stands and answer.outcome == "fail" and answer.case_id in known:
            found[answer.item].append(answer)
    return {
        item: (len(listed), len({one.case_id for one in listed}), len({one.venue_id for one in listed}))
        for item, listed in found.items()
    }


def all_pages(page, session: Session, actor: Actor, size: int) -> list[compliance.Row]:
    rows, cursor = [], None
    while True:
        found = page(session, AUGUST, actor=actor, cursor=cursor, size=size)
        rows += found.rows
        cursor = found.next_cursor
        if cursor is None:
            return rows


def test_venues_and_people_come_worst_first_page_by_page_and_none_twice(db: Database, world: World) -> None:
    with db.write() as session:
        patrol_counts.fill(session, world, tasks=200, seed=7)

    with db.read() as session:
        actor = world.actor(session, "supervisor")
        tasks = in_reach(session, world, "supervisor", AUGUST)
        venues = all_pages(compliance.by_venue, session, actor, 1)
        people = all_pages(compliance.by_person, session, actor, 1)

    codes = {world.venues[name]: code for name, code in world.codes.items()}
    assert {row.key: row.tally for row in venues} == by(tasks, lambda task: codes[task.venue_id])
    assert {row.key: row.tally for row in people} == by(tasks, lambda task: str(task.person_id or task.done_by or ""))
    for rows in (venues, [row for row in people if row.key]):
        unkept = [row.tally.expected - row.tally.kept for row in rows]
        assert unkept == sorted(unkept, reverse=True)


def test_behind_every_number_are_as_many_tasks(db: Database, world: World) -> None:
    with db.write() as session:
        patrol_counts.fill(session, world, tasks=150, seed=3)

    with db.read() as session:
        actor = world.actor(session, "supervisor")
        found = compliance.overview(session, AUGUST, actor=actor)
        for figure in FIGURES:
            assert len(behind(session, Behind(figure), actor)) == getattr(found.whole, figure)
        for row in found.items:
            assert len(behind(session, Behind("failed", item=row.code), actor)) == row.tasks
        for row in compliance.by_person(session, AUGUST, actor=actor).rows:
            which = Behind("missed", person_id=UUID(row.key)) if row.key else Behind("missed", is_nobodys=True)
            assert len(behind(session, which, actor)) == row.tally.missed


def behind(session: Session, which: Behind, actor: Actor) -> set[UUID]:
    seen: list[UUID] = []
    cursor = None
    while True:
        page = compliance_tasks.page(session, AUGUST, which, actor=actor, cursor=cursor, size=7)
        seen += [row.case_id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            assert len(seen) == len(set(seen))
            return set(seen)


def test_what_cannot_be_asked_is_said_field_by_field(db: Database, world: World) -> None:
    wrong = {"from": "2026-08-31", "until": "2026-08-01", "frequency": "hourly", "template": "none"}

    with db.read() as session, pytest.raises(AskedWrongly) as refused:
        asking.read(session, wrong, actor=world.actor(session, "supervisor"), at=world.clock.now)

    assert {one.field for one in refused.value.refusals} == {"until", "frequency", "template"}
