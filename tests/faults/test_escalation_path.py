"""Kill -9 of the worker at every point between a deadline that is over and the supervisor who knows of it."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select, update

from domain import reports, sweep, timing
from domain.actors import ANYBODY
from domain.models import Case, ClockRow, Notice, Outbox, TimelineEntry
from domain.reports import Intake
from tests.faults.hands import KILLED, LATER, LEASE, Hands
from tests.flows.conftest import Desk
from tests.telephony import Exchange, Receiver

SUPERVISOR = "+8613800000007"
OVER = timedelta(hours=24, minutes=1)
WARNED = timedelta(hours=18, minutes=1)


@dataclass
class Stage:
    """Reports of a locked exit whose 24 hours are just over, and workers to be killed."""

    desk: Desk
    telephony: Exchange
    url: str
    folder: Path
    hands: Hands = field(default_factory=Hands)
    _number: Iterator[int] = field(default_factory=itertools.count)

    def work(self, *, die_at: int | None = None, ahead: timedelta = timedelta(0)) -> tuple[int, list[str]]:
        """Let one worker work; return its exit status and the points it reached."""
        trace = self.folder / f"trace-{next(self._number)}"
        trace.touch()
        environment = {name: value for name, value in os.environ.items() if name.startswith("FIRELINE_")}
        environment |= {"FIRELINE_LEASE_SECONDS": str(LEASE.total_seconds()), "FIRELINE_PROVIDER_READ_SECONDS": "5"}
        status = self.hands.work(self.url, environment, die_at=die_at, trace=trace, ahead=ahead)
        return status, trace.read_text().splitlines()

    def overdue(self) -> Case:
        """Have a report whose deadline is over, about which all that came before was told."""
        begun = datetime.now(UTC) - OVER
        with self.desk.db.write() as session:
            intake = Intake(venue_code=self.desk.world.codes["kuancheng"], hazard="escape", description="上了锁")
            case = reports.open_report(session, intake, actor=ANYBODY, at=begun).case
            reports.triage(session, case.id, at=begun)
        with self.desk.db.write() as session:
            assert sweep.ring(session, case.id, "verify", at=begun + WARNED) == "warn"
            session.execute(update(Outbox).where(col(Outbox.case_id) == case.id).values(state="done"))
        return case

    def told(self, case: Case) -> tuple[Counter[str], int, int]:
        """Return (texts at the supervisor's phone, their notices, entries in the timeline) of the breach."""
        bodies = Counter(m["body"] for m in self.telephony.messages(to=SUPERVISOR) if case.number in m["body"])
        with self.desk.db.read() as session:
            noticed = select(Notice).where(Notice.case_id == case.id, Notice.kind == "tell_superior")
            escalated = select(TimelineEntry).where(
                TimelineEntry.case_id == case.id, TimelineEntry.transition == "escalate"
            )
            return bodies, len(session.exec(noticed).all()), len(session.exec(escalated).all())

    def level(self, case_id: UUID) -> int:
        """Return how far the deadline is."""
        with self.desk.db.read() as session:
            return session.get_one(ClockRow, (case_id, "verify")).level


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_supervisor_is_told_of_a_breach_once_wherever_the_worker_is_killed(
    desk: Desk, telephony: Exchange, receiver: Receiver, database_url: str, tmp_path: Path
) -> None:
    del receiver.answers["/webhooks/twilio/message-status"]  # no news: what is in doubt has to be looked up
    stage = Stage(desk, telephony, database_url, tmp_path)
    stage.overdue()
    status, points = stage.work()
    # The clock's claim, its ring, the promise's claim, the attempt, what became of it, the promise itself.
    assert (status, points.count("commit.after"), points.count("request.after")) == (0, 6, 1)

    wrong = {}
    for index, point in enumerate(points):
        case = stage.overdue()
        killed, reached = stage.work(die_at=index)
        survived, _ = stage.work(ahead=LATER)
        assert (killed, survived) == (KILLED, 0), (index, point, reached)
        bodies, noticed, escalated = stage.told(case)
        if (bodies.total(), noticed, escalated, stage.level(case.id)) != (1, 1, 1, timing.BREACHED):
            wrong[index, point] = (bodies, noticed, escalated)

    assert wrong == {}
