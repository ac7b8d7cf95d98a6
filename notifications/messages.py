"""What a message or call says: an effect and its case become words in the recipient's language (Jinja2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlmodel import Session

from domain import catalogue, language, reports
from domain.attempts import Recipient
from domain.clocks import day_due, due_in_digits
from domain.models import Case, ChecklistVersion, PatrolAnswer, Person, TimelineEntry, Venue
from domain.processes import workflow_of
from domain.processes.patrol_task import PATROL_TASK
from domain.settings import city_zone, get_settings
from domain.workflow import Workflow

FOLDER = Path(__file__).resolve().parent.parent / "templates"
DOTS = "••••"
"""Stands for the receipt code wherever a reporter's message is kept or shown."""
SEE_CASE_PAGE = language.Sentence("see the case page")
RECEIPT_PAGES = {"hazard_report": "r", "enrolment": "enrol"}
"""Process → where its receipt codes are opened; other processes give none out."""
MOST_SEGMENTS = 3
LONGEST_PLACE = 30
GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038; texts with any other character are sent as UCS-2."""


class NoTemplate(LookupError):
    """An effect that tells somebody has no words in a language."""


@dataclass(frozen=True, slots=True)
class Words:
    """A message as it is sent, and as it may be kept and shown."""

    body: str
    shown: str


def segments(text: str) -> int:
    """Return how many SMS segments `text` takes: 160/153 GSM-7 or 70/67 UCS-2 characters each."""
    single, joined = (160, 153) if GSM_7.issuperset(text) else (70, 67)
    length = len(text) if single == 160 else len(text.encode("utf-16-le")) // 2  # noqa: PLR2004 - GSM-7 above
    return 1 if length <= single else -(-length // joined)


def compose(
    session: Session,
    case: Case,
    entry: TimelineEntry,
    effect: str,
    *,
    recipient: Recipient,
    extra: Mapping[str, Any] | None = None,
) -> Words:
    """Return the words of `effect` for `recipient`; at most three segments, the free text shortened if need be."""
    is_staff = recipient.person_id is not None
    context = facts_of(session, case, entry, locale=recipient.language, for_staff=is_staff)
    is_sent = bool(workflow_of(case.process).named("reassign"))
    if is_sent and recipient.person_id in case.assignees:  # their way is the task, made for a telephone on site
        context["link"] = _page("tasks", case)
    if case.process == PATROL_TASK.name and effect == "remind_assignee":  # theirs is the phone, not the page about it
        context["link"] = f"{get_settings().public_url.rstrip('/')}/patrol/"
    context |= _said(extra or {}, recipient.language)
    if is_staff:
        body = fitted(f"sms/{effect}", recipient.language, context)
        return Words(body, body)
    receipt = reports.receipt_of(session, case.id) or ""
    address = get_settings().public_url.rstrip("/")
    context["link"] = f"{address}/{RECEIPT_PAGES[case.process]}/{receipt}"
    body = fitted(f"sms/{effect}", recipient.language, context)
    return Words(body, body.replace(receipt, DOTS) if receipt else body)


def spoken(session: Session, case: Case, entry: TimelineEntry, effect: str, *, recipient: Recipient) -> Words:
    """Return what a call about `effect` says."""
    context = facts_of(session, case, entry, locale=recipient.language)
    words = render(f"voice/{effect}", recipient.language, context)
    return Words(words, words)


def facts_of(
    session: Session, case: Case, entry: TimelineEntry, *, locale: str, for_staff: bool = True
) -> dict[str, Any]:
    """Return what templates may say of a case; nothing in it comes from a reporter.

    number, kind (the transition), process, step, place, hazard, due (the nearest deadline), verify_due,
    correct_by, clock, clock_due, actor, text (written for the recipient), competent, reason, other, finding (the item
    of a patrol that is not in order), point (where), rectification, others (how many more), link (of the staff page),
    venue_link (of the page its code opens). All are words; what there is none of is "".
    """
    workflow, data = workflow_of(case.process), entry.data
    authority = " ".join(filter(None, (data.get("authority"), data.get("contact"))))
    clock = next((clock for clock in workflow.clocks if clock.name == data.get("clock")), None)
    hazard = catalogue.hazards().get(case.hazard_code or "")
    verify = case.clocks.get("verify") or {}
    return {
        "number": case.number,
        "kind": entry.transition,
        "process": language.Label(workflow.zh, workflow.en).in_language(locale),
        "step": _step(workflow, entry.transition, locale),
        "place": _place(session, case, locale, for_staff=for_staff),
        "hazard": language.Label(hazard.zh, hazard.en).in_language(locale) if hazard else "",
        "due": due(case.due_at, locale) if case.due_at else "",
        "verify_due": due(datetime.fromisoformat(verify["due_at"]), locale) if verify.get("running") else "",
        "correct_by": _day(case.facts.get("correct_by"), locale),
        "clock": clock.label.in_language(locale) if clock else "",
        "clock_due": due(datetime.fromisoformat(data["due_at"]), locale) if "due_at" in data else "",
        "actor": _name(session, entry),
        "text": data.get("text") or data.get("explanation") or "",
        "competent": data.get("competent") or authority,
        "reason": _reject_reason(workflow, data.get("reason"), locale) if entry.transition == "reject" else "",
        "other": data.get("other", ""),
        "finding": _finding(session, data, locale),
        "point": data.get("point", ""),
        "rectification": data.get("rectification") or "",
        "others": int(data.get("others") or 0) or "",
        "link": _page("patrols" if case.process == PATROL_TASK.name else "cases", case),
        "venue_link": _venue_page(session, case),
    }


def _finding(session: Session, data: Mapping[str, Any], locale: str) -> str:
    """Return what was asked where something grave was found, in the recipient's language."""
    answer = session.get(PatrolAnswer, UUID(data["answer"])) if "item" in data and "answer" in data else None
    version = session.get(ChecklistVersion, answer.version_id) if answer is not None else None
    asked = next((one for one in version.items if one["code"] == data["item"]), None) if version is not None else None
    if asked is None:
        return str(data.get("title") or "")
    return language.Label(asked["zh"], asked.get("en") or asked["zh"]).in_language(locale)


def _venue_page(session: Session, case: Case) -> str:
    venue = session.get(Venue, case.venue_id) if case.venue_id else None
    return f"{get_settings().public_url.rstrip('/')}/v/{venue.code}" if venue else ""


def _page(kind: str, case: Case) -> str:
    return f"{get_settings().public_url.rstrip('/')}/{kind}/{case.number}"


def _step(workflow: Any, transition: str, locale: str) -> str:  # noqa: ANN401 - a Workflow
    if transition == workflow.opening.name:
        return language.Label(workflow.opening.zh, workflow.opening.en).in_language(locale)
    return str(workflow.named(transition)[0].label.in_language(locale))


def _place(session: Session, case: Case, locale: str, *, for_staff: bool) -> str:
    """Return the venue's name or what a colleague wrote; the reporter's own words are read on the case's page only."""
    venue = session.get(Venue, case.venue_id) if case.venue_id else None
    if venue is None:
        return case.place or (SEE_CASE_PAGE.in_language(locale) if for_staff else "")
    return venue.name_en if locale == language.ENGLISH and venue.name_en else venue.name


def _name(session: Session, entry: TimelineEntry) -> str:
    person = session.get(Person, entry.actor_id) if entry.actor_id else None
    return person.name if person else ""


def _reject_reason(workflow: Workflow, value: Any, locale: str) -> str:  # noqa: ANN401 - JSON
    forms = [step.form for step in workflow.named("reject") if step.form is not None]
    kinds: list[Any] = [form.model_fields["reason"].annotation for form in forms if "reason" in form.model_fields]
    reason = next((one for kind in kinds for one in kind if one == value), None)
    return str(reason.label.in_language(locale)) if reason else ""


def due(due_at: datetime, locale: str) -> str:
    """Return a deadline as people say it, in the city's time: 8月24日13:58, 24 Aug 13:58, 8月24日24:00."""
    day, hour = day_due(due_at, city_zone()), due_in_digits(due_at, city_zone())
    return f"{day.month}月{day.day}日{hour}" if locale == language.CHINESE else f"{day.day} {day:%b} {hour}"


def _day(iso: str | None, locale: str) -> str:
    if not iso:
        return ""
    day = datetime.fromisoformat(iso).replace(tzinfo=UTC)
    return f"{day.month}月{day.day}日" if locale == language.CHINESE else f"{day.day} {day:%b}"


def _said(extra: Mapping[str, Any], locale: str) -> dict[str, Any]:
    return {
        key: value.in_language(locale) if isinstance(value, language.Sentence) else value
        for key, value in extra.items()
    }


def fitted(template: str, locale: str, context: Mapping[str, Any]) -> str:
    """Return the rendered message, its longest facts cut until the whole takes three segments at most.

    The text goes first, then what was found and where, then the hazard, then the place: the link leads to all of them.
    """
    facts = dict(context)
    body = render(template, locale, facts)
    for name in ("text", "finding", "point", "hazard", "place"):
        whole = str(facts.get(name, ""))
        length = len(whole)
        while segments(body) > MOST_SEGMENTS and length > 0:
            length -= max(1, length // 16)
            facts[name] = f"{whole[:length].rstrip()}…"
            body = render(template, locale, facts)
    return body


def render(template: str, locale: str, context: Mapping[str, Any]) -> str:
    """Return a text template's words; raises `NoTemplate`, and jinja2's `UndefinedError` for what is missing."""
    path = f"{template}.{language.checked_locale(locale)}.txt"
    if not (FOLDER / path).is_file():
        raise NoTemplate(path)
    return re.sub(r"[ \t]*\n\s*", "", environment().get_template(path).render(context)).strip()


def short(text: str, most: int = LONGEST_PLACE) -> str:
    """Return `text`, cut with an ellipsis when longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def spelled(text: str) -> str:
    """Return a case number for the ear: character by character."""
    return " ".join(text.replace("-", " "))


@cache
def environment() -> Environment:
    """Return what renders the text templates, with their filters `short` and `spelled`."""
    # Plain text: escaping would put &amp; into a message.
    texts = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text
        trim_blocks=True,
    )
    texts.filters |= {"short": short, "spelled": spelled}
    return texts
