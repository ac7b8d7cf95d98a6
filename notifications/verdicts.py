"""How telling somebody ended, for now: each ending asks something else of whoever carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.database import Database
from domain.language import N_
from domain.settings import get_settings
from notifications.providers import Provider

REFUSED = N_("The provider does not take messages or calls to this number.")
NOT_KNOWN = N_("It is not known whether the message went out: the provider cannot be asked about it.")
PROVIDER_BUSY = N_("The provider is busy or out of order.")
PROVIDER_AWAY = N_("The provider cannot be reached.")
SETTLING = N_("The provider did not answer; it is asked whether the message went out.")
NOT_ACKNOWLEDGED = N_("Nobody acknowledged the calls, and the message could not be sent.")


@dataclass(frozen=True, slots=True)
class Told:
    """The provider took the message, or the person acknowledged the call."""

    how: str
    """sms, acknowledged"""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """It will never work with this number; a person has to find another way."""

    reason: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """A passing failure; the same again after a while, counted as a try."""

    reason: str
    until: datetime | None = None
    """Not before then."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something outside is under way until then at the latest; not counted as a try."""

    until: datetime
    reason: str = ""
    for_news: bool = False
    """The provider will tell us earlier, by a callback."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may have gone out and nobody can be asked, or it went out and did not arrive; a person decides."""

    reason: str


Verdict = Told | Unreachable | Later | Waiting | InDoubt


@dataclass(frozen=True, slots=True)
class Line:
    """What telling needs from its caller."""

    database: Database
    provider: Provider
    now: Callable[[], datetime]
    fence: Callable[[], None]
    """Raises `outbox.LeaseLost` when the promise may have gone to another worker; asked before each request."""

    def settled_at(self, made_at: datetime) -> datetime:
        """Return when a request written down at `made_at` has surely ended and shows in the provider's lists."""
        settings = get_settings()
        request = settings.provider_connect_seconds + settings.provider_read_seconds
        return made_at + timedelta(seconds=request + settings.settling_seconds)
