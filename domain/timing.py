"""What a step does to a case's clocks: pure, from the table and the history to the new deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clocks import Limit, deadline, fraction
from domain.settings import city_zone
from domain.workflow import Clock, Workflow

WARNED, BREACHED, HANDED_UP = 1, 2, 3
HANDED_UP_AT = 1.25
"""A breach goes one level higher after another quarter of the limit."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A case as guards and limits see it."""

    id: UUID
    state: str
    assignees: tuple[UUID, ...]
    facts: Mapping[str, Any]
    opened_at: datetime
    venue_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One clock of one case. Times are aware UTC."""

    started_at: datetime
    due_at: datetime
    running: bool
    provisional: bool = False
    level: int = 0
    stopped_at: datetime | None = None

    def stored(self) -> dict[str, Any]:
        """Return the JSON kept on the case."""
        return {
            "started_at": self.started_at.isoformat(),
            "due_at": self.due_at.isoformat(),
            "running": self.running,
            "provisional": self.provisional,
            "level": self.level,
            "stopped_at": self.stopped_at.isoformat() if self.stopped_at else None,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Reading:
        """Return the clock a case carries as JSON."""
        stopped = stored.get("stopped_at")
        return cls(
            started_at=datetime.fromisoformat(stored["started_at"]),
            due_at=datetime.fromisoformat(stored["due_at"]),
            running=stored["running"],
            provisional=stored["provisional"],
            level=stored["level"],
            stopped_at=datetime.fromisoformat(stopped) if stopped else None,
        )


def next_moment(clock: Clock, reading: Reading) -> datetime | None:
    """Return when the sweep has to look at a clock again; None: never."""
    if not reading.running:
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
) -> dict[str, Reading]:
    """Return the clocks that a step from `source` to `after.state` changes, by name.

    `reconsider` says that the step wrote onto the case, so that limits may have changed. A clock keeps the
    start it once had; reassigning, reclassifying or coming back does not give new time.
    """
    changed: dict[str, Reading] = {}
    for clock in workflow.clocks:
        inside = any(state.name == after.state for state in clock.runs_in)
        was = any(state.name == source for state in clock.runs_in)
        known = stored.get(clock.name)
        old = Reading.of(known) if known else None
        running = old is not None and old.running
        limit = clock.limit(after) if inside else None
        if limit is None:
            if old is not None and running:
                changed[clock.name] = _stopped(old, at)
            continue
        if was and running and not reconsider:
            continue
        anew = any(state.name == after.state for state in clock.restarts_in)
        new = _started(old, limit, at=at, restarts=anew and not (was and running))
        if new != old:
            changed[clock.name] = new
    return changed


def _started(old: Reading | None, limit: Limit, *, at: datetime, restarts: bool) -> Reading:
    started_at = at if old is None or restarts else old.started_at
    due = deadline(started_at, limit, zone=city_zone())
    level = 0 if old is None or restarts or due.at > max(old.due_at, at) else old.level
    due_at = max(due.at, started_at + timedelta(microseconds=1))
    return Reading(started_at, due_at, running=True, provisional=due.provisional, level=level)


def _stopped(old: Reading, at: datetime) -> Reading:
    return replace(old, running=False, stopped_at=at)


def nearest(workflow: Workflow, stored: Mapping[str, Any]) -> datetime | None:
    """Return the nearest deadline that still runs (timers are none)."""
    timers = {clock.name for clock in workflow.clocks if clock.kind == "timer"}
    running = [
        datetime.fromisoformat(reading["due_at"])
        for name, reading in stored.items()
        if reading["running"] and name not in timers
    ]
    return min(running, default=None)
