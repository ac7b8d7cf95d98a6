"""What every transition form is built from. One Pydantic model serves the page, the JSON API and OpenAPI."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic import Field as _Field

from domain.language import N_, Label


@dataclass(frozen=True, slots=True)
class Sealed:
    """A field whose value goes into the vault; the timeline keeps a reference."""

    kind: str


class Form(BaseModel):
    """A transition's form. Unknown fields are refused so that a typing error loses nothing in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, data: Any) -> Any:  # noqa: ANN401 - whatever came in
        """Drop NUL characters: PostgreSQL cannot store them and nobody types them."""
        if not isinstance(data, dict):
            return data
        return {key: value.replace("\x00", "") if isinstance(value, str) else value for key, value in data.items()}

    note: str | None = Field(
        None, max_length=1000, title=N_("Note"), json_schema_extra={"widget": "textarea", "optional": True}
    )


class LabelledChoice(StrEnum):
    """A choice with its words in both languages; members are (value, zh, en)."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str, en: str) -> Self:
        """Make a member that is its value and carries its words."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member

    @property
    def label(self) -> Label:
        """Return the words people see."""
        return Label(self.zh, self.en)


MAX_PHOTOS = 9


def text_field(title: str, *, limit: int = 1000, required: bool = True, hint: str = "", either_with: str = "") -> Any:  # noqa: ANN401
    """Return a multi-line text field of at most `limit` characters; of it and `either_with` one is needed."""
    extra: dict[str, Any] = {"widget": "textarea", "hint": hint, **_pair(either_with)}
    if required:
        return Field(..., min_length=1, max_length=limit, title=title, json_schema_extra=extra)
    return Field(None, max_length=limit, title=title, json_schema_extra={**extra, "optional": True})


def line_field(
    title: str,
    *,
    limit: int = 100,
    required: bool = True,
    widget: str = "line",
    hint: str = "",
    either_with: str = "",
) -> Any:  # noqa: ANN401
    """Return a one-line text field; `widget` names its control, of it and the field `either_with` one is needed."""
    extra: dict[str, Any] = {"widget": widget, "hint": hint, **_pair(either_with)}
    if required:
        return Field(..., min_length=1, max_length=limit, title=title, json_schema_extra=extra)
    return Field(None, max_length=limit, title=title, json_schema_extra={**extra, "optional": True})


def select_field(title: str, *, of: str, required: bool = True, hint: str = "") -> Any:  # noqa: ANN401
    """Return a field whose answers the page looks up when it is shown: `of` names the list."""
    extra: dict[str, Any] = {"widget": "select", "of": of, "hint": hint}
    if required:
        return Field(..., title=title, json_schema_extra=extra)
    return Field(None, title=title, json_schema_extra={**extra, "optional": True})


def person_field(title: str, *, roles: tuple[str, ...], required: bool = True) -> Any:  # noqa: ANN401
    """Return a field that holds the id of a person who holds one of `roles`."""
    extra: dict[str, Any] = {"widget": "person", "roles": list(roles)}
    if required:
        return Field(..., title=title, json_schema_extra=extra)
    return Field(None, title=title, json_schema_extra={**extra, "optional": True})


def photos_field(title: str, *, either_with: str = "") -> Any:  # noqa: ANN401
    """Return a field of up to nine uploaded photos, by id; of it and the field `either_with` one is needed."""
    return Field(
        default_factory=list,
        max_length=MAX_PHOTOS,
        title=title,
        json_schema_extra={"widget": "photos", "optional": True, **_pair(either_with)},
    )


def _pair(either_with: str) -> dict[str, Any]:
    return {"either_with": either_with} if either_with else {}


def choice_field(title: str, *, widget: str = "choice", required: bool = True) -> Any:  # noqa: ANN401
    """Return a field with a fixed set of answers."""
    if required:
        return Field(..., title=title, json_schema_extra={"widget": widget})
    return Field(None, title=title, json_schema_extra={"widget": widget, "optional": True})


Photos = list[UUID]
Latitude = Annotated[float, _Field(ge=-90, le=90)]
Longitude = Annotated[float, _Field(ge=-180, le=180)]


@lru_cache(maxsize=256)
def sealed_fields(form: type[BaseModel]) -> dict[str, str]:
    """Return field → vault kind for the fields of `form` that are sealed."""
    return {
        name: mark.kind
        for name, info in form.model_fields.items()
        for mark in info.metadata
        if isinstance(mark, Sealed)
    }
