"""What the provider says of a message, whichever kind of message it was."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from domain import attempts, sign_in_codes


def record_message(
    session: Session, provider_id: str, status: str, error: str | None, at: datetime, *, attempt_id: UUID | None
) -> None:
    """Record how a message fares: one of a case, or one with a sign-in code; late and doubled news is harmless."""
    if attempts.record_callback(session, provider_id, status, error, at, attempt_id=attempt_id) is None:
        sign_in_codes.record_callback(session, provider_id, status, error, at, message_id=attempt_id)
