"""A limit that is over reaches the supervisor by SMS; handed up, the leader is called until a key says they know.

And what nobody takes up over days, through workers that are killed and started again; and what waits for the morning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, delete, select

from domain import cases, faultpoints, measures, quiet_hours, sweep, timing
from domain.actors import SYSTEM
from domain.database import Database
from domain.models import Attempt, Case, ClockRow, Notice, Person, ProductSetting, StageMeasure, TimelineEntry
from domain.settings import city_zone
from notifications.restraint import LOOKED_AT_AGAIN
from tests.flows.conftest import HANDLER, REPORTER, WARDEN, Desk, Worker
from tests.telephony import Exchange, eventually

SUPERVISOR = "+8613800000007"
LEADER = "+8613800000008"

working = pytest.mark.usefixtures("at_work")


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


@working
def test_breach_is_told_to_the_supervisor_by_sms(desk: Desk, telephony: Exchange) -> None:
    case = handed_up(desk, level=1)

    assert desk.settled(case.id, "tell_superior").state == "done"

    (message,) = telephony.messages(to=SUPERVISOR)
    assert "逾期上报" in message["body"]
    assert case.number in message["body"]
    assert telephony.calls(to=LEADER) == []


@working
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


@working
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


@working
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


@working
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


@working
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


@dataclass
class Days:
    """Time that runs ahead of the real one by as much as it was told, and workers that live in it."""

    db: Database
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the moment by this time."""
        return datetime.now(UTC) + self.ahead

    def pass_by(self, **length: float) -> None:
        """Let time pass, with no worker there to see it."""
        self.ahead += timedelta(**length)

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Have a worker at work for as long as the block lasts."""
        running = Worker(self.db, now=self.now)
        running.start()
        yield running
        running.stop()


@pytest.fixture
def days(db: Database, telephony: Exchange) -> Days:
    del telephony  # the settings come first
    return Days(db)


class Killed(BaseException):
    """The end of a worker's hand, as a kill is: nothing that comes after it happens."""


@contextmanager
def killed_at(point: str) -> Iterator[None]:
    """End whoever reaches this point."""

    def end(name: str) -> None:
        if name == point:
            raise Killed

    faultpoints.install(end)
    try:
        yield
    finally:
        faultpoints.install(None)


LEASE = timedelta(seconds=10)
LATER = {"seconds": 11}
"""So long until what a killed worker held is free."""


def told(desk: Desk, case: Case) -> tuple[dict[str, str], Counter[str]]:
    """Return person → kinds of the notices about a case, in order; and how often each step stands in its timeline."""
    names = {person_id: who for who, person_id in desk.world.people.items()}
    with desk.db.read() as session:
        notices = session.exec(select(Notice).where(Notice.case_id == case.id).order_by(col(Notice.id))).all()
        steps = session.exec(select(TimelineEntry.transition).where(TimelineEntry.case_id == case.id)).all()
    by_person: dict[str, str] = {}
    for notice in notices:
        who = names[notice.person_id]
        by_person[who] = f"{by_person[who]} {notice.kind}" if who in by_person else notice.kind
    return by_person, Counter(steps)


def texts(telephony: Exchange, number: str, case: Case, words: str) -> int:
    """Return how many messages about a case with these words a phone has."""
    return sum(words in m["body"] and case.number in m["body"] for m in telephony.messages(to=number))


def breaches(desk: Desk, case_id: UUID, at: datetime) -> list[str]:
    """Return the stages of a case that are over their time, as reports count them."""
    with desk.db.write() as session:
        measures.catch_up(session, at=at, everything=True)
    with desk.db.read() as session:
        rows = session.exec(select(StageMeasure).where(StageMeasure.case_id == case_id)).all()
    return [row.stage for row in rows if (row.stopped_at or at) > row.due_at]


def test_unchecked_report_reaches_each_level_once_over_killed_and_restarted_workers(
    desk: Desk, telephony: Exchange, days: Days
) -> None:
    telephony.behave("answer-and-press-1", LEADER)
    with days.worker():
        case = desk.report(hazard="escape", description="二楼安全出口上了锁").case
        desk.settled(case.id, "notify_assignee")

    days.pass_by(hours=18)
    with desk.db.write() as session:  # a worker takes the clock and is killed before it rings
        taken = sweep.claim(session, "hazard_report", worker="killed", at=days.now(), lease=LEASE)
    assert taken == [(case.id, "verify")]
    days.pass_by(**LATER)
    with days.worker():
        desk.settled(case.id, "remind_assignee")

    days.pass_by(hours=6)
    with killed_at("request.after"), days.worker():  # the message has left, and nobody wrote down that it has
        eventually(lambda: telephony.messages(to=SUPERVISOR), what="the message")
    assert desk.promises(case.id)["tell_superior"].state == "pending"
    days.pass_by(**LATER)
    with days.worker():
        assert desk.settled(case.id, "tell_superior").state == "done"

    days.pass_by(hours=6)
    with days.worker():
        eventually(lambda: telephony.calls(to=LEADER), what="the call")
        assert desk.settled(case.id, "tell_superior").outcome["told"] == ["138 **** 0008 (acknowledged)"]
    days.pass_by(days=2)
    with days.worker():  # there is nothing more to say, which another report's telling shows
        desk.settled(desk.report(hazard="other", phone=None).case.id, "triage_report")

    assert [texts(telephony, WARDEN, case, "临期提醒"), texts(telephony, SUPERVISOR, case, "逾期上报")] == [1, 1]
    assert [len(telephony.calls(to=LEADER)), texts(telephony, LEADER, case, "逾期")] == [1, 0]
    notices, steps = told(desk, case)
    assert notices == {
        "warden": "notify_assignee remind_assignee", "supervisor": "tell_superior", "leader": "tell_superior",
    }  # fmt: skip
    assert (steps["warn"], steps["escalate"]) == (1, 2)
    with desk.db.read() as session:
        assert session.get_one(ClockRow, (case.id, "verify")).level == timing.HANDED_UP
    assert breaches(desk, case.id, days.now()) == ["verify"]


@pytest.fixture
def night(db: Database, days: Days) -> datetime:
    """Eleven in the evening of the city, an hour into its quiet hours; return when they end."""
    with db.write() as session:
        session.execute(delete(ProductSetting).where(col(ProductSetting.key) == "quiet_until"))
    evening = datetime.combine(datetime.now(city_zone()).date(), time(23), city_zone())
    days.ahead = evening.astimezone(UTC) + timedelta(days=1) - datetime.now(UTC)
    with db.read() as session:
        over_at = quiet_hours.current(session).over_at(days.now())
    assert over_at is not None
    return over_at


def test_what_can_wait_is_quiet_until_the_morning_and_stands_in_the_product_at_once(
    desk: Desk, telephony: Exchange, days: Days, night: datetime
) -> None:
    case = desk.report(hazard="equipment", description="灭火器不见了").case
    with days.worker():
        row = eventually(lambda: desk.promises(case.id).get("notify_assignee"), what="the promise")
        eventually(lambda: desk.promises(case.id)["notify_assignee"].outcome.get("waits_until"), what="waiting")
    assert told(desk, case)[0] == {"warden": "notify_assignee"}

    days.pass_by(seconds=LOOKED_AT_AGAIN.total_seconds() + 1)
    with days.worker():  # another worker looks again, and it still waits
        eventually(lambda: desk.promises(case.id)["notify_assignee"].due_at > days.now(), what="waiting on")
    row = desk.promises(case.id)["notify_assignee"]
    assert (row.state, row.outcome, row.attempts) == ("pending", {"waits_until": night.isoformat()}, 0)
    assert telephony.messages(to=WARDEN) == []

    days.ahead = night - datetime.now(UTC) + timedelta(seconds=1)
    with days.worker():
        row = desk.settled(case.id, "notify_assignee")

    assert (row.state, row.outcome["told"]) == ("done", ["138 **** 0002"])
    assert texts(telephony, WARDEN, case, "新任务") == 1
    assert told(desk, case)[0] == {"warden": "notify_assignee"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_life_safety_never_waits_nor_what_has_become_one(
    desk: Desk, telephony: Exchange, days: Days, night: datetime
) -> None:
    del night
    grave = desk.report(hazard="escape", description="二楼安全出口上了锁").case
    harmless = desk.report(hazard="equipment", description="灭火器不见了", phone=None).case
    with days.worker():
        assert desk.settled(grave.id, "notify_assignee").outcome["told"] == ["138 **** 0002"]
        eventually(lambda: desk.promises(harmless.id)["notify_assignee"].outcome.get("waits_until"), what="waiting")
    assert texts(telephony, WARDEN, harmless, "新任务") == 0

    data = {"hazard_code": "EVA-01", "verify_class": "A24H", "reason": "现场出口被锁"}
    desk.fire(harmless.id, "reclassify", "handler", **data)
    days.pass_by(seconds=LOOKED_AT_AGAIN.total_seconds() + 1)
    with days.worker():
        desk.settled(harmless.id, "notify_assignee")

    assert texts(telephony, WARDEN, harmless, "新任务") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_doubtful_report_wakes_the_desk_and_its_reporter_hears_of_it_at_once(
    desk: Desk, telephony: Exchange, days: Days, night: datetime
) -> None:
    del night
    case = desk.report(hazard="other", description="楼道里有股焦味").case
    with desk.db.write() as session:
        moved = cases.reload(session, case.id)
        moved.opened_at = days.now() - timedelta(minutes=5)
    with days.worker():
        desk.settled(case.id, "triage_report")
        desk.fire(case.id, "accept", "handler", hazard_code="FAC-05")
        desk.settled(case.id, "acknowledge_reporter")

    assert texts(telephony, HANDLER, case, "人工受理") == 1
    assert len(telephony.messages(to=REPORTER)) == 1
