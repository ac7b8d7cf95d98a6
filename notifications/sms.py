"""Sends a message once; after a crash it is looked up at the provider before it is sent again.

Where a worker may die, and what the next one finds:
- before the attempt is committed: nothing; it sends.
- after that, before or during the request: an attempt `dialling`. It asks the provider for a message with the
  same recipient, sender and words. Found: adopted. Not found, although the time in which the request could
  still arrive is over: it never left, and is sent as a new attempt.
- after the request, before its outcome is committed: the same question finds it.
A provider that cannot be asked leaves doubt; whether doubt waits for a person or sends again is the effect's
policy. A person's decision to send again covers the tries they knew of: doubt about the next one waits again.
A message the provider took and lost waits for a person too, whichever way the news came.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.exc import IntegrityError

from domain import attempts, faultpoints, outbox
from domain.attempts import Recipient
from domain.identifiers import split_extension
from domain.models import Attempt, Outbox
from domain.settings import get_settings
from notifications import verdicts
from notifications.messages import Words
from notifications.providers import Found, ProviderAway, ProviderRefused, ProviderUnknownOutcome
from notifications.verdicts import InDoubt, Later, Line, Told, Unreachable, Verdict, Waiting

Failure = ProviderRefused | ProviderAway | ProviderUnknownOutcome
CALLBACK = "/webhooks/twilio/message-status"


def tell(line: Line, promise: Outbox, recipient: Recipient, words: Words, *, hold_in_doubt: bool) -> Verdict:
    """Send `words` to `recipient` unless an earlier try of the same promise did; return how it ended.

    Raises `outbox.LeaseLost` when the promise belongs to another worker now.
    """
    with line.database.read() as session:
        tries = attempts.made(session, promise.id, recipient, channel="sms")
    if any(attempt.state in attempts.TAKEN for attempt in tries):
        return Told("sms")
    if tries and tries[-1].state in attempts.LOST and not outbox.is_decided(promise, tries[-1].id):
        return InDoubt(attempts.NOT_DELIVERED)
    if tries and tries[-1].state in attempts.IN_DOUBT:
        verdict = clear_up(line, promise, recipient, tries[-1], hold_in_doubt=hold_in_doubt)
        if verdict is not None:
            return verdict
    return _send(line, promise, recipient, words, number=len(tries) + 1)


def clear_up(
    line: Line, promise: Outbox, recipient: Recipient, attempt: Attempt, *, hold_in_doubt: bool
) -> Verdict | None:
    """Find out what became of an attempt of unknown outcome; None: it surely went nowhere, or may be repeated."""
    with line.database.read() as session:
        body = attempts.body_of(session, attempt)
        others = attempts.known_elsewhere(session, attempt)
    number, _ = split_extension(recipient.phone)
    faultpoints.reach("lookup.before")
    try:
        found = line.provider.find_sms(
            to=number, body=body, since=attempt.made_at, attempt_id=attempt.id, excluding=others
        )
    except ProviderAway:
        return Later(verdicts.PROVIDER_AWAY)
    except ProviderRefused as refused:
        if refused.retryable:
            return Later(verdicts.PROVIDER_BUSY)
        may_repeat = not hold_in_doubt or outbox.is_decided(promise, attempt.id)
        return None if may_repeat else InDoubt(verdicts.NOT_KNOWN)
    faultpoints.reach("lookup.after")
    if found:
        return _adopt(line, attempt, found)
    if line.now() < line.settled_at(attempt.made_at):
        return Waiting(line.settled_at(attempt.made_at), verdicts.SETTLING)
    move(line, attempt.id, "not_sent")
    return None


def _adopt(line: Line, attempt: Attempt, found: Found) -> Verdict:
    """Take a message found at the provider for the attempt's, with what became of it meanwhile.

    Its callbacks may have been lost with the worker, and then nobody else says that it did not arrive.
    """
    said = found.standing
    with line.database.write() as session:
        attempts.move(session, attempt.id, "accepted", at=line.now(), provider_id=found.provider_id)
        recorded = attempts.record_callback(
            session, found.provider_id, said.status, said.error, line.now(), attempt_id=attempt.id
        )
    if recorded is not None and recorded.state in attempts.LOST:
        return InDoubt(attempts.NOT_DELIVERED)
    return Told("sms")


def _send(line: Line, promise: Outbox, recipient: Recipient, words: Words, *, number: int) -> Verdict:
    line.fence()
    try:
        with line.database.write() as session:
            attempt = attempts.begin(
                session, promise, recipient, channel="sms", number=number, body=words.body, shown=words.shown,
                provider=line.provider.name, at=line.now(),
            )  # fmt: skip
    except IntegrityError as doubled:
        raise outbox.LeaseLost(promise.key) from doubled
    line.fence()
    faultpoints.reach("request.before")
    to, _ = split_extension(recipient.phone)
    callback = get_settings().public_url.rstrip("/") + CALLBACK
    try:
        sent = line.provider.send_sms(to=to, body=words.body, status_callback=callback, attempt_id=attempt.id)
    except (ProviderRefused, ProviderAway, ProviderUnknownOutcome) as failure:
        return failed(line, attempt, failure)
    faultpoints.reach("request.after")
    move(line, attempt.id, "accepted", provider_id=sent.provider_id)
    return Told("sms")


def failed(line: Line, attempt: Attempt, failure: Failure) -> Verdict:
    """Write down how a request failed and return what follows from it."""
    match failure:
        case ProviderRefused(retryable=True):
            move(line, attempt.id, "refused", error=str(failure.code))
            return Later(verdicts.PROVIDER_BUSY)
        case ProviderRefused():
            move(line, attempt.id, "refused", error=str(failure.code))
            return Unreachable(verdicts.REFUSED, failure.code)
        case ProviderAway():
            move(line, attempt.id, "not_sent")
            return Later(verdicts.PROVIDER_AWAY)
        case _:
            move(line, attempt.id, "unknown")
            return Later(verdicts.SETTLING, line.settled_at(attempt.made_at))


def move(line: Line, attempt_id: UUID, state: str, **columns: str) -> None:
    """Commit what became of an attempt."""
    with line.database.write() as session:
        attempts.move(session, attempt_id, state, at=line.now(), **columns)
