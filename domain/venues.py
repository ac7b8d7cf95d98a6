"""Venues as the public and the processes find them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from domain.identifiers import NotAVenueCode, clean_venue_code
from domain.models import Venue


class UnknownVenue(LookupError):
    """No venue has this code."""


class VenueClosed(Exception):
    """The venue's code is no longer in use."""

    def __init__(self, venue: Venue) -> None:
        super().__init__(f"{venue.code} closed on {venue.closed_on}")
        self.venue = venue


def by_code(session: Session, code: str) -> Venue:
    """Return the venue with that code (look-alike characters forgiven); raises `UnknownVenue`."""
    query = select(Venue).where(col(Venue.code) == cleaned_code(code))
    venue: Venue | None = session.execute(query).scalar_one_or_none()
    if venue is None:
        raise UnknownVenue(code)
    return venue


def cleaned_code(code: str) -> str:
    """Return the code that was meant (look-alike characters forgiven); raises `UnknownVenue` for none."""
    try:
        return clean_venue_code(code)
    except NotAVenueCode as wrong:
        raise UnknownVenue(code) from wrong


def open_by_code(session: Session, code: str, *, day: date) -> Venue:
    """Return the venue with that code when it is open on `day`; raises `UnknownVenue` or `VenueClosed`."""
    venue = by_code(session, code)
    if not venue.is_open(day):
        raise VenueClosed(venue)
    return venue
