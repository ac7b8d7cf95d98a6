"""Every message and call made for a case, as far as its reader may know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access
from domain.actors import Actor
from domain.models import Attempt, Case, Outbox, Person
from domain.rights import FIELDS


@dataclass(frozen=True, slots=True)
class Call:
    """One try at telling somebody. `name` is None for the reporter."""

    id: UUID
    effect: str
    channel: str
    number: int
    name: str | None
    masked: str
    state: str
    answered_by: str | None
    keys: str
    acknowledged_at: datetime | None
    error: str | None
    provider: str
    provider_id: str | None
    made_at: datetime
    changed_at: datetime


def calls(session: Session, case: Case, *, actor: Actor) -> list[Call]:
    """Return the tries of a case, the oldest first; who does not see every case sees those made to themselves."""
    actor = access.acting_on(session, actor, case)
    query = (
        select(Attempt, Outbox.effect, Person.name)  # type: ignore[call-overload]
        .join(Outbox, col(Outbox.id) == col(Attempt.outbox_id))
        .outerjoin(Person, col(Person.id) == col(Attempt.recipient_id))
        .where(col(Attempt.case_id) == case.id)
    )
    if not (actor.plays(*FIELDS["every_call"].roles) or access.reads_reporter(actor, case)):
        query = query.where(col(Attempt.recipient_id) == actor.person_id)
    rows = session.execute(query.order_by(col(Attempt.made_at), col(Attempt.id))).all()
    shows_outsider = access.sees_phone_masked(actor)  # the reporter's or applicant's own number
    return [
        Call(
            id=attempt.id,
            effect=effect,
            channel=attempt.channel,
            number=attempt.number,
            name=name,
            masked=attempt.to_masked if attempt.recipient_id or shows_outsider else "",
            state=attempt.state,
            answered_by=attempt.answered_by,
            keys=attempt.keys,
            acknowledged_at=attempt.acknowledged_at,
            error=attempt.error,
            provider=attempt.provider,
            provider_id=attempt.provider_id,
            made_at=attempt.made_at,
            changed_at=attempt.changed_at,
        )
        for attempt, effect, name in rows
    ]
