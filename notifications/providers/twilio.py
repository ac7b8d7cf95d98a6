"""Twilio, or anything that speaks its API such as the embedded exchange, through the official client.

How exactly a lost request is found again. Twilio's REST API has no idempotency key, and its lists show
neither the callback address nor any note of ours. What they show is compared:

- a message: `to`, `from`, the whole body, and creation not before the attempt. The body carries the case
  number and so is unique to one effect of one case, which is why clocks may differ by minutes. Two attempts of
  the *same* effect within `CLOCKS_DIFFER` of each other cannot be told apart unless one of them is in `excluding`;
  finding either means that the words went out, which is the question.
- a call: `to`, `from` and creation not before the attempt. Two calls to one number by two cases look alike,
  so pass the ids of other attempts in `excluding`; with that, only two calls of unknown outcome to the same
  number at the same time can be taken for each other. Their callbacks carry the attempt's id and settle it.

Lists are not filtered by DateSent or StartTime at the provider: both are empty until a queued item is
dialled, so such a filter would hide just the items that are looked for. Twilio's lists may lag a few seconds
behind; look up a little later than `connect + read` timeouts after the attempt, not at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from notifications.providers import (
    ATTEMPT_PARAMETER,
    Found,
    ProviderAway,
    ProviderRefused,
    ProviderUnknownOutcome,
    Sent,
    Standing,
)

T = TypeVar("T")

CLOCKS_DIFFER = timedelta(minutes=10)
"""A worker's clock and the provider's may differ by this when a message is looked for: its words are its own."""
CLOCKS_DIFFER_FOR_CALLS = timedelta(seconds=10)
"""The same for calls, which have no words to be told apart by. The provider's times have whole seconds."""
LOOKED_THROUGH = 500
"""Newest items to a number that a look-up reads."""
ALREADY_OVER = 21220
"""Twilio's code for changing a call that is not in progress."""
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]


class AddressedHttpClient(TwilioHttpClient):  # type: ignore[misc]  # twilio ships no types
    """Twilio's HTTP client with two time limits, quiet logs, and another origin if asked.

    The client builds `https://api.twilio.com/…` also for following pages; exchanging the origin here, the one
    place all requests pass, leaves the rest of the official client as it is.
    """

    def __init__(self, *, base_url: str, connect_seconds: float, read_seconds: float) -> None:
        logger = logging.getLogger(f"{__name__}.http")
        logger.setLevel(logging.WARNING)  # at INFO it writes queries, which hold telephone numbers
        super().__init__(logger=logger)
        self.timeout = (connect_seconds, read_seconds)  # requests takes a pair
        self._origin = urlsplit(base_url)[:2] if base_url else None
        if urlsplit(base_url).hostname in LOOPBACK:
            self.session.trust_env = False  # a proxy of the environment could not reach it
        self.session.mount("http://", HTTPAdapter(pool_maxsize=32))

    def request(  # noqa: PLR0917 - the official client's signature
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the official client's signature
    ) -> Response:
        """Make the request at the configured origin."""
        if self._origin:
            url = urlunsplit((*self._origin, *urlsplit(url)[2:]))
        return super().request(method, url, params, data, headers, auth, timeout, allow_redirects)


class TwilioProvider:
    """A `Provider` that sends through one Twilio account from one number."""

    name = "twilio"

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        from_number: str,
        base_url: str = "",
        connect_seconds: float = 3.0,
        read_seconds: float = 10.0,
    ) -> None:
        """Take the account's credentials; an empty `base_url` means Twilio itself."""
        http = AddressedHttpClient(base_url=base_url, connect_seconds=connect_seconds, read_seconds=read_seconds)
        # An empty environment: TWILIO_REGION or TWILIO_EDGE of the machine must not redirect us.
        self._http = http
        self._client = Client(account_sid, auth_token, http_client=http, environment={"": ""})
        self._from = from_number

    def send_sms(self, *, to: str, body: str, status_callback: str, attempt_id: UUID) -> Sent:
        """Send a message; see `Provider`."""
        message = _sending(
            lambda: self._client.messages.create(
                to=to, from_=self._from, body=body, status_callback=_marked(status_callback, attempt_id)
            )
        )
        return _sent(message.sid)

    def find_sms(
        self,
        *,
        to: str,
        body: str,
        since: datetime,
        attempt_id: UUID,  # noqa: ARG002 - other providers can be asked for it
        excluding: Collection[str] = (),
    ) -> Found | None:
        """Return the message with this recipient, sender and body; the module says how exactly."""
        messages = _asking(lambda: self._client.messages.list(to=to, from_=self._from, limit=LOOKED_THROUGH))
        mine = (message for message in messages if message.body == body)
        return _earliest(mine, after=since - CLOCKS_DIFFER, excluding=excluding)

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
        """Ring a number, with detection of answering machines; see `Provider`."""
        dialled = {"send_digits": f"wwww{extension}"} if extension else {}  # w: half a second of silence
        call = _sending(
            lambda: self._client.calls.create(
                to=to,
                from_=self._from,
                url=_marked(answer_url, attempt_id),
                status_callback=_marked(status_callback, attempt_id),
                status_callback_event=CALL_EVENTS,
                timeout=ring_seconds,
                machine_detection="Enable",
                **dialled,
            )
        )
        return _sent(call.sid)

    def find_call(
        self,
        *,
        to: str,
        since: datetime,
        attempt_id: UUID,  # noqa: ARG002 - other providers can be asked for it
        excluding: Collection[str] = (),
    ) -> Found | None:
        """Return the call with this recipient and sender; the module says how exactly."""
        calls = _asking(lambda: self._client.calls.list(to=to, from_=self._from, limit=LOOKED_THROUGH))
        return _earliest(calls, after=since - CLOCKS_DIFFER_FOR_CALLS, excluding=excluding)

    def hang_up(self, *, provider_id: str) -> None:
        """End a call; see `Provider`."""
        try:
            _asking(lambda: self._client.calls(provider_id).update(status="completed"))
        except ProviderRefused as refused:
            if refused.code != ALREADY_OVER:
                raise

    def sms_standing(self, *, provider_id: str) -> Standing:
        """Return how far a message has come."""
        return _standing(_asking(lambda: self._client.messages(provider_id).fetch()))

    def call_standing(self, *, provider_id: str) -> Standing:
        """Return how far a call has come."""
        return _standing(_asking(lambda: self._client.calls(provider_id).fetch()))

    def close(self) -> None:
        """Close the idle connections; the provider stays usable."""
        self._http.session.close()


def _marked(url: str, attempt_id: UUID) -> str:
    """Return the address with the attempt's id in its query, where no person sees it."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode({ATTEMPT_PARAMETER: str(attempt_id)})) if part)
    return urlunsplit(parts._replace(query=query))


def _sent(sid: str | None) -> Sent:
    if not sid:
        msg = "the provider's answer names no message or call"
        raise ProviderUnknownOutcome(msg)
    return Sent(provider_id=sid)


def _standing(item: MessageInstance | CallInstance) -> Standing:
    if isinstance(item, MessageInstance):
        return Standing(status=str(item.status), error_code=item.error_code)
    return Standing(status=str(item.status), answered_by=item.answered_by or None)


def _earliest(
    found: Iterable[MessageInstance] | Iterable[CallInstance], *, after: datetime, excluding: Collection[str]
) -> Found | None:
    candidates = [
        item
        for item in found
        if item.sid and item.sid not in excluding and item.date_created and item.date_created >= after
    ]
    # Lists come newest first and times have whole seconds: the last of equals was created first.
    candidates.reverse()
    earliest = min(candidates, key=lambda item: item.date_created or after, default=None)
    return Found(earliest.sid, _standing(earliest)) if earliest and earliest.sid else None


def _sending(request: Callable[[], T]) -> T:
    """Return the answer to a sending request; tell its failures apart by what they leave behind."""
    # `from None`: the causes' texts hold telephone numbers, which must not reach a log.
    try:
        return request()
    except (TwilioRestException, TwilioServiceException) as error:
        if error.status >= SERVER_ERROR and error.code == error.status:
            # No Twilio code: something between us and Twilio answered, and nobody knows what Twilio did.
            msg = f"HTTP {error.status} came from a gateway"
            raise ProviderUnknownOutcome(msg) from None
        raise _refused(error) from None
    except requests.exceptions.RequestException as error:
        if _never_left(error):
            raise ProviderAway(f"no connection to the provider ({type(error).__name__})") from None
        raise ProviderUnknownOutcome(f"no answer from the provider ({type(error).__name__})") from None
    except (TwilioException, ValueError, TypeError) as error:
        msg = f"the provider's answer could not be read ({type(error).__name__})"
        raise ProviderUnknownOutcome(msg) from None


def _asking(request: Callable[[], T]) -> T:
    """Return the answer to a request that may be repeated freely: without an answer, `ProviderAway`."""
    try:
        return request()
    except (TwilioRestException, TwilioServiceException) as error:
        raise _refused(error) from None
    except TwilioException as error:
        # A page of a list: the client wraps the answer itself instead of its error body.
        answer = error.args[1] if len(error.args) > 1 else None
        status = getattr(answer, "status_code", 0)
        if status:
            raise ProviderRefused(code=status, retryable=_retryable(status), status=status) from None
        raise ProviderAway("the provider's list could not be read") from None
    except (requests.exceptions.RequestException, ValueError) as error:
        raise ProviderAway(f"the provider could not be asked ({type(error).__name__})") from None


def _refused(error: TwilioRestException | TwilioServiceException) -> ProviderRefused:
    code = int(error.code or error.status)
    return ProviderRefused(code=code, retryable=_retryable(error.status), status=error.status)


def _retryable(status: int) -> bool:
    return status == TOO_MANY_REQUESTS or status >= SERVER_ERROR


def _never_left(error: requests.exceptions.RequestException) -> bool:
    """Whether the failure came before a single byte of the request was sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
