"""The numbers of a report as plain values: counts, never a share without its whole, never 0 % for nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from domain.reporting.asked import Asked

RATINGS = 5


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """Return per cent with one decimal; None when there is nothing to take a share of: no data is not zero."""
        return round(100 * self.part / self.whole, 1) if self.whole else None


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long things took, in whole minutes (begun minutes do not count), by nearest rank: real values, no means."""

    count: int = 0
    median: int | None = None
    p90: int | None = None


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One clock of a process over the cases that were opened in the period; every run of it counts once.

    `started` = `in_time` + `late` + `running` + `overdue` + `left_in_time` + `left_late`.
    """

    stage: str
    """The clock's name in the table of the process."""
    kind: str
    """statutory or target."""
    started: int = 0
    in_time: int = 0
    """Done, at the deadline at the latest."""
    late: int = 0
    """Done, after the deadline (`stopped_at` > `due_at`)."""
    running: int = 0
    """Not done yet, deadline not passed."""
    overdue: int = 0
    """Not done yet, deadline passed."""
    left_in_time: int = 0
    """Given up before its deadline: withdrawn, transferred, merged, …"""
    left_late: int = 0
    """Given up after its deadline."""
    breached_in_period: int | None = 0
    """Deadlines that passed unmet on a day of the period, whenever the case was opened; None for parts of the whole."""
    lengths: Lengths = Lengths()
    """Of those that were done, late ones too."""

    @property
    def breaches(self) -> int:
        """Return how many runs passed their deadline before they stopped (or by now)."""
        return self.late + self.overdue + self.left_late

    @property
    def left(self) -> int:
        """Return how many were given up."""
        return self.left_in_time + self.left_late

    @property
    def in_time_share(self) -> Share:
        """Return those done in time among all that are decided: done, or over without being done."""
        return Share(self.in_time, self.in_time + self.breaches)


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """The cases of one process that were opened in the period, as they stood at the moment of the report."""

    received: int = 0
    closed: int = 0
    """In a final state, whichever; `states` tells them apart."""
    overdue: int = 0
    """Open, and its nearest running deadline has passed."""
    fixed: int = 0
    fixing: int = 0
    unproven: int = 0
    disputed: int = 0
    reopened: int = 0
    """Cases reopened at least once."""
    reopenings: int = 0
    ratings: tuple[int, ...] = (0,) * RATINGS
    """How many gave 1, 2, 3, 4, 5."""
    states: tuple[tuple[str, int], ...] = ()
    """State → cases, in the order of the process's table, without those of none."""
    lengths: Lengths = Lengths()
    """From opening to the end, of those that are closed."""

    @property
    def open(self) -> int:
        """Return how many are not closed."""
        return self.received - self.closed

    @property
    def rated(self) -> int:
        """Return how many reporters said how satisfied they are."""
        return sum(self.ratings)

    @property
    def satisfaction(self) -> float | None:
        """Return the mean rating with one decimal; None when nobody rated."""
        if not self.rated:
            return None
        return round(sum(stars * count for stars, count in enumerate(self.ratings, start=1)) / self.rated, 1)

    @property
    def fixed_share(self) -> Share:
        """Return the verified fixed among all whose hazard was found."""
        return Share(self.fixed, self.fixed + self.fixing)


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """One process: its cases and its stages in the order of its table."""

    process: str
    cases: CaseFigures = CaseFigures()
    stages: tuple[StageFigures, ...] = ()

    def stage(self, name: str) -> StageFigures:
        """Return one stage; KeyError for one there is none of."""
        for one in self.stages:
            if one.stage == name:
                return one
        raise KeyError(name)

    @property
    def breaches(self) -> int:
        """Return the breaches of all its stages."""
        return sum(stage.breaches for stage in self.stages)


By = Literal["area", "organisation", "hazard", "person"]


@dataclass(frozen=True, slots=True)
class Slice:
    """The figures of one part of the whole; lengths are counted for the whole only."""

    by: By
    key: str | None
    """Id of the area, organisation or person, or the hazard category; None: those that have none."""
    alone: bool = False
    """By area: cases of the chosen area itself that lie in none of those below it."""
    processes: tuple[ProcessFigures, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """What belongs to one day, week or month of a chart: of the cases opened in it."""

    from_on: date
    process: str
    received: int = 0
    closed: int = 0
    in_time: int = 0
    """Runs of its stages that were done in time."""
    breaches: int = 0


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything an SLA report says."""

    asked: Asked
    as_of: datetime
    settled: bool
    """Nothing that happens or is written down from now on changes these numbers."""
    processes: tuple[ProcessFigures, ...]
    before_from_on: date
    before_until_on: date
    before: tuple[ProcessFigures, ...]
    """The same of the period before, as of the same moment."""
    areas: tuple[Slice, ...] = ()
    """The areas directly below the chosen one (or below the top), each with its subtree."""
    organisations: tuple[Slice, ...] = ()
    hazards: tuple[Slice, ...] = ()
    """By category."""
    people: tuple[Slice, ...] = ()
    """Only those for whom the reader is a supervisor or leader; empty for everybody else."""
    unit: Literal["day", "week", "month"] = "day"
    series: tuple[Point, ...] = field(default=())
    """By `unit`, weeks from Monday; points of nothing at all are left out."""

    @property
    def is_empty(self) -> bool:
        """Return whether there is no case at all, which is not the same as nothing in time."""
        return not any(one.cases.received for one in self.processes)

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        data: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return data

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Numbers:
        """Return what `as_data` wrote down."""
        return _adapter().validate_python(dict(data))


@cache
def _adapter() -> TypeAdapter[Numbers]:
    return TypeAdapter(Numbers)
