"""What text may stand in a cell, the same for every format that is read."""

from __future__ import annotations

import re

from domain.imports.cells import Cell
from domain.language import Sentence

LONGEST_TEXT = 5_000
MOST_COLUMNS = 200
NO_TABLE = Sentence("This is neither an .xlsx workbook nor a .csv table.")
TOO_MUCH = Sentence("The workbook unpacks to far more than a table of venues or people. It was not opened.")
FORMULA = Sentence("This cell holds a formula. Copy the column and paste it as values only.")
UNSEEN = Sentence("This cell holds characters that cannot be shown. Type it anew.")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


class EntitiesDeclared(ValueError):
    """The XML begins with declarations of its own, which no spreadsheet needs."""


def whole_cell(at: str, text: str) -> Cell:
    """Return a cell of text as it stands, with line ends and spaces inside; those around it are taken away."""
    if _UNSEEN.search(text):
        return Cell(at, None, UNSEEN)
    if len(text) > LONGEST_TEXT:
        return Cell(at, None, Sentence("This cell is too long: at most %(limit)s characters.", limit=LONGEST_TEXT))
    return Cell(at, text.strip().strip("\ufeff\u200b") or None)


def text_cell(at: str, text: str) -> Cell:
    """Return a cell of text: surrounding space taken away, inner space of any kind and line ends made one space."""
    if _UNSEEN.search(text):
        return Cell(at, None, UNSEEN)
    text = text.strip()
    # Most cells have no space in them at all.
    if not text.isalnum():
        text = _SPACES.sub(" ", text.strip("\ufeff\u200b")).strip()
    if len(text) > LONGEST_TEXT:
        return Cell(at, None, Sentence("This cell is too long: at most %(limit)s characters.", limit=LONGEST_TEXT))
    return Cell(at, text or None)
