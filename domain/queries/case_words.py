"""What a timeline entry's form said, field by field, ready to be put into words. Opens no vault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args
from uuid import UUID

from pydantic.fields import FieldInfo

from domain import catalogue, reports, routing, sealed
from domain.actors import Role
from domain.forms import LabelledChoice
from domain.language import CHINESE, ENGLISH, Label, Labelled, Sentence
from domain.models import TimelineEntry
from domain.opening_hours import say_hours
from domain.processes import identity
from domain.processes.enrolment_forms import Application
from domain.processes.patrol_task import PATROL_TASK
from domain.queries import patrol_words
from domain.reports import Intake
from domain.workflow import Workflow

CHANNELS: dict[str, Label] = {
    **reports.CHANNELS,
    "hazard_report": Label("隐患举报", "Hazard report"),
    "patrol_task": Label("巡查任务", "Patrol task"),
    "plan": Label("巡查计划", "Patrol plan"),
}
"""Ways a case reaches us: a report by what it came through, a rectification by the process that led to it."""

LANGUAGES = {CHINESE: Label("中文", "Chinese"), ENGLISH: Label("英文", "English")}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
"""A moment as an entry keeps it."""
_STARS = Label("%d / 5 星", "%d of 5 stars")

_LEVELS = (
    Label("时限将到", "nearly over"),
    Label("已逾期", "over"),
    Label("逾期后再上报一级", "over by another quarter, handed one level up"),
)
_UNSAID = {
    "channel": Label("渠道", "Channel"),
    "clock": Label("时限", "Clock"),
    "due_at": Label("期限", "Due"),
    "was_due_at": Label("原期限", "Due before"),
    "provisional": Label("暂定", "Provisional"),
    "year": Label("公布日历的年份", "Year whose calendar arrived"),
    "lat": Label("定位", "Position"),
    "level": Label("程度", "How far"),
    "other": Label("关联案件", "Linked case"),
    "question": Label("举报类型", "Chosen kind"),
    "routing": Label("片区判定", "Area chosen"),
    "satisfied": Label("举报人满意", "Reporter satisfied"),
    "source": Label("来源", "Comes from"),
    "suggested_hazard": Label("系统建议的隐患", "Hazard the system suggests"),
    "title": Label("名称", "Called"),
}
"""Titles of what no form has a field for."""
OPENING_FIELDS: Mapping[str, Mapping[str, FieldInfo]] = {
    "hazard_report": Intake.model_fields,
    "enrolment": Application.model_fields,
}
"""Process → the fields of what opens a case of it."""
_CASE_FIELDS = ("other", "source", "into", "rectification")
_BESIDE_POSITION = {"lon", "accuracy_m", "documents"}
"""Told by their position, or on a card of their own."""
PHOTOS = ("photos", "released_photos", "signature")
"""Fields that hold photos: brought along, chosen among those of the case, or a signature."""


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A value that names another case."""

    number: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that stands in the vault; `text` is None for whom it is not meant, or once it was redacted."""

    kind: str
    text: str | None


@dataclass(frozen=True, slots=True)
class DueAt:
    """A value that is a deadline: at midnight it reads 24:00 of the day that ends."""

    deadline: datetime


Value = str | int | Labelled | Sentence | date | datetime | CaseNumber | Secret | DueAt


@dataclass(frozen=True, slots=True)
class Said:
    """One field of a form: its title (an English source string or a label) and its values."""

    title: Sentence | Label
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What ids in entries stand for: people by id, opened secrets by vault item."""

    people: Mapping[UUID, str]
    secrets: Mapping[UUID, str]
    cases: frozenset[str]
    """Numbers of other cases this reader may know of; the rest are left out."""
    areas: Mapping[str, str]
    """Name of an area by its code."""
    messages: Mapping[UUID, tuple[str | Label, ...]]
    """What the case's messages were to do, and whom they were meant for as far as it was tried."""


@dataclass(frozen=True, slots=True)
class _Context:
    workflow: Workflow
    names: Names


def people_in(entry: TimelineEntry) -> set[UUID]:
    """Return the ids of the people an entry's form names."""
    return {UUID(entry.data[key]) for key in ("assignee", "second", "whom", "owner") if entry.data.get(key)}


def secrets_in(entry: TimelineEntry) -> dict[UUID, str]:
    """Return the vault items an entry points at, with the field they stand in."""
    found = {sealed.referenced(value): field for field, value in entry.data.items()}
    return {item: field for item, field in found.items() if item is not None}


def cases_in(entry: TimelineEntry) -> set[str]:
    """Return the numbers of the cases an entry names."""
    return {str(entry.data[key]) for key in _CASE_FIELDS if entry.data.get(key)}


def areas_in(entry: TimelineEntry) -> set[str]:
    """Return the codes of the areas an entry names: that somebody chose, or that a rule did."""
    why = entry.data.get("routing")
    routed = [why.get("area"), *why.get("joint", ())] if isinstance(why, dict) else []
    return {code for code in (entry.data.get("area"), *routed) if isinstance(code, str)}


def photos_in(entry: TimelineEntry) -> list[UUID]:
    """Return the ids of the photos an entry brought."""
    found = (entry.data.get(field) or () for field in PHOTOS)
    return [UUID(photo) for held in found for photo in ([held] if isinstance(held, str) else held)]


def said(workflow: Workflow, entry: TimelineEntry, names: Names) -> list[Said]:
    """Return the fields of an entry in the form's own order, without photos and empty ones."""
    fields = _fields(workflow, entry)
    order = [name for name in fields if name in entry.data] + [name for name in entry.data if name not in fields]
    context = _Context(workflow, names)
    words = []
    for name in order:
        if name in PHOTOS or entry.data[name] in (None, "", [], False) or _is_untold(workflow, entry, name):
            continue
        ours = name == "reason" and entry.actor_role == Role.SYSTEM.value  # a sentence of ours, not of a person
        values = (Sentence(entry.data[name]),) if ours else _values(entry, name, fields.get(name), context)
        if values:
            words.append(Said(_title(workflow, name, fields.get(name)), values))
    return words


def _is_untold(workflow: Workflow, entry: TimelineEntry, name: str) -> bool:
    if workflow is PATROL_TASK and patrol_words.is_untold(entry.data, name):
        return True
    if name == "level":  # a timer is no deadline: it is over, and that is all
        return any(clock.kind == "timer" for clock in workflow.clocks if clock.name == entry.data.get("clock"))
    return name in _BESIDE_POSITION


def _fields(workflow: Workflow, entry: TimelineEntry) -> Mapping[str, FieldInfo]:
    if entry.transition == workflow.opening.name:
        return OPENING_FIELDS.get(workflow.name, {})
    for step in workflow.named(entry.transition):
        if step.form is not None and any(state.name == entry.source for state in step.sources):
            return step.form.model_fields
    return {}


def _title(workflow: Workflow, name: str, field: FieldInfo | None) -> Sentence | Label:
    if field is not None and field is Intake.model_fields.get("description"):
        return Label("举报内容", "Words")  # the form asks the reporter, the timeline tells colleagues
    if workflow is PATROL_TASK and name in patrol_words.TITLES:
        return patrol_words.TITLES[name]
    if name in _UNSAID:
        return _UNSAID[name]
    if field is not None and field.title:
        return Sentence(field.title)
    return Label(name, name)


def _values(entry: TimelineEntry, name: str, field: FieldInfo | None, context: _Context) -> tuple[Value, ...]:
    value = entry.data[name]
    if item := sealed.referenced(value):
        return (Secret(name, context.names.secrets.get(item)),)
    if name in WHOLE and (name != "hours" or isinstance(value, list)):
        return (WHOLE[name](entry.data),)
    if name == "message":
        return context.names.messages.get(UUID(str(value)), ())
    if name in {"clock", "level", "due_at", "was_due_at", "routing"}:
        return _routing(value, context.names) if name == "routing" else _notice(context.workflow, name, value)
    if choice := _choice(field):
        return (choice(value).label,)  # type: ignore[call-arg]  # an enum is called with its value alone
    extra = field.json_schema_extra if field is not None and isinstance(field.json_schema_extra, dict) else {}
    if name == "reason" and entry.actor_role == Role.SYSTEM.value:
        value = Sentence(str(value))  # a sentence of ours, not a person's words
    read = _READERS.get(str(extra.get("widget", ""))) or _READERS.get(name) or _plain
    found = (read(item, context.names) for item in (value if isinstance(value, list) else [value]))
    return tuple(item for item in found if item is not None)


def _plain(value: Any, _: Names) -> Value:  # noqa: ANN401 - any JSON
    if isinstance(value, bool):
        return Label("是", "Yes") if value else Label("否", "No")
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value if isinstance(value, int | Sentence) else str(value)


def _hazard(value: Any, _: Names) -> Value:  # noqa: ANN401 - any JSON
    return catalogue.hazards().get(str(value)) or str(value)


def _industry(value: Any, _: Names) -> Value:  # noqa: ANN401 - any JSON
    known = catalogue.industries().get(str(value))
    return Label(known.zh, known.en) if known else str(value)  # its code is no one's word, as a hazard's is


def _case(value: Any, names: Names) -> Value | None:  # noqa: ANN401 - any JSON
    number = str(value).strip().upper()
    return CaseNumber(number) if number in names.cases else None


_READERS: dict[str, Callable[[Any, Names], Value | None]] = {
    "hazard": _hazard,
    "hazards": _hazard,
    "suggested_hazard": _hazard,
    **dict.fromkeys(("person", "whom"), lambda value, names: names.people.get(UUID(str(value)), "?")),
    "shown": lambda value, _: identity.KEPT.get(str(value)) or str(value),
    "question": lambda value, _: catalogue.public_question(str(value)) or str(value),
    "channel": lambda value, _: CHANNELS[str(value)],
    "venue_class": lambda value, _: catalogue.venue_classes().get(str(value)) or str(value),
    "industry": _industry,
    "owner": lambda value, names: names.people.get(UUID(str(value)), "?"),
    "rating": lambda value, _: Label(_STARS.zh % int(value), _STARS.en % int(value)),
    "area": lambda value, names: names.areas.get(str(value), str(value)),
    "language": lambda value, _: LANGUAGES.get(str(value)) or str(value),
    "class_code": lambda value, _: catalogue.venue_classes().get(str(value)) or str(value),
    "date": lambda value, _: date.fromisoformat(str(value)),
    "case": _case,
    "item": lambda value, _: patrol_words.item(str(value)),
    "gaps": lambda value, _: patrol_words.gap(value),
    **dict.fromkeys(_CASE_FIELDS, _case),
}
"""How a value is read, by its widget or its name."""


def _routing(value: Mapping[str, Any], names: Names) -> tuple[Value, ...]:
    """Return why a case belongs to its area: the rule, the area, how near its edge, which areas are told."""
    found: list[Value] = [routing.RULES.get(value["rule"], Label(value["rule"], value["rule"]))]
    if value.get("area"):
        found.append(names.areas.get(str(value["area"]), str(value["area"])))
    if value.get("edge_m") is not None:
        found.append(Sentence("%(metres)s m from the edge", metres=value["edge_m"]))
    if value.get("joint"):
        joint = "、".join(names.areas.get(code, code) for code in value["joint"])
        found.append(Sentence("also touches %(areas)s", areas=joint))
    return tuple(found)


def _notice(workflow: Workflow, name: str, value: Any) -> tuple[Value, ...]:  # noqa: ANN401 - any JSON
    if name == "clock":
        return tuple(clock.label for clock in workflow.clocks if clock.name == value)
    if name == "level":
        return (_LEVELS[min(int(value), len(_LEVELS) - 1)],)
    return (DueAt(datetime.fromisoformat(value)),)


def _position(data: Mapping[str, Any]) -> str:
    place = f"{data['lat']:.5f}, {data.get('lon', 0):.5f}"
    return f"{place} (±{data['accuracy_m']:.0f} m)" if data.get("accuracy_m") else place


WHOLE: Mapping[str, Callable[[Mapping[str, Any]], Value]] = {
    "lat": _position,
    "hours": lambda data: Label(say_hours(data["hours"], CHINESE), say_hours(data["hours"], ENGLISH)),
}
"""Fields that are told in one, and not value by value."""


def _choice(field: FieldInfo | None) -> type[LabelledChoice] | None:
    if field is None:
        return None
    kinds = [field.annotation, *get_args(field.annotation)]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, LabelledChoice)), None)
