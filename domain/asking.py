"""The days somebody asks to have counted, read from a form or an address; refused in the same words everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.language import Sentence
from domain.table import FieldRefusal

FIRST_YEAR = 2000
"""Nothing here is older; an earlier year is a slip of the hand."""


class AskedWrongly(Exception):
    """What cannot be counted; each refusal names its field and says why."""

    def __init__(self, refusals: tuple[FieldRefusal, ...]) -> None:
        super().__init__("; ".join(f"{one.field}: {one.reason}" for one in refusals))
        self.refusals = refusals


def day_in(fields: Mapping[str, str], name: str, refusals: list[FieldRefusal]) -> date | None:
    """Return the day of a field (an ISO date); None where none is, or none that can be: then `refusals` says why."""
    text = (fields.get(name) or "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        refusals.append(FieldRefusal(name, no_date(text)))
        return None
    return None if is_too_early(day, name, refusals) else day


def no_date(text: str) -> Sentence:
    """Return that a text says no day."""
    return Sentence("This is not a date: %(text)s.", text=text[:20])


def is_too_early(day: date, name: str, refusals: list[FieldRefusal]) -> bool:
    """Return whether nothing can be from that day, and say so for the field."""
    if day.year >= FIRST_YEAR:
        return False
    reason = Sentence("There is nothing from before the year %(year)s.", year=str(FIRST_YEAR))
    refusals.append(FieldRefusal(name, reason))
    return True
