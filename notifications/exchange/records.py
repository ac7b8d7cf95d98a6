"""What the exchange remembers: messages, calls, phones. Plain data, no behaviour of a telephone."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self

from notifications.exchange.behaviour import Mode

ENDED_CALL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
ENDED_MESSAGE = frozenset({"delivered", "undelivered", "failed"})


def new_sid(prefix: str) -> str:
    """Return a fresh identifier as Twilio makes them: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def now() -> datetime:
    """Return the current time in UTC; the exchange is the outside world, so it has a clock of its own."""
    return datetime.now(UTC)


def as_json(record: Message | Call | Phone) -> dict[str, Any]:
    """Return the record as JSON types, times in ISO 8601."""
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _known(cls: type, data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `data` that `cls` has, times parsed: a journal of another version still reads."""
    names = {item.name for item in fields(cls)}
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in data.items()
        if name in names
    }


@dataclass(slots=True)
class Phone:
    """A telephone of the demo city: its number, who holds it, and as what."""

    number: str
    person: str = ""
    post: str = ""


@dataclass(slots=True)
class Callback:
    """Where and how the account wants to hear about progress; an empty `url` means not at all."""

    url: str = ""
    method: str = "POST"
    events: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Message:
    """An SMS on its way out; `status` as in Twilio's Message resource."""

    account_sid: str
    to: str
    from_: str
    body: str
    callback: Callback = field(default_factory=Callback)
    mode: Mode = Mode.MANUAL
    status: str = "queued"
    error_code: int | None = None
    sid: str = field(default_factory=lambda: new_sid("SM"))
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    sent_at: datetime | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the message that `as_json` wrote down."""
        known = _known(cls, data)
        return cls(**known | {"mode": Mode(known["mode"]), "callback": _callback(known["callback"])})

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED_MESSAGE


@dataclass(slots=True)
class Utterance:
    """Something the call said, or a mark such as a failed document; `spoken_at` in ISO 8601."""

    text: str
    language: str
    spoken_at: str


@dataclass(slots=True, kw_only=True)
class Call:
    """A call on its way out; `status` as in Twilio's Call resource."""

    account_sid: str
    to: str
    from_: str
    url: str = ""
    url_method: str = "POST"
    fallback_url: str = ""
    twiml: str = ""
    callback: Callback = field(default_factory=Callback)
    ring_seconds: int = 60
    machine_detection: str = ""
    send_digits: str = ""
    mode: Mode = Mode.MANUAL
    status: str = "queued"
    answered_by: str | None = None
    said: list[Utterance] = field(default_factory=list)
    pressed: str = ""
    listening: bool = False
    sequence: int = 0
    error_code: int | None = None
    sid: str = field(default_factory=lambda: new_sid("CA"))
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the call that `as_json` wrote down."""
        known = _known(cls, data)
        said = [Utterance(**item) for item in known["said"]]
        return cls(**known | {"mode": Mode(known["mode"]), "callback": _callback(known["callback"]), "said": said})

    @property
    def ended(self) -> bool:
        """Whether the line is free again."""
        return self.status in ENDED_CALL

    @property
    def duration_seconds(self) -> int:
        """Whole seconds between answer and end, at least 1; 0 for a call nobody answered."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return max(1, round((self.ended_at - self.answered_at).total_seconds()))


def _callback(data: dict[str, Any]) -> Callback:
    return Callback(url=data["url"], method=data["method"], events=tuple(data["events"]))
