"""Venues as other tables name them: by their code or their credit code."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain.imports.terms import Areas
from domain.language import Sentence
from domain.models import Venue

UNKNOWN = Sentence("There is no open venue with this code that you may write to.")


class VenueCodes:
    """The open venues the importer may write to."""

    def __init__(self, session: Session, areas: Areas) -> None:
        query = select(col(Venue.id), col(Venue.code), col(Venue.credit_code), col(Venue.area_id))
        self._codes: dict[str, UUID] = {}
        self._credit_codes: dict[str, UUID] = {}
        self._ids: set[UUID] = set()
        for row in session.execute(query.where(col(Venue.closed_on).is_(None))):
            if not areas.allows(row.area_id):
                continue
            self._ids.add(row.id)
            self._codes[row.code] = row.id
            if row.credit_code:
                self._credit_codes[row.credit_code] = row.id

    def find(self, code: str | None, credit_code: str | None) -> UUID | Sentence:
        """Return the venue, or why it cannot be used. Both codes have to mean the same one."""
        found = self._codes.get(code) if code else self._credit_codes.get(credit_code or "")
        if found is None:
            return UNKNOWN
        if code and credit_code and self._credit_codes.get(credit_code) != found:
            return Sentence("The two codes belong to different venues.")
        return found

    def has(self, venue_id: UUID) -> bool:
        """Return whether the importer may write to this venue."""
        return venue_id in self._ids
