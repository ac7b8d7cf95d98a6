"""Attempts at telling somebody: written before the request, moved by what the provider says, only forward.

A reporter's number never stands here in clear: `to_sealed` points into the vault, `to_masked` is for the eye.
A reporter's message carries the link with the receipt code, which opens the report, so it is sealed word for
word and `body` keeps it with the code dotted out. Staff are named by `recipient_id`; their messages hold
nothing of a reporter and stand as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from domain import outbox, sealed
from domain.identifiers import mask_phone, new_id
from domain.language import N_
from domain.models import Attempt, Outbox

RANKS = {
    "dialling": 0,      # written down; the request may or may not have left
    "unknown": 1,       # the request left and no answer came
    "not_sent": 2,      # looked up: the provider has nothing of it
    "accepted": 3,
    "sent": 4,
    "ringing": 4,
    "answered": 5,
    "delivered": 9,
    "undelivered": 9,
    "failed": 9,
    "refused": 9,
    "completed": 9,
    "busy": 9,
    "no_answer": 9,
    "cancelled": 9,
}  # fmt: skip
"""State → how far it is. An attempt moves up or stays: late, doubled and reordered news is harmless."""

WORDS = {
    "accepted": "accepted", "scheduled": "accepted", "queued": "accepted", "initiated": "accepted",
    "sending": "accepted", "sent": "sent", "delivered": "delivered", "read": "delivered",
    "undelivered": "undelivered", "failed": "failed", "ringing": "ringing", "in-progress": "answered",
    "completed": "completed", "busy": "busy", "no-answer": "no_answer", "canceled": "cancelled",
}  # fmt: skip
"""The provider's words for ours."""

IN_DOUBT = frozenset({"dialling", "unknown"})
TAKEN = frozenset({"accepted", "sent", "delivered"})
"""A message in one of these is on its way or there."""
LOST = frozenset({"undelivered", "failed"})
OVER = frozenset(state for state, rank in RANKS.items() if rank == RANKS["delivered"])

NOT_DELIVERED = N_("The message was taken by the provider and did not arrive.")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to tell: a person of the register, or the reporter by the number in the vault."""

    phone: str
    """E.164, a hotline, or with an extension; never leaves memory for a reporter."""
    language: str
    person_id: UUID | None = None
    sealed_id: UUID | None = None
    name: str = ""
    """Empty for a reporter."""

    @property
    def key(self) -> str:
        """Return what tells this recipient from others of the same promise."""
        return str(self.person_id) if self.person_id else "reporter"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a provider's news did to an attempt."""

    attempt_id: UUID
    state: str
    moved: bool
    """False: it was late, doubled or out of order."""


def made(session: Session, outbox_id: UUID, recipient: Recipient, *, channel: str) -> list[Attempt]:
    """Return the tries of a promise at a recipient by one channel, first to last."""
    person = col(Attempt.recipient_id)
    query = select(Attempt).where(
        col(Attempt.outbox_id) == outbox_id,
        col(Attempt.channel) == channel,
        person == recipient.person_id if recipient.person_id else person.is_(None),
    )
    return list(session.execute(query.order_by(col(Attempt.number))).scalars())


def of_outbox(session: Session, outbox_id: UUID) -> list[Attempt]:
    """Return every try of a promise, oldest first."""
    query = select(Attempt).where(col(Attempt.outbox_id) == outbox_id).order_by(col(Attempt.made_at), col(Attempt.id))
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def of_case(session: Session, case_id: UUID) -> list[Attempt]:
    """Return every try of a case, oldest first."""
    query = select(Attempt).where(col(Attempt.case_id) == case_id)
    return list(session.execute(query.order_by(col(Attempt.made_at), col(Attempt.id))).scalars())


def known_elsewhere(session: Session, attempt: Attempt) -> set[str]:
    """Return the provider's ids of other tries at the recipient; a look-up must not take them for this one."""
    person = col(Attempt.recipient_id)
    query = select(col(Attempt.provider_id)).where(
        col(Attempt.id) != attempt.id,
        col(Attempt.provider_id).is_not(None),
        col(Attempt.made_at) >= attempt.made_at - outbox.LOOK_BACK,
    )
    if attempt.recipient_id:
        query = query.where(person == attempt.recipient_id)
    else:
        query = query.where(person.is_(None), col(Attempt.case_id) == attempt.case_id)
    return {provider_id for provider_id in session.execute(query).scalars() if provider_id}


def begin(
    session: Session,
    promise: Outbox,
    recipient: Recipient,
    *,
    channel: str,
    number: int,
    body: str,
    shown: str,
    provider: str,
    at: datetime,
) -> Attempt:
    """Write down that a request is about to be made, and return the attempt (`dialling`).

    `shown` is the body as it may stand in the database; for a reporter it differs, and the body is sealed.
    """
    sealed_body = None
    if recipient.person_id is None:
        sealed_body = sealed.put(session, body, kind="message", case_id=promise.case_id, at=at)
    attempt = Attempt(
        id=new_id(), key=f"{promise.id}:{recipient.key}:{channel}:{number}", outbox_id=promise.id,
        case_id=promise.case_id, number=number, channel=channel, recipient_id=recipient.person_id,
        to_sealed=recipient.sealed_id, to_masked=mask_phone(recipient.phone), language=recipient.language,
        body=shown if sealed_body else body, body_sealed=sealed_body, provider=provider, made_at=at, changed_at=at,
    )  # fmt: skip
    session.add(attempt)
    session.flush()
    return attempt


def body_of(session: Session, attempt: Attempt) -> str:
    """Return the words of an attempt exactly as they were given to the provider; raises `NothingSealed`."""
    return sealed.get(session, attempt.body_sealed) if attempt.body_sealed else attempt.body


def move(session: Session, attempt_id: UUID, state: str, *, at: datetime, **columns: Any) -> bool:  # noqa: ANN401 - column values
    """Move an attempt forward to `state` and return whether it moved; it never goes back."""
    table: Any = Attempt.__table__  # type: ignore[attr-defined]
    earlier = _before(state)
    here = (table.c.id == attempt_id) & table.c.state.in_(earlier)
    values = {"state": state, "changed_at": at, **columns}
    return bool(session.execute(update(table).where(here).values(**values)).rowcount == 1)  # type: ignore[attr-defined]


def _before(state: str) -> list[str]:
    return [other for other, rank in RANKS.items() if rank < RANKS[state]]


def record_callback(
    session: Session,
    provider_id: str,
    status: str,
    error: str | None,
    at: datetime,
    *,
    attempt_id: UUID | None = None,
    answered_by: str | None = None,
) -> Recorded | None:
    """Record what the provider says of a message or call; None when we know nothing of it.

    `attempt_id` is the `attempt` of the callback's address: it finds the attempt even when the answer to our
    request was lost, and then also settles what became of it. A word we do not know changes nothing.
    """
    attempt = _named(session, provider_id, attempt_id)
    if attempt is None:
        return None
    state = WORDS.get(status, "")
    if not state:
        return Recorded(attempt.id, attempt.state, moved=False)
    columns: dict[str, Any] = {"provider_id": attempt.provider_id or provider_id}
    if error:
        columns["error"] = error[:200]
    if answered_by:
        columns["answered_by"] = answered_by[:24]
    moved = move(session, attempt.id, state, at=at, **columns)
    if moved:
        _follow_up(session, attempt, state, at)
    return Recorded(attempt.id, state if moved else attempt.state, moved=moved)


def take_silent(
    session: Session, *, made: tuple[datetime, datetime], not_asked_since: datetime, most: int, at: datetime
) -> list[str]:
    """Return the provider's ids of messages made in that span whose end is not known; note that they are asked about.

    Those never asked about come first, then those asked about longest ago; `most` at a time.
    """
    table: Any = Attempt.__table__  # type: ignore[attr-defined]
    silent = (
        select(table.c.id, table.c.provider_id)
        .where(
            table.c.channel == "sms",
            table.c.state.in_(("accepted", "sent")),
            table.c.provider_id.is_not(None),
            table.c.made_at.between(*made),
            or_(table.c.asked_at.is_(None), table.c.asked_at <= not_asked_since),
        )
        .order_by(table.c.asked_at.asc().nulls_first(), table.c.made_at)
        .limit(most)
    )
    rows = session.execute(silent).all()
    session.execute(update(table).where(table.c.id.in_([row.id for row in rows])).values(asked_at=at))
    return [row.provider_id for row in rows]


def _named(session: Session, provider_id: str, attempt_id: UUID | None) -> Attempt | None:
    attempt = session.get(Attempt, attempt_id, populate_existing=True) if attempt_id else None
    if attempt is not None and attempt.provider_id in (None, provider_id):
        return attempt
    query = select(Attempt).where(col(Attempt.provider_id) == provider_id)
    return session.execute(query.limit(1)).scalar_one_or_none() if provider_id else None


def _follow_up(session: Session, attempt: Attempt, state: str, at: datetime) -> None:
    if attempt.channel == "voice":
        if state in OVER:
            outbox.hurry(session, attempt.outbox_id, at=at)
    elif state in LOST:
        # Its own row first, then the promise's: whoever settles holds the promise while it reads the attempts.
        promise = outbox.locked(session, attempt.outbox_id)
        each = promise is None or promise.outcome.get("enough") == "each"
        if reason := undelivered(of_outbox(session, attempt.outbox_id), each=each):
            outbox.doubt(session, attempt.outbox_id, at=at, reason=reason)


def undelivered(made: Iterable[Attempt], *, each: bool) -> str:
    """Return the reason to hold a promise whose messages were taken and then lost; "" when it is kept.

    `each`: every recipient has to be reached by one of their attempts; else one recipient is enough.
    """
    attempts = list(made)
    reached = {attempt.recipient_id for attempt in attempts if attempt.state in TAKEN or attempt.acknowledged_at}
    lost = {attempt.recipient_id for attempt in attempts if attempt.state in LOST} - reached
    return NOT_DELIVERED if lost and (each or not reached) else ""


def note_keys(session: Session, attempt_id: UUID, keys: str, *, acknowledged: bool, at: datetime) -> None:
    """Record what a person pressed; the first acknowledgement stays."""
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    if attempt is None:
        msg = f"no attempt {attempt_id}"
        raise LookupError(msg)
    table: Any = Attempt.__table__  # type: ignore[attr-defined]
    values: dict[str, Any] = {"keys": (attempt.keys + keys)[:32], "changed_at": at}
    if acknowledged and attempt.acknowledged_at is None:
        values["acknowledged_at"] = at
        outbox.hurry(session, attempt.outbox_id, at=at)
    session.execute(update(table).where(table.c.id == attempt_id).values(**values))
