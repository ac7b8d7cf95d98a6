"""What happened to a case since somebody last looked: the substance of a 409."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import col
from starlette.requests import Request

from api.rendering import in_words
from domain import cases
from domain.actors import ROLE_LABELS, Role
from domain.models import Case, TimelineEntry
from domain.processes import workflow_of

MOST = 20
NOTE = "fireline.version"
"""Key in the request's scope under which an endpoint leaves the version its caller had seen."""


def note_version(request: Request, version: int) -> None:
    """Remember which version of the case the caller acts on, for a refusal to say what changed since."""
    request.scope[NOTE] = version


def changes_since(request: Request, number: str) -> dict[str, Any]:
    """Return `state`, `version` and `changes` of a case for a problem; the words are put in when it is answered."""
    since: int | None = request.scope.get(NOTE)
    with request.app.state.database.read() as session:
        case = cases.by_number(session, number)
        query = select(TimelineEntry).where(col(TimelineEntry.case_id) == case.id)
        if since is not None:
            query = query.where(col(TimelineEntry.seq) > since)
        newest = query.order_by(col(TimelineEntry.seq).desc()).limit(MOST if since is not None else 1)
        entries = list(reversed(session.execute(newest).scalars().all()))
    return {
        "state": case.state,
        "version": case.version,
        "changes": lambda locale: [described(case, entry, locale) for entry in entries],
    }


def described(case: Case, entry: TimelineEntry, locale: str) -> dict[str, Any]:
    """Return one entry as others may read it: what, which role, when; not what was written."""
    return {
        "seq": entry.seq,
        "transition": entry.transition,
        "label": step_words(case.process, entry.transition, locale),
        "by": in_words(ROLE_LABELS[Role(entry.actor_role)], locale),
        "at": entry.at.isoformat(),
    }


def step_words(process: str, transition: str, locale: str) -> str:
    """Return the words for a timeline entry's transition; also the opening's."""
    workflow = workflow_of(process)
    if transition == workflow.opening.name:
        return workflow.opening.zh if locale == "zh_CN" else workflow.opening.en
    steps = workflow.named(transition)
    return in_words(steps[0].label, locale) if steps else transition
