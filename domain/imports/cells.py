"""A table as it comes in: cells with the address a person finds them by; decides nothing about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.language import Sentence

Value = str | int | float | bool | date | datetime | time | timedelta | None
"""What stands in a cell; dates as the spreadsheet knows them, text stripped, None for nothing."""


class TableRefused(Exception):
    """The file as a whole cannot be read or is not taken; `reason` says why and what to do."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `fault` says why its value must not be used: a formula, an error."""

    at: str
    """As people find it: B17."""
    value: Value
    fault: Sentence | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands here."""
        return self.value is None and self.fault is None


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` counts from 1 as the spreadsheet does, cells stand from column A on without gaps."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in the whole row."""
        return all(cell.is_empty for cell in self.cells)


def column_letters(index: int) -> str:
    """Return the letters of a column, counted from 0: A, …, Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
