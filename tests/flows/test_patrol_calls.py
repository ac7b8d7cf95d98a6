"""What is grave calls the manager at any hour, and the owner only when the manager does not say that they know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, delete

from domain import people
from domain.actors import Role
from domain.database import Database
from domain.models import Outbox, Post, ProductSetting
from domain.settings import city_zone
from tests.flows.conftest import MANAGER, OWNER, Desk, Worker
from tests.patrols import CRITICAL, ITEMS, Phone, make_task
from tests.telephony import Exchange

A_NIGHT = 23
"""The hour of the city's clock, long within the quiet hours."""


@pytest.fixture
def tonight(db: Database, telephony: Exchange) -> Iterator[datetime]:
    """A worker at eleven in the evening, with the quiet hours in force; the moment."""
    del telephony  # the settings come first
    now = datetime.now(city_zone())
    ahead = now.replace(hour=A_NIGHT, minute=0) + timedelta(days=1) - now
    running = Worker(db, now=lambda: datetime.now(UTC) + ahead)
    running.start()
    yield datetime.now(UTC) + ahead
    running.stop()


def find_locked_exit(desk: Desk, at: datetime) -> UUID:
    """Have a patrol find a locked exit in the night, and return the patrol."""
    with desk.db.write() as session:
        session.execute(delete(ProductSetting).where(col(ProductSetting.key) == "quiet_until"))
        desk.world.clock.now = at
        task = make_task(session, desk.world, items=(*ITEMS, CRITICAL), points=1)
    phone = Phone(desk.world, task)
    phone.visits(0)
    phone.finds(0, CRITICAL.code, "fail", photos=[str(uuid4())])
    phone.delivers(desk.db)
    return task.task_id


def called(desk: Desk, at: datetime) -> Outbox:
    return desk.settled(find_locked_exit(desk, at), "call_manager")


def told(telephony: Exchange, number: str) -> list[str]:
    """Return the messages a phone got about it; that a rectification was ordered is told besides."""
    return [one["body"] for one in telephony.messages(to=number) if "巡查发现重大问题" in one["body"]]


def test_manager_who_presses_1_spares_the_owner(desk: Desk, telephony: Exchange, tonight: datetime) -> None:
    telephony.behave("answer-and-press-1", MANAGER)

    row = called(desk, tonight)

    assert (row.state, row.outcome["told"]) == ("done", ["138 **** 0012 (acknowledged)"])
    (call,) = telephony.calls(to=MANAGER)
    assert "安全出口、疏散通道畅通”不合格" in call["said"][0]["text"]
    assert telephony.calls(to=OWNER) == []
    assert [told(telephony, one) for one in (MANAGER, OWNER)] == [[], []]


def test_manager_who_does_not_answer_gets_a_message_and_the_owner_is_called(
    desk: Desk, telephony: Exchange, tonight: datetime
) -> None:
    telephony.behave("no-answer", MANAGER)
    telephony.behave("answer-and-press-1", OWNER)

    row = called(desk, tonight)

    assert (row.state, row.outcome["told"]) == ("done", ["138 **** 0012", "138 **** 0013 (acknowledged)"])
    assert [len(telephony.calls(to=one)) for one in (MANAGER, OWNER)] == [3, 1]
    (message,) = told(telephony, MANAGER)
    assert "整改ZG-" in message
    assert told(telephony, OWNER) == []


def test_venue_with_nobody_to_call_leaves_it_to_a_person(desk: Desk, tonight: datetime) -> None:
    with desk.db.write() as session:
        held = col(Post.role).in_([Role.MANAGER.value, Role.OWNER.value])
        session.execute(delete(Post).where(held))
        assert not people.in_charge(session, Role.MANAGER, None, day=people.local_day(tonight))

    row = called(desk, tonight)

    assert (row.state, row.outcome["nobody"]) == ("held", "Nobody holds the post that would be told.")
