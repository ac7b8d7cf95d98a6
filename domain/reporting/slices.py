"""The parts of a report: by the areas below the chosen one, by organisation, by hazard category, by person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from domain.reporting import tally
from domain.reporting.columns import Mask
from domain.reporting.figures import By, Slice
from domain.reporting.filters import Filters
from domain.reporting.tally import Part

NONE: tuple[str | None, bool] = (None, False)
Key = tuple[str | None, bool]
"""(id or code, of the chosen area itself)."""
KeyOf = Callable[[str], Key | None]


def by_area(parts: Sequence[Part], chosen: Filters) -> tuple[Slice, ...]:
    """Return the figures of the areas directly below the chosen one, of it alone, and of no area, in their order."""
    key = _area_key(chosen)
    paths = {str(row.id): row.path for row in chosen.areas.values()}
    return _sliced("area", parts, chosen, key, order=lambda one: paths.get(one.key or "", "~"))


def _area_key(chosen: Filters) -> KeyOf:
    top = _top(chosen)
    below = {row.path: str(row.id) for row in chosen.areas.values() if row.parent_id in top}
    alone = {str(area) for area in top}

    def key(value: str) -> Key | None:
        if value in alone:
            return value, True
        path = chosen.areas[value].path if value in chosen.areas else ""
        found = next((area for start, area in below.items() if path.startswith(start)), None)
        return (found, False) if found else NONE

    return key


def members(by: By, wanted: str | None, *, alone: bool, chosen: Filters) -> Mask:
    """Return for each number of the kind whether it belongs to that part."""
    key_of: dict[By, KeyOf] = {
        "area": _area_key(chosen),
        "organisation": _itself,
        "hazard": _category,
        "person": _itself,
    }
    flags = np.zeros(max(chosen.names[by], default=0) + 1, dtype=np.bool_)
    for number, value in chosen.names[by].items():
        flags[number] = key_of[by](value) == (wanted, alone)
    flags[0] = wanted is None and not alone
    return flags


def _itself(value: str) -> Key | None:
    return value, False


def _category(value: str) -> Key | None:
    return value.partition("-")[0], False


def _top(chosen: Filters) -> set[object]:
    """Return the areas whose children are told apart: the chosen one, else the one within reach, else the roots."""
    if chosen.asked.area_id is not None:
        return {chosen.asked.area_id}
    held = chosen.paths()
    within = [row.id for row in chosen.areas.values() if row.path in held]
    if len(held) == 1 and within:
        return set(within)
    return {row.id for row in chosen.areas.values() if row.parent_id is None}


def by_organisation(parts: Sequence[Part], chosen: Filters) -> tuple[Slice, ...]:
    """Return the figures of each organisation, those with most cases first."""
    return _sliced("organisation", parts, chosen, _itself)


def by_hazard(parts: Sequence[Part], chosen: Filters) -> tuple[Slice, ...]:
    """Return the figures of each category of hazards, those with most cases first."""
    return _sliced("hazard", parts, chosen, _category)


def by_person(parts: Sequence[Part], chosen: Filters) -> tuple[Slice, ...]:
    """Return the figures of those whom the asker leads, those with most cases first; nobody's cases are not told."""
    led = chosen.people()
    found = _sliced("person", parts, chosen, lambda value: (value, False) if value in led else None)
    return tuple(one for one in found if one.key is not None)


def _busiest_first(one: Slice) -> tuple[bool, int, str]:
    return one.key is None, -sum(figures.cases.received for figures in one.processes), one.key or ""


def _sliced(
    by: By,
    parts: Sequence[Part],
    chosen: Filters,
    key: KeyOf,
    order: Callable[[Slice], object] = _busiest_first,
) -> tuple[Slice, ...]:
    keys = {number: key(value) for number, value in chosen.names[by].items()} | {0: NONE}
    places = {one: place for place, one in enumerate(dict.fromkeys(one for one in keys.values() if one))}
    group = np.full(max(keys) + 1, -1, dtype=np.int64)
    for number, one in keys.items():
        group[number] = places[one] if one else -1
    counted = [tally.grouped(part, group[part.columns.cases[by]], len(places)) for part in parts]
    slices = [Slice(by, one[0], one[1], tuple(figures[place] for figures in counted)) for one, place in places.items()]
    return tuple(sorted(_with_cases(slices), key=order))  # type: ignore[arg-type]


def _with_cases(slices: Iterable[Slice]) -> list[Slice]:
    return [one for one in slices if any(figures.cases.received for figures in one.processes)]
