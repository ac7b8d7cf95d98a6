"""Finds the cases behind a number among the packed days, the newest days first. Needs numpy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlmodel import Session

from domain import measured_days, measures
from domain.actors import Actor
from domain.measured_days import IN_TIME, LATE, LEFT_IN_TIME, LEFT_LATE, RESULTS, RUNNING, instant
from domain.reporting import cohort, columns, slices
from domain.reporting.asked import Asked
from domain.reporting.columns import OVERDUE, Columns, Mask
from domain.reporting.drill import After, Figure
from domain.reporting.filters import Filters

FIRST_DAYS, TIMES_MORE, MOST_DAYS = 31, 4, 1500
"""So many of the newest days are read first, and so many times more each time it was not enough."""
OUTCOMES_OF = {
    "in_time": (IN_TIME,), "late": (LATE,), "running": (RUNNING,), "overdue": (OVERDUE,), "done": (IN_TIME, LATE),
    "left": (LEFT_IN_TIME, LEFT_LATE), "left_in_time": (LEFT_IN_TIME,), "left_late": (LEFT_LATE,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """A case, or one run of a clock of it, that a number counts."""

    opened_on: date
    case_id: UUID
    nth: int = 1
    """Which of the case's runs that the number counts."""
    run: int | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    stopped_at: datetime | None = None


def hits(
    session: Session, asked: Asked, figure: Figure, *, actor: Actor, after: After | None, most: int
) -> list[Hit]:  # fmt: skip
    """Return up to `most` of what a number counts, from after that one on."""
    asked = replace(asked, process=figure.process)
    chosen = Filters(session, asked, actor)
    look = _Look(session, asked, figure, chosen)
    found: list[Hit] = []
    for until_on, from_on in _stretches(asked, after):
        found += _from(look.within(from_on, until_on, most=most, after=after), after)
        if len(found) >= most:
            break
    if len(found) < most and figure.name == "breached_in_period":
        found += _from(look.opened_before(), after)
    return look.with_times(found[:most])


def _stretches(asked: Asked, after: After | None) -> Iterator[tuple[date, date]]:
    """Give the days of the period in stretches, the newest first, as (last, first)."""
    last, days = min(asked.until_on, after[0]) if after else asked.until_on, FIRST_DAYS
    while last >= asked.from_on:
        first = max(asked.from_on, last - timedelta(days=days - 1))
        yield last, first
        last, days = first - timedelta(days=1), min(days * TIMES_MORE, MOST_DAYS)


def _from(found: Sequence[Hit], after: After | None) -> list[Hit]:
    if after is None:
        return list(found)
    day, case_id, nth = after
    place = (-day.toordinal(), case_id.hex, nth)
    return [hit for hit in found if (-hit.opened_on.toordinal(), hit.case_id.hex, hit.nth) > place]


class _Look:
    """One number looked behind."""

    def __init__(self, session: Session, asked: Asked, figure: Figure, chosen: Filters) -> None:
        self.session, self.asked, self.figure, self.chosen = session, asked, figure, chosen
        if asked.as_of is None:
            raise ValueError("a moment is needed")
        self.as_of: datetime = asked.as_of
        self.numbers = {name: number for number, name in chosen.names["stage"].items()}

    def within(self, from_on: date, until_on: date, *, most: int, after: After | None) -> list[Hit]:
        """Return what counts of the cases opened on these days: by day, the newest first, then by id.

        At least `most` of them from after that one on, if there are, and always whole days.
        """
        loaded = columns.load(
            self.session, self.figure.process, from_on=from_on, until_on=until_on, as_of=self.as_of
        )  # fmt: skip
        mask = self.chosen.mask(loaded) & self._of_part(loaded)
        places = np.flatnonzero(mask & self._of_case(loaded)) if self.figure.stage is None else self._runs(loaded, mask)
        days = loaded.opened[places]
        most += int(np.count_nonzero(days == after[0].toordinal())) if after else 0
        if len(places) > most:  # whole days, from the newest on
            kept = days >= np.sort(days)[-most]
            places, days = places[kept], days[kept]
        ids = _Ids(self, loaded, set(days.tolist()))
        found: list[Hit] = []
        seen: dict[UUID, int] = defaultdict(int)
        for place, day in sorted(zip(places.tolist(), days.tolist(), strict=True), key=lambda one: (-one[1], one[0])):
            case_id = ids.of(place, day)
            seen[case_id] += 1
            found.append(Hit(date.fromordinal(day), case_id, seen[case_id]))
        return found

    def _of_part(self, loaded: Columns) -> Mask:
        by = self.figure.by
        if by is None:
            return np.ones(len(loaded.cases), dtype=np.bool_)
        if by == "person" and self.figure.key not in self.chosen.people():
            return np.zeros(len(loaded.cases), dtype=np.bool_)
        flags: Any = slices.members(by, self.figure.key, alone=self.figure.alone, chosen=self.chosen)
        mask: Mask = flags[loaded.cases[by]]
        return mask

    def _of_case(self, loaded: Columns) -> Mask:
        cases, (name, _, which) = loaded.cases, self.figure.name.partition("-")
        if name in RESULTS:
            return np.asarray(cases["result"] == RESULTS.index(name), dtype=np.bool_)
        masks: dict[str, Any] = {
            "received": lambda: np.ones(len(cases), dtype=np.bool_),
            "open": lambda: cases["closed"] == 0,
            "closed": lambda: cases["closed"] > 0,
            "overdue": lambda: loaded.is_overdue,
            "disputed": lambda: cases["disputed"] > 0,
            "reopened": lambda: cases["reopened"] > 0,
            "rated": lambda: cases["rating"] == int(which) if which else cases["rating"] > 0,
            "state": lambda: np.isin(
                cases["state"], [number for number, state in self.chosen.names["state"].items() if state == which]
            ),
        }
        mask: Mask = masks[name]()
        return mask

    def _runs(self, loaded: Columns, mask: Mask) -> Any:  # noqa: ANN401 - an array
        """Return the place of its case for each run that counts."""
        kinds = [number for name, number in self.numbers.items() if name.partition(":")[0] == self.figure.stage]
        runs = mask[loaded.run_case] & np.isin(loaded.runs["stage"], kinds)
        name = self.figure.name
        if name in OUTCOMES_OF:
            runs &= np.isin(loaded.outcome, OUTCOMES_OF[name])
        elif name != "started":
            runs &= loaded.is_breach
            if name == "breached_in_period":
                runs &= loaded.runs["due_at"] <= instant(self.asked.ends_at)
        return loaded.run_case[runs]

    def opened_before(self) -> list[Hit]:
        """Return the breaches of the period whose cases were opened before it, the newest first."""
        if self.figure.by is not None:
            return []
        found = cohort.breaches_before(
            self.chosen, (self.figure.process,), self.asked, as_of=self.as_of, stage=self.figure.stage
        ).subquery()
        query = select(found.c.case_id, found.c.opened_at).order_by(found.c.opened_at.desc())
        rows = [(measures.day_of(row.opened_at), row.case_id) for row in self.session.execute(query)]
        hits, seen = [], dict[UUID, int]()
        for day, case_id in sorted(rows, key=lambda row: (-row[0].toordinal(), row[1].hex)):
            seen[case_id] = seen.get(case_id, 0) + 1
            hits.append(Hit(day, case_id, seen[case_id]))
        return hits

    def with_times(self, found: list[Hit]) -> list[Hit]:
        """Return the hits of a stage with the moments of their runs."""
        if self.figure.stage is None or not found:
            return found
        runs: dict[UUID, list[Any]] = defaultdict(list)
        for table in (cohort.STAGES, cohort.STAGES_PAST):
            names = ("case_id", "run", "started_at", "due_at", "stopped_at", "fulfilled", "paused")
            query = select(*(table.c[name] for name in names)).where(*cohort.stood(table, self.as_of))
            mine = query.where(
                table.c.case_id.in_({hit.case_id for hit in found}), table.c.stage == self.figure.stage
            )  # fmt: skip
            for row in self.session.execute(mine):
                if self._counts(row):
                    runs[row.case_id].append(row)
        timed = []
        for hit in found:
            row = sorted(runs[hit.case_id], key=lambda row: row.run)[hit.nth - 1]
            times = {"started_at": row.started_at, "due_at": row.due_at, "stopped_at": row.stopped_at}
            timed.append(replace(hit, run=row.run, **times))
        return timed

    def _counts(self, row: Any) -> bool:  # noqa: ANN401 - a row
        outcome, name = measured_days.outcome(row), self.figure.name
        if outcome == RUNNING and row.due_at < self.as_of and not row.paused:
            outcome = OVERDUE
        if name in OUTCOMES_OF:
            return outcome in OUTCOMES_OF[name]
        is_breach = outcome in (LATE, LEFT_LATE, OVERDUE)
        if name == "breached_in_period":
            return is_breach and self.asked.begins_at < row.due_at <= self.asked.ends_at
        return name == "started" or is_breach


class _Ids:
    """The ids of the cases of some days, by their place."""

    def __init__(self, look: _Look, loaded: Columns, days: set[int]) -> None:
        self._begins = {day: int(np.searchsorted(loaded.opened, day)) for day in days}
        self._ids = columns.ids_of(
            look.session, look.figure.process, {date.fromordinal(day) for day in days}, as_of=look.as_of
        )  # fmt: skip

    def of(self, place: int, day: int) -> UUID:
        """Return the id of the case at that place."""
        start = (place - self._begins[day]) * 16
        return UUID(bytes=self._ids[date.fromordinal(day)][start : start + 16])
