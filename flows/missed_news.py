"""Asks the provider about messages it took and never spoke of again: a callback that was missed is made up for.

Each is asked about from a few minutes after it went out, again and again at a distance, until it has arrived, has
failed, or is too old for the answer to help anybody. What the provider says is recorded as its callback would be.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from domain import attempts
from flows.shift import Shift
from notifications.providers import ProviderAway, ProviderRefused, Standing

log = structlog.get_logger(__name__)

SILENT_FOR = timedelta(minutes=3)
"""A callback usually comes within seconds."""
NEWS_UNTIL = timedelta(days=2)
"""Providers give a message up long before; Twilio after 36 hours."""
ASK_AGAIN_AFTER = timedelta(minutes=10)
MOST_AT_ONCE = 50
UNKNOWN_THERE = 404
"""The provider has forgotten it, or it was sent by another account: the others can still be asked about."""


def ask(shift: Shift) -> dict[str, int]:
    """Ask about the messages that have been silent for longest; return how many were asked about and how many moved.

    Ends early when the provider cannot be asked, or when the worker stops.
    """
    at = shift.now()
    with shift.database.write() as session:
        silent = attempts.take_silent(
            session,
            made=(at - NEWS_UNTIL, at - SILENT_FOR),
            not_asked_since=at - ASK_AGAIN_AFTER,
            most=MOST_AT_ONCE,
            at=at,
        )
    asked = moved = 0
    for provider_id in silent:
        if shift.stopping.is_set():
            break
        try:
            said = shift.provider.sms_standing(provider_id=provider_id)
        except ProviderAway:
            break
        except ProviderRefused as refused:
            if refused.status == UNKNOWN_THERE:
                continue
            log.warning("the provider does not tell what became of messages", code=refused.code)
            break
        asked += 1
        moved += _record(shift, provider_id, said)
    return {"asked": asked, "moved": moved}


def _record(shift: Shift, provider_id: str, said: Standing) -> bool:
    with shift.database.write() as session:
        recorded = attempts.record_callback(session, provider_id, said.status, said.error, shift.now())
    return recorded is not None and recorded.moved
