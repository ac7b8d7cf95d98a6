"""Venues as the public and the processes find them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.identifiers import NotAVenueCode, clean_venue_code
from domain.models import Venue, VenueCode


class UnknownVenue(LookupError):
    """No venue has this code."""


class CodeReplaced(UnknownVenue):
    """The venue got another code since: the sheet this one stands on is old, or forged.

    Whoever does not ask for it takes it for a code no venue has; the venue must not be used in silence.
    """

    def __init__(self, venue: Venue, ended_at: datetime) -> None:
        super().__init__(f"{venue.code} replaced an older code on {ended_at:%Y-%m-%d}")
        self.venue = venue
        self.ended_at = ended_at


class VenueClosed(Exception):
    """The venue's code is no longer in use."""

    def __init__(self, venue: Venue, *, by_former_code: bool = False) -> None:
        super().__init__(f"{venue.code} closed on {venue.closed_on}")
        self.venue = venue
        self.by_former_code = by_former_code
        """The code was replaced before the venue closed: the sheet may be a copy that hangs anywhere."""


def by_code(session: Session, code: str) -> Venue:
    """Return the venue with that code (look-alike characters forgiven); raises `UnknownVenue`, `CodeReplaced`."""
    cleaned = cleaned_code(code)
    venue: Venue | None = session.execute(select(Venue).where(col(Venue.code) == cleaned)).scalar_one_or_none()
    if venue is None:
        refuse_replaced(session, cleaned)
        raise UnknownVenue(code)
    return venue


def refuse_replaced(session: Session, cleaned: str) -> None:
    """Raise `CodeReplaced` for a code that a venue had before."""
    query = select(Venue, VenueCode).join(VenueCode, col(VenueCode.venue_id) == col(Venue.id))
    if (row := session.execute(query.where(col(VenueCode.code) == cleaned)).first()) is not None:
        raise CodeReplaced(row.Venue, row.VenueCode.ended_at)


def cleaned_code(code: str) -> str:
    """Return the code that was meant (look-alike characters forgiven); raises `UnknownVenue` for none."""
    try:
        return clean_venue_code(code)
    except NotAVenueCode as wrong:
        raise UnknownVenue(code) from wrong


def open_by_code(session: Session, code: str, *, day: date) -> Venue:
    """Return the venue with that code when it is open on `day`; raises as `by_code` does, or `VenueClosed`.

    Closed is closed, whether the code was its last one or an earlier one.
    """
    try:
        venue = by_code(session, code)
    except CodeReplaced as replaced:
        if not replaced.venue.is_open(day):
            raise VenueClosed(replaced.venue, by_former_code=True) from replaced
        raise
    if not venue.is_open(day):
        raise VenueClosed(venue)
    return venue
