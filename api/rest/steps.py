"""Takes a step of a case for a program: the same for staff and for reporters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from api.field_errors import FieldsRefused
from domain import cases
from domain.actors import Actor
from domain.cases import CaseChanged
from domain.language import Sentence
from domain.models import Case
from domain.workflow import FieldRefusal


class StepTaken(BaseModel):
    """Where the case stands after a step."""

    state: str
    version: int
    due_at: datetime | None


def split_version(fields: dict[str, Any], *, required: bool) -> tuple[int | None, dict[str, Any]]:
    """Return the version the caller acts on, and the form's own fields; raises `FieldsRefused`."""
    data = dict(fields)
    version = data.pop("version", None)
    if version is None and not required:
        return None, data
    if isinstance(version, bool) or not isinstance(version, int) or not 0 <= version <= cases.LARGEST_VERSION:
        wanted = Sentence("Give the version of the case you have seen, a whole number.")
        raise FieldsRefused([FieldRefusal("version", wanted)])
    return version, data


def take_step(
    session: Session,
    case: Case,
    name: str,
    *,
    actor: Actor,
    at: datetime,
    version: int | None,
    data: dict[str, Any],
) -> StepTaken:
    """Fire the transition and return where the case stands; raises what `cases.fire` raises."""
    if version is not None and version != case.version:
        raise CaseChanged(case.number)
    cases.fire(session, case, name, actor=actor, at=at, data=data)
    return StepTaken(state=case.state, version=case.version, due_at=case.due_at)
