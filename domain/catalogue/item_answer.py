"""How an item of a checklist is answered on a phone, which items ask the same, and what other units are let off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from domain.catalogue.source import read
from domain.language import Label

FILE = "item_answers.yaml"

NO_HINT = Label("", "")


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """What the phone needs beside an item's wording; limits are inclusive, comments to pick are for a failure."""

    answer: str | None = None
    """number or reading, where the item's own kind does not say."""
    per: str = "venue"
    facility_kinds: tuple[str, ...] = ()
    unit: str = ""
    low: float | None = None
    high: float | None = None
    hint: Label = NO_HINT
    comments: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherUnits:
    """What changes at venues that are no 消防安全重点单位 (公安部令第61号 第二十五条)."""

    optional: frozenset[str]
    """Frequencies they may leave out."""
    leave_out: frozenset[str]
    instead: Mapping[str, tuple[str, ...]]
    basis: str


NOTHING_SAID = ItemAnswer()


@cache
def item_answers() -> Mapping[str, ItemAnswer]:
    """Return what is said of each item, by its code; of an item that is not here nothing is."""
    comments = read(FILE).get("comments", {})
    rows = read(FILE)["answers"]
    return MappingProxyType(
        {
            code: ItemAnswer(
                answer=row.get("answer"),
                per=row.get("per", "venue"),
                facility_kinds=tuple(row.get("facility_kinds", ())),
                unit=row.get("unit", ""),
                low=row.get("low"),
                high=row.get("high"),
                hint=Label(row.get("hint", ""), row.get("hint_en", "")),
                comments=tuple(Label(zh, en) for zh, en in comments.get(code, ())),
            )
            for code, row in ((code, rows.get(code, {})) for code in {**rows, **comments})
        }
    )


@cache
def same_matter() -> tuple[frozenset[str], ...]:
    """Return the groups of items that ask the same thing at different intervals."""
    return tuple(frozenset(row["items"]) for row in read(FILE)["same_matter"])


@cache
def other_units() -> OtherUnits:
    """Return what changes where a venue is no key unit."""
    row = read(FILE)["other_units"]
    instead = MappingProxyType({frequency: tuple(codes) for frequency, codes in row["instead"].items()})
    return OtherUnits(frozenset(row["optional"]), frozenset(row["leave_out"]), instead, row["basis"])
