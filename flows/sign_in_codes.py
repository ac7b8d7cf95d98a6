"""Sends the codes people sign in with: written down before the request, looked up when its outcome is unknown.

The words are made when they are sent and kept nowhere; no log and no record has the code.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.exc import IntegrityError

from domain import attempts, faultpoints, sign_in_codes
from domain.language import N_
from domain.models import CodeMessage
from domain.outbox import LeaseLost
from domain.settings import get_settings
from domain.sign_in_codes import ToSend
from flows.chores import Chore
from notifications import messages, verdicts
from notifications.providers import ProviderAway, ProviderRefused, ProviderUnknownOutcome
from notifications.sms import CALLBACK, Failure

TOLD = N_("sent")
NOBODY = N_("There was nobody to send it to, or it was over.")
TOO_OFTEN = N_("This number was sent too many codes.")


def send(chore: Chore) -> None:
    """Send a code unless an earlier try did; a code that is over is not sent any more."""
    code_id = UUID(chore.row.data["code"])
    with chore.database.read() as session:
        sending = sign_in_codes.to_send(session, code_id, at=chore.now())
        tries = sign_in_codes.tries(session, code_id)
    if any(message.state in attempts.TAKEN for message in tries):
        _settle(chore, TOLD)
    elif sending is None:
        _settle(chore, NOBODY)
    elif tries and tries[-1].state in attempts.IN_DOUBT and not _went_nowhere(chore, sending, tries[-1]):
        return
    else:
        _request(chore, sending, number=len(tries) + 1)


def _settle(chore: Chore, how: str) -> None:
    with chore.database.write() as session:
        chore.settle(session, {"said": how})


def _words(sending: ToSend) -> str:
    minutes = int(sign_in_codes.LASTS.total_seconds()) // 60
    return messages.render("sign_in/code", sending.language, {"code": sending.code, "minutes": minutes})


def _went_nowhere(chore: Chore, sending: ToSend, message: CodeMessage) -> bool:
    """Find out what became of a try of unknown outcome; False when the errand was ended or put aside over it."""
    body = _words(sending)
    try:
        found = chore.provider.find_sms(
            to=sending.phone, body=body, since=message.made_at, attempt_id=message.id, excluding=()
        )
    except (ProviderAway, ProviderRefused) as failure:
        if isinstance(failure, ProviderRefused) and not failure.retryable:
            return True  # it cannot be asked: a code that comes twice does no harm
        with chore.database.write() as session:
            chore.retry(session, verdicts.PROVIDER_AWAY)
        return False
    line = chore.line
    if found is None and chore.now() < line.settled_at(message.made_at):
        with chore.database.write() as session:
            chore.postpone(session, line.settled_at(message.made_at))
        return False
    with chore.database.write() as session:
        if found is None:
            sign_in_codes.move(session, message.id, "not_sent", at=chore.now())
            return True
        sign_in_codes.move(session, message.id, "accepted", at=chore.now(), provider_id=found.provider_id)
        chore.settle(session, {"said": TOLD})
    return False


def _request(chore: Chore, sending: ToSend, *, number: int) -> None:
    chore.fence()
    try:
        with chore.database.write() as session:
            if number == 1 and not sign_in_codes.spend_number(session, sending.phone, at=chore.now()):
                chore.settle(session, {"said": TOO_OFTEN})
                return
            message = sign_in_codes.begin_message(
                session, sending, number=number, provider=chore.provider.name, at=chore.now()
            )
    except IntegrityError as doubled:
        raise LeaseLost(chore.row.key) from doubled
    chore.fence()
    faultpoints.reach("request.before")
    callback = get_settings().public_url.rstrip("/") + CALLBACK
    try:
        sent = chore.provider.send_sms(
            to=sending.phone, body=_words(sending), status_callback=callback, attempt_id=message.id
        )
    except (ProviderRefused, ProviderAway, ProviderUnknownOutcome) as failure:
        _failed(chore, message, failure)
        return
    faultpoints.reach("request.after")
    with chore.database.write() as session:
        sign_in_codes.move(session, message.id, "accepted", at=chore.now(), provider_id=sent.provider_id)
        chore.settle(session, {"said": TOLD})


def _failed(chore: Chore, message: CodeMessage, failure: Failure) -> None:
    at = chore.now()
    with chore.database.write() as session:
        match failure:
            case ProviderRefused(retryable=True):
                sign_in_codes.move(session, message.id, "refused", at=at, error=str(failure.code))
                chore.retry(session, verdicts.PROVIDER_BUSY)
            case ProviderRefused():
                sign_in_codes.move(session, message.id, "refused", at=at, error=str(failure.code))
                chore.fail(session, verdicts.REFUSED)
            case ProviderAway():
                sign_in_codes.move(session, message.id, "not_sent", at=at)
                chore.retry(session, verdicts.PROVIDER_AWAY)
            case _:
                sign_in_codes.move(session, message.id, "unknown", at=at)
                chore.postpone(session, chore.line.settled_at(message.made_at))
