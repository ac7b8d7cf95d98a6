"""How the demo phones and the exchange behave: by themselves, or as a fault that must be survived."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """What happens to a request for a number. Names are a contract (docs: interface).

    For messages, modes about answering mean nothing: the message is delivered.
    """

    MANUAL = "manual"
    """The phone rings until a person acts on the page or through `/control`."""
    ANSWER_AND_PRESS_1 = "answer-and-press-1"
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    ERROR_500 = "error-500"
    """HTTP 500 with Twilio's error body; nothing is stored."""
    RATE_LIMIT = "rate-limit"
    """HTTP 429, code 20429; nothing is stored."""
    TIMEOUT = "timeout"
    """No HTTP answer; nothing is stored."""
    ACCEPT_THEN_TIMEOUT = "accept-then-timeout"
    """Stored and carried out, but the HTTP answer never comes."""
    DUPLICATE_CALLBACKS = "duplicate-callbacks"
    REORDERED_CALLBACKS = "reordered-callbacks"
    """Status callbacks are kept until the end and then sent last first."""
    UNREACHABLE = "unreachable"
    """Messages end undelivered (30003), calls fail."""
    CARRIER_FAILURE = "carrier-failure"
    """Messages fail (30008), calls fail."""


class Behaviour:
    """The mode of every number: its own, or the one for all others."""

    def __init__(self, *, otherwise: Mode = Mode.MANUAL, numbers: dict[str, Mode] | None = None) -> None:
        self.otherwise = otherwise
        self.numbers = dict(numbers or {})

    def of(self, number: str) -> Mode:
        """Return the mode that requests for `number` meet."""
        return self.numbers.get(number, self.otherwise)

    def set(self, mode: Mode, *, numbers: Iterable[str] | None = None) -> None:
        """Give `numbers` this mode; without numbers give it to all, also those that had their own."""
        if numbers is None:
            self.otherwise = mode
            self.numbers.clear()
        else:
            self.numbers.update(dict.fromkeys(numbers, mode))

    def as_json(self) -> dict[str, Any]:
        """Return `{"mode": for all others, "numbers": {number: mode}}`."""
        return {
            "mode": str(self.otherwise),
            "numbers": {number: str(mode) for number, mode in self.numbers.items()},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Behaviour:
        """Return the behaviour that `as_json` wrote down."""
        return cls(
            otherwise=Mode(data["mode"]),
            numbers={number: Mode(mode) for number, mode in data["numbers"].items()},
        )
