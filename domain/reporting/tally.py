"""Counts columns: of a whole period, of its parts, of its days. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np

from domain.measured_days import IN_TIME, LATE, LEFT_IN_TIME, LEFT_LATE, RESULTS, RUNNING, instant
from domain.processes import WORKFLOWS
from domain.processes.measuring import FIXED, FIXING, UNPROVEN
from domain.reporting.columns import OUTCOMES, OVERDUE, SHAPE, SHAPES, Columns, Mask, Whole
from domain.reporting.figures import CaseFigures, Lengths, Point, ProcessFigures, StageFigures

MEDIAN, NINE_TENTHS = 50, 90
TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Stage:
    """A clock as packed runs name it."""

    name: str
    kind: str
    number: int
    """0: no case ever had one."""


@dataclass(frozen=True)
class Part:
    """The cases of one process that count, and its stages."""

    columns: Columns
    mask: Mask
    stages: tuple[Stage, ...]
    states: Mapping[int, str]

    @property
    def process(self) -> str:
        """Return of which process."""
        return self.columns.process

    @cached_property
    def shape(self) -> Whole:
        """Return of each case that counts what is counted of it."""
        return self.columns.shape[self.mask]

    @cached_property
    def times_reopened(self) -> Any:  # noqa: ANN401 - an array
        """Return how often each case that counts was reopened."""
        return self.columns.cases["reopened"][self.mask]

    @cached_property
    def runs(self) -> tuple[Whole, Whole]:
        """Return of each run of a case that counts its place among those, and its stage and outcome as one number."""
        columns = self.columns
        index = np.full(max([stage.number for stage in self.stages], default=0) + 1, -1, dtype=np.int64)
        for order, stage in enumerate(self.stages):
            index[stage.number] = order if stage.number else -1
        number = columns.runs["stage"]
        stages = np.where(number < len(index), index[np.minimum(number, len(index) - 1)], -1)
        counts = self.mask[columns.run_case] & (stages >= 0)
        place = np.cumsum(self.mask) - 1
        code: Whole = (stages[counts] * OUTCOMES + columns.outcome[counts]).astype(np.int64)
        return place[columns.run_case[counts]], code


def stages_of(process: str, names: Mapping[int, str]) -> tuple[Stage, ...]:
    """Return the clocks that are measured, in the order of the table."""
    numbers = {name: number for number, name in names.items()}
    clocks = [clock for clock in WORKFLOWS[process].clocks if clock.kind != TIMER]
    return tuple(Stage(clock.name, clock.kind, numbers.get(f"{clock.name}:{clock.kind}", 0)) for clock in clocks)


def whole(part: Part, *, ends_at: datetime, earlier: Mapping[str, int]) -> ProcessFigures:
    """Return the figures of everything in a part, lengths too.

    `earlier`: stage → breaches of the period by cases opened before it; `ends_at`: when the period is over.
    """
    everything = np.zeros(len(part.columns.cases), dtype=np.int64)
    figures = grouped(part, everything, 1)[0]
    cases, runs = part.columns.cases, part.columns.runs
    counted = part.mask & (cases["closed"] > 0)
    states = np.bincount(cases["state"][part.mask], minlength=1)
    named = {name: int(states[number]) for number, name in part.states.items() if number < len(states)}
    order = [state.name for state in WORKFLOWS[part.process].states]
    its_cases = replace(
        figures.cases,
        lengths=lengths(cases["minutes"][counted]),
        states=tuple((name, named[name]) for name in order if named.get(name)),
    )
    mine = part.mask[part.columns.run_case]
    done = mine & np.isin(part.columns.outcome, (IN_TIME, LATE))
    fell_due = mine & part.columns.is_breach & (runs["due_at"] <= instant(ends_at))
    its_stages = tuple(
        replace(
            one,
            lengths=lengths(runs["minutes"][done & (runs["stage"] == stage.number)]),
            breached_in_period=int(np.count_nonzero(fell_due & (runs["stage"] == stage.number)))
            + earlier.get(stage.name, 0),
        )
        for one, stage in zip(figures.stages, part.stages, strict=True)
    )
    return ProcessFigures(part.process, its_cases, its_stages)


def grouped(part: Part, group: Whole, groups: int) -> list[ProcessFigures]:
    """Return the figures of each group of the cases that count; `group` says of each case in which it is, -1: none."""
    mine = group[part.mask]
    mine = np.where(mine < 0, groups, mine)  # those of none come last and are left out
    shapes = np.bincount(mine * SHAPES + part.shape, minlength=(groups + 1) * SHAPES)[: groups * SHAPES]
    often = part.times_reopened > 0
    times = np.bincount(mine[often], weights=part.times_reopened[often], minlength=groups + 1)
    width = len(part.stages) * OUTCOMES
    place, code = part.runs
    outcomes = np.bincount(mine[place] * width + code, minlength=(groups + 1) * width)[: groups * width]
    cases = _cases(shapes.reshape(groups, *SHAPE), times)
    runs = outcomes.reshape(groups, len(part.stages), OUTCOMES)
    return [ProcessFigures(part.process, cases[index], _stages(part.stages, runs[index])) for index in range(groups)]


def _cases(shapes: Any, times: Any) -> list[CaseFigures]:  # noqa: ANN401 - arrays of groups and `SHAPE`, of groups
    closed, overdue, result, disputed, reopened, rating = range(1, 7)

    def along(*kept: int) -> Any:  # noqa: ANN401 - an array
        return shapes.sum(axis=tuple(axis for axis in range(1, 7) if axis not in kept)).tolist()

    named = {name: index for index, name in enumerate(RESULTS)}
    columns = zip(along(), along(closed), along(overdue), along(result), along(disputed), along(reopened),
                  along(rating), times.tolist()[: len(shapes)], strict=True)  # fmt: skip
    return [
        CaseFigures(
            received=all_, closed=ended[1], overdue=late[1], fixed=came[named[FIXED]], fixing=came[named[FIXING]],
            unproven=came[named[UNPROVEN]], disputed=objected[1], reopened=again[1], reopenings=int(often),
            ratings=tuple(stars[1:]),
        )
        for all_, ended, late, came, objected, again, stars, often in columns
    ]  # fmt: skip


def _stages(stages: Sequence[Stage], outcomes: Any) -> tuple[StageFigures, ...]:  # noqa: ANN401 - an array
    return tuple(
        StageFigures(
            stage.name, stage.kind, started=sum(row), in_time=row[IN_TIME], late=row[LATE], running=row[RUNNING],
            overdue=row[OVERDUE], left_in_time=row[LEFT_IN_TIME], left_late=row[LEFT_LATE], breached_in_period=None,
        )
        for stage, row in zip(stages, outcomes.tolist(), strict=True)
    )  # fmt: skip


def lengths(minutes: Any) -> Lengths:  # noqa: ANN401 - an array
    """Return the median and the 90th percentile by nearest rank: the smallest value that so many per cent reach not."""
    count = len(minutes)
    if not count:
        return Lengths()
    places = [-(-count * share // 100) - 1 for share in (MEDIAN, NINE_TENTHS)]
    at = np.partition(minutes, places)
    return Lengths(count, int(at[places[0]]), int(at[places[1]]))


def points(part: Part, bucket: Callable[[date], date]) -> list[Point]:
    """Return what was opened on each day, week or month; those of nothing are left out."""
    opened = part.columns.opened
    if not len(opened):
        return []
    first = int(opened.min())
    starts = [bucket(date.fromordinal(first + day)) for day in range(int(opened.max()) - first + 1)]
    order = {start: index for index, start in enumerate(dict.fromkeys(starts))}
    of_day = np.array([order[start] for start in starts], dtype=np.int64)
    figures = grouped(part, of_day[opened - first], len(order))
    return [
        Point(start, part.process, one.cases.received, one.cases.closed,
              sum(stage.in_time for stage in one.stages), one.breaches)
        for start, one in zip(order, figures, strict=True)
        if one.cases.received
    ]  # fmt: skip
