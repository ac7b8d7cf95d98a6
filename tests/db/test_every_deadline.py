"""Each deadline of each process through its three levels: near, over, handed up; and done at last, it was late."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from domain import measures, sweep
from domain.database import Database
from domain.models import Case, CaseMeasure, ClockRow, StageMeasure, TimelineEntry
from domain.processes import WORKFLOWS
from domain.queries import board
from domain.queries.board import Column, Wanted
from domain.settings import get_settings
from notifications.recipients import TELLINGS
from tests.journeys import WAYS, press, reach
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

A_MOMENT = timedelta(seconds=1)
AGAIN = (("supervisor", "assign"), ("assignee", "start_check"), ("assignee", "record_finding"))
DEADLINES = {
    ("hazard_report", "accept"): ("reported", WAYS["hazard_report"]["accepted"]),
    ("hazard_report", "verify"): ("reported", WAYS["hazard_report"]["checked"]),
    ("hazard_report", "verify_again"): ("reopened", AGAIN),
    ("hazard_report", "reply"): ("checked", (("handler", "reply"),)),
    ("hazard_report", "tell"): ("checked", (("handler", "reply"),)),
    ("rectification", "order"): ("ordered", (("inspector1", "serve"),)),
    ("rectification", "correct"): ("correcting", (("officer", "submit"),)),
    ("rectification", "recheck"): ("submitted", (("inspector2", "confirm"),)),
    ("enrolment", "review"): ("submitted", WAYS["enrolment"]["approved"]),
}
"""(Process, clock) → where it runs, and the steps that do at last what it is for."""
BREACH = {("rectification", "correct"): "mark_overdue"}
"""What it fires when it is over, where that is no plain escalation."""


@pytest.fixture(autouse=True)
def _in_henan(monkeypatch: pytest.MonkeyPatch, _settings: None) -> None:
    """Where the province sets a limit of its own too."""
    monkeypatch.setenv("FIRELINE_REGION", "411300")
    get_settings.cache_clear()


def clock_of(session: Session, case: Case, name: str) -> ClockRow:
    return session.get_one(ClockRow, (case.id, name), populate_existing=True)


def ring(db: Database, case: Case, name: str, at: datetime) -> str | None:
    with db.write() as session:
        return sweep.ring(session, case.id, name, at=at)


def leaders_told(session: Session, case: Case) -> list[str]:
    """Return who is told of what the last entry says."""
    newest = col(TimelineEntry.seq).desc()
    entry = session.exec(select(TimelineEntry).where(TimelineEntry.case_id == case.id).order_by(newest)).first()
    assert entry is not None
    told = TELLINGS["tell_superior"].whom(session, session.get_one(Case, case.id), entry, entry.at)
    return [recipient.name for recipient in told.recipients]


def test_list_has_every_deadline(database_url: str) -> None:
    del database_url
    built = {(flow.name, clock.name) for flow in WORKFLOWS.values() for clock in flow.clocks if clock.kind != "timer"}

    assert set(DEADLINES) == built


@pytest.mark.parametrize(("process", "name"), DEADLINES)
def test_deadline_is_near_over_and_handed_up_and_counts_as_late_when_it_is_done(
    db: Database, world: World, process: str, name: str
) -> None:
    state, late_steps = DEADLINES[process, name]
    with db.write() as session:
        case = reach(session, world, process, state)
        begun, due = clock_of(session, case, name).started_at, clock_of(session, case, name).due_at
    length = due - begun
    moments = [begun + length * 0.75, due, begun + length * 1.25]

    early = ring(db, case, name, moments[0] - A_MOMENT)
    fired = [ring(db, case, name, at) for at in moments]
    more = ring(db, case, name, due + length * 9)

    assert early is None
    assert fired == ["warn", BREACH.get((process, name), "escalate"), "escalate"]
    assert more is None, "there is nothing above the highest"
    world.clock.now = moments[-1] + A_MOMENT
    with db.write() as session:
        clock = clock_of(session, case, name)
        assert (clock.level, clock.stopped_at, clock.breached_at) == (3, None, due)
        assert session.get_one(Case, case.id, populate_existing=True).due_at <= due
        overdue = board.page(session, world.actor(session, "leader"), Column.OVERDUE, Wanted(), at=world.clock.now)
        assert (case.id, name) in {(line.row.id, line.clock.name) for line in overdue.lines}
        assert leaders_told(session, case) == ["王队长"]
        measures.catch_up(session, at=world.clock.now, everything=True)
        assert session.get_one(CaseMeasure, case.id).due_at <= due

        case = session.get_one(Case, case.id)
        for who, step in late_steps:
            press(session, world, case, who, step)
        measures.catch_up(session, at=world.clock.now, everything=True)
        (run,) = session.exec(
            select(StageMeasure).where(StageMeasure.case_id == case.id, StageMeasure.stage == name)
        ).all()
    assert (run.run, run.fulfilled, run.stopped_at) == (1, True, world.clock.now)
    assert run.due_at <= due, "a stricter class may have brought it forward"


def test_who_slept_through_a_warning_hears_only_that_it_is_over(db: Database, world: World) -> None:
    with db.write() as session:
        case = reach(session, world, "hazard_report", "reported")
        due = clock_of(session, case, "verify").due_at

    fired = [ring(db, case, "verify", due), ring(db, case, "verify", due)]

    assert fired == ["escalate", None]
