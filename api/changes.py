"""What happened to a case since somebody last looked: the substance of a 409."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col
from starlette.requests import Request

from api.rendering import in_words
from domain import cases
from domain.actors import ROLE_LABELS, Role
from domain.language import CHINESE
from domain.models import Case, TimelineEntry
from domain.processes import workflow_of

MOST = 20
NOTE = "fireline.seen"
"""Key in the request's scope under which an endpoint leaves what its caller had seen: (version, number)."""


def note_version(request: Request, version: int, *, number: str | None = None) -> None:
    """Remember which version of which case a colleague acts on, for a refusal to say what changed since."""
    request.scope[NOTE] = (version, number)


def changes_since(request: Request, number: str | None = None) -> dict[str, Any]:
    """Return `state`, `version` and `changes` of a case for a problem; empty when it is not known which case.

    `changes` is a function of the language: its words are put in when the problem is answered. It is left out when
    no version was noted: a reporter does not read who did what.
    """
    seen: tuple[int, str | None] | None = request.scope.get(NOTE)
    number = number or (seen[1] if seen else None)
    if number is None:
        return {}
    with request.app.state.database.read() as session:
        case = cases.by_number(session, number)
        entries = _entries(session, case.id, since=seen[0]) if seen else []
    stands: dict[str, Any] = {"state": case.state, "version": case.version}
    if seen:
        stands["changes"] = lambda locale: [described(case, entry, locale) for entry in entries]
    return stands


def _entries(session: Session, case_id: UUID, *, since: int) -> list[TimelineEntry]:
    later = (col(TimelineEntry.case_id) == case_id, col(TimelineEntry.seq) > since)
    newest = select(TimelineEntry).where(*later).order_by(col(TimelineEntry.seq).desc()).limit(MOST)
    return list(reversed(session.execute(newest).scalars().all()))


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
        return workflow.opening.zh if locale == CHINESE else workflow.opening.en
    steps = workflow.named(transition)
    return in_words(steps[0].label, locale) if steps else transition
