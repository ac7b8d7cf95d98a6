"""Who may see which case and what of it; deny by default. The areas' subtrees come with the register's own issue."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlmodel import Session

from domain.actors import Actor, Role
from domain.models import Case, TimelineEntry

SEES_EVERYTHING = frozenset(
    {Role.HANDLER, Role.INSPECTOR, Role.OPERATOR, Role.SUPERVISOR, Role.LEADER, Role.ADMINISTRATOR, Role.AUDITOR}
)
READS_REPORTS = frozenset({Role.HANDLER, Role.INSPECTOR, Role.SUPERVISOR, Role.LEADER})
"""Roles that read what the reporter wrote; a warden reads it for the cases assigned to them."""


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `cases` that leaves what this actor may know of."""
    if actor.plays(*SEES_EVERYTHING):
        return true()
    table: Any = Case.__table__  # type: ignore[attr-defined]
    mine: list[ColumnElement[bool]] = []
    if actor.plays(Role.WARDEN) and actor.person_id:
        worked = select(TimelineEntry.case_id).where(  # type: ignore[call-overload]
            TimelineEntry.actor_id == actor.person_id
        )
        mine += [
            table.c.assignee_id == actor.person_id,
            table.c.second_assignee_id == actor.person_id,
            table.c.id.in_(worked),
        ]
    if actor.venue_ids:
        here = table.c.venue_id.in_(actor.venue_ids)
        mine.append((table.c.process == "rectification") & (table.c.state != "ordered") & here)
    return or_(*mine) if mine else false()


def may_see(session: Session, actor: Actor, case: Case) -> bool:
    """Return whether this actor may know of the case."""
    table: Any = Case.__table__  # type: ignore[attr-defined]
    found = session.execute(select(table.c.id).where(table.c.id == case.id, visible(actor))).first()
    return found is not None


class Assigned(Protocol):
    """What of a case decides who reads its reporter's words."""

    @property
    def assignees(self) -> tuple[UUID, ...]:
        """Return who works on it."""


def reads_reporter(actor: Actor, case: Assigned) -> bool:
    """Return whether this actor reads what the reporter wrote and photographed (never the venue's side)."""
    if actor.plays(*READS_REPORTS):
        return True
    return actor.plays(Role.WARDEN) and actor.person_id in case.assignees


def sees_phone_masked(actor: Actor) -> bool:
    """Return whether this actor sees that there is a phone, masked. Revealing it is a matter of the vault."""
    return actor.plays(Role.HANDLER, Role.SUPERVISOR)
