"""People that tables name: known again by name and telephone, entered when they are new."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain.imports.batch import Batch
from domain.models import Person


class Persons:
    """Who is in the register, or will be after this import."""

    def __init__(self, session: Session, batch: Batch) -> None:
        query = select(col(Person.id), col(Person.name), col(Person.phone)).where(col(Person.phone).is_not(None))
        self._ids: dict[tuple[str, str], UUID] = {}
        self._phones: set[str] = set()
        for row in session.execute(query.order_by(col(Person.id))):
            self._ids.setdefault((row.name, row.phone), row.id)
            self._phones.add(row.phone)
        self._batch = batch

    def id_of(self, name: str, phone: str | None) -> UUID:
        """Return the person of that name and phone; a name alone is nobody one could know again, so it is a new one."""
        known = self.known(name, phone)
        if known is not None:
            return known
        made = self._batch.add(Person, name=name, phone=phone)
        if phone is not None:
            self._ids[(name, phone)] = made
            self._phones.add(phone)
        return made

    def is_importer(self, name: str, phone: str | None) -> bool:
        """Return whether this is the very person who imports."""
        known = self.known(name, phone)
        return known is not None and known == self._batch.actor.person_id

    def known(self, name: str, phone: str | None) -> UUID | None:
        """Return the person of that name and phone, None when nobody is."""
        return self._ids.get((name, phone)) if phone is not None else None

    def has_other_name(self, name: str, phone: str) -> bool:
        """Return whether the phone is known, but under other names only."""
        return phone in self._phones and (name, phone) not in self._ids
