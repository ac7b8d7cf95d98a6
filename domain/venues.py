"""Venues as the public and the processes find them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlmodel import Session

from domain.identifiers import clean_venue_code, is_venue_code
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
    try:
        cleaned = clean_venue_code(code)
    except ValueError:
        cleaned = ""
    venue = None
    if is_venue_code(cleaned):
        venue = session.execute(select(Venue).where(Venue.code == cleaned)).scalar_one_or_none()
    if venue is None:
        raise UnknownVenue(code)
    return venue


def open_by_code(session: Session, code: str, *, day: date) -> Venue:
    """Return the venue with that code when it is open on `day`; raises `UnknownVenue` or `VenueClosed`."""
    venue = by_code(session, code)
    if not venue.is_open(day):
        raise VenueClosed(venue)
    return venue
