"""Who asked to see a reporter, and what this reader may do about it: for the case page and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import cases
from domain.actors import Actor
from domain.language import Sentence
from domain.models import Case, Person, TimelineEntry
from domain.processes import identity, workflow_of
from domain.workflow import TransitionRefused

REQUEST, GRANT, REFUSE, REVEAL = "request_identity", "grant_identity", "refuse_identity", "reveal_identity"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request that waits for a second person."""

    person_id: UUID
    name: str
    reason: str
    asked_at: datetime
    is_own: bool


@dataclass(frozen=True, slots=True)
class IdentityCard:
    """What a page says of who may see the reporter."""

    waiting: tuple[Waiting, ...]
    may_decide: bool
    cannot_decide: Sentence | None
    """Why a reader who decides such things cannot decide here; None also for who never does."""
    granted_until: datetime | None
    """Until when this reader may see the reporter; None: not now."""


def identity_card(session: Session, case: Case, *, actor: Actor, at: datetime) -> IdentityCard | None:
    """Return what to say to this reader; None when nobody asked and nothing is open to them, or it is not theirs.

    `actor` as `access.acting_on` narrows it.
    """
    if not workflow_of(case.process).named(REVEAL) or not actor.plays(*identity.ASKERS, *identity.GRANTERS):
        return None
    waiting = _waiting(session, case, actor)
    refused = _refusal(case, GRANT, actor, at)
    until = identity.granted_until(case, actor.person_id)
    if until is not None and _refusal(case, REVEAL, actor, at) is not None:
        until = None
    if not waiting and until is None:
        return None
    cannot = refused.reason if waiting and refused is not None and not refused.permission else None
    return IdentityCard(waiting, refused is None, cannot, until)


def _waiting(session: Session, case: Case, actor: Actor) -> tuple[Waiting, ...]:
    asked = {UUID(person): datetime.fromisoformat(at) for person, at in case.facts.get(identity.REQUESTS, {}).items()}
    if not asked:
        return ()
    names = select(col(Person.id), col(Person.name)).where(col(Person.id).in_(asked))
    people = {row.id: row.name for row in session.execute(names)}
    said = select(col(TimelineEntry.actor_id), col(TimelineEntry.data)).where(
        col(TimelineEntry.case_id) == case.id, col(TimelineEntry.transition) == REQUEST
    )
    reasons = {row.actor_id: row.data["reason"] for row in session.execute(said.order_by(col(TimelineEntry.seq)))}
    return tuple(
        Waiting(person, people.get(person, "?"), reasons.get(person, ""), at, person == actor.person_id)
        for person, at in sorted(asked.items(), key=lambda item: item[1])
    )


def _refusal(case: Case, name: str, actor: Actor, at: datetime) -> TransitionRefused | None:
    try:
        workflow_of(case.process).plan(cases.snapshot(case), name, actor=actor, at=at)
    except TransitionRefused as refused:
        return refused
    return None
