"""The cases of the last thirty days as reports count them: by area, by day, by hazard, by whom they are assigned to.

Whether a deadline was kept is decided where reports decide it (`measured_days.outcome`), so both say the same share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlmodel import Session

from domain.actors import Actor, Role
from domain.measured_days import IN_TIME, LATE, LEFT_LATE, RESULTS, RUNNING
from domain.processes import LISTED
from domain.processes.hazard_report import HAZARD_REPORT
from domain.processes.measuring import FIXED, FIXING, UNPROVEN
from domain.queries.shares import NOTHING, Share
from domain.reporting import columns
from domain.reporting.asked import Asked
from domain.reporting.columns import OVERDUE, Columns, Mask
from domain.reporting.filters import Filters

FOUND = (RESULTS.index(FIXED), RESULTS.index(FIXING))
CHECKED = (*FOUND, RESULTS.index(UNPROVEN))
DECIDED = (IN_TIME, LATE, LEFT_LATE, OVERDUE)
"""Outcomes of a deadline that was kept or missed; the others run, or were given up before it."""
ENDS = {"in_time": IN_TIME, "late": LATE, "left_late": LEFT_LATE, "overdue": OVERDUE, "running": RUNNING}
"""What a run may come to, by the name of the number that counts it."""


@dataclass(frozen=True, slots=True)
class AreaMonth:
    """The cases of one area."""

    opened: int = 0
    on_time: Share = NOTHING
    """Deadlines kept among those kept or missed."""
    discovery: Share = NOTHING
    """Reports in which a hazard was found among those checked."""


@dataclass(frozen=True, slots=True)
class Runs:
    """So many runs of one clock of one person that came to the same: what a list behind a number is asked for."""

    process: str
    stage: str
    name: str
    """A key of `ENDS`, as `drill` names it."""
    count: int


@dataclass(frozen=True, slots=True)
class Tasks:
    """One person's tasks."""

    runs: tuple[Runs, ...] = ()
    discovery: Share = NOTHING

    def of(self, *names: str) -> int:
        """Return how many runs came to one of these."""
        return sum(one.count for one in self.runs if one.name in names)


class Month:
    """The cases opened from one day to another that count for `actor`; made anew for each look."""

    def __init__(
        self, session: Session, actor: Actor, *, from_on: date, until_on: date, at: datetime, roles: Container[Role]
    ) -> None:
        """Read them; names after the cases that carry them, so that none is unknown."""
        read = [columns.load(session, one, from_on=from_on, until_on=until_on, as_of=at) for one in LISTED]
        filters = Filters(session, Asked(from_on, until_on), actor, roles)
        self._parts: list[tuple[Columns, Mask]] = [(one, filters.mask(one)) for one in read]
        self._names = filters.names

    def by_area(self) -> dict[UUID | None, AreaMonth]:
        """Return area → its cases; None: those nobody has placed."""
        opened, on_time, found = self._names_counted("area"), self._shares("area"), self._discovery("area")
        return {
            self._id("area", number): AreaMonth(count, on_time.get(number, NOTHING), found.get(number, NOTHING))
            for number, count in opened.items()
        }

    def by_day(self) -> dict[date, int]:
        """Return day → cases opened; days of none are left out."""
        opened = _counted([one.opened[mask] for one, mask in self._parts])
        return {date.fromordinal(day): count for day, count in opened.items()}

    def by_hazard(self) -> dict[str | None, int]:
        """Return hazard → reports of it; None: those that nobody has named yet."""
        counted = self._names_counted("hazard", of=(HAZARD_REPORT.name,))
        return {self._names["hazard"].get(number): count for number, count in counted.items()}

    def by_person(self, stages: Sequence[str]) -> dict[UUID, Tasks]:
        """Return person → their tasks: the runs of those clocks of the cases that are assigned to them."""
        runs: dict[int, list[Runs]] = defaultdict(list)
        for part in self._parts:
            for stage in stages:
                numbers = [number for number, name in self._names["stage"].items() if name.partition(":")[0] == stage]
                for name, outcome in ENDS.items() if numbers else ():
                    for number, count in _counted([_of_runs(part, "person", outcome, numbers)]).items():
                        runs[number].append(Runs(part[0].process, stage, name, count))
        found = self._discovery("person")
        return {
            UUID(name): Tasks(tuple(runs[number]), found.get(number, NOTHING))
            for number, name in self._names["person"].items()
        }

    def _id(self, kind: str, number: int) -> UUID | None:
        return UUID(self._names[kind][number]) if number else None

    def _names_counted(self, field: str, *, of: Container[str] = LISTED, results: Any = None) -> dict[int, int]:  # noqa: ANN401 - numbers of results
        """Return number of a name → cases that count, of those processes and results."""
        found = []
        for one, mask in self._parts:
            if one.process in of:
                chosen = mask if results is None else mask & np.isin(one.cases["result"], results)
                found.append(one.cases[field][chosen])
        return _counted(found)

    def _runs_counted(self, field: str, outcome: int) -> dict[int, int]:
        """Return number of a name → runs of cases that count with that outcome."""
        return _counted([_of_runs(part, field, outcome) for part in self._parts])

    def _shares(self, field: str) -> dict[int, Share]:
        outcomes = {kind: self._runs_counted(field, kind) for kind in DECIDED}
        numbers = {number for counted in outcomes.values() for number in counted}
        return {
            number: Share(outcomes[IN_TIME].get(number, 0), sum(one.get(number, 0) for one in outcomes.values()))
            for number in numbers
        }

    def _discovery(self, field: str) -> dict[int, Share]:
        found = self._names_counted(field, of=(HAZARD_REPORT.name,), results=FOUND)
        checked = self._names_counted(field, of=(HAZARD_REPORT.name,), results=CHECKED)
        return {number: Share(found.get(number, 0), count) for number, count in checked.items()}


def _of_runs(part: tuple[Columns, Mask], field: str, outcome: int, stages: Sequence[int] | None = None) -> Any:  # noqa: ANN401 - an array
    """Return the number of the name of each run of a case that counts with that outcome."""
    one, mask = part
    chosen = mask[one.run_case] & (one.outcome == outcome)
    if stages is not None:
        chosen &= np.isin(one.runs["stage"], stages)
    return one.cases[field][one.run_case[chosen]]


def _counted(parts: list[Any]) -> dict[int, int]:
    numbers, counts = np.unique(np.concatenate(parts), return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
