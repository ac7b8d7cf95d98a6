"""What a map is asked for: read from an address, for the page and for programs; says of each field what is wrong."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import cast

from api.field_errors import FieldsRefused
from domain import catalogue, people
from domain.coordinates import System
from domain.language import N_, Sentence
from domain.processes import LISTED
from domain.queries.map_data import LEVELS, MEASURES, Asked, Level
from domain.workflow import FieldRefusal

MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
FIRST_YEAR = 2000
MOST_MONTHS = 60
"""A longer period says nothing about any month of it, and is more likely a slip."""
EVERY_PROCESS = "all"
CHOOSE = N_("Please choose one of the given answers.")
FIELDS = ("level", "measure", "per", "process", "hazard", "from", "to")


def read(query: Mapping[str, str], *, levels: Sequence[Level], usual: Level, at: datetime) -> Asked:
    """Return what the address asks for: the month of `at` unless it says more. Raises `FieldsRefused`."""
    wrong: list[FieldRefusal] = []
    given = {name: query.get(name, "").strip() for name in FIELDS}
    today = people.local_day(at)
    begins = _month(given["from"], today, "from", wrong)
    ends = _month(given["to"], today, "to", wrong)
    if not wrong:
        wrong += _wrong_period(begins, ends, today)
    level = given["level"] or usual
    if given["level"] and given["level"] not in levels:
        known = given["level"] in LEVELS
        reason = (
            Sentence("No whole area of this level lies within your reach.") if known else Sentence(CHOOSE)
        )  # fmt: skip
        wrong.append(FieldRefusal("level", reason))
    for name, answers in (
        ("measure", MEASURES), ("per", ("venues", "count")), ("process", (*LISTED, EVERY_PROCESS))
    ):  # fmt: skip
        if given[name] and given[name] not in answers:
            wrong.append(FieldRefusal(name, Sentence(CHOOSE)))
    if given["hazard"] and given["hazard"] not in catalogue.hazards():
        wrong.append(
            FieldRefusal("hazard", Sentence("There is no hazard with the code %(code)s.", code=given["hazard"][:20]))
        )
    if wrong:
        raise FieldsRefused(wrong)
    process = given["process"] or "hazard_report"
    return Asked(
        level=cast("Level", level),
        from_on=begins,
        until_on=ends.replace(day=monthrange(ends.year, ends.month)[1]),
        measure=given["measure"] or "opened",
        process=None if process == EVERY_PROCESS else process,
        hazard=given["hazard"] or None,
        per_venues=given["per"] != "count",
    )


def system_of(text: str) -> System:
    """Return the coordinate system an address names; WGS-84 unless it says so. Raises `FieldsRefused`."""
    try:
        return System(text or System.WGS84)
    except ValueError:
        raise FieldsRefused([FieldRefusal("system", Sentence(CHOOSE))]) from None


def month_of(day: date) -> str:
    """Return the month as an address has it."""
    return f"{day:%Y-%m}"


def _month(text: str, today: date, field: str, wrong: list[FieldRefusal]) -> date:
    if not text:
        return today.replace(day=1)
    if not MONTH.fullmatch(text):
        wrong.append(FieldRefusal(field, Sentence("Write the month as year and month, such as 2026-08.")))
        return today.replace(day=1)
    if int(text[:4]) < FIRST_YEAR:
        wrong.append(FieldRefusal(field, Sentence("Choose a month of %(year)s or later.", year=FIRST_YEAR)))
        return today.replace(day=1)
    return date.fromisoformat(f"{text}-01")


def _wrong_period(begins: date, ends: date, today: date) -> list[FieldRefusal]:
    if begins > today:
        return [FieldRefusal("from", Sentence("This month has not begun yet."))]
    if ends > today:
        return [FieldRefusal("to", Sentence("This month has not begun yet."))]
    if ends < begins:
        return [FieldRefusal("to", Sentence("The period ends before it begins."))]
    if (ends.year - begins.year) * 12 + ends.month - begins.month >= MOST_MONTHS:
        return [FieldRefusal("from", Sentence("A period can have %(most)s months at most.", most=MOST_MONTHS))]
    return []
