"""Forms of the administration: one Pydantic model per form, shown, read, and shown again with what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.field_errors import FieldError, FieldsRefused, field_errors
from api.pages.admin_frame import admin_page
from api.pages.staff_forms import FormShown, Pickers, Typed, as_data, form_shown, read_typed
from domain.accounts import Identity
from domain.cases import FieldRefused
from domain.language import Labelled, Sentence
from domain.register_lock import NotNow

Model = TypeVar("Model", bound=BaseModel)
INVALID, CONFLICT = 422, 409


@dataclass(frozen=True, slots=True)
class FormPage:
    """A page that is one form."""

    title: Sentence
    action: str
    """Where it is sent."""
    back: str
    """Where one goes without sending it."""
    here: str
    """The part of the administration."""
    button: Sentence
    warning: Sentence | None = None
    about: str | Labelled = ""
    """What it concerns: a name people know."""
    note: Labelled | None = None
    """What to know before filling it in."""
    search: str | None = None
    """What the lists of people were narrowed by; None: there is nothing to look for."""


@dataclass(frozen=True, slots=True)
class NotTaken(Typed):
    """What somebody sent that was well filled in, and cannot be done as the record stands."""


def status_of(typed: Typed) -> int:
    """Return with which status the form is shown again."""
    if isinstance(typed, NotTaken):
        return CONFLICT
    return INVALID if typed.errors else 200


def show(
    request: Request,
    page: FormPage,
    model: type[BaseModel],
    *,
    staff: Identity,
    at: datetime,
    pickers: Pickers | None = None,
    values: Mapping[str, Any] | None = None,
    typed: Typed | None = None,
    hidden: Mapping[str, str] | None = None,
) -> Response:
    """Return the form's page: empty, filled with `values`, or as it was `typed` with what is wrong."""
    filled = typed or Typed({name: [str(value)] for name, value in (values or {}).items() if value not in (None, "")})
    form = form_shown(model, prefix="", pickers=pickers or Pickers(), typed=filled)
    return admin_page(
        request, "pages/staff/admin/form.html", status=status_of(filled),
        staff=staff, at=at, here=page.here, page=page, form=without_note(form), errors=filled.errors,
        titles=form.titles, hidden=dict(hidden or {}),
    )  # fmt: skip


def without_note(form: FormShown) -> FormShown:
    """Return the form without the note that steps of cases have."""
    return FormShown(form.prefix, tuple(field for field in form.fields if field.name != "note"), form.errors)


def send(
    database: Any,  # noqa: ANN401 - domain.database.Database
    model: type[Model],
    form: FormData,
    do: Callable[[Session, Model], str],
) -> Response | Typed:
    """Read the form, do what it asks in one transaction, and go to the address `do` returns.

    Returns what was typed, with what is wrong with it, when it cannot be done: for `show`.
    """
    values = read_typed(model, form)
    try:
        filled = model.model_validate(as_data(model, values))
        with database.write() as session:
            address = do(session, filled)
    except (ValidationError, FieldRefused, FieldsRefused) as refused:
        return Typed(values, tuple(_known(error, model) for error in field_errors(refused)))
    except NotNow as refused:
        return NotTaken(values, (FieldError("", refused.reason),))
    return RedirectResponse(address, status_code=303)


def _known(error: FieldError, model: type[BaseModel]) -> FieldError:
    return error if error.field in model.model_fields else FieldError("", error.message)
