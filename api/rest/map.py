"""The map by program: numbers by area, outlines as GeoJSON, venues as points; all within the caller's reach."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import JSONResponse

from api import map_answer, map_query
from api.access import Router, needs, programs_may
from api.deps import CurrentStaff, Db, Now, locale_of
from domain import people
from domain.queries import map_data, map_shapes
from domain.rights import Right
from domain.tokens import Scope

router = Router(prefix="/api/v1/map", tags=["map"])
KEPT_BRIEFLY = {"cache-control": "private, max-age=300"}
"""Outlines change when somebody imports new ones."""
Text = Annotated[str, Query(max_length=40)]
Months = Annotated[str, Query(alias="from", max_length=40, description="The first month, such as 2026-08.")]


@router.get("/areas")
@needs(Right.SEE_FIGURES)
@programs_may(Scope.FIGURES_READ)
def read_areas(  # noqa: PLR0913 - the filters
    request: Request,
    *,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    level: Text = "",
    measure: Text = "",
    per: Text = "",
    process: Text = "",
    hazard: Text = "",
    begins: Months = "",
    to: Text = "",
) -> JSONResponse:
    """Return how many cases were opened in some months, by area; `value` is None where nothing is known."""
    query = {"level": level, "measure": measure, "per": per, "process": process, "hazard": hazard, "from": begins,
             "to": to}  # fmt: skip
    with db.read() as session:
        asked = map_query.read(
            query, levels=map_data.levels(session, staff.actor), usual=map_data.usual_level(session, staff.actor), at=at
        )
        found = map_data.figures(session, staff.actor, asked, at=at)
    return JSONResponse(map_answer.answer(found, locale_of(request)))


@router.get("/outlines")
@needs(Right.SEE_FIGURES)
@programs_may(Scope.FIGURES_READ)
def read_outlines(
    request: Request, *, db: Db, at: Now, staff: CurrentStaff, level: Text = "", system: Text = ""
) -> JSONResponse:
    """Return the outlines of the areas of a level as GeoJSON, in WGS-84 unless another `system` is asked for."""
    with db.read() as session:
        asked = map_query.read(
            {"level": level},
            levels=map_data.levels(session, staff.actor),
            usual=map_data.usual_level(session, staff.actor),
            at=at,
        )
        found = map_shapes.outlines_of(
            session, staff.actor, asked.level, at=at, system=map_query.system_of(system)
        )  # fmt: skip
    return JSONResponse(map_answer.collection(found, locale_of(request)), headers=KEPT_BRIEFLY)


@router.get("/points")
@needs(Right.SEE_FIGURES)
@programs_may(Scope.POINTS_READ)
def read_points(  # noqa: PLR0913 - the filters
    request: Request,
    *,
    db: Db,
    at: Now,
    staff: CurrentStaff,
    layer: Literal["cases", "venues"] = "cases",
    measure: Text = "",
    process: Text = "",
    hazard: Text = "",
    begins: Months = "",
    to: Text = "",
    system: Text = "",
) -> JSONResponse:
    """Return venues as points: those with cases the caller may open, or all they may know of; no reporter's place."""
    query = {"measure": measure, "process": process, "hazard": hazard, "from": begins, "to": to}
    drawn_in = map_query.system_of(system)
    with db.read() as session:
        asked = map_query.read(query, levels=(), usual="grid", at=at)
        if layer == "venues":
            day = min(asked.until_on, people.local_day(at))
            found = map_shapes.venue_points(session, staff.actor, day=day, system=drawn_in)
        else:
            found = map_shapes.case_points(session, staff.actor, asked, at=at, system=drawn_in)
    return JSONResponse(map_answer.points(found, locale_of(request)))
