"""What things in a report are called: as they read when it was made, also years after a district was renamed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from domain import catalogue
from domain.language import Label
from domain.models import Area, Organisation, Person
from domain.processes import WORKFLOWS
from domain.reporting.figures import Numbers

NOWHERE: Mapping[str, Label] = {
    "area": Label("未确定区域", "No area known"),
    "organisation": Label("未派给单位", "With no organisation yet"),
    "hazard": Label("未确定隐患", "No hazard named"),
    "person": Label("未派给人员", "With nobody yet"),
}
"""What those are called that have none."""


@dataclass(frozen=True, slots=True)
class Names:
    """Kind (area, organisation, person, hazard, process, stage, state) → key → its name in both languages."""

    known: Mapping[str, Mapping[str, Label]]

    def of(self, kind: str, key: str | None) -> Label:
        """Return a name; for what has none what that is called, for what nobody kept its key."""
        if key is None:
            return NOWHERE[kind]
        return self.known.get(kind, {}).get(key) or Label(key, key)

    def as_data(self) -> dict[str, dict[str, list[str]]]:
        """Return them as JSON keeps them."""
        return {
            kind: {key: [name.zh, name.en] for key, name in sorted(names.items())}
            for kind, names in sorted(self.known.items())
        }

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Names:
        """Return what `as_data` wrote down."""
        return cls({kind: {key: Label(*name) for key, name in names.items()} for kind, names in data.items()})


def names_in(session: Session, numbers: Numbers, *, areas: Iterable[str] = (), hazards: Iterable[str] = ()) -> Names:
    """Return the names of everything these numbers speak of, and of some more areas and hazards, as they read now."""
    asked = numbers.asked
    area_ids = {one.key for one in numbers.areas if one.key} | set(areas)
    area_ids |= {str(asked.area_id)} if asked.area_id else set()
    body_ids = {one.key for one in numbers.organisations if one.key}
    body_ids |= {str(asked.organisation_id)} if asked.organisation_id else set()
    codes = {one.key for one in numbers.hazards if one.key} | set(hazards) | ({asked.hazard} if asked.hazard else set())
    known = {
        "area": _named(session, Area, area_ids),
        "organisation": _named(session, Organisation, body_ids),
        "person": _people(session, {one.key for one in numbers.people if one.key}),
        "hazard": {code: name for code in codes if (name := _hazard(code))},
        "process": {},
        "stage": {},
        "state": {},
    }
    for one in numbers.processes:
        workflow = WORKFLOWS[one.process]
        known["process"][one.process] = Label(workflow.zh, workflow.en)
        known["stage"] |= {f"{one.process}.{clock.name}": clock.label for clock in workflow.clocks}
        known["state"] |= {f"{one.process}.{state.name}": state.label for state in workflow.states}
    return Names(known)


def label_of(session: Session, kind: str, key: str | None) -> Label:
    """Return what one part of a report is called now."""
    if key is None:
        return NOWHERE[kind]
    try:
        if kind == "hazard":
            return _hazard(key) or Label(key, key)
        if kind == "person":
            return _people(session, {key}).get(key) or Label(key, key)
        return _named(session, Area if kind == "area" else Organisation, {key}).get(key) or Label(key, key)
    except ValueError:  # not an id
        return Label(key, key)


def _named(session: Session, model: Any, keys: set[str]) -> dict[str, Label]:  # noqa: ANN401 - a model
    found: dict[str, Label] = {}
    wanted = [UUID(key) for key in sorted(keys)]
    columns = model.__table__.c
    english = columns.name_en if "name_en" in columns else columns.name
    for start in range(0, len(wanted), 500):
        query = select(columns.id, columns.name, english).where(columns.id.in_(wanted[start : start + 500]))
        found |= {str(row[0]): Label(row[1], row[2] or row[1]) for row in session.execute(query)}
    return found


def _people(session: Session, keys: set[str]) -> dict[str, Label]:
    query = select(Person.__table__.c.id, Person.__table__.c.name)  # type: ignore[attr-defined]
    rows = session.execute(query.where(Person.__table__.c.id.in_([UUID(key) for key in sorted(keys)])))  # type: ignore[attr-defined]
    return {str(person_id): Label(name, name) for person_id, name in rows}


def _hazard(code: str) -> Label | None:
    found = catalogue.hazards().get(code) or catalogue.categories().get(code)
    return Label(found.zh, found.en) if found else None
