"""Which of the measured cases a report counts: within the reach of who asked, and as they asked."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session

from domain import access, measured_days
from domain.actors import Actor, Role
from domain.models import Area, CaseMeasure, Post
from domain.processes.hazard_report import HAZARD_REPORT
from domain.reporting.asked import Asked
from domain.reporting.columns import Columns, Mask
from domain.rights import RIGHTS, Right

COUNTS = RIGHTS[Right.SEE_REPORTS]
LEADS = frozenset({Role.SUPERVISOR, Role.LEADER})
"""Who reads figures of the people they lead."""
NAMED = ("area", "organisation", "industry", "hazard", "person", "state", "stage")

_AREAS: Any = Area.__table__  # type: ignore[attr-defined]
_POSTS: Any = Post.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area as filters need it."""

    id: UUID
    path: str
    parent_id: UUID | None


class Filters:
    """What a question and the reach of its asker leave of columns; made anew for each report."""

    def __init__(self, session: Session, asked: Asked, actor: Actor, roles: Container[Role] = COUNTS) -> None:
        """Read what names and areas there are; holders of `roles` count."""
        self.session, self.asked, self.actor, self.roles = session, asked, actor, roles
        self.names = measured_days.names(session, NAMED)
        rows = session.execute(select(_AREAS.c.id, _AREAS.c.path, _AREAS.c.parent_id))
        self.areas = {str(row.id): AreaRow(row.id, row.path, row.parent_id) for row in rows}
        self._reaches = self._within_reach()

    # As masks over columns.

    def mask(self, columns: Columns) -> Mask:
        """Return which cases count."""
        cases = columns.cases
        found = np.zeros(len(cases), dtype=np.bool_)
        for areas, industries in self._reaches:
            within = np.ones(len(cases), dtype=np.bool_) if areas is None else areas[cases["area"]]
            found |= within if industries is None else within & industries[cases["industry"]]
        if self.actor.venue_ids and columns.process == HAZARD_REPORT.name:
            found &= ~np.isin(cases["venue"], self._numbers_of_venues(self.actor.venue_ids))
        asked = self.asked
        if asked.area_id is not None:
            path = self.areas[str(asked.area_id)].path if str(asked.area_id) in self.areas else None
            found &= self.below(path)[cases["area"]]
        if asked.organisation_id is not None:
            found &= self.chosen("organisation", {str(asked.organisation_id)})[cases["organisation"]]
        if asked.hazard is not None:
            found &= self.hazard(asked.hazard)[cases["hazard"]]
        return found

    def chosen(self, kind: str, values: Iterable[str]) -> Mask:
        """Return for each number of a kind whether it stands for one of the values."""
        wanted = set(values)
        return self._flags(kind, lambda value: value in wanted)

    def below(self, path: str | None) -> Mask:
        """Return for each number of an area whether it lies at or below a path; none at all for None."""
        return self._flags("area", lambda value: path is not None and self._path(value).startswith(path))

    def hazard(self, code: str) -> Mask:
        """Return for each number of a hazard whether it is that code, or of that category."""
        return self._flags("hazard", lambda value: value == code or value.partition("-")[0] == code)

    def _path(self, area: str) -> str:
        row = self.areas.get(area)
        return row.path if row else ""

    def _flags(self, kind: str, is_wanted: Any) -> Mask:  # noqa: ANN401 - a function of a name
        known = self.names[kind]
        flags = np.zeros(max(known, default=0) + 1, dtype=np.bool_)
        for number, value in known.items():
            flags[number] = is_wanted(value)
        return flags

    def _within_reach(self) -> list[tuple[Mask | None, Mask | None]]:
        """Return a mask over areas (None: all) and one over industries (None: all) for each part of the reach.

        As `access.counted` says it in SQL, which the breaches from before the period are counted with.
        """
        if self.actor.grants is None:
            return [(None, None)] if self.actor.plays(Role.SYSTEM) else []
        able = {(g.area_path, g.industry) for g in self.actor.grants if g.role in self.roles and g.venue_id is None}
        roots = {row.path for row in self.areas.values() if row.parent_id is None}
        found: list[tuple[Mask | None, Mask | None]] = []
        for path, industry in sorted(able, key=str):
            industries = None if industry is None else self.chosen("industry", {industry})
            if path is None or (path.count("/") <= 1 and not roots - {path}):
                found.append((None, industries))
                continue
            areas = self.below(path)
            areas[0] = path.count("/") <= 1  # nobody knows where it is: those at a root look after it
            found.append((areas, industries))
        return found

    def _numbers_of_venues(self, ids: Iterable[UUID]) -> Any:  # noqa: ANN401 - an array
        found = measured_days.known_numbers(self.session, [("venue", str(one)) for one in ids])
        return np.array(sorted(found.values()), dtype=np.int32)

    # As conditions on rows.

    def conditions(self, columns: Any = CaseMeasure.__table__.c) -> list[ColumnElement[bool]]:  # type: ignore[attr-defined]  # noqa: ANN401
        """Return the same as conditions on `case_measure` or its past."""
        asked, found = self.asked, [access.counted(self.actor, columns, self.roles)]
        if asked.area_id is not None:
            row = self.areas.get(str(asked.area_id))
            found.append(columns.area_id.in_(access.below(row.path) if row else []))
        if asked.organisation_id is not None:
            found.append(columns.organisation_id == asked.organisation_id)
        if asked.hazard is not None:
            found.append(or_(columns.hazard_code == asked.hazard, columns.hazard_code.startswith(f"{asked.hazard}-")))
        return found

    # Whom and what may be told apart.

    def paths(self) -> set[str | None]:
        """Return the paths of the areas within reach; None among them: everywhere."""
        return set(access.area_paths(self.actor, self.roles))

    def people(self) -> set[str]:
        """Return the ids of those the asker is a supervisor or leader of: who holds or held a post below theirs."""
        if self.actor.grants is None:
            paths: set[str | None] = {None} if self.actor.plays(Role.SYSTEM) else set()
        else:
            paths = {g.area_path for g in self.actor.grants if g.role in LEADS and not g.venue_id and not g.industry}
        if None in paths:
            return set(self.names["person"].values())
        query = select(_POSTS.c.person_id, _AREAS.c.path).join(_AREAS, _AREAS.c.id == _POSTS.c.area_id)
        held = self.session.execute(query) if paths else ()
        return {str(row.person_id) for row in held if any(row.path.startswith(path) for path in paths if path)}
