"""A limit that is over reaches the supervisor by SMS; handed up, the leader is called until a key says they know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from domain import cases
from domain.actors import SYSTEM
from domain.database import Database
from domain.models import Attempt, Case, Person
from tests.flows.conftest import Desk, Worker
from tests.telephony import Exchange, eventually

SUPERVISOR = "+8613800000007"
LEADER = "+8613800000008"

pytestmark = pytest.mark.usefixtures("at_work")


def handed_up(desk: Desk, level: int = 2) -> Case:
    """A doubtful report nobody took up in time."""
    opened = desk.report(hazard="other", description="说不清楚的东西")
    desk.settled(opened.case.id, "triage_report")
    with desk.db.write() as session:
        case = cases.reload(session, opened.case.id)
        notice = {"clock": "accept", "level": level, "due_at": datetime.now(UTC)}
        cases.fire(session, case, "escalate", actor=SYSTEM, at=datetime.now(UTC), data=notice)
    return opened.case


def calls_of(desk: Desk, case: Case) -> list[Attempt]:
    return [attempt for attempt in desk.attempts(case.id) if attempt.channel == "voice"]


def test_breach_is_told_to_the_supervisor_by_sms(desk: Desk, telephony: Exchange) -> None:
    case = handed_up(desk, level=1)

    assert desk.settled(case.id, "tell_superior").state == "done"

    (message,) = telephony.messages(to=SUPERVISOR)
    assert "逾期上报" in message["body"]
    assert case.number in message["body"]
    assert telephony.calls(to=LEADER) == []


def test_leader_is_called_and_acknowledges_by_a_key(desk: Desk, telephony: Exchange) -> None:
    telephony.behave("answer-and-press-1", LEADER)

    case = handed_up(desk)
    row = desk.settled(case.id, "tell_superior")

    assert row.state == "done"
    assert row.outcome["told"] == ["138 **** 0008 (acknowledged)"]
    (call,) = telephony.calls(to=LEADER)
    assert "逾期" in call["said"][0]["text"]
    assert call["said"][-1]["text"].startswith("谢谢")
    (attempt,) = calls_of(desk, case)
    assert (attempt.keys, attempt.acknowledged_at is not None) == ("1", True)
    assert telephony.messages(to=LEADER) == []


def test_nine_repeats_and_one_acknowledges(desk: Desk, telephony: Exchange) -> None:
    case = handed_up(desk)
    call = eventually(lambda: telephony.calls(to=LEADER), what="the call")[0]
    telephony.when(call["sid"], status="ringing")

    telephony.act(call["sid"], "answer")
    telephony.when(call["sid"], listening=True)
    telephony.act(call["sid"], "press/9")
    eventually(lambda: len([s for s in telephony.call(call["sid"])["said"] if "督办" in s["text"]]) >= 3, what="repeat")
    telephony.when(call["sid"], listening=True)
    telephony.act(call["sid"], "press/1")

    assert desk.settled(case.id, "tell_superior").state == "done"
    assert calls_of(desk, case)[0].keys == "91"


@pytest.mark.parametrize("mode", ["no-answer", "busy", "voicemail", "unreachable"])
def test_unanswered_calls_are_made_three_times_and_then_a_message_goes_out(
    desk: Desk, telephony: Exchange, mode: str
) -> None:
    telephony.behave(mode, LEADER)

    case = handed_up(desk)
    row = desk.settled(case.id, "tell_superior")

    assert len(telephony.calls(to=LEADER)) == 3
    assert len(telephony.messages(to=LEADER)) == 1
    assert row.outcome["told"] == ["138 **** 0008"]
    assert [attempt.acknowledged_at for attempt in calls_of(desk, case)] == [None] * 3


def test_leader_without_any_way_is_held(desk: Desk) -> None:
    with desk.db.write() as session:
        session.get(Person, desk.world.people["leader"]).phone = "12345"

    case = handed_up(desk)
    row = desk.settled(case.id, "tell_superior")

    assert row.state == "held"
    assert row.outcome["reason"] == "Nobody acknowledged the calls, and the message could not be sent."


@pytest.fixture
def later(db: Database, telephony: Exchange) -> Iterator[Worker]:
    """A worker an hour later, when the accept clock (30 minutes) is over and has been handed up."""
    del telephony
    running = Worker(db, now=lambda: datetime.now(UTC) + timedelta(hours=1))
    running.start()
    yield running
    running.stop()


def test_clock_that_runs_out_escalates_by_itself(
    desk: Desk, telephony: Exchange, request: pytest.FixtureRequest
) -> None:
    telephony.behave("answer-and-press-1", LEADER)
    opened = desk.report(hazard="other", description="说不清楚的东西")
    desk.settled(opened.case.id, "triage_report")

    request.getfixturevalue("later")

    eventually(lambda: telephony.messages(to=SUPERVISOR), what="telling the supervisor")
    eventually(lambda: telephony.calls(to=LEADER), what="calling the leader")
    assert desk.case(opened.case.id).clocks["accept"]["level"] == 3
