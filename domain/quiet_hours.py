"""The hours in which nobody is disturbed for what can wait until the morning, in the city's time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from sqlmodel import Session

from domain import product_settings
from domain.settings import city_zone


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when it is quiet each day; the same moment twice: never."""

    begin: time
    end: time
    zone: tzinfo

    def over_at(self, at: datetime) -> datetime | None:
        """Return when the quiet hours end (UTC) in which `at` lies; None when it lies in none."""
        local = at.astimezone(self.zone)
        now = local.time()
        over_night = self.begin > self.end
        is_quiet = (now >= self.begin or now < self.end) if over_night else self.begin <= now < self.end
        if not is_quiet:
            return None
        day = local.date() + timedelta(days=1) if over_night and now >= self.begin else local.date()
        return datetime.combine(day, self.end, self.zone).astimezone(UTC)


def current(session: Session) -> QuietHours:
    """Return the quiet hours as they are set now."""
    begin, end = (product_settings.value(session, key) for key in ("quiet_from", "quiet_until"))
    return QuietHours(begin, end, city_zone())
