"""An SLA report counted the slow and obvious way: one case after the other, from its timeline, sharing no code.

Of the product it knows the catalogue's codes, no more: which states a limit runs in and when a correction is late is
written here by hand, so that a process that lets a deadline go is noticed.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")
BEFORE_CHECK = "reported accepted assigned checking"
LIMITS = {
    "hazard_report": {
        "accept": ("reported", "accepted", ""),
        "verify": (BEFORE_CHECK, "checked", ""),
        "verify_again": ("reopened accepted assigned checking", "checked", "reopened"),
        "reply": ("checked", "replied", "checked"),
        "tell": (f"{BEFORE_CHECK} checked", "replied rejected transferred", ""),
    },
    "rectification": {
        "order": ("ordered", "correcting", ""),
        "correct": ("correcting overdue", "submitted", "correcting"),
        "recheck": ("submitted overdue", "closed correcting", "submitted overdue"),
    },
    "enrolment": {"review": ("submitted under_review", "approved rejected returned", "submitted")},
}
"""Process → limit → the states it runs in, those that fulfil it, those that give it a new run."""
ENDED = frozenset({"closed", "rejected", "transferred", "merged", "withdrawn", "penalised", "revoked", "approved"})


@dataclass
class Run:
    """One run of a clock."""

    stage: str
    started: datetime
    due: datetime
    stopped: datetime | None = None
    done: bool = False

    def outcome(self, as_of: datetime) -> str:
        if self.stopped is None:
            return "overdue" if self.due < as_of else "running"
        if self.done:
            return "late" if self.stopped > self.due else "in_time"
        return "left_in_time" if self.stopped < self.due else "left_late"

    @property
    def minutes(self) -> int:
        return math.floor((self.stopped - self.started).total_seconds() / 60)


@dataclass
class Known:
    """What is known of a case at a moment."""

    process: str
    id: str
    opened: datetime
    state: str = ""
    columns: dict[str, str | None] = field(default_factory=dict)
    assigned: datetime | None = None
    assigned_in: str | None = None
    """The area it was in then."""
    closed: datetime | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    result: str | None = None
    disputed: bool = False
    reopenings: int = 0
    rating: int | None = None
    runs: dict[str, list[Run]] = field(default_factory=lambda: defaultdict(list))
    given_up: set[str] = field(default_factory=set)

    @property
    def opened_on(self) -> date:
        return self.opened.astimezone(CITY).date()


def known(process: str, entries: Sequence[Any], as_of: datetime) -> Known | None:
    """Return what the entries up to a moment tell; None when there is none yet."""
    told = [entry for entry in entries if entry.at <= as_of]
    if not told:
        return None
    case = Known(process, str(told[0].case_id), told[0].at)
    for entry in told:
        case.state = entry.target
        changed = entry.decided.get("columns", {})
        if "assignee_id" in changed:
            case.assigned, case.assigned_in = entry.at, (case.columns | changed).get("area_id")
        case.columns |= changed
        if entry.target not in ENDED:
            case.closed = None
        elif case.closed is None:
            case.closed = entry.at
        _events(case, entry)
        for name, (runs_in, fulfilled_in, restarts_in) in LIMITS[process].items():
            _run(case, name, entry, runs_in.split(), fulfilled_in.split(), restarts_in.split())
    _result(case)
    return case


def _run(case: Known, name: str, entry: Any, inside: list[str], fulfil: list[str], anew: list[str]) -> None:
    runs, limits = case.runs[name], entry.decided.get("limits", {})
    now = runs[-1] if runs else None
    ticking = now is not None and now.stopped is None
    if entry.target not in inside:
        if ticking:
            now.stopped, now.done = entry.at, entry.target in fulfil
        return
    if name in limits and limits[name] is None:
        case.given_up.add(name)
        if ticking:
            now.stopped = entry.at
        return
    if name in limits:
        case.given_up.discard(name)
        is_new = now is None or (entry.target in anew and not (ticking and entry.source in inside))
        begun = entry.at if is_new else now.started
        due = _ordered(entry, begun) if name == "correct" else datetime.fromisoformat(limits[name]["due_at"])
        if is_new:
            runs.append(Run(name, entry.at, due))
        else:
            now.due, now.stopped, now.done = due, None, False
        return
    if now is not None and not ticking and name not in case.given_up:
        now.stopped, now.done = None, False


def _ordered(entry: Any, begun: datetime) -> datetime:
    """Return when the day is over that the inspector set; one that was over before the order lasts but a moment."""
    day = date.fromisoformat(entry.data["correct_by"]) + timedelta(days=1)
    return max(datetime.combine(day, time(), CITY).astimezone(UTC), begun + timedelta(microseconds=1))


def _events(case: Known, entry: Any) -> None:
    step, data = entry.transition, entry.data
    if case.process != "hazard_report":
        return
    if step == "record_finding":
        case.findings.append(data)
    elif step == "tell_corrected":
        case.told.add(data["other"])
    elif step in ("object", "reopen_for_merged"):
        case.disputed = True
        if entry.target == "reopened":
            case.reopenings += 1
            case.told = set()
    elif step == "rate":
        case.rating = data["rating"]
        if case.rating in (4, 5):
            case.disputed = False
    elif step in ("close", "share_reply"):
        case.disputed = False
    # What was told counts for the finding that stood when it was told, or a later one of the same round.
    _report_result(case, step)


def _report_result(case: Known, step: str) -> None:
    if step not in ("record_finding", "tell_corrected") or not case.findings:
        return
    last = case.findings[-1]
    if last["outcome"] in ("not_substantiated", "could_not_be_checked"):
        case.result = "unproven"
        return
    left = [code for code in last["hazards"] if code not in last.get("corrected", [])]
    case.result = "fixed" if len(case.told) >= len(left) else "fixing"


def _result(case: Known) -> None:
    if case.process == "rectification":
        endings = {"closed": "fixed", "penalised": None, "revoked": None}
        case.result = endings.get(case.state, "fixing")


@dataclass
class Register:
    """Where areas lie, and by which posts people hold their cases."""

    paths: dict[str, str]
    posts: list[Any]

    def organisation(self, case: Known) -> str | None:
        person = case.columns.get("assignee_id")
        if person is None:
            return None
        day = case.assigned.astimezone(CITY).date()
        where = self.paths.get(case.assigned_in or "", "")
        best: tuple[int, Any] | None = None
        for post in self.posts:
            if str(post.person_id) != person or post.organisation_id is None:
                continue
            if post.from_on > day or (post.until_on is not None and post.until_on < day):
                continue
            path = self.paths.get(str(post.area_id), "")
            near = len(path) if path and where.startswith(path) else 0
            if best is None or near > best[0] or (near == best[0] and (post.from_on, post.id) < best[1]):
                best = (near, (post.from_on, post.id), str(post.organisation_id))
        return best[2] if best else None


@dataclass(frozen=True)
class Question:
    """What is counted."""

    process: str
    from_on: date
    until_on: date
    as_of: datetime
    area: str | None = None
    organisation: str | None = None
    hazard: str | None = None


def matches(case: Known, question: Question, register: Register) -> bool:
    """Return whether a case is of the area, the organisation and the hazard asked for."""
    area, code = case.columns.get("area_id"), case.columns.get("hazard_code")
    if question.area is not None and not register.paths.get(area or "", "").startswith(register.paths[question.area]):
        return False
    if question.hazard is not None and code != question.hazard and (code or "").split("-")[0] != question.hazard:
        return False
    return question.organisation is None or register.organisation(case) == question.organisation


def percentile(values: list[int], share: float) -> int | None:
    """Return the smallest value that at least so large a share of the values does not exceed."""
    for value in sorted(values):
        if sum(1 for one in values if one <= value) >= share * len(values):
            return value
    return None


def report(told: Iterable[Known], question: Question, register: Register) -> dict[str, Any]:
    """Return the numbers of one process; `told` as of the moment asked for."""
    cases, counts = [], Counter()
    states, ratings, stages = Counter(), Counter(), defaultdict(Counter)
    areas, organisations, hazards, days = Counter(), Counter(), Counter(), Counter()
    lengths, whole = defaultdict(list), []
    for case in told:
        if case.process != question.process or not matches(case, question, register):
            continue
        inside = question.from_on <= case.opened_on <= question.until_on
        for run in [run for runs in case.runs.values() for run in runs]:
            outcome = run.outcome(question.as_of)
            breach = outcome in ("late", "overdue", "left_late")
            fell = (run.due - timedelta(microseconds=1)).astimezone(CITY).date()  # at 24:00 is on the day that ends
            if breach and question.from_on <= fell <= question.until_on and case.opened_on <= question.until_on:
                stages[run.stage]["breached_in_period"] += 1
            if inside:
                stages[run.stage][outcome] += 1
                stages[run.stage]["started"] += 1
                if outcome in ("in_time", "late"):
                    lengths[run.stage].append(run.minutes)
        if not inside:
            continue
        cases.append(case.id)
        counts["received"] += 1
        counts["closed"] += case.closed is not None
        deadlines = [runs[-1].due for runs in case.runs.values() if runs and runs[-1].stopped is None]
        counts["overdue"] += any(due < question.as_of for due in deadlines)
        counts[case.result] += 1
        counts["disputed"] += case.disputed
        counts["reopened"] += case.reopenings > 0
        counts["reopenings"] += case.reopenings
        ratings[case.rating] += 1
        states[case.state] += 1
        if case.closed:
            whole.append(math.floor((case.closed - case.opened).total_seconds() / 60))
        areas[case.columns.get("area_id")] += 1
        organisations[register.organisation(case)] += 1
        hazards[(case.columns.get("hazard_code") or "").split("-")[0] or None] += 1
        days[case.opened_on] += 1
    return {
        "cases": cases, "counts": counts, "states": dict(states), "ratings": [ratings[n] for n in range(1, 6)],
        "stages": {name: dict(found) for name, found in stages.items()}, "lengths": dict(lengths), "whole": whole,
        "areas": areas, "organisations": organisations, "hazards": hazards, "days": days,
    }  # fmt: skip


def in_city(day: date, hour: int = 0) -> datetime:
    """Return an hour of a day of the city (UTC)."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=CITY).astimezone(UTC)
