"""One item of a checklist as it is typed into a form: texts by field, and back. Pure; `item_rules` says what may be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from domain.language import Sentence
from domain.patrols.items import Canned, Choice, Condition, Item

Texts = Mapping[str, Sequence[str]]
FAILS = ("!", "！")
"""Stands behind a choice that is not fine."""
_NUMBER = re.compile(r"[-−]?\d{1,12}(?:[.．]\d{1,6})?")
_BETWEEN = re.compile(r"[|｜]")
_SPACES = re.compile(r"\s+")
_LINES = ("code", "zh", "en", "unit", "hint", "hint_en")
_TICKS = ("is_critical", "on_spot", "shows_previous")


def texts_of(item: Item) -> dict[str, list[str]]:
    """Return an item as its form shows it."""
    condition = item.condition
    return {
        **{name: [getattr(item, name)] for name in (*_LINES, "answer", "per", "evidence")},
        **{name: ["yes"] for name in _TICKS if getattr(item, name)},
        "facility_kinds": list(item.facility_kinds),
        "low": [_plain(item.low)],
        "high": [_plain(item.high)],
        "hazard": [item.hazard or ""],
        "basis": ["; ".join(item.basis)],
        "choices": ["\n".join(_choice_line(choice) for choice in item.choices)],
        "canned": ["\n".join(" | ".join(part for part in (one.zh, one.en) if part) for one in item.canned)],
        "condition_item": [condition.item if condition else ""],
        "condition_is": [" ".join(condition.is_any) if condition else ""],
        "condition_above": [_plain(condition.above) if condition else ""],
        "condition_below": [_plain(condition.below) if condition else ""],
    }


def item_of(texts: Texts) -> tuple[Item, list[tuple[str, Sentence]]]:
    """Return what was typed as an item, and what of it cannot be read: field and reason."""
    wrong: list[tuple[str, Sentence]] = []

    def line(name: str) -> str:
        return _SPACES.sub(" ", next(iter(texts.get(name, ())), "")).strip()

    def number(name: str) -> float | None:
        typed = line(name)
        if not typed:
            return None
        if not _NUMBER.fullmatch(typed):
            wrong.append((name, Sentence("This is not a number.")))
            return None
        plain = typed.replace("−", "-").replace("．", ".")
        return float(plain) if "." in plain else int(plain)

    def lines(name: str) -> list[list[str]]:
        whole = next(iter(texts.get(name, ())), "")
        rows = [_SPACES.sub(" ", row).strip() for row in whole.splitlines()]
        return [[part.strip() for part in _BETWEEN.split(row)] for row in rows if row]

    condition = None
    if line("condition_item"):
        given = tuple(part for part in re.split(r"[\s,，、;；]+", line("condition_is")) if part)
        condition = Condition(line("condition_item"), given, number("condition_above"), number("condition_below"))
    basis = [part.strip() for part in re.split(r"[;；\n]", next(iter(texts.get("basis", ())), ""))]
    item = Item(
        code=line("code"),
        zh=line("zh"),
        en=line("en"),
        unit=line("unit"),
        hint=line("hint"),
        hint_en=line("hint_en"),
        is_critical="yes" in texts.get("is_critical", ()),
        on_spot="yes" in texts.get("on_spot", ()),
        shows_previous="yes" in texts.get("shows_previous", ()),
        answer=line("answer") or "pass_fail_na",
        per=line("per") or "venue",
        evidence=line("evidence") or "none",
        facility_kinds=tuple(kind for kind in texts.get("facility_kinds", ()) if kind),
        low=number("low"),
        high=number("high"),
        hazard=line("hazard") or None,
        basis=tuple(_SPACES.sub(" ", part) for part in basis if part),
        choices=tuple(_choice(parts) for parts in lines("choices")),
        canned=tuple(Canned(parts[0], parts[1] if len(parts) > 1 else "") for parts in lines("canned")),
        condition=condition,
    )
    return item, wrong


def _choice(parts: list[str]) -> Choice:
    fails = parts[-1] in FAILS
    words = parts[:-1] if fails else parts
    return Choice(words[0] if words else "", words[1] if len(words) > 1 else "", " ".join(words[2:]), fails)


def _choice_line(choice: Choice) -> str:
    return " | ".join(part for part in (choice.code, choice.zh, choice.en, "!" if choice.fails else "") if part)


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
