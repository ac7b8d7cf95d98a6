"""The application for a code as a form, a few questions a page; it stores nothing and loses nothing that was typed.

Every page carries what was said on the others, so that it works without JavaScript and without a cookie.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from api import forms
from api.deps import locale_of
from api.errors import retry_after
from api.field_errors import FieldError, field_errors
from api.pages.papers_in import FIELD, KeptPaper
from api.rendering import render
from domain import articles, catalogue, enrolments, rulebooks
from domain.catalogue import UnknownTimeLimit, VenueClass
from domain.database import Database
from domain.language import Label, Sentence
from domain.people import local_day
from domain.processes.enrolment_forms import EXAMPLES, MOST_DOCUMENTS, SIZES_OF_CLASS, Application
from domain.queries import choices
from domain.throttles import AllowanceSpent

WHAT, CODE, WHERE, HOURS, PERSON, DOCUMENTS, CHECK = (
    "what", "code", "where", "hours", "person", "documents", "check"
)  # fmt: skip
PAGES = (WHAT, CODE, WHERE, HOURS, PERSON, DOCUMENTS, CHECK)
HEADINGS: Mapping[str, Sentence] = {
    WHAT: Sentence("Which place is it?"),
    CODE: Sentence("Licence and industry"),
    WHERE: Sentence("Where is it?"),
    HOURS: Sentence("When is it open, how large is it?"),
    PERSON: Sentence("Who answers for fire safety there?"),
    DOCUMENTS: Sentence("Documents"),
    CHECK: Sentence("Check and send"),
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    WHAT: ("name", "class_code"),
    CODE: ("credit_code", "industry"),
    WHERE: ("address", "area", "lat", "lon"),
    HOURS: ("hours", *catalogue.SIZES),
    PERSON: ("person", "phone"),
    DOCUMENTS: ("remark", FIELD),
    CHECK: (),
}
TYPED = tuple(name for names in FIELDS.values() for name in names if name != FIELD)
REVIEW = "ENR-10"
"""The rule of how soon an application is reviewed."""
TOKEN_BYTES = 16
SHOWN_TEXT = 10_000
SHOWN_AS = {"lat": "area", "lon": "area"}
"""Fields without a place of their own on the page, and where their faults are shown."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An application that was returned: what stays as it was where nothing new is said."""

    case_id: UUID
    version: int
    person: str
    """Masked; who holds the receipt need not read it again."""
    phone: str
    """Masked."""
    hints: Mapping[str, str]
    """Page → what the reviewer wrote about it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the form stands: its address, where it leads back to, who fills it in."""

    action: str
    back: str
    is_desk: bool = False
    """A colleague fills it in for somebody else."""
    standing: Standing | None = None


@dataclass(slots=True)
class Draft:
    """An application as far as it is filled in."""

    form: str
    page: str = WHAT
    values: Mapping[str, str] = field(default_factory=dict)
    kept: list[KeptPaper] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    waiting: AllowanceSpent | None = None

    def value(self, name: str) -> str:
        """Return what was typed, at a length that can be shown."""
        return self.values.get(name, "")[:SHOWN_TEXT]

    @property
    def others(self) -> list[tuple[str, str]]:
        """Return what was said on the other pages."""
        here = FIELDS[self.page]
        return [(name, self.value(name)) for name in TYPED if name not in here and self.values.get(name)]


def fresh() -> Draft:
    """Return an empty form."""
    return Draft(secrets.token_urlsafe(TOKEN_BYTES))


def read(form: FormData) -> Draft:
    """Return what was posted; the documents are taken in by `papers_in`."""
    page, token = str(form.get("at") or ""), str(form.get("form") or "")
    return Draft(
        form=token if len(token) >= TOKEN_BYTES else secrets.token_urlsafe(TOKEN_BYTES),
        page=page if page in PAGES else WHAT,
        values={name: value.strip() for name, value in forms.texts(form, *TYPED).items()},
    )


def origin_key(form: FormData) -> str:
    """Return the key under which the same form with the same content makes one application."""
    draft = read(form)
    said = [draft.form, *(f"{name}={draft.values.get(name, '')}" for name in TYPED)]
    said += sorted(str(token) for token in form.getlist("kept"))
    return "enrol:" + hashlib.sha256("\x1f".join(said).encode()).hexdigest()


def turn(draft: Draft, to: str, errors: list[FieldError]) -> str | None:
    """Return the page to show next, or None when the form is to be sent. Going back asks for nothing.

    `errors` are those of the whole form; those of the page itself keep it there, before sending any leads to its page.
    """
    if to in PAGES and PAGES.index(to) <= PAGES.index(draft.page):
        draft.errors = []
        return to
    if draft.page != CHECK:
        draft.errors = [error for error in errors if error.field in FIELDS[draft.page]]
        return draft.page if draft.errors else PAGES[PAGES.index(draft.page) + 1]
    if not errors:
        return None
    first = min(PAGES.index(page_of(error.field)) for error in errors)
    draft.errors = [error for error in errors if page_of(error.field) == PAGES[first]]
    return PAGES[first]


def page_of(name: str) -> str:
    """Return the page a field stands on; the last one for what concerns no field."""
    return next((page for page, names in FIELDS.items() if name in names), CHECK)


def application(draft: Draft, locale: str, *, known: Mapping[str, Any]) -> tuple[Application | None, list[FieldError]]:
    """Return what is applied for, or everything that is wrong with it. `known` stands in for what is left out."""
    said: dict[str, Any] = {**known, **draft.values, FIELD: [kept.paper_id for kept in draft.kept], "language": locale}
    try:
        found, errors = Application.model_validate(said), []
    except ValidationError as wrong:
        found = None
        errors = [FieldError(SHOWN_AS.get(e.field, e.field), e.message) for e in field_errors(wrong)]
    if not {error.field for error in errors} & {"area"}:
        position = (said.get("lat"), said.get("lon"))
        if fault := enrolments.place_fault(said.get("area"), *position):
            errors.append(FieldError(fault.field, fault.reason))
    return (None if errors else found), errors


def show(request: Request, db: Database, draft: Draft, frame: Frame, *, at: datetime) -> Response:
    """Return the page of the form the draft stands at."""
    status = 429 if draft.waiting else 422 if draft.errors else 200
    with db.read() as session:
        areas = choices.areas(session, day=local_day(at)) if draft.page in (WHERE, CHECK) else []
        known = _said(draft) if draft.page in (HOURS, CHECK) else {}
        duplicates = enrolments.duplicates(session, known, day=local_day(at)) if known else []
        within = _reviewed_within(session, at) if draft.page == CHECK else None
    return render(
        request,
        "pages/public/enrol.html",
        status=status,
        headers={**_kept(frame), **(retry_after(draft.waiting) if draft.waiting else {})},
        draft=draft,
        frame=frame,
        heading=HEADINGS[draft.page],
        number=PAGES.index(draft.page) + 1,
        total=len(PAGES),
        before=PAGES[PAGES.index(draft.page) - 1] if draft.page != WHAT else "",
        targets=_targets(draft.page),
        classes=list(catalogue.venue_classes().values()) if draft.page == WHAT else [],
        examples=EXAMPLES,
        industries=list(catalogue.industries().values()),
        areas=areas,
        sizes=_sizes(draft),
        is_known=bool(duplicates),
        most=MOST_DOCUMENTS,
        reviewed_within=within,
        answers=_answers(draft, frame, areas, locale_of(request)) if draft.page == CHECK else [],
    )


def _reviewed_within(session: Session, at: datetime) -> Label:
    """Return within what time an application that is sent now is reviewed."""
    limit = rulebooks.current(session).at(at).limit(REVIEW)
    if limit is None:
        raise UnknownTimeLimit(REVIEW)
    return articles.limit_words(limit)


def _kept(frame: Frame) -> dict[str, str]:
    """Let the applicant's own browser keep the pages: their Back would ask to send the form again otherwise."""
    return {} if frame.is_desk else {"cache-control": "private, no-cache"}


def _targets(page: str) -> dict[str, str]:
    return {**{name: name for name in FIELDS[page]}, "class_code": "class_code-1"}


def _sizes(draft: Draft) -> list[tuple[str, Label]]:
    """Return the sizes that matter to the class, with their words; all of them while no class is known."""
    names = SIZES_OF_CLASS.get(draft.value("class_code"), tuple(catalogue.SIZES))
    return [(name, catalogue.SIZES[name]) for name in names]


def _said(draft: Draft) -> dict[str, Any]:
    """Return of the place what duplicates are looked for by, as far as it is sound by itself."""
    said: dict[str, Any] = {name: draft.value(name) for name in ("name", "address") if draft.value(name)}
    probe = {"class_code": "V06", "person": "-", "phone": "119", "name": "-", "address": "-"}
    for names in (("credit_code",), ("lat", "lon")):
        given = {name: draft.values[name] for name in names if draft.values.get(name)}
        try:
            sound = Application.model_validate({**probe, **given})
        except ValidationError:
            continue
        said |= {name: getattr(sound, name) for name in given}
    return said


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as the last page sums it up."""

    page: str
    title: Sentence
    words: tuple[Any, ...]


def _answers(draft: Draft, frame: Frame, areas: list[choices.AreaChoice], locale: str) -> list[Answer]:
    fields = Application.model_fields
    listed = {area.code: area.words for area in areas}
    classes: Mapping[str, VenueClass] = catalogue.venue_classes()
    found = []
    for page, names in FIELDS.items():
        for name in names:
            value: Any = draft.value(name)
            if name == "class_code":
                value = classes.get(value, value)
            elif name == "industry":
                value = catalogue.industries().get(value, value)
            elif name == "area":
                value = listed[value].in_language(locale).strip() if value in listed else value
            elif name in ("person", "phone") and not value and frame.standing:
                value = getattr(frame.standing, name)
            if name == FIELD:
                words: tuple[Any, ...] = tuple(kept.name for kept in draft.kept)
            elif name == "lat":
                words = (f"{value}, {draft.value('lon')}",) if value else ()
            else:
                words = (value,) if value else ()
            if words and name != "lon":
                title = Sentence("Position") if name == "lat" else Sentence(fields[name].title or name)
                found.append(Answer(page, title, words))
    return found
