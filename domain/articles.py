"""What a deadline rests on, as people read it: the article, or that it is our own target; and limits in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain import catalogue
from domain.catalogue import TimeLimit, short_citation
from domain.clocks import Limit, Unit
from domain.language import Label
from domain.table import Clock
from domain.timing import Reading
from domain.workflow import Workflow

PRACTICE = "PRACTICE"
"""The basis of a clock that no rule asks for."""
OWN_TARGET = Label("内部目标", "own target")
OWN_STRICTER = Label("本地从严", "stricter here")
UNITS: Mapping[Unit, Label] = {
    Unit.MINUTE: Label("{} 分钟", "{} minutes"),
    Unit.HOUR: Label("{} 小时", "{} hours"),
    Unit.OFFICE_HOUR: Label("{} 个工作小时", "{} office hours"),
    Unit.CALENDAR_DAY: Label("{} 个自然日", "{} calendar days"),
    Unit.WORKING_DAY: Label("{} 个工作日", "{} working days"),
}


@dataclass(frozen=True, slots=True)
class Basis:
    """What one deadline rests on."""

    rule: str
    """The row of the catalogue; "" where there is none."""
    article: Label | None
    """The law's short title and the article; None for what is ours alone."""
    own: Label | None = None
    """Said beside it: a target of ours, or stricter here than the article asks."""

    @property
    def words(self) -> Label:
        """Return the article with what is ours beside it."""
        if self.article is None:
            return self.own or OWN_TARGET
        if self.own is None:
            return self.article
        return Label(f"{self.article.zh}（{self.own.zh}）", f"{self.article.en} ({self.own.en})")


def of_clock(clock: Clock, reading: Reading | None = None) -> Basis:
    """Return what a clock rests on; of several rows the one that gave this case's limit."""
    if clock.basis == PRACTICE:
        return Basis("", None, OWN_TARGET)
    limit = reading.limit if reading else None
    rule = limit.rule if limit and limit.rule else clock.basis.split("/", maxsplit=1)[0]
    return of_rule(rule, own=limit is not None and limit.own)


def of_due(workflow: Workflow, stored: Mapping[str, Any], due_at: datetime | None) -> Basis | None:
    """Return what the nearest deadline of a case rests on, from the clocks it carries; None where it has none."""
    for clock in workflow.clocks:
        if clock.kind == "timer" or clock.name not in stored:
            continue
        reading = Reading.of(stored[clock.name])
        if reading.running and reading.due_at == due_at:
            return of_clock(clock, reading)
    return None


def of_rule(rule: str, *, own: bool = False) -> Basis:
    """Return what a row of the catalogue rests on; `own`: the limit was set here."""
    row = catalogue.limits().get(rule)
    if row is None:
        return Basis(rule, None, OWN_TARGET)
    if row.limit is None and rule in catalogue.targets():
        return Basis(rule, article(row), OWN_TARGET)
    return Basis(rule, article(row), OWN_STRICTER if own else None)


def article(row: TimeLimit) -> Label:
    """Return the articles of a row, the one its number stands in first."""
    found = [short_citation(basis) for basis in row.legal_basis]
    return Label("、".join(label.zh for label in found), "; ".join(label.en for label in found))


def limit_words(limit: Limit) -> Label:
    """Return a limit in words, such as 3 个工作日."""
    words = UNITS.get(limit.unit)
    if words is None:
        return Label("至所定日期", "until the date that was set")
    en = words.en.format(limit.amount)
    return Label(words.zh.format(limit.amount), en[:-1] if limit.amount == 1 else en)
