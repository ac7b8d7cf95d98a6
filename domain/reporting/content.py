"""Everything a report's files are made of; two equal ones make the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.language import CHINESE, Label, Sentence
from domain.reporting import paper
from domain.reporting.amounts import Amount
from domain.reporting.figures import Numbers, ProcessFigures, Slice
from domain.reporting.names import Names
from domain.reporting.paper import Line, Row
from domain.reporting.periods import Kind
from domain.settings import city_zone

TITLE = Label("案件办理时限报告", "Report on the deadlines of cases")
ALL = Label("全部", "all")


@dataclass(frozen=True, slots=True)
class Content:
    """One report, ready to be put on paper."""

    kind: Kind
    numbers: Numbers
    names: Names
    where: Label
    """Over which cases it counts, in words."""
    issuer: Label
    locale: str
    version: str
    """Of the product that counted."""
    edition_id: UUID | None = None
    address: str = ""
    """Where the edition is found again."""

    def __post_init__(self) -> None:
        """Leave out who did how much (a report goes to people who are nobody's superior), and order by kept names.

        A district renamed or founded since must not move a row of a report that was made before.
        """
        found = self.numbers
        ordered = replace(
            found, people=(), areas=self._ordered(found.areas), organisations=self._ordered(found.organisations),
            hazards=self._ordered(found.hazards),
        )  # fmt: skip
        object.__setattr__(self, "numbers", ordered)

    def _ordered(self, slices: tuple[Slice, ...]) -> tuple[Slice, ...]:
        said = (one for one in slices if any(_says_something(figures) for figures in one.processes))
        return tuple(sorted(said, key=lambda one: (one.key is None, not one.alone, self._name(one), one.key or "")))

    def _name(self, one: Slice) -> str:
        return self.names.of(one.by, one.key).zh

    def say(self, words: Label | Sentence) -> str:
        """Return words in the report's language."""
        return words.in_language(self.locale)

    def day(self, day: date) -> str:
        """Return a day as the report writes it."""
        return day_in(day, self.locale)

    def moment(self, at: datetime) -> str:
        """Return a moment on the city's clock as the report writes it."""
        here = at.astimezone(city_zone())
        return f"{self.day(here.date())} {here:%H:%M:%S}"

    @property
    def period(self) -> str:
        """Return the days it is about."""
        return days_in(self.numbers.asked.from_on, self.numbers.asked.until_on, self.locale)

    @property
    def period_before(self) -> str:
        """Return the days it compares with."""
        return days_in(self.numbers.before_from_on, self.numbers.before_until_on, self.locale)

    def filters(self) -> list[tuple[Label, Label]]:
        """Return what was chosen, by name."""
        asked, names = self.numbers.asked, self.names
        body = str(asked.organisation_id) if asked.organisation_id else None
        return [
            (Label("范围", "Area"), self.where),
            (Label("单位", "Organisation"), names.of("organisation", body) if body else ALL),
            (Label("流程", "Process"), names.of("process", asked.process) if asked.process else ALL),
            (Label("隐患", "Hazard"), names.of("hazard", asked.hazard) if asked.hazard else ALL),
        ]

    def data(self) -> dict[str, Any]:
        """Return the report as JSON has it: the raw numbers, and each line of the paper with its words."""
        numbers = self.numbers.as_data()
        return {
            "report": {
                "id": str(self.edition_id) if self.edition_id else None,
                "kind": self.kind.value,
                "title": self.say(TITLE),
                "issuer": self.say(self.issuer),
                "language": self.locale,
                "version": self.version,
                "address": self.address or None,
                "where": self.say(self.where),
            },
            "asked": numbers.pop("asked"),
            "as_of": numbers.pop("as_of"),
            "settled": numbers.pop("settled"),
            "compared_with": {"from_on": numbers.pop("before_from_on"), "until_on": numbers.pop("before_until_on")},
            "numbers": numbers,
            "chapters": [self._chapter(chapter) for chapter in paper.chapters(self.numbers)],
            "names": self.names.as_data(),
        }

    def _chapter(self, chapter: paper.Chapter) -> dict[str, Any]:
        return {
            "process": chapter.process,
            "label": self.say(self.names.of("process", chapter.process)),
            "no_data": chapter.is_empty,
            "headline": [self._line(line) for line in chapter.headline],
            "results": [self._line(line) for line in chapter.results],
            "durations": [self._line(line) for line in chapter.durations],
            "stages": [self._row(row, chapter.process) for row in chapter.stages.rows],
            **{f"by_{table.kind}": [self._row(row, chapter.process) for row in table.rows] for table in chapter.tables},
        }

    def _line(self, line: Line) -> dict[str, Any]:
        return {
            "figure": str(line.figure),
            "label": self.say(paper.title_of(line, self.names)),
            "words": line.now.words(self.locale),
            **_amount(line.now),
            "before": _amount(line.before),
        }

    def _row(self, row: Row, process: str) -> dict[str, Any]:
        said = {cell.name: _amount(cell.now) for cell in row.cells}
        label = self.say(paper.row_title(row, process, self.names))
        return {"key": row.key, "label": label, "alone": row.alone, **said}


def _says_something(figures: ProcessFigures) -> bool:
    stages = figures.stages
    return bool(figures.cases.received or any(stage.started or stage.breached_in_period for stage in stages))


def _amount(amount: Amount) -> dict[str, Any]:
    if amount.sort in {"share", "rating"}:
        return {"value": amount.cell, "part": amount.part, "whole": amount.whole}
    return {"value": amount.cell}


def day_in(day: date, locale: str) -> str:
    """Return a day as official papers write it."""
    return f"{day.year}年{day.month}月{day.day}日" if locale == CHINESE else day.isoformat()


def days_in(begins: date, ends: date, locale: str) -> str:
    """Return some days, both ends included."""
    if begins == ends:
        return day_in(begins, locale)
    between = "至" if locale == CHINESE else " to "
    return f"{day_in(begins, locale)}{between}{day_in(ends, locale)}"
