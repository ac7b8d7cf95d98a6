"""Kill -9 of the worker before and after every commit and every provider request between a report and its reply.

The points are not listed anywhere: a first run that nobody kills writes down every point it reaches, and then a
worker dies at each of them in turn, in a case of its own. Another worker takes up what it left.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from domain import attempts
from domain.models import Outbox
from domain.reports import Opened
from tests.faults.hands import KILLED, LATER, LEASE, Hands
from tests.flows.conftest import HANDLER, REPORTER, WARDEN, Desk
from tests.telephony import Exchange, Receiver, eventually

NOW = timedelta(0)
FEWEST_POINTS = 10


@dataclass
class Stage:
    """A city, an exchange, and workers to be killed."""

    desk: Desk
    telephony: Exchange
    url: str
    folder: Path
    hands: Hands = field(default_factory=Hands)
    _number: Iterator[int] = field(default_factory=itertools.count)

    def work(self, *, die_at: int | None = None, ahead: timedelta = NOW) -> tuple[int, list[str]]:
        """Let one worker work; return its exit status and the points it reached."""
        trace = self.folder / f"trace-{next(self._number)}"
        trace.touch()
        environment = {name: value for name, value in os.environ.items() if name.startswith("FIRELINE_")}
        environment |= {"FIRELINE_LEASE_SECONDS": str(LEASE.total_seconds()), "FIRELINE_PROVIDER_READ_SECONDS": "5"}
        status = self.hands.work(self.url, environment, die_at=die_at, trace=trace, ahead=ahead)
        return status, trace.read_text().splitlines()

    def promises(self, opened: Opened) -> list[Outbox]:
        """Return every promise of a case."""
        with self.desk.db.read() as session:
            return list(session.exec(select(Outbox).where(Outbox.case_id == opened.case.id)))

    def arrived(self, number: int) -> list[Opened]:
        """So many reports whose wardens stand on site; nothing is left to tell anybody."""
        reports = [self._reported() for _ in range(number)]
        assert self.work()[0] == 0
        for opened in reports:
            self.desk.fire(opened.case.id, "start_check", "warden", venue_code=self.desk.world.codes["kuancheng"])
        return reports

    def unsuspecting(self, number: int) -> list[None]:
        """No report yet."""
        return [None] * number

    def appear(self, _: None) -> Opened:
        """Report a hazard."""
        return self._reported()

    def _reported(self) -> Opened:
        # Each by another person: one number is not told of more than a few reports a day.
        return self.desk.report(phone=f"139{next(self._number):08d}")

    def find(self, opened: Opened) -> Opened:
        """Record what was found on site."""
        self.desk.fire(
            opened.case.id, "record_finding", "warden", outcome="substantiated", description="12 只不亮",
            hazards=["FAC-07"], no_photo_reason="测试",
        )  # fmt: skip
        return opened

    def checked(self, number: int) -> list[Opened]:
        """So many reports that wait for their reply; nothing is left to tell anybody."""
        reports = self.arrived(number)
        for opened in reports:
            self.find(opened)
        assert self.work()[0] == 0
        return reports

    def reply(self, opened: Opened) -> Opened:
        """Answer the reporter."""
        self.desk.fire(opened.case.id, "reply", "handler", text="经核查属实,已责令整改。")
        return opened

    def heard(self, opened: Opened | None) -> Counter[tuple[str, str]]:
        """Count the messages about a case at each phone, as the exchange has them."""
        if opened is None:
            return Counter()
        staff = (WARDEN, HANDLER)
        heard = [(m["to"] if m["to"] in staff else REPORTER, m["body"]) for m in self.telephony.messages()]
        return Counter((to, body) for to, body in heard if opened.case.number in body)

    def fates(self, opened: Opened) -> list[str]:
        """Return what became of each message with the report's receipt, oldest first."""
        messages = reversed(self.telephony.messages())
        return [message["status"] for message in messages if opened.receipt in message["body"]]


@pytest.fixture
def stage(desk: Desk, telephony: Exchange, database_url: str, tmp_path: Path) -> Stage:
    return Stage(desk, telephony, database_url, tmp_path)


@dataclass(frozen=True)
class Moment:
    """What has just happened when the worker comes, and who has to hear of it."""

    ready: Callable[[Stage, int], list[Opened | None]]
    happen: Callable[[Stage, Opened | None], Opened]
    hearers: tuple[str, ...]

    def reached(self, stage: Stage) -> list[str]:
        """Return every point a worker reaches that nobody kills."""
        (opened,) = self.ready(stage, 1)
        self.happen(stage, opened)
        status, points = stage.work()
        assert status == 0
        return points


MOMENTS = {
    "reply": Moment(Stage.checked, Stage.reply, (REPORTER,)),
    "finding": Moment(Stage.arrived, Stage.find, (HANDLER,)),
    "report": Moment(Stage.unsuspecting, Stage.appear, (REPORTER, WARDEN)),
}


def test_the_points_are_found_and_none_is_missing(stage: Stage) -> None:
    points = MOMENTS["reply"].reached(stage)

    request = points.index("request.before")
    assert points[request : request + 2] == ["request.before", "request.after"]
    commits = [point for point in points if point.startswith("commit")]
    # Claim, attempt, what became of it, and the promise itself: each before and after.
    assert commits == ["commit.before", "commit.after"] * 4
    assert points[:request].count("commit.after") == 2


@pytest.mark.parametrize("moment", MOMENTS)
def test_each_hears_exactly_once_wherever_the_worker_is_killed(stage: Stage, receiver: Receiver, moment: str) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]  # no news: what is in doubt has to be looked up

    wrong = killed_everywhere(stage, MOMENTS[moment])

    assert wrong == {}


def test_callbacks_of_a_dead_workers_message_settle_the_doubt(stage: Stage) -> None:
    wrong = killed_everywhere(stage, MOMENTS["reply"])

    assert wrong == {}


def test_message_that_failed_while_no_worker_lived_is_held_and_not_taken_for_told(
    stage: Stage, receiver: Receiver
) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]
    first, second = stage.checked(2)
    stage.reply(first)
    request = stage.work()[1].index("request.after")
    stage.telephony.behave("unreachable")
    stage.reply(second)

    assert stage.work(die_at=request)[0] == KILLED
    eventually(lambda: stage.fates(second)[-1:] == ["undelivered"], what="a failed delivery")
    messages = len(stage.fates(second))
    assert stage.work(ahead=LATER)[0] == 0

    (reply,) = [promise for promise in stage.promises(second) if promise.effect == "reply_reporter"]
    assert (reply.state, reply.outcome["reason"]) == ("held", attempts.NOT_DELIVERED)
    assert len(stage.fates(second)) == messages


def killed_everywhere(stage: Stage, moment: Moment) -> dict[object, object]:
    """Kill a worker at every point, let another go on, and return where somebody did not hear exactly once."""
    points = moment.reached(stage)
    assert len(points) >= FEWEST_POINTS

    wrong = {}
    for (index, point), ready in zip(enumerate(points), moment.ready(stage, len(points)), strict=True):
        before = stage.heard(ready)
        opened = moment.happen(stage, ready)

        status, _ = stage.work(die_at=index)
        survived, _ = stage.work(ahead=LATER)

        assert (status, survived) == (KILLED, 0), (index, point)
        told = Counter(to for to, _ in (stage.heard(opened) - before).elements())
        states = {promise.state for promise in stage.promises(opened)}
        if told != Counter(moment.hearers) or states != {"done"}:
            wrong[index, point] = (told, states)
    return wrong


@pytest.mark.nightly
def test_each_hears_exactly_once_although_the_second_worker_is_killed_too(stage: Stage, receiver: Receiver) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]
    moment = MOMENTS["reply"]
    points = len(moment.reached(stage))

    wrong = {}
    deaths = list(itertools.product(range(points), range(points + 2)))
    for (first, second), opened in zip(deaths, moment.ready(stage, len(deaths)), strict=True):
        before = stage.heard(opened)
        moment.happen(stage, opened)

        assert stage.work(die_at=first)[0] == KILLED
        stage.work(die_at=second, ahead=LATER)  # it may be done before it reaches its point
        assert stage.work(ahead=2 * LATER)[0] == 0

        told = Counter(to for to, _ in (stage.heard(opened) - before).elements())
        if told != Counter(moment.hearers):
            wrong[first, second] = told
    assert wrong == {}
