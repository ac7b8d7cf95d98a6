"""One message of an errand: sent once, looked up at the provider before it is sent again, settled as it ended."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid5

from domain.language import N_
from domain.settings import get_settings
from flows.chores import Chore
from notifications import verdicts
from notifications.providers import ProviderAway, ProviderRefused, ProviderUnknownOutcome
from notifications.sms import CALLBACK

TOLD, NOBODY = N_("sent"), N_("There was nobody to send it to, or it was over.")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is sent."""

    phone: str
    body: str


def send(chore: Chore, letter: Letter | None) -> None:
    """Send a message and settle its errand, unless an earlier try sent it; None: there is nobody to tell any more."""
    if letter is None:
        _settle(chore, NOBODY)
        return
    attempt = uuid5(chore.row.id, "message")
    try:
        if chore.row.attempts > 1 and chore.provider.find_sms(
            to=letter.phone, body=letter.body, since=chore.row.made_at, attempt_id=attempt
        ):
            _settle(chore, TOLD)
            return
        chore.fence()
        callback = get_settings().public_url.rstrip("/") + CALLBACK
        chore.provider.send_sms(to=letter.phone, body=letter.body, status_callback=callback, attempt_id=attempt)
    except ProviderRefused as refused:
        with chore.database.write() as session:
            if refused.retryable:
                chore.retry(session, verdicts.PROVIDER_BUSY)
            else:
                chore.fail(session, verdicts.REFUSED)
    except (ProviderAway, ProviderUnknownOutcome):
        with chore.database.write() as session:
            chore.retry(session, verdicts.PROVIDER_AWAY)
    else:
        _settle(chore, TOLD)


def _settle(chore: Chore, how: str) -> None:
    with chore.database.write() as session:
        chore.settle(session, {"said": how})
