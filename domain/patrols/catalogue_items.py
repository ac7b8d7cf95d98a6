"""The catalogue's items as a checklist asks them: by type of venue, frequency and region. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain import catalogue
from domain.catalogue import CheckItem
from domain.patrols.items import Canned, Item

_ANSWERS: Mapping[str, str] = {
    "pass_fail_na": "pass_fail_na",
    "number": "number",
    "reading": "reading",
    "date": "date",
    "signature": "signature",
    "checkpoint_round": "checkpoint",
    "per_asset": "pass_fail_na",
    "derived_from_roster": "number",
}
_EVIDENCE: Mapping[str, str] = {
    "photo_on_fail": "photo_on_fail",
    "photo_always": "photo_always",
    "document": "document",
    "video": "video",
    # The answer is the evidence.
    "checkin": "none",
    "signature": "none",
}
_DAYS: Mapping[str, float] = {
    "business_2h": 1 / 12, "night_2h": 1 / 12, "shift": 1 / 3, "daily": 1, "daily_close": 1, "weekly": 7,
    "half_monthly": 15, "monthly": 31, "every_60_days": 60, "quarterly": 92, "half_yearly": 184, "yearly": 366,
}  # fmt: skip
"""The longest interval of each frequency in days, to tell which of two is shorter."""

HOMESTAY = (14, 4, 800)
"""The most rooms, storeys and square metres of a 民宿 (农家乐（民宿）建筑防火导则（试行） 第三条)."""


class NothingAsked(LookupError):
    """The catalogue has no checklist for that type of venue and frequency there."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the catalogue asks: the items in their order, and by what they differ from the nationwide list."""

    items: tuple[Item, ...]
    regions: tuple[str, ...] = ()
    """Divisions whose own rules are among them or put one out."""
    is_for_others: bool = False
    """It is not the list of a key unit."""


def item_of(code: str) -> Item:
    """Return an item of the catalogue as it is asked; KeyError for an unknown one."""
    found = catalogue.check_items()[code]
    said = catalogue.item_answers().get(code, catalogue.ItemAnswer())
    return Item(
        code=code,
        zh=found.zh,
        en=found.en,
        answer=said.answer or _ANSWERS[found.answer],
        per=said.per,
        facility_kinds=said.facility_kinds,
        unit=said.unit,
        low=said.low,
        high=said.high,
        evidence=_EVIDENCE[found.evidence],
        is_critical=found.is_critical,
        on_spot=found.on_spot_correction,
        hazard=found.fail_hazard,
        basis=found.basis,
        canned=tuple(Canned(label.zh, label.en) for label in said.comments),
        hint=said.hint.zh,
        hint_en=said.hint.en,
    )


def draw(venue_type: str, frequency: str, *, division: str, day: date, is_key_unit: bool = True) -> Drawn:
    """Return what is asked at a type of venue in a division on a day; raises `NothingAsked`."""
    asked = _asked(venue_type, frequency, division, day, is_key_unit=is_key_unit)
    if not asked:
        raise NothingAsked(f"{venue_type} {frequency}")
    everywhere = _asked(venue_type, frequency, "", day, is_key_unit=is_key_unit)
    of_key_units = _asked(venue_type, frequency, division, day, is_key_unit=True)
    return Drawn(
        items=tuple(item_of(code) for code in asked),
        regions=_regions(venue_type, division) if asked != everywhere else (),
        is_for_others=asked != of_key_units,
    )


def frequencies_of(venue_type: str, *, division: str, day: date, is_key_unit: bool = True) -> tuple[str, ...]:
    """Return the frequencies at which something is asked there, the shortest first."""
    listed = _schedule(venue_type, is_key_unit=is_key_unit)
    return tuple(
        key
        for key in catalogue.frequencies()
        if key in listed and _asked(venue_type, key, division, day, is_key_unit=is_key_unit)
    )


def is_optional(venue_type: str, frequency: str, *, is_key_unit: bool) -> bool:
    """Return whether the law leaves it to the venue: rounds and daily checks of other units (R61 25)."""
    varies = catalogue.checklists()[venue_type].has_key_unit_variant
    return varies and not is_key_unit and frequency in catalogue.other_units().optional


def _schedule(venue_type: str, *, is_key_unit: bool) -> Mapping[str, Sequence[str]]:
    checklist = catalogue.checklists()[venue_type]
    if is_key_unit or not checklist.has_key_unit_variant:
        return checklist.schedule
    others = catalogue.other_units()
    listed = {
        frequency: [code for code in codes if code not in others.leave_out]
        for frequency, codes in checklist.schedule.items()
    }
    for frequency, codes in others.instead.items():
        listed[frequency] = [*codes, *(code for code in listed.get(frequency, []) if code not in codes)]
    return listed


def _asked(venue_type: str, frequency: str, division: str, day: date, *, is_key_unit: bool) -> list[str]:
    """Return the codes due then, without those that a shorter interval answers for there."""
    schedule = _schedule(venue_type, is_key_unit=is_key_unit)
    intervals = {
        code: _DAYS[key]
        for key in reversed(list(catalogue.frequencies()))
        if key in _DAYS
        for code in schedule.get(key, ())
        if _applies(catalogue.check_items()[code], division, day)
    }
    return [
        code
        for code in schedule.get(frequency, ())
        if _applies(catalogue.check_items()[code], division, day)
        and not _is_answered_sooner(code, _DAYS.get(frequency), intervals)
    ]


def _applies(item: CheckItem, division: str, day: date) -> bool:
    return item.applies_in(division) and item.validity.holds(day)


def _is_answered_sooner(code: str, interval: float | None, intervals: Mapping[str, float]) -> bool:
    alike = {other for group in catalogue.same_matter() if code in group for other in group} - {code}
    return interval is not None and any(intervals[other] < interval for other in alike if other in intervals)


def _regions(venue_type: str, division: str) -> tuple[str, ...]:
    codes = {code for listed in catalogue.checklists()[venue_type].schedule.values() for code in listed}
    found = {
        region
        for code in codes
        for region in catalogue.check_items()[code].regions
        if catalogue.applies_in((region,), division)
    }
    return tuple(sorted(found))
