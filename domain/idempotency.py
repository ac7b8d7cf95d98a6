"""Requests that come twice: the second gets the first one's answer, and nothing is done again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain.language import Sentence
from domain.models import RepeatedRequest

LONGEST_KEY = 160
UNDER_WAY = 0
"""Status of a request whose transaction has not ended; nobody else ever sees it."""

_REPEATED: Any = RepeatedRequest.__table__  # type: ignore[attr-defined]


class KeyReused(Exception):
    """The key came before with another request."""

    reason = Sentence("This Idempotency-Key was used before with another request.")


def claim(session: Session, key: str, *, fingerprint: str, at: datetime) -> dict[str, Any] | None:
    """Take `key` for this request and return None, or return the answer it got before.

    A second request with the key that comes while the first is under way waits for its transaction. Raises
    `KeyReused` when the fingerprint differs.
    """
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_REPEATED).values(
        key=key, fingerprint=fingerprint, status=UNDER_WAY, answer={}, made_at=at
    )
    taken = session.execute(statement.on_conflict_do_nothing(index_elements=["key"]).returning(_REPEATED.c.key))
    if taken.first() is not None:
        return None
    row = session.execute(select(_REPEATED).where(_REPEATED.c.key == key)).one()
    if row.fingerprint != fingerprint:
        raise KeyReused
    return dict(row.answer)


def settle(session: Session, key: str, *, status: int, answer: Mapping[str, Any]) -> None:
    """Keep the answer for when the request comes again; nothing that opens or names anything may stand in it."""
    values = {"status": status, "answer": dict(answer)}
    session.execute(update(_REPEATED).where(_REPEATED.c.key == key).values(**values))


def forget_old(session: Session, *, before: datetime) -> int:
    """Remove what was kept before that moment; return how many. For the nightly tidying."""
    removed: Any = session.execute(delete(_REPEATED).where(_REPEATED.c.made_at < before))
    return int(removed.rowcount)
