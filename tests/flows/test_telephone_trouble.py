"""A provider that fails in every way it can: each person hears once, or a person finds the message held and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from domain import attempts, outbox
from domain.database import Database
from domain.models import Outbox, Person, Post
from domain.settings import get_settings
from flows import missed_news
from flows.provider import provider_of
from flows.shift import Shift
from notifications import recipients, verdicts
from notifications.providers import ProviderRefused
from tests.flows.conftest import REPORTER, WARDEN, Desk, Worker
from tests.telephony import Exchange, Receiver, eventually

FASTER = 2_000
"""An hour and a half of waiting between tries passes in three seconds."""


@pytest.fixture
def hasty(db: Database, telephony: Exchange, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker whose clock runs so fast that it gives up soon; its leases last as long as they should."""
    del telephony
    monkeypatch.setenv("FIRELINE_LEASE_SECONDS", str(10 * FASTER))
    get_settings.cache_clear()
    start = datetime.now(UTC)
    running = Worker(db, now=lambda: start + FASTER * (datetime.now(UTC) - start))
    yield running
    running.stop()


def heard(exchange: Exchange, number: str, about: str) -> int:
    """Count the messages about a case at a phone."""
    return [about in message["body"] for message in exchange.messages(to=number)].count(True)


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("callbacks", ["heard", "lost"])
def test_message_whose_answer_was_lost_is_found_again_and_not_sent_twice(
    desk: Desk, telephony: Exchange, receiver: Receiver, callbacks: str
) -> None:
    if callbacks == "lost":
        del receiver.answers["/webhooks/twilio/message-status"]
    telephony.behave("accept-then-timeout", REPORTER)

    opened = desk.report()
    row = desk.settled(opened.case.id, "acknowledge_reporter")

    assert row.state == "done"
    assert heard(telephony, REPORTER, opened.case.number) == 1
    assert len([attempt for attempt in desk.attempts(opened.case.id) if attempt.recipient_id is None]) == 1


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("mode", ["timeout", "rate-limit", "error-500"])
def test_message_that_did_not_go_out_is_sent_when_the_provider_recovers(
    desk: Desk, telephony: Exchange, mode: str
) -> None:
    telephony.behave(mode, REPORTER)

    opened = desk.report()
    desk.settled(opened.case.id, "notify_assignee")
    eventually(lambda: _failed_once(desk, opened.case.id), what="a failed attempt")
    telephony.behave("manual", REPORTER)
    row = desk.settled(opened.case.id, "acknowledge_reporter")

    assert row.state == "done"
    assert heard(telephony, REPORTER, opened.case.number) == 1


def _failed_once(desk: Desk, case_id) -> bool:
    return any(attempt.state in ("unknown", "refused", "not_sent") for attempt in desk.attempts(case_id))


@pytest.mark.parametrize(("mode", "reason"), [("rate-limit", verdicts.PROVIDER_BUSY), ("timeout", verdicts.SETTLING)])
def test_message_that_never_goes_out_is_held_with_the_reason(
    desk: Desk, telephony: Exchange, hasty: Worker, mode: str, reason: str
) -> None:
    telephony.behave(mode, REPORTER)
    opened = desk.report()

    hasty.start()
    row = desk.settled(opened.case.id, "acknowledge_reporter")

    assert (row.state, row.outcome["reason"]) == ("held", reason)
    assert row.attempts == outbox.GIVE_UP_AFTER
    assert heard(telephony, REPORTER, opened.case.number) == 0


def test_reply_in_doubt_is_held_and_sent_when_a_person_says_so(
    desk: Desk, telephony: Exchange, receiver: Receiver, hasty: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]
    telephony.behave("accept-then-timeout", REPORTER)
    opened = desk.report()
    hasty.start()
    monkeypatch.setattr(hasty.shift.provider, "find_sms", _cannot_be_asked)

    row = desk.settled(opened.case.id, "acknowledge_reporter")

    assert (row.state, row.outcome["reason"]) == ("held", verdicts.NOT_KNOWN)
    assert heard(telephony, REPORTER, opened.case.number) == 1
    telephony.behave("manual", REPORTER)
    desk.again(row)
    again = desk.settled(opened.case.id, "acknowledge_reporter")
    assert again.state == "done"
    assert again.outcome["told"] == ["139 **** 5678"]


def test_decision_to_send_again_sends_once_and_not_at_every_later_doubt(
    desk: Desk, telephony: Exchange, receiver: Receiver, hasty: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]
    telephony.behave("accept-then-timeout", REPORTER)
    opened = desk.report()
    hasty.start()
    monkeypatch.setattr(hasty.shift.provider, "find_sms", _cannot_be_asked)
    row = desk.settled(opened.case.id, "acknowledge_reporter")
    assert heard(telephony, REPORTER, opened.case.number) == 1

    desk.again(row)
    again = desk.settled(opened.case.id, "acknowledge_reporter")

    assert (again.state, again.outcome["reason"]) == ("held", verdicts.NOT_KNOWN)
    assert heard(telephony, REPORTER, opened.case.number) == 2


def _cannot_be_asked(**_: object) -> None:
    raise ProviderRefused(code=20003, retryable=False, status=401)


@pytest.mark.usefixtures("at_work")
def test_number_the_provider_refuses_is_held_for_a_person(desk: Desk) -> None:
    with desk.db.write() as session:
        session.get(Person, desk.world.people["warden"]).phone = "12345"

    opened = desk.report()
    row = desk.settled(opened.case.id, "notify_assignee")

    assert (row.state, row.outcome["reason"]) == ("held", verdicts.REFUSED)
    assert row.outcome["unreachable"][0]["to"] == "12345"


@pytest.mark.usefixtures("at_work")
def test_news_for_staff_that_nobody_can_be_told_is_held_for_a_person(desk: Desk) -> None:
    with desk.db.write() as session:
        for post in session.exec(select(Post).where(Post.role == "handler")):
            session.delete(post)

    opened = desk.report(hazard="other", description="说不清楚的东西")
    row = desk.settled(opened.case.id, "triage_report")

    assert (row.state, row.outcome["reason"]) == ("held", recipients.NOBODY_IN_CHARGE)


@pytest.mark.usefixtures("at_work")
def test_message_that_was_taken_and_not_delivered_is_handed_to_a_person(desk: Desk, telephony: Exchange) -> None:
    telephony.behave("unreachable", WARDEN)

    opened = desk.report()

    def held() -> Outbox | None:
        row = desk.promises(opened.case.id).get("notify_assignee")
        return row if row is not None and row.state == "held" else None

    row = eventually(held, what="holding what was not delivered")
    assert row.outcome["reason"] == "The message was taken by the provider and did not arrive."


@pytest.fixture
def fast_clock(db: Database, telephony: Exchange) -> Iterator[Worker]:  # noqa: ARG001 - the settings come first
    """A worker whose machine's clock is five minutes ahead of the provider's."""
    running = Worker(db, now=lambda: datetime.now(UTC) + timedelta(minutes=5))
    yield running
    running.stop()


def test_message_is_found_again_by_a_worker_whose_clock_is_ahead(
    desk: Desk, telephony: Exchange, receiver: Receiver, fast_clock: Worker
) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]
    telephony.behave("accept-then-timeout", REPORTER)
    opened = desk.report()

    fast_clock.start()
    row = desk.settled(opened.case.id, "acknowledge_reporter")

    assert row.state == "done"
    assert heard(telephony, REPORTER, opened.case.number) == 1


@pytest.mark.usefixtures("at_work")
def test_message_that_failed_without_a_callback_is_asked_about_and_handed_to_a_person(
    desk: Desk, telephony: Exchange, receiver: Receiver
) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]
    telephony.behave("unreachable", WARDEN)
    opened = desk.report()
    done = desk.settled(opened.case.id, "notify_assignee")
    desk.settled(opened.case.id, "acknowledge_reporter")
    eventually(lambda: telephony.messages(to=WARDEN)[0]["status"] == "undelivered", what="a failed delivery")

    assert done.state == "done"
    assert ask_after(desk, minutes=2) == {"asked": 0, "moved": 0}
    assert ask_after(desk, minutes=4) == {"asked": 2, "moved": 2}

    row = desk.settled(opened.case.id, "notify_assignee")
    assert (row.state, row.outcome["reason"]) == ("held", attempts.NOT_DELIVERED)
    assert {attempt.state for attempt in desk.attempts(opened.case.id)} == {"undelivered", "delivered"}
    assert ask_after(desk, minutes=30) == {"asked": 0, "moved": 0}


@pytest.mark.usefixtures("at_work")
def test_silent_messages_take_turns_at_being_asked_about(
    desk: Desk, telephony: Exchange, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]
    monkeypatch.setattr(missed_news, "MOST_AT_ONCE", 1)
    opened = desk.report()
    for effect in ("notify_assignee", "acknowledge_reporter"):
        desk.settled(opened.case.id, effect)
    for number in (WARDEN, REPORTER):
        eventually(lambda to=number: telephony.messages(to=to)[0]["status"] == "delivered", what="a delivery")

    assert ask_after(desk, minutes=4, provider_url="http://127.0.0.1:9") == {"asked": 0, "moved": 0}
    assert [ask_after(desk, minutes=minutes)["asked"] for minutes in (5, 6, 15)] == [1, 0, 1]

    assert {attempt.state for attempt in desk.attempts(opened.case.id)} == {"delivered"}


def ask_after(desk: Desk, *, minutes: float, provider_url: str = "") -> dict[str, int]:
    """Do what the timetable does so many minutes later."""
    settings = get_settings()
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    provider = provider_of(settings.model_copy(update={"twilio_base_url": provider_url or settings.twilio_base_url}))
    return missed_news.ask(Shift(desk.db, provider, now=lambda: at))


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("mode", ["duplicate-callbacks", "reordered-callbacks"])
def test_doubled_and_reordered_callbacks_leave_the_message_delivered(
    desk: Desk, telephony: Exchange, receiver: Receiver, mode: str
) -> None:
    telephony.behave(mode, WARDEN)

    opened = desk.report()
    desk.settled(opened.case.id, "notify_assignee")
    expected = 6 if mode == "duplicate-callbacks" else 3
    sid = telephony.messages(to=WARDEN)[0]["sid"]
    path = "/webhooks/twilio/message-status"
    eventually(lambda: receiver.field(path, "MessageSid").count(sid) >= expected, what="all callbacks")

    made = [attempt for attempt in desk.attempts(opened.case.id) if attempt.recipient_id]
    assert [attempt.state for attempt in made] == ["delivered"]


@pytest.fixture
def waiting(db: Database, telephony: Exchange) -> Iterator[Worker]:  # noqa: ARG001 - the settings come first
    """A worker a minute later, when what was put off is due again."""
    running = Worker(db, now=lambda: datetime.now(UTC) + timedelta(minutes=1))
    yield running
    running.stop()


def test_provider_that_is_away_for_a_while_is_waited_for(
    desk: Desk, telephony: Exchange, at_work: Worker, waiting: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = provider_of(get_settings().model_copy(update={"twilio_base_url": "http://127.0.0.1:9"}))
    monkeypatch.setattr(at_work.shift, "provider", nobody)
    opened = desk.report()
    eventually(lambda: _failed_once(desk, opened.case.id), what="a failed attempt")
    at_work.stop()

    waiting.start()
    row = desk.settled(opened.case.id, "notify_assignee")

    assert row.state == "done"
    assert heard(telephony, WARDEN, opened.case.number) == 1
    assert {"not_sent"} <= {attempt.state for attempt in desk.attempts(opened.case.id)}
