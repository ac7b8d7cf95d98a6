"""A notice for 2027, made up for the tests: the State Council's own is not there yet. 1 January is a Friday."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

STRETCHES = (
    ("元旦", "2027-01-01", 4, ("2027-01-09",)),
    ("春节", "2027-02-05", 8, ("2027-01-31", "2027-02-20")),
    ("清明节", "2027-04-03", 3, ()),
    ("劳动节", "2027-05-01", 5, ("2027-05-08",)),
    ("端午节", "2027-06-09", 1, ()),
    ("中秋节", "2027-09-15", 1, ()),
    ("国庆节", "2027-10-01", 7, ("2027-09-26", "2027-10-09")),
)
"""Name, first day off, how many, days worked in their place."""


def days() -> list[dict[str, Any]]:
    """Return the days as holiday-cn lists them."""
    found = []
    for name, first, count, made_up in STRETCHES:
        start = date.fromisoformat(first)
        found += [_day(name, (start + timedelta(days=number)).isoformat(), off=True) for number in range(count)]
        found += [_day(name, day, off=False) for day in made_up]
    return sorted(found, key=lambda row: row["date"])


def _day(name: str, day: str, *, off: bool) -> dict[str, Any]:
    return {"name": name, "date": day, "isOffDay": off}


def notice(year: int = 2027, rows: list[dict[str, Any]] | None = None) -> bytes:
    """Return the file as holiday-cn publishes it."""
    paper = "http://www.gov.cn/zhengce/content/2026-11/made-up.htm"
    content = {"year": year, "papers": [paper], "days": days() if rows is None else rows}
    return json.dumps(content, ensure_ascii=False).encode()


def table(encoding: str = "utf-8") -> bytes:
    """Return the same days as a table that an office would save."""
    lines = ["日期,类型,名称", *(f"{row['date']},{'休' if row['isOffDay'] else '班'},{row['name']}" for row in days())]
    return "\r\n".join(lines).encode(encoding)
