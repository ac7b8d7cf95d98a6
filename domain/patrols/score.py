"""The score of a small place, 0 to 100, with what each part gives and what would raise it by how much. Pure.

It rewards looking and correcting. A hazard that the place itself has found takes nothing away while there is time to
correct it, and nothing once it is corrected; reports by others are no part of it, so that it tells nobody of a report.
The weights are ours (practice).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from domain.language import Label, Sentence

CHECKS, ORDERS, OVERDUE, DOCUMENTS = 50, 20, 20, 10
"""The most each part gives; together 100."""
EACH_ORDER, EACH_OVERDUE, EACH_DOCUMENT = 5, 10, 5
"""What one of them takes away."""
WITHOUT_PLAN = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the score looks at; counts, of the last 90 days where days matter."""

    has_plan: bool = False
    kept: int = 0
    """Checks carried out in time, or excused."""
    late: int = 0
    """Carried out after their time: count half."""
    missed: int = 0
    due_now: int = 0
    """Checks that can be carried out at this moment."""
    orders: int = 0
    """Rectifications that others ordered, in time, not yet corrected."""
    own_findings: int = 0
    """Hazards the place has found itself and is correcting in time: take nothing away."""
    overdue: int = 0
    """Rectifications past their day, whoever found the hazard."""
    documents: int = 0
    """Documents that have expired, or expire within 30 days."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the score: its words, what it gives, at most how much."""

    name: str
    words: Label
    points: int
    most: int


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that would raise the score, by exactly so many points."""

    name: str
    words: Sentence
    points: int
    after: Standing
    """How things stand once it is done."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score with its parts, and what would raise it, the most first."""

    points: int
    parts: tuple[Part, ...]
    advice: tuple[Advice, ...]


LABELS: Mapping[str, Label] = {
    "checks": Label("按时自查", "Checks in time"),
    "orders": Label("责令整改", "Rectifications ordered"),
    "overdue": Label("逾期未改", "Overdue rectifications"),
    "documents": Label("证照有效", "Valid documents"),
}


def _checks(one: Standing) -> int:
    if not one.has_plan:
        return WITHOUT_PLAN
    expected = one.kept + one.late + one.missed
    # Nothing was due yet: nobody has failed in anything.
    return CHECKS * (2 * one.kept + one.late) // (2 * expected) if expected else CHECKS


def _orders(one: Standing) -> int:
    return max(0, ORDERS - EACH_ORDER * one.orders)


def _overdue(one: Standing) -> int:
    return max(0, OVERDUE - EACH_OVERDUE * one.overdue)


def _documents(one: Standing) -> int:
    return max(0, DOCUMENTS - EACH_DOCUMENT * one.documents)


_PARTS: Mapping[str, tuple[Callable[[Standing], int], int]] = {
    "checks": (_checks, CHECKS), "orders": (_orders, ORDERS), "overdue": (_overdue, OVERDUE),
    "documents": (_documents, DOCUMENTS),
}  # fmt: skip


def points(one: Standing) -> int:
    """Return the score alone."""
    return sum(count(one) for count, _ in _PARTS.values())


def score(one: Standing) -> Score:
    """Return the score of how things stand; the same standing has the same score."""
    parts = tuple(Part(name, LABELS[name], count(one), most) for name, (count, most) in _PARTS.items())
    now = sum(part.points for part in parts)
    offered = [Advice(name, words, points(after) - now, after) for name, words, after in _possible(one)]
    useful = sorted((advice for advice in offered if advice.points > 0), key=lambda advice: -advice.points)
    return Score(now, parts, tuple(useful))


def _possible(one: Standing) -> list[tuple[str, Sentence, Standing]]:
    """Return what can be done, and how things would stand then. All of a kind together: one alone may still give 0."""
    found: list[tuple[str, Sentence, Standing]] = []
    if not one.has_plan:
        found.append(("start", Sentence("Start your own checks."), replace(one, has_plan=True)))
    if one.has_plan and one.due_now:
        after = replace(one, kept=one.kept + one.due_now, due_now=0)
        found.append(("check", Sentence("Carry out the checks that are due: %(count)s.", count=one.due_now), after))
    if one.has_plan and one.missed:
        after = replace(one, late=one.late + one.missed, missed=0)
        found.append(("late", Sentence("Carry out what was missed: %(count)s.", count=one.missed), after))
    if one.overdue:
        words = Sentence("Correct what is past its day: %(count)s.", count=one.overdue)
        found.append(("overdue", words, replace(one, overdue=0)))
    if one.orders:
        words = Sentence("Correct what was ordered: %(count)s.", count=one.orders)
        found.append(("orders", words, replace(one, orders=0)))
    if one.documents:
        words = Sentence("Renew documents that expire: %(count)s.", count=one.documents)
        found.append(("documents", words, replace(one, documents=0)))
    return found
