"""Says what is wrong with each field of a form, in sentences for the person who filled it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from domain.cases import FieldRefused
from domain.language import Sentence
from domain.photos import PhotoRefused

WHOLE = ""
"""The name under which stands what concerns no single field."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field and what is wrong with it."""

    field: str
    message: Sentence


def field_errors(error: Exception) -> list[FieldError]:
    """Return what `error` says about fields; empty when it says nothing about any.

    Takes Pydantic's `ValidationError` (a form's or a request's), `FieldRefused` and `PhotoRefused`.
    """
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


def said(kind: str, context: Mapping[str, Any]) -> Sentence:  # noqa: PLR0911 - one sentence per kind
    """Return the sentence for one kind of Pydantic's faults; what was typed is never repeated in it."""
    match kind:
        case "missing" | "missing_argument":
            return Sentence("Please fill this in.")
        case "string_too_short":
            return Sentence("Please fill this in.")
        case "string_too_long":
            return Sentence(
                "This is too long: at most %(limit)s characters.", limit=context.get("max_length")
            )
        case "too_long":
            return Sentence("Too many: at most %(limit)s.", limit=context.get("max_length"))
        case "greater_than_equal" | "greater_than":
            return Sentence(
                "This is too small: at least %(limit)s.", limit=context.get("ge", context.get("gt"))
            )
        case "less_than_equal" | "less_than":
            return Sentence(
                "This is too large: at most %(limit)s.", limit=context.get("le", context.get("lt"))
            )
        case "enum" | "literal_error":
            return Sentence("Please choose one of the given answers.")
        case "extra_forbidden":
            return Sentence("There is no such field here.")
        case "json_invalid":
            return Sentence("This is not valid JSON.")
        case "string_pattern_mismatch":
            return Sentence("This is not one of the forms it can have.")
        case _:
            pass
    if kind.startswith(("int", "float", "decimal")) or kind == "finite_number":
        return Sentence("This is not a number.")
    if kind.startswith(("date", "time")):
        return Sentence("This is not a date or time.")
    if kind.startswith("uuid"):
        return Sentence("This is not an id we gave out.")
    return Sentence("This does not fit here.")
