"""An attempt only moves forward, whatever the provider tells in whatever order; secrets do not stand in clear."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session, select

from domain import attempts, outbox, reports
from domain.actors import Actor, Role
from domain.attempts import Recipient
from domain.database import Database
from domain.models import Attempt, Outbox, VaultItem
from domain.reports import Intake
from tests.world import World

PHONE = "+8613912345678"
WORDS = "您的举报已受理。查看进度:http://localhost/r/ABCDEFGHJKMN"
SHOWN = "您的举报已受理。查看进度:http://localhost/r/••••"
FINAL = sorted(state for state in attempts.OVER if state != "refused")


@pytest.fixture
def promise(db: Database, world: World) -> Outbox:
    """A promise of a new report."""
    with db.write() as session:
        intake = Intake(venue_code=world.codes["kuancheng"], hazard="equipment", phone=PHONE)
        actor = Actor(frozenset({Role.REPORTER}))
        case = reports.open_report(session, intake, actor=actor, at=world.clock.now).case
        return session.exec(select(Outbox).where(Outbox.case_id == case.id)).one()


def begun(session: Session, promise: Outbox, world: World, *, who: str | None = None, number: int = 1) -> Attempt:
    person = world.people[who] if who else None
    recipient = Recipient("+8613800000002" if who else PHONE, "zh_CN", person_id=person)
    return attempts.begin(
        session, promise, recipient, channel="sms", number=number, body=WORDS, shown=SHOWN, provider="twilio",
        at=world.clock.now,
    )  # fmt: skip


def state_of(db: Database, attempt_id: UUID) -> str:
    with db.read() as session:
        return session.get(Attempt, attempt_id).state


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(news=st.lists(st.sampled_from(sorted(attempts.WORDS)), max_size=8))
def test_news_in_any_order_never_moves_an_attempt_back(
    db: Database, world: World, promise: Outbox, news: list[str]
) -> None:
    with db.write() as session:
        session.execute(text("DELETE FROM attempt"))
        attempt_id = begun(session, promise, world, who="warden").id
    ranks = [attempts.RANKS["dialling"]]

    for word in news:
        with db.write() as session:
            recorded = attempts.record_callback(session, "SM1", word, None, world.clock.now, attempt_id=attempt_id)
        assert recorded.state == state_of(db, attempt_id)
        assert recorded.moved == (attempts.RANKS[recorded.state] > ranks[-1])
        ranks.append(attempts.RANKS[recorded.state])

    assert ranks == sorted(ranks)


@pytest.mark.parametrize("final", FINAL)
def test_first_end_is_the_end(db: Database, world: World, promise: Outbox, final: str) -> None:
    with db.write() as session:
        attempt = begun(session, promise, world, who="warden")
        assert attempts.move(session, attempt.id, final, at=world.clock.now)

    with db.write() as session:
        moves = [attempts.move(session, attempt.id, other, at=world.clock.now) for other in attempts.RANKS]

    assert not any(moves)
    assert state_of(db, attempt.id) == final


def test_callback_before_our_own_commit_finds_the_attempt_by_its_address(
    db: Database, world: World, promise: Outbox
) -> None:
    with db.write() as session:
        attempt = begun(session, promise, world)
        attempts.move(session, attempt.id, "unknown", at=world.clock.now)

    with db.write() as session:
        attempts.record_callback(session, "SM7", "sent", None, world.clock.now, attempt_id=attempt.id)

    with db.read() as session:
        known = session.get(Attempt, attempt.id)
        assert (known.state, known.provider_id) == ("sent", "SM7")


def test_news_of_something_unknown_is_no_news(db: Database, world: World, promise: Outbox) -> None:
    with db.write() as session:
        attempt = begun(session, promise, world, who="warden")
        attempts.move(session, attempt.id, "accepted", at=world.clock.now, provider_id="SM1")

    with db.write() as session:
        strange = attempts.record_callback(session, "SM-other", "delivered", None, world.clock.now)
        other = attempts.record_callback(session, "SM-other", "delivered", None, world.clock.now, attempt_id=attempt.id)
        word = attempts.record_callback(session, "SM1", "teleported", None, world.clock.now)

    assert (strange, other) == (None, None)
    assert (word.state, word.moved) == ("accepted", False)


def test_reporters_number_and_receipt_stand_nowhere_in_clear(db: Database, world: World, promise: Outbox) -> None:
    with db.write() as session:
        attempt = begun(session, promise, world)

    with db.read() as session:
        columns = " ".join(str(value) for value in session.execute(text("SELECT * FROM attempt")).one())
        boxes = b"".join(item.box for item in session.exec(select(VaultItem)))
        assert attempts.body_of(session, session.get(Attempt, attempt.id)) == WORDS
    for secret in (PHONE, PHONE[3:], "ABCDEFGHJKMN"):
        assert secret not in columns
        assert secret.encode() not in boxes
    assert "139 **** 5678" in columns
    assert "••••" in columns


def test_same_try_cannot_be_begun_twice(db: Database, world: World, promise: Outbox) -> None:
    with db.write() as session:
        begun(session, promise, world)

    with pytest.raises(Exception, match="attempt"), db.write() as session:
        begun(session, promise, world)


@pytest.mark.parametrize(
    ("enough", "states", "held"),
    [
        ("each", ["undelivered"], "held"),
        ("each", ["undelivered", "delivered"], "held"),
        ("one", ["undelivered", "delivered"], "done"),
        ("one", ["undelivered", "failed"], "held"),
    ],
)
def test_lost_message_is_held_unless_another_recipient_is_enough(
    db: Database, world: World, promise: Outbox, enough: str, states: list[str], held: str
) -> None:
    at = world.clock.now
    with db.write() as session:
        made = [begun(session, promise, world, who=who) for who in ("warden", "warden2")[: len(states)]]
        for attempt in made:
            attempts.move(session, attempt.id, "accepted", at=at, provider_id=f"SM{attempt.recipient_id}")
        (row,) = outbox.claim(session, promise.process, worker="w", at=at, lease=outbox.LOOK_BACK)
        outbox.settle(session, row, worker="w", at=at, outcome={"enough": enough})

    for attempt, state in zip(made, states, strict=True):
        with db.write() as session:
            attempts.record_callback(session, f"SM{attempt.recipient_id}", state, "30003", datetime.now(UTC))

    with db.read() as session:
        assert session.get(Outbox, promise.id).state == (held)


def test_look_up_does_not_take_another_tries_message(db: Database, world: World, promise: Outbox) -> None:
    with db.write() as session:
        first = begun(session, promise, world)
        attempts.move(session, first.id, "undelivered", at=world.clock.now, provider_id="SM1")
        to_warden = begun(session, promise, world, who="warden")
        attempts.move(session, to_warden.id, "accepted", at=world.clock.now, provider_id="SM2")
        second = begun(session, promise, world, number=2)

        assert attempts.known_elsewhere(session, second) == {"SM1"}
