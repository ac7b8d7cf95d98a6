"""Who asked to see a reporter, and what this reader may do about it: for the case page and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import cases, disclosure, second_person
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
    not_yours: Sentence | None
    """Why this reader, who may decide on others' requests, may not agree to this one."""


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
    refused = _refusal(case, GRANT, actor, at)
    waiting = _waiting(session, case, actor, at=at if refused is None else None)
    until = identity.granted_until(case, actor.person_id)
    if until is not None and _refusal(case, REVEAL, actor, at) is not None:
        until = None
    if not waiting and until is None:
        return None
    cannot = refused.reason if waiting and refused is not None and not refused.permission else None
    return IdentityCard(waiting, refused is None, cannot, until)


def _waiting(session: Session, case: Case, actor: Actor, *, at: datetime | None) -> tuple[Waiting, ...]:
    """Return the requests; `at`: whether the actor, who may agree as such, may agree to each of them then."""
    asked = {
        UUID(person): datetime.fromisoformat(when) for person, when in case.facts.get(identity.REQUESTS, {}).items()
    }
    if not asked:
        return ()
    names = select(col(Person.id), col(Person.name)).where(col(Person.id).in_(asked))
    people = {row.id: row.name for row in session.execute(names)}
    said = select(col(TimelineEntry.actor_id), col(TimelineEntry.data)).where(
        col(TimelineEntry.case_id) == case.id, col(TimelineEntry.transition) == REQUEST
    )
    reasons = {row.actor_id: row.data["reason"] for row in session.execute(said.order_by(col(TimelineEntry.seq)))}
    return tuple(
        Waiting(
            person, people.get(person, "?"), reasons.get(person, ""), when, person == actor.person_id,
            disclosure.CHOSEN_BY_ASKER if at and not _may_agree(session, case, actor, person, at) else None,
        )
        for person, when in sorted(asked.items(), key=lambda item: item[1])
    )  # fmt: skip


def _may_agree(session: Session, case: Case, actor: Actor, asker_id: UUID, at: datetime) -> bool:
    if actor.person_id in (None, asker_id):
        return True
    return second_person.is_independent(session, actor.person_id, asker_id, case, at=at)


def _refusal(case: Case, name: str, actor: Actor, at: datetime) -> TransitionRefused | None:
    try:
        workflow_of(case.process).plan(cases.snapshot(case), name, actor=actor, at=at)
    except TransitionRefused as refused:
        return refused
    return None
