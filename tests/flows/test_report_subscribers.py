"""Reports for those who subscribed: of their own reach and process, told once, and nothing to who lost the right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import select

from domain import people, register_log
from domain.access import NotPermitted
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.models import Delegation, Errand, Notice, Person, Post
from domain.reporting import reach as reaches
from domain.reporting import subscriptions
from domain.reporting.periods import Kind
from domain.reporting.reach import EVERYTHING
from domain.reporting.subscriptions import SubscriptionForm
from flows import timetable
from tests import filed
from tests.flows.test_reports import MONTHLY, ONLY_SQLITE, kept, morning, shift_at
from tests.world import World


def subscribe(db: Database, world: World, who: str, kind: str, **more: object) -> UUID:
    with db.write() as session:
        form = SubscriptionForm(kind=kind, **more)
        return subscriptions.subscribe(session, form, actor=world.actor(session, who), at=world.clock.now).id


def test_subscribers_are_told_of_the_edition_within_their_own_reach(db: Database, world: World) -> None:
    filed.some_days(db, world)
    chief = filed.below(db, world, "片区主管", "chengyang")
    for who in ("leader", "supervisor"):
        subscribe(db, world, who, "monthly")
    with db.write() as session:
        form = SubscriptionForm(kind="monthly", person=chief)
        subscriptions.subscribe(session, form, actor=world.actor(session, "supervisor"), at=world.clock.now)
    filed.measure(db, morning(1))
    post = filed.Post()

    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1), post=post)
    at_eight = morning(1) + timedelta(hours=2)
    filed.carry_out_all(db, at_eight, post=post)
    filed.carry_out_all(db, at_eight, post=post)

    scopes = {edition.reach: edition for edition in kept(db)}
    assert set(scopes) == {reaches.as_text(EVERYTHING), reaches.as_text((("lanshan/chengyang/", None),))}
    with db.read() as session:
        told = {
            row.person_id: row.data["edition"] for row in session.exec(select(Notice).where(Notice.kind == "report"))
        }
    wide = str(scopes[reaches.as_text(EVERYTHING)].id)
    assert told == {
        world.people["leader"]: wide, world.people["supervisor"]: wide,
        chief: str(scopes[reaches.as_text((("lanshan/chengyang/", None),))].id),
    }  # fmt: skip
    assert len(post.sent) == 3
    assert all(f"/reports/editions/{edition}" in " ".join(body for _, body in post.sent) for edition in told.values())
    for _, body in post.sent:
        assert not any(person in body for person in ("王队长", "郑主管", "李庚"))


@ONLY_SQLITE
def test_a_subscriber_who_lost_the_right_is_told_nothing(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly")
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    post = filed.Post()

    with db.write() as session:
        for row in session.exec(select(Post).where(Post.person_id == world.people["leader"])):
            row.until_on = date(2026, 8, 31)
    filed.carry_out_all(db, morning(1) + timedelta(hours=2), post=post)

    assert post.sent == []
    with db.read() as session:
        assert session.exec(select(Notice).where(Notice.kind == "report")).all() == []


@ONLY_SQLITE
def test_the_right_is_looked_at_again_when_the_message_goes_out(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly")
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))
    post = filed.Post()

    with db.write() as session:
        for row in session.exec(select(Post).where(Post.person_id == world.people["leader"])):
            row.until_on = date(2026, 8, 31)
    filed.carry_out_all(db, morning(1) + timedelta(hours=2), post=post)

    assert post.sent == []
    with db.read() as session:
        (message,) = session.exec(select(Errand).where(Errand.kind == "report_message")).all()
    assert message.state == "done"


@ONLY_SQLITE
def test_a_message_that_went_out_before_a_crash_is_not_sent_again(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly")
    filed.measure(db, morning(1))
    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))
    post, at = filed.Post(), morning(1) + timedelta(hours=2)
    filed.carry_out_all(db, at, post=post)

    with db.write() as session:  # as if the worker had died between the provider's answer and its own commit
        (message,) = session.exec(select(Errand).where(Errand.kind == "report_message")).all()
        message.state, message.leased_by, message.leased_until = "running", "dead", at
    filed.carry_out_all(db, at + timedelta(minutes=5), post=post)

    assert len(post.sent) == 1


def test_a_subscription_holds_until_its_last_day_and_no_longer(db: Database, world: World) -> None:
    subscribe(db, world, "leader", "daily", until_on=date(2026, 8, 30))
    with db.read() as session:
        last = subscriptions.due(session, Kind.DAILY, at=morning(30, 8))
        after = subscriptions.due(session, Kind.DAILY, at=morning(31, 8))

    assert (len(last), len(after)) == (1, 0)


def test_a_subscription_to_one_process_is_told_of_the_report_on_that_process_alone(db: Database, world: World) -> None:
    filed.some_days(db, world)
    subscribe(db, world, "leader", "monthly", process="rectification")
    assert subscribe(db, world, "leader", "monthly") != subscribe(db, world, "leader", "monthly", process="enrolment")
    again = subscribe(db, world, "leader", "monthly", process="rectification")
    filed.measure(db, morning(1))

    timetable.run(shift_at(db, morning(1)), MONTHLY)
    filed.carry_out_all(db, morning(1))

    made = {edition.asked["asked"]["process"]: str(edition.id) for edition in kept(db)}
    assert set(made) == {None, "rectification", "enrolment"}
    with db.read() as session:
        assert {row.data["edition"] for row in session.exec(select(Notice).where(Notice.kind == "report"))} == set(
            made.values()
        )
        (entry,) = register_log.of(session, again)
    assert entry.data["process"] == "rectification"
    with pytest.raises(FieldRefused):
        subscribe(db, world, "leader", "monthly", process="cooking")


@ONLY_SQLITE
def test_more_subscribers_cost_no_more_queries(db: Database, world: World) -> None:
    def asked(count: int) -> int:
        for number in range(count):
            person = filed.below(db, world, f"主管{number:02}", "chengyang")
            with db.write() as session:
                form = SubscriptionForm(kind="daily", person=person)
                subscriptions.subscribe(session, form, actor=world.actor(session, "supervisor"), at=world.clock.now)
        statements: list[str] = []
        with db.read() as session:
            actor = world.actor(session, "supervisor")

            def note(*told: object) -> None:
                statements.append(str(told[2]))

            event.listen(db.engine, "before_cursor_execute", note)
            seen = subscriptions.seen_by(session, actor, at=world.clock.now).rows
            colleagues = subscriptions.colleagues_below(session, actor, at=world.clock.now)
            due = subscriptions.due(session, Kind.DAILY, at=world.clock.now)
            event.remove(db.engine, "before_cursor_execute", note)
        assert len(seen) == len(due)
        assert {row.person.id for row in seen} <= {person.id for person in colleagues}
        return len(statements)

    assert asked(2) == asked(9)


def test_the_list_of_subscriptions_is_read_page_by_page(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "READ_AT_ONCE", 3)
    below = [filed.below(db, world, name, "chengyang") for name in ("甲主管", "乙主管", "同名", "同名", "丙主管")]
    for person in below:
        for kind in ("daily", "weekly"):
            with db.write() as session:
                form = SubscriptionForm(kind=kind, person=person)
                subscriptions.subscribe(session, form, actor=world.actor(session, "supervisor"), at=world.clock.now)
    subscribe(db, world, "leader", "daily")  # of the whole city: not theirs to see
    with db.read() as session:
        actor = people.actor_of(session, session.get_one(Person, below[0]), at=world.clock.now)
        shown, cursor = [], None
        while True:
            page = subscriptions.seen_by(session, actor, at=world.clock.now, after=cursor, size=4)
            shown += [one.row.id for one in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.rows) == 4
        whole = subscriptions.seen_by(session, actor, at=world.clock.now).rows

    assert len(shown) == len(set(shown)) == 10
    assert shown == [one.row.id for one in whole]
    assert {one.person.id for one in whole} == set(below)


def test_people_asked_for_together_are_who_each_of_them_is(db: Database, world: World) -> None:
    deputy = filed.below(db, world, "代班", "guanglong")
    with db.write() as session:
        session.add(Delegation(id=new_id(), from_person_id=world.people["supervisor"], to_person_id=deputy,
                               from_on=date(2026, 8, 1), until_on=date(2026, 8, 31),
                               made_at=world.clock.now))  # fmt: skip
    with db.read() as session:
        persons = session.exec(select(Person)).all()
        together = people.actors_of(session, persons, at=world.clock.now)

        assert people.actors_of(session, [], at=world.clock.now) == {}
        for person in persons:
            alone = people.actor_of(session, person, at=world.clock.now)
            assert replace(together[person.id], grants=()) == replace(alone, grants=())
            assert set(together[person.id].grants) == set(alone.grants)
        assert len(together[deputy].grants) == 2


@ONLY_SQLITE
@pytest.mark.parametrize("person", ["handler", "warden"])
def test_nobody_subscribes_colleagues_who_does_not_arrange_them(db: Database, world: World, person: str) -> None:
    form = SubscriptionForm(kind="daily", person=world.people["leader"])

    with db.write() as session:
        actor = world.actor(session, person)
        with pytest.raises(NotPermitted):
            subscriptions.subscribe(session, form, actor=actor, at=world.clock.now)
