"""A case's timeline for programs: what each entry's form said, as data, without what this reader may not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, sealed
from domain.actors import Actor
from domain.models import Case, Photo, TimelineEntry
from domain.queries import case_words
from domain.rights import FIELDS

NEVER_OPENED = frozenset({"name", "phone"})
"""Kinds of vault items that say who somebody is, whatever the field is called: no timeline opens them. Showing a
reporter is an act of its own that is logged; an applicant stands on a card, by `FIELDS["applicant_name"]`."""
ONLY_COLLEAGUES = frozenset({"comment"})
"""Steps the venue's side does not read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, with the fields its reader may know."""

    seq: int
    transition: str
    source: str | None
    target: str
    actor_role: str
    actor_name: str
    at: datetime
    data: dict[str, Any]
    hash: str
    """SHA-256 of the entry and the one before it, in hex."""


def timeline(session: Session, case: Case, *, actor: Actor) -> list[Entry]:
    """Return the entries of a case that `actor` may see (`access.may_see` was asked before), the oldest first."""
    actor = access.acting_on(session, actor, case)
    query = select(TimelineEntry).where(col(TimelineEntry.case_id) == case.id).order_by(col(TimelineEntry.seq))
    entries = list(session.execute(query).scalars())
    if not actor.plays(*FIELDS["colleagues_remarks"].roles):
        entries = [entry for entry in entries if entry.transition not in ONLY_COLLEAGUES]
    reads = access.reads_reporter(actor, case)
    opened = opened_words(session, entries) if reads else {}
    photos = _photos(session, case, reads=reads)
    numbers = _numbers(session, entries, actor)
    return [
        Entry(
            seq=entry.seq,
            transition=entry.transition,
            source=entry.source,
            target=entry.target,
            actor_role=entry.actor_role,
            actor_name=entry.actor_name if entry.actor_id is not None else "",
            at=entry.at,
            data=_readable(entry, opened=opened, photos=photos, numbers=numbers),
            hash=entry.hash.hex(),
        )
        for entry in entries
    ]


def opened_words(session: Session, entries: list[TimelineEntry]) -> dict[UUID, str]:
    """Return what the vault holds of these entries, for who may read it: everything but who said it."""
    items = [item for entry in entries for item in case_words.secrets_in(entry)]
    return sealed.get_many(session, items, but=NEVER_OPENED)


def _photos(session: Session, case: Case, *, reads: bool) -> set[str]:
    query = select(col(Photo.id), col(Photo.source)).where(col(Photo.case_id).in_([case.id, case.parent_id]))
    return {str(row.id) for row in session.execute(query) if reads or row.source != "reporter"}


def _numbers(session: Session, entries: list[TimelineEntry], actor: Actor) -> set[str]:
    named = set[str]().union(*(case_words.cases_in(entry) for entry in entries))
    query = select(col(Case.number)).where(col(Case.number).in_(named), access.visible(actor))
    return set(session.execute(query).scalars())


def _readable(entry: TimelineEntry, *, opened: dict[UUID, str], photos: set[str], numbers: set[str]) -> dict[str, Any]:
    hidden_numbers = case_words.cases_in(entry) - numbers
    readable: dict[str, Any] = {}
    for field, value in entry.data.items():
        item = sealed.referenced(value)
        if item is not None:
            if item in opened:
                readable[field] = opened[item]
        elif field in case_words.PHOTOS:
            readable[field] = [photo for photo in value if photo in photos]
        elif not (isinstance(value, str) and value in hidden_numbers):
            readable[field] = value
    return readable
