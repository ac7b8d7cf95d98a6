"""Reads a year's notice from a file: holiday-cn's JSON, or a table of days. Trusts nothing in it; writes nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain import clocks
from domain.language import Sentence

LARGEST = 200_000
"""Bytes; a year's notice takes about 3,000."""
MOST_DAYS = 60
"""Days a notice names; the fullest so far named 38."""
FEWEST_OFF = 11
"""Statutory days off in a year (全国年节及纪念日放假办法 第二条, as it stood until 2024; 13 since)."""
LONGEST_NAME = 40
OFF = frozenset({"off", "false", "holiday", "休", "休息", "放假", "节假日"})
WORKED = frozenset({"worked", "work", "workday", "上班", "班", "调休", "补班", "工作日"})
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


class CalendarRefused(ValueError):
    """The file is no notice that could be counted by; `reason` says where and why."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Notice:
    """The days of one year as a file names them."""

    year: int
    days: tuple[tuple[date, bool, str], ...]
    """(day, worked, name), in the order of the days."""
    papers: tuple[str, ...] = ()
    """Addresses of the State Council's own papers, as far as the file names them."""

    def stored(self) -> list[list[Any]]:
        """Return the days as the database keeps them."""
        return [[day.isoformat(), works, name] for day, works, name in self.days]


def read(content: bytes, *, year: int) -> Notice:
    """Return the notice for `year` that a file holds. Raises `CalendarRefused`."""
    text = _text(content)
    notice = _json(text, year) if text.lstrip().startswith(("{", "[")) else _table(text, year)
    _check(notice)
    return notice


def year_of(content: bytes) -> int:
    """Return the year a file is for: the one it names, else the one most of its days are in."""
    text = _text(content)
    if named := re.search(r'"year"\s*:\s*(\d{4})\b', text):
        return int(named[1])
    years = Counter(int(found[1]) for found in _DATE.finditer(text))
    if not years:
        raise CalendarRefused(Sentence("The file names no day."))
    return years.most_common(1)[0][0]


def _text(content: bytes) -> str:
    if not content.strip():
        raise CalendarRefused(Sentence("The file is empty."))
    if len(content) > LARGEST:
        raise CalendarRefused(Sentence("The file is too large for the days of one year."))
    if b"\x00" in content:
        raise CalendarRefused(Sentence("This is no text: save the days as JSON or CSV."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CalendarRefused(Sentence("This is no text: save the days as JSON or CSV."))


def _json(text: str, year: int) -> Notice:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise CalendarRefused(Sentence("The JSON in this file is broken.")) from None
    rows = content.get("days") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise CalendarRefused(Sentence("The JSON names no days: it needs “year” and “days”."))
    said = content.get("year")
    if said != year:
        raise CalendarRefused(Sentence("The file is for %(said)s, not for %(year)s.", said=_short(said), year=year))
    papers = content.get("papers") or []
    known = [paper[:200] for paper in papers if isinstance(paper, str)] if isinstance(papers, list) else []
    return Notice(year, _sorted(_json_day(row, number) for number, row in enumerate(rows, start=1)), tuple(known))


def _json_day(row: Any, number: int) -> tuple[date, bool, str]:  # noqa: ANN401 - whatever the file holds
    if not isinstance(row, Mapping) or not isinstance(row.get("isOffDay"), bool):
        raise CalendarRefused(Sentence("Day %(number)s needs “date”, “name” and “isOffDay”.", number=number))
    return _day(row.get("date"), number), not row["isOffDay"], _name(row.get("name"), number)


def _table(text: str, year: int) -> Notice:
    first = text.splitlines()[0] if text.splitlines() else ""
    delimiter = max(",;\t", key=first.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error:
        raise CalendarRefused(Sentence("The table in this file is broken.")) from None
    if lines and not _DATE.fullmatch(lines[0][0].strip()):
        del lines[0]  # the titles
    return Notice(year, _sorted(_table_day(row, number) for number, row in enumerate(lines, start=1)))


def _table_day(row: list[str], number: int) -> tuple[date, bool, str]:
    cells = [cell.strip() for cell in row]
    if len(cells) < 3:  # noqa: PLR2004 - the day, what it is, its name
        raise CalendarRefused(Sentence("Row %(number)s needs the date, off or worked, and a name.", number=number))
    kind = cells[1].lower()
    if kind not in OFF and kind not in WORKED:
        raise CalendarRefused(
            Sentence("Row %(number)s: write 休 or off, 班 or worked; not “%(said)s”.", number=number, said=_short(kind))
        )
    return _day(cells[0], number), kind in WORKED, _name(cells[2], number)


def _day(said: object, number: int) -> date:
    found = _DATE.fullmatch(said.strip()) if isinstance(said, str) else None
    try:
        if found is None:
            raise ValueError  # noqa: TRY301 - one sentence for both
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise CalendarRefused(
            Sentence("Day %(number)s: there is no date “%(said)s”.", number=number, said=_short(said))
        ) from None


def _name(said: object, number: int) -> str:
    if not isinstance(said, str) or not said.strip() or len(said) > LONGEST_NAME or not said.isprintable():
        raise CalendarRefused(Sentence("Day %(number)s has no name that could be shown.", number=number))
    return said.strip()


def _short(said: object) -> str:
    return str("" if said is None else said)[:20]


def _sorted(days: Iterable[tuple[date, bool, str]]) -> tuple[tuple[date, bool, str], ...]:
    return tuple(sorted(days))


def _check(notice: Notice) -> None:
    """Refuse what no notice of the State Council can say."""
    if not notice.days:
        raise CalendarRefused(Sentence("The file names no day: the notice for %(year)s is not there yet.",
                                       year=notice.year))  # fmt: skip
    if len(notice.days) > MOST_DAYS:
        raise CalendarRefused(Sentence("%(count)s days are more than any notice names.", count=len(notice.days)))
    seen: dict[date, bool] = {}
    for day, works, _ in notice.days:
        if day in seen:
            raise CalendarRefused(
                Sentence("“%(day)s” is named twice.", day=day.isoformat())
                if seen[day] == works
                else Sentence("“%(day)s” stands in it as off and as worked.", day=day.isoformat())
            )
        seen[day] = works
        if not _is_near(day, notice.year):
            raise CalendarRefused(
                Sentence("“%(day)s” does not belong to %(year)s.", day=day.isoformat(), year=notice.year)
            )
        if works and day.weekday() < clocks.SATURDAY:
            raise CalendarRefused(
                Sentence("“%(day)s” is no weekend: it is worked anyway, not made up for.", day=day.isoformat())
            )
    off = sum(1 for day, works, _ in notice.days if not works and day.year == notice.year)
    if off < FEWEST_OFF:
        raise CalendarRefused(
            Sentence("Only %(count)s days off: a year has at least %(least)s. The file is not complete.",
                     count=off, least=FEWEST_OFF)
        )  # fmt: skip


def _is_near(day: date, year: int) -> bool:
    """Return whether a notice for `year` may name the day: it reaches into December before and January after."""
    return day.year == year or (day.year, day.month) in ((year - 1, 12), (year + 1, 1))
