"""A venue's documents: added, read by those who may know of the venue, ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api import forms
from api.access import Router, needs
from api.deps import Conf, CurrentStaff, Db, Now, Posted
from api.field_errors import FieldError
from api.middleware.limits import takes_files
from api.pages import register_forms
from api.pages.register_forms import RegisterForm, Unsent, options
from api.pages.staff_forms import Typed, read_typed
from api.pages.venue_forms import AtVenue, Describe, Here, VenueForm, allowed, page_at
from domain import catalogue, documents_register, errand_files, papers, register_lock
from domain.access import OutOfReach
from domain.database import Database
from domain.documents_register import NoFile
from domain.language import Sentence
from domain.models import Document, Venue
from domain.papers import PaperRefused
from domain.register_forms import DocumentFacts, Reason
from domain.rights import Right
from domain.settings import Settings

router = Router(include_in_schema=False)
EQUIPS = Right.KEEP_FACILITIES


def _adding(venue: Venue) -> RegisterForm:
    home = f"/venues/{venue.code}"
    return RegisterForm(
        Sentence("Add a document"), f"{home}/documents/new", home, Sentence("Add it"), about=venue.name, has_file=True
    )


@router.get("/venues/{code}/documents/new")
@needs(EQUIPS)
def ask_document(request: Request, code: str, db: Db, at: Now, staff: CurrentStaff) -> Response:
    """Show the form that takes a file."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
    lists = {"document_kinds": options(catalogue.document_kinds())}
    return register_forms.show(request, _adding(venue), DocumentFacts, staff=staff, at=at, lists=lists)


@router.post("/venues/{code}/documents/new")
@needs(EQUIPS)
@takes_files
def add_document(
    request: Request, *, code: str, db: Db, at: Now, staff: CurrentStaff, settings: Conf, form: Posted
) -> Response:
    """Take a file in; it is kept when something else in the form is wrong."""
    with db.read() as session:
        venue = allowed(session, staff.actor, code, EQUIPS)
    lists = {"document_kinds": options(catalogue.document_kinds())}
    typed = read_typed(DocumentFacts, form)
    try:
        document_id = _file(form, db, settings, at=at)
    except PaperRefused as refused:
        unsent = Unsent(Typed(typed, (FieldError("file", refused.reason),)))
        return register_forms.show(
            request, _adding(venue), DocumentFacts, staff=staff, at=at, lists=lists, unsent=unsent
        )

    def add(session: Session, facts: DocumentFacts, _: int | None) -> str:
        documents_register.add(session, venue.id, facts, document_id, actor=staff.actor, at=at)
        return f"/venues/{venue.code}?done=saved"

    try:
        sent = register_forms.send(db, DocumentFacts, form, add)
    except NoFile:
        gone = Sentence("The file is not kept any more; choose it again.")
        sent = Unsent(Typed(typed, (FieldError("file", gone),)))
    else:
        if isinstance(sent, Response):
            return sent
        sent = replace(sent, hidden={"file": document_id.hex})
    return register_forms.show(request, _adding(venue), DocumentFacts, staff=staff, at=at, lists=lists, unsent=sent)


def _file(form: FormData, db: Database, settings: Settings, *, at: datetime) -> UUID:
    """Return the id of the file that was sent, or of one kept from before; raises `PaperRefused`."""
    sent, kept = forms.files(form, "file"), form.get("file")
    if sent:
        content, name = sent[0].file.read(), sent[0].filename or ""
        return papers.keep(db, content, name, kind="other", at=at, directory=papers.folder(settings)).id
    try:
        return UUID(hex=kept if isinstance(kept, str) else "")
    except ValueError:
        raise PaperRefused(Sentence("Choose a file.")) from None


@router.get("/venues/{code}/documents/{document_id}")
@needs(Right.SEE_VENUES)
def read_document(*, code: str, document_id: UUID, db: Db, staff: CurrentStaff, settings: Conf) -> Response:
    """Return the file, to be saved and not opened in our pages' place."""
    with db.read() as session:
        document = documents_register.readable(session, document_id, actor=staff.actor)
        _belongs(session, document, code)
    try:
        content = papers.content(document, papers.folder(settings))
    except errand_files.FileGone as gone:
        raise NoFile(str(document_id)) from gone
    suffix = ".pdf" if document.media_type == papers.PDF else ".jpg"
    name = document.name if document.name.lower().endswith((suffix, ".jpeg")) else f"{document.name}{suffix}"
    told = f"attachment; filename=\"document{suffix}\"; filename*=UTF-8''{quote(name)}"
    headers = {"content-disposition": told, "cache-control": "private, no-store"}
    return Response(content, media_type=document.media_type, headers=headers)


def _belongs(session: Session, document: Document, code: str) -> None:
    venue = session.get(Venue, document.venue_id)
    if venue is None or venue.code != code:
        raise OutOfReach(code)


def _ending(here: AtVenue, document_id: UUID) -> Describe:
    def describe(session: Session, venue: Venue) -> VenueForm:
        document = session.get(Document, document_id)
        if document is None or document.venue_id != venue.id:
            raise OutOfReach(str(document_id))
        title = Sentence("End a document")
        return VenueForm(
            page_at(venue, f"documents/{document_id}/end", title, Sentence("End it"), document.name),
            Reason,
            lambda session, filled, version: documents_register.end(
                session, document_id, filled, version=version, **here.by
            ),
            version=register_lock.version_of(session, document_id),
        )

    return describe


@router.get("/venues/{code}/documents/{document_id}/end")
@needs(EQUIPS)
def ask_document_end(here: Here, document_id: UUID) -> Response:
    """Show the form that ends a document."""
    return here.ask(EQUIPS, _ending(here, document_id))


@router.post("/venues/{code}/documents/{document_id}/end")
@needs(EQUIPS)
def end_document(here: Here, document_id: UUID, form: Posted) -> Response:
    """End a document."""
    return here.send(EQUIPS, form, _ending(here, document_id))
