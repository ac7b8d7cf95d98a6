"""Phones' moments by our clock, as far as they can be. Pure.

A phone says when it sent a delivery by its own clock, and how far ours was ahead at the last contact. A clock that is
wrong but left alone gives twice the same: what it says is corrected by that and nobody is doubted. Where the two differ
the clock was moved in between: each record then has two moments, of which one after the receipt is impossible; of two
possible ones the later counts. A clock that runs back while the phone counts on proves no time at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

AGREES_WITHIN = timedelta(minutes=2)
"""A slow network, and a clock that is set by the network now and then."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A record's moment by the phone's clock, and its place in the phone's count."""

    id: UUID
    seq: int
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Corrected:
    """A moment by our clock; `latest` is the last it can have been when its phone's clock proves nothing."""

    at: datetime
    latest: datetime
    ahead: timedelta = timedelta()
    """So far it lies beyond the moment of receipt: it was claimed to be in the future."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All records of a delivery by our clock."""

    skew: timedelta
    """How far the phone's clock was ahead of ours when it sent."""
    by_id: dict[UUID, Corrected] = field(default_factory=dict)
    moved: timedelta | None = None
    """So far the two estimates are apart; None while they agree."""
    backwards: timedelta | None = None
    """So far the phone's clock ran back while it counted on; None where it did not."""

    @property
    def is_certain(self) -> bool:
        """Return whether there is one estimate alone."""
        return self.moved is None and self.backwards is None


def corrected(
    claims: Sequence[Claim], *, sent_at: datetime, offset: timedelta | None, received_at: datetime,
    contact_at: datetime | None = None,
) -> Reading:  # fmt: skip
    """Return the records' moments by our clock.

    `offset`: ours minus the phone's at the last contact before these were recorded, `contact_at` when that was by the
    phone's clock; None when there was none. What claims to be older than that contact was recorded by a clock that had
    been set back. A moment after the receipt becomes the receipt, and says how far ahead it was.
    """
    now = received_at - sent_at
    differs = offset is not None and abs(offset - now) > AGREES_WITHIN
    estimates = (now,) if offset is None or not differs else (now, offset)
    found: dict[UUID, Corrected] = {}
    back, highest = timedelta(), contact_at
    for claim in sorted(claims, key=lambda one: (one.seq, one.claimed_at)):
        if highest is not None:
            back = max(back, highest - claim.claimed_at)
        highest = max(highest or claim.claimed_at, claim.claimed_at)
        found[claim.id] = _of(claim, estimates, received_at)
    if back > AGREES_WITHIN:  # nobody knows which of its times were true
        found = {one: Corrected(moment.at, received_at, moment.ahead) for one, moment in found.items()}
    return Reading(
        skew=-now,
        by_id=found,
        moved=abs(offset - now) if differs and offset is not None else None,
        backwards=back if back > AGREES_WITHIN else None,
    )


def _of(claim: Claim, estimates: tuple[timedelta, ...], received_at: datetime) -> Corrected:
    """Return the latest moment it can have been: what is not certain does not prove that something was in time."""
    moments = [claim.claimed_at + estimate for estimate in estimates]
    possible = [moment for moment in moments if moment <= received_at + AGREES_WITHIN]
    if not possible:
        return Corrected(received_at, received_at, ahead=min(moments) - received_at)
    latest = min(max(possible), received_at)
    return Corrected(latest, latest)
