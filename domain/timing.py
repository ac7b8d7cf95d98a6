"""What a step does to a case's clocks: pure, from the table and the history to the new deadlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clocks import Deadline, Limit, Unit, fraction
from domain.rulebook import Rulebook, Rules
from domain.workflow import Clock, Workflow

WARNED, BREACHED, HANDED_UP = 1, 2, 3
HANDED_UP_AT = 1.25
"""A breach goes one level higher after another quarter of the limit."""


_BY_THE_CATALOGUE = Rulebook().at(datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A case as guards and limits see it."""

    id: UUID
    state: str
    assignees: tuple[UUID, ...]
    facts: Mapping[str, Any]
    opened_at: datetime
    venue_id: UUID | None = None
    rules: Rules = field(default_factory=lambda: _BY_THE_CATALOGUE)
    """`turn` puts in what holds for the clock it asks for; guards do not count time and never look at it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One clock of one case, in its present run. Times are aware UTC."""

    started_at: datetime
    due_at: datetime
    running: bool
    provisional: bool = False
    level: int = 0
    stopped_at: datetime | None = None
    run: int = 1
    """Counts its starts: entering a state it restarts in gives it another."""
    limit: Limit | None = None
    """What it was given; None for a clock of before limits were kept."""
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    """From when to when it stood still; the last is open while it does."""
    fulfilled: bool | None = None
    """Once it stopped: whether what it is for was done; None while it runs."""
    withdrawn: bool = False
    """The case came to where it would run and there was no limit for it any more: it does not run."""

    @property
    def is_paused(self) -> bool:
        """Return whether it stands still now."""
        return bool(self.pauses) and self.pauses[-1][1] is None

    def stored(self) -> dict[str, Any]:
        """Return the JSON kept on the case."""
        kept: dict[str, Any] = {
            "started_at": self.started_at.isoformat(),
            "due_at": self.due_at.isoformat(),
            "running": self.running,
            "provisional": self.provisional,
            "level": self.level,
            "stopped_at": self.stopped_at.isoformat() if self.stopped_at else None,
            "run": self.run,
        }
        if self.limit:
            kept["limit"] = limit_json(self.limit)
        if self.pauses:
            kept["pauses"] = [[start.isoformat(), end.isoformat() if end else None] for start, end in self.pauses]
        if self.fulfilled is not None:
            kept["fulfilled"] = self.fulfilled
        if self.withdrawn:
            kept["withdrawn"] = True
        return kept

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Reading:
        """Return the clock a case carries as JSON."""
        stopped = stored.get("stopped_at")
        limit = stored.get("limit")
        return cls(
            started_at=datetime.fromisoformat(stored["started_at"]),
            due_at=datetime.fromisoformat(stored["due_at"]),
            running=stored["running"],
            provisional=stored["provisional"],
            level=stored["level"],
            stopped_at=datetime.fromisoformat(stopped) if stopped else None,
            run=stored.get("run", 1),
            limit=limit_of(limit) if limit else None,
            pauses=tuple(
                (datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
                for start, end in stored.get("pauses", ())
            ),
            fulfilled=stored.get("fulfilled"),
            withdrawn=stored.get("withdrawn", False),
        )


def limit_json(limit: Limit) -> dict[str, Any]:
    """Return a limit as the record keeps it: what a deadline can be recomputed from."""
    kept: dict[str, Any] = {"rule": limit.rule, "amount": limit.amount, "unit": limit.unit.value}
    if limit.moment:
        kept["moment"] = limit.moment.astimezone(UTC).isoformat()
    if limit.rolls_forward:
        kept["rolls_forward"] = True
    if limit.own:
        kept["own"] = True
    return kept


def limit_of(kept: Mapping[str, Any]) -> Limit:
    """Return the limit that the record keeps."""
    moment = kept.get("moment")
    return Limit(
        kept["amount"],
        Unit(kept["unit"]),
        datetime.fromisoformat(moment) if moment else None,
        kept.get("rolls_forward", False),
        kept["rule"],
        kept.get("own", False),
    )


def next_moment(clock: Clock, reading: Reading) -> datetime | None:
    """Return when the sweep has to look at a clock again; None: not before its case moves."""
    if not reading.running or reading.is_paused:
        return None
    if clock.kind == "timer":
        return reading.due_at if reading.level < BREACHED else None
    if reading.level == 0 and clock.warn_at is not None:
        return fraction(reading.started_at, reading.due_at, clock.warn_at)
    if reading.level <= WARNED:
        return reading.due_at
    if reading.level == BREACHED:
        return fraction(reading.started_at, reading.due_at, HANDED_UP_AT)
    return None


def turn(
    workflow: Workflow,
    stored: Mapping[str, Any],
    *,
    source: str | None,
    after: Snapshot,
    at: datetime,
    reconsider: bool,
    book: Callable[[], Rulebook],
    recount: str | None = None,
) -> dict[str, Reading]:
    """Return the clocks that a step from `source` to `after.state` changes, by name.

    `reconsider` says that the step wrote onto the case, so that limits may have changed. A clock keeps the
    start it once had, and the rules in force at it; reassigning, reclassifying or coming back does not give new time.
    `book` is asked only when a deadline has to be counted. One whose limit stays is not counted again, also when its
    case comes back to where it runs, so that a calendar that arrived meanwhile moves no deadline in passing: only the
    step for it does, of the clock `recount`. (One that stood still is counted: the pause itself moves it.)
    """
    changed: dict[str, Reading] = {}
    for clock in workflow.clocks:
        known = stored.get(clock.name)
        old = Reading.of(known) if known else None
        anew = clock.name == recount
        new = _turned(
            clock, old, source=source, after=after, at=at, reconsider=reconsider or anew, book=book, recount=anew
        )
        if new is not None and new != old:
            changed[clock.name] = new
    return changed


def _turned(
    clock: Clock,
    old: Reading | None,
    *,
    source: str | None,
    after: Snapshot,
    at: datetime,
    reconsider: bool,
    book: Callable[[], Rulebook],
    recount: bool,
) -> Reading | None:
    running = old is not None and old.running
    if old is not None and running and _among(clock.pauses_in, after.state):
        return old if old.is_paused else replace(old, pauses=(*old.pauses, (at, None)))
    if not _among(clock.runs_in, after.state):
        return _stopped(clock, old, after, at) if old is not None and running else None
    if running and not reconsider and _among(clock.runs_in, source):
        return None
    return _running(clock, old, source=source, after=after, at=at, book=book, recount=recount)


def _running(
    clock: Clock,
    old: Reading | None,
    *,
    source: str | None,
    after: Snapshot,
    at: datetime,
    book: Callable[[], Rulebook],
    recount: bool,
) -> Reading | None:
    """Return the clock of a case that is in a state it runs in."""
    stays = old is not None and old.running and _among(clock.runs_in, source)
    anew = old is None or (_among(clock.restarts_in, after.state) and not stays)
    rules = book().at(at if old is None or anew else old.started_at)
    limit = clock.limit(replace(after, rules=rules))
    if limit is None:
        return None if old is None else replace(_stopped(clock, old, after, at) if old.running else old, withdrawn=True)
    if old is None or anew:
        return _given(Reading(at, at, running=True, run=old.run + 1 if old else 1), limit, rules, at=at)
    if limit == old.limit and not recount and (stays or not (old.pauses or old.withdrawn)):
        return replace(old, running=True, stopped_at=None, fulfilled=None, withdrawn=False)
    return _given(_resumed(old, at), limit, rules, at=at)


def _among(states: frozenset[Any] | set[Any], name: str | None) -> bool:
    return any(state.name == name for state in states)


def _given(reading: Reading, limit: Limit, rules: Rules, *, at: datetime) -> Reading:
    """Return a running clock with the limit and the deadline that follows from it."""
    due: Deadline = rules.deadline(limit, pauses=[(start, end) for start, end in reading.pauses if end])
    is_later = due.at > max(reading.due_at, at)
    return replace(
        reading,
        due_at=max(due.at, reading.started_at + timedelta(microseconds=1)),
        running=True,
        provisional=due.provisional,
        level=0 if is_later else reading.level,
        stopped_at=None,
        limit=limit,
        fulfilled=None,
        withdrawn=False,
    )


def _resumed(reading: Reading, at: datetime) -> Reading:
    if not reading.is_paused:
        return reading
    *before, (start, _) = reading.pauses
    return replace(reading, pauses=(*before, (start, at)))


def _stopped(clock: Clock, old: Reading, after: Snapshot, at: datetime) -> Reading:
    fulfilled = _among(clock.fulfilled_in, after.state)
    return replace(_resumed(old, at), running=False, stopped_at=at, fulfilled=fulfilled)


def decided(old: Mapping[str, Any], new: Mapping[str, Reading]) -> dict[str, Any]:
    """Return by clock the limits that a step gave, and until when; None for a clock it left without one.

    With states and moments that is what a recomputation needs (`domain.history`).
    """
    limits: dict[str, Any] = {}
    for name, reading in new.items():
        before = Reading.of(old[name]) if name in old else None
        if reading.withdrawn:
            if before and not before.withdrawn:
                limits[name] = None
        elif reading.limit and (before is None or _until(before) != _until(reading)):
            limits[name] = {**limit_json(reading.limit), "due_at": reading.due_at.isoformat()}
            if reading.provisional:
                limits[name]["provisional"] = True
    return limits


def _until(reading: Reading) -> tuple[Any, ...]:
    return reading.run, reading.limit, reading.due_at, reading.provisional, reading.withdrawn


def nearest(workflow: Workflow, stored: Mapping[str, Any]) -> datetime | None:
    """Return the nearest deadline that still runs (timers are none)."""
    timers = {clock.name for clock in workflow.clocks if clock.kind == "timer"}
    running = [
        datetime.fromisoformat(reading["due_at"])
        for name, reading in stored.items()
        if reading["running"] and name not in timers and not Reading.of(reading).is_paused
    ]
    return min(running, default=None)
