"""What a call says and what the keys mean: TwiML for the provider's webhooks. `phoning` places the calls."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from urllib.parse import urlencode
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlmodel import Session

from domain import attempts
from domain.language import Sentence, gettext_for
from domain.models import Attempt
from domain.settings import get_settings
from notifications.messages import FOLDER

KEYS = "/webhooks/twilio/voice/keys"
ACKNOWLEDGE, REPEAT = "1", "9"
SPEECH = {"zh_CN": "zh-CN", "en": "en-US"}
"""Our locales as the provider's voices name them."""

THANKS = Sentence("Thank you. It is recorded that you know. Goodbye.")
AGAIN = Sentence("Once more.")
NOT_A_CHOICE = Sentence("This key has no meaning here.")
NOTHING_TO_SAY = Sentence("This call is over. Goodbye.")


def script(session: Session, attempt_id: UUID, *, answered_by: str | None = None) -> str:
    """Return the TwiML a call begins with. A machine is hung up on: it cannot acknowledge anything."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or attempt.channel != "voice":
        return _twiml(get_settings().locale, heard=NOTHING_TO_SAY)
    if answered_by and answered_by.startswith(("machine", "fax")):
        return _twiml(attempt.language)
    return _twiml(attempt.language, words=attempt.body, attempt_id=attempt.id)


def take_keys(session: Session, attempt_id: UUID, digits: str, at: datetime) -> str:
    """Record what was pressed during a call and return the TwiML it goes on with.

    1 acknowledges: only this counts as having told the person. 9 says it again, and so does any other key.
    """
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or attempt.channel != "voice":
        return _twiml(get_settings().locale, heard=NOTHING_TO_SAY)
    acknowledged = digits.strip() == ACKNOWLEDGE
    attempts.note_keys(session, attempt_id, digits.strip()[:4], acknowledged=acknowledged, at=at)
    if acknowledged:
        return _twiml(attempt.language, heard=THANKS)
    heard = AGAIN if digits.strip() == REPEAT else NOT_A_CHOICE
    return _twiml(attempt.language, heard=heard, words=attempt.body, attempt_id=attempt.id)


def _twiml(locale: str, *, heard: Sentence | None = None, words: str = "", attempt_id: UUID | None = None) -> str:
    address = f"{get_settings().public_url.rstrip('/')}{KEYS}"
    return (
        _environment(locale)
        .get_template("voice/call.xml.j2")
        .render(
            heard=heard.in_language(locale) if heard else "",
            words=words,
            speech=SPEECH[locale],
            keys_url=f"{address}?{urlencode({'attempt': str(attempt_id)})}",
        )
    )


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = gettext_for(locale)
    environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    return environment
