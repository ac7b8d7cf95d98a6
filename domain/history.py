"""A case as its timeline alone tells it: where it stood after each entry, and every run of every clock. Pure.

Slow and obvious on purpose, and without asking the code that moved the case: reports count by it, and it is what
the deadlines a case carries are checked against. Entries of before limits were kept in them tell of no clock, until
one says how the case stood when it was taken over (`domain.adoption`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from domain.clocks import Deadline, Limit, Pause
from domain.table import Clock, State
from domain.timing import Reading, limit_of
from domain.workflow import Workflow

Counting = Callable[[datetime, Limit, Sequence[Pause], datetime], Deadline]
"""(start, limit, pauses that are over, moment of the entry) → when it is over, with what was known at that moment."""

ADOPTED = "adopted"
"""Of what an entry decided: the clocks of a case of before, as they stood when it was taken over."""
_SAME: Any = object()


class Entry(Protocol):
    """What is read of an entry; `TimelineEntry` and a row of its table both have it."""

    @property
    def seq(self) -> int:
        """Return its place in the timeline, from 1."""

    @property
    def at(self) -> datetime:
        """Return when it was written (UTC)."""

    @property
    def transition(self) -> str:
        """Return the step, or the opening."""

    @property
    def source(self) -> str | None:
        """Return the state before; None for the opening."""

    @property
    def target(self) -> str:
        """Return the state after."""

    @property
    def actor_id(self) -> UUID | None:
        """Return who did it."""

    @property
    def actor_role(self) -> str:
        """Return as what."""

    @property
    def data(self) -> dict[str, Any]:
        """Return the form."""

    @property
    def decided(self) -> dict[str, Any]:
        """Return what followed from it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The case right after one entry."""

    entry: Entry
    columns: Mapping[str, str | None]
    """`assignee_id`, `second_assignee_id`, `hazard_code`, `venue_id`, `area_id` as far as any was ever set."""
    clocks: Mapping[str, tuple[Reading, ...]]
    """Every run of each clock that ever ran, the oldest first; the last is how the clock stands now."""
    changed: frozenset[str]
    """The clocks that this entry started, stopped, paused, or gave another limit, deadline or level."""

    @property
    def seq(self) -> int:
        """Return the entry's place in the timeline."""
        return self.entry.seq

    @property
    def at(self) -> datetime:
        """Return when it came to stand so."""
        return self.entry.at

    @property
    def transition(self) -> str:
        """Return the step that led here."""
        return self.entry.transition

    @property
    def state(self) -> str:
        """Return the state."""
        return self.entry.target


def tells(entries: Sequence[Entry]) -> bool:
    """Return whether a timeline tells of clocks and columns at all: its case is not of before, or was taken over."""
    return bool(entries) and (bool(entries[0].decided) or any(ADOPTED in entry.decided for entry in entries))


def replay(workflow: Workflow, entries: Iterable[Entry], *, counting: Counting | None = None) -> Iterator[Standing]:
    """Yield how the case stood after each entry; `entries` in the order of their `seq`.

    Deadlines are those the entries say were given then; with `counting` they are counted again instead.
    """
    entries = list(entries)
    adopted = next((number for number, entry in enumerate(entries) if ADOPTED in entry.decided), 0)
    columns: dict[str, str | None] = {}
    clocks: dict[str, tuple[Reading, ...]] = {}
    for number, entry in enumerate(entries):
        if number < adopted:  # what single steps said since the upgrade is in what was taken over
            yield Standing(entry, MappingProxyType({}), MappingProxyType({}), frozenset())
            continue
        columns |= entry.decided.get("columns", {})
        changed = set()
        if ADOPTED in entry.decided:
            clocks = {name: (Reading.of(stored),) for name, stored in entry.decided[ADOPTED].items()}
            yield Standing(entry, MappingProxyType(dict(columns)), MappingProxyType(dict(clocks)), frozenset(clocks))
            continue
        for clock in workflow.clocks:
            runs = clocks.get(clock.name, ())
            now = _after(clock, runs, entry, counting)
            if now != runs:
                clocks[clock.name] = now
                changed.add(clock.name)
        yield Standing(entry, MappingProxyType(dict(columns)), MappingProxyType(dict(clocks)), frozenset(changed))


def _after(
    clock: Clock, runs: tuple[Reading, ...], entry: Entry, counting: Counting | None
) -> tuple[Reading, ...]:  # fmt: skip
    """Return the runs of a clock after an entry."""
    if not runs:
        given = _limit_given(clock, entry)
        begins = _is_in(clock.runs_in, entry.target) and given not in (_SAME, None)
        return (_given(_begun(entry, 1), given, entry, counting),) if begins else ()
    *before, last = runs
    now = _notified(clock, last, entry)
    if now.running and _is_in(clock.pauses_in, entry.target):
        return (*before, now if now.is_paused else replace(now, pauses=(*now.pauses, (entry.at, None))))
    if not _is_in(clock.runs_in, entry.target):
        return (*before, _stopped(clock, now, entry) if now.running else now)
    return (*before, *_in_its_state(clock, now, entry, counting))


def _in_its_state(clock: Clock, now: Reading, entry: Entry, counting: Counting | None) -> tuple[Reading, ...]:
    """Return what becomes of a run, and the next one if it begins, in a state the clock runs in."""
    given = _limit_given(clock, entry)
    if given is None:
        return (replace(_stopped(clock, now, entry) if now.running else now, withdrawn=True),)
    stays = now.running and _is_in(clock.runs_in, entry.source)
    if given is _SAME:
        goes_on = stays or now.withdrawn
        # Nothing said: it goes on with the deadline it had, and is not counted with a calendar of meanwhile.
        return (now if goes_on else _given(_resumed(now, entry.at), None, entry, None),)
    if _is_in(clock.restarts_in, entry.target) and not stays:
        return (now, _given(_begun(entry, now.run + 1), given, entry, counting))
    return (_given(_resumed(now, entry.at), given, entry, counting),)


def _limit_given(clock: Clock, entry: Entry) -> Any:  # noqa: ANN401 - JSON
    """Return the limit an entry gave; None where it left the clock without one, `_SAME` where it says nothing."""
    return entry.decided.get("limits", {}).get(clock.name, _SAME)


def _is_in(states: Iterable[State], name: str | None) -> bool:
    return any(state.name == name for state in states)


def _begun(entry: Entry, run: int) -> Reading:
    return Reading(entry.at, entry.at, running=True, run=run)


def _given(reading: Reading, kept: Mapping[str, Any] | None, entry: Entry, counting: Counting | None) -> Reading:
    """Return the clock running with a limit; None: the one it had, until the moment it had."""
    limit = limit_of(kept) if kept else reading.limit
    due = Deadline(reading.due_at, reading.provisional)
    if counting and limit:
        over = [(start, end) for start, end in reading.pauses if end]
        due = counting(reading.started_at, limit, over, entry.at)
        due = Deadline(max(due.at, reading.started_at + timedelta(microseconds=1)), due.provisional)
    elif kept:
        due = Deadline(datetime.fromisoformat(kept["due_at"]), kept.get("provisional", False))
    return replace(
        reading, due_at=due.at, running=True, provisional=due.provisional, stopped_at=None, limit=limit, fulfilled=None,
        withdrawn=False, level=0 if due.at > max(reading.due_at, entry.at) else reading.level,
    )  # fmt: skip


def _notified(clock: Clock, reading: Reading, entry: Entry) -> Reading:
    """Return the clock with the level that a warning or a breach gave it."""
    speaks = entry.transition in clock.fires and entry.data.get("clock") == clock.name
    return replace(reading, level=int(entry.data.get("level", 0)) + 1) if speaks else reading


def _resumed(reading: Reading, at: datetime) -> Reading:
    if not reading.is_paused:
        return reading
    *before, (start, _) = reading.pauses
    return replace(reading, pauses=(*before, (start, at)))


def _stopped(clock: Clock, reading: Reading, entry: Entry) -> Reading:
    return replace(
        _resumed(reading, entry.at), running=False, stopped_at=entry.at,
        fulfilled=_is_in(clock.fulfilled_in, entry.target),
    )  # fmt: skip
