"""What may stand in a cell of each kind of column: readers that return our value or say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.credit_code import NotACreditCode, clean_credit_code
from domain.identifiers import NotAnIdentifier, clean_phone
from domain.imports.cells import Value
from domain.imports.lines import CellRefused, plain
from domain.language import Labelled, Sentence
from domain.opening_hours import NotOpeningHours, read_hours

MOST_EXACT = 10**15
"""Above that a spreadsheet has forgotten the last digits of a number (IEEE 754: 15 digits are sure)."""
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+0{1,2}:00(?::00)?)?")
EARLIEST_YEAR = 1900


def text_of(value: Value) -> str:
    """Return the text of a cell; digits typed as a number are the text that was meant, as long as none is lost."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        if abs(value) >= MOST_EXACT:
            raise CellRefused(
                Sentence("Stored as a number this has lost its last digits. Format the column as text, type it anew.")
            )
        return str(int(value)) if value == int(value) else repr(value)
    raise CellRefused(Sentence("A date stands here, where words or a code are expected."))


def text(limit: int) -> Callable[[Value], str]:
    """Return a reader of words, at most `limit` characters."""

    def read(value: Value) -> str:
        said = text_of(value)
        if len(said) > limit:
            raise CellRefused(Sentence("This is too long: at most %(limit)s characters.", limit=limit))
        return said

    return read


def identifier(clean: Callable[[str], str]) -> Callable[[Value], str]:
    """Return a reader of what `clean` understands (a code, a number), with the reason it gives when it does not."""

    def read(value: Value) -> str:
        try:
            return clean(text_of(value))
        except NotAnIdentifier as wrong:
            raise CellRefused(wrong.reason) from None

    return read


phone = identifier(clean_phone)


def credit_code(value: Value) -> str:
    """Read a 统一社会信用代码."""
    try:
        return clean_credit_code(text_of(value))
    except NotACreditCode as wrong:
        raise CellRefused(wrong.reason) from None


def hours(value: Value) -> list[dict[str, Any]]:
    """Read opening hours."""
    try:
        return read_hours(text_of(value))
    except NotOpeningHours as wrong:
        raise CellRefused(wrong.reason) from None


def day(value: Value) -> date:
    """Read a calendar day, from a date cell or from `2026-11-20`, `2026/11/20`, `2026年11月20日`."""
    if isinstance(value, datetime):
        found: date | None = value.date()
    elif isinstance(value, date):
        found = value
    else:
        match = None if isinstance(value, time | timedelta) else _DAY.fullmatch(text_of(value))
        try:
            found = date(*(int(part) for part in match.groups())) if match else None
        except ValueError:
            found = None
    if found is None or found.year < EARLIEST_YEAR:
        raise CellRefused(Sentence("This is not a date. Write it like 2026-11-20."))
    return found


def number(least: float, most: float, *, whole: bool = False) -> Callable[[Value], float]:
    """Return a reader of a number between two bounds."""

    def read(value: Value) -> float:
        try:
            found = value if isinstance(value, int | float) else float(text_of(value).replace(",", ""))
        except ValueError:
            raise CellRefused(Sentence("This is not a number.")) from None
        if isinstance(value, bool) or found != found:  # noqa: PLR0124 - not a number, as IEEE 754 has it
            raise CellRefused(Sentence("This is not a number."))
        if not least <= found <= most:
            raise CellRefused(
                Sentence("This number lies outside of %(least)s to %(most)s.", least=f"{least:g}", most=f"{most:g}")
            )
        if whole and found != int(found):
            raise CellRefused(Sentence("A whole number is expected."))
        return int(found) if whole else found

    return read


def one_of(choices: Callable[[], Mapping[str, Labelled]], unknown: str) -> Callable[[Value], str]:
    """Return a reader of one of `choices` by code or name, alone or as `V09 宾馆`; `unknown` is what is said else."""
    names: dict[str, str] = {}

    def read(value: Value) -> str:
        if not names:
            for code, label in choices().items():
                names.update({plain(name): code for name in (label.zh, label.en, code)})
                names.update({plain(f"{code} {name}"): code for name in (label.zh, label.en)})
        said = text_of(value)
        found = names.get(plain(said))
        if found is None:
            raise CellRefused(Sentence(unknown, given=said[:40]))
        return found

    return read
