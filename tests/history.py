"""What a case must look like, from its timeline alone: slow, and without asking the code it checks.

`assert_true_to_history` is the state machine's invariant; it reads the law the processes' page states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from domain import audit, catalogue
from domain.models import Case, ClockRow, Outbox, TimelineEntry
from domain.processes import workflow_of

CITY = ZoneInfo("Asia/Shanghai")
QUARTER = 0.25


def days(text: str) -> set[date]:
    """Return the days of "2-15..23 9-20": month-day, or a stretch within a month, of 2026."""
    found = set()
    for part in text.split():
        month, _, rest = part.partition("-")
        first, _, last = rest.partition("..")
        found |= {date(2026, int(month), day) for day in range(int(first), int(last or first) + 1)}
    return found


# 国务院办公厅关于2026年部分节假日安排的通知.
OFF_2026 = days("1-1..3 2-15..23 4-4..6 5-1..5 6-19..21 9-25..27 10-1..7")
MAKE_UP_2026 = days("1-4 2-14 2-28 5-9 9-20 10-10")


def works(day: date) -> bool:
    """Return whether offices work that day; after 2026, Monday to Friday."""
    if day in OFF_2026:
        return False
    return day in MAKE_UP_2026 or day.isoweekday() <= 5


def working_days_after(start: datetime, count: int) -> datetime:
    """Return 17:30 in the city on the `count`-th working day after the day of `start`."""
    day = start.astimezone(CITY).date()
    while count:
        day += timedelta(days=1)
        count -= works(day)
    return datetime.combine(day, time(17, 30), CITY).astimezone(UTC)


def end_of_day_after(start: datetime, count: int) -> datetime:
    """Return the end of the `count`-th day after the day of `start`, in the city."""
    day = start.astimezone(CITY).date() + timedelta(days=count + 1)
    return datetime.combine(day, time(0), CITY).astimezone(UTC)


TIMERS = {"close", "reminder", "answer"}
"""They fire once and are nobody's deadline."""


@dataclass
class Running:
    """A clock that has to be running now."""

    started_at: datetime
    due_at: datetime


@dataclass
class Replay:
    """What the entries say, in the order they were written."""

    state: str | None = None
    opened_at: datetime | None = None
    entered: dict[str, datetime] = field(default_factory=dict)
    """state → when the case last came into it from another."""
    verify_class: str = "B3WD"
    objected_at: datetime | None = None
    correct_by: str | None = None
    recheck_from: datetime | None = None
    replied_at: datetime | None = None
    assignees: tuple[str, ...] = ()
    handlers: set[str] = field(default_factory=set)
    submitter: Any = None
    notices: list[tuple[Any, ...]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    extensions: int = 0

    def take(self, entry: TimelineEntry) -> None:
        """Take the next entry, refusing what the processes' page forbids."""
        assert entry.source == self.state, "an entry starts where the one before ended"
        self._obey(entry)
        self.opened_at = self.opened_at or entry.at
        self._note_limits(entry)
        self._note_people(entry)
        if entry.transition == "tell_corrected":
            self.told.append(entry.data["other"])
        if entry.transition in ("warn", "escalate", "mark_overdue") and "clock" in entry.data:
            self.notices.append((entry.data["clock"], entry.data.get("level"), entry.data["due_at"]))
        if entry.target != self.state:
            self.entered[entry.target] = entry.at
            if {entry.target, self.state} & {"submitted", "overdue"} == {entry.target}:
                self.recheck_from = entry.at
        self.state = entry.target

    def _note_limits(self, entry: TimelineEntry) -> None:
        data, name = entry.data, entry.transition
        if code := data.get("suggested_hazard") or data.get("hazard_code"):
            self.verify_class = data.get("verify_class") or catalogue.hazards()[code].verify_class
        if name in ("serve", "fail_recheck", "extend"):
            self.correct_by = data["correct_by"]
        self.extensions += name == "extend"
        if entry.target == "reopened" != self.state and name != "return_to_supervisor":
            self.objected_at = entry.at
        if name in ("reply", "share_reply"):
            self.replied_at = entry.at

    def _note_people(self, entry: TimelineEntry) -> None:
        if entry.transition in ("assign", "reassign"):
            self.assignees = tuple(entry.data[key] for key in ("assignee", "second") if key in entry.data)
        if entry.transition in ("start_check", "record_finding", "reply"):
            self.handlers |= {*self.assignees, str(entry.actor_id)}
        if entry.transition in ("decline", "object", "reopen_for_merged"):
            self.assignees = ()
        if entry.transition == "submit":
            self.submitter = entry.actor_id

    def _obey(self, entry: TimelineEntry) -> None:
        name, actor = entry.transition, str(entry.actor_id)
        if entry.source in ("assigned", "checking") and name in ("decline", "start_check", "record_finding"):
            assert actor in self.assignees, f"{name} by somebody the case is not assigned to"
        if name in ("assign", "reassign") and self.objected_at:
            chosen = {entry.data[key] for key in ("assignee", "second") if key in entry.data}
            assert not chosen & self.handlers, "reopened, and given to somebody who handled it"
        if name == "object":
            assert self.replied_at is not None
            assert entry.at - self.replied_at <= timedelta(days=30)
        if name in ("confirm", "fail_recheck"):
            assert entry.actor_id != self.submitter, "re-checked by who submitted it"
        if name == "extend":
            assert self.extensions == 0, "extended twice"
        if entry.actor_role in ("reporter", "applicant"):
            written = {"text", "comment", "reason", "note", "person", "phone", "remark"} & set(entry.data)
            assert all(isinstance(entry.data[key], dict) for key in written), "a reporter's words in the open"

    def running(self, process: str) -> dict[str, Running]:
        """Return the clocks that run now."""
        clocks = {"hazard_report": self._report, "rectification": self._rectification, "enrolment": self._enrolment}
        found = dict(clocks[process]())
        return {
            name: Running(start, max(due, start + timedelta(microseconds=1))) for name, (start, due) in found.items()
        }

    def _class_limit(self, start: datetime) -> datetime:
        return start + timedelta(hours=24) if self.verify_class == "A24H" else working_days_after(start, 3)

    def _report(self) -> Iterator[tuple[str, tuple[datetime, datetime]]]:
        assert self.opened_at is not None
        before_check = self.state in ("reported", "accepted", "assigned", "checking")
        if self.state == "reported":
            yield "accept", (self.opened_at, self.opened_at + timedelta(minutes=30))
        if before_check and self.objected_at is None:
            yield "verify", (self.opened_at, self._class_limit(self.opened_at))
        if (before_check or self.state == "reopened") and self.objected_at is not None:
            yield "verify_again", (self.objected_at, self._class_limit(self.objected_at))
        if self.state == "checked":
            yield "reply", (self.entered["checked"], working_days_after(self.entered["checked"], 1))
        if self.state == "replied":
            yield "close", (self.entered["replied"], self.entered["replied"] + timedelta(days=7))

    def _rectification(self) -> Iterator[tuple[str, tuple[datetime, datetime]]]:
        assert self.opened_at is not None
        if self.state == "ordered":
            yield "order", (self.opened_at, working_days_after(self.opened_at, 3))
        if self.state in ("correcting", "overdue"):
            assert self.correct_by is not None
            day = date.fromisoformat(self.correct_by) + timedelta(days=1)
            yield "correct", (self.entered["correcting"], datetime.combine(day, time(), CITY).astimezone(UTC))
        if self.state in ("submitted", "overdue"):
            assert self.recheck_from is not None
            yield "recheck", (self.recheck_from, working_days_after(self.recheck_from, 3))

    def _enrolment(self) -> Iterator[tuple[str, tuple[datetime, datetime]]]:
        if self.state in ("submitted", "under_review"):
            yield "review", (self.entered["submitted"], working_days_after(self.entered["submitted"], 5))
        if self.state == "returned":
            returned = self.entered["returned"]
            yield "reminder", (returned, end_of_day_after(returned, 20))
            yield "answer", (returned, end_of_day_after(returned, 30))


def assert_true_to_history(session: Session, case: Case) -> None:
    """Assert that a freshly read case, its promises and its clocks are what its timeline says."""
    timeline = list(
        session.exec(select(TimelineEntry).where(TimelineEntry.case_id == case.id).order_by(TimelineEntry.seq))
    )
    replay = Replay()
    for entry in timeline:
        replay.take(entry)
    assert replay.state == case.state, "the log replays to the state"
    assert [entry.seq for entry in timeline] == list(range(1, case.version + 1)), "the version counts the entries"
    assert audit._verify_case(case, timeline) is None, "the chain holds"
    _assert_promises(session, case, timeline)
    _assert_clocks(session, case, replay)
    assert len(replay.notices) == len(set(replay.notices)), "a clock spoke twice of one thing"
    assert len(replay.told) == len(set(replay.told)), "one correction was told twice"
    assert (case.closed_at is not None) == workflow_of(case.process).state(case.state).final


def _assert_promises(session: Session, case: Case, timeline: list[TimelineEntry]) -> None:
    table = workflow_of(case.process)
    steps = {(step.name, source.name): step for step in table.transitions for source in step.sources}
    kept = {f"{case.id}:1:{effect}" for effect in table.opening.effects}
    for entry in timeline[1:]:
        step = steps[entry.transition, str(entry.source)]
        assert entry.target == (step.target.name if step.target else entry.source), "an entry leads elsewhere"
        kept |= {f"{case.id}:{entry.seq}:{effect}" for effect in step.effects}
    stored = set(session.exec(select(Outbox.key).where(Outbox.case_id == case.id)))
    assert stored == kept, "the outbox holds exactly what was promised"


def _assert_clocks(session: Session, case: Case, replay: Replay) -> None:
    expected = replay.running(case.process)
    rows = {row.name: row for row in session.exec(select(ClockRow).where(ClockRow.case_id == case.id))}
    assert set(rows) == set(case.clocks), "every clock has its row"
    for name, row in rows.items():
        shown = case.clocks[name]
        moments = (row.started_at.isoformat(), row.due_at.isoformat(), row.stopped_at and row.stopped_at.isoformat())
        assert moments == (shown["started_at"], shown["due_at"], shown["stopped_at"])
        assert (row.level, row.provisional) == (shown["level"], shown["provisional"]), "a clock's level"
        assert (row.stopped_at is None) == shown["running"]
        assert row.next_at == (_next(row) if shown["running"] else None), f"when {name} speaks next"
    going = {name: Running(row.started_at, row.due_at) for name, row in rows.items() if case.clocks[name]["running"]}
    assert going == expected, "the clocks that run, since when and until when"
    deadlines = [clock.due_at for name, clock in expected.items() if name not in TIMERS]
    assert case.due_at == min(deadlines, default=None), "the nearest deadline"


def _next(row: ClockRow) -> datetime | None:
    length = row.due_at - row.started_at
    if row.name in TIMERS:
        return row.due_at if row.level == 0 else None
    moments: dict[int, Callable[[], datetime]] = {
        0: lambda: row.started_at + length * (1 - QUARTER),
        1: lambda: row.due_at,
        2: lambda: row.started_at + length * (1 + QUARTER),
    }
    return moments[row.level]() if row.level in moments else None
