"""How things look in JSON: names for programs beside words in the caller's language; times ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.rendering import in_words
from domain.articles import Basis
from domain.catalogue import Hazard
from domain.models import Case
from domain.processes import workflow_of
from domain.queries.case_list import Row


def moment(at: datetime | None) -> str | None:
    """Return a moment as text."""
    return at.isoformat() if at else None


def hazard(found: Hazard | None, locale: str) -> dict[str, str] | None:
    """Return a hazard's code and words."""
    return {"code": found.code, "label": in_words(found, locale)} if found else None


def basis(found: Basis | None, locale: str) -> dict[str, Any] | None:
    """Return what a deadline rests on: the row of the catalogue, and the article in words; null for no deadline."""
    return {"rule": found.rule or None, "label": in_words(found.words, locale)} if found else None


def moved(case: Case) -> dict[str, Any]:
    """Return what a transition answers: where the case stands now."""
    return {"state": case.state, "version": case.version, "due_at": moment(case.due_at)}


def listed(row: Row, *, at: datetime, locale: str) -> dict[str, Any]:
    """Return one case of a list."""
    venue = {"code": row.venue_code, "name": _named(row.venue_name, row.venue_name_en, locale)}
    area = {"code": row.area_code, "name": _named(row.area_name, row.area_name_en, locale)}
    return {
        "number": row.number,
        "process": row.process,
        "state": row.state,
        "state_label": in_words(workflow_of(row.process).state(row.state).label, locale),
        "version": row.version,
        "place": row.place,
        "place_words": row.place_words,
        "venue": venue if row.venue_code else None,
        "area": area if row.area_code else None,
        "hazard_code": row.hazard_code,
        "channel": row.channel,
        "assignees": [name for name in (row.assignee_name, row.second_assignee_name) if name],
        "opened_at": moment(row.opened_at),
        "changed_at": moment(row.changed_at),
        "closed_at": moment(row.closed_at),
        "due_at": moment(row.due_at),
        "due_basis": basis(row.basis, locale),
        "provisional": row.is_provisional,
        "overdue": row.is_overdue(at),
    }


def _named(name: str | None, english: str | None, locale: str) -> str | None:
    return english if locale == "en" and english else name
