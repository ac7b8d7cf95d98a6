"""Tells a step that was sent twice, by a double click or a repeated request, from one that came too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from domain import sealed
from domain.actors import RECEIPT_HOLDERS, Actor
from domain.models import Case, TimelineEntry
from domain.processes import workflow_of

PHOTOS = "photos"


def was_just_done(
    session: Session, case: Case, name: str, data: Mapping[str, Any], *, actor: Actor, since: int
) -> bool:
    """Return whether the first entry after version `since` is the same step of the same person with the same words.

    The same step with other words is not: who wrote them learns that they came too late. Photos are not compared;
    those of the first sending belong to the case by now.
    """
    entry = session.get(TimelineEntry, (case.id, since + 1))
    if entry is None or entry.transition != name or not _is_of(entry, actor):
        return False
    forms = {step.form for step in workflow_of(case.process).named(name)}
    return any(_said(session, entry) == _wanted(form, data, entry) for form in forms)


def _is_of(entry: TimelineEntry, actor: Actor) -> bool:
    if actor.person_id is not None:
        return entry.actor_id == actor.person_id
    return any(actor.plays(role) and entry.actor_role == role.value for role in RECEIPT_HOLDERS)


def _said(session: Session, entry: TimelineEntry) -> dict[str, Any] | None:
    """Return what the entry says, unsealed; None when something of it was deleted since."""
    said = {field: value for field, value in entry.data.items() if field != PHOTOS}
    items = {field: item for field, value in said.items() if (item := sealed.referenced(value))}
    texts = sealed.get_many(session, list(items.values()))
    if len(texts) < len(items):
        return None
    return {**said, **{field: texts[item] for field, item in items.items()}}


def _wanted(form: type[BaseModel] | None, data: Mapping[str, Any], entry: TimelineEntry) -> dict[str, Any] | None:
    """Return what an entry made of `data` would say; None when none could be."""
    if form is None:
        return {}
    known = {**data, PHOTOS: entry.data.get(PHOTOS) or []} if PHOTOS in form.model_fields else dict(data)
    try:
        filled = form.model_validate(known)
    except ValidationError:
        return None
    return filled.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={PHOTOS})
