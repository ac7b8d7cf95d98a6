"""What of a patrol is shown, in shapes for its page: marks, check-ins, answers, conflicts, rounds; and their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import catalogue
from domain.language import Label, Sentence
from domain.models import PatrolAnswer
from domain.patrols import presence
from domain.patrols.items import Item

VERDICTS: Mapping[str, Label] = {
    "pass": Label("合格", "Pass"),
    "fail": Label("不合格", "Fail"),
    "na": Label("不适用", "Not applicable"),
    "noted": Label("已记录", "Noted"),
}
HOW: Mapping[str, Label] = {
    "camera": Label("扫码", "Scanned"),
    "typed": Label("手输编码", "Code typed"),
    "none": Label("未扫码", "No code"),
}
DECIDED: Mapping[str, Label] = {
    "cleared": Label("予以认可", "Accepted"),
    "upheld": Label("存疑成立", "The doubt stands"),
}
THE_VENUE = Label("场所整体", "The venue as a whole")


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark of doubt in words."""

    kind: Label
    reason: Sentence
    decided: Label | None = None
    by: str = ""
    at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Doubted:
    """A record with what speaks against it."""

    id: UUID
    about: Label
    who: str
    at: datetime
    marks: tuple[Mark, ...]

    @property
    def is_open(self) -> bool:
        """Return whether nobody has decided on it."""
        return any(mark.decided is None for mark in self.marks)


@dataclass(frozen=True, slots=True)
class VisitShown:
    """A check-in."""

    id: UUID
    round: int
    point: Label
    at: datetime
    how: Label
    why: str
    who: str
    metres: int | None
    """From the venue's mark on the map; None where the phone knew no position, or nobody put the venue on the map."""
    accuracy_m: int | None
    is_doubted: bool


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """An answer with the words it was asked in."""

    id: UUID
    round: int
    question: Label
    articles: tuple[Label, ...]
    verdict: str
    said: Label
    comment: str
    photos: tuple[UUID, ...]
    who: str
    device: str
    """The last characters of its id: tells two phones apart."""
    at: datetime
    version: int
    stands: bool
    is_contradicted: bool
    is_doubted: bool
    rectification: str | None


@dataclass(frozen=True, slots=True)
class PointShown:
    """A point with all that was answered about it."""

    seq: int
    name: Label
    location: str
    answers: tuple[AnswerShown, ...]
    """Those that stand, then the others."""
    is_visited: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """Answers of several phones to the same item that differ."""

    point: Label
    question: Label
    answers: tuple[AnswerShown, ...]


@dataclass(frozen=True, slots=True)
class RoundShown:
    """One round: from its first check-in to its last."""

    number: int
    from_at: datetime
    until_at: datetime
    points: int


def mark_of(doubt: Mapping[str, Any]) -> Mark:
    """Return a stored mark of doubt in words."""
    kind, reason = presence.KINDS[doubt["kind"]], presence.reason(doubt)
    decided = doubt.get("decided")
    if not decided:
        return Mark(kind, reason)
    return Mark(kind, reason, DECIDED[decided["verdict"]], decided.get("name", ""),
                datetime.fromisoformat(decided["at"]), decided["reason"])  # fmt: skip


def cited(basis: str) -> Label:
    """Return an article as people read it."""
    try:
        return catalogue.short_citation(basis)
    except LookupError:
        return Label(basis, basis)  # an item of their own may cite what is none of our sources


def said(item: Item, row: PatrolAnswer) -> Label:
    """Return what was answered: the number with its unit and limits, the choice's words, the text, else the verdict."""
    value, verdict = row.value, VERDICTS[row.outcome]
    if "number" in value:
        number = f"{value['number']:g} {item.unit}".strip()
        limits = "–".join("" if limit is None else f"{limit:g}" for limit in (item.low, item.high))
        shown = f"{number} ({limits})" if limits != "–" else number
        return Label(f"{shown} {verdict.zh}", f"{shown} {verdict.en}")
    if value.get("text"):
        return Label(str(value["text"]), str(value["text"]))
    if value.get("date"):
        return Label(f"{value['date']} {verdict.zh}", f"{value['date']} {verdict.en}")
    chosen = next((choice for choice in item.choices if choice.code == value.get("choice")), None)
    return Label(chosen.zh, chosen.en or chosen.zh) if chosen else verdict
