"""How safe a venue is, in one word and one sentence: a rule that everybody can follow. See docs/grades.md.

Pure: counts nothing itself, scores nothing, and knows nothing of reports that nobody has verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.catalogue import Severity
from domain.language import Label, Sentence

CHECK_HOLDS = timedelta(days=90)
"""So long a check on site says that a place is in order; our choice, a quarter of a year."""
GRAVE = frozenset({Severity.EMERGENCY, Severity.CRITICAL})


class Grade(StrEnum):
    """What visitors read first."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNRATED = "unrated"


WORDS: dict[Grade, Label] = {
    Grade.GOOD: Label("好", "Good"),
    Grade.FAIR: Label("一般", "Fair"),
    Grade.POOR: Label("差", "Poor"),
    Grade.UNRATED: Label("尚未评定", "Not rated yet"),
}


@dataclass(frozen=True, slots=True)
class OpenHazard:
    """A hazard that was found on site and is not corrected yet."""

    severity: Severity
    correct_by: date | None
    """The last day to correct it; None while none is set."""

    def is_overdue(self, day: date) -> bool:
        """Return whether its last day is over on `day`."""
        return self.correct_by is not None and self.correct_by < day


@dataclass(frozen=True, slots=True)
class Graded:
    """A grade, and why in one sentence."""

    grade: Grade
    reason: Sentence

    @property
    def words(self) -> Label:
        """Return the grade as visitors read it."""
        return WORDS[self.grade]


def graded(hazards: Sequence[OpenHazard], *, checked_on: date | None, is_suspended: bool, day: date) -> Graded:
    """Return the grade on `day`: the first of these rules that fits."""
    if is_suspended:
        return Graded(Grade.UNRATED, Sentence("The place does not operate at present."))
    overdue = sum(hazard.is_overdue(day) for hazard in hazards)
    if overdue:
        return Graded(Grade.POOR, Sentence("Hazards not corrected in time: %(count)s.", count=overdue))
    if grave := sum(hazard.severity in GRAVE for hazard in hazards):
        return Graded(Grade.POOR, Sentence("Critical hazards not corrected yet: %(count)s.", count=grave))
    if hazards:
        return Graded(
            Grade.FAIR, Sentence("Hazards being corrected: %(count)s; none is late or critical.", count=len(hazards))
        )
    if checked_on is not None and day - checked_on <= CHECK_HOLDS:
        return Graded(Grade.GOOD, Sentence("No hazard is known, and it was checked on site in the last 90 days."))
    return Graded(Grade.UNRATED, Sentence("No hazard is known, but nobody has checked on site in the last 90 days."))
