"""A transition's form as JSON Schema in the caller's language, flat, so that a program can build a form from it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.rendering import in_words
from domain.forms import LabelledChoice, Sealed
from domain.language import CHINESE, translate
from domain.workflow import Offer


def offered(offers: Iterable[Offer], locale: str) -> list[dict[str, Any]]:
    """Return the next steps as JSON: each possible, or with the reason why not, and its form."""
    return [
        {
            "name": offer.transition.name,
            "label": in_words(offer.transition.label, locale),
            "enabled": offer.enabled,
            "reason": in_words(offer.reason, locale) or None,
            "form": form_schema(offer.transition.form, locale),
        }
        for offer in offers
    ]


@cache
def form_schema(form: type[BaseModel] | None, locale: str) -> dict[str, Any]:
    """Return the JSON Schema of `form`; of an empty object when the step has no form."""
    if form is None:
        return {"type": "object", "properties": {}, "additionalProperties": False}
    schema = form.model_json_schema()
    definitions = schema.pop("$defs", {})
    choices = _choices(form)
    properties = {name: _property(part, definitions, choices, locale) for name, part in schema["properties"].items()}
    for name, field in form.model_fields.items():
        if any(isinstance(mark, Sealed) for mark in field.metadata):
            properties[name]["sealed"] = True
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


def _property(
    part: dict[str, Any], definitions: dict[str, Any], choices: dict[str, type[LabelledChoice]], locale: str
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in part.items():
        if key == "$ref":
            made |= _referred(str(value), definitions, choices, locale)
        elif key == "anyOf":
            made[key] = [_property(branch, definitions, choices, locale) for branch in value]
        elif key in ("title", "hint", "description"):
            made[key] = translate(value, locale) if value else value
        else:
            made[key] = value
    return made


def _referred(
    reference: str, definitions: dict[str, Any], choices: dict[str, type[LabelledChoice]], locale: str
) -> dict[str, Any]:
    name = reference.rpartition("/")[2]
    if choice := choices.get(name):
        titles = [{"const": member.value, "title": member.zh if locale == CHINESE else member.en} for member in choice]
        return {"type": "string", "oneOf": titles}
    return dict(definitions[name])


def _choices(form: type[BaseModel]) -> dict[str, type[LabelledChoice]]:
    found = (_choice(field) for field in form.model_fields.values())
    return {choice.__name__: choice for choice in found if choice}


def _choice(field: FieldInfo) -> type[LabelledChoice] | None:
    kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, LabelledChoice)), None)
