"""What one item of a checklist asks, and what an answer to it is worth. Pure: knows neither tables nor the phone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.language import Label, Sentence

ANSWERS: Mapping[str, Label] = {
    "pass_fail_na": Label("合格 / 不合格 / 不适用", "Pass / fail / not applicable"),
    "number": Label("数值", "A number"),
    "reading": Label("读数", "A reading of a gauge or panel"),
    "choice": Label("单项选择", "One of several choices"),
    "text": Label("文字", "Words"),
    "date": Label("日期", "A date"),
    "photo": Label("照片", "A photo"),
    "signature": Label("签名", "A signature"),
    "checkpoint": Label("巡查点签到", "Check-in at every point"),
}
EVIDENCE: Mapping[str, Label] = {
    "none": Label("不要求", "None"),
    "photo_on_fail": Label("不合格时拍照", "A photo when it fails"),
    "photo_always": Label("每次拍照", "A photo always"),
    "document": Label("资料照片", "A photo of the document"),
    "video": Label("现场影像", "A recording"),
}
PER: Mapping[str, Label] = {
    "venue": Label("整个场所一次", "Once for the whole venue"),
    "point": Label("每个巡查点一次", "At every point"),
}
MEASURED = frozenset({"number", "reading"})
VERDICTS = ("pass", "fail", "na")
OUTCOMES = ("pass", "fail", "na", "noted")
LARGEST_NUMBER = 1e9
LONGEST_TEXT = 2000
LONGEST_COMMENT = 500
EARLIEST = date(1990, 1, 1)


class AnswerRefused(Exception):
    """An answer does not fit what was asked; `reason` says why, `field` which part of it is wrong."""

    def __init__(self, reason: Sentence, *, field: str = "value") -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.field = field


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the choices of an item; `fails` says that it is not fine."""

    code: str
    zh: str
    en: str = ""
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Canned:
    """A comment that is picked and not typed."""

    zh: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """The item is asked only when the answer to an earlier one is such."""

    item: str
    is_any: tuple[str, ...] = ()
    """Outcomes or codes of choices; () where a number decides."""
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What is asked, in both languages, with the rules for its answer and the articles behind it."""

    code: str
    zh: str
    en: str = ""
    answer: str = "pass_fail_na"
    per: str = "venue"
    facility_kinds: tuple[str, ...] = ()
    """Of a point: only at facilities of these kinds; (): at every point."""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    """The least and the most that is fine, both inclusive; of a date: how many days it may lie back."""
    choices: tuple[Choice, ...] = ()
    condition: Condition | None = None
    evidence: str = "photo_on_fail"
    is_critical: bool = False
    on_spot: bool = False
    hazard: str | None = None
    basis: tuple[str, ...] = ()
    shows_previous: bool = True
    canned: tuple[Canned, ...] = ()
    hint: str = ""
    """How to look, or what the number is."""
    hint_en: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as versions keep it and the phone reads it: every key, always."""
        return {
            "code": self.code, "zh": self.zh, "en": self.en, "answer": self.answer, "per": self.per,
            "facility_kinds": list(self.facility_kinds), "unit": self.unit, "low": self.low, "high": self.high,
            "choices": [{"code": c.code, "zh": c.zh, "en": c.en, "fails": c.fails} for c in self.choices],
            "condition": _condition_json(self.condition), "evidence": self.evidence, "is_critical": self.is_critical,
            "on_spot": self.on_spot, "hazard": self.hazard, "basis": list(self.basis),
            "shows_previous": self.shows_previous, "canned": [{"zh": c.zh, "en": c.en} for c in self.canned],
            "hint": self.hint, "hint_en": self.hint_en,
        }  # fmt: skip

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> Item:
        """Return the item of what `to_json` gave; keys that are missing have their defaults."""
        told = {name: row[name] for name in _PLAIN if name in row}
        return cls(
            **told,
            facility_kinds=tuple(row.get("facility_kinds", ())),
            basis=tuple(row.get("basis", ())),
            choices=tuple(Choice(**choice) for choice in row.get("choices", ())),
            canned=tuple(Canned(**canned) for canned in row.get("canned", ())),
            condition=_condition(row.get("condition")),
        )


_PLAIN = ("code", "zh", "en", "answer", "per", "unit", "low", "high", "evidence", "is_critical", "on_spot", "hazard",
          "shows_previous", "hint", "hint_en")  # fmt: skip


def _condition_json(condition: Condition | None) -> dict[str, Any] | None:
    if condition is None:
        return None
    return {"item": condition.item, "is": list(condition.is_any), "above": condition.above, "below": condition.below}


def _condition(row: Mapping[str, Any] | None) -> Condition | None:
    if not row:
        return None
    return Condition(row["item"], tuple(row.get("is", ())), row.get("above"), row.get("below"))


def digest(items: Iterable[Item]) -> str:
    """Return the SHA-256 of the items as canonical JSON, the same from both databases."""
    rows = [_whole(item.to_json()) for item in items]
    return hashlib.sha256(
        json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    condition = row["condition"]
    numbers = {name: _number(row[name]) for name in ("low", "high")}
    if condition:
        condition = {**condition, **{name: _number(condition[name]) for name in ("above", "below")}}
    return {**row, **numbers, "condition": condition}


def _number(value: float | None) -> float | None:
    """Return 2.0 as 2: JSONB gives it back so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Where and when an item is asked.


def asked(items: Sequence[Item], points: Sequence[tuple[int, str | None]]) -> list[tuple[int, Item]]:
    """Return (point, item) in the order of a round: the venue's own as point 0, then point by point.

    `points` are `seq` and kind of facility (None: a key part). An item for points that fits none of them is asked once
    about the venue: nothing is left out because a plan names no point.
    """
    per_point = {
        item.code: [seq for seq, kind in points if not item.facility_kinds or kind in item.facility_kinds]
        for item in items
        if item.per == "point"
    }
    about_venue = [(0, item) for item in items if not per_point.get(item.code)]
    return about_venue + [(seq, item) for seq, _ in points for item in items if seq in per_point.get(item.code, ())]


def is_asked(item: Item, answers: Mapping[str, tuple[str, Mapping[str, Any]]]) -> bool:
    """Return whether the condition holds; `answers` are (outcome, value) by code, of this point or of the venue."""
    condition = item.condition
    if condition is None:
        return True
    given = answers.get(condition.item)
    if given is None:
        return False
    outcome, value = given
    if condition.is_any:
        return outcome in condition.is_any or value.get("choice") in condition.is_any
    number = value.get("number")
    if not isinstance(number, int | float) or isinstance(number, bool):
        return False
    return (condition.above is None or number > condition.above) and (
        condition.below is None or number < condition.below
    )


# What an answer is worth.


def judge(item: Item, value: Mapping[str, Any], *, photos: int, comment: str = "", on: date | None = None) -> str:
    """Return the outcome of an answer: pass, fail, na or noted (neither fine nor not).

    `photos` are those that belong to it; `on` is the day it was given, from which a date is judged. A number, reading
    or date may come with a verdict of its own (`choice`: fail, or without limits pass). Raises `AnswerRefused`.
    """
    if not isinstance(value, Mapping):
        raise AnswerRefused(Sentence("This answer cannot be read."))
    if len(comment) > LONGEST_COMMENT:
        raise AnswerRefused(
            Sentence("This is too long: at most %(limit)s characters.", limit=LONGEST_COMMENT), field="comment"
        )
    outcome = _OUTCOME[item.answer](item, value, photos, on)
    _require_evidence(item, outcome, photos)
    return outcome


def _verdict(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    given = value.get("choice")
    if given not in VERDICTS:
        raise AnswerRefused(Sentence("Choose pass, fail or not applicable."))
    return str(given)


def _measured(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    if value.get("choice") == "na":
        return "na"
    number = value.get("number")
    if isinstance(number, bool) or not isinstance(number, int | float) or number != number:  # noqa: PLR0124
        raise AnswerRefused(Sentence("This is not a number."))
    if abs(number) > LARGEST_NUMBER:  # also infinity, and what no float holds
        raise AnswerRefused(Sentence("This number cannot be right."))
    if value.get("choice") == "fail":  # the wording asks for more than the number
        return "fail"
    if item.low is None and item.high is None:
        return _said(value)
    is_fine = (item.low is None or number >= item.low) and (item.high is None or number <= item.high)
    return "pass" if is_fine else "fail"


def _said(value: Mapping[str, Any]) -> str:
    verdict = value.get("choice")
    return str(verdict) if verdict in VERDICTS[:2] else "noted"


def _chosen(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    found = next((choice for choice in item.choices if choice.code == value.get("choice")), None)
    if found is None:
        raise AnswerRefused(Sentence("This is none of the choices."))
    if found.fails:
        return "fail"
    return "pass" if any(choice.fails for choice in item.choices) else "noted"


def _written(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    text = value.get("text")
    if not isinstance(text, str) or not text.strip():
        raise AnswerRefused(Sentence("Write something."))
    if len(text) > LONGEST_TEXT:
        raise AnswerRefused(Sentence("This is too long: at most %(limit)s characters.", limit=LONGEST_TEXT))
    return "noted"


def _dated(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    if value.get("choice") in VERDICTS[1:] and not value.get("date"):
        return str(value["choice"])  # it was not done: there is no date to give
    given = value.get("date")
    try:
        day = date.fromisoformat(given) if isinstance(given, str) and len(given) == len("2026-11-20") else None
    except ValueError:
        day = None
    if day is None or day < EARLIEST:
        raise AnswerRefused(Sentence("This is not a date. Write it like 2026-11-20."))
    if on is not None and day > on:
        raise AnswerRefused(Sentence("This day is still to come."))
    if item.high is None or on is None:
        return _said(value)
    return "pass" if (on - day).days <= item.high else "fail"


def _photographed(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    if photos < 1:
        raise AnswerRefused(Sentence("A photo is missing."), field="photos")
    return "noted"


def _signed(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    if photos < 1 and not value.get("signature"):
        raise AnswerRefused(Sentence("The signature is missing."))
    return "noted"


def _checked_in(item: Item, value: Mapping[str, Any], photos: int, on: date | None) -> str:  # noqa: ARG001 - one signature
    given = value.get("choice", "pass")  # the check-ins are what counts
    if given not in VERDICTS:
        raise AnswerRefused(Sentence("Choose pass, fail or not applicable."))
    return str(given)


_OUTCOME = {
    "pass_fail_na": _verdict, "number": _measured, "reading": _measured, "choice": _chosen, "text": _written,
    "date": _dated, "photo": _photographed, "signature": _signed, "checkpoint": _checked_in,
}  # fmt: skip


def _require_evidence(item: Item, outcome: str, photos: int) -> None:
    if photos > 0 or outcome == "na":
        return
    wanted = {
        "none": False,
        "photo_on_fail": outcome == "fail",
        "photo_always": True,
        # What should be shown is what is missing, when it fails.
        "document": outcome != "fail",
        "video": outcome != "fail",
    }[item.evidence]
    if wanted:
        raise AnswerRefused(Sentence("A photo is missing."), field="photos")
