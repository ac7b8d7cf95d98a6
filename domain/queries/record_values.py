"""One value of the register's record as people read it: codes by their words, moments by the city's clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import catalogue, organisations
from domain.adjustable import ADJUSTABLE, NotAValue
from domain.language import CHINESE, ENGLISH, Label
from domain.opening_hours import say_hours
from domain.queries.record_labels import CODES, FIELDS
from domain.settings import city_zone

LONGEST = 400
"""Characters of one value; a document's worth of text is shortened where it is only listed."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
"""As `register_log.plain` writes one; a day by itself stays as it is."""
YES_NO = {True: Label("是", "yes"), False: Label("否", "no")}
BODIES = {kind.value: kind.label for kind in organisations.Kind}


@dataclass(frozen=True, slots=True)
class Names:
    """What ids and codes stand for."""

    subjects: Mapping[UUID, str | Label]
    areas: Mapping[str, str]
    """Name of an area by its code."""


def said(kind: str, field: str, value: Any, names: Names) -> str | Label | None:  # noqa: ANN401 - any JSON
    """Return a value of `field` of a subject of that kind, in both languages where they differ; None for nothing."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return YES_NO[value]
    if field == "hours" and isinstance(value, list):
        return Label(say_hours(value, CHINESE), say_hours(value, ENGLISH))
    if isinstance(value, Mapping):
        return _together(_pair(kind, key, item, names) for key, item in value.items())
    if isinstance(value, list):
        return _together(said(kind, field, item, names) for item in value)
    return _text(kind, field, str(value), names)


def setting(key: str, kept: Any) -> Label | str:  # noqa: ANN401 - any JSON
    """Return what a setting was, in words; as it stands where an earlier version's bounds were others."""
    known = ADJUSTABLE[key]
    try:
        return known.said(known.read(kept))
    except NotAValue:
        return str(kept)


def as_id(value: object) -> UUID | None:
    """Return the id that a value is; None when it is none."""
    try:
        return UUID(value) if isinstance(value, str) and len(value) == len(str(UUID(int=0))) else None
    except ValueError:
        return None


def _text(kind: str, field: str, text: str, names: Names) -> str | Label:
    if field == "area" and text in names.areas:
        return names.areas[text]
    if (known := as_id(text)) is not None and known in names.subjects:
        return names.subjects[known]
    words = BODIES if (kind, field) == ("organisation", "kind") else CODES.get(field, dict)()
    codes = text.split() if field == "scopes" else [text]
    found = [Label(words[code].zh, words[code].en) for code in codes if code in words]
    if found and len(found) == len(codes):
        return found[0] if len(found) == 1 else _together(found) or text
    if MOMENT.fullmatch(text):
        return f"{datetime.fromisoformat(text).astimezone(city_zone()):%Y-%m-%d %H:%M}"
    return text[:LONGEST]


def _pair(kind: str, key: str, value: Any, names: Names) -> Label | None:  # noqa: ANN401 - any JSON
    words = catalogue.SIZES.get(key) or FIELDS.get(key) or Label(key, key)
    found = said(kind, key, value, names)
    return None if found is None else Label(f"{words.zh}：{_zh(found)}", f"{words.en}: {_en(found)}")


def _together(parts: Iterable[str | Label | None]) -> Label | None:
    found = [part for part in parts if part is not None]
    if not found:
        return None
    return Label("，".join(map(_zh, found))[:LONGEST], ", ".join(map(_en, found))[:LONGEST])


def _zh(words: str | Label) -> str:
    return words if isinstance(words, str) else words.zh


def _en(words: str | Label) -> str:
    return words if isinstance(words, str) else words.en
