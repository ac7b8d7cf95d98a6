"""Calls a person until a key says that they know: up to three calls, each written down first.

An answered or completed call is no acknowledgement, and a machine's least of all. What the provider says of a call
arrives at the webhooks and wakes the promise; when no news comes the provider is asked.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from domain import attempts, faultpoints, outbox
from domain.attempts import Recipient
from domain.identifiers import split_extension
from domain.models import Attempt, Outbox
from domain.settings import get_settings
from notifications import verdicts
from notifications.messages import Words
from notifications.providers import ProviderAway, ProviderRefused, ProviderUnknownOutcome
from notifications.sms import failed, move
from notifications.verdicts import Later, Line, Told, Verdict, Waiting

ANSWER = "/webhooks/twilio/voice"
STATUS = "/webhooks/twilio/status"
MOST_CALLS = 3


def ring(line: Line, promise: Outbox, recipient: Recipient, words: Words) -> Verdict | None:
    """Call `recipient`, or see how the call goes; None: nobody acknowledged `MOST_CALLS` calls."""
    with line.database.read() as session:
        tries = attempts.made(session, promise.id, recipient, channel="voice")
    if any(attempt.acknowledged_at for attempt in tries):
        return Told("acknowledged")
    verdict = _under_way(line, recipient, tries[-1]) if tries else None
    if verdict is not None:
        return verdict
    if len([attempt for attempt in tries if attempt.state not in ("not_sent", "refused")]) >= MOST_CALLS:
        return None
    return _place(line, promise, recipient, words, number=len(tries) + 1)


def _under_way(line: Line, recipient: Recipient, last: Attempt) -> Verdict | None:
    """Return what to do about the newest call; None: it is over, without an acknowledgement."""
    settings = get_settings()
    if last.state in attempts.IN_DOUBT:
        return _look_up(line, recipient, last)
    if last.state in attempts.OVER:
        again_at = last.changed_at + timedelta(seconds=settings.call_again_seconds)
        return Waiting(again_at) if last.state != "refused" and line.now() < again_at else None
    ends_at = last.made_at + timedelta(seconds=settings.call_lasts_seconds)
    if last.state != "not_sent" and line.now() < ends_at:
        return Waiting(ends_at, for_news=True)
    return _ask(line, last) if last.provider_id else None


def _look_up(line: Line, recipient: Recipient, last: Attempt) -> Verdict | None:
    number, _ = split_extension(recipient.phone)
    with line.database.read() as session:
        others = attempts.known_elsewhere(session, last)
    faultpoints.reach("lookup.before")
    try:
        found = line.provider.find_call(to=number, since=last.made_at, attempt_id=last.id, excluding=others)
    except (ProviderAway, ProviderRefused):
        return Later(verdicts.PROVIDER_AWAY)
    if found:
        move(line, last.id, "accepted", provider_id=found.provider_id)
        return Waiting(last.made_at + timedelta(seconds=get_settings().call_lasts_seconds), for_news=True)
    if line.now() < line.settled_at(last.made_at):
        return Waiting(line.settled_at(last.made_at), verdicts.SETTLING)
    move(line, last.id, "not_sent")
    return None


def _ask(line: Line, last: Attempt) -> Verdict | None:
    """Ask about a call without news, and end it when it still goes on."""
    provider_id = last.provider_id or ""
    try:
        standing = line.provider.call_standing(provider_id=provider_id)
        if attempts.WORDS.get(standing.status) not in attempts.OVER:
            line.provider.hang_up(provider_id=provider_id)
            standing = line.provider.call_standing(provider_id=provider_id)
    except (ProviderAway, ProviderRefused):
        return Later(verdicts.PROVIDER_AWAY)
    with line.database.write() as session:
        attempts.record_callback(
            session, provider_id, standing.status, None, line.now(), answered_by=standing.answered_by
        )
    return Waiting(line.now() + timedelta(seconds=get_settings().call_again_seconds))


def _place(line: Line, promise: Outbox, recipient: Recipient, words: Words, *, number: int) -> Verdict:
    line.fence()
    try:
        with line.database.write() as session:
            attempt = attempts.begin(
                session, promise, recipient, channel="voice", number=number, body=words.body, shown=words.shown,
                provider=line.provider.name, at=line.now(),
            )  # fmt: skip
    except IntegrityError as doubled:
        raise outbox.LeaseLost(promise.key) from doubled
    line.fence()
    faultpoints.reach("request.before")
    to, extension = split_extension(recipient.phone)
    address = get_settings().public_url.rstrip("/")
    try:
        sent = line.provider.place_call(
            to=to, answer_url=address + ANSWER, status_callback=address + STATUS, attempt_id=attempt.id,
            extension=extension,
        )  # fmt: skip
    except (ProviderRefused, ProviderAway, ProviderUnknownOutcome) as failure:
        return failed(line, attempt, failure)
    faultpoints.reach("request.after")
    move(line, attempt.id, "accepted", provider_id=sent.provider_id)
    return Waiting(attempt.made_at + timedelta(seconds=get_settings().call_lasts_seconds), for_news=True)
