"""A step's form as a page shows it: one field per entry of its Pydantic model, with what can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.datastructures import FormData

from api.field_errors import FieldError
from api.pages.public_photos import Kept
from domain import catalogue
from domain.forms import Form, LabelledChoice
from domain.language import Label, Labelled, Sentence
from domain.queries.choices import Colleague, ReportChoice

WORST_FIRST = ("emergency", "critical", "major", "general", "none")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen."""

    value: str
    words: Labelled | Sentence | str


@dataclass(frozen=True, slots=True)
class Group:
    """Options under a heading."""

    words: Labelled | Sentence
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Pickers:
    """What a form's pickers offer for this case."""

    colleagues: Callable[[tuple[str, ...]], list[Colleague]] = lambda _roles: []
    reports: tuple[ReportChoice, ...] = ()
    photos: tuple[UUID, ...] = ()
    """Photos that came from the case's reporter, to choose among."""
    words: str = ""
    """What the reporter wrote, to start from."""
    hazard_code: str | None = None
    """The hazard the case is taken for: it stands first where hazards are ticked."""
    today: date | None = None
    areas: Callable[[], tuple[Option, ...]] = tuple
    """Every area something may be put into, in the order of the tree."""
    lists: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    """What selects offer, by the name their field gives as `of`."""


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One field of a form: `widget` names the macro in `templates/macros/fields.html`."""

    name: str
    id: str
    widget: str
    title: Sentence
    hint: Sentence | None
    required: bool
    is_either: bool
    """This field or another one of the form is needed."""
    limit: int | None
    value: str
    values: tuple[str, ...]
    errors: tuple[Sentence, ...]
    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()
    beside: str = ""
    """Name of a second list ticked in the same rows (hazards found, and which of them were corrected)."""
    beside_values: tuple[str, ...] = ()
    least: str = ""
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class FormShown:
    """A form ready for its template."""

    prefix: str
    fields: tuple[FieldShown, ...]
    errors: tuple[FieldError, ...] = ()

    @property
    def titles(self) -> dict[str, Sentence]:
        """Return each field's title, for a summary of what is wrong."""
        return {shown.name: shown.title for shown in self.fields}


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody sent, as it came, and what was wrong with it."""

    values: Mapping[str, list[str]] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    kept: tuple[Kept, ...] = ()
    """Photos that came with it and are kept."""


def form_shown(model: type[BaseModel] | None, *, prefix: str, pickers: Pickers, typed: Typed) -> FormShown:
    """Return the form of a step; `prefix` keeps ids apart where a page shows several."""
    if model is None:
        return FormShown(prefix, (), typed.errors)
    own_first = sorted(model.model_fields.items(), key=lambda entry: entry[0] in Form.model_fields)
    named = {name: info for name, info in own_first if _extra(info).get("widget")}
    second_lists = _second_lists(named)
    fields = [
        _field(name, info, prefix, pickers, typed, beside=second_lists.get(name, ""))
        for name, info in named.items()
        if name not in second_lists.values()
    ]
    return FormShown(prefix, tuple(fields), typed.errors)


def _second_lists(named: Mapping[str, FieldInfo]) -> dict[str, str]:
    """Return first → second where two lists of hazards follow each other."""
    lists = [name for name, info in named.items() if _extra(info)["widget"] == "hazards"]
    return dict(zip(lists[::2], lists[1::2], strict=False))


def _field(name: str, info: FieldInfo, prefix: str, pickers: Pickers, typed: Typed, *, beside: str) -> FieldShown:
    extra = _extra(info)
    widget = str(extra["widget"])
    values = tuple(typed.values.get(name, ()))
    options, groups = _choices(widget, info, extra, pickers)
    return FieldShown(
        name=name,
        id=f"{prefix}{name}",
        widget=widget,
        title=Sentence(info.title or name),
        hint=Sentence(str(extra["hint"])) if extra.get("hint") else None,
        required=not extra.get("optional"),
        is_either=bool(extra.get("either_with")),
        limit=next((m.max_length for m in info.metadata if hasattr(m, "max_length")), None),
        value=values[0] if values else "",
        values=values,
        errors=tuple(error.message for error in typed.errors if error.field in (name, beside or name)),
        options=options,
        groups=groups,
        beside=beside,
        beside_values=tuple(typed.values.get(beside, ())) if beside else (),
        kept=typed.kept if widget == "photos" else (),
        least=pickers.today.isoformat() if pickers.today else "",
    )


def _extra(info: FieldInfo) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def _choices(
    widget: str, info: FieldInfo, extra: Mapping[str, Any], pickers: Pickers
) -> tuple[tuple[Option, ...], tuple[Group, ...]]:
    match widget:
        case "choice":
            return tuple(Option(str(member.value), member.label) for member in _members(info)), ()
        case "case" | "area" | "select":
            return _looked_up(widget, extra, pickers), ()
        case "hazard":
            return (), hazard_groups()
        case "hazards":
            return (), _reported_first(pickers.hazard_code)
        case "person":
            return (), tuple(_people(pickers.colleagues(tuple(extra["roles"]))))
        case _:
            return tuple(Option(str(photo), "") for photo in pickers.photos if widget == "case_photos"), ()


def _looked_up(widget: str, extra: Mapping[str, Any], pickers: Pickers) -> tuple[Option, ...]:
    if widget == "select":
        return pickers.lists[str(extra["of"])]
    return pickers.areas() if widget == "area" else tuple(_report(report) for report in pickers.reports)


def _members(info: FieldInfo) -> Iterable[LabelledChoice]:
    for kind in (info.annotation, *get_args(info.annotation)):
        if isinstance(kind, type) and issubclass(kind, LabelledChoice):
            return list(kind)
    return []


def _report(report: ReportChoice) -> Option:
    hazard = catalogue.hazards().get(report.hazard_code or "")
    what = Label(f" · {hazard.zh}", f" · {hazard.en}") if hazard else Label("", "")
    words = Label(f"{report.number} · {report.state.zh}{what.zh}", f"{report.number} · {report.state.en}{what.en}")
    return Option(report.number, words)


@cache
def hazard_groups() -> tuple[Group, ...]:
    """Return every hazard by category, the worst of each first."""
    groups = []
    for key, words in catalogue.categories().items():
        found = [hazard for hazard in catalogue.hazards().values() if hazard.category == key]
        found.sort(key=lambda hazard: WORST_FIRST.index(hazard.severity))
        if found:
            groups.append(Group(words, tuple(Option(hazard.code, hazard) for hazard in found)))
    return tuple(groups)


def _reported_first(code: str | None) -> tuple[Group, ...]:
    hazard = catalogue.hazards().get(code or "")
    if hazard is None:
        return hazard_groups()
    rest = [
        Group(group.words, tuple(option for option in group.options if option.value != code))
        for group in hazard_groups()
    ]
    reported = Group(Sentence("Reported"), (Option(hazard.code, hazard),))
    return (reported, *(group for group in rest if group.options))


def _people(colleagues: list[Colleague]) -> Iterable[Group]:
    own = [c for c in colleagues if c.in_charge]
    if own:
        yield Group(Sentence("Warden of this area"), tuple(_person(c) for c in own))
    rest: dict[Label, list[Colleague]] = {}
    for colleague in colleagues:
        if not colleague.in_charge:
            rest.setdefault(colleague.role, []).append(colleague)
    for role, members in rest.items():
        yield Group(role, tuple(_person(c) for c in members))


def _person(colleague: Colleague) -> Option:
    return Option(str(colleague.id), " · ".join([colleague.name, "、".join(colleague.areas)]).removesuffix(" · "))


def read_typed(model: type[BaseModel] | None, form: FormData) -> dict[str, list[str]]:
    """Return what was sent for the fields of `model`, texts only, without blanks."""
    names = model.model_fields if model is not None else ()
    sent = {name: [item for item in form.getlist(name) if isinstance(item, str) and item.strip()] for name in names}
    return {name: items for name, items in sent.items() if items}


def as_data(model: type[BaseModel] | None, typed: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what was typed in the shape the model takes: lists as lists, everything else as one text."""
    if model is None:
        return {}
    return {name: items if _is_list(model.model_fields[name]) else items[0] for name, items in typed.items()}


def _is_list(info: FieldInfo) -> bool:
    return list in {get_origin(kind) or kind for kind in (info.annotation, *get_args(info.annotation))}
