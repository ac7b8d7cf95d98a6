"""What a report says, in the order it says it: the same for the page, the PDF, the workbook and the JSON.

Made from the numbers alone; names come from `domain.reporting.names`. Every line and cell says by its `Figure` which
cases it counts, so that a page can lead to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.language import Label
from domain.reporting import amounts
from domain.reporting.amounts import Amount
from domain.reporting.drill import Figure
from domain.reporting.figures import Numbers, Point, ProcessFigures, Share, Slice, StageFigures
from domain.reporting.names import Names
from domain.reporting.numbers import BUCKETS
from domain.settings import city_zone

Of = Callable[[ProcessFigures], Amount]
OfStage = Callable[[StageFigures], Amount]


@dataclass(frozen=True, slots=True)
class Line:
    """A number with its name, and the one of the period before."""

    figure: Figure
    label: Label
    now: Amount
    before: Amount
    good: bool | None = None
    """Whether more of it is better; None: neither. A plain count is judged by nobody: more cases may have come in."""

    @property
    def tone(self) -> str:
        """Return `better`, `worse` or "" against the period before."""
        if self.good is None or self.now.value is None or self.before.value is None:
            return ""
        if self.now.value == self.before.value:
            return ""
        return "better" if (self.now.value > self.before.value) is self.good else "worse"


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a row; `figure` None: it sums up several, which the report of the row alone tells apart."""

    name: str
    now: Amount
    figure: Figure | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: whose it is, and its numbers in the order of the columns."""

    kind: str
    """Of which names its own is: stage, area, organisation, hazard, person."""
    key: str | None
    cells: tuple[Cell, ...]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers by stage, by area, by organisation, by hazard or by person."""

    kind: str
    title: Label
    columns: tuple[Label, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the report says of one process."""

    process: str
    is_empty: bool
    headline: tuple[Line, ...]
    results: tuple[Line, ...]
    durations: tuple[Line, ...]
    stages: Table
    tables: tuple[Table, ...]
    series: tuple[tuple[date, Point | None], ...]
    """First day of each day, week or month of the period, and what belongs to it; None: it has not come yet."""


@dataclass(frozen=True, slots=True)
class _Measure:
    figure: str
    label: Label
    of: Of
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class _StageMeasure:
    figure: str
    label: Label
    of: OfStage


HEADLINE = (
    _Measure("received", Label("收到", "Received"), lambda of: amounts.count(of.cases.received)),
    _Measure("open", Label("在办", "Open"), lambda of: amounts.count(of.cases.open)),
    _Measure("overdue", Label("目前逾期", "Overdue now"), lambda of: amounts.count(of.cases.overdue)),
)
RESULTS = (
    _Measure("closed", Label("已结束", "Closed"), lambda of: amounts.count(of.cases.closed)),
    _Measure("fixed", Label("核实已整改", "Verified fixed"), lambda of: amounts.count(of.cases.fixed)),
    _Measure("fixing", Label("整改中", "Being corrected"), lambda of: amounts.count(of.cases.fixing)),
    _Measure("unproven", Label("未查实", "Unproven"), lambda of: amounts.count(of.cases.unproven)),
    _Measure("disputed", Label("举报人有异议", "Disputed"), lambda of: amounts.count(of.cases.disputed)),
    _Measure("reopened", Label("重新核查", "Reopened"), lambda of: amounts.count(of.cases.reopened)),
    _Measure("rated", Label("满意度（1—5）", "Satisfaction (1–5)"),
             lambda of: amounts.rating(of.cases.satisfaction, of.cases.rated), good=True),
)  # fmt: skip
DURATIONS = (
    _Measure("closed", Label("办结用时，中位数", "From receipt to end, median"),
             lambda of: amounts.median(of.cases.lengths), good=False),
    _Measure("closed", Label("办结用时，九成以内", "From receipt to end, nine of ten within"),
             lambda of: amounts.p90(of.cases.lengths), good=False),
)  # fmt: skip
IN_TIME = Label("按期率", "in time")
MEDIAN, P90 = Label("用时，中位数", "median time"), Label("用时，九成以内", "nine of ten within")
STAGE_COLUMNS = (
    _StageMeasure("started", Label("起算", "Begun"), lambda of: amounts.count(of.started)),
    _StageMeasure("in_time", Label("按期", "In time"), lambda of: amounts.count(of.in_time)),
    _StageMeasure("late", Label("逾期办完", "Done late"), lambda of: amounts.count(of.late)),
    _StageMeasure("running", Label("未到期", "Running"), lambda of: amounts.count(of.running)),
    _StageMeasure("overdue", Label("已逾期", "Overdue"), lambda of: amounts.count(of.overdue)),
    _StageMeasure("left", Label("中止", "Given up"), lambda of: amounts.count(of.left)),
    _StageMeasure("breaches", Label("逾期合计", "Breaches"), lambda of: amounts.count(of.breaches)),
    _StageMeasure("breached_in_period", Label("期内逾期", "Fell due unmet"),
                  lambda of: amounts.count(of.breached_in_period)),
)  # fmt: skip
SLICE_COLUMNS = (
    HEADLINE[0],
    _Measure("closed", Label("已结束", "Closed"), lambda of: amounts.count(of.cases.closed)),
    HEADLINE[2],
    _Measure("fixed", Label("已整改", "Fixed"), lambda of: amounts.count(of.cases.fixed)),
)
SUMS = (
    _Measure("breaches", Label("逾期合计", "Breaches"), lambda of: amounts.count(of.breaches)),
    _Measure("in_time_share", Label("按期率", "In time"), lambda of: amounts.share(in_time(of))),
)
"""What sums up all stages of a process."""
TITLES = {
    "stage": Label("各环节时限", "Deadlines by stage"),
    "area": Label("按区域", "By area"),
    "organisation": Label("按单位", "By organisation"),
    "hazard": Label("按隐患类别", "By kind of hazard"),
    "person": Label("按人员", "By person"),
}
FIRST = {
    "stage": Label("环节", "Stage"),
    "area": Label("区域", "Area"),
    "organisation": Label("单位", "Organisation"),
    "hazard": Label("隐患类别", "Kind of hazard"),
    "person": Label("人员", "Person"),
}
"""Header of a table's first column."""
ALONE = Label("（本级）", " (itself)")


def title_of(line: Line, names: Names) -> Label:
    """Return what a line is called: a stage's with the stage before it."""
    if line.figure.stage is None:
        return line.label
    stage = names.of("stage", f"{line.figure.process}.{line.figure.stage}")
    return Label(f"{stage.zh}{line.label.zh}", f"{stage.en}: {line.label.en}")


def row_title(row: Row, process: str, names: Names) -> Label:
    """Return whose numbers a row shows."""
    name = names.of(row.kind, f"{process}.{row.key}" if row.kind == "stage" else row.key)
    return Label(f"{name.zh}{ALONE.zh}", f"{name.en}{ALONE.en}") if row.alone else name


def label_of(figure: Figure) -> Label:
    """Return what a number is called that leads to cases."""
    if figure.stage is not None:
        known = {one.figure: one.label for one in STAGE_COLUMNS} | {"done": Label("已办完", "Done")}
    else:
        known = {one.figure: one.label for one in (*HEADLINE, *RESULTS)} | {"rated": Label("有评价", "Rated")}
    return known.get(figure.name) or Label(figure.name, figure.name)


def in_time(of: ProcessFigures) -> Share:
    """Return the runs of all stages that were done in time among those that are decided."""
    shares = [stage.in_time_share for stage in of.stages]
    return Share(sum(one.part for one in shares), sum(one.whole for one in shares))


def chapters(numbers: Numbers) -> tuple[Chapter, ...]:
    """Return what the report says, a chapter per process."""
    before = {one.process: one for one in numbers.before}
    return tuple(
        _chapter(one, before.get(one.process, ProcessFigures(one.process)), numbers) for one in numbers.processes
    )


def _chapter(now: ProcessFigures, before: ProcessFigures, numbers: Numbers) -> Chapter:
    return Chapter(
        now.process,
        is_empty=not now.cases.received and not any(stage.started for stage in now.stages),
        headline=(*_lines(HEADLINE[:1], now, before), *_shares(now, before), *_lines(HEADLINE[1:], now, before)),
        results=tuple(_lines(_spoken_of(now), now, before)),
        durations=(*_lengths(now, before), *_lines(DURATIONS, now, before)),
        stages=_stages(now),
        tables=tuple(
            table
            for kind, slices in (
                ("area", numbers.areas), ("organisation", numbers.organisations), ("hazard", numbers.hazards),
                ("person", numbers.people),
            )
            if (table := _table(kind, slices, now.process)).rows
        ),
        series=tuple(_series(numbers, now.process)),
    )  # fmt: skip


def _series(numbers: Numbers, process: str) -> Iterator[tuple[date, Point | None]]:
    """Give every day, week or month of the period: one in which nothing came in is a zero, one to come is no data."""
    known = {point.from_on: point for point in numbers.series if point.process == process}
    bucket, last = BUCKETS[numbers.unit], numbers.as_of.astimezone(city_zone()).date()
    if not known:
        return
    day, given = numbers.asked.from_on, None
    while day <= numbers.asked.until_on:
        if bucket(day) != given:
            given = bucket(day)
            yield given, known.get(given, Point(given, process)) if given <= last else None
        day += timedelta(days=1)


def _spoken_of(now: ProcessFigures) -> Sequence[_Measure]:
    """Return the results this process can have: hazards are found in reports, ratings are given by reporters."""
    if now.process == "enrolment":
        return RESULTS[:1]
    return RESULTS if now.process == "hazard_report" else RESULTS[:3]


def _lines(measures: Sequence[_Measure], now: ProcessFigures, before: ProcessFigures) -> Iterator[Line]:
    for one in measures:
        yield Line(Figure(now.process, one.figure), one.label, one.of(now), one.of(before), one.good)


def _pairs(now: ProcessFigures, before: ProcessFigures) -> Iterator[tuple[StageFigures, StageFigures]]:
    known = {stage.stage: stage for stage in before.stages}
    for stage in now.stages:
        yield stage, known.get(stage.stage, StageFigures(stage.stage, stage.kind))


def _shares(now: ProcessFigures, before: ProcessFigures) -> Iterator[Line]:
    for stage, old in _pairs(now, before):
        share, was = amounts.share(stage.in_time_share), amounts.share(old.in_time_share)
        yield Line(Figure(now.process, "in_time", stage.stage), IN_TIME, share, was, good=True)


def _lengths(now: ProcessFigures, before: ProcessFigures) -> Iterator[Line]:
    for stage, old in _pairs(now, before):
        figure = Figure(now.process, "done", stage.stage)
        yield Line(figure, MEDIAN, amounts.median(stage.lengths), amounts.median(old.lengths), good=False)
        yield Line(figure, P90, amounts.p90(stage.lengths), amounts.p90(old.lengths), good=False)


def _stages(now: ProcessFigures) -> Table:
    rows = tuple(
        Row(
            "stage",
            stage.stage,
            tuple(
                Cell(one.figure, one.of(stage), Figure(now.process, one.figure, stage.stage)) for one in STAGE_COLUMNS
            ),
        )
        for stage in now.stages
    )
    return Table("stage", TITLES["stage"], tuple(one.label for one in STAGE_COLUMNS), rows)


def _table(kind: str, slices: Sequence[Slice], process: str) -> Table:
    rows = []
    for part in slices:
        found = next((one for one in part.processes if one.process == process), None)
        if found is None:
            continue
        counted = (
            Cell(one.figure, one.of(found), Figure(process, one.figure, None, part.by, part.key, part.alone))
            for one in SLICE_COLUMNS
        )
        summed = (Cell(one.figure, one.of(found)) for one in SUMS)
        rows.append(Row(kind, part.key, (*counted, *summed), part.alone))
    labels = tuple(one.label for one in (*SLICE_COLUMNS, *SUMS))
    return Table(kind, TITLES[kind], labels, tuple(rows))
