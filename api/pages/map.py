"""The map: one number per area as colour and as table, with points and heat as layers. The table works by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from api import map_answer, map_query
from api.access import Router, needs
from api.deps import CurrentStaff, Db, Now, locale_of
from api.field_errors import FieldsRefused, field_errors
from api.map_query import EVERY_PROCESS, FIELDS, month_of
from api.pages.staff_forms import hazard_groups
from api.pages.staff_frame import staff_page
from api.rendering import local_time
from domain import people
from domain.access import may
from domain.language import Label, Sentence
from domain.processes import LISTED
from domain.queries import map_data, map_shapes
from domain.queries.map_data import LEVEL_LABELS, MEASURES, Asked
from domain.rights import Right

router = Router(include_in_schema=False)
FIELD_TITLES: Mapping[str, Sentence] = {
    "level": Sentence("Areas"), "measure": Sentence("Measure"), "per": Sentence("Shown as"),
    "process": Sentence("Process"), "hazard": Sentence("Hazard"), "from": Sentence("From month"),
    "to": Sentence("Until month"),
}  # fmt: skip
VIEW_OF = {"opened": "all", "open": "open", "overdue": "overdue"}
"""Measure → the view of the queue that lists its cases."""
SORTS = ("name", "venues", "rate", *MEASURES)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table twin: how it is sorted, and where a click leads."""

    key: str
    words: Label | Sentence
    href: str
    sorted: str
    """The value of aria-sort; "" where it is not sorted by this."""


@router.get("/map")
@needs(Right.SEE_FIGURES)
def show_map(request: Request, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the map and its table; months or filters that cannot be are named, and kept as they were typed."""
    query, locale, settings = request.query_params, locale_of(request), request.app.state.settings
    with db.read() as session:
        levels = map_data.levels(session, staff.actor)
        usual = map_data.usual_level(session, staff.actor)
        try:
            asked = map_query.read(query, levels=levels, usual=usual, at=at)
            errors = []
            figures = map_data.figures(session, staff.actor, asked, at=at)
            found = map_answer.answer(figures, locale)
            as_of = local_time(figures.measured_until)
        except FieldsRefused as refused:
            asked, found, as_of, errors = None, None, "", field_errors(refused)
    filters = {name: query.get(name, "") for name in FIELDS} if asked is None else _filters(asked)
    sort, falling = _sort(query)
    return staff_page(
        request, "pages/staff/map.html", staff=staff, at=at, here="map", status=422 if errors else 200,
        errors=errors, titles=FIELD_TITLES, filters=filters, found=found, as_of=as_of,
        rows=_rows(found, sort, falling=falling) if found else (),
        columns=_columns(request, sort, falling=falling), measures=MEASURES,
        cases=_case_links(asked) if asked and map_shapes.opens_cases(staff.actor) else {},
        reports=_report_link(asked, at) if asked and may(staff.actor, Right.SEE_REPORTS) else "",
        levels={level: LEVEL_LABELS[level] for level in levels},
        flows=tuple(LISTED.values()), every=EVERY_PROCESS, hazards=hazard_groups(),
        last=month_of(people.local_day(at)), most_points=map_shapes.MOST_POINTS,
        tiles={"address": settings.map_tiles, "system": settings.map_tiles_system if settings.map_tiles else "WGS-84",
               "source": settings.map_tiles_source},
    )  # fmt: skip


def _filters(asked: Asked) -> dict[str, str]:
    return {
        "level": asked.level, "measure": asked.measure, "per": "venues" if asked.per_venues else "count",
        "process": asked.process or EVERY_PROCESS, "hazard": asked.hazard or "", "from": month_of(asked.from_on),
        "to": month_of(asked.until_on),
    }  # fmt: skip


def _sort(query: Mapping[str, str]) -> tuple[str, bool]:
    sort = query.get("sort", "")
    return (sort, query.get("falling") == "1") if sort in SORTS else ("rate", True)


def _rows(found: Mapping[str, Any], sort: str, *, falling: bool) -> list[dict[str, Any]]:
    """Return the areas in the order asked for; those without a number come last either way."""

    def key(row: dict[str, Any]) -> Any:  # noqa: ANN401 - a number or a name
        if sort in ("name", "venues"):
            return row[sort]
        if sort == "rate":
            return row["value"]
        return row["counts"][sort] if row["counts"] else None

    known = sorted((row for row in found["areas"] if key(row) is not None), key=key, reverse=falling)
    return known + [row for row in found["areas"] if key(row) is None]


def _columns(request: Request, sort: str, *, falling: bool) -> list[Column]:
    words = {"name": Sentence("Area"), "rate": Sentence("On the map"), "venues": Sentence("Registered venues"),
             **MEASURES}  # fmt: skip
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("sort", "falling")]
    columns = []
    for name in ("name", "rate", "venues", *MEASURES):
        turned = not falling if name == sort else name != "name"
        href = "/map?" + urlencode([*kept, ("sort", name), *([("falling", "1")] if turned else [])])
        direction = ("descending" if falling else "ascending") if name == sort else ""
        columns.append(Column(name, words[name], href, direction))
    return columns


def _case_links(asked: Asked) -> dict[str, str]:
    """Return measure → the address of its cases, to which an area is added."""
    filters = {"from": asked.from_on.isoformat(), "to": asked.until_on.isoformat()}
    if asked.process:
        filters["process"] = asked.process
    if asked.hazard:
        filters["hazard"] = asked.hazard
    return {name: "/cases?" + urlencode({"view": view, **filters}) for name, view in VIEW_OF.items()}


def _report_link(asked: Asked, at: datetime) -> str:
    until = min(asked.until_on, people.local_day(at))
    filters = {"from": asked.from_on.isoformat(), "until": until.isoformat()}
    if asked.process:
        filters["process"] = asked.process
    if asked.hazard:
        filters["hazard"] = asked.hazard
    return "/reports/sla?" + urlencode(filters)
