"""The rule of the grade, line by line as docs/grades.md has it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.catalogue import Severity
from domain.grades import WORDS, Grade, OpenHazard, graded
from domain.language import CHINESE, ENGLISH

DAY = date(2026, 8, 24)
YESTERDAY, NEXT_WEEK = DAY - timedelta(days=1), DAY + timedelta(days=7)
OVERDUE = OpenHazard(Severity.GENERAL, YESTERDAY)
CRITICAL = OpenHazard(Severity.CRITICAL, NEXT_WEEK)
EMERGENCY = OpenHazard(Severity.EMERGENCY, None)
PLAIN = OpenHazard(Severity.MAJOR, DAY)
UNDATED = OpenHazard(Severity.GENERAL, None)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "grades.md"


@pytest.mark.parametrize(
    ("hazards", "checked_on", "suspended", "grade", "said"),
    [
        ([], None, False, Grade.UNRATED, "90"),
        ([], DAY - timedelta(days=91), False, Grade.UNRATED, "90"),
        ([], DAY - timedelta(days=90), False, Grade.GOOD, "90"),
        ([], DAY, False, Grade.GOOD, "90"),
        ([PLAIN], None, False, Grade.FAIR, "1"),
        ([PLAIN, UNDATED], DAY, False, Grade.FAIR, "2"),
        ([PLAIN, CRITICAL], DAY, False, Grade.POOR, "1"),
        ([EMERGENCY], DAY, False, Grade.POOR, "1"),
        ([OVERDUE, OVERDUE, CRITICAL], DAY, False, Grade.POOR, "2"),
        ([OVERDUE], DAY, True, Grade.UNRATED, ""),
    ],
)
def test_first_line_that_fits_decides(hazards, checked_on, suspended, grade, said) -> None:
    found = graded(hazards, checked_on=checked_on, is_suspended=suspended, day=DAY)

    chinese, english = (found.reason.in_language(locale) for locale in (CHINESE, ENGLISH))
    assert found.grade is grade
    assert said in chinese
    assert said in english
    assert (chinese[-1], english[-1]) == ("。", ".")


def test_page_names_every_grade_by_its_words() -> None:
    text = PAGE.read_text("utf-8")

    for words in WORDS.values():
        assert f"{words.zh} · {words.en.lower()}" in text
