"""Says what is wrong with each field of a form, in sentences for the person who filled it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from domain.cases import FieldRefused
from domain.language import N_, Sentence
from domain.photos import PhotoRefused
from domain.workflow import FieldRefusal


class FieldsRefused(Exception):
    """Several fields do not fit, all of them named at once."""

    def __init__(self, refusals: Sequence[FieldRefusal]) -> None:
        super().__init__(", ".join(refusal.field for refusal in refusals))
        self.refusals = tuple(refusals)


WHOLE = ""
"""The name under which stands what concerns no single field."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field and what is wrong with it."""

    field: str
    message: Sentence


def field_errors(error: Exception) -> list[FieldError]:
    """Return what `error` says about fields; empty when it says nothing about any.

    Takes Pydantic's `ValidationError` (a form's or a request's), `FieldRefused`, `FieldsRefused`, `PhotoRefused`.
    """
    if isinstance(error, FieldsRefused):
        return [FieldError(refusal.field, refusal.reason) for refusal in error.refusals]
    if isinstance(error, FieldRefused):
        return [FieldError(error.refusal.field, error.refusal.reason)]
    if isinstance(error, PhotoRefused):
        return [FieldError("photos", error.reason)]
    if isinstance(error, RequestValidationError):
        return _read(error.errors(), skip=1)  # the first step of its path is "body", "query" or "path"
    if isinstance(error, ValidationError):
        return _read(error.errors(include_url=False, include_input=False), skip=0)
    return []


def _read(faults: Iterable[Mapping[str, Any]], *, skip: int) -> list[FieldError]:
    found: dict[str, FieldError] = {}
    for fault in faults:
        path = [step for step in fault["loc"][skip:] if isinstance(step, str)]
        field = path[0] if path else WHOLE
        found.setdefault(field, FieldError(field, said(fault["type"], fault.get("ctx") or {})))
    return list(found.values())


def said(kind: str, context: Mapping[str, Any]) -> Sentence:
    """Return the sentence for one kind of Pydantic's faults; what was typed is never repeated in it."""
    if kind == "sentence":  # a validator of ours that says it itself
        return context["sentence"]
    if kind == "string_too_short" and context.get("min_length", 1) > 1:
        return Sentence("This is too short: at least %(limit)s characters.", limit=context["min_length"])
    if kind in WITH_LIMIT:
        text, names = WITH_LIMIT[kind]
        return Sentence(text, limit=next((context[name] for name in names if name in context), "?"))
    plain = PLAIN.get(kind) or next((text for start, text in BEGINNINGS.items() if kind.startswith(start)), None)
    return Sentence(plain or N_("This does not fit here."))


PLAIN = {
    "missing": N_("Please fill this in."),
    "missing_argument": N_("Please fill this in."),
    "string_too_short": N_("Please fill this in."),
    "too_short": N_("Please fill this in."),
    "enum": N_("Please choose one of the given answers."),
    "literal_error": N_("Please choose one of the given answers."),
    "extra_forbidden": N_("There is no such field here."),
    "json_invalid": N_("This is not valid JSON."),
    "string_pattern_mismatch": N_("This is not one of the forms it can have."),
    "finite_number": N_("This is not a number."),
}
WITH_LIMIT = {
    "string_too_long": (N_("This is too long: at most %(limit)s characters."), ("max_length",)),
    "too_long": (N_("Too many: at most %(limit)s."), ("max_length",)),
    "greater_than_equal": (N_("This is too small: at least %(limit)s."), ("ge",)),
    "greater_than": (N_("This is too small: more than %(limit)s."), ("gt",)),
    "less_than_equal": (N_("This is too large: at most %(limit)s."), ("le",)),
    "less_than": (N_("This is too large: less than %(limit)s."), ("lt",)),
}
BEGINNINGS = {
    "int": N_("This is not a number."),
    "float": N_("This is not a number."),
    "decimal": N_("This is not a number."),
    "date": N_("This is not a date or time."),
    "time": N_("This is not a date or time."),
    "uuid": N_("This is not an id we gave out."),
}
"""Kinds of fault (https://docs.pydantic.dev/latest/errors/validation_errors/), whole or by how they begin."""
