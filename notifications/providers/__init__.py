"""What the product asks of a telephone provider, whichever it is; the adapters stand beside this file.

Every request that sends something ends in one of three ways, because what comes next differs:

- it returns `Sent`, or raises `ProviderRefused` or `ProviderAway`: nothing doubtful is left behind;
- it raises `ProviderUnknownOutcome`: it may have been carried out. Look it up with `find_sms` or `find_call`
  before anything is sent again.

The attempt's id travels as `attempt` in the query of every address the provider is given, so a callback tells
which attempt it belongs to even when the answer to the request was lost. Calls block; async code wraps them
in `asyncio.to_thread`. One provider object serves any number of threads.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

ATTEMPT_PARAMETER = "attempt"
"""Name of the query parameter that carries the attempt's id in callback addresses."""


class ProviderError(Exception):
    """Base of what a provider request may raise; messages hold no telephone number and no text."""


class ProviderRefused(ProviderError):
    """The provider answered no; nothing was sent and nothing will be.

    `retryable` is true when the same request may succeed later: too many requests, or the provider's own
    failure.
    """

    def __init__(self, *, code: int, retryable: bool, status: int) -> None:
        super().__init__(f"the provider refused with code {code} (HTTP {status})")
        self.code = code
        self.retryable = retryable
        self.status = status


class ProviderAway(ProviderError):
    """No connection could be made, so nothing was asked; the same request may be made again at any time."""


class ProviderUnknownOutcome(ProviderError):
    """The request left, but no usable answer came: it may have been carried out."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the request; `provider_id` names it in its callbacks."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a message or call has come in the provider's own words; for when callbacks were lost."""

    status: str
    error_code: int | None = None
    answered_by: str | None = None

    @property
    def error(self) -> str | None:
        """Return the provider's error code as attempts keep it."""
        return str(self.error_code) if self.error_code else None


@dataclass(frozen=True, slots=True)
class Found:
    """What an earlier request of unknown outcome left behind, and how far that has come since."""

    provider_id: str
    standing: Standing


class Provider(Protocol):
    """A telephone provider."""

    @property
    def name(self) -> str:
        """Return the name under which attempts are recorded."""

    def send_sms(self, *, to: str, body: str, status_callback: str, attempt_id: UUID) -> Sent:
        """Send a message to an E.164 number. Raises the three errors above."""

    def find_sms(
        self, *, to: str, body: str, since: datetime, attempt_id: UUID, excluding: Collection[str] = ()
    ) -> Found | None:
        """Return the message an earlier `send_sms` of unknown outcome left behind, None when there is none.

        `since` is when the attempt was written down; `excluding` holds provider ids known to belong to other
        attempts. Raises ProviderAway, or ProviderRefused, when the provider could not be asked.
        """

    def place_call(
        self,
        *,
        to: str,
        answer_url: str,
        status_callback: str,
        attempt_id: UUID,
        ring_seconds: int = 30,
        extension: str = "",
    ) -> Sent:
        """Ring a number; `answer_url` is asked what to say; `extension` is dialled after the answer."""

    def find_call(self, *, to: str, since: datetime, attempt_id: UUID, excluding: Collection[str] = ()) -> Found | None:
        """Return the call an earlier `place_call` of unknown outcome left behind; else as `find_sms`."""

    def hang_up(self, *, provider_id: str) -> None:
        """End a call in any state; one that is over already is left alone. Safe to repeat."""

    def sms_standing(self, *, provider_id: str) -> Standing:
        """Return how far a message has come."""

    def call_standing(self, *, provider_id: str) -> Standing:
        """Return how far a call has come."""

    def close(self) -> None:
        """Close idle connections; the provider stays usable."""
