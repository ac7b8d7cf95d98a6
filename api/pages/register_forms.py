"""Forms of the register: shown, sent, and shown again with what was wrong or what somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import forms
from api.field_errors import WHOLE, FieldError, FieldsRefused, field_errors
from api.pages.admin_frame import admin_page
from api.pages.staff_forms import FormShown, Option, Pickers, Typed, as_data, form_shown, read_typed
from api.pages.staff_frame import staff_page
from domain.accounts import Identity
from domain.cases import FieldRefused
from domain.database import Database
from domain.identifiers import new_id
from domain.language import Label, Labelled, Sentence
from domain.queries import record_words
from domain.queries.record_words import Told
from domain.register_lock import NotNow, RegisterChanged

Model = TypeVar("Model", bound=BaseModel)
Lists = Mapping[str, tuple[Option, ...]]
INVALID, CONFLICT = 422, 409


@dataclass(frozen=True, slots=True)
class Left:
    """Something that stays open when the form is sent: its page, its number, what it is."""

    href: str
    number: str
    words: Label


@dataclass(frozen=True, slots=True)
class RegisterForm:
    """A page that is one form about something of the register."""

    title: Sentence
    action: str
    """Where it is sent."""
    back: str
    """Where one goes without sending it."""
    button: Sentence
    about: str | Labelled = ""
    """What it concerns: a name people know."""
    warning: Sentence | None = None
    part: str = ""
    """The part of the administration it stands in; "": it stands among the venues."""
    note: Labelled | None = None
    """What to know before filling it in."""
    search: str | None = None
    """What the lists of people were narrowed by; None: there is nothing to look for."""
    left: tuple[Left, ...] = ()
    """What the reader should settle first, or knows to stay open."""
    has_file: bool = False


@dataclass(frozen=True, slots=True)
class Unsent:
    """A form that was sent and not taken: what was typed, and why."""

    typed: Typed
    status: int = INVALID
    reason: Sentence | None = None
    changed: tuple[Told, ...] = ()
    version: int | None = None
    """Where the record stands now; sending the form again is then a decision."""
    form_id: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """Return what is wrong, field by field; what stands in its way as a whole under no field's name."""
        return self.typed.errors or ((FieldError(WHOLE, self.reason),) if self.reason else ())


def show(  # noqa: PLR0913 - a form's page, and all that may stand in it
    request: Request,
    page: RegisterForm,
    model: type[BaseModel],
    *,
    staff: Identity,
    at: datetime,
    pickers: Pickers | None = None,
    lists: Lists | None = None,
    values: Mapping[str, Any] | None = None,
    version: int | None = None,
    unsent: Unsent | None = None,
    hidden: Mapping[str, str] | None = None,
) -> Response:
    """Return the form's page: empty, filled with `values`, or as it was typed with what is wrong.

    `pickers`: what its selects and the like offer, where `lists` are not all.
    """
    typed = unsent.typed if unsent else Typed({name: _texts(value) for name, value in (values or {}).items()})
    form = _without_needless_note(
        form_shown(model, prefix="", pickers=pickers or Pickers(lists=lists or {}), typed=typed), always=bool(page.part)
    )
    named = {"form_id": (unsent.form_id if unsent else "") or new_id().hex}
    known = unsent.version if unsent and unsent.version is not None else version
    if known is not None:
        named["version"] = str(known)
    context: dict[str, Any] = {
        "status": unsent.status if unsent else 200, "page": page, "form": form, "errors": typed.errors,
        "titles": form.titles, "hidden": {**named, **(unsent.hidden if unsent else {}), **(hidden or {})},
        "reason": unsent.reason if unsent else None, "changed": unsent.changed if unsent else (),
    }  # fmt: skip
    if page.part:
        return admin_page(request, "pages/staff/admin/form.html", staff=staff, at=at, here=page.part, **context)
    return staff_page(request, "pages/staff/register_form.html", staff=staff, at=at, here="venues", **context)


def send(
    database: Database, model: type[Model], form: FormData, do: Callable[[Session, Model, int | None], str]
) -> Response | Unsent:
    """Read the form, do what it asks in one transaction, and go to the address `do` returns.

    `do` is given the version of the record the form was made from. What cannot be taken comes back for `show`.
    """
    values = read_typed(model, form)
    version = forms.version(form) if form.get("version") else None
    form_id = form_id_of(form)
    sent = Typed(values)
    try:
        filled = model.model_validate(as_data(model, values))
        with database.write() as session:
            address = do(session, filled, version)
    except (ValidationError, FieldRefused, FieldsRefused) as wrong:
        errors = tuple(_known(error, model) for error in field_errors(wrong))
        return Unsent(Typed(values, errors), version=version, form_id=form_id.hex)
    except NotNow as refused:
        return Unsent(sent, CONFLICT, refused.reason, version=version, form_id=form_id.hex)
    except RegisterChanged as changed:
        with database.read() as session:
            told = tuple(record_words.told(session, changed.entries))
        return Unsent(sent, CONFLICT, changed.reason, told, changed.version, form_id.hex)
    return RedirectResponse(address, status_code=303)


def form_id_of(form: FormData) -> UUID:
    """Return the id under which what the form enters is entered once; a new one when the form has none."""
    given = form.get("form_id")
    try:
        return UUID(hex=given) if isinstance(given, str) else new_id()
    except ValueError:
        return new_id()


def options(words: Mapping[str, Any]) -> tuple[Option, ...]:
    """Return what a select offers, from words by code."""
    return tuple(Option(code, word) for code, word in words.items())


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - whatever a column holds
    if value is None or value in ("", []):
        return []
    if isinstance(value, Enum):
        return [str(value.value)]
    if isinstance(value, date):
        return [value.isoformat()]
    if isinstance(value, float):
        return [f"{value:.6f}".rstrip("0").rstrip(".")]
    return [str(value)]


def _without_needless_note(form: FormShown, *, always: bool) -> FormShown:
    """Return the form without the general note where it asks for a reason anyway, or `always`."""
    names = {shown.name for shown in form.fields}
    if not always and names.isdisjoint({"reason", "basis"}):
        return form
    return FormShown(form.prefix, tuple(shown for shown in form.fields if shown.name != "note"), form.errors)


def _known(error: FieldError, model: type[BaseModel]) -> FieldError:
    return error if error.field in model.model_fields else FieldError("", error.message)
