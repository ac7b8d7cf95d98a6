"""How fast the exchange's world goes: real enough for a person at the page, fast enough for a test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Durations in seconds of what takes time in a telephone network."""

    step_seconds: float = 0.2
    """Between two states, such as initiated and ringing, or sending and sent."""
    unanswered_seconds: float = 1.0
    """How long a phone that will not answer rings."""
    characters_per_second: float = 5.0
    """Chinese characters spoken in a second, Latin ones three times as many; 0: speech takes no time."""

    def speaking_seconds(self, text: str) -> float:
        """Return how long it takes to say `text`."""
        if not self.characters_per_second:
            return 0.0
        return sum(1 / 3 if character.isascii() else 1 for character in text) / self.characters_per_second
