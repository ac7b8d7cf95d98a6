"""What a checklist may ask: finds what is wrong with its items, field by field. Pure; the editor and imports ask it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain import catalogue
from domain.catalogue import UnknownSource
from domain.language import Sentence
from domain.patrols.items import ANSWERS, EVIDENCE, LARGEST_NUMBER, MEASURED, OUTCOMES, PER, VERDICTS, Item

MOST_ITEMS = 200
MOST_CHOICES, MOST_CANNED, MOST_BASES = 20, 8, 10
LIMITS = {"zh": 200, "en": 300, "unit": 12, "hint": 120, "hint_en": 200}
LONGEST_CHOICE = 60
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}")
_CHOICE_CODE = re.compile(r"[A-Za-z0-9_-]{1,24}")
_VERDICT_ANSWERS = frozenset({"pass_fail_na", "checkpoint"})
_ASKABLE = _VERDICT_ANSWERS | MEASURED | {"choice"}


@dataclass(frozen=True, slots=True)
class ItemFault:
    """What is wrong with one item (by its place, from 0; None: with all together)."""

    place: int | None
    field: str
    reason: Sentence


def faults(items: Sequence[Item]) -> list[ItemFault]:
    """Return everything that is wrong with a checklist, in its order; [] when it can be asked."""
    found: list[ItemFault] = []
    if not items:
        found.append(ItemFault(None, "items", Sentence("A checklist asks at least one thing.")))
    if len(items) > MOST_ITEMS:
        found.append(ItemFault(None, "items", Sentence("At most %(most)s items.", most=MOST_ITEMS)))
    before: dict[str, Item] = {}
    for place, item in enumerate(items[:MOST_ITEMS]):
        if item.code in before:
            reason = Sentence("Another item has the code %(code)s already.", code=item.code)
            found.append(ItemFault(place, "code", reason))
        found += [ItemFault(place, field, reason) for field, reason in _of_one(item)]
        found += [ItemFault(place, "condition", reason) for reason in _of_condition(item, before)]
        before.setdefault(item.code, item)
    return found


def _of_one(item: Item) -> Iterator[tuple[str, Sentence]]:
    if not CODE.fullmatch(item.code):
        yield "code", Sentence("A code begins with a letter and has up to 24 letters, digits and underscores.")
    if not item.zh.strip():
        yield "zh", Sentence("Write what is to be checked.")
    for name, limit in LIMITS.items():
        if len(getattr(item, name)) > limit:
            yield name, Sentence("This is too long: at most %(limit)s characters.", limit=limit)
    for name, listed in (("answer", ANSWERS), ("per", PER), ("evidence", EVIDENCE)):
        if getattr(item, name) not in listed:
            yield name, Sentence("Please choose one of the given answers.")
    if unknown := [kind for kind in item.facility_kinds if kind not in catalogue.facility_kinds()]:
        yield "facility_kinds", Sentence("No kind of facility has the code %(code)s.", code=unknown[0][:24])
    if item.facility_kinds and item.per != "point":
        yield "facility_kinds", Sentence("Only an item asked at points can name kinds of facilities.")
    if item.hazard is not None and item.hazard not in catalogue.hazards():
        yield "hazard", Sentence("No hazard has the code %(code)s.", code=item.hazard[:24])
    yield from _of_limits(item)
    yield from _of_choices(item)
    yield from _of_comments(item)


def _of_limits(item: Item) -> Iterator[tuple[str, Sentence]]:
    for name in ("low", "high"):
        number = getattr(item, name)
        if number is not None and not (math.isfinite(number) and abs(number) <= LARGEST_NUMBER):
            yield name, Sentence("This is not a number.")
            return
    if item.answer == "date":
        if item.low is not None:
            yield "low", Sentence("A date has one limit: how many days it may lie back.")
        if item.high is not None and (item.high < 0 or item.high != int(item.high)):
            yield "high", Sentence("A whole number is expected.")
    elif item.answer not in MEASURED and (item.low is not None or item.high is not None):
        yield "low" if item.low is not None else "high", Sentence("Only a number, a reading or a date has limits.")
    elif item.low is not None and item.high is not None and item.low > item.high:
        yield "high", Sentence("The most is less than the least.")


def _of_choices(item: Item) -> Iterator[tuple[str, Sentence]]:
    codes = [choice.code for choice in item.choices]
    if item.answer == "choice" and len(codes) < 2:  # noqa: PLR2004 - one choice is none
        yield "choices", Sentence("Name at least two choices.")
    if item.answer != "choice" and codes:
        yield "choices", Sentence("Only an item that is answered by a choice has choices.")
    if len(codes) > MOST_CHOICES:
        yield "choices", Sentence("At most %(most)s choices.", most=MOST_CHOICES)
    if len(set(codes)) < len(codes):
        yield "choices", Sentence("Two choices have the same code.")
    for choice in item.choices:
        if not _CHOICE_CODE.fullmatch(choice.code) or choice.code in OUTCOMES:
            yield "choices", Sentence("“%(code)s” cannot be the code of a choice.", code=choice.code[:30])
        if not choice.zh.strip() or max(len(choice.zh), len(choice.en)) > LONGEST_CHOICE:
            yield "choices", Sentence("Each choice has up to %(limit)s characters of words.", limit=LONGEST_CHOICE)


def _of_comments(item: Item) -> Iterator[tuple[str, Sentence]]:
    if len(item.canned) > MOST_CANNED:
        yield "canned", Sentence("At most %(most)s comments.", most=MOST_CANNED)
    if any(not one.zh.strip() or max(len(one.zh), len(one.en)) > LONGEST_CHOICE for one in item.canned):
        yield "canned", Sentence("Each comment has up to %(limit)s characters.", limit=LONGEST_CHOICE)
    if len(item.basis) > MOST_BASES:
        yield "basis", Sentence("At most %(most)s articles.", most=MOST_BASES)
    for citation in item.basis:
        try:
            catalogue.source_of(citation)
        except UnknownSource:
            said = Sentence("“%(text)s” names no law of the catalogue. Write it like R61 25.", text=citation[:40])
            yield "basis", said


def _of_condition(item: Item, before: dict[str, Item]) -> Iterator[Sentence]:
    condition = item.condition
    if condition is None:
        return
    other = before.get(condition.item)
    if other is None:
        yield Sentence("A condition asks for an earlier item; %(code)s is none.", code=condition.item[:24])
        return
    if other.per == "point" and item.per != "point":
        yield Sentence("An item about the venue cannot depend on one that is asked at points.")
    if other.answer not in _ASKABLE:
        yield Sentence("The answer to %(code)s cannot decide what is asked.", code=other.code)
        return
    bounds = [bound for bound in (condition.above, condition.below) if bound is not None]
    if bool(condition.is_any) == bool(bounds):
        yield Sentence("Say at which answer to %(code)s it is asked.", code=other.code)
        return
    if bounds and (other.answer not in MEASURED or not all(math.isfinite(bound) for bound in bounds)):
        yield Sentence("The answer to %(code)s is no number.", code=other.code)
    if len(bounds) > 1 and bounds[0] >= bounds[1]:
        yield Sentence("No number lies between the two of the condition.")
    for given in condition.is_any:
        if given not in answers_of(other):
            yield Sentence("%(code)s has no answer “%(given)s”.", code=other.code, given=given[:30])


def answers_of(item: Item) -> tuple[str, ...]:
    """Return the outcomes and choices of an item that a condition may name."""
    if item.answer == "choice":
        return (*VERDICTS[:2], *(choice.code for choice in item.choices))
    return VERDICTS if item.answer in _ASKABLE else ()
