"""Documents of a venue: licences, plans, contracts; entered, ended, and read by those who may know of the venue.

The files themselves, and what may be one, are `domain.papers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from domain import access, catalogue, papers, register_lock, register_log
from domain.access import OutOfReach
from domain.actors import Actor
from domain.language import Label, Sentence
from domain.models import Document
from domain.register_forms import DocumentFacts, Reason
from domain.register_lock import NotNow
from domain.rights import Right
from domain.venue_register import held_open

KIND = "document"


class NoFile(LookupError):
    """The file of the form is not here any more, or never was."""


def add(
    session: Session, venue_id: UUID, facts: DocumentFacts, document_id: UUID, *, actor: Actor, at: datetime
) -> Document:
    """Make a paper that `papers.keep` took in a document of the venue; sent twice, it becomes one once.

    Raises `NoFile` for a paper that belongs to something else, or is gone.
    """
    access.require(session, actor, Right.KEEP_FACILITIES, venue_id=venue_id)
    held_open(session, venue_id)
    document = register_lock.held(session, Document, document_id)
    if document is None or document.case_id is not None or document.ended_at is not None:
        raise NoFile(str(document_id))
    if document.venue_id is not None:
        if document.venue_id != venue_id:
            raise NoFile(str(document_id))
        return document
    document.venue_id, document.kind, document.made_by = venue_id, facts.kind, actor.person_id
    document.name, document.expires_on, document.made_at = facts.name or document.name, facts.expires_on, at
    session.flush()
    data = {"venue_id": venue_id, "kind": document.kind, "name": document.name, "sha256": document.sha256,
            "size": document.size, "expires_on": document.expires_on}  # fmt: skip
    register_log.record(session, KIND, document.id, "create", actor=actor, at=at, data=data)
    return document


def end(
    session: Session, document_id: UUID, form: Reason, *, actor: Actor, at: datetime, version: int | None = None
) -> None:
    """End a document: it was replaced, or is no longer valid. The file stays."""
    known = session.get(Document, document_id)
    if known is None or known.venue_id is None:
        raise OutOfReach(str(document_id))
    access.require(session, actor, Right.KEEP_FACILITIES, venue_id=known.venue_id)
    held_open(session, known.venue_id)
    document = register_lock.held(session, Document, document_id)
    if document is None:
        raise OutOfReach(str(document_id))
    register_lock.expect(session, document_id, version)
    if document.ended_at is not None:
        raise NotNow(Sentence("This has ended; its record does not change any more."))
    document.ended_at = at
    session.flush()
    data = {"ended_at": at, "reason": form.reason, "name": document.name}
    register_log.record(session, KIND, document.id, "end", actor=actor, at=at, data=data)


def of(session: Session, venue_id: UUID) -> Sequence[Document]:
    """Return the venue's documents that are in force or have expired, but were not ended."""
    mine = (col(Document.venue_id) == venue_id, col(Document.ended_at).is_(None))
    query = select(Document).where(*mine).order_by(col(Document.kind), col(Document.made_at).desc())
    return session.execute(query).scalars().all()


def readable(session: Session, document_id: UUID, *, actor: Actor) -> Document:
    """Return a venue's document for somebody who may know of the venue; raises `OutOfReach`."""
    document = session.get(Document, document_id)
    if document is None or document.venue_id is None:
        raise OutOfReach(str(document_id))
    access.require(session, actor, Right.SEE_VENUES, venue_id=document.venue_id)
    return document


def kind_label(kind: str) -> Label:
    """Return the words for a kind of document, of ours or of an application."""
    if kind == papers.APPLICATION:
        return papers.APPLICATION_LABEL
    return catalogue.document_kinds().get(kind) or Label(kind, kind)
